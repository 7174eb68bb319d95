"""Whom the shop may write to: counts, never names."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, and_, case, func, literal, select

from goodwill.consent.tables import consent_now, consent_rows
from goodwill.people.tables import holds, identities, people
from goodwill.purposes import Entry


@dataclass(frozen=True, slots=True)
class MayContact:
    """How many people may be written to, of how many, and why not the others.

    Attributes:
        why_not: people by reason: held · never-asked · refused · withdrawn · expired · no-address · purpose-expired.
    """

    yes: int
    of: int
    why_not: Mapping[str, int]


def may_contact(connection: Connection, entry: Entry, *, at: int, day: int, kind: str = "email") -> MayContact:
    """Count everyone by whether a message purpose may reach them.

    Args:
        entry: the purpose; its consent for the category ``contact`` counts.
        kind: the identity that an address is kept under.
    """
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
    question = (
        select(reason, func.count())
        .select_from(people.outerjoin(now, mine).outerjoin(said, said.c.position == now.c.position))
        .where(people.c.erased_at.is_(None), people.c.merged_into.is_(None))
        .group_by(reason)
    )
    counts = {str(row[0]): int(row[1]) for row in connection.execute(question)}
    everyone = sum(counts.values())
    if entry.is_off(day):
        return MayContact(0, everyone, {"purpose-expired": everyone})
    yes = counts.pop("yes", 0)
    return MayContact(yes, everyone, dict(sorted(counts.items(), key=lambda pair: -pair[1])))
