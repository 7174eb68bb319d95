"""Several contributions of the same people, who are divided in the same way: read once, and each gets its own sums."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from goodwill.access import Contribution, Frame, View
from goodwill.learn.composed import beside
from goodwill.measure.bought import Numbers
from goodwill.people.types import TypeCode
from goodwill.purposes import Category, Purpose
from goodwill.sums import Sums


class Member(Contribution, Protocol):
    """A contribution that divides people, and adds up money of one currency."""

    @property
    def arm(self) -> Callable[[Numbers], Numbers]: ...

    @property
    def currency(self) -> str: ...


@dataclass(frozen=True)
class Together:
    """What people contribute to each of some contributions of one purpose, side by side under their names."""

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
        return beside({what.name: what.part(view) for what in self.parts})

    def whole(self, frame: Frame) -> Sums:
        return beside({what.name: what.whole(frame) for what in self.parts})
