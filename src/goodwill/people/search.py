"""Looks for words in every column of every table that can hold text, through SQL: the files of a database are not all.

A database may lie on another machine, and compress what it keeps.
"""

from collections.abc import Collection, Iterator
from typing import Any

from sqlalchemy import Connection, LargeBinary, Select, Table, Text, inspect, select, update
from sqlalchemy.sql.expression import column, table

from goodwill.protect.canary import Canaries, Found, Traces
from goodwill.storage.schema import load_rooms, metadata

_AT_ONCE = 10_000  # rows


def in_tables(connection: Connection, canaries: Canaries | Traces, only: Collection[str] | None = None) -> set[Found]:
    """Where some words stand in the tables.

    Args:
        only: names of tables; all unless given.
    """
    load_rooms()
    found: set[Found] = set()
    for one in _tables(connection):
        if only is not None and one.name not in only:
            continue
        for name in _holding_text(one):
            rows = connection.execution_options(yield_per=_AT_ONCE).execute(_values(one, name))
            for some in rows.scalars().partitions():
                found |= canaries.in_bytes(b"\0".join(map(_bytes, some)), f"table {one.name}")
    return found


def blank_free_texts(connection: Connection, canaries: Canaries) -> dict[str, int]:
    """Take texts away that somebody wrote, where some words stand in them and rows may be changed; tells how many.

    A column that takes such texts says so itself: ``info={"free": True}``.
    """
    load_rooms()
    blanked: dict[str, int] = {}
    for one in metadata.sorted_tables:
        for which in one.c:
            if not which.info.get("free"):
                continue
            texts = connection.execute(select(which).where(which.is_not(None)).distinct()).scalars().all()
            hers = [text for text in texts if canaries.in_bytes(text.encode("utf-8", "surrogatepass"), "")]
            if hers:
                gone = connection.execute(update(one).where(which.in_(hers)).values({which: ""})).rowcount
                blanked[one.name] = blanked.get(one.name, 0) + gone
    return blanked


def _values(one: Table, name: str) -> Select[Any]:
    """The values of a column; words that stand in every row, such as a currency, are looked at once."""
    which = one.c[name]
    values = select(which).where(which.is_not(None))
    return values.distinct() if isinstance(which.type, Text) else values


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
    return bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode("utf-8", "surrogatepass")
