"""A person's own copy of ten thousand events, streamed in each form: how long, and how much memory it takes beside.

Each form is made in a program of its own, so that each peak of memory is its own.
"""

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.crowd import NOW, fill
from benchmarks.rows import Figure, at_most
from goodwill.access import SignedIn
from goodwill.app import create_shop, open_shop
from goodwill.basics.clock import Micros
from goodwill.basics.ids import PersonId
from goodwill.protect.keystore import KeyStore
from goodwill.storage import connect

EVENTS, OTHERS, PRODUCTS = 10_000, 50, 2_000
SECONDS, MEGABYTES = 10, 150
FORMS = ("json", "csv", "pdf")


def run() -> list[Figure]:
    with TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        _furnish(home)
        return [row for form in FORMS for row in _figures(form, _measured(home, form))]


def _figures(form: str, found: dict[str, float]) -> list[Figure]:
    name = form.upper()
    return [
        at_most(f"own copy of {EVENTS:,} events, {name}: from asking to the last byte", found["seconds"], "s", SECONDS),
        Figure("… to the first byte", found["first"], "s"),
        at_most("… memory beside the open shop", found["megabytes"], "MB", MEGABYTES),
        Figure("… size", found["size"], "MB"),
    ]


def _furnish(home: Path) -> None:
    """A shop in which one person did ten thousand things, and fifty others ten thousand more."""
    create_shop(home, clock=lambda: Micros(NOW), items="product").close()
    for file in home.glob("shop.db*"):
        file.unlink()
    shutil.rmtree(home / "keys")
    database = connect(home / "shop.db")
    fill(database, people=OTHERS, events=2 * EVENTS, products=PRODUCTS)
    with database.transaction() as connection:
        connection.exec_driver_sql(f"UPDATE events SET person = 1 WHERE id <= {EVENTS}")
        connection.exec_driver_sql(f"UPDATE events SET person = 2 WHERE id > {EVENTS} AND person = 1")
    keys = KeyStore.open(home / "keys", clock=lambda: Micros(NOW))
    keys.create(map(PersonId, range(1, OTHERS + 1)))
    keys.close()
    database.close()


def _measured(home: Path, form: str) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.bench_copies", str(home), form]
    answer: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return answer


def measure(home: Path, form: str) -> dict[str, float]:
    """One form, written to a file piece by piece; a copy of somebody else first, so that all code is there."""
    shop = open_shop(home, clock=lambda: Micros(NOW))
    for _ in shop.copies.made(SignedIn(PersonId(3), "a benchmark"), form):
        pass
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak begins anew: opening a shop has one too
    before, start, first = _megabytes("VmRSS"), time.perf_counter(), 0.0
    target = home / f"copy.{form}"
    with target.open("wb") as file:
        for piece in shop.copies.made(SignedIn(PersonId(1), "a benchmark"), form):
            first = first or time.perf_counter() - start
            file.write(piece)
    took = time.perf_counter() - start
    shop.close()
    size = target.stat().st_size
    return {"seconds": took, "first": first, "megabytes": _megabytes("VmHWM") - before, "size": size / 1e6}


def _megabytes(what: str) -> float:
    """The memory that this program holds (VmRSS), or held at most since the peak began (VmHWM)."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{what}:"))


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1]), sys.argv[2])))
