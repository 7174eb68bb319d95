"""Ids: small whole numbers inside, opaque words outside."""

import hashlib
import secrets
from base64 import b32decode, b32encode
from typing import NewType

PersonId = NewType("PersonId", int)
ProductId = NewType("ProductId", int)
EventId = NewType("EventId", int)
Reference = NewType("Reference", int)  # 64-bit number of an order or a decision; never the shop's own order number
Position = NewType("Position", int)  # the number of a row in the consent ledger; 0 is before the first

_MASK = (1 << 63) - 1


def hash64(*words: str | int) -> int:
    """A stable non-negative 63-bit number for some words (BLAKE2b), the same on every machine and in every run."""
    text = "\x1f".join(str(word) for word in words).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big") & _MASK


def new_reference() -> Reference:
    """A random number of 63 bits from the operating system."""
    return Reference(secrets.randbits(63))


def opaque(reference: int) -> str:
    """``8123…`` → ``d7f3k…``: 13 letters and digits that can be read aloud and put into an address."""
    return b32encode(reference.to_bytes(8, "big")).decode().rstrip("=").lower()


def from_opaque(word: str) -> Reference:
    """The number behind an opaque word.

    Raises:
        ValueError: the word is not one of ours.
    """
    raw = b32decode(word.upper() + "=" * (-len(word) % 8))
    if len(raw) != 8:
        raise ValueError(f"'{word}' is not an id of goodwill")
    return Reference(int.from_bytes(raw, "big"))
