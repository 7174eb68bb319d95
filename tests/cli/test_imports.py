"""Files come in through the command line: counted in, counted out, and taken back whole."""

import io
import os
import random
import zipfile
from pathlib import Path

import openpyxl
import pytest
from tests.cli.conftest import Run
from tests.collect.formats.exports import MAILCHIMP, SHOPIFY_ORDERS, table
from tests.collect.formats.test_shopify import order

from goodwill.cli.ends import Code
from goodwill.collect.report import why_not

LINES = """order_id,user_id,time,product_id,quantity,amount,currency,colour
R9000001,amina,2026-10-30T08:00:00+01:00,B001,1,1.90,EUR,red
R9000002,amina,2026-10-30T09:00:00+01:00,B001,-2,1.90,EUR,red
"""


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    """Two order lines: one good, one with a quantity below zero; and a column that nobody asked for."""
    file = tmp_path / "late.csv"
    file.write_text(LINES, encoding="utf-8")
    return file


def _bought(shop: Run) -> int:
    return int(shop("people", "show", "amina", "--json").document["events"]["bought"])


def test_what_came_in_is_listed_with_its_number(shop: Run):
    found = shop("import", "list", "--json").document["imports"]
    assert [one["state"] for one in found] == ["done"]
    assert found[0]["rows"] == found[0]["kept"] + found[0]["unchanged"] + found[0]["rejected"] + found[0]["skipped"]
    assert "order_lines.csv" in shop("import", "list").out
    assert shop("import", "--json", "list").document["imports"] == found


def test_a_rejected_row_ends_with_its_own_code_and_says_where_and_what_helps(shop: Run, lines, home):
    before = _bought(shop)
    ended = shop("import", lines, "--json")
    assert ended.code == Code.REJECTED
    document = ended.document
    assert (document["rows"], document["kept"], document["rejected"]) == (2, 1, 1)
    reject = document["rejects"][0]
    assert (reject["file"], reject["line"], reject["column"], reject["value"]) == ("late.csv", 3, "quantity", "-2")
    assert reject["what_to_do"]
    assert document["reject_files"] == [str(home / "exports" / "late-rejects.csv")]
    assert [left["column"] for left in document["files"][0]["left_behind"]] == ["colour"]
    assert _bought(shop) == before + 1


def test_rejects_go_where_they_are_sent(shop: Run, lines, tmp_path):
    shop("import", lines, "--rejects", tmp_path / "mend.csv")
    assert "R9000002" in (tmp_path / "mend.csv").read_text(encoding="utf-8-sig")


def test_the_report_for_people_has_the_same_numbers(shop: Run, lines):
    ended = shop("import", lines)
    assert ended.code == Code.REJECTED
    assert "late.csv" in ended.out
    assert "colour" in ended.out
    assert "goodwill import undo 2" in ended.out


def test_strict_keeps_nothing_when_a_row_is_rejected(shop: Run, lines):
    before = _bought(shop)
    ended = shop("import", lines, "--strict", "--json")
    assert ended.code == Code.REJECTED
    document = ended.document
    assert (document["state"], document["kept"], document["would_be_kept"]) == ("refused", 0, 1)
    assert _bought(shop) == before
    assert "would have been kept" in shop("import", lines, "--strict").out
    listed = shop("import", "list", "--json").document["imports"][1]
    assert (listed["state"], listed["rows"], listed["kept"], listed["rejected"]) == ("refused", 2, 0, 1)
    assert (listed["id"], listed["skipped"]) == (document["id"], 0)
    assert shop("import", "undo", document["id"], "--yes").code == Code.CONFLICT


def test_a_dry_run_says_what_would_be_kept_and_keeps_nothing(shop: Run, lines):
    before = _bought(shop)
    ended = shop("import", lines, "--dry-run", "--json")
    document = ended.document
    assert (document["state"], document["kept"], document["would_be_kept"]) == ("dry-run", 0, 1)
    assert document["id"] is None
    assert "would be kept" in shop("import", lines, "--dry-run").out
    assert _bought(shop) == before
    assert len(shop("import", "list", "--json").document["imports"]) == 1


def test_the_same_files_again_bring_nothing_new(shop: Run, cafe_files):
    ended = shop("import", cafe_files / "order_lines.csv", "--json")
    assert ended.code == Code.DONE
    assert (ended.document["state"], ended.document["id"], ended.document["kept"]) == ("nothing-new", None, 0)
    assert ended.document["unchanged"] == ended.document["rows"] > 100
    again = shop("import", cafe_files / "order_lines.csv").out
    assert "Nothing new" in again
    assert "undo" not in again
    assert shop("import", "undo", 2, "--yes").code == Code.CONFLICT


