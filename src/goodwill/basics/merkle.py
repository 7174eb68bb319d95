"""Merkle trees after RFC 9162, section 2.1: one hash for a whole log, and short proofs about it.

A proof of inclusion shows that a line stands in a log of some size; a proof of consistency that a longer log begins
with a shorter one. Everything is worked out from a function that gives the hash of a *full subtree*, the one with
2^level leaves that begins at leaf ``number`` · 2^level; so a long log may keep some of them and hash the rest.
"""

from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256

HASH_BYTES = 32
Node = Callable[[int, int], bytes]  # level, number: the hash of a full subtree


def leaf_hash(line: bytes) -> bytes:
    """The hash of one line."""
    return sha256(b"\x00" + line).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees."""
    return sha256(b"\x01" + left + right).digest()


def empty_root() -> bytes:
    """The root of a log without lines."""
    return sha256().digest()


# ---- what a log says -------------------------------------------------------------------------------------------------


def nodes_of(leaves: Sequence[bytes]) -> Node:
    """The full subtrees over some leaf hashes."""

    def node(level: int, number: int) -> bytes:
        return full_root(leaves[number << level : (number + 1) << level])

    return node


def full_root(leaves: Sequence[bytes]) -> bytes:
    """The root over a power of two of hashes, pair by pair."""
    row = list(leaves)
    while len(row) > 1:
        row = [node_hash(row[n], row[n + 1]) for n in range(0, len(row), 2)]
    return row[0]


def root(size: int, node: Node) -> bytes:
    """The root of the first ``size`` lines."""
    return _over(0, size, node) if size else empty_root()


def inclusion(index: int, size: int, node: Node) -> list[bytes]:
    """The proof that line ``index`` (from 0) is in the log of ``size`` lines: the hashes beside its path, upwards.

    Raises:
        ValueError: there is no such line.
    """
    if not 0 <= index < size:
        raise ValueError(f"line {index} is not in a log of {size} lines")
    begin, end, beside = 0, size, []
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if index < middle:
            beside.append(_over(middle, end, node))
            end = middle
        else:
            beside.append(_over(begin, middle, node))
            begin = middle
    return beside[::-1]


def consistency(first: int, second: int, node: Node) -> list[bytes]:
    """The proof that the log of ``second`` lines begins with the one of ``first`` lines.

    Raises:
        ValueError: the first is longer than the second, or empty (which everything begins with; there is no proof).
    """
    if not 0 < first <= second:
        raise ValueError(f"no proof leads from {first} to {second} lines")
    begin, end, whole = 0, second, True  # `whole`: the subtree under first is one that its own root names
    found: list[bytes] = []
    while first < end:
        middle = begin + _split(end - begin)
        if first <= middle:
            found.append(_over(middle, end, node))
            end = middle
        else:
            found.append(_over(begin, middle, node))
            begin, whole = middle, False
    return ([] if whole else [_over(begin, end, node)]) + found[::-1]


def _over(begin: int, end: int, node: Node) -> bytes:
    """The hash over the lines from ``begin`` to ``end``; ``begin`` is one where such a subtree may begin."""
    parts = [node(level, number) for level, number in full_subtrees(begin, end)]
    found = parts.pop()
    while parts:
        found = node_hash(parts.pop(), found)
    return found


def full_subtrees(begin: int, end: int) -> Iterator[tuple[int, int]]:
    """The full subtrees, as (level, number), that the lines from ``begin`` to ``end`` fall into, the largest first."""
    while begin < end:
        level = (end - begin).bit_length() - 1
        yield level, begin >> level
        begin += 1 << level


def _split(size: int) -> int:
    """The largest power of two smaller than ``size``."""
    return 1 << (size - 1).bit_length() - 1


class Growing:
    """The root of a log that is read line by line: keeps one hash for each bit of its size."""

    def __init__(self) -> None:
        self.size = 0
        self._full: list[bytes] = []

    def add(self, leaf: bytes) -> None:
        """Take in the hash of the next line."""
        size, found = self.size, leaf
        while size & 1:
            found = node_hash(self._full.pop(), found)
            size >>= 1
        self._full.append(found)
        self.size += 1

    @property
    def root(self) -> bytes:
        if not self._full:
            return empty_root()
        found = self._full[-1]
        for left in reversed(self._full[:-1]):
            found = node_hash(left, found)
        return found


# ---- what a stranger checks ------------------------------------------------------------------------------------------


def proves_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether a proof shows that a leaf is line ``index`` (from 0) of the log with a root (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size or not _are_hashes((leaf, root, *proof)):
        return False
    place, last, found = index, size - 1, leaf
    for beside in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            found = node_hash(beside, found)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, beside)
        place, last = place >> 1, last >> 1
    return last == 0 and found == root


def proves_consistency(first: int, second: int, proof: Sequence[bytes], first_root: bytes, second_root: bytes) -> bool:
    """Whether a proof shows that the log with the second root begins with the one with the first (RFC 9162, 2.1.4.2).

    Everything begins with the empty log; of two logs of one size the roots must be equal. Both need an empty proof.
    """
    if not 0 <= first <= second or not _are_hashes((first_root, second_root, *proof)):
        return False
    if first in (0, second):
        return not proof and first_root == (empty_root() if first == 0 else second_root)
    path = list(proof)
    if first & (first - 1) == 0:
        path.insert(0, first_root)
    if not path:
        return False
    place, last = first - 1, second - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old = new = path[0]
    for beside in path[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            old, new = node_hash(beside, old), node_hash(beside, new)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            new = node_hash(new, beside)
        place, last = place >> 1, last >> 1
    return last == 0 and old == first_root and new == second_root


def _are_hashes(words: Sequence[bytes]) -> bool:
    return all(len(word) == HASH_BYTES for word in words)
