"""What may be shown at all: nothing from the kinds that the shop keeps discreet."""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def word_of(words_of_items: Sequence[str], sensitive: Sequence[str]) -> NDArray[np.int64]:
    """Which sensitive word names each item, by its place among them; −1 for none.

    Args:
        words_of_items: all that names an item (its name, category and department), one text per item.
        sensitive: parts of words, in any case.
    """
    parts = [part.casefold() for part in sensitive]
    any_of_them = re.compile("|".join(map(re.escape, parts)) if parts else r"(?!)")  # most items hold none
    texts = (words.casefold() for words in words_of_items)
    return np.array(
        [next(n for n, part in enumerate(parts) if part in text) if any_of_them.search(text) else -1 for text in texts],
        np.int64,
    )