def test_a_heading_that_nobody_knows_can_be_mapped(shop: Run, tmp_path):
    file = tmp_path / "till.csv"
    file.write_text(LINES.replace("product_id", "whatsit").splitlines()[0] + "\n" + LINES.splitlines()[1] + "\n")
    assert shop("import", file, "--as", "order-lines").code == Code.USAGE
    assert shop("import", file, "--as", "order-lines", "--map", "product=whatsit").code == Code.DONE


def test_a_map_without_a_column_is_a_usage_error(shop: Run, lines):
    ended = shop("import", lines, "--map", "time")
    assert ended.code == Code.USAGE
    assert "FIELD=COLUMN" in ended.err


def test_a_file_that_is_not_there_is_not_found(shop: Run, tmp_path):
    ended = shop("import", tmp_path / "nothing.csv", "--json")
    assert ended.code == Code.NOT_FOUND
    assert "nothing.csv" in ended.document["error"]["message"]


def test_a_file_may_be_called_like_a_command(shop: Run, lines, monkeypatch):
    (lines.parent / "list").write_text(LINES.rpartition("R9000002")[0], encoding="utf-8")
    monkeypatch.chdir(lines.parent)
    assert shop("import", "./list", "--as", "order-lines", "--json").document["kept"] == 1


def test_undo_asks_and_then_takes_everything_back(shop: Run, lines):
    before = _bought(shop)
    shop("import", lines)
    assert shop("import", "undo", 2, "--no-input").code == Code.USAGE
    assert _bought(shop) == before + 1
    ended = shop("import", "undo", 2, "--yes", "--json")
    assert (ended.code, ended.document["state"]) == (Code.DONE, "undone")
    assert ended.document["events"] >= 1
    assert _bought(shop) == before
    assert [one["state"] for one in shop("import", "list", "--json").document["imports"]] == ["done", "undone"]


def test_undo_twice_is_a_conflict_and_undo_of_nothing_is_not_found(shop: Run, lines):
    shop("import", lines)
    assert shop("import", "undo", 2, "--yes").code == Code.DONE
    assert shop("import", "undo", 2, "--yes").code == Code.CONFLICT
    ended = shop("import", "undo", 77, "--yes")
    assert ended.code == Code.NOT_FOUND
    assert "goodwill import list" in ended.err


# ---- what cannot be read ---------------------------------------------------------------------------------------------


def _zipped(text: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("lines.csv", text)
    return packed.getvalue()


def _changed(content: bytes) -> bytes:
    return content[:60] + bytes([content[60] ^ 0xFF]) + content[61:]


MANY = LINES + LINES.splitlines()[1] * 400
DAMAGED = {
    "empty.csv": b"",
    "blank.csv": b"\n\n  \n",
    "cut.zip": _zipped(MANY)[:-40],
    "bad.zip": _changed(_zipped(MANY)),
    "empty.zip": _zipped(""),
    "half.parquet": b"PAR1" + bytes(range(200)),
    "random.csv": random.Random(7).randbytes(5_000),
    "zeros.csv": bytes([0, 1, 2, 255, 254]) * 300,
    "picture.csv": b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8,
    "book.xlsx": _zipped("").replace(b"lines.csv", b"xl/wb.xml"),
    "packed.csv.gz": b"\x1f\x8b\x08" + bytes(40),
}


@pytest.mark.parametrize(("name", "content"), DAMAGED.items(), ids=DAMAGED)
def test_what_cannot_be_read_fails_with_a_sentence_of_ours(shop: Run, tmp_path, name, content):
    file = tmp_path / name
    file.write_bytes(content)
    before = shop("import", "list", "--json").document
    ended = shop("import", file)
    assert ended.code == Code.FAILED
    assert ended.out == ""
    (sentence,) = ended.err.splitlines()  # no hint that --help would help, and no words of Python's or DuckDB's
    assert name in sentence
    assert not any(word in sentence for word in ("Error", "CRC", "magic", "codec", "not a zip", "Traceback"))
    assert shop("import", file, "--json").document["error"]["kind"] == "failed"
    assert shop("import", "list", "--json").document == before


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "cp037", "idna"])
def test_a_file_in_other_letters_than_was_said_fails_and_says_which(shop: Run, lines, encoding):
    ended = shop("import", lines, "--map", f"encoding={encoding}")
    assert ended.code == Code.FAILED
    assert "late.csv cannot be read as text in" in ended.err
    assert "--help" not in ended.err


