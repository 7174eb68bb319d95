"""Codes and links: chance that nobody can guess, kept as keyed hashes, so that the database opens nothing.

A code has eight characters of a alphabet of thirty without look-alikes: 6 × 10^11, of which ten may be tried. A link's
token has 128 random bits.
"""

import hmac
import secrets
from base64 import urlsafe_b64encode

from goodwill.basics.clock import SECOND
from goodwill.protect import Box

ALPHABET = "ABCDEFGHJKMNPQRSTVWXYZ23456789"
LENGTH = 8
LASTS = 3_600 * SECOND
TRIES = 10
BETWEEN = 60 * SECOND  # two codes for one request
MOST = 5  # codes for one request
_TOKEN_BYTES = 16


def new_code() -> str:
    """``K7QM2XPD``."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def shown(code: str) -> str:
    """``K7QM-2XPD``: as people type it."""
    return f"{code[:4]}-{code[4:]}"


def typed(text: str) -> str:
    """What somebody typed, in the one form: capitals, without spaces and hyphens."""
    return "".join(letter for letter in text.upper() if letter.isalnum())[: 2 * LENGTH]


def code_mark(box: Box, request: int, code: str) -> bytes:
    """What is kept of a code: bound to its request."""
    return box.mark("code", request, code)


def fits(box: Box, request: int, text: str, kept: bytes | None) -> bool:
    """Whether what was typed is the code; takes as long where there is none."""
    mark = code_mark(box, request, typed(text))
    return hmac.compare_digest(mark, kept or b"\0" * len(mark)) and kept is not None


def new_token() -> str:
    """22 characters that fit into an address: 128 random bits."""
    return urlsafe_b64encode(secrets.token_bytes(_TOKEN_BYTES)).rstrip(b"=").decode()


def token_mark(box: Box, use: str, token: str) -> bytes:
    """What is kept of a token: bound to what it is for."""
    return box.mark("token", use, token[:200])
