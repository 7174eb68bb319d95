"""What everyone gets: what is bought most, for whoever allows nothing more and for nobody in particular."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from goodwill.learn.baskets import Baskets, Numbers, learnt
from goodwill.learn.purchases import OfPurchases
from goodwill.learn.rows import rows
from goodwill.sums import Sums, Whole

LEAST = 5  # people who must have bought an item before everyone is shown it


@dataclass(frozen=True, eq=False)
class BoughtByMany(OfPurchases):
    """How many people bought each item, and on how many visits."""

    name: str = "bought-by-many"

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Of the totals: ``buyers`` and ``visits`` by item, and ``people`` who bought anything."""
        return {"buyers": (self.items,), "visits": (self.items,), "people": (1,)}

    def whole_of(self, baskets: Baskets) -> Sums:
        ours = learnt(baskets, self.hold_back)
        found = rows(ours, None)
        return Sums(
            buyers=np.bincount(found.item, minlength=self.items),
            visits=np.bincount(ours.item, minlength=self.items),
            people=np.count_nonzero(found.sizes),
        )

    def fit(self, sums: Sums, *, least: int = LEAST) -> "Popular":
        return Popular(sums.array("buyers"), sums.array("visits"), least)


@dataclass(frozen=True, eq=False)
class Popular:
    """Items by how often they are bought.

    Attributes:
        people: how many people bought each item; visits: on how many visits; shape (items,).
        least: what fewer people bought is not shown.
    """

    people: Whole
    visits: Whole
    least: int

    @cached_property
    def ranking(self) -> Numbers:
        """Items that may be shown, most visits first; of equals more people, then the lower number."""
        return self._ranked(self.visits, self.people)

    @cached_property
    def ranking_by_people(self) -> Numbers:
        """The same, most people first: better for somebody who looks for what she never had."""
        return self._ranked(self.people, self.visits)

    def recommend(
        self, count: int, *, barred: NDArray[np.bool_] | None = None, ranking: Numbers | None = None
    ) -> list[int]:
        """The first ``count`` of the ranking, or of another one, without barred items (truth value by item)."""
        ranking, found, seen = self.ranking if ranking is None else ranking, list[int](), 0
        while len(found) < count and seen < ranking.size:  # the first few are nearly always enough
            some = ranking[seen : seen + 2 * count]
            found += (some if barred is None else some[~barred[some]]).tolist()
            seen += 2 * count
        return found[:count]

    def _ranked(self, first: Whole, then: Whole) -> Numbers:
        order = np.lexsort((np.arange(first.size), -then, -first))
        return order[self.people[order] >= self.least]
