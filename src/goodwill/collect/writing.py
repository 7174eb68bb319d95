"""What every kind of file does with a chunk: read it into what will be kept and what is rejected, then write the one.

Reading is pure and remembers what came before in the file, so an interrupted import reads its first rows again and goes
on writing where it stopped.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import Connection

from goodwill.basics.clock import Clock, Micros
from goodwill.basics.ids import Position
from goodwill.collect.columns import MOST_REMEMBERED, Column, Marks, Memo, Numbers, Reason, Unreadable
from goodwill.collect.groups import LINES, Group
from goodwill.collect.kinds import Shape
from goodwill.collect.plans import PartPlan
from goodwill.collect.rejects import Reject
from goodwill.collect.tables import Chunk
from goodwill.collect.values import read_id
from goodwill.protect import Cipher
from goodwill.purposes import Register


@dataclass(frozen=True, slots=True)
class Tools:
    """What an import needs of the shop.

    Attributes:
        zone: of times that carry none.
        currency: of amounts that name none.
        region: two letters of the country that telephone numbers without a country code belong to.
        level: what the models count; new products get their items by it.
        confirms_all: whether a yes to news counts only once its address is confirmed here, wherever it comes from.
        source: the name of where orders come from; the same order from the same source is the same order.
    """

    cipher: Cipher
    register: Register
    zone: ZoneInfo
    currency: str
    clock: Clock
    region: str | None = None
    level: str = "product"
    source: str = "shop"
    confirms_all: bool = False


@dataclass(frozen=True, slots=True)
class Making:
    """One import that is being made.

    Attributes:
        id: its number; what it writes carries it.
        now: when it began. A resumed import keeps its first beginning, so that it writes what it would have written.
        since: when the same file was first imported; what is said without a time is said then.
    """

    id: int
    now: Micros
    since: Micros


Tell = Callable[[Connection, Position, Position], object]  # the first and the last row that the ledger got


def nobody_listens(_: Connection, _first: Position, _last: Position) -> None:
    """For a shop that tells no other system of its answers."""


@dataclass(frozen=True, slots=True)
class Wrote:
    """What writing a chunk did: rows by what became of them.

    Attributes:
        remarks: what the owner should know of rows that were kept.
    """

    kept: int
    unchanged: int
    rejects: Sequence[Reject] = ()
    remarks: Sequence[Group] = ()
    positions: tuple[Position, Position] | None = None  # first and last row in the consent ledger


@dataclass(frozen=True, slots=True)
class Prepared:
    """A chunk that was read.

    Attributes:
        rows: all rows, rejected and skipped ones included.
        remarks: what the owner should know of rows that will be kept.
        skipped: rows that say nothing, by the reason.
        write: writes the rest.
    """

    rows: int
    rejects: Sequence[Reject]
    write: Callable[[Connection], Wrote]
    skipped: Mapping[str, int] = field(default_factory=dict)
    remarks: Sequence[Group] = ()


class Writer(Protocol):
    """One kind of file."""

    def prepare(self, chunk: Chunk) -> Prepared:
        """Read a chunk; chunks come in the order of the file."""


class Texts(dict[Any, str | None]):
    """Values and the ids (or texts) that they are: "" where nothing is said, None where it cannot be read."""

    def __init__(self, read: Callable[[object], str | None] = read_id) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, value: Any) -> str | None:
        try:
            text = self._read(value) or ""
        except Unreadable:
            text = None
        self[value] = text
        return text

    def of(self, column: Column) -> list[str | None]:
        if len(self) > MOST_REMEMBERED:
            self.clear()
        values = column.values.tolist() if isinstance(column.values, np.ndarray) else column.values
        texts = list(map(self.__getitem__, values))
        if column.blank is not None:
            for row in np.flatnonzero(column.blank).tolist():
                texts[row] = ""
        return texts


class Faults:
    """The first thing that is wrong with each row of a chunk."""

    def __init__(self, part: PartPlan, chunk: Chunk) -> None:
        self._part = part
        self._chunk = chunk
        self._why: list[Callable[[int], tuple[str, str, Reason]]] = []
        self._columns: dict[str, Column] = {}
        self.which = np.full(chunk.rows, -1, np.int16)

    @property
    def none(self) -> Marks:
        """The rows with which nothing is wrong so far."""
        good: Marks = self.which < 0
        return good

    def mark(self, rows: Marks, why: Callable[[int], tuple[str, str, Reason]]) -> None:
        """Something is wrong with some rows; `why` tells column, value and reason of one of them."""
        fresh = rows & self.none
        if fresh.any():
            self.which[fresh] = len(self._why)
            self._why.append(why)

    def unreadable(self, rows: Marks, field: str, memo: Memo) -> None:
        """Some values of a field could not be read."""
        heading = self._part.known.columns.get(field, "")

        def why(row: int) -> tuple[str, str, Reason]:
            column = self._column(heading)
            value = column.values[row]
            return heading, column.text(row), memo.why(value.item() if isinstance(value, np.generic) else value)

        self.mark(rows, why)

    def because(self, rows: Marks, field: str, problem: str, remedy: str) -> None:
        """The same is wrong with a field of some rows."""
        heading, reason = self._part.known.columns.get(field, ""), Reason(problem, remedy)

        def why(row: int) -> tuple[str, str, Reason]:
            return heading, self._column(heading).text(row) if heading else "", reason

        self.mark(rows, why)

    def _column(self, heading: str) -> Column:
        if heading not in self._columns:
            self._columns[heading] = self._chunk.column(heading)
        return self._columns[heading]

    def rejects(self, occurrence: Sequence[int] | None = None) -> list[Reject]:
        """All faulty rows, as they will be reported; asked for once, at the end."""
        faulty = np.flatnonzero(self.which >= 0)
        if not faulty.size:
            return []
        rows, name, lines = faulty.tolist(), self._part.name, self._chunk.lines
        answer = []
        for row, which, cells in zip(rows, self.which[faulty].tolist(), self._chunk.originals(rows), strict=True):
            column, value, (problem, remedy) = self._why[which](row)
            nth = occurrence[row] if occurrence is not None else 0
            answer.append(Reject(name, lines[row], column, value[:200], problem, remedy, tuple(cells), nth))
        self._why.clear()  # the reasons hold the chunk, and are held by it: no memory would come back for long
        return answer


def broken_rows(part: PartPlan, chunk: Chunk) -> list[Reject]:
    """The rows of a chunk that are no rows of its table."""
    return [
        Reject(part.name, row.line, "", row.value[:200], row.problem, row.remedy, row.cells) for row in chunk.broken
    ]


def blank_rows(part: PartPlan, chunk: Chunk, among: Marks) -> Marks:
    """Those of some rows in which no column that we read says anything, as spreadsheets leave below a table."""
    answer = among.copy()
    for heading in part.known.columns.values():
        if not answer.any():
            break
        column = chunk.column(heading)
        for row in np.flatnonzero(answer).tolist():
            answer[row] = not column.text(row).strip()
    return answer


def group_of(part: PartPlan, chunk: Chunk, rows: Numbers, field: str, reason: Reason) -> list[Group]:
    """The same word about a field of some rows, if there are any."""
    if not rows.size:
        return []
    heading = part.known.columns.get(field, "")
    value = chunk.column(heading).text(int(rows[0])) if heading else ""
    lines = tuple(chunk.lines[row] for row in rows[:LINES].tolist())
    return [Group(part.name, heading, *reason, value, lines, rows.size)]


def foreign_money(part: PartPlan, chunk: Chunk, rows: Numbers, codes: Sequence[str], own: str) -> list[Group]:
    """What to know of amounts that are not in the shop's currency.

    Args:
        rows: those that have an amount.
        codes: the currency of each of these rows.
    """
    # A row without a currency of its own has that of its heading, or what was said for all; its amount shows the line.
    fields = part.known.kind.fields
    money = [name for name in part.known.columns if fields[name].shape is Shape.MONEY]
    field = "currency" if "currency" in part.known.columns else money[0]
    answer = []
    for code in sorted(set(codes) - {own}):
        these = rows[np.fromiter((each == code for each in codes), bool, rows.size)]
        reason = Reason(
            f"the amount is kept in {code}, and never added to amounts in {own}, the shop's currency",
            f"if it is {own}, take the import back and import again with --map currency=={own}",
        )
        answer += group_of(part, chunk, these, field, reason)
    return answer
