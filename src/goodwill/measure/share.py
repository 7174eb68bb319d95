"""A share of some tries that came out well, with the range that it can be trusted to lie in."""

from dataclasses import dataclass
from math import sqrt

_Z = 1.959963984540054  # two-sided 95 %


@dataclass(frozen=True, slots=True)
class Share:
    """A share with its 95 % interval.

    Attributes:
        value, low, high: from 0 to 1; of no tries nothing is known: 0, from 0 to 1.
    """

    hits: int
    of: int
    value: float
    low: float
    high: float


def share(hits: int, of: int) -> Share:
    """A share with Wilson's score interval (Wilson, J. Am. Stat. Assoc. 22, 1927), which holds for few tries too.

    Args:
        hits: how many of the tries came out well, 0 to ``of``.
    """
    if not 0 <= hits <= of:
        raise ValueError(f"{hits} of {of} is no share")
    if not of:
        return Share(0, 0, 0.0, 0.0, 1.0)
    value, square = hits / of, _Z**2
    middle = (value + square / (2 * of)) / (1 + square / of)
    reach = _Z / (1 + square / of) * sqrt(value * (1 - value) / of + square / (4 * of**2))
    low = 0.0 if not hits else max(0.0, middle - reach)
    return Share(hits, of, value, low, 1.0 if hits == of else min(1.0, middle + reach))
