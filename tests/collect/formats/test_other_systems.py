"""Square, Etsy, Stripe, HubSpot and WooCommerce's screens: what comes in, in whose time, and what never does."""

import pytest
from tests.collect.formats.exports import (
    ETSY_ITEMS,
    ETSY_ORDERS,
    HUBSPOT_CONTACTS,
    SQUARE_ITEMS,
    SQUARE_TRANSACTIONS,
    STRIPE_CUSTOMERS,
    STRIPE_PAYMENTS,
    WOO_CUSTOMERS,
    WOO_ORDERS,
    WOO_PLUG_IN,
    table,
)
from tests.collect.formats.test_shopify import of_kind

from goodwill.basics.clock import iso
from goodwill.people.types import BOUGHT, ORDERED, REFUNDED

ALL = {
    "square-items": SQUARE_ITEMS, "square-transactions": SQUARE_TRANSACTIONS, "etsy-orders": ETSY_ORDERS,
    "etsy-items": ETSY_ITEMS, "stripe-payments": STRIPE_PAYMENTS, "stripe-customers": STRIPE_CUSTOMERS,
    "hubspot-contacts": HUBSPOT_CONTACTS, "woocommerce-orders": WOO_ORDERS, "woocommerce-customers": WOO_CUSTOMERS,
    "woocommerce-plug-in": WOO_PLUG_IN,
}  # fmt: skip


def times(desk):
    return {iso(at) for (at,) in desk.ask("SELECT DISTINCT at FROM events")}


def left_of(report):
    return {one.column: one.why for _, one in report.left_behind}


@pytest.mark.parametrize("name", ALL)
def test_every_column_is_read_or_named_as_left_behind(desk, write, name):
    report = desk.take(write("export.csv", table(ALL[name], [])))
    part = report.parts[0]
    assert any("export.csv is" in note for note in report.notes)
    read = {"Time", "Time Zone", "Event Type", "Customer Reference ID", "Price Point Name", "Status", "Mode", "status"}
    seen = {column for one in report.parts for column in one.mapping.values()} | set(left_of(report)) | read
    assert seen >= set(ALL[name])
    assert part.rows == 0


# ---- Square ----------------------------------------------------------------------------------------------------------


def sold(**cells):
    return {
        "Date": "2026-03-02", "Time": "08:15:00", "Time Zone": "Eastern Time (US & Canada)", "Item": "Rye loaf",
        "Qty": "2.0", "Price Point Name": "Regular", "SKU": "P1", "Gross Sales": "$6.80", "Discounts": "-$0.80",
        "Net Sales": "$6.00", "Transaction ID": "T1", "Event Type": "Payment", "Customer ID": "SQ1",
        "Customer Name": "Amina Example", "Notes": "was in a hurry", **cells,
    }  # fmt: skip


def test_square_puts_date_time_and_zone_together(desk, write):
    rows = [
        sold(),
        sold(
            **{"Date": "07/03/26", "Time": "8:15:00 AM", "Transaction ID": "T2", "SKU": "", "Price Point Name": "Half"}
        ),
        sold(**{"Time Zone": "Berlin", "Transaction ID": "T3"}),
        sold(**{"Time Zone": "", "Transaction ID": "T4", "Date": "2026-03-03"}),
        sold(**{"Event Type": "Refund", "Qty": "-1.0", "Net Sales": "-$3.00", "Transaction ID": "T5"}),
    ]
    report = desk.take(write("items.csv", table(SQUARE_ITEMS, rows)), currency="USD")
    assert not report.rejects
    assert times(desk) == {
        "2026-03-02T13:15:00Z", "2026-07-03T12:15:00Z", "2026-03-02T07:15:00Z", "2026-03-03T07:15:00Z",
    }  # fmt: skip
    assert desk.events()[0] == (BOUGHT, "P1", 2000, 600, "USD")
    assert ("Rye loaf - Half",) in desk.ask("SELECT external FROM products")
    assert of_kind(report, "order-lines").skipped == 1
    assert desk.person("SQ1") is not None


