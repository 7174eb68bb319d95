"""The letters that wait: how many, why some are stuck, and sending them now."""

from typing import Annotated

import typer

from goodwill.basics.clock import iso
from goodwill.cli import out
from goodwill.cli.ends import Code
from goodwill.cli.shell import SET_UP, Shell, command, group

mail = group("mail", "Letters to people: what waits, what failed, send now.", panel=SET_UP)

Many = Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many failures to show.")]


@command(mail, "show")
def show(shell: Shell, limit: Many = 20) -> None:
    """Count the letters in the outbox and tell of those that could not be delivered; never to whom they go."""
    with shell.shop() as shop:
        counts, failed, zone = shop.post.counts(), shop.post.failures(limit), shop.settings.zone
        document = {
            "counts": counts,
            "failed": [
                {
                    "letter": row.name,
                    "state": row.state,
                    "at": iso(row.at),
                    "tries": row.tries,
                    "reason": row.reason,
                }
                for row in failed
            ],
        }
        rows = ((row.name, row.state, out.when(row.at, zone), row.tries, row.reason) for row in failed)
        told = ", ".join(f"{many} {state}" for state, many in counts.items()) or "The outbox is empty."
        table = (out.table(("letter", "state", "since", "tries", "because"), rows),) if failed else ()
        shell.answer(document, told, *table, watermark=shop.settings.watermark)


@command(mail, "send")
def send(shell: Shell) -> int:
    """Send now what waits; `serve` and `worker` do it every few seconds.

    Example: goodwill mail send
    """
    with shell.shop() as shop, shell.working("Sending"):
        done = shop.post.deliver()
    document = {
        "sent": done.sent, "later": done.later, "unknown": done.unknown, "given_up": done.given_up,
        "reason": done.reason,
    }  # fmt: skip
    told = f"{done.sent} sent, {done.later} to be tried again, {done.unknown} unknown, {done.given_up} given up."
    shell.answer(document, told, *([f"Not sent: {done.reason}."] if done.reason else []))
    return int(Code.FAILED if done.reason else Code.DONE)
