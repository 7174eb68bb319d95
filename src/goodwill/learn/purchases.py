"""What contributions to models have in common: they count purchases, for the purpose of improving models."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from goodwill.learn.baskets import Baskets, HoldBack, Numbers, of_frame, of_view
from goodwill.people.types import BOUGHT, TypeCode
from goodwill.purposes import MODEL_IMPROVEMENT, Category, Purpose
from goodwill.sums import Sums

if TYPE_CHECKING:
    from goodwill.access import Frame, View


@dataclass(frozen=True, eq=False)
class OfPurchases(ABC):
    """A contribution that is worked out from a person's visits.

    Attributes:
        item_of: item of each product, indexed by product id; −1 where a product counts as no item.
        items: how many items there are.
        hold_back: visits set aside, to try a model on.
    """

    item_of: Numbers
    items: int
    hold_back: Sequence[HoldBack] = ()
    name: str = ""
    purpose: Purpose = MODEL_IMPROVEMENT
    categories: frozenset[Category] = field(default=frozenset({Category("purchases")}))
    types: tuple[TypeCode, ...] = (BOUGHT,)

    def part(self, view: "View") -> Sums:
        return self.part_of(of_view(view, self.item_of, self.items))

    def whole(self, frame: "Frame") -> Sums:
        return self.whole_of(of_frame(frame, self.item_of, self.items))

    @property
    @abstractmethod
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Of the totals' arrays."""

    def part_of(self, baskets: Baskets) -> Sums:
        """What one person contributes; the same sums as `whole_of`, sparse where that is shorter."""
        return self.whole_of(baskets)

    @abstractmethod
    def whole_of(self, baskets: Baskets) -> Sums:
        """What many people contribute together."""
