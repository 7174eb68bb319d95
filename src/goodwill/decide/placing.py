"""Choose content or offers for a slot: guardrails first, then a draw by what was learned, with known chances.

Where her data may not be used, everything that is left has the same chance. The draw hangs on the decision's id alone,
so it can be made again.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from goodwill.basics.clock import date_of
from goodwill.decide.because import MOST
from goodwill.decide.candidates import Candidate
from goodwill.decide.decision import Choice, Placed, Reason
from goodwill.decide.holding_back import Asked, rule_against
from goodwill.decide.labels import label_for
from goodwill.decide.lessons import Believed
from goodwill.decide.plan import Content
from goodwill.decide.traits import CATEGORY, NAMES, traits
from goodwill.learn.arms import UNIT, Arms
from goodwill.purposes import Category

MODEL: Final = "arms"  # as the plan's gates call it
IN_TURN: Final = Reason("each of a few is shown in turn, whoever looks", 1.0)
_LEAST_SHARE: Final = 0.005


@dataclass(frozen=True, slots=True)
class PlacedChoice:
    """What was picked for a slot of content or offers.

    Attributes:
        used: the categories of her data that carried it; none where it is what everyone gets.
        reason: why it is not personal; "" where it is.
        counts: what rules kept back, as (rule, how many).
    """

    choices: tuple[Choice, ...]
    used: tuple[Category, ...]
    reason: str
    counts: tuple[tuple[str, int], ...]


@dataclass(frozen=True, eq=False)
class Placing:
    """One choice under way.

    Args:
        decision: the decision's id, from which the draw comes.
        believed: what was learned; None where nothing may be used of it.
        region: where prices are read.
    """

    asked: Asked
    among: Sequence[Candidate]
    believed: Believed | None
    decision: str
    region: str
    counts: list[tuple[str, int]] = field(default_factory=list)

    def picked(self) -> PlacedChoice:
        """What to show, for her or for everyone."""
        left = self._left()
        hers = self._traits(left)
        personal = hers is not None and bool(left)
        used = _categories(hers) if hers is not None else set()
        arms = self._arms(left) if hers is not None else None
        choices: list[Choice] = []
        while left and len(choices) < self.asked.seen.count:
            chances = self._chances(arms, hers, len(left))
            n = drawn(chances, f"{self.decision}|{len(choices)}|{len(left)}")
            one = left.pop(n)
            mine, hers, arms = _taken(hers, arms, n)
            choices.append(self._choice(one, mine, float(chances[n])))
        if personal and choices:
            self.counts.append(("personal", len(choices)))
        if labels := sum(bool(choice.placed and choice.placed.label) for choice in choices):
            self.counts.append(("personal-price", labels))
        reason = "" if personal and choices else self._why_not()
        return PlacedChoice(
            tuple(choices), tuple(sorted(used)) if personal and choices else (), reason, tuple(self.counts)
        )

    def _left(self) -> list[Candidate]:
        """What no rule keeps back."""
        seen = self.asked.seen
        if seen.view is not None and seen.not_personal and seen.not_personal != "holdout":
            self.counts.append(("not-personal", seen.count))
        left: list[Candidate] = []
        for one in self.among:
            if one.reduced.unreal and not one.saves_nothing:
                self.counts.append(("price", one.reduced.unreal))
            if rule := rule_against(one, self.asked):
                self.counts.append((rule, 1))
            else:
                left.append(one)
        return left

    def _traits(self, left: Sequence[Candidate]) -> NDArray[np.int64] | None:
        """Her traits beside each; None where the choice is everyone's: not hers to carry, or nothing known of her."""
        seen = self.asked.seen
        if not self.asked.personal or seen.view is None:
            return None
        if not self.asked.plan.may(MODEL):
            self.counts.append(("not-approved", 1))
            return None
        found = traits(
            seen.view.events,
            np.full(len(left), seen.at, np.int64),
            np.full(len(left), seen.day, np.int64),
            [one.about for one in left],
            np.array([one.number for one in left], np.int64),
        )
        return found if np.any(found[:, 2:]) else None

    def _arms(self, left: Sequence[Candidate]) -> Arms | None:
        seen = self.asked.seen
        return self.believed.of(seen.slot_name, [one.name for one in left]) if self.believed is not None else None

    def _chances(self, arms: Arms | None, hers: NDArray[np.int64] | None, left: int) -> NDArray[np.float64]:
        if arms is None or hers is None:
            return np.full(left, 1 / left)
        return arms.chances(hers / UNIT, floor=self.asked.seen.slot.floor / 100 / left)

    def _why_not(self) -> str:
        seen = self.asked.seen
        if seen.view is None:
            return seen.reason
        if seen.not_personal:
            return seen.not_personal
        return "no-history" if self.asked.plan.may(MODEL) else "not-approved"

    def _cost(self, one: Candidate) -> int:
        """What is to be set aside for a promise; nothing more for what was promised to her lately."""
        offer = one.offer
        if offer is None or offer.budget is None or self.asked.seen.placed.get(one.number):
            return 0
        return offer.cost

    def _choice(self, one: Candidate, mine: tuple[NDArray[np.int64], Arms] | None, chance: float) -> Choice:
        body, offer = one.body, one.offer
        reasons, covered, score = ((IN_TURN,), 1.0, 0.0) if mine is None else _because(one, *mine)
        label = label_for(self.region) if offer is not None and not offer.is_open else ""
        placed = Placed(
            text=body.text,
            link=body.link,
            image=body.image,
            rule=offer.rule if offer is not None else "",
            until=body.until,
            prices=one.reduced.prices,
            label=label,
            set_aside=self._cost(one),
            chance=chance,
            propensity=chance * self.asked.seen.assigned.propensity,
        )
        version = self.believed.version if self.believed is not None and mine is not None else "none"
        kind = "everyone" if mine is None else "fitting"
        return Choice(one.name, body.title, one.name, kind, reasons, covered, score, version, placed)


