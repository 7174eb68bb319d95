"""Taking a merge back: what was the other's before is his again, what came after stays with the survivor.

The order is that of the merge: mark, settle, move back. Consent never gets wider by it: afterwards each allows at most
what he or she allowed before the merge, and at most what the two allowed together until now.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, delete, select, update

from goodwill import consent
from goodwill.basics.clock import Micros
from goodwill.basics.errors import Conflict, NotFound
from goodwill.basics.ids import PersonId, Position
from goodwill.people import holds, journal, merge
from goodwill.people.journal import Noted
from goodwill.people.profile import Line, put
from goodwill.people.tables import events, identities, moved, moved_events, people, profiles
from goodwill.protect import Cipher, Sealed
from goodwill.purposes import Category, Register
from goodwill.storage.engine import EVENTS, HOLDS, PEOPLE, one_at_a_time


@dataclass(frozen=True, slots=True)
class Unmerged:
    """What went back to the other.

    Attributes:
        fields: of the profile.
        rows: of other tables.
        narrowed: the rows of the ledger by which neither of the two allows more than before.
    """

    id: int
    person: PersonId
    other: PersonId
    identities: int
    fields: int
    events: int
    rows: int
    narrowed: tuple[Position, ...]


def reason(number: int) -> str:
    """Why the survivor is held, as the log of holds words it."""
    return f"unmerge {number}"


def mark(connection: Connection, number: int, *, now: Micros) -> int:
    """Let the survivor count in nothing, and return the number of the hold that every total must reach.

    Raises:
        NotFound: there is no such merge, or one of the two is gone.
        Conflict: it cannot be taken back any more, or not yet; the message says why.
    """
    one_at_a_time(connection, HOLDS)
    noted = _checked(connection, number, now)
    return holds.hold(connection, [noted.person], reason(number), now=now)


def move_back(connection: Connection, cipher: Cipher, register: Register, number: int, *, now: Micros) -> Unmerged:
    """Give the other back what was his, after `mark` and after every kept total has settled.

    Raises:
        NotFound, Conflict: as `mark`.
        Conflict: totals have not settled since; the message names them. Nothing is changed.
    """
    for lock in (PEOPLE, EVENTS, HOLDS):  # in everybody's order
        one_at_a_time(connection, lock)
    noted = _checked(connection, number, now)
    keep, other = noted.person, noted.other
    holds.check_settled(connection, select(people.c.id).where(people.c.id.in_([keep, other])))
    why = reason(number)
    # The other first: he may allow no more than the two did together, which the survivor's answers still say.
    narrowed = consent.narrow(connection, other, keep, register, by=why, now=now)
    narrowed += consent.narrow_back(connection, keep, noted.position, register, by=why, now=now)
    unmerged = Unmerged(
        number,
        keep,
        other,
        identities=_give_identities_back(connection, cipher, noted),
        fields=_give_fields_back(connection, cipher, noted),
        events=_give_events_back(connection, noted),
        rows=journal.give_rows_back(connection, cipher, noted),
        narrowed=tuple(narrowed),
    )
    connection.execute(update(people).where(people.c.id == other).values(merged_into=None))
    journal.close(connection, number, now=now)
    # Second rows about both, so that totals which other processes hold in memory are worked out anew.
    for held in (f"merged into {keep}", merge.reason(keep, other)):
        holds.release(connection, [other], held, now=now)
    holds.release(connection, [keep], why, now=now)
    return unmerged


def _checked(connection: Connection, number: int, now: Micros) -> Noted:
    """A merge that can be taken back: both are there, and nothing later stands on it."""
    noted = journal.merge_of(connection, number)
    journal.check_kept(noted, now=now)
    rows = {row.id: row for row in connection.execute(_PEOPLE.where(people.c.id.in_([noted.person, noted.other])))}
    keep, other = rows.get(noted.person), rows.get(noted.other)
    if keep is None or other is None or keep.erased_at is not None or other.erased_at is not None:
        raise NotFound(f"Merge {number} cannot be taken back: one of the two people is not here any more.")
    if keep.merged_into is not None:
        raise Conflict(
            f"Person {noted.person} was merged into {keep.merged_into} since. Take that merge back first, then this."
        )
    if others := sorted(holds.reasons(connection, [noted.person])[noted.person] - {reason(number)}):
        raise Conflict(f"Person {noted.person} is held for: {', '.join(others)}. Let that end first.")
    return noted


_PEOPLE = select(people.c.id, people.c.merged_into, people.c.erased_at)


def _lines(connection: Connection, noted: Noted, *what: str) -> list[Any]:
    mine = moved.c.merge_id == noted.id, moved.c.what.in_(what)
    return list(connection.execute(select(moved).where(*mine).order_by(moved.c.id)))


def _give_identities_back(connection: Connection, cipher: Cipher, noted: Noted) -> int:
    """An id is found by what it says, not by its keyed hash, which is another in another epoch."""
    question = select(identities).where(identities.c.person == noted.person)
    standing = {(row.kind, _text(cipher, noted.person, row.kind, row)): row for row in connection.execute(question)}
    many = 0
    for line in _lines(connection, noted, "identity"):
        text = _text(cipher, noted.other, line.name, line)
        row = standing.get((line.name, text))
        if row is None:
            continue  # taken away or corrected since
        sealed = cipher.seal(noted.other, line.name, text)
        here = and_(identities.c.kind == row.kind, identities.c.lookup == row.lookup)
        values = {"person": noted.other, "sealed": sealed.data, "epoch": sealed.epoch}
        many += connection.execute(update(identities).where(here).values(values)).rowcount
    return many


def _give_fields_back(connection: Connection, cipher: Cipher, noted: Noted) -> int:
    """What moved goes back, unless it was taken away since; what was told anew since is the survivor's."""
    keep, other = noted.person, noted.other
    question = select(profiles).where(profiles.c.person == keep)
    standing = {row.field: row for row in connection.execute(question)}
    many = 0
    for line in _lines(connection, noted, "field", "dropped"):
        row, text = standing.get(line.name), _text(cipher, other, line.name, line)
        if row is None:
            continue  # taken away since, which holds for both
        if line.what == "field" and row.changed_at == line.at and _text(cipher, keep, line.name, row) == text:
            connection.execute(delete(profiles).where(profiles.c.person == keep, profiles.c.field == line.name))
        told = Line(Category(line.category), cipher.seal(other, line.name, text), line.at, line.import_id)
        put(connection, {(other, line.name): told})
        many += 1
    return many


def _give_events_back(connection: Connection, noted: Noted) -> int:
    his = select(moved_events.c.key).where(
        moved_events.c.merge_id == noted.id, moved_events.c.day == events.c.day, moved_events.c.key == events.c.key
    )
    mine = events.c.person == noted.person
    return connection.execute(update(events).where(mine, his.exists()).values(person=noted.other)).rowcount


def _text(cipher: Cipher, person: PersonId, name: str, row: Any) -> str:
    return cipher.open(person, name, Sealed(row.epoch, bytes(row.sealed)))
