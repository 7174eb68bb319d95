"""The log of what happened: events are added in bulk, a repeat is told by its day and key, and numbers only rise."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, delete, func, literal_column, select

from goodwill.basics.errors import NotFound
from goodwill.basics.ids import EventId, PersonId, Reference
from goodwill.people import holds
from goodwill.people.bulk import add_blocks, blocks, chunks, postgresql_type
from goodwill.people.columns import NAMES, EventColumns, EventRow
from goodwill.people.tables import events, people
from goodwill.people.types import DECIDED, TypeCode, event_type
from goodwill.storage.engine import EVENTS, driver, is_sqlite, one_at_a_time
from goodwill.storage.questions import Question, whole_numbers

__all__ = ["Appended", "EventColumns", "EventRow", "append", "append_one", "last_id", "remove_import", "shown_to",
           "some_decisions", "whose_decision"]  # fmt: skip


_SHOWN = event_type("shown").code


@dataclass(frozen=True, slots=True)
class Appended:
    """What became of some events: how many are new, how many were there before, and the numbers given out.

    Attributes:
        first_id, last_id: of the new ones; None if none is new.
    """

    kept: int
    repeated: int
    first_id: EventId | None
    last_id: EventId | None


class Owner(NamedTuple):
    """Whose decision it is; its detail only where it is nobody's in particular."""

    person: PersonId | None
    detail: str | None


def append(connection: Connection, columns: EventColumns) -> Appended:
    """Add events to the log in the order given; those whose day and key are there already are left out.

    Numbers rise in the order in which transactions commit; where repeats were left out, some are skipped.

    Raises:
        BadInput, Overflow: as `EventColumns.rows`; nothing is written.
        NotFound: an event names a person who is not known; nothing is written.
    """
    rows = columns.rows()
    if len(columns) == 0:
        return Appended(0, 0, None, None)
    one_at_a_time(connection, EVENTS)
    _check_known(connection, columns.persons())
    kept, first, last = (_by_blocks if is_sqlite(connection) else _by_arrays)(connection, rows)
    return Appended(kept, len(columns) - kept, first, last)


def append_one(
    connection: Connection,
    *,
    person: PersonId | None,
    type_: TypeCode,
    at: int,
    day: int,
    key: int,
    product: int | None = None,
    quantity: int | None = None,
    amount: int | None = None,
    currency: str | None = None,
    reference: int | None = None,
    detail: str | None = None,
) -> EventId | None:
    """Add one event, and give its number; None if its day and key are there already. Raises as `append`."""
    columns = EventColumns(
        person=[person], type=[type_], at=[at], day=[day], key=[key], product=[product], quantity=[quantity],
        amount=[amount], currency=currency, reference=[reference], detail=[detail],
    )  # fmt: skip
    row = next(iter(columns.rows()))
    one_at_a_time(connection, EVENTS)
    # By the driver itself: a decision waits for this, and SQLAlchemy would take ten times as long.
    found = driver(connection).execute(_ADD_ONE[connection.dialect.name], (*row, person, person)).fetchall()
    if not found and person is not None:
        _check_known(connection, {person})
    return EventId(found[0][0]) if found else None


def last_id(connection: Connection) -> EventId:
    """The number of the last event in the log; 0 while it is empty."""
    return EventId(_LAST.ask(connection)[0][0])


_LAST = Question(lambda _: select(func.coalesce(func.max(events.c.id), 0)))


def whose_decision(connection: Connection, reference: int) -> Owner | None:
    """Whose decision bears a reference; None if there is none."""
    found = connection.execute(_DECISION, {"reference": reference}).first()
    if found is None:
        return None
    return Owner(None, found.detail) if found.person is None else Owner(PersonId(found.person), None)


def some_decisions(
    connection: Connection, *, days: Sequence[int], since: int, start: int, most: int
) -> list[Reference]:
    """Some decisions about somebody, since a moment of these days: as good as drawn by lot.

    Their keys are random, so those that follow a random key are a fair sample, and no more are read than wanted.
    """
    question = (
        select(events.c.reference)
        .where(
            events.c.type == DECIDED, events.c.person.is_not(None), events.c.at > since, events.c.day.in_(days),
            events.c.reference.is_not(None),
        )
        .order_by(events.c.key)
        .limit(most)
    )  # fmt: skip
    found = list(connection.execute(question.where(events.c.key >= start)).scalars())
    found += connection.execute(question.where(events.c.key < start)).scalars()
    return [Reference(one) for one in found[:most]]


def shown_to(connection: Connection, numbers: Sequence[int], *, since: int, until: int) -> list[PersonId]:
    """To whom any of some contents or offers was shown, from a day on and before another (`gentle.number_of`)."""
    question = (
        select(events.c.person)
        .distinct()
        .where(
            events.c.type == _SHOWN, events.c.reference.in_(list(numbers)), events.c.person.is_not(None),
            events.c.day >= since, events.c.day < until,
        )
        .order_by(events.c.person)
    )  # fmt: skip
    return [PersonId(person) for person in connection.execute(question).scalars()]


