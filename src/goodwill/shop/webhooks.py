"""What the shop's other systems send by themselves: taken at once, sealed, and worked on in the order in which it came.

A webhook is answered as soon as it is on disk. What it says goes the roads that files and programs go: who is meant,
whether any of it may be kept, which order it is. Whoever is killed at work has it done again, and nothing counts twice.
"""

import json
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection

from goodwill import people
from goodwill.basics.clock import DAY, SECOND, day_of
from goodwill.basics.errors import BadInput, Conflict, KeyDestroyed, NotFound
from goodwill.basics.ids import PersonId
from goodwill.collect.connectors import gaps, shopify, square, store, stripe, woocommerce
from goodwill.collect.connectors.acts import Said
from goodwill.collect.connectors.signatures import System, is_signed
from goodwill.collect.connectors.store import Delivery, Source
from goodwill.collect.connectors.taking import Outcome, Waits
from goodwill.collect.live import store as counts
from goodwill.collect.live.rules import status_of, words_of
from goodwill.collect.live.segment import Unread
from goodwill.collect.live.store import Came
from goodwill.protect import Box, Sealed
from goodwill.shop.webhook_acts import Carrier
from goodwill.shop.who import Who
from goodwill.staff.roles import Act
from goodwill.storage.audit import Actor

if TYPE_CHECKING:
    from goodwill.shop.shop import Shop

BODIES_KEPT: Final = 7 * DAY
ROWS_KEPT: Final = 90 * DAY
LEASE: Final = 120 * SECOND  # longer than any webhook may take
_WAITS: Final = (30, 120, 600, 3_600, 4 * 3_600, 12 * 3_600, 24 * 3_600)  # seconds after the first, second … failed try
_PATIENCE: Final = 3.0  # seconds; Shopify waits for five
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_TOPIC = re.compile(r"[a-z][a-z0-9_]*([./][a-z0-9_]+){1,4}")
_DELIVERY = re.compile(r"[A-Za-z0-9._:-]{1,100}")
_PING = re.compile(rb"webhook_id=\d{1,20}")
_READERS: Final[Mapping[System, Callable[[str, bytes, str], Said]]] = {
    System.SHOPIFY: shopify.read,
    System.WOOCOMMERCE: woocommerce.read,
    System.SQUARE: square.read,
    System.STRIPE: stripe.read,
}
# Of what is dropped by these, or done, the body is of no use any more: saying it again would change nothing.
_AGAIN: Final = frozenset({"", "unknown-order"})
# Everything about the card that was paid with.
_OF_CARDS: Final = frozenset(
    {
        "card", "card_details", "payment_method_details", "payment_method_options", "payment_method", "source",
        "sources", "default_source", "cards", "card_present", "bank_account_details", "wallet_details",
    }
)  # fmt: skip


class Unsigned(Exception):
    """The signature of a webhook does not fit."""


@dataclass(frozen=True, slots=True)
class Worked:
    """How many deliveries were worked on, by what became of them."""

    taken: int = 0
    dropped: int = 0
    refused: int = 0
    later: int = 0

    @property
    def any(self) -> bool:
        """Whether there was anything to do."""
        return any((self.taken, self.dropped, self.refused, self.later))


@dataclass(frozen=True, slots=True)
class Listed:
    """A source as it is shown.

    Attributes:
        url: what is entered at the sender.
        alarms: what somebody should look at, each in a sentence.
    """

    source: Source
    url: str
    alarms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ShownDelivery:
    """A delivery as every face shows it: not what it said.

    Attributes:
        rule: that dropped or refused it, or the kind of the last failure; because: the same in words.
        is_kept: whether what it said is still there, so that it can be worked on once more.
        is_stuck: whether somebody might want that.
    """

    id: int
    system: str
    name: str
    topic: str
    at: int
    state: str
    rule: str
    because: str
    tries: int
    is_kept: bool
    is_stuck: bool


@dataclass(frozen=True, slots=True)
class Watched:
    """How a source does, in numbers.

    Attributes:
        lately: deliveries of the last day by what became of them.
        waiting: how many are still to be worked on; oldest: seconds since the first of them came.
    """

    system: str
    name: str
    lately: Mapping[str, int]
    waiting: int
    oldest: float


