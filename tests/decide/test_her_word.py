"""Her word that takes something away is obeyed whatever she allows, and of whoever allows nothing nobody notes it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conftest import FakeClock
from tests.small_shop import ASKED, Bakery, bakery

from goodwill import people
from goodwill.basics.ids import Reference
from goodwill.catalogue import store as catalogue
from goodwill.decide.choose import Context
from goodwill.decide.decision import Decision
from goodwill.decide.plan import Offer, Slot
from goodwill.people.gentle import PROPOSED, TOLD, words_of
from goodwill.people.verdicts import Verdict, say
from goodwill.purposes import Basis
from goodwill.shop import Shop
from goodwill.shop.deciding import Question
from goodwill.storage import Database, questions


@pytest.fixture
def small(database: Database, tmp_path: Path, clock: FakeClock) -> Iterator[Bakery]:
    made = bakery(database, tmp_path, clock, then=Shop.learn)
    yield made
    made.shop.close()


@pytest.fixture
def shop(small: Bakery) -> Shop:
    return small.shop


def shown(made: Decision) -> list[str]:
    return [choice.product for choice in made.items]


def rules(made: Decision) -> dict[str, int]:
    return {one.rule: one.count for one in made.interventions}


def says(small: Bakery, name: str, product: str, verdict: str) -> None:
    """As the buttons beside a choice write it down; of whoever allows nothing, by hand."""
    with small.shop.database.transaction() as connection:
        number = catalogue.ids_of(connection, [product])[product]
        now = small.shop.clock()
        say(
            connection,
            small.person[name],
            number,
            Verdict(verdict),
            decision=Reference(1),
            at=now,
            day=now // 86_400_000_000,
        )


@pytest.mark.parametrize("verdict", ["less", "wrong", "never"])
@pytest.mark.parametrize("name", ["amina", "bruno", "chiara"])
def test_what_she_does_not_want_is_left_out_of_what_everyone_gets(small: Bakery, name: str, verdict: str):
    shop = small.shop
    if name == "amina":
        shop.grant(name, "recommendations", asked=ASKED, yes=False)
    first = shop.decide(name, count=4)
    assert not first.personalised
    out = shown(first)[0]
    says(small, name, out, verdict)
    after = shop.decide(name, count=4)
    assert out not in shown(after)
    assert len(after.items) == 4, "something else stands in its place"
    assert (after.person, rules(after)) == (None, {"unwanted": 1}), "counted, and nobody's"
    assert out in shown(shop.decide("dev", count=4)), "of nobody else it is left out"


def test_her_never_outlives_her_yes(small: Bakery):
    shop = small.shop
    made = shop.decide("amina", count=4, context=Context(personal=False))
    everyone = shop.decide(None, count=4)
    assert shown(made)[0] == shown(everyone)[0]
    shop.centre.judge(small.person["amina"], made.id, shown(made)[0], "never")
    shop.grant("amina", "recommendations", asked=ASKED, yes=False)
    assert shown(made)[0] not in shown(shop.decide("amina", count=4))
    shop.grant("amina", "recommendations", asked=ASKED, yes=True)
    assert shown(made)[0] not in shown(shop.decide("amina", count=4))


def test_it_goes_with_nothing_in_the_basket_either(small: Bakery):
    shop, basket = small.shop, Context(basket=("coffee",))
    first = shop.decide("bruno", count=3, context=basket)
    beside = next(choice.product for choice in first.items if choice.kind == "companion")
    says(small, "bruno", beside, "never")
    after = shop.decide("bruno", count=3, context=basket)
    assert beside not in shown(after)
    assert rules(after)["unwanted"] >= 1


def test_where_nothing_that_was_learned_may_be_used_it_is_obeyed_too(small: Bakery, monkeypatch: pytest.MonkeyPatch):
    shop = small.shop
    monkeypatch.setattr(type(shop.proofs), "trusts", lambda *_: False)
    first = shop.decide("bruno", count=2)
    assert first.reason == "quarantined"
    says(small, "bruno", shown(first)[0], "never")
    after = shop.decide("bruno", count=2)
    assert (after.reason, rules(after)) == ("quarantined", {"unwanted": 1})
    assert shown(first)[0] not in shown(after)


def deals(shop: Shop, **tags: tuple[str, ...]) -> None:
    """Offers for everybody, of which all are shown."""
    shop.planning.set_slot("deals", Slot(kind="offers", count=len(tags)))
    for name, some in tags.items():
        shop.planning.new_offer(name, Offer(name, "A tenth off for all.", percent=10, tags=some))
        shop.planning.approve(f"offer-{name}")
        shop.planning.start_offer(name)


def test_who_is_treated_with_care_is_not_pressed_though_she_allows_nothing(shop: Shop):
    deals(shop, hurry=("urgent",), calm=())
    assert sorted(shown(shop.decide("bruno", slot="deals"))) == ["calm", "hurry"]
    shop.planning.care("bruno", "bereavement")
    made = shop.decide("bruno", slot="deals")
    assert (made.person, shown(made), rules(made)["care"]) == (None, ["calm"], 1)


def test_what_is_intrusive_stays_away_after_she_refuses(small: Bakery):
    shop = small.shop
    deals(shop, one=(), other=())
    shop.grant("amina", "offers", asked=ASKED)
    made = shop.decide("amina", slot="deals")
    shop.centre.judge(small.person["amina"], made.id, "one", "intrusive")
    assert shown(shop.decide("amina", slot="deals")) == ["other"]
    shop.grant("amina", "offers", asked=ASKED, yes=False)
    after = shop.decide("amina", slot="deals")
    assert (after.person, shown(after), rules(after)["unwanted"]) == (None, ["other"], 1)


def test_a_list_that_lacks_something_at_a_word_is_not_made_again(small: Bakery):
    shop = small.shop
    assert shop.explaining.replay(shop.decide("bruno", count=3).id).same
    says(small, "bruno", shown(shop.decide("bruno", count=3))[0], "never")
    assert "nobody noted who it was" in shop.explaining.replay(shop.decide("bruno", count=3).id).cannot


def test_the_purpose_asks_nobody_and_names_its_reason_and_its_data(shop: Shop):
    entry = shop.register["holding-back"]
    assert (entry.basis, entry.categories) == (Basis.LEGAL_OBLIGATION, ("instructions",))
    assert entry not in shop.register.asked()


def test_of_whoever_allows_nothing_no_other_word_is_read(small: Bakery):
    """What was proposed to her is read only where her data may carry the choice."""
    shop, amina = small.shop, small.person["amina"]
    for _ in range(2):
        shop.decide("amina", count=4)
    with shop.database.reading() as connection:
        all_ = {word.type for word in words_of(connection, [amina])[amina]}
        told = {word.type for word in words_of(connection, [amina], resting=[])[amina]}
    assert PROPOSED in all_
    assert told <= {TOLD}


def test_the_words_of_a_whole_group_are_one_question(shop: Shop, monkeypatch: pytest.MonkeyPatch):
    asked: list[str] = []
    ask = questions.Question.ask

    def counted(question: questions.Question, *given, **values):
        if question is people.gentle._WORDS:
            asked.append("words")
        return ask(question, *given, **values)

    monkeypatch.setattr(questions.Question, "ask", counted)
    names = ["amina", "bruno", "chiara", "dev", *(f"c{n}" for n in range(10))]
    shop.deciding.decide([Question(name, count=2) for name in names])
    assert len(asked) <= 2, "once, and once more if somebody spoke meanwhile"
