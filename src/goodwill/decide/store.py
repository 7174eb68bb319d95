"""The journal of what the shop decided about choosing; it only grows, and tells of nobody."""

import msgspec
from sqlalchemy import Column, Connection, Table, Text, func, insert, select

from goodwill.basics.errors import BadInput
from goodwill.decide.plan import KINDS, Body, Row
from goodwill.storage.engine import PLAN, one_at_a_time
from goodwill.storage.questions import Question
from goodwill.storage.schema import Whole, metadata

plan_rows = Table(
    "plan_rows",
    metadata,
    Column("id", Whole, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("body", Text),  # JSON; null: the name was taken out
    Column("actor", Text, nullable=False),
    Column("at", Whole, nullable=False),
)

_LAST = Question(lambda _: select(func.coalesce(func.max(plan_rows.c.id), 0)))


def last_row(connection: Connection) -> int:
    """The number of the journal's last row. By the driver itself: every decision asks."""
    return int(_LAST.ask(connection)[0][0])


def rows(connection: Connection, upto: int | None = None) -> list[Row]:
    """The journal, oldest first, up to a row of it."""
    question = select(plan_rows).order_by(plan_rows.c.id)
    if upto is not None:
        question = question.where(plan_rows.c.id <= upto)
    return [
        Row(row.id, row.kind, row.name, _body(row.kind, row.body), row.actor, row.at)
        for row in connection.execute(question)
    ]


def add(connection: Connection, kind: str, name: str, body: Body | None, *, actor: str, at: int) -> int:
    """Write a row; the one before it about the same name counts no more."""
    one_at_a_time(connection, PLAN)
    number = 1 + int(connection.execute(select(func.coalesce(func.max(plan_rows.c.id), 0))).scalar_one())
    text = None if body is None else msgspec.json.encode(body).decode()
    values = {"id": number, "kind": kind, "name": name, "body": text, "actor": actor, "at": at}
    connection.execute(insert(plan_rows).values(values))
    return number


def _body(kind: str, text: str | None) -> Body | None:
    if text is None or kind not in KINDS:  # a newer goodwill may know more kinds
        return None
    try:
        body: Body = msgspec.json.decode(text, type=KINDS[kind])
    except msgspec.ValidationError as error:
        raise BadInput(f"The plan's journal holds a {kind} that cannot be read: {error}") from None
    return body
