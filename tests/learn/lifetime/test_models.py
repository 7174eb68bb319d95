"""What models say of customers: against many digits, against one another, and against a world whose truth is known."""

import json

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import examples
from tests.learn.lifetime.crowd import amounts_crowd, bg_crowd, pareto_crowd

from goodwill.learn import bg_nbd, gamma_gamma, pareto_nbd
from goodwill.learn.lifetime import BgNbd, GammaGamma, ParetoNbd, bgnbd, gammagamma, pareto, worth_of

BG = BgNbd.of(r=0.243, alpha=4.414, a=0.793, b=2.426)
PN = ParetoNbd.of(r=0.553, alpha=10.578, s=0.606, beta=11.669)
GG = GammaGamma.of(p=6.25, q=3.74, v=15.44)
PEOPLE = ([0, 2, 5, 26], [0.0, 30.4, 3.0, 30.9], [38.9, 38.9, 38.0, 31.0])

logs = st.floats(-2, 2)
positive = logs.map(lambda power: float(10**power))


# ---- what is to come -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("a", [0.793, 1.0, 3.2, 40.0])
@pytest.mark.parametrize(
    ("x", "t_x", "T", "t"), [(0, 0, 38.9, 39), (2, 30.4, 38.9, 39), (26, 30.9, 31, 500), (900, 9, 9.5, 4)]
)
def test_bg_nbd_expects_what_the_paper_says(a, x, t_x, T, t):
    """Equation 10; at a = 1, where its two poles meet, between its neighbours."""
    model = BgNbd.of(r=0.243, alpha=4.414, a=a, b=2.426)

    def paper():
        with mp.workdps(60):
            a = mp.mpf(model.a) + (mp.mpf(10) ** -25 if model.a == 1 else 0)
            r, alpha, b = mp.mpf(model.r), mp.mpf(model.alpha), mp.mpf(model.b)
            share = (alpha + T) / (alpha + T + mp.mpf(t))
            left = 1 - share ** (r + x) * mp.hyp2f1(r + x, b + x, a + b + x - 1, mp.mpf(t) / (alpha + T + t))
            there = (a + b + x - 1) / (a - 1) * left
            gone = a / (b + x - 1) * ((alpha + T) / (alpha + mp.mpf(t_x))) ** (r + x) if x else 0
            return float(there / (1 + gone))

    assert model.expected_purchases(t, x, t_x, T) == pytest.approx(paper(), rel=1e-9)


@pytest.mark.parametrize("s", [0.606, 1.0, 4.0])
def test_pareto_nbd_expects_what_the_paper_says(s):
    """Equation 41; at s = 1 the logarithm that it tends to."""
    model = ParetoNbd.of(r=0.553, alpha=10.578, s=s, beta=11.669)
    x, T = np.asarray(PEOPLE[0]), np.asarray(PEOPLE[2])
    beta = model.beta + T
    grown = np.log(1 + 39 / beta) if s == 1 else (1 - (beta / (beta + 39)) ** (s - 1)) / (s - 1)
    expected = model.p_alive(*PEOPLE) * (model.r + x) * beta / (model.alpha + T) * grown
    assert model.expected_purchases(39, *PEOPLE) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("s", [0.05, 0.606, 1.0, 30.0])
@pytest.mark.parametrize("discount", [1e-6, 0.0027, 0.4])
def test_dert_is_that_of_the_paper(s, discount):
    """Fader, Hardie and Lee (2005), equation 10: with Tricomi's U, to many digits."""
    model = ParetoNbd.of(r=0.553, alpha=10.578, s=s, beta=11.669)
    found = model.dert(*PEOPLE, discount=discount)
    alive = model.p_alive(*PEOPLE)
    for place, (x, _, T) in enumerate(zip(*PEOPLE, strict=True)):
        with mp.workdps(40):
            z = discount * (mp.mpf(model.beta) + T)
            psi = mp.hyperu(s, s, z) * z ** (s - 1) * (mp.mpf(model.beta) + T)
            expected = float(alive[place] * (model.r + x) / (model.alpha + T) * psi)
        assert found[place] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("model", [BG, PN], ids=["BG", "PN"])
