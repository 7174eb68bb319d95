"""Let a fitted inverse follow its totals through a small change, instead of inverting again."""

from dataclasses import replace

import numpy as np

from goodwill.learn.affinity import Affinity
from goodwill.sums import Whole

# A change that touches more items than this, or needs more vectors, is fitted anew: that is quicker then.
_TOUCHED, _VECTORS = 1_000, 100
_NOTHING = 1e-9  # the change is in whole numbers: an eigenvalue this small is rounding


def moved(model: Affinity, pairs: Whole) -> Affinity | None:
    """The model of totals that differ a little from its own; None where fitting anew is quicker.

    With G′ = G + VWVᵀ (the change's eigenvectors on the items that it touches; one vector for one person),
    P′ = P − PV (W⁻¹ + VᵀPV)⁻¹ VᵀP (Woodbury). Nothing of the change is kept.

    Args:
        pairs: the new totals, upper triangle, shape (items, items).
    """
    differs = pairs != model.pairs
    touched = np.flatnonzero(differs.any(axis=0) | differs.any(axis=1))
    if not touched.size:
        return replace(model, pairs=pairs)
    if touched.size > _TOUCHED:
        return None
    model, some = model.grown(touched), np.ix_(touched, touched)
    upper = (pairs[some] - model.pairs[some]).astype(np.float64)
    weights, vectors = np.linalg.eigh(upper + np.triu(upper, 1).T)
    counted = np.abs(weights) > _NOTHING
    weights, vectors = weights[counted], vectors[:, counted]
    if weights.size > _VECTORS:
        return None
    from scipy.linalg.blas import dgemm  # heavy to load

    places = model.place[touched]
    reach = model.inverse[places].T @ vectors
    middle = np.diag(1 / weights) + vectors.T @ reach[places]
    inverse = model.inverse.copy()
    # C-ordered and symmetric, so its transpose is itself and LAPACK's column order costs nothing.
    dgemm(-1.0, reach, np.linalg.solve(middle, reach.T), beta=1.0, c=inverse.T, overwrite_c=True)
    return replace(model, inverse=inverse, pairs=pairs)
