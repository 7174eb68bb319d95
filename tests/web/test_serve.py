"""A real server on a real port, asked as a shop's own server would ask it."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from litestar import Litestar
from tests.laws.servers import free_port
from tests.processes import Loaded, loaded
from tests.small_shop import bakery
from tests.web.conftest import furnish, key_for

from goodwill.app import create_shop, open_shop
from goodwill.basics.clock import system_clock
from goodwill.basics.errors import Conflict
from goodwill.shop import Shop
from goodwill.storage import connect
from goodwill.web.serve import reached_over, serve
from goodwill.web.store import Scope

# As `goodwill serve` does it; `can` takes its time, so that a test can stop the server while it works.
_SCRIPT = """
import sys, time
from goodwill.app import create_shop, open_shop
from goodwill.shop import Shop
from goodwill.storage import connect
from goodwill.web.serve import serve

at_once = Shop.can
def slow(shop, who, purpose, **more):
    if who.user_id == "slow":
        print("at work", flush=True)
        time.sleep(1.5)
    return at_once(shop, who, purpose, **more)
Shop.can = slow

with open_shop(sys.argv[1]) as shop:
    shop.warm()
    serve(shop, port=int(sys.argv[2]), when_listening=lambda address: print(address, flush=True))
print("closed", flush=True)
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a shop that nobody has open."""
    folder = tmp_path_factory.mktemp("served")
    with bakery(connect(folder / "shop.db"), folder, system_clock).shop as shop:
        shop.learn()
    return folder / "home"


def key_in(home: Path) -> str:
    """A key for everything, made as `goodwill keys create` makes it: by a process of its own, soon gone."""
    with open_shop(home) as shop:
        return key_for(shop, *Scope)


@contextmanager
def served(home: Path) -> Iterator[tuple[Loaded, str]]:
    """A server process and its address, once it listens."""
    with loaded(_SCRIPT, home, free_port()) as process:
        try:
            address = process.stdout.readline().strip()
            assert address.startswith("http://127.0.0.1:"), process.complained
            yield process, address
        finally:
            process.kill()


def resident_megabytes(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def test_a_shops_server_asks_withdraws_and_stops_it(home: Path):
    key = key_in(home)
    with served(home) as (process, address):
        if sys.platform == "linux":
            assert resident_megabytes(process.pid) <= 300
        with httpx.Client(base_url=address, headers={"Authorization": f"Bearer {key}"}) as client:
            amina = {"user_id": "amina"}
            asks = {"person": amina, "slot": "home", "count": 3}
            assert client.get("/readyz").json() == {"ready": True}
            decided = client.post("/api/v1/decide", json=asks).json()
            assert (decided["personalised"], decided["used"]) == (True, ["purchases"])
            assert decided["items"][0]["because"]
            said = {"person": amina, "purpose": "recommendations", "yes": False}
            receipt = client.post("/api/v1/consent", json=said).json()
            can = client.get("/api/v1/can", params={**amina, "purpose": "recommendations"}).json()
            assert (can["allowed"], can["reason"]) == (False, "withdrawn")
            assert can["position"] in receipt["positions"]
            decided = client.post("/api/v1/decide", json=asks).json()
            assert (decided["personalised"], decided["reason"]) == (False, "withdrawn")
            assert "goodwill_decisions_total" in client.get("/metrics").text
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0, process.complained
        output, log = process.stdout.read(), process.complained
    assert output.endswith("closed\n")
    assert "amina" not in log
    assert key not in log


def test_links_lead_to_the_address_that_is_served(home: Path):
    headers = {"Authorization": f"Bearer {key_in(home)}"}
    with served(home) as (_, address), httpx.Client(base_url=address, headers=headers) as client:
        decided = client.post("/api/v1/decide", json={}).json()
        assert decided["why_url"].rpartition("/")[0] == f"{address}/why/{decided['decision']}"
        assert httpx.get(f"{address}/why/{decided['decision']}", headers=headers).json() == decided
        assert httpx.get(decided["why_url"]).status_code == 200
        problem = client.get("/api/v1/people/nobody/consents").json()
        assert problem["type"] == f"{address}/api/problems/not-found"
        assert problem["title"] in httpx.get(problem["type"]).text
        assert client.get("/api/openapi.json").json()["servers"] == [{"url": address}]
        link = client.get("/api/v1/people/amina/consents", params={"limit": 1}).links["next"]["url"]
        assert httpx.get(link, headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("host", "set_to", "begins"),
    [
        ("127.0.0.1", "", "http://127.0.0.1:8765"),
        ("0.0.0.0", "", "http://127.0.0.1:8765"),
        ("::1", "", "http://[::1]:8765"),
        ("127.0.0.1", "https://shop.example", "https://shop.example"),
    ],
)
def test_an_address_that_was_set_is_kept_and_every_address_is_none(quiet_shop: Shop, host, set_to, begins):
    shop = replace(quiet_shop, settings=replace(quiet_shop.settings, base_url=set_to))
    assert reached_over(shop, host, 8765).settings.reached_at == begins


def is_refused(address: str) -> bool:
    """Whether nobody answers there any more, a moment from now at the latest."""
    soon = time.monotonic() + 10
    while time.monotonic() < soon:
        try:
            httpx.get(address, timeout=2)
        except httpx.TransportError:
            return True
    return False


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_told_to_stop_it_finishes_what_it_began_and_takes_nothing_new(home: Path, sign):
    key = key_in(home)
    headers = {"Authorization": f"Bearer {key}"}
    answers: list[httpx.Response] = []

    def ask_slowly():
        ask = {"user_id": "slow", "purpose": "offers"}
        answers.append(httpx.get(f"{address}/api/v1/can", params=ask, headers=headers, timeout=10))

    with served(home) as (process, address):
        asking = threading.Thread(target=ask_slowly)
        asking.start()
        assert process.stdout.readline() == "at work\n"
        process.send_signal(sign)
        assert is_refused(f"{address}/healthz")
        assert not answers, "it is still at work"
        asking.join()
        assert process.wait(timeout=20) == 0
    assert answers[0].status_code == 200


def test_what_the_server_acknowledged_another_process_sees(tmp_path: Path):
    home = tmp_path / "home"
    with create_shop(home) as shop:
        furnish(shop)
    key = key_in(home)
    with (
        served(home) as (_, address),
        httpx.Client(base_url=address, headers={"Authorization": f"Bearer {key}"}) as client,
    ):
        client.post("/api/v1/decide", json={"person": {"user_id": "amina"}})
        key_in(home)
        said = {"person": {"user_id": "bruno"}, "purpose": "offers", "yes": False}
        receipt = client.post("/api/v1/consent", json=said).json()
        with open_shop(home) as shop:
            assert [row.position for row in shop.consents("bruno")] == receipt["positions"]


def send(address: str, request: bytes, *, wait: bool = True) -> bytes:
    """What comes back first for these very bytes; without waiting, hang up."""
    host, _, port = address.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as line:
        line.sendall(request)
        return line.recv(65536) if wait else b""


def test_what_is_no_clean_http_does_not_reach_the_shop(home: Path):
    key = key_in(home)
    lines = (
        "POST /api/v1/decide HTTP/1.1",
        "Host: x",
        f"Authorization: Bearer {key}",
        "Content-Type: application/json",
    )
    head = "".join(f"{line}\r\n" for line in lines).encode()
    with served(home) as (process, address):
        bad = {
            "a head without end": head + b"X: " + b"a" * 100_000 + b"\r\n\r\n",
            "two lengths": head + b"Content-Length: 2\r\nContent-Length: 4\r\n\r\n{}{}",
            "no length that is one": head + b"Content-Length: -1\r\n\r\n{}",
            "two keys": head + b"Authorization: Bearer other\r\nContent-Length: 2\r\n\r\n{}",
            "a length that is never sent": head + b"Content-Length: 999999999\r\n\r\n{}",
        }
        for name, request in bad.items():
            assert send(address, request).startswith(b"HTTP/1.1 4"), name
        cut_off = head + b"Content-Length: 100\r\n\r\n{"
        send(address, cut_off, wait=False)
        assert httpx.get(f"{address}/healthz").status_code == 200
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=20)
        log = process.complained
    assert '"broke"' not in log


def test_a_taken_port_is_said_and_not_fought_over(home: Path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with open_shop(home) as shop, pytest.raises(Conflict, match="--port"):
            serve(shop, port=other.getsockname()[1])


def test_the_machines_own_environment_turns_no_debugging_on(quiet_shop: Shop, monkeypatch):
    from goodwill.web.application import application
    from goodwill.web.straight import Straight

    monkeypatch.setitem(os.environ, "LITESTAR_DEBUG", "1")
    monkeypatch.setitem(os.environ, "LITESTAR_PDB", "1")
    monkeypatch.setattr("goodwill.web.application.Litestar", Litestar)  # itself, and no layout of another's
    straight = application(quiet_shop)._inside
    assert isinstance(straight, Straight)
    inside = straight._inside
    assert isinstance(inside, Litestar)
    assert (inside.debug, inside.pdb_on_exception) == (False, False)


def test_what_first_pages_need_is_ready_before_they_are_asked_for_and_not_at_import():
    """In a process of its own: this one has loaded all that already."""
    code = (
        "import sys\n"
        "from goodwill.web import pages, serve\n"
        "late = ('goodwill.shop.measures.trials', 'goodwill.access.many')\n"
        "print(sorted(set(late) & set(sys.modules)), len(pages._pages.cache))\n"
        "serve.warm()\n"
        "print(sorted(set(late) & set(sys.modules)), len(pages._pages.cache) == len(pages._pages.list_templates()))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    before, after = done.stdout.splitlines()
    assert before == "[] 0"
    assert after == "['goodwill.access.many', 'goodwill.shop.measures.trials'] True"
