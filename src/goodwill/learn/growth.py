"""A catalogue grows; totals grow with it by zeros, so that none has to be worked out anew for a new product."""

from collections.abc import Mapping

import numpy as np

from goodwill.basics.errors import BadInput
from goodwill.sums import Cells, Sums, Whole


def grown(sums: Sums, shapes: Mapping[str, tuple[int, ...]]) -> Sums:
    """The same sums in larger arrays: new items have been bought by nobody yet.

    Args:
        shapes: of every array, none smaller than it is; items keep their numbers and new ones come after.

    Raises:
        BadInput: an array would have to shrink, or the names differ.
    """
    if dict(shapes).keys() != dict(sums).keys():
        raise BadInput(f"These totals hold {', '.join(sums)}; wanted are {', '.join(shapes)}. Learn anew.")
    return Sums({name: _grown(sums[name], tuple(shapes[name]), name) for name in sums})


def _grown(part: Whole | Cells, shape: tuple[int, ...], name: str) -> Whole | Cells:
    if part.shape == shape:
        return part
    if len(shape) != len(part.shape) or any(new < old for new, old in zip(shape, part.shape, strict=True)):
        raise BadInput(f"The total '{name}' of shape {part.shape} does not fit into {shape}. Learn anew.")
    if isinstance(part, Cells):
        place = np.unravel_index(part.at, part.shape)
        return Cells(shape, np.ravel_multi_index(place, shape).astype(np.int64), part.values)
    larger = np.zeros(shape, part.dtype)
    larger[tuple(slice(size) for size in part.shape)] = part
    return larger
