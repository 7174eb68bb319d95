"""What a merge moved, written down so that it can be taken back.

What was the other's is kept as it stood, sealed with the other's key. Events are named by day and key, which stay with
them even when a corrected line takes their place.
"""

import json
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, delete, func, insert, literal, select, tuple_, update
from sqlalchemy.exc import IntegrityError

from goodwill import consent
from goodwill.basics.clock import DAY, Micros
from goodwill.basics.errors import Conflict, NotFound
from goodwill.basics.ids import PersonId, Position
from goodwill.people.registry import Told, to_move
from goodwill.people.tables import events, identities, merges, moved, moved_events, profiles
from goodwill.protect import Cipher

KEPT = 90 * DAY  # so long a merge can be taken back

_BY_HAND = {"identities", "profiles", "events"}  # each has its own way; every other table of a room moves alike


class Noted(NamedTuple):
    """A merge as it stands in the journal."""

    id: int
    person: PersonId
    other: PersonId
    at: Micros
    position: Position
    undone_at: Micros | None


def begin(connection: Connection, keep: PersonId, other: PersonId, *, now: Micros) -> int:
    """Give a merge its number; what each of them allows by now is what the ledger says by now."""
    number = int(connection.execute(select(func.coalesce(func.max(merges.c.id), 0))).scalar_one()) + 1
    row = {"id": number, "person": other, "into_person": keep, "at": now, "position": consent.last_position(connection)}
    connection.execute(insert(merges).values(row))
    return number


def merge_of(connection: Connection, number: int) -> Noted:
    """A merge by its number.

    Raises:
        NotFound: there is none.
    """
    row = connection.execute(select(merges).where(merges.c.id == number)).first()
    if row is None:
        raise NotFound(f"There is no merge {number}. `goodwill people timeline` and the audit log name the merges.")
    return Noted(row.id, PersonId(row.into_person), PersonId(row.person), row.at, row.position, row.undone_at)


def note(connection: Connection, number: int, keep: PersonId, other: PersonId) -> tuple[str, ...]:
    """Write down what is known of the other, before any of it moves; gives the fields that both have."""
    named = select(identities).where(identities.c.person == other)
    lines = [_line(number, other, "identity", row.kind, row, at=row.verified_at) for row in connection.execute(named)]
    hers = set(connection.execute(select(profiles.c.field).where(profiles.c.person == keep)).scalars())
    dropped = []
    for row in connection.execute(select(profiles).where(profiles.c.person == other).order_by(profiles.c.field)):
        both = row.field in hers
        dropped += [row.field] if both else []
        what = "dropped" if both else "field"
        lines.append(_line(number, other, what, row.field, row, at=row.changed_at, category=row.category))
    if lines:
        connection.execute(insert(moved), lines)
    theirs = select(literal(number), events.c.day, events.c.key, events.c.person).where(events.c.person == other)
    connection.execute(insert(moved_events).from_select(["merge_id", "day", "key", "person"], theirs))
    return tuple(dropped)


def _line(
    number: int, other: PersonId, what: str, name: str, row: Any, *, at: int | None, category: str | None = None
) -> dict[str, Any]:
    return {
        "merge_id": number, "person": other, "what": what, "name": name, "category": category,
        "sealed": bytes(row.sealed), "epoch": row.epoch, "at": at, "import_id": row.import_id,
    }  # fmt: skip


def move_rows(connection: Connection, cipher: Cipher, number: int, keep: PersonId, other: PersonId) -> int:
    """Give the survivor what rooms keep about the other, sealed anew, and tell how many rows.

    A row that the survivor has already, by the table's own key, stays under the other number, which leads to her.
    """
    many = 0
    for one in to_move():
        if one.name in _BY_HAND:
            continue
        for row in connection.execute(select(one.table).where(one.person == other)).all():
            if _give(connection, cipher, one, row, keep):
                key = json.dumps([row._mapping[column.name] for column in _key(one)])  # noqa: SLF001
                note = {"merge_id": number, "person": other, "what": "row", "name": one.name, "key": key}
                connection.execute(insert(moved).values(note))
                many += 1
    return many


def _give(connection: Connection, cipher: Cipher, one: Told, row: Any, to: PersonId) -> bool:
    """Let a row be about somebody else; False where her own stands in its place."""
    values: dict[str, Any] = {one.says.person: to}
    clear = one.opened(cipher, row)
    for column in one.says.sealed:
        if clear.get(column) is not None:
            sealed = cipher.seal(to, one.field_of(row, column), clear[column])
            values |= {column: sealed.data, "epoch": sealed.epoch}
    here = and_(*(column == row._mapping[column.name] for column in one.table.primary_key))  # noqa: SLF001
    point = connection.begin_nested()
    try:
        connection.execute(update(one.table).where(here).values(values))
    except IntegrityError:
        point.rollback()
        return False
    point.commit()
    return True


def give_rows_back(connection: Connection, cipher: Cipher, noted: Noted) -> int:
    """Give the other back what rooms had kept about him, where it is still the survivor's; tells how many rows."""
    tables, many = {one.name: one for one in to_move()}, 0
    mine = select(moved).where(moved.c.merge_id == noted.id, moved.c.what == "row")
    for line in connection.execute(mine).all():
        one = tables.get(line.name)
        if one is None:
            continue
        key = tuple_(*_key(one)) == tuple_(*(literal(value) for value in json.loads(line.key)))
        row = connection.execute(select(one.table).where(one.person == noted.person, key)).first()
        many += row is not None and _give(connection, cipher, one, row, noted.other)
    return many


def _key(one: Told) -> list[Any]:
    """The columns that name a row whoever it is about."""
    return [column for column in one.table.primary_key if column.name != one.says.person]


def close(connection: Connection, number: int, *, now: Micros) -> None:
    """Write down that a merge was taken back; what was kept for that goes."""
    connection.execute(update(merges).where(merges.c.id == number).values(undone_at=now))
    forget(connection, number)


def forget(connection: Connection, number: int) -> int:
    """Drop what was kept for taking a merge back, and tell how many rows."""
    return sum(
        connection.execute(delete(table).where(table.c.merge_id == number)).rowcount for table in (moved, moved_events)
    )


def check_kept(noted: Noted, *, now: Micros) -> None:
    """Make sure that what was moved is still written down.

    Raises:
        Conflict: the merge was taken back before, or too long ago.
    """
    if noted.undone_at is not None:
        raise Conflict(f"Merge {noted.id} was taken back before, so there is nothing to take back.")
    if now > noted.at + KEPT:
        raise Conflict(
            f"Merge {noted.id} is older than {KEPT // DAY} days; what it moved is not written down any more. The two "
            "can only be told apart by what they say themselves."
        )
