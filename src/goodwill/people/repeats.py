"""Events that are told again: whether they say what stands in the log, and what takes its place where they do not."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, delete, literal_column, or_, select

from goodwill.basics.ids import PersonId
from goodwill.people import holds, log, merge
from goodwill.people.bulk import listed
from goodwill.people.columns import NAMES, EventColumns
from goodwill.people.tables import TOLD_AS_IT_HAPPENED, events
from goodwill.people.types import BOUGHT, ORDERED, REFUNDED
from goodwill.storage.engine import EVENTS, HOLDS, LEDGER, PEOPLE, driver, is_sqlite, one_at_a_time
from goodwill.storage.questions import Question

Place = tuple[int, int]  # day and key, by which an event is known again
Row = Mapping[str, Any]  # an event, by the names of its columns

_SAID = ("product", "quantity", "amount", "currency")
_OF_ORDERS = (ORDERED, BOUGHT, REFUNDED)
_AT = {name: place for place, name in enumerate(NAMES)}
_COLUMNS = ", ".join(f"e.{name}" for name in NAMES)
_SQLITE = (
    "FROM json_each(?) AS asked "
    "JOIN events AS e ON e.day = json_extract(asked.value, '$[0]') AND e.key = json_extract(asked.value, '$[1]')"
)
_POSTGRESQL = "FROM unnest(%s::int8[], %s::int8[]) AS asked(day, key) JOIN events AS e USING (day, key)"


@dataclass(frozen=True, slots=True)
class Compared:
    """Some events beside those that stand in the log at their places.

    Attributes:
        other: these say another product, quantity, amount or currency than stands there.
        same: of the other ones, those that are of the same person and the same moment.
        by: the number of the import that brought what stands there; −1 for none.
    """

    other: npt.NDArray[np.bool_]
    same: npt.NDArray[np.bool_]
    by: npt.NDArray[np.int64]


def compared(connection: Connection, columns: EventColumns) -> Compared:
    """Compare some events with the log. A column that they do not have is not compared."""
    places = list(zip(np.asarray(columns.day).tolist(), np.asarray(columns.key).tolist(), strict=True))
    stands = {(row[_AT["day"]], row[_AT["key"]]): row for row in _standing(connection, places)}
    rows = [stands.get(place) for place in places]
    other, same = np.zeros(len(rows), bool), np.zeros(len(rows), bool)
    for name in _SAID:
        given, here = _listed(columns, name), _AT[name]
        if given is None:
            continue
        for number, (row, value) in enumerate(zip(rows, given, strict=True)):
            if row is not None and row[here] != value:
                other[number] = True
    person, at = _listed(columns, "person"), _listed(columns, "at")
    for number in np.flatnonzero(other).tolist():
        row = rows[number]
        same[number] = row is not None and (row[_AT["person"]], row[_AT["at"]]) == (person[number], at[number])
    brought = (row[_AT["import_id"]] if row is not None else None for row in rows)
    by = np.fromiter((-1 if import_id is None else import_id for import_id in brought), np.int64, len(rows))
    return Compared(other, same, by)


def _standing(connection: Connection, places: Sequence[Place]) -> list[tuple[Any, ...]]:
    """The events at some places: their columns by `NAMES`, then their number."""
    return _asked(connection, f"SELECT {_COLUMNS}, e.id", places)


def _asked(connection: Connection, what: str, places: Sequence[Sequence[int]], then: str = "") -> list[tuple[Any, ...]]:
    if is_sqlite(connection):
        found = driver(connection).execute(f"{what} {_SQLITE} {then}", (msgspec.json.encode(places).decode(),))
    else:
        days_and_keys = tuple(map(list, zip(*places, strict=True))) or ([], [])
        found = driver(connection).execute(f"{what} {_POSTGRESQL} {then}", days_and_keys)
    rows: list[tuple[Any, ...]] = found.fetchall()
    return rows


def sums_at(connection: Connection, days: Sequence[int], keys: Sequence[int]) -> dict[str, tuple[int, int]]:
    """How many events stand at some places, and what they come to, by currency ("" where they have no amount).

    A place that is named twice counts once.
    """
    sums: dict[str, tuple[int, int]] = {}
    places = np.column_stack((np.asarray(days, np.int64), np.asarray(keys, np.int64)))
    places = places[np.lexsort(places.T)]
    first = np.ones(len(places), bool)
    first[1:] = (places[1:] != places[:-1]).any(axis=1)
    places = places[first]
    for start in range(0, len(places), _AT_ONCE):
        some = places[start : start + _AT_ONCE].tolist()
        for code, many, amount in _asked(connection, _SUMS, some, "GROUP BY 1"):
            count, total = sums.get(code, (0, 0))
            sums[code] = count + many, total + int(amount)
    return sums


_SUMS = "SELECT coalesce(e.currency, ''), count(*), coalesce(sum(e.amount), 0)"
_AT_ONCE = 20_000  # places of one question


def _listed(columns: EventColumns, name: str) -> Any:
    """A column as a list, −1 read as "none" where it says so; None where the events do not have it."""
    column = getattr(columns, name)
    if column is None:
        return None
    if isinstance(column, str):
        return [column] * len(columns)
    values: list[int | str | None] = np.asarray(column, object).tolist()
    return [None if value == -1 else value for value in values] if name in ("product", "person") else values


def shared_orders(connection: Connection, import_id: int) -> dict[int, int]:
    """The orders (by reference) that an import brought lines to while others of the same day came by another import.

    Gives for each the number of that other import, the latest if there are several.
    """
    row = events.c
    lines = (
        select(row.day, row.reference, row.import_id).where(row.type == BOUGHT, row.reference.is_not(None)).distinct()
    )
    mine = {(line.day, line.reference) for line in connection.execute(lines.where(row.import_id == import_id))}
    days = listed(connection, {day for day, _ in mine})
    others = connection.execute(lines.where(row.day.in_(days), row.import_id != import_id).order_by(row.import_id))
    return {line.reference: line.import_id for line in others if (line.day, line.reference) in mine}


def sent_otherwise(connection: Connection, import_id: int) -> list[int]:
    """The orders (by reference) that an import brought lines to while others of the same day were sent by a program."""
    row = events.c
    lines = select(row.day, row.reference).where(row.type == BOUGHT, row.reference.is_not(None)).distinct()
    sent = lines.where(row.import_id.is_(None))
    if connection.execute(sent.limit(1)).first() is None:
        return []
    mine = {(line.day, line.reference) for line in connection.execute(lines.where(row.import_id == import_id))}
    days = listed(connection, {day for day, _ in mine})
    return [line.reference for line in connection.execute(sent.where(row.day.in_(days))) if tuple(line) in mine]


# ---- in place of what stands there -----------------------------------------------------------------------------------


def concerned(connection: Connection, places: Sequence[Place]) -> list[PersonId]:
    """Whom a total may count because of the events at some places: hold them, and settle, before these are replaced."""
    return list(connection.execute(holds.heard(listed(connection, _persons(_standing(connection, places))))).scalars())


def whose(connection: Connection, places: Sequence[Place]) -> set[PersonId]:
    """Of whom the events at some places are."""
    return {PersonId(person) for person in _persons(_standing(connection, places))}


def of_order(connection: Connection, persons: Collection[PersonId], reference: int) -> list[Row]:
    """What stands in the log of one order of some people: what was ordered, bought and given back."""
    row = events.c
    about = (row.person.in_(listed(connection, persons)), row.reference == reference, row.type.in_(_OF_ORDERS))
    found = connection.execute(select(*(row[name] for name in NAMES)).where(*about).order_by(row.id))
    return [dict(zip(NAMES, line, strict=True)) for line in found]


def keys_of_orders(
    connection: Connection, orders: Collection[tuple[PersonId, int]]
) -> set[tuple[PersonId, int | None, int]]:
    """What stands of some orders, each given as person and reference: these two and the key of each event."""
    persons, references = {person for person, _ in orders}, {reference for _, reference in orders}
    found = _KEYS.ask(connection, persons=persons, references=references)
    return {(PersonId(person), reference, key) for person, reference, key in found}


_KEYS = Question(
    lambda lists: select(events.c.person, events.c.reference, events.c.key).where(
        events.c.person.in_(lists.numbers("persons")),
        events.c.reference.in_(lists.numbers("references")),
        or_(*(events.c.type == kind for kind in _OF_ORDERS)),
    )
)


@dataclass(slots=True)
class Told:
    """What programs and webhooks told of one order as it happened.

    Attributes:
        owner: of whom it was told first that she ordered; None where nobody told of that, or of nobody.
        bought: what was ordered and bought, by its key the day. back: places of what went back.
    """

    owner: PersonId | None = None
    bought: dict[int, int] = field(default_factory=dict)
    back: set[Place] = field(default_factory=set)


def told_as_it_happened(connection: Connection, references: Collection[int]) -> dict[int, Told]:
    """What was told of some orders other than by files, of whoever it was told; others are missing."""
    found: dict[int, Told] = {}
    if not references or not _ANY_TOLD.ask(connection):
        return found  # most shops that bring files have nothing else, and a piece of one names many orders
    for reference, person, kind, day, key in _TOLD.ask(connection, references=references):
        told = found.setdefault(reference, Told())
        if kind == REFUNDED:
            told.back.add((day, key))
            continue
        told.bought.setdefault(key, day)
        if told.owner is None and person is not None:
            told.owner = PersonId(person)
    return found


# No reference is below zero; by this the question goes to the index, which is empty where nothing was told.
_ANY_TOLD = Question(lambda _: select(literal_column("1")).where(TOLD_AS_IT_HAPPENED, events.c.reference >= 0).limit(1))
_TOLD = Question(
    lambda lists: (
        select(events.c.reference, events.c.person, events.c.type, events.c.day, events.c.key)
        .where(TOLD_AS_IT_HAPPENED, events.c.reference.in_(lists.numbers("references")))
        .order_by(events.c.id)
    )
)


def replace(connection: Connection, rows: Sequence[Row], *, also: Sequence[Place] = ()) -> list[Row]:
    """Put events in the place of those that stand where they belong, and return these.

    Args:
        also: places that are left empty.

    Raises:
        Conflict: the people concerned are not held, or totals have not settled since; the message names the totals.
    """
    for lock in (PEOPLE, EVENTS, HOLDS, LEDGER):  # in everybody's order
        one_at_a_time(connection, lock)
    stands = _standing(connection, list(dict.fromkeys([*((row["day"], row["key"]) for row in rows), *also])))
    holds.check_settled(connection, holds.heard(listed(connection, _persons(stands))))
    connection.execute(delete(events).where(events.c.id.in_(listed(connection, (row[-1] for row in stands)))))
    add(connection, rows)
    return [dict(zip(NAMES, row[:-1], strict=True)) for row in stands]


def add(connection: Connection, rows: Sequence[Row]) -> int:
    """Add events where none stands, and tell how many; those of people who are gone stay away."""
    heirs = merge.survivors(connection, {row["person"] for row in rows if row["person"] is not None})
    ours = [{**row, "person": heirs.get(row["person"])} for row in rows if row["person"] in heirs or not row["person"]]
    ours.sort(key=lambda row: row["import_id"] or 0)
    kept = 0
    for import_id, some in groupby(ours, key=lambda row: row["import_id"]):
        these = list(some)
        columns = {name: [row[name] for row in these] for name in NAMES if name != "import_id"}
        kept += log.append(connection, EventColumns(**columns, import_id=import_id)).kept
    return kept


def _persons(rows: Iterable[tuple[Any, ...]]) -> set[int]:
    return {row[_AT["person"]] for row in rows if row[_AT["person"]] is not None}
