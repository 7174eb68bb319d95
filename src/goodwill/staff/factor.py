"""The second factor: codes that change every half minute (RFC 6238), and recovery codes for when the phone is gone."""

import hmac
import io
import secrets
from base64 import b32encode

import pyotp
import segno

from goodwill.basics.clock import SECOND

STEP = 30  # seconds
RECOVERY_CODES = 10
_DRIFT = (0, -1, 1)  # steps that a phone's clock may be off


def new_secret() -> str:
    """160 random bits, as authenticator apps read them."""
    return pyotp.random_base32(32)


def uri(secret: str, email: str, shop: str) -> str:
    """What the QR code says."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=shop)


def picture(text: str) -> str:
    """A QR code as SVG, to stand inside a page; dark on white with a quiet border in either theme."""
    drawn = io.BytesIO()
    segno.make(text, error="m").save(
        drawn, kind="svg", scale=5, border=4, light="#fff", xmldecl=False, svgns=True, nl=False, title="QR code"
    )
    return drawn.getvalue().decode()


def step_of(secret: str, code: str, *, now: int) -> int | None:
    """The time step that a code belongs to, if it is right now or was or will be within half a minute.

    Args:
        now: microseconds since 1970.
    """
    typed = "".join(code.split())
    made = pyotp.TOTP(secret)
    present = now // SECOND // STEP
    found = None
    for drift in _DRIFT:  # all three each time, so that the time it takes tells nothing
        if hmac.compare_digest(typed.encode(), made.generate_otp(present + drift).encode()):
            found = present + drift
    return found


def looks_like_recovery(code: str) -> bool:
    return len(plain(code)) == 24


def plain(code: str) -> str:
    """A recovery code without what is only there for reading it."""
    return "".join(sign for sign in code.lower() if sign.isalnum())


def new_recovery_codes() -> list[str]:
    """Ten codes of 120 random bits: enough that one round of hashing keeps them (ASVS V6.5.2 asks for 112)."""
    return ["-".join(word[n : n + 6] for n in range(0, 24, 6)) for word in (_word() for _ in range(RECOVERY_CODES))]


def _word() -> str:
    return b32encode(secrets.token_bytes(15)).decode().lower()
