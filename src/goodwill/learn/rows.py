"""A person's row: the items she bought, each once, the latest when there are very many; and what rows share.

The cap bounds what any one person, or a business that buys for hundreds, weighs in what the shop knows.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from goodwill.learn.baskets import Baskets, Numbers, begins, from_zero
from goodwill.sums import Whole

CAP = 200  # distinct items a person
_DENSE_CELLS = 1 << 24  # float32 cells of one round: 64 MB, and every count stays exact below 2²⁴
_SPARSE_PAIRS = 1 << 24  # of one round
_DENSE_RATE, _SPARSE_RATE = 3e10, 1e8  # multiply-adds a second, measured on two cores; only the order matters


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Distinct items by person: those of person p are ``item[starts[p] : starts[p + 1]]``, rising."""

    starts: Numbers
    item: Numbers
    items: int

    @property
    def people(self) -> int:
        return self.starts.size - 1

    @property
    def sizes(self) -> Numbers:
        return np.diff(self.starts)

    @property
    def person(self) -> Numbers:
        return np.repeat(np.arange(self.people), self.sizes)

    def of(self, person: int) -> Numbers:
        return self.item[self.starts[person] : self.starts[person + 1]]

    def between(self, first: int, last: int) -> "Rows":
        """The rows of people ``first`` to ``last`` − 1, numbered from 0."""
        starts = self.starts[first : last + 1]
        return Rows(starts - starts[0], self.item[starts[0] : starts[-1]], self.items)


def rows(baskets: Baskets, cap: int | None = CAP) -> Rows:
    """Each person's distinct items.

    Args:
        cap: the most items a person; the last bought stay, of one visit those with lower numbers. None: no cap.
    """
    person = baskets.person[baskets.visit]
    key = person * max(baskets.items, 1) + baskets.item
    order = np.argsort(key, kind="stable")  # lines stand in the order of visits, so the last of equals is the latest
    last = order[begins(key[order][::-1])[::-1]]
    person, item, visit = person[last], baskets.item[last], baskets.visit[last]
    if cap is not None and np.bincount(person, minlength=1).max(initial=0) > cap:
        kept = _latest(person, visit, item, cap)
        person, item = person[kept], item[kept]
    starts = from_zero(np.bincount(person, minlength=baskets.people))
    return Rows(starts, item, baskets.items)


def _latest(person: Numbers, visit: Numbers, item: Numbers, cap: int) -> NDArray[np.bool_]:
    order = np.lexsort((item, -visit, person))
    sorted_person = person[order]
    rank = np.arange(order.size) - np.searchsorted(sorted_person, sorted_person)
    kept = np.zeros(order.size, bool)
    kept[order[rank < cap]] = True
    return kept


def pairs(of: Rows) -> Whole:
    """How many people have both items of each pair: the upper triangle of XᵀX, diagonal included, shape (items, items).

    Dense or sparse multiplication, whichever is quicker; both are exact.
    """
    dense = of.people * of.items**2 / 2 / _DENSE_RATE
    sparse = float((of.sizes**2).sum()) / _SPARSE_RATE
    return _dense_pairs(of) if dense < sparse else _sparse_pairs(of)


def _dense_pairs(of: Rows) -> Whole:
    from scipy.linalg.blas import ssyrk  # heavy to load

    total = np.zeros((of.items, of.items), np.int64)
    step = max(1, _DENSE_CELLS // max(of.items, 1))
    for first in range(0, of.people, step):
        some = of.between(first, min(first + step, of.people))
        x = np.zeros((some.people, some.items), np.float32)
        x[some.person, some.item] = 1
        total += ssyrk(1.0, x.T, lower=1).T.astype(np.int64)
    return total


def _sparse_pairs(of: Rows) -> Whole:
    from scipy import sparse

    total = np.zeros((of.items, of.items), np.int64)
    step = max(1, int(_SPARSE_PAIRS / max(1.0, float((of.sizes**2).mean())))) if of.people else 1
    for first in range(0, of.people, step):
        some = of.between(first, min(first + step, of.people))
        x = sparse.csr_array(
            (np.ones(some.item.size, np.int64), some.item, some.starts), shape=(some.people, some.items)
        )
        both = sparse.triu(x.T @ x).tocoo()
        total[both.row, both.col] += both.data
    return total
