"""Whether the consent ledger may be believed: it leads to what was last signed of it outside the database, or not.

Whoever restores an old database brings back consents that were withdrawn since. So a ledger that is behind its last
checkpoint outside, or beside it, counts for nothing until somebody has looked. Answers are still written into it.
Outside are the checkpoints' folders and the key store, which is kept apart from the data and restored as the newest.
"""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from goodwill.basics.checkpoint import Checkpoint, read_note
from goodwill.basics.errors import GoodwillError, Quarantined
from goodwill.basics.merkle import root
from goodwill.consent import noes as rows
from goodwill.consent.tables import LOG as CONSENT
from goodwill.protect import KeyStore
from goodwill.protect.signing import Signer, mac_with
from goodwill.shop.mending import lines_lost
from goodwill.shop.noes import known_last, lacks, lost, missing, unsure
from goodwill.storage import Database
from goodwill.storage.logs import TILE, Hashes, Lacking, Log, last_position, rows_kept
from goodwill.storage.noes import Known, No, NoFile
from goodwill.storage.outside import Mark, Outside

MEND: Final = "goodwill consent verify --mend"
ACCEPT: Final = "goodwill consent accept-loss"
_RESTORE: Final = "Restore a database that has them"
_RESTORE_SIGNED: Final = "Restore a database that leads to what was signed"


@dataclass(frozen=True, slots=True)
class Quarantine:
    """Why a log is not believed.

    Attributes:
        log: consent or audit.
        reached: how many rows it has; wanted: how many were signed for.
        after: rows up to here lead to an earlier checkpoint; of those behind them nobody can tell.
        why: a sentence about what is wrong, where it is not for lack of rows.
        mends: whether nothing is lost for good: what is wrong can be worked out anew, and nobody is asked again.
        gone: the folder of checkpoints, where it is the folder that is missing.
    """

    log: str
    reached: int
    wanted: int
    after: int
    why: str = ""
    mends: bool = False
    gone: Path | None = None

    @property
    def missing(self) -> tuple[int, int] | None:
        """The first and last position of the rows that are not there, or not those that were signed; None for none."""
        first = (self.reached if self.reached < self.wanted else self.after) + 1
        return (first, self.wanted) if first <= self.wanted else None

    @property
    def help(self) -> str:
        """What ends it."""
        if self.mends:
            return f"It is mended with: {MEND}"
        given_up = "give them up for good" if self.reached < self.wanted else "give up what is in doubt"
        return f"{self.better}; or {given_up}, after which everybody is asked again: {ACCEPT}"

    @property
    def better(self) -> str:
        """What ends it so that nothing is given up."""
        if self.gone is not None:
            return f"Put the folder {self.gone} back, the newest that there is"
        return _RESTORE if self.reached < self.wanted else _RESTORE_SIGNED

    @property
    def says(self) -> str:
        """What is wrong, in a sentence."""
        if self.why:
            return self.why
        first, last = self.missing or (self.wanted, self.wanted)
        rows = f"row {first} is" if first == last else f"rows {first} to {last} are"
        if self.reached >= self.wanted:
            return (
                f"The {self.log} log does not lead to the checkpoint that was signed for {self.wanted} rows outside "
                f"the database: {rows} not what was signed."
            )
        known = f"Its first {self.after} rows lead" if self.after > 1 else "Nothing in it leads"
        doubt = "" if self.after == self.reached else f" {known} to an earlier checkpoint; of the rest nobody can tell."
        return (
            f"The {self.log} log has {self.reached} rows; a checkpoint outside the database was signed for "
            f"{self.wanted}: {rows} missing.{doubt}"
        )

    def refuse(self) -> Quarantined:
        """The error for whoever wants to use it."""
        return Quarantined(f"{self.says} Until that is mended nobody's consent counts. {self.help}")


