"""The world with known truth: its golden facts, exact counterfactuals, and knobs that move their own thing alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodwill.basics.clock import DAY
from goodwill.basics.errors import BadInput
from goodwill.simulate.world import (
    CHANNELS,
    CONFUSION,
    Knobs,
    World,
    draw,
    effect_of_channel,
    effect_of_consent,
    effect_of_programme,
    incidents,
    last_touch,
    live,
    looks,
    mentions,
    offers,
    orders,
    survey,
    touches,
    true_difference,
)
from goodwill.simulate.world.noise import poisson

SMALL = Knobs(people=400)
WEEKLY = ("trust", "present", "orders", "complaints", "exposures")
OF_PEOPLE = ("x", "trust", "rate", "spend", "would_consent", "consents", "assigned", "entry", "friend", "foreign")


@pytest.fixture(scope="module")
def world() -> World:
    """Large enough that chance moves a ratio of orders by a per cent or two."""
    return live(draw(Knobs(people=100_000), 1))


@pytest.fixture(scope="module")
def small() -> World:
    return live(draw(SMALL, 7))


def _nps(answers: np.ndarray) -> float:
    return 100 * float((answers >= 9).mean() - (answers <= 6).mean())


def _consenters_over_the_rest(world: World, happened: np.ndarray) -> float:
    return float(happened[world.consent].mean() / happened[~world.consent].mean())


def _differs(one: World, other: World) -> set[str]:
    """Which of the people's traits and of their weeks two worlds do not share."""
    traits = {f"people.{name}" for name in OF_PEOPLE if not _same(getattr(one.crowd, name), getattr(other.crowd, name))}
    weeks = {*WEEKLY, "consent", "programme", "tracked", "recorded"}
    return traits | {name for name in weeks if not _same(getattr(one, name), getattr(other, name))}


def _same(one: np.ndarray, other: np.ndarray) -> bool:
    return bool(np.array_equal(one, other))


# ---- golden facts of the design ------------------------------------------------------------------------------------


def test_consent_for_all_makes_a_tenth_more_orders_but_those_who_consent_order_half_as_many_again(world: World) -> None:
    assert effect_of_consent(world.crowd).ratio == pytest.approx(1.095, abs=0.004)
    assert _consenters_over_the_rest(world, world.after) == pytest.approx(1.579, abs=0.05)


def test_what_a_consent_is_worth_depends_on_the_mix_of_the_programme(world: World) -> None:
    worth = [effect_of_consent(world.crowd, programme=mix).spend.mean() for mix in (None, True, False)]
    assert worth == pytest.approx([6.6, 12.0, 1.2], abs=0.35)


def test_the_orders_before_explain_half_of_the_variance_of_those_after(world: World) -> None:
    assert np.corrcoef(world.before, world.after)[0, 1] ** 2 == pytest.approx(0.51, abs=0.03)


def test_retargeting_causes_nothing_and_collects_half_of_the_last_touches(world: World) -> None:
    assert not effect_of_channel(world, "retargeting").orders.any()
    credit = last_touch(world)
    assert credit.sum() == world.after.sum()
    assert 0.4 < credit[CHANNELS.index("retargeting")] / credit.sum() < 0.55
    for channel in ("email", "social"):
        caused = effect_of_channel(world, channel).orders.sum()
        assert 0 < caused < 0.2 * credit[CHANNELS.index(channel)]


def test_who_answers_a_survey_recommends_the_shop_far_more_than_people_do(world: World) -> None:
    wave = survey(world, week=world.knobs.weeks_before - 1)
    assert wave.answered.sum() / wave.asked.sum() == pytest.approx(0.25, abs=0.015)
    assert _nps(wave.recommend[wave.asked]) == pytest.approx(6.9, abs=2)
    assert _nps(wave.recommend[wave.answered]) == pytest.approx(32.3, abs=2)


def test_offers_have_the_planted_ratio_over_all_and_none_among_people_who_are_alike() -> None:
    made = offers(Knobs(people=200_000), seed=3)
    first, second = (made.expected[made.group == group].mean() for group in (0, 1))
    assert second / first == pytest.approx(0.78, abs=0.01)
    assert made.offered.mean() == pytest.approx(made.expected.mean(), abs=0.005)
    for stratum in (0, 1):
        alike = made.stratum == stratum
        assert len(set(made.expected[alike].tolist())) == 1


