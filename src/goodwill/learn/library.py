"""The models of a shop: fitted from kept totals, and caught up with every withdrawal before they are used.

New purchases may wait a few minutes before models count them. A "no" never waits: the next decision settles first.
"""

import hashlib
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from goodwill.access import Door, Total
from goodwill.basics.clock import SECOND, Micros
from goodwill.basics.errors import BadInput
from goodwill.basics.memory import give_back
from goodwill.consent import next_end, said_no_since
from goodwill.learn import totals
from goodwill.learn.affinity import Affinity, BoughtTogether, inner, shown
from goodwill.learn.baskets import HoldBack
from goodwill.learn.best import BestSellers, faces
from goodwill.learn.composed import Composed, only
from goodwill.learn.moved import moved
from goodwill.learn.path import path
from goodwill.learn.popular import BoughtByMany, Popular
from goodwill.learn.usual import BuysAgain, Usual
from goodwill.purposes import MODEL_IMPROVEMENT, Category, Entry
from goodwill.storage import AsOf, Kept
from goodwill.storage import kept as notes

# What is passed round: a door in a transaction of its own, committed when the block ends.
Doors = Callable[[], AbstractContextManager[Door]]

TOTAL = "models"
USES = frozenset({Category("purchases")})  # what goes into it of somebody
_WEIGHT = 500.0  # λ before any was chosen; only a shop that never learned uses it


class Items(Protocol):
    """What models count: the item of each product, and how many items there are."""

    @property
    def item_of(self) -> NDArray[np.int64]: ...
    @property
    def items(self) -> int: ...


@dataclass(frozen=True, slots=True, eq=False)
class Models:
    """Fitted models, all from one total that holds nobody who said no.

    Attributes:
        faces: the product that most people bought, for each item.
        people: how many it counts.
        version: names the total that they were fitted from.
        as_of: how far that total reaches.
    """

    usual: Usual
    together: Affinity
    popular: Popular
    faces: Mapping[int, int]
    people: int
    version: str
    as_of: AsOf


@dataclass(frozen=True, slots=True)
class Learned:
    """What learning found.

    Attributes:
        items: how many anybody bought.
        weight: λ of what goes together, in people.
        version: names the total.
    """

    items: int
    people: int
    seconds: float
    models: tuple[str, ...]
    weight: float
    version: str


@dataclass(frozen=True, slots=True, eq=False)
class _Known:
    """What a library holds: a total, what it counts, and the models fitted from it.

    Attributes:
        exact: the inner model, which follows a withdrawal at once; `models` may show the floored one.
        next_end: when the next consent to it ends by itself; None if none does.
    """

    items: Items
    weight: float
    total: Total
    exact: Affinity
    models: Models
    next_end: Micros | None


