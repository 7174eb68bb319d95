"""Files come in: what is kept, what is unchanged, what is given back, and that the three add up."""

import csv
import io
import zipfile
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from goodwill.basics.errors import BadInput, Conflict
from goodwill.collect import imports, parquet, separated
from goodwill.people.types import BOUGHT, ORDERED

HEAD = "order_id,customer_id,ordered_at,product_id,quantity,amount\n"


def reasons(report):
    return [(one.line, one.column, one.value) for one in report.rejects]


# ---- order lines and orders ----------------------------------------------------------------------------------------


def test_order_lines_become_what_was_bought(desk, lines):
    report = desk.take(lines)
    assert (report.rows, report.kept, report.unchanged, report.rejected) == (4, 4, 0, 0)
    assert desk.events() == [
        (BOUGHT, "P1", 1000, 340, "EUR"),
        (BOUGHT, "P2", 2000, 280, "EUR"),
        (BOUGHT, "P1", 500, 170, "EUR"),
        (BOUGHT, "P2", 1000, 140, "EUR"),
    ]
    assert desk.ask("SELECT external, name FROM products ORDER BY external") == [
        ("P1", "Rye loaf"),
        ("P2", "Croissant"),
    ]
    bought = desk.ask("SELECT person, count(*), count(DISTINCT reference), min(day) FROM events GROUP BY person")
    assert set(bought) == {
        (desk.person("amina"), 2, 1, 20514),
        (desk.person("chiara"), 1, 1, 20514),
        (desk.person("bruno"), 1, 1, 20515),
    }


def test_the_same_file_again_changes_nothing(desk, lines):
    desk.take(lines)
    before = desk.ask("SELECT * FROM events ORDER BY id"), desk.ask("SELECT * FROM people ORDER BY id")
    again = desk.take(lines)
    assert (again.kept, again.unchanged, again.rejected) == (0, 4, 0)
    assert (again.state, again.id) == ("nothing-new", None)
    assert (desk.ask("SELECT * FROM events ORDER BY id"), desk.ask("SELECT * FROM people ORDER BY id")) == before


def test_two_equal_lines_of_one_order_are_two(desk, write):
    rows = "1,amina,2026-03-02,P1,1,3.40\n1,amina,2026-03-02,P1,1,3.40\n"
    report = desk.take(write("a.csv", HEAD + rows))
    assert report.kept == 2
    assert desk.take(write("b.csv", HEAD + rows)).unchanged == 2


def test_equal_lines_are_told_apart_across_pieces_of_a_file(desk, write, monkeypatch):
    monkeypatch.setattr(separated, "_PIECE", 64)
    rows = "".join(f"{n % 3},amina,2026-03-02,P{n % 2},1,3.40\n" for n in range(40))
    path = write("a.csv", HEAD + rows)
    assert desk.take(path).kept == 40
    assert desk.take(path).unchanged == 40


def test_orders_become_what_was_ordered(desk, write):
    path = write(
        "orders.csv",
        "order_id,user_id,ordered_at,total,currency\n1001,amina,2026-03-02 08:15,6.20,EUR\n1002,,2026-03-02,1.70,\n",
    )
    assert desk.take(path).kept == 2
    assert desk.events() == [(ORDERED, None, None, 620, "EUR"), (ORDERED, None, None, 170, "EUR")]
    assert desk.ask("SELECT person FROM events ORDER BY id") == [(desk.person("amina"),), (None,)]


def test_an_order_and_its_lines_have_one_reference(desk, write, lines):
    desk.take(lines, write("orders.csv", "order_id,user_id,ordered_at,total\n1001,amina,2026-03-02 08:15,6.20\n"))
    assert desk.ask("SELECT count(DISTINCT reference) FROM events WHERE person = :p", p=desk.person("amina")) == [(1,)]


