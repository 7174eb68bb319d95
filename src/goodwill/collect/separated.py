"""Tables of text: values between commas, semicolons, tabs or bars, one row a line, except where a quote spans lines.

Most pieces of most files hold no quotation mark, or only around values that hold a separator; those are split whole,
faster than letter by letter. Any other piece goes through Python's csv reader. Both give the same rows, and every row
knows its line.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO

import numpy as np

from goodwill.basics.errors import BadFile, BadInput
from goodwill.collect.columns import Column, Held
from goodwill.collect.encodings import Writing, check_letters, not_written_in, writing_of
from goodwill.collect.files import Part, opened
from goodwill.collect.tables import NONE_PASSED, Broken, told_apart

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_PIECE = 2 << 20  # bytes read as one chunk: twenty to forty thousand lines of sales
_LONGEST = 16 << 20  # bytes of one line; longer is no table
_NEWLINE = 10
_KEPT = 0x1F  # stands for a separator inside of a value
_SIGN = bytes([_KEPT])
_FEW = 8  # quotation marks in a line; where there are more, the csv reader is as fast

csv.field_size_limit(1 << 20)  # a cell of a mebibyte is a quotation mark that was never closed


@dataclass(frozen=True, slots=True)
class Rows:
    """A chunk whose rows are kept as one flat run of cells, row after row."""

    headings: tuple[str, ...]
    flat: list[str]
    lines: Sequence[int]
    broken: tuple[Broken, ...] = ()

    @property
    def rows(self) -> int:
        return len(self.lines)

    @property
    def passed(self) -> Mapping[str, int]:
        return NONE_PASSED

    def column(self, name: str) -> Column:
        return Column(Held.TEXT, self.flat[self.headings.index(name) :: len(self.headings)])

    def originals(self, rows: Sequence[int]) -> list[list[str]]:
        width = len(self.headings)
        return [self.flat[row * width : (row + 1) * width] for row in rows]


@dataclass(frozen=True)
class Separated:
    """A table of text.

    Attributes:
        separator: what stands between two values.
        first: the line of the headings.
    """

    part: Part
    writing: Writing
    separator: str
    headings: tuple[str, ...]
    first: int
    notes: tuple[str, ...] = field(default=())

    @property
    def name(self) -> str:
        return self.part.name

    def chunks(self, wanted: Sequence[str] | None = None) -> Iterator[Rows]:  # noqa: ARG002  text is read whole anyway
        with _letters(self.part, self.writing) as stream:
            feed = _Feed(stream, self.part.name)
            reader = _reader(feed, self.separator)
            while feed.line < self.first:
                next(reader)
            while piece := feed.piece():
                yield self._split(piece, feed) or self._spell(feed, reader, len(piece))

    def _split(self, piece: bytes, feed: "_Feed") -> Rows | None:
        """A piece in which every line has as many values as there are headings, and no quoted one spans lines."""
        if piece[-1] != _NEWLINE:
            return None
        bare = _unquoted(piece.replace(b"\r\n", b"\n"), self.separator.encode())
        if bare is None or b"\r" in bare:
            return None
        width = len(self.headings)
        marks = np.frombuffer(bare, np.uint8)
        stops = np.flatnonzero((marks == ord(self.separator)) | (marks == _NEWLINE))
        ends = marks[stops] == _NEWLINE
        lines = int(np.count_nonzero(ends))
        if ends.size != lines * width or not ends[width - 1 :: width].all():
            return None
        if width == 1 and b"\n\n" in b"\n" + bare:
            return None  # blank lines are no rows
        start = feed.line + 1
        feed.skip(len(piece), lines)
        text = bare[:-1].decode("utf-8", "surrogateescape")
        flat = text.replace("\n", self.separator).split(self.separator)
        for place in np.unique(np.searchsorted(stops, np.flatnonzero(marks == _KEPT))).tolist():
            flat[place] = flat[place].replace(chr(_KEPT), self.separator)
        return Rows(self.headings, flat, range(start, start + lines))

    def _spell(self, feed: "_Feed", reader: Iterator[list[str]], length: int) -> Rows:
        """A piece read letter by letter; a quoted value may reach into the next piece."""
        end = feed.place + length
        width = len(self.headings)
        flat: list[str] = []
        lines: list[int] = []
        broken: list[Broken] = []
        while feed.place < end:
            start = feed.begin()
            try:
                row = next(reader)
            except StopIteration:
                break
            except csv.Error as error:
                broken.append(_unspelt(error, start, feed, self.separator))
                continue
            if len(row) > width and not any(row[width:]):
                del row[width:]  # separators after the last value
            if len(row) == width and not feed.ended_open():
                flat.extend(row)
                lines.append(start)
            elif any(row):
                broken.append(_ragged(row, start, width, feed))
        return Rows(self.headings, flat, lines, tuple(broken))


def _unquoted(piece: bytes, separator: bytes) -> bytes | None:
    """The same without quotation marks, where they stand around whole values of one line; None where they do not.

    A separator inside of a value becomes a sign that no file holds.
    """
    if b'"' not in piece:
        return piece if _SIGN not in piece else None
    if b'""' in piece or _SIGN in piece or piece.count(b'"') > _FEW * piece.count(b"\n"):
        return None
    bits = piece.split(b'"')
    quoted, others = bits[1::2], bits[::2]
    if len(bits) % 2 == 0 or any(b"\n" in bit or b"\r" in bit for bit in quoted):
        return None
    around = (separator, b"\n")
    whole = all(bit.endswith(around) for bit in others[:-1] if bit) and all(
        bit.startswith(around) for bit in others[1:]
    )
    if not whole:
        return None
    bits[1::2] = [bit.replace(separator, _SIGN) for bit in quoted]
    return b"".join(bits)


def open_text(part: Part, *, encoding: str | None = None, separator: str | None = None) -> Separated:
    """Look at a table of text: its letters, its separator, its headings.

    Raises:
        BadFile: it holds nothing, or nobody can tell how it is written.
        BadInput: there is no such encoding or separator.
    """
    writing = writing_of(part, encoding)
    sample, declared = _sample(part, writing)
    check_letters(part, writing, sample)
    chosen = separator or declared or _sniffed(sample)
    if len(chosen) != 1 or chosen not in SEPARATORS:
        raise BadInput(f"'{chosen}' cannot separate values; use one of {', '.join(SEPARATORS.values())}.")
    with _letters(part, writing) as stream:
        feed = _Feed(stream, part.name)
        reader = _reader(feed, chosen)
        if declared:
            next(reader)
        headings = _headings(reader, part.name)
        first = feed.line
    notes = [writing.note] if writing.note else []
    return Separated(part, writing, chosen, headings, first, tuple(notes))


def _headings(reader: Iterator[list[str]], name: str) -> tuple[str, ...]:
    try:
        for row in reader:
            if any(cell.strip("\ufeff\u200b \t\r\n\xa0") for cell in row):
                return told_apart(row)
    except csv.Error:
        raise BadFile(
            f"The headings of {name} cannot be read. Save the file again with one kind of line end, and close every "
            "quotation mark."
        ) from None
    raise BadFile(f"{name} is empty: it has no line with headings. Export it again.")


def _sample(part: Part, writing: Writing) -> tuple[str, str | None]:
    """The first lines, and the separator that Excel's own first line ("sep=;") declares."""
    with _letters(part, writing) as stream:
        text = stream.read(1 << 16).decode("utf-8", "surrogateescape")
    whole = text if "\n" not in text else text[: text.rindex("\n") + 1]
    first = whole.lstrip("\ufeff").splitlines()[:1]
    if first and first[0].lower().startswith("sep=") and len(first[0]) == 5:
        return whole, first[0][4]
    return whole, None


