"""What is like what, by the catalogue alone: so that a thing which nobody bought yet finds those whom it suits.

Two things are alike by the words that they share (kind, maker, the shop's own tags), the rarer the word the more: the
cosine of their words weighted by log(items / items with the word). A new thing is scored by how much of what is like it
a person buys: Σ sᵖ of hers over Σ sᵖ of all. How much the nearest things weigh (p) is tried out: some things are taken
as if nobody had bought them, and the lists made from the rest are judged by who did.

This is counting, and it was kept because it beats Add-EASE (Jeunen, Van Balen and Goethals, RecSys 2020) on groceries,
where G + αTᵀT would also ask for another inverse of all items (docs/suggestions.md has both).
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from goodwill.learn.affinity import LEAST
from goodwill.learn.baskets import Baskets, Numbers
from goodwill.learn.inverse import Floats
from goodwill.learn.purchases import OfPurchases
from goodwill.learn.ranking import MILLION, ndcg
from goodwill.learn.rows import rows
from goodwill.sums import Sums, Whole

if TYPE_CHECKING:
    from scipy.sparse import csr_array

POWERS: Final = (1, 2, 3, 4, 6)
HIDDEN: Final = 60  # things on trial, spread over the catalogue
_UNIT: Final = 256  # likeness is counted in this part of 1, so that a trial adds up alike everywhere
_PLACES: Final = 10
_PEOPLE: Final = 4_096  # at a time
_ITEMS: Final = 512


@dataclass(frozen=True, eq=False)
class Tags:
    """The words by which the catalogue knows each item.

    Attributes:
        item, tag: parallel, each pair once, sorted; names: of the tags, as (field, word).
        items: how many items there are.
    """

    item: Numbers
    tag: Numbers
    names: tuple[tuple[str, str], ...]
    items: int

    @cached_property
    def version(self) -> str:
        """Names what the catalogue says: 12 hexadecimal digits."""
        found = hashlib.sha256(self.item.astype("<i8").tobytes())
        found.update(self.tag.astype("<i8").tobytes())
        found.update("\0".join(word for name in self.names for word in name).encode())
        return found.hexdigest()[:12]

    @cached_property
    def rare(self) -> Floats:
        """How much each word weighs: log(items / items with it); shape (tags,)."""
        counts = np.bincount(self.tag, minlength=len(self.names))
        return np.asarray(np.log(max(1, self.items) / np.maximum(1, counts)))

    @cached_property
    def known(self) -> NDArray[np.bool_]:
        """Which items share a word with some others and not with all; shape (items,)."""
        counts = np.bincount(self.tag, minlength=len(self.names))
        telling = (counts > 1) & (counts < self.items)
        return np.asarray(np.bincount(self.item, weights=telling[self.tag], minlength=self.items) > 0)

    @cached_property
    def matrix(self) -> "csr_array[Any]":
        """Each item's words, of length 1; shape (items, tags)."""
        from scipy import sparse  # heavy to load

        weight = self.rare[self.tag]
        length = np.sqrt(np.bincount(self.item, weights=weight**2, minlength=self.items))
        at = np.bincount(self.item, minlength=self.items)
        starts = np.r_[0, np.cumsum(at)]
        values = weight / np.maximum(length[self.item], 1e-12)
        return sparse.csr_array((values, self.tag, starts), shape=(self.items, len(self.names)))

    def alike(self, some: Numbers, others: Numbers | None = None) -> Whole:
        """How alike items are, 0 to 256, shape (some, others or all items); nothing is like itself here."""
        matrix = self.matrix
        other = matrix if others is None else matrix[others]
        found: Whole = np.rint((matrix[some] @ other.T).toarray() * _UNIT).astype(np.int64)
        found[some[:, None] == (np.arange(self.items) if others is None else others)] = 0
        return found

    @cached_property
    def _alike_to_all(self) -> dict[int, Whole]:
        return {}

    def sums(self, power: int) -> Whole:
        """Σ sᵖ over all other items, for each item; worked out once."""
        if power not in self._alike_to_all:
            found = np.zeros(self.items, np.int64)
            for first in range(0, self.items, _ITEMS):
                some = np.arange(first, min(first + _ITEMS, self.items))
                found[some] = (self.alike(some) ** power).sum(axis=1)
            self._alike_to_all[power] = found
        return self._alike_to_all[power]

    def shared(self, one: int, other: int) -> tuple[str, str]:
        """The rarest word that two items share, as (field, word); two empty ones where they share none."""
        both = np.intersect1d(self.tag[self.item == one], self.tag[self.item == other])
        return self.names[int(both[np.argmax(self.rare[both])])] if both.size else ("", "")


def tags_of(said: Iterable[tuple[int, str, str]], items: int) -> Tags:
    """Tags from what the catalogue says, as (item, field, word)."""
    pairs = sorted(set(said))
    names = tuple(sorted({(name, word) for _, name, word in pairs}))
    number = {name: n for n, name in enumerate(names)}
    table = np.array(sorted((item, number[name, word]) for item, name, word in pairs), np.int64).reshape(-1, 2)
    return Tags(table[:, 0].copy(), table[:, 1].copy(), names, items)