class Library:
    """The models of one process.

    A decision comes with a transaction of its own, which on SQLite is the only one that may write. So whoever waits for
    a transaction here holds nothing that a decision waits for: jobs take turns among themselves, and what they found
    takes the place of what was known in one step.

    Args:
        folder: where totals are kept.
        settle_minutes: how long new purchases may wait; a "no" never waits.
    """

    def __init__(self, folder: Path, *, settle_minutes: int = 15) -> None:
        self._folder = folder
        self._patience = settle_minutes * 60 * SECOND
        self._jobs = threading.RLock()  # one job at a time: to learn, to settle; no decision waits for it
        self._decisions = threading.Lock()  # of decisions that meet the same "no" one does the work; no job takes it
        self._place = threading.Lock()  # held for an assignment
        self._known: _Known | None = None
        self._quiet: tuple[_Known | None, int] = (None, 0)  # up to where no "no" follows what is known

    def learn(self, doors: Doors, items: Items) -> Learned:
        """Work the total out anew, choose λ, fit the models, and keep the total."""
        start = perf_counter()
        known = self._learned(doors, items)
        names = tuple(what.name for what in contribution(items).parts)
        people, version = known.total.people, known.models.version
        return Learned(known.exact.known.size, people, perf_counter() - start, names, known.weight, version)

    def settle(self, doors: Doors, items: Items) -> Total:
        """Let the total catch up with consent and events, and keep it; anew if what models count has changed."""
        with self._jobs:
            with doors() as door:
                known = self._known or self._recalled(door, items)
            if known is None or not _same(known.items, items):
                return self._learned(doors, items).total
            with doors() as door:
                known = self._catch_up(door, known)
            self._keep(doors, known)
            return known.total

    def caught_up(self, doors: Doors, items: Items) -> Total:
        """The total after everybody who said no was taken out; in memory only, as a decision does it."""
        with self._jobs, doors() as door:
            known = self._known or self._recalled(door, items)
            return (self._catch_up(door, known) if known is not None else self._first(door, items)).total

    def rebuilt(self, doors: Doors) -> Total:
        """The total worked out from nothing but the database, for a proof; nothing is kept of it."""
        with doors() as door:
            return door.total(contribution(self._now().items))

    def ready(self, door: Door, items: Items, now: AsOf) -> Models:
        """The models, after everybody who said no by ``now`` was taken out."""
        known = self._known
        if known is None or self._must_settle(door.connection, known, now):
            with self._decisions:
                known = self._known or self._recalled(door, items) or self._first(door, items)
                if self._must_settle(door.connection, known, now):
                    known = self._catch_up(door, known)
        return known.models

    def drop(self) -> None:
        """Forget what is held in memory: it may count people by rows of the ledger that are not there any more."""
        with self._place:
            self._known, self._quiet = None, (None, 0)

    @property
    def items(self) -> Items | None:
        """What the total counts; None before there is one."""
        return self._known.items if self._known is not None else None

    # ---- catching up -----------------------------------------------------------------------------------------------

    def _must_settle(self, connection: Connection, known: _Known, now: AsOf) -> bool:
        reached = known.total.as_of
        if now.holds != reached.holds or (known.next_end is not None and now.at >= known.next_end):
            return True
        of, upto = self._quiet
        seen = upto if of is known else reached.consent
        if now.consent > seen:
            if said_no_since(connection, MODEL_IMPROVEMENT, seen, end=known.next_end):
                return True
            self._quiet = (known, now.consent)
        waited = now.at - reached.at > self._patience
        return waited and (now.events, now.consent) != (reached.events, reached.consent)

    def _catch_up(self, door: Door, known: _Known) -> _Known:
        total = door.total(contribution(known.items), since=known.total)
        return self._take(_followed(known, total, _next_end(door, total)), instead_of=known)

    def _first(self, door: Door, items: Items) -> _Known:
        """For a shop that never learned: the total as it stands, with λ as it comes."""
        total = door.total(contribution(items))
        return self._take(_fitted(items, _WEIGHT, total, _next_end(door, total)), instead_of=None)

    def _learned(self, doors: Doors, items: Items) -> _Known:
        with self._jobs:
            with doors() as door:
                total = door.total(contribution(items))
                ends = _next_end(door, total)
            weight = _chosen_weight(doors, items) if total.people else _WEIGHT
            known = _fitted(items, weight, total, ends)
            with self._place:
                self._known = known
            self._keep(doors, known)
            give_back()
            return known

    def _take(self, known: _Known, *, instead_of: _Known | None) -> _Known:
        """Put it in the place of what it was made from, unless something else was put there meanwhile."""
        with self._place:
            if self._known is instead_of:
                self._known = known
        return known

    def _now(self) -> _Known:
        if self._known is None:
            raise BadInput("Nothing was learned yet; run: goodwill learn")
        return self._known

    # ---- keeping ---------------------------------------------------------------------------------------------------

    def _keep(self, doors: Doors, known: _Known) -> None:
        """Write the total to a file of its own, note it, then take the older file away."""
        self._folder.mkdir(parents=True, exist_ok=True)
        total, digest = known.total, known.total.hash
        file = self._folder / f"{TOTAL}-{digest[:16]}.npz"
        if not file.exists():
            totals.save(total.sums, file)
        with doors() as door:
            recipe = _recipe(known.items, known.weight, door.register[MODEL_IMPROVEMENT])
            notes.keep(
                door.connection,
                Kept(TOTAL, MODEL_IMPROVEMENT, total.as_of, total.people, recipe, digest, file.name),
            )
        for older in self._folder.glob(f"{TOTAL}-*.npz"):
            if older != file:
                older.unlink(missing_ok=True)

    def _recalled(self, door: Door, items: Items) -> _Known | None:
        """Take the kept total back, if it is whole and counts the same items."""
        found = notes.kept(door.connection, TOTAL)
        if not found:
            return None
        kept = found[0]
        weight = float(msgspec.json.decode(kept.recipe)["weight"])
        if kept.recipe != _recipe(items, weight, door.register[MODEL_IMPROVEMENT]):
            return None
        try:
            sums = totals.load(self._folder / kept.file).dense()
        except BadInput:
            return None
        if sums.hash != kept.hash:
            return None
        total = Total(sums, kept.as_of, kept.people)
        known = self._take(_fitted(items, weight, total, _next_end(door, total)), instead_of=None)
        give_back()
        return known