@pytest.mark.parametrize("encoding", ["klingon", "hex", "undefined"])
def test_an_encoding_that_is_none_was_typed_wrong(shop: Run, lines, encoding):
    ended = shop("import", lines, "--map", f"encoding={encoding}")
    assert ended.code == Code.USAGE
    assert "no encoding called" in ended.err


def test_a_name_in_other_letters_is_no_obstacle(shop: Run, lines):
    odd = lines.rename(lines.with_name(os.fsdecode(b"sp\xe4t.csv")))
    assert shop("import", odd, "--json").document["files"][0]["file"] == "sp\ufffdt.csv"
    assert "sp\ufffdt.csv" in shop("import", "list").out


def test_half_a_sheet_is_kept_as_far_as_it_goes(shop: Run, tmp_path):
    file = tmp_path / "cut.csv"
    file.write_text(LINES[:-30], encoding="utf-8")
    ended = shop("import", file, "--json")
    assert (ended.code, ended.document["kept"], ended.document["rejected"]) == (Code.REJECTED, 1, 1)


# ---- what is told of rows --------------------------------------------------------------------------------------------


def _row(number: int, **other: object) -> str:
    values = {"order": f"R{number:07}", "user": "amina", "quantity": 1, "amount": "1.90", "currency": "EUR", **other}
    when = "2026-10-30T08:00:00+01:00"
    return ",".join(
        map(
            str,
            (values["order"], values["user"], when, "B001", values["quantity"], values["amount"], values["currency"]),
        )
    )


def _sheet(tmp_path: Path, *rows: str, name: str = "day.csv") -> Path:
    file = tmp_path / name
    file.write_text(
        "\n".join(["order_id,user_id,time,product_id,quantity,amount,currency", *rows, ""]), encoding="utf-8"
    )
    return file


def test_a_fault_of_many_rows_is_one_line_on_the_screen_and_each_stands_in_the_file(shop: Run, tmp_path, home):
    ended = shop("import", _sheet(tmp_path, *(_row(n, quantity=-n) for n in range(1, 1_501))))
    table = [line for line in ended.out.splitlines() if "no quantity" in line]
    assert len(table) == 1
    assert table[0].split()[:8] == ["day.csv", "1,500", "2,", "3,", "4,", "…", "quantity", "-1"]
    assert len((home / "exports" / "day-rejects.csv").read_text("utf-8-sig").splitlines()) == 1_501
    document = shop("import", _sheet(tmp_path, *(_row(n, quantity=-n) for n in range(1, 1_501))), "--json").document
    assert (document["rejected"], len(document["rejects"])) == (1_500, 1_000)
    assert [(group["rows"], group["lines"]) for group in document["reject_groups"]] == [(1_500, [2, 3, 4])]


def test_one_row_is_one_row(shop: Run, tmp_path):
    assert "Imported: 1 row in" in shop("import", _sheet(tmp_path, _row(1))).out


def test_equal_lines_and_other_money_are_told_with_all_that_helps(shop: Run, tmp_path):
    ended = shop("import", _sheet(tmp_path, _row(1), _row(1), _row(2, currency="USD")), "--json")
    assert (ended.code, ended.document["kept"]) == (Code.DONE, 3)
    equal, money = ended.document["remarks"]
    assert (equal["file"], equal["lines"], equal["column"], equal["value"]) == ("day.csv", [3], "product_id", "B001")
    assert (money["file"], money["lines"], money["column"], money["value"]) == ("day.csv", [4], "currency", "USD")
    assert all(one["problem"] and one["what_to_do"] for one in (equal, money))


def test_a_corrected_day_counts_once_and_its_undo_brings_the_first_back(shop: Run, tmp_path):
    shop("import", _sheet(tmp_path, _row(1), _row(2)))
    before = _bought(shop)
    ended = shop("import", _sheet(tmp_path, _row(1, amount="2.10"), _row(2), name="corrected.csv"))
    assert ended.code == Code.DONE
    assert "takes the place of what import 2 said" in ended.out
    assert _bought(shop) == before
    document = shop("import", "undo", 3, "--yes", "--json").document
    assert (document["events"], document["events_put_back"]) == (1, 1)
    assert _bought(shop) == before


def test_an_undo_leaves_the_doctor_as_he_was_and_says_what_stays(shop: Run, tmp_path):
    def findings() -> list[tuple[str, str]]:
        found = shop("doctor", "--json").document["findings"]
        return [
            (one["what"], one["found"].partition(", 20")[0])
            for one in found
            if one["what"] not in ("home", "audit log")
        ]

    before = findings()
    shop("import", _sheet(tmp_path, _row(1), _row(2, user="quite-new")))
    ended = shop("import", "undo", 2, "--yes")
    assert "people of whom is noted that they counted in nothing meanwhile  1" in ended.out
    assert findings() == before
    assert shop("people", "show", "quite-new").code == Code.NOT_FOUND


