"""Every "no" outlasts the database in which it was said: it is written down outside, and an older ledger obeys it.

A backup knows nothing of what people said after it, nor does a newer database of what they said while an older one was
in use. Only what makes the shop do less comes back from outside, and it comes back as said when it was said: whoever
has said yes since is not overruled.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection

from goodwill import consent, people
from goodwill.basics.errors import GoodwillError
from goodwill.basics.ids import PersonId
from goodwill.consent import noes as rows
from goodwill.people import merge
from goodwill.protect import KeyStore
from goodwill.storage.noes import Contents, Known, No, NoFile, known_in

if TYPE_CHECKING:
    from goodwill.shop.shop import Shop

_WRITING: Final = threading.Lock()


@dataclass(frozen=True)
class Noes:
    """What one shop was ever told not to do."""

    shop: "Shop"

    @property
    def file(self) -> NoFile:
        file = self.shop.proofs.place().noes
        assert file is not None  # noqa: S101 - the consent ledger has one
        return file

    def said(self) -> None:
        """Write down what was just committed. Nothing that is in the way undoes it: the checkpoint job tries again."""
        with suppress(OSError, GoodwillError):
            self.write_down()

    def write_down(self, *, anew: bool = False) -> list[Path]:
        """Bring the file up to the ledger, and let the key store know its last line and where it ends.

        Args:
            anew: what the key store knew of it counts no more; files with which somebody meddled are put aside, and
                written anew from the ledger.

        Returns:
            the files that were put aside.

        Raises:
            OSError: it cannot be written.
        """
        file, keys = self.file, self.shop.keys
        with _WRITING, file.writing(), self.shop.database.reading() as connection:
            known = known_last(keys, file.log)
            aside = file.set_aside(file.wrong(known.ends)) if anew else []
            is_lost = not anew and lost(connection, file, known.line) is not None
            last = None if aside else file.last()
            if last is None or rows.stands(connection, last):
                lines = rows.after(connection, 0 if last is None else last.position, log=file.log)
            else:
                lines = self._of_another_ledger(connection)
            if not lines and file.is_unsigned():
                lines = [*filter(None, [rows.reached(connection, log=file.log)])]  # so that the others are signed by it
            is_cut = not anew and not file.has(known.ends)
            file.add(lines)
            if not (is_lost or is_cut):  # else whoever looks next would not see it
                keys.keep_last(_name(file.log), Known(file.last(), file.ends(known.ends)).text())
        return aside

    def _of_another_ledger(self, connection: Connection) -> list[No]:
        """What to add where the file knows more than this ledger, or something else: it must go on to say so."""
        lines = self.file.all()
        both = max((one.position for one in lines if rows.stands(connection, one)), default=0)
        known = set(lines)
        new = [one for one in rows.after(connection, both, log=self.file.log) if one not in known]
        if left := lacking(connection, lines):
            return [*new, left[-1]]  # last, where whoever looks sees that it is missing
        return [*new, *filter(None, [rows.reached(connection, log=self.file.log)])]

    def replay_in(self, connection: Connection) -> int:
        """Write every missing "no" into the ledger, in the unit of work under way; gives how many.

        The list of those left alone lies with the keys, and needs none of it.
        """
        left = missing(connection, self.file, self.file.last())
        if left:
            heirs = merge.survivors(connection, [PersonId(line.person) for line in left])
            words = rows.again(left, heirs, by=self.shop.actor.name)
            consent.append(connection, words, now=self.shop.clock())
        return len(left)

    def follow(self) -> int:
        """Let a ledger that leads to what was signed of it obey what was said to another; gives how many rows it took.

        Where nothing was put back there is nothing to do, which one line and one row tell.
        """
        with self.shop.database.reading() as connection:
            last = self.file.last()
            if last is None or rows.stands(connection, last):
                return 0
        found = self.shop.proofs.quarantine
        if found is None:
            self.said()  # all of it stands here, under other numbers
            return 0
        if not found.mends or self.shop.proofs.place().outside.doubted:
            return 0  # somebody has to look first
        with self.shop.change("consent.replay") as change:
            many = self.replay_in(change.connection)
            change.entry.detail["rows"] = many
        return many


def _name(log: str) -> str:
    return f"last no of {log}"


def known_last(keys: KeyStore, log: str) -> Known:
    """The last line of the file of a ledger and where it ended, as the key store knows it."""
    return known_in(keys.last_said(_name(log)))


def lost(connection: Connection, file: NoFile, known: No | None) -> No | None:
    """The last line that the file had, where neither the file nor the ledger has it any more; None while all is well.

    Args:
        known: that line, read before the connection looked at anything.
    """
    if known is None or rows.stands(connection, known) or known in file.all():
        return None
    return known


def missing(connection: Connection, file: NoFile, last: No | None) -> list[No]:
    """Every "no" outside that the ledger does not have; where it has the last one, none.

    Args:
        last: the file's last line, read before the connection looked at anything: what is said meanwhile is no loss.
    """
    return [] if last is None or rows.stands(connection, last) else lacking(connection, file.all(last))


def lacking(connection: Connection, lines: Sequence[No]) -> list[No]:
    """Those of some lines that say no and that the ledger does not have.

    Only of people whom this database knows, by a number that it had given out by then: later ones are somebody else's.
    """
    noes = rows.noes_in(lines)
    persons = {PersonId(one.person) for one in noes}
    heirs, made = merge.survivors(connection, persons), people.made_at(connection, persons)
    said = rows.said_already(connection, {*heirs, *heirs.values()})
    hers = [
        one for one in noes
        if (person := PersonId(one.person)) in heirs and made[person] <= one.recorded_at
        and rows.key_of(one) not in said and rows.key_of(one, heirs[person]) not in said
    ]  # fmt: skip
    return list({rows.key_of(one): one for one in hers}.values())


def unsure(connection: Connection, file: NoFile, known: Known, last: No | None) -> str:
    """Why it cannot be told which "no" this ledger lacks, in sentences; "" where it lacks none or that can be told.

    Args:
        known, last: the last line as the key store knows it and in the file, read before the connection looked.
    """
    if all(line is None or rows.stands(connection, line) for line in (known.line, last)):
        return ""
    return " ".join(f"{meddled(path, found)} {_BEHIND}" for path, found in file.wrong(known.ends).items())


_BEHIND: Final = "The consent log does not have the last of its lines, so nobody can tell which others it lacks."


def meddled(file: Path, found: Contents) -> str:
    """What somebody did to a file, in sentences."""
    return f"Somebody changed {file}, the list of every answer that said no. {' '.join(found.wrong)}"


def remarks(file: NoFile, known: Known) -> Iterator[str]:
    """What is to be said of the files though nobody meddled with them, a sentence each."""
    found = file.contents(known.ends)
    for path, end in zip(file.files, known.ends, strict=False):
        if end.mac and path not in found and path.parent.is_dir():
            yield f"{path}, the list of every answer that said no, is gone. {_ANEW}"
    for path, one in found.items():
        if one.torn:
            lines = "A line" if one.torn == 1 else f"{one.torn} lines"
            yield f"{lines} of {path} {'was' if one.torn == 1 else 'were'} cut short by a crash; nothing is missing."
        if one.unsigned:
            yield (
                f"Of {path} {one.unsigned} lines are not signed yet, for an earlier version wrote them. The next "
                "checkpoint signs them: goodwill consent checkpoint"
            )


_ANEW: Final = "The next checkpoint writes it anew from the consent log: goodwill consent checkpoint"


def lacks(left: Sequence[No]) -> str:
    """What is missing, in a sentence."""
    words = f"{len(left)} answers by which people said no" if len(left) > 1 else "an answer by which somebody said no"
    whose = len({one.person for one in left})
    of = f", of {whose} people" if whose > 1 else ""
    return (
        f"The consent log lacks {words}{of}; they stand outside the database: it is older than they are, or somebody "
        "took them out. They come back with: goodwill consent verify --mend"
    )
