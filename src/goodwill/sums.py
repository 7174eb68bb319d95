"""Exact sums: what many people contributed, in whole numbers that add and subtract without loss.

A `Sums` is a set of named arrays of 64-bit integers. Adding and subtracting are checked: a result beyond 64 bits raises
`Overflow` and changes nothing. Equal sums have equal hashes on every machine, so a total without a person can be shown
to be the total that never had her.

The hash (v1): for each name in byte order, SHA-256 of ``name NUL shape NUL`` followed by the SHA-256 of each row
(the first axis; little-endian int64, the last axes in C order; an array of one axis is one row); then SHA-256 of
``goodwill-sums-v1`` and all of those. A name whose array is all zeros or empty still counts: shape is part of what is
known.
"""

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral

import numpy as np
from numpy.typing import ArrayLike, NDArray

from goodwill.basics.errors import Overflow

type_of_sums = np.dtype("<i8")
Whole = NDArray[np.int64]

_LEAST, _MOST = -(2**63), 2**63 - 1
_BLOCK = 1 << 15  # cells that are added at a time: the temporaries of a large total stay in the processor's cache
_LEFT = "A sum left the range of 64 bits; nothing was changed"


def whole(values: ArrayLike) -> Whole:
    """Whole numbers as an array of 64-bit integers of its own, at least one-dimensional.

    Raises:
        Overflow: a number does not fit.
        TypeError: a number is not whole (floats are refused, even 2.0: they hide a loss that already happened).
    """
    array = np.asarray(values)
    if array.dtype.kind == "f" and not isinstance(values, np.ndarray | np.generic):
        array = np.asarray(values, dtype=object)  # [2**63, -1] looks like floats to NumPy
    if array.dtype == object:
        if not all(isinstance(value, Integral) for value in array.flat):
            raise TypeError("Sums hold whole numbers only")
        if not all(_LEAST <= value <= _MOST for value in array.flat):
            raise Overflow("A number does not fit into 64 bits")
    elif array.dtype.kind == "u" and array.size and int(array.max()) > _MOST:
        raise Overflow("A number does not fit into 64 bits")
    elif array.dtype.kind not in "iub" and array.size:
        raise TypeError(f"Sums hold whole numbers only, not {array.dtype}")
    return np.atleast_1d(array.astype(type_of_sums, order="C"))


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """A mostly empty array: only the cells that are not zero.

    Attributes:
        shape: of the whole array; it holds fewer than 2**63 cells.
        at: flat C-order index of each cell, strictly increasing, shape (k,).
        values: what stands there, never zero, shape (k,).

    Raises:
        ValueError: the cells are not in that order, repeat, hold a zero, or are not as many as their values.
        IndexError: a cell lies outside the shape.
    """

    shape: tuple[int, ...]
    at: NDArray[np.int64]
    values: Whole

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", _checked_shape(self.shape))
        if self.at.dtype != np.int64 or self.values.dtype != type_of_sums or self.at.ndim != 1:
            raise ValueError("Cells are 64-bit whole numbers with flat places; Cells.of makes them so")
        if self.at.shape != self.values.shape:
            raise ValueError(f"{self.at.size} cells need as many values, not {self.values.size}")
        if self.at.size and (self.at[0] < 0 or int(self.at[-1]) >= math.prod(self.shape)):
            raise IndexError(f"A cell lies outside an array of shape {self.shape}")
        if np.any(self.at[1:] <= self.at[:-1]) or not np.all(self.values):
            raise ValueError("Cells stand in strictly increasing order and are not zero; Cells.of sees to it")
        object.__setattr__(self, "at", _read_only(self.at))
        object.__setattr__(self, "values", _read_only(self.values))

    @classmethod
    def of(cls, shape: tuple[int, ...], at: ArrayLike, values: ArrayLike) -> "Cells":
        """Cells in any order, possibly repeated; repeated ones add up.

        Raises:
            Overflow: what a cell adds up to does not fit; only the result counts, not the order on the way.
            IndexError: a cell lies outside the shape.
            ValueError: there are not as many values as places.
        """
        places, numbers = whole(at).ravel(), whole(values).ravel()
        if places.size != numbers.size:
            raise ValueError(f"{places.size} cells need as many values, not {numbers.size}")
        if places.size and int(places.min()) < 0:
            raise IndexError(f"A cell lies outside an array of shape {tuple(shape)}")
        if np.any(places[1:] <= places[:-1]):
            places, numbers = _merged(places, numbers)
        if not np.all(numbers):
            filled = numbers != 0
            places, numbers = places[filled], numbers[filled]
        return cls(tuple(shape), places, numbers)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Cells):
            return NotImplemented
        return self.shape == other.shape and _same(self.at, other.at) and _same(self.values, other.values)

    __hash__ = None  # type: ignore[assignment]  # holds arrays

    def dense(self) -> Whole:
        out = np.zeros(self.shape, type_of_sums)
        out.reshape(-1)[self.at] = self.values
        return out


