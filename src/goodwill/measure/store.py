"""Answers as they are kept: what was once told of a period is told of it for good, whatever was said since.

They hold figures about ten people or more, never about one; so nothing of them is anybody's personal data.
"""

from dataclasses import dataclass

from sqlalchemy import Column, Connection, Integer, Table, Text, UniqueConstraint, insert, select

from goodwill.storage import AsOf
from goodwill.storage.engine import FIGURES, one_at_a_time
from goodwill.storage.schema import Whole, metadata

kept_answers = Table(
    "kept_answers",
    metadata,
    Column("id", Whole, primary_key=True),
    Column("ends", Integer, nullable=False),  # the period's last day
    Column("every", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("options", Text, nullable=False),  # canonical JSON
    Column("answer", Text, nullable=False),  # JSON
    Column("consent", Whole, nullable=False),
    Column("events", Whole, nullable=False),
    Column("holds", Whole, nullable=False),
    Column("at", Whole, nullable=False),
    Column("made_at", Whole, nullable=False),
    UniqueConstraint("ends", "every", "name", "options"),
    sqlite_autoincrement=True,
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What an answer is to: which measure of which period, with which options (canonical JSON)."""

    ends: int
    every: str
    name: str
    options: str


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """An answer as it was told first: its document, how far the data reached, and when it was worked out."""

    asked: Asked
    answer: str
    as_of: AsOf
    made_at: int


def kept_answer(connection: Connection, asked: Asked) -> KeptAnswer | None:
    """What was told of it; None where nothing was yet."""
    table = kept_answers.c
    question = select(kept_answers).where(
        table.ends == asked.ends, table.every == asked.every, table.name == asked.name, table.options == asked.options
    )
    row = connection.execute(question).first()
    if row is None:
        return None
    return KeptAnswer(asked, row.answer, AsOf(row.consent, row.events, row.holds, row.at), row.made_at)


def kept_before(connection: Connection, name: str, every: str, ends: int) -> list[KeptAnswer]:
    """What was told of a name for periods that ended before a day, by day; of several of one period the last."""
    table = kept_answers.c
    question = (
        select(kept_answers)
        .where(table.name == name, table.every == every, table.ends < ends)
        .order_by(table.ends, table.id)
    )
    found: dict[int, KeptAnswer] = {}
    for row in connection.execute(question):
        asked = Asked(row.ends, row.every, row.name, row.options)
        found[row.ends] = KeptAnswer(asked, row.answer, AsOf(row.consent, row.events, row.holds, row.at), row.made_at)
    return list(found.values())


def kept_of(connection: Connection, every: str, ends: int) -> list[tuple[Asked, AsOf]]:
    """All that was told of a period, in its order: which question, and how far the data then reached."""
    table = kept_answers.c
    question = select(kept_answers).where(table.every == every, table.ends == ends).order_by(table.id)
    return [
        (Asked(row.ends, row.every, row.name, row.options), AsOf(row.consent, row.events, row.holds, row.at))
        for row in connection.execute(question)
    ]


def one_question_at_a_time(connection: Connection) -> None:
    """From here on to the end of the transaction nobody else keeps an answer."""
    one_at_a_time(connection, FIGURES)


def keep_answer(connection: Connection, new: KeptAnswer) -> KeptAnswer:
    """Keep an answer, unless somebody else was told one meanwhile; the one that counts."""
    one_question_at_a_time(connection)
    if (told := kept_answer(connection, new.asked)) is not None:
        return told
    asked, as_of = new.asked, new.as_of
    connection.execute(
        insert(kept_answers).values(
            ends=asked.ends, every=asked.every, name=asked.name, options=asked.options, answer=new.answer,
            consent=as_of.consent, events=as_of.events, holds=as_of.holds, at=as_of.at, made_at=new.made_at,
        )
    )  # fmt: skip
    return new
