"""Suggestions on the command line: with reasons, from what is allowed, and forgotten with proof."""

import msgspec
import pytest
from tests.cli.conftest import Run

from goodwill.cli.ends import Code
from goodwill.web.messages import CanAnswer, DecideAnswer


def test_amina_gets_her_own_suggestions_with_reasons(shop: Run):
    document = shop("recommend", "amina", "--count", 4, "--json").document
    assert document["personalised"] is True
    assert len(document["items"]) == 4
    assert "purchases" in document["used"]
    usual = [item for item in document["items"] if item["kind"] == "usual"]
    assert usual
    assert all(item["because"] and 0 < item["covered"] <= 1 for item in usual)


@pytest.mark.parametrize(
    ("person", "reason"), [("bruno", "never-asked"), ("chiara", "withdrawn"), ("nobody-we-know", "unknown-person")]
)
def test_without_consent_there_is_what_everyone_gets_and_why(shop: Run, person, reason):
    document = shop("recommend", person, "--json").document
    assert document["personalised"] is False
    assert document["reason"] == reason
    assert document["used"] == []
    assert document["items"]
    assert f"because: {reason}" in shop("recommend", person).out


def test_what_is_in_the_basket_is_not_suggested(shop: Run):
    first = shop("recommend", "amina", "--json").document["items"][0]["product"]
    then = shop("recommend", "amina", "--basket", first, "--json").document["items"]
    assert first not in [item["product"] for item in then]


def test_a_decision_can_be_read_again(shop: Run):
    made = shop("recommend", "amina", "--json").document
    again = shop("explain", made["decision"], "--json").document
    assert [item["product"] for item in again["items"]] == [item["product"] for item in made["items"]]
    assert made["items"][0]["name"] in shop("explain", made["decision"]).out


def test_an_unknown_decision_is_not_found(shop: Run):
    for word in ("aaaaaaaaaaaaa", "not-an-id"):
        assert shop("explain", word).code == Code.NOT_FOUND


def test_asking_for_too_many_is_a_usage_error(shop: Run):
    assert shop("recommend", "amina", "--count", 1000).code == Code.USAGE
    assert shop("recommend", "amina", "--new", 11).code == Code.USAGE


def test_json_has_the_shapes_that_go_over_http(shop: Run):
    msgspec.convert(shop("recommend", "amina", "--json").document, DecideAnswer)
    msgspec.convert(shop("can", "amina", "recommendations", "--json").document, CanAnswer)


def test_learn_says_from_how_many_people_it_learned(shop: Run):
    document = shop("learn", "--json").document
    assert 0 < document["people"] < 60
    assert document["items"] > 10
    assert document["models"]


def test_forgetting_asks_first(shop: Run):
    ended = shop("forget", "amina", "--prove", "--no-input")
    assert ended.code == Code.USAGE
    assert "--yes" in ended.err
    assert shop("can", "amina", "recommendations").code == Code.DONE


def test_forgetting_is_proved_by_equal_hashes(shop: Run):
    ended = shop("forget", "amina", "--prove", "--yes", "--json")
    assert ended.code == 0
    document = ended.document
    assert document["equal"] is True
    assert document["was_counted"] is True
    assert document["hash_after"] == document["hash_rebuilt_without"] != document["hash_before"]
    assert document["people_after"] == document["people_before"] - 1
    assert {receipt["state"] for receipt in document["receipts"]} == {"withdrawn"}
    assert shop("recommend", "amina", "--json").document["reason"] == "withdrawn"


def test_the_proof_is_shown_only_where_it_is_asked_for(shop: Run):
    assert "built anew" not in shop("forget", "amina", "--yes").out
    assert "built anew" in shop("forget", "dev", "--prove", "--yes").out


def test_nobody_unknown_can_be_forgotten_and_nothing_is_asked(shop: Run):
    assert shop("forget", "nobody-we-know", "--no-input").code == Code.NOT_FOUND