@dataclass(frozen=True, slots=True)
class Place:
    """A log of one shop: its rows, its id, its checkpoints outside, and who signs them.

    Attributes:
        keys: know the last checkpoint too.
        noes: every "no" of the consent ledger outside; None for another log.
    """

    log: Log
    id: str
    outside: Outside
    keys: KeyStore
    signer: Signer
    public: bytes
    noes: NoFile | None = None

    def read(self, note: str) -> Checkpoint:
        """The checkpoint in a note.

        Raises:
            ValueError: it is not one of this log; see `read_note`.
        """
        return read_note(note, self.signer.check, self.public, self.id)

    def latest(self, *, everywhere: bool) -> tuple[Checkpoint | None, str]:
        """The checkpoint that was signed last, of the file in the home and the key store or of all, and its note.

        Raises:
            ValueError: one of them cannot be read.
        """
        notes = [self.outside.last(), self.kept()] + ([self.outside.last_copy()] if everywhere else [])
        found = [(self.read(note), note) for note in notes if note]
        return max(found, key=lambda one: (one[0].generation, one[0].size), default=(None, ""))

    def kept(self) -> str:
        """The note that was signed last, as the key store knows it; "" where it knows none."""
        return self.keys.last_said(self._name)

    def keep(self, checkpoint: Checkpoint, note: str) -> None:
        """Let the key store know what was signed last."""
        self.keys.keep_last(self._name, note, generation=checkpoint.generation, size=checkpoint.size)

    @property
    def _name(self) -> str:
        return f"last checkpoint of {self.id}"

    def notes(self) -> Iterator[tuple[str, str]]:
        """Every note outside with the name of its place."""
        yield from self.outside.all()
        if note := self.kept():
            yield "what the key store knows", note

    def known(self) -> list[tuple[Checkpoint, str]]:
        """Every checkpoint that can be read, shortest first, with its note; of all places each once."""
        found: dict[str, Checkpoint] = {}
        for _, note in self.notes():
            try:
                found[note] = self.read(note)
            except ValueError:
                continue
        pairs = [(checkpoint, note) for note, checkpoint in found.items()]
        return sorted(pairs, key=lambda one: (one[0].generation, one[0].size))


def place_of(log: Log, shop_id: str, home: Path, second: Path | None, keys: KeyStore) -> Place:
    id_, signer = log.id_in(shop_id), keys.signer("checkpoints")
    noes = NoFile(home, second, id_, mac_with(keys.secret("noes"))) if log is CONSENT else None
    return Place(log, id_, Outside(home, second, log.name), keys, signer, signer.public, noes)


@dataclass(frozen=True, slots=True)
class Found:
    """How a log was found.

    Attributes:
        reached: how many rows it has; size: how many were signed for, of which generation.
    """

    quarantine: Quarantine | None
    reached: int
    size: int = 0
    generation: int = 0