def test_a_horizon_without_discount_gives_the_purchases_to_expect(model):
    found = model.future(*PEOPLE, horizon=39.0)
    assert found.mean == pytest.approx(model.expected_purchases(39, *PEOPLE), rel=1e-9)
    assert found.squares == pytest.approx(found.mean)  # each weighs 1


@pytest.mark.parametrize("model", [BG, PN], ids=["BG", "PN"])
def test_a_discounted_horizon_is_a_sum_of_short_ones(model):
    """Against the definition, period by period: Σ e^(−δ t) E[purchases in t]."""
    edges = np.linspace(0, 60, 1201)
    each = np.diff([model.expected_purchases(t, 2, 30.4, 38.9)[0] for t in edges])
    expected = (np.exp(-0.05 * (edges[1:] + edges[:-1]) / 2) * each).sum()
    assert model.dert(2, 30.4, 38.9, discount=0.05, horizon=60.0) == pytest.approx(expected, rel=1e-5)


def paths_of_pareto(dice, n, x, t_x, T, t):
    """Futures of one customer, drawn from what is known of her; her purchases' times, and which future each is of."""
    there = dice.random(n) < PN.p_alive(x, t_x, T)
    buys, leaves = dice.gamma(PN.r + x, 1 / (PN.alpha + T), n), dice.gamma(PN.s, 1 / (PN.beta + T), n)
    life = np.where(there, np.minimum(dice.exponential(1 / leaves), t), 0)
    of = np.repeat(np.arange(n), dice.poisson(buys * life))
    return of, dice.random(of.size) * life[of]


def paths_of_bg(dice, n, x, t_x, T, t):
    """As `paths_of_pareto`, purchase by purchase."""
    there = dice.random(n) < BG.p_alive(x, t_x, T)
    buys, leaves = dice.gamma(BG.r + x, 1 / (BG.alpha + T), n), dice.beta(BG.a, BG.b + x, n)
    at, of, when = np.zeros(n), [], []
    while there.any():
        at = at + dice.exponential(1 / buys)
        there = there & (at <= t)
        of.append(np.flatnonzero(there))
        when.append(at[there])
        there = there & (dice.random(n) >= leaves)
    return np.concatenate(of), np.concatenate(when)


@pytest.mark.parametrize(("model", "paths"), [(PN, paths_of_pareto), (BG, paths_of_bg)], ids=["PN", "BG"])
def test_mean_and_spread_are_those_of_drawn_futures(model, paths):
    n, discount, she = 400_000, 0.03, (8, 30.0, 38.9)
    dice = np.random.default_rng(5)
    of, when = paths(dice, n, *she, 52.0)
    drawn = np.bincount(of, weights=np.exp(-discount * when), minlength=n)
    found = model.future(*she, discount=discount, horizon=52.0)
    assert drawn.mean() == pytest.approx(found.mean[0], abs=4 * drawn.std() / n**0.5)
    assert drawn.var() == pytest.approx(found.variance[0], rel=0.03)
    spent = amounts(dice, of, n, 8, 30.0)
    money = np.bincount(of, weights=np.exp(-discount * when) * spent, minlength=n)
    total = worth_of(found, GG.amounts(8, 30.0))
    assert money.mean() == pytest.approx(total.each[0], abs=4 * money.std() / n**0.5)
    assert money.var() == pytest.approx(total.variance[0], rel=0.05)


def amounts(dice, of, n, x, mean):
    """What each purchase is worth: a scale for each future, drawn from what is known of her."""
    scale = dice.gamma(GG.q + GG.p * x, 1 / (GG.v + x * mean), n)
    return dice.gamma(GG.p, 1 / scale[of])


def test_margin_takes_its_share():
    future, amount = PN.future(*PEOPLE, discount=0.01), GG.amounts(PEOPLE[0], [0, 30.0, 12.0, 55.0])
    whole, third = worth_of(future, amount), worth_of(future, amount, margin=0.3)
    assert third.each == pytest.approx(0.3 * whole.each)
    assert third.variance == pytest.approx(0.09 * whole.variance)
    assert whole.to_dict() == {"value": whole.total, "customers": 4, "purchases": future.mean.sum(), "margin": 1.0}


