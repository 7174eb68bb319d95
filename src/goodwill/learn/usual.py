"""The usual: what a person will buy again at this visit, from how she bought it before.

P(buys item i at this visit) = hazard[rate, since, lately] × factor[i, gap]: a table of how often a chance like this one
was taken, by anybody, times how much sooner this item is bought than others after such a gap between visits. Both are
ratios of whole-number counts, drawn towards a coarser table where counts are few.
"""

from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from goodwill.basics.errors import BadInput, NotFound
from goodwill.learn.baskets import Baskets, Numbers, learnt
from goodwill.learn.habits import (
    COARSE_RATES,
    GAPS,
    LATELY,
    RATES,
    SINCES,
    WINDOW,
    Habits,
    chances,
    habits,
)
from goodwill.learn.lines import Lines, read
from goodwill.learn.purchases import OfPurchases
from goodwill.sums import Cells, Running, Sums, Whole

Floats = NDArray[np.float64]

# How many chances the coarser table is worth beside what was seen itself; the accuracy is flat from 10 to 100.
PRIOR = 30.0
ITEM_PRIOR = 50.0  # purchases that an item's own factor starts with, at 1
UNSEEN = 0.05  # a chance is taken so often as long as nobody had one; one real chance outweighs it

CELLS = (RATES, SINCES, LATELY + 1, 2)  # the last axis: chances left, chances taken


