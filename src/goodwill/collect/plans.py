"""What an import would do, before it does it: which files hold what, which column says what, what is left behind."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from goodwill.basics.errors import BadFile, BadInput
from goodwill.collect.files import Part, fingerprint, parts_of, shown
from goodwill.collect.formats import check_is, format_called, format_of, json_format
from goodwill.collect.kinds import Kind, plain, vocabulary
from goodwill.collect.known import views_of
from goodwill.collect.parquet import open_parquet
from goodwill.collect.recognise import ANSWERS, Left, Recognised, recognise
from goodwill.collect.records import Records, flat
from goodwill.collect.separated import SEPARATORS, open_text
from goodwill.collect.survey import Survey, survey
from goodwill.collect.tables import Table
from goodwill.collect.unrolled import unrolled
from goodwill.collect.views import Format, Viewed
from goodwill.collect.workbooks import open_workbook

# Products before the lines that sell them, customers before what they say and buy.
_IN_TURN = ("products", "customers", "consents", "orders", "refunds", "order-lines", "costs")


@dataclass(frozen=True)
class PartPlan:
    """One table and how it will be read."""

    table: Table
    known: Recognised
    survey: Survey

    @property
    def name(self) -> str:
        return self.table.name

    @property
    def kind(self) -> Kind:
        return self.known.kind

    @property
    def left(self) -> tuple[Left, ...]:
        """The columns that are left behind, in the owner's words."""
        return self.known.left

    @property
    def notes(self) -> tuple[str, ...]:
        return (*self.table.notes, *self.known.notes, *self.survey.notes)

    def sample(self, rows: int = 3) -> list[dict[str, str]]:
        """The first rows, by field."""
        chunk = next(iter(self.table.chunks(list(self.known.columns.values()))), None)
        if chunk is None:
            return []
        columns = {name: chunk.column(heading) for name, heading in self.known.columns.items()}
        count = range(min(rows, chunk.rows))
        return [{name: column.text(row) for name, column in columns.items()} for row in count]


