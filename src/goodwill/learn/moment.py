"""What is bought at this time of the week: popularity by part of the day, on working days and at the weekend.

A visit counts for one of eight cells, by the shop's own clock; a visit that came without a time of day counts for none.
What is bought in a cell is drawn towards what is bought at all times, by so many visits with the item (K) as make the
latest visits likeliest; and a cell is used only where its list would have met more of them than the list of all times.
The latest fifth of everybody's visits is counted apart for that, so both can be told from the total alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from goodwill.basics.clock import DAY, SECOND, Micros, moment
from goodwill.learn.baskets import Baskets, HoldBack, Numbers, of_frame, of_view, openings
from goodwill.learn.inverse import Floats
from goodwill.learn.popular import Popular
from goodwill.people.types import BOUGHT, TypeCode
from goodwill.purposes import MODEL_IMPROVEMENT, Category, Purpose
from goodwill.sums import Cells, Sums, Whole

if TYPE_CHECKING:
    from goodwill.access import Frame, Log, View

# From what hour on: morning, midday, evening; what is before and after is night.
_FROM: Final = np.array([5, 11, 16, 21])
CELLS: Final = 8
PLACES: Final = 10
PULLS: Final = (3.0, 10.0, 30.0, 100.0, 300.0, 1_000.0, 3_000.0, 1e9)  # K on trial; the last: as at all times
_SURE: Final = 1.645  # one-sided 95 %
RAISED: Final = 1.1  # a tenth more than at all times, or it is not told as a reason
_HOUR: Final = 3_600 * SECOND
_THURSDAY: Final = 3  # 1 January 1970
_SATURDAY: Final = 5
_NO_TIME: Final = (0, 12 * _HOUR)  # midnight and noon to the microsecond: where files know the day alone
_COUNTS: Final = ("early", "late", "people")


def cell_at(at: Micros, offset: int) -> int:
    """The cell of a moment.

    Args:
        offset: of the shop's clock from UTC, in microseconds.
    """
    return int(_cells(np.array([at + offset]))[0])


def _cells(local: Numbers) -> Numbers:
    hour = local % DAY // _HOUR
    part = (np.searchsorted(_FROM, hour, side="right") + 3) % 4  # 0 morning, 1 midday, 2 evening, 3 night
    weekend = (local // DAY + _THURSDAY) % 7 >= _SATURDAY
    return np.asarray(2 * part + weekend, np.int64)


@dataclass(frozen=True, eq=False)
class BoughtByMoment:
    """On how many visits of each cell each item was bought, early and late visits apart, and by how many people.

    Attributes:
        item_of, items: as for `goodwill.learn.purchases.OfPurchases`.
        zone: of the shop's clock.
    """

    item_of: Numbers
    items: int
    zone: ZoneInfo
    name: str = "bought-by-moment"
    purpose: Purpose = MODEL_IMPROVEMENT
    categories: frozenset[Category] = field(default=frozenset({Category("purchases")}))
    types: tuple[TypeCode, ...] = (BOUGHT,)

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Of the totals: visits by cell and item, people by cell and item; visits by cell, and all visits."""
        each = dict.fromkeys(_COUNTS, (CELLS, self.items))
        return {**each, "early_visits": (CELLS,), "late_visits": (CELLS,), "visits": (1,)}

    def part(self, view: "View") -> Sums:
        baskets = of_view(view, self.item_of, self.items)
        found = self._counted(np.zeros(len(view.events), np.int64), view.events, baskets)
        cells = {
            name: Cells.of((CELLS, self.items), found[name], np.ones(found[name].size, np.int64)) for name in _COUNTS
        }
        return Sums({**cells, **self._visits(found)})

    def whole(self, frame: "Frame") -> Sums:
        baskets = of_frame(frame, self.item_of, self.items)
        found = self._counted(frame.person, frame.events, baskets)
        size = CELLS * self.items
        cells = {name: np.bincount(found[name], minlength=size).reshape(CELLS, -1) for name in _COUNTS}
        return Sums({**cells, **self._visits(found)})

    def fit(self, sums: Sums, popular: Popular) -> "Moments":
        early, late, people = (sums.array(name) for name in _COUNTS)
        visits = sums.array("early_visits"), sums.array("late_visits")
        return Moments(early, late, people, *visits, sums.number("visits"), popular)

    def _visits(self, found: Mapping[str, Numbers]) -> dict[str, Whole | int]:
        cells = {name: np.bincount(found[name], minlength=CELLS) for name in ("early_visits", "late_visits")}
        return {**cells, "visits": int(found["visits"].size)}

    def _counted(self, person: Numbers, log: "Log", baskets: Baskets) -> dict[str, Numbers]:
        """Where something is to be counted: places in the tables, cells of visits."""
        cell = self._cells_of(person, log)
        late = baskets.turn() >= np.repeat(HoldBack.LAST_FIFTH.kept(baskets.visits), baskets.visits)
        timed = cell >= 0
        line_cell, line_late = cell[baskets.visit], late[baskets.visit]
        at = line_cell * self.items + baskets.item
        known = line_cell >= 0
        whose = baskets.person[baskets.visit][known] * (CELLS * max(self.items, 1)) + at[known]
        return {
            "early": at[known & ~line_late],
            "late": at[known & line_late],
            "people": np.unique(whose) % (CELLS * max(self.items, 1)),
            "early_visits": cell[timed & ~late],
            "late_visits": cell[timed & late],
            "visits": cell,
        }

    def _cells_of(self, person: Numbers, log: "Log") -> Numbers:
        """The cell of each visit, in the order of `Baskets`: by its first line; −1 where no time of day is known."""
        bought = log.type == BOUGHT
        if not bought.all():
            person, log = person[bought], log.where(bought)
        at = log.at[openings(person, log)]
        local = at + offsets(at, self.zone)
        return np.where(np.isin(local % DAY, _NO_TIME), -1, _cells(local))