@dataclass(frozen=True, eq=False)
class BuysAgain(OfPurchases):
    """How often chances to buy a thing again were left and taken, by the habit behind them and by item."""

    name: str = "buys-again"

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Of the totals: ``cells``, chances by habit, all items together; ``items``, by item; ``people`` who bought."""
        return {"cells": CELLS, "items": (self.items, COARSE_RATES, GAPS, 2), "people": (1,)}

    def part_of(self, baskets: Baskets) -> Sums:
        ours = learnt(baskets, self.hold_back)
        rounds = list(chances(ours))
        return Sums({
            "cells": _tally(self.shapes["cells"], [some.cell for some in rounds]),
            "items": _tally(self.shapes["items"], [some.item for some in rounds]),
            "people": _people(ours),
        })  # fmt: skip

    def whole_of(self, baskets: Baskets) -> Sums:
        ours = learnt(baskets, self.hold_back)
        cells, items = (np.zeros(self.shapes[name], np.int64) for name in ("cells", "items"))
        for some in chances(ours):
            cells.reshape(-1)[:] += np.bincount(some.cell, minlength=cells.size)
            items.reshape(-1)[:] += np.bincount(some.item, minlength=items.size)
        return Sums(cells=cells, items=items, people=_people(ours))

    def fit(self, sums: Sums) -> "Usual":
        return fitted(sums)


def _people(baskets: Baskets) -> int:
    """Those who bought anything that counts."""
    return int(np.count_nonzero(np.bincount(baskets.person[baskets.visit])))


def _tally(size: tuple[int, ...], codes: list[Numbers]) -> Cells:
    found, times = np.unique(np.concatenate(codes) if codes else np.zeros(0, np.int64), return_counts=True)
    return Cells(size, found, times.astype(np.int64))


# ---- from totals to a model ------------------------------------------------------------------------------------------


def fitted(sums: Sums) -> "Usual":
    """The model that some totals of `BuysAgain` mean."""
    cells = sums.array("cells")
    base = _ratio(cells.sum(axis=(0, 1, 2)), np.asarray(UNSEEN), 1.0)
    by_rate = _ratio(cells.sum(axis=(1, 2)), base, PRIOR)
    by_since = _ratio(cells.sum(axis=2), by_rate[:, None], PRIOR)
    hazard = _ratio(cells, by_since[:, :, None], PRIOR)
    return Usual(float(base), by_rate, by_since, hazard, _factors(sums.array("items"), base))


def _ratio(counts: Whole, prior: Floats, weight: float) -> Floats:
    """Taken of all, over the last axis, as if ``weight`` chances more had been taken at the rate ``prior``."""
    left, taken = counts[..., 0].astype(np.float64), counts[..., 1].astype(np.float64)
    return np.asarray((taken + weight * prior) / (left + taken + weight))


def _factors(items: Whole, base: Floats) -> Floats:
    """How much sooner each item is bought again than others with the same rate, for each gap; shape (items, gaps)."""
    expected_rate = _ratio(items.sum(axis=(0, 2)), base, PRIOR)
    offered = items.sum(axis=3).astype(np.float64)
    expected = np.einsum("irg,r->ig", offered, expected_rate)
    return np.asarray((items[..., 1].sum(axis=1) + ITEM_PRIOR) / (expected + ITEM_PRIOR))


PARTS: Final = ("average", "often", "since", "lately", "item")


class Share(NamedTuple):
    """One part of a habit's score: factors multiply, so their logarithms add up.

    Attributes:
        name: average (any item, anybody) · often · since · lately · item.
        weight: natural logarithm of the factor; negative: it counts against.
    """

    name: str
    weight: float


class Habit(msgspec.Struct, frozen=True, gc=False):
    """An item that a person may buy again, and what that rests on.

    Attributes:
        item: its number, or its name where the model was fitted from names.
        score: estimated probability that she buys it at this visit (it may exceed 1 slightly where factors are large).
        times: visits with it, of ``visits``; lately: of the last ``window``; since: days ago; gap: days since she came.
        shares: logarithms that add up to that of the score.
    """

    item: Any
    score: float
    times: int
    visits: int
    lately: int
    window: int
    since: int
    gap: int
    shares: tuple[Share, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Usual:
    """The fitted model; small, and about nobody.

    Attributes:
        base: share of all chances that were taken; by_rate, by_since, hazard: the same by ever finer habits,
            shapes (rates,), (rates, sinces), (rates, sinces, latelies).
        factor: shape (items, gaps).
    """

    base: float
    by_rate: Floats
    by_since: Floats
    hazard: Floats
    factor: Floats

    def scores(self, found: Habits) -> Floats:
        """The probability of each habit, in the habits' order."""
        return np.asarray(
            self.hazard[found.rate_bin, found.since_bin, found.lately_bin] * self.factor[found.item, found.gap_bin]
        )

    def judged(self, found: Habits) -> "Judged":
        """What each habit is worth, and what that rests on."""
        rate, since, lately = found.rate_bin, found.since_bin, found.lately_bin
        by_rate, by_since, hazard = self.by_rate[rate], self.by_since[rate, since], self.hazard[rate, since, lately]
        factor = self.factor[found.item, found.gap_bin]
        steps = (np.full(rate.size, self.base), by_rate / self.base, by_since / by_rate, hazard / by_since, factor)
        plain = (found.item, found.times, found.visits, found.lately, found.since, found.gap)
        return Judged(hazard * factor, np.log(np.stack(steps, axis=1)), np.stack(plain, axis=1))

    def recommend(
        self, history: Baskets, count: int, *, today: int | None = None, barred: NDArray[np.bool_] | None = None
    ) -> list[Habit]:
        """What one person will most likely buy again, likeliest first.

        Args:
            history: of one person.
            today: the day of the visit; without, the day of her last.
            barred: items not to be suggested, shape (items,).
        """
        found = self.judged(habits(history, _day(history, today)))
        order = np.lexsort((found.item, -found.scores))
        if barred is not None:
            order = order[~barred[found.item[order]]]
        return found.told(order[:count])

    def explain(self, history: Baskets, item: int, *, today: int | None = None) -> Habit:
        """Why an item of her history scores as it does.

        Raises:
            NotFound: she never bought it.
        """
        return self.judged(habits(history, _day(history, today))).of(item)


