"""Files of JSON: an array of objects, one object after the other (NDJSON), or a wrapper around an array.

They are read object by object, so that a file may be larger than the memory. Amounts stay the texts that they are.
"""

import codecs
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import IO, Any

from goodwill.basics.errors import BadFile
from goodwill.collect.columns import Column, Held
from goodwill.collect.files import Part, opened
from goodwill.collect.tables import NONE_PASSED, Broken, told_apart

Record = Mapping[str, Any]

_BLOCK = 1 << 18  # characters read at a time
_LONGEST = 16 << 20  # characters of one object
_AT_ONCE = 2_000  # objects of a piece
_WRAPPED = re.compile(r'\s*\{\s*"([A-Za-z_]+)"\s*:\s*\[')
_BETWEEN = re.compile(r"[\s,]*")
_DEEPEST = "holds objects nested deeper than any export has them"


@dataclass(frozen=True, slots=True)
class Batch:
    """Some objects of a file, each with the line on which it begins."""

    records: list[Record]
    lines: list[int]
    broken: tuple[Broken, ...] = ()


@dataclass(frozen=True)
class Records:
    """A file of objects.

    Attributes:
        memos: see `Source`.
    """

    part: Part
    memos: dict[Any, Any] = field(default_factory=dict, compare=False)

    @property
    def name(self) -> str:
        return self.part.name

    def pieces(self) -> Iterator[Batch]:
        """The objects from first to last.

        Raises:
            BadFile: it is cut short or damaged.
        """
        with opened(self.part) as stream:
            records: list[Record] = []
            lines: list[int] = []
            broken: list[Broken] = []
            for line, found in _Scan(stream, self.name).objects():
                if isinstance(found, Broken):
                    broken.append(found)
                else:
                    records.append(found)
                    lines.append(line)
                if len(records) + len(broken) >= _AT_ONCE:
                    yield Batch(records, lines, tuple(broken))
                    records, lines, broken = [], [], []
            if records or broken:
                yield Batch(records, lines, tuple(broken))

    @cached_property
    def first(self) -> Record | None:
        """The first object; None if there is none."""
        return next((record for batch in self.pieces() for record in batch.records), None)


class _Scan:
    """The characters of a file, and the objects in them."""

    def __init__(self, stream: IO[bytes], name: str) -> None:
        self._stream = stream
        self._name = name
        self._letters = codecs.getincrementaldecoder("utf-8-sig")("surrogateescape")
        self._decode = json.JSONDecoder(parse_float=str).raw_decode
        self._text = ""
        self._at = 0
        self._line = 1
        self._ended = False

    def objects(self) -> Iterator[tuple[int, Record | Broken]]:
        self._more()
        inside = self._enter()
        while True:
            self._move(_BETWEEN.match(self._text, self._at))
            if self._at >= len(self._text):
                if self._ended:
                    break
                self._more()
                continue
            if inside and self._text[self._at] == "]":
                return  # what a wrapper says after its array is not about its objects
            line = self._line
            found = self._next(inside=inside)
            if isinstance(found, Mapping | Broken):
                yield line, found
            else:
                yield line, Broken(line, str(found)[:80], "is no object", "leave it out", ())
        if inside:
            raise self._cut()

    def _enter(self) -> bool:
        """Go into the array that holds the objects, if there is one."""
        wrapped = _WRAPPED.match(self._text)
        if wrapped is not None:
            self._move(wrapped)
            return True
        start = _BETWEEN.match(self._text)
        if start is not None and self._text[start.end() : start.end() + 1] == "[":
            self._line += self._text.count("\n", 0, start.end())
            self._at = start.end() + 1
            return True
        return False

    def _next(self, *, inside: bool) -> Any:
        while True:
            try:
                found, end = self._decode(self._text, self._at)
            except RecursionError:
                raise BadFile(f"{self._name} {_DEEPEST}, so nothing was taken from it.") from None
            except ValueError:
                line_end = self._text.find("\n", self._at)
                if not inside and line_end >= 0 and self._text[line_end:].strip():
                    return self._broken_line(line_end)
                if self._ended:
                    if inside:
                        raise self._cut() from None
                    return self._broken_line(len(self._text) if line_end < 0 else line_end)
                if len(self._text) - self._at > _LONGEST:
                    raise BadFile(f"An object of {self._name} is longer than 16 MiB, so this is no export.") from None
                self._more()
                continue
            if end == len(self._text) and not self._ended and not isinstance(found, Mapping):
                self._more()  # a number may go on
                continue
            self._line += self._text.count("\n", self._at, end)
            self._at = end
            return found

    def _broken_line(self, end: int) -> Broken:
        line, said = self._line, self._text[self._at : end]
        self._line += said.count("\n")
        self._at = end
        return Broken(line, said[:80], "is no whole object of JSON", "write the line anew", ())

    def _move(self, found: "re.Match[str] | None") -> None:
        if found is not None:
            self._line += self._text.count("\n", self._at, found.end())
            self._at = found.end()

    def _more(self) -> None:
        block = self._stream.read(_BLOCK)
        self._ended = not block
        self._text = self._text[self._at :] + self._letters.decode(block, final=self._ended)
        self._at = 0

    def _cut(self) -> BadFile:
        return BadFile(
            f"{self._name} is cut short or damaged near line {self._line:,}, so nothing was taken from it. Export it "
            "again."
        )


# ---- without a known shape: each key is a column ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FlatRows:
    """Some objects as rows: what a key holds is a cell."""

    headings: tuple[str, ...]
    keys: tuple[str, ...]
    batch: Batch

    @property
    def rows(self) -> int:
        return len(self.batch.records)

    @property
    def lines(self) -> Sequence[int]:
        return self.batch.lines

    @property
    def broken(self) -> tuple[Broken, ...]:
        return self.batch.broken

    @property
    def passed(self) -> Mapping[str, int]:
        return NONE_PASSED

    def column(self, name: str) -> Column:
        key = self.keys[self.headings.index(name)]
        return Column(Held.TEXT, [cell_of(record.get(key)) for record in self.batch.records])

    def originals(self, rows: Sequence[int]) -> list[list[str]]:
        return [[cell_of(self.batch.records[row].get(key)) for key in self.keys] for row in rows]


@dataclass(frozen=True)
class Flat:
    """A file of objects of no known format, as a table with a column for each key."""

    records: Records
    keys: tuple[str, ...]
    headings: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.records.name

    def chunks(self, wanted: Sequence[str] | None = None) -> Iterator[FlatRows]:  # noqa: ARG002  objects come whole
        for batch in self.records.pieces():
            yield FlatRows(self.headings, self.keys, batch)


def flat(records: Records) -> Flat:
    """A file of objects as a table; every key that occurs anywhere is a column.

    Raises:
        BadFile: it holds no object, or is damaged.
    """
    keys: dict[str, None] = {}
    for batch in records.pieces():
        for record in batch.records:
            keys.update(dict.fromkeys(record))
    if not keys:
        raise BadFile(f"{records.name} holds no object with a key. Export it again.")
    return Flat(records, tuple(keys), told_apart(tuple(keys)))


def cell_of(value: Any) -> str:
    """A value of JSON as a cell would show it."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, Mapping | list) else str(value)
