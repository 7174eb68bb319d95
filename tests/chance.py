"""Chance that falls alike in every run: the numbers of decisions and letters, and the salts that divide people.

What a test says of those who were held out, or of the arms of an experiment, is true of nearly every salt and not of
each: drawn anew it would fail once in some weeks, and nobody could find out why. So every test has dice of its own,
thrown as its name says. Keys, nonces, tokens and codes stay random: no fact may hang on them.
"""

import os
import random
import sys
from collections.abc import Hashable, Iterator
from contextlib import contextmanager

import pytest

from goodwill.basics import ids


class _Dice:
    """Stands in for what draws from the operating system, in this process only: one that is forked off draws itself."""

    def __init__(self, name: str) -> None:
        self._thrown = random.Random(name)
        self._process = os.getpid()
        self._before = ids._DRAWN

    def one(self) -> int:
        return self._thrown.getrandbits(63) if os.getpid() == self._process else self._before.one()

    def salt(self) -> str:
        return f"{self._thrown.getrandbits(128):032x}"


@contextmanager
def dice(name: str) -> Iterator[None]:
    """Within it, chance falls as it did the last time under this name."""
    thrown = _Dice(name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ids, "_DRAWN", thrown)
        if planning := sys.modules.get("goodwill.shop.planning"):
            patch.setattr(planning, "_salt", thrown.salt)
        yield


def name_of(kind: Hashable) -> str:
    """A name for what something is a copy of; a function's own text would name a place in memory."""
    if isinstance(kind, tuple):
        return ", ".join(map(name_of, kind))
    return str(getattr(kind, "__qualname__", kind))
