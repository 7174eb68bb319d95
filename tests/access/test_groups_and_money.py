"""What a contribution may ask beside events: groups of people, of whom the frame names nobody, and the money's kind."""

from dataclasses import dataclass

import numpy as np
import pytest
from sqlalchemy import text
from tests.access.contributions import FIRST
from tests.access.world import World

from goodwill.access import Frame, View
from goodwill.access.view import Numbers
from goodwill.basics.clock import Micros
from goodwill.consent import Asked, grant, withdraw
from goodwill.people.types import BOUGHT, TypeCode
from goodwill.purposes import MODEL_IMPROVEMENT, RECOMMENDATIONS, STATISTICS, Category, Purpose
from goodwill.storage import Database
from goodwill.storage.kept import reads_of
from goodwill.sums import Sums

ASKED = Asked(how="test")


@dataclass(frozen=True)
class ByArm:
    """How many people there are in each of two arms, and what they paid in euro and otherwise."""

    name: str = "by-arm"
    purpose: Purpose = MODEL_IMPROVEMENT
    categories: frozenset[Category] = frozenset({Category("purchases")})
    types: tuple[TypeCode, ...] = (BOUGHT,)
    currency: str = "EUR"
    arms: int = 2

    def group_of(self, persons: Numbers) -> Numbers:
        return persons % self.arms

    def part(self, view: View) -> Sums:
        one = np.array([view.person], np.int64)
        return self.whole(Frame(1, np.zeros(len(view.events), np.int64), view.events, self.group_of(one)))

    def whole(self, frame: Frame) -> Sums:
        assert frame.group is not None
        assert frame.events.foreign is not None
        people, money = np.zeros(2, np.int64), np.zeros((2, 2), np.int64)
        np.add.at(people, frame.group, 1)
        np.add.at(money, (frame.group[frame.person], frame.events.foreign), frame.events.amount)
        return Sums(people=people, money=money)


@pytest.fixture(params=["auto", "database"])
def world(database: Database, request: pytest.FixtureRequest) -> World:
    return World(database, engine=request.param)


def test_both_engines_tell_the_same_groups_and_the_same_money(world: World) -> None:
    entry = world.register[MODEL_IMPROVEMENT]
    with world.database.transaction() as connection:
        people = [world.somebody(connection) for _ in range(7)]
        for person in people:
            world.happens(connection, person, BOUGHT, FIRST, amount=100 + person)
            world.happens(connection, person, BOUGHT, FIRST + 1, amount=7)
            grant(connection, person, entry, asked=ASKED, now=world.now)
        connection.execute(
            text("UPDATE events SET currency = 'USD' WHERE day = :day AND person % 3 = 0"), {"day": FIRST}
        )
        connection.execute(
            text("UPDATE events SET currency = NULL WHERE day = :day AND person % 3 = 1"), {"day": FIRST}
        )
    with world.database.transaction() as connection:
        before = world.door(connection).total(ByArm())
    assert before.sums.array("people").sum() == 7
    assert before.sums.array("money").sum() == sum(107 + person for person in people)
    assert before.sums.array("money")[:, 1].sum() == sum(100 + person for person in people if person % 3 == 0)
    with world.database.transaction() as connection:
        withdraw(connection, people[2], entry, asked=ASKED, now=world.now)
    with world.database.transaction() as connection:
        settled = world.door(connection).total(ByArm(), since=before)
        anew = world.door(connection).total(ByArm())
    assert settled.hash == anew.hash
    assert anew.beside is not None
    assert (anew.people, anew.beside.left_out, anew.beside.held) == (6, 1, 0)


def test_a_group_that_could_single_somebody_out_is_a_mistake(world: World) -> None:
    entry = world.register[MODEL_IMPROVEMENT]
    with world.database.transaction() as connection:
        people = [world.somebody(connection) for _ in range(70)]
        for person in people:
            grant(connection, person, entry, asked=ASKED, now=world.now)
    with world.database.transaction() as connection, pytest.raises(ValueError, match="from 0 to 63"):
        world.door(connection).total(ByArm(arms=1_000_000))


@dataclass(frozen=True)
class ByYes(ByArm):
    """The same by whether somebody allows recommendations."""

    name: str = "by-yes"
    purpose: Purpose = STATISTICS
    word: Purpose = RECOMMENDATIONS
    group_of: None = None  # type: ignore[assignment]

    def part(self, view: View) -> Sums:
        group = np.array([view.group], np.int64)
        return self.whole(Frame(1, np.zeros(len(view.events), np.int64), view.events, group))


def test_the_door_tells_who_allows_another_purpose_and_reads_nothing_for_it(world: World) -> None:
    entry = world.register[RECOMMENDATIONS]
    with world.database.transaction() as connection:
        people = [world.somebody(connection) for _ in range(12)]
        for person in people:
            world.happens(connection, person, BOUGHT, FIRST, amount=10)
        for person in people[:5]:
            grant(connection, person, entry, asked=ASKED, now=world.now)
        withdraw(connection, people[0], entry, asked=ASKED, now=world.now)
    with world.database.transaction() as connection:
        found = world.door(connection).total(ByYes())
        assert {read.purpose for read in reads_of(connection, 0)} == {STATISTICS}
    assert found.sums.array("people").tolist() == [8, 4]
    assert found.sums.array("money")[:, 0].tolist() == [80, 40]
    with world.database.transaction() as connection:
        world.now = Micros(world.now + 1)
        grant(connection, people[0], entry, asked=ASKED, now=world.now)
    with world.database.transaction() as connection:
        assert world.door(connection).total(ByYes(), since=found).sums.array("people").tolist() == [7, 5]
