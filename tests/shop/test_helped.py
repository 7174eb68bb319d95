"""Whom the programme helps, told of a shop: found where it was planted, and never where it was not."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from tests.conftest import FakeClock
from tests.copies import shop_of_a_kind

from goodwill import people
from goodwill.app import create_shop
from goodwill.basics.clock import DAY, Micros, day_number
from goodwill.consent import Asked
from goodwill.decide import store as journal
from goodwill.decide.experiments import is_held_out
from goodwill.decide.plan import Arm, Holdout
from goodwill.measure.helping import HARMS_SOME, HELPS_MORE, NO_EVIDENCE
from goodwill.people.log import EventColumns
from goodwill.people.types import ORDERED
from goodwill.purposes import STATISTICS
from goodwill.shop import Shop
from goodwill.storage import Database

ASKED = Asked(how="test")
END = day_number(date(2026, 11, 16))  # a Monday; the tests' clock stands in the week after it
WEEKS, PAST = 13, 40
SINCE = END - 7 * WEEKS
MANY = 1_200


def furnish(shop: Shop, apart: float, many: int = MANY) -> None:
    """Some are held out. Who bought often before buys so much more with the programme, and all others so much less."""
    chance = np.random.default_rng(17)
    names = [f"p{n}" for n in range(MANY)]
    with shop.database.transaction() as connection:
        at, out = Micros((SINCE - 1) * DAY + DAY // 2), Holdout(30, "salt")
        journal.add(connection, "holdout", "", out, actor="test", at=at)
        known = people.identify_many(connection, shop.tools.cipher, "user_id", names[:many], now=shop.clock())
        persons = np.array([known.get(name, 0) for name in names])
        treated = np.array([not is_held_out(out, int(person)) for person in persons])
        rate = chance.gamma(0.8, 1 / 0.8, MANY) / 4
        before = chance.poisson(rate[:, None] * np.ones(PAST))
        regular = np.where(before.sum(axis=1) >= np.median(before.sum(axis=1)), 1, -1)
        after = chance.poisson((rate * (1 + apart * treated * regular))[:, None] * np.ones(WEEKS))
        who, week = np.nonzero(np.hstack([before, after])[:many])
        day = SINCE + 7 * (week - PAST) + (who + week) % 7
        ordered = EventColumns(
            person=persons[who], type=np.full(who.size, ORDERED), at=day * DAY + DAY // 2, day=day,
            key=np.arange(1, who.size + 1), amount=1_000 + (who * 977 + week * 331) % 3_000,
            currency=["EUR"] * who.size, reference=np.arange(1, who.size + 1),
        )  # fmt: skip
        people.log.append(connection, ordered)


def made_with(apart: float, database: Database, tmp_path: Path, clock: FakeClock) -> Shop:
    kind = ("helped", apart)
    made, _ = shop_of_a_kind(
        kind, lambda shop: furnish(shop, apart), database, tmp_path / "home", clock, columns="database", currency="EUR"
    )
    return made


@pytest.fixture
def helps_some(database: Database, tmp_path: Path, clock: FakeClock) -> Iterator[Shop]:
    shop = made_with(0.8, database, tmp_path, clock)
    yield shop
    shop.close()


@pytest.fixture
def helps_alike(database: Database, tmp_path: Path, clock: FakeClock) -> Iterator[Shop]:
    shop = made_with(0.0, database, tmp_path, clock)
    yield shop
    shop.close()


@pytest.mark.both
def test_whom_it_helps_is_found_where_it_helps_some(helps_some: Shop) -> None:
    told = helps_some.measures.answer("targeting")
    assert told.headline.low is not None
    assert told.headline.low > 0
    assert told.headline.grade.name == "A"
    assert told.headline.warnings[0] in {HARMS_SOME, HELPS_MORE}
    assert told.headline.coverage.counted == MANY
    best, rest = told.others
    assert best.value is not None
    assert rest.value is not None
    assert best.value > 0 > rest.value
    row = next(row for row in told.tables[0].rows if row[0] == 0.5)
    assert row[1] == pytest.approx(best.value)
    assert row[4] == pytest.approx(rest.value)


@pytest.mark.both
def test_where_it_helps_nobody_more_it_says_so(helps_alike: Shop) -> None:
    told = helps_alike.measures.answer("targeting")
    assert told.headline.low is not None
    assert told.headline.high is not None
    assert told.headline.low < 0 < told.headline.high
    assert told.headline.warnings[0] == NO_EVIDENCE


def test_it_is_told_again_to_the_last_byte_and_who_is_erased_is_in_the_next_no_more(
    helps_some: Shop, clock: FakeClock
) -> None:
    first = json.dumps(helps_some.measures.answer("targeting").to_dict())
    for n in range(12):
        helps_some.grant(f"p{n}", STATISTICS, asked=ASKED, yes=False)
    assert json.dumps(helps_some.measures.answer("targeting").to_dict()) == first
    clock.turn(days=7)
    assert helps_some.measure("targeting").coverage.counted == MANY - 12


def test_with_nobody_held_out_it_is_refused_in_words(database: Database, tmp_path: Path, clock: FakeClock) -> None:
    made, _ = shop_of_a_kind("bare", lambda _: None, database, tmp_path / "home", clock, columns="database")
    try:
        told = made.measures.answer("targeting")
        assert "Nobody is left out by chance" in told.headline.refused
        assert told.headline.n is None
    finally:
        made.close()


def test_where_few_of_an_arm_bought_nothing_is_told(helps_some: Shop, clock: FakeClock) -> None:
    """A lot that was drawn anew yesterday: since then fewer than ten of those left out bought."""
    clock.at = Micros((END - 2) * DAY)
    helps_some.planning.hold_out(3)
    clock.at = Micros((END + 1) * DAY)
    told = helps_some.measures.answer("targeting")
    assert told.headline.refused
    assert (told.headline.n, told.headline.coverage.counted) == (None, None)
    assert (told.others, told.tables) == ((), ())


def test_after_some_were_erased_it_is_the_figure_of_a_shop_that_never_had_them(
    database: Database, tmp_path: Path, clock: FakeClock
) -> None:
    shop = made_with(0.8, database, tmp_path, clock)
    try:
        for n in range(MANY - 12, MANY):
            shop.erasure.erase(f"p{n}", reason="test")
        told = shop.measures.answer("targeting")
    finally:
        shop.close()
    never = create_shop(tmp_path / "never", clock=clock, currency="EUR")
    try:
        furnish(never, 0.8, MANY - 12)
        beside = never.measures.answer("targeting")
    finally:
        never.close()
    assert told.headline.value is not None
    assert told.headline.coverage.counted == MANY - 12
    assert told.tables == beside.tables
    for one, other in zip((told.headline, *told.others), (beside.headline, *beside.others), strict=True):
        assert (one.value, one.low, one.high, one.n) == (other.value, other.low, other.high, other.n)


def test_an_experiment_of_two_equal_arms_helps_nobody_more(helps_alike: Shop, clock: FakeClock) -> None:
    today, clock.at = clock(), Micros(SINCE * DAY)
    helps_alike.planning.new_experiment("two-alike", "Nothing", [Arm("as-is"), Arm("the-same")])
    helps_alike.planning.approve("experiment-two-alike", reason="try")
    helps_alike.planning.start("two-alike")
    clock.at = today
    told = helps_alike.measures.answer("targeting", experiment="two-alike")
    assert "'the-same' beside 'as-is'" in told.headline.name
    assert told.headline.warnings[0] == NO_EVIDENCE
    assert told.query.endswith("--experiment two-alike")
    assert told.headline.coverage.counted is not None
    assert told.headline.coverage.counted < MANY, "whom the shop's own holdout leaves out is in neither arm"
