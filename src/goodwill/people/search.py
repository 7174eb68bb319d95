"""Looks for words in every column of every table that can hold text, through SQL: the files of a database are not all.

A database may lie on another machine, and compress what it keeps.
"""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, LargeBinary, Table, Text, inspect, select
from sqlalchemy.sql.expression import column, table

from goodwill.protect.canary import Canaries, Found
from goodwill.storage.schema import load_rooms, metadata

_AT_ONCE = 10_000  # rows


def in_tables(connection: Connection, canaries: Canaries) -> set[Found]:
    """Where some words stand in the tables."""
    load_rooms()
    found: set[Found] = set()
    for one in _tables(connection):
        columns = [one.c[name] for name in _holding_text(one)]
        if not columns:
            continue
        rows = connection.execution_options(yield_per=_AT_ONCE).execute(select(*columns))
        for some in rows.partitions():
            found |= canaries.in_bytes(b"\0".join(_bytes(value) for row in some for value in row), f"table {one.name}")
    return found


def _tables(connection: Connection) -> Iterator[Any]:
    """Every table of the database, also those that no room declares."""
    for name in inspect(connection).get_table_names():
        if name in metadata.tables:
            yield metadata.tables[name]
        else:
            yield table(name, *(column(one["name"], one["type"]) for one in inspect(connection).get_columns(name)))


def _holding_text(one: Table) -> list[str]:
    numbers = ("INTEGER", "BIGINT", "SMALLINT")
    return [each.name for each in one.c if isinstance(each.type, Text | LargeBinary) or str(each.type) not in numbers]


def _bytes(value: object) -> bytes:
    if value is None:
        return b""
    return bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode("utf-8", "surrogatepass")
