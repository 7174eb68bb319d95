"""Several questions at once: the more one asks, the more often chance alone says yes."""

from collections.abc import Sequence
from dataclasses import dataclass

from goodwill.basics.errors import BadInput
from goodwill.measure.estimate import LEVEL, check_level


@dataclass(frozen=True, slots=True)
class Several:
    """Answers that hold together.

    Attributes:
        p: adjusted; compare each with 1 − level. significant: which are below, in the order given.
    """

    p: tuple[float, ...]
    significant: tuple[bool, ...]


def holm(p: Sequence[float], level: float = LEVEL) -> Several:
    """p-values adjusted so that with this level none of them is wrong (Holm, Scand. J. Stat. 6, 1979).

    Args:
        p: of each question, 0 to 1; leave out what was refused.

    Raises:
        BadInput: one is no p-value.
    """
    if not all(0 <= one <= 1 for one in p):
        raise BadInput("A p-value lies between 0 and 1; leave out what was refused.")
    alpha, adjusted, least = 1 - check_level(level), [1.0] * len(p), 0.0
    for before, place in enumerate(sorted(range(len(p)), key=p.__getitem__)):
        least = max(least, min(1.0, p[place] * (len(p) - before)))
        adjusted[place] = least
    return Several(tuple(adjusted), tuple(one <= alpha for one in adjusted))
