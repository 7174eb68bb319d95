"""One visit to a page: who comes, in which language, from where; and what the answer tells the browser to keep."""

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from markupsafe import Markup

from goodwill.access import SignedIn
from goodwill.basics.clock import date_of, day_of
from goodwill.basics.codes import Token, new_token, token_from
from goodwill.basics.ids import PersonId
from goodwill.purposes import Entry, Kind
from goodwill.rights.sign_in.store import Session
from goodwill.shop import Actor, Shop, Who
from goodwill.shop.centre import BY
from goodwill.shop.telling import Telling
from goodwill.shop.words import Words, catalogues
from goodwill.web.centre.words import language_for
from goodwill.web.desk import Notes
from goodwill.web.forms import fields_of

SESSION, LETTER, FORM, SAID, LANGUAGE = (
    f"goodwill-{name}" for name in ("person", "letter", "form", "said", "language")
)
# Over TLS: only this host may set it, and no other host ever sees it. On the machine itself there is no TLS.
_HOST = "__Host-"
_YEAR = 365 * 86_400  # seconds
_LETTER_LASTS = 30 * 60


class Fault(Exception):
    """Why a visit ends on another page than it meant to.

    Attributes:
        key: of the words that say so.
        wait: seconds until it may be tried again; 0 where that says nothing.
    """

    def __init__(self, key: str, status: int, *, wait: int = 0) -> None:
        super().__init__(key)
        self.key = key
        self.status = status
        self.wait = wait


@dataclass(frozen=True, slots=True)
class Arrived:
    """A request for a page, as it came in.

    Attributes:
        client: the address that it came from, for counting only.
    """

    headers: Sequence[tuple[bytes, bytes]]
    notes: Notes
    path: Mapping[str, str]
    query: bytes
    form: bytes
    client: str

    def header(self, name: bytes) -> str | None:
        return next((value.decode("latin-1").strip() for other, value in self.headers if other == name), None)


@dataclass(frozen=True, slots=True)
class Keep:
    """A cookie to be set; no seconds: until the browser is closed, 0: taken away."""

    name: str
    value: str
    seconds: int | None
    secure: bool


@dataclass(frozen=True, slots=True)
class Said:
    """What the page says of the press of a button just before, and beside what it says it."""

    at: str
    key: str
    values: Mapping[str, str]


