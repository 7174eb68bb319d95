"""BG/NBD: people buy at their own rate, and after each purchase they may stay away for good.

Fader, Hardie and Lee, "Counting your customers the easy way" (2005). Rates vary over people as Gamma(r, α), the chances
of leaving after a purchase as Beta(a, b). Who never came back cannot have left in this model: her chance of being a
customer is 1. Sums of very different sizes are taken as logarithms.
"""

from dataclasses import dataclass, field
from math import inf
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike

from goodwill.learn.lifetime.future import Future, ahead, customers, times
from goodwill.learn.lifetime.given import Floats, Rows, Scale, blamed, checked, counts, worth_fitting
from goodwill.learn.lifetime.maximum import Hill, Top, climb, ridge
from goodwill.learn.lifetime.quadrature import BetaNodes, beta_nodes, discounts, stretched, until
from goodwill.learn.lifetime.result import Fitted, Parameters

NAMES: Final = ("r", "alpha", "a", "b")
ENDLESS: Final = 1e4  # a + b, or r, or α beside the mean age, above which people are all alike
_AHEAD: Final = 32  # nodes for what is to come
_BLOCK: Final = 64  # pairs of x and T at a time
_STARTS: Final = ((0.3, 0.8, 2.5), (1.0, 1.0, 5.0), (3.0, 0.3, 1.0), (0.5, 3.0, 20.0), (1.0, 0.1, 3.0))


# ---- likelihood ------------------------------------------------------------------------------------------------------


def rows_likelihood(rows: Rows, r: float, alpha: Scale, a: Scale, b: Scale) -> tuple[Floats, Floats]:
    """Log-likelihood of each row, shape (n,), and its slopes by ln r, ln α, ln a, ln b, shape (4, n).

    α, a and b are one for all, or one for each row.
    """
    from scipy.special import digamma, gammaln

    x, came = rows.x, rows.x > 0
    repeat = np.maximum(x, 1)
    log_there, log_gone = np.log(alpha + rows.T), np.log(alpha + rows.t_x)
    there = -(r + x) * log_there
    gone = np.where(came, np.log(a) - np.log(b + repeat - 1) - (r + x) * log_gone, -np.inf)
    either = np.logaddexp(there, gone)
    left = np.exp(gone - either)
    each = rows.of_x(lambda x: gammaln(r + x) - gammaln(r)) + r * np.log(alpha) + either
    slopes = np.empty((4, x.size))
    slopes[0] = rows.of_x(lambda x: digamma(r + x) - digamma(r)) + np.log(alpha)
    slopes[0] -= log_there + left * (log_gone - log_there)
    slopes[1] = r / alpha - (r + x) * ((1 - left) / (alpha + rows.T) + left / (alpha + rows.t_x))
    slopes[2], slopes[3] = left / a, -left / (b + repeat - 1)
    shape, by_a, by_b = _staying(rows, a, b)
    slopes[2] += by_a
    slopes[3] += by_b
    for place, value in enumerate((r, alpha, a, b)):
        slopes[place] *= value
    return each + shape, slopes


def _staying(rows: Rows, a: Scale, b: Scale) -> tuple[Floats, Floats, Floats]:
    """The logarithm of B(a, b + x) / B(a, b), and its slopes by a and b; one for each row."""
    if np.ndim(a) or np.ndim(b):
        return _staying_of(rows.x, a, b)
    value, by_a, by_b = _staying_of(rows.kinds, a, b)
    return value[rows.kind], by_a[rows.kind], by_b[rows.kind]


def _staying_of(x: Floats, a: Scale, b: Scale) -> tuple[Floats, Floats, Floats]:
    from scipy.special import digamma, gammaln

    value = gammaln(b + x) - gammaln(b) - (gammaln(a + b + x) - gammaln(a + b))
    by_a = digamma(a + b) - digamma(a + b + x)
    return value, by_a, by_a + digamma(b + x) - digamma(b)


def hill_of(rows: Rows) -> Hill:
    """The likelihood of four logarithms of parameters."""

    def likelihood(theta: Floats) -> tuple[Floats, Floats]:
        r, alpha, a, b = np.exp(theta).tolist()
        each, slopes = rows_likelihood(rows, r, alpha, a, b)
        return each, slopes.T

    return Hill(likelihood, rows.weight, np.zeros(4))


