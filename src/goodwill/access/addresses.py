"""Where somebody can be written to, for a letter about her own request: her own addresses, and her language.

Not a fifth verb: it hands over a part of what `Door.own` does, for the same reason, to the one who delivers it to her.
It is noted in the read log like any other reading.
"""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from goodwill.basics.clock import DAY, Micros, day_of
from goodwill.basics.ids import PersonId
from goodwill.people.tables import identities, people, profiles
from goodwill.protect.cipher import Cipher, Sealed
from goodwill.storage.kept import note_read

REACHABLE = ("email", "phone")


@dataclass(frozen=True, slots=True)
class Address:
    """One way to reach somebody.

    Attributes:
        verified_at: since when it is known to be hers; None while it is not.
        added_at: since when it stands here; None for what stood here before that was kept.
    """

    kind: str
    text: str
    verified_at: int | None
    added_at: int | None


@dataclass(frozen=True, slots=True)
class Reach:
    """How somebody is reached.

    Attributes:
        addresses: verified ones first, then the oldest.
        language: as she or the shop's system wrote it, such as ``de-CH``; None where nobody did.
    """

    addresses: tuple[Address, ...]
    language: str | None


def changed_since(connection: Connection, person: PersonId, moment: int) -> bool:
    """Whether an address was added or put in another's place lately; those that she came with do not count.

    It opens nothing: whoever asks learns that something changed, not what.
    """
    known_since = connection.execute(select(people.c.created_at).where(people.c.id == person)).scalar_one()
    later = (
        identities.c.person == person,
        identities.c.kind.in_(REACHABLE),
        identities.c.added_at >= max(moment, known_since + DAY),
    )
    return connection.execute(select(identities.c.kind).where(*later).limit(1)).first() is not None


def reach(connection: Connection, cipher: Cipher, person: PersonId, *, now: Micros, zone: ZoneInfo) -> Reach:
    """Her addresses and her language, opened; noted in the read log.

    Raises:
        KeyDestroyed: she was erased.
    """
    hers = select(identities).where(identities.c.person == person, identities.c.kind.in_(REACHABLE))
    found = [
        Address(
            row.kind,
            cipher.open(person, row.kind, Sealed(row.epoch, bytes(row.sealed))),
            row.verified_at,
            row.added_at,
        )
        for row in connection.execute(hers)
    ]
    told = select(profiles).where(profiles.c.person == person, profiles.c.field == "language")
    row = connection.execute(told).first()
    language = None if row is None else cipher.open(person, "language", Sealed(row.epoch, bytes(row.sealed)))
    note_read(
        connection, day=day_of(now, zone), person=person, purpose="letter about her rights", verb="own",
        categories="contact", people=1, at=now, position=0,
    )  # fmt: skip
    ordered = sorted(found, key=lambda one: (one.verified_at is None, one.added_at or 0, one.text))
    return Reach(tuple(ordered), language)
