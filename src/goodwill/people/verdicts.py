"""What people said of a suggestion that they do not want: "less of this", or "this is wrong about me".

A word of that kind only takes something away, so it is obeyed whatever else she allows, like a hold; the room answers
with numbers of products and nothing more.
"""

import json
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
    WRONG = "wrong"
    FINE = "fine"  # takes an earlier word back
    # Of content and offers besides; each costs more than it could bring in.
    INTRUSIVE = "intrusive"
    COMPLAINT = "complaint"
    UNSUBSCRIBE = "unsubscribe"


OF_PRODUCTS: Final = (Verdict.LESS, Verdict.WRONG, Verdict.FINE)  # what may be said of a product


_TOLD_OF = (
    select(events.c.product, events.c.detail)
    .where(
        events.c.person == bindparam("person"),
        events.c.type == TOLD,
        events.c.product.is_not(None),
        events.c.at > bindparam("since"),
    )
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


def left_out(connection: Connection, person: PersonId, *, at: int) -> list[ProductId]:
    """The products that are not to be suggested to somebody, for a year from when she said so."""
    last: dict[int, bool] = {}
    for product, detail in connection.execute(_TOLD_OF, {"person": person, "since": at - OBEYED_FOR}):
        last[product] = _verdict(detail) in (Verdict.LESS, Verdict.WRONG)
    return [ProductId(product) for product, out in last.items() if out]


def _verdict(detail: str | None) -> object:
    found = json.loads(detail) if detail else None
    return found.get("verdict") if isinstance(found, dict) else None
