"""Files that a page sends: written to a folder piece by piece as they come, and read by nobody on the way.

What comes before the first file is a form of a few short fields. Whether it may go on is asked once these are there, so
that nobody fills the disk who would be turned away at the end.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from litestar import Request
from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header

from goodwill.web.bodies import CallerGone
from goodwill.web.problems import BAD_INPUT, MEDIA, TOO_LARGE, Problem

KIND: Final = "multipart/form-data"
LARGEST: Final = 1024 * 1024 * 1024  # bytes of all files together
MOST_FILES: Final = 50
_MOST_FIELDS, _LONGEST_FIELD = 32, 2_000
_LONGEST_NAME: Final = 120
_NOT_IN_NAMES = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]')


@dataclass(frozen=True, slots=True)
class Sent:
    """What a page sent: the fields of its form, and its files where they lie now, as they were called."""

    fields: Mapping[str, str]
    files: tuple[Path, ...]


async def receive_files(
    request: Request[Any, Any, Any], folder: Path, admit: Callable[[Mapping[str, str]], Awaitable[None]]
) -> Sent:
    """Write the files of a form into a folder.

    Args:
        admit: is asked with the fields before the first file is written; an error from it ends everything.

    Raises:
        Problem: it is no such form, is cut short, too large, or has no file in it.
        CallerGone: nobody is left to answer.
    """
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind.lower() != KIND or not options.get("boundary"):
        raise Problem(MEDIA, f"Files are sent as {KIND}.")
    taking = _Taking(folder, admit)
    try:
        with PushMultipartParser(
            options["boundary"], max_segment_count=MOST_FILES + _MOST_FIELDS, max_header_size=8_192
        ) as parser:
            async for chunk in _chunks(request):
                for piece in parser.parse(chunk):
                    await taking.take(piece)
    except MultipartError as error:
        raise Problem(BAD_INPUT, "The files did not arrive whole; send them again.") from error
    finally:
        taking.close()
    if not taking.files:
        raise Problem(BAD_INPUT, "Choose at least one file.")
    return Sent(taking.fields, tuple(taking.files))


async def _chunks(request: Request[Any, Any, Any]) -> AsyncIterator[bytes]:
    size = 0
    while True:
        event: Any = await request.receive()
        if event["type"] == "http.disconnect":
            raise CallerGone
        size += len(event.get("body", b""))
        if size > LARGEST:
            limit = f"All files together may have {LARGEST // 2**20} MB; bring larger ones in with `goodwill import`."
            raise Problem(TOO_LARGE, limit, headers={"Connection": "close"})
        yield event.get("body", b"")
        if not event.get("more_body", False):
            return


class _Taking:
    """The parts of a form, one after the other."""

    def __init__(self, folder: Path, admit: Callable[[Mapping[str, str]], Awaitable[None]]) -> None:
        self.fields: dict[str, str] = {}
        self.files: list[Path] = []
        self._folder, self._admit, self._admitted = folder, admit, False
        self._into: IO[bytes] | None = None
        self._name, self._field = "", b""

    async def take(self, piece: MultipartSegment | bytes | bytearray | None) -> None:
        """A part begins, goes on, or ends."""
        if isinstance(piece, MultipartSegment):
            await self._begin(piece)
        elif piece is None:
            self._end()
        elif self._into is not None:
            self._into.write(piece)
        else:
            self._field += piece
            if len(self._field) > _LONGEST_FIELD:
                raise Problem(BAD_INPUT, "A field of the form is too long.")

    async def _begin(self, segment: MultipartSegment) -> None:
        self._name, self._field = segment.name or "", b""
        if segment.filename is None:
            return
        if not self._admitted:
            await self._admit(self.fields)
            self._admitted = True
        if segment.filename:  # "" where none was chosen
            self.files.append(_free(self._folder, segment.filename))
            self._into = self.files[-1].open("xb")

    def _end(self) -> None:
        if self._into is not None:
            self.close()
        elif self._name:
            with suppress(UnicodeDecodeError):
                self.fields[self._name] = self._field.decode()

    def close(self) -> None:
        if self._into is not None:
            self._into.close()
            self._into = None


def _free(folder: Path, name: str) -> Path:
    """A path for a file as it was called, which no other file has."""
    plain = _NOT_IN_NAMES.sub("_", name.replace("\\", "/").rpartition("/")[2]).strip(". ") or "file"
    stem, dot, ending = plain.rpartition(".")
    stem, ending = (stem, f".{ending}") if dot and stem and len(ending) <= 10 else (plain, "")
    stem = stem[:_LONGEST_NAME]
    found, n = folder / f"{stem}{ending}", 1
    while found.exists():
        n += 1
        found = folder / f"{stem} ({n}){ending}"
    return found
