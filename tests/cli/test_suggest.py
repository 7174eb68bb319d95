"""Suggestions on the command line: with reasons, from what is allowed, and forgotten with proof."""

import sqlite3
from contextlib import closing
from pathlib import Path

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
    assert shop("recommend", "amina", "--count", 20, "--new", 11).code == Code.DONE


def test_new_counts_suggestions_and_its_help_says_so(shop: Run):
    items = shop("recommend", "amina", "--count", 3, "--new", 0, "--json").document["items"]
    assert {item["kind"] for item in items} == {"usual"}
    said = " ".join(shop("recommend", "--help").out.replace("│", " ").split())
    assert "How many of them shall be new to the person" in said
    assert "of ten" not in said


def test_a_share_of_nothing_is_not_printed():
    from goodwill.cli.suggest import _choice
    from goodwill.decide.decision import Choice, Reason

    reasons = (Reason("you bought Rye roll before", 0.0), Reason("you buy Coffee", 0.001))
    cells = _choice(1, Choice("B1", "Rye roll", "Rye roll", "usual", reasons, 0.0, 1.0, "m"))
    assert cells[-2:] == ("you bought Rye roll before; you buy Coffee (under 1 %)", "–")


@pytest.fixture
def unlearned(run: Run, cafe_files, tmp_path) -> Run:
    """A shop with products and purchases that never learned."""
    run("init", "--home", tmp_path / "new", "--no-input")
    run("import", "--home", tmp_path / "new", cafe_files / "products.csv", cafe_files / "order_lines.csv")
    return lambda *words: run("--home", tmp_path / "new", *words)


def test_a_shop_that_never_learned_says_so_with_the_command_that_helps(unlearned: Run):
    asked = unlearned("recommend", "amina")
    assert asked.code == Code.DONE
    assert "Nothing was learned yet; run: goodwill learn" in asked.err
    learned = unlearned("learn")
    assert "Nobody allows model-improvement" in learned.err
    then = unlearned("recommend", "amina")
    assert "Nothing was learned" not in then.err
    assert "Learned from 0 people" in then.err


def test_whoever_allowed_nothing_has_nothing_withdrawn(shop: Run):
    said = shop("forget", "bruno", "--yes").out
    assert "They allowed nothing to take back." in said
    assert "0 purposes" not in said


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


def test_the_proof_is_a_list_of_all_totals_and_what_checks_it_is_written_where_it_is_asked_for(shop: Run, tmp_path):
    ended = shop("forget", "amina", "--prove", "--keep", tmp_path / "proof", "--yes", "--json")
    assert ended.document["proved"] is True
    (models,) = ended.document["totals"]
    assert (models["name"], models["purpose"], models["equal"]) == ("models", "model-improvement", True)
    assert models["hash_after"] == ended.document["hash_after"]
    assert {file.name for file in (tmp_path / "proof").iterdir()} == {
        "receipt.json", "models-after.npz", "models-rebuilt.npz",
    }  # fmt: skip
    assert str(tmp_path / "proof") in ended.err


def test_the_proof_is_shown_only_where_it_is_asked_for(shop: Run):
    assert "built anew" not in shop("forget", "amina", "--yes").out
    assert "built anew" in shop("forget", "dev", "--prove", "--yes").out


def test_nobody_unknown_can_be_forgotten_and_nothing_is_asked(shop: Run):
    assert shop("forget", "nobody-we-know", "--no-input").code == Code.NOT_FOUND


# ---- explaining ------------------------------------------------------------------------------------------------------


def test_a_decision_is_explained_to_whoever_reads_it(shop: Run):
    word = shop("recommend", "amina", "--count", 5, "--json").document["decision"]
    customer = shop("explain", word, "--for", "customer")
    assert "We chose this from what you bought." in customer.out
    told = shop("explain", word, "--for", "customer", "--language", "de", "--json").document
    assert told["for"] == "customer"
    assert told["customer"]["language"] == "de"
    assert len(told["customer"]["text"].split()) <= 40
    staff = shop("explain", word, "--for", "staff")
    assert "ledger row" in staff.out
    assert "weighed" in staff.out
    assert "+" in staff.out
    assert "move the shared model by at most" in staff.out
    auditor = shop("explain", word, "--for", "auditor")
    document = shop("explain", word, "--for", "auditor", "--json").document
    assert document["auditor"]["replay"] == {"same": True, "cannot": "", "differs": []}
    assert '"replay"' in auditor.out
    assert shop("explain", word, "--for", "nobody").code == Code.USAGE
    assert shop("explain", "aaaaaaaaaaaaa", "--for", "staff").code == Code.NOT_FOUND