def test_a_duplicate_order_is_unchanged_and_a_contradicting_one_given_back(desk, write):
    path = write(
        "orders.csv",
        "order_id,user_id,ordered_at,total\n1,amina,2026-03-02,6.20\n2,bruno,2026-03-02,1.00\n1,amina,2026-03-02,6.20\n"
        "2,bruno,2026-03-02,9.99\n2,chiara,2026-03-02,1.00\n2,bruno,2026-03-05,1.00\n",
    )
    report = desk.take(path)
    assert (report.kept, report.unchanged, report.rejected) == (2, 1, 3)
    assert reasons(report) == [(5, "total", "9.99"), (6, "user_id", "chiara"), (7, "ordered_at", "2026-03-05")]
    assert all("line 3" in one.problem for one in report.rejects)


def test_two_currencies_in_a_file_stay_apart_and_two_in_one_order_are_given_back(desk, write):
    path = write(
        "a.csv",
        "order_id,customer_id,ordered_at,product_id,amount,currency\n1,amina,2026-03-02,P1,3.40,EUR\n"
        "2,bruno,2026-03-02,P1,340,JPY\n2,bruno,2026-03-02,P2,3.40,USD\n3,amina,2026-03-02,P1,1.00,\n",
    )
    report = desk.take(path)
    assert reasons(report) == [(4, "currency", "USD")]
    assert [(row[3], row[4]) for row in desk.events()] == [(340, "EUR"), (340, "JPY"), (100, "EUR")]


def test_a_currency_may_be_said_for_all(desk, write):
    path = write("a.csv", HEAD + "1,amina,2026-03-02,P1,1,$3.40\n")
    assert "--map currency==" in desk.take(path).rejects[0].remedy
    assert desk.take(path, currency="USD").kept == 1
    assert desk.events()[0][4] == "USD"


def test_money_in_two_locales(desk, write):
    head = "Bestellnummer;Kundennummer;Bestelldatum;Artikelnummer;Menge;Betrag\n"
    german = write("de.csv", head + "1;amina;02.03.2026;P1;1;1.234,50 €\n2;amina;02.03.2026;P1;1;1.234\n")
    american = write("us.csv", HEAD + '3,amina,03/02/2026,P1,1,"$1,234.50"\n4,amina,03/13/2026,P1,1,"1,234"\n')
    assert desk.take(german).kept == 2
    assert desk.take(american, currency="USD").kept == 2
    paid = [(row[3], row[4]) for row in desk.events()]
    assert paid == [(123450, "EUR"), (123400, "EUR"), (123450, "USD"), (123400, "USD")]


def test_what_could_be_two_amounts_or_two_days_is_given_back(desk, write):
    path = write("a.csv", HEAD + "1,amina,03/04/2026,P1,1,1.50\n2,amina,2026-03-02,P1,1,3\n")
    report = desk.take(path)
    assert reasons(report) == [(2, "ordered_at", "03/04/2026")]
    assert desk.take(path, mapping={"dates": "mdy"}).kept == 1
    assert desk.ask("SELECT day FROM events ORDER BY id") == [(20514,), (20516,)]


def test_quantities_of_zero_or_below_are_given_back_with_what_helps(desk, write):
    rows = [
        "1,amina,2026-03-02,P1,0,0.00",
        "1,amina,2026-03-02,P2,-1,3.00",
        "1,amina,2026-03-02,P3,,1.00",
        "1,amina,2026-03-02,P4,1,1.00",
    ]
    report = desk.take(write("a.csv", HEAD + "\n".join(rows) + "\n"))
    assert reasons(report) == [(2, "quantity", "0"), (3, "quantity", "-1"), (4, "quantity", "")]
    assert all(one.remedy for one in report.rejects)
    assert report.kept == 1


def test_unit_price_times_quantity_is_rounded_as_tills_do(desk, write):
    path = write(
        "a.csv",
        "order_id,customer_id,date,sku,qty,price\n1,amina,2026-03-02,P1,0.350,12.99\n1,amina,2026-03-02,P2,2,1.40\n",
    )
    desk.take(path)
    assert [row[3] for row in desk.events()] == [455, 280]


