"""A lesson: one thing that a shop learns, from one total, under one purpose.

Whoever adds a lesson says what each person contributes and what the total means. When it is learned, how it catches up
with a "no", where it is kept and how it is proved is the same for all: see `goodwill.learn.settled`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import ClassVar, Generic, Protocol, TypeAlias, TypeVar
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from goodwill.access import Aggregate, Contribution, Door, Total
from goodwill.learn.likeness import Tags
from goodwill.purposes import Category, Purpose

# What is passed round: a door in a transaction of its own, committed when the block ends.
Doors = Callable[[], AbstractContextManager[Door]]
Plain: TypeAlias = Mapping[str, str | int | float]

C = TypeVar("C")  # what it counts
M = TypeVar("M")  # what is fitted from it


class Items(Protocol):
    """What the catalogue counts: the item of each product, how many there are, their words; and the shop's clock."""

    @property
    def item_of(self) -> NDArray[np.int64]: ...
    @property
    def items(self) -> int: ...
    @property
    def tags(self) -> Tags: ...
    @property
    def zone(self) -> ZoneInfo: ...


class Lesson(ABC, Generic[C, M]):
    """What a shop learns from one total.

    Attributes:
        name: of the total and of its file; small letters and hyphens, its own for ever.
        purpose: the one that everybody counted has allowed; where it is off, nothing is kept of this lesson.
        uses: the categories of data that go into it of somebody.
    """

    name: ClassVar[str]
    purpose: ClassVar[Purpose]
    uses: ClassVar[frozenset[Category]]

    @abstractmethod
    def counted(self, door: Door, items: Items) -> C:
        """What it counts as the shop stands now: the catalogue's items, the arms of a slot, what is over by today."""

    def is_idle(self, counted: C) -> bool:  # noqa: ARG002 - for those that may have nothing to count
        """Whether there is nothing to count: then nothing is kept of it, as if its purpose were off."""
        return False

    @abstractmethod
    def mark(self, counted: C) -> Plain:
        """Names what is counted. Where this differs, a kept total is worked out anew: its cells mean something else."""

    @abstractmethod
    def contribution(self, counted: C) -> Contribution | Aggregate:
        """What each person who allows it adds, under this lesson's purpose and of what it uses."""

    @abstractmethod
    def fit(self, counted: C, total: Total, weight: float) -> M:
        """What the total means; also of nobody's, which is all zeros."""

    def follow(self, known: M, counted: C, total: Total, weight: float) -> M:  # noqa: ARG002 - for those who can
        """What a total means that differs from a known one by a few people; anew unless that can be had faster."""
        return self.fit(counted, total, weight)

    def weight(self, doors: Doors, counted: C) -> float:  # noqa: ARG002 - for those that have one
        """The one number that learning chooses by trying it out, and that is kept with the total."""
        return self.first_weight

    first_weight: ClassVar[float] = 0.0  # before any was chosen
