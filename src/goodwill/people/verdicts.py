"""What people said of a suggestion that they do not want: "less of this", "never", or "this is wrong about me".

A word of that kind only takes something away, so it is obeyed whatever else she allows, like a hold; the room answers
with numbers of products and nothing more.
"""

import json
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final

from sqlalchemy import Connection, bindparam, select

from goodwill.basics.clock import DAY, Micros
from goodwill.basics.ids import PersonId, ProductId, Reference, hash64
from goodwill.people import log
from goodwill.people.tables import events
from goodwill.people.types import event_type

TOLD = event_type("told").code
OBEYED_FOR = 365 * DAY


class Verdict(StrEnum):
    """What somebody says of a suggestion."""

    LESS = "less"
    WRONG = "wrong"  # what was taken for true of her is not; it is not taken for true again for as long
    NEVER = "never"  # without an end
    FINE = "fine"  # takes an earlier word back
    # Of content and offers besides; each costs more than it could bring in.
    INTRUSIVE = "intrusive"
    COMPLAINT = "complaint"
    UNSUBSCRIBE = "unsubscribe"


OF_PRODUCTS: Final = (Verdict.LESS, Verdict.WRONG, Verdict.NEVER, Verdict.FINE)  # what may be said of a product


TAKES_AWAY: Final = frozenset({Verdict.LESS, Verdict.WRONG, Verdict.NEVER})

_TOLD_OF = (
    select(events.c.product, events.c.detail, events.c.at)
    .where(events.c.person == bindparam("person"), events.c.type == TOLD, events.c.product.is_not(None))
    .order_by(events.c.id)
)


def say(
    connection: Connection,
    person: PersonId,
    product: ProductId,
    verdict: Verdict,
    *,
    decision: Reference,
    at: Micros,
    day: int,
) -> None:
    """Write down what somebody said of a product that was chosen for her; her last word about it counts."""
    log.append_one(
        connection,
        person=person,
        type_=TOLD,
        at=at,
        day=day,
        key=hash64("verdict", person, product, verdict, at),
        product=product,
        reference=decision,
        detail=json.dumps({"verdict": verdict.value}),
    )


def left_out(connection: Connection, person: PersonId, *, at: int) -> dict[ProductId, Verdict]:
    """The products that are not to be suggested to somebody now, each with the word of hers that says so."""
    told = ((product, _verdict(detail), said_at) for product, detail, said_at in
            connection.execute(_TOLD_OF, {"person": person}))  # fmt: skip
    return obeyed(told, at=at)


def obeyed(told: Iterable[tuple[int, object, int]], *, at: int) -> dict[ProductId, Verdict]:
    """What counts of all that somebody said of products: "less" and "wrong" for a year, "never" until she says "fine".

    Nothing that takes away takes a larger word back: "less" after "never" changes nothing.

    Args:
        told: product, verdict, and when, in the order in which it was said.
    """
    standing: dict[ProductId, Verdict] = {}
    for product, verdict, said_at in told:
        number = ProductId(product)
        if verdict == Verdict.FINE:
            standing.pop(number, None)
        elif verdict == Verdict.NEVER or (
            verdict in TAKES_AWAY and said_at > at - OBEYED_FOR and standing.get(number) is not Verdict.NEVER
        ):
            standing[number] = Verdict(str(verdict))
    return standing


def said_wrong(told: Iterable[tuple[int, object, int]], *, at: int) -> list[ProductId]:
    """Of which products she said within a year that they are wrong about her, and did not say "fine" since.

    "Less" or "never" of the same thing afterwards does not make it right again. Args as of `obeyed`.
    """
    standing: dict[ProductId, None] = {}
    for product, verdict, said_at in told:
        if verdict == Verdict.FINE:
            standing.pop(ProductId(product), None)
        elif verdict == Verdict.WRONG and said_at > at - OBEYED_FOR:
            standing[ProductId(product)] = None
    return list(standing)


def _verdict(detail: str | None) -> object:
    found: Mapping[str, object] | None = json.loads(detail) if detail else None
    return found.get("verdict") if isinstance(found, dict) else None
