"""Files come in here: import them, list what came in, take one back."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.console import RenderableType
from typer.core import TyperGroup

from goodwill.basics.errors import BadInput
from goodwill.cli import out
from goodwill.cli.ends import Code
from goodwill.cli.shell import WHAT_COMES_IN, Shell, command, group, switch

if TYPE_CHECKING:
    from goodwill.collect.groups import Group
    from goodwill.collect.imports import Import, ImportReport, Plan
    from goodwill.collect.reconcile import Reconciled, Sum
    from goodwill.collect.rejects import Reject
    from goodwill.collect.report import PartReport
    from goodwill.shop import Shop

_FILE = "FILE"  # the command behind `goodwill import a.csv`; its name is what help and errors call it
_SWITCHES = ("--json", "--no-input", "--yes", "-y", "--quiet", "-q")


class _FilesOrCommand(TyperGroup):
    """``goodwill import a.csv`` and ``goodwill import list``: what is not the name of a command is a file."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args not in ([], ["--help"]) and _first_word(args) not in _COMMANDS:
            args = [_FILE, *args]
        return super().parse_args(ctx, args)

    def get_params(self, ctx: Any) -> list[Any]:
        """What may be given: for help, what may come with a file."""
        return self.commands[_FILE].get_params(ctx) if ctx.meta.get(_FILE) else super().get_params(ctx)

    def collect_usage_pieces(self, ctx: Any) -> list[str]:  # noqa: ARG002 - Typer asks so
        return ["[OPTIONS]", "FILE...", "|", *_COMMANDS]

    def format_help(self, ctx: Any, formatter: Any) -> None:
        ctx.meta[_FILE] = True
        super().format_help(ctx, formatter)


_COMMANDS = ("list", "undo")


def _first_word(args: list[str]) -> str:
    """The first word that is neither a shared option nor its value."""
    words = iter(args)
    for word in words:
        if word == "--home":
            next(words, None)
        elif not word.startswith("--home=") and word not in _SWITCHES:
            return word
    return ""


imports = group(
    "import",
    "Take in customers, products, orders, order lines or consents from files.\n\n"
    "Example: goodwill import customers.csv products.csv order_lines.csv",
    panel=WHAT_COMES_IN,
    cls=_FilesOrCommand,
)


_KIND = typer.Option("--as", metavar="KIND", help="What the files hold, where their headings do not tell.")
_MAP = typer.Option(
    "--map",
    metavar="FIELD=COLUMN",
    help="Which column holds a field, or FIELD==VALUE for one value in all rows; may be given more than once.",
)
_REJECTS = typer.Option("--rejects", metavar="FILE", help="Where rejected rows go; else into exports/ of the home.")
_CURRENCY = typer.Option("--currency", metavar="EUR", help="Of amounts whose row names none; else the shop's own.")
_DRY_RUN = switch("--dry-run", help="Go all the way, keep nothing, and say what would be kept.")
_STRICT = switch("--strict", help="Keep nothing at all if any row is rejected.")


@command(imports, _FILE, hidden=True)
def files(
    shell: Shell,
    paths: Annotated[list[Path], typer.Argument(metavar="FILE", help="CSV, TSV, JSON, XLSX or Parquet, or a ZIP.")],
    kind: Annotated[str | None, _KIND] = None,
    mapping: Annotated[list[str] | None, _MAP] = None,
    dry_run: Annotated[bool, _DRY_RUN] = False,
    strict: Annotated[bool, _STRICT] = False,
    rejects: Annotated[Path | None, _REJECTS] = None,
    currency: Annotated[str | None, _CURRENCY] = None,
) -> int:
    """Take in customers, products, orders, order lines or consents from files; again is no harm, only news is kept.

    Example: goodwill import orders.csv --map time=Datum --currency EUR --dry-run
    """
    from goodwill.collect import imports as collect

    said = dict(_field_and_column(pair) for pair in mapping or ())
    with shell.shop() as shop:
        with shell.working("Looking at the files"):
            planned = collect.plan(paths, as_=kind, mapping=said, currency=currency.upper() if currency else None)
        with shell.progress("Importing") as reached:
            report = _run(shop, planned, rejects, reached, dry_run=dry_run, strict=strict)
        for note in report.notes:
            shell.note(note)
        shell.answer(_document(report), *_lines(report), watermark=shop.settings.watermark)
    return int(Code.REJECTED if report.rejected else Code.DONE)


