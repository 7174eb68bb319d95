"""What one person adds to the corrected effect of opting in: what she bought before she was asked, and afterwards.

From the last day backwards lie the days that are looked at, as many in which some opted in, two times of four weeks
whose purchases opting in cannot have changed, and the past that says how people differ.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from goodwill.access import HadSaid
from goodwill.access.view import GROUPS
from goodwill.measure.bought import Bought, Numbers
from goodwill.measure.buying import EDGES, MIDDLES, OfBoughtAndSaid, days_bought
from goodwill.measure.given import Floats, Truths
from goodwill.sums import Cells, Sums

CONTROL: Final = 28  # days of each time that opting in cannot have changed
_PAST: Final = 364  # days before these, of which purchases are counted
_WEEKS: Final = 52  # since the first and the last of them; more count as so many
_DAYS: Final = 63  # with a purchase; more count as so many
_SHAPE: Final = (
    GROUPS, _WEEKS + 1, _WEEKS + 1, _DAYS + 1, EDGES.size + 1, CONTROL + 1, CONTROL + 1, EDGES.size + 1
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class BeforeAndAfter(OfBoughtAndSaid):
    """One cell of (what she had said, first and last week, days and amount of the past, two controls, outcome).

    Counted is who had bought before the controls began. Amounts are told apart in steps of 2 %, weeks back from there.

    Attributes:
        said: whether she had opted in, at two moments: before the days in which some did, and after them.
        days: that are looked at, and before them as many in which some opted in.
    """

    name: str = "before-and-after"
    said: HadSaid
    days: int

    @property
    def outcome(self) -> int:
        """The first day that is looked at."""
        return self.until - self.days + 1

    @property
    def asked(self) -> int:
        """The first of the days in which some opted in."""
        return self.outcome - self.days

    def _by_group(self, orders: Bought, group: Numbers) -> Sums:
        people, start = group.size, self.asked - 2 * CONTROL
        past = orders.where(orders.day < start)
        first, last = np.full(people, -1), np.full(people, -1)
        first[past.person[::-1]], last[past.person] = past.day[::-1], past.day  # by day: the last one written stays
        lately = past.where(past.day >= start - _PAST)
        after = orders.where(orders.day >= self.outcome)
        days = days_bought(orders)
        near, far = (
            _many(days.where((days.day >= day) & (days.day < day + CONTROL)).person, people)
            for day in (self.asked - CONTROL, start)
        )
        told = (
            group, _weeks(start - first), _weeks(start - last),
            np.minimum(_many(days_bought(lately).person, people), _DAYS), steps_of(lately, people), near, far,
            steps_of(after, people),
        )  # fmt: skip
        customers = first >= 0
        at = np.ravel_multi_index(tuple(one[customers] for one in told), _SHAPE)
        cells = Cells.of(_SHAPE, at, np.ones(at.size, np.int64))
        return Sums({"customers": cells, "foreign": int((after.foreign & customers[after.person]).sum())})


def _weeks(days: Numbers) -> Numbers:
    return np.minimum(days // 7, _WEEKS)


def _many(person: Numbers, people: int) -> Numbers:
    return np.bincount(person, minlength=people).astype(np.int64)


def steps_of(orders: Bought, people: int) -> Numbers:
    """What each person paid altogether, as the number of its step."""
    paid = np.zeros(people, np.int64)
    np.add.at(paid, orders.person, orders.amount)
    return np.searchsorted(EDGES, paid, side="right").astype(np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """Customers who had not opted in before, one entry for each; shape (n,), covariates (n, k).

    Attributes:
        outcome: what she paid in the days that are looked at, minor units. exposed: whether she had opted in by then.
        covariates: by name, of before the controls; those in which all are alike are left out.
        controls: purchase days that opting in cannot have changed, by name.
        already: how many had opted in before, and are not among these.
    """

    outcome: Floats
    exposed: Truths
    covariates: Mapping[str, Floats]
    controls: Mapping[str, Floats]
    already: int


def compared_of(sums: Sums, what: BeforeAndAfter) -> Compared:
    """The customers that the sums of `BeforeAndAfter` hold."""
    cells = sums.cells("customers")
    group, *told = np.unravel_index(cells.at, _SHAPE)
    (before, later), spoke = what.said.told(group.astype(np.int64))
    fresh = before == 0

    def each(values: Numbers) -> Floats:
        return np.repeat(values[fresh], cells.values[fresh]).astype(np.float64)

    first, last, days, paid, near, far, outcome = map(each, told)
    covariates = {
        "weeks since the first purchase": first, "weeks since the last purchase": last,
        "days with a purchase": np.log1p(days), "amount": np.log1p(middle(paid)),
        "days of saying something": each(spoke),
    }  # fmt: skip
    return Compared(
        outcome=middle(outcome), exposed=each(later) > 0,
        covariates={name: one for name, one in covariates.items() if one.size and np.ptp(one) > 0},
        controls={
            f"days with a purchase in the {CONTROL} days before": near,
            f"the same {CONTROL} days earlier (placebo date)": far,
        },
        already=int(cells.values[~fresh].sum()),
    )  # fmt: skip


def middle(bins: Floats) -> Floats:
    """What stands for the amounts of a step; 0 for none."""
    return np.where(bins > 0, MIDDLES[np.maximum(bins.astype(np.int64), 1) - 1], 0.0)
