"""Lessons of tests: small totals under any purpose, learned beside the models as any other would be."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from goodwill.access import Door, Frame, Total, View
from goodwill.learn.lesson import Items, Lesson
from goodwill.people.types import BOUGHT, TypeCode
from goodwill.purposes import Category, Purpose, Register, shipped
from goodwill.sums import Sums

PURCHASES = frozenset({Category("purchases")})


@dataclass(frozen=True)
class Lines:
    """How often each product was bought, and by how many people it may be counted."""

    products: int
    purpose: Purpose
    name: str = "lines"
    categories: frozenset[Category] = PURCHASES
    types: tuple[TypeCode, ...] = (BOUGHT,)

    def part(self, view: View) -> Sums:
        return self._of(1, view.events.product)

    def whole(self, frame: Frame) -> Sums:
        return self._of(frame.people, frame.events.product)

    def _of(self, people: int, product: Any) -> Sums:
        return Sums(people=people, lines=np.bincount(product[product >= 0], minlength=self.products))


class CountsLines(Lesson[int, Mapping[int, int]]):
    """A lesson that learns the lines of each product, under a purpose of its own."""

    uses = PURCHASES

    def __init__(self, name: str, purpose: str) -> None:
        self.name, self.purpose = name, Purpose(purpose)  # type: ignore[misc]  # another for each of them

    def counted(self, door: Door, items: Items) -> int:
        return int(items.item_of.size)

    def mark(self, counted: int) -> Mapping[str, int]:
        return {"products": counted}

    def contribution(self, counted: int) -> Lines:
        return Lines(counted, self.purpose, name=self.name)

    def fit(self, counted: int, total: Total, weight: float) -> Mapping[int, int]:
        return dict(enumerate(total.sums.array("lines").tolist()))


def register_with(*, off: str = "", **changes: Mapping[str, Any]) -> Register:
    """The shipped register with every purpose in use, some entries changed (``-`` is written ``_``), one taken out."""
    register = shipped()
    entries = {
        name: replace(entry, **{"reserved": False, **changes.get(name.replace("-", "_"), {})})
        for name, entry in register.entries.items()
        if name != off
    }
    return replace(register, entries=entries)
