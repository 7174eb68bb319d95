"""What lies at a path: a table of text, a workbook, a Parquet file, or a ZIP of tables; opened safely, bit by bit.

A member of a ZIP is only ever read as a stream. Its name is shown and never used as a path, and what it unpacks to is
capped, so that neither "../../etc/passwd" nor a few kilobytes that unpack to terabytes can do harm.
"""

import hashlib
import io
import lzma
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from goodwill.basics.errors import BadFile, BadInput, NotFound

BLOCK = 1 << 20
MOST_MEMBERS = 1_000
MOST_BYTES = 64 << 30  # what all members of a ZIP may unpack to
MOST_OF_A_WORKBOOK = 512 << 20  # a million rows of ten columns
MOST_RATIO = 200  # real exports shrink 5 to 20 times
RATIO_FREE = 64 << 20  # below this size the ratio does not matter

_MAGIC = {
    b"\x1f\x8b": "is a gzip file: unpack it first (gunzip), or pack it as ZIP",
    b"%PDF": "is a PDF: export the same list as CSV",
    b"\xd0\xcf\x11\xe0": "is an old Excel workbook (.xls): save it as .xlsx, or as 'CSV UTF-8', and import that",
    b"SQLite format 3": "is a database, not a table: export the table as CSV",
    b"7z\xbc\xaf": "is a 7-Zip archive: unpack it first, or pack it as ZIP",
    b"Rar!": "is a RAR archive: unpack it first, or pack it as ZIP",
}


@dataclass(frozen=True, slots=True)
class Part:
    """One table: a file itself, or one member of a ZIP.

    Attributes:
        name: how it is shown: ``orders.csv``, or ``shop.zip: orders.csv``.
        member: its place in the ZIP; None for a file itself.
        form: "text", "json", "workbook" or "parquet".
        bytes: its unpacked size.
    """

    path: Path
    name: str
    member: int | None
    form: str
    bytes: int


def parts_of(path: Path) -> list[Part]:
    """The tables at a path.

    Raises:
        NotFound: there is no such file.
        BadFile: it is empty, damaged, of a kind that goodwill does not read, or unpacks to far too much.
        BadInput: it is a folder.
    """
    if not path.exists():
        raise NotFound(f"There is no file {path}.")
    if not path.is_file():
        raise BadInput(f"{path} is not a file; name the files in it.")
    size = path.stat().st_size
    if size == 0:
        raise BadFile(f"{path.name} is empty: 0 bytes. Export it again.")
    with path.open("rb") as file:
        head = file.read(16)
    if head.startswith(b"PAR1"):
        return [Part(path, shown(path.name), None, "parquet", size)]
    if head.startswith(b"PK") or path.suffix.lower() == ".zip":
        return _members(path)
    _refuse_locked_workbook(path, head)
    _refuse_foreign(path.name, head)
    with path.open("rb") as file:
        form = _form(file.read(_HEAD))
    return [Part(path, shown(path.name), None, form, size)]


_HEAD = 256  # bytes by which text and JSON are told apart
_JSON = re.compile(rb'^(?:\xef\xbb\xbf)?\s*(?:\[\s*(?:[\[{\]]|$)|\{\s*["}])')


def _form(head: bytes) -> str:
    return "json" if _JSON.match(head) else "text"


def _refuse_foreign(name: str, head: bytes) -> None:
    for magic, advice in _MAGIC.items():
        if head.startswith(magic):
            raise BadFile(f"{name} {advice}.")


_OLD_FILE = b"\xd0\xcf\x11\xe0"
_LOCKED = "EncryptedPackage".encode("utf-16-le")


def _refuse_locked_workbook(path: Path, head: bytes) -> None:
    """A workbook with a password is no ZIP any more: it lies in a file of the old kind, under a name of its own."""
    if head.startswith(_OLD_FILE) and _LOCKED in path.read_bytes():
        raise BadFile(
            f"{path.name} is locked with a password: open it, take the password off (File, Info, Protect Workbook), "
            "save it, and import it again."
        )


def _workbook(path: Path, infos: list[zipfile.ZipInfo]) -> Part:
    names = {info.filename for info in infos}
    if "xl/workbook.bin" in names:
        raise BadFile(f"{path.name} is a binary Excel workbook (.xlsb): save it as .xlsx and import that.")
    total = sum(info.file_size for info in infos)
    if total > MOST_OF_A_WORKBOOK:
        raise BadFile(
            f"{path.name} unpacks to {total / 2**20:,.0f} MiB, more than goodwill reads of a workbook: save the sheet "
            "as 'CSV UTF-8' and import that."
        )
    return Part(path, shown(path.name), None, "workbook", total)


