"""A guardrail holds when harm beyond its margin is ruled out, not when none was found; several questions at once."""

from math import inf

import numpy as np
import pytest
from scipy import stats

from goodwill import measure
from goodwill.basics.errors import BadInput
from goodwill.measure import Moments


def yes(hits, of):
    return np.r_[np.ones(hits), np.zeros(of - hits)]


def test_newcombes_interval_is_the_published_one():
    """Newcombe 1998, table II, method 10: 56/70 less 48/80 is .0524 to .3339, two-sided 95 %."""
    found = measure.guardrail(yes(56, 70), yes(48, 80), 0.5, level=0.975)
    assert found.value == pytest.approx(0.2)
    assert (found.low, found.high) == (-inf, pytest.approx(0.3339, abs=5e-5))
    other = measure.guardrail(yes(56, 70), yes(48, 80), 0.5, worse="lower", level=0.975)
    assert (other.low, other.high) == (pytest.approx(0.0524, abs=5e-5), inf)
    none = measure.guardrail(yes(0, 10), yes(0, 20), 0.5, level=0.975)
    assert none.high == pytest.approx(0.2775, abs=5e-5)  # 10 of 0/10 and 0/20: −.1611 to .2775


def test_nobody_complaining_among_few_proves_nothing_and_among_many_it_does():
    few, many = (measure.guardrail(yes(0, n), yes(0, n), 0.005) for n in (100, 5_000))
    assert (few.verdict, many.verdict) == ("undecided", "safe")
    assert few.high > 0.005 > many.high > 0
    assert "would matter" in few.says
    assert "ruled out" in many.says


def test_harm_is_found_in_the_direction_that_is_harm():
    complaints = measure.guardrail(yes(90, 1_000), yes(30, 1_000), 0.02)
    trust = measure.guardrail(yes(300, 1_000), yes(400, 1_000), 0.02, worse="lower")
    assert (complaints.verdict, trust.verdict) == ("worse", "worse")
    assert complaints.high > complaints.value == pytest.approx(0.06)
    assert trust.low < trust.value == pytest.approx(-0.1)
    assert measure.guardrail(yes(30, 1_000), yes(90, 1_000), 0.02).verdict == "safe"  # fewer complain: no harm


@pytest.mark.parametrize("worse", ["higher", "lower"])
def test_the_bound_lies_on_the_harmful_side_of_the_estimate_and_p_goes_with_it(worse):
    dice = np.random.default_rng(1)
    scores = dice.normal(70, 10, 300), dice.normal(70, 10, 200)
    scores = scores[0] - scores[0].mean() + 70.1, scores[1] - scores[1].mean() + 70
    rates = yes(20, 300), yes(15, 200)
    for treated, control in (scores, rates):
        found = measure.guardrail(treated, control, 1.0, worse=worse)
        bound = found.high if worse == "higher" else -found.low
        assert bound > (found.value if worse == "higher" else -found.value)
        just = measure.guardrail(treated, control, bound, worse=worse)
        assert just.p == pytest.approx(0.05, abs=1e-6)
    peer = stats.ttest_ind(scores[0] - 1, scores[1], equal_var=False, alternative="less")
    assert measure.guardrail(*scores, 1.0).p == pytest.approx(peer.pvalue)


def test_a_harm_as_large_as_the_margin_is_called_safe_in_at_most_one_of_twenty():
    dice = np.random.default_rng(2)
    rare = [
        measure.guardrail(dice.random(3_000) < 0.012, dice.random(3_000) < 0.004, 0.008).verdict == "safe"
        for _ in range(300)
    ]
    scores = [
        measure.guardrail(dice.gamma(2, 5, 200) + 1, dice.gamma(2, 5, 200), 1.0).verdict == "safe" for _ in range(300)
    ]
    assert np.mean(rare) <= 0.088  # 5 % + 3 standard errors
    assert 0.012 <= np.mean(scores) <= 0.088


def test_exact_sums_say_the_same():
    dice = np.random.default_rng(3)
    for treated, control in ((dice.integers(0, 2, 80), dice.integers(0, 2, 90)), dice.integers(1, 100, (2, 60))):
        raw = measure.guardrail(treated, control, 0.4)
        found = measure.guardrail_sums(Moments.of_rows(treated), Moments.of_rows(control), 0.4)
        assert (found.verdict, found.n) == (raw.verdict, raw.n)
        assert (found.high, found.p) == (pytest.approx(raw.high), pytest.approx(raw.p))


def test_what_cannot_be_told_is_refused():
    assert "no customers" in measure.guardrail([], [1, 0], 0.1).refused
    assert "same outcome" in measure.guardrail([70.0, 70.0], [70.0, 70.0], 1).refused
    for margin in (0, -1, inf, float("nan")):
        with pytest.raises(BadInput, match="a number above 0"):
            measure.guardrail([1, 0], [1, 0], margin)
    with pytest.raises(BadInput, match="one of: higher, lower"):
        measure.guardrail([1, 0], [1, 0], 0.1, worse="bigger")


def test_holm_by_hand():
    found = measure.holm([0.01, 0.04, 0.03, 0.005])
    assert found.p == pytest.approx((0.03, 0.06, 0.06, 0.02))
    assert found.significant == (True, False, False, True)
    assert measure.holm([]).p == ()
    assert measure.holm([0.9, 0.8]).p == (1, 1)
    for wrong in (float("nan"), 1.2):
        with pytest.raises(BadInput, match="between 0 and 1"):
            measure.holm([wrong])


def test_of_ten_questions_without_an_effect_hardly_one_is_said_to_have_one():
    dice = np.random.default_rng(4)
    assert np.mean([any(measure.holm(dice.random(10)).significant) for _ in range(1_000)]) < 0.071  # 5 % + 3 errors
