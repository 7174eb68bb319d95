"""A difference as a share of the control's mean: how sure it is, by the delta method and by Fieller."""

from math import sqrt

from goodwill.measure.experiments.means import Means


def lift_error(means: Means) -> float:
    """The standard error of treated ÷ control by the delta method, with the covariance of both means."""
    ratio, among = means.treated / means.control, means.covariance
    of_ratio = among[0, 0] - 2 * ratio * among[0, 1] + ratio**2 * among[1, 1]
    return sqrt(max(0.0, float(of_ratio))) / means.control


def told_from_zero(means: Means, reach: float) -> bool:
    """Whether the control's mean is beyond chance; where it is not, nothing bounds a share of it."""
    return means.control > reach * sqrt(float(means.covariance[1, 1]))


def fieller(means: Means, reach: float) -> tuple[float, float]:
    """Every ratio that the means do not speak against, less 1 (Fieller, J. R. Stat. Soc. B 16, 1954).

    The control's mean must be told from zero.
    """
    ratio, among = means.treated / means.control, means.covariance / means.control**2 * reach**2
    a = 1 - float(among[1, 1])
    b = ratio - float(among[0, 1])
    c = ratio**2 - float(among[0, 0])
    root = sqrt(max(0.0, b * b - a * c))
    return (b - root) / a - 1, (b + root) / a - 1
