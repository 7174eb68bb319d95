"""Intervals for every day: as published, wrong in at most one of twenty however often one looks, silent at first."""

from itertools import pairwise

import numpy as np
import pytest
from tests.conftest import examples

from goodwill import measure
from goodwill.basics.errors import BadInput
from goodwill.measure import Moments
from goodwill.measure.experiments.arm import Arm
from goodwill.measure.experiments.sequence import p_at, sequence_of, width


def arm(n, mean, sd):
    return Arm(n, n, np.array([mean]), np.array([[sd**2 * (n - 1)]]))


def test_the_sequential_p_of_the_lift_is_growthbooks():
    found = sequence_of([(arm(3461, 0.70, 6.2), arm(3407, 0.41, 3.9))], planned_n=5_000, relative=True)
    assert found.p == pytest.approx(0.69867, abs=5e-6)
    assert found.low < 0 < found.high


@pytest.mark.parametrize("alpha", [0.05, 0.1, 0.01])
@pytest.mark.parametrize("n", [300, 5_000, 80_000])
def test_the_interval_leaves_0_out_exactly_where_p_is_below_alpha(alpha, n):
    reach = width(n, 5_000, alpha)
    assert p_at(reach, n, 5_000, alpha) == pytest.approx(alpha)
    assert p_at(reach * 1.01, n, 5_000, alpha) < alpha < p_at(reach * 0.99, n, 5_000, alpha)
    assert p_at(0, n, 5_000, alpha) == 1


def test_it_is_narrowest_beside_other_plans_at_the_planned_number():
    widths = {plan: width(20_000, plan, 0.05) for plan in (2_000, 20_000, 200_000)}
    assert min(widths, key=widths.get) == 20_000
    assert widths[20_000] / 1.96 == pytest.approx(1.55, abs=0.06)  # what looking every day costs


