"""How good the suggestions are on real groceries, beside simple counting and beside the peers, on the same visits."""

import time

import numpy as np

from benchmarks.beside import peers
from benchmarks.purchases import purchases
from benchmarks.rows import Figure, at_least, at_most
from goodwill.learn.baskets import Baskets, HoldBack, Numbers, learnt, of_frame, tried
from goodwill.learn.rows import Rows, rows
from goodwill.measure.holdout import LEAST_VISITS, PLACES, Accuracy, accuracy
from goodwill.measure.ranking import Tally, scores
from goodwill.sums import Sums

FIFTH = (HoldBack.LAST_FIFTH,)


def run() -> list[Figure]:
    """Complete Journey, last basket and last fifth of visits set aside; types as in the demo, then categories."""
    frame, item_of, items = purchases("type")
    start = time.perf_counter()
    types = accuracy(frame, item_of, items)
    seconds = time.perf_counter() - start
    few = purchases("type", full=False)
    start = time.perf_counter()
    accuracy(*few)
    seconds_of_few = time.perf_counter() - start
    return [
        at_least("next basket, types: usual + new, nDCG@10", types.usual_new.ndcg.value, "", 0.255),
        at_least("… beyond own frequency + best sellers", types.gain.value, f"± {types.gain.error:.4f}", 0.0),
        *_compared("types", types),
        at_least("first purchases, types: affinity, nDCG@10", types.affinity.ndcg.value, "", 0.160),
        Figure("… best sellers", types.popular_new.ndcg.value, ""),
        Figure("… affinity beyond best sellers", types.gain_new.value, f"± {types.gain_new.error:.4f}"),
        *_peers(of_frame(frame, item_of, items), types.weight),
        *_categories(),
        at_most("all of it, 2,469 households", seconds, "s", 10),
        at_most("all of it, 801 households", seconds_of_few, "s", 4),
    ]


def _compared(level: str, found: Accuracy) -> list[Figure]:
    methods = {
        "usual": found.usual,
        "own frequency + best sellers": found.counting,
        "best sellers": found.popular,
    }
    recall = Figure(f"next basket, {level}: usual + new, recall@10", found.usual_new.recall.value, "")
    figures = [
        Figure(f"next basket, {level}: {name}, nDCG@10", score.ndcg.value, "") for name, score in methods.items()
    ]
    return [
        *figures,
        recall,
        *(Figure(f"… {name}, recall@10", score.recall.value, "") for name, score in methods.items()),
    ]


def _categories() -> list[Figure]:
    found = accuracy(*purchases("category"))
    return [
        Figure("next basket, categories: usual + new, nDCG@10", found.usual_new.ndcg.value, ""),
        *_compared("categories", found)[:3],
        Figure("first purchases, categories: affinity, nDCG@10", found.affinity.ndcg.value, ""),
        Figure("… best sellers", found.popular_new.ndcg.value, ""),
    ]


def _peers(everything: Baskets, weight: float) -> list[Figure]:
    """The peers on first purchases: the same rows, the same visits set aside, the same judge."""
    visits = np.bincount(learnt(everything, (HoldBack.LAST_VISIT,)).item, minlength=everything.items)
    common = visits >= LEAST_VISITS
    baskets = everything.of_items(np.where(common, np.cumsum(common) - 1, -1), int(common.sum()))
    before = learnt(baskets, FIFTH)
    had, then = rows(before, None), rows(tried(baskets, FIFTH), None)
    found = peers(had, weight)
    if found is None:
        return []
    named = {
        "ease": f"RecTools EASE, λ {weight:.0f} as ours",
        "ease_default": "RecTools EASE, λ 500",
        "cosine": "implicit cosine",
    }
    told = scores(_judged(had, then, [found[name].astype(np.int64) for name in named]), tuple(named))
    return [Figure(f"… {word}", told[name].ndcg.value, "") for name, word in named.items()]


def _judged(had: Rows, then: Rows, best: list[Numbers]) -> Sums:
    tally = Tally(tuple(str(n) for n in range(len(best))), PLACES)
    for person in np.flatnonzero(had.sizes * then.sizes).tolist():
        wanted = np.setdiff1d(then.of(person), had.of(person), assume_unique=True)
        if wanted.size:
            tally.add(wanted, *(lists[person] for lists in best))
    return tally.sums


if __name__ == "__main__":
    for figure in run():
        print(f"{figure.name}: {figure.value:.4f} {figure.unit} {figure.target}")
