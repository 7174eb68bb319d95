"""How long things are kept: what would be deleted now, and deleting it."""

from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from goodwill.basics.errors import BadInput
from goodwill.cli import out
from goodwill.cli.shell import PEOPLE, Shell, command, group

if TYPE_CHECKING:
    from collections.abc import Iterable

    from goodwill.people.retention import Due

retention = group("retention", "How long things are kept: look first, then delete what nothing needs.", panel=PEOPLE)
_AT = typer.Option("--at", metavar="DATE", help="As if it were this day, such as 2027-06-30; nothing is changed.")


@command(retention, "plan")
def plan(shell: Shell, at: Annotated[str | None, _AT] = None) -> None:
    """Count what a run would delete, and what stays and why; nothing is changed.

    Example: goodwill retention plan --at 2027-06-30
    """
    from goodwill.basics.clock import iso

    with shell.shop() as shop:
        found = shop.retention.plan(_moment(at, shop.settings.zone))
        document = {
            "at": iso(found.at),
            "due": [_document(line) for line in found.due],
            "stays": [_document(line) for line in found.stays],
            "merges": found.merges,
            "requests": found.requests,
            "imports": found.imports,
            "empty_people": len(found.empty),
        }
        lines: list[Any] = [f"As of {out.when(found.at, shop.settings.zone)}:"]
        lines += (
            ["", "No purpose needs any longer:", _table(found.due, why=False)] if found.due else ["", "Nothing is due."]
        )
        if found.stays:
            lines += ["", "Stays, under the purpose that keeps it longest:", _table(found.stays)]
        if found.requests:
            lines += [
                "",
                f"{out.number(found.requests, 'requests')}, answered long ago, no longer say whose they were.",
            ]
        if found.merges or found.imports:
            merges, rows = out.number(found.merges, "merges"), out.number(found.imports, "rows")
            lines += ["", f"Also goes: the journals of {merges}, and {rows} kept for taking old imports back."]
        if found.empty:
            lines += [
                "",
                f"{out.number(len(found.empty), 'people')} have nothing left but their ids; a run erases them.",
            ]
        shell.answer(document, *lines, watermark=shop.settings.watermark)


@command(retention, "run")
def run(shell: Shell) -> None:
    """Delete what no purpose needs any longer; `plan` shows it first."""
    shell.make_sure("Delete for good what no purpose needs any longer? `goodwill retention plan` shows it.")
    with shell.shop() as shop:
        with shell.working("Deleting what no purpose needs"):
            done = shop.retention.run()
        rows = [{"table": table, "category": category, "rows": many} for (table, category), many in done.rows.items()]
        document = {
            "deleted": rows,
            "people": done.people,
            "merges": done.merges,
            "requests": done.requests,
            "imports": done.imports,
            "erased": done.erased,
        }
        total = Counter[str]()
        for (table, _), many in done.rows.items():
            total[table] += many
        said = ", ".join(f"{out.number(many)} of {table}" for table, many in total.items()) or "nothing"
        gone = f" Erased {out.number(done.erased, 'people')} with nothing left but ids." if done.erased else ""
        shell.answer(document, f"Deleted {said}, about {out.number(done.people, 'people')}.{gone}")


def _moment(at: str | None, zone: Any) -> Any:
    from datetime import date, datetime, time

    from goodwill.basics.clock import micros

    if at is None:
        return None
    try:
        day = date.fromisoformat(at)
    except ValueError:
        raise BadInput(f"'{at}' is not a day; write it like 2027-06-30.") from None
    return micros(datetime.combine(day, time(12), tzinfo=zone))


def _document(line: "Due") -> dict[str, Any]:
    return {
        "table": line.table, "category": line.category, "why": line.why, "rows": line.rows,
        "oldest": out.day(line.oldest), "newest": out.day(line.newest),
    }  # fmt: skip


def _table(lines: "Iterable[Due]", *, why: bool = True) -> Any:
    names = ("table", "category", "rows#", "oldest", "newest", "because")
    rows = (
        (line.table, line.category, out.number(line.rows), out.day(line.oldest), out.day(line.newest), line.why)
        for line in lines
    )
    return out.table(names, rows) if why else out.table(names[:-1], (row[:-1] for row in rows))