def contribution(items: Items) -> Composed:
    """What each person who allows it adds to the models of a shop."""
    return Composed(
        TOTAL,
        (
            BuysAgain(items.item_of, items.items),
            BoughtTogether(items.item_of, items.items),
            BoughtByMany(items.item_of, items.items),
            BestSellers(items.item_of.size),
        ),
    )


# ---- fitting ---------------------------------------------------------------------------------------------------------


def _chosen_weight(doors: Doors, items: Items) -> float:
    """λ that suggests best for each person's last fifth of visits, learned from the others."""
    hold_back = (HoldBack.LAST_FIFTH,)
    with doors() as door:
        early = door.total(BoughtTogether(items.item_of, items.items, hold_back=hold_back))
    trial = path(early.sums, items.item_of, hold_back)
    with doors() as door:
        return trial.fit(door.total(trial).sums)


def _next_end(door: Door, total: Total) -> Micros | None:
    return next_end(door.connection, MODEL_IMPROVEMENT, total.as_of.at)


def _fitted(items: Items, weight: float, total: Total, ends: Micros | None) -> _Known:
    """All models from a total, the shown one without pairs that too few people share."""
    together = only(total.sums, "bought-together")
    exact = inner(together, weight)
    return _Known(items, weight, total, exact, _models(items, total, shown(together, weight)), ends)


def _followed(known: _Known, total: Total, ends: Micros | None) -> _Known:
    """All models after a change: the exact one follows, and is shown until the next fit from the ground."""
    if total.sums == known.total.sums:
        total = replace(total, sums=known.total.sums)  # one copy of it is enough
        exact, together = known.exact, known.models.together
    else:
        pairs = only(total.sums, "bought-together")
        exact = together = moved(known.exact, pairs.array("pairs")) or inner(pairs, known.weight)
    return _Known(known.items, known.weight, total, exact, _models(known.items, total, together), ends)


def _models(items: Items, total: Total, together: Affinity) -> Models:
    again, by_many = BuysAgain(items.item_of, items.items), BoughtByMany(items.item_of, items.items)
    return Models(
        usual=again.fit(only(total.sums, again.name)),
        together=together,
        popular=by_many.fit(only(total.sums, by_many.name)),
        faces=faces(only(total.sums, "best-sellers").array("buyers"), items.item_of),
        people=total.people,
        version=total.hash[:12],
        as_of=total.as_of,
    )


def _same(a: Items, b: Items) -> bool:
    return a.items == b.items and np.array_equal(a.item_of, b.item_of)


def _recipe(items: Items, weight: float, entry: Entry) -> str:
    """What a total counts, and whom, so that it is not mistaken for another.

    A changed catalogue asks for a new one, and so does a register in which the purpose rests on something else or ends
    on another day: what was kept counts people by the old rule.
    """
    mapping = hashlib.sha256(items.item_of.astype("<i8").tobytes()).hexdigest()
    rule = {"basis": entry.basis, "expiry": entry.expiry}
    return msgspec.json.encode({"items": items.items, "item_of": mapping, "weight": weight, **rule}).decode()
