"""Pareto/NBD: people buy at their own rate, until at some moment nobody sees they stay away for good.

Schmittlein, Morrison and Colombo (1987); Fader and Hardie, "A note on deriving the Pareto/NBD model" (2005). Rates of
buying vary over people as Gamma(r, α), rates of leaving as Gamma(s, β).

The integral in the likelihood is taken by 8 to 64 nodes in y = ln(1 + (u − t_x)/c), where c is the scale on which the
integrand starts to bend; Gauss's hypergeometric function, which fails for some of these parameters, is not used. Slopes
come from the same nodes.
"""

from dataclasses import dataclass, field
from math import inf
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike

from goodwill.learn.lifetime.future import Future, ahead, customers, times
from goodwill.learn.lifetime.given import Floats, Rows, Scale, blamed, checked, counts, worth_fitting
from goodwill.learn.lifetime.maximum import Hill, Top, climb, ridge
from goodwill.learn.lifetime.quadrature import Rule, discounts, legendre, stretched, until
from goodwill.learn.lifetime.result import Fitted, Parameters

NAMES: Final = ("r", "alpha", "s", "beta")
# Nodes by how far y reaches: against 200 nodes none of 60,000 likelihoods, x up to 2,000 and parameters and times over
# four to five decades, was off by more than 2e-12. With 32 for all of them it would have been 1e-6.
NODES: Final = ((1.0, 8), (2.0, 12), (3.0, 20), (4.0, 24), (6.0, 32), (np.inf, 64))
_AHEAD: Final = 64  # nodes for what is to come
_BLOCK: Final = 256  # rows at a time: their nodes stay in the processor's cache
_ENDLESS: Final = 1e4  # a shape, or a scale beside the mean age, above which people are all alike
_STARTS: Final = ((0.5, 0.6, 0.5), (1.0, 0.3, 2.0), (0.3, 1.5, 3.0), (3.0, 0.5, 1.0), (0.8, 0.2, 0.1), (2.0, 3.0, 3.0))


# ---- likelihood ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Odds:
    """Of each row: the two ways to have stopped buying at t_x, as logarithms, and their slopes.

    Attributes:
        alive: ln[(α+T)^−(r+x) (β+T)^−s], shape (n,); left: ln[s ∫ (α+u)^−(r+x) (β+u)^−(s+1) du], from t_x to T.
        alive_slopes, left_slopes: by r, ln α, s, ln β; shape (4, n), or (4, 0) where nobody asked for them.
    """

    alive: Floats
    left: Floats
    alive_slopes: Floats
    left_slopes: Floats


def odds(
    r: float, alpha: Scale, s: float, beta: Scale, x: Floats, t_x: Floats, T: Floats, *, slopes: bool = True
) -> Odds:
    """Still a customer, or left since t_x; α and β one for all, or one for each row. Slopes take half of the time."""
    n = x.size
    alphas, betas = (np.broadcast_to(np.asarray(value, np.float64), (n,)) for value in (alpha, beta))
    known = (4, n if slopes else 0)
    found = Odds(np.empty(n), np.empty(n), np.empty(known), np.empty(known))
    for begin in range(0, n, _BLOCK):
        block = slice(begin, begin + _BLOCK)
        _still(found, block, r, alphas[block], s, betas[block], x[block], T[block])
        _left(found, block, r, alphas[block], s, betas[block], x[block], t_x[block], T[block])
    return found


def _still(found: Odds, block: slice, r: float, alpha: Floats, s: float, beta: Floats, x: Floats, T: Floats) -> None:
    log_a, log_b = np.log(alpha + T), np.log(beta + T)
    found.alive[block] = -(r + x) * log_a - s * log_b
    if not found.alive_slopes.size:
        return
    slopes = found.alive_slopes[:, block]
    slopes[0], slopes[1] = -log_a, -(r + x) * alpha / (alpha + T)
    slopes[2], slopes[3] = -log_b, -s * beta / (beta + T)


