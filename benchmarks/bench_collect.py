"""Taking events in over HTTP: durable, told from repeats, only what is allowed; beside writing the same rows."""

import gzip
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Final

import numpy as np

from benchmarks.postgresql import server
from benchmarks.rows import Figure, at_least, at_most
from goodwill import people
from goodwill.app import create_shop, open_shop
from goodwill.basics.clock import DAY, iso
from goodwill.catalogue import store as catalogue
from goodwill.catalogue.products import Product
from goodwill.consent import Asked, grant
from goodwill.people.log import EventColumns, append
from goodwill.people.types import event_type
from goodwill.web.keys import create_key

DEVICES, PRODUCTS = 5_000, 2_000
_SERVE = """
import sys
from goodwill.app import open_shop
from goodwill.web.logs import log_to
from goodwill.web.serve import serve
with open_shop(sys.argv[1]) as shop, open("/dev/null", "w") as nowhere:
    serve(shop, port=int(sys.argv[2]), per_minute=10**6, log=log_to(nowhere),
          when_listening=lambda address: print(address, flush=True))
"""


def run() -> list[Figure]:
    """Events a second and milliseconds, by one server process, on SQLite and on PostgreSQL."""
    with TemporaryDirectory() as folder:
        figures = _measured(Path(folder) / "home", None, "SQLite", least=40_000)
    with TemporaryDirectory() as folder, server() as url:
        return figures + _measured(Path(folder) / "home", url, "PostgreSQL", least=25_000)


def _measured(home: Path, url: str | None, name: str, *, least: int) -> list[Figure]:
    key = _furnished(home, url)
    floor = _floor(home)
    with _serving(home) as (address, _):
        _load(address, key, batch=100, connections=8, requests=200)  # warm by then
        hundreds = _load(address, key, batch=100, connections=8, requests=3_000)
        twenties = _load(address, key, batch=20, connections=8, requests=3_000)
        singles = _load(address, key, batch=1, connections=64, requests=10_000)
    with _serving(home) as (address, process):  # afresh, so that what bombs take is seen
        bombs = _bombed(address, key, process)
    return [
        at_least(f"batches of 100, 8 connections, {name}", hundreds.events, "events/s", least),
        Figure(f"… beside appending the same rows in process ({floor:,.0f}/s), {name}", hundreds.events / floor, "×"),
        at_least(f"batches of 20, 8 connections, {name}", twenties.events, "events/s", 5_000),
        at_most(f"… p99, {name}", twenties.p99, "ms", 250),
        at_least(f"single events, 64 connections, {name}", singles.events, "requests/s", 1_000),
        at_most(f"… p99, {name}", singles.p99, "ms", 300),
        at_most(
            f"gzip and JSON bombs, refused after, the slowest of {bombs.thrown}, {name}", bombs.slowest, "ms", 1_000
        ),
        at_most(f"… more memory meanwhile, {name}", bombs.memory, "MB", 64),
        at_most(f"… p99 of a neighbour's single events, {name}", bombs.neighbour, "ms", 250),
    ]


def _furnished(home: Path, url: str | None) -> str:
    """Devices that allow suggestions, and a catalogue."""
    values = {"database": url} if url else {}
    with (
        create_shop(home, columns="database", currency="USD", **values) as shop,
        shop.database.transaction() as connection,
    ):
        now = shop.clock()
        names = [f"device-{n}" for n in range(DEVICES)]
        known = people.identify_many(connection, shop.cipher, "anonymous_id", names, now=now)
        catalogue.upsert_many(connection, [Product(f"P{n}", f"Product {n}") for n in range(PRODUCTS)])
        entry = shop.register["recommendations"]
        for person in known.values():
            grant(connection, person, entry, asked=Asked(how="a benchmark"), now=now)
        return create_key(connection, "bench", ["collect"], now=now).text


