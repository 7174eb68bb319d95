"""A workbook is read as the table that it stands for; what cannot be read of it is refused with what to do."""

import csv
import io
import random
import zipfile
from datetime import date, datetime, time

import openpyxl
import pytest

from goodwill.basics.errors import BadFile, BadInput
from goodwill.collect import files, imports, workbooks
from goodwill.collect.files import parts_of
from goodwill.collect.workbooks import open_workbook

CUSTOMERS = [
    ("user_id", "first_name", "postcode", "email"),
    ("0042", "Amina", "01067", "amina@example.org"),
    (900, "Chiara", 10115, "chiara@example.org"),
]


@pytest.fixture
def book(tmp_path):
    def make(name="book.xlsx", /, *, change=None, **sheets):
        workbook = openpyxl.Workbook()
        workbook.remove(workbook.active)
        for title, rows in sheets.items():
            sheet = workbook.create_sheet(title)
            for row in rows:
                sheet.append(row)
        if change is not None:
            change(workbook)
        workbook.save(tmp_path / name)
        return tmp_path / name

    return make


def wall(*when):
    """A time as a spreadsheet has it: without a zone."""
    return datetime(*when)  # noqa: DTZ001


def read(path, **said):
    table = open_workbook(parts_of(path)[0], **said)
    return table, [
        (line, cells)
        for chunk in table.chunks()
        for line, cells in zip(chunk.lines, chunk.originals(range(chunk.rows)), strict=True)
    ]


def rezipped(path, changes):
    """The same workbook with some of its files replaced."""
    out = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            content = old.read(info)
            new.writestr(info.filename, changes[info.filename](content) if info.filename in changes else content)
    path.write_bytes(out.getvalue())
    return path


SHEET = "xl/worksheets/sheet1.xml"


def test_cells_are_read_as_a_person_sees_them(book):
    values = [
        ("00123", "00123"), (900, "900"), (900.0, "900"), (3.6, "3.6"), (0.1 + 0.2, "0.3"), (-0.5, "-0.5"),
        (1e-5, "0.00001"), (5_800_000_000_123_456, "5800000000123456"), (True, "TRUE"), (False, "FALSE"), (None, ""),
        (date(2026, 5, 1), "2026-05-01"), (wall(2026, 5, 1, 14, 30), "2026-05-01 14:30:00"),
        (wall(2026, 5, 1, 23, 59, 59), "2026-05-01 23:59:59"), (time(8, 15), "08:15:00"),
    ]  # fmt: skip
    path = book(S=[[f"c{n}" for n in range(len(values))], [value for value, _ in values]])
    assert read(path)[1] == [(2, [text for _, text in values])]


