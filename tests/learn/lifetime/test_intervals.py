"""Intervals that hold what they say: of parameters, of totals to come, and open where the data set no bound."""

import json
import math
from contextlib import suppress

import numpy as np
import pytest
from tests.conftest import examples
from tests.learn.lifetime.crowd import amounts_crowd, bg_crowd, pareto_crowd

from goodwill.basics.errors import BadInput, CannotTell
from goodwill.learn.lifetime import GammaGamma, bgnbd, covariates, gammagamma, intervals, pareto
from goodwill.learn.lifetime.given import checked


@pytest.fixture(scope="module")
def crowd():
    return pareto_crowd(1, 800)


@pytest.fixture(scope="module")
def model(crowd):
    return pareto.fit(crowd.x, crowd.t_x, crowd.T)


def people(crowd):
    return crowd.x, crowd.t_x, crowd.T


# ---- profile ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["r", "alpha", "s", "beta"])
def test_at_a_bound_the_best_likelihood_has_fallen_by_half_of_chi_square(crowd, model, name):
    """Held there and the three others fitted by scipy, which knows nothing of how the bound was found."""
    from scipy.optimize import minimize
    from scipy.stats import chi2

    found = intervals.profile(model, name, *people(crowd))
    hill, place = pareto.hill_of(checked(*people(crowd))), model.names.index(name)
    others = np.delete(np.arange(4), place)
    for bound in (found.low, found.high):

        def lost(free, bound=bound):
            theta = np.empty(4)
            theta[others], theta[place] = free, np.log(bound)
            height, slope = hill.height(theta)
            return -height, -slope[others]

        best = -minimize(lost, model.theta[others], jac=True, method="BFGS", options={"gtol": 1e-3}).fun
        assert 2 * (model.log_likelihood - best) == pytest.approx(chi2.ppf(0.95, 1), rel=2e-3)


def test_it_is_close_to_the_standard_error_where_much_is_known():
    crowd = pareto_crowd(2, 4_000, r=2.0)
    model = pareto.fit(*people(crowd))
    found = intervals.profile(model, "r", *people(crowd))
    reach = 1.96 * model.standard_errors["r"]
    assert [found.low, found.high] == pytest.approx([model.r - reach, model.r + reach], rel=0.02)


def test_a_higher_level_is_wider(crowd, model):
    narrow, wide = (intervals.profile(model, "s", *people(crowd), level=level) for level in (0.5, 0.99))
    assert wide.low < narrow.low < model.s < narrow.high < wide.high


def test_a_bound_that_the_data_do_not_set_is_open_and_said():
    """So few that leaving could as well be the same for all."""
    crowd = pareto_crowd(5, 250, s=3.0, beta=60.0)
    model = pareto.fit(*people(crowd))
    found = intervals.profile(model, "beta", *people(crowd))
    assert found.high == math.inf
    assert found.warnings == ("These customers set no upper bound.",)
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False))["high"] is None


def test_a_coefficient_has_a_profile_too():
    crowd = pareto_crowd(3, 800, r=1.2, alpha=8.0, rate=(0.5, -0.3), dropout=(-0.6, 0.5))
    model = covariates.fit(*people(crowd), crowd.traits)
    for name in model.names[4:]:
        found = intervals.profile(model, name, *people(crowd), crowd.traits)
        error = model.standard_errors[name]
        assert [found.low, found.high] == pytest.approx(
            [found.value - 1.96 * error, found.value + 1.96 * error], abs=0.2 * error
        )
    with pytest.raises(BadInput, match="moves with the traits' means"):
        intervals.profile(model, "alpha", *people(crowd), crowd.traits)


# ---- bootstrap -------------------------------------------------------------------------------------------------------


def test_customers_drawn_anew_differ_as_much_as_the_standard_errors_say():
    for kind, crowd in ((pareto, pareto_crowd(6, 1_500, r=1.5)), (bgnbd, bg_crowd(6, 1_500))):
        model = kind.fit(*people(crowd))
        found = intervals.bootstrap(model, *people(crowd), seed=1, draws=120)
        for name, interval in found.items():
            width = (math.log(interval.high) - math.log(interval.low)) / 3.92
            assert width == pytest.approx(model.standard_errors[name] / interval.value, rel=0.35)
            assert interval.low < getattr(model, name) < interval.high


def test_the_same_seed_gives_the_same_interval(crowd, model):
    one, same, other = (
        intervals.total_purchases(model, *people(crowd), seed=seed, horizon=26.0, draws=30) for seed in (1, 1, 2)
    )
    assert one == same != other


