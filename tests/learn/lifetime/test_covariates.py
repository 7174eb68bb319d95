"""Traits that go with buying and leaving: the truth is found, and what has no best fit is refused.

The literature's golden figures for traits are of a data set under the GPL (CLVTools' apparel retailer), which is not at
hand. So the truth is known here by making it: worlds with coefficients like those of that retailer, found again.
"""

import json
import math

import numpy as np
import pytest
from tests.learn.lifetime.crowd import pareto_crowd

from goodwill.basics.errors import BadInput, CannotTell
from goodwill.learn.lifetime import bgnbd, covariates, pareto

RATE, DROPOUT = (0.45, -0.3), (-0.6, 0.5)
FOUR = {"r": 1.2, "alpha": 8.0, "s": 0.8, "beta": 12.0}
APPAREL = {"r": 1.839, "alpha": 92.95, "s": 0.59, "beta": 49.55, "longest": 104.0, "shortest": 90.0, "binary": True}


def crowd_of(seed, n=3_000):
    return pareto_crowd(seed, n, **FOUR, rate=RATE, dropout=DROPOUT)


def fit(crowd, **more):
    return covariates.fit(crowd.x, crowd.t_x, crowd.T, crowd.traits, **more)


@pytest.fixture(scope="module")
def crowd():
    return crowd_of(1)


@pytest.fixture(scope="module")
def fitted(crowd):
    return fit(crowd)


def test_the_truth_is_found_with_the_errors_that_are_told():
    truth = np.r_[np.log(list(FOUR.values())), RATE, DROPOUT]
    found = [fit(crowd_of(seed, 1_500)) for seed in range(12)]
    off = np.array([(one.fitted.theta - truth) / np.sqrt(np.diag(one.fitted.covariance)) for one in found])
    assert np.all(np.abs(off.mean(axis=0)) < 3.5 / 12**0.5)
    assert np.all((off.std(axis=0) > 0.4) & (off.std(axis=0) < 1.7))  # χ² of 11: 0.1 % on either side


def test_traits_that_matter_raise_the_likelihood_and_others_hardly(crowd):
    plain = pareto.fit(crowd.x, crowd.t_x, crowd.T)
    noise = np.random.default_rng(2).random(crowd.x.size)
    assert fit(crowd).log_likelihood > plain.log_likelihood + 20
    useless = covariates.fit(crowd.x, crowd.t_x, crowd.T, {"noise": noise})
    assert 0 <= useless.log_likelihood - plain.log_likelihood < 7  # χ² of 2: once in a thousand
    assert all(
        abs(of["noise"]) < 3.5 * useless.standard_errors[f"{name}.noise"]
        for name, of in (("gamma_rate", useless.gamma_rate), ("gamma_dropout", useless.gamma_dropout))
    )


def test_the_unit_of_a_trait_does_not_matter(crowd, fitted):
    moved = {name: 100 + 7 * values for name, values in crowd.traits.items()}
    other = covariates.fit(crowd.x, crowd.t_x, crowd.T, moved)
    assert other.log_likelihood == pytest.approx(fitted.log_likelihood, abs=1e-6)
    for of, same in ((other.gamma_rate, fitted.gamma_rate), (other.gamma_dropout, fitted.gamma_dropout)):
        assert {name: 7 * value for name, value in of.items()} == pytest.approx(same, abs=1e-5)
    people = (crowd.x, crowd.t_x, crowd.T)
    assert other.p_alive(*people, moved) == pytest.approx(fitted.p_alive(*people, crowd.traits), abs=1e-5)


def test_each_customer_is_looked_at_with_her_own_traits(crowd, fitted):
    """As a plain model with the parameters that hold for her."""
    for place in (0, 7):
        she = (crowd.x[place], crowd.t_x[place], crowd.T[place])
        traits = {name: [values[place]] for name, values in crowd.traits.items()}
        rate = sum(fitted.gamma_rate[name] * values[0] for name, values in traits.items())
        dropout = sum(fitted.gamma_dropout[name] * values[0] for name, values in traits.items())
        plain = pareto.ParetoNbd.of(
            r=fitted.r, alpha=fitted.alpha * math.exp(-rate), s=fitted.s, beta=fitted.beta * math.exp(-dropout)
        )
        assert fitted.p_alive(*she, traits) == pytest.approx(plain.p_alive(*she))
        assert fitted.expected_purchases(9, *she, traits) == pytest.approx(plain.expected_purchases(9, *she))
        assert fitted.dert(*she, traits, discount=0.01) == pytest.approx(plain.dert(*she, discount=0.01))


