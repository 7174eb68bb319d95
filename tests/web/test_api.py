"""The API as the shop's own server uses it."""

import re

import msgspec
import pytest

from goodwill.consent import Asked, Evidence, Said, State, append
from goodwill.people import identify
from goodwill.shop import Shop
from goodwill.web.messages import DecideAnswer
from goodwill.web.store import Scope

AMINA, BRUNO, CHIARA, DEV = ({"user_id": name} for name in ("amina", "bruno", "chiara", "dev"))


def can(client, purpose="recommendations", **who):
    return client.get("/api/v1/can", params={"purpose": purpose, **who}).json()


def decide(client, **ask):
    answer = client.post("/api/v1/decide", json=ask)
    assert answer.status_code == 200, answer.text
    return answer.json()


def consent(client, person, purpose="recommendations", *, yes=True, **more):
    return client.post("/api/v1/consent", json={"person": person, "purpose": purpose, "yes": yes, **more})


# ---- can -----------------------------------------------------------------------------------------------------------


def test_amina_allows_and_the_answer_names_the_row_that_says_so(client):
    answer = can(client, **AMINA)
    assert (answer["allowed"], answer["basis"], answer["reason"]) == (True, "consent", "allowed")
    assert answer["position"] > 0
    assert answer["since"] == "2026-11-22T09:00:00Z"
    assert {line["category"] for line in answer["categories"]} == {"purchases", "browsing", "preferences", "feedback"}


@pytest.mark.parametrize(
    ("who", "reason"), [(CHIARA, "withdrawn"), (DEV, "unknown-person"), ({"anonymous_id": "a-1"}, "unknown-person")]
)
def test_withdrawn_and_unknown_mean_no(client, who, reason):
    answer = can(client, **who)
    assert (answer["allowed"], answer["reason"]) == (False, reason)


def test_a_consent_ends_by_itself(client, clock):
    clock.turn(days=731)
    answer = can(client, **AMINA)
    assert (answer["allowed"], answer["reason"]) == (False, "expired")


@pytest.mark.parametrize("who", [{}, {"user_id": "amina", "anonymous_id": "a-1"}])
def test_somebody_has_to_be_named_once(client, who):
    answer = client.get("/api/v1/can", params={"purpose": "offers", **who})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["parameter"] == "user_id"


def test_an_unknown_purpose_is_refused_and_the_known_ones_are_named(client):
    asked = client.get("/api/v1/can", params={"purpose": "spying", "user_id": "amina"})
    said = consent(client, AMINA, "spying")
    assert (asked.status_code, said.status_code) == (422, 422)
    assert asked.json()["errors"][0]["parameter"] == "purpose"
    assert said.json()["errors"][0]["pointer"] == "#/purpose"
    assert "recommendations" in said.json()["detail"]


# ---- consent -------------------------------------------------------------------------------------------------------


def test_a_yes_gives_a_receipt_and_counts_at_once(client):
    answer = consent(
        client, DEV, categories=["purchases"], notice="checkout-7", asked={"how": "checkout", "words": "May we?"}
    )
    assert answer.status_code == 200, answer.text
    receipt = answer.json()
    assert receipt["categories"] == ["purchases"]
    assert receipt["state"] == "given"
    assert receipt["notice"] == "checkout-7"
    assert receipt["until"] == "2028-11-21T09:00:00Z"
    assert can(client, **DEV)["position"] == receipt["positions"][0]


def test_a_no_after_a_yes_withdraws_and_a_no_without_one_refuses(client):
    assert consent(client, AMINA, yes=False).json()["state"] == "withdrawn"
    assert can(client, **AMINA)["reason"] == "withdrawn"
    assert consent(client, BRUNO, yes=False).json()["state"] == "refused"
    assert can(client, **BRUNO)["reason"] == "refused"


def test_the_ledger_keeps_every_word_and_who_recorded_it(client, clock):
    consent(client, DEV, asked={"how": "phone", "language": "it"})
    clock.turn(days=1)
    consent(client, DEV, yes=False)
    lines = client.get("/api/v1/people/dev/consents").json()["consents"]
    assert [line["state"] for line in lines] == ["given"] * 4 + ["withdrawn"] * 4
    assert [line["position"] for line in lines] == sorted(line["position"] for line in lines)
    assert lines[0]["evidence"] == "claimed"
    assert lines[0]["asked"]["how"] == "phone"
    assert lines[0]["asked"]["by"].startswith("key ")
    assert (lines[0]["said_at"], lines[-1]["said_at"]) == ("2026-11-22T09:00:00Z", "2026-11-23T09:00:00Z")


def test_each_category_that_the_purpose_does_not_have_is_named(client):
    answer = consent(client, AMINA, categories=["purchases", "location", "shoe size"])
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.json()["errors"]] == ["#/categories/1", "#/categories/2"]


def test_a_purpose_that_rests_on_a_contract_leaves_nothing_to_choose(client):
    answer = consent(client, AMINA, "fulfilment")
    assert answer.status_code == 422
    assert "contract" in answer.json()["detail"]