# ---- somebody new ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", [BG, PN, ParetoNbd.of(r=8, alpha=0.5, s=1, beta=90)], ids=["BG", "PN", "PN, often"])
@pytest.mark.parametrize("t", [0.3, 39.0])
def test_chances_of_counts_add_up_to_one_and_to_the_expectation(model, t):
    counts = np.arange(20_000)
    chances = model.probability(counts, t)
    assert np.all((chances >= 0) & (chances <= 1))
    assert chances.sum() == pytest.approx(1, abs=1e-9)
    assert chances @ counts == pytest.approx(model.expected_new(t)[0], rel=1e-7)


def test_the_chance_of_a_count_is_the_integral_of_its_likelihood():
    """P(X(t) = x) over all t_x: the likelihood sums over when the last purchase was, and the others lie before it."""
    for x in (1, 3):
        at, weight = np.polynomial.legendre.leggauss(60)
        t_x = 39 * (at + 1) / 2
        for model, likelihood in ((BG, bgnbd.log_likelihood), (PN, pareto.log_likelihood)):
            parameters = [getattr(model, name) for name in model.names]
            each = [np.exp(likelihood(*parameters, [x], [one], [39.0])) for one in t_x]
            ways = t_x ** (x - 1) / float(mp.factorial(x - 1))
            assert 39 / 2 * weight @ (ways * each) == pytest.approx(model.probability(x, 39.0)[0], rel=1e-6)


@pytest.mark.parametrize("model", [BG, PN], ids=["BG", "PN"])
def test_in_no_time_nobody_buys(model):
    assert model.probability([0, 1, 7], 0.0).tolist() == [1, 0, 0]
    assert model.expected_new(0.0) == pytest.approx(0)
    assert model.expected_purchases(0.0, *PEOPLE) == pytest.approx(0)


# ---- known truth -----------------------------------------------------------------------------------------------------


def errors_off(fits, truth):
    """How far parameters are from the truth, in standard errors; the mean over some worlds, times √worlds."""
    off = [(fit.theta - np.log(truth)) / np.sqrt(np.diag(fit.covariance)) for fit in fits]
    return np.mean(off, axis=0) * len(off) ** 0.5


def test_pareto_nbd_finds_the_truth():
    worlds = [pareto_crowd(seed, 6_000) for seed in range(6)]
    fits = [pareto.fit(world.x, world.t_x, world.T) for world in worlds]
    assert np.all(np.abs(errors_off(fits, [0.6, 10.0, 0.8, 12.0])) < 3.5)


def test_of_whom_it_expects_twice_as_much_twice_as_much_comes():
    crowd = pareto_crowd(7, 20_000)
    guess = pareto.fit(crowd.x, crowd.t_x, crowd.T).expected_purchases(26.0, crowd.x, crowd.t_x, crowd.T)
    assert guess.sum() == pytest.approx(crowd.later.sum(), rel=0.03)
    tenth = np.digitize(guess, np.quantile(guess, np.arange(0.1, 1, 0.1)))
    told, came = (np.bincount(tenth, weights=what) for what in (guess, crowd.later))
    assert 0.9 < np.polyfit(told, came, 1)[0] < 1.1


def test_bg_nbd_finds_the_truth():
    worlds = [bg_crowd(seed, 6_000) for seed in range(6)]
    fits = [bgnbd.fit(world.x, world.t_x, world.T) for world in worlds]
    assert np.all(np.abs(errors_off(fits, [0.6, 6.0, 0.9, 3.0])) < 3.5)


def test_gamma_gamma_finds_the_truth():
    counts = [bg_crowd(seed, 6_000).x for seed in range(6)]
    fits = [gammagamma.fit(x, amounts_crowd(seed, x)) for seed, x in enumerate(counts)]
    assert np.all(np.abs(errors_off(fits, [6.0, 4.0, 15.0])) < 3.5)
    assert [fit.warnings for fit in fits] == [()] * 6


def test_a_warning_stands_where_regulars_spend_more():
    x = bg_crowd(9, 3_000).x
    (said,) = gammagamma.fit(x, amounts_crowd(9, x) * np.maximum(x, 1) ** 0.5).warnings
    assert "spends more each time" in said


# ---- laws ------------------------------------------------------------------------------------------------------------


