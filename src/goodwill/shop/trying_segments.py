"""Kept segments are tried again each night: whether their rules can still be asked, and give nobody away by now.

Habits, answers, the catalogue and the setting `sensitive` change without anybody touching a rule. What was found stands
in the audit log, a line for each segment, with counts that tell of no few people. An offer is suspended whose segment
gives away who buys a sensitive thing, or names such a thing; whoever may approve offers decides what becomes of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection

from goodwill.basics.errors import BadInput, NotFound, Quarantined, Refused
from goodwill.decide.plan import State, plan_of
from goodwill.decide.segments import store, written
from goodwill.decide.store import rows
from goodwill.shop.planning import same_name
from goodwill.shop.segments import Counted, Discreet, Segment, Segments
from goodwill.storage import audit

if TYPE_CHECKING:
    from goodwill.shop.shop import Shop

_ACTION: Final = "segment.try"
_PARTS: Final = ("people", "matched", "unmatched", "left_out", "unknown")
_NIGHTS: Final = 10  # one line for each segment and night; some were tried by hand besides
FINE, GIVES_AWAY, NAMES, CANNOT = "fine", "gives-away", "names-discreet", "cannot-be-asked"


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of trying a segment.

    Attributes:
        found: fine, gives-away, names-discreet, or cannot-be-asked. why: in a sentence; "" where it is fine.
        parts: the parts of its count, by name; those that are not told are not there.
        suspended: how many offers for it were suspended.
    """

    segment: int
    version: int
    at: int
    found: str
    why: str
    parts: dict[str, int]
    suspended: int


@dataclass(frozen=True)
class TryingSegments:
    """Tries the segments of one shop."""

    shop: "Shop"

    def run(self) -> list[Tried]:
        """Try all that are kept; those whose count cannot be read now are tried the next time."""
        tried = list[Tried]()
        for one in self.shop.segments.all():
            try:
                tried.append(self.one(one))
            except Quarantined:  # the ledger may not be believed now
                continue
        return tried

    def one(self, segment: Segment) -> Tried:
        """Try one, and write down what was found."""
        found, why, counted = self._found(segment)
        names = self._offers(segment) if found in (GIVES_AWAY, NAMES) else []
        for name in names:
            self.shop.planning.suspend(f"offer-{name}", f"segment {segment.id}: {why}"[:300])
        with self.shop.change(_ACTION) as change:
            parts = {name: getattr(counted, name) for name in _PARTS} if counted is not None else {}
            told = {name: value for name, value in parts.items() if value is not None}
            change.entry.detail.update(segment=segment.id, version=segment.version, found=found, why=why)
            change.entry.detail.update(told, suspended=len(names))
        return Tried(segment.id, segment.version, self.shop.clock(), found, why, told, len(names))

    def _found(self, segment: Segment) -> tuple[str, str, Counted | None]:
        segments: Segments = self.shop.segments
        try:
            segments.read(written(segment.rule), segment.purpose)
            word = segments.gives_away(segment.rule, segment.purpose)
            counted = segments.count(segment.id)
        except Discreet as error:
            return NAMES, str(error), None
        except (BadInput, NotFound, Refused) as error:
            return CANNOT, str(error), None
        if word:
            why = f"it gives away who bought a thing of the kind '{word}', which this shop keeps discreet"
            return GIVES_AWAY, why, counted
        return FINE, "", counted

    def _offers(self, segment: Segment) -> list[str]:
        """The offers for it that may be given now."""
        plan = self.shop.planning.plan()
        return [
            name for name, one in plan.offers.items()
            if same_name(one.segment, segment.name) and one.state is not State.STOPPED and plan.may(f"offer-{name}")
        ]  # fmt: skip

    def latest(self) -> dict[int, Tried]:
        """What came of the last try of each, by its number."""
        with self.shop.database.reading() as connection:
            return latest(connection)


def latest(connection: Connection) -> dict[int, Tried]:
    """What came of the last try of each segment, by its number; of its version of now alone."""
    versions = {line.id: line.version for line in store.newest(connection)}
    return {one.segment: one for one in _all(connection, versions) if versions.get(one.segment) == one.version}


def orphans(connection: Connection) -> list[str]:
    """Offers that are given for a segment that is there no more, a sentence for each."""
    names = [line.name for line in store.newest(connection)]
    return [
        f"the offer '{name}' is given and its segment '{one.segment}' was removed: nobody can tell for whom it is"
        for name, one in plan_of(rows(connection)).offers.items()
        if one.segment and one.state is State.RUNNING and not any(same_name(one.segment, known) for known in names)
    ]


def troubles(connection: Connection) -> list[str]:
    """What was found at the last try of those that are kept, a sentence for each that is not fine."""
    tried = latest(connection)
    return [
        f"segment {line.id} ('{line.name}'): {tried[line.id].why}{_and_offers(tried[line.id])}"
        for line in store.newest(connection)
        if line.id in tried and tried[line.id].found != FINE
    ]


def _and_offers(one: Tried) -> str:
    return f"; suspended for it: {one.suspended} of the offers" if one.suspended else ""


def _all(connection: Connection, wanted: dict[int, int]) -> Iterator[Tried]:
    """Tries, of each segment the latest alone."""
    missing = set(wanted)
    for line in audit.latest(connection, _NIGHTS * len(missing), action=_ACTION):
        if line.outcome == audit.DONE and (one := _read(line)).segment in missing:
            missing.discard(one.segment)
            yield one


def _read(line: audit.Line) -> Tried:
    number = {name: value for name, value in line.detail.items() if isinstance(value, int)}
    parts: dict[str, int] = {name: number[name] for name in _PARTS if name in number}
    return Tried(
        number["segment"], number["version"], line.at, str(line.detail["found"]), str(line.detail["why"]), parts,
        number["suspended"],
    )  # fmt: skip
