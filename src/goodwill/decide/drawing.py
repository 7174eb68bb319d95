"""Draw content or offers from what no rule kept back, and tell why: the same again from the same record.

Everything here follows from the record of the draw and from the decision's id. So whoever has both can draw again, and
judge what another way of drawing would have shown.
"""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from goodwill.decide.because import MOST
from goodwill.decide.decision import Choice, Draw, Eligible, Placed, Reason
from goodwill.decide.traits import CATEGORY, NAMES
from goodwill.learn.arms import UNIT, best_of
from goodwill.purposes import Category

Floats = NDArray[np.float64]

IN_TURN: Final = Reason("each of a few is shown in turn, whoever looks", 1.0)
HERS_IN_TURN: Final = Reason("each of a few that are for you is shown in turn", 1.0)
ALLOWED: Final = Reason("it is for those alone who let us choose offers for them", 1.0)
_LEAST_SHARE: Final = 0.005
DIGITS: Final = 9  # what is believed is written down, and drawn from, to so many decimals


def chances_of(eligible: Sequence[Eligible], floor: float) -> Floats:
    """The chance of each to be drawn for a place, shape (n,), sum 1.

    Args:
        floor: percent of all chances that everything has alike.
    """
    count = len(eligible)
    if not any(one.traits for one in eligible):
        return np.full(count, 1 / count)
    least = floor / 100 / count
    best = best_of(np.array([one.believed for one in eligible]), np.array([one.spread for one in eligible]))
    found: Floats = least + (1 - least * count) * best
    return found


def places(draw: Draw, decision: str) -> Iterator[tuple[tuple[Eligible, ...], Floats, int]]:
    """Place after place: what was left, the chance of each, and which of them was drawn."""
    left = list(draw.eligible)
    for place in range(min(draw.places, len(left))):
        chances = chances_of(left, draw.floor)
        n = drawn(chances, f"{decision}|{place}|{len(left)}")
        yield tuple(left), chances, n
        del left[n]


def drawn(chances: Floats, words: str) -> int:
    """One of some, by their chances and the first 53 bits of SHA-256 of some words.

    Frozen: whoever knows the words and the chances can draw again.
    """
    digest = hashlib.sha256(words.encode()).digest()
    at = (int.from_bytes(digest[:8], "big") >> 11) / (1 << 53)
    return min(int(np.searchsorted(np.cumsum(chances), at, side="right")), chances.size - 1)


def is_personal(draw: Draw) -> bool:
    """Whether her data, or that she allows it, say what may be drawn or with which chance."""
    return any(one.traits or one.segment or one.own for one in draw.eligible)


def used_by(draw: Draw) -> tuple[Category, ...]:
    """The categories of her data on which a draw rests."""
    used = {category for one in draw.eligible for category in one.looked_at}
    for one in draw.eligible:
        hers = zip(NAMES, one.traits, strict=True) if one.traits else ()
        used |= {Category(CATEGORY[name]) for name, has in hers if has and name in CATEGORY}
    return tuple(sorted(used))


def choice_of(one: Eligible, title: str, placed: Placed, draw: Draw, version: str) -> Choice:
    """What was drawn, with the reasons.

    Args:
        placed: with what was believed of it, where that was asked. version: of the total that was learned from.
    """
    reasons, covered, score = told(one, placed, draw)
    kind = "fitting" if is_personal(draw) else "everyone"
    return Choice(one.name, title, one.name, kind, reasons, covered, score, version if one.traits else "none", placed)


def believed_of(traits: Sequence[int], coefficients: Sequence[float]) -> float:
    """The reward that is believed of somebody with some traits."""
    return round(sum(added(traits, coefficients), 0.0), DIGITS) + 0.0  # never −0


def with_chances(draw: Draw) -> Draw:
    """The same, each with its chance of the first place."""
    if not draw.eligible:
        return draw
    pairs = zip(draw.eligible, chances_of(draw.eligible, draw.floor), strict=True)
    eligible = tuple(msgspec.structs.replace(one, chance=round(float(chance), DIGITS)) for one, chance in pairs)
    return msgspec.structs.replace(draw, eligible=eligible)


def added(traits: Sequence[int], coefficients: Sequence[float]) -> list[float]:
    """What each trait adds to the reward that is believed."""
    return [coefficient * trait / UNIT for coefficient, trait in zip(coefficients, traits, strict=True)]


def told(one: Eligible, placed: Placed, draw: Draw) -> tuple[tuple[Reason, ...], float, float]:
    """Why it was drawn, weightiest first, with the share of the evidence that is told, and its score."""
    by_rule = _by_rule(one, placed)
    if not one.traits:
        turn = (HERS_IN_TURN if is_personal(draw) else IN_TURN,)
        return by_rule or turn, 1.0, 0.0
    sums = added(one.traits, placed.coefficients)
    reasons = _by_traits(sums, placed.subject)
    score = one.believed
    # Whom a rule names is no part of what was weighed, so it has no share of it.
    both = (*(msgspec.structs.replace(reason, share=0.0) for reason in by_rule), *reasons)[:MOST]
    if not both:
        return (msgspec.structs.replace(HERS_IN_TURN, share=0.0),), 0.0, score
    return both, sum(reason.share for reason in both), score


def _by_rule(one: Eligible, placed: Placed) -> tuple[Reason, ...]:
    """That it is for her at all, where it is not for everybody."""
    if placed.meant:
        return (Reason(f"you are among those for whom this is: {placed.meant}", 1.0),)
    return (ALLOWED,) if one.own else ()


def _by_traits(sums: Sequence[float], subject: str) -> list[Reason]:
    """What raised the reward that is believed, weightiest first."""
    raised = sorted(((more, name) for more, name in zip(sums, NAMES, strict=True) if more > 0), reverse=True)
    whole = sum(more for more, _ in raised)
    found: dict[str, float] = {}
    for more, name in raised:
        if (text := said(name, subject)) and more >= _LEAST_SHARE * whole:
            found[text] = found.get(text, 0.0) + more / whole
    return [Reason(text, round(share, DIGITS)) for text, share in list(found.items())[:MOST]]


def said(trait: str, subject: str) -> str:
    """What is told of a trait; "" where nothing is: the average of all is nobody's reason."""
    of_it = {"bought": "you bought {} before", "share": "you buy {}", "lately": "you bought {} lately",
             "looked": "you looked at {} lately"}  # fmt: skip
    if trait in of_it:
        return of_it[trait].format(subject) if subject else ""
    return {
        "visits": "you come here often", "recent": "you were here in the last few days",
        "away": "you have not been here for a while", "clicked": "you followed it before",
    }.get(trait, "")  # fmt: skip