def _run(
    shop: "Shop", planned: "Plan", rejects: Path | None, reached: out.Reached, *, dry_run: bool, strict: bool
) -> "ImportReport":
    return shop.intake.run(
        planned,
        dry_run=dry_run,
        strict=strict,
        rejects_to=rejects or shop.folder / "exports" / f"{planned.paths[0].stem}-rejects.csv",
        progress=lambda now: reached(now.rows, now.of),
    )


def _field_and_column(pair: str) -> tuple[str, str]:
    field, equals, column = pair.partition("=")
    if not (field and equals and column):
        raise BadInput(f"--map {pair}: write FIELD=COLUMN, such as --map time=Datum.")
    return field, column


def _document(report: "ImportReport") -> dict[str, Any]:
    return {
        "id": report.id,
        "state": report.state,
        "rows": report.rows,
        **_kept(report, report.kept),
        "unchanged": report.unchanged,
        "rejected": report.rejected,
        "skipped": report.skipped,
        "seconds": round(report.seconds, 3),
        "rows_per_second": round(report.rows_per_second),
        "resumed": report.resumed,
        "may_contact": _contact(report),
        "totals": [_total(one, said) for one, said in zip(report.totals, report.held, strict=True)],
        "files": [_part(report, part) for part in report.parts],
        "rejects": [_reject(reject) for reject in report.rejects],
        "reject_groups": [_group(group) for group in report.faults],
        "reject_files": [out.plain(file) for file in report.reject_files],
        "remarks": [_group(group) for group in report.remarks],
        "notes": list(report.notes),
    }


def _kept(report: "ImportReport", rows: int) -> dict[str, int]:
    """Rows that were kept, or would have been."""
    return {"kept": rows if report.happened else 0, "would_be_kept": 0 if report.happened else rows}


def _part(report: "ImportReport", part: "PartReport") -> dict[str, Any]:
    return {
        "file": part.file,
        "kind": part.kind,
        "rows": part.rows,
        **_kept(report, part.kept),
        "unchanged": part.unchanged,
        "rejected": part.rejected,
        "skipped": part.skipped,
        "columns": dict(part.mapping),
        "left_behind": [{"column": left.column, "why": left.why} for left in part.left],
    }


def _contact(report: "ImportReport") -> dict[str, Any] | None:
    found = report.contact
    return {"yes": found.yes, "of": found.of, "why_not": dict(found.why_not)} if found is not None else None


def _total(one: "Reconciled", said: str) -> dict[str, Any]:
    return {
        "file": one.file,
        "of": one.what,
        "agrees": one.agrees,
        "says": _sum(one.says),
        "holds": _sum(one.holds),
        "left_out": {why: _sum(some) for why, some in one.left_out.items()},
        "sentence": said,
    }


def _sum(some: "Sum") -> dict[str, Any]:
    return {"count": some.count, "amounts": dict(sorted(some.amounts.items()))}


def _reject(reject: "Reject") -> dict[str, Any]:
    return {
        "file": reject.file,
        "line": reject.line,
        "column": reject.column,
        "value": reject.value,
        "problem": reject.problem,
        "what_to_do": reject.remedy,
    }


def _group(group: "Group") -> dict[str, Any]:
    return {
        "file": group.file,
        "rows": group.rows,
        "lines": list(group.lines),
        "column": group.column,
        "value": group.value,
        "problem": group.problem,
        "what_to_do": group.remedy,
    }


