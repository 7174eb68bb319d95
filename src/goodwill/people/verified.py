"""Which of a person's e-mail addresses are hers for certain: somebody who reads it said so."""

from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy import Connection, select, update

from goodwill.basics.clock import Micros
from goodwill.basics.ids import PersonId
from goodwill.people.canonical import canonical
from goodwill.people.tables import identities
from goodwill.protect import Cipher, Sealed


@dataclass(frozen=True, slots=True)
class Email:
    """An address to write one letter to.

    Attributes:
        form: the one way of writing it that hashes are made of.
    """

    address: str = field(repr=False)
    form: str = field(repr=False)
    verified_at: Micros | None


def emails(connection: Connection, cipher: Cipher, person: PersonId) -> list[Email]:
    """A person's addresses: those that are verified first."""
    question = select(identities).where(identities.c.person == person, identities.c.kind == "email")
    found = []
    for row in connection.execute(question):
        text = cipher.open(person, "email", Sealed(row.epoch, bytes(row.sealed)))
        form = canonical("email", text)
        if form is not None:
            found.append(Email(text, form, row.verified_at))
    return sorted(found, key=lambda one: (one.verified_at is None, one.verified_at or 0, one.form))


def verify(
    connection: Connection, cipher: Cipher, person: PersonId, fits: Callable[[str], bool], *, now: Micros
) -> bool:
    """Note that one of her addresses, the one that fits, is hers for certain; whether she still has it."""
    for one in emails(connection, cipher, person):
        if fits(one.form):
            here = (identities.c.kind == "email", identities.c.lookup == cipher.lookup("email", one.form))
            connection.execute(
                update(identities)
                .where(*here, identities.c.person == person, identities.c.verified_at.is_(None))
                .values(verified_at=now)
            )
            return True
    return False
