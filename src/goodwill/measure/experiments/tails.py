"""What the few largest customers do to a difference: as it is, beside what is left when they are cut to size."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike

from goodwill.basics.errors import BadInput
from goodwill.measure.estimate import LEVEL, document
from goodwill.measure.experiments.arm import Floats
from goodwill.measure.experiments.effect import Difference, Planned, Pre, both_rows, difference

QUANTILE: Final = 0.999
_MUCH: Final = 0.5  # of the difference, from which on it is worth a warning


@dataclass(frozen=True, slots=True)
class Winsorised:
    """A difference with and without its tail.

    Attributes:
        raw: as it is; this is the one in money. clipped: outcomes beyond the limits count as the limits.
        low, high: the limits, of all customers of both arms; −∞ where nothing is below 0.
        beyond: customers of (treated, control) beyond them.
        tail: what they add to the difference by it, raw less clipped. None where either is refused.
        shares: of what each arm brought in all, the part beyond the limits. None where an arm brought nothing.
    """

    raw: Difference
    clipped: Difference
    low: float
    high: float
    beyond: tuple[int, int]
    tail: float | None
    shares: tuple[float | None, float | None]
    warnings: tuple[str, ...] = ()
    refused: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The same in plain values, for programs."""
        return document(self)


def winsorised(
    treated: ArrayLike,
    control: ArrayLike,
    pre: Pre | None = None,
    *,
    quantile: float = QUANTILE,
    level: float = LEVEL,
    planned: Planned | None = None,
) -> Winsorised:
    """The difference of two arms beside the same with the tail cut at a quantile of all customers.

    Args:
        treated, control, pre, level, planned: as for `difference`.
        quantile: which customer sets the limit, above .5 and below 1; where amounts below 0 occur, 1 − quantile sets
            the lower one.

    Returns:
        clipped refused where so few bought that nothing would be left.

    Raises:
        BadInput: as `difference`, or the quantile is not between .5 and 1.
    """
    if not 0.5 < quantile < 1:
        raise BadInput(f"Tails are cut at a quantile between .5 and 1, such as .999; {quantile:g} is not.")
    rows = both_rows(treated, control, pre)
    arms = rows[0][:, 0], rows[1][:, 0]
    raw = difference(*arms, pre, level=level, planned=planned)
    low, high = _limits(np.concatenate(arms), quantile)
    cut = np.clip(arms[0], low, high), np.clip(arms[1], low, high)
    beyond = tuple(int(np.count_nonzero(one != short)) for one, short in zip(arms, cut, strict=True))
    clipped = difference(*cut, pre, level=level, planned=planned)
    if not raw.refused and not any(np.any(one) for one in cut):
        why = f"Fewer than {1 - quantile:.1%} of the customers bought, so cutting the tail would leave nothing."
        clipped = Difference.refuse(why, n=raw.n, level=level)
    tail = None if raw.value is None or clipped.value is None else raw.value - clipped.value
    return Winsorised(
        raw, clipped, low, high, (beyond[0], beyond[1]), tail, (_share(arms[0], cut[0]), _share(arms[1], cut[1])),
        _heavy(raw, tail, sum(beyond)), raw.refused or clipped.refused,
    )  # fmt: skip


def _limits(outcomes: Floats, quantile: float) -> tuple[float, float]:
    if not outcomes.size:
        return -np.inf, np.inf
    low = float(np.quantile(outcomes, 1 - quantile)) if outcomes.min() < 0 else -np.inf
    return low, float(np.quantile(outcomes, quantile))


def _share(arm: Floats, cut: Floats) -> float | None:
    brought = float(np.abs(arm).sum())
    return float(np.abs(arm - cut).sum()) / brought if brought else None


def _heavy(raw: Difference, tail: float | None, beyond: int) -> tuple[str, ...]:
    if tail is None or raw.value is None or abs(tail) <= _MUCH * abs(raw.value):
        return ()
    return (f"{tail:+,.2f} of the difference of {raw.value:+,.2f} comes from the {beyond} largest customers alone.",)