def test_incidents_cost_what_the_closed_form_says_and_a_control_prevents_its_share() -> None:
    without, controlled = incidents(200_000, seed=5), incidents(200_000, effectiveness=0.4, seed=5)
    assert without.annual.mean() == pytest.approx(6_015.91, rel=0.05)
    assert without.annual.mean() - controlled.annual.mean() == pytest.approx(2_406.36, rel=0.08)
    assert (controlled.annual <= without.annual).all()
    assert without.loss.max() == 2_000_000


# ---- truth is exact ------------------------------------------------------------------------------------------------


@given(seed=st.integers(0, 2**32), people=st.integers(20, 300))
def test_without_any_effect_every_difference_is_exactly_zero(seed: int, people: int) -> None:
    crowd = draw(Knobs(people=people, effect=0.0, interference=0.5), seed)
    for found in (effect_of_programme(crowd), effect_of_consent(crowd)):
        assert not any(part.any() for part in (found.orders, found.spend, found.complaints, found.weeks))
        assert found.ratio == 1


def test_worlds_of_one_crowd_are_equal_until_the_launch_and_share_all_chance(small: World) -> None:
    everybody, nobody = (live(small.crowd, programme=choice) for choice in (True, False))
    launch = SMALL.weeks_before
    for name in WEEKLY:
        one, other = getattr(everybody, name), getattr(nobody, name)
        assert _same(one[..., :launch], other[..., :launch])
        assert name == "exposures" or not _same(one, other)
    assert _same(everybody.consent, nobody.consent)
    assert (everybody.present >= nobody.present).all()  # more trust never makes anybody leave


def test_an_assigned_arm_lives_as_it_does_in_the_world_where_all_are_in_it(small: World) -> None:
    everybody, nobody = (live(small.crowd, programme=choice) for choice in (True, False))
    assigned = small.programme
    assert _same(small.orders[assigned], everybody.orders[assigned])
    assert _same(small.orders[~assigned], nobody.orders[~assigned])


def test_a_choice_for_each_is_the_same_as_for_all(small: World) -> None:
    each = live(small.crowd, programme=np.ones(400, dtype=np.bool_), consent=np.zeros(400, dtype=np.int8))
    assert _differs(each, live(small.crowd, programme=True, consent=False)) == set()


def test_the_same_seed_gives_the_same_world_and_another_seed_another() -> None:
    first, again, other = (live(draw(SMALL, seed)) for seed in (7, 7, 8))
    assert _differs(first, again) == set()
    assert {"people.x", "orders", "trust"} <= _differs(first, other)
    for records in (orders, touches, mentions, survey):
        one, same = records(first), records(again)
        assert all(_same(getattr(one, name), getattr(same, name)) for name in one.__dataclass_fields__)


def test_a_longer_world_begins_as_the_shorter_one(small: World) -> None:
    longer = live(draw(replace(SMALL, weeks_after=60), 7))
    for name in WEEKLY:
        assert _same(getattr(longer, name)[..., : SMALL.weeks], getattr(small, name))


def test_nobody_writes_into_a_world(small: World) -> None:
    with pytest.raises(ValueError, match="read-only"):
        small.orders[0, 0] = 1


@given(st.floats(0, 40), st.floats(0, 3), st.integers(0, 2**32))
def test_more_appetite_never_means_fewer_orders(rate: float, more: float, seed: int) -> None:
    chance = np.random.default_rng(seed).random(50)
    assert (poisson(np.full(50, rate), chance) <= poisson(np.full(50, rate + more), chance)).all()


def test_counts_have_the_mean_and_the_variance_of_poisson() -> None:
    for rate in (0.01, 0.7, 6.0, 30.0):
        counts = poisson(np.full(200_000, rate), np.random.default_rng(4).random(200_000))
        assert counts.mean() == pytest.approx(rate, rel=0.05)
        assert counts.var() == pytest.approx(rate, rel=0.05)


# ---- knobs -----------------------------------------------------------------------------------------------------------

