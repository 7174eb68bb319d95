"""Choose content or offers for a slot: guardrails first, then a draw by what was learned, with known chances.

Where her data may not be used, everything that is left has the same chance. The draw hangs on the decision's id alone,
so it can be made again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from goodwill.basics.clock import date_of
from goodwill.decide.candidates import Candidate
from goodwill.decide.decision import Choice, Draw, Eligible, Placed
from goodwill.decide.drawing import DIGITS, believed_of, choice_of, is_personal, places, used_by, with_chances
from goodwill.decide.eligible import Met
from goodwill.decide.holding_back import Asked, as_everybody, not_eligible, rule_against, shown_this_week
from goodwill.decide.labels import label_for
from goodwill.decide.lessons import Believed
from goodwill.decide.plan import Content, Offer
from goodwill.decide.traits import traits
from goodwill.learn.arms import UNIT
from goodwill.purposes import Category

NOT_ELIGIBLE: Final = "not-eligible"
MODEL: Final = "arms"  # as the plan's gates call it
_NOT_MET: Final = Met()


@dataclass(frozen=True, slots=True)
class PlacedChoice:
    """What was picked for a slot of content or offers.

    Attributes:
        draw: what it was drawn from.
        used: the categories of her data that carried it; none where it is what everyone gets.
        reason: why it is not personal; "" where it is.
        counts: what rules kept back, as (rule, how many).
    """

    choices: tuple[Choice, ...]
    draw: Draw
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
        but_not: what is added to the rule of a price that some alone have for a whole basket.
    """

    asked: Asked
    among: Sequence[Candidate]
    believed: Believed | None
    decision: str
    region: str
    but_not: str = ""
    counts: list[tuple[str, int]] = field(default_factory=list)

    def picked(self) -> PlacedChoice:
        """What to show, for her or for everyone."""
        left = {one.name: one for one in self._left()}
        draw, coefficients = self._draw(list(left.values()))
        choices = tuple(self._choices(draw, left, coefficients))
        personal = bool(choices) and is_personal(draw)
        self.counts.extend(disclosed(choices, personal=personal))
        reason = "" if personal else self._why_not(left=bool(left))
        return PlacedChoice(choices, draw, used_by(draw) if personal else (), reason, tuple(self.counts))

    def _left(self) -> list[Candidate]:
        """What no rule keeps back."""
        seen = self.asked.seen
        if seen.view is not None and seen.not_personal and seen.not_personal != "holdout":
            self.counts.append(("not-personal", seen.count))
        left, by_code = list[Candidate](), list[Candidate]()
        for one in self.among:
            if one.reduced.unreal and not one.saves_nothing:
                self.counts.append(("price", one.reduced.unreal))
            if not (rule := rule_against(one, self.asked)):
                left.append(one)
            elif rule == NOT_ELIGIBLE and self._may_be_told(one):
                by_code.append(one)
            else:
                self.counts.append((rule, 1))
        if left:
            self.counts.extend([(NOT_ELIGIBLE, len(by_code))] if by_code else [])
        return left or by_code

    def _may_be_told(self, one: Candidate) -> bool:
        """Whether she may be told of an offer for others, as whoever allows nothing is: it has a code.

        Only where nothing else is left, so that by a yes nobody sees less than by a no.
        """
        return bool(one.offer and one.offer.code) and not rule_against(one, as_everybody(self.asked))

    def _draw(self, left: Sequence[Candidate]) -> tuple[Draw, dict[str, tuple[float, ...]]]:
        """What is drawn from, and what is believed of each trait of hers beside each."""
        out = tuple(sorted({item for one in left for item in one.left_out}))
        plain = Draw((), self.asked.seen.slot.floor, self._room(left), out)
        hers = self._traits(left)
        if hers is None or self.believed is None:
            found = tuple(self._eligible(one) for one in left)
            return with_chances(replace(plain, eligible=found)), {}
        arms = self.believed.of(self.asked.seen.slot_name, [one.name for one in left])
        x = hers / UNIT
        spread = np.sqrt(np.einsum("ki,kij,kj->k", x, arms.covariance, x))
        coefficients = {
            one.name: tuple(round(float(value), DIGITS) for value in arms.mean[n]) for n, one in enumerate(left)
        }
        found = tuple(
            self._eligible(one, hers[n], coefficients[one.name], float(spread[n])) for n, one in enumerate(left)
        )
        return with_chances(replace(plain, eligible=found)), coefficients

    def _room(self, left: Sequence[Candidate]) -> int:
        """How many places may be filled, as far as her week has room for more."""
        seen = self.asked.seen
        if seen.view is None:
            return seen.count
        again = sum(seen.day in seen.placed.get(one.number, ()) for one in left)
        room = max(0, seen.slot.overall - shown_this_week(seen)) + again
        if cut := min(seen.count, len(left)) - room:
            self.counts.extend([("overall", cut)] if cut > 0 else [])
        return min(seen.count, room)

    def _traits(self, left: Sequence[Candidate]) -> NDArray[np.int64] | None:
        """Her traits beside each; None where the choice is everyone's: not hers to carry, or nothing known of her."""
        seen = self.asked.seen
        if not self.asked.personal or seen.view is None or not left:
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

    def _eligible(
        self,
        one: Candidate,
        hers: NDArray[np.int64] | None = None,
        coefficients: Sequence[float] = (),
        spread: float = 0.0,
    ) -> Eligible:
        offer, whole = one.offer, () if hers is None else tuple(int(value) for value in hers)
        # Whom it is for is asked of nobody whose data may not be used: she is told of the code, like everybody.
        segment = offer.segment if offer is not None and self._met(one).sentence else ""
        return Eligible(
            one.name, 0.0, believed_of(whole, coefficients), round(spread, DIGITS), whole, segment,
            self._met(one).looked_at, offer is not None and not offer.same_price and not segment,
        )  # fmt: skip

    def _met(self, one: Candidate) -> Met:
        """The rule of the segment that it is for, which she meets; nothing where it is for no segment."""
        segment = one.offer.segment if one.offer is not None and self.asked.personal else ""
        return (self.asked.is_in(segment) if segment else None) or _NOT_MET

    def _why_not(self, *, left: bool) -> str:
        seen = self.asked.seen
        if seen.view is None:
            return seen.reason
        if seen.not_personal:
            return seen.not_personal
        if not left:
            return "kept-back" if self.among else "nothing-there"
        return "no-history" if self.asked.plan.may(MODEL) else "not-approved"

    def _choices(
        self, draw: Draw, left: Mapping[str, Candidate], coefficients: Mapping[str, tuple[float, ...]]
    ) -> list[Choice]:
        version, found = self.believed.version if self.believed is not None else "none", list[Choice]()
        for among, chances, n in places(draw, self.decision):
            one = left[among[n].name]
            placed = self._placed(one, float(chances[n]), coefficients.get(one.name, ()))
            found.append(choice_of(among[n], one.body.title, placed, draw, version))
        return found

    def _placed(self, one: Candidate, chance: float, coefficients: tuple[float, ...]) -> Placed:
        body, offer = one.body, one.offer
        return Placed(
            text=body.text,
            link=body.link,
            image=body.image,
            rule=self._rule(offer),
            until=body.until,
            prices=one.reduced.prices,
            label=label_for(self.region) if offer is not None and self._is_hers(one) else "",
            set_aside=self._cost(one),
            chance=round(chance, DIGITS),
            propensity=round(chance * self.asked.seen.assigned.propensity, DIGITS),
            subject=one.subject,
            meant=self._met(one).sentence.rstrip("."),
            coefficients=coefficients,
            code=offer.code if offer is not None else "",
        )

    def _is_hers(self, one: Candidate) -> bool:
        """Whether its price is hers: of a segment that she is in, or for those alone to whom it is shown."""
        return one.offer is not None and (not one.offer.same_price or bool(self._met(one).sentence))

    def _rule(self, offer: Offer | None) -> str:
        if offer is None or offer.is_open or offer.about or not self.but_not:
            return "" if offer is None else offer.rule
        return f"{offer.rule} {self.but_not}"

    def _cost(self, one: Candidate) -> int:
        """What is to be set aside for a promise: to somebody who is known, and to whom it was not promised lately.

        A look of nobody in particular promises nothing: whoever looks at a page over and over would use up all. Nor is
        anything promised to her who is told of an offer that is for others.
        """
        offer = one.offer
        if offer is None or offer.budget is None or self.asked.is_promised(one) or not_eligible(one, self.asked):
            return 0
        return offer.cost


def disclosed(choices: Sequence[Choice], *, personal: bool) -> list[tuple[str, int]]:
    """What has to be said of what was chosen, as (rule, how many)."""
    labels = sum(bool(choice.placed and choice.placed.label) for choice in choices)
    return [("personal", len(choices))] * personal + [("personal-price", labels)] * bool(labels)


def is_on(one: Candidate, day: int, language: str) -> bool:
    """Whether a content or an offer is shown at all on a day, on a page in a language."""
    body = one.body
    if not body.is_on(date_of(day).isoformat()):
        return False
    written = body.language if isinstance(body, Content) else ""
    return not written or written.partition("-")[0].lower() == language.partition("-")[0].lower()
