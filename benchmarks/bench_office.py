"""How long the server takes for each page of the office, in a shop with many people and a million events.

A page that needs longer work answers with a job page, which counts as the page it is; the work itself is told apart.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
import pyotp
from litestar.testing import TestClient

from benchmarks.postgresql import server
from benchmarks.rows import Figure, at_most
from goodwill import people
from goodwill.app import create_shop
from goodwill.basics.clock import DAY, SECOND
from goodwill.catalogue import store as catalogue
from goodwill.catalogue.products import Product
from goodwill.consent import Asked, grant
from goodwill.people.columns import EventColumns
from goodwill.people.log import append
from goodwill.people.types import BOUGHT
from goodwill.purposes import EMAIL_MARKETING, MEASUREMENT
from goodwill.shop import Shop
from goodwill.web.application import application
from goodwill.web.logs import log_to
from goodwill.web.rooms import ROOMS

PEOPLE: Final = int(os.environ.get("GOODWILL_OFFICE_PEOPLE", "20000"))
EVENTS, PRODUCTS = 50, 2_000  # of each person; in the catalogue
_TIMES: Final = 20
_PASSWORD: Final = "seven blue anvils"
_ADDRESS: Final = "http://127.0.0.1:8400"


def run() -> list[Figure]:
    """Milliseconds at the 95th percentile, page by page, on SQLite and on PostgreSQL."""
    with TemporaryDirectory() as folder:
        figures = _measured(Path(folder) / "home", None, "SQLite")
    with TemporaryDirectory() as folder, server() as url:
        return figures + _measured(Path(folder) / "home", url, "PostgreSQL")


def _measured(home: Path, url: str | None, name: str) -> list[Figure]:
    figures = []
    with _opened(home, url) as (client, person):
        for path in (*(room.path for room in ROOMS), f"/office/people/{person}", "/office/measures/repeat-purchase"):
            waited = _warm(client, path)
            cpu = time.process_time()
            took = sorted(_asked(client, path) for _ in range(_TIMES))
            cpu = (time.process_time() - cpu) / _TIMES
            page = path.replace(str(person), "ID")
            figures.append(at_most(f"{page}, p95, {name}", took[-2] * 1000, "ms", 200))
            figures.append(Figure(f"… CPU, the browser's part too, {name}", cpu * 1000, "ms"))
            if waited > 1:
                figures.append(Figure(f"… the first time, {name}", waited, "s"))
    return figures


def _warm(client: TestClient[object], path: str) -> float:
    """Ask until nothing is under way any more; seconds that it took."""
    begins = time.perf_counter()
    while "refresh" in client.get(path).headers:
        time.sleep(0.1)
    return time.perf_counter() - begins


def _asked(client: TestClient[object], path: str) -> float:
    begins = time.perf_counter()
    answer = client.get(path)
    took = time.perf_counter() - begins
    if answer.status_code != 200:
        raise RuntimeError(f"{path} answers {answer.status_code}")
    return took


@contextmanager
def _opened(home: Path, url: str | None) -> Iterator[tuple[TestClient[object], int]]:
    values = {"database": url} if url else {}
    with create_shop(home, name="Large", currency="EUR", **values) as shop, Path(os.devnull).open("w") as nowhere:
        person = _furnished(shop)
        with TestClient(application(shop, log=log_to(nowhere)), base_url=_ADDRESS) as client:
            client.cookies.set("goodwill", _token(shop))
            yield client, person


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
