"""What the shop's systems write down of a world: orders and touches one by one, with the faults that records have."""

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from goodwill.basics.clock import DAY, SECOND, day_number
from goodwill.basics.errors import BadInput
from goodwill.simulate.world.knobs import CHANNELS
from goodwill.simulate.world.noise import Bools, Ints, Source, hashed, uniform_of
from goodwill.simulate.world.weeks import World

WEEK = 7 * DAY
_HALF = WEEK // 2  # messages come in the first half of a week, the orders that they cause in the second
_LATEST = 21 * DAY


@dataclass(frozen=True, eq=False)
class Orders:
    """Order records in the order in which they arrived; parallel arrays of m records.

    Attributes:
        person: who ordered, shape (m,).
        week: in which, shape (m,).
        at: when, µs UTC, shape (m,).
        arrived: when the record came, µs UTC, at ``at`` or up to three weeks later, shape (m,).
        amount: minor units of the currency it was paid in, shape (m,).
        foreign: whether that is the foreign currency, shape (m,).
        number: 63-bit number of the order; a record that comes twice has the same number twice, shape (m,).
    """

    person: Ints
    week: Ints
    at: Ints
    arrived: Ints
    amount: Ints
    foreign: Bools
    number: Ints

    def __len__(self) -> int:
        return self.person.size


