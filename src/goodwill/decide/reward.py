"""What came of showing something: counted weeks later, with visits that returned, and with what was said against it.

Whole numbers throughout, so that what one person adds to a total can be taken out of it again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from goodwill.access.view import Log
from goodwill.decide.plan import COSTLY, Rewards
from goodwill.decide.traits import COUNT, VIEWED, first_of_day, traits
from goodwill.learn.arms import LARGEST, UNIT
from goodwill.people.gentle import CLICKED, SHOWN, TOLD, OfLetters, number_of, number_of_letters
from goodwill.people.types import BOUGHT, REFUNDED
from goodwill.people.verdicts import Verdict

Numbers = NDArray[np.int64]
_MOST: Final = int(LARGEST) * UNIT
_OF_LETTERS: Final = {number_of_letters(word): word.value for word in OfLetters}


@dataclass(frozen=True, eq=False)
class Place:
    """A content or an offer in a slot.

    Attributes:
        about: which products it is about, one truth value for each number; empty: none in particular.
        closed: what was shown before this day is learned from: its time is over.
    """

    slot: str
    name: str
    rewards: Rewards
    about: NDArray[np.bool_]
    closed: int

    @property
    def number(self) -> int:
        """By which the log knows it."""
        return number_of(self.slot, self.name)

    @property
    def words(self) -> Mapping[int, str]:
        """The words that may be said of it, by which the log knows them."""
        return {number_of(self.slot, self.name, word): word for word in (*COSTLY, Verdict.FINE)}


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """What was shown and what came of it, in the units of `goodwill.learn.arms`.

    Attributes:
        place: which, by its place in a list; shape (n,). features: shape (n, 10). reward: shape (n,).
    """

    place: Numbers
    features: Numbers
    reward: Numbers


class Reckoning:
    """Works out outcomes, person by person."""

    def __init__(self, places: Sequence[Place]) -> None:
        self.places = tuple(places)
        self._number = np.array([place.number for place in places], np.int64)
        self._by_number = {place.number: n for n, place in enumerate(places)}
        self._words = [place.words for place in places]

    def of(self, events: Log) -> Outcomes:
        """Of one person's events. What is shown over and over on a day counts once, as it was shown first."""
        rows = self._shown(events)
        place = np.array([n for n, _ in rows], np.int64)
        if not rows:
            return Outcomes(place, np.zeros((0, COUNT), np.int64), place)
        at, day = (column[[row for _, row in rows]] for column in (events.at, events.day))
        found = traits(events, at, day, [self.places[n].about for n, _ in rows], self._number[place])
        return Outcomes(place, found, self.rewards(events, place, at, day))

    def _shown(self, events: Log) -> list[tuple[int, int]]:
        """What was shown and is over: which place, and the event's row."""
        first: dict[tuple[int, int], int] = {}
        for row in np.flatnonzero(events.type == SHOWN).tolist():
            n = self._by_number.get(int(events.reference[row]))
            if n is not None and (day := int(events.day[row])) < self.places[n].closed:
                first.setdefault((n, day), row)
        return [(n, row) for (n, _), row in first.items()]

    def rewards(self, events: Log, place: Numbers, at: Numbers, day: Numbers) -> Numbers:
        """What came of showing some places at some moments, in 1/256 of a reward; all of shape (n,)."""
        weights = [self.places[n].rewards for n in place.tolist()]
        days, margin, visit, click, one = (
            np.array([getattr(each, name) for each in weights], np.int64)
            for name in ("days", "margin", "visit", "click", "one")
        )
        after = (events.at > at[:, None]) & (events.day <= (day + days)[:, None])
        came = (events.type == BOUGHT) | (events.type == VIEWED)
        spent = np.where(after & (events.type == BOUGHT), events.amount, 0).sum(1) - _given_back(events, after)
        back = (after & first_of_day(events, came) & (events.day > day[:, None])).sum(1)
        clicked = (after & (events.type == CLICKED) & (events.reference == self._number[place][:, None])).any(1)
        money = margin * spent // 100 + visit * back + click * clicked - self._said(events, place, after)
        found: Numbers = np.clip(money * UNIT // one, -_MOST, _MOST)
        return found

    def _said(self, events: Log, place: Numbers, after: NDArray[np.bool_]) -> Numbers:
        """What her last word about each costs, or what she said of letters meanwhile: the dearer of both, not both."""
        told = np.flatnonzero(events.type == TOLD)
        costs = np.zeros(place.size, np.int64)
        for row, n in enumerate(place.tolist() if told.size else ()):
            numbers = events.reference[told[after[row, told]]].tolist()
            words = [word for number in numbers if (word := self._words[n].get(number, ""))]
            counts = [*words[-1:], *(_OF_LETTERS[number] for number in numbers if number in _OF_LETTERS)]
            costs[row] = max((self.places[n].rewards.cost_of(word) for word in counts if word in COSTLY), default=0)
        return costs


def _given_back(events: Log, after: NDArray[np.bool_]) -> Numbers:
    """What was given back meanwhile of orders of this time, of each no more than she paid; shape (n,)."""
    found = np.zeros(len(after), np.int64)
    back, bought = events.type == REFUNDED, events.type == BOUGHT
    for order in np.unique(events.reference[back]).tolist():
        of_it = after & (events.reference == order)
        paid, refunded = (np.where(of_it & kind, events.amount, 0).sum(1) for kind in (bought, back))
        found += np.minimum(paid, refunded)
    return found
