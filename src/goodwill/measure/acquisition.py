"""What a new customer costs: of all that came, of those whom paid means brought, and of those who came *because* of it.

Only the last answers whether the money was well spent; the first two count customers who would have come anyway.
Cost is all that was spent on winning customers: media, tools, salaries, welcome discounts, what a consent cost.
"""

from dataclasses import dataclass
from math import inf, sqrt
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from goodwill.basics.errors import BadInput
from goodwill.measure.estimate import LEVEL, Estimate, check_level
from goodwill.measure.given import Floats, count, equally_long, listed, number, numbers, wholes
from goodwill.measure.rates import exact_dot, poisson_interval
from goodwill.measure.staying import Survival
from goodwill.sums import Sums

_FEW_DAYS = 14
_EMPTY = 1e-9  # of people or days: nobody
_NO_NEW = "No new customer came, so none has a cost; at least so much was spent for none."
_NO_EFFECT = "It is not shown that anybody came because of it, so what one such customer costs has no upper end."
_NOBODY_CAUSED = "No more customers came with it than without it, so none that it caused has a cost."


@dataclass(frozen=True, slots=True, kw_only=True)
class Cac(Estimate):
    """What one new customer costs, in the currency of the cost.

    Attributes:
        value, low, high: blended: all cost for all new customers. Refused where none came.
        paid: the same of paid means alone; incremental: of the customers caused. None where not asked for.
        cost, new: what it was worked out from.
    """

    paid: Estimate | None = None
    incremental: Estimate | None = None
    cost: float = 0.0
    new: int = 0


def cac(
    cost: ArrayLike, new: ArrayLike, level: float = LEVEL, *, paid_cost: ArrayLike | None = None,
    paid_new: ArrayLike | None = None, caused: Estimate | None = None, caused_cost: float | None = None,
) -> Cac:  # fmt: skip
    """Cost per new customer: blended, paid, incremental.

    Args:
        cost, new: all cost and all new customers of the same window, in one currency: two numbers, or one of each for
            every day, shape (days,). As totals the interval is Poisson's exact one of the count; of days it is
            Fieller's of the ratio, which knows that days differ and that more is spent on some.
        paid_cost, paid_new: the same of paid means alone.
        caused: how many of the new customers came because of it, such as `customers_caused` gives.
        caused_cost: what was spent to cause them (default: ``paid_cost``, else ``cost``).

    Raises:
        BadInput: a cost is negative, a count not whole, the lists are not equally long, or only one of a pair is given.
    """
    blended, total, came = _ratio("cost", cost, "new", new, level)
    paid = None
    if paid_cost is not None and paid_new is not None:
        paid = _ratio("paid_cost", paid_cost, "paid_new", paid_new, level)[:2]
    elif paid_cost is not None or paid_new is not None:
        raise BadInput("Give 'paid_cost' and 'paid_new' together: both, or neither.")
    spent = number("caused_cost", caused_cost, least=0) if caused_cost is not None else paid[1] if paid else total
    return Cac(
        value=blended.value, low=blended.low, high=blended.high, standard_error=blended.standard_error, n=blended.n,
        level=level, warnings=blended.warnings, refused=blended.refused, paid=paid[0] if paid else None,
        incremental=incremental_cac(spent, caused) if caused else None, cost=total, new=came,
    )  # fmt: skip


def incremental_cac(cost: float, caused: Estimate) -> Estimate:
    """Cost per customer caused: the cost divided by the ends of the interval (Fieller's, as the cost is known).

    Where the interval of the customers caused reaches 0 the cost of one has no upper end; where no more came than
    without, it is refused, with the lower end that is known.
    """
    spent = number("cost", cost, least=0)
    if caused.value is None or caused.low is None or caused.high is None:
        why = f"How many came because of it is not known: {caused.refused or 'it has no interval'}"
        return Estimate.refuse(why, n=caused.n, level=caused.level)
    low = spent / caused.high if caused.high > 0 else inf
    if caused.value <= 0 or not spent:
        why = _NOBODY_CAUSED if spent else "Nothing was spent on it."
        return Estimate.refuse(why, low=low, high=inf, n=caused.n, level=caused.level)
    high, said = (spent / caused.low, ()) if caused.low > 0 else (inf, (_NO_EFFECT,))
    return Estimate(value=spent / caused.value, low=low, high=high, n=caused.n, level=caused.level, warnings=said)


