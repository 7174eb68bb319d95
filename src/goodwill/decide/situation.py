"""What a choice is made from: the person as far as she allows it, the moment, the slot and the arm; all looked up once.

Everything after this is worked out from what stands here, from models and from the catalogue. So a decision can be
made again later, from the same situation.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
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
from goodwill.basics.ids import PersonId, ProductId
from goodwill.catalogue import store as catalogue
from goodwill.decide.decision import Request
from goodwill.decide.experiments import Assigned, assign
from goodwill.decide.plan import PROMISED_FOR, USUAL_WAYS, Plan, Slot, Ways
from goodwill.decide.shelf import Stock
from goodwill.people.gentle import ORDINARY, Gentle, Placed, Word
from goodwill.people.taste import Taste, taste_by
from goodwill.people.types import BOUGHT
from goodwill.purposes import HOLDING_BACK, OFFERS, PERSONAL_CONTENT, RECOMMENDATIONS, Category, Purpose
from goodwill.storage import AsOf

SWITCHED_OFF: Final = "switched-off"
# What each kind of slot is chosen for.
PURPOSES: Final[Mapping[str, Purpose]] = {
    "products": RECOMMENDATIONS, "content": PERSONAL_CONTENT, "offers": OFFERS
}  # fmt: skip
PREFERENCES: Final = Category("preferences")
_A_WEEK: Final = 7
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
        region: where the page is read (IT, US-NY), for what must be said of prices; the shop's own unless given.
        language: of the page, for content that is written in one; the shop's own unless given.
    """

    basket: tuple[str, ...] = ()
    viewing: tuple[str, ...] = ()
    new: int | None = None
    personal: bool = True
    region: str = ""
    language: str = ""


@dataclass(frozen=True)
class Situation:
    """A moment in which something is chosen.

    Attributes:
        view: what may be seen of the person; None where nothing may, and `reason` says why.
        gentle: how to be with her, whatever she allows: it only takes something away.
        offset: of the shop's clock from UTC, in microseconds.
        resting: on how many days each product was proposed to her lately as something new.
        basket, viewing: numbers of products.
        taste: what she told us she likes; None where she said nothing, or does not allow that it is looked at.
        placed: on which days each content and offer was shown to her lately (`people.gentle.number_of`); promised: on
            which day something was last set aside for it.
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
    placed: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    promised: Mapping[int, int] = field(default_factory=dict)
    taste: Taste | None = None

    @property
    def asked(self) -> Request:
        """What was asked for, as it is written down."""
        said = self.context
        return Request(self.count, said.basket, said.viewing, said.new, said.personal, self.new_in_ten)

    @cached_property
    def wrong(self) -> NDArray[np.int64]:
        """Products that are no ground for anything else: she said that they are wrong about her."""
        return np.array(self.gentle.wrong, np.int64)

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


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody asks to be chosen.

    Attributes:
        named: whether anybody was named, known or not.
        count: as the slot says unless given.
    """

    person: PersonId | None
    named: bool
    slot: str
    count: int | None
    context: Context


@dataclass(frozen=True, slots=True)
class Ahead:
    """What several choices are made from, looked up for all of them at once.

    Attributes:
        views: what may be seen of each person for each purpose, or why nothing may.
        words: what was noted of how to be with each of those who are known here.
        numbers: of the products in baskets and on pages, by the shop's own ids; stock: what can be had.
        as_of: how far the logs reached; believed: whether a ledger that reaches so far may be.
    """

    views: Mapping[tuple[PersonId, Purpose], View | NoConsent]
    words: Mapping[PersonId, Sequence[Word]]
    numbers: Mapping[str, ProductId]
    stock: Stock
    as_of: AsOf
    believed: bool
    at: Micros

    def products(self, externals: tuple[str, ...]) -> NDArray[np.int64]:
        """The numbers of some products; what the catalogue does not know is left out."""
        known = dict.fromkeys(self.numbers[one] for one in externals if one in self.numbers)
        return np.array(list(known), dtype=np.int64)


