"""One rule, two engines, one answer: for many people at once what is said of each of them alone."""

from collections import Counter
from dataclasses import replace
from random import Random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update
from tests.access.world import World
from tests.conftest import examples
from tests.decide.segments.making import RULES, TODAY, TYPES, chooses

from goodwill import people
from goodwill.access import Door, many, rows
from goodwill.access.view import Beside
from goodwill.basics.clock import DAY, Micros, date_of
from goodwill.basics.errors import NoConsent
from goodwill.basics.ids import PersonId
from goodwill.consent import Asked, grant, withdraw
from goodwill.decide import segments
from goodwill.decide.segments import Chosen, Verdict
from goodwill.people import gentle
from goodwill.people.tables import people as everybody
from goodwill.people.types import BOUGHT
from goodwill.purposes import EMAIL_MARKETING, Category, Entry
from goodwill.storage import Database

ASKED = Asked(how="test")
MARKETING = tuple(map(Category, ("contact", "purchases", "browsing", "preferences", "engagement", "demographics")))

DEEDS = ("withdraw", "withdraw", "narrow", "hold", "release", "erase", "switch off", "switch on", "minor")
CROWD = 8


def with_more(world: World) -> Entry:
    """A register of a shop that lists more for its letters than the shipped one."""
    entry = replace(world.register[EMAIL_MARKETING], categories=MARKETING, needs=(Category("contact"),))
    entries = {**world.register.entries, EMAIL_MARKETING: entry}
    world.register = replace(world.register, entries=entries)
    return entry


def furnished(world: World, cipher, chance: Random) -> list[PersonId]:
    """Eight people who did and told all sorts of things, and of whom most allow most."""
    entry = world.register[EMAIL_MARKETING]
    with world.database.transaction() as connection:
        world.key = connection.exec_driver_sql("select coalesce(max(id), 0) from events").scalar_one()
        crowd = [world.somebody(connection) for _ in range(CROWD)]
        cipher.keys.create(crowd)
        for person in crowd[1:]:
            grant(connection, person, entry, asked=ASKED, now=world.now)
            for _ in range(chance.choice([0, 1, 4, 12])):
                day = TODAY + 3 - chance.randrange(70)  # a clock that runs ahead is no reason to count tomorrow
                product = chance.randrange(1, 6)
                world.happens(connection, person, chance.choice(TYPES), day, product=product, amount=product * 50)
            for field in chance.sample(list(TOLD), chance.randrange(4)):
                category, texts = TOLD[field]
                told = {field: (Category(category), chance.choice(texts))}
                people.set_profile(connection, cipher, person, told, now=world.now)
    return crowd


TOLD = {
    "city": ("contact", ("WIEN", " graz ", "Paris")),
    "birthday": ("demographics", ("--03-05", "1980-04-01", "1980-02-29", "in spring")),
    "roast": ("preferences", ("dark", "light")),
}


def lived(world: World, person: PersonId, what: str, chance: Random) -> None:
    entry = world.register[EMAIL_MARKETING]
    with world.database.transaction() as connection:
        if what in ("withdraw", "narrow"):
            taken = None if what == "withdraw" else [chance.choice(MARKETING)]
            withdraw(connection, person, entry, taken, asked=ASKED, now=world.now)
        elif what.startswith("switch"):
            gentle.switch(connection, person, personal=what.endswith("on"), at=world.now, day=TODAY)
        elif what == "minor":
            gentle.note_care(connection, person, gentle.Care.MINOR, over=False, at=world.now, day=TODAY)
        elif what in ("hold", "release"):
            world.hold(connection, person, held=what == "hold")
        else:
            world.hold(connection, person, held=True)
            connection.execute(update(everybody).where(everybody.c.id == person).values(erased_at=world.now))


def one_by_one(door: Door, chosen: Chosen, persons: list[PersonId]) -> dict[PersonId, Verdict]:
    """What is said of each person alone, from no more than she allows."""
    said = {}
    for person in persons:
        try:
            said[person] = chosen.verdict(door.one(person, purpose=chosen.purpose, only=chosen))
        except NoConsent as refused:
            said[person] = Verdict.UNKNOWN if refused.reason == "held" else Verdict.LEFT_OUT
            if refused.reason == "unknown-person":
                del said[person]
    return said


def compared(world: World, cipher, rule: object) -> None:
    """Every number of the count, and everybody's own pattern, by both ways."""
    entry, made = world.register[EMAIL_MARKETING], segments.read(rule)
    ready = segments.conditions(made, today=TODAY, chooses=chooses)
    chosen = Chosen("segment", entry.name, segments.categories(made, entry), ready)
    with world.database.transaction() as connection:
        persons = [PersonId(row[0]) for row in connection.exec_driver_sql("select id from people order by id")]
        door = replace(world.door(connection), cipher=cipher)
        total = door.total(chosen)
        said = one_by_one(door, chosen, persons)
        tally = Counter(said.values())
        held = sum(door_is_held(door, chosen, person) for person in said)
        summed = {name: total.sums.number(name) for name in total.sums}
        assert summed == {
            "matched": tally[Verdict.MATCHED], "unmatched": tally[Verdict.UNMATCHED],
            "unknown": tally[Verdict.UNKNOWN] - held,
        }  # fmt: skip
        assert total.beside is not None
        assert (total.beside.left_out, total.beside.held) == (tally[Verdict.LEFT_OUT], held)
        assert total.people + total.beside.left_out + total.beside.held == len(said)
        asked = (world.columns, entry, chosen, total.as_of)
        seen, bound = (many._looked_at(*asked, current=current, off=False) for current in (True, False))
        seen, bound = (many._without_impersonal(world.columns, one, total.as_of) for one in (seen, bound))
        assert seen.person.size == total.people
        assert np.array_equal(seen.person, bound.person)
        assert np.array_equal(seen.pattern, bound.pattern)
        assert (seen.known, seen.held) == (bound.known, bound.held)
        for person, pattern in zip(seen.person.tolist(), seen.pattern.tolist(), strict=True):
            assert ready.pattern(door.one(PersonId(person), purpose=entry.name).events) == pattern


