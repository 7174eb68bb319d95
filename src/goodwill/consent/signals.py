"""Global Privacy Control: a browser's standing "no", kept as long as the person, so that no later script forgets it."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Column, Connection, Index, Table, Text, func, insert, select, update

from goodwill.basics.clock import DAY, Micros
from goodwill.basics.ids import PersonId
from goodwill.storage.engine import NOTICES, one_at_a_time
from goodwill.storage.schema import Erase, Merge, Personal, Whole, metadata

WAYS = ("header", "script")  # Sec-GPC: 1, navigator.globalPrivacyControl
_FRESH = DAY  # a signal that comes with every page is written down once a day

signals = Table(
    "signals",
    metadata,
    Column("id", Whole, primary_key=True),
    Column("person", Whole, nullable=False),
    Column("how", Text, nullable=False),
    Column("first_at", Whole, nullable=False),
    Column("last_at", Whole, nullable=False),
    info={
        "personal": Personal(
            person="person",
            under="when your browser asked us not to sell or share (Global Privacy Control)",
            erase=Erase.DELETED,
            merge=Merge.MOVED,
            kept="as long as the person",
            inner=("id",),
        )
    },
)
Index("ix_signals_person", signals.c.person)


@dataclass(frozen=True, slots=True)
class Signal:
    """Since when a person's browsers have been saying no, and when one last did."""

    first_at: Micros
    last_at: Micros


def signal_of(connection: Connection, persons: Collection[PersonId]) -> Signal | None:
    """The signal of somebody, under any of her numbers."""
    table = signals.c
    row = connection.execute(
        select(func.min(table.first_at).label("first"), func.max(table.last_at).label("last")).where(
            table.person.in_(list(persons))
        )
    ).one()
    return None if row.first is None else Signal(Micros(row.first), Micros(row.last))


def is_fresh(signal: Signal | None, *, now: Micros) -> bool:
    """Whether it was written down lately, so that nothing needs writing."""
    return signal is not None and now - signal.last_at < _FRESH


def note(connection: Connection, person: PersonId, how: str, *, now: Micros) -> None:
    """Write down that the signal came."""
    one_at_a_time(connection, NOTICES)
    here = (signals.c.person == person, signals.c.how == how)
    last = select(func.max(signals.c.id)).where(*here).scalar_subquery()
    found = connection.execute(update(signals).where(signals.c.id == last).values(last_at=now)).rowcount
    if not found:
        connection.execute(insert(signals).values(person=person, how=how, first_at=now, last_at=now))
