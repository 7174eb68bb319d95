"""What people bought, visit by visit: the one shape in which all models read purchases.

A visit is one order of one person; lines that name no order belong to the visit of their day. An item is what the
models count (a product, its type or its category), numbered from 0; it counts once in a visit, however many pieces.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from goodwill.people.types import BOUGHT

if TYPE_CHECKING:
    from goodwill.access import Frame, Log, View

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Baskets:
    """Purchases of some people, in the order of people and time.

    Attributes:
        starts: number of each person's first visit, and of the visit after the last; shape (people + 1,).
        day: the shop's calendar day of each visit; shape (visits,), rising for each person.
        visit: visit of each line; shape (lines,), rising.
        item: item of each line, 0 to ``items`` − 1, each once in a visit and rising within it; shape (lines,).
        items: how many items there are.
    """

    starts: Numbers
    day: Numbers
    visit: Numbers
    item: Numbers
    items: int

    @property
    def people(self) -> int:
        return self.starts.size - 1

    @property
    def visits(self) -> Numbers:
        """How many visits each person made; shape (people,)."""
        return np.diff(self.starts)

    @property
    def person(self) -> Numbers:
        """The person of each visit; shape (visits,)."""
        return np.repeat(np.arange(self.people), self.visits)

    def first(self, kept: Numbers) -> "Baskets":
        """The first ``kept[p]`` visits of each person p."""
        return self._where(self.turn() < np.repeat(kept, self.visits))

    def after(self, kept: Numbers) -> "Baskets":
        """All but the first ``kept[p]`` visits of each person p."""
        return self._where(self.turn() >= np.repeat(kept, self.visits))

    def of_items(self, number_of: Numbers, items: int) -> "Baskets":
        """The same visits with items numbered anew: ``number_of[item]``, −1 leaves an item out; rising where not −1."""
        number = number_of[self.item]
        known = number >= 0
        return Baskets(self.starts, self.day, self.visit[known], number[known], items)

    def turn(self) -> Numbers:
        """Which visit of its person each visit is, from 0."""
        return np.arange(self.day.size) - np.repeat(self.starts[:-1], self.visits)

    def _where(self, chosen: NDArray[np.bool_]) -> "Baskets":
        number = np.cumsum(chosen) - 1
        lines = chosen[self.visit]
        starts = from_zero(chosen)[self.starts]
        return Baskets(starts, self.day[chosen], number[self.visit[lines]], self.item[lines], self.items)


class HoldBack(Enum):
    """Which of a person's visits are set aside, so that a model can be tried on what it has not seen.

    Nobody's only visit is set aside: there would be nothing to try a model with.
    """

    LAST_VISIT = "last-visit"
    LAST_FIFTH = "last-fifth"  # at least one visit

    def kept(self, visits: Numbers) -> Numbers:
        """How many of so many visits stay."""
        held = np.ones_like(visits) if self is HoldBack.LAST_VISIT else np.maximum(1, visits // 5)
        return visits - np.where(visits > 1, held, 0)


def learnt(baskets: Baskets, hold_back: Sequence[HoldBack]) -> Baskets:
    """What is left when visits are set aside, once for each rule; with none, all."""
    for rule in hold_back:
        baskets = baskets.first(rule.kept(baskets.visits))
    return baskets


def tried(baskets: Baskets, hold_back: Sequence[HoldBack]) -> Baskets:
    """What the last rule sets aside: the visits right after those of `learnt`."""
    *earlier, last = hold_back
    rest = learnt(baskets, earlier)
    return rest.after(last.kept(rest.visits))


def begins(*columns: NDArray[Any]) -> NDArray[np.bool_]:
    """Where a value, or one of several side by side, differs from the one before; the first does.

    Quicker than `np.diff` for the few lines of one person, for whom a decision waits.
    """
    new = np.ones(columns[0].size, bool)
    for column in columns:
        if column is columns[0]:
            np.not_equal(column[1:], column[:-1], out=new[1:])
        else:
            new[1:] |= column[1:] != column[:-1]
    return new


def from_zero(counts: NDArray[Any]) -> Numbers:
    """Running sums of some counts, with 0 before the first."""
    found = np.zeros(counts.size + 1, np.int64)
    np.cumsum(counts, out=found[1:])
    return found


# ---- from what the door hands over -----------------------------------------------------------------------------------


def of_view(view: "View", item_of: Numbers, items: int) -> Baskets:
    """One person's purchases.

    Args:
        item_of: item of each product, indexed by product id; −1 where a product counts as no item.
    """
    return _of_log(np.zeros(len(view.events), np.int64), 1, view.events, item_of, items)


def of_frame(frame: "Frame", item_of: Numbers, items: int) -> Baskets:
    """Many people's purchases; ``item_of`` as for `of_view`."""
    return _of_log(frame.person, frame.people, frame.events, item_of, items)


