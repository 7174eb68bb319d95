"""What customers are still worth: purchases to come, times what one is worth, times the margin, discounted.

The numbers of purchases come from a model of buying, the amounts from Gamma–Gamma; the two are taken to have nothing
to do with each other. What is added up is residual: what a customer already brought is not in it.
"""

from dataclasses import dataclass
from math import inf, isfinite, log1p
from typing import Any, Final

import numpy as np

from goodwill.basics.errors import BadInput
from goodwill.learn.lifetime.future import Future
from goodwill.learn.lifetime.gammagamma import Amounts
from goodwill.learn.lifetime.given import Floats

WEEKS_A_YEAR: Final = 365.25 / 7


@dataclass(frozen=True, slots=True, eq=False)
class Worth:
    """Residual value of customers, in the currency of the amounts.

    Attributes:
        each: expected value of each customer; shape (n,). variance: how what happens varies around it if the
            parameters are right; infinite where amounts have no bound.
        purchases: discounted purchases to expect of each; amount: what one of hers is worth.
        margin: share of an amount that stays.
    """

    each: Floats
    variance: Floats
    purchases: Floats
    amount: Floats
    margin: float

    @property
    def total(self) -> float:
        return float(self.each.sum())

    def to_dict(self) -> dict[str, Any]:
        """Sums over the customers; no list of customers leaves in a report."""
        return {
            "value": self.total, "customers": int(self.each.size), "purchases": float(self.purchases.sum()),
            "margin": self.margin,
        }  # fmt: skip


def worth_of(future: Future, amounts: Amounts, *, margin: float = 1.0) -> Worth:
    """Customer lifetime value: margin · E[amount] · E[Σ e^(−δt)] for each customer.

    Args:
        future: of a model's `future`, with discount and horizon; amounts: of the same customers, in the same order.
        margin: share of an amount that stays, above 0 and at most 1.

    Raises:
        BadInput: the customers are not as many, or the margin is none.
    """
    if future.mean.shape != amounts.mean.shape:
        raise BadInput(f"There are purchases of {future.mean.size} customers, but amounts of {amounts.mean.size}.")
    if not 0 < margin <= 1:
        raise BadInput(f"A margin is a share of the amount above 0 and at most 1, not {margin:g}.")
    each = margin * amounts.mean * future.mean
    # Of somebody who will never buy nothing varies, even where amounts have no bound.
    second = _times(amounts.square, future.squares) + _times(amounts.product, future.pairs)
    return Worth(each, margin**2 * second - each**2, future.mean, amounts.mean, margin)


def _times(amount: Floats, purchases: Floats) -> Floats:
    return np.multiply(amount, purchases, where=purchases > 0, out=np.zeros(purchases.shape))


def discount_rate(yearly: float, units: float = 52.0) -> float:
    """The continuous rate δ of a unit of time from a yearly discount: ln(1 + yearly) / units.

    Args:
        yearly: 0.15 for 15 % a year; 0 or more.
        units: how many units of time a year has: 52 weeks, 365.25 days.

    Raises:
        BadInput: one of them is no such number.
    """
    if not (isfinite(yearly) and yearly >= 0):
        raise BadInput(f"A yearly discount is 0 or more (0.15 is 15 %), not {yearly:g}.")
    if not 0 < units < inf:
        raise BadInput(f"A year has some number of units of time above 0, not {units:g}.")
    return log1p(yearly) / units