def _checked_shape(shape: Sequence[int]) -> tuple[int, ...]:
    plain = tuple(int(length) for length in shape)
    if not plain or min(plain) < 0 or math.prod(plain) > _MOST:
        raise ValueError(f"{plain} is not the shape of an array with at least one axis and fewer than 2**63 cells")
    return plain


def _merged(places: NDArray[np.int64], numbers: Whole) -> tuple[NDArray[np.int64], Whole]:
    """Sort cells and add up those of one place, exactly whatever their order.

    High and low halves are added apart, so that nothing can overflow on the way (up to 2**31 numbers of one place).
    """
    order = np.argsort(places, kind="stable")
    places, numbers = places[order], numbers[order]
    first = np.flatnonzero(np.r_[True, places[1:] != places[:-1]])
    if first.size == places.size:
        return places, numbers
    low = np.add.reduceat(numbers & 0xFFFF_FFFF, first)
    high = np.add.reduceat(numbers >> 32, first) + (low >> 32)
    if np.any((high < -(2**31)) | (high >= 2**31)):
        raise Overflow(_LEFT)
    return places[first], (high << 32) | (low & 0xFFFF_FFFF)


def _same(a: NDArray[np.int64], b: NDArray[np.int64]) -> bool:
    return a is b or np.array_equal(a, b)


def _exact(start: Whole, *changes: tuple[Whole, bool]) -> Whole:
    """``start`` plus (or, where True, minus) each change: only the result must fit, not what it is on the way.

    All of one shape. Whole numbers of 64 bits wrap around; each time one does, its carry is counted, and what is left
    over at the end did not fit.
    """
    out = np.empty(start.shape, type_of_sums)
    flat, flats = start.reshape(-1), [(array.reshape(-1), negate) for array, negate in changes]
    line = out.reshape(-1)
    for begin in range(0, start.size, _BLOCK):
        block = slice(begin, begin + _BLOCK)
        line[block] = _exact_block(flat[block], [(array[block], negate) for array, negate in flats])
    return out


def _exact_block(start: Whole, changes: Sequence[tuple[Whole, bool]]) -> Whole:
    carried: Whole | None = None
    for change, negate in changes:
        after = start - change if negate else start + change
        wrapped = ((start ^ change) if negate else ~(start ^ change)) & (start ^ after)  # the sign bit says it wrapped
        if int(wrapped.min(initial=0)) < 0:
            carry = np.where(wrapped < 0, np.where(start < 0, -1, 1), 0)
            carried = carry if carried is None else carried + carry
        start = after
    if carried is not None and np.any(carried):
        raise Overflow(_LEFT)
    return start


Part = Whole | Cells


