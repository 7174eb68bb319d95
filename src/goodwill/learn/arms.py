"""Offers and content: which of a few arms to show, learnt from what came of showing them, with known chances.

Bayesian linear regression for each arm (Thompson sampling; Agrawal and Goyal 2013), from whole-number sums: features
and rewards are rounded to 1/256, so a total without somebody equals, bit for bit, one that never had her. What cannot
be taken back is what was shown to others meanwhile.

Thompson sampling draws a believed reward for each arm and shows the best. The chance that an arm is the best is worked
out here by quadrature and the arm drawn by that chance, which is the same, and the chance that is logged is exact.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from goodwill.basics.errors import BadInput
from goodwill.sums import Sums, Whole

Floats: TypeAlias = NDArray[np.float64]

UNIT: Final = 256  # a feature or a reward of 1
LARGEST: Final = 64.0  # of either; of a hundred million decisions the sums then stay within 64 bits
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(5)
_EDGES: Final = np.arange(-7.0, 8.0)  # of each variable, in standard deviations; beyond lie 3e-12


def quantised(values: Floats) -> Whole:
    """Features or rewards in units of 1/256, rounded half to even.

    Raises:
        BadInput: one is not a number, or beyond ±64.
    """
    if not np.all(np.abs(values) <= LARGEST):  # a NaN fails this too
        raise BadInput(f"A feature or a reward must be a number between -{LARGEST:g} and {LARGEST:g}.")
    found: Whole = np.rint(values * UNIT).astype(np.int64)
    return found


def part(action: Whole, features: Whole, reward: Whole, arms: int) -> Sums:
    """What one person's decisions contribute.

    Args:
        action: the arm that was shown, 0 … arms − 1, shape (n,).
        features: of each decision, `quantised`, shape (n, d).
        reward: what came of it, `quantised`, shape (n,).

    Returns:
        ``xx``, shape (arms · d, d): Σ x xᵀ of each arm, in 1/65,536; ``rx``, shape (arms, d): Σ r x; ``rr``: Σ r²;
        ``shown``: how often; both of shape (arms,).

    Raises:
        BadInput: shapes do not fit, or an arm is not among them.
    """
    n, d = features.shape
    if action.shape != (n,) or reward.shape != (n,):
        raise BadInput("Each decision needs one arm, one row of features and one reward.")
    if n and not (action.min() >= 0 and action.max() < arms):
        raise BadInput(f"There are {arms} arms, numbered from 0.")
    xx, rx, rr = np.zeros((arms, d, d), np.int64), np.zeros((arms, d), np.int64), np.zeros(arms, np.int64)
    for arm in np.unique(action):
        x, r = features[action == arm], reward[action == arm]
        xx[arm], rx[arm], rr[arm] = x.T @ x, r @ x, r @ r
    return Sums(xx=xx.reshape(arms * d, d), rx=rx, rr=rr, shown=np.bincount(action, minlength=arms))


def fit(sums: Sums, *, noise: float = 1.0, prior: float = 1.0) -> "Arms":
    """What is believed of each arm.

    Args:
        noise: standard deviation of a reward around its mean. prior: of each coefficient, before anything was seen.

    Raises:
        BadInput: a deviation is not above 0.
    """
    if not (noise > 0 and prior > 0):
        raise BadInput("Both deviations must be above 0.")
    arms, d = sums.array("rx").shape
    xx = sums.array("xx").reshape(arms, d, d) / UNIT**2
    rx = sums.array("rx") / UNIT**2
    precision = xx / noise**2 + np.eye(d) / prior**2
    mean: Floats = np.linalg.solve(precision, rx[:, :, None] / noise**2)[:, :, 0].astype(np.float64)
    covariance: Floats = np.linalg.inv(precision).astype(np.float64)
    return Arms(mean, covariance, sums.array("shown"))


@dataclass(frozen=True, slots=True)
class Choice:
    """An arm, and the chance with which it was chosen."""

    arm: int
    propensity: float


@dataclass(frozen=True, slots=True, eq=False)
class Arms:
    """What is believed of a few arms.

    Attributes:
        mean: of the coefficients, shape (arms, d). covariance: theirs, shape (arms, d, d). shown: how often each was.
    """

    mean: Floats
    covariance: Floats
    shown: Whole

    def chances(self, features: Floats, *, allowed: Sequence[int] | None = None, floor: float = 0.0) -> Floats:
        """The chance of each arm to be shown: that it is the best, and never less than the floor.

        Args:
            features: of the decision, shape (d,), or (arms, d) where some tell how an arm fits; they are rounded as
                they are where the model learns.
            allowed: the arms that may be shown; all of them by default. Others have the chance 0.
            floor: the least chance of an allowed arm, for exploration; at most 1 / arms allowed.

        Returns:
            float64, shape (arms,), sum 1.

        Raises:
            BadInput: no arm is allowed, or the floor does not fit.
        """
        among = np.arange(self.shown.size) if allowed is None else np.array(sorted(set(allowed)), np.int64)
        if among.size == 0:
            raise BadInput("No arm may be shown.")
        if not 0 <= floor * among.size <= 1:
            raise BadInput(f"With {among.size} arms the floor is at most {1 / among.size:.3g}.")
        x = np.broadcast_to(quantised(features) / UNIT, self.mean.shape)[among]
        mean = np.einsum("ki,ki->k", self.mean[among], x)
        spread = np.sqrt(np.einsum("ki,kij,kj->k", x, self.covariance[among], x))
        found = np.zeros(self.shown.size)
        found[among] = floor + (1 - floor * among.size) * best_of(mean, spread)
        return found

    def choose(
        self,
        features: Floats,
        dice: np.random.Generator,
        *,
        allowed: Sequence[int] | None = None,
        floor: float = 0.0,
    ) -> Choice:
        """Draw an arm by its chance. Raises as `chances`."""
        chances = self.chances(features, allowed=allowed, floor=floor)
        arm = int(dice.choice(chances.size, p=chances))
        return Choice(arm, float(chances[arm]))

    def because(self, features: Floats, arm: int) -> Floats:
        """What each feature adds to the mean believed of an arm, shape (d,); they sum to it.

        Args:
            features: as of `chances`.
        """
        x = np.broadcast_to(quantised(features) / UNIT, self.mean.shape)[arm]
        added: Floats = self.mean[arm] * x
        return added


def best_of(mean: Floats, spread: Floats) -> Floats:
    """The chance of each of some normal variables to be the greatest: ∫ φᵢ(z) Π_{j≠i} Φⱼ(z) dz.

    By Gauss-Legendre quadrature between points that lie one standard deviation or less apart for each variable, so that
    one that is well known and one that is new are both met.

    Args:
        mean, spread: shape (k,); a spread of 0 is a variable that is known.

    Returns:
        float64, shape (k,), sum 1; each true to 1e-9.
    """
    from scipy.special import log_ndtr

    known = np.maximum(spread, 1e-9)
    edges = np.unique(mean[:, None] + known[:, None] * _EDGES)
    half = np.diff(edges) / 2
    z = ((edges[:-1] + half)[:, None] + half[:, None] * _NODES).ravel()
    away = (z[:, None] - mean) / known  # (nodes, k)
    below = log_ndtr(away)
    others = below.sum(axis=1)[:, None] - below
    density = np.exp(others - away**2 / 2) / (known * np.sqrt(2 * np.pi))
    chance = (half[:, None] * _WEIGHTS).ravel() @ density
    total = chance.sum()
    found: Floats = chance / total if total > 0 else np.full(mean.size, 1 / mean.size)
    return found
