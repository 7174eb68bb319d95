"""Likelihoods against many digits, and slopes against differences; where T = t_x; and where scipy's ₂F₁ fails."""

import mpmath as mp
import numpy as np
import pytest
from tests.learn.lifetime.crowd import amounts_crowd, bg_crowd, pareto_crowd

from goodwill.learn.lifetime import bgnbd, covariates, gammagamma, pareto
from goodwill.learn.lifetime.given import checked


def stress(n=70):
    """Parameters and times over four to five decades, x up to 2,000; the same ones each time."""
    dice = np.random.default_rng(20)
    for _ in range(n):
        r, s = 10 ** dice.uniform(-2, 2, 2)
        alpha, beta = 10 ** dice.uniform(-2, 3, 2)
        x = float(dice.choice([0, 1, 3, 20, 150, 700, 2000]))
        t_x = 10 ** dice.uniform(-1, 2.5) if x else 0.0
        yield tuple(map(float, (r, alpha, s, beta, x, t_x, t_x + 10 ** dice.uniform(-2, 2.5))))


STRESS = list(stress())


def exact_pareto(r, alpha, s, beta, x, t_x, T):
    """Fader and Hardie (2005), equations 22 to 24, with ₂F₁ to as many digits as the difference of two costs."""
    with mp.workdps(150):
        r, alpha, s, beta, x, t_x, T = (mp.mpf(value) for value in (r, alpha, s, beta, x, t_x, T))
        total = r + s + x
        small, large, exponent = (beta, alpha, s + 1) if alpha >= beta else (alpha, beta, r + x)

        def term(u):
            return mp.hyp2f1(total, exponent, total + 1, (large - small) / (large + u)) / (large + u) ** total

        whole = (alpha + T) ** -(r + x) * (beta + T) ** -s + s / total * (term(t_x) - term(T))
        return float(mp.loggamma(r + x) - mp.loggamma(r) + r * mp.log(alpha) + s * mp.log(beta) + mp.log(whole))


@pytest.mark.parametrize("case", STRESS, ids=lambda case: ",".join(f"{value:.3g}" for value in case))
def test_pareto_nbd_is_right_to_ten_digits_at_the_extremes(case):
    *parameters, x, t_x, T = case
    ours = pareto.log_likelihood(*parameters, [x], [t_x], [T])
    assert ours == pytest.approx(exact_pareto(*case), abs=3e-10)


def plain_grid(r, alpha, s, beta, x, t_x, T, nodes=24):
    """A simpler way: nodes even in ln(α + u), which serves the CDNOW sample."""
    at, weight = np.polynomial.legendre.leggauss(nodes)
    low, high = np.log(alpha + t_x), np.log(alpha + T)
    y = low + (high - low) * (at + 1) / 2
    logs = -(r + x) * y - (s + 1) * np.log(beta + np.exp(y) - alpha) + y
    left = np.log(s * (high - low) / 2) + np.log(weight @ np.exp(logs - logs.max())) + logs.max()
    return np.logaddexp(-(r + x) * np.log(alpha + T) - s * np.log(beta + T), left)


def test_a_simpler_grid_would_not_do():
    """What the nodes are for: among these cases are some that a plain grid misses by far."""
    from scipy.special import gammaln

    off = []
    for r, alpha, s, beta, x, t_x, T in STRESS:
        ours = pareto.log_likelihood(r, alpha, s, beta, [x], [t_x], [T])
        shape = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + s * np.log(beta)
        off.append(abs(plain_grid(r, alpha, s, beta, x, t_x, T) + shape - ours))
    assert max(off) > 0.1
    assert np.count_nonzero(np.array(off) > 1e-6) >= 7


def usual_formula(r, alpha, s, beta, x, t_x, T):
    """The logarithm of the bracket with scipy's ₂F₁, as it is mostly programmed."""
    from scipy.special import hyp2f1

    total = r + s + x
    small, large, exponent = (beta, alpha, s + 1) if alpha >= beta else (alpha, beta, r + x)
    near, far = (hyp2f1(total, exponent, total + 1, (large - small) / (large + u)) for u in (t_x, T))
    left = np.log(near - far * ((large + t_x) / (large + T)) ** total) - total * np.log(large + t_x)
    return np.logaddexp(-(r + x) * np.log(alpha + T) - s * np.log(beta + T), np.log(s / total) + left)


def test_the_usual_formula_fails_for_some():
    """Why ₂F₁ is not used: in floating point it is wrong, or no number, for a few of these cases."""
    from scipy.special import gammaln

    wrong = 0
    for r, alpha, s, beta, x, t_x, T in STRESS:
        shape = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + s * np.log(beta)
        with np.errstate(all="ignore"):
            theirs = usual_formula(r, alpha, s, beta, x, t_x, T) + shape
        wrong += not abs(theirs - exact_pareto(r, alpha, s, beta, x, t_x, T)) < 1e-6
    assert wrong >= 3


