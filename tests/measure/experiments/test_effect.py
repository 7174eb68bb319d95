"""What a treatment changed: equal to published values, right where the truth is known, silent where nobody can know."""

from math import inf

import numpy as np
import pytest
from scipy import stats

from goodwill import measure
from goodwill.basics.errors import BadInput
from goodwill.measure.experiments.arm import Arm
from goodwill.measure.experiments.effect import compared


def arm(n, mean, sd):
    return Arm(n, n, np.array([mean]), np.array([[sd**2 * (n - 1)]]))


TREATED, CONTROL = arm(3461, 0.70, 6.2), arm(3407, 0.41, 3.9)  # GrowthBook's published case


def test_the_lift_by_the_delta_method_is_growthbooks():
    found = compared(TREATED, CONTROL, relative=True)
    assert found.value == pytest.approx(0.70732, abs=5e-6)
    assert (found.low, found.high) == (pytest.approx(-0.03526, abs=5e-6), pytest.approx(1.44989, abs=5e-6))
    assert found.standard_error == pytest.approx(0.37879, abs=5e-6)
    assert found.p == pytest.approx(0.06191, abs=5e-6)


def test_welch_is_scipys():
    dice = np.random.default_rng(1)
    for sizes in ((2, 2), (5, 40), (300, 200)):
        treated, control = dice.gamma(0.5, 10, sizes[0]), dice.gamma(0.7, 8, sizes[1])
        found, peer = measure.difference(treated, control), stats.ttest_ind(treated, control, equal_var=False)
        ends = peer.confidence_interval()
        assert found.p == pytest.approx(peer.pvalue, rel=1e-9)
        assert (found.df, found.n) == (pytest.approx(peer.df), sum(sizes))
        assert (found.low, found.high) == (pytest.approx(ends.low), pytest.approx(ends.high))


def test_welch_by_hand():
    found = measure.difference([1, 2, 3, 6], [0, 0, 2, 2])
    assert (found.treated, found.control, found.value) == (3.0, 1.0, 2.0)
    assert found.standard_error == pytest.approx((14 / 3 / 4 + 4 / 3 / 4) ** 0.5)
    assert found.df == pytest.approx(243 / 53)  # 1.5² / ((14/12)² / 3 + (4/12)² / 3)


def test_a_ratio_outside_fiellers_interval_is_one_that_the_means_speak_against():
    """The ends are where the t test of treated − R·control is just significant."""
    found = compared(TREATED, CONTROL, relative=True, lift="fieller")
    reach = stats.t.ppf(0.975, found.df)
    for ratio in (1 + found.low, 1 + found.high):
        error = (6.2**2 / 3461 + ratio**2 * 3.9**2 / 3407) ** 0.5
        assert abs(0.70 - ratio * 0.41) / error == pytest.approx(reach)
    assert found.low > 0  # as Welch's difference, which is significant
    assert found.p == pytest.approx(compared(TREATED, CONTROL).p)


def shop(seed, n=400, effect=0.0, pull=0.8):
    """Skewed spending that follows the spending before; the treatment adds the same for everybody."""
    dice = np.random.default_rng(seed)
    pre = dice.gamma(0.6, 10, 2 * n)
    after = pull * pre + dice.gamma(0.4, 6, 2 * n)
    treated = dice.permutation(2 * n) < n
    after[treated] += effect
    return (after[treated], after[~treated], (pre[treated], pre[~treated]))


def test_cuped_is_the_difference_less_theta_times_the_difference_before():
    treated, control, pre = shop(2)
    found = measure.difference(treated, control, pre)
    inside = [np.cov(*both) for both in ((treated, pre[0]), (control, pre[1]))]
    theta = (inside[0] + inside[1])[0, 1] / (inside[0] + inside[1])[1, 1]
    before = pre[0].mean() - pre[1].mean()
    assert found.value == pytest.approx(treated.mean() - control.mean() - theta * before)
    left = sum(c[0, 0] - 2 * theta * c[0, 1] + theta**2 * c[1, 1] for c in inside) / 400
    assert found.standard_error == pytest.approx((left * 798 / 797) ** 0.5)
    assert found.explained == pytest.approx(1 - left * 798 / 797 / (sum(c[0, 0] for c in inside) / 400))
    assert 0.5 < found.explained < 0.95
    assert found.treated - found.control == pytest.approx(found.value)


