"""Import files: whole or not at all, in pieces that are each committed with how far they got.

`plan` looks and writes nothing; `run` does it, or tries it (`dry_run`) by the same way and takes it back. A program
that is killed leaves finished pieces, never half a one: `run` on the same files goes on from there, `undo` takes them
back.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from time import perf_counter

from sqlalchemy import Connection

from goodwill import catalogue
from goodwill.basics.errors import BadFile, BadInput, Conflict
from goodwill.basics.garbage import collected_rarely
from goodwill.catalogue import store as shelves
from goodwill.collect import corrections, store
from goodwill.collect.consents import Consents
from goodwill.collect.costs import Costs
from goodwill.collect.customers import Customers
from goodwill.collect.groups import LEFT_ALONE
from goodwill.collect.lines import Lines
from goodwill.collect.orders import Orders, Refunds
from goodwill.collect.plans import PartPlan, Plan, plan, source_of
from goodwill.collect.products import Products
from goodwill.collect.reconcile import Reconciled
from goodwill.collect.report import ImportReport, PartReport, Progress
from goodwill.collect.store import Import
from goodwill.collect.tables import Chunk
from goodwill.collect.undo import undo
from goodwill.collect.views import Viewed
from goodwill.collect.work import Work, begin, said_of
from goodwill.collect.writing import Making, Prepared, Tell, Tools, Writer, nobody_listens
from goodwill.people import undo as people_undo
from goodwill.people.circle import remembering
from goodwill.people.contact import MayContact
from goodwill.protect import Cipher, on_trial
from goodwill.storage import Database
from goodwill.storage.apart import apart
from goodwill.storage.engine import EVENTS, HOLDS, LEDGER, PEOPLE, one_at_a_time

__all__ = ["Import", "ImportReport", "Plan", "Progress", "Tools", "list_imports", "plan", "resume", "run", "undo"]

_WRITERS: Mapping[str, Callable[[PartPlan, Tools, Making, str | None], Writer]] = {
    "products": Products,
    "customers": Customers,
    "consents": Consents,
    "orders": Orders,
    "refunds": Refunds,
    "order-lines": Lines,
    "costs": Costs,
}


def _nobody_waits() -> None:
    """For a shop that keeps no total: a correction would be refused if there were one that did not settle."""


Contact = Callable[[Connection, Cipher], MayContact | None]


def _nobody_asks(_: Connection, __: Cipher) -> None:
    """For whoever does not want to know."""


def run(
    database: Database,
    tools: Tools,
    planned: Plan,
    *,
    dry_run: bool = False,
    strict: bool = False,
    rejects_to: Path,
    progress: Callable[[Progress], None] | None = None,
    settle: Callable[[], object] = _nobody_waits,
    contact: Contact = _nobody_asks,
    tell: Tell = nobody_listens,
) -> ImportReport:
    """Import what was planned; if the same import was interrupted, go on with it.

    Args:
        dry_run: do everything in a copy of the database, and nothing here; the report says what would be kept. Others
            wait only where there is no room for a copy.
        strict: keep nothing if any row is rejected. Others wait while it runs.
        rejects_to: where the rejected rows are written, a CSV file per file that has any.
        progress: called after each piece; an exception from it interrupts the import.
        settle: lets every kept total catch up; only asked where rows correct what an earlier import said.
        contact: tells, once all is in, whom the shop may write to, by the cipher that the import used.
        tell: is told, in the transaction that writes them, of the rows that each piece adds to the consent ledger.

    Raises:
        Conflict: somebody else goes on with the same import at the same time, or a total did not settle.
        BadFile: a file changed since it was planned.
    """
    started = perf_counter()
    last = _Last(None, ())
    with collected_rarely(), _unit(database, dry_run=dry_run, strict=strict) as unit:
        if dry_run:  # only now, or the copy could hold people of whom these keys never heard
            tools = replace(tools, cipher=on_trial(tools.cipher))
        with unit.piece() as connection:
            work = begin(connection, tools, planned, rejects_to, strict=strict, anew=dry_run)
        try:
            writers = [
                writer
                for parts in _files(planned)
                for writer in _import_file(unit, work, parts, started, progress, tell)
            ]
        finally:
            for file in work.files:
                file.close()
        with unit.piece() as connection:
            for lines in (writer for writer in writers if isinstance(writer, Lines)):
                work.remarks.add(lines.remarks_at_end(connection))
        refused = strict and work.rejected > 0
        if dry_run or refused:
            with unit.piece() as connection:
                last = _looked(connection, writers, contact, tools.cipher)
            state = "refused" if refused and not dry_run else "dry-run"
            unit.take_back()
        else:
            state = _finish(unit, work)
    if state == "refused":
        work.making = replace(work.making, id=_note_refusal(database, work))
    if state == "correcting":
        corrections.make(database, tools, work.making.id, settle)
        state = "done"
    if state in ("done", "nothing-new"):
        with database.reading() as connection:
            last = _looked(connection, writers, contact, tools.cipher)
    return _report(work, state, perf_counter() - started, last)


@dataclass(frozen=True)
class _Last:
    """What is looked at once all is in."""

    contact: MayContact | None
    totals: tuple[Reconciled, ...]


def _looked(connection: Connection, writers: Sequence[Writer], contact: Contact, cipher: Cipher) -> _Last:
    totals = (one.reconciled(connection) for one in writers if isinstance(one, Orders))
    return _Last(contact(connection, cipher), tuple(one for one in totals if one.says.count))


def resume(
    database: Database,
    tools: Tools,
    import_id: int,
    *,
    progress: Callable[[Progress], None] | None = None,
    settle: Callable[[], object] = _nobody_waits,
    contact: Contact = _nobody_asks,
) -> ImportReport:
    """Go on with an interrupted import, from the files that it was made from.

    Raises:
        NotFound: there is no such import, or a file is gone.
        Conflict: it is not interrupted.
        BadInput: a file is not the same any more, or the shop reads files in another way by now.
    """
    with database.reading() as connection:
        begun = store.get(connection, import_id)
    if begun.state != "running":
        raise Conflict(f"Import {import_id} is {begun.state}, so there is nothing to go on with.")
    said = begun.options
    planned = plan(said["paths"], as_=said["as"], mapping=begun.mapping, currency=said["currency"])
    changed = planned.sha256 != begun.sha256 and f"The files of import {import_id} changed since it began: {begun.file}"
    if said_of(tools, planned, strict=said["strict"])["shop"] != said["shop"]:
        changed = f"The shop's zone, currency or region changed since import {import_id} began"
    if changed:
        raise BadInput(f"{changed}. Bring back what was, or take back what came in: goodwill import undo {import_id}")
    rejects = Path(said["rejects"])
    return run(
        database, tools, planned, strict=said["strict"], rejects_to=rejects, progress=progress, settle=settle,
        contact=contact,
    )  # fmt: skip


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

    @contextmanager
    def telling(self, *, several: bool) -> Iterator[Connection]:
        """A piece that tells of people, perhaps several things of each; in it nobody is looked up twice."""
        with self.piece() as connection:
            if several:
                _lock(connection)
            with remembering(connection):
                yield connection

    def take_back(self) -> None:
        """Undo everything, once the unit ends."""
        raise _TakeBack


class _TakeBack(Exception):
    """Ends a unit of work without keeping it."""


@contextmanager
def _unit(database: Database, *, dry_run: bool, strict: bool) -> Iterator[_Unit]:
    if not dry_run and not strict:
        yield _Unit(database, None)
        return
    try:
        with apart(database) if dry_run else database.transaction() as connection:
            _lock(connection)
            yield _Unit(database, connection)
    except _TakeBack:
        return


def _lock(connection: Connection) -> None:
    """Take the locks in everybody's order, whatever the files hold first."""
    for lock in (PEOPLE, EVENTS, HOLDS, LEDGER):
        one_at_a_time(connection, lock)


