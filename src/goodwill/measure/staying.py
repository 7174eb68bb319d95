"""How long customers stay, where some are still here and their end is not known yet: survival, mean stay, churn.

All of it comes from how many left and how many were last seen at each time, so sums of people are enough.
"""

from dataclasses import dataclass, replace
from math import inf, sqrt
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import ArrayLike

from goodwill.basics.errors import BadInput
from goodwill.measure.estimate import LEVEL, Estimate, check_level, reach_of
from goodwill.measure.given import Floats, Whole, count, equally_long, number, numbers, truths, wholes
from goodwill.measure.rates import Rate, plain_rate
from goodwill.measure.share import Share, share
from goodwill.sums import Sums

Interval = Literal["log-log", "greenwood"]
LONGEST: Final = 100_000  # days that sums may hold, some 270 years
_NOBODY = "Nobody was watched, so it is not known how long customers stay."
_ONE = "Only one customer was watched, and one does not tell how others differ."


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Survival:
    """The share that is still here, by time (Kaplan and Meier 1958).

    Attributes:
        time: when somebody left or was last seen, increasing; float64, shape (k,), as are the others.
        at_risk: still watched just before. left: how many left then.
        value: the share still here just after; standard_error: Greenwood's; low, high: the interval at ``level``.
        median: the time by which half have left; ∞ as its upper end where the interval stays above one half.
        n: customers; longest: how long anybody was watched.
    """

    time: Floats
    at_risk: Floats
    left: Floats
    value: Floats
    standard_error: Floats
    low: Floats
    high: Floats
    median: Estimate
    n: int
    longest: float
    level: float = LEVEL
    warnings: tuple[str, ...] = ()
    refused: str = ""

    def at(self, time: float) -> Estimate:
        """The share still here after some time; refused beyond what anybody was watched for."""
        when = number("time", time, least=0)
        if self.refused:
            return Estimate.refuse(self.refused, n=self.n, level=self.level)
        if when > self.longest and self.value[-1] > 0:
            return Estimate.refuse(_too_long(when, self.longest), n=self.n, level=self.level)
        place = int(np.searchsorted(self.time, when, side="right")) - 1
        if place < 0 or self.value[place] == 1:
            watched = float(self.at_risk[np.searchsorted(self.time, when)])
            return Estimate(value=1.0, low=_all_of(watched, self.level), high=1.0, n=self.n, level=self.level)
        value, low, high = (float(column[place]) for column in (self.value, self.low, self.high))
        error = float(self.standard_error[place]) if value else None  # nobody is left to vary
        return Estimate(value=value, low=low, high=high, standard_error=error, n=self.n, level=self.level)

    def to_dict(self) -> dict[str, Any]:
        columns = ("time", "at_risk", "left", "value", "standard_error", "low", "high")
        return {
            **{name: getattr(self, name).tolist() for name in columns}, "median": self.median.to_dict(), "n": self.n,
            "longest": self.longest, "level": self.level, "warnings": list(self.warnings), "refused": self.refused,
        }  # fmt: skip


def survival(
    duration: ArrayLike, observed: ArrayLike, level: float = LEVEL, *, interval: Interval = "log-log"
) -> Survival:
    """The Kaplan–Meier curve with Greenwood's variance.

    Args:
        duration: how long each customer was watched, 0 or more, in any unit, shape (n,).
        observed: whether she left then (1), or was still here when last seen (0), shape (n,).
        interval: "log-log" (Kalbfleisch and Prentice 1980; stays between 0 and 1 and holds for few), or "greenwood",
            the plain one, cut at 0 and 1.

    Where nobody has left yet the lower end is the exact one of as many who are still watched, never 1.

    Raises:
        BadInput: the lists are not equally long, a duration is negative or no number, ``observed`` is not yes or no.
    """
    durations, observations = numbers("duration", duration, least=0), truths("observed", observed)
    equally_long(duration=durations, observed=observations)
    time, place = np.unique(durations, return_inverse=True)
    ends = np.bincount(place, minlength=time.size)
    left = np.bincount(place[observations], minlength=time.size)
    return _curve(time, left, ends - left, level, interval)