_STATES = {
    "done": "Imported",
    "nothing-new": "Nothing new",
    "refused": "REFUSED, because rows were rejected and --strict was asked for; nothing was kept",
    "dry-run": "Tried only; nothing was kept",
}
_KEPT = {"refused": "would have been kept#", "dry-run": "would be kept#"}
_GROUPS, _NAMED_COLUMNS, _LETTERS = 20, 5, 40  # on the screen; --json has all


def _lines(report: "ImportReport") -> Iterator[RenderableType]:
    went_on = ", going on where an earlier run had stopped" if report.resumed else ""
    rate = (
        f"{out.number(report.rows, 'rows')} in {report.seconds:.1f} s ({report.rows_per_second:,.0f} rows/s){went_on}"
    )
    state = "Nothing was kept" if report.state == "nothing-new" and report.rejected else _STATES[report.state]
    yield f"{state}: {rate}."
    columns = ("file", "holds", "rows#", _KEPT.get(report.state, "kept#"), "unchanged#", "rejected#", "empty#")
    yield out.table(columns, (_counts(part) for part in report.parts))
    yield from _after_all(report)
    if report.state == "dry-run":
        yield ""
        yield out.table(("read as", "of", "column"), _read_as(report))
        yield "Another column for a field: --map FIELD=COLUMN."
    if report.left_behind:
        yield ""
        yield out.table(("left behind", "of", "why"), _left_behind(report))
    if report.remarks:
        yield ""
        yield _groups("look at", report.remarks)
    if report.rejected:
        yield ""
        yield from _rejects(report)
    if report.id is not None and report.state == "done":
        yield ""
        yield f"Import {report.id}. Take it back with: goodwill import undo {report.id}"


def _after_all(report: "ImportReport") -> Iterator[RenderableType]:
    """Whom the shop may write to, and whether it holds what the files say in all."""
    found = report.contact
    if found is not None and found.of:
        may = "would then be allowed to" if report.state in ("dry-run", "refused") else "may"
        yield ""
        yield f"You {may} e-mail {out.number(found.yes)} of {out.number(found.of, 'people')}."
        if report.why_not:
            why = [f"{out.number(count)} {words}" for count, words in report.why_not]
            yield f"Why not the others? {'; '.join(why)}."
    if report.totals:
        yield ""
        yield from report.held


def _read_as(report: "ImportReport") -> Iterator[tuple[str, str, str]]:
    """Which field is which column, of files alike once."""
    read = ((field, part.kind, column) for part in report.parts for field, column in part.mapping.items())
    yield from dict.fromkeys(read)


def _counts(part: "PartReport") -> tuple[object, ...]:
    numbers = (part.rows, part.kept, part.unchanged, part.rejected, part.skipped)
    return part.file, part.kind, *(out.number(one) for one in numbers)


def _left_behind(report: "ImportReport") -> Iterator[tuple[str, str, str]]:
    """The columns that were not taken in, those with the same reason together."""
    for files, why, columns in report.left_together:
        more = len(columns) - _NAMED_COLUMNS
        named = ", ".join(columns[:_NAMED_COLUMNS])
        of = files[0] if len(files) == 1 else out.number(len(files), "files")
        yield f"{named} and {out.number(more)} more" if more > 0 else named, of, why


def _rejects(report: "ImportReport") -> Iterator[RenderableType]:
    shown = report.faults[:_GROUPS]
    yield _groups("rejected in", shown)
    more = report.rejected - sum(group.rows for group in shown)
    if more:
        yield f"… and {out.number(more, 'more rows' if more > 1 else 'more row')}."
    for file in report.reject_files:
        yield f"All of them, to mend and import again: {file}"


def _groups(of: str, groups: "Sequence[Group]") -> RenderableType:
    """Rows of which the same is to be said, in one line each: how many, the first of them, an example."""
    rows = (
        (one.file, out.number(one.rows), _named(one), one.column or "–", _short(one.value), one.what_to_do)
        for one in groups
    )
    return out.table((of, "rows#", "line", "column", "value", "what to do"), rows)


