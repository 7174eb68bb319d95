"""Reasons: the parts of the evidence that weighed most, in a customer's words, with the share that they carry."""

import re
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from goodwill.decide.decision import Reason
from goodwill.learn.affinity import LEAST, Ground
from goodwill.learn.likeness import Like
from goodwill.learn.usual import Habit, Share

MOST = 3  # reasons an item tells at most
_LEAST_RAISE = 0.1  # what all reasons together must raise a score by, about a tenth: else none of them made it usual
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
    if not told or positive < _LEAST_RAISE:
        return (Reason(f"you bought {name} before", 0.0),), 0.0
    reasons = tuple(Reason(_WORDS[share.name](habit, name), share.weight / positive) for share in told)
    return reasons, sum(reason.share for reason in reasons)


def _tellable(name: str, habit: Habit) -> bool:
    """Whether a factor can be told as a reason: not buying lately may count for a thing, and is none."""
    return name in _WORDS and not (name == "lately" and habit.lately == 0)


def is_told(share: Share, habit: Habit) -> bool:
    """Whether a customer may be told of a factor of a habit: as a reason, or as what counted against the item."""
    return share.name in _WORDS and (share.weight < 0 or _tellable(share.name, habit))


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


def because_basket(
    grounds: Sequence[Ground], often: float, names: Sequence[str], basket: NDArray[np.int64]
) -> tuple[tuple[Reason, ...], float]:
    """Why something goes with a basket: the things in it, or looked at, that spoke for it, weightiest first.

    Args:
        grounds: of the item, from things that may be told.
        often: what being bought often adds to the score; it counts, and is not told.
        basket: the items in the basket; the other grounds are what is being looked at.
    """
    positive = often + sum(ground.weight for ground in grounds if ground.weight > 0)
    held = set(basket.tolist())
    tellable = [ground for ground in grounds if ground.weight > 0 and ground.people >= LEAST]
    reasons = tuple(
        Reason(
            f"goes well with {names[ground.item]} in your basket" if ground.item in held
            else f"goes well with {names[ground.item]}, which you are looking at",
            ground.weight / positive,
        )
        for ground in tellable[:MOST]
    )  # fmt: skip
    return reasons, sum(reason.share for reason in reasons)


def because_like(grounds: Sequence[Like], names: Sequence[str]) -> tuple[tuple[Reason, ...], float]:
    """Why something that nobody bought yet may suit her: what she buys that the catalogue calls its like."""
    total = sum(ground.weight for ground in grounds)
    reasons = tuple(
        Reason(f"like {names[ground.item]}, which you buy: {_shared(*ground.shared)}", ground.weight / total)
        for ground in grounds[:MOST]
    )
    return reasons, sum(reason.share for reason in reasons)


def _shared(field: str, word: str) -> str:
    return f"both are by {word}" if field == "brand" else f"both are {word}"


def because_moment() -> tuple[tuple[Reason, ...], float]:
    """Why everyone gets an item just now: it is bought more often at this time of the day and week."""
    return (Reason("many people here buy it at this time of day", 1.0),), 1.0


# The shapes of all these sentences, so that each can be told in another language, and what it names be found again. In
# the order of trying: "you buy X" would match less than it should only if X held the words of another shape.
SHAPES: Mapping[str, re.Pattern[str]] = {
    "often": re.compile(r"you bought (?P<name>.+) on (?P<times>\d+) of your (?P<visits>\d+) visits"),
    "lately": re.compile(
        r"you bought (?P<name>.+) (?P<count>once|twice|\d+ times) in your last (?P<window>\d+) visits"
    ),
    "since": re.compile(r"you last bought (?P<name>.+) (?P<when>today|yesterday|\d+ days ago)"),
    "item": re.compile(r"people who buy (?P<name>.+) tend to buy it again"),
    "before": re.compile(r"you bought (?P<name>.+) before"),
    "not_long_ago": re.compile(r"you bought (?P<name>.+) lately"),
    "looked": re.compile(r"you looked at (?P<name>.+) lately"),
    "together": re.compile(r"you buy (?P<name>.+)"),
    "basket": re.compile(r"goes well with (?P<name>.+) in your basket"),
    "viewing": re.compile(r"goes well with (?P<name>.+), which you are looking at"),
    "like_by": re.compile(r"like (?P<name>.+), which you buy: both are by (?P<kind>.+)"),
    "like": re.compile(r"like (?P<name>.+), which you buy: both are (?P<kind>.+)"),
    "told": re.compile(r"you told us that you like (?P<kind>.+)"),
    "moment": re.compile(r"many people here buy it at this time of day"),
    "many": re.compile(r"many people here buy it"),
    "hers_in_turn": re.compile(r"each of a few that are for you is shown in turn"),
    "allowed": re.compile(r"it is for those alone who let us choose offers for them"),
    "meant": re.compile(r"you are among those for whom this is: (?P<whom>.+)"),
    "turn": re.compile(r"each of a few is shown in turn, whoever looks"),
    "visits": re.compile(r"you come here often"),
    "recent": re.compile(r"you were here in the last few days"),
    "away": re.compile(r"you have not been here for a while"),
    "followed": re.compile(r"you followed it before"),
}


def cited(reason: str) -> str:
    """The name of the thing that a reason rests on; "" where it names none."""
    found = next((match for shape in SHAPES.values() if (match := shape.fullmatch(reason))), None)
    return found.groupdict().get("name", "") if found is not None else ""


def said_of(reason: str) -> str:
    """The kind of things that she told that she likes, on which a reason rests; "" where it rests on none."""
    found = SHAPES["told"].fullmatch(reason)
    return found["kind"] if found is not None else ""


def because_told(kind: str, hers: float, share: float) -> tuple[tuple[Reason, ...], float]:
    """Why a thing of a kind that she named: her own answer, and that many people buy it.

    Args:
        hers, share: what each of the two adds to the score.
    """
    total = hers + share
    said = Reason(f"you told us that you like {kind}", hers / total)
    return (said, Reason(BY_MANY, share / total)), 1.0


BY_MANY = "many people here buy it"
_MANY = (Reason(BY_MANY, 1.0),), 1.0


def because_many() -> tuple[tuple[Reason, ...], float]:
    """Why everyone gets an item: no data of anybody's stands behind the choice."""
    return _MANY
