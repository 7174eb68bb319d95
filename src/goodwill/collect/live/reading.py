"""What one request asks for, worked out before anything is asked of the database, while others are being written."""

import hmac
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
from msgspec import Raw, Struct

from goodwill.basics.clock import SECOND, Micros, day_of
from goodwill.basics.errors import BadInput
from goodwill.basics.ids import PersonId, hash64_after
from goodwill.collect import keys
from goodwill.collect.columns import Numbers
from goodwill.collect.live.commerce import KNOWN, Meaning, Thing, meanings
from goodwill.collect.live.segment import Message, Unread, Word
from goodwill.collect.writing import Tools
from goodwill.people.canonical import canonical
from goodwill.people.keeping import Cells
from goodwill.people.types import BOUGHT, ORDERED

TAKEN: Final = ""
FACTS: Final = ("name", "firstName", "lastName")
CHANGED: Final = "segment consent preference updated"
# Segment's specification of e-mail events: what a mail service tells of somebody who wants no more letters.
LEFT, SPAM = "unsubscribed", "email marked as spam"
_SLOW: Final = frozenset({CHANGED, LEFT, SPAM})
_LENGTHS: Final = frozenset(map(len, _SLOW))
Ids = tuple[tuple[str, str], ...]
Stand = tuple[int, int, int, bool]
Number = Callable[[str, int], int]


class Outcome(Struct, frozen=True, gc=False):
    """What became of a message: taken, or the rule that it was dropped or refused by.

    Attributes:
        rule: "" where it was taken.
        kept: how many events of the log it became; those that were there already count as well.
    """

    rule: str = TAKEN
    detail: str = ""
    kept: int = 0


_TAKEN: Final = Outcome()


class Sender(NamedTuple):
    """Whose program sends.

    Attributes:
        key: the public part of its key. source: tells its messages from those of others.
        public: the key stands on web pages, so that anybody may have it.
    """

    key: str
    source: str
    public: bool


class Whom:
    """By what messages say whom they are about; one for all that say the same.

    Attributes:
        ids: in the one form of each.
        stand: how things stood when person and cells were looked up; another stand, and they are looked up again.
        person: whose ids they are; None while nobody's. cells: what may be kept of her.
    """

    __slots__ = ("cells", "ids", "person", "stand")

    def __init__(self, ids: Ids) -> None:
        self.ids = ids
        self.stand: Stand | None = None
        self.person: PersonId | None = None
        self.cells = _NOTHING


_NOTHING: Final = Cells(())


class Event(Struct, frozen=True, gc=False):
    """One event on its way into the log; the rest as `Meaning` has it.

    Attributes:
        message: its place among the messages of its request.
        trusted: it comes from the shop's own server.
        denied: categories of somebody else's banner that were refused.
    """

    message: int
    whom: Whom
    trusted: bool
    denied: frozenset[str] | None
    type: int
    at: Micros
    day: int
    product: str | None
    quantity: int | None
    amount: int | None
    currency: str | None
    reference: int | None
    key: int
    detail: str | None
    thing: Thing | None
    update: bool


class Introduced(NamedTuple):
    """What an ``identify`` says: who somebody is, and facts about her."""

    message: int
    ids: Ids
    facts: dict[str, str]


@dataclass(frozen=True, slots=True)
class Given:
    """What one request brought.

    Attributes:
        names: what each message is called where the shop looks at what came in.
        said: what is to be told of each message as far as it can be told by now.
        slow: some message holds a word about consent, or makes one person of two.
    """

    sender: Sender
    messages: Sequence[Message | Unread]
    names: Sequence[str] = ()
    said: Sequence[Outcome] = ()
    events: Sequence[Event] = ()
    introduced: Sequence[Introduced] = ()
    slow: bool = False


