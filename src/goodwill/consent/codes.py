"""Codes that are sent to an address, to prove that whoever uses them can read it.

A code is a number, which finds its row, and eight letters, which are kept only as an Argon2id hash: they are short
enough to be typed, so a fast hash could be undone by trying all of them.
"""

import secrets
from dataclasses import dataclass, field
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from goodwill.basics.ids import Reference, from_opaque, new_reference, opaque

TRIES: Final = 10
_LETTERS: Final = "abcdefghijkmnpqrstuvwxyz23456789"  # 32 of them, none that is taken for another
_LENGTH: Final = 8  # 40 bits: ten tries find one in 10^11


@dataclass(frozen=True, slots=True)
class Code:
    """A code that was just made; only its hash is kept.

    Attributes:
        number: stands in the letter's link, and opens nothing by itself.
        letters: to be typed from the letter.
    """

    number: Reference
    letters: str = field(repr=False)
    hashed: str = field(repr=False)

    @property
    def text(self) -> str:
        """Both together, as `parts` takes them apart."""
        return f"{opaque(self.number)}-{self.letters}"


@dataclass(frozen=True)
class Codes:
    """Makes codes and knows them again.

    Args:
        hasher: 19 MiB and two passes, the least that OWASP advises; tests take less.
    """

    hasher: PasswordHasher = field(
        default_factory=lambda: PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
    )

    def make(self) -> Code:
        number = new_reference()
        letters = "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))
        return Code(number, letters, self.hasher.hash(letters))

    def fits(self, hashed: str | None, letters: str) -> bool:
        """Whether these are the letters; takes as long where there is nothing to compare with."""
        try:
            self.hasher.verify(hashed or self._nothing, letters)
        except (Argon2Error, InvalidHashError):
            return False
        return bool(hashed)

    @property
    def _nothing(self) -> str:
        return self.hasher.hash("", salt=b"no such row here")


def parts(text: str) -> tuple[Reference | None, str]:
    """The number and the letters of a code as somebody gives it; no number where it cannot be one."""
    number, _, letters = text.strip().lower().partition("-")
    try:
        return from_opaque(number), letters.replace(" ", "").replace("-", "")
    except ValueError:
        return None, letters
