"""Chance that nobody can guess: short codes to be typed from a letter, and tokens that stand in links and cookies.

A code has 40 random bits: alone it opens nothing, a few tries end it, and it is kept as a hash under a secret of the
shop's (`protect.Box.mark`). A token has 256, so one round of hashing keeps it.
"""

import hashlib
import re
import secrets
from typing import Final, NewType

Code = NewType("Code", str)
Token = NewType("Token", str)  # 43 characters that need no escaping in an address

# Neither 0 and O nor 1 and I: a code is read off a telephone and typed somewhere else.
ALPHABET: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
LENGTH: Final = 8
TRIES: Final = 10  # for one code: they find one in 10^11
_TYPED: Final = 40  # characters of what somebody typed that are looked at
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{43}")


def new_code() -> Code:
    """``K7QM2XPD``."""
    return Code("".join(secrets.choice(ALPHABET) for _ in range(LENGTH)))


def spaced(code: Code) -> str:
    """``K7QM-2XPD``: as it is read with ease."""
    return f"{code[:4]}-{code[4:]}"


def typed(text: str) -> Code:
    """A code as somebody typed it: in small letters, with spaces or a hyphen."""
    return Code("".join(sign for sign in text[:_TYPED].upper() if sign.isalnum()))


def new_token() -> Token:
    return Token(secrets.token_urlsafe(32))


def token_from(text: str | None) -> Token | None:
    """The token that a text is, if it has the shape of one."""
    return Token(text) if text is not None and _TOKEN.fullmatch(text) else None


def hashed(text: str) -> str:
    """How a token is kept, or another word of so many random bits: there is nothing to guess."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
