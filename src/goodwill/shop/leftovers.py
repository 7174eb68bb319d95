"""Files of the home that name somebody who is erased: rows of tables are blanked, other files go.

Imports leave the rows that they could not take in `exports`, and a person's own copy may have been written there.
"""

import csv
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from goodwill.protect.canary import Canaries

_TABLES = frozenset({".csv", ".tsv", ".txt"})
FOLDERS = ("exports", "logs")
_SEPARATORS = b",;\t|"


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What was done to files.

    Attributes:
        blanked: rows blanked, by file.
        removed: files that are gone.
    """

    blanked: dict[str, int]
    removed: tuple[str, ...]


def clean(home: Path, canaries: Canaries) -> Cleaned:
    """Blank every row, and remove every other file, in which one of some words stands."""
    blanked, removed = {}, []
    for file in _files(home):
        name = file.relative_to(home).as_posix()
        if not canaries.in_file(file, name):
            continue
        if (
            file.suffix.lower() in _TABLES
            and (rows := _blank_rows(file, canaries))
            and not canaries.in_file(file, name)
        ):
            blanked[name] = rows
        else:
            _remove(file)
            removed.append(name)
    return Cleaned(blanked, tuple(removed))


def remove_all(home: Path) -> Cleaned:
    """Remove every file that may name somebody: nobody knows any more what to look for."""
    removed = []
    for file in _files(home):
        _remove(file)
        removed.append(file.relative_to(home).as_posix())
    return Cleaned({}, tuple(removed))


def _files(home: Path) -> list[Path]:
    folders = [home / name for name in FOLDERS]
    return [
        file for folder in folders for file in sorted(folder.rglob("*")) if file.is_file() and not file.is_symlink()
    ]


def _remove(file: Path) -> None:
    """Overwrite a file, then take it away."""
    with file.open("r+b") as out:
        out.write(bytes(file.stat().st_size))
        out.flush()
        os.fsync(out.fileno())
    file.unlink()


def _blank_rows(file: Path, canaries: Canaries) -> int:
    """Put spaces in place of what rows say, in the file itself and at its full length: an import may go on with it."""
    rows = 0
    with file.open("r+b") as stream:
        data = stream.read()
        separator = max(_SEPARATORS, key=data.partition(b"\n")[0].count)
        for start, end in _records(data, bytes([separator])):
            record = data[start:end]
            if canaries.in_bytes(record, ""):
                stream.seek(start)
                stream.write(_blank(record, bytes([separator])))
                rows += 1
        stream.flush()
        os.fsync(stream.fileno())
    return rows


def _records(data: bytes, separator: bytes) -> Iterator[tuple[int, int]]:
    """Where each record begins and ends, without the end of its line; one may go over several lines."""
    lines = data.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    reader = csv.reader((line.decode("latin-1") for line in lines), delimiter=separator.decode())
    before = 0
    try:
        for _ in reader:
            end = starts[reader.line_num] - (
                len(lines[reader.line_num - 1]) - len(lines[reader.line_num - 1].rstrip(b"\r\n"))
            )
            yield starts[before], end
            before = reader.line_num
    except csv.Error:
        return


def _blank(record: bytes, separator: bytes) -> bytes:
    """As many empty cells as the record has, in as many bytes."""
    cells = next(csv.reader([record.decode("latin-1")], delimiter=separator.decode()), [])
    between = separator * max(0, len(cells) - 1)
    return between + b" " * (len(record) - len(between))
