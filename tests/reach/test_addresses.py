"""Where somebody is reached: verified addresses first, in her language; a new one beside an old one is noticed."""

import pytest

from goodwill import people
from goodwill.access.addresses import changed_since
from goodwill.app import create_shop
from goodwill.basics.clock import DAY
from goodwill.people.rectify import replace_id
from goodwill.purposes import Category


@pytest.fixture
def shop(database, tmp_path, clock):
    where = database.url or f"sqlite:///{database.file}"
    made = create_shop(tmp_path / "home", clock=clock, database=where)
    yield made
    made.close()


def known(shop, **ids):
    with shop.database.transaction() as connection:
        return people.identify(connection, shop.cipher, ids, now=shop.clock(), verified="email" in ids)


def reached(shop, person):
    with shop.database.transaction() as connection:
        return shop.post.reach(connection, person)


def changed(shop, person):
    with shop.database.reading() as connection:
        return changed_since(connection, person, shop.clock() - 30 * DAY)


def test_an_address_that_came_later_is_a_change_for_a_while(shop, clock):
    amina = known(shop, user_id="amina", phone="+39 06 6982")
    clock.turn(seconds=60)
    known(shop, user_id="amina", email="amina@example.com")  # she is just signing up
    assert not changed(shop, amina)
    clock.turn(days=110)
    known(shop, user_id="amina", email="amina@example.org")
    assert changed(shop, amina)
    clock.turn(days=31)
    assert not changed(shop, amina)


def test_an_address_put_in_anothers_place_is_a_change(shop, clock):
    amina = known(shop, user_id="amina", email="amina@example.com")
    clock.turn(days=110)
    with shop.database.transaction() as connection:
        replace_id(connection, shop.cipher, amina, "email", "eve@example.com", now=clock(), verified=True)
    assert changed(shop, amina)


def test_verified_addresses_come_first(shop):
    amina = known(shop, user_id="amina", phone="+39 06 6982")
    known(shop, user_id="amina", email="amina@example.com")
    assert [one.kind for one in reached(shop, amina).addresses] == ["email", "phone"]


def test_her_language_is_told(shop, clock):
    amina = known(shop, user_id="amina", email="amina@example.com")
    assert reached(shop, amina).language is None
    with shop.database.transaction() as connection:
        fields = {"language": (Category("demographics"), "de-CH")}
        people.set_profile(connection, shop.cipher, amina, fields, now=clock())
    assert reached(shop, amina).language == "de-CH"
