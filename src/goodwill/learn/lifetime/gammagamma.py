"""Gamma–Gamma: what a customer's next purchase is worth, from what she spent on average and how often.

Fader and Hardie, "The Gamma-Gamma model of monetary value" (2013). A purchase is worth Gamma(p, ν), and ν varies over
people as Gamma(q, γ); γ is called v here. It takes for granted that who buys often does not spend more or less each
time: look at the correlation, which a fit tells.
"""

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike

from goodwill.basics.errors import BadInput, CannotTell
from goodwill.learn.lifetime.given import Floats, columns, counts, weights_of
from goodwill.learn.lifetime.maximum import Hill, climb, ridge
from goodwill.learn.lifetime.result import Fitted, Parameters

NAMES: Final = ("p", "q", "v")
ENDLESS: Final = 1e4
_STARTS: Final = ((2.0, 3.0), (6.0, 4.0), (0.7, 1.5), (20.0, 10.0), (1.5, 30.0))
_TOGETHER: Final = 0.2  # a correlation of how often with how much that is worth a warning


@dataclass(frozen=True, slots=True, eq=False)
class Amounts:
    """What each customer's purchases are worth; arrays of shape (n,).

    Attributes:
        mean: E[z] of one purchase.
        square: E[z²] of one purchase; product: E[z z′] of two purchases of the same customer. Infinite where the
            amounts of some customers have no bound.
    """

    mean: Floats
    square: Floats
    product: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Spent:
    """Customers who came back, checked; shape (n,).

    Attributes:
        x: repeat purchases, above 0; mean: what one of them was worth on average, above 0; weight: how many are so.
    """

    x: Floats
    mean: Floats
    weight: Floats


def spent(x: ArrayLike, mean_amount: ArrayLike, weights: ArrayLike | None = None) -> Spent:
    """Customers to fit the model to; who never came back is left out.

    Raises:
        BadInput: an entry is no possible customer; the sentence names the first.
    """
    repeat, mean = columns(x=counts(x), mean_amount=mean_amount)
    _check(repeat, mean)
    weight = weights_of(repeat, weights)
    came = repeat > 0
    return Spent(repeat[came], mean[came], weight[came])


def _check(x: Floats, mean: Floats) -> None:
    at = np.flatnonzero((mean < 0) | ((x > 0) & (mean == 0)))
    if at.size:
        raise BadInput(
            f"A mean amount must be above 0 where somebody came back, and is never below; entry {at[0]} is "
            f"{mean[at[0]]:g}. Leave out returns, and purchases that cost nothing."
        )


def hill_of(rows: Spent) -> Hill:
    """The likelihood of three logarithms of parameters."""

    def likelihood(theta: Floats) -> tuple[Floats, Floats]:
        p, q, v = np.exp(theta).tolist()
        return of_rows(rows, p, q, v)

    return Hill(likelihood, rows.weight, np.zeros(3))


def of_rows(rows: Spent, p: float, q: float, v: "float | Floats") -> tuple[Floats, Floats]:
    """Log-likelihood of each customer, and its slopes by the logarithms of p, q and v; shapes (n,) and (n, 3).

    Args:
        v: of all, or of each customer; shape (n,).
    """
    from scipy.special import digamma, gammaln

    x, log_mean, log_x = rows.x, np.log(rows.mean), np.log(rows.x)
    shape, size = p * x, v + x * rows.mean
    log_size, log_v = np.log(size), np.log(v)
    each = gammaln(shape + q) - gammaln(shape) - gammaln(q) + q * log_v
    each += (shape - 1) * log_mean + shape * log_x - (shape + q) * log_size
    both = digamma(shape + q)
    slopes = (
        p * x * (both - digamma(shape) + log_mean + log_x - log_size),
        q * (both - digamma(q) + log_v - log_size),
        q - (shape + q) * v / size,
    )
    return each, np.stack(slopes, axis=1)


def fit(x: ArrayLike, mean_amount: ArrayLike, weights: ArrayLike | None = None) -> "GammaGamma":
    """Maximum likelihood.

    Args:
        x: repeat purchases; who has none is left out. mean_amount: what one was worth on average, without the first;
            shape (n,), in any one currency.
        weights: how many customers each entry stands for; without, one.

    Raises:
        BadInput: an amount is negative, or 0 where x is not.
        CannotTell: the amounts do not tell the parameters, and why.
    """
    return fit_spent(spent(x, mean_amount, weights))


