"""What goes together: what a person may like and never bought, from what others with her things bought.

EASE^R (Steck, "Embarrassingly Shallow Autoencoders for Sparse Data", WWW 2019) on one row a person, in closed form from
the whole numbers of people who share each pair of items: with P = (XᵀX + λI)⁻¹ the score of item j is the sum of
−P[h, j] / P[j, j] over what she has. Only P is kept, and of it only the items that anybody bought: for the others it
says nothing. Each thing she has contributes its own summand, so the reasons of a suggestion are exact, and what counts
against it shows as well.

Two inverses stand side by side. The *inner* one is exact, and follows a withdrawal within milliseconds by steps of rank
one. The *shown* one leaves out pairs that fewer than `LEAST` people share; as a floored matrix is no plain sum, it is
fitted anew from the totals, in a shop every night. From a withdrawal to that refit the inner one stands in for it, so
that nobody is suggested anything from what was taken back. Under both, a pair that fewer than `LEAST` people share is
never told as a reason, and never the only ground of a suggestion.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from goodwill.basics.errors import NotFound
from goodwill.learn.baskets import Baskets, HoldBack, Numbers, learnt
from goodwill.learn.inverse import Floats, floored, inverse, sum_of_rows, within, without
from goodwill.learn.lines import Lines, read
from goodwill.learn.path import path
from goodwill.learn.purchases import OfPurchases
from goodwill.learn.rows import CAP, pairs, rows
from goodwill.sums import Cells, Running, Sums, Whole

_NEAR = 1e-9  # further below a bound no score is that equals it to ten decimals
LEAST = 5  # people who must share a pair of items before it may be shown


@dataclass(frozen=True, eq=False)
class BoughtTogether(OfPurchases):
    """How many people bought both items of each pair.

    Attributes:
        cap: the most items a person contributes, the latest.
    """

    name: str = "bought-together"
    cap: int = CAP

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Of the totals: ``pairs``, upper triangle with the diagonal, and ``people`` who bought anything."""
        return {"pairs": (self.items, self.items), "people": (1,)}

    def part_of(self, baskets: Baskets) -> Sums:
        return part_of_row(rows(learnt(baskets, self.hold_back), self.cap).of(0), self.items)

    def whole_of(self, baskets: Baskets) -> Sums:
        found = rows(learnt(baskets, self.hold_back), self.cap)
        return Sums(pairs=pairs(found), people=np.count_nonzero(found.sizes))


def part_of_row(row: Numbers, items: int) -> Sums:
    """What a person with these distinct items, rising, contributes to ``pairs`` and ``people``."""
    one, other = np.triu_indices(row.size)
    at = row[one] * items + row[other]
    return Sums(pairs=Cells((items, items), at, np.ones(at.size, np.int64)), people=int(row.size > 0))


# ---- the model -------------------------------------------------------------------------------------------------------


class Ground(NamedTuple):
    """What one thing that she has says about a suggestion.

    Attributes:
        item: what she has, by number, or by name where the model was fitted from names.
        weight: its summand of the score; negative: it counts against.
        people: how many people share the pair.
    """

    item: Any
    weight: float
    people: int


class Suggestion(NamedTuple):
    """An item (by number, or by name where the model was fitted from names) and its score."""

    item: Any
    score: float


