"""Webhooks over HTTP: whoever watches sees the same as on the office's page and the command line, and names nobody."""

import json

import pytest
from litestar.testing import TestClient
from tests.conftest import FakeClock
from tests.staff.working import cheaply, hired
from tests.web.hooks import Sender, shopify_order, shopify_refund
from tests.web.test_staff_access import Browser

from goodwill.app import create_shop
from goodwill.basics.clock import SECOND, Micros
from goodwill.web.application import application
from goodwill.web.keys import create_key

NOW = 1_795_440_000


class House:
    """A shop with a source, a key that reads, and somebody who manages keys."""

    def __init__(self, shop, client):
        self.shop, self.client = shop, client
        self.shopify = Sender(client, shop, "shopify")
        self.developer = Browser(client, hired(shop, "developer", factor=True))
        with shop.database.transaction() as connection:
            self.key = create_key(connection, "watcher", ["read"], now=shop.clock()).text

    def get(self, path):
        self.client.cookies.clear()
        return self.client.get(path, headers={"authorization": f"Bearer {self.key}"})

    def post(self, path, body):
        return self.developer.request("POST", path, headers={}, json=body)

    def metrics(self):
        lines = self.get("/metrics").text.splitlines()
        return {name: float(value) for line in lines if "webhooks" in line and line[0] != "#"
                for name, _, value in [line.rpartition(" ")]}  # fmt: skip


@pytest.fixture
def house(database, tmp_path):
    where = database.url or f"sqlite:///{database.file}"
    made = create_shop(
        tmp_path / "home", clock=FakeClock(Micros(NOW * SECOND)), columns="database", currency="EUR",
        base_url="https://shop.example", database=where,
    )  # fmt: skip
    with made as shop, TestClient(application(cheaply(shop))) as client:
        yield House(cheaply(shop), client)


def test_sources_are_told_with_their_last_delivery_and_what_to_look_at(house):
    house.shop.told.add("https://93.184.216.34/in", ["person.erased"])
    [before] = house.get("/api/v1/webhooks").json()["sources"]
    assert (before["last_at"], before["state"]) == (None, "open")
    house.shopify.send("orders/create", shopify_order(1001))
    house.shopify.send("orders/create", shopify_order(1004))
    house.shop.clock.turn(days=2)
    said = house.get("/api/v1/webhooks").json()
    [source] = said["sources"]
    assert (source["system"], source["name"]) == ("shopify", "main")
    assert source["last_at"].startswith("2026-11-2")
    assert source["url"] == "https://shop.example/webhooks/shopify/main"
    assert source["alarms"] == list(house.shop.webhooks.sources()[0].alarms)
    assert any("1002" in line for line in source["alarms"])
    [target] = said["targets"]
    assert (target["topics"], target["last"]) == (["person.erased"], None)
    assert "hush" not in json.dumps(said)


def test_deliveries_are_told_and_nobody_of_whom_they_speak(house):
    house.shopify.send("orders/create", shopify_order(email="ines@example.com"))
    house.shopify.send("refunds/create", shopify_refund(1999))
    answer = house.get("/api/v1/webhooks/deliveries")
    waits, done = answer.json()["deliveries"]
    assert (done["topic"], done["state"], done["can_replay"]) == ("orders/create", "done", True)
    assert (waits["state"], waits["rule"], waits["tries"]) == ("new", "unknown-order", 1)
    assert waits["because"] not in ("", "unknown-order")
    assert not [word for word in ("ines", "7001", "Wine") if word in answer.text]
    assert house.get("/api/v1/webhooks/deliveries?failed=true").json()["deliveries"] == [waits]
    assert house.get("/api/v1/webhooks/deliveries?limit=1").json()["deliveries"] == [waits]
    assert len(house.get("/api/v1/webhooks/deliveries?system=shopify&name=main").json()["deliveries"]) == 2
    assert house.get("/api/v1/webhooks/deliveries?system=shopify&name=other").status_code == 404
    assert house.get("/api/v1/webhooks/deliveries?system=shopify").status_code == 422


def test_a_delivery_is_worked_on_once_more_by_whoever_manages_keys_alone(house):
    house.shopify.send("refunds/create", shopify_refund(1001))
    [one] = house.get("/api/v1/webhooks/deliveries").json()["deliveries"]
    house.shopify.send("orders/create", shopify_order(1001))
    again = house.post("/api/v1/webhooks/deliveries/replay", {"delivery": one["delivery"]})
    assert (again.status_code, again.json()["state"], again.json()["tries"]) == (200, "new", 0)
    house.shopify.settle()
    after = house.get("/api/v1/webhooks/deliveries").json()["deliveries"]
    assert [each["state"] for each in after] == ["done", "done"]
    assert house.post("/api/v1/webhooks/deliveries/replay", {"delivery": 999}).status_code == 404
    house.client.cookies.clear()
    by_key = house.client.post(
        "/api/v1/webhooks/deliveries/replay", json={"delivery": 1}, headers={"authorization": f"Bearer {house.key}"}
    )
    assert by_key.status_code in (401, 403)
    house.shop.webhooks.revoke("shopify", "main")  # what was said is dropped with it
    assert house.post("/api/v1/webhooks/deliveries/replay", {"delivery": one["delivery"]}).status_code == 409
    lines = house.shop.audit.latest(20)
    assert any(line.action == "webhook.replay" and line.actor.startswith("staff") for line in lines)


def test_a_secret_is_made_anew_and_shown_once(house):
    made = house.shop.told.add("https://93.184.216.34/in", ["person.erased"])
    answer = house.post("/api/v1/webhooks/targets/rotate", {"target": made.target.id})
    assert answer.status_code == 200
    assert answer.json()["target"] == made.target.id
    assert answer.json()["secret"].startswith("whsec_")
    assert answer.json()["secret"] != made.secret
    assert answer.json()["secret"] not in house.get("/api/v1/webhooks").text
    assert house.post("/api/v1/webhooks/targets/rotate", {"target": 99}).status_code == 404


def test_prometheus_reads_what_came_what_waits_and_since_when(house):
    assert house.metrics()['goodwill_webhooks_waiting{source="shopify main"}'] == 0
    house.shopify.send("orders/create", shopify_order(1001))
    house.shopify.send("refunds/create", shopify_refund(1999))
    house.client.post("/webhooks/shopify/main", content=b"{}", headers={"x-shopify-topic": "orders/create"})
    house.client.post("/webhooks/shopify/nobody", content=b"{}")
    house.shop.clock.turn(seconds=20)
    found = house.metrics()
    assert found['goodwill_webhooks_last_day{source="shopify main",state="done"}'] == 1
    assert found['goodwill_webhooks_last_day{source="shopify main",state="new"}'] == 1
    assert found['goodwill_webhooks_waiting{source="shopify main"}'] == 1
    assert found['goodwill_webhooks_oldest_waiting_seconds{source="shopify main"}'] == 20
    assert found['goodwill_webhooks_refused_total{because="bad_signature",source="shopify main"}'] == 1
    assert found['goodwill_webhooks_refused_total{because="not_found",source="unknown"}'] == 1
    assert "webhooks" not in house.client.get("/metrics").text.replace("/webhooks/", "")  # without a key
    house.shop.webhooks.revoke("shopify", "main")
    assert 'goodwill_webhooks_waiting{source="shopify main"}' not in house.metrics()
