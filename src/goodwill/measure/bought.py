"""What people bought, order by order, from their events: what measures of buying count.

An order is what its events tell of it: "ordered" with what it came to or, where that is missing, its bought lines. What
was given back is taken off, and an order that came back whole does not count. Amounts are whole minor units of the
shop's currency; an order in another one counts as bought, and its amount is left out and told.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from goodwill.access import Frame, Log, View
from goodwill.people.types import BOUGHT, ORDERED, REFUNDED

Numbers = NDArray[np.int64]

TYPES: Final = (ORDERED, BOUGHT, REFUNDED)
_ORDER, _DAY, _ALONE = 0, 1, 2  # what makes events one order: its number, or else their day, or nothing


@dataclass(frozen=True, slots=True, eq=False)
class Bought:
    """Orders as parallel arrays, by person and then day; shape (n,).

    Attributes:
        person: a number that means nothing outside one answer. day: of the order's first event.
        amount: what was kept of it, minor units; 0 where it is foreign. foreign: whether it is in another currency.
    """

    person: Numbers
    day: Numbers
    amount: Numbers
    foreign: NDArray[np.bool_]

    def where(self, chosen: NDArray[np.bool_]) -> "Bought":
        return Bought(self.person[chosen], self.day[chosen], self.amount[chosen], self.foreign[chosen])


def of_frame(frame: Frame, until: int) -> Bought:
    """The orders of many people up to the end of a day."""
    return bought(frame.person, frame.events, until)


def of_view(view: View, until: int) -> Bought:
    """The orders of one person up to the end of a day."""
    return bought(np.zeros(len(view.events), np.int64), view.events, until)


def bought(person: Numbers, events: Log, until: int) -> Bought:
    """Orders from events of `TYPES`; what happened later than ``until`` did not happen yet."""
    named = events.reference >= 0
    seen = (events.day <= until) & (named | (events.type != REFUNDED))  # nobody knows what the others gave back
    person, events, named = person[seen], events.where(seen), named[seen]
    kind = np.where(named, _ORDER, np.where(events.type == BOUGHT, _DAY, _ALONE))
    value = np.where(named, events.reference, np.where(events.type == BOUGHT, events.day, events.id))
    sort = np.lexsort((value, kind, person))
    keys = np.stack([person[sort], kind[sort], value[sort]])
    starts = np.ones(sort.size, bool)
    starts[1:] = (keys[:, 1:] != keys[:, :-1]).any(axis=0)
    order = np.empty(sort.size, np.int64)
    order[sort] = np.cumsum(starts) - 1
    return _added_up(keys[0][starts], order, events)


def _added_up(person: Numbers, order: Numbers, events: Log) -> Bought:
    """Each order of some events."""
    orders = person.size
    foreign = np.zeros(orders, bool)
    if events.foreign is not None:
        foreign[order[events.foreign == 1]] = True
    total, lines, back = (_sum(order, events, kind, orders) for kind in (ORDERED, BOUGHT, REFUNDED))
    came = np.zeros(orders, bool)
    came[order[events.type == ORDERED]] = True
    paid = np.where(came, total, lines)
    day = np.full(orders, np.iinfo(np.int64).max)
    taken = events.type != REFUNDED
    np.minimum.at(day, order[taken], events.day[taken])
    kept = (day < np.iinfo(np.int64).max) & ((back <= 0) | (back < paid) | foreign)
    amount = np.where(foreign, 0, paid - np.maximum(back, 0))
    found = Bought(person[kept], day[kept], amount[kept], foreign[kept])
    sort = np.lexsort((found.amount, found.day, found.person))
    return Bought(found.person[sort], found.day[sort], found.amount[sort], found.foreign[sort])


def _sum(order: Numbers, events: Log, kind: int, orders: int) -> Numbers:
    found, of_it = np.zeros(orders, np.int64), events.type == kind
    np.add.at(found, order[of_it], events.amount[of_it])
    return found
