"""What the largest customers do to a difference stands beside it."""

import numpy as np
import pytest

from goodwill import measure
from goodwill.basics.errors import BadInput


def test_one_bulk_buyer_is_seen_to_make_the_difference():
    dice = np.random.default_rng(1)
    control, treated = dice.gamma(1, 20, 2_000), dice.gamma(1, 20, 2_000)
    treated[7] = 20_000.0
    found = measure.winsorised(treated, control)
    assert found.raw.value == measure.difference(treated, control).value
    assert found.raw.value > 8
    assert abs(found.clipped.value) < 2
    assert found.tail == pytest.approx(found.raw.value - found.clipped.value)
    assert found.high == pytest.approx(np.quantile(np.r_[treated, control], 0.999))
    assert sum(found.beyond) == 4  # of 4,000
    assert found.shares[0] > 0.3
    assert found.shares[1] < 0.05
    assert "of the difference of" in found.warnings[0]
    assert found.clipped.high - found.clipped.low < 0.3 * (found.raw.high - found.raw.low)


def test_a_difference_that_all_have_is_no_matter_of_the_tail():
    dice = np.random.default_rng(2)
    found = measure.winsorised(dice.normal(110, 5, 3_000), dice.normal(100, 5, 3_000))
    assert found.clipped.value == pytest.approx(10, abs=0.4)
    assert (found.warnings, found.refused, found.low) == ((), "", -np.inf)


def test_returns_below_nothing_have_a_tail_too():
    dice = np.random.default_rng(3)
    treated, control = dice.normal(0, 5, 1_000), dice.normal(0, 5, 1_000)
    treated[0] = -9_000.0
    found = measure.winsorised(treated, control)
    assert found.low > -50
    assert found.beyond[0] >= 1
    assert found.raw.value < -8
    assert abs(found.clipped.value) < 1


def test_where_hardly_anybody_bought_cutting_leaves_nothing():
    treated = np.zeros(3_000)
    treated[0] = 50.0
    found = measure.winsorised(treated, np.zeros(3_000))
    assert found.raw.value == pytest.approx(50 / 3_000)
    assert "Fewer than 0.1% of the customers bought" in found.clipped.refused
    assert (found.refused, found.tail) == (found.clipped.refused, None)


def test_what_cannot_be_compared_is_refused_as_it_is_without_a_tail():
    assert "no customers" in measure.winsorised([], []).refused
    assert measure.winsorised([], [1.0, 2.0]).shares == (None, pytest.approx(0.001 / 3))
    with pytest.raises(BadInput, match=r"between .5 and 1"):
        measure.winsorised([1, 2], [1, 2], quantile=99.9)
