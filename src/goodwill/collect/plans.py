"""What an import would do, before it does it: which files hold what, which column says what, what is left behind."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from goodwill.basics.errors import BadFile, BadInput
from goodwill.collect.files import Part, fingerprint, parts_of, shown
from goodwill.collect.kinds import Kind, plain, vocabulary
from goodwill.collect.parquet import open_parquet
from goodwill.collect.recognise import ANSWERS, Left, Recognised, recognise
from goodwill.collect.separated import SEPARATORS, open_text
from goodwill.collect.survey import Survey, survey
from goodwill.collect.tables import Table

# Products before the lines that sell them, customers before what they say and buy.
_IN_TURN = ("products", "customers", "consents", "orders", "order-lines")


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
            ``separator``, ``decimal`` and ``dates``, which say how the file is written.
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
            found.append(_part_plan(part, as_, said))
    if not found:
        raise BadFile(f"{' '.join(notes)} Export them again.")
    _check_mapping(said, found)
    found.sort(key=lambda part: _IN_TURN.index(part.kind.name))
    notes.extend(f"{part.name} has headings and no rows." for part in found if part.survey.rows == 0)
    return Plan(files, _together(files), tuple(found), said, as_, currency, tuple(notes))


def _part_plan(part: Part, as_: str | None, said: Mapping[str, str]) -> PartPlan:
    table = _open(part, said)
    known = recognise(table, as_=as_, mapping=said)
    return PartPlan(table, known, survey(table, known, said))


def _open(part: Part, said: Mapping[str, str]) -> Table:
    if part.form == "parquet":
        return open_parquet(part)
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
        if not any(field in part.known.columns or field in part.known.constants for part in knowing):
            columns = dict.fromkeys(heading for part in knowing for heading in part.table.headings)
            raise BadInput(f"--map {name}={column}: there is no column '{column}'. There are: {', '.join(columns)}.")


def _together(files: Iterator[Path] | Sequence[Path]) -> str:
    hashes = [fingerprint(file) for file in files]
    return hashes[0] if len(hashes) == 1 else hashlib.sha256("\n".join(hashes).encode()).hexdigest()


def kinds() -> Mapping[str, Kind]:
    """The kinds of files that can be imported, by name."""
    return vocabulary().kinds
