"""In which letters a file is written: seen from all of its bytes, never from the first page alone.

UTF-8 is taken where the bytes allow it; a file of UTF-8 with a few broken letters stays UTF-8, and the cells that hold
them are rejected one by one. Anything else is guessed from the bytes that are not ASCII, and the guess is told. What is
no text at all is refused.
"""

import codecs
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from charset_normalizer import from_bytes

from goodwill.basics.errors import BadFile, BadInput
from goodwill.collect.files import BLOCK, Part, opened

_SAMPLE = 1 << 18  # bytes around letters that are not ASCII, for the guess

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark begins alike
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

# What texts in western Europe hold beyond ASCII: the letters of Latin-1, oe, and typography. Bytes that give only these
# in Windows-1252 are Windows-1252; short tables hold too few of them for a statistical guess.
_WESTERN = frozenset(
    [chr(code) for code in range(0xA0, 0x100)]
    + [chr(code) for code in (0x152, 0x153, 0x20AC, 0x2013, 0x2014, 0x2018, 0x2019, 0x201A, 0x201C, 0x201D, 0x201E)]
    + [chr(code) for code in (0x2026, 0x2022, 0x2122)]
)
_BROKEN = re.compile("[\udc80-\udcff]")
_NOT_ASCII = re.compile(rb"[^\x00-\x7f]")
_CONTROLS = bytes(code for code in range(1, 32) if code not in b"\t\n\x0b\x0c\r\x1a")  # \x1a ends files of DOS
_FEW = 20  # of so many letters one may be none; where more are, it is no text
_NO_LETTERS = {"Cc", "Cn", "Co", "Cs"}


@dataclass(frozen=True, slots=True)
class Writing:
    """How a table's bytes become letters.

    Attributes:
        encoding: Python's name for it.
        skip: bytes of the byte-order mark.
        plain: the bytes can be split at line ends and separators before they are read as letters.
        suspect: some bytes are not letters in it, or are control characters; cells must be looked at.
        note: what the owner should know, "" if nothing.
    """

    encoding: str
    skip: int
    plain: bool
    suspect: bool
    note: str = ""


def writing_of(part: Part, said: str | None = None) -> Writing:
    """How a table is written; ``said`` is the owner's own word for its encoding.

    Raises:
        BadFile: it is no text, or nobody can tell.
        BadInput: there is no such encoding.
    """
    with opened(part) as file:
        head = file.read(4)
    bom = next(((mark, name) for mark, name in _BOMS if head.startswith(mark)), None)
    if bom is not None and bom[1] != "utf-8":
        return Writing(bom[1], len(bom[0]), plain=False, suspect=False)
    skip = len(bom[0]) if bom else 0
    with opened(part) as file:
        file.read(skip)
        seen = _look(_blocks(file))
    if said is not None:
        return _as_said(part, said, head, skip, seen)
    if seen.wide:
        return Writing(
            f"utf-16-{_ending(head[:2])}", 0, plain=False, suspect=False, note=f"{part.name} is read as UTF-16."
        )
    if (seen.nuls + seen.controls) * _FEW > seen.size:
        raise BadFile(f"{part.name} is no table of text. Export it as CSV.")
    if seen.broken == 0:
        return Writing("utf-8", skip, plain=not seen.old_mac, suspect=seen.nuls > 0)
    if seen.letters > seen.broken:  # other encodings look like UTF-8 by chance only, a letter here and there
        note = f"{part.name} is UTF-8 with {seen.broken:,} broken letters; rows that need one of them are rejected."
        return Writing("utf-8", skip, plain=not seen.old_mac, suspect=True, note=note)
    return _guess(part, seen)


@dataclass(frozen=True, slots=True)
class _Seen:
    """Counts over all bytes: valid letters beyond ASCII, bytes that are not UTF-8, NULs, other bytes that no text has.

    Attributes:
        wide: every second byte or so is a NUL, as UTF-16 writes ASCII.
    """

    size: int
    letters: int
    broken: int
    nuls: int
    controls: int
    wide: bool
    old_mac: bool
    sample: bytes


