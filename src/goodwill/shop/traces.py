"""Where what is held of somebody came from, and where it went: files that told of her, totals that count her.

How many people a total counts is said in round numbers: a live count, looked at twice, would tell that somebody left.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection

from goodwill.access import Everything, rows
from goodwill.basics.clock import Micros, day_of
from goodwill.collect import store
from goodwill.collect.store import Import
from goodwill.collect.undo import reason
from goodwill.consent import Row, State
from goodwill.people import merge, registry
from goodwill.purposes import Category, Entry
from goodwill.storage import kept
from goodwill.storage.kept import Kept

if TYPE_CHECKING:
    from goodwill.shop.shop import Shop

ANSWERS, CHANGED = "consent_rows", store.before_import.name
_HAPPENED: Final = "events"
_ROUND: Final = 10  # people


@dataclass(frozen=True, slots=True)
class FromFile:
    """A file of the shop's that told something about her, or changed it.

    Attributes:
        at: when it was read. taken_back: whether that was undone since.
        happened: how many events it brought, by category; brought: rows of other tables, by table.
    """

    number: int
    file: str
    at: Micros
    taken_back: bool
    happened: Mapping[Category, int]
    brought: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Counted:
    """A total that counts her.

    Attributes:
        people: how many it counts at least; a multiple of ten.
        since: from when on it can have counted her at the earliest: her yes was noted, and something had happened.
        with_something: whether anything of hers went into it yet, beside that she is one more.
        as_of: when it was last brought up to date.
    """

    name: str
    purpose: str
    people: int
    since: Micros | None
    with_something: bool
    as_of: Micros


@dataclass(frozen=True, slots=True)
class Traces:
    """Both, for one person."""

    files: tuple[FromFile, ...] = ()
    totals: tuple[Counted, ...] = ()


def traces_of(shop: "Shop", everything: Everything) -> Traces:
    """The files and totals of somebody of whom all was read."""
    with shop.database.reading() as connection:
        return Traces(
            tuple(_files(connection, everything)),
            tuple(found for total in kept.kept(connection) if (found := _counted(shop, connection, everything, total))),
        )


# ---- files -----------------------------------------------------------------------------------------------------------


def _files(connection: Connection, everything: Everything) -> Iterator[FromFile]:
    numbers = merge.numbers(connection, everything.person)
    brought, changed = registry.by_import(connection, numbers), store.changed(connection, numbers)
    taken_back = _taken_back(everything.consents)
    happened: dict[int, Counter[Category]] = {}
    for event in everything.events:
        if event.import_id is not None:
            happened.setdefault(event.import_id, Counter())[event.category] += 1
    for one in store.all_of(connection):
        tables = {name: many for name, many in brought.get(one.id, {}).items() if name not in (_HAPPENED, CHANGED)}
        tables[CHANGED] = changed.get(one.id, 0)
        tables[ANSWERS] = _answers(one, everything.consents) or taken_back[reason(one.id)]
        tables = {name: many for name, many in tables.items() if many}
        if tables or one.id in happened:
            undone = one.state in ("undone", "undoing")
            yield FromFile(one.id, one.file, one.started_at, undone, happened.get(one.id, Counter()), tables)


def _answers(one: Import, said: Sequence[Row]) -> int:
    return sum(any(row.position in written for written in one.answers) for row in said)


def _taken_back(said: Sequence[Row]) -> Counter[str]:
    """How many of her answers were taken back, by what took them back: with an import go the places that it wrote."""
    return Counter(str(json.loads(row.asked).get("by")) for row in said if row.state is State.INVALIDATED)


# ---- totals ----------------------------------------------------------------------------------------------------------


def _counted(shop: "Shop", connection: Connection, everything: Everything, total: Kept) -> Counted | None:
    """How a total counts her; None if it does not. The same questions as the total itself asks of everybody."""
    if total.purpose not in shop.register:
        return None
    entry, as_of, person = shop.register[total.purpose], total.as_of, everything.person
    day = day_of(as_of.at, shop.settings.zone)
    allowed = rows.categories_as_of(connection, person, entry, as_of, day=day) & _uses(shop, total, entry)
    if not allowed or rows.is_held(connection, person, as_of.holds) or not rows.is_known(connection, person):
        return None
    hers = [event.at for event in everything.events if event.category in allowed and event.id <= as_of.events]
    yes = _yes_since([row for row in everything.consents if row.person == person], entry, allowed, total)
    since = Micros(max(yes, min(hers))) if yes is not None and hers else yes
    people = total.people // _ROUND * _ROUND
    return Counted(total.name, total.purpose, people, since, bool(hers), Micros(as_of.at))


def _uses(shop: "Shop", total: Kept, entry: Entry) -> frozenset[Category]:
    """What a total uses of the categories of its purpose; one that nobody learns any more might use all of them."""
    uses = {lesson.name: lesson.uses for lesson in shop.library.lessons}
    return uses.get(total.name, frozenset(entry.categories))


def _yes_since(said: Sequence[Row], entry: Entry, allowed: frozenset[Category], total: Kept) -> Micros | None:
    """Since when the shop has had her yes in writing without a break, for the first of some categories."""
    taken_back = {row.refers for row in said}
    counts = [row for row in said if row.purpose == entry.name and row.position not in taken_back]
    since = {category: _unbroken([row for row in counts if row.category == category], total) for category in allowed}
    return min((at for at in since.values() if at is not None), default=None)


def _unbroken(said: Sequence[Row], total: Kept) -> Micros | None:
    since: Micros | None = None
    for row in said:
        if row.position > total.as_of.consent:
            break
        if row.state in (State.REFUSED, State.WITHDRAWN):
            since = None
        elif row.state in (State.GIVEN, State.RENEWED) and since is None:
            since = row.recorded_at
    return since
