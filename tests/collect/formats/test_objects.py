"""Objects of shops' interfaces come in: arrays, wrappers or one after the other, of Shopify and of WooCommerce."""

import json

import pytest
from tests.collect.formats.exports import SHOPIFY_ORDERS, table
from tests.collect.formats.test_shopify import more, of_kind, order
from tests.collect.test_consents import allows, rows_of

from goodwill.basics.errors import BadFile
from goodwill.collect import records
from goodwill.people.types import BOUGHT, ORDERED, REFUNDED


def shopify_order(number=1001, **said):
    return {
        "id": int(f"58{number}"), "name": f"#{number}", "order_number": number, "email": "amina@example.org",
        "created_at": "2026-03-02T08:15:00+01:00", "financial_status": "paid", "currency": "EUR",
        "total_price": "6.20", "subtotal_price": "6.20", "buyer_accepts_marketing": False, "note": "bring it round",
        "test": False, "cancelled_at": None, "refunds": [], "browser_ip": "192.0.2.7",
        "customer": {"id": 7001, "email": "amina@example.org", "first_name": "Amina", "last_name": "Example"},
        "billing_address": {"country_code": "DE"},
        "line_items": [
            {"id": 1, "product_id": 11, "variant_id": 12, "sku": "P1", "name": "Rye loaf", "quantity": 1,
             "price": "3.40", "total_discount": "0.00"},
            {"id": 2, "product_id": 13, "variant_id": 14, "sku": "P2", "name": "Croissant", "quantity": 2,
             "price": "1.40", "total_discount": "0.00"},
        ],
        **said,
    }  # fmt: skip


def woo_order(number=501, **said):
    return {
        "id": number, "number": str(number), "status": "completed", "currency": "EUR",
        "date_created": "2026-03-02T08:15:00", "date_created_gmt": "2026-03-02T07:15:00", "total": "6.20",
        "discount_total": "0.00", "prices_include_tax": True, "customer_id": 51,
        "billing": {"first_name": "Amina", "email": "amina@example.org", "country": "DE", "phone": "+4935112345"},
        "line_items": [
            {"id": 1, "name": "Rye loaf", "product_id": 11, "variation_id": 0, "sku": "P1", "quantity": 1,
             "subtotal": "3.18", "total": "3.18", "total_tax": "0.22", "price": 3.18},
            {"id": 2, "name": "Croissant", "product_id": 13, "variation_id": 14, "sku": "", "quantity": 2,
             "subtotal": "2.62", "total": "2.62", "total_tax": "0.18", "price": 1.31},
        ],
        "refunds": [], "meta_data": [], "customer_note": "please ring",
        **said,
    }  # fmt: skip


def in_file(write, *objects, form="array", name="export.json"):
    text = {
        "array": json.dumps(objects, indent=1),
        "wrapped": json.dumps({"orders": objects, "count": len(objects)}),
        "lines": "".join(f"{json.dumps(one)}\n" for one in objects),
        "one": json.dumps(objects[0]),
    }[form]
    return write(name, text)


@pytest.mark.parametrize("form", ["array", "wrapped", "lines"])
def test_orders_of_shopifys_interface(desk, write, form, monkeypatch):
    monkeypatch.setattr(records, "_BLOCK", 700)  # so that objects reach from one block into the next
    monkeypatch.setattr(records, "_AT_ONCE", 2)
    gone = shopify_order(1003, cancelled_at="2026-03-03T10:00:00+01:00")
    report = desk.take(
        in_file(write, shopify_order(), shopify_order(1002), gone, shopify_order(1004, test=True), form=form)
    )
    assert not report.rejects
    assert (of_kind(report, "orders").kept, of_kind(report, "orders").skipped) == (2, 2)
    assert of_kind(report, "order-lines").kept == 4
    assert {(row[0], row[3]) for row in desk.events()} == {(ORDERED, 620), (BOUGHT, 340), (BOUGHT, 280)}
    assert desk.person("7001") == desk.person("amina@example.org", "email")
    assert desk.count("consent_rows") == 0
    assert report.totals[0].holds.amounts == {"EUR": 1240}


def test_an_order_of_the_file_and_of_the_interface_is_one_order(desk, write):
    desk.take(write("orders.csv", table(SHOPIFY_ORDERS, [order(1001), more(1001)])))
    report = desk.take(in_file(write, shopify_order()))
    assert (of_kind(report, "orders").unchanged, of_kind(report, "order-lines").unchanged) == (1, 2)
    assert len(desk.events()) == 3


