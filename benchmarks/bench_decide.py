"""A decision: in process and over HTTP, beside a bare server, beside intake, and after a withdrawal elsewhere.

With ``GOODWILL_BENCH=small`` in the environment a tenth of the people, to try it out.
"""

import json
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from threading import Event, Thread
from typing import Final

import httpx
import numpy as np

from benchmarks import load
from benchmarks.crowd import NOW, fill, name_them
from benchmarks.load import Load
from benchmarks.postgresql import server
from benchmarks.rows import Figure, at_least, at_most
from goodwill.app import create_shop, open_shop
from goodwill.basics.clock import Micros, iso
from goodwill.basics.ids import PersonId
from goodwill.shop import Shop, Who
from goodwill.storage import connect
from goodwill.web.keys import create_key

_SMALL: Final = os.environ.get("GOODWILL_BENCH") == "small"
PEOPLE, EVENTS, PRODUCTS = (10_000, 500_000, 1_000) if _SMALL else (100_000, 5_000_000, 5_000)
DECISIONS, REQUESTS, WITHDRAWALS = (500, 3_000, 100) if _SMALL else (3_000, 20_000, 1_000)
_CONNECTIONS, _EVENTS_A_SECOND, _EVENTS_AT_ONCE = 64, 300, 10
_CROWD = f"{PEOPLE:,} people, {EVENTS / 1e6:g} M events, {PRODUCTS:,} products"

_SERVE = """
import sys
from goodwill.app import open_shop
from goodwill.web.logs import Together, log_to
from goodwill.web.serve import serve
with open_shop(sys.argv[1]) as shop, open("/dev/null", "w") as nowhere:
    serve(shop, port=int(sys.argv[2]), per_minute=10**6, log=log_to(Together(nowhere)),
          when_listening=lambda address: print(address, flush=True))
"""
# What remains of a decision without goodwill: the same server, a body read, ten of some numbers, an answer as JSON.
_BARE = """
import asyncio, json, sys
import numpy as np
from granian.constants import HTTPModes, Interfaces
from granian.server.embed import Server
scores = np.random.default_rng(1).random(int(sys.argv[2]))
head = [(b"content-type", b"application/json")]
async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    json.loads((await receive())["body"])
    best = np.argpartition(scores, -10)[-10:]
    found = best[np.argsort(-scores[best])].tolist()
    body = json.dumps({"items": found}).encode()
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": 200, "headers": [*head, length]})
    await send({"type": "http.response.body", "body": body})
async def main():
    server = Server(app, address="127.0.0.1", port=int(sys.argv[1]), interface=Interfaces.ASGI, http=HTTPModes.http1,
                    websockets=False, log_enabled=False)
    asyncio.get_running_loop().call_later(1.0, lambda: print(f"http://127.0.0.1:{sys.argv[1]}", flush=True))
    await server.serve()
asyncio.run(main())
"""


def run() -> list[Figure]:
    """Milliseconds a decision in process, on both databases; over HTTP on SQLite."""
    with TemporaryDirectory() as folder:
        figures, lite = _measured(Path(folder), None, "SQLite", 1)
        figures += _over_http(Path(folder))
    with TemporaryDirectory() as folder, server() as url:
        more, post = _measured(Path(folder), url, "PostgreSQL", 2)
    ratio = at_most("Decision, p50: PostgreSQL beside SQLite", post / lite, "×", 2.0)
    return [*figures, *more, ratio]


# ---- in process --------------------------------------------------------------------------------------------------


def _measured(folder: Path, url: str | None, name: str, longer: int) -> tuple[list[Figure], float]:
    database = connect(url or folder / "shop.db")
    fill(database, people=PEOPLE, events=EVENTS, products=PRODUCTS)
    database.close()
    values = {"database": url} if url else {}
    with create_shop(folder, clock=lambda: Micros(NOW), currency="USD", **values) as shop:
        learned = shop.learn()
        milliseconds, cpu = _decisions(shop)
        forgotten = statistics.median(_forgotten(shop))
    p50, p99 = np.quantile(milliseconds, (0.5, 0.99))
    figures = [
        at_most(f"Decision in process, {name}, {_CROWD}: p50", float(p50), "ms", 2.0 * longer),
        at_most(f"Decision in process, {name}, {_CROWD}: p99", float(p99), "ms", 10.0 * longer),
        Figure(f"… processor time of each, {name}", cpu, "ms"),
        Figure(f"… learning from {learned.people:,} of them, {name}", learned.seconds, "s"),
        Figure(f"… withdrawal until total and models are without her, {name}", forgotten, "ms"),
    ]
    return figures, float(p50)


def _decisions(shop: Shop) -> tuple[list[float], float]:
    choose = Random(84)
    took, cpu = [], 0.0
    for turn in range(DECISIONS + 200):
        person = Who(id=PersonId(choose.randint(1, PEOPLE)))
        start, used = time.perf_counter(), time.thread_time()
        shop.decide(person, count=10)
        if turn >= 200:  # warm by then
            took.append((time.perf_counter() - start) * 1_000)
            cpu += (time.thread_time() - used) * 1_000
    return took, cpu / len(took)


def _forgotten(shop: Shop) -> list[float]:
    found = []
    for person in range(1, 6):
        proof = shop.forget(Who(id=PersonId(person)))
        if not proof.equal:
            raise AssertionError("a total without a person differs from one that never had her")
        found.append(proof.milliseconds)
    return found


# ---- over HTTP -----------------------------------------------------------------------------------------------------