class Judged(NamedTuple):
    """Some habits with what they are worth.

    Attributes (parallel arrays, in the habits' order):
        scores: the probability of each.
        shares: logarithms that add up to that of the score, as `PARTS` names them; shape (n, 5).
        plain: item, times, visits, lately, since and gap (see `Habits`); shape (n, 6).
    """

    scores: Floats
    shares: Floats
    plain: Numbers

    @property
    def item(self) -> Numbers:
        return self.plain[:, 0]

    def between(self, start: int, stop: int) -> "Judged":
        """The habits from one place to before another."""
        return Judged(self.scores[start:stop], self.shares[start:stop], self.plain[start:stop])

    def told(self, chosen: Numbers) -> list[Habit]:
        """Some of them, one by one, with what their scores rest on: a decision waits for this."""
        scores, shares, plain = self.scores[chosen].tolist(), self.shares[chosen].tolist(), self.plain[chosen].tolist()
        return [
            Habit(item, score, times, visits, lately, min(WINDOW, visits), since, gap, tuple(map(Share, PARTS, of)))
            for score, of, (item, times, visits, lately, since, gap) in zip(scores, shares, plain, strict=True)
        ]

    def of(self, item: int) -> Habit:
        """One of them.

        Raises:
            NotFound: she never bought it.
        """
        at = np.flatnonzero(self.item == item)
        if not at.size:
            raise NotFound("Nothing of that kind was bought before, so there is no habit to explain.")
        return self.told(at[:1])[0]


def _day(history: Baskets, today: int | None) -> Numbers:
    if history.people != 1:
        raise BadInput(f"A suggestion is for one person; this history is of {history.people}.")
    last = int(history.day[-1]) if history.day.size else 0
    return np.array([last if today is None else today], np.int64)


# ---- as a library on arrays ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """What one person bought, one entry a line: items as named to `fit`, days, and orders if there are any."""

    items: ArrayLike
    days: ArrayLike
    orders: ArrayLike | None = None


@dataclass(eq=False)
class Fitted:
    """A model with the totals it rests on and the lines it was given, so that somebody can be taken out again.

    Attributes:
        lines: what was given, without those who were forgotten.
        totals: exact; ``totals.hash`` is equal wherever the totals are.
        model: what they mean.
    """

    lines: Lines
    totals: Running
    model: Usual

    def recommend(self, history: History, count: int, *, today: int | None = None) -> list[Habit]:
        """What one person will most likely buy again, likeliest first, items by name."""
        return [self._named(habit) for habit in self.model.recommend(self._baskets(history), count, today=today)]

    def explain(self, history: History, item: object, *, today: int | None = None) -> Habit:
        """Why an item of the history scores as it does."""
        number = self.lines.items.number(item)
        return self._named(self.model.explain(self._baskets(history), number, today=today))

    def forget(self, person: object) -> None:
        """Take one person out of totals, model and lines.

        Raises:
            NotFound: there is nobody of that name.
        """
        own = self.lines.of(person)
        self.totals.subtract(_counting(own.items).part_of(own))
        self.lines = self.lines.without(person)
        self.model = fitted(self.totals.sums)

    def _baskets(self, history: History) -> Baskets:
        return self.lines.history(history.items, history.days, history.orders)

    def _named(self, habit: Habit) -> Habit:
        return msgspec.structs.replace(habit, item=self.lines.items.names[habit.item])


def fit(people: ArrayLike, items: ArrayLike, days: ArrayLike, orders: ArrayLike | None = None) -> Fitted:
    """Learn from bought lines.

    Args:
        people, items: names or numbers, one entry a line.
        days: calendar day of each line, as a whole number or a numpy date.
        orders: names or numbers of orders; without, what a person buys on one day is one visit.

    Raises:
        BadInput: arrays of different lengths.
    """
    lines = read(people, items, days, orders)
    baskets = lines.baskets()
    totals = Running(_counting(baskets.items).whole_of(baskets))
    return Fitted(lines, totals, fitted(totals.sums))


def _counting(items: int) -> BuysAgain:
    return BuysAgain(np.zeros(0, np.int64), items)
