"""Importing a year of real purchases, 1.47 million order lines, as a shop would: rate and memory, from file to commit.

And an export of 100,000 orders of a shop system, beside the least that any program has to do for it: read the file with
Python's csv, and write as many events. Each way runs in a program of its own, so that each peak of memory is its own.
"""

import csv
import json
import multiprocessing
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any
from zoneinfo import ZoneInfo

from tests.collect.formats.exports import SHOPIFY_ORDERS as SHOPIFY_HEADINGS

from benchmarks.postgresql import server
from benchmarks.rows import Figure, at_least, at_most
from goodwill.basics.clock import DAY, system_clock
from goodwill.basics.errors import Busy
from goodwill.basics.ids import hash64
from goodwill.collect import imports
from goodwill.people import identify
from goodwill.people.bulk import add_rows
from goodwill.people.tables import events as log_of_events
from goodwill.protect import Cipher, KeyStore
from goodwill.purposes import shipped
from goodwill.simulate.journey import data_folder
from goodwill.storage import Database, connect, migrate

LINES_PER_SECOND, MEGABYTES = 50_000, 600
SHOPIFY_ORDERS, SHOPIFY_LINES_PER_SECOND, SHOPIFY_MEGABYTES = 100_000, 20_000, 400


def run() -> list[Figure]:
    """Rates from the look at the file to the last commit, and the peak memory of the whole program."""
    parquet, text, again = _measured("parquet"), _measured("csv"), _measured("again")
    shopify, floor = _measured("shopify"), _measured("floor")
    rows = [
        at_least("order lines from Parquet into SQLite", parquet["rate"], "lines/s", LINES_PER_SECOND),
        at_most("peak memory, Parquet", parquet["megabytes"], "MB", MEGABYTES),
        at_least("order lines from CSV into SQLite", text["rate"], "lines/s", LINES_PER_SECOND),
        at_most("peak memory, CSV", text["megabytes"], "MB", MEGABYTES),
        Figure("the same Parquet file again: nothing new", again["rate"], "lines/s"),
        at_least(
            "lines of 100,000 orders from Shopify's CSV into SQLite",
            shopify["rate"],
            "lines/s",
            SHOPIFY_LINES_PER_SECOND,
        ),
        at_most("peak memory, Shopify's CSV", shopify["megabytes"], "MB", SHOPIFY_MEGABYTES),
        Figure("… the floor: csv and the same events, nobody known, no consent, no key", floor["rate"], "lines/s"),
        Figure("… of the floor", shopify["rate"] / floor["rate"], "×"),
        Figure("products into an empty catalogue", parquet["products"], "rows/s"),
        Figure("the same export only tried, SQLite: longest wait of whoever writes beside it", _waited("try"), "s"),
    ]
    if any(Path("/usr/lib/postgresql").glob("*/bin/postgres")):
        rows.append(Figure("order lines from Parquet into PostgreSQL", _measured("postgresql")["rate"], "lines/s"))
        shopify = _measured("shopify-postgresql")
        rows.append(Figure("lines of 100,000 orders from Shopify's CSV into PostgreSQL", shopify["rate"], "lines/s"))
        rows.append(Figure("peak memory, Shopify's CSV into PostgreSQL", shopify["megabytes"], "MB"))
        rows.append(Figure("the same export only tried, PostgreSQL: longest wait", _waited("try-postgresql"), "s"))
    return rows


def _waited(way: str) -> float:
    return _measured(way)["longest"]


def _measured(way: str) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.bench_import", way]
    answer: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return answer


