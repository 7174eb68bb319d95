"""Credits add up to the orders, agree with the chain worked out by hand, and never claim to be causes."""

from itertools import permutations
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodwill.basics.errors import BadInput
from goodwill.measure.credit import RULES, Credits, attribution, markov, rule_attribution, shapley

PATHS = [["C1", "C2", "C3"], ["C1"], ["C2", "C3"]]
HAND: tuple[Any, ...] = (PATHS, [1, 0, 0], [0, 1, 1])

walks = st.lists(
    st.tuples(st.lists(st.sampled_from("abcd"), min_size=1, max_size=5), st.integers(0, 9), st.integers(0, 9)),
    min_size=1, max_size=12,
).filter(lambda some: any(came for _, came, _ in some))  # fmt: skip


def orders(found: Credits) -> dict[str, float]:
    return {one.channel: one.orders.value or 0.0 for one in found.credits}


def split(some: list[tuple[list[str], int, int]]) -> tuple[list[list[str]], list[int], list[int]]:
    return [path for path, _, _ in some], [came for _, came, _ in some], [left for _, _, left in some]


def chance(some: list[tuple[list[str], int, int]], without: str = "") -> float:
    """The chance of an order from the start, by power iteration; who comes to a removed channel is lost."""
    states = ["(start)", *sorted({one for path, _, _ in some for one in path})]
    table = {one: dict.fromkeys([*states, "(order)", "(nothing)"], 0.0) for one in states}
    for path, came, left in some:
        for one, other in zip(["(start)", *path], path, strict=False):
            table[one][other] += came + left
        table[path[-1]]["(order)"] += came
        table[path[-1]]["(nothing)"] += left
    here = {"(start)": 1.0}
    found = 0.0
    for _ in range(4_000):
        there: dict[str, float] = {}
        for state, mass in here.items():
            total = sum(table[state].values())
            for other, count in table[state].items():
                part = mass * count / total if total else 0.0
                if other == "(order)":
                    found += part
                elif other not in ("(nothing)", without) and part > 0:
                    there[other] = there.get(other, 0.0) + part
        here = there
    return found


# ---- the hand case ---------------------------------------------------------------------------------------------------


def test_the_chain_of_the_hand_case():
    found = markov(*HAND)
    assert [one.removal.value for one in found.credits if one.removal] == pytest.approx([0.5, 1.0, 1.0])
    assert orders(found) == pytest.approx({"C1": 0.2, "C2": 0.4, "C3": 0.4})
    assert found.base == pytest.approx(1 / 3)
    assert (found.orders, found.paths) == (1, 3)


def test_the_equal_split_of_the_hand_case():
    assert orders(shapley(*HAND)) == pytest.approx(dict.fromkeys(("C1", "C2", "C3"), 1 / 3))


@pytest.mark.parametrize(("rule", "wanted"), [
    ("last", {"a": 0, "b": 0, "c": 1}), ("first", {"a": 1, "b": 0, "c": 0}),
    ("linear", {"a": 0.5, "b": 0.25, "c": 0.25}),
    ("position", {"a": 0.4 + 0.1, "b": 0.1, "c": 0.4}), ("time-decay", {"a": 3 / 15, "b": 4 / 15, "c": 8 / 15}),
])  # fmt: skip
def test_a_rule_shares_an_order_of_four_touches(rule, wanted):
    assert orders(rule_attribution([["a", "a", "b", "c"]], [1], rule=rule)) == pytest.approx(wanted)


# ---- what always holds -----------------------------------------------------------------------------------------------


@given(walks)
def test_the_chain_agrees_with_the_observed_share_and_with_removing_each_channel(some):
    paths, came, left = split(some)
    found = markov(paths, came, left, bootstraps=2)
    assert found.base == pytest.approx(sum(came) / (sum(came) + sum(left)))
    whole = chance(some)
    for one in found.credits:
        assert one.removal is not None
        assert one.removal.value == pytest.approx(1 - chance(some, one.channel) / whole, abs=1e-9)


@given(walks)
def test_credits_add_up_to_the_orders_and_none_is_negative(some):
    paths, came, left = split(some)
    for way in attribution(paths, came, left, bootstraps=2).ways.values():
        assert sum(orders(way).values()) == pytest.approx(sum(came))
        assert all(value >= 0 for value in orders(way).values())
        assert sum(one.share for one in way.credits) == pytest.approx(1)


@given(walks)
def test_staying_on_a_channel_changes_no_removal_effect(some):
    paths, came, left = split(some)
    longer = [[one for one in path for _ in range(2)] for path in paths]
    plain, stayed = (markov(one, came, left, bootstraps=2) for one in (paths, longer))
    assert orders(stayed) == pytest.approx(orders(plain), abs=1e-9)


@given(walks)
def test_shapley_is_the_value_of_the_game_in_which_some_channels_earn_the_orders_that_pass_no_other(some):
    paths, came, left = split(some)
    channels = sorted({one for path in paths for one in path})
    value = dict.fromkeys(channels, 0.0)
    turns = list(permutations(channels))
    for turn in turns:
        for n, channel in enumerate(turn):
            before, with_it = set(turn[:n]), set(turn[: n + 1])
            value[channel] += sum(
                count
                for path, count in zip(paths, came, strict=True)
                if with_it >= set(path) and not before >= set(path)
            )
    assert orders(shapley(paths, came, left, bootstraps=2)) == pytest.approx(
        {channel: sum_ / len(turns) for channel, sum_ in value.items()}
    )


