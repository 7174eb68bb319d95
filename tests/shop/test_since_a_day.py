"""What changed since a day in a shop that left nobody out: told with its placebos, and as no more than they show."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from tests.conftest import FakeClock
from tests.copies import shop_of_a_kind

from goodwill import catalogue, people
from goodwill.app import create_shop
from goodwill.basics.clock import DAY, day_number
from goodwill.basics.errors import BadInput, NotFound
from goodwill.catalogue import Product
from goodwill.consent import Asked
from goodwill.measure.figure import Grade
from goodwill.people.log import EventColumns
from goodwill.people.types import BOUGHT
from goodwill.purposes import STATISTICS
from goodwill.shop import Shop
from goodwill.storage import Database

ASKED = Asked(how="test")
END = date(2026, 11, 16)  # a Monday; the tests' clock stands in the week after it
SINCE = END - timedelta(weeks=8)
WEEKS, MANY = 112, 100
KINDS = ("Bread", "Cheese", "Coffee", "Fruit", "Wine", "Hot drinks")
RARE = "Truffles"  # which three people buy


def furnish(shop: Shop, many: int = MANY) -> None:
    """Since a day bread brings half as much again; nothing else was changed."""
    chance = np.random.default_rng(3)
    bought = chance.random((MANY, len(KINDS), WEEKS)) < 0.3
    amount = chance.integers(200, 900, bought.shape)
    who, kind, week = np.nonzero(bought[:many])
    paid = amount[who, kind, week]
    late = week >= WEEKS - 8
    paid = np.where(late & (kind == 0), paid * 3 // 2, paid)
    rare = np.arange(WEEKS)
    who, kind, week = (np.append(one, more) for one, more in ((who, rare % 3), (kind, 0 * rare + 6), (week, rare)))
    paid = np.append(paid, 0 * rare + 5_000)
    day = day_number(END) - 7 * (WEEKS - week) + (who + week) % 7
    with shop.database.transaction() as connection:
        things = [Product(name, name, category=name) for name in (*KINDS, RARE)]
        goods = np.array(catalogue.upsert_many(connection, things).ids)
        names = [f"p{n}" for n in range(many)]
        known = people.identify_many(connection, shop.tools.cipher, "user_id", names, now=shop.clock())
        persons = np.array([known[name] for name in names])
        lines = EventColumns(
            person=persons[who], type=np.full(who.size, BOUGHT), at=day * DAY + DAY // 2, day=day,
            key=np.arange(1, who.size + 1), product=goods[kind], quantity=np.full(who.size, 1_000), amount=paid,
            currency=["EUR"] * who.size, reference=np.arange(1, who.size + 1),
        )  # fmt: skip
        people.log.append(connection, lines)


@pytest.fixture
def shop(database: Database, tmp_path: Path, clock: FakeClock) -> Iterator[Shop]:
    made, _ = shop_of_a_kind("since", furnish, database, tmp_path / "home", clock, columns="database", currency="EUR")
    yield made
    made.close()


def p_of(told: object) -> float:
    return next(row[1] for row in told.tables[0].rows if row[0] == "this change, among all placebos")  # type: ignore[attr-defined, no-any-return]


@pytest.mark.both
def test_what_changed_is_found_beside_other_goods(shop: Shop) -> None:
    told = shop.measures.answer("before-after", since=str(SINCE), treated="category=bread")
    share, p = told.others
    assert share.low is not None
    assert share.value is not None
    assert share.low > 0.2
    assert share.value == pytest.approx(0.5, abs=0.2)
    assert told.headline.grade is Grade.B
    assert p.value == p_of(told)
    assert p.value is not None
    assert p.value <= 0.05
    assert "Placebo p 0.0" in told.headline.warnings[0]
    assert "Bread" in told.headline.name
    assert told.headline.coverage.counted == MANY
    assert any("Left out as controls: 1" in warning for warning in told.headline.warnings), "three people's truffles"
    week = 0.3 * MANY * 550
    assert told.headline.value == pytest.approx(share.value * week / 100, rel=0.1)


@pytest.mark.both
def test_where_nothing_changed_the_placebos_say_so(shop: Shop) -> None:
    told = shop.measures.answer("before-after", since=str(SINCE), treated="category=Cheese")
    assert told.headline.low is not None
    assert told.headline.high is not None
    assert told.headline.low < 0 < told.headline.high
    assert p_of(told) > 0.05


@pytest.mark.both
def test_all_sales_are_held_against_their_own_past(shop: Shop) -> None:
    told = shop.measures.answer("before-after", since=str(SINCE))
    assert told.headline.value is not None
    assert p_of(told) > 1 / 27
    assert any("whatever else began on that day" in warning for warning in told.headline.warnings)
    assert told.tables[1].rows[0][0] == str(SINCE)
    assert told.query.endswith(f"--since {SINCE}")


def test_the_week_in_which_the_day_lies_counts_on_neither_side(shop: Shop) -> None:
    monday = shop.measures.answer("before-after", since=str(SINCE), weeks=1)
    for days in (1, 6):
        later = shop.measures.answer("before-after", since=str(SINCE - timedelta(days=days)), weeks=1)
        assert later.tables[1].rows[0][0] == str(SINCE)
        assert later.tables[1].rows[0] != monday.tables[1].rows[0], "the week before is another one"


def test_what_had_moved_before_the_day_is_of_grade_d(shop: Shop) -> None:
    asked = str(SINCE + timedelta(weeks=4))
    told = shop.measures.answer("before-after", since=asked, treated="category=Bread")
    assert told.headline.grade is Grade.D
    assert any("moved away just before" in warning for warning in told.headline.warnings)


def test_what_few_buy_is_told_neither_as_such_nor_as_a_control(shop: Shop) -> None:
    told = shop.measures.answer("before-after", since=str(SINCE), treated=f"category={RARE}")
    assert "fewer than 10 people bought of 'Truffles'" in told.headline.refused
    assert (told.headline.n, told.headline.coverage.counted, told.tables) == (None, None, ())


@pytest.mark.parametrize(
    ("since", "said"),
    [
        (
            END - timedelta(weeks=2),
            "Too early: 4 whole weeks since 2026-11-02 are looked at, and they end on 2026-11-29",
        ),
        (date(2020, 1, 6), "lies too far back"),
        (END - timedelta(weeks=100), "weeks more before that day (80)"),
    ],
)
def test_with_too_few_weeks_it_is_refused_in_words(shop: Shop, since: date, said: str) -> None:
    assert said in shop.measure("before-after", since=str(since)).refused


def test_what_is_asked_wrongly_is_said(shop: Shop) -> None:
    with pytest.raises(BadInput, match="Say since"):
        shop.measure("before-after")
    with pytest.raises(BadInput, match="such as 2026-11-22"):
        shop.measure("before-after", since="last week")
    with pytest.raises(BadInput, match="such as category=Pastry"):
        shop.measure("before-after", since=str(SINCE), treated="Bread")
    with pytest.raises(NotFound, match="Did you mean 'Bread'"):
        shop.measure("before-after", since=str(SINCE), treated="category=Bred")


def test_after_some_were_erased_it_is_the_figure_of_a_shop_that_never_had_them(
    shop: Shop, tmp_path: Path, clock: FakeClock
) -> None:
    for n in range(MANY - 12, MANY):
        shop.erasure.erase(f"p{n}", reason="test")
    never = create_shop(tmp_path / "never", clock=clock, currency="EUR")
    try:
        furnish(never, MANY - 12)
        for asked in ({}, {"treated": "category=Bread"}):
            told = shop.measures.answer("before-after", since=str(SINCE), **asked)
            beside = never.measures.answer("before-after", since=str(SINCE), **asked)
            assert told.headline.coverage.counted == MANY - 12
            assert told.tables == beside.tables
            for one, other in zip((told.headline, *told.others), (beside.headline, *beside.others), strict=True):
                assert (one.value, one.low, one.high, one.n) == (other.value, other.low, other.high, other.n)
    finally:
        never.close()


def test_who_left_between_two_questions_shows_in_neither_and_the_next_period_tells(
    shop: Shop, clock: FakeClock
) -> None:
    first = json.dumps(shop.measures.answer("before-after", since=str(SINCE)).to_dict())
    shop.grant("p5", STATISTICS, asked=ASKED, yes=False)
    refused = shop.measures.answer("before-after", since=str(SINCE), treated="category=Bread")
    assert "Fewer than 10 people's word about 'statistics' changed" in refused.headline.refused
    assert (refused.headline.n, refused.tables) == (None, ())
    assert json.dumps(shop.measures.answer("before-after", since=str(SINCE)).to_dict()) == first
    clock.turn(days=7)
    told = shop.measures.answer("before-after", since=str(SINCE), treated="category=Bread")
    assert told.headline.coverage.counted == MANY - 1


def test_no_return_takes_it_in(shop: Shop) -> None:
    shop.measures.answer("before-after", since=str(SINCE), treated="category=Bread")
    shop.costs.add("licence", "10.00", day=str(END - timedelta(days=1)))
    told = shop.measures.answer("roi", margin=40)
    assert told.headline.value is None, "nobody was left out by lot"
