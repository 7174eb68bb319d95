"""What an order says beside its sums: the discount code, where it was sold, its tags."""

import json

import pytest
from tests.collect.formats.exports import SHOPIFY_CUSTOMERS, table
from tests.collect.formats.test_shopify import more, order, orders

from goodwill.people.types import BOUGHT, ORDERED


def details(desk, type_=ORDERED):
    found = desk.ask("SELECT detail FROM events WHERE type = :type ORDER BY id", type=type_)
    return [json.loads(text) if text is not None else None for (text,) in found]


def left(report):
    return {one.column for _, one in report.left_behind}


def test_shopifys_orders_say_code_channel_and_tags(desk, write):
    first = order(1001, **{"Discount Code": "SPRING10"})
    report = desk.take(orders(write, first, more(1001), order(1002, Source="pos", Tags="")))
    assert details(desk) == [
        {"channel": "web", "coupon": "SPRING10", "tags": "new, regular"},
        {"channel": "pos"},
    ]
    assert details(desk, BOUGHT) == [None, None, None], "they are the order's, not its lines'"
    assert not left(report) & {"Discount Code", "Source", "Tags"}


def test_what_looks_like_an_address_or_a_number_stays_out_of_the_log(desk, write):
    named = {"Discount Code": "for amina@example.org", "Tags": "call 0351 1234567"}
    desk.take(orders(write, order(1001, **named)))
    assert details(desk) == [{"channel": "web"}]


def test_tags_of_customers_stay_behind(desk, write):
    row = {"Customer ID": "1", "First Name": "Amina", "Email": "amina@example.org", "Tags": "vip",
           "Accepts Email Marketing": "no"}  # fmt: skip
    assert "Tags" in left(desk.take(write("customers_export.csv", table(SHOPIFY_CUSTOMERS, [row]))))


@pytest.mark.parametrize(
    ("heading", "name"),
    [("Gutscheincode", "coupon"), ("Coupon", "coupon"), ("Verkaufskanal", "channel"), ("order tags", "tags")],
)
def test_a_plain_file_of_orders_says_them_under_usual_headings(desk, write, heading, name):
    path = write("orders.csv", f"order_id,customer_id,date,total,{heading}\n1,amina,2026-03-02,5.00,A word\n")
    report = desk.take(path)
    assert (details(desk), left(report)) == ([{name: "A word"}], set())


def test_order_lines_say_them_each(desk, write):
    rows = "1,amina,2026-03-02,P1,5.00,TEA\n1,amina,2026-03-02,P2,4.00,\n"
    desk.take(write("lines.csv", f"order_id,customer_id,date,sku,amount,discount code\n{rows}"))
    assert details(desk, BOUGHT) == [{"coupon": "TEA"}, None]


def test_shopifys_interface_says_them(desk, write):
    one = {
        "id": 581001, "email": "amina@example.org", "financial_status": "paid", "currency": "EUR",
        "total_price": "6.20", "created_at": "2026-03-02T08:15:00+01:00", "source_name": "web", "tags": "new",
        "discount_codes": [{"code": "SPRING10", "amount": "1.00"}, {"code": "TEA"}],
        "line_items": [{"sku": "P1", "name": "Rye loaf", "quantity": 1, "price": "6.20"}],
    }  # fmt: skip
    report = desk.take(write("orders.json", json.dumps({"orders": [one]})))
    assert details(desk) == [{"channel": "web", "coupon": "SPRING10, TEA", "tags": "new"}]
    assert not any("discount_codes" in column or "source_name" in column for column in left(report))


def test_woocommerces_interface_says_them(desk, write):
    one = {
        "id": 7, "number": "7", "status": "completed", "currency": "EUR", "date_created_gmt": "2026-03-02T07:15:00",
        "total": "6.20", "customer_id": 3, "billing": {"email": "amina@example.org"}, "created_via": "checkout",
        "coupon_lines": [{"code": "spring10"}], "refunds": [], "meta_data": [],
        "line_items": [{"sku": "P1", "name": "Rye loaf", "quantity": 1, "total": "6.20", "total_tax": "0.00"}],
    }  # fmt: skip
    desk.take(write("orders.json", json.dumps([one])))
    assert details(desk) == [{"channel": "checkout", "coupon": "spring10"}]


def test_an_undo_takes_them_with_their_orders(desk, write):
    report = desk.take(orders(write, order(1001)))
    desk.undo(report)
    assert details(desk) == []