def door_is_held(door: Door, chosen: Chosen, person: PersonId) -> bool:
    try:
        door.one(person, purpose=chosen.purpose, only=chosen)
    except NoConsent as refused:
        return refused.reason == "held"
    return False


@pytest.fixture(params=["auto", "database"])
def engine(request):
    return request.param


@given(
    seed=st.integers(0, 2**32),
    deeds=st.lists(st.sampled_from(DEEDS), max_size=4),
    rules=st.lists(RULES, min_size=6, max_size=6),
)
@settings(max_examples=examples(6), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_count_is_the_sum_of_what_is_said_of_each(database: Database, cipher, engine, seed, deeds, rules) -> None:
    world, chance = World(database, engine=engine, now=Micros(TODAY * DAY + 12 * 3_600_000_000)), Random(seed)
    with_more(world)
    crowd = furnished(world, cipher, chance)
    try:
        for what in deeds:
            person = chance.choice(crowd)
            lived(world, person, what, chance)
            if what == "erase":  # nothing happens to her any more
                crowd.remove(person)
        for rule in rules:
            compared(world, cipher, rule)
    finally:
        world.columns.close()


def test_facts_are_not_opened_once_somebody_has_spoken_since(database: Database, cipher) -> None:
    """The column engine's answer is of an earlier moment: then all is asked again."""
    world = World(database, now=Micros(TODAY * DAY))
    entry, chance = with_more(world), Random(3)
    crowd = furnished(world, cipher, chance)
    ready = segments.conditions(
        segments.read({"is": "fact", "field": "city", "one_of": ["Wien"]}), today=TODAY, chooses=chooses
    )
    chosen = Chosen("segment", entry.name, frozenset({Category("contact")}), ready)
    persons = np.array(crowd)
    with database.reading() as connection:
        now = rows.as_of_now(connection, 0)
    opened = rows.facts_of_many(database, cipher, persons, chosen, (now.consent, now.holds))
    assert opened is not None
    assert any(opened)
    lived(world, crowd[1], "withdraw", chance)
    assert rows.facts_of_many(database, cipher, persons, chosen, (now.consent, now.holds)) is None


def test_after_its_last_day_a_purpose_allows_nobody(database: Database, cipher) -> None:
    world = World(database, engine="database", now=Micros(TODAY * DAY))
    entry = with_more(world)
    furnished(world, cipher, Random(4))
    ended = replace(entry, expiry=date_of(TODAY))
    world.register = replace(world.register, entries={**world.register.entries, EMAIL_MARKETING: ended})
    ready = segments.conditions(segments.read({"is": "never", "what": "bought"}), today=TODAY, chooses=chooses)
    chosen = Chosen("segment", entry.name, segments.categories(ready.rule, entry), ready)
    with database.transaction() as connection:
        total = world.door(connection).total(chosen)
    assert (total.people, total.beside) == (0, Beside(left_out=CROWD, held=0))


PLAIN = [
    {"is": "did", "what": "bought", "visits": {"at_least": 2}},
    {"is": "did", "what": "bought", "times": {"at_least": 2}},
    {"is": "did", "what": "bought", "times": {"at_least": 2}, "within_days": 5},
    {"is": "did", "what": "bought", "spent": {"at_least": 150, "at_most": 300}},
    {"is": "did", "what": "bought", "things": {"tags": ["tea"]}},
    {"is": "never", "what": "bought"},
    {"is": "last", "what": "bought", "days_ago": {"at_most": 5}},
    {"is": "first", "what": "bought", "days_ago": {"at_least": 6, "at_most": 20}},
    {
        "is": "none",
        "of": [{"is": "never", "what": "bought"}, {"is": "last", "what": "bought", "days_ago": {"at_most": 5}}],
    },
]


def test_each_kind_of_question_tells_people_apart(database: Database, cipher, engine) -> None:
    """Twice on one day is not two visits, and what lies in the future was not bought yet."""
    world = World(database, engine=engine, now=Micros(TODAY * DAY))
    entry = with_more(world)
    bought = {0: (3, 3), 1: (3, 10), 2: (10, 30), 3: (), 4: (-2,), 5: (30,)}  # days ago
    with database.transaction() as connection:
        crowd = [world.somebody(connection) for _ in bought]
        cipher.keys.create(crowd)
        for who, days in bought.items():
            grant(connection, crowd[who], entry, asked=ASKED, now=world.now)
            for back in days:
                world.happens(connection, crowd[who], BOUGHT, TODAY - back, product=3 if who == 1 else 1)
    matched = []
    for rule in PLAIN:
        compared(world, cipher, rule)
        ready = segments.conditions(segments.read(rule), today=TODAY, chooses=chooses)
        chosen = Chosen("s", entry.name, segments.categories(ready.rule, entry), ready)
        with database.transaction() as connection:
            matched.append(world.door(connection).total(chosen).sums.number("matched"))
    world.columns.close()
    assert matched == [2, 3, 1, 3, 1, 2, 2, 1, 2]
