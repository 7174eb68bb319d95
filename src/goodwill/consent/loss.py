"""When rows of the ledger are lost for good: one of them may have been a "no", so no earlier yes counts any more."""

from collections.abc import Iterable
from typing import Final

from sqlalchemy import Connection, and_, select
from sqlalchemy.sql.elements import ColumnElement

from goodwill.basics.clock import Micros
from goodwill.basics.ids import PersonId, Position
from goodwill.consent.ledger import Asked, Evidence, Said, State, append
from goodwill.consent.tables import consent_now
from goodwill.purposes import Basis, Category, Purpose, Register
from goodwill.storage.engine import LEDGER, one_at_a_time

HOW: Final = "ledger-loss"
_AT_ONCE = 20_000


def doubt_everything(
    connection: Connection, register: Register, persons: Iterable[PersonId], *, by: str, now: Micros
) -> int:
    """Take back every yes that counts, and object for everybody where silence allows; gives how many rows that took.

    What people say from now on counts as ever. A "no" stays as it is.

    Args:
        persons: everybody who is known.
    """
    return _doubt(connection, register, persons, by=by, now=now)


def doubt_of(
    connection: Connection, register: Register, person: PersonId, purpose: Purpose | None, *, by: str, now: Micros
) -> int:
    """The same for one person, and for one purpose if it is known which her lost word was about."""
    rows = consent_now.c
    hers = rows.person == person if purpose is None else and_(rows.person == person, rows.purpose == purpose)
    return _doubt(connection, register, [person], by=by, now=now, among=hers, purpose=purpose)


def _doubt(
    connection: Connection,
    register: Register,
    persons: Iterable[PersonId],
    *,
    by: str,
    now: Micros,
    among: ColumnElement[bool] | None = None,
    purpose: Purpose | None = None,
) -> int:
    one_at_a_time(connection, LEDGER)
    asked = Asked(how=HOW, by=by, evidence=Evidence.NONE)
    question = select(consent_now)
    answers = connection.execute(question if among is None else question.where(among)).all()
    everybody = list(persons)
    said = {(row.person, row.purpose, row.category) for row in answers}
    words = [
        Said(PersonId(row.person), Purpose(row.purpose), Category(row.category), State.WITHDRAWN, now, asked)
        for row in answers
        if row.yes == 1
    ]
    words += [
        Said(person, entry.name, category, State.REFUSED, now, asked)
        for entry in register
        if entry.basis is Basis.LEGITIMATE_INTERESTS and purpose in (None, entry.name)
        for person in everybody
        for category in entry.categories
        if (person, entry.name, category) not in said
    ]
    written: list[Position] = []
    for start in range(0, len(words), _AT_ONCE):
        written += append(connection, words[start : start + _AT_ONCE], now=now)
    return len(written)
