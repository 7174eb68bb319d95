"""The library's own way in: bought lines as plain arrays, people and items by whatever names they have."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from goodwill.basics.errors import BadInput, NotFound
from goodwill.learn.baskets import Baskets, Numbers, of_arrays


@dataclass(frozen=True, slots=True, eq=False)
class Names:
    """Sorted names; a name's place is its number."""

    names: NDArray[Any]

    def numbers(self, wanted: ArrayLike) -> Numbers:
        """The numbers of some names; −1 for a name that is not known."""
        array = np.asarray(wanted)
        if not array.size or not self.names.size:
            return np.full(array.shape, -1)
        at = np.minimum(np.searchsorted(self.names, array), self.names.size - 1)
        return np.where(self.names[at] == array, at, -1)

    def number(self, wanted: Any) -> int:
        """The number of one name; −1 for a name that is not known."""
        return int(self.numbers(np.array([wanted]))[0])


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """Bought lines, in parallel arrays.

    Attributes:
        people, items: the names behind ``person`` and ``item``.
        order: number of the line's order, −1 if it has none.
    """

    people: Names
    items: Names
    person: Numbers
    item: Numbers
    day: Numbers
    order: Numbers

    def baskets(self) -> Baskets:
        """Everybody's purchases."""
        people, items = self.people.names.size, self.items.names.size
        return of_arrays(self.person, people, self.day, self.order, self.item, items)

    def of(self, person: object) -> Baskets:
        """One person's purchases.

        Raises:
            NotFound: nothing was bought by anybody of that name.
        """
        own = self._own(person)
        nobody_else = np.zeros(int(own.sum()), np.int64)
        return of_arrays(nobody_else, 1, self.day[own], self.order[own], self.item[own], self.items.names.size)

    def without(self, person: object) -> "Lines":
        """All lines but one person's."""
        rest = ~self._own(person)
        kept = {name: getattr(self, name)[rest] for name in ("person", "item", "day", "order")}
        return replace(self, **kept)

    def history(self, items: ArrayLike, days: ArrayLike, orders: ArrayLike | None) -> Baskets:
        """Purchases of somebody who need not be among the lines; items that nobody here bought are left out."""
        item, day = self.items.numbers(items), _days(days)
        order = _orders(orders, item.size)
        _same_length(items=item, days=day, orders=order)
        return of_arrays(np.zeros(item.size, np.int64), 1, day, order, item, self.items.names.size)

    def _own(self, person: object) -> NDArray[np.bool_]:
        number = self.people.number(person)
        own = self.person == number
        if number < 0 or not own.any():
            raise NotFound(f"Nothing here was bought by {person!r}.")
        return np.asarray(own)


def read(people: ArrayLike, items: ArrayLike, days: ArrayLike | None, orders: ArrayLike | None) -> Lines:
    """Bought lines from parallel arrays; without days, the order of the lines is the order of time.

    Raises:
        BadInput: arrays of different lengths, or not one-dimensional.
    """
    who, person = _named(people)
    what, item = _named(items)
    day = np.arange(person.size) if days is None else _days(days)
    order = _orders(orders, person.size)
    _same_length(people=person, items=item, days=day, orders=order)
    return Lines(who, what, person, item, day, order)


def _named(labels: ArrayLike) -> tuple[Names, Numbers]:
    array = np.asarray(labels)
    if array.ndim != 1:
        raise BadInput(f"Give one entry a bought line; this array has {array.ndim} dimensions.")
    names, numbers = np.unique(array, return_inverse=True)
    return Names(names), numbers.astype(np.int64)


def _days(days: ArrayLike) -> Numbers:
    array = np.asarray(days)
    return array.astype("datetime64[D]").astype(np.int64) if array.dtype.kind == "M" else array.astype(np.int64)


def _orders(orders: ArrayLike | None, size: int) -> Numbers:
    return np.full(size, -1) if orders is None else _named(orders)[1]


def _same_length(**arrays: Numbers) -> None:
    if len({array.size for array in arrays.values()}) > 1:
        sizes = ", ".join(f"{array.size} {name}" for name, array in arrays.items())
        raise BadInput(f"Give one entry a bought line in every array; there are {sizes}.")