def _left(
    found: Odds, block: slice,
    r: float, alpha: Floats, s: float, beta: Floats, x: Floats, t_x: Floats, T: Floats,
) -> None:  # fmt: skip
    """Everything relative to u = t_x, so that nothing is too large or too small to be told."""
    A, B, R = alpha + t_x, beta + t_x, r + x
    bend = np.maximum(R, 1) / A + (s + 1) / B  # 1/c
    gap = (T - t_x) * bend
    reach = np.log1p(gap)
    rule = _rule(float(reach.max()))
    grown = np.empty((gap.size, rule.at.size))
    half = rule.at.size // 2  # nodes lie as far from 1 as from 0, so the second half follows from the first
    np.exp(np.multiply.outer(reach, rule.at[:half]), out=grown[:, :half])
    np.divide((1 + gap)[:, None], grown[:, half - 1 :: -1], out=grown[:, half:])
    after = (grown - 1) / bend[:, None]  # u − t_x
    near, far = after / A[:, None], after
    far /= B[:, None]
    near += 1
    far += 1
    log_a, log_b = np.log(near), np.log(far)
    share = np.exp(-R[:, None] * log_a - (s + 1) * log_b)
    share *= grown
    share *= rule.weight
    whole = share.sum(axis=1)
    with np.errstate(divide="ignore"):  # nothing lies between t_x and T where they are equal: ln 0 is what is meant
        size = np.log(reach)
    log_A, log_B = np.log(A), np.log(B)
    found.left[block] = np.log(s) - R * log_A - (s + 1) * log_B - np.log(bend) + size + np.log(whole)
    if not found.left_slopes.size:
        return
    mean_a, mean_b = (np.einsum("ij,ij->i", share, part) / whole for part in (log_a, log_b))
    over_a, over_b = ((share / part).sum(axis=1) / whole for part in (near, far))
    slopes = found.left_slopes[:, block]
    slopes[0], slopes[1] = -(log_A + mean_a), -R * over_a * alpha / A
    slopes[2], slopes[3] = 1 / s - (log_B + mean_b), -(s + 1) * over_b * beta / B


def _rule(reach: float) -> Rule:
    return legendre(next(nodes for most, nodes in NODES if reach <= most))


def rows_likelihood(rows: Rows, r: float, alpha: Scale, s: float, beta: Scale) -> tuple[Floats, Floats]:
    """Log-likelihood of each row, shape (n,), and its slopes by ln r, ln α, ln s, ln β, shape (4, n)."""
    from scipy.special import digamma, gammaln

    found = odds(r, alpha, s, beta, rows.x, rows.t_x, rows.T)
    each = np.logaddexp(found.alive, found.left)
    stays = np.exp(found.alive - each)
    slopes = found.left_slopes + stays * (found.alive_slopes - found.left_slopes)
    each += rows.of_x(lambda x: gammaln(r + x) - gammaln(r)) + r * np.log(alpha) + s * np.log(beta)
    slopes[0] += rows.of_x(lambda x: digamma(r + x) - digamma(r)) + np.log(alpha)
    slopes[1] += r
    slopes[2] += np.log(beta)
    slopes[3] += s
    slopes[0] *= r
    slopes[2] *= s
    return each, slopes


def hill_of(rows: Rows) -> Hill:
    """The likelihood of four logarithms of parameters."""

    def likelihood(theta: Floats) -> tuple[Floats, Floats]:
        r, alpha, s, beta = np.exp(theta).tolist()
        each, slopes = rows_likelihood(rows, r, alpha, s, beta)
        return each, slopes.T

    return Hill(likelihood, rows.weight, np.zeros(4))


