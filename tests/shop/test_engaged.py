"""Lifetime value beside consent, and what opting in caused: told as what they are, of worlds whose truth is known."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from tests.conftest import FakeClock
from tests.copies import shop_of_a_kind

from goodwill.app import create_shop
from goodwill.basics.clock import DAY, Micros, day_number
from goodwill.consent import Asked
from goodwill.decide.experiments import is_held_out
from goodwill.purposes import OFFERS, STATISTICS
from goodwill.shop import Shop
from goodwill.simulate.world import Knobs, draw, effect_of_consent, live
from goodwill.simulate.world.fill import fill
from goodwill.storage import Database

ENDS = date(2026, 11, 16)  # a Monday; the tests' clock stands in the week after it
ASKED = Asked(how="test")
WINDOW = 52  # weeks


def ending(**knobs: object) -> Knobs:
    """A world that ends with the period that has closed."""
    found = Knobs(**knobs)  # type: ignore[arg-type]
    return Knobs(**{**knobs, "start": ENDS - timedelta(weeks=found.weeks)})  # type: ignore[arg-type]


# ---- lifetime value ---------------------------------------------------------------------------------------------

YEARS = ending(people=1_500, weeks_before=13, weeks_after=65)
LAUNCH = day_number(YEARS.start) + 7 * YEARS.weeks_before
RETURNED = [f"w{n:06d}" for n in range(0, 600, 4)]


def of_years(shop: Shop) -> None:
    """Asked a year and a quarter ago; since then 30 % are held out, and some came back to change what they said."""
    clock, today = shop.clock, shop.clock()
    assert isinstance(clock, FakeClock)
    clock.at = Micros(LAUNCH * DAY)
    shop.planning.hold_out(30)
    fill(shop.database, shop.tools, live(draw(YEARS, 5)))
    clock.at = Micros((LAUNCH + 30) * DAY)
    for name in RETURNED:
        shop.grant(name, OFFERS, asked=ASKED)
    clock.at = today


@pytest.fixture
def shop(database: Database, tmp_path: Path, clock: FakeClock) -> Iterator[Shop]:
    made, _ = shop_of_a_kind("years", of_years, database, tmp_path / "home", clock, columns="database", currency="EUR")
    yield made
    made.close()


def test_what_goes_with_consent_is_told_as_an_association(shop: Shop) -> None:
    told = shop.measures.answer("ecltv", draws=50)
    assert told.headline.value is not None
    assert told.headline.grade.name == "C"
    assert "an association" in told.headline.name
    assert "it does not say what asking, or consent, brings about" in told.headline.warnings[0]
    buying = next(one for one in told.others if "rate of buying" in one.name and "consent rate" in one.name)
    assert "an association" in buying.name
    assert buying.low is not None
    # Consent itself brings a tenth more orders in this world; what goes with it is far more.
    assert buying.low > effect_of_consent(draw(YEARS, 5)).ratio
    rows = {(row[0], row[1]): row for row in told.tables[0].rows}
    assert {trait for trait, _ in rows} == {"consent rate", "came back to her choices", "in the programme"}
    coefficient, factor = rows["consent rate", "the rate of buying"][2], rows["consent rate", "the rate of buying"][4]
    assert factor == buying.value == pytest.approx(np.exp(float(str(coefficient))))
    spent = next(one for one in told.others if "what is spent on a purchase day" in one.name and "consent" in one.name)
    assert rows["consent rate", "what is spent on a purchase day"][4] == spent.value
    assert spent.low is not None
    assert spent.high is not None
    assert spent.low < 1 < spent.high, "in this world amounts go with nothing that is asked of"


def test_what_it_foretells_is_near_to_what_came(shop: Shop) -> None:
    told = shop.measure("ecltv", draws=50, horizon="26 weeks", discount=0)
    longer = live(draw(Knobs(people=YEARS.people, weeks_before=13, weeks_after=65 + 26, start=YEARS.start), 5))
    bought = longer.orders[:, YEARS.weeks - WINDOW : YEARS.weeks].sum(axis=1) > 0
    came = longer.spend[bought, YEARS.weeks :].sum(axis=1).mean()
    assert told.n == bought.sum()
    assert told.value is not None
    assert 0.8 < told.value / came < 1.35
    whole = live(draw(YEARS, 5)).spend[:, YEARS.weeks - WINDOW :].sum() / bought.sum() / 2
    assert abs(told.value - came) < abs(whole - came), "the same again would be further off"


def test_the_arm_is_the_one_that_the_lot_had_drawn(shop: Shop) -> None:
    told = shop.measures.answer("ecltv", draws=50)
    row = next(row for row in told.tables[0].rows if row[:2] == ("in the programme", "the rate of buying"))
    assert isinstance(row[5], float)
    assert isinstance(row[6], float)
    assert row[5] < 1 < row[6], "the world did nothing else for those who were held out here"
    out = shop.planning.plan().holdout
    assert 0.2 < np.mean([is_held_out(out, shop.known(f"w{n:06d}")) for n in range(100)]) < 0.4


def test_by_consent_those_with_a_yes_are_worth_more(shop: Shop) -> None:
    told = shop.measures.answer("ecltv", draws=50)
    rows = {row[0]: row for row in next(table for table in told.tables if table.name == "by consent").rows}
    assert set(rows) == {"none", "some"}, "the world never asks for all"
    assert int(str(rows["none"][1])) + int(str(rows["some"][1])) == told.headline.n
    assert float(str(rows["some"][2])) > float(str(rows["none"][2])) > 0


def test_by_consent_nothing_is_shown_where_one_line_is_of_few(shop: Shop, clock: FakeClock) -> None:
    buyers = np.flatnonzero(live(draw(YEARS, 5)).orders[:, -WINDOW:].sum(axis=1) > 0)[:12]
    today, clock.at = clock(), Micros((LAUNCH + 40) * DAY)
    for n in buyers:
        for entry in shop.register.asked():
            shop.grant(f"w{n:06d}", entry.name, asked=ASKED)
    clock.at = today
    told = shop.measures.answer("ecltv", draws=50)
    assert told.headline.value is not None
    assert next(table for table in told.tables if table.name == "by consent").rows == ()


def test_it_is_told_again_to_the_last_byte_and_who_objected_is_in_the_next(shop: Shop, clock: FakeClock) -> None:
    first = shop.measures.answer("ecltv", draws=50)
    world = live(draw(YEARS, 5))
    buyers = np.flatnonzero(world.orders[:, -WINDOW // 2 :].sum(axis=1) > 0)[:12]
    for n in buyers:
        shop.grant(f"w{n:06d}", STATISTICS, asked=ASKED, yes=False)
    again = shop.measures.answer("ecltv", draws=50)
    assert json.dumps(again.to_dict()) == json.dumps(first.to_dict())
    clock.turn(days=7)
    later = shop.measures.answer("ecltv", draws=50).headline
    assert later.coverage.counted is not None
    assert first.headline.n is not None
    assert later.coverage.counted <= first.headline.n - buyers.size
    assert later.coverage.exist == YEARS.people


def test_what_she_says_today_changes_nothing_of_what_was_true_then(shop: Shop) -> None:
    """Two questions that are not kept together tell the same: they differ by their draws alone."""
    one = shop.measures.answer("ecltv", draws=50)
    for n in range(300):
        shop.grant(f"w{n:06d}", OFFERS, asked=ASKED, yes=n % 2 == 0)
    other = shop.measures.answer("ecltv", draws=51)
    assert other.tables[0].rows == one.tables[0].rows
    assert other.headline.value == one.headline.value


def test_where_nobody_was_known_before_the_window_it_says_so(
    database: Database, tmp_path: Path, clock: FakeClock
) -> None:
    where = database.url or f"sqlite:///{database.file}"
    with create_shop(tmp_path / "young", clock=clock, database=where, columns="database", currency="EUR") as shop:
        fill(shop.database, shop.tools, live(draw(ending(people=60), 5)))
        told = shop.measures.answer("ecltv").headline
        assert "Nobody who bought since 2025-11-17 was known before" in told.refused
        caused = shop.measures.answer("opted-in").others[0]
        assert caused.value is None
        assert caused.n is None or caused.n >= 10


def test_of_a_shop_of_few_neither_is_told(database: Database, tmp_path: Path, clock: FakeClock) -> None:
    where = database.url or f"sqlite:///{database.file}"
    with create_shop(tmp_path / "small", clock=clock, database=where, columns="database", currency="EUR") as shop:
        fill(shop.database, shop.tools, live(draw(ending(people=20, weeks_before=13, weeks_after=65), 5)))
        for n in range(12):
            shop.grant(f"w{n:06d}", STATISTICS, asked=ASKED, yes=False)
        for name in ("ecltv", "opted-in"):
            told = shop.measures.answer(name)
            assert "Fewer than 10 people allow 'statistics'" in told.headline.refused
            assert not told.tables
            assert told.headline.n is None


# ---- what opting in caused -------------------------------------------------------------------------------------------

DRAWN = ending(people=3_000, weeks_before=26, weeks_after=26, confounding=0.0, effect=6.0)


def by_lot(shop: Shop) -> None:
    fill(shop.database, shop.tools, live(draw(DRAWN, 5)))


@pytest.fixture
def drawn(database: Database, tmp_path: Path, clock: FakeClock) -> Iterator[Shop]:
    made, _ = shop_of_a_kind("lot", by_lot, database, tmp_path / "lot", clock, columns="database", currency="EUR")
    yield made
    made.close()


def test_where_consent_fell_by_lot_what_it_caused_is_told_and_true(drawn: Shop) -> None:
    told = drawn.measures.answer("opted-in")
    caused = told.others[0]
    crowd = draw(DRAWN, 5)
    customers = live(crowd).orders[:, : 26 - 8].sum(axis=1) > 0
    with_it, without = (live(crowd, consent=said).spend[customers, -13:].sum(axis=1) for said in (True, False))
    assert caused.grade.name == "B"
    assert caused.n == customers.sum()
    assert caused.low is not None
    assert caused.high is not None
    assert 0 < caused.low <= (with_it - without).mean() <= caused.high
    assert "no proof that everything was measured" in caused.warnings[-1]
    checks = next(table for table in told.tables if table.name == "checks").rows
    controls = [row for row in checks if str(row[0]).startswith("no effect can be on")]
    assert len(controls) == 2
    for _, value, low, high in controls:
        assert float(str(low)) <= 0 <= float(str(high)), value
    assert told.headline.grade.name == "C", "the description stays one"


def test_of_other_lengths_than_the_usual_no_cause_is_told(drawn: Shop) -> None:
    told = drawn.measures.answer("opted-in", days=28)
    assert told.headline.value is not None
    assert "91 days alone" in told.others[0].refused
    assert [table.name for table in told.tables] == ["opted in and others"]


def test_where_trust_is_hidden_the_cause_is_refused_with_the_reason_and_the_description_stays(shop: Shop) -> None:
    world = YEARS.start + timedelta(weeks=13 + 26)  # so that all opted in in the quarter before the one looked at
    told = shop.measures.answer("opted-in", world - timedelta(days=1))
    assert (told.headline.value or 0) > 0
    caused = told.others[0]
    assert caused.value is None
    assert "What opting in causes cannot be told from this: not identified from these data" in caused.refused
    assert "goodwill measure holdout" in caused.refused
    assert any(table.name == "checks" for table in told.tables), "what was tried is shown"
