"""The net promoter score: its golden table, its interval's coverage, and what it says of those who did not answer."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodwill.basics.errors import BadInput
from goodwill.measure.promoters import nps, nps_of, nps_sums, post_stratified_nps, weighted_nps

SIGN = np.array([1, 0, -1])


@pytest.mark.parametrize(
    ("counts", "centre", "low", "high", "plain", "plain_low", "plain_high"),
    [
        ((65, 25, 10), 53.398, 40.334, 66.462, 55.0, 41.889, 68.111),
        ((50, 30, 20), 29.126, 14.051, 44.201, 30.0, 14.692, 45.308),
        ((10, 5, 5), 21.739, -11.716, 55.194, 25.0, -11.339, 61.339),
        ((2, 1, 12), -55.556, -89.893, -21.218, -66.667, -102.05, -31.28),
    ],
)
def test_the_golden_table(counts, centre, low, high, plain, plain_low, plain_high):
    found = nps(*counts)
    assert (found.centre, found.low, found.high) == pytest.approx((centre, low, high), abs=1e-3)
    assert found.value == pytest.approx(plain, abs=1e-3)
    assert (found.plain.low, found.plain.high) == pytest.approx((plain_low, plain_high), abs=5e-3)


def test_the_score_is_what_everybody_calls_it_and_lies_within_its_interval():
    assert nps(65, 25, 10).value == pytest.approx(55)
    for counts in [(2, 0, 0), (0, 0, 2), (0, 9, 0), (400, 0, 0)]:
        found = nps(*counts)
        assert -100 <= found.low <= found.value <= found.high <= 100
        assert found.low < found.high


@pytest.mark.parametrize(
    ("n", "true", "covered"),
    [(20, (0.8, 0.15, 0.05), 0.958), (20, (0.5, 0.3, 0.2), 0.947), (400, (0.5, 0.3, 0.2), 0.95)],
)
def test_its_interval_covers_as_often_as_was_measured_before(n, true, covered):
    drawn = np.random.default_rng(5).multinomial(n, true, size=4_000)
    outcomes, often = np.unique(drawn, axis=0, return_counts=True)
    truth = 100 * float(SIGN @ np.array(true))
    held = [(found := nps(*row)).low <= truth <= found.high for row in outcomes.tolist()]
    assert np.average(held, weights=often) == pytest.approx(covered, abs=0.012)  # four errors of 4,000 draws


@given(st.lists(st.integers(0, 10), min_size=2, max_size=60), st.integers(0, 59))
def test_the_sums_of_answers_give_the_score_of_the_answers_and_one_can_be_taken_out(answers, place):
    score = np.array(answers)
    counts = [(score >= 9).sum(), ((score >= 7) & (score < 9)).sum(), (score < 7).sum()]
    assert nps_of(nps_sums(answers)) == nps(*counts)
    chiara = place % len(answers)
    without = answers[:chiara] + answers[chiara + 1 :]
    assert nps_sums(answers) - nps_sums(answers[chiara : chiara + 1]) == nps_sums(without)


def test_equal_weights_change_nothing():
    score = np.repeat([10, 8, 2], [65, 25, 10])
    plain, weighted = nps(65, 25, 10), weighted_nps(score, np.full(100, 4.0))
    assert weighted.value == pytest.approx(plain.value)
    assert weighted.effective_n == pytest.approx(100)
    assert (weighted.low, weighted.high) == pytest.approx((plain.low, plain.high), abs=0.15)  # n − 1 for n


def test_weights_bring_back_those_who_did_not_answer():
    """Half are happy and answer four times as often; 60/20/20 of them, 20/20/60 of the others promote."""
    score = np.repeat([10, 8, 2, 10, 8, 2], [240, 80, 80, 20, 20, 60])
    weight = np.repeat([1.25, 5.0], [400, 100])  # the inverse of how often each kind answers
    assert weighted_nps(score, np.ones(500)).value == pytest.approx(24.0)
    found = weighted_nps(score, weight, asked=1_000)
    assert found.value == pytest.approx(0.0, abs=1e-9)
    assert found.effective_n == pytest.approx(1_000**2 / (400 * 1.25**2 + 100 * 25))
    by_kind = post_stratified_nps([[240, 80, 80], [20, 20, 60]], [500, 500])
    assert by_kind.value == pytest.approx(0.0, abs=1e-9)
    assert by_kind.response.value == pytest.approx(0.5)


def test_its_interval_covers_the_whole_population_where_answering_depends_on_the_kind():
    dice, kinds, trials = np.random.default_rng(1), np.array([[0.7, 0.2, 0.1], [0.3, 0.3, 0.4]]), 600
    truth = 100 * float(np.array([0.3, 0.7]) @ (kinds @ SIGN))
    held = np.zeros(2)
    for _ in range(trials):
        answers = np.array([dice.multinomial(dice.binomial(90, 0.6), kinds[0]),
                            dice.multinomial(dice.binomial(210, 0.2), kinds[1])])  # fmt: skip
        score = np.repeat([10, 8, 2, 10, 8, 2], answers.ravel())
        weight = np.repeat([1 / 0.6, 1 / 0.2], answers.sum(axis=1))
        found = weighted_nps(score, weight), post_stratified_nps(answers, [90, 210])
        held += [one.low <= truth <= one.high for one in found]
    assert (held / trials >= 0.95 - 4 * 0.0089).all(), held / trials


def test_a_kind_of_whom_nobody_answered_is_refused_by_name():
    found = post_stratified_nps([[5, 3, 2], [0, 0, 0]], [50, 50], names=["regulars", "new"])
    assert (found.value, "Nobody answered in 'new'" in found.refused) == (None, True)
    assert post_stratified_nps([[5, 3, 2], [0, 0, 0]], [50, 0]).value == pytest.approx(30)


def test_how_many_answered_is_told_and_warned_of():
    found = nps(65, 25, 10, asked=400)
    assert (found.response.hits, found.response.of) == (100, 400)
    assert "25 % of those asked answered" in found.warnings[0]
    assert "was not given" in nps(65, 25, 10).warnings[0]
    assert nps(65, 25, 10, asked=110).warnings == ()


@pytest.mark.parametrize("counts", [(0, 0, 0), (1, 0, 0)])
def test_of_nobody_and_of_one_there_is_no_score(counts):
    found = nps(*counts)
    assert (found.value, bool(found.refused)) == (None, True)
    assert weighted_nps([10] * counts[0], [1.0] * counts[0]).refused == found.refused
    assert post_stratified_nps([counts], [9]).refused == found.refused
    assert weighted_nps([10, 2], [0, 0]).refused == "Nobody answered, so there is no score."


def test_more_answers_than_questions_are_a_mistake():
    with pytest.raises(BadInput, match="only 50 were asked"):
        nps(65, 25, 10, asked=50)
    with pytest.raises(BadInput, match="more answered than there are people"):
        post_stratified_nps([[5, 3, 2]], [9])
    with pytest.raises(BadInput, match="three columns"):
        post_stratified_nps([[5, 3]], [9])
    with pytest.raises(BadInput, match="'detractors' is -1"):
        nps(1, 1, -1)
