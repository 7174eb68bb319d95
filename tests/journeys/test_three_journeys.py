"""The three journeys of the house, each down once and back once: a purchase, a withdrawal, a decision; over HTTP."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient
from tests.conftest import FakeClock

from goodwill.access import SignedIn
from goodwill.app import create_shop
from goodwill.collect import imports
from goodwill.shop import Shop
from goodwill.simulate.cafe import cafe
from goodwill.simulate.files import write
from goodwill.storage import Database
from goodwill.web.application import application
from goodwill.web.keys import create_key

PEOPLE = 40


class Caller:
    """Somebody's server with a key."""

    def __init__(self, shop: Shop, client: TestClient[Any]) -> None:
        with shop.database.transaction() as connection:
            key = create_key(connection, "journeys", ["decide", "consent", "read"], now=shop.clock())
        self._client, self._key = client, {"Authorization": f"Bearer {key.text}"}

    def get(self, path: str, **query: str) -> Any:
        return self._client.get(path, params=query, headers=self._key).raise_for_status().json()

    def post(self, path: str, body: dict[str, Any]) -> Any:
        return self._client.post(path, json=body, headers=self._key).raise_for_status().json()

    def decide(self, person: str) -> Any:
        return self.post("/api/v1/decide", {"person": {"user_id": person}, "slot": "home", "count": 5})

    def says(self, person: str, purpose: str, *, yes: bool) -> Any:
        asked = {"how": "privacy-centre", "words": "Suggest products I may like"}
        return self.post(
            "/api/v1/consent", {"person": {"user_id": person}, "purpose": purpose, "yes": yes, "asked": asked}
        )


@pytest.fixture
def shop(database: Database, tmp_path: Path, clock: FakeClock) -> Iterator[Shop]:
    """A café whose purchases and consents came in through the importer."""
    where = database.url or f"sqlite:///{database.file}"
    with create_shop(tmp_path / "home", clock=clock, database=where, currency="EUR") as opened:
        files = tmp_path / "files"
        write(files, cafe(people=PEOPLE, seed=7))
        planned = imports.plan(sorted(files.glob("*.csv")))
        report = imports.run(opened.database, opened.tools, planned, rejects_to=tmp_path / "rejects")
        assert report.rejected == 0
        opened.learn()
        yield opened


@pytest.fixture
def caller(shop: Shop) -> Iterator[Caller]:
    with TestClient(application(shop)) as client:
        yield Caller(shop, client)


def test_a_purchase_comes_in_is_counted_and_comes_back_as_a_suggestion(shop: Shop, caller: Caller) -> None:
    own = shop.own(SignedIn(shop.find("amina") or pytest.fail("amina was not imported"), by="test"))
    bought = {happened.product for happened in own.events if happened.type == "bought"}
    assert bought
    decision = caller.decide("amina")
    assert decision["personalised"] is True
    assert decision["used"] == ["purchases"]
    usual = [item for item in decision["items"] if item["kind"] == "usual"]
    assert usual
    for item in usual:
        assert item["because"]
        assert 0 <= item["covered"] <= 1


def test_a_withdrawal_is_obeyed_by_the_next_decision_and_leaves_every_total(shop: Shop, caller: Caller) -> None:
    before = shop.settle()
    assert caller.decide("amina")["personalised"] is True
    for purpose in ("recommendations", "model-improvement"):
        receipt = caller.says("amina", purpose, yes=False)
        assert receipt["state"] == "withdrawn"
    after = caller.decide("amina")
    assert after["personalised"] is False
    assert after["used"] == []
    assert after["items"], "whoever refuses gets what everyone gets"
    assert caller.get("/api/v1/can", user_id="amina", purpose="recommendations")["reason"] == "withdrawn"
    settled = shop.settle()
    assert settled.people == before.people - 1
    assert settled.hash == shop.library.rebuilt(shop._at_the_door).hash


def test_a_decision_is_written_down_and_can_be_read_by_the_person(shop: Shop, caller: Caller) -> None:
    decision = caller.decide("amina")
    told = caller.get("/api/v1/people/amina/decisions")
    assert decision["decision"] in str(told)
    again = caller.get(f"/why/{decision['decision']}")
    assert [item["product"] for item in again["items"]] == [item["product"] for item in decision["items"]]
    own = shop.own(SignedIn(shop.find("amina") or pytest.fail("amina was not imported"), by="test"))
    assert [happened.type for happened in own.events].count("decided") == 1
    assert {(read.purpose, read.verb) for read in own.reads} == {
        ("recommendations", "one"),
        ("own copy, decisions", "own"),
        ("own copy, test", "own"),
    } | {(read.purpose, read.verb) for read in own.reads if read.purpose.startswith("own copy, explain")}


def test_bruno_who_was_never_asked_is_not_even_read(shop: Shop, caller: Caller) -> None:
    decision = caller.decide("bruno")
    assert (decision["personalised"], decision["reason"]) == (False, "never-asked")
    person = shop.find("bruno")
    assert person is not None
    assert [read.verb for read in shop.own(SignedIn(person, by="test")).reads] == ["own"]


def test_dev_says_yes_and_is_known_from_then_on(shop: Shop, caller: Caller, clock: FakeClock) -> None:
    clock.turn(seconds=1)
    assert caller.says("newcomer", "recommendations", yes=True)["state"] == "given"
    assert caller.get("/api/v1/can", user_id="newcomer", purpose="recommendations")["allowed"] is True
    assert caller.decide("newcomer")["reason"] == "no-history"
