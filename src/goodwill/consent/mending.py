"""Answers that decisions go by and that do not follow from the ledger: which, and how mending them allows nobody more.

Where both differ nobody knows whether the answer was changed, or the row of the ledger from which it came taken away.
So the narrower of the two counts: it is written into the ledger, and then every answer follows from that.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, select

from goodwill.basics.clock import Micros
from goodwill.basics.ids import PersonId, Position
from goodwill.consent.ledger import Asked, Evidence, Said, State
from goodwill.consent.relation import END_OF_TIME, differing
from goodwill.consent.tables import consent_rows
from goodwill.purposes import Category, Purpose

HOW: Final = "mended: the answer kept was narrower than the ledger"


@dataclass(frozen=True, slots=True)
class Stood:
    """An answer as it stands, or as it follows from the ledger.

    Attributes:
        position: of the row that it says it comes from.
        until: when a yes ends by itself.
    """

    yes: bool
    position: Position
    said_at: Micros
    until: int | None

    @property
    def ends(self) -> int:
        return END_OF_TIME if self.until is None else self.until


@dataclass(frozen=True, slots=True)
class Differing:
    """One answer that does not follow from the ledger.

    Attributes:
        was: as decisions went by it; None where there was none.
        would_be: as it follows from the ledger.
        kept: whether what was is kept, because the ledger alone would allow more.
    """

    person: PersonId
    purpose: Purpose
    category: Category
    was: Stood | None
    would_be: Stood | None
    kept: bool


def differences(connection: Connection, *, signed: int, whole: bool) -> list[Differing]:
    """Every answer that does not follow from the ledger.

    Args:
        signed: so many rows of the ledger are proven to stand there as they were written. A yes of one of them may be
            filled in where no answer stands; no other may.
        whole: whether nothing tells of rows that the ledger has lost.
    """
    stands, follows = differing(connection)
    was, would_be = _by_cell(stands), _by_cell(follows)
    proven = signed if whole and not _beyond(connection, was.values()) else 0
    return [
        Differing(
            PersonId(cell[0]), Purpose(cell[1]), Category(cell[2]), was.get(cell), would_be.get(cell),
            _is_wider(was.get(cell), would_be.get(cell), proven),
        )
        for cell in sorted(was.keys() | would_be.keys())
    ]  # fmt: skip


def _by_cell(rows: Iterable[Any]) -> dict[tuple[int, str, str], Stood]:
    return {
        (row.person, row.purpose, row.category): Stood(
            row.yes == 1, Position(row.position), Micros(row.said_at), row.until if isinstance(row.until, int) else None
        )
        for row in rows
    }


def _beyond(connection: Connection, answers: Iterable[Stood]) -> bool:
    """Whether an answer comes from a row that the ledger does not have: then it has lost some."""
    last = connection.execute(select(consent_rows.c.position).order_by(consent_rows.c.position.desc()).limit(1))
    reached = last.scalar() or 0
    return any(one.position > reached for one in answers)


def _is_wider(was: Stood | None, would_be: Stood | None, proven: int) -> bool:
    """Whether the ledger alone would allow more than the answer that stands."""
    if was is None:
        return would_be is not None and would_be.yes and would_be.position > proven
    if not was.yes:
        return would_be is None or would_be.yes
    return would_be is not None and would_be.yes and would_be.ends > was.ends


def words_to_keep(some: Iterable[Differing], state_at: Callable[[int], str], *, by: str) -> list[Said]:
    """What must be added to the ledger so that it allows no more than the answers that are kept.

    Args:
        state_at: what the row at a position says.
    """
    asked = Asked(how=HOW, by=by, evidence=Evidence.NONE)
    words = []
    for one in some:
        if not one.kept:
            continue
        said_at = max(found.said_at for found in (one.was, one.would_be) if found is not None)
        if one.was is not None and one.was.yes and one.would_be is not None:  # the same yes, with the earlier end
            state, until = State(state_at(one.would_be.position)), one.was.until
        else:
            state, until = State.WITHDRAWN, None  # of two said at the same moment the "no" counts
        words.append(Said(one.person, one.purpose, one.category, state, said_at, asked, until))
    return words
