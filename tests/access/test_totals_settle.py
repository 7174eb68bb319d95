"""A total that caught up is, bit for bit, the total worked out anew; and all engines give the same one."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.access.contributions import FIRST, Mixed, SpentPerDay
from tests.access.world import World
from tests.conftest import examples

from goodwill.access import Total
from goodwill.access.columns import Columns
from goodwill.basics.clock import DAY, Micros
from goodwill.basics.errors import Overflow
from goodwill.basics.ids import PersonId
from goodwill.consent import Asked, grant, refuse, withdraw
from goodwill.people.types import BOUGHT, event_type
from goodwill.purposes import MODEL_IMPROVEMENT, STATISTICS, Category
from goodwill.storage import Database

ASKED = Asked(how="test")
VIEWED = event_type("viewed").code
CATEGORIES = [Category("purchases"), Category("browsing")]

deeds = st.lists(
    st.tuples(
        st.sampled_from(
            ["grant", "withdraw", "refuse", "buy", "look", "hold", "release", "wait", "long wait", "settle"]
        ),
        st.integers(0, 5),  # who
        st.integers(0, 3),  # which: categories, product
        st.integers(0, 40),  # when said, days back
    ),
    min_size=1,
    max_size=25,
)

CONTRIBUTIONS = (Mixed(), SpentPerDay(purpose=MODEL_IMPROVEMENT))


def live(world: World, crowd: list[PersonId], deed: tuple[str, int, int, int]) -> None:
    what, who, which, back = deed
    entry = world.register[MODEL_IMPROVEMENT]
    categories = {0: CATEGORIES[:1], 1: CATEGORIES[1:], 2: CATEGORIES, 3: CATEGORIES}[which]
    said = Micros(world.now - back * DAY)
    with world.database.transaction() as connection:
        person = crowd[who]
        if what in ("grant", "withdraw", "refuse"):
            act = {"grant": grant, "withdraw": withdraw, "refuse": refuse}[what]
            act(connection, person, entry, categories, asked=ASKED, now=world.now, said_at=said)
        elif what in ("buy", "look"):
            world.happens(
                connection, person, BOUGHT if what == "buy" else VIEWED, FIRST + back, product=which, amount=which * 7
            )
        elif what in ("hold", "release"):
            world.hold(connection, person, held=what == "hold")
        elif what != "settle":
            world.now = Micros(world.now + (DAY if what == "wait" else 725 * DAY // 3))


@given(deeds)
@settings(max_examples=examples(6), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_settling_equals_working_out_anew(database: Database, lives: list[tuple[str, int, int, int]]) -> None:
    world = World(database)
    with database.transaction() as connection:
        world.key = connection.exec_driver_sql("select coalesce(max(id), 0) from events").scalar_one()
        crowd = [world.somebody(connection) for _ in range(12)]
    kept: dict[str, Total] = {}
    for deed in [*lives, ("settle", 0, 0, 0)]:
        live(world, crowd, deed)
        if deed[0] != "settle":
            continue
        for what in CONTRIBUTIONS:
            with database.transaction() as connection:
                door = world.door(connection)
                settled = door.total(what, since=kept.get(what.name))
                anew = door.total(what)
            assert settled.people == anew.people
            assert settled.sums == anew.sums
            assert settled.hash == anew.hash
            kept[what.name] = settled
    world.columns.close()


@given(deeds)
@settings(max_examples=examples(4), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_engines_agree(database: Database, lives: list[tuple[str, int, int, int]]) -> None:
    world = World(database, engine="duckdb")
    with database.transaction() as connection:
        world.key = connection.exec_driver_sql("select coalesce(max(id), 0) from events").scalar_one()
        crowd = [world.somebody(connection) for _ in range(12)]
    for deed in lives:
        live(world, crowd, deed)
    for what in CONTRIBUTIONS:
        answers = []
        for engine in ("duckdb", "database"):
            world.columns.close()
            world.columns = Columns(database, engine=engine)
            with database.transaction() as connection:
                answers.append(world.door(connection).total(what))
        # The row engine: every person's part, added up.
        with database.transaction() as connection:
            door = world.door(connection)
            nobody = Total(answers[0].sums.zero().dense(), type(answers[0].as_of)(0, 0, 0, 0), 0)
            by_rows = door.total(what, since=nobody)
        assert answers[0].sums == answers[1].sums == by_rows.sums
        assert answers[0].people == answers[1].people
    world.columns.close()


def test_a_total_after_withdrawals_is_the_total_that_never_had_those_people(database: Database) -> None:
    world = World(database)
    entry = world.register[MODEL_IMPROVEMENT]
    with database.transaction() as connection:
        crowd = [world.somebody(connection) for _ in range(20)]
        for n, person in enumerate(crowd):
            world.happens(connection, person, BOUGHT, FIRST + n, product=n)
            if n >= 5:
                grant(connection, person, entry, asked=ASKED, now=world.now)
    with database.transaction() as connection:
        never = world.door(connection).total(Mixed())
    with database.transaction() as connection:
        for person in crowd[:5]:
            grant(connection, person, entry, asked=ASKED, now=world.now)
    with database.transaction() as connection:
        with_them = world.door(connection).total(Mixed(), since=never)
    assert with_them.hash != never.hash
    with database.transaction() as connection:
        for person in crowd[:5]:
            withdraw(connection, person, entry, asked=ASKED, now=Micros(world.now + 1))
    with database.transaction() as connection:
        without = world.door(connection).total(Mixed(), since=with_them)
    assert without.hash == never.hash
    assert without.people == never.people == 15


@pytest.mark.parametrize("engine", ["duckdb", "database"])
def test_a_sum_beyond_64_bits_is_refused_not_rounded(database: Database, engine: str) -> None:
    world = World(database, engine=engine)
    with database.transaction() as connection:
        for _ in range(12):
            world.happens(connection, world.somebody(connection), BOUGHT, FIRST, amount=2**62)
    with database.transaction() as connection, pytest.raises(Overflow):
        world.door(connection).total(SpentPerDay(purpose=STATISTICS))
