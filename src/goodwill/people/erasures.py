"""What was asked to be erased, how far that got, and the certificate about it: by number, never by name.

A row outlives whom it is about, so that whoever is interrupted goes on, and so that an older database that was put back
can be brought up to date.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Column, Connection, SmallInteger, Table, Text, insert, select, update

from goodwill.basics.clock import Micros
from goodwill.basics.ids import PersonId
from goodwill.storage.schema import Erase, Merge, Personal, Whole, metadata

erasures = Table(
    "erasures",
    metadata,
    Column("person", Whole, primary_key=True, autoincrement=False),
    Column("numbers", Text, nullable=False),  # JSON: hers, and those of whoever was merged into her
    Column("reason", Text, nullable=False, info={"free": True}),
    Column("leave_alone", SmallInteger, nullable=False),
    Column("state", Text, nullable=False),  # marked · unnamed · erased · done
    Column("asked_at", Whole, nullable=False),
    Column("key_destroyed_at", Whole),
    Column("erased_at", Whole),
    Column("finished_at", Whole),
    Column("notes", Text, nullable=False),  # JSON: what the certificate will say: counts, hashes, names of files
    info={
        "personal": Personal(
            person="person",
            under="that you were erased",
            erase=Erase.KEPT,
            merge=Merge.STAYS,
            kept="for ever, as proof; it names a number",
        )
    },
)


class State(StrEnum):
    """How far an erasure got."""

    MARKED = "marked"  # held: she counts in nothing; her key may still be alive
    UNNAMED = "unnamed"  # her key is destroyed, and what it locked is gone
    ERASED = "erased"  # every row about her is gone; residue may be left in files
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Erasure:
    """One erasure, as far as it got."""

    person: PersonId
    numbers: tuple[PersonId, ...]
    reason: str
    leave_alone: bool
    state: State
    asked_at: Micros
    key_destroyed_at: Micros | None
    erased_at: Micros | None
    finished_at: Micros | None
    notes: Mapping[str, Any]


def begin(
    connection: Connection,
    person: PersonId,
    numbers: Sequence[PersonId],
    *,
    reason: str,
    leave_alone: bool,
    now: Micros,
    notes: Mapping[str, Any],
) -> None:
    """Write down that somebody is to be erased."""
    connection.execute(
        insert(erasures).values(
            person=person, numbers=json.dumps(list(numbers)), reason=reason, leave_alone=int(leave_alone),
            state=State.MARKED, asked_at=now, notes=json.dumps(notes, sort_keys=True),
        )
    )  # fmt: skip


def move(connection: Connection, person: PersonId, state: State, **changes: Any) -> None:
    """Write down how far an erasure got, and when; ``notes`` are added to those that stand there."""
    notes = changes.pop("notes", None)
    if notes:
        changes["notes"] = json.dumps({**get(connection, person).notes, **notes}, ensure_ascii=False, sort_keys=True)
    connection.execute(update(erasures).where(erasures.c.person == person).values(state=state, **changes))


def get(connection: Connection, person: PersonId) -> Erasure:
    """The erasure of somebody who was asked to be erased."""
    return _erasure(connection.execute(select(erasures).where(erasures.c.person == person)).one())


def find(connection: Connection, person: PersonId) -> Erasure | None:
    """The erasure of somebody, if there is one."""
    row = connection.execute(select(erasures).where(erasures.c.person == person)).one_or_none()
    return _erasure(row) if row is not None else None


def of_number(connection: Connection, number: PersonId) -> Erasure | None:
    """The erasure in which a number went: of its own person, or of whoever she was merged into."""
    own = find(connection, number)
    return own or next((one for one in all_of(connection) if number in one.numbers), None)


def unfinished(connection: Connection) -> list[Erasure]:
    """Erasures that are not done, the earliest first."""
    question = select(erasures).where(erasures.c.state != State.DONE).order_by(erasures.c.asked_at, erasures.c.person)
    return [_erasure(row) for row in connection.execute(question)]


def all_of(connection: Connection) -> list[Erasure]:
    """All erasures, the earliest first."""
    question = select(erasures).order_by(erasures.c.asked_at, erasures.c.person)
    return [_erasure(row) for row in connection.execute(question)]


def _erasure(row: Any) -> Erasure:
    return Erasure(
        PersonId(row.person), tuple(PersonId(number) for number in json.loads(row.numbers)), row.reason,
        bool(row.leave_alone), State(row.state), row.asked_at, row.key_destroyed_at, row.erased_at, row.finished_at,
        json.loads(row.notes),
    )  # fmt: skip
