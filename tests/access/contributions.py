"""Two small contributions for the door's tests: one worked out from rows, one by the database alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import ibis
import numpy as np

from goodwill.access import Frame, Log, View
from goodwill.access.view import Numbers
from goodwill.people.types import BOUGHT, TypeCode, event_type
from goodwill.purposes import MEASUREMENT, MODEL_IMPROVEMENT, Category, Purpose
from goodwill.sums import Sums

FIRST, DAYS = 19_000, 64


@dataclass(frozen=True)
class SpentPerDay:
    """Lines and amounts per day, added up inside the database."""

    name: str = "spent-per-day"
    purpose: Purpose = MEASUREMENT
    categories: frozenset[Category] = frozenset({Category("purchases")})
    types: tuple[TypeCode, ...] = (BOUGHT,)

    def part(self, view: View) -> Sums:
        lines, cents = np.zeros(DAYS, np.int64), np.zeros(DAYS, np.int64)
        np.add.at(lines, view.events.day - FIRST, 1)
        np.add.at(cents, view.events.day - FIRST, view.events.amount)
        return Sums(people=1, lines=lines, cents=cents)

    def expression(self, events: ibis.Table) -> ibis.Table:
        return events.group_by("day").aggregate(lines=events.count(), cents=events.amount.sum())

    def gather(self, people: int, columns: Mapping[str, Numbers]) -> Sums:
        lines, cents = np.zeros(DAYS, np.int64), np.zeros(DAYS, np.int64)
        if columns:
            lines[columns["day"] - FIRST] = columns["lines"]
            cents[columns["day"] - FIRST] = columns["cents"]
        return Sums(people=people, lines=lines, cents=cents)


@dataclass(frozen=True)
class Mixed:
    """Purchases and page views, categories that a person may allow apart; order matters, so that sorting is tested."""

    name: str = "mixed"
    purpose: Purpose = MODEL_IMPROVEMENT
    categories: frozenset[Category] = frozenset({Category("purchases"), Category("browsing")})
    types: tuple[TypeCode, ...] = (BOUGHT, event_type("viewed").code)

    def part(self, view: View) -> Sums:
        return Sums(people=1, **_weighed(np.zeros(len(view.events), np.int64), view.events))

    def whole(self, frame: Frame) -> Sums:
        return Sums(people=frame.people, **_weighed(frame.person, frame.events))


def _weighed(person: Numbers, events: Log) -> dict[str, Any]:
    if not len(events):
        return {"products": np.zeros(16, np.int64), "order": 0}
    first = np.r_[True, person[1:] != person[:-1]]
    nth = np.arange(person.size) - np.maximum.accumulate(np.where(first, np.arange(person.size), 0))
    products = np.zeros(16, np.int64)
    np.add.at(products, events.product % 16, events.quantity)
    return {"products": products, "order": int(((nth + 1) * (events.product + 1) * (events.type + 1)).sum())}
