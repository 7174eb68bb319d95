"""How good the suggestions are on real groceries, beside simple counting and beside the peers, on the same visits."""

import time
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from benchmarks.beside import peers
from benchmarks.purchases import purchases, said_of, words_of
from benchmarks.rows import Figure, at_least, at_most
from goodwill.access import Frame
from goodwill.decide.companions import often
from goodwill.learn.affinity import BoughtTogether, shown
from goodwill.learn.baskets import Baskets, HoldBack, Numbers, learnt, of_frame, tried
from goodwill.learn.likeness import LikeThings, tags_of
from goodwill.learn.moment import BoughtByMoment
from goodwill.learn.popular import BoughtByMany
from goodwill.learn.purchases import OfPurchases
from goodwill.learn.rows import Rows, rows
from goodwill.measure.cost import cost_of_ways
from goodwill.measure.holdout import LEAST_VISITS, PLACES, Accuracy, accuracy
from goodwill.measure.ranking import Tally, beyond, scores
from goodwill.simulate.journey import ZONE
from goodwill.sums import Sums

FIFTH, LAST = (HoldBack.LAST_FIFTH,), (HoldBack.LAST_VISIT,)


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
        *_for_everybody(frame, item_of, items, types.weight),
        *_costs(frame, item_of, items),
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


def _for_everybody(frame: Frame, item_of: Numbers, items: int, weight: float) -> list[Figure]:
    """What whoever allows nothing gets: by the basket, by the hour; and what nobody bought yet, by the catalogue."""
    baskets = _common(of_frame(frame, item_of, items))
    before, then = learnt(baskets, LAST), tried(baskets, LAST)
    number = np.arange(baskets.items)
    pairs, many = (kind(number, baskets.items).whole_of(before) for kind in (BoughtTogether, BoughtByMany))
    together, popular = shown(pairs, weight), BoughtByMany(number, baskets.items).fit(many)
    extra = often(popular.visits / before.day.size, popular.people, weight)
    tally, chance = Tally(("companions", "popular"), PLACES), np.random.default_rng(1)
    starts = np.searchsorted(then.visit, np.arange(then.day.size + 1))
    for first, last in pairwise(starts.tolist()):
        if last - first < 2:
            continue
        mixed = chance.permutation(then.item[first:last])
        held, wanted = np.sort(mixed[: mixed.size // 2]), np.sort(mixed[mixed.size // 2 :])
        found = together.recommend(held, PLACES, scored=together.scores(held) + extra)
        best = popular.ranking[~np.isin(popular.ranking, held)][:PLACES]
        tally.add(wanted, np.array([one.item for one in found], np.int64), best)
    told, gain = scores(tally.sums, ("companions", "popular")), beyond(tally.sums, ("companions", "popular"))
    by_moment = BoughtByMoment(item_of, items, ZONE)
    everyone = BoughtByMany(item_of, items)
    moments = by_moment.fit(by_moment.whole(frame), everyone.fit(everyone.whole(frame)))
    visits, used = moments.late_visits, moments.better
    gained = float((moments.gains[0] * visits)[used].sum() / (moments.gains[2] * visits).sum())
    like = LikeThings(item_of, items, tags=tags_of(said_of(item_of), items))
    worth = like.whole(frame).array("ndcg") / max(1, like.whole(frame).number("people")) / 1e6
    return [
        at_least("rest of a basket from its half: companions, nDCG@10", told["companions"].ndcg.value, "", 0.155),
        Figure("… best sellers", told["popular"].ndcg.value, ""),
        Figure("… companions beyond best sellers", gain["companions"].value, f"± {gain['companions'].error:.4f}"),
        Figure("best sellers of the hour beyond those of all times, DCG@10", 100 * gained, "%"),
        Figure("… times of the week that have a list of their own", float(used.sum()), "of 8"),
        Figure("things nobody bought yet: by the catalogue, nDCG@10 among 60", float(worth[:-1].max()), ""),
        Figure("… with all that is alike weighing the same", float(worth[0]), ""),
        Figure("… in random order", float(worth[-1]), ""),
    ]


def _costs(frame: Frame, item_of: Numbers, items: int) -> list[Figure]:
    kinds, kind = np.unique([word or "" for word in words_of(item_of, items, "product_category")], return_inverse=True)
    baskets: dict[int, Baskets] = {}

    def totals(wanted: Sequence[OfPurchases]) -> list[Sums]:
        numbering = wanted[0].item_of
        if id(numbering) not in baskets:
            baskets[id(numbering)] = of_frame(frame, numbering, wanted[0].items)
        return [what.whole_of(baskets[id(numbering)]) for what in wanted]

    found = cost_of_ways(totals, item_of, items, np.where(kinds[kind] == "", -1, kind))
    return [Figure(f"cost of {one.way}: next basket, nDCG@10", one.ndcg, one.lost) for one in found.lines]


def _common(everything: Baskets) -> Baskets:
    """The items that count, as where the others are judged."""
    visits = np.bincount(learnt(everything, LAST).item, minlength=everything.items)
    common = visits >= LEAST_VISITS
    return everything.of_items(np.where(common, np.cumsum(common) - 1, -1), int(common.sum()))


def _peers(everything: Baskets, weight: float) -> list[Figure]:
    """The peers on first purchases: the same rows, the same visits set aside, the same judge."""
    baskets = _common(everything)
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
