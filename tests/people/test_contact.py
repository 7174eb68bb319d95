"""Whom the shop may write to is counted as `can` answers of each, and whoever is left alone is counted out."""

from collections import Counter

import pytest
from tests.small_shop import ASKED, bakery

from goodwill import people
from goodwill.consent import grant
from goodwill.people import contact, suppress
from goodwill.purposes import EMAIL_MARKETING


@pytest.fixture
def made(database, clock, tmp_path):
    """A bakery where everybody has an address and most said yes to news; some are known by the address as their id."""
    made = bakery(database, tmp_path, clock)
    entry = made.shop.register[EMAIL_MARKETING]
    with made.shop.database.transaction() as connection:
        for name, person in made.person.items():
            if name != "dev":
                ids = {"user_id": name, "email": f"{name}@example.org"}
                people.identify(connection, made.shop.cipher, ids, now=clock())
            if name != "bruno":
                grant(connection, person, entry, asked=ASKED, now=clock())
        late = {"user_id": "Eve@Example.org", "email": "eve@shop.example"}
        made.person["eve"] = people.identify(connection, made.shop.cipher, late, now=clock())
        grant(connection, made.person["eve"], entry, asked=ASKED, now=clock())
    with made.shop:
        yield made


def leave_alone(made, *addresses, why=suppress.UNSUBSCRIBE):
    suppress.suppress(made.shop.cipher, [("email", address) for address in addresses], why)


def test_nobody_is_left_alone_where_the_list_is_empty(made):
    found = made.shop.may_contact()
    assert found.why_not == {"never-asked": 1, "no-address": 1}
    assert found.yes + 2 == found.of == len(made.person)


def test_whoever_is_left_alone_is_counted_out_with_a_reason_of_their_own(made):
    before = made.shop.may_contact()
    leave_alone(made, "amina@example.org", "c3@example.org")
    leave_alone(made, "c4@example.org", why=suppress.ERASURE)
    leave_alone(made, "bruno@example.org", "stranger@example.org")  # the one never said yes, the other is nobody here
    found = made.shop.may_contact()
    assert found.why_not["left-alone"] == 3
    assert (found.yes, found.of) == (before.yes - 3, before.of)


def test_an_address_that_is_somebodys_number_counts_as_well(made):
    leave_alone(made, "eve@example.org")
    assert made.shop.may_contact().why_not["left-alone"] == 1


def test_the_count_is_what_can_answers_of_each(made):
    leave_alone(made, "amina@example.org", "c3@example.org", "eve@example.org")
    found = made.shop.may_contact()
    answers = Counter(made.shop.can(name, EMAIL_MARKETING).reason for name in made.person if name not in ("dev", "eve"))
    answers[made.shop.can("Eve@Example.org", EMAIL_MARKETING).reason] += 1
    assert answers["left-alone"] == found.why_not["left-alone"] == 3
    assert answers["allowed"] == found.yes


def test_many_people_are_looked_up_some_at_a_time(made, monkeypatch):
    monkeypatch.setattr(contact, "_AT_ONCE", 3)
    leave_alone(made, "amina@example.org", "c3@example.org", "c20@example.org")
    assert made.shop.may_contact().why_not["left-alone"] == 3


def test_how_many_people_are_known_leaves_out_whoever_is_gone(made):
    with made.shop.database.reading() as connection:
        before = contact.how_many(connection)
    made.shop.erasure.erase("c5", reason="she asked at the till")
    with made.shop.database.reading() as connection:
        assert contact.how_many(connection) == before - 1 == len(made.person) - 1