@settings(max_examples=examples(150))
@given(positive, positive, positive, positive, st.integers(0, 300), st.floats(0, 1), positive, positive)
def test_chances_are_chances_and_expectations_grow(one, two, three, four, x, share, T, t):
    for model in (BgNbd(None, one, two, three, four), ParetoNbd(None, one, two, three, four)):
        she = (x, share * T if x else 0.0, T)
        alive = model.p_alive(*she)[0]
        soon, later = model.expected_purchases([t, 2 * t], *([value, value] for value in she))
        assert 0 <= alive <= 1
        assert 0 <= soon <= later * (1 + 1e-9)
        assert later <= 2 * t * (model.r + x) / (model.alpha + T) * (1 + 1e-9)  # never more than if she stays
        found = model.future(*she, discount=0.01, horizon=t)
        assert 0 <= found.mean[0] <= soon * (1 + 1e-9)
        assert found.variance[0] >= -1e-9 * (found.squares[0] + found.pairs[0])


@settings(max_examples=examples(15))
@given(st.integers(0, 10_000), st.sampled_from([1 / 7, 7.0, 365.25]))
def test_the_unit_of_time_does_not_matter(seed, factor):
    for model, crowd in ((pareto, pareto_crowd(seed, 1_500)), (bgnbd, bg_crowd(seed, 1_500))):
        one = model.fit(crowd.x, crowd.t_x, crowd.T)
        other = model.fit(crowd.x, crowd.t_x * factor, crowd.T * factor)
        scaled = np.log(factor) * np.array([0, 1, 0, model is pareto])
        assert other.theta - one.theta == pytest.approx(scaled, abs=1e-4)
        assert other.log_likelihood == pytest.approx(one.log_likelihood - crowd.x.sum() * np.log(factor), abs=1e-5)


def test_the_order_and_the_grouping_of_customers_do_not_matter():
    crowd = pareto_crowd(3, 600)
    x, t_x, T = crowd.x, np.rint(crowd.t_x), np.maximum(np.rint(crowd.T), np.rint(crowd.t_x))
    kinds, counts = np.unique(np.stack([x, t_x, T]), axis=1, return_counts=True)
    shuffled = np.random.default_rng(1).permutation(x.size)
    one = pareto.fit(x, t_x, T)
    assert pareto.fit(x[shuffled], t_x[shuffled], T[shuffled]) == one
    assert pareto.fit(*kinds, weights=counts) == one


def test_a_large_crowd_is_looked_at_roughly_first_and_ends_the_same():
    from goodwill.learn.lifetime.given import FEW, checked
    from goodwill.learn.lifetime.maximum import climb

    crowd = pareto_crowd(4, 3_000)
    rows = checked(crowd.x, crowd.t_x, crowd.T)
    assert rows.coarse().x.size < rows.x.size / 2
    assert rows.x.size > FEW
    assert rows.coarse().customers == rows.customers
    whole = climb(pareto.hill_of(rows), pareto.starts(rows), pareto.NAMES)
    assert pareto.fit_rows(rows).theta == pytest.approx(whole.theta, abs=1e-4)


# ---- how it is told --------------------------------------------------------------------------------------------------


def test_results_are_plain_numbers_for_a_document():
    crowd = bg_crowd(1, 800)
    amounts = amounts_crowd(1, crowd.x)
    for model in (
        bg_nbd.fit(crowd.x, crowd.t_x, crowd.T),
        pareto_nbd.fit(crowd.x, crowd.t_x, crowd.T),
        gamma_gamma.fit(crowd.x, amounts),
    ):
        told = json.loads(json.dumps(model.to_dict(), allow_nan=False))
        assert set(told["standard_errors"]) == set(told["parameters"]) == set(model.names)
        assert told["log_likelihood"] == model.log_likelihood


def test_the_usual_names_lead_to_the_same_models():
    crowd = pareto_crowd(1, 800, rate=(0.4,), dropout=(-0.4,))
    plain = pareto_nbd.fit(crowd.x, crowd.t_x, crowd.T)
    assert plain == pareto.fit(crowd.x, crowd.t_x, crowd.T)
    with_traits = pareto_nbd.fit(crowd.x, crowd.t_x, crowd.T, covariates=crowd.traits)
    assert with_traits.log_likelihood > plain.log_likelihood
    assert set(with_traits.gamma_rate) == {"trait0"}