def look(database: Database, place: Place, *, everywhere: bool) -> Found:
    """Whether a log leads to its last checkpoint outside, and has every "no" that stands there.

    From kept hashes, and from the rows' bytes where none are kept: milliseconds in a log of a million rows.
    """
    try:
        doubted = place.outside.doubted
        noes = Lines(known_last(place.keys, place.id), place.noes.last()) if place.noes is not None else Lines()
        latest, _ = place.latest(everywhere=everywhere)
        if latest is None and not everywhere:  # what the home has lost may lie in the second place
            latest, _ = place.latest(everywhere=True)
    except (ValueError, OSError) as error:
        with database.reading() as connection:
            reached = last_position(connection, place.log)
        why = f"What lies outside the database about the {place.log.name} log cannot be read: {error}."
        return Found(Quarantine(place.log.name, reached, reached, 0, why), reached)
    with database.reading() as connection:
        reached = last_position(connection, place.log)
        if latest is None:
            kept = rows_kept(connection, place.log)
            if kept:
                why = nothing_outside(place, kept)
                gone = Quarantine(place.log.name, reached, max(reached, kept), 0, why, gone=place.outside.home)
                return Found(gone, reached)
            return Found(_beside_checkpoints(connection, place, doubted, noes, reached, reached), reached)
        # The last rows are hashed anew, so that rows cut off and grown again are seen at once. What was changed further
        # up shows at the next whole reading, which then leaves its doubt.
        hashes = Hashes(connection, place.log, place.id, fresh=max(latest.size - 1, 0) // TILE)
        if leads_to(hashes, latest, reached):
            quarantine = _beside_checkpoints(connection, place, doubted, noes, reached, latest.size)
            return Found(quarantine, reached, latest.size, latest.generation)
        after = _longest(place, latest, lambda one: leads_to(hashes, one, reached))
    why = _sentences(doubted) if reached >= latest.size else ""
    return Found(Quarantine(place.log.name, reached, latest.size, after, why), reached, latest.size, latest.generation)


@dataclass(frozen=True, slots=True)
class Lines:
    """The last line of every "no" outside: as the key store knows it, and in the file."""

    known: Known = field(default_factory=Known)
    last: No | None = None


def nothing_outside(place: Place, kept: int) -> str:
    """That something was signed of a log and lies nowhere, in a sentence."""
    return (
        f"Hashes of {kept} rows of the {place.log.name} log are kept in the database, so it was signed, and no "
        f"checkpoint lies outside: {place.outside.file} is gone. Nobody can tell whether rows are missing."
    )


def no_is_lost(file: NoFile, no: No) -> str:
    """That the last "no" of the file stands nowhere any more, in a sentence."""
    return (
        f"The last answer by which somebody said no, row {no.position}, stands neither in the consent log nor in "
        f"{file.files[0]}: both the file and the database are older than it, or gone."
    )


def _beside_checkpoints(
    connection: Connection, place: Place, doubted: str, noes: Lines, reached: int, size: int
) -> Quarantine | None:
    """What is wrong with a log that leads to what was signed of it: a "no" is missing, or a whole reading found it."""
    if place.noes is not None and (no := lost(connection, place.noes, noes.known.line)) is not None:
        mends = _mends(doubted) and _is_told(connection, no, reached)
        why, wanted = no_is_lost(place.noes, no), max(no.position, size)
        why += f" What else tells of the rows that are gone, lets them be mended: {MEND}" if mends else ""
        return Quarantine(place.log.name, reached, wanted, size, why, mends, None if mends else place.outside.home)
    if place.noes is not None and (why := unsure(connection, place.noes, noes.known, noes.last)):
        return Quarantine(place.log.name, reached, size, size, why, gone=place.outside.home)
    if doubted:
        return Quarantine(place.log.name, reached, size, size, _sentences(doubted), _mends(doubted))
    lacking = missing(connection, place.noes, noes.last) if place.noes is not None else ()
    return Quarantine(place.log.name, reached, size, size, lacks(lacking), mends=True) if lacking else None


def _mends(doubted: str) -> bool:
    return all(line.endswith(MEND) for line in doubted.splitlines())


def _is_told(connection: Connection, no: No, reached: int) -> bool:
    """Whether the audit log or the answers know of a row that the ledger lost and that is as late as a "no".

    They are no older than it then, and know of everybody whose rows were lost.
    """
    answered = rows.last_answered(connection)
    return (answered > reached and answered >= no.position) or any(
        row >= no.position for _, row in lines_lost(connection)
    )


def _sentences(lines: str) -> str:
    return " ".join(lines.splitlines())


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


@dataclass(eq=False)
class Guard:
    """Remembers how the consent ledger was found, and looks again when it or its checkpoints change under us.

    Attributes:
        places: of the logs, made at their first use.
    """

    places: dict[str, Place] = field(default_factory=dict)
    _seen: tuple[Mark, Found] | None = None
    _noes: Mark = ()  # of the file of noes when it was looked at
    _longest: int = 0  # rows that the ledger ever had: one that is shorter is another
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def quarantine(self, database: Database, place: Place, *, ended: Callable[[], None]) -> Quarantine | None:
        """What keeps the ledger from being believed, looked at anew, at the second place too."""
        return self._look(database, place, everywhere=True, ended=ended)

    def trusts(self, database: Database, place: Place, reached: int, *, ended: Callable[[], None]) -> bool:
        """Whether the ledger, of which somebody sees ``reached`` rows, may be believed; for every decision.

        Args:
            ended: is called when the ledger is another than the one seen before: whole again, or given up in part.
        """
        if self._seen is not None:
            mark, found = self._seen
            if mark == place.outside.mark():
                if found.quarantine is None and reached >= max(found.size, self._longest):
                    self._longest = reached
                    return True
                if found.quarantine is not None and (reached, _noes(place)) == (found.reached, self._noes):
                    return False
        return self._look(database, place, everywhere=False, ended=ended) is None

    def _look(
        self, database: Database, place: Place, *, everywhere: bool, ended: Callable[[], None]
    ) -> Quarantine | None:
        mark, noes = place.outside.mark(), _noes(place)
        before = None if self._seen is None else self._seen[1]
        # The first look, and each while in quarantine, asks the second place too, which may know better.
        found = look(database, place, everywhere=everywhere or before is None or before.quarantine is not None)
        if found.quarantine is None and before is not None and (
            before.quarantine is not None or before.generation not in (0, found.generation)
        ):  # fmt: skip
            ended()
        with self._lock:
            self._seen, self._noes, self._longest = (mark, found), noes, found.reached
        return found.quarantine


def _noes(place: Place) -> Mark:
    return () if place.noes is None else place.noes.mark()
