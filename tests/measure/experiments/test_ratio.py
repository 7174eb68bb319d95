"""Ratios of what customers do: the delta method over customers, as a bootstrap of customers says it too."""

import numpy as np
import pytest

from goodwill import measure
from goodwill.basics.errors import BadInput
from goodwill.measure import Moments


def shop(seed, n=500, per_order=1.0):
    """Customers differ in how many orders they make and in what they spend on each."""
    dice = np.random.default_rng(seed)
    orders = dice.poisson(dice.gamma(0.8, 2, (2, n)))
    spent = orders * dice.gamma(4, 5, (2, n)) + orders * np.array([[per_order], [0.0]])
    return (spent[0], orders[0]), (spent[1], orders[1])


def test_a_ratio_is_that_of_the_sums_and_its_error_that_of_the_delta_method():
    treated, control = shop(1)
    found = measure.ratio_difference(treated, control)
    ratios, error = [], 0.0
    for spent, orders in (treated, control):
        ratio = spent.sum() / orders.sum()
        ratios.append(ratio)
        error += (spent - ratio * orders).var(ddof=1) / orders.mean() ** 2 / spent.size
    assert (found.treated, found.control) == (pytest.approx(ratios[0]), pytest.approx(ratios[1]))
    assert found.value == pytest.approx(ratios[0] - ratios[1])
    assert found.standard_error == pytest.approx(error**0.5)


def test_a_bootstrap_of_customers_finds_the_same_error():
    treated, control = shop(2)
    dice, drawn = np.random.default_rng(3), []
    for _ in range(600):
        i, j = dice.integers(0, 500, (2, 500))
        drawn.append(treated[0][i].sum() / treated[1][i].sum() - control[0][j].sum() / control[1][j].sum())
    assert measure.ratio_difference(treated, control).standard_error == pytest.approx(np.std(drawn), rel=0.12)


def test_its_interval_holds_the_truth():
    found = [measure.ratio_difference(*shop(seed, 300, 1.0)) for seed in range(300)]
    held = np.mean([one.low <= 1 <= one.high for one in found])
    assert 0.91 <= held <= 0.985  # 95 % ± 3 standard errors


def test_orders_that_are_taken_for_independent_would_be_too_sure():
    """The usual mistake: an order is not a customer."""
    treated, control = shop(4)
    spread = sum((10**2) / orders.sum() for _, orders in (treated, control))
    assert measure.ratio_difference(treated, control).standard_error > 1.3 * spread**0.5


def test_exact_sums_say_the_same_also_with_a_past_and_as_a_lift():
    dice = np.random.default_rng(5)
    orders, pre = dice.integers(0, 5, (2, 200)), dice.integers(0, 9_000, (2, 200))
    spent = orders * 1_000 + pre // 3
    sums = [Moments.of_rows(spent[i], np.stack([orders[i], pre[i]], axis=1)) for i in (0, 1)]
    for relative in (False, True):
        raw = measure.ratio_difference(*zip(spent, orders, strict=True), tuple(pre), relative=relative)
        found = measure.ratio_difference_sums(*sums, relative=relative)
        assert found.value == pytest.approx(raw.value)
        assert (found.low, found.high) == (pytest.approx(raw.low), pytest.approx(raw.high))
        assert found.explained > 0.05


def test_what_cannot_be_divided_is_refused():
    assert (
        "nothing to divide by in the control arm"
        in measure.ratio_difference(([1, 2], [1, 1]), ([0, 0], [0, 0])).refused
    )
    assert "no customers" in measure.ratio_difference(([], []), ([1, 2], [1, 1])).refused
    assert "same outcome" in measure.ratio_difference(([3, 6, 9.3], [1, 2, 3.1]), ([4, 8], [1, 2])).refused
    with pytest.raises(BadInput, match="2 numerators and 1 denominators"):
        measure.ratio_difference(([1, 2], [1]), ([1, 2], [1, 1]))
    with pytest.raises(BadInput, match="of a denominator"):
        measure.ratio_difference_sums(Moments.of_rows([1, 2]), Moments.of_rows([1, 2]))
