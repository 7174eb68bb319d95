"""What somebody says she likes: asked once, obeyed by the next decision, and gone when she takes it away."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import event
from tests.conftest import FakeClock
from tests.small_shop import ASKED, Bakery, bakery

from goodwill import people
from goodwill.access import SignedIn
from goodwill.basics.errors import BadInput, NoConsent, NotFound, Refused
from goodwill.basics.ids import hash64
from goodwill.catalogue import store as catalogue
from goodwill.catalogue.products import Product
from goodwill.decide.choose import Context
from goodwill.decide.decision import Decision
from goodwill.people.columns import EventColumns
from goodwill.people.types import BOUGHT
from goodwill.shop import Shop
from goodwill.shop.telling import Telling
from goodwill.shop.words import catalogues
from goodwill.storage import Database, audit, questions

KINDS = {
    "croissant": "Pastry", "brioche": "Pastry", "coffee": "Drinks", "juice": "Drinks", "bread": "Bread",
    "cheese": "Deli", "olives": "Deli", "wine": "Wine", "B-tobacco pouch": "Smoke", "B-truffle": "Deli",
}  # fmt: skip


def with_kinds(shop: Shop) -> None:
    """Let the bakery's things be of kinds, and learn."""
    with shop.database.transaction() as connection:
        catalogue.upsert_many(connection, [Product(one, category=kind) for one, kind in KINDS.items()], at=shop.clock())
    shop.learn()


@pytest.fixture
def small(database: Database, tmp_path: Path, clock: FakeClock) -> Iterator[Bakery]:
    made = bakery(database, tmp_path, clock, then=with_kinds)
    yield made
    made.shop.close()


@pytest.fixture
def shop(small: Bakery) -> Shop:
    return small.shop


def shown(made: Decision) -> list[str]:
    return [choice.product for choice in made.items]


def kinds(made: Decision) -> list[str]:
    return [choice.kind for choice in made.items]


def buys(small: Bakery, name: str, *things: str) -> None:
    """Somebody buys something now."""
    shop, person, at = small.shop, small.person[name], small.shop.clock()
    with shop.database.transaction() as connection:
        ids, day = catalogue.ids_of(connection, things), at // 86_400_000_000
        many, numbers = len(ids), list(ids.values())
        people.log.append(
            connection,
            EventColumns(
                person=[person] * many, type=[BOUGHT] * many, at=[at] * many, day=[day] * many, product=numbers,
                quantity=[1000] * many, amount=[250] * many, currency="EUR", reference=[hash64(person, at)] * many,
                key=[hash64("now", person, number, at) for number in numbers],
            ),
        )  # fmt: skip


def told(shop: Shop, name: str) -> list[str]:
    """Every word in somebody's own log that says what she likes."""
    own = shop.own(SignedIn(shop.known(name), by="test"))
    return [one.detail for one in own.events if one.type == "told" and one.detail and "likes" in one.detail]


# ---- the question ----------------------------------------------------------------------------------------------------


def test_whoever_allows_it_and_bought_nothing_is_asked_of_kinds_and_no_sensitive_one(shop: Shop):
    asked = shop.taste.question("dev")
    assert asked.ask
    assert set(asked.choices) == {"Pastry", "Drinks", "Bread", "Deli", "Wine"}
    assert "Smoke" not in asked.choices


def test_nobody_else_is_asked(shop: Shop, clock: FakeClock):
    assert (shop.taste.question("amina").reason, shop.taste.question("amina").may_answer) == ("bought", True)
    assert shop.taste.question("bruno").reason == "never-asked"
    assert shop.taste.question("chiara").reason == "withdrawn"
    assert shop.taste.question("nobody").reason == "unknown-person"
    assert not any(shop.taste.question(name).choices for name in ("bruno", "chiara", "nobody"))
    shop.taste.tell("dev", [])
    assert (shop.taste.question("dev").ask, shop.taste.question("dev").reason) == (False, "answered")
    shop.grant("dev", "recommendations", ["preferences"], asked=ASKED, yes=False)
    assert shop.taste.question("dev").reason == "no-preferences"


def test_a_shop_that_knows_too_little_asks_nothing(database: Database, tmp_path: Path, clock: FakeClock):
    small = bakery(database, tmp_path, clock, then=Shop.learn)  # all is food
    try:
        assert small.shop.taste.question("dev").reason == "nothing-to-ask"
        with pytest.raises(BadInput, match="nothing to choose from"):
            small.shop.taste.tell("dev", [])
    finally:
        small.shop.close()


# ---- the decision ----------------------------------------------------------------------------------------------------


