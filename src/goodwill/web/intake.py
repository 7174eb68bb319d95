"""What came in lately, for whoever connects a shop: taken, dropped or refused, and by which rule. It names nobody."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Annotated

from msgspec import Meta, Struct

from goodwill.basics.clock import date_of, iso
from goodwill.collect.live.rules import status_of, words_of
from goodwill.shop import Shop
from goodwill.shop.collecting import Collecting
from goodwill.staff import Act
from goodwill.web.desk import Call, Endpoint, endpoint
from goodwill.web.keys import list_keys
from goodwill.web.store import Scope, closed


class IntakeRequest(Struct, forbid_unknown_fields=True, frozen=True):
    """How many days back."""

    days: Annotated[int, Meta(ge=1, le=400, description="Calendar days, today included.")] = 7


class IntakeCount(Struct, frozen=True):
    """How many messages of one kind had one outcome on one day."""

    day: date
    key: Annotated[str, Meta(description="The public part of the key that they came with.")]
    name: Annotated[str, Meta(description="What that key is called; of a webhook its source.")]
    event: str
    status: Annotated[str, Meta(description="taken, dropped (well said, and nobody may keep it) or refused.")]
    rule: str
    because: str
    messages: int


class IntakeLatest(Struct, frozen=True):
    """One of the last messages."""

    at: str
    key: str
    name: str
    event: str
    status: str
    rule: str
    because: str


class Intake(Struct, frozen=True):
    """What came in."""

    counts: list[IntakeCount]
    latest: list[IntakeLatest]


@endpoint("GET", "/api/v1/intake", Scope.READ, may=Act.WATCH, tag="Collecting")
def intake(call: Call[IntakeRequest]) -> Intake:
    """See what came in lately, and which rule dropped or refused what did not stay.

    Counts are by day, key, event and rule; `latest` has up to 500 single messages. Nothing tells whose they were.
    """
    return seen(Collecting(call.shop, closed), call.ask.days)


def seen(collecting: Collecting, days: int) -> Intake:
    """The same, for every face."""
    called = names(collecting.shop)
    return Intake(list(_counts(collecting, days, called)), list(_latest(collecting, called)))


def names(shop: Shop) -> dict[str, str]:
    """What each key is called, by its public part; where several are called the same, that part as well."""
    with shop.database.reading() as connection:
        found = list_keys(connection)
    often = Counter(key.name for key in found)
    return {key.id: key.name if often[key.name] == 1 else f"{key.name} ({key.id})" for key in found}


def _counts(collecting: Collecting, days: int, called: Mapping[str, str]) -> Iterator[IntakeCount]:
    for one in collecting.counted(days):
        yield IntakeCount(
            date_of(one.day), one.sender, called.get(one.sender, one.sender), one.event, status_of(one.rule), one.rule,
            words_of(one.rule), one.messages,
        )  # fmt: skip


def _latest(collecting: Collecting, called: Mapping[str, str]) -> Iterator[IntakeLatest]:
    for _, at, one in collecting.latest():
        yield IntakeLatest(
            iso(at), one.sender, called.get(one.sender, one.sender), one.event, status_of(one.rule), one.rule,
            words_of(one.rule),
        )  # fmt: skip


ENDPOINTS: tuple[Endpoint, ...] = (intake,)