def test_a_decision_is_made_again_and_the_exit_code_says_what_came_of_it(shop: Run, home: Path):
    word = shop("recommend", "amina", "--count", 5, "--json").document["decision"]
    again = shop("explain", word, "--replay")
    assert again.code == Code.DONE
    assert "byte for byte" in again.out
    assert shop("explain", word, "--replay", "--json").document == {
        "decision": word, "same": True, "cannot": "", "differs": [],
    }  # fmt: skip
    with closing(sqlite3.connect(home / "shop.db")) as connection, connection:
        spoilt = 'UPDATE events SET detail = replace(detail, \'"kind":"usual"\', \'"kind":"everyone"\') WHERE type = 12'
        connection.execute(spoilt)
    other = shop("explain", word, "--replay", "--json")
    assert (other.code, other.document["same"], other.document["differs"]) == (Code.FAILED, False, ["items"])


def test_what_cannot_be_made_again_is_refused_with_the_reason(shop: Run):
    word = shop("recommend", "amina", "--count", 5, "--json").document["decision"]
    assert shop("consent", "withdraw", "amina", "model-improvement", "--yes").code == Code.DONE
    refused = shop("explain", word, "--replay")
    assert refused.code == Code.REFUSED
    assert "taken" in refused.out


def test_whether_reasons_are_true_is_measured_and_kept(shop: Run):
    assert "not measured yet" in shop("explain", "faithfulness").out
    assert shop("explain", "faithfulness", "--now").code == Code.REFUSED, "an empty night is no pass"
    for _ in range(3):
        shop("recommend", "amina", "--count", 5)
    few = shop("explain", "faithfulness", "--now")
    assert few.code == Code.REFUSED
    assert "TOO LITTLE TO SAY" in few.out
    assert "too little to say" in shop("doctor").out
    for _ in range(14):
        shop("recommend", "amina", "--count", 5)
    found = shop("explain", "faithfulness", "--now", "--json")
    assert (found.code, found.document["enough"]) == (Code.DONE, True)
    assert found.document["all"]["n"] >= 3
    assert found.document["all"]["low"] <= found.document["all"]["value"] <= found.document["all"]["high"]
    shown = shop("explain", "faithfulness")
    assert "95 % interval" in shown.out
    assert "usual items" in shown.out
    assert "reasons" in shop("doctor").out


def test_dev_says_what_he_likes_and_sees_it_until_he_takes_it_back(shop: Run):
    asked = shop("people", "taste", "dev", "--json").document
    assert (asked["ask"], asked["answer"]) == (True, None)
    kind = asked["choices"][0]
    assert f"They like: {kind}." in shop("people", "taste", "dev", "--likes", kind).out
    made = shop("recommend", "dev", "--count", 4, "--json").document
    assert (made["items"][0]["kind"], made["used"]) == ("told", ["preferences"])
    assert shop("explain", made["decision"], "--replay").code == Code.DONE
    assert f"you told us that you like {kind}" in shop("explain", made["decision"], "--for", "customer").out
    assert "deleted" in shop("people", "taste", "dev", "--remove").out
    assert shop("recommend", "dev", "--count", 4, "--json").document["reason"] == "no-history"
    assert shop("explain", made["decision"], "--replay").code == Code.REFUSED


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("bruno", "--likes", "Bread"), Code.REFUSED),
        (("nobody-we-know", "--no-preference"), Code.NOT_FOUND),
        (("dev", "--likes", "Gold"), Code.USAGE),
        (("dev", "--likes", "Bread", "--remove"), Code.USAGE),
    ],
)
def test_what_cannot_be_said_of_somebody_ends_with_its_code(shop: Run, words: tuple[str, ...], code: Code):
    assert shop("people", "taste", *words).code == code
    assert "answered" not in shop("people", "taste", words[0], "--json").out


def test_why_somebody_is_not_asked_is_said_in_a_sentence(shop: Run):
    for name, reason, sentence in (
        ("nobody-here", "unknown-person", "Nobody is known here by that name"),
        ("bruno", "never-asked", "They were never asked whether suggestions may rest on what they told"),
    ):
        assert shop("people", "taste", name, "--json").document["reason"] == reason
        said = shop("people", "taste", name).out
        assert sentence in said
        assert reason not in said, "no word of the machine's own"
    cared = shop("people", "care", "amina", "--why", "minor").out
    assert "Nothing is chosen from their data" in cared
    assert "for 90 days" not in cared
    assert "for 90 days" in shop("people", "care", "amina", "--why", "health").out