def look_ahead(door: Door, plan: Plan, wanted: Sequence[Wanted], stock: Stock) -> Ahead:
    """Look up all that some choices are made from, in a handful of questions however many they are.

    Of whoever allows nothing only that is read which takes something away: her own words of what she does not want, and
    whether to be careful with her. That is a purpose of its own; no line is noted of it, as that would be a trace.
    """
    at, persons = door.clock(), dict[Purpose, list[PersonId]]()
    for one in wanted:
        if one.person is not None:
            persons.setdefault(PURPOSES[plan.slot(one.slot).kind], []).append(one.person)
    found = {
        (person, purpose): view
        for purpose, some in persons.items()
        for person, view in door.ones(some, purpose=purpose).items()
    }
    seen = [view for view in found.values() if isinstance(view, View)]
    as_of = max((view.as_of for view in seen), key=lambda one: one.events, default=None) or as_of_now(
        door.connection, at
    )
    hers = {view.person for view in seen}
    known = {person for person, _ in found} if _is_on(door, HOLDING_BACK, at) else hers
    words = people.gentle.words_of(door.connection, known, resting=hers, upto=as_of.events)
    named = {one for each in wanted for some in (each.context.basket, each.context.viewing) for one in some}
    numbers = catalogue.ids_of(door.connection, named)
    return Ahead(found, words, numbers, stock, as_of, door.trusts(as_of.consent), at)


def look(door: Door, plan: Plan, wanted: Wanted, ahead: Ahead, *, new_in_ten: int) -> Situation:
    """Put together what one choice is made from, from what was looked up for several."""
    slot, person, context = wanted.slot, wanted.person, wanted.context
    found = plan.slot(slot)
    view, reason = _view(ahead, person, PURPOSES[found.kind], named=wanted.named)
    at, as_of = ahead.at, view.as_of if view is not None else ahead.as_of
    if reason == QUARANTINED or not ahead.believed:
        view, reason = None, QUARANTINED
    assigned = assign(plan, slot, person)
    ways = _ways(assigned.ways, found.ways, new_in_ten)
    day = day_of(at, door.zone)
    gentle, resting, placed = ORDINARY, dict[int, int](), Placed({}, {})
    if view is not None and found.kind != "products":
        since = day - max(_A_WEEK, PROMISED_FOR, ways.rest_days or 0)
        placed = people.gentle.placed_lately(door.connection, view.person, since=since, upto=as_of.events)
    said = ahead.words.get(person, ()) if person is not None else ()
    if words := [word for word in said if word.id <= as_of.events]:
        gentle = people.gentle.gentle_by(words, at=at)
        if view is not None and ways.rests_after:
            resting = people.gentle.proposed_by(words, since=day - (ways.rest_days or 0))
    return Situation(
        slot, found, found.count if wanted.count is None else wanted.count, context, person, view, reason, as_of, at,
        day, offset_of(at, door.zone), assigned, ways, new_in_ten, gentle, resting,
        ahead.products(context.basket), ahead.products(context.viewing), placed.days,
        placed.promised, taste_in(words, found, view),
    )  # fmt: skip


def taste_in(words: Sequence[Word], slot: Slot, view: View | None) -> Taste | None:
    """What she told us she likes, for suggestions of products and as far as she allows that it is looked at."""
    if not words or view is None or slot.kind != "products" or PREFERENCES not in view.used:
        return None
    return taste_by(words)


def _is_on(door: Door, purpose: Purpose, at: Micros) -> bool:
    """Whether something may be read for a purpose that asks nobody."""
    return not door.register[purpose].is_off(day_of(at, door.zone))


@lru_cache(maxsize=256)
def _ways(of_arm: Ways, of_slot: Ways, new_in_ten: int) -> Ways:
    """What counts of the ways of an arm, of a slot, and of the shop; the same few come again and again."""
    return of_arm.over(of_slot).over(USUAL_WAYS).over(Ways(new_in_ten=new_in_ten))


def _view(ahead: Ahead, person: PersonId | None, purpose: Purpose, *, named: bool) -> tuple[View | None, str]:
    """What may be seen of the person for a purpose, or why nothing may."""
    if person is None:
        return None, "unknown-person" if named else "anonymous"
    found = ahead.views[person, purpose]
    return (found, "") if isinstance(found, View) else (None, found.reason)


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
    events = view.events
    recent = (events.type == BOUGHT) & (events.at > at - _BURST_FOR * DAY)
    into_day = (events.at[recent] + offset) % DAY
    by_night = (into_day > 0) & (into_day < _SMALL_HOURS)
    if np.count_nonzero(by_night) < _BURST:
        return False
    orders, first = np.unique(events.reference[recent][by_night], return_index=True)
    if orders.size < _BURST:
        return False
    times = np.sort(events.at[recent][by_night][first])
    return bool(np.any(times[_BURST - 1 :] - times[: 1 - _BURST] <= _BURST_DAYS * DAY))
