"""What a way of choosing costs is measured on the same visits, and adds up over people."""

import numpy as np
import pytest
from tests.learn.shoppers import regulars

from goodwill.learn.affinity import BoughtTogether, inner
from goodwill.learn.baskets import HoldBack
from goodwill.learn.popular import BoughtByMany
from goodwill.learn.usual import BuysAgain
from goodwill.measure.cost import Cost, InSeveralWays, cost_of_ways

ITEMS = 25
PRODUCTS = np.arange(ITEMS)
PEOPLE = regulars(people=60, items=ITEMS, visits=12, seed=7)
LAST = (HoldBack.LAST_VISIT,)
KIND = PRODUCTS % 4


def judge() -> InSeveralWays:
    usual, together = BuysAgain(PRODUCTS, ITEMS, LAST), BoughtTogether(PRODUCTS, ITEMS, LAST)
    many = BoughtByMany(PRODUCTS, ITEMS, LAST)
    return InSeveralWays(
        PRODUCTS, ITEMS, LAST, usual=usual.fit(usual.whole_of(PEOPLE)), affinity=inner(together.whole_of(PEOPLE), 30.0),
        popular=many.fit(many.whole_of(PEOPLE)), kind=KIND,
    )  # fmt: skip


def test_figures_add_up_over_people():
    what = judge()
    whole = what.whole_of(PEOPLE)
    assert whole.shapes == what.shapes
    total = what.whole_of(PEOPLE.first(np.zeros(PEOPLE.people, np.int64)))
    for person in range(PEOPLE.people):
        kept = np.zeros(PEOPLE.people, np.int64)
        kept[person] = PEOPLE.visits[person]
        total += what.whole_of(PEOPLE.first(kept))
    assert total == whole


def test_more_that_is_new_costs_hits_and_finds_more():
    found = cost_of_ways(
        lambda wanted: [what.whole_of(PEOPLE.of_items(_number(what), what.items)) for what in wanted],
        PRODUCTS, ITEMS, KIND, least_visits=3,
    )  # fmt: skip
    by = {one.way: one for one in found.lines}
    assert found.people == 60
    assert 0 < found.seekers <= 60
    assert by["new_in_ten=3"].found >= by["new_in_ten=1"].found >= found.plain.found
    assert by["new_in_ten=3"].ndcg == pytest.approx(found.plain.ndcg + by["new_in_ten=3"].change)
    assert by["calibration=10"].lost.endswith(tuple("0123456789"))
    assert found.plain.lost == "–"
    assert by["outside=50"].ndcg <= by["outside=20"].ndcg <= found.plain.ndcg, "the likeliest things are given up last"


def test_lists_may_be_as_long_as_a_slots():
    found = cost_of_ways(
        lambda wanted: [what.whole_of(PEOPLE.of_items(_number(what), what.items)) for what in wanted],
        PRODUCTS, ITEMS, KIND, places=4, least_visits=3,
    )  # fmt: skip
    assert found.places == 4
    by = {one.way: one for one in found.lines}
    assert by["outside=50"].ndcg == found.plain.ndcg, "a list of four is left alone"
    assert 0 < by["new_in_ten=3"].ndcg <= 1


def _number(what):
    return what.item_of if what.item_of.size == ITEMS else PRODUCTS


def test_a_shop_without_visits_has_nothing_to_tell():
    nothing = Cost("new_in_ten=1", float("nan"), float("nan"), float("nan"), float("nan"))
    assert nothing.lost == "–"
    assert nothing.document == {"way": "new_in_ten=1", "ndcg": None, "change": None, "error": None, "found": None}
