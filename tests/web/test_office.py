"""The office's pages: who sees them, what they tell, and that they tell of nobody."""

import json
from base64 import b64encode

import pytest
from litestar.testing import TestClient
from tests.conftest import FakeClock
from tests.staff.working import cheaply, hired
from tests.web.hooks import Sender
from tests.web.test_staff_pages import HOST, Browser

from goodwill.app import create_shop
from goodwill.catalogue import store as catalogue
from goodwill.catalogue.products import Product
from goodwill.consent import Asked
from goodwill.shop import Who
from goodwill.web import office
from goodwill.web.application import application
from goodwill.web.keys import create_key


class House:
    """A shop into which something came, and its staff."""

    def __init__(self, shop, client, clock):
        self.shop, self.client, self.clock = shop, client, clock
        self.staff = {
            role: hired(shop, role)
            for role in ("owner", "developer", "privacy-officer", "marketer", "reviewer", "analyst", "read-only")
        }
        with shop.database.transaction() as connection:
            catalogue.upsert_many(connection, [Product("bread")])
            self.key = create_key(connection, "webshop", ["collect"], now=shop.clock())
        shop.grant(Who(user_id="amina"), "recommendations", asked=Asked(how="test"))
        self.send("amina", "Product Viewed", product_id="bread")
        self.send("bruno@example.org", "Product Viewed", product_id="bread")
        self.send("amina", "Product Viewed")
        self.hooks = Sender(client, shop, "shopify")
        self.hooks.send("orders/create", b"{not json", delivery="d-broken")

    def send(self, user, event, **properties):
        body = {"userId": user, "event": event, "messageId": f"{user} {properties}", "properties": properties}
        basic = "Basic " + b64encode(f"{self.key.text}:".encode()).decode()
        answer = self.client.post("/v1/track", content=json.dumps(body), headers={"authorization": basic})
        assert answer.status_code == 200

    def browser(self, role):
        return Browser(self.client).signed_in(self.staff[role])


@pytest.fixture(params=["sqlite", "postgresql"], scope="module")
def house(request, tmp_path_factory):
    if request.param == "postgresql":
        with request.getfixturevalue("postgresql").database() as where:
            yield from _open(tmp_path_factory, where)
    else:
        yield from _open(tmp_path_factory, "")


def _open(tmp_path_factory, where):
    clock, folder = FakeClock(1_795_338_000_000_000), tmp_path_factory.mktemp("office") / "home"
    shop = cheaply(create_shop(folder, clock=clock, base_url=HOST, columns="database", database=where))
    with TestClient(application(shop), base_url=HOST) as client:
        yield House(shop, client, clock)
    shop.close()


def test_nobody_sees_the_office_without_signing_in(house):
    for path in (office.INTAKE, office.WEBHOOKS):
        answer = Browser(house.client).get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, "/staff/sign-in")


@pytest.mark.parametrize("role", ["marketer", "reviewer", "analyst", "read-only"])
def test_other_roles_do_not_see_what_comes_in(house, role):
    browser = house.browser(role)
    for path in (office.INTAKE, office.WEBHOOKS):
        answer = browser.get(path)
        assert answer.status_code == 403
        assert "watch-what-comes-in" in answer.text
        assert "no-product" not in answer.text
    assert office.INTAKE not in browser.get("/staff").text


@pytest.mark.parametrize("role", ["owner", "developer", "privacy-officer"])
def test_what_came_is_shown_with_the_rule_that_stopped_it_and_without_whose_it_was(house, role):
    browser = house.browser(role)
    assert office.INTAKE in browser.get("/staff").text
    text = browser.get(office.INTAKE).text
    key = f"<td>{house.key.key.name}</td>"
    because = "no purpose that this person allows may use it"
    for words in ("Product Viewed", key, "no-consent", because, "no-product", "it names no product", "malformed"):
        assert words in text
    assert house.key.key.id not in text  # the page calls keys by their names
    assert "amina" not in text
    assert "bruno" not in text


def test_a_page_can_be_narrowed_to_what_was_refused(house):
    text = house.browser("developer").get(f"{office.INTAKE}?became=refused&days=1").text
    assert "no-product" in text
    assert "no-consent" not in text


def test_whoever_watches_longer_than_a_fresh_code_still_sees(house):
    browser = house.browser("developer")
    house.clock.turn(seconds=660)
    assert browser.get(office.INTAKE).status_code == 200


def test_a_page_looks_again_only_for_whoever_asked_and_not_for_ever(house):
    browser = house.browser("owner")
    assert "refresh" not in browser.get(office.INTAKE).headers
    following = browser.get(f"{office.INTAKE}?follow=90&became=refused&days=1")
    assert following.headers["refresh"] == f"10; url={office.INTAKE}?days=1&became=refused&follow=89"
    assert ">Stop</a>" in following.text
    last = browser.get(f"{office.INTAKE}?follow=0")
    assert "refresh" not in last.headers
    assert "It has stopped" in last.text
    assert "follow=89" in browser.get(f"{office.INTAKE}?follow=9999").headers["refresh"]  # no more than a quarter hour
    assert "refresh" not in browser.get(f"{office.INTAKE}?follow=x").headers


def test_a_page_of_the_office_lets_only_our_own_script_run_and_nobody_keep_it(house):
    headers = house.browser("owner").get(office.INTAKE).headers
    assert headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'")
    assert "script-src 'self';" in headers["content-security-policy"]
    assert "no-store" in headers["cache-control"]


def test_a_delivery_that_was_refused_is_worked_on_again_from_its_row(house):
    browser = house.browser("owner")
    text = browser.get(f"{office.WEBHOOKS}?only=failed").text
    assert "orders/create" in text
    assert "it cannot be read" in text
    number = next(one.id for one in house.shop.webhooks.deliveries() if one.delivery == "d-broken")
    answer = browser.post(office.REPLAY, delivery=str(number))
    assert answer.headers["location"] == f"{office.WEBHOOKS}?again={number}"
    assert f"Delivery {number} is worked on once more." in browser.get(answer.headers["location"]).text
    house.hooks.settle()
    assert next(one for one in house.shop.webhooks.deliveries() if one.id == number).state == "refused"


def test_a_replay_needs_a_fresh_code_the_role_for_it_and_a_form_of_ours(house):
    number = next(one.id for one in house.shop.webhooks.deliveries() if one.delivery == "d-broken")
    officer = house.browser("privacy-officer")
    officer.get(office.WEBHOOKS)
    assert officer.post(office.REPLAY, delivery=str(number)).status_code == 403
    owner = house.browser("owner")
    assert owner.post(office.REPLAY, form="0" * 64, delivery=str(number)).status_code == 403
    owner.get("/staff")
    assert owner.post(office.REPLAY, delivery="none").status_code == 422
    assert owner.post(office.REPLAY, delivery="999999").status_code == 404
    house.clock.turn(seconds=660)
    assert owner.post(office.REPLAY, delivery=str(number)).headers["location"] == "/staff/code"
