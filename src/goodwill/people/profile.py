"""What is known of a person beside what happened: a few ciphered fields, each of one data category."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, and_, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from goodwill.basics.clock import Micros
from goodwill.basics.errors import BadInput
from goodwill.basics.ids import PersonId
from goodwill.people.bulk import listed
from goodwill.people.canonical import clean
from goodwill.people.tables import moved, profiles
from goodwill.protect import Cipher, Sealed
from goodwill.purposes import Category
from goodwill.storage.engine import is_sqlite

Fields = Mapping[str, tuple[Category, str | None]]  # field -> its data category and its text; None: take it away
_Place = tuple[PersonId, str]


@dataclass(frozen=True, slots=True)
class Line:
    """One field as it is stored: sealed."""

    category: Category
    sealed: Sealed
    changed_at: Micros
    import_id: int | None


@dataclass(frozen=True, slots=True)
class Before:
    """What a field was before a change, sealed as it stood; ``line`` is None where there was nothing."""

    person: PersonId
    field: str
    line: Line | None


@dataclass(frozen=True, slots=True)
class Written:
    """What became of the fields given: ``before`` has a line for each that changed, for an undo."""

    unchanged: int
    before: tuple[Before, ...]

    @property
    def changed(self) -> int:
        return len(self.before)


def set_profile(
    connection: Connection,
    cipher: Cipher,
    person: PersonId,
    fields: Fields,
    *,
    now: Micros,
    import_id: int | None = None,
) -> Written:
    """Write down some fields of a person; see `set_profiles`."""
    return set_profiles(connection, cipher, {person: fields}, now=now, import_id=import_id)


def set_profiles(
    connection: Connection,
    cipher: Cipher,
    told: Mapping[PersonId, Fields],
    *,
    now: Micros,
    import_id: int | None = None,
    fills: bool = False,
) -> Written:
    """Write down fields of many people. What stands there already in the same words is left as it is.

    Args:
        fills: a field of which something is known already is left as it is, whatever it says.

    Raises:
        BadInput: a text is empty, or holds NUL or broken Unicode.
        KeyDestroyed, KeyMissing: one of the people was erased, or is not one of ours; then nothing is written.
    """
    wanted = {
        (person, field): _checked(field, *what) for person, fields in told.items() for field, what in fields.items()
    }
    standing = _lines(connection, list(told))
    if fills:
        wanted = {place: what for place, what in wanted.items() if place not in standing}
    changes = [place for place, what in wanted.items() if not _says(cipher, place, standing.get(place), what)]
    _write(connection, cipher, {place: wanted[place] for place in changes}, now=now, import_id=import_id)
    before = tuple(Before(*place, standing.get(place)) for place in changes)
    return Written(len(wanted) - len(changes), before)


def put_back(connection: Connection, before: Iterable[Before], *, import_id: int) -> int:
    """Undo what an import changed, and tell how many fields: only those that nobody has changed or removed since."""
    earlier = {(was.person, was.field): was.line for was in before}
    now = _lines(connection, list({person for person, _ in earlier}))
    mine = [place for place in earlier if place in now and now[place].import_id == import_id]
    _upsert(connection, [_row(place, line) for place in mine if (line := earlier[place]) is not None])
    _remove(connection, [place for place in mine if earlier[place] is None])
    handed_over = connection.execute(delete(profiles).where(profiles.c.import_id == import_id)).rowcount
    # Nor may it come back with a merge that is taken back.
    connection.execute(delete(moved).where(moved.c.import_id == import_id))
    return len(mine) + handed_over


def hand_over(connection: Connection, cipher: Cipher, keep: PersonId, other: PersonId) -> int:
    """Give one person the fields of another that she has not got, and tell how many; the others are dropped.

    Each is sealed anew, as a sealed text opens for its own person alone; when and by which import it was told stays.
    """
    lines = _lines(connection, [keep, other])
    given = {place: line for place, line in lines.items() if place[0] == other and (keep, place[1]) not in lines}
    texts = [(keep, place[1], cipher.open(*place, line.sealed)) for place, line in given.items()]
    sealed = zip(given.items(), cipher.seal_many(texts), strict=True)
    _upsert(connection, [_row((keep, place[1]), replace(line, sealed=seal)) for (place, line), seal in sealed])
    connection.execute(delete(profiles).where(profiles.c.person == other))
    return len(given)


def put(connection: Connection, lines: Mapping[_Place, Line]) -> None:
    """Write fields as they are, sealed for the people that they are put at."""
    _upsert(connection, [_row(place, line) for place, line in lines.items()])


def _checked(field: str, category: Category, text: str | None) -> tuple[Category, str | None]:
    clean(field, "the name of a field")
    if text is not None and not clean(text, field).strip():
        raise BadInput(f"An empty '{field}' says nothing. Leave it out, or give None to take it away.")
    return category, text


def _says(cipher: Cipher, place: _Place, line: Line | None, what: tuple[Category, str | None]) -> bool:
    category, text = what
    if line is None or text is None:
        return line is None and text is None
    return line.category == category and cipher.open(*place, line.sealed) == text


def _lines(connection: Connection, persons: Sequence[PersonId]) -> dict[_Place, Line]:
    found: dict[_Place, Line] = {}
    for row in connection.execute(select(profiles).where(profiles.c.person.in_(listed(connection, persons)))):
        sealed = Sealed(row.epoch, bytes(row.sealed))
        found[PersonId(row.person), row.field] = Line(Category(row.category), sealed, row.changed_at, row.import_id)
    return found


def _write(
    connection: Connection,
    cipher: Cipher,
    changes: Mapping[_Place, tuple[Category, str | None]],
    *,
    now: Micros,
    import_id: int | None,
) -> None:
    texts = {place: (category, text) for place, (category, text) in changes.items() if text is not None}
    sealed = cipher.seal_many((person, field, text) for (person, field), (_, text) in texts.items())
    lines = [Line(category, seal, now, import_id) for (category, _), seal in zip(texts.values(), sealed, strict=True)]
    _upsert(connection, [_row(place, line) for place, line in zip(texts, lines, strict=True)])
    _remove(connection, [place for place in changes if place not in texts])


def _row(place: _Place, line: Line) -> dict[str, Any]:
    return {
        "person": place[0],
        "field": place[1],
        "category": line.category,
        "sealed": line.sealed.data,
        "epoch": line.sealed.epoch,
        "changed_at": line.changed_at,
        "import_id": line.import_id,
    }


def _upsert(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    if not rows:
        return
    line: Any = (sqlite.insert if is_sqlite(connection) else postgresql.insert)(profiles)
    changed = {column.name: line.excluded[column.name] for column in profiles.c if not column.primary_key}
    connection.execute(
        line.on_conflict_do_update(index_elements=[profiles.c.person, profiles.c.field], set_=changed), rows
    )


def _remove(connection: Connection, places: Iterable[_Place]) -> None:
    for person, field in places:
        connection.execute(delete(profiles).where(and_(profiles.c.person == person, profiles.c.field == field)))