def test_chance_widens_a_total(crowd, model):
    found = intervals.total_purchases(model, *people(crowd), seed=1, horizon=26.0, draws=100)
    assert found.low < found.sure_low < found.value < found.sure_high < found.high
    assert found.value == pytest.approx(model.expected_purchases(26.0, *people(crowd)).sum())


def test_an_interval_of_money_needs_both_models(crowd, model):
    mean = amounts_crowd(2, crowd.x)
    spending = gammagamma.fit(crowd.x, mean)
    ask = {"seed": 1, "discount": 0.003, "draws": 40}
    found = intervals.total_worth(model, spending, *people(crowd), mean, **ask)
    third = intervals.total_worth(model, spending, *people(crowd), mean, **ask, margin=1 / 3)
    assert found.low < found.value < found.high
    assert [third.low, third.value, third.high] == pytest.approx([found.low / 3, found.value / 3, found.high / 3])
    purchases = intervals.total_purchases(model, *people(crowd), seed=1, discount=0.003, draws=40)
    assert found.high / found.low > purchases.high / purchases.low  # amounts are not sure either


def covered(worlds, interval_of):
    """The share of worlds in which the interval holds what then happened, and as much more as chance allows of 95 %.

    A world that tells no parameters is passed over; most must tell them.
    """
    held = []
    for world in range(worlds):
        with suppress(CannotTell):
            found, truth = interval_of(world)
            held.append(found.low <= truth <= found.high)
    assert len(held) > 0.7 * worlds
    return np.mean(held) + 3.5 * (0.95 * 0.05 / len(held)) ** 0.5


def weekly(crowd):
    """Times rounded up to weeks: fewer rows."""
    return crowd.x, np.where(crowd.x > 0, np.ceil(crowd.t_x), 0), np.ceil(crowd.T)


def test_the_interval_of_a_total_holds_what_then_happens():
    def of_world(seed):
        crowd = pareto_crowd(1_000 + seed, 400, r=1.0)
        seen = weekly(crowd)
        model = pareto.fit(*seen)
        return intervals.total_purchases(model, *seen, seed=seed, horizon=26.0, draws=60), crowd.later.sum()

    assert covered(examples(8), of_world) >= 0.95


def test_so_does_that_of_customers_with_traits():
    def of_world(seed):
        crowd = pareto_crowd(2_000 + seed, 400, r=1.0, rate=(0.5,), dropout=(-0.5,))
        model = covariates.fit(*people(crowd), crowd.traits)
        found = intervals.total_purchases(model, *people(crowd), crowd.traits, seed=seed, horizon=26.0, draws=40)
        return found, crowd.later.sum()

    assert covered(examples(6), of_world) >= 0.95


# ---- refusals --------------------------------------------------------------------------------------------------------


def test_what_is_no_question_is_refused(crowd, model):
    for ask in (
        lambda: intervals.profile(model, "a", *people(crowd)),
        lambda: intervals.profile(model, "r", *people(crowd), level=95),
        lambda: intervals.bootstrap(model, *people(crowd), seed=1, draws=5),
        lambda: intervals.total_purchases(model, *people(crowd), seed=1, horizon=9.0, level=0.0),
        lambda: intervals.profile(pareto.ParetoNbd.of(r=1, alpha=1, s=1, beta=1), "r", *people(crowd)),
    ):
        with pytest.raises(BadInput):
            ask()
    with pytest.raises(CannotTell, match="give a horizon"):
        intervals.total_purchases(model, *people(crowd), seed=1)


def test_draws_without_best_fit_say_nothing_of_parameters_but_of_totals():
    """Along a ridge the parameters run off, while what they foretell stands still."""
    crowd = pareto_crowd(5, 250, s=3.0, beta=60.0)
    model = pareto.fit(*people(crowd))
    with pytest.raises(CannotTell, match="draws of these customers have no best fit"):
        intervals.bootstrap(model, *people(crowd), seed=1, draws=60)
    found = intervals.total_purchases(model, *people(crowd), seed=1, horizon=26.0, draws=60)
    assert 0 < found.low < crowd.later.sum() < found.high < 2 * found.value


def test_a_spread_of_amounts_without_bound_has_no_interval(crowd, model):
    mean = amounts_crowd(2, crowd.x)
    unbounded = gammagamma.fit(crowd.x, mean)
    unbounded = GammaGamma(unbounded.fitted, unbounded.p, 1.5, unbounded.v)
    with pytest.raises(CannotTell, match="spread of amounts has no bound"):
        intervals.total_worth(model, unbounded, *people(crowd), mean, seed=1, discount=0.003)
