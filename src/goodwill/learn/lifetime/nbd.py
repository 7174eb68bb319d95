"""NBD: people buy at their own rate and nobody leaves, so what is expected of them is rather too much than too little.

Ehrenberg, "The pattern of consumer purchases" (Applied Statistics 8, 1959). It is what the Pareto/NBD becomes where
nobody can be seen to leave (s / β → 0), and its likelihood can be held against that one's. It serves where customers
come so often, or were observed so shortly, that leaving cannot be told.
"""

from dataclasses import dataclass, field
from math import inf
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike

from goodwill.learn.lifetime.future import Future, ahead, customers, times
from goodwill.learn.lifetime.given import Floats, Rows, Scale, checked, counts, worth_fitting
from goodwill.learn.lifetime.maximum import Hill, Top, climb, ridge
from goodwill.learn.lifetime.result import Fitted, Parameters

NAMES: Final = ("r", "alpha")
_ENDLESS: Final = 1e4  # r, or α beside the mean age, above which people are all alike
_STARTS: Final = (0.3, 1.0, 3.0)
STAYS: Final = "In this model nobody ever leaves, so what is expected is rather too much than too little."


def rows_likelihood(rows: Rows, r: float, alpha: Scale) -> tuple[Floats, Floats]:
    """Log-likelihood of each row, shape (n,), and its slopes by ln r and ln α, shape (2, n)."""
    from scipy.special import digamma, gammaln

    log_there = np.log(alpha + rows.T)
    each = rows.of_x(lambda x: gammaln(r + x) - gammaln(r)) + r * np.log(alpha) - (r + rows.x) * log_there
    by_r = rows.of_x(lambda x: digamma(r + x) - digamma(r)) + np.log(alpha) - log_there
    by_alpha = r / alpha - (r + rows.x) / (alpha + rows.T)
    return each, np.stack([r * by_r, alpha * by_alpha])


def hill_of(rows: Rows) -> Hill:
    """The likelihood of two logarithms of parameters."""

    def likelihood(theta: Floats) -> tuple[Floats, Floats]:
        each, slopes = rows_likelihood(rows, *np.exp(theta).tolist())
        return each, slopes.T

    return Hill(likelihood, rows.weight, np.zeros(2))


def fit(x: ArrayLike, t_x: ArrayLike, T: ArrayLike, weights: ArrayLike | None = None) -> "Nbd":
    """Maximum likelihood.

    Args:
        x, t_x, T, weights: as of `pareto.fit`; t_x says nothing in this model.

    Raises:
        BadInput: an entry is no possible customer.
        CannotTell: the customers do not tell the parameters, and why.
    """
    rows = checked(x, t_x, T, weights)
    worth_fitting(rows, len(NAMES))
    top = climb(hill_of(rows), [np.log([r, r / rows.rate]) for r in _STARTS], NAMES)
    refuse_endless(rows, top)
    return Nbd(Fitted.of(NAMES, top, rows.customers).warned((STAYS,)), *np.exp(top.theta).tolist())


def refuse_endless(rows: Rows, top: Top) -> None:
    """Refuse a top where people are as good as all alike.

    Raises:
        CannotTell: r, or α beside the mean age, is beyond ten thousand.
    """
    r, alpha = np.exp(top.theta[:2]).tolist()
    if max(r, alpha / rows.mean_age) > _ENDLESS:
        raise ridge(top, NAMES)


@dataclass(frozen=True, slots=True)
class Nbd(Parameters):
    """A fitted NBD; times in the unit that it was fitted in.

    Attributes:
        fitted: likelihood, standard errors and what they rest on; None where parameters were only named.
        r, alpha: of the rates of buying, Gamma(r, α), mean r/α.
    """

    fitted: Fitted | None = field(compare=False)
    r: float
    alpha: float

    names = NAMES
    hill_of = staticmethod(hill_of)

    @classmethod
    def of(cls, *, r: float, alpha: float) -> "Nbd":
        """A model with parameters from elsewhere.

        Raises:
            BadInput: a parameter is not above 0.
        """
        return cls(None, r, alpha)

    def p_alive(self, x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> Floats:
        """1 for everybody: nobody leaves; shape (n,).

        Raises:
            BadInput: an entry is no possible customer.
        """
        return np.ones(customers(x, t_x, T)[0].size)

    def expected_purchases(self, t: ArrayLike, x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> Floats:
        """Purchases to expect from each customer in the next ``t``; 0 or more, shape (n,).

        Raises:
            BadInput: an entry is no possible customer, or a time below 0.
        """
        repeat, _, age, span = np.broadcast_arrays(*customers(x, t_x, T), times(t))
        return np.asarray(span * (self.r + repeat) / (self.alpha + age))

    def expected_new(self, t: ArrayLike) -> Floats:
        """Purchases to expect of somebody new in her first ``t``, after the one that made her a customer."""
        return times(t) * self.r / self.alpha

    def dert(self, x: ArrayLike, t_x: ArrayLike, T: ArrayLike, *, discount: float, horizon: float = inf) -> Floats:
        """Discounted expected transactions to come, as of `pareto.ParetoNbd.dert`; shape (n,)."""
        return self.future(x, t_x, T, discount=discount, horizon=horizon).mean

    def future(self, x: ArrayLike, t_x: ArrayLike, T: ArrayLike, *, discount: float, horizon: float = inf) -> Future:
        """Mean and spread of what is to come from each customer; shape (n,).

        Raises:
            BadInput, CannotTell: as of `dert`.
        """
        ahead(discount, horizon)
        repeat, _, age = customers(x, t_x, T)
        return future_of(self.r + repeat, self.alpha + age, discount, horizon)

    def probability(self, x: ArrayLike, t: float) -> Floats:
        """The chance of x purchases in the first ``t`` after the one that made somebody a customer; shape (n,).

        Raises:
            BadInput: a number of purchases or the time is none.
        """
        from scipy.stats import nbinom

        (span,) = times(t)
        return np.asarray(nbinom.pmf(counts(x), self.r, self.alpha / (self.alpha + span)))

    def to_dict(self) -> dict[str, Any]:
        """For a JSON document."""
        return {"model": "NBD", **self.told()}


def future_of(shape: Floats, scale: Floats, discount: float, horizon: float) -> Future:
    """What is to come from customers whose rates are Gamma(shape, scale); shape (n,)."""
    once, twice = _discounted(discount, horizon), _discounted(2 * discount, horizon)
    rate = shape / scale
    return Future(rate * once, rate * twice, rate * (shape + 1) / scale * once**2)


def _discounted(discount: float, horizon: float) -> float:
    """∫ e^(−δ u) du from 0 to the horizon."""
    return float(horizon if discount == 0 else -np.expm1(-discount * horizon) / discount)
