"""Undoing an import: what it brought goes, and whoever has come to life since stays."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, delete, select, union, update

from goodwill.basics.clock import Micros
from goodwill.basics.ids import PersonId
from goodwill.consent.tables import consent_rows
from goodwill.people import holds, log
from goodwill.people.tables import events, identities, people, profiles
from goodwill.storage.engine import EVENTS, PEOPLE, one_at_a_time


@dataclass(frozen=True, slots=True)
class Removed:
    """What an undo took away.

    Attributes:
        people: those whom the import had made and of whom nothing was left. Destroy their keys once this is committed.
    """

    events: int
    identities: int
    people: tuple[PersonId, ...]


def concerned(connection: Connection, import_id: int) -> list[PersonId]:
    """Everybody whom an import made or about whom it brought events: hold them, and settle, before it is undone."""
    return [PersonId(person) for person in connection.execute(_concerned(import_id)).scalars()]


def remove_import(connection: Connection, import_id: int, *, now: Micros) -> Removed:
    """Remove the events and ids that an import brought, and the people of whom nothing else is known.

    Fields of profiles are put back before (`profile.put_back`), and answers about consent taken back
    (`consent.invalidate`). Somebody whom the import made but who has said or done something since stays, with all her
    ids: her "no" must still reach her.

    Raises:
        Conflict: the people concerned are not held, or totals have not settled since; the message names the totals.
    """
    for lock in (PEOPLE, EVENTS):  # in everybody's order
        one_at_a_time(connection, lock)
    holds.check_settled(connection, _concerned(import_id))
    lost = log.remove_import(connection, import_id)
    gone = [PersonId(person) for person in connection.execute(_empty(import_id)).scalars()]
    made = select(people.c.id).where(people.c.import_id == import_id)
    empty = _empty(import_id)
    owned = identities.c.import_id == import_id
    taken = connection.execute(delete(identities).where(owned, identities.c.person.in_(empty))).rowcount
    taken += connection.execute(delete(identities).where(owned, identities.c.person.not_in(made))).rowcount
    connection.execute(update(identities).where(owned).values(import_id=None))
    # The row itself stays: the consent ledger names its number, which is never given to anybody else.
    marked = update(people).where(people.c.id.in_(empty)).values(erased_at=now)
    connection.execute(marked)
    # A second row about each who is gone, as the others get one with their release: a total that some process still
    # holds from before the first cannot subtract what is not there any more, and is worked out anew.
    holds.hold(connection, gone, "erased", now=now)
    return Removed(lost, taken, tuple(gone))


# A number that was merged into another stays for the logs that name it.
_IS_SOMEBODY = (people.c.erased_at.is_(None), people.c.merged_into.is_(None))


def _concerned(import_id: int) -> Select[Any]:
    about = select(events.c.person).where(events.c.import_id == import_id, events.c.person.is_not(None))
    made = select(people.c.id).where(people.c.import_id == import_id, *_IS_SOMEBODY)
    return select(union(about, made).subquery().c.person)


def _empty(import_id: int) -> Select[Any]:
    """The people whom an import made, and whom nothing else has touched since."""
    return select(people.c.id).where(
        people.c.import_id == import_id,
        *_IS_SOMEBODY,
        ~_has(events),
        ~_has(profiles),
        ~_has(identities, identities.c.import_id.is_distinct_from(import_id)),
        ~_has(consent_rows, consent_rows.c.state != "invalidated", ~_taken_back()),
    )


def _has(table: Table, *which: ColumnElement[bool]) -> ColumnElement[bool]:
    return select(table.c.person).where(and_(table.c.person == people.c.id, *which)).exists()


def _taken_back() -> ColumnElement[bool]:
    later = consent_rows.alias("later")
    return select(later.c.refers).where(later.c.refers == consent_rows.c.position).exists()
