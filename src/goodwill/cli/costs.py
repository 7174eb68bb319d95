"""Costs: what the shop spends, taken back where it was wrong, and the rates by which currencies may be added."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import RenderableType

from goodwill.basics.words import money
from goodwill.cli import out
from goodwill.cli.shell import WHAT_COMES_IN, Shell, command, group

if TYPE_CHECKING:
    from goodwill.costs import Entry, Rate, Total

cost = group("cost", "What the shop spends, and rates between currencies.", panel=WHAT_COMES_IN)
rate = group("rate", "What one of a currency is worth in another, by day.", of=cost)

_LIST = "goodwill cost list"
_DAY = typer.Option(metavar="DAY", help="Such as 2026-01-31; today unless given.")


@command(cost, "add", lost=_LIST)
def add(
    shell: Shell,
    kind: Annotated[str, typer.Option(help="media, tools, labour, discount, incentive, licence or other.")],
    amount: Annotated[str, typer.Option(metavar="AMOUNT", help="Such as 120.00.")],
    *,
    currency: Annotated[str, typer.Option(help="The shop's own unless given.")] = "",
    day: Annotated[str, _DAY] = "",
    channel: Annotated[str, typer.Option(help="Through what, such as search or social.")] = "",
    programme: Annotated[str, typer.Option(help="For which initiative; then it counts in its return.")] = "",
    note: Annotated[str, typer.Option(help="A word about it; it names nobody.")] = "",
) -> None:
    """Write a cost down, which is never changed: what is wrong is taken back, and written again.

    Example: goodwill cost add --kind media --amount 120.00 --channel search --day 2026-01-31
    """
    with shell.shop() as shop:
        found = shop.costs.add(
            kind, amount, currency=currency, day=day, channel=channel, programme=programme, note=note
        )
        shell.answer(
            _document(found), f"Cost {found.id} is written down: {_says(found)}.", watermark=shop.settings.watermark
        )
        if found.cost.currency != shop.settings.currency:
            into = shop.settings.currency
            shell.note(f"It is added to {into} by a dated rate: goodwill cost rate add {found.cost.currency} RATE")


@command(cost, "list")
def list_(
    shell: Shell,
    *,
    since: Annotated[str, typer.Option("--from", metavar="DAY", help="First day.")] = "",
    until: Annotated[str, typer.Option("--until", metavar="DAY", help="Last day.")] = "",
    undone: Annotated[bool, typer.Option("--undone", help="Also what was taken back.")] = False,
) -> None:
    """List costs, and what they come to in the shop's currency, with every rate that was used."""
    from goodwill.shop.costs import day_of_text

    with shell.shop() as shop:
        first, last = (day_of_text(text) if text else None for text in (since, until))
        found = shop.costs.entries(since=first, until=last, undone=undone)
        total = shop.costs.total(since=first, until=last)
        document = {"costs": [_document(one) for one in found], "total": total_document(total)}
        lines = tuple(_told(found, total)) if found else ("No cost was written down yet.",)
        shell.answer(document, *lines, watermark=shop.settings.watermark)


@command(cost, "undo", lost=_LIST)
def undo(
    shell: Shell,
    number: Annotated[int, typer.Argument(metavar="ID", help="Its number in `goodwill cost list`.")],
    reason: Annotated[str, typer.Option(help="Why; it stands in the audit log.")] = "",
) -> None:
    """Take a cost back: it counts no more, and the ledger keeps both rows."""
    with shell.shop() as shop:
        found = shop.costs.undo(number, reason)
        shell.answer(
            {**_document(found), "undone": True}, f"Cost {number} counts no more: {_says(found)}.",
            watermark=shop.settings.watermark,
        )  # fmt: skip


@command(rate, "add", lost="goodwill cost rate list")
def add_rate(
    shell: Shell,
    currency: Annotated[str, typer.Argument(metavar="CURRENCY", help="Of one of this, such as USD …")],
    value: Annotated[str, typer.Argument(metavar="RATE", help="… so much of the shop's currency, such as 0.9143.")],
    *,
    source: Annotated[str, typer.Option(help="Where it is from, such as ECB.")],
    day: Annotated[str, _DAY] = "",
    into: Annotated[str, typer.Option(help="Another currency than the shop's own.")] = "",
) -> None:
    """Write a rate down; costs are converted by the last one on or before their own day.

    Example: goodwill cost rate add USD 0.9143 --day 2026-01-30 --source ECB
    """
    with shell.shop() as shop:
        made = shop.costs.add_rate(currency, value, source=source, day=day, into=into)
        shell.answer(_rate(made), f"Written down: {made}.", watermark=shop.settings.watermark)


@command(rate, "list")
def list_rates(shell: Shell) -> None:
    """List all rates; of two of one pair and day the later counts."""
    with shell.shop() as shop:
        found = [_rate(one) for one in shop.costs.rates()]
        rows = [(one["day"], f"1 {one['currency']}", f"{one['rate']} {one['into']}", one["source"]) for one in found]
        table = out.table(("day", "of", "is", "source"), rows)
        shell.answer({"rates": found}, table if found else "No rate was written down yet.")


# ---- saying ----------------------------------------------------------------------------------------------------------


def total_document(total: "Total") -> dict[str, Any]:
    """A total for programs; the amount is null where a rate is missing, and `refused` says which."""
    return {
        "amount": total.money and total.money.minor,
        "currency": total.money and total.money.currency,
        "costs": total.rows,
        "by_currency": {one.currency: one.minor for one in total.by_currency},
        "converted": [
            {"amount": one.amount.minor, **_rate(one.rate), "into_amount": one.into.minor} for one in total.converted
        ],
        "warnings": list(total.warnings),
        "refused": total.refused,
    }


def _told(found: "list[Entry]", total: "Total") -> Iterator[RenderableType]:
    rows = [
        (
            one.id, out.day(one.cost.day), one.cost.kind.value, one.cost.channel, one.cost.programme,
            out.money(one.cost.amount, one.cost.currency), _state(one),
        )
        for one in found
    ]  # fmt: skip
    yield out.table(("id#", "day", "kind", "channel", "programme", "amount#", ""), rows)
    yield ""
    yield from (f"Converted: {one}" for one in total.converted)
    yield f"Together: {money(total.money)}" if total.money is not None else f"No total: {total.refused}"
    yield from total.warnings


def _state(one: "Entry") -> str:
    if one.undone_at is not None:
        return "taken back"
    return f"import {one.import_id}" if one.import_id is not None else one.cost.note


def _says(one: "Entry") -> str:
    of = "".join(f", {word}" for word in (one.cost.channel, one.cost.programme) if word)
    return f"{money(one.cost.money)} for {one.cost.kind.value}{of}, {out.day(one.cost.day)}"


def _document(one: "Entry") -> dict[str, Any]:
    cost = one.cost
    return {
        "id": one.id, "day": out.day(cost.day), "kind": cost.kind.value, "channel": cost.channel,
        "programme": cost.programme, "amount": cost.amount, "currency": cost.currency, "note": cost.note,
        "import": one.import_id, "undone": one.undone_at is not None,
    }  # fmt: skip


def _rate(one: "Rate") -> dict[str, Any]:
    return {"day": out.day(one.day), "currency": one.currency, "into": one.into, "rate": one.rate, "source": one.source}
