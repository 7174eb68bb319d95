"""Importing a year of real purchases, 1.47 million order lines, as a shop would: rate and memory, from file to commit.

Each way runs in a program of its own, so that each peak of memory is its own.
"""

import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from zoneinfo import ZoneInfo

from benchmarks.postgresql import server
from benchmarks.rows import Figure, at_least, at_most
from goodwill.basics.clock import system_clock
from goodwill.collect import imports
from goodwill.protect import Cipher, KeyStore
from goodwill.purposes import shipped
from goodwill.simulate.journey import data_folder
from goodwill.storage import Database, connect, migrate

LINES_PER_SECOND, MEGABYTES = 50_000, 600
SHOPIFY_ORDERS, SHOPIFY_LINES_PER_SECOND, SHOPIFY_MEGABYTES = 100_000, 20_000, 400


def run() -> list[Figure]:
    """Rates from the look at the file to the last commit, and the peak memory of the whole program."""
    parquet, text, again = _measured("parquet"), _measured("csv"), _measured("again")
    shopify = _measured("shopify")
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
        Figure("products into an empty catalogue", parquet["products"], "rows/s"),
    ]
    if any(Path("/usr/lib/postgresql").glob("*/bin/postgres")):
        rows.append(Figure("order lines from Parquet into PostgreSQL", _measured("postgresql")["rate"], "lines/s"))
    return rows


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

        if way == "shopify":
            lines = home / "orders_export.csv"
            command = [sys.executable, "-c", _WRITE_EXPORT, str(lines), str(SHOPIFY_ORDERS)]
            subprocess.run(command, check=True)  # its memory is not the importer's
            rate = take(lines)
            keys.close()
            return {"rate": rate, "products": 0.0, "megabytes": _peak_megabytes()}
        products = take(source / "products.parquet")
        rate = take(lines)
        if way == "again":
            rate = take(lines)
        keys.close()
        return {"rate": rate, "products": products, "megabytes": _peak_megabytes()}


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
    if way == "postgresql":
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
