"""Import files: whole or not at all, in pieces that are each committed with how far they got.

`plan` looks and writes nothing; `run` does it, or tries it (`dry_run`) by the same way and takes it back. A program
that is killed leaves finished pieces, never half a one: `run` on the same files goes on from there, `undo` takes them
back.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from time import perf_counter
from typing import Any

from sqlalchemy import Connection

from goodwill import catalogue
from goodwill.basics.clock import Micros
from goodwill.basics.errors import BadInput, Conflict
from goodwill.collect import store
from goodwill.collect.consents import Consents
from goodwill.collect.customers import Customers
from goodwill.collect.lines import Lines
from goodwill.collect.orders import Orders
from goodwill.collect.plans import PartPlan, Plan, plan
from goodwill.collect.products import Products
from goodwill.collect.rejects import Reject, RejectFile
from goodwill.collect.report import ImportReport, PartReport, Progress
from goodwill.collect.separated import Separated
from goodwill.collect.store import Import
from goodwill.collect.undo import undo
from goodwill.collect.writing import Making, Prepared, Tools, Writer, Wrote
from goodwill.storage import Database

__all__ = ["Import", "ImportReport", "Plan", "Progress", "Tools", "list_imports", "plan", "resume", "run", "undo"]

_WRITERS: Mapping[str, Callable[[PartPlan, Tools, Making, str | None], Writer]] = {
    "products": Products,
    "customers": Customers,
    "consents": Consents,
    "orders": Orders,
    "order-lines": Lines,
}
_SHOWN = 20  # rejects in the report itself; all are in the file


def run(
    database: Database,
    tools: Tools,
    planned: Plan,
    *,
    dry_run: bool = False,
    strict: bool = False,
    rejects_to: Path,
    progress: Callable[[Progress], None] | None = None,
) -> ImportReport:
    """Import what was planned; if the same import was interrupted, go on with it.

    Args:
        dry_run: do everything and take it back; the report says what would be kept. Others wait while it runs.
        strict: keep nothing if any row is rejected. Others wait while it runs.
        rejects_to: where the rejected rows are written, a CSV file per file that has any.
        progress: called after each piece; an exception from it interrupts the import.

    Raises:
        Conflict: somebody else goes on with the same import at the same time.
        BadInput: a file changed since it was planned.
    """
    started = perf_counter()
    whole = dry_run or strict
    with _unit(database, whole=whole) as unit:
        work = _begin(unit, tools, planned, rejects_to, resumable=not whole)
        try:
            for number in range(len(planned.parts)):
                _import_part(unit, work, number, started, progress)
        finally:
            for file in work.files:
                file.close()
        refused = strict and work.rejected > 0
        if dry_run or refused:
            unit.take_back()
        else:
            _finish(unit, work)
    state = "dry-run" if dry_run else "refused" if refused else "done"
    if state == "refused":
        work.making = replace(work.making, id=_note_refusal(database, work))
    return _report(work, state, perf_counter() - started)


def resume(
    database: Database, tools: Tools, import_id: int, *, progress: Callable[[Progress], None] | None = None
) -> ImportReport:
    """Go on with an interrupted import, from the files that it was made from.

    Raises:
        NotFound: there is no such import, or a file is gone.
        Conflict: it is not interrupted.
        BadInput: a file is not the same any more.
    """
    with database.reading() as connection:
        begun = store.get(connection, import_id)
    if begun.state != "running":
        raise Conflict(f"Import {import_id} is {begun.state}, so there is nothing to go on with.")
    said = begun.options
    planned = plan(said["paths"], as_=said["as"], mapping=begun.mapping, currency=said["currency"])
    if planned.sha256 != begun.sha256:
        raise BadInput(
            f"The files of import {import_id} changed since it began: {begun.file}. Bring back the files as they were, "
            f"or take back what came in: goodwill import undo {import_id}"
        )
    return run(database, tools, planned, rejects_to=Path(said["rejects"]), progress=progress)


def list_imports(connection: Connection) -> list[Import]:
    """All imports, the latest last."""
    return store.all_of(connection)


# ---- one piece after the other -------------------------------------------------------------------------------------


class _Unit:
    """The transactions of an import: one for each piece, or one for all of it."""

    def __init__(self, database: Database, all_in_one: Connection | None) -> None:
        self._database = database
        self._all_in_one = all_in_one

    @contextmanager
    def piece(self) -> Iterator[Connection]:
        if self._all_in_one is not None:
            yield self._all_in_one
            return
        with self._database.transaction() as connection:
            yield connection

    def take_back(self) -> None:
        """Undo everything, once the unit ends."""
        raise _TakeBack


class _TakeBack(Exception):
    """Ends a unit of work without keeping it."""


@contextmanager
def _unit(database: Database, *, whole: bool) -> Iterator[_Unit]:
    if not whole:
        yield _Unit(database, None)
        return
    try:
        with database.transaction() as connection:
            yield _Unit(database, connection)
    except _TakeBack:
        return


@dataclass
class _Counts:
    """Rows of one part by what became of them."""

    rows: int = 0
    kept: int = 0
    unchanged: int = 0
    rejected: int = 0
    skipped: dict[str, int] = field(default_factory=dict)

    def add(self, prepared: Prepared, wrote: Wrote, rejects: int) -> None:
        self.rows += prepared.rows
        self.kept += wrote.kept
        self.unchanged += wrote.unchanged
        self.rejected += rejects
        for why, count in prepared.skipped.items():
            self.skipped[why] = self.skipped.get(why, 0) + count


@dataclass
class _Work:
    """An import while it is made.

    Attributes:
        counts: of each part.
        before: rows of each part that an interrupted run had finished.
        positions: stretches of the consent ledger that it wrote, first and last row.
        place: what the database knows of all this.
    """

    plan: Plan
    tools: Tools
    making: Making
    counts: list[_Counts]
    before: list[int]
    positions: list[list[int]]
    files: list[RejectFile]
    place: Mapping[str, Any]
    resumed: bool
    fresh: int = 0
    rejects: list[Reject] = field(default_factory=list)

    @property
    def rejected(self) -> int:
        return sum(part.rejected for part in self.counts)

    def totals(self) -> dict[str, int]:
        return {
            name: sum(getattr(part, name) for part in self.counts) for name in ("rows", "kept", "unchanged", "rejected")
        }


def _begin(unit: _Unit, tools: Tools, planned: Plan, rejects_to: Path, *, resumable: bool) -> _Work:
    with unit.piece() as connection:
        now = tools.clock()
        begun = store.interrupted(connection, planned.sha256, planned.mapping, _said(planned)) if resumable else None
        since = store.first_begun(connection, planned.sha256) or now
        if begun is not None:
            making = Making(begun.id, begun.started_at, since)
            place, rejects_to = begun.place, Path(begun.options["rejects"])
        else:
            making = Making(_note_beginning(connection, planned, rejects_to, now), now, since)
            place = {}
    counts = [_Counts(**counts) for counts in place.get("parts", [])]
    counts += [_Counts() for _ in planned.parts[len(counts) :]]
    sizes = place.get("rejects", [0] * len(planned.parts))
    return _Work(
        plan=planned,
        tools=tools,
        making=making,
        counts=counts,
        before=[part.rows for part in counts],
        positions=[list(stretch) for stretch in place.get("positions", [])],
        files=_reject_files(planned, rejects_to, sizes),
        place=place,
        resumed=begun is not None,
    )


def _note_beginning(
    connection: Connection, planned: Plan, rejects_to: Path, now: Micros, state: str = "running"
) -> int:
    paths = [str(path.absolute()) for path in planned.paths]
    options = {**_said(planned), "paths": paths, "rejects": str(rejects_to.absolute())}
    return store.begin(
        connection, kinds=planned.kinds, file=planned.files, sha256=planned.sha256, mapping=planned.mapping,
        options=options, now=now, state=state,
    )  # fmt: skip


def _said(planned: Plan) -> dict[str, str | None]:
    """What the owner said about the files besides the mapping."""
    return {"as": planned.as_, "currency": planned.currency}


def _reject_files(planned: Plan, path: Path, sizes: Sequence[int]) -> list[RejectFile]:
    """One file for a single table; for several, the kind of each stands in its name."""
    several = len(planned.parts) > 1
    sources = {source.absolute() for source in planned.paths}
    files = []
    for number, part in enumerate(planned.parts):
        same = [other for other in planned.parts[:number] if other.kind.name == part.kind.name]
        name = f"-{part.kind.name}" + (f"-{len(same) + 1}" if same else "") if several else ""
        separator = part.table.separator if isinstance(part.table, Separated) else ","
        target = path.with_stem(path.stem + name)
        while target.absolute() in sources:  # mended rejects come in again under the name that they had
            target = target.with_stem(f"{target.stem}-again")
        files.append(RejectFile(target, part.table.headings, separator, sizes[number]))
    return files


def _import_part(
    unit: _Unit, work: _Work, number: int, started: float, progress: Callable[[Progress], None] | None
) -> None:
    part, counts = work.plan.parts[number], work.counts[number]
    writer = _WRITERS[part.kind.name](part, work.tools, work.making, work.plan.currency)
    read = 0
    for chunk in part.table.chunks(list(part.known.columns.values())):
        prepared = writer.prepare(chunk)
        read += prepared.rows
        if read <= work.before[number]:
            continue  # written before the interruption; reading it again remembers its orders
        with unit.piece() as connection:
            wrote = prepared.write(connection)
            rejects = [*prepared.rejects, *wrote.rejects]
            counts.add(prepared, wrote, len(rejects))
            work.files[number].add(rejects)
            _note_place(connection, work, wrote)
        work.rejects.extend(rejects[: _SHOWN - len(work.rejects)])
        work.fresh += prepared.rows
        if progress is not None:
            rows = sum(part.rows for part in work.counts)
            seconds = perf_counter() - started
            progress(Progress(part.name, rows, work.plan.rows, work.rejected, seconds, work.fresh))
    if read != part.survey.rows:
        raise BadInput(
            f"{part.name} changed while it was imported: {part.survey.rows:,} rows at first, {read:,} now. "
            f"Take back what came in with: goodwill import undo {work.making.id}"
        )


def _note_place(connection: Connection, work: _Work, wrote: Wrote) -> None:
    if wrote.positions is not None:
        first, last = wrote.positions
        if work.positions and work.positions[-1][1] == first - 1:
            work.positions[-1][1] = last
        else:
            work.positions.append([first, last])
    place = {
        "parts": [asdict(part) for part in work.counts],
        "rejects": [file.size for file in work.files],
        "positions": [list(stretch) for stretch in work.positions],
    }
    store.move(connection, work.making.id, work.place, place, work.totals())
    work.place = place


def _finish(unit: _Unit, work: _Work) -> None:
    with unit.piece() as connection:
        catalogue.set_items(connection, work.tools.level)
        store.close(connection, work.making.id, "done", now=work.tools.clock())


def _note_refusal(database: Database, work: _Work) -> int:
    """Remember that a strict import was refused: nothing of it was kept, only that it was tried."""
    with database.transaction() as connection:
        now = work.tools.clock()
        number = _note_beginning(connection, work.plan, work.files[0].path, now, "refused")
        store.close(connection, number, "refused", now=now)
    return number


# ---- the report ----------------------------------------------------------------------------------------------------


def _report(work: _Work, state: str, seconds: float) -> ImportReport:
    parts = tuple(
        PartReport(
            part.name, part.kind.name, counts.rows, counts.kept, counts.unchanged, counts.rejected,
            sum(counts.skipped.values()), part.left, {**part.known.columns, **part.known.constants},
        )
        for part, counts in zip(work.plan.parts, work.counts, strict=True)
    )  # fmt: skip
    return ImportReport(
        id=None if state == "dry-run" else work.making.id,
        state=state,
        parts=parts,
        notes=tuple(_notes(work)),
        rejects=tuple(work.rejects),
        reject_files=tuple(file.path for file in work.files if file.size),
        seconds=seconds,
        resumed=work.resumed,
        fresh=work.fresh,
    )


def _notes(work: _Work) -> Iterator[str]:
    yield from work.plan.notes
    for part, counts in zip(work.plan.parts, work.counts, strict=True):
        yield from part.notes
        if part.survey.no_zone:
            column = part.known.columns["time"]
            zone = work.tools.zone.key
            yield f"Times in '{column}' of {part.name} carry no zone; they are read in the shop's, {zone}."
        for why, count in counts.skipped.items():
            yield f"{part.name}: {count:,} {why} were passed over."
