"""What was bought joins the log: news is added, what is known stays, and what is told in another way is looked at."""

from collections.abc import Sequence
from dataclasses import fields, replace
from itertools import compress
from typing import Any

import numpy as np
from sqlalchemy import Connection

from goodwill.collect import corrections
from goodwill.collect.columns import Marks, Numbers, Reason
from goodwill.collect.groups import Group, left_alone
from goodwill.collect.plans import PartPlan
from goodwill.collect.sales import LEFT_ALONE
from goodwill.collect.tables import Chunk
from goodwill.collect.told import ANOTHERS, beside_programs
from goodwill.collect.writing import Faults, Wrote, group_of
from goodwill.people import log
from goodwill.people.log import EventColumns
from goodwill.people.repeats import compared


def add_events(
    connection: Connection,
    part: PartPlan,
    chunk: Chunk,
    rows: Numbers,
    events: EventColumns,
    occurrence: Sequence[int] | None = None,
) -> Wrote:
    """Write the events of some rows. Those that say something else than stands in the log correct it or are given back.

    They correct what an earlier import said if they are of the same customer and the same moment. Otherwise nobody can
    tell whether the order is the same. Orders of which programs or webhooks told stay as these told them.
    """
    alone = np.asarray(events.person) == LEFT_ALONE
    if alone.any():
        others = _others(events, ~alone)
        wrote = add_events(connection, part, chunk, rows[~alone], others, _some(occurrence, ~alone))
        remarks = [*wrote.remarks, *left_alone(part.name, [chunk.lines[row] for row in rows[alone].tolist()])]
        return replace(wrote, remarks=remarks)
    beside = beside_programs(connection, events)
    if beside is None:
        return _add(connection, part, chunk, rows, events, occurrence)
    corrections.take_away(connection, events.import_id or 0, beside.gone)
    fresh = ~beside.known
    wrote = _add(connection, part, chunk, rows[fresh], _others(beside.events, fresh), _some(occurrence, fresh))
    remarks = [*wrote.remarks, *group_of(part, chunk, rows[beside.others], "order", ANOTHERS)]
    return replace(wrote, unchanged=wrote.unchanged + int(np.count_nonzero(beside.known)), remarks=remarks)


def _add(
    connection: Connection,
    part: PartPlan,
    chunk: Chunk,
    rows: Numbers,
    events: EventColumns,
    occurrence: Sequence[int] | None,
) -> Wrote:
    """Write events of orders of which no program told otherwise."""
    done = log.append(connection, events)
    if not done.repeated:
        return Wrote(done.kept, 0)
    found = compared(connection, events)
    number = events.import_id or 0
    corrected = found.other & found.same & (found.by != number)
    remarks = _remarks_of_corrections(part, chunk, rows[corrected], found.by[corrected])
    corrections.put_aside(connection, number, events, corrected)
    faults = Faults(part, chunk)
    for by in np.unique(found.by[found.other & ~corrected]).tolist():
        these = np.zeros(chunk.rows, bool)
        these[rows[found.other & ~corrected & (found.by == by)]] = True
        faults.because(these, _told_by(part), *_contradiction(by, number))
    rejects = faults.rejects(occurrence)
    kept = done.kept + int(np.count_nonzero(corrected))
    return Wrote(kept, rows.size - kept - len(rejects), rejects, remarks)


def _others(events: EventColumns, which: Marks) -> EventColumns:
    """Some of the events, each with all its columns."""
    columns = {one.name: getattr(events, one.name) for one in fields(EventColumns)}
    return EventColumns(**{name: _some(column, which) for name, column in columns.items()})


def _some(column: Any, which: Marks) -> Any:
    if column is None or isinstance(column, str | int):
        return column  # one for all
    return column[which] if isinstance(column, np.ndarray) else list(compress(column, which.tolist()))


def _told_by(part: PartPlan) -> str:
    """The field that shows best what a row says of its order."""
    return next((name for name in ("amount", "total", "unit-price", "quantity") if name in part.known.columns), "order")


def _remarks_of_corrections(part: PartPlan, chunk: Chunk, rows: Numbers, by: Numbers) -> list[Group]:
    remarks = []
    for number in np.unique(by).tolist():
        before = f"import {number}" if number >= 0 else "somebody else"
        reason = Reason(
            f"takes the place of what {before} said of this line of the order",
            "if it is another order, take this import back, and map a column that is unique to each order",
        )
        remarks += group_of(part, chunk, rows[by == number], _told_by(part), reason)
    return remarks


def _contradiction(by: int, own: int) -> Reason:
    """Why a row that says something else than stands in the log is not taken."""
    if by == own:
        return Reason("is not what this import says of the order elsewhere", "leave one of the two out")
    if by < 0:
        return Reason("is not what is known of an order of this number and day", "correct its number, or leave it out")
    return Reason(
        f"is not what import {by} says of an order of this number and day, which has another customer or time",
        f"if it is the same order, take that import back first: goodwill import undo {by}; if not, map a column that "
        "is unique to each order",
    )
