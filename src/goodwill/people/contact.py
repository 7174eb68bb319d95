"""Whom the shop may write to: counts, never names."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Select, and_, case, func, literal, select

from goodwill.basics.ids import PersonId
from goodwill.consent.tables import consent_now, consent_rows
from goodwill.people import suppress
from goodwill.people.tables import holds, identities, people
from goodwill.protect import Cipher
from goodwill.protect.cipher import Sealed
from goodwill.purposes import Entry

_AT_ONCE: Final = 5_000  # ids that are opened
_NOBODYS: Final = "anonymous_id"


@dataclass(frozen=True, slots=True)
class MayContact:
    """How many people may be written to, of how many, and why not the others.

    Attributes:
        why_not: people by reason: held · never-asked · refused · withdrawn · expired · no-address · left-alone ·
            purpose-expired.
    """

    yes: int
    of: int
    why_not: Mapping[str, int]


def how_many(connection: Connection) -> int:
    """How many people are known."""
    return int(connection.execute(select(func.count()).select_from(people).where(*_KNOWN)).scalar_one())


def may_contact(
    connection: Connection,
    cipher: Cipher,
    entry: Entry,
    *,
    at: int,
    day: int,
    kind: str = "email",
    region: str | None = None,
) -> MayContact:
    """Count everyone by whether a message purpose may reach them.

    Whoever said yes is looked up on the list of those left alone: an address may have said no under another number.

    Args:
        entry: the purpose; its consent for the category ``contact`` counts.
        kind: the identity that an address is kept under.
    """
    each = _people(entry, at=at, kind=kind).subquery()
    counted = select(each.c.reason, func.count()).group_by(each.c.reason)
    counts = {str(row[0]): int(row[1]) for row in connection.execute(counted)}
    everyone = sum(counts.values())
    if entry.is_off(day):
        return MayContact(0, everyone, {"purpose-expired": everyone})
    yes = counts.pop("yes", 0)
    if alone := _left_alone(connection, cipher, select(each.c.id).where(each.c.reason == "yes"), region):
        counts["left-alone"] = alone
    return MayContact(yes - alone, everyone, dict(sorted(counts.items(), key=lambda pair: -pair[1])))


_KNOWN = people.c.erased_at.is_(None), people.c.merged_into.is_(None)


def _people(entry: Entry, *, at: int, kind: str) -> Select[Any]:
    """Everybody who is known, with ``yes`` or the reason why not, as far as the database alone can tell."""
    now, said = consent_now, consent_rows
    reachable = select(literal(1)).where(identities.c.person == people.c.id, identities.c.kind == kind).exists()
    newest = select(func.max(holds.c.id)).group_by(holds.c.person)
    held = people.c.id.in_(select(holds.c.person).where(holds.c.id.in_(newest), holds.c.held == 1))
    reason = case(
        (held, "held"),
        (now.c.position.is_(None), "never-asked"),
        (now.c.yes == 0, said.c.state),
        (and_(now.c.until.is_not(None), now.c.until <= at), "expired"),
        (~reachable, "no-address"),
        else_="yes",
    ).label("reason")
    mine = and_(now.c.person == people.c.id, now.c.purpose == entry.name, now.c.category == "contact")
    return (
        select(people.c.id, reason, now.c.said_at)
        .select_from(people.outerjoin(now, mine).outerjoin(said, said.c.position == now.c.position))
        .where(*_KNOWN)
    )


@dataclass(frozen=True, slots=True)
class Listed:
    """One person of a list: whether a message purpose may reach her, or why not, and when she said so."""

    person: PersonId
    reason: str
    said_at: int | None


def listed(
    connection: Connection, entry: Entry, *, at: int, day: int, limit: int, below: PersonId | None = None,
    reason: str = "", only: PersonId | None = None, kind: str = "email",
) -> list[Listed]:  # fmt: skip
    """People one after another, who came last first, as far as the database alone can tell.

    Args:
        below: those with a smaller number than this.
        reason: only those of whom this holds (``yes``, or a reason why not).
        only: this person alone.
    """
    each = _people(entry, at=at, kind=kind).subquery()
    question = select(each).order_by(each.c.id.desc()).limit(limit)
    if below is not None:
        question = question.where(each.c.id < below)
    if only is not None:
        question = question.where(each.c.id == only)
    if reason and not entry.is_off(day):
        question = question.where(each.c.reason == reason)
    off = "purpose-expired" if entry.is_off(day) else ""
    return [Listed(PersonId(row.id), off or str(row.reason), row.said_at) for row in connection.execute(question)]


def _left_alone(connection: Connection, cipher: Cipher, whom: Select[Any], region: str | None) -> int:
    """Of how many people an address is on the list; most shops have nobody there, and nothing is opened."""
    if not cipher.keys.leaves_anybody_alone():
        return 0
    theirs = select(identities.c.person, identities.c.kind, identities.c.sealed, identities.c.epoch).where(
        identities.c.person.in_(whom), identities.c.kind != _NOBODYS
    )
    found: set[PersonId] = set()
    for some in connection.execute(theirs).partitions(_AT_ONCE):
        sealed = [(PersonId(row.person), row.kind, Sealed(row.epoch, bytes(row.sealed))) for row in some]
        texts = cipher.open_many(sealed)
        ids = [(person, kind, text) for (person, kind, _), text in zip(sealed, texts, strict=True)]
        found |= suppress.left_alone_among(cipher, ids, region=region)
    return len(found)
