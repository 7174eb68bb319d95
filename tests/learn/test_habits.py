"""A chance is a later visit of who bought a thing before; what was known before it says what kind of chance it was."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from tests.learn.shoppers import ITEM_OF, ITEMS, baskets_of, crowd, frame_of, regulars

from goodwill.learn import habits as module
from goodwill.learn.baskets import of_frame
from goodwill.learn.habits import COARSE_RATES, GAPS, LATELY, RATES, SINCES, WINDOW, chances, habits
from goodwill.learn.usual import CELLS


def told_one_by_one(baskets):
    """Every chance, found by asking for each person's habits on the day of each of her visits."""
    cells, items = [], []
    for turn in range(1, int(baskets.visits.max(initial=0))):
        before, here = baskets.first(np.minimum(turn, baskets.visits)), baskets.starts[:-1] + turn
        comes = turn < baskets.visits
        today = np.where(comes, baskets.day[np.where(comes, here, 0)] if baskets.day.size else 0, 0)
        found = habits(before, today)
        taken = set(zip(baskets.visit.tolist(), baskets.item.tolist(), strict=True))
        for n in np.flatnonzero(comes[found.person]).tolist():
            person, item = int(found.person[n]), int(found.item[n])
            again = (int(here[person]), item) in taken
            rate = int(found.rate_bin[n])
            cells.append(
                ((rate * SINCES + int(found.since_bin[n])) * (LATELY + 1) + int(found.lately_bin[n])) * 2 + again
            )
            items.append(
                ((item * COARSE_RATES + int(module.COARSE_OF_RATE[rate])) * GAPS + int(found.gap_bin[n])) * 2 + again
            )
    return sorted(cells), sorted(items)


def told_at_once(baskets):
    rounds = list(chances(baskets))
    cells, items = ([number for some in rounds for number in getattr(some, name).tolist()] for name in ("cell", "item"))
    return sorted(cells), sorted(items)


@given(people=crowd)
def test_chances_are_what_habits_tell_before_each_visit(people):
    baskets = of_frame(frame_of(people), ITEM_OF, ITEMS)
    assert told_at_once(baskets) == told_one_by_one(baskets)


@given(seed=st.integers(0, 2**20), rows=st.sampled_from([1, 7, 1 << 18]))
def test_long_lives_are_counted_alike_in_few_rounds_and_many(seed, rows):
    baskets = regulars(people=3, items=8, visits=3 * WINDOW, seed=seed)
    before, module._ROWS = module._ROWS, rows
    try:
        assert told_at_once(baskets) == told_one_by_one(baskets)
    finally:
        module._ROWS = before


def test_the_first_purchase_is_no_chance():
    assert told_at_once(baskets_of([(1, [0])], [(1, [0]), (2, [])])) == ([], [])
    assert len(told_at_once(baskets_of([(1, [0]), (2, [1])]))[0]) == 1


def test_what_a_person_did_is_told_in_numbers():
    amina = baskets_of([(10, [0, 1]), (13, [0]), (20, [2]), (24, [0])])
    found = habits(amina, np.array([31]))
    assert found.item.tolist() == [0, 1, 2]
    assert found.times.tolist() == [3, 1, 1]
    assert found.visits.tolist() == [4, 4, 4]
    assert found.since.tolist() == [7, 21, 11]
    assert found.gap.tolist() == [7, 7, 7]
    assert found.lately.tolist() == [3, 1, 1]


def test_lately_looks_at_the_last_visits_only():
    amina = baskets_of([(day, [0] if day < 5 else [1]) for day in range(WINDOW + 3)])
    assert habits(amina, np.array([99])).lately.tolist() == [2, WINDOW - 2]


def test_a_day_before_her_last_visit_counts_as_that_visits():
    found = habits(baskets_of([(10, [0]), (20, [1])]), np.array([3]))
    assert found.since.tolist() == [10, 0]
    assert found.gap.tolist() == [0, 0]


def test_every_bin_can_be_reached_and_none_lies_outside():
    assert (RATES, SINCES, LATELY + 1, 2) == CELLS
    times = np.arange(1001)
    assert set(module._RATE_BIN[times]) == set(range(RATES))
    assert set(module._SINCE_BIN) == set(range(SINCES))
    assert set(module._GAP_BIN) == set(range(GAPS))
    assert set(module.COARSE_OF_RATE) == set(range(COARSE_RATES))
