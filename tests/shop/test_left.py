"""The share of customers who have left for good: how far its interval reaches, and where nobody or everybody has."""

import numpy as np
import pytest
from scipy.special import logit
from tests.shop.test_foretold import of_the_model

from goodwill.measure.buying import HowOften, customers_of
from goodwill.shop.measures.selling import _about, lost
from goodwill.shop.measures.value import bought_as


def test_the_interval_reaches_as_far_above_as_below_in_logits_and_ends_at_whole_customers():
    what = HowOften(until=363, currency="EUR")
    kinds = customers_of(what._sums(of_the_model(1)), what)
    found = lost(kinds, bought_as(kinds, "pareto-nbd")[1])
    below, here, above = logit([found.low, found.value, found.high])
    assert above - here == pytest.approx(here - below, abs=2 / 1_500 / found.value)
    assert found.low * 1_500 == pytest.approx(round(found.low * 1_500))
    assert found.high * 1_500 == pytest.approx(round(found.high * 1_500))


def test_draws_that_lean_do_not_pull_the_interval_along():
    leans = 0.5 - np.random.default_rng(1).gamma(4, 0.02, 400)
    low, high = _about(0.5, leans, 1_000_000)
    assert low + high == pytest.approx(1)
    assert low < np.quantile(leans, 0.975) < high


@pytest.mark.parametrize(("share", "low", "high"), [(0.0, 0.0, 0.05), (1.0, 0.95, 1.0)])
def test_none_and_all_are_shares_with_an_end_of_one_customer(share, low, high):
    assert _about(share, np.full(400, share), 20) == (low, high)
