"""Double opt-in: a yes to being written to counts once somebody who reads that address has confirmed it.

Until then the ledger says `requested`. The confirmed yes is entered as said when it was asked for, so any "no" since
then wins by the ledger's own rule, whichever way and order it comes in.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Column, Connection, Index, Table, Text, delete, func, insert, select, update

from goodwill.basics.clock import DAY, Micros
from goodwill.basics.ids import PersonId, Reference
from goodwill.consent.ledger import Standing
from goodwill.purposes import Category, Entry, Purpose
from goodwill.storage.engine import NOTICES, one_at_a_time
from goodwill.storage.schema import Bytes, Erase, Merge, Personal, Whole, metadata

LASTS = 7 * DAY
KEPT = 30 * DAY  # after its end, to say what became of it
MOST_LETTERS = 3  # to one address in a day, however often somebody asks

Pair = tuple[Purpose, Category]

opt_ins = Table(
    "opt_ins",
    metadata,
    Column("number", Whole, primary_key=True, autoincrement=False),  # random; stands in the link
    Column("person", Whole, nullable=False),
    Column("address", Bytes, nullable=False),  # keyed hash of the address that was written to
    Column("code", Bytes),  # keyed hash of the letters, bound to the number; null once it was used
    Column("about", Text, nullable=False),  # JSON: pairs of purpose and category
    Column("asked", Text, nullable=False),  # JSON: how, notice, language, by, evidence
    Column("asked_at", Whole, nullable=False),
    Column("ends_at", Whole, nullable=False),
    Column("tries", Whole, nullable=False),
    Column("outcome", Text, nullable=False),  # pending · confirmed · replaced
    Column("closed_at", Whole),
    info={
        "personal": Personal(
            person="person",
            under="news that you asked for and have not confirmed yet",
            erase=Erase.DELETED,
            merge=Merge.MOVED,
            kept="30 days after it was confirmed or ended",
            inner=("address", "code"),
        )
    },
)
Index("ix_opt_ins_person", opt_ins.c.person)
Index("ix_opt_ins_address", opt_ins.c.address, opt_ins.c.asked_at)

_MAY_WAIT = frozenset({"never-asked", "refused", "withdrawn", "expired"})
PENDING, CONFIRMED, REPLACED = "pending", "confirmed", "replaced"


@dataclass(frozen=True, slots=True)
class OptIn:
    """Something that was asked for and waits to be confirmed."""

    number: Reference
    person: PersonId
    address: bytes
    code: bytes | None
    about: tuple[Pair, ...]
    asked: dict[str, str | None]
    asked_at: Micros
    ends_at: Micros
    tries: int
    outcome: str

    def is_open(self, at: int) -> bool:
        return self.outcome == PENDING and at < self.ends_at


def add(connection: Connection, one: OptIn) -> None:
    """Write down what was asked for; earlier requests for the same address are replaced by it."""
    one_at_a_time(connection, NOTICES)
    table = opt_ins.c
    connection.execute(delete(opt_ins).where(table.ends_at < one.asked_at - KEPT))
    connection.execute(
        update(opt_ins)
        .where(table.person == one.person, table.address == one.address, table.outcome == PENDING)
        .values(outcome=REPLACED, closed_at=one.asked_at)
    )
    connection.execute(
        insert(opt_ins).values(
            number=one.number, person=one.person, address=one.address, code=one.code,
            about=json.dumps(one.about), asked=json.dumps(one.asked, sort_keys=True), asked_at=one.asked_at,
            ends_at=one.ends_at, tries=one.tries, outcome=one.outcome, closed_at=None,
        )
    )  # fmt: skip


def find(connection: Connection, number: Reference, *, lock: bool = False) -> OptIn | None:
    """The one of a number.

    Args:
        lock: let nobody else count a try or confirm it until this transaction ends.
    """
    if lock:
        one_at_a_time(connection, NOTICES)
    return next(iter(_read(connection, opt_ins.c.number == number)), None)


def pending(connection: Connection, persons: Collection[PersonId], *, at: int) -> list[OptIn]:
    """What waits for somebody, under any of her numbers."""
    found = _read(connection, opt_ins.c.person.in_(list(persons)), opt_ins.c.outcome == PENDING)
    return [one for one in found if one.is_open(at)]


def waits_of(these: Iterable[tuple[Sequence[Pair], Micros]]) -> Mapping[Pair, Micros]:
    """When each thing that waits was asked for last, of requests: what about, and when."""
    waits: dict[Pair, Micros] = {}
    for about, asked_at in these:
        waits.update((pair, max(asked_at, waits.get(pair, asked_at))) for pair in about)
    return waits


def waiting(lines: Sequence[Standing], entry: Entry, waits: Mapping[Pair, Micros]) -> tuple[Standing, ...]:
    """The same lines, where what is not allowed tells that a yes was given since, which waits to be confirmed."""
    return tuple(
        replace(line, reason="requested")
        if line.reason in _MAY_WAIT and waits.get((entry.name, line.category), -1) > (line.since or -1)
        else line
        for line in lines
    )


def pairs_of(about: str) -> tuple[Pair, ...]:
    """What a row is about."""
    return tuple((Purpose(purpose), Category(category)) for purpose, category in json.loads(about))


def letters_since(connection: Connection, address: bytes, since: int) -> int:
    """How many letters went to an address since a moment."""
    question = select(func.count()).where(opt_ins.c.address == address, opt_ins.c.asked_at > since)
    return int(connection.execute(question).scalar_one())


def count_try(connection: Connection, number: Reference) -> None:
    """A wrong code was given."""
    connection.execute(update(opt_ins).where(opt_ins.c.number == number).values(tries=opt_ins.c.tries + 1))


def close(connection: Connection, number: Reference, *, now: Micros) -> None:
    """It was confirmed; its code opens nothing any more."""
    connection.execute(
        update(opt_ins).where(opt_ins.c.number == number).values(outcome=CONFIRMED, closed_at=now, code=None)
    )


def _read(connection: Connection, *conditions: object) -> Sequence[OptIn]:
    question = select(opt_ins).where(*conditions).order_by(opt_ins.c.asked_at, opt_ins.c.number)  # type: ignore[arg-type]
    return [
        OptIn(
            Reference(row.number), PersonId(row.person), bytes(row.address), row.code and bytes(row.code),
            pairs_of(row.about),
            json.loads(row.asked), Micros(row.asked_at), Micros(row.ends_at), row.tries, row.outcome,
        )
        for row in connection.execute(question)
    ]  # fmt: skip
