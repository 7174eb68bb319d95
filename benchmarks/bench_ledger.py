"""A ledger of a million rows: hashing it whole, proving one row of it, and looking whether it may be believed."""

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
from goodwill.shop import Shop
from goodwill.storage import connect

PEOPLE, TRIES = 333_334, 500  # three answers each


def run() -> list[Figure]:
    """On SQLite; PostgreSQL stands for comparison."""
    with TemporaryDirectory() as folder:
        lite = _measured(Path(folder), None, "SQLite")
    with TemporaryDirectory() as folder, server() as url:
        return lite + _measured(Path(folder), url, "PostgreSQL")


def _measured(folder: Path, url: str | None, name: str) -> list[Figure]:
    database = connect(url or folder / "shop.db")
    fill(database, people=PEOPLE, events=1, products=1)
    database.close()
    values = {"database": url} if url else {}
    with create_shop(folder, clock=lambda: Micros(NOW), **values) as shop:
        first, _ = _seconds(shop.proofs.checkpoint)
        whole, verdicts = _seconds(shop.proofs.verify)
        if not all(verdict.holds for verdict in verdicts):
            raise AssertionError("a ledger that nobody touched does not hold")
        look, quarantine = _seconds(lambda: shop.proofs.quarantine)
        if quarantine is not None:
            raise AssertionError("a ledger that nobody touched is in quarantine")
        milliseconds, longest = _proofs(shop)
        believing = _believing(shop)
    p50, p99 = np.quantile(milliseconds, (0.5, 0.99))
    return [
        at_most(f"Ledger of 1 M rows, {name}: verify all of it", whole, "s", 60),
        Figure(f"… first checkpoint, every hash kept, {name}", first, "s"),
        at_most(f"… longest inclusion proof, {name}", longest, "hashes", 20),
        Figure(f"… inclusion proof, {name}: p50", float(p50), "ms"),
        at_most(f"… inclusion proof, {name}: p99", float(p99), "ms", 50),
        Figure(f"… look whether it leads to its checkpoint, {name}", look * 1_000, "ms"),
        Figure(f"… the same for each decision, nothing having changed, {name}", believing, "µs"),
    ]


def _seconds(do):  # noqa: ANN001, ANN202 - whatever it gives
    start = time.perf_counter()
    found = do()
    return time.perf_counter() - start, found


def _proofs(shop: Shop) -> tuple[list[float], int]:
    choose, took, longest = Random(84), [], 0
    for _ in range(TRIES):
        position = choose.randint(1, 3 * PEOPLE)
        seconds, found = _seconds(lambda position=position: shop.proofs.inclusion(position))
        took.append(seconds * 1_000)
        longest = max(longest, len(found.proof))
    return took, longest


def _believing(shop: Shop) -> float:
    start = time.perf_counter()
    for _ in range(10_000):
        shop.proofs.trusts(3 * PEOPLE)
    return (time.perf_counter() - start) * 100
