"""Columns of a piece of a file, and how a whole column is read at once.

A column of a file repeats itself: one order's number stands on nine lines, "1" in half of all quantities. So each
distinct value is read once and remembered (`Memo`), and a column becomes an array of whole numbers.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from goodwill.basics.clock import moment

Numbers = NDArray[np.int64]
Marks = NDArray[np.bool_]

BLANK = -(2**63)  # the cell says nothing
BAD = -(2**63) + 1  # the cell cannot be read; the memo knows why
MOST_REMEMBERED = 400_000  # values; some 60 MB


class Held(StrEnum):
    """What a column's values are in their file."""

    TEXT = "text"
    WHOLE = "whole"
    NUMBER = "number"  # floating point
    WALL = "wall"  # microseconds of a clock on a wall somewhere: no zone
    MOMENT = "moment"  # microseconds since 1970 in UTC


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a chunk.

    Attributes:
        values: texts, or an int64 or float64 array.
        blank: which cells say nothing, where the values are numbers; a text says nothing when it is empty.
    """

    held: Held
    values: Sequence[str] | NDArray[Any]
    blank: Marks | None = None

    def __len__(self) -> int:
        return len(self.values)

    def text(self, row: int) -> str:
        """One cell as its file would show it."""
        if self.blank is not None and self.blank[row]:
            return ""
        value = self.values[row]
        if self.held in (Held.WALL, Held.MOMENT):
            try:
                at = moment(int(value))
            except OverflowError:  # a year that no calendar of ours has
                return str(value)
            return at.isoformat(sep=" ") if self.held is Held.MOMENT else at.replace(tzinfo=None).isoformat(sep=" ")
        return shown(value)

    def some(self, rows: Marks) -> "Column":
        """Some of the rows."""
        if rows.all():
            return self
        blank = self.blank[rows] if self.blank is not None else None
        if isinstance(self.values, np.ndarray):
            return Column(self.held, self.values[rows], blank)
        return Column(self.held, [self.values[row] for row in np.flatnonzero(rows).tolist()])

    def texts(self) -> list[str]:
        """All cells as texts."""
        if self.held is Held.TEXT:
            return list(self.values)
        return [self.text(row) for row in range(len(self))]


def shown(value: Any) -> str:
    """A value as text: 900 and 900.0 are both "900"."""
    if isinstance(value, str):
        return value
    number = float(value)
    if number.is_integer() and abs(number) < 2**53:
        return str(int(number))
    return str(value)


def runs(values: NDArray[Any]) -> tuple[Numbers, Numbers]:
    """Where stretches of one value begin, and how long they are: the rows of one order stand together."""
    if not values.size:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    starts = np.concatenate(([0], np.flatnonzero(values[1:] != values[:-1]) + 1))
    return starts, np.diff(starts, append=values.size)


class Reason(NamedTuple):
    """Why something cannot be taken: what is the matter, and what helps."""

    problem: str
    remedy: str


class Unreadable(Exception):
    """A value that cannot be read."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__()
        self.reason = Reason(problem, remedy)

    def __str__(self) -> str:
        return ": ".join(self.reason)


class Memo(dict[Any, int]):
    """Values and what they mean as whole numbers; each is read when it is first met.

    Args:
        read: gives a whole number, or None for a blank, or raises `Unreadable`.
    """

    def __init__(self, read: Callable[[Any], int | None]) -> None:
        super().__init__()
        self._read = read
        self._whys: dict[Any, Reason] = {}

    def __missing__(self, value: Any) -> int:
        try:
            number = self._read(value)
        except Unreadable as unreadable:
            meaning = BAD
            self._whys[value] = unreadable.reason
        else:
            meaning = BLANK if number is None else number
        self[value] = meaning
        return meaning

    def of(self, column: Column) -> Numbers:
        """A column's meanings: an int64 array, with BLANK and BAD where there is none."""
        if len(self) > MOST_REMEMBERED:
            self.clear()
            self._whys.clear()
        if isinstance(column.values, np.ndarray):
            return self._of_numbers(column.values, column.blank)
        return np.fromiter(map(self.__getitem__, column.values), np.int64, len(column.values))

    def _of_numbers(self, values: NDArray[Any], blank: Marks | None) -> Numbers:
        starts, lengths = runs(values)
        heads = values[starts].tolist()
        meanings = np.repeat(np.fromiter(map(self.__getitem__, heads), np.int64, len(heads)), lengths)
        if blank is not None:
            meanings[blank] = BLANK
        return meanings

    def why(self, value: Any) -> Reason:
        """Why a value cannot be read."""
        if value not in self._whys:  # forgotten meanwhile
            self.__missing__(value)
        return self._whys[value]