def test_lines_that_leave_customer_and_time_open_have_those_of_their_order(desk, write, monkeypatch):
    monkeypatch.setattr(separated, "_PIECE", 70)
    path = write("a.csv", HEAD + "1,amina,2026-03-02,P1,1,3.40\n1,,,P2,1,1.40\n1,,,P3,1,1.40\n2,,,P1,1,1.00\n")
    report = desk.take(path)
    assert reasons(report) == [(5, "ordered_at", "")]
    assert desk.ask("SELECT DISTINCT person FROM events") == [(desk.person("amina"),)]


def test_guests_are_known_by_their_address_and_nobody_is_nobody(desk, write):
    path = write(
        "a.csv",
        "order_id,customer_id,email,date,sku\n1,guest,dev@example.org,2026-03-02,P1\n2,0,Dev@Example.org,2026-03-02,P1\n3,,,2026-03-02,P1\n4,null,,2026-03-02,P1\n",
    )
    assert desk.take(path).kept == 4
    dev = desk.person("dev@example.org", "email")
    assert dev is not None
    assert desk.ask("SELECT person FROM events ORDER BY id") == [(dev,), (dev,), (None,), (None,)]
    assert desk.count("people") == 1


def test_order_numbers_that_begin_again_every_day_are_noticed(desk, write):
    report = desk.take(
        write(
            "a.csv", HEAD + "1,amina,2026-03-02,P1,1,3.40\n1,bruno,2026-03-09,P1,1,3.40\n1,amina,2026-03-09,P1,1,3.40\n"
        )
    )
    assert [(one.line, one.column) for one in report.rejects] == [(3, "customer_id"), (4, "ordered_at")]
    assert "unique to each order" in report.rejects[1].remedy


def test_ids_with_a_spreadsheets_marks_are_the_same_ids(desk, write):
    desk.take(write("a.csv", HEAD + "'0012,'0042,2026-03-02,'007,1,3.40\n"))
    again = desk.take(write("b.csv", HEAD + '0012,="0042",2026-03-02,007,1,3.40\n'))
    assert (again.kept, again.unchanged) == (0, 1)


def test_times_without_a_zone_are_the_shops_and_the_report_says_so_once(desk, write):
    report = desk.in_zone("America/New_York").take(write("a.csv", HEAD + "1,amina,2026-03-02 23:30,P1,1,3.40\n" * 3))
    assert [note for note in report.notes if "zone" in note] == [
        "Times in 'ordered_at' of a.csv carry no zone; they are read in the shop's, America/New_York."
    ]
    assert desk.ask("SELECT DISTINCT day, at FROM events") == [(20514, 1772512200000000)]


def test_a_heading_may_say_that_times_are_utc(desk, write):
    desk.take(write("a.csv", "order_id,customer_id,Created (UTC),sku\n1,amina,2026-03-02 23:30,P1\n"))
    assert desk.ask("SELECT day, at FROM events") == [(20515, 1772494200000000)]


def test_blank_rows_are_passed_over_and_a_footer_is_given_back(desk, write):
    report = desk.take(write("a.csv", HEAD + "1,amina,2026-03-02,P1,1,3.40\n,,,,,\n , ,,,,\n,,,,,3.40\n"))
    assert (report.rows, report.kept, report.rejected, report.skipped) == (4, 1, 1, 2)
    assert reasons(report) == [(5, "order_id", "")]
    assert report.parts[0].reconciled == "a.csv: 4 rows = 1 kept + 0 unchanged + 1 rejected + 2 without content"


def test_broken_letters_count_only_where_they_matter(desk, write):
    head = b"order_id,customer_id,ordered_at,product_id,product_name\n"
    good = "1,jürgen,2026-03-02,P1,Brötchen\n2,zoë,2026-03-02,P1,Brötchen\n".encode()
    bad = "3,jörg,2026-03-02,P1,Brot\n".encode("cp1252") + "4,amina,2026-03-02,P2,Brötchen\n".encode("cp1252")
    report = desk.take(write("a.csv", head + good + bad))
    assert [(one.line, one.column) for one in report.rejects] == [(4, "customer_id")]
    assert report.kept == 3


