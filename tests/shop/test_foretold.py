"""What a model of value would have foretold of the past, beside what came: told with the figure, and warned of."""

from datetime import date
from pathlib import Path

import numpy as np
from tests.conftest import FakeClock
from tests.copies import shop_of_a_kind

from goodwill.basics.clock import DAY, date_of, day_number
from goodwill.learn.lifetime import Nbd
from goodwill.measure.bought import Bought
from goodwill.measure.buying import HowOften, customers_of
from goodwill.shop import Shop
from goodwill.shop.measures.value import bought_as, last_quarter, tried
from goodwill.simulate.world import Knobs, draw, live
from goodwill.simulate.world.fill import fill
from goodwill.simulate.world.records import orders
from goodwill.storage import Database


def held_against(bought: Bought, until: int, wanted: str):
    what = HowOften(until=until, currency="EUR")
    kinds = customers_of(what._sums(bought), what)
    weeks = last_quarter(kinds)
    earlier = HowOften(until=until - 7 * weeks, currency="EUR")
    before = customers_of(earlier._sums(bought.where(bought.day <= earlier.until)), earlier)
    _, model, _ = bought_as(kinds, wanted)
    return tried(kinds, before, weeks, model, 60)


def of_days(person: np.ndarray, day: np.ndarray) -> Bought:
    sort = np.lexsort((day, person))
    return Bought(person[sort], day[sort], np.full(day.size, 1_000, np.int64), np.zeros(day.size, bool))


def of_the_model(seed: int) -> Bought:
    """A year of 1,500 customers who buy and leave as the Pareto/NBD has it, each from her own first day on."""
    random = np.random.default_rng(seed)
    first = random.integers(0, 182, 1_500)
    rate, leaves = random.gamma(0.8, 1 / 70, 1_500), random.gamma(0.7, 1 / 140, 1_500)
    gone = random.exponential(1 / leaves)
    many = random.poisson(rate * np.minimum(gone, 364 - first))
    person = np.repeat(np.arange(1_500), many)
    later = first[person] + random.random(person.size) * np.minimum(gone, 364 - first)[person]
    return of_days(np.append(np.arange(1_500), person), np.append(first, later.astype(np.int64)))


def test_what_a_true_model_foretold_is_what_came():
    found = [held_against(of_the_model(seed), 363, "pareto-nbd") for seed in range(6)]
    assert all(one.customers == 1_500 for one in found)
    assert sum(one.is_off for one in found) <= 1
    assert all(one.warnings == () for one in found if not one.is_off)


def test_a_model_that_says_too_much_is_found_out_in_the_invented_world():
    """There nobody leaves in the first 13 weeks, and the BG/NBD takes who never came back for a customer for ever."""
    world = live(draw(Knobs(people=3_000), 84))
    made = orders(world)
    bought = Bought(made.person, made.at // DAY, made.amount, made.foreign)
    sort = np.lexsort((bought.day, bought.person))
    found = held_against(bought.where(sort), day_number(world.knobs.start) + 7 * world.knobs.weeks - 1, "bg-nbd")
    assert found.is_off
    assert found.foretold is not None
    assert found.foretold.low > found.came
    assert "likely too high" in found.warnings[0]


def test_what_came_is_counted_of_those_who_were_customers_by_then():
    """Dev and others came new in the last quarter: what they bought was nobody's to foretell."""
    bought = of_the_model(1)
    new = np.arange(1_500, 1_530)
    with_new = of_days(
        np.concatenate([bought.person, new, new]), np.concatenate([bought.day, np.full(30, 350), np.full(30, 360)])
    )
    found = held_against(with_new, 363, "pareto-nbd")
    pairs = {(who, day) for who, day in zip(bought.person.tolist(), bought.day.tolist(), strict=True)}
    assert found.weeks == 12
    assert found.came == sum(day > 363 - 7 * 12 for _, day in pairs)


def test_what_cannot_be_tried_says_why():
    bought = of_the_model(1)
    what = HowOften(until=100, currency="EUR")
    kinds, model = customers_of(what._sums(bought.where(bought.day <= 100)), what), Nbd.of(r=1.0, alpha=10.0)
    found = tried(kinds, kinds, last_quarter(kinds), model, 60)
    assert found.foretold is None
    assert "16 weeks of purchases are needed" in found.warnings[0]


def test_a_quarter_in_which_a_few_came_new_is_not_told():
    """Held against the customers of today, it would say how many they were."""
    bought = of_the_model(1)
    one = np.array([1_500])
    found = held_against(of_days(np.append(bought.person, one), np.append(bought.day, 350)), 363, "pareto-nbd")
    assert "fewer than 10 customers" in found.warnings[0]


def test_a_quarter_in_which_few_bought_is_not_told():
    """Of one person it would be her own purchase days."""
    bought = of_the_model(1)
    first, late = bought.where(bought.day <= 363 - 7 * 12), bought.where(bought.day > 363 - 7 * 12)
    for many, told in ((1, False), (9, False), (10, True)):
        some = late.where(np.isin(late.person, np.unique(late.person)[:many]))
        both = of_days(np.append(first.person, some.person), np.append(first.day, some.day))
        found = held_against(both, 363, "nbd")
        assert (found.foretold is not None) is told
        assert told or found.why == "fewer than 10 of them bought in the last 12 weeks."


def test_the_shop_tells_it_beside_the_figure(database: Database, tmp_path: Path, clock: FakeClock):
    def world(shop: Shop) -> None:
        fill(shop.database, shop.tools, live(draw(Knobs(people=800, start=date(2026, 2, 16)), 5)))

    shop, _ = shop_of_a_kind("foretold world", world, database, tmp_path / "home", clock, columns="database")
    told = shop.measures.answer("clv", draws=50, model="nbd")
    (table,) = (one for one in told.tables if one.name == "backtest")
    cut, *numbers = table.rows[0]
    customers, foretold, low, high, came = (float(str(number)) for number in numbers)
    assert 0 < came < low < foretold < high, "in this model nobody leaves"
    assert told.headline.n is not None
    assert customers <= told.headline.n
    assert any("likely too high" in one for one in told.headline.warnings)
    assert str(cut) == str(date_of(day_number(date(2026, 2, 16)) + 7 * 30 - 1))
    shop.close()
