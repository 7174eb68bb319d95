"""No event that a server acknowledged is lost when it is killed under load, and none counts twice if it is sent again.

Several clients send batches and keep a journal. The server is killed with no warning at a random moment and started
again; the clients then send again whatever was not acknowledged, as every library does.
"""

import os
import random
import threading
import time
from pathlib import Path

import httpx
import pytest
from tests.laws.servers import serving
from tests.web.conftest import key_for

from goodwill.app import create_shop, open_shop
from goodwill.basics.ids import hash64
from goodwill.catalogue import store as catalogue
from goodwill.catalogue.products import Product
from goodwill.consent import Asked
from goodwill.people.tables import events
from goodwill.shop import Who
from goodwill.storage import Database
from goodwill.web.store import Scope

SEED = 20_261_129
CLIENTS, BATCH = 4, 20
KILLS = 200 if os.environ.get("HYPOTHESIS_PROFILE") == "soak" else 2


@pytest.fixture
def home(database: Database, tmp_path: Path) -> Path:
    """A shop that nobody has open, where one device allows suggestions."""
    folder = tmp_path / "home"
    with create_shop(folder, database=database.url or f"sqlite:///{database.file}", columns="database") as shop:
        shop.grant(Who(anonymous_id="tab"), "recommendations", asked=Asked(how="test"))
        with shop.database.transaction() as connection:
            catalogue.upsert_many(connection, [Product("bread")])
    return folder


def message(number: int) -> dict[str, object]:
    """The event of a number; always the same, as a library sends it again."""
    return {
        "type": "track", "event": "Product Viewed", "anonymousId": "tab", "messageId": f"m{number}",
        "timestamp": f"2026-11-{1 + number % 20:02d}T10:00:00Z", "properties": {"product_id": "bread"},
    }  # fmt: skip


class Client(threading.Thread):
    """Sends one batch after the other until the server is gone."""

    def __init__(self, address: str, key: str, first: int) -> None:
        super().__init__()
        self.address, self.key, self.next = address, key, first
        self.sent: list[int] = []
        self.acknowledged: set[int] = set()

    def run(self) -> None:
        with httpx.Client(base_url=self.address, auth=(self.key, ""), timeout=10) as client:
            while True:
                numbers = list(range(self.next, self.next + BATCH))
                self.next += BATCH
                self.sent += numbers
                try:
                    answer = client.post("/v1/batch", json={"batch": [message(n) for n in numbers]})
                except httpx.TransportError:
                    return
                if answer.status_code == 200:
                    assert {one["status"] for one in answer.json()["results"]} == {"taken"}
                    self.acknowledged |= set(numbers)


def stored(home: Path) -> list[int]:
    """The keys of all events there are."""
    with open_shop(home) as shop, shop.database.reading() as connection:
        assert shop.ready() == []
        return [row.key for row in connection.execute(events.select())]


def keys_of(numbers: set[int]) -> set[int]:
    return {hash64("message", "a test", f"m{number}", 0) for number in numbers}


@pytest.mark.longer
def test_what_was_acknowledged_is_there_and_what_is_sent_again_counts_once(home: Path):
    chance = random.Random(SEED)
    with open_shop(home) as shop:
        key = key_for(shop, Scope.COLLECT)
    sent: set[int] = set()
    acknowledged: set[int] = set()
    for turn in range(KILLS):
        with serving(home) as (process, address):
            clients = [Client(address, key, 10_000_000 * turn + 1_000_000 * n) for n in range(CLIENTS)]
            for client in clients:
                client.start()
            end = time.monotonic() + 30
            while not any(client.acknowledged for client in clients) and time.monotonic() < end:
                time.sleep(0.005)
            time.sleep(chance.uniform(0, 0.3))
            process.kill()
            process.wait()
            for client in clients:
                client.join()
        sent = sent.union(*(client.sent for client in clients))
        acknowledged = acknowledged.union(*(client.acknowledged for client in clients))
    assert acknowledged, "the server was killed before it had said anything"
    held = stored(home)
    assert len(held) == len(set(held))
    assert keys_of(acknowledged) <= set(held) <= keys_of(sent)
    with serving(home) as (_, address), httpx.Client(base_url=address, auth=(key, ""), timeout=30) as http:
        again = sorted(sent)
        for begin in range(0, len(again), 500):
            batch = [message(number) for number in again[begin : begin + 500]]
            http.post("/v1/batch", json={"batch": batch}).raise_for_status()
    held = stored(home)
    assert len(held) == len(sent)
    assert set(held) == keys_of(sent)
