"""A decision in process: door, models, guard, reasons, record written and committed."""

import statistics
import time
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.crowd import NOW, fill
from benchmarks.postgresql import server
from benchmarks.rows import Figure, at_most
from goodwill.app import create_shop
from goodwill.basics.clock import Micros
from goodwill.basics.ids import PersonId
from goodwill.shop import Shop, Who
from goodwill.storage import connect

PEOPLE, EVENTS, PRODUCTS, DECISIONS = 100_000, 5_000_000, 2_000, 3_000


def run() -> list[Figure]:
    """Milliseconds a decision on SQLite; PostgreSQL, a process away, may take twice as long."""
    with TemporaryDirectory() as folder:
        figures, lite = _measured(Path(folder), None, "SQLite", 1)
    with TemporaryDirectory() as folder, server() as url:
        more, post = _measured(Path(folder), url, "PostgreSQL", 2)
    ratio = at_most("Decision, p50: PostgreSQL beside SQLite", post / lite, "×", 2.0)
    return [*figures, *more, ratio]


def _measured(folder: Path, url: str | None, name: str, longer: int) -> tuple[list[Figure], float]:
    database = connect(url or folder / "shop.db")
    fill(database, people=PEOPLE, events=EVENTS, products=PRODUCTS)
    database.close()
    values = {"database": url} if url else {}
    with create_shop(folder, clock=lambda: Micros(NOW), currency="USD", **values) as shop:
        learned = shop.learn()
        milliseconds = _decisions(shop)
        forgotten = statistics.median(_forgotten(shop))
    p50, p99 = np.quantile(milliseconds, (0.5, 0.99))
    figures = [
        at_most(f"Decision in process, {name}, 100,000 people, 5 M events: p50", float(p50), "ms", 3.0 * longer),
        at_most(f"Decision in process, {name}, 100,000 people, 5 M events: p99", float(p99), "ms", 15.0 * longer),
        Figure(f"… learning from {learned.people:,} of them, {name}", learned.seconds, "s"),
        Figure(f"… withdrawal until total and models are without her, {name}", forgotten, "ms"),
    ]
    return figures, float(p50)


def _decisions(shop: Shop) -> list[float]:
    choose = Random(84)
    took = []
    for turn in range(DECISIONS + 200):
        person = Who(id=PersonId(choose.randint(1, PEOPLE)))
        start = time.perf_counter()
        shop.decide(person, count=10)
        if turn >= 200:  # warm by then
            took.append((time.perf_counter() - start) * 1_000)
    return took


def _forgotten(shop: Shop) -> list[float]:
    found = []
    for person in range(1, 6):
        proof = shop.forget(Who(id=PersonId(person)))
        if not proof.equal:
            raise AssertionError("a total without a person differs from one that never had her")
        found.append(proof.milliseconds)
    return found
