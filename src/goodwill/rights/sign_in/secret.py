"""The random words of signing in: tokens that nobody can guess, and a code short enough to be typed."""

import hashlib
import re
import secrets
from typing import NewType

Token = NewType("Token", str)  # 256 random bits, as 43 characters that need no escaping in an address
Code = NewType("Code", str)  # 40 random bits; alone it opens nothing, and ten tries end it

# Neither 0 and O nor 1 and I: a code is read off a telephone and typed somewhere else.
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_LENGTH = 8
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


def new_token() -> Token:
    return Token(secrets.token_urlsafe(32))


def new_code() -> Code:
    return Code("".join(secrets.choice(_LETTERS) for _ in range(_LENGTH)))


def token_from(text: str | None) -> Token | None:
    """The token that a text is, if it has the shape of one."""
    return Token(text) if text is not None and _TOKEN.fullmatch(text) else None


def code_from(typed: str) -> Code:
    """A code as somebody typed it: in small letters, with spaces or a hyphen."""
    return Code(re.sub(r"[\s-]+", "", typed[:40]).upper())


def spaced(code: Code) -> str:
    """``ABCD-EFGH``: as it is read with ease."""
    return f"{code[:4]}-{code[4:]}"


def hashed(token: Token) -> str:
    """How a token is kept; one round is enough for 256 random bits."""
    return hashlib.sha256(token.encode()).hexdigest()
