"""Every "no" outside the database: a file that only grows, beside the checkpoints, so that an older database obeys it.

A line names a person by number and holds no word that anybody wrote, as little as the ledger keeps of somebody erased.
A "yes" is never read back from here, so whoever can write to the file can only make the shop do less. Each line is
numbered and signed over the line before, so that nobody takes one out, adds or changes one unseen.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final

from goodwill.storage.outside import Mark, append_to, holding, mark_of, tail_of

REACHED: Final = "reached"  # no answer: up to here everything of the file stands in the ledger
_LINE_END: Final = b"\n"
_TAIL: Final = 4_096  # bytes at the end of a file, some ten lines: enough to see that the last one follows
_FEW: Final = 4  # pieces in which the last two lines lie, with what is empty about them

Sign = Callable[[bytes], str]  # the MAC of some bytes, under a key that is not in this folder


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
class End:
    """Where a file ends: the number of its last line, and the MAC of that one, "" where it has none."""

    number: int = 0
    mac: str = ""


@dataclass(frozen=True, slots=True)
class Signed:
    """A line as it stands in a file: unsigned where an earlier version wrote it."""

    no: No
    end: End


@dataclass(frozen=True, slots=True)
class Contents:
    """What one file holds.

    Attributes:
        lines: those that can be read and stand where they were written; where something is wrong, the other ones too.
        last: the last line that follows from the one before it; end: what the next one has to follow.
        unsigned: how many of the lines are not signed yet: an earlier version wrote them.
        torn: how many lines were cut short while they were written; nothing that was written whole is missing.
        wrong: what somebody did to it, a sentence each.
    """

    lines: tuple[No, ...] = ()
    last: No | None = None
    end: End = End()
    unsigned: int = 0
    torn: int = 0
    wrong: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NoFile:
    """The file of a shop, in its home and in a second place if there is one.

    Attributes:
        log: the ledger's id; lines of another are not ours.
        sign: makes the MAC of a line and the one before it.
    """

    home: Path
    second: Path | None
    log: str
    sign: Sign

    @property
    def files(self) -> tuple[Path, ...]:
        return tuple(folder / "consent.noes" for folder in (self.home, self.second) if folder is not None)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Nobody else writes meanwhile, of whatever process.

        Raises:
            OSError: the folder cannot be made.
        """
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        with holding(self.home):
            yield

    def add(self, lines: Sequence[No]) -> None:
        """Write lines to the end of both files, lasting when this returns; the caller is `writing`.

        A file that has not what the other one has, as one that could not be reached before, is caught up.

        Raises:
            OSError: one of them cannot be written. The first may hold them all the same.
        """
        for file, more in zip(self.files, self._lacking(lines), strict=True):
            if more:
                # An empty line first: whatever was cut short before it spoils none of ours.
                append_to(file, _LINE_END + b"".join(self._signed(more, self._near_end(file).end)))

    def _lacking(self, lines: Sequence[No]) -> list[Sequence[No]]:
        """What each file is to be given: the lines, and those of the other one that it does not have."""
        there = [file for file in self.files if file.parent.is_dir()]
        if len({self._near_end(file).last for file in there}) <= 1:
            return [lines] * len(self.files)
        known = dict.fromkeys([*self.all(), *lines])
        has = [set(self.read(file).lines) if file in there else set(known) - set(lines) for file in self.files]
        return [[line for line in known if line not in one] for one in has]

    def _signed(self, lines: Iterable[No], end: End) -> Iterator[bytes]:
        for line in lines:
            end = End(end.number + 1, self._mac(line, end.number + 1, end.mac))
            yield text_of(line, end).encode() + _LINE_END

    def _mac(self, line: No, number: int, before: str) -> str:
        return self.sign(f"{before}\n{number}\n{text_of(line)}".encode())

    def mark(self) -> Mark:
        """Changes whenever the file in the home does."""
        return mark_of(self.files[0])

    def last(self) -> No | None:
        """The last line that can be believed, of the file in the home; of the second place where the home has none."""
        return next((found for file in self.files if (found := self._near_end(file).last) is not None), None)

    def ends(self, known: Sequence[End]) -> tuple[End, ...]:
        """Where each file ends; one that cannot be reached ends where it is known to."""
        ends = dict(zip(self.files, known, strict=False))
        return tuple(self._near_end(file).end if file.exists() else ends.get(file, End()) for file in self.files)

    def has(self, known: Sequence[End]) -> bool:
        """Whether each file that is there has the end that is known of it."""
        return not any(
            file.exists() and self._near_end(file).end != end and self.read(file, end).wrong
            for file, end in zip(self.files, known, strict=False)
        )

    def is_unsigned(self) -> bool:
        """Whether a file holds lines of an earlier version alone, which nothing signs yet."""
        return any(self._near_end(file).unsigned for file in self.files)

    def _near_end(self, file: Path) -> Contents:
        """What the last lines of a file tell of its end, or the whole where these do not."""
        tail = tail_of(file, _TAIL)
        if len(tail) == _TAIL:
            lines = tail.partition(_LINE_END)[2].split(_LINE_END)
            for some in (lines[-_FEW:], lines):
                chain = _Chain(self)
                for line in self._ours(some):
                    if line.end.mac:
                        chain.take(line)
                if chain.good:
                    return Contents(last=chain.good[-1], end=chain.end)
        return self.read(file)

    def follows(self, line: Signed, end: End) -> bool:
        """Whether a line was written behind an end, and is still what it was."""
        return line.end.number == end.number + 1 and line.end.mac == self._mac(line.no, line.end.number, end.mac)

    def all(self, upto: No | None = None) -> list[No]:
        """Every line of both places, each once, in the order in which they were written.

        Args:
            upto: a line; of each place no later ones, if it has it.
        """
        found: dict[No, None] = {}
        for file in self.files:
            lines = self.read(file).lines
            end = len(lines) - lines[::-1].index(upto) if upto in lines else len(lines)
            found |= dict.fromkeys(lines[:end])
        return list(found)

    def read(self, file: Path, since: End | None = None) -> Contents:
        """A file whole, every line of it checked.

        Args:
            since: where it ended when that was last noted; not to have that is to have lost something.

        Raises:
            OSError: it is there and cannot be read.
        """
        try:
            data = file.read_bytes()
        except FileNotFoundError:
            return Contents()
        chain = _Chain(self)
        for line in self._ours(data.split(_LINE_END), torn=chain.tears):
            chain.take(line)
        return chain.contents(since)

    def _ours(self, lines: Iterable[bytes], torn: Callable[[], None] = lambda: None) -> Iterator[Signed]:
        for data in lines:
            line = signed_in(data)
            if line is None and data.strip():
                torn()
            if line is not None and line.no.log == self.log:
                yield line

    def wrong(self, since: Sequence[End]) -> dict[Path, Contents]:
        """The files with which somebody meddled, with what they hold.

        Args:
            since: where each ended when that was last noted, as far as that is known.
        """
        return {file: found for file, found in self.contents(since).items() if found.wrong}

    def contents(self, since: Sequence[End]) -> dict[Path, Contents]:
        """What each file holds, of those that are there."""
        known = dict(zip(self.files, since, strict=False))
        return {file: self.read(file, known.get(file)) for file in self.files if file.exists()}

    def set_aside(self, files: Iterable[Path]) -> list[Path]:
        """Put files with which somebody meddled out of the way, to be looked at; gives where they are now.

        Raises:
            OSError: one cannot be moved.
        """
        return [_aside(file) for file in files]