def test_what_contradicts_an_earlier_import_is_given_back(desk, write):
    orders = "order_id,user_id,ordered_at,total\n1,amina,2026-03-02,6.20\n2,bruno,2026-03-02,{}\n"
    desk.take(write("a.csv", orders.format("1.00")))
    report = desk.take(write("b.csv", orders.replace("bruno", "chiara").format("9.99")))
    assert (report.kept, report.unchanged, reasons(report)) == (0, 1, [(3, "total", "9.99")])
    assert "import undo 1" in report.rejects[0].remedy
    lines = HEAD + "1,{},2026-03-02,P1,{},3.40\n"
    desk.take(write("c.csv", lines.format("amina", "1")))
    assert reasons(desk.take(write("d.csv", lines.format("dev", "2")))) == [(2, "amount", "3.40")]


# ---- customers and products ----------------------------------------------------------------------------------------


def test_customers_are_sealed_and_known_by_each_of_their_ids(desk, write):
    head = "user_id,first_name,last_name,email,phone,city,age\n"
    amina, bruno = "amina,Amina,Ait,amina@example.org,030 1234567,Berlin,34", "bruno,Bruno,Bo,bruno@example.org,,,"
    path = write("c.csv", f"{head}{amina}\n{bruno}\n")
    report = desk.take(path)
    assert (report.kept, report.rejected) == (2, 0)
    amina = desk.person("amina")
    assert desk.person("AMINA@example.org", "email") == desk.person("+49301234567", "phone") == amina
    assert desk.ask("SELECT field, category FROM profiles WHERE person = :p ORDER BY field", p=amina) == [
        ("age", "demographics"), ("city", "contact"), ("first-name", "contact"), ("last-name", "contact")
    ]  # fmt: skip
    for table, column in (("profiles", "sealed"), ("identities", "sealed")):
        assert not [row for row in desk.ask(f"SELECT {column} FROM {table}") if b"mina" in bytes(row[0])]
    assert (desk.take(path).kept, desk.take(path).unchanged) == (0, 2)


def test_a_customer_and_the_guest_of_that_address_are_one(desk, write):
    desk.take(write("a.csv", "order_id,email,date,sku\n1,amina@example.org,2026-03-02,P1\n"))
    desk.take(write("c.csv", "user_id,first_name,email\namina,Amina,amina@example.org\n"))
    assert desk.person("amina") == desk.person("amina@example.org", "email")
    assert desk.count("people") == 1


def test_two_accounts_at_one_address_stay_two(desk, write):
    report = desk.take(write("c.csv", "user_id,email\namina,shared@example.org\nbruno,shared@example.org\n"))
    assert report.kept == 2
    assert desk.person("amina") != desk.person("bruno")
    assert desk.person("shared@example.org", "email") == desk.person("amina")


def test_customers_nobody_can_be_are_given_back(desk, write):
    rows = [",nonsense,A", ",,B", "guest,unknown,C", "amina,amina@example.org,D", "bruno,bruno@example.org,E"]
    report = desk.take(write("c.csv", "user_id,email,name\n" + "\n".join(rows) + "\n"))
    assert reasons(report) == [(2, "email", "nonsense"), (3, "user_id", ""), (4, "user_id", "guest")]
    assert report.kept == 2


def test_products_come_in_once_and_change_when_they_say_something_new(desk, write):
    head = "product_id,name,category,type,price,currency,stock,tags\n"
    rows = 'P1,Rye,Bread,Loaf,3.40,EUR,5,"dark, sour"\nP2,Bun,Bread,Roll,0.80,EUR,0,\n'
    desk.take(write("p.csv", head + rows))
    report = desk.take(write("q.csv", "product_id,price\nP1,3.60\nP2,0.80\nP3,free\n"), as_="products")
    assert (report.kept, report.unchanged, report.rejected) == (1, 1, 1)
    rows = desk.ask("SELECT external, name, price, available, tags FROM products ORDER BY external")
    assert rows == [("P1", "Rye", 360, 1, '["dark", "sour"]'), ("P2", "Bun", 80, 0, None)]
    assert desk.ask("SELECT name FROM items WHERE level = 'product' ORDER BY number") == [("P1",), ("P2",)]


