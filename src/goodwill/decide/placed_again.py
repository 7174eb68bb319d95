"""Draw content or offers again, from the record of the decision and from what was seen of the person then.

Her traits are worked out anew from her own log, chances and draw from what was believed then, and the reasons from
both. What was believed, what rules kept back and for whom a segment was are taken from the record: so nothing of
anybody else is needed, and a decision can be made again however much others have taken back since.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from random import Random

import msgspec
import numpy as np
from msgspec import UnsetType
from numpy.typing import NDArray

from goodwill import people
from goodwill.access import Door, SignedIn
from goodwill.access.view import Log
from goodwill.basics.clock import Micros, day_of
from goodwill.basics.errors import Conflict
from goodwill.catalogue import store as catalogue
from goodwill.decide import store
from goodwill.decide.account import Account, Scales, Weighed
from goodwill.decide.again import Replayed, check_allowed, compared, log_of
from goodwill.decide.because import SHAPES
from goodwill.decide.decision import Choice, Decision, Draw, Eligible, Placed
from goodwill.decide.drawing import (
    DIGITS,
    added,
    believed_of,
    choice_of,
    is_personal,
    places,
    said,
    used_by,
    with_chances,
)
from goodwill.decide.experiments import Assigned, assign
from goodwill.decide.guardrails import DISCLOSED, interventions
from goodwill.decide.labels import label_for
from goodwill.decide.lessons import mask
from goodwill.decide.placing import MODEL, disclosed
from goodwill.decide.plan import USUAL_WAYS, Offer, Plan, plan_of
from goodwill.decide.shelf import Shelf
from goodwill.decide.situation import PURPOSES
from goodwill.decide.traits import NAMES, VIEWED, traits
from goodwill.people.gentle import CLICKED, number_of
from goodwill.people.types import ALL, BOUGHT

_SAME = 2e-9


def draw_of(decision: Decision) -> Draw:
    """What a decision was drawn from.

    Raises:
        Conflict: it was not written down.
    """
    if isinstance(decision.draw, UnsetType):
        raise Conflict("This decision was made by an older goodwill, which did not write down what it was drawn from.")
    return decision.draw


@dataclass(frozen=True, eq=False)
class PlacedThen:
    """A decision on content or offers, with what is needed to make it again."""

    door: Door
    shelf: Shelf
    decision: Decision
    plan: Plan

    @cached_property
    def assigned(self) -> Assigned:
        return assign(self.plan, self.decision.slot, self.decision.person)

    @cached_property
    def events(self) -> Log | None:
        """What the decision could see of her; None where it was nobody's."""
        one = self.decision
        if one.person is None:
            return None
        withheld = {*one.withheld}
        allowed = {category for category in self.door.register[one.purpose].categories if category not in withheld}
        types = {kind.name for kind in ALL if kind.category in allowed}
        own = self.door.own(SignedIn(one.person, by=f"replay {one.id}"), types=types)
        return log_of([happened for happened in own.events if happened.id <= one.as_of.events])

    @cached_property
    def abouts(self) -> Mapping[str, NDArray[np.bool_]]:
        """Which products each that was eligible is about, as far as that counted."""
        bodies = self.plan.placed_in(self.decision.slot)
        draw = draw_of(self.decision)
        words = {name: bodies[name].about for name in (one.name for one in draw.eligible) if name in bodies}
        numbers = catalogue.named_by(self.door.connection, sorted({word for some in words.values() for word in some}))
        found = {}
        for name, some in words.items():
            ids = np.unique(np.array([number for word in some for number in numbers.get(word, ())], np.int64))
            out = np.isin(self.shelf.items_of(ids), draw.left_out) if ids.size else np.zeros(0, bool)
            found[name] = mask(ids[~out].tolist(), self.shelf)
        return found

    def again(self) -> Decision:
        """The decision that comes of the same."""
        one, plan = self.decision, self.plan
        draw = self._draw()
        choices = tuple(self._choices(draw))
        personal = bool(choices) and is_personal(draw)
        used = used_by(draw) if personal else ()
        kept_back = [(rule.rule, rule.count) for rule in one.interventions if rule.does != DISCLOSED]
        entry = self.door.register[PURPOSES[plan.slot(one.slot).kind]]
        allowed = [category for category in entry.categories if one.person is not None and category not in one.withheld]
        arm = self.assigned
        return msgspec.structs.replace(
            one, purpose=entry.name, personalised=personal, reason="" if personal else one.reason, items=choices,
            used=used, unused=tuple(category for category in allowed if category not in used), arm=arm.arm,
            experiment=arm.experiment, propensity=arm.propensity, draw=draw,
            interventions=interventions([*kept_back, *disclosed(choices, personal=personal)]),
        )  # fmt: skip

    def traits_of(self, names: Sequence[str], events: Log) -> NDArray[np.int64]:
        """Her traits beside some that were eligible, of some of her events."""
        one = self.decision
        return traits(
            events,
            np.full(len(names), one.at, np.int64),
            np.full(len(names), day_of(Micros(one.at), self.door.zone), np.int64),
            [self.abouts.get(name, np.zeros(0, bool)) for name in names],
            np.array([number_of(one.slot, name) for name in names], np.int64),
        )

    # ---- inside ------------------------------------------------------------------------------------------------------

    def _draw(self) -> Draw:
        draw = draw_of(self.decision)
        hers = self._hers([one.name for one in draw.eligible])
        coefficients = {one.product: one.placed.coefficients for one in self.decision.items if one.placed is not None}
        eligible = tuple(
            self._eligible(one, None if hers is None else hers[n], coefficients.get(one.name, ()))
            for n, one in enumerate(draw.eligible)
        )
        floor = self.plan.slot(self.decision.slot).floor
        return with_chances(msgspec.structs.replace(draw, eligible=eligible, floor=floor))

    def _hers(self, names: Sequence[str]) -> NDArray[np.int64] | None:
        """Her traits, where what was learned was to be asked."""
        if self.events is None or not names or not self._may_be_personal() or not self.plan.may(MODEL):
            return None
        found = self.traits_of(names, self.events)
        return found if np.any(found[:, 2:]) else None

    def _may_be_personal(self) -> bool:
        one = self.decision
        if one.person is None:
            return False
        gentle = people.gentle.gentle_with(self.door.connection, one.person, at=one.at, upto=one.as_of.events)
        ways = self.assigned.ways.over(self.plan.slot(one.slot).ways).over(USUAL_WAYS)
        switched_off = gentle.impersonal or not one.asked.personal or ways.personal is False
        return not self.assigned.is_held_out and not switched_off

    def _eligible(self, one: Eligible, hers: NDArray[np.int64] | None, coefficients: Sequence[float]) -> Eligible:
        body = self.plan.placed_in(self.decision.slot).get(one.name)
        offer = body if isinstance(body, Offer) else None
        whole = () if hers is None else tuple(int(value) for value in hers)
        believed = believed_of(whole, coefficients) if coefficients and whole else one.believed if whole else 0.0
        segment = offer.segment if offer is not None and one.segment else ""
        own = offer is not None and not offer.same_price and not segment
        return msgspec.structs.replace(one, traits=whole, believed=believed, segment=segment, own=own)

    def _choices(self, draw: Draw) -> Iterator[Choice]:
        shown = {one.product: one for one in self.decision.items}
        for left, chances, n in places(draw, self.decision.id):
            one, chance = left[n], float(chances[n])
            before = shown.get(one.name)
            placed = before.placed if before is not None and before.placed is not None else Placed()
            body = self.plan.placed_in(self.decision.slot).get(one.name)
            placed = msgspec.structs.replace(
                placed, chance=round(chance, DIGITS), propensity=round(chance * self.assigned.propensity, DIGITS),
                rule=_rule(body, placed), label=_label(body, placed) if one.segment or one.own else "",
                code=body.code if isinstance(body, Offer) else "",
            )  # fmt: skip
            title = body.title if body is not None else ""
            yield choice_of(one, title, placed, draw, self.decision.footing.models or "none")


