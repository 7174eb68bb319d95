"""Customers' requests as staff work on them: what is due first, what it waits for, and the answer."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from goodwill.basics.clock import iso
from goodwill.cli import out
from goodwill.cli.named import Person, who
from goodwill.cli.shell import PEOPLE, Shell, command, group, switch

if TYPE_CHECKING:
    from goodwill.shop.rights import Status

requests = group("requests", "What customers ask for: copies, corrections, erasure; what is due first.", panel=PEOPLE)
_LOST = "goodwill requests list"

Number = Annotated[str, typer.Argument(metavar="REQUEST", help="Its number, as `goodwill requests list` shows it.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; it stands in the letter and in the log. Name nobody.")]
_CLOSED = switch("--closed", help="Those that were answered, the latest first.")
_CHANGED = typer.Option("--changed", help="Of a review: what changed; it is in the letter and beside the choice.")
_BY_HAND = switch("--by-hand", help="It was carried out by hand already; only the answer is left.")


@command(requests, "list")
def list_(shell: Shell, closed: Annotated[bool, _CLOSED] = False) -> None:
    """List the open requests, the most urgent first."""
    with shell.shop() as shop:
        found = shop.rights.queue(closed=closed)
        rows = ((one.id, _wanted(one), one.state, one.due, _left(one), " ".join(one.blockers) or "–") for one in found)
        table = out.table(("request", "wanted", "state", "last day", "left", "waits for"), rows)
        nothing = "No requests. Try the way: goodwill requests open access PERSON"
        document = {"requests": [document_of(one) for one in found]}
        shell.answer(document, table if found else nothing, watermark=shop.settings.watermark)


@command(requests, "show", lost=_LOST)
def show(shell: Shell, request: Number) -> None:
    """Show one request with everything that was done; with --json it is the evidence for an audit."""
    with shell.shop() as shop:
        status, pack, zone = shop.rights.show(request), shop.rights.evidence(request), shop.settings.zone
        facts = out.pairs(
            [
                ("wanted", _wanted(status)),
                *([("see", f"goodwill explain {status.decision} --for staff")] if status.decision else []),
                ("state", status.state),
                ("received", out.when(status.received_at, zone)),
                ("last day", f"{status.due} ({_left(status)})"),
                ("held until", out.when(status.hold_until, zone)),
                ("law", f"{pack['law']['name']}, {pack['law']['source']}, looked up {pack['law']['checked']}"),
                ("complaints", f"{status.regulator}, {status.complaint_url}"),
                ("waits for", " ".join(status.blockers) or "–"),
            ]
        )
        steps = ((step["at"], step["step"], step["by"], step["reason"] or "–") for step in pack["steps"])
        sent = ((letter["at"], letter["letter"], letter["state"]) for letter in pack["letters"])
        shell.answer(
            pack,
            facts,
            out.table(("when", "step", "by", "because"), steps),
            out.table(("when", "letter", "state"), sent),
            watermark=shop.settings.watermark,
        )


@command(requests, "open", lost="goodwill people find PERSON")
def open_(
    shell: Shell,
    right: Annotated[
        str,
        typer.Argument(metavar="RIGHT", help="access, port, rectify, erase, restrict, object or human-review."),
    ],
    person: Person,
    want: Annotated[
        list[str] | None,
        typer.Option("--want", help="field=value: what is right instead, or purpose=…, decision=…; may be repeated."),
    ] = None,
    region: Annotated[str | None, typer.Option(help="Where the person lives, such as IT or US-CA.")] = None,
) -> None:
    """Enter a request for somebody; a code goes to the address on file, and nothing happens before it comes back.

    Example: goodwill requests open access amina@example.com
    """
    wanted = dict(one.partition("=")[::2] for one in want or ())
    with shell.shop() as shop:
        ticket = shop.rights.open(right, who=who(shop, person), origin="staff", region=region, wanted=wanted)
        status = shop.rights.show(ticket.id)
        shell.answer(document_of(status), *_told(status), watermark=shop.settings.watermark)


@command(requests, "verify", lost=_LOST)
def verify(
    shell: Shell,
    request: Number,
    person: Person,
    how: Annotated[str, typer.Option(help="What you looked at, such as 'passport shown in the shop'; no numbers.")],
) -> None:
    """Say that staff made sure who asks, where a mailed code does not do; a day's hold stays.

    Example: goodwill requests verify d7f3kq2mabcde amina --how "passport shown in the shop"
    """
    with shell.shop() as shop:
        shop.rights.show(request)
        shell.make_sure(f"Are you sure that request {request} comes from {person}?")
        _answer(shell, shop.rights.verify_by_hand(request, who(shop, person), how))


@command(requests, "pause", lost=_LOST)
def pause(shell: Shell, request: Number, reason: Reason) -> None:
    """Stop the law's clock while it is truly in doubt who asks, and tell the person what is needed."""
    with shell.shop() as shop:
        _answer(shell, shop.rights.pause(request, reason))