def orders(world: World) -> Orders:
    """The records of all orders that the shop sees. Those of people who are no longer tracked are missing."""
    seed, knobs = world.crowd.seed, world.knobs
    person, week, which = _spread(np.where(world.visible, world.orders, 0))
    cell = (person, week, which)
    at = _monday(knobs.start) + week * WEEK + _HALF + _seconds(uniform_of(seed, Source.ORDER_TIME, *cell))
    at = np.where(uniform_of(seed, Source.ORDER_TIES, *cell) < knobs.ties, at // DAY * DAY + DAY // 2, at)
    delay = (uniform_of(seed, Source.ORDER_DELAY, *cell) * (_LATEST // SECOND)).astype(np.int64) * SECOND
    arrived = at + np.where(uniform_of(seed, Source.ORDER_LATE, *cell) < knobs.late, delay, 0)
    foreign = world.crowd.foreign[person]
    paid = world.crowd.spend[person] * np.where(foreign, knobs.rate, 1.0)
    number = (hashed(seed, Source.ORDER_KEY, *cell) >> np.uint64(1)).astype(np.int64)
    made = Orders(person, week, at, arrived, np.rint(paid * 100).astype(np.int64), foreign, number)
    return _as_they_came(made, uniform_of(seed, Source.ORDER_TWICE, *cell) < knobs.duplicates)


def _as_they_came(made: Orders, twice: Bools) -> Orders:
    place = np.concatenate([np.arange(len(made)), np.flatnonzero(twice)])
    place = place[np.lexsort((made.number[place], made.arrived[place]))]
    return Orders(*(getattr(made, name)[place] for name in Orders.__dataclass_fields__))


@dataclass(frozen=True, eq=False)
class Touches:
    """Messages that reached people, person by person in the order of time; parallel arrays of m touches.

    Attributes:
        person: whom it reached, shape (m,).
        week: in which, shape (m,).
        channel: index into `CHANNELS`, shape (m,).
        at: when, µs UTC; before the orders of its week, shape (m,).
    """

    person: Ints
    week: Ints
    channel: NDArray[np.int8]
    at: Ints

    def __len__(self) -> int:
        return self.person.size


def touches(world: World) -> Touches:
    """All touches that the shop sees."""
    seen = np.ascontiguousarray(np.moveaxis(world.exposures & world.visible, 0, 2))
    person, week, channel = np.unravel_index(np.flatnonzero(seen), seen.shape)
    inside = _seconds(
        uniform_of(world.crowd.seed, Source.TOUCH_TIME, (person * world.knobs.weeks + week) * 3 + channel)
    )
    # Nearly in order already, which a stable sort makes use of: only within a week may they stand otherwise.
    order = np.argsort((person * world.knobs.weeks + week) * WEEK + inside, kind="stable")
    at = _monday(world.knobs.start) + week * WEEK + inside
    return Touches(person[order], week[order], channel[order].astype(np.int8), at[order])


def last_touch(world: World, *, back: int = 4) -> NDArray[np.int64]:
    """Orders from the launch on that each channel is credited with by the last touch before them.

    It says who stood nearest, not who caused anything: retargeting reaches those who would have ordered anyway.

    Args:
        back: weeks that a touch stays in mind, at least 1; the week of the order is the first.

    Returns:
        Orders of each of `CHANNELS`, and last those without any touch, shape (4,).

    Raises:
        BadInput: fewer than 1 week.
    """
    if back < 1:
        raise BadInput(f"A touch stays in mind for 1 week or more; got {back}.")
    knobs, seen = world.knobs, touches(world)
    latest = np.full(world.orders.shape, -1, dtype=np.int64)
    latest[seen.person, seen.week] = (
        seen.week * len(CHANNELS) + seen.channel
    )  # of a week the last, as they stand in time
    latest = np.maximum.accumulate(latest, axis=1)
    fresh = (latest >= 0) & (np.arange(knobs.weeks) - latest // len(CHANNELS) < back)
    credited = np.where(fresh, latest % len(CHANNELS), len(CHANNELS))
    counted = np.where(world.visible, world.orders, 0)
    after = np.s_[:, knobs.weeks_before :]
    credit = np.bincount(credited[after].ravel(), weights=counted[after].ravel(), minlength=len(CHANNELS) + 1)
    return np.rint(credit).astype(np.int64)


@dataclass(frozen=True, eq=False)
class Look:
    """What a live dashboard shows after each week from the launch on, by arm; a of two: control, programme.

    Attributes:
        people: entered by then and recorded, shape (weeks, 2).
        orders: of them since their entry, shape (weeks, 2).
        spend: major units, shape (weeks, 2).
        spend_squared: sum over people of the square of what each spent since entry, shape (weeks, 2).
    """

    people: Ints
    orders: Ints
    spend: NDArray[np.float64]
    spend_squared: NDArray[np.float64]


def looks(world: World) -> Look:
    """Weekly looks at the running experiment, of whom the records know: sums that a sequential method takes up."""
    weeks = np.arange(world.knobs.weeks_before, world.knobs.weeks)
    mine = np.where(world.visible & (np.arange(world.knobs.weeks) >= world.crowd.entry[:, None]), world.orders, 0)
    so_far = np.cumsum(mine, axis=1, dtype=np.int64)[:, world.knobs.weeks_before :]
    money = so_far * world.crowd.spend[:, None]
    arms = np.stack([~world.programme & world.recorded, world.programme & world.recorded]).astype(np.float64)
    entered = (world.crowd.entry[:, None] <= weeks).astype(np.float64)
    people, ordered, spent, squared = (one.T @ arms.T for one in (entered, so_far.astype(np.float64), money, money**2))
    return Look(np.rint(people).astype(np.int64), np.rint(ordered).astype(np.int64), spent, squared)


def _spread(counts: NDArray[np.int16]) -> tuple[Ints, Ints, Ints]:
    """Person, week and which of the week's orders, a row for each order."""
    person, week = np.nonzero(counts)
    times = counts[person, week].astype(np.int64)
    which = np.arange(times.sum()) - np.repeat(np.cumsum(times) - times, times)
    return np.repeat(person, times), np.repeat(week, times), which


def _seconds(chance: NDArray[np.float64]) -> Ints:
    """Whole seconds of half a week, in µs."""
    return (chance * (_HALF // SECOND)).astype(np.int64) * SECOND


def _monday(start: date) -> int:
    return day_number(start) * DAY
