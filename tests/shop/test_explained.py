"""What a customer is told of a decision: at most forty words, plain, in her language, and nothing that is sensitive."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import text as sql
from tests.conftest import FakeClock
from tests.small_shop import ASKED, Bakery, bakery

from goodwill.access import SignedIn
from goodwill.consent.reading import grades
from goodwill.decide.account import Account, Instead
from goodwill.decide.choose import Context
from goodwill.purposes import Category
from goodwill.shop import Shop
from goodwill.shop.explained import MOST_WORDS, in_brief
from goodwill.shop.words import catalogues
from goodwill.storage import Database

LANGUAGES = sorted(catalogues())
JARGON = re.compile(
    r"\b(model|algorithm|score|personali[sz]\w*|consent|profile|data category|inference|recommendation|slot|arm|"
    r"Modell|Algorithmus|Profil|personalisier\w*|Einwilligung|Empfehlung\w*|Kategorie)\b",
    re.IGNORECASE,
)
GRADE = {"en": 8.0, "de": 8.0}  # the school year that all of it can be read in, by each formula


@pytest.fixture
def small(database: Database, tmp_path: Path, clock: FakeClock) -> Iterator[Bakery]:
    made = bakery(database, tmp_path, clock, then=Shop.learn)
    yield made
    made.shop.close()


@pytest.fixture
def shop(small: Bakery) -> Shop:
    return small.shop


ASKS: dict[str, dict[str, Any]] = {
    "usual and new": {"count": 5},
    "new": {"count": 4, "context": Context(new=3)},
    "usual": {"count": 3, "context": Context(new=0)},
    "impersonal": {"count": 3, "context": Context(personal=False)},
    "a basket": {"count": 4, "context": Context(basket=("coffee",), viewing=("bread",), personal=False)},
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("ask", ASKS)
def test_all_of_it_has_forty_words_is_plain_and_can_be_read_by_anybody(shop: Shop, language: str, ask: str):
    for who in ("amina", "bruno", "c0", "c3", None):
        made = shop.decide(who, **ASKS[ask])
        text = shop.explaining.for_customer(made, language).text
        assert 5 < len(text.split()) <= MOST_WORDS, text
        assert not JARGON.search(text), text
        assert all(grade <= GRADE[language] for grade in grades(text, language).values()), (
            text,
            grades(text, language),
        )


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_name_and_no_list_makes_it_longer(shop: Shop, language: str):
    made = shop.decide("amina", count=4)
    long = "Fresh organic " * 12 + "bread"
    kinds = tuple(Category(name) for name in ("browsing", "contact", "demographics", "device", "feedback", "location"))
    wide = replace(made, used=(*made.used, Category("engagement")), unused=kinds, withheld=(Category("karma"),))
    for latest in (True, False):
        for seen in (long, ""):
            account = Account(wide, (), (Instead(long, long, 13, latest, seen),), None)
            text = in_brief(wide, account, catalogues()[language])
            assert len(text.split()) <= MOST_WORDS, text
            assert "karma" not in text, "a name of the shop's register is no word for customers"


def test_it_says_what_was_used_what_was_left_aside_and_what_would_have_made_a_difference(shop: Shop):
    made = shop.decide("amina", count=5)
    told = shop.explaining.for_customer(made, "en")
    assert told.text.startswith(
        "We chose this from what you bought. We did not use what you looked at, how you rated us or what you told us."
    )
    assert re.search(
        r"Without your (\d+ orders|order|last order|last \d+ orders) of \w+ you would (not )?have seen", told.text
    )
    german = shop.explaining.for_customer(made, "de").text
    assert german.startswith("Wir wählten dies aus dem, was Sie kauften. Nicht benutzt: was Sie ansahen")
    assert "Ohne Ihr" in german
    new = next(one for one in told.items if one.kind == "new")
    assert all(text.startswith("you buy ") for text, _ in new.reasons)
    assert sum(share for _, share in new.reasons) == pytest.approx(new.covered, abs=1e-6)
    assert any(one.against for one in told.items)


def test_what_goes_with_the_basket_is_not_said_to_be_what_everyone_gets(shop: Shop):
    made = shop.decide(None, count=4, context=Context(basket=("coffee",)))
    assert any(one.kind == "companion" for one in made.items)
    told = shop.explaining.for_customer(made, "en").text
    assert told == "This fits what you look at now, or what is in your basket. We used nothing else about you."


def test_the_difference_is_that_of_choosing_again(shop: Shop):
    made = shop.decide("amina", count=5)
    account = shop.explaining.account(made.id)
    for one in account.instead:
        told = next(item for item in shop.explaining.for_customer(made, "en").items if item.name == one.product)
        assert one.without in told.instead
        assert (one.seen or one.product) in told.instead
        assert one.seen != one.without


def test_no_sensitive_thing_and_nothing_that_few_share_is_told(database: Database, tmp_path: Path, clock: FakeClock):
    small = bakery(database, tmp_path, clock, sensitive=("tobacco",))
    shop = small.shop
    shop.learn()
    for who in ("amina", "c0", "c2", "c4"):
        for ask in ASKS.values():
            made = shop.decide(who, **ask)
            for language in LANGUAGES:
                told = shop.explaining.for_customer(made, language)
                new = " ".join(f"{one.instead} {one.against} {one.reasons}" for one in told.items if one.kind == "new")
                said = " ".join(f"{one.instead} {one.against} {one.reasons}" for one in told.items)
                assert not re.search("tobacco", told.text + said, re.IGNORECASE), said
                assert not re.search("truffle", new, re.IGNORECASE), "only she ever bought it"
    shop.close()


def test_what_was_told_once_is_told_again_after_others_have_left(small: Bakery):
    shop = small.shop
    made = shop.decide("amina", count=5)
    told = shop.explaining.for_customer(made, "en")
    assert any(one.instead for one in told.items)
    assert any(one.against for one in told.items)
    asked_later = shop.decide("amina", count=5)
    shop.grant("c5", "model-improvement", asked=ASKED, yes=False)
    assert shop.explaining.replay(made.id).cannot
    assert shop.explaining.for_customer(made, "en") == told, "kept with the decision"
    assert not any(one.instead for one in shop.explaining.for_customer(asked_later, "en").items), "nobody asked in time"


def test_what_is_kept_is_hers_alone_and_goes_with_her(small: Bakery):
    shop = small.shop
    made = shop.decide("amina", count=5)
    for _ in range(2):
        shop.explaining.for_customer(made, "en")
    mine = shop.own(SignedIn(small.person["amina"], by="test")).events
    kept = [one for one in mine if one.type == "explained"]
    assert len(kept) == 1, "once, however often she looks"
    assert (kept[0].category, kept[0].day) == ("decisions", next(one.day for one in mine if one.type == "decided"))
    weighed = [one for scales in json.loads(kept[0].detail or "")["scales"] for one in scales["weighed"]]
    assert weighed
    assert all(one["told"] for one in weighed), "what may not be told is not kept"
    shop.erasure.erase("amina")
    with shop.database.reading() as connection:
        assert not connection.execute(sql("SELECT count(*) FROM events WHERE type = 19")).scalar()


def test_what_she_said_is_not_said_to_be_unused_where_it_left_something_out(small: Bakery):
    shop = small.shop
    first = shop.decide("amina", count=4)
    shop.centre.judge(small.person["amina"], first.id, first.items[0].product, "never")
    told = shop.explaining.for_customer(shop.decide("amina", count=4), "en")
    assert "what you told us" not in told.text
    assert "We left out what you said you do not want." in told.text
    assert len(told.text.split()) <= MOST_WORDS
    assert "We left out what you said you do not want." in told.rules
    shop.grant("amina", "recommendations", asked=ASKED, yes=False)
    everyone = shop.decide("amina", count=8)
    assert "unwanted" in {one.rule for one in everyone.interventions}
    assert shop.explaining.for_customer(everyone, "en").text == (
        "This is what everyone gets, less what you asked us to leave out. We used nothing else about you."
    )
    assert "ohne das, was Sie nicht wollen" in shop.explaining.for_customer(everyone, "de").text


def test_how_much_the_reasons_are_of_all_is_told(shop: Shop):
    made = shop.decide("amina", count=5)
    told = shop.explaining.for_customer(made, "en")
    for one in told.items:
        if one.kind in ("usual", "new") and 0 < round(100 * one.covered) < 100:
            assert f"{round(100 * one.covered)} %" in one.untold
        else:
            assert not one.untold
    assert any(one.untold for one in told.items)


def test_what_no_customer_is_told_staff_do_not_see_as_told(shop: Shop):
    made = shop.decide("amina", count=5, context=Context(new=0))
    for scales in shop.explaining.account(made.id).scales:
        told = {one.what: one.told for one in scales.weighed}
        assert told["average"] is False
        assert told["often"] is True


def test_of_what_she_took_back_nothing_is_worked_out_again(shop: Shop):
    made = shop.decide("amina", count=5)
    shop.grant("amina", "recommendations", asked=ASKED, yes=False)
    told = shop.explaining.for_customer(made, "en")
    assert "Without" not in told.text
    assert all(not one.instead and not one.against for one in told.items)
    assert told.items[0].reasons, "what was told then is still there to read"


def test_staff_see_all_that_was_weighed_and_which_rows_allowed_it(shop: Shop):
    made = shop.decide("amina", count=5)
    seen = shop.explaining.for_staff(made.id)
    assert seen.account is not None
    assert len(seen.account.scales) == 5
    assert {row.category for row in seen.consents} >= set(made.used)
    shop.grant("c5", "model-improvement", asked=ASKED, yes=False)
    later = shop.explaining.for_staff(made.id)
    assert later.account is None
    assert "taken her yes back" in later.cannot
