"""Consent-filtered monthly totals over ten million events, beside DuckDB on a Parquet file of the same rows."""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import duckdb
import ibis
import numpy as np

from benchmarks.crowd import DAYS, FIRST_DAY, NOW, fill
from benchmarks.postgresql import server
from benchmarks.rows import Figure, at_most
from goodwill.access import Door, View
from goodwill.access.columns import Columns
from goodwill.access.view import Numbers
from goodwill.basics.clock import Micros, date_of
from goodwill.people.types import BOUGHT, TypeCode
from goodwill.purposes import MEASUREMENT, Category, Purpose, shipped
from goodwill.storage import Database, connect
from goodwill.sums import Sums

EVENTS, PEOPLE, PRODUCTS, RUNS = 10_000_000, 100_000, 5_000, 5

_MONTH = np.array(
    [(date_of(day).year - 1970) * 12 + date_of(day).month - 1 for day in range(FIRST_DAY, FIRST_DAY + DAYS)]
)
_MONTHS = int(_MONTH.max() - _MONTH.min() + 1)


@dataclass(frozen=True)
class SpentPerMonth:
    """Lines and amounts per calendar month: the database adds up days, months are rolled up from them."""

    name: str = "spent-per-month"
    purpose: Purpose = MEASUREMENT
    categories: frozenset[Category] = frozenset({Category("purchases")})
    types: tuple[TypeCode, ...] = (BOUGHT,)

    def part(self, view: View) -> Sums:
        return self._rolled(1, view.events.day, np.ones(len(view.events), np.int64), view.events.amount)

    def expression(self, events: ibis.Table) -> ibis.Table:
        return events.group_by("day").aggregate(lines=events.count(), cents=events.amount.sum())

    def gather(self, people: int, columns: Mapping[str, Numbers]) -> Sums:
        none = np.zeros(0, np.int64)
        return self._rolled(people, *(columns.get(name, none) for name in ("day", "lines", "cents")))

    def _rolled(self, people: int, day: Numbers, lines: Numbers, cents: Numbers) -> Sums:
        month = _MONTH[day - FIRST_DAY] - _MONTH.min()
        out = np.zeros((2, _MONTHS), np.int64)
        np.add.at(out[0], month, lines)
        np.add.at(out[1], month, cents)
        return Sums(people=people, lines=out[0], cents=out[1])


def run() -> list[Figure]:
    """Ratios to the Parquet file, measured in turn in the same run."""
    with TemporaryDirectory() as folder:
        place = Path(folder)
        lite = connect(place / "crowd.db")
        fill(lite, people=PEOPLE, events=EVENTS, products=PRODUCTS)
        floor = _floor(place, lite)
        figures = _beside(lite, floor, "SQLite", 3.0)
        with server() as url:
            post = connect(url)
            fill(post, people=PEOPLE, events=EVENTS, products=PRODUCTS)
            figures += _beside(post, floor, "PostgreSQL", 5.0)
            post.close()
        lite.close()
    return figures


# In a process of its own: two copies of SQLite in one undo each other's locks.
_COPY = """
import sys, duckdb, duckdb_extension_sqlite_scanner as scanner
from pathlib import Path
place, database = sys.argv[1:]
(extension,) = Path(scanner.__file__).parent.glob("extensions/*/*.duckdb_extension")
duck = duckdb.connect()
duck.execute(f"LOAD '{extension}'")
duck.execute(f"ATTACH '{database}' AS shop (TYPE sqlite, READ_ONLY)")
for table in ("events", "consent_now"):
    duck.execute(f"COPY (SELECT * FROM shop.{table}) TO '{place}/{table}.parquet'")
"""


def _floor(place: Path, database: Database) -> Callable[[], int]:
    """The same question, consent included, on Parquet files of the same rows."""
    subprocess.run([sys.executable, "-c", _COPY, str(place), str(database.file)], check=True)
    duck = duckdb.connect(config={"threads": 2})
    question = f"""
        SELECT date_trunc('month', DATE '1970-01-01' + day::INTEGER) AS month, count(*), sum(amount)
        FROM '{place}/events.parquet' WHERE type = {BOUGHT} AND person IN (
            SELECT person FROM '{place}/consent_now.parquet'
            WHERE purpose = 'measurement' AND category = 'purchases' AND yes = 1) GROUP BY 1"""
    return lambda: sum(row[2] for row in duck.execute(question).fetchall())


def _beside(database: Database, floor: Callable[[], int], name: str, limit: float) -> list[Figure]:
    columns, what = Columns(database), SpentPerMonth()

    def ours() -> int:
        with database.transaction() as connection:
            door = Door(connection, shipped(), columns, None, lambda: Micros(NOW), ZoneInfo("UTC"), lambda _: True)
            return int(door.total(what).sums.array("cents").sum())

    if ours() != floor():
        raise AssertionError(f"{name} and Parquet disagree about the total")
    ratios, seconds, floors = [], [], []
    for _ in range(RUNS):
        seconds.append(_took(ours))
        floors.append(_took(floor))
        ratios.append(seconds[-1] / floors[-1])
    columns.close()
    return [
        at_most(
            f"Monthly totals, 10 M events, consent-filtered: {name} beside Parquet",
            statistics.median(ratios),
            "×",
            limit,
        ),
        Figure(f"… {name}", statistics.median(seconds), "s"),
        Figure("… Parquet, same rows and question", statistics.median(floors), "s"),
    ]


def _took(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start
