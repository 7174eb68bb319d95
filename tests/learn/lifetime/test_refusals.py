"""What cannot be said is not said: a sentence with the reason, never a figure that is none, never a trace of scipy."""

import math
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import examples
from tests.learn.lifetime.crowd import amounts_crowd, bg_crowd, pareto_crowd

from goodwill.basics.errors import BadInput, CannotTell
from goodwill.learn.lifetime import BgNbd, GammaGamma, ParetoNbd, bgnbd, discount_rate, gammagamma, pareto, worth_of

MODELS = [bgnbd, pareto]
PN = ParetoNbd.of(r=0.553, alpha=10.578, s=0.606, beta=11.669)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    ("x", "t_x", "T", "says"),
    [
        ([1, -1], [2, 2], [9, 9], "whole numbers, 0 or more; entry 1 is -1"),
        ([1, 1.5], [2, 2], [9, 9], "whole numbers, 0 or more; entry 1 is 1.5"),
        ([1, 1], [-2, 2], [9, 9], "cannot be before the first; entry 0 is -2"),
        ([1, 1], [2, 10], [9, 9], "after the end of what was observed, T; entry 1 is 10"),
        ([0, 1], [2, 2], [9, 9], "Who never came back"),
        ([1, math.nan], [2, 2], [9, 9], "not a number; entry 1 is nan"),
        ([1, 1], [2, 2], [9, math.inf], "not a number; entry 1 is inf"),
        ([1, 1], [2, 2], [9], "x has 2, t_x has 2, T has 1"),
        ([[1, 1]], [2, 2], [9, 9], "'x' must be a list of numbers"),
        (["once", 1], [2, 2], [9, 9], "'x' holds something that is not a number"),
    ],
)
def test_what_is_no_customer_is_named(model, x, t_x, T, says):
    with pytest.raises(BadInput, match=says):
        model.fit(x, t_x, T)


@pytest.mark.parametrize("model", MODELS)
def test_a_weight_is_a_number_of_customers(model):
    with pytest.raises(BadInput, match="cannot be below 0; entry 1 is -1"):
        model.fit([1, 1], [2, 2], [9, 9], [3, -1])


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    ("x", "t_x", "T", "says"),
    [
        ([], [], [], "There is no customer to learn from"),
        ([3], [2.0], [9.0], "There is one customer to learn from"),
        ([0] * 50, [0.0] * 50, [9.0] * 50, "Nobody bought a second time"),
        ([1, 2, 1, 3] + [0] * 50, [4.0] * 4 + [0.0] * 50, [9.0] * 54, "Only 4 of 54 customers bought a second time"),
        ([1, 2, 3] * 20, [9.0] * 60, [9.0] * 60, "Everybody bought on the very last day"),
    ],
)
def test_from_too_little_nothing_is_learnt(model, x, t_x, T, says):
    with pytest.raises(CannotTell, match=says):
        model.fit(x, t_x, T)


@pytest.mark.parametrize("model", MODELS)
def test_people_who_are_all_alike_are_a_ridge(model):
    """Everybody bought three times at the same moments: nothing tells how people differ."""
    with pytest.raises(CannotTell, match="ridge"):
        model.fit([3] * 200, [20.0] * 200, [26.0] * 200)


def test_where_nobody_leaves_leaving_is_not_told():
    """Rates differ, but everybody goes on to the end."""
    dice = np.random.default_rng(1)
    x = dice.poisson(dice.gamma(2.0, 10.0, 400)) + 1
    T = np.full(400, 52.0)
    t_x = T * (1 - 1e-3 * dice.random(400))
    with pytest.raises(CannotTell, match=r"do not tell (s|beta|s and beta)"):
        pareto.fit(x, t_x, T)


def test_rates_of_leaving_that_are_all_the_same_are_a_ridge_of_s_and_beta():
    """Gamma(4000, 100000): a spread of 1.6 % that four hundred customers cannot show."""
    crowds = [pareto_crowd(seed, 400, s=4_000.0, beta=100_000.0) for seed in range(6)]
    said = [refusal(lambda crowd=crowd: pareto.fit(crowd.x, crowd.t_x, crowd.T)) for crowd in crowds]
    refused = [sentence for sentence in said if sentence]
    assert refused
    assert all("do not tell s and beta" in sentence for sentence in refused)


def refusal(ask):
    """The sentence of a refusal; "" where there is none."""
    try:
        ask()
    except CannotTell as error:
        return str(error)
    return ""