def _rule(body: object, placed: Placed) -> str:
    """The published rule; what the shop's settings added to it then stands in the record."""
    rule = body.rule if isinstance(body, Offer) else ""
    return placed.rule if placed.rule.startswith(rule) else rule


def _label(body: object, placed: Placed) -> str:
    """The label that has to be there; which of the two hangs on where the page was read, which is not written down."""
    return "" if not isinstance(body, Offer) or body.is_open else placed.label or label_for("")


def placed_then(door: Door, shelf: Shelf, decision: Decision) -> PlacedThen:
    """A decision on content or offers with all that it was made from.

    Raises:
        Conflict: it was not all written down, or the catalogue has changed.
        Refused: she took something back that it read.
    """
    draw_of(decision)
    read = set(door.register[decision.purpose].categories) - set(decision.withheld)
    check_allowed(door, msgspec.structs.replace(decision, used=tuple(sorted(read))))
    if shelf.version != decision.footing.shelf:
        raise Conflict("The catalogue has changed since: what models count, or what is sensitive, is not the same.")
    return PlacedThen(door, shelf, decision, plan_of(store.rows(door.connection, decision.footing.plan)))


def replay_placed(door: Door, shelf: Shelf, decision: Decision, written: str) -> Replayed:
    """Make a decision on content or offers again, and compare it with what was written down."""
    return compared(written, lambda: placed_then(door, shelf, decision).again())