@given(walks, st.randoms(use_true_random=False))
def test_paths_may_come_in_any_order_and_in_parts(some, random):
    again = [(path, came - came // 2, left) for path, came, left in some]
    again += [(path, came // 2, 0) for path, came, _ in some]
    random.shuffle(again)
    assert orders(markov(*split(again), bootstraps=2)) == pytest.approx(orders(markov(*split(some), bootstraps=2)))


# ---- intervals and what they cost ------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_interval():
    one, same, other = (markov(PATHS, [40, 3, 5], [60, 30, 20], seed=seed) for seed in (1, 1, 2))
    assert one == same
    assert one != other


def test_an_interval_holds_the_true_credit_about_as_often_as_it_says():
    true = {"C1": 0.0, "C2": 0.0, "C3": 0.0}
    many = markov(PATHS, [4_000, 1_000, 2_000], [6_000, 9_000, 8_000], bootstraps=2)
    true |= {one.channel: one.share for one in many.credits}
    random = np.random.default_rng(5)
    share = np.array([4_000, 1_000, 2_000, 6_000, 9_000, 8_000]) / 30_000
    held = 0
    for turn in range(120):
        drawn = random.multinomial(600, share)
        found = markov(PATHS, drawn[:3], drawn[3:], bootstraps=200, seed=turn)
        one = found.of("C1").orders
        assert one.low is not None
        assert one.high is not None
        held += one.low <= true["C1"] * found.orders <= one.high
    assert held / 120 > 0.88


# ---- holdouts --------------------------------------------------------------------------------------------------------


def test_a_tested_channel_has_what_its_holdout_found_and_the_others_share_the_rest():
    found = attribution(PATHS, [40, 3, 5], [60, 30, 20], holdouts={"C3": 4.0})
    plain = orders(found.ways["markov"])
    assert found.calibrated["C3"] == 4.0
    assert sum(found.calibrated.values()) == pytest.approx(48)
    assert found.calibrated["C1"] / found.calibrated["C2"] == pytest.approx(plain["C1"] / plain["C2"])
    assert found.tested == ("C3",)


def test_where_every_channel_was_tested_what_none_caused_stands_apart():
    found = attribution(PATHS, [40, 3, 5], [60, 30, 20], holdouts={"C1": 1, "C2": 2, "C3": 3})
    assert (dict(found.calibrated), found.beyond) == ({"C1": 1, "C2": 2, "C3": 3}, 42)


@pytest.mark.parametrize("holdouts", [{"radio": 3}, {"C3": 49}, {"C3": float("nan")}])
def test_a_holdout_that_cannot_be_is_refused(holdouts):
    with pytest.raises(BadInput, match=r"holdout|Holdouts"):
        attribution(PATHS, [40, 3, 5], [60, 30, 20], holdouts=holdouts)


def test_how_far_the_ways_are_apart_is_told():
    found = attribution([["a", "b"]], [10], [0])
    values = [way.of("a").orders.value or 0.0 for way in found.ways.values()]
    assert found.disagreement["a"] == pytest.approx((max(values) - min(values)) / np.mean(values))
    assert found.index >= found.disagreement["b"]
    assert attribution([["a"]], [10], [0]).index == 0


# ---- what cannot be told, and what is wrong --------------------------------------------------------------------------


@pytest.mark.parametrize(("paths", "came", "left"), [([], [], []), ([["a"]], [0], [7]), ([["a"]], [0], [0])])
def test_without_an_order_nothing_is_shared_out(paths, came, left):
    found = attribution(paths, came, left)
    assert "nothing to share out" in found.refused
    assert all(way.refused and not way.credits for way in found.ways.values())
    assert found.to_dict()["ways"]["markov"]["credits"] == []


@pytest.mark.parametrize(("paths", "came", "left", "says"), [
    ([["a"]], [1, 2], None, "one number for each"), ([["a"]], [-1], None, "whole numbers"),
    ([["a"]], [1.5], None, "whole numbers"), ([[]], [1], None, "at least one channel"),
    (["mail"], [1], None, "at least one channel"), ([["a"]], [1], [float("nan")], "no number"),
    ([["a"]], ["x"], None, "no number"),
])  # fmt: skip
def test_bad_input_is_told_with_its_place(paths, came, left, says):
    for way in (markov, shapley, rule_attribution):
        with pytest.raises(BadInput, match=says):
            way(paths, came, left)


def test_an_unknown_rule_names_those_there_are():
    with pytest.raises(BadInput, match="time-decay"):
        rule_attribution([["a"]], [1], rule="u-shaped")
    with pytest.raises(BadInput, match="half-life"):
        rule_attribution([["a"]], [1], rule="time-decay", half_life=0)
    with pytest.raises(BadInput, match="channels are: a"):
        markov([["a"]], [1]).of("b")


def test_every_credit_says_that_it_is_no_cause():
    for rule in RULES:
        assert "not what a channel caused" in rule_attribution([["a"]], [1], rule=rule).warnings[0]
    assert any("Only paths that ended in an order" in one for one in markov([["a"]], [1]).warnings)
