"""How good a ranked list is, in whole millionths, so that the judgement of many people is an exact sum too.

recall@k = hits / wanted. nDCG@k = DCG / ideal DCG with binary gains, DCG = Σ 1 / log2(rank + 1) over the hits, ideal:
min(k, wanted) hits in front (Järvelin & Kekäläinen, ACM TOIS 20(4), 2002). Models choose their settings by it;
`goodwill.measure.ranking` reports it.
"""

import numpy as np
from numpy.typing import NDArray

from goodwill.learn.baskets import Numbers

MILLION = 1_000_000


def discounts(k: int) -> Numbers:
    """1 / log2(rank + 1) for ranks 1 to ``k``, in millionths; shape (k,)."""
    return np.rint(MILLION / np.log2(np.arange(2, k + 2))).astype(np.int64)


def recall(hits: NDArray[np.bool_], wanted: Numbers) -> Numbers:
    """Recall of some lists, in millionths.

    Args:
        hits: whether each place of each list is wanted, shape (lists, k).
        wanted: how many items were wanted of each list, at least 1, shape (lists,).
    """
    return np.asarray((hits.sum(axis=1) * MILLION + wanted // 2) // wanted)


def ndcg(hits: NDArray[np.bool_], wanted: Numbers) -> Numbers:
    """The nDCG of some lists, in millionths; arguments as for `recall`."""
    k = hits.shape[1]
    weights = discounts(k)
    ideal = np.cumsum(weights)[np.minimum(wanted, k) - 1]
    return np.asarray(((hits * weights).sum(axis=1) * MILLION + ideal // 2) // ideal)