def measure(way: str) -> dict[str, float]:
    """One way: a shop with its products, then all order lines."""
    with TemporaryDirectory() as folder, _database(Path(folder), way) as database:
        home, source = Path(folder), data_folder()
        lines = source / "transactions.parquet"
        if way == "csv":
            lines = home / "lines.csv"
            _write_csv(source / "transactions.parquet", lines)
        migrate(database)
        keys = KeyStore.open(home / "keys", clock=system_clock)
        cipher = Cipher(keys, "bench")
        tools = imports.Tools(cipher, shipped(), ZoneInfo("America/New_York"), "USD", system_clock, level="type")

        def take(path: Path) -> float:
            start = perf_counter()
            planned = imports.plan([path])
            report = imports.run(database, tools, planned, rejects_to=home / "rejects.csv")
            bought = [part.rows for part in report.parts if part.kind == "order-lines"]
            return sum(bought or [report.rows]) / (perf_counter() - start)

        if way in ("shopify", "shopify-postgresql", "floor", "try", "try-postgresql"):
            lines = home / "orders_export.csv"
            command = [sys.executable, "-c", _WRITE_EXPORT, str(lines), str(SHOPIFY_ORDERS)]
            subprocess.run(command, check=True)  # its memory is not the importer's
            if way.startswith("try"):
                with _writing_beside(database, home / "keys") as longest:
                    imports.run(database, tools, imports.plan([lines]), rejects_to=home / "r.csv", dry_run=True)
                keys.close()
                return {"longest": longest()}
            rate = _floor(database, lines) if way == "floor" else take(lines)
            keys.close()
            return {"rate": rate, "products": 0.0, "megabytes": _peak_megabytes()}
        products = take(source / "products.parquet")
        rate = take(lines)
        if way == "again":
            rate = take(lines)
        keys.close()
        return {"rate": rate, "products": products, "megabytes": _peak_megabytes()}


def _floor(database: Database, path: Path) -> float:
    """Lines a second of the least that has to be done: the file read with csv, an event for each order and line."""
    start, lines = perf_counter(), 0
    place = {name: number for number, name in enumerate(SHOPIFY_HEADINGS)}
    name, total, price = (place[heading] for heading in ("Name", "Total", "Lineitem price"))
    columns = ("type", "at", "day", "amount", "currency", "reference", "key", "import_id")
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        next(rows)
        while some := list(islice(rows, _AT_ONCE)):
            events = []
            for row in some:
                order = int(row[name][1:])
                day = 20_000 + order % 300
                if row[total]:
                    cents = round(float(row[total]) * 100)
                    events.append((4, day * DAY, day, cents, "EUR", order, hash64("o", row[name]), 1))
                cents, key = round(float(row[price]) * 100), hash64("l", str(lines))
                events.append((5, day * DAY, day, cents, "EUR", order, key, 1))
                lines += 1
            with database.transaction() as connection:
                add_rows(connection, log_of_events, columns, events)
    return lines / (perf_counter() - start)


@contextmanager
def _writing_beside(database: Database, keys: Path) -> Iterator[Callable[[], float]]:
    """Somebody in another program makes a person fifty times a second; gives how long the longest took, in seconds."""
    fresh = multiprocessing.get_context("spawn")
    stop, said = fresh.Event(), fresh.Queue()
    writer = fresh.Process(target=_write, args=(database.url or str(database.file), keys, stop, said))
    writer.start()
    said.get()  # it is ready
    yield said.get
    stop.set()
    writer.join()


def _write(url: str, folder: Path, stop: Any, said: Any) -> None:
    database, longest, number = connect(url), 0.0, 0
    cipher = Cipher(KeyStore.open(folder, clock=system_clock), "bench")
    said.put(0.0)
    while not stop.wait(0.02):
        start, number = perf_counter(), number + 1
        with suppress(Busy), database.transaction() as connection:
            identify(connection, cipher, {"email": f"beside{number}@example.org"}, now=system_clock())
        longest = max(longest, perf_counter() - start)
    database.close()
    said.put(longest)


_AT_ONCE = 10_000
_WRITE_EXPORT = (
    "import sys; from pathlib import Path; from benchmarks.shopify_export import write; "
    "write(Path(sys.argv[1]), int(sys.argv[2]))"
)


def _write_csv(source: Path, target: Path) -> None:
    """The same lines as text, written by a program of its own: its memory is not the importer's."""
    question = f"COPY (FROM '{source}') TO '{target}' (HEADER)"
    command = [sys.executable, "-c", "import duckdb, sys; duckdb.execute(sys.argv[1])", question]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@contextmanager
def _database(folder: Path, way: str) -> Iterator[Database]:
    if way.endswith("postgresql"):
        with server() as url:
            database = connect(url)
            yield database
            database.close()
        return
    database = connect(folder / "shop.db")
    yield database
    database.close()


def _peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1])))