def drawn(chances: NDArray[np.float64], words: str) -> int:
    """One of some, by their chances and the first 53 bits of SHA-256 of some words.

    Frozen: whoever knows the words and the chances can draw again.
    """
    digest = hashlib.sha256(words.encode()).digest()
    at = (int.from_bytes(digest[:8], "big") >> 11) / (1 << 53)
    return min(int(np.searchsorted(np.cumsum(chances), at, side="right")), chances.size - 1)


def _taken(
    hers: NDArray[np.int64] | None, arms: Arms | None, n: int
) -> tuple[tuple[NDArray[np.int64], Arms] | None, NDArray[np.int64] | None, Arms | None]:
    """What stands behind one that was drawn, and what is left of the others."""
    if hers is None or arms is None:
        return None, None, None
    rest = np.delete(np.arange(len(hers)), n)
    mine = Arms(arms.mean[[n]], arms.covariance[[n]], arms.shown[[n]])
    others = Arms(arms.mean[rest], arms.covariance[rest], arms.shown[rest])
    return (hers[n], mine), hers[rest], others


def _categories(hers: NDArray[np.int64]) -> set[Category]:
    """The categories of data that her traits, beside all that might be shown, rest on."""
    any_ = np.any(hers, axis=0)
    return {Category(CATEGORY[name]) for name, has in zip(NAMES, any_, strict=True) if has and name in CATEGORY}


def _because(one: Candidate, mine: NDArray[np.int64], arm: Arms) -> tuple[tuple[Reason, ...], float, float]:
    """Why it fits: what raised the reward that is believed, weightiest first, with the share that is told."""
    added = arm.because(mine / UNIT, 0)
    raised = sorted(((float(more), name) for more, name in zip(added, NAMES, strict=True) if more > 0), reverse=True)
    whole = sum(more for more, _ in raised)
    told: dict[str, float] = {}
    for more, name in raised:
        if (text := _said(name, one)) and more >= _LEAST_SHARE * whole:
            told[text] = told.get(text, 0.0) + more / whole
    reasons = tuple(Reason(text, share) for text, share in list(told.items())[:MOST])
    if not reasons:
        return (Reason(IN_TURN.text, 0.0),), 0.0, float(added.sum())
    return reasons, sum(reason.share for reason in reasons), float(added.sum())


def _said(trait: str, one: Candidate) -> str:
    """What is told of a trait; "" where nothing is: the average of all is nobody's reason."""
    of_it = {"bought": "you bought {} before", "share": "you buy {}", "lately": "you bought {} lately",
             "looked": "you looked at {} lately"}  # fmt: skip
    if trait in of_it:
        return of_it[trait].format(one.subject) if one.subject else ""
    return {
        "visits": "you come here often", "recent": "you were here in the last few days",
        "away": "you have not been here for a while", "clicked": "you followed it before",
    }.get(trait, "")  # fmt: skip


def is_on(one: Candidate, day: int, language: str) -> bool:
    """Whether a content or an offer is shown at all on a day, on a page in a language."""
    body = one.body
    if not body.is_on(date_of(day).isoformat()):
        return False
    written = body.language if isinstance(body, Content) else ""
    return not written or written.partition("-")[0].lower() == language.partition("-")[0].lower()
