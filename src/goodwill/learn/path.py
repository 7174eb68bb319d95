"""Which weight an affinity model needs: tried on visits that were set aside, along a path of weights at once.

A wrong weight makes suggestions worse than a list of best sellers, so it is never a constant. One eigendecomposition of
the shared pairs gives the scores under every weight: P = Q diag(1 / (w + λ)) Qᵀ. What each person's list would have
been worth under each weight is added up, in whole numbers, through the same door as everything else.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from goodwill.learn.baskets import Baskets, HoldBack, Numbers, learnt, tried
from goodwill.learn.inverse import Floats
from goodwill.learn.purchases import OfPurchases
from goodwill.learn.ranking import ndcg
from goodwill.learn.rows import CAP, rows
from goodwill.sums import Sums

WEIGHTS = (10.0, 30.0, 100.0, 200.0, 400.0, 700.0, 1000.0, 1500.0, 2000.0, 3000.0, 5000.0, 10_000.0)
HEAD = 800  # the items most people bought decide: the same weight wins with them as with all, at a tenth of the time
PLACES = 10


@dataclass(frozen=True, eq=False)
class Path(OfPurchases):
    """What lists of new things would have been worth under each weight: nDCG@10 on the visits set aside last.

    Attributes:
        cap: the most items a person contributes.
        head: the items tried, rising; values, vectors: eigendecomposition of their pairs, shapes (h,), (h, h).
        weights: on trial, rising.
    """

    name: str = "affinity-path"
    cap: int = CAP
    head: Numbers = field(default_factory=lambda: np.zeros(0, np.int64))
    values: Floats = field(default_factory=lambda: np.zeros(0))
    vectors: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    weights: tuple[float, ...] = WEIGHTS

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        return {"people": (1,), "ndcg": (len(self.weights),)}

    def whole_of(self, baskets: Baskets) -> Sums:
        """One person after another, so that a sum over people is what it says whoever asks for how many."""
        number = np.full(self.items, -1)
        number[self.head] = np.arange(self.head.size)
        ours = baskets.of_items(number, self.head.size)
        known = learnt(ours, self.hold_back)
        row, had, then = rows(known, self.cap), rows(known, None), rows(tried(ours, self.hold_back), None)
        people, worth = 0, np.zeros(len(self.weights), np.int64)
        shrink = 1 / (self.values + np.array(self.weights)[:, None])
        scale = shrink @ (self.vectors**2).T
        for person in np.flatnonzero(row.sizes * then.sizes).tolist():
            wanted = np.setdiff1d(then.of(person), had.of(person), assume_unique=True)
            if wanted.size:
                image = self.vectors[row.of(person)].sum(axis=0)
                scores = (shrink * image) @ self.vectors.T / -scale
                scores[:, had.of(person)] = -np.inf
                people += 1
                worth += _worth(scores, wanted)
        return Sums(people=people, ndcg=worth)

    def fit(self, sums: Sums) -> float:
        """The weight whose lists were worth most; of equals, and where nobody could be tried, the heaviest.

        The heavier the weight, the closer the scores come to plain counts of shared purchases: wrong, but never absurd.
        """
        worth = sums.array("ndcg")
        return max(weight for weight, of in zip(self.weights, worth.tolist(), strict=True) if of == worth.max())


def path(
    sums: Sums, item_of: Numbers, hold_back: Sequence[HoldBack], *, weights: Iterable[float] = WEIGHTS, cap: int = CAP
) -> Path:
    """The trial that belongs to totals of `BoughtTogether` with the same ``item_of``, ``hold_back`` and ``cap``."""
    from scipy.linalg import eigh  # heavy to load

    counts = sums.array("pairs")
    bought = np.diagonal(counts)
    head = np.sort(np.lexsort((np.arange(bought.size), -bought))[:HEAD])
    values, vectors = eigh(counts[np.ix_(head, head)].astype(np.float64), lower=False, driver="evd", check_finite=False)
    return Path(
        item_of, bought.size, tuple(hold_back),
        cap=cap, head=head, values=values, vectors=vectors, weights=tuple(sorted(weights)),
    )  # fmt: skip


def _worth(scores: Floats, wanted: Numbers) -> Numbers:
    """nDCG@10 of each line of scores, in millionths; of equals the lower item comes first."""
    places = min(PLACES, scores.shape[1])
    some = np.sort(np.argpartition(-scores, places - 1, axis=1)[:, :places], axis=1)
    order = np.argsort(-np.take_along_axis(scores, some, axis=1), axis=1, kind="stable")
    hits = np.isin(np.take_along_axis(some, order, axis=1), wanted)
    return ndcg(hits, np.full(len(scores), wanted.size))
