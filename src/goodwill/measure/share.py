"""A share of some tries that came out well, with the range that it can be trusted to lie in."""

from dataclasses import asdict, dataclass
from math import sqrt
from typing import Any

from goodwill.measure.estimate import LEVEL, Estimate, reach_of
from goodwill.measure.given import count


@dataclass(frozen=True, slots=True)
class Share:
    """A share with its interval, of 95 % where no other level was asked for.

    Attributes:
        value, low, high: from 0 to 1; of no tries nothing is known: 0, from 0 to 1.
    """

    hits: int
    of: int
    value: float
    low: float
    high: float

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def share(hits: int, of: int, level: float = LEVEL) -> Share:
    """A share with Wilson's score interval (Wilson, J. Am. Stat. Assoc. 22, 1927), which holds for few tries too.

    Args:
        hits: how many of the tries came out well, 0 to ``of``.
    """
    if not 0 <= hits <= of:
        raise ValueError(f"{hits} of {of} is no share")
    if not of:
        return Share(0, 0, 0.0, 0.0, 1.0)
    low, high = wilson(hits / of, of, level)
    return Share(hits, of, hits / of, low, high)


def wilson(value: float, of: float, level: float = LEVEL) -> tuple[float, float]:
    """Wilson's score interval of a share.

    Args:
        value: the share, 0 to 1.
        of: how many tries it is of, above 0; where tries hang together, how many independent ones they are worth.
    """
    square = reach_of(level) ** 2
    middle = (value + square / (2 * of)) / (1 + square / of)
    reach = sqrt(square) / (1 + square / of) * sqrt(value * (1 - value) / of + square / (4 * of**2))
    low = 0.0 if not value else max(0.0, middle - reach)
    return low, 1.0 if value == 1 else min(1.0, middle + reach)


def proportion(hits: int, of: int, level: float = LEVEL, *, nobody: str = "There was nobody to count.") -> Estimate:
    """A share as an estimate with Wilson's interval: a response rate, the use of the preference centre.

    Args:
        hits, of: whole numbers; ``hits`` at most ``of``.
        nobody: what to say where ``of`` is 0, when it is refused.

    Raises:
        BadInput: these are no such numbers.
    """
    of = count("of", of)
    hits = count("hits", hits, most=of)
    if not of:
        return Estimate.refuse(nobody, level=level)
    found = share(hits, of, level)
    error = sqrt(found.value * (1 - found.value) / of)
    return Estimate(value=found.value, low=found.low, high=found.high, standard_error=error, n=of, level=level)
