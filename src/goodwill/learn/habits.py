"""When people buy a thing again: each visit after the first purchase is a chance, taken or left.

How often she bought it, how long ago, how often lately, and how long since her last visit: these alone say what chance
there was, in whole numbers, so that a person's history is a handful of counts. Nothing depends on today: a chance is
one of the person's own visits.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from goodwill.learn.baskets import Baskets, Numbers, begins, from_zero

# Edges of the bins, chosen on the last but one visit of the Complete Journey households, never on the last. A bin holds
# what is at least its lower edge. Rates are visits with the item in a thousand visits so far.
RATE = (5, 10, 15, 25, 35, 50, 75, 110, 165, 250, 365, 540, 800)
COARSE_RATE = (25, 50, 110, 250, 540)
SINCE = (1, 2, 4, 7, 10, 14, 21, 28, 42, 60, 90, 150)  # days since the last purchase
GAP = (1, 3, 8)  # days since the last visit, whatever was bought: what is fetched in between differs from the big shop
WINDOW = 20  # visits that count as lately
LATELY = 8  # so many purchases lately, or more

RATES, COARSE_RATES, SINCES, GAPS = len(RATE) + 1, len(COARSE_RATE) + 1, len(SINCE) + 1, len(GAP) + 1
_ROWS = 1 << 18  # chances worked on at a time: the arrays of one round stay in the processor's cache


def _bins(edges: tuple[int, ...], top: int) -> NDArray[np.int32]:
    """The bin of every whole number from 0 to ``top``: looking up is several times faster than searching."""
    return np.searchsorted(edges, np.arange(top + 1), side="right").astype(np.int32)


_RATE_BIN, _SINCE_BIN, _GAP_BIN = _bins(RATE, 1000), _bins(SINCE, SINCE[-1]), _bins(GAP, GAP[-1])
COARSE_OF_RATE = np.searchsorted(COARSE_RATE, (0, *RATE), side="right").astype(np.int32)


@dataclass(frozen=True, slots=True, eq=False)
class Habits:
    """How things stand between some people and the items they have bought, at one moment of each person.

    Attributes (parallel arrays, sorted by person and item):
        person, item: who and what.
        times: visits with the item; visits: all visits so far; lately: visits with the item among the last ``WINDOW``.
        since: days since she bought it; gap: days since she last came.
    """

    person: Numbers
    item: Numbers
    times: Numbers
    visits: Numbers
    lately: Numbers
    since: Numbers
    gap: Numbers

    @property
    def rate_bin(self) -> NDArray[np.int32]:
        return _RATE_BIN[self.times * 1000 // np.maximum(self.visits, 1)]

    @property
    def since_bin(self) -> NDArray[np.int32]:
        return _SINCE_BIN[np.minimum(self.since, SINCE[-1])]

    @property
    def lately_bin(self) -> Numbers:
        return np.minimum(self.lately, LATELY)

    @property
    def gap_bin(self) -> NDArray[np.int32]:
        return _GAP_BIN[np.minimum(self.gap, GAP[-1])]


def habits(baskets: Baskets, today: Numbers) -> Habits:
    """Each person's habits on a day of hers.

    Args:
        today: one day a person; a day before her last visit counts as that visit's.
    """
    series = _series(baskets)
    visits = baskets.visits[series.person]
    last_visit = baskets.starts[1:][series.person] - 1
    now = np.maximum(today[series.person], baskets.day[last_visit] if last_visit.size else 0)
    ends = np.append(series.at, series.visit.size)[1:]
    recent = series.visit >= np.repeat(last_visit + 1 - WINDOW, ends - series.at)
    count = from_zero(recent)
    return Habits(
        person=series.person,
        item=series.item,
        times=ends - series.at,
        visits=visits,
        lately=count[ends] - count[series.at],
        since=now - baskets.day[series.visit[ends - 1]],
        gap=now - baskets.day[last_visit],
    )


# ---- all chances, in rounds ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Chances:
    """Some chances, each as the number of the cell it counts in.

    Attributes:
        cell: (((rate, since), lately), taken) in C order; shape (n,).
        item: (((item, coarse rate), gap), taken) in C order; shape (n,).
    """

    cell: Numbers
    item: Numbers


@dataclass(frozen=True, slots=True, eq=False)
class _Series:
    """The purchases of one item by one person, series after series.

    Attributes:
        at: where each series starts in ``visit``; person, item: of each series.
        visit: of each purchase, rising within a series.
    """

    at: Numbers
    person: Numbers
    item: Numbers
    visit: Numbers


def _series(baskets: Baskets) -> _Series:
    person = baskets.person[baskets.visit]
    key = person * max(baskets.items, 1) + baskets.item
    order = np.argsort(key, kind="stable")
    at = np.flatnonzero(begins(key[order]))
    return _Series(at, person[order][at], baskets.item[order][at], baskets.visit[order])


def chances(baskets: Baskets) -> Iterator[Chances]:
    """Every chance of every person, in rounds of about ``_ROWS``.

    A chance is an item bought before and a later visit of the same person; the counts behind it are those of the
    moment just before that visit.
    """
    series = _series(baskets)
    opening = series.visit[series.at]
    lengths = baskets.starts[1:][series.person] - opening
    days = baskets.day.astype(np.int64)
    gap = np.zeros(days.size, np.int32)
    gap[1:] = _GAP_BIN[np.clip(np.diff(days), 0, GAP[-1])]
    upto = np.cumsum(lengths)
    start = 0
    while start < lengths.size:
        behind = int(upto[start - 1]) if start else 0
        stop = max(start + 1, int(np.searchsorted(upto, behind + _ROWS, side="right")))
        yield _round(baskets, series, slice(start, stop), lengths[start:stop], gap)
        start = stop


def _round(baskets: Baskets, series: _Series, some: slice, lengths: Numbers, gap: NDArray[np.int32]) -> Chances:
    """The chances of some series.

    A series is laid out as one row a visit, from its first purchase (which is no chance) to the person's last visit;
    running counts along the rows give what was known before each.
    """
    last = series.at[some.stop] if some.stop < series.at.size else series.visit.size
    bought_at = series.visit[series.at[some.start] : last]
    purchases = np.diff(np.r_[series.at[some], last])
    opening = bought_at[series.at[some] - series.at[some.start]]
    row = np.cumsum(lengths) - lengths  # of each series' first purchase

    taken = np.zeros(int(lengths.sum()), np.int32)
    taken[bought_at + np.repeat(row - opening, purchases)] = 1
    visit = np.arange(taken.size, dtype=np.int32) + _spread(opening - row, lengths)
    count = np.cumsum(taken, dtype=np.int32)
    before = count - taken
    base = _spread(before[row], lengths)  # purchases of the series laid out earlier
    old = np.zeros_like(count)
    old[WINDOW + 1 :] = count[: -WINDOW - 1]
    lately = np.minimum(before - np.maximum(old, base), LATELY)

    turn = visit - _spread(baskets.starts[:-1][series.person[some]], lengths)
    rate = _RATE_BIN[(before - base) * 1000 // np.maximum(turn, 1)]
    since = _SINCE_BIN[np.clip(_days_since(taken, baskets.day[visit].astype(np.int32)), 0, SINCE[-1])]
    chance = np.ones(taken.size, bool)
    chance[row] = False
    cell = ((rate * SINCES + since) * (LATELY + 1) + lately) * 2 + taken
    item = ((_spread(series.item[some], lengths) * COARSE_RATES + COARSE_OF_RATE[rate]) * GAPS + gap[visit]) * 2 + taken
    return Chances(cell[chance].astype(np.int64), item[chance].astype(np.int64))


def _spread(values: Numbers, lengths: Numbers) -> NDArray[Any]:
    """One value a series, repeated for its rows."""
    return np.repeat(values.astype(np.int32), lengths)


def _days_since(taken: NDArray[np.int32], day: NDArray[np.int32]) -> NDArray[np.int32]:
    """Days from the last purchase before each row; every series opens with a purchase, so none looks into another."""
    rows = np.arange(taken.size, dtype=np.int32)
    last = np.maximum.accumulate(np.where(taken == 1, rows, 0))
    since = np.zeros_like(day)
    since[1:] = day[1:] - day[last[:-1]]
    return since
