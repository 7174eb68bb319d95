"""Who came new, and what a new customer brought month by month: what the cost of winning one is held against."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from goodwill.access import Frame, View
from goodwill.measure.apart import apart
from goodwill.measure.bought import TYPES, Bought, Numbers, of_frame, of_view
from goodwill.measure.buying import begins, first_days
from goodwill.measure.together import groups_of
from goodwill.people.types import TypeCode
from goodwill.purposes import STATISTICS, Category, Purpose
from goodwill.sums import Sums

MONTH: Final = 30  # days
MONTHS: Final = 24  # that are looked at
_ARMS: Final = 2


def all_treated(persons: Numbers) -> Numbers:
    """For a shop that leaves nobody out."""
    return np.zeros(persons.size, np.int64)


@dataclass(frozen=True, kw_only=True)
class Came:
    """Whether she first bought in a window, in her arm; and in which months since she bought for how much.

    Attributes:
        start, until: first and last day of the window.
        arm: 0 for the treated, 1 for those left out, from people's numbers alone.
        others: lengths in days up to the last one that the figure is held against. ``beyond`` counts, by arm, who came
            new in the one and not in the other.
    """

    start: int
    until: int
    currency: str
    arm: Callable[[Numbers], Numbers] = all_treated
    name: str = "came"
    purpose: Purpose = STATISTICS
    categories: frozenset[Category] = field(default=frozenset({Category("purchases")}))
    types: tuple[TypeCode, ...] = TYPES
    others: tuple[int, ...] = ()

    def group_of(self, persons: Numbers) -> Numbers:
        return self.arm(persons)

    def part(self, view: View) -> Sums:
        return self.sums_of(of_view(view, self.until), self.arm(np.array([view.person], np.int64)))

    def whole(self, frame: Frame) -> Sums:
        return self.sums_of(of_frame(frame, self.until), groups_of(frame))

    def sums_of(self, bought: Bought, group: Numbers) -> Sums:
        """What some people's orders add up to; the group of each by the number that she has in the orders."""
        first = first_days(bought)
        starts = begins(bought.person)
        came = starts & (first >= self.start)
        watched = np.minimum((self.until - first + 1) // MONTH, MONTHS)  # whole months since she came
        month = (bought.day - first) // MONTH
        counts = month < watched
        amount = np.zeros(MONTHS, np.int64)
        np.add.at(amount, month[counts], bought.amount[counts])
        for_so_long = np.bincount(watched[starts], minlength=MONTHS + 1)[::-1].cumsum()[::-1][1:]
        return Sums({
            **self._apart(bought.person[starts], first[starts], group),
            "people": np.bincount(group, minlength=_ARMS),
            "new": np.bincount(group[bought.person[came]], minlength=_ARMS),
            "customers": int(starts.sum()), "watched": for_so_long.astype(np.int64), "amount": amount,
            "paid": _paid(bought.person[counts], month[counts], bought.amount[counts]),
            "foreign": int(bought.foreign.sum()),
        })  # fmt: skip

    def _apart(self, person: Numbers, first: Numbers, group: Numbers) -> Sums:
        """Who is told apart by other lengths, of each arm; everybody comes new once, so these are all she counts by."""
        if not self.others:
            return Sums({})
        length, each = self.until - self.start + 1, [group[person] == one for one in range(_ARMS)]
        told = [apart(person[one], first[one], until=self.until, length=length, others=self.others) for one in each]
        return Sums({"beyond": np.stack([one.array("beyond") for one in told])})


def _paid(person: Numbers, month: Numbers, amount: Numbers) -> Numbers:
    """By how many people the amount of each month is; whose orders come to nothing together is none of them."""
    each, row = np.unique(person * MONTHS + month, return_inverse=True)
    brought = np.zeros(each.size, np.int64)
    np.add.at(brought, row, amount)
    return np.bincount(each[brought != 0] % MONTHS, minlength=MONTHS)
