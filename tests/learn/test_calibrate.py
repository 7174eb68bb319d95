"""A list is drawn towards the proportions in which somebody buys, and is not all of one kind."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from goodwill.learn.calibrate import calibrated, main_kind, outside_wanted

KIND = np.array([0, 0, 1, -1, 2, 2])  # food, food, drink, none, care, care


@given(
    arrays(np.float64, st.integers(0, 12), elements=st.floats(0, 1)),
    st.lists(st.integers(-1, 4), max_size=20),
    st.integers(0, 12),
    st.floats(0, 1),
    st.randoms(use_true_random=False),
)
def test_a_calibrated_list_is_the_candidates_each_once(scores, history, places, weight, random):
    kinds = np.array([random.randint(-1, 4) for _ in scores], np.int64)
    found = calibrated(np.sort(scores)[::-1], kinds, np.array(history, np.int64), places, weight)
    assert len(found) == min(places, scores.size)
    assert len(set(found)) == len(found)
    if weight == 0:
        assert found == list(range(len(found)))


def test_calibration_draws_a_list_towards_what_she_buys():
    scores, kinds = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4]), np.array([0, 0, 0, 0, 1, 1])
    history = np.array([0] * 6 + [1] * 4)
    assert calibrated(scores, kinds, history, 4, 0.0) == [0, 1, 2, 3]
    assert calibrated(scores, kinds, history, 4, 0.1) == [0, 1, 2, 4]
    assert calibrated(scores, kinds, history, 4, 1.0) == [0, 4, 1, 5], "six of ten, four of ten: two and two of four"


@pytest.mark.parametrize(("count", "percent", "wanted"), [(4, 20, 0), (5, 20, 1), (10, 20, 2), (11, 20, 3), (10, 0, 0)])
def test_a_fifth_of_a_list_lies_outside_the_main_kind(count, percent, wanted):
    assert outside_wanted(count, percent) == wanted


def test_the_main_kind_is_the_one_she_buys_most():
    assert main_kind(KIND, np.array([0, 1, 2, 0])) == 0
    assert main_kind(KIND, np.array([2, 2, 0])) == 1
    assert main_kind(KIND, np.array([3])) == -1