def _import_file(
    unit: _Unit,
    work: Work,
    numbers: Sequence[int],
    started: float,
    progress: Callable[[Progress], None] | None,
    tell: Tell,
) -> list[Writer]:
    """Import a file, whose parts are the views of it (most files have one), in one reading."""
    parts = [work.plan.parts[number] for number in numbers]
    writers = [_WRITERS[part.kind.name](part, work.tools, work.making, work.plan.currency) for part in parts]
    read = [0] * len(parts)
    for prepared in _prepared(parts, writers):
        read = [rows + piece.rows for rows, piece in zip(read, prepared, strict=True)]
        # What was written before the interruption is read again all the same, so that its orders are remembered.
        told = {n: piece for n, rows, piece in zip(numbers, read, prepared, strict=True) if rows > work.before[n]}
        prepared.clear()  # or it would lie beside the next
        _write(unit, work, told, several=len(parts) > 1, tell=tell)
        if progress is not None:
            for number in told:
                name, rows, seconds = work.plan.parts[number].name, work.totals["rows"], perf_counter() - started
                progress(Progress(name, rows, work.plan.rows, work.rejected, seconds, work.fresh))
        told.clear()
    for part, rows in zip(parts, read, strict=True):
        if rows != part.survey.rows:
            raise BadFile(
                f"{part.name} changed while it was imported: {part.survey.rows:,} rows at first, {rows:,} now. "
                f"Take back what came in with: goodwill import undo {work.making.id}"
            )
    return writers


def _prepared(parts: Sequence[PartPlan], writers: Sequence[Writer]) -> Iterator[list[Prepared]]:
    """What each part has to say, piece by piece."""
    for chunks in _chunks(parts):
        yield [_with_passed(writer.prepare(chunk), chunk) for writer, chunk in zip(writers, chunks, strict=True)]
        chunks.clear()  # or the next piece would be read beside this one


