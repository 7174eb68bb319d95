"""The guardrails of content and offers: each a plain question about one of them, asked in one order.

They only take away. What a rule says of a content or an offer hangs on nothing but what stands in its arguments, so
each can be tried by itself.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from goodwill.access import View
from goodwill.decide.candidates import Candidate
from goodwill.decide.eligible import CANNOT_TELL, Met
from goodwill.decide.plan import PROMISED_FOR, Plan
from goodwill.decide.prices import is_real
from goodwill.decide.situation import Situation
from goodwill.people.gentle import CLICKED
from goodwill.people.types import BOUGHT

URGENT: Final = frozenset({"urgent", "credit", "upsell"})
WEEK: Final = 7


@dataclass(frozen=True, slots=True)
class Held:
    """Something in the basket.

    Attributes:
        public: its price. lowest: the lowest of it in the last 30 days; both in minor units.
        essential: whether everybody needs it.
    """

    public: int
    lowest: int
    essential: bool = False


def _in_none(_segment: str) -> Met | None:
    return None


@dataclass(frozen=True, slots=True)
class Asked:
    """What the rules are asked about, beside the candidate.

    Attributes:
        personal: whether her data may carry the choice.
        spent: how much each offer has set aside already.
        is_in: what she meets of a segment's rule; asked only where her data may carry the choice.
        basket: what is in the basket and has a price.
    """

    seen: Situation
    plan: Plan
    personal: bool
    spent: Mapping[str, int] = field(default_factory=dict)
    is_in: Callable[[str], Met | None] = _in_none
    basket: tuple[Held, ...] = ()

    def is_promised(self, one: Candidate) -> bool:
        """Whether nothing is set aside for showing it: it was promised to her lately, or nobody is promised it."""
        last = self.seen.promised.get(one.number)
        return self.seen.view is None or (last is not None and last > self.seen.day - PROMISED_FOR)


def as_everybody(asked: Asked) -> Asked:
    """The same, as if nobody could tell whether she is in a segment."""
    return replace(asked, is_in=lambda _: CANNOT_TELL)


Rule = Callable[[Candidate, Asked], bool]


def not_approved(one: Candidate, asked: Asked) -> bool:
    """An offer that nobody approved, or that was suspended."""
    return one.offer is not None and not asked.plan.may(f"offer-{one.name}")


def sensitive(one: Candidate, _: Asked) -> bool:
    """Something that is never shown unasked."""
    return one.sensitive


def tells_of_sensitive(one: Candidate, _: Asked) -> bool:
    """Something that is about nothing but what gives away who buys a sensitive thing."""
    return one.tells


def unwanted(one: Candidate, asked: Asked) -> bool:
    """She wants no more of it."""
    return f"{asked.seen.slot.kind}/{one.name}" in asked.seen.gentle.unwanted


def not_eligible(one: Candidate, asked: Asked) -> bool:
    """An offer for a segment that she is not in, as far as her data may be looked at."""
    if one.offer is None or not one.offer.segment or not asked.personal or asked.seen.view is None:
        return False
    met = asked.is_in(one.offer.segment)
    return met is None or not (met.sure or one.offer.code)  # with a code she is told of it as everybody is


def same_price(one: Candidate, asked: Asked) -> bool:
    """A price that not everybody gets, where no data of hers may be used: she gets none that others do not get.

    One with a code is told to her as to everybody: whoever meets its rule gets it by the code.
    """
    return one.offer is not None and not (one.offer.is_open or one.offer.code) and not asked.personal


def essential(one: Candidate, asked: Asked) -> bool:
    """A personal price for what everybody needs: it is for nothing else or, for a basket, nothing else is in it."""
    if one.offer is None or one.offer.is_open or one.offer.about:
        return one.essential_only
    return bool(asked.basket) and all(held.essential for held in asked.basket)


def price(one: Candidate, asked: Asked) -> bool:
    """No real saving: on none of the products that it is for or, for a whole basket, on none that is in it."""
    offer = one.offer
    if offer is None or offer.about:
        return one.saves_nothing
    basket = [held for held in asked.basket if offer.is_open or not held.essential]
    return bool(basket) and not any(is_real(held.public, held.lowest, offer.reduced(held.public)) for held in basket)


def frequency(one: Candidate, asked: Asked) -> bool:
    """Shown on so many days of the last seven that it is enough; again today is no further day."""
    days = [day for day in asked.seen.placed.get(one.number, ()) if day > asked.seen.day - WEEK]
    return asked.seen.day not in days and len(days) >= asked.seen.slot.week


def shown_this_week(seen: Situation) -> int:
    """How many contents and offers were shown to her in the last seven days, in all slots; one a day of each."""
    return sum(day > seen.day - WEEK for days in seen.placed.values() for day in days)


def overall(one: Candidate, asked: Asked) -> bool:
    """So many contents and offers were shown to her this week that it is enough; again today is no further one."""
    seen = asked.seen
    if seen.view is None or seen.day in seen.placed.get(one.number, ()):
        return False
    return shown_this_week(seen) >= seen.slot.overall


def resting(one: Candidate, asked: Asked) -> bool:
    """Shown on several days lately, and neither followed nor bought."""
    seen = asked.seen
    days = [day for day in seen.placed.get(one.number, ()) if day > seen.day - (seen.ways.rest_days or 0)]
    if not seen.ways.rests_after or len(days) < seen.ways.rests_after:
        return False
    return seen.view is None or not taken(one, seen.view, since=days[0])


def taken(one: Candidate, view: View, *, since: int) -> bool:
    """Whether she followed it, or bought of what it is about, on a day or later."""
    events = view.events.where(np.asarray(view.events.day >= since, bool))
    if np.any((events.type == CLICKED) & (events.reference == one.number)):
        return True
    bought = events.product[(events.type == BOUGHT) & (events.product >= 0)]
    return bool(np.any(one.about[bought[bought < one.about.size]]))


def budget(one: Candidate, asked: Asked) -> bool:
    """Nothing is left to be set aside for it, unless it was promised to her lately."""
    offer = one.offer
    if offer is None or offer.budget is None or (asked.seen.view is not None and asked.is_promised(one)):
        return False
    return asked.spent.get(one.name, 0) + offer.cost > offer.budget


def care(one: Candidate, asked: Asked) -> bool:
    """Nothing urgent, no credit and nothing dearer for somebody who is having a hard time."""
    return asked.seen.careful and bool(URGENT & set(one.body.tags))


# In the order in which they speak; names and what each does stand in `guardrails.RULES`.
RULES: Final[Mapping[str, Rule]] = {
    "not-approved": not_approved,
    "sensitive": sensitive,
    "tells-of-sensitive": tells_of_sensitive,
    "unwanted": unwanted,
    "not-eligible": not_eligible,
    "same-price": same_price,
    "essential": essential,
    "price": price,
    "resting": resting,
    "frequency": frequency,
    "overall": overall,
    "budget": budget,
    "care": care,
}


def rule_against(one: Candidate, asked: Asked) -> str:
    """The first rule that keeps a content or an offer back; "" where none does."""
    return next((name for name, bars in RULES.items() if bars(one, asked)), "")
