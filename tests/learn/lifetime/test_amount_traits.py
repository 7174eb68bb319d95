"""Traits that go with spending more each time: the truth is found with its errors, and what cannot tell is refused."""

import json

import numpy as np
import pytest
from tests.learn.lifetime.crowd import pareto_crowd

from goodwill.basics.errors import BadInput, CannotTell
from goodwill.learn import gamma_gamma, pareto_nbd
from goodwill.learn.lifetime import amounttraits, covariates, gammagamma
from goodwill.learn.lifetime.intervals import total_worth

TRUE = {"consents": 0.4, "tenure": -0.1}


def crowd(seed, people=2_000, true=TRUE):
    """Repeat days, mean amounts and traits; p = 6, q = 4, v = 15 where all traits are 0."""
    dice = np.random.default_rng([26, seed])
    traits = {"consents": dice.integers(0, 2, people).astype(float), "tenure": dice.normal(5, 2, people)}
    more = sum(true[name] * values for name, values in traits.items())
    rate, x = dice.gamma(4, np.exp(-more) / 15), dice.poisson(3, people)
    mean = dice.gamma(6 * np.maximum(x, 1)) / rate / np.maximum(x, 1)
    return x, np.where(x > 0, mean, 0.0), traits


@pytest.fixture(scope="module")
def fitted():
    return amounttraits.fit(*crowd(1))


def test_the_truth_is_found_with_the_errors_that_are_told():
    truth = np.r_[np.log([6, 4, 15]), 0.4, -0.1]
    found = [amounttraits.fit(*crowd(seed, 1_000)).fitted for seed in range(40)]
    off = np.array([(one.theta - truth) / np.sqrt(np.diag(one.covariance)) for one in found])
    assert np.all(np.abs(off.mean(axis=0)) < 3.5 / 40**0.5)
    assert np.all((off.std(axis=0) > 0.65) & (off.std(axis=0) < 1.4))  # χ² of 39: 0.1 % on either side


def test_its_slopes_are_those_of_its_likelihood(fitted):
    hill, at = fitted.hill(*crowd(1)), fitted.theta + 0.1
    _, slope = hill.height(at)
    for place in range(at.size):
        step = np.zeros(at.size)
        step[place] = 1e-6
        measured = (hill.height(at + step)[0] - hill.height(at - step)[0]) / 2e-6
        assert slope[place] == pytest.approx(measured, rel=1e-4)


def test_without_an_effect_it_is_the_plain_model_but_for_chance():
    x, mean, traits = crowd(2, true={"consents": 0.0, "tenure": 0.0})
    plain, found = gammagamma.fit(x, mean), amounttraits.fit(x, mean, traits)
    assert 0 <= found.log_likelihood - plain.log_likelihood < 7  # χ² of 2: once in a thousand
    alike = found.at(np.r_[plain.theta, 0.0, 0.0])
    assert alike.expected_amount(x, mean, traits) == pytest.approx(plain.expected_amount(x, mean))


def test_one_more_of_a_trait_is_so_many_times_as_much_for_who_never_came_back(fitted):
    none, nothing = np.zeros(2), np.zeros(2)
    worth = fitted.expected_amount(none, nothing, {"consents": np.array([0.0, 1.0]), "tenure": np.array([5.0, 5.0])})
    assert worth[1] / worth[0] == pytest.approx(np.exp(fitted.gamma_amount["consents"]))
    assert fitted.gamma_amount["consents"] == pytest.approx(
        0.4, abs=4 * fitted.standard_errors["gamma_amount.consents"]
    )


def test_the_units_of_amounts_and_traits_do_not_matter(fitted):
    x, mean, traits = crowd(1)
    months = {**traits, "tenure": 12 * traits["tenure"]}
    other = amounttraits.fit(x, 100 * mean, months)
    assert 12 * other.gamma_amount["tenure"] == pytest.approx(fitted.gamma_amount["tenure"], rel=1e-4)
    assert other.v == pytest.approx(100 * fitted.v, rel=1e-4)
    assert other.expected_amount(x, 100 * mean, months) == pytest.approx(
        100 * fitted.expected_amount(x, mean, traits), rel=1e-5
    )


def test_an_entry_may_stand_for_many(fitted):
    x, mean, traits = crowd(1)
    twice = amounttraits.fit(x, mean, traits, np.full(x.size, 2))
    assert twice.theta == pytest.approx(fitted.theta, rel=1e-4)
    assert twice.log_likelihood == pytest.approx(2 * fitted.log_likelihood)


def test_what_all_are_worth_together_takes_the_traits_in_both_models():
    one = pareto_crowd(4, 1_500, r=1.2, alpha=8.0, s=0.8, beta=12.0, rate=(0.45, -0.3), dropout=(-0.6, 0.5))
    dice, name = np.random.default_rng(4), next(iter(one.traits))
    each_one = dice.gamma(6 * np.maximum(one.x, 1)) / np.maximum(one.x, 1) / dice.gamma(4, 1 / 15, one.x.size)
    mean = np.where(one.x > 0, each_one * np.exp(0.3 * one.traits[name]), 0.0)
    customers = (one.x, one.t_x, one.T)
    model, spending = covariates.fit(*customers, one.traits), amounttraits.fit(one.x, mean, one.traits)
    found = total_worth(model, spending, *customers, mean, one.traits, seed=1, discount=0.002, draws=40)
    each = model.future(*customers, one.traits, discount=0.002).mean
    assert found.value == pytest.approx(each @ spending.expected_amount(one.x, mean, one.traits))
    assert found.low < found.sure_low < found.value < found.sure_high < found.high
    plain = total_worth(
        model, gammagamma.fit(one.x, mean), *customers, mean, one.traits, seed=1, discount=0.002, draws=40
    )
    assert plain.value != found.value


def test_under_its_usual_name_it_takes_covariates(fitted):
    found = gamma_gamma.fit(*crowd(1)[:2], covariates=crowd(1)[2])
    assert found.to_dict() == fitted.to_dict()
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False))["gamma_amount"].keys() == TRUE.keys()
    assert isinstance(gamma_gamma.fit(*crowd(1)[:2]), gammagamma.GammaGamma)


def test_what_cannot_tell_is_refused_in_words(fitted):
    x, mean, traits = crowd(1)
    with pytest.raises(CannotTell, match="'consents' is the same for everybody"):
        amounttraits.fit(x, mean, {"consents": np.where(x > 0, 1.0, traits["consents"])})  # of those who came back
    with pytest.raises(CannotTell, match="follows from the others"):
        amounttraits.fit(x, mean, {"one": traits["consents"], "other": 1 - traits["consents"]})
    with pytest.raises(BadInput, match="'tenure' is missing for customer 3"):
        amounttraits.fit(x, mean, {"tenure": np.where(np.arange(x.size) == 3, np.nan, traits["tenure"])})
    with pytest.raises(BadInput, match="given by name"):
        gamma_gamma.fit(x, mean, covariates=np.ones(x.size))
    with pytest.raises(BadInput, match="given by name"):
        pareto_nbd.fit(x, np.where(x > 0, 5.0, 0.0), np.full(x.size, 9.0), covariates=np.ones(x.size))
    with pytest.raises(BadInput, match="at least one trait"):
        amounttraits.fit(x, mean, {})
    with pytest.raises(BadInput, match="fitted with the trait 'tenure'"):
        fitted.expected_amount(x, mean, {"consents": traits["consents"]})
