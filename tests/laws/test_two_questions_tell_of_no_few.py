"""Two questions about one period never differ by what fewer than ten people bought: whenever and by whomever asked.

Each is worked out of those who allow it when it is first asked for, so people who leave in between would show.
"""

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from tests.conftest import FakeClock
from tests.copies import shop_of_a_kind

from goodwill.basics.clock import DAY, Micros, day_number
from goodwill.collect import imports
from goodwill.consent import Asked
from goodwill.decide import store as journal
from goodwill.decide.experiments import place
from goodwill.decide.plan import Holdout
from goodwill.purposes import MEASUREMENT, STATISTICS
from goodwill.shop import Shop
from goodwill.shop.measures import NAMES, named
from goodwill.shop.measures.since import BY_CONSENT

END = date(2026, 11, 15)  # the Sunday before the tests' clock
ASKED = Asked(how="test")
NAME = [f"c{n}" for n in range(40)]
WITHHELD = "Fewer than 10 people's word about 'statistics' changed since figures of this period were first told"


def orders(shop: Shop, lines: list[str]) -> None:
    path = shop.folder / "orders.csv"
    path.write_text("order_id,customer_id,ordered_at,total\n" + "\n".join(lines) + "\n")
    assert shop.intake.run(imports.plan([path]), rejects_to=shop.folder / "rejects.csv").rejected == 0


def forty(shop: Shop) -> None:
    """Forty customers of three orders each; every second one opted in to recommendations, one more to offers."""
    orders(shop, [f"{who}-{turn},{who},{END - timedelta(days=n % 26)} 1{turn}:00,{15 + 7 * turn + n}.91"
                  for n, who in enumerate(NAME) for turn in range(3)])  # fmt: skip
    for n, who in enumerate(NAME):
        shop.grant(who, "recommendations", asked=ASKED, yes=n % 2 == 0)
        shop.grant(who, "offers", asked=ASKED, yes=n % 2 == 0 or n == 21)


@pytest.fixture
def shop(database, tmp_path: Path, clock):
    made, _ = shop_of_a_kind("forty", forty, database, tmp_path / "home", clock, columns="database", currency="EUR")
    yield made
    made.close()


def say(shop: Shop, purpose: str, *names: str, yes: bool) -> None:
    assert isinstance(shop.clock, FakeClock)
    shop.clock.turn(seconds=60)  # of two words of one moment the no counts
    for one in names:
        shop.grant(one, purpose, asked=ASKED, yes=yes)


def object_(shop: Shop, *names: str) -> None:
    say(shop, STATISTICS, *names, yes=False)


def told(shop: Shop, name: str, **options) -> bool:
    answer = shop.measures.answer(name, **options)
    if answer.headline.value is None:
        assert not answer.tables
        assert all(one.n is None and one.coverage.counted is None for one in (answer.headline, *answer.others))
    return answer.headline.value is not None


@pytest.mark.both
def test_who_left_between_two_questions_shows_in_neither_and_the_next_period_tells(shop, clock):
    first = json.dumps(shop.measures.answer("revenue", days=28).to_dict())
    object_(shop, "c5")
    refused = shop.measures.answer("opted-in", days=28).headline
    assert WITHHELD in refused.refused
    assert (refused.n, refused.coverage.counted) == (None, None)
    assert not told(shop, "order-value", days=28)
    assert json.dumps(shop.measures.answer("revenue", days=28).to_dict()) == first
    clock.turn(days=7)
    assert told(shop, "revenue", days=28)
    assert told(shop, "opted-in")


def test_nobody_and_ten_may_have_left(shop):
    assert told(shop, "revenue", days=28)
    assert told(shop, "opted-in", days=28)
    object_(shop, *NAME[:9])
    assert not told(shop, "order-value", days=28)
    object_(shop, NAME[9])
    assert told(shop, "order-value", days=28)


def test_each_question_of_the_period_is_held_against_every_other(shop):
    """Ten left since the first, but one alone since the second."""
    assert told(shop, "revenue", days=28)
    object_(shop, *NAME[:10])
    assert told(shop, "order-value", days=28)
    object_(shop, NAME[10])
    assert not told(shop, "opted-in", days=28)


def test_who_left_and_came_back_hides_nobody(shop):
    assert told(shop, "revenue", days=28)
    object_(shop, *NAME[:12])
    say(shop, STATISTICS, *NAME[:12], yes=True)
    assert told(shop, "order-value", days=28), "all that left are there again"
    object_(shop, *NAME[:12])
    say(shop, STATISTICS, *NAME[:11], yes=True)
    assert not told(shop, "opted-in", days=28), "but for one"


def erased(shop):
    shop.erasure.erase("c5", reason="test")


def merged(shop):
    shop.identity.merge("c5", "c6", "test")


def held(shop):
    shop.identity.restrict("c5", "test")


