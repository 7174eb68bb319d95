"""What may be shown at all: things that can be had, and nothing from the kinds that the shop keeps discreet."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def discreet(words_of_items: Sequence[str], sensitive: Sequence[str]) -> NDArray[np.bool_]:
    """Which items are of a kind that is never suggested unasked.

    Args:
        words_of_items: all that names an item (its name, category and department), one text per item.
        sensitive: parts of words, in any case.

    Returns:
        One truth value per item.
    """
    parts = [part.casefold() for part in sensitive]
    return np.array([any(part in words.casefold() for part in parts) for words in words_of_items], dtype=bool)