def _short(value: str) -> str:
    """A value on one line, not endless."""
    line = " ".join(value.split())
    return line if len(line) <= _LETTERS else f"{line[: _LETTERS - 1]}…"


def _named(group: "Group") -> str:
    lines = ", ".join(map(str, group.lines))
    return lines if len(group.lines) == group.rows else f"{lines}, …"


@command(imports, "list")
def list_(shell: Shell) -> None:
    """List what was imported, the latest last."""
    from goodwill.collect import imports as collect

    with shell.shop() as shop:
        with shop.database.reading() as connection:
            found = collect.list_imports(connection)
        columns = ("id#", "state", "begun", "files", "hold", "rows#", "kept#", "unchanged#", "rejected#")
        table = out.table(columns, (_listed(one, shop.settings.zone) for one in found))
        document = {"imports": [_import(one) for one in found]}
        shell.answer(document, table if found else "Nothing was imported yet.", watermark=shop.settings.watermark)


_LISTED = {"running": "interrupted or running", "nothing-new": "nothing new", "undoing": "half taken back"}


def _listed(one: "Import", zone: ZoneInfo) -> tuple[object, ...]:
    numbers = (out.number(count) for count in (one.rows, one.kept, one.unchanged, one.rejected))
    state = _LISTED.get(one.state, one.state)
    return one.id, state, out.when(one.started_at, zone), one.file, ", ".join(one.kinds), *numbers


def _import(one: "Import") -> dict[str, Any]:
    from goodwill.web.answers import moment

    return {
        "id": one.id,
        "state": one.state,
        "begun_at": moment(one.started_at),
        "finished_at": moment(one.finished_at),
        "files": one.file,
        "kinds": list(one.kinds),
        "rows": one.rows,
        "kept": one.kept,
        "would_be_kept": one.would_be_kept,
        "unchanged": one.unchanged,
        "rejected": one.rejected,
        "skipped": one.skipped,
    }


@command(imports, "undo", lost="goodwill import list")
def undo(
    shell: Shell, number: Annotated[int, typer.Argument(metavar="ID", help="Its number in `goodwill import list`.")]
) -> None:
    """Take a whole import back, as if it had never been made; what others changed since stays."""
    from goodwill.collect import store

    with shell.shop() as shop:
        with shop.database.reading() as connection:
            begun = store.get(connection, number)
        shell.make_sure(f"Take back import {number} ({begun.file}, {out.number(begun.rows, 'rows')})?")
        with shell.working("Settling the totals and taking back"):
            undone = shop.intake.undo(number)
        document = {name: getattr(undone, name) for name, _ in (*_UNDONE, *_STAYS[2:])}
        facts = [(label, out.number(document[name])) for name, label in _UNDONE]
        stays = [(label, out.number(document[name])) for name, label in _STAYS if document[name]]
        shell.answer(
            {"id": number, **document, "state": "undone"},
            f"Import {number} is taken back.",
            out.pairs(facts),
            *(_staying(stays) if stays else ()),
            watermark=shop.settings.watermark,
        )


def _staying(stays: list[tuple[str, str]]) -> tuple[RenderableType, ...]:
    return "", "What stays, because some logs only grow; none of it counts:", out.pairs(stays)


_UNDONE = (
    ("events", "events taken out"),
    ("events_put_back", "events put back as they were"),
    ("facts", "facts about people put back"),
    ("consents", "answers taken back"),
    ("people", "people nobody knows any more"),
    ("products_removed", "products taken out"),
    ("products_put_back", "products put back as they were"),
    ("items", "items that models counted taken out"),
    ("costs", "costs that count no more"),
)
_STAYS = (
    ("consents", "answers in the consent ledger, each with a row that takes it back"),
    ("costs", "costs in their ledger, each with a row that takes it back"),
    ("numbers", "numbers of people who are gone, with their keys destroyed"),
    ("held", "people of whom is noted that they counted in nothing meanwhile"),
)
