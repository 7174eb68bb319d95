"""The wire format of Segment's HTTP API, which RudderStack, Customer.io and others speak too: bytes to messages.

Only what goodwill may use is read; the rest of a message is passed over and never becomes an object. A message that
cannot be read is refused by itself: its neighbours are taken all the same.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from goodwill.basics.clock import Micros, micros

LARGEST_MESSAGE: Final = 32 * 1024
MOST_MESSAGES: Final = 500
MOST_OTHERS: Final = 10  # names that one message makes one person of
MOST_VALUES: Final = 150_000  # in a batch, three hundred a message; each costs memory once it is read
TYPES: Final = ("identify", "track", "page", "screen", "group", "alias", "merge")  # the last one is RudderStack's
LETTERS: Final[Mapping[str, str]] = {kind[0]: kind for kind in TYPES if kind != "merge"}

Word = str | int | float | bool | None


class Unread(Exception):
    """A message that cannot be taken: the rule that refused it, and a sentence."""

    def __init__(self, rule: str, detail: str) -> None:
        super().__init__(detail)
        self.rule = rule
        self.detail = detail


class _Consent(Struct):
    categoryPreferences: dict[str, bool] | None = None  # noqa: N815  (names of the wire)


class _Management(Struct):
    allowedConsentIds: list[str] | None = None  # noqa: N815
    deniedConsentIds: list[str] | None = None  # noqa: N815


class _Context(Struct):
    consent: _Consent | None = None
    consentManagement: _Management | None = None  # noqa: N815
    traits: Raw | UnsetType = UNSET
    userSignature: Word = None  # noqa: N815


class _Property(Struct):
    type: Word = None
    value: Word = None


class _Message(Struct):
    type: Word = None
    event: Word = None
    name: Word = None
    messageId: Word = None  # noqa: N815
    userId: Word = None  # noqa: N815
    anonymousId: Word = None  # noqa: N815
    previousId: Word = None  # noqa: N815
    timestamp: Word = None
    originalTimestamp: Word = None  # noqa: N815
    sentAt: Word = None  # noqa: N815
    traits: Raw | UnsetType = UNSET
    properties: Raw | UnsetType = UNSET
    context: _Context | None = None
    mergeProperties: list[_Property] | None = None  # noqa: N815


class _Batch(Struct):
    batch: list[Raw]
    sentAt: Word = None  # noqa: N815
    context: _Context | None = None
    writeKey: Word = None  # noqa: N815


class _Single(Struct):
    writeKey: Word = None  # noqa: N815


class Message(Struct, frozen=True, gc=False):
    """One message that could be read.

    Attributes:
        kind: one of `TYPES`.
        event: the name of what was tracked, or of the page; "" where there is none.
        id: the sender's own number of the message.
        user, device, previous: who is meant; None where not said.
        said_at: the sender's own timestamp; at: the same moment by our clock.
        properties, traits: JSON objects, unread.
        denied, allowed: what the message's own consent object says of categories; None where it says nothing.
        signature: proof by the shop's own server that this is the user.
        others: more names of whoever is meant, each with its kind as the sender calls it.
    """

    kind: str
    event: str
    id: str
    user: str | None
    device: str | None
    previous: str | None
    said_at: Micros
    at: Micros
    properties: Raw
    traits: Raw
    denied: frozenset[str] | None
    allowed: frozenset[str] | None
    signature: str | None
    others: tuple[tuple[str, str], ...] = ()


class Parcel(NamedTuple):
    """What one request brought: each message, or why it cannot be taken; and the key that stood in the body."""

    messages: tuple[Message | Unread, ...]
    key: str | None


_BATCH: Final = msgspec.json.Decoder(_Batch)
_SINGLE: Final = msgspec.json.Decoder(_Single)
_MESSAGE: Final = msgspec.json.Decoder(_Message)
_AT = re.compile(r" - at `\$(.*)`$")


def read_batch(body: bytes, *, now: Micros) -> Parcel:
    """The messages of a batch.

    Raises:
        ValueError: it is not JSON, not a batch, or holds more than `MOST_MESSAGES`; the sentence says which.
    """
    if body.count(b",") > MOST_VALUES:
        raise ValueError(f"A batch may hold {MOST_MESSAGES} messages; this body has more values than these could have.")
    batch = _decoded(_BATCH, body, "The body is not a batch")
    if len(batch.batch) > MOST_MESSAGES:
        raise ValueError(f"A batch may hold {MOST_MESSAGES} messages; this one has {len(batch.batch)}.")
    try:
        sent: Micros | Unread | None = _moment(batch.sentAt)
    except Unread as refused:
        sent = refused
    read = tuple(_read(one, None, sent, batch.context, now) for one in batch.batch)
    return Parcel(read, _text(batch.writeKey))


def read_one(body: bytes, kind: str, *, now: Micros) -> Parcel:
    """The one message of a request whose address says its type.

    Raises:
        ValueError: it is not a JSON object.
    """
    single = _decoded(_SINGLE, body, "The body is not a message")
    return Parcel((_read(Raw(body), kind, None, None, now),), _text(single.writeKey))


def _decoded(decoder: Any, body: bytes, what: str) -> Any:
    try:
        return decoder.decode(body)
    except RecursionError:
        raise ValueError("The JSON is nested too deep.") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{what}: {str(error).rstrip('.')}.") from None


def _read(
    raw: Raw, kind: str | None, sent: Micros | Unread | None, outer: _Context | None, now: Micros
) -> Message | Unread:
    try:
        return _message(raw, kind, sent, outer, now)
    except Unread as refused:
        return refused


def _message(raw: Raw, kind: str | None, sent: Micros | Unread | None, outer: _Context | None, now: Micros) -> Message:
    size = len(memoryview(raw))
    if size > LARGEST_MESSAGE:
        raise Unread("too-large", f"A message may have {LARGEST_MESSAGE} bytes; this one has {size}.")
    try:
        told = _MESSAGE.decode(raw)
    except RecursionError:
        raise Unread("malformed", "The message is nested too deep.") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Unread("malformed", f"{str(error).rstrip('.')}.") from None
    kind = kind or _text(told.type) or ""
    if kind not in TYPES:
        raise Unread("unknown-type", f"'{kind[:40]}' is not a type of message. There are: {', '.join(TYPES)}.")
    number = _text(told.messageId)
    if number is None:
        raise Unread("no-message-id", "Without a messageId a repeat cannot be told from news; send one.")
    said_at = _moment(told.originalTimestamp if told.originalTimestamp is not None else told.timestamp)
    if told.sentAt is not None:
        sent = _moment(told.sentAt)
    if isinstance(sent, Unread):
        raise sent
    context = told.context or _NO_CONTEXT
    allowed, denied = _choices(context, outer or _NO_CONTEXT)
    properties, traits = told.properties, told.traits if told.traits is not UNSET else context.traits
    return Message(
        kind,
        _text(told.event) or _text(told.name) or "",
        number,
        _text(told.userId),
        _text(told.anonymousId),
        _text(told.previousId),
        now if said_at is None else said_at,
        _by_our_clock(said_at, sent, now),
        _NOTHING if properties is UNSET else properties,
        _NOTHING if traits is UNSET else traits,
        denied,
        allowed,
        _text(context.userSignature),
        _others(told.mergeProperties) if kind == "merge" else (),
    )


def _others(given: list[_Property] | None) -> tuple[tuple[str, str], ...]:
    named = [(_text(one.type), _text(one.value)) for one in (given or ())[:MOST_OTHERS]]
    return tuple((kind, value) for kind, value in named if kind is not None and value is not None)


_NOTHING: Final = Raw(b"{}")
_NO_CONTEXT: Final = _Context()


def _choices(mine: _Context, outer: _Context) -> tuple[frozenset[str] | None, frozenset[str] | None]:
    """What a message says is allowed and denied, in Segment's words or RudderStack's."""
    consent, management = mine.consent or outer.consent, mine.consentManagement or outer.consentManagement
    if consent is not None and consent.categoryPreferences is not None:
        said = consent.categoryPreferences
        return frozenset(n for n, yes in said.items() if yes), frozenset(n for n, yes in said.items() if not yes)
    if management is not None and (management.allowedConsentIds or management.deniedConsentIds):
        return frozenset(management.allowedConsentIds or ()), frozenset(management.deniedConsentIds or ())
    return None, None


def _by_our_clock(said_at: Micros | None, sent: Micros | None, now: Micros) -> Micros:
    """When it happened by our clock: as long before it came in as, by the sender's, before it was sent."""
    if said_at is None:
        return now
    if sent is None:
        return min(said_at, now)
    return Micros(min(now - (sent - said_at), now))


