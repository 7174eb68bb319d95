"""What a way of choosing costs: the same last visits, with lists that hold more that is new, or are drawn to her kinds.

Something new in ten, or a list in the proportions in which she buys, is wanted for its own sake; what it costs in hits
on the next basket is told beside it, with its interval, and so is what it finds that she never bought before.
"""

import math
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from goodwill.learn.affinity import Affinity, BoughtTogether, shown
from goodwill.learn.baskets import Baskets, HoldBack, Numbers, learnt, tried
from goodwill.learn.calibrate import calibrated, main_kind, outside_wanted
from goodwill.learn.composed import beside, only
from goodwill.learn.habits import habits
from goodwill.learn.path import path
from goodwill.learn.popular import BoughtByMany, Popular
from goodwill.learn.purchases import OfPurchases
from goodwill.learn.rows import rows
from goodwill.learn.usual import BuysAgain, Usual
from goodwill.measure.holdout import BEFORE, LEAST_VISITS, PLACES, Totals, common_items
from goodwill.measure.ranking import Tally, beyond, scores, shapes
from goodwill.sums import Sums

NEW: Final = (1, 2, 3)
CALIBRATION: Final = (10, 20, 40)
OUTSIDE: Final = (20, 50)
_PLAIN: Final = "as it is"
_METHODS: Final = (
    *(f"new_in_ten={n}" for n in NEW), *(f"calibration={n}" for n in CALIBRATION), *(f"outside={n}" for n in OUTSIDE),
    _PLAIN,
)  # fmt: skip
LEAST_PEOPLE: Final = 10  # of fewer no figure is told
_CANDIDATES: Final = 50  # that a list in her proportions is drawn from, as a decision does
_LAST: Final = (HoldBack.LAST_VISIT,)


@dataclass(frozen=True, slots=True)
class Cost:
    """What one way is worth.

    Attributes:
        way: as it is given to a slot; the plain one is nothing new, nothing drawn.
        ndcg: of the next basket. change, error: beyond the plain one, person by person.
        found: the share of what was bought for the first time that the lists held.
    """

    way: str
    ndcg: float
    change: float
    error: float
    found: float

    @property
    def lost(self) -> str:
        """The change in percent of the plain one, with its 95 % interval."""
        if self.way == _PLAIN or not self.ndcg - self.change > 0:
            return "–"
        plain = self.ndcg - self.change
        return f"{100 * self.change / plain:+.1f}% ± {196 * self.error / plain:.1f}"

    @property
    def document(self) -> dict[str, Any]:
        values = {"ndcg": self.ndcg, "change": self.change, "error": self.error, "found": self.found}
        return {"way": self.way, **{name: None if math.isnan(n) else round(n, 6) for name, n in values.items()}}


@dataclass(frozen=True, slots=True)
class WaysCost:
    """What each way of choosing costs.

    Attributes:
        people: judged; seekers: those who bought something for the first time. Of fewer than 10 the figures are nan.
    """

    people: int
    seekers: int
    places: int
    plain: Cost
    lines: tuple[Cost, ...]


def cost_of_ways(
    totals: Totals,
    item_of: Numbers,
    items: int,
    kind: Numbers,
    *,
    places: int = PLACES,
    least_visits: int = LEAST_VISITS,
) -> WaysCost:
    """The cost of each way, from totals alone.

    Args:
        places: how long the lists are.
        totals, item_of, items, least_visits: as for `goodwill.measure.holdout.accuracy_by`.
        kind: the wider kind of each item; −1 where none is known, shape (items,).
    """
    before, (item_of, items) = item_of, common_items(totals, item_of, items, least_visits)
    kinds = np.full(items, -1)
    counted = item_of >= 0
    kinds[item_of[counted]] = kind[before[counted]]
    again = BuysAgain(item_of, items, _LAST)
    together, early = (
        BoughtTogether(item_of, items, rule, name=f"bought-together-{n}") for n, rule in enumerate((_LAST, BEFORE))
    )
    many = BoughtByMany(item_of, items, _LAST)
    learned = totals([again, together, early, many])
    trial = path(learned[2], item_of, BEFORE)
    (weighed,) = totals([trial])
    judged = InSeveralWays(
        item_of, items, _LAST, usual=again.fit(learned[0]), affinity=shown(learned[1], trial.fit(weighed)),
        popular=many.fit(learned[3]), kind=kinds, places=places,
    )  # fmt: skip
    (found,) = totals([judged])
    return _told(only(found, "basket"), only(found, "first"), places)


