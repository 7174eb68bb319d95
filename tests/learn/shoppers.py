"""People who buy, small enough to count by hand and random enough to find what nobody thought of."""

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from goodwill.access import Frame, Log, View
from goodwill.access.view import COLUMNS
from goodwill.basics.clock import DAY, SECOND
from goodwill.basics.ids import PersonId
from goodwill.learn.baskets import Baskets, of_arrays
from goodwill.people.types import BOUGHT, event_type
from goodwill.purposes import MODEL_IMPROVEMENT, Category
from goodwill.storage import AsOf

VIEWED = event_type("viewed").code
PRODUCTS, ITEMS = 9, 6
_APART = 37 * 60 * SECOND
ITEM_OF = np.array([0, 0, 1, 2, 3, -1, 4, 5, 5])  # two products of one item, and one that counts as none


@dataclass(frozen=True)
class Line:
    day: int
    product: int = 0
    order: int = -1
    type: int = BOUGHT


lines = st.builds(
    Line,
    day=st.integers(0, 60).map(lambda n: n * n // 10),
    product=st.integers(-1, PRODUCTS + 1),
    order=st.integers(-1, 3),
    type=st.sampled_from([BOUGHT, BOUGHT, BOUGHT, VIEWED]),
)
person = st.lists(lines, max_size=25)
crowd = st.lists(person, max_size=6)


def log_of(some):
    """Lines as the door hands them out: by day, moment and id."""
    day = np.array([line.day for line in some], np.int64)
    order = np.argsort(day, kind="stable")
    number = np.arange(len(some))
    columns = dict.fromkeys(COLUMNS, np.zeros(len(some), np.int64)) | {
        "id": number,
        "at": day[order] * DAY + number * _APART,
        "day": day[order],
        "type": np.array([line.type for line in some], np.int64)[order],
        "product": np.array([line.product for line in some], np.int64)[order],
        "reference": np.array([line.order for line in some], np.int64)[order],
    }
    return Log(**columns)


def view_of(some):
    used = frozenset({Category("purchases")})
    return View(PersonId(1), MODEL_IMPROVEMENT, AsOf(0, 0, 0, 0), used, frozenset(), log_of(some))


def frame_of(people):
    logs = [log_of(some) for some in people]
    number = np.concatenate([np.full(len(log), n) for n, log in enumerate(logs)] or [np.zeros(0, np.int64)])
    columns = [np.concatenate([getattr(log, name) for log in logs] or [np.zeros(0, np.int64)]) for name in COLUMNS]
    return Frame(len(people), number.astype(np.int64), Log(*columns))


def total_of_parts(what, people):
    """One person after another, starting from nobody."""
    total = what.whole(frame_of([]))
    for some in people:
        total += what.part(view_of(some))
    return total


def baskets_of(*people: list[tuple[int, list[int]]], items: int = ITEMS) -> Baskets:
    """Visits written out: for each person, day and items of each visit."""
    flat = [(n, day, item) for n, visits in enumerate(people) for day, bought in visits for item in bought]
    who, day, item = (np.array(column, np.int64) for column in (zip(*flat, strict=True) if flat else ([], [], [])))
    return of_arrays(who, len(people), day, np.full(who.size, -1), item, items)


def regulars(people: int, items: int, visits: int, seed: int) -> Baskets:
    """People with tastes of their own, who come every few days."""
    chance = np.random.default_rng(seed)
    liking = chance.dirichlet(np.full(items, 0.3), people)
    bought: list[tuple[int, int, int]] = []
    for n in range(people):
        for day in np.cumsum(chance.integers(1, 9, visits)).tolist():
            bought += [(n, day, item) for item in chance.choice(items, chance.integers(1, 6), p=liking[n]).tolist()]
    who, day, item = np.array(bought, np.int64).T
    return of_arrays(who, people, day, np.full(who.size, -1), item, items)
