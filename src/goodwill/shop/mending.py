"""Mend the answers that decisions go by where they do not follow from the ledger, so that nobody allows more by it.

Either the answers were changed, or the rows from which they came are gone. Three things outside the ledger tell of rows
that are gone: the answers themselves, every "no" outside the database, and the audit log, which has a line for each
change of consent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection

from goodwill import consent
from goodwill.basics.errors import Broken
from goodwill.basics.ids import PersonId, Position
from goodwill.consent import answer_all_again
from goodwill.consent.loss import doubt_of
from goodwill.consent.mending import Differing, differences, words_to_keep
from goodwill.purposes import Purpose
from goodwill.shop.noes import missing
from goodwill.storage import audit
from goodwill.storage.audit import Line
from goodwill.storage.noes import No

if TYPE_CHECKING:
    from goodwill.shop.shop import Shop

_SETTLED: Final = ("consent.mend", "log.accept-loss")  # what was lost before one of these was dealt with by it
_ONLY_YES: Final = "consent.grant"


@dataclass(frozen=True, slots=True)
class Wrong:
    """What does not follow from the ledger, or is missing in it.

    Attributes:
        answers: those that decisions go by and that the ledger does not give.
        lost: lines of the audit log about rows that the ledger does not have, the newest first.
        noes: answers that say no and stand outside the database alone.
    """

    answers: tuple[Differing, ...] = ()
    lost: tuple[Line, ...] = ()
    noes: tuple[No, ...] = ()

    @property
    def doubtful(self) -> tuple[Line, ...]:
        """Lines about lost rows one of which may have been a "no"."""
        return tuple(line for line in self.lost if line.action != _ONLY_YES)

    @property
    def unnamed(self) -> tuple[Line, ...]:
        """Lines about lost rows of nobody knows whom: no mending helps against that."""
        return tuple(line for line in self.doubtful if line.person is None)


@dataclass(frozen=True, slots=True)
class Mended:
    """What was wrong, and how many rows the ledger got so that nobody allows more than before.

    Attributes:
        aside: files of every "no" outside with which somebody meddled, where they lie now.
    """

    wrong: Wrong
    rows: int
    aside: tuple[Path, ...] = ()


def wrong_in(shop: "Shop", connection: Connection, last: No | None) -> Wrong:
    """All of it, read from one picture of the database.

    Args:
        last: the last "no" outside, read before that picture was taken.
    """
    lost, noes = tuple(line for line, _ in lines_lost(connection)), tuple(missing(connection, shop.noes.file, last))
    answers = differences(connection, signed=_signed(shop), whole=not lost and not noes)
    return Wrong(tuple(answers), lost, noes)


def _signed(shop: "Shop") -> int:
    try:
        latest = shop.proofs.latest()
    except Broken:  # the verdict says so
        return 0
    return 0 if latest is None else latest.checkpoint.size


def mend_in(shop: "Shop", connection: Connection, wrong: Wrong) -> int:
    """Keep the narrower of two answers, and let every answer follow from the ledger again; gives the rows it took."""
    by, now = shop.actor.name, shop.clock()
    rows = shop.noes.replay_in(connection)
    words = words_to_keep(wrong.answers, lambda position: _state(connection, position), by=by)
    rows += len(consent.append(connection, words, now=now))
    answer_all_again(connection)
    for line in wrong.doubtful:
        if line.person is not None:
            purpose = line.detail.get("purpose")
            about = Purpose(purpose) if isinstance(purpose, str) else None
            rows += doubt_of(connection, shop.register, PersonId(line.person), about, by=by, now=now)
    return rows


def _state(connection: Connection, position: int) -> str:
    return str(consent.row_at(connection, Position(position)).state)


def lines_lost(connection: Connection) -> list[tuple[Line, int]]:
    """Lines, each with its row, about rows behind the ledger's end, or in whose place others stand by now."""
    lost, end = list[tuple[Line, int]](), consent.last_position(connection) + 1
    for line, row in audit.told_of_ledger(connection, since=_SETTLED):
        if row >= end:
            lost.append((line, row))
        else:
            end = row
    return lost


def lines_in_words(lines: Sequence[Line]) -> str:
    """Lines of the audit log by number and action: ``line 7 (consent.withdraw)``."""
    named = ", ".join(f"{line.position} ({line.action})" for line in lines[:10])
    return f"line{'s' if len(lines) > 1 else ''} {named}{' and more' if len(lines) > 10 else ''}"
