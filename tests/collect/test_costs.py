"""A file of costs: recognised by its headings, tried, rejected row by row, taken in once, and taken back."""

import pytest

from goodwill.basics.errors import BadInput
from goodwill.collect import imports, separated

HEAD = "day,kind,channel,programme,amount,currency,note\n"
ROWS = (
    "2026-01-05,media,search,,120.00,EUR,invoice 2026-000123\n"
    "2026-01-05,media,search,,120.00,EUR,invoice 2026-000123\n"
    "2026-01-06,Licence,,goodwill,30.00,EUR,\n"
    "2026-01-07,labor,,goodwill,50,USD,\n"
)


def held(desk):
    return desk.ask(
        "SELECT c.day, c.kind, c.channel, c.programme, c.amount, c.currency, c.note FROM costs c "
        "WHERE c.id NOT IN (SELECT cost FROM cost_undos) ORDER BY c.id"
    )


def test_a_file_of_costs_is_recognised_and_taken_in_once(desk, write):
    path = write("spent.csv", HEAD + ROWS)
    report = desk.take(path)
    assert (report.parts[0].kind, report.rows, report.kept, report.rejected) == ("costs", 4, 4, 0)
    search = (20458, "media", "search", "", 12_000, "EUR", "invoice 2026-000123")
    assert held(desk) == [
        search, search, (20459, "licence", "", "goodwill", 3_000, "EUR", ""),
        (20460, "labour", "", "goodwill", 5_000, "USD", ""),
    ]  # fmt: skip
    assert [remark.problem for remark in report.remarks] == [
        "the cost is kept in USD; it is added to others in EUR by a dated rate alone"
    ]
    again = desk.take(path)
    assert (again.state, again.kept, again.unchanged) == ("nothing-new", 0, 4)
    assert len(held(desk)) == 4


def test_a_try_keeps_nothing_and_an_undo_takes_back_what_came(desk, write):
    path = write("spent.csv", HEAD + ROWS)
    assert desk.take(path, dry_run=True).kept == 4
    assert held(desk) == []
    report = desk.take(path)
    assert desk.undo(report).costs == 4
    assert held(desk) == []
    assert desk.take(path).kept == 4
    assert len(held(desk)) == 4


def test_rows_that_cannot_be_kept_come_back_with_what_to_do(desk, write):
    report = desk.take(write("spent.csv", HEAD + (
        "2026-01-09,gifts,,,400,EUR,\n2026-01-10,media,,,-4,EUR,\n2026-01-12,media,,,5,EUR,ask anna@example.org\n"
        ",media,,,5,EUR,\n2026-01-13,media,,,,EUR,\n2026-01-14,media,,,1.234567,EUR,\n2026-01-15,,,,5,EUR,\n"
        "2026-01-16,media,,,5,EUR,\n"
    )))  # fmt: skip
    assert [(one.line, one.column) for one in report.rejects] == [
        (2, "kind"), (3, "amount"), (4, ""), (5, "day"), (6, "amount"), (7, "amount"), (8, "kind")
    ]  # fmt: skip
    told = " ".join(f"{one.problem}: {one.remedy}" for one in report.rejects)
    assert "is no kind of cost: write one of: media, tools" in told
    assert "goodwill cost undo" in told
    assert "names nobody" in told
    assert report.kept == 1


def test_days_on_which_nothing_was_spent_are_passed_over(desk, write):
    report = desk.take(write("spent.csv", HEAD + "2026-01-09,media,,,0,EUR,\n2026-01-10,media,,,4,EUR,\n"))
    assert (report.rows, report.kept, report.rejected) == (2, 1, 0)
    assert "spent.csv: 1 row of nothing was passed over." in report.notes


def test_an_export_of_an_advertiser_is_read_when_its_kind_is_said(desk, write):
    path = write("ads.csv", "Reporting starts,Campaign name,Amount spent (EUR)\n2026-01-05,Spring,12.50\n")
    with pytest.raises(BadInput, match="costs"):
        imports.plan([path])
    assert desk.take(path, mapping={"cost-kind": "=media"}).kept == 1
    assert held(desk) == [(20458, "media", "", "Spring", 1_250, "EUR", "")]


def test_a_workbook_or_another_language_says_the_same(desk, write):
    path = write("kosten.csv", "Datum;Kostenart;Kanal;Kosten\n05.01.2026;Werbung;Suche;1.120,50\n".encode("cp1252"))
    assert desk.take(path).kept == 1
    assert held(desk) == [(20458, "media", "Suche", "", 112_050, "EUR", "")]


def test_equal_costs_are_told_apart_across_pieces_of_a_file(desk, write, monkeypatch):
    monkeypatch.setattr(separated, "_PIECE", 64)
    path = write("a.csv", HEAD + "2026-01-05,media,search,,1.00,EUR,\n" * 40)
    assert desk.take(path).kept == 40
    assert desk.take(path).unchanged == 40
