"""An invented shop, to try things out without anybody's data."""

from pathlib import Path
from typing import Annotated

import typer

from goodwill.cli import out
from goodwill.cli.shell import WHAT_COMES_IN, Shell, app, command


@command(app, "simulate", panel=WHAT_COMES_IN)
def simulate(
    shell: Shell,
    folder: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the files go; made if it is not there.")],
    people: Annotated[int, typer.Option(help="How many customers; at least 4.")] = 1000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same files.")] = 84,
    days: Annotated[int, typer.Option(help="How many days the café is open; at least 14. Not with --world.")] = 365,
    world: Annotated[
        bool, typer.Option("--world", help="A shop over 39 weeks in which what consent and programme cause is known.")
    ] = False,
) -> None:
    """Invent a bakery-café with customers, purchases and consents, as files to import.

    Example: goodwill simulate --people 500 --seed 7 --out cafe
    """
    if world:
        _world(shell, folder, people, seed)
    else:
        _cafe(shell, folder, people, seed, days)


def _cafe(shell: Shell, folder: Path, people: int, seed: int, days: int) -> None:
    import numpy as np

    from goodwill.simulate import cafe, files

    if any(
        (folder / f"{name}.csv").exists() for name in ("customers", "products", "consents", "orders", "order_lines")
    ):
        shell.make_sure(f"{folder} holds such files already. Write over them?")
    world = cafe.cafe(people, seed, days)
    written = files.write(folder, world)
    document = {
        "people": len(world.people),
        "products": len(world.products),
        "visits": int(np.unique(world.lines.order).size),
        "lines": len(world.lines),
        "consents": len(world.consents),
        "from": out.day(world.first),
        "to": out.day(world.last),
        "zone": str(world.zone),
        "currency": world.currency,
        "seed": seed,
        "rule": world.rule.says,
        "files": [str(file) for file in written],
    }
    rows = [(name, out.number(document[name])) for name in ("people", "products", "visits", "lines", "consents")]  # type: ignore[arg-type]
    facts = [
        ("from", f"{document['from']} to {document['to']} ({world.zone})"),
        ("money", world.currency),
        ("consents", world.rule.says),
    ]
    shell.answer(document, out.pairs([*rows, *facts]), "", *map(str, document["files"]))  # type: ignore[call-overload]
    shell.note(
        f"Next: goodwill init --currency {world.currency} --zone {world.zone}, then goodwill import {folder}/*.csv"
    )


def _world(shell: Shell, folder: Path, people: int, seed: int) -> None:
    """The world with known truth, and the truth."""
    from goodwill.basics.clock import date_of, day_number
    from goodwill.purposes import shipped
    from goodwill.simulate.world import Knobs, draw, effect_of_consent, effect_of_programme, files, live

    if any((folder / f"{name}.csv").exists() for name in ("customers", "consents", "orders")):
        shell.make_sure(f"{folder} holds such files already. Write over them?")
    crowd = draw(Knobs(people=people), seed)
    lived = live(crowd)
    written = [str(file) for file in files.write(folder, lived, shipped())]
    programme, consent = effect_of_programme(crowd), effect_of_consent(crowd)
    document = {
        "people": people,
        "orders": int(lived.orders.sum()),
        "consenting": int(lived.consent.sum()),
        "programme": int(lived.programme.sum()),
        "truth": {"programme": float(programme.spend.mean()), "consent": float(consent.spend.mean())},
        "currency": lived.knobs.currency,
        "seed": seed,
        "files": written,
    }
    rows = [(name, out.number(document[name])) for name in ("people", "orders", "consenting", "programme")]  # type: ignore[arg-type]
    unit = f"{lived.knobs.currency} a person in {lived.knobs.weeks_after} weeks"
    facts = [
        ("the programme's true effect", f"{programme.spend.mean():.2f} {unit}: for all, less for nobody"),
        ("consent's true effect", f"{consent.spend.mean():.2f} {unit}: all consent, less nobody does"),
    ]
    shell.answer(document, out.pairs([*rows, *facts]), "", *written)
    last = date_of(day_number(lived.knobs.start) + 7 * lived.knobs.weeks - 1)
    shell.note(
        f"Next: goodwill init --currency {lived.knobs.currency}, then goodwill import {folder}/*.csv, then "
        f"goodwill measure revenue --at {last}: it ends on that day"
    )
