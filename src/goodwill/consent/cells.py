"""What one person's answers are now: a cell for each purpose and category of data that she said something about."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, select

from goodwill.basics.clock import Micros
from goodwill.basics.ids import PersonId, Position
from goodwill.consent.relation import lasts
from goodwill.consent.tables import consent_now, consent_rows
from goodwill.purposes import Category, Purpose


@dataclass(frozen=True, slots=True)
class Cell:
    """The answer that counts, and the row of the ledger that gives it.

    Attributes:
        state: as the row words it: given, renewed, refused, withdrawn.
        until: when a yes ends by itself.
    """

    yes: bool
    state: str
    said_at: Micros
    until: Micros | None
    position: Position
    evidence: str
    notice: str | None
    recorded_at: Micros

    def allows(self, at: int) -> bool:
        """Whether it is a yes that has not ended."""
        return self.yes and lasts(self.until, at)

    def stands(self, at: int) -> bool:
        """Whether it is a yes that was there when somebody said yes again at a moment."""
        return self.said_at <= at and self.allows(at)


_CELLS = (
    select(consent_now, *(consent_rows.c[name] for name in ("state", "evidence", "notice", "recorded_at")))
    .join(consent_rows, consent_rows.c.position == consent_now.c.position)
    .where(consent_now.c.person == bindparam("person"))
)


def cells_of(connection: Connection, person: PersonId) -> Mapping[tuple[Purpose, Category], Cell]:
    """A person's answers by purpose and category; what was never answered is missing."""
    return {
        (Purpose(row.purpose), Category(row.category)): Cell(
            row.yes == 1,
            row.state,
            Micros(row.said_at),
            row.until,
            Position(row.position),
            row.evidence,
            row.notice,
            Micros(row.recorded_at),
        )
        for row in connection.execute(_CELLS, {"person": person})
    }
