"""Kept totals and the read log: what was worked out, from which rows, and who looked."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Column, Connection, Integer, Table, Text, bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from goodwill.storage.engine import HOLDS, is_sqlite, one_at_a_time
from goodwill.storage.questions import Lists, Question
from goodwill.storage.schema import Erase, Merge, Personal, Whole, metadata


@dataclass(frozen=True, slots=True)
class AsOf:
    """How far an answer reaches: the last row of each log that it has seen, and the moment for what expires.

    Attributes:
        consent: position in the consent ledger.
        events: id of an event.
        holds: id of a hold.
        at: microseconds since 1970; consents that end by then no longer count.
    """

    consent: int
    events: int
    holds: int
    at: int


totals = Table(
    "totals",
    metadata,
    Column("name", Text, primary_key=True),
    Column("purpose", Text, nullable=False),
    Column("consent", Whole, nullable=False),
    Column("events", Whole, nullable=False),
    Column("holds", Whole, nullable=False),
    Column("at", Whole, nullable=False),
    Column("people", Whole, nullable=False),
    Column("recipe", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Column("file", Text, nullable=False),
)

reads = Table(
    "reads",
    metadata,
    Column("day", Integer, primary_key=True),
    Column("person", Whole, primary_key=True),  # 0: many people, nobody visible
    Column("purpose", Text, primary_key=True),
    Column("verb", Text, primary_key=True),
    Column("categories", Text, primary_key=True),
    Column("times", Whole, nullable=False),
    Column("people", Whole, nullable=False),
    Column("first_at", Whole, nullable=False),
    Column("last_at", Whole, nullable=False),
    Column("position", Whole, nullable=False),
    info={
        "personal": Personal(
            person="person",
            under="who read your data",
            erase=Erase.KEPT,
            merge=Merge.STAYS,
            kept="for ever, as proof; it names a number",
            inner=("day", "people"),
        )
    },
)


@dataclass(frozen=True, slots=True)
class Kept:
    """A total that was kept: how far it reaches, how many people it counts, its hash, and the file that holds it."""

    name: str
    purpose: str
    as_of: AsOf
    people: int
    recipe: str
    hash: str
    file: str


def keep(connection: Connection, kept: Kept) -> None:
    """Remember a total, in place of the earlier one of that name.

    Under the lock of the holds: whoever checks that every total has settled sees this one or comes before it.
    """
    one_at_a_time(connection, HOLDS)
    line = _insert(connection, totals).values(
        name=kept.name,
        purpose=kept.purpose,
        consent=kept.as_of.consent,
        events=kept.as_of.events,
        holds=kept.as_of.holds,
        at=kept.as_of.at,
        people=kept.people,
        recipe=kept.recipe,
        hash=kept.hash,
        file=kept.file,
    )
    changed = {column.name: line.excluded[column.name] for column in totals.c if not column.primary_key}
    connection.execute(line.on_conflict_do_update(index_elements=[totals.c.name], set_=changed))


def drop_kept(connection: Connection, name: str | None = None) -> None:
    """Forget every total that was kept, or one; each is worked out anew when it is next asked for."""
    one_at_a_time(connection, HOLDS)
    connection.execute(delete(totals) if name is None else delete(totals).where(totals.c.name == name))


def _insert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    return sqlite.insert(table) if is_sqlite(connection) else postgresql.insert(table)


def kept(connection: Connection, name: str | None = None) -> list[Kept]:
    """The totals that are kept, or the one of that name if there is one."""
    question = select(totals).order_by(totals.c.name)
    if name is not None:
        question = question.where(totals.c.name == name)
    return [
        Kept(
            row.name, row.purpose, AsOf(row.consent, row.events, row.holds, row.at), row.people, row.recipe, row.hash,
            row.file,
        )
        for row in connection.execute(question)
    ]  # fmt: skip


class Read(NamedTuple):
    """One line of the read log: on one day, one purpose read one person (0: many) so many times."""

    day: int
    person: int
    purpose: str
    verb: str
    categories: str
    times: int
    people: int
    first_at: int
    last_at: int
    position: int


def note_read(
    connection: Connection,
    *,
    day: int,
    person: int,
    purpose: str,
    verb: str,
    categories: str,
    people: int,
    at: int,
    position: int,
) -> None:
    """Write down that personal data was read; the same reading on the same day counts up one line."""
    line = Read(day, person, purpose, verb, categories, 1, people, at, at, position)
    note_reads(connection, [line])


def note_reads(connection: Connection, lines: Sequence[Read]) -> None:
    """Write down several readings, of which each is one line of its own or counts one up."""
    if lines:
        _NOTE.do(connection, (dict(zip(_READ, line, strict=True)) for line in lines))


def _counting_up(lists: Lists) -> Any:
    insert: Any = sqlite.insert if lists.sqlite else postgresql.insert
    line = insert(reads).values({name: bindparam(name) for name in _READ})
    return line.on_conflict_do_update(
        index_elements=[reads.c.day, reads.c.person, reads.c.purpose, reads.c.verb, reads.c.categories],
        set_={
            "times": reads.c.times + line.excluded.times,
            "people": line.excluded.people,
            "last_at": line.excluded.last_at,
            "position": line.excluded.position,
        },
    )


_READ = Read._fields
_NOTE = Question(_counting_up)


def reads_of(connection: Connection, person: int) -> list[Read]:
    """Everything that was read about one person, newest day first."""
    question = select(reads).where(reads.c.person == person)
    question = question.order_by(reads.c.day.desc(), reads.c.purpose, reads.c.verb, reads.c.categories)
    return [Read(*row) for row in connection.execute(question)]
