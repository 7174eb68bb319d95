"""What a choice is made from: the person as far as she allows it, the moment, the slot and the arm; all looked up once.

Everything after this is worked out from what stands here, from models and from the catalogue. So a decision can be
made again later, from the same situation.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from goodwill import people
from goodwill.access import Door, View
from goodwill.access.rows import as_of_now
from goodwill.basics.clock import DAY, SECOND, Micros, day_of, moment
from goodwill.basics.errors import QUARANTINED, NoConsent
from goodwill.basics.ids import PersonId
from goodwill.catalogue import store as catalogue
from goodwill.decide.decision import Request
from goodwill.decide.experiments import Assigned, assign
from goodwill.decide.plan import USUAL_WAYS, Plan, Slot, Ways
from goodwill.people.gentle import ORDINARY, Gentle
from goodwill.people.types import BOUGHT
from goodwill.purposes import RECOMMENDATIONS
from goodwill.storage import AsOf

SWITCHED_OFF: Final = "switched-off"
_SMALL_HOURS: Final = 5 * 3_600 * SECOND  # from midnight on
_BURST, _BURST_DAYS, _BURST_FOR = 3, 7, 90  # orders by night, within days, careful for days


@dataclass(frozen=True, slots=True)
class Context:
    """What is known of the moment, from the caller and not from the person's history.

    Attributes:
        basket: the shop's ids of products that are in the basket now; they are not suggested.
        viewing: the shop's ids of products that the page shows just now.
        new: how many suggestions shall be new to the person; the shop's setting unless given.
        personal: False: this once, nothing is to be chosen from her data.
    """

    basket: tuple[str, ...] = ()
    viewing: tuple[str, ...] = ()
    new: int | None = None
    personal: bool = True


@dataclass(frozen=True)
class Situation:
    """A moment in which something is chosen.

    Attributes:
        view: what may be seen of the person; None where nothing may, and `reason` says why.
        gentle: how to be with her.
        offset: of the shop's clock from UTC, in microseconds.
        resting: on how many days each product was proposed to her lately as something new.
        basket, viewing: numbers of products.
    """

    slot_name: str
    slot: Slot
    count: int
    context: Context
    person: PersonId | None
    view: View | None
    reason: str
    as_of: AsOf
    at: Micros
    day: int
    offset: int
    assigned: Assigned
    ways: Ways
    new_in_ten: int
    gentle: Gentle = ORDINARY
    resting: Mapping[int, int] = field(default_factory=dict)
    basket: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    viewing: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))

    @property
    def asked(self) -> Request:
        """What was asked for, as it is written down."""
        said = self.context
        return Request(self.count, said.basket, said.viewing, said.new, said.personal, self.new_in_ten)

    @property
    def is_quarantined(self) -> bool:
        return self.reason == QUARANTINED

    @property
    def may_be_personal(self) -> bool:
        """Whether her data may carry the choice."""
        return self.view is not None and not self.not_personal

    @cached_property
    def not_personal(self) -> str:
        """Why her data carry no choice though she allows it; "" where nothing is against it."""
        if self.assigned.is_held_out:
            return "holdout"
        if self.gentle.impersonal or not self.context.personal or self.ways.personal is False:
            return SWITCHED_OFF
        return ""

    @cached_property
    def careful(self) -> bool:
        """Whether nothing is urged on her: she is having a hard time, or has been buying by night in a burst."""
        return self.gentle.care or (self.view is not None and buys_by_night(self.view, self.at, self.offset))


def look(
    door: Door,
    plan: Plan,
    *,
    person: PersonId | None,
    named: bool,
    slot: str,
    count: int | None,
    context: Context,
    new_in_ten: int,
) -> Situation:
    """Look up all that a choice is made from. Nothing is read of anybody who allows nothing."""
    found = plan.slot(slot)
    view, reason = _view(door, person, named=named)
    at = door.clock()
    as_of = view.as_of if view is not None else as_of_now(door.connection, at)
    if reason == QUARANTINED or not door.trusts(as_of.consent):
        view, reason = None, QUARANTINED
    assigned = assign(plan, slot, person)
    ways = assigned.ways.over(found.ways).over(USUAL_WAYS).over(Ways(new_in_ten=new_in_ten))
    day = day_of(at, door.zone)
    gentle, resting = ORDINARY, dict[int, int]()
    if view is not None:
        gentle = people.gentle.gentle_with(door.connection, view.person, at=at, upto=as_of.events)
        if ways.rests_after:
            resting = people.gentle.proposed_days(
                door.connection, view.person, since=day - (ways.rest_days or 0), upto=as_of.events
            )
    return Situation(
        slot, found, found.count if count is None else count, context, person, view, reason, as_of, at, day,
        offset_of(at, door.zone), assigned, ways, new_in_ten, gentle, resting,
        products_of(door.connection, context.basket), products_of(door.connection, context.viewing),
    )  # fmt: skip


def _view(door: Door, person: PersonId | None, *, named: bool) -> tuple[View | None, str]:
    """What may be seen of the person for recommendations, or why nothing may."""
    if person is None:
        return None, "unknown-person" if named else "anonymous"
    try:
        return door.one(person, purpose=RECOMMENDATIONS), ""
    except NoConsent as refusal:
        return None, refusal.reason


def products_of(connection: Connection, externals: tuple[str, ...]) -> NDArray[np.int64]:
    """The numbers of some products, by the shop's own ids; what the catalogue does not know is left out."""
    found = catalogue.ids_of(connection, externals) if externals else {}
    return np.array(list(found.values()), dtype=np.int64)


def offset_of(at: Micros, zone: ZoneInfo) -> int:
    """Of the shop's clock from UTC at a moment, in microseconds."""
    away = moment(at).astimezone(zone).utcoffset()
    return 0 if away is None else int(away.total_seconds()) * SECOND


def buys_by_night(view: View, at: int, offset: int = 0) -> bool:
    """Whether she ordered three times within a week between midnight and five, in the last 90 days.

    Such a burst may be a sign of distress. It is only ever a reason to leave her alone. Orders that came without a time
    of day stand at midnight sharp, or at noon, and count for nothing here.
    """
    recent = (view.events.type == BOUGHT) & (view.events.at > at - _BURST_FOR * DAY)
    if np.count_nonzero(recent) < _BURST:
        return False
    events = view.events.where(recent)
    into_day = (events.at + offset) % DAY
    by_night = (into_day > 0) & (into_day < _SMALL_HOURS)
    orders, first = np.unique(events.reference[by_night], return_index=True)
    if orders.size < _BURST:
        return False
    times = np.sort(events.at[by_night][first])
    return bool(np.any(times[_BURST - 1 :] - times[: 1 - _BURST] <= _BURST_DAYS * DAY))
