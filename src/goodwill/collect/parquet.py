"""Parquet files: columns with types, read by DuckDB a stretch of rows at a time."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from goodwill.basics.errors import BadFile
from goodwill.collect.columns import Column, Held
from goodwill.collect.files import Part
from goodwill.collect.tables import NONE_PASSED, Broken, told_apart

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_STRETCH = 40_000  # rows of one chunk
_WHOLE = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"}
_NUMBER = {"FLOAT", "DOUBLE"}
_WALL = {"TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "DATE"}
_MOMENT = {"TIMESTAMP WITH TIME ZONE"}


@dataclass(frozen=True, slots=True)
class Stretch:
    """A chunk of a Parquet file. Its rows have numbers from 1 in place of lines."""

    source: "Parquet"
    duck: "DuckDBPyConnection"
    read: dict[str, Column]
    lines: range
    broken: tuple[Broken, ...] = ()

    @property
    def rows(self) -> int:
        return len(self.lines)

    @property
    def passed(self) -> Mapping[str, int]:
        return NONE_PASSED

    def column(self, name: str) -> Column:
        return self.read[name]

    def originals(self, rows: Sequence[int]) -> list[list[str]]:
        wanted = [self.lines[row] - 1 for row in rows]
        question = (
            f"SELECT file_row_number, {self.source.texts} FROM {_SOURCE} WHERE file_row_number IN (SELECT unnest(?))"
        )
        rows_found = self.duck.execute(question, [_literal(self.source.part), wanted]).fetchall()
        found = {row[0]: list(row[1:]) for row in rows_found}
        return [found[row] for row in wanted]


@dataclass(frozen=True)
class Parquet:
    """A Parquet file.

    Attributes:
        held: what each column's values are.
        rows: how many rows it says it has.
    """

    part: Part
    headings: tuple[str, ...]
    names: tuple[str, ...]
    held: tuple[Held, ...]
    rows: int
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.part.name

    def chunks(self, wanted: Sequence[str] | None = None) -> Iterator[Stretch]:
        chosen = [number for number, name in enumerate(self.headings) if wanted is None or name in wanted]
        words = ", ".join(_expression(self.names[number], self.held[number], number) for number in chosen)
        question = f"SELECT {words or '1'} FROM {_SOURCE} WHERE file_row_number >= ? AND file_row_number < ?"
        with _duck(self.part) as duck:
            for start in range(0, self.rows, _STRETCH):
                stop = min(start + _STRETCH, self.rows)
                found = duck.execute(question, [_literal(self.part), start, stop]).fetchnumpy()
                read = {self.headings[number]: _column(found[f"c{number}"], self.held[number]) for number in chosen}
                yield Stretch(self, duck, read, range(start + 1, stop + 1))

    @property
    def texts(self) -> str:
        """All columns as texts, for a question to DuckDB."""
        return ", ".join(f"coalesce({_quoted(name)}::VARCHAR, '')" for name in self.names)


def open_parquet(part: Part) -> Parquet:
    """Look at a Parquet file.

    Raises:
        BadFile: it is damaged, or DuckDB is not installed.
    """
    with _duck(part) as duck:
        described = duck.execute("DESCRIBE SELECT * FROM read_parquet(?)", [_literal(part)]).fetchall()
        (rows,) = duck.execute("SELECT count(*) FROM read_parquet(?)", [_literal(part)]).fetchall()[0]
    names = tuple(row[0] for row in described)
    return Parquet(part, told_apart(names), names, tuple(_held(row[1]) for row in described), rows)


_SOURCE = "read_parquet(?, file_row_number = true)"


class _duck:  # noqa: N801  used as a verb: with _duck(part) as duck
    """A DuckDB of its own for one reading, whose errors name the file."""

    def __init__(self, part: Part) -> None:
        self._name = part.name

    def __enter__(self) -> "DuckDBPyConnection":
        try:
            import duckdb  # heavy, and an extra: only who imports Parquet needs it
        except ModuleNotFoundError:
            raise BadFile(
                f"{self._name} is a Parquet file, which needs DuckDB: pip install 'goodwill[columns]', or export CSV."
            ) from None
        self._error, self._too_large = duckdb.Error, duckdb.OutOfMemoryException
        self._duck = duckdb.connect(config={"threads": 1, "memory_limit": "256MB"})
        return self._duck

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        self._duck.close()
        if isinstance(error, self._too_large):
            raise BadFile(
                f"The row groups of {self._name} are too large to be read here. Write it again with smaller ones, "
                "such as 100,000 rows each, or export CSV."
            ) from None
        if isinstance(error, self._error):
            raise BadFile(
                f"{self._name} is cut short or damaged, so nothing was taken from it. Download it again, or write it "
                "again."
            ) from None


def _literal(part: Part) -> str:
    """The path with DuckDB's wildcards taken literally."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in str(part.path.absolute()))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _held(kind: str) -> Held:
    if kind in _WHOLE:
        return Held.WHOLE
    if kind in _NUMBER:
        return Held.NUMBER
    if kind in _WALL:
        return Held.WALL
    return Held.MOMENT if kind in _MOMENT else Held.TEXT


def _expression(name: str, held: Held, number: int) -> str:
    column = _quoted(name)
    ways = {
        Held.WHOLE: f"{column}::BIGINT",
        Held.NUMBER: f"{column}::DOUBLE",
        Held.WALL: f"epoch_us({column}::TIMESTAMP)",
        Held.MOMENT: f"epoch_us({column})",
        Held.TEXT: f"coalesce({column}::VARCHAR, '')",
    }
    return f"{ways[held]} AS c{number}"


def _column(found: NDArray[Any], held: Held) -> Column:
    if held is Held.TEXT:
        return Column(held, found.tolist())
    blank = np.ma.getmaskarray(found) if isinstance(found, np.ma.MaskedArray) else None
    values = np.ma.getdata(found)
    if held is Held.NUMBER:
        nothing = np.isnan(values)
        blank = nothing if blank is None else blank | nothing
    if blank is not None:
        values = np.where(blank, values.dtype.type(0), values)
    return Column(held, values, blank if blank is not None and blank.any() else None)
