"""The inverse that an affinity model consists of: made by LAPACK, kept up to date when one person leaves or joins."""

import numpy as np
from numpy.typing import NDArray

from goodwill.basics.errors import BadInput
from goodwill.learn.baskets import Numbers
from goodwill.sums import Whole

Floats = NDArray[np.float64]
_TILE = 512  # two tiles of doubles fit the second-level cache
_ROWS = 16


def inverse(pairs: Whole, weight: float) -> Floats:
    """(G + weight · I)⁻¹ by Cholesky (LAPACK potrf, potri, in place); symmetric, shape (n, n).

    Args:
        pairs: upper triangle of G, whole numbers.
        weight: > 0.

    Raises:
        BadInput: G + weight · I is not positive definite, so it is no Gram matrix or the weight is too small.
    """
    from scipy.linalg.lapack import dpotrf, dpotri  # heavy to load

    if weight <= 0:
        raise BadInput(f"The weight of an affinity model is above 0, not {weight:g}.")
    matrix = pairs.astype(np.float64)
    if not matrix.size:
        return matrix
    matrix.flat[:: matrix.shape[0] + 1] += weight
    # LAPACK counts by columns: our upper triangle is its lower one, so nothing has to be turned round.
    _, failed = dpotrf(matrix.T, lower=1, clean=0, overwrite_a=1)
    failed = failed or dpotri(matrix.T, lower=1, overwrite_c=1)[1]
    if failed:
        raise BadInput(f"These totals are no sums of people's rows, or the weight {weight:g} is too small for them.")
    mirror(matrix)
    return matrix


def floored(pairs: Whole, least: int) -> Whole:
    """A Gram matrix without pairs that fewer than ``least`` people share, as whole numbers, upper triangle.

    Left out alone, such pairs would leave no Gram matrix: on grocery baskets its lowest eigenvalue is about −800, of
    the size of a good weight. So each count that is left out is added to the diagonal of both its items, as if those
    people had bought them apart: what is added to G is then the Laplacian of a graph, which is never negative, and the
    sum of each row stays. It suggests as well as the nearest Gram matrix does, without an eigendecomposition.
    """
    rare = np.triu(np.where(pairs < least, pairs, 0), 1)
    out = pairs - rare
    out.flat[:: out.shape[0] + 1] += rare.sum(axis=0) + rare.sum(axis=1)
    return out


def mirror(matrix: Floats) -> None:
    """Copy the upper triangle to the lower one, in place and tile by tile."""
    size = matrix.shape[0]
    for top in range(0, size, _TILE):
        block = matrix[top : top + _TILE, top : top + _TILE]
        lower = np.tril_indices(block.shape[0], -1)
        block[lower] = block.T[lower]
        for left in range(top + _TILE, size, _TILE):
            matrix[left : left + _TILE, top : top + _TILE] = matrix[top : top + _TILE, left : left + _TILE].T


def without(matrix: Floats, row: Numbers) -> None:
    """Take one person's row out of an inverse, in place: (G − xxᵀ + λI)⁻¹ = P + (Px)(Px)ᵀ / (1 − xᵀPx).

    Sherman & Morrison (1950); one pass over the matrix. The row must be in it, or the result means nothing.
    """
    _rank_one(matrix, row, sign=1)


def within(matrix: Floats, row: Numbers) -> None:
    """Take one person's row into an inverse, in place."""
    _rank_one(matrix, row, sign=-1)


def _rank_one(matrix: Floats, row: Numbers, *, sign: int) -> None:
    from scipy.linalg.blas import dger

    if not row.size:
        return
    image = sum_of_rows(matrix, row)
    image /= np.sqrt(1 - sign * float(image[row].sum()))
    dger(sign, image, image, a=matrix.T, overwrite_a=1)  # symmetric to the last bit: multiplication commutes


def sum_of_rows(matrix: Floats, row: Numbers) -> Floats:
    """The sum of some rows of a matrix, a few at a time: copies of all would not fit the cache."""
    total = np.zeros(matrix.shape[1])
    for first in range(0, row.size, _ROWS):
        total += matrix[row[first : first + _ROWS]].sum(axis=0)
    return total
