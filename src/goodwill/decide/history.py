"""What people bought, as the models count it: of everybody who asks at once, worked out together.

Most of what a choice costs is spent on starting many small calculations, so one for thirty people costs little more
than one for one; a choice made again later, alone, finds the same numbers to the last bit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from goodwill.access import View
from goodwill.decide.shelf import Shelf
from goodwill.learn.baskets import begins, grouped, items_of
from goodwill.learn.habits import SINCE, habits
from goodwill.learn.rows import rows
from goodwill.learn.usual import Judged, Usual
from goodwill.people.types import BOUGHT

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """What a person bought.

    Attributes:
        habits: how things stand between her and each item she ever bought, items rising. A visit is taken to be today;
            where her last is so long ago that the time since then tells nothing, the next is taken to follow the last.
        order: the habits' places, likeliest first.
        bought: the item of each line, visit by visit.
        row: her distinct items, rising, the latest where there are very many (`goodwill.learn.rows`).
        product: for each item, the product she took last.
    """

    habits: Judged
    order: Numbers
    bought: Numbers
    row: Numbers
    product: Mapping[int, int]

    def but_not(self, items: Numbers) -> "History":
        """The same where some items are no ground for anything else: she said that they are wrong about her."""
        if not items.size:
            return self
        return replace(self, bought=self.bought[~np.isin(self.bought, items)], row=self.row[~np.isin(self.row, items)])

    @property
    def items(self) -> Numbers:
        """Everything she ever bought, rising."""
        return self.habits.item


_NONE: Final = np.zeros(0, np.int64)
NOTHING_BOUGHT: Final = History(
    Judged(np.zeros(0), np.zeros((0, 5)), np.zeros((0, 6), np.int64)), _NONE, _NONE, _NONE, {}
)


def history_of(view: View, shelf: Shelf, usual: Usual, day: int) -> History:
    """What somebody bought, from her view; see `histories_of`."""
    return histories_of([view], shelf, usual, day)[0]


def histories_of(views: Sequence[View], shelf: Shelf, usual: Usual, day: int) -> list[History]:
    """What each of some people bought, from their views.

    Args:
        usual: what weighs their habits.
        day: the shop's day, on which they would come.
    """
    person, days, reference, product = _lines(views)
    item = items_of(product, shelf.item_of)
    baskets = grouped(person, len(views), days, reference, item, shelf.items)
    last = _last_days(baskets.day, baskets.starts, otherwise=day)
    found = habits(baskets, np.where(day - last <= SINCE[-1], day, last))
    judged, row = usual.judged(found), rows(baskets)
    order = np.lexsort((found.item, -judged.scores, found.person))
    edges = np.searchsorted(found.person, np.arange(len(views) + 1))
    order -= edges[found.person]  # each person's places from 0; the order keeps her habits together
    ends = np.searchsorted(baskets.visit, baskets.starts).tolist()
    items, latest = found.item.tolist(), _latest(person, item, product, shelf.items).tolist()
    return [
        History(
            judged.between(start, stop),
            order[start:stop],
            baskets.item[ends[n] : ends[n + 1]],
            row.of(n),
            dict(zip(items[start:stop], latest[start:stop], strict=True)),
        )
        for n, (start, stop) in enumerate(pairwise(edges.tolist()))
    ]


def _lines(views: Sequence[View]) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    """Person, day, reference and product of all that was bought, by person and time."""
    logs = [view.events for view in views]
    person = np.repeat(np.arange(len(logs)), [len(log) for log in logs])
    bought = np.concatenate([log.type for log in logs]) == BOUGHT
    day = np.concatenate([log.day for log in logs])
    reference = np.concatenate([log.reference for log in logs])
    product = np.concatenate([log.product for log in logs])
    if bought.all():
        return person, day, reference, product
    return person[bought], day[bought], reference[bought], product[bought]


def _last_days(day: Numbers, starts: Numbers, *, otherwise: int) -> Numbers:
    """The day of each person's last visit; another one for whoever never came."""
    came = starts[1:] > starts[:-1]
    found = np.full(came.size, otherwise, np.int64)
    found[came] = day[starts[1:][came] - 1]
    return found


def _latest(person: Numbers, item: Numbers, product: Numbers, items: int) -> Numbers:
    """The product taken last of each item by each person, in the order of person and item."""
    known = item >= 0
    key = person[known] * max(items, 1) + item[known]
    order = np.argsort(key, kind="stable")
    last = begins(key[order][::-1])[::-1]
    return np.asarray(product[known][order[last]])
