"""Whether people were divided as planned: published values, few false alarms, and a sentence instead of a headline."""

import numpy as np
import pytest
from scipy import stats

from goodwill import measure
from goodwill.basics.errors import BadInput


@pytest.mark.parametrize(
    ("counts", "fixed", "sequential", "alarm"),
    [([500, 600], 0.0025688, 0.28050, False), ([1000, 1200], 2.0079e-5, 0.0041832, True)],
)
def test_both_tests_give_the_published_values(counts, fixed, sequential, alarm):
    found = measure.sample_ratio(counts, [0.5, 0.5])
    assert found.p == pytest.approx(fixed, rel=2e-5)
    assert found.p_sequential == pytest.approx(sequential, rel=2e-5)
    assert found.alarm is alarm
    assert bool(found.blocks) is alarm
    assert found.p == pytest.approx(stats.chisquare(counts).pvalue)


def test_after_several_looks_the_sequential_test_decides_and_forgets_no_alarm():
    days = [[500, 600], [500, 600]]
    found = measure.sample_ratio(days, [1, 1])
    assert found.counts == (1000, 1200)
    assert (found.p, found.p_sequential) == (pytest.approx(2.0079e-5, rel=1e-4), pytest.approx(0.0041832, rel=1e-4))
    assert not found.alarm
    broken = measure.sample_ratio([[100, 200], [100, 0]], [1, 1])  # in balance by now, but not on the way
    assert broken.p == 1
    assert broken.p_sequential < 0.001
    assert "instead of 200, 200" in broken.blocks


def test_shares_may_be_unequal_and_arms_several():
    found = measure.sample_ratio([900, 52, 48], [0.9, 0.05, 0.05])
    assert found.expected == pytest.approx((900, 50, 50))
    assert found.p == pytest.approx(stats.chisquare([900, 52, 48], [900, 50, 50]).pvalue)
    assert measure.sample_ratio([900, 52, 48], [18, 1, 1]).p == found.p


def test_an_alarm_is_false_in_about_one_of_a_thousand():
    dice = np.random.default_rng(1)
    once = [measure.sample_ratio(dice.multinomial(5_000, [0.9, 0.1]), [9, 1]).alarm for _ in range(2_000)]
    days = dice.binomial(200, 0.5, (400, 30))
    daily = [measure.sample_ratio(np.stack([day, 200 - day], axis=1), [1, 1]).alarm for day in days]
    assert sum(once) <= 7  # 2 expected; more in fewer than one of a thousand runs
    assert sum(daily) <= 3


def test_a_loss_of_a_fifth_in_one_arm_is_found():
    dice = np.random.default_rng(2)
    found = [
        measure.sample_ratio(np.stack([dice.binomial(200, 0.5, 30), dice.binomial(200, 0.4, 30)], axis=1), [1, 1]).alarm
        for _ in range(50)
    ]
    assert np.mean(found) > 0.9


def test_few_or_no_people_are_said_to_be_so():
    assert "Nobody is in any arm" in measure.sample_ratio([0, 0], [1, 1]).refused
    assert "too few for χ²" in measure.sample_ratio([3, 1], [1, 1]).warnings[0]
    assert measure.sample_ratio([10**12, 10**12 + 10**8], [1, 1]).p_sequential == 0  # no overflow


@pytest.mark.parametrize(
    ("counts", "expected", "says"),
    [
        ([5, -1], [1, 1], "whole numbers"),
        ([5, 1.5], [1, 1], "whole numbers"),
        ([5, 1], [1, 0], "above 0"),
        ([5, 1], [1, 1, 1], "2 arms and 3 shares"),
        ([5], [1], "two arms or more"),
        ([5, float("nan")], [1, 1], "no usable number"),
    ],
)
def test_what_is_no_count_or_share_is_said(counts, expected, says):
    with pytest.raises(BadInput, match=says):
        measure.sample_ratio(counts, expected)
