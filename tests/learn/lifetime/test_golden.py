"""The figures of the literature on the CDNOW sample (Fader, Hardie and Lee 2005; Fader and Hardie 2013).

2,357 customers who first bought in the first quarter of 1997, seen for 39 weeks; 39 more weeks to compare with.
"""

import numpy as np
import pytest
from tests.learn.lifetime.crowd import HOLDOUT

from goodwill.learn.lifetime import bgnbd, discount_rate, gammagamma, pareto, worth_of

DELTA = discount_rate(0.15)  # 15 % a year, in weeks
SHE = (2, 30.4286, 38.8571)  # x, t_x, T of a customer that the papers follow
HE = (26, 30.857, 31.0)  # number 1516


@pytest.fixture(scope="session")
def bg(cdnow):
    return bgnbd.fit(cdnow.seen.x, cdnow.seen.t_x, cdnow.seen.T)


@pytest.fixture(scope="session")
def pn(cdnow):
    return pareto.fit(cdnow.seen.x, cdnow.seen.t_x, cdnow.seen.T)


@pytest.fixture(scope="session")
def gg(cdnow):
    return gammagamma.fit(cdnow.seen.x, cdnow.seen.mean_amount)


def all_of(cdnow):
    return cdnow.seen.x, cdnow.seen.t_x, cdnow.seen.T


def test_the_sample_is_reduced_as_the_literature_does(cdnow):
    assert (cdnow.seen.customers, cdnow.seen.repeaters) == (2_357, 946)
    assert cdnow.seen.compressed().x.size == 1_016
    assert cdnow.seen.T.max() == pytest.approx(38.857, abs=1e-3)
    assert (cdnow.seen.x.sum(), cdnow.later.sum()) == (2_457, 1_882)


def test_bg_nbd_parameters(bg):
    assert [bg.r, bg.alpha, bg.a, bg.b] == pytest.approx([0.242594, 4.413602, 0.792920, 2.425888], rel=1e-3)
    assert [round(value, 3) for value in (bg.r, bg.alpha, bg.a, bg.b)] == [0.243, 4.414, 0.793, 2.426]  # as published
    assert bg.log_likelihood == pytest.approx(-9582.42921, abs=1e-3)
    assert list(bg.standard_errors.values()) == pytest.approx([0.01256, 0.37822, 0.18573, 0.70541], rel=0.01)


def test_pareto_nbd_parameters(pn):
    assert [pn.r, pn.alpha, pn.s, pn.beta] == pytest.approx([0.55327, 10.5777, 0.6062, 11.668], rel=2e-3)
    assert [round(value, 3) for value in (pn.r, pn.alpha, pn.s, pn.beta)] == [0.553, 10.578, 0.606, 11.669]
    assert pn.log_likelihood == pytest.approx(-9594.97618, abs=1e-3)
    assert list(pn.standard_errors.values()) == pytest.approx([0.04763, 0.84272, 0.18728, 6.211], rel=0.01)


def test_gamma_gamma_parameters(gg):
    assert [gg.p, gg.q, gg.v] == pytest.approx([6.2493, 3.7443, 15.4443], rel=1e-3)
    assert gg.log_likelihood == pytest.approx(-4055.91770, abs=1e-3)
    assert gg.fitted.customers == 946


def test_one_customer(bg, pn, gg):
    assert bg.expected_purchases(HOLDOUT, *SHE) == pytest.approx(1.225993, abs=1e-4)
    assert bg.p_alive(*SHE) == pytest.approx(0.726620, abs=1e-4)
    assert pn.expected_purchases(HOLDOUT, *SHE) == pytest.approx(1.455321, rel=1e-4)
    assert pn.p_alive(*SHE) == pytest.approx(0.869165, abs=1e-4)
    assert pn.dert(*SHE, discount=DELTA) == pytest.approx(6.5022, rel=1e-3)


def test_one_customers_worth(cdnow, pn, gg):
    """Of customer 1, who has those three numbers."""
    assert (cdnow.seen.x[0], cdnow.seen.t_x[0], cdnow.seen.T[0]) == pytest.approx(SHE, abs=1e-4)
    found = worth_of(
        pn.future(*SHE, discount=DELTA), gg.amounts(cdnow.seen.x[:1], cdnow.seen.mean_amount[:1]), margin=1
    )
    assert found.amount == pytest.approx(24.654, rel=1e-3)
    assert found.each == pytest.approx(160.31, rel=1e-3)


def test_a_very_regular_customer(bg, pn):
    assert [bg.expected_purchases(HOLDOUT, *HE)[0], bg.p_alive(*HE)[0]] == pytest.approx([20.7489, 0.96886], rel=1e-4)
    assert [pn.expected_purchases(HOLDOUT, *HE)[0], pn.p_alive(*HE)[0]] == pytest.approx([20.1159, 0.99787], rel=1e-4)


def test_somebody_who_never_came_back_spends_what_anybody_does(gg):
    assert gg.expected_amount(0, 0) == pytest.approx(35.1705, rel=1e-4)
    assert gg.expected_amount(0, 0) == pytest.approx(gg.p * gg.v / (gg.q - 1))


def test_a_new_customer(bg):
    assert bg.expected_new([10, 39, 78]) == pytest.approx([0.43176, 1.19502, 1.85797], abs=1e-4)


def test_all_customers_together(cdnow, bg, pn, gg):
    people = all_of(cdnow)
    assert bg.p_alive(*people).mean() == pytest.approx(0.81344, abs=1e-4)
    assert pn.p_alive(*people).mean() == pytest.approx(0.44632, abs=1e-4)
    future = pn.future(*people, discount=DELTA)
    assert future.mean.sum() == pytest.approx(7_207.8, rel=1e-3)
    found = worth_of(future, gg.amounts(cdnow.seen.x, cdnow.seen.mean_amount))
    assert found.total == pytest.approx(261_615, rel=1e-3)


@pytest.mark.parametrize(
    ("model", "total", "off", "squared", "together"),
    [("bg", 1_653.4, 0.7855, 1.6080, 0.6256), ("pn", 1_665.7, 0.7545, 1.6028, 0.6302)],
)
def test_the_next_39_weeks(cdnow, request, model, total, off, squared, together):
    fitted = request.getfixturevalue(model)
    guess = fitted.expected_purchases(HOLDOUT, *all_of(cdnow))
    assert guess.sum() == pytest.approx(total, rel=1e-3)
    assert np.abs(guess - cdnow.later).mean() == pytest.approx(off, abs=1e-3)
    assert np.sqrt(((guess - cdnow.later) ** 2).mean()) == pytest.approx(squared, abs=1e-3)
    assert np.corrcoef(guess, cdnow.later)[0, 1] == pytest.approx(together, abs=1e-3)


def test_both_models_beat_the_simple_guesses(cdnow, bg, pn):
    rate = cdnow.seen.x / cdnow.seen.T * HOLDOUT
    assert rate.sum() == pytest.approx(2_930, abs=1)
    assert np.abs(rate - cdnow.later).mean() == pytest.approx(1.0237, abs=1e-3)
    assert np.sqrt(((rate - cdnow.later) ** 2).mean()) == pytest.approx(2.2119, abs=1e-3)
    same = cdnow.seen.x
    assert np.abs(same - cdnow.later).mean() == pytest.approx(0.8973, abs=1e-3)
    for model in (bg, pn):
        guess = model.expected_purchases(HOLDOUT, *all_of(cdnow))
        for simple in (rate, same):
            assert np.abs(guess - cdnow.later).mean() < np.abs(simple - cdnow.later).mean()
            assert abs(guess.sum() - 1_882) < abs(simple.sum() - 1_882)
