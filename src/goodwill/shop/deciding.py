"""Choosing for many at once: looked up together, chosen one by one, written down and committed together.

What takes long is done in a transaction that only reads, beside whoever writes. Before anything is written down, and so
before anything is handed out, everybody is looked at again about whom something was said in between.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection

from goodwill.access.rows import written_about_since
from goodwill.basics.clock import day_of
from goodwill.basics.errors import BadInput
from goodwill.basics.ids import PersonId
from goodwill.decide import record, store
from goodwill.decide.choose import Choosing, Context, Rules, Wanted, choose_many
from goodwill.decide.decision import Decision
from goodwill.shop.planning import checked_name
from goodwill.shop.who import Who
from goodwill.storage import AsOf
from goodwill.storage.kept import Read, note_reads

if TYPE_CHECKING:
    from goodwill.shop.shop import Shop

_FOR_A_PAGE: Final = 4  # seconds that a decision waits for whoever is writing: somebody looks at a page meanwhile
_MOST: Final = 100


_NOTHING_SAID: Final = Context()


@dataclass(frozen=True, slots=True)
class Question:
    """What to choose, and for whom; None for nobody in particular."""

    who: Who | str | None = None
    slot: str = "home"
    count: int | None = None
    context: Context = _NOTHING_SAID


@dataclass(frozen=True, slots=True)
class _Made:
    """What was chosen for some questions in one transaction.

    Attributes:
        persons: whom each question is about; None where nobody is known.
        reads: what is to be logged before any of it is handed out.
    """

    persons: list[PersonId | None]
    answers: list[Decision | BadInput]
    reads: list[Read]

    @property
    def as_of(self) -> AsOf | None:
        """How far every decision saw at least; None where nothing was chosen."""
        found = [one.as_of for one in self.answers if isinstance(one, Decision)]
        return min(found, key=lambda one: (one.consent, one.events, one.holds), default=None)


@dataclass(frozen=True)
class Deciding:
    """The decisions of one shop."""

    shop: "Shop"
    choosing: Choosing
    rules: Rules

    def decide(self, questions: Sequence[Question]) -> list[Decision | BadInput]:
        """Choose for all, and write every decision down; what was asked wrongly is told in its place."""
        database = self.shop.database
        made = None
        if database.is_sqlite:  # which has one place to write: it is not held for what only reads
            self._look_at_shelf()
            with database.reading() as connection:
                made = self._made(connection, questions)
        with database.transaction(patience=_FOR_A_PAGE) as connection:
            if made is None:  # on PostgreSQL, where others may be committed while this transaction looks
                made = self._made(connection, questions)
            made = self._again(connection, questions, made)
            made = self._promised(connection, questions, made)
            self._write(connection, made)
        return made.answers

    def _look_at_shelf(self) -> None:
        if not self.choosing.is_ready:
            with self.shop.database.transaction(patience=_FOR_A_PAGE) as connection:
                self.choosing.ready(connection, self.rules)

    def _made(self, connection: Connection, questions: Sequence[Question]) -> _Made:
        shop, reads = self.shop, list[Read]()
        wanted = self._wanted(connection, questions)
        asked = [one for one in wanted if isinstance(one, Wanted)]
        door = replace(shop.door(connection), later=reads)
        is_in = partial(shop.segments.is_in, connection)
        is_discreet = cache(partial(shop.segments.is_discreet, connection))  # of a rule, so once for all who ask
        made = (
            choose_many(
                door, shop.library, self.choosing, asked, rules=self.rules, is_in=is_in, is_discreet=is_discreet
            )
            if asked
            else ()
        )
        chosen = iter(made)
        return _Made(
            [one.person if isinstance(one, Wanted) else None for one in wanted],
            [next(chosen) if isinstance(one, Wanted) else one for one in wanted],
            reads,
        )

    def _wanted(self, connection: Connection, questions: Sequence[Question]) -> list[Wanted | BadInput]:
        found = [_wrong_with(one) for one in questions]
        named = [n for n, one in enumerate(questions) if found[n] is None and one.who is not None]
        whom = [who for n in named if (who := questions[n].who) is not None]
        persons = dict(zip(named, self.shop.find_all_in(connection, whom), strict=True)) if whom else {}
        return [_asked(one, wrong, persons.get(n)) for n, (one, wrong) in enumerate(zip(questions, found, strict=True))]

    def _again(self, connection: Connection, questions: Sequence[Question], made: _Made) -> _Made:
        """The same, chosen again for whoever said something since it was chosen."""
        persons, as_of = {person for person in made.persons if person is not None}, made.as_of
        if not persons or as_of is None:
            return made
        changed = written_about_since(connection, persons, as_of)
        places = [n for n, person in enumerate(made.persons) if person in changed]
        if not places:
            return made
        anew = self._made(connection, [questions[n] for n in places])
        answers = dict(enumerate(made.answers)) | dict(zip(places, anew.answers, strict=True))
        return _Made(made.persons, [answers[n] for n in range(len(questions))], made.reads + anew.reads)

    def _promised(self, connection: Connection, questions: Sequence[Question], made: _Made) -> _Made:
        """The same, with what its offers cost set aside; chosen again where nothing is left of a budget by now."""
        answers, reads = list(made.answers), list(made.reads)
        for n, question in enumerate(questions):
            while not self._set_aside(connection, answers[n]):
                anew = self._made(connection, [question])
                answers[n] = anew.answers[0]
                reads += anew.reads
        return _Made(made.persons, answers, reads)

    def _set_aside(self, connection: Connection, one: Decision | BadInput) -> bool:
        """Set aside what a decision's offers cost; all of it, or nothing where it is not left."""
        if isinstance(one, BadInput):
            return True
        offers = [choice for choice in one.items if choice.placed is not None]
        taken, today = list[tuple[str, int]](), day_of(one.at, self.shop.settings.zone)
        for choice in offers:
            cost = choice.placed.set_aside if choice.placed is not None else 0
            budget = self.choosing.plan(connection).offers[choice.product].budget if cost else None
            if budget is None:
                continue
            if not store.set_aside(connection, choice.product, cost, budget, today=today):
                for name, amount in taken:
                    store.give_back(connection, name, amount, today=today)
                return False
            taken.append((choice.product, cost))
        return True

    def _write(self, connection: Connection, made: _Made) -> None:
        decisions = [one for one in made.answers if isinstance(one, Decision)]
        note_reads(connection, made.reads)
        record.write(connection, decisions, zone=self.shop.settings.zone)
        self.shop.told.decided(connection, decisions)


def _wrong_with(one: Question) -> BadInput | None:
    """What is wrong with a question, whoever it is about."""
    if one.count is not None and not 1 <= one.count <= _MOST:
        return BadInput(f"Ask for 1 to {_MOST} suggestions, not {one.count}.")
    try:
        checked_name(one.slot)
    except BadInput as wrong:
        return wrong
    return None


def _asked(one: Question, wrong: BadInput | None, person: PersonId | BadInput | None) -> Wanted | BadInput:
    if wrong is not None:
        return wrong
    if isinstance(person, BadInput):
        return person
    return Wanted(person, one.who is not None, one.slot, one.count, one.context)
