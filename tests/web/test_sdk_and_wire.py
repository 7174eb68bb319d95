"""An order, and the money that went back of it, count once, whether a program told of them, a webhook, or both."""

import json
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from itertools import permutations
from threading import Barrier

import pytest
from litestar.testing import TestClient
from tests.conftest import FakeClock
from tests.web.hooks import Sender, shopify_order, shopify_refund, square_payment, square_refund

from goodwill.app import create_shop
from goodwill.basics.clock import SECOND, Micros
from goodwill.people.tables import events
from goodwill.people.types import BY_CODE
from goodwill.shop import Who
from goodwill.web.application import application
from goodwill.web.keys import create_key

NOW = 1_795_440_000


class House:
    """A shop that a program and webhooks tell of the same orders."""

    def __init__(self, shop, client):
        self.shop, self.client = shop, client
        self.shopify, self.square = (Sender(client, shop, system) for system in ("shopify", "square"))
        with shop.database.transaction() as connection:
            self.keys = {
                public: create_key(connection, f"{public}", ["collect"], now=shop.clock(), public=public).text
                for public in (False, True)
            }

    def track(self, event, properties, *, at="2026-11-20T15:00:02Z", message=None, public=False, **who):
        body = {
            "type": "track", "event": event, "messageId": message or f"{event}-{json.dumps(properties)}-{at}",
            "timestamp": at, "properties": {"currency": "EUR", **properties}, **(who or {"userId": "7001"}),
        }  # fmt: skip
        headers = {"authorization": "Basic " + b64encode(f"{self.keys[public]}:".encode()).decode()}
        answer = self.client.post("/v1/track", content=json.dumps(body).encode(), headers=headers)
        assert answer.json()["results"][0]["status"] == "taken", answer.text

    def all(self, *types):
        """Every event of some types of everybody: product and amount."""
        with self.shop.database.reading() as connection:
            rows = connection.execute(events.select()).all()
        return sorted(row.amount for row in rows if BY_CODE[row.type].name in types)

    def of(self, **who):
        with self.shop.database.reading() as connection:
            person = self.shop.find_in(connection, Who(**who))
            rows = connection.execute(events.select().where(events.c.person == (person or -1))).all()
        return sorted((BY_CODE[row.type].name, row.amount) for row in rows)


@pytest.fixture
def house(database, tmp_path):
    where = database.url or f"sqlite:///{database.file}"
    made = create_shop(
        tmp_path / "home", clock=FakeClock(Micros(NOW * SECOND)), columns="database", currency="EUR",
        base_url="https://gw.example", database=where,
    )  # fmt: skip
    with made as shop, TestClient(application(shop)) as client:
        yield House(shop, client)


NUMBER = "820000001001"
LINES = [{"sku": "WINE-1", "price": 9.5, "quantity": 2}, {"product_id": "Bread", "price": 2, "quantity": 1}]
OTHER_NUMBERS = [{"product_id": "111", "price": 9.5, "quantity": 2}, {"product_id": "112", "price": 2, "quantity": 1}]
PLACED = {"order_id": NUMBER, "total": 21.5, "products": LINES}


def program_tells(house, **more):
    house.track("Order Completed", PLACED | more.pop("said", {}), **more)


def shopify_tells(house, **more):
    house.shopify.send("orders/create", shopify_order(**more))


@pytest.mark.parametrize("lines", [LINES, OTHER_NUMBERS], ids=["same products", "other numbers of products"])
@pytest.mark.parametrize("first", ["program", "webhook"])
def test_an_order_counts_once_whichever_of_both_tells_of_it_first(house, first, lines):
    tellers = [lambda: program_tells(house, said={"products": lines}), lambda: shopify_tells(house)]
    for tell in tellers if first == "program" else reversed(tellers):
        tell()
    assert house.all("ordered") == [2150]
    assert house.all("bought") == [200, 1900]
    assert len(house.of(user_id="7001")) == 3


@pytest.mark.parametrize("first", ["program", "webhook"])
def test_an_order_counts_once_though_midnight_came_between_both(house, first):
    tellers = [
        lambda: program_tells(house, at="2026-11-21T00:00:03Z"),
        lambda: shopify_tells(house, at="2026-11-20T23:59:58Z"),
    ]
    for tell in tellers if first == "program" else reversed(tellers):
        tell()
    assert (house.all("ordered"), house.all("bought")) == ([2150], [200, 1900])


@pytest.mark.parametrize("first", ["program", "webhook"])
def test_an_order_counts_once_though_the_program_knows_her_by_her_device_alone(house, first):
    tellers = [lambda: program_tells(house, anonymousId="device-1"), lambda: shopify_tells(house)]
    for tell in tellers if first == "program" else reversed(tellers):
        tell()
    assert (house.all("ordered"), house.all("bought")) == ([2150], [200, 1900])
    assert len(house.of(user_id="7001")) == 3  # her, whom the shop's system knows


