"""Take many messages in at once: whose they are, whether anything of them may be kept, and then all in one go.

Whoever is not known and allowed nothing leaves no trace: nobody is made for an event that is not kept.
"""

import hmac
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, cast

import msgspec
import numpy as np
from msgspec import Raw, Struct
from sqlalchemy import Connection

from goodwill import people
from goodwill.basics.clock import SECOND, Micros, day_of
from goodwill.basics.errors import BadInput
from goodwill.basics.ids import PersonId, Position, ProductId, hash64
from goodwill.catalogue import store as catalogue
from goodwill.catalogue.products import Product
from goodwill.collect import keys
from goodwill.collect.columns import Numbers
from goodwill.collect.live.commerce import Meaning, meanings
from goodwill.collect.live.orders import told_by_systems
from goodwill.collect.live.segment import Message, Unread, Word
from goodwill.collect.writing import Tools
from goodwill.people import keeping, log
from goodwill.people.canonical import canonical
from goodwill.people.columns import EventColumns
from goodwill.people.keeping import Cells
from goodwill.people.together import Id, Met, identify_rows, known_by
from goodwill.people.types import BOUGHT, BY_CODE, ORDERED, REFUNDED
from goodwill.purposes import Category
from goodwill.storage import audit

TAKEN: Final = ""
# The traits that are kept, and the category each belongs to; what else a site knows of somebody stays there.
_FACTS: Final[Mapping[str, tuple[str, Category]]] = {
    "name": ("name", Category("contact")),
    "firstName": ("first-name", Category("contact")),
    "lastName": ("last-name", Category("contact")),
}
Ids = tuple[tuple[str, str], ...]


class Outcome(NamedTuple):
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


class Took(NamedTuple):
    """What became of some requests.

    Attributes:
        outcomes: of each message of each request.
        introduced: whom an ``identify`` told something new of, and by which key.
    """

    outcomes: list[list[Outcome]]
    introduced: tuple[tuple[str, PersonId], ...]


class Given(NamedTuple):
    """What one request brought."""

    sender: Sender
    messages: tuple[Message | Unread, ...]


@dataclass(slots=True)
class _Event:
    """One event on its way into the log."""

    place: tuple[int, int]
    meaning: Meaning
    ids: Ids
    at: Micros
    day: int
    key: int
    trusted: bool
    reference: int | None = None
    person: PersonId | None = None
    product: int | None = None


@dataclass(slots=True)
class _Work:
    """What a group of requests asks for, gathered before anything is asked of the database."""

    outcomes: list[list[Outcome]]
    events: list[_Event] = field(default_factory=list)
    told: dict[Ids, dict[str, str]] = field(default_factory=dict)  # whom an identify names, and the fields
    introduced: list[tuple[tuple[int, int], Ids]] = field(default_factory=list)
    denied: dict[tuple[int, int], frozenset[str]] = field(default_factory=dict)


@dataclass
class Memory:
    """What was asked of the database a moment ago, as long as nothing that it depends on has changed.

    Attributes:
        stand: the last rows of the audit log and of the consent ledger, and the minute.
        forms: ids as they are written, and the one form of each.
        known: who ids belong to, and what may be kept of her.
        products: the catalogue's numbers, by the shop's own ids.
    """

    stand: tuple[int, int, int, bool] = (-1, -1, -1, False)
    forms: dict[tuple[str, str], str | None] = field(default_factory=dict)
    known: dict[Ids, tuple[PersonId, Cells]] = field(default_factory=dict)
    products: dict[str, ProductId] = field(default_factory=dict)

    def at(self, stand: tuple[int, int, int, bool]) -> None:
        """Forget what may be out of date."""
        if stand != self.stand or len(self.known) > _MOST_KNOWN or len(self.products) > _MOST_KNOWN:
            self.known.clear()
            self.products.clear()
            self.stand = stand
        if len(self.forms) > _MOST_KNOWN:
            self.forms.clear()


