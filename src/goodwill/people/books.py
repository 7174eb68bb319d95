"""What was sold to people who were erased, as sums of nobody: the shop's books must still add up.

A line says what was sold on a day, how often, how much and for how much; it carries no person, no order, no time of day
and no number by which it could be joined to anything. What several erased people bought of one thing on one day is one
line.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Connection, SmallInteger, Table, Text, func, select
from sqlalchemy.dialects import postgresql, sqlite

from goodwill.basics.ids import PersonId
from goodwill.people.bulk import listed
from goodwill.people.tables import events
from goodwill.people.types import codes_of
from goodwill.purposes import Category
from goodwill.storage.engine import is_sqlite
from goodwill.storage.schema import Whole, metadata

books = Table(
    "books",
    metadata,
    Column("day", Whole, primary_key=True, autoincrement=False),
    Column("type", SmallInteger, primary_key=True, autoincrement=False),
    Column("product", Whole, primary_key=True, autoincrement=False),  # -1: none was named
    Column("currency", Text, primary_key=True),  # "": none was named
    Column("lines", Whole, nullable=False),
    Column("quantity", Whole, nullable=False),
    Column("amount", Whole, nullable=False),
)

_SUMS = ("lines", "quantity", "amount")
_CURRENCY = re.compile("[A-Z]{3}")
_SALES = frozenset({Category("purchases")})


@dataclass(frozen=True, slots=True)
class Sold:
    """Lines of sales, all together: how many, how much (thousandths), and for how much in each currency."""

    lines: int
    quantity: int
    amounts: dict[str, int]


def keep_sales(connection: Connection, persons: Sequence[PersonId]) -> int:
    """Add the sales to some people to the books, just before their events are erased; tell how many lines that were."""
    row = events.c
    place = (row.day, row.type, func.coalesce(row.product, -1), func.coalesce(row.currency, ""))
    sums = (
        func.count(),
        func.coalesce(func.sum(row.quantity), 0),
        func.coalesce(func.sum(row.amount), 0),
    )
    mine = row.person.in_(listed(connection, persons)), row.type.in_(codes_of(_SALES))
    found = connection.execute(select(*place, *sums).where(*mine).group_by(*place)).all()
    if not found:
        return 0
    line: Any = (sqlite.insert if is_sqlite(connection) else postgresql.insert)(books)
    added = {name: books.c[name] + line.excluded[name] for name in _SUMS}
    names = [column.name for column in books.c]
    connection.execute(
        line.on_conflict_do_update(index_elements=list(books.primary_key), set_=added),
        [dict(zip(names, map(_plain, one), strict=True)) for one in found],
    )
    return sum(one[4] for one in found)


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return value if _CURRENCY.fullmatch(value) else ""  # nothing else may outlive her
    return int(value)  # PostgreSQL sums whole numbers to a Decimal


def sold(connection: Connection) -> Sold:
    """All that stands in the books."""
    totals = select(*(func.coalesce(func.sum(books.c[name]), 0) for name in _SUMS[:2]))
    lines, quantity = map(int, connection.execute(totals).one())
    amounts = select(books.c.currency, func.sum(books.c.amount)).group_by(books.c.currency)
    return Sold(lines, quantity, {currency: int(amount) for currency, amount in connection.execute(amounts)})
