"""What happened to one unit, such as a town or a shop, held against units to which nothing happened."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from goodwill.basics.errors import BadInput
from goodwill.measure.estimate import LEVEL, check_level, document

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Placebo:
    """A difference in differences with one treated unit, judged by what the same sum finds where nothing happened.

    Attributes:
        value: how far the treated unit rose beyond the others' mean rise, in the panel's unit.
        p: the share of units (the treated one among them) for which the sum is at least as far from 0; there is no
            smaller one than 1 / units.
        low, high: the effects that this test does not reject; −∞ and ∞ where it can reject none.
        before: the same sum, and its p, for a placebo date in the middle of the time before; None of fewer than four
            times.
        placebos: of the other units, in their order.
    """

    value: float
    p: float
    low: float
    high: float
    level: float
    units: int
    before: tuple[float, float] | None
    placebos: tuple[float, ...]
    warnings: tuple[str, ...] = ()
    refused: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The same in plain values, for programs."""
        return document(self)


def placebo(
    panel: "ArrayLike | Mapping[str, ArrayLike]", treated_unit: int | str, when: int, *, level: float = LEVEL
) -> Placebo:
    """Difference in differences with randomisation inference over units.

    A standard error clustered by unit looks small where one unit was treated, and means nothing there. So the sum is
    done for every other unit as if it had been treated, and the treated one has to stand out among them.

    Args:
        panel: one row a unit, one column a time, shape (units, times); or rows by name.
        treated_unit: its row, or its name.
        when: the first time at which the thing was there, from 0; there is at least one before.

    Raises:
        BadInput: no such unit, a time at which nothing lies before or after, or values that are no numbers.
    """
    check_level(level)
    values, unit = panel_of(panel, treated_unit)
    if not 1 <= when < values.shape[1]:
        raise BadInput(f"`when` is a time from 1 to {values.shape[1] - 1}, with something before it; not {when}.")
    if values.shape[0] < 3:
        raise BadInput(f"A placebo needs two other units at least; there is {values.shape[0] - 1}.")
    value, others = _beside(values, unit, when)
    everything = np.append(others, value)
    p = float(np.mean(np.abs(everything) >= abs(value) - 1e-12))
    size = everything.size
    rank = int(np.floor(size * (1 - level) + 1e-9))  # so many of all may lie farther out
    reach = float(np.sort(np.abs(others))[::-1][rank - 1]) if rank >= 1 else np.inf
    warned = []
    if rank < 1:
        warned.append(f"With {size} units the p-value cannot fall below {1 / size:.3f}; no interval can be told.")
    if when < 4:
        warned.append("There are fewer than four times before, so no placebo date could be tried.")
    before = None
    if when >= 4:
        early, its_others = _beside(values[:, :when], unit, when // 2)
        before = (early, float(np.mean(np.abs(np.append(its_others, early)) >= abs(early) - 1e-12)))
        if before[1] <= 1 - level:
            warned.append("The unit had moved away from the others before: what came after may be more of that.")
    return Placebo(value, p, value - reach, value + reach, level, size, before, tuple(others.tolist()), tuple(warned))


def _beside(values: Floats, unit: int, when: int) -> tuple[float, Floats]:
    """The sum for the treated unit, and for each other one beside the rest of them."""
    rise = values[:, when:].mean(axis=1) - values[:, :when].mean(axis=1)
    others = np.delete(rise, unit)
    rest = (others.sum() - others) / (others.size - 1)
    return float(rise[unit] - others.mean()), others - rest


def panel_of(panel: "ArrayLike | Mapping[str, ArrayLike]", unit: int | str) -> tuple[Floats, int]:
    """A panel's values, shape (units, times), and the row of a unit.

    Raises:
        BadInput: rows are not equally long or hold no numbers, or there is no such unit.
    """
    names = tuple(panel) if isinstance(panel, Mapping) else ()
    rows = [np.asarray(row, np.float64) for row in panel.values()] if isinstance(panel, Mapping) else panel
    try:
        values = np.asarray(rows, np.float64)
    except (TypeError, ValueError):
        raise BadInput("A panel has one row of numbers for each unit, all equally long.") from None
    if values.ndim != 2 or not np.all(np.isfinite(values)):
        raise BadInput("A panel has one row of numbers for each unit, all equally long, without gaps.")
    if isinstance(unit, str):
        if unit not in names:
            raise BadInput(
                f"There is no unit '{unit}'; units are: {', '.join(names) or 'numbered, as rows of an array'}."
            )
        return values, names.index(unit)
    if not 0 <= unit < values.shape[0]:
        raise BadInput(f"There is no unit {unit}; units are 0 to {values.shape[0] - 1}.")
    return values, unit
