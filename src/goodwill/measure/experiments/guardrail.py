"""What must not get worse while something else gets better: complaints, opting out, refunds, trust.

That no harm was *found* proves nothing where few were asked. A guardrail holds when harm beyond a margin, named before
the start, can be ruled out (one-sided non-inferiority).
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf, sqrt
from typing import Any, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from goodwill.measure.estimate import LEVEL, Estimate, check_level
from goodwill.measure.experiments.arm import Arm, arm_of, columns
from goodwill.measure.experiments.effect import one_of, untold
from goodwill.measure.experiments.means import adjusted
from goodwill.measure.experiments.moments import Moments
from goodwill.measure.experiments.quantiles import beyond, normal_beyond, normal_one_sided, one_sided
from goodwill.measure.given import number

Worse: TypeAlias = Literal["higher", "lower"]
Verdict: TypeAlias = Literal["safe", "worse", "undecided", ""]

_FARTHEST: Final = 40.0  # standard errors; beyond, no chance is left that a float could tell from 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Guardrail(Estimate):
    """The treated arm beside the control arm, where it could do harm.

    Attributes:
        value: treated less control. low, high: one-sided; the end away from the harm is infinite.
        p: that the harm is as large as the margin or larger.
        margin: the least harm that would matter, above 0, in the unit of the outcome.
        worse: which direction is harm.
        verdict: "safe": harm of the margin is ruled out; "worse": not ruled out, and there is harm; "undecided".
        says: the verdict in a sentence.
    """

    margin: float
    worse: Worse
    verdict: Verdict = ""
    says: str = ""


def guardrail(
    treated: ArrayLike, control: ArrayLike, margin: float, *, worse: Worse = "higher", level: float = LEVEL
) -> Guardrail:
    """Whether a treatment does no harm beyond a margin.

    Yes or no (0 and 1, as whether somebody complained): Newcombe's interval from Wilson's (Stat. Med. 17, 1998, method
    10), which holds for rare things and for none at all. Amounts and scores: Welch's.

    Args:
        treated, control: of each customer as assigned, shape (n,).
        margin: the least harm that would matter, above 0; decided before the start.
        level: one-sided.

    Raises:
        BadInput: something is not a number, or the margin is not above 0.
    """
    rows = columns(treated, None, "treated"), columns(control, None, "control")
    yes_no = all(bool(np.all((one == 0) | (one == 1))) for one in rows)
    return _guarded(arm_of(rows[0]), arm_of(rows[1]), margin, worse, level, yes_no=yes_no)


def guardrail_sums(
    treated: Moments, control: Moments, margin: float, *, worse: Worse = "higher", level: float = LEVEL
) -> Guardrail:
    """The same from exact sums; they are of yes and no where counts, sums and squares are the same."""
    yes_no = all(one.bought == one.sums[0] == one.products[0] for one in (treated, control))
    return _guarded(treated.arm, control.arm, margin, worse, level, yes_no=yes_no)


def _guarded(treated: Arm, control: Arm, margin: float, worse: Worse, level: float, *, yes_no: bool) -> Guardrail:
    one_of(worse, "higher", "lower")
    number("margin", margin, above=0)
    kept: dict[str, Any] = {
        "n": treated.people + control.people, "level": check_level(level), "margin": margin, "worse": worse,
    }  # fmt: skip
    enough = yes_no and treated.people and control.people
    if why := "" if enough else untold(treated, control):
        return Guardrail.refuse(why, **kept)
    bad, good = (treated, control) if worse == "higher" else (control, treated)
    harm = (_of_shares if yes_no else _of_means)(bad, good, margin, level)
    kept |= {"p": harm.p, "verdict": harm.verdict(margin), "says": harm.says(margin)}
    if worse == "higher":
        return Guardrail(value=harm.value, low=-inf, high=harm.at_most, **kept)
    return Guardrail(value=-harm.value, low=-harm.at_most, high=inf, **kept)


@dataclass(frozen=True, slots=True)
class _Harm:
    """How much worse it got; at_least and at_most one-sided; p that it is the margin or more."""

    value: float
    at_least: float
    at_most: float
    p: float

    def verdict(self, margin: float) -> Verdict:
        if self.at_most < margin:
            return "safe"
        return "worse" if self.at_least > 0 else "undecided"

    def says(self, margin: float) -> str:
        return _SAYS[self.verdict(margin)].format(margin, self.at_most)


_SAYS: Final[dict[Verdict, str]] = {
    "safe": "Harm of {0:.4g} is ruled out: it is at most {1:.4g}.",
    "worse": "It got worse, and harm of {0:.4g} cannot be ruled out: it may be {1:.4g}.",
    "undecided": "Whether it got worse cannot be told yet: harm up to {1:.4g} is possible, and {0:.4g} would matter.",
}


def _of_means(bad: Arm, good: Arm, margin: float, level: float) -> _Harm:
    means = adjusted(bad, good)
    half, value = one_sided(level, means.df) * means.error, means.difference
    return _Harm(value, value - half, value + half, beyond((margin - value) / means.error, means.df))


def _of_shares(bad: Arm, good: Arm, margin: float, level: float) -> _Harm:
    def end(z: float) -> float:
        """The end so many standard errors above; below, where z is negative."""
        return _newcombe(bad, good, z) if z >= 0 else -_newcombe(good, bad, -z)

    z, value = normal_one_sided(level), float(bad.mean[0] - good.mean[0])
    return _Harm(value, end(-z), end(z), normal_beyond(_crossing(end, margin)))


def _newcombe(a: Arm, b: Arm, z: float) -> float:
    """The upper end of the share of a less that of b."""
    up, down = _wilson(a, z) - a.mean[0], b.mean[0] - _wilson(b, -z)
    return float(a.mean[0] - b.mean[0]) + sqrt(up**2 + down**2)


def _wilson(arm: Arm, z: float) -> float:
    """The end of Wilson's score interval that is z standard errors above, or below, the share."""
    share, n, square = float(arm.mean[0]), arm.people, z**2
    middle = (share + square / (2 * n)) / (1 + square / n)
    return middle + z / (1 + square / n) * sqrt(max(0.0, share * (1 - share) / n + square / (4 * n**2)))


def _crossing(rising: Callable[[float], float], margin: float) -> float:
    """Where a rising function of z reaches the margin, by halving."""
    low, high = -_FARTHEST, _FARTHEST
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < margin else (low, middle)
    return (low + high) / 2
