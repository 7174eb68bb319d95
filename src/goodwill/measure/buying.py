"""What one person adds to the figures about buying: when she came back, with which cohort she came, how often and when.

Each is a contribution for the door. `whole` of many people is, bit for bit, the sum of their parts.
"""

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from goodwill.access import Frame, View
from goodwill.basics.errors import CannotTell
from goodwill.learn.lifetime import covariates
from goodwill.learn.lifetime.rfm import Window, apart, seen
from goodwill.measure.again import repeat_sums, waiting
from goodwill.measure.bought import TYPES, Bought, Numbers, of_frame, of_view
from goodwill.measure.cohort import cohort_sums
from goodwill.measure.figure import SMALL
from goodwill.measure.given import Floats
from goodwill.people.types import TypeCode
from goodwill.purposes import MEASUREMENT, STATISTICS, Category, Purpose
from goodwill.sums import Cells, Sums

_PURCHASES: Final = frozenset({Category("purchases")})


@dataclass(frozen=True, kw_only=True)
class OfBought(ABC):
    """A contribution from somebody's orders.

    Attributes:
        until: the last day that counts. currency: of amounts; orders in another one are counted and left out of them.
    """

    name: str
    until: int
    currency: str
    purpose: Purpose = STATISTICS
    categories: frozenset[Category] = field(default=_PURCHASES)
    types: tuple[TypeCode, ...] = TYPES

    def part(self, view: View) -> Sums:
        return self._sums(of_view(view, self.until))

    def whole(self, frame: Frame) -> Sums:
        return self._sums(of_frame(frame, self.until))

    @abstractmethod
    def _sums(self, bought: Bought) -> Sums:
        """What some people's orders add up to."""


@dataclass(frozen=True, kw_only=True)
class OfBoughtAndSaid(OfBought):
    """A contribution from somebody's orders that hangs on what she had said, which the door tells as her group."""

    def part(self, view: View) -> Sums:
        if view.group is None:
            raise ValueError("What she had said is told by the door")
        return self._by_group(of_view(view, self.until), np.array([view.group], np.int64))

    def whole(self, frame: Frame) -> Sums:
        if frame.group is None:
            raise ValueError("What people had said is told by the door")
        return self._by_group(of_frame(frame, self.until), frame.group)

    def _sums(self, bought: Bought) -> Sums:
        raise NotImplementedError("what somebody adds hangs on what she had said")

    @abstractmethod
    def _by_group(self, orders: Bought, group: Numbers) -> Sums:
        """What some people's orders add up to; the group of each by the number that she has in the orders."""


@dataclass(frozen=True, kw_only=True)
class CameBack(OfBought):
    """How long she took to buy on a second day; see `again.repeat_sums`.

    Attributes:
        others: windows that the figure is held against. ``beyond`` counts who can be watched for one and not the other.
    """

    name: str = "came-back"
    window: int
    others: tuple[int, ...] = ()

    def _sums(self, bought: Bought) -> Sums:
        found = waiting(bought.person, bought.day, self.until)
        sums = repeat_sums(found.duration, found.observed, found.followed, self.window)
        if not self.others:
            return sums
        pairs = [sorted((self.window, other)) for other in self.others]
        beyond = [((found.followed >= short) & (found.followed < long)).sum() for short, long in pairs]
        return Sums({**sums, "beyond": np.array(beyond, np.int64)})


@dataclass(frozen=True, kw_only=True)
class InCohort(OfBought):
    """When she came first, and in which ages since she bought; see `cohort.cohort_sums`.

    Whoever came before the first cohort is in none.

    Attributes:
        start: first day of the first cohort. period: days in a cohort and in an age.
    """

    name: str = "in-cohort"
    start: int
    period: int

    def _sums(self, bought: Bought) -> Sums:
        of_cohorts = bought.where(first_days(bought) >= self.start)
        sums = cohort_sums(
            of_cohorts.person, of_cohorts.day, self.until, start=self.start, period=self.period,
            amount=of_cohorts.amount,
        )  # fmt: skip
        return Sums({**sums, "foreign": int(of_cohorts.foreign.sum())})


def first_days(bought: Bought) -> Numbers:
    """The day on which the person of each order bought first; shape (n,)."""
    starts = begins(bought.person)
    found: Numbers = bought.day[starts][np.cumsum(starts) - 1]
    return found