def _told(basket: Sums, first: Sums, places: int) -> WaysCost:
    worth, change, of_first = scores(basket, _METHODS), beyond(basket, _METHODS), scores(first, _METHODS)
    people, seekers = basket.number("people"), first.number("people")
    of_all, of_seekers = (1.0 if count >= LEAST_PEOPLE else math.nan for count in (people, seekers))

    def cost(way: str) -> Cost:
        by, error = (0.0, 0.0) if way == _PLAIN else (change[way].value, change[way].error)
        found = of_seekers * of_first[way].recall.value
        return Cost(way, of_all * worth[way].ndcg.value, of_all * by, of_all * error, found)

    lines = tuple(cost(way) for way in _METHODS[:-1])
    return WaysCost(people, seekers, places, cost(_PLAIN), lines)


@dataclass(frozen=True, eq=False)
class InSeveralWays(OfPurchases):
    """How good lists for the visit that was set aside are in each way; ``basket``: all of it, ``first``: what was new.

    Attributes:
        usual, affinity, popular: learned from the visits before.
        kind: of each item; −1 where none is known.
        places: how long the lists are.
    """

    name: str = "in-several-ways"
    usual: Usual = field(kw_only=True)
    affinity: Affinity = field(kw_only=True)
    popular: Popular = field(kw_only=True)
    kind: Numbers = field(kw_only=True)
    places: int = field(kw_only=True, default=PLACES)

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        each = shapes(_METHODS)
        return {f"{what}/{name}": shape for what in ("basket", "first") for name, shape in each.items()}

    def whole_of(self, baskets: Baskets) -> Sums:
        before, then = learnt(baskets, self.hold_back), tried(baskets, self.hold_back)
        row, had, wanted = rows(before), rows(before, None), rows(then, None)
        came = then.visits > 0
        today = np.zeros(baskets.people, np.int64)
        today[came] = then.day[then.starts[:-1][came]]
        found = habits(before, today)
        scored, starts = self.usual.scores(found), np.searchsorted(found.person, np.arange(baskets.people + 1))
        lines = np.r_[0, np.searchsorted(before.visit, before.starts[1:])]
        tally, of_first = Tally(_METHODS, self.places), Tally(_METHODS, self.places)
        for person in np.flatnonzero(had.sizes * wanted.sizes).tolist():
            hers, mine = slice(starts[person], starts[person + 1]), had.of(person)
            order = np.lexsort((found.item[hers], -scored[hers]))[:_CANDIDATES]
            usual, worth = found.item[hers][order], scored[hers][order]
            bought = before.item[lines[person] : lines[person + 1]]
            plain = self._filled(usual[: self.places], mine)
            ways = [*self._with_new(usual, row.of(person), mine), *self._drawn(usual, worth, bought)]
            ways = [*(self._filled(line, mine) for line in ways), *self._outside(plain, usual, bought, mine), plain]
            tally.add(wanted.of(person), *ways)
            first = np.setdiff1d(wanted.of(person), mine, assume_unique=True)
            if first.size:
                of_first.add(first, *ways)
        return beside({"basket": tally.sums, "first": of_first.sums})

    def _with_new(self, usual: Numbers, row: Numbers, had: Numbers) -> list[Numbers]:
        barred = np.zeros(self.items, bool)
        barred[had] = True
        fresh = [one.item for one in self.affinity.recommend(row, self.places, barred=barred)]
        ways = []
        for in_ten in NEW:
            new = min(self.places, max(1, round(self.places * in_ten / 10)))  # as a decision gives them
            front = usual[: self.places - min(new, len(fresh))]
            ways.append(np.append(front, fresh[: self.places - front.size]).astype(np.int64))
        return ways

    def _drawn(self, usual: Numbers, worth: Any, bought: Numbers) -> list[Numbers]:
        history = self.kind[bought]
        return [
            usual[calibrated(worth, self.kind[usual], history, self.places, percent / 100)] for percent in CALIBRATION
        ]

    def _outside(self, plain: Numbers, usual: Numbers, bought: Numbers, had: Numbers) -> list[Numbers]:
        """The plain list with its last places given to other kinds than she buys most, as a decision does it."""
        main = main_kind(self.kind, bought)
        best = self.popular.ranking
        others = np.append(usual[self.places :], best[~np.isin(best, had)])
        others = others[(self.kind[others] != main) & ~np.isin(others, plain)]
        inside = np.flatnonzero(self.kind[plain] == main)
        ways = []
        for percent in OUTSIDE:
            wanted = outside_wanted(plain.size, percent) if main >= 0 else 0
            some = others[: max(0, wanted - (plain.size - inside.size))]
            line = plain.copy()
            line[inside[inside.size - some.size :]] = some
            ways.append(line)
        return ways

    def _filled(self, line: Numbers, had: Numbers) -> Numbers:
        """A list whose empty places are filled with best sellers that she never had."""
        if line.size == self.places:
            return line
        best = self.popular.ranking
        more = best[~np.isin(best, np.append(had, line))]
        return np.append(line, more[: self.places - line.size])