def _members(path: Path) -> list[Part]:
    with _zip(path) as archive:
        infos = archive.infolist()
        if any(info.filename == "content.xml" for info in infos):
            raise BadFile(f"{path.name} is an OpenDocument table: save it as .xlsx, or as CSV, and import that.")
        if len(infos) > MOST_MEMBERS:
            raise BadFile(f"{path.name} holds {len(infos):,} files; at most {MOST_MEMBERS:,} are opened. Pack fewer.")
        _refuse_bomb(path.name, infos)
        if any(info.filename.startswith("xl/") for info in infos):
            return [_workbook(path, infos)]
        parts = [
            Part(path, f"{path.name}: {shown(info.filename)}", place, "text", info.file_size)
            for place, info in enumerate(infos)
            if not _is_clutter(info)
        ]
        parts = [replace(part, form=_checked_form(archive, infos[part.member or 0], part)) for part in parts]
    if not parts:
        raise BadFile(f"{path.name} holds no table. Pack CSV or TSV files into it.")
    return parts


def _refuse_bomb(name: str, infos: list[zipfile.ZipInfo]) -> None:
    total = sum(info.file_size for info in infos)
    packed = max(1, sum(info.compress_size for info in infos))
    if total > MOST_BYTES or (total > RATIO_FREE and total / packed > MOST_RATIO):
        raise BadFile(
            f"{name} would unpack to {total / 2**20:,.0f} MiB, {total // packed:,} times its size. Tables do not "
            "shrink like that, so it is not opened. If it is really yours, unpack it and import the files."
        )


def _is_clutter(info: zipfile.ZipInfo) -> bool:
    words = info.filename.replace("\\", "/").split("/")
    return info.is_dir() or "__MACOSX" in words or words[-1].startswith(".")


def _checked_form(archive: zipfile.ZipFile, info: zipfile.ZipInfo, part: Part) -> str:
    if info.flag_bits & 0x1:
        raise BadFile(f"{part.name} is locked with a password: unpack it and import the file.")
    with _reading(part.name), archive.open(info) as file:
        head = file.read(_HEAD)
    if head.startswith(b"PK"):
        raise BadFile(f"{part.name} is packed twice: take it out of the outer ZIP.")
    if head.startswith(b"PAR1"):
        raise BadFile(f"{part.name} is a Parquet file, which is packed already: take it out of the ZIP and import it.")
    _refuse_foreign(part.name, head)
    return _form(head)


def shown(name: str) -> str:
    """A file's name, fit for a screen: no control characters, not endless."""
    clean = "".join(letter if letter.isprintable() else "�" for letter in name)
    return clean if len(clean) <= 120 else f"…{clean[-119:]}"


@contextmanager
def opened(part: Part) -> Iterator[IO[bytes]]:
    """The bytes of a table.

    Raises:
        BadFile: the ZIP turns out damaged while it is read.
    """
    if part.member is None:
        with part.path.open("rb", buffering=BLOCK) as file:
            yield file
        return
    with _zip(part.path) as archive:
        with _reading(part.name):
            member = archive.open(archive.infolist()[part.member])
        with member:
            yield _Member(member, part.name)


class _Member(io.BufferedIOBase, IO[bytes]):
    """A member of a ZIP while it is read; what is damaged in it is said in a sentence."""

    def __init__(self, member: IO[bytes], name: str) -> None:
        super().__init__()
        self._member = member
        self._name = name

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        with _reading(self._name):
            return self._member.read(-1 if size is None else size)

    read1 = read


@contextmanager
def _zip(path: Path) -> Iterator[zipfile.ZipFile]:
    with _reading(path.name):
        archive = zipfile.ZipFile(path)
    with archive:
        yield archive


@contextmanager
def archive_of(part: Part) -> Iterator[zipfile.ZipFile]:
    """A table's own archive, such as a workbook is.

    Raises:
        BadFile: it turns out damaged while it is read.
    """
    with _zip(part.path) as archive, _reading(part.name):
        yield archive


# All that Python's zipfile has been seen to raise on bytes that were cut or changed.
_DAMAGED = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError, ValueError, RuntimeError,
)  # fmt: skip


@contextmanager
def _reading(name: str) -> Iterator[None]:
    try:
        yield
    except NotImplementedError:
        raise BadFile(f"{name} is packed in a way that goodwill does not read: pack it again as plain ZIP.") from None
    except _DAMAGED:
        raise BadFile(
            f"{name} is cut short or damaged, so nothing was taken from it. Download it again, or pack it again."
        ) from None


def fingerprint(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