def test_what_was_given_back_by_all_refunds_of_an_order(desk, write):
    refunds = [
        {"transactions": [{"kind": "refund", "status": "success", "amount": "1.40"}]},
        {"transactions": [], "refund_line_items": [{"subtotal": "0.60"}]},
    ]
    desk.take(in_file(write, shopify_order(refunds=refunds), shopify_order(1002)))
    assert desk.ask("SELECT amount FROM events WHERE type = :t", t=REFUNDED) == [(200,)]


def shopify_customer(number, email, **said):
    return {
        "id": number, "email": email, "first_name": "Amina", "verified_email": True, "tags": "vip, press",
        "default_address": {"zip": "01067", "country_code": "DE"}, **said,
    }  # fmt: skip


def consent(state, level="single_opt_in", at="2026-01-05T09:00:00+01:00"):
    return {"email_marketing_consent": {"state": state, "opt_in_level": level, "consent_updated_at": at}}


def test_customers_of_shopifys_interface_say_what_they_answered_and_when(desk, write):
    report = desk.take(
        in_file(
            write,
            shopify_customer(1, "amina@example.org", **consent("subscribed", "confirmed_opt_in")),
            shopify_customer(2, "chiara@example.org", **consent("unsubscribed")),
            shopify_customer(3, "bruno@example.org", **consent("not_subscribed", at=None)),
            shopify_customer(4, "dev@example.org", **consent("redacted")),
            shopify_customer(
                5, "old@example.org", accepts_marketing=True, accepts_marketing_updated_at="2025-01-01T00:00:00Z"
            ),
        )
    )
    assert not report.rejects
    assert allows(desk, "1", "email-marketing")
    confirmed = desk.ask("SELECT DISTINCT asked FROM consent_rows WHERE person = :p", p=desk.person("1"))
    assert "2026-01-05T08:00:00Z" in confirmed[0][0]
    assert {row.state for row in rows_of(desk, "2", "email-marketing")} == {"withdrawn"}
    assert {row.state for row in rows_of(desk, "3", "email-marketing")} == {"refused"}
    assert rows_of(desk, "4", "email-marketing") == []
    assert allows(desk, "5", "email-marketing")
    left = {one.column: one.why for _, one in report.left_behind}
    assert "may hold anything" in left["tags"]


def test_products_of_shopifys_interface_are_their_variants(desk, write):
    product = {
        "id": 11, "title": "Rye loaf", "vendor": "Bakery", "product_type": "Bread", "status": "active", "tags": "rye",
        "variants": [{"id": 12, "title": "Small", "sku": "P1", "price": "3.40"},
                     {"id": 13, "title": "Large", "sku": "", "price": "5.00"}],
    }  # fmt: skip
    assert desk.take(in_file(write, product)).kept == 2
    rows = desk.ask("SELECT external, name, price FROM products ORDER BY external")
    assert rows == [("P1", "Rye loaf - Small", 340), ("Rye loaf - Large", "Rye loaf - Large", 500)]


@pytest.mark.parametrize("form", ["array", "lines"])
def test_orders_of_woocommerces_interface(desk, write, form):
    guest = woo_order(502, customer_id=0, billing={"email": "bruno@example.org"}, status="refunded",
                      refunds=[{"id": 1, "total": "-6.20"}])  # fmt: skip
    unpaid = [woo_order(503, status="failed"), woo_order(504, status="pending"), woo_order(505, status="cancelled"),
              woo_order(506, status="on-hold")]  # fmt: skip
    report = desk.take(in_file(write, woo_order(), guest, *unpaid, form=form))
    assert not report.rejects
    assert (of_kind(report, "orders").kept, of_kind(report, "orders").skipped) == (2, 4)
    assert (
        desk.ask("SELECT amount FROM events WHERE type = :t ORDER BY amount", t=BOUGHT) == [(280,)] * 2 + [(340,)] * 2
    )
    assert desk.ask("SELECT amount FROM events WHERE type = :t", t=REFUNDED) == [(620,)]
    assert desk.ask("SELECT external FROM products ORDER BY external") == [("14",), ("P1",)]
    assert desk.ask("SELECT DISTINCT at FROM events") == [(1772435700000000,)]  # in UTC, not by the shop's clock
    assert desk.person("51") == desk.person("amina@example.org", "email")
    assert desk.person("bruno@example.org", "email") is not None
    assert desk.person("0") is None


