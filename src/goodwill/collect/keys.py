"""The numbers by which an event is known again: of orders, of their lines, and of equal lines within one order.

A reference or key is 63 bits. Words become numbers by BLAKE2b (`hash64`); numbers are put together by the finaliser of
SplitMix64 (Steele, Lea and Flood, OOPSLA 2014), which a whole array goes through in a moment. Whoever sends the same
order by another way must come to the same numbers, so these functions are for ever.
"""

import numpy as np

from goodwill.basics.ids import hash64
from goodwill.collect.columns import Marks, Numbers

_MASK = np.uint64((1 << 63) - 1)
_STEP = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)
_ORDERED, _REFUNDED = hash64("ordered"), hash64("refunded")


def reference(source: str, order: str) -> int:
    """The number of an order of one source of orders."""
    return hash64("order", source, order)


def product_word(external: str) -> int:
    """What tells a line of an order from its other lines: its product, where lines have no number of their own."""
    return hash64("product", external)


def line_word(line: str) -> int:
    """What tells a line of an order from its other lines: its own number."""
    return hash64("line", line)


def order_keys(references: Numbers) -> Numbers:
    """The keys of ``ordered`` events, one per order."""
    return mixed(references, np.full(references.size, _ORDERED, np.int64))


def refund_keys(references: Numbers) -> Numbers:
    """The keys of ``refunded`` events that speak of a whole order, one per order."""
    return mixed(references, np.full(references.size, _REFUNDED, np.int64))


def line_keys(references: Numbers, words: Numbers, nth: Numbers) -> Numbers:
    """The keys of ``bought`` events.

    Args:
        words: `product_word` or `line_word` of each.
        nth: 0 for the first of several equal lines of an order, 1 for the second …
    """
    return mixed(mixed(references, words), nth)


def mixed(first: Numbers, second: Numbers) -> Numbers:
    """Two arrays of numbers as one array of 63-bit numbers, in which close pairs lie far apart."""
    bits = first.astype(np.uint64) ^ (second.astype(np.uint64) * _STEP + _STEP)
    bits = (bits ^ (bits >> np.uint64(30))) * _FIRST
    bits = (bits ^ (bits >> np.uint64(27))) * _SECOND
    together: Numbers = ((bits ^ (bits >> np.uint64(31))) & _MASK).astype(np.int64)
    return together


class Counted:
    """How often each number came before, for numbers that arrive in chunks: 8 bytes a number, however many there are.

    Kept as sorted runs of rising length, as in a log-structured merge tree; a question is a binary search in each.
    """

    def __init__(self) -> None:
        self._runs: list[Numbers] = []

    def before(self, numbers: Numbers) -> Numbers:
        """How often each number was added so far."""
        counts = np.zeros(numbers.size, np.int64)
        for run in self._runs:
            counts += np.searchsorted(run, numbers, "right") - np.searchsorted(run, numbers, "left")
        return counts

    def add(self, numbers: Numbers) -> None:
        run = np.sort(numbers)
        while self._runs and self._runs[-1].size <= 2 * run.size:
            run = np.sort(np.concatenate((self._runs.pop(), run)))
        self._runs.append(run)

    def nth(self, numbers: Numbers, seen: Marks) -> Numbers:
        """For each number how many equal ones came before it, in this array or an earlier one; it is added.

        Args:
            seen: those that may have come in an earlier array.
        """
        nth = nth_of_equals(numbers)
        if seen.any():
            nth[seen] += self.before(numbers[seen])
        self.add(numbers)
        return nth


def nth_of_equals(numbers: Numbers) -> Numbers:
    """For each number how many equal ones stand before it in the array."""
    order = np.argsort(numbers, kind="stable")
    ranked = numbers[order]
    place = np.arange(numbers.size)
    fresh = np.ones(numbers.size, bool)
    fresh[1:] = ranked[1:] != ranked[:-1]
    answer = np.empty(numbers.size, np.int64)
    answer[order] = place - np.maximum.accumulate(np.where(fresh, place, 0))
    return answer
