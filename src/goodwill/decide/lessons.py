"""What a shop learns of showing content and offers: one total for each, under its own purpose.

Each person who allows it adds what was shown to her, what could be seen of her then, and what came of it. Only what was
shown so long ago that its time is over counts, so a total is of a day: the next day it is worked out anew.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from goodwill.access import Contribution, Door, Frame, Total, View
from goodwill.access.view import COLUMNS, Log
from goodwill.basics.clock import day_of
from goodwill.catalogue import store as catalogue
from goodwill.decide import store
from goodwill.decide.plan import Plan, plan_of
from goodwill.decide.reward import Outcomes, Place, Reckoning
from goodwill.decide.shelf import Shelf
from goodwill.decide.traits import COUNT, VIEWED
from goodwill.learn import library
from goodwill.learn.arms import Arms, fit, part
from goodwill.learn.lesson import Items, Lesson, Plain
from goodwill.people.gentle import CLICKED, SHOWN, TOLD
from goodwill.people.types import BOUGHT, REFUNDED, TypeCode
from goodwill.purposes import OFFERS, PERSONAL_CONTENT, Category, Purpose
from goodwill.sums import Sums

if TYPE_CHECKING:
    from sqlalchemy import Connection

_RECKONING: Final = 3  # how rewards are reckoned; where this rises, totals are worked out anew
_ENGAGEMENT, _PURCHASES = Category("engagement"), Category("purchases")
_BROWSING, _PREFERENCES = Category("browsing"), Category("preferences")


@dataclass(frozen=True)
class Showing:
    """A contribution: what was shown to each, and what came of it."""

    name: str
    purpose: Purpose
    categories: frozenset[Category]
    types: tuple[TypeCode, ...]
    places: tuple[Place, ...]

    @cached_property
    def _reckoning(self) -> Reckoning:
        return Reckoning(self.places)

    def part(self, view: View) -> Sums:
        return self._sums([self._reckoning.of(view.events)])

    def whole(self, frame: Frame) -> Sums:
        return self._sums([self._reckoning.of(events) for events in _each(frame)])

    def _sums(self, some: Sequence[Outcomes]) -> Sums:
        if not some:
            some = [Outcomes(np.zeros(0, np.int64), np.zeros((0, COUNT), np.int64), np.zeros(0, np.int64))]
        return part(
            np.concatenate([one.place for one in some]),
            np.concatenate([one.features for one in some]),
            np.concatenate([one.reward for one in some]),
            arms=len(self.places),
        )


def _each(frame: Frame) -> Iterator[Log]:
    """The events of each person to whom anything was shown."""
    people = np.unique(frame.person[frame.events.type == SHOWN])
    first, last = np.searchsorted(frame.person, people), np.searchsorted(frame.person, people, side="right")
    for begin, end in zip(first.tolist(), last.tolist(), strict=True):
        yield Log(*(getattr(frame.events, name)[begin:end] for name in COLUMNS))


@dataclass(frozen=True, slots=True, eq=False)
class Believed:
    """What is believed of every content, or of every offer, in its slot.

    Attributes:
        at: the place of each among the arms, by slot and name.
        version: names the total.
    """

    at: Mapping[tuple[str, str], int]
    arms: Arms
    people: int
    version: str

    def of(self, slot: str, names: Sequence[str]) -> Arms:
        """What is believed of some in a slot; of one that is new, nothing yet."""
        mean, covariance = np.zeros((len(names), COUNT)), np.tile(np.eye(COUNT), (len(names), 1, 1))
        shown = np.zeros(len(names), np.int64)
        for n, name in enumerate(names):
            if (at := self.at.get((slot, name))) is not None:
                mean[n], covariance[n] = self.arms.mean[at], self.arms.covariance[at]
                shown[n] = self.arms.shown[at]
        return Arms(mean, covariance, shown)


class WhatWorks(Lesson[tuple[Place, ...], Believed]):
    """What comes of showing each content, or each offer, to whom."""

    kind = ""
    types: tuple[TypeCode, ...] = (BOUGHT, REFUNDED, SHOWN, CLICKED, TOLD)

    def counted(self, door: Door, items: Items) -> tuple[Place, ...]:
        plan = plan_of(store.rows(door.connection))
        return tuple(places(door.connection, plan, self.kind, items, day_of(door.clock(), door.zone)))

    def is_idle(self, counted: tuple[Place, ...]) -> bool:
        return not counted

    def mark(self, counted: tuple[Place, ...]) -> Plain:
        named = [(one.slot, one.name, one.closed, msgspec.to_builtins(one.rewards)) for one in counted]
        about = hashlib.sha256(b"".join(one.about.tobytes() + b"|" for one in counted)).hexdigest()
        return {"places": hashlib.sha256(msgspec.json.encode(named)).hexdigest(), "about": about, "traits": COUNT,
                "reckoning": _RECKONING}  # fmt: skip

    def contribution(self, counted: tuple[Place, ...]) -> Contribution:
        return Showing(self.name, self.purpose, self.uses, self.types, counted)

    def fit(self, counted: tuple[Place, ...], total: Total, weight: float) -> Believed:  # noqa: ARG002 - has none
        at = {(place.slot, place.name): n for n, place in enumerate(counted)}
        return Believed(at, fit(total.sums), total.people, total.hash[:12])


class ContentWorks(WhatWorks):
    """What comes of showing each content."""

    name = "content"
    kind = "content"
    purpose = PERSONAL_CONTENT
    uses = frozenset({_PURCHASES, _BROWSING, _PREFERENCES, _ENGAGEMENT})
    types = (BOUGHT, REFUNDED, VIEWED, SHOWN, CLICKED, TOLD)


class OffersWork(WhatWorks):
    """What comes of each offer."""

    name = "offers"
    kind = "offers"
    purpose = OFFERS
    uses = frozenset({_PURCHASES, _PREFERENCES, _ENGAGEMENT})


CONTENT_WORKS: Final = ContentWorks()
OFFERS_WORK: Final = OffersWork()
WORKS: Final[Mapping[str, WhatWorks]] = {"content": CONTENT_WORKS, "offers": OFFERS_WORK}
LESSONS: Final[tuple[Lesson[Any, Any], ...]] = (*library.LESSONS, CONTENT_WORKS, OFFERS_WORK)


def places(connection: "Connection", plan: Plan, kind: str, items: Items, today: int) -> Iterator[Place]:
    """All that may stand in the slots of a kind, slot by slot and name by name."""
    about = _about(connection, plan, kind, items)
    for slot, described in sorted(plan.slots.items()):
        if described.kind != kind:
            continue
        rewards = plan.rewards_of(slot)
        for name, _ in sorted(plan.placed_in(slot).items()):
            yield Place(slot, name, rewards, about[name], today - rewards.days)


def _about(connection: "Connection", plan: Plan, kind: str, items: Items) -> Mapping[str, NDArray[np.bool_]]:
    """Which products each content, or each offer, is about, by its name."""
    all_: Mapping[str, Any] = plan.content if kind == "content" else plan.offers
    found = catalogue.named_by(connection, sorted({word for one in all_.values() for word in one.about}))
    return {
        name: mask([number for word in one.about for number in found.get(word, ())], items)
        for name, one in all_.items()
    }


def mask(numbers: Sequence[int], items: Items) -> NDArray[np.bool_]:
    """Some products, as one truth value for each number, without what is never told of anybody; empty for none."""
    ids = np.unique(np.array(numbers, np.int64))
    if isinstance(items, Shelf):
        of = items.items_of(ids)
        ids = ids[~((of >= 0) & items.hidden[np.where(of >= 0, of, 0)])] if items.items else ids
    if not ids.size:
        return np.zeros(0, bool)
    found = np.zeros(int(ids.max()) + 1, bool)
    found[ids] = True
    return found