def test_what_a_plug_in_noted_is_a_yes_only_where_it_says_so(desk, write):
    def noted(value):
        return {"meta_data": [{"key": "mailchimp_woocommerce_is_subscribed", "value": value}]}

    desk.take(
        in_file(
            write,
            woo_order(501, **noted("1")),
            woo_order(502, customer_id=52, billing={"email": "bruno@example.org"}, **noted("0")),
            woo_order(503, customer_id=53, billing={"email": "dev@example.org"}, **noted("")),
            woo_order(504, customer_id=54, billing={"email": "emil@example.org"}),
        )
    )
    assert allows(desk, "51", "email-marketing")
    assert {row.evidence for row in rows_of(desk, "51", "email-marketing")} == {"none"}
    assert all(rows_of(desk, number, "email-marketing") == [] for number in ("52", "53", "54"))


def test_customers_and_products_of_woocommerces_interface(desk, write):
    customer = {
        "id": 51, "email": "amina@example.org", "username": "amina", "role": "customer", "first_name": "Amina",
        "billing": {"postcode": "01067", "country": "DE", "phone": "+4935112345"},
        "meta_data": [{"key": "mailchimp_woocommerce_is_subscribed", "value": "0"}],
    }  # fmt: skip
    product = {
        "id": 11, "sku": "P1", "name": "Rye loaf", "price": "3.40", "regular_price": "3.40", "stock_status": "instock",
        "categories": [{"name": "Bread"}], "tags": [{"name": "rye"}], "permalink": "https://shop.example/rye",
    }  # fmt: skip
    desk.take(in_file(write, customer, name="c.json"), in_file(write, product, name="p.json"))
    assert {row.state for row in rows_of(desk, "51", "email-marketing")} == {"refused"}
    assert desk.ask("SELECT external, name, category, price FROM products") == [("P1", "Rye loaf", "Bread", 340)]


def test_a_rejected_line_comes_back_as_a_table_that_can_be_mended(desk, write):
    spoilt = shopify_order(1002)
    spoilt["line_items"][0]["quantity"] = "two"
    report = desk.take(in_file(write, shopify_order(), spoilt))
    (one,) = report.rejects
    assert (one.column, one.value) == ("line_items[].quantity", "two")
    (file,) = report.reject_files
    file.write_text(file.read_text(encoding="utf-8-sig").replace(",two,", ",1,"), encoding="utf-8")
    mended = desk.take(file)
    assert (mended.kept, mended.rejected, [part.kind for part in mended.parts]) == (1, 0, ["order-lines"])
    assert desk.ask("SELECT count(*), count(DISTINCT person) FROM events") == [(6, 1)]


def test_another_place_may_be_said_for_a_field(desk, write):
    report = desk.take(
        in_file(write, shopify_order()), mapping={"total": "subtotal_price", "product": "line_items[].variant_id"}
    )
    assert dict(of_kind(report, "orders").mapping)["total"] == "subtotal_price"
    assert desk.ask("SELECT external FROM products ORDER BY external") == [("12",), ("14",)]


def test_objects_of_no_known_format_are_a_table(desk, write):
    lines = '{"email": "amina@example.org", "city": "Dresden"}\n{"email": "bruno@example.org", "zip": 1067}\n'
    report = desk.take(write("people.ndjson", lines))
    assert [(part.kind, part.kept) for part in report.parts] == [("customers", 2)]


def test_a_line_that_is_no_object_is_given_back_and_the_rest_comes_in(desk, write):
    good = json.dumps(shopify_order()), json.dumps(shopify_order(1002))
    report = desk.take(write("orders.ndjson", f"{good[0]}\n{{broken\n{good[1]}\n"))
    assert [(one.line, one.value) for one in report.rejects] == [(2, "{broken")]
    assert of_kind(report, "orders").kept == 2


@pytest.mark.parametrize("cut", [20, 200])
def test_an_array_that_is_cut_short_is_refused_whole(desk, write, cut):
    text = json.dumps([shopify_order(), shopify_order(1002)])[:-cut]
    with pytest.raises(BadFile, match="cut short"):
        desk.take(write("orders.json", text))
    assert desk.count("events") == 0


def test_deep_nesting_is_refused_in_a_sentence(desk, write):
    with pytest.raises(BadFile, match="nested"):
        desk.take(write("deep.json", '[{"line_items": ' + "[" * 100_000 + "]" * 100_000 + "}]"))
