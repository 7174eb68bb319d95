"""What a webhook says, carried out: an order, somebody, an answer, a request, each by its usual road."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection

from goodwill import consent
from goodwill.basics.clock import DAY, Micros, day_of, iso
from goodwill.basics.errors import LeftAlone, NotFound
from goodwill.basics.ids import PersonId
from goodwill.collect.connectors import store
from goodwill.collect.connectors.acts import (
    Act,
    AllGo,
    Answered,
    Asks,
    Closed,
    Gone,
    MoneyBack,
    Said,
    Sale,
    Seen,
    Shelf,
)
from goodwill.collect.connectors.store import Delivery, Source
from goodwill.collect.connectors.taking import CONTACT, Outcome, Taken, Taking
from goodwill.collect.corrections import settle_if_kept
from goodwill.consent import Asked, Evidence, State
from goodwill.consent import Said as Word
from goodwill.consent.ledger import ends
from goodwill.consent.repeats import news
from goodwill.people import holds, repeats
from goodwill.people.identify import with_verified
from goodwill.protect import Box
from goodwill.purposes import EMAIL_MARKETING, Basis, Entry
from goodwill.shop.who import Who
from goodwill.storage import audit
from goodwill.storage.audit import Entry as Line
from goodwill.storage.engine import LEDGER, one_at_a_time

if TYPE_CHECKING:
    from goodwill.shop.shop import Change, Shop

_TO_REDACT: Final = 30 * DAY  # in which Shopify wants everybody erased


@dataclass(frozen=True)
class Carrier:
    """Carries out what one delivery says."""

    shop: "Shop"
    source: Source
    delivery: Delivery
    box: Box

    def do(self, said: Said, act: Act) -> Outcome:
        match act:
            case Sale():
                return self._order(lambda taking: taking.sale(said, act))
            case MoneyBack():
                return self._order(lambda taking: taking.back(said, act))
            case Gone(what="order"):
                return self._order(lambda taking: taking.undone(said))
            case Answered():
                return self._answered(act)
            case Asks():
                return self._asks(act)
            case Closed():
                return self._closed()
            case AllGo():
                return self._all_go()
            case _:
                return self._simple(said, act)

    def _simple(self, said: Said, act: Seen | Shelf | Gone) -> Outcome:
        with self.shop.database.transaction() as connection:
            taking = self._taking(connection)
            match act:
                case Seen():
                    return self._entered(connection, taking.seen(said, act.who))
                case Shelf():
                    return taking.shelf(said, act)
                case Gone():
                    return self._entered(connection, taking.gone(said, act))

    def _taking(self, connection: Connection) -> Taking:
        trusts = self.shop.proofs.trusts(consent.last_position(connection))
        return Taking(connection, self.shop.tools, self.source.id, self.box, self.shop.clock(), trusts=trusts)

    def _entered(self, connection: Connection, outcome: Outcome) -> Outcome:
        """Whom a webhook told something new of has a line in the audit log, as whom a program told of has."""
        if outcome.new and outcome.person is not None:
            line = Line("person.identify", outcome.person)
            audit.note(connection, self.shop.actor, line, now=self.shop.clock())
        return outcome

    # ---- orders ------------------------------------------------------------------------------------------------------

    def _order(self, take: Callable[[Taking], Taken]) -> Outcome:
        """Take an order; what is no more so of one that stands goes by mark, settle, erase."""
        why, shop = f"correction by webhook {self.delivery.id}", self.shop
        with shop.database.transaction() as connection:
            outcome, correction = take(self._taking(connection))
            self._entered(connection, outcome)
            if correction is None:
                self._let_go(connection, why)  # held by whoever was killed here
                return outcome
            holds.hold(connection, correction.heard, why, now=shop.clock())
        try:
            if correction.heard:
                settle_if_kept(shop.database, shop.settle)
            with shop.database.transaction() as connection:
                outcome, again = take(self._taking(connection))
                if again is not None:
                    repeats.replace(connection, again.rows, also=again.gone)
                    again.then()
                self._let_go(connection, why)
        except BaseException:
            with shop.database.transaction() as connection:
                self._let_go(connection, why)
            raise
        if correction.heard:
            settle_if_kept(shop.database, shop.settle)  # so that they count again, with what is right
        return outcome

    def _let_go(self, connection: Connection, why: str) -> None:
        if held := holds.held_for(connection, why):
            holds.release(connection, held, why, now=self.shop.clock())

    # ---- answers -----------------------------------------------------------------------------------------------------

    def _answered(self, act: Answered) -> Outcome:
        """What somebody is said to have answered: a no at once; a yes as the sender's claim, with its time."""
        register = self.shop.register
        if act.purpose not in register:
            return Outcome()
        entry = register[act.purpose]
        if entry.basis not in (Basis.CONSENT, Basis.LEGITIMATE_INTERESTS):
            return Outcome()
        with self.shop.database.reading() as connection:
            taking = self._taking(connection)
            person, allowed = taking.find(act.who), CONTACT in taking.may(act.who)
            if person is not None and not self._news(connection, entry, person, act):
                return Outcome("", person)
        if person is None and not (act.yes and allowed):
            return Outcome()  # a no of nobody who is known here changes nothing
        try:
            with self.shop.change("consent.grant" if act.yes else "consent.withdraw") as change:
                return self._written(change, entry, act)
        except LeftAlone:
            return Outcome("left-alone", person)

    def _written(self, change: "Change", entry: Entry, act: Answered) -> Outcome:
        connection = change.connection
        leaves = not act.yes and entry.name == EMAIL_MARKETING
        if leaves:
            self.shop.unwelcome.take_turn(connection)
        met = self._taking(connection).met(act.who)
        if met is None:
            raise LeftAlone
        one_at_a_time(connection, LEDGER)
        change.entry.person, change.entry.detail["purpose"] = met.person, entry.name
        words = self._news(connection, entry, met.person, act)
        if any(self._counts(connection, word) for word in words):
            if leaves:
                self.shop.unwelcome.left(connection, met.person, at=Micros(words[0].said_at))
            self.shop.erasure.heed(connection, words)
        consent.append(connection, words, now=self.shop.clock())
        return Outcome("", met.person)

    def _news(self, connection: Connection, entry: Entry, person: PersonId, act: Answered) -> list[Word]:
        """The words of an answer that the ledger does not have yet."""
        words = self._words(connection, entry, person, act)
        return [word for word in news(connection, words, now=self.shop.clock()) if word is not None]

    def _words(self, connection: Connection, entry: Entry, person: PersonId, act: Answered) -> list[Word]:
        now = self.shop.clock()
        # A yes of which nobody knows when is the oldest word of all; a no counts from now on.
        said_at = min(act.said_at, now) if act.said_at is not None else 0 if act.yes else now
        timed = act.said_at is not None
        confirmed = iso(said_at) if act.confirmed and timed else None
        asked = Asked(
            how=act.how or self.source.system, by=self.source.sender, confirmed_at=confirmed,
            evidence=Evidence.CLAIMED if timed else Evidence.NONE,
        )  # fmt: skip
        state, until = State.REFUSED, None
        if act.yes:
            state, until = State.GIVEN, ends(entry, said_at if timed else now)
            if entry.goes_by_mail and self.shop.tools.confirms_all:
                verified = with_verified(connection, "email", {person})
                state, until = (State.GIVEN, until) if verified else (State.REQUESTED, None)
        elif self._said_no(connection, entry, person):
            if not timed:
                return []
        elif any(row.state in ("given", "renewed") for row in consent.history(connection, person, purpose=entry.name)):
            state = State.WITHDRAWN
        return [
            Word(person, entry.name, category, state, Micros(said_at), asked, until) for category in entry.categories
        ]

    def _said_no(self, connection: Connection, entry: Entry, person: PersonId) -> bool:
        """Whether the last word on every category is a no already."""
        now = self.shop.clock()
        day = day_of(now, self.shop.settings.zone)
        lines = consent.standing(connection, person, entry, at=now, day=day)
        return all(line.reason in ("refused", "withdrawn", "objected") for line in lines)

    def _counts(self, connection: Connection, word: Word) -> bool:
        """Whether a word is the last one on its matter, and no older one that came late."""
        said = consent.history(connection, word.person, purpose=word.purpose)
        return not any(row.category == word.category and row.said_at > word.said_at for row in said)

    # ---- what people ask for, and what the sender does ---------------------------------------------------------------

    def _asks(self, act: Asks) -> Outcome:
        """Enter a request by right that reached the sender; its hold and its letters are those of every request."""
        with self.shop.database.reading() as connection:
            person = self._taking(connection).find(act.who)
        if person is None:
            return Outcome("nobody")
        how = f"by {self.source.system}, to which it was said ({self.source.name})"
        try:
            self.shop.rights.open(act.right, who=Who(id=person), shown=how, origin="api")
        except NotFound:  # no address to answer to, and so nobody whom a hold could warn
            if act.right != "erase":
                return Outcome("no-address", person)
            self.shop.erasure.erase(Who(id=person), reason=f"asked for {how}", chosen=False)
        return Outcome("", person)

    def _closed(self) -> Outcome:
        """The shop took the connection away: only what the law asks of the sender still comes by it."""
        with self.shop.change("webhook.close") as change:
            change.entry.detail.update(system=self.source.system, source=self.source.name)
            closed = {"state": store.UNINSTALLED, "closed_at": self.shop.clock()}
            store.change_source(change.connection, self.source.id, closed)
        return Outcome()

    def _all_go(self) -> Outcome:
        """The sender asks that everybody be erased. Somebody here must do it: one message must not empty a shop."""
        with self.shop.change("webhook.redact-asked") as change:
            change.entry.detail.update(system=self.source.system, source=self.source.name)
            store.drop_all_bodies(change.connection, self.source.id)
            store.change_source(change.connection, self.source.id, {"all_go_by": self.shop.clock() + _TO_REDACT})
        return Outcome()