TURNED: list[tuple[dict[str, Any], set[str]]] = [
    ({"effect": 0.5}, {"trust", "orders"}),
    ({"effect": 0.0}, {"trust", "orders"}),
    ({"email": 0.9}, {"orders"}),
    ({"social": 0.9}, {"orders"}),
    ({"retargeting": 0.9}, {"orders"}),
    ({"treated": 0.1}, {"people.assigned", "programme", "trust", "orders"}),
    ({"waves": 6}, {"people.entry", "trust", "orders", "exposures"}),
    ({"churn_before": True}, {"present", "orders", "exposures", "complaints"}),
    ({"confounding": 0.0}, {"people.would_consent", "people.consents", "consent", "orders", "exposures", "trust"}),
    ({"consent_share": 0.2}, {"people.would_consent", "people.consents", "consent", "orders", "exposures", "trust"}),
    ({"overlap": 0.2}, {"people.would_consent", "people.consents", "consent", "orders", "exposures", "trust"}),
    ({"hidden_trust": False}, set()),
    ({"reliability": 0.5}, set()),
    ({"seasonality": 0.8}, {"orders"}),
    ({"shock": 0.5}, {"orders"}),
    ({"interference": 0.5}, {"orders"}),
    ({"untracked": 0.5}, {"tracked"}),
    ({"srm": 0.2}, {"recorded"}),
    ({"duplicates": 0.2, "ties": 0.2, "late": 0.2}, set()),
    ({"foreign": 0.3}, {"people.foreign"}),
    ({"offer_ratio": 0.9, "currency": "USD"}, set()),
]
FOLLOWS = {"present", "complaints"}  # trust moves them, but in few enough people that a small crowd may not show it


@pytest.mark.parametrize(("turned", "moves"), TURNED, ids=[" ".join(turned) for turned, _ in TURNED])
def test_a_knob_moves_its_own_thing_and_no_other(small: World, turned: dict[str, Any], moves: set[str]) -> None:
    found = _differs(live(draw(replace(SMALL, **turned), 7)), small)
    assert moves <= found
    assert found - moves <= (FOLLOWS | {"exposures"} if "trust" in moves else set())


def test_consent_drawn_by_lot_leaves_only_what_it_causes() -> None:
    by_lot = live(draw(Knobs(people=100_000, confounding=0.0), 2))
    truth = effect_of_consent(by_lot.crowd).ratio
    assert _consenters_over_the_rest(by_lot, by_lot.after) == pytest.approx(truth, abs=0.03)
    assert _consenters_over_the_rest(by_lot, by_lot.before) == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_the_share_of_consent_is_what_was_asked_for(share: float) -> None:
    crowd = draw(Knobs(people=20_000, consent_share=share, overlap=0.5), 2)
    assert crowd.would_consent.mean() == pytest.approx(share, abs=1e-9)
    assert crowd.consents.mean() == pytest.approx(share, abs=0.01)


def test_less_overlap_pushes_the_chances_of_consent_to_the_ends() -> None:
    outside = [
        np.mean(np.abs(draw(Knobs(people=5_000, overlap=overlap), 2).would_consent - 0.5) > 0.45)
        for overlap in (1.0, 0.5, 0.2)
    ]
    assert outside == sorted(outside)
    assert outside[0] < 0.1
    assert outside[2] > 0.3


def test_hidden_trust_is_missing_from_what_the_shop_may_adjust_for() -> None:
    hidden, known = (draw(replace(SMALL, hidden_trust=hidden), 7) for hidden in (True, False))
    assert hidden.covariates.shape == (400, 3)
    assert _same(known.covariates[:, 3], known.trust)


@pytest.mark.parametrize("reliability", [0.5, 0.8, 1.0])
def test_the_trust_scale_is_as_reliable_as_the_knob_says(reliability: float) -> None:
    world = live(draw(Knobs(people=30_000, reliability=reliability), 2))
    wave = survey(world, week=world.knobs.weeks_before - 1, items=5)
    covariance = np.cov(wave.items.T)
    alpha = 5 / 4 * (1 - np.trace(covariance) / covariance.sum())
    assert alpha == pytest.approx(reliability, abs=0.015)
    assert np.corrcoef(wave.items.mean(axis=1), wave.trust)[0, 1] ** 2 == pytest.approx(reliability, abs=0.015)
    assert wave.likert.min() >= 1
    assert wave.likert.max() <= 7


