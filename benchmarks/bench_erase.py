"""Erasing: one person and a thousand in a shop of a million events, and locking the keys of 100,000 people anew."""

import shutil
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.crowd import NOW, fill
from benchmarks.rows import Figure, at_most
from goodwill.app import create_shop, open_shop
from goodwill.basics.clock import Micros
from goodwill.basics.ids import PersonId
from goodwill.people.identify import Mark, attach
from goodwill.protect import KeyState
from goodwill.protect.keystore import KeyStore
from goodwill.shop import Shop, Who
from goodwill.storage import connect

EVENTS, PEOPLE, PRODUCTS, MANY = 1_000_000, 100_000, 2_000, 1_000


def run() -> list[Figure]:
    with TemporaryDirectory() as folder:
        shop = _furnished(Path(folder) / "home")
        shop.learn()
        figures = [*_one(shop), *_many(shop), *_rotation(shop)]
        shop.close()
    return figures


def _furnished(home: Path) -> Shop:
    """A hundred thousand people with a customer number and an address each, and a million purchases."""
    create_shop(home, clock=lambda: Micros(NOW), items="product").close()
    for file in home.glob("shop.db*"):
        file.unlink()
    shutil.rmtree(home / "keys")
    database = connect(home / "shop.db")
    fill(database, people=PEOPLE, events=EVENTS, products=PRODUCTS)
    keys = KeyStore.open(home / "keys", clock=lambda: Micros(NOW))
    keys.create(range(1, PEOPLE + 1))
    keys.close()
    database.close()
    shop = open_shop(home, clock=lambda: Micros(NOW))
    with shop.database.transaction() as connection:
        for kind, ending in (("user_id", ""), ("email", "@example.org")):
            marks = [
                (Mark(kind, f"customer-{n}{ending}", lookup), PersonId(n))
                for n, lookup in enumerate(
                    shop.cipher.lookup_many(kind, [f"customer-{n}{ending}" for n in range(1, PEOPLE + 1)]), start=1
                )
            ]
            attach(connection, shop.cipher, marks, now=NOW, verified_at=None, import_id=None)
    return shop


def _one(shop: Shop) -> list[Figure]:
    died: list[float] = []
    destroy = shop.keys.destroy_all

    def timed(*args: object, **named: object) -> None:
        destroy(*args, **named)  # type: ignore[arg-type]
        died.append(time.perf_counter() - start)

    vars(shop.keys)["destroy_all"] = timed
    start = time.perf_counter()
    certificate = shop.erasure.erase("customer-7", reason="a benchmark")
    took = time.perf_counter() - start
    del vars(shop.keys)["destroy_all"]
    assert certificate.status == "done", certificate
    assert shop.keys.state(certificate.person) is KeyState.DESTROYED
    return [
        at_most("erase one person of 1 M events: her key is dead after", died[0], "s", 1),
        at_most("erase one person of 1 M events: all stores, totals, search and certificate", took, "s", 60),
    ]


def _many(shop: Shop) -> list[Figure]:
    wanted = [Who(user_id=f"customer-{n}") for n in range(100, 100 + MANY)]
    start = time.perf_counter()
    done = shop.erasure.erase_all(wanted, reason="a benchmark")
    took = time.perf_counter() - start
    assert {one.status for one in done} == {"done"}
    return [at_most(f"erase {MANY:,} people at once", took, "s", 600)]


def _rotation(shop: Shop) -> list[Figure]:
    done = shop.erasure.rotate()
    assert done.people == PEOPLE - MANY - 1
    assert shop.find("customer-99999") == PEOPLE - 1
    return [at_most(f"lock the keys and ids of {PEOPLE:,} people anew", done.seconds, "s", 10)]
