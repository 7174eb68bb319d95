"""Excel workbooks: one sheet, read as the table of text that it stands for.

Numbers, dates and yes or no become the words that a person sees, without the noise of how a spreadsheet keeps them.
A workbook is looked through before it is opened: a few kilobytes of it can claim more cells than any machine has.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Final

import python_calamine as calamine

from goodwill.basics.errors import BadFile, BadInput
from goodwill.collect.files import Part, archive_of
from goodwill.collect.separated import Rows
from goodwill.collect.tables import told_apart

MOST_CELLS: Final = 10_000_000  # a third of a gibibyte while it is read
_STRETCH: Final = 5_000  # rows of one chunk
_EXACT: Final = 2**53  # whole numbers below this are what somebody typed; larger ones were rounded

Value = str | float | bool | date | datetime | time | timedelta


@dataclass(frozen=True)
class Sheet:
    """One sheet of a workbook.

    Attributes:
        place: the sheet's, among all of the workbook.
        first: the row of the headings; the first row is 1.
        columns: how many there are, with the empty ones in between.
        errors: what cells show that a formula failed in, by row and column, both from 0.
    """

    part: Part
    place: int
    headings: tuple[str, ...]
    first: int
    columns: int
    errors: Mapping[tuple[int, int], str]
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.part.name

    def chunks(self, wanted: Sequence[str] | None = None) -> Iterator[Rows]:  # noqa: ARG002  a sheet is read whole anyway
        flat: list[str] = []
        lines: list[int] = []
        for line, cells in _rows(self.part, self.place, self.errors):
            if line <= self.first or not any(cells):
                continue
            flat.extend(_filled(cells, self.columns))
            lines.append(line)
            if len(lines) == _STRETCH:
                yield Rows(self.headings, flat, lines)
                flat, lines = [], []
        if lines:
            yield Rows(self.headings, flat, lines)


def open_workbook(part: Part, *, sheet: str | None = None) -> Sheet:
    """Look at a workbook: which sheet is meant, and its headings.

    Args:
        sheet: the one that is meant; else the first that can be seen and holds anything.

    Raises:
        BadFile: it is damaged, too large, or its headings are merged cells.
        BadInput: there is no such sheet.
    """
    names = _files_of(part)
    looked = {place: _looked_through(part, name) for place, name in names.items()}
    with _book(part) as book:
        place = _chosen(part, book, looked, sheet)
        _check_size(part, looked[place])
        merged = book.get_sheet_by_index(place).merged_cell_ranges or []
        notes = _other_sheets(book, looked, place) if sheet is None else ()
    errors = _failed(part, names[place]) if looked[place].has_formulas else {}
    for line, cells in _rows(part, place, errors):
        if any(cells):
            _check_merged(part, line, merged)
            width = max(looked[place].columns, len(cells))
            return Sheet(part, place, told_apart(_filled(cells, width)), line, width, errors, notes)
    raise BadFile(f"{part.name} is empty: the sheet has no row with headings. Save it again with its rows.")


# ---- which sheet ---------------------------------------------------------------------------------------------------


def _chosen(part: Part, book: calamine.CalamineWorkbook, looked: "Mapping[int, _Looked]", sheet: str | None) -> int:
    names = [one.name for one in book.sheets_metadata]
    if sheet is not None:
        same = [place for place in looked if names[place].strip().casefold() == sheet.strip().casefold()]
        if not same:
            there = ", ".join(names[place] for place in looked)
            raise BadInput(f"--map sheet={sheet}: {part.name} has no such sheet. There are: {there}.")
        return same[0]
    full = [place for place in looked if looked[place].cells and _is_seen(book, place)]
    if not full:
        raise BadFile(f"{part.name} is empty: no sheet that can be seen holds anything. Save it again with its rows.")
    return full[0]


def _is_seen(book: calamine.CalamineWorkbook, place: int) -> bool:
    return book.sheets_metadata[place].visible == calamine.SheetVisibleEnum.Visible


def _other_sheets(book: calamine.CalamineWorkbook, looked: "Mapping[int, _Looked]", place: int) -> tuple[str, ...]:
    names = [one.name for one in book.sheets_metadata]
    others = [names[other] for other in looked if other != place and looked[other].cells]
    if not others:
        return ()
    return (f"The sheet '{names[place]}' is read. Others are {', '.join(others)}: say which with --map sheet=NAME.",)


def _check_merged(part: Part, line: int, merged: Sequence[tuple[tuple[int, int], tuple[int, int]]]) -> None:
    for (top, left), (bottom, right) in merged:
        if top <= line - 1 <= bottom and (top, left) != (bottom, right):
            cells = f"{_cell(top, left)}:{_cell(bottom, right)}"
            raise BadFile(
                f"The headings of {part.name} are merged cells ({cells}), so nobody can tell which column has which. "
                "Unmerge them, delete what stands above the headings, give each column a heading of its own, and save."
            )


# ---- what the cells say --------------------------------------------------------------------------------------------


def _rows(part: Part, place: int, errors: Mapping[tuple[int, int], str]) -> Iterator[tuple[int, list[str]]]:
    """The rows of a sheet with their numbers, from 1; empty ones too."""
    failed: dict[int, list[tuple[int, str]]] = {}
    for (row, column), text in errors.items():
        failed.setdefault(row, []).append((column, text))
    with _book(part) as book:
        sheet = book.get_sheet_by_index(place)
        for row, values in enumerate(sheet.iter_rows()):
            cells = [_text(value) for value in values]
            for column, text in failed.get(row, ()):
                cells = _filled(cells, max(column + 1, len(cells)))
                cells[column] = text
            yield row + 1, cells


def _text(value: Value) -> str:
    """A cell as a person sees it, and as Excel would write it into CSV."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime):
        return _to_the_second(value).isoformat(sep=" ")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    return _number(float(value))


