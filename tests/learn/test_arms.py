"""Which of a few arms to show: exact sums, exact chances, and learning that pays."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goodwill.basics.errors import BadInput
from goodwill.learn.arms import LARGEST, UNIT, best_of, fit, part, quantised
from goodwill.measure.offpolicy import Logged, evaluate
from goodwill.sums import Sums

ARMS, D = 3, 2
TRUTH = np.array([[0.5, 0.0], [0.4, 0.3], [0.1, 0.9]])


def lived(seed, people=40):
    """Each person's decisions: arms, features, rewards."""
    dice = np.random.default_rng(seed)
    found = []
    for _ in range(people):
        n = int(dice.integers(1, 8))
        features = np.column_stack([np.ones(n), dice.integers(0, 2, n)])
        action = dice.integers(0, ARMS, n)
        reward = (TRUTH[action] * features).sum(axis=1) + dice.normal(0, 0.3, n)
        found.append((action, quantised(features), quantised(reward)))
    return found


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.sets(st.integers(0, 39), max_size=39))
def test_a_total_without_some_people_is_the_total_that_never_had_them(seed, gone):
    parts = [part(*one, ARMS) for one in lived(seed)]
    total = parts[0]
    for one in parts[1:]:
        total = total + one
    for n in sorted(gone, key=lambda n: (n * 7919) % 40):
        total = total - parts[n]
    never = [one for n, one in enumerate(parts) if n not in gone]
    anew = never[0]
    for one in never[1:]:
        anew = anew + one
    assert total.hash == anew.hash
    assert np.array_equal(fit(total).mean, fit(anew).mean)
    assert np.array_equal(fit(total).covariance, fit(anew).covariance)


def test_with_much_seen_the_truth_is_found_and_the_first_belief_is_the_prior():
    arms = fit(sum_of(lived(3, 4_000)), noise=0.3)
    assert np.allclose(arms.mean, TRUTH, atol=0.03)
    nothing = fit(part(np.zeros(0, int), np.zeros((0, D), int), np.zeros(0, int), ARMS), prior=2.0)
    assert np.array_equal(nothing.mean, np.zeros((ARMS, D)))
    assert np.allclose(nothing.covariance, 4 * np.eye(D))
    assert np.allclose(nothing.chances(np.ones(D)), 1 / ARMS)


def test_beliefs_are_those_of_the_textbook():
    features, reward = np.array([[1.0, 0.5], [1.0, 2.0], [1.0, -1.0]]), np.array([1.0, 2.0, -0.5])
    arms = fit(part(np.zeros(3, int), quantised(features), quantised(reward), 1), noise=0.5, prior=3.0)
    precision = features.T @ features / 0.25 + np.eye(2) / 9
    assert np.allclose(arms.covariance[0], np.linalg.inv(precision))
    assert np.allclose(arms.mean[0], np.linalg.solve(precision, features.T @ reward / 0.25))
    assert arms.because(np.array([1.0, 0.5]), 0).sum() == pytest.approx(arms.mean[0] @ [1.0, 0.5])


@pytest.mark.parametrize(("mean", "spread"), [
    ([0.0, 0.0], [1.0, 1.0]), ([0.3, 0.0, -0.2], [0.5, 1.0, 0.1]), ([0, 0.1, 0.2, 0.3, 0.4], [1, 2, 0.5, 0.2, 1.5]),
    ([1.0, 0.9], [0.01, 0.02]), ([0.0, 5.0], [1.0, 1.0]),
])  # fmt: skip
def test_the_chance_to_be_the_best_is_how_often_it_is(mean, spread):
    mean, spread = np.array(mean, float), np.array(spread, float)
    chances = best_of(mean, spread)
    drawn = np.random.default_rng(1).normal(mean, spread, (400_000, mean.size)).argmax(axis=1)
    often = np.bincount(drawn, minlength=mean.size) / 400_000
    assert chances.sum() == pytest.approx(1)
    assert np.allclose(chances, often, atol=0.004)


