"""The decision record: written into the event log like anything else that happened, read back through the door."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import Connection

from goodwill import people
from goodwill.access import Door, SignedIn
from goodwill.basics.clock import day_of
from goodwill.basics.errors import NotFound
from goodwill.basics.ids import PersonId, from_opaque
from goodwill.catalogue import store as catalogue
from goodwill.decide.decision import Choice, Decision
from goodwill.people import log
from goodwill.people.columns import EventColumns, EventRow
from goodwill.people.types import BY_CODE, DECIDED
from goodwill.purposes import Category

_ENGAGEMENT = Category("engagement")
_ENCODER = msgspec.json.Encoder()
_DECIDED = frozenset({BY_CODE[DECIDED].name})
_DECODER = msgspec.json.Decoder(Decision)


def write(connection: Connection, decisions: Sequence[Decision], *, zone: ZoneInfo) -> None:
    """Add decisions to the event log; one about nobody in particular belongs to nobody."""
    rows = []
    numbers = catalogue.ids_of(connection, {choice.product for one in decisions for choice in _new(one)})
    for one in decisions:
        reference, day = from_opaque(one.id), day_of(one.at, zone)
        rows.append(EventRow(one.person, DECIDED, one.at, day, key=reference, reference=reference, detail=encoded(one)))
        rows += (
            people.gentle.proposal(one.person, numbers[choice.product], decision=reference, at=one.at, day=day)
            for choice in _new(one)
            if one.person is not None and choice.product in numbers
        )
        rows += (
            people.gentle.showing(
                one.person, one.slot, choice.product, decision=reference, at=one.at, day=day,
                engagement=_ENGAGEMENT not in one.withheld, promised=choice.placed.set_aside,
            )
            for choice in one.items
            if one.person is not None and choice.placed is not None
        )  # fmt: skip
    if rows:
        log.append(connection, EventColumns.of(rows))


def _new(decision: Decision) -> list[Choice]:
    """What was chosen for somebody as something new: it rests when she does not take it."""
    return [] if decision.person is None else [choice for choice in decision.items if choice.kind == "new"]


def encoded(decision: Decision) -> str:
    """A decision as it is written down."""
    return _ENCODER.encode(decision).decode()


def read(door: Door, connection: Connection, word: str) -> Decision:
    """A decision by its id.

    Raises:
        NotFound: there is none, or it was erased with the person.
    """
    return read_raw(door, connection, word)[0]


def read_raw(door: Door, connection: Connection, word: str) -> tuple[Decision, str]:
    """A decision by its id, and its record as it was written down. Raises as `read`."""
    try:
        reference = from_opaque(word)
    except ValueError:
        raise NotFound(f"'{word}' is not the id of a decision.") from None
    found = people.log.whose_decision(connection, reference)
    if found is None:
        raise NotFound(f"There is no decision '{word}' here. It may have been erased with the person it was made for.")
    person, detail = found
    if person is not None:
        own = door.own(SignedIn(person, by=f"explain {word}"), types=_DECIDED).events
        detail = next((happened.detail for happened in own if happened.reference == reference), None)
    if not detail:
        raise NotFound(f"There is no decision '{word}' here.")
    return _DECODER.decode(detail), detail


def of_person(door: Door, person: PersonId, limit: int) -> list[Decision]:
    """What was decided for a person, newest first."""
    own = door.own(SignedIn(person, by="decisions"), types=_DECIDED)
    details = [happened.detail for happened in own.events if happened.detail]
    return [_DECODER.decode(detail) for detail in details[: -limit - 1 : -1]]