@dataclass(frozen=True, eq=False)
class Affinity:
    """The fitted model.

    Attributes:
        inverse: P of the items that are known, symmetric, shape (known, known).
        known: items that anybody bought, rising, shape (known,).
        place: of each item among those known; −1 for the others, shape (items,).
        pairs: how many people share each pair, upper triangle, shape (items, items).
        weight: λ, in people.
        least: pairs that fewer people share are no reason.
    """

    inverse: Floats
    known: Numbers
    place: Numbers
    pairs: Whole
    weight: float
    least: int

    @property
    def items(self) -> int:
        return int(self.pairs.shape[0])

    def scores(self, row: Numbers) -> Floats:
        """The score of every item for a person with these distinct items; shape (items,).

        x − (xP) / diag(P): each item is judged by the others in the row, not by itself; 0 for what nobody bought.
        """
        had = self._places(row)
        found = sum_of_rows(self.inverse, had)
        found /= self._against
        found[had] += 1
        if self.known.size == self.items:
            return found
        scores = np.zeros(self.items)
        scores[self.known] = found
        return scores

    @cached_property
    def _against(self) -> Floats:
        """−P[j, j] of each known item, side by side: the diagonal of a large matrix lies scattered in memory."""
        return -np.diagonal(self.inverse)

    def recommend(
        self,
        row: Numbers,
        count: int,
        *,
        barred: NDArray[np.bool_] | None = None,
        scored: Floats | None = None,
    ) -> list[Suggestion]:
        """The best items that are not in the row, best first; fewer than ``count`` if too few are stood by.

        Args:
            row: distinct items of one person.
            barred: items not to be suggested, such as all she ever bought, shape (items,).
            scored: her `scores`, where they were worked out already.
        """
        exact = self.scores(row) if scored is None else scored
        scores = exact.copy()
        scores[row] = -np.inf
        if barred is not None:
            scores[barred] = -np.inf
        found: list[Suggestion] = []
        seen, wanted = 0, count + 4
        while len(found) < count and seen < scores.size:
            best = _best(scores, seen + wanted)[seen:]
            best = best[np.isfinite(scores[best])]
            if not best.size:
                break
            stood_by = self.stood_by(row, best)
            found += [Suggestion(int(item), float(exact[item])) for item in best[stood_by].tolist()]
            seen, wanted = seen + wanted, 2 * wanted
        return found[:count]

    def stood_by(self, row: Numbers, items: Numbers) -> NDArray[np.bool_]:
        """Whether something in the row speaks for each item, in a pair that enough people share; shape (items,)."""
        row, known = self.known[self._places(row)], self.place[items] >= 0
        found = np.zeros(items.size, bool)
        asked = items[known]
        # Symmetric: a line for each item that is asked for lies closer together in memory than one for each she has.
        speaks_for = self.inverse[np.ix_(self.place[asked], self.place[row])] < 0
        found[known] = (speaks_for & (self.shared(asked[:, None], row[None, :]) >= self.least)).any(axis=1)
        return found

    def shared(self, one: Numbers, other: Numbers) -> Whole:
        """How many people share some pairs of items."""
        return self.pairs[np.minimum(one, other), np.maximum(one, other)]

    def explain(self, row: Numbers, item: int) -> list[Ground]:
        """What each thing in the row says about an item, weightiest first; the weights add up to its score."""
        others = row[row != item]
        at, places = int(self.place[item]), self.place[others]
        weights = np.zeros(others.size)
        if at >= 0:
            told = places >= 0
            weights[told] = -self.inverse[at, places[told]] / self.inverse[at, at]
        order = np.lexsort((others, -weights))
        others = others[order]
        people = self.shared(others, np.full(others.size, item))
        return list(map(Ground, others.tolist(), weights[order].tolist(), people.tolist()))

    def reasons(self, row: Numbers, item: int) -> list[Ground]:
        """The grounds that may be told: they speak for the item, and enough people share the pair."""
        return [ground for ground in self.explain(row, item) if ground.weight > 0 and ground.people >= self.least]

    def _places(self, row: Numbers) -> Numbers:
        """Where the items of a row stand in the inverse; what nobody bought is left out."""
        places = self.place[row]
        return places if self.known.size == self.items else places[places >= 0]

    def grown(self, row: Numbers) -> "Affinity":
        """The same model, ready for items that nobody bought before: of them P holds 1/λ on the diagonal alone."""
        new = row[self.place[row] < 0]
        if not new.size:
            return self
        known = np.union1d(self.known, new)
        old = np.searchsorted(known, self.known)
        inverse = np.zeros((known.size, known.size))
        inverse.flat[:: known.size + 1] = 1 / self.weight
        inverse[np.ix_(old, old)] = self.inverse
        return replace(self, inverse=inverse, known=known, place=_place(known, self.items))


def _place(known: Numbers, items: int) -> Numbers:
    place = np.full(items, -1)
    place[known] = np.arange(known.size)
    return place


def even(scores: Floats) -> Floats:
    """Scores to rank by: to ten decimals, so that what is equal stays equal however the inverse was worked out."""
    return np.round(scores, 10)


def _best(scores: Floats, count: int) -> Numbers:
    """The places of the highest scores to ten decimals, highest first; of equals the lower place first.

    Only those near the bound are rounded: to round all of them takes longer than to find the bound.
    """
    count = min(count, scores.size)
    if not count:
        return np.zeros(0, np.int64)
    bound = np.partition(scores, scores.size - count)[scores.size - count]
    near = np.flatnonzero(scores >= bound - _NEAR)
    rounded = even(scores[near])
    order = np.lexsort((near, -rounded))
    return near[order][:count]


def inner(sums: Sums, weight: float, *, least: int = LEAST) -> Affinity:
    """The model of the totals as they are.

    Args:
        sums: of `BoughtTogether`.

    Raises:
        BadInput: the weight is not above 0, or the totals are no sums of people's rows.
    """
    return _fitted(sums.array("pairs"), weight, least)


def shown(sums: Sums, weight: float, *, least: int = LEAST) -> Affinity:
    """The model without pairs that fewer than ``least`` people share; arguments as for `inner`."""
    return _fitted(sums.array("pairs"), weight, least, lambda counts: floored(counts, least))


