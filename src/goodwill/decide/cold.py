"""Something that nobody bought yet, for whom it suits by the catalogue: at most one in a list, and told as that.

No person's data but her own stand behind it, so the floor of what enough people share has nothing to guard here.
"""

from functools import partial

import numpy as np
from numpy.typing import NDArray

from goodwill.decide.because import because_like
from goodwill.decide.decision import Reason
from goodwill.decide.proposal import Proposal
from goodwill.decide.shelf import Shelf
from goodwill.learn.likeness import Likeness

MOST = 1  # in a list


def cold_things(
    likeness: Likeness, shelf: Shelf, row: NDArray[np.int64], barred: NDArray[np.bool_], count: int
) -> list[Proposal]:
    """New things that are most like what she buys, best first.

    Args:
        row: what she bought, without what is sensitive or gives it away.
        barred: what is not to be shown to her, shape (items,).
    """

    def because(item: int) -> tuple[tuple[Reason, ...], float]:
        return because_like(likeness.explain(row, item), shelf.names)

    found = likeness.recommend(row, count, barred=barred)
    return [Proposal(item, "new", score, partial(because, item)) for item, score in found]


def with_a_cold_one(fresh: list[Proposal], cold: list[Proposal], places: int) -> list[Proposal]:
    """What is new, with a cold thing on the last place of two or more, or where too little else is new."""
    if not cold or places < 1 or (places == 1 and fresh):
        return fresh
    return [*fresh[: places - MOST], *cold[:MOST], *fresh[places - MOST :]]
