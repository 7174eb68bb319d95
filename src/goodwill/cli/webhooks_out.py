"""Webhooks of ours: which other systems are told of what happens here, by ids alone."""

from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from goodwill.cli import out
from goodwill.cli.ends import Code
from goodwill.cli.shell import Shell, command, group
from goodwill.cli.webhooks import webhooks

if TYPE_CHECKING:
    from goodwill.reach.webhooks.store import Message, Target

outward = group("out", "Which other systems are told of what happens here, by ids alone.", of=webhooks)

_Target = Annotated[int, typer.Argument(metavar="TARGET", help="Its number, as list shows it.")]
_LIST = "goodwill webhooks out list"


@command(outward, "add")
def add(
    shell: Shell,
    url: Annotated[str, typer.Argument(metavar="URL", help="Where to: an address that begins with https://.")],
    topic: Annotated[list[str], typer.Option("--topic", help="Of what; may be given more than once.")],
) -> None:
    """Tell another system of some topics, and print the secret that its messages are signed with, this once.

    Topics: consent.changed, person.erased, decision.made, job.finished.

    Example: goodwill webhooks out add https://hooks.example/goodwill --topic consent.changed --topic person.erased
    """
    with shell.shop() as shop:
        made = shop.told.add(url, topic)
        shell.answer({**_document(made.target), "secret": made.secret}, made.secret)
        shell.note(f"Target {made.target.id}. Messages are signed as Standard Webhooks says; keep the secret now.")


@command(outward, "list")
def list_(shell: Shell) -> None:
    """List who is told of what."""
    with shell.shop() as shop:
        found, zone = shop.told.targets(), shop.settings.zone
        rows = [
            (one.id, one.url, ", ".join(one.topics), f"closed {out.when(one.closed_at, zone)}" if one.closed_at else "")
            for one in found
        ]
        table = out.table(("#", "address", "topics", "state"), rows)
        nothing = "Nobody is told of anything. Begin with: goodwill webhooks out add --help"
        shell.answer({"targets": [_document(one) for one in found]}, table if found else nothing)


@command(outward, "rotate", lost=_LIST)
def rotate(shell: Shell, target: _Target) -> None:
    """Make a new secret, and print it this once; for a day the old one signs too."""
    with shell.shop() as shop:
        made = shop.told.rotate(target)
        shell.answer({**_document(made.target), "secret": made.secret}, made.secret)
        shell.note("For 24 hours both secrets sign; change over at the receiver meanwhile.")


@command(outward, "remove", lost=_LIST)
def remove(shell: Shell, target: _Target) -> None:
    """Tell a system nothing any more; what waits for it goes nowhere."""
    shell.make_sure(f"Tell target {target} nothing any more?")
    with shell.shop() as shop:
        closed = shop.told.close(target)
        shell.answer(_document(closed), f"{closed.url} is told nothing any more.")


@command(outward, "deliveries", lost=_LIST)
def deliveries(
    shell: Shell,
    target: Annotated[int | None, typer.Argument(metavar="TARGET", help="Of one target alone.")] = None,
    most: Annotated[int, typer.Option("--most", min=1, max=10_000, help="How many, the latest first.")] = 50,
) -> None:
    """List the latest messages and what became of each."""
    with shell.shop() as shop:
        found = shop.told.messages(target, limit=most)
        rows = [_line(one, shop.settings.zone) for one in found]
        table = out.table(("message", "to", "topic", "at", "state", "tries", "because"), rows)
        shell.answer({"messages": [_message(one) for one in found]}, table if found else "Nothing was told lately.")


@command(outward, "send-test", lost=_LIST)
def send_test(shell: Shell, target: _Target) -> int:
    """Send a message that tells of nothing, now, and say what the other side answered."""
    with shell.shop() as shop, shell.working("Calling"):
        sent = shop.told.send_test(target)
        shell.answer(_message(sent), f"{sent.state}{f': {sent.reason}' if sent.reason else ''}")
        return int(Code.DONE if sent.state == "sent" else Code.FAILED)


def _line(one: "Message", zone: ZoneInfo) -> tuple[object, ...]:
    from goodwill.basics.ids import opaque

    return (
        f"msg_{opaque(one.id)}", one.target, one.topic, out.when(one.at, zone), one.state, one.tries, one.reason or "",
    )  # fmt: skip


def _message(one: "Message") -> dict[str, Any]:
    import json

    from goodwill.basics.clock import iso
    from goodwill.basics.ids import opaque

    return {
        "id": f"msg_{opaque(one.id)}",
        "target": one.target,
        "topic": one.topic,
        "at": iso(one.at),
        "state": one.state,
        "tries": one.tries,
        "reason": one.reason or "",
        "body": json.loads(one.body),
    }


def _document(one: "Target") -> dict[str, Any]:
    from goodwill.basics.clock import iso

    closed = None if one.closed_at is None else iso(one.closed_at)
    return {
        "id": one.id,
        "url": one.url,
        "topics": list(one.topics),
        "created_at": iso(one.created_at),
        "closed_at": closed,
    }
