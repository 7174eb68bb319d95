"""Offers and content over HTTP: described by staff, decided for somebody and for nobody, followed and judged."""

from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.small_shop import ASKED, bakery
from tests.web.conftest import Client, MakeClient

from goodwill.catalogue import store as catalogue
from goodwill.catalogue.products import Product
from goodwill.decide.because import cited
from goodwill.decide.plan import MODELS, Content, Offer, Slot
from goodwill.shop import Shop
from goodwill.storage import Database
from goodwill.web.store import Scope

TEN = Offer("Ten off", "Ten percent off croissants.", percent=10, products=("croissant",), cost=50, budget=100_000)
OWN = Offer("Yours", "Ten percent off wine for whom it is shown.", percent=10, products=("wine",), same_price=False)


@pytest.fixture
def shop(database: Database, tmp_path: Path, clock):
    with bakery(database, tmp_path, clock, then=furnish).shop as made:
        yield made


def furnish(made: Shop) -> None:
    made.learn()
    with made.database.transaction() as connection:
        things = [Product("croissant", price=200), Product("wine", price=900)]
        catalogue.upsert_many(connection, things, at=made.clock())
    made.grant("amina", "offers", asked=ASKED)
    made.grant("amina", "personal-content", asked=ASKED)
    made.planning.set_slot("deals", Slot(kind="offers", count=2))
    made.planning.set_slot("banner", Slot(kind="content", count=1))
    made.planning.add_content("rye", Content("banner", "Rye, from today", "Dark.", "/rye", about=("food",)))
    for name, offer in (("ten", TEN), ("own", OWN)):
        made.planning.new_offer(name, offer)
        made.planning.approve(f"offer-{name}")
        made.planning.start_offer(name)


@pytest.fixture
def client(shop, client_of: MakeClient, clients: ExitStack):
    yield client_of(shop, *Scope)
    clients.close()


