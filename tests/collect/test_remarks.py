"""What the owner should know of rows that were kept, and how many rejected rows have the same fault."""

import pytest

from goodwill.collect import separated
from goodwill.collect.groups import MOST, Group, Groups

HEAD = "order_id,customer_id,ordered_at,product_id,quantity,amount\n"


def told(report):
    return [(one.file, one.lines, one.column, one.value, one.rows) for one in report.remarks]


# ---- equal rows ------------------------------------------------------------------------------------------------------


def test_equal_lines_of_one_order_are_each_counted_and_told(desk, write):
    row = "1,amina,2026-03-02,P1,1,3.40\n"
    report = desk.take(write("a.csv", HEAD + row + "1,amina,2026-03-02,P2,1,3.40\n" + row + row))
    assert (report.kept, desk.count("events")) == (4, 4)
    assert told(report) == [("a.csv", (4, 5), "product_id", "P1", 2)]
    assert "one more line" in report.remarks[0].problem
    assert report.remarks[0].remedy


@pytest.mark.parametrize(
    "other", ["1,amina,2026-03-02,P1,2,3.40", "1,amina,2026-03-02,P1,1,1.70", "2,amina,2026-03-02,P1,1,3.40"]
)
def test_another_quantity_amount_or_order_is_no_equal_line(desk, write, other):
    assert desk.take(write("a.csv", f"{HEAD}1,amina,2026-03-02,P1,1,3.40\n{other}\n")).remarks == ()


def test_lines_with_numbers_of_their_own_are_not_equal(desk, write):
    rows = "1,1,amina,2026-03-02,P1,3.40\n1,2,amina,2026-03-02,P1,3.40\n"
    assert desk.take(write("a.csv", "order_id,line_number,customer_id,date,sku,amount\n" + rows)).remarks == ()


def test_equal_lines_in_different_pieces_are_told_in_one_line(desk, write, monkeypatch):
    monkeypatch.setattr(separated, "_PIECE", 64)
    report = desk.take(write("a.csv", HEAD + "".join(f"{n % 3},amina,2026-03-02,P1,1,3.40\n" for n in range(30))))
    assert (report.kept, told(report)) == (30, [("a.csv", (5, 6, 7), "product_id", "P1", 27)])


def test_an_order_that_stands_twice_counts_once_and_is_told(desk, write):
    row = "1,amina,2026-03-02,6.20\n"
    report = desk.take(write("a.csv", "order_id,user_id,ordered_at,total\n" + row + "2,bruno,2026-03-02,1.00\n" + row))
    assert (report.kept, report.unchanged) == (2, 1)
    assert told(report) == [("a.csv", (4,), "order_id", "1", 1)]
    assert "counts once" in report.remarks[0].problem


def test_what_brings_nothing_new_needs_no_remarks(desk, write):
    path = write("a.csv", HEAD + "1,amina,2026-03-02,P1,1,3.40\n" * 2)
    desk.take(path)
    assert desk.take(path).remarks == ()


# ---- other money -----------------------------------------------------------------------------------------------------


def test_each_currency_that_is_not_the_shops_is_told_and_kept_apart(desk, write):
    head = "order_id,customer_id,ordered_at,product_id,amount,currency\n"
    rows = [
        "1,amina,2026-03-02,P1,3.40,EUR",
        "2,bruno,2026-03-02,P1,340,JPY",
        "3,dev,2026-03-02,P1,2.00,USD",
        "4,dev,2026-03-03,P1,2.00,usd",
    ]
    report = desk.take(write("a.csv", head + "\n".join(rows) + "\n"))
    assert told(report) == [("a.csv", (3,), "currency", "JPY", 1), ("a.csv", (4, 5), "currency", "USD", 2)]
    assert "never added to amounts in EUR" in report.remarks[0].problem
    assert "--map currency==EUR" in report.remarks[0].remedy
    assert sorted({row[4] for row in desk.events()}) == ["EUR", "JPY", "USD"]


def test_a_currency_that_was_said_for_all_is_told_beside_the_first_amount(desk, write):
    report = desk.take(write("a.csv", HEAD + "1,amina,2026-03-02,P1,1,3.40\n"), currency="USD")
    assert told(report) == [("a.csv", (2,), "amount", "3.40", 1)]


def test_the_shops_own_currency_and_rows_without_amounts_are_no_news(desk, write):
    head = "order_id,customer_id,ordered_at,product_id,amount,currency\n"
    assert desk.take(write("a.csv", head + "1,amina,2026-03-02,P1,3.40,EUR\n2,dev,2026-03-02,P1,,USD\n")).remarks == ()


def test_prices_of_products_in_other_money_are_told(desk, write):
    report = desk.take(
        write("p.csv", "product_id,name,price,currency\nP1,Rye,3.40,EUR\nP2,Bun,0.80,CHF\nP3,Tart,,CHF\n")
    )
    assert told(report) == [("p.csv", (3,), "currency", "CHF", 1)]


def test_mapping_the_currency_for_all_is_the_remedy(desk, write):
    path = write(
        "a.csv", "order_id,customer_id,ordered_at,product_id,amount,currency\n1,amina,2026-03-02,P1,3.40,USD\n"
    )
    assert desk.take(path, mapping={"currency": "=EUR"}).remarks == ()
    assert desk.events()[0][4] == "EUR"


# ---- many rejects ----------------------------------------------------------------------------------------------------


def test_rejects_with_the_same_fault_are_one_line_and_all_in_the_file(desk, write):
    rows = "".join(f"{n},amina,2026-03-02,P1,{-n},1.00\n" for n in range(1, 2_001)) + "1,amina,soon,P1,1,1.00\n"
    report = desk.take(write("a.csv", HEAD + rows + "1,amina,2026-03-02,,1,1.00\n"))
    shown = [(one.column, one.value, one.lines, one.rows) for one in report.faults]
    assert shown == [
        ("quantity", "-1", (2, 3, 4), 2_000), ("ordered_at", "soon", (2002,), 1), ("product_id", "", (2003,), 1)
    ]  # fmt: skip
    assert len(report.rejects) == 1_000
    assert len(report.reject_files[0].read_text("utf-8-sig").splitlines()) == 2_003


def test_groups_beyond_the_most_are_not_kept_apart():
    groups = Groups()
    groups.add(Group("a.csv", f"c{n}", "is wrong", "mend it", "x" * 500, (1, 2, 3, 4), 1) for n in range(MOST + 9))
    assert len(groups.listed) == MOST
    assert {(len(one.value), one.lines) for one in groups.listed} == {(200, (1, 2, 3))}