def customers_caused(
    new: int, people: float, control_new: int, control_people: float, level: float = LEVEL
) -> Estimate:  # fmt: skip
    """New customers beyond those who would have come anyway, from a holdout of places or times.

    Args:
        new, people: new customers where it ran, and how large that is: inhabitants, visitors, or days.
        control_new, control_people: the same where it did not run.

    The interval joins the two exact Poisson intervals (MOVER; Zou and Donner, Stat. Med. 27, 2008). It takes the two
    parts as alike but for what ran.
    """
    here, there = count("new", new), count("control_new", control_new)
    size, other = number("people", people, least=0), number("control_people", control_people, least=0)
    if min(size, other) < _EMPTY:
        return Estimate.refuse("One of the two parts is empty, so there is nothing to compare.", level=level)
    scale = size / other
    low, high = poisson_interval(here, level)
    other_low, other_high = poisson_interval(there, level)
    value = here - scale * there
    return Estimate(
        value=value, low=value - sqrt((here - low) ** 2 + (scale * (other_high - there)) ** 2),
        high=value + sqrt((high - here) ** 2 + (scale * (there - other_low)) ** 2),
        standard_error=sqrt(here + scale**2 * there), n=here + there, level=level,
    )  # fmt: skip


def cac_sums(cost: ArrayLike, new: ArrayLike) -> Sums:
    """Days as sums: cost in whole minor units and new customers of each, shape (days,); sums of windows add."""
    spent, came = wholes("cost", cost), wholes("new", new)
    equally_long(cost=spent, new=came)
    return Sums(
        days=spent.size, cost=exact_dot(spent, 1), new=exact_dot(came, 1),
        products=[exact_dot(spent, spent), exact_dot(spent, came), exact_dot(came, came)],
    )  # fmt: skip


def cac_of(sums: Sums, level: float = LEVEL) -> Estimate:
    """The blended cost of such sums, in minor units, with Fieller's interval of the days."""
    days, cost, new = (sums.number(name) for name in ("days", "cost", "new"))
    squares, mixed, news = (int(product) for product in sums.array("products"))
    if days < 2:
        return _poisson(float(cost), new, level)
    # Exact: whole numbers until the division.
    spread = [(days * squares - cost**2), (days * mixed - cost * new), (days * news - new**2)]
    return _fieller(float(cost), new, days, [one / (days - 1) for one in spread], level)


@dataclass(frozen=True, slots=True, kw_only=True)
class Payback(Estimate):
    """Months until a customer has brought back what she cost.

    Attributes:
        value: refused where she does not pay back within the time watched; ``low`` then is at most that time.
        brought: what a customer brings within the time that anybody was watched.
    """

    brought: float = 0.0


def payback(cost: Estimate | float, margin: float, curve: Survival, *, month: float = 30.4375) -> Payback:
    """Months until the margin of those who are still here has paid for what a customer cost.

    Args:
        cost: what one costs, such as `cac` gives; with its interval, or as a plain number.
        margin: contribution margin per month of a customer who is still here, in the same currency.
        curve: how long customers stay (`survival`), in days. month: its length in the curve's unit of time.

    The interval pairs the low end of the cost with the upper curve and the high end with the lower one, so it is wider
    than its level. What is not known of the margin is not in it.

    Raises:
        BadInput: a number is not finite, or the month not above 0.
    """
    monthly, length = number("margin", margin), number("month", month, above=0)
    asked = cost if isinstance(cost, Estimate) else _known(number("cost", cost, least=0))
    common: dict[str, Any] = {"n": curve.n, "level": curve.level}
    if why := asked.refused or curve.refused:
        return Payback.refuse(f"How soon it is paid back cannot be told: {why}", **common)
    if monthly <= 0:
        return Payback.refuse("A customer brings no margin, so she never pays back what she cost.", **common)
    ends = [(asked.value, curve.value), (asked.low, curve.high), (asked.high, curve.low)]
    value, low, high = (_reached(curve, here, (end or 0.0) * length / monthly) / length for end, here in ends)
    brought = _stay(curve) * monthly / length
    if value == inf:
        longest = f"{curve.longest / length:.1f} months"
        why = f"Within the {longest} watched a customer brings {brought:.2f} of {asked.value:.2f}."
        return Payback.refuse(why, low=min(low, curve.longest / length), high=inf, brought=brought, **common)
    return Payback(value=value, low=min(low, value), high=max(high, value), brought=brought, **common)


