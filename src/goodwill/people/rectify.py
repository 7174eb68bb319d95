"""A correction of an id that somebody is known by; what stood there is gone."""

from sqlalchemy import Connection, delete, select

from goodwill.basics.clock import Micros
from goodwill.basics.errors import BadInput, Conflict
from goodwill.basics.ids import PersonId
from goodwill.people.identify import SEVERAL, attach, marks_of, people_of
from goodwill.people.tables import identities
from goodwill.protect import Cipher, Sealed
from goodwill.storage.engine import PEOPLE, one_at_a_time


def kinds_of(connection: Connection, person: PersonId) -> set[str]:
    """Under which kinds of id somebody is known."""
    return set(connection.execute(select(identities.c.kind).where(identities.c.person == person)).scalars())


def replace_id(
    connection: Connection,
    cipher: Cipher,
    person: PersonId,
    kind: str,
    value: str | None,
    *,
    now: Micros,
    was: str | None = None,
    verified: bool = False,
    region: str | None = None,
) -> bool:
    """Let somebody be known by another id of a kind in place of the one that was wrong; False if nothing changes.

    Args:
        value: the right one; None takes the wrong one away.
        was: the wrong one; it may be left out where she has just one of that kind.
        verified: she has shown that the new one is hers.

    Raises:
        BadInput: the new id names nobody, the old one is not hers or not named, or none would be left to know her by.
        Conflict: the new id is somebody else's.
    """
    one_at_a_time(connection, PEOPLE)
    marks = marks_of(connection, cipher, {kind: value}, region) if value is not None else []
    if value is not None and not marks:
        raise BadInput(f"What was given as {kind} cannot be anybody's: it is no {kind}, or a word like 'guest' or '0'.")
    owner = people_of(connection, kind, [mark.lookup for mark in marks])
    if any(one != person for one in owner.values()):
        raise Conflict(f"This {kind} is known as another customer's. If the two are one person, merge them.")
    old = _old(connection, cipher, person, kind, was, region)
    if old is not None and marks and old == marks[0].lookup:
        return False
    if old is not None:
        connection.execute(delete(identities).where(identities.c.kind == kind, identities.c.lookup == old))
    if not owner:
        given = [(mark, person) for mark in marks]
        attach(connection, cipher, given, now=now, verified_at=now if verified else None, import_id=None)
    if not kinds_of(connection, person):
        raise BadInput("Without this id nobody could find her any more. Erase her instead, or give another id first.")
    return old is not None or bool(marks and not owner)


def _old(
    connection: Connection, cipher: Cipher, person: PersonId, kind: str, was: str | None, region: str | None
) -> bytes | None:
    """The keyed hash of the id that goes; None where she has none of that kind."""
    question = select(identities).where(identities.c.person == person, identities.c.kind == kind)
    standing = {bytes(row.lookup): row for row in connection.execute(question)}
    if was is None:
        if len(standing) > 1:
            raise BadInput(f"She is known by {len(standing)} ids of the kind {kind}; say which one is wrong.")
        return next(iter(standing), None)
    marks = marks_of(connection, cipher, {kind: was}, region)
    if marks and marks[0].lookup in standing:
        return marks[0].lookup
    for lookup, row in standing.items():  # as it is written, where its form depends on the country
        if cipher.open(person, kind, Sealed(row.epoch, bytes(row.sealed))) == was.strip():
            return lookup
    raise BadInput(f"The {kind} that is to be corrected is not one that she is known by.")


def is_id(kind: str, kinds: set[str]) -> bool:
    """Whether a word names an id rather than a field of the profile."""
    return kind in SEVERAL or kind in {"user_id", "external"} or kind in kinds
