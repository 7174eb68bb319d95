"""Which weight an affinity model needs: tried on visits that were set aside, along a path of weights at once.

A wrong weight makes suggestions worse than a list of best sellers, so it is never a constant. One eigendecomposition of
the shared pairs gives the inverse under every weight: P = Q diag(1 / (w + λ)) Qᵀ. What each person's list would have
been worth under each weight is added up, in whole numbers, through the same door as everything else.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from goodwill.learn.baskets import Baskets, HoldBack, Numbers, learnt, tried
from goodwill.learn.inverse import Floats
from goodwill.learn.purchases import OfPurchases
from goodwill.learn.ranking import ndcg
from goodwill.learn.rows import CAP, Rows, rows
from goodwill.sums import Sums

WEIGHTS = (10.0, 30.0, 100.0, 250.0, 600.0, 1500.0, 4000.0, 10_000.0)
HEAD = 800  # the items most people bought decide: about the same weight wins with them as with all, far sooner
PLACES = 10
_PEOPLE = 2_048  # at a time


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
    head: Numbers = field(kw_only=True)
    values: Floats = field(kw_only=True)
    vectors: Floats = field(kw_only=True)
    weights: tuple[float, ...] = field(kw_only=True)

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        return {"people": (1,), "ndcg": (len(self.weights),)}

    def whole_of(self, baskets: Baskets) -> Sums:
        number = np.full(self.items, -1)
        number[self.head] = np.arange(self.head.size)
        ours = baskets.of_items(number, self.head.size)
        known = learnt(ours, self.hold_back)
        some = (rows(known, self.cap), rows(known, None), rows(tried(ours, self.hold_back), None))
        people, worth = 0, np.zeros(len(self.weights), np.int64)
        for row, had, then in _in_turns(*some):
            wanted = _dense(then) & ~_dense(had)
            counted = wanted.any(axis=1) & (row.sizes > 0)
            people += int(np.count_nonzero(counted))
            for n, inverse in enumerate(self._inverses()):
                worth[n] += _worth(_scores(row, inverse)[counted], _dense(had)[counted], wanted[counted])
        return Sums(people=people, ndcg=worth)

    def fit(self, sums: Sums) -> float:
        """The weight whose lists are worth most.

        The worth changes smoothly with the logarithm of the weight, so the best lies at the top of the parabola through
        the best weight on trial and its neighbours. Where nobody could be tried it is the heaviest: the heavier the
        weight, the closer the scores come to plain counts of shared purchases, which are never absurd.
        """
        worth = sums.array("ndcg").astype(np.float64)
        best = int(np.flatnonzero(worth == worth.max())[-1])
        if not 0 < best < worth.size - 1:
            return self.weights[best]
        near = slice(best - 1, best + 2)
        x = np.log(self.weights[near])
        a, b, _ = np.polyfit(x - x[1], worth[near], 2)
        return float(np.exp(x[1] - b / (2 * a))) if a < 0 else self.weights[best]

    def _inverses(self) -> Iterator[Floats]:
        for weight in self.weights:
            scaled = self.vectors / np.sqrt(self.values + weight)
            yield scaled @ scaled.T


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
        cap=cap, head=head, values=np.maximum(values, 0), vectors=vectors, weights=tuple(sorted(weights)),
    )  # fmt: skip


def _in_turns(*several: Rows) -> Iterator[tuple[Rows, ...]]:
    people = several[0].people
    for first in range(0, people, _PEOPLE):
        yield tuple(some.between(first, min(first + _PEOPLE, people)) for some in several)


def _dense(some: Rows) -> NDArray[np.bool_]:
    out = np.zeros((some.people, some.items), bool)
    out[some.person, some.item] = True
    return out


def _scores(row: Rows, inverse: Floats) -> Floats:
    """Scores of all items for each person, shape (people, items); each line is added up alone."""
    from scipy import sparse

    x = sparse.csr_array((np.ones(row.item.size), row.item, row.starts), shape=(row.people, row.items))
    return np.asarray(x @ inverse) / -np.diagonal(inverse)


def _worth(scores: Floats, had: NDArray[np.bool_], wanted: NDArray[np.bool_]) -> int:
    """nDCG@10 of the best things that each person never had, added up in millionths; of equals the lower item first."""
    if not scores.size:
        return 0
    scores[had] = -np.inf
    places = min(PLACES, scores.shape[1])
    some = np.sort(np.argpartition(-scores, places - 1, axis=1)[:, :places], axis=1)
    order = np.argsort(-np.take_along_axis(scores, some, axis=1), axis=1, kind="stable")
    best = np.take_along_axis(some, order, axis=1)
    return int(ndcg(np.take_along_axis(wanted, best, axis=1), wanted.sum(axis=1)).sum())
