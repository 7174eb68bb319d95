"""What another way of choosing would have brought: right where the truth is known, silent where nobody can know."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goodwill.basics.errors import BadInput
from goodwill.measure.offpolicy import Logged, action_means, evaluate

ACTIONS = 4
TRUTH = np.array([0.1, 0.2, 0.3, 0.5])


def world(seed, n=2_000, per_person=1, effect=0.0):
    """Decisions of a known way of choosing among actions of known worth."""
    dice = np.random.default_rng(seed)
    context = dice.integers(0, 2, n)
    here = np.where(context[:, None] == 0, [0.4, 0.3, 0.2, 0.1], [0.1, 0.2, 0.3, 0.4])
    action = (dice.random(n)[:, None] > here.cumsum(axis=1)).sum(axis=1)
    person = np.arange(n) // per_person
    hers = dice.normal(0, effect, person.max() + 1)[person]
    chance = np.clip(TRUTH[action] + 0.1 * context + hers, 0, 1)
    reward = (dice.random(n) < chance).astype(float)
    return Logged(action, reward, here[np.arange(n), action], person)


def always(action, n):
    target = np.zeros((n, ACTIONS))
    target[:, action] = 1
    return target


def test_the_way_that_was_used_is_worth_what_it_brought():
    logged = world(1)
    here = np.zeros((2_000, ACTIONS))
    here[np.arange(2_000), logged.action] = logged.propensity
    here += (1 - here.sum(axis=1, keepdims=True)) / ACTIONS  # some rest elsewhere; only the ratio is asked of
    same = Logged(logged.action, logged.reward, here[np.arange(2_000), logged.action], logged.person)
    found = evaluate(same, here)
    assert found.ips.value == pytest.approx(logged.reward.mean())
    assert found.snips.value == pytest.approx(logged.reward.mean())
    assert (found.ess, found.mean_weight) == (pytest.approx(2_000), pytest.approx(1))


@pytest.mark.parametrize(("per_person", "effect"), [(1, 0.0), (5, 0.15)])
def test_its_intervals_hold_the_truth_as_often_as_they_say(per_person, effect):
    truth, trials = _truth(effect), 200
    found = [evaluate(world(seed, 1_500, per_person, effect), always(3, 1_500)) for seed in range(trials)]
    for estimates in ([one.ips for one in found], [one.snips for one in found], [one.dr for one in found]):
        assert np.mean([one.low <= truth <= one.high for one in estimates]) >= 0.91  # 95 % less 2.6 standard errors
        off = np.array([one.value for one in estimates]) - truth
        assert abs(off.mean()) < 4 * off.std() / trials**0.5


def _truth(effect):
    """What always choosing the last action brings, over both contexts and over people."""
    dice = np.random.default_rng(99)
    hers = dice.normal(0, effect, 400_000) if effect else np.zeros(1)
    return float(np.mean([np.clip(TRUTH[3] + 0.1 * context + hers, 0, 1).mean() for context in (0, 1)]))


def test_a_person_with_many_decisions_widens_the_interval():
    logged = world(7, 400)
    fifty = [np.repeat(array, 50) for array in (logged.action, logged.reward, logged.propensity)]
    once = evaluate(logged, np.full((400, ACTIONS), 0.25)).ips
    hers = evaluate(Logged(*fifty, np.repeat(np.arange(400), 50)), np.full((20_000, ACTIONS), 0.25)).ips
    others = evaluate(Logged(*fifty, np.arange(20_000)), np.full((20_000, ACTIONS), 0.25)).ips
    assert hers.value == pytest.approx(once.value)
    assert hers.error == pytest.approx(once.error)  # fifty times the same of everybody tells nothing more
    assert others.error == pytest.approx(once.error / 50**0.5, rel=0.01)


def test_rewards_of_both_signs_are_not_taken_for_few():
    """A complaint costs what a purchase brings: rewards that nearly cancel are no reason to be silent."""
    n = 5_000
    dice = np.random.default_rng(5)
    logged = Logged(dice.integers(0, 2, n), dice.choice([-1.0, 1.0], n), np.full(n, 0.5), np.arange(n))
    found = evaluate(logged, np.full((n, 2), 0.5))
    assert found.refused == ""
    assert found.rewards == pytest.approx(n)
    assert abs(found.snips.value) < 0.05
    rare = Logged(logged.action, np.where(np.arange(n) < 8, logged.reward, 0.0), logged.propensity, logged.person)
    assert "rewards are worth 8" in evaluate(rare, np.full((n, 2), 0.5)).refused


def test_nothing_is_said_where_a_few_decisions_would_carry_it_all():
    n = 1_000
    logged = Logged(np.zeros(n, int), np.ones(n), np.r_[0.001, np.ones(n - 1)], np.arange(n))
    found = evaluate(logged, np.tile([0.5, 0.5], (n, 1)))
    assert (found.ips, found.snips, found.dr) == (None, None, None)
    assert "worth" in found.refused
    assert found.largest == pytest.approx(500 / (500 + 0.5 * 999))
    rare = Logged(np.zeros(n, int), np.r_[1.0, np.zeros(n - 1)], np.ones(n), np.arange(n))
    assert "rewards are worth 1 ones" in evaluate(rare, np.ones((n, 1))).refused
    nobody = Logged(np.zeros(0, int), np.zeros(0), np.zeros(0), np.zeros(0, int))
    assert "worth 0 ones" in evaluate(nobody, np.zeros((0, 2))).refused


def test_a_good_guess_makes_the_doubly_robust_estimate_surer_and_a_bad_one_does_not_bend_it():
    n = 4_000
    logged = world(3, n)
    known = evaluate(logged, always(3, n), model=lambda _, actions: np.tile(TRUTH + 0.05, (n, 1))[:, :actions])
    wrong = evaluate(logged, always(3, n), model=lambda _, actions: np.full((n, actions), 5.0))
    assert known.dr.error < known.ips.error
    assert abs(wrong.dr.value - _truth(0)) < 3 * wrong.dr.error
    assert wrong.dr.error > 3 * known.dr.error


def test_nobody_is_guessed_from_her_own_decisions():
    logged = world(5, 500, per_person=5)
    guess = action_means(logged, ACTIONS)
    changed = logged.reward.copy()
    changed[logged.person == 7] = 100
    again = action_means(Logged(logged.action, changed, logged.propensity, logged.person), ACTIONS)
    assert np.array_equal(guess[logged.person == 7], again[logged.person == 7])
    assert not np.array_equal(guess, again)


@settings(max_examples=30)
@given(st.floats(0.1, 50), st.floats(-10, 10))
def test_estimates_scale_and_shift_with_the_reward(scale, shift):
    logged = world(11, 800)
    moved = Logged(logged.action, logged.reward * scale + shift + 20, logged.propensity, logged.person)
    one, two = (evaluate(some, always(2, 800)) for some in (logged, moved))
    assert two.snips.value == pytest.approx(one.snips.value * scale + shift + 20)
    assert two.snips.error == pytest.approx(one.snips.error * scale)


@pytest.mark.parametrize(("target", "words"), [
    (np.full((3, 2), 0.5), "4 rows"), (np.full((4, 2), 0.6), "make 1"), (np.tile([1.5, -0.5], (4, 1)), "0 or more"),
    (np.ones((4, 1)), "not among the 1"),
])  # fmt: skip
def test_chances_that_are_none_are_refused(target, words):
    logged = Logged(np.array([0, 1, 0, 1]), np.zeros(4), np.full(4, 0.5), np.arange(4))
    with pytest.raises(BadInput, match=words):
        evaluate(logged, target)


@pytest.mark.parametrize("wrong", [
    {"propensity": np.array([0.0, 1.0])}, {"propensity": np.array([1.1, 1.0])}, {"reward": np.array([np.nan, 1.0])},
    {"action": np.array([1])},
])  # fmt: skip
def test_a_log_that_cannot_be_is_refused(wrong):
    good = {"action": np.array([0, 1]), "reward": np.ones(2), "propensity": np.ones(2), "person": np.arange(2)}
    with pytest.raises(BadInput):
        Logged(**{**good, **wrong})
