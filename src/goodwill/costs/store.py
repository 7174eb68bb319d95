"""Keep the ledger of costs and the rates, and ask them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select

from goodwill.basics.clock import Day, Micros
from goodwill.basics.errors import Conflict, NotFound
from goodwill.costs import tables
from goodwill.costs.ledger import Cost, Entry, Kind, Rate
from goodwill.storage.engine import COSTS, one_at_a_time

_BATCH = 1_000
_c, _u, _r = tables.costs.c, tables.cost_undos.c, tables.rates.c
_BOTH = tables.costs.outerjoin(tables.cost_undos, _u.cost == _c.id)
_ENTRIES = select(tables.costs, _u.at.label("undone_at"), _u.reason).select_from(_BOTH)


def add(connection: Connection, costs: Iterable[Cost], *, at: Micros, import_id: int | None = None) -> list[int]:
    """Write costs down, and give their numbers."""
    one_at_a_time(connection, COSTS)
    rows = [_row(cost, at, import_id) for cost in costs]
    return [
        int(connection.execute(insert(tables.costs).values(row).returning(_c.id)).scalar_one()) for row in rows
    ]  # fmt: skip


def add_new(
    connection: Connection, costs: Sequence[tuple[Cost, int]], *, at: Micros, import_id: int
) -> int:  # fmt: skip
    """Write down those costs of a file that do not stand already, and tell how many they were.

    Args:
        costs: each with how many equal ones stand before it in the file: two equal rows are two costs.
    """
    one_at_a_time(connection, COSTS)
    known = standing(connection, [cost.key for cost, _ in costs])
    rows = [_row(cost, at, import_id) for cost, nth in costs if nth >= known[cost.key]]
    for start in range(0, len(rows), _BATCH):
        connection.execute(insert(tables.costs), rows[start : start + _BATCH])
    return len(rows)


def standing(connection: Connection, keys: Iterable[str]) -> Counter[str]:
    """How many costs that count have each key."""
    wanted, found = list(dict.fromkeys(keys)), Counter[str]()
    for start in range(0, len(wanted), _BATCH):
        some = wanted[start : start + _BATCH]
        question = select(_c.key, func.count()).select_from(_BOTH).where(_u.cost.is_(None), _c.key.in_(some))
        found.update({key: int(many) for key, many in connection.execute(question.group_by(_c.key))})
    return found


def undo(connection: Connection, number: int, *, at: Micros, reason: str = "") -> Entry:
    """Let a cost count no more, and give it.

    Raises:
        NotFound: there is none. Conflict: it was taken back before.
    """
    one_at_a_time(connection, COSTS)
    found = entry(connection, number)
    if found.undone_at is not None:
        raise Conflict(f"Cost {number} was taken back before.")
    connection.execute(insert(tables.cost_undos).values(cost=number, at=at, reason=reason))
    return found


def undo_import(connection: Connection, import_id: int, *, at: Micros, reason: str) -> int:
    """Let what a file brought count no more, and tell how many costs that were."""
    one_at_a_time(connection, COSTS)
    mine = select(_c.id).select_from(_BOTH).where(_c.import_id == import_id, _u.cost.is_(None))
    rows = [{"cost": number, "at": at, "reason": reason} for number in connection.execute(mine).scalars()]
    if rows:
        connection.execute(insert(tables.cost_undos), rows)
    return len(rows)


def entry(connection: Connection, number: int) -> Entry:
    """A line of the ledger.

    Raises:
        NotFound: there is none.
    """
    found = connection.execute(_ENTRIES.where(_c.id == number)).one_or_none()
    if found is None:
        raise NotFound(f"There is no cost {number}. See: goodwill cost list")
    return _entry(found)


def entries(
    connection: Connection, *, since: Day | None = None, until: Day | None = None, undone: bool = False
) -> list[Entry]:
    """The lines of the ledger, by day.

    Args:
        since, until: first and last day. undone: also those that count no more.
    """
    question = _ENTRIES.order_by(_c.day, _c.id)
    if since is not None:
        question = question.where(_c.day >= since)
    if until is not None:
        question = question.where(_c.day <= until)
    if not undone:
        question = question.where(_u.cost.is_(None))
    return [_entry(row) for row in connection.execute(question)]


def state(connection: Connection) -> list[int]:
    """How many rows of each kind there are; whatever is written or taken back changes it."""
    return [
        int(connection.execute(select(func.count()).select_from(table)).scalar_one())
        for table in (tables.costs, tables.cost_undos, tables.rates)
    ]


def add_rate(connection: Connection, rate: Rate, *, at: Micros) -> None:
    """Write a rate down."""
    row = {"day": rate.day, "currency": rate.currency, "into": rate.into, "rate": rate.rate, "source": rate.source}
    connection.execute(insert(tables.rates).values(**row, at=at))


def rates(connection: Connection, into: str | None = None) -> list[Rate]:
    """All rates, or those into one currency, in the order in which they were written."""
    question = select(_r.day, _r.currency, _r.into, _r.rate, _r.source).order_by(_r.id)
    rows = connection.execute(question if into is None else question.where(_r.into == into))
    return [Rate(Day(row.day), row.currency, row.into, row.rate, row.source) for row in rows]


def _entry(row: Row[Any]) -> Entry:
    cost = Cost(Day(row.day), Kind(row.kind), row.amount, row.currency, row.channel, row.programme, row.note)
    undone = None if row.undone_at is None else Micros(row.undone_at)
    return Entry(row.id, cost, Micros(row.at), row.import_id, undone, row.reason or "")


def _row(cost: Cost, at: Micros, import_id: int | None) -> dict[str, object]:
    return {
        "day": cost.day, "kind": cost.kind.value, "channel": cost.channel, "programme": cost.programme,
        "amount": cost.amount, "currency": cost.currency, "note": cost.note, "key": cost.key, "at": at,
        "import_id": import_id,
    }  # fmt: skip
