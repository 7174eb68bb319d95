"""The return report: on the screen, as a document, on paper."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import RenderableType

from goodwill.cli import out
from goodwill.cli.shell import SUGGESTIONS, Shell, app, command

if TYPE_CHECKING:
    from goodwill.shop.report import Report


@command(app, "report", panel=SUGGESTIONS)
def report(
    shell: Shell,
    at: Annotated[str, typer.Option(metavar="DAY", help="The period that closed by this day, 2026-11-22.")] = "",
    pdf: Annotated[Path | None, typer.Option(help="Also write it as a PDF of two pages at most.")] = None,
) -> None:
    """Say whether the programme paid: worked, did not, or too early and when to look again.

    Example: goodwill report --pdf report.pdf
    """
    with shell.shop() as shop:
        with shell.working("Working the return out"):
            found = shop.report(at or None)
        if pdf is not None:
            _write(pdf, found)
        shell.answer(found.to_dict(), *told(found), watermark=shop.settings.watermark)
        if pdf is not None:
            shell.note(f"Written: {pdf}")


def _write(file: Path, found: "Report") -> None:
    from goodwill.basics.errors import BadInput
    from goodwill.shop.report_pdf import printed

    data = printed(found)
    try:
        file.write_bytes(data)
    except OSError as error:
        raise BadInput(f"{file} cannot be written: {error.strerror}. Name a file in a folder that is there.") from None


def told(found: "Report") -> Iterator[RenderableType]:
    """The report on a screen."""
    from goodwill.shop.report import cells_of, range_of, value_of

    yield found.sentence
    yield f"{found.shop}, {found.since} to {found.until}; days in {found.zone}, amounts in {found.currency}"
    for title, figures in (("", found.figures), ("Beside it, no money", found.scorecard)):
        if figures:
            yield ""
            rows = [
                (one.name, value_of(one, found.currency), range_of(one, found.currency), one.grade.name)
                for one in figures
            ]
            yield out.table((title or "figure", "value", "95 % interval", "grade"), rows)
    for table in found.tables:
        yield ""
        yield table.says
        yield out.table([one.name for one in table.columns], cells_of(table, found.currency))
    for title, lines in (("Method:", found.method), ("Not counted:", found.left_out), ("Mind:", found.warnings)):
        if lines:
            yield ""
            yield title
            yield from (f"  {line}" for line in lines)
    yield ""
    yield from (found.coverage, found.stands_on, f"Again: {found.query}")
