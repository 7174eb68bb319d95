"""What a new customer costs, and the difference between those who came and those who came because of it."""

from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t as student

from goodwill.basics.errors import BadInput
from goodwill.measure.acquisition import cac, cac_of, cac_sums, customers_caused, incremental_cac, payback
from goodwill.measure.estimate import Estimate
from goodwill.measure.staying import survival

FOREVER = survival([3_650] * 50, [0] * 50)


def test_the_golden_table():
    found = cac(12_000, 300)
    assert (found.value, found.low, found.high) == (40, pytest.approx(35.7, abs=0.05), pytest.approx(44.9, abs=0.05))


def test_paid_means_are_told_apart_from_all():
    found = cac(12_000, 300, paid_cost=9_000, paid_new=150)
    assert (found.value, found.paid.value, found.paid.n) == (40, 60, 150)
    with pytest.raises(BadInput, match="both, or neither"):
        cac(12_000, 300, paid_cost=9_000)


def test_the_cost_of_a_customer_caused_is_the_cost_over_the_ends_of_how_many():
    caused = customers_caused(300, 1_000, 90, 1_000)
    found = cac(12_000, 300, caused=caused).incremental
    assert (caused.value, found.value) == (210, pytest.approx(12_000 / 210))
    assert (found.low, found.high) == pytest.approx((12_000 / caused.high, 12_000 / caused.low))
    assert cac(12_000, 300, paid_cost=9_000, paid_new=150, caused=caused).incremental.value == pytest.approx(
        9_000 / 210
    )
    assert cac(12_000, 300, caused=caused, caused_cost=2_100).incremental.value == pytest.approx(10)


@pytest.mark.parametrize("control", [90, 120])
def test_where_perhaps_nobody_came_because_of_it_the_cost_has_no_upper_end(control):
    caused = customers_caused(100, 1_000, control, 1_000)
    found = incremental_cac(12_000, caused)
    assert found.high == inf
    assert found.low == pytest.approx(12_000 / caused.high)
    assert (found.value is None) == (control == 120)
    assert ("No more customers came" in found.refused) == (control == 120)
    assert found.to_dict()["unbounded"] == ["high"]


def test_exactly_none_caused_is_refused_without_a_number_that_is_none():
    found = incremental_cac(12_000, customers_caused(90, 1_000, 90, 1_000))
    assert (found.value, found.high) == (None, inf)
    assert incremental_cac(12_000, Estimate(value=-5.0, low=-9.0, high=-1.0)).low == inf
    assert "not known: no data" in incremental_cac(12_000, Estimate.refuse("no data")).refused


def test_no_new_customer_has_no_cost_but_a_least_one():
    found = cac(12_000, 0)
    assert (found.value, found.high, found.low) == (None, inf, pytest.approx(12_000 / 3.689, rel=1e-3))
    assert cac([400] * 20, [0] * 20).refused == found.refused


def test_the_interval_of_customers_caused_holds_as_often_as_it_says():
    dice, trials = np.random.default_rng(3), 1_000
    held = 0
    for new, control in zip(dice.poisson(60, trials).tolist(), dice.poisson(20, trials).tolist(), strict=True):
        found = customers_caused(new, 2_000, control, 1_000)
        held += found.low <= 20 <= found.high
    assert held / trials >= 0.95 - 4 * 0.0069
    assert customers_caused(5, 0, 5, 10).refused


def test_of_days_with_the_same_cost_it_is_the_cost_over_students_interval():
    new = np.array([8, 12, 9, 11, 10, 14, 7, 9, 10, 13, 8, 9, 12, 11, 10])
    found = cac(np.full(15, 400.0), new)
    reach = student.ppf(0.975, 14) * new.std(ddof=1) / 15**0.5
    assert (found.low, found.high) == pytest.approx((400 / (new.mean() + reach), 400 / (new.mean() - reach)))


def test_of_days_it_holds_where_days_differ_and_the_count_alone_does_not():
    """Good days bring five times as many for twice the cost: 400·1.5 / (6·3) = 33⅓."""
    dice, trials, held, plain = np.random.default_rng(7), 500, 0, 0
    for _ in range(trials):
        good = dice.random(60) < 0.5
        cost, new = np.where(good, 800, 400), dice.poisson(np.where(good, 30, 6))
        found, naive = cac(cost, new), cac(int(cost.sum()), int(new.sum()))
        held += found.low <= 100 / 3 <= found.high
        plain += naive.low <= 100 / 3 <= naive.high
    assert held / trials >= 0.95 - 4 * 0.0097
    assert plain / trials < 0.8


def test_few_customers_on_few_days_leave_the_cost_without_upper_end():
    found = cac([100, 1_000, 10], [0, 1, 0])
    assert (found.value, found.high) == (1_110, inf)
    assert found.low <= found.value
    assert "rests on 3 days" in found.warnings[0]


@given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 20)), min_size=3, max_size=40), st.integers(1, 38))
def test_sums_of_days_give_the_cost_of_the_days_and_one_can_be_taken_out(days, cut):
    cost, new = np.array(days).T
    cut = min(cut, len(days) - 1)
    total = cac_sums(cost[:cut], new[:cut]) + cac_sums(cost[cut:], new[cut:])
    found, rows = cac_of(total), cac(cost, new)
    assert found.refused == rows.refused
    assert found.low == pytest.approx(rows.low, rel=1e-6, abs=1e-6)
    assert found.refused or found.value == pytest.approx(rows.value)
    if found.high < 1e9 and rows.high < 1e9:  # beyond, the two round to either side of no bound
        assert found.high == pytest.approx(rows.high, rel=1e-4)
    assert total - cac_sums(cost[:cut], new[:cut]) == cac_sums(cost[cut:], new[cut:])


def test_who_never_leaves_pays_back_in_cost_over_margin():
    found = payback(40.0, 8.0, FOREVER)
    assert found.value == pytest.approx(5)
    assert found.low == pytest.approx(5)  # nothing below: all stayed, and the cost is known
    assert found.high >= 5


def test_months_wait_for_those_who_are_still_here():
    """Half leave after one month: 8 in the first month, 4 a month after: 8 + 4·8 = 40."""
    month = 30.4375
    curve = survival([month] * 50 + [20 * month] * 50, [1] * 50 + [0] * 50)
    found = payback(cac(12_000, 300), 8.0, curve)
    assert found.value == pytest.approx(9)
    assert found.low < 9 < found.high
    assert found.brought == pytest.approx(8 + 19 * 4)


def test_what_is_never_paid_back_is_refused_with_what_came_back():
    curve = survival([365] * 50, [0] * 50)
    found = payback(400.0, 8.0, curve)
    assert (found.value, found.high) == (None, inf)
    assert "Within the 12.0 months watched a customer brings 95.93 of 400.00" in found.refused
    assert "never pays back" in payback(400.0, -1.0, curve).refused
    assert "No new customer came" in payback(cac(400, 0), 8.0, curve).refused
    assert "Nobody was watched" in payback(40.0, 8.0, survival([], [])).refused


@pytest.mark.parametrize(
    ("given_", "words"),
    [
        ((-1, 3), "'cost' has -1"),
        ((1, 2.5), "'new' has 2.5"),
        (([1, 2], [1]), "not equally long"),
        ((float("nan"), 1), "'cost' has nan"),
    ],
)
def test_costs_that_cannot_be_are_a_mistake(given_, words):
    with pytest.raises(BadInput, match=words):
        cac(*given_)