LOOKS = [(n, n) for n in range(10_000 // 60, 10_001, 10_000 // 60)][:60]


def peeked(seed, effect=0.0):
    """A shop of 10,000 customers an arm where a tenth buy, looked at sixty times."""
    dice = np.random.default_rng(seed)
    spent = dice.gamma(2, 15, (2, 10_000)) * (dice.random((2, 10_000)) < 0.1)
    spent[0] += effect
    return spent


@pytest.mark.longer
def test_looking_sixty_times_is_wrong_in_at_most_one_of_twenty():
    """A/A: there is no effect. Whoever looks with the usual interval finds one in more than a fifth of experiments."""
    trials, wrong, naive = examples(60), 0, 0
    for seed in range(trials):
        spent = peeked(seed)
        found = measure.confidence_sequence(*spent, planned_n=20_000, looks=LOOKS)
        assert len(found.looks) < 60  # the first ones come too early to say anything
        wrong += any(look.low > 0 or look.high < 0 for look in found.looks)
        z = [one.value / ((one.high - one.low) / 2 / width(one.n, 20_000, 0.05)) for one in found.looks]
        naive += any(abs(one) > 1.96 for one in z)
    assert wrong / trials <= 0.05
    assert naive / trials > 0.1


def test_all_looks_together_hold_the_truth_and_narrow_one_another():
    held, trials = 0, 25
    for seed in range(1_000, 1_000 + trials):
        found = measure.confidence_sequence(*peeked(seed, 0.5), planned_n=20_000, looks=LOOKS)
        held += all(look.low <= 0.5 <= look.high for look in found.looks)
        assert found.low == max(look.low for look in found.looks)
        assert found.high == min(look.high for look in found.looks)
        assert found.low <= found.value <= found.high
        assert found.p == min(look.p for look in found.looks)
        assert all(a.n < b.n for a, b in pairwise(found.looks))
    assert held >= trials * 0.9


def test_before_two_hundred_of_each_arm_bought_it_says_nothing():
    treated, control = np.r_[np.ones(199), np.zeros(500)], np.r_[np.ones(400), np.zeros(300)]
    found = measure.confidence_sequence(treated, control, planned_n=10_000)
    assert (found.value, found.looks) == (None, ())
    assert "Too early: 199 customers" in found.refused
    one_more = measure.confidence_sequence(np.r_[treated, 1.0], control, planned_n=10_000)
    assert one_more.value == pytest.approx(200 / 700 - 400 / 700)
    assert "no customers" not in one_more.refused
    assert "Too early: 0 customers" in measure.confidence_sequence([], [], planned_n=100).refused


def test_sums_and_rows_say_the_same_and_the_past_narrows_both():
    dice = np.random.default_rng(3)
    pre = dice.integers(0, 5_000, (2, 3_000))
    spent = pre + dice.integers(0, 900, (2, 3_000))
    looks = [(500, 450), (1_500, 1_500), (3_000, 3_000)]
    found = measure.confidence_sequence(*spent, planned_n=6_000, looks=looks, pre=tuple(pre))
    sums = [
        tuple(Moments.of_rows(spent[i][:end], pre[i][:end]) for i, end in enumerate(look)) for look in looks
    ]  # fmt: skip
    by_sums = measure.confidence_sequence_sums(sums, planned_n=6_000)
    for one, other in zip(found.looks, by_sums.looks, strict=True):
        assert (one.n, one.value, one.low) == (other.n, pytest.approx(other.value), pytest.approx(other.low))
    plain = measure.confidence_sequence(*spent, planned_n=6_000, looks=looks)
    assert (found.high - found.low) < 0.4 * (plain.high - plain.low)
    lift = measure.confidence_sequence_sums(sums, planned_n=6_000, relative=True)
    assert lift.value == pytest.approx(found.value / spent[1].mean(), rel=0.01)


def test_somebody_who_leaves_between_two_looks_is_taken_out():
    dice = np.random.default_rng(6)
    treated, control = dice.integers(1, 900, (2, 400))
    chiara = Moments.of_rows(treated[:1])
    all_of_them, others = Moments.of_rows(treated), Moments.of_rows(control)
    looks = [(all_of_them, others), (all_of_them - chiara, others)]
    found = measure.confidence_sequence_sums(looks, planned_n=1_000, planned=(1, 1))
    assert found.n == 799
    assert found.value == pytest.approx(treated[1:].mean() - control.mean())
    with pytest.raises(BadInput, match="same past"):
        measure.confidence_sequence_sums([(Moments.of_rows(treated, control), others)], planned_n=1_000)


def test_an_effect_that_changes_contradicts_itself_and_is_said_to():
    dice = np.random.default_rng(4)
    control = dice.normal(100, 1, 20_000)
    treated = dice.normal(100, 1, 20_000) + np.where(np.arange(20_000) < 2_000, 5, -5)
    found = measure.confidence_sequence(treated, control, planned_n=40_000, looks=[(2_000, 2_000), (20_000, 20_000)])
    assert "contradict" in found.warnings[0]
    assert (found.low, found.high) == (found.looks[-1].low, found.looks[-1].high)


def test_people_who_are_not_divided_as_planned_block_it():
    treated, control = np.ones(1_000) + np.arange(1_000) % 3, np.ones(1_400) + np.arange(1_400) % 4
    found = measure.confidence_sequence(treated, control, planned_n=3_000, planned=(1, 1))
    assert "not divided as planned" in found.refused
    assert measure.confidence_sequence(treated, control, planned_n=3_000, planned=(10, 14)).value is not None


def test_a_lift_over_a_mean_that_may_be_0_waits():
    dice = np.random.default_rng(5)
    found = measure.confidence_sequence(*dice.normal(0, 5, (2, 500)), planned_n=2_000, relative=True)
    assert "cannot be told from 0" in found.refused
    before = dice.normal(9, 5, (2, 500))
    for relative in (False, True):
        same = measure.confidence_sequence(*before, planned_n=2_000, pre=tuple(before), relative=relative)
        assert "given twice" in same.refused
    assert "same outcome" in measure.confidence_sequence([1] * 300, [1] * 300, planned_n=900).refused


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"planned_n": 0}, "'planned_n' is 0"),
        ({"planned_n": 100.5}, "whole"),
        ({"planned_n": 100, "looks": [(2, 2), (1, 2)]}, "cannot follow"),
        ({"planned_n": 100, "looks": [(2, 9)]}, "at most all 3 and 3"),
        ({"planned_n": 100, "level": 1}, "between 0 and 1"),
    ],
)
def test_what_cannot_be_understood_is_said(more, says):
    with pytest.raises(BadInput, match=says):
        measure.confidence_sequence([1, 2, 3], [1, 2, 4], **more)
    with pytest.raises(BadInput, match="at least one look"):
        measure.confidence_sequence_sums([], planned_n=100)