def ask(client: Client, path: str, **body):
    answer = client.post(path, json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_decision_about_offers_tells_prices_rule_label_and_chance(client):
    made = ask(client, "/api/v1/decide", person={"user_id": "amina"}, slot="deals", context={"region": "US-NY"})
    assert (made["purpose"], made["personalised"], made["used"]) == ("offers", True, ["purchases"])
    by_name = {item["product"]: item for item in made["items"]}
    ten, own = by_name["ten"]["placed"], by_name["own"]["placed"]
    assert ten["prices"] == [
        {"product": "croissant", "name": "Croissant", "public": 200, "lowest": 200, "price": 180, "currency": ""}
    ]
    assert "label" not in ten
    assert own["label"] == "THIS PRICE WAS SET BY AN ALGORITHM USING YOUR PERSONAL DATA"
    assert own["rule"] == OWN.rule
    assert 0 < ten["propensity"] <= ten["chance"] <= 1
    assert {one["rule"] for one in made["guardrails"]} == {"personal", "personal-price"}
    assert client.get(f"/why/{made['decision']}").json()["items"][0]["name"] in ("Ten off", "Yours")
    german = {"user_id": "amina"}
    again = ask(client, "/api/v1/decide", person=german, slot="deals", context={"region": "DE", "language": "de"})
    labels = [item["placed"]["label"] for item in again["items"] if "label" in item["placed"]]
    assert labels == [
        "Dieser Preis wurde automatisiert für Sie personalisiert. Er liegt nie über dem öffentlichen Preis."
    ]


def test_whoever_is_nobody_gets_what_everybody_gets(client):
    for person in (None, {"user_id": "bruno"}, {"anonymous_id": "x1"}):
        body = {"slot": "deals"} if person is None else {"slot": "deals", "person": person}
        made = ask(client, "/api/v1/decide", **body)
        assert (made["personalised"], [item["product"] for item in made["items"]]) == (False, ["ten"])
        assert made["guardrails"] == [{"rule": "same-price", "does": "denied", "count": 1}]
        assert made["items"][0]["kind"] == "everyone"


def test_a_slot_is_read_as_a_flag(client):
    flag = ask(client, "/ofrep/v1/evaluate/flags/banner", context={"targetingKey": "amina"})
    assert flag["value"]["items"][0]["placed"]["link"] == "/rye"
    assert (flag["variant"], flag["metadata"]["purpose"]) == ("personal", "personal-content")


def test_another_way_of_drawing_is_judged_or_the_sentence_says_why_not(client):
    found = client.get("/api/v1/measures/offpolicy", params={"slot": "deals", "target": "floor=50"}).json()
    assert found["snips"] is None
    assert "of fewer than 20 no figure is told" in found["refused"]
    assert client.get("/api/v1/measures/offpolicy", params={"slot": "home"}).status_code == 404
    assert client.get("/api/v1/measures/offpolicy", params={"slot": "deals", "target": "x"}).status_code == 422


def test_a_click_and_a_word(client):
    made = ask(client, "/api/v1/decide", person={"user_id": "amina"}, slot="banner")
    assert ask(client, "/api/v1/clicks", decision=made["decision"], product="rye") == {"noted": True}
    assert client.post("/api/v1/clicks", json={"decision": made["decision"], "product": "x"}).status_code == 404
    everyones = ask(client, "/api/v1/decide", slot="banner")
    assert ask(client, "/api/v1/clicks", decision=everyones["decision"], product="rye") == {"noted": False}
    word = {"decision": made["decision"], "product": "rye", "verdict": "intrusive"}
    assert ask(client, "/api/v1/verdicts", **word) == {"noted": True}
    assert ask(client, "/api/v1/decide", person={"user_id": "amina"}, slot="banner")["items"] == []
    assert client.post("/api/v1/verdicts", json={**word, "verdict": "meh"}).status_code == 422


def test_the_plan_and_its_parts_are_read_and_only_staff_write(client):
    plan = client.get("/api/v1/plan").json()
    assert [one["slot"] for one in plan["slots"]] == ["banner", "deals"]
    assert {one["name"] for one in plan["gates"]} == {*MODELS, "offer-ten", "offer-own"}
    assert all(one["may_run"] for one in plan["gates"])
    ask(client, "/api/v1/decide", slot="deals")  # promises nothing to nobody
    made = ask(client, "/api/v1/decide", person={"user_id": "amina"}, slot="deals")
    offers = {one["offer"]: one for one in client.get("/api/v1/offers").json()["offers"]}
    assert (offers["ten"]["set_aside"], offers["ten"]["left"]) == (50, 99_950)
    redeemed = {"decision": made["decision"], "product": "ten"}
    assert [ask(client, "/api/v1/redemptions", **redeemed)["noted"] for _ in range(2)] == [True, False]
    assert client.get("/api/v1/content").json()["content"][0]["title"] == "Rye, from today"
    assert client.get("/api/v1/experiments").json() == {"holdout": 0, "experiments": []}
    assert len(client.get("/api/v1/slots").json()["slots"]) == 2
    body = {"name": "five", "offer": {"title": "Five", "rule": "Five off.", "percent": 5}}
    assert client.post("/api/v1/offers", json=body).status_code in (401, 403)


def test_a_code_is_told_to_whoever_allows_nothing_and_claimed_without_a_name(client, shop):
    shop.segments.new("Quiet", "offers", {"is": "never", "what": "bought"})
    quiet = Offer(
        "Quiet ten",
        "Ten off if you never bought here.",
        percent=10,
        segment="Quiet",
        code="QUIET10",
        cost=50,
        budget=500,
    )
    shop.planning.new_offer("quiet", quiet)
    shop.planning.approve("offer-quiet")
    shop.planning.start_offer("quiet")
    made = ask(client, "/api/v1/decide", person={"user_id": "bruno"}, slot="deals", count=9)
    told = {item["product"]: item["placed"] for item in made["items"]}
    assert (made["personalised"], told["quiet"]["code"], "label" in told["quiet"]) == (False, "QUIET10", False)
    assert "code" not in told["ten"]
    claimed = ask(client, "/api/v1/claims", code="quiet10")
    assert (claimed["offer"], claimed["rule"], claimed["percent"]) == ("quiet", quiet.rule, 10)
    assert client.post("/api/v1/claims", json={"code": "other"}).status_code == 404
    told = {"json": {"code": "QUIET10"}, "headers": {"Idempotency-Key": "receipt-17"}}
    assert [client.post("/api/v1/claims", **told).status_code for _ in range(3)] == [200] * 3
    assert shop.planning.set_aside() == {"quiet": 100}, "the first one, and these once"
    assert ask(client, "/api/v1/claims", code="quiet10", undo=True) == claimed
    assert shop.planning.set_aside() == {"quiet": 50}
    shop.planning.stop_offer("quiet")
    assert client.post("/api/v1/claims", json={"code": "QUIET10"}).status_code == 404


def test_of_a_product_and_of_a_reason_of_it_a_word_is_taken_too(client, shop):
    made = ask(client, "/api/v1/decide", person={"user_id": "amina"}, slot="home", count=6)
    new = next(item for item in made["items"] if item["kind"] == "new")
    usual = next(item for item in made["items"] if item["kind"] == "usual")
    thing = cited(new["because"][0]["text"])
    word = {"decision": made["decision"], "product": new["product"], "verdict": "wrong", "reason": 0}
    assert ask(client, "/api/v1/verdicts", **word) == {"noted": True}
    assert ask(client, "/api/v1/verdicts", decision=made["decision"], product=usual["product"], verdict="never")
    again = ask(client, "/api/v1/decide", person={"user_id": "amina"}, slot="home", count=6)
    assert thing not in {cited(one["text"]) for item in again["items"] for one in item["because"]}
    assert usual["product"] not in {item["product"] for item in again["items"]}
    assert {"not-used", "unwanted"} <= {one["rule"] for one in again["guardrails"]}
    for wrong, status in ((("reason", 9), 404), (("verdict", "never"), 422), (("verdict", "intrusive"), 422)):
        body = {**word, wrong[0]: wrong[1]}
        assert client.post("/api/v1/verdicts", json=body).status_code == status, wrong
    everyones = ask(client, "/api/v1/decide", slot="home")
    body = {"decision": everyones["decision"], "product": everyones["items"][0]["product"], "verdict": "less"}
    assert client.post("/api/v1/verdicts", json=body).status_code == 404
