"""The outbox's table: which letters wait, which are being sent, and what became of each.

A letter is sealed: with its person's own key, or with the shop's where nobody is known yet. Once it is delivered or
given up, address and contents are wiped; what kind of letter it was, and when, stays.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from sqlalchemy import Column, Connection, Index, Table, Text, and_, case, func, insert, or_, select, update

from goodwill.storage.engine import OUTBOX, one_at_a_time
from goodwill.storage.schema import Bytes, Erase, Merge, Personal, Whole, metadata

WAITING, SENDING, SENT, UNKNOWN, GIVEN_UP = "waiting", "sending", "sent", "unknown", "given up"

outbox = Table(
    "outbox",
    metadata,
    Column("id", Whole, primary_key=True, autoincrement=False),  # random, and the letter's Message-ID
    Column("person", Whole),  # whose key seals it; null: the shop's own
    Column("about", Whole),  # the request that it belongs to, if any
    Column("name", Text, nullable=False),  # which letter
    Column("kind", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("sealed", Bytes),  # address and context; null once wiped
    Column("epoch", Whole),
    Column("state", Text, nullable=False),
    Column("at", Whole, nullable=False),
    Column("due_at", Whole, nullable=False),
    Column("until", Whole),  # after which it would say nothing any more
    Column("tries", Whole, nullable=False),
    Column("unknowns", Whole, nullable=False),  # how often nobody knew whether it arrived
    Column("lease", Whole),  # of whoever is sending it
    Column("leased_until", Whole),
    Column("reason", Text),  # of the last failure: a code or our own words
    Column("done_at", Whole),
    info={
        "personal": Personal(
            person="person",
            under="letters we sent you",
            erase=Erase.DELETED,
            merge=Merge.STAYS,
            kept="what was sent and when, as long as the person; address and contents until delivery",
            sealed=("sealed",),
            sealed_as="id",
            inner=("sealed", "epoch", "about", "lease", "leased_until", "due_at", "until", "tries", "unknowns"),
        )
    },
)
Index("ix_outbox_state_due_at", outbox.c.state, outbox.c.due_at)
Index("ix_outbox_person", outbox.c.person)
Index("ix_outbox_about", outbox.c.about)


@dataclass(frozen=True, slots=True)
class Row:
    """One letter in the outbox."""

    id: int
    person: int | None
    about: int | None
    name: str
    kind: str
    language: str
    sealed: bytes | None
    epoch: int | None
    state: str
    at: int
    due_at: int
    until: int | None
    tries: int
    unknowns: int
    lease: int | None
    leased_until: int | None
    reason: str | None
    done_at: int | None


def add(connection: Connection, values: Mapping[str, Any]) -> None:
    connection.execute(insert(outbox).values(**values))


def is_any_due(connection: Connection, *, now: int) -> bool:
    return connection.execute(select(outbox.c.id).where(_due(now)).limit(1)).first() is not None


def claim(connection: Connection, lease: int, *, now: int, leased_until: int) -> Row | None:
    """Take the letter that waits longest; nobody else gets it until the lease is over.

    One whose sender died under way comes back as it was then: in the state ``sending``.
    """
    one_at_a_time(connection, OUTBOX)
    row = connection.execute(select(outbox).where(_due(now)).order_by(outbox.c.due_at, outbox.c.id).limit(1)).first()
    if row is None:
        return None
    taken = {"state": SENDING, "lease": lease, "leased_until": leased_until, "tries": row.tries + 1}
    connection.execute(update(outbox).where(outbox.c.id == row.id).values(**taken))
    return _row(row)


def _due(now: int) -> Any:
    return or_(
        and_(outbox.c.state == WAITING, outbox.c.due_at <= now),
        and_(outbox.c.state == SENDING, outbox.c.leased_until <= now),
    )


def note(connection: Connection, letter: int, lease: int, values: Mapping[str, Any]) -> bool:
    """Write down what became of a letter, if it is still ours; False if another has taken it meanwhile."""
    mine = (outbox.c.id == letter, outbox.c.lease == lease)
    return connection.execute(update(outbox).where(*mine).values(**values, lease=None, leased_until=None)).rowcount == 1


def about(connection: Connection, number: int) -> list[Row]:
    """The letters that belong to a request, oldest first."""
    question = select(outbox).where(outbox.c.about == number).order_by(outbox.c.at, outbox.c.id)
    return [_row(row) for row in connection.execute(question)]


def counts(connection: Connection) -> dict[str, int]:
    """How many letters are in each state."""
    question = select(outbox.c.state, func.count()).group_by(outbox.c.state)
    return {row[0]: row[1] for row in connection.execute(question)}


def sent_between(connection: Connection, moments: Sequence[int]) -> list[int]:
    """How many letters left in each of some stretches of time, which lie end to end.

    Args:
        moments: where the stretches begin, rising, and where the last ends.
    """
    done, begins, ends = outbox.c.done_at, moments[0], moments[-1]
    inside = [
        func.coalesce(func.sum(case((and_(done >= begin, done < end), 1), else_=0)), 0)
        for begin, end in pairwise(moments)
    ]
    here = outbox.c.state == SENT, done >= begins, done < ends
    return [int(count) for count in connection.execute(select(*inside).where(*here)).one()]


@dataclass(frozen=True, slots=True)
class Stuck:
    """Letters of one state that did not get through for one reason."""

    state: str
    reason: str
    letters: int


def stuck(connection: Connection, *, since: int, but: Sequence[str] = ()) -> list[Stuck]:
    """Letters since a moment that did not get through, by state and reason, the most first; but for some reasons."""
    here = outbox.c
    wanted = (here.reason.is_not(None), here.reason.not_in(but), here.state != SENT, here.at >= since)
    many = func.count().label("letters")
    question = select(here.state, here.reason, many).where(*wanted).group_by(here.state, here.reason)
    return [Stuck(*row) for row in connection.execute(question.order_by(many.desc(), here.state, here.reason))]


def failures(connection: Connection, limit: int) -> list[Row]:
    """The letters that wait after a failed try, or were given up, latest first."""
    told = outbox.c.reason.is_not(None)
    question = select(outbox).where(told, outbox.c.state != SENT).order_by(outbox.c.at.desc(), outbox.c.id).limit(limit)
    return [_row(row) for row in connection.execute(question)]


def _row(row: Any) -> Row:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it
    values["sealed"] = None if row.sealed is None else bytes(row.sealed)
    return Row(**values)