def _sniffed(sample: str) -> str:
    """The separator under which the first hundred rows agree best with each other and with the headings."""
    best, most = ",", (0.0, 0)
    for candidate in SEPARATORS:
        try:
            rows = [row for row, _ in zip(csv.reader(io.StringIO(sample), delimiter=candidate), range(100)) if row]  # noqa: B905
        except csv.Error:
            continue
        if not rows or len(rows[0]) < 2:
            continue
        agree = sum(len(row) == len(rows[0]) for row in rows) / len(rows)
        if (agree, len(rows[0])) > most:
            best, most = candidate, (agree, len(rows[0]))
    return best


@contextmanager
def _letters(part: Part, writing: Writing) -> Iterator[IO[bytes]]:
    """The table's bytes as UTF-8, after its byte-order mark."""
    with opened(part) as stream:
        stream.read(writing.skip)
        if writing.plain:
            yield stream
        else:
            wide = writing.encoding.startswith(("utf-16", "utf-32"))
            errors = "replace" if wide else "surrogateescape"
            letters = io.TextIOWrapper(stream, writing.encoding, errors, newline=None)
            yield _Again(letters, part.name, writing.encoding)


class _Again(io.BytesIO):
    """Letters of another encoding, read as UTF-8."""

    def __init__(self, letters: io.TextIOWrapper, name: str, encoding: str) -> None:
        super().__init__()
        self._letters = letters
        self._name = name
        self._encoding = encoding

    def read(self, size: int | None = -1, /) -> bytes:
        try:
            return self._letters.read(size if size is not None else -1).encode("utf-8", "surrogateescape")
        except UnicodeError:  # an encoding that leaves no room for broken letters
            raise not_written_in(self._name, self._encoding) from None


