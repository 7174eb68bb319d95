"""Customers sign in by mail: one letter with a link for the browser that asked, and a code for any other."""

import hmac
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from goodwill import people
from goodwill.basics.clock import Micros
from goodwill.basics.codes import Code, Token, hashed, new_code, new_token, spaced, typed
from goodwill.basics.errors import BadInput, Busy
from goodwill.basics.ids import PersonId
from goodwill.consent import Herself
from goodwill.protect import Box
from goodwill.reach import letters
from goodwill.rights.sign_in import store
from goodwill.storage.engine import SIGN_IN, one_at_a_time

if TYPE_CHECKING:
    from goodwill.shop.shop import Change, Shop

_LONGEST_ADDRESS = 254  # RFC 5321, 4.5.3.1.3


@dataclass(frozen=True, slots=True)
class SignInLetter:
    """What the letter says, before it has words.

    Attributes:
        link: where it leads; a page there asks for a press of a button.
        code: as it is read with ease.
    """

    address: str
    link: str = field(repr=False)
    code: str = field(repr=False)
    language: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """An address was typed in, and a letter may be on its way.

    Attributes:
        browser: for a cookie of the browser that asked.
        letter: None where this address has had enough letters; whoever asked is not told.
    """

    browser: Token = field(repr=False)
    letter: SignInLetter | None


@dataclass(frozen=True, slots=True)
class Opened:
    """Somebody showed that an address is hers.

    Attributes:
        session: for a cookie; nothing else opens what is hers, and it was never in a letter.
    """

    person: PersonId
    session: Token = field(repr=False)


@dataclass(frozen=True, eq=False)
class SignIn:
    """Signing in, for one shop."""

    shop: "Shop"

    def ask(self, address: str, *, language: str) -> Waiting:
        """Send a letter to an address, whether anybody is known by it or not: nobody is looked up.

        Raises:
            BadInput: this cannot be an address.
        """
        to, now = address_from(address), self.shop.clock()
        browser, link, code = new_token(), new_token(), new_code()
        box = self._box
        with self.shop.change("sign-in.ask") as change:
            one_at_a_time(change.connection, SIGN_IN)
            store.drop_old(change.connection, now=now)
            who = box.mark("address", to)
            if store.letters_to(change.connection, who, now=now) >= store.MOST_LETTERS:
                change.entry.detail["letter"] = False
                return Waiting(browser, None)
            store.add_try(
                change.connection,
                browser=hashed(browser),
                link=hashed(link),
                code=box.mark("code", hashed(browser), code),
                who=who,
                address=box.seal(to, "address"),
                now=now,
            )
            change.entry.detail["letter"] = True
            page = f"{self.shop.settings.reached_at}/privacy/link/{link}"
            letter = letters.sign_in(code=spaced(code), minutes=store.TRY_LASTS // store.MINUTE, page=page)
            # Into the outbox: nobody waits for a mail server here, so how long this takes tells nothing either.
            until = now + store.TRY_LASTS
            self.shop.post.send(change.connection, letter=letter, address=to, language=language, until=until)
            return Waiting(browser, SignInLetter(to, page, spaced(code), language))

    def check(self, address: str) -> None:
        """Whether a letter can be sent to what somebody typed.

        Raises:
            BadInput: it cannot.
        """
        address_from(address)

    def may_open(self, link: Token, browser: Token | None) -> bool | None:
        """Whether a link opens by a press of a button (True), only with its code (False), or no more (None)."""
        with self.shop.database.reading() as connection:
            found = store.by_link(connection, hashed(link), now=self.shop.clock())
        if found is None:
            return None
        return _is_its(browser, found)

    def open_by_link(self, link: Token, browser: Token | None) -> Opened | None:
        """Sign in the browser that asked for the letter; no other, whoever follows the link."""
        now = self.shop.clock()
        with self.shop.change("sign-in.try") as change:
            found = store.by_link(change.connection, hashed(link), now=now)
            fits = found is not None and _is_its(browser, found)
            return self._opened(change, found if fits else None, now=now)

    def open_by_code(self, text: str, *, browser: Token | None = None, link: Token | None = None) -> Opened | None:
        """Sign in with the letter's code, in the browser that asked for it or in one that followed the letter's link.

        Each call uses up one of ten tries, a wrong one and a right one alike.
        """
        now, code = self.shop.clock(), typed(text)
        with self.shop.change("sign-in.try") as change:
            found = self._asked_for(change.connection, browser, link, now)
            counted = found is not None and store.count_try(change.connection, found.browser, now=now)
            fits = found is not None and counted and self._is_code(code, found)
            return self._opened(change, found if fits else None, now=now)

    def session(self, token: Token | None) -> store.Session | None:
        """Who is signed in with a cookie; None if nobody is, or is no more."""
        if token is None:
            return None
        now = self.shop.clock()
        with self.shop.database.reading() as connection:
            found = store.session(connection, hashed(token), now=now)
            person = people.merge.survivor(connection, found.person) if found is not None else None
        if found is None or person is None:
            return None
        if now - found.seen_at >= store.TOUCHED_EVERY:
            self._touch(found.token, now)
        return store.Session(found.token, person, found.at, found.seen_at)

    def leave(self, session: store.Session) -> None:
        """Sign one browser out."""
        with self.shop.change("sign-in.end", about=session.person) as change:
            store.end_session(change.connection, session.token)

    def tidy(self) -> None:
        """Drop what opens nothing any more."""
        with self.shop.database.transaction() as connection:
            store.drop_old(connection, now=self.shop.clock())

    @property
    def _box(self) -> Box:
        return self.shop.cipher.box("sign in")

    def _asked_for(
        self, connection: Connection, browser: Token | None, link: Token | None, now: int
    ) -> store.Try | None:
        if link is not None:
            return store.by_link(connection, hashed(link), now=now)
        return None if browser is None else store.by_browser(connection, hashed(browser), now=now)

    def _is_code(self, code: Code, found: store.Try) -> bool:
        return self._box.fits(found.code, "code", found.browser, code)

    def _opened(self, change: "Change", found: store.Try | None, *, now: Micros) -> Opened | None:
        """Make a session, once: of two who come with the same letter, the second finds it used."""
        opened = found is not None and store.use(change.connection, found.browser, now=now)
        change.entry.detail["opened"] = opened
        if found is None or not opened:
            return None
        address = self._box.open(found.address, "address")
        self.shop.erasure.welcome({"email": address}, Herself.CODE)
        person = people.identify(change.connection, self.shop.cipher, {"email": address}, now=now, verified=True)
        store.note_person(change.connection, found.browser, person)
        session = new_token()
        store.add_session(change.connection, hashed(session), person, now=now)
        change.entry.person = person
        return Opened(person, session)

    def _touch(self, token: str, now: int) -> None:
        try:
            with self.shop.database.transaction(patience=1) as connection:
                store.touch(connection, token, now=now)
        except Busy:
            pass  # somebody imports; the next page notes it


def address_from(text: str) -> str:
    """The one form of an address that somebody typed.

    Raises:
        BadInput: no letter can be sent there.
    """
    # Before any other look at it: a line break in an address would start a header of its own.
    fit = len(text) <= _LONGEST_ADDRESS and text.strip().isprintable()
    form = people.canonical("email", text) if fit else None
    if form is None:
        raise BadInput("This is not an e-mail address that a letter can be sent to; it looks like name@example.org.")
    return form


def _is_its(browser: Token | None, found: store.Try) -> bool:
    return browser is not None and hmac.compare_digest(hashed(browser), found.browser)
