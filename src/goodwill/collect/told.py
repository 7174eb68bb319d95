"""Files beside programs: an order of which a program or a webhook told as it happened is the same order in a file.

It counts once, for whoever it was told of first. What went back of it is what the file says, for that comes from the
shop's own system; what programs told of that takes its leave.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from sqlalchemy import Connection

from goodwill.collect.columns import Marks, Numbers, Reason
from goodwill.collect.keys import refund_keys
from goodwill.people import repeats
from goodwill.people.columns import EventColumns
from goodwill.people.repeats import Place, Told
from goodwill.people.types import REFUNDED
from goodwill.storage.engine import EVENTS, one_at_a_time

ANOTHERS: Final = Reason(
    "is an order of which a program or a webhook told before, for somebody else; it stays hers, and counts once",
    "if these are two orders, map a column that is unique to each order, and import again",
)


@dataclass(frozen=True)
class Beside:
    """Events of a file beside what programs told.

    Attributes:
        events: the same, each refund with whoever its order is of.
        known: those that stand already. others: of these, the ones that stand for somebody else.
        gone: places of refunds by programs that these take the place of.
    """

    events: EventColumns
    known: Marks
    others: Marks
    gone: frozenset[Place]


def beside_programs(connection: Connection, events: EventColumns) -> Beside | None:
    """How some events of a file stand to what programs told; None where none of them told of these orders."""
    references = np.asarray(events.reference)
    one_at_a_time(connection, EVENTS)  # no program tells of one of them between the look and the rows
    told = repeats.told_as_it_happened(connection, set(references.tolist()))
    if not told:
        return None
    persons = np.array(events.person)
    known, others, gone = np.zeros(persons.size, bool), np.zeros(persons.size, bool), set[Place]()
    types, days, keys = (np.asarray(column) for column in (events.type, events.day, events.key))
    for row in np.flatnonzero(np.isin(references, np.fromiter(told, np.int64, len(told)))).tolist():
        order = told[int(references[row])]
        if types[row] == REFUNDED:
            persons[row] = persons[row] if order.owner is None else order.owner
            gone |= _by_programs(order, int(references[row]))
        elif order.owner is not None and persons[row] not in (order.owner, -1):
            known[row] = others[row] = True
        else:  # midnight may have come between
            known[row] = order.bought.get(int(keys[row]), days[row]) != days[row]
    return Beside(replace(events, person=persons), known, others, frozenset(gone))


def _by_programs(order: Told, reference: int) -> set[Place]:
    """What went back of an order as programs told it; the one sum that systems tell has a key of its own."""
    own = int(refund_keys(_array(reference))[0])
    return {(day, key) for day, key in order.back if key != own}


def _array(number: int) -> Numbers:
    return np.array([number], np.int64)