def _to_the_second(at: datetime) -> datetime:
    """A spreadsheet keeps times as parts of a day, which miss the second by a hair."""
    whole = (at + timedelta(microseconds=500_000)).replace(microsecond=0)
    return whole if abs(at - whole) < timedelta(milliseconds=1) else at


def _number(value: float) -> str:
    """3.6, not 3.6000000000000001; 900, not 900.0; a whole number that was rounded is written as one."""
    if value.is_integer():
        return str(int(value)) if abs(value) < _EXACT else f"{value:.14E}"
    return f"{Decimal(f'{value:.15g}'):f}"


def _filled(cells: list[str], width: int) -> list[str]:
    return [*cells[:width], *[""] * (width - len(cells))]


def _cell(row: int, column: int) -> str:
    """A cell's name as Excel shows it: AB7."""
    letters, left = "", column + 1
    while left:
        left, letter = divmod(left - 1, 26)
        letters = chr(65 + letter) + letters
    return f"{letters}{row + 1}"


# ---- looked through, before anything is opened ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Looked:
    """What a sheet holds: how many cells, how many rows and columns they reach, and whether formulas are among them."""

    cells: int
    rows: int
    columns: int
    has_formulas: bool


_ANY = re.compile(rb"<(?:\w+:)?c[\s/>]")
_PLACED = re.compile(rb'<(?:\w+:)?c\s(?:[^>]*?\s)?r="([A-Z]{1,3})(\d{1,7})"')
_CELL = re.compile(rb"<(?:\w+:)?c\s([^>]*?)(?:/>|>(.*?)</(?:\w+:)?c>)", re.DOTALL)
_PLACE = re.compile(rb'\br="([A-Z]{1,3})(\d{1,7})"')
_FAILED = re.compile(rb"<(?:\w+:)?v>(#[^<]{1,20})<")
_RESULT = re.compile(rb"<(?:\w+:)?(?:v>[^<]|is>)")
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s/>]")


