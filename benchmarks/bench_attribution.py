"""Crediting channels: 10,000 distinct paths of 12 channels, with the intervals of 200 samples."""

import time
from collections.abc import Callable

import numpy as np

from benchmarks.rows import Figure, at_most
from goodwill.measure.credit import attribution, markov

PATHS, CHANNELS = 10_000, 12


def run() -> list[Figure]:
    """Processor seconds, the least of five."""
    random = np.random.default_rng(12)
    names = [f"channel {n}" for n in range(CHANNELS)]
    distinct: dict[tuple[str, ...], None] = {}
    while len(distinct) < PATHS:
        distinct[tuple(names[n] for n in random.integers(0, CHANNELS, random.integers(1, 9)))] = None
    paths = list(distinct)
    came, left = random.poisson(0.3, PATHS), random.poisson(3, PATHS)
    return [
        at_most(
            f"Markov, {PATHS:,} distinct paths, {CHANNELS} channels, 200 bootstraps",
            _least(lambda: markov(paths, came, left)), "CPU-s", 0.5,
        ),
        Figure("… beside six other ways, with intervals", _least(lambda: attribution(paths, came, left)), "CPU-s"),
    ]  # fmt: skip


def _least(what: Callable[[], object]) -> float:
    took = []
    for _ in range(5):
        start = time.process_time()
        what()
        took.append(time.process_time() - start)
    return min(took)
