"""No name that the program gave stands on a page or a paper that a customer reads: all of it is said in her language.

Somebody is furnished with everything there is: each kind of event, of fact, of data and of answer, and a row in every
table. Then every text that she can read is searched for the names by which the program knows all that.
"""

import re
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import LargeBinary, SmallInteger, Text, insert
from tests.shop.test_telling import NAMED, actions
from tests.shop.test_traces import CONSENTS, CUSTOMERS, ORDERS, brings
from tests.web.centre.conftest import Street, street

from goodwill import consent, people
from goodwill.access import SignedIn
from goodwill.basics.clock import DAY
from goodwill.consent import Asked, Evidence, Proof, Said, State
from goodwill.people import registry
from goodwill.people.columns import EventColumns
from goodwill.people.types import ALL
from goodwill.purposes import Category
from goodwill.shop import copy_pdf
from goodwill.shop.words import catalogues
from goodwill.storage.audit import Actor

__all__ = ["street"]

# What only a program writes so; addresses and the shop's files have their dots from somewhere else.
SHAPES = re.compile(r"\b[a-z]+_[a-z_]+\b|\b[a-z]+\.[a-z]+(?:-[a-z]+)?\b(?<!\.example)(?<!\.org)(?<!\.csv)")
PROVEN = Asked(how="page", evidence=Evidence.PROVEN, proof=Proof.SNAPSHOT)
CLAIMED = Asked(how="import", by="import")
UNKNOWN = Asked(how="banner accept, confirmed by mail", evidence=Evidence.NONE)
DETAILS = (
    '{"query":"rye"}', '{"verdict":"less"}', '{"likes":["Tea"]}', '{"likes":[]}', '{"coupon":"SPRING","step":2}', None,
)  # fmt: skip
FILLED: dict[tuple[str, str], Any] = {
    ("deliveries", "state"): "dropped", ("holds", "reason"): "erasure asked for", ("holds", "held"): 0,
    ("hook_messages", "topic"): "consent.changed", ("hook_messages", "state"): "given up",
    ("hook_objects", "kind"): "order", ("moved", "what"): "dropped", ("moved", "name"): "household-kind",
    ("moved", "category"): "demographics", ("opt_ins", "about"): '[["email-marketing","contact"]]',
    ("opt_ins", "outcome"): "replaced", ("outbox", "name"): "request-extended", ("outbox", "state"): "given up",
    ("outbox", "language"): "de", ("requests", "right"): "human-review", ("requests", "state"): "identity unverified",
    ("requests", "reason"): "Ten years.", ("signals", "how"): "header",
}  # fmt: skip


def rows(street: Street, name: str) -> None:
    """A row about her in every table that has no verbs of its own here."""
    person, at, number = street.person(name), street.shop.clock(), 70_000
    with street.shop.database.transaction() as connection:
        for one in registry.told():
            if one.name not in copy_pdf.ROWS or one.name in ("people", "erasures"):
                continue
            row: dict[str, Any] = {}
            for column in one.table.c:
                number += 1
                of_time = column.name == "at" or column.name.endswith("_at")
                kind = type(column.type)
                usual = at if of_time else number % 20_000 if issubclass(kind, SmallInteger) else number
                text = f"x{number}" if issubclass(kind, Text) else usual
                plain = f"x{number}".encode() if isinstance(column.type, LargeBinary) else text
                row[column.name] = FILLED.get((one.name, column.name), plain)
            row[one.says.person] = person
            for sealed in one.says.sealed:
                named = str(row.get(one.says.sealed_as or sealed, one.says.sealed_as or sealed))
                shut = street.shop.cipher.seal(person, named, "Kept")
                row |= {sealed: shut.data, "epoch": shut.epoch}
            connection.execute(insert(one.table).values(row))