def test_a_friend_in_the_programme_brings_orders_and_hides_a_part_of_the_effect() -> None:
    crowd = draw(Knobs(people=60_000, interference=0.3), 2)
    assert sorted(crowd.friend.tolist()) == list(range(60_000))
    assert (crowd.friend != np.arange(60_000)).all()
    world = live(crowd)
    seen = world.after[world.programme].mean() - world.after[~world.programme].mean()
    assert seen < 0.7 * effect_of_programme(crowd).orders.mean()


def test_a_shock_at_the_launch_lifts_both_arms_and_nothing_before(small: World) -> None:
    shocked = live(draw(replace(SMALL, shock=1.0), 7))
    assert _same(shocked.before, small.before)
    assert (shocked.after >= small.after).all()
    assert shocked.after.sum() > 2 * small.after.sum()


def test_the_year_has_a_high_and_a_low_season() -> None:
    world = live(draw(Knobs(people=20_000, weeks_after=39, seasonality=1.0), 7))
    high, low = world.orders[:, 10:16].sum(), world.orders[:, 36:42].sum()
    assert high > 4 * low


def test_whoever_is_not_tracked_vanishes_from_the_records_when_asked_and_not_before(small: World) -> None:
    world = live(draw(replace(SMALL, untracked=0.6), 7))
    gone = ~world.tracked
    assert gone.any()
    assert not (gone & world.consent).any()
    assert _same(world.orders, small.orders)
    records = orders(world)
    lost = gone[records.person]
    assert records.week[lost].max() < SMALL.weeks_before
    assert len(records) == world.orders[~gone].sum() + world.before[gone].sum()
    assert not gone[touches(world).person[touches(world).week >= SMALL.weeks_before]].any()


def test_an_uneven_record_loses_people_of_the_programme_alone() -> None:
    world = live(draw(Knobs(people=20_000, srm=0.1), 2))
    assert world.recorded[~world.programme].all()
    assert world.recorded[world.programme].mean() == pytest.approx(0.9, abs=0.01)
    last = looks(world).people[-1]
    assert last.tolist() == [(~world.programme).sum(), (world.programme & world.recorded).sum()]


def test_weekly_looks_add_up_to_what_happened() -> None:
    world = live(draw(Knobs(people=3_000, waves=4), 2))
    seen = looks(world)
    since = world.orders * (np.arange(world.knobs.weeks) >= world.crowd.entry[:, None])
    arms = [~world.programme, world.programme]
    assert seen.people.shape == (26, 2)
    assert (np.diff(seen.people, axis=0) >= 0).all()
    assert seen.people[0].sum() < seen.people[3].sum() == seen.people[-1].sum() == 3_000
    assert seen.orders[-1].tolist() == [since[arm].sum() for arm in arms]
    money = since.sum(axis=1) * world.crowd.spend
    assert seen.spend[-1] == pytest.approx([money[arm].sum() for arm in arms])
    assert seen.spend_squared[-1] == pytest.approx([(money[arm] ** 2).sum() for arm in arms])


# ---- records -------------------------------------------------------------------------------------------------------


def test_every_order_is_recorded_once_in_its_week(small: World) -> None:
    records = orders(small)
    counted = np.zeros(small.orders.shape, dtype=np.int64)
    np.add.at(counted, (records.person, records.week), 1)
    assert _same(counted, small.orders)
    assert len(set(records.number.tolist())) == len(records)
    assert _same(records.at, records.arrived)
    assert (np.diff(records.arrived) >= 0).all()
    assert _same(records.amount, np.rint(small.crowd.spend[records.person] * 100).astype(np.int64))