def days_bought(bought: Bought) -> Bought:
    """One entry for each day on which somebody bought; its amount is that of one of the orders."""
    return bought.where(begins(bought.person) | begins(bought.day))


def begins(values: Numbers) -> NDArray[np.bool_]:
    """Where another value begins in a list."""
    found = np.ones(values.size, bool)
    found[1:] = values[1:] != values[:-1]
    return found


# ---- how often, when, and for how much -------------------------------------------------------------------------------

STEP: Final = 1.02  # from one amount that is told apart to the next
WEEKS: Final = 521  # ten years: who came first before that counts from then on
# Nobody can come back on her first day, since what she buys on it again is the same purchase: so the clock starts when
# it ends. Started in its middle, the share that a Pareto/NBD takes for gone was too low by .003, a seventh of its
# standard error among a thousand customers of two years.
_HALF_A_DAY: Final = 1 / 14  # in weeks: from the middle of the first day to its end
_LARGEST: Final = 10**13  # minor units; of more, nothing is told apart


def _edges() -> NDArray[np.int64]:
    """The least of the amounts that count alike: each unit while these are few, then in steps of 2 %."""
    found = [1]
    while found[-1] < _LARGEST:
        found.append(max(found[-1] + 1, int(found[-1] * STEP)))
    return np.array(found, np.int64)


EDGES: Final = _edges()
MIDDLES: Final = np.sqrt(EDGES.astype(np.float64) * np.append(EDGES[1:] - 1, EDGES[-1]))  # what stands for each