@dataclass(frozen=True)
class Reading:
    """Reads messages, for one shop; as many at a time as like.

    Attributes:
        secret: with it the shop's own server signs who a user is (HMAC-SHA256 of the user's id, in hex).
    """

    tools: Tools
    secret: bytes
    whoms: dict[tuple[str | None, str | None], Whom] = field(default_factory=dict)
    days: dict[int, int] = field(default_factory=dict)

    def read(self, sender: Sender, messages: Sequence[Message | Unread]) -> Given:
        """What some messages of one sender ask for."""
        said, events, introduced = [_TAKEN] * len(messages), list[Event](), list[Introduced]()
        number = _numbers(sender.source)
        for place, message in enumerate(messages):
            try:
                told = self._read(place, message, sender, number)
            except Unread as refused:
                said[place] = Outcome(refused.rule, refused.detail)
            else:
                if isinstance(told, Introduced):
                    introduced.append(told)
                else:
                    events += told
        names = [_name(message, public=sender.public) for message in messages]
        return Given(sender, messages, names, said, events, introduced, any(map(is_slow, messages)))

    def _read(self, place: int, message: Message | Unread, sender: Sender, number: Number) -> list[Event] | Introduced:
        """What one message asks for."""
        if isinstance(message, Unread):
            raise message
        trusted = not sender.public or self.is_signed(message)
        whom = self._whom(message, trusted=trusted)
        if message.kind == "identify":
            return self._introduced(place, message, whom, sender, trusted=trusted)
        if message.kind == "group":
            raise Unread("not-kept", "goodwill keeps no groups of people.")
        told = enumerate(meanings(message, self.tools.currency))
        return [self._event(place, message, whom, sender, number(message.id, n), meaning) for n, meaning in told]

    def is_signed(self, message: Message) -> bool:
        """Whether the shop's own server lets the sender speak for the user."""
        if message.signature is None or message.user is None:
            return False
        return hmac.compare_digest(signed(self.secret, message.user), message.signature.lower())

    def _event(self, place: int, message: Message, whom: Whom, sender: Sender, number: int, meaning: Meaning) -> Event:
        reference = None if meaning.order is None else keys.reference(self.tools.source, meaning.order)
        key = None if reference is None else _key(reference, meaning)
        return Event(
            place, whom, not sender.public, message.denied, meaning.type, message.at, self._day(message.said_at),
            meaning.product, meaning.quantity, meaning.amount, meaning.currency, reference,
            number if key is None else key,
            None if meaning.detail is None else json.dumps(meaning.detail, sort_keys=True), meaning.thing,
            meaning.update,
        )  # fmt: skip

    def _day(self, at: Micros) -> int:
        """The shop's calendar day of a moment: worked out once for each quarter of an hour."""
        quarter = at // _QUARTER
        day = self.days.get(quarter)
        if day is None:
            _make_room(self.days)
            day = self.days[quarter] = day_of(Micros(quarter * _QUARTER), self.tools.zone)
        return day

    # ---- whom it is about --------------------------------------------------------------------------------------------

    def _whom(self, message: Message, *, trusted: bool) -> Whom:
        user = message.user if trusted else None
        whom = self.whoms.get((user, message.device))
        if whom is None:
            _make_room(self.whoms)
            whom = self.whoms[user, message.device] = Whom(self._ids(user, message.device))
        if not whom.ids:
            raise _unsigned() if message.user is not None and not trusted else _nobody()
        return whom

    def _ids(self, user: str | None, device: str | None) -> Ids:
        named = (("user_id", user), ("anonymous_id", device))
        return tuple(
            (kind, form) for kind, text in named if text is not None and (form := self._form(kind, text)) is not None
        )

    def _form(self, kind: str, text: str) -> str | None:
        try:
            return canonical(kind, text, region=self.tools.region)
        except BadInput as error:
            raise Unread("malformed", str(error)) from None

    def _introduced(self, place: int, message: Message, whom: Whom, sender: Sender, *, trusted: bool) -> Introduced:
        if not trusted:
            raise Unread("unsigned-user", "Only the shop's server, or a signature of its, may say who somebody is.")
        facts, addresses = _traits(message.traits)
        ids = whom.ids
        if not sender.public:  # a browser may claim any address
            forms = ((kind, self._form(kind, text)) for kind, text in addresses.items())
            ids = (*ids, *((kind, form) for kind, form in forms if form is not None))
        if not any(kind != "anonymous_id" for kind, _ in ids):
            raise Unread("no-id", "To say who somebody is, send a userId, or an e-mail address among the traits.")
        return Introduced(place, ids, {} if sender.public else facts)