def log_likelihood(r: float, alpha: float, a: float, b: float, x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> float:
    """The log-likelihood of customers under given parameters.

    Raises:
        BadInput: an entry is no possible customer, or a parameter not above 0.
    """
    BgNbd.of(r=r, alpha=alpha, a=a, b=b)
    rows = checked(x, t_x, T)
    return float(rows.weight @ rows_likelihood(rows, r, alpha, a, b)[0])


# ---- the fit ---------------------------------------------------------------------------------------------------------


def fit(x: ArrayLike, t_x: ArrayLike, T: ArrayLike, weights: ArrayLike | None = None) -> "BgNbd":
    """Maximum likelihood.

    Args:
        x: repeat purchases; t_x: time of the last, from the first; T: time observed, from the first; shape (n,), in
            any one unit of time. t_x is 0 where x is 0.
        weights: how many customers each entry stands for; without, one.

    Raises:
        BadInput: an entry is no possible customer.
        CannotTell: the customers do not tell the parameters, and why.
    """
    return fit_rows(checked(x, t_x, T, weights))


def fit_rows(rows: Rows) -> "BgNbd":
    """As `fit`, from rows that were checked."""
    worth_fitting(rows, len(NAMES))
    with blamed(rows):
        top = climb(hill_of(rows), starts(rows), NAMES, hill_of(rows.coarse()))
        refuse_endless(rows, top)
    return BgNbd(Fitted.of(NAMES, top, rows.customers), *np.exp(top.theta).tolist())


def refuse_endless(rows: Rows, top: Top) -> None:
    """Refuse a top where people are as good as all alike: the likelihood has hardly changed for a long way there.

    Raises:
        CannotTell: a shape, or a scale beside the mean age, is beyond ten thousand.
    """
    r, alpha, a, b = np.exp(top.theta[:4]).tolist()
    if max(r, a + b, alpha / rows.mean_age) > ENDLESS:
        raise ridge(top, NAMES)


def starts(rows: Rows) -> list[Floats]:
    """Some (r, a, b), each with the α that gives the observed rate of purchases."""
    return [np.log([r, r / rows.rate, a, b]) for r, a, b in _STARTS]


# ---- the model -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BgNbd(Parameters):
    """A fitted BG/NBD; times in the unit that it was fitted in.

    Attributes:
        fitted: likelihood, standard errors and what they rest on; None where parameters were only named.
        r, alpha: of the rates of buying, Gamma(r, α), mean r/α; a, b: of leaving after a purchase, Beta(a, b).
    """

    fitted: Fitted | None = field(compare=False)
    r: float
    alpha: float
    a: float
    b: float

    names = NAMES
    hill_of = staticmethod(hill_of)

    @classmethod
    def of(cls, *, r: float, alpha: float, a: float, b: float) -> "BgNbd":
        """A model with parameters from elsewhere.

        Raises:
            BadInput: a parameter is not above 0.
        """
        return cls(None, r, alpha, a, b)

    def p_alive(self, x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> Floats:
        """The chance that each customer has not left for good; 0 to 1, shape (n,). Where x is 0 it is 1 in this model.

        Raises:
            BadInput: an entry is no possible customer.
        """
        return self._alive(*customers(x, t_x, T))

    def _alive(self, x: Floats, t_x: Floats, T: Floats) -> Floats:
        from scipy.special import expit

        log_odds = np.log(self.b + np.maximum(x, 1) - 1) - np.log(self.a)
        log_odds -= (self.r + x) * np.log((self.alpha + T) / (self.alpha + t_x))
        return np.where(x > 0, expit(log_odds), 1.0)

    def expected_purchases(self, t: ArrayLike, x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> Floats:
        """Purchases to expect from each customer in the next ``t``; 0 or more, shape (n,).

        Fader, Hardie and Lee (2005), equation 10, as a mean over the chance of leaving instead of ₂F₁, which has a
        pole at a = 1 that the expectation does not have.

        Raises:
            BadInput: an entry is no possible customer, or a time below 0.
        """
        repeat, last, age, span = np.broadcast_arrays(*customers(x, t_x, T), times(t))
        kinds, at = np.unique(np.stack([repeat, age, span]), axis=1, return_inverse=True)
        there = self._while_there(kinds[0], self.r + kinds[0], self.alpha + kinds[1], kinds[2])
        return self._alive(repeat, last, age) * there[at]

    def expected_new(self, t: ArrayLike) -> Floats:
        """Purchases to expect of somebody new in her first ``t``, after the one that made her a customer."""
        zero = np.zeros(times(t).size)
        return self._while_there(zero, self.r + zero, self.alpha + zero, times(t))

    def _while_there(self, x: Floats, R: Floats, A: Floats, t: Floats) -> Floats:
        """E[(1 − (1 + p t/A)^−R)/p] with p ~ Beta(a, b + x): purchases of somebody who is a customer now."""
        found = np.empty(x.size)
        nodes = beta_nodes(self.a, self.b + np.unique(x))
        kind = np.unique(x, return_inverse=True)[1]
        for begin in range(0, x.size, 16 * _BLOCK):
            some = slice(begin, begin + 16 * _BLOCK)
            p, weight = nodes.p[kind[some]], nodes.weight[kind[some]]
            bought = -np.expm1(-R[some, None] * np.log1p(p * (t[some] / A[some])[:, None])) / p
            found[some] = (weight * bought).sum(axis=1)
        return found

    def dert(self, x: ArrayLike, t_x: ArrayLike, T: ArrayLike, *, discount: float, horizon: float = inf) -> Floats:
        """Discounted expected residual transactions; 0 or more, shape (n,).

        Args:
            discount: δ, continuous, for a unit of time: ln(1.15)/52 is 15 % a year in weeks.
            horizon: how far to look; without, for ever.

        Raises:
            BadInput: an entry is no possible customer, or the discount or the horizon is none.
            CannotTell: neither is given.
        """
        return self.future(x, t_x, T, discount=discount, horizon=horizon).mean

    def future(
        self, x: ArrayLike, t_x: ArrayLike, T: ArrayLike, *, discount: float = 0.0, horizon: float = inf
    ) -> Future:
        """Mean and spread of the purchases to come, each weighing e^(−δt); arguments and errors as of `dert`."""
        repeat, last, age = customers(x, t_x, T)
        ahead(discount, horizon)
        kinds, at = np.unique(np.stack([repeat, age]), axis=1, return_inverse=True)
        xs, kind = np.unique(kinds[0], return_inverse=True)
        nodes = beta_nodes(self.a, self.b + xs, 2 * _AHEAD)
        found = np.empty((3, kinds.shape[1]))
        for begin in range(0, kind.size, _BLOCK):
            some = slice(begin, begin + _BLOCK)
            found[:, some] = self._discounted(nodes.of(kind[some]), kinds[0, some], kinds[1, some], discount, horizon)
        there = self._alive(repeat, last, age)
        return Future(*(there * part[at] for part in found))

    def _discounted(self, nodes: BetaNodes, x: Floats, T: Floats, discount: float, horizon: float) -> Floats:
        """Mean, squares and pairs of somebody who is a customer now, over p and then over time; shape (3, n).

        Given p and λ she buys at v at the rate λ e^(−λpv); of each two purchases the earlier one was not her last.
        """
        R, A = (self.r + x)[:, None], (self.alpha + T)[:, None]
        p = nodes.p
        slow = np.broadcast_to(A / (p * (R + 2)), p.shape).reshape(-1)
        end = np.full(slow.size, until(horizon, discount))
        v, weight = (part.reshape(*p.shape, _AHEAD) for part in stretched(end, 1 / (discount + 1 / slow), _AHEAD))
        grown = 1 + p[:, :, None] * v / A[:, :, None]
        once = weight * np.exp(-(R[:, :, None] + 1) * np.log(grown))
        kept, beside = discounts(v, discount)
        first = R / A * (once * kept).sum(axis=2)
        squares = R / A * (once * kept**2).sum(axis=2)
        both = (1 - p) * R * (R + 1) / A**2 * (once * beside / grown).sum(axis=2)
        return np.stack([(nodes.weight * part).sum(axis=1) for part in (first, squares, both)])

    def probability(self, x: ArrayLike, t: float) -> Floats:
        """The chance that somebody new buys x times in her first ``t``, after the first; 0 to 1, shape (n,).

        Fader, Hardie and Lee (2005), equation 8.

        Raises:
            BadInput: x is not a whole number of 0 or more, or the time is below 0.
        """
        from scipy.special import betainc, betaln, gammaln, xlogy

        x, span = counts(x), float(times(t)[0])
        share = span / (self.alpha + span)
        log = (
            gammaln(self.r + x)
            - gammaln(self.r)
            - gammaln(x + 1)
            + xlogy(x, share)
            - self.r * np.log1p(span / self.alpha)
        )
        still = np.exp(log + betaln(self.a, self.b + x) - betaln(self.a, self.b))
        repeat = np.maximum(x, 1)
        last = np.exp(betaln(self.a + 1, self.b + repeat - 1) - betaln(self.a, self.b))
        return np.asarray(still + np.where(x > 0, last * betainc(repeat, self.r, share), 0.0))

    def to_dict(self) -> dict[str, Any]:
        return {"model": "BG/NBD", **self.told()}
