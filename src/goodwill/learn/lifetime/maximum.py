"""The top of a likelihood: found from several starts, sharpened by Newton's steps, and refused where there is none.

A likelihood gives, for each row, its logarithm and the logarithm's slopes (scores); all parameters are logarithms or
coefficients, so every real number is allowed. A top that is flat in some direction is a ridge: values a thousand times
as large would fit as well, and whoever printed one of them would be making it up.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np

from goodwill.basics.errors import CannotTell
from goodwill.learn.lifetime.given import Floats

Likelihood: TypeAlias = Callable[[Floats], tuple[Floats, Floats]]

FAR: Final = 18.0  # logarithms beyond ± this are nowhere
SHARP: Final = 1e-10  # how far below the top we may stay, in units of log-likelihood
_STEP: Final = 1e-5  # of a logarithm, for differences of gradients
_WIDEST: Final = float(np.log(1000)) ** 2  # a variance of logarithms: a factor of a thousand is one standard error
_ROUNDS: Final = 5
_FURTHEST: Final = float(np.log(1000))  # that a draw may be from the top of all
_STRIDES: Final = 200
DRAWN: Final = 1e-6  # how far below its top a draw may stay
_LEFT: Final = 1e-2  # … and how far, by the first curvature, tells that it did not get there
ROUGH: Final = 1e-2  # what a walk may leave to gain


@dataclass(frozen=True, slots=True, eq=False)
class Hill:
    """What is climbed: a weighted sum of rows' log-likelihoods, less a penalty.

    Attributes:
        rows: of parameters, shape (k,): log-likelihoods, shape (n,), and scores, shape (n, k).
        weight: of each row; shape (n,).
        penalty: half of it times the square of each parameter is taken off; shape (k,).
    """

    rows: Likelihood
    weight: Floats
    penalty: Floats

    def height(self, theta: Floats) -> tuple[float, Floats]:
        """The sum and its gradient, penalty taken off."""
        each, scores = self.rows(theta)
        lost = self.penalty * theta
        return float(self.weight @ each - 0.5 * (lost @ theta)), self.weight @ scores - lost

    def products(self, theta: Floats) -> Floats:
        """The sum of the scores' outer products, a first guess of the curvature that is never negative; (k, k)."""
        scores = self.rows(theta)[1]
        found = (scores * self.weight[:, None]).T @ scores + np.diag(self.penalty)
        return np.asarray(found + np.eye(theta.size) * (1e-6 * float(np.trace(found)) + 1e-9))

    def curvature(self, theta: Floats, slope: Floats) -> Floats:
        """Minus the second derivatives, by differences of gradients; ``slope`` is the gradient here; shape (k, k)."""
        found = np.empty((theta.size, theta.size))
        for k in range(theta.size):
            moved = theta.copy()
            moved[k] += _STEP
            found[k] = (slope - self.height(moved)[1]) / _STEP
        return 0.5 * (found + found.T)


@dataclass(frozen=True, slots=True, eq=False)
class Top:
    """Where a likelihood is largest.

    Attributes:
        theta: parameters; shape (k,).
        height: the log-likelihood there, penalty taken off.
        information: minus the second derivatives; shape (k, k).
        slope: what is left of the gradient; shape (k,).
    """

    theta: Floats
    height: float
    information: Floats
    slope: Floats


def climb(hill: Hill, starts: Sequence[Floats], names: Sequence[str], rough: Hill | None = None) -> Top:
    """The top of a hill.

    Args:
        starts: places to begin at; shapes (k,). The two most promising are tried.
        names: of the parameters, for the sentence of a refusal.
        rough: a hill much like this one that costs less, to be climbed first.

    Raises:
        CannotTell: there is no top, but a ridge.
    """
    if rough is not None:
        theta = _explored(rough, starts)
        try:
            return sharpen(hill, theta, names, _inverse(_curvature(rough, theta)))
        except CannotTell:
            pass  # perhaps only the rough hill is a ridge
    return sharpen(hill, _explored(hill, starts), names)


def _explored(hill: Hill, starts: Sequence[Floats]) -> Floats:
    """The best place that is reached from the two most promising starts."""
    promising = sorted(starts, key=lambda start: -hill.height(start)[0])[:2]
    ends = [_walk(hill, start, inverted(hill.products(start)), ROUGH) for start in promising]
    return max(ends, key=lambda end: end[1])[0]


