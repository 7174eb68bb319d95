"""Whether people were divided as planned. Where they were not, some were lost, and no figure can be trusted."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike

from goodwill.basics.errors import BadInput
from goodwill.measure.estimate import document
from goodwill.measure.experiments.arm import Floats, numbers

ALARM: Final = 0.001  # Fabijan and others, KDD 2019
_LEAST_EXPECTED: Final = 5.0  # people in an arm, below which χ² is no good guess


@dataclass(frozen=True, slots=True)
class SampleRatio:
    """How well the arms' sizes fit the plan.

    Attributes:
        counts: people in each arm; expected: how many the plan would have there.
        p: χ² test of all that came, for one look at the end. None where `refused`.
        p_sequential: after any number of looks (Lindon and Malek 2020: Dirichlet-multinomial with α = 1 beside the
            plan); the least of all looks so far.
        alarm: the p that goes with the number of looks is below .001: the headline is blocked.
        blocks: the sentence to show instead of the headline; "" without an alarm.
    """

    counts: tuple[int, ...]
    expected: tuple[float, ...]
    p: float | None
    p_sequential: float | None
    alarm: bool = False
    blocks: str = ""
    warnings: tuple[str, ...] = ()
    refused: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The same in plain values, for programs."""
        return document(self)


def sample_ratio(counts: ArrayLike, expected: ArrayLike) -> SampleRatio:
    """Test for a sample ratio mismatch.

    Args:
        counts: people in each arm, shape (arms,); or those who came since the look before, shape (looks, arms): then
            the sequential test decides, which may be looked at as often as one likes.
        expected: the planned share of each arm, above 0, in any measure ([.5, .5] as well as [1, 1]); shape (arms,).

    Raises:
        BadInput: they are no counts, or no shares of the same arms.
    """
    looks, shares = _checked(counts, expected)
    total = looks.sum(axis=0)
    people = total.sum()
    seen, planned = tuple(int(one) for one in total), tuple((shares * people).tolist())
    if not people:
        return SampleRatio(
            seen, planned, None, None, refused="Nobody is in any arm yet, so nothing can be out of order."
        )
    p, running = _chi_square(total, shares), _sequential(looks, shares)
    deciding = p if len(looks) == 1 else running
    alarm = deciding < ALARM
    few = min(planned) < _LEAST_EXPECTED
    warnings = (f"An arm should have {min(planned):.1f} people by now: too few for χ² to be exact.",) if few else ()
    return SampleRatio(seen, planned, p, running, alarm, _blocks(seen, planned, deciding) if alarm else "", warnings)


def _checked(counts: ArrayLike, expected: ArrayLike) -> tuple[Floats, Floats]:
    looks = np.atleast_2d(numbers(counts, "Counts of people", most_axes=2))
    shares = numbers(expected, "Planned shares")
    if looks.shape[1] != shares.size or shares.size < 2:
        raise BadInput(
            f"People were counted in {looks.shape[1]} arms and {shares.size} shares were planned; there must be two "
            "arms or more, and a share for each."
        )
    if np.any(looks < 0) or np.any(looks != np.floor(looks)):
        raise BadInput("People are counted in whole numbers, 0 or more.")
    if np.any(shares <= 0):
        raise BadInput("Every planned share must be above 0; leave an arm out that nobody was to be in.")
    return looks, shares / shares.sum()


def _chi_square(total: Floats, shares: Floats) -> float:
    from scipy.special import chdtrc

    planned = shares * total.sum()
    return float(chdtrc(total.size - 1, np.sum((total - planned) ** 2 / planned)))


def _sequential(looks: Floats, shares: Floats) -> float:
    """The least of the plan's likelihood beside that of any shares whatever, over all looks."""
    from scipy.special import gammaln

    so_far = looks.cumsum(axis=0)
    arms = shares.size
    any_shares = gammaln(arms) + gammaln(so_far + 1).sum(axis=1) - gammaln(so_far.sum(axis=1) + arms)
    plan = so_far @ np.log(shares)
    return exp(min(0.0, float((plan - any_shares).min())))


def _blocks(seen: Sequence[int], planned: Sequence[float], p: float) -> str:
    sizes, should = (", ".join(f"{one:,.0f}" for one in some) for some in (seen, planned))
    return (
        f"People are not divided as planned: {sizes} instead of {should} (p = {p:.2g}). Something loses or adds people "
        "in one arm, so a difference between the arms would mislead. Find out what before anything is concluded."
    )