def test_square_knows_the_shops_own_number_of_a_customer(desk, write):
    desk.take(write("items.csv", table(SQUARE_ITEMS, [sold(**{"Customer Reference ID": "7001"})])), currency="USD")
    assert desk.person("7001") is not None
    assert desk.person("SQ1") is None


def test_square_payments_are_orders_and_refunds_and_no_card_comes_in(desk, write):
    paid = {
        "Date": "2026-03-02", "Time": "08:15:00", "Time Zone": "Berlin", "Total Collected": "€6.20",
        "Event Type": "Payment", "Transaction ID": "T1", "Card Brand": "Visa", "PAN Suffix": "4242",
        "Staff Name": "Someone", "Customer ID": "SQ1", "Customer Name": "Amina Example",
    }  # fmt: skip
    back = {**paid, "Event Type": "Refund", "Total Collected": "-€1.20", "Transaction ID": "T2"}
    report = desk.take(write("transactions.csv", table(SQUARE_TRANSACTIONS, [paid, back])))
    assert not report.rejects
    assert [row[:1] + row[3:] for row in desk.events()] == [(ORDERED, 620, "EUR"), (REFUNDED, 120, "EUR")]
    left = left_of(report)
    assert left["PAN Suffix"] == left["Card Brand"] == "payment cards are not taken in"
    assert left["Staff Name"] == "who sold it is not taken in"


# ---- Etsy ------------------------------------------------------------------------------------------------------------


def test_etsy_dates_begin_with_the_month_and_nobody_can_be_written_to(desk, write):
    sale = {
        "Sale Date": "03/02/26", "Order ID": "3100", "Buyer User ID": "amina1", "Full Name": "Amina Example",
        "Currency": "EUR", "Order Total": "6.20", "Order Value": "6.20", "Status": "Completed",
    }  # fmt: skip
    item = {
        "Sale Date": "03/02/26", "Item Name": "Rye loaf", "Buyer": "Amina Example (amina1)", "Quantity": "2",
        "Price": "3.10", "Currency": "EUR", "Transaction ID": "99", "Listing ID": "55", "Order ID": "3100", "SKU": "P1",
    }  # fmt: skip
    report = desk.take(
        write("orders.csv", table(ETSY_ORDERS, [sale, {**sale, "Order ID": "3101", "Status": "Canceled"}])),
        write("items.csv", table(ETSY_ITEMS, [item, {**item, "Transaction ID": "100"}])),
    )
    assert not report.rejects
    assert times(desk) == {"2026-03-01T23:00:00Z"}
    assert len({desk.person("etsy:amina1")} | {row[0] for row in desk.ask("SELECT DISTINCT person FROM events")}) == 1
    assert desk.person("amina1") is None
    assert desk.ask("SELECT count(*), count(DISTINCT reference) FROM events") == [(3, 1)]
    assert desk.ask("SELECT count(*) FROM identities WHERE kind = 'email'") == [(0,)]
    assert desk.count("profiles") == desk.count("consent_rows") == 0
    assert "nobody in the file can be written to" in " ".join(report.notes)


# ---- Stripe ----------------------------------------------------------------------------------------------------------


def test_stripe_payments_that_were_made_and_nothing_of_a_card(desk, write):
    paid = {
        "id": "ch_1", "Created (UTC)": "2026-03-02 07:15:00", "Amount": "6.20", "Amount Refunded": "0.00",
        "Currency": "eur", "Mode": "Live", "Status": "Paid", "Customer ID": "cus_1",
        "Customer Email": "amina@example.org", "Card Last4": "4242", "Card Name": "AMINA EXAMPLE",
    }  # fmt: skip
    rows = [
        paid,
        {**paid, "id": "ch_2", "Status": "Refunded", "Amount Refunded": "6.20"},
        {**paid, "id": "ch_3", "Status": "Failed"},
        {**paid, "id": "ch_4", "Mode": "Test"},
    ]
    report = desk.take(write("payments.csv", table(STRIPE_PAYMENTS, rows)))
    assert not report.rejects
    assert [row[0] for row in desk.events()] == [ORDERED, ORDERED, REFUNDED]
    assert times(desk) == {"2026-03-02T07:15:00Z"}
    assert desk.person("cus_1") == desk.person("amina@example.org", "email")
    assert {why for column, why in left_of(report).items() if column.startswith("Card")} == {
        "payment cards are not taken in"
    }
    assert "either these payments or the shop's own orders" in " ".join(report.notes)


