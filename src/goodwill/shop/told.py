"""What other systems of the shop are told, by webhooks of ours: who, of what, and what became of each message."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection

from goodwill import consent
from goodwill.basics.clock import DAY
from goodwill.basics.errors import BadInput, Conflict, NotFound
from goodwill.basics.ids import PersonId, Position
from goodwill.decide.decision import Decision
from goodwill.protect import Box
from goodwill.reach.webhooks import outbox, store
from goodwill.reach.webhooks.outbox import CONSENT, TEST, TOPICS, Delivered
from goodwill.reach.webhooks.store import Message, Target
from goodwill.staff.roles import Act

if TYPE_CHECKING:
    from goodwill.shop.shop import Shop

_KEPT: Final = 30 * DAY
_BOTH: Final = DAY  # how long the old secret signs too, after a new one was made
_MOST: Final = 20
_RARELY: Final = 3_600.0  # seconds; jobs that come more often tell nobody that they are done


@dataclass(frozen=True, slots=True)
class Made:
    """A target, and the secret with which its messages are signed, shown this once."""

    target: Target
    secret: str


@dataclass(frozen=True)
class Told:
    """The webhooks of ours."""

    shop: "Shop"

    def add(self, url: str, topics: Iterable[str]) -> Made:
        """Tell somebody of some topics from now on.

        Raises:
            BadInput: the address is none that may be called, or there is no such topic.
            Conflict: there are very many targets already.
        """
        wanted = sorted(set(topics))
        if not wanted or (unknown := [topic for topic in wanted if topic not in TOPICS]):
            named = f"There is no topic '{unknown[0][:40]}'. " if wanted else "Choose at least one topic. "
            raise BadInput(f"{named}There are: {', '.join(TOPICS)}.")
        address, secret, now = self.shop.caller.check(url.strip()), outbox.new_secret(), self.shop.clock()
        with self.shop.change("webhook.tell") as change:
            self.shop.staff.demand(Act.KEYS)
            if sum(one.closed_at is None for one in store.targets(change.connection)) >= _MOST:
                raise Conflict(f"{_MOST} targets are told already. Close one first.")
            values = {"url": address, "topics": " ".join(wanted), "secret": b"", "created_at": now}
            number = store.add_target(change.connection, values)
            store.change_target(change.connection, number, {"secret": self._box.seal(secret, "target", number)})
            change.entry.detail.update(target=number, topics=" ".join(wanted))
            return Made(_there(change.connection, number), secret)

    def rotate(self, number: int) -> Made:
        """Make a new secret; for a day both sign, so that the receiver can change over in peace.

        Raises:
            NotFound: there is no such target, or it was closed.
        """
        secret = outbox.new_secret()
        with self.shop.change("webhook.rotate") as change:
            self.shop.staff.demand(Act.KEYS)
            change.entry.detail["target"] = number
            before = _there(change.connection, number)
            values = {
                "secret": self._box.seal(secret, "target", number), "old_secret": before.secret,
                "old_until": self.shop.clock() + _BOTH,
            }  # fmt: skip
            store.change_target(change.connection, number, values)
            return Made(_there(change.connection, number), secret)

    def close(self, number: int) -> Target:
        """Tell somebody nothing any more; what waits for her goes nowhere.

        Raises:
            NotFound: there is no such target, or it was closed.
        """
        with self.shop.change("webhook.tell-no-more") as change:
            self.shop.staff.demand(Act.KEYS)
            change.entry.detail["target"] = number
            found, now = _there(change.connection, number), self.shop.clock()
            closed = {"closed_at": now, "secret": b"", "old_secret": None, "old_until": None}
            store.change_target(change.connection, number, closed)
            store.give_up(change.connection, number, now=now)
            return found

    def send_test(self, number: int) -> Message:
        """Send a message that tells of nothing, now, and give it with what became of it.

        Raises:
            NotFound: there is no such target, or it was closed.
        """
        with self.shop.change("webhook.test") as change:
            self.shop.staff.demand(Act.KEYS)
            change.entry.detail["target"] = number
            _there(change.connection, number)
            outbox.put(change.connection, [number], TEST, {"target": number}, now=self.shop.clock())
        self.deliver()
        return next(one for one in self.messages(number) if one.topic == TEST)

    def targets(self) -> list[Target]:
        """All targets, the earliest first, the closed ones too."""
        with self.shop.database.reading() as connection:
            return store.targets(connection)

    def messages(self, number: int | None = None, *, limit: int = 50) -> list[Message]:
        """The latest messages."""
        with self.shop.database.reading() as connection:
            return store.latest(connection, target=number, limit=limit)

    def deliver(self, *, limit: int = 500) -> Delivered:
        """Send what waits."""
        shop = self.shop
        with shop.database.reading() as connection:
            if not store.is_any_due(connection, now=shop.clock()):
                return Delivered()
        return outbox.deliver(shop.database.transaction, shop.caller, self._box, shop.clock, limit=limit)

    def tidy(self) -> None:
        """Drop what was told long ago."""
        with self.shop.database.transaction() as connection:
            store.drop_before(connection, self.shop.clock() - _KEPT)

    # ---- telling -----------------------------------------------------------------------------------------------------

    def tell(
        self, connection: Connection, topic: str, data: Mapping[str, Any], *, person: PersonId | None = None
    ) -> None:
        """Tell whoever wants to know, once the caller's transaction is committed."""
        wanted = store.wanting(connection, topic)
        outbox.put(connection, wanted, topic, data, now=self.shop.clock(), person=person)

    def answered(self, connection: Connection, first: Position, last: Position) -> None:
        """Tell of rows of the ledger: once for each person and purpose, what was said last of it."""
        wanted = store.wanting(connection, CONSENT)
        if not wanted:
            return
        changes = ((one.person, one._asdict()) for one in consent.said_last(connection, first, last))
        outbox.put_all(connection, wanted, CONSENT, changes, now=self.shop.clock())

    def decided(self, connection: Connection, decisions: Sequence[Decision]) -> None:
        """Tell of decisions."""
        wanted = store.wanting(connection, outbox.DECIDED)
        told = (
            (one.person, {"decision": one.id, "person": one.person, "slot": one.slot, "personalised": one.personalised})
            for one in decisions
        )
        outbox.put_all(connection, wanted, outbox.DECIDED, told, now=self.shop.clock())

    def finished(self, job: str, every: float, *, well: bool) -> None:
        """Tell that a job is done; those that come every few moments are not worth a word."""
        if every < _RARELY:
            return
        with self.shop.database.transaction() as connection:
            self.tell(connection, outbox.JOB, {"job": job, "well": well})

    @property
    def _box(self) -> Box:
        return self.shop.cipher.box("webhooks out")


def _there(connection: Connection, number: int) -> Target:
    found = store.target(connection, number)
    if found is None or found.closed_at is not None:
        raise NotFound(f"There is no target {number}, or it was closed. goodwill webhooks out list shows all.")
    return found
