"""What one person adds to the sales of each week: all of them, or those of each kind of product by itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from goodwill.access import Frame, Log, View
from goodwill.measure.bought import Bought, Numbers, of_frame, of_view
from goodwill.measure.buying import OfBought
from goodwill.measure.figure import SMALL
from goodwill.measure.given import Floats, Truths
from goodwill.people.types import BOUGHT
from goodwill.sums import Sums


@dataclass(frozen=True, kw_only=True)
class ByWeek(OfBought):
    """Amounts, and how many people bought, by kind and week, as exact whole numbers; shape (kinds, weeks).

    Without kinds there is one, of all orders, less what was given back. Of kinds lines count, and those of a product
    without any count nowhere. Orders in another currency are counted, and left out.

    Attributes:
        weeks: seven days each, of which the last ends with ``until``.
        kind_of: kind of each product, indexed by product id, −1 for none; None: of all orders.
        kinds: how many there are.
    """

    name: str = "by-week"
    weeks: int
    kind_of: Numbers | None = field(default=None, compare=False)
    kinds: int = 1

    @property
    def start(self) -> int:
        """The first day of the first week."""
        return self.until - 7 * self.weeks + 1

    def part(self, view: View) -> Sums:
        if self.kind_of is None:
            return self._sums(of_view(view, self.until))
        return self._of_lines(np.zeros(len(view.events), np.int64), view.events, self.kind_of)

    def whole(self, frame: Frame) -> Sums:
        if self.kind_of is None:
            return self._sums(of_frame(frame, self.until))
        return self._of_lines(frame.person, frame.events, self.kind_of)

    def _sums(self, bought: Bought) -> Sums:
        return self._cells(bought, np.zeros(bought.day.size, np.int64))

    def _of_lines(self, person: Numbers, events: Log, kind_of: Numbers) -> Sums:
        known = (events.type == BOUGHT) & (events.product >= 0) & (events.product < kind_of.size)
        kind = np.where(known, kind_of[np.where(known, events.product, 0)] if kind_of.size else -1, -1)
        chosen = kind >= 0
        foreign = np.zeros(len(events), bool) if events.foreign is None else events.foreign == 1
        lines = Bought(person, events.day, np.where(foreign, 0, events.amount), foreign)
        return self._cells(lines.where(chosen), kind[chosen])

    def _cells(self, bought: Bought, kind: Numbers) -> Sums:
        inside = (bought.day >= self.start) & (bought.day <= self.until)
        own = inside & ~bought.foreign
        at = kind[own] * self.weeks + (bought.day[own] - self.start) // 7
        amount = np.zeros(self.kinds * self.weeks, np.int64)
        np.add.at(amount, at, bought.amount[own])
        cell = np.unique(np.stack([bought.person[own], at]), axis=1)[1]
        return Sums({
            "amount": amount.reshape(self.kinds, self.weeks),
            "people": np.bincount(cell, minlength=amount.size).astype(np.int64).reshape(self.kinds, self.weeks),
            "customers": np.unique(bought.person[own]).size,
            "foreign": int((inside & bought.foreign).sum()),
        })  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """Lines of weeks of which none tells of few.

    Attributes:
        amount: by name, minor units, each of the same weeks; the treated one stands first.
        first: how many of the weeks that were looked at lie before. left_out: how many kinds are not among them.
    """

    amount: Mapping[str, Floats]
    first: int
    left_out: int


def lines_of(sums: Sums, names: Sequence[str], treated: int, when: int, weeks: Truths) -> Lines | None:
    """The lines that may be looked at: from when the treated one had ten buyers in each week, and others that did too.

    Args:
        names: of the kinds. treated: its number. weeks: which of them are looked at; when: the first of these at which
            the thing was there.

    Returns:
        None where the treated one had too few buyers in a week from ``when`` on, or in the week before.
    """
    people = sums.array("people")[:, weeks]
    enough = people >= SMALL
    enough[:, np.argmax(people.any(axis=0))] = False  # the first of all weeks: a shop seldom begins on a Monday
    few = np.flatnonzero(~enough[treated])
    if few.size and few[-1] >= when - 1:
        return None
    first = int(few[-1]) + 1 if few.size else 0
    kept = np.flatnonzero(enough[:, first:].all(axis=1)).tolist()
    order = [treated, *(n for n in kept if n != treated)]
    amount = sums.array("amount")[:, weeks][:, first:].astype(np.float64)
    return Lines({names[n]: amount[n] for n in order}, first, len(names) - len(order))
