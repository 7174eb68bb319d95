"""Checkpoints: how long a log is and what its root is, as a short signed text that can be mailed or printed.

The text is a checkpoint after C2SP's tlog-checkpoint, in a signed note (https://c2sp.org/signed-note), so that other
programs than ours can read it. The origin is the log's id, a slash and the number of its generation.
"""

import re
from base64 import b64decode, b64encode
from binascii import Error
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256

from goodwill.basics.merkle import HASH_BYTES

Sign = Callable[[bytes], bytes]  # Ed25519: 64 bytes for any
Check = Callable[[bytes, bytes], bool]  # signature, signed: whether it is the shop's

_ED25519 = b"\x01"
_DASH = "\N{EM DASH} "
_ORIGIN = re.compile(r"([^\s+]+)/([1-9][0-9]{0,8})")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}")
_GAP = re.compile(r"\n{3,}")
_LONGEST = 4_000  # characters of a note


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What is signed.

    Attributes:
        log: the log's id; generation: 1, and one more for each loss that was accepted.
        size: how many lines the log has; root: the root over them.
        more: further lines, such as when it was made.
    """

    log: str
    generation: int
    size: int
    root: bytes
    more: tuple[str, ...] = ()

    @property
    def origin(self) -> str:
        return f"{self.log}/{self.generation}"

    @property
    def text(self) -> str:
        """The lines that are signed, each ended."""
        lines = (self.origin, str(self.size), b64encode(self.root).decode(), *self.more)
        return "".join(f"{line}\n" for line in lines)

    def word(self, name: str) -> str | None:
        """What a further line says after its first word, as in ``made 2026-11-22T09:00:00Z``."""
        begins = f"{name} "
        return next((line.removeprefix(begins) for line in self.more if line.startswith(begins)), None)


def key_id(name: str, public: bytes) -> bytes:
    """Four bytes that name a key in a note."""
    return sha256(name.encode() + b"\n" + _ED25519 + public).digest()[:4]


def verifier_key(name: str, public: bytes) -> str:
    """A public key as tools for signed notes take it."""
    return f"{name}+{key_id(name, public).hex()}+{b64encode(_ED25519 + public).decode()}"


def note_of(checkpoint: Checkpoint, sign: Sign, public: bytes) -> str:
    """The signed note; it is signed under the log's id."""
    name, text = checkpoint.log, checkpoint.text
    signature = b64encode(key_id(name, public) + sign(text.encode())).decode()
    return f"{text}\n{_DASH}{name} {signature}\n"


def read_note(note: str, check: Check, public: bytes, log: str) -> Checkpoint:
    """The checkpoint in a note that this shop signed for a log.

    Signatures of others (witnesses) may stand beside it; they are not looked at.

    Raises:
        ValueError: it is no checkpoint, of another log, or the signature does not fit; the message says which.
    """
    text, blank, signatures = note.partition("\n\n")
    text += "\n"
    if not blank or len(note) > _LONGEST or not signatures.endswith("\n"):
        raise ValueError("this is no whole signed note")
    checkpoint = _checkpoint(text)
    if checkpoint.log != log:
        raise ValueError(f"it is of the log {checkpoint.log}, not of {log}")
    begins, mine = f"{_DASH}{log} ", key_id(log, public)
    found = [_bytes(line.removeprefix(begins)) for line in signatures.splitlines() if line.startswith(begins)]
    signed = [one[4:] for one in found if one[:4] == mine]
    if not signed:
        raise ValueError("it is not signed with this key")
    if len(signed) > 1 or not check(signed[0], text.encode()):
        raise ValueError("its signature does not fit")
    return checkpoint


def _checkpoint(text: str) -> Checkpoint:
    lines = text.removesuffix("\n").split("\n")
    origin = _ORIGIN.fullmatch(lines[0])
    if len(lines) < 3 or origin is None or _NUMBER.fullmatch(lines[1]) is None or "" in lines:
        raise ValueError("this is no checkpoint: it has an origin, a size and a root, a line each")
    root = _bytes(lines[2])
    if len(root) != HASH_BYTES:
        raise ValueError(f"its root has {len(root)} bytes, not {HASH_BYTES}")
    return Checkpoint(origin[1], int(origin[2]), int(lines[1]), root, tuple(lines[3:]))


def _bytes(text: str) -> bytes:
    """Base64 as it is written in one way only."""
    try:
        found = b64decode(text, validate=True)
    except Error:
        found = b""
    if b64encode(found).decode() != text:
        raise ValueError("it holds base64 that cannot be read")
    return found


def notes_in(text: str) -> Iterator[str]:
    """The notes of a file, one after the other; empty lines may stand between them."""
    for part in _GAP.split(text):
        lines: list[str] = []
        for line in part.strip("\n").split("\n"):
            if lines and lines[-1].startswith(_DASH) and not line.startswith(_DASH):
                yield "".join(f"{one}\n" for one in lines)
                lines = []
            if lines or line:
                lines.append(line)
        if lines:
            yield "".join(f"{one}\n" for one in lines)
