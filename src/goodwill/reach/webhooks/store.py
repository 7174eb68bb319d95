"""Who is told of what, and every message with what became of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Connection, Index, Table, Text, and_, delete, insert, or_, select, update

from goodwill.storage.engine import WEBHOOKS, driver, one_at_a_time
from goodwill.storage.schema import Bytes, Erase, Merge, Personal, Whole, metadata

WAITING, SENDING, SENT, GIVEN_UP = "waiting", "sending", "sent", "given up"

hook_targets = Table(
    "hook_targets",
    metadata,
    Column("id", Whole, primary_key=True),
    Column("url", Text, nullable=False),
    Column("topics", Text, nullable=False),  # space-separated
    Column("secret", Bytes, nullable=False),  # sealed
    Column("old_secret", Bytes),  # sealed; signs as well for a while after a rotation
    Column("old_until", Whole),
    Column("created_at", Whole, nullable=False),
    Column("closed_at", Whole),
    sqlite_autoincrement=True,
)

hook_messages = Table(
    "hook_messages",
    metadata,
    Column("id", Whole, primary_key=True, autoincrement=False),  # random, and the message's webhook-id
    Column("target", Whole, nullable=False),
    Column("topic", Text, nullable=False),
    Column("body", Text, nullable=False),  # JSON: ids only
    Column("person", Whole),
    Column("at", Whole, nullable=False),
    Column("state", Text, nullable=False),
    Column("tries", Whole, nullable=False),
    Column("due_at", Whole, nullable=False),
    Column("reason", Text),  # of the last failure
    Column("lease", Whole),
    Column("leased_until", Whole),
    Column("done_at", Whole),
    info={
        "personal": Personal(
            person="person",
            under="what we told other systems of ours about you, by number",
            erase=Erase.DELETED,
            merge=Merge.STAYS,
            kept="30 days",
            inner=("target", "tries", "due_at", "reason", "lease", "leased_until"),
        )
    },
)
Index("ix_hook_messages_state_due_at", hook_messages.c.state, hook_messages.c.due_at)
Index("ix_hook_messages_person", hook_messages.c.person)


@dataclass(frozen=True, slots=True)
class Target:
    """Who is told of some topics."""

    id: int
    url: str
    topics: tuple[str, ...]
    secret: bytes
    old_secret: bytes | None
    old_until: int | None
    created_at: int
    closed_at: int | None


@dataclass(frozen=True, slots=True)
class Message:
    """One message to one target."""

    id: int
    target: int
    topic: str
    body: str
    person: int | None
    at: int
    state: str
    tries: int
    due_at: int
    reason: str | None
    done_at: int | None


def add_target(connection: Connection, values: Mapping[str, Any]) -> int:
    return int(connection.execute(insert(hook_targets).values(**values).returning(hook_targets.c.id)).scalar_one())


def change_target(connection: Connection, number: int, values: Mapping[str, Any]) -> None:
    connection.execute(update(hook_targets).where(hook_targets.c.id == number).values(**values))


def targets(connection: Connection) -> list[Target]:
    return [_target(row) for row in connection.execute(select(hook_targets).order_by(hook_targets.c.id))]


def target(connection: Connection, number: int) -> Target | None:
    row = connection.execute(select(hook_targets).where(hook_targets.c.id == number)).first()
    return None if row is None else _target(row)


def _target(row: Any) -> Target:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it
    old = None if row.old_secret is None else bytes(row.old_secret)
    return Target(**{**values, "topics": tuple(row.topics.split()), "secret": bytes(row.secret), "old_secret": old})


def wanting(connection: Connection, topic: str) -> list[int]:
    """The targets that are told of a topic."""
    # By the driver itself: every decision asks this.
    rows = driver(connection).execute("SELECT id, topics FROM hook_targets WHERE closed_at IS NULL").fetchall()
    return [number for number, topics in rows if topic in topics.split()]


def add(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    connection.execute(insert(hook_messages), list(rows))


def is_any_due(connection: Connection, *, now: int) -> bool:
    return connection.execute(select(hook_messages.c.id).where(_due(now)).limit(1)).first() is not None


def claim(connection: Connection, lease: int, *, now: int, leased_until: int) -> Message | None:
    """Take the message that waits longest; nobody else gets it until the lease is over."""
    one_at_a_time(connection, WEBHOOKS)
    order = (hook_messages.c.due_at, hook_messages.c.id)
    row = connection.execute(select(*_SHOWN).where(_due(now)).order_by(*order).limit(1)).first()
    if row is None:
        return None
    taken = {"state": SENDING, "lease": lease, "leased_until": leased_until, "tries": row.tries + 1}
    connection.execute(update(hook_messages).where(hook_messages.c.id == row.id).values(**taken))
    return _message(row)


def note(connection: Connection, number: int, lease: int, values: Mapping[str, Any]) -> None:
    """Write down what became of a message, if it is still ours."""
    mine = (hook_messages.c.id == number, hook_messages.c.lease == lease)
    connection.execute(update(hook_messages).where(*mine).values(**values, lease=None, leased_until=None))


def latest(connection: Connection, *, target: int | None = None, limit: int = 50) -> list[Message]:
    question = select(*_SHOWN).order_by(hook_messages.c.at.desc(), hook_messages.c.id).limit(limit)
    if target is not None:
        question = question.where(hook_messages.c.target == target)
    return [_message(row) for row in connection.execute(question)]


def drop_before(connection: Connection, before: int) -> None:
    connection.execute(delete(hook_messages).where(hook_messages.c.at < before))


def give_up(connection: Connection, number: int, *, now: int) -> None:
    """What waits for a target that was closed goes nowhere."""
    here = (hook_messages.c.target == number, hook_messages.c.state.in_((WAITING, SENDING)))
    values = {"state": GIVEN_UP, "reason": "the target was closed", "done_at": now}
    connection.execute(update(hook_messages).where(*here).values(**values))


def _due(now: int) -> Any:
    return or_(
        and_(hook_messages.c.state == WAITING, hook_messages.c.due_at <= now),
        and_(hook_messages.c.state == SENDING, hook_messages.c.leased_until <= now),
    )


_SHOWN = [column for column in hook_messages.c if column.name not in ("lease", "leased_until")]


def _message(row: Any) -> Message:
    return Message(**row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it