def fit_spent(rows: Spent) -> "GammaGamma":
    """As `fit`, from customers that were checked."""
    worth_fitting(rows)
    customers = float(rows.weight.sum())
    top = climb(hill_of(rows), starts_of(rows), NAMES)
    p, q, v = np.exp(top.theta).tolist()
    if max(p, q) > ENDLESS:
        raise ridge(top, NAMES)
    fitted = Fitted.of(NAMES, top, customers).warned(together(rows))
    return GammaGamma(fitted, p, q, v)


def starts_of(rows: Spent) -> list[Floats]:
    """Where to begin to look for the three logarithms."""
    mean = float(rows.weight @ rows.mean / rows.weight.sum())
    return [np.log([p, q, mean * max(q - 1, 0.5) / p]) for p, q in _STARTS]


def worth_fitting(rows: Spent) -> None:
    """Refuse customers who cannot tell how amounts vary.

    Raises:
        CannotTell: they are too few, or all spent the same.
    """
    seen = rows.weight > 0
    customers = rows.weight.sum()
    if customers <= len(NAMES):
        raise CannotTell(
            f"{customers:.0f} customers came back; what {len(NAMES)} numbers say of amounts cannot be learnt from so "
            "few. Observe for longer, or take more customers."
        )
    if np.ptp(rows.mean[seen]) == 0:
        raise CannotTell(
            f"Everybody spent the same on average ({rows.mean[seen][0]:g}), so nothing is known of how amounts vary. "
            "Use that amount."
        )


def together(rows: Spent) -> tuple[str, ...]:
    """A warning where who buys often spends more, or less, each time."""
    weight = rows.weight / rows.weight.sum()
    x, mean = (np.log(part) - weight @ np.log(part) for part in (rows.x, rows.mean))
    spread = float(np.sqrt((weight @ x**2) * (weight @ mean**2)))
    together = float(weight @ (x * mean)) / spread if spread > 0 else 0.0
    if abs(together) < _TOGETHER:
        return ()
    more = "more" if together > 0 else "less"
    told = (
        f"Who buys more often spends {more} each time (correlation {together:.2f} of logarithms); the model takes for "
        "granted that the two have nothing to do with each other."
    )
    return (told,)


def amounts_of(p: float, q: float, v: "float | Floats", x: ArrayLike, mean_amount: ArrayLike) -> Amounts:
    """Mean and spread of each customer's amounts.

    Args:
        v: of all, or of each customer; shape (n,). x, mean_amount: as of `fit`.

    Raises:
        BadInput: an amount is negative, or 0 where x is not.
        CannotTell: the expectation of somebody has no bound (p x + q is 1 or less).
    """
    repeat, mean = columns(x=counts(x), mean_amount=np.atleast_1d(mean_amount))
    _check(repeat, mean)
    shape = p * repeat + q
    if np.any(shape <= 1):
        raise CannotTell(
            f"With q = {q:.3g} the expected amount of somebody who never came back has no bound. Look only at "
            "customers who did, or fit the amounts to more customers."
        )
    size = v + repeat * np.where(repeat > 0, mean, 0.0)
    bounded = np.maximum(shape - 2, 0)
    with np.errstate(divide="ignore"):  # no bound: infinite is what is meant
        inverse_square = size**2 / ((shape - 1) * bounded)
    return Amounts(p * size / (shape - 1), p * (p + 1) * inverse_square, p**2 * inverse_square)


@dataclass(frozen=True, slots=True)
class GammaGamma(Parameters):
    """A fitted Gamma–Gamma model; amounts in the currency that it was fitted in.

    Attributes:
        fitted: likelihood, standard errors and what they rest on; None where parameters were only named.
        p: shape of one customer's amounts; q, v: shape and scale of how customers differ.
    """

    fitted: Fitted | None = field(compare=False)
    p: float
    q: float
    v: float

    names = NAMES

    @classmethod
    def of(cls, *, p: float, q: float, v: float) -> "GammaGamma":
        """A model with parameters from elsewhere.

        Raises:
            BadInput: a parameter is not above 0.
        """
        return cls(None, p, q, v)

    def expected_amount(self, x: ArrayLike, mean_amount: ArrayLike) -> Floats:
        """What one purchase of each customer is worth; above 0, shape (n,). Where x is 0, what one of anybody is.

        Raises:
            BadInput: an amount is negative, or 0 where x is not.
            CannotTell: the expectation of somebody has no bound (p x + q is 1 or less).
        """
        return self.amounts(x, mean_amount).mean

    def amounts(self, x: ArrayLike, mean_amount: ArrayLike) -> Amounts:
        """Mean and spread of each customer's amounts; arguments and errors as of `expected_amount`."""
        return amounts_of(self.p, self.q, self.v, x, mean_amount)

    def to_dict(self) -> dict[str, Any]:
        return {"model": "Gamma–Gamma", **self.told()}
