"""Statements that are asked often: put together once, and then handed to the driver itself.

SQLAlchemy needs longer to write a short statement down than either database to answer it.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import msgspec
from sqlalchemy import (
    BigInteger,
    Connection,
    Executable,
    LargeBinary,
    Select,
    Text,
    bindparam,
    cast,
    func,
    literal_column,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from goodwill.storage.engine import driver, is_sqlite


@dataclass(frozen=True)
class Lists:
    """One-column relations of what is given when the question is asked, however many: one parameter each."""

    sqlite: bool
    ways: dict[str, Callable[[Iterable[Any]], Any]] = field(default_factory=dict)  # how each is handed over

    def numbers(self, name: str) -> Select[Any]:
        """Whole numbers."""
        found = self._values(name, BigInteger())
        if not self.sqlite:
            self.ways[name] = whole_numbers
        return found

    def texts(self, name: str) -> Select[Any]:
        """Texts."""
        return self._values(name, Text())

    def hashes(self, name: str) -> Select[Any]:
        """Bytes."""
        if not self.sqlite:
            return self._values(name, LargeBinary())
        self.ways[name] = _hex
        return select(func.unhex(func.json_each(bindparam(name)).table_valued("value").c.value, type_=LargeBinary))

    def rows(self, name: str, *kinds: type[int] | type[str]) -> Select[Any]:
        """Rows of whole numbers and texts."""
        self.ways[name] = _json
        if self.sqlite:
            value: Any = func.json_each(bindparam(name)).table_valued("value").c.value
        else:
            value = func.jsonb_array_elements(bindparam(name, type_=JSONB)).table_valued("value").c.value
        found = [
            cast(value.op("->>")(literal_column(str(n))), BigInteger if kind is int else Text)
            for n, kind in enumerate(kinds)
        ]
        every: Select[Any] = select()
        return every.add_columns(*found)

    def _values(self, name: str, kind: Any) -> Select[Any]:
        if self.sqlite:
            self.ways[name] = _json
            return select(func.json_each(bindparam(name)).table_valued("value").c.value)
        self.ways[name] = list
        return select(func.unnest(bindparam(name, type_=ARRAY(kind))))


Make: TypeAlias = Callable[[Lists], Executable]


class Question:
    """A statement with names for its values.

    Args:
        make: puts it together for the kind of database that its `Lists` knows; what it lists itself, it lists by them.
    """

    def __init__(self, make: Make) -> None:
        self._make = make
        self._made: dict[str, _Made] = {}

    def ask(self, connection: Connection, **values: Any) -> list[tuple[Any, ...]]:
        """The rows that answer it, inside the transaction."""
        made = self._made.get(connection.dialect.name) or self._put_together(connection)
        rows: list[tuple[Any, ...]] = driver(connection).execute(made.text, made.given(values)).fetchall()
        return rows

    def do(self, connection: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
        """Have it done once for each of some rows of values."""
        made = self._made.get(connection.dialect.name) or self._put_together(connection)
        driver(connection).cursor().executemany(made.text, [made.given(row) for row in rows])

    def _put_together(self, connection: Connection) -> "_Made":
        lists = Lists(is_sqlite(connection))
        compiled: Any = self._make(lists).compile(dialect=connection.dialect)  # type: ignore[attr-defined]
        order = tuple(compiled.positiontup) if lists.sqlite else None
        made = self._made[connection.dialect.name] = _Made(str(compiled), compiled.params, lists.ways, order)
        return made


@dataclass(frozen=True)
class _Made:
    text: str
    fixed: Mapping[str, Any]  # what stands in the statement itself
    ways: Mapping[str, Callable[[Iterable[Any]], Any]]
    order: tuple[str, ...] | None  # of values that have places instead of names

    def given(self, values: Mapping[str, Any]) -> Any:
        every = {**self.fixed, **values}
        for name, way in self.ways.items():
            every[name] = way(every[name])
        return every if self.order is None else tuple(every[name] for name in self.order)


_encode: Final = msgspec.json.Encoder().encode


def whole_numbers(values: Iterable[int | None]) -> str:
    """PostgreSQL's own words for an array of whole numbers, which the driver would need longer to find."""
    return f"{{{','.join(['NULL' if value is None else str(value) for value in values])}}}"


def _json(values: Iterable[Any]) -> str:
    return _encode(list(values)).decode()


def _hex(values: Iterable[bytes]) -> str:
    return _encode([value.hex() for value in values]).decode()
