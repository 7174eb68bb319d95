"""What people had said before a moment, as a small number: only of those who may be counted, and from the ledger."""

from dataclasses import dataclass, field

import numpy as np
import pytest
from sqlalchemy import Connection, and_
from tests.access.contributions import FIRST
from tests.access.world import START, World

from goodwill.access import Frame, HadSaid, View
from goodwill.access.view import Numbers
from goodwill.basics.clock import DAY, Micros
from goodwill.basics.ids import PersonId
from goodwill.consent import Asked, Said, State, append, invalidate, withdraw
from goodwill.consent.relation import fold, lasts
from goodwill.consent.tables import consent_rows
from goodwill.people.types import BOUGHT, TypeCode
from goodwill.purposes import EMAIL_MARKETING, OFFERS, RECOMMENDATIONS, STATISTICS, Category, Purpose
from goodwill.storage import Database
from goodwill.storage.kept import reads_of
from goodwill.sums import Sums

ASKED = Asked(how="test")
BEFORE = Micros(START)
ALL = (RECOMMENDATIONS, EMAIL_MARKETING)


@dataclass(frozen=True)
class Counted:
    """How many people there are of each number, and how often they bought."""

    said: HadSaid = field(default_factory=lambda: HadSaid(ALL, (BEFORE,)))
    name: str = "counted"
    purpose: Purpose = STATISTICS
    categories: frozenset[Category] = frozenset({Category("purchases")})
    types: tuple[TypeCode, ...] = (BOUGHT,)

    def part(self, view: View) -> Sums:
        group = np.array([view.group], np.int64)
        return self.whole(Frame(1, np.zeros(len(view.events), np.int64), view.events, group))

    def whole(self, frame: Frame) -> Sums:
        assert frame.group is not None
        people, bought = np.zeros(64, np.int64), np.zeros(64, np.int64)
        np.add.at(people, frame.group, 1)
        np.add.at(bought, frame.group[frame.person], 1)
        return Sums(people=people, bought=bought)


@dataclass(frozen=True)
class CountedByArm(Counted):
    """The same by arm as well."""

    name: str = "counted-by-arm"
    arms: int = 2

    def group_of(self, persons: Numbers) -> Numbers:
        return persons % self.arms


@pytest.fixture(params=["auto", "database"])
def world(database: Database, request: pytest.FixtureRequest) -> World:
    return World(database, engine=request.param)


def crowd(world: World, many: int = 12) -> list[PersonId]:
    with world.database.transaction() as connection:
        people = [world.somebody(connection) for _ in range(many)]
        for person in people:
            world.happens(connection, person, BOUGHT, FIRST)
    return people


def counted(world: World, what: Counted) -> dict[tuple[int, ...], int]:
    """People by their levels and days."""
    with world.database.transaction() as connection:
        sums = world.door(connection).total(what).sums
    numbers = np.flatnonzero(sums.array("people"))
    levels, days = what.said.told(numbers)
    told = zip(*(one.tolist() for one in levels), days.tolist(), strict=True)
    return dict(zip(told, sums.array("people")[numbers].tolist(), strict=True))


def said(world: World, person: PersonId, purpose: Purpose, days: float, *, yes: bool = True) -> None:
    """A word about all of a purpose, so many days before the moment."""
    at = Micros(int(BEFORE - days * DAY))
    with world.database.transaction() as connection:
        for category in world.register[purpose].categories:
            state = State.GIVEN if yes else State.WITHDRAWN
            append(connection, [Said(person, purpose, category, state, at, ASKED)], now=Micros(max(at, world.now)))


def test_only_what_was_said_before_the_moment_counts(world: World) -> None:
    people = crowd(world)
    amina, bruno, chiara, dev, *_ = people
    for purpose in ALL:
        said(world, amina, purpose, 3)
    said(world, chiara, RECOMMENDATIONS, 9)
    said(world, chiara, RECOMMENDATIONS, 2, yes=False)
    world.now = Micros(BEFORE + 5 * DAY)
    said(world, amina, RECOMMENDATIONS, -1, yes=False)  # afterwards: she had allowed it by then
    said(world, bruno, EMAIL_MARKETING, 0)  # at the moment is not before it
    said(world, dev, RECOMMENDATIONS, 1)  # written down later, said before
    assert counted(world, Counted()) == {(2, 1): 1, (0, 2): 1, (1, 1): 1, (0, 0): 9}
    later = HadSaid(ALL, (BEFORE, Micros(BEFORE + 2 * DAY)))
    assert counted(world, Counted(later)) == {(2, 1, 1): 1, (0, 0, 2): 1, (1, 1, 1): 1, (0, 1, 0): 1, (0, 0, 0): 8}


def test_a_yes_that_had_ended_or_was_taken_back_does_not_count(world: World) -> None:
    people = crowd(world)
    amina, bruno, *_ = people
    with world.database.transaction() as connection:
        category = world.register[RECOMMENDATIONS].categories[0]
        ends, at = Micros(BEFORE - DAY), Micros(BEFORE - 9 * DAY)
        append(connection, [Said(amina, RECOMMENDATIONS, category, State.GIVEN, at, ASKED, ends)], now=world.now)
        rows = append(connection, [Said(bruno, RECOMMENDATIONS, category, State.GIVEN, at, ASKED)], now=world.now)
        invalidate(connection, rows, asked=ASKED, now=world.now)
    assert counted(world, Counted()) == {(0, 1): 1, (0, 0): 11}
    earlier = HadSaid(ALL, (Micros(BEFORE - 2 * DAY),))
    assert counted(world, Counted(earlier)) == {(1, 1): 1, (0, 0): 11}, "it had not ended two days before"


