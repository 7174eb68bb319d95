"""Sessions of staff over HTTP: the cookie, and the proof that a request comes from our own pages.

Three checks stand between another site and a change made in somebody's name: the cookie is not sent along from
elsewhere (SameSite), the browser says where a request comes from (Sec-Fetch-Site, Origin), and the request repeats a
token that only our own pages were told (double submit).
"""

import hmac
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlsplit

from goodwill.basics.codes import new_token
from goodwill.basics.errors import GoodwillError
from goodwill.shop import Shop
from goodwill.staff import Session
from goodwill.staff.sessions import LONGEST, SEEN_EVERY, form_token
from goodwill.web.problems import FORGED, NOT_SIGNED_IN, Problem
from goodwill.web.store import AWAY

TOKEN_HEADER = "x-goodwill-form"  # noqa: S105 - the name of a header
_HERE = ("localhost", "127.0.0.1", "::1")
_SAFE = ("GET", "HEAD")
_LONGEST_SECONDS = LONGEST // 1_000_000

Headers = Iterable[tuple[bytes, bytes]]


class Doorkeeper:
    """Knows who is signed in.

    A cookie that only travels encrypted (``__Host-``: no other host can set it, not even a sub-domain) wherever the
    shop is reached over https; a plain one on this machine itself; none anywhere else.
    """

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        address = urlsplit(shop.settings.reached_at)
        self.is_https = address.scheme == "https"
        self.is_here = address.hostname in _HERE
        self.cookie = "__Host-goodwill" if self.is_https else "goodwill"
        self.form_cookie = f"{self.cookie}-form"
        self.trip_cookie = f"{self.cookie}-trip"
        self._origin = f"{address.scheme}://{address.netloc}"
        self._noted: dict[str, int] = {}
        self._later = ThreadPoolExecutor(1, thread_name_prefix="goodwill-sessions")

    # ---- who ---------------------------------------------------------------------------------------------------------

    def carries_session(self, headers: Headers) -> bool:
        return bool(self.token(headers))

    def token(self, headers: Headers) -> str:
        """The secret of the session that a request carries; "" if it carries none, or two."""
        return only_cookie(headers, self.cookie)

    def recognise(self, headers: Headers) -> Session:
        """Who is signed in.

        Raises:
            Problem: nobody, or no longer; the answer is the same for both.
        """
        token = self.token(headers)
        session = self._shop.staff.session(token) if token else None
        if session is None:
            raise Problem(NOT_SIGNED_IN, "You are not signed in, or no longer.")
        self._note_seen(token, session)
        return session

    def _note_seen(self, token: str, session: Session) -> None:
        """Once a minute, and never in the way of the request: a long import may hold the database."""
        now = self._shop.clock()
        if now - max(session.seen_at, self._noted.get(session.id, 0)) >= SEEN_EVERY:
            if len(self._noted) > 1_000:
                self._noted.clear()
            self._noted[session.id] = now
            self._later.submit(self._write_seen, token, session.id)

    def _write_seen(self, token: str, name: str) -> None:
        try:
            self._shop.staff.seen(token)
        except (GoodwillError, *AWAY):
            self._noted.pop(name, None)

    # ---- from where --------------------------------------------------------------------------------------------------

    def check(self, method: str, headers: Headers, secret: str, said: str | None) -> None:
        """Go on only if a request comes from our own pages.

        Args:
            secret: the cookie's value, to which the token of a form belongs.
            said: the token that the request repeats; only asked of what may change something.

        Raises:
            Problem: it comes from elsewhere, or does not repeat the token.
        """
        site = first(headers, b"sec-fetch-site")
        origin = first(headers, b"origin")
        if site not in ((None, "same-origin", "none") if method in _SAFE else (None, "same-origin")):
            raise Problem(FORGED, "This request came from another site.")
        if origin is not None and not self._is_ours(origin, first(headers, b"host") or ""):
            raise Problem(FORGED, "This request came from another address than the shop's own.")
        if method in _SAFE:
            return
        if not secret or said is None or not hmac.compare_digest(said.encode(), form_token(secret).encode()):
            raise Problem(FORGED, "The form was too old, or not ours. Load the page again.")

    def _is_ours(self, origin: str, host: str) -> bool:
        """The shop's own address; on this machine also under its other names, if the request went there."""
        if origin == self._origin:
            return True
        return self.is_here and urlsplit(origin).hostname in _HERE and urlsplit(origin).netloc == host

    # ---- cookies -----------------------------------------------------------------------------------------------------

    def fit_to_sign_in(self) -> bool:
        """Whether a cookie would be safe on the way."""
        return self.is_https or self.is_here

    def set_cookie(self, token: str) -> "Kept":
        return Kept(self.cookie, token, _LONGEST_SECONDS, secure=self.is_https)

    def drop_cookie(self) -> "Kept":
        return Kept(self.cookie, "", 0, secure=self.is_https)

    def new_form_cookie(self) -> tuple[str, "Kept"]:
        """A secret for the forms of somebody who is not signed in yet, and the cookie that carries it."""
        secret = new_token()
        return secret, Kept(self.form_cookie, secret, 3_600, secure=self.is_https)

    def trip(self, sealed: str, seconds: int = 600) -> "Kept":
        """What waits in the browser while somebody is away at an identity provider."""
        return Kept(self.trip_cookie, sealed, seconds, secure=self.is_https)

    def close(self) -> None:
        self._later.shutdown(wait=True)


@dataclass(frozen=True, slots=True)
class Kept:
    """A cookie of ours: for no script, no other host, and no request that another site begins but a plain link."""

    name: str
    value: str
    seconds: int
    secure: bool

    @property
    def header(self) -> str:
        secure = "; Secure" if self.secure else ""
        return f"{self.name}={self.value}; Path=/; Max-Age={self.seconds}; HttpOnly; SameSite=Lax{secure}"


def only_cookie(headers: Headers, name: str) -> str:
    """The value of a cookie; "" where there is none, and where there are two: one of them is somebody else's."""
    found = set()
    for line in (value.decode("latin-1") for header, value in headers if header == b"cookie"):
        for part in line.split(";"):
            key, _, value = part.strip().partition("=")
            if key == name:
                found.add(value)
    return found.pop() if len(found) == 1 else ""


def first(headers: Headers, name: bytes) -> str | None:
    return next((value.decode("latin-1").strip() for other, value in headers if other == name), None)


def address_of(scope: Mapping[str, object], headers: Headers, proxies: int) -> str:
    """Where a request came from: who called us or, behind proxies of the shop's own, whom they name."""
    if proxies:
        hops = [hop.strip() for value in (first_all(headers, b"x-forwarded-for")) for hop in value.split(",")]
        if len(hops) >= proxies:
            return hops[-proxies][:64]
    client = scope.get("client")
    return str(client[0]) if isinstance(client, list | tuple) and client else ""


def first_all(headers: Headers, name: bytes) -> list[str]:
    return [value.decode("latin-1") for other, value in headers if other == name]
