"""What a measure was given, checked before anything is worked out: numbers, of the right kind, as many as belong."""

from math import inf, isfinite
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from goodwill.basics.errors import BadInput

Floats: TypeAlias = NDArray[np.float64]
Whole: TypeAlias = NDArray[np.int64]
Truths: TypeAlias = NDArray[np.bool_]

LARGEST: Final = 1e15  # what is larger is a mistake, and its squares would lose what is small


def numbers(name: str, values: ArrayLike, *, least: float = -LARGEST, most: float = LARGEST, axes: int = 1) -> Floats:
    """Numbers within a range, as float64 with so many axes.

    Raises:
        BadInput: they are not; it names the first that is wrong, where it stands, and what belongs there.
    """
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as wrong:
        raise BadInput(f"'{name}' holds something that is not a number. Give {_wanted(least, most)}.") from wrong
    if array.ndim != axes:
        shape = "a plain list" if axes == 1 else f"a table with {axes} axes"
        raise BadInput(f"'{name}' has {array.ndim} axes; give {shape} of numbers.")
    _first_wrong(name, array, ~(np.isfinite(array) & (array >= least) & (array <= most)), _wanted(least, most))
    return array


def wholes(name: str, values: ArrayLike, *, least: float = 0, most: float = LARGEST, axes: int = 1) -> Whole:
    """Whole numbers within a range, as int64; 2.0 counts as whole, 2.5 does not.

    Raises:
        BadInput: they are not; it names the first that is wrong, where it stands, and what belongs there.
    """
    array = numbers(name, values, least=least, most=most, axes=axes)
    _first_wrong(name, array, array != np.rint(array), f"whole {_wanted(least, most)}")
    return array.astype(np.int64)


def truths(name: str, values: ArrayLike) -> Truths:
    """Yes or no for each, given as booleans or as 1 and 0.

    Raises:
        BadInput: something else is among them.
    """
    array = numbers(name, values)
    _first_wrong(name, array, (array != 0) & (array != 1), "yes or no, as 1 and 0")
    yes: Truths = array == 1
    return yes


def equally_long(**arrays: NDArray[Any]) -> int:
    """How long they all are.

    Raises:
        BadInput: they are not equally long.
    """
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"'{name}' has {length}" for name, length in lengths.items())
        raise BadInput(f"The lists are not equally long: {told}. Give one entry for each, in the same order.")
    return next(iter(lengths.values()))


def listed(name: str, values: Any) -> Any:
    """The same as a list, where it may be one number alone.

    Raises:
        BadInput: it is neither.
    """
    try:
        return values if np.ndim(values) else [values]
    except ValueError as wrong:
        raise BadInput(f"'{name}' is neither a number nor a plain list of numbers. Give one of these.") from wrong


def number(name: str, value: Any, *, least: float = -LARGEST, above: float = -inf) -> float:
    """One number, at least so large, or larger than that.

    Raises:
        BadInput: it is not.
    """
    if not isinstance(value, int | float | np.number) or not max(least, above) <= value <= LARGEST or value == above:
        wanted = f"a number above {above:g}" if above > -inf else f"one of {_wanted(least, LARGEST)}"
        raise BadInput(f"'{name}' is {value!r}; give {wanted}.")
    return float(value)


def count(name: str, value: Any, *, least: float = 0, most: float = LARGEST) -> int:
    """One whole number within a range.

    Raises:
        BadInput: it is not.
    """
    known = isinstance(value, int | float | np.number) and isfinite(value)
    if not known or not least <= value <= most or int(value) != value:
        raise BadInput(f"'{name}' is {value!r}; give one of the whole {_wanted(least, most)}.")
    return int(value)


def _wanted(least: float, most: float) -> str:
    if most < LARGEST:
        return f"numbers from {least:g} to {most:g}"
    return f"numbers from {least:g} to {LARGEST:g}"


def _first_wrong(name: str, array: Floats, wrong: Truths, wanted: str) -> None:
    if wrong.any():
        at = tuple(int(place) for place in np.argwhere(wrong)[0])
        raise BadInput(f"'{name}' has {array[at]:g} at place {', '.join(map(str, at))}; give {wanted}.")
