"""Checkpoints outside the database: files that only grow, in the shop's home and in a second place if there is one.

Whoever restores an old database, or changes it, does not change these with it. One file per log holds signed notes,
two empty lines after each.
"""

import errno
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from goodwill.basics.checkpoint import notes_in

if sys.platform != "win32":
    import fcntl

_TAIL = 16_384  # bytes at the end of a file in which its last whole note lies

Mark = tuple[int, ...]  # of two files: which they are, their sizes, when they changed


@dataclass(frozen=True, slots=True)
class Outside:
    """The notes of one log.

    Attributes:
        home: the folder in the shop's home.
        second: another folder, such as one of another machine; None where there is none.
    """

    home: Path
    second: Path | None
    log: str

    @property
    def file(self) -> Path:
        return self.home / f"{self.log}.checkpoints"

    @property
    def copy(self) -> Path | None:
        return None if self.second is None else self.second / f"{self.log}.checkpoints"

    def add(self, note: str) -> None:
        """Write a note to the end of both files, lasting when this returns.

        Raises:
            OSError: one of them cannot be written. The first may hold it all the same.
        """
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        _append(self.file, note)
        if self.copy is not None:
            _append(self.copy, note)

    @property
    def _doubt(self) -> Path:
        return self.home / f"{self.log}.doubt"

    def doubt(self, why: str) -> None:
        """Remember what a whole reading found wrong, until one finds nothing: ""."""
        if why:
            self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._doubt.write_text(why, encoding="utf-8")
        else:
            self._doubt.unlink(missing_ok=True)

    @property
    def doubted(self) -> str:
        """What the last whole reading found wrong; "" for nothing."""
        return self._doubt.read_text("utf-8") if self._doubt.exists() else ""

    def mark(self) -> Mark:
        """Changes whenever what lies in the home does; for a look that costs microseconds."""
        return (*mark_of(self.file), *mark_of(self._doubt))

    def last(self) -> str:
        """The last whole note in the home; "" where there is none."""
        return _last(self.file)

    def last_copy(self) -> str:
        """The last whole note in the second place; "" where there is none, or no such place."""
        return "" if self.copy is None else _last(self.copy)

    def all(self) -> Iterator[tuple[str, str]]:
        """Every note of both files with the name of its place, oldest first."""
        for file in (self.file, self.copy):
            if file is not None and file.exists():
                for n, note in enumerate(_whole(file.read_bytes()), start=1):
                    yield f"{file}, note {n}", note

    def waiting(self) -> bool:
        """Whether the second place cannot be reached now."""
        return self.second is not None and not self.second.is_dir()


def mark_of(file: Path) -> Mark:
    """Changes whenever a file does."""
    try:
        found = file.stat()
    except FileNotFoundError:
        return (0, 0, 0)
    except OSError:
        return (-1, 0, 0)  # whoever reads it next is told why
    return (found.st_ino, found.st_size, found.st_mtime_ns)


def _last(file: Path) -> str:
    tail = tail_of(file, _TAIL)
    if len(tail) == _TAIL:
        tail = tail.partition(_END)[2]
    return next(reversed(list(_whole(tail))), "")


def tail_of(file: Path, size: int) -> bytes:
    """The last bytes of a file, of which the first line may be cut; nothing where there is none."""
    try:
        with file.open("rb") as opened:
            opened.seek(max(0, opened.seek(0, os.SEEK_END) - size))
            return opened.read(size)
    except FileNotFoundError:
        return b""


def _whole(content: bytes) -> Iterator[str]:
    """The notes in a file's bytes, without those that were cut short while they were written."""
    written = content.decode("utf-8", "replace").split(_END.decode())
    for part in written[:-1]:
        if not part.endswith(_CUT_SHORT):
            yield from notes_in(part)


_END = b"\n\n\n"  # after each note; a signed note holds no two empty lines
_CUT_SHORT = "(cut short)"
_SPOILT = f" {_CUT_SHORT}".encode() + _END  # after a note that was cut short


def _append(file: Path, note: str) -> None:
    append_to(file, f"{note}\n\n".encode(), mended=lambda handle: b"" if _ends_well(handle) else _SPOILT)


def append_to(file: Path, data: bytes, *, mended: Callable[[int], bytes] = lambda _: b"") -> None:
    """Write to the end of a file, lasting when this returns.

    Args:
        mended: what is to stand before it, by how the file ends now.

    Raises:
        OSError: it cannot be written.
    """
    is_new = not file.exists()
    handle = os.open(file, os.O_CREAT | os.O_RDWR | os.O_APPEND, 0o600)
    try:
        whole = mended(handle) + data
        if os.write(handle, whole) < len(whole):  # in one go, so that two of them never mix
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(file))
        os.fsync(handle)
    finally:
        os.close(handle)
    if is_new and os.name == "posix":
        folder = os.open(file.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


@contextmanager
def holding(folder: Path) -> Iterator[None]:
    """Nobody else holds a folder meanwhile, of whatever process; where the system knows no such locks, of this one."""
    if sys.platform == "win32":
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # some network folders know no locks
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _ends_well(handle: int) -> bool:
    size = os.fstat(handle).st_size
    return size == 0 or os.pread(handle, len(_END), max(0, size - len(_END))) == _END
