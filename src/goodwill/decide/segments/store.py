"""Segments as they are kept: every version of each, so that what an old campaign went by can be read again."""

from dataclasses import dataclass

from sqlalchemy import Column, Connection, Row, Table, Text, func, insert, select

from goodwill.storage.engine import SEGMENTS, one_at_a_time
from goodwill.storage.schema import Whole, metadata

segments = Table(
    "segments",
    metadata,
    Column("id", Whole, primary_key=True, autoincrement=False),
    Column("version", Whole, primary_key=True, autoincrement=False),  # 1, 2, 3 …: the last one counts
    Column("name", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("rule", Text),  # JSON; null: removed with this version
    Column("recipe", Text),
    Column("made_by", Text, nullable=False),  # as the audit log names them
    Column("at", Whole, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Line:
    """One version of a segment, as it is kept.

    Attributes:
        rule: JSON; None where it was removed.
        recipe: that it was made from, if from one.
        made_by: who made this version, as the audit log names them.
    """

    id: int
    version: int
    name: str
    purpose: str
    rule: str | None
    recipe: str | None
    made_by: str
    at: int


def add(connection: Connection, line: Line) -> None:
    """Keep a version."""
    values = {name: getattr(line, name) for name in Line.__slots__}
    connection.execute(insert(segments).values(values))


def lock(connection: Connection) -> None:
    """Let nobody else add a version until this transaction ends: names and numbers are given out under it."""
    one_at_a_time(connection, SEGMENTS)


def next_id(connection: Connection) -> int:
    """A number that no segment ever had."""
    return int(connection.execute(select(func.coalesce(func.max(segments.c.id), 0))).scalar_one()) + 1


def newest(connection: Connection) -> list[Line]:
    """The last version of each segment that was not removed, in the order in which they were made."""
    last = select(segments.c.id, func.max(segments.c.version).label("version")).group_by(segments.c.id).subquery()
    question = (
        select(segments)
        .join(last, (last.c.id == segments.c.id) & (last.c.version == segments.c.version))
        .where(segments.c.rule.is_not(None))
        .order_by(segments.c.id)
    )
    return [_line(row) for row in connection.execute(question)]


def versions(connection: Connection, number: int) -> list[Line]:
    """All versions of a segment, the first one first; none where no segment ever had this number."""
    question = select(segments).where(segments.c.id == number).order_by(segments.c.version)
    return [_line(row) for row in connection.execute(question)]


def _line(row: Row[tuple[object, ...]]) -> Line:
    return Line(*(getattr(row, name) for name in Line.__slots__))