def test_products_without_a_name_are_called_by_kind_and_size(desk, write):
    desk.take(
        write(
            "p.csv",
            "product_id,product_category,product_type,package_size\n1,FRUIT,APPLE SAUCE,50 OZ\n2,,,\n3,BREAD,,\n",
        )
    )
    assert [row[0] for row in desk.ask("SELECT name FROM products ORDER BY external")] == [
        "APPLE SAUCE, 50 OZ",
        "2",
        "BREAD",
    ]


# ---- forms of files ------------------------------------------------------------------------------------------------


def test_a_zip_of_several_tables_is_one_import(desk, tmp_path, lines):
    path = tmp_path / "shop.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(lines, "lines.csv")
        archive.writestr("products.csv", "product_id,name\nP1,Rye loaf\nP9,Tart\n")
        archive.writestr("empty.csv", "")
    report = desk.take(path)
    assert [(part.file, part.kind, part.kept) for part in report.parts] == [
        ("shop.zip: products.csv", "products", 2), ("shop.zip: lines.csv", "order-lines", 4)
    ]  # fmt: skip
    assert any("empty.csv is empty" in note for note in report.notes)
    with desk.database.reading() as connection:
        assert [one.file for one in imports.list_imports(connection)] == ["shop.zip"]


def test_a_zip_that_breaks_while_it_is_read_leaves_nothing(desk, tmp_path, write):
    whole = HEAD + "".join(f"{n},amina,2026-03-02,P{n},1,3.40\n" for n in range(60_000))
    path = tmp_path / "shop.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("lines.csv", whole)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(BadInput, match="cut short or damaged"):
        desk.take(path)
    assert (desk.count("events"), desk.count("imports")) == (0, 0)


def parquet_of(path, query):
    duckdb = pytest.importorskip("duckdb")
    duckdb.connect().execute(f"COPY ({query}) TO '{path}' (FORMAT PARQUET)")
    return path


PURCHASES = """
    SELECT i // 3 + 1000 AS basket_id, i // 3 % 7 AS household_id, i % 11 AS product_id, 1 + i % 2 AS quantity,
           TIMESTAMP '2026-03-02 08:00:00' + INTERVAL (i // 3) MINUTE AS transaction_timestamp,
           (i % 500) / 100.0::DOUBLE AS sales_value
    FROM range(300) t(i)
"""


def test_the_same_purchases_as_parquet_and_as_csv_are_the_same(desk, tmp_path):
    typed, text = parquet_of(tmp_path / "lines.parquet", PURCHASES), tmp_path / "lines.csv"
    pytest.importorskip("duckdb").connect().execute(f"COPY ({PURCHASES}) TO '{text}' (HEADER)")
    first, again = desk.take(typed, currency="USD"), desk.take(text, currency="USD")
    assert (first.kept, first.rejects) == (300, ())
    assert (again.kept, again.unchanged) == (0, 300)


TYPED = """
    SELECT * FROM (VALUES
        (1::BIGINT, 'amina', TIMESTAMPTZ '2026-03-02 08:15:00+01', 'P1', 1.50::DECIMAL(8,2), 3.4::DOUBLE),
        (2, NULL, TIMESTAMPTZ '2026-03-02 23:30:00Z', 'P1', 1, NULL),
        (NULL, 'bruno', NULL, NULL, 1, 1.005)
    ) t(order_id, customer_id, ordered_at, product_id, quantity, amount)
"""


def test_parquet_in_all_its_types(desk, tmp_path):
    path = parquet_of(tmp_path / "a[1].parquet", TYPED)
    report = desk.take(path)
    assert (report.kept, report.rejected) == (2, 1)
    assert report.rejects[0].cells == ("", "bruno", "", "", "1.00", "1.005")
    assert desk.ask("SELECT day, quantity, amount FROM events ORDER BY id") == [(20514, 1500, 340), (20515, 1000, None)]