def offsets(at: Numbers, zone: ZoneInfo) -> Numbers:
    """The shop's clock from UTC at some moments, in microseconds; looked up once for each hour."""
    hours, which = np.unique(at // _HOUR, return_inverse=True)
    away = [moment(Micros(hour * _HOUR)).astimezone(zone).utcoffset() for hour in hours.tolist()]
    found = np.array([int(one.total_seconds()) * SECOND if one is not None else 0 for one in away], np.int64)
    return found[which.reshape(-1)] if found.size else np.zeros(0, np.int64)


@dataclass(frozen=True, eq=False)
class Moments:
    """What is bought at each time of the week.

    Attributes:
        early, late: visits by cell and item, before everybody's last fifth and in it, shape (8, items).
        people: who bought it in the cell, shape (8, items).
        early_visits, late_visits: by cell, shape (8,).
        visits: how many there were, those without a time of day among them.
        popular: what is bought at all times.
    """

    early: Whole
    late: Whole
    people: Whole
    early_visits: Whole
    late_visits: Whole
    visits: int
    popular: Popular

    @cached_property
    def _rankings(self) -> dict[int, Numbers]:
        return {}

    @cached_property
    def overall(self) -> Floats:
        """The share of visits, at whatever time, on which each item was bought; shape (items,)."""
        return np.asarray(self.popular.visits / max(1, self.visits))

    @cached_property
    def pull(self) -> float:
        """K: by how many visits with the item a cell is drawn to all times; the likeliest on trial for the late visits.

        Visits are taken as Poisson counts, so what is not bought needs no sum of its own.
        """
        likely = [self._likelihood(pull) for pull in PULLS]
        return PULLS[int(np.argmax(likely))]

    @cached_property
    def gains(self) -> Floats:
        """By how much a list of each cell's own would have met the late visits better than that of all times.

        Of ten places each, hits discounted by place as in DCG, learnt from the early visits alone.

        Returns:
            Gain, its standard error (each hit a Poisson count) and the worth of the list of all times, by late visit;
            shape (3, 8).
        """
        plain, found = self._discounts(self._before), np.zeros((3, CELLS))
        own = _drawn(self.early, self.early_visits, self._before, self.pull)
        for cell in range(CELLS):
            differs = self._discounts(own[cell]) - plain
            late, visits = self.late[cell], max(1, int(self.late_visits[cell]))
            found[:, cell] = late @ differs, np.sqrt(late @ differs**2), late @ plain
            found[:, cell] /= visits
        return found

    @cached_property
    def better(self) -> NDArray[np.bool_]:
        """In which cells its own list is used: where it is better for sure (one-sided 95 %)."""
        return np.asarray(self.gains[0] > _SURE * self.gains[1])

    @cached_property
    def shares(self) -> Floats:
        """The share of visits in each cell on which each item is bought, drawn to all times; shape (8, items)."""
        return _drawn(self.early + self.late, self.early_visits + self.late_visits, self.overall, self.pull)

    def ranking(self, cell: int) -> Numbers:
        """Items that may be shown, the likeliest of this time first; of equals the order of all times."""
        if cell not in self._rankings:
            plain = self.popular.ranking
            self._rankings[cell] = plain[np.argsort(-np.round(self.shares[cell][plain], 10), kind="stable")]
        return self._rankings[cell]

    def raised(self, cell: int, item: int) -> bool:
        """Whether an item is bought noticeably more often at this time, by enough people to say so."""
        more = self.shares[cell, item] >= RAISED * self.overall[item]
        return bool(more and self.people[cell, item] >= self.popular.least)

    @cached_property
    def _before(self) -> Floats:
        """The share of early visits on which each item was bought; shape (items,)."""
        return np.asarray(self.early.sum(axis=0) / max(1, int(self.early_visits.sum())))

    def _likelihood(self, pull: float) -> float:
        shares = _drawn(self.early, self.early_visits, self._before, pull)
        some = np.nonzero(self.late)
        met = self.late[some] * np.log(np.maximum(shares[some], 1e-9))
        return float(met.sum() - (self.late_visits * shares.sum(axis=1)).sum())

    def _discounts(self, shares: Floats) -> Floats:
        """What a hit is worth on each item's place in the list of these shares; 0 for what is not in it."""
        plain = self.popular.ranking
        first = plain[np.argsort(-np.round(shares[plain], 10), kind="stable")][:PLACES]
        worth = np.zeros(shares.size)
        worth[first] = 1 / np.log2(np.arange(2, first.size + 2))
        return worth


def _drawn(counts: Whole, visits: Whole, towards: Floats, pull: float) -> Floats:
    """The share of each cell's visits on which each item was bought, drawn to other shares.

    With E the visits on which it would be bought at those shares, it is (bought + K) / (E + K) times as often: the mean
    of a Poisson rate under a gamma prior (DuMouchel 1999).
    What is bought rarely is drawn far, what is bought often less.
    """
    expected = visits[:, None] * towards
    return np.asarray(towards * (counts + pull) / (expected + pull))
