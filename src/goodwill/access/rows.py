"""The row engine: one person in microseconds, as of now or of any earlier point."""

from collections.abc import Mapping

import numpy as np
from sqlalchemy import Connection, and_, func, literal, select

from goodwill.access.view import COLUMNS, Log, View
from goodwill.basics.ids import PersonId
from goodwill.consent import allowed_categories, last_position
from goodwill.consent.relation import fold
from goodwill.consent.tables import consent_rows
from goodwill.people.tables import events, holds, people, profiles
from goodwill.people.types import ALL, codes_of
from goodwill.protect.cipher import Cipher, Sealed
from goodwill.purposes import Basis, Category, Entry
from goodwill.storage import AsOf

_EVENT_CATEGORIES = frozenset(kind.category for kind in ALL)

_NONE = {"product": -1, "quantity": -1, "amount": 0, "reference": -1}
_LOG = [
    func.coalesce(events.c[name], _NONE[name]).label(name) if name in _NONE else events.c[name] for name in COLUMNS
]


def as_of_now(connection: Connection, at: int) -> AsOf:
    """How far the logs reach in this transaction."""
    last_event = select(func.coalesce(func.max(events.c.id), 0)).scalar_subquery()
    last_hold = select(func.coalesce(func.max(holds.c.id), 0)).scalar_subquery()
    row = connection.execute(select(last_event, last_hold)).one()
    return AsOf(consent=last_position(connection), events=int(row[0]), holds=int(row[1]), at=at)


def is_held(connection: Connection, person: PersonId, upto: int) -> bool:
    """Whether the person counts in nothing, as of a row of the holds."""
    newest = select(holds.c.held).where(holds.c.person == person, holds.c.id <= upto).order_by(holds.c.id.desc()).limit(1)
    return connection.execute(newest).scalar() == 1


def is_known(connection: Connection, person: PersonId) -> bool:
    """Whether there is such a person, neither erased nor merged into another."""
    question = select(literal(1)).where(
        people.c.id == person, people.c.erased_at.is_(None), people.c.merged_into.is_(None)
    )
    return connection.execute(question).first() is not None


def categories_now(connection: Connection, person: PersonId, entry: Entry, *, at: int, day: int) -> frozenset[Category]:
    return allowed_categories(connection, person, entry, at=at, day=day)


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
    yes = {Category(row.category) for row in rows if row.yes == 1 and (row.until is None or row.until > as_of.at)}
    return frozenset(entry.categories) & yes


def view_of(
    connection: Connection,
    person: PersonId,
    entry: Entry,
    allowed: frozenset[Category],
    as_of: AsOf,
    *,
    types: tuple[int, ...] | None = None,
    cipher: Cipher | None = None,
) -> View:
    """One person's view, of categories that were checked before."""
    listed = frozenset(entry.categories)
    return View(
        person=person,
        purpose=entry.name,
        as_of=as_of,
        used=allowed & listed,
        withheld=listed - allowed,
        events=log_of(connection, person, codes_of(allowed & listed), as_of, types),
        facts=facts_of(connection, person, (allowed & listed) - _EVENT_CATEGORIES, cipher),
    )


def log_of(
    connection: Connection, person: PersonId, codes: list[int], as_of: AsOf, types: tuple[int, ...] | None = None
) -> Log:
    wanted = [code for code in codes if types is None or code in types]
    question = (
        select(*_LOG)
        .where(events.c.person == person, events.c.id <= as_of.events, events.c.type.in_(wanted))
        .order_by(events.c.day, events.c.at, events.c.id)
    )
    return log_from(connection.execute(question).all())


def log_from(rows: "list[tuple[int, ...]] | object") -> Log:
    """A log from database rows in the order of `COLUMNS`."""
    table = np.array([tuple(row) for row in rows], dtype=np.int64).reshape(-1, len(COLUMNS))  # type: ignore[attr-defined]
    return Log(*(np.ascontiguousarray(table[:, n]) for n in range(len(COLUMNS))))


def facts_of(
    connection: Connection, person: PersonId, categories: frozenset[Category], cipher: Cipher | None
) -> Mapping[str, str]:
    """Profile fields of some categories, in clear."""
    if not categories or cipher is None:
        return {}
    question = select(profiles).where(profiles.c.person == person, profiles.c.category.in_(sorted(categories)))
    return {
        row.field: cipher.open(person, row.field, Sealed(row.epoch, row.sealed)) for row in connection.execute(question)
    }
