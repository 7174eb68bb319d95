"""While somebody guesses passwords: what customers notice of it.

Two hundred wrong sign-ins a second from a process of its own, each from another place for another account, so that no
lock-out spares the work; beside them one customer after the other asks for suggestions, as in the rounds in between.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import httpx
import numpy as np

from benchmarks.bench_consent import serving
from benchmarks.postgresql import server
from benchmarks.rows import Figure, at_least, at_most
from goodwill.app import create_shop
from goodwill.collect import imports
from goodwill.web.keys import create_key

PEOPLE, EVENTS, PRODUCTS = 2_000, 100_000, 500
A_SECOND, ROUNDS, ASKED = 200, 3, 400


def run() -> list[Figure]:
    """Milliseconds of a decision over HTTP, with and without the guessing, on SQLite and on PostgreSQL."""
    with TemporaryDirectory() as folder:
        figures = _measured(Path(folder), None, "SQLite")
    with TemporaryDirectory() as folder, server() as url:
        return figures + _measured(Path(folder), url, "PostgreSQL")


def _measured(folder: Path, url: str | None, name: str) -> list[Figure]:
    home, key = _shop(folder, url)
    calm, guessed, tries = [], [], []
    with serving(home, key) as client:
        _asked(client, 100)  # warm by then
        for _ in range(ROUNDS):
            calm.append(_asked(client, ASKED))
            with _guessing(str(client.base_url)) as said:
                guessed.append(_asked(client, ASKED))
            tries.append(said)
    quiet, loud = (float(np.median([np.quantile(one, 0.99) for one in some])) for some in (calm, guessed))
    return [
        at_most(f"decision over HTTP, 200 wrong sign-ins a second, {name}: p99 beside none", loud / quiet, "×", 2.0),
        Figure(f"… p99 then, {name}", loud, "ms"),
        Figure(f"… p99 without, {name}", quiet, "ms"),
        at_least(f"… sign-ins tried a second, {name}", sum(one["a second"] for one in tries) / ROUNDS, "", 190.0),
        Figure(f"… of them checked, the others sent away at once, {name}", _checked(tries), "of all"),
    ]


def _shop(folder: Path, url: str | None) -> tuple[Path, str]:
    """A shop with customers who bought something and said yes, and staff; and a key of its program."""
    values: dict[str, object] = {"proxies": 1} | ({"database": url} if url else {})
    choose, home = Random(84), folder / "home"
    lines, answers = folder / "lines.csv", folder / "answers.csv"
    lines.write_text("order_id,user_id,product_id,quantity,amount,time\n" + "".join(
        f"o{n},c{choose.randrange(PEOPLE)},p{int(choose.paretovariate(1)) % PRODUCTS},1,3.50,2026-0{n % 9 + 1}-10\n"
        for n in range(EVENTS)
    ))  # fmt: skip
    answers.write_text("user_id,purpose,data_category,state,said_at\n" + "".join(
        f"c{n},{purpose},,given,2026-01-02\n" for n in range(PEOPLE)
        for purpose in ("recommendations", "model-improvement", "measurement")
    ))  # fmt: skip
    with create_shop(home, currency="EUR", **values) as shop:
        shop.intake.run(imports.plan([lines, answers]), rejects_to=folder / "rejects.csv")
        shop.learn()
        for n in range(20):
            shop.staff.set_up(shop.staff.invite(f"staff{n}@shop.example", f"Staff {n}", "marketer").token, _LONG)
        with shop.database.transaction() as connection:
            return home, create_key(connection, "bench", ["decide"], now=shop.clock()).text


_LONG = "four words nobody would guess"


def _asked(client: httpx.Client, count: int) -> list[float]:
    choose, took = Random(84), []
    for _ in range(count):
        start = time.perf_counter()
        said = {"person": {"user_id": f"c{choose.randrange(PEOPLE)}"}, "count": 4}
        client.post("/api/v1/decide", json=said).raise_for_status()
        took.append((time.perf_counter() - start) * 1_000)
    return took


@contextmanager
def _guessing(address: str) -> Iterator[dict[str, float]]:
    """Guess until the block ends; what was answered is known then."""
    said: dict[str, float] = {}
    command = [sys.executable, "-m", "benchmarks.bench_door", address]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()  # it has begun
        try:
            yield said
        finally:
            said |= json.loads(process.communicate("\n")[0])


def _checked(tries: list[dict[str, float]]) -> float:
    return sum(one["checked"] for one in tries) / sum(one["all"] for one in tries)


# ---- whoever guesses -------------------------------------------------------------------------------------------------


async def _guess(address: str) -> dict[str, float]:
    """Begin a guess every 5 ms, however long the answers take, until a line comes in."""
    loop, begun, answers = asyncio.get_running_loop(), time.perf_counter(), []
    ended = loop.run_in_executor(None, sys.stdin.readline)
    running: set[asyncio.Task[None]] = set()
    print("begun", flush=True)
    while not ended.done():
        n = len(answers) + len(running)
        task = asyncio.create_task(_one(address, n, answers))
        running.add(task)
        task.add_done_callback(running.discard)
        await asyncio.sleep(max(0.0, begun + (n + 1) / A_SECOND - time.perf_counter()))
    seconds = time.perf_counter() - begun
    await asyncio.gather(*running, return_exceptions=True)
    checked = sum(status == 401 for status in answers)
    return {"a second": len(answers) / seconds, "all": len(answers), "checked": checked}


async def _one(address: str, n: int, answers: list[int]) -> None:
    where = urlsplit(address)
    body = json.dumps({"email": f"staff{n}@shop.example", "password": f"guess {n} of many"}).encode()
    head = (
        f"POST /api/v1/staff/session HTTP/1.1\r\nHost: {where.netloc}\r\nContent-Type: application/json\r\n"
        f"X-Forwarded-For: 198.{n % 200}.{n // 200 % 250}.7\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    writer.write(head.encode() + body)
    line = await reader.readline()
    writer.close()
    answers.append(int(line.split()[1]))


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_guess(sys.argv[1]))))
