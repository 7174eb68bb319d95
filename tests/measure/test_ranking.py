"""Recall and nDCG are those of the definitions, and their sums give the mean and error of the single figures."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodwill.learn.ranking import discounts, ndcg, recall
from goodwill.measure.ranking import Tally, beyond, lists, scores, shapes

METHODS = ("ours", "counting")
judged = st.tuples(st.sets(st.integers(0, 30), min_size=1), *[st.permutations(range(12)).map(lambda p: p[:10])] * 2)


def by_definition(wanted, found):
    dcg = sum(1 / np.log2(rank + 2) for rank, item in enumerate(found) if item in wanted)
    ideal = sum(1 / np.log2(rank + 2) for rank in range(min(10, len(wanted))))
    return len(wanted & set(found)) / len(wanted), dcg / ideal


def tallied(people):
    tally = Tally(METHODS, 10)
    for wanted, *found in people:
        tally.add(np.array(sorted(wanted)), *(np.array(line) for line in found))
    return tally.sums


def test_a_list_counted_by_hand():
    """Three wanted; hits on ranks 1 and 3 of four: DCG = 1 + 0.5, ideal = 1 + 0.63093 + 0.5."""
    hits, wanted = np.array([[True, False, True, False]]), np.array([3])
    assert recall(hits, wanted).tolist() == [666_667]
    assert ndcg(hits, wanted).tolist() == [round(1.5 / (1.5 + 1 / np.log2(3)) * 1e6)]
    assert discounts(3).tolist() == [1_000_000, 630_930, 500_000]


def test_the_best_list_is_worth_one_and_the_worst_nothing():
    wanted = np.array([1, 4, 50])
    best = np.arange(10) < np.minimum(wanted, 10)[:, None]
    assert ndcg(best, wanted).tolist() == [1_000_000] * 3
    assert ndcg(~best, wanted)[2] == 0


@given(people=st.lists(judged, min_size=2, max_size=12))
def test_sums_give_what_the_single_figures_give(people):
    sums = tallied(people)
    for n, method in enumerate(METHODS):
        single = np.array([by_definition(wanted, found[n]) for wanted, *found in people])
        told = scores(sums, METHODS)[method]
        error = single.std(axis=0, ddof=1) / len(people) ** 0.5
        assert [told.recall.value, told.ndcg.value] == pytest.approx(single.mean(axis=0), abs=2e-6)
        assert [told.recall.error, told.ndcg.error] == pytest.approx(error, abs=2e-6)
    gain = np.array([by_definition(wanted, a)[1] - by_definition(wanted, b)[1] for wanted, a, b in people])
    assert beyond(sums, METHODS)["ours"].value == pytest.approx(gain.mean(), abs=2e-6)
    assert beyond(sums, METHODS)["ours"].error == pytest.approx(gain.std(ddof=1) / len(people) ** 0.5, abs=2e-6)


@given(people=st.lists(judged, max_size=8), one=judged)
def test_who_leaves_leaves_the_judgement_of_the_others(people, one):
    assert tallied([*people, one]) - tallied([one]) == tallied(people)


def test_nobody_judged_is_no_figure():
    told = scores(tallied([]), METHODS)["ours"]
    assert np.isnan(told.ndcg.value)
    assert tallied([]).shapes == shapes(METHODS)


def test_one_person_has_no_error():
    told = scores(tallied([({1}, range(10), range(10))]), METHODS)["ours"]
    assert told.recall.value == 1
    assert np.isnan(told.recall.error)


def test_lists_are_each_persons_best_and_short_ones_end_in_minus_one():
    person, item, score = np.array([0, 0, 0, 2]), np.array([4, 5, 6, 1]), np.array([0.1, 0.9, 0.9, 0.5])
    assert lists(person, item, score, 3, 2).tolist() == [[5, 6], [-1, -1], [1, -1]]
