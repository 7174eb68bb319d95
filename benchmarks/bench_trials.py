"""What an experiment changed, of a million customers; and whether a score finds whom it moves, of a hundred thousand.

Beside SciPy's Welch test in the same run, which knows no past: what the past costs.
"""

import time
from collections.abc import Callable

import numpy as np
from scipy import stats

from benchmarks.rows import Figure, at_most
from goodwill import measure

TURNS = 5


def run() -> list[Figure]:
    """Half a million in each arm, with what they spent in the time before, in cents."""
    dice = np.random.default_rng(1)
    pre = dice.gamma(0.5, 4_000, (2, 500_000)).astype(np.int64)
    spent = (0.7 * pre).astype(np.int64) + dice.gamma(0.3, 4_000, (2, 500_000)).astype(np.int64)
    treated, control, before = spent[0], spent[1], (pre[0], pre[1])
    return [*_differences(treated, control, before), *_sums(treated, control, before), *_targeting(dice)]


def _differences(treated: np.ndarray, control: np.ndarray, pre: tuple[np.ndarray, np.ndarray]) -> list[Figure]:
    welch, scipys, cuped, lin = _in_turn(
        lambda: measure.difference(treated, control),
        lambda: stats.ttest_ind(treated, control, equal_var=False),
        lambda: measure.difference(treated, control, pre),
        lambda: measure.difference(treated, control, pre, method="lin"),
    )
    explained = measure.difference(treated, control, pre).explained or 0.0
    return [
        at_most("Welch, 1,000,000 customers, beside SciPy's", welch / scipys, "×", 3),
        Figure("… ours", welch * 1e3, "ms"),
        Figure("… with a past, CUPED", cuped * 1e3, "ms"),
        Figure("… with a past, Lin", lin * 1e3, "ms"),
        Figure("… variance that the past takes away", explained * 100, "%"),
    ]


def _sums(treated: np.ndarray, control: np.ndarray, pre: tuple[np.ndarray, np.ndarray]) -> list[Figure]:
    """Sixty looks at what grows: every look is as cheap as the first."""
    looks = [(end, end) for end in range(10_000, 500_001, 490_000 // 59)][:60]
    sums = [measure.Moments.of_rows(one, before) for one, before in zip((treated, control), pre, strict=True)]
    forming, answering, watching = _in_turn(
        lambda: measure.Moments.of_rows(treated, pre[0]),
        lambda: measure.difference_sums(sums[0], sums[1], relative=True),
        lambda: measure.confidence_sequence(treated, control, planned_n=1_000_000, looks=looks, pre=pre),
    )
    return [
        Figure("exact sums of 500,000 customers with a past", forming * 1e3, "ms"),
        at_most("… CUPED and lift from them", answering * 1e3, "ms", 1),
        Figure("60 looks at 1,000,000 customers with a past", watching * 1e3, "ms"),
    ]


def _targeting(dice: np.random.Generator, n: int = 100_000) -> list[Figure]:
    score, treated = dice.normal(size=n), dice.integers(0, 2, n)
    bought = (dice.random(n) < 0.1 + 0.05 * treated * (score > 0)).astype(float)
    spent = bought * dice.gamma(1, 20, n)
    yes_no, amounts = _in_turn(
        lambda: measure.uplift_curve(score, bought, treated),
        lambda: measure.uplift_curve(score, spent, treated),
        turns=2,
    )
    return [
        at_most("Qini, AUUC, uplift@k and 200 resamples, 100,000 customers", yes_no, "s", 2),
        Figure("… of amounts, Qini", amounts, "s"),
    ]


def _in_turn(*tasks: Callable[[], object], turns: int = TURNS) -> list[float]:
    """Least seconds of each; taken one after the other, so that a busy moment hits none alone."""
    seconds: list[list[float]] = [[] for _ in tasks]
    for _ in range(turns):
        for kept, task in zip(seconds, tasks, strict=True):
            start = time.perf_counter()
            task()
            kept.append(time.perf_counter() - start)
    return [min(kept) for kept in seconds]


if __name__ == "__main__":
    for figure in run():
        print(f"{figure.name}: {figure.value:.4g} {figure.unit} {figure.target}")
