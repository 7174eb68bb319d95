"""The row engine: one person in microseconds, as of now or of any earlier point."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import Any

import numpy as np
from sqlalchemy import Connection, Row, Select, and_, bindparam, func, literal, literal_column, or_, select

from goodwill.access.view import COLUMNS, Facts, Log, Numbers, Selection, View
from goodwill.basics.errors import BadInput, KeyDestroyed, KeyMissing
from goodwill.basics.ids import PersonId
from goodwill.consent.relation import fold, lasts
from goodwill.consent.tables import consent_rows
from goodwill.people.gentle import TOLD, gentle_with
from goodwill.people.tables import events, holds, people, profiles
from goodwill.people.types import ALL, codes_of
from goodwill.protect.cipher import Cipher, Sealed
from goodwill.purposes import Basis, Category, Entry
from goodwill.storage import AsOf, Database
from goodwill.storage.engine import is_sqlite
from goodwill.storage.questions import Question

_EVENT_CATEGORIES = frozenset(kind.category for kind in ALL)

_NONE = {"product": -1, "quantity": -1, "amount": 0, "reference": -1}
# Statements are built once: putting one together costs more than running it.
_REACH = (
    select(func.coalesce(func.max(consent_rows.c.position), 0)).scalar_subquery(),
    select(func.coalesce(func.max(events.c.id), 0)).scalar_subquery(),
    select(func.coalesce(func.max(holds.c.id), 0)).scalar_subquery(),
)
_AS_OF = select(*_REACH)
_HELD = (
    select(holds.c.held)
    .where(holds.c.person == bindparam("person"), holds.c.id <= bindparam("upto"))
    .order_by(holds.c.id.desc())
    .limit(1)
)
_KNOWN = select(literal(1)).where(
    people.c.id == bindparam("person"), people.c.erased_at.is_(None), people.c.merged_into.is_(None)
)
_HELD_NOW = select(holds.c.held).where(holds.c.person == bindparam("person")).order_by(holds.c.id.desc()).limit(1)
_AT_THE_DOOR = select(*_REACH, _KNOWN.scalar_subquery(), _HELD_NOW.scalar_subquery())
_WRITTEN_SINCE = select(
    or_(
        select(literal(1))
        .where(consent_rows.c.person == bindparam("person"), consent_rows.c.position > bindparam("position"))
        .exists(),
        select(literal(1)).where(holds.c.person == bindparam("person"), holds.c.id > bindparam("hold")).exists(),
    )
)


@cache
def _log(types: tuple[int, ...]) -> Select[*tuple[Any, ...]]:
    """Somebody's events of some types; built once for each set of types that anything asks for."""
    columns = (func.coalesce(events.c[name], _NONE[name]) if name in _NONE else events.c[name] for name in COLUMNS)
    return (
        select(*columns)
        .where(
            events.c.person == bindparam("person"),
            events.c.id <= bindparam("upto"),
            events.c.type.in_([literal_column(str(code)) for code in types]),
        )
        .order_by(events.c.day, events.c.at, events.c.id)
    )


@dataclass(frozen=True, slots=True)
class Arrival:
    """Who stands at the door: how far the logs reach, and whether the person is known and may be looked at."""

    as_of: AsOf
    known: bool
    held: bool


def at_the_door(connection: Connection, person: PersonId, at: int) -> Arrival:
    """One look-up for all that must be true before a person's data are read."""
    row = connection.execute(_AT_THE_DOOR, {"person": person}).one()
    return Arrival(AsOf(int(row[0]), int(row[1]), int(row[2]), at), row[3] == 1, row[4] == 1)


def as_of_now(connection: Connection, at: int) -> AsOf:
    """How far the logs reach in this transaction."""
    row = connection.execute(_AS_OF).one()
    return AsOf(int(row[0]), int(row[1]), int(row[2]), at)


def written_about_since(connection: Connection, person: PersonId, as_of: AsOf) -> bool:
    """Whether ledger or holds have grown about a person: what was read of her since is not all of that time.

    On SQLite nobody writes beside a transaction that writes, and reading is written down.
    """
    if is_sqlite(connection):
        return False
    reached = {"person": person, "position": as_of.consent, "hold": as_of.holds}
    return bool(connection.execute(_WRITTEN_SINCE, reached).scalar_one())


def is_held(connection: Connection, person: PersonId, upto: int) -> bool:
    """Whether the person counts in nothing, as of a row of the holds."""
    return connection.execute(_HELD, {"person": person, "upto": upto}).scalar() == 1


def is_known(connection: Connection, person: PersonId) -> bool:
    """Whether there is such a person, neither erased nor merged into another."""
    return connection.execute(_KNOWN, {"person": person}).first() is not None


def categories_as_of(
    connection: Connection, person: PersonId, entry: Entry, as_of: AsOf, *, day: int
) -> frozenset[Category]:
    """The categories that a person allowed for a purpose, as of a row of the ledger and a moment."""
    if entry.is_off(day):
        return frozenset()
    if entry.basis in (Basis.CONTRACT, Basis.LEGAL_OBLIGATION):
        return frozenset(entry.categories)
    mine = and_(consent_rows.c.person == person, consent_rows.c.purpose == entry.name)
    rows = connection.execute(fold(as_of=as_of.consent, among=mine)).all()
    if entry.basis is Basis.LEGITIMATE_INTERESTS:
        return frozenset(entry.categories) - {Category(row.category) for row in rows if row.yes != 1}
    yes = {Category(row.category) for row in rows if row.yes == 1 and lasts(row.until, as_of.at)}
    return frozenset(entry.categories) & yes


