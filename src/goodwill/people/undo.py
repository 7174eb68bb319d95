"""Undoing an import: what it brought goes, and whoever has come to life since stays."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, delete, func, select, union, update

from goodwill.basics.clock import Micros
from goodwill.basics.ids import PersonId
from goodwill.consent.tables import consent_rows
from goodwill.people import holds, log
from goodwill.people.bulk import listed
from goodwill.people.tables import events, identities, people, profiles
from goodwill.people.tables import holds as rows_of_holds
from goodwill.storage.engine import EVENTS, HOLDS, LEDGER, PEOPLE, one_at_a_time
from goodwill.storage.kept import reads


@dataclass(frozen=True, slots=True)
class Removed:
    """What an undo took away.

    Attributes:
        people: those whom the import had made and of whom nothing was left. Destroy their keys once this is committed.
        numbers: how many of these some log names; their numbers stay, and nothing else.
    """

    events: int
    identities: int
    people: tuple[PersonId, ...]
    numbers: int


def made_by(connection: Connection, import_id: int) -> int:
    """How many people an import made, or gave an id."""
    made = (select(func.count()).where(table.c.import_id == import_id) for table in (people, identities))
    return sum(connection.execute(question).scalar_one() for question in made)


def concerned(connection: Connection, import_id: int, before: Collection[int] = ()) -> list[PersonId]:
    """Everybody whom an import made, or of whom it brought events or facts, as `remove_import` sees it."""
    return [PersonId(person) for person in connection.execute(_concerned(import_id, before)).scalars()]


def to_hold(connection: Connection, persons: Collection[PersonId]) -> list[PersonId]:
    """Those of some people whom a kept total may count: hold them, and settle, before anything of them is removed."""
    return [PersonId(person) for person in connection.execute(holds.heard(listed(connection, persons))).scalars()]


def remove_import(connection: Connection, import_id: int, *, now: Micros, before: Collection[int] = ()) -> Removed:
    """Remove the events and ids that an import brought, and the people of whom nothing else is known.

    Fields of profiles are put back before (`profile.put_back`), and answers about consent taken back
    (`consent.invalidate`). Somebody whom the import made but who has said or done something since stays, with all her
    ids: her "no" must still reach her.

    Args:
        before: imports that were undone earlier; whoever had stayed then for what this import brought goes with it.

    Raises:
        Conflict: people whom a total may count are not held, or totals have not settled since; the message names them.
    """
    for lock in (PEOPLE, EVENTS, HOLDS, LEDGER):  # in everybody's order
        one_at_a_time(connection, lock)
    holds.check_settled(connection, holds.heard(_concerned(import_id, before)))
    lost = log.remove_import(connection, import_id)
    gone = [PersonId(person) for person in connection.execute(_empty(import_id, before)).scalars()]
    made = select(people.c.id).where(people.c.import_id == import_id)
    owned = identities.c.import_id == import_id
    hers = identities.c.person.in_(listed(connection, gone))
    taken = connection.execute(delete(identities).where(hers)).rowcount
    taken += connection.execute(delete(identities).where(owned, identities.c.person.not_in(made))).rowcount
    return Removed(lost, taken, tuple(gone), _remove_people(connection, gone, now))


def _remove_people(connection: Connection, gone: Sequence[PersonId], now: Micros) -> int:
    """Remove people, but for the numbers that a log names, and tell how many these are."""
    held = _named(connection, gone, rows_of_holds.c.person)
    # A second row about each, as those who stay get one with their release: a total that some process still holds from
    # before the first cannot subtract what is not there any more, and is worked out anew.
    holds.hold(connection, held, "erased", now=now)
    # A number is never given to anybody else; the row says that it belongs to nobody any more.
    logs = (consent_rows.c.person, reads.c.person, people.c.merged_into)
    stay = {*held, *(person for column in logs for person in _named(connection, gone, column))}
    connection.execute(update(people).where(people.c.id.in_(listed(connection, stay))).values(erased_at=now))
    connection.execute(delete(people).where(people.c.id.in_(listed(connection, set(gone) - stay))))
    return len(stay)


def _named(connection: Connection, persons: Sequence[PersonId], column: ColumnElement[int]) -> list[PersonId]:
    """Those of some people whose numbers stand in a column."""
    question = select(column).where(column.in_(listed(connection, persons))).distinct()
    return [PersonId(person) for person in connection.execute(question).scalars()]


# A number that was merged into another stays for the logs that name it.
_IS_SOMEBODY = (people.c.erased_at.is_(None), people.c.merged_into.is_(None))


def _concerned(import_id: int, before: Collection[int]) -> Select[Any]:
    about = select(events.c.person).where(events.c.import_id == import_id, events.c.person.is_not(None))
    told = select(profiles.c.person).where(profiles.c.import_id == import_id)
    made = select(people.c.id).where(people.c.import_id.in_([import_id, *before]), *_IS_SOMEBODY)
    return select(union(about, told, made).subquery().c.person)


def _empty(import_id: int, before: Collection[int]) -> Select[Any]:
    """The people whom undone imports made, and whom nothing else has touched since."""
    undone = [import_id, *before]
    others = identities.c.import_id.is_(None) | identities.c.import_id.not_in(undone)
    return select(people.c.id).where(
        people.c.import_id.in_(undone),
        *_IS_SOMEBODY,
        ~_has(events),
        ~_has(profiles),
        ~_has(identities, others),
        ~_has(consent_rows, consent_rows.c.state != "invalidated", ~_taken_back()),
    )


def _has(table: Table, *which: ColumnElement[bool]) -> ColumnElement[bool]:
    return select(table.c.person).where(and_(table.c.person == people.c.id, *which)).exists()


def _taken_back() -> ColumnElement[bool]:
    later = consent_rows.alias("later")
    return select(later.c.refers).where(later.c.refers == consent_rows.c.position).exists()