def test_the_next_decision_shows_what_she_named_first_and_something_else_beside_it(shop: Shop):
    before = shop.decide("dev", count=4)
    assert (before.personalised, before.reason) == (False, "no-history")
    shop.taste.tell("dev", ["Deli", "Wine"])
    after = shop.decide("dev", count=4)
    assert shown(after)[:3] == ["cheese", "wine", "olives"], "each kind's favourite first"
    assert kinds(after) == ["told", "told", "told", "everyone"]
    assert KINDS[shown(after)[3]] not in ("Deli", "Wine"), "one place in a few stays for discovery"
    assert (after.personalised, after.reason, after.used) == (True, "", ("preferences",))
    assert after.items[0].because[0].text == "you told us that you like Deli"


def test_the_reasons_are_the_whole_of_the_score(shop: Shop):
    shop.taste.tell("dev", ["Deli"])
    made = shop.decide("dev", count=4)
    for choice in made.items:
        if choice.kind == "told":
            assert choice.covered == pytest.approx(1)
            assert choice.because[0].share == pytest.approx(1 / choice.score)
    scales = {one.product: one for one in shop.explaining.account(made.id).scales}
    assert scales["cheese"].adds_up
    assert [one.weight for one in scales["cheese"].weighed] == [1.0, 1.0], "her answer, and the favourite of its kind"


def test_without_her_answer_she_would_have_seen_what_everyone_gets(shop: Shop):
    everyone = shop.decide("dev", count=3)
    shop.taste.tell("dev", ["Deli"])
    made = shop.decide("dev", count=3)
    (olives,) = (one for one in shop.explaining.account(made.id).instead if one.product == "Olives")
    assert olives.seen in {choice.item for choice in everyone.items}
    told_her = shop.explaining.for_customer(made, "en")
    assert f"Without what you told us you like you would have seen {olives.seen}." in told_her.text
    assert "what you told us" in told_her.text.split(".")[0]
    assert len(told_her.text.split()) <= 40


@pytest.mark.parametrize(("language", "reason"), [
    ("en", "you told us that you like Deli"), ("de", "Sie haben uns gesagt, dass Sie Deli mögen"),
])  # fmt: skip
def test_it_is_told_in_her_language(shop: Shop, language: str, reason: str):
    shop.taste.tell("dev", ["Deli"])
    told_her = shop.explaining.for_customer(shop.decide("dev", count=3), language)
    assert told_her.items[0].reasons[0][0] == reason
    assert told_her.items[0].instead or any(one.instead for one in told_her.items)
    assert catalogues()[language].has("taste.title")


def test_no_preference_changes_nothing(shop: Shop):
    before = shop.decide("dev", count=4)
    shop.taste.tell("dev", [])
    after = shop.decide("dev", count=4)
    assert (shown(after), after.personalised, after.reason) == (shown(before), False, "no-history")


def test_guardrails_come_first(shop: Shop):
    shop.taste.tell("dev", ["Deli", "Wine"])
    made = shop.decide("dev", count=4, context=Context(basket=("cheese",)))
    assert "cheese" not in shown(made)
    shop.centre.judge(shop.known("dev"), shop.decide("dev", count=4).id, "wine", "never")
    assert "wine" not in shown(shop.decide("dev", count=4))
    plain = shop.decide("dev", count=4, context=Context(personal=False))
    assert not plain.personalised
    assert "told" not in kinds(plain)
    shop.planning.suspend("popular", "it is looked at")
    assert "told" not in kinds(shop.decide("dev", count=4))


def test_what_she_buys_counts_more_and_soon_alone(small: Bakery, clock: FakeClock):
    shop = small.shop
    shop.taste.tell("dev", ["Deli", "Wine"])
    named = []
    for _ in range(5):
        made = shop.decide("dev", count=8, context=Context(new=1))
        named.append(kinds(made).count("told"))
        clock.turn(days=1)
        buys(small, "dev", "croissant")
    assert named[0] == 3, "all there is of them"
    assert named[1:4] == sorted(named[1:4], reverse=True)
    assert named[4] == 0, "from the fourth day with a purchase on"
    made = shop.decide("dev", count=4)
    assert made.items[0].kind == "usual"
    assert made.used == ("purchases",)


def test_beside_a_history_both_are_said_to_be_used(small: Bakery, clock: FakeClock):
    shop = small.shop
    shop.taste.tell("dev", ["Deli"])
    clock.turn(days=1)
    buys(small, "dev", "croissant")
    made = shop.decide("dev", count=4)
    assert kinds(made)[:2] == ["usual", "told"]
    assert "new" in kinds(made), "discovery keeps its place"
    assert made.used == ("purchases", "preferences")
    assert shop.explaining.replay(made.id).same


@pytest.mark.parametrize(("language", "rated", "never"), [
    ("en", "how you rated us", "answers to us"), ("de", "wie Sie uns bewerteten", "uns antworteten"),
])  # fmt: skip
def test_what_was_not_used_is_not_called_like_the_answer_that_was(shop: Shop, language: str, rated: str, never: str):
    shop.taste.tell("dev", ["Deli"])
    said = shop.explaining.for_customer(shop.decide("dev", count=3), language).text
    assert rated in said
    assert never not in said
    assert len(said.split()) <= 40


