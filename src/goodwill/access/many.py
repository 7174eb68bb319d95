"""Totals and lists over many people, by the column engine."""

import numpy as np

from goodwill.access import expressions as ask
from goodwill.access.columns import Columns
from goodwill.access.rows import as_of_now
from goodwill.access.view import COLUMNS, Aggregate, Contribution, Frame, Log, Numbers, Total
from goodwill.basics.errors import Conflict
from goodwill.purposes import Entry
from goodwill.storage import AsOf
from goodwill.sums import Sums

# Readings that history changed under, one after the other, before somebody is told.
_TRIES = 5


def total(columns: Columns, entry: Entry, what: Contribution | Aggregate, *, at: int, off: bool) -> Total:
    """The total of a contribution as of what is committed now.

    If no log grew during the reading, all that was read is within reach. Otherwise the question is asked again with
    the point where the reading began as its bound, the ledger replayed up to there. Both give the same total.

    Raises:
        Conflict: while people were read some were held or released, each time it was tried.
    """
    for _ in range(_TRIES):
        as_of = _committed(columns, at)
        if off:
            return Total(_nobody(what), as_of, 0)
        found = _answers(columns, entry, what, as_of, current=True)
        reached = _committed(columns, at)
        if reached != as_of:
            found = _answers(columns, entry, what, as_of, current=False)
            reached = _committed(columns, at)
        # Events change hands, or go, only together with a row of the holds: no bound would bring them back.
        if reached.holds == as_of.holds:
            return _added_up(what, *found, as_of)
    raise Conflict("People are being erased or merged while totals are worked out. Try again in a moment.")


def _added_up(what: Contribution | Aggregate, people: Numbers, answer: dict[str, Numbers], as_of: AsOf) -> Total:
    if isinstance(what, Aggregate):
        return Total(what.gather(people.size, answer), as_of, people.size)
    return Total(what.whole(_framed(people, answer)), as_of, people.size)


def people_allowing(columns: Columns, entry: Entry, as_of: AsOf) -> Numbers:
    """The ids of everyone who allows a purpose for at least one of its categories, rising."""
    who = ask.allowed(entry, frozenset(entry.categories), as_of, current=False)
    (found,) = columns.run_together([who.any()], who.given)
    return np.sort(found["person"])


def _answers(
    columns: Columns, entry: Entry, what: Contribution | Aggregate, as_of: AsOf, *, current: bool
) -> tuple[Numbers, dict[str, Numbers]]:
    who = ask.allowed(entry, what.categories, as_of, current=current)
    events = ask.consenting_events(who, what.categories, tuple(what.types), None if current else as_of.events)
    wanted = what.expression(events) if isinstance(what, Aggregate) else ask.frame(events)
    people, answer = columns.run_together([who.any(), wanted], who.given)
    return np.sort(people["person"]), answer


def _framed(people: Numbers, answer: dict[str, Numbers]) -> Frame:
    """Numbers from 0 in place of ids, so that what is handed over names nobody."""
    number = np.searchsorted(people, answer["person"]).astype(np.int64)
    return Frame(int(people.size), number, Log(*(answer[name] for name in COLUMNS)))


def _committed(columns: Columns, at: int) -> AsOf:
    """How far the logs reach in what is committed; what the column engine reads next reaches at least as far."""
    with columns.database.reading() as connection:
        return as_of_now(connection, at)


def _nobody(what: Contribution | Aggregate) -> Sums:
    nothing = np.zeros(0, np.int64)
    empty = Log(*(nothing for _ in COLUMNS))
    if isinstance(what, Aggregate):
        return what.gather(0, {})
    return what.whole(Frame(0, nothing, empty))
