"""What is kept for good names nobody: a text that does is refused, with what it was and how to say it."""

import pytest
from sqlalchemy import text
from tests.small_shop import bakery

from goodwill import people
from goodwill.basics.errors import BadInput, GoodwillError
from goodwill.consent import Asked, Evidence
from goodwill.people.erase import Names, whole_names
from goodwill.people.naming import named_in
from goodwill.purposes import Category
from goodwill.shop import Actor
from goodwill.storage import audit

MAIL, PHONE = "amina.rossi@example.org", "+390612345678"


@pytest.fixture
def shop(database, tmp_path, clock):
    made = bakery(database, tmp_path, clock).shop
    with made.database.transaction() as connection:
        ids = {"user_id": "amina", "email": MAIL, "phone": PHONE}
        person = people.identify(connection, made.cipher, ids, now=clock())
        fields = {"first-name": (Category("contact"), "Amina"), "last-name": (Category("contact"), "Rossi")}
        people.set_profile(connection, made.cipher, person, fields, now=clock())
    yield made
    made.close()


HERS = Names(
    (("email", MAIL), ("phone", PHONE), ("user_id", "K-1047"), ("anonymous_id", "c0"), ("external", "1999")),
    ("Amina", "Rossi", "Rome"),
    whole_names({"first-name": "Amina", "last-name": "Rossi"}),
)


@pytest.mark.parametrize(
    ("words", "what"),
    [
        ("wrote from AMINA.Rossi@example.org", "e-mail address"),
        ("<amina.rossi@example.org>", "e-mail address"),
        ("called from 06 1234-5678", "telephone number"),
        ("tel.: 0039 (06) 12345678.", "telephone number"),
        ("customer k-1047 asked", "id (user_id)"),
        ("Signora  Amina\nRossi asked", "name"),
        ("Rossi, Amina", "name"),
        ("sister of amina.rossi@example.org.uk", None),
        ("order K-10478", None),
        ("Amina's wish", None),
        ("the Rossi order, in Rome", None),
        ("in 1999, c0, 12345678901 pieces", None),
        ("", None),
    ],
)
def test_only_what_points_to_one_person_names_her(words, what):
    assert named_in(words, HERS) == what


def test_a_name_of_one_word_is_no_whole_name():
    assert whole_names({"name": "Amina"}) == ()
    assert whole_names({"name": "Amina Rossi"}) == ("Amina Rossi",)


def last(shop):
    with shop.database.reading() as connection:
        return audit.latest(connection, 1)[0]


def everything_kept(shop):
    with shop.database.reading() as connection:
        tables = ("consent_rows", "audit_rows", "erasures", "staff_approvals")
        return " ".join(str(row) for table in tables for row in connection.execute(text(f"SELECT * FROM {table}")))


ASKED = Asked("till", by="shop", evidence=Evidence.CLAIMED)
NAMED = {
    "how": lambda shop: shop.grant("amina", "offers", asked=Asked(f"called {PHONE}")),
    "words": lambda shop: shop.grant("amina", "offers", asked=Asked("till", words="Amina Rossi, may we?")),
    "answered": lambda shop: shop.notices.answer(
        "amina", {("offers", "purchases"): False, ("measurement", "purchases"): True}, how=f"mail of {MAIL}"
    ),
    "reason": lambda shop: shop.identity.restrict("amina", "Amina Rossi asked on the phone"),
    "erase": lambda shop: shop.erasure.erase("amina", reason=f"mail from {MAIL}"),
    "reveal": lambda shop: shop.looks.reveal("amina", f"a question by {MAIL} came in"),
    "merge": lambda shop: shop.identity.merge("dev", "amina", f"dev wrote as {MAIL}"),
    "actor": lambda shop: shop.acting(Actor("staff 1", f"mail of {MAIL}")).grant("amina", "offers", asked=ASKED),
}


def test_a_text_that_names_her_is_refused_and_stands_nowhere(shop):
    before = shop.consents("amina")
    for what, change in NAMED.items():
        with pytest.raises(BadInput, match="Say it without"):
            change(shop)
        assert (last(shop).outcome, what) == ("BadInput", what)
    kept = everything_kept(shop)
    assert not any(word in kept for word in (MAIL, PHONE, "Rossi"))
    assert shop.consents("amina") == before
    assert shop.erasure.erased() == []
    assert "left out" in kept


NOES = {
    "words": lambda shop: shop.grant("amina", "recommendations", asked=Asked(MAIL, words="Amina Rossi"), yes=False),
    "answered": lambda shop: shop.notices.answer("amina", {("offers", "purchases"): False}, how=f"mail of {MAIL}"),
    "object": lambda shop: shop.identity.object_to_all("amina", Asked(f"mail of {MAIL}")),
    "actor": lambda shop: shop.acting(Actor("staff 1", f"mail of {MAIL}")).grant(
        "amina", "model-improvement", asked=ASKED, yes=False
    ),
}


def test_a_no_never_fails_for_its_words_which_are_left_out(shop):
    for says_no in NOES.values():
        says_no(shop)
        assert last(shop).outcome == "done"
    for purpose in ("recommendations", "model-improvement", "statistics"):
        assert not shop.can("amina", purpose).allowed
    kept = everything_kept(shop)
    assert not any(word in kept for word in (MAIL, "Rossi"))
    assert kept.count("left out") >= 4


def test_an_approval_for_many_and_its_use_name_none_of_them(shop):
    owner = shop.acting(Actor("command line", role="owner"))
    numbers = sorted(shop.known(name) for name in ("amina", "dev"))
    for asks in (
        lambda: owner.staff.approvals.ask("erase", {"people": numbers}, reason=f"mail of {MAIL} and another"),
        lambda: owner.erasure.erase_all(["amina", "dev"], reason=f"mail of {MAIL}"),
    ):
        with pytest.raises(GoodwillError):
            asks()
    assert MAIL not in everything_kept(shop)


def test_words_about_others_and_by_number_go_through(shop):
    shop.grant("dev", "offers", asked=Asked("letter", words="Amina's sister"))
    shop.identity.restrict("amina", "she asked on the phone, ticket 30112")
    assert last(shop).reason == "she asked on the phone, ticket 30112"
