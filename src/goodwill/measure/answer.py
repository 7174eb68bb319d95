"""What a measure answers: the figure that was asked for, what belongs beside it, and tables to look at or to draw."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from goodwill.basics.errors import BadInput
from goodwill.measure.figure import Figure, Plain


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    Attributes:
        unit: of its numbers; "" for words, dates and counts.
    """

    name: str
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows that belong together.

    Attributes:
        says: in a sentence, what it shows; it stands beside a chart for those who do not see it.
        rows: each as long as there are columns; None: withheld or not known.
    """

    name: str
    says: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Plain, ...], ...]

    def __post_init__(self) -> None:
        if wrong := [row for row in self.rows if len(row) != len(self.columns)]:
            raise BadInput(f"'{self.name}' has {len(self.columns)} columns, but a row of {len(wrong[0])}.")

    def to_dict(self) -> dict[str, Any]:
        return {
            "name": self.name, "says": self.says,
            "columns": [{"name": one.name, "unit": one.unit} for one in self.columns],
            "rows": [[_soft(value) for value in row] for row in self.rows],
        }  # fmt: skip

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> "Table":
        """The table that `to_dict` gave such a document."""
        columns = tuple(Column(one["name"], one["unit"]) for one in document["columns"])
        return cls(document["name"], document["says"], columns, tuple(_hard(row) for row in document["rows"]))


@dataclass(frozen=True, slots=True)
class Answer:
    """A figure with what belongs to it.

    Attributes:
        query: the words that give it again, such as ``goodwill measure clv --at 2026-11-22``.
    """

    headline: Figure
    others: tuple[Figure, ...] = ()
    tables: tuple[Table, ...] = ()
    query: str = ""

    @property
    def tells(self) -> bool:
        """Whether any number is told in it at all."""
        return any(one.value is not None for one in (self.headline, *self.others)) or any(
            table.rows for table in self.tables
        )

    def to_dict(self) -> dict[str, Any]:
        """For programs; `read` gives it back."""
        return {
            "headline": dict(self.headline.to_dict()),
            "others": [dict(one.to_dict()) for one in self.others],
            "tables": [one.to_dict() for one in self.tables],
            "query": self.query,
        }  # fmt: skip

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> "Answer":
        """The answer that `to_dict` gave such a document."""
        return cls(
            Figure.read(document["headline"]), tuple(map(Figure.read, document["others"])),
            tuple(map(Table.read, document["tables"])), document["query"],
        )  # fmt: skip


def _soft(value: Plain) -> Any:
    return list(map(_soft, value)) if isinstance(value, tuple) else value


def _hard(row: Any) -> Any:
    return tuple(map(_hard, row)) if isinstance(row, list) else row