@command(requests, "resume", lost=_LOST)
def resume(shell: Shell, request: Number) -> None:
    """Let the clock run again."""
    with shell.shop() as shop:
        _answer(shell, shop.rights.resume(request))


@command(requests, "extend", lost=_LOST)
def extend(shell: Shell, request: Number, reason: Reason) -> None:
    """Take the further time that the law gives, and tell the person why."""
    with shell.shop() as shop:
        _answer(shell, shop.rights.extend(request, reason))


@command(requests, "clear-contact", lost=_LOST)
def clear_contact(shell: Shell, request: Number, reason: Reason) -> None:
    """Let a copy go out although an address was changed lately: you made sure that it is still the same person."""
    with shell.shop() as shop:
        shop.rights.show(request)
        shell.make_sure("An address was changed lately. Are you sure that it is still the same person?")
        _answer(shell, shop.rights.clear_contact(request, reason))


@command(requests, "refuse", lost=_LOST)
def refuse(shell: Shell, request: Number, reason: Reason) -> None:
    """Say no, with the reason; the letter says where to complain."""
    with shell.shop() as shop:
        shop.rights.show(request)
        shell.make_sure(f"Refuse request {request}? The letter goes out at once, if it was shown who asks.")
        _answer(shell, shop.rights.refuse(request, reason))


@command(requests, "fulfil", lost=_LOST)
def fulfil(
    shell: Shell,
    request: Number,
    note: Annotated[str, typer.Option(help="A sentence for the letter, such as the answer of a review.")] = "",
    by_hand: Annotated[bool, _BY_HAND] = False,
    changed: Annotated[str, _CHANGED] = "",
) -> None:
    """Carry a request out and answer it; refused until it was shown who asks and the hold is over."""
    with shell.shop() as shop:
        shop.rights.show(request)  # not found is said before anything is asked
        shell.make_sure(f"Carry out request {request}?")
        _answer(shell, shop.rights.fulfil(request, note=note, by_hand=by_hand, changed=changed))


def document_of(status: "Status") -> dict[str, Any]:
    """A request as JSON."""
    moments = {name: getattr(status, name) for name in ("received_at", "hold_until", "ready_until")}
    return {**asdict(status), **{name: None if at is None else iso(at) for name, at in moments.items()}}


def _answer(shell: Shell, status: "Status") -> None:
    shell.answer(document_of(status), *_told(status))


def _told(status: "Status") -> list[str]:
    lines = [f"Request {status.id} ({status.right}): {status.state}. Last day {status.due}, {_left(status)}."]
    return lines + [f"It waits: {blocker}" for blocker in status.blockers]


def _wanted(status: "Status") -> str:
    return f"{status.right} of {status.decision}" if status.decision else str(status.right)


def _left(status: "Status") -> str:
    if not status.is_open:
        return "over"
    return f"{status.days_left} days left" if status.days_left >= 0 else f"{-status.days_left} days overdue"
