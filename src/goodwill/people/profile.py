"""What is known of a person beside what happened: a few ciphered fields, each of one data category."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, Executable, and_, bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from goodwill.basics.clock import Micros
from goodwill.basics.errors import BadInput
from goodwill.basics.ids import PersonId
from goodwill.people.bulk import add_rows
from goodwill.people.canonical import clean
from goodwill.people.circle import circle_of
from goodwill.people.tables import moved, profiles
from goodwill.protect import Cipher, PersonKey, Sealed
from goodwill.purposes import Category
from goodwill.storage.questions import Lists, Question

What = tuple[Category, str | None]  # a data category and a text; None: take it away
Fields = Mapping[str, What]
Place = tuple[PersonId, str]  # a person and the name of a field


class Line(NamedTuple):
    """One field as it is stored: sealed."""

    category: Category
    sealed: Sealed
    changed_at: Micros
    import_id: int | None


class Before(NamedTuple):
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
    wanted = {(person, field): what for person, fields in told.items() for field, what in fields.items()}
    return set_facts(connection, cipher, wanted, now=now, import_id=import_id, fills=fills)


def set_facts(
    connection: Connection,
    cipher: Cipher,
    wanted: Mapping[Place, What],
    *,
    now: Micros,
    import_id: int | None = None,
    fills: bool = False,
) -> Written:
    """Write down fields of many people, each given with its place; as `set_profiles`."""
    for (_, field), (_, text) in wanted.items():
        _check(field, text)
    circle = circle_of(connection)
    persons = {person for person, _ in wanted}
    blank = persons & circle.blank
    circle.blank -= blank
    known = persons - blank
    if fills:
        taken = _places(connection, known)
        wanted = {place: what for place, what in wanted.items() if place not in taken}
        standing: Mapping[Place, Line] = {}
    else:
        standing = _lines(connection, known)
    changes = _changes(cipher, wanted, standing)
    lines = _sealed(cipher, changes, circle.keys, now=now, import_id=import_id)
    fresh = sorted(place for place in lines if place[0] in blank)
    add_rows(connection, profiles, _COLUMNS, (_values(place, lines[place]) for place in fresh))
    _upsert(connection, [_row(place, line) for place, line in lines.items() if place[0] not in blank])
    _remove(connection, [place for place in changes if place not in lines])
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
    _upsert(connection, [_row((keep, place[1]), line._replace(sealed=seal)) for (place, line), seal in sealed])
    connection.execute(delete(profiles).where(profiles.c.person == other))
    return len(given)


def put(connection: Connection, lines: Mapping[Place, Line]) -> None:
    """Write fields as they are, sealed for the people that they are put at."""
    _upsert(connection, [_row(place, line) for place, line in lines.items()])


def _check(field: str, text: str | None) -> None:
    clean(field, "the name of a field")
    if text is not None and not clean(text, field).strip():
        raise BadInput(f"An empty '{field}' says nothing. Leave it out, or give None to take it away.")


def _changes(cipher: Cipher, wanted: Mapping[Place, What], standing: Mapping[Place, Line]) -> dict[Place, What]:
    """What says something else than stands there."""
    same = [
        (place, line)
        for place, (category, text) in wanted.items()
        if text is not None and (line := standing.get(place)) is not None and line.category == category
    ]
    texts = cipher.open_many((*place, line.sealed) for place, line in same)
    stands = {place: text for (place, _), text in zip(same, texts, strict=True)}
    return {
        place: (category, text)
        for place, (category, text) in wanted.items()
        if (place in standing if text is None else stands.get(place) != text)
    }


def _places(connection: Connection, persons: Iterable[PersonId]) -> set[Place]:
    """Of which fields of some people something is known."""
    return {(PersonId(person), field) for person, field in _KNOWN.ask(connection, persons=persons)}


def _lines(connection: Connection, persons: Iterable[PersonId]) -> dict[Place, Line]:
    return {
        (PersonId(person), field): Line(Category(category), Sealed(epoch, bytes(sealed)), Micros(at), import_id)
        for person, field, category, sealed, epoch, at, import_id in _LINES.ask(connection, persons=persons)
    }


_OF = profiles.c
_KNOWN = Question(lambda lists: select(_OF.person, _OF.field).where(_OF.person.in_(lists.numbers("persons"))))
_LINES = Question(
    lambda lists: select(
        _OF.person, _OF.field, _OF.category, _OF.sealed, _OF.epoch, _OF.changed_at, _OF.import_id
    ).where(_OF.person.in_(lists.numbers("persons")))
)


def _sealed(
    cipher: Cipher,
    changes: Mapping[Place, What],
    made: Mapping[PersonId, PersonKey],
    *,
    now: Micros,
    import_id: int | None,
) -> dict[Place, Line]:
    """What changes, as it will stand."""
    texts = [(place, category, text) for place, (category, text) in changes.items() if text is not None]
    sealed = cipher.seal_many(((*place, text) for place, _, text in texts), made=made)
    return {
        place: Line(category, seal, now, import_id) for (place, category, _), seal in zip(texts, sealed, strict=True)
    }


_COLUMNS = ("person", "field", "category", "sealed", "epoch", "changed_at", "import_id")


def _values(place: Place, line: Line) -> tuple[Any, ...]:
    return (*place, line.category, line.sealed.data, line.sealed.epoch, line.changed_at, line.import_id)


def _row(place: Place, line: Line) -> dict[str, Any]:
    return dict(zip(_COLUMNS, _values(place, line), strict=True))


def _upsert(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        _PUT.do(connection, rows)


def _putting(lists: Lists) -> Executable:
    line: Any = (sqlite.insert if lists.sqlite else postgresql.insert)(profiles)
    changed = {column.name: line.excluded[column.name] for column in profiles.c if not column.primary_key}
    given = line.values({name: bindparam(name) for name in _COLUMNS})
    where: Executable = given.on_conflict_do_update(index_elements=[_OF.person, _OF.field], set_=changed)
    return where


_PUT = Question(_putting)


def _remove(connection: Connection, places: Iterable[Place]) -> None:
    for person, field in places:
        connection.execute(delete(profiles).where(and_(profiles.c.person == person, profiles.c.field == field)))