def test_records_come_twice_late_and_at_one_moment_as_often_as_asked() -> None:
    world = live(draw(Knobs(people=8_000, duplicates=0.1, late=0.2, ties=0.3, foreign=0.25), 2))
    clean = orders(live(draw(Knobs(people=8_000), 2)))
    records = orders(world)
    twice = len(records) - len(set(records.number.tolist()))
    assert set(records.number.tolist()) == set(clean.number.tolist())
    assert twice / len(clean) == pytest.approx(0.1, abs=0.01)
    assert np.mean(records.arrived > records.at) == pytest.approx(0.2, abs=0.01)
    assert (records.arrived - records.at).max() <= 21 * DAY
    assert np.mean(records.at % DAY == DAY // 2) == pytest.approx(0.3, abs=0.02)
    assert world.crowd.foreign.mean() == pytest.approx(0.25, abs=0.02)
    own, theirs = (np.rint(world.crowd.spend[records.person] * 100 * rate) for rate in (1.0, 1.1))
    assert _same(records.amount, np.where(records.foreign, theirs, own).astype(np.int64))


def test_touches_are_the_messages_in_the_order_of_time(small: World) -> None:
    seen = touches(small)
    counted = np.zeros(small.exposures.shape, dtype=np.int64)
    np.add.at(counted, (seen.channel, seen.person, seen.week), 1)
    assert _same(counted, small.exposures)
    order = np.lexsort((seen.at, seen.person))
    assert _same(seen.at, seen.at[order])
    email = seen.channel == CHANNELS.index("email")
    assert small.consent[seen.person[email]].all()
    assert (seen.week[email] >= SMALL.weeks_before).all()


def test_the_last_touch_is_the_one_before_the_order(small: World) -> None:
    seen, expected = touches(small), np.zeros(4, dtype=np.int64)
    records = orders(small)
    for person, week, at in zip(records.person, records.week, records.at, strict=True):
        if week < SMALL.weeks_before:
            continue
        near = (seen.person == person) & (seen.at <= at) & (seen.week > week - 2)
        expected[seen.channel[near][-1] if near.any() else 3] += 1
    assert last_touch(small, back=2).tolist() == expected.tolist()


def test_nobody_who_left_orders_complains_or_is_reached(small: World) -> None:
    gone = ~small.present
    assert gone.any()
    assert not any(happened.any() for happened in (small.orders[gone], small.complaints[gone]))
    assert not small.exposures[:, gone].any()
    assert (np.diff(small.present.astype(int), axis=1) <= 0).all()


def test_those_with_strong_feelings_write_most_and_the_classifier_errs_as_it_is_said_to(world: World) -> None:
    written = mentions(world, audit=300)
    assert written.audited.sum() == 300
    assert written.ethical[written.audited].all()
    assert np.abs(world.trust[written.person, written.week]).mean() > 1.3 * np.abs(world.trust).mean()
    for said in (-1, 0, 1):
        found = np.bincount(written.classified[written.polarity == said] + 1, minlength=3)
        assert found / found.sum() == pytest.approx(CONFUSION[said + 1], abs=0.015)


# ---- refusals ------------------------------------------------------------------------------------------------------


@contextmanager
def _refused(*words: str) -> Iterator[None]:
    with pytest.raises(BadInput) as found:
        yield
    assert all(word in str(found.value) for word in words)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"people": 19}, ("people", "20 and 200000", "19")),
        ({"people": 200_001}, ("people",)),
        ({"effect": float("nan")}, ("effect",)),
        ({"reliability": 0.4}, ("reliability", "0.5 and 1")),
        ({"consent_share": 0.95}, ("consent_share", "0.1 and 0.9")),
        ({"overlap": 0.0}, ("overlap",)),
        ({"currency": "euro"}, ("currency", "three capital letters")),
        ({"waves": 30}, ("30 weekly waves", "26 weeks")),
        ({"late": -0.1}, ("late",)),
        ({"weeks_before": "13"}, ("weeks_before",)),
        ({"weeks_after": 26.5}, ("weeks_after", "whole number")),
    ],
)
def test_a_knob_out_of_range_is_refused_in_a_sentence(wrong: dict[str, Any], words: tuple[str, ...]) -> None:
    with _refused(*words):
        Knobs(**wrong)


def test_what_cannot_be_is_refused_in_a_sentence(small: World) -> None:
    with _refused("seed", "-1"):
        draw(SMALL, -1)
    with _refused("'programme'", "400 people"):
        live(small.crowd, programme=np.ones(3))
    with _refused("'consent'"):
        live(small.crowd, consent=np.full(400, 0.5))
    with _refused("one crowd"):
        true_difference(small, live(draw(SMALL, 7)))
    with _refused("channel 'tv'", "email"):
        effect_of_channel(small, "tv")
    with _refused("items", "0 to 38"):
        survey(small, week=39)
    with _refused("at least 0"):
        mentions(small, rate=-1)
    with _refused("1 week"):
        last_touch(small, back=0)
    with _refused("effectiveness"):
        incidents(10, effectiveness=1.1)
    with _refused("offer_ratio", "between"):
        offers(Knobs(people=100, offer_ratio=1.9))
