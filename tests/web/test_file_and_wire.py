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
from goodwill.people import holds
from goodwill.people.tables import events
from goodwill.people.types import REFUNDED
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


def back(total, message="r1", **more):
    """Money of the same order that went back, as a program tells it."""
    properties = {"order_id": "581001", "total": total, "currency": "EUR"}
    return {**PLACED, "event": "Order Refunded", "messageId": message, "properties": properties, **more}


def send(shop, message=PLACED):
    kind = message["type"]
    with shop.database.transaction() as connection:
        key = create_key(connection, "server", ["collect"], now=shop.clock()).text
    with TestClient(application(shop)) as client:
        headers = {"authorization": "Basic " + b64encode(f"{key}:".encode()).decode()}
        answer = client.post(f"/v1/{kind}", content=json.dumps(message).encode(), headers=headers)
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
    known = {"type": "identify", "userId": "7001", "messageId": "i", "traits": {"email": "amina@example.org"}}
    send(shop, known)  # or the table, which has her address alone, would be of somebody else
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


REFUNDS = "order_id,user_id,refunded_at,refunded\n581001,7001,2026-03-05T10:00:00Z,3.40\n"


@pytest.fixture
def refunds(tmp_path):
    path = tmp_path / "refunds.csv"
    path.write_text(REFUNDS)
    return path


def given_back(shop):
    with shop.database.reading() as connection:
        found = connection.execute(events.select().where(events.c.type == REFUNDED).order_by(events.c.id))
        return [(row.amount, row.import_id) for row in found]


def test_money_that_a_file_and_a_program_tell_of_goes_back_once(shop, refunds):
    send(shop)
    send(shop, back(3.4))
    assert given_back(shop) == [(340, None)]
    report = take(shop, refunds)
    assert (report.state, report.kept, report.rejected) == ("done", 1, 0)
    assert given_back(shop) == [(340, report.id)]
    assert take(shop, refunds).state == "nothing-new"
    send(shop, back(3.4, "r2"))  # once more, after the file
    assert given_back(shop) == [(340, report.id)]
    shop.intake.undo(report.id)
    assert given_back(shop) == [(340, None)]


def test_totals_count_what_a_file_says_went_back_in_place_of_what_programs_said(shop, refunds):
    send(shop)
    for number, part in enumerate((1, 2)):
        send(shop, back(part, f"part {number}"))
    report = take(shop, refunds)
    assert given_back(shop) == [(340, report.id)]
    with shop.database.reading() as connection:
        assert not holds.held_for(connection, f"correction by import {report.id}")


def test_an_order_of_somebody_else_s_in_a_file_counts_once_and_is_pointed_out(shop, tmp_path):
    send(shop)
    before = held(shop)
    path = tmp_path / "orders.csv"
    path.write_text(
        "order_id,user_id,ordered_at,total\n581001,bruno,2026-03-09 08:15,6.20\n581002,bruno,2026-03-09 08:15,6.20\n"
    )
    report = take(shop, path)
    assert (report.kept, report.unchanged, report.rejected) == (1, 1, 0)
    assert [one.lines for one in report.remarks if "for somebody else" in one.problem] == [(2,)]
    assert held(shop)[: len(before)] == before
    assert len(held(shop)) == len(before) + 1


def test_an_order_that_a_program_told_of_before_midnight_is_the_same_in_a_file_of_the_next_day(shop, tmp_path):
    send(shop, {**PLACED, "timestamp": "2026-03-02T22:59:58Z"})
    before = held(shop)
    path = tmp_path / "orders.csv"
    path.write_text("order_id,user_id,ordered_at,total\n581001,7001,2026-03-03 00:00:01,6.20\n")
    report = take(shop, path)
    assert (report.kept, report.unchanged, report.rejected) == (0, 1, 0)
    assert held(shop) == before
