"""The list of people that staff look through: who is there, masked by whoever shows it, and noted for each of them.

It is part of the verb `own`: what a member of staff may see of one person masked, of some people at once, and of that
only what a list needs. Nothing of it is for reports or models.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Column, ColumnElement, Connection, func, select

from goodwill.basics.ids import PersonId
from goodwill.people import suppress
from goodwill.people.contact import Listed
from goodwill.people.tables import events, identities, profiles
from goodwill.people.types import codes_of
from goodwill.protect import Cipher, Sealed
from goodwill.purposes import Category
from goodwill.storage.kept import Read, note_reads

_NAMES = ("name", "first_name", "last_name")
_HERS = codes_of(frozenset(map(Category, ("purchases", "browsing", "preferences", "feedback"))))  # what she did herself


@dataclass(frozen=True, slots=True)
class Seen:
    """One person as a list shows her.

    Attributes:
        reason: ``yes``, or why she may not be written to.
        said_at: when she answered that; 0 where nobody knows the time.
        known_as, fields: ids, and the parts of her name, in clear: whoever shows them masks them.
        last_at: when she last did something here.
    """

    person: PersonId
    reason: str
    said_at: int | None
    known_as: tuple[tuple[str, str], ...]
    fields: tuple[tuple[str, str], ...]
    last_at: int | None


def roll(
    connection: Connection, cipher: Cipher, people: Sequence[Listed], *, by: str, at: int, day: int, position: int,
    region: str | None = None,
) -> list[Seen]:  # fmt: skip
    """Some people as a list shows them; that they were read stands in the read log of each.

    Args:
        by: who looks, for the read log. position: how far the consent ledger reached.
    """
    persons = [one.person for one in people]
    kinds, names = identities.c.kind, profiles.c.field
    known_as = _opened(connection, cipher, persons, kinds, kinds != "anonymous_id")
    fields = _opened(connection, cipher, persons, names, names.in_(_NAMES))
    ids = [(person, kind, text) for person, named in known_as.items() for kind, text in named]
    yes = {one.person for one in people if one.reason == "yes"}
    alone = suppress.left_alone_among(cipher, [one for one in ids if one[0] in yes], region=region) if yes else set()
    last = _last(connection, persons)
    purpose = f"own copy, {by}"
    note_reads(connection, [Read(day, person, purpose, "own", "contact", 1, 1, at, at, position) for person in persons])
    return [
        Seen(
            one.person, "left-alone" if one.person in alone else one.reason, one.said_at,
            tuple(known_as.get(one.person, ())), tuple(fields.get(one.person, ())), last.get(one.person),
        )
        for one in people
    ]  # fmt: skip


def _opened(
    connection: Connection, cipher: Cipher, persons: Sequence[PersonId], named: Column[str], wanted: ColumnElement[bool]
) -> dict[PersonId, list[tuple[str, str]]]:
    """The sealed texts of a table, by person, each with the name that it was sealed under."""
    here = named.table.c
    question = select(here.person, named, here.sealed, here.epoch).where(here.person.in_(persons), wanted)
    rows = connection.execute(question.order_by(here.person, named)).all()
    sealed = [(PersonId(row[0]), str(row[1]), Sealed(row[3], bytes(row[2]))) for row in rows]
    found = defaultdict[PersonId, list[tuple[str, str]]](list)
    for (person, name, _), text in zip(sealed, cipher.open_many(sealed), strict=True):
        found[person].append((name, text))
    return found


def _last(connection: Connection, persons: Sequence[PersonId]) -> dict[PersonId, int]:
    here = events.c
    question = select(here.person, func.max(here.at)).where(here.person.in_(persons), here.type.in_(_HERS))
    return {PersonId(row[0]): int(row[1]) for row in connection.execute(question.group_by(here.person))}
