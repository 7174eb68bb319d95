"""What a model of customers is fitted to: repeat purchases, the last one, and the age, checked and made short.

Customers with the same three numbers count as one row with a weight: a likelihood costs as much as there are different
rows, and a shop of a million has two hundred thousand of them, or far fewer where dates are rounded to weeks.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from goodwill.basics.errors import BadInput, CannotTell

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]
Scale: TypeAlias = float | Floats  # one for all customers, or one for each

COARSE: Final = 8  # steps of time that a first, rough look tells apart
FEW: Final = 200  # rows that are looked at as they are


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Different customers and how many there are of each; who bought last comes first, which integrals are quicker for.

    Attributes:
        x: repeat purchases (days on which something was bought, without the first); float64, shape (n,).
        t_x: time from the first purchase to the last, 0 where x is 0; shape (n,).
        T: time from the first purchase to the end of what was observed; shape (n,).
        weight: how many customers are so; shape (n,).
        kinds: the different values of x, rising; kind: of each row, the place of its x among them.
        at: of each entry that was given, its row; shape (entries,).
    """

    x: Floats
    t_x: Floats
    T: Floats
    weight: Floats
    kinds: Floats
    kind: Numbers
    at: Numbers

    @property
    def customers(self) -> float:
        return float(self.weight.sum())

    @property
    def mean_age(self) -> float:
        return float(self.weight @ self.T) / self.customers

    @property
    def rate(self) -> float:
        """Repeat purchases in a unit of time, all customers together."""
        return float(self.weight @ self.x) / float(self.weight @ self.T)

    def of_x(self, function: Callable[[Floats], Floats]) -> Floats:
        """A function of x alone, worked out once for each different x; shape (n,)."""
        return function(self.kinds)[self.kind]

    def weights(self, entries: Floats) -> Floats:
        """How many customers each row stands for, from how many each entry does."""
        return np.bincount(self.at, weights=entries, minlength=self.x.size).astype(np.float64, copy=False)

    def coarse(self) -> "Rows":
        """Fewer rows, much the same: customers whose times are close count as their mean. For a first look only."""
        if self.x.size <= FEW:
            return self
        step = float(self.T.max()) / COARSE
        close = rows_of(self.x, np.rint(self.t_x / step), np.rint(self.T / step), self.weight)
        weight = np.maximum(close.weight, 1e-300)
        t_x, T = (np.bincount(close.at, weights=self.weight * part) / weight for part in (self.t_x, self.T))
        return replace(close, t_x=t_x, T=T)


def rows_of(x: Floats, t_x: Floats, T: Floats, weight: Floats) -> Rows:
    """Rows that were checked already, each different one once."""
    places = [np.unique(column, return_inverse=True) for column in (x, t_x, T)]
    (xs, x_at), (t_xs, t_x_at), (Ts, T_at) = places
    code, at = np.unique((x_at * t_xs.size + t_x_at) * Ts.size + T_at, return_inverse=True)
    rest, T_of = np.divmod(code, Ts.size)
    kind, t_x_of = np.divmod(rest, t_xs.size)
    order, rank = latest_first(t_xs[t_x_of], Ts[T_of])
    weights = np.bincount(at, weights=weight).astype(np.float64, copy=False)[order]
    kind = kind[order]
    return Rows(xs[kind], t_xs[t_x_of[order]], Ts[T_of[order]], weights, xs, kind, rank[at])


