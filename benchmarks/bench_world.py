"""How long the world with known truth takes: people drawn and living, their records, and a whole database."""

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.rows import Figure, at_most
from goodwill.app import create_shop
from goodwill.basics.clock import DAY, Micros, day_number
from goodwill.simulate.world import Knobs, draw, effect_of_programme, live, mentions, orders, survey, touches
from goodwill.simulate.world.fill import fill

RUNS = 7
KNOBS = Knobs()  # 20,000 people, 13 + 26 weeks


def run() -> list[Figure]:
    """CPU seconds, medians of some runs: a busy neighbour takes the clock, but hardly these."""
    crowd = draw(KNOBS, 1)
    world = live(crowd)
    return [
        at_most("20,000 people, 39 weeks: drawn and lived, CPU", _cpu(lambda: live(draw(KNOBS, 1))), "s", 0.2),
        Figure("… their orders one by one, CPU", _cpu(lambda: orders(world)), "s"),
        Figure("… their touches one by one, CPU", _cpu(lambda: touches(world)), "s"),
        Figure("… a survey and all mentions, CPU", _cpu(lambda: (survey(world), mentions(world))), "s"),
        Figure("… the programme's true effect, from two worlds, CPU", _cpu(lambda: effect_of_programme(crowd)), "s"),
        Figure("200,000 people, 39 weeks: drawn and lived, CPU", _cpu(_large, runs=1), "s"),
        Figure("5,000 people straight into a shop on SQLite, CPU", _filled(5_000), "s"),
    ]


def _large() -> None:
    live(draw(Knobs(people=200_000), 1))


def _cpu(what: Callable[[], object], runs: int = RUNS) -> float:
    took = []
    for _ in range(runs):
        start = time.process_time()
        what()
        took.append(time.process_time() - start)
    return statistics.median(took)


def _filled(people: int) -> float:
    world = live(draw(Knobs(people=people), 1))
    end = Micros((day_number(world.knobs.start) + 7 * world.knobs.weeks) * DAY)
    with TemporaryDirectory() as folder, create_shop(Path(folder), clock=lambda: end, currency="EUR") as shop:
        return _cpu(lambda: fill(shop.database, shop.tools, world), runs=1)