@settings(max_examples=examples(60))
@given(
    st.integers(0, 10**6), st.integers(2, 60), st.sampled_from([0.02, 0.5, 20.0]), st.sampled_from([0.01, 0.5, 30.0])
)
def test_any_customers_give_numbers_or_a_sentence(seed, n, r, s):
    """Few customers, odd ones: what comes back is finite, or a refusal that ends with what helps."""
    crowd = pareto_crowd(seed, n, r=r, alpha=5.0, s=s, beta=10.0)
    for model in MODELS:
        found = None
        with suppress(CannotTell):
            found = model.fit(crowd.x, crowd.t_x, crowd.T)
        if found is None:
            assert refusal(lambda model=model: model.fit(crowd.x, crowd.t_x, crowd.T)).endswith(".")
            continue
        told = found.to_dict()
        figures = [*told["parameters"].values(), *told["standard_errors"].values(), told["log_likelihood"]]
        assert all(math.isfinite(figure) for figure in figures)
        assert np.all(np.isfinite(found.expected_purchases(10.0, crowd.x, crowd.t_x, crowd.T)))


# ---- amounts ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "amounts", "says"),
    [
        ([1, 2, 3, 4, 5], [9, 9, -1, 9, 9], "entry 2 is -1. Leave out returns"),
        ([1, 2, 3, 4, 5], [9, 9, 0, 9, 9], "entry 2 is 0"),
        ([1, 2, 3, 4, 5], [9, 9, math.nan, 9, 9], "not a number"),
    ],
)
def test_an_amount_that_is_none_is_named(x, amounts, says):
    with pytest.raises(BadInput, match=says):
        gammagamma.fit(x, amounts)


@pytest.mark.parametrize(
    ("x", "amounts", "says"),
    [
        ([0, 0, 0], [0, 0, 0], "0 customers came back"),
        ([1], [9.0], "1 customers came back"),
        ([1, 2, 3, 4, 5], [9.0] * 5, "Everybody spent the same on average"),
    ],
)
def test_from_too_few_amounts_nothing_is_learnt(x, amounts, says):
    with pytest.raises(CannotTell, match=says):
        gammagamma.fit(x, amounts)


def test_amounts_that_hardly_differ_between_customers_are_a_ridge():
    x = bg_crowd(1, 500).x
    with pytest.raises(CannotTell, match="ridge"):
        gammagamma.fit(x, amounts_crowd(1, x, q=1e7, v=1e8))


def test_an_expectation_without_bound_is_not_told():
    spending = GammaGamma.of(p=0.5, q=0.8, v=10.0)
    with pytest.raises(CannotTell, match="has no bound"):
        spending.expected_amount([0, 3], [0, 9.0])
    assert spending.expected_amount(3, 9.0) > 0
    assert np.isinf(GammaGamma.of(p=0.5, q=1.5, v=10.0).amounts(0, 0).square)


# ---- looking ahead ---------------------------------------------------------------------------------------------------


def test_a_sum_for_ever_takes_a_discount_or_a_horizon():
    with pytest.raises(CannotTell, match="give a horizon"):
        PN.dert(2, 3.0, 9.0, discount=0.0)
    for arguments in ({"discount": -0.1}, {"discount": math.nan}, {"discount": 0.1, "horizon": 0.0}):
        with pytest.raises(BadInput):
            PN.dert(2, 3.0, 9.0, **arguments)


@pytest.mark.parametrize(
    "ask",
    [
        lambda: PN.expected_purchases(-1.0, 2, 3.0, 9.0),
        lambda: PN.p_alive(2, 10.0, 9.0),
        lambda: PN.probability(-1, 9.0),
        lambda: PN.probability(1.5, 9.0),
        lambda: ParetoNbd.of(r=0, alpha=1, s=1, beta=1),
        lambda: BgNbd.of(r=1, alpha=math.inf, a=1, b=1),
        lambda: PN.standard_errors,
        lambda: worth_of(PN.future(2, 3.0, 9.0, discount=0.1), GammaGamma.of(p=6, q=4, v=15).amounts([1, 2], [9, 9])),
        lambda: worth_of(PN.future(2, 3.0, 9.0, discount=0.1), GammaGamma.of(p=6, q=4, v=15).amounts(1, 9), margin=0),
        lambda: discount_rate(-0.1),
        lambda: discount_rate(0.1, 0),
    ],
)
def test_a_question_that_is_none_is_refused(ask):
    with pytest.raises(BadInput):
        ask()


@pytest.mark.parametrize("model", MODELS)
def test_customers_who_came_back_at_once_are_named_where_they_are_why_there_is_no_fit(model):
    x, t_x, T = np.array([0, 5, 9, 7, 8, 6.0] * 20), np.zeros(120), np.full(120, 30.0)
    with pytest.raises(CannotTell, match=r"100 customers came back .* Merge the purchases of one day"):
        model.fit(x, t_x, T)
