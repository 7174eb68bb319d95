"""The imports that were made: what came from which file, how far it got, and what an undo must put back."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Index, Row, Table, Text, delete, func, insert, select, update

from goodwill.basics.clock import Micros
from goodwill.basics.errors import Conflict, NotFound
from goodwill.basics.ids import PersonId
from goodwill.people.bulk import listed
from goodwill.storage.schema import Erase, Merge, Personal, Whole, metadata

imports = Table(
    "imports",
    metadata,
    Column("id", Whole, primary_key=True),
    Column("state", Text, nullable=False),  # running · done · nothing-new · undoing · undone · refused
    Column("format", Text, nullable=False),
    Column("file", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("mapping", Text, nullable=False),  # JSON: our field -> the file's column
    Column("options", Text, nullable=False),  # JSON
    Column("started_at", Whole, nullable=False),
    Column("finished_at", Whole),
    Column("rows", Whole, nullable=False),
    Column("kept", Whole, nullable=False),
    Column("unchanged", Whole, nullable=False),
    Column("rejected", Whole, nullable=False),
    Column("place", Text, nullable=False),  # JSON: where to go on after a kill
    sqlite_autoincrement=True,
)

# What a row said before an import changed it, so that the import can be undone whole.
before_import = Table(
    "before_import",
    metadata,
    Column("id", Whole, primary_key=True),
    Column("import_id", Whole, nullable=False),
    Column("what", Text, nullable=False),  # product · profile · event; correction: what is yet to become of an event
    Column("key", Text, nullable=False),  # JSON
    Column("before", Text),  # JSON, sealed values in base64; null: there was nothing
    Column("person", Whole),  # whose profile or event it was; null for products
    sqlite_autoincrement=True,
    info={
        "personal": Personal(
            person="person",
            under="what an imported file changed, kept so that the import can be taken back",
            erase=Erase.DELETED,
            merge=Merge.STAYS,
            kept="until the import is taken back, a year at most",
            inner=("before",),  # base64 of what only her key opens; her own copy tells what it is about
        )
    },
)
Index("ix_before_import_import_id", before_import.c.import_id)
Index("ix_before_import_person", before_import.c.person, sqlite_where=before_import.c.person.is_not(None),
      postgresql_where=before_import.c.person.is_not(None))  # fmt: skip


@dataclass(frozen=True)
class Import:
    """One import, as it is listed.

    Attributes:
        state: running · done · nothing-new · undoing · undone · refused.
        kinds: what its files held.
        kept: rows that said something new. would_be_kept: those of a refused import, of which nothing was kept.
        options: what was said about the files; also where they and the rejects are.
        place: how far it got, for going on after a kill and for an undo.
    """

    id: int
    state: str
    kinds: tuple[str, ...]
    file: str
    sha256: str
    mapping: Mapping[str, str]
    options: Mapping[str, Any]
    started_at: Micros
    finished_at: Micros | None
    rows: int
    kept: int
    would_be_kept: int
    unchanged: int
    rejected: int
    place: Mapping[str, Any]

    @property
    def answers(self) -> tuple[range, ...]:
        """The rows of the consent ledger that it wrote."""
        return tuple(range(first, last + 1) for first, last in self.place.get("positions", []))

    @property
    def skipped(self) -> int:
        """Rows that said nothing: blank ones, and answers that nobody gave."""
        return self.rows - self.kept - self.would_be_kept - self.unchanged - self.rejected


def begin(
    connection: Connection,
    *,
    kinds: Sequence[str],
    file: str,
    sha256: str,
    mapping: Mapping[str, str],
    options: Mapping[str, Any],
    now: Micros,
) -> int:
    """Write down that an import begins, and give its number."""
    row = insert(imports).values(
        state="running", format=" ".join(kinds), file=file, sha256=sha256, mapping=_json(mapping),
        options=_json(options), started_at=now, finished_at=None, rows=0, kept=0, unchanged=0, rejected=0,
        place=_json({}),
    )  # fmt: skip
    return int(connection.execute(row.returning(imports.c.id)).scalar_one())


def get(connection: Connection, import_id: int) -> Import:
    """An import by its number.

    Raises:
        NotFound: there is none.
    """
    row = connection.execute(select(imports).where(imports.c.id == import_id)).one_or_none()
    if row is None:
        raise NotFound(f"There is no import {import_id}. `goodwill import list` shows all of them.")
    return _import(row)


def all_of(connection: Connection) -> list[Import]:
    """All imports, the latest last."""
    return [_import(row) for row in connection.execute(select(imports).order_by(imports.c.id))]


def running(connection: Connection, sha256: str) -> list[Import]:
    """The imports of the same files that were begun and not finished."""
    same = (imports.c.sha256 == sha256, imports.c.state == "running")
    return [_import(row) for row in connection.execute(select(imports).where(*same).order_by(imports.c.id))]


def has_other(connection: Connection, import_id: int, kind: str) -> bool:
    """Whether another import brought something of a kind."""
    other = (imports.c.id != import_id, imports.c.kept > 0, imports.c.state.in_(("running", "done")))
    found = select(imports.c.id).where(*other, (" " + imports.c.format + " ").contains(f" {kind} "))
    return connection.execute(found.limit(1)).first() is not None


def undone(connection: Connection) -> list[int]:
    """The numbers of the imports that were taken back."""
    return list(connection.execute(select(imports.c.id).where(imports.c.state == "undone")).scalars())


def first_begun(connection: Connection, sha256: str) -> Micros | None:
    """When the same files were first imported and not undone."""
    standing = imports.c.state.in_(("running", "done", "nothing-new"))
    first = select(func.min(imports.c.started_at)).where(imports.c.sha256 == sha256, standing)
    found = connection.execute(first).scalar()
    return Micros(int(found)) if found is not None else None


def move(
    connection: Connection,
    import_id: int,
    before: Mapping[str, Any],
    place: Mapping[str, Any],
    counts: Mapping[str, int],
) -> None:
    """Write down how far an import got.

    Raises:
        Conflict: somebody else goes on with the same import.
    """
    here = update(imports).where(
        imports.c.id == import_id, imports.c.state == "running", imports.c.place == _json(before)
    )
    if connection.execute(here.values(place=_json(place), **counts)).rowcount != 1:
        raise Conflict(_BY_SOMEBODY_ELSE.format(import_id))


def keep_place(connection: Connection, import_id: int, place: Mapping[str, Any]) -> None:
    """Write down what is left to be done about an import that is taken back."""
    connection.execute(update(imports).where(imports.c.id == import_id).values(place=_json(place)))


def close(
    connection: Connection, import_id: int, state: str, *, now: Micros | None = None, begun: str | None = None
) -> None:
    """Write down what became of an import.

    Args:
        begun: the state that it must be in.

    Raises:
        Conflict: it is in another, because somebody else closed it or took it back meanwhile.
    """
    values: dict[str, Any] = {"state": state} | ({"finished_at": now} if now is not None else {})
    here = update(imports).where(imports.c.id == import_id)
    if begun is not None:
        here = here.where(imports.c.state == begun)
    if connection.execute(here.values(**values)).rowcount != 1:
        raise Conflict(_BY_SOMEBODY_ELSE.format(import_id))


_BY_SOMEBODY_ELSE = (
    "Import {} is being made or undone by somebody else. What that one does stands; look with `goodwill import list`."
)


def keep_before(connection: Connection, import_id: int, what: str, rows: Iterable[tuple[object, object]]) -> None:
    """Keep what some things were before an import changed them: key and content, in the order of the changes."""
    lines = [
        {
            "import_id": import_id,
            "what": what,
            "key": _json(key),
            "before": _json(before) if before is not None else None,
            "person": _whose(key, before),
        }
        for key, before in rows
    ]
    if lines:
        connection.execute(insert(before_import), lines)


def before(connection: Connection, import_id: int, what: str) -> Iterator[tuple[Any, Any]]:
    """What things were before an import, the latest change first, so that the earliest state is put back last."""
    mine = (before_import.c.import_id == import_id, before_import.c.what == what)
    question = select(before_import.c.key, before_import.c.before).where(*mine).order_by(before_import.c.id.desc())
    for row in connection.execute(question):
        yield json.loads(row.key), json.loads(row.before) if row.before is not None else None


def hand_down(connection: Connection, import_id: int, what: str) -> list[Any]:
    """Let later imports put back, once they are undone, what was there before this one; tells of which things.

    Each keeps what it found; where it found what this import had written, that must not come back any more.
    """
    found = before_import.c.before.like(f'%"import_id":{import_id}%')
    question = select(before_import.c.id, before_import.c.key, before_import.c.before).where(
        before_import.c.what == what, before_import.c.import_id != import_id, found
    )
    later = [row for row in connection.execute(question) if json.loads(row.before).get("import_id") == import_id]
    if not later:
        return []
    mine = {_json(key): was for key, was in before(connection, import_id, what)}  # the earliest state last, so it stays
    for row in later:
        was = mine.get(row.key)
        connection.execute(
            update(before_import)
            .where(before_import.c.id == row.id)
            .values(before=_json(was) if was is not None else None, person=_whose(json.loads(row.key), was))
        )
    return [json.loads(row.key) for row in later]


def changed(connection: Connection, persons: Iterable[PersonId]) -> dict[int, int]:
    """By import, how many entries about somebody it found and changed; what it only added is none of them."""
    mine = before_import.c.person.in_(listed(connection, persons)), before_import.c.before.is_not(None)
    counted = select(before_import.c.import_id, func.count()).where(*mine).group_by(before_import.c.import_id)
    return {int(number): int(many) for number, many in connection.execute(counted)}


def count_before(connection: Connection, at: int) -> int:
    """How many rows are kept for taking back imports that were done before a moment."""
    return int(connection.execute(select(func.count()).select_from(before_import).where(_of_old(at))).scalar_one())


def forget_old(connection: Connection, at: int) -> int:
    """Drop what was kept for taking back imports that were done before a moment, and tell how many rows."""
    return connection.execute(delete(before_import).where(_of_old(at))).rowcount


def _of_old(at: int) -> ColumnElement[bool]:
    done = select(imports.c.id).where(imports.c.state == "done", imports.c.finished_at < at)
    return before_import.c.import_id.in_(done)


def _whose(key: Any, before: Any) -> int | None:
    """Whom something was about: a field of a profile says so in its key, an event in what it was."""
    for said in (key, before):
        if isinstance(said, Mapping) and isinstance(said.get("person"), int):
            return int(said["person"])
    return None


def forget_samples(connection: Connection, names_her: Callable[[str], bool]) -> int:
    """Blank the values that are kept of imports as samples of what was odd, where they name somebody; tell how many."""
    blanked = 0
    for row in connection.execute(select(imports.c.id, imports.c.place)).all():
        place = json.loads(row.place)
        groups = [group for name in ("faults", "remarks") for group in place.get(name, [])]
        hers = [group for group in groups if group.get("value") and names_her(group["value"])]
        for group in hers:
            group["value"] = ""
        if hers:
            connection.execute(update(imports).where(imports.c.id == row.id).values(place=_json(place)))
        blanked += len(hers)
    return blanked


def forget_before(connection: Connection, import_id: int, what: str | None = None) -> None:
    """Drop what was kept for an undo: all of it, or one kind of things."""
    gone = delete(before_import).where(before_import.c.import_id == import_id)
    connection.execute(gone if what is None else gone.where(before_import.c.what == what))


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))  # in ASCII: a file may hold broken letters


def _import(row: Row[Any]) -> Import:
    refused = row.state == "refused"
    kept, would_be_kept = (0, row.kept) if refused else (row.kept, 0)
    return Import(
        row.id, row.state, tuple(row.format.split()), row.file, row.sha256, json.loads(row.mapping),
        json.loads(row.options), Micros(row.started_at), row.finished_at, row.rows, kept, would_be_kept,
        row.unchanged, row.rejected, json.loads(row.place),
    )  # fmt: skip
