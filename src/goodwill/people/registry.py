"""What the tables tell of people: worked out from what each says of itself, so that a new one cannot be forgotten.

A table that tells of people carries a `Personal`. From that follow a person's own copy, the counts on the page about
her, what an erasure removes, what a merge moves and what retention may delete. `uncovered` finds what says nothing.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, MetaData, Row, Table, delete, func, null, select

from goodwill.basics.clock import Micros
from goodwill.basics.ids import PersonId
from goodwill.people.bulk import listed
from goodwill.protect import Cipher, Sealed
from goodwill.storage.schema import Bytes, Erase, Merge, Personal, load_rooms, metadata


@dataclass(frozen=True, slots=True)
class Told:
    """One table that tells of people."""

    table: Table
    says: Personal

    @property
    def name(self) -> str:
        return self.table.name

    @property
    def person(self) -> Column[Any]:
        return self.table.c[self.says.person]

    @property
    def shown(self) -> tuple[Column[Any], ...]:
        """The columns that her own copy shows: all but the inner ones and her own number."""
        hidden = {self.says.person, *self.says.inner}
        return tuple(column for column in self.table.c if column.name not in hidden)

    @property
    def time(self) -> Column[Any] | None:
        """The column that tells since when; None where the table has none."""
        times = [column for column in self.table.c if column.name == "at" or column.name.endswith("_at")]
        return next((column for column in times if not column.nullable), None)

    def about(self, connection: Connection, persons: Iterable[PersonId]) -> ColumnElement[bool]:
        return self.person.in_(listed(connection, persons))

    def field_of(self, row: Row[Any], column: str) -> str:
        """The field that a sealed column of a row was sealed for."""
        named = self.says.sealed_as or column
        return str(row._mapping[named]) if named in self.table.c else named  # noqa: SLF001 - SQLAlchemy's public name

    def opened(self, cipher: Cipher, row: Row[Any]) -> dict[str, Any]:
        """The shown columns of a row, sealed ones in clear."""
        values = row._mapping  # noqa: SLF001 - SQLAlchemy's public name
        return {
            column.name: self._opened(cipher, row, column.name)
            if column.name in self.says.sealed
            else values[column.name]
            for column in self.shown
        }

    def _opened(self, cipher: Cipher, row: Row[Any], column: str) -> str | None:
        values = row._mapping  # noqa: SLF001 - SQLAlchemy's public name
        if values[column] is None:
            return None
        person = PersonId(values[self.says.person])
        return cipher.open(person, self.field_of(row, column), Sealed(values["epoch"], bytes(values[column])))


@dataclass(frozen=True, slots=True)
class Held:
    """How much one table holds about a person, and since when.

    Attributes:
        under: the heading in her own copy.
        since, until: the first and last moment that its rows name; None where they name none.
        kept: how long its rows are kept, in words.
    """

    table: str
    under: str
    rows: int
    since: Micros | None
    until: Micros | None
    kept: str


def told() -> tuple[Told, ...]:
    """Every table that tells of people, of every room, in the order of their names."""
    load_rooms()
    return tuple(
        Told(table, table.info["personal"])
        for _, table in sorted(metadata.tables.items())
        if isinstance(table.info.get("personal"), Personal)
    )


def to_erase() -> tuple[Told, ...]:
    """The tables whose rows about a person an erasure deletes."""
    return tuple(one for one in told() if one.says.erase is Erase.DELETED)


def to_move() -> tuple[Told, ...]:
    """The tables whose rows a merge gives to the survivor."""
    return tuple(one for one in told() if one.says.merge is Merge.MOVED)


def holdings(connection: Connection, persons: Iterable[PersonId]) -> list[Held]:
    """What is held about a person, under all her numbers: a line for each table that has rows about her."""
    mine = list(persons)
    found = []
    for one in told():
        # A moment of 0 says that nobody knows when: a yes from a file without times.
        time = func.nullif(one.time, 0) if one.time is not None else null()
        first, last = func.min(time), func.max(time)
        many, since, until = connection.execute(
            select(func.count(), first, last).select_from(one.table).where(one.about(connection, mine))
        ).one()
        if many:
            found.append(Held(one.name, one.says.under, many, since, until, one.says.kept))
    return found


def by_import(connection: Connection, persons: Iterable[PersonId]) -> dict[int, dict[str, int]]:
    """By the number of each import that brought or changed something about a person: how many rows of each table."""
    mine = list(persons)
    found: dict[int, dict[str, int]] = {}
    for one in told():
        if (number := one.table.c.get("import_id")) is None:
            continue
        counted = select(number, func.count()).where(one.about(connection, mine), number.is_not(None)).group_by(number)
        for import_id, many in connection.execute(counted):
            found.setdefault(int(import_id), {})[one.name] = int(many)
    return found


def rows(connection: Connection, one: Told, persons: Iterable[PersonId]) -> Iterator[Row[Any]]:
    """All rows of a table about a person, in the order of its key."""
    question = select(one.table).where(one.about(connection, persons)).order_by(*one.table.primary_key)
    yield from connection.execute(question)


def remove(connection: Connection, persons: Iterable[PersonId]) -> Mapping[str, int]:
    """Delete what an erasure deletes, and tell how many rows of each table; the last step of mark, settle, erase."""
    mine = list(persons)
    return {
        one.name: connection.execute(delete(one.table).where(one.about(connection, mine))).rowcount
        for one in to_erase()
    }


# ---- what is not covered -------------------------------------------------------------------------------------------

_OF_PEOPLE = {"person", "lookup", "email", "phone", "address", "user_id", "anonymous_id", "customer"}


def uncovered(tables: MetaData) -> list[str]:
    """Where personal data would escape export, erasure, merging or retention; each in a sentence."""
    return [fault for _, table in sorted(tables.tables.items()) for fault in _faults(table)]


def _faults(table: Table) -> Iterator[str]:
    says = table.info.get("personal")
    suspect = [column.name for column in table.c if _of_people(column)]
    if says is None:
        if suspect:
            which = ", ".join(suspect)
            yield f"{table.name} tells of people ({which}) and says nothing of itself: add info={{'personal': …}}"
        return
    if not isinstance(says, Personal):
        yield f"{table.name}: info['personal'] is a Personal, not {says!r}"
        return
    named = {says.person, *says.sealed, *says.inner, *says.also}
    if unknown := sorted(named - set(table.c.keys())):
        yield f"{table.name} has no column {', '.join(unknown)}"
    yield from (f"{table.name}: '{what}' is empty" for what in ("under", "kept") if not getattr(says, what).strip())
    for column in table.c:
        name = column.name
        if _sealed(column) and name not in says.sealed and name not in says.inner:
            yield f"{table.name}.{name} looks sealed; name it in `sealed`, so that her own copy opens it"
        elif isinstance(column.type, Bytes) and name not in named:
            yield f"{table.name}.{name} holds bytes that nobody can read; name it in `sealed` or `inner`"
        elif _of_people(column) and name not in named:
            yield f"{table.name}.{name} names somebody; say in `also`, `sealed` or `inner` what it is"
    if set(says.sealed) - set(says.inner) and "epoch" not in table.c:
        yield f"{table.name} has sealed columns and no `epoch` to open them with"


def _of_people(column: Column[Any]) -> bool:
    name = column.name
    names = name in _OF_PEOPLE or name.startswith("person_") or name.endswith("_person") or _sealed(column)
    return names or any(key.target_fullname == "people.id" for key in column.foreign_keys)


def _sealed(column: Column[Any]) -> bool:
    return column.name == "sealed" or column.name.endswith("_sealed") or column.name.startswith("sealed_")
