"""Both arms' means, moved to where they would be if the arms had had the same past, and how they vary together."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Final

import numpy as np

from goodwill.measure.experiments.arm import Arm, Floats

WELCH: Final = "Difference of means as assigned; Welch's t interval."
CUPED: Final = (
    "Difference of means as assigned, less what the time before explains (CUPED, one θ for both arms); t interval."
)
SAYS_NOTHING: Final = (
    "Something known before is the same for everybody, or follows from the rest; it was left aside. Look whether it "
    "was filled in."
)

_NEW: Final = 1e-10  # of its variance; a covariate with less that the others do not say is left aside
_FEW_BOUGHT: Final = 30


@dataclass(frozen=True, slots=True, eq=False)
class Means:
    """Two means; every comparison follows from them.

    Attributes:
        covariance: of the treated and the control mean, float64, shape (2, 2).
        df: of their difference (Satterthwaite, Biometrics Bulletin 2, 1946).
        arms: what they were worked out from.
        adjusted: whether a past was taken into account.
    """

    treated: float
    control: float
    covariance: Floats
    df: float
    arms: tuple[Arm, Arm]
    adjusted: bool
    method: str
    said: tuple[str, ...] = ()

    @property
    def n(self) -> int:
        return self.arms[0].people + self.arms[1].people

    @property
    def difference(self) -> float:
        return self.treated - self.control

    @property
    def error(self) -> float:
        """The standard error of the difference; 0 where nothing but rounding is left of it."""
        left = of_difference(self.covariance)
        return sqrt(left) if left > 1e-12 * self._raw else 0.0

    @property
    def explained(self) -> float | None:
        """The share of the variance of the difference that the past took away; below 0 where it only cost."""
        return 1 - of_difference(self.covariance) / self._raw if self.adjusted else None

    @property
    def warnings(self) -> tuple[str, ...]:
        fewest = min(self.arms, key=lambda arm: arm.bought)
        if fewest.bought >= min(_FEW_BOUGHT, fewest.people):
            return self.said
        rare = f"Only {fewest.bought} customers of an arm have an outcome other than 0: take the interval as rough."
        return (*self.said, rare)

    @property
    def _raw(self) -> float:
        return sum(float(arm.variance[0, 0]) / arm.people for arm in self.arms)


def adjusted(treated: Arm, control: Arm) -> Means:
    """Both means by CUPED (Deng, Xu, Kohavi and Walker 2013) with one θ for both arms; without a past, as they are.

    The θ is learned from these customers, which costs as many degrees of freedom as there are things known before.
    """
    arms, n = (treated, control), treated.people + control.people
    k, share = treated.mean.size - 1, treated.people / n
    theta, rank = slopes(treated.scatter + control.scatter) if n - 2 - k > 0 else (np.zeros(k), 0)
    parts = [by.T @ arm.variance @ by / arm.people for by, arm in zip(_moved_by(theta, share), arms, strict=True)]
    spent = (n - 2) / (n - 2 - rank) if rank else 1.0
    moved = float(theta @ (treated.mean - control.mean)[1:])
    return Means(
        treated=float(treated.mean[0]) - moved * (1 - share),
        control=float(control.mean[0]) + moved * share,
        covariance=(parts[0] + parts[1]) * spent,
        df=satterthwaite([of_difference(one) for one in parts], [arm.people - 1 for arm in arms]) / spent,
        arms=arms,
        adjusted=k > 0,
        method=CUPED if rank else WELCH,
        said=about_past(rank, k, n),
    )


def about_past(rank: int, k: int, n: int) -> tuple[str, ...]:
    """What to keep in mind where not all of the past could be used."""
    if rank == k:
        return ()
    if n - 2 - k > 0:
        return (SAYS_NOTHING,)
    return (f"The time before was left aside: {n} customers are too few for {k} things known of it.",)


def slopes(scatter: Floats) -> tuple[Floats, int]:
    """Least squares of the outcome on the rest, from sums of products; what says nothing new gets no weight.

    Args:
        scatter: shape (1 + k, 1 + k), the outcome first.

    Returns:
        slopes, shape (k,); on how many independent things they rest.
    """
    among, rank = inverse(scatter[1:, 1:])
    return among @ scatter[1:, 0], rank


def inverse(scatter: Floats) -> tuple[Floats, int]:
    """The inverse of sums of products, in whatever units; 0 for what does not vary, and shared by what is the same."""
    scale = np.sqrt(np.diag(scatter))
    per = np.outer(scale, scale)
    alike = np.divide(scatter, per, out=np.zeros_like(scatter), where=per > 0)
    values, vectors = np.linalg.eigh(alike)
    kept = values > _NEW
    found = (vectors[:, kept] / values[kept]) @ vectors[:, kept].T
    return np.divide(found, per, out=np.zeros_like(scatter), where=per > 0), int(kept.sum())


def _moved_by(theta: Floats, share: float) -> tuple[Floats, Floats]:
    """How a treated, and how a control customer moves the treated and the control mean; each of shape (1 + k, 2)."""
    of_treated = np.vstack([[1.0, 0.0], np.column_stack([-theta * (1 - share), theta * share])])
    of_control = np.vstack([[0.0, 1.0], np.column_stack([theta * (1 - share), -theta * share])])
    return of_treated, of_control


def satterthwaite(parts: Sequence[float], each: Sequence[float]) -> float:
    """Degrees of freedom of a sum of independent variances that have these each."""
    whole = sum(parts)
    return 1 / sum((one / whole) ** 2 / df for one, df in zip(parts, each, strict=True)) if whole > 0 else 1.0


def of_difference(covariance: Floats) -> float:
    """The variance of the first less the second."""
    return max(0.0, float(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]))
