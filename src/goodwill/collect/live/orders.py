"""Orders of which a connected system of the shop's tells by webhook: what it says of them counts, and once.

A program in the shop's pages tells of the same order, and of the same money that went back, in other words and without
a number that both know. So the system's word counts as soon as there is one, whichever came first.
"""

from collections.abc import Collection
from typing import NamedTuple

import numpy as np
from sqlalchemy import Connection

from goodwill.basics.ids import PersonId
from goodwill.collect import keys
from goodwill.collect.connectors import store
from goodwill.people import merge, repeats
from goodwill.people.types import REFUNDED, TypeCode
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


def refund_key(reference: int) -> int:
    """The key of the one event that says what went back of a whole order."""
    return int(keys.refund_keys(np.array([reference], np.int64))[0])
