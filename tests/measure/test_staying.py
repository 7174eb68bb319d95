"""How long customers stay: golden values, scipy as a second opinion, and what nobody can know yet."""

import csv
import os
import warnings
from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import CensoredData, ecdf
from tests.conftest import ROOT

from goodwill.basics.errors import BadInput
from goodwill.measure.staying import (
    churn,
    churn_of,
    rmst,
    rmst_difference,
    rmst_of,
    silent,
    silent_of,
    silent_sums,
    survival,
    survival_of,
    survival_sums,
)

# The hand table of every text book: weeks in remission with 6-MP (Freireich and others, Blood 21, 1963).
WEEKS = [6, 6, 6, 7, 10, 13, 16, 22, 23, 6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
LEFT = [1] * 9 + [0] * 12
lives = st.lists(st.tuples(st.integers(0, 30), st.booleans()), min_size=2, max_size=60)


@pytest.fixture(scope="module")
def waltons():
    """The flies of the Walton laboratory, a table of T, E and group as lifelines brings it."""
    table = ROOT / ".cache" / "tables" / "lifelines" / "datasets" / "waltons_dataset.csv"
    if not table.exists():
        why = "the tables that lifelines brings are not there; scripts/test_services.sh fetches them"
        pytest.fail(why) if os.environ.get("CI") else pytest.skip(why)
    rows = list(csv.DictReader(table.read_text("utf-8").splitlines()))
    return np.array([(float(row["T"]), float(row["E"]), row["group"] == "miR-137") for row in rows])


def test_the_flies_of_the_golden_table(waltons):
    time, left, treated = waltons.T
    curve = survival(time, left)
    assert (curve.median.value, curve.at(50).value) == (56, pytest.approx(0.61682, abs=1e-5))
    one, other = (rmst(time[group], left[group], 10) for group in (treated == 1, treated == 0))
    assert (one.value, one.standard_error**2) == (pytest.approx(9.79412, abs=1e-5), pytest.approx(0.01519, abs=1e-5))
    assert other.value == pytest.approx(9.97674, abs=1e-5)
    assert other.standard_error**2 == pytest.approx(0.00054, abs=5e-6)
    assert rmst_difference(one, other).p == pytest.approx(0.1453, abs=1e-4)


def test_the_text_books_table():
    curve = survival(WEEKS, LEFT)
    events = curve.left > 0
    assert curve.time[events].tolist() == [6, 7, 10, 13, 16, 22, 23]
    assert curve.value[events] == pytest.approx([0.8571, 0.8067, 0.7529, 0.6902, 0.6275, 0.5378, 0.4482], abs=5e-5)
    assert curve.standard_error[events] == pytest.approx(
        [0.0764, 0.0869, 0.0963, 0.1068, 0.1141, 0.1282, 0.1346], abs=5e-5
    )
    assert (curve.median.value, curve.median.low, curve.median.high) == (23, 13, inf)


@given(lives)
def test_curve_and_both_intervals_are_those_of_scipy(rows):
    time, left = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    data = CensoredData(uncensored=time[left], right=time[~left]) if not left.all() else time
    theirs = ecdf(data).sf
    for interval, method in (("log-log", "log-log"), ("greenwood", "linear")):
        ours = survival(time, left, interval=interval)
        assert ours.value == pytest.approx(theirs.evaluate(ours.time))
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")  # at 0 and 1 scipy's ends are no numbers
            ends = theirs.confidence_interval(method=method)
        inside = (ours.value > 0) & (ours.value < 1)
        assert ours.low[inside] == pytest.approx(ends.low.evaluate(ours.time)[inside], abs=1e-9)
        assert ours.high[inside] == pytest.approx(ends.high.evaluate(ours.time)[inside], abs=1e-9)
        assert (ours.low <= ours.value).all()
        assert (ours.value <= ours.high).all()


@given(lives, lives, st.integers(5, 40))
def test_sums_give_the_curve_of_the_rows_and_hers_can_be_taken_out(some, others, longest):
    rows = some + others
    time, left = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    cut = np.minimum(time, longest), left & (time <= longest)
    total = survival_sums(time[: len(some)], left[: len(some)], longest) + survival_sums(
        time[len(some) :], left[len(some) :], longest
    )
    of_sums, of_rows = survival_of(total), survival(*cut)
    for column in ("time", "at_risk", "left", "value", "low", "high"):
        assert np.array_equal(getattr(of_sums, column), getattr(of_rows, column))
    assert churn_of(of_sums, 3) == churn(*cut, by=3)
    assert total - survival_sums(time[:1], left[:1], longest) == survival_sums(time[1:], left[1:], longest)


def test_the_mean_stay_of_a_hand_table():
    """Of four, one leaves at 1 and one at 2; up to 3: 1 + ¾ + ½. Variance: (5/4)²·1/12 + (1/2)²·1/6."""
    found = rmst([1, 2, 3, 4], [1, 1, 0, 0], 3)
    assert found.value == pytest.approx(2.25)
    assert found.standard_error**2 == pytest.approx(1.25**2 / 12 + 0.25 / 6)
    assert rmst_of(survival([1, 2, 3, 4], [1, 1, 0, 0]), 3) == found


def test_where_all_are_seen_to_the_end_the_mean_stay_is_the_plain_mean():
    time = np.random.default_rng(3).integers(1, 50, 80)
    found = rmst(time, np.ones(80), 50)
    assert found.value == pytest.approx(time.mean())
    assert found.standard_error == pytest.approx(time.std() / 80**0.5)


def test_the_intervals_hold_the_truth_as_often_as_they_say():
    """Exponential stays of 20 weeks, censored at random: S(15) = e^−¾, mean stay within 15 = 20·(1 − e^−¾)."""
    dice, trials, truth = np.random.default_rng(11), 600, np.exp(-0.75)
    held = np.zeros(3)
    for _ in range(trials):
        stay, seen = dice.exponential(20, 120), dice.uniform(5, 40, 120)
        time, left = np.minimum(stay, seen), stay <= seen
        curve = survival(time, left)
        here, mean, half = curve.at(15), rmst_of(curve, 15), curve.median
        held += [here.low <= truth <= here.high, mean.low <= 20 * (1 - truth) <= mean.high,
                 half.refused != "" or half.low <= 20 * np.log(2) <= half.high]  # fmt: skip
    assert (held / trials >= 0.95 - 4 * 0.0089).all(), held / trials


def test_the_difference_of_two_groups_errs_as_rarely_as_it_says():
    dice, trials, found = np.random.default_rng(2), 400, 0
    for _ in range(trials):
        groups = [np.minimum(dice.exponential(20, 80), 30) for _ in range(2)]
        one, other = (rmst(time, time < 30, 30) for time in groups)
        found += rmst_difference(one, other).p < 0.05
    assert found / trials <= 0.05 + 4 * 0.0109


def test_churn_is_one_less_the_curve_and_its_rate_counts_the_time_watched():
    found = churn([1, 2, 3, 4], [1, 1, 0, 0], by=3)
    assert found.value == pytest.approx(0.5)
    assert (found.rate.counted, found.rate.exposure) == (2, 9)  # 1 + 2 + 3 + 3
    here = survival([1, 2, 3, 4], [1, 1, 0, 0]).at(3)
    assert (found.low, found.high) == (pytest.approx(1 - here.high), pytest.approx(1 - here.low))


def test_nobody_knows_beyond_what_was_watched():
    curve = survival([5, 9, 9], [1, 0, 0])
    assert "the longest is 9" in curve.at(10).refused
    assert "the longest is 9" in rmst_of(curve, 10).refused
    assert "the longest is 9" in churn_of(curve, 10).refused
    assert survival([5, 9], [0, 1]).at(10).value == 0  # nobody is left, whatever comes


def test_where_nobody_left_yet_the_lower_end_is_that_of_so_many():
    curve = survival([9] * 30, [0] * 30)
    assert (curve.at(9).value, curve.at(9).low) == (1, pytest.approx(0.025 ** (1 / 30)))
    assert "Fewer than half have left" in curve.median.refused
    assert (curve.median.low, curve.median.high) == (9, inf)
    mean = rmst_of(curve, 9)
    assert (mean.value, mean.high, mean.standard_error) == (9, 9, None)
    assert mean.low == pytest.approx(9 * 0.025 ** (1 / 30))
    assert "how much it may vary is not known" in rmst_difference(mean, rmst([1, 2, 9], [1, 1, 0], 9)).refused


@pytest.mark.parametrize(
    ("time", "left", "words"),
    [([], [], "Nobody was watched"), ([5], [1], "Only one"), ([5] * 20, [1] * 20, "left at the same time")],
)
def test_what_cannot_tell_is_refused_in_words(time, left, words):
    assert words in rmst(time, left, 5.5).refused
    told = survival(time, left).to_dict()
    assert "nan" not in str(told).lower()


def test_groups_are_compared_within_the_same_time():
    with pytest.raises(BadInput, match="same tau"):
        rmst_difference(rmst(WEEKS, LEFT, 10), rmst(WEEKS, LEFT, 20))
    with pytest.raises(BadInput, match="'tau' is 0"):
        rmst(WEEKS, LEFT, 0)
    with pytest.raises(BadInput, match="no interval 'wald'"):
        survival(WEEKS, LEFT, interval="wald")
    with pytest.raises(BadInput, match="not equally long"):
        survival(WEEKS, LEFT[1:])


def test_a_rule_of_silence_is_never_told_alone():
    days = [10, 45, 70, 100, 200, 400]
    found = silent(days, (90, 30, 180))
    assert found.days == (30, 90, 180)
    assert [one.hits for one in found.shares] == [5, 3, 2]
    assert "Between 33 % and 83 %" in found.warnings[0]
    assert (
        silent_of(silent_sums(days[:2], (30, 90, 180)) + silent_sums(days[2:], (30, 90, 180)), (30, 90, 180)) == found
    )
    assert silent([]).refused == "There was nobody to count."
    with pytest.raises(BadInput, match="at least two rules"):
        silent(days, (90,))