def latest_first(t_x: Floats, T: Floats) -> tuple[Numbers, Numbers]:
    """The order in which who bought last comes first, and the place of each in it."""
    order = np.argsort(T - t_x, kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(order.size)
    return order, rank


def checked(x: ArrayLike, t_x: ArrayLike, T: ArrayLike, weights: ArrayLike | None = None) -> Rows:
    """Customers as rows to fit a model to.

    Args:
        x, t_x, T: as in `Rows`, one entry a customer, in any unit of time; shape (n,).
        weights: how many customers each entry stands for, 0 or more; without, one.

    Raises:
        BadInput: an entry is no possible customer; the sentence names the first.
    """
    repeat, last, age = columns(x=x, t_x=t_x, T=T)
    check_customers(repeat, last, age)
    return rows_of(repeat, last, age, weights_of(repeat, weights))


def weights_of(x: Floats, weights: ArrayLike | None) -> Floats:
    """How many customers each entry stands for; one, where nothing is said.

    Raises:
        BadInput: they are not as many as the entries, or one is below 0.
    """
    if weights is None:
        return np.ones(x.size)
    _, weight = columns(x=x, weights=weights)
    _no(weight < 0, weight, "A weight is the number of customers of a kind and cannot be below 0")
    return weight


def columns(**named: ArrayLike) -> list[Floats]:
    """Equally long lists of numbers as arrays.

    Raises:
        BadInput: one is no list of numbers, holds something that is none, or they differ in length.
    """
    found = [_numbers(name, values) for name, values in named.items()]
    if len({array.size for array in found}) > 1:
        told = ", ".join(f"{name} has {array.size}" for name, array in zip(named, found, strict=True))
        raise BadInput(f"The lists need one entry for each customer, but {told}.")
    return found


def _numbers(name: str, values: ArrayLike) -> Floats:
    try:
        array = np.asarray(values, np.float64)
    except (TypeError, ValueError):
        raise BadInput(f"'{name}' holds something that is not a number.") from None
    if array.ndim != 1:
        raise BadInput(f"'{name}' must be a list of numbers, one for each customer.")
    _no(~np.isfinite(array), array, f"'{name}' holds something that is not a number")
    return array


def check_customers(x: Floats, t_x: Floats, T: Floats) -> None:
    """Refuse what no customer can be.

    Raises:
        BadInput: the sentence names the first.
    """
    _no((x < 0) | (x != np.rint(x)), x, "Repeat purchases x are whole numbers, 0 or more")
    _no(t_x < 0, t_x, "The last purchase t_x cannot be before the first")
    _no(t_x > T, t_x, "The last purchase t_x cannot be after the end of what was observed, T")
    _no((x == 0) & (t_x > 0), t_x, "Who never came back (x is 0) has her last purchase at t_x = 0")


def counts(x: ArrayLike) -> Floats:
    """Numbers of purchases.

    Raises:
        BadInput: one is not a whole number, 0 or more.
    """
    (found,) = columns(x=np.atleast_1d(x))
    _no((found < 0) | (found != np.rint(found)), found, "A number of purchases is a whole number, 0 or more")
    return found


def _no(wrong: NDArray[np.bool_], values: Floats, sentence: str) -> None:
    at = np.flatnonzero(wrong)
    if at.size:
        raise BadInput(f"{sentence}; entry {at[0]} is {values[at[0]]:g}.")


@contextmanager
def blamed(rows: Rows) -> Iterator[None]:
    """Where no best fit is found, say that customers who came back at once are why, if there are any.

    With one of them the likelihood grows without end as α goes to 0; mostly a top is found all the same.
    """
    try:
        yield
    except CannotTell:
        at_once = float(rows.weight[(rows.x > 0) & (rows.t_x == 0)].sum())
        if not at_once:
            raise
        raise CannotTell(
            f"{at_once:.0f} customers came back (x above 0) with the last purchase at the first (t_x = 0), so there is "
            "no best fit. Merge the purchases of one day, and give times in finer steps."
        ) from None


def worth_fitting(rows: Rows, parameters: int) -> None:
    """Refuse customers from whom nothing can be learnt about coming back and staying away.

    Args:
        parameters: how many the model has.

    Raises:
        CannotTell: in words, which of the reasons it is.
    """
    seen = rows.weight > 0
    customers = rows.weight[seen].sum()
    repeaters = rows.weight[rows.x > 0].sum()
    if customers < 2:
        raise CannotTell(f"There is {_count(customers)} to learn from; how customers differ takes many of them.")
    if repeaters == 0:
        raise CannotTell(
            "Nobody bought a second time, so nothing is known of how often people come back. Observe for longer."
        )
    if repeaters <= parameters:
        raise CannotTell(
            f"Only {repeaters:.0f} of {customers:.0f} customers bought a second time; {parameters} numbers cannot be "
            "learnt from so few. Observe for longer, or take more customers."
        )
    if np.all(rows.t_x[seen] == rows.T[seen]):
        raise CannotTell(
            "Everybody bought on the very last day that was observed, so nothing is known of staying away. "
            "Observe for longer."
        )


def _count(customers: float) -> str:
    return "one customer" if customers == 1 else "no customer"
