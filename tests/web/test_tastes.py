"""The one question over HTTP, for a shop's own pages: asked, answered, obeyed, changed, taken away."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from tests.shop.test_tastes import with_kinds
from tests.small_shop import bakery
from tests.web.conftest import Client, MakeClient

from goodwill.shop import Shop
from goodwill.storage import Database
from goodwill.web.store import Scope

DEV = {"person": {"user_id": "dev"}}


@pytest.fixture
def shop(database: Database, tmp_path: Path, clock: Any) -> Iterator[Shop]:
    with bakery(database, tmp_path, clock, then=with_kinds).shop as made:
        yield made


@pytest.fixture
def client(shop: Shop, client_of: MakeClient, clients: ExitStack) -> Iterator[Client]:
    yield client_of(shop, *Scope)
    clients.close()


def ask(client: Client, **query: str) -> Any:
    return client.get("/api/v1/taste", params=query).raise_for_status().json()


def post(client: Client, path: str, **body: Any) -> Any:
    return client.post(path, json=body).raise_for_status().json()


@pytest.mark.both
def test_the_whole_way_from_the_question_to_taking_the_answer_away(client: Client) -> None:
    before = post(client, "/api/v1/decide", **DEV, count=4)
    asked = ask(client, user_id="dev")
    assert (asked["ask"], asked["reason"], asked["answer"]) == (True, "", None)
    assert asked["question"] == "What would you like to see?"
    assert ask(client, user_id="dev", language="de")["question"] == "Was möchten Sie gern sehen?"
    told = post(client, "/api/v1/taste", **DEV, kinds=["Deli"])
    assert (told["ask"], told["reason"], told["answer"]["kinds"]) == (False, "answered", ["Deli"])
    made = post(client, "/api/v1/decide", **DEV, count=4)
    assert (made["personalised"], made["used"]) == (True, ["preferences"])
    assert made["items"][0]["kind"] == "told"
    assert made["items"][0]["because"][0]["text"] == "you told us that you like Deli"
    why = client.get(f"/api/v1/decisions/{made['decision']}/explanation", params={"for": "auditor"}).json()["auditor"]
    assert why["replay"] == {"same": True, "cannot": "", "differs": []}
    assert all(one["adds_up"] for one in why["account"]["scales"])
    assert post(client, "/api/v1/taste/removal", **DEV) == {"removed": True}
    assert post(client, "/api/v1/taste/removal", **DEV) == {"removed": False}
    after = post(client, "/api/v1/decide", **DEV, count=4)
    assert [one["product"] for one in after["items"]] == [one["product"] for one in before["items"]]
    assert ask(client, user_id="dev")["ask"] is True


def test_of_whoever_does_not_allow_it_nothing_is_told_and_nothing_kept(client: Client) -> None:
    for name, reason in (("bruno", "never-asked"), ("chiara", "withdrawn"), ("nobody", "unknown-person")):
        asked = ask(client, user_id=name)
        assert (asked["ask"], asked["reason"], asked["choices"], asked["answer"]) == (False, reason, [], None)
    refused = client.post("/api/v1/taste", json={"person": {"user_id": "bruno"}, "kinds": ["Deli"]})
    assert (refused.status_code, refused.json()["type"].rpartition("/")[2]) == (403, "no-consent")
    assert client.post("/api/v1/taste", json={"person": {"user_id": "nobody"}, "kinds": []}).status_code == 404
    assert client.get("/api/v1/people/bruno/decisions").json()["decisions"] == []


def test_what_is_no_choice_is_refused_and_the_choices_are_named(client: Client) -> None:
    answer = client.post("/api/v1/taste", json={**DEV, "kinds": ["Smoke"]})
    assert answer.status_code == 422
    assert "'Smoke' is none of the choices. Choose among:" in answer.json()["detail"]
    assert client.post("/api/v1/taste", json={"person": {}, "kinds": []}).status_code == 422


@pytest.mark.parametrize(("scope", "may"), [(Scope.DECIDE, 403), (Scope.CONSENT, 200), (Scope.READ, 403)])
def test_an_answer_is_written_by_a_key_for_consent_alone(
    shop: Shop, client_of: MakeClient, clients: ExitStack, scope: Scope, may: int
) -> None:
    client = client_of(shop, scope)
    assert client.post("/api/v1/taste", json={**DEV, "kinds": []}).status_code == may
    assert client.get("/api/v1/taste", params={"user_id": "dev"}).status_code == (403 if scope is Scope.READ else 200)
    clients.close()