def _write(unit: _Unit, work: Work, told: Mapping[int, Prepared], *, several: bool, tell: Tell) -> None:
    """Write what a piece of a file tells, by the numbers of its parts, and note how far all got."""
    if not told:
        return
    with unit.telling(several=several) as connection:
        wrote = [(number, one, one.write(connection)) for number, one in told.items()]
        work.take_in(connection, wrote)
        for _, _, one in wrote:
            if one.positions is not None:
                tell(connection, *one.positions)


def _chunks(parts: Sequence[PartPlan]) -> Iterator[list[Chunk]]:
    """A file piece by piece, as each of its views shows it."""
    views = [part.table for part in parts if isinstance(part.table, Viewed)]
    if not views:
        for chunk in parts[0].table.chunks(list(parts[0].known.columns.values())):
            yield [chunk]
        return
    for piece in views[0].known.pieces():
        yield [view.look(piece) for view in views]


def _with_passed(prepared: Prepared, chunk: Chunk) -> Prepared:
    """The same, counting the rows that are left out whole."""
    if not chunk.passed:
        return prepared
    rows = prepared.rows + sum(chunk.passed.values())
    return replace(prepared, rows=rows, skipped={**prepared.skipped, **chunk.passed})


def _files(plan: Plan) -> list[list[int]]:
    """The parts of a plan by the file that they are views of."""
    return [
        [number for number, _ in some]
        for _, some in groupby(enumerate(plan.parts), key=lambda one: id(source_of(one[1].table)))
    ]


def _finish(unit: _Unit, work: Work) -> str:
    """Close the import, and tell its state; "correcting" if it has yet to replace what earlier ones said."""
    with unit.piece() as connection:
        catalogue.set_items(connection, work.tools.level)
        if corrections.waiting(connection, work.making.id):
            return "correcting"
        state = "done" if _brought_anything(connection, work) else "nothing-new"
        store.close(connection, work.making.id, state, now=work.tools.clock(), begun="running")
    return state


def _brought_anything(connection: Connection, work: Work) -> bool:
    """Whether there would be anything to undo; a row may be rejected after its customer or product was made."""
    number = work.making.id
    if work.totals["kept"]:
        return True
    return bool(shelves.added_by(connection, [number])) or people_undo.made_by(connection, number) > 0


def _note_refusal(database: Database, work: Work) -> int:
    """Remember that a strict import was refused, and what would have become of its rows; nothing of it was kept."""
    with database.transaction() as connection:
        now, files = work.tools.clock(), work.files[0]
        refused = begin(connection, work.tools, work.plan, files.path, strict=True, anew=True).making.id
        store.move(connection, refused, {}, work.place, work.totals)
        store.close(connection, refused, "refused", now=now, begun="running")
    return refused


# ---- the report ----------------------------------------------------------------------------------------------------


def _report(work: Work, state: str, seconds: float, last: _Last) -> ImportReport:
    parts = tuple(
        PartReport(
            part.name, part.kind.name, counts.rows, counts.kept, counts.unchanged, counts.rejected,
            sum(counts.skipped.values()), part.left, {**part.known.columns, **part.known.constants},
        )
        for part, counts in zip(work.plan.parts, work.counts, strict=True)
    )  # fmt: skip
    return ImportReport(
        id=None if state in ("dry-run", "nothing-new") else work.making.id,
        state=state,
        parts=parts,
        notes=tuple(dict.fromkeys(_notes(work))),
        remarks=tuple(one for one in work.remarks.listed if state != "nothing-new" or one.problem == LEFT_ALONE),
        faults=work.faults.listed,
        rejects=tuple(work.rejects),
        reject_files=tuple(file.path for file in work.files if file.size),
        seconds=seconds,
        resumed=work.resumed,
        fresh=work.fresh,
        contact=last.contact,
        totals=last.totals,
    )


def _notes(work: Work) -> Iterator[str]:
    yield from work.plan.notes
    for number in work.others:
        yield (
            f"Import {number} of the same files was interrupted, or still runs, and understood them otherwise (other "
            f"options, or other settings of the shop). Take back what it brought with: goodwill import undo {number}"
        )
    for part, counts in zip(work.plan.parts, work.counts, strict=True):
        yield from part.notes
        if part.survey.no_zone:
            column = next(part.known.columns[field] for field in ("time", "confirmed") if field in part.known.columns)
            zone = work.tools.zone.key
            yield f"Times in '{column}' of {part.name} carry no zone; they are read in the shop's, {zone}."
        for why, count in counts.skipped.items():
            passed = f"{count:,} {why} were" if count > 1 else f"1 {why.replace('rows', 'row')} was"
            yield f"{part.name}: {passed} passed over."
