"""What came in lately, counted by what became of it: by key, name of the event and rule; never by person."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

from sqlalchemy import Column, Connection, Executable, Table, Text, delete, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from goodwill.basics.clock import Micros
from goodwill.storage.questions import Lists, Question
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
NOTED = 50  # of one group


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


def note(connection: Connection, came: Came, *, day: int, now: Micros) -> None:
    """Count what came in, and keep it to look at."""
    note_many(connection, {came: 1}, [came], day=day, now=now)


def note_many(
    connection: Connection, counts: Mapping[Came, int], latest: Sequence[Came], *, day: int, now: Micros
) -> None:
    """Count what came in, and keep the last of it to look at: at most `NOTED`."""
    # In one order, so that two who count never wait for each other.
    _COUNT.do(connection, ({"day": day, **one._asdict(), "messages": counts[one]} for one in sorted(counts)))
    _KEEP.do(connection, [{"rows": [(now, *one) for one in latest[-NOTED:]]}])
    _LET_GO.do(connection, [{}])


def _count(lists: Lists) -> Executable:
    line: Any = (sqlite if lists.sqlite else postgresql).insert(intake_counts)
    more = intake_counts.c.messages + line.excluded.messages
    return cast(
        "Executable",
        line.on_conflict_do_update(index_elements=["day", "sender", "event", "rule"], set_={"messages": more}),
    )


_COUNT = Question(_count)
_KEEP = Question(
    lambda lists: insert(intake_latest).from_select(
        ["at", "sender", "event", "rule"], lists.rows("rows", int, str, str, str)
    )
)
_NEWEST = select(func.max(intake_latest.c.id)).scalar_subquery()
_LET_GO = Question(lambda _: delete(intake_latest).where(intake_latest.c.id <= _NEWEST - SHOWN))


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
