"""What makes a shop hold back from somebody: what she said of suggestions, a hard time, a wish not to be guided at all.

Such a word only ever takes something away, so it is obeyed whatever else she allows, like a hold. It is no reason to
choose anything, and goes into no total. The room answers with what to leave out and how to be, and nothing more.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection, bindparam, select

from goodwill.basics.clock import DAY, Micros
from goodwill.basics.ids import PersonId, ProductId, hash64
from goodwill.people import log
from goodwill.people.tables import events
from goodwill.people.types import event_type
from goodwill.people.verdicts import OBEYED_FOR, Verdict

TOLD: Final = event_type("told").code
PROPOSED: Final = event_type("proposed").code
CARE_FOR: Final = 90 * DAY
_END: Final = (1 << 63) - 1  # no event has a higher number


class Care(StrEnum):
    """Why to be careful with somebody: the four drivers of vulnerability (FCA FG21/1), and age. No more is noted."""

    BEREAVEMENT = "bereavement"  # life events
    PAYMENT_TROUBLE = "payment-trouble"  # resilience
    HEALTH = "health"
    NEEDS_HELP = "needs-help"  # capability
    SELF_DECLARED = "self-declared"
    MINOR = "minor"  # under age: nothing is chosen from what she did


@dataclass(frozen=True, slots=True)
class Gentle:
    """How to be with somebody.

    Attributes:
        left_out: products that she wants no more of.
        care: whether she is having a hard time: nothing is urged on her.
        impersonal: whether nothing is to be chosen from her data: she switched it off, or is under age.
    """

    left_out: tuple[ProductId, ...] = ()
    care: bool = False
    impersonal: bool = False


ORDINARY: Final = Gentle()
_TOLD_OF = (
    select(events.c.product, events.c.detail, events.c.at)
    .where(events.c.person == bindparam("person"), events.c.type == TOLD, events.c.id <= bindparam("upto"))
    .order_by(events.c.id)
)


def gentle_with(connection: Connection, person: PersonId, *, at: int, upto: int = _END) -> Gentle:
    """How to be with somebody now; her last word of each kind counts.

    What she said of a product is obeyed for a year, a hard time for 90 days, a switch and her age until taken back.

    Args:
        upto: the last event that counts.
    """
    out: dict[int, bool] = {}
    cares: dict[object, bool] = {}
    impersonal = False
    for product, detail, said_at in connection.execute(_TOLD_OF, {"person": person, "upto": upto}):
        said = _read(detail)
        if product is not None and said_at > at - OBEYED_FOR and "verdict" in said:
            out[product] = said["verdict"] in (Verdict.LESS, Verdict.WRONG)
        if "care" in said:
            cares[said["care"]] = said.get("over") is not True and (
                said["care"] == Care.MINOR or said_at > at - CARE_FOR
            )
        if "personal" in said:
            impersonal = said["personal"] is False
    if not (out or cares or impersonal):
        return ORDINARY
    left_out = tuple(ProductId(product) for product, unwanted in out.items() if unwanted)
    return Gentle(left_out, any(cares.values()), impersonal or cares.get(Care.MINOR, False))


def note_care(connection: Connection, person: PersonId, why: Care, *, over: bool, at: Micros, day: int) -> None:
    """Note that somebody is to be treated with care, or no longer."""
    _tell(connection, person, {"care": why.value, **({"over": True} if over else {})}, at=at, day=day)


def switch(connection: Connection, person: PersonId, *, personal: bool, at: Micros, day: int) -> None:
    """Note whether anything may be chosen from her data at all, beside what she allows."""
    _tell(connection, person, {"personal": personal}, at=at, day=day)


def _tell(connection: Connection, person: PersonId, said: Mapping[str, Any], *, at: Micros, day: int) -> None:
    detail = json.dumps(said)
    key = hash64("gentle", person, detail, at)
    log.append_one(connection, person=person, type_=TOLD, at=at, day=day, key=key, detail=detail)


def _read(detail: str | None) -> Mapping[str, Any]:
    found = json.loads(detail) if detail else None
    return found if isinstance(found, dict) else {}


# ---- what was proposed, so that it can rest ------------------------------------------------------------------------


def propose(
    connection: Connection, person: PersonId, products: tuple[ProductId, ...], *, decision: int, at: Micros, day: int
) -> None:
    """Note that something new was proposed to her."""
    for product in products:
        log.append_one(
            connection, person=person, type_=PROPOSED, at=at, day=day, product=product, reference=decision,
            key=hash64("proposed", decision, product),
        )  # fmt: skip


_PROPOSED = (
    select(events.c.product, events.c.day)
    .distinct()
    .where(
        events.c.person == bindparam("person"),
        events.c.type == PROPOSED,
        events.c.day > bindparam("since"),
        events.c.id <= bindparam("upto"),
    )
)


def proposed_days(connection: Connection, person: PersonId, *, since: int, upto: int = _END) -> dict[int, int]:
    """On how many days since a day each product was proposed to her as something new."""
    days: dict[int, int] = {}
    for product, _ in connection.execute(_PROPOSED, {"person": person, "since": since, "upto": upto}):
        days[product] = days.get(product, 0) + 1
    return days


__all__ = [
    "ORDINARY",
    "Care",
    "Gentle",
    "gentle_with",
    "note_care",
    "propose",
    "proposed_days",
    "switch",
]
