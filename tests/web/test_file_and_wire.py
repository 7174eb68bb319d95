"""One order is one order, whether a program of the shop's sent it when it was placed or an export brings it later."""

import json
from base64 import b64encode

import pytest
from litestar.testing import TestClient
from tests.collect.formats.exports import SHOPIFY_ORDERS, table
from tests.collect.formats.test_objects import shopify_order
from tests.collect.formats.test_shopify import more, order

from goodwill.app import create_shop
from goodwill.collect import imports
from goodwill.people.tables import events
from goodwill.web.application import application
from goodwill.web.keys import create_key

PLACED = {
    "type": "track", "event": "Order Completed", "userId": "7001", "messageId": "m1",
    "timestamp": "2026-03-02T07:15:03Z",
    "properties": {
        "order_id": "581001", "total": 6.2, "currency": "EUR",
        "products": [{"sku": "P1", "name": "Rye loaf", "price": 3.4, "quantity": 1},
                     {"sku": "P2", "name": "Croissant", "price": 1.4, "quantity": 2}],
    },
}  # fmt: skip


@pytest.fixture
def shop(tmp_path):
    with create_shop(tmp_path / "home", columns="database", currency="EUR", zone="Europe/Berlin") as shop:
        yield shop


def send(shop, message=PLACED):
    with shop.database.transaction() as connection:
        key = create_key(connection, "server", ["collect"], now=shop.clock()).text
    with TestClient(application(shop)) as client:
        headers = {"authorization": "Basic " + b64encode(f"{key}:".encode()).decode()}
        answer = client.post("/v1/track", content=json.dumps(message).encode(), headers=headers)
        assert answer.json()["results"][0]["status"] == "taken"


def take(shop, path):
    return shop.intake.run(imports.plan([path]), rejects_to=path.with_suffix(".rejects.csv"))


def held(shop):
    with shop.database.reading() as connection:
        return [(row.day, row.key, row.amount, row.person) for row in connection.execute(events.select())]


@pytest.fixture(params=["objects", "table"])
def export(request, tmp_path):
    path = tmp_path / "export"
    if request.param == "objects":
        path.write_text(json.dumps([shopify_order()]))
    else:
        path.write_text(table(SHOPIFY_ORDERS, [order(1001), more(1001)]))
    return path


def test_what_was_sent_is_known_again_in_the_file(shop, export):
    send(shop)
    before = held(shop)
    assert len(before) == 3
    report = take(shop, export)
    assert report.rejected == 0
    assert sum(part.unchanged for part in report.parts if part.kind.startswith("order")) == 3
    assert held(shop) == before
    assert report.totals[0].agrees


def test_what_the_file_brought_is_known_again_when_it_is_sent(shop, export):
    take(shop, export)
    before = held(shop)
    send(shop)
    assert held(shop) == before


def test_lines_that_a_program_sent_under_other_numbers_are_pointed_out(shop, export):
    products = [{**one, "product_id": f"id-{one['sku']}"} for one in PLACED["properties"]["products"]]
    send(shop, {**PLACED, "properties": {**PLACED["properties"], "products": products}})
    (remark,) = (one for one in take(shop, export).remarks if "a program sent" in one.problem)
    assert (remark.rows, "--map product" in remark.remedy) == (1, True)


def test_after_an_import_the_shop_says_whom_it_may_write_to(shop, tmp_path):
    path = tmp_path / "orders.csv"
    rows = [order(1001, **{"Accepts Marketing": "yes"}), order(1002, Email="bruno@example.org", Phone="")]
    path.write_text(table(SHOPIFY_ORDERS, rows))
    planned = imports.plan([path])
    tried = shop.intake.run(planned, rejects_to=tmp_path / "rejects.csv", dry_run=True)
    assert (tried.contact.yes, tried.contact.of, dict(tried.contact.why_not)) == (1, 2, {"never-asked": 1})
    assert shop.may_contact().of == 0
    assert take(shop, path).contact == shop.may_contact() == tried.contact
