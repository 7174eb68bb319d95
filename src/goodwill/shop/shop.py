"""The shop itself. Each call is one unit of work: it opens a transaction, does what is asked, and commits."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Self
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from goodwill import consent, people, purposes
from goodwill.access import Door, Everything, Selection, SignedIn, Total
from goodwill.access.columns import Columns
from goodwill.access.glance import Glance, glance
from goodwill.access.wishes import Wishes, wishes_of
from goodwill.basics.clock import Clock, Micros, date_of, day_of
from goodwill.basics.errors import QUARANTINED, BadInput, Busy, Conflict, GoodwillError, NotFound, Quarantined
from goodwill.basics.ids import PersonId, Position
from goodwill.collect import imports
from goodwill.consent import Asked, Receipt, Row, Said, Standing, State
from goodwill.decide import record
from goodwill.decide.choose import Choosing, Context, Rules
from goodwill.decide.decision import Decision
from goodwill.decide.shelf import Shelf
from goodwill.learn.library import MODELS, Learned, Library
from goodwill.learn.purchases import OfPurchases
from goodwill.measure.cost import WaysCost, cost_of_ways
from goodwill.measure.figure import Figure, Plain
from goodwill.measure.holdout import PLACES, Accuracy, accuracy_by, through
from goodwill.people.contact import MayContact, may_contact
from goodwill.protect.cipher import Cipher
from goodwill.protect.keystore import KeyStore
from goodwill.protect.passwords import Passwords
from goodwill.purposes import EMAIL_MARKETING, Basis, Category, Purpose, Regimes, Register, shipped_regimes
from goodwill.reach.channels.https import Https
from goodwill.reach.outbox import Channel
from goodwill.reach.webhooks.outbox import Caller
from goodwill.shop.answering import ALWAYS
from goodwill.shop.audit import Audit
from goodwill.shop.centre import Centre
from goodwill.shop.copies import Copies
from goodwill.shop.costs import Costs
from goodwill.shop.deciding import Deciding, Question
from goodwill.shop.elsewhere import Elsewhere
from goodwill.shop.erasure import Erasures
from goodwill.shop.explaining import Explaining
from goodwill.shop.faithfulness import Faithful
from goodwill.shop.forgetting import Forgotten, forget
from goodwill.shop.held import why_held
from goodwill.shop.identity import Identity
from goodwill.shop.intake import Intake
from goodwill.shop.links import Links
from goodwill.shop.looks import Looks
from goodwill.shop.measures import Measures
from goodwill.shop.measuring import Minimised, minimised
from goodwill.shop.naming import LEFT_OUT, asked_without_names, by_what, refuse_names
from goodwill.shop.noes import Noes
from goodwill.shop.notices import Notices
from goodwill.shop.other_ways import Judged, judge
from goodwill.shop.placed import PlacedThings
from goodwill.shop.planning import Planning
from goodwill.shop.post import Post
from goodwill.shop.proofs import Proofs
from goodwill.shop.quarantine import Guard
from goodwill.shop.report import Report
from goodwill.shop.reporting import Reporting
from goodwill.shop.retention import Retention
from goodwill.shop.rights import Rights
from goodwill.shop.segments import Segments
from goodwill.shop.sign_in import SignIn
from goodwill.shop.staff import Staff
from goodwill.shop.storefront import Storefront
from goodwill.shop.tastes import Tastes
from goodwill.shop.told import Told
from goodwill.shop.trying_segments import TryingSegments
from goodwill.shop.unwelcome import Unwelcome
from goodwill.shop.webhooks import Webhooks
from goodwill.shop.who import KINDS, Who
from goodwill.shop.why import Why
from goodwill.staff.roles import Act
from goodwill.storage import Database, audit, revision
from goodwill.storage.audit import Actor, Entry
from goodwill.storage.engine import LEDGER, one_at_a_time
from goodwill.storage.migrate import newest
from goodwill.sums import Sums

if TYPE_CHECKING:
    from goodwill.staff.oidc import Oidc

__all__ = ["Answer", "Change", "Forgotten", "Shop", "ShopSettings", "Who"]

_ALL = 1 << 40
_CONTACT = Category("contact")


@dataclass(frozen=True, slots=True)
class ShopSettings:
    """What a shop may set; `goodwill.app` reads it, nothing else does.

    Attributes:
        region: its country, by which telephone numbers are read; place: the same, with the part of the country.
        base_url: where the shop is reached from outside; "" where nobody said so.
        postal_address, contact_email: of whoever answers for the data, for receipts; "" where nobody said so.
        checkpoints_copy: a second folder for checkpoints; None where there is none.
        proxies: how many of the shop's own stand before it and say where a request came from.
        alone_a_day: how many people the shop exports, or erases, in 24 hours before a second pair of eyes is needed.
        epoch_hours: how old the keys' epoch may be when somebody was erased in it.
        confirm_email: which yes to news waits until its address is confirmed (`goodwill.shop.answering.CONFIRMS`).
        figures_every: the periods that figures tell of (`goodwill.measure.period.EVERY`).
        margin: percent of an amount that stays; 0 where nobody said so.
    """

    shop_id: str
    name: str
    zone: ZoneInfo
    currency: str
    region: str | None
    items: str
    new_in_ten: int
    sensitive: tuple[str, ...]
    base_url: str
    watermark: str
    port: int = 8400
    proxies: int = 0
    place: str = ""
    postal_address: str = ""
    contact_email: str = ""
    checkpoints_copy: Path | None = None
    language: str = "en"
    mail_from: str = ""
    hold_hours: int = 24
    alone_a_day: int = 3
    epoch_hours: int = 24
    confirm_email: str = "asked-here"
    essential: tuple[str, ...] = ()
    figures_every: str = "week"
    margin: int = 0

    @property
    def reached_at(self) -> str:
        """What links begin with: the address that was set, else the one at which this machine serves the shop."""
        return self.base_url or f"http://127.0.0.1:{self.port}"


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether one person allows one purpose.

    Attributes:
        basis: why the purpose is lawful at all.
        reason: allowed, or why not: never-asked · requested · refused · withdrawn · expired · objected ·
            purpose-expired · unknown-person · held · quarantined · paused (she wants no letters for a while) ·
            left-alone (an address of hers is on the list of those that nobody writes to).
        since: when that was said, if anything was; position: the ledger's row, 0 if none.
        categories: a line for each data category.
        why: the reason in a sentence, where the word leaves open what it is.
    """

    allowed: bool
    basis: Basis
    reason: str
    since: Micros | None
    position: Position
    categories: tuple[Standing, ...]
    why: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """A unit of work under way: its transaction, and what will stand in the audit log about it."""

    connection: Connection
    entry: Entry


