"""Several contributions as one: people are read once, and one total with one hash stands for all models."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from goodwill.access import Contribution
from goodwill.people.types import TypeCode
from goodwill.purposes import Category, Purpose
from goodwill.sums import Sums

if TYPE_CHECKING:
    from goodwill.access import Frame, View


@dataclass(frozen=True, slots=True)
class Composed:
    """What each person adds to several models, side by side: all of one purpose, from the same data."""

    name: str
    parts: tuple[Contribution, ...]

    @property
    def purpose(self) -> Purpose:
        return self.parts[0].purpose

    @property
    def categories(self) -> frozenset[Category]:
        return self.parts[0].categories

    @property
    def types(self) -> tuple[TypeCode, ...]:
        return self.parts[0].types

    def part(self, view: "View") -> Sums:
        return beside({what.name: what.part(view) for what in self.parts})

    def whole(self, frame: "Frame") -> Sums:
        return beside({what.name: what.whole(frame) for what in self.parts})


def beside(sums: dict[str, Sums]) -> Sums:
    """Sums under one roof: ``name/array`` for each."""
    return Sums.taking({f"{name}/{inner}": part for name, some in sums.items() for inner, part in some.items()})


def only(sums: Sums, name: str) -> Sums:
    """One contribution's sums out of a composed total."""
    return Sums.taking({inner[len(name) + 1 :]: sums[inner] for inner in sums if inner.startswith(f"{name}/")})