def _aside(file: Path) -> Path:
    number = 1
    while (to := file.with_name(f"{file.name}.meddled-{number}")).exists():
        number += 1
    return file.rename(to)


@dataclass(slots=True)
class _Chain:
    """Follows a file line by line, and remembers where it does not hold."""

    file: NoFile
    good: list[No] = field(default_factory=list)
    odd: list[No] = field(default_factory=list)  # that can be read, and do not follow from what is before them
    macs: set[str] = field(default_factory=set)
    end: End = field(default_factory=End)
    unsigned: int = 0
    torn: int = 0
    wrong: list[str] = field(default_factory=list)
    strange: int = 0
    is_signed: bool = False

    def tears(self) -> None:
        self.torn += 1

    def take(self, line: Signed) -> None:
        if not line.end.mac and not self.is_signed:
            self._take_unsigned(line.no)
        elif line.end.mac and self.file.follows(line, self.end):
            self._go_on(line, self.good)
        elif line.end.mac and (line.end.number > self.end.number or not self.is_signed):
            self.wrong.append(self._gap(line.end.number))
            self._go_on(line, self.odd)
        else:
            self.strange += 1
            self.odd.append(line.no)

    def _take_unsigned(self, line: No) -> None:
        """What an earlier version wrote is signed all at once, by the first line that is signed."""
        self.good.append(line)
        self.unsigned += 1
        over = hashlib.sha256(f"{self.end.mac}\n{text_of(line)}".encode()).hexdigest()
        self.end = End(self.unsigned, over)
        self.macs.add(over)

    def _go_on(self, line: Signed, lines: list[No]) -> None:
        lines.append(line.no)
        self.end, self.is_signed = line.end, True
        self.macs.add(line.end.mac)

    def _gap(self, number: int) -> str:
        if self.unsigned and not self.is_signed:
            return "Its first lines are not what was written."
        if number > self.end.number + 1:
            return f"{_numbered(self.end.number + 1, number - 1)} missing."
        return f"{_numbered(number, number)} not what was written."

    def contents(self, since: End | None) -> Contents:
        wrong = [*self.wrong[:_SHOWN], *(["And more."] if len(self.wrong) > _SHOWN else [])]
        if self.strange:
            wrong.append(
                f"{self.strange} {'line' if self.strange == 1 else 'lines'} in it goodwill did not write there."
            )
        if since is not None and since.mac and since.mac not in self.macs:
            first = min(self.end.number + 1, since.number)
            wrong.append(f"{_numbered(first, since.number)} missing from its end, as the key store knows.")
        lines = (*self.good, *(self.odd if wrong else ()))
        unsigned = 0 if self.is_signed else self.unsigned
        return Contents(lines, self.good[-1] if self.good else None, self.end, unsigned, self.torn, tuple(wrong))


