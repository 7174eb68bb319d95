"""One arm of an experiment as its customers' means and how far they scatter: all that a comparison needs."""

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from goodwill.basics.errors import BadInput

Floats: TypeAlias = NDArray[np.float64]

_LARGEST: Final = 1e30  # no shop counts further, and products of several such numbers are still numbers
LEAST: Final = 1e-30  # a mean below is none, where something is divided by it


@dataclass(frozen=True, slots=True, eq=False)
class Arm:
    """The customers of one arm. The outcome comes first, then what was known of them before.

    Attributes:
        people: how many were assigned, whatever they did. bought: how many of them have an outcome other than 0.
        mean: float64, shape (1 + k,), in the units of what was measured.
        scatter: sums of products of the distances from the means; float64, shape (1 + k, 1 + k).
    """

    people: int
    bought: int
    mean: Floats
    scatter: Floats

    def __add__(self, other: "Arm") -> "Arm":
        """Both groups as one (Chan, Golub and LeVeque 1983)."""
        people = self.people + other.people
        if not self.people or not other.people:
            return self if self.people else other
        apart = other.mean - self.mean
        return Arm(
            people,
            self.bought + other.bought,
            self.mean + apart * (other.people / people),
            self.scatter + other.scatter + np.outer(apart, apart) * (self.people * other.people / people),
        )

    @property
    def variance(self) -> Floats:
        """Covariances between customers, with n − 1; needs two of them."""
        return self.scatter / (self.people - 1)


def columns(outcome: ArrayLike, pre: ArrayLike | None, arm: str) -> Floats:
    """A customer's outcome and what was known before, in a row; float64, shape (n, 1 + k).

    Args:
        outcome: shape (n,). pre: shape (n,), or (n, k) where there is more than one.
        arm: how the sentence of an error calls them.

    Raises:
        BadInput: lengths differ, or something is not a number.
    """
    first = numbers(outcome, f"The outcomes of the {arm} customers")
    if pre is None:
        return first[:, None]
    known = numbers(pre, f"What was known before of the {arm} customers", most_axes=2)
    known = known[:, None] if known.ndim == 1 else known
    if len(known) != first.size:
        raise BadInput(
            f"There are {first.size} outcomes of the {arm} customers, but {len(known)} rows of what was known before: "
            "give one row for each of the same customers, 0 for whoever did nothing then."
        )
    return np.array([first, *known.T]).T  # columns lie together in memory: sums over customers are quick


def numbers(values: ArrayLike, what: str, *, most_axes: int = 1) -> Floats:
    """Plain numbers as float64.

    Raises:
        BadInput: they are no list of finite numbers.
    """
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise BadInput(f"{what} must be a list of numbers, one for each customer.") from None
    if not 1 <= array.ndim <= most_axes:
        raise BadInput(f"{what} must be a list of numbers, one for each customer, not of shape {array.shape}.")
    if array.size and not (array.min() >= -_LARGEST and array.max() <= _LARGEST):
        row = int(np.argwhere(~(np.abs(array) <= _LARGEST))[0][0])
        raise BadInput(f"{what} have no usable number in row {row}: leave that customer out of both, or fill it in.")
    return array


def arm_of(rows: Floats) -> Arm:
    """The arm of customers in rows, as `columns` gives them."""
    people, wide = rows.shape
    if not people:
        return Arm(0, 0, np.zeros(wide), np.zeros((wide, wide)))
    shifted = rows - rows[0]  # so that a column in which all are alike scatters by exactly 0
    mean = shifted.mean(axis=0)
    apart = shifted - mean
    return Arm(people, int(np.count_nonzero(rows[:, 0])), mean + rows[0], apart.T @ apart)
