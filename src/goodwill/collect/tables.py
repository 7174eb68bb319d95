"""A table as its file holds it: named columns, read a chunk at a time, each row with its line."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

from goodwill.collect.columns import Column


@dataclass(frozen=True, slots=True)
class Broken:
    """A row that is no row of this table: too many cells, too few, a quotation mark that never ends."""

    line: int
    value: str
    problem: str
    remedy: str
    cells: tuple[str, ...]


NONE_PASSED: Mapping[str, int] = MappingProxyType({})


class Chunk(Protocol):
    """Some thousand rows of a table."""

    @property
    def rows(self) -> int:
        """How many, without the broken ones."""

    @property
    def lines(self) -> Sequence[int]:
        """The line of the file on which each row begins; its number, in a file without lines."""

    @property
    def broken(self) -> tuple[Broken, ...]: ...

    @property
    def passed(self) -> Mapping[str, int]:
        """Rows of the file that are left out whole, by the reason: cancelled orders, for one."""

    def column(self, name: str) -> Column:
        """One column, by its heading."""

    def originals(self, rows: Sequence[int]) -> list[list[str]]:
        """All cells of some rows, as the file shows them."""


def rows_of(chunk: Chunk) -> int:
    """All rows that a chunk answers for, also the broken ones and those that are left out whole."""
    return chunk.rows + len(chunk.broken) + sum(chunk.passed.values())


class Table(Protocol):
    """A table of a file."""

    @property
    def name(self) -> str:
        """How it is shown."""

    @property
    def headings(self) -> tuple[str, ...]:
        """Its columns; two with one title are told apart by a number."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What the owner should know about how it is read."""

    def chunks(self, wanted: Sequence[str] | None = None) -> Iterator[Chunk]:
        """The rows from first to last; `wanted` says which columns will be asked for (all, unless given)."""


def told_apart(headings: Sequence[str]) -> tuple[str, ...]:
    """Headings without marks and spaces around them; a nameless one gets its number, a repeated one too."""
    names: dict[str, None] = {}
    for number, heading in enumerate(headings, start=1):
        title = name = heading.strip("\ufeff\u200b \t\r\n\xa0") or f"column {number}"
        times = 1
        while name in names:
            times += 1
            name = f"{title} ({times})"
        names[name] = None
    return tuple(names)
