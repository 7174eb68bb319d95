"""The accuracy is a sum over people, looks at nothing it should not, and beats simple counting on real purchases."""

from dataclasses import replace

import duckdb
import numpy as np
import pytest
from hypothesis import given
from tests.learn.shoppers import ITEM_OF, ITEMS, crowd, frame_of, regulars, total_of_parts

from goodwill.access import Frame, Log
from goodwill.learn.affinity import BoughtTogether, inner
from goodwill.learn.baskets import HoldBack
from goodwill.learn.popular import BoughtByMany
from goodwill.learn.usual import BuysAgain
from goodwill.measure.holdout import PLACES, FirstPurchases, NextBasket, accuracy, accuracy_by
from goodwill.people.types import BOUGHT


@pytest.fixture(scope="module")
def real(data_folder):
    """The purchases of the 801 households that told about themselves, with the product types they bought."""
    folder = data_folder / "complete-journey"
    rows = duckdb.sql(f"""
        SELECT dense_rank() OVER (ORDER BY household_id) - 1 AS person, basket_id AS reference,
               datediff('day', DATE '1970-01-01', CAST(transaction_timestamp AS DATE)) AS day,
               dense_rank() OVER (ORDER BY product_type NULLS LAST) - 1 AS item, product_type IS NULL AS untyped
        FROM '{folder}/transactions.parquet' JOIN '{folder}/demographics.parquet' USING (household_id)
             LEFT JOIN '{folder}/products.parquet' USING (product_id)
        ORDER BY person, day, transaction_timestamp, basket_id
    """).fetchnumpy()
    columns = {name: np.asarray(rows[name]).astype(np.int64) for name in ("person", "reference", "day", "item")}
    item = np.where(np.asarray(rows["untyped"]), -1, columns["item"])
    number, nothing = np.arange(item.size), np.zeros(item.size, np.int64)
    log = Log(number, nothing + BOUGHT, number, columns["day"], item, nothing, nothing, columns["reference"])
    types = int(item.max()) + 1
    return Frame(int(columns["person"].max()) + 1, columns["person"], log), np.arange(types), types


@pytest.fixture(scope="module")
def found(real):
    return accuracy(*real)


def test_the_counting_baselines_are_those_of_the_protocol(found):
    """As found in an earlier, independent prototype with dense matrices (recall@10, nDCG@10)."""
    assert (found.people, found.items) == (796, 1420)
    assert (found.popular.recall.value, found.popular.ndcg.value) == pytest.approx((0.1732, 0.1859), abs=2e-4)
    assert (found.counting.recall.value, found.counting.ndcg.value) == pytest.approx((0.2420, 0.2860), abs=2e-4)


def test_the_usual_beats_her_own_most_frequent_items(found):
    assert found.usual.ndcg.value > found.counting.ndcg.value + 0.012
    assert found.gain.value > 2 * found.gain.error
    assert found.usual_new.ndcg.value == pytest.approx(found.counting.ndcg.value + found.gain.value)


def test_what_goes_together_finds_more_new_things_than_best_sellers_do(found):
    assert found.affinity.ndcg.value > found.popular_new.ndcg.value + 0.01
    assert found.gain_new.value > 3 * found.gain_new.error


def test_something_new_costs_a_little(found):
    assert found.usual.ndcg.value - 0.015 < found.usual_new.ndcg.value < found.usual.ndcg.value


def test_without_new_places_the_list_is_the_usual(real):
    frame, item_of, items = real
    some = frame.person < 60
    few = Frame(60, frame.person[some], frame.events.where(some))
    told = accuracy(few, item_of, items, new=0)
    assert told.usual_new.ndcg.value == pytest.approx(told.usual.ndcg.value, abs=2e-3)
    assert told.new == 0


def test_no_setting_looks_at_the_last_visit(real):
    """Whatever is bought last, items, weight and models stay: only the judgement changes."""
    frame, item_of, items = real
    some = frame.person < 60
    log, person = frame.events.where(some), frame.person[some]
    last = dict(zip(person.tolist(), log.reference.tolist(), strict=True))
    on_last = np.array([last[p] == r for p, r in zip(person.tolist(), log.reference.tolist(), strict=True)])
    other = replace(log, product=np.where(on_last, log.product[::-1], log.product))
    before = accuracy(Frame(60, person, log), item_of, items)
    after = accuracy(Frame(60, person, other), item_of, items)
    assert (before.weight, before.items) == (after.weight, after.items)
    assert before.usual.ndcg.value != after.usual.ndcg.value


# ---- sums ------------------------------------------------------------------------------------------------------------

OTHERS = regulars(people=40, items=ITEMS, visits=12, seed=9)
LAST, FIFTH = (HoldBack.LAST_VISIT,), (HoldBack.LAST_FIFTH,)
USUAL = BuysAgain(ITEM_OF, ITEMS).fit(BuysAgain(ITEM_OF, ITEMS).whole_of(OTHERS))
AFFINITY = inner(BoughtTogether(ITEM_OF, ITEMS).whole_of(OTHERS), 5.0)
POPULAR = BoughtByMany(ITEM_OF, ITEMS).fit(BoughtByMany(ITEM_OF, ITEMS).whole_of(OTHERS))
JUDGEMENTS = [
    NextBasket(ITEM_OF, ITEMS, LAST, usual=USUAL, affinity=AFFINITY, popular=POPULAR),
    FirstPurchases(ITEM_OF, ITEMS, FIFTH, affinity=AFFINITY, popular=POPULAR),
]


@pytest.mark.parametrize("what", JUDGEMENTS, ids=lambda what: what.name)
@given(people=crowd)
def test_the_judgement_of_many_is_the_sum_of_each(what, people):
    assert what.whole(frame_of(people)) == total_of_parts(what, people)
    assert what.whole(frame_of(people)).shapes == what.shapes


def test_it_is_told_from_totals_alone():
    """Two halves of the people, asked apart and added, give what all give together."""
    half = OTHERS.people // 2
    kept = np.where(np.arange(OTHERS.people) < half, OTHERS.visits, 0)
    one, other = OTHERS.first(kept), OTHERS.after(kept)

    def at_once(wanted):
        return [what.whole_of(OTHERS.of_items(what.item_of, what.items)) for what in wanted]

    def apart(wanted):
        halves = [[what.whole_of(some.of_items(what.item_of, what.items)) for what in wanted] for some in (one, other)]
        return [a + b for a, b in zip(*halves, strict=True)]

    items = np.arange(ITEMS)
    assert accuracy_by(apart, items, ITEMS, least_visits=3) == accuracy_by(at_once, items, ITEMS, least_visits=3)
    assert accuracy_by(at_once, items, ITEMS, least_visits=3).places == PLACES
