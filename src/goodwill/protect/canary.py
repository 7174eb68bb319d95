"""Looks for words in bytes, in every form in which computers hide them: to show that nothing of somebody is left.

A word may stand in a file as it is, in UTF-16, in base64 at any of three alignments, in hexadecimal digits, in the
escapes of addresses, mail, JSON and HTML, as its SHA-256, or packed; a telephone number with any spaces in it. All
forms of all words are looked for in one pass, whose time does not depend on how many there are. What cannot be opened
is named.
"""

import hashlib
import hmac
import html
import json
import subprocess
import sys
import zipfile
import zlib
from abc import ABC, abstractmethod
from base64 import b64encode, urlsafe_b64encode
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from errno import EIO
from pathlib import Path
from typing import IO, Final
from urllib.parse import quote, quote_plus

import numpy as np
from numpy.typing import NDArray

LEAST: Final = 6  # bytes; shorter ones stand in any large file by chance
_WINDOW: Final = 16 * 1024 * 1024
_UNPACKED: Final = 256 * 1024 * 1024  # bytes that a packed part may have; a bomb must not fill the memory
_GZIP: Final = b"\x1f\x8b\x08"
_BITS: Final = 20
LEAST_DIGITS: Final = 8  # of a telephone number; fewer stand together by chance
NUMBER: Final = "number"  # the form of a telephone number that is looked for whatever stands between its digits
_BETWEEN: Final = b" \t-./()\xc2\xa0\xe2\x80\xaf\x91\x93"  # spaces that do not break and dashes, too
_CLOSED: Final = {  # how files begin that are packed or locked in a way that is not opened here
    b"BZh": "bzip2", b"\xfd7zXZ\0": "xz", b"\x28\xb5\x2f\xfd": "zstd", b"\x04\x22\x4d\x18": "lz4",
    b"7z\xbc\xaf\x27\x1c": "7z", b"Rar!\x1a\x07": "rar", b"\x1f\x9d": "compress", b"Salted__": "locked",
    b"-----BEGIN PGP MESSAGE": "locked", b"age-encryption.org": "locked",
}  # fmt: skip
_LOCKED_SUFFIXES: Final = frozenset({".gpg", ".pgp", ".age"})
_LOCKED_OFFICE: Final = "EncryptedPackage".encode("utf-16-le")


@dataclass(frozen=True, slots=True, order=True)
class Found:
    """A form of a word that stands somewhere; which word it is, is not told.

    Attributes:
        where: a file or a table, with what it was unpacked from.
        form: such as "base64" or "utf-16-le".
    """

    where: str
    form: str


def forms(word: str) -> dict[bytes, str]:
    """Every form of a word that is looked for, by its bytes: what kind of form it is."""
    found: dict[bytes, str] = {}
    for text in dict.fromkeys((word, word.lower(), word.upper())):
        plain = text.encode("utf-8", "surrogatepass")
        for data, form in _written(text, plain):
            if len(data) >= LEAST:
                found.setdefault(data, form)
        digest = hashlib.sha256(plain).digest()
        found |= dict.fromkeys(hashed(digest), "sha-256")
    return found


def hashed(digest: bytes) -> Iterator[bytes]:
    """The forms of a hash: its bytes, in hexadecimal digits, in base64."""
    yield from (digest, digest.hex().encode(), digest.hex().upper().encode(), *_base64(digest))


def _written(text: str, plain: bytes) -> Iterator[tuple[bytes, str]]:
    yield plain, "plain"
    for coding in ("utf-16-le", "utf-16-be"):
        yield text.encode(coding, "surrogatepass"), coding
    yield from ((data, "base64") for data in _base64(plain))
    yield plain.hex().encode(), "hexadecimal"
    yield plain.hex().upper().encode(), "hexadecimal"
    for escaped in (quote(plain, safe=""), quote_plus(plain)):
        yield escaped.encode(), "percent-encoded"
        yield _small_escapes(escaped).encode(), "percent-encoded"
    yield "".join(f"%{byte:02X}" for byte in plain).encode(), "percent-encoded"
    yield from ((data, "quoted-printable") for data in _quoted_printable(plain))
    yield json.dumps(text)[1:-1].encode(), "json"
    yield json.dumps(text)[1:-1].replace("/", "\\/").encode(), "json"
    yield html.escape(text).encode("utf-8", "surrogatepass"), "html"


