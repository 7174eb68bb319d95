"""Learning which of a few to show: one person's outcomes are taken into a total, and what is believed follows."""

from collections.abc import Callable
from time import perf_counter

import numpy as np

from benchmarks.rows import Figure, at_most
from goodwill.access.view import COLUMNS, Log, View
from goodwill.basics.clock import DAY
from goodwill.decide.lessons import OFFERS_WORK
from goodwill.decide.plan import USUAL_REWARDS
from goodwill.decide.reward import Place
from goodwill.learn.arms import fit, part, quantised
from goodwill.people.gentle import CLICKED, SHOWN
from goodwill.people.types import BOUGHT
from goodwill.purposes import OFFERS
from goodwill.storage import AsOf
from goodwill.sums import Running, Sums

ARMS, FEATURES, SHOWINGS, VISITS = 10, 12, 20, 60
TRIES = 300


def run() -> list[Figure]:
    """Medians of some hundred tries, in milliseconds."""
    return [
        at_most(
            f"settle one person of {SHOWINGS} showings and fit, {ARMS} arms × {FEATURES} features",
            _library(), "ms", 1.0
        ),
        at_most(f"from her events, with traits and rewards, before and after; {ARMS} offers", _shop(), "ms", 1.0),
        Figure(f"… of which to fit {ARMS} arms × {FEATURES} features", _fit(), "ms"),
    ]  # fmt: skip


def _library() -> float:
    dice = np.random.default_rng(1)
    parts = [_part(dice) for _ in range(TRIES + 1)]
    running = Running(parts[0])

    def once(n: int) -> None:
        running.replace(parts[n], parts[n + 1])
        fit(running.sums)

    return _median(once)


def _fit() -> float:
    total = _part(np.random.default_rng(2))
    return _median(lambda _: fit(total))


def _part(dice: np.random.Generator) -> Sums:
    features = quantised(dice.random((SHOWINGS, FEATURES)))
    return part(dice.integers(0, ARMS, SHOWINGS), features, quantised(dice.normal(size=SHOWINGS)), ARMS)


def _shop() -> float:
    about = np.zeros(500, bool)
    about[::7] = True
    places = tuple(Place("deals", f"offer-{n}", USUAL_REWARDS, about, 10**6) for n in range(ARMS))
    what = OFFERS_WORK.contribution(places)
    views = [_view(np.random.default_rng(n), places) for n in range(TRIES + 1)]
    running = Running(what.part(views[0]))

    def once(n: int) -> None:
        running.replace(what.part(views[n]), what.part(views[n + 1]))
        fit(running.sums)

    return _median(once)


def _view(dice: np.random.Generator, places: tuple[Place, ...]) -> View:
    """Somebody who came sixty times, was shown twenty offers and followed some."""
    day = np.sort(dice.integers(0, 400, VISITS + 2 * SHOWINGS))
    type_ = dice.permutation(np.repeat([BOUGHT, SHOWN, CLICKED], [VISITS, SHOWINGS, SHOWINGS]))
    number = np.array([place.number for place in places])[dice.integers(0, ARMS, day.size)]
    bought = type_ == BOUGHT
    values = {
        "id": np.arange(day.size), "type": type_, "at": day * DAY + np.arange(day.size), "day": day,
        "product": np.where(bought, dice.integers(0, 500, day.size), -1), "quantity": np.full(day.size, 1000),
        "amount": np.where(bought, 350, 0), "reference": np.where(bought, np.arange(day.size), number),
    }  # fmt: skip
    log = Log(*(values[name].astype(np.int64) for name in COLUMNS))
    return View(1, OFFERS, AsOf(0, 0, 0, 0), frozenset(), frozenset(), log)


def _median(once: Callable[[int], object]) -> float:
    took = []
    for n in range(TRIES):
        start = perf_counter()
        once(n)
        took.append(perf_counter() - start)
    return float(np.median(took)) * 1_000
