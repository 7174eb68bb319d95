"""Segments over HTTP: kept, listed, counted; a rule that is none is refused with its place."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from goodwill.web.store import Scope

OFTEN = {"is": "did", "what": "bought", "visits": {"at_least": 3}}


@pytest.fixture
def client(client_of, shop):
    return client_of(shop, Scope.SEGMENTS)


def test_a_segment_is_kept_listed_counted_and_removed(client):
    kept = client.post("/api/v1/segments", json={"name": "Regulars", "purpose": "offers", "rule": OFTEN})
    assert kept.status_code == 200, kept.text
    document = kept.json()
    assert (document["segment"], document["version"], document["rule"]) == (2, 1, OFTEN)
    assert document["sentence"] == "People who bought something on at least 3 different days."
    assert document["by"].startswith("key ")
    changed = client.post("/api/v1/segments", json={"segment": 2, "rule": {"is": "never", "what": "bought"}}).json()
    assert (changed["version"], changed["name"]) == (2, "Regulars")
    listed = client.get("/api/v1/segments?language=de").json()["segments"]
    assert [one["sentence"] for one in listed] == ["Menschen, die nichts gekauft haben."] * 2
    counted = client.get("/api/v1/segments/2/count").json()
    assert (counted["people"], counted["left_out"], counted["looked_at"]) == (2, 1, 1)
    assert (counted["matched"], counted["few"]) == (None, ["matched", "unmatched"])
    assert client.post("/api/v1/segments/remove", json={"segment": 2}).status_code == 200
    assert client.get("/api/v1/segments/2/count").status_code == 404


def test_a_rule_is_counted_before_it_is_kept(client):
    answer = client.post("/api/v1/segments/count", json={"purpose": "offers", "rule": OFTEN})
    assert answer.json()["people"] == 2
    assert [one["name"] for one in client.get("/api/v1/segments").json()["segments"]] == ["Quiet"]


def test_recipes_are_listed_with_the_purposes_of_this_shop(client):
    recipes = {one["recipe"]: one for one in client.get("/api/v1/segments/recipes").json()["recipes"]}
    assert recipes["loves-category"]["values"] == {"category": [], "times": 3, "days": 180}
    assert recipes["birthday-week"]["purposes"] == []


@pytest.mark.parametrize(
    ("asks", "status", "says"),
    [
        ({"purpose": "offers", "rule": {"is": "all", "of": [OFTEN, {"is": "did"}]}}, 422, "$.of[1] lacks 'what'"),
        (
            {"purpose": "offers", "rule": {"is": "fact", "field": "city", "one_of": ["Wien"]}},
            403,
            "'city' is of the data",
        ),
        ({"purpose": "statistics", "rule": OFTEN}, 403, "chooses nobody"),
        ({"purpose": "snooping", "rule": OFTEN}, 404, "not a registered purpose"),
    ],
)
def test_what_cannot_be_is_a_problem_that_says_where(client, asks, status, says):
    for path, more in (("/api/v1/segments/count", {}), ("/api/v1/segments", {"name": "S"})):
        answer = client.post(path, json={**asks, **more})
        assert answer.status_code == status, answer.text
        assert says in answer.json()["detail"]


def test_other_keys_do_not_open_it(client_of, shop):
    other = client_of(shop, *(scope for scope in Scope if scope is not Scope.SEGMENTS))
    assert other.get("/api/v1/segments").status_code == 403


anything = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["is", "of", "what"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(rule=anything)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_rule_is_answered_by_a_breakdown(client, rule):
    answer = client.post("/api/v1/segments/count", json={"purpose": "offers", "rule": rule})
    assert answer.status_code in (200, 400, 422), answer.text
