"""What happens right now comes in: messages in the order in which they came, counted by what became of them."""

import hmac
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection

from goodwill import consent, people
from goodwill.basics.clock import day_of
from goodwill.basics.errors import BadInput, Conflict, LeftAlone, NotFound
from goodwill.collect.live import store
from goodwill.collect.live.reading import LEFT, SPAM, Given, Outcome, Reading, Sender, email_of, is_slow, signed
from goodwill.collect.live.segment import Message, Unread
from goodwill.collect.live.store import NOTED, Came, Counted
from goodwill.collect.live.take import Taking
from goodwill.consent import Asked, Evidence
from goodwill.people.gentle import OfLetters
from goodwill.purposes import EMAIL_MARKETING, Basis, Purpose
from goodwill.shop.who import Who
from goodwill.storage import audit
from goodwill.storage.audit import Actor, Entry

if TYPE_CHECKING:
    from goodwill.shop.shop import Shop

_SIGNATURES: Final = "user signatures"
# Which of our purposes the categories of well-known banners speak of: c15t's, OneTrust's, Shopify's and our own names.
_FAMILIES: Final[Mapping[str, tuple[str, ...]]] = {
    "experience": ("recommendations", "personal-content"),
    "functionality": ("personal-content",),
    "functional": ("personal-content",),
    "preferences": ("recommendations", "personal-content"),
    "personalization": ("recommendations", "personal-content", "offers"),
    "personalisation": ("recommendations", "personal-content", "offers"),
    "measurement": ("measurement", "model-improvement", "statistics", "benchmarking"),
    "analytics": ("measurement", "model-improvement", "statistics", "benchmarking"),
    "performance": ("measurement", "model-improvement", "statistics", "benchmarking"),
    "marketing": ("email-marketing", "offers"),
    "advertising": ("email-marketing", "offers"),
    "targeting": ("email-marketing", "offers"),
    "c0002": ("measurement", "model-improvement", "statistics", "benchmarking"),
    "c0003": ("recommendations", "personal-content"),
    "c0004": ("email-marketing", "offers"),
    "necessary": ("fulfilment",),
    "strictly necessary": ("fulfilment",),
    "c0001": ("fulfilment",),
}

_OF_LETTERS: Final = {LEFT: OfLetters.UNSUBSCRIBE, SPAM: OfLetters.COMPLAINT}


