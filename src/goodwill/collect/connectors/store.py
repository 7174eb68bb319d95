"""Webhooks' tables: the sources, what each delivered, and which of its objects are known here.

A body is sealed: with the shop's own key as long as nobody knows whose it is, then with the person's. It is dropped
after some days, and at once where nothing of it may be kept.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Connection, Index, Table, Text, and_, delete, exists, func, insert, or_, select, update

from goodwill.storage.engine import WEBHOOKS, one_at_a_time
from goodwill.storage.schema import Bytes, Erase, Merge, Personal, Whole, metadata

OPEN, UNINSTALLED, REVOKED = "open", "uninstalled", "revoked"
NEW, WORKING, DONE, DROPPED, REFUSED, FAILED = "new", "working", "done", "dropped", "refused", "failed"

STATES = (NEW, WORKING, DONE, DROPPED, REFUSED, FAILED)

hook_sources = Table(
    "hook_sources",
    metadata,
    Column("id", Whole, primary_key=True),
    Column("system", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("secret", Bytes, nullable=False),  # sealed; with it the sender signs
    Column("state", Text, nullable=False),
    Column("created_at", Whole, nullable=False),
    Column("closed_at", Whole),
    Column("last_at", Whole),  # of its latest delivery
    Column("last_count", Whole),  # the highest running number of an order so far
    Column("missing", Text, nullable=False),  # JSON: running numbers that never came, and since when
    Column("all_go_by", Whole),  # by when everybody who came by it must be erased, as the sender asks
    sqlite_autoincrement=True,  # a name may be given again, a number is not
)
Index("ux_hook_sources_system_name", hook_sources.c.system, hook_sources.c.name, unique=True)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Whole, primary_key=True),  # in the order of arrival
    Column("source", Whole, nullable=False),
    Column("delivery", Text, nullable=False),  # the sender's own number of it
    Column("topic", Text, nullable=False),
    Column("at", Whole, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text),  # the rule that dropped or refused it, or the kind of the last failure
    Column("done_at", Whole),
    Column("tries", Whole, nullable=False),
    Column("due_at", Whole, nullable=False),
    Column("lease", Whole),  # of whoever is working on it
    Column("leased_until", Whole),
    Column("person", Whole),  # whose key seals it; null: the shop's own
    Column("sealed", Bytes),  # the body; null once dropped
    Column("epoch", Whole),
    info={
        "personal": Personal(
            person="person",
            under="what the shop's other systems told us of you",
            erase=Erase.DELETED,
            merge=Merge.STAYS,
            kept="7 days what was said, 90 days that something was said",
            sealed=("sealed",),
            sealed_as="id",
            inner=("sealed", "epoch", "source", "delivery", "tries", "due_at", "lease", "leased_until"),
        )
    },
    sqlite_autoincrement=True,
)
Index("ux_deliveries_source_delivery", deliveries.c.source, deliveries.c.delivery, unique=True)
Index("ix_deliveries_state_due_at", deliveries.c.state, deliveries.c.due_at)
Index("ix_deliveries_person", deliveries.c.person)
Index("ix_deliveries_at", deliveries.c.at)

# Orders, customers, products … of a source, each by a keyed hash of its id there: how new what we know of it is.
hook_objects = Table(
    "hook_objects",
    metadata,
    Column("source", Whole, primary_key=True, autoincrement=False),
    Column("kind", Text, primary_key=True),
    Column("mark", Bytes, primary_key=True),
    Column("person", Whole),
    Column("reference", Whole),  # of the order that it is, or pays for
    Column("changed_at", Whole),  # when it was as it is known, by its sender
    Column("detail", Text),  # JSON: the products of a product's id; what a payment came to
    Column("at", Whole, nullable=False),
    info={
        "personal": Personal(
            person="person",
            under="which records of the shop's other systems are yours",
            erase=Erase.DELETED,
            merge=Merge.STAYS,
            kept="as long as the person",
            inner=("mark", "source", "reference", "detail"),
        )
    },
)
Index("ix_hook_objects_person", hook_objects.c.person)
Index("ix_hook_objects_source_reference", hook_objects.c.source, hook_objects.c.reference)


@dataclass(frozen=True, slots=True)
class Source:
    """Where webhooks come from."""

    id: int
    system: str
    name: str
    secret: bytes
    state: str
    created_at: int
    closed_at: int | None
    last_at: int | None
    last_count: int | None
    missing: Mapping[str, int]
    all_go_by: int | None

    @property
    def sender(self) -> str:
        """What it is called where somebody asks who said something."""
        return f"webhook {self.system}/{self.name}"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One webhook that came."""

    id: int
    source: int
    delivery: str
    topic: str
    at: int
    state: str
    reason: str | None
    done_at: int | None
    tries: int
    due_at: int
    person: int | None
    sealed: bytes | None
    epoch: int | None


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of an object of a source."""

    person: int | None
    reference: int | None
    changed_at: int | None
    detail: Any


# ---- sources ---------------------------------------------------------------------------------------------------------


def add_source(connection: Connection, system: str, name: str, *, now: int) -> int:
    values = {"system": system, "name": name, "secret": b"", "state": OPEN, "created_at": now, "missing": "{}"}
    return int(connection.execute(insert(hook_sources).values(**values).returning(hook_sources.c.id)).scalar_one())


def change_source(connection: Connection, number: int, values: Mapping[str, Any]) -> None:
    connection.execute(update(hook_sources).where(hook_sources.c.id == number).values(**values))


def source(connection: Connection, system: str, name: str) -> Source | None:
    here = hook_sources.c
    row = connection.execute(select(hook_sources).where(here.system == system, here.name == name)).first()
    return None if row is None else _source(row)


def source_of(connection: Connection, number: int) -> Source:
    return _source(connection.execute(select(hook_sources).where(hook_sources.c.id == number)).one())


def sources(connection: Connection) -> list[Source]:
    """All sources, the earliest first, the closed ones too."""
    return [_source(row) for row in connection.execute(select(hook_sources).order_by(hook_sources.c.id))]


def _source(row: Any) -> Source:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it
    return Source(**{**values, "secret": bytes(row.secret), "missing": json.loads(row.missing)})


# ---- deliveries ------------------------------------------------------------------------------------------------------


def is_here(connection: Connection, number: int, delivery: str) -> bool:
    here = (deliveries.c.source == number, deliveries.c.delivery == delivery)
    return connection.execute(select(deliveries.c.id).where(*here)).first() is not None


def add(connection: Connection, number: int, delivery: str, topic: str, *, now: int) -> int | None:
    """The number of a new delivery; None if it came before. What is sealed for it is put in with `seal`."""
    one_at_a_time(connection, WEBHOOKS)
    if is_here(connection, number, delivery):
        return None
    values = {
        "source": number, "delivery": delivery, "topic": topic, "at": now, "state": NEW, "tries": 0, "due_at": now,
    }  # fmt: skip
    change_source(connection, number, {"last_at": now})
    return int(connection.execute(insert(deliveries).values(**values).returning(deliveries.c.id)).scalar_one())


def change(connection: Connection, number: int, values: Mapping[str, Any]) -> None:
    connection.execute(update(deliveries).where(deliveries.c.id == number).values(**values))


def one(connection: Connection, number: int) -> Delivery | None:
    row = connection.execute(select(*_SHOWN).where(deliveries.c.id == number)).first()
    return None if row is None else _delivery(row)


def is_any_due(connection: Connection, *, now: int) -> bool:
    return connection.execute(select(deliveries.c.id).where(_due(now)).limit(1)).first() is not None


def claim(connection: Connection, lease: int, *, now: int, leased_until: int) -> Delivery | None:
    """Take the delivery that came first; nobody else works while somebody does, so that their order is kept."""
    one_at_a_time(connection, WEBHOOKS)
    busy = select(deliveries.c.id).where(deliveries.c.state == WORKING, deliveries.c.leased_until > now)
    if connection.execute(busy.limit(1)).first() is not None:
        return None
    row = connection.execute(select(*_SHOWN).where(_due(now)).order_by(deliveries.c.id).limit(1)).first()
    if row is None:
        return None
    change(
        connection, row.id, {"state": WORKING, "lease": lease, "leased_until": leased_until, "tries": row.tries + 1}
    )  # fmt: skip
    return _delivery(row)


def note(connection: Connection, number: int, lease: int, values: Mapping[str, Any]) -> bool:
    """Write down what became of a delivery, if it is still ours."""
    mine = (deliveries.c.id == number, deliveries.c.lease == lease)
    done = connection.execute(update(deliveries).where(*mine).values(**values, lease=None, leased_until=None))
    return done.rowcount == 1


def latest(connection: Connection, *, source: int | None = None, failed: bool = False, limit: int) -> list[Delivery]:
    """The latest deliveries, of one source or of all; or those that did not get through."""
    question = select(*_SHOWN).order_by(deliveries.c.id.desc()).limit(limit)
    if source is not None:
        question = question.where(deliveries.c.source == source)
    if failed:
        question = question.where(_stuck())
    return [_delivery(row) for row in connection.execute(question)]


def stuck(connection: Connection) -> dict[int, int]:
    """How many deliveries of each source could not be worked on, or wait after a failure."""
    question = select(deliveries.c.source, func.count()).where(_stuck()).group_by(deliveries.c.source)
    return {row[0]: row[1] for row in connection.execute(question)}


def counted(connection: Connection, *, since: int) -> dict[int, dict[str, int]]:
    """How many deliveries of each source came since then, by their state."""
    question = select(deliveries.c.source, deliveries.c.state, func.count()).where(deliveries.c.at >= since)
    found: dict[int, dict[str, int]] = {}
    for source, state, many in connection.execute(question.group_by(deliveries.c.source, deliveries.c.state)):
        found.setdefault(source, {})[state] = many
    return found


def waiting(connection: Connection) -> dict[int, tuple[int, int]]:
    """How many deliveries of each source wait to be worked on, and when the first of them came."""
    question = select(deliveries.c.source, func.count(), func.min(deliveries.c.at))
    still = deliveries.c.state.in_((NEW, WORKING))
    return {row[0]: (row[1], row[2]) for row in connection.execute(question.where(still).group_by(deliveries.c.source))}


def times(connection: Connection, number: int, *, since: int) -> list[int]:
    """When a source delivered, oldest first."""
    here = (deliveries.c.source == number, deliveries.c.at >= since)
    return list(connection.execute(select(deliveries.c.at).where(*here).order_by(deliveries.c.at)).scalars())


def drop_bodies(connection: Connection, *, before: int) -> int:
    """Let go of what was said before a moment, whatever became of it; of what still waits, say that it is too late."""
    old = (deliveries.c.sealed.is_not(None), deliveries.c.at < before)
    connection.execute(
        update(deliveries).where(*old, deliveries.c.state.in_((NEW, WORKING))).values(state=FAILED, reason="too-late")
    )
    return connection.execute(update(deliveries).where(*old).values(sealed=None, epoch=None)).rowcount


def drop_rows(connection: Connection, *, before: int) -> int:
    return connection.execute(delete(deliveries).where(deliveries.c.at < before)).rowcount


def drop_all_bodies(connection: Connection, number: int) -> None:
    here = (deliveries.c.source == number, deliveries.c.sealed.is_not(None), deliveries.c.state.not_in((NEW, WORKING)))
    connection.execute(update(deliveries).where(*here).values(sealed=None, epoch=None))


def _due(now: int) -> Any:
    return or_(
        and_(deliveries.c.state == NEW, deliveries.c.due_at <= now),
        and_(deliveries.c.state == WORKING, deliveries.c.leased_until <= now),
    )


def _stuck() -> Any:
    waits = and_(deliveries.c.state.in_((NEW, WORKING)), deliveries.c.reason.is_not(None))
    return or_(deliveries.c.state.in_((FAILED, REFUSED)), waits)


_SHOWN = [column for column in deliveries.c if column.name not in ("lease", "leased_until")]


def _delivery(row: Any) -> Delivery:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it
    return Delivery(**{**values, "sealed": None if row.sealed is None else bytes(row.sealed)})


# ---- objects ---------------------------------------------------------------------------------------------------------


def known(connection: Connection, number: int, kind: str, mark: bytes) -> Known | None:
    here = hook_objects.c
    columns = (here.person, here.reference, here.changed_at, here.detail)
    row = connection.execute(
        select(*columns).where(here.source == number, here.kind == kind, here.mark == mark)
    ).first()
    return None if row is None else Known(*row[:3], json.loads(row.detail) if row.detail else None)


def keep(connection: Connection, number: int, kind: str, mark: bytes, what: Known, *, now: int) -> None:
    """Write down how an object stands now."""
    here = (hook_objects.c.source == number, hook_objects.c.kind == kind, hook_objects.c.mark == mark)
    values = {
        "person": what.person, "reference": what.reference, "changed_at": what.changed_at, "at": now,
        "detail": None if what.detail is None else json.dumps(what.detail),
    }  # fmt: skip
    if not connection.execute(update(hook_objects).where(*here).values(**values)).rowcount:
        connection.execute(insert(hook_objects).values(source=number, kind=kind, mark=mark, **values))


def parts(connection: Connection, number: int, reference: int) -> list[tuple[bytes, Any]]:
    """The marks and details of all objects of a source that belong to one order."""
    here = hook_objects.c
    rows = connection.execute(select(here.mark, here.detail).where(here.source == number, here.reference == reference))
    return [(bytes(row.mark), json.loads(row.detail) if row.detail else {}) for row in rows]


def whose(connection: Connection, references: Collection[int]) -> dict[int, int]:
    """Whose those of some orders are that an open source tells of."""
    here, source = hook_objects.c, hook_sources.c
    question = select(here.reference, here.person).join(hook_sources, source.id == here.source)
    told = (source.state == OPEN, here.reference.in_(references), here.person.is_not(None))
    return {row.reference: row.person for row in connection.execute(question.where(*told).order_by(here.at))}


def persons(connection: Connection, number: int) -> Sequence[int]:
    """Everybody who came by a source."""
    here = hook_objects.c
    question = select(here.person).where(here.source == number, here.person.is_not(None)).distinct()
    return list(connection.execute(question.order_by(here.person)).scalars())


def also_elsewhere(connection: Connection, number: int, person: int) -> bool:
    """Whether somebody came by another source that is open, too."""
    other = select(hook_objects.c.person).join(hook_sources, hook_sources.c.id == hook_objects.c.source)
    there = other.where(hook_objects.c.person == person, hook_sources.c.id != number, hook_sources.c.state == OPEN)
    return bool(connection.execute(select(exists(there))).scalar_one())
