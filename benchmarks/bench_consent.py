"""Asking and answering: `can` in process, a grant or withdrawal over HTTP, and the next decision on another process."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from socket import socket
from tempfile import TemporaryDirectory

import httpx
import numpy as np

from benchmarks.crowd import NOW, fill
from benchmarks.postgresql import server
from benchmarks.rows import Figure, at_least, at_most
from goodwill.app import create_shop, open_shop
from goodwill.basics.clock import Micros
from goodwill.basics.ids import PersonId
from goodwill.consent import Asked
from goodwill.shop import Shop, Who
from goodwill.storage import connect
from goodwill.web.keys import create_key

PEOPLE, EVENTS, PRODUCTS, LOOKS, ANSWERS = 100_000, 1_000_000, 2_000, 5_000, 400

_SERVE = """
import sys
from goodwill.app import open_shop
from goodwill.web.serve import serve
with open_shop(sys.argv[1]) as shop:
    shop.warm()
    serve(shop, port=int(sys.argv[2]), when_listening=lambda address: print(address, flush=True))
"""


def run() -> list[Figure]:
    """Milliseconds, by two processes that serve one shop, on SQLite and on PostgreSQL."""
    with TemporaryDirectory() as folder:
        figures = _measured(Path(folder), None, "SQLite")
    with TemporaryDirectory() as folder, server() as url:
        return figures + _measured(Path(folder), url, "PostgreSQL")


def _measured(folder: Path, url: str | None, name: str) -> list[Figure]:
    database = connect(url or folder / "shop.db")
    fill(database, people=PEOPLE, events=EVENTS, products=PRODUCTS)
    database.close()
    values = {"database": url} if url else {}
    with create_shop(folder / "home" if url else folder, clock=lambda: Micros(NOW), currency="USD", **values) as shop:
        shop.keys.create(range(1, PEOPLE + 1))
        looks = _looks(shop)
        home = shop.folder
    with open_shop(home) as shop:
        shop.learn()
        shop.grant("amina", "recommendations", asked=Asked(how="bench"))
        with shop.database.transaction() as connection:
            key = create_key(connection, "bench", ["decide", "consent"], now=shop.clock()).text
    answers, obeyed = _answers(home, key)
    return [
        at_most(f"can, in process, {name}, 100,000 people: p99", float(np.quantile(looks, 0.99)), "ms", 1.0),
        Figure(f"… p50, {name}", float(np.quantile(looks, 0.5)), "ms"),
        at_most(f"grant or withdraw over HTTP, {name}: p99", float(np.quantile(answers, 0.99)), "ms", 300.0),
        Figure(f"… p50, {name}", float(np.quantile(answers, 0.5)), "ms"),
        at_least(f"… obeyed by the next decision of another process, {name}", obeyed, "of all", 1.0),
    ]


def _looks(shop: Shop) -> list[float]:
    choose, took = Random(84), []
    for turn in range(LOOKS + 200):
        person = Who(id=PersonId(choose.randint(1, PEOPLE)))
        start = time.perf_counter()
        shop.can(person, "recommendations")
        if turn >= 200:  # warm by then
            took.append((time.perf_counter() - start) * 1_000)
    return took


@contextmanager
def serving(home: Path, key: str) -> Iterator[httpx.Client]:
    with socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port = trial.getsockname()[1]
    command = [sys.executable, "-c", _SERVE, str(home), str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            address = process.stdout.readline().strip()  # type: ignore[union-attr]
            with httpx.Client(base_url=address, headers={"Authorization": f"Bearer {key}"}, timeout=30) as client:
                yield client
        finally:
            process.kill()


def _answers(home: Path, key: str) -> tuple[list[float], float]:
    """Milliseconds until each answer was acknowledged, and the share that the next decision elsewhere obeyed."""
    amina, took, obeyed = {"user_id": "amina"}, [], 0
    with serving(home, key) as one, serving(home, key) as other:
        for turn in range(ANSWERS):
            yes = turn % 2 == 1
            start = time.perf_counter()
            said = {"person": amina, "purpose": "recommendations", "yes": yes}
            one.post("/api/v1/consent", json=said).raise_for_status()
            took.append((time.perf_counter() - start) * 1_000)
            decided = other.post("/api/v1/decide", json={"person": amina, "count": 4}).raise_for_status().json()
            obeyed += decided["personalised"] is yes or (yes and decided["reason"] not in ("withdrawn", "refused"))
    return took, obeyed / ANSWERS