def furnish(street: Street, name: str, folder: Path) -> None:
    """Somebody of whom everything is held that can be."""
    shop, person, now = street.shop, street.person(name), street.shop.clock()
    told = {str(fact): "Something" for fact in NAMED["fact"]} | {"language": "fr", "write_again_from": "2027-01-01"}
    contact = Category("contact")
    answers = [
        Said(person, entry.name, category, state, now - n * DAY, asked)
        for entry in shop.register.asked()
        for n, category in enumerate(entry.categories)
        for state in (State.REQUESTED, State.GIVEN, State.RENEWED, State.REFUSED, State.WITHDRAWN)
        for asked in (PROVEN, CLAIMED, UNKNOWN)
    ]
    with shop.database.transaction() as connection:
        ids = {"user_id": name, "phone": "+39 06 1234567", "anonymous_id": "tablet-7"}
        people.identify(connection, shop.cipher, ids, now=now)
        people.set_profile(
            connection, shop.cipher, person, {fact: (contact, text) for fact, text in told.items()}, now=now
        )
        written = consent.append(connection, answers, now=now)
        consent.invalidate(connection, written[:1], asked=CLAIMED, now=now)
        many = [(kind, detail) for kind in ALL for detail in (DETAILS if kind.name != "decided" else DETAILS[-1:])]
        happened = EventColumns(
            person=[person] * len(many), type=[kind.code for kind, _ in many], at=[now - DAY] * len(many),
            day=[now // DAY - 1] * len(many), key=list(range(10**6, 10**6 + len(many))),
            detail=[detail for _, detail in many],
        )  # fmt: skip
        people.log.append(connection, happened)
    boss = shop.acting(Actor("command line"))
    boss.looks.reveal(name, "Visit at the till, number 12.")
    boss.looks.copy(name, "Visit at the till, number 12.")
    for file, content in (("people.csv", CUSTOMERS), ("sales.csv", ORDERS), ("answers.csv", CONSENTS)):
        brings(street, folder, file, content)
    rows(street, name)


def raw() -> set[str]:
    """Every name that the program gave to anything that she is told of."""
    spoken = {"event", "state", "evidence", "sent_state", "fact", "kept", "letter", "opt_in", "erasure", "role"}
    named = {str(name) for group in spoken for name in NAMED[group]}
    filled = {str(value) for (_, column), value in FILLED.items() if column not in ("held", "about", "language")}
    return (named | {str(action) for action in actions()} | filled | {"user_id", "anonymous_id", "own copy"}) - {
        "Ten years."
    }


def written(name: str) -> re.Pattern[str]:
    """Finds a name where it stands as a word of its own."""
    return re.compile(rf"(?<![\w@./-]){re.escape(name)}(?![\w@-]|\.csv)")


def texts(street: Street, name: str, language: str) -> dict[str, str]:
    """All that she reads, by where it stands."""
    browser = street.signed_in(name)
    browser.get(f"/privacy?lang={language}")
    pages = {path: browser.see(path) for path in
             ("/privacy", "/privacy/data", "/privacy/decisions", "/privacy/receipts", "/privacy/requests")}  # fmt: skip
    return pages | {"paper": printed(street, name, language)}


def printed(street: Street, name: str, language: str) -> str:
    """Everything that is printed on her copy."""
    said: list[str] = []
    letters = copy_pdf._Paper._letters

    def noted(paper: Any, text: str) -> str:
        said.append(text)
        return letters(paper, text)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(copy_pdf._Paper, "_letters", noted)
        made = street.shop.copies.made(SignedIn(street.person(name), "test"), "pdf", language=language)
        assert b"".join(made).startswith(b"%PDF")
    return "\n".join(said)


def test_nothing_that_she_reads_in_any_language_is_called_by_a_name_of_ours(street: Street, tmp_path: Path) -> None:
    street.shop.learn()
    street.shop.decide("amina", count=3)
    furnish(street, "amina", tmp_path)
    names = raw()
    assert {"first-name", "request-extended", "given up", "person.reveal", "bought"} <= names
    for language in sorted(catalogues()):
        for place, text in texts(street, "amina", language).items():
            assert not SHAPES.findall(text), (language, place)
            assert "{" not in text.replace("{nb}", ""), (language, place)  # how many pages there are
            found = {name for name in names if name in text and written(name).search(text)}
            if language == "en":  # where a plain word of ours is often the customer's word too
                found = {name for name in found if re.search(r"[-_.]", name)}
            assert not found, (language, place, found)


def test_the_search_would_notice_a_raw_name(street: Street, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from goodwill.shop.telling import Telling

    monkeypatch.setattr(Telling, "fact", lambda _, field: field)
    furnish(street, "amina", tmp_path)
    said = texts(street, "amina", "de")
    assert "first-name" in said["paper"]
    assert "first-name" in said["/privacy/data"]
