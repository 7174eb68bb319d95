"""Objects of a known format, unrolled into tables: an order is a row of orders, and a row for each of its lines.

Columns are named by where they stand in the object: ``billing.email``, or ``line_items[].sku`` within each line.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from goodwill.collect.columns import Column, Held
from goodwill.collect.kinds import plain, vocabulary
from goodwill.collect.recognise import ANSWERS, Left, Recognised
from goodwill.collect.records import Batch, Record, Records, cell_of
from goodwill.collect.tables import Broken

Cell = Callable[[Record, Record], str]  # of an object, and of the item of it that is unrolled


@dataclass(frozen=True)
class Unrolling:
    """One kind of things that objects of a format hold.

    Attributes:
        says: our field -> where it may stand; the first place that says something counts.
        each: the list whose items are the rows; without it each object is a row.
        made: our field -> how its cell is put together.
        constants, fills: as in `views.View`.
        only: which objects have a row.
        passed: why an object is left out whole; "" if it is not.
    """

    kind: str
    says: Mapping[str, tuple[str, ...]]
    each: str | None = None
    made: Mapping[str, Cell] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    fills: bool = False
    only: Callable[[Record], bool] = lambda _: True
    passed: Callable[[Record], str] = lambda _: ""


@dataclass(frozen=True)
class JsonFormat:
    """Objects that a shop system's interface gives, known by their keys.

    Attributes:
        knows: whether an object is one of these.
        leave: how a key begins -> why it is not taken in.
    """

    name: str
    about: str
    knows: Callable[[Record], bool]
    views: tuple[Unrolling, ...]
    leave: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def place(record: Any, path: str) -> Any:
    """What stands at a place of an object; None if nothing does."""
    for key in path.split("."):
        if isinstance(record, list) and key.isdecimal():
            record = record[int(key)] if int(key) < len(record) else None
        elif isinstance(record, Mapping):
            record = record.get(key)
        else:
            return None
    return record


def items(record: Record, path: str) -> list[Record]:
    """The objects of a list within an object."""
    found = place(record, path)
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


@dataclass(frozen=True)
class UnrolledRows:
    """The rows that one view makes of some objects."""

    view: "Unrolled"
    pairs: Sequence[tuple[Record, Record]]
    lines: Sequence[int]
    broken: tuple[Broken, ...] = ()
    passed_rows: Mapping[str, "UnrolledRows"] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        return len(self.pairs)

    @property
    def passed(self) -> Mapping[str, int]:
        return {why: rows.rows for why, rows in self.passed_rows.items() if rows.rows}

    def column(self, name: str) -> Column:
        cell = self.view.cells[name]
        return Column(Held.TEXT, [cell(*pair) for pair in self.pairs])

    def originals(self, rows: Sequence[int]) -> list[list[str]]:
        """The rows as a plain table under our own fields, so that they can be mended and come in again."""
        view = self.view
        cells = [view.cells[view.columns[name]] for name in view.columns]
        return [[*(cell(*self.pairs[row]) for cell in cells), *view.constants.values()] for row in rows]


@dataclass(frozen=True)
class Unrolled:
    """One view of a file of objects, as a table.

    Attributes:
        columns: our field -> the name of its column.
        cells: the name of a column -> how a cell of it is read.
    """

    known: Records
    unrolling: Unrolling
    columns: Mapping[str, str]
    cells: Mapping[str, Cell]
    constants: Mapping[str, str]
    notes: tuple[str, ...] = ()
    takes_broken: bool = False

    @property
    def name(self) -> str:
        return self.known.name

    @cached_property
    def headings(self) -> tuple[str, ...]:
        return (*self.columns, *self.constants)

    def chunks(self, wanted: Sequence[str] | None = None) -> Iterator[UnrolledRows]:  # noqa: ARG002  as asked for
        for batch in self.known.pieces():
            yield self.look(batch)

    def look(self, batch: Batch) -> UnrolledRows:
        """What this view shows of some objects."""
        kept = _Some(self)
        passed: dict[str, _Some] = {}
        for record, line in zip(batch.records, batch.lines, strict=True):
            if self.unrolling.only(record):
                why = self.unrolling.passed(record)
                (passed.setdefault(why, _Some(self)) if why else kept).add(record, line)
        left_out = {why: some.rows() for why, some in passed.items()}
        return UnrolledRows(self, kept.pairs, kept.lines, batch.broken if self.takes_broken else (), left_out)


class _Some:
    """Rows of a view while they are gathered."""

    def __init__(self, view: Unrolled) -> None:
        self._view = view
        self.pairs: list[tuple[Record, Record]] = []
        self.lines: list[int] = []

    def add(self, record: Record, line: int) -> None:
        each = self._view.unrolling.each
        for item in items(record, each) if each is not None else (record,):
            self.pairs.append((record, item))
            self.lines.append(line)

    def rows(self) -> UnrolledRows:
        return UnrolledRows(self._view, self.pairs, self.lines)


def unrolled(records: Records, format_: JsonFormat, mapping: Mapping[str, str]) -> list[tuple[Unrolled, Recognised]]:
    """The views of a file of objects, each with how it is understood; the first tells what is left behind."""
    said = {plain(name).replace(" ", "-"): column for name, column in mapping.items()}
    shown = [_understood(records, view, said, first=not number) for number, view in enumerate(format_.views)]
    left = tuple(_left_behind(records, format_))
    notes = (f"{records.name} holds {format_.about}.", *format_.notes)
    answer = []
    for number, (view, columns) in enumerate(shown):
        how = Recognised(
            vocabulary().kinds[view.unrolling.kind], columns, view.constants, left if not number else (),
            notes=notes if not number else (), fills=view.unrolling.fills, mark=".",
        )  # fmt: skip
        answer.append((view, how))
    return answer


def _understood(
    records: Records, view: Unrolling, said: Mapping[str, str], *, first: bool
) -> tuple[Unrolled, Mapping[str, str]]:
    kind = vocabulary().kinds[view.kind]
    columns: dict[str, str] = {}
    cells: dict[str, Cell] = {}
    constants = dict(view.constants)
    for name, paths in view.says.items():
        columns[name] = paths[0].replace("[].", f"{view.each}[].", 1) if paths[0].startswith("[].") else paths[0]
        cells[columns[name]] = view.made[name] if name in view.made else _cell(paths)
    for name, column in said.items():
        if name in ANSWERS or name not in kind.fields:
            continue
        constants.pop(name, None)
        columns.pop(name, None)
        if column.startswith("="):
            constants[name] = column[1:]
        else:
            columns[name] = column
            cells[column] = _cell((f"[].{column.rpartition('[].')[2]}", column))
    return Unrolled(records, view, columns, cells, constants, takes_broken=first), columns


def _cell(paths: Sequence[str]) -> Cell:
    """Reads the first of some places that says something; "[]." begins a place within the item."""

    def cell(record: Record, item: Record) -> str:
        for path in paths:
            found = place(item, path[3:]) if path.startswith("[].") else place(record, path)
            text = cell_of(found)
            if text:
                return text
        return ""

    return cell


def _left_behind(records: Records, format_: JsonFormat) -> Iterator[Left]:
    """The keys of the first objects that no view reads."""
    batch = next(records.pieces(), None)
    keys = dict.fromkeys(key for record in (batch.records if batch is not None else ()) for key in record)
    used = {path.partition(".")[0].partition("[")[0] for view in format_.views for paths in view.says.values()
            for path in paths} | {view.each for view in format_.views}  # fmt: skip
    leave = vocabulary().leave
    for key in keys:
        if key in used:
            continue
        word = plain(key)
        why = next((why for start, why in format_.leave.items() if word == start or word.startswith(f"{start} ")), None)
        yield Left(key, why or leave.get(word) or "nothing here uses it")
