"""The journal of what the shop decided about choosing, which only grows, and what offers have set aside; of nobody."""

from collections.abc import Mapping

import msgspec
from sqlalchemy import Column, Connection, Table, Text, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from goodwill.basics.errors import BadInput
from goodwill.decide.plan import KINDS, PROMISED_FOR, Body, Row
from goodwill.storage.engine import BUDGETS, PLAN, is_sqlite, one_at_a_time
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

# How much of each offer's budget is set aside; of no offer more than its budget.
budgets = Table(
    "offer_budgets",
    metadata,
    Column("offer", Text, primary_key=True),
    Column("spent", Whole, nullable=False),  # minor units
)

# What of it was promised on which day: 14 days later it is set aside no more, unless it was redeemed. Of days, not of
# people: whom it was promised to stands in nobody's log but her own.
promises = Table(
    "offer_promises",
    metadata,
    Column("offer", Text, primary_key=True),
    Column("day", Whole, primary_key=True, autoincrement=False),
    Column("amount", Whole, nullable=False),  # minor units
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


def spent(connection: Connection, *, today: int) -> dict[str, int]:
    """How much of each offer's budget is set aside on a day, in minor units."""
    found = {row.offer: int(row.spent) for row in connection.execute(select(budgets))}
    over = select(promises.c.offer, func.sum(promises.c.amount)).where(promises.c.day <= today - PROMISED_FOR)
    for offer, amount in connection.execute(over.group_by(promises.c.offer)):
        found[offer] -= int(amount)
    return found


def set_aside(connection: Connection, offer: str, cost: int, budget: int, *, today: int) -> bool:
    """Set something aside for an offer, if so much is left; of two who try at once, only what is left is given.

    One statement, so that nobody can come between looking and taking; whoever comes second waits for the first.
    """
    if not spend(connection, offer, cost, budget, today=today):
        return False
    _make_room(connection, promises, {"offer": offer, "day": today, "amount": 0})
    of_today = update(promises).where(promises.c.offer == offer, promises.c.day == today)
    connection.execute(of_today.values(amount=promises.c.amount + cost))
    return True


def spend(connection: Connection, offer: str, cost: int, budget: int, *, today: int) -> bool:
    """Take something of an offer's budget for good, if so much is left."""
    if cost > budget:
        return False
    one_at_a_time(connection, BUDGETS)  # so that two who set aside for several never wait for each other
    _expire(connection, offer, today)
    _make_room(connection, budgets, {"offer": offer, "spent": 0})
    taken = update(budgets).where(budgets.c.offer == offer, budgets.c.spent <= budget - cost)
    return connection.execute(taken.values(spent=budgets.c.spent + cost)).rowcount == 1


def give_back(connection: Connection, offer: str, amount: int, *, today: int) -> bool:
    """Give back some of what was set aside for an offer, if so much was; of what was promised the latest first."""
    one_at_a_time(connection, BUDGETS)
    _expire(connection, offer, today)
    given = update(budgets).where(budgets.c.offer == offer, budgets.c.spent >= amount)
    if connection.execute(given.values(spent=budgets.c.spent - amount)).rowcount != 1:
        return False
    for day, promised in _promised(connection, offer):
        _less(connection, offer, day, min(amount, promised))
        amount -= min(amount, promised)
    return True


def unspend(connection: Connection, offer: str, cost: int, *, today: int) -> bool:
    """Give back what was taken of an offer's budget for good, if so much was; what is promised to somebody stays."""
    one_at_a_time(connection, BUDGETS)
    _expire(connection, offer, today)
    promised = sum(amount for _, amount in _promised(connection, offer))
    given = update(budgets).where(budgets.c.offer == offer, budgets.c.spent >= promised + cost)
    return connection.execute(given.values(spent=budgets.c.spent - cost)).rowcount == 1


def redeem(connection: Connection, offer: str, amount: int, *, day: int, today: int) -> bool:
    """Let what was promised on a day stay spent, because it was redeemed; False where so much is promised no more."""
    one_at_a_time(connection, BUDGETS)
    _expire(connection, offer, today)
    promised = dict(_promised(connection, offer)).get(day, 0)
    if promised < amount:
        return False
    _less(connection, offer, day, amount)
    return True


def _expire(connection: Connection, offer: str, today: int) -> None:
    """Give back what was promised too long ago."""
    over = (promises.c.offer == offer) & (promises.c.day <= today - PROMISED_FOR)
    amount = connection.execute(select(func.sum(promises.c.amount)).where(over)).scalar()
    if amount:
        connection.execute(update(budgets).where(budgets.c.offer == offer).values(spent=budgets.c.spent - int(amount)))
        connection.execute(delete(promises).where(over))


def _promised(connection: Connection, offer: str) -> list[tuple[int, int]]:
    """What is promised of an offer, by day, the latest first."""
    found = select(promises.c.day, promises.c.amount).where(promises.c.offer == offer)
    return [(row.day, row.amount) for row in connection.execute(found.order_by(promises.c.day.desc()))]


def _less(connection: Connection, offer: str, day: int, amount: int) -> None:
    of_day = update(promises).where(promises.c.offer == offer, promises.c.day == day)
    connection.execute(of_day.values(amount=promises.c.amount - amount))


def _make_room(connection: Connection, table: Table, row: Mapping[str, str | int]) -> None:
    insert_ = sqlite_insert if is_sqlite(connection) else postgresql_insert
    connection.execute(insert_(table).values(row).on_conflict_do_nothing())


def _body(kind: str, text: str | None) -> Body | None:
    if text is None or kind not in KINDS:  # a newer goodwill may know more kinds
        return None
    try:
        body: Body = msgspec.json.decode(text, type=KINDS[kind])
    except msgspec.ValidationError as error:
        raise BadInput(f"The plan's journal holds a {kind} that cannot be read: {error}") from None
    return body