# ---- what was weighed ------------------------------------------------------------------------------------------------


def account_of_placed(decision: Decision) -> Account:
    """All that was weighed for what was shown, from the record alone. Raises Conflict: it was not written down."""
    eligible = {one.name: one for one in draw_of(decision).eligible}
    return Account(decision, tuple(_scales(choice, eligible[choice.product]) for choice in decision.items), (), None)


def _scales(choice: Choice, one: Eligible) -> Scales:
    placed = choice.placed or Placed()
    sums = added(one.traits, placed.coefficients)
    told = [said(name, placed.subject) for name in NAMES]
    weighed = [
        Weighed(text or name, more, bool(text)) for name, more, text in zip(NAMES, sums, told, strict=False) if more
    ]
    same = abs(sum(sums) - choice.score) < _SAME
    return Scales(
        choice.product, choice.kind, choice.score, tuple(sorted(weighed, key=lambda one: -one.weight)), choice.covered,
        same,
    )  # fmt: skip


# ---- whether the reasons are true ------------------------------------------------------------------------------------


def falls(then: PlacedThen, dice: Random) -> bool | None:
    """Whether less is believed of one thing that was shown without what its weightiest reason rests on.

    None where nothing that was shown rests on her traits.
    """
    told = [(choice, reason.text) for choice in then.decision.items for reason in choice.because[:2] if reason.share > 0
            and choice.placed is not None and choice.placed.coefficients]  # fmt: skip
    weightiest = list({choice.product: (choice, text) for choice, text in reversed(told)}.values())
    if not weightiest or then.events is None:
        return None
    choice, text = dice.choice(weightiest)
    placed = choice.placed or Placed()
    without = then.events.where(~_cited(then, choice.product, text))
    hers = then.traits_of([choice.product], without)[0].tolist()
    return believed_of(hers, placed.coefficients) < choice.score


def _cited(then: PlacedThen, name: str, text: str) -> NDArray[np.bool_]:
    """The events of hers that a reason rests on."""
    events = then.events
    if events is None:
        raise Conflict("Nothing of her was seen.")
    shape = next(key for key, one in SHAPES.items() if one.fullmatch(text))
    about = then.abouts.get(name, np.zeros(0, bool))
    inside = (events.product >= 0) & (events.product < about.size)
    fits = np.zeros(len(events), bool)
    fits[inside] = about[events.product[inside]]
    found: NDArray[np.bool_] = {
        "looked": (events.type == VIEWED) & fits,
        "followed": (events.type == CLICKED) & (events.reference == number_of(then.decision.slot, name)),
        "visits": events.type == BOUGHT, "recent": events.type == BOUGHT, "away": events.type == BOUGHT,
    }.get(shape, (events.type == BOUGHT) & fits)  # fmt: skip
    return found
