"""What is still to come from each customer: mean and spread of her discounted purchases, whatever the model."""

from dataclasses import dataclass
from math import inf, isfinite

import numpy as np
from numpy.typing import ArrayLike

from goodwill.basics.errors import BadInput, CannotTell
from goodwill.learn.lifetime.given import Floats, check_customers, columns


@dataclass(frozen=True, slots=True, eq=False)
class Future:
    """Moments of Z = Σ e^(−δ t), summed over a customer's purchases in the time to come; arrays of shape (n,).

    Attributes:
        mean: E[Z], her discounted expected transactions.
        squares: E[Σ e^(−2δ t)], of each purchase with itself.
        pairs: E[Z²] − `squares`, of each purchase with each other one.
    """

    mean: Floats
    squares: Floats
    pairs: Floats

    @property
    def variance(self) -> Floats:
        """How much what happens varies around the mean if the parameters are right."""
        return self.squares + self.pairs - self.mean**2

    def of(self, at: "np.ndarray") -> "Future":
        """The customers at some places, possibly repeated."""
        return Future(self.mean[at], self.squares[at], self.pairs[at])


def customers(x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Customers to look ahead for; single numbers are one customer.

    Raises:
        BadInput: an entry is no possible customer.
    """
    repeat, last, age = columns(x=np.atleast_1d(x), t_x=np.atleast_1d(t_x), T=np.atleast_1d(T))
    check_customers(repeat, last, age)
    return repeat, last, age


def times(t: ArrayLike) -> Floats:
    """Lengths of time from now on.

    Raises:
        BadInput: one is below 0, or no number.
    """
    (found,) = columns(t=np.atleast_1d(t))
    if np.any(found < 0):
        raise BadInput(f"A time to look ahead cannot be below 0; one is {found.min():g}.")
    return found


def ahead(discount: float, horizon: float) -> None:
    """Refuse a discount or a horizon that is none.

    Args:
        discount: δ for a unit of time, 0 or more.
        horizon: how far to look, above 0; infinite only where the discount is not 0.

    Raises:
        BadInput: one of them is no such number.
        CannotTell: without discount and horizon the sum has no end.
    """
    if not (isfinite(discount) and discount >= 0):
        raise BadInput(f"A discount rate is 0 or more for each unit of time, not {discount:g}.")
    if not horizon > 0:
        raise BadInput(f"A horizon is a length of time above 0, not {horizon:g}.")
    if discount == 0 and horizon == inf:
        raise CannotTell("Without a discount the sum of all that is ever to come may have no end: give a horizon.")
