"""What every command shares: the shop's home, how to print, whether to ask; and the decorator that gives it to each."""

import inspect
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import RenderableType
from typer.core import TyperCommand, TyperGroup

from goodwill.cli import out
from goodwill.cli.ends import AnswerNeeded, End, end_of, show_trace

if TYPE_CHECKING:
    from goodwill.shop import Shop

SET_UP, WHAT_COMES_IN, PEOPLE, SUGGESTIONS, OUTSIDE = "Set up", "What comes in", "People", "Suggestions", "For programs"
STAFF = "Who works here"
_ORDER = (
    "demo",
    "init",
    "serve",
    "worker",
    "mail",
    "doctor",
    "config",
    "version",
    "import",
    "cost",
    "intake",
    "webhooks",
    "simulate",
    "requests",
    "people",
    "retention",
    "consent",
    "can",
    "purposes",
    "recommend",
    "explain",
    "learn",
    "forget",
    "segment",
    "slot",
    "offer",
    "experiment",
    "govern",
    "measure",
    "report",
    "staff",
    "approvals",
    "audit",
    "keys",
    "protect",
)
_EXIT_CODES = (
    "Exit codes: 0 done, 1 failed, 2 usage, 3 refused, 4 not found, 5 busy or in conflict, 6 some rows rejected."
)


@dataclass(frozen=True, slots=True)
class Shell:
    """How one command was asked to behave."""

    home: Path | None = None
    json: bool = False
    no_input: bool = False
    yes: bool = False
    quiet: bool = False

    def with_more(self, *, home: Path | None, json: bool, no_input: bool, yes: bool, quiet: bool) -> "Shell":
        """These wishes and those typed after the command; neither takes back the other."""
        return Shell(
            home if home is not None else self.home,
            self.json or json,
            self.no_input or no_input,
            self.yes or yes,
            self.quiet or quiet,
        )

    @contextmanager
    def shop(self) -> Iterator["Shop"]:
        """The shop of this home, open as long as the command runs."""
        from goodwill.app import open_shop
        from goodwill.shop import Actor

        shop = open_shop(self.home).acting(Actor("command line"))
        try:
            yield shop
        finally:
            shop.close()

    # ---- printing ------------------------------------------------------------------------------------------------

    def answer(self, document: object, *lines: RenderableType, watermark: str = "") -> None:
        """The result: the document with ``--json``, else the lines; the shop's watermark stands on both."""
        if self.json:
            out.write_json(
                {**document, "watermark": watermark} if watermark and isinstance(document, dict) else document
            )
            return
        paper = out.console(sys.stdout)
        with paper.capture() as printed:
            if watermark:
                paper.print(f"[{out.plain(watermark)}]", style="bold yellow")
            for line in lines:
                paper.print(out.plain(line) if isinstance(line, str) else line)
        sys.stdout.writelines(f"{line.rstrip()}\n" for line in printed.get().splitlines())
        sys.stdout.flush()

    def note(self, text: str) -> None:
        """Something worth knowing that is not the result."""
        if not self.quiet:
            out.console(sys.stderr).print(out.plain(text), style="dim")

    def fail(self, end: End) -> int:
        """Say how the command went wrong, and give its exit code."""
        paper = out.console(sys.stderr)
        paper.print(out.plain(end.sentence), style="red")
        if end.help:
            paper.print(f"Try: {out.plain(end.help)}")
        if self.json:
            out.write_json(end.document())
        return int(end.code)

    @contextmanager
    def progress(self, label: str, *, unit: str = "rows") -> Iterator[out.Reached]:
        """A bar while something takes its time."""
        with out.progress(sys.stderr, label, unit=unit, shown=not self.quiet) as reached:
            yield reached

    @contextmanager
    def working(self, on: str) -> Iterator[None]:
        """A sign of life while something takes its time and cannot say how far it is."""
        with out.working(sys.stderr, on, shown=not self.quiet):
            yield

    # ---- asking --------------------------------------------------------------------------------------------------

    @property
    def may_ask(self) -> bool:
        """Whether somebody is there to answer."""
        return not (self.no_input or self.yes) and sys.stdin.isatty()

    def make_sure(self, question: str) -> None:
        """Ask before something that cannot be taken back.

        Raises:
            AnswerNeeded: nobody may be asked.
            typer.Abort: the answer was no.
        """
        if self.yes:
            return
        if not self.may_ask:
            raise AnswerNeeded(f"{question} Nobody can be asked here; add --yes if you are sure.")
        if not typer.confirm(question, err=True):
            raise typer.Abort


def switch(*names: str, help: str) -> Any:  # noqa: A002 - Typer's own word
    """An option that is given or not."""
    return typer.Option(*names, help=help, show_default=False)


# ---- options that every command has --------------------------------------------------------------------------------


def _everywhere(*names: str, **more: Any) -> Any:
    return typer.Option(*names, rich_help_panel="Everywhere", show_default=False, **more)


