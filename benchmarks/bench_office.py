"""How long the server takes for each page of the office, in a shop with many people and a million events.

A page that needs longer work answers with a job page, which counts as the page it is; the work itself is told apart.
All pages are asked once more, one after another, while return reports of other weeks are worked out.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from socket import socket
from tempfile import TemporaryDirectory
from threading import Event, Thread
from typing import Final

import httpx
import numpy as np
import pyotp

from benchmarks.load import cpu_of
from benchmarks.postgresql import server
from benchmarks.rows import Figure, at_most
from goodwill import people
from goodwill.app import create_shop
from goodwill.basics.clock import DAY, SECOND, date_of
from goodwill.catalogue import store as catalogue
from goodwill.catalogue.products import Product
from goodwill.consent import Asked, grant
from goodwill.people.columns import EventColumns
from goodwill.people.log import append
from goodwill.people.types import BOUGHT
from goodwill.purposes import EMAIL_MARKETING, MEASUREMENT
from goodwill.shop import Shop
from goodwill.web.rooms import RETURN, ROOMS

PEOPLE: Final = int(os.environ.get("GOODWILL_OFFICE_PEOPLE", "20000"))
EVENTS, PRODUCTS = 50, 2_000  # of each person; in the catalogue
_TIMES: Final = 20
_LOADED: Final = 30  # seconds
_IDLE: Final = 8  # seconds until what a server loads beside its first requests is there
_PASSWORD: Final = "seven blue anvils"


def run() -> list[Figure]:
    """Milliseconds at the 95th percentile, page by page, on SQLite and on PostgreSQL."""
    with TemporaryDirectory() as folder:
        figures = _measured(Path(folder) / "home", None, "SQLite")
    with TemporaryDirectory() as folder, server() as url:
        return figures + _measured(Path(folder) / "home", url, "PostgreSQL")


def _measured(home: Path, url: str | None, name: str) -> list[Figure]:
    values = {"database": url} if url else {}
    with create_shop(home, name="Large", currency="EUR", **values) as shop:
        person, token = _furnished(shop), _token(shop)
        weeks = [str(date_of(shop.clock() // DAY) - timedelta(days=7 * n)) for n in range(2, 60)]
    paths = [*(room.path for room in ROOMS), f"/office/people/{person}", "/office/measures/repeat-purchase"]
    with _serving(home, token) as (client, process):
        time.sleep(_IDLE)
        figures = [
            at_most(f"The first page after a start, {name}", _asked(client, "/") * 1000, "ms", 200),
            at_most(f"Memory of a server without work, {name}", _memory(process), "MB", 300),
        ]
        for path in paths:
            waited = _warm(client, path)
            cpu = cpu_of([process])
            took = sorted(_asked(client, path) for _ in range(_TIMES))
            cpu = (cpu_of([process]) - cpu) / _TIMES
            page = path.replace(str(person), "ID")
            figures.append(at_most(f"{page}, p95, {name}", took[-2] * 1000, "ms", 200))
            figures.append(Figure(f"… CPU, {name}", cpu * 1000, "ms"))
            if waited > 1:
                figures.append(Figure(f"… the first time, {name}", waited, "s"))
        took = sorted(_while_reports_are_made(client, paths, weeks))
        return [
            *figures,
            at_most(f"All pages while a report is worked out, p95, {name}", _at(took, 0.95) * 1000, "ms", 200),
            Figure(f"… the slowest of {len(took)}, {name}", took[-1] * 1000, "ms"),
        ]


def _while_reports_are_made(client: httpx.Client, paths: Sequence[str], weeks: Sequence[str]) -> list[float]:
    """Seconds that each page took, one asked after the other."""
    over = Event()

    def ask_for_reports() -> None:
        for week in weeks:
            while not over.is_set() and "refresh" in client.get(f"{RETURN}?at={week}").headers:
                over.wait(1)

    asking = Thread(target=ask_for_reports)
    asking.start()
    took, until = [], time.perf_counter() + _LOADED
    try:
        while time.perf_counter() < until:
            took += [_asked(client, path) for path in paths]
    finally:
        over.set()
        asking.join()
    return took


def _at(ordered: Sequence[float], share: float) -> float:
    return ordered[int(share * len(ordered))]


def _memory(process: int) -> float:
    lines = (Path("/proc") / str(process) / "status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


def _warm(client: httpx.Client, path: str) -> float:
    """Ask until nothing is under way any more; seconds that it took."""
    begins = time.perf_counter()
    while "refresh" in client.get(path).headers:
        time.sleep(0.1)
    return time.perf_counter() - begins


def _asked(client: httpx.Client, path: str) -> float:
    begins = time.perf_counter()
    answer = client.get(path)
    took = time.perf_counter() - begins
    if answer.status_code != 200:
        raise RuntimeError(f"{path} answers {answer.status_code}")
    return took


@contextmanager
def _serving(home: Path, token: str) -> Iterator[tuple[httpx.Client, int]]:
    """A server as `goodwill serve` begins it, and somebody who is signed in."""
    with socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port = trial.getsockname()[1]
    command = [sys.executable, "-m", "goodwill", "serve", "--home", str(home), "--port", str(port)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            cookies = {"goodwill": token}
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", cookies=cookies, timeout=60) as client:
                _wait_for(client)
                yield client, process.pid
        finally:
            process.terminate()


def _wait_for(client: httpx.Client) -> None:
    for _ in range(600):
        try:
            client.get("/healthz")
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the server does not answer")


def _token(shop: Shop) -> str:
    begun = shop.staff.set_up(shop.staff.invite("olga@shop.example", "Olga", "owner").token, _PASSWORD)
    secret = shop.staff.begin_second_factor(begun.token).secret
    code = pyotp.TOTP(secret).at(shop.clock() // SECOND)
    return shop.staff.confirm_second_factor(begun.token, code).begun.token


def _furnished(shop: Shop) -> int:
    """People, half of whom allow letters and figures, and what they bought; gives the last one's number."""
    rng, now = np.random.default_rng(3), shop.clock()
    asked = Asked(how="a benchmark", notice="banner@1#aa")
    with shop.database.transaction() as connection:
        names = [f"p{n}" for n in range(PEOPLE)]
        ids = people.identify_many(connection, shop.cipher, "user_id", names, now=now)
        products = catalogue.upsert_many(connection, [Product(f"P{n}", f"Product {n}") for n in range(PRODUCTS)]).ids
        for person in list(ids.values())[::2]:
            for purpose in (EMAIL_MARKETING, MEASUREMENT):
                grant(connection, person, shop.register[purpose], asked=asked, now=now)
    persons, things = np.array(list(ids.values())), np.array(products)
    for turn in range(EVENTS):
        day = np.full(PEOPLE, now // DAY - 7 * turn - 1)
        columns = EventColumns(
            person=persons, type=np.full(PEOPLE, BOUGHT), at=day * DAY + rng.integers(0, DAY, PEOPLE), day=day,
            product=rng.choice(things, PEOPLE), quantity=np.full(PEOPLE, 1000), amount=rng.integers(100, 9_000, PEOPLE),
            currency=shop.settings.currency, reference=rng.integers(1, 2**62, PEOPLE),
            key=rng.integers(0, 2**63 - 1, PEOPLE),
        )  # fmt: skip
        with shop.database.transaction() as connection:
            append(connection, columns)
    return int(persons[-1])
