"""The key store's own tables, in a database file of its own, so that a backup of the data holds no key.

They are made on opening and not by the shop's migrations: keys must be at hand before anything else can be read.
"""

import json
from collections.abc import Iterable
from enum import IntEnum
from typing import Any, NamedTuple

from sqlalchemy import Column, Connection, LargeBinary, MetaData, SmallInteger, Table, Text
from sqlalchemy.pool import PoolProxiedConnection

from goodwill.storage.engine import Database, driver
from goodwill.storage.schema import Whole

_metadata = MetaData()

epochs = Table(
    "epochs",
    _metadata,
    Column("number", Whole, primary_key=True, autoincrement=False),
    Column("wrapped", LargeBinary, nullable=False),
    Column("created_at", Whole, nullable=False),
)

# Secrets of the shop itself, by what they are for: made at the first use, kept as long as the shop.
named_secrets = Table(
    "named_secrets",
    _metadata,
    Column("name", Text, primary_key=True),
    Column("wrapped", LargeBinary, nullable=False),
    Column("created_at", Whole, nullable=False),
)

person_keys = Table(
    "person_keys",
    _metadata,
    Column("person", Whole, primary_key=True, autoincrement=False),
    Column("epoch", Whole, nullable=False),
    Column("wrapped", LargeBinary, nullable=False),  # zeros once destroyed
    Column("state", SmallInteger, nullable=False),
    Column("changed_at", Whole, nullable=False),
)


def held_open(database: Database) -> tuple[PoolProxiedConnection, Any]:
    """A connection kept for reading, and the driver's own inside it: a key is looked up for every sealed field."""
    held = database.engine.raw_connection()
    return held, held.driver_connection


class State(IntEnum):
    """What a row says; no row means that no key was ever made."""

    LIVE = 1
    DESTROYED = 2


class Line(NamedTuple):
    """One person's row."""

    person: int
    epoch: int
    wrapped: bytes
    state: int
    changed_at: int


_LINE = f"SELECT person, epoch, wrapped, state, changed_at FROM {person_keys.name}"
_ONE = f"{_LINE} WHERE person = ?"
_SOME = f"{_LINE} WHERE person IN (SELECT value FROM json_each(?))"
_STATES = "SELECT person, state FROM person_keys WHERE person IN (SELECT value FROM json_each(?))"
_ADD = "INSERT INTO person_keys (person, epoch, wrapped, state, changed_at) VALUES (?, ?, ?, ?, ?)"
_OVERWRITE = (
    "UPDATE person_keys SET wrapped = zeroblob(length(wrapped)), state = 2, changed_at = ? "
    "WHERE state <> 2 AND person IN (SELECT value FROM json_each(?))"
)
_TOMBSTONE = (
    "INSERT INTO person_keys (person, epoch, wrapped, state, changed_at) "
    "SELECT value, ?, zeroblob(0), 2, ? FROM json_each(?) WHERE true ON CONFLICT (person) DO NOTHING"
)


def make_tables(connection: Connection) -> None:
    _metadata.create_all(connection)


def wrapped_epochs(raw: Any) -> dict[int, bytes]:
    """The wrapped secret of each epoch, oldest first."""
    return dict(raw.execute("SELECT number, wrapped FROM epochs ORDER BY number").fetchall())


def add_epoch(connection: Connection, number: int, wrapped: bytes, now: int) -> None:
    connection.execute(epochs.insert().values(number=number, wrapped=wrapped, created_at=now))


def wrapped_secret(raw: Any, name: str) -> bytes | None:
    """The wrapped secret of a name, if it was ever made."""
    rows = raw.execute("SELECT wrapped FROM named_secrets WHERE name = ?", (name,)).fetchall()
    return rows[0][0] if rows else None


def add_secret(connection: Connection, name: str, wrapped: bytes, now: int) -> None:
    connection.execute(named_secrets.insert().values(name=name, wrapped=wrapped, created_at=now))


def line_of(raw: Any, person: int) -> Line | None:
    rows = raw.execute(_ONE, (person,)).fetchall()
    return Line(*rows[0]) if rows else None


def lines_of(raw: Any, persons: Iterable[int]) -> dict[int, Line]:
    rows = raw.execute(_SOME, (json.dumps(list(persons)),)).fetchall()
    return {row[0]: Line(*row) for row in rows}


def states_of(raw: Any, persons: Iterable[int]) -> dict[int, int]:
    return dict(raw.execute(_STATES, (json.dumps(list(persons)),)).fetchall())


def last_person(raw: Any) -> int:
    """The highest number that ever had a row; 0 while there is none."""
    number: int = raw.execute("SELECT coalesce(max(person), 0) FROM person_keys").fetchall()[0][0]
    return number


def add_lines(connection: Connection, lines: Iterable[Line]) -> None:
    driver(connection).executemany(_ADD, lines)


def overwrite(connection: Connection, persons: Iterable[int], *, epoch: int, now: int) -> None:
    """Put zeros in place of the wrapped keys; whoever never had one gets a tombstone all the same."""
    raw, listed = driver(connection), json.dumps(list(persons))
    raw.execute(_OVERWRITE, (now, listed))
    raw.execute(_TOMBSTONE, (epoch, now, listed))


def empty_log(database: Database) -> bool:
    """Copy the write-ahead log into the file and cut it to nothing; False while somebody still reads an old page."""
    with database.engine.connect() as connection:
        # Outside a transaction: a checkpoint cannot run inside one. The driver waits for readers as for any lock.
        raw: Any = connection.connection.driver_connection
        busy: int = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()[0][0]
    return busy == 0
