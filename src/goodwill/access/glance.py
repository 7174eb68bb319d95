"""All that decides whether a purpose may be followed for one person, by one question to the database.

Every page that a shop shows asks it. Five questions one after the other would take five times as long, and might see
five moments; this sees one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from goodwill.basics.clock import Micros
from goodwill.basics.ids import PersonId, Position
from goodwill.consent import Standing
from goodwill.consent.ledger import standing_by
from goodwill.consent.opt_in import PENDING, Pair, pairs_of, waiting, waits_of
from goodwill.purposes import Entry
from goodwill.storage import Database

_QUESTION = f"""
SELECT 'said' AS what, cell.category, cell.yes, said.state, cell.said_at, cell.position, cell.until, said.evidence
FROM consent_now AS cell JOIN consent_rows AS said ON said.position = cell.position
WHERE cell.person = :person AND cell.purpose = :purpose
UNION ALL
SELECT 'waits', about, NULL, NULL, asked_at, NULL, ends_at, NULL
FROM opt_ins WHERE person = :person AND outcome = '{PENDING}'
UNION ALL
SELECT 'held', NULL, NULL, reason, NULL, id, NULL, NULL FROM holds AS mark
WHERE person = :person AND held = 1 AND NOT EXISTS (
    SELECT 1 FROM holds AS later WHERE later.person = mark.person AND later.reason = mark.reason AND later.id > mark.id)
UNION ALL
SELECT 'person', NULL, NULL, NULL, erased_at, merged_into, NULL, NULL FROM people WHERE id = :person
UNION ALL
SELECT 'ledger', NULL, NULL, NULL, NULL, max(position), NULL, NULL FROM consent_rows
"""


class _Found(NamedTuple):
    what: str
    category: Any
    yes: int | None
    state: str | None
    said_at: Any
    position: Any
    until: Any
    evidence: str | None


@dataclass(frozen=True, slots=True)
class Glance:
    """How one person stands now.

    Attributes:
        person: her number.
        reached: the last row of the ledger that was seen.
        known: whether the number is, or was, somebody's.
        merged_into: whose number counts in place of hers.
        held_for: the reasons for which she counts in nothing for now; none, and she is not held.
        lines: how the purpose stands, a line per data category.
    """

    person: PersonId
    reached: Position
    known: bool
    merged_into: PersonId | None
    held_for: tuple[str, ...]
    lines: tuple[Standing, ...]


def glance(database: Database, person: PersonId, entry: Entry, *, at: Micros, day: int) -> Glance:
    """How a purpose stands for a person."""
    found = [_Found(*row) for row in database.ask(_QUESTION, {"person": person, "purpose": entry.name})]
    who = next((row for row in found if row.what == "person" and row.said_at is None), None)
    said = standing_by((row for row in found if row.what == "said"), entry, at=at, day=day)
    return Glance(
        person,
        next(Position(row.position or 0) for row in found if row.what == "ledger"),
        who is not None,
        None if who is None or who.position is None else PersonId(who.position),
        tuple(row.state or "" for row in found if row.what == "held"),
        waiting(said, entry, _waits(found, at)),
    )


def _waits(found: Sequence[_Found], at: int) -> Mapping[Pair, Micros]:
    return waits_of((pairs_of(row.category), row.said_at) for row in found if row.what == "waits" and at < row.until)
