"""The model in which nobody leaves: what the Pareto/NBD becomes, by another's formulas and by throwing dice."""

import numpy as np
import pytest
from scipy.stats import nbinom

from goodwill.basics.errors import BadInput, CannotTell
from goodwill.learn.lifetime import covariates, intervals, nbd, pareto

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


# ---- with traits -----------------------------------------------------------------------------------------------------


def crowd_with_traits(seed: int, n: int):
    random = np.random.default_rng(seed)
    traits = {"share": random.random(n), "joined": 1.0 * (random.random(n) < 0.5)}
    T = random.integers(26, 52, n).astype(float)
    factor = np.exp(0.8 * traits["share"] - 0.4 * traits["joined"])
    x = random.poisson(random.gamma(MODEL.r, 1 / MODEL.alpha, n) * factor * T)
    return x, np.where(x > 0, T / 2, 0.0), T, traits


def test_the_coefficients_of_a_crowd_are_found_again_with_the_errors_that_are_told():
    truth, off = np.array([np.log(MODEL.r), np.log(MODEL.alpha), 0.8, -0.4]), []
    for seed in range(12):
        x, t_x, T, traits = crowd_with_traits(seed, 1_500)
        model = covariates.fit_nbd(x, t_x, T, traits)
        off.append((model.fitted.theta - truth) / np.sqrt(np.diag(model.fitted.covariance)))
    assert np.all(np.abs(np.mean(off, axis=0)) < 3.5 / 12**0.5)
    assert np.all((np.std(off, axis=0) > 0.4) & (np.std(off, axis=0) < 1.7))


def test_with_traits_it_is_a_negative_binomial_regression():
    x, t_x, T, traits = crowd_with_traits(1, 400)
    model = covariates.fit_nbd(x, t_x, T, traits)
    times = np.array([np.log(np.arange(1, k + 1)).sum() for k in x]) - x * np.log(T)

    def likelihood(r: float, alpha: float, share: float, joined: float) -> float:
        scale = alpha * np.exp(-share * traits["share"] - joined * traits["joined"])
        return float((nbinom.logpmf(x, r, scale / (scale + T)) + times).sum())

    at = (model.r, model.alpha, *model.gamma_rate.values())
    assert model.fitted.log_likelihood == pytest.approx(likelihood(*at), rel=1e-9)
    for place in range(4):
        for moved in (0.99, 1.01):
            there = [value * moved if n == place else value for n, value in enumerate(at)]
            assert likelihood(*there) < model.fitted.log_likelihood, "it is the top"


def test_with_traits_it_looks_ahead_as_somebody_with_her_rate():
    x, t_x, T, traits = crowd_with_traits(2, 300)
    model = covariates.fit_nbd(x, t_x, T, traits)
    alone = {name: values[:1] for name, values in traits.items()}
    factor = np.exp(sum(model.gamma_rate[name] * values[0] for name, values in alone.items()))
    plain = nbd.Nbd.of(r=model.r, alpha=model.alpha / factor)
    ours = model.future(x[:1], t_x[:1], T[:1], alone, discount=0.01, horizon=40.0)
    theirs = plain.future(x[:1], t_x[:1], T[:1], discount=0.01, horizon=40.0)
    assert (ours.mean[0], ours.variance[0]) == pytest.approx((theirs.mean[0], theirs.variance[0]))


def test_a_trait_of_all_or_of_nobody_is_refused():
    x, t_x, T, traits = crowd_with_traits(3, 200)
    with pytest.raises(CannotTell, match="the same for everybody"):
        covariates.fit_nbd(x, t_x, T, {**traits, "alike": np.ones(x.size)})
    with pytest.raises(BadInput, match="at least one trait"):
        covariates.fit_nbd(x, t_x, T, {})


def test_customers_that_are_alike_may_be_told_as_one_with_a_weight():
    x, t_x, T, traits = crowd_with_traits(4, 600)
    kinds = np.column_stack([x, t_x, T, np.round(traits["share"]), traits["joined"]])
    few, many = np.unique(kinds, axis=0, return_counts=True)
    each = {"share": kinds[:, 3], "joined": kinds[:, 4]}
    some = {"share": few[:, 3], "joined": few[:, 4]}
    one = covariates.fit_nbd(x, t_x, T, each)
    other = covariates.fit_nbd(*few[:, :3].T, some, weights=many)
    assert other.fitted.theta == pytest.approx(one.fitted.theta, abs=1e-5)
    for name in ("gamma_rate.share", "r"):
        plain = intervals.profile(one, name, x, t_x, T, each)
        joined = intervals.profile(other, name, *few[:, :3].T, some, weights=many)
        assert (joined.low, joined.high) == pytest.approx((plain.low, plain.high), abs=1e-3)
    asked = {"seed": 1, "horizon": 26.0, "draws": 300}
    whole = intervals.total_purchases(one, x, t_x, T, each, **asked)
    fewer = intervals.total_purchases(other, *few[:, :3].T, some, weights=many, **asked)
    assert fewer.value == pytest.approx(whole.value, rel=1e-4)
    assert fewer.high - fewer.low == pytest.approx(whole.high - whole.low, rel=0.25)
    assert many.size < x.size
