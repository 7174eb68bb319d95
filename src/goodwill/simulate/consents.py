"""Invented consents, by a rule that anybody can read on the screen.

Purchase data that is free to use says nothing about consent, so a demo has to invent it. The rule is declared, seeded,
and looks at nothing but the person's id: the same household answers alike in whatever order the rows stand.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from goodwill.basics.clock import Micros
from goodwill.basics.errors import BadInput
from goodwill.basics.ids import hash64
from goodwill.purposes import (
    EMAIL_MARKETING,
    MEASUREMENT,
    MODEL_IMPROVEMENT,
    RECOMMENDATIONS,
    Category,
    Entry,
    Purpose,
    Register,
)

GIVEN, REFUSED, WITHDRAWN = "given", "refused", "withdrawn"
_FEWEST = (Category("contact"), Category("purchases"))  # what those who allow little still allow


@dataclass(frozen=True, slots=True)
class Answers:
    """What 100 people answer for one purpose; the rest of the 100 were never asked."""

    purpose: Purpose
    allow: int
    refuse: int
    withdraw: int


@dataclass(frozen=True, slots=True)
class Asking:
    """One person who may be asked, when, and the last moment at which she may change her mind."""

    person: str
    at: Micros
    end: Micros


@dataclass(frozen=True, slots=True)
class Word:
    """One invented answer: a line of consents.csv."""

    person: str
    purpose: Purpose
    category: Category
    state: str  # given · refused · withdrawn
    at: Micros


@dataclass(frozen=True, slots=True)
class ConsentRule:
    """Who allows what, of 100 people.

    Attributes:
        never_asked: how many were never asked about anything.
        answers: what the others say, a line per purpose.
        alike: of 100 answers, how many follow the person's own attitude; the others are drawn afresh.
        purchases_only: of 100 who allow anything, how many allow no more than they must (purchases; for mail, contact).
        people: what the screen calls them.
    """

    seed: int = 84
    never_asked: int = 20
    answers: tuple[Answers, ...] = (
        Answers(RECOMMENDATIONS, allow=55, refuse=15, withdraw=10),
        Answers(MODEL_IMPROVEMENT, allow=50, refuse=20, withdraw=10),
        Answers(MEASUREMENT, allow=60, refuse=15, withdraw=5),
        Answers(EMAIL_MARKETING, allow=30, refuse=40, withdraw=10),
    )
    alike: int = 80
    purchases_only: int = 25
    people: str = "people"

    def __post_init__(self) -> None:
        for answer in self.answers:
            if self.never_asked + answer.allow + answer.refuse + answer.withdraw != 100:
                raise BadInput(f"The answers for '{answer.purpose}' and those never asked must add up to 100 people.")

    @property
    def says(self) -> str:
        """The rule in one sentence, for the screen."""
        main = self.answers[0]
        return (
            f"Consents are invented (seed {self.seed}): of 100 {self.people}, {main.allow} allow {main.purpose}, "
            f"{main.refuse} refused, {main.withdraw} withdrew later and {self.never_asked} were never asked."
        )

    @property
    def others(self) -> tuple[str, ...]:
        """The same for the other purposes, a sentence each."""
        return tuple(
            f"{answer.purpose}: {answer.allow} of 100 allow, {answer.refuse} refused, {answer.withdraw} withdrew later."
            for answer in self.answers[1:]
        )

    def draw(self, what: str, person: str) -> float:
        """A number from 0 to 1 that depends on the seed, the word and the person alone."""
        return hash64("consent", self.seed, what, person) / 2**63

    def invent(self, people: Iterable[Asking], register: Register) -> list[Word]:
        """All answers, person by person, in the order of time within each."""
        lines = [(answer, register[answer.purpose]) for answer in self.answers]
        return [word for asking in people for word in self._of(asking, lines)]

    def was_asked(self, person: str) -> bool:
        return self.draw("asked", person) * 100 >= self.never_asked

    def allows_everything(self, person: str) -> bool:
        """Whether a person says yes to every purpose and every data category, and stays with it."""
        return not self._allows_little(person) and all(self.state(person, answer) == GIVEN for answer in self.answers)

    def _allows_little(self, person: str) -> bool:
        return self.draw("little", person) * 100 < self.purchases_only

    def state(self, person: str, answer: Answers) -> str | None:
        """How a purpose ends up for a person; None: never asked."""
        if not self.was_asked(person):
            return None
        own = self.draw(f"alike {answer.purpose}", person) * 100 < self.alike
        willing = self.draw("attitude" if own else f"mood {answer.purpose}", person) * (100 - self.never_asked)
        if willing < answer.allow:
            return GIVEN
        return WITHDRAWN if willing < answer.allow + answer.withdraw else REFUSED

    def _of(self, asking: Asking, lines: list[tuple[Answers, Entry]]) -> list[Word]:
        person = asking.person
        little = self._allows_little(person)
        share = 0.1 + 0.8 * self.draw("change of mind", person)
        later = Micros(asking.at + int(share * max(0, asking.end - asking.at)))
        first, second = [], []
        for answer, entry in lines:
            state = self.state(person, answer)
            if state == REFUSED:
                first += [Word(person, entry.name, category, REFUSED, asking.at) for category in entry.categories]
            elif state is not None:
                allowed = [category for category in entry.categories if not little or category in _FEWEST]
                first += [Word(person, entry.name, category, GIVEN, asking.at) for category in allowed]
                if state == WITHDRAWN:
                    second += [Word(person, entry.name, category, WITHDRAWN, later) for category in allowed]
        return first + second
