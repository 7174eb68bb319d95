"""What an import did: counted in is counted out, and what was left behind is named."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from goodwill.collect.groups import Group
from goodwill.collect.recognise import Left
from goodwill.collect.reconcile import Reconciled
from goodwill.collect.rejects import Reject
from goodwill.people.contact import MayContact

# Why somebody may not be written to, after "1 …" and after "so many …".
_WHY_NOT: Final[Mapping[str, tuple[str, str]]] = {
    "never-asked": ("was never asked", "were never asked"),
    "refused": ("said no", "said no"),
    "withdrawn": ("took the yes back", "took their yes back"),
    "expired": ("said yes too long ago", "said yes too long ago"),
    "no-address": ("said yes, but no address is known", "said yes, but no address is known"),
    "left-alone": (
        "said yes, but an address unsubscribed, objected or was erased",
        "said yes, but an address of theirs unsubscribed, objected or was erased",
    ),
    "held": (
        "is held: erased, merged or restricted just now",
        "are held: erased, merged or restricted just now",
    ),
    "purpose-expired": ("(the purpose email-marketing is over)", "(the purpose email-marketing is over)"),
}


def why_not(reason: str, count: int) -> str:
    """Why so many may not be written to, in words that follow the number."""
    return _WHY_NOT.get(reason, (reason, reason))[count != 1]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an import is.

    Attributes:
        rows: read so far; of: all; both over all files.
        seconds: since this run began.
        fresh: rows of this run; fewer than `rows` where an interrupted import goes on.
    """

    file: str
    rows: int
    of: int
    rejected: int
    seconds: float
    fresh: int

    @property
    def rate(self) -> float:
        """Rows a second."""
        return self.fresh / self.seconds if self.seconds > 0 else 0.0

    @property
    def eta(self) -> float | None:
        """Seconds to go; None while nobody can tell."""
        return (self.of - self.rows) / self.rate if self.rate > 0 else None


@dataclass(frozen=True, slots=True)
class PartReport:
    """What became of one file.

    Attributes:
        unchanged: rows that said nothing new.
        skipped: rows that say nothing at all.
        left: columns that were not taken in.
    """

    file: str
    kind: str
    rows: int
    kept: int
    unchanged: int
    rejected: int
    skipped: int
    left: tuple[Left, ...]
    mapping: Mapping[str, str]

    @property
    def reconciled(self) -> str:
        """One line in which what came in is what went out."""
        skipped = f" + {self.skipped:,} without content" if self.skipped else ""
        return (
            f"{self.file}: {self.rows:,} rows = {self.kept:,} kept + {self.unchanged:,} unchanged + "
            f"{self.rejected:,} rejected{skipped}"
        )


@dataclass(frozen=True)
class ImportReport:
    """What an import did.

    Attributes:
        id: its number, for the list and an undo; None where there is nothing to undo (a dry run, nothing new).
        state: done; nothing-new; refused (strict, and there were rejects); dry-run.
        notes: what the owner should know of the files, in sentences; remarks: of some rows that were kept.
        faults: the rejects, those with the same fault together.
        rejects: the first of them; all are in `reject_files`.
        contact: whom the shop may write to by e-mail, of how many, and why not the rest; None where nobody may say.
        totals: the files' own totals beside what the shop holds of them.
        seconds: of this run. resumed: whether it went on with an interrupted import.
    """

    id: int | None
    state: str
    parts: tuple[PartReport, ...]
    notes: tuple[str, ...]
    remarks: tuple[Group, ...]
    faults: tuple[Group, ...]
    rejects: tuple[Reject, ...]
    reject_files: tuple[Path, ...]
    seconds: float
    resumed: bool = False
    fresh: int = field(default=0)
    contact: MayContact | None = None
    totals: tuple[Reconciled, ...] = ()

    @property
    def rows(self) -> int:
        return sum(part.rows for part in self.parts)

    @property
    def happened(self) -> bool:
        """Whether what counts as kept was kept; in a dry run and a refused import it would have been."""
        return self.state in ("done", "nothing-new")

    @property
    def held(self) -> tuple[str, ...]:
        """The files' own totals beside what the shop holds of them, or would hold, in sentences."""
        holds = {"dry-run": "would hold", "refused": "would have held"}.get(self.state, "holds")
        return tuple(one.sentence(holds) for one in self.totals)

    @property
    def why_not(self) -> tuple[tuple[int, str], ...]:
        """Why the shop may not write to the others: how many, and the words after that number."""
        found = self.contact.why_not if self.contact is not None else {}
        return tuple((count, why_not(reason, count)) for reason, count in found.items())

    @property
    def kept(self) -> int:
        return sum(part.kept for part in self.parts)

    @property
    def unchanged(self) -> int:
        return sum(part.unchanged for part in self.parts)

    @property
    def rejected(self) -> int:
        return sum(part.rejected for part in self.parts)

    @property
    def skipped(self) -> int:
        return sum(part.skipped for part in self.parts)

    @property
    def kinds(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(part.kind for part in self.parts))

    @property
    def left_behind(self) -> tuple[tuple[str, Left], ...]:
        """Every column that was not taken in, with its file."""
        return tuple((part.file, left) for part in self.parts for left in part.left)

    @property
    def left_together(self) -> tuple[tuple[tuple[str, ...], str, tuple[str, ...]], ...]:
        """The same, what is to be said of several files once: the files, why, and the columns."""
        files: dict[tuple[str, str], list[str]] = {}
        for file, left in self.left_behind:
            files.setdefault((left.why, left.column), []).append(file)
        together: dict[tuple[str, tuple[str, ...]], list[str]] = {}
        for (why, column), some in files.items():
            together.setdefault((why, tuple(dict.fromkeys(some))), []).append(column)
        return tuple((some, why, tuple(columns)) for (why, some), columns in together.items())

    @property
    def rows_per_second(self) -> float:
        return self.fresh / self.seconds if self.seconds > 0 else 0.0
