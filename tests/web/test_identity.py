"""Who is who over HTTP: merging and taking it back, for keys of their own scope."""

from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.small_shop import bakery
from tests.web.conftest import MakeClient

from goodwill.storage import Database
from goodwill.web.store import Scope


@pytest.fixture
def client(database: Database, tmp_path: Path, clock, client_of: MakeClient, clients: ExitStack):
    with bakery(database, tmp_path, clock).shop as shop:
        yield client_of(shop, Scope.PEOPLE, Scope.DECIDE)
        clients.close()


def can(client, name):
    return client.get("/api/v1/can", params={"user_id": name, "purpose": "recommendations"}).json()["allowed"]


def test_a_merge_narrows_and_its_undoing_never_widens(client):
    asked = {"keep": {"user_id": "amina"}, "other": {"user_id": "chiara"}, "reason": "told at the till"}
    assert can(client, "amina")
    merged = client.post("/api/v1/people/merge", json=asked).json()
    assert merged["events"] > 0
    assert merged["narrowed"]
    assert not can(client, "amina"), "Chiara withdrew"
    assert client.post("/api/v1/people/merge", json=asked).json()["merge"] == 0
    back = client.post("/api/v1/people/unmerge", json={"merge": merged["merge"]}).json()
    assert back["events"] == merged["events"]
    assert not can(client, "chiara")
    assert not can(client, "amina"), "ask her again: nobody knows any more which of them said what"
    assert client.post("/api/v1/people/unmerge", json={"merge": merged["merge"]}).status_code == 409
    assert client.post("/api/v1/people/unmerge", json={"merge": 99}).status_code == 404
    assert client.get("/api/v1/candidates").json() == {"candidates": []}


def test_words_that_name_nobody_merge_with_nobody(client):
    for name in ("null", "guest", "0"):
        asked = {"keep": {"user_id": "amina"}, "other": {"user_id": name}}
        assert client.post("/api/v1/people/merge", json=asked).status_code == 404