def test_of_two_normal_variables_the_chance_is_that_of_their_difference():
    from scipy.stats import norm

    for gap in (-3.0, -0.5, 0.0, 1.0, 4.0):
        for known in (2.0, 0.1, 0.003, 1e-5):  # one that is well known beside one that is new
            exact = norm.cdf(gap / np.hypot(1.0, known))
            found = best_of(np.array([gap, 0.0]), np.array([1.0, known]))
            assert found == pytest.approx([exact, 1 - exact], abs=1e-9)


def test_no_arm_that_may_be_shown_falls_below_the_floor_and_no_other_rises_above_none():
    arms = fit(sum_of(lived(5, 2_000)), noise=0.3)
    chances = arms.chances(np.array([1.0, 1.0]), allowed=[0, 2], floor=0.05)
    assert chances[1] == 0
    assert chances.min(where=[True, False, True], initial=1) >= 0.05
    assert chances.sum() == pytest.approx(1)
    assert arms.chances(np.array([1.0, 1.0])).argmax() == 2
    dice = np.random.default_rng(2)
    for _ in range(50):
        choice = arms.choose(np.array([1.0, 1.0]), dice, allowed=[0, 2], floor=0.05)
        assert choice.propensity == chances[choice.arm] > 0


def test_it_learns_to_choose_better_than_by_chance_and_its_log_can_be_judged():
    dice = np.random.default_rng(11)
    total = part(np.zeros(0, int), np.zeros((0, D), int), np.zeros(0, int), ARMS)
    actions, rewards, chances = [], [], []
    arms = fit(total, noise=0.5)
    for n in range(1_500):
        if n % 10 == 0:
            arms = fit(total, noise=0.5)
        x = np.array([1.0, float(dice.integers(0, 2))])
        choice = arms.choose(x, dice, floor=0.05)
        reward = float(TRUTH[choice.arm] @ x + dice.normal(0, 0.5))
        one = quantised(x)[None]
        total = total + part(np.array([choice.arm]), one, quantised(np.array([reward])), ARMS)
        actions.append(choice.arm)
        rewards.append(reward)
        chances.append(choice.propensity)
    by_chance = np.mean([(TRUTH @ [1.0, x]).mean() for x in (0, 1)])
    best = np.mean([(TRUTH @ [1.0, x]).max() for x in (0, 1)])
    late = np.mean(rewards[500:])
    assert late > by_chance + 0.6 * (best - by_chance)
    logged = Logged(np.array(actions), np.array(rewards), np.array(chances), np.arange(1_500))
    found = evaluate(logged, np.full((1_500, ARMS), 1 / ARMS))
    assert found.snips.low < by_chance < found.snips.high
    assert found.mean_weight == pytest.approx(1, abs=0.15)


def test_sums_of_a_busy_shop_stay_within_64_bits():
    heavy = part(np.zeros(1, int), quantised(np.full((1, 1), LARGEST)), quantised(np.array([LARGEST])), 1)
    cells = int(heavy.array("xx")[0, 0])
    assert cells == (LARGEST * UNIT) ** 2
    assert cells * 10**8 < 2**63


@pytest.mark.parametrize("wrong", [
    lambda: quantised(np.array([np.nan])), lambda: quantised(np.array([65.0])),
    lambda: part(np.array([3]), np.zeros((1, D), int), np.zeros(1, int), ARMS),
    lambda: part(np.array([0, 1]), np.zeros((1, D), int), np.zeros(1, int), ARMS),
    lambda: fit(Sums(xx=np.zeros((D, D), int), rx=np.zeros((1, D), int), rr=[0], shown=[0]), noise=0),
    lambda: fit(sum_of(lived(1))).chances(np.ones(D), allowed=[]),
    lambda: fit(sum_of(lived(1))).chances(np.ones(D), floor=0.5),
])  # fmt: skip
def test_what_cannot_be_is_refused(wrong):
    with pytest.raises(BadInput):
        wrong()


def sum_of(people):
    total = None
    for one in people:
        mine = part(*one, ARMS)
        total = mine if total is None else total + mine
    return total
