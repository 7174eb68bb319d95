"""A person's own copy over HTTP: whole, in clear, for a key of its own scope, and noted where she can see it."""

import io
import zipfile
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.small_shop import bakery
from tests.web.conftest import MakeClient

from goodwill.shop import Shop
from goodwill.storage import Database
from goodwill.web import collect
from goodwill.web.application import OPERATIONS
from goodwill.web.store import SCOPES, Scope


@pytest.fixture
def client(database: Database, tmp_path: Path, clock, client_of: MakeClient, clients: ExitStack):
    """A client of a bakery that has learned, with a key that may decide and export."""
    with bakery(database, tmp_path, clock, then=Shop.learn).shop as shop:
        yield client_of(shop, Scope.DECIDE, Scope.EXPORT)
        clients.close()


def test_it_holds_everything_in_the_shops_own_words(client):
    made = client.post("/api/v1/decide", json={"person": {"user_id": "amina"}}).json()["decision"]
    answer = client.get("/api/v1/people/amina/export")
    assert answer.status_code == 200, answer.text
    copy = answer.json()
    assert {"kind": "user_id", "value": "amina"} in copy["known_as"]
    assert {event["what"] for event in copy["events"]} == {"bought", "decided", "proposed"}
    assert {event["product"] for event in copy["events"] if event["what"] == "bought"} >= {"croissant", "coffee"}
    assert len(copy["consents"]) == 8
    assert copy["consents"][0]["state"] == "given"
    (decided,) = (event for event in copy["events"] if event["what"] == "decided")
    assert decided["decision"] == made
    assert "order_code" not in decided


def test_an_order_is_named_by_a_code_that_does_not_pass_for_the_shops_number(client):
    copy = client.get("/api/v1/people/amina/export").json()
    bought = [event for event in copy["events"] if event["what"] == "bought"]
    assert all("order" not in event for event in bought)
    assert all("order_code" in note for note in copy["notes"])
    assert {event["order_code"] for event in bought}


def test_who_fetched_it_stands_in_the_next_one(client):
    client.get("/api/v1/people/amina/export")
    reads = client.get("/api/v1/people/amina/export").json()["reads"]
    assert [read["purpose"] for read in reads if read["by"] == "own"] == [f"own copy, key {key_id(client)}"]


def key_id(client) -> str:
    return str(client.headers["Authorization"].split("_")[1])


def test_nobody_unknown_has_a_copy_and_no_command_is_told_over_http(client):
    answer = client.get("/api/v1/people/nobody/export")
    assert answer.status_code == 404
    assert "goodwill " not in answer.text


def test_every_scope_opens_something():
    opened = {scope for operation in OPERATIONS for scope in (*operation.scopes, *operation.more_with)}
    assert opened | set(collect.OPENS) == set(Scope) == set(SCOPES)


def test_it_comes_as_tables_and_to_read_too(client):
    tables = client.get("/api/v1/people/amina/export", params={"format": "csv"})
    assert tables.headers["content-type"] == "application/zip"
    assert tables.headers["content-disposition"].startswith('attachment; filename="own-copy-')
    with zipfile.ZipFile(io.BytesIO(tables.content)) as archive:
        assert b"croissant" in archive.read("order-lines.csv")
    paper = client.get("/api/v1/people/amina/export", params={"format": "pdf"})
    assert paper.headers["content-type"] == "application/pdf"
    assert paper.content.startswith(b"%PDF-")
    assert client.get("/api/v1/people/amina/export", params={"format": "doc"}).status_code == 422
    assert client.head("/api/v1/people/amina/export").status_code == 200
