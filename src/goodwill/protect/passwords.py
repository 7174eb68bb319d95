"""Passwords at rest: argon2id, few at once, and the same work whether there is an account or not.

Each hash costs memory and a core for some hundredths of a second on purpose. So only so many run side by side, with a
rest before the next, that whoever guesses passwords cannot take the machine away from those who are being served.
"""

import os
import secrets
import time
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from queue import Empty, Queue

from argon2 import PasswordHasher, Type
from argon2.exceptions import Argon2Error, InvalidHashError

from goodwill.basics.errors import Busy

AT_MOST = 4  # hashes side by side, on however large a machine
REST = 2  # times as long as a hash took, until the next one begins in its place


@dataclass(frozen=True, slots=True)
class Cost:
    """What one hash costs (RFC 9106); the usual is the least that OWASP's cheat sheet of 2025 allows.

    Attributes:
        memory: KiB.
        passes: over that memory.
        lanes: threads of one hash.
    """

    memory: int = 19 * 1024
    passes: int = 2
    lanes: int = 1


class Passwords:
    """Hashes and checks passwords for one program.

    Args:
        cost: what a hash costs; tests take a cheap one.
        patience: seconds to wait for a place among those that run.
    """

    def __init__(self, cost: Cost = Cost(), *, patience: float = 10) -> None:
        self._hasher = PasswordHasher(cost.passes, cost.memory, cost.lanes, type=Type.ID)
        self._places = Queue[float]()  # each by when it has rested
        for _ in range(min(AT_MOST, max(1, (os.cpu_count() or 2) // 2))):
            self._places.put(0)
        self._patience = patience

    def hash(self, password: str) -> str:
        """The text to keep in place of a password; it names its own parameters and salt.

        Raises:
            Busy: too many are being hashed.
        """
        with self._place():
            return self._hasher.hash(_canonical(password))

    def fits(self, kept: str | None, password: str) -> bool:
        """Whether a password is the one kept; where none is, the same work is done for the answer no.

        Raises:
            Busy: too many are being checked.
        """
        with self._place():
            try:
                self._hasher.verify(kept or self._nobodys, _canonical(password))
            except (Argon2Error, InvalidHashError):
                return False
            return kept is not None

    def is_stale(self, kept: str) -> bool:
        """Whether it was hashed at another cost than today's, so that it should be hashed anew."""
        return self._hasher.check_needs_rehash(kept)

    @cached_property
    def _nobodys(self) -> str:
        return self._hasher.hash(secrets.token_hex(16))

    @contextmanager
    def _place(self) -> Iterator[None]:
        try:
            rested = self._places.get(timeout=self._patience)
        except Empty:
            raise Busy("Too many are signing in at once; try again in a moment.") from None
        time.sleep(max(0.0, rested - time.monotonic()))
        begun = time.monotonic()
        try:
            yield
        finally:
            ended = time.monotonic()
            self._places.put(ended + REST * (ended - begun))


def _canonical(password: str) -> bytes:
    """One form for each way of typing the same letters (RFC 8265 asks for NFC)."""
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
