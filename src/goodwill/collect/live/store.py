"""What came in lately, counted by what became of it: by key, name of the event and rule; never by person."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Column, Connection, Table, Text, delete, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from goodwill.basics.clock import Micros
from goodwill.storage.engine import is_sqlite
from goodwill.storage.schema import Whole, metadata

intake_counts = Table(
    "intake_counts",
    metadata,
    Column("day", Whole, primary_key=True, autoincrement=False),
    Column("sender", Text, primary_key=True),  # the public part of a key
    Column("event", Text, primary_key=True),
    Column("rule", Text, primary_key=True),  # "": taken
    Column("messages", Whole, nullable=False),
)

intake_latest = Table(
    "intake_latest",
    metadata,
    Column("id", Whole, primary_key=True),
    Column("at", Whole, nullable=False),
    Column("sender", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("rule", Text, nullable=False),
    sqlite_autoincrement=True,
)

SHOWN = 500  # of the latest
_NOTED = 50  # of one group


class Came(NamedTuple):
    """One message that came in: by which key, what it was, and the rule that dropped or refused it ("" if none)."""

    sender: str
    event: str
    rule: str


@dataclass(frozen=True, slots=True)
class Counted:
    """How many messages of one kind had one outcome on one day."""

    day: int
    sender: str
    event: str
    rule: str
    messages: int


def note(connection: Connection, came: Sequence[Came], *, day: int, now: Micros) -> None:
    """Count what came in, and keep the last of it to look at."""
    counts = Counter(came)
    rows = [
        {"day": day, "sender": one.sender, "event": one.event, "rule": one.rule, "messages": n}
        for one, n in sorted(counts.items(), key=lambda item: (item[0].sender, item[0].event, item[0].rule))
    ]
    line = (sqlite if is_sqlite(connection) else postgresql).insert(intake_counts)
    more = intake_counts.c.messages + line.excluded.messages
    keys = ["day", "sender", "event", "rule"]
    connection.execute(line.on_conflict_do_update(index_elements=keys, set_={"messages": more}), rows)
    latest = [{"at": now, "sender": one.sender, "event": one.event, "rule": one.rule} for one in came[-_NOTED:]]
    connection.execute(insert(intake_latest), latest)
    newest = select(func.max(intake_latest.c.id)).scalar_subquery()
    connection.execute(delete(intake_latest).where(intake_latest.c.id <= newest - SHOWN))


def counted(connection: Connection, *, since: int) -> list[Counted]:
    """What came in since a day, the latest day first."""
    table = intake_counts.c
    question = select(intake_counts).where(table.day >= since)
    question = question.order_by(table.day.desc(), table.messages.desc(), table.sender, table.event, table.rule)
    return [Counted(*row) for row in connection.execute(question)]


def latest(connection: Connection, *, after: int = 0, most: int = SHOWN) -> list[tuple[int, Micros, Came]]:
    """The messages after a number, the latest first."""
    table = intake_latest.c
    question = select(intake_latest).where(table.id > after).order_by(table.id.desc()).limit(most)
    return [(row.id, Micros(row.at), Came(row.sender, row.event, row.rule)) for row in connection.execute(question)]
