"""How a person's consent stands, in the words of the W3C Data Privacy Vocabulary (DPV 2, consent states).

What a row says is a `State`; time and rows that were taken back make more of it: expired, invalidated, unknown.
"""

from collections.abc import Mapping
from enum import StrEnum

from sqlalchemy import Connection

from goodwill.basics.clock import Micros
from goodwill.basics.ids import PersonId
from goodwill.consent.cells import Cell, cells_of
from goodwill.consent.ledger import Row, State, history
from goodwill.purposes import Category, Entry


class Status(StrEnum):
    """How consent to one purpose and category stands."""

    UNKNOWN = "unknown"
    REQUESTED = "requested"
    GIVEN = "given"
    RENEWED = "renewed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    INVALIDATED = "invalidated"

    @property
    def dpv(self) -> str:
        """Its id in the vocabulary."""
        return _DPV[self]

    @property
    def is_valid(self) -> bool:
        """Whether data may be used: only of the two ways of saying yes."""
        return self in {Status.GIVEN, Status.RENEWED}


_DPV = {
    Status.UNKNOWN: "dpv:ConsentUnknown",
    Status.REQUESTED: "dpv:ConsentRequested",
    Status.GIVEN: "dpv:ConsentGiven",
    Status.RENEWED: "dpv:RenewedConsentGiven",
    Status.REFUSED: "dpv:ConsentRefused",
    Status.WITHDRAWN: "dpv:ConsentWithdrawn",
    Status.EXPIRED: "dpv:ConsentExpired",
    Status.INVALIDATED: "dpv:ConsentInvalidated",
}


def statuses(connection: Connection, person: PersonId, entry: Entry, *, at: Micros) -> Mapping[Category, Status]:
    """How a purpose stands for a person, for each of its categories."""
    cells = cells_of(connection, person)
    rows = history(connection, person, purpose=entry.name)
    return {
        category: _status(cells.get((entry.name, category)), [row for row in rows if row.category == category], at)
        for category in entry.categories
    }


def _status(cell: Cell | None, rows: list[Row], at: Micros) -> Status:
    gone = {row.refers for row in rows}
    said = [row for row in rows if row.state is not State.INVALIDATED]
    if cell is not None and cell.allows(at):
        return Status(cell.state)
    asked = [row for row in said if row.state is State.REQUESTED and row.position not in gone]
    if asked and (cell is None or asked[-1].said_at > cell.said_at):
        return Status.REQUESTED
    if cell is not None:
        if cell.yes:
            return Status.EXPIRED
        return Status(cell.state) if cell.state in {State.REFUSED, State.WITHDRAWN} else Status.UNKNOWN
    return Status.INVALIDATED if said else Status.UNKNOWN