_SHOWN: Final = 10


def _numbered(first: int, last: int) -> str:
    return f"Line {first} is" if first == last else f"Lines {first} to {last} are"


def text_of(line: No, end: End | None = None) -> str:
    """A line as it is written down; with its number and its MAC where it is signed."""
    told: dict[str, Any] = {name: value for name in _TYPES if (value := getattr(line, name)) is not None}
    if end is not None:
        told |= {"n": end.number, "mac": end.mac}
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))


_TYPES: Final = {field.name: str if field.type is str else int for field in fields(No)}
_NEEDED: Final = frozenset(_TYPES) - {"refers"}


def line_in(told: object) -> No | None:
    """A line without its MAC, if it is whole and one of ours."""
    if not isinstance(told, Mapping) or not _NEEDED <= told.keys() <= _TYPES.keys():
        return None
    return No(**told) if all(type(value) is _TYPES[name] for name, value in told.items()) else None


def signed_in(data: bytes) -> Signed | None:
    """A line, signed or not, if it is whole and one of ours."""
    try:
        told = json.loads(data)
    except ValueError:
        return None
    if not isinstance(told, dict):
        return None
    number, mac = told.pop("n", 0), told.pop("mac", "")
    line = line_in(told)
    return Signed(line, End(number, mac)) if line is not None and type(number) is int and type(mac) is str else None


@dataclass(frozen=True, slots=True)
class Known:
    """What the key store knows of the files: the last line, and where each of them ended."""

    line: No | None = None
    ends: tuple[End, ...] = ()

    def text(self) -> str:
        """As it is kept; "" for nothing."""
        if self.line is None:
            return ""
        ends = [[end.number, end.mac] for end in self.ends]
        return json.dumps({"line": json.loads(text_of(self.line)), "ends": ends}, separators=(",", ":"))


def known_in(text: str) -> Known:
    """What the key store kept; an earlier version kept the last line alone."""
    told = json.loads(text) if text else {}
    if "ends" not in told:
        return Known(line_in(told))
    return Known(line_in(told["line"]), tuple(End(number, mac) for number, mac in told["ends"]))