def test_a_reason_called_wrong_after_her_no_takes_the_whole_answer(shop: Shop):
    shop.taste.tell("dev", ["Deli", "Wine"])
    made = shop.decide("dev", count=3)
    shop.grant("dev", "recommendations", ["preferences"], asked=ASKED, yes=False)
    shop.centre.judge(shop.known("dev"), made.id, made.items[0].product, "wrong", reason=0)
    assert told(shop, "dev") == [], "nothing new is kept of what she does not let us look at"
    with pytest.raises(BadInput, match="wrong"):
        shop.centre.judge(shop.known("dev"), made.id, made.items[0].product, "never", reason=0)


@pytest.mark.both
def test_the_same_answer_again_writes_nothing_until_it_counts_less(small: Bakery, clock: FakeClock):
    shop = small.shop

    def lines() -> int:
        with shop.database.reading() as connection:
            return len(audit.latest(connection, 100, action="taste.tell"))

    for kinds_ in (["Deli", "Wine"], ["Wine", "Deli"], ["Deli", "Wine"]):
        said = shop.taste.tell("dev", kinds_)
        clock.turn(seconds=1)
        assert (said.reason, len(told(shop, "dev")), lines()) == ("answered", 1, 1)
    shop.taste.tell("dev", [])
    shop.taste.tell("dev", [])
    assert (len(told(shop, "dev")), lines()) == (2, 2)
    clock.turn(days=1)
    buys(small, "dev", "croissant")
    clock.turn(seconds=1)
    shop.taste.tell("dev", [])
    assert len(told(shop, "dev")) == 3, "what she bought made it count less: it begins anew"


# ---- a no ------------------------------------------------------------------------------------------------------------


def test_of_whoever_does_not_allow_it_nothing_is_kept_and_nothing_changes(shop: Shop):
    before = shop.decide("bruno", count=4)
    with shop.database.reading() as connection:
        lines = len(audit.lines(connection))
    with pytest.raises(NoConsent):
        shop.taste.tell("bruno", ["Deli"])
    with shop.database.reading() as connection:
        assert len(audit.lines(connection)) == lines, "not even that she tried"
    assert told(shop, "bruno") == []
    after = shop.decide("bruno", count=4)
    assert msgspec.structs.replace(after, id=before.id, at=before.at, as_of=before.as_of) == before
    with pytest.raises(NoConsent):
        shop.taste.tell("chiara", ["Deli"])
    with pytest.raises(NotFound):
        shop.taste.tell("nobody", ["Deli"])
    with pytest.raises(BadInput, match="none of the choices"):
        shop.taste.tell("dev", ["Smoke"])


@pytest.mark.parametrize("categories", [None, ["preferences"]])
def test_a_no_stops_it_at_once_and_her_answer_is_used_for_no_replay_either(shop: Shop, categories: list[str] | None):
    before = shop.decide("dev", count=4)
    shop.taste.tell("dev", ["Deli"])
    made = shop.decide("dev", count=4)
    assert "told" in kinds(made)
    shop.grant("dev", "recommendations", categories, asked=ASKED, yes=False)
    assert shown(shop.decide("dev", count=4)) == shown(before)
    assert "taken back" in shop.explaining.replay(made.id).cannot


def test_what_was_withdrawn_is_deleted_when_nothing_keeps_it(shop: Shop, clock: FakeClock):
    shop.taste.tell("dev", ["Deli"])
    shop.grant("dev", "recommendations", asked=ASKED, yes=False)
    clock.turn(days=shop.register.grace_days + 2)
    shop.retention.run()
    assert told(shop, "dev") == []


def test_taken_away_it_is_gone_whatever_she_allows(shop: Shop):
    before = shop.decide("dev", count=4)
    shop.taste.tell("dev", ["Deli"])
    shop.taste.tell("dev", ["Wine"])
    assert len(told(shop, "dev")) == 2, "her copy has both; the latest counts"
    made = shop.decide("dev", count=4)
    assert shown(made)[0] == "wine"
    assert shop.taste.take_away("dev")
    assert told(shop, "dev") == []
    assert not shop.taste.take_away("dev")
    assert shown(shop.decide("dev", count=4)) == shown(before)
    assert "taken away" in shop.explaining.replay(made.id).cannot
    assert shop.taste.question("dev").ask


def test_her_answer_is_part_of_no_total(shop: Shop):
    before = {name: total.hash for name, total in shop.settle_all().items()}
    shop.taste.tell("dev", ["Deli"])
    shop.taste.take_away("dev")
    shop.taste.tell("amina", ["Wine"])
    assert {name: total.hash for name, total in shop.settle_all().items()} == before
    assert shop.rebuilt().hash == before["models"]


