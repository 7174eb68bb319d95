"""Who is told apart by two lengths of time: the people whose purchases lie in the one and not in the other.

Two figures of the same days, of which one reaches further back, differ by what was bought in the part beyond. Where few
people bought in it, or few count for nothing else, the difference is about them; so it is counted along with the rest.
"""

from collections.abc import Iterable, Sequence

import numpy as np

from goodwill.measure.bought import Numbers
from goodwill.sums import Sums


def earlier(length: int, usual: int, steps: Iterable[int]) -> tuple[int, ...]:
    """The lengths that one is held against: what is usually told, and all shorter ones. The usual one against none.

    Of any two lengths one is held against the other, so whichever of them were told, no two tell few people apart.
    """
    return () if length == usual else (usual, *(one for one in sorted(steps) if one < length and one != usual))


def apart(person: Numbers, day: Numbers, *, until: int, length: int, others: Sequence[int]) -> Sums:
    """How many people a length of time and each of some others tell apart.

    Args:
        person, day: of each thing that counts, shape (n,); also of those before the length.
        until: the last day. length, others: days up to it.

    Returns:
        ``beyond``: people with something in the one and not in the other; ``only``: those of them with nothing in both.
        Whole numbers, shape (k,) for k others; they add and can be subtracted. Nothing where there are no others.
    """
    if not others:
        return Sums({})
    told = [_apart(person, until - day, *sorted((length, other))) for other in others]
    beyond, only = np.array(told, np.int64).T
    return Sums({"beyond": beyond, "only": only})


def _apart(person: Numbers, ago: Numbers, short: int, long: int) -> tuple[int, int]:
    ring = np.unique(person[(ago >= short) & (ago < long)])
    inside = person[(ago >= 0) & (ago < short)]
    return int(ring.size), int((~np.isin(ring, inside)).sum())
