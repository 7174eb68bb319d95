"""All that a shop has learned: one total for each lesson, each under its own purpose and settled by itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any, Final

from goodwill.access import Door, Total
from goodwill.basics.clock import SECOND
from goodwill.learn.lesson import C, Doors, Items, Lesson, M
from goodwill.learn.models import MODELS, Models, contribution
from goodwill.learn.settled import FILE, Known, Settled, let_go
from goodwill.storage import AsOf
from goodwill.storage import kept as notes

__all__ = ["LESSONS", "MODELS", "Doors", "Items", "Learned", "Library", "Models", "contribution"]

# What every shop learns. Add a lesson here, and its words under [totals] in shop/words; the rest happens by itself.
LESSONS: Final[tuple[Lesson[Any, Any], ...]] = (MODELS,)


@dataclass(frozen=True, slots=True)
class Learned:
    """What learning found.

    Attributes:
        items: how many anybody bought.
        weight: λ of what goes together, in people.
        version: names the total of the models.
        totals: how many people each total counts, by its name; those that are on.
    """

    items: int
    people: int
    seconds: float
    models: tuple[str, ...]
    weight: float
    version: str
    totals: Mapping[str, int]


class Library:
    """What one process knows.

    Args:
        folder: where totals are kept.
        settle_minutes: how long new purchases may wait; a "no" never waits.
        lessons: what is learned; the models are always among it.
    """

    def __init__(
        self, folder: Path, *, settle_minutes: int = 15, lessons: Sequence[Lesson[Any, Any]] = LESSONS
    ) -> None:
        self._folder = folder
        self._settled = {one.name: Settled(one, folder, settle_minutes * 60 * SECOND) for one in lessons}
        self._models: Settled[Items, Models] = self._settled[MODELS.name]

    @property
    def lessons(self) -> tuple[Lesson[Any, Any], ...]:
        return tuple(one.lesson for one in self._settled.values())

    def ready(self, door: Door, items: Items, now: AsOf) -> Models:
        """The models, after everybody who said no by ``now`` was taken out."""
        return self._models.ready(door, items, now)

    def models_as_they_were(
        self, door: Door, items: Items, version: str, then: AsOf, *, weight: float, floored: bool
    ) -> Models:
        """The models of an earlier decision.

        Args:
            version, then, weight, floored: as the decision's footing has them.

        Raises:
            Refused, Conflict: as `Settled.as_it_was`.
        """
        known = self._models.as_it_was(door, items, version, then)
        if known.model.version == version and known.weight == weight and known.model.floored == floored:
            return replace(known.model, as_of=then)
        return replace(MODELS.again(known.counted, known.total, weight, floored=floored), as_of=then)

    def model(self, lesson: Lesson[C, M], door: Door, items: Items, now: AsOf) -> M:
        """What was learned in a lesson, after everybody who said no by ``now`` was taken out."""
        settled: Settled[C, M] = self._settled[lesson.name]  # as it was given
        return settled.ready(door, items, now)

    def learn(self, doors: Doors, items: Items) -> Learned:
        """Work every total out anew, choose weights, fit the models, and keep the totals."""
        start = perf_counter()
        found = {name: one.learn(doors, items) for name, one in self._settled.items()}
        self._sweep(doors)
        models: Known[Items, Models] = found[MODELS.name]
        return Learned(
            items=models.model.exact.known.size,
            people=models.total.people,
            seconds=perf_counter() - start,
            models=tuple(what.name for what in contribution(items).parts),
            weight=models.weight,
            version=models.model.version,
            totals={name: known.total.people for name, known in found.items() if known.whole},
        )

    def settle(self, doors: Doors, items: Items) -> dict[str, Total]:
        """Let every total catch up with consent and events, and keep it; those are given that are on."""
        found = {name: one.settle(doors, items) for name, one in self._settled.items()}
        self._sweep(doors)
        return {name: total for name, total in found.items() if total is not None}

    def caught_up(self, doors: Doors, items: Items, name: str = MODELS.name) -> Total:
        """A total after everybody who said no was taken out; in memory only, as a decision does it."""
        return self._settled[name].caught_up(doors, items)

    def rebuilt(self, doors: Doors, name: str = MODELS.name) -> Total:
        """A total worked out from nothing but the database, for a proof; nothing is kept of it."""
        return self._settled[name].rebuilt(doors)

    def drop(self) -> None:
        """Forget what is held in memory: it may count people by rows of the ledger that are not there any more."""
        for one in self._settled.values():
            one.drop()

    def _sweep(self, doors: Doors) -> None:
        """Take away totals of lessons that are not learned any more: nobody would settle them."""
        with doors() as door:
            names = {kept.name for kept in notes.kept(door.connection)}
        names |= {found["name"] for file in self._folder.glob("*.npz") if (found := FILE.fullmatch(file.name))}
        for name in sorted(names - self._settled.keys()):
            let_go(self._folder, doors, name)
