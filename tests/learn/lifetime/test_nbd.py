"""The model in which nobody leaves: what the Pareto/NBD becomes, by another's formulas and by throwing dice."""

import numpy as np
import pytest
from scipy.stats import nbinom

from goodwill.basics.errors import BadInput, CannotTell
from goodwill.learn.lifetime import intervals, nbd, pareto

MODEL = nbd.Nbd.of(r=1.4, alpha=6.0)


def crowd(seed: int, n: int, longest: int = 52):
    random = np.random.default_rng(seed)
    T = random.integers(longest // 2, longest, n).astype(float)
    x = random.poisson(random.gamma(MODEL.r, 1 / MODEL.alpha, n) * T)
    return x, np.where(x > 0, T * random.random(n) ** (1 / np.maximum(x, 1)), 0.0), T


def test_the_parameters_of_a_crowd_are_found_again():
    model = nbd.fit(*crowd(1, 4_000))
    errors = model.standard_errors
    assert abs(model.r - MODEL.r) < 3 * errors["r"]
    assert abs(model.alpha - MODEL.alpha) < 3 * errors["alpha"]
    assert "nobody ever leaves" in " ".join(model.warnings)


def test_the_likelihood_is_that_of_a_negative_binomial():
    x, t_x, T = crowd(2, 300)
    model = nbd.fit(x, t_x, T)
    plain = nbinom.logpmf(x, model.r, model.alpha / (model.alpha + T))
    times = np.array([np.log(np.arange(1, k + 1)).sum() for k in x]) - x * np.log(T)  # of which moments it leaves out
    assert model.log_likelihood == pytest.approx((plain + times).sum(), rel=1e-9)
    assert model.probability(3, 10.0)[0] == pytest.approx(nbinom.pmf(3, model.r, model.alpha / (model.alpha + 10)))


def test_it_is_the_pareto_nbd_of_people_who_hardly_leave():
    x, t_x, T = crowd(3, 50)
    slow = pareto.ParetoNbd.of(r=MODEL.r, alpha=MODEL.alpha, s=1e-6, beta=10.0)
    for told in ("expected_purchases", "dert"):
        asked = (26.0,) if told == "expected_purchases" else ()
        named = {} if asked else {"discount": 0.003, "horizon": 100.0}
        ours, theirs = (getattr(model, told)(*asked, x, t_x, T, **named) for model in (MODEL, slow))
        assert ours == pytest.approx(theirs, rel=1e-4)
    assert MODEL.p_alive(x, t_x, T).tolist() == [1.0] * 50


def test_mean_and_spread_of_what_is_to_come_are_those_of_dice():
    random = np.random.default_rng(4)
    rate = random.gamma(MODEL.r + 3, 1 / (MODEL.alpha + 20), 200_000)
    bought = random.poisson(rate * 30)
    who = np.repeat(np.arange(rate.size), bought)
    worth = np.bincount(who, weights=np.exp(-0.02 * random.uniform(0, 30, who.size)), minlength=rate.size)
    future = MODEL.future([3], [9.0], [20.0], discount=0.02, horizon=30.0)
    assert future.mean[0] == pytest.approx(worth.mean(), rel=0.01)
    assert future.variance[0] == pytest.approx(worth.var(), rel=0.02)
    assert MODEL.dert([3], [9.0], [20.0], discount=0.02)[0] == pytest.approx((MODEL.r + 3) / 26.0 / 0.02)


def test_an_interval_of_the_total_holds_what_they_buy():
    inside = 0
    for seed in range(20):
        x, t_x, T = crowd(seed, 300)
        rate = np.random.default_rng(seed).gamma(MODEL.r + x, 1 / (MODEL.alpha + T))
        later = np.random.default_rng(100 + seed).poisson(rate * 26).sum()
        total = intervals.total_purchases(nbd.fit(x, t_x, T), x, t_x, T, seed=seed, horizon=26.0, draws=60)
        inside += total.low <= later <= total.high
    assert inside >= 16


def test_people_who_are_all_alike_are_a_ridge():
    with pytest.raises(CannotTell, match="ridge"):
        nbd.fit([5] * 40, [20.0] * 40, [26.0] * 40)


def test_what_is_no_model_and_no_customer_is_refused():
    with pytest.raises(BadInput, match="above 0"):
        nbd.Nbd.of(r=0.0, alpha=1.0)
    with pytest.raises(BadInput, match="never came back"):
        MODEL.expected_purchases(4, [0], [2.0], [9.0])
