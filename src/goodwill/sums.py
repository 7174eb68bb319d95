"""Exact sums: what many people contributed, in whole numbers that add and subtract without loss.

A `Sums` is a set of named arrays of 64-bit integers. Adding and subtracting are checked: a result beyond 64 bits raises
`Overflow` and changes nothing. Equal sums have equal hashes on every machine, so a total without a person can be shown
to be the total that never had her.

The hash (v1): for each name in byte order, SHA-256 of ``name NUL shape NUL`` followed by the SHA-256 of each row
(the first axis; little-endian int64, the last axes in C order); then SHA-256 of ``goodwill-sums-v1`` and all of those.
A name whose array is all zeros and empty of rows still counts: shape is part of what is known.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from goodwill.basics.errors import Overflow

type_of_sums = np.dtype("<i8")
Whole = NDArray[np.int64]


def whole(values: ArrayLike) -> Whole:
    """Whole numbers as an array of 64-bit integers, at least one-dimensional.

    Raises:
        Overflow: a number does not fit.
        TypeError: a number is not whole (floats are refused, even 2.0: they hide a loss that already happened).
    """
    array = np.asarray(values)
    if array.dtype == object:
        if not all(isinstance(value, int) for value in array.flat):
            raise TypeError("Sums hold whole numbers only")
        if any(not -(2**63) <= value < 2**63 for value in array.flat):
            raise Overflow("A number does not fit into 64 bits")
    elif array.dtype.kind == "u" and array.size and int(array.max()) >= 2**63:
        raise Overflow("A number does not fit into 64 bits")
    elif array.dtype.kind not in "iub":
        if array.size:
            raise TypeError(f"Sums hold whole numbers only, not {array.dtype}")
    return np.atleast_1d(array.astype(type_of_sums))


@dataclass(frozen=True, slots=True)
class Cells:
    """A mostly empty array: only the cells that are not zero.

    Attributes:
        shape: of the whole array.
        at: flat C-order index of each cell, strictly increasing, shape (k,).
        values: what stands there, never zero, shape (k,).
    """

    shape: tuple[int, ...]
    at: NDArray[np.int64]
    values: Whole

    @classmethod
    def of(cls, shape: tuple[int, ...], at: ArrayLike, values: ArrayLike) -> "Cells":
        """Cells in any order, possibly repeated; repeated ones add up."""
        places = np.asarray(at, dtype=np.int64).ravel()
        numbers = whole(values).ravel() if np.size(values) else np.zeros(0, type_of_sums)
        if places.size and (int(places.min()) < 0 or int(places.max()) >= int(np.prod(shape, dtype=object))):
            raise IndexError(f"A cell lies outside an array of shape {shape}")
        places, where = np.unique(places, return_inverse=True)
        merged = np.zeros(places.size, type_of_sums)
        for value, slot in zip(*_in_rounds(numbers, where), strict=True):
            merged[slot] = _checked_add(merged[slot], value)
        kept = merged != 0
        return cls(shape, places[kept], merged[kept])

    def dense(self) -> Whole:
        out = np.zeros(self.shape, type_of_sums)
        out.flat[self.at] = self.values
        return out


def _in_rounds(numbers: Whole, where: NDArray[np.int64]) -> tuple[list[Whole], list[NDArray[np.int64]]]:
    """Split repeated cells into rounds without repetition, so that each addition can be checked for overflow."""
    order = np.argsort(where, kind="stable")
    sorted_where = where[order]
    starts = np.flatnonzero(np.r_[True, sorted_where[1:] != sorted_where[:-1]]) if where.size else np.zeros(0, np.int64)
    lengths = np.diff(np.r_[starts, sorted_where.size])
    turn = np.arange(sorted_where.size) - np.repeat(starts, lengths)
    rounds = [order[turn == n] for n in range(int(turn.max()) + 1)] if where.size else []
    return [numbers[r] for r in rounds], [where[r] for r in rounds]


def _checked_add(a: Whole, b: Whole) -> Whole:
    result = a + b
    if np.any(((a ^ result) & (b ^ result)) < 0):
        raise Overflow("A sum left the range of 64 bits; nothing was changed")
    return result


def _checked_negative(a: Whole) -> Whole:
    if np.any(a == np.iinfo(np.int64).min):
        raise Overflow("A sum left the range of 64 bits; nothing was changed")
    return -a


Part = Whole | Cells


class Sums(Mapping[str, Part]):
    """Named whole-number arrays that add and subtract exactly. A value: no operation changes it.

    >>> a, b = Sums(people=1, cents=[340, 250]), Sums(people=1, cents=[0, 120])
    >>> (a + b - a) == b, (a + b)["cents"].tolist()
    (True, [340, 370])

    Two sums add only if they have the same names and shapes; a sparse array (`Cells`) adds with a dense one.
    """

    __slots__ = ("_arrays",)

    def __init__(self, arrays: Mapping[str, ArrayLike | Cells] | None = None, /, **named: ArrayLike | Cells) -> None:
        given = {**(arrays or {}), **named}
        self._arrays: dict[str, Part] = {
            name: value if isinstance(value, Cells) else whole(value) for name, value in sorted(given.items())
        }

    def __getitem__(self, name: str) -> Part:
        return self._arrays[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)

    def array(self, name: str) -> Whole:
        """The array behind a name, dense."""
        value = self._arrays[name]
        return value.dense() if isinstance(value, Cells) else value

    def number(self, name: str) -> int:
        """The single number behind a name."""
        return int(self.array(name).item())

    def __add__(self, other: "Sums") -> "Sums":
        return self._combine(other, negate=False)

    def __sub__(self, other: "Sums") -> "Sums":
        return self._combine(other, negate=True)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sums) and self.shapes == other.shapes and all(
            np.array_equal(self.array(name), other.array(name)) for name in self
        )

    __hash__ = None  # type: ignore[assignment]  # `hash` below is the one that is shown to people

    def __repr__(self) -> str:
        return f"Sums({', '.join(f'{name}{list(shape)}' for name, shape in self.shapes.items())})"

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        return {name: value.shape for name, value in self._arrays.items()}

    def zero(self) -> "Sums":
        """Nobody's contribution: the same names and shapes, all zero."""
        nothing = np.zeros(0, type_of_sums)
        return Sums({name: Cells(shape, nothing, nothing) for name, shape in self.shapes.items()})

    def dense(self) -> "Sums":
        return Sums({name: self.array(name) for name in self})

    @property
    def hash(self) -> str:
        """SHA-256 in hex, equal on every machine for equal sums (see the module's text)."""
        return Running(self).hash

    def _combine(self, other: "Sums", *, negate: bool) -> "Sums":
        _same_shapes(self, other)
        return Sums({name: _combined(self[name], other[name], negate=negate) for name in self})


