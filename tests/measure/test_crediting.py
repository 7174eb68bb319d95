"""Walks of messages to orders, as exact sums; beside a plain loop that works out the same."""

from collections import Counter
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from tests.measure.shoppers import frame_of, view_of

from goodwill.measure.crediting import LONGEST, MAIL, PAGE, SENT, SHOWN, Walked, walks_of
from goodwill.people.types import ORDERED, REFUNDED
from goodwill.purposes import shipped

Walks: TypeAlias = Counter[tuple[str, ...]]
Both: TypeAlias = tuple[Walks, Walks]

SLOT = 77  # the number under which the log knows what the slot "deals" showed
WHAT = Walked(since=50, until=150, back=20, channels=(MAIL, PAGE, "deals"), slots=((SLOT, 2),))


@dataclass(frozen=True)
class Event:
    day: int
    type: int = SENT
    order: int = -1
    amount: int = 500
    foreign: int = 0


def buys(day: int) -> Event:
    return Event(day, ORDERED, order=day)


events = st.one_of(
    st.builds(Event, day=st.integers(0, 160), type=st.just(SENT)),
    st.builds(Event, day=st.integers(0, 160), type=st.just(SHOWN), order=st.sampled_from([-1, 5, SLOT])),
    st.builds(buys, st.integers(0, 160)),
)
crowd = st.lists(st.lists(events, max_size=14), max_size=5)


def told(people) -> Both:
    walks = walks_of(WHAT.whole(frame_of(people)), WHAT)
    each = list(zip(walks.paths, walks.ended, walks.not_ended, strict=True))
    return Counter({path: yes for path, yes, _ in each if yes}), Counter({path: no for path, _, no in each if no})


def by_a_loop(people) -> Both:
    ended: Walks = Counter()
    not_ended: Walks = Counter()
    for some in people:
        days = sorted({one.day for one in some if one.type == ORDERED and one.day <= WHAT.until})
        walks: dict[tuple[int, bool], list[str]] = {}
        for one in sorted(some, key=lambda one: one.day):
            if one.type == ORDERED or one.day > WHAT.until:
                continue
            to = next((day for day in days if day >= one.day), 10**6)
            led = to - one.day <= WHAT.back
            counts = to >= WHAT.since if led else WHAT.since <= one.day <= WHAT.until - WHAT.back
            if counts:
                channel = MAIL if one.type == SENT else "deals" if one.order == SLOT else PAGE
                walk = walks.setdefault((to, led), [])
                if not walk or walk[-1] != channel:
                    walk.append(channel)
        for (_, led), walk in walks.items():
            (ended if led else not_ended)[tuple(walk[-LONGEST:])] += 1
    return ended, not_ended


@given(crowd)
def test_walks_are_those_that_a_plain_loop_finds(people):
    assert told(people) == by_a_loop(people)


@given(crowd)
def test_the_sums_of_all_are_the_sum_of_each_ones(people):
    total = WHAT.whole(frame_of([]))
    for some in people:
        total += WHAT.part(view_of(some))
    assert total == WHAT.whole(frame_of(people))


@given(crowd, st.lists(events, max_size=14))
def test_without_somebody_it_is_what_it_would_have_been_without_her(people, chiara):
    assert WHAT.whole(frame_of([*people, chiara])) - WHAT.part(view_of(chiara)) == WHAT.whole(frame_of(people))


def test_what_came_before_an_order_and_what_led_to_none():
    amina = [Event(60), Event(62, SHOWN, order=SLOT), Event(63, SHOWN, order=SLOT), buys(70), Event(90), buys(140)]
    dev = [Event(145)]  # may still lead to an order
    ended, not_ended = told([amina, dev])
    assert ended == {(MAIL, "deals"): 1}
    assert not_ended == {(MAIL,): 1}, "of amina, fifty days before her next order"
    sums = WHAT.whole(frame_of([amina, dev]))
    assert (sums.number("orders"), sums.number("touched")) == (2, 1)


def test_an_order_that_came_back_whole_is_none():
    back = Event(72, REFUNDED, order=70)
    ended, not_ended = told([[Event(69), buys(70), back]])
    assert (ended, not_ended) == ({}, {(MAIL,): 1})


def test_only_the_last_touches_of_a_long_walk_count():
    long = [Event(60 + n, SENT if n % 2 else SHOWN) for n in range(9)]
    ((path, times),) = told([[*long, buys(69)]])[0].items()
    assert (len(path), times) == (LONGEST, 1)
    assert path[-1] == PAGE


def test_it_reads_what_its_purpose_lists():
    entry = shipped()[WHAT.purpose]
    assert WHAT.categories <= frozenset(entry.categories)
    assert np.dtype(np.int64) == WHAT.part(view_of([])).array("touched").dtype
