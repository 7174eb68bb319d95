"""Shopify's own files come in: one file of orders is customers, orders, lines, refunds and answers."""

import csv
from dataclasses import replace

import pytest
from tests.collect.formats.exports import SHOPIFY_CUSTOMERS, SHOPIFY_CUSTOMERS_BEFORE, SHOPIFY_ORDERS, table
from tests.collect.test_consents import allows, rows_of

from goodwill.basics.errors import BadInput
from goodwill.collect import imports, keys, separated
from goodwill.people.types import BOUGHT, ORDERED, REFUNDED


def order(number, **cells):
    """The first row of an order, with a line."""
    return {
        "Name": f"#{number}", "Id": f"'58{number}", "Email": "amina@example.org", "Financial Status": "paid",
        "Currency": "EUR", "Subtotal": "6.20", "Total": "6.20", "Created at": "2026-03-02 08:15:00 +0100",
        "Lineitem quantity": "1", "Lineitem name": "Rye loaf", "Lineitem price": "3.40", "Lineitem sku": "P1",
        "Billing Name": "Amina Example", "Billing Zip": "'01067", "Billing City": "Dresden", "Accepts Marketing": "no",
        "Phone": "'+4935112345", "Source": "web", "Notes": 'bring it "round",\nplease', "Tags": "new, regular",
        **cells,
    }  # fmt: skip


def more(number, **cells):
    """A further row of an order: only its name and a line."""
    return {
        "Name": f"#{number}", "Lineitem quantity": "2", "Lineitem name": "Croissant", "Lineitem price": "1.40",
        "Lineitem sku": "P2", **cells,
    }  # fmt: skip


def orders(write, *rows, name="orders_export.csv"):
    return write(name, table(SHOPIFY_ORDERS, rows))


def of_kind(report, kind):
    return next(part for part in report.parts if part.kind == kind)


def test_the_headings_are_the_79_of_an_export():
    assert len(SHOPIFY_ORDERS) == len(set(SHOPIFY_ORDERS)) == 79
    assert len(SHOPIFY_CUSTOMERS) == 20


def test_one_file_of_orders_is_customers_orders_and_lines(desk, write):
    report = desk.take(orders(write, order(1001), more(1001), order(1002, Email="bruno@example.org", Phone="")))
    assert not report.rejects
    assert [(part.kind, part.rows, part.kept) for part in report.parts] == [
        ("customers", 2, 2), ("consents", 2, 0), ("orders", 2, 2), ("order-lines", 3, 3),
    ]  # fmt: skip
    assert desk.events() == [
        (ORDERED, None, None, 620, "EUR"),
        (ORDERED, None, None, 620, "EUR"),
        (BOUGHT, "P1", 1000, 340, "EUR"),
        (BOUGHT, "P2", 2000, 280, "EUR"),
        (BOUGHT, "P1", 1000, 340, "EUR"),
    ]
    amina, bruno = desk.person("amina@example.org", "email"), desk.person("bruno@example.org", "email")
    assert desk.person("+49 351 12345", "phone") == amina
    assert desk.ask("SELECT person, count(*) FROM events GROUP BY person ORDER BY person") == [(amina, 3), (bruno, 2)]


def test_a_row_with_a_name_and_a_line_belongs_to_its_order(desk, write, monkeypatch):
    monkeypatch.setattr(separated, "_PIECE", 500)  # so that orders reach from one piece into the next
    rows = [row for n in range(20) for row in (order(n), *(more(n, **{"Lineitem sku": f"P{m}"}) for m in range(9)))]
    report = desk.take(orders(write, *rows))
    assert not report.rejects
    assert of_kind(report, "order-lines").kept == 200
    assert desk.ask("SELECT count(DISTINCT reference), count(DISTINCT person), count(DISTINCT at) FROM events") == [
        (20, 1, 1)
    ]


def test_rows_that_repeat_the_address_are_still_one_order(desk, write):
    report = desk.take(orders(write, order(1001), more(1001, Email="amina@example.org")))
    assert of_kind(report, "orders").rows == 1
    assert of_kind(report, "customers").rows == 1


def test_the_mark_of_a_spreadsheet_is_no_part_of_a_number_or_a_phone(desk, write):
    desk.take(orders(write, order(1001)))
    (reference,) = desk.ask("SELECT DISTINCT reference FROM events")
    assert reference == (keys.reference("shop", "581001"),)
    assert desk.person("+4935112345", "phone") is not None