@dataclass(frozen=True)
class Webhooks:
    """The webhooks of one shop."""

    shop: "Shop"

    # ---- sources -----------------------------------------------------------------------------------------------------

    def add(self, system: str, name: str, secret: str) -> Listed:
        """Make a source: the address that is entered at the sender, and the secret with which it signs.

        Raises:
            BadInput: there is no such system, or the name or the secret is none.
            Conflict: a source of this name is, or was, there.
        """
        kind = _system(system)
        if not _NAME.fullmatch(name):
            raise BadInput(
                "A source is named in small letters, digits, - and _, such as main; it stands in an address."
            )
        key = secret.strip()
        if len(key) < 8 or not key.isascii() or not key.isprintable():
            raise BadInput(f"That is no signing secret. {_WHERE[kind]}")
        with self.shop.change("webhook.add") as change:
            self.shop.staff.demand(Act.KEYS)
            change.entry.detail.update(system=kind.value, source=name)
            if store.source(change.connection, kind, name) is not None:
                raise Conflict(f"There is, or was, a source '{name}' of {kind}. Choose another name.")
            number = store.add_source(change.connection, kind, name, now=self.shop.clock())
            store.change_source(change.connection, number, {"secret": self._box.seal(key, "source", number)})
            return self._listed(change.connection, store.source_of(change.connection, number))

    def revoke(self, system: str, name: str) -> Listed:
        """Close a source for good: what it sends is not known any more; what it said is dropped.

        Raises:
            NotFound: there is none of that name.
        """
        with self.shop.change("webhook.revoke") as change:
            self.shop.staff.demand(Act.KEYS)
            change.entry.detail.update(system=str(system), source=name[:40])
            source = self._known(change.connection, system, name)
            if source.state != store.REVOKED:
                closed = {"state": store.REVOKED, "closed_at": self.shop.clock(), "secret": b""}
                store.change_source(change.connection, source.id, closed)
                store.drop_all_bodies(change.connection, source.id)
            return self._listed(change.connection, store.source_of(change.connection, source.id))

    def sources(self) -> "list[Listed]":
        """All sources, the earliest first."""
        with self.shop.database.reading() as connection:
            return [self._listed(connection, source) for source in store.sources(connection)]

    def _listed(self, connection: Connection, source: Source) -> Listed:
        alarms = gaps.alarms(connection, source, now=self.shop.clock())
        return Listed(source, self._url(source.system, source.name), tuple(alarms))

    def _known(self, connection: Connection, system: str, name: str) -> Source:
        found = store.source(connection, _system(system), name)
        if found is None:
            raise NotFound(f"There is no source '{name[:40]}' of {system}. goodwill webhooks list shows all.")
        return found

    def _url(self, system: str, name: str) -> str:
        return f"{self.shop.settings.reached_at}/webhooks/{system}/{name}"

    @cached_property
    def _box(self) -> Box:
        return self.shop.cipher.box("webhooks")

    # ---- what was delivered ------------------------------------------------------------------------------------------

    def deliveries(
        self, system: str | None = None, name: str | None = None, *, failed: bool = False, limit: int = 50
    ) -> "list[Delivery]":
        """The latest deliveries, of one source or of all.

        Raises:
            NotFound: there is no such source.
        """
        with self.shop.database.reading() as connection:
            number = None if system is None or name is None else self._known(connection, system, name).id
            return store.latest(connection, source=number, failed=failed, limit=limit)

    def shown(
        self, system: str | None = None, name: str | None = None, *, failed: bool = False, limit: int = 50
    ) -> "list[ShownDelivery]":
        """The latest deliveries as every face shows them. Raises as `deliveries`."""
        found = self.deliveries(system, name, failed=failed, limit=limit)
        with self.shop.database.reading() as connection:
            return self._as_shown(connection, found)

    def _as_shown(self, connection: Connection, found: "list[Delivery]") -> "list[ShownDelivery]":
        sources = {one.id: one for one in store.sources(connection)}
        return [
            ShownDelivery(
                one.id, sources[one.source].system, sources[one.source].name, one.topic, one.at, one.state,
                one.reason or "", words_of(one.reason or "") or one.reason or "", one.tries,
                is_kept=one.sealed is not None, is_stuck=one.state in (store.FAILED, store.REFUSED),
            )
            for one in found
        ]  # fmt: skip

    def watched(self) -> "list[Watched]":
        """How every source does that is not revoked, in numbers."""
        now = self.shop.clock()
        with self.shop.database.reading() as connection:
            open_ = [one for one in store.sources(connection) if one.state != store.REVOKED]
            lately, waiting = store.counted(connection, since=now - DAY), store.waiting(connection)
        return [
            Watched(one.system, one.name, lately.get(one.id, {}), many, (now - oldest) / SECOND)
            for one in open_
            for many, oldest in [waiting.get(one.id, (0, now))]
        ]

    def replay(self, number: int) -> ShownDelivery:
        """Work on a delivery once more, as if it had just come.

        Raises:
            NotFound: there is none of that number.
            Conflict: what it said is not kept any more, or it is being worked on.
        """
        with self.shop.change("webhook.replay") as change:
            self.shop.staff.demand(Act.KEYS)
            change.entry.detail["delivery"] = number
            found = store.one(change.connection, number)
            if found is None:
                raise NotFound(f"There is no delivery {number}. goodwill webhooks deliveries shows them.")
            if found.state == store.WORKING:
                raise Conflict("It is being worked on right now.")
            if found.sealed is None:
                raise Conflict("What it said is not kept any more: for 7 days, and only where it may be kept at all.")
            self._again(change.connection, number)
            return self._as_shown(change.connection, [store.one(change.connection, number) or found])[0]

    def _again(self, connection: Connection, number: int) -> None:
        values = {"state": store.NEW, "tries": 0, "due_at": self.shop.clock(), "reason": None, "done_at": None}
        store.change(connection, number, values)

    def tidy(self) -> None:
        """Let go of bodies after a week, and of everything else about a delivery after three months."""
        now = self.shop.clock()
        with self.shop.database.transaction() as connection:
            store.drop_bodies(connection, before=now - BODIES_KEPT)
            store.drop_rows(connection, before=now - ROWS_KEPT)

    # ---- taking ------------------------------------------------------------------------------------------------------

    def receive(self, system: System, name: str, headers: Mapping[str, str], body: bytes) -> bool:
        """Put a webhook on disk, to be worked on later; False if it came before, or holds nothing.

        Raises:
            NotFound: there is no such source; it takes as long to say so as to check a signature.
            Unsigned: the signature does not fit.
            Busy: the database is held by another change; the sender comes back.
        """
        with self.shop.database.reading() as connection:
            source = store.source(connection, system, name[:40])
        live = source if source is not None and source.state != store.REVOKED else None
        secret = self._box.mark("no source").hex() if live is None else self._box.open(live.secret, "source", live.id)
        signed = is_signed(system, secret, headers, body, url=self._url(system, name), now=self.shop.clock())
        if live is None:
            raise NotFound("There is no such source.")
        if system is System.WOOCOMMERCE and "x-wc-webhook-signature" not in headers and _PING.fullmatch(body):
            return False  # what it sends to see whether anybody is there; it says nothing and is not signed
        if not signed:
            raise Unsigned
        delivery, topic, kept = _labelled(system, headers, body)
        if live.state == store.UNINSTALLED and topic not in shopify.COMPLIANCE:
            return False
        return self._put(live, delivery, topic, kept)

    def _put(self, source: Source, delivery: str, topic: str, body: str | None) -> bool:
        with self.shop.database.transaction(patience=_PATIENCE) as connection:
            number = store.add(connection, source.id, delivery, topic, now=self.shop.clock())
            if number is None:
                return False
            if body is None:
                store.change(connection, number, {"state": store.REFUSED, "reason": "malformed"})
            else:
                store.change(connection, number, {"sealed": self._box.seal(body, "delivery", number)})
        return body is not None

    # ---- working -----------------------------------------------------------------------------------------------------

    def work(self, *, limit: int = 1_000) -> Worked:
        """Work on what came, in its order."""
        with self.shop.database.reading() as connection:
            if not store.is_any_due(connection, now=self.shop.clock()):
                return Worked()
        became: dict[str, int] = {}
        for _ in range(limit):
            now, lease = self.shop.clock(), secrets.randbits(62)
            with self.shop.database.transaction() as connection:
                delivery = store.claim(connection, lease, now=now, leased_until=now + LEASE)
                source = None if delivery is None else store.source_of(connection, delivery.source)
            if delivery is None or source is None:
                break
            state = self._work_on(source, delivery, lease)
            became[state] = became.get(state, 0) + 1
        return Worked(
            became.get(store.DONE, 0), became.get(store.DROPPED, 0),
            became.get(store.REFUSED, 0) + became.get(store.FAILED, 0), became.get(store.NEW, 0),
        )  # fmt: skip

    def _work_on(self, source: Source, delivery: Delivery, lease: int) -> str:
        """Work on one delivery, and write down what became of it."""
        outcome = Outcome()
        try:
            outcome = self._carried_out(source, delivery)
            state = store.DROPPED if status_of(outcome.rule) == "dropped" else store.REFUSED if outcome.rule else ""
            values: dict[str, Any] = {"state": state or store.DONE, "reason": outcome.rule or None}
        except (Unread, Waits) as unread:
            outcome = Outcome(unread.rule)
            waits = isinstance(unread, Waits)
            last = store.DROPPED if waits else store.REFUSED
            values = self._later(delivery, unread.rule, last) if waits else {"state": last, "reason": unread.rule}
        except Exception as error:  # noqa: BLE001 - whatever it is, the next one is worked on all the same
            values = self._later(delivery, type(error).__name__, store.FAILED)
        now = self.shop.clock()
        with self.shop.database.transaction() as connection:
            if values["state"] in (store.DONE, store.DROPPED, store.REFUSED):
                values |= {"done_at": now, **self._kept(connection, delivery, outcome)}
                came = Came(source.sender, delivery.topic, outcome.rule)
                counts.note(connection, came, day=day_of(now, self.shop.settings.zone), now=now)
            store.note(connection, delivery.id, lease, values)
        return str(values["state"])

    def _later(self, delivery: Delivery, reason: str, last: str) -> dict[str, Any]:
        """Try again after a while, but not for ever."""
        if delivery.tries >= len(_WAITS):
            return {"state": last, "reason": reason}
        return {
            "state": store.NEW, "reason": reason, "due_at": self.shop.clock() + _WAITS[delivery.tries] * SECOND,
        }  # fmt: skip

    def _kept(self, connection: Connection, delivery: Delivery, outcome: Outcome) -> dict[str, Any]:
        """The body once it is known whose it is: under her key; none where nothing of it may be kept."""
        gone = {"sealed": None, "epoch": None}
        person = None if outcome.person is None else people.merge.survivor(connection, outcome.person)
        if outcome.person is not None and person is None:
            return gone
        if status_of(outcome.rule) != "refused" and outcome.rule not in _AGAIN:
            return {"person": person, **gone}
        if person is None:
            return {}
        try:
            sealed = self.shop.cipher.seal(person, str(delivery.id), self._body(delivery))
        except KeyDestroyed:
            return gone
        return {"person": person, "sealed": sealed.data, "epoch": sealed.epoch}

    def _body(self, delivery: Delivery) -> str:
        if delivery.sealed is None:
            raise Unread("malformed", "What it said is not kept any more.")
        if delivery.person is None:
            return self._box.open(delivery.sealed, "delivery", delivery.id)
        sealed = Sealed(delivery.epoch or 0, delivery.sealed)
        return self.shop.cipher.open(PersonId(delivery.person), str(delivery.id), sealed)

    def _carried_out(self, source: Source, delivery: Delivery) -> Outcome:
        said = _READERS[System(source.system)](
            delivery.topic, self._body(delivery).encode(), self.shop.settings.currency
        )
        worker = Carrier(self.shop.acting(Actor(source.sender, "collected")), source, delivery, self._box)
        outcome = Outcome(said.rule)
        for act in said.acts:
            became = worker.do(said, act)
            if outcome.person is None:
                outcome = replace(outcome, person=became.person)
            if became.rule:
                return replace(became, person=outcome.person or became.person)
        return outcome

    # ---- a whole shop is to be forgotten -----------------------------------------------------------------------------

    def to_redact(self, system: str, name: str) -> "list[PersonId]":
        """Everybody who came by a source and by no other that is open; to be erased if its sender asked for that.

        Raises:
            NotFound: there is no such source.
        """
        with self.shop.database.reading() as connection:
            source = self._known(connection, system, name)
            found = [
                heir
                for person in store.persons(connection, source.id)
                if not store.also_elsewhere(connection, source.id, person)
                and (heir := people.merge.survivor(connection, PersonId(person))) is not None
            ]
        return list(dict.fromkeys(found))

    def redact(self, system: str, name: str, *, approval: str = "") -> int:
        """Erase everybody who came by a source whose sender asks for it, and tell how many.

        Raises:
            Conflict: it did not ask.
            NotAllowed: of several people at once, nobody else approved it.
        """
        with self.shop.database.reading() as connection:
            source = self._known(connection, system, name)
        if source.all_go_by is None:
            raise Conflict(f"{system} does not ask that the people who came by '{name}' be erased.")
        persons = self.to_redact(system, name)
        if persons:
            whom, why = [Who(id=person) for person in persons], f"{system} asks it of all who came by '{name}'"
            self.shop.erasure.erase_all(whom, reason=why, leave_alone=False, approval=approval)
        with self.shop.change("webhook.redact") as change:
            change.entry.detail.update(system=str(system), source=name, people=len(persons))
            store.change_source(change.connection, source.id, {"all_go_by": None})
        return len(persons)


