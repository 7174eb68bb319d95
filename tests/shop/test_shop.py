"""The shop, whole: what the four faces may rely on, on both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conftest import FakeClock
from tests.small_shop import ASKED, EVENING, MORNING, Bakery, bakery

from goodwill import people
from goodwill.access import SignedIn
from goodwill.app import create_shop, open_shop
from goodwill.basics.errors import BadInput, Conflict, NotFound
from goodwill.decide.choose import Context
from goodwill.decide.decision import Decision
from goodwill.protect import Cipher
from goodwill.purposes import MODEL_IMPROVEMENT, RECOMMENDATIONS
from goodwill.shop import Shop, Who
from goodwill.storage import Database


@pytest.fixture
def small(database: Database, tmp_path: Path, clock: FakeClock) -> Iterator[Bakery]:
    made = bakery(database, tmp_path, clock, then=Shop.learn)
    yield made
    made.shop.close()


def products(decision: Decision) -> list[str]:
    return [choice.product for choice in decision.items]


def names(decision: Decision) -> list[str]:
    return [choice.name for choice in decision.items]


def test_amina_gets_her_usual_and_something_new_with_reasons(small: Bakery) -> None:
    decision = small.shop.decide("amina", count=5)
    assert decision.personalised
    kinds = [choice.kind for choice in decision.items]
    assert kinds == ["usual", "usual", "usual", "usual", "new"]
    assert set(products(decision)[:2]) == {"croissant", "coffee"}
    assert decision.items[-1].product in EVENING
    assert decision.used == ("purchases",)
    for choice in decision.items:
        assert choice.because
        assert 0 <= choice.covered <= 1
        assert choice.covered == pytest.approx(sum(reason.share for reason in choice.because))


@pytest.mark.parametrize(
    ("who", "reason"),
    [
        ("bruno", "never-asked"),
        ("chiara", "withdrawn"),
        ("dev", "no-history"),
        ("nobody", "unknown-person"),
        (None, "anonymous"),
    ],
)
def test_everybody_else_gets_what_everyone_gets(small: Bakery, who: str | None, reason: str) -> None:
    decision = small.shop.decide(who, count=4)
    assert not decision.personalised
    assert decision.reason == reason
    assert decision.used == ()
    assert len(decision.items) == 4
    assert {choice.kind for choice in decision.items} == {"everyone"}
    if who != "dev":
        assert "purchases" in decision.withheld


def test_what_few_bought_is_shown_to_nobody_else(small: Bakery) -> None:
    for name in ("bruno", "c1", "c3", None):
        assert "Truffle" not in names(small.shop.decide(name, count=10))


def test_discreet_kinds_are_never_suggested_unasked(small: Bakery) -> None:
    assert "Tobacco pouch" not in names(small.shop.decide("c0", count=10))
    told = [reason.text for choice in small.shop.decide("c0", count=10).items for reason in choice.because]
    assert not [text for text in told if "tobacco" in text.casefold()]


def test_what_is_in_the_basket_is_not_suggested(small: Bakery) -> None:
    decision = small.shop.decide("amina", count=5, context=Context(basket=("croissant", "unheard-of")))
    assert "croissant" not in products(decision)


def test_what_cannot_be_had_is_not_suggested(small: Bakery) -> None:
    with small.shop.database.transaction() as connection:
        connection.exec_driver_sql("UPDATE products SET available = 0 WHERE external = 'croissant'")
    assert "croissant" not in products(small.shop.decide("amina", count=5))


def test_a_withdrawal_is_obeyed_by_the_very_next_decision(small: Bakery) -> None:
    assert small.shop.decide("c0", count=3).personalised
    small.shop.grant("c0", RECOMMENDATIONS, asked=ASKED, yes=False)
    after = small.shop.decide("c0", count=3)
    assert not after.personalised
    assert after.reason == "withdrawn"


def test_a_withdrawal_from_shared_learning_leaves_the_models_at_once(small: Bakery) -> None:
    before = small.shop.settle()
    small.shop.grant("c0", MODEL_IMPROVEMENT, asked=ASKED, yes=False)
    decision = small.shop.decide("amina", count=3)
    after = small.shop.settle()
    assert after.people == before.people - 1
    assert decision.items[0].model == after.hash[:12]
    assert decision.items[0].model != before.hash[:12]


def test_forgetting_is_exact_and_proved(small: Bakery) -> None:
    proof = small.shop.forget("c0")
    assert proof.equal
    assert proof.was_counted
    assert {one.name for one in proof.totals} == {"models"}, "this shop has neither content nor offers to learn of"
    models = proof.total("models")
    assert models.people_after == models.people_before - 1
    again = small.shop.forget("c0")
    assert again.equal
    assert not again.was_counted


def test_forgetting_somebody_who_never_allowed_changes_nothing_known(small: Bakery) -> None:
    proof = small.shop.forget("bruno")
    assert proof.equal
    assert not proof.was_counted


def test_who_comes_back_is_counted_again_and_the_total_is_the_first_one(small: Bakery, clock: FakeClock) -> None:
    first = small.shop.settle().hash
    assert small.shop.forget("c0").total("models").hash_after != first
    clock.turn(seconds=1)
    small.shop.grant("c0", MODEL_IMPROVEMENT, asked=ASKED)
    assert small.shop.settle().hash == first


def test_a_decision_can_be_read_again_word_for_word(small: Bakery) -> None:
    decision = small.shop.decide("amina", count=5)
    assert small.shop.explain(decision.id) == decision
    assert small.shop.decisions("amina")[0] == decision
    for_everyone = small.shop.decide(None, count=2)
    assert small.shop.explain(for_everyone.id) == for_everyone
    with pytest.raises(NotFound):
        small.shop.explain("aaaaaaaaaaaaa")
    with pytest.raises(NotFound):
        small.shop.explain("not an id")


def test_a_decision_names_how_far_it_saw(small: Bakery) -> None:
    receipt = small.shop.grant("bruno", RECOMMENDATIONS, asked=ASKED)
    assert small.shop.decide("amina").as_of.consent == max(receipt.positions)


def test_can_says_why_and_since_when(small: Bakery) -> None:
    yes, never, withdrawn = (small.shop.can(who, RECOMMENDATIONS) for who in ("amina", "bruno", "chiara"))
    assert (yes.allowed, never.allowed, withdrawn.allowed) == (True, False, False)
    assert (never.reason, never.position, never.since) == ("never-asked", 0, None)
    assert withdrawn.reason == "withdrawn"
    assert withdrawn.since == small.shop.clock()
    assert small.shop.can("stranger", RECOMMENDATIONS).reason == "unknown-person"
    with pytest.raises(NotFound, match="not a registered purpose"):
        small.shop.can("amina", "curiosity")


def test_whoever_is_held_may_be_looked_at_for_nothing(small: Bakery) -> None:
    with small.shop.database.transaction() as connection:
        people.holds.hold(connection, [small.person["amina"]], "a question", now=small.shop.clock())
    assert small.shop.can("amina", RECOMMENDATIONS).reason == "held"
    assert small.shop.decide("amina").reason == "held"


def test_a_no_to_a_question_is_a_refusal_and_after_a_yes_a_withdrawal(small: Bakery) -> None:
    assert small.shop.grant("bruno", RECOMMENDATIONS, asked=ASKED, yes=False).state == "refused"
    assert small.shop.grant("amina", RECOMMENDATIONS, asked=ASKED, yes=False).state == "withdrawn"


def test_explaining_a_decision_opens_nothing_that_is_sealed(small: Bakery, monkeypatch: pytest.MonkeyPatch) -> None:
    decision = small.shop.decide("amina", count=4)

    def opens(*_: object) -> str:
        raise AssertionError("a name or an address was opened")

    monkeypatch.setattr(Cipher, "open", opens)
    assert small.shop.explain(decision.id) == decision
    assert small.shop.decisions("amina") == [decision]
    with pytest.raises(AssertionError, match="was opened"):
        small.shop.own(SignedIn(small.person["amina"], "test"))


def test_her_own_copy_holds_everything(small: Bakery) -> None:
    small.shop.decide("amina")
    own = small.shop.own(SignedIn(small.person["amina"], by="test"))
    assert ("user_id", "amina") in own.identities
    assert {happened.type for happened in own.events} == {"bought", "decided", "proposed"}
    assert len(own.consents) == 8
    assert {read.verb for read in own.reads} >= {"one", "own"}


def test_asking_for_too_many_is_refused(small: Bakery) -> None:
    with pytest.raises(BadInput):
        small.shop.decide("amina", count=0)
    with pytest.raises(BadInput):
        small.shop.decide(Who())


def test_what_was_learned_survives_a_restart(small: Bakery, clock: FakeClock) -> None:
    before = small.shop.settle()
    small.shop.grant("c2", MODEL_IMPROVEMENT, asked=ASKED, yes=False)
    with open_shop(small.shop.folder, clock=clock) as opened:
        decision = opened.decide("amina", count=3)
        assert decision.personalised
        assert decision.items[0].model != before.hash[:12], "a restart must not bring back who withdrew"
        assert opened.settle().people == before.people - 1


def test_a_damaged_total_is_worked_out_anew(small: Bakery, clock: FakeClock) -> None:
    whole = small.shop.settle().hash
    (file,) = (small.shop.folder / "totals").glob("*.npz")
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with open_shop(small.shop.folder, clock=clock) as opened:
        assert opened.settle().hash == whole


def test_one_folder_holds_one_shop(small: Bakery, clock: FakeClock) -> None:
    with pytest.raises(Conflict):
        create_shop(small.shop.folder, clock=clock)


def test_new_places_can_be_set(small: Bakery) -> None:
    kinds = [choice.kind for choice in small.shop.decide("amina", count=5, context=Context(new=2)).items]
    assert kinds.count("new") == 2
    none = small.shop.decide("amina", count=3, context=Context(new=0))
    assert {choice.kind for choice in none.items} == {"usual"}
    assert set(products(none)) <= set(MORNING)
