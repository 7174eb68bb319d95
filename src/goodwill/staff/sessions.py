"""Sessions: what a browser's secret opens, how long, and how strongly its owner has shown who she is.

The secret is 256 random bits; only its hash is kept. A session ends after half an hour without use and after twelve
hours at the latest (safety.md took both from ASVS 5.0), at sign-out, and at once when its account is disabled.
"""

import hmac
from dataclasses import dataclass
from hashlib import sha256

from goodwill.basics.clock import SECOND
from goodwill.basics.codes import hashed
from goodwill.staff.accounts import Account
from goodwill.staff.roles import Act, acts_of
from goodwill.staff.store import SessionRow
from goodwill.storage.audit import Actor

IDLE = 30 * 60 * SECOND
LONGEST = 12 * 60 * 60 * SECOND
FRESH = 10 * 60 * SECOND  # how long a code of the second factor stands for risky acts
HALF = 10 * 60 * SECOND  # how long somebody has between the password and the code
SEEN_EVERY = 60 * SECOND

WHOLE, CODE, ENROL = "whole", "code", "enrol"


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who is signed in, or on the way to it.

    Attributes:
        id: of the session, for lists and for ending it; it opens nothing.
        step: whole; code (the second factor is awaited); enrol (it must be set up first).
        fresh: whether a code of the second factor came within the last ten minutes.
    """

    id: str
    account: Account
    step: str
    device: str
    created_at: int
    seen_at: int
    strong_at: int | None
    fresh: bool

    @property
    def is_whole(self) -> bool:
        return self.step == WHOLE

    @property
    def acts(self) -> frozenset[Act]:
        """What may be done in it now."""
        return acts_of(self.account.role, fresh=self.fresh) if self.is_whole else frozenset()

    def actor(self, reason: str = "") -> Actor:
        """Who acts in it, for the audit log and for `may`."""
        return Actor(self.account.actor, reason, str(self.account.role), frozenset(map(str, self.acts)))


def form_token(token: str) -> str:
    """What a form must send back beside the cookie: only who holds the cookie, or was shown the form, knows it."""
    return hmac.digest(token.encode(), b"goodwill form", sha256).hex()


def id_of(hash_: str) -> str:
    return hash_[:16]


def is_over(row: SessionRow, *, now: int) -> bool:
    """Whether a session has ended by itself; a clock that was set back makes it no younger than new."""
    longest = LONGEST if row.step == WHOLE else HALF
    return now - row.created_at >= longest or now - row.seen_at >= IDLE


def of_row(row: SessionRow, account: Account, *, now: int) -> Session:
    strong = row.strong_at is not None and 0 <= now - row.strong_at < FRESH
    return Session(
        id_of(row.hash), account, row.step, row.device, row.created_at, row.seen_at, row.strong_at, fresh=strong
    )


def begun(token: str, account: int, step: str, device: str, *, now: int, strong: bool) -> SessionRow:
    """The row of a new session."""
    return SessionRow(hashed(token), account, step, device[:60], now, now, now if strong else None)


def device_of(agent: str) -> str:
    """``Firefox on Linux``: enough to tell one's own sessions apart, too little to follow anybody by."""
    browsers = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrom", "Chrome"), ("Safari", "Safari"))
    systems = (("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"),
               ("Mac OS", "a Mac"), ("Linux", "Linux"))  # fmt: skip
    browser = next((name for sign, name in browsers if sign in agent), "A program")
    system = next((name for sign, name in systems if sign in agent), "")
    return f"{browser} on {system}" if system else browser
