"""Locks what belongs to nobody the shop knows yet, such as an address that somebody has only just typed in.

A person's own key opens only what is hers, and a stranger has none. The key here is the shop's, derived from a secret
in the key store, so what it locks has to be gone soon by itself: nobody's erasure would take it away.
"""

import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from goodwill.basics.errors import BadInput
from goodwill.protect.framed import framed
from goodwill.protect.keystore import NONCE_BYTES, KeyStore


class Strangers:
    """Seals and hashes for one use (``"sign in"``); no other use opens it or finds it again.

    Args:
        use: names the secret; two uses never share one.
    """

    def __init__(self, keys: KeyStore, use: str) -> None:
        self._use = use
        self._root = keys.secret(use)

    def seal(self, field: str, text: str) -> bytes:
        """Lock a text for one field (AES-256-GCM, 96 random bits before it)."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._key("seal").encrypt(nonce, text.encode(), framed(self._use, field))

    def open(self, field: str, sealed: bytes) -> str:
        """The text that was sealed for this field.

        Raises:
            BadInput: it was changed, or sealed for another field or use.
        """
        nonce, locked = bytes(sealed[:NONCE_BYTES]), bytes(sealed[NONCE_BYTES:])
        try:
            return self._key("seal").decrypt(nonce, locked, framed(self._use, field)).decode()
        except (InvalidTag, ValueError):
            raise BadInput(f"What is stored as '{field}' of {self._use} does not open: it was changed.") from None

    def mark(self, field: str, *parts: str) -> bytes:
        """A keyed hash (HMAC-SHA256, 32 bytes) under which a value is found again, or checked without being kept."""
        return hmac.digest(self._derived("mark"), framed(self._use, field, *parts), "sha256")

    def _key(self, what: str) -> AESGCM:
        return AESGCM(self._derived(what))

    def _derived(self, what: str) -> bytes:
        # One HMAC of a uniformly random 256-bit root is a sound key derivation (RFC 5869, 3.3).
        return hmac.digest(self._root, framed("goodwill strangers", what), "sha256")
