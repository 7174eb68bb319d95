"""One total of a shop, and what is fitted from it: learned, caught up with every withdrawal, kept, proved and dropped.

New purchases may wait a few minutes before a model counts them. A "no" never waits: the next use settles first.
"""

import re
import threading
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, time
from pathlib import Path
from typing import Final, Generic

import msgspec
from sqlalchemy import Connection

from goodwill.access import Door, Total, nobody
from goodwill.access.rows import as_of_now
from goodwill.basics.clock import Micros, day_of, micros
from goodwill.basics.errors import BadInput, Conflict, TooFew
from goodwill.basics.memory import give_back
from goodwill.consent import next_end, said_no_since
from goodwill.learn import totals
from goodwill.learn.lesson import C, Doors, Items, Lesson, M
from goodwill.purposes import Entry
from goodwill.storage import AsOf, Kept
from goodwill.storage import kept as notes

FILE: Final = re.compile(r"(?P<name>.+)-[0-9a-f]{16}\.npz")  # the file of a total, by its name and its hash


@dataclass(frozen=True, slots=True, eq=False)
class Known(Generic[C, M]):
    """What is held of a lesson: a total, what it counts, and the model fitted from it.

    Attributes:
        whole: everybody who allows it is in the total. Where the purpose is off, or too few allow it, it is nobody's:
            then nothing is kept, and nothing can be carried on from it.
        next_end: when the next consent to it, or the purpose itself, ends; None if none does.
    """

    counted: C
    weight: float
    total: Total
    model: M
    whole: bool
    next_end: Micros | None


@dataclass(frozen=True, slots=True)
class _WorkedOut:
    """A total, and what `Known` says of it."""

    total: Total
    whole: bool
    next_end: Micros | None


