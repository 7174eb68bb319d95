"""The weight is the one whose lists would have been worth most on visits that were set aside."""

import numpy as np
import pytest
from tests.learn.shoppers import ITEM_OF, regulars

from goodwill.learn import path as module
from goodwill.learn.affinity import BoughtTogether, inner
from goodwill.learn.baskets import HoldBack, learnt, tried
from goodwill.learn.path import WEIGHTS, path
from goodwill.learn.rows import rows
from goodwill.sums import Sums

RULE = (HoldBack.LAST_FIFTH,)
N = 15


@pytest.fixture(scope="module")
def people():
    return regulars(people=90, items=N, visits=10, seed=3)


@pytest.fixture(scope="module")
def trial(people):
    return path(BoughtTogether(ITEM_OF, N, RULE).whole_of(people), ITEM_OF, RULE)


def worth_one_by_one(people, weight):
    """The nDCG@10 of the model of that weight, person by person, from the definition."""
    early = learnt(people, RULE)
    model = inner(BoughtTogether(ITEM_OF, N).whole_of(early), weight)
    had, then, found = rows(early, None), rows(tried(people, RULE), None), []
    for person in range(people.people):
        wanted = set(then.of(person).tolist()) - set(had.of(person).tolist())
        if wanted and had.of(person).size:
            scores = model.scores(had.of(person))
            new = sorted(set(range(N)) - set(had.of(person).tolist()), key=lambda item: (-scores[item], item))[:10]
            gains = [1 / np.log2(rank + 2) for rank, item in enumerate(new) if item in wanted]
            found.append(sum(gains) / sum(1 / np.log2(rank + 2) for rank in range(min(10, len(wanted)))))
    return found


def test_the_worth_of_each_weight_is_that_of_the_model_fitted_with_it(people, trial):
    sums = trial.whole_of(people)
    for weight, worth in zip(WEIGHTS, sums.array("ndcg").tolist(), strict=True):
        expected = worth_one_by_one(people, weight)
        assert sums.number("people") == len(expected)
        assert worth / 1e6 == pytest.approx(sum(expected), abs=1e-5 * len(expected))


def test_it_is_tried_in_turns_of_any_size(people, trial, monkeypatch):
    at_once = trial.whole_of(people)
    monkeypatch.setattr(module, "_PEOPLE", 7)
    assert trial.whole_of(people) == at_once


def test_the_weight_lies_between_the_neighbours_of_the_best_on_trial(trial):
    even = trial.fit(_worth(4, 9, 9.5, 8, 1))
    assert WEIGHTS[1] < even < WEIGHTS[3]
    assert even < trial.fit(_worth(4, 9, 9.5, 9, 1)) < WEIGHTS[3]


def test_at_an_end_of_the_path_the_end_is_taken(trial):
    assert trial.fit(_worth(9, 8, 7)) == WEIGHTS[0]
    assert trial.fit(_worth(*range(len(WEIGHTS)))) == WEIGHTS[-1]


def test_where_nobody_could_be_tried_the_heaviest_is_taken(trial):
    assert trial.fit(Sums(people=0, ndcg=np.zeros(len(WEIGHTS), np.int64))) == WEIGHTS[-1]


def test_only_the_items_most_people_bought_are_tried(people, monkeypatch):
    monkeypatch.setattr(module, "HEAD", 4)
    totals = BoughtTogether(ITEM_OF, N, RULE).whole_of(people)
    bought = np.diagonal(totals.array("pairs"))
    head = path(totals, ITEM_OF, RULE).head
    assert head.size == 4
    assert bought[head].min() >= np.delete(bought, head).max()


def _worth(*first):
    worth = np.zeros(len(WEIGHTS), np.int64)
    worth[: len(first)] = np.rint(np.array(first) * 1000)
    return Sums(people=9, ndcg=worth)
