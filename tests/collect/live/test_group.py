"""Group commit: many wait while one writes; nobody is told of success before it is on disk, none waits for ever."""

import threading
import time

import pytest

from goodwill.basics.errors import Busy
from goodwill.collect.live.group import MOST_AT_ONCE, MOST_BYTES, MOST_WAITING, Full, Group
from goodwill.collect.live.reading import Given, Outcome, Sender
from goodwill.collect.live.segment import Unread

SENDER = Sender("k", "s", public=False)


def given(messages=1):
    return Given(SENDER, tuple(Unread("malformed", "") for _ in range(messages)))


class Slow:
    """Writes when it is let."""

    def __init__(self):
        self.may = threading.Event()
        self.groups = []

    def __call__(self, some):
        self.may.wait(10)
        self.groups.append([len(one.messages) for one in some])
        return [[Outcome()] * len(one.messages) for one in some]


@pytest.fixture
def slow():
    return Slow()


@pytest.fixture
def group(slow):
    made = Group(slow)
    yield made
    slow.may.set()
    made.close()


def test_what_comes_while_one_writes_goes_together_and_in_order(group, slow):
    first = group.bring(given(1), 10)
    until(lambda: not group._waiting)
    rest = [group.bring(given(n), 10) for n in (2, 3, 4)]
    assert not first.done()
    slow.may.set()
    assert [len(one.result(5)) for one in (first, *rest)] == [1, 2, 3, 4]
    assert slow.groups == [[1], [2, 3, 4]]
    until(lambda: group.waiting == 0)


def test_one_transaction_holds_no_more_than_fits(group, slow):
    group.bring(given(1), 10)
    until(lambda: not group._waiting)
    done = [group.bring(given(MOST_AT_ONCE // 2 + 1), 10) for _ in range(3)]
    slow.may.set()
    for one in done:
        one.result(5)
    assert [len(some) for some in slow.groups] == [1, 1, 1, 1]


@pytest.mark.parametrize(("messages", "size"), [(MOST_WAITING, 10), (1, MOST_BYTES)])
def test_what_does_not_fit_is_sent_away_before_memory_grows_and_fits_again_later(group, slow, messages, size):
    first = group.bring(given(messages), size)
    with pytest.raises(Full):
        group.bring(given(1), 1 if messages > 1 else size)
    slow.may.set()
    first.result(5)
    until(lambda: group.waiting == 0)
    group.bring(given(1), 1).result(5)


def test_whoever_brings_what_breaks_is_told_and_the_others_are_taken():
    taken = []

    def take(some):
        if any(len(one.messages) == 13 for one in some):
            raise ValueError("thirteen")
        taken.extend(len(one.messages) for one in some)
        return [[Outcome()] * len(one.messages) for one in some]

    hold = threading.Event()
    group = Group(lambda some: (hold.wait(5), take(some))[1])
    done = [group.bring(given(n), 1) for n in (1, 2, 13, 4)]
    hold.set()
    assert [None if one.exception(5) else len(one.result()) for one in done] == [1, 2, None, 4]
    assert sorted(taken) == [1, 2, 4]
    group.close()


def test_a_busy_database_tells_everybody_to_come_back():
    def take(_):
        raise Busy("The database is busy.")

    group = Group(take)
    with pytest.raises(Busy):
        group.bring(given(), 1).result(5)
    group.close()


def test_closing_writes_what_waits_and_takes_nothing_more(group, slow):
    done = [group.bring(given(), 1) for _ in range(5)]
    slow.may.set()
    group.close()
    assert all(one.done() for one in done)
    with pytest.raises(Full):
        group.bring(given(), 1)


def until(ready):
    end = time.monotonic() + 60
    while not ready():
        assert time.monotonic() < end
        time.sleep(0.002)
