"""Take every row about a person out of every table that says so; what stays is a number that belongs to nobody.

Which tables tell of people, and what becomes of their rows, each table says itself (see `registry`). This is
the last of three steps, mark, settle, erase: the person is held and every total has settled when it comes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, select, update

from goodwill.basics.clock import Micros
from goodwill.basics.errors import BadInput
from goodwill.basics.ids import PersonId
from goodwill.people import books, holds, registry
from goodwill.people.bulk import listed
from goodwill.people.tables import identities, people, profiles
from goodwill.protect import Cipher, KeyState, Sealed
from goodwill.storage.engine import EVENTS, HOLDS, LEDGER, PEOPLE, one_at_a_time

REASON = "erasure"
GONE = "erased"


@dataclass(frozen=True, slots=True)
class Names:
    """What somebody is called, in clear, for as long as it takes to look for it everywhere.

    Attributes:
        ids: kind and text of each id.
        facts: texts of the profile.
        whole: her whole name, in the ways in which it is written.
    """

    ids: tuple[tuple[str, str], ...]
    facts: tuple[str, ...]
    whole: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Erased:
    """What was erased: rows by table, and the lines of sales that went into the books."""

    rows: dict[str, int]
    sales: int


def names_of(connection: Connection, cipher: Cipher, numbers: Sequence[PersonId]) -> Names:
    """What is known of somebody in clear; nothing for a number whose key is destroyed."""
    hers = [number for number in numbers if cipher.keys.state(number) is KeyState.LIVE]
    ids = connection.execute(select(identities).where(identities.c.person.in_(listed(connection, hers)))).all()
    facts = connection.execute(select(profiles).where(profiles.c.person.in_(listed(connection, hers)))).all()
    opened = [(row, text) for row in facts if (text := _opened(cipher, row, row.field)) is not None]
    profiles_of = {number: {row.field: text for row, text in opened if row.person == number} for number in hers}
    return Names(
        tuple((row.kind, text) for row in ids if (text := _opened(cipher, row, row.kind)) is not None),
        tuple(text for _, text in opened),
        tuple(dict.fromkeys(name for profile in profiles_of.values() for name in whole_names(profile))),
    )


def whole_names(profile: Mapping[str, str]) -> tuple[str, ...]:
    """The ways in which somebody's whole name is written: of one word there is none."""
    found = [profile["name"]] if len(profile.get("name", "").split()) > 1 else []
    first, last = profile.get("first-name", "").strip(), profile.get("last-name", "").strip()
    if first and last:
        found += [f"{first} {last}", f"{last} {first}", f"{last}, {first}"]
    return tuple(dict.fromkeys(found))


def _opened(cipher: Cipher, row: Any, field: str) -> str | None:
    """A sealed text; None where it was damaged: that must not keep anybody from being erased."""
    try:
        return cipher.open(row.person, field, Sealed(row.epoch, bytes(row.sealed)))
    except BadInput:
        return None


def lookups_of(connection: Connection, numbers: Sequence[PersonId]) -> list[bytes]:
    """What her ids are found by."""
    mine = identities.c.person.in_(listed(connection, numbers))
    return [bytes(lookup) for lookup in connection.execute(select(identities.c.lookup).where(mine)).scalars()]


def unname(connection: Connection, numbers: Sequence[PersonId]) -> dict[str, int]:
    """Take away what only her key could open, once it is destroyed; no total needs it. Tells how many rows."""
    one_at_a_time(connection, PEOPLE)
    return {
        one.name: connection.execute(delete(one.table).where(one.about(connection, numbers))).rowcount
        for one in registry.to_erase()
        if one.says.sealed
    }


def erase(connection: Connection, numbers: Sequence[PersonId], *, now: Micros) -> Erased:
    """Take away every row about her, but for what must stay.

    Raises:
        Conflict: she is not held, or totals have not settled since; the message names the totals.
    """
    for lock in (PEOPLE, EVENTS, HOLDS, LEDGER):  # in everybody's order
        one_at_a_time(connection, lock)
    holds.check_settled(connection, holds.heard(listed(connection, numbers)))
    sales = books.keep_sales(connection, numbers)
    gone = registry.remove(connection, numbers)
    connection.execute(update(people).where(people.c.id.in_(listed(connection, numbers))).values(erased_at=now))
    # A second row about each: a total that some process still holds from before the first cannot subtract what is not
    # there any more, and is worked out anew.
    holds.hold(connection, numbers, GONE, now=now)
    return Erased(dict(gone), sales)


def kept(connection: Connection, numbers: Sequence[PersonId]) -> dict[str, tuple[int, str]]:
    """What stays about her, by table: how many rows, and for how long and why."""
    return {held.table: (held.rows, held.kept) for held in registry.holdings(connection, numbers)}


def not_erased_yet(connection: Connection, numbers: Sequence[PersonId]) -> list[PersonId]:
    """Those of some people who still stand here as if nobody had erased them."""
    here = people.c.id.in_(listed(connection, numbers)), people.c.erased_at.is_(None)
    return [PersonId(person) for person in connection.execute(select(people.c.id).where(*here)).scalars()]


def erased_people(connection: Connection) -> list[PersonId]:
    """Everybody who was erased, as this database knows it."""
    gone = people.c.erased_at.is_not(None)
    return [PersonId(person) for person in connection.execute(select(people.c.id).where(gone)).scalars()]
