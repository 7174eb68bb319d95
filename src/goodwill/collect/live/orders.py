"""An order is one order, whoever tells of it: it counts once, and no more goes back of it than it came to.

A connected system of the shop's tells of it by webhook, a program in the shop's pages tells of the same order, and of
the same money that went back, in other words and without a number that both know. So the system's word counts as soon
as there is one, whichever came first. Where only programs tell, the first counts.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
from sqlalchemy import Connection

from goodwill.basics.ids import PersonId
from goodwill.collect import keys
from goodwill.collect.connectors import store
from goodwill.people import merge, repeats
from goodwill.people.types import ORDERED, REFUNDED, TypeCode
from goodwill.storage.engine import EVENTS, one_at_a_time


class Told(NamedTuple):
    """What a system told of one order.

    Attributes:
        person: whose order it is.
        types: of the events that it told of; a program adds none of these.
    """

    person: PersonId
    types: frozenset[TypeCode]


def told_by_systems(connection: Connection, references: Collection[int]) -> dict[int, Told]:
    """Those of some orders that a connected system tells of, none of which does so before the caller has committed."""
    if not references:
        return {}
    one_at_a_time(connection, EVENTS)
    found = store.whose(connection, references)
    heirs = merge.survivors(connection, [PersonId(person) for person in found.values()]) if found else {}
    told = {}
    for reference, person in found.items():
        heir = heirs.get(PersonId(person))
        if heir is not None:
            told[reference] = Told(heir, _types(connection, heir, reference))
    return told


def _types(connection: Connection, person: PersonId, reference: int) -> frozenset[TypeCode]:
    """What stands of an order; money that went back only where it is the sum that a system told."""
    stands = repeats.of_order(connection, {person}, reference)
    return frozenset(row["type"] for row in stands if row["type"] != REFUNDED or row["key"] == refund_key(reference))


class Back:
    """What may still go back of orders, by what stands of them and what is about to."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._sums: dict[tuple[PersonId, int], _Sums] = {}

    def of(self, person: PersonId, reference: int) -> "_Sums":
        """What is known of somebody's order."""
        if (person, reference) not in self._sums:
            stands = repeats.of_order(self._connection, {person}, reference)
            sums = self._sums[person, reference] = _Sums()
            for row in stands:
                sums.add(row["type"], row["product"], row["amount"], row["currency"])
            sums.by_system = any(row["key"] == refund_key(reference) for row in stands)
        return self._sums[person, reference]


@dataclass
class _Sums:
    """What an order came to and what went back of it, in minor units of each currency.

    Attributes:
        all_back: it went back as a whole, of which no sum was told.
        by_system: the shop's own system, or a file of its, told what went back.
    """

    ordered: Counter[str] = field(default_factory=Counter)
    bought: Counter[str] = field(default_factory=Counter)
    back: Counter[str] = field(default_factory=Counter)
    all_back: bool = False
    by_system: bool = False

    def add(self, kind: int, product: object, amount: int | None, currency: str | None) -> None:
        if kind == REFUNDED and amount is None and product is None:
            self.all_back = True
        elif amount is not None and currency is not None:
            which = self.back if kind == REFUNDED else self.ordered if kind == ORDERED else self.bought
            which[currency] += amount

    def allows(self, sums: Mapping[str, int], *, all_of_it: bool) -> bool:
        """Whether so much may still go back, by currency. Of an order nobody told of, anything may."""
        if self.all_back or (all_of_it and self.back):
            return False
        came_to = self.ordered or self.bought
        return all(self.back[code] + amount <= came_to.get(code, _ANYTHING) for code, amount in sums.items())


_ANYTHING: Final = 1 << 62


def refund_key(reference: int) -> int:
    """The key of the one event that says what went back of a whole order."""
    return int(keys.refund_keys(np.array([reference], np.int64))[0])
