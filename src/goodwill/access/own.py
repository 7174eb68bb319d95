"""All that is held about one person, worked out from the registry of tables, so that none can be forgotten."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, and_, func, select

from goodwill.access.view import Everything, Happened, Section
from goodwill.basics.ids import PersonId
from goodwill.consent import history
from goodwill.consent.tables import consent_rows
from goodwill.people import registry
from goodwill.people.bulk import listed
from goodwill.people.merge import numbers
from goodwill.people.tables import events, identities, profiles
from goodwill.people.types import BY_CODE, codes_of, event_type
from goodwill.protect import Cipher
from goodwill.purposes import Category
from goodwill.storage.kept import reads, reads_of

# These have a shape of their own in a copy; every other table that tells of people is shown as it is.
_SHAPED = {table.name for table in (events, consent_rows, reads)}

# What comes by a device alone. An order or an answer comes with its customer's own id.
_BY_DEVICE = codes_of(frozenset(map(Category, ("browsing", "device", "location"))))


def everything(connection: Connection, cipher: Cipher, person: PersonId) -> Everything:
    """What is held about somebody under all her numbers, in clear.

    What came by a device after somebody else had used it too is left out and counted: it may be the other's.
    """
    hers = numbers(connection, person)
    happened, left_out = _happened(connection, hers)
    more = [_section(connection, cipher, one, hers) for one in registry.told() if one.name not in _SHAPED]
    named = next(section for section in more if section.table == identities.name)
    fields = next(section for section in more if section.table == profiles.name)
    said = [row for number in hers for row in history(connection, number)]
    return Everything(
        person=person,
        identities=tuple((str(row["kind"]), str(row["sealed"])) for row in named.rows),
        profile={str(row["field"]): str(row["sealed"]) for row in fields.rows},
        events=happened,
        consents=tuple(sorted(said, key=lambda row: row.position)),
        reads=tuple(read for number in hers for read in reads_of(connection, number)),
        more=tuple(section for section in more if section.rows),
        held=tuple(registry.holdings(connection, hers)),
        left_out=left_out,
    )


def only_events(connection: Connection, person: PersonId, types: Collection[str]) -> Everything:
    """Of all that is held about somebody only what happened, of some types: nothing that is sealed is opened."""
    happened, left_out = _happened(connection, numbers(connection, person), types)
    return Everything(
        person=person, identities=(), profile={}, events=happened, consents=(), reads=(), left_out=left_out
    )


def _happened(
    connection: Connection, hers: Sequence[PersonId], types: Collection[str] | None = None
) -> tuple[tuple[Happened, ...], int]:
    """What happened to somebody, and how many events may be those of somebody who uses the same device."""
    question = select(events).where(events.c.person.in_(listed(connection, hers))).order_by(events.c.id)
    if types is not None:
        question = question.where(events.c.type.in_([event_type(name).code for name in types]))
    since = _shared_since(connection, hers)
    shared = and_(events.c.type.in_(_BY_DEVICE), events.c.at >= since) if since is not None else None
    shown = question if shared is None else question.where(~shared)
    left_out = 0 if shared is None else _count(connection, question.where(shared))
    return tuple(map(_in_words, connection.execute(shown))), left_out


def _section(connection: Connection, cipher: Cipher, one: registry.Told, hers: Sequence[PersonId]) -> Section:
    found = registry.rows(connection, one, hers)
    shown = (one.opened(cipher, row) for row in found if not _is_shared_device(one, row))
    return Section(one.name, one.says.under, tuple(shown))


def _is_shared_device(one: registry.Told, row: Any) -> bool:
    return one.name == identities.name and row.kind == "anonymous_id" and row.shared_at is not None


def _shared_since(connection: Connection, hers: Sequence[PersonId]) -> int | None:
    """Since when somebody else uses a device of hers; None if nobody does."""
    mine = identities.c.person.in_(listed(connection, hers)), identities.c.kind == "anonymous_id"
    found = connection.execute(select(func.min(identities.c.shared_at)).where(*mine)).scalar()
    return None if found is None else int(found)


def _count(connection: Connection, question: Any) -> int:
    return int(connection.execute(select(func.count()).select_from(question.subquery())).scalar_one())


def _in_words(row: Any) -> Happened:
    kind = BY_CODE[row.type]
    names = ("product", "quantity", "amount", "currency", "reference", "detail", "import_id", "day")
    values = {name: getattr(row, name) for name in names}
    return Happened(id=row.id, type=kind.name, category=kind.category, at=row.at, **values)
