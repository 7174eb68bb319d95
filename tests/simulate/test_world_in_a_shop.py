"""A world comes into a shop by the importer or straight into the tables, on both databases, and both say the same."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import text

from goodwill.app import create_shop
from goodwill.basics.clock import DAY, Micros, day_number
from goodwill.collect import imports
from goodwill.purposes import EMAIL_MARKETING, MEASUREMENT
from goodwill.shop import Shop
from goodwill.simulate.world import Knobs, World, draw, live, orders, touches
from goodwill.simulate.world.files import names, write
from goodwill.simulate.world.fill import Filled, fill
from goodwill.storage import Database

KNOBS = Knobs(people=60, duplicates=0.2, late=0.6, ties=0.2, foreign=0.3, untracked=0.3)
END = Micros((day_number(KNOBS.start) + 7 * KNOBS.weeks + 30) * DAY)


@pytest.fixture(scope="module")
def world() -> World:
    return live(draw(KNOBS, 5))


@pytest.fixture
def shop(database: Database, tmp_path: Path) -> Iterator[Shop]:
    where = database.url or f"sqlite:///{database.file}"
    with create_shop(
        tmp_path / "home", clock=lambda: END, database=where, currency="EUR", zone="Europe/Berlin"
    ) as opened:
        yield opened


def _import(shop: Shop, world: World, folder: Path) -> imports.ImportReport:
    planned = imports.plan(list(write(folder, world, shop.register)))
    return imports.run(shop.database, shop.tools, planned, rejects_to=folder / "rejects.csv")


def _events(shop: Shop, kinds: str) -> list[tuple[object, ...]]:
    """What stands in the log of some types, by key, so that the order of writing does not count."""
    columns = "type, at, day, amount, currency, reference, key"
    question = f"SELECT {columns} FROM events WHERE type IN ({kinds}) ORDER BY key"
    with shop.database.reading() as connection:
        return [tuple(row) for row in connection.execute(text(question))]


def _different(world: World) -> int:
    return len(set(orders(world).number.tolist()))


def _allowed_touches(world: World) -> int:
    seen = touches(world)
    return int((world.consent[seen.person] & (seen.week >= KNOBS.weeks_before)).sum())


def test_a_world_comes_in_by_the_importer_like_any_shop(shop: Shop, world: World, tmp_path: Path) -> None:
    report = _import(shop, world, tmp_path / "files")
    kept = {part.kind: part.kept for part in report.parts}
    assert report.rejects == ()
    assert kept["customers"] == KNOBS.people
    assert kept["orders"] == _different(world) < len(orders(world))
    assert shop.may_contact().yes == world.consent.sum()
    for name, consents in zip(names(world), world.consent.tolist(), strict=True):
        assert shop.can(name, MEASUREMENT).reason == ("allowed" if consents else "refused")


def test_straight_into_the_tables_is_what_the_importer_would_have_written(
    shop: Shop, world: World, tmp_path: Path
) -> None:
    filled = fill(shop.database, shop.tools, world)
    assert filled.people == KNOBS.people
    assert filled.orders == _different(world)
    assert filled.touches == _allowed_touches(world)
    assert filled.repeated == len(orders(world)) - filled.orders
    written = _events(shop, "4")
    report = _import(shop, world, tmp_path / "files")
    unchanged = {part.kind: part.unchanged for part in report.parts}
    assert unchanged["orders"] == len(orders(world))
    assert unchanged["consents"] == filled.answers
    assert report.rejects == ()
    assert _events(shop, "4") == written
    assert {row[4] for row in written} == {"EUR", "USD"}


def test_filling_twice_changes_nothing(shop: Shop, world: World) -> None:
    first = fill(shop.database, shop.tools, world)
    written = _events(shop, "4, 10, 13")
    again = fill(shop.database, shop.tools, world)
    assert again == Filled(60, 0, 0, 0, first.orders + first.touches + first.repeated)
    assert _events(shop, "4, 10, 13") == written


def test_late_records_are_missing_until_they_arrive(shop: Shop, world: World) -> None:
    then = Micros((day_number(KNOBS.start) + 7 * 30) * DAY)
    records = orders(world)
    here = len(set(records.number[records.arrived <= then].tolist()))
    happened = len(set(records.number[records.at <= then].tolist()))
    assert fill(shop.database, shop.tools, world, arrived_by=then).orders == here < happened
    assert fill(shop.database, shop.tools, world).orders == _different(world) - here


def test_no_message_to_whoever_refused_is_kept(shop: Shop, world: World) -> None:
    fill(shop.database, shop.tools, world)
    refused = np.flatnonzero(~world.consent).tolist()
    people = {names(world)[place] for place in refused}
    assert all(not shop.can(name, EMAIL_MARKETING).allowed for name in people)
    question = text(
        "SELECT count(*) FROM events WHERE type IN (10, 13) AND person IN "
        "(SELECT person FROM consent_now WHERE purpose = 'email-marketing' AND yes = 0)"
    )
    with shop.database.reading() as connection:
        assert connection.execute(question).scalar_one() == 0