def _ratio(cost_name: str, cost: ArrayLike, new_name: str, new: ArrayLike, level: float) -> tuple[Estimate, float, int]:
    """The estimate, all cost, all new customers."""
    check_level(level)
    spent = numbers(cost_name, listed(cost_name, cost), least=0)
    came = wholes(new_name, listed(new_name, new))
    days = equally_long(**{cost_name: spent, new_name: came})
    total, customers = float(spent.sum()), int(came.sum())
    if days < 2:
        return _poisson(total, customers, level), total, customers
    around, others = spent - spent.mean(), came - came.mean()
    spread = [
        days / (days - 1) * float(one @ other) for one, other in ((around, around), (around, others), (others, others))
    ]
    return _fieller(total, customers, days, spread, level), total, customers


def _poisson(cost: float, new: int, level: float) -> Estimate:
    low, high = poisson_interval(new, level)
    if not new:
        return Estimate.refuse(_NO_NEW, low=cost / high, high=inf, level=level)
    return Estimate(
        value=cost / new, low=cost / high, high=cost / low, standard_error=cost / new**1.5, n=new, level=level
    )


def _fieller(cost: float, new: int, days: int, spread: list[float], level: float) -> Estimate:
    """The ratio of two sums over days, from their variances and covariance (Fieller, J. R. Stat. Soc. B 16, 1954)."""
    from scipy.special import stdtrit

    if not new:
        return _poisson(cost, new, level)
    of_cost, both, of_new = spread
    square = float(stdtrit(days - 1, (1 + level) / 2)) ** 2
    ratio = cost / new
    error = sqrt(max(0.0, of_cost - 2 * ratio * both + ratio**2 * of_new)) / new
    common: dict[str, Any] = {
        "value": ratio,
        "standard_error": error,
        "n": new,
        "level": level,
        "warnings": _few_days(days),
    }
    a, b, c = new**2 - square * of_new, cost * new - square * both, cost**2 - square * of_cost
    root = sqrt(max(0.0, b**2 - a * c))
    low = c / (b + root) if c > 0 and b + root > 0 else 0.0
    # Where a is 0 or less, none at all would be no surprise: nothing bounds what one customer costs.
    return Estimate(low=min(low, ratio), high=(b + root) / a if a > 0 else inf, **common)


def _few_days(days: int) -> tuple[str, ...]:
    if days >= _FEW_DAYS:
        return ()
    return (f"The interval rests on {days} days only; give more days, or totals.",)


def _known(cost: float) -> Estimate:
    return Estimate(value=cost, low=cost, high=cost)


def _reached(curve: Survival, here: Floats, wanted: float) -> float:
    """When the area under a curve reaches what is wanted; ∞ where it does not within the time watched."""
    times = np.concatenate(([0.0], curve.time))
    levels = np.concatenate(([1.0], here))
    area = np.concatenate(([0.0], np.cumsum(np.diff(times) * levels[:-1])))
    if not wanted <= area[-1]:
        return inf
    step = max(int(np.searchsorted(area, wanted)) - 1, 0)
    return float(times[step] + (wanted - area[step]) / levels[step]) if levels[step] else float(times[step])


def _stay(curve: Survival) -> float:
    times = np.concatenate(([0.0], curve.time))
    return float((np.diff(times) * np.concatenate(([1.0], curve.value))[:-1]).sum())