def test_a_year_that_no_calendar_has_is_given_back(desk, tmp_path):
    times = "[TIMESTAMP 'infinity', TIMESTAMP '290000-01-01', TIMESTAMP '2026-03-02'][i]"
    query = f"SELECT i AS order_id, 'amina' AS customer_id, {times} AS date, 'P1' AS sku FROM range(1, 4) t(i)"
    report = desk.take(parquet_of(tmp_path / "a.parquet", query))
    assert [(one.line, one.column) for one in report.rejects] == [(1, "date"), (2, "date")]
    assert report.kept == 1


def test_parquet_amounts_are_rounded_only_where_they_are_the_coin(desk, tmp_path):
    path = parquet_of(
        tmp_path / "a.parquet",
        "SELECT i AS order_id, 'amina' AS customer_id, DATE '2026-03-02' AS date, 'P' || i AS sku, 1 AS qty, "
        "[0.1 + 0.2, 1.005, 0.0][i]::DOUBLE AS amount FROM range(1, 4) t(i)",
    )
    report = desk.take(path)
    assert [(one.line, one.value) for one in report.rejects] == [(2, "1.005")]
    assert [row[3] for row in desk.events()] == [30, 0]


# ---- dry run, strict, rejects --------------------------------------------------------------------------------------


def everything(desk):
    tables = (
        "events",
        "people",
        "identities",
        "profiles",
        "products",
        "items",
        "consent_rows",
        "imports",
        "before_import",
    )
    return {table: desk.count(table) for table in tables}


def test_a_dry_run_says_what_would_be_and_keeps_nothing(desk, lines):
    dry = desk.take(lines, dry_run=True)
    assert (dry.id, dry.state, dry.kept) == (None, "dry-run", 4)
    assert set(everything(desk).values()) == {0}
    wet = desk.take(lines)
    assert [part.reconciled for part in wet.parts] == [part.reconciled for part in dry.parts]
    assert desk.take(lines, dry_run=True).unchanged == 4


def test_a_strict_import_with_one_reject_keeps_nothing_and_names_them_all(desk, write, monkeypatch):
    monkeypatch.setattr(separated, "_PIECE", 100)
    path = write(
        "a.csv", HEAD + "1,amina,2026-03-02,P1,1,3.40\n" * 10 + "2,amina,2026-03-02,P1,0,3.40\n3,amina,soon,P1,1,3.40\n"
    )
    report = desk.take(path, strict=True)
    assert (report.state, report.rejected) == ("refused", 2)
    assert everything(desk) == {**dict.fromkeys(everything(desk), 0), "imports": 1}
    with desk.database.reading() as connection:
        (listed,) = imports.list_imports(connection)
    assert (listed.state, listed.rows, listed.kept, listed.would_be_kept, listed.rejected) == ("refused", 12, 0, 10, 2)
    assert (listed.id, listed.skipped) == (report.id, 0)
    assert len(report.reject_files[0].read_text("utf-8-sig").splitlines()) == 3


def test_a_strict_import_without_rejects_is_an_import(desk, lines):
    report = desk.take(lines, strict=True)
    assert (report.state, report.kept, desk.count("events")) == ("done", 4, 4)


def test_rejects_can_be_mended_and_imported_again(desk, write):
    path = write(
        "a.csv",
        "order_id;customer_id;ordered_at;product_id;quantity;note\n1;amina;2026-03-02;P1;1;\n1;amina;2026-03-02;P1;zwei;=cmd()\n1;amina;2026-03-02;P1;3;\n",
    )
    first = desk.take(path)
    (rejects,) = first.reject_files
    rows = list(csv.reader(io.StringIO(rejects.read_text("utf-8-sig")), delimiter=";"))
    assert rows[0][:6] == [
        "rejected file",
        "rejected line",
        "rejected column",
        "rejected value",
        "what to do",
        "rejected occurrence",
    ]
    assert rows[1][:4] == ["a.csv", "3", "quantity", "zwei"]
    assert rows[1][6:] == ["1", "amina", "2026-03-02", "P1", "zwei", "'=cmd()"]
    assert rejects.stat().st_mode & 0o077 == 0
    rejects.write_text(rejects.read_text("utf-8-sig").replace(";zwei;", ";2;"), "utf-8")
    mended = desk.take(rejects)
    assert (mended.kept, mended.unchanged, mended.rejected) == (1, 0, 0)
    assert [left.column for _, left in mended.left_behind] == ["note"]
    assert [row[2] for row in desk.events()] == [1000, 3000, 2000]