def _over_http(home: Path) -> list[Figure]:
    key = _furnished(home)
    with _serving(_BARE, str(PRODUCTS)) as (address, process):
        _ask(address, process, key, 500)
        bare = _ask(address, process, key, REQUESTS)
    with _serving(_SERVE, str(home), last=True) as (address, process):
        _wait_for_models(address, key)
        _ask(address, process, key, 1_000)  # warm by then
        alone = _ask(address, process, key, REQUESTS)
        with _intake(address, key) as sent:
            start = time.perf_counter()
            beside = _ask(address, process, key, REQUESTS)
            events = sum(sent) / (time.perf_counter() - start)
    uses = _used_after_a_no(home, key)
    return [
        at_least(f"Decisions over HTTP, SQLite, {_CROWD}, {_CONNECTIONS} connections", alone.rate, "requests/s", 2_500),
        at_most("… p99", alone.p99, "ms", 50),
        Figure("… p50", alone.p50, "ms"),
        at_most("… processor time, beside a bare handler with ten of the numbers", alone.cpu / bare.cpu, "×", 4),
        Figure("… processor time of each", alone.cpu, "µs"),
        Figure("… processor time of each, the bare handler", bare.cpu, "µs"),
        at_most(f"… p99 while {events:,.0f} events/s come in", beside.p99, "ms", 100),
        Figure("… requests meanwhile", beside.rate, "requests/s"),
        at_most(f"Decisions by another process after a withdrawal, {WITHDRAWALS:,} times: uses", uses, "", 0),
    ]


def _furnished(home: Path) -> str:
    """People get ids of the shop's own, and there is a key."""
    with open_shop(home) as shop:
        name_them(shop.database, shop.cipher, PEOPLE)
        with shop.database.transaction() as connection:
            return create_key(connection, "bench", ["decide", "consent", "collect"], now=shop.clock()).text


def _ask(address: str, process: int, key: str, count: int) -> Load:
    choose, host = Random(count), address.removeprefix("http://")
    asked = [_decide(host, key, choose.randint(1, PEOPLE)) for _ in range(count)]
    return load.run(address, asked, connections=_CONNECTIONS, processes=[process])


def _wait_for_models(address: str, key: str) -> None:
    """A server that just started takes its kept total back and fits the models, and asks to come back meanwhile."""
    body = {"person": {"user_id": "u1"}, "count": 10}
    with httpx.Client(base_url=address, headers={"Authorization": f"Bearer {key}"}, timeout=60) as client:
        while client.post("/api/v1/decide", json=body).status_code != httpx.codes.OK:
            time.sleep(0.5)


def _decide(host: str, key: str, person: int) -> bytes:
    body = json.dumps({"person": {"user_id": f"u{person}"}, "slot": "home", "count": 10}).encode()
    return _head(host, key, "/api/v1/decide", len(body)) + body


def _head(host: str, key: str, path: str, length: int) -> bytes:
    return (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    ).encode()


@contextmanager
def _intake(address: str, key: str) -> Iterator[list[int]]:
    """Events that come in steadily beside what is asked; gives how many were taken, batch by batch."""
    over, sent, chosen = Event(), list[int](), Random(5)

    def send() -> None:
        with httpx.Client(base_url=address, headers={"Authorization": f"Bearer {key}"}, timeout=20) as client:
            due = time.perf_counter()
            while not over.is_set():
                now = iso(int(time.time() * 1e6))
                batch = [
                    {
                        "type": "track", "event": "Product Viewed", "messageId": f"{chosen.getrandbits(128):032x}",
                        "userId": f"u{chosen.randint(1, PEOPLE)}", "timestamp": now,
                        "properties": {"product_id": f"P{chosen.randint(1, PRODUCTS)}"},
                    }
                    for _ in range(_EVENTS_AT_ONCE)
                ]  # fmt: skip
                client.post("/v1/batch", json={"batch": batch, "sentAt": now}).raise_for_status()
                sent.append(len(batch))
                due += _EVENTS_AT_ONCE / _EVENTS_A_SECOND
                time.sleep(max(0.0, due - time.perf_counter()))

    sending = Thread(target=send)
    sending.start()
    try:
        yield sent
    finally:
        over.set()
        sending.join()


def _used_after_a_no(home: Path, key: str) -> int:
    """How many decisions of one process were personal after a withdrawal that another had acknowledged."""
    uses, choose = 0, Random(7)
    headers = {"Authorization": f"Bearer {key}"}
    with ExitStack() as opened:
        one, other = (opened.enter_context(_serving(_SERVE, str(home), last=True))[0] for _ in range(2))
        says, asks = (
            opened.enter_context(httpx.Client(base_url=at, headers=headers, timeout=30)) for at in (one, other)
        )
        for address in (one, other):
            _wait_for_models(address, key)
        for _ in range(WITHDRAWALS):
            person = {"user_id": f"u{choose.randint(1, PEOPLE)}"}
            for yes in (True, False):
                word = {"person": person, "purpose": "recommendations", "yes": yes}
                says.post("/api/v1/consent", json=word).raise_for_status()
            found = asks.post("/api/v1/decide", json={"person": person, "count": 10}).raise_for_status().json()
            uses += found["personalised"] or bool(found["used"])
    return uses


@contextmanager
def _serving(script: str, *given: str, last: bool = False) -> Iterator[tuple[str, int]]:
    """A server in a process of its own: its address and its number."""
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port = str(trial.getsockname()[1])
    words = [*given, port] if last else [port, *given]
    command = [sys.executable, "-c", script, *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            yield process.stdout.readline().strip(), process.pid  # type: ignore[union-attr]
        finally:
            process.kill()
