"""Who changed what in this shop, or tried to: the audit log."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from goodwill.cli import out
from goodwill.cli.ends import Code
from goodwill.cli.named import who
from goodwill.cli.shell import STAFF, Shell, command, group

if TYPE_CHECKING:
    from goodwill.storage.audit import Line

audit = group("audit", "Who changed what, or looked behind the mask, and why.", panel=STAFF)


@command(audit, "list", lost="goodwill people find PERSON")
def list_(
    shell: Shell,
    person: Annotated[str | None, typer.Option(help="Only what was done about this person.")] = None,
    actor: Annotated[str, typer.Option(help="Only what they did, such as 'staff 3' or 'command line'.")] = "",
    action: Annotated[str, typer.Option(help="Only this, such as person.reveal.")] = "",
    count: Annotated[int, typer.Option(help="At most so many lines.", min=1)] = 50,
) -> None:
    """List the latest lines of the audit log, newest first.

    What was refused stands in it too.

    Example: goodwill audit list --action person.reveal
    """
    with shell.shop() as shop:
        about = None if person is None else who(shop, person)
        found, zone = shop.audit.latest(count, about=about, actor=actor, action=action), shop.settings.zone
    rows = (
        (line.position, out.when(line.at, zone), line.actor, line.action, _whom(line), line.reason or "–", line.outcome)
        for line in found
    )
    table = out.table(("line#", "when", "who", "what", "about", "why", "outcome"), rows)
    shell.answer({"lines": [_document(line) for line in found]}, table if found else "Nothing of that kind yet.")


@command(audit, "verify")
def verify(shell: Shell) -> int:
    """Read the whole log and compare it with every checkpoint outside.

    Ends with 1 if something is wrong with it. Without a checkpoint (goodwill consent checkpoint) only gaps show.
    """
    with shell.shop() as shop, shell.working("Looking over the audit log"):
        found = shop.audit.verify()
    document = {
        "lines": found.lines,
        "checkpoints": found.checkpoints,
        "whole": found.is_whole,
        "faults": list(found.faults),
    }
    said = (
        f"Whole: {out.number(found.lines, 'lines')}, {out.number(found.checkpoints, 'checkpoints')}."
        if found.is_whole
        else "\n".join(found.faults)
    )
    shell.answer(document, said)
    return int(Code.DONE if found.is_whole else Code.FAILED)


_OUT = typer.Option("--out", metavar="FILE", help="Write it here, for the owner's eyes only, instead of printing it.")


@command(audit, "export")
def export(shell: Shell, to: Annotated[Path | None, _OUT] = None) -> None:
    """Print the whole log, oldest line first, as one JSON document per line.

    Example: goodwill audit export --out audit.ndjson
    """
    with shell.shop() as shop:
        if to is None:
            for line in shop.audit.all():
                typer.echo(_written(line))
            return
        to.touch(mode=0o600)
        to.chmod(0o600)
        count = 0
        with to.open("w", encoding="utf-8") as file:
            for line in shop.audit.all():
                file.write(_written(line) + "\n")
                count += 1
    shell.answer({"file": str(to), "lines": count}, f"{to}: {out.number(count, 'lines')}")


def _whom(line: "Line") -> str:
    return "–" if line.person is None else f"id:{line.person}"


def _written(line: "Line") -> str:
    return json.dumps(_document(line), ensure_ascii=False)


def _document(line: "Line") -> dict[str, object]:
    from goodwill.basics.clock import iso

    return {
        "position": line.position,
        "at": iso(line.at),
        "actor": line.actor,
        "action": line.action,
        "person": line.person,
        "reason": line.reason,
        "outcome": line.outcome,
        "detail": dict(line.detail),
    }