def _blocks(file: IO[bytes]) -> Iterator[bytes]:
    while block := file.read(BLOCK):
        yield block


def _look(blocks: Iterator[bytes]) -> _Seen:
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    size = letters = broken = nuls = controls = odd = 0
    returns = newlines = 0
    sample = bytearray()
    for block in blocks:
        size += len(block)
        if found := block.count(b"\0"):
            nuls += found
            odd += block[1::2].count(b"\0")
        controls += len(block) - len(block.translate(None, _CONTROLS))
        returns += block.count(b"\r")
        newlines += block.count(b"\n")
        if block.isascii():
            continue
        text = decoder.decode(block)
        wrong = len(_BROKEN.findall(text))
        broken += wrong
        letters += sum(1 for letter in text if letter > "\x7f") - wrong
        if len(sample) < _SAMPLE:
            sample += _around(block)
    broken += len(_BROKEN.findall(decoder.decode(b"", final=True)))
    wide = nuls > size // 8 and (odd * _FEW < nuls or (nuls - odd) * _FEW < nuls)
    old_mac = returns > 0 and newlines == 0
    return _Seen(size, letters, broken, nuls, controls, wide, old_mac, bytes(sample[:_SAMPLE]))


def _around(block: bytes) -> bytes:
    """The lines of a block that hold something other than ASCII."""
    return b"\n".join(line for line in block.splitlines() if _NOT_ASCII.search(line))


def _as_said(part: Part, said: str, head: bytes, skip: int, seen: _Seen) -> Writing:
    try:
        name = codecs.lookup(said).name
        "".encode(name)  # "hex" and the like are no encodings of text
    except (LookupError, UnicodeError):
        raise BadInput(f"There is no encoding called '{said}'. Common ones: utf-8, cp1252, cp1250, utf-16.") from None
    if name in ("utf-16", "utf-32"):
        name = f"utf-16-{_ending(head[:2])}" if name == "utf-16" else f"utf-32-{_ending(head[:4])}"
    wide = name.startswith(("utf-16", "utf-32"))
    if wide and not seen.nuls:  # their line ends hold one
        raise not_written_in(part.name, name)
    is_utf8 = name == "utf-8"
    suspect = not wide and (seen.nuls > 0 or not is_utf8 or seen.broken > 0)
    return Writing(name, skip, plain=is_utf8 and not seen.old_mac, suspect=suspect)


def _ending(first: bytes) -> str:
    """Which end of a wide letter comes first, by the bytes of a letter of ASCII."""
    return "le" if first.endswith(b"\0") else "be"


def _guess(part: Part, seen: _Seen) -> Writing:
    western = seen.sample.decode("cp1252", "replace")
    if all(letter <= "\x7f" or letter in _WESTERN for letter in western):
        name = "cp1252"
    else:
        best = from_bytes(seen.sample).best()
        if best is None:
            raise BadFile(
                f"Nobody can tell in which letters {part.name} is written. Save it as UTF-8, or name its encoding: "
                "--map encoding=cp1250"
            )
        name = best.encoding
    note = f"{part.name} is not UTF-8; it is read as {name}. If names look wrong, say the right one: --map encoding=…"
    return Writing(name, 0, plain=False, suspect=True, note=note)


def check_letters(part: Part, writing: Writing, sample: str) -> None:
    """See that the first letters of a table are letters; broken ones of UTF-8 were counted already.

    Raises:
        BadFile: too many are none.
    """
    if writing.encoding == "utf-8":
        return
    none = sum(unicodedata.category(sign) in _NO_LETTERS or sign == "\ufffd" for sign in sample if sign not in "\t\r\n")
    if none * _FEW > len(sample):
        raise not_written_in(part.name, writing.encoding)


def not_written_in(name: str, encoding: str) -> BadFile:
    """What to say of a table whose bytes are no letters in an encoding."""
    return BadFile(
        f"{name} cannot be read as text in {encoding}. Export it as CSV in UTF-8, or say the right encoding: "
        "--map encoding=cp1252"
    )