def test_rejects_that_are_still_wrong_do_not_overwrite_themselves(desk, write):
    first = desk.take(write("a.csv", HEAD + "1,amina,2026-03-02,P1,0,3.40\n"))
    again = desk.take(first.reject_files[0])
    assert again.rejected == 1
    assert again.reject_files[0] != first.reject_files[0]


def test_a_file_without_rows_is_said_and_kept_as_nothing(desk, write):
    report = desk.take(write("a.csv", HEAD))
    assert (report.rows, report.state) == (0, "nothing-new")
    assert "headings and no rows" in report.notes[0]


# ---- interrupted ---------------------------------------------------------------------------------------------------


class Killed(BaseException):
    """As if the machine had been switched off."""


def killed_after(pieces):
    seen = []

    def progress(how):
        seen.append(how)
        if len(seen) == pieces:
            raise Killed

    return progress


MANY = HEAD + "".join(
    f"{n // 3},c{n % 5},2026-03-0{1 + n // 300},P{n % 4},{0 if n % 50 == 49 else 1},1.00\n".replace(
        f"c{n % 5}", f"c{n // 3 % 5}"
    )
    for n in range(900)
)


@pytest.mark.parametrize("pieces", [1, 4, 9])
def test_an_interrupted_import_goes_on_where_it_stopped(desk, write, monkeypatch, pieces):
    monkeypatch.setattr(separated, "_PIECE", 2_000)
    path = write("many.csv", MANY)
    with pytest.raises(Killed):
        desk.take(path, progress=killed_after(pieces))
    held = desk.count("events")
    assert 0 < held < 882
    report = desk.take(path)
    assert report.resumed
    assert (report.rows, report.kept, report.unchanged, report.rejected) == (900, 882, 0, 18)
    assert desk.count("events") == 882
    lines = report.reject_files[0].read_text("utf-8-sig").splitlines()[1:]
    assert [int(line.split(",")[1]) for line in lines] == list(range(51, 902, 50))
    with desk.database.reading() as connection:
        assert [(one.state, one.rows, one.kept) for one in imports.list_imports(connection)] == [("done", 900, 882)]


OTHERWISE = {
    "as": {"as_": "order-lines"},
    "map": {"mapping": {"time": "ordered_at"}},
    "currency": {"currency": "USD"},
    "strict": {"strict": True},
}


@pytest.mark.parametrize("said", OTHERWISE.values(), ids=OTHERWISE)
def test_the_same_file_understood_differently_is_another_import(desk, write, monkeypatch, said):
    monkeypatch.setattr(separated, "_PIECE", 2_000)
    path = write("many.csv", MANY)
    with pytest.raises(Killed):
        desk.take(path, progress=killed_after(3))
    report = desk.take(path, **said)
    assert not report.resumed
    assert report.id != 1
    assert [note for note in report.notes if "goodwill import undo 1" in note]


SHOPS = {"zone": {"zone": ZoneInfo("Asia/Tokyo")}, "currency": {"currency": "USD"}, "region": {"region": "FR"}}


@pytest.mark.parametrize("changed", SHOPS.values(), ids=SHOPS)
def test_a_shop_that_reads_files_otherwise_by_now_begins_anew(desk, write, monkeypatch, changed):
    monkeypatch.setattr(separated, "_PIECE", 2_000)
    path = write("many.csv", MANY)
    with pytest.raises(Killed):
        desk.take(path, progress=killed_after(3))
    moved = replace(desk, tools=replace(desk.tools, **changed))
    assert not moved.take(path).resumed
    with pytest.raises(BadInput, match="changed since import 1 began"):
        imports.resume(moved.database, moved.tools, 1)


