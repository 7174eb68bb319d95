"""Let a fitted inverse follow its totals through a small change, instead of inverting again."""

from dataclasses import replace

import numpy as np

from goodwill.learn.affinity import Affinity
from goodwill.learn.baskets import Numbers
from goodwill.sums import Whole

# A change that touches more items than this, or needs more vectors, is fitted anew: that is quicker then.
_TOUCHED, _VECTORS = 1_000, 100
_BLOCK = 512  # rows worked on at a time
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


def influence(model: Affinity, row: Numbers) -> float:
    """How much one person's data move the model at most: the largest change of what one item says about another.

    With v her items, P of the model with her, u = Pv and P′ = P + uuᵀ / (1 − vᵀu) of the one without her (Sherman and
    Morrison), it is max |P′ᵢⱼ/P′ⱼⱼ − Pᵢⱼ/Pⱼⱼ| over i ≠ j. Scores are sums of such terms.

    Args:
        model: one that counts her.
        row: her distinct items.

    Returns:
        From 0 on.
    """
    at = model.place[row]
    at = at[at >= 0]
    if not at.size:
        return 0.0
    moves = model.inverse[:, at].sum(axis=1)
    left = 1.0 - float(moves[at].sum())
    before = np.diagonal(model.inverse)
    after = before + moves**2 / left
    most = 0.0
    for begin in range(0, before.size, _BLOCK):
        some = slice(begin, begin + _BLOCK)
        rows = model.inverse[some]
        change = np.abs((rows + np.outer(moves[some], moves) / left) / after - rows / before)
        change[np.arange(change.shape[0]), np.arange(begin, begin + change.shape[0])] = 0.0
        most = max(most, float(change.max(initial=0.0)))
    return most
