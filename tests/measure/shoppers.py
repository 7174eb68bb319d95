"""People who order, pay in two currencies and give things back: small enough to count by hand."""

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from goodwill.access import BySaid, ByWord, Frame, Grouped, Log, View
from goodwill.access.view import COLUMNS
from goodwill.basics.clock import DAY
from goodwill.basics.ids import PersonId
from goodwill.measure.joining import CLICKED, OPENED, SENT
from goodwill.people.types import BOUGHT, ORDERED, REFUNDED
from goodwill.purposes import STATISTICS, Category
from goodwill.storage import AsOf

UNTIL = 400


@dataclass(frozen=True)
class Line:
    day: int
    amount: int = 250
    order: int = -1
    type: int = BOUGHT
    foreign: int = 0


lines = st.builds(
    Line,
    day=st.integers(0, 410),
    amount=st.integers(0, 3_000),
    order=st.integers(-1, 6),
    type=st.sampled_from([BOUGHT, BOUGHT, BOUGHT, ORDERED, ORDERED, REFUNDED, SENT, CLICKED, OPENED]),
    foreign=st.sampled_from([0, 0, 0, 1]),
)
crowd = st.lists(st.lists(lines, max_size=12), max_size=6)


def log_of(some):
    """Lines as the door hands them out: by day and id, with their currency told."""
    ordered = sorted(some, key=lambda line: line.day)
    number, nothing = np.arange(len(some)), np.zeros(len(some), np.int64)
    of = {
        name: np.array([getattr(line, name) for line in ordered], np.int64)
        for name in ("day", "amount", "type", "foreign", "order")
    }
    columns = dict.fromkeys(COLUMNS, nothing) | {
        "id": number, "at": of["day"] * DAY + number, "day": of["day"], "type": of["type"], "amount": of["amount"],
        "reference": of["order"],
    }  # fmt: skip
    return Log(**columns, foreign=of["foreign"])


def view_of(some, person=1, group=None):
    used = frozenset({Category("purchases")})
    return View(PersonId(person), STATISTICS, AsOf(0, 0, 0, 0), used, frozenset(), log_of(some), group=group)


def groups_of(what, ids):
    """As the door asks: by the contribution's own function, or by whether somebody allows a purpose (odd ids do).

    What had been said goes through all numbers, with ids.
    """
    ids = np.array(ids, np.int64)
    if isinstance(what, BySaid):
        had = ids % what.said.kinds
        return what.group_of(ids) * what.said.kinds + had if isinstance(what, Grouped) else had
    if isinstance(what, Grouped):
        return what.group_of(ids)
    return ids % 2 if isinstance(what, ByWord) else None


def part_of(what, some, person):
    group = groups_of(what, [person])
    return what.part(view_of(some, person, None if group is None else int(group[0])))


def whole_of(what, people, ids=None):
    ids = range(1, len(people) + 1) if ids is None else ids
    return what.whole(frame_of(people, groups_of(what, list(ids))))


def frame_of(people, group=None):
    logs = [log_of(some) for some in people]
    number = np.concatenate([np.full(len(log), n) for n, log in enumerate(logs)] or [np.zeros(0, np.int64)])
    columns = [
        np.concatenate([getattr(log, name) for log in logs] or [np.zeros(0, np.int64)])
        for name in (*COLUMNS, "foreign")
    ]
    return Frame(len(people), number.astype(np.int64), Log(*columns[:-1], foreign=columns[-1]), group)


def total_of_parts(what, people):
    """One person after another, starting from nobody; person n has the id n + 1."""
    total = whole_of(what, [])
    for n, some in enumerate(people):
        total += part_of(what, some, n + 1)
    return total