def test_one_that_goes_on_counts_all_faults_of_a_kind_together(desk, write, monkeypatch):
    monkeypatch.setattr(separated, "_PIECE", 2_000)
    path = write("many.csv", MANY)
    with pytest.raises(Killed):
        desk.take(path, progress=killed_after(4))
    (fault,) = desk.take(path).faults
    assert (fault.rows, fault.lines, fault.column, fault.value) == (18, (51, 101, 151), "quantity", "0")


def test_it_can_be_resumed_by_its_number(desk, write, monkeypatch):
    monkeypatch.setattr(separated, "_PIECE", 2_000)
    path = write("many.csv", MANY)
    with pytest.raises(Killed):
        desk.take(path, progress=killed_after(3))
    report = imports.resume(desk.database, desk.tools, 1)
    assert (report.id, report.kept, report.state) == (1, 882, "done")
    with pytest.raises(Conflict, match="nothing to go on with"):
        imports.resume(desk.database, desk.tools, 1)


def test_a_file_that_changed_cannot_be_resumed(desk, write, monkeypatch):
    monkeypatch.setattr(separated, "_PIECE", 2_000)
    path = write("many.csv", MANY)
    with pytest.raises(Killed):
        desk.take(path, progress=killed_after(3))
    path.write_text(MANY.replace("c1", "c9"))
    with pytest.raises(BadInput, match="changed since it began"):
        imports.resume(desk.database, desk.tools, 1)


def test_two_cannot_go_on_with_one_import(desk, write, monkeypatch):
    monkeypatch.setattr(separated, "_PIECE", 2_000)
    path = write("many.csv", MANY)
    with pytest.raises(Killed):
        desk.take(path, progress=killed_after(1))
    plan = imports.plan([path])

    def meanwhile(_):
        if desk.count("events") < 882:
            imports.run(desk.database, desk.tools, plan, rejects_to=desk.rejects)

    with pytest.raises(Conflict, match="somebody else"):
        imports.run(desk.database, desk.tools, plan, rejects_to=desk.rejects, progress=meanwhile)
    assert desk.count("events") == 882


def test_progress_counts_what_was_read(desk, write, monkeypatch):
    monkeypatch.setattr(separated, "_PIECE", 2_000)
    seen = []
    desk.take(write("many.csv", MANY), progress=seen.append)
    assert [how.rows for how in seen] == sorted(how.rows for how in seen)
    assert (seen[-1].rows, seen[-1].of, seen[-1].rejected, seen[-1].eta) == (900, 900, 18, 0)
    assert seen[0].rate > 0


# ---- real data -----------------------------------------------------------------------------------------------------


def test_a_stretch_of_real_purchases(desk, data_folder, tmp_path):
    source = data_folder / "complete-journey" / "transactions.parquet"
    assert parquet._STRETCH < 45_000
    path = parquet_of(tmp_path / "lines.parquet", f"SELECT * FROM '{source}' LIMIT 45000")
    report = desk.take(path, currency="USD")
    assert (report.rows, report.kept + report.rejected) == (45_000, 45_000)
    assert {one.problem for one in report.rejects} == {"is no quantity that can be bought"}
    (total,) = desk.ask(
        "SELECT sum(amount), sum(quantity), count(DISTINCT reference), count(DISTINCT person) FROM events"
    )
    duckdb = pytest.importorskip("duckdb")
    expected = duckdb.connect().execute(
        f"SELECT sum(round(sales_value * 100))::BIGINT, sum(quantity)::BIGINT * 1000, count(DISTINCT basket_id), "
        f"count(DISTINCT household_id) FROM '{path}' WHERE quantity > 0"
    )
    assert tuple(map(int, total)) == expected.fetchone()
    assert {left.column for _, left in report.left_behind} == {
        "store_id",
        "retail_disc",
        "coupon_disc",
        "coupon_match_disc",
        "week",
    }