def test_lin_is_the_regression_with_a_line_for_each_arm_and_its_robust_errors():
    """Against least squares written out, with HC2; beside it the term for the past of all being a sample."""
    treated, control, pre = shop(3, n=60)
    x, y = np.concatenate(pre), np.concatenate([treated, control])
    mark = np.repeat([1.0, 0.0], 60)
    x = x - x.mean()
    design = np.column_stack([np.ones(120), mark, x, mark * x])
    inverse = np.linalg.inv(design.T @ design)
    slope = inverse @ design.T @ y
    left = y - design @ slope
    leverage = np.einsum("ij,jk,ik->i", design, inverse, design)
    robust = inverse @ (design.T * (left**2 / (1 - leverage))) @ design @ inverse
    found = measure.difference(treated, control, pre, method="lin")
    assert found.value == pytest.approx(slope[1])
    assert found.standard_error**2 == pytest.approx(robust[1, 1] + slope[3] ** 2 * x.var(ddof=1) / 120)


@pytest.mark.parametrize("method", ["cuped", "lin"])
def test_a_covariate_may_come_in_any_unit_twice_or_say_nothing(method):
    treated, control, pre = shop(4)
    plain = measure.difference(treated, control, pre, method=method)
    other = [np.column_stack([1e-6 * one, 3e5 * one, np.full(one.size, 7.0)]) for one in pre]
    found = measure.difference(treated, control, tuple(other), method=method)
    assert found.value == pytest.approx(plain.value, rel=1e-8)
    assert found.standard_error == pytest.approx(plain.standard_error, rel=1e-8)
    assert not plain.warnings
    assert "follows from the rest" in found.warnings[0]


def test_several_covariates_take_more_away_than_one():
    dice = np.random.default_rng(5)
    pre = dice.normal(size=(2, 500, 3))
    outcomes = pre.sum(axis=2) + dice.normal(size=(2, 500))
    one = measure.difference(*outcomes, (pre[0][:, 0], pre[1][:, 0]))
    three = measure.difference(*outcomes, tuple(pre))
    assert one.explained == pytest.approx(0.25, abs=0.08)
    assert three.explained == pytest.approx(0.75, abs=0.05)


@pytest.mark.parametrize("kind", ["welch", "cuped", "lin", "lift", "fieller"])
def test_intervals_hold_the_truth_as_often_as_they_say(kind):
    trials, effect, held = 400, 1.5, 0
    truth = effect / (0.8 * 6 + 2.4) if kind in {"lift", "fieller"} else effect
    off = []
    for seed in range(trials):
        treated, control, pre = shop(seed, 300, effect)
        if kind in {"lift", "fieller"}:
            lift = "fieller" if kind == "fieller" else "delta"
            found = measure.difference(treated, control, pre, True, lift=lift)
        else:
            found = measure.difference(
                treated, control, None if kind == "welch" else pre, method="lin" if kind == "lin" else "cuped"
            )
        held += found.low <= truth <= found.high
        off.append((found.value - truth) / found.standard_error)
    assert 0.92 <= held / trials <= 0.98  # 95 % ± 2.75 standard errors
    assert abs(np.mean(off)) < 0.2  # 4 standard errors
    assert np.std(off) == pytest.approx(1, abs=0.13)  # the errors are as large as they say, not too large either


def test_no_arm_no_answer():
    for treated, says in (([], "treated arm has no customers"), ([4.0], "treated arm has one customer")):
        found = measure.difference(treated, [1, 2, 3])
        assert (found.value, found.p, found.n) == (None, None, len(treated) + 3)
        assert says in found.refused