@pytest.mark.parametrize(("language", "likes", "none"), [
    ("en", "I like: Deli, Wine", "I have no preference"), ("de", "ich mag: Deli, Wine", "ich suche nichts Bestimmtes"),
])  # fmt: skip
def test_her_copy_says_it_in_her_words(shop: Shop, language: str, likes: str, none: str):
    told_her = Telling(catalogues()[language], shop.register)
    shop.taste.tell("dev", ["Wine", "Deli"])
    shop.taste.tell("dev", [])
    assert [told_her.detail("told", one) for one in told(shop, "dev")] == [likes, none]


def test_two_who_are_one_have_the_latest_answer_of_both(shop: Shop, clock: FakeClock):
    shop.taste.tell("dev", ["Deli"])
    clock.turn(seconds=1)
    shop.taste.tell("c0", ["Wine"])
    shop.identity.merge("dev", "c0", reason="she told us at the till")
    answer = shop.taste.question("dev").answer
    assert answer is not None
    assert answer.kinds == ("Wine",)


# ---- of whom nothing would come of it --------------------------------------------------------------------------------


@pytest.mark.both
@pytest.mark.parametrize("why", ["contextual-only", "holdout"])
def test_where_nothing_would_ever_come_of_an_answer_none_is_asked_for_and_none_kept(shop: Shop, why: str):
    shop.taste.tell("dev", ["Deli"])
    if why == "holdout":
        shop.planning.hold_out(50)
        shop.planning.hold_out(100)
    else:
        shop.planning.care("dev", "minor")
    asked, hers = shop.taste.question("dev"), shop.taste.hers(shop.known("dev"))
    for one in (asked, hers):
        assert (one.ask, one.reason, one.choices, one.may_answer) == (False, why, (), False)
        assert one.is_kept_from
        assert one.answer is not None, "she can still see it, and take it away"
    with pytest.raises(Refused, match="is kept"):
        shop.taste.tell("dev", ["Wine"])
    assert len(told(shop, "dev")) == 1
    assert shop.decide("dev").personalised is False
    assert shop.taste.take_away("dev")
    if why == "contextual-only":
        shop.planning.care("dev", "minor", over=True)
        assert shop.taste.question("dev").ask


def test_an_answer_of_who_switched_choosing_off_waits_and_says_so(shop: Shop):
    shop.planning.personal("dev", personal=False)
    said = shop.taste.tell("dev", ["Deli"])
    assert (said.reason, said.waits, said.may_answer) == ("switched-off", True, True)
    hers = shop.taste.hers(shop.known("dev"))
    assert (hers.reason, hers.waits, hers.may_answer) == ("switched-off", True, True)
    assert not shop.decide("dev").personalised
    shop.planning.personal("dev", personal=True)
    assert shop.decide("dev").personalised


# ---- made again ------------------------------------------------------------------------------------------------------


def test_it_is_made_again_byte_for_byte_also_after_another_answer(shop: Shop, clock: FakeClock):
    shop.taste.tell("dev", ["Deli", "Wine"])
    made = shop.decide("dev", count=5, context=Context(basket=("croissant",)))
    clock.turn(seconds=60)
    shop.taste.tell("dev", ["Bread"])
    assert shop.explaining.replay(made.id).same
    assert shown(shop.decide("dev", count=5))[0] == "bread"


def test_the_nightly_trial_tries_these_reasons_too(shop: Shop):
    shop.taste.tell("dev", ["Deli"])
    shop.decide("dev", count=3)
    found = shop.faithful.measure(seed=1)
    assert (found.kinds["told"].hits, found.kinds["told"].of) == (1, 1)


# ---- what it costs ---------------------------------------------------------------------------------------------------


def test_a_decision_asks_the_database_as_often_as_before(shop: Shop, monkeypatch: pytest.MonkeyPatch):
    def statements() -> int:
        asked, real = list[object](), questions.Question.ask

        def by_driver(question: questions.Question, *given: Any, **named: Any) -> Any:
            asked.append(question)
            return real(question, *given, **named)

        def by_sqlalchemy(_connection: object, _cursor: object, statement: str, *_: object) -> None:
            asked.append(statement)

        event.listen(shop.database.engine, "before_cursor_execute", by_sqlalchemy)
        with monkeypatch.context() as patch:
            patch.setattr(questions.Question, "ask", by_driver)
            shop.decide("dev", count=3)
        event.remove(shop.database.engine, "before_cursor_execute", by_sqlalchemy)
        return len(asked)

    shop.decide("dev", count=3)
    before = statements()
    shop.taste.tell("dev", ["Drinks"])
    shop.decide("dev", count=3)
    assert 0 < statements() == before