def _looked_through(part: Part, name: str) -> _Looked:
    with archive_of(part) as archive:
        content = archive.read(name)
    places = _PLACED.findall(content)
    if len(_ANY.findall(content)) != len(places):
        raise BadFile(f"{part.name} does not say where its cells are. Open it in a spreadsheet and save it again.")
    columns = 1 + max(map(_column, {letters for letters, _ in places}), default=-1)
    rows = max(map(int, {number for _, number in places}), default=0)
    return _Looked(len(places), rows, columns, b't="e"' in content or _FORMULA.search(content) is not None)


def _check_size(part: Part, looked: _Looked) -> None:
    if looked.rows * looked.columns > MOST_CELLS:
        raise BadFile(
            f"{part.name} reaches to cell {_cell(looked.rows - 1, looked.columns - 1)}, which is more than "
            f"{MOST_CELLS:,} cells. Delete what stands far off to the right or below, or save the sheet as 'CSV UTF-8' "
            "and import that."
        )


def _failed(part: Part, name: str) -> dict[tuple[int, int], str]:
    """What cells show in which a formula failed.

    Raises:
        BadFile: a formula was never worked out.
    """
    with archive_of(part) as archive:
        content = archive.read(name)
    failed: dict[tuple[int, int], str] = {}
    for found in _CELL.finditer(content):
        place, inside = _PLACE.search(found[1]), found[2] or b""
        if place is None:
            continue
        row, column = int(place[2]) - 1, _column(place[1])
        if b't="e"' in found[1]:
            said = _FAILED.search(inside)
            failed[row, column] = said[1].decode("utf-8", "replace") if said is not None else "#VALUE!"
        elif _FORMULA.search(inside) and not _RESULT.search(inside) and b't="str"' not in found[1]:
            raise BadFile(
                f"{part.name} holds a formula without its result in cell {_cell(row, column)}: a program wrote it. "
                "Open it in a spreadsheet, save it there, and import it again."
            )
    return failed


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1


_SHEET = re.compile(rb"<(?:\w+:)?sheet\b[^>]*>")
_RELATION = re.compile(rb"<(?:\w+:)?Relationship\b[^>]*>")
_NAMED = re.compile(rb'\b\w+:id="([^"]+)"')
_ID, _TARGET = re.compile(rb'\bId="([^"]+)"'), re.compile(rb'\bTarget="([^"]+)"')


def _files_of(part: Part) -> dict[int, str]:
    """The file within the workbook of each sheet that holds cells, by the sheet's place."""
    with archive_of(part) as archive:
        names = {one.filename for one in archive.infolist()}
        if "xl/workbook.xml" not in names or "xl/_rels/workbook.xml.rels" not in names:
            raise _damaged(part)
        book, told = archive.read("xl/workbook.xml"), archive.read("xl/_rels/workbook.xml.rels")
    targets = {_said(_ID, one): _said(_TARGET, one) for one in _RELATION.findall(told)}
    files = {place: targets.get(_said(_NAMED, one), "") for place, one in enumerate(_SHEET.findall(book))}
    inside = {place: name[1:] if name.startswith("/") else f"xl/{name}" for place, name in files.items()}
    return {place: name for place, name in inside.items() if name in names and "worksheets" in name}


def _said(what: re.Pattern[bytes], tag: bytes) -> str:
    found = what.search(tag)
    return found[1].decode("utf-8", "replace") if found is not None else ""


class _book:  # noqa: N801  used as a verb: with _book(part) as book
    """A workbook while it is read; what is wrong with it is said in a sentence."""

    def __init__(self, part: Part) -> None:
        self._part = part

    def __enter__(self) -> calamine.CalamineWorkbook:
        try:
            return calamine.CalamineWorkbook.from_path(self._part.path)
        except (calamine.CalamineError, OSError):
            raise _damaged(self._part) from None

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, calamine.CalamineError):
            raise _damaged(self._part) from None


def _damaged(part: Part) -> BadFile:
    return BadFile(
        f"{part.name} is cut short or damaged, so nothing was taken from it. Open it in a spreadsheet and save it "
        "again."
    )
