"""Ids: small whole numbers inside, opaque words outside."""

import hashlib
import os
from array import array
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import NewType

PersonId = NewType("PersonId", int)
ProductId = NewType("ProductId", int)
EventId = NewType("EventId", int)
Reference = NewType("Reference", int)  # 64-bit number of an order or a decision; never the shop's own order number
Position = NewType("Position", int)  # the number of a row in the consent ledger; 0 is before the first

_MASK = (1 << 63) - 1
_AT_ONCE = 512
_LETTERS = 13  # of an opaque word: 64 bits, five in each
_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"  # RFC 4648's base32, in small letters
_PAIRS = tuple(one + other for one in _ALPHABET for other in _ALPHABET)
_DIGITS = str.maketrans(_ALPHABET, "0123456789abcdefghijklmnopqrstuv")  # as Python reads numbers of base 32


def hash64(*words: str | int) -> int:
    """A stable non-negative 63-bit number for some words (BLAKE2b), the same on every machine and in every run."""
    text = "\x1f".join(map(str, words))
    if text.count("\x1f") >= max(1, len(words)) or "\x1e" in text:  # or ("a", "b") and ("a\x1fb",) would be one
        text = "\x1f".join(str(word).replace("\x1e", "\x1e0").replace("\x1f", "\x1e1") for word in words)
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big") & _MASK


def hash64_after(*first: str | int) -> Callable[[str, int], int]:
    """`hash64` of many that begin alike: ``hash64_after(a, b)(c, n) == hash64(a, b, c, n)``."""
    begun = hashlib.blake2b(digest_size=8)
    start = "\x1f".join(map(str, first))
    plain = start.count("\x1f") < len(first) and "\x1e" not in start
    begun.update(start.encode("utf-8", "surrogatepass"))

    def number(word: str, n: int) -> int:
        if not plain or "\x1f" in word or "\x1e" in word:
            return hash64(*first, word, n)
        hasher = begun.copy()
        hasher.update(f"\x1f{word}\x1f{n}".encode("utf-8", "surrogatepass"))
        return int.from_bytes(hasher.digest(), "big") & _MASK

    return number


class _Drawn:
    """Random numbers from the operating system, many at a time: each call there lets go of Python's lock.

    A process that is forked off draws its own.
    """

    def __init__(self) -> None:
        self._left: deque[int] = deque()
        os.register_at_fork(after_in_child=self._left.clear)

    def one(self) -> int:
        while True:
            try:
                return self._left.pop()  # one step for whoever else draws
            except IndexError:
                self._left.extend(number & _MASK for number in array("Q", os.urandom(8 * _AT_ONCE)))


_DRAWN = _Drawn()


def new_reference() -> Reference:
    """A random number of 63 bits from the operating system."""
    return Reference(_DRAWN.one())


def opaque(reference: int) -> str:
    """``8123…`` → ``d7f3k…``: 13 letters and digits that can be read aloud and put into an address."""
    bits = reference << 1  # 13 letters of five bits are 65: the last is always 0
    return "".join([_PAIRS[bits >> place & 1023] for place in (55, 45, 35, 25, 15, 5)]) + _ALPHABET[bits & 31]


def from_opaque(word: str) -> Reference:
    """The number behind an opaque word.

    Raises:
        ValueError: the word is not one of ours.
    """
    if len(word) == _LETTERS and word.isascii():
        with suppress(ValueError):
            number = int(word.lower().translate(_DIGITS), 32) >> 1
            # One word per number, and none that the database cannot hold.
            if number <= _MASK and opaque(number) == word.lower():
                return Reference(number)
    raise ValueError(f"'{word[:40]}' is not an id of goodwill")
