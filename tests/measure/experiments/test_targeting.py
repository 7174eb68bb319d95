"""Whether a score finds those whom a treatment moves: scikit-uplift's values, and no evidence where there is none."""

import numpy as np
import pytest
from tests.conftest import examples

from goodwill import measure
from goodwill.basics.errors import BadInput
from goodwill.measure.experiments.targeting import HARMS, HELPS, NO_EVIDENCE

I = np.arange(40)  # noqa: E741  # the letter of the formulas below
SCORE = (I * 7 % 40) / 40
TREATED = (I * 3 % 5 < 2).astype(int)
OUTCOME = (3 + 4 * TREATED * (SCORE > 0.5) > I * 11 % 13).astype(int)
TIED = np.floor(SCORE * 8) / 8


@pytest.fixture
def of_few(monkeypatch):
    monkeypatch.setattr("goodwill.measure.experiments.targeting.LEAST_PEOPLE", 10)
    monkeypatch.setattr("goodwill.measure.experiments.targeting.LEAST_WORTH", 2)


@pytest.mark.usefixtures("of_few")
@pytest.mark.parametrize(
    ("score", "qini", "auuc", "at"),
    [  # worked out with scikit-uplift 0.5.1: qini_auc_score, uplift_auc_score, uplift_at_k(strategy="overall")
        (SCORE, 0.09490303301406265, 0.10552105499301573, (0.45714285714285713, 0.25, 0.41666666666666663)),
        (TIED, 0.10445049954586742, 0.11713776419658778, (0.3142857142857143, 0.25, 0.8)),
    ],
)
def test_all_is_as_scikit_uplift_defines_it(score, qini, auuc, at):
    found = measure.uplift_curve(score, OUTCOME, TREATED, at=(0.3, 0.5, 7), resamples=50)
    assert (found.qini.value, found.auuc.value) == (pytest.approx(qini), pytest.approx(auuc))
    assert [one.uplift.value for one in found.at] == pytest.approx(list(at))
    assert [one.customers for one in found.at] == [12, 20, 7]


@pytest.mark.usefixtures("of_few")
def test_the_curves_are_scikit_uplifts():
    found = measure.uplift_curve(TIED, OUTCOME, TREATED, resamples=50)
    assert found.customers.tolist() == [0, 5, 10, 15, 20, 25, 30, 35, 40]
    assert found.gain == pytest.approx([0, 2, 7 / 3, 5 / 3, 2, 3, 5 / 3, 5 / 3, 3])
    assert found.uplift == pytest.approx([0, 5, 35 / 6, 25 / 6, 5, 7.5, 25 / 6, 25 / 6, 7.5])
    assert "arbitrary" in found.warnings[0]


def shop(seed, n=4_000, pull=0.0, money=False):
    """A treatment that moves those with a high score, by so much."""
    dice = np.random.default_rng(seed)
    score, treated = dice.normal(size=n), dice.integers(0, 2, n)
    bought = dice.random(n) < np.clip(0.15 + pull * treated * np.sign(score), 0, 1)
    return score, bought * dice.gamma(2, 20, n) if money else bought.astype(float), treated


def by_chance(tries):
    """How far a share of 95 % may lie below that in so many tries: three standard errors."""
    return 3 * (0.95 * 0.05 / len(tries)) ** 0.5


@pytest.mark.parametrize("money", [False, True])
def test_a_score_that_finds_them_is_seen_to_and_a_reversed_one_too(money):
    score, outcome, treated = shop(1, 6_000, 0.08, money)
    helps, harms = (measure.uplift_curve(sign * score, outcome, treated) for sign in (1, -1))
    assert (helps.verdict, harms.verdict) == (HELPS, HARMS)
    assert helps.qini.low > 0 > harms.qini.high
    assert helps.at[1].uplift.value > harms.at[1].uplift.value


@pytest.mark.longer
def test_a_score_that_says_nothing_is_no_evidence_in_nineteen_of_twenty():
    said = [measure.uplift_curve(*shop(seed, 600), seed=seed).verdict for seed in range(examples(60))]
    assert np.mean([one == NO_EVIDENCE for one in said]) >= 0.95 - by_chance(said)


