"""The invented café goes in through the same importer as a real shop, on both databases, and its truth is found."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from goodwill.app import create_shop
from goodwill.collect import imports
from goodwill.purposes import RECOMMENDATIONS
from goodwill.shop import Shop
from goodwill.simulate.cafe import CURRENCY, ZONE, World, cafe
from goodwill.simulate.files import write
from goodwill.storage import Database


@pytest.fixture(scope="module")
def world() -> World:
    return cafe(people=60, seed=5, days=120)


@pytest.fixture
def shop(database: Database, tmp_path: Path, world: World) -> Iterator[Shop]:
    where = database.url or f"sqlite:///{database.file}"
    with create_shop(
        tmp_path / "home", clock=lambda: world.end, database=where, currency=CURRENCY, zone=ZONE.key
    ) as opened:
        yield opened


def _import(shop: Shop, world: World, folder: Path) -> imports.ImportReport:
    planned = imports.plan(list(write(folder, world)))
    return imports.run(shop.database, shop.tools, planned, rejects_to=folder / "rejects.csv")


def test_the_cafe_comes_in_whole_and_its_people_are_remembered(shop: Shop, world: World, tmp_path: Path) -> None:
    report = _import(shop, world, tmp_path / "files")
    orders = len(set(world.lines.order.tolist()))
    kept = {part.kind: part.kept for part in report.parts}
    assert report.rejects == ()
    assert not report.left_behind
    assert kept == {
        "products": len(world.products),
        "customers": len(world.people),
        "consents": len(world.consents),
        "orders": orders,
        "order-lines": len(world.lines),
    }
    _the_cast_is_who_it_is(shop)
    _habits_are_found(shop, world)


def _the_cast_is_who_it_is(shop: Shop) -> None:
    said = {name: shop.can(name, RECOMMENDATIONS) for name in ("amina", "bruno", "chiara", "dev")}
    assert {name: (answer.allowed, answer.reason) for name, answer in said.items()} == {
        "amina": (True, "allowed"),
        "bruno": (False, "never-asked"),
        "chiara": (False, "withdrawn"),
        "dev": (True, "allowed"),
    }


def _habits_are_found(shop: Shop, world: World) -> None:
    shop.learn()
    assert shop.decide("dev").reason == "no-history"
    amina = shop.decide("amina", count=5)
    usual = {product.id for product in world.truth.usual_of(world.index("amina"))}
    assert usual <= {choice.product for choice in amina.items if choice.kind == "usual"}


def test_coming_in_twice_changes_nothing(shop: Shop, world: World, tmp_path: Path) -> None:
    _import(shop, world, tmp_path / "files")
    again = _import(shop, world, tmp_path / "files")
    assert (again.kept, again.rejected) == (0, 0)
    assert again.unchanged == again.rows


def test_may_contact_counts_what_the_world_says(shop: Shop, world: World, tmp_path: Path) -> None:
    _import(shop, world, tmp_path / "files")
    last: dict[str, str] = {}
    for word in sorted(world.consents, key=lambda word: word.at):
        if word.purpose == "email-marketing" and word.category == "contact":
            last[word.person] = word.state
    states = Counter(last.get(person.id, "never-asked") for person in world.people)
    found = shop.may_contact()
    assert found.yes == states.pop("given")
    assert dict(found.why_not) == dict(states)
