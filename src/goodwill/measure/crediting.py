"""What one person adds to the figures about channels: the messages and things shown that came before her orders.

A touch is a message that was sent, or something that a slot of a page showed. What lies in the days before a day of
purchase is a walk that ended in an order; touches after which nothing was bought in those days ended in none. Touches
of one channel in a row count as one, which changes nothing for the Markov chain.
"""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from goodwill.access import Frame, Log, View
from goodwill.measure.bought import TYPES, bought
from goodwill.people.types import TypeCode, event_type
from goodwill.purposes import MEASUREMENT, Category, Purpose
from goodwill.sums import Cells, Sums

Numbers = NDArray[np.int64]

SENT, SHOWN = (event_type(name).code for name in ("sent", "shown"))
MAIL, PAGE, REST = "mail", "page", "other slots"
CHANNELS: Final = 7  # that are told apart; an eighth digit is no touch
LONGEST: Final = 6  # touches of a walk that count, its last ones
_BASE: Final = CHANNELS + 1
_PATHS: Final = _BASE**LONGEST


@dataclass(frozen=True, kw_only=True)
class Walked:
    """Her walks, each as one cell of (ended in an order, the channels in order).

    Attributes:
        since, until: first and last day of orders that count. back: days that a touch stays in mind.
        slots: channel of each thing that slots showed, by the number under which the log knows it; both rising.
        channels: names; the first is the mail, the second what no slot of ours showed.
    """

    since: int
    until: int
    back: int
    channels: tuple[str, ...]
    slots: tuple[tuple[int, int], ...] = ()
    name: str = "walked"
    purpose: Purpose = MEASUREMENT
    categories: frozenset[Category] = field(default=frozenset({Category("purchases"), Category("engagement")}))
    types: tuple[TypeCode, ...] = (*TYPES, SENT, SHOWN)

    @property
    def shape(self) -> tuple[int, int]:
        return 2, _PATHS

    def part(self, view: View) -> Sums:
        return self._sums(np.zeros(len(view.events), np.int64), view.events)

    def whole(self, frame: Frame) -> Sums:
        return self._sums(frame.person, frame.events)

    def _sums(self, person: Numbers, events: Log) -> Sums:
        is_touch = np.isin(events.type, (SENT, SHOWN)) & (events.day <= self.until)
        orders = bought(person[~is_touch], events.where(~is_touch), self.until)
        span = self.until + 2
        days = np.unique(orders.person * span + orders.day)  # days of purchase, by person
        touch = _Touches(person[is_touch], events.day[is_touch], self._channel(events.where(is_touch)))
        to = np.searchsorted(days, touch.person * span + touch.day)
        comes = np.zeros(to.size, bool)
        there = to < days.size
        comes[there] = days[to[there]] // span == touch.person[there]
        bought_on = np.where(comes, days[np.minimum(to, max(days.size - 1, 0))] % span if days.size else 0, span * 2)
        ended = comes & (bought_on - touch.day <= self.back)
        # What may still end in an order is no walk yet; what ended before the window is of another.
        counts = np.where(
            ended, bought_on >= self.since, (touch.day >= self.since) & (touch.day <= self.until - self.back)
        )
        walks = _coded(touch.where(counts), to[counts], ended[counts])
        in_window = days % span >= self.since
        return Sums({
            "walks": Cells.of(self.shape, walks.ended * _PATHS + walks.code, np.ones(walks.code.size, np.int64)),
            "touched": int(np.unique(touch.person[counts]).size),
            "orders": int(in_window.sum()),
        })  # fmt: skip

    def _channel(self, events: Log) -> Numbers:
        """Of each touch, as a number; what a slot shows is known by the number of slot and thing."""
        found = np.where(events.type == SENT, 0, 1)
        if self.slots:
            known, channel = np.array(self.slots, np.int64).T
            at = np.minimum(np.searchsorted(known, events.reference), known.size - 1)
            ours = (events.type == SHOWN) & (known[at] == events.reference)
            found = np.where(ours, channel[at], found)
        return found.astype(np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class _Touches:
    person: Numbers
    day: Numbers
    channel: Numbers

    def where(self, chosen: NDArray[np.bool_]) -> "_Touches":
        return _Touches(self.person[chosen], self.day[chosen], self.channel[chosen])


@dataclass(frozen=True, slots=True, eq=False)
class _Coded:
    code: Numbers
    ended: Numbers


def _coded(touch: _Touches, to: Numbers, ended: NDArray[np.bool_]) -> _Coded:
    """Each walk as a number whose digits are its channels, from 1, the earliest first; touches stand in time."""
    # A walk is the touches of one person before one day of purchase, apart for those too early for it.
    walk = np.stack([touch.person, to, ended.astype(np.int64)])
    sort = np.lexsort((np.arange(to.size), *walk[::-1]))
    walk, channel = walk[:, sort], touch.channel[sort]
    begins = np.ones(sort.size, bool)
    begins[1:] = (walk[:, 1:] != walk[:, :-1]).any(axis=0)
    moves = begins.copy()
    moves[1:] |= channel[1:] != channel[:-1]
    walk, channel, begins = walk[:, moves], channel[moves], begins[moves]
    which = np.cumsum(begins) - 1
    walks = int(which[-1]) + 1 if which.size else 0
    ends = np.append(np.flatnonzero(begins)[1:], which.size)[:walks] if walks else np.zeros(0, np.int64)
    left = ends[which] - 1 - np.arange(which.size)  # touches that come after it in its walk
    kept = left < LONGEST
    code = np.zeros(walks, np.int64)
    np.add.at(code, which[kept], (channel[kept] + 1) * _BASE ** left[kept])
    return _Coded(code, walk[2][begins])


@dataclass(frozen=True, slots=True)
class Walks:
    """Different walks, and how often each ended in an order and in none."""

    paths: tuple[tuple[str, ...], ...]
    ended: tuple[int, ...]
    not_ended: tuple[int, ...]


def walks_of(sums: Sums, what: Walked) -> Walks:
    """The walks that the sums of `Walked` hold."""
    cells = sums.cells("walks")
    ended, code = np.unravel_index(cells.at, cells.shape)
    codes, place = np.unique(code, return_inverse=True)
    counts = np.zeros((2, codes.size), np.int64)
    np.add.at(counts, (ended, place), cells.values)
    return Walks(
        tuple(_names(int(one), what.channels) for one in codes), tuple(counts[1].tolist()), tuple(counts[0].tolist())
    )


def _names(code: int, channels: tuple[str, ...]) -> tuple[str, ...]:
    found: list[str] = []
    while code:
        code, digit = divmod(code, _BASE)
        found.append(channels[digit - 1])
    return tuple(reversed(found))
