"""How good ranked lists were for many people: recall and nDCG as exact sums, with standard errors.

Each person's figures are rounded to millionths, so that sums over people add and subtract like any other total; what
is lost is a ten-thousandth of the standard error. For the definitions see `goodwill.learn.ranking`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from goodwill.learn.baskets import Numbers
from goodwill.learn.ranking import MILLION, ndcg, recall
from goodwill.sums import Sums, Whole


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean over people and its standard error."""

    value: float
    error: float


@dataclass(frozen=True, slots=True)
class Score:
    """How good the lists of one method were.

    Attributes:
        recall: share of what was wanted that the list held, 0 to 1.
        ndcg: the same, more for hits in front, 0 to 1.
    """

    recall: Mean
    ndcg: Mean


def lists(person: Numbers, item: Numbers, score: NDArray[np.float64], people: int, places: int) -> Numbers:
    """Each person's best items, best first; of equals the lower item; −1 where there are no more.

    Args:
        person, item, score: parallel arrays, sorted by person.

    Returns:
        Items, shape (people, places).
    """
    order = np.lexsort((item, -score, person))
    first = np.searchsorted(person, np.arange(people))
    rank = np.arange(order.size) - first[person]
    best = np.full((people, places), -1)
    front = rank < places
    best[person[front], rank[front]] = item[order][front]
    return best


class Tally:
    """Figures of several methods for the same people, as they come.

    Args:
        methods: names; the last is what the others are compared with.
    """

    def __init__(self, methods: Sequence[str], places: int) -> None:
        self._methods, self._places = tuple(methods), places
        self._hits: list[NDArray[np.bool_]] = []
        self._wanted: list[int] = []

    def add(self, wanted: Numbers, *found: Numbers) -> None:
        """One person: the items she wanted (at least one), and the list of each method."""
        hits = np.zeros((len(self._methods), self._places), bool)
        for line, items in zip(hits, found, strict=True):
            line[: items.size] = (items[:, None] == wanted).any(axis=1)
        self._hits.append(hits)
        self._wanted.append(wanted.size)

    @property
    def sums(self) -> Sums:
        """Sums over people: figures, their squares, and the same of the differences to the last method."""
        hits = np.array(self._hits, bool).reshape(-1, len(self._methods), self._places)
        wanted = np.array(self._wanted, np.int64)
        out: dict[str, Whole | int] = {"people": wanted.size}
        for name, figure in (("recall", recall), ("ndcg", ndcg)):
            each = np.stack([figure(hits[:, n], wanted) for n in range(len(self._methods))], axis=1)
            beyond = each - each[:, -1:]
            out |= {name: each.sum(axis=0), f"{name}_squared": (each**2).sum(axis=0)}
            out |= {f"{name}_beyond": beyond.sum(axis=0), f"{name}_beyond_squared": (beyond**2).sum(axis=0)}
        return Sums(out)


def shapes(methods: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """The shapes of a `Tally`'s sums."""
    names = [
        f"{figure}{kind}" for figure in ("recall", "ndcg") for kind in ("", "_squared", "_beyond", "_beyond_squared")
    ]
    return {"people": (1,), **dict.fromkeys(names, (len(methods),))}


def scores(sums: Sums, methods: Sequence[str]) -> Mapping[str, Score]:
    """The score of each method from a `Tally`'s sums."""
    return {method: Score(_mean(sums, "recall", n), _mean(sums, "ndcg", n)) for n, method in enumerate(methods)}


def beyond(sums: Sums, methods: Sequence[str]) -> Mapping[str, Mean]:
    """By how much the nDCG of each method exceeds the last method's, person by person."""
    return {method: _mean(sums, "ndcg_beyond", n) for n, method in enumerate(methods[:-1])}


def _mean(sums: Sums, name: str, n: int) -> Mean:
    """Mean and standard error (s / √people, s with n − 1) from sums in millionths; nan where people are too few."""
    people = sums.number("people")
    total, squared = int(sums.array(name)[n]), int(sums.array(f"{name}_squared")[n])
    if not people:
        return Mean(float("nan"), float("nan"))
    spread = people * squared - total**2  # whole numbers of any length: nothing cancels
    error = (spread / people / (people - 1) / people) ** 0.5 if people > 1 else float("nan")
    return Mean(total / people / MILLION, error / MILLION)