def test_the_next_half_year_is_foretold(crowd, fitted):
    guess = fitted.expected_purchases(26.0, crowd.x, crowd.t_x, crowd.T, crowd.traits)
    assert guess.sum() == pytest.approx(crowd.later.sum(), rel=0.05)
    assert np.corrcoef(np.argsort(np.argsort(guess)), np.argsort(np.argsort(crowd.later)))[0, 1] > 0.5


def test_different_traits_may_go_with_buying_and_with_leaving(crowd):
    rate, dropout = ({name: crowd.traits[name]} for name in ("trait0", "trait1"))
    found = covariates.fit(crowd.x, crowd.t_x, crowd.T, rate, dropout)
    assert (set(found.gamma_rate), set(found.gamma_dropout)) == ({"trait0"}, {"trait1"})
    assert found.names == (*pareto.NAMES, "gamma_rate.trait0", "gamma_dropout.trait1")
    none = covariates.fit(crowd.x, crowd.t_x, crowd.T, rate, {})
    assert none.gamma_dropout == {}


def test_a_penalty_draws_coefficients_to_nothing(crowd, fitted):
    sizes = []
    for l2 in (0.0, 10.0, 1_000.0, 1e7):
        found = fit(crowd, l2=l2)
        sizes.append(sum(abs(value) for value in found.gamma_rate.values()))
        assert found.log_likelihood <= fitted.log_likelihood + 1e-6  # it is told without the penalty
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] < 1e-3


def test_weights_are_customers(crowd, fitted):
    twice = fit(crowd, weights=np.full(crowd.x.size, 2.0))
    assert twice.log_likelihood == pytest.approx(2 * fitted.log_likelihood)
    assert twice.fitted.theta == pytest.approx(fitted.fitted.theta, abs=1e-4)
    assert twice.fitted.covariance == pytest.approx(fitted.fitted.covariance / 2, rel=1e-3)


def test_it_is_told_as_what_goes_together(fitted):
    told = json.loads(json.dumps(fitted.to_dict(), allow_nan=False))
    assert covariates.ASSOCIATION in told["warnings"]
    assert set(told["gamma_rate"]) == {"trait0", "trait1"}
    assert set(told["standard_errors"]) == set(fitted.names)


@pytest.mark.parametrize(
    ("traits", "error", "says"),
    [
        ({"consent": np.ones(3_000)}, CannotTell, "'consent' is the same for everybody"),
        ({}, BadInput, "at least one trait"),
        ({"consent": np.ones(7)}, BadInput, "one number for each of the 3000 customers"),
        ({"consent": ["yes"] * 3_000}, BadInput, "not a number"),
        ({"consent": np.r_[0.0, np.nan, np.ones(2_998)]}, BadInput, "missing for customer 1"),
        ({"one": np.arange(3_000), "two": 5 - 3 * np.arange(3_000)}, CannotTell, "follows from the others"),
    ],
)
def test_a_trait_that_tells_nothing_is_named(crowd, traits, error, says):
    with pytest.raises(error, match=says):
        covariates.fit(crowd.x, crowd.t_x, crowd.T, traits)


def test_a_trait_that_parts_buyers_from_others_perfectly_is_refused(crowd):
    """Known only afterwards: who came back. Its coefficient has no end, and it was not frozen at the start."""
    came = 1.0 * (crowd.x > 0)
    with pytest.raises(CannotTell):
        covariates.fit(crowd.x, crowd.t_x, crowd.T, {"came back": came})


def test_a_missing_trait_is_asked_for(crowd, fitted):
    with pytest.raises(BadInput, match="trait 'trait1'"):
        fitted.p_alive(crowd.x, crowd.t_x, crowd.T, {"trait0": crowd.traits["trait0"]})
    with pytest.raises(BadInput, match="l2 is 0 or more"):
        fit(crowd, l2=-1.0)


# ---- BG/NBD with traits ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [0, 3, 4, 5, 6])
def test_a_bg_nbd_without_best_fit_is_refused_where_the_pareto_nbd_has_one(seed):
    world = pareto_crowd(seed, 600, **APPAREL, rate=(0.286, 0.624), dropout=(-0.642, 0.79))
    with pytest.raises(CannotTell, match="Use the Pareto/NBD with traits"):
        covariates.fit_bg_nbd(world.x, world.t_x, world.T, world.traits)
    assert math.isfinite(fit(world).log_likelihood)
    bgnbd.fit(world.x, world.t_x, world.T)  # nor is it the plain BG/NBD that fails


