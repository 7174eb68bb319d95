"""Scales of several items: score, α, ω and their intervals, against closed forms and simulated customers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodwill.basics.errors import BadInput
from goodwill.measure.perception import (
    _alpha,
    _guttman,
    _omega,
    _one_factor,
    _standardised,
    cell_weights,
    feldt,
    pomp,
    scale,
    scale_of,
    scale_sums,
    weighted_mean,
)

SMALL = [[1, 2, 3], [2, 3, 4], [3, 3, 5], [4, 5, 4], [5, 4, 5]]  # five customers, three items
LOADING = np.array([0.8, 0.7, 0.6, 0.5])
IMPLIED = np.outer(LOADING, LOADING) + np.diag(1 - LOADING**2)
answers = st.lists(st.lists(st.integers(1, 5), min_size=4, max_size=4), min_size=3, max_size=40)


def customers(n=200, items=5, seed=0):
    dice = np.random.default_rng(seed)
    trust = dice.normal(size=(n, 1))
    return np.clip(np.rint(4 + 1.2 * (0.8 * trust + 0.6 * dice.normal(size=(n, items)))), 1, 7).astype(int)


def test_published_values_of_the_golden_table():
    """Agreeableness (psych::bfi): average r .3320 of 5 items makes α .7130; Feldt's ends of α .7030 are .69 and .72."""
    assert _standardised(5, 0.3320) == pytest.approx(0.7130, abs=1e-4)
    assert feldt(0.7030, 2_800, 5) == pytest.approx((0.69, 0.72), abs=0.005)


def test_a_hand_table():
    """Variances 2.5, 1.3, .7 and covariances 1.5, 1, .4: α = 3/2·(1 − 4.5/10.3); 53 points in 15 answers."""
    found = scale(SMALL, 1, 5)
    assert found.alpha.value == pytest.approx(1.5 * (1 - 4.5 / 10.3))
    assert found.score.value == pytest.approx(100 * (53 / 15 - 1) / 4)
    assert found.item_rest == pytest.approx(
        [np.corrcoef(item, rest)[0, 1] for item, rest in _items_and_rests(np.array(SMALL))]
    )


def _items_and_rests(table):
    return [(table[:, item], np.delete(table, item, axis=1).sum(axis=1)) for item in range(table.shape[1])]


@given(answers)
def test_all_of_it_comes_from_the_sums_as_from_the_rows(rows):
    table = np.array(rows)
    found, covariance = scale_of(scale_sums(rows, 1, 5), 1, 5), np.cov(table.T)
    if not table.sum(axis=1).var():
        assert "add to the same" in found.refused
        return
    assert found.score.value == pytest.approx(pomp(rows, 1, 5).mean())
    assert found.score.standard_error == pytest.approx(pomp(rows, 1, 5).std(ddof=1) / len(rows) ** 0.5)
    assert found.alpha.value == pytest.approx(4 / 3 * (1 - np.trace(covariance) / covariance.sum()))
    assert found.alpha.low <= found.alpha.value <= found.alpha.high


@given(answers, st.integers(0, 39))
def test_parts_of_customers_add_up_and_hers_can_be_taken_out(rows, place):
    chiara, at = [rows[place % len(rows)]], place % len(rows)
    without = rows[:at] + rows[at + 1 :]
    assert scale_sums(without, 1, 5) + scale_sums(chiara, 1, 5) == scale_sums(rows, 1, 5)
    assert scale_of(scale_sums(rows, 1, 5) - scale_sums(chiara, 1, 5), 1, 5) == scale(without, 1, 5)


def test_omega_finds_the_factor_that_the_answers_were_made_of():
    loading, own = _one_factor(IMPLIED)
    assert loading == pytest.approx(LOADING, abs=1e-5)
    assert own == pytest.approx(1 - LOADING**2, abs=1e-5)
    truth = LOADING.sum() ** 2 / (LOADING.sum() ** 2 + (1 - LOADING**2).sum())
    assert _omega(IMPLIED, 500, 0.95).value == pytest.approx(truth, abs=1e-6)


def test_of_three_items_the_loadings_are_the_closed_form():
    covariance = np.array([[2.0, 0.9, 0.6], [0.9, 1.5, 0.5], [0.6, 0.5, 1.0]])
    loading, _ = _one_factor(covariance)
    assert loading**2 == pytest.approx([0.9 * 0.6 / 0.5, 0.9 * 0.5 / 0.6, 0.6 * 0.5 / 0.9], rel=1e-4)


def test_of_items_alike_omega_is_alpha_and_its_error_the_closed_form():
    alike = np.full((4, 4), 0.5) + 0.5 * np.eye(4)
    alpha, omega = _alpha(alike, 300, 0.95), _omega(alike, 300, 0.95)
    assert omega.value == pytest.approx(alpha.value)
    assert alpha.value == pytest.approx(0.8)  # 4·.5 / (1 + 3·.5)
    assert alpha.standard_error == pytest.approx((2 * 4 / (3 * 300)) ** 0.5 * 0.2)
    assert omega.standard_error == pytest.approx(alpha.standard_error, rel=0.01)


def test_guttmans_lambda_of_items_alike_is_the_closed_form():
    """What the others leave of each item is (1 − r)(1 + 3r) / (1 + 2r) = .625; of the whole that is 4·.625 / 10."""
    assert _guttman(np.full((4, 4), 0.5) + 0.5 * np.eye(4)) == pytest.approx(0.75)


