"""The key store's own tables, in a database file of its own, so that a backup of the data holds no key.

They are made on opening and not by the shop's migrations: keys must be at hand before anything else can be read.
"""

import json
from collections.abc import Iterable
from enum import IntEnum
from typing import Any, NamedTuple

from sqlalchemy import Column, Connection, Index, LargeBinary, MetaData, SmallInteger, Table, Text
from sqlalchemy.pool import PoolProxiedConnection

from goodwill.storage.engine import PATIENCE, Database, driver
from goodwill.storage.residue import cut_log
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
# How many tombstones there are is asked whenever a shop is opened.
_TOMBSTONES = Index("ix_person_keys_destroyed", person_keys.c.person, sqlite_where=person_keys.c.state == 2)

# Ids that are to be left alone, as hashes under a secret of their own. They lie here because they must outlast the
# restoring of an older database, as tombstones must: of the two stores this one is always the newest.
left_alone = Table(
    "left_alone",
    _metadata,
    Column("mark", LargeBinary, primary_key=True),
    Column("why", Text, nullable=False),
    Column("since", Whole, nullable=False),
)

# What was last said of the data outside of them, by what it is of: a database that knows less of it is an old one. It
# lies here because this store is kept apart from the data, and of the two is always the newest.
last_known = Table(
    "last_known",
    _metadata,
    Column("name", Text, primary_key=True),
    Column("generation", Whole, nullable=False),
    Column("size", Whole, nullable=False),
    Column("said", Text, nullable=False),
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
    """Make what is not there yet, in a store that an earlier version made too."""
    _metadata.create_all(connection)
    _TOMBSTONES.create(connection, checkfirst=True)


def wrapped_epochs(raw: Any) -> dict[int, bytes]:
    """The wrapped secret of each epoch, oldest first."""
    return dict(raw.execute("SELECT number, wrapped FROM epochs ORDER BY number").fetchall())


def add_epoch(connection: Connection, number: int, wrapped: bytes, now: int) -> None:
    connection.execute(epochs.insert().values(number=number, wrapped=wrapped, created_at=now))


def epoch_begun_at(raw: Any, number: int) -> int:
    """When an epoch began."""
    at: int = raw.execute("SELECT created_at FROM epochs WHERE number = ?", (number,)).fetchall()[0][0]
    return at


def drop_epochs_before(connection: Connection, number: int) -> None:
    """Destroy the wrapped secrets of earlier epochs: overwritten, then removed."""
    raw = driver(connection)
    raw.execute("UPDATE epochs SET wrapped = zeroblob(length(wrapped)) WHERE number < ?", (number,))
    raw.execute("DELETE FROM epochs WHERE number < ?", (number,))


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


def live_before(raw: Any, epoch: int, *, after: int, limit: int) -> list[Line]:
    """Live keys that are wrapped in an earlier epoch, by rising numbers from behind one on."""
    question = f"{_LINE} WHERE person > ? AND state = 1 AND epoch < ? ORDER BY person LIMIT ?"
    return [Line(*row) for row in raw.execute(question, (after, epoch, limit)).fetchall()]


def wrap_anew(connection: Connection, rows: Iterable[tuple[int, bytes, int]]) -> None:
    """Put wrapped keys in the place of those of an earlier epoch: each row is epoch, wrapped, person."""
    driver(connection).executemany("UPDATE person_keys SET epoch = ?, wrapped = ? WHERE person = ? AND state = 1", rows)


def destroyed(raw: Any) -> list[int]:
    """Everybody whose key was destroyed."""
    return [row[0] for row in raw.execute("SELECT person FROM person_keys WHERE state = 2 ORDER BY person").fetchall()]


def count_destroyed(raw: Any) -> int:
    count: int = raw.execute("SELECT count(*) FROM person_keys WHERE state = 2").fetchall()[0][0]
    return count


def any_destroyed_in(raw: Any, epoch: int) -> bool:
    """Whether a key was destroyed that was wrapped in an epoch."""
    question = "SELECT EXISTS (SELECT 1 FROM person_keys WHERE state = 2 AND epoch = ?)"
    return bool(raw.execute(question, (epoch,)).fetchall()[0][0])


# ---- whom to leave alone -------------------------------------------------------------------------------------------


def add_left_alone(connection: Connection, marks: Iterable[bytes], why: str, now: int) -> None:
    """Add marks to the list; one that stands there keeps its first moment, and the stronger of the two reasons."""
    driver(connection).executemany(
        "INSERT INTO left_alone (mark, why, since) VALUES (?, ?, ?) "
        "ON CONFLICT (mark) DO UPDATE SET why = excluded.why WHERE excluded.why = 'erasure'",
        [(mark, why, now) for mark in marks],
    )


def leave_alone_for_mail_only(connection: Connection, marks: Iterable[bytes]) -> None:
    """Let marks that an erasure put on the list come in again; that nobody writes to them stays."""
    driver(connection).executemany(
        "UPDATE left_alone SET why = 'unsubscribe' WHERE mark = ? AND why = 'erasure'", [(mark,) for mark in marks]
    )


def left_alone_among(raw: Any, marks: Iterable[bytes]) -> dict[bytes, str]:
    """Which of some marks are on the list, and why."""
    listed = json.dumps([mark.hex() for mark in marks])
    question = "SELECT mark, why FROM left_alone WHERE mark IN (SELECT unhex(value) FROM json_each(?))"
    return {bytes(row[0]): row[1] for row in raw.execute(question, (listed,)).fetchall()}


def any_left_alone(raw: Any) -> bool:
    return bool(raw.execute("SELECT EXISTS (SELECT 1 FROM left_alone)").fetchall()[0][0])


def drop_left_alone(connection: Connection, marks: Iterable[bytes]) -> int:
    """Take marks off the list, and tell how many stood there."""
    raw = driver(connection)
    before = raw.total_changes
    raw.executemany("DELETE FROM left_alone WHERE mark = ?", [(mark,) for mark in marks])
    changed: int = raw.total_changes - before
    return changed


# ---- what was last known of the data -------------------------------------------------------------------------------


def last_said(raw: Any, name: str) -> str:
    """What was last said of something; "" for nothing."""
    rows = raw.execute(f"SELECT said FROM {last_known.name} WHERE name = ?", (name,)).fetchall()
    return str(rows[0][0]) if rows else ""


def keep_last(connection: Connection, name: str, generation: int, size: int, said: str) -> None:
    """Keep what was said of something, unless what stands there is of a later generation, or longer."""
    driver(connection).execute(
        "INSERT INTO last_known (name, generation, size, said) VALUES (?, ?, ?, ?) ON CONFLICT (name) DO UPDATE "
        "SET generation = excluded.generation, size = excluded.size, said = excluded.said "
        "WHERE (excluded.generation, excluded.size) >= (last_known.generation, last_known.size)",
        (name, generation, size, said),
    )


# ---- the write-ahead log -------------------------------------------------------------------------------------------


def empty_log(database: Database, *, patience: float = PATIENCE) -> bool:
    """Cut what was overwritten out of the write-ahead log; False while somebody still reads an old page."""
    return cut_log(database, patience=patience)
