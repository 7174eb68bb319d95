"""The command line: what a shopkeeper can type. Holds no logic of its own; asks the same `Shop` as the other faces.

Only Typer and Rich are loaded with this room. Each command imports what it needs inside its own function, so that
``goodwill --help`` answers at once.
"""

import io
import os
import sys
from collections.abc import Sequence

import typer
from typer.main import get_command

from goodwill.cli import (
    audit,
    consents,
    costs,
    doctor,
    erasing,
    explaining,
    house,
    identity,
    imports,
    intake,
    invented,
    keys,
    mail,
    measuring,
    notices,
    offers,
    people,
    planning,
    proofs,
    protect,
    report,
    requests,
    retention,
    running,
    segments,
    staff,
    suggest,
    webhooks,
    webhooks_out,
)
from goodwill.cli.ends import Code, end_of, show_trace
from goodwill.cli.shell import Shell, app

__all__ = ["ROOMS", "main"]

# Each adds its commands when it is imported.
ROOMS = (
    running,
    staff,
    mail,
    requests,
    house,
    doctor,
    imports,
    costs,
    intake,
    webhooks,
    webhooks_out,
    invented,
    people,
    planning,
    erasing,
    identity,
    retention,
    audit,
    consents,
    notices,
    offers,
    proofs,
    suggest,
    segments,
    measuring,
    report,
    explaining,
    keys,
    protect,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    _print_anything()
    try:
        code = get_command(app).main(words, prog_name="goodwill", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read us has had enough; Python would complain once more on exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return int(Code.FAILED)
    except (typer.TyperException, typer.Abort) as error:
        show_trace(error)
        context = getattr(error, "ctx", None)
        command = context.command_path if context is not None else "goodwill"
        return Shell(json="--json" in words).fail(end_of(error, command=command))
    return int(code or Code.DONE)


def _print_anything() -> None:
    """A name that this terminal has no letters for is shown with marks in their place; it must not end the command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