def sharpen(hill: Hill, theta: Floats, names: Sequence[str], inverse: Floats | None = None) -> Top:
    """The sharp top near a rough one.

    Args:
        inverse: of the curvature somewhere near, if it is known; shape (k, k).

    Raises:
        CannotTell: there is no top nearby, but a ridge.
    """
    top = _sharper(hill, theta, inverted(hill.products(theta)) if inverse is None else inverse)
    for _ in range(_ROUNDS):
        there = _inverse(top.information)
        if there is None or float(np.max(np.linalg.eigvalsh(there))) > _WIDEST:
            break
        if 0.5 * float(top.slope @ there @ top.slope) < 10 * SHARP:
            return top
        top = _sharper(hill, top.theta, there)
    raise ridge(top, names)


def _sharper(hill: Hill, theta: Floats, inverse: Floats) -> Top:
    theta, height, slope = _walk(hill, theta, inverse, SHARP)
    return Top(theta, height, hill.curvature(theta, slope), slope)


def follow(hill: Hill, theta: Floats, inverse: Floats) -> tuple[Floats, float, Floats]:
    """The top of a hill much like one whose top and inverse curvature are known: place, height and slope there.

    Good to a thousandth of a standard error, which is enough for one of many.
    """
    return _walk(hill, theta, inverse, DRAWN)


def arrived(theta: Floats, slope: Floats, origin: Floats, inverse: Floats) -> bool:
    """Whether `follow`, from ``origin``, came to a top; it may have run off along a ridge."""
    left = 0.5 * float(slope @ inverse @ slope)
    return left < _LEFT and float(np.max(np.abs(theta - origin))) < _FURTHEST


def _curvature(hill: Hill, theta: Floats) -> Floats:
    return hill.curvature(theta, hill.height(theta)[1])


def inverted(matrix: Floats) -> Floats:
    """The inverse, as the type checker would have it; shape (k, k)."""
    return np.asarray(np.linalg.inv(matrix), np.float64)


def _inverse(information: Floats) -> Floats | None:
    """None where some direction is flat or leads up."""
    try:
        np.linalg.cholesky(information)
        return inverted(information)
    except np.linalg.LinAlgError:
        return None


def _walk(hill: Hill, theta: Floats, inverse: Floats, least: float) -> tuple[Floats, float, Floats]:
    """Quasi-Newton steps (BFGS) until less than ``least`` is left to gain, or nowhere is reached: place, height, slope.

    With so few parameters the whole matrix is kept. It starts from the curvature nearby, or from the scores' products
    (Berndt and others 1974), so that the parameters' scales do not matter. In numpy, because the threads of LAPACK
    under scipy's L-BFGS took fifty times as long as all the rest on a busy machine.
    """
    height, slope = hill.height(theta)
    for _ in range(_STRIDES):
        step = inverse @ slope
        step = step / max(1.0, float(np.max(np.abs(step))) / 2)  # never by more than e² at once
        moved = _climbed(hill, theta, height, step) if 0.5 * float(slope @ step) > least else None
        if moved is None:
            break
        inverse = _learnt(inverse, moved[0] - theta, slope - moved[2])
        theta, height, slope = moved
        if np.any(np.abs(theta) > FAR):
            break
    return theta, height, slope


def _learnt(inverse: Floats, step: Floats, change: Floats) -> Floats:
    """BFGS: the inverse of a matrix that takes this step to this change of slope; unchanged where none could."""
    along = float(step @ change)
    if along <= 1e-12 * float(np.linalg.norm(step) * np.linalg.norm(change)):
        return inverse
    turned = np.eye(step.size) - np.outer(step, change) / along
    return np.asarray(turned @ inverse @ turned.T + np.outer(step, step) / along)


def _climbed(hill: Hill, theta: Floats, height: float, step: Floats) -> tuple[Floats, float, Floats] | None:
    """A step, halved until it does not lead down."""
    for _ in range(20):
        found, slope = hill.height(theta + step)
        if found >= height - 1e-9 * max(1.0, abs(height)) and np.isfinite(found):
            return theta + step, found, slope
        step = step / 2
    return None


def ridge(top: Top, names: Sequence[str]) -> CannotTell:
    """The refusal of a flat top, naming the parameters that can be moved along it."""
    _, directions = np.linalg.eigh(top.information)
    flattest = np.abs(directions[:, 0])
    moving = [name for name, share in zip(names, flattest, strict=True) if share > 0.3 * flattest.max()]
    told = f"{', '.join(moving[:-1])} and {moving[-1]}" if len(moving) > 1 else moving[0]
    return CannotTell(
        f"These customers do not tell {told}: far larger or far smaller values fit as well, so the likelihood has no "
        "top but a ridge. Observe for longer, take more customers, or fit a model with fewer parameters."
    )