def _same_shapes(a: Sums, b: Sums) -> None:
    if a.shapes != b.shapes:
        raise ValueError(f"Sums of different shapes do not add: {a!r} and {b!r}")


def _combined(a: Part, b: Part, *, negate: bool) -> Part:
    if isinstance(a, Cells) and isinstance(b, Cells):
        second = _checked_negative(b.values) if negate else b.values
        return Cells.of(a.shape, np.r_[a.at, b.at], np.r_[a.values, second])
    first, second = (part.dense() if isinstance(part, Cells) else part for part in (a, b))
    return _checked_add(first, _checked_negative(second) if negate else second)


class Running:
    """A total that takes parts in and lets them go in place: for totals too large to copy for every person.

    Every change is checked before it is made, so an overflow leaves the total as it was. The hash remembers each
    row's hash and renews only the rows that were touched.
    """

    def __init__(self, sums: Sums) -> None:
        self._arrays = {name: np.array(sums.array(name), order="C") for name in sums}
        self._rows: dict[str, list[bytes | None]] = {
            name: [None] * _rows_of(array) for name, array in self._arrays.items()
        }

    @property
    def sums(self) -> Sums:
        """The total as it stands, sharing memory: read it, do not keep it across the next change."""
        return Sums(self._arrays)

    def array(self, name: str) -> Whole:
        return self._arrays[name]

    def add(self, part: Sums) -> None:
        self._take([(part, False)])

    def subtract(self, part: Sums) -> None:
        self._take([(part, True)])

    def replace(self, old: Sums, new: Sums) -> None:
        """Take ``old`` out and ``new`` in, as one change."""
        self.add(new - old)

    def _take(self, changes: list[tuple[Sums, bool]]) -> None:
        planned = []
        for part, negate in changes:
            if {name: array.shape for name, array in self._arrays.items()} != part.shapes:
                raise ValueError(f"A part of different shape does not add: {part!r}")
            planned += [self._plan(name, part[name], negate=negate) for name in part]
        for name, at, values in planned:
            array = self._arrays[name]
            if at is None:
                array[...] = values
                self._rows[name] = [None] * _rows_of(array)
            else:
                array.reshape(-1)[at] = values
                for row in np.unique(at // _row_length(array)).tolist():
                    self._rows[name][row] = None

    def _plan(self, name: str, part: Part, *, negate: bool) -> tuple[str, NDArray[np.int64] | None, Whole]:
        array = self._arrays[name]
        if isinstance(part, Cells):
            values = _checked_negative(part.values) if negate else part.values
            return name, part.at, _checked_add(array.reshape(-1)[part.at], values)
        return name, None, _checked_add(array, _checked_negative(part) if negate else part)

    @property
    def hash(self) -> str:
        whole_hash = hashlib.sha256(b"goodwill-sums-v1")
        for name in sorted(self._arrays):
            array, rows = self._arrays[name], self._rows[name]
            lines = array.reshape(len(rows), -1) if rows else array
            for index, known in enumerate(rows):
                if known is None:
                    rows[index] = hashlib.sha256(lines[index].data).digest()
            inner = hashlib.sha256(f"{name}\0{','.join(map(str, array.shape))}\0".encode())
            inner.update(b"".join(row for row in rows if row is not None))
            whole_hash.update(inner.digest())
        return whole_hash.hexdigest()


def _rows_of(array: Whole) -> int:
    return array.shape[0] if array.ndim > 1 else 1


def _row_length(array: Whole) -> int:
    return max(1, array.size // max(1, _rows_of(array)))
