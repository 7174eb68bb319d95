"""Files of a shop system whose shape is known: one file may hold orders, their lines and who bought, all at once.

A view shows one of these as a table of its own, whose rows still know their line of the file. All views of a file are
filled in one reading of it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from operator import ne
from typing import Any, Protocol, runtime_checkable

import numpy as np

from goodwill.collect.columns import Column, Held, Marks, Numbers
from goodwill.collect.kinds import plain
from goodwill.collect.tables import Broken, Chunk, Table

Cells = Callable[["Piece"], Sequence[str]]
Passing = Callable[["Piece"], Mapping[str, Marks]]


def every_row(piece: "Piece") -> Marks:
    """All rows of a piece."""
    return np.ones(piece.chunk.rows, bool)


def said(cells: Sequence[str]) -> Marks:
    """Which of some cells say anything."""
    marks: Marks = np.fromiter(map(bool, map(str.strip, cells)), bool, len(cells))
    return marks


def which(cells: Sequence[str], test: Callable[[str], bool]) -> Marks:
    """Which of some cells pass a test; each different cell is tested once."""
    known = {cell: test(cell) for cell in set(cells)}
    marks: Marks = np.fromiter(map(known.__getitem__, cells), bool, len(cells))
    return marks


@dataclass(frozen=True)
class View:
    """One kind of things that a file of a known format holds.

    Attributes:
        says: our field -> the headings that may say it; the first that the file has counts.
        constants: our field -> what is so in all rows.
        rows: which rows of the file are rows of this view.
        cells: heading -> its cells, where they are put together from several.
        fills: facts about people count only where nothing is known yet, as a bill knows less than an account.
        passed: rows that are left out, by the reason that the report gives.
    """

    kind: str
    says: Mapping[str, tuple[str, ...]]
    constants: Mapping[str, str] = field(default_factory=dict)
    rows: Callable[["Piece"], Marks] = every_row
    cells: Mapping[str, Cells] = field(default_factory=dict)
    fills: bool = False
    passed: Passing | None = None


@dataclass(frozen=True)
class Heads:
    """The headings of a file, found by their plain words."""

    table: Table

    @cached_property
    def by_word(self) -> Mapping[str, str]:
        found: dict[str, str] = {}
        for heading in self.table.headings:
            found.setdefault(plain(heading), heading)
        return found

    def has(self, *headings: str) -> bool:
        return all(plain(heading) in self.by_word for heading in headings)

    def first(self, *headings: str) -> str | None:
        """The first of some headings that the file has, as the file writes it."""
        return next((self.by_word[plain(one)] for one in headings if plain(one) in self.by_word), None)


@dataclass(frozen=True)
class Format:
    """A file that a shop system exports, known by its headings.

    Attributes:
        name: what ``--as`` calls it. about: whose it is, for a shopkeeper.
        needs: headings that all have to be there.
        views: what it holds; gives nothing where the file is not of this format after all.
        leave: how a heading begins -> why such a column is not taken in.
        group: the heading of an order's number, where only the first row of an order says what the whole order has.
        filled: headings of which a row that leaves them open has what the first row of its order says.
        reads: further headings that tell what the rest means, such as the state of an order.
        notes: what the owner should know of every such file.
    """

    name: str
    about: str
    needs: tuple[str, ...]
    views: Callable[[Heads], Sequence[View]]
    leave: Mapping[str, str] = field(default_factory=dict)
    group: str | None = None
    filled: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def why_left(self, heading: str) -> str | None:
        """Why a column is not taken in, if this format knows."""
        word = plain(heading)
        return next((why for start, why in self.leave.items() if word == start or word.startswith(f"{start} ")), None)


@dataclass
class Piece:
    """A chunk of a file, and what the order that it begins in the middle of had said before.

    Attributes:
        before: what the last order of the piece before said: its number and the cells of its first row.
    """

    chunk: Chunk
    heading_of: Heads
    group: str | None = None
    filled_headings: tuple[str, ...] = ()
    before: Mapping[str, str] = field(default_factory=dict)
    _texts: dict[str, list[str]] = field(default_factory=dict)
    _filled: dict[str, list[str]] = field(default_factory=dict)

    def cells(self, *headings: str) -> list[str]:
        """A column as texts, under the first of some headings that the file has; blanks where it has none."""
        heading = self.heading_of.first(*headings)
        if heading is None:
            return [""] * self.chunk.rows
        if heading not in self._texts:
            self._texts[heading] = self.chunk.column(heading).texts()
        return self._texts[heading]

    @cached_property
    def heads(self) -> Marks:
        """The rows with which an order begins."""
        if self.group is None:
            return every_row(self)
        numbers = self.cells(self.group)
        marks: Marks = np.fromiter(map(ne, numbers, [self.before.get(self.group), *numbers[:-1]]), bool, len(numbers))
        return marks

    @cached_property
    def head_of(self) -> Numbers:
        """The first row of each row's order; −1 where that stands in the piece before."""
        return np.maximum.accumulate(np.where(self.heads, np.arange(self.chunk.rows), -1))

    def filled(self, *headings: str) -> list[str]:
        """A column in which a row that says nothing has what the first row of its order says."""
        heading = self.heading_of.first(*headings)
        if heading is None or self.group is None:
            return self.cells(*headings)
        if heading not in self._filled:
            cells, before = self.cells(heading), self.before.get(heading, "")
            self._filled[heading] = [
                cell if cell.strip() else cells[head] if head >= 0 else before
                for cell, head in zip(cells, self.head_of.tolist(), strict=True)
            ]
        return self._filled[heading]

    def after(self) -> Mapping[str, str]:
        """What the next piece has to know."""
        if self.group is None or not self.chunk.rows:
            return self.before
        kept = {self.group: self.cells(self.group)[-1]}
        for name in self.filled_headings:
            heading = self.heading_of.first(name)
            if heading is not None:
                head = int(self.head_of[-1])
                kept[heading] = self.cells(heading)[head] if head >= 0 else self.before.get(heading, "")
        return kept


