"""The measures on a million rows of invented numbers: how long an answer takes, in seconds of one processor."""

from collections.abc import Callable
from statistics import median
from time import process_time
from typing import Any

import numpy as np

from benchmarks.rows import Figure
from goodwill.measure.again import repeat_purchase, waiting
from goodwill.measure.cohort import cohorts
from goodwill.measure.engagement import visit_frequency
from goodwill.measure.perception import scale
from goodwill.measure.promoters import nps_of, nps_sums
from goodwill.measure.staying import rmst, survival

ROWS = 1_000_000


def run() -> list[Figure]:
    dice = np.random.default_rng(1)
    who, day = dice.integers(0, ROWS // 10, ROWS), dice.integers(0, 720, ROWS)
    amount = dice.integers(100, 10_000, ROWS)
    stay, seen = dice.exponential(400, ROWS).astype(np.int64), dice.integers(0, 720, ROWS)
    time, left = np.minimum(stay, seen), stay <= seen
    weeks = dice.integers(1, 53, ROWS)
    visits = dice.poisson(dice.gamma(0.5, 0.8, ROWS) * weeks)
    answers = np.clip(np.rint(4 + dice.normal(size=(ROWS, 1)) + dice.normal(size=(ROWS, 6))), 1, 7).astype(np.int64)
    score = dice.integers(0, 11, ROWS)

    def came_back() -> None:
        found = waiting(who, day, 719)
        repeat_purchase(found.duration, found.observed, found.followed, 90)

    return [
        _seconds("survival curve, median and intervals", lambda: survival(time, left)),
        _seconds("mean stay within a year", lambda: rmst(time, left, 365)),
        _seconds("repeat purchases, from purchases of 100,000 customers", came_back),
        _seconds("cohort grid of 24 × 24 amounts", lambda: cohorts(who, day, 719, amount=amount)),
        _seconds("visits per active week", lambda: visit_frequency(visits, weeks)),
        _seconds("scale of 6 items: score, α, ω", lambda: scale(answers, 1, 7)),
        _seconds("net promoter score", lambda: nps_of(nps_sums(score))),
    ]


def _seconds(name: str, act: Callable[[], Any]) -> Figure:
    taken = []
    for _ in range(3):
        begun = process_time()
        act()
        taken.append(process_time() - begun)
    return Figure(f"{name}, 1 M rows", median(taken), "CPU-s")