NO_TAGS: Final = tags_of((), 0)


@dataclass(frozen=True, eq=False)
class LikeThings(OfPurchases):
    """What lists of things that are taken as new would have been worth under each power: nDCG@10, in millionths.

    The last figure is that of a list in random order, which a catalogue whose words tell something must beat.
    """

    name: str = "like-things"
    tags: Tags = field(kw_only=True)

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        return {"people": (1,), "ndcg": (len(POWERS) + 1,)}

    @cached_property
    def hidden(self) -> Numbers:
        """The items on trial."""
        known = np.flatnonzero(self.tags.known)
        if not known.size:
            return known
        return known[np.unique(np.linspace(0, known.size - 1, min(HIDDEN, -(-known.size // 3))).astype(np.int64))]

    @cached_property
    def _weights(self) -> list[Floats]:
        """What each item says of those on trial under each power; shape (items, hidden)."""
        alike = self.tags.alike(self.hidden).T.copy()
        alike[self.hidden] = 0
        return [alike**power / np.maximum(1, (alike**power).sum(axis=0)) for power in POWERS]

    def whole_of(self, baskets: Baskets) -> Sums:
        from scipy import sparse

        row, total, people = rows(baskets), np.zeros(len(POWERS) + 1, np.int64), 0
        for first in range(0, row.people if self.hidden.size else 0, _PEOPLE):
            some = row.between(first, min(first + _PEOPLE, row.people))
            x = sparse.csr_array((np.ones(some.item.size), some.item, some.starts), shape=(some.people, self.items))
            wanted = x[:, self.hidden].toarray() > 0
            counted = wanted.any(axis=1) & (wanted.sum(axis=1) < some.sizes)
            if not counted.any():
                continue
            x, wanted = x[np.flatnonzero(counted)], wanted[counted]
            people += int(wanted.shape[0])
            for n, weights in enumerate(self._weights):
                total[n] += _worth(-np.round(np.asarray(x @ weights), 10), wanted)
            total[-1] += _by_chance(wanted)
        return Sums(people=people, ndcg=total)

    def fit(self, sums: Sums, buyers: Whole) -> "Likeness":
        worth = sums.array("ndcg")
        best = int(np.argmax(worth[:-1]))
        return Likeness(self.tags, POWERS[best] if worth[best] > worth[-1] else 0, buyers < LEAST)


def _worth(order: NDArray[Any], wanted: NDArray[np.bool_]) -> int:
    first = np.argsort(order, axis=1, kind="stable")[:, :_PLACES]
    return int(ndcg(np.take_along_axis(wanted, first, axis=1), wanted.sum(axis=1)).sum())


def _by_chance(wanted: NDArray[np.bool_]) -> int:
    """What a list in random order is worth on average: each place holds a thing that is wanted with the same chance."""
    count, size = wanted.sum(axis=1), wanted.shape[1]
    discounts = 1 / np.log2(np.arange(2, min(size, _PLACES) + 2))
    ideal = np.cumsum(discounts)[np.minimum(count, discounts.size) - 1]
    return int(np.rint(MILLION * count / size * discounts.sum() / ideal).astype(np.int64).sum())


@dataclass(frozen=True, slots=True)
class Like:
    """What one thing that she buys says of a new one: its summand of the score, and the word that both share."""

    item: int
    weight: float
    shared: tuple[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class Likeness:
    """New things, by what is like them.

    Attributes:
        power: how much the nearest weigh; 0 where the catalogue's words tell nothing, and nothing is proposed.
        cold: items that fewer people bought than must share a thing before it is shown; shape (items,).
    """

    tags: Tags
    power: int
    cold: NDArray[np.bool_]

    def recommend(self, row: Numbers, count: int, *, barred: NDArray[np.bool_]) -> list[tuple[int, float]]:
        """The new things that suit somebody with these items best, with their scores; of equals the lower item."""
        some = np.flatnonzero(self.cold & ~barred & self.tags.known)
        row = row[self.tags.known[row]]
        if not self.power or not some.size or not row.size:
            return []
        of_hers = (self.tags.alike(some, row) ** self.power).sum(axis=1)
        scores = of_hers / np.maximum(1, self.tags.sums(self.power)[some])
        best = np.lexsort((some, -np.round(scores, 10)))[:count]
        return [(int(some[n]), float(scores[n])) for n in best.tolist() if scores[n] > 0]

    def explain(self, row: Numbers, item: int) -> list[Like]:
        """What each thing of hers says of a new one, weightiest first; the weights add up to its score."""
        alike = self.tags.alike(np.array([item]), row)[0] ** self.power
        weights = alike / max(1, int(self.tags.sums(self.power)[item]))
        order = [n for n in np.lexsort((row, -weights)).tolist() if weights[n] > 0]
        return [Like(int(row[n]), float(weights[n]), self.tags.shared(item, int(row[n]))) for n in order]