def survival_sums(duration: ArrayLike, observed: ArrayLike, longest: int) -> Sums:
    """Customers as sums: how many left, and how many were last seen, on each day.

    Args:
        duration, observed: as for `survival`, with whole days.
        longest: days that the sums hold; whoever was watched longer counts as still here then.
    """
    durations, observations = wholes("duration", duration), truths("observed", observed)
    equally_long(duration=durations, observed=observations)
    most = count("longest", longest, most=LONGEST)
    left, days = observations & (durations <= most), np.minimum(durations, most)
    return Sums(left=_by_day(days[left], most), seen=_by_day(days[~left], most))


def survival_of(sums: Sums, level: float = LEVEL, *, interval: Interval = "log-log") -> Survival:
    """The curve of such sums, as `survival` gives it."""
    left, seen = sums.array("left"), sums.array("seen")
    days = np.flatnonzero(left + seen)
    return _curve(days.astype(np.float64), left[days], seen[days], level, interval)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanStay(Estimate):
    """How long customers stay on average within the first ``tau``: the area under the curve (RMST)."""

    tau: float = 0.0


def rmst(duration: ArrayLike, observed: ArrayLike, tau: float, level: float = LEVEL) -> MeanStay:
    """The restricted mean survival time (Irwin 1949; variance: Klein and Moeschberger 2003, eq. 4.5.2).

    Args:
        tau: up to when; above 0, and not beyond what somebody was watched for.

    ``rmst_of(one, tau)`` does the same for a curve; two of them are compared by `rmst_difference`.
    """
    return rmst_of(survival(duration, observed, level), tau)


def rmst_of(curve: Survival, tau: float) -> MeanStay:
    """The mean stay within ``tau`` under a curve; see `rmst`."""
    until = number("tau", tau, above=0)
    common: dict[str, Any] = {"n": curve.n, "level": curve.level, "tau": until}
    if curve.refused or curve.n < 2:
        return MeanStay.refuse(curve.refused or _ONE, **common)
    if until > curve.longest and curve.value[-1] > 0:
        return MeanStay.refuse(_too_long(until, curve.longest), **common)
    within = curve.time < until
    steps = np.diff(np.concatenate(([0.0], curve.time[within], [until])))
    areas = steps * np.concatenate(([1.0], curve.value[within]))
    value, after = float(areas.sum()), np.cumsum(areas[::-1])[::-1][1:]
    variance = float((after**2 * _greenwood(curve.at_risk[within], curve.left[within])).sum())
    if not curve.left[within].any():
        # Had somebody left, then at worst at once: at least so many stay to the end.
        watched = float(curve.at_risk[np.searchsorted(curve.time, until)])
        warning = f"Nobody left within {until:g}, so the lower end is that of so many who all stayed."
        return MeanStay(
            value=until, low=until * _all_of(watched, curve.level), high=until, warnings=(warning,), **common
        )
    if not variance:
        why = "All of whom it is known left at the same time, which does not tell how such times vary."
        return MeanStay.refuse(why, **common)
    reach = reach_of(curve.level) * sqrt(variance)
    return MeanStay(value=value, low=max(0.0, value - reach), high=min(until, value + reach),
                    standard_error=sqrt(variance), **common)  # fmt: skip