def _system(word: str) -> System:
    try:
        return System(word)
    except ValueError:
        raise BadInput(f"goodwill takes no webhooks of '{word[:40]}'. It takes those of {', '.join(System)}.") from None


_WHERE: Final[Mapping[System, str]] = {
    System.SHOPIFY: "It is the app's client secret, or stands under Settings, Notifications, Webhooks.",
    System.WOOCOMMERCE: "It is the one that you enter at WooCommerce, Settings, Advanced, Webhooks.",
    System.SQUARE: "It is the signature key of the webhook subscription.",
    System.STRIPE: "It is the endpoint's signing secret, which begins with whsec_.",
}


# ---- labels ----------------------------------------------------------------------------------------------------------


def _labelled(system: System, headers: Mapping[str, str], body: bytes) -> tuple[str, str, str | None]:
    """The sender's number of a delivery, its topic, and what is kept of its body; None where that is no text."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return _hashed(body), "(unread)", None
    if system in (System.SQUARE, System.STRIPE):
        return _labelled_inside(system, body)
    names = ("x-shopify-webhook-id", "x-shopify-topic")
    if system is System.WOOCOMMERCE:
        names = ("x-wc-webhook-delivery-id", "x-wc-webhook-topic")
    delivery, topic = (headers.get(name, "") for name in names)
    return _id(delivery, body), _topic(topic), text


def _labelled_inside(system: System, body: bytes) -> tuple[str, str, str | None]:
    """Of senders that write both into the body; every detail of a card is taken out before anything is kept."""
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        return _hashed(body), "(unread)", None
    if not isinstance(event, dict):
        return _hashed(body), "(unread)", None
    delivery = event.get("event_id" if system is System.SQUARE else "id")
    kept = json.dumps(_without_cards(event), ensure_ascii=True, separators=(",", ":"))
    return _id(delivery if isinstance(delivery, str) else "", body), _topic(event.get("type")), kept


def _without_cards(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_cards(one) for name, one in value.items() if name not in _OF_CARDS}
    return [_without_cards(one) for one in value] if isinstance(value, list) else value


def _id(delivery: str, body: bytes) -> str:
    return delivery if _DELIVERY.fullmatch(delivery) else _hashed(body)


def _hashed(body: bytes) -> str:
    return f"body:{blake2b(body, digest_size=16).hexdigest()}"


def _topic(given: object) -> str:
    return given if isinstance(given, str) and len(given) <= 80 and _TOPIC.fullmatch(given) else "(unread)"