@pytest.mark.longer
def test_nor_where_few_bought_or_a_few_bought_most():
    dice, said = np.random.default_rng(10), []
    for seed in range(examples(50)):
        treated = (dice.random(800) < 0.8).astype(int)
        spent = (dice.random(800) < 0.2) * dice.lognormal(3, 1, 800)
        said.append(measure.uplift_curve(dice.normal(size=800), spent, treated, seed=seed, at=()).verdict)
    told = [one for one in said if one]
    assert len(told) > 0.6 * len(said)  # the rest is refused
    assert np.mean([one == NO_EVIDENCE for one in told]) >= 0.93 - by_chance(told)


@pytest.mark.longer
def test_its_interval_holds_the_truth():
    """The truth from 300,000 customers of the same shop."""
    truth = measure.uplift_curve(*shop(99, 300_000, 0.05), resamples=50)
    found = [measure.uplift_curve(*shop(seed, 3_000, 0.05), seed=seed) for seed in range(examples(40))]
    for name in ("qini", "auuc"):
        middle = getattr(truth, name).value
        held = np.mean([getattr(one, name).low <= middle <= getattr(one, name).high for one in found])
        assert held >= 0.95 - by_chance(found)


def test_a_few_hundred_steps_draw_the_interval_of_all_scores():
    score, outcome, treated = shop(5, 3_000, 0.05)
    coarse = measure.uplift_curve(score, outcome, treated, resamples=300)
    dice, drawn = np.random.default_rng(6), []
    for _ in range(60):
        some = dice.integers(0, 3_000, 3_000)
        drawn.append(measure.uplift_curve(score[some], outcome[some], treated[some], resamples=50).qini.value)
    assert coarse.qini.standard_error == pytest.approx(np.std(drawn), rel=0.3)


def test_the_same_seed_gives_the_same_interval():
    rows = shop(7)
    one, same, other = (measure.uplift_curve(*rows, resamples=60, seed=seed) for seed in (1, 1, 2))
    assert one.qini == same.qini
    assert one.qini != other.qini
    assert one.qini.value == other.qini.value


def test_a_perfect_uplift_curve_of_amounts_does_not_exist():
    found = measure.uplift_curve(*shop(8, 800, 0.1, money=True))
    assert "0 and 1 only" in found.auuc.refused
    assert found.qini.value is not None


def test_what_cannot_be_ranked_is_refused():
    score, outcome, treated = shop(9, 200)
    few = measure.uplift_curve(score[:30], outcome[:30], np.r_[np.ones(19), np.zeros(11)])
    assert "An arm has 11 customers" in few.refused
    assert (few.verdict, few.at, few.qini.refused) == ("", (), few.refused)
    assert "same for everybody" in measure.uplift_curve(np.ones(200), outcome, treated).refused
    assert "no order of them" in measure.uplift_curve(score, np.ones(200), treated).refused
    once = np.zeros(200)
    once[np.flatnonzero(treated == 1)[:50]] = once[np.flatnonzero(treated == 0)[:9]] = 30
    assert "worth 9 equal buyers" in measure.uplift_curve(score, once, treated).refused
    assert "An arm has 0" in measure.uplift_curve([], [], [], at=()).refused
    top = measure.uplift_curve(score, outcome, treated, at=(1,)).at[0].uplift
    assert "customer" in top.refused  # one customer is of one arm


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"treated": [0, 2, 1]}, "nothing else"),
        ({"score": [1, 2]}, "2 scores, 3 outcomes"),
        ({"outcome": [1, float("nan"), 0]}, "Outcomes have no usable number in row 1"),
        ({"at": (3,)}, "of 1 to 2 customers"),
        ({"at": (0,)}, "of 1 to 2 customers"),
        ({"at": (1.5,)}, "of 1 to 2 customers"),
        ({"resamples": 10}, "says little"),
        ({"level": 2}, "between 0 and 1"),
    ],
)
def test_what_cannot_be_understood_is_said(more, says):
    with pytest.raises(BadInput, match=says):
        measure.uplift_curve(**{"score": [1, 2, 3], "outcome": [1, 0, 0], "treated": [0, 1, 1], "at": (1,), **more})
