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
    days: Annotated[int, typer.Option(help="How many days of purchases; at least 14.")] = 365,
) -> None:
    """Invent a bakery-café with customers, purchases and consents, as files to import.

    Example: goodwill simulate --people 500 --seed 7 --out cafe
    """
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