class Sums(Mapping[str, Part]):
    """Named whole-number arrays that add and subtract exactly. A value: no operation changes it.

    >>> a, b = Sums(people=1, cents=[340, 250]), Sums(people=1, cents=[0, 120])
    >>> (a + b - a) == b, (a + b)["cents"].tolist()
    (True, [340, 370])

    Two sums add only if they have the same names and shapes; a sparse array (`Cells`) adds with a dense one.
    """

    __slots__ = ("_arrays", "_digests")

    def __init__(self, arrays: Mapping[str, ArrayLike | Cells] | None = None, /, **named: ArrayLike | Cells) -> None:
        self._digests: Mapping[str, NDArray[np.uint8]] | None = None  # of each row, once they were worked out
        given = {**(arrays or {}), **named}
        self._arrays: dict[str, Part] = {
            name: value if isinstance(value, Cells) else _read_only(whole(value))
            for name, value in sorted(given.items(), key=_name_of)
        }

    @classmethod
    def taking(cls, arrays: Mapping[str, Part]) -> "Sums":
        """Sums of arrays that the caller gives up: they are not copied, so nobody may change them any more.

        Raises:
            TypeError: an array is not one of 64-bit integers in C order; ``Sums(…)`` copies it into one.
        """
        sums = cls()
        for name, value in sorted(arrays.items(), key=_name_of):
            if isinstance(value, Cells):
                sums._arrays[name] = value
                continue
            if value.dtype != type_of_sums or not value.flags.c_contiguous or value.ndim == 0:
                raise TypeError(f"'{name}' is not an array of 64-bit integers in C order")
            sums._arrays[name] = _read_only(value)
        return sums

    def __getitem__(self, name: str) -> Part:
        return self._arrays[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)

    def array(self, name: str) -> Whole:
        """The array behind a name, dense; copy it before you change it."""
        value = self._arrays[name]
        return value.dense() if isinstance(value, Cells) else value

    def cells(self, name: str) -> Cells:
        """The array behind a name as cells, however it is kept."""
        value = self._arrays[name]
        return value if isinstance(value, Cells) else Cells.of(value.shape, np.flatnonzero(value), value[value != 0])

    def number(self, name: str) -> int:
        """The single number behind a name."""
        return int(self.array(name).item())

    def __add__(self, other: "Sums") -> "Sums":
        return self._combine(other, negate=False)

    def __sub__(self, other: "Sums") -> "Sums":
        return self._combine(other, negate=True)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Sums)
            and self.shapes == other.shapes
            and all(_equal(self[name], other[name]) for name in self)
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
        return Sums.taking({name: self.array(name) for name in self})

    @property
    def hash(self) -> str:
        """SHA-256 in hex, equal on every machine for equal sums (see the module's text); worked out once."""
        return _hash(self._with_digests())

    @property
    def array_hashes(self) -> dict[str, str]:
        """Of each array, what goes into the hash, in hex: it tells of the numbers only that they are these."""
        return {name: _array_hash(name, *some).hex() for name, some in self._with_digests().items()}

    def _with_digests(self) -> dict[str, tuple[tuple[int, ...], NDArray[np.uint8]]]:
        if self._digests is None:
            self._digests = {name: _digests_of(part) for name, part in self.items()}
        return {name: (part.shape, self._digests[name]) for name, part in self.items()}

    def _combine(self, other: "Sums", *, negate: bool) -> "Sums":
        if self.shapes != other.shapes:
            raise ValueError(f"Sums of different shapes do not add: {self!r} and {other!r}")
        return Sums.taking({name: _combined(self[name], other[name], negate=negate) for name in self})


def _name_of(item: tuple[str, object]) -> str:
    return item[0]


def _read_only(array: Whole) -> Whole:
    view = array.view()
    view.flags.writeable = False
    return view


def _equal(a: Part, b: Part) -> bool:
    if isinstance(a, Cells):
        return a == b if isinstance(b, Cells) else _equal(b, a)
    if isinstance(b, Cells):
        return np.count_nonzero(a) == b.at.size and _same(a.reshape(-1)[b.at], b.values)
    return _same(a, b)


def _combined(a: Part, b: Part, *, negate: bool) -> Part:
    if isinstance(a, Cells) and isinstance(b, Cells):
        at = _union(a.at, b.at)
        return Cells.of(a.shape, at, _exact(_spread(a, at), (_spread(b, at), negate)))
    first, second = (part.dense() if isinstance(part, Cells) else part for part in (a, b))
    return _exact(first, (second, negate))


