"""Run a shop: the demo, and the server."""

import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Annotated

import typer

from goodwill.cli import out
from goodwill.cli.ends import Code
from goodwill.cli.shell import SET_UP, Shell, app, command, switch
from goodwill.cli.suggest import UNLEARNED, learned_from

if TYPE_CHECKING:
    from goodwill.shop import Shop
    from goodwill.simulate.demo import Chapter

Host = Annotated[
    str, typer.Option(metavar="ADDRESS", help="The address to listen at; 0.0.0.0 for every one of this machine.")
]
Port = Annotated[int | None, typer.Option(help="The port; else the setting 'port', which is 8400 unless changed.")]
Workers = Annotated[
    int,
    typer.Option(
        min=1,
        max=64,
        metavar="N",
        help="With 2 or more, so many further processes choose for people; one process does all else.",
    ),
]
_NO_SERVE = switch("--no-serve", help="End after printing instead of serving the shop.")
_FRESH = switch("--fresh", help="Take an earlier demo shop away first.")
_ONCE = switch("--once", help="Do each job once, now, and end.")
_FULL = switch("--full", help="All 2,469 households instead of the 801 who told their demographics.")


@command(app, "demo", panel=SET_UP)
def demo(
    shell: Shell,
    no_serve: Annotated[bool, _NO_SERVE] = False,
    fresh: Annotated[bool, _FRESH] = False,
    full: Annotated[bool, _FULL] = False,
    host: Host = "127.0.0.1",
    port: Port = None,
) -> int:
    """Build a demo shop from real grocery purchases, do the main job before your eyes, and serve it.

    Example: goodwill demo --no-serve --json
    """
    from goodwill.simulate import demo as story

    home = _demo_home(shell.home)
    if fresh and story.clear(home):
        shell.note(f"Took the earlier demo shop in {home} away.")
    with _demo_shop(home) as shop:
        with shell.working("Importing a year of purchases, learning, deciding, forgetting"):
            told = story.tell(shop, full=full, listen=_teller(shell))
        shell.answer(told.document)
        shell.note(f"The demo shop is in {home}. Ask it, for example:")
        shell.note(f"goodwill people show {told.decisions[0].user_id} --home {home}")
        if not no_serve:
            _serve(shell, shop, host, port)
    return int(Code.DONE if told.forgetting.equal else Code.FAILED)


def _teller(shell: Shell) -> "Callable[[Chapter], None]":
    """Prints each chapter as soon as it is done; with ``--json`` the whole is printed at the end."""
    from goodwill.simulate.story import tell

    def listen(chapter: "Chapter") -> None:
        if not shell.json:
            out.console(sys.stdout).print(tell(chapter))
            sys.stdout.flush()

    return listen


def _demo_home(home: Path | None) -> Path:
    """The folder named, else one beside the platform's shop, so that the two never mix."""
    from goodwill.app import home_of

    return home_of(home) if home is not None else home_of() / "demo"


def _demo_shop(home: Path) -> "Shop":
    from goodwill.app import DEMO, SETTINGS_FILE, create_shop, open_shop

    return open_shop(home) if (home / SETTINGS_FILE).exists() else create_shop(home, **DEMO)


@command(app, "serve", panel=SET_UP)
def serve(shell: Shell, host: Host = "127.0.0.1", port: Port = None, workers: Workers = 1) -> None:
    """Serve the shop over HTTP until Ctrl-C; what was begun is finished first.

    Example: goodwill serve --port 8500
    """
    with shell.shop() as shop:
        _serve(shell, shop, host, port, workers)


@command(app, "worker", panel=SET_UP)
def worker(shell: Shell, once: Annotated[bool, _ONCE] = False) -> int:
    """Do the shop's jobs (send letters, settle, learn …) until Ctrl-C, without serving HTTP; `serve` does them too.

    Example: goodwill worker
    """
    from goodwill.app import jobs, working

    failures: list[str] = []

    def failed(job: str, error: Exception) -> None:
        failures.append(job)
        shell.note(f"The job '{job}' failed and will be tried again: {error}")

    with shell.shop() as shop:
        if once:
            for job in jobs(shop):
                try:
                    job.do()
                except Exception as error:  # noqa: BLE001 - as in `working`: one failed job must not end the others
                    failed(job.name, error)
            document = {"done": [job.name for job in jobs(shop) if job.name not in failures], "failed": failures}
            shell.answer(document, f"{len(document['done'])} jobs done, {len(failures)} failed.")
            return int(Code.FAILED if failures else Code.DONE)
        shell.note("Working. Stop with Ctrl-C.")
        with working(shop, told=failed), suppress(KeyboardInterrupt):
            Event().wait()
    return int(Code.DONE)


def _serve(shell: Shell, shop: "Shop", host: str, port: int | None, workers: int = 1) -> None:
    from goodwill.app import working
    from goodwill.web.serve import serve as serve_shop

    def failed(job: str, error: Exception) -> None:
        shell.note(f"The job '{job}' failed and will be tried again: {error}")

    def listening(address: str) -> None:
        mark = f" [{shop.settings.watermark}]" if shop.settings.watermark else ""
        shell.note(f"{shop.settings.name}{mark} at {address} – API: {address}/api/docs. Stop with Ctrl-C.")

    where = port if port is not None else shop.settings.port
    if learned_from(shop) is None:
        shell.note(UNLEARNED)
    with shell.working("Fetching what was learned"):
        shop.warm()
    home = str(shop.folder.absolute())
    chooser = [sys.executable, "-m", "goodwill.cli.chooser", home, host, str(where)]
    aside = [sys.executable, "-m", "goodwill.cli.aside"]
    with working(shop, told=failed):
        choosers = [chooser] * workers if workers > 1 else []
        serve_shop(shop, host, where, when_listening=listening, choosers=choosers, aside=aside)
