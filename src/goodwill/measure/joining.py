"""What one person adds to the comparison of those who opted in with the others, and to what comes of mails."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from goodwill.access import Frame, Log, View
from goodwill.measure.apart import apart
from goodwill.measure.bought import TYPES, Bought, Numbers, bought
from goodwill.measure.buying import OfBought, OfBoughtAndSaid, days_bought
from goodwill.measure.experiments.moments import parts
from goodwill.measure.rates import rate_sums
from goodwill.people.types import TypeCode, event_type
from goodwill.purposes import MEASUREMENT, Category, Purpose
from goodwill.sums import Sums

SENT, OPENED, CLICKED = (event_type(name).code for name in ("sent", "opened", "clicked"))
_RATES: Final = ("clicks", "opens", "orders")


@dataclass(frozen=True, kw_only=True)
class OptedIn(OfBoughtAndSaid):
    """What a customer paid, ordered and came in the last days, and whether she came back, by whether she opted in.

    A customer is who ever bought by then. The sums are those of `Moments` with a first axis for others (0) and opted-in
    (1): of what she paid (minor units), of her orders, and of the days on which she bought.

    Attributes:
        word: the purpose that some opted into. days: that are looked at.
        others: numbers of days that the figure is held against, see `apart`; ``beyond`` then has a row for each
            group and kind of order.
    """

    name: str = "opted-in"
    word: Purpose
    days: int
    others: tuple[int, ...] = ()

    def _by_group(self, orders: Bought, group: Numbers) -> Sums:
        paid, many, came = (np.zeros(group.size, np.int64) for _ in range(3))
        customer = np.zeros(group.size, bool)
        customer[orders.person] = True
        since = self.until - self.days
        here, days = orders.where(orders.day > since), days_bought(orders)
        np.add.at(paid, here.person, here.amount)
        np.add.at(many, here.person, 1)
        np.add.at(came, days.person[days.day > since], 1)
        known = np.stack([paid, many, came])[:, customer]
        sums = parts(known, group[customer], 2)
        return Sums({**sums, **self._apart(orders, group), "foreign": int(here.foreign.sum())})

    def _apart(self, orders: Bought, group: Numbers) -> Sums:
        """Who is told apart by other lengths: of each group, by any orders and by those whose amount counts.

        All customers count in any length, so there is no ``only``.
        """
        if not self.others:
            return Sums({})
        joined = group[orders.person]
        each = [orders.where((joined == one) & paid) for one in (0, 1) for paid in (joined >= 0, ~orders.foreign)]
        told = [apart(one.person, one.day, until=self.until, length=self.days, others=self.others) for one in each]
        return Sums({"beyond": np.stack([one.array("beyond") for one in told])})


@dataclass(frozen=True, kw_only=True)
class OfMails(OfBought):
    """Mails that she was sent in some days, and what came of them: opens and clicks that name the mail, and orders.

    For each rate the sums of `rate_sums`, by its name. An order counts once, for the last mail of the days before it.

    Attributes:
        since: the first day of mails. follow: days for which each mail is followed; later mails do not count.
    """

    name: str = "of-mails"
    purpose: Purpose = MEASUREMENT
    categories: frozenset[Category] = field(default=frozenset({Category("purchases"), Category("engagement")}))
    types: tuple[TypeCode, ...] = (*TYPES, SENT, OPENED, CLICKED)
    since: int
    follow: int

    def part(self, view: View) -> Sums:
        return self._of_mails(1, np.zeros(len(view.events), np.int64), view.events)

    def whole(self, frame: Frame) -> Sums:
        return self._of_mails(frame.people, frame.person, frame.events)

    def _sums(self, bought: Bought) -> Sums:
        raise NotImplementedError("mails are no orders")

    def _of_mails(self, people: int, person: Numbers, events: Log) -> Sums:
        which = np.isin(events.type, TYPES)
        orders = bought(person[which], events.where(which), self.until)
        mail = (events.type == SENT) & (events.day >= self.since) & (events.day <= self.until - self.follow)
        sent = np.bincount(person[mail], minlength=people)
        named = mail & (events.reference >= 0)
        keys = _pairs(person[named], events.reference[named])
        numbered = np.bincount(keys[0], minlength=people) if keys.size else np.zeros(people, np.int64)
        counts = {
            "clicks": (self._of_those(keys, CLICKED, person, events, people), numbered),
            "opens": (self._of_those(keys, OPENED, person, events, people), numbered),
            "orders": (self._followed(orders, person[mail], events.day[mail], people), sent),
        }
        return Sums({
            f"{rate}_{name}": part
            for rate, (counted, over) in counts.items()
            for name, part in rate_sums(counted, over).items()
        })  # fmt: skip

    def _of_those(self, mails: Numbers, kind: int, person: Numbers, events: Log, people: int) -> Numbers:
        """How many of somebody's mails were followed by an event of a kind that names them."""
        which = (events.type == kind) & (events.reference >= 0) & (events.day <= self.until)
        found = _pairs(person[which], events.reference[which])
        both = np.concatenate([mails, found], axis=1)
        _, counts = np.unique(both, axis=1, return_counts=True)
        twice = np.unique(both, axis=1)[:, counts == 2]
        return np.bincount(twice[0], minlength=people)

    def _followed(self, orders: Bought, person: Numbers, day: Numbers, people: int) -> Numbers:
        """How many of somebody's orders came within the days after a mail."""
        span = self.until + 2
        sort = np.sort(person * span + day)
        key = orders.person * span + orders.day
        place = np.searchsorted(sort, key, side="right") - 1
        last = np.where(place >= 0, sort[np.maximum(place, 0)], -span) if sort.size else np.full(key.size, -span)
        near = (last // span == orders.person) & (key - last <= self.follow)
        return np.bincount(orders.person[near], minlength=people)


def _pairs(person: Numbers, reference: Numbers) -> Numbers:
    """Each different pair of person and reference once; int64, shape (2, n)."""
    return np.unique(np.stack([person, reference]), axis=1)
