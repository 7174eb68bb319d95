"""Learning what goes together, and forgetting one person of it, beside bare LAPACK and beside the peers."""

import statistics
import time
from collections.abc import Callable

import numpy as np
from scipy.linalg.lapack import dpotrf, dpotri

from benchmarks.beside import peers
from benchmarks.purchases import head, purchases
from benchmarks.rows import Figure, at_most
from goodwill.learn.affinity import Following, inner, shown
from goodwill.learn.baskets import Numbers, of_frame
from goodwill.learn.rows import Rows, pairs, rows
from goodwill.sums import Running, Sums, Whole

WEIGHT = 1_500.0
TURNS = 5


def run() -> list[Figure]:
    """Complete Journey's most bought products, one row a household."""
    frame, item_of, items = purchases("product")

    def of(size: int) -> Rows:
        return rows(of_frame(frame, head(frame, item_of, items, size), size))

    return [*_training(of(2_000)), *_training(of(5_000)), *_many_leave(of(2_000)), *_one_leaves(of(10_000))]


def _totals(of: Rows) -> Sums:
    return Sums(pairs=pairs(of), people=int(np.count_nonzero(of.sizes)))


# ---- learning --------------------------------------------------------------------------------------------------------


def _training(of: Rows) -> list[Figure]:
    """The best of turns taken one after the other, so that a busy moment hits neither."""
    sums, size = _totals(of), f"{of.items:,} items"
    ours, bare = _in_turn(lambda: inner(sums, WEIGHT), lambda: _bare(sums.array("pairs")))
    counting, floored = _in_turn(lambda: _totals(of), lambda: shown(sums, WEIGHT), turns=2)
    whole = counting + ours
    figures = [
        at_most(f"fit, {size}, beside LAPACK potrf + potri", ours / bare, "×", 1.3),
        Figure(f"fit, {size}", ours, "s"),
        Figure("… LAPACK alone", bare, "s"),
        Figure("… the model to show, without pairs of fewer than five people", floored, "s"),
        Figure(f"count and fit, {size}", whole, "s"),
    ]
    return [*figures, *_beside_peers(of, whole)]


def _beside_peers(of: Rows, whole: float) -> list[Figure]:
    """EASE does the same work; cosine neighbours are another, simpler model: LAPACK's two calls alone take longer."""
    found = peers(of, WEIGHT)
    if found is None:
        return []
    ease, cosine = (min(found[f"{name}_seconds"].tolist()) for name in ("ease", "cosine"))
    return [
        at_most("… beside RecTools' EASE", whole / ease, "×", 1.0),
        Figure("… RecTools' EASE", ease, "s"),
        Figure("… implicit's cosine neighbours", cosine, "s"),
    ]


def _bare(counts: Whole) -> float:
    """The two LAPACK calls and nothing else: seconds."""
    matrix = counts.astype(np.float64)
    matrix.flat[:: len(matrix) + 1] += WEIGHT
    start = time.perf_counter()
    dpotrf(matrix.T, lower=1, clean=0, overwrite_a=1)
    dpotri(matrix.T, lower=1, overwrite_c=1)
    return time.perf_counter() - start


def _in_turn(one: Callable[[], object], other: Callable[[], object], turns: int = TURNS) -> tuple[float, float]:
    """Least seconds of both; what returns seconds is believed."""
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(turns):
        for kept, task in zip(seconds, (one, other), strict=True):
            start = time.perf_counter()
            told = task()
            kept.append(told if isinstance(told, float) else time.perf_counter() - start)
    return min(seconds[0]), min(seconds[1])


# ---- forgetting ------------------------------------------------------------------------------------------------------


def _one_leaves(of: Rows, times: int = 40) -> list[Figure]:
    """Totals, hash and inverse at 10,000 items; whole-number equality with the total that never had them."""
    chance = np.random.default_rng(7)
    leaving = chance.choice(np.flatnonzero(of.sizes), times, replace=False)
    following = Following(Running(_totals(of)), WEIGHT)
    before = following.totals.hash
    seconds, scoring, told = [], [], before
    for person in leaving.tolist():
        start = time.perf_counter()
        following.model.scores(of.of(person))
        middle = time.perf_counter()
        following.forget(of.of(person))
        told = following.totals.hash
        seconds.append(time.perf_counter() - middle)
        scoring.append(middle - start)
    rebuilt = _totals(_without(of, leaving)).hash
    size = f"{of.items:,} items"
    return [
        at_most(f"forget one person, {size}: totals, hash, inverse (median of {times})", _ms(seconds), "ms", 50),
        Figure("… slowest", max(seconds) * 1e3, "ms"),
        _equal(f"… hashes equal to those of a total that never had these {times}", told == rebuilt and told != before),
        Figure(f"score one person, {size} (median)", _ms(scoring), "ms"),
    ]


def _many_leave(of: Rows, many: int = 1_000) -> list[Figure]:
    """A thousand people in random order, without a refit."""
    chance = np.random.default_rng(8)
    leaving = chance.permutation(np.flatnonzero(of.sizes))[:many]
    following = Following(Running(_totals(of)), WEIGHT)
    seconds = []
    for person in leaving.tolist():
        start = time.perf_counter()
        following.forget(of.of(person))
        seconds.append(time.perf_counter() - start)
    rest = _without(of, leaving)
    anew = inner(_totals(rest), WEIGHT)
    stayed = np.setdiff1d(np.flatnonzero(of.sizes), leaving)[:500].tolist()
    same = [following.model.recommend(of.of(p), 10) for p in stayed], [anew.recommend(of.of(p), 10) for p in stayed]
    lists = [[[one.item for one in line] for line in side] for side in same]
    off = np.abs(following.model.grown(anew.known).inverse - anew.grown(following.model.known).inverse).max()
    off /= np.abs(anew.inverse).max()
    size = f"{of.items:,} items"
    return [
        _equal(
            f"forget {many:,} people in random order, {size}: hash equal to the others'",
            following.totals.hash == _totals(rest).hash,
        ),
        Figure("… each (median)", _ms(seconds), "ms"),
        at_most("… largest error of the inverse against fitting anew, of its largest cell", float(off), "", 1e-9),
        _equal("… the same ten suggestions for 500 who stayed", lists[0] == lists[1]),
    ]


def _without(of: Rows, leaving: Numbers) -> Rows:
    stays = ~np.isin(of.person, leaving)
    starts = np.r_[0, np.cumsum(np.bincount(of.person[stays], minlength=of.people))]
    return Rows(starts, of.item[stays], of.items)


def _ms(seconds: list[float]) -> float:
    return statistics.median(seconds) * 1e3


def _equal(name: str, equal: bool) -> Figure:  # noqa: FBT001
    return Figure(name, int(equal), "(1: yes)", "= 1", equal)


if __name__ == "__main__":
    for figure in run():
        print(f"{figure.name}: {figure.value:.4g} {figure.unit} {figure.target}")