def test_a_category_that_the_purpose_does_not_list_is_no_yes(world: World) -> None:
    amina, *_ = crowd(world)
    with world.database.transaction() as connection:
        at = Micros(BEFORE - DAY)
        append(
            connection, [Said(amina, RECOMMENDATIONS, Category("device"), State.GIVEN, at, ASKED)], now=world.now
        )  # fmt: skip
    assert counted(world, Counted()) == {(0, 1): 1, (0, 0): 11}


def test_of_who_objects_today_nothing_is_told_of_the_past_either(world: World) -> None:
    amina, *others = crowd(world)
    said(world, amina, RECOMMENDATIONS, 3)
    before = counted(world, Counted())
    with world.database.transaction() as connection:
        withdraw(connection, amina, world.register[STATISTICS], asked=ASKED, now=world.now)
    assert counted(world, Counted()) == {(0, 0): len(others)}
    assert before == {(1, 1): 1, (0, 0): len(others)}
    with world.database.transaction() as connection:
        assert {read.purpose for read in reads_of(connection, 0)} == {STATISTICS}
        assert all(read.categories == "purchases" for read in reads_of(connection, 0))


def test_a_total_is_the_one_of_a_ledger_that_never_had_her_word(world: World) -> None:
    people = crowd(world)
    said(world, people[1], OFFERS, 4)
    without = counted(world, Counted())
    with world.database.transaction() as connection:
        first = world.door(connection).total(Counted())
    said(world, people[0], RECOMMENDATIONS, 4)
    with world.database.transaction() as connection:
        settled = world.door(connection).total(Counted(), since=first)
        anew = world.door(connection).total(Counted())
    assert settled.hash == anew.hash != first.hash
    with world.database.transaction() as connection:
        rows = connection.execute(
            consent_rows.select().where(consent_rows.c.person == people[0])
        ).scalars().all()  # fmt: skip
        invalidate(connection, rows, asked=ASKED, now=world.now)
    assert counted(world, Counted()) == without


def test_an_arm_and_what_was_said_are_one_number(world: World) -> None:
    amina, bruno, *_ = crowd(world)
    for person in (amina, bruno):
        said(world, person, RECOMMENDATIONS, 3)
    what = CountedByArm()
    with world.database.transaction() as connection:
        people = world.door(connection).total(what).sums.array("people")
    yes = [int(what.said.number([np.array([1])], np.array([1]))[0]) + arm * what.said.kinds for arm in (0, 1)]
    assert people[yes].tolist() == [1, 1]
    assert people.sum() == 12
    with world.database.transaction() as connection, pytest.raises(ValueError, match="from 0 to 63"):
        world.door(connection).total(CountedByArm(arms=8))


def test_many_purposes_are_told_in_seven_steps() -> None:
    nine = HadSaid(tuple(Purpose(f"p{n}") for n in range(9)), (BEFORE,))
    numbers = nine.number([np.arange(10)], np.arange(10))
    levels, days = nine.told(numbers)
    assert levels[0].tolist() == [0, 0, 1, 2, 3, 3, 4, 5, 6, 7]
    assert days.tolist() == [0, 1, 2, 3, 3, 3, 3, 3, 3, 3]
    assert nine.kinds == 32


@pytest.mark.parametrize("seed", range(3))
def test_the_numbers_follow_from_the_ledger_as_the_row_engine_reads_it(world: World, seed: int) -> None:
    people, dice = crowd(world, 20), np.random.default_rng(seed)
    world.now = Micros(BEFORE + 9 * DAY)
    states = [state for state in State if state is not State.INVALIDATED]
    with world.database.transaction() as connection:
        for _ in range(120):
            purpose = (*ALL, OFFERS)[dice.integers(3)]
            category = world.register[purpose].categories[dice.integers(2)]
            at = Micros(BEFORE + int(dice.integers(-4, 4)) * DAY)
            ends = [None, Micros(BEFORE - 3 * DAY), Micros(BEFORE + 2 * DAY)][dice.integers(3)]
            state = states[dice.integers(len(states))]
            append(
                connection, [Said(people[dice.integers(20)], purpose, category, state, at, ASKED, ends)], now=world.now
            )  # fmt: skip
    with world.database.transaction() as connection:
        numbers = [number_by_rows(connection, person) for person in people]
        found = world.door(connection).total(Counted()).sums.array("people")
    assert found.tolist() == np.bincount(numbers, minlength=64).tolist()
    assert np.count_nonzero(found) > 4


def number_by_rows(connection: Connection, person: PersonId) -> int:
    """The number as it follows from the relation that the row engine asks."""
    mine = and_(consent_rows.c.person == person, consent_rows.c.said_at < BEFORE)
    words = connection.execute(fold(as_of=2**60, among=mine)).all()
    yes = {word.purpose for word in words if word.yes and lasts(word.until, BEFORE) and word.purpose in ALL}
    rows = connection.execute(consent_rows.select().where(mine, consent_rows.c.yes.is_not(None))).all()
    days = {row.said_at // DAY for row in rows}
    return int(Counted().said.number([np.array([len(yes)])], np.array([len(days)]))[0])