def _small_escapes(escaped: str) -> str:
    parts = escaped.split("%")
    return parts[0] + "".join(f"%{part[:2].lower()}{part[2:]}" for part in parts[1:])


def _quoted_printable(plain: bytes) -> Iterator[bytes]:
    yield b"".join(bytes([byte]) if 33 <= byte <= 126 and byte != 61 else b"=%02X" % byte for byte in plain)
    yield b"".join(bytes([byte]) if bytes([byte]).isalnum() else b"=%02X" % byte for byte in plain)


def _base64(plain: bytes) -> Iterator[bytes]:
    """What base64 makes of some bytes wherever they begin: the letters that nothing around them can change."""
    for before in range(3):
        whole = b"\0" * before + plain
        first, last = -(-before * 8 // 6), len(whole) * 8 // 6
        for encode in (b64encode, urlsafe_b64encode):
            yield encode(whole)[first:last]


@dataclass(frozen=True, slots=True)
class Mark:
    """By what a form of a word is known again when nobody knows the word any more.

    Attributes:
        length: bytes of the form; sum: of its bytes, weighted by a secret; mac: what proves it, under the same secret.
    """

    length: int
    sum: int
    mac: str
    form: str


_BESIDE: Final = ("-wal", "-shm", "-journal")  # what SQLite keeps beside a database
_COPY: Final = "import shutil, sys; shutil.copyfileobj(open(sys.argv[1], 'rb'), sys.stdout.buffer, 1 << 20)"


def _may_be_open(file: Path) -> bool:
    """Whether a file is, or lies beside, a database that this very process may have open."""
    beside = any(file.with_name(file.name + ending).exists() for ending in _BESIDE)
    return beside or file.suffix == ".db" or file.name.endswith(_BESIDE)


@contextmanager
def _from_elsewhere(file: Path) -> Iterator[IO[bytes]]:
    """A file as another process reads it.

    Closing a file here would let go of every lock that this process has on it, SQLite's too: then another process takes
    the database for its own, cuts what we have mapped into memory, and rows that were acknowledged are lost
    (https://sqlite.org/howtocorrupt.html, 2.2).

    Raises:
        OSError: it cannot be read, or went away.
    """
    # -I: nothing from the environment or the folder we stand in can change what this program imports.
    command = [sys.executable, "-I", "-c", _COPY, str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as reader:  # noqa: S603 - ours
        if reader.stdout is None:
            raise OSError(EIO, "cannot be read")
        yield reader.stdout
    if reader.returncode:
        if not file.exists():
            raise FileNotFoundError(file)
        raise OSError(EIO, "cannot be read")


class _Search(ABC):
    """Looks through bytes, files and what is packed in them.

    Attributes:
        unread: files, and files in archives, into which it could not look, or not to their end, each with why.
    """

    _longest: int

    def __init__(self) -> None:
        self.unread: set[str] = set()

    def in_bytes(self, data: bytes, where: str) -> set[Found]:
        """What stands in some bytes, and in what is packed in them."""
        found = self._in_plain(data, where)
        return found | {one for part, name in _unpacked(data, where) for one in self._in_plain(part, name)}

    def in_file(self, file: Path, where: str) -> set[Found]:
        """What stands in a file, and in what is packed in it; nothing if it went away meanwhile."""
        found: set[Found] = set()
        live = _may_be_open(file)
        try:
            with _from_elsewhere(file) if live else file.open("rb") as stream:
                before = b""
                while part := stream.read(_WINDOW):
                    if not before:
                        self._note_closed(part, where, more=len(part) == _WINDOW)
                    found |= self.in_bytes(before + part, where)
                    before = part[-self._longest :] if self._longest else b""
        except FileNotFoundError:
            return found
        except OSError as error:
            self.unread.add(f"{where}: {error.strerror}")
            return found
        return found if live else found | self._in_archive(file, where)

    def _note_closed(self, begins: bytes, where: str, *, more: bool = False) -> None:
        """Note what is not opened here.

        Args:
            more: there is more of it than these bytes.
        """
        kind = next((kind for start, kind in _CLOSED.items() if begins.startswith(start)), None)
        if kind is None and (Path(where).suffix.lower() in _LOCKED_SUFFIXES or _LOCKED_OFFICE in begins):
            kind = "locked"
        if kind is None and begins.startswith(b"%PDF") and b"/Encrypt" in begins:
            kind = "locked"
        if kind is not None:
            self.unread.add(f"{where}: {kind}")
        elif more and begins.startswith((_GZIP, b"%PDF")):
            self.unread.add(f"{where}: too long to be unpacked whole")

    def in_folder(self, folder: Path) -> set[Found]:
        """What stands in the files of a folder and of those below it."""
        files = [file for file in sorted(folder.rglob("*")) if file.is_file() and not file.is_symlink()]
        return {one for file in files for one in self.in_file(file, file.relative_to(folder).as_posix())}

    @abstractmethod
    def _in_plain(self, data: bytes, where: str) -> set[Found]:
        """What stands in some bytes as they are."""

    def _in_archive(self, file: Path, where: str) -> set[Found]:
        if not zipfile.is_zipfile(file):
            return set()
        found: set[Found] = set()
        try:
            with zipfile.ZipFile(file) as archive:
                for member in archive.infolist():
                    name = f"{where}: {member.filename}"
                    found |= self.in_bytes(self._member(archive, member, name), name)
        except (zipfile.BadZipFile, OSError):
            self.unread.add(f"{where}: broken ZIP")  # it was searched as it is
        return found

    def _member(self, archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str) -> bytes:
        """A file of an archive, as far as it can be unpacked."""
        try:
            with archive.open(member) as stream:
                part = stream.read(_UNPACKED)
        except (zipfile.BadZipFile, RuntimeError, NotImplementedError, zlib.error, OSError, EOFError):
            self.unread.add(f"{name}: {'locked' if member.flag_bits & 1 else 'cannot be unpacked'}")
            return b""
        self._note_closed(part, name, more=member.file_size > len(part))
        if member.file_size > len(part):
            self.unread.add(f"{name}: too long to be unpacked whole")
        elif part.startswith(b"PK\x03\x04"):
            self.unread.add(f"{name}: an archive in an archive")
        return part


class Canaries(_Search):
    """Some words, ready to be looked for.

    Args:
        words: in clear.
        hashes: keyed hashes and other bytes, looked for as they are, in hexadecimal digits and in base64.
        numbers: the digits with which telephone numbers end however they are written, at least `LEAST_DIGITS` of them.
    """

    def __init__(self, words: Iterable[str], hashes: Iterable[bytes] = (), numbers: Iterable[str] = ()) -> None:
        super().__init__()
        self._forms: dict[bytes, str] = {}
        self.words = self.too_short = 0
        for word in words:
            long_enough = len(word.encode("utf-8", "surrogatepass")) >= LEAST
            self.words += long_enough
            self.too_short += not long_enough
            if long_enough:
                self._forms |= forms(word)
        for digest in hashes:
            self._forms |= dict.fromkeys(hashed(digest), "keyed hash")
        self._numbers = {digits.encode(): NUMBER for digits in numbers}
        self._index, self._index_of_numbers = _Index(self._forms), _Index(self._numbers)
        spaced = max(map(len, self._numbers), default=0) * _SPACED
        self._longest = max([spaced, *map(len, self._forms)])

    @property
    def count(self) -> int:
        """How many forms are looked for."""
        return len(self._forms) + len(self._numbers)

    def marks(self, found: Iterable[Found], secret: bytes) -> list[Mark]:
        """Marks of every form of the kinds that were found."""
        kinds = {one.form for one in found}
        return [
            Mark(len(data), _weighed(data, secret), _mac(data, secret), form)
            for data, form in (*self._forms.items(), *self._numbers.items())
            if form in kinds
        ]

    def _in_plain(self, data: bytes, where: str) -> set[Found]:
        kinds = self._index.kinds_in(data)
        if self._numbers:
            kinds |= self._index_of_numbers.kinds_in(_closed_up(data))
        return {Found(where, kind) for kind in kinds}


class _Index:
    """Bytes that are looked for, found by their first four."""

    def __init__(self, kinds: Mapping[bytes, str]) -> None:
        self._kinds = kinds
        self._by_start: defaultdict[int, list[bytes]] = defaultdict(list)
        for data in kinds:
            self._by_start[int.from_bytes(data[:4], "little")].append(data)
        self._starts = np.fromiter(self._by_start, np.uint32, len(self._by_start))
        self._maybe = np.zeros(1 << _BITS, bool)
        self._maybe[_mixed(self._starts)] = True

    def kinds_in(self, data: bytes) -> set[str]:
        """Every four bytes are a number; few numbers begin a form, and only there it is compared."""
        found: set[str] = set()
        for shift in range(4):
            many = (len(data) - shift) // 4
            if not self._kinds or many <= 0:
                break
            numbers = np.frombuffer(data, "<u4", many, shift)
            at = np.flatnonzero(self._maybe[_mixed(numbers)])
            at = at[np.isin(numbers[at], self._starts)]
            for place, start in zip((at * 4 + shift).tolist(), numbers[at].tolist(), strict=True):
                found |= {self._kinds[form] for form in self._by_start[start] if data.startswith(form, place)}
        return found


_SPACED: Final = 4  # bytes that a digit of a spaced number may take


def _closed_up(data: bytes) -> bytes:
    """Without what people put between the digits of a telephone number."""
    return data.translate(None, _BETWEEN)


class Traces(_Search):
    """What was found once, looked for again by marks alone, in few places: it takes its time.

    Args:
        secret: under which the marks were made.
    """

    def __init__(self, marks: Iterable[Mark], secret: bytes) -> None:
        super().__init__()
        every = list(marks)
        self._marks = [mark for mark in every if mark.form != NUMBER]
        self._numbers = [mark for mark in every if mark.form == NUMBER]
        self._secret = secret
        self._longest = max((mark.length * (_SPACED if mark.form == NUMBER else 1) for mark in every), default=0)

    def _in_plain(self, data: bytes, where: str) -> set[Found]:
        found = self._of(self._marks, data, where)
        return found | self._of(self._numbers, _closed_up(data), where) if self._numbers else found

    def _of(self, some: list[Mark], data: bytes, where: str) -> set[Found]:
        """The weighted sum of every stretch of a form's length comes from two sums of all bytes before."""
        found: set[Found] = set()
        step = max(_STEP, 2 * self._longest)
        for start in range(0, len(data), step):
            part = data[start : start + step + self._longest]
            weights = _weights(self._secret, len(part) + 1)
            sums = np.zeros(len(part) + 1, np.uint64)
            np.cumsum(np.frombuffer(part, np.uint8).astype(np.uint64) * weights[:-1], out=sums[1:])
            for mark in some:
                many = len(part) - mark.length + 1
                if many <= 0:
                    continue
                here = sums[mark.length :] - sums[:many] == weights[:many] * np.uint64(mark.sum)
                places = (part[place : place + mark.length] for place in np.flatnonzero(here).tolist())
                if any(hmac.compare_digest(_mac(one, self._secret), mark.mac) for one in places):
                    found.add(Found(where, mark.form))
        return found


_STEP: Final = 1 << 20


def _weights(secret: bytes, many: int) -> NDArray[np.uint64]:
    """Powers of a secret odd number, modulo 2^64."""
    base = int.from_bytes(hashlib.sha256(b"weights" + secret).digest()[:8], "little") | 1
    powers = np.full(many, np.uint64(base), np.uint64)
    powers[0] = 1
    result: NDArray[np.uint64] = np.cumprod(powers, dtype=np.uint64)
    return result


def _weighed(data: bytes, secret: bytes) -> int:
    weights = _weights(secret, len(data))
    return int((np.frombuffer(data, np.uint8).astype(np.uint64) * weights).sum(dtype=np.uint64))


def _mac(data: bytes, secret: bytes) -> str:
    return hmac.new(secret, data, hashlib.sha256).hexdigest()[:32]


def _mixed(numbers: NDArray[np.uint32]) -> NDArray[np.uint32]:
    mixed: NDArray[np.uint32] = numbers * np.uint32(2_654_435_761) >> np.uint32(32 - _BITS)
    return mixed


def _unpacked(data: bytes, where: str) -> Iterator[tuple[bytes, str]]:
    """What is packed in some bytes: gzip anywhere, the streams of a PDF."""
    place = data.find(_GZIP)
    while place >= 0:
        if part := _inflated(data[place:], 31):
            yield part, f"{where}: gzip"
        place = data.find(_GZIP, place + 1)
    if data.startswith(b"%PDF"):
        for piece in data.split(b"stream")[1:]:
            if part := _inflated(piece.lstrip(b"\r\n"), 15):
                yield part, f"{where}: stream"


def _inflated(data: bytes, bits: int) -> bytes:
    try:
        return zlib.decompressobj(bits).decompress(data, _UNPACKED)
    except zlib.error:
        return b""
