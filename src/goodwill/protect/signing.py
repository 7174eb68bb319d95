"""The shop's signature: Ed25519 (RFC 8032), and compact JSON Web Signatures (RFC 7515, RFC 8037) made with it."""

import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs, and knows its own signatures again.

    Attributes:
        seed: the 32 secret bytes.
    """

    seed: bytes = field(repr=False)

    @property
    def public(self) -> bytes:
        """The public key, 32 bytes."""
        return Ed25519PrivateKey.from_private_bytes(self.seed).public_key().public_bytes_raw()

    def sign(self, data: bytes) -> bytes:
        return Ed25519PrivateKey.from_private_bytes(self.seed).sign(data)

    def check(self, signature: bytes, data: bytes) -> bool:
        """Whether a signature over some bytes is ours."""
        return is_signed(self.public, signature, data)

    def jws(self, payload: bytes, kind: str) -> str:
        """A compact JWS over a payload.

        Args:
            kind: what the payload is, for the header's ``typ``.
        """
        header = json.dumps({"alg": "EdDSA", "kid": kid(self.public), "typ": kind}, separators=(",", ":")).encode()
        signed = f"{_url64(header)}.{_url64(payload)}"
        return f"{signed}.{_url64(self.sign(signed.encode()))}"


def is_signed(public: bytes, signature: bytes, data: bytes) -> bool:
    """Whether a signature over some bytes was made with the key to a public one."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, data)
    except (InvalidSignature, ValueError):
        return False
    return True


def mac_with(secret: bytes) -> Callable[[bytes], str]:
    """What makes the MAC of bytes (HMAC-SHA256, in hexadecimal), which only whoever has the secret can make."""
    return lambda data: hmac.digest(secret, data, "sha256").hex()


def kid(public: bytes) -> str:
    """A public key's name: its own bytes, in base64 for addresses."""
    return _url64(public)


def _url64(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")
