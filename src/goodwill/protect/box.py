"""Locks what is personal and belongs to no customer's key: who works here, whoever asks and is not known yet.

Each use has a named secret of its own, so that what was sealed for one opens for no other; and a sealed text opens only
in the place that it was sealed for. Once a customer is known, her own key is the right one: see `cipher`.
"""

import hmac
import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from goodwill.basics.errors import BadInput
from goodwill.protect.framed import framed
from goodwill.protect.keyfiles import KEY_BYTES
from goodwill.protect.keystore import NONCE_BYTES, KeyStore

_FORM: Final = b"\x01"


class Box:
    """Seals, opens and hashes for one use of one shop.

    Args:
        use: what for, such as ``"outbox"``; a named secret is made for it at the first use.
        tenant: the shop's own lasting id.
    """

    def __init__(self, keys: KeyStore, tenant: str, use: str) -> None:
        secret = keys.secret(use)
        self._use = use
        self._bound = framed("goodwill box", 1, tenant, use)
        self._key = AESGCM(_derived(secret, framed("goodwill box key", tenant)))
        self._hashing = _derived(secret, framed("goodwill box hashes", tenant))

    def seal(self, text: str, *place: str | int) -> bytes:
        """Lock a text for one place, such as a row and its column: ``"staff", 3, "email"``."""
        nonce = os.urandom(NONCE_BYTES)
        return _FORM + nonce + self._key.encrypt(nonce, text.encode(), self._bound + framed(*place))

    def open(self, sealed: bytes, *place: str | int) -> str:
        """The text that was sealed for this place.

        Raises:
            BadInput: the bytes were changed, or belong to another place, use or shop.
        """
        data = bytes(sealed)
        nonce, locked = data[1 : 1 + NONCE_BYTES], data[1 + NONCE_BYTES :]
        try:
            if data[:1] == _FORM:
                return self._key.decrypt(nonce, locked, self._bound + framed(*place)).decode()
        except (InvalidTag, ValueError):
            pass
        words = " ".join(map(str, place))
        raise BadInput(
            f"What is stored for {self._use} ({words}) does not open: it was changed, or moved here. "
            "Restore the row from a backup."
        )

    def mark(self, *words: str | int) -> bytes:
        """A keyed hash (HMAC-SHA256, 32 bytes) of some words: to find them again, or to check a short code."""
        return hmac.digest(self._hashing, framed(*words), "sha256")

    def fits(self, kept: bytes | None, *words: str | int) -> bool:
        """Whether some words are those that a mark was kept of; takes as long where none is kept."""
        mark = self.mark(*words)
        return hmac.compare_digest(mark, kept or bytes(len(mark))) and kept is not None


def _derived(secret: bytes, use: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=use).derive(secret)