class Settled(Generic[C, M]):
    """The total of one lesson in one process.

    A decision comes with a transaction of its own, which on SQLite is the only one that may write. So whoever waits for
    a transaction here holds nothing that a decision waits for: jobs take turns among themselves, and what they found
    takes the place of what was known in one step.

    Args:
        folder: where totals are kept.
        patience: how many microseconds new purchases may wait; a "no" never waits.
    """

    def __init__(self, lesson: Lesson[C, M], folder: Path, patience: int) -> None:
        self.lesson = lesson
        self._folder = folder
        self._patience = patience
        self._jobs = threading.RLock()  # one job at a time: to learn, to settle; no decision waits for it
        self._decisions = threading.Lock()  # of decisions that meet the same "no" one does the work; no job takes it
        self._place = threading.Lock()  # held for an assignment
        self._known: Known[C, M] | None = None
        self._quiet: tuple[Known[C, M] | None, int] = (None, 0)  # up to where no "no" follows what is known

    def learn(self, doors: Doors, items: Items) -> Known[C, M]:
        """Work the total out anew, choose its weight, fit the model, and keep the total."""
        with self._jobs:
            with doors() as door:
                counted = self.lesson.counted(door, items)
            known = self._learned(doors, counted)
            self._kept(doors, known)
            return known

    def settle(self, doors: Doors, items: Items) -> Total | None:
        """Let the total catch up with consent and events, and keep it; anew if what it counts has changed.

        Where its purpose is off, or fewer people allow it than the purpose asks for, nothing of it stays: None.
        """
        with self._jobs:
            with doors() as door:
                counted = self.lesson.counted(door, items)
                on = self._entry(door) is not None and not self.lesson.is_idle(counted)
                if self.lesson.is_idle(counted):
                    self.drop()
                known = self._known or self._recalled(door, counted)
            if on and (known is None or self._differs(known.counted, counted)):
                known = self._learned(doors, counted)
            elif known is not None:
                with doors() as door:
                    known = self._catch_up(door, known)
            return self._kept(doors, known)

    def caught_up(self, doors: Doors, items: Items) -> Total:
        """The total after everybody who said no was taken out; in memory only, as a decision does it."""
        with self._jobs, doors() as door:
            known = self._known or self._remembered(door, items)
            return (self._catch_up(door, known) if known is not None else self._first(door, items)).total

    def rebuilt(self, doors: Doors) -> Total:
        """The total worked out from nothing but the database, for a proof; nothing is kept of it.

        Raises:
            BadInput: nothing was learned yet.
        """
        if self._known is None:
            raise BadInput("Nothing was learned yet; run: goodwill learn")
        with doors() as door:
            return self._worked_out(door, self._known.counted, None).total

    def ready(self, door: Door, items: Items, now: AsOf) -> M:
        """The model, after everybody who said no by ``now`` was taken out."""
        known = self._known
        if known is None or self._must_settle(door.connection, known, now):
            with self._decisions:
                known = self._known or self._remembered(door, items) or self._first(door, items)
                if self._must_settle(door.connection, known, now):
                    known = self._catch_up(door, known)
        return known.model

    def as_it_was(self, door: Door, items: Items, version: str, then: AsOf) -> Known[C, M]:
        """What was known at an earlier point, found by going back from now.

        Args:
            version: the first digits of the total's hash then.

        Raises:
            Refused: somebody who was counted then has taken her yes back; what she gave is not used again.
            Conflict: it cannot be found any more, because what it counts has changed.
        """
        known = self._known or self._remembered(door, items) or self._first(door, items)
        if self._must_settle(door.connection, known, as_of_now(door.connection, door.clock())):
            known = self._catch_up(door, known)  # also here nobody counts who said no
        if known.total.hash.startswith(version):
            return known
        known = self._catch_up(door, known)
        if not known.total.hash.startswith(version):
            total = door.total(self.lesson.contribution(known.counted), since=known.total, back_to=then)
            known = replace(known, total=total)
        if not known.total.hash.startswith(version):
            raise Conflict(
                f"The total of '{self.lesson.name}' of then cannot be found again: what it counts has changed."
            )
        return known

    def drop(self) -> None:
        """Forget what is held in memory: it may count people by rows of the ledger that are not there any more."""
        with self._place:
            self._known, self._quiet = None, (None, 0)

    # ---- catching up -----------------------------------------------------------------------------------------------

    def _must_settle(self, connection: Connection, known: Known[C, M], now: AsOf) -> bool:
        reached = known.total.as_of
        if now.holds != reached.holds or (known.next_end is not None and now.at >= known.next_end):
            return True
        of, upto = self._quiet
        seen = upto if of is known else reached.consent
        if now.consent > seen:
            if said_no_since(connection, self.lesson.purpose, seen, end=known.next_end):
                return True
            self._quiet = (known, now.consent)
        waited = now.at - reached.at > self._patience
        return waited and (now.events, now.consent) != (reached.events, reached.consent)

    def _catch_up(self, door: Door, known: Known[C, M]) -> Known[C, M]:
        found = self._worked_out(door, known.counted, known)
        total, model = found.total, known.model
        if total.sums == known.total.sums:
            total = replace(total, sums=known.total.sums)  # one copy of it is enough
        else:
            model = self.lesson.follow(model, known.counted, total, known.weight)
        followed = Known(known.counted, known.weight, total, model, found.whole, found.next_end)
        return self._take(followed, instead_of=known)

    def _first(self, door: Door, items: Items) -> Known[C, M]:
        """For a shop that never learned: the total as it stands, with the weight as it comes."""
        counted = self.lesson.counted(door, items)
        found = self._worked_out(door, counted, None)
        return self._take(self._fitted(counted, self.lesson.first_weight, found), instead_of=None)

    def _learned(self, doors: Doors, counted: C) -> Known[C, M]:
        with doors() as door:
            found = self._worked_out(door, counted, None)
        weight = self.lesson.weight(doors, counted) if found.total.people else self.lesson.first_weight
        known = self._fitted(counted, weight, found)
        with self._place:
            self._known = known
        give_back()
        return known

    def _worked_out(self, door: Door, counted: C, since: Known[C, M] | None) -> _WorkedOut:
        """The total; nobody's where its purpose is off or too few allow it."""
        what = self.lesson.contribution(counted)
        if self._entry(door) is not None and not self.lesson.is_idle(counted):
            with suppress(TooFew):
                total = door.total(what, since=since.total if since is not None and since.whole else None)
                return _WorkedOut(total, True, self._next_end(door, total))
        total = Total(nobody(what), as_of_now(door.connection, door.clock()), 0)
        return _WorkedOut(total, False, self._next_end(door, total))

    def _fitted(self, counted: C, weight: float, found: _WorkedOut) -> Known[C, M]:
        model = self.lesson.fit(counted, found.total, weight)
        return Known(counted, weight, found.total, model, found.whole, found.next_end)

    def _take(self, known: Known[C, M], *, instead_of: Known[C, M] | None) -> Known[C, M]:
        """Put it in the place of what it was made from, unless something else was put there meanwhile."""
        with self._place:
            if self._known is instead_of:
                self._known = known
        return known

    def _entry(self, door: Door) -> Entry | None:
        """The purpose in the register; None where it is not there, is off, or may not use what this lesson needs."""
        if self.lesson.purpose not in door.register:
            return None
        entry = door.register[self.lesson.purpose]
        off = entry.reserved or entry.is_off(day_of(door.clock(), door.zone))
        return None if off or not self.lesson.uses <= frozenset(entry.categories) else entry

    def _next_end(self, door: Door, total: Total) -> Micros | None:
        """When the next consent ends by itself, or the purpose with all of them."""
        ends = next_end(door.connection, self.lesson.purpose, total.as_of.at)
        entry = self._entry(door)
        if entry is None:
            return ends
        expires = micros(datetime.combine(entry.expiry, time(), door.zone))
        return expires if ends is None else min(ends, expires)

    def _differs(self, one: C, other: C) -> bool:
        return one is not other and self.lesson.mark(one) != self.lesson.mark(other)

    # ---- keeping ---------------------------------------------------------------------------------------------------

    def _kept(self, doors: Doors, known: Known[C, M] | None) -> Total | None:
        """Write the total to a file of its own, note it, then take the older file away; or take all of it away."""
        if known is None or not known.whole:
            let_go(self._folder, doors, self.lesson.name)
            return None
        self._folder.mkdir(parents=True, exist_ok=True)
        name, total, digest = self.lesson.name, known.total, known.total.hash
        file = self._folder / f"{name}-{digest[:16]}.npz"
        if not file.exists():
            totals.save(total.sums, file)
        with doors() as door:
            recipe = self._recipe(known.counted, known.weight, door.register[self.lesson.purpose])
            note = Kept(name, self.lesson.purpose, total.as_of, total.people, recipe, digest, file.name)
            notes.keep(door.connection, note)
        for older in files_of(self._folder, name):
            if older != file:
                older.unlink(missing_ok=True)
        return total

    def _remembered(self, door: Door, items: Items) -> Known[C, M] | None:
        return self._recalled(door, self.lesson.counted(door, items))

    def _recalled(self, door: Door, counted: C) -> Known[C, M] | None:
        """Take the kept total back, if it is whole, on, and counts the same."""
        noted, entry = notes.kept(door.connection, self.lesson.name), self._entry(door)
        if not noted or entry is None or self.lesson.is_idle(counted):
            return None
        kept = noted[0]
        weight = float(msgspec.json.decode(kept.recipe)["weight"])
        if kept.recipe != self._recipe(counted, weight, entry):
            return None
        try:
            sums = totals.load(self._folder / kept.file).dense()
        except BadInput:
            return None
        if sums.hash != kept.hash:
            return None
        total = Total(sums, kept.as_of, kept.people)
        found = _WorkedOut(total, True, self._next_end(door, total))
        known = self._take(self._fitted(counted, weight, found), instead_of=None)
        give_back()
        return known

    def _recipe(self, counted: C, weight: float, entry: Entry) -> str:
        """What a total counts, and whom, so that it is not mistaken for another.

        A changed catalogue asks for a new one, and so does a register in which the purpose rests on something else or
        ends on another day: what was kept counts people by the old rule.
        """
        rule = {"basis": entry.basis, "expiry": entry.expiry}
        return msgspec.json.encode({**self.lesson.mark(counted), "weight": weight, **rule}).decode()


def let_go(folder: Path, doors: Doors, name: str) -> None:
    """Take a total's note and files away, if there are any."""
    with doors() as door:
        if notes.kept(door.connection, name):
            notes.drop_kept(door.connection, name)
    for file in files_of(folder, name):
        file.unlink(missing_ok=True)


def files_of(folder: Path, name: str) -> list[Path]:
    """The files that hold a total, or held it before."""
    named = ((file, FILE.fullmatch(file.name)) for file in folder.glob(f"{name}-*.npz"))
    return [file for file, found in named if found and found["name"] == name]