def test_nothing_is_said_where_all_are_alike():
    assert "same outcome" in measure.difference([0.1] * 3, [0.1] * 7).refused
    assert "same outcome" in measure.difference([1] * 5, [0] * 5, relative=True).refused
    assert measure.difference([1] * 5, [0, 0, 1, 1]).p == pytest.approx(stats.ttest_1samp([0, 0, 1, 1], 1).pvalue)


def test_the_same_list_given_as_its_own_past_is_noticed():
    treated, control, _ = shop(6)
    for method in ("cuped", "lin"):
        assert "given twice" in measure.difference(treated, control, (treated, control), method=method).refused


def test_of_nothing_there_is_no_percentage():
    assert "no percentage" in measure.difference([1, 2, 3], [0, 0, 0], relative=True).refused
    assert "no percentage" in measure.difference([1, 2, 3], [-1, -2, -1], relative=True).refused


def test_a_lift_over_a_mean_that_may_be_0_has_no_bounds():
    found = measure.difference([4.0, 5.0, 9.0, 2.0], [0.0, 0.0, 0.0, 0.4], relative=True)
    assert (found.low, found.high, found.standard_error) == (-inf, inf, None)
    assert "cannot be told from 0" in found.warnings[-1]
    assert found.to_dict()["unbounded"] == ["low", "high"]


def test_people_who_were_not_divided_as_planned_block_the_headline():
    dice = np.random.default_rng(7)
    treated, control = dice.normal(size=1000), dice.normal(size=1200)
    found = measure.difference(treated, control, planned=(0.5, 0.5))
    assert found.value is None
    assert "not divided as planned: 1,000, 1,200 instead of 1,100, 1,100" in found.refused
    assert measure.difference(treated, control, planned=(10, 12)).value is not None


def test_few_buyers_are_pointed_out():
    found = measure.difference([0] * 90 + [9] * 10, [0] * 50 + [8] * 50)
    assert "Only 10 customers" in found.warnings[0]
    assert not measure.difference([3, 4, 5], [4, 4, 5]).warnings  # everybody has an answer: no rare event


def test_too_many_covariates_for_so_few_are_left_aside():
    dice = np.random.default_rng(8)
    found = measure.difference(*dice.normal(size=(2, 4)), tuple(dice.normal(size=(2, 4, 6))))
    assert found.value is not None
    assert "too few for 6" in found.warnings[0]


@pytest.mark.parametrize(
    ("treated", "control", "more", "says"),
    [
        ([1, float("nan")], [1, 2], {}, "treated customers have no usable number in row 1"),
        ([1, 2], [1, float("inf")], {}, "control customers have no usable number in row 1"),
        ([1, 2], ["a", "b"], {}, "list of numbers"),
        ([[1, 2]], [1, 2], {}, "not of shape"),
        ([1, 2], [1, 1e31], {}, "no usable number in row 1"),
        (5, [1, 2], {}, "not of shape"),
        ([1, 2], [1, 2], {"pre": ([1, 2], [1])}, "2 outcomes of the control customers, but 1 rows"),
        ([1, 2], [1, 2], {"pre": ([1, 2], [[1, 2], [3, 4]])}, "they must be the same ones"),
        ([1, 2], [1, 2], {"pre": ([1, 2],)}, "two lists"),
        ([1, 2], [1, 3], {"level": 95}, "between 0 and 1"),
        ([], [1, 3], {"level": 95}, "between 0 and 1"),
        ([1, 2], [1, 3], {"method": "magic"}, "one of: cuped, lin"),
        ([1, 2], [1, 3], {"lift": "magic"}, "one of: delta, fieller"),
        ([1, 2], [1, 3], {"planned": (0.5, 0)}, "above 0"),
    ],
)
def test_what_cannot_be_understood_is_said(treated, control, more, says):
    with pytest.raises(BadInput, match=says):
        measure.difference(treated, control, **more)


def test_huge_and_tiny_numbers_are_numbers():
    big = measure.difference([1e29, 2e29], [3e29, 4e29], relative=True)
    assert big.value == pytest.approx(-4 / 7)
    small = measure.difference([1e-60, 2e-60], [3e-60, 4e-60])
    assert small.p == pytest.approx(measure.difference([1, 2], [3, 4]).p)