def test_and_its_likelihood_does_grow_for_ever():
    """With b held at one, ten, a hundred, ten thousand it is higher each time, so there is no top to find."""
    world = pareto_crowd(6, 600, **APPAREL, rate=(0.286, 0.624), dropout=(-0.642, 0.79))
    known = covariates.given(world.x, world.t_x, world.T, world.traits, world.traits)
    block = known.blocks[1].traits
    of_bg = covariates.Given(
        known.rows,
        (known.blocks[0], *(covariates.Block(name, block, place, -1.0) for name, place in (("a", 2), ("b", 3)))),
    )
    hill = covariates.hill_of(of_bg, bgnbd.rows_likelihood)
    theta = np.r_[bgnbd.fit(world.x, world.t_x, world.T).theta, np.zeros(6)]
    heights = []
    for size in (1.0, 1e1, 1e2, 1e4):
        theta[2:4] += np.log(size) - theta[3]
        theta, height = best_with_b_held(hill, theta)
        heights.append(height)
    gains = np.diff(heights)
    assert np.all(gains > 0)
    assert gains[0] > 10 * gains[1] > 100 * gains[2]  # ever less, but never the end


def best_with_b_held(hill, theta):
    """By scipy's L-BFGS, which knows nothing of ridges."""
    from scipy.optimize import minimize

    free = np.delete(np.arange(theta.size), 3)

    def lost(some):
        whole = theta.copy()
        whole[free] = some
        height, slope = hill.height(whole)
        return -height, -slope[free]

    found = minimize(
        lost, theta[free], jac=True, method="L-BFGS-B", bounds=[(-25, 25)] * free.size,
        options={"maxiter": 2_000, "ftol": 1e-14},
    )  # fmt: skip
    return np.insert(found.x, 3, theta[3]), -found.fun


def test_where_a_bg_nbd_with_traits_has_a_best_fit_it_is_found(crowd):
    found = covariates.fit_bg_nbd(crowd.x, crowd.t_x, crowd.T, crowd.traits)
    plain = bgnbd.fit(crowd.x, crowd.t_x, crowd.T)
    assert found.fitted.log_likelihood > plain.log_likelihood
    told = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert set(told["gamma_a"]) == set(told["gamma_b"]) == {"trait0", "trait1"}


# ---- where people hardly differ in how they leave --------------------------------------------------------------------


def alike_in_leaving(seed: int, n: int, leaving: float):
    """Buyers who leave at one and the same rate, and what they buy in the 26 weeks that follow."""
    dice = np.random.default_rng(seed)
    trait, T = 1.0 * (dice.random(n) < 0.5), dice.uniform(40, 52, n)
    buys = dice.gamma(1.5, 1 / 8, n) * np.exp(0.6 * trait)
    leaves = dice.exponential(1 / leaving, n) if leaving else np.full(n, math.inf)
    seen = np.minimum(T, leaves)
    x = dice.poisson(buys * seen)
    t_x = np.where(x > 0, seen * dice.random(n) ** (1 / np.maximum(x, 1)), 0.0)
    return (x, t_x, T), {"trait": trait}, dice.poisson(buys * np.clip(leaves - T, 0, 26)).sum()


def test_where_all_leave_alike_a_little_taken_for_granted_gives_a_top_near_the_truth():
    refused, off = 0, []
    for seed in range(6):
        customers, traits, later = alike_in_leaving(seed, 1_200, 0.025)
        try:
            covariates.fit(*customers, traits)
        except CannotTell:
            refused += 1
        model = covariates.fit(*customers, traits, shape=1.0)
        assert model.s < 30
        assert abs(model.gamma_rate["trait"] - 0.6) < 3.5 * model.standard_errors["gamma_rate.trait"]
        off.append(model.future(*customers, traits, horizon=26.0).mean.sum() / later - 1)
    assert refused >= 2
    assert abs(np.mean(off)) < 0.06
    assert np.max(np.abs(off)) < 0.2


def test_where_nobody_leaves_nothing_taken_for_granted_helps_and_the_nbd_serves():
    customers, traits, later = alike_in_leaving(1, 1_200, 0.0)
    with pytest.raises(CannotTell, match="ridge"):
        covariates.fit(*customers, traits, shape=1.0)
    model = covariates.fit_nbd(*customers, traits)
    assert model.future(*customers, traits, horizon=26.0).mean.sum() == pytest.approx(later, rel=0.1)


def test_a_strength_below_nothing_is_refused(crowd):
    with pytest.raises(BadInput, match="shape is 0 or more"):
        fit(crowd, shape=-1.0)
