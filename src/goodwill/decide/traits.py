"""What a choice among content and offers may look at of a person: ten things, each easy to say in a sentence.

They are worked out in the same way when something is shown and when it is learned from, from nothing but what she did
before that moment and allows to be used.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from goodwill.access.view import Log
from goodwill.learn.arms import UNIT
from goodwill.people.gentle import CLICKED
from goodwill.people.types import BOUGHT, event_type

Numbers = NDArray[np.int64]
Mask = NDArray[np.bool_]

VIEWED: Final = event_type("viewed").code
NAMES: Final = ("always", "new", "visits", "recent", "away", "bought", "share", "lately", "looked", "clicked")
COUNT: Final = len(NAMES)
CATEGORY: Final = {  # of data, on which each rests; the others rest on none
    "visits": "purchases", "recent": "purchases", "away": "purchases", "bought": "purchases", "share": "purchases",
    "lately": "purchases", "looked": "browsing", "clicked": "engagement",
}  # fmt: skip
RECENT, AWAY, LATELY = 7, 30, 30  # days
_MOST_VISITS, _MOST_CLICKS = 16, 4
_LONG_AGO: Final = -(10**9)  # days


def traits(events: Log, at: Numbers, day: Numbers, about: Sequence[Mask], number: Numbers) -> Numbers:
    """Somebody's traits at some moments, each beside one content or offer, in units of 1/256, shape (n, 10).

    Args:
        events: of what she allows, in the order of (day, at); those of a moment itself and later do not count for it.
        at, day: of each moment, shape (n,).
        about: which products each is about, by their numbers; empty: none in particular.
        number: by which the log knows each, shape (n,).
    """
    before = events.at < at[:, None]  # (n, events)
    bought, latest = before & (events.type == BOUGHT), events.day > day[:, None] - LATELY
    fits = rows_about(about, events.product)
    hers = bought & fits
    lines, visits = bought.sum(1), (before & first_of_day(events, events.type == BOUGHT)).sum(1)
    since = day - np.where(bought, events.day, _LONG_AGO).max(1, initial=_LONG_AGO)
    looked = before & latest & (events.type == VIEWED) & fits
    clicks = (before & (events.type == CLICKED) & (events.reference == number[:, None])).sum(1)
    known = lines > 0
    found = np.zeros((at.size, COUNT), np.int64)
    found[:, 0] = UNIT
    found[:, 1] = UNIT * ~known
    found[:, 2] = UNIT * np.minimum(visits, _MOST_VISITS) // _MOST_VISITS
    found[:, 3] = UNIT * (known & (since <= RECENT))
    found[:, 4] = UNIT * (known & (since > AWAY))
    found[:, 5] = UNIT * hers.any(1)
    found[:, 6] = UNIT * hers.sum(1) // np.maximum(lines, 1)
    found[:, 7] = UNIT * (hers & latest).any(1)
    found[:, 8] = UNIT * looked.any(1)
    found[:, 9] = UNIT * np.minimum(clicks, _MOST_CLICKS) // _MOST_CLICKS
    return found


def first_of_day(events: Log, chosen: Mask) -> Mask:
    """Which of some events are the first of them on their day; events stand in the order of (day, at)."""
    places = np.flatnonzero(chosen)
    days = events.day[places]
    found = np.zeros(len(events), bool)
    found[places[np.r_[True, days[1:] != days[:-1]][: places.size]]] = True
    return found


def rows_about(about: Sequence[Mask], products: Numbers) -> Mask:
    """Which products each content or offer is about, shape (n, products)."""
    found = np.zeros((len(about), products.size), bool)
    first: dict[int, int] = {}  # the row of a mask that comes again
    for n, mask in enumerate(about):
        if mask.size and (same := first.setdefault(id(mask), n)) != n:
            found[n] = found[same]
        elif mask.size:
            inside = (products >= 0) & (products < mask.size)
            found[n, inside] = mask[products[inside]]
    return found
