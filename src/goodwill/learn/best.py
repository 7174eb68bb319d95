"""Best sellers: how many people bought each product, so that a kind of thing can be shown by the one most take."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from goodwill.people.types import BOUGHT, TypeCode
from goodwill.purposes import MODEL_IMPROVEMENT, Category, Purpose
from goodwill.sums import Cells, Sums

if TYPE_CHECKING:
    from goodwill.access import Frame, View


@dataclass(frozen=True, slots=True)
class BestSellers:
    """People per product.

    Attributes:
        products: the totals have room for product ids below this.
    """

    products: int
    name: str = "best-sellers"
    purpose: Purpose = MODEL_IMPROVEMENT
    categories: frozenset[Category] = field(default=frozenset({Category("purchases")}))
    types: tuple[TypeCode, ...] = (BOUGHT,)

    def part(self, view: "View") -> Sums:
        """One for each product that the person bought."""
        bought = np.unique(view.events.product[(view.events.product >= 0) & (view.events.product < self.products)])
        return Sums(people=1, buyers=Cells.of((self.products,), bought, np.ones(bought.size, np.int64)))

    def whole(self, frame: "Frame") -> Sums:
        product = frame.events.product
        known = (product >= 0) & (product < self.products)
        each_once = np.unique(frame.person[known] * self.products + product[known])
        return Sums(people=frame.people, buyers=np.bincount(each_once % self.products, minlength=self.products))


def faces(buyers: NDArray[np.int64], item_of: NDArray[np.int64]) -> dict[int, int]:
    """The product that most people bought, for each item; of equals the one with the lower id.

    Args:
        buyers: people per product id.
        item_of: item per product id, −1 for none.
    """
    size = min(buyers.size, item_of.size)
    sold = np.flatnonzero((buyers[:size] > 0) & (item_of[:size] >= 0))
    order = sold[np.lexsort((sold, -buyers[sold], item_of[sold]))]
    items = item_of[order]
    first = np.r_[True, items[1:] != items[:-1]] if order.size else np.zeros(0, bool)
    return dict(zip(items[first].tolist(), order[first].tolist(), strict=True))