def log_likelihood(r: float, alpha: float, s: float, beta: float, x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> float:
    """The log-likelihood of customers under given parameters.

    Raises:
        BadInput: an entry is no possible customer, or a parameter not above 0.
    """
    ParetoNbd.of(r=r, alpha=alpha, s=s, beta=beta)
    rows = checked(x, t_x, T)
    return float(rows.weight @ rows_likelihood(rows, r, alpha, s, beta)[0])


# ---- the fit ---------------------------------------------------------------------------------------------------------


def fit(x: ArrayLike, t_x: ArrayLike, T: ArrayLike, weights: ArrayLike | None = None) -> "ParetoNbd":
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


def fit_rows(rows: Rows) -> "ParetoNbd":
    """As `fit`, from rows that were checked."""
    worth_fitting(rows, len(NAMES))
    with blamed(rows):
        top = climb(hill_of(rows), starts(rows), NAMES, hill_of(rows.coarse()))
        refuse_endless(rows, top)
    return ParetoNbd(Fitted.of(NAMES, top, rows.customers), *np.exp(top.theta).tolist())


def refuse_endless(rows: Rows, top: Top) -> None:
    """Refuse a top where people are as good as all alike: the likelihood has hardly changed for a long way there.

    Raises:
        CannotTell: a shape, or a scale beside the mean age, is beyond ten thousand.
    """
    r, alpha, s, beta = np.exp(top.theta[:4]).tolist()
    if max(r, s, alpha / rows.mean_age, beta / rows.mean_age) > _ENDLESS:
        raise ridge(top, NAMES)


def starts(rows: Rows) -> list[Floats]:
    """Some (r, s, β) in units of the mean age, each with the α that gives the observed rate of purchases."""
    age = rows.mean_age
    return [np.log([r, r / rows.rate, s, beta * age]) for r, s, beta in _STARTS]


# ---- looking ahead ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Outlook:
    """Some customers and the parameters that hold for each; arrays of shape (n,)."""

    r: float
    alpha: Floats
    s: float
    beta: Floats
    x: Floats
    t_x: Floats
    T: Floats

    def p_alive(self) -> Floats:
        from scipy.special import expit

        found = odds(self.r, self.alpha, self.s, self.beta, self.x, self.t_x, self.T, slopes=False)
        return np.asarray(expit(found.alive - found.left))

    def expected(self, t: Floats) -> Floats:
        there = while_there(self.r + self.x, self.alpha + self.T, self.s, self.beta + self.T, t)
        return np.asarray(self.p_alive() * there)

    def future(self, discount: float, horizon: float) -> Future:
        """What is to come."""
        ahead(discount, horizon)
        B, at = np.unique(self.beta + self.T, return_inverse=True)
        first, squares, twice = (part[at] for part in _discounted(self.s, B, discount, horizon))
        R, A, there = self.r + self.x, self.alpha + self.T, self.p_alive()
        return Future(there * R / A * first, there * R / A * squares, there * R * (R + 1) / A**2 * twice)


def while_there(R: Floats, A: Floats, s: float, B: Floats, t: Floats) -> Floats:
    """R/A ∫₀^t (1 + v/B)^−s dv: purchases in t of somebody who is a customer now."""
    from scipy.special import exprel

    grown = np.log1p(t / B)
    return np.asarray(R / A * B * grown * exprel((1 - s) * grown))


def _discounted(s: float, B: Floats, discount: float, horizon: float) -> tuple[Floats, Floats, Floats]:
    """∫ g(v) (1 + v/B)^−s dv for g = e^(−δv), e^(−2δv) and that of `discounts`: of somebody who is a customer now."""
    end = np.full(B.size, until(horizon, discount))
    found: Floats = np.empty((3, B.size))
    for begin in range(0, B.size, _BLOCK):
        some = slice(begin, begin + _BLOCK)
        v, weight = stretched(end[some], 1 / (discount + (s + 1) / B[some]), _AHEAD)
        weight *= np.exp(-s * np.log1p(v / B[some, None]))
        kept, beside = discounts(v, discount)
        once = weight * kept
        found[:, some] = once.sum(axis=1), (once * kept).sum(axis=1), (weight * beside).sum(axis=1)
    return found[0], found[1], found[2]


# ---- the model -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ParetoNbd(Parameters):
    """A fitted Pareto/NBD; times in the unit that it was fitted in.

    Attributes:
        fitted: likelihood, standard errors and what they rest on; None where parameters were only named.
        r, alpha: of the rates of buying, Gamma(r, α), mean r/α; s, beta: of the rates of leaving, Gamma(s, β).
    """

    fitted: Fitted | None = field(compare=False)
    r: float
    alpha: float
    s: float
    beta: float

    names = NAMES
    hill_of = staticmethod(hill_of)

    @classmethod
    def of(cls, *, r: float, alpha: float, s: float, beta: float) -> "ParetoNbd":
        """A model with parameters from elsewhere.

        Raises:
            BadInput: a parameter is not above 0.
        """
        return cls(None, r, alpha, s, beta)

    def _outlook(self, x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> Outlook:
        repeat, last, age = customers(x, t_x, T)
        ones = np.ones(repeat.size)
        return Outlook(self.r, self.alpha * ones, self.s, self.beta * ones, repeat, last, age)

    def p_alive(self, x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> Floats:
        """The chance that each customer has not left for good; 0 to 1, shape (n,).

        Raises:
            BadInput: an entry is no possible customer.
        """
        return self._outlook(x, t_x, T).p_alive()

    def expected_purchases(self, t: ArrayLike, x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> Floats:
        """Purchases to expect from each customer in the next ``t``; 0 or more, shape (n,).

        Fader and Hardie (2005), equation 41; at s = 1 its limit.

        Raises:
            BadInput: an entry is no possible customer, or a time below 0.
        """
        return self._outlook(x, t_x, T).expected(times(t))

    def expected_new(self, t: ArrayLike) -> Floats:
        """Purchases to expect of somebody new in her first ``t``, after the one that made her a customer."""
        r, alpha, beta = (np.array([value]) for value in (self.r, self.alpha, self.beta))
        return while_there(r, alpha, self.s, beta, times(t))

    def dert(self, x: ArrayLike, t_x: ArrayLike, T: ArrayLike, *, discount: float, horizon: float = inf) -> Floats:
        """Discounted expected residual transactions; 0 or more, shape (n,).

        Fader, Hardie and Lee, "RFM and CLV" (2005), equation 10, with the integral taken by quadrature.

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
        return self._outlook(x, t_x, T).future(discount, horizon)

    def probability(self, x: ArrayLike, t: float) -> Floats:
        """The chance that somebody new buys x times in her first ``t``, after the first; 0 to 1, shape (n,).

        As a mixture over the moment of leaving, which is the same as Fader and Hardie, "Deriving an expression for
        P(X(t) = x) under the Pareto/NBD model" (2006).

        Raises:
            BadInput: x is not a whole number of 0 or more, or the time is below 0.
        """
        x, span = counts(x), float(times(t)[0])
        if span == 0:
            return np.where(x == 0, 1.0, 0.0)
        bend = np.array([1 / (1 / self.alpha + (self.s + 1) / self.beta)])
        u, weight = stretched(np.array([span]), bend, 2 * _AHEAD)
        leaves = weight * self.s / self.beta * np.exp(-(self.s + 1) * np.log1p(u / self.beta))
        stays = np.exp(-self.s * np.log1p(span / self.beta))
        bought = _nbd(self.r, self.alpha, x[:, None], np.append(u[0], span))
        return np.asarray(bought @ np.append(leaves[0], stays))

    def to_dict(self) -> dict[str, Any]:
        return {"model": "Pareto/NBD", **self.told()}


def _nbd(r: float, alpha: float, x: Floats, t: Floats) -> Floats:
    """The chance of x purchases in t > 0 of somebody who stays: negative binomial."""
    from scipy.special import gammaln, xlogy

    log = gammaln(r + x) - gammaln(r) - gammaln(x + 1) - r * np.log1p(t / alpha) + xlogy(x, t / (alpha + t))
    return np.asarray(np.exp(log))
