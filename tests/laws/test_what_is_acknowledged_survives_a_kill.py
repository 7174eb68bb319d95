"""What a server has acknowledged is still there after it was killed in the middle of its work; and what it has not
acknowledged is there once at the most.

A client keeps a journal of what it said and what it was told. The server is killed with no warning at a random moment,
started again, and its ledger compared with the journal.
"""

import random
import time
from functools import partial
from pathlib import Path

import httpx
import pytest
from tests.conftest import examples
from tests.laws.servers import History, serving, told
from tests.web.conftest import key_for

from goodwill.app import create_shop, open_shop
from goodwill.storage import Database
from goodwill.web.store import Scope

SEED = 20_261_128
LOST = (httpx.TransportError,)


@pytest.fixture
def home(database: Database, tmp_path: Path) -> Path:
    """A new shop that nobody has open."""
    folder = tmp_path / "home"
    create_shop(folder, database=database.url or f"sqlite:///{database.file}").close()
    return folder


def speak_until_killed(home: Path, key: str, history: History, chance: random.Random, *, first: int) -> int:
    """Say yes to offers under a new name each time until the server dies; gives the next number."""
    n, headers = first, {"Authorization": f"Bearer {key}"}
    with serving(home) as (process, address), httpx.Client(base_url=address, headers=headers, timeout=10) as client:
        kill_at, before = time.monotonic() + chance.uniform(0.02, 0.5), len(history.lines)
        while process.poll() is None:
            if time.monotonic() >= kill_at and len(history.lines) > before:  # not before it said anything
                process.kill()
                process.wait()
            say = {"person": {"user_id": f"p{n}"}, "purpose": "offers", "categories": ["purchases"], "yes": True}
            history.ask(f"p{n}", partial(told, client, "/api/v1/consent", say), lost=LOST)
            n += 1
    return n


@pytest.mark.longer
def test_the_journal_and_the_ledger_agree(home: Path):
    chance, history, n = random.Random(SEED), History(), 0
    with open_shop(home) as shop:
        key = key_for(shop, Scope.CONSENT)
    for _ in range(examples(2)):
        n = speak_until_killed(home, key, history, chance, first=n)
    acknowledged = {line.asked: line.told for line in history.lines if line.told is not None}
    assert acknowledged, "the server was killed before it had said anything"
    with open_shop(home) as shop:
        assert shop.ready() == []
        for name in (line.asked for line in history.lines):
            known = shop.find(name) is not None
            rows = shop.consents(name) if known else []
            if name in acknowledged:
                assert [row.position for row in rows] == acknowledged[name]["positions"]
            assert len(rows) <= 1