def test_an_export_without_ids_goes_by_the_orders_name(desk, write):
    headings = [one for one in SHOPIFY_ORDERS if one != "Id"]
    rows = [{k: v for k, v in order(1001).items() if k != "Id"}, more(1001)]
    desk.take(write("old.csv", table(headings, rows)))
    assert desk.ask("SELECT DISTINCT reference FROM events") == [(keys.reference("shop", "#1001"),)]


def test_the_owner_may_say_another_column(desk, write):
    report = desk.take(orders(write, order(1001), more(1001)), mapping={"order": "Name", "total": "Subtotal"})
    assert desk.ask("SELECT DISTINCT reference FROM events") == [(keys.reference("shop", "#1001"),)]
    assert dict(of_kind(report, "orders").mapping)["total"] == "Subtotal"


def test_cancelled_and_unpaid_orders_are_passed_over_with_their_lines(desk, write):
    gone = order(1002, **{"Cancelled at": "2026-03-03 10:00:00 +0100", "Total": "9.00"})
    unpaid = order(1003, **{"Financial Status": "voided", "Total": "1.00"})
    report = desk.take(orders(write, order(1001), gone, more(1002), unpaid))
    assert of_kind(report, "orders").kept == 1
    assert (of_kind(report, "order-lines").kept, of_kind(report, "order-lines").skipped) == (1, 3)
    (totals,) = report.totals
    assert totals.sentence() == (
        "orders_export.csv says 3 orders, 16.20 EUR; goodwill holds 1 order, 6.20 EUR. The difference: "
        "cancelled orders (1, 9.00 EUR); orders that were never paid (1, 1.00 EUR)."
    )
    assert "2 rows of cancelled orders were passed over" in " ".join(report.notes)


def test_what_was_given_back_is_an_event_of_its_own_and_a_later_export_corrects_it(desk, write):
    desk.take(orders(write, order(1001, **{"Refunded Amount": "1.40"}), order(1002, **{"Refunded Amount": "0.00"})))
    refunds = "SELECT amount, currency FROM events WHERE type = :type"
    assert desk.ask(refunds, type=REFUNDED) == [(140, "EUR")]
    later = orders(write, order(1001, **{"Refunded Amount": "6.20", "Financial Status": "refunded"}), name="later.csv")
    report = desk.take(later)
    assert of_kind(report, "refunds").kept == 1
    assert desk.ask(refunds, type=REFUNDED) == [(620, "EUR")]


def test_what_was_taken_off_a_line_is_taken_off(desk, write):
    desk.take(orders(write, order(1001, **{"Lineitem discount": "0.40"})))
    assert desk.ask("SELECT amount FROM events WHERE type = :t", t=BOUGHT) == [(300,)]


def test_a_tick_at_the_checkout_is_a_yes_of_no_time_and_an_empty_box_is_nothing(desk, write):
    report = desk.take(
        orders(
            write,
            order(1001, **{"Accepts Marketing": "yes"}),
            order(1002, Email="bruno@example.org", Phone=""),
            order(1003, Email="dev@example.org", Phone="", **{"Accepts Marketing": ""}),
            order(1004),
        )
    )
    said = desk.ask("SELECT DISTINCT person, state, said_at, evidence FROM consent_rows")
    assert said == [(desk.person("amina@example.org", "email"), "given", 0, "none")]
    assert (of_kind(report, "consents").rows, of_kind(report, "consents").skipped) == (3, 2)
    assert "the box for news was left empty" in " ".join(report.notes)


def test_an_empty_box_at_an_order_takes_no_yes_back_but_a_no_of_the_customer_does(desk, write):
    desk.take(orders(write, order(1001, **{"Accepts Marketing": "yes"})))
    desk.take(orders(write, order(1009, **{"Created at": "2026-09-02 08:15:00 +0100"}), name="later.csv"))
    assert desk.ask("SELECT DISTINCT yes FROM consent_now") == [(1,)]
    desk.take(write("c.csv", table(SHOPIFY_CUSTOMERS, [customer(**{"Accepts Email Marketing": "no"})])))
    assert desk.ask("SELECT DISTINCT yes FROM consent_now") == [(0,)]


def test_a_purchase_is_never_a_yes(desk, write):
    desk.take(orders(write, order(1001, **{"Accepts Marketing": ""})))
    assert desk.count("consent_rows") == 0


def test_the_same_file_again_changes_nothing(desk, write):
    path = orders(
        write, order(1001, **{"Refunded Amount": "1.00", "Accepts Marketing": "yes"}), more(1001), order(1002)
    )
    desk.take(path)
    tables = ("events", "people", "identities", "profiles", "consent_rows", "products")
    before = {table: desk.ask(f"SELECT * FROM {table} ORDER BY 1, 2") for table in tables}
    again = desk.take(path)
    assert (again.state, again.kept, again.rejected) == ("nothing-new", 0, 0)
    assert {table: desk.ask(f"SELECT * FROM {table} ORDER BY 1, 2") for table in tables} == before


