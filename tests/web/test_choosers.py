"""Several processes that choose for one that talks: the same answers, the same limits, and nobody's no is missed."""

import json
import os
import re
import signal
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.conftest import examples
from tests.laws.servers import free_port
from tests.processes import Loaded, loaded
from tests.small_shop import bakery
from tests.web.conftest import key_for

from goodwill.app import open_shop
from goodwill.basics.clock import system_clock
from goodwill.storage import connect
from goodwill.web.store import Scope

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="looks processes up in /proc")

# With "alone" the process that talks may not choose itself: whatever is answered was chosen by another.
_SCRIPT = """
import sys
from goodwill.app import open_shop
from goodwill.web.desk import Desk
from goodwill.web.serve import serve

home, port, choosers, per_minute, alone = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]
if alone == "alone":
    Desk.worked_out = None
chooser = [sys.executable, "-m", "goodwill.cli.chooser", home, "127.0.0.1", str(port)]
with open_shop(home) as shop:
    shop.warm()
    serve(shop, port=port, per_minute=per_minute, choosers=[chooser] * choosers,
          when_listening=lambda address: print(address, flush=True))
print("closed", flush=True)
"""
AMINA = {"user_id": "amina"}
ASKS = {"person": AMINA, "slot": "home", "count": 2}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a shop that nobody has open."""
    folder = tmp_path_factory.mktemp("served")
    with bakery(connect(folder / "shop.db"), folder, system_clock).shop as shop:
        shop.learn()
    return folder / "home"


@contextmanager
def served(
    home: Path, *, choosers: int, per_minute: int = 10_000, alone: bool = True
) -> Iterator[tuple[Loaded, httpx.Client]]:
    """A server with processes that choose, and a client with a key for everything."""
    with open_shop(home) as shop:
        headers = {"Authorization": f"Bearer {key_for(shop, *Scope)}"}
    words = (home, free_port(), choosers, per_minute, "alone" if alone else "not")
    with loaded(_SCRIPT, *words) as process:
        try:
            address = process.stdout.readline().strip()
            assert address.startswith("http://127.0.0.1:"), process.complained
            with httpx.Client(base_url=address, headers=headers, timeout=30) as client:
                yield process, client
        finally:
            process.kill()


def children(pid: int) -> list[int]:
    """The processes that a process began, in whichever thread."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return [int(one) for task in tasks for one in (task / "children").read_text().split()]


def decided(client: httpx.Client) -> dict[str, object]:
    found: dict[str, object] = client.post("/api/v1/decide", json=ASKS).raise_for_status().json()
    return found


@on_linux
def test_a_no_that_one_process_wrote_down_is_obeyed_by_all_that_choose(home: Path):
    with served(home, choosers=2) as (process, client), ThreadPoolExecutor(8) as together:
        assert len(children(process.pid)) >= 2
        personal, made = 0, 0
        for n in range(examples(10)):
            for yes in (True, False):
                said = {"person": AMINA, "purpose": "recommendations", "yes": yes}
                client.post("/api/v1/consent", json=said).raise_for_status()
                found = list(together.map(lambda _: decided(client), range(8)))
                made += len(found)
                uses = [one for one in found if one["personalised"] or one["used"]]
                assert len(uses) == (len(found) if yes else 0), f"round {n}"
                personal += len(uses)
        counted = client.get("/metrics").text
    assert f'goodwill_decisions_total{{personalised="yes"}} {personal}.0' in counted
    assert f'goodwill_decisions_total{{personalised="no"}} {made - personal}.0' in counted


@pytest.mark.longer
def test_what_cannot_be_answered_is_told_as_it_is_without_them(home: Path):
    asked: list[tuple[str, Any]] = [
        ("/api/v1/decide", {"person": AMINA, "count": 101}),
        ("/api/v1/decide", {"slot": "No Name"}),
        ("/ofrep/v1/evaluate/flags/No%20Name", {"context": {}}),
    ]
    flags: tuple[str, Any] = "/ofrep/v1/evaluate/flags", {"context": {"targetingKey": "amina", "count": 2}}
    told = []
    for choosers in (0, 2):
        with served(home, choosers=choosers, alone=choosers > 0) as (_, client):
            answers = [client.post(path, json=body) for path, body in asked]
            tag = client.post(flags[0], json=flags[1]).raise_for_status().headers["etag"]
            answers.append(client.post(flags[0], json=flags[1], headers={"If-None-Match": tag}))
            base = str(client.base_url)
        left_out = {"x-request-id", "date", "ratelimit", "content-length"}
        told.append([
            (
                one.status_code,
                {name: value for name, value in one.headers.items() if name not in left_out},
                one.text.replace(base, "").replace(one.headers["x-request-id"], ""),
            )
            for one in answers
        ])  # fmt: skip
    assert told[0] == told[1]
    assert [status for status, _, _ in told[1]] == [422, 422, 404, 304]


def test_a_key_may_ask_as_often_as_it_may_however_many_choose(home: Path):
    with served(home, choosers=2, per_minute=10) as (_, client), ThreadPoolExecutor(8) as together:
        begun = time.monotonic()
        found = list(together.map(lambda _: client.post("/api/v1/decide", json=ASKS).status_code, range(24)))
        took = time.monotonic() - begun
    assert 10 <= found.count(200) <= 11 + took / 6  # one more has room after six seconds
    assert set(found) == {200, 429}


@on_linux
@pytest.mark.longer
def test_where_those_that_choose_are_gone_the_one_that_talks_does_it_and_begins_others(home: Path):
    with served(home, choosers=2, alone=False) as (process, client):
        first = children(process.pid)
        for one in first:
            os.kill(one, signal.SIGKILL)
        for _ in range(4):
            assert decided(client)["items"]
        due = time.monotonic() + 60
        while not (again := set(children(process.pid)) - set(first)) and time.monotonic() < due:
            time.sleep(0.5)
            decided(client)
        assert again
        (gone,) = re.findall(r"^goodwill_choosers_gone_total (\d)\.0$", client.get("/metrics").text, re.MULTILINE)
        assert 1 <= int(gone) <= 2, "one that nobody asked since is not missed yet"
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0, process.complained
        assert process.stdout.read().endswith("closed\n")
        said = [line for line in process.complained.splitlines() if "chooser gone" in line]
        assert len(said) == int(gone), process.complained
        assert {json.loads(line)["process"] for line in said} <= set(first)
    assert not any(Path(f"/proc/{one}").exists() for one in again)