class KeyClosed(Exception):
    """The key of a request was closed before it could be written."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


@dataclass(frozen=True)
class Collecting:
    """The intake of one shop.

    Attributes:
        closed: which of some keys open nothing any more; asked inside the transaction that writes.
    """

    shop: "Shop"
    closed: Callable[[Connection, Sequence[str]], frozenset[str]]

    def read(self, sender: Sender, messages: Sequence[Message | Unread]) -> Given:
        """What the messages of a request ask for; to be taken in then."""
        return self._reading.read(sender, messages)

    def take(self, given: Sequence[Given]) -> list[list[Outcome]]:
        """Take what some requests brought, in their order; each outcome is on disk when this returns."""
        answer: list[list[Outcome]] = []
        plain: list[Given] = []
        for one in given:
            if one.slow:
                answer += self._write(plain)
                answer.append(self._one_by_one(one))
                plain = []
            else:
                plain.append(one)
        return answer + self._write(plain)

    def signature(self, user: str) -> str:
        """What a browser shows as ``context.userSignature`` to speak for a user."""
        return signed(self._reading.secret, user)

    @property
    def secret(self) -> str:
        """With what the shop's own server signs users, in hex: HMAC-SHA256 of the user's id."""
        return self._reading.secret.hex()

    def counted(self, days: int = 7) -> list[Counted]:
        """What came in on the last days, by key, event and rule."""
        today = day_of(self.shop.clock(), self.shop.settings.zone)
        with self.shop.database.reading() as connection:
            return store.counted(connection, since=today - days + 1)

    def latest(self, after: int = 0) -> list[tuple[int, int, Came]]:
        """The last messages, the latest first."""
        with self.shop.database.reading() as connection:
            return [(number, int(at), came) for number, at, came in store.latest(connection, after=after)]

    # ---- writing -----------------------------------------------------------------------------------------------------

    @cached_property
    def _taking(self) -> Taking:
        purposes = {entry.name for entry in self.shop.register}
        known = {name: frozenset(these) & purposes for name, these in _FAMILIES.items()}
        known |= {name: frozenset({name}) for name in purposes}
        return Taking(self.shop.tools, known | {"*": frozenset(purposes)})

    @cached_property
    def _reading(self) -> Reading:
        return Reading(self.shop.tools, self.shop.keys.secret(_SIGNATURES))

    def _write(self, given: Sequence[Given]) -> list[list[Outcome]]:
        if not given:
            return []
        try:
            with self.shop.database.transaction() as connection:
                return self._write_in(connection, given)
        except BaseException:
            self._taking.memory.forget()
            raise

    def _write_in(self, connection: Connection, given: Sequence[Given]) -> list[list[Outcome]]:
        shop = self.shop
        if gone := self.closed(connection, sorted({one.sender.key for one in given})):
            raise KeyClosed(min(gone))
        now = shop.clock()
        reached = consent.last_position(connection)
        outcomes, introduced = self._taking.take(
            connection, given, now=now, reached=reached, trusts=shop.proofs.trusts(reached)
        )
        counts, latest = _came(given, outcomes)
        store.note_many(connection, counts, latest, day=day_of(now, shop.settings.zone), now=now)
        for key, person in introduced:
            audit.note(connection, Actor(f"key {key}", "collected"), Entry("person.identify", person), now=now)
        return outcomes

    def _one_by_one(self, given: Given) -> list[Outcome]:
        """What holds a word about consent, or makes one person of two: each in its place among the others."""
        outcomes: list[Outcome] = []
        for slow, run in groupby(zip(given.messages, given.names, strict=True), key=lambda one: is_slow(one[0])):
            if slow:
                outcomes += [self._slow(given.sender, message, name) for message, name in run]  # type: ignore[arg-type]
            else:
                outcomes += self._write([self.read(given.sender, [message for message, _ in run])])[0]
        return outcomes

    def _slow(self, sender: Sender, message: Message, name: str) -> Outcome:
        try:
            self._doing(message)(sender, message)
        except Unread as refused:
            outcome = Outcome(refused.rule, refused.detail)
        except LeftAlone as error:
            outcome = Outcome("left-alone", str(error))
        except (Conflict, NotFound, BadInput) as error:
            outcome = Outcome("malformed" if message.kind == "track" else "not-merged", str(error))
        else:
            outcome = Outcome()
        shop = self.shop
        with shop.database.transaction() as connection:
            now = shop.clock()
            store.note(connection, Came(sender.key, name, outcome.rule), day=day_of(now, shop.settings.zone), now=now)
        return outcome

    def _doing(self, message: Message) -> Callable[[Sender, Message], None]:
        if message.kind != "track":
            return {"alias": self._alias, "merge": self._merge}.get(message.kind, self._answered)
        return self._unwelcome if message.event.lower() in _OF_LETTERS else self._answered

    def _merge(self, sender: Sender, message: Message) -> None:
        """More names of one person, by the shop's own server: whoever is known by one of them is her."""
        _check_own(sender)
        kind, first = ("user_id", message.user) if message.user else ("anonymous_id", message.device)
        if first is None or not message.others:
            raise Unread("no-id", "To make one person of several, send 'userId' or 'anonymousId', and mergeProperties.")
        names = [(kind, first), *((_kind_of(word), value) for word, value in message.others)]
        shop, cipher, region = self.shop.acting(_actor(sender)), self.shop.cipher, self.shop.settings.region
        with shop.database.reading() as connection:
            found = [people.find(connection, cipher, named, value, region=region) for named, value in names]
        known = list(dict.fromkeys(person for person in found if person is not None))
        for other in known[1:]:
            shop.identity.merge(Who(id=known[0]), Who(id=other), reason=f"merge from {sender.source}")
        for (named, value), person in zip(names, found, strict=True):
            if person is None:
                with shop.change("person.identify", reason=f"merge from {sender.source}") as change:
                    change.entry.person = self._introduced(change.connection, {kind: first, named: value})

    def _alias(self, sender: Sender, message: Message) -> None:
        """Two names of one person, by the shop's own server."""
        user, previous = message.user, message.previous
        _check_own(sender)
        if user is None or previous is None:
            raise Unread("no-id", "To make one person of two, send 'userId' and 'previousId'.")
        shop = self.shop.acting(_actor(sender))
        with shop.database.reading() as connection:
            named = (Who(anonymous_id=previous), Who(user_id=previous))
            other = next((who for who in named if shop.find_in(connection, who) is not None), None)
            known = shop.find_in(connection, Who(user_id=user)) is not None
        if other is not None and known:
            shop.identity.merge(Who(user_id=user), other, reason=f"alias from {sender.source}")
            return
        # One of the two names nobody yet: it becomes another name of the one who is known.
        ids = {"user_id": user, "anonymous_id": previous}
        with shop.change("person.identify", reason=f"alias from {sender.source}") as change:
            change.entry.person = self._introduced(change.connection, ids)

    def _introduced(self, connection: Connection, ids: Mapping[str, str]) -> int:
        return people.identify(
            connection, self.shop.cipher, ids, now=self.shop.clock(), region=self.shop.settings.region
        )

    def _answered(self, sender: Sender, message: Message) -> None:
        """What somebody said in a banner of another make: a no counts at once; a yes as the sender's claim."""
        signed_in = message.user is not None and (not sender.public or self._reading.is_signed(message))
        who = Who(user_id=message.user) if signed_in else Who(anonymous_id=message.device) if message.device else None
        if who is None:
            raise Unread("no-id", "An answer belongs to somebody: send anonymousId, or a userId that is signed.")
        denied, allowed = message.denied or frozenset(), message.allowed or frozenset()
        if not denied and not allowed:
            raise Unread("malformed", "The message says nothing of consent: send context.consent.categoryPreferences.")
        shop, asked = self.shop.acting(_actor(sender)), Asked(how="banner", by=f"key {sender.key}")
        no = self._taking.purposes(denied)
        # Of one purpose that both speak of, the no counts. Mail needs a yes that was confirmed by mail.
        yes = self._spoken_of(allowed) - no - {EMAIL_MARKETING}
        for purpose, says in [*((one, False) for one in sorted(no)), *((one, True) for one in sorted(yes))]:
            entry = self.shop.register[purpose]
            if entry.basis in (Basis.CONSENT, Basis.LEGITIMATE_INTERESTS) and self._is_news(who, entry.name, says=says):
                shop.grant(who, purpose, asked=asked, yes=says)

    def _unwelcome(self, sender: Sender, message: Message) -> None:
        """Somebody left the shop's letters, or called one spam, as the service that sends them tells."""
        if sender.public:
            raise Unread("unsigned-user", "Only the shop's own server may say who wants no more letters.")
        email, user, device = email_of(message.traits), message.user, message.device
        named = (user and Who(user_id=user), device and Who(anonymous_id=device), email and Who(email=email))
        whos = [one for one in named if isinstance(one, Who)]
        if not whos:
            raise Unread("no-id", "A word about letters is somebody's: send userId, or traits.email.")
        who = next((one for one in whos if self.shop.find(one) is not None), None)
        if who is None:
            raise Unread("nobody", "Nobody of that id is known here, and so nobody here is written to.")
        asked = Asked(how="mail service", by=f"key {sender.key}", evidence=Evidence.CLAIMED)
        word = _OF_LETTERS[message.event.lower()]
        self.shop.acting(_actor(sender)).unwelcome.stop(who, word, asked, at=message.at)

    def _spoken_of(self, categories: frozenset[str]) -> frozenset[str]:
        """The purposes of categories that we know; a yes to something unknown is a yes to nothing."""
        known = self._taking.purposes_of
        return frozenset(p for category in categories for p in known.get(category.strip().lower(), frozenset()))

    def _is_news(self, who: Who, purpose: Purpose, *, says: bool) -> bool:
        answer = self.shop.can(who, purpose)
        if says:
            return not all(line.allowed for line in answer.categories) or not answer.categories
        return not answer.categories or any(
            line.reason not in ("refused", "withdrawn", "objected") for line in answer.categories
        )