def test_the_whole_file_can_be_taken_back(desk, write):
    report = desk.take(orders(write, order(1001, **{"Refunded Amount": "1.00"}), more(1001)))
    desk.undo(report)
    assert desk.count("events") == desk.count("profiles") == desk.count("identities") == desk.count("products") == 0


def test_a_bill_does_not_overwrite_what_an_account_says(desk, write):
    desk.take(write("customers.csv", "email,name,city\namina@example.org,Amina A.,Leipzig\n"))
    before = desk.ask("SELECT field, sealed FROM profiles WHERE field = 'name'")
    desk.take(orders(write, order(1001, **{"Billing Country": "DE"})))
    assert desk.ask("SELECT field, sealed FROM profiles WHERE field = 'name'") == before
    assert desk.ask("SELECT count(*) FROM profiles WHERE field = 'country'") == [(1,)]


def test_a_rejected_further_row_can_be_mended_and_comes_in_alone(desk, write):
    report = desk.take(orders(write, order(1001), more(1001, **{"Lineitem quantity": "two"}), order(1002)))
    assert [(one.line, one.column, one.value) for one in report.rejects] == [(4, "Lineitem quantity", "two")]
    (rejects,) = report.reject_files
    with rejects.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert (rows[0]["Id"], rows[0]["Created at"]) == ("'581001", "2026-03-02 08:15:00 +0100")
    rejects.write_text(rejects.read_text(encoding="utf-8-sig").replace(",two,", ",2,"), encoding="utf-8")
    mended = desk.take(rejects)
    assert of_kind(mended, "order-lines").kept == 1
    assert mended.rejected == 0
    assert desk.ask("SELECT count(DISTINCT reference) FROM events WHERE type = :t", t=BOUGHT) == [(2,)]


def test_a_formula_in_a_rejected_row_is_none_in_the_file_of_rejects(desk, write):
    report = desk.take(orders(write, order(1001, **{"Lineitem name": "=cmd|' /C calc'!A0", "Total": "much"})))
    text = report.reject_files[0].read_text(encoding="utf-8-sig")
    assert "'=cmd" in text
    assert '"=cmd' not in text


@pytest.mark.parametrize("total", ["1.234,56", "1.234,56 €", " € 1.234,56 ", "1234.56", "1,234.56"])
def test_money_as_people_write_it(desk, write, total):
    report = desk.take(orders(write, order(1001, Total=total)))
    assert report.totals[0].holds.amounts == {"EUR": 123456}


def test_several_currencies_stay_apart(desk, write):
    report = desk.take(
        orders(write, order(1001), order(1002, Currency="JPY", Total="620", **{"Lineitem price": "340"}))
    )
    assert not report.rejects
    (totals,) = report.totals
    assert totals.says.amounts == totals.holds.amounts == {"EUR": 620, "JPY": 620}


def test_columns_left_behind_are_named_with_a_reason(desk, write):
    report = desk.take(orders(write, order(1001)))
    left = {one.column: one.why for _, one in report.left_behind}
    assert left["Notes"] == "free notes about people are not taken in"
    assert "people pay" in left["Payment Method"]
    used = {column for part in report.parts for column in part.mapping.values()} | {"Cancelled at", "Financial Status"}
    assert used | set(left) >= set(SHOPIFY_ORDERS)
    assert not used & set(left)
    assert len(report.left_behind) == len(left)


def test_a_dry_run_says_the_same_and_keeps_nothing(desk, write):
    path = orders(write, order(1001, **{"Accepts Marketing": "yes"}), more(1001))
    tried = desk.take(path, dry_run=True)
    assert desk.count("events") == desk.count("people") == desk.count("consent_rows") == 0
    done = desk.take(path)
    assert [(p.kind, p.rows, p.kept) for p in tried.parts] == [(p.kind, p.rows, p.kept) for p in done.parts]
    assert tried.totals == done.totals


def test_an_interrupted_import_goes_on(desk, write, monkeypatch):
    monkeypatch.setattr(separated, "_PIECE", 2_000)
    rows = [row for n in range(30) for row in (order(n), more(n))]
    path = orders(write, *rows)
    calls = []

    def stop(now):
        calls.append(now)
        if len(calls) == 7:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        desk.take(path, progress=stop)
    assert 0 < desk.count("events") < 90
    report = desk.take(path)
    assert report.resumed
    assert desk.count("events") == 90
    assert report.totals[0].agrees
    assert report.rows == sum(part.survey.rows for part in imports.plan([path]).parts)


