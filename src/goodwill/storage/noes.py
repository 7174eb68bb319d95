"""Every "no" outside the database: a file that only grows, beside the checkpoints, so that an older database obeys it.

A line names a person by number and holds no word that anybody wrote, as little as the ledger keeps of somebody erased.
A "yes" is never read back from here, so whoever can write to the file can only make the shop do less.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Final

from goodwill.storage.outside import Mark, append_to, mark_of, tail_of

REACHED: Final = "reached"  # no answer: up to here everything of the file stands in the ledger
_LINE_END: Final = b"\n"


@dataclass(frozen=True, slots=True)
class No:
    """One row of the ledger that says no.

    Attributes:
        log: the ledger's id.
        state: refused, withdrawn, or invalidated with the row that it takes back in ``refers``; or `REACHED`.
    """

    log: str
    position: int
    person: int
    purpose: str
    category: str
    state: str
    said_at: int
    recorded_at: int
    refers: int | None = None


@dataclass(frozen=True, slots=True)
class NoFile:
    """The file of a shop, in its home and in a second place if there is one.

    Attributes:
        log: the ledger's id; lines of another are not ours.
    """

    home: Path
    second: Path | None
    log: str

    @property
    def files(self) -> tuple[Path, ...]:
        return tuple(folder / "consent.noes" for folder in (self.home, self.second) if folder is not None)

    def add(self, lines: Sequence[No]) -> None:
        """Write lines to the end of both files, lasting when this returns.

        Raises:
            OSError: one of them cannot be written. The first may hold them all the same.
        """
        if not lines:
            return
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        # An empty line first: whatever was cut short before it spoils none of ours.
        data = _LINE_END + b"".join(_bytes(line) for line in lines)
        for file in self.files:
            append_to(file, data)

    def mark(self) -> Mark:
        """Changes whenever the file in the home does."""
        return mark_of(self.files[0])

    def last(self) -> No | None:
        """The last line that can be read, of the file in the home; of the second place where the home has none."""
        for file in self.files:
            found = self._read(tail_of(file).split(_LINE_END))
            if found:
                return found[-1]
        return None

    def all(self, upto: No | None = None) -> list[No]:
        """Every line of both places, each once, in the order in which they were written.

        Args:
            upto: a line; of each place no later ones, if it has it.
        """
        found: dict[No, None] = {}
        for file in self.files:
            lines = self._read(file.read_bytes().split(_LINE_END)) if file.exists() else []
            end = len(lines) - lines[::-1].index(upto) if upto in lines else len(lines)
            found |= dict.fromkeys(lines[:end])
        return list(found)

    def _read(self, lines: Iterable[bytes]) -> list[No]:
        return [one for line in lines if (one := line_in(line)) is not None and one.log == self.log]


def text_of(line: No) -> str:
    """A line as it is written down."""
    told = {name: value for name, value in asdict(line).items() if value is not None}
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))


def _bytes(line: No) -> bytes:
    return text_of(line).encode() + _LINE_END


_TYPES: Final = {field.name: str if field.type is str else int for field in fields(No)}
_NEEDED: Final = frozenset(_TYPES) - {"refers"}


def line_in(data: bytes | str) -> No | None:
    """A line, if it is whole and one of ours."""
    try:
        told = json.loads(data)
    except ValueError:
        return None
    if not isinstance(told, dict) or not _NEEDED <= told.keys() <= _TYPES.keys():
        return None
    return No(**told) if all(type(value) is _TYPES[name] for name, value in told.items()) else None
