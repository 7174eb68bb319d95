"""The privacy centre's own verbs: what a customer sees of her data, and what she says about it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from goodwill import catalogue, consent, people
from goodwill.access import Everything, SignedIn
from goodwill.access.view import Happened
from goodwill.access.wishes import LANGUAGE, LESS_OFTEN, PAUSE, Wishes
from goodwill.basics.clock import DAY, date_of, day_of
from goodwill.basics.errors import BadInput, NotFound, Refused
from goodwill.basics.ids import PersonId, ProductId, from_opaque, opaque
from goodwill.consent import Herself, Receipt, Standing, opt_in
from goodwill.consent.notices import Document
from goodwill.decide.because import cited, said_of
from goodwill.decide.decision import Choice as Chosen
from goodwill.decide.decision import Decision
from goodwill.people import registry
from goodwill.people.gentle import CARE_FOR, Care, Manner
from goodwill.people.verdicts import OF_PRODUCTS, Verdict
from goodwill.purposes import Category, Entry
from goodwill.shop.traces import Traces, traces_of
from goodwill.shop.who import Who
from goodwill.shop.why import owner
from goodwill.storage import audit
from goodwill.storage.audit import Line
from goodwill.storage.engine import EVENTS, PEOPLE, one_at_a_time
from goodwill.storage.kept import Read

if TYPE_CHECKING:
    from goodwill.shop.shop import Change, Shop

BY = "privacy centre"
PAUSES = (30, 90, 180)  # days
GENTLE_DAYS = CARE_FOR // DAY
_CONTACT = Category("contact")
_FROM_PURCHASES = ("usual", "new")  # kinds of suggestions whose reasons name what she bought
_TOLD = "told"  # the kind of those whose first reason is her own answer
_SPLIT = "events"  # the one table whose rows are counted by category


@dataclass(frozen=True, slots=True)
class Choice:
    """One purpose that a customer decides about, and how it stands, a line per category of data.

    Attributes:
        left_alone: why nobody writes to her whatever she allowed (an address of hers is on the list of those left
            alone): erasure · objection · unsubscribe; nothing where that does not matter.
    """

    entry: Entry
    lines: tuple[Standing, ...]
    left_alone: str = ""

    def is_stopped(self, line: Standing) -> bool:
        """Whether what a line allows has no effect because nobody writes to her."""
        return bool(self.left_alone) and line.allowed and line.category in self.entry.needs

    @property
    def missing(self) -> tuple[Category, ...]:
        """What she would have to allow as well before anything else that she allows here has an effect."""
        allowed = [line.category for line in self.lines if line.allowed]
        return tuple(category for category in self.entry.needs if allowed and category not in allowed)

    @property
    def is_over(self) -> bool:
        """Whether the purpose has ended, so that nothing said about it has an effect."""
        return all(line.reason == "purpose-expired" for line in self.lines)


@dataclass(frozen=True, slots=True)
class Held:
    """What is held of one kind: how much, and since when."""

    category: Category
    count: int
    first_at: int
    last_at: int


@dataclass(frozen=True, slots=True)
class Overview:
    """What the shop holds about one person, what it read it for, and who else looked or changed something.

    Attributes:
        held: what happened, by category.
        beside: what all other tables hold, a line for each that tells of her.
        traces: the files that told of her, and the totals that count her.
    """

    everything: Everything
    held: tuple[Held, ...]
    beside: tuple[registry.Held, ...]
    used: tuple[Read, ...]
    looked: tuple[Line, ...]
    traces: Traces


@dataclass(frozen=True, eq=False)
class Centre:
    """One customer's own view, for one shop. Whoever calls has seen that she is who she says."""

    shop: "Shop"

    # ---- choices ---------------------------------------------------------------------------------------------------

    def choices(self, person: PersonId) -> tuple[Choice, ...]:
        """Every purpose that she decides about, as it stands now."""
        with self.shop.database.reading() as connection:
            return tuple(self._choice(connection, person, entry) for entry in self.shop.register.asked())

    def _choice(self, connection: Connection, person: PersonId, entry: Entry) -> Choice:
        lines = self._standing(connection, person, entry)
        matters = entry.goes_by_mail and entry.suffices([line.category for line in lines if line.allowed])
        why = self.shop.erasure.why_left_alone(connection, person) if matters else ""
        return Choice(entry, lines, why)

    def answer(
        self,
        person: PersonId,
        answers: Mapping[tuple[str, str], bool],
        *,
        page: Document,
        token: str,
        signal: bool = False,
    ) -> tuple[Receipt, ...]:
        """Write her answers down, all or none; what stands already, proven, is left as it is.

        Args:
            answers: by purpose and category.
            page: what the page of choices shows now; token: of what it showed her, to which the answers are bound.
            signal: whether her browser sent a privacy signal with them.

        Raises:
            NotFound, BadInput: a purpose or category that nobody asks about.
            BadSnapshot: the token does not fit, and something was answered with yes.
        """
        return self.shop.notices.answer(
            Who(id=person), answers, token=token, how=BY, by="the person", signal=signal, herself=Herself.SIGNED_IN,
            page=page,
        )  # fmt: skip

    def confirm(self, person: PersonId, letters: str) -> tuple[Receipt, ...]:
        """Let what waits count, by the code that she typed from the letter; of several letters the one it fits.

        Raises:
            Refused: it fits none of them.
        """
        waiting = self.shop.notices.pending(Who(id=person))
        for one in reversed(waiting):
            with suppress(Refused):
                return self.shop.notices.confirm(f"{opaque(one.number)}-{letters}")
        raise Refused("This code opens nothing that waits for you.")

    def all_answers(self, *, yes: bool) -> dict[tuple[str, str], bool]:
        """The same answer to everything that she decides about."""
        return {(entry.name, category): yes for entry in self.shop.register.asked() for category in entry.categories}

    def _standing(self, connection: Connection, person: PersonId, entry: Entry) -> tuple[Standing, ...]:
        at = self.shop.clock()
        said = consent.standing(connection, person, entry, at=at, day=day_of(at, self.shop.settings.zone))
        asked = opt_in.pending(connection, people.merge.numbers(connection, person), at=at)
        return opt_in.waiting(said, entry, opt_in.waits_of((one.about, one.asked_at) for one in asked))

    # ---- how to be written to --------------------------------------------------------------------------------------

    def wishes(self, person: PersonId) -> Wishes:
        """How she wants to be written to."""
        return self.shop.wishes_of(Who(id=person))

    def pause(self, person: PersonId, days: int) -> date | None:
        """Let nobody write to her for some days, or end a pause (0); the day from which letters may come again."""
        if days not in (0, *PAUSES):
            raise BadInput(f"A pause lasts {', '.join(map(str, PAUSES))} days.")
        until = self.today + timedelta(days=days) if days else None
        self._wish(person, PAUSE, until.isoformat() if until else None)
        return until

    def write_less_often(self, person: PersonId, *, less: bool) -> None:
        """Note whether she wants fewer letters."""
        self._wish(person, LESS_OFTEN, "yes" if less else None)

    def speak(self, person: PersonId, language: str) -> None:
        """Note in which language she wants to be written to."""
        self._wish(person, LANGUAGE, language)

    # ---- how to choose for her -------------------------------------------------------------------------------------

    def manner(self, person: PersonId) -> Manner:
        """What she switched for herself, beside what she allows."""
        with self.shop.database.reading() as connection:
            return people.gentle.manner(connection, person, at=self.shop.clock())

    def choose_from_my_data(self, person: PersonId, *, personal: bool) -> None:
        """Note whether anything may be chosen from her data; what she allows stays as it is."""
        with self._hers("person.switch", person) as (change, hers):
            now = self.shop.clock()
            change.entry.detail["personal"] = personal
            people.gentle.switch(change.connection, hers, personal=personal, at=now, day=self._day(now))

    def be_gentle(self, person: PersonId, *, gentle: bool) -> None:
        """Let nothing new be urged on her for 90 days, or end that; nobody asks why."""
        with self._hers("person.care", person) as (change, hers):
            now = self.shop.clock()
            why = Care.SELF_DECLARED
            people.gentle.note_care(change.connection, hers, why, over=not gentle, at=now, day=self._day(now))

    def _day(self, at: int) -> int:
        return day_of(at, self.shop.settings.zone)

    @property
    def today(self) -> date:
        """The day on the shop's calendar."""
        return date_of(self._day(self.shop.clock()))

    def _wish(self, person: PersonId, field: str, text: str | None) -> None:
        with self.shop.change("wish.change", about=person) as change:
            fields = {field: (_CONTACT, text)}
            people.set_profile(change.connection, self.shop.cipher, person, fields, now=self.shop.clock())
            change.entry.detail["wish"] = field

    # ---- what is held ----------------------------------------------------------------------------------------------

    def overview(self, person: PersonId) -> Overview:
        """All that is held about her, counted; what it was read for; and who changed or looked at something."""
        everything = self.shop.own(SignedIn(person, by=BY))
        with self.shop.database.reading() as connection:
            numbers = people.merge.numbers(connection, person)
            lines = [line for number in numbers for line in audit.lines(connection, person=number)]
        looked = tuple(sorted((line for line in lines if line.actor != "the person"), key=lambda line: -line.position))
        used = tuple(read for read in everything.reads if not read.purpose.startswith("own copy"))
        beside = tuple(one for one in self.shop.copies.held(Who(id=person)) if one.table != _SPLIT)
        traces = traces_of(self.shop, everything)
        return Overview(everything, _counted(everything.events), beside, used, looked, traces)

    def fields(self, person: PersonId) -> tuple[str, ...]:
        """The fields that can be corrected: what is noted of her, by name."""
        return tuple(sorted(self.shop.own(SignedIn(person, by=BY)).profile))

    # ---- what was chosen for her -----------------------------------------------------------------------------------

    def decisions(self, person: PersonId, *, after: str | None = None, limit: int = 10) -> list[Decision]:
        """What was chosen for her, newest first."""
        return self.shop.decisions(Who(id=person), limit, after=after)

    def verdicts(self, person: PersonId) -> dict[str, Verdict]:
        """The ids of the products, and the names of content and offers, that she wants no more of, by her word."""
        with self.shop.database.reading() as connection:
            out = people.verdicts.left_out(connection, person, at=self.shop.clock())
            placed = people.gentle.gentle_with(connection, person, at=self.shop.clock()).unwanted
            found = catalogue.of_ids(connection, list(out))
            names = {name.partition("/")[2]: Verdict.LESS for name in placed}
            return names | {product.external: out[ProductId(number)] for number, product in found.items()}

    def judge(
        self,
        person: PersonId,
        decision: str,
        product: str,
        verdict: str,
        *,
        only: Collection[str] = tuple(Verdict),
        reason: int | None = None,
    ) -> Chosen:
        """Write down what she says of something that was chosen for her; the next decision obeys.

        Args:
            only: the verdicts that may be said here.
            reason: which of its reasons she means, from 0: then what she says is said of the purchase that it names,
                or of what she told that she likes, which is then taken out of her answer.

        Raises:
            NotFound: nothing of the kind was chosen for her.
            BadInput: this is no verdict.
        """
        if verdict not in only:
            raise BadInput(f"Say one of: {', '.join(only)}.")
        made = self._made(person, decision)
        judged, now = _chosen(made, product), self.shop.clock()
        if reason is not None and judged.kind == _TOLD:
            return self._not_liked(person, decision, judged, Verdict(verdict), reason)
        ground = None if reason is None else self._ground(person, judged, Verdict(verdict), reason)
        if judged.placed is None and Verdict(verdict) not in OF_PRODUCTS:
            raise BadInput(f"Of a product say one of: {', '.join(OF_PRODUCTS)}.")
        with self._hers("decision.judge", person) as (change, hers):
            if judged.placed is not None and made is not None:
                self.shop.placed.judge(change.connection, hers, made, product, Verdict(verdict))
            else:
                people.verdicts.say(
                    change.connection,
                    hers,
                    self._product(change.connection, product) if ground is None else ground,
                    Verdict(verdict),
                    decision=from_opaque(decision),
                    at=now,
                    day=self._day(now),
                )
            change.entry.detail |= {"decision": decision, "verdict": verdict}
        return judged

    def _not_liked(self, person: PersonId, decision: str, judged: Chosen, verdict: Verdict, reason: int) -> Chosen:
        """Take the kind of things that a reason names out of what she told that she likes."""
        if verdict is not Verdict.WRONG:
            raise BadInput("Of a reason say that it is wrong.")
        kind = said_of(judged.because[reason].text) if 0 <= reason < len(judged.because) else ""
        if not kind:
            raise NotFound("Nothing that you told us stands behind that.")
        with self._hers("decision.judge", person) as (change, hers):
            self.shop.taste.drop(change.connection, hers, kind)
            change.entry.detail |= {"decision": decision, "verdict": verdict}
        return judged

    def _ground(self, person: PersonId, judged: Chosen, verdict: Verdict, reason: int) -> ProductId:
        """What she bought last of the thing that a reason names."""
        if verdict is not Verdict.WRONG:
            raise BadInput("Of a reason say that it is wrong.")
        if judged.kind not in _FROM_PURCHASES or not 0 <= reason < len(judged.because):
            raise NotFound("No purchase of yours stands behind that.")
        name, shelf = cited(judged.because[reason].text), self.shop.shelf()
        with self.shop.at_the_door() as door:
            own = door.own(SignedIn(person, by="a word about a reason"), types={"bought"}).events
        bought = [one.product for one in reversed(own) if one.product is not None and shelf.called(one.product) == name]
        if not bought:
            raise NotFound("No purchase of yours stands behind that.")
        return ProductId(bought[0])

    @contextmanager
    def _hers(self, action: str, person: PersonId) -> Iterator[tuple["Change", PersonId]]:
        """A change of what she said, under the number that is hers by now."""
        with self.shop.change(action, about=person) as change:
            for lock in (PEOPLE, EVENTS):
                one_at_a_time(change.connection, lock)
            hers = people.merge.survivor(change.connection, person)
            if hers is None:
                raise NotFound("This person was erased a moment ago.")
            change.entry.person = hers
            yield change, hers

    def chosen(self, person: PersonId, decision: str, product: str) -> Chosen:
        """What a decision of hers chose.

        Raises:
            NotFound: there is none; somebody else's is none either.
        """
        return _chosen(self._made(person, decision), product)

    def _made(self, person: PersonId, decision: str) -> Decision | None:
        """A decision of hers; None where there is none, and somebody else's is none either."""
        with self.shop.database.reading() as connection:
            mine = people.merge.survivor(connection, person)
            hers = mine is not None and owner(connection, decision) == mine
        return self.shop.explain(decision) if hers else None

    def _product(self, connection: Connection, external: str) -> ProductId:
        found = catalogue.ids_of(connection, [external])
        if external not in found:
            raise NotFound("This product is not in the catalogue any more.")
        return ProductId(found[external])


def _chosen(made: Decision | None, product: str) -> Chosen:
    found = next((choice for choice in made.items if choice.product == product), None) if made else None
    if found is None:
        raise NotFound("Nothing of the kind was chosen for you.")
    return found


def _counted(events: Sequence[Happened]) -> tuple[Held, ...]:
    """How much happened of each category, the most first."""
    kinds: dict[Category, list[int]] = {}
    for event in events:
        kinds.setdefault(event.category, []).append(event.at)
    held = [Held(category, len(times), min(times), max(times)) for category, times in kinds.items()]
    return tuple(sorted(held, key=lambda one: -one.count))
