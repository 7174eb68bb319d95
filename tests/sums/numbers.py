"""Arrays of whole numbers, with a liking for the ends of 64 bits."""

import numpy as np
from hypothesis import strategies as st

from goodwill.sums import Cells

LEAST, MOST = -(2**63), 2**63 - 1
edges = [LEAST, LEAST + 1, LEAST // 2, -(2**32), -1, 0, 1, 2**32 - 1, 2**32, MOST // 2, MOST - 1, MOST]

shapes = st.lists(st.integers(0, 4), min_size=1, max_size=3).map(tuple)
numbers = st.sampled_from(edges) | st.integers(LEAST, MOST) | st.integers(-3, 3)


def arrays(shape, values=numbers):
    size = int(np.prod(shape))
    many = st.lists(values, min_size=size, max_size=size)
    return many.map(lambda drawn: np.array(drawn, np.int64).reshape(shape))


def cells_of(array):
    """The same array, written sparsely."""
    return Cells.of(array.shape, np.arange(array.size), array)


def fits(exact):
    return all(LEAST <= value <= MOST for value in exact.ravel())
