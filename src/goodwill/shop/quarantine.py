"""Whether the consent ledger may be believed: it leads to what was last signed of it outside the database, or not.

Whoever restores an old database brings back consents that were withdrawn since. So a ledger that is behind its last
checkpoint outside, or beside it, counts for nothing until somebody has looked. Answers are still written into it.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from goodwill.basics.checkpoint import Checkpoint, read_note
from goodwill.basics.errors import GoodwillError, Quarantined
from goodwill.basics.merkle import root
from goodwill.protect.signing import Signer
from goodwill.storage import Database
from goodwill.storage.logs import Hashes, Lacking, Log, last_position
from goodwill.storage.outside import Mark, Outside

HELP: Final = (
    "Restore a database that has them; or give them up for good, after which everybody is asked again: "
    "goodwill consent accept-loss"
)


@dataclass(frozen=True, slots=True)
class Quarantine:
    """Why a log is not believed.

    Attributes:
        log: consent or audit.
        reached: how many rows it has; wanted: how many were signed for.
        after: rows up to here are what was signed, as far as is known; from the next on to ``wanted`` they are missing
            or not the same.
        why: what is wrong besides, where nothing that was signed can be read.
    """

    log: str
    reached: int
    wanted: int
    after: int
    why: str = ""

    @property
    def missing(self) -> tuple[int, int]:
        """The first and last position of the rows that are not there, or not those that were signed."""
        return self.after + 1, self.wanted

    @property
    def says(self) -> str:
        """What is wrong, in a sentence."""
        if self.why:
            return f"The last checkpoint of the {self.log} log outside the database cannot be read: {self.why}."
        first, last = self.missing
        rows = f"row {first} is" if first == last else f"rows {first} to {last} are"
        if self.reached < self.wanted:
            return (
                f"The {self.log} log has {self.reached} rows; a checkpoint outside the database was signed for "
                f"{self.wanted}: {rows} missing."
            )
        return (
            f"The {self.log} log does not lead to the checkpoint that was signed for {self.wanted} rows outside the "
            f"database: {rows} not what was signed."
        )

    def refuse(self) -> Quarantined:
        """The error for whoever wants to use it."""
        return Quarantined(f"{self.says} Until that is mended nobody's consent counts. {HELP}")


@dataclass(frozen=True, slots=True)
class Place:
    """A log of one shop: its rows, its id, its checkpoints outside, and who signs them."""

    log: Log
    id: str
    outside: Outside
    signer: Signer
    public: bytes

    def read(self, note: str) -> Checkpoint:
        """The checkpoint in a note.

        Raises:
            ValueError: it is not one of this log; see `read_note`.
        """
        return read_note(note, self.signer.check, self.public, self.id)

    def latest(self, *, everywhere: bool) -> tuple[Checkpoint | None, str]:
        """The checkpoint that was signed last, of the file in the home or of both, and its note.

        Raises:
            ValueError: one of them cannot be read.
        """
        notes = [self.outside.last()] + ([self.outside.last_copy()] if everywhere else [])
        found = [(self.read(note), note) for note in notes if note]
        return max(found, key=lambda one: (one[0].generation, one[0].size), default=(None, ""))

    def known(self) -> list[tuple[Checkpoint, str]]:
        """Every checkpoint that can be read, shortest first, with its note; of both places each once."""
        found: dict[str, Checkpoint] = {}
        for _, note in self.outside.all():
            try:
                found[note] = self.read(note)
            except ValueError:
                continue
        pairs = [(checkpoint, note) for note, checkpoint in found.items()]
        return sorted(pairs, key=lambda one: (one[0].generation, one[0].size))


def place_of(log: Log, shop_id: str, home: Path, second: Path | None, signer: Signer) -> Place:
    return Place(log, log.id_in(shop_id), Outside(home, second, log.name), signer, signer.public)


def look(database: Database, place: Place, *, everywhere: bool) -> tuple[Quarantine | None, int, int]:
    """Whether a log leads to its last checkpoint outside: what is wrong, the size signed for, and the rows there are.

    From kept hashes, and from the rows' bytes where none are kept: milliseconds in a log of a million rows.
    """
    try:
        latest, _ = place.latest(everywhere=everywhere)
    except (ValueError, OSError) as error:
        with database.reading() as connection:
            reached = last_position(connection, place.log)
        return Quarantine(place.log.name, reached, reached, 0, str(error)), 0, reached
    with database.reading() as connection:
        reached = last_position(connection, place.log)
        if latest is None:
            return None, 0, reached
        hashes = Hashes(connection, place.log, place.id)
        if leads_to(hashes, latest, reached):
            return None, latest.size, reached
        after = _longest(place, latest, lambda one: leads_to(hashes, one, reached))
    return Quarantine(place.log.name, reached, latest.size, after), latest.size, reached


def leads_to(hashes: Hashes, checkpoint: Checkpoint, reached: int) -> bool:
    """Whether the rows lead to a checkpoint."""
    try:
        return checkpoint.size <= reached and root(checkpoint.size, hashes.node) == checkpoint.root
    except (Lacking, GoodwillError):
        return False


def _longest(place: Place, latest: Checkpoint, holds: Callable[[Checkpoint], bool]) -> int:
    """The size of the longest checkpoint that holds; where one does, every shorter one does."""
    same = [one for one, _ in place.known() if one.generation == latest.generation]
    low, high = 0, len(same)
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if holds(same[middle]) else (low, middle)
    return same[low - 1].size if low else 0


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was found last: at which state of the file, and how far the ledger reached then."""

    mark: Mark
    reached: int
    size: int
    quarantine: Quarantine | None


@dataclass(eq=False)
class Guard:
    """Remembers how the consent ledger was found, and looks again when it or its checkpoints change under us."""

    places: dict[str, Place] = field(default_factory=dict)
    _seen: _Seen | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def quarantine(self, database: Database, place: Place) -> Quarantine | None:
        """What keeps the ledger from being believed, looked at anew, at the second place too."""
        return self._look(database, place, everywhere=True)

    def trusts(self, database: Database, place: Place, reached: int) -> bool:
        """Whether the ledger, of which somebody sees ``reached`` rows, may be believed; for every decision."""
        seen = self._seen
        if seen is not None and seen.mark == place.outside.mark():
            if seen.quarantine is None and reached >= seen.size:
                return True
            if seen.quarantine is not None and reached == seen.reached:
                return False
        return self._look(database, place, everywhere=False) is None

    def _look(self, database: Database, place: Place, *, everywhere: bool) -> Quarantine | None:
        mark = place.outside.mark()
        found, size, reached = look(database, place, everywhere=everywhere or self._needs_second())
        with self._lock:
            self._seen = _Seen(mark, reached, size, found)
        return found

    def _needs_second(self) -> bool:
        """The first look, and each while in quarantine, asks the second place too, which may know better."""
        return self._seen is None or self._seen.quarantine is not None