def is_slow(message: Message | Unread) -> bool:
    """Whether a message holds a word about consent, or makes one person of two."""
    return isinstance(message, Message) and (
        message.kind in ("alias", "merge")
        or (len(message.event) in _LENGTHS and message.kind == "track" and message.event.lower() in _SLOW)
    )


def _name(message: Message | Unread, *, public: bool) -> str:
    """What a message is called where the shop looks at what came in; what nobody knows might be anybody's name."""
    if isinstance(message, Unread):
        return "(unread)"
    if message.kind != "track":
        return message.kind
    return message.event[:60] if not public or _is_known(message.event) else "(another name)"


@lru_cache(maxsize=1_024)
def _is_known(event: str) -> bool:
    return event.lower() in KNOWN or event.lower() in _SLOW


def _unsigned() -> Unread:
    return Unread("unsigned-user", "A key that stands on pages names a device, or a user with a signature.")


def _nobody() -> Unread:
    return Unread("no-id", "The message names nobody: send userId or anonymousId; words like 'guest' name nobody.")


# ---- by what an event is known again -----------------------------------------------------------------------------


@lru_cache(maxsize=1_024)
def _numbers(source: str) -> Callable[[str, int], int]:
    """By what the events of a sender's messages are known again."""
    return hash64_after("message", source)


def _key(reference: int, meaning: Meaning) -> int | None:
    """By what an event of an order is known again: the order, and the line; None where the message itself tells."""
    if meaning.type == ORDERED:
        return int(keys.order_keys(_array(reference))[0])
    if meaning.type == BOUGHT and meaning.product is not None:
        word = keys.product_word(meaning.product)
        return int(keys.line_keys(_array(reference), _array(word), _array(meaning.nth))[0])
    return None


def _array(number: int) -> Numbers:
    return np.array([number], np.int64)


_QUARTER: Final = 15 * 60 * SECOND  # midnight is at a full quarter of an hour in every zone there is
_MOST_REMEMBERED: Final = 100_000


def _make_room(memory: dict[Any, Any]) -> None:
    if len(memory) >= _MOST_REMEMBERED:
        memory.clear()


def signed(secret: bytes, user: str) -> str:
    """What proves to us that a browser may speak for a user: only the shop's own server can work it out."""
    return hmac.new(secret, user.encode(), "sha256").hexdigest()


# ---- what an identify says -----------------------------------------------------------------------------------------


class _Traits(Struct):
    email: Word = None
    phone: Word = None
    name: Word = None
    firstName: Word = None  # noqa: N815  (names of the wire)
    lastName: Word = None  # noqa: N815


_TRAITS: Final = msgspec.json.Decoder(_Traits | None)


def email_of(raw: Raw) -> str | None:
    """The e-mail address among some traits."""
    return _traits(raw)[1].get("email")


def _traits(raw: Raw) -> tuple[dict[str, str], dict[str, str]]:
    """The facts and the addresses among what an ``identify`` says of somebody."""
    try:
        said = _TRAITS.decode(raw) or _Traits()
    except (RecursionError, msgspec.DecodeError) as error:
        raise Unread("malformed", f"The traits cannot be read: {str(error).rstrip('.')}.") from None
    facts = {name: text for name in FACTS if (text := text_of(getattr(said, name))) is not None}
    addresses = {kind: text for kind in ("email", "phone") if (text := text_of(getattr(said, kind))) is not None}
    return facts, addresses


def text_of(word: object) -> str | None:
    """A word as a text; None where it says nothing."""
    text = str(word).strip() if word is not None and not isinstance(word, bool) else ""
    return text or None
