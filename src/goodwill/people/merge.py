"""Two people turn out to be one: all that is known of the other becomes the survivor's, and she allows what both did.

An explicit act, never made by itself, in the order mark, settle, move: both are held; every kept total settles, which
takes out what each of them added; only then do events change hands. Between the steps both count in nothing, so whoever
is interrupted there has lost nothing and may go on.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, select, update

from goodwill import consent
from goodwill.basics.clock import Micros
from goodwill.basics.errors import BadInput, Conflict, NotFound
from goodwill.basics.ids import PersonId, Position
from goodwill.people import holds, journal
from goodwill.people.profile import hand_over
from goodwill.people.tables import events, identities, people
from goodwill.protect import Cipher, Sealed
from goodwill.purposes import Register
from goodwill.storage.engine import EVENTS, HOLDS, PEOPLE, one_at_a_time
from goodwill.storage.questions import Question


@dataclass(frozen=True, slots=True)
class Merged:
    """What moved from the other to the survivor.

    Attributes:
        fields: of the profile; those that both had stay as the survivor's.
        narrowed: the rows of the ledger by which the survivor now allows only what both did.
        id: by which it can be taken back; 0 where nothing was to be done.
        dropped: the fields that both had, of which the other's is not used any more.
        rows: what moved of other tables.
    """

    person: PersonId
    other: PersonId
    identities: int = 0
    fields: int = 0
    events: int = 0
    narrowed: tuple[Position, ...] = ()
    id: int = 0
    dropped: tuple[str, ...] = ()
    rows: int = 0


def mark(connection: Connection, keep: PersonId, other: PersonId, *, now: Micros) -> int:
    """Let both count in nothing, and return the number of the hold that every total must reach before `move`.

    Raises:
        NotFound: one of them is not known, or no more.
        BadInput: they are one and the same already.
        Conflict: one of them is held for something else; that must end first.
    """
    one_at_a_time(connection, HOLDS)
    _check(connection, keep, other)
    return holds.hold(connection, [keep, other], reason(keep, other), now=now)


def move(
    connection: Connection, cipher: Cipher, register: Register, keep: PersonId, other: PersonId, *, now: Micros
) -> Merged:
    """Give the survivor what is known of the other, after `mark` and after every kept total has settled.

    The other's number stays, empty and held: the ledger, the read log and older totals name it. Its key stays too, for
    taking the merge back (`unmerge`); erasing the survivor erases all her `numbers`.

    Raises:
        NotFound, BadInput, Conflict: as `mark`.
        Conflict: they are not held, or totals have not settled since; the message names the totals. Nothing is changed.
    """
    # Always in this order, which is everybody's: two transactions that each wait for the other would both be lost.
    for lock in (PEOPLE, EVENTS, HOLDS):
        one_at_a_time(connection, lock)
    _check(connection, keep, other)
    why = reason(keep, other)
    holds.check_settled(connection, select(people.c.id).where(people.c.id.in_([keep, other])))
    number = journal.begin(connection, keep, other, now=now)
    narrowed = consent.narrow(connection, keep, other, register, by=why, now=now)
    dropped = journal.note(connection, number, keep, other)
    merged = Merged(
        keep,
        other,
        identities=_move_identities(connection, cipher, keep, other),
        fields=hand_over(connection, cipher, keep, other),
        events=connection.execute(update(events).where(events.c.person == other).values(person=keep)).rowcount,
        narrowed=tuple(narrowed),
        id=number,
        dropped=dropped,
        rows=journal.move_rows(connection, cipher, number, keep, other),
    )
    connection.execute(update(people).where(people.c.id == other).values(merged_into=keep))
    # A second row about each: a total that some process still holds from before the first cannot subtract any more
    # what it once added, and is worked out anew.
    holds.hold(connection, [other], f"merged into {keep}", now=now)
    holds.release(connection, [keep], why, now=now)
    return merged


def survivor(connection: Connection, person: PersonId) -> PersonId | None:
    """Who somebody is by now: herself, or whom she was merged into; None if there is, or is left, nobody."""
    row = _row(connection, person)
    while row is not None and row.merged_into is not None:
        row = _row(connection, row.merged_into)
    return None if row is None or row.erased_at is not None else PersonId(row.id)


def survivors(connection: Connection, persons: Collection[PersonId]) -> dict[PersonId, PersonId]:
    """Who each of some people is by now; those of whom nobody is left are missing."""
    found = {PersonId(person): PersonId(person) for (person,) in _HERE.ask(connection, persons=persons)}
    for person in set(persons).difference(found):
        heir = survivor(connection, person)
        if heir is not None:
            found[person] = heir
    return found


_HERE = Question(
    lambda lists: select(people.c.id).where(
        people.c.id.in_(lists.numbers("persons")), people.c.merged_into.is_(None), people.c.erased_at.is_(None)
    )
)


def numbers(connection: Connection, person: PersonId) -> list[PersonId]:
    """All numbers under which a person stands in the logs: her own, and of everybody merged into her."""
    found, new = [person], [person]
    while new:
        merged = select(people.c.id).where(people.c.merged_into.in_(new)).order_by(people.c.id)
        new = [PersonId(other) for other in connection.execute(merged).scalars()]
        found += new
    return found


def reason(keep: PersonId, other: PersonId) -> str:
    """Why both are held, as the log of holds words it."""
    return f"merge of {other} into {keep}"


def _check(connection: Connection, keep: PersonId, other: PersonId) -> None:
    """That there are two people, neither erased nor merged nor held for anything but this."""
    if keep == other:
        raise BadInput(f"Person {keep} cannot be merged with herself. Name two people.")
    for person in (keep, other):
        row = _row(connection, person)
        if row is None or row.erased_at is not None or row.merged_into is not None:
            raise NotFound(f"There is no person {person} any more, or there never was. Look the two up again.")
    for person, why in sorted(holds.reasons(connection, [keep, other]).items()):
        if others := sorted(why - {reason(keep, other)}):
            raise Conflict(f"Person {person} is held for: {', '.join(others)}. Let that end first, then merge them.")


class _Who(NamedTuple):
    id: int
    merged_into: int | None
    erased_at: int | None


# Every decision asks who somebody is by now.
_WHO = Question(
    lambda _: select(people.c.id, people.c.merged_into, people.c.erased_at).where(people.c.id == bindparam("person"))
)


def _row(connection: Connection, person: int) -> _Who | None:
    return next((_Who(*row) for row in _WHO.ask(connection, person=person)), None)


def _move_identities(connection: Connection, cipher: Cipher, keep: PersonId, other: PersonId) -> int:
    """Give over the ids, sealed anew: a sealed text opens for its own person alone."""
    rows = connection.execute(select(identities).where(identities.c.person == other)).all()
    texts = [cipher.open(other, row.kind, Sealed(row.epoch, row.sealed)) for row in rows]
    sealed = cipher.seal_many((keep, row.kind, text) for row, text in zip(rows, texts, strict=True))
    for row, seal in zip(rows, sealed, strict=True):
        mine = update(identities).where(identities.c.kind == row.kind, identities.c.lookup == row.lookup)
        connection.execute(mine.values(person=keep, sealed=seal.data, epoch=seal.epoch))
    return len(rows)
