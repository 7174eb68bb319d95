"""Draw a list towards the proportions in which somebody buys: not ten times dairy for whoever buys a little of all.

Calibrated recommendations (Steck, RecSys 2018): choose the list that is best by (1 − λ) · Σ score − λ · KL(p, q), where
p is the share of each kind in her history and q its share in the list, one place after another.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
_SMOOTH = 0.01  # of p in q, so that a kind that is not in the list yet has a finite divergence


def calibrated(
    scores: Floats, kinds: NDArray[np.int64], history: NDArray[np.int64], places: int, weight: float
) -> list[int]:
    """The places of the candidates to show, in the order in which they were chosen.

    Args:
        scores: of the candidates, best first, shape (n,).
        kinds: of each candidate, from 0; −1 where none is known, shape (n,).
        history: the kind of each thing that she bought, shape (m,).
        places: how many to choose.
        weight: λ, 0 to 1; 0 is the order as it comes.

    Returns:
        Indices into the candidates, at most ``places``.
    """
    known = history[history >= 0]
    if weight <= 0 or not known.size or not scores.size:
        return list(range(min(places, scores.size)))
    width = int(max(known.max(), kinds.max(initial=-1))) + 1
    wanted = np.bincount(known, minlength=width) / known.size
    worth = scores / scores.max() if scores.max() > 0 else scores
    chosen: list[int] = []
    shown = np.zeros(width)
    left = np.ones(scores.size, bool)
    for _ in range(min(places, scores.size)):
        gain = (1 - weight) * worth - weight * _divergences(wanted, shown, kinds, len(chosen) + 1)
        best = int(np.argmax(np.where(left, gain, -np.inf)))
        chosen.append(best)
        left[best] = False
        if kinds[best] >= 0:
            shown[kinds[best]] += 1
    return chosen


def _divergences(wanted: Floats, shown: Floats, kinds: NDArray[np.int64], size: int) -> Floats:
    """KL(p, q) of the list with each candidate added; shape (n,)."""
    some = wanted > 0

    def term(count: Floats) -> Floats:
        mixed = (1 - _SMOOTH) * count / size + _SMOOTH * wanted[some]
        return np.asarray(wanted[some] * np.log(wanted[some] / mixed))

    now, after = np.zeros(wanted.size), np.zeros(wanted.size)
    now[some], after[some] = term(shown[some]), term(shown[some] + 1)
    changed = np.where(kinds >= 0, (after - now)[np.maximum(kinds, 0)], 0.0)
    return np.asarray(now.sum() + changed)


# ---- the filter-bubble floor -----------------------------------------------------------------------------------------


def outside_wanted(count: int, percent: int) -> int:
    """How many of a list shall lie outside the kind she buys most; lists of fewer than five are left alone."""
    return 0 if count < 5 else -(-count * percent // 100)


def main_kind(kind: NDArray[np.int64], bought: NDArray[np.int64]) -> int:
    """The kind of most things she bought, counted by visit; −1 where no kind is known.

    Args:
        kind: of each item; −1 where none is known, shape (items,).
        bought: the item of each line.
    """
    kinds = kind[bought]
    kinds = kinds[kinds >= 0]
    return int(np.bincount(kinds).argmax()) if kinds.size else -1
