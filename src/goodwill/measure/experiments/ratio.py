"""A ratio of two things that customers do, such as margin for each order or orders for each visit, between two arms.

Customers are assigned, not orders: so a ratio scatters by customers, and one with many orders is still one.
"""

from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from goodwill.basics.errors import BadInput
from goodwill.measure.estimate import LEVEL, check_level
from goodwill.measure.experiments.arm import LEAST, Arm, arm_of, columns
from goodwill.measure.experiments.effect import Difference, Lift, Planned, Pre, alike, compared
from goodwill.measure.experiments.moments import Moments

_ROUNDING: Final = 1e-12  # of the scatter of numerator and denominator; what is less of the ratio's is none


def ratio_difference(
    treated: tuple[ArrayLike, ArrayLike],
    control: tuple[ArrayLike, ArrayLike],
    pre: Pre | None = None,
    *,
    relative: bool = False,
    level: float = LEVEL,
    lift: Lift = "delta",
    planned: Planned | None = None,
) -> Difference:
    """Σ numerator ÷ Σ denominator of the treated less that of the control, by the delta method over customers.

    Deng, Knoblich and Lu, KDD 2018: a customer counts with R + (y − R·x) ÷ mean x, and the rest is as for `difference`.

    Args:
        treated, control: (numerator, denominator) of each customer as assigned, each of shape (n,); 0 for whoever did
            nothing.
        pre: as for `difference`, by CUPED.

    Raises:
        BadInput: lengths differ, or something is not a number.
    """
    before = pre or (None, None)
    arms = [_arm(both, known, name) for both, known, name in zip((treated, control), before, _NAMES, strict=True)]
    return _compared(arms[0], arms[1], relative=relative, level=level, lift=lift, planned=planned)


def ratio_difference_sums(
    treated: Moments,
    control: Moments,
    *,
    relative: bool = False,
    level: float = LEVEL,
    lift: Lift = "delta",
    planned: Planned | None = None,
) -> Difference:
    """The same from exact sums, of which the first is the numerator and the second the denominator."""
    alike(treated, control)
    if len(treated.sums) < 2:
        raise BadInput("For a ratio the sums of both arms must tell of a numerator and, next, of a denominator.")
    return _compared(treated.arm, control.arm, relative=relative, level=level, lift=lift, planned=planned)


_NAMES: Final = ("treated", "control")


def _arm(both: tuple[ArrayLike, ArrayLike], pre: ArrayLike | None, name: str) -> Arm:
    if len(both) != 2:
        raise BadInput(f"Give two lists of the {name} customers: what is divided, and by what.")
    numerator, denominator = (columns(one, None, name) for one in both)
    if len(numerator) != len(denominator):
        raise BadInput(
            f"The {name} arm has {len(numerator)} numerators and {len(denominator)} denominators: one for each."
        )
    known = columns(both[0], pre, name)[:, 1:]
    return arm_of(np.column_stack([numerator, denominator, known]))


def _compared(
    treated: Arm, control: Arm, *, relative: bool, level: float, lift: Lift, planned: Planned | None
) -> Difference:
    for arm, name in zip((treated, control), _NAMES, strict=True):
        if arm.people and arm.mean[1] <= LEAST:
            why = f"There is nothing to divide by in the {name} arm. Wait until more has happened."
            return Difference.refuse(
                why, n=treated.people + control.people, level=check_level(level), relative=relative
            )
    arms = linear(treated), linear(control)
    return compared(*arms, relative=relative, level=level, lift=lift, planned=planned)


def linear(arm: Arm) -> Arm:
    """The arm in which the ratio is a mean; numerator and denominator come first, the past follows."""
    wide = arm.mean.size - 1
    by = np.vstack([np.zeros(wide), np.eye(wide)])
    if not arm.people:
        return Arm(0, 0, np.zeros(wide), np.zeros((wide, wide)))
    ratio, per = float(arm.mean[0] / arm.mean[1]), float(arm.mean[1])
    by[0, 0], by[1, 0] = 1 / per, -ratio / per
    scatter = by.T @ arm.scatter @ by
    if scatter[0, 0] <= _ROUNDING * (arm.scatter[0, 0] + ratio**2 * arm.scatter[1, 1]) / per**2:
        scatter[0, :] = scatter[:, 0] = 0
    return Arm(arm.people, arm.bought, np.array([ratio, *arm.mean[2:]]), scatter)
