"""What stands between a model and a person: rules that keep things back, each with a name, in one order.

First what is denied, then what is limited, then what is disclosed; all of it is written down with the decision. A rule
is a plain function and can be tried by itself. Guardrails only ever take away: none of them chooses.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from goodwill.decide.decision import Intervention
from goodwill.decide.shelf import Shelf
from goodwill.decide.situation import Situation
from goodwill.decide.standing_in import AUC, ENOUGH, auc_low
from goodwill.learn.affinity import Affinity

Mask = NDArray[np.bool_]

DENIED, LIMITED, DISCLOSED = "denied", "limited", "disclosed"

# Every rule that may stand in a decision, with what it does, in the order in which they speak.
RULES: Final[Mapping[str, str]] = {
    "not-approved": DENIED,  # a model that nobody approved, or that was suspended
    "sensitive": DENIED,  # of a kind that is never shown unasked
    "tells-of-sensitive": DENIED,  # so often bought by those who buy such a thing that it gives it away
    "unwanted": DENIED,  # she said less, never, or wrong; whatever she allows
    "not-used": DENIED,  # she said that it is wrong about her: it is no ground for anything else
    "in-basket": DENIED,
    "not-personal": DENIED,  # switched off, or under age: nothing from her data
    "not-eligible": DENIED,  # an offer whose rule she does not meet
    "same-price": DENIED,  # whoever is not known gets no price that others do not get, and pays none that others do not
    "essential": DENIED,  # no personal price for what everybody needs
    "price": DENIED,  # no real saving against the lowest public price of the last 30 days
    "not-to-be-had": LIMITED,
    "resting": LIMITED,  # shown on several days, and not taken
    "frequency": LIMITED,  # the same content or offer only so often in a week
    "overall": LIMITED,  # and so many contents and offers altogether
    "budget": LIMITED,  # what was set aside for an offer is used up
    "care": LIMITED,  # nothing new or urgent, no credit and no dearer thing for somebody who is having a hard time
    "outside": LIMITED,  # the filter-bubble floor: a part of the list lies outside the kind she buys most
    "outside-unmet": LIMITED,  # nothing else was there to reach the floor with
    "personal": DISCLOSED,  # the answer says that it was chosen for her, and from what
    "personal-price": DISCLOSED,  # and that a price is not everybody's, in the words of the law where she is
}


@dataclass(frozen=True)
class Bars:
    """Which items may not be chosen, by rule, in the order in which the rules speak."""

    masks: tuple[tuple[str, Mask], ...]

    @cached_property
    def all(self) -> Mask:
        found = np.zeros(self.masks[0][1].size, bool)
        for _, mask in self.masks:
            found |= mask
        return found

    def but(self, rule: str) -> "Bars":
        """The same without one rule."""
        return Bars(tuple((name, mask) for name, mask in self.masks if name != rule))

    def rule(self, item: int) -> str:
        """The first rule that bars an item; "" where none does."""
        return next((rule for rule, mask in self.masks if mask[item]), "")

    def counted(self, items: NDArray[np.int64]) -> dict[str, int]:
        """How many of some items each rule keeps back; an item counts for the first rule that does."""
        found: dict[str, int] = {}
        for rule, mask in self.masks:
            if not items.size:
                break
            kept = mask[items]
            if count := int(np.count_nonzero(kept)):
                found[rule] = count
                items = items[~kept]
        return found


def bars_for(seen: Situation, shelf: Shelf, telling: Mask) -> Bars:
    """All rules that bar items for everybody or for this person, whatever a model proposes.

    Args:
        telling: of `tells_of_sensitive`.
    """
    asked_for = intended(seen, shelf)
    return Bars((
        ("sensitive", shelf.hidden & ~asked_for),
        ("tells-of-sensitive", telling & ~shelf.hidden),
        ("unwanted", marked(shelf, shelf.items_of(np.array(seen.gentle.left_out, np.int64)))),
        ("in-basket", marked(shelf, shelf.items_of(seen.basket), shelf.items_of(seen.viewing))),
    ))  # fmt: skip


def marked(shelf: Shelf, *items: NDArray[np.int64]) -> Mask:
    """Some items, as one truth value per item."""
    found = np.zeros(shelf.items, bool)
    for some in items:
        if some.size:
            found[some[some >= 0]] = True
    return found


def intended(seen: Situation, shelf: Shelf) -> Mask:
    """Sensitive items that may be shown after all: their like is being looked at, in a slot that is not discreet."""
    if seen.slot.discreet or not seen.viewing.size:
        return np.zeros(shelf.items, bool)
    return shelf.asked_for([int(item) for item in shelf.items_of(seen.viewing)])


def resting(seen: Situation, shelf: Shelf) -> Mask:
    """Items that were shown to her as something new on several days, and not taken."""
    days = np.zeros(shelf.items, np.int64)
    for product, shown in seen.resting.items():
        item = int(shelf.items_of(np.array([product], np.int64))[0])
        if item >= 0:
            days[item] = max(days[item], shown)
    return days >= seen.ways.rests_after if seen.ways.rests_after else np.zeros(shelf.items, bool)


# ---- what gives a sensitive thing away -----------------------------------------------------------------------------


def tells_of_sensitive(together: Affinity, hidden: Mask, people: int) -> Mask:
    """Items that give away whoever buys a sensitive thing: then they carry no suggestion, and are none.

    "Bought it" is taken as a test for "bought the sensitive thing" (see `goodwill.decide.standing_in`).

    Args:
        together: the model whose counts of people are asked.
        hidden: sensitive items, shape (items,).
        people: whom the counts cover.

    Returns:
        One truth value per item; sensitive ones are not marked themselves.
    """
    found = np.zeros(hidden.size, bool)
    buyers = np.diagonal(together.pairs)
    for thing in np.flatnonzero(hidden & (buyers >= ENOUGH)).tolist():
        cases = int(buyers[thing])
        if people - cases < ENOUGH:
            continue
        both = together.shared(np.full(hidden.size, thing), np.arange(hidden.size))
        found |= auc_low(both.astype(np.float64), cases, (buyers - both).astype(np.float64), people - cases) > AUC
    return found & ~hidden


def interventions(counts: Sequence[tuple[str, int]]) -> tuple[Intervention, ...]:
    """What the rules did, in the order in which they speak; counts of one rule together."""
    together: dict[str, int] = {}
    for rule, count in counts:
        together[rule] = together.get(rule, 0) + count
    return tuple(Intervention(rule, RULES[rule], together[rule]) for rule in RULES if rule in together)