_MOST_KNOWN: Final = 100_000


@dataclass(frozen=True)
class Taking:
    """Takes messages in, for one shop; one at a time.

    Attributes:
        purposes_of: which purposes a consent category of somebody else's banner speaks of; ``*`` any other one.
        secret: with it the shop's own server signs who a user is (HMAC-SHA256 of the user's id, in hex).
    """

    tools: Tools
    purposes_of: Mapping[str, frozenset[str]]
    secret: bytes
    memory: Memory = field(default_factory=Memory)

    def take(
        self, connection: Connection, given: Sequence[Given], *, now: Micros, reached: Position, trusts: bool
    ) -> Took:
        """Write what may be kept, in one transaction, and tell what became of each message.

        Args:
            reached: the last row of the consent ledger.
            trusts: whether the consent ledger may be believed; if not, only what needs no yes is kept.
        """
        self.memory.at((audit.last_position(connection), reached, now // _MINUTE, trusts))
        work = self._read(given)
        introduced = self._introduce(connection, work, now)
        allowed = self._keep(connection, work, now, trusts=trusts)
        self._write(connection, work, allowed, now, trusts=trusts)
        return Took(work.outcomes, tuple((given[n].sender.key, person) for n, person in introduced))

    # ---- reading -----------------------------------------------------------------------------------------------------

    def _read(self, given: Sequence[Given]) -> _Work:
        work = _Work([[_TAKEN] * len(one.messages) for one in given])
        days = _Days(self.tools)
        for n, (sender, messages) in enumerate(given):
            for m, message in enumerate(messages):
                try:
                    self._read_one(work, (n, m), sender, message, days)
                except Unread as refused:
                    work.outcomes[n][m] = Outcome(refused.rule, refused.detail)
        return work

    def _read_one(
        self, work: _Work, place: tuple[int, int], sender: Sender, message: Message | Unread, days: "_Days"
    ) -> None:
        if isinstance(message, Unread):
            raise message
        trusted = not sender.public or self.is_signed(message)
        ids = self._ids(message, trusted=trusted)
        if message.kind == "identify":
            self._read_identify(work, place, message, ids, trusted=trusted, server=not sender.public)
            return
        if message.kind == "group":
            raise Unread("not-kept", "goodwill keeps no groups of people.")
        if message.denied:
            work.denied[place] = message.denied
        for n, meaning in enumerate(meanings(message, self.tools.currency)):
            event = _Event(place, meaning, ids, message.at, days.of(message.said_at), 0, trusted=not sender.public)
            self._number(event, sender, message, n)
            work.events.append(event)

    def _ids(self, message: Message, *, trusted: bool) -> Ids:
        """By what a message says whom it is about, in the one form of each."""
        found: list[tuple[str, str]] = []
        if trusted and message.user is not None and (form := self._form("user_id", message.user)) is not None:
            found.append(("user_id", form))
        if message.device is not None and (form := self._form("anonymous_id", message.device)) is not None:
            found.append(("anonymous_id", form))
        if found:
            return tuple(found)
        if message.user is not None and not trusted:
            raise Unread("unsigned-user", "A key that stands on pages names a device, or a user with a signature.")
        raise Unread("no-id", "The message names nobody: send userId or anonymousId; words like 'guest' name nobody.")

    def _form(self, kind: str, text: str) -> str | None:
        found = self.memory.forms.get((kind, text), self)
        if found is self:
            try:
                found = canonical(kind, text, region=self.tools.region)
            except BadInput as error:
                raise Unread("malformed", str(error)) from None
            self.memory.forms[kind, text] = found
        return cast("str | None", found)

    def is_signed(self, message: Message) -> bool:
        if message.signature is None or message.user is None:
            return False
        return hmac.compare_digest(signed(self.secret, message.user), message.signature.lower())

    def _number(self, event: _Event, sender: Sender, message: Message, n: int) -> None:
        """By what the event is known again: its order and product, or the sender's number of the message."""
        meaning = event.meaning
        if meaning.order is not None:
            event.reference = keys.reference(self.tools.source, meaning.order)
        if event.reference is not None and meaning.type == ORDERED:
            event.key = int(keys.order_keys(_array(event.reference))[0])
        elif event.reference is not None and meaning.type == BOUGHT and meaning.product is not None:
            word = keys.product_word(meaning.product)
            event.key = int(keys.line_keys(_array(event.reference), _array(word), _array(meaning.nth))[0])
        else:
            event.key = hash64("message", sender.source, message.id, n)

    def _read_identify(
        self, work: _Work, place: tuple[int, int], message: Message, ids: Ids, *, trusted: bool, server: bool
    ) -> None:
        if not trusted:
            raise Unread("unsigned-user", "Only the shop's server, or a signature of its, may say who somebody is.")
        fields, addresses = _traits(message.traits)
        if server:  # a browser may claim any address
            for kind, text in addresses.items():
                form = self._form(kind, text)
                if form is not None:
                    ids = (*ids, (kind, form))
        if not any(kind != "anonymous_id" for kind, _ in ids):
            raise Unread("no-id", "To say who somebody is, send a userId, or an e-mail address among the traits.")
        work.introduced.append((place, ids))
        if fields and server:
            work.told.setdefault(ids, {}).update(fields)

    # ---- who, and whether --------------------------------------------------------------------------------------------

    def _introduce(self, connection: Connection, work: _Work, now: Micros) -> list[tuple[int, PersonId]]:
        """Let people be known by what `identify` says; tells which request told something new, and of whom."""
        if not work.introduced:
            return []
        different = list(dict.fromkeys(ids for _, ids in work.introduced))
        met = dict(zip(different, self._met(connection, different, now), strict=True))
        told: dict[PersonId, dict[str, tuple[Category, str | None]]] = {}
        for ids, fields in work.told.items():
            if (one := met[ids]) is not None:
                told.setdefault(one.person, {}).update(
                    {_FACTS[n][0]: (_FACTS[n][1], text) for n, text in fields.items()}
                )
        changed = {one.person for one in met.values() if one is not None and one.new}
        if told:
            written = people.set_profiles(connection, self.tools.cipher, told, now=now)
            changed |= {line.person for line in written.before}
        by: dict[PersonId, int] = {}
        for (n, m), ids in work.introduced:
            if (one := met[ids]) is None:
                work.outcomes[n][m] = Outcome("left-alone", _LEFT_ALONE)
            elif one.person in changed:
                by.setdefault(one.person, n)
        return [(n, person) for person, n in by.items()]

    def _met(self, connection: Connection, different: Sequence[Ids], now: Micros) -> list[Met | None]:
        rows = [{kind: Id(form, form) for kind, form in ids} for ids in different]
        return identify_rows(connection, self.tools.cipher, rows, now=now)

    def _keep(
        self, connection: Connection, work: _Work, now: Micros, *, trusts: bool
    ) -> Mapping[Ids, tuple[PersonId | None, Cells]]:
        """Of whom what may be kept."""
        different = dict.fromkeys(event.ids for event in work.events)
        known = self.memory.known
        asked = [ids for ids in different if ids not in known]
        found: dict[Ids, tuple[PersonId | None, Cells]] = {ids: known[ids] for ids in different if ids in known}
        if not asked:
            return found
        rows = [{kind: Id(form, form) for kind, form in ids} for ids in asked]
        persons = known_by(connection, self.tools.cipher, rows)
        register, day = self.tools.register, day_of(now, self.tools.zone)
        those = {person for person in persons if person is not None}
        cells = keeping.may_keep(connection, register, those, at=now, day=day, trusts=trusts)
        stranger = keeping.of_strangers(register, day=day)
        for ids, person in zip(asked, persons, strict=True):
            if person is None:
                found[ids] = None, stranger
            else:
                found[ids] = known[ids] = person, cells[person]
        return found

    # ---- writing -----------------------------------------------------------------------------------------------------

    def _write(
        self,
        connection: Connection,
        work: _Work,
        allowed: Mapping[Ids, tuple[PersonId | None, Cells]],
        now: Micros,
        *,
        trusts: bool,
    ) -> None:
        kept: list[_Event] = []
        dropped: dict[tuple[int, int], Category] = {}
        for event in work.events:
            category = BY_CODE[event.meaning.type].category
            denied = work.denied.get(event.place)
            cells = allowed[event.ids][1]
            may = cells.categories if denied is None else cells.without(self.purposes(denied))
            if category in may:
                kept.append(event)
            else:
                dropped[event.place] = category
        kept = self._with_products(connection, work, kept)
        self._find_persons(connection, work, kept, allowed, now)
        kept = [event for event in kept if event.person is not None]
        if fresh := self._not_told_yet(connection, kept, now, trusts=trusts):
            log.append(connection, _columns(fresh))
        counts: dict[tuple[int, int], int] = {}
        for event in kept:
            counts[event.place] = counts.get(event.place, 0) + 1
        for (n, m), category in dropped.items():
            if (n, m) not in counts and work.outcomes[n][m].rule == TAKEN:
                work.outcomes[n][m] = Outcome("no-consent", f"Nobody may keep '{category}' of this person.")
        for (n, m), count in counts.items():
            work.outcomes[n][m] = Outcome(kept=count)

    def _not_told_yet(
        self, connection: Connection, events: Sequence[_Event], now: Micros, *, trusts: bool
    ) -> list[_Event]:
        """Those events that no connected system told of; what they add to an order of its is its customer's."""
        told = told_by_systems(connection, {event.reference for event in events if event.reference is not None})
        if not told:
            return list(events)
        persons, day = {one.person for one in told.values()}, day_of(now, self.tools.zone)
        cells = keeping.may_keep(connection, self.tools.register, persons, at=now, day=day, trusts=trusts)
        fresh = []
        for event in events:
            order = told.get(event.reference) if event.reference is not None else None
            if order is None:
                fresh.append(event)
            elif event.meaning.type in order.types:
                continue
            elif event.trusted and BY_CODE[event.meaning.type].category in cells[order.person].categories:
                event.person = order.person
                fresh.append(event)
            elif not event.trusted and event.meaning.type != REFUNDED:
                fresh.append(event)  # of whoever it said: anybody may have that key, and name anybody's order
        return fresh

    def purposes(self, categories: Iterable[str]) -> frozenset[str]:
        """The purposes that some categories of a banner speak of; a category nobody knows speaks of all of them."""
        found: set[str] = set()
        for category in categories:
            found |= self.purposes_of.get(category.strip().lower()) or self.purposes_of["*"]
        return frozenset(found)

    def _with_products(self, connection: Connection, work: _Work, events: Sequence[_Event]) -> list[_Event]:
        """Those events whose product is known; what the shop's own server names is added to the catalogue."""
        named = {event.meaning.product for event in events if event.meaning.product is not None}
        if not named:
            return list(events)
        known = self.memory.products
        known.update(catalogue.ids_of(connection, named - known.keys()))
        fresh: dict[str, Product] = {}
        for event in events:
            product = event.meaning.product
            if product is not None and product not in known and event.trusted:
                fresh.setdefault(product, _product(product, event.meaning))
        if fresh:
            added = catalogue.upsert_many(connection, list(fresh.values()))
            known.update(zip(fresh, added.ids, strict=True))
        kept = []
        for event in events:
            product = event.meaning.product
            if product is None:
                kept.append(event)
            elif product in known:
                event.product = known[product]
                kept.append(event)
            else:
                n, m = event.place
                detail = f"The catalogue has no product '{product[:60]}', and a key on pages adds none."
                work.outcomes[n][m] = Outcome("unknown-product", detail)
        return kept

    def _find_persons(
        self,
        connection: Connection,
        work: _Work,
        events: Sequence[_Event],
        allowed: Mapping[Ids, tuple[PersonId | None, Cells]],
        now: Micros,
    ) -> None:
        """Whose each event is; whoever is new is made now, and a device that came with a user is noted as hers."""
        different = list(dict.fromkeys(event.ids for event in events))
        unsure = [ids for ids in different if allowed[ids][0] is None or len(ids) > 1]
        met = dict(zip(unsure, self._met(connection, unsure, now), strict=True)) if unsure else {}
        for event in events:
            one = met.get(event.ids)
            event.person = one.person if one is not None else None if event.ids in met else allowed[event.ids][0]
            if event.person is None:
                n, m = event.place
                work.outcomes[n][m] = Outcome("left-alone", _LEFT_ALONE)


_LEFT_ALONE: Final = "Whoever this is was erased and asked to be left alone."


class _Days:
    """The shop's calendar day of many moments: worked out once for each quarter of an hour."""

    def __init__(self, tools: Tools) -> None:
        self._zone = tools.zone
        self._known: dict[int, int] = {}

    def of(self, at: Micros) -> int:
        quarter = at // _QUARTER
        day = self._known.get(quarter)
        if day is None:
            day = self._known[quarter] = day_of(quarter * _QUARTER, self._zone)
        return day


_MINUTE: Final = 60 * SECOND
_QUARTER: Final = 15 * 60 * SECOND  # midnight is at a full quarter of an hour in every zone there is


def _array(number: int) -> Numbers:
    return np.array([number], np.int64)


def _columns(events: Sequence[_Event]) -> EventColumns:
    return EventColumns(
        person=[event.person for event in events],
        type=[event.meaning.type for event in events],
        at=[event.at for event in events],
        day=[event.day for event in events],
        product=[event.product for event in events],
        quantity=[event.meaning.quantity for event in events],
        amount=[event.meaning.amount for event in events],
        currency=[event.meaning.currency for event in events],
        reference=[event.reference for event in events],
        key=[event.key for event in events],
        detail=[
            None if event.meaning.detail is None else json.dumps(event.meaning.detail, sort_keys=True)
            for event in events
        ],
    )


def _product(external: str, meaning: Meaning) -> Product:
    thing = meaning.thing
    if thing is None:
        return Product(external)
    return Product(
        external, name=_text(thing.name), category=_text(thing.category), brand=_text(thing.brand),
        url=_text(thing.url), image=_text(thing.image_url),
    )  # fmt: skip


def _text(word: object) -> str | None:
    text = str(word).strip() if word is not None and not isinstance(word, bool) else ""
    return text or None


def signed(secret: bytes, user: str) -> str:
    """What proves to us that a browser may speak for a user: only the shop's own server can work it out."""
    return hmac.new(secret, user.encode(), "sha256").hexdigest()


class _Traits(Struct):
    email: Word = None
    phone: Word = None
    name: Word = None
    firstName: Word = None  # noqa: N815  (names of the wire)
    lastName: Word = None  # noqa: N815


_TRAITS: Final = msgspec.json.Decoder(_Traits | None)


def _traits(raw: Raw) -> tuple[dict[str, str], dict[str, str]]:
    """The facts and the addresses among what an ``identify`` says of somebody."""
    try:
        said = _TRAITS.decode(raw) or _Traits()
    except (RecursionError, msgspec.DecodeError) as error:
        raise Unread("malformed", f"The traits cannot be read: {str(error).rstrip('.')}.") from None
    facts = {name: text for name in _FACTS if (text := _text(getattr(said, name))) is not None}
    addresses = {kind: text for kind in ("email", "phone") if (text := _text(getattr(said, kind))) is not None}
    return facts, addresses
