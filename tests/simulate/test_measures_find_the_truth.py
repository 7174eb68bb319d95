"""What measures find in the world with known truth: the truth where they can, and a refusal where they cannot."""

from typing import Any

from goodwill.measure import aipw, difference, sample_ratio
from goodwill.simulate.world import Knobs, World, draw, effect_of_consent, effect_of_programme, live

WORLDS = 20


def _by_arm(world: World) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    arms = world.programme & world.recorded, ~world.programme & world.recorded
    return tuple(world.after[arm] for arm in arms), tuple(world.before[arm] for arm in arms)


def test_a_holdout_finds_what_the_programme_is_worth_and_the_past_makes_it_surer():
    held, narrower = 0, 0
    for seed in range(WORLDS):
        crowd = draw(Knobs(people=2_000), seed)
        (treated, control), past = _by_arm(live(crowd))
        truth = effect_of_programme(crowd).orders.mean()
        plain, surer = difference(treated, control), difference(treated, control, pre=past)
        held += sum(told.low <= truth <= told.high for told in (plain, surer))
        narrower += surer.high - surer.low < 0.85 * (plain.high - plain.low)
    assert held >= 0.9 * 2 * WORLDS
    assert narrower == WORLDS


def test_without_any_effect_a_holdout_seldom_finds_one():
    found = 0
    for seed in range(WORLDS):
        (treated, control), past = _by_arm(live(draw(Knobs(people=2_000, effect=0.0), seed)))
        told = difference(treated, control, pre=past)
        found += not told.low <= 0 <= told.high
    assert found <= 3


def test_hidden_trust_is_found_out_by_the_orders_before_the_question():
    crowd = draw(Knobs(people=20_000), 3)
    world = live(crowd)
    truth = effect_of_consent(crowd).orders.mean()
    told = aipw(world.after, world.consent, crowd.covariates, negative_control=world.before)
    assert told.low > truth
    assert not told.identified
    assert "negative control" in told.reason


def test_who_knows_trust_finds_what_consent_is_worth():
    crowd = draw(Knobs(people=20_000, hidden_trust=False), 3)
    world = live(crowd)
    told = aipw(world.after, world.consent, crowd.covariates, negative_control=world.before)
    assert told.low <= effect_of_consent(crowd).orders.mean() <= told.high
    assert "negative control" not in told.reason


def test_lost_records_are_found_out():
    for lost, sound in ((0.0, True), (0.1, False)):
        world = live(draw(Knobs(people=20_000, srm=lost), 4))
        (treated, control), _ = _by_arm(world)
        assert (sample_ratio([treated.size, control.size], [0.5, 0.5]).p > 0.001) is sound