@pytest.mark.parametrize("leaves", [erased, merged, held])
def test_who_is_erased_merged_or_held_counts_as_one_who_left(shop, leaves):
    assert told(shop, "revenue", days=28)
    leaves(shop)
    assert not told(shop, "order-value", days=28)


def test_what_another_purpose_was_told_is_no_reason_to_withhold(shop):
    assert told(shop, "revenue", days=28)
    say(shop, MEASUREMENT, "c5", yes=True)
    assert told(shop, "order-value", days=28)


def test_it_is_known_of_every_measure_of_whom_it_tells():
    assert {name for name in NAMES if named(name).purpose == MEASUREMENT} == BY_CONSENT
    assert {named(name).purpose for name in NAMES} == {MEASUREMENT, STATISTICS}


# ---- two purposes ----------------------------------------------------------------------------------------------------


def test_by_whose_word_people_are_told_apart_is_one_purpose_of_a_period(shop, clock):
    first = shop.measures.answer("opted-in", days=28, purpose="offers")
    assert first.headline.value is not None
    refused = shop.measures.answer("opted-in", days=28, purpose="recommendations").headline
    assert "Of this period it was told by 'offers' before" in refused.refused
    assert not told(shop, "opted-in", purpose="recommendations")
    assert shop.measures.answer("opted-in", days=28, purpose="offers").to_dict() == first.to_dict()
    clock.turn(days=7)
    assert told(shop, "opted-in", purpose="recommendations")


def test_who_opts_in_between_two_lengths_shows_in_neither(shop):
    assert told(shop, "opted-in")
    say(shop, "recommendations", "c1", yes=True)
    assert "people's word about 'recommendations' changed" in shop.measure("opted-in", days=28).refused
    assert told(shop, "revenue", days=28), "which does not ask for that word"


def test_a_refusal_counts_nobody(shop):
    for _ in range(2):
        refused = shop.measure("opted-in", days=28, purpose="benchmarking")
        assert "Fewer than 10 customers opted in" in refused.refused
        assert (refused.n, refused.coverage.counted) == (None, None)
        object_(shop, "c5")


def test_what_one_of_a_side_paid_is_not_told(shop):
    """Fourteen of a side, one of whom bought lately."""
    orders(shop, [f"x{n},x{n},{END - timedelta(days=100)} 10:00,9.00" for n in range(14)])
    orders(shop, [f"y,x0,{END} 10:00,77.31"])
    say(shop, "offers", *NAME, yes=False)
    say(shop, "offers", *(f"x{n}" for n in range(14)), yes=True)
    refused = shop.measures.answer("opted-in", purpose="offers")
    assert "Fewer than 10 of one side bought in 91 days" in refused.headline.refused
    assert not refused.tables


# ---- who was left out ------------------------------------------------------------------------------------------------


SINCE = END - timedelta(days=13)
BOUGHT = {who for n, who in enumerate(NAME) if n % 26 <= 13}  # since then


@pytest.fixture
def few_buyers(shop):
    """Of those who were left out, ten or more, fewer than ten bought since."""

    def left_out(salt: str) -> set[str]:
        return {who for who in NAME if place(salt, shop.known(who)) < 0.3}

    salt = next(one for one in map(str, range(1_000))
                if 10 <= len(left_out(one)) <= 14 and 1 <= len(left_out(one) & BOUGHT) <= 5)  # fmt: skip
    with shop.database.transaction() as connection:
        at = Micros((day_number(SINCE) - 1) * DAY + DAY // 2)
        journal.add(connection, "holdout", "", Holdout(30, salt), actor="test", at=at)
    shop.costs.add("licence", "10.00", day=str(END))
    return shop


def test_where_few_of_an_arm_bought_neither_their_mean_nor_any_difference_is_told(few_buyers):
    answer = few_buyers.measures.answer("holdout")
    for one in (answer.headline, *answer.others):
        assert "In an arm fewer than 10 people bought since 2026-11-02" in one.refused
        assert (one.value, one.n, one.coverage.counted) == (None, None, None)
    assert not answer.tables, "the mean of the other arm and a total would tell theirs"


def test_then_the_return_is_too_early_and_no_chance_is_told(few_buyers):
    answer = few_buyers.measures.answer("roi", margin=40)
    assert answer.headline.refused.startswith("Too early: of those left out by chance, or of all others, fewer than 10")
    assert not answer.tells
    report = few_buyers.report()
    assert not report.figures
    assert not report.tables
    assert "%" not in report.sentence


def test_with_ten_of_each_arm_it_is_told(few_buyers):
    more = [who for who in NAME if who not in BOUGHT]
    orders(few_buyers, [f"z{who},{who},{END} 12:00,{11 + n}.00" for n, who in enumerate(more)])
    assert few_buyers.measure("holdout").value is not None
    assert few_buyers.measure("roi", margin=40).value is not None
