"""What goes well with a basket, for whoever holds it: nothing is read of her but what she holds or looks at just now.

The basket is scored as a row of what goes together, and what is bought often helps a little: a basket is short, and on
groceries this made its lists better under every weight of the model (docs/suggestions.md). What is sensitive, or
gives it away, speaks for nothing here, unless its like may be shown in this slot.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from goodwill.decide.because import because_basket
from goodwill.decide.decision import Reason
from goodwill.decide.guardrails import Bars, intended
from goodwill.decide.proposal import Proposal
from goodwill.decide.shelf import Shelf
from goodwill.decide.situation import Situation
from goodwill.learn.affinity import Ground
from goodwill.learn.library import Models

OFTEN: Final = 0.25  # of the share of visits with a thing; measured, docs/suggestions.md


@dataclass(frozen=True)
class Companions:
    """What goes with what somebody holds or looks at.

    Attributes:
        telling: items that give sensitive things away, one truth value per item.
    """

    seen: Situation
    models: Models
    shelf: Shelf
    telling: NDArray[np.bool_]

    @cached_property
    def row(self) -> NDArray[np.int64]:
        """The items that may speak for others, rising."""
        if not self.seen.basket.size and not self.seen.viewing.size:
            return np.zeros(0, np.int64)
        items = self.shelf.items_of(np.concatenate([self.seen.basket, self.seen.viewing]))
        items = np.unique(items[items >= 0])
        silent = (self.shelf.hidden | self.telling) & ~intended(self.seen, self.shelf)
        return items[~silent[items]]

    def proposals(self, bars: Bars, count: int) -> list[Proposal]:
        """The best companions, best first; each stands on a pair that enough people share."""
        if not self.row.size or count < 1:
            return []
        scores = self.models.together.scores(self.row) + self._often
        found = self.models.together.recommend(self.row, count, barred=bars.all, scored=scores)
        return [Proposal(one.item, "companion", one.score, partial(self._because, one.item)) for one in found]

    @cached_property
    def _often(self) -> NDArray[np.float64]:
        return often(self.models.moments.overall, self.models.popular.people, self.models.together.weight)

    def grounds(self, item: int) -> list[Ground]:
        """What each thing in the row says about an item, weightiest first."""
        return self.models.together.explain(self.row, item)

    def often(self, item: int) -> float:
        """What being bought often adds to the score of an item; with the grounds it is the score."""
        return float(self._often[item])

    def _because(self, item: int) -> tuple[tuple[Reason, ...], float]:
        held = self.shelf.items_of(self.seen.basket)
        return because_basket(self.grounds(item), self.often(item), self.shelf.names, held)


def often(share: NDArray[np.float64], buyers: NDArray[np.int64], weight: float) -> NDArray[np.float64]:
    """What being bought often adds to each item's score: held down by λ, as the model's own weights are.

    Args:
        share: of all visits, those on which each item was bought; buyers: how many people bought it; shape (items,).
        weight: λ, in people.
    """
    return np.asarray(OFTEN * share * (buyers / (buyers + weight)))


def places_beside(count: int, in_ten: int) -> int:
    """How many places of somebody's own list go to what goes with her basket: at least one of three or more."""
    return 0 if in_ten == 0 or count < 3 else min(count, max(1, round(count * in_ten / 10)))


def not_among(proposals: Sequence[Proposal], taken: set[int]) -> list[Proposal]:
    """Those of some proposals whose item is not taken already."""
    return [one for one in proposals if one.item not in taken]
