"""Suggestions for whoever told us what she likes and has bought little yet: what is bought most of the kinds she named.

Her answer counts in full until she buys; with each day on which she buys afterwards it has a fourth of the places less.
Her usual things keep theirs all along: what she does tells more than what she said once.
"""

from dataclasses import dataclass
from functools import cached_property, partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from goodwill.access import View
from goodwill.decide.because import because_told
from goodwill.decide.decision import Reason
from goodwill.decide.proposal import Proposal
from goodwill.decide.shelf import Shelf
from goodwill.learn.library import Models
from goodwill.learn.popular import Popular
from goodwill.people.taste import Taste
from goodwill.people.types import BOUGHT

KIND: Final = "told"  # what such a suggestion is called
HERS: Final = 1.0  # what her answer adds to the score of each thing of a kind that she named
LASTS: Final = 4  # days with a purchase, after which it does not count any more
ASKED: Final = 8  # kinds that she can choose from, at most
_LEAST_ASKED: Final = 2
_MAIN: Final = 3  # times as many of the kinds with most buyers are looked at
_SENSITIVE: Final = 0.1  # a kind of which so many things are sensitive, or give that away, is not asked about
_NOTHING: Final = 1e-9  # of variance

Mask = NDArray[np.bool_]
Numbers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Told:
    """Her answer on a shop's shelf."""

    taste: Taste
    shelf: Shelf
    popular: Popular

    @cached_property
    def inside(self) -> Mask:
        """Which items are of the kinds that she named, shape (items,)."""
        numbers = [n for n, name in enumerate(self.shelf.kinds) if name in self.taste.kinds]
        return np.isin(self.shelf.kind, numbers)

    def places(self, count: int, view: View) -> int:
        """How many of so many places her answer may have: all, and a fourth less with each day she bought since."""
        events = view.events
        days = np.unique(events.day[(events.type == BOUGHT) & (events.at > self.taste.at)]).size
        return count * max(0, LASTS - int(days)) // LASTS

    def share(self, item: int) -> float:
        """On how many visits an item was bought, of those of the item of its kind that was bought most; 0 to 1."""
        return float(self.popular.visits[item] / self._most[self.shelf.kind[item]])

    def proposals(self, barred: Mask, count: int) -> list[Proposal]:
        """What is bought most within the kinds that she named, best first: each kind's first things come first."""
        ranked = self.popular.ranking
        some = ranked[(self.inside & ~barred)[ranked]]
        shares = self.popular.visits[some] / self._most[self.shelf.kind[some]]
        best = some[np.argsort(-np.round(shares, 10), kind="stable")][:count]
        return [Proposal(item, KIND, HERS + self.share(item), partial(self._because, item)) for item in best.tolist()]

    def called(self, item: int) -> str:
        """The kind that an item is of."""
        return self.shelf.kinds[int(self.shelf.kind[item])]

    def _because(self, item: int) -> tuple[tuple[Reason, ...], float]:
        return because_told(self.called(item), HERS, self.share(item))

    @cached_property
    def _most(self) -> Numbers:
        """Of each kind, the visits of the item that was bought most, at least 1; shape (kinds,)."""
        most = np.ones(len(self.shelf.kinds), np.int64)
        ranked = self.popular.ranking[self.shelf.kind[self.popular.ranking] >= 0]
        np.maximum.at(most, self.shelf.kind[ranked], self.popular.visits[ranked])
        return most


# ---- what she is asked -----------------------------------------------------------------------------------------------


def kinds_to_ask(shelf: Shelf, models: Models, telling: Mask, *, most: int = ASKED) -> tuple[str, ...]:
    """The kinds of things that tell people apart best, those with most buyers first; none where fewer than two do.

    Each next kind is the one of which people buy most unlike each other beyond what the kinds before it tell: the
    largest variance that is left among the kinds with most buyers. That is a pivoted Cholesky factorisation of the
    covariance of how many things of each kind people buy (Higham, "Accuracy and Stability of Numerical Algorithms",
    2002, §10.3). It comes from the whole numbers of what people bought together, so it forgets as they do.

    Args:
        telling: items that give sensitive things away, shape (items,).
        most: how many kinds, 1 or more.

    Returns:
        At most so many names.
    """
    may = _may_be_asked(shelf, models.popular, telling)
    buyers = _by_kind(shelf, models.popular.people)
    main = np.lexsort((np.arange(buyers.size), -buyers))
    main = main[may[main]][: _MAIN * most]
    if main.size < _LEAST_ASKED:
        return ()
    chosen = _apart(_covariance(shelf, models)[np.ix_(main, main)], most)
    rest = [n for n in range(main.size) if n not in chosen]  # where nothing is left to tell, the most bought
    kept = sorted([*chosen, *rest][:most])
    return tuple(shelf.kinds[main[n]] for n in kept)


def _may_be_asked(shelf: Shelf, popular: Popular, telling: Mask) -> Mask:
    """Kinds of which something may be shown and hardly anything is sensitive, shape (kinds,)."""
    discreet = shelf.hidden | telling
    open_ = np.zeros(shelf.items, np.int64)
    open_[popular.ranking] = 1
    return (_by_kind(shelf, open_ * ~discreet) > 0) & _is_harmless(shelf, discreet)


def may_be_named(shelf: Shelf, telling: Mask, kind: str) -> bool:
    """Whether a kind that she named once may be offered to her again: it is still there, and still not sensitive."""
    return kind in shelf.kinds and bool(_is_harmless(shelf, shelf.hidden | telling)[shelf.kinds.index(kind)])


def _is_harmless(shelf: Shelf, discreet: Mask) -> Mask:
    """Kinds of which hardly any thing is discreet, shape (kinds,)."""
    things = _by_kind(shelf, np.ones(shelf.items, np.int64))
    return _by_kind(shelf, discreet.astype(np.int64)) < _SENSITIVE * np.maximum(1, things)


def _by_kind(shelf: Shelf, of_items: Numbers) -> Numbers:
    """Whole numbers of items added up by kind, shape (kinds,)."""
    found = np.zeros(len(shelf.kinds), np.int64)
    known = shelf.kind >= 0
    np.add.at(found, shelf.kind[known], of_items[known])
    return found


def _covariance(shelf: Shelf, models: Models) -> NDArray[np.float64]:
    """Of how many things of each kind a person bought, over the people counted; shape (kinds, kinds)."""
    pairs, kinds, people = models.together.pairs, len(shelf.kinds), max(1, models.people)
    one, other = np.nonzero(pairs)
    known = (shelf.kind[one] >= 0) & (shelf.kind[other] >= 0)
    one, other = one[known], other[known]
    counts = pairs[one, other]
    both = np.zeros((kinds, kinds), np.int64)
    np.add.at(both, (shelf.kind[one], shelf.kind[other]), counts)
    apart = one != other  # the pairs are an upper triangle: each of two things is counted for both
    np.add.at(both, (shelf.kind[other][apart], shelf.kind[one][apart]), counts[apart])
    mean = _by_kind(shelf, np.diagonal(pairs).astype(np.int64)) / people
    return np.asarray(both / people - np.outer(mean, mean))


def _apart(covariance: NDArray[np.float64], most: int) -> list[int]:
    """The variables that leave least variance, one after another; fewer where nothing is left."""
    left, chosen = covariance.copy(), list[int]()
    while len(chosen) < min(most, left.shape[0]):
        variance = np.round(np.diagonal(left), 9)
        variance[chosen] = 0
        best = int(np.argmax(variance))
        if variance[best] <= _NOTHING:
            break
        chosen.append(best)
        left -= np.outer(left[:, best], left[best]) / left[best, best]
    return chosen
