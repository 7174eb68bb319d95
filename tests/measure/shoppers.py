"""People who order, pay in two currencies and give things back: small enough to count by hand."""

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from goodwill.access import Frame, Log, View
from goodwill.access.view import COLUMNS
from goodwill.basics.clock import DAY
from goodwill.basics.ids import PersonId
from goodwill.people.types import BOUGHT, ORDERED, REFUNDED
from goodwill.purposes import STATISTICS, Category
from goodwill.storage import AsOf
from goodwill.sums import Sums

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
    type=st.sampled_from([BOUGHT, BOUGHT, ORDERED, REFUNDED]),
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


def view_of(some, person=1):
    used = frozenset({Category("purchases")})
    return View(PersonId(person), STATISTICS, AsOf(0, 0, 0, 0), used, frozenset(), log_of(some))


def frame_of(people, group=None):
    logs = [log_of(some) for some in people]
    number = np.concatenate([np.full(len(log), n) for n, log in enumerate(logs)] or [np.zeros(0, np.int64)])
    columns = [
        np.concatenate([getattr(log, name) for log in logs] or [np.zeros(0, np.int64)])
        for name in (*COLUMNS, "foreign")
    ]
    return Frame(len(people), number.astype(np.int64), Log(*columns[:-1], foreign=columns[-1]), group)


def total_of_parts(what, people) -> Sums:
    """One person after another, starting from nobody; person n has the id n + 1."""
    group = np.zeros(0, np.int64)
    total = what.whole(frame_of([], group))
    for n, some in enumerate(people):
        total += what.part(view_of(some, n + 1))
    return total