@pytest.mark.parametrize("x", [0, 1, 40])
def test_who_bought_on_the_last_day_has_a_likelihood(x):
    """T = t_x: nobody had time to leave, and the integral is 0."""
    T = 5.0 if x else 0.0
    ours = pareto.log_likelihood(0.5, 10.0, 0.6, 12.0, [x], [T], [T])
    assert ours == pytest.approx(exact_pareto(0.5, 10.0, 0.6, 12.0, x, T, T), abs=1e-12)
    _, slopes = pareto.rows_likelihood(checked([x], [T], [T]), 0.5, 10.0, 0.6, 12.0)
    assert np.all(np.isfinite(slopes))
    assert pareto.ParetoNbd.of(r=0.5, alpha=10, s=0.6, beta=12).p_alive(x, T, T) == pytest.approx(1)


def exact_bg(r, alpha, a, b, x, t_x, T):
    """Fader, Hardie and Lee (2005), equation 6."""
    with mp.workdps(60):
        r, alpha, a, b, x, t_x, T = (mp.mpf(value) for value in (r, alpha, a, b, x, t_x, T))
        shape = mp.gamma(r + x) * alpha**r / mp.gamma(r)
        whole = mp.beta(a, b + x) / mp.beta(a, b) * shape / (alpha + T) ** (r + x)
        if x > 0:
            whole += mp.beta(a + 1, b + x - 1) / mp.beta(a, b) * shape / (alpha + t_x) ** (r + x)
        return float(mp.log(whole))


@pytest.mark.parametrize("case", STRESS[:35], ids=lambda case: ",".join(f"{value:.3g}" for value in case))
def test_bg_nbd_is_right_to_ten_digits_at_the_extremes(case):
    *parameters, x, t_x, T = case
    assert bgnbd.log_likelihood(*parameters, [x], [t_x], [T]) == pytest.approx(exact_bg(*case), rel=1e-13, abs=3e-10)


# ---- slopes ----------------------------------------------------------------------------------------------------------


def differences(hill, theta, step=1e-5):
    """By central differences of the height."""
    moved = step * np.eye(theta.size)
    return np.array([(hill.height(theta + one)[0] - hill.height(theta - one)[0]) / (2 * step) for one in moved])


def hills():
    crowd, bg = pareto_crowd(1, 300, rate=(0.5, -0.3), dropout=(-0.4, 0.6)), bg_crowd(2, 300)
    rows = checked(crowd.x, crowd.t_x, crowd.T)
    known = covariates.given(crowd.x, crowd.t_x, crowd.T, crowd.traits, crowd.traits)
    yield "Pareto/NBD", pareto.hill_of(rows), np.log([0.7, 9.0, 0.5, 15.0])
    yield "Pareto/NBD, odd", pareto.hill_of(rows), np.log([30.0, 0.2, 0.05, 900.0])
    yield "BG/NBD", bgnbd.hill_of(checked(bg.x, bg.t_x, bg.T)), np.log([0.5, 6.0, 0.8, 2.5])
    yield "BG/NBD, odd", bgnbd.hill_of(checked(bg.x, bg.t_x, bg.T)), np.log([9.0, 0.1, 0.01, 40.0])
    amounts = amounts_crowd(3, bg.x)
    yield "Gamma–Gamma", gammagamma.hill_of(gammagamma.spent(bg.x, amounts)), np.log([5.0, 3.0, 12.0])
    theta = np.r_[np.log([0.7, 9.0, 0.5, 15.0]), 0.2, -0.1, -0.3, 0.4]
    yield (
        "Pareto/NBD with traits",
        covariates.hill_of(known, pareto.rows_likelihood, covariates._penalty(known, 3.0, 0.5)),
        theta,
    )
    block = known.blocks[1].traits
    of_bg = covariates.Given(
        known.rows,
        (known.blocks[0], covariates.Block("a", block, 2, -1.0), covariates.Block("b", block, 3, -1.0)),
    )
    yield "BG/NBD with traits", covariates.hill_of(of_bg, bgnbd.rows_likelihood), np.r_[theta, 0.2, 0.1]


@pytest.mark.parametrize(("hill", "theta"), [some[1:] for some in hills()], ids=[some[0] for some in hills()])
def test_slopes_are_those_of_the_likelihood(hill, theta):
    assert hill.height(theta)[1] == pytest.approx(differences(hill, theta), rel=1e-6, abs=1e-4)


@pytest.mark.parametrize(("hill", "theta"), [some[1:] for some in hills()], ids=[some[0] for some in hills()])
def test_curvature_is_that_of_the_likelihood(hill, theta):
    step = 1e-4
    found = hill.curvature(theta, hill.height(theta)[1])
    for k in range(theta.size):
        moved = step * np.eye(theta.size)[k]
        second = (hill.height(theta + moved)[1] - hill.height(theta - moved)[1]) / (2 * step)
        assert -found[k] == pytest.approx(second, rel=1e-3, abs=0.02)
