"""What one person adds to the lifetime value with traits: what she bought in a window, and what was true at its start.

Traits are frozen: what she had said by then, and the arm that a lot had put her into. What she says later may follow
from what she bought, and would foretell the past.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import prod

import numpy as np

from goodwill.access import HadSaid
from goodwill.access.view import GROUPS
from goodwill.learn.lifetime.given import Floats
from goodwill.learn.lifetime.rfm import Window
from goodwill.measure.bought import Bought, Numbers
from goodwill.measure.buying import Customers, HowOften, OfBoughtAndSaid, kinds_of
from goodwill.purposes import STATISTICS, Purpose
from goodwill.sums import Cells, Sums


@dataclass(frozen=True, kw_only=True)
class HowOftenByTraits(HowOften, OfBoughtAndSaid):
    """One cell of (what was true at the start, first week, last week, repeat days, amount), as exact counts.

    Only who bought in the window and was known before it counts: who had bought, or said anything, by then. Her clock
    starts with her first purchase in the window. ``new`` counts the others who bought in it. Otherwise as `HowOften`.

    Attributes:
        since: first day of the window; traits are of before it.
        said: what had been said by then, of one moment. arm: the arm of each person, 0 or 1.
    """

    name: str = "how-often-by-traits"
    purpose: Purpose = STATISTICS
    since: int
    said: HadSaid
    arm: Callable[[Numbers], Numbers]

    @property
    def window(self) -> Window:
        return Window(self.since, self.until)

    def group_of(self, persons: Numbers) -> Numbers:
        return self.arm(persons)

    def _by_group(self, orders: Bought, group: Numbers) -> Sums:
        known = self.said.told(group)[1] > 0
        known[orders.person[orders.day < self.since]] = True
        inside = orders.where(orders.day >= self.since)
        counted = inside.where(known[inside.person])
        who, at = self.placed(counted)
        cells = Cells.of((GROUPS, *self.shape), group[who] * prod(self.shape) + at, np.ones(at.size, np.int64))
        new = np.unique(inside.person[~known[inside.person]]).size
        return Sums({**self._sums(counted), "customers": cells, "new": new})


@dataclass(frozen=True, slots=True, eq=False)
class Traits:
    """Kinds of customers with what was true of each at the start; shape (n,).

    Attributes:
        consent: share of what is asked about to which she had said yes, 0 to 1.
        returns: on how many days she had come back to change what she said, 0 to 2.
        programme: 1 where nothing personal was held back from her by lot; 0 where it was.
    """

    customers: Customers
    consent: Floats
    returns: Floats
    programme: Floats


def traits_of(sums: Sums, what: HowOftenByTraits) -> Traits:
    """The kinds of customers that the sums of `HowOftenByTraits` hold."""
    cells = sums.cells("customers")
    group, at = np.divmod(cells.at, prod(what.shape))
    (yes,), days = what.said.told(group)
    programme = 1.0 - group // what.said.kinds
    return Traits(
        kinds_of(at, cells.values, what), yes / what.said.steps, np.maximum(days - 1, 0).astype(np.float64), programme
    )