@dataclass(frozen=True, kw_only=True)
class HowOften(OfBought):
    """One cell of (first week, last week, repeat days, what a repeat day came to on average), as exact counts.

    Weeks end with ``until``. The mean amount is told apart in steps of 2 %, so that what stands for it is at most 1 %
    from the truth; ``spent`` is the exact sum of all repeat days, to hold against it. Only orders in the shop's
    currency that came to something count; the others are counted.
    """

    name: str = "how-often"
    purpose: Purpose = MEASUREMENT

    @property
    def window(self) -> Window:
        return Window(self.until - 7 * WEEKS + 1, self.until)

    @property
    def shape(self) -> tuple[int, ...]:
        return (*self.window.shapes["customers"], EDGES.size + 1)

    def _sums(self, bought: Bought) -> Sums:
        paid = self._paid(bought)
        repeats = _repeats(paid)
        at = self._cells(paid, *repeats[:2])
        days, _, spent = repeats
        return Sums({
            "customers": Cells.of(self.shape, at, np.ones(at.size, np.int64)),
            "more": int((days > self.window.most).sum()), "spent": int(spent.sum()),
            "foreign": int(bought.foreign.sum()), "free": int((~bought.foreign & (bought.amount <= 0)).sum()),
        })  # fmt: skip

    def placed(self, bought: Bought) -> tuple[Numbers, Numbers]:
        """The customers of some orders, by their numbers in these, and the cell of each."""
        paid = self._paid(bought)
        return paid.person[begins(paid.person)], self._cells(paid, *_repeats(paid)[:2])

    def _cells(self, paid: Bought, days: Numbers, mean: Numbers) -> Numbers:
        if not paid.day.size:
            return paid.day
        bins = np.where(days > 0, np.searchsorted(EDGES, mean, side="right"), 0)
        starts = begins(paid.person)
        first, last = paid.day[starts], paid.day[np.append(np.flatnonzero(starts)[1:], paid.day.size) - 1]
        steps = [(day - self.window.start) // self.window.step for day in (first, last)]
        return np.ravel_multi_index((*steps, np.minimum(days, self.window.most), bins), self.shape)

    def _paid(self, bought: Bought) -> Bought:
        return bought.where(~bought.foreign & (bought.amount > 0) & (bought.day >= self.window.start))


@dataclass(frozen=True, kw_only=True)
class HowOftenSince(HowOften):
    """The same of purchases since a day alone: each clock starts with the first of these.

    Attributes:
        since: that day.
    """

    since: int

    @property
    def window(self) -> Window:
        return Window(self.since, self.until)


def _repeats(paid: Bought) -> tuple[Numbers, Numbers, Numbers]:
    """Of each person: repeat days, what one came to on average in whole minor units, and all of them together."""
    starts = begins(paid.person)
    new_day = starts | begins(paid.day)
    who = np.cumsum(starts) - 1
    people = int(who[-1]) + 1 if who.size else 0
    days = np.bincount(who[new_day], minlength=people).astype(np.int64) - 1
    later = paid.day > first_days(paid)
    spent = np.zeros(people, np.int64)
    np.add.at(spent, who[later], paid.amount[later])
    return days, np.maximum(spent // np.maximum(days, 1), 1), spent


@dataclass(frozen=True, slots=True, eq=False)
class Customers:
    """Kinds of customers, as models of what they are still worth take them; shape (n,).

    Attributes:
        x: repeat days; t_x, T: weeks from the end of the first day to the middle of the last, and to the end.
        mean: what a repeat day came to, minor units, 0 where x is 0. many: how many are so.
    """

    x: Floats
    t_x: Floats
    T: Floats
    mean: Floats
    many: Numbers

    def each(self) -> "Customers":
        """An entry for each customer."""
        x, t_x, age, mean = (np.repeat(part, self.many) for part in (self.x, self.t_x, self.T, self.mean))
        return Customers(x, t_x, age, mean, np.ones(x.size, np.int64))

    @property
    def spent(self) -> float:
        """What all repeat days came to, as the cells have it."""
        return float(self.many @ (self.x * self.mean))


ALIKE: Final = (
    "How customers differ in leaving cannot be told from these, so it is taken for granted that they differ somewhat "
    "(s is drawn to 1)"
)


def with_traits(
    seen: tuple[Floats, Floats, Floats], traits: covariates.Traits, many: Numbers
) -> tuple[covariates.ParetoNbdTraits, tuple[str, ...]]:
    """Pareto/NBD with traits; where customers hardly differ in how they leave, with a little taken for granted of that.

    Args:
        seen: x, t_x and T of each kind of customer. many: how many are so.

    Returns:
        the model, and what was taken for granted.

    Raises:
        CannotTell: not even then.
    """
    try:
        return covariates.fit(*seen, traits, weights=many), ()
    except CannotTell as why:
        return covariates.fit(*seen, traits, weights=many, shape=1.0), (f"{ALIKE}: {plainly(why)}",)


def plainly(why: CannotTell) -> str:
    """Why no model could be fitted, as somebody reads it who fits none; the reason itself stands behind."""
    said = _of_few(str(why))
    if "no top but a ridge" not in said:
        return said
    short = "The past is too short or too regular to tell who has left for good; look again in some weeks."
    return f"{short} In detail: {said}"


def _of_few(said: str) -> str:
    """The same without small numbers of customers and without what each of them spent.

    A refusal is worked out anew at each look; from one to the next such a number would tell who came or left.
    """
    for pattern, instead in _COUNTS:
        said = pattern.sub(instead, said)
    return said


_COUNTS: Final = (
    (re.compile(r"There is (?:one|no) customer to learn"), f"There are fewer than {SMALL} customers to learn"),
    (re.compile(r"Only [1-9] of \d+ customers"), f"Fewer than {SMALL} customers"),
    (re.compile(r"\b[0-9] customers came back"), f"Fewer than {SMALL} customers came back"),
    (re.compile(r"Everybody spent the same on average \([^)]*\)"), "Everybody spent the same on average"),
    (re.compile(r" Use that amount\."), ""),
)


def customers_of(sums: Sums, what: HowOften) -> Customers:
    """The kinds of customers that the sums of `HowOften` hold."""
    cells = sums.cells("customers")
    return kinds_of(cells.at, cells.values, what)


def kinds_of(at: Numbers, many: Numbers, what: HowOften) -> Customers:
    """The kinds of customers of some cells of `HowOften`, and how many are in each."""
    first, last, x, bins = (np.asarray(part, np.float64) for part in np.unravel_index(at, what.shape))
    mean = np.where(x > 0, MIDDLES[np.maximum(bins.astype(np.int64), 1) - 1], 0.0)
    latest, age = apart(x, last - first, seen(first, what.window), 1.0)
    return Customers(x, np.where(x > 0, latest - _HALF_A_DAY, 0.0), age, mean, many)
