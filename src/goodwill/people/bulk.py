"""Many rows at once, the fastest way each database has: a thousand to a statement in SQLite, COPY in PostgreSQL."""

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import chain, islice
from typing import Any, Final, TypeVar

import msgspec
from sqlalchemy import BigInteger, Connection, LargeBinary, Select, SmallInteger, Table, Text, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY

from goodwill.storage.engine import driver, is_sqlite

Row = TypeVar("Row", bound=Sequence[Any])


def listed(connection: Connection, numbers: Iterable[int]) -> Select[Any]:
    """Whole numbers as a one-column relation to join, however many they are: one parameter instead of one for each.

    A long IN list would make PostgreSQL compare each row with each value where it has no statistics yet.
    """
    given = list(numbers)
    if not is_sqlite(connection):
        return select(func.unnest(literal(given, ARRAY(BigInteger))))
    return select(func.json_each(json.dumps(given)).table_valued("value").c.value)


def add_rows(connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Add rows to a table: their columns are named once, each row gives its values in that order."""
    if is_sqlite(connection):
        raw, named = driver(connection), ", ".join(columns)
        rest = add_blocks(raw, f"INSERT INTO {table.name} ({named})", ["?"] * len(columns), "", rows)
        raw.executemany(f"INSERT INTO {table.name} ({named}) VALUES ({', '.join('?' * len(columns))})", rest)
    else:
        copy(connection, table.name, columns, [postgresql_type(table, column) for column in columns], rows)


BLOCK: Final = 1_000  # rows of one statement; SQLite binds up to 32,766 values


def add_blocks(
    raw: Any, begin: str, values: Sequence[str], end: str, rows: Iterable[Sequence[Any]]
) -> list[Sequence[Any]]:
    """Add rows to a table in SQLite, a thousand at a time, and give those that are left in the end.

    One statement for many rows: between two the driver would give way to other threads, and wait to go on.

    Args:
        values: how each value of a row is written, with one question mark each.
    """
    left, statement = iter(rows), _block(begin, ", ".join(values), end)
    while len(some := list(islice(left, BLOCK))) == BLOCK:
        raw.execute(statement, list(chain.from_iterable(some)))
    return some


@cache
def _block(begin: str, row: str, end: str) -> str:
    return f"{begin} VALUES {', '.join([f'({row})'] * BLOCK)} {end}"


def chunks(rows: Iterable[Sequence[Any]], size: int = 5_000) -> Iterator[str]:
    """Rows as JSON arrays of arrays, for SQLite's ``json_each``."""
    for some in blocks(rows, size):
        yield _encode(some).decode()


def blocks(rows: Iterable[Row], size: int = 5_000) -> Iterator[list[Row]]:
    """Rows in lists of so many."""
    left = iter(rows)
    while some := list(islice(left, size)):
        yield some


_encode: Final = msgspec.json.Encoder().encode


def copy(
    connection: Connection, table: str, columns: Sequence[str], types: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """PostgreSQL's COPY in its binary form, which saves both sides from writing and reading numbers as text."""
    statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT BINARY)"
    with driver(connection).cursor() as cursor, cursor.copy(statement) as stream:
        stream.set_types(types)
        for row in rows:
            stream.write_row(row)


def postgresql_type(table: Table, column: str) -> str:
    """The name of a column's type, as COPY must know it."""
    kind = table.c[column].type
    for mine, name in ((SmallInteger, "int2"), (Text, "text"), (LargeBinary, "bytea")):
        if isinstance(kind, mine):
            return name
    return "int8"
