"""How far chance reaches: quantiles of the normal distribution and of Student's t."""

from math import erfc, sqrt
from statistics import NormalDist
from typing import Final

_NORMAL: Final = NormalDist()


def normal_one_sided(level: float) -> float:
    """Below how many standard errors a normal number stays with this chance."""
    return _NORMAL.inv_cdf(level)


def normal_beyond(z: float) -> float:
    """The chance of a normal number above z."""
    return erfc(z / sqrt(2)) / 2


def reach(level: float, df: float) -> float:
    """Within how many standard errors of 0 Student's t stays with this chance."""
    return one_sided((1 + level) / 2, df)


def one_sided(level: float, df: float) -> float:
    """Below how many standard errors Student's t stays with this chance."""
    from scipy.special import stdtrit

    return float(stdtrit(df, level))


def beyond(t: float, df: float) -> float:
    """The chance of a Student's t above t."""
    from scipy.special import stdtr

    return float(stdtr(df, -t))
