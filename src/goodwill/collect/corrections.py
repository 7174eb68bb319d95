"""Rows that say something else of a known line of an order than an earlier import: they take its place.

While the file is read they are put aside, so that all that was learned from the old lines can first be taken out of the
totals: mark, settle, erase. A program that is killed before that leaves the old lines as they were.
"""

from collections.abc import Callable, Iterable

from sqlalchemy import Connection

from goodwill.collect import store
from goodwill.collect.columns import Marks
from goodwill.collect.writing import Tools
from goodwill.people import holds, repeats
from goodwill.people.columns import NAMES, EventColumns
from goodwill.storage import Database
from goodwill.storage.kept import kept

_WAITING, _REPLACED = "correction", "event"


def reason(import_id: int) -> str:
    """Why the people whose lines are corrected are held, as the log of holds words it."""
    return f"correction by import {import_id}"


def put_aside(connection: Connection, import_id: int, events: EventColumns, which: Marks) -> None:
    """Keep some events until the import is made."""
    rows = (dict(zip(NAMES, row, strict=True)) for row, here in zip(events.rows(), which.tolist(), strict=True) if here)
    store.keep_before(connection, import_id, _WAITING, (([row["day"], row["key"]], _plain(row)) for row in rows))


def take_away(connection: Connection, import_id: int, places: Iterable[repeats.Place]) -> None:
    """Let the events at some places go once the import is made, for it tells of the same in their stead."""
    store.keep_before(connection, import_id, _WAITING, ((list(place), None) for place in sorted(places)))


def _plain(row: repeats.Row) -> repeats.Row:
    """An event in which nothing is None, not −1."""
    return {
        name: None if value == -1 and name in ("person", "product", "reference") else value
        for name, value in row.items()
    }


def waiting(connection: Connection, import_id: int) -> bool:
    """Whether an import has corrections that are not made yet."""
    return next(store.before(connection, import_id, _WAITING), None) is not None


def make(database: Database, tools: Tools, import_id: int, settle: Callable[[], object]) -> None:
    """Let the corrections of an import take their places, and close it. If it is interrupted, it is done again.

    Raises:
        Conflict: a total did not settle, or the import was taken back meanwhile.
    """
    with database.transaction() as connection:
        places = [(day, key) for (day, key), _ in store.before(connection, import_id, _WAITING)]
        people = repeats.concerned(connection, places)
        holds.hold(connection, people, reason(import_id), now=tools.clock())
    settle_if_kept(database, settle)
    with database.transaction() as connection:
        now = tools.clock()
        store.close(connection, import_id, "done", now=now, begun="running")
        waits = list(store.before(connection, import_id, _WAITING))
        gone = [(day, key) for (day, key), row in waits if row is None]
        replaced = repeats.replace(connection, [row for _, row in waits if row is not None], also=gone)
        store.keep_before(connection, import_id, _REPLACED, (([row["day"], row["key"]], row) for row in replaced))
        holds.release(connection, holds.held_for(connection, reason(import_id)), reason(import_id), now=now)
        store.forget_before(connection, import_id, _WAITING)
    settle_if_kept(database, settle)  # so that they count again, with what is right


def put_back(connection: Connection, import_id: int) -> int:
    """Bring back the lines that an import had replaced, once its own are gone, and tell how many."""
    later = {tuple(place) for place in store.hand_down(connection, import_id, _REPLACED)}
    was = {tuple(place): row for place, row in store.before(connection, import_id, _REPLACED)}
    return repeats.add(connection, [row for place, row in was.items() if place not in later and row is not None])


def settle_if_kept(database: Database, settle: Callable[[], object]) -> None:
    """Let kept totals catch up; where there is none, nothing is worked out for this alone."""
    with database.reading() as connection:
        some = kept(connection)
    if some:
        settle()