def test_every_second_of_a_day_is_read_to_the_second(book):
    times = [wall(2026, 3, 29, *divmod(n // 60, 60), n % 60) for n in range(1, 86_400, 997)]
    path = book(S=[["at"], *([at] for at in times)])
    assert [cells[0] for _, cells in read(path)[1]] == [f"{at:%Y-%m-%d %H:%M:%S}" for at in times]


def test_a_number_that_was_rounded_is_no_id(desk, book):
    path = book(S=[CUSTOMERS[0], (58_000_000_001_234_567_890, "Dev", "1", "dev@example.org")])
    report = desk.take(path)
    assert [(reject.column, reject.line) for reject in report.rejects] == [("user_id", 2)]
    assert "without opening the file in a spreadsheet" in report.rejects[0].remedy


def test_a_workbook_gives_what_its_csv_gives(desk, book, write):
    desk.take(book("customers.xlsx", S=CUSTOMERS))
    assert (desk.person("0042"), desk.person("900")) == (1, 2)
    out = io.StringIO()
    csv.writer(out).writerows(CUSTOMERS)
    again = desk.take(write("customers.csv", out.getvalue()))
    assert (again.kept, again.unchanged, again.state) == (0, 2, "nothing-new")


def test_orders_with_dates_and_amounts_come_in(desk, book):
    rows = [
        ("Order", "Customer", "Date", "SKU", "Qty", "Amount"),
        (1001, "amina", wall(2026, 3, 2, 8, 15), "P1", 1, 3.4),
        (1001, "amina", wall(2026, 3, 2, 8, 15), "P2", 2, 2.8),
    ]
    report = desk.take(book("lines.xlsx", S=rows))
    assert (report.kept, report.rejected) == (2, 0)
    assert [(product, quantity, amount) for _, product, quantity, amount, _ in desk.events()] == [
        ("P1", 1_000, 340), ("P2", 2_000, 280)
    ]  # fmt: skip


def test_lines_are_the_sheets_own_and_empty_rows_are_none(book):
    path = book(S=[[], [], ["id", "name"], ["1", "Rye"], [], [None, None], ["2", "Bun"]])
    table, rows = read(path)
    assert (table.headings, table.first) == (("id", "name"), 3)
    assert rows == [(4, ["1", "Rye"]), (7, ["2", "Bun"])]


def test_many_rows_come_in_pieces(book, monkeypatch):
    monkeypatch.setattr(workbooks, "_STRETCH", 4)
    path = book(S=[["id"], *([n] for n in range(10))])
    table = open_workbook(parts_of(path)[0])
    assert [list(chunk.lines) for chunk in table.chunks()] == [[2, 3, 4, 5], [6, 7, 8, 9], [10, 11]]


def test_the_first_sheet_that_shows_anything_is_read_and_the_others_are_named(book):
    def hide(workbook):
        workbook["Old"].sheet_state = "hidden"

    path = book(Old=[["id"], ["9"]], Empty=[], Customers=[["id"], ["1"]], Orders=[["id"], ["2"]], change=hide)
    table, rows = read(path)
    assert rows == [(2, ["1"])]
    assert table.notes == ("The sheet 'Customers' is read. Others are Old, Orders: say which with --map sheet=NAME.",)
    for name, value in (("orders", "2"), ("Old", "9")):
        table, rows = read(path, sheet=name)
        assert (rows, table.notes) == ([(2, [value])], ())


def test_a_sheet_that_is_not_there_is_refused_with_those_that_are(book):
    path = book(Customers=[["id"], ["1"]], Orders=[["id"], ["2"]])
    with pytest.raises(BadInput, match=r"no such sheet. There are: Customers, Orders\."):
        imports.plan([path], mapping={"sheet": "Refunds"})


def test_a_sheet_that_nobody_understands_asks_and_names_the_others(book):
    path = book(Notes=[["what", "this is"], ["a", "b"]], Customers=CUSTOMERS, Orders=CUSTOMERS)
    with pytest.raises(BadInput, match=r"nobody can tell .* Others are Customers, Orders: say which"):
        imports.plan([path])


def test_a_named_sheet_is_imported(desk, book):
    path = book(About=[["what"], ["nothing"]], People=CUSTOMERS)
    assert desk.take(path, mapping={"sheet": "People"}).kept == 2


def test_rejected_rows_come_back_as_csv_that_can_be_mended(desk, book):
    rows = [("order_id", "customer_id", "ordered_at", "sku", "amount"),
            ("1", "amina", date(2026, 3, 2), "P1", 3.4), ("2", "amina", date(2026, 3, 2), "P1", "a lot")]  # fmt: skip
    report = desk.take(book("lines.xlsx", S=rows))
    assert (report.kept, report.rejected) == (1, 1)
    (rejects,) = report.reject_files
    assert rejects.suffix == ".csv"
    content = rejects.read_text()
    assert "2,amina,2026-03-02,P1,a lot" in content
    rejects.write_text(content.replace("a lot", "4.10"))
    assert desk.take(rejects).kept == 1


def test_a_dry_run_tells_and_keeps_nothing(desk, book):
    report = desk.take(book(S=CUSTOMERS), dry_run=True)
    assert (report.state, report.kept, desk.count("people")) == ("dry-run", 2, 0)


def test_merged_headings_are_refused_by_their_cells(book):
    def merge(workbook):
        workbook["S"].merge_cells("B1:C1")

    path = book(S=[["id", "name", None], ["1", "Rye", "x"]], change=merge)
    with pytest.raises(BadFile, match=r"merged cells \(B1:C1\).*Unmerge"):
        imports.plan([path])


def test_merged_cells_below_the_headings_are_no_obstacle(book):
    def merge(workbook):
        workbook["S"].merge_cells("A3:B3")

    assert read(book(S=[["id", "name"], ["1", "Rye"], ["total", None]], change=merge))[1][-1] == (3, ["total", ""])


def test_the_result_of_a_formula_counts(book):
    path = rezipped(
        book(S=[["id", "sum"], ["1", "=1+1"]]),
        {SHEET: lambda xml: xml.replace(b"<f>1+1</f><v></v>", b"<f>1+1</f><v>2</v>").replace(
            b"<f>1+1</f><v />", b"<f>1+1</f><v>2</v>")},
    )  # fmt: skip
    assert read(path)[1] == [(2, ["1", "2"])]


def test_a_formula_without_its_result_is_refused(book):
    with pytest.raises(BadFile, match=r"formula without its result in cell B2.*save it there"):
        imports.plan([book(S=[["id", "sum"], ["1", "=1+1"]])])


def test_what_another_sheet_holds_is_no_obstacle(book):
    def far(workbook):
        workbook["Far"]["XFD1048576"] = "x"

    path = book(S=[["id"], ["1"]], Formulas=[["sum"], ["=1+1"]], Far=[], change=far)
    assert read(path)[1] == [(2, ["1"])]


def test_a_formula_that_failed_is_not_taken_for_an_empty_cell(desk, book):
    rows = [("amina@example.org", "#REF!", date(2026, 5, 2)), ("dev@example.org", "yes", date(2026, 5, 2))]
    path = book(S=[("email", "newsletter", "date"), *rows])
    assert read(path)[1][0][1][1] == "#REF!"
    report = desk.take(path, as_="consents", mapping={"answer": "newsletter", "words": "=News?"})
    assert [(reject.line, reject.value) for reject in report.rejects] == [(2, "#REF!")]


def test_a_workbook_with_a_password_says_how_to_take_it_off(write):
    directory = "EncryptedPackage".encode("utf-16-le")
    with pytest.raises(BadFile, match="locked with a password"):
        parts_of(write("secret.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + directory + bytes(100)))
    with pytest.raises(BadFile, match=r"old Excel workbook \(\.xls\): save it as \.xlsx"):
        parts_of(write("old.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)))


@pytest.mark.parametrize(
    ("member", "advice"), [("xl/workbook.bin", r"\.xlsb.*save it as \.xlsx"), ("content.xml", "OpenDocument.*xlsx")]
)
def test_relatives_of_workbooks_are_refused_by_name(write, member, advice):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(member, b"x")
    with pytest.raises(BadFile, match=advice):
        parts_of(write("table.xyz", out.getvalue()))


def test_a_workbook_that_unpacks_to_far_too_much_is_refused(book, monkeypatch):
    path = book(S=[["id"], *(["x" * 50] for _ in range(2_000))])
    monkeypatch.setattr(files, "MOST_OF_A_WORKBOOK", 10_000)
    with pytest.raises(BadFile, match=r"unpacks to .* save the sheet as 'CSV UTF-8'"):
        parts_of(path)
    monkeypatch.setattr(files, "RATIO_FREE", 1_000)
    monkeypatch.setattr(files, "MOST_RATIO", 2)
    with pytest.raises(BadFile, match="times its size"):
        parts_of(path)


def test_a_few_cells_that_claim_billions_are_refused_before_they_are_opened(book):
    def far(workbook):
        workbook["S"]["XFD1048576"] = "x"

    with pytest.raises(BadFile, match="reaches to cell XFD1048576"):
        imports.plan([book(S=[["id"], ["1"]], change=far)])


def test_a_workbook_with_nothing_in_it_is_empty(book):
    with pytest.raises(BadFile, match="empty"):
        imports.plan([book(S=[])])
    assert "has headings and no rows" in imports.plan([book(S=[CUSTOMERS[0]])]).notes[0]


@pytest.mark.parametrize("seed", range(40))
def test_a_damaged_workbook_ends_in_a_sentence(book, seed):
    """Bytes within its files, which their checksums do not tell, as the whole was packed again."""
    dice, path = random.Random(seed), book(S=CUSTOMERS, T=CUSTOMERS)
    names = [
        name for name in zipfile.ZipFile(path).namelist() if name.startswith("xl/") and name.endswith(("xml", "rels"))
    ]

    def hurt(content):
        bytes_ = bytearray(content)
        for _ in range(dice.randrange(1, 6)):
            at = dice.randrange(len(bytes_))
            bytes_[at : at + dice.randrange(1, 30)] = bytes(dice.choices(b'<>"/&=\x00\xffA1', k=dice.randrange(1, 8)))
        return bytes(bytes_)

    rezipped(path, {dice.choice(names): hurt})
    try:
        plan = imports.plan([path])
        rows = sum(chunk.rows for part in plan.parts for chunk in part.table.chunks())
        assert rows <= 3
    except BadInput:
        pass