def remove_import(connection: Connection, import_id: int) -> int:
    """Remove the events that an import brought, for good, and tell how many.

    Mark, settle, erase: the people whom a total may count must be held, and every kept total have settled since.

    Raises:
        Conflict: they are not held, or totals have not settled; the message names the totals.
    """
    one_at_a_time(connection, EVENTS)
    concerned = select(events.c.person).where(events.c.import_id == import_id, events.c.person.is_not(None))
    holds.check_settled(connection, holds.heard(concerned.distinct()))
    return connection.execute(delete(events).where(events.c.import_id == import_id)).rowcount


# ---- writing in bulk -----------------------------------------------------------------------------------------------

_NAMED = ", ".join(NAMES)
_NOT_AGAIN = "ON CONFLICT (day, key) DO NOTHING"  # and nothing else is passed over: OR IGNORE would swallow a null too
_NONE_IS = {"person", "product", "reference"}  # where -1 says "none"


def _values(given: Sequence[str]) -> str:
    return ", ".join(_each(given))


def _each(given: Sequence[str]) -> list[str]:
    return [f"nullif({value}, -1)" if name in _NONE_IS else value for name, value in zip(NAMES, given, strict=True)]


_TYPES = [postgresql_type(events, name) for name in NAMES]
_MARKS = {"sqlite": ["?"] * len(NAMES), "postgresql": [f"%s::{kind}" for kind in _TYPES]}
# A few rows come as JSON, so that they are one statement too, however many they are.
_EACH = [f"value ->> {place}" for place in range(len(NAMES))]
_ADD = f"INSERT INTO events ({_NAMED}) SELECT {_values(_EACH)} FROM json_each(?) WHERE true {_NOT_AGAIN}"
_GIVEN = _each(_MARKS["sqlite"])
_ADD_EACH = f"INSERT INTO events ({_NAMED}) VALUES ({', '.join(_GIVEN)}) {_NOT_AGAIN}"
_FEW = 128  # rows that are written one by one: as JSON each is read anew for each of its values
_UNNEST = ", ".join(f"%s::{kind}[]" for kind in _TYPES)
_ADD_ALL = (
    f"WITH added AS (INSERT INTO events ({_NAMED}) SELECT {_values(NAMES)} "
    f"FROM unnest({_UNNEST}) WITH ORDINALITY AS given ({_NAMED}, place) "
    f"ORDER BY place {_NOT_AGAIN} RETURNING id) SELECT count(*), min(id), max(id) FROM added"
)
_IF_KNOWN = "WHERE {0} IS NULL OR EXISTS (SELECT 1 FROM people WHERE id = {0} AND erased_at IS NULL)"
_ADD_ONE = {
    "sqlite": f"INSERT INTO events ({_NAMED}) SELECT {_values(_MARKS['sqlite'])} "
    f"{_IF_KNOWN.format('?')} {_NOT_AGAIN} RETURNING id",
    "postgresql": f"INSERT INTO events ({_NAMED}) SELECT {_values(_MARKS['postgresql'])} "
    f"{_IF_KNOWN.format('%s::int8')} {_NOT_AGAIN} RETURNING id",
}
# The type is written out, not bound, so that the index over decisions alone serves the question.
_DECISION = select(events.c.person, events.c.detail).where(
    events.c.type == literal_column(str(DECIDED)), events.c.reference == bindparam("reference")
)


def _by_blocks(connection: Connection, rows: Iterable[tuple[Any, ...]]) -> tuple[int, EventId | None, EventId | None]:
    raw, before = driver(connection), last_id(connection)
    changes = raw.total_changes
    left = add_blocks(raw, f"INSERT INTO events ({_NAMED})", _GIVEN, _NOT_AGAIN, rows)
    if len(left) <= _FEW:
        raw.executemany(_ADD_EACH, left)
    else:
        for some in chunks(left):
            raw.execute(_ADD, (some,))
    kept = raw.total_changes - changes
    return kept, *_NEW.ask(connection, before=before)[0]


_NEW = Question(lambda _: select(func.min(events.c.id), func.max(events.c.id)).where(events.c.id > bindparam("before")))


def _by_arrays(connection: Connection, rows: Iterable[tuple[Any, ...]]) -> tuple[int, EventId | None, EventId | None]:
    kept, first, last = 0, None, None
    for some in blocks(rows):
        columns = [_array(column, kind) for column, kind in zip(zip(*some, strict=True), _TYPES, strict=True)]
        more, low, high = driver(connection).execute(_ADD_ALL, columns).fetchone()
        kept, first, last = kept + more, low if first is None else first, last if high is None else high
    return kept, first, last


def _array(column: Sequence[Any], kind: str) -> str | list[Any]:
    """A column for ``unnest``, which fills up with null what is too short."""
    if column.count(None) == len(column):
        return []
    return list(column) if kind == "text" else whole_numbers(column)


def _check_known(connection: Connection, persons: set[int]) -> None:
    if strangers := persons - {row[0] for row in _LIVING.ask(connection, persons=persons)}:
        raise NotFound(
            f"There is no person {min(strangers)}, or no more. Identify people first, then add what happened to them."
        )


# Who is here, not who is missing: without statistics PostgreSQL would compare everybody with everybody for that.
_LIVING = Question(
    lambda lists: select(people.c.id).where(
        people.c.id.in_(lists.numbers("persons")),
        people.c.erased_at.is_(None),  # a late event brings nobody back
    )
)
