"""How long a person waits for the program to answer at all."""

import statistics
import subprocess
import sys
import time
from collections.abc import Sequence

from benchmarks.rows import Figure, at_most

RUNS = 9


def run() -> list[Figure]:
    """Medians of whole processes, from the start to the end."""
    python = [sys.executable, "-c"]
    return [
        at_most("`import goodwill`", _seconds([*python, "import goodwill"]), "s", 0.5),
        at_most("`goodwill --help`", _seconds([sys.executable, "-m", "goodwill", "--help"]), "s", 0.6),
        Figure("Python itself, doing nothing", _seconds([*python, "pass"]), "s"),
    ]


def _seconds(command: Sequence[str]) -> float:
    return statistics.median(_once(command) for _ in range(RUNS))


def _once(command: Sequence[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


if __name__ == "__main__":
    for figure in run():
        print(f"{figure.name}: {figure.value:.3f} {figure.unit} {figure.target}")