def view_of(
    connection: Connection,
    person: PersonId,
    entry: Entry,
    allowed: frozenset[Category],
    as_of: AsOf,
    *,
    types: tuple[int, ...] | None = None,
    fields: frozenset[str] | None = None,
    cipher: Cipher | None = None,
) -> View:
    """One person's view, of categories that were checked before.

    Args:
        types: of events, and ``fields``: of the profile, if not all that the categories hold.
    """
    listed = frozenset(entry.categories)
    if fields is None:
        facts = facts_of(connection, person, (allowed & listed) - _EVENT_CATEGORIES, cipher)
    else:
        facts = facts_of(connection, person, allowed & listed, cipher, fields)
    return View(
        person=person,
        purpose=entry.name,
        as_of=as_of,
        used=allowed & listed,
        withheld=listed - allowed,
        events=log_of(connection, person, codes_of(allowed & listed), as_of, types),
        facts=facts,
    )


def log_of(
    connection: Connection, person: PersonId, codes: list[int], as_of: AsOf, types: tuple[int, ...] | None = None
) -> Log:
    """A person's events of some types, as far as ``as_of`` reaches."""
    wanted = tuple(int(code) for code in codes if types is None or code in types)
    return log_from(connection.execute(_log(wanted), {"person": person, "upto": as_of.events}).all())


def log_from(rows: Sequence[Row[Any]]) -> Log:
    """A log from database rows in the order of `COLUMNS`."""
    width = len(COLUMNS)
    flat = np.fromiter(chain.from_iterable(rows), np.int64, len(rows) * width)
    return Log(*flat.reshape(-1, width).T.copy())


def facts_of(
    connection: Connection,
    person: PersonId,
    categories: frozenset[Category],
    cipher: Cipher | None,
    fields: frozenset[str] | None = None,
) -> Mapping[str, str]:
    """Profile fields of some categories, in clear; of some names, unless all are wanted."""
    if not categories or cipher is None or fields == frozenset():
        return {}
    question = select(profiles).where(profiles.c.person == person, profiles.c.category.in_(sorted(categories)))
    if fields is not None:
        question = question.where(profiles.c.field.in_(sorted(fields)))
    return {
        row.field: cipher.open(person, row.field, Sealed(row.epoch, row.sealed)) for row in connection.execute(question)
    }


def told_of_themselves(connection: Connection) -> Numbers:
    """Those who once told how to be with them, such as that nothing be chosen from their data."""
    return np.array([row[0] for row in _TOLD.ask(connection)], np.int64)


def is_impersonal(connection: Connection, person: PersonId, as_of: AsOf) -> bool:
    """Whether nothing is to be chosen from somebody's data: she switched it off, or is under age."""
    return gentle_with(connection, person, at=as_of.at, upto=as_of.events).impersonal


def facts_of_many(
    database: Database, cipher: Cipher | None, persons: Numbers, what: Selection, upto: tuple[int, int]
) -> list[Facts] | None:
    """What a selection wants to know of some people, each in their order; what does not open is not known.

    Args:
        upto: rows of the ledger and of the holds. If more has been said by now, nothing is opened: None.
    """
    found: dict[int, dict[str, str]] = {int(person): {} for person in persons}
    with database.reading() as connection:
        reached = as_of_now(connection, 0)
        if (reached.consent, reached.holds) != upto:
            return None
        asked = {"fields": sorted(what.fields), "categories": sorted(what.categories), "persons": list(found)}
        rows = _SOME_FACTS.ask(connection, **asked) if cipher is not None else []
        for person, field, text in _opened(cipher, rows):
            found[person][field] = text
    return list(found.values())


def _opened(cipher: Cipher | None, rows: Sequence[tuple[Any, ...]]) -> Iterator[tuple[int, str, str]]:
    """What opens of some sealed fields: all at once, or where one does not, one by one without it."""
    if cipher is None or not rows:
        return
    sealed = [(PersonId(person), field, Sealed(epoch, bytes(data))) for person, field, epoch, data in rows]
    try:
        texts: list[str | None] = list(cipher.open_many(sealed))
    except _DOES_NOT_OPEN:
        texts = [_if_it_opens(cipher, *one) for one in sealed]
    for (person, field, _), text in zip(sealed, texts, strict=True):
        if text is not None:
            yield person, field, text


def _if_it_opens(cipher: Cipher, person: PersonId, field: str, sealed: Sealed) -> str | None:
    try:
        return cipher.open(person, field, sealed)
    except _DOES_NOT_OPEN:
        return None


_TOLD = Question(
    lambda _: (  # its number stands in it as it is, or no database would take the index
        select(events.c.person)
        .distinct()
        .where(events.c.type == literal_column(str(TOLD)), events.c.product.is_(None), events.c.person.is_not(None))
    )
)
_DOES_NOT_OPEN = (BadInput, KeyDestroyed, KeyMissing)
_SOME_FACTS = Question(
    lambda lists: select(profiles.c.person, profiles.c.field, profiles.c.epoch, profiles.c.sealed).where(
        profiles.c.person.in_(lists.numbers("persons")),
        profiles.c.field.in_(lists.texts("fields")),
        profiles.c.category.in_(lists.texts("categories")),
    )
)
