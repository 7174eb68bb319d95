"""The row engine: one person in microseconds, as of now or of any earlier point."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from itertools import chain
from typing import Any

import numpy as np
from sqlalchemy import Connection, and_, bindparam, case, func, literal, literal_column, select

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
_AS_OF = Question(lambda _: select(*_REACH))
_HELD = (
    select(holds.c.held)
    .where(holds.c.person == bindparam("person"), holds.c.id <= bindparam("upto"))
    .order_by(holds.c.id.desc())
    .limit(1)
)
_KNOWN = select(literal(1)).where(
    people.c.id == bindparam("person"), people.c.erased_at.is_(None), people.c.merged_into.is_(None)
)
_HELD_NOW = select(holds.c.held).where(holds.c.person == people.c.id).order_by(holds.c.id.desc()).limit(1)
_ARRIVING = Question(
    lambda lists: select(people.c.id, _HELD_NOW.scalar_subquery()).where(
        people.c.id.in_(lists.numbers("persons")), people.c.erased_at.is_(None), people.c.merged_into.is_(None)
    )
)
_WRITTEN_SINCE = Question(
    lambda lists: (
        select(consent_rows.c.person)
        .where(consent_rows.c.position > bindparam("position"), consent_rows.c.person.in_(lists.numbers("persons")))
        .union(
            select(holds.c.person).where(holds.c.id > bindparam("hold"), holds.c.person.in_(lists.numbers("persons"))),
            select(events.c.person).where(
                events.c.id > bindparam("event"),
                events.c.person.in_(lists.numbers("persons")),
                events.c.type == literal_column(str(TOLD)),
            ),
        )
    )
)


@cache
def _log(types: tuple[int, ...], currency: str | None) -> Question:
    """Some people's events of some types; built once for each set of types that anything asks for."""
    columns: list[Any] = [
        func.coalesce(events.c[name], _NONE[name]) if name in _NONE else events.c[name] for name in COLUMNS
    ]
    if currency is not None:
        columns.append(case((events.c.currency != currency, 1), else_=0))  # none is of no other one
    return Question(
        lambda lists: (
            select(events.c.person, *columns)
            .where(
                events.c.person.in_(lists.numbers("persons")),
                events.c.id <= bindparam("upto"),
                events.c.type.in_([literal_column(str(code)) for code in types]),
            )
            .order_by(events.c.person, events.c.day, events.c.at, events.c.id)
        )
    )


def arriving(connection: Connection, persons: Collection[PersonId]) -> dict[PersonId, bool]:
    """Those of some people who are known, neither erased nor merged into another, and whether each is held."""
    return {PersonId(person): held == 1 for person, held in _ARRIVING.ask(connection, persons=persons)}


def as_of_now(connection: Connection, at: int) -> AsOf:
    """How far the logs reach in this transaction."""
    consent, event, hold = _AS_OF.ask(connection)[0]
    return AsOf(int(consent), int(event), int(hold), at)


def changed_meanwhile(connection: Connection, persons: Collection[PersonId], as_of: AsOf) -> set[PersonId]:
    """Those of some people whose word has changed since a transaction began to look; on SQLite it sees one moment."""
    return set() if is_sqlite(connection) else written_about_since(connection, persons, as_of)


def written_about_since(connection: Connection, persons: Collection[PersonId], as_of: AsOf) -> set[PersonId]:
    """Those of some people about whom ledger or holds have grown, or who told how to be with them.

    What was read of them by then is not what is true now.
    """
    reached = {"position": as_of.consent, "hold": as_of.holds, "event": as_of.events}
    return {PersonId(person) for (person,) in _WRITTEN_SINCE.ask(connection, persons=persons, **reached)}


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
    currency: str | None = None,
) -> View:
    """One person's view, of categories that were checked before; see `views_of`."""
    some = views_of(
        connection, [person], entry, allowed, as_of, types=types, fields=fields, cipher=cipher, currency=currency
    )
    return some[person]


def views_of(
    connection: Connection,
    persons: Sequence[PersonId],
    entry: Entry,
    allowed: frozenset[Category],
    as_of: AsOf,
    *,
    types: tuple[int, ...] | None = None,
    fields: frozenset[str] | None = None,
    cipher: Cipher | None = None,
    currency: str | None = None,
) -> dict[PersonId, View]:
    """The views of some people, of the same categories, that were checked before for each of them.

    Args:
        types: of events, and ``fields``: of the profile, if not all that the categories hold.
        currency: if given, events say whether they are of another one.
    """
    listed = frozenset(entry.categories)
    used = allowed & listed
    told = used - _EVENT_CATEGORIES if fields is None else used
    logs = logs_of(connection, persons, codes_of(used), as_of, types, currency)
    return {
        person: View(
            person=person,
            purpose=entry.name,
            as_of=as_of,
            used=used,
            withheld=listed - allowed,
            events=logs[person],
            facts=facts_of(connection, person, told, cipher, fields),
        )
        for person in persons
    }


def log_of(
    connection: Connection, person: PersonId, codes: list[int], as_of: AsOf, types: tuple[int, ...] | None = None
) -> Log:
    """A person's events of some types, as far as ``as_of`` reaches."""
    return logs_of(connection, [person], codes, as_of, types)[person]


def logs_of(
    connection: Connection,
    persons: Sequence[PersonId],
    codes: list[int],
    as_of: AsOf,
    types: tuple[int, ...] | None = None,
    currency: str | None = None,
) -> dict[PersonId, Log]:
    """The events of some types of each of some people, as far as ``as_of`` reaches."""
    wanted = tuple(int(code) for code in codes if types is None or code in types)
    rows = _log(wanted, currency).ask(connection, persons=persons, upto=as_of.events) if wanted else []
    width = len(COLUMNS) + 1 + (currency is not None)
    flat = np.fromiter(chain.from_iterable(rows), np.int64, len(rows) * width)
    whose, *columns = flat.reshape(-1, width).T.copy()
    first = np.searchsorted(whose, persons, side="left").tolist()
    last = np.searchsorted(whose, persons, side="right").tolist()
    return {
        person: Log(*(column[start:stop] for column in columns))
        for person, start, stop in zip(persons, first, last, strict=True)
    }


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
