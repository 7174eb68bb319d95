"""What a customer was told of a decision's account, kept with the decision: the models of then may be gone by tomorrow.

It stands in her own log, so it is handed out, merged, kept and erased with the decision. It holds nothing that may not
be told: no thing that few people share, no sensitive one, and nobody else's data.
"""

from dataclasses import replace
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from goodwill import people
from goodwill.access import Door, SignedIn
from goodwill.basics.clock import day_of
from goodwill.basics.ids import from_opaque, hash64
from goodwill.decide.account import Account, Instead, Scales
from goodwill.decide.decision import Decision
from goodwill.people.types import event_type

EXPLAINED: Final = event_type("explained")


class Kept(msgspec.Struct, frozen=True, gc=False):
    """Of an account what may be told."""

    scales: tuple[Scales, ...]
    instead: tuple[Instead, ...]


_DECODER = msgspec.json.Decoder(Kept)
_ENCODER = msgspec.json.Encoder()


def keep(door: Door, account: Account, *, zone: ZoneInfo) -> None:
    """Write down what may be told of an account; once for each decision, and only of somebody who is here."""
    made = account.decision
    hers = people.merge.survivor(door.connection, made.person) if made.person is not None else None
    if hers is None:
        return
    told = tuple(replace(one, weighed=tuple(each for each in one.weighed if each.told)) for one in account.scales)
    reference = from_opaque(made.id)
    people.log.append_one(
        door.connection, person=hers, type_=EXPLAINED.code, at=made.at, day=day_of(made.at, zone),
        key=hash64("explained", reference), reference=reference,
        detail=_ENCODER.encode(Kept(told, account.instead)).decode(),
    )  # fmt: skip


def kept(door: Door, made: Decision) -> Account | None:
    """What was kept of a decision's account; None where nothing was."""
    if made.person is None:
        return None
    reference = from_opaque(made.id)
    own = door.own(SignedIn(made.person, by=f"explain {made.id}"), types={EXPLAINED.name}).events
    detail = next((one.detail for one in own if one.reference == reference), None)
    if not detail:
        return None
    found = _DECODER.decode(detail)
    return Account(made, found.scales, found.instead, None)
