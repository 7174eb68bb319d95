"""The audit log: who changed what, about whom, why, and how it ended; tries that failed stand in it too.

Rows are only ever added, in the same transaction as the change that they tell of. They name customers by a number
only, and hold no text that a customer wrote.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Column, Connection, Index, Table, Text, func, insert, select

from goodwill.basics.errors import BadInput
from goodwill.storage.engine import AUDIT, one_at_a_time
from goodwill.storage.logs import Log
from goodwill.storage.questions import Question
from goodwill.storage.schema import Erase, Merge, Personal, Whole, metadata

audit_rows = Table(
    "audit_rows",
    metadata,
    Column("position", Whole, primary_key=True, autoincrement=False),
    Column("at", Whole, nullable=False),
    Column("actor", Text, nullable=False),  # "staff 3", "key d7f3k…", "command line", "the person", "job retention"
    Column("action", Text, nullable=False),  # noun.verb: "consent.withdraw", "person.reveal"
    Column("person", Whole),  # about whom, if about one customer; no key, because the log outlives her
    Column("reason", Text, nullable=False),
    Column("outcome", Text, nullable=False),  # "done", or the name of the error
    Column("detail", Text, nullable=False),  # JSON: numbers and words of the program, never a customer's own
    info={
        "personal": Personal(
            person="person",
            under="staff and programs that changed or looked at something",
            erase=Erase.KEPT,
            merge=Merge.STAYS,
            kept="for ever, as proof; it names a number",
            inner=(
                "position",
                "actor",
                "reason",
                "detail",
            ),  # who of the staff it was is told by role; reasons are theirs
        )
    },
)
Index("ix_audit_rows_person", audit_rows.c.person, sqlite_where=audit_rows.c.person.is_not(None),
      postgresql_where=audit_rows.c.person.is_not(None))  # fmt: skip

# Frozen, as the consent ledger's is.
LOG = Log(
    "audit", "audit/1", audit_rows, ("position", "at", "actor", "action", "person", "reason", "outcome", "detail")
)

DONE = "done"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something: a member of staff, a program with a key, the command line, a customer, a job.

    Attributes:
        name: as the log words it; never a customer's own id or address.
        reason: why, where somebody said so.
        role: what a member of staff is here; "" for all others.
        acts: what they may do; None for whoever may do anything, such as the command line and the shop's own jobs.
    """

    name: str
    reason: str = ""
    role: str = ""
    acts: frozenset[str] | None = None


@dataclass(slots=True)
class Entry:
    """What is being changed; whoever does it fills in what only shows on the way.

    Attributes:
        others: further people whom it is about; they do not stand in the line, and its reason may not name them.
    """

    action: str
    person: int | None = None
    reason: str = ""
    detail: dict[str, str | int | bool | None] = field(default_factory=dict)
    others: tuple[int, ...] = ()

    @property
    def everybody(self) -> tuple[int, ...]:
        """All whom it is about."""
        return self.others if self.person is None else (self.person, *self.others)


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the log."""

    position: int
    at: int
    actor: str
    action: str
    person: int | None
    reason: str
    outcome: str
    detail: Mapping[str, str | int | bool | None]


def note(connection: Connection, actor: Actor, entry: Entry, *, now: int, outcome: str = DONE) -> int:
    """Add a row, and give its position.

    The lock is the last that a transaction takes, so that two changes never wait for each other's.

    Raises:
        BadInput: a text holds a character that cannot be kept.
    """
    told = {**entry.detail, "role": actor.role} if actor.role else entry.detail
    detail = json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    texts = (actor.name, entry.action, entry.reason or actor.reason, outcome, detail)
    if any("\0" in text or text.encode("utf-8", "ignore").decode() != text for text in texts):
        raise BadInput("A reason or a name for the audit log holds a character that cannot be kept; leave it out.")
    one_at_a_time(connection, AUDIT)
    position = last_position(connection) + 1
    connection.execute(
        insert(audit_rows).values(
            position=position,
            at=now,
            actor=actor.name,
            action=entry.action,
            person=entry.person,
            reason=entry.reason or actor.reason,
            outcome=outcome,
            detail=detail,
        )
    )
    return position


def told_of_ledger(connection: Connection, *, since: Collection[str]) -> Iterator[tuple[Line, int]]:
    """Lines of what was done and wrote into the consent ledger, newest first, each with the last row that it wrote.

    Args:
        since: actions; from the last line of one of them on.
    """
    rows = audit_rows.c
    last = select(func.max(rows.position)).where(rows.action.in_(since), rows.outcome == DONE)
    begins = connection.execute(last).scalar() or 0
    question = select(audit_rows).where(
        rows.position >= begins, rows.outcome == DONE, rows.detail.like(f'%"{LEDGER_ROW}":%')
    )
    for row in connection.execute(question.order_by(rows.position.desc())):
        line = _line(row)
        yield line, int(line.detail[LEDGER_ROW] or 0)


LEDGER_ROW = "ledger"  # in the detail of a line: the last row of the consent ledger that came with it


def last_position(connection: Connection) -> int:
    """The number of the log's last row; 0 while it is empty."""
    return int(_LAST.ask(connection)[0][0])


_LAST = Question(lambda _: select(func.coalesce(func.max(audit_rows.c.position), 0)))


def latest(
    connection: Connection,
    limit: int,
    *,
    before: int | None = None,
    person: int | None = None,
    actor: str = "",
    action: str = "",
) -> list[Line]:
    """Rows of the log, newest first.

    Args:
        before: a position; those that were written before it.
        actor, action: as the log words them, whole.
    """
    question = select(audit_rows).order_by(audit_rows.c.position.desc()).limit(limit)
    if before is not None:
        question = question.where(audit_rows.c.position < before)
    if person is not None:
        question = question.where(audit_rows.c.person == person)
    if actor:
        question = question.where(audit_rows.c.actor == actor)
    if action:
        question = question.where(audit_rows.c.action == action)
    return [_line(row) for row in connection.execute(question)]


def since(connection: Connection, moment: int, action: str) -> list[Line]:
    """What anybody did of one kind from a moment on; the rows before are not read, however many there are."""
    low, high = 0, last_position(connection)
    while low < high:  # positions have no gaps, and rows stand in the order of time
        middle = (low + high) // 2
        at = connection.execute(select(audit_rows.c.at).where(audit_rows.c.position == middle + 1)).scalar_one()
        low, high = (middle + 1, high) if at < moment else (low, middle)
    question = select(audit_rows).where(audit_rows.c.position > low, audit_rows.c.action == action)
    return [_line(row) for row in connection.execute(question.order_by(audit_rows.c.position))]


def lines(connection: Connection, *, person: int | None = None, after: int = 0, limit: int | None = None) -> list[Line]:
    """Rows of the log, oldest first, about one person or all."""
    question = select(audit_rows).where(audit_rows.c.position > after).order_by(audit_rows.c.position).limit(limit)
    if person is not None:
        question = question.where(audit_rows.c.person == person)
    return [_line(row) for row in connection.execute(question)]


def _line(row: Any) -> Line:
    detail = json.loads(row.detail)
    return Line(row.position, row.at, row.actor, row.action, row.person, row.reason, row.outcome, detail)