def _union(*places: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.unique(np.concatenate(places)) if len(places) > 1 else places[0]


def _spread(cells: Cells, at: NDArray[np.int64]) -> Whole:
    """The cells' values at some places that include all of theirs; zero elsewhere."""
    if at is cells.at:
        return cells.values
    values = np.zeros(at.size, type_of_sums)
    values[np.searchsorted(at, cells.at)] = cells.values
    return values


class Running:
    """A total that takes parts in and lets them go in place: for totals too large to copy for every person.

    Every change is checked before it is made, so an overflow leaves the total as it was. The hash remembers each
    row's hash and renews only the rows that were touched; what is known of the sums it starts with, it takes over. One
    thread at a time.
    """

    def __init__(self, sums: Sums) -> None:
        self._arrays = {name: part.dense() if isinstance(part, Cells) else part.copy() for name, part in sums.items()}
        self._shapes = sums.shapes
        known = sums._digests  # noqa: SLF001 (two faces of one thing)
        self._known = {
            name: np.zeros((_rows_of(array), 32), np.uint8) if known is None else known[name].copy()
            for name, array in self._arrays.items()
        }
        self._stale = {name: np.full(_rows_of(array), known is None) for name, array in self._arrays.items()}

    @property
    def sums(self) -> Sums:
        """The total as it stands, sharing memory: read it, do not keep it across the next change."""
        return Sums.taking(self._arrays)

    def given_up(self) -> Sums:
        """The total as it stands, for good, with what is known of its hash; this total takes no more parts."""
        sums = Sums.taking(self._arrays)
        sums._digests = self._renewed()  # noqa: SLF001
        self._arrays = {}
        return sums

    def array(self, name: str) -> Whole:
        """The array behind a name, to read; it follows every change."""
        return _read_only(self._arrays[name])

    def add(self, part: Sums) -> None:
        self._take([(part, False)])

    def subtract(self, part: Sums) -> None:
        self._take([(part, True)])

    def replace(self, old: Sums, new: Sums) -> None:
        """Take ``old`` out and ``new`` in, as one change: both or, where the result does not fit, neither."""
        self._take([(old, True), (new, False)])

    def _take(self, changes: Sequence[tuple[Sums, bool]]) -> None:
        for part, _ in changes:
            if part.shapes != self._shapes:
                raise ValueError(f"A part of different shape does not add: {part!r}")
        planned = [(name, *self._plan(name, changes)) for name in self._arrays]
        for name, at, values in planned:
            array, stale = self._arrays[name], self._stale[name]
            if at is None:
                array[...] = values
                stale[...] = True
            elif at.size:
                array.reshape(-1)[at] = values
                stale[at // _row_length(array)] = True

    def _plan(self, name: str, changes: Sequence[tuple[Sums, bool]]) -> tuple[NDArray[np.int64] | None, Whole]:
        """What will stand at which places; None for all of them."""
        array, parts = self._arrays[name], [(part[name], negate) for part, negate in changes]
        cells = [(part, negate) for part, negate in parts if isinstance(part, Cells)]
        if len(cells) == len(parts):
            at = _union(*(part.at for part, _ in cells))
            return at, _exact(array.reshape(-1)[at], *((_spread(part, at), negate) for part, negate in cells))
        dense = [(part.dense() if isinstance(part, Cells) else part, negate) for part, negate in parts]
        return None, _exact(array, *dense)

    @property
    def hash(self) -> str:
        """The hash of the total as it stands, the same as that of its `Sums`."""
        return _hash({name: (self._shapes[name], known) for name, known in self._renewed().items()})

    def _renewed(self) -> Mapping[str, NDArray[np.uint8]]:
        for name, array in self._arrays.items():
            known, stale = self._known[name], self._stale[name]
            rows = np.flatnonzero(stale)
            known[rows] = _digests(array, rows)
            stale[rows] = False
        return self._known


def _rows_of(part: Part) -> int:
    return part.shape[0] if len(part.shape) > 1 else 1


def _row_length(part: Part) -> int:
    return math.prod(part.shape[1:] if len(part.shape) > 1 else part.shape)


def _digests(array: Whole, rows: NDArray[np.intp] | None = None) -> NDArray[np.uint8]:
    """SHA-256 of each row, or of some; shape (rows, 32)."""
    lines = array.reshape(_rows_of(array), _row_length(array))
    chosen = range(len(lines)) if rows is None else rows.tolist()
    joined = b"".join(hashlib.sha256(lines[row].data).digest() for row in chosen)
    return np.frombuffer(joined, np.uint8).reshape(-1, 32)


def _digests_of(part: Part) -> NDArray[np.uint8]:
    """As `_digests`; of a sparse array only the rows that hold something are written out."""
    if not isinstance(part, Cells):
        return _digests(part)
    length = _row_length(part)
    digests = np.tile(_digests(np.zeros(length, type_of_sums)), (_rows_of(part), 1))
    if part.at.size:
        rows, line = np.unique(part.at // length, return_inverse=True)
        filled = np.zeros((rows.size, length), type_of_sums)
        filled[line, part.at % length] = part.values
        digests[rows] = _digests(filled)
    return digests


def _hash(digests: Mapping[str, tuple[tuple[int, ...], NDArray[np.uint8]]]) -> str:
    whole_hash = hashlib.sha256(b"goodwill-sums-v1")
    for name in sorted(digests):
        whole_hash.update(_array_hash(name, *digests[name]))
    return whole_hash.hexdigest()


def _array_hash(name: str, shape: tuple[int, ...], rows: NDArray[np.uint8]) -> bytes:
    array = hashlib.sha256(f"{name}\0{','.join(map(str, shape))}\0".encode())
    array.update(rows.tobytes())
    return array.digest()
