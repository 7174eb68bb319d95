"""What a shop's page gets to show: real suggestions with their reasons, and what everyone gets after a no."""

from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.small_shop import EVENING, MORNING, bakery
from tests.web.conftest import Client, MakeClient

from goodwill.storage import Database
from goodwill.web.store import Scope


@pytest.fixture
def client(database: Database, tmp_path: Path, clock, client_of: MakeClient, clients: ExitStack):
    """A client of a bakery that has learned its customers' habits."""
    with bakery(database, tmp_path, clock).shop as shop:
        shop.learn()
        yield client_of(shop, *Scope)
        clients.close()


def decide(client: Client, name: str, **more):
    answer = client.post("/api/v1/decide", json={"person": {"user_id": name}, "count": 5, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_amina_gets_her_usual_and_something_new_each_with_its_reasons(client):
    answer = decide(client, "amina")
    assert (answer["personalised"], answer["used"]) == (True, ["purchases"])
    assert "reason" not in answer
    assert [item["kind"] for item in answer["items"]] == ["usual"] * 4 + ["new"]
    assert answer["items"][-1]["product"] in EVENING
    for item in answer["items"]:
        assert item["because"]
        assert all(reason["text"] for reason in item["because"])
        assert sum(reason["share"] for reason in item["because"]) == pytest.approx(item["covered"], abs=0.001)


def test_what_is_in_the_basket_is_not_suggested_again(client):
    first = decide(client, "amina")["items"][0]["product"]
    again = decide(client, "amina", context={"basket": [first]})
    assert first not in [item["product"] for item in again["items"]]


def test_a_caller_may_ask_for_nothing_new(client):
    answer = decide(client, "amina", context={"new": 0})
    assert {item["kind"] for item in answer["items"]} == {"usual"}


@pytest.mark.parametrize(("name", "reason"), [("bruno", "never-asked"), ("chiara", "withdrawn"), ("dev", "no-history")])
def test_everybody_else_gets_what_everyone_gets(client, name, reason):
    answer = decide(client, name)
    assert (answer["personalised"], answer["reason"], answer["used"]) == (False, reason, [])
    assert len(answer["items"]) == 5
    assert {item["kind"] for item in answer["items"]} == {"everyone"}


def test_after_a_no_over_http_the_very_next_answer_is_what_everyone_gets(client):
    assert decide(client, "amina")["personalised"]
    said = {"person": {"user_id": "amina"}, "purpose": "recommendations", "yes": False}
    receipt = client.post("/api/v1/consent", json=said).json()
    answer = decide(client, "amina")
    assert (answer["personalised"], answer["reason"], answer["used"]) == (False, "withdrawn", [])
    can = client.get("/api/v1/can?user_id=amina&purpose=recommendations").json()
    assert can["position"] in receipt["positions"]


def test_reasons_are_read_again_as_they_were_given(client):
    made = decide(client, "amina")
    assert client.get(f"/why/{made['decision']}").json() == made
    assert client.get("/api/v1/people/amina/decisions").json()["decisions"] == [made]


def test_the_morning_people_are_shown_the_morning(client):
    everyone = [item["product"] for item in decide(client, "c2")["items"] if item["kind"] == "usual"]
    assert set(everyone[:2]) <= set(MORNING)
