"""Lin's regression: each arm has its own line through the past, and errors hold whatever the scatter looks like."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from goodwill.measure.experiments.arm import Arm, Floats, arm_of
from goodwill.measure.experiments.means import Means, about_past, adjusted, inverse, satterthwaite

LIN: Final = (
    "Difference of means as assigned, each arm on its own line through the time before (Lin); robust t interval."
)


@dataclass(frozen=True, slots=True, eq=False)
class _Line:
    """An arm's mean at the past of all, its robust variance, and the line's slopes on so many independent things."""

    mean: float
    variance: float
    slopes: Floats
    rank: int


def lin(treated: Floats, control: Floats) -> Means:
    """Both means at the past of all customers (Lin, Ann. Appl. Stat. 7, 2013), with HC2 errors.

    The past of all is a sample itself; what that adds is by Negi and Wooldridge (Econometric Reviews 40, 2021). Where
    an arm is too small for a line of its own, there is one θ for both (`adjusted`).

    Args:
        treated, control: rows as `columns` gives them, shape (n, 1 + k).
    """
    arms, k = (arm_of(treated), arm_of(control)), treated.shape[1] - 1
    if not k or min(arm.people for arm in arms) < k + 3:
        return adjusted(*arms)
    both = arms[0] + arms[1]
    lines = [_line(rows, arm, both.mean[1:]) for rows, arm in zip((treated, control), arms, strict=True)]
    tilt = np.column_stack([line.slopes for line in lines])
    variances = [line.variance for line in lines]
    return Means(
        treated=lines[0].mean,
        control=lines[1].mean,
        covariance=np.diag(variances) + tilt.T @ both.variance[1:, 1:] @ tilt / both.people,
        df=satterthwaite(variances, [arm.people - 1 - line.rank for arm, line in zip(arms, lines, strict=True)]),
        arms=arms,
        adjusted=True,
        method=LIN,
        said=about_past(min(line.rank for line in lines), k, both.people),
    )


def _line(rows: Floats, arm: Arm, past: Floats) -> _Line:
    """Where an arm's own line stands at this past."""
    among, rank = inverse(arm.scatter[1:, 1:])
    theta = among @ arm.scatter[1:, 0]
    apart = rows - arm.mean
    left = apart[:, 0] - apart[:, 1:] @ theta
    leverage = 1 / arm.people + np.sum((apart[:, 1:] @ among) * apart[:, 1:], axis=1)
    away = past - arm.mean[1:]
    weight = 1 / arm.people + apart[:, 1:] @ (among @ away)
    variance = float(np.sum((weight * left) ** 2 / np.maximum(1 - leverage, 1e-9)))
    return _Line(float(arm.mean[0] + theta @ away), variance, theta, rank)
