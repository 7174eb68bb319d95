"""What the owner's home tells: four numbers of this month, what needs somebody, and how the shop's ways in and out do.

Every number is one that already names nobody; what a figure says of money comes from the measures, at their periods.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Final

from goodwill import catalogue, consent
from goodwill.basics.clock import SECOND, Day, date_of, day_of, micros
from goodwill.basics.errors import Quarantined
from goodwill.basics.words import number
from goodwill.collect import store as imports
from goodwill.collect.live import store as live
from goodwill.collect.live.rules import status_of
from goodwill.consent import published
from goodwill.people.contact import MayContact, how_many
from goodwill.reach import store as letters
from goodwill.rights import store as requests
from goodwill.rights.request import OPEN, Right
from goodwill.shop import waiting
from goodwill.staff.roles import Act
from goodwill.storage.kept import kept

if TYPE_CHECKING:
    from goodwill.shop.shop import Shop

COMPLAINTS: Final = (Right.OBJECT, Right.HUMAN_REVIEW)
_WEEK: Final = 7
_MINUTE: Final = 60 * SECOND
_SOON: Final = 7  # days before a request's last day from which it needs somebody
_ACTS: Final[Mapping[str, Act]] = {
    "mail": Act.WATCH, "erasure": Act.ERASE, "request": Act.REQUESTS, "webhooks": Act.WATCH, "imports": Act.IMPORT,
    "notices": Act.NOTICES, "register": Act.SIGN_OFF, "ledger": Act.READ_CONSENT,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Need:
    """Something that needs somebody of the shop.

    Attributes:
        what: mail · erasure · request · webhooks · imports · notices · register · ledger.
        wrong: whether it must not stay so.
        mend: the command, or what to set, that helps; "" where the sentence says it.
    """

    what: str
    wrong: bool
    found: str
    mend: str = ""

    @property
    def act(self) -> Act:
        """What somebody must be allowed to do to mend it."""
        return _ACTS[self.what]


@dataclass(frozen=True, slots=True)
class Health:
    """How one way in or out does, in a sentence.

    Attributes:
        state: well · look · wrong · unused.
    """

    what: str
    state: str
    words: str


@dataclass(frozen=True, slots=True)
class OneDay:
    """What came in and left on one day; it names nobody."""

    day: date
    messages: int
    rows: int
    letters: int


@dataclass(frozen=True, slots=True)
class FirstStep:
    """One step of starting, and whether it is done."""

    name: str
    done: bool


class Contacts:
    """Whom the shop may write to, counted anew after every word on consent, and else once a minute.

    In a large shop the counting takes as long as all the rest of a page.
    """

    def __init__(self, shop: "Shop") -> None:
        self._shop = shop
        self._counted: tuple[int, int, MayContact | None] | None = None  # up to which row, when, and what

    def now(self) -> MayContact | None:
        """How many; None while the ledger may not be believed."""
        at = int(self._shop.clock())
        with self._shop.database.reading() as connection:
            position = int(consent.last_position(connection))
        kept = self._counted
        if kept is None or kept[0] != position or not 0 <= at - kept[1] < _MINUTE:
            kept = self._counted = (position, at, self._anew())
        return kept[2]

    def _anew(self) -> MayContact | None:
        try:
            return self._shop.may_contact()
        except Quarantined:
            return None


@dataclass(frozen=True)
class Today:
    """The state of one shop, as its owner sees it first."""

    shop: "Shop"

    @property
    def month(self) -> date:
        """The first day of this month, in the shop's zone."""
        return date_of(self._today).replace(day=1)

    def sent(self) -> int:
        """Letters that left this month."""
        with self.shop.database.reading() as connection:
            return letters.sent_between(connection, [self._midnight(self.month), self.shop.clock() + 1])[0]

    def complaints(self) -> int:
        """Objections, and requests that a person look again, of this month."""
        with self.shop.database.reading() as connection:
            return requests.received(connection, COMPLAINTS, since=self._midnight(self.month))

    # ---- what needs somebody -----------------------------------------------------------------------------------------

    def needs(self) -> list[Need]:
        """Everything that needs somebody, what is wrong first."""
        found = [*self._ledger(), *self._waiting(), *self._due(), *self._imports(), *self._register(), *self._notices()]
        return sorted(found, key=lambda need: not need.wrong)

    def _ledger(self) -> Iterator[Need]:
        found = self.shop.proofs.quarantine
        if found is not None:
            yield Need("ledger", wrong=True, found=found.says, mend=found.help)

    def _waiting(self) -> Iterator[Need]:
        settings = self.shop.settings
        can_send = self.shop.channel is not None
        for one in waiting.look(self.shop.database, zone=settings.zone, now=self.shop.clock(), can_send=can_send):
            mend = one.helps or " ".join(("goodwill", *one.command))
            yield Need(one.what, one.wrong, f"{one.what.capitalize()}: {one.found}.", mend)

    def _due(self) -> Iterator[Need]:
        """Requests whose last day is near; those that are over are told with what waits."""
        with self.shop.database.reading() as connection:
            soon = [
                one
                for one in requests.queue(connection, closed=False, limit=1_000)
                if one.state in OPEN and one.paused_at is None and 0 <= one.due_on - self._today <= _SOON
            ]
        if soon:
            last = date_of(min(one.due_on for one in soon))
            words = f"{number(len(soon), 'requests')} of customers to answer, the first by {last}."
            yield Need("request", wrong=False, found=words, mend="goodwill requests list")

    def _imports(self) -> Iterator[Need]:
        with self.shop.database.reading() as connection:
            begun = [one for one in imports.all_of(connection) if one.state in ("running", "undoing")]
        if begun:
            which = ", ".join(f"{one.id} ({one.file})" for one in begun)
            words = f"Import {which} did not come to its end, unless it is being made just now."
            yield Need("imports", wrong=False, found=words)

    def _register(self) -> Iterator[Need]:
        for entry in self.shop.register:
            if entry.is_off(self._today):
                words = f"'{entry.name}' is off since {entry.expiry}: {entry.owner} decides on a new expiry date."
                yield Need("register", wrong=True, found=words)
            elif entry.review < date_of(self._today):
                words = f"'{entry.name}' was to be reviewed by {entry.review}: {entry.owner} looks at it again."
                yield Need("register", wrong=False, found=words)

    def _notices(self) -> Iterator[Need]:
        if not self._stands_for_notices():
            words = "Customers are asked in the words that come with goodwill; nobody of the shop stands for them yet."
            yield Need("notices", wrong=False, found=words, mend="goodwill consent notices preview")

    # ---- how it does -------------------------------------------------------------------------------------------------

    def health(self) -> list[Health]:
        """Files, mail and webhooks, a sentence each."""
        return [self._files_do(), self._mail_does(), self._webhooks_do()]

    def _files_do(self) -> Health:
        with self.shop.database.reading() as connection:
            made = imports.all_of(connection)
        if not made:
            return Health("Files", "unused", "No file came in yet.")
        last = made[-1]
        rows = f"{number(last.kept, 'rows')} kept, {number(last.rejected)} rejected"
        state = "well" if last.state in ("done", "nothing-new", "undone") and not last.rejected else "look"
        return Health("Files", state, f"The last, import {last.id} of {self._date(last.started_at)}: {rows}.")

    def _mail_does(self) -> Health:
        with self.shop.database.reading() as connection:
            counts = letters.counts(connection)
        waits, lost = counts.get(letters.WAITING, 0), counts.get(letters.GIVEN_UP, 0)
        words = f"{number(waits, 'letters')} wait; {number(lost)} given up of all there ever were."
        if self.shop.channel is None:
            set_up = "No mail server is set, so no letter leaves."
            return Health("Mail", "wrong" if waits else "unused", f"{set_up} {words}" if waits else set_up)
        return Health("Mail", "look" if waits and lost else "well", words)

    def _webhooks_do(self) -> Health:
        sources = self.shop.webhooks.sources()
        if not sources:
            return Health("Webhooks", "unused", "No system sends by itself yet.")
        alarms = [alarm for one in sources for alarm in one.alarms]
        heard = max((one.source.last_at for one in sources if one.source.last_at), default=None)
        last = "Nothing came yet." if heard is None else f"The last came on {self._date(heard)}."
        words = f"{number(len(sources), 'sources')}. {last}"
        return Health(
            "Webhooks", "look" if alarms else "well", f"{words} {len(alarms)} to look at." if alarms else words
        )

    # ---- the last days -----------------------------------------------------------------------------------------------

    def week(self) -> list[OneDay]:
        """What came in and left on the last seven days, today included."""
        days = [Day(self._today - back) for back in reversed(range(_WEEK))]
        midnights = [self._midnight(date_of(day)) for day in (*days, days[-1] + 1)]
        with self.shop.database.reading() as connection:
            counted = live.counted(connection, since=days[0])
            sent = letters.sent_between(connection, midnights)
            made = imports.all_of(connection)
        return [
            OneDay(
                date_of(day),
                sum(one.messages for one in counted if one.day == day and status_of(one.rule) == "taken"),
                sum(one.kept for one in made if one.state != "undone" and begins <= one.started_at < ends),
                letters_sent,
            )
            for day, letters_sent, begins, ends in zip(days, sent, midnights[:-1], midnights[1:], strict=True)
        ]

    def first_steps(self) -> list[FirstStep]:
        """The way from an empty shop to its first suggestion."""
        with self.shop.database.reading() as connection:
            people, products = how_many(connection), catalogue.count(connection)
            said = consent.last_position(connection)
            models = next(iter(kept(connection, "models")), None)
        return [
            FirstStep("files", bool(people and products)),
            FirstStep("consent", bool(said)),
            FirstStep("notices", self._stands_for_notices()),
            FirstStep("models", models is not None and models.people > 0),
        ]

    # ---- inside ------------------------------------------------------------------------------------------------------

    @property
    def _today(self) -> Day:
        return day_of(self.shop.clock(), self.shop.settings.zone)

    def _stands_for_notices(self) -> bool:
        with self.shop.database.reading() as connection:
            return published.is_any_of_shop(connection)

    def _midnight(self, on: date) -> int:
        return micros(datetime.combine(on, datetime.min.time(), self.shop.settings.zone))

    def _date(self, at: int) -> date:
        return date_of(day_of(at, self.shop.settings.zone))
