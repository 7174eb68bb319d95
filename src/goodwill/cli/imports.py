"""Files come in here: import them, list what came in, take one back."""

from collections.abc import Iterator
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
    from goodwill.collect.imports import Import, ImportReport, Plan
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
    paths: Annotated[list[Path], typer.Argument(metavar="FILE", help="CSV, TSV or Parquet, or a ZIP of them.")],
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
    from goodwill.collect import imports as collect

    return collect.run(
        shop.database,
        shop.tools,
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
        "kept": report.kept,
        "unchanged": report.unchanged,
        "rejected": report.rejected,
        "skipped": report.skipped,
        "seconds": round(report.seconds, 3),
        "rows_per_second": round(report.rows_per_second),
        "resumed": report.resumed,
        "files": [_part(part) for part in report.parts],
        "rejects": [_reject(reject) for reject in report.rejects],
        "reject_files": [str(file) for file in report.reject_files],
        "notes": list(report.notes),
    }


def _part(part: "PartReport") -> dict[str, Any]:
    return {
        "file": part.file,
        "kind": part.kind,
        "rows": part.rows,
        "kept": part.kept,
        "unchanged": part.unchanged,
        "rejected": part.rejected,
        "skipped": part.skipped,
        "columns": dict(part.mapping),
        "left_behind": [{"column": left.column, "why": left.why} for left in part.left],
    }


def _reject(reject: "Reject") -> dict[str, Any]:
    return {
        "file": reject.file,
        "line": reject.line,
        "column": reject.column,
        "value": reject.value,
        "problem": reject.problem,
        "what_to_do": reject.remedy,
    }


_STATES = {
    "done": "Imported",
    "refused": "REFUSED, because rows were rejected and --strict was asked for; nothing was kept",
    "dry-run": "Tried only; nothing was kept",
}


def _lines(report: "ImportReport") -> Iterator[RenderableType]:
    went_on = ", going on where an earlier run had stopped" if report.resumed else ""
    rate = (
        f"{out.number(report.rows, 'rows')} in {report.seconds:.1f} s ({report.rows_per_second:,.0f} rows/s){went_on}"
    )
    yield f"{_STATES[report.state]}: {rate}."
    columns = ("file", "holds", "rows#", "kept#", "unchanged#", "rejected#", "empty#")
    yield out.table(columns, (_counts(part) for part in report.parts))
    if report.left_behind:
        yield ""
        yield out.table(
            ("left behind", "of", "why"), ((left.column, file, left.why) for file, left in report.left_behind)
        )
    if report.rejects:
        yield ""
        yield from _rejects(report)
    if report.id is not None and report.state == "done":
        yield ""
        yield f"Import {report.id}. Take it back with: goodwill import undo {report.id}"


def _counts(part: "PartReport") -> tuple[object, ...]:
    numbers = (part.rows, part.kept, part.unchanged, part.rejected, part.skipped)
    return part.file, part.kind, *(out.number(one) for one in numbers)


def _rejects(report: "ImportReport") -> Iterator[RenderableType]:
    rows = ((one.file, one.line, one.column or "–", one.value, one.what_to_do) for one in report.rejects)
    yield out.table(("rejected in", "line#", "column", "value", "what to do"), rows)
    if report.rejected > len(report.rejects):
        yield f"… and {out.number(report.rejected - len(report.rejects))} more."
    for file in report.reject_files:
        yield f"All of them, to mend and import again: {file}"


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


def _listed(one: "Import", zone: ZoneInfo) -> tuple[object, ...]:
    numbers = (out.number(count) for count in (one.rows, one.kept, one.unchanged, one.rejected))
    state = "interrupted or running" if one.state == "running" else one.state
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
        "unchanged": one.unchanged,
        "rejected": one.rejected,
        "skipped": one.skipped,
    }


@command(imports, "undo", lost="goodwill import list")
def undo(
    shell: Shell, number: Annotated[int, typer.Argument(metavar="ID", help="Its number in `goodwill import list`.")]
) -> None:
    """Take a whole import back, as if it had never been made; what others changed since stays."""
    from goodwill.collect import imports as collect
    from goodwill.collect import store

    with shell.shop() as shop:
        with shop.database.reading() as connection:
            begun = store.get(connection, number)
        shell.make_sure(f"Take back import {number} ({begun.file}, {out.number(begun.rows, 'rows')})?")

        def settle() -> None:
            shop.settle()

        with shell.working("Settling the totals and taking back"):
            undone = collect.undo(shop.database, shop.tools, number, settle=settle)
        document = {name: getattr(undone, name) for name, _ in _UNDONE}
        facts = [(label, out.number(document[name])) for name, label in _UNDONE if name != "id"]
        shell.answer(
            {**document, "state": "undone"},
            f"Import {number} is taken back.",
            out.pairs(facts),
            watermark=shop.settings.watermark,
        )


_UNDONE = (
    ("id", "import"),
    ("events", "events taken out"),
    ("facts", "facts about people put back"),
    ("consents", "answers taken back"),
    ("people", "people nobody knows any more"),
    ("products_removed", "products taken out"),
    ("products_put_back", "products put back as they were"),
)
