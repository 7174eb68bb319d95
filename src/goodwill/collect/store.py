"""The imports that were made: what came from which file, how far it got, and what an undo must put back."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Connection, Index, Row, Table, Text, delete, func, insert, select, update

from goodwill.basics.clock import Micros
from goodwill.basics.errors import Conflict, NotFound
from goodwill.storage.schema import Whole, metadata

imports = Table(
    "imports",
    metadata,
    Column("id", Whole, primary_key=True),
    Column("state", Text, nullable=False),  # running · done · undoing · undone · refused
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
    Column("what", Text, nullable=False),  # product · profile
    Column("key", Text, nullable=False),  # JSON
    Column("before", Text),  # JSON, sealed values in base64; null: there was nothing
    sqlite_autoincrement=True,
)
Index("ix_before_import_import_id", before_import.c.import_id)


@dataclass(frozen=True)
class Import:
    """One import, as it is listed.

    Attributes:
        state: running · done · undoing · undone · refused.
        kinds: what its files held.
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
    unchanged: int
    rejected: int
    place: Mapping[str, Any]

    @property
    def skipped(self) -> int:
        """Rows that said nothing: blank ones, and answers that nobody gave."""
        return self.rows - self.kept - self.unchanged - self.rejected


def begin(
    connection: Connection,
    *,
    kinds: Sequence[str],
    file: str,
    sha256: str,
    mapping: Mapping[str, str],
    options: Mapping[str, Any],
    now: Micros,
    state: str = "running",
) -> int:
    """Write down that an import begins, and give its number."""
    row = insert(imports).values(
        state=state, format=" ".join(kinds), file=file, sha256=sha256, mapping=_json(mapping), options=_json(options),
        started_at=now, finished_at=None, rows=0, kept=0, unchanged=0, rejected=0, place=_json({}),
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


def interrupted(
    connection: Connection, sha256: str, mapping: Mapping[str, str], options: Mapping[str, Any]
) -> Import | None:
    """The import of the same files, understood in the same way, that was begun and not finished."""
    same = (imports.c.sha256 == sha256, imports.c.mapping == _json(mapping), imports.c.state == "running")
    begun = map(_import, connection.execute(select(imports).where(*same).order_by(imports.c.id.desc())))
    alike = (one for one in begun if all(one.options.get(name) == value for name, value in options.items()))
    return next(alike, None)


def first_begun(connection: Connection, sha256: str) -> Micros | None:
    """When the same files were first imported and not undone."""
    standing = imports.c.state.in_(("running", "done"))
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
        raise Conflict(
            f"Import {import_id} is being made or undone by somebody else. What that one does stands; look with "
            "`goodwill import list`."
        )


def close(connection: Connection, import_id: int, state: str, *, now: Micros | None = None) -> None:
    """Write down what became of an import."""
    values: dict[str, Any] = {"state": state} | ({"finished_at": now} if now is not None else {})
    connection.execute(update(imports).where(imports.c.id == import_id).values(**values))


def keep_before(connection: Connection, import_id: int, what: str, rows: Iterable[tuple[object, object]]) -> None:
    """Keep what some things were before an import changed them: key and content, in the order of the changes."""
    lines = [
        {
            "import_id": import_id,
            "what": what,
            "key": _json(key),
            "before": _json(before) if before is not None else None,
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


def forget_before(connection: Connection, import_id: int) -> None:
    """Drop what was kept for an undo."""
    connection.execute(delete(before_import).where(before_import.c.import_id == import_id))


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _import(row: Row[Any]) -> Import:
    return Import(
        row.id, row.state, tuple(row.format.split()), row.file, row.sha256, json.loads(row.mapping),
        json.loads(row.options), Micros(row.started_at), row.finished_at, row.rows, row.kept, row.unchanged,
        row.rejected, json.loads(row.place),
    )  # fmt: skip
