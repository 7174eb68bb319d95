"""One question tells what several would: it is held against them for people in every state."""

import pytest
from tests.small_shop import bakery

from goodwill import consent, people
from goodwill.access.glance import glance
from goodwill.basics.clock import day_of
from goodwill.basics.ids import PersonId
from goodwill.consent import opt_in
from goodwill.consent.opt_in import PENDING, OptIn, waiting

PURPOSES = ("recommendations", "email-marketing", "model-improvement", "bookkeeping", "statistics")


def asked_one_by_one(shop, person, entry, at):
    day = day_of(at, shop.settings.zone)
    with shop.database.reading() as connection:
        survivor = people.merge.survivor(connection, person)
        said = consent.standing(connection, person, entry, at=at, day=day)
        waits = opt_in.waits_of((one.about, one.asked_at) for one in opt_in.pending(connection, [person], at=at))
        return (
            consent.last_position(connection),
            survivor,
            bool(people.holds.reasons(connection, [person])),
            waiting(said, entry, waits),
        )


def seen_at_once(shop, person, entry, at):
    seen = glance(shop.database, person, entry, at=at, day=day_of(at, shop.settings.zone))
    lines = seen.lines
    while seen.merged_into is not None:
        seen = glance(shop.database, seen.merged_into, entry, at=at, day=day_of(at, shop.settings.zone))
    return seen.reached, seen.person if seen.known else None, lines


@pytest.fixture
def made(database, clock, tmp_path):
    made = bakery(database, tmp_path, clock)
    with made.shop:
        yield made


def test_one_glance_sees_what_several_questions_see(made, clock):
    shop, person = made.shop, made.person
    with shop.database.transaction() as connection:
        people.holds.hold(connection, [person["c1"], person["c2"], person["c3"]], "restriction", now=clock())
        people.holds.hold(connection, [person["c3"]], "erasure", now=clock())
        people.holds.release(connection, [person["c2"], person["c3"]], "restriction", now=clock())
        about = (("email-marketing", "contact"),)
        for number, name, until in ((7, "bruno", clock() + 9), (8, "dev", clock() - 1)):
            one = OptIn(number, person[name], b"x", b"y", about, {}, clock() - 99, until, 0, PENDING)
            opt_in.add(connection, one)
    shop.identity.merge("c5", "c4", reason="one person")
    shop.erasure.erase("c6", reason="she asked")
    states = set()
    for number in [*person.values(), PersonId(9_999)]:
        for name in PURPOSES:
            entry, at = shop.register[name], clock()
            reached, who, held, lines = asked_one_by_one(shop, number, entry, at)
            assert seen_at_once(shop, number, entry, at) == (reached, who, lines), (number, name)
            mine = glance(shop.database, number, entry, at=at, day=day_of(at, shop.settings.zone))
            assert bool(mine.held_for) is held
            states |= {line.reason for line in lines}
    assert states >= {"allowed", "never-asked", "requested", "withdrawn"}
