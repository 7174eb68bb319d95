"""Passwords are hashed few at once and with rests, and whoever waits too long is told so."""

import threading

import pytest

from goodwill.basics.errors import Busy
from goodwill.protect import passwords as module
from goodwill.protect.passwords import REST, Cost, Passwords

CHEAP = Cost(memory=64, passes=1)


class Time:
    """A clock that sleeping moves, and hashing by as much as it is told."""

    def __init__(self):
        self.now, self.slept = 100.0, []

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def time(monkeypatch):
    made = Time()
    monkeypatch.setattr(module, "time", made)
    monkeypatch.setattr(module.os, "cpu_count", lambda: 2)
    return made


class Slow:
    """Hashes nothing, for two seconds."""

    def __init__(self, time):
        self.time = time

    def hash(self, password):
        self.time.now += 2
        return f"hash of {password!r}"


def test_each_place_rests_before_the_next_hash_and_not_before_the_first(time):
    passwords = Passwords(CHEAP)
    passwords._hasher = Slow(time)
    passwords.hash("a long password")
    assert sum(time.slept) == 0  # nobody who signs in alone is kept waiting
    passwords.hash("a long password")
    assert sum(time.slept) == REST * 2
    time.now += 60
    passwords.hash("a long password")
    assert sum(time.slept) == REST * 2


def test_a_hash_that_breaks_gives_its_place_back():
    passwords = Passwords(CHEAP, patience=5)
    for _ in range(3):
        with pytest.raises(TypeError):
            passwords.hash(None)
    assert passwords.fits(passwords.hash("a long password"), "a long password")


def test_whoever_finds_no_place_in_time_is_told_to_come_back(monkeypatch):
    monkeypatch.setattr(module.os, "cpu_count", lambda: 2)
    passwords, begun, ended = Passwords(CHEAP, patience=0.01), threading.Event(), threading.Event()

    class Held:
        def hash(self, _):
            begun.set()
            ended.wait(10)
            return ""

    passwords._hasher = Held()
    first = threading.Thread(target=passwords.hash, args=("a long password",))
    first.start()
    begun.wait(10)
    with pytest.raises(Busy, match="Too many"):
        passwords.hash("a long password")
    ended.set()
    first.join()