def test_stripe_customers(desk, write):
    row = {
        "id": "cus_1",
        "Email": "amina@example.org",
        "Name": "Amina Example",
        "Delinquent": "false",
        "Card Last4": "1",
    }
    assert desk.take(write("customers.csv", table(STRIPE_CUSTOMERS, [row]))).kept == 1
    assert desk.ask("SELECT field FROM profiles") == [("name",)]


# ---- HubSpot ---------------------------------------------------------------------------------------------------------


def test_an_opt_out_at_hubspot_is_a_no_and_everything_else_is_nothing(desk, write):
    def contact(number, email, **cells):
        return {"Record ID": number, "First Name": "A", "Email": email, "Lifecycle Stage": "customer", **cells}

    rows = [
        contact("51", "chiara@example.org", **{"Unsubscribed from all email": "true"}),
        contact("52", "amina@example.org", **{"Unsubscribed from all email": "false"}),
        contact("53", "dev@example.org", **{"Legal basis for processing contact's data": "Freely given consent"}),
    ]
    report = desk.take(write("contacts.csv", table(HUBSPOT_CONTACTS, rows)))
    said = desk.ask("SELECT DISTINCT person, state FROM consent_rows")
    assert said == [(desk.person("chiara@example.org", "email"), "withdrawn")]
    assert desk.person("hubspot:52") == desk.person("amina@example.org", "email")
    assert desk.person("52") is None
    assert "no answer" in left_of(report)["Legal basis for processing contact's data"]


# ---- WooCommerce's screens -------------------------------------------------------------------------------------------


def test_woocommerces_report_of_orders_says_what_it_lacks(desk, write):
    row = {
        "Date": "2026-03-02 08:15:00", "Order #": "501", "N. Revenue (formatted)": "€1.234,50 ", "Status": "completed",
        "Customer": "Amina Example", "Product(s)": "2× Rye loaf, 1× Croissant",
    }  # fmt: skip
    rows = [row, {**row, "Order #": "502", "Status": "failed"}]
    report = desk.take(write("orders.csv", table(WOO_ORDERS, rows)))
    assert not report.rejects
    assert desk.events() == [(ORDERED, None, None, 123450, "EUR")]
    assert desk.count("people") == 0
    notes = " ".join(report.notes)
    assert "no addresses" in notes
    assert "interface (JSON) or an export plug-in" in notes
    assert "carry no zone" in notes
    assert "cannot be told apart" in left_of(report)["Product(s)"]


def test_an_export_plug_ins_orders(desk, write):
    row = {
        "order_id": "501", "order_number": "501", "order_date": "2026-03-02 08:15:00", "status": "completed",
        "order_total": "6.20", "order_currency": "EUR", "customer_id": "51", "customer_email": "amina@example.org",
        "billing_first_name": "Amina", "customer_note": "please ring,\nthen wait", "line_item_1": "name:Rye|qty:1",
    }  # fmt: skip
    rows = [row, {**row, "order_id": "502", "customer_id": "0", "customer_email": ""}, {**row, "order_id": "503", "status": "wc-cancelled"}]  # fmt: skip  # noqa: E501
    report = desk.take(write("orders.csv", table(WOO_PLUG_IN, rows)))
    assert not report.rejects
    assert (of_kind(report, "orders").kept, of_kind(report, "orders").skipped) == (2, 1)
    assert desk.ask("SELECT person FROM events ORDER BY id") == [(desk.person("51"),), (None,)]
    assert "interface" in left_of(report)["line_item_1"]


def test_woocommerces_report_of_customers(desk, write):
    row = {"Name": "Amina Example", "Username": "amina", "Email": "amina@example.org", "Orders": "3", "City": "Dresden"}
    report = desk.take(write("customers.csv", table(WOO_CUSTOMERS, [row])))
    assert report.kept == 1
    assert left_of(report)["Total Spend"] == "sums are worked out from orders"