@dataclass(frozen=True)
class Plan:
    """What will be imported, in which order.

    Attributes:
        sha256: of all files together; the same files again have the same.
        mapping: what the owner said with ``--map``; `as_`: with ``--as``.
        currency: of amounts that name none, where the owner said so.
        notes: about the files themselves; each part has its own.
    """

    paths: tuple[Path, ...]
    sha256: str
    parts: tuple[PartPlan, ...]
    mapping: Mapping[str, str]
    as_: str | None = None
    currency: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        return sum(part.survey.rows for part in self.parts)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of the files, each once, in the order in which they are imported."""
        return tuple(dict.fromkeys(part.kind.name for part in self.parts))

    @property
    def files(self) -> str:
        return ", ".join(shown(path.name) for path in self.paths)


def plan(
    paths: Sequence[Path | str],
    *,
    as_: str | None = None,
    mapping: Mapping[str, str] | None = None,
    currency: str | None = None,
) -> Plan:
    """Look at files and say what an import of them would do. Reads all of them once and writes nothing.

    Args:
        as_: what they hold, where the headings do not tell.
        mapping: our field -> the file's column, or ``=value`` for one value in all rows; also ``encoding``,
            ``separator``, ``decimal``, ``dates`` and ``sheet``, which say how the file is written.
        currency: of amounts whose row names none; else the shop's own.

    Raises:
        NotFound: there is no such file.
        BadFile: a file cannot be read, or all of them are empty.
        BadInput: a file cannot be understood, or ``mapping`` names what is not there.
    """
    if not paths:
        raise BadInput("Name at least one file to import.")
    files = tuple(Path(path) for path in paths)
    said = dict(mapping or {})
    notes: list[str] = []
    found: list[PartPlan] = []
    for file in files:
        for part in parts_of(file):
            if part.bytes == 0:
                notes.append(f"{part.name} is empty, so there is nothing to take from it.")
                continue
            found.extend(_part_plans(part, as_, said))
    if not found:
        raise BadFile(f"{' '.join(notes)} Export them again.")
    _check_mapping(said, found)
    found = _in_turn(found)
    notes.extend(f"{part.name} has headings and no rows." for part in found if part.survey.rows == 0)
    return Plan(files, _together(files), tuple(found), said, as_, currency, tuple(notes))


def _in_turn(parts: Sequence[PartPlan]) -> list[PartPlan]:
    """The parts in the order in which they are imported; the views of one file stay together, in the same order."""
    files: dict[int, list[PartPlan]] = {}
    for part in parts:
        files.setdefault(id(source_of(part.table)), []).append(part)
    for views in files.values():
        views.sort(key=lambda part: _IN_TURN.index(part.kind.name))
    return [
        part for views in sorted(files.values(), key=lambda some: _IN_TURN.index(some[0].kind.name)) for part in views
    ]


def source_of(table: Table) -> object:
    """What is read for a table: itself, or the file that it is a view of."""
    return table.known if isinstance(table, Viewed) else table


def _part_plans(part: Part, as_: str | None, said: Mapping[str, str]) -> list[PartPlan]:
    if part.form == "json":
        records = Records(part)
        objects = json_format(records, as_)
        if objects is None:
            return [_plain_plan(flat(records), as_, said)]
        return _view_plans(unrolled(records, objects, said), said)
    table = _open(part, said)
    format_ = _format(table, as_)
    if format_ is None:
        return [_plain_plan(table, as_, said)]
    return _view_plans(views_of(table, format_, said), said)


def _plain_plan(table: Table, as_: str | None, said: Mapping[str, str]) -> PartPlan:
    try:
        known = recognise(table, as_=as_, mapping=said)
    except BadInput as error:  # what is to be known of the table may be the answer, such as another sheet
        raise BadInput(" ".join((str(error), *table.notes))) from None
    return PartPlan(table, known, survey([(table, known)], said)[0])


def _view_plans(seen: Sequence[tuple[Table, Recognised]], said: Mapping[str, str]) -> list[PartPlan]:
    """The parts of a file of a known format; a view of which it has no row is none."""
    surveys = survey(seen, said)
    parts = [PartPlan(view, known, told) for (view, known), told in zip(seen, surveys, strict=True)]
    full = [part for part in parts if part.survey.rows] or parts[:1]
    # What is to be said of the whole file is said with its first part.
    used = {heading for part in full for heading in part.known.columns.values()}
    empty = dict.fromkeys(heading for part in parts for heading in part.known.columns.values() if heading not in used)
    left = (*parts[0].known.left, *(Left(heading, "no row says anything in it") for heading in empty))
    first = replace(full[0].known, left=left, notes=parts[0].known.notes)
    return [replace(full[0], known=first), *full[1:]]


def _format(table: Table, as_: str | None) -> Format | None:
    """The format that a table is read in: the one that is named, or the one that its headings tell."""
    if as_ is None:
        return format_of(table)
    named = format_called(as_)
    if named is not None:
        check_is(table, named)
    return named


def _open(part: Part, said: Mapping[str, str]) -> Table:
    if part.form == "parquet":
        return open_parquet(part)
    if part.form == "workbook":
        return open_workbook(part, sheet=said.get("sheet", "").removeprefix("=") or None)
    separator = said.get("separator", "").removeprefix("=") or None
    by_name = {name: mark for mark, name in SEPARATORS.items()}
    encoding = said.get("encoding", "").removeprefix("=") or None
    return open_text(part, encoding=encoding, separator=by_name.get(separator or "", separator))


def _check_mapping(said: Mapping[str, str], parts: Sequence[PartPlan]) -> None:
    for name, column in said.items():
        field = plain(name).replace(" ", "-")
        if field in ANSWERS:
            continue
        knowing = [part for part in parts if field in part.kind.fields]
        if not knowing:
            every = dict.fromkeys(field for part in parts for field in part.kind.fields)
            raise BadInput(f"--map {name}={column}: there is no field '{name}'. There are: {', '.join(every)}.")
        if column.startswith("="):
            continue
        if not any(field in part.known.columns or field in part.known.constants for part in knowing):
            columns = dict.fromkeys(heading for part in knowing for heading in part.table.headings)
            raise BadInput(f"--map {name}={column}: there is no column '{column}'. There are: {', '.join(columns)}.")


def _together(files: Iterator[Path] | Sequence[Path]) -> str:
    hashes = [fingerprint(file) for file in files]
    return hashes[0] if len(hashes) == 1 else hashlib.sha256("\n".join(hashes).encode()).hexdigest()


def kinds() -> Mapping[str, Kind]:
    """The kinds of files that can be imported, by name."""
    return vocabulary().kinds