def rmst_difference(one: MeanStay, other: MeanStay) -> MeanStay:
    """How much longer the first group stays within the same time; ``p`` that there is no difference (normal)."""
    if (one.tau, one.level) != (other.tau, other.level):
        raise BadInput("Compare two groups within the same tau and at the same level.")
    n = one.n + other.n
    if one.refused or other.refused:
        why = f"One group cannot be told: {one.refused or other.refused}"
        return MeanStay.refuse(why, n=n, level=one.level, tau=one.tau)
    if one.value is None or other.value is None or one.standard_error is None or other.standard_error is None:
        why = "In one of the groups nobody left, so how much it may vary is not known. Choose a longer tau."
        return MeanStay.refuse(why, n=n, level=one.level, tau=one.tau)
    from scipy.special import ndtr

    value, error = one.value - other.value, sqrt(one.standard_error**2 + other.standard_error**2)
    reach = reach_of(one.level) * error
    return MeanStay(
        value=value, low=value - reach, high=value + reach, standard_error=error,
        p=float(2 * ndtr(-abs(value) / error)),
        n=n, level=one.level, tau=one.tau,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Churn(Estimate):
    """The share that has left by some time.

    Attributes:
        by: that time. rate: how many left per unit of time that customers were watched within it (exact Poisson).
    """

    by: float = 0.0
    rate: Rate | None = None


def churn(duration: ArrayLike, observed: ArrayLike, by: float, level: float = LEVEL) -> Churn:
    """What has left by some time: one less the Kaplan–Meier curve, so that those who only came lately count rightly.

    Args:
        duration, observed: as for `survival`; that somebody left must be known, as with a contract that ends. Where
            customers leave in silence, see `silent`.
    """
    return churn_of(survival(duration, observed, level), by)


def churn_of(curve: Survival, by: float) -> Churn:
    """The churn of a curve; see `churn`."""
    until = number("by", by, above=0)
    here = curve.at(until)
    if here.value is None or here.low is None or here.high is None:
        return Churn.refuse(here.refused, n=curve.n, level=curve.level, by=until)
    leaving = -np.diff(np.append(curve.at_risk, 0.0))  # who left or was last seen at each time
    watched = float((np.minimum(curve.time, until) * leaving).sum())
    times = int(curve.left[curve.time <= until].sum())
    return Churn(
        value=1 - here.value, low=1 - here.high, high=1 - here.low, standard_error=here.standard_error, n=curve.n,
        level=curve.level, by=until, rate=plain_rate(times, watched, curve.level),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Silent:
    """How many would count as lost by each rule of silence; the shares tell how much the rule decides.

    Attributes:
        days: the rules, increasing. shares: of customers silent for more days than that, with Wilson's interval.
    """

    days: tuple[int, ...]
    shares: tuple[Share, ...]
    n: int
    warnings: tuple[str, ...] = ()
    refused: str = ""


def silent(days_since: ArrayLike, rules: tuple[int, ...] = (30, 60, 90, 180, 365), level: float = LEVEL) -> Silent:
    """Customers who leave without a word: lost is who was silent for longer than a rule says, so several are shown.

    Args:
        days_since: days since each customer's last purchase, 0 or more, shape (n,).

    There is no right rule: somebody who comes twice a year is not lost after 90 days. P(alive) of a Pareto/NBD model
    asks of each what is usual for her.
    """
    return silent_of(silent_sums(days_since, rules), rules, level)


def silent_sums(days_since: ArrayLike, rules: tuple[int, ...]) -> Sums:
    """How many there are, and how many were silent for more days than each rule says."""
    days = numbers("days_since", days_since, least=0)
    return Sums(customers=days.size, silent=[int((days > rule).sum()) for rule in _ordered(rules)])


def silent_of(sums: Sums, rules: tuple[int, ...], level: float = LEVEL) -> Silent:
    """The shares of such sums, as `silent` gives them."""
    ordered, n = _ordered(rules), sums.number("customers")
    if not n:
        return Silent(ordered, (), 0, refused="There was nobody to count.")
    shares = tuple(share(lost, n, level) for lost in sums.array("silent").tolist())
    most, least = 100 * shares[0].value, 100 * shares[-1].value
    said = (
        f"Between {least:.0f} % and {most:.0f} % count as lost, by the rule alone; never tell one without the others."
    )
    return Silent(ordered, shares, n, warnings=(said,))


def _ordered(rules: tuple[int, ...]) -> tuple[int, ...]:
    ordered = tuple(sorted(set(wholes("rules", rules).tolist())))
    if len(ordered) < 2:
        raise BadInput(
            "Give at least two rules of silence, such as (60, 90, 180), so that one sees how much they decide."
        )
    return ordered


def _curve(time: Floats, left: Whole, seen: Whole, level: float, interval: Interval) -> Survival:
    reach = reach_of(check_level(level))
    if interval not in ("log-log", "greenwood"):
        raise BadInput(f"There is no interval '{interval}'; choose 'log-log' or 'greenwood'.")
    leaving = (left + seen).astype(np.float64)
    n = int(leaving.sum())
    at_risk = np.cumsum(leaving[::-1])[::-1]
    value: Floats = np.cumprod(1 - left.astype(np.float64) / np.maximum(at_risk, 1.0), dtype=np.float64)
    spread: Floats = np.cumsum(_greenwood(at_risk, left))
    error: Floats = value * np.sqrt(spread)
    low, high = _band(value, spread, at_risk, reach, level, interval)
    refused = "" if n else _NOBODY
    curve = Survival(
        time=time, at_risk=at_risk, left=left.astype(np.float64), value=value, standard_error=error, low=low, high=high,
        n=n, longest=float(time[-1]) if n else 0.0, level=level, refused=refused,
        median=Estimate.refuse(refused or _ONE, n=n, level=level), warnings=_thin(at_risk, value),
    )  # fmt: skip
    return replace(curve, median=_median(curve)) if n > 1 else curve


def _greenwood(at_risk: Floats, left: Floats | Whole) -> Floats:
    """The steps of Σ d / (n (n − d)); where everybody leaves nothing is left to vary."""
    stayed = at_risk - left
    steps: Floats = np.divide(left, at_risk * stayed, out=np.zeros(at_risk.size), where=stayed > 0)
    return steps


def _band(
    value: Floats, spread: Floats, at_risk: Floats, reach: float, level: float, interval: Interval
) -> tuple[Floats, Floats]:
    between = (value > 0) & (value < 1)
    low, high = np.ones(value.size), np.ones(value.size)
    share_here, error = value[between], np.sqrt(spread[between])
    if interval == "log-log":
        power = np.exp(reach * error / -np.log(share_here))
        low[between], high[between] = share_here**power, share_here ** (1 / power)
    else:
        low[between], high[between] = share_here * (1 - reach * error), share_here * (1 + reach * error)
    tail = (1 - level) / 2
    whole = value == 1
    low[whole] = tail ** (1 / at_risk[whole])
    gone = np.flatnonzero(value == 0)
    if gone.size:
        # Nobody is left: no more than just before, or, where all left at once, what so many exclude.
        before = float(high[gone[0] - 1]) if gone[0] else 1 - tail ** (1 / float(at_risk[0]))
        low[gone], high[gone] = 0.0, before
    return np.clip(low, 0, 1), np.clip(high, 0, 1)


def _median(curve: Survival) -> Estimate:
    """The first time with half or fewer; its interval: where the curve's own ends do (Brookmeyer and Crowley 1982)."""
    first = [_first(curve.time, column <= 0.5) for column in (curve.value, curve.low, curve.high)]
    value, low, high = first
    low = min(low, curve.longest)
    if value == inf:
        why = f"Fewer than half have left in the {curve.longest:g} that anybody was watched."
        return Estimate.refuse(why, low=low, high=inf, n=curve.n, level=curve.level)
    return Estimate(value=value, low=low, high=max(value, high), n=curve.n, level=curve.level)


def _first(time: Floats, true: Any) -> float:
    found = np.flatnonzero(true)
    return float(time[found[0]]) if found.size else inf


def _all_of(watched: float, level: float) -> float:
    """Of so many all stayed: the lower end for the share that does (Clopper and Pearson 1934)."""
    return float(((1 - level) / 2) ** (1 / watched))


def _thin(at_risk: Floats, value: Floats) -> tuple[str, ...]:
    if at_risk.size and at_risk[-1] < 10 and value[-1] > 0:
        return (
            f"At the end only {at_risk[-1]:.0f} customers are still watched; read the last part with its interval.",
        )
    return ()


def _by_day(days: Whole, longest: int) -> Whole:
    return np.bincount(days, minlength=longest + 1).astype(np.int64)


def _too_long(wanted: float, longest: float) -> str:
    return f"Nobody was watched for {wanted:g}; the longest is {longest:g}. Ask for no more than that, or wait."
