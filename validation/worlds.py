"""The truth of the invented world, from crowds so large that chance hardly moves it; worked out once a process."""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from goodwill.basics.clock import DAY, day_number
from goodwill.measure.bought import Bought
from goodwill.measure.buying import Customers, HowOften, customers_of
from goodwill.simulate.world import (
    Crowd,
    Knobs,
    Survey,
    World,
    draw,
    effect_of_consent,
    effect_of_programme,
    live,
    survey,
    touches,
)
from goodwill.simulate.world.records import orders

Floats = NDArray[np.float64]
CROWDS = range(1_000_000, 1_000_003)  # seeds that no study uses
MANY = 200_000


def crowd_of(seed: int, people: int, **knobs: Any) -> Crowd:
    return draw(Knobs(people=people, **knobs), seed)


def spent(world: World) -> tuple[Floats, Floats]:
    """Of each person, from the launch on and before it."""
    return world.after * world.crowd.spend, world.before * world.crowd.spend


@cache
def programme() -> tuple[float, float]:
    """What the programme is worth a person, in 26 weeks; and what somebody outside it spends."""
    worth, outside = [], []
    for seed in CROWDS:
        crowd = crowd_of(seed, MANY)
        worth.append(effect_of_programme(crowd).spend.mean())
        outside.append(spent(live(crowd, programme=False))[0].mean())
    return float(np.mean(worth)), float(np.mean(outside))


@cache
def consent() -> float:
    """What a consent is worth a person at the programme's half-and-half mix."""
    return float(np.mean([effect_of_consent(crowd_of(seed, MANY)).spend.mean() for seed in CROWDS]))


@cache
def everybody() -> Survey:
    """The survey's answers of a large crowd, of whom all are asked who have not left."""
    return survey(live(crowd_of(CROWDS[0], MANY)))


@cache
def stays() -> tuple[float, float]:
    """The share that is still there after 13 weeks, and the weeks that somebody stays of the first 26."""
    lasted = np.concatenate([weeks(live(crowd_of(seed, MANY))) for seed in CROWDS])
    return float(np.mean(lasted > 13)), float(lasted.mean())


def weeks(world: World) -> NDArray[np.int64]:
    """Weeks from the launch on in which each person was there."""
    there: NDArray[np.int64] = world.present[:, world.knobs.weeks_before :].sum(axis=1, dtype=np.int64)
    return there


def bought(world: World) -> Bought:
    """All orders, as a shop's events tell them."""
    made = orders(world)
    day = made.at // DAY
    sort = np.lexsort((made.amount, day, made.person))
    return Bought(made.person[sort], day[sort], made.amount[sort], made.foreign[sort])


def kinds_of(bought: Bought, until: int) -> Customers:
    """The customers of some orders up to a day, as a shop's sums tell of them."""
    what = HowOften(until=until, currency="EUR")
    return customers_of(what._sums(bought.where(bought.day <= until)), what)  # noqa: SLF001 - nobody stands behind it


def day_of(world: World, week: int) -> int:
    """The first day of a week of a world."""
    return day_number(world.knobs.start) + 7 * week


def spent_by_week(world: World) -> Floats:
    """What everybody spent in each week, a person; shape (w,)."""
    return np.asarray(world.crowd.spend @ world.orders / len(world.crowd))


@cache
def credited() -> float:
    """The e-mail's share of credit by the Markov chain of a large crowd's paths."""
    from goodwill import measure

    paths, ended, not_ended = walks(live(crowd_of(CROWDS[0], MANY)))
    return float(measure.markov(paths, ended, not_ended, bootstraps=2).of("email").share)


def walks(world: World) -> tuple[list[tuple[str, ...]], list[int], list[int]]:
    """The channels of each person from the launch to the first order, or to the end, five of them at most."""
    from goodwill.simulate.world import CHANNELS

    launch, seen = world.knobs.weeks_before, touches(world)
    ordered = world.orders[:, launch:] > 0
    first = np.where(ordered.any(axis=1), ordered.argmax(axis=1) + launch, world.knobs.weeks)
    kept = (seen.week >= launch) & (seen.week <= first[seen.person])
    counts: dict[tuple[str, ...], list[int]] = {}
    person, channel = seen.person[kept], seen.channel[kept]
    cuts = np.flatnonzero(np.diff(person)) + 1
    for who, some in zip(np.split(person, cuts), np.split(channel, cuts), strict=True):
        if who.size:
            path = tuple(CHANNELS[each] for each in some[-5:])
            counts.setdefault(path, [0, 0])[0 if first[who[0]] < world.knobs.weeks else 1] += 1
    return list(counts), [one[0] for one in counts.values()], [one[1] for one in counts.values()]