@dataclass(eq=False)
class Visit:
    """One visit, while it is answered."""

    shop: Shop
    arrived: Arrived
    keep: list[Keep] = field(default_factory=list)

    # ---- who --------------------------------------------------------------------------------------------------------

    @cached_property
    def session(self) -> Session | None:
        """Who is signed in."""
        return self.shop.sign_in.session(token_from(self.cookies.get(SESSION)))

    @property
    def person(self) -> PersonId:
        """The customer who is signed in.

        Raises:
            Fault: nobody is.
        """
        if self.session is None:
            raise Fault("signed_out", 403)
        return self.session.person

    @property
    def who(self) -> Who:
        return Who(id=self.person)

    @property
    def signed_in(self) -> SignedIn:
        return SignedIn(self.person, by=BY)

    @property
    def acting(self) -> Shop:
        """The shop as the customer uses it."""
        return self.shop.acting(Actor("the person"))

    @property
    def browser(self) -> Token | None:
        """The mark of a browser that asked for a letter."""
        return token_from(self.cookies.get(LETTER))

    @cached_property
    def cookies(self) -> Mapping[str, str]:
        jar = SimpleCookie()
        try:
            for name, value in self.arrived.headers:
                if name == b"cookie":
                    jar.load(value.decode("latin-1"))
        except CookieError:
            return {}
        return {
            name.removeprefix(_HOST): morsel.value
            for name, morsel in jar.items()
            if name.startswith(_HOST) == self._is_secret(name.removeprefix(_HOST))
        }

    def _is_secret(self, name: str) -> bool:
        """Whether a cookie must have come over TLS; which language somebody reads is no secret."""
        return name != LANGUAGE and self.shop.settings.reached_at.startswith("https://")

    def _keep(self, name: str, value: str, seconds: int | None = None) -> None:
        secure = self._is_secret(name)
        self.keep.append(Keep(f"{_HOST}{name}" if secure else name, value, seconds, secure))

    # ---- what was sent ---------------------------------------------------------------------------------------------

    @cached_property
    def form(self) -> Mapping[str, str]:
        return fields_of(self.arrived.form)

    @cached_property
    def query(self) -> Mapping[str, str]:
        return fields_of(self.arrived.query)

    def sent(self, name: str) -> str:
        """A field of the form.

        Raises:
            Fault: it is missing.
        """
        if name not in self.form:
            raise Fault("misread", 422)
        return self.form[name]

    @property
    def objects_by_signal(self) -> bool:
        """Whether the browser sends Global Privacy Control (W3C)."""
        return self.arrived.header(b"sec-gpc") == "1"

    # ---- language --------------------------------------------------------------------------------------------------

    @cached_property
    def words(self) -> Words:
        asked = self.query.get("lang")
        language = language_for(
            asked, self.cookies.get(LANGUAGE), self.arrived.header(b"accept-language"), self.shop.settings.language
        )
        if asked == language:
            self._keep(LANGUAGE, language, _YEAR)
        return catalogues()[language]

    @cached_property
    def telling(self) -> Telling:
        """What the program has names for, in the reader's language."""
        return Telling(self.words, self.shop.register)

    def sentence(self, what: Entry | Kind) -> str:
        """What a purpose or a kind of data is, in the reader's language where the register speaks it."""
        return self.telling.sentence(what)

    def day(self, at: int) -> Markup:
        """The day of a moment on the shop's calendar."""
        return self.words.day(date_of(day_of(at, self.shop.settings.zone)))

    def hear_signal(self, how: str = "header") -> None:
        """Honour Global Privacy Control for whoever is signed in; what she chose herself after it first came stays."""
        if self.session is not None and (how == "script" or self.objects_by_signal):
            self.acting.notices.signal(self.who, how=how)

    # ---- proof that a form is ours ---------------------------------------------------------------------------------

    @cached_property
    def csrf(self) -> str:
        """What each of our forms carries: nobody can work it out who does not hold this browser's cookie."""
        return self._proof(self._bound_to())

    def check_ours(self) -> None:
        """Refuse a form that another site made this browser send.

        Raises:
            Fault: it did.
        """
        bound = self.cookies.get(SESSION) if self.session else self.cookies.get(FORM)
        good = bound is not None and hmac.compare_digest(self.form.get("csrf", ""), self._proof(bound))
        if not good or not self._same_site():
            raise Fault("forged", 403)

    def _bound_to(self) -> str:
        if self.session is not None:
            return self.cookies[SESSION]
        if (kept := token_from(self.cookies.get(FORM))) is not None:
            return kept
        fresh = new_token()
        self._keep(FORM, fresh)
        return fresh

    def _proof(self, bound_to: str) -> str:
        return self.shop.cipher.box("forms").mark("form", bound_to).hex()

    def _same_site(self) -> bool:
        """What the browser itself says of where a form came from; an old one says nothing, and the proof decides."""
        site = self.arrived.header(b"sec-fetch-site")
        if site is not None:
            return site == "same-origin"
        origin = self.arrived.header(b"origin")
        ours = {urlsplit(self.shop.settings.reached_at).netloc, self.arrived.header(b"host")}
        return origin is None or urlsplit(origin).netloc in ours

    # ---- what the next page says -----------------------------------------------------------------------------------

    def say(self, at: str, key: str, **values: str) -> None:
        """Let the next page tell what became of this one; in a cookie, so that no link can put words there."""
        said = json.dumps([at, key, values]).encode()
        self._keep(SAID, urlsafe_b64encode(said).decode().rstrip("="), 60)

    @cached_property
    def said(self) -> Said | None:
        raw = self.cookies.get(SAID)
        if not raw:
            return None
        self._keep(SAID, "", 0)
        try:
            at, key, values = json.loads(urlsafe_b64decode(raw + "=" * (-len(raw) % 4)))
            return Said(str(at), str(key), {str(name): str(value) for name, value in values.items()})
        except (ValueError, AttributeError):
            return None

    def sign_in(self, session: Token) -> None:
        """Let the browser keep a session, and nothing of what led to it."""
        self._keep(SESSION, session)
        self._keep(LETTER, "", 0)
        self._keep(FORM, "", 0)

    def await_letter(self, browser: Token) -> None:
        self._keep(LETTER, browser, _LETTER_LASTS)

    def sign_out(self) -> None:
        self._keep(SESSION, "", 0)
