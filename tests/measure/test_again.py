"""Who bought on a second day, counted among those who could be watched for it, and of all."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodwill.basics.errors import BadInput
from goodwill.measure.again import repeat_purchase, repeat_purchase_of, repeat_sums, waiting
from goodwill.measure.share import share

AMINA, BRUNO, CHIARA, DEV = range(4)


def test_only_who_was_followed_for_the_whole_window_counts_plainly():
    """Amina came again after 5 days, Bruno after 40, Chiara never; Dev came last week and could not yet."""
    found = repeat_purchase([5, 40, 90, 7], [1, 1, 0, 0], [90, 90, 90, 7], window=30)
    assert (found.value, found.n, found.customers) == (pytest.approx(1 / 3), 3, 4)
    assert (found.low, found.high) == (share(1, 3).low, share(1, 3).high)
    assert "1 of 4 customers were not followed" in found.warnings[0]
    assert found.censored.value == pytest.approx(1 / 4)  # all four were watched until the fifth day


def test_purchases_of_one_day_are_one():
    found = waiting([AMINA, AMINA, AMINA, BRUNO, CHIARA, CHIARA], [0, 0, 5, 3, 1, 40], until=50)
    assert found.duration.tolist() == [5, 47, 39]
    assert found.observed.tolist() == [True, False, True]
    assert found.followed.tolist() == [50, 47, 49]
    assert waiting([], [], until=50).duration.size == 0


def test_the_order_of_purchases_does_not_matter():
    dice = np.random.default_rng(4)
    who, day = dice.integers(0, 50, 300), dice.integers(0, 100, 300)
    mixed = dice.permutation(300)
    one, other = waiting(who, day, 100), waiting(who[mixed], day[mixed], 100)
    assert np.array_equal(one.duration, other.duration)
    first = np.array([day[who == one_of].min() for one_of in np.unique(who)])
    assert np.array_equal(one.followed, 100 - first)


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60), st.booleans()), min_size=1, max_size=40))
def test_sums_give_the_rate_of_the_rows_and_hers_can_be_taken_out(rows):
    followed = np.array([max(row[:2]) for row in rows])
    again = np.array([row[2] for row in rows])
    days = np.where(again, np.array([min(row[:2]) for row in rows]), followed)
    whole = repeat_sums(days, again, followed, 30)
    found = repeat_purchase_of(whole)
    full = followed >= 30
    assert found.n == full.sum()
    if full.any():
        assert found.value == pytest.approx((again & (days <= 30))[full].mean())
    assert whole - repeat_sums(days[:1], again[:1], followed[:1], 30) == repeat_sums(
        days[1:], again[1:], followed[1:], 30
    )


def test_the_censored_share_is_right_where_the_plain_one_has_few():
    """Everybody comes again after an exponential time of 60 days; most came lately. Truth: 1 − e^−½."""
    dice, trials, held, plain_n = np.random.default_rng(8), 300, 0, 0
    for _ in range(trials):
        wait, followed = np.ceil(dice.exponential(60, 300)), dice.integers(0, 40, 300)
        again = wait <= followed
        found = repeat_purchase(np.where(again, wait, followed), again, followed, 30)
        held += found.censored.low <= 1 - np.exp(-0.5) <= found.censored.high
        plain_n += found.n
    assert held / trials >= 0.95 - 4 * 0.0126
    assert plain_n / trials < 90


def test_a_window_that_nobody_was_followed_for_is_refused():
    found = repeat_purchase([7, 5], [0, 1], [7, 9], window=30)
    assert (found.value, "No customer was followed for 30 days" in found.refused) == (None, True)
    assert "the longest is 7" in found.censored.refused
    assert repeat_purchase([], [], [], window=30).refused == "There were no customers."


def test_times_that_cannot_be_are_refused():
    with pytest.raises(BadInput, match="longer than the customer was followed"):
        repeat_purchase([9], [1], [5], window=30)
    with pytest.raises(BadInput, match="the data end with day 3"):
        waiting([AMINA], [9], until=3)
    with pytest.raises(BadInput, match="'window' is 0"):
        repeat_purchase([9], [1], [9], window=0)
