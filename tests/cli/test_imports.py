"""Files come in through the command line: counted in, counted out, and taken back whole."""

from pathlib import Path

import pytest
from tests.cli.conftest import Run

from goodwill.cli.ends import Code

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
    assert ended.document["state"] == "refused"
    assert _bought(shop) == before


def test_a_dry_run_says_what_would_be_kept_and_keeps_nothing(shop: Run, lines):
    before = _bought(shop)
    ended = shop("import", lines, "--dry-run", "--json")
    assert (ended.document["state"], ended.document["kept"], ended.document["id"]) == ("dry-run", 1, None)
    assert _bought(shop) == before
    assert len(shop("import", "list", "--json").document["imports"]) == 1


def test_the_same_files_again_bring_nothing_new(shop: Run, cafe_files):
    ended = shop("import", cafe_files / "order_lines.csv", "--json")
    assert ended.code == Code.DONE
    assert ended.document["kept"] == 0
    assert ended.document["unchanged"] == ended.document["rows"] > 100


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