def _floor(home: Path) -> float:
    """Rows a second that the log itself takes, in transactions of 2,000."""
    rng, size, total = np.random.default_rng(5), 2_000, 100_000
    with open_shop(home) as shop:
        start = time.perf_counter()
        for _ in range(total // size):
            columns = EventColumns(
                person=rng.integers(1, DEVICES + 1, size), type=np.full(size, event_type("viewed").code),
                at=np.full(size, shop.clock()), day=np.full(size, shop.clock() // DAY - 400),
                key=rng.integers(0, 2**63 - 1, size), product=rng.integers(1, PRODUCTS + 1, size),
            )  # fmt: skip
            with shop.database.transaction() as connection:
                append(connection, columns)
        return total / (time.perf_counter() - start)


class Load:
    """What a run of requests came to."""

    def __init__(self, events: float, took: Sequence[float]) -> None:
        self.events = events
        self.p99 = float(np.quantile(took, 0.99)) * 1_000


def _load(address: str, key: str, *, batch: int, connections: int, requests: int) -> Load:
    """Send requests that were written beforehand, as fast as they are answered."""
    choose, host = Random(batch * requests), address.removeprefix("http://")
    each = requests // connections
    written = [[_request(host, key, batch, choose) for _ in range(each)] for _ in range(connections)]
    took: list[float] = []
    threads = [Thread(target=_send, args=(host, some, took)) for some in written]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - start
    if len(took) != each * connections:
        raise RuntimeError("not every request was answered with 200")
    return Load(each * connections * batch / seconds, took)


def _request(host: str, key: str, batch: int, choose: Random) -> bytes:
    now = iso(int(time.time() * 1e6))
    items = [
        {
            "type": "track", "event": "Product Viewed", "messageId": f"{choose.getrandbits(128):032x}",
            "anonymousId": f"device-{choose.randrange(DEVICES)}", "timestamp": now,
            "context": {
                "library": {"name": "analytics.js", "version": "2.11.1"}, "locale": "en-US",
                "userAgent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)",
                "page": {"path": "/breads", "title": "Breads", "url": "https://shop.example/breads"},
            },
            "properties": {"product_id": f"P{choose.randrange(PRODUCTS)}", "price": 12.5, "currency": "USD"},
        }
        for _ in range(batch)
    ]  # fmt: skip
    body = json.dumps({"batch": items, "sentAt": now}).encode()
    return _head(host, key, len(body)) + body


def _head(host: str, key: str, length: int) -> bytes:
    return (
        f"POST /v1/batch HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    ).encode()


def _send(host: str, requests: Sequence[bytes], took: list[float]) -> None:
    name, _, port = host.partition(":")
    with socket.create_connection((name, int(port))) as line:
        for request in requests:
            start = time.perf_counter()
            line.sendall(request)
            if not _answered(line):
                return
            took.append(time.perf_counter() - start)


def _answered(line: socket.socket) -> bool:
    """Read one answer whole, and tell whether it is 200."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += line.recv(65_536)
    head, _, body = data.partition(b"\r\n\r\n")
    length = int(next(one for one in head.lower().split(b"\r\n") if one.startswith(b"content-length:")).split(b":")[1])
    while len(body) < length:
        body += line.recv(65_536)
    return head.startswith(b"HTTP/1.1 200")


# ---- bombs -----------------------------------------------------------------------------------------------------------

_BOMBS: Final = (
    gzip.compress(b"0" * 300_000_000),
    gzip.compress(b'{"batch":[' + b"{}," * 20_000_000 + b"{}]}"),
    gzip.compress(b'{"batch":[' + b"{}," * 1_700_000 + b"{}]}"),  # just within what a body may unpack to
    gzip.compress(b'{"batch":[' + b'"1234567890",' * 149_000 + b"1]}"),
    b'{"batch":' + b"[" * 250_000 + b"]" * 250_000 + b"}",
    b'{"batch":[{"type":"track","properties":' + b'{"a":' * 80_000 + b"1" + b"}" * 80_000 + b"}]}",
    b'{"batch":[' + b"{}," * 150_000 + b"{}]}",
)


@dataclass(frozen=True, slots=True)
class Bombs:
    """What bombs came to: the slowest refusal and a neighbour's p99 in milliseconds; the server's MB for them."""

    thrown: int
    slowest: float
    memory: float
    neighbour: float


def _bombed(address: str, key: str, process: int) -> Bombs:
    """Four throw bombs while a neighbour sends one event after the other."""
    host = address.removeprefix("http://")
    _load(address, key, batch=1, connections=4, requests=400)  # warm by then
    before, took, refused = _peak(process, anew=True), list[float](), list[float]()
    chosen = Random(5)
    neighbour = Thread(target=_send, args=(host, [_request(host, key, 1, chosen) for _ in range(400)], took))
    throwing = [Thread(target=_throw, args=(host, key, refused, neighbour)) for _ in range(4)]
    for thread in (neighbour, *throwing):
        thread.start()
    for thread in (neighbour, *throwing):
        thread.join()
    if len(took) != 400 or not refused:
        raise RuntimeError("the neighbour was not answered, or no bomb was thrown")
    return Bombs(len(refused), max(refused) * 1_000, _peak(process) - before, float(np.quantile(took, 0.99)) * 1_000)


def _throw(host: str, key: str, refused: list[float], until: Thread) -> None:
    name, _, port = host.partition(":")
    for bomb in cycle(_BOMBS):
        if not until.is_alive():
            return
        with socket.create_connection((name, int(port))) as line:
            start = time.perf_counter()
            line.sendall(_head(host, key, len(bomb)) + bomb)
            status = line.recv(12)
            took = time.perf_counter() - start
        if status not in (b"HTTP/1.1 400", b"HTTP/1.1 413", b"HTTP/1.1 200"):
            raise RuntimeError(f"a bomb was answered with {status!r}")
        refused.append(took)


def _peak(process: int, *, anew: bool = False) -> float:
    """The most memory that a process has had, in MB; since now, if anew."""
    folder = Path("/proc") / str(process)
    if anew:
        (folder / "clear_refs").write_text("5")
    lines = (folder / "status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM:")).split()[1]) / 1_000


@contextmanager
def _serving(home: Path) -> Iterator[tuple[str, int]]:
    """Its address, and the number of its process."""
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port = trial.getsockname()[1]
    command = [sys.executable, "-c", _SERVE, str(home), str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            yield process.stdout.readline().strip(), process.pid  # type: ignore[union-attr]
        finally:
            process.kill()