@dataclass(frozen=True, eq=False)
class Shop:
    """One shop, open."""

    database: Database
    register: Register
    keys: KeyStore
    cipher: Cipher
    columns: Columns
    library: Library
    settings: ShopSettings
    folder: Path
    clock: Clock
    actor: Actor = field(default_factory=lambda: Actor("program"))
    regimes: Regimes = field(default_factory=shipped_regimes, repr=False)
    channel: Channel | None = None  # how letters leave; None: they wait
    caller: Caller = field(default_factory=Https, repr=False)  # how other systems are told
    passwords: Passwords = field(default_factory=Passwords, repr=False)
    oidc: "Oidc | None" = None
    opened_with: bytes = field(default=b"", repr=False)  # for `goodwill.app.open_alike`; it may hold a password
    _choosing: Choosing = field(default_factory=Choosing, repr=False)
    guard: Guard = field(default_factory=Guard, repr=False)

    @property
    def proofs(self) -> Proofs:
        """Checkpoints, proofs and receipts, and whether the ledger may be believed."""
        return Proofs(self)

    def acting(self, actor: Actor) -> "Shop":
        """The same shop as somebody in particular uses it; what is changed through it is entered under that name."""
        return replace(self, actor=actor)

    @property
    def audit(self) -> Audit:
        """Who changed what, or tried to."""
        return Audit(self)

    @property
    def looks(self) -> Looks:
        """Staff look at one customer."""
        return Looks(self)

    @property
    def elsewhere(self) -> Elsewhere | None:
        """The identity provider with which staff may sign in, if the settings name one."""
        return None if self.oidc is None else Elsewhere(self, self.oidc)

    @property
    def intake(self) -> Intake:
        """What comes in with files, and is taken back."""
        return Intake(self)

    @property
    def costs(self) -> Costs:
        """What the shop spends."""
        return Costs(self)

    @property
    def webhooks(self) -> Webhooks:
        """What the shop's other systems send by themselves."""
        return Webhooks(self)

    @property
    def told(self) -> Told:
        """What other systems of the shop are told."""
        return Told(self)

    @property
    def staff(self) -> Staff:
        """Who works here, and what they may do."""
        return Staff(self)

    @contextmanager
    def change(self, action: str, *, about: PersonId | None = None, reason: str = "") -> Iterator[Change]:
        """One unit of work that changes something: committed whole with its line in the audit log, or not at all.

        A try that is refused leaves a line too, which names the error; one that found the database busy cannot.

        Args:
            action: noun.verb, such as ``consent.withdraw``.
        """
        entry = Entry(action, about, reason)
        try:
            with self.database.transaction() as connection:
                yield Change(connection, entry)
                wrote = consent.written(connection)
                if wrote is not None:
                    entry.detail[audit.LEDGER_ROW] = wrote.last
                    self.told.answered(connection, wrote.first, wrote.last)
                if wrote is not None and wrote.says_no:
                    self._leave_names_out(connection, entry)
                refuse_names(self, connection, entry.everybody, reason=entry.reason or self.actor.reason)
                audit.note(connection, self.actor, entry, now=self.clock())
        except Busy:
            raise
        except GoodwillError as error:
            with self.database.transaction() as connection:
                self._leave_names_out(connection, entry)
                audit.note(connection, self.actor, entry, now=self.clock(), outcome=type(error).__name__)
            raise
        if wrote is not None and wrote.says_no:
            self.noes.said()

    def _leave_names_out(self, connection: Connection, entry: Entry) -> None:
        if by_what(self, connection, entry.everybody, entry.reason or self.actor.reason):
            entry.reason = LEFT_OUT

    @property
    def noes(self) -> Noes:
        """Every "no" outside the database."""
        return Noes(self)

    @property
    def erasure(self) -> Erasures:
        """Erasing people, and the epochs of their keys."""
        return Erasures(self)

    # ---- consent ---------------------------------------------------------------------------------------------------

    def can(self, who: Who | str, purpose: str, *, signal: bool = False) -> Answer:
        """Whether somebody allows a purpose, and since when; whoever is not known allows nothing.

        Args:
            signal: a privacy signal came with the question. It is obeyed here and written down nowhere: asking changes
                nothing.
        """
        entry, at = self.register[purpose], self.clock()
        seen = self._seen(who, purpose, at)
        if entry.rests_on_ledger and not self.proofs.trusts(seen.reached):
            return Answer(False, entry.basis, QUARANTINED, None, Position(0), ())
        if not seen.known:
            return Answer(False, entry.basis, "unknown-person", None, Position(0), ())
        if seen.held_for:
            return Answer(False, entry.basis, "held", None, Position(0), (), why_held(seen.held_for))
        lines = self.notices.silenced(seen.person, entry, seen.lines) if signal else seen.lines
        speaks = _telling(lines, entry)
        if entry.goes_by_mail and self._is_paused(seen.person, at):
            return Answer(False, entry.basis, "paused", speaks.since, speaks.position, lines)
        allowed = entry.suffices([line.category for line in lines if line.allowed])
        if allowed and entry.goes_by_mail and self._is_left_alone(seen.person):
            return Answer(False, entry.basis, "left-alone", speaks.since, speaks.position, lines, _LEFT_ALONE)
        return Answer(allowed, entry.basis, speaks.reason, speaks.since, speaks.position, lines)

    def _seen(self, who: Who | str, purpose: str, at: Micros) -> Glance:
        """How somebody stands, under whatever number she has by now."""
        person = who.id if isinstance(who, Who) else None
        if person is None:
            with self.database.reading() as connection:
                person = self._find(connection, who)
        entry, day = self.register[purpose], day_of(at, self.settings.zone)
        seen = glance(self.database, person or PersonId(0), entry, at=at, day=day)
        while seen.merged_into is not None:
            seen = glance(self.database, seen.merged_into, entry, at=at, day=day)
        return seen

    def wishes_of(self, who: Who | str) -> Wishes:
        """How somebody wants to be written to: a pause, fewer letters, a language. Whoever sends news asks this first.

        Nobody wishes anything who is not known.
        """
        with self.database.reading() as connection:
            person = self._find(connection, who)
            return Wishes() if person is None else wishes_of(connection, self.cipher, person)

    def _is_paused(self, person: PersonId, at: Micros) -> bool:
        with self.database.reading() as connection:
            return wishes_of(connection, self.cipher, person).paused(date_of(day_of(at, self.settings.zone)))

    def _is_left_alone(self, person: PersonId) -> bool:
        """Whether the outbox would refuse: somebody known by a number may say yes, and her address have said no."""
        if not self.keys.leaves_anybody_alone():
            return False  # most shops; no transaction for that
        with self.database.reading() as connection:
            return self.erasure.is_left_alone(connection, person)

    def grant(
        self, who: Who | str, purpose: str, categories: Iterable[str] | None = None, *, asked: Asked, yes: bool = True
    ) -> Receipt:
        """Write down what somebody is said to have answered; a no after a yes is a withdrawal, to a question a refusal.

        It is a claim: what was shown here is proven by its token (`notices.answer`). A yes to news may have to wait
        until its address is confirmed. Somebody unknown becomes known by it: an answer needs someone to belong to.

        Raises:
            LeftAlone: whoever it is was erased, or said no to mail, and only her own word changes that.
            BadInput: a yes that says which notice was shown, and nobody knows that notice or its words.
        """
        entry, now = self.register[purpose], self.clock()
        chosen = None if categories is None else [self.register.category(category).name for category in categories]
        with self.change("consent.grant" if yes else "consent.withdraw") as change:
            connection, about = change.connection, entry.categories if chosen is None else chosen
            leaves = not yes and entry.name == EMAIL_MARKETING and _CONTACT in about
            if leaves:
                self.unwelcome.take_turn(connection)
            if yes:
                self.notices.check_asked(connection, asked)
            person = self.identified(connection, who)
            change.entry.person, change.entry.detail["purpose"] = person, entry.name
            asked = asked_without_names(self, connection, person, asked, says_yes=yes)
            if yes:
                self.erasure.heed(connection, _said(person, entry.name, about, State.GIVEN, asked, now))
                waits = self.notices.request(connection, self.named(who), person, entry, about, asked)
                return waits or consent.grant(connection, person, entry, chosen, asked=asked, now=now)
            if leaves:
                self.unwelcome.left(connection, person, at=now)
            self.erasure.heed(connection, _said(person, entry.name, about, State.REFUSED, asked, now))
            said = consent.history(connection, person, purpose=entry.name)
            says_no = consent.withdraw if any(row.state in ("given", "renewed") for row in said) else consent.refuse
            return says_no(connection, person, entry, chosen, asked=asked, now=now)

    @property
    def trying_segments(self) -> TryingSegments:
        """Whether kept segments can still be asked."""
        return TryingSegments(self)

    @property
    def unwelcome(self) -> Unwelcome:
        """Letters that are not wanted."""
        return Unwelcome(self)

    @property
    def notices(self) -> Notices:
        """What customers are asked, in which words, and their answers."""
        return Notices(self)

    def consents(self, who: Who | str) -> list[Row]:
        """Everything that somebody said about consent, oldest first."""
        with self.database.reading() as connection:
            numbers = people.merge.numbers(connection, self._known(connection, who))
            said = [row for number in numbers for row in consent.history(connection, number)]
            return sorted(said, key=lambda row: row.position)

    def may_contact(self) -> MayContact:
        """How many people the shop may write to by e-mail, of how many, and why not the rest.

        Raises:
            Quarantined: the ledger may not be believed now.
        """
        with self.database.reading() as connection:
            found = self.may_contact_in(connection, self.cipher)
        if found is None:
            raise Quarantined("The consent ledger is in quarantine; it says why: goodwill consent verify")
        return found

    def may_contact_in(self, connection: Connection, cipher: Cipher) -> MayContact | None:
        """The same as one transaction sees it; None while the ledger may not be believed."""
        if not self.proofs.trusts(consent.last_position(connection)):
            return None
        at = self.clock()
        entry, settings = self.register[EMAIL_MARKETING], self.settings
        return may_contact(connection, cipher, entry, at=at, day=day_of(at, settings.zone), region=settings.region)

    # ---- decisions -------------------------------------------------------------------------------------------------

    def decide(
        self,
        who: Who | str | None = None,
        slot: str = "home",
        count: int | None = None,
        context: Context | None = None,
        *,
        person: Who | str | None = None,
    ) -> Decision:
        """Choose ``count`` products, content or offers for somebody, or for nobody in particular, and write it down.

        Args:
            count: as the slot says unless given.

        Raises:
            BadInput: a count that is none, or more that is new than that.
        """
        who = person if who is None else who
        made = self.deciding.decide([Question(who, slot, count, context or Context())])[0]
        if isinstance(made, Exception):
            raise made
        return made

    @property
    def deciding(self) -> Deciding:
        """Choosing for many at once."""
        return Deciding(self, self._choosing, self._rules)

    @property
    def explaining(self) -> Explaining:
        """The account that the shop gives of its decisions."""
        return Explaining(self)

    @property
    def why(self) -> Why:
        """The page of each decision, by a link of its own."""
        return Why(self)

    @property
    def faithful(self) -> Faithful:
        """Whether the reasons that are told are true."""
        return Faithful(self)

    @property
    def placed(self) -> PlacedThings:
        """What people do with content and offers that were shown to them."""
        return PlacedThings(self)

    @property
    def planning(self) -> Planning:
        """What the shop decided about choosing: slots, experiments, what may run."""
        return Planning(self)

    @property
    def _rules(self) -> Rules:
        settings = self.settings
        return Rules(
            settings.items, settings.sensitive, settings.new_in_ten, settings.zone, settings.essential, settings.place,
            settings.language,
        )  # fmt: skip

    def explain(self, decision: str) -> Decision:
        """A decision that was made earlier, with its reasons.

        Raises:
            NotFound: there is none of that name.
        """
        with self.database.transaction() as connection:
            return record.read(self._door(connection), connection, decision)

    def decisions(self, who: Who | str, limit: int = 20, *, after: str | None = None) -> list[Decision]:
        """What was decided for somebody, newest first.

        Args:
            after: the id of a decision: those that were made before it.

        Raises:
            NotFound: nobody of that name is known, or there is no such decision of hers.
        """
        with self.database.transaction() as connection:
            person = self._known(connection, who)
            made = record.of_person(self._door(connection), person, limit if after is None else _ALL)
        if after is None:
            return made
        before = next((n for n, decision in enumerate(made, start=1) if decision.id == after), None)
        if before is None:
            raise NotFound(f"There is no decision '{after}' for this person.")
        return made[before : before + limit]

    # ---- what the shop knows ---------------------------------------------------------------------------------------

    def learn(self) -> Learned:
        """Work the total out anew from those who allow it, fit the models, and keep it."""
        with self.change("models.learn") as change:
            self.staff.demand(Act.LEARN)
            learned = self.library.learn(self._at_the_door, self._look_at_shelf())
            change.entry.detail.update(people=learned.people, items=learned.items)
            return learned

    def warm(self) -> None:
        """Fetch what was learned, so that the first decision need not wait for it; in quarantine nothing is."""
        if self.proofs.quarantine is not None:
            return
        with self.database.transaction() as connection:
            self._choosing.ready(connection, self._rules)
        for lesson in self.library.lessons:
            self.caught_up(lesson.name)

    def settle(self) -> Total:
        """Let every kept total catch up, as `settle_all`; gives the one of the models, nobody's where that is off."""
        return self.settle_all().get(MODELS.name) or self.caught_up()

    def settle_all(self) -> Mapping[str, Total]:
        """Let every kept total catch up with consent and events; anew where what it counts has changed.

        What is kept for a purpose that is off by now goes, and nothing else changes. Those are given that are on.
        """
        return self.library.settle(self._at_the_door, self._look_at_shelf())

    def caught_up(self, name: str = MODELS.name) -> Total:
        """A total without everybody who said no; in memory only, as a decision does it."""
        return self.library.caught_up(self._at_the_door, self._shelf(), name)

    def rebuilt(self, name: str = MODELS.name) -> Total:
        """A total worked out from nothing but the database, without the way that settles; nothing is kept of it."""
        return self.library.rebuilt(self._at_the_door, name)

    def forget(self, who: Who | str, keep: Path | None = None) -> Forgotten:
        """Take back all that somebody allowed, and prove that nothing learned holds her any more.

        Args:
            keep: a folder that gets what a third party needs to check the proof.

        Raises:
            NotFound: nobody of that name is known.
        """
        return forget(self, who, keep)

    def accuracy(self) -> Accuracy:
        """How good the suggestions would have been on everybody's last visit, beside simple counting."""
        shelf = self._look_at_shelf()
        return accuracy_by(self._totals, shelf.item_of, shelf.items, new=self.settings.new_in_ten)

    def cost_of_ways(self, slot: str = "") -> WaysCost:
        """What each way of choosing products costs on everybody's last visit, and what it brings.

        Args:
            slot: lists as long as its own; of ten unless given.

        Raises:
            BadInput: it is not for products.
        """
        found, shelf = self.planning.plan().slot(slot or "home"), self._look_at_shelf()
        if slot and found.kind != "products":
            raise BadInput(f"Slot '{slot}' is for {found.kind}; what ways cost is measured for products.")
        places = found.count if slot else PLACES
        return cost_of_ways(self._totals, shelf.item_of, shelf.items, shelf.kind, places=places)

    def minimisation(self) -> Minimised:
        """How much of people's data the suggestions really need, on everybody's last visit."""
        return minimised(self, self._totals, self._look_at_shelf())

    @property
    def measures(self) -> Measures:
        """Figures of the shop by their names, each of a period that has closed."""
        return Measures(self)

    @property
    def reporting(self) -> Reporting:
        """The return reports."""
        return Reporting(self)

    def report(self, at: str | date | None = None) -> Report:
        """The return report of the period that closed last, or last by a day; told again as it was told first.

        Raises:
            BadInput: that is no day, or has not come yet.
        """
        return self.reporting.report(at)

    def measure(self, name: str, at: str | date | None = None, **options: Plain) -> Figure:
        """One figure of the shop: value, interval, coverage, grade and method; see `measures.answer` for all of it.

        Args:
            name: such as "clv"; `measures.all` names them. at: a day; the period that closed by then counts.
            options: such as ``horizon="12 months"``.

        Raises:
            NotFound: there is no such measure.
            BadInput: an option is unknown or does not fit, or the day has not come yet.
        """
        return self.measures.answer(name, at, **options).headline

    def other_way(self, slot: str, target: str, *, days: int = 90) -> Judged:
        """What another way of drawing content or offers in a slot would have brought; see `other_ways.judge`."""
        return judge(self, slot, target, days=days)

    def _totals(self, wanted: Sequence[OfPurchases]) -> list[Sums]:
        with self._at_the_door() as door:
            return through(door)(wanted)

    def _shelf(self) -> Shelf:
        with self.database.transaction() as connection:
            return self._choosing.ready(connection, self._rules)

    def _look_at_shelf(self) -> Shelf:
        with self.database.transaction() as connection:
            return self._choosing.refresh(connection, self._rules)

    def shelf(self) -> Shelf:
        """What can be suggested, as it was last looked at."""
        return self._shelf()

    def at_the_door(self) -> AbstractContextManager[Door]:
        """The door, in a transaction of its own."""
        return self._at_the_door()

    @contextmanager
    def _at_the_door(self) -> Iterator[Door]:
        """The door, in a transaction of its own."""
        with self.database.transaction() as connection:
            yield self._door(connection)

    def total(self, what: Selection) -> Total:
        """How a rule sorts all who allow it to be asked; nobody is visible."""
        with self._at_the_door() as door:
            return door.total(what)

    # ---- people ----------------------------------------------------------------------------------------------------

    @property
    def post(self) -> Post:
        """What the shop writes to people."""
        return Post(self)

    @staticmethod
    def who(person: PersonId) -> Who:
        """Somebody by her number."""
        return Who(id=person)

    @property
    def links(self) -> Links:
        """The links in letters that can only make the shop do less."""
        return Links(self)

    @property
    def rights(self) -> Rights:
        """What customers ask for."""
        return Rights(self)

    def find(self, who: Who | str) -> PersonId | None:
        """The person behind an id, if the shop knows one."""
        with self.database.reading() as connection:
            return self._find(connection, who)

    def known(self, who: Who | str) -> PersonId:
        """The person behind an id.

        Raises:
            NotFound: nobody of that name is known.
        """
        with self.database.reading() as connection:
            return self._known(connection, who)

    @property
    def copies(self) -> Copies:
        """A person's own copy, as JSON, CSV or PDF."""
        return Copies(self)

    @property
    def retention(self) -> Retention:
        """How long what is kept."""
        return Retention(self)

    @property
    def identity(self) -> Identity:
        """Who is who: merging and its undoing, corrections, restriction, objection."""
        return Identity(self)

    def own(self, person: SignedIn) -> Everything:
        """The person's own copy of all that is held about her."""
        with self.database.transaction() as connection:
            return self.own_in(connection, person)

    def own_in(self, connection: Connection, person: SignedIn) -> Everything:
        """The same, in the unit of work that tells why it was read."""
        return self._door(connection).own(person)

    # ---- topics with a module of their own ------------------------------------------------------------------------

    @property
    def storefront(self) -> Storefront:
        """What the shop's own web pages ask of it."""
        return Storefront(self)

    @property
    def taste(self) -> Tastes:
        """What customers said they like."""
        return Tastes(self, self._choosing, self._rules)

    @property
    def segments(self) -> Segments:
        """Rules that say for whom something is meant."""
        return Segments(self)

    @property
    def sign_in(self) -> SignIn:
        """Customers sign in by mail."""
        return SignIn(self)

    @property
    def centre(self) -> Centre:
        """What one customer sees and says of her own data."""
        return Centre(self)

    # ---- what comes in ---------------------------------------------------------------------------------------------

    @property
    def tools(self) -> imports.Tools:
        """What an import needs of the shop."""
        return imports.Tools(
            cipher=self.cipher,
            register=self.register,
            zone=self.settings.zone,
            currency=self.settings.currency,
            region=self.settings.region,
            clock=self.clock,
            level=self.settings.items,
            confirms_all=self.settings.confirm_email == ALWAYS,
        )

    # ---- state -----------------------------------------------------------------------------------------------------

    def ready(self) -> list[str]:
        """What keeps the shop from answering, each with what helps; nothing when it is ready."""
        problems: list[str] = []
        for check in (self._database_answers, self._tables_are_new_enough, self._keys_open):
            try:
                check()
            except Exception as error:  # noqa: BLE001 - whatever it is, the shop is not ready
                problems.append(f"{type(error).__name__}: {error}")
        return problems

    def close(self) -> None:
        if self.oidc is not None:
            self.oidc.close()
        self.columns.close()
        self.database.close()
        self.keys.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _database_answers(self) -> None:
        with self.database.reading() as connection:
            consent.last_position(connection)

    def _tables_are_new_enough(self) -> None:
        if revision(self.database) != newest():
            raise Conflict("The tables are of another version than this program; open the shop anew to migrate them.")

    def _keys_open(self) -> None:
        self.keys.check()

    def door(self, connection: Connection) -> Door:
        """The door, in a transaction that somebody else opened."""
        return self._door(connection)

    def _door(self, connection: Connection) -> Door:
        trusts = self.proofs.trusts
        return Door(connection, self.register, self.columns, self.cipher, self.clock, self.settings.zone, trusts)

    def door_in(self, connection: Connection) -> Door:
        """The door, in a unit of work."""
        return self._door(connection)

    def find_in(self, connection: Connection, who: Who | str) -> PersonId | None:
        """The person behind an id, inside a transaction."""
        return self._find(connection, who)

    def _find(self, connection: Connection, who: Who | str) -> PersonId | None:
        (found,) = self.find_all_in(connection, [who])
        if isinstance(found, BadInput):
            raise found
        return found

    def find_all_in(self, connection: Connection, named: Sequence[Who | str]) -> list[PersonId | BadInput | None]:
        """The people behind ids, inside a transaction: those of one kind are looked up together.

        Whoever is named wrongly is told in her place.
        """
        found: list[PersonId | BadInput | None] = [None] * len(named)
        words: dict[int, dict[str, str]] = {}
        for n, who in enumerate(named):
            if isinstance(who, Who) and who.id is not None:
                found[n] = people.merge.survivor(connection, who.id)
                continue
            try:
                words[n] = _words(who)
            except BadInput as wrong:
                found[n] = wrong
        for kind in KINDS:
            forms: dict[int, str] = {}
            for n in [n for n, hers in words.items() if kind in hers and found[n] is None]:
                try:
                    form = people.canonical(kind, words[n][kind])
                except BadInput as wrong:
                    found[n] = wrong
                else:
                    forms |= {n: form} if form is not None else {}
            known = people.find_many(connection, self.cipher, kind, list(forms.values())) if forms else {}
            for n, form in forms.items():
                found[n] = known.get(form)
        return found

    def named(self, who: Who | str) -> Who:
        """How somebody is named; a bare text is the shop's own id."""
        return Who(user_id=who) if isinstance(who, str) else who

    def identified(self, connection: Connection, who: Who | str) -> PersonId:
        """The person behind an id, made if nobody is; until the transaction ends the ledger is ours alone."""
        person = self._find(connection, who)
        if person is None:
            person = people.identify(connection, self.cipher, _words(who), now=self.clock())
        return self._who_now(connection, person)

    def _who_now(self, connection: Connection, person: PersonId) -> PersonId:
        """Somebody who was just found, after the ledger was locked: she may have been merged, or erased, in between."""
        one_at_a_time(connection, LEDGER)
        survivor = people.merge.survivor(connection, person)
        if survivor is None:
            raise NotFound("This person was erased a moment ago.")
        return survivor

    def _known(self, connection: Connection, who: Who | str) -> PersonId:
        person = self._find(connection, who)
        if person is None:
            raise NotFound("Nobody of that name is known here. An id is written as in the shop's own files.")
        return person


def _said(
    person: PersonId, purpose: Purpose, categories: Iterable[Category], state: State, asked: Asked, now: Micros
) -> list[Said]:
    return [Said(person, purpose, category, state, now, asked) for category in categories]


def _words(who: Who | str) -> dict[str, str]:
    words = {"user_id": who} if isinstance(who, str) else who.words
    if not words:
        raise BadInput("Name somebody: give a user_id, an anonymous_id or an email.")
    return words


_LEFT_ALONE = (
    "An address of this person was unsubscribed, objected or was erased. Only their own yes, given where they show "
    "that the address is theirs, changes that."
)


def _telling(lines: Sequence[Standing], entry: purposes.Entry) -> Standing:
    """The line that speaks for a purpose: one that stops it, else an allowed one, else what was said or asked last."""
    stops = [line for line in lines if line.category in entry.needs and not line.allowed]
    return max(stops or lines, key=lambda line: (line.allowed, line.since or 0, line.reason == "requested"))