def _fitted(
    pairs: Whole, weight: float, least: int, changed: Callable[[Whole], Whole] = lambda counts: counts
) -> Affinity:
    known = np.flatnonzero(np.diagonal(pairs))
    counts = pairs if known.size == pairs.shape[0] else pairs[np.ix_(known, known)]
    return Affinity(inverse(changed(counts), weight), known, _place(known, pairs.shape[0]), pairs, weight, least)


def weight_by(
    total: Callable[[OfPurchases], Sums], item_of: Numbers, items: int, *, beyond: Sequence[HoldBack] = ()
) -> float:
    """The weight that suggests best for people's last fifth of visits, from two totals.

    Args:
        total: asks for a total; through the door, ``lambda what: door.total(what).sums``.
        beyond: what is set aside before, and stays unseen.
    """
    hold_back = (*beyond, HoldBack.LAST_FIFTH)
    early = total(BoughtTogether(item_of, items, hold_back, name="bought-together-early"))
    trial = path(early, item_of, hold_back)
    return trial.fit(total(trial))


class Following:
    """An inner model that follows its totals, person by person, without being fitted anew.

    Rounding adds up to about 1e-14 over thousands of people; fit it anew every night. Nothing about anybody is kept.

    Args:
        totals: of `BoughtTogether`; changed in place.
    """

    def __init__(self, totals: Running, weight: float, *, least: int = LEAST) -> None:
        self.totals = totals
        self.model = inner(totals.sums, weight, least=least)

    def forget(self, row: Numbers) -> None:
        """Take a person with these distinct items out of totals and model."""
        self.totals.subtract(part_of_row(row, self.model.items))
        without(self.model.inverse, self.model.place[row])
        self.model = replace(self.model)  # what was worked out of the inverse before does not count any more

    def join(self, row: Numbers) -> None:
        """Take a person with these distinct items in."""
        self.totals.add(part_of_row(row, self.model.items))
        self.model = self.model.grown(row)
        within(self.model.inverse, self.model.place[row])
        self.model = replace(self.model)


# ---- as a library on arrays ------------------------------------------------------------------------------------------


@dataclass(eq=False)
class Fitted:
    """A model with the totals it rests on and the lines it was given, so that somebody can be taken out again.

    Attributes:
        lines: what was given, without those who were forgotten.
    """

    lines: Lines
    following: Following

    @property
    def totals(self) -> Running:
        """Exact; ``totals.hash`` is equal wherever the totals are."""
        return self.following.totals

    @property
    def model(self) -> Affinity:
        return self.following.model

    def recommend(self, history: ArrayLike, count: int) -> list[Suggestion]:
        """New things for somebody with these items, the latest last; best first, items by name."""
        row, had = self._row(history)
        found = self.model.recommend(row, count, barred=had)
        return [suggestion._replace(item=self._name(suggestion.item)) for suggestion in found]

    def explain(self, history: ArrayLike, item: object) -> list[Ground]:
        """What each item of the history says about an item, weightiest first; the weights add up to its score.

        Raises:
            NotFound: the model knows no such item.
        """
        number = self.lines.items.number(item)
        if number < 0:
            raise NotFound(f"{item!r} was bought by nobody, so nothing can be said about it.")
        grounds = self.model.explain(self._row(history)[0], number)
        return [ground._replace(item=self._name(ground.item)) for ground in grounds]

    def forget(self, person: object) -> None:
        """Take one person out of totals, model and lines.

        Raises:
            NotFound: there is nobody of that name.
        """
        self.following.forget(rows(self.lines.of(person)).of(0))
        self.lines = self.lines.without(person)

    def _row(self, history: ArrayLike) -> tuple[Numbers, NDArray[np.bool_]]:
        names = np.asarray(history)
        baskets = self.lines.history(names, np.arange(names.size), None)
        had = np.zeros(self.model.items, bool)
        had[baskets.item] = True
        return rows(baskets).of(0), had

    def _name(self, number: int) -> Any:
        return self.lines.items.names[number]


def fit(
    people: ArrayLike,
    items: ArrayLike,
    days: ArrayLike | None = None,
    orders: ArrayLike | None = None,
    *,
    weight: float | None = None,
    least: int = LEAST,
) -> Fitted:
    """Learn from bought lines.

    Args:
        people, items: names or numbers, one entry a line.
        days: calendar day of each line, as a whole number or a numpy date; without, lines stand in the order of time.
        orders: names or numbers of orders; without, what a person buys on one day is one visit.
        weight: λ, in people; without, the one that suggests best for each person's last fifth of visits.
        least: people who must share a pair of items before it may be told.

    Raises:
        BadInput: arrays of different lengths, or a weight of 0 or below.
    """
    lines = read(people, items, days, orders)
    baskets = lines.baskets()
    no_products = np.zeros(0, np.int64)
    if weight is None:
        weight = weight_by(lambda what: what.whole_of(baskets), no_products, baskets.items)
    totals = Running(BoughtTogether(no_products, baskets.items).whole_of(baskets))
    return Fitted(lines, Following(totals, weight, least=least))