class _Feed:
    """The bytes of a table in whole lines: a piece at a time, or line by line, whichever the reader wants next."""

    def __init__(self, stream: IO[bytes], name: str) -> None:
        self._stream = stream
        self._name = name
        self._buffer = b""
        self._from = 0
        self._ended = False
        self._row: list[str] = []
        self.place = 0  # bytes taken
        self.line = 0  # lines taken

    def piece(self) -> bytes:
        """Whole lines from here on, about a mebibyte; empty at the end. They are not taken yet."""
        self._fill(_PIECE)
        end = self._buffer.rfind(b"\n", self._from, self._from + _PIECE)
        while end < 0 and not self._ended:
            self._fill(len(self._buffer) - self._from + _PIECE)
            end = self._buffer.find(b"\n", self._from)
        return self._buffer[self._from :] if end < 0 else self._buffer[self._from : end + 1]

    def skip(self, length: int, lines: int) -> None:
        """Take a piece that was read whole."""
        self._from += length
        self.place += length
        self.line += lines

    def begin(self) -> int:
        """A row begins: the number of its first line."""
        self._row = []
        return self.line + 1

    @property
    def text(self) -> str:
        """What was taken of the row so far."""
        return "".join(self._row)

    def ended_open(self) -> bool:
        """Whether the table ended within a quoted value of this row."""
        if not self._ended or self._from < len(self._buffer):
            return False
        try:
            list(csv.reader(self._row, strict=True))
        except csv.Error as error:
            return "unexpected end" in str(error)
        return False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        end = self._buffer.find(b"\n", self._from)
        while end < 0 and not self._ended:
            self._fill(len(self._buffer) - self._from + _PIECE)
            end = self._buffer.find(b"\n", self._from)
        stop = len(self._buffer) if end < 0 else end + 1
        if stop == self._from:
            raise StopIteration
        raw = self._buffer[self._from : stop]
        self.skip(len(raw), 1)
        text = raw.decode("utf-8", "surrogateescape")
        self._row.append(text)
        return text

    def _fill(self, wanted: int) -> None:
        """Have so many bytes at hand, unless the table ends before."""
        if wanted > _LONGEST:
            raise BadFile(f"Line {self.line + 1} of {self._name} is longer than 16 MiB, so this is no table of text.")
        held = len(self._buffer) - self._from
        if self._ended or held >= wanted:
            return
        pieces = [self._buffer[self._from :]]
        while held < wanted and (more := self._stream.read(_PIECE)):
            pieces.append(more)
            held += len(more)
        self._ended = held < wanted
        self._buffer = b"".join(pieces)
        self._from = 0


def _reader(feed: _Feed, separator: str) -> Iterator[list[str]]:
    return csv.reader(feed, delimiter=separator)


def _ragged(row: list[str], start: int, width: int, feed: _Feed) -> Broken:
    if feed.line > start or feed.ended_open():
        return _runaway(row, start, feed)
    return Broken(
        start,
        str(len(row)),
        f"the row has {len(row)} values, the headings are {width}",
        "quote values that hold the separator, or fill in the missing ones",
        tuple(row),
    )


def _runaway(row: list[str], start: int, feed: _Feed) -> Broken:
    return Broken(
        start,
        row[-1][:80] if row else "",
        f"a quotation mark opens here and lines {start} to {feed.line} became one row",
        "close the quotation mark, or double it if it belongs to the text",
        tuple(row),
    )


def _unspelt(error: csv.Error, start: int, feed: _Feed, separator: str) -> Broken:
    text = feed.text
    if "new-line" in str(error):
        remedy = "save the file with one kind of line end"
        cells = next(csv.reader([" ".join(text.splitlines())], delimiter=separator))
        return Broken(start, text[:80], "the row holds a line end of another kind", remedy, tuple(cells))
    return Broken(
        start,
        text[:80],
        f"a value that begins on line {start} is longer than a mebibyte (read up to line {feed.line})",
        "close the quotation mark, or double it if it belongs to the text",
        (),
    )
