"""Locks what is personal and belongs to no customer: who works here, and what waits for an answer.

Its key is one of the shop's own named secrets. As with the cipher of people, a sealed text opens only in its own place.
"""

import hmac
import os
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from goodwill.basics.errors import BadInput
from goodwill.protect.framed import framed
from goodwill.protect.keystore import NONCE_BYTES

_FORM = b"\x01"


class Locker:
    """Seals, opens and hashes under one secret.

    Args:
        secret: 32 bytes, from the key store.
        tenant: the shop's own lasting id.
    """

    def __init__(self, secret: bytes, tenant: str) -> None:
        self._tenant = tenant
        self._key = AESGCM(hmac.digest(secret, b"goodwill locker, seal", sha256))
        self._for_lookups = hmac.digest(secret, b"goodwill locker, look up", sha256)

    def seal(self, text: str, *place: str | int) -> bytes:
        """Lock a text for one place, such as ``"staff", 3, "email"``."""
        nonce = os.urandom(NONCE_BYTES)
        return _FORM + nonce + self._key.encrypt(nonce, text.encode(), framed(self._tenant, *place))

    def open(self, sealed: bytes, *place: str | int) -> str:
        """The text that was sealed for this place.

        Raises:
            BadInput: the bytes were changed, or belong elsewhere.
        """
        form, data = bytes(sealed[:1]), bytes(sealed[1:])
        bound = framed(self._tenant, *place) + (b"" if form == _FORM else form)  # of another form: opens nowhere
        try:
            return self._key.decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], bound).decode()
        except (InvalidTag, ValueError):
            words = " ".join(map(str, place))
            raise BadInput(
                f"What is stored for {words} does not open: it was changed or moved. Restore the row from a backup."
            ) from None

    def lookup(self, kind: str, value: str) -> bytes:
        """The keyed hash (HMAC-SHA256, 32 bytes) under which a value of some kind is found again."""
        return hmac.digest(self._for_lookups, framed(self._tenant, kind, value), sha256)
