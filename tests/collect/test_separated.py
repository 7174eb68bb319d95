"""Tables of text: every row, on its line, whatever stands between the values."""

import csv
import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from goodwill.basics.errors import BadInput
from goodwill.collect import separated
from goodwill.collect.files import parts_of
from goodwill.collect.separated import open_text


def read(path, **said):
    table = open_text(parts_of(path)[0], **said)
    rows, lines, broken = [], [], []
    for chunk in table.chunks():
        rows += chunk.originals(range(chunk.rows))
        lines += chunk.lines
        broken += chunk.broken
    return table, rows, lines, broken


@pytest.mark.parametrize(("mark", "name"), [(",", "commas"), (";", "semicolons"), ("\t", "tabs"), ("|", "bars")])
def test_the_separator_is_seen(write, mark, name):
    path = write("a.csv", f"id{mark}name{mark}price\n1{mark}Rye{mark}3.40\n2{mark}Bun{mark}0.80\n")
    table, rows, lines, broken = read(path)
    assert separated.SEPARATORS[table.separator] == name
    assert (table.headings, rows, lines, broken) == (
        ("id", "name", "price"),
        [["1", "Rye", "3.40"], ["2", "Bun", "0.80"]],
        [2, 3],
        [],
    )


def test_decimal_commas_do_not_hide_semicolons(write):
    path = write("a.csv", "id;price;cost\n1;3,40;1,20\n2;0,80;0,30\n")
    assert read(path)[0].headings == ("id", "price", "cost")


def test_excels_own_first_line_is_no_heading(write):
    table, rows, lines, _ = read(write("a.csv", "sep=;\nid;name\n1;Rye\n"))
    assert (table.headings, rows, lines) == (("id", "name"), [["1", "Rye"]], [3])


def test_a_byte_order_mark_is_no_part_of_a_heading(write):
    table, rows, _, _ = read(write("a.csv", b"\xef\xbb\xbfid,name\n1,Rye\n"))
    assert (table.headings, rows) == (("id", "name"), [["1", "Rye"]])


def test_a_quoted_newline_keeps_the_row_together_and_the_lines_right(write):
    path = write("a.csv", 'id,note\n1,"two\nlines"\n2,one\n3,"a ""word"""\n')
    _, rows, lines, broken = read(path)
    assert rows == [["1", "two\nlines"], ["2", "one"], ["3", 'a "word"']]
    assert (lines, broken) == ([2, 4, 5], [])


def test_rows_of_another_width_are_told_apart_with_their_lines(write):
    path = write("a.csv", "id,name\n1,Rye\n2\n3,Bun,Cake\n\n4,Roll,\n5,Tea\n")
    _, rows, lines, broken = read(path)
    assert (rows, lines) == ([["1", "Rye"], ["4", "Roll"], ["5", "Tea"]], [2, 6, 7])
    assert [(row.line, row.cells) for row in broken] == [(3, ("2",)), (4, ("3", "Bun", "Cake"))]


def test_a_quotation_mark_that_never_ends_is_one_broken_row(write):
    path = write("a.csv", 'id,name\n1,Rye\n2,"Bun\n3,Roll\n4,Tea\n')
    _, rows, _, broken = read(path)
    assert rows == [["1", "Rye"]]
    assert [(row.line, "lines 3 to 5" in row.problem) for row in broken] == [(3, True)]


def test_inches_are_no_open_quotation(write):
    path = write("a.csv", 'id,name\n1,Pan 24"\n2,Pan 28"\n')
    assert read(path)[1:] == ([["1", 'Pan 24"'], ["2", 'Pan 28"']], [2, 3], [])


def test_a_cell_without_end_does_not_eat_the_memory(write, monkeypatch):
    monkeypatch.setattr(separated, "_LONGEST", 1 << 20)
    path = write("a.csv", "id,name\n1," + "x" * (3 << 20))
    with pytest.raises(BadInput, match="no table of text"):
        read(path)


@pytest.mark.parametrize("content", [b"", b"\n\n\n", b"\xef\xbb\xbf", b" \n"])
def test_a_file_without_headings_is_refused(write, content):
    with pytest.raises(BadInput, match="empty"):
        read(write("a.csv", content))


def test_a_line_end_of_another_kind_is_given_back_where_it_stands(write):
    _, rows, _, broken = read(write("a.csv", b"id,name\n1,Rye\n2,B\run\n3,Tea\n"))
    assert (rows, [row.line for row in broken]) == ([["1", "Rye"], ["3", "Tea"]], [3])
    with pytest.raises(BadInput, match="one kind of line end"):
        read(write("b.csv", b"id,na\rme\n1,Rye\n"))


def test_headings_without_a_name_or_with_the_same_are_told_apart(write):
    assert read(write("a.csv", "id,,name,name\n1,2,3,4\n"))[0].headings == ("id", "column 2", "name", "name (2)")


def test_line_ends_of_old_macs_and_of_windows(write):
    for content in (b"id,name\r1,Rye\r2,Bun\r", b"id,name\r\n1,Rye\r\n2,Bun\r\n"):
        assert read(write("a.csv", content))[1] == [["1", "Rye"], ["2", "Bun"]]


def test_a_last_row_without_a_line_end_counts(write):
    assert read(write("a.csv", "id,name\n1,Rye\n2,Bun"))[1] == [["1", "Rye"], ["2", "Bun"]]


CELLS = st.sampled_from(["a", "bb", "", '"x,y"', '"line\nbreak"', '"q""q"', '5" nail', "é", '"cr\r\nlf"', " z "])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(
    st.integers(2, 4).flatmap(lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), max_size=25)),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([7, 19, 64, 1 << 20]),
    st.booleans(),
)
def test_split_or_spelled_every_table_gives_what_csv_gives(write, monkeypatch, rows, end, piece, ended):
    """Pieces of any size, so that quick and careful reading take turns within one file."""
    monkeypatch.setattr(separated, "_PIECE", piece)
    width = len(rows[0]) if rows else 2
    text = ",".join(f"h{n}" for n in range(width)) + end + "".join(",".join(row) + end for row in rows)
    text = text if ended else text.removesuffix(end)
    path = write("a.csv", text)
    expected, lines, before = [], [], 0
    reader = csv.reader(io.StringIO(text, newline=""))
    for row in reader:
        if row:
            expected.append(row)
            lines.append(before + 1)
        before = reader.line_num
    _, found, found_lines, broken = read(path, separator=",")
    assert (found, found_lines, broken) == (expected[1:], lines[1:], [])