@dataclass(frozen=True)
class Seen:
    """The rows of a piece that one view shows."""

    piece: Piece
    view: View
    at: Numbers
    broken: tuple[Broken, ...] = ()
    passed_rows: Mapping[str, "Seen"] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        return int(self.at.size)

    @cached_property
    def lines(self) -> Sequence[int]:
        lines = self.piece.chunk.lines
        return [lines[row] for row in self.at.tolist()]

    @property
    def passed(self) -> Mapping[str, int]:
        return {why: seen.rows for why, seen in self.passed_rows.items() if seen.rows}

    def column(self, name: str) -> Column:
        made = self.view.cells.get(name)
        if made is not None:
            cells = made(self.piece)
            return Column(Held.TEXT, [cells[row] for row in self.at.tolist()])
        here = np.zeros(self.piece.chunk.rows, bool)
        here[self.at] = True
        return self.piece.chunk.column(name).some(here)

    def originals(self, rows: Sequence[int]) -> list[list[str]]:
        """The rows as the file has them; what stands only in the first row of an order is filled in.

        So a row can be mended and come in again by itself.
        """
        at = self.at.tolist()
        originals = self.piece.chunk.originals([at[row] for row in rows])
        headings = self.piece.heading_of.table.headings
        for name in self.piece.filled_headings if self.piece.group is not None else ():
            heading = self.piece.heading_of.first(name)
            if heading is None:
                continue
            place, filled = headings.index(heading), self.piece.filled(heading)
            for cells, row in zip(originals, rows, strict=True):
                if not cells[place].strip():
                    cells[place] = filled[at[row]]
        return originals


class Source(Protocol):
    """A file of which several views are shown.

    Attributes:
        memos: what was read in the file so far and means the same in each view.
    """

    @property
    def memos(self) -> dict[Any, Any]: ...

    def pieces(self) -> Iterator[Any]:
        """The file from first to last; what a view makes of a piece is its own business."""


@runtime_checkable
class Viewed(Protocol):
    """A table that is one view of a file; the others are filled in the same reading."""

    @property
    def known(self) -> Source: ...

    def look(self, piece: Any) -> Chunk:
        """What this view shows of a piece."""


@dataclass(frozen=True)
class Known:
    """A table of a known format."""

    format: Format
    table: Table
    memos: dict[Any, Any] = field(default_factory=dict, compare=False)

    @cached_property
    def heads(self) -> Heads:
        return Heads(self.table)

    def pieces(self) -> Iterator[Piece]:
        """The table from first to last."""
        before: Mapping[str, str] = {}
        group = self.heads.first(self.format.group) if self.format.group else None
        for chunk in self.table.chunks():
            piece = Piece(chunk, self.heads, group, self.format.filled, before)
            yield piece
            before = piece.after()
            del piece, chunk  # or the next one would be read beside them


@dataclass(frozen=True)
class Through:
    """One view of a known file, as a table.

    Attributes:
        takes_broken: whether it answers for the rows that are no rows of the table; one of the views does.
    """

    known: Known
    view: View
    takes_broken: bool = False

    @property
    def name(self) -> str:
        return self.known.table.name

    @property
    def headings(self) -> tuple[str, ...]:
        return self.known.table.headings

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be said of the file; one of its views does."""
        return (*self.known.table.notes, *self.known.format.notes) if self.takes_broken else ()

    def chunks(self, wanted: Sequence[str] | None = None) -> Iterator[Seen]:  # noqa: ARG002  a view asks for its own
        for piece in self.known.pieces():
            yield self.look(piece)

    def look(self, piece: Piece) -> Seen:
        """What this view shows of a piece."""
        here = self.view.rows(piece)
        passed: dict[str, Seen] = {}
        for why, rows in (self.view.passed(piece) if self.view.passed is not None else {}).items():
            passed[why] = Seen(piece, replace(self.view, passed=None), np.flatnonzero(here & rows))
            here = here & ~rows
        broken = piece.chunk.broken if self.takes_broken else ()
        return Seen(piece, self.view, np.flatnonzero(here), broken, passed)


def shared(table: Table, what: object, make: Callable[[], Any]) -> Any:
    """Something that all views of a file read alike, such as which number is which order: it is read once for all."""
    return table.known.memos.setdefault(what, make()) if isinstance(table, Viewed) else make()
