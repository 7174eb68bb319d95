"""API keys and repeated requests: what each key may do, and what was already answered once."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import (
    Column,
    Connection,
    Index,
    Row,
    SmallInteger,
    Table,
    Text,
    bindparam,
    delete,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.sql.elements import ColumnElement

from goodwill.basics.clock import DAY, SECOND
from goodwill.storage.engine import is_sqlite
from goodwill.storage.questions import Question
from goodwill.storage.schema import Whole, metadata

# What the driver raises when the database cannot be reached; the faces say "try later" and nothing of its address.
AWAY = (OperationalError, InterfaceError)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Text, primary_key=True),  # the public part, shown in lists and logs
    Column("name", Text, nullable=False),
    Column("hash", Text, nullable=False),  # SHA-256 of a 256-bit random secret
    Column("scopes", Text, nullable=False),  # space-separated
    Column("created_at", Whole, nullable=False),
    Column("used_at", Whole),
    Column("revoked_at", Whole),
    Column("public", SmallInteger, nullable=False, server_default="0"),  # 1: it stands on pages, anybody may have it
    Column("origins", Text, nullable=False, server_default=""),  # space-separated; empty: any
)
Index("ix_api_keys_hash", api_keys.c.hash, unique=True)

# A request that carries an Idempotency-Key is worked on once; its answer is kept for a day. Only hashes of the key's
# name and of the body are kept: callers like to put names into both. Answers name nobody.
idempotency = Table(
    "idempotency",
    metadata,
    Column("api_key", Text, primary_key=True),
    Column("name", Text, primary_key=True),  # SHA-256 of the header's value
    Column("request", Text, nullable=False),  # SHA-256 of what was asked
    Column("answer", Text),  # JSON; null: still being worked on
    Column("at", Whole, nullable=False),
)
Index("ix_idempotency_at", idempotency.c.at)

ANSWERS_KEPT = DAY
ABANDONED_AFTER = 60 * SECOND  # a request that was cut off by a crash may be made again after this


class Scope(StrEnum):
    """What a key may be allowed to do."""

    COLLECT = "collect"
    DECIDE = "decide"
    CONSENT = "consent"
    READ = "read"
    EXPORT = "export"
    REQUESTS = "requests"
    ERASE = "erase"
    PEOPLE = "people"
    SEGMENTS = "segments"


SCOPES = {
    Scope.DECIDE: "ask for suggestions, and whether a purpose is allowed",
    Scope.CONSENT: "write answers to the consent ledger and read them",
    Scope.READ: "read what was allowed and decided, one person at a time",
    Scope.EXPORT: "fetch a person's own copy: everything held about them, in clear",
    Scope.REQUESTS: "enter what customers ask for (a copy, an erasure), and work on it",
    Scope.ERASE: "erase a person for good",
    Scope.PEOPLE: "say who is who: list pairs, merge two people, take a merge back",
    Scope.SEGMENTS: "make segments, and count how many people each is for; it names nobody",
    Scope.COLLECT: "send in what happens, as Segment's libraries do",
}


@dataclass(frozen=True, slots=True)
class Key:
    """An API key as it may be shown: everything but its secret.

    Attributes:
        id: the public part.
        used_at: when it was last used, to the minute.
        revoked_at: since when it opens nothing; None while it does.
        public: whether it stands on pages, so that anybody may have it.
        origins: the sites whose pages may use it; none: any.
    """

    id: str
    name: str
    scopes: frozenset[Scope]
    created_at: int
    used_at: int | None
    revoked_at: int | None
    public: bool = False
    origins: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Claim:
    """Whether a request is new, still being worked on, answered already, or another one under the same name."""

    is_new: bool
    is_same: bool
    answer: str | None


def add_key(connection: Connection, key: Key, hash_: str) -> None:
    connection.execute(
        insert(api_keys).values(
            id=key.id,
            name=key.name,
            hash=hash_,
            scopes=" ".join(sorted(key.scopes)),
            created_at=key.created_at,
            public=int(key.public),
            origins=" ".join(key.origins),
        )
    )


def keys(connection: Connection) -> list[Key]:
    """All keys, oldest first, the revoked ones too."""
    rows = connection.execute(select(api_keys).order_by(api_keys.c.created_at, api_keys.c.id))
    return [_key(row) for row in rows]


def key_and_hash(connection: Connection, key_id: str) -> tuple[Key, str] | None:
    """One key with the hash of its secret, for the check at the door."""
    found = [_Row(*row) for row in _KEY.ask(connection, id=key_id)]
    return (_key(found[0]), found[0].hash) if found else None


class _Row(NamedTuple):
    """A row of the keys, in the order of its columns."""

    id: str
    name: str
    hash: str
    scopes: str
    created_at: int
    used_at: int | None
    revoked_at: int | None
    public: int
    origins: str


_KEY = Question(lambda _: select(api_keys).where(api_keys.c.id == bindparam("id")))


def closed(connection: Connection, key_ids: Sequence[str]) -> frozenset[str]:
    """Those of some keys that open nothing any more."""
    return frozenset(key_ids) - {row[0] for row in _OPEN.ask(connection, ids=key_ids)}


_OPEN = Question(
    lambda lists: select(api_keys.c.id).where(api_keys.c.id.in_(lists.texts("ids")), api_keys.c.revoked_at.is_(None))
)


def _key(row: Row[Any] | _Row) -> Key:
    scopes = frozenset(Scope(scope) for scope in row.scopes.split())
    return Key(
        row.id, row.name, scopes, row.created_at, row.used_at, row.revoked_at, bool(row.public),
        tuple(row.origins.split()),
    )  # fmt: skip


def note_revoked(connection: Connection, key_id: str, *, now: int) -> None:
    """Close a key; the first time counts."""
    first = api_keys.c.revoked_at.is_(None)
    connection.execute(update(api_keys).where(api_keys.c.id == key_id, first).values(revoked_at=now))


def note_used(connection: Connection, key_id: str, *, now: int, every: int) -> None:
    """Write down that a key was used, unless that was done less than ``every`` microseconds ago."""
    due = or_(api_keys.c.used_at.is_(None), api_keys.c.used_at <= now - every)
    connection.execute(update(api_keys).where(api_keys.c.id == key_id, due).values(used_at=now))


def claim(connection: Connection, api_key: str, name: str, request: str, *, now: int) -> Claim:
    """Take a request up under a name, or learn what became of it; after a day the name is free again."""
    connection.execute(delete(idempotency).where(*_named(api_key, name), idempotency.c.at < now - ANSWERS_KEPT))
    if _taken_up(connection, api_key, name, request, now) or _taken_over(connection, api_key, name, request, now):
        return Claim(is_new=True, is_same=True, answer=None)
    row = connection.execute(select(idempotency).where(*_named(api_key, name))).one()
    return Claim(is_new=False, is_same=row.request == request, answer=row.answer)


def _named(api_key: str, name: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return idempotency.c.api_key == api_key, idempotency.c.name == name


def _taken_up(connection: Connection, api_key: str, name: str, request: str, now: int) -> bool:
    insert_new = (sqlite.insert if is_sqlite(connection) else postgresql.insert)(idempotency)
    row = insert_new.values(api_key=api_key, name=name, request=request, answer=None, at=now)
    # SQLAlchemy only keeps the count of an INSERT when told to.
    return connection.execute(row.on_conflict_do_nothing(), execution_options={"preserve_rowcount": True}).rowcount == 1


def _taken_over(connection: Connection, api_key: str, name: str, request: str, now: int) -> bool:
    abandoned = (
        idempotency.c.answer.is_(None),
        idempotency.c.at <= now - ABANDONED_AFTER,
        idempotency.c.request == request,
    )
    again = update(idempotency).where(*_named(api_key, name), *abandoned).values(at=now)
    return connection.execute(again).rowcount == 1


def keep_answer(connection: Connection, api_key: str, name: str, answer: str) -> None:
    connection.execute(update(idempotency).where(*_named(api_key, name)).values(answer=answer))


def drop_old(connection: Connection, *, now: int) -> None:
    """Drop what is kept of requests that were made more than a day ago."""
    connection.execute(delete(idempotency).where(idempotency.c.at < now - ANSWERS_KEPT))


def drop_claim(connection: Connection, api_key: str, name: str) -> None:
    """Let go of a request that failed, so that it can be made again."""
    connection.execute(delete(idempotency).where(*_named(api_key, name), idempotency.c.answer.is_(None)))
