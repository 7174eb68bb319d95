"""Slots as OpenFeature flags: the answer of a decision, in the protocol's words."""

import pytest
from tests.small_shop import bakery

from goodwill.shop import Shop
from goodwill.web.store import Scope

FLAGS = "/ofrep/v1/evaluate/flags"


@pytest.fixture
def asked(database, tmp_path, clock, client_of, clients):
    with bakery(database, tmp_path, clock, then=Shop.learn).shop as shop:
        client = client_of(shop, Scope.DECIDE, Scope.READ)

        def ask(path="/home", context=None, **headers):
            return client.post(f"{FLAGS}{path}", json={"context": context or {}}, headers=headers)

        ask.client = client
        ask.metrics = lambda: client.get("/metrics").text
        yield ask
        clients.close()


def test_whoever_allows_it_gets_a_personal_flag_and_everyone_else_what_everyone_gets(asked):
    hers = asked(context={"targetingKey": "amina", "count": 2, "plan": "gold", "email": "amina@example.org"}).json()
    assert (hers["key"], hers["variant"], hers["reason"]) == ("home", "personal", "TARGETING_MATCH")
    assert (hers["metadata"]["consent"], hers["metadata"]["used"]) == ("allowed", "purchases")
    assert len(hers["value"]["items"]) == 2
    assert hers["metadata"]["why_url"].rpartition("/")[0].endswith(f"/why/{hers['metadata']['decision']}")
    for context, why in (
        ({"targetingKey": "bruno"}, "never-asked"), ({"targetingKey": "x"}, "unknown-person"), ({}, "anonymous"),
        ({"targetingKey": "amina", "anonymous": True}, "unknown-person"),
    ):  # fmt: skip
        flag = asked(context=context).json()
        assert (flag["variant"], flag["reason"], flag["metadata"]["consent"]) == ("everyone", "DEFAULT", why)
        assert flag["value"]["items"]


def test_a_signal_is_honoured_first_and_once_a_request(asked):
    for n, path in enumerate(("/home", ""), start=1):
        context = {"targetingKey": "amina", "slots": ["home", "basket-page"]}
        assert asked(path, context, **{"Sec-GPC": "1"}).status_code == 200
        assert f"goodwill_gpc_signals_total {n}.0" in asked.metrics()


def test_several_slots_come_at_once_and_304_where_nothing_is_new(asked):
    context = {"targetingKey": "amina", "slots": ["home", "basket-page"], "count": 2}
    first = asked("", context)
    assert [one["key"] for one in first.json()["flags"]] == ["home", "basket-page"]
    again = asked("", context, **{"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    other = asked("", {**context, "targetingKey": "bruno"}, **{"If-None-Match": first.headers["etag"]})
    assert other.status_code == 200
    assert [one["key"] for one in asked("", {"targetingKey": "amina"}).json()["flags"]] == ["home"]


@pytest.mark.parametrize(("path", "context", "status", "code"), [
    ("/No%20Slot", {}, 404, "FLAG_NOT_FOUND"), ("", {"slots": ["No Slot"]}, 400, "INVALID_CONTEXT"),
])  # fmt: skip
def test_what_is_no_slot_is_said_in_the_protocols_words_and_in_ours(asked, path, context, status, code):
    answer = asked(path, context)
    assert (answer.status_code, answer.json()["errorCode"], answer.json()["key"]) == (status, code, "No Slot")
    assert answer.json()["errorDetails"] == answer.json()["detail"]
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/home", ""])
def test_a_context_of_a_wrong_shape_is_the_protocols_400_and_names_the_place(asked, path):
    answer = asked(path, {"targetingKey": 5})
    told = answer.json()
    assert (answer.status_code, told["errorCode"]) == (400, "INVALID_CONTEXT")
    assert told.get("key", "") == path[1:]
    assert [one["pointer"] for one in told["errors"]] == ["#/context/targetingKey"]
    assert told["errorDetails"] == told["errors"][0]["detail"]


def test_what_is_no_json_is_the_protocols_parse_error(asked):
    answer = asked.client.post(f"{FLAGS}/home", content=b"{", headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["errorCode"], answer.json()["key"]) == (400, "PARSE_ERROR", "home")
