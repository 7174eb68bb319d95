"""Customers, one at a time: who is behind an id, what is known in outline, and a person's own copy."""

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import RenderableType

from goodwill.basics.errors import BadInput, NotFound
from goodwill.cli import out
from goodwill.cli.named import Person, who
from goodwill.cli.shell import PEOPLE, Shell, command, group, switch

if TYPE_CHECKING:
    from goodwill.access import Everything
    from goodwill.basics.ids import PersonId
    from goodwill.purposes import Purpose
    from goodwill.shop import Answer, Shop

people = group("people", "Customers: find one, see what is known in outline, hand over the own copy.", panel=PEOPLE)
_LOST = "goodwill import list"  # everybody came from somewhere
_CLEAR = switch("--clear", help="Show names and addresses in clear; the person can see that it was done.")
_FORM = typer.Option("--format", metavar="FORM", help="json, csv (a ZIP of tables) or pdf (to read and print).")
_OUT = typer.Option("--out", metavar="FILE", help="Write it here, for the owner's eyes only, instead of printing it.")


@command(people, "find", lost=_LOST)
def find(shell: Shell, person: Person) -> None:
    """Find the person behind an id or an e-mail address, and print goodwill's own number for them.

    Example: goodwill people find amina@example.org
    """
    with shell.shop() as shop:
        found = _known(shop, person)
        shell.answer({"person": found, "named": person}, f"id:{found}", watermark=shop.settings.watermark)


@command(people, "show", lost=_LOST)
def show(shell: Shell, person: Person, clear: Annotated[bool, _CLEAR] = False) -> None:
    """Show what is known of somebody in outline: ids (masked), counts, and what they allow."""
    with shell.shop() as shop:
        found = _known(shop, person)
        everything = _own(shop, found, "in clear" if clear else "masked")
        standings = [(entry.name, shop.can(who(shop, f"id:{found}"), entry.name)) for entry in shop.register.asked()]
        document = _outline(everything, standings, clear=clear)
        shell.answer(document, *_lines(document, everything, standings, shop), watermark=shop.settings.watermark)


@command(people, "export", lost=_LOST)
def export(
    shell: Shell,
    person: Person,
    form: Annotated[str, _FORM] = "json",
    to: Annotated[Path | None, _OUT] = None,
) -> None:
    """Hand out the person's own copy of all that is held about them, in clear: as JSON, as tables, or to read.

    Example: goodwill people export amina --format pdf --out amina.pdf
    """
    from goodwill.access import SignedIn

    if form != "json" and to is None:
        raise BadInput(f"A copy as {form} is a file: say where with --out FILE.")
    with shell.shop() as shop:
        parts = shop.copies.made(SignedIn(_known(shop, person), "staff, command line, own copy"), form)
        if to is None:
            sys.stdout.writelines(part.decode() for part in parts)
        else:
            _write_privately(to, parts)
            shell.answer({"file": str(to)}, str(to))


def _write_privately(file: Path, parts: Iterator[bytes]) -> None:
    """A file that only its owner may read: it holds one person's life with the shop."""
    file.touch(mode=0o600)
    file.chmod(0o600)
    with file.open("wb") as out:
        out.writelines(parts)


def _known(shop: "Shop", person: str) -> "PersonId":
    found = shop.find(who(shop, person))
    if found is None:
        raise NotFound(f"Nobody is known as '{person}'. An id is written as in the shop's own files.")
    return found


def _own(shop: "Shop", person: "PersonId", how: str) -> "Everything":
    from goodwill.access import SignedIn

    return shop.own(SignedIn(person, f"staff, command line, {how}"))


def _outline(everything: "Everything", standings: "Sequence[tuple[Purpose, Answer]]", *, clear: bool) -> dict[str, Any]:
    from goodwill.web.answers import moment, said

    def shown(kind: str, value: str) -> str:
        return value if clear else out.masked(kind, value)

    first, last = _span(everything)
    return {
        "person": everything.person,
        "known_as": [{"kind": kind, "value": shown(kind, value)} for kind, value in everything.identities],
        "profile": {field: shown(field, value) for field, value in everything.profile.items()},
        "events": dict(Counter(event.type for event in everything.events)),
        "first": moment(first),
        "last": moment(last),
        "allows": [
            {
                "purpose": name,
                "allowed": answer.allowed,
                "reason": answer.reason,
                "since": said(answer.since),
                "categories": _allowed(answer),
            }
            for name, answer in standings
        ],
        "consent_rows": len(everything.consents),
        "reads": sum(read.times for read in everything.reads),
    }


def _lines(
    document: dict[str, Any], everything: "Everything", standings: "Sequence[tuple[Purpose, Answer]]", shop: "Shop"
) -> Iterator[RenderableType]:
    first, last = (out.when(at, shop.settings.zone) for at in _span(everything))
    counts = ", ".join(f"{out.number(count)} {name}" for name, count in document["events"].items())
    yield out.pairs(
        [
            ("person", f"id:{document['person']}"),
            *((named["kind"], named["value"]) for named in document["known_as"]),
            *document["profile"].items(),
            ("events", counts or "none"),
            ("from", f"{first} to {last}"),
            ("was read", f"{out.number(document['reads'])} times (the own copy lists them)"),
        ]
    )
    yield ""
    rows = (
        (name, "yes" if answer.allowed else "no", answer.reason, out.said(answer.since, shop.settings.zone),
         ", ".join(_allowed(answer)) or "–")
        for name, answer in standings
    )  # fmt: skip
    yield out.table(("purpose", "allowed", "because", "since", "data"), rows)


def _span(everything: "Everything") -> tuple[int | None, int | None]:
    times = [event.at for event in everything.events]
    return min(times, default=None), max(times, default=None)


def _allowed(answer: "Answer") -> list[str]:
    return [str(line.category) for line in answer.categories if line.allowed]