def test_an_id_that_names_nobody_cannot_consent(client):
    answer = consent(client, {"user_id": "guest"})
    assert answer.status_code == 422
    assert can(client, user_id="guest")["allowed"] is False


def test_a_receipt_does_not_name_the_person(client):
    assert "amina" not in consent(client, AMINA).text


def test_ids_are_taken_as_they_are(client):
    odd = "Ç–naïve +40%/😀 'x'"
    assert consent(client, {"user_id": odd}).status_code == 200
    assert can(client, user_id=odd)["allowed"]


# ---- decide --------------------------------------------------------------------------------------------------------


def test_an_answer_says_what_was_used_what_was_not_and_why(client):
    consent(client, DEV, categories=["purchases"])
    answer = decide(client, person=DEV, slot="home", count=4)
    link = msgspec.convert(answer, DecideAnswer).why_url
    assert re.fullmatch(rf"https://shop\.example/why/{answer['decision']}/[\w-]{{24}}", link)
    assert answer["purpose"] == "recommendations"
    assert answer["withheld"] == ["browsing", "feedback", "preferences"]
    assert len(answer["items"]) <= 4
    assert answer["at"] == "2026-11-22T09:00:00Z"


@pytest.mark.parametrize(
    ("ask", "reason"), [({}, "anonymous"), ({"person": CHIARA}, "withdrawn"), ({"person": DEV}, "unknown-person")]
)
def test_without_permission_everyone_gets_the_same_and_the_answer_says_why(client, ask, reason):
    answer = decide(client, **ask)
    assert (answer["personalised"], answer["reason"], answer["used"]) == (False, reason, [])


def test_a_person_is_named_by_exactly_one_id(client):
    for person in ({}, {"user_id": "amina", "anonymous_id": "a"}):
        answer = client.post("/api/v1/decide", json={"person": person})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "#/person"


def test_global_privacy_control_is_never_passed_over_in_silence(client):
    assert "notes" not in decide(client, person=AMINA)
    answer = client.post("/api/v1/decide", json={"person": AMINA}, headers={"Sec-GPC": "1"}).json()
    assert "Sec-GPC" in answer["notes"][0]
    assert "goodwill_gpc_signals_total 1.0" in client.get("/metrics").text


def test_decisions_are_read_again_latest_first(client, clock):
    made = []
    for _ in range(3):
        made.append(decide(client, person=AMINA, count=2))
        clock.turn(seconds=1)
    read = client.get("/api/v1/people/amina/decisions", params={"limit": 2}).json()["decisions"]
    assert read == [made[2], made[1]]
    assert client.get(f"/why/{made[0]['decision']}").json() == made[0]


@pytest.mark.parametrize(
    "path", ["/why/aaaaaaaaaaaaa", "/api/v1/people/nobody/consents", "/api/v1/people/nobody/decisions"]
)
def test_what_is_not_there_is_not_found(client, path):
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.json()["type"].endswith("/api/problems/not-found")


@pytest.mark.parametrize(
    "path", ["/why/aaaaaaaaaaaaa", "/api/v1/people/nobody/consents", "/api/v1/people/nobody/decisions"]
)
def test_what_helps_over_http_is_no_command_for_a_terminal(client, path):
    problem = client.get(path).json()
    assert "goodwill " not in problem["detail"] + problem["help"]
    assert problem["help"]


def test_a_yes_from_a_file_without_times_has_no_time(client, shop: Shop):
    entry = shop.register["offers"]
    with shop.database.transaction() as connection:
        person = shop.find("dev") or identify(connection, shop.cipher, {"user_id": "dev"}, now=shop.clock())
        asked = Asked(how="import", evidence=Evidence.NONE)
        words = [Said(person, entry.name, category, State.GIVEN, 0, asked) for category in entry.categories]
        append(connection, words, now=shop.clock())
    assert can(client, "offers", **DEV)["since"] is None
    assert {line["said_at"] for line in client.get("/api/v1/people/dev/consents").json()["consents"]} == {None}


def test_a_demo_shop_says_so_in_every_answer(quiet):
    mark = "demo: consents invented – all of them"
    decision = quiet.post("/api/v1/decide", json={}).json()
    paths = (
        "/api/v1/can?user_id=amina&purpose=offers",
        "/api/v1/people/amina/consents",
        "/api/v1/people/amina/decisions",
    )
    for answer in (decision, *(quiet.get(path).json() for path in paths), consent(quiet, AMINA).json()):
        assert answer["watermark"] == mark
    assert quiet.get("/healthz").headers["goodwill-watermark"] == mark.replace("–", "?")
    assert mark in quiet.get("/").text
    assert mark in quiet.get("/api/docs").text


def test_a_real_shop_has_no_watermark(client):
    answer = client.post("/api/v1/decide", json={})
    assert "watermark" not in answer.json()
    assert "goodwill-watermark" not in answer.headers


def test_an_answer_that_is_given_over_http_is_the_one_that_python_gives(shop: Shop, client_of):
    client = client_of(shop, Scope.READ)
    there, here = can(client, **AMINA), shop.can("amina", "recommendations")
    assert (there["allowed"], there["reason"], there["position"]) == (here.allowed, here.reason, here.position)
