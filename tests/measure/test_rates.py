"""How often: exact where people do not differ, wider where they do, from sums of people alone."""

from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, chi2

from goodwill.basics.errors import BadInput, Overflow
from goodwill.measure.rates import exact_dot, plain_rate, poisson_interval, rate_of, rate_sums, share_of
from goodwill.measure.share import proportion

pairs = st.lists(st.tuples(st.integers(0, 30), st.integers(1, 30)), min_size=3, max_size=40)


def test_the_golden_interval_of_300():
    assert poisson_interval(300) == pytest.approx((267.0, 335.9), abs=0.06)


@given(st.integers(0, 5_000), st.sampled_from([0.5, 0.8, 0.95, 0.99]))
def test_it_is_the_exact_interval_of_poisson(n, level):
    tail = (1 - level) / 2
    low, high = poisson_interval(n, level)
    assert low == pytest.approx(chi2.ppf(tail, 2 * n) / 2 if n else 0)
    assert high == pytest.approx(chi2.ppf(1 - tail, 2 * n + 2) / 2)


@given(pairs, st.integers(0, 39))
def test_sums_give_the_rate_of_the_rows_and_hers_can_be_taken_out(rows, place):
    counted, over = np.array(rows).T
    found = rate_of(rate_sums(counted, over))
    assert found.value == pytest.approx(counted.sum() / over.sum())
    around = counted - found.value * over
    spread = (around**2).sum() * len(rows) / (len(rows) - 1)
    assert found.standard_error == pytest.approx(max(counted.sum(), spread) ** 0.5 / over.sum())
    assert found.low <= found.value <= found.high
    chiara = [rows[place % len(rows)]]
    without = rows[: place % len(rows)] + rows[place % len(rows) + 1 :]
    assert rate_sums(*zip(*rows, strict=True)) - rate_sums(*zip(*chiara, strict=True)) == rate_sums(
        *zip(*without, strict=True)
    )


@pytest.mark.parametrize(("people", "shape"), [(100, 0.5), (60, 5.0)])
def test_its_interval_holds_where_people_differ_and_poissons_does_not(people, shape):
    dice, trials, held, plain = np.random.default_rng(6), 600, 0, 0
    for _ in range(trials):
        weeks = dice.integers(1, 27, people)
        visits = dice.poisson(dice.gamma(shape, 0.4 / shape, people) * weeks)
        found, naive = rate_of(rate_sums(visits, weeks)), plain_rate(visits.sum(), weeks.sum())
        held += found.low <= 0.4 <= found.high
        plain += naive.low <= 0.4 <= naive.high
    assert held / trials >= 0.95 - 4 * 0.0089
    assert plain / trials < 0.85


def test_how_much_people_differ_is_told():
    dice = np.random.default_rng(2)
    visits = dice.poisson(dice.gamma(2.0, 3.0, 5_000))
    assert rate_of(rate_sums(visits, np.ones(5_000))).shape == pytest.approx(2.0, rel=0.1)
    assert rate_of(rate_sums([3] * 50, [1] * 50)).shape == inf


def test_a_share_of_mails_holds_where_the_mails_of_one_person_hang_together():
    dice, trials, held, naive = np.random.default_rng(9), 600, 0, 0
    for _ in range(trials):
        mails = dice.integers(1, 27, 150)
        clicks = dice.binomial(mails, dice.beta(0.5, 4.5, 150))
        found = share_of(rate_sums(clicks, mails))
        held += found.low <= 0.1 <= found.high
        plain = proportion(int(clicks.sum()), int(mails.sum()))
        naive += plain.low <= 0.1 <= plain.high
    assert held / trials >= 0.95 - 4 * 0.0089
    assert naive / trials < 0.8


def test_a_share_of_one_mail_each_is_nearly_the_plain_one():
    hits = np.repeat([1, 0], [30, 970])
    found = share_of(rate_sums(hits, np.ones(1_000)))
    exact = binomtest(30, 1_000).proportion_ci(method="exact")
    assert (found.low, found.high) == pytest.approx((exact.low, exact.high), rel=0.01)


@pytest.mark.parametrize(("hits", "value", "low", "high"), [(0, 0, 0, 0.1), (1, 1, 0.9, 1)])
def test_no_hit_at_all_is_no_proof_that_there_is_none(hits, value, low, high):
    found = share_of(rate_sums([hits] * 50, [1] * 50))
    assert (found.value, found.standard_error) == (value, None)
    assert low <= found.low < found.high <= high
    nothing = rate_of(rate_sums([0] * 50, [2] * 50))
    assert (nothing.value, nothing.low) == (0, 0)
    assert nothing.high == pytest.approx(3.689 / 100, rel=1e-3)


def test_a_proportion_is_wilsons():
    theirs = binomtest(30, 400).proportion_ci(0.9, method="wilson")
    found = proportion(30, 400, 0.9)
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high))
    assert proportion(0, 0).refused == "There was nobody to count."


@pytest.mark.parametrize(
    ("counted", "over", "words"), [([], [], "nobody"), ([3], [2], "Only one"), ([0], [0], "nobody")]
)
def test_of_nobody_and_of_one_nothing_is_told(counted, over, words):
    sums = rate_sums(counted, over)
    assert words in rate_of(sums).refused
    assert words in rate_of(sums, per=1_000).refused
    assert plain_rate(0, 0).refused


def test_what_cannot_be_is_refused():
    with pytest.raises(BadInput, match="'counted' is above 0, but 'exposure' is 0"):
        rate_sums([1, 1], [1, 0])
    with pytest.raises(BadInput, match="3 of 2 tries"):
        share_of(rate_sums([2, 1], [1, 1]))
    with pytest.raises(BadInput, match="'hits' is 5"):
        proportion(5, 4)


def test_sums_too_large_for_64_bits_are_exact_or_say_so():
    large = np.full(10, 2**33)
    assert exact_dot(large, large) == 10 * 2**66
    with pytest.raises(Overflow):
        rate_sums(large, np.ones(10))