BACK = {"order_id": NUMBER, "total": 9.5}
BACK_BY_LINE = {"order_id": NUMBER, "products": [{"sku": "WINE-1", "price": 9.5, "quantity": 1}]}


@pytest.mark.parametrize("said", [BACK, BACK_BY_LINE], ids=["a sum", "a product"])
@pytest.mark.parametrize("order", list(permutations(["program", "refund", "order again"])), ids="-".join)
def test_money_back_counts_once_in_whatever_order_it_is_told(house, order, said):
    shopify_tells(house)
    again = shopify_order(refunds=[shopify_refund()], updated_at="2026-11-22T08:00:01Z")
    tell = {
        "program": lambda: house.track("Order Refunded", said, at="2026-11-22T08:00:05Z"),
        "refund": lambda: house.shopify.send("refunds/create", shopify_refund()),
        "order again": lambda: house.shopify.send("orders/updated", again),
    }
    for one in order:
        tell[one]()
        assert house.all("refunded") == [950], one
    assert ("refunded", 950) in house.of(user_id="7001")


@pytest.mark.parametrize("first", ["program", "webhook"])
def test_two_refunds_of_an_order_are_two_by_both_ways(house, first):
    shopify_tells(house)
    for number, amount, at in ((501, 9.5, "2026-11-22T08:00:00Z"), (502, 2, "2026-11-23T08:00:00Z")):
        tellers = [
            lambda amount=amount, at=at: house.track("Order Refunded", {"order_id": NUMBER, "total": amount}, at=at),
            lambda number=number, amount=amount, at=at: house.shopify.send(
                "refunds/create", shopify_refund(refund=number, amount=f"{amount:.2f}", at=at)
            ),
        ]
        for tell in tellers if first == "program" else reversed(tellers):
            tell()
    assert sum(house.all("refunded")) == 1150


def test_money_back_counts_once_though_both_tell_of_it_in_the_same_moment(house):
    numbers = range(2001, 2013)
    for number in numbers:
        house.shopify.send("orders/create", shopify_order(number, f"c{number}@example.com", number))
    together = Barrier(2)

    def program(number):
        together.wait()
        said = {"order_id": str(820_000_000_000 + number), "total": 9.5}
        house.track("Order Refunded", said, at="2026-11-22T08:00:05Z", userId=str(number))

    def webhook(number):
        together.wait()
        house.shopify.send("refunds/create", shopify_refund(number, number))

    with ThreadPoolExecutor(2) as pool:
        for number in numbers:
            for done in [pool.submit(program, number), pool.submit(webhook, number)]:
                done.result(30)
    assert house.all("refunded") == [950] * len(numbers)


def test_a_program_that_is_the_only_one_to_tell_of_refunds_is_believed_on_each(house):
    shopify_tells(house)
    house.track("Order Refunded", BACK, at="2026-11-22T08:00:00Z")
    house.track("Order Refunded", {"order_id": NUMBER, "total": 2}, at="2026-11-23T08:00:00Z")
    assert house.all("refunded") == [200, 950]
    house.track("Order Refunded", {"order_id": "another", "total": 3}, at="2026-11-23T08:00:00Z")
    assert house.all("refunded") == [200, 300, 950]


def test_once_a_source_is_revoked_what_programs_tell_counts_again(house):
    shopify_tells(house)
    house.shop.webhooks.revoke("shopify", "main")
    house.track("Order Refunded", BACK, at="2026-11-22T08:00:00Z")
    assert house.all("refunded") == [950]


def test_what_a_program_knows_beside_a_payment_is_kept_and_its_refund_is_not_counted_twice(house):
    house.square.send("payment.updated", square_payment())
    order = "ord-1"
    house.track("Order Completed", {"order_id": order, "total": 12.5, "products": LINES}, userId="CUS1")
    assert (house.all("ordered"), house.all("bought")) == ([1250], [200, 1900])
    house.track("Order Refunded", {"order_id": order, "total": 2.5}, userId="CUS1", at="2026-11-22T08:00:00Z")
    house.square.send("refund.updated", square_refund())
    house.track("Order Refunded", {"order_id": order, "total": 2.5}, userId="CUS1", message="once more")
    assert house.all("refunded") == [250]


def test_whoever_has_a_pages_key_writes_nothing_into_an_order_of_somebody_elses(house):
    shopify_tells(house)
    before = house.of(user_id="7001")
    house.track("Order Refunded", BACK, public=True, anonymousId="device-9")
    house.track("Order Completed", PLACED, public=True, anonymousId="device-9")
    assert house.of(user_id="7001") == before
    assert house.all("refunded") == []
    assert house.all("ordered") == [2150]