def test_many_columns_that_nothing_uses_are_one_line(shop: Run, tmp_path):
    file = _sheet(tmp_path, _row(1))
    head, row = file.read_text(encoding="utf-8").splitlines()
    more = [f"c{number}" for number in range(100)]
    file.write_text("\n".join((",".join([head, *more]), ",".join([row, *more]), "")), encoding="utf-8")
    assert "c0, c1, c2, c3, c4 and 95 more" in shop("import", file).out


def test_a_sheet_without_headings_is_told_so(shop: Run, tmp_path):
    file = tmp_path / "bare.csv"
    file.write_text(_row(1) + "\n", encoding="utf-8")
    assert "Its first line looks like a row" in shop("import", file).err


def test_what_is_to_be_typed_ends_without_a_stop(shop: Run, tmp_path):
    file = tmp_path / "twice.csv"
    file.write_text(LINES.replace("colour", "order_id"), encoding="utf-8")
    assert shop("import", file).err.splitlines()[0].endswith("--map order='order_id'")


def test_a_shops_export_says_whom_it_may_write_to_and_whether_it_holds_everything(shop: Run, tmp_path):
    file = tmp_path / "orders_export.csv"
    gone = order(9002, **{"Cancelled at": "2026-03-03 10:00:00 +0100"})
    file.write_text(table(SHOPIFY_ORDERS, [order(9001, **{"Accepts Marketing": "yes"}), gone]), encoding="utf-8")
    tried = shop("import", file, "--dry-run")
    assert "would then be allowed to e-mail" in tried.out
    assert "--map FIELD=COLUMN" in tried.out
    assert "Lineitem sku" in tried.out
    assert "goodwill would hold 1 order, 6.20 EUR" in " ".join(tried.out.split())
    done = shop("import", file)
    assert done.code == Code.DONE
    assert "Why not the others?" in done.out
    said = " ".join(done.out.split())
    assert "says 2 orders, 12.40 EUR; goodwill holds 1 order, 6.20 EUR" in said
    assert "cancelled orders (1, 6.20 EUR)" in said
    again = shop("import", file, "--json").document
    assert (again["state"], again["totals"][0]["agrees"]) == ("nothing-new", False)
    assert again["may_contact"]["yes"] + sum(again["may_contact"]["why_not"].values()) == again["may_contact"]["of"]


def test_what_is_alike_in_several_files_is_said_once(shop: Run, tmp_path):
    packed = tmp_path / "audience.zip"
    member = dict.fromkeys(MAILCHIMP, "") | {
        "Email Address": "newcomer@example.org",
        "OPTIN_TIME": "2026-01-02 10:00:00",
    }
    with zipfile.ZipFile(packed, "w") as archive:
        for state, email in (("subscribed", "new1@example.org"), ("cleaned", "new2@example.org")):
            text = table(MAILCHIMP, [{**member, "Email Address": email}])
            archive.writestr(f"{state}_email_audience_export_1.csv", text)
    tried = shop("import", packed, "--dry-run")
    words = [" ".join(line.split()) for line in tried.out.splitlines()]
    assert [line for line in words if line.startswith("LATITUDE")] == [
        "LATITUDE, LONGITUDE, GMTOFF, DSTOFF, TIMEZONE and 1 more 2 files exact places are not taken in"
    ]
    assert words.count("email customers Email Address") == 1
    assert tried.err.count("Times of Mailchimp carry no zone") == 1


def test_one_person_is_said_in_the_singular():
    assert why_not("never-asked", 1) == "was never asked"
    assert why_not("never-asked", 2) == "were never asked"


def test_a_workbook_is_imported_by_the_sheet_that_is_named(shop: Run, tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["what this is"])
    sheet = book.create_sheet("Customers")
    for row in (["user_id", "email"], ["00942", "newcomer@example.org"], ["00943", "no address"]):
        sheet.append(row)
    book.save(tmp_path / "shop.xlsx")
    tried = shop("import", tmp_path / "shop.xlsx", "--map", "sheet=Customers", "--dry-run", "--json")
    assert tuple(tried.document["files"][0][name] for name in ("would_be_kept", "rejected")) == (1, 1)
    ended = shop("import", tmp_path / "shop.xlsx", "--map", "sheet=Customers")
    assert ended.code == Code.REJECTED
    assert "shop-rejects.csv" in ended.out