def _of_log(person: Numbers, people: int, log: "Log", item_of: Numbers, items: int) -> Baskets:
    bought = log.type == BOUGHT
    if not bought.all():
        person, log = person[bought], log.where(bought)
    return grouped(person, people, log.day, log.reference, items_of(log.product, item_of), items)


def items_of(products: Numbers, item_of: Numbers) -> Numbers:
    """The items of some products; −1 for a product that nobody knows or that counts as no item."""
    known = (products >= 0) & (products < item_of.size)
    return np.where(known, item_of[np.where(known, products, 0)], -1) if item_of.size else np.full(products.shape, -1)


def of_arrays(person: Numbers, people: int, day: Numbers, reference: Numbers, item: Numbers, items: int) -> Baskets:
    """Purchases from parallel arrays, one entry a bought line, in any order of days.

    Args:
        person: 0 to ``people`` − 1.
        reference: number of the order that a line belongs to, 0 or more; −1: it belongs to its day.
        item: 0 to ``items`` − 1; −1 where a line counts as no item.
    """
    order = np.lexsort((day, person))  # stable: within a day, as given
    return grouped(person[order], people, day[order], reference[order], item[order], items)


def grouped(person: Numbers, people: int, day: Numbers, reference: Numbers, item: Numbers, items: int) -> Baskets:
    """Lines sorted by person and time, as visits numbered by their first line."""
    run, visit_of_run, opening = _visits(person, day, reference)
    known = item >= 0
    line = np.sort(visit_of_run[run[known]] * items + item[known], kind="stable")  # nearly sorted: 50 × np.unique
    line = line[begins(line)]
    starts = from_zero(np.bincount(person[opening], minlength=people))
    visit, item = np.divmod(line, max(items, 1))
    return Baskets(starts, day[opening], visit, item, items)


def openings(person: Numbers, log: "Log") -> Numbers:
    """Where the first line of each visit stands among lines bought, in the order of visits."""
    return _visits(person, log.day, log.reference)[2]


def _visits(person: Numbers, day: Numbers, reference: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """The run of each line, the visit of each run, and the first line of each visit."""
    none = reference < 0
    order_or_day = np.where(none, day, reference)
    new = begins(person, order_or_day, none)
    first = np.flatnonzero(new)
    visit_of_run, first_run = _visits_of_runs(person[first], none[first], order_or_day[first])
    return np.cumsum(new) - 1, visit_of_run, first[first_run]


def _visits_of_runs(person: Numbers, none: NDArray[np.bool_], order_or_day: Numbers) -> tuple[Numbers, Numbers]:
    """The visit of each run of lines, and each visit's first run: an order whose lines lie apart is still one visit."""
    order = np.lexsort((order_or_day, none, person))
    new = begins(person[order], order_or_day[order], none[order])
    group = np.empty(order.size, np.int64)
    group[order] = np.cumsum(new) - 1
    first = order[new]  # the sort is stable: a group's first run comes first
    rank = np.empty(first.size, np.int64)
    rank[np.argsort(first)] = np.arange(first.size)
    return rank[group], np.sort(first)
