"""Chance, one stream for each thing that is left to it, so that a knob moves its own thing and no other.

A world in which something else was decided draws the same numbers: what differs between two worlds was caused.
"""

from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Doubles = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
_STEP = np.uint64(0x9E3779B97F4A7C15)


class Source(IntEnum):
    """What a stream of random numbers decides. Numbers are for ever: another one would be another world."""

    COVARIATES = 1
    BASELINE = 2
    RATE = 3
    SPEND = 4
    CONSENT = 5
    ARM = 6
    FRIEND = 7
    TRACKED = 8
    RECORDED = 9
    WAVE = 10
    PAYS = 11
    TRUST = 20
    ORDERS = 21
    LEAVES = 22
    COMPLAINS = 23
    EMAIL = 24
    SOCIAL = 25
    RETARGETING = 26
    RESPONDS = 30
    ITEMS = 31
    NPS = 32
    MENTIONS = 40
    POLARITY = 41
    TOPIC = 42
    CLASSIFIER = 43
    AUDIT = 44
    INCIDENTS = 50
    GROUPS = 60
    STRATA = 61
    OFFERS = 62
    ORDER_TIME = 70
    ORDER_TIES = 71
    ORDER_TWICE = 72
    ORDER_LATE = 73
    ORDER_DELAY = 74
    ORDER_KEY = 75
    TOUCH_TIME = 76


def stream(seed: int, source: Source, *where: int) -> np.random.Generator:
    """The random numbers of one thing, of one week where there is one for each."""
    return np.random.default_rng([seed, source, *where])


def hashed(seed: int, source: Source, *where: Ints) -> NDArray[np.uint64]:
    """A 64-bit number for each row of some whole numbers: the same for the same row in whatever world it stands.

    Steele, Lea and Flood 2014, SplitMix64: its finaliser, once for each column.
    """
    start = int(stream(seed, source).integers(2**63))
    mixed = np.full(where[0].shape, start, dtype=np.uint64)
    for column in where:
        mixed = _mixed((mixed ^ column.astype(np.uint64)) + _STEP)
    return mixed


def uniform_of(seed: int, source: Source, *where: Ints) -> NDArray[np.float64]:
    """`hashed` as numbers from 0 to 1, without 1."""
    return (hashed(seed, source, *where) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def poisson(rate: Floats, chance: Floats) -> NDArray[np.int16]:
    """Poisson counts as the inverse of their distribution, so that a higher rate never gives a lower count.

    Args:
        rate: at least 0, shape (n,).
        chance: uniform numbers from 0 to 1, shape (n,).
    """
    counts = np.zeros(rate.shape, dtype=np.int16)
    below = np.exp(-rate.astype(np.float64))
    left = np.flatnonzero(chance > below)
    mean, level, density, total = rate[left], chance[left], below[left], below[left]
    count = 0
    while left.size:
        count += 1
        density = density * mean / count
        total = total + density
        counts[left] = count
        more = (level > total) & (density > 1e-17)  # beyond that rounding alone keeps the sum below
        left, mean, level, density, total = left[more], mean[more], level[more], density[more], total[more]
    return counts


def _mixed(bits: NDArray[np.uint64]) -> NDArray[np.uint64]:
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))
