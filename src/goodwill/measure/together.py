"""Several contributions of the same people, who are divided in the same way: read once, and each gets its own sums."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from goodwill.access import Contribution, Frame, View
from goodwill.learn.composed import beside
from goodwill.measure.bought import Bought, Numbers, of_frame, of_view
from goodwill.people.types import TypeCode
from goodwill.purposes import Category, Purpose
from goodwill.sums import Sums


class Member(Contribution, Protocol):
    """A contribution of what people bought, divided into arms."""

    @property
    def arm(self) -> Callable[[Numbers], Numbers]: ...

    @property
    def until(self) -> int: ...

    @property
    def currency(self) -> str: ...

    def sums_of(self, bought: Bought, group: Numbers) -> Sums:
        """What some people's orders add up to.

        Args:
            group: the arm of each person, by the number that she has in the orders.
        """


@dataclass(frozen=True)
class Together:
    """What people contribute to each of some contributions of one purpose and one last day, under their names."""

    parts: tuple[Member, ...]
    name: str = "together"

    @property
    def purpose(self) -> Purpose:
        return self.parts[0].purpose

    @property
    def categories(self) -> frozenset[Category]:
        return self.parts[0].categories

    @property
    def types(self) -> tuple[TypeCode, ...]:
        return tuple(self.parts[0].types)

    @property
    def currency(self) -> str:
        return self.parts[0].currency

    def group_of(self, persons: Numbers) -> Numbers:
        return self.parts[0].arm(persons)

    def part(self, view: View) -> Sums:
        return self._sums(of_view(view, self.parts[0].until), self.group_of(np.array([view.person], np.int64)))

    def whole(self, frame: Frame) -> Sums:
        return self._sums(of_frame(frame, self.parts[0].until), groups_of(frame))

    def _sums(self, bought: Bought, group: Numbers) -> Sums:
        return beside({what.name: what.sums_of(bought, group) for what in self.parts})


def groups_of(frame: Frame) -> Numbers:
    """The group of each person; all are in the first where nobody was asked for any."""
    return np.zeros(frame.people, np.int64) if frame.group is None else frame.group