def test_the_intervals_of_alpha_and_omega_hold_as_often_as_they_say():
    dice, trials, n = np.random.default_rng(0), 400, 250
    alike = np.full((4, 4), 0.5) + 0.5 * np.eye(4)
    truth = LOADING.sum() ** 2 / IMPLIED.sum()
    held = np.zeros(2)
    for _ in range(trials):
        alpha = _alpha(np.cov(dice.multivariate_normal(np.zeros(4), alike, n).T), n, 0.95)
        omega = _omega(np.cov(dice.multivariate_normal(np.zeros(4), IMPLIED, n).T), n, 0.95)
        held += [alpha.low <= 0.8 <= alpha.high, omega.low <= truth <= omega.high]
    assert (held / trials >= 0.95 - 4 * 0.0109).all(), held / trials


def test_an_item_worded_the_other_way_is_turned_or_warned_of():
    table = customers()
    turned = table.copy()
    turned[:, 0] = 8 - turned[:, 0]
    assert scale(turned, 1, 7, reverse=[0]) == scale(table, 1, 7)
    assert any("goes against the others" in said for said in scale(turned, 1, 7).warnings)
    assert scale(table, 1, 7).warnings == ()


def test_a_score_is_in_percent_of_the_maximum_possible():
    assert pomp([[1, 1], [7, 7], [4, 4]], 1, 7).tolist() == [0, 100, 50]
    assert pomp([[1, 7]], 1, 7, reverse=[1]).tolist() == [0]


def test_who_left_an_item_out_is_not_counted_and_it_is_said():
    table = customers()
    table[:7, 2] = -1
    found = scale(table, 1, 7, left_out=-1)
    assert (found.n, found.incomplete) == (193, 7)
    assert found.score == scale(table[7:], 1, 7).score
    assert "7 customers left an item out" in found.warnings[0]
    assert pomp(table, 1, 7, left_out=-1).size == 193


def test_items_that_hardly_agree_are_not_to_be_compared():
    found = scale(np.random.default_rng(1).integers(1, 8, (300, 4)), 1, 7)
    assert found.omega.refused or any("agree too little" in said for said in found.warnings)


@pytest.mark.parametrize(
    ("rows", "words"),
    [([[3, 4]], "Only one customer"), ([[3, 4]] * 9, "add to the same"), (np.zeros((0, 3)), "Nobody answered")],
)
def test_answers_that_cannot_tell_are_refused_in_words(rows, words):
    found = scale(rows, 1, 5)
    assert words in found.refused
    assert (found.score.value, found.alpha.value, found.omega.value) == (None, None, None)
    assert "nan" not in str(found.to_dict()).lower()


def test_two_items_or_one_that_all_answered_alike_leave_omega_out():
    table = customers()
    assert "needs three" in scale(table[:, :2], 1, 7).omega.refused
    table[:, 4] = 3
    found = scale(table, 1, 7)
    assert "answered alike by all" in found.omega.refused
    assert (found.item_rest[4], found.average, found.guttman) == (None, None, None)
    double = np.column_stack([customers(), customers()])
    assert "say the same as others" in scale(double, 1, 7).omega.refused


@pytest.mark.parametrize(
    ("given_", "words"),
    [
        (([[1, 9]], 1, 7), "'answers' has 9"),
        (([[1], [2]], 1, 7), "two items or more"),
        (([[1, 2]], 7, 1), "'high' is 1"),
        (([1, 2], 1, 7), "1 axes"),
    ],
)
def test_answers_that_cannot_be_are_a_mistake(given_, words):
    with pytest.raises(BadInput, match=words):
        scale(*given_)
    with pytest.raises(BadInput, match="names item 5"):
        scale([[1, 2]], 1, 7, reverse=[5])


def test_weights_bring_back_the_score_of_all_who_were_asked():
    """Regulars answer in 60 of 100 cases and score 80, new ones in 20 and score 40: all together 60, not 70."""
    kind = np.repeat([0, 1], 100)
    answered = np.concatenate([np.arange(100) < 60, np.arange(100) < 20])
    score = np.where(kind == 0, 80.0, 40.0) + np.tile([-1.0, 1.0], 100)
    weights = cell_weights(answered, kind)
    assert score[answered].mean() == pytest.approx(70)
    found = weighted_mean(score[answered], weights.weight[answered])
    assert found.value == pytest.approx(60)
    assert found.low < 60 < found.high
    assert weights.weight.sum() == pytest.approx(200)
    assert weights.effective_n == pytest.approx(200**2 / (60 * (5 / 3) ** 2 + 20 * 25))
    assert (weights.response.hits, weights.response.of) == (80, 200)
    assert "40 % answered" in weights.warnings[0]


def test_a_weighted_mean_with_equal_weights_is_the_plain_one():
    score = np.random.default_rng(1).normal(60, 15, 50)
    found = weighted_mean(score, np.full(50, 3.0))
    assert (found.value, found.standard_error) == pytest.approx((score.mean(), score.std(ddof=1) / 50**0.5))


def test_a_kind_of_which_nobody_answered_is_refused_by_name():
    found = cell_weights([1, 1, 0], [0, 0, 1], names=["regulars", "new"])
    assert "Nobody answered of kind 'new'" in found.refused
    assert cell_weights([0, 0], [0, 0]).refused == "Nobody answered."
    assert cell_weights([], []).refused == "Nobody answered."
    assert "so uneven" in " ".join(cell_weights([1] * 20 + [0] * 200 + [1], [0] * 20 + [1] * 201).warnings)
    assert "all gave the same" not in weighted_mean([5.0, 6.0], [1, 1]).refused
    assert "gave the same" in weighted_mean([5.0, 5.0], [1, 1]).refused
    assert "Fewer than two" in weighted_mean([5.0, 6.0], [1, 0]).refused
