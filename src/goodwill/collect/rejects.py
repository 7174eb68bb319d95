"""Rows that could not be taken in, each with what is wrong and what helps, in a file to mend and import again."""

import csv
import io
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO, NamedTuple

from goodwill.basics.cells import safe_cell
from goodwill.collect.groups import LINES, Group

# The first columns of the file; the importer knows them again and leaves them out.
HEADINGS = (
    "rejected file", "rejected line", "rejected column", "rejected value", "what to do", "rejected occurrence",
)  # fmt: skip


class Reject(NamedTuple):
    """One row that was not taken in.

    Attributes:
        line: where it begins in its file.
        column: the heading of the value that is the matter, "" if it is the whole row.
        occurrence: which of several equal lines of an order it is; 0 for the only or first one.
        cells: the row as the file has it.
    """

    file: str
    line: int
    column: str
    value: str
    problem: str
    remedy: str
    cells: tuple[str, ...] = ()
    occurrence: int = 0

    @property
    def what_to_do(self) -> str:
        return f"{self.problem}: {self.remedy}"

    def __str__(self) -> str:
        where = f"{self.file}, line {self.line}" + (f", column '{self.column}'" if self.column else "")
        return f"{where}: '{self.value}' {self.problem}: {self.remedy}"


def grouped(rejects: Iterable[Reject]) -> list[Group]:
    """Rejects with those together that have the same fault in the same column."""
    found: dict[tuple[str, str, str, str], list[Reject]] = {}
    for one in rejects:
        found.setdefault((one.file, one.column, one.problem, one.remedy), []).append(one)
    return [
        Group(*key, some[0].value, tuple(one.line for one in some[:LINES]), len(some)) for key, some in found.items()
    ]


class RejectFile:
    """A CSV file of rejects with the headings of their table; it is made when the first reject comes.

    Attributes:
        size: how far it is written, in bytes; 0 while there was nothing to write.

    Args:
        size: how far an interrupted import had written it; what stands after that is written again.
    """

    def __init__(self, path: Path, headings: Sequence[str], separator: str = ",", size: int = 0) -> None:
        self.path = path
        self.size = 0
        self._headings = headings
        self._separator = separator
        self._file: IO[bytes] | None = None
        if size and path.exists():
            self._file = path.open("r+b")
            self._file.truncate(size)
            self._file.seek(size)
            self.size = size

    def add(self, rejects: Sequence[Reject]) -> None:
        """Write some rejects, so that they stay if the program ends here."""
        if not rejects:
            return
        if self._file is None:
            self._file = self._begin()
        self._write(
            # A row too short or too long for its table stays so: cut or filled, it would come in again as if mended.
            (one.file, str(one.line), one.column, one.value, one.what_to_do, str(one.occurrence), *one.cells)
            for one in rejects
        )
        self._file.flush()
        self.size = self._file.tell()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _begin(self) -> IO[bytes]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.unlink(missing_ok=True)
        # What was rejected may be about people, so only the owner may read it.
        file = os.fdopen(os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
        file.write(b"\xef\xbb\xbf")  # spreadsheets read UTF-8 by this mark
        self._file = file
        self._write([(*HEADINGS, *self._headings)])
        return file

    def _write(self, rows: Iterable[Sequence[str]]) -> None:
        text = io.StringIO()
        writer = csv.writer(text, delimiter=self._separator, lineterminator="\r\n")
        writer.writerows([safe_cell(cell) for cell in row] for row in rows)
        if self._file is not None:
            self._file.write(text.getvalue().encode("utf-8", "replace"))
