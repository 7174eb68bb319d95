"""How long the return report takes of a shop with a million events, the first time and when it is told again."""

import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from benchmarks.crowd import NOW, fill
from benchmarks.rows import Figure, at_most
from goodwill.app import create_shop
from goodwill.basics.clock import DAY, Micros, date_of
from goodwill.decide import store
from goodwill.decide.plan import Holdout
from goodwill.shop.report_pdf import printed
from goodwill.storage import connect

PEOPLE, EVENTS, PRODUCTS = 50_000, 1_000_000, 5_000
T = TypeVar("T")
_WINDOW = 120  # days


def run() -> list[Figure]:
    """Seconds of a report with everything that it reads of people for the first time, on SQLite."""
    with TemporaryDirectory() as folder:
        return _measured(Path(folder))


def _measured(folder: Path) -> list[Figure]:
    database = connect(folder / "shop.db")
    fill(database, people=PEOPLE, events=EVENTS, products=PRODUCTS)
    database.close()
    with create_shop(folder, clock=lambda: Micros(NOW), currency="USD", margin=40) as shop:
        with shop.database.transaction() as connection:
            row = Holdout(10, "bench")
            store.add(connection, "holdout", "", row, actor="bench", at=Micros(NOW - _WINDOW * DAY))
        day = date_of(NOW // DAY - 30).isoformat()
        for kind, programme in (("licence", "goodwill"), ("media", "")):
            shop.costs.add(kind, "900.00", day=day, programme=programme)
        first, report = _took(shop.report)
        again, same = _took(shop.report)
        paper, _ = _took(lambda: printed(report))
        if same != report or not report.figures:
            raise AssertionError(f"no report was told twice: {report.sentence}")
    return [
        at_most("Return report of 1 M events, 50,000 people, the first time", first, "s", 10),
        Figure("… told again", 1e3 * again, "ms"),
        Figure("… set on paper", paper, "s"),
    ]


def _took(what: Callable[[], T]) -> tuple[float, T]:
    start = time.perf_counter()
    found = what()
    return time.perf_counter() - start, found
