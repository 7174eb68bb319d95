"""Cells are a mostly empty array: repeated ones add up exactly, and what is not an array is refused."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.sums.numbers import LEAST, MOST, numbers

from goodwill.basics.errors import Overflow
from goodwill.sums import Cells, Sums


@given(st.lists(st.tuples(st.integers(0, 5), numbers), max_size=12), st.randoms(use_true_random=False))
def test_repeated_cells_add_up_exactly_in_any_order(pairs, chance):
    exact = [sum(value for place, value in pairs if place == n) for n in range(6)]
    shuffled = list(pairs)
    chance.shuffle(shuffled)
    at, values = [place for place, _ in shuffled], [value for _, value in shuffled]
    if all(LEAST <= value <= MOST for value in exact):
        cells = Cells.of((2, 3), at, values)
        assert cells.dense().ravel().tolist() == exact
        assert np.all(cells.values != 0)
        assert cells == Cells.of((2, 3), range(6), exact)
    else:
        with pytest.raises(Overflow):
            Cells.of((2, 3), at, values)


@pytest.mark.parametrize("values", list(permutations([MOST, 1, -1])))
def test_only_what_a_cell_adds_up_to_must_fit(values):
    assert Cells.of((1,), [0, 0, 0], values).values.tolist() == [MOST]


def test_many_repetitions_of_one_cell_add_up():
    cells = Cells.of((3,), np.zeros(300_000, np.int64), np.full(300_000, 2**44))
    assert cells.values.tolist() == [300_000 * 2**44]
    with pytest.raises(Overflow):
        Cells.of((3,), np.zeros(600_000, np.int64), np.full(600_000, 2**44))


def test_cells_of_a_huge_array_cost_only_themselves():
    side = 3_000_000_000
    cells = Cells.of((side, side), [0, side * side - 1], [1, 2])
    one = Sums(gram=cells)
    assert (one + one - one) == one
    assert one - one == one.zero()


@pytest.mark.parametrize("shape", [(2**32, 2**31), (2**63,), (-1, 3), ()])
def test_a_shape_that_no_array_has_is_refused(shape):
    with pytest.raises(ValueError, match="not the shape"):
        Cells.of(shape, [], [])


@pytest.mark.parametrize("at", [[-1], [6], [0, 6], [2**62]])
def test_a_cell_outside_is_refused(at):
    with pytest.raises(IndexError, match="outside"):
        Cells.of((2, 3), at, [1] * len(at))


@pytest.mark.parametrize(("at", "values"), [([0], [1, 2]), ([0, 1], [1]), ([], [1])])
def test_every_cell_needs_one_value(at, values):
    with pytest.raises(ValueError, match="as many values"):
        Cells.of((2, 3), at, values)


def test_a_place_is_a_whole_number_too():
    with pytest.raises(TypeError, match="whole numbers"):
        Cells.of((2, 3), [0.7], [1])


@pytest.mark.parametrize(
    ("at", "values"),
    [([1, 0], [1, 1]), ([0, 0], [1, 1]), ([0], [0]), ([0], [1, 2]), ([[0]], [[1]])],
)
def test_cells_out_of_order_are_refused_where_nobody_sorts_them(at, values):
    with pytest.raises(ValueError, match=r"order|values|flat"):
        Cells((2, 3), np.array(at, np.int64), np.array(values, np.int64))


def test_a_shape_of_numpy_numbers_is_the_same_shape():
    cells = Cells.of(tuple(np.array([2, 3])), [4], [1])
    assert Sums(x=cells) == Sums(x=cells.dense())
