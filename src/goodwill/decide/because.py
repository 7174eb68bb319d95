"""Reasons: the parts of the evidence that weighed most, in a customer's words, with the share that they carry."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from goodwill.decide.decision import Reason
from goodwill.learn.affinity import LEAST, Ground
from goodwill.learn.usual import Habit

MOST = 3  # reasons an item tells at most
_LEAST_SHARE = 0.005  # what would be told as "0 %" is not told


def because_usual(habit: Habit, name: str) -> tuple[tuple[Reason, ...], float]:
    """Why an item is usual: the factors that raised its score, weightiest first.

    The score is a product, so the logarithms of its factors add up; a reason's share is its part of the positive ones.
    """
    raised = sorted((share for share in habit.shares if share.weight > 0), key=lambda share: -share.weight)
    positive = sum(share.weight for share in raised)
    told = [share for share in raised if _tellable(share.name, habit) and share.weight >= _LEAST_SHARE * positive][
        :MOST
    ]
    if not told:
        return (Reason(f"you bought {name} before", 0.0),), 0.0
    reasons = tuple(Reason(_WORDS[share.name](habit, name), share.weight / positive) for share in told)
    return reasons, sum(reason.share for reason in reasons)


def _tellable(name: str, habit: Habit) -> bool:
    """Whether a factor can be told as a reason: not buying lately may count for a thing, and is none."""
    return name in _WORDS and not (name == "lately" and habit.lately == 0)


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def _ago(days: int) -> str:
    return {0: "today", 1: "yesterday"}.get(days, f"{days} days ago")


# What is said of each factor; the average over all items and people is nobody's reason.
_WORDS: dict[str, Callable[[Habit, str], str]] = {
    "often": lambda habit, name: f"you bought {name} on {habit.times} of your {habit.visits} visits",
    "lately": lambda habit, name: f"you bought {name} {_times(habit.lately)} in your last {habit.window} visits",
    "since": lambda habit, name: f"you last bought {name} {_ago(habit.since)}",
    "item": lambda _, name: f"people who buy {name} tend to buy it again",
}


def because_together(
    grounds: Sequence[Ground], names: Sequence[str], hidden: NDArray[np.bool_]
) -> tuple[tuple[Reason, ...], float]:
    """Why something new may be liked: the things she buys that spoke for it, weightiest first.

    What too few people share, or belongs to a discreet kind, counts in the score and is not told.

    Args:
        grounds: of the item, from the model's ``explain``.
        names, hidden: of all items, by number.
    """
    positive = sum(ground.weight for ground in grounds if ground.weight > 0)
    tellable = [
        ground for ground in grounds if ground.weight > 0 and ground.people >= LEAST and not hidden[ground.item]
    ]
    reasons = tuple(Reason(f"you buy {names[ground.item]}", ground.weight / positive) for ground in tellable[:MOST])
    return reasons, sum(reason.share for reason in reasons)


_MANY = (Reason("many people here buy it", 1.0),), 1.0


def because_many() -> tuple[tuple[Reason, ...], float]:
    """Why everyone gets an item: no data of anybody's stands behind the choice."""
    return _MANY