def is_signed(shop: "Shop", user: str, signature: str) -> bool:
    """Whether the shop's own server lets a browser speak for a user."""
    return hmac.compare_digest(signed(shop.keys.secret(_SIGNATURES), user).encode(), signature.lower().encode())


# How RudderStack's senders call the kinds of ids that people are known by here.
_KINDS: Final[Mapping[str, str]] = {
    "email": "email", "phone": "phone", "mobile": "phone", "userid": "user_id", "anonymousid": "anonymous_id",
}  # fmt: skip


def _kind_of(word: str) -> str:
    kind = _KINDS.get(word.replace("_", "").lower())
    if kind is None:
        raise Unread(
            "no-id",
            f"'{word[:40]}' is no id that people are known by: use email, phone, mobile, userId or anonymousId.",
        )
    return kind


def _check_own(sender: Sender) -> None:
    if sender.public:
        raise Unread("unsigned-user", "Only the shop's own server may say that two people are one.")


def _actor(sender: Sender) -> Actor:
    return Actor(f"key {sender.key}", "collected")


def _came(given: Sequence[Given], outcomes: Sequence[Sequence[Outcome]]) -> tuple[Counter[Came], list[Came]]:
    """How many messages of each kind came to what, and the last of them."""
    counts, latest = Counter[Came](), list[Came]()
    for one, some in zip(given, outcomes, strict=True):
        kinds = Counter(zip(one.names, [outcome.rule for outcome in some], strict=True))
        for (name, rule), times in kinds.items():
            counts[Came(one.sender.key, name, rule)] += times
    for one, some in zip(reversed(given), reversed(outcomes), strict=True):
        last = zip(one.names[-NOTED:], some[-NOTED:], strict=True)
        latest = [*(Came(one.sender.key, name, outcome.rule) for name, outcome in last), *latest]
        if len(latest) >= NOTED:
            break
    return counts, latest
