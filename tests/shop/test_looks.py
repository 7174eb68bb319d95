"""Looks of staff at one customer: masked as a rule, in clear with a reason, and told to the customer."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import FakeClock
from tests.small_shop import ASKED
from tests.staff.working import cheaply, hired

from goodwill import people
from goodwill.access import SignedIn
from goodwill.app import create_shop
from goodwill.basics.errors import BadInput, NotFound
from goodwill.shop import Shop
from goodwill.shop.looks import masked
from goodwill.staff.refusals import CodeNeeded, NotAllowed
from goodwill.storage import Database, audit

WHY = "she asked on the phone where her order is"


@pytest.fixture
def shop(database: Database, tmp_path: Path, clock: FakeClock) -> Iterator[Shop]:
    where = database.url or f"sqlite:///{database.file}"
    made = create_shop(tmp_path / "home", clock=clock, database=where, columns="database")
    with made.database.transaction() as connection:
        for words in ({"user_id": "amina", "email": "amina@example.org"}, {"user_id": "bruno"}):
            people.identify(connection, made.cipher, words, now=clock())
    yield cheaply(made)
    made.close()


def as_(shop: Shop, role: str) -> Shop:
    session = shop.staff.session(hired(shop, role, factor=True).token)
    assert session
    return shop.acting(session.actor())


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [("email", "amina@example.org", "a…@e….org"), ("phone", "+390612345", "…45"), ("first_name", "Amina", "A…")],
)
def test_names_and_addresses_are_masked(kind, value, shown):
    assert masked(kind, value) == shown


def test_a_look_is_masked_and_one_with_a_reason_is_clear(shop):
    olga = as_(shop, "owner")
    assert dict(olga.looks.outline("amina").known_as) == {"user_id": "amina", "email": "a…@e….org"}
    assert dict(olga.looks.reveal("amina", WHY).known_as)["email"] == "amina@example.org"


def test_an_address_that_serves_as_the_shops_own_id_is_masked_too(shop, clock):
    with shop.database.transaction() as connection:
        people.identify(connection, shop.cipher, {"user_id": "erin@example.org"}, now=clock())
    assert dict(as_(shop, "marketer").looks.outline("erin@example.org").known_as) == {"user_id": "e…@e….org"}


@pytest.mark.parametrize("role", ["marketer", "reviewer", "developer", "analyst", "read-only"])
def test_other_roles_reveal_nothing_and_their_try_is_told(shop, role):
    with pytest.raises(NotAllowed):
        as_(shop, role).looks.reveal("amina", WHY)
    with shop.database.reading() as connection:
        line = audit.lines(connection)[-1]
    assert (line.action, line.outcome, line.reason) == ("person.reveal", "NotAllowed", WHY)


def test_without_a_reason_a_fresh_code_or_a_person_nothing_is_revealed(shop, clock):
    olga = hired(shop, "owner")
    acting = shop.acting(shop.staff.session(olga.token).actor())
    with pytest.raises(BadInput):
        acting.looks.reveal("amina", "because!!!!")
    with pytest.raises(NotFound):
        acting.looks.reveal("nobody", WHY)
    clock.turn(seconds=601)
    with pytest.raises(CodeNeeded):
        shop.acting(shop.staff.session(olga.token).actor()).looks.reveal("amina", WHY)


def copy_of(shop: Shop, name: str) -> dict[str, Any]:
    copied: dict[str, Any] = json.loads(b"".join(shop.copies.json(SignedIn(shop.known(name), "test"))))
    return copied


def test_she_can_see_that_staff_looked_and_never_who(shop, clock):
    olga = as_(shop, "owner")
    olga.looks.reveal("amina", WHY)
    olga.looks.reveal("amina", WHY)
    olga.looks.copy("amina", WHY)
    shop.grant("amina", "offers", asked=ASKED)
    copy = copy_of(shop, "amina")
    told = [(look["who"], look["what"], look["times"]) for look in copy["staff"]]
    assert told == [("owner", "person.export", 1), ("owner", "person.reveal", 2), ("program", "consent.grant", 1)]
    assert "The owner" not in repr(copy)
    assert "staff 1" not in repr(copy)
    assert copy_of(shop, "bruno")["staff"] == []