def test_a_file_with_headings_alone_is_said_to_have_no_rows(desk, write):
    report = desk.take(orders(write))
    assert report.rows == 0
    assert any("no rows" in note for note in report.notes)


def test_a_format_may_be_named_and_must_fit(desk, write):
    assert desk.take(orders(write, order(1001)), as_="shopify orders").kept
    with pytest.raises(BadInput, match="Lineitem"):
        desk.take(write("a.csv", "Name,Total\n1,2\n"), as_="shopify-orders")


def test_another_kind_may_be_said_of_a_known_file(desk, write):
    report = desk.take(orders(write, order(1001)), as_="orders", mapping={"order": "Name"})
    assert [part.kind for part in report.parts] == ["orders"]


@pytest.mark.parametrize("mark", ["\ufeff", ""])
@pytest.mark.parametrize("separator", [",", ";"])
def test_a_byte_order_mark_and_semicolons_change_nothing(desk, write, mark, separator):
    report = desk.take(write("o.csv", mark + table(SHOPIFY_ORDERS, [order(1001), more(1001)], separator)))
    assert not report.rejects
    assert of_kind(report, "order-lines").kept == 2


# ---- customers -------------------------------------------------------------------------------------------------------


def customer(**cells):
    return {
        "Customer ID": "'7001", "First Name": "Amina", "Last Name": "Example", "Email": "amina@example.org",
        "Accepts Email Marketing": "yes", "Accepts SMS Marketing": "no", "Default Address City": "Dresden",
        "Default Address Zip": "'01067", "Phone": "'+4935112345", "Tags": "vip, wholesale", "Note": "likes rye",
        **cells,
    }  # fmt: skip


def other(number, email, answer):
    return customer(**{"Customer ID": number, "Email": email, "Phone": "", "Accepts Email Marketing": answer})


def test_a_file_of_customers_is_facts_and_answers(desk, write):
    path = write(
        "customers_export.csv",
        table(
            SHOPIFY_CUSTOMERS,
            [
                customer(),
                other("'7002", "bruno@example.org", "no"),
                other("'7003", "dev@example.org", ""),
            ],
        ),
    )  # fmt: skip
    report = desk.take(path)
    assert not report.rejects
    assert [(part.kind, part.kept) for part in report.parts] == [("customers", 3), ("consents", 2)]
    assert allows(desk, "7001", "email-marketing")
    assert not allows(desk, "7002", "email-marketing")
    assert rows_of(desk, "7003", "email-marketing") == []
    left = {one.column: one.why for _, one in report.left_behind}
    assert "text messages" in left["Accepts SMS Marketing"]
    assert "orders" in left["Total Spent"]
    assert left["Note"] == "free notes about people are not taken in"


def test_the_mark_before_a_postcode_is_gone(desk, write):
    path = write("c.csv", table(SHOPIFY_CUSTOMERS, [customer()]))
    desk.take(path)
    again = write("again.csv", "customer id,postcode\n7001,01067\n")
    assert desk.take(again).unchanged == 1


def test_older_headings_are_the_same_file(desk, write):
    row = {"First Name": "Amina", "Email": "amina@example.org", "Accepts Marketing": "yes", "Zip": "'01067"}
    report = desk.take(write("c.csv", table(SHOPIFY_CUSTOMERS_BEFORE, [row])))
    assert [(part.kind, part.kept) for part in report.parts] == [("customers", 1), ("consents", 1)]
    assert dict(of_kind(report, "customers").mapping)["postcode"] == "Zip"


def test_guest_account_and_relay_address_are_told_apart(desk, write):
    relay = "x7k2@marketplace.example.com"
    desk.take(
        write("c.csv", table(SHOPIFY_CUSTOMERS, [customer()])),
        orders(write, order(1001), order(1002, Email=relay, Phone="", **{"Accepts Marketing": ""})),
    )
    assert desk.person("7001") == desk.person("amina@example.org", "email")
    assert desk.person(relay, "email") != desk.person("7001")
    assert allows(desk, "7001", "email-marketing")
    assert desk.ask("SELECT count(*) FROM consent_rows WHERE person = :p", p=desk.person(relay, "email")) == [(0,)]


def test_in_a_shop_that_confirms_every_address_a_yes_only_asks(desk, write):
    careful = replace(desk, tools=replace(desk.tools, confirms_all=True))
    careful.take(write("c.csv", table(SHOPIFY_CUSTOMERS, [customer()])))
    assert allows(careful, "7001", "email-marketing") == []
