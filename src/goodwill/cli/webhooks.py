"""Webhooks: what the shop's other systems send by themselves."""

from collections.abc import Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from goodwill.cli import out
from goodwill.cli.shell import WHAT_COMES_IN, Shell, command, group, switch
from goodwill.cli.staff import signed_in, unseen

if TYPE_CHECKING:
    from goodwill.shop.webhooks import Listed, ShownDelivery

webhooks = group("webhooks", "What your other systems send by themselves.", panel=WHAT_COMES_IN)

_System = Annotated[str, typer.Argument(metavar="SYSTEM", help="shopify, woocommerce, square or stripe.")]
_Name = Annotated[str, typer.Argument(metavar="NAME", help="What the source is called here; it stands in its address.")]
_LIST = "goodwill webhooks list"


@command(webhooks, "add")
def add(
    shell: Shell,
    system: _System,
    name: _Name,
    secret: Annotated[
        str | None,
        typer.Option(
            "--secret", envvar="GOODWILL_WEBHOOK_SECRET", show_envvar=False,
            help="With what the sender signs. Better left out here, where others can read along: it is asked for, or "
            "read from GOODWILL_WEBHOOK_SECRET or the first line of stdin.",
        ),
    ] = None,
) -> None:  # fmt: skip
    """Make a source, and print the address that you enter at the sender.

    Example: goodwill webhooks add shopify main

    Example: goodwill webhooks add stripe main < stripe-secret.txt
    """
    with shell.shop() as shop:
        made = shop.webhooks.add(system, name, unseen(shell, "Signing secret") if secret is None else secret)
        shell.answer(_document(made), made.url)
        shell.note("Enter this address at the sender, for JSON. See docs/webhooks.md for the topics to choose.")
        if not shop.settings.base_url:
            shell.note("It is this machine's own: set base_url in goodwill.toml to where the shop is reached.")


@command(webhooks, "list")
def list_(shell: Shell) -> None:
    """List all sources, and say which of them somebody should look at."""
    with shell.shop() as shop:
        found, zone = shop.webhooks.sources(), shop.settings.zone
        rows = [_line(one, zone) for one in found]
        table = out.table(("system", "name", "state", "last delivery", "address", "look"), rows)
        nothing = "No source yet. Make one with: goodwill webhooks add shopify main"
        shell.answer({"sources": [_document(one) for one in found]}, table if found else nothing)


@command(webhooks, "revoke", lost=_LIST)
def revoke(shell: Shell, system: _System, name: _Name) -> None:
    """Close a source at once and for good; what it said is dropped, what came of it stays."""
    shell.make_sure(f"Close the source '{name}' of {system}? What it sends is refused from then on.")
    with shell.shop() as shop:
        closed = shop.webhooks.revoke(system, name)
        shell.answer(_document(closed), f"Closed '{name}' of {system}. Take the address out at the sender, too.")


@command(webhooks, "deliveries", lost=_LIST)
def deliveries(
    shell: Shell,
    system: Annotated[str | None, typer.Argument(metavar="SYSTEM", help="Of one source alone.")] = None,
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Of one source alone.")] = None,
    failed: Annotated[bool, switch("--failed", help="Only what did not get through.")] = False,
    most: Annotated[int, typer.Option("--most", min=1, max=10_000, help="How many, the latest first.")] = 50,
) -> None:
    """List what came lately and what became of it; never whose it was, nor what it said."""
    with shell.shop() as shop:
        found = shop.webhooks.shown(system, name, failed=failed, limit=most)
        documents = [_delivered(one) for one in found]
        rows = [
            (
                one["id"],
                one["source"],
                one["topic"],
                out.when(each.at, shop.settings.zone),
                one["state"],
                one["because"],
            )
            for one, each in zip(documents, found, strict=True)
        ]
        table = out.table(("#", "source", "topic", "came", "state", "because"), rows)
        shell.answer({"deliveries": documents}, table if found else "Nothing of this kind came.")


@command(webhooks, "replay", lost="goodwill webhooks deliveries")
def replay(
    shell: Shell,
    delivery: Annotated[list[int], typer.Argument(metavar="DELIVERY...", help="Numbers, as deliveries shows them.")],
) -> None:
    """Work on deliveries once more; nothing counts twice by it.

    Example: goodwill webhooks replay 17 18
    """
    with shell.shop() as shop:
        for number in delivery:
            shop.webhooks.replay(number)
        shop.webhooks.work()
        latest = {one.id: one for one in shop.webhooks.shown(limit=10_000)}
        documents = [_delivered(latest[number]) for number in delivery]
        rows = [(one["id"], one["topic"], one["state"], one["because"]) for one in documents]
        shell.answer({"deliveries": documents}, out.table(("#", "topic", "state", "because"), rows))


@command(webhooks, "redact", lost=_LIST)
def redact(
    shell: Shell,
    system: _System,
    name: _Name,
    approval: Annotated[
        str, typer.Option("--approval", metavar="ID", help="Of somebody else, for several people.")
    ] = "",
    as_: Annotated[
        str | None, typer.Option("--as", metavar="ADDRESS", help="Your own account, which asked for that approval.")
    ] = None,
) -> None:
    """Erase everybody who came by a source alone, where its sender asks for that (Shopify's shop/redact).

    Several people at once need the approval of somebody else: goodwill approvals ask erase --help. Whom it concerns is
    printed first.
    """
    with shell.shop() as shop:
        persons = shop.webhooks.to_redact(system, name)
        named = ", ".join(f"id:{person}" for person in persons)
        shell.note(f"{out.number(len(persons), 'people')}: {named}")
        shell.make_sure(f"Erase all that is held about {out.number(len(persons), 'people')}? There is no way back.")
        with signed_in(shell, shop, as_) if as_ else nullcontext(shop) as acting, shell.working("Erasing"):
            many = acting.webhooks.redact(system, name, approval=approval)
        shell.answer({"erased": many, "people": [int(one) for one in persons]}, f"Erased {out.number(many, 'people')}.")


def _line(one: "Listed", zone: ZoneInfo) -> Sequence[object]:
    source = one.source
    return (
        source.system, source.name, source.state, out.when(source.last_at, zone) if source.last_at else "–", one.url,
        "\n".join(one.alarms) or "well",
    )  # fmt: skip


def _document(one: "Listed") -> dict[str, Any]:
    from goodwill.basics.clock import iso

    def at(moment: int | None) -> str | None:
        return None if moment is None else iso(moment)

    source = one.source
    return {
        "system": source.system,
        "name": source.name,
        "state": source.state,
        "url": one.url,
        "created_at": at(source.created_at),
        "closed_at": at(source.closed_at),
        "last_at": at(source.last_at),
        "alarms": list(one.alarms),
    }


def _delivered(one: "ShownDelivery") -> dict[str, Any]:
    from goodwill.basics.clock import iso

    return {
        "id": one.id,
        "source": f"{one.system} {one.name}",
        "topic": one.topic,
        "at": iso(one.at),
        "state": one.state,
        "rule": one.rule,
        "because": one.because,
        "tries": one.tries,
        "kept": one.is_kept,
    }