_FIRST, _LAST = micros(datetime(1971, 1, 1, tzinfo=UTC)), micros(datetime(9000, 1, 1, tzinfo=UTC))


def _moment(word: Word) -> Micros | None:
    """A moment, by ISO 8601 or by seconds or milliseconds since 1970; None where nothing is said."""
    if word is None or word == "":
        return None
    try:
        if isinstance(word, str):
            at = datetime.fromisoformat(word)
            found = micros(at if at.tzinfo is not None else at.replace(tzinfo=UTC))
        else:  # nobody writes seconds beyond the year 5000, nor milliseconds before 1973
            found = Micros(int(word * 1_000_000 if abs(word) < 10**11 else word * 1_000))
    except (ValueError, OverflowError):
        raise Unread("bad-time", f"'{str(word)[:40]}' is not a time such as 2026-01-31T14:30:00Z.") from None
    if not _FIRST < found < _LAST:
        raise Unread("bad-time", f"'{str(word)[:40]}' lies outside the years 1971 to 8999.")
    return found


def _text(word: Word) -> str | None:
    """An id or a name as text; numbers are written as they came."""
    if word is None or word is True or word is False:
        return None
    text = word if word.__class__ is str else str(word)
    if len(text) > 500 or "\0" in text:
        raise Unread("malformed", "An id or a name has at most 500 letters, and no NUL among them.")
    return text.strip() or None