_SHARED: Mapping[str, Any] = {
    "home": Annotated[
        Path | None,
        _everywhere(
            "--home", metavar="FOLDER", help="The shop's folder; else GOODWILL_HOME, else your user's folder for data."
        ),
    ],
    "json": Annotated[bool, _everywhere("--json", help="Print exactly one JSON document on stdout.")],
    "no_input": Annotated[bool, _everywhere("--no-input", help="Never ask; fail where an answer is needed.")],
    "yes": Annotated[bool, _everywhere("--yes", "-y", help="Answer every question with yes.")],
    "quiet": Annotated[bool, _everywhere("--quiet", "-q", help="No progress and no notes on stderr.")],
}


def _shell_of(context: typer.Context, given: dict[str, Any]) -> Shell:
    """The wishes typed before the command together with those after it, taken out of ``given``."""
    before = context.obj if isinstance(context.obj, Shell) else Shell()
    return before.with_more(**{name: given.pop(name) for name in _SHARED})


def _take_signature(run: Callable[..., Any], own: Sequence[inspect.Parameter]) -> None:
    """Let ``run`` ask for these parameters, and for the options that every command has."""
    named = inspect.Parameter.KEYWORD_ONLY
    context = inspect.Parameter("context", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
    shared = [
        inspect.Parameter(name, named, annotation=kind, default=None if name == "home" else False)
        for name, kind in _SHARED.items()
    ]
    asked = (parameter.replace(kind=named) for parameter in own)
    vars(run)["__signature__"] = inspect.Signature([context, *asked, *shared])


# ---- commands and groups -------------------------------------------------------------------------------------------


_VALUES = {str: "TEXT", list[str]: "TEXT", int: "N", Path: "FILE"}


def _named(params: list[Any]) -> list[Any]:
    """Options with the kind of value that they take, as a shopkeeper calls it; a switch takes none."""
    for one in params:
        if one.param_type_name == "argument":
            one.display_type_rich = _no_type  # its name says what it is
        elif one.metavar is None:
            one.metavar = "" if one.is_flag else _VALUES.get(one.type_descriptor.annotation)
    return params


def _no_type(ctx: Any) -> None:  # noqa: ARG001 - Typer asks so
    return None


class _Command(TyperCommand):
    """A command whose help speaks of texts and numbers."""

    def get_params(self, ctx: Any) -> list[Any]:
        return _named(super().get_params(ctx))


class Group(TyperGroup):
    """A noun whose help speaks of texts and numbers."""

    def get_params(self, ctx: Any) -> list[Any]:
        return _named(super().get_params(ctx))


class _InOrder(Group):
    """Lists commands in the order in which a shop meets them."""

    def list_commands(self, ctx: Any) -> list[str]:
        return sorted(super().list_commands(ctx), key=_ORDER.index)


def command(
    group: typer.Typer, name: str, *, panel: str | None = None, lost: str = "", hidden: bool = False
) -> Callable[[Callable[..., int | None]], Callable[..., int | None]]:
    """Make a function a command: its first argument is the shell, the rest is what it asks for, its docstring the help.

    Args:
        lost: the command that helps when something was not found.
    """

    def made(do: Callable[..., int | None]) -> Callable[..., int | None]:
        def run(context: typer.Context, **given: Any) -> int | None:
            shell = _shell_of(context, given)
            try:
                return do(shell, **given)
            except (typer.Exit, typer.TyperException, BrokenPipeError):
                raise
            except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - here every error becomes a sentence
                show_trace(error)
                return shell.fail(end_of(error, command=context.command_path, lost=lost))

        _take_signature(run, list(inspect.signature(do, eval_str=True).parameters.values())[1:])
        about = inspect.cleandoc(do.__doc__ or "")
        group.command(name, cls=_Command, rich_help_panel=panel, hidden=hidden, help=about)(run)
        return do

    return made


def group(
    name: str,
    about: str,
    *,
    panel: str | None = None,
    cls: type[TyperGroup] | None = None,
    of: typer.Typer | None = None,
) -> typer.Typer:
    """A noun with its verbs.

    Args:
        of: the noun that it belongs to; a noun of its own unless given.
    """
    made = _typer(about, cls)
    _listen(made)
    (of or app).add_typer(made, name=name, rich_help_panel=panel)
    return made


def _typer(about: str, cls: type[TyperGroup] | None, epilog: str | None = None) -> typer.Typer:
    return typer.Typer(
        help=about, cls=cls or Group, epilog=epilog, rich_markup_mode="rich", pretty_exceptions_enable=False
    )


def _listen(group: typer.Typer, own: Sequence[inspect.Parameter] = ()) -> None:
    """Take the shared options before a command too; show the help where none is given."""

    def run(context: typer.Context, **given: Any) -> None:
        context.obj = _shell_of(context, given)
        if context.invoked_subcommand is None:
            typer.echo(context.get_help())

    _take_signature(run, own)
    group.callback(invoke_without_command=True)(run)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"goodwill {version('goodwill')}")
        raise typer.Exit


app = _typer(
    "Personalise only with what each customer allowed, say why, forget exactly, prove the worth.",
    _InOrder,
    f"A first look: goodwill demo\n\n{_EXIT_CODES}",
)
_VERSION = typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
_listen(
    app,
    [inspect.Parameter("version", inspect.Parameter.KEYWORD_ONLY, annotation=Annotated[bool, _VERSION], default=False)],
)
