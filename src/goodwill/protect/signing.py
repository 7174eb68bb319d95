"""The shop's signature: Ed25519 (RFC 8032)."""

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


def is_signed(public: bytes, signature: bytes, data: bytes) -> bool:
    """Whether a signature over some bytes was made with the key to a public one."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, data)
    except (InvalidSignature, ValueError):
        return False
    return True
