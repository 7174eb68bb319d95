"""Reasons say what happened, in the customer's words, and nothing that did not."""

import math

import pytest

from goodwill.decide.because import because_usual
from goodwill.learn.usual import Habit, Share


def a_habit(seen_lately: int, **factors: float) -> Habit:
    shares = tuple(Share(name, math.log(factor)) for name, factor in factors.items())
    return Habit(item=7, score=0.2, times=6, visits=40, lately=seen_lately, window=20, since=31, gap=4, shares=shares)


def test_the_weightiest_factors_are_told_with_their_shares():
    reasons, covered = because_usual(a_habit(2, often=4.0, since=2.0, item=0.5), "Oat milk")
    assert [reason.text for reason in reasons] == [
        "you bought Oat milk on 6 of your 40 visits",
        "you last bought Oat milk 31 days ago",
    ]
    assert [reason.share for reason in reasons] == pytest.approx([2 / 3, 1 / 3])
    assert covered == pytest.approx(1)


def test_not_having_bought_a_thing_lately_is_no_reason_even_where_it_counts():
    factors = {"often": 2.0, "lately": 2.0}
    reasons, covered = because_usual(a_habit(0, **factors), "Oat milk")
    assert [reason.text for reason in reasons] == ["you bought Oat milk on 6 of your 40 visits"]
    assert covered == pytest.approx(0.5), "what is not told is missing from what the reasons cover"


def test_a_thing_that_hardly_anything_speaks_for_is_told_as_bought_before():
    reasons, covered = because_usual(a_habit(1, item=1.02, often=0.1, since=0.2), "Oat milk")
    assert [(reason.text, reason.share) for reason in reasons] == [("you bought Oat milk before", 0.0)]
    assert covered == 0
