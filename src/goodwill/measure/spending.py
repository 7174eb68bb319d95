"""What one person adds to figures about money and visits: what she paid and ordered in a time, and how often she came.

Each is a contribution for the door. `whole` of many people is, bit for bit, the sum of their parts.
"""

from dataclasses import dataclass
from math import sqrt

import numpy as np

from goodwill.measure.apart import apart
from goodwill.measure.bought import Bought, Numbers
from goodwill.measure.buying import OfBought, begins, days_bought
from goodwill.measure.estimate import LEVEL, Estimate, reach_of
from goodwill.measure.experiments.moments import Moments, parts
from goodwill.measure.rates import rate_sums
from goodwill.measure.staying import silent_sums, survival_sums
from goodwill.sums import Sums


@dataclass(frozen=True, kw_only=True)
class Paid(OfBought):
    """What she paid in a time, and how many orders it was; who bought nothing then adds nothing.

    The sums are those of `Moments`: of the amount (minor units), then of the orders.

    Attributes:
        since: the first day that counts.
        others: lengths in days up to the last one that the figure is held against, see `apart`.
    """

    name: str = "paid"
    since: int
    others: tuple[int, ...] = ()

    def _sums(self, bought: Bought) -> Sums:
        here = bought.where(bought.day >= self.since)
        own = here.where(~here.foreign)
        _, place = np.unique(own.person, return_inverse=True)
        people = int(place.max(initial=-1)) + 1
        amount, orders = np.zeros(people, np.int64), np.bincount(place, minlength=people).astype(np.int64)
        np.add.at(amount, place, own.amount)
        sums = parts(np.stack([amount, orders]), np.zeros(people, np.int64), 1)
        length = self.until - self.since + 1
        told_apart = apart(*_own(bought), until=self.until, length=length, others=self.others)
        return Sums({**sums, **told_apart, "foreign": int(here.foreign.sum())})


def _own(bought: Bought) -> tuple[Numbers, Numbers]:
    """Person and day of each order in the shop's currency."""
    own = bought.where(~bought.foreign)
    return own.person, own.day


def compound(moments: Moments, level: float = LEVEL) -> Estimate:
    """What some people paid together, and how far it moves by chance where as many come and pay as they do.

    The variance of a sum of a random (Poisson) number of amounts is the sum of their squares (compound Poisson).
    """
    total, squares = moments.sums[0], moments.products[0]
    if not moments.people:
        return Estimate.refuse("Nobody bought anything in this time.", level=level)
    error = sqrt(squares)
    reach = reach_of(level) * error
    return Estimate(
        value=float(total), low=max(0.0, total - reach), high=total + reach, standard_error=error, n=moments.people,
        level=level,
    )  # fmt: skip


def per_order(moments: Moments, level: float = LEVEL) -> Estimate:
    """What an order came to on average; orders of one person hang together, so she scatters as a whole (linearised).

    Σ amounts ÷ Σ orders, with s.e.² = n ÷ (n − 1) · Σ (amount − ratio · orders)² ÷ (Σ orders)², Student's t.
    """
    from scipy.special import stdtrit

    n, (paid, orders) = moments.people, moments.sums[:2]
    if n < 2 or not orders:
        return Estimate.refuse("Fewer than two people ordered in this time.", n=n, level=level)
    squares, mixed, counts = moments.products[:3]
    # Exact up to the division: whole numbers without end.
    around = (squares * orders**2 - 2 * paid * orders * mixed + paid**2 * counts) / orders**2
    error = sqrt(max(0.0, around) * n / (n - 1)) / orders
    if not error:
        return Estimate.refuse("All orders came to the same, which does not tell how they vary.", n=n, level=level)
    reach = float(stdtrit(n - 1, (1 + level) / 2)) * error
    return Estimate(
        value=paid / orders, low=paid / orders - reach, high=paid / orders + reach, standard_error=error, n=n,
        level=level,
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Came(OfBought):
    """On how many days she bought in the last weeks, of the whole weeks in which she was a customer already.

    Attributes:
        weeks: that are looked at. The day on which she became a customer counts for nothing.
        others: numbers of weeks that the figure is held against, see `apart`.
    """

    name: str = "came"
    weeks: int
    others: tuple[int, ...] = ()

    def _sums(self, bought: Bought) -> Sums:
        days = days_bought(bought)
        starts = begins(days.person)
        first = days.day[starts]
        over = np.minimum((self.until - first) // 7, self.weeks)
        who = np.cumsum(starts) - 1
        counts = days.day > self.until - 7 * over[who]
        sums = rate_sums(np.bincount(who[counts], minlength=first.size), over, names=("visits", "weeks"))
        whole = (self.until - first) // 7
        visit = days.day > self.until - 7 * whole[who]  # counts, were all her weeks looked at
        others = [7 * one for one in self.others]
        told = apart(who[visit], days.day[visit], until=self.until, length=7 * self.weeks, others=others)
        return Sums({**sums, **told})


@dataclass(frozen=True, kw_only=True)
class Stayed(OfBought):
    """Of whoever bought in the days before a day: whether and when she bought again in as many days from then on.

    The sums are those of `survival_sums`: here to leave is to come back.

    Attributes:
        days: as many before, and as many after.
    """

    name: str = "stayed"
    days: int

    def _sums(self, bought: Bought) -> Sums:
        before, after = self.until - 2 * self.days, self.until - self.days
        _, place = np.unique(bought.person, return_inverse=True)
        people = int(place.max(initial=-1)) + 1
        was = np.zeros(people, bool)
        was[place[(bought.day > before) & (bought.day <= after)]] = True
        again = np.full(people, self.until + 1, np.int64)
        later = bought.day > after
        np.minimum.at(again, place[later], bought.day[later])
        came = again[was] <= self.until
        return survival_sums(np.where(came, again[was] - after, self.days), came, self.days)


@dataclass(frozen=True, kw_only=True)
class Silence(OfBought):
    """For how long she has bought nothing; see `silent_sums`."""

    name: str = "silence"
    rules: tuple[int, ...]

    def _sums(self, bought: Bought) -> Sums:
        ends = np.append(begins(bought.person), True)[1:][: bought.person.size]
        return silent_sums(self.until - bought.day[ends], self.rules)
