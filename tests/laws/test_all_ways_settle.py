"""Whatever takes somebody's data away or changes it, every total ends as one that was never otherwise, bit for bit.

A shop keeps four totals under four purposes, one of which needs no yes. Each way in which the law or a shopkeeper can
change what somebody counts for is gone by itself; after it, what is kept and what is in memory here and in another
process equal the sum of the parts of those who allow it, person by person, and a total worked out from nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from tests.conftest import FakeClock
from tests.lessons import CountsLines, register_with
from tests.small_shop import ASKED, Bakery, bakery

from goodwill.access import nobody, rows
from goodwill.access.many import people_allowing
from goodwill.basics.clock import SECOND, Micros, day_of
from goodwill.collect import imports
from goodwill.learn.library import MODELS, Library
from goodwill.shop import Shop
from goodwill.storage.kept import kept
from goodwill.sums import Running

OFFERS, CONTENT = CountsLines("offers-lines", "offers"), CountsLines("content-lines", "personal-content")
SALES = CountsLines("sales", "statistics")  # on legitimate interests: counts whoever did not object
LESSONS = (MODELS, OFFERS, CONTENT, SALES)
ALL = {lesson.name for lesson in LESSONS}
RETENTION = 30  # days: shorter than the bakery's eight weeks


@dataclass
class World:
    """The bakery with four lessons, and a way to look at all of it from another process."""

    made: Bakery
    folder: Path
    clock: FakeClock

    @property
    def shop(self) -> Shop:
        return self.made.shop

    def another_process(self, **changes) -> Shop:
        library = Library(self.shop.folder / "totals", lessons=LESSONS)
        register = register_with(**changes) if changes else self.shop.register
        return replace(self.shop, library=library, register=register)

    def hashes(self) -> dict[str, str]:
        with self.shop.database.reading() as connection:
            return {one.name: one.hash for one in kept(connection)}

    def part_by_part(self, lesson) -> str:
        """The hash of the sum of each one's part: neither the way that settles nor the column engine's sums."""
        with self.shop._at_the_door() as door:
            counted = lesson.counted(door, self.shop._look_at_shelf())
            what, entry = lesson.contribution(counted), door.register[lesson.purpose]
            now = rows.as_of_now(door.connection, door.clock())
            day = day_of(now.at, door.zone)
            running = Running(nobody(what).dense())
            for person in people_allowing(door.columns, entry, now).tolist():
                allowed = rows.categories_as_of(door.connection, person, entry, now, day=day) & what.categories
                held = rows.is_held(door.connection, person, now.holds)
                if allowed and not held and rows.is_known(door.connection, person):
                    running.add(what.part(rows.view_of(door.connection, person, entry, allowed, now, types=what.types)))
            return running.hash

    def brings(self, name: str, *lines: str) -> int:
        """A file of order lines; gives the number of its import."""
        file = self.folder / name
        file.write_text("\n".join(["order_id,line_number,customer_id,date,sku,amount", *lines, ""]), "utf-8")
        report = self.shop.intake.run(imports.plan([file]), rejects_to=self.folder / "rejects.csv")
        assert report.state == "done", report
        assert report.id is not None
        return report.id


@pytest.fixture
def world(database, tmp_path, clock):
    made = bakery(database, tmp_path, clock, then=learn_all)
    clock.turn(seconds=1)
    yield World(Bakery(with_lessons(made.shop), made.person), tmp_path, clock)
    made.shop.close()


def with_lessons(shop: Shop) -> Shop:
    return replace(shop, register=register_with(), library=Library(shop.folder / "totals", lessons=LESSONS))


def learn_all(made: Shop) -> None:
    shop = with_lessons(made)
    for name in ("amina", "chiara", *(f"c{n}" for n in range(6))):
        for purpose in ("offers", "personal-content"):
            shop.grant(name, purpose, asked=ASKED)
    later = Micros(shop.clock() + SECOND)
    replace(shop, clock=lambda: later).learn()


# ---- the ways --------------------------------------------------------------------------------------------------------


def withdraw(world: World) -> None:
    world.shop.grant("c0", "offers", asked=ASKED, yes=False)


def withdraw_everything(world: World) -> None:
    world.shop.forget("c0")


def let_it_expire(world: World) -> None:
    world.clock.turn(days=731)


def object_(world: World) -> None:
    world.shop.identity.object_to_all("c0")


def restrict(world: World) -> None:
    world.shop.identity.restrict("c0")


def restrict_and_lift(world: World) -> None:
    world.shop.identity.restrict("c0")
    world.shop.settle()
    world.shop.identity.lift("c0")


def erase(world: World) -> None:
    document = world.shop.erasure.erase("c0").document
    assert document["totals"]["proved"] is True
    assert {one["name"] for one in document["totals"]["each"]} == ALL


def shorten_the_horizon(world: World) -> None:
    """Whatever is older than the new end and no other purpose needs is deleted, and counts no more."""
    short = {"retention_days": RETENTION}
    names = [entry.name.replace("-", "_") for entry in world.shop.register]
    shop = world.another_process(**dict.fromkeys(names, short))
    assert shop.retention.run().rows
    world.made = Bakery(shop, world.made.person)


def correct_a_field(world: World) -> None:
    world.shop.identity.rectify("c0", "city", "Bonn")


def correct_by_a_file(world: World) -> None:
    world.brings("b.csv", "9,1,c0,2026-10-02,wine,2.50", "9,2,c0,2026-10-02,bread,2.50")


def take_an_import_back(world: World) -> None:
    world.shop.intake.undo(1)


def merge(world: World) -> None:
    world.shop.identity.merge("c0", "bruno")


def merge_and_take_it_back(world: World) -> None:
    merged = world.shop.identity.merge("c0", "c1")
    world.shop.settle()
    world.shop.identity.unmerge(merged.id)


UNCHANGED: set[str] = set()
WAYS: dict[str, tuple[Callable[[World], None], set[str]]] = {
    "a withdrawal": (withdraw, {"offers-lines"}),
    "a withdrawal of everything": (withdraw_everything, ALL),
    "an expiry": (let_it_expire, {"models", "offers-lines", "content-lines"}),
    "an objection": (object_, {"sales"}),
    "a restriction": (restrict, ALL),
    "a restriction that was lifted": (restrict_and_lift, UNCHANGED),
    "an erasure": (erase, ALL),
    "a shorter horizon": (shorten_the_horizon, ALL),
    "a corrected field": (correct_a_field, UNCHANGED),
    "a corrected import": (correct_by_a_file, ALL),
    "an import taken back": (take_an_import_back, ALL),
    "a merge with one who never agreed": (merge, ALL),
    "a merge that was taken back": (merge_and_take_it_back, UNCHANGED),
}


@pytest.mark.parametrize(("way", "changes"), WAYS.values(), ids=list(WAYS))
def test_every_total_ends_as_one_that_was_never_otherwise(world, way, changes):
    assert world.brings("a.csv", "9,1,c0,2026-10-02,croissant,2.50", "9,2,c0,2026-10-02,bread,2.50") == 1
    elsewhere = world.another_process()
    elsewhere.warm()
    world.shop.settle()
    before = world.hashes()
    assert set(before) == ALL
    way(world)
    world.shop.settle()
    after = world.hashes()
    assert {name for name in ALL if after[name] != before[name]} == changes
    elsewhere = replace(elsewhere, register=world.shop.register)
    for lesson in LESSONS:
        name = lesson.name
        assert after[name] == world.shop.caught_up(name).hash == elsewhere.caught_up(name).hash, name
        assert after[name] == world.shop.rebuilt(name).hash == world.part_by_part(lesson), name
    reborn = world.another_process()
    assert {
        name: total.hash for name, total in replace(reborn, register=world.shop.register).settle_all().items()
    } == after


def test_many_ways_one_after_the_other_end_so_too(world):
    world.brings("a.csv", "9,1,c0,2026-10-02,croissant,2.50", "9,2,c0,2026-10-02,bread,2.50")
    for way in (withdraw, merge_and_take_it_back, object_, correct_by_a_file, restrict_and_lift, erase):
        way(world)
        world.shop.decide("c1", count=4)
    world.shop.settle()
    for lesson in LESSONS:
        assert world.hashes()[lesson.name] == world.shop.rebuilt(lesson.name).hash == world.part_by_part(lesson)
