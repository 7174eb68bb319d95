"""Many who ask at once get what each would get alone; a wrong question fails alone, and a "no" in between is obeyed."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from tests.conftest import FakeClock
from tests.small_shop import ASKED, Bakery, bakery

from goodwill.basics.errors import BadInput
from goodwill.decide.choose import Context
from goodwill.decide.decision import Decision
from goodwill.people.verdicts import Verdict
from goodwill.purposes import RECOMMENDATIONS
from goodwill.shop import Shop, Who
from goodwill.shop.deciding import Deciding, Question
from goodwill.storage import Database
from goodwill.storage.kept import reads_of

EVERYBODY = ("amina", "bruno", "chiara", "dev", "nobody", None, "c0", "c1", "c2", "c3")


@pytest.fixture
def small(database: Database, tmp_path: Path, clock: FakeClock) -> Iterator[Bakery]:
    made = bakery(database, tmp_path, clock, then=Shop.learn)
    yield made
    made.shop.close()


def plain(decision: Decision | BadInput) -> Decision:
    """A decision without what differs from one to the next."""
    assert isinstance(decision, Decision)
    return msgspec.structs.replace(decision, id="", as_of=replace(decision.as_of, events=0))


def test_many_get_what_each_would_get_alone(small: Bakery) -> None:
    contexts = (Context(), Context(basket=("coffee",), viewing=("juice",)), Context(new=0), Context(personal=False))
    alone: list[Decision] = []
    for context in contexts:
        questions = [Question(who, count=4, context=context) for who in EVERYBODY]
        together = small.shop.deciding.decide(questions)
        alone = [small.shop.decide(who, count=4, context=context) for who in EVERYBODY]
        assert [plain(one) for one in together] == [plain(one) for one in alone]
    assert {one.personalised for one in alone} == {False}


def test_every_one_of_many_is_written_down_and_can_be_made_again(small: Bakery) -> None:
    made = small.shop.deciding.decide([Question(who, count=4) for who in ("amina", "c0", "amina", None)])
    for decision in made:
        assert isinstance(decision, Decision)
        assert small.shop.explain(decision.id) == decision
        if decision.personalised:
            assert small.shop.explaining.replay(decision.id).same
    with small.shop.database.reading() as connection:
        read = [line for line in reads_of(connection, small.person["amina"]) if line.purpose == RECOMMENDATIONS]
    assert [line.times for line in read] == [1], "one look at her served both"


def test_a_wrong_question_fails_alone(small: Bakery) -> None:
    made = small.shop.deciding.decide([
        Question("amina", count=4), Question("amina", count=0), Question("am\0ina", count=4), Question(Who(), count=4),
        Question("c0", count=2, context=Context(new=3)), Question("c0", count=4),
    ])  # fmt: skip
    assert [isinstance(one, BadInput) for one in made] == [False, True, True, True, True, False]
    assert all(one.personalised for one in made if isinstance(one, Decision))
    assert len(small.shop.decisions("amina")) == 1
    assert small.shop.deciding.decide([]) == []


def said_in_between(small: Bakery, monkeypatch: pytest.MonkeyPatch, say: object) -> list[Decision]:
    """Decisions for Amina and another, between whose choice and writing down something is said."""
    made, rounds = Deciding._made, []

    def then_say(self: Deciding, *given: object) -> object:
        found = made(self, *given)  # type: ignore[arg-type]
        rounds.append(found)
        if len(rounds) == 1:
            say()  # type: ignore[operator]
        return found

    monkeypatch.setattr(Deciding, "_made", then_say)
    answers = small.shop.deciding.decide([Question("c0", count=4), Question("amina", count=4)])
    assert [len(one.answers) for one in rounds] == [2, 1], "only she is chosen for again"
    return [one for one in answers if isinstance(one, Decision)]


def test_a_no_that_is_said_while_others_are_chosen_for_is_obeyed(
    small: Bakery, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no() -> None:
        small.shop.grant("amina", RECOMMENDATIONS, asked=ASKED, yes=False)

    other, hers = said_in_between(small, monkeypatch, no)
    assert (other.personalised, hers.personalised, hers.reason) == (True, False, "withdrawn")
    assert small.shop.explain(hers.id) == hers


def test_so_is_what_she_tells_of_suggestions(small: Bakery, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = small.shop.decide("amina", count=4)
    first = shown.items[0].product

    def less() -> None:
        small.shop.centre.judge(small.person["amina"], shown.id, first, Verdict.LESS)

    _, hers = said_in_between(small, monkeypatch, less)
    assert hers.personalised
    assert first not in [choice.product for choice in hers.items]
