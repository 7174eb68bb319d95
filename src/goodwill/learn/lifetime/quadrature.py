"""Integrals over what is to come, by fixed nodes: on a logarithmic scale that starts as finely as the integrand does.

Integrals of (1 + v/B)^−s and e^(−δv) bend at their own scale c and then run out slowly; in y = ln(1 + v/c) they are
smooth, and few Gauss–Legendre nodes tell them to ten digits.
"""

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from goodwill.learn.lifetime.given import Floats

NOWHERE: Final = 45.0  # e^−45 is nothing beside 1
_LEAST: Final = -700.0  # the logarithm of a chance so small that a smaller one would be 0


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """Nodes between 0 and 1, and their weights, which make 1 together; shape (nodes,)."""

    at: Floats
    weight: Floats


@cache
def legendre(nodes: int) -> Rule:
    """Gauss–Legendre on [0, 1]."""
    at, weight = np.polynomial.legendre.leggauss(nodes)
    return Rule(0.5 * (at + 1), 0.5 * weight)


def stretched(end: Floats, scale: Floats, nodes: int) -> tuple[Floats, Floats]:
    """Nodes v from 0 to ``end`` and weights, fine near 0 at ``scale``; both shapes (n,), results (n, nodes)."""
    rule = legendre(nodes)
    reach = np.log1p(end / scale)[:, None]
    grown = np.expm1(reach * rule.at)
    return scale[:, None] * grown, scale[:, None] * reach * (grown + 1) * rule.weight


def until(horizon: float, discount: float) -> float:
    """Where an integral may end: at the horizon, or where the discount has left nothing; may be infinite."""
    return min(horizon, NOWHERE / discount) if discount > 0 else horizon


def discounts(v: Floats, discount: float) -> tuple[Floats, Floats]:
    """What a purchase at v weighs, e^(−δv), and what it weighs beside all earlier ones, 2 e^(−δv) ∫₀^v e^(−δu) du."""
    if discount == 0:
        return np.ones_like(v), 2 * v
    lost = np.expm1(-discount * v)
    return lost + 1, -2 / discount * (lost + 1) * lost


@dataclass(frozen=True, slots=True, eq=False)
class BetaNodes:
    """Chances p and how much each weighs under a Beta distribution; shape (n, nodes), rows of weights make 1."""

    p: Floats
    weight: Floats

    def of(self, at: NDArray[np.int64]) -> "BetaNodes":
        """The distributions at some places, possibly repeated."""
        return BetaNodes(self.p[at], self.weight[at])


def beta_nodes(a: float, b: Floats, nodes: int = 128) -> BetaNodes:
    """Nodes for means over p ~ Beta(a, b), for each b, of functions that are smooth in ln p and in ln(1 − p).

    The trapezoid rule in z, where ln(p/(1 − p)) = m + σ sinh z: near the middle as fine as the distribution is narrow,
    and far enough out that nothing is left there even where a or b is near 0.
    """
    from scipy.special import digamma, polygamma

    most, least = np.maximum(a, 1), np.maximum(b, 1)  # where a is small, what matters lies at the edge of its long tail
    middle = digamma(most) - digamma(least)
    spread = np.sqrt(polygamma(1, most) + polygamma(1, least))
    width = np.minimum(spread, 1.5)
    first, last = (np.arcsinh(_tail(tail, sign * middle, spread) / width) for tail, sign in ((a, 1), (b, -1)))
    z = -first[:, None] + (first + last)[:, None] * (np.arange(nodes) / (nodes - 1))
    odds = middle[:, None] + width[:, None] * np.sinh(z)
    log_p, log_q = -np.logaddexp(0, -odds), -np.logaddexp(0, odds)
    log = a * log_p + b[:, None] * log_q + np.log(np.cosh(z))
    weight = np.exp(log - log.max(axis=1, keepdims=True))
    return BetaNodes(np.exp(np.maximum(log_p, _LEAST)), weight / weight.sum(axis=1, keepdims=True))


def _tail(tail: ArrayLike, middle: Floats, spread: Floats) -> Floats:
    """How far from the middle of ln(p/(1 − p)) nothing is left: where p^a is nowhere, or ten spreads if more."""
    return np.maximum(middle + _log_expm1(NOWHERE / np.asarray(tail)), 10 * spread)


def _log_expm1(y: Floats) -> Floats:
    return np.asarray(y + np.log(-np.expm1(-y)))
