"""What a shop's page gets to show: real suggestions with their reasons, and what everyone gets after a no."""

from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.small_shop import EVENING, MORNING, bakery
from tests.web.conftest import Client, MakeClient

from goodwill.shop import Shop
from goodwill.storage import Database
from goodwill.web.store import Scope


@pytest.fixture
def baker(database: Database, tmp_path: Path, clock, clients: ExitStack):
    """A bakery that has learned its customers' habits."""
    with bakery(database, tmp_path, clock, then=Shop.learn).shop as shop:
        yield shop
        clients.close()


@pytest.fixture
def client(baker, client_of: MakeClient):
    """A client of that bakery."""
    return client_of(baker, *Scope)


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


# ---- explained, and whether that is true -----------------------------------------------------------------------------


def test_a_decision_is_explained_to_a_customer_to_staff_and_to_an_auditor(client):
    made = decide(client, "amina")
    path = f"/api/v1/decisions/{made['decision']}/explanation"
    told = client.get(path).json()
    assert told["for"] == "customer"
    assert set(told) == {"decision", "for", "customer"}
    assert len(told["customer"]["text"].split()) <= 40
    assert [one["product"] for one in told["customer"]["items"]] == [one["product"] for one in made["items"]]
    german = client.get(f"{path}?for=customer&language=de-AT").json()["customer"]
    assert (german["language"], german["text"][:5]) == ("de", "Wir w")
    staff = client.get(f"{path}?for=staff").json()["staff"]
    assert staff["decision"] == made
    assert all(item["adds_up"] for item in staff["items"])
    assert {row["category"] for row in staff["consents"]} >= {"purchases"}
    assert staff["instead"]
    auditor = client.get(f"{path}?for=auditor").json()["auditor"]
    assert auditor["replay"] == {"same": True, "cannot": "", "differs": []}
    assert client.get(f"{path}?for=everybody").status_code == 422
    assert client.get("/api/v1/decisions/aaaaaaaaaaaaa/explanation").status_code == 404


def test_an_explanation_needs_a_key_that_may_read(client, baker, client_of):
    path = f"/api/v1/decisions/{decide(client, 'amina')['decision']}/explanation"
    assert client_of(baker, Scope.DECIDE).get(path).status_code == 403


def test_the_link_of_every_answer_opens_its_page(client):
    for answer in (decide(client, "amina"), decide(client, "bruno")):
        link = answer["why_url"].removeprefix("http://127.0.0.1:8400")
        page = client.get(link, headers={"authorization": ""})
        assert page.status_code == 200
        assert answer["items"][0]["name"] in page.text
    flag = client.post("/ofrep/v1/evaluate/flags/home", json={"context": {"targetingKey": "amina"}}).json()
    assert client.get(flag["metadata"]["why_url"].removeprefix("http://127.0.0.1:8400")).status_code == 200


def test_whether_reasons_are_true_is_published(client, baker):
    assert client.get("/api/v1/measures/faithfulness").status_code == 404
    assert "goodwill_reasons_true_ratio{" not in client.get("/metrics").text
    for name in ("amina", "c1", "c2", "c3"):
        decide(client, name)
    found = baker.faithful.measure()
    answer = client.get("/api/v1/measures/faithfulness").json()
    assert (answer["decisions"], answer["anew"], answer["enough"], answer["wanted"]) == (4, 0, None, 0.95)
    assert answer["all"] == {
        "value": 1.0, "low": round(found.all.low, 4), "high": 1.0, "n": found.all.of, "true": found.all.of,
    }  # fmt: skip
    counted = client.get("/metrics").text
    assert f'goodwill_reasons_tried{{kind="all"}} {found.all.of}.0' in counted
    assert 'goodwill_reasons_true_ratio{bound="value",kind="all"} 1.0' in counted
