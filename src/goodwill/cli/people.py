"""Customers, one at a time: who is behind an id, what is known in outline, and a person's own copy."""

import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import RenderableType

from goodwill.basics.errors import BadInput, NotFound
from goodwill.cli import out
from goodwill.cli.named import Person, who
from goodwill.cli.shell import PEOPLE, Shell, command, group, switch
from goodwill.cli.staff import signed_in

if TYPE_CHECKING:
    from goodwill.access import Everything
    from goodwill.basics.ids import PersonId
    from goodwill.shop import Answer, Shop
    from goodwill.shop.looks import Outline

people = group("people", "Customers: find one, see what is known in outline, hand over the own copy.", panel=PEOPLE)
_LOST = "goodwill import list"  # everybody came from somewhere
_CLEAR = switch("--clear", help="Show names and addresses in clear; needs --reason, and the person can see it.")
_REASON = typer.Option("--reason", help="Why, in at least ten characters; it stands in the audit log.")
_FORM = typer.Option("--format", metavar="FORM", help="json, csv (a ZIP of tables) or pdf (to read and print).")
_OUT = typer.Option(
    "--out", metavar="FILE", help="Write it here, for the owner's eyes only, instead of printing it; several: a folder."
)
_PEOPLE = typer.Argument(
    metavar="PERSON...", help="The shop's own id, or an e-mail address; or user_id:…, email:…, id:… to say which."
)
_APPROVAL = typer.Option("--approval", metavar="ID", help="Of somebody else, for several people at once, or in a day.")
_AS = typer.Option("--as", metavar="ADDRESS", help="Your own account, which asked for that approval.")


@command(people, "find", lost=_LOST)
def find(shell: Shell, person: Person) -> None:
    """Find the person behind an id or an e-mail address, and print goodwill's own number for them.

    Example: goodwill people find amina@example.org
    """
    with shell.shop() as shop:
        found = _known(shop, person)
        shell.answer({"person": found, "named": person}, f"id:{found}", watermark=shop.settings.watermark)


@command(people, "show", lost=_LOST)
def show(
    shell: Shell, person: Person, clear: Annotated[bool, _CLEAR] = False, reason: Annotated[str, _REASON] = ""
) -> None:
    """Show what is known of somebody in outline: ids (masked), counts, and what they allow.

    Example: goodwill people show amina --clear --reason "she asked on the phone where her order is"
    """
    with shell.shop() as shop:
        whom = shop.who(_known(shop, person))
        outline = shop.looks.reveal(whom, reason) if clear else shop.looks.outline(whom)
        document = _document(outline)
        shell.answer(document, *_lines(document, outline, shop), watermark=shop.settings.watermark)


@command(people, "export", lost=_LOST)
def export(
    shell: Shell,
    person: Annotated[list[str], _PEOPLE],
    form: Annotated[str, _FORM] = "json",
    to: Annotated[Path | None, _OUT] = None,
    reason: Annotated[str, _REASON] = "her own copy, for her",
    approval: Annotated[str, _APPROVAL] = "",
    as_: Annotated[str | None, _AS] = None,
) -> None:
    """Hand out a person's own copy of all that is held about them, in clear: as JSON, as tables, or to read.

    Several people at once need the approval of somebody else (goodwill approvals ask export --help), and a folder. ALL
    is everybody, for moving away: one line of JSON (NDJSON) with the whole copy of each.

    Example: goodwill people export amina --format pdf --out amina.pdf
    """
    if person == ["ALL"]:
        if form != "json":
            raise BadInput("Everybody's copies come as lines of JSON; leave --format out.")
        with shell.shop() as shop, signed_in(shell, shop, as_) if as_ else nullcontext(shop) as acting:
            _hand_out(shell, to, acting.copies.everybody(reason=reason, approval=approval))
        return
    if form != "json" and to is None:
        raise BadInput(f"A copy as {form} is a file: say where with --out FILE.")
    with shell.shop() as shop:
        whos = [shop.who(one) for one in dict.fromkeys(_known(shop, one) for one in person)]
        with signed_in(shell, shop, as_) if as_ else nullcontext(shop) as acting:
            if len(whos) > 1:
                files = _write_all(_folder(to), acting.copies.several(whos, form, reason=reason, approval=approval))
                shell.answer({"files": files}, *files)
                return
            _, parts = acting.copies.one(whos[0], form, reason=reason, approval=approval)
            _hand_out(shell, to, parts)


def _hand_out(shell: Shell, to: Path | None, parts: Iterator[bytes]) -> None:
    if to is None:
        sys.stdout.writelines(part.decode() for part in parts)
    else:
        _write_privately(to, parts)
        shell.answer({"file": str(to)}, str(to))


def _folder(to: Path | None) -> Path:
    if to is None or (to.exists() and not to.is_dir()):
        raise BadInput("The copies of several people are a file each: say in which folder with --out FOLDER.")
    return to


def _write_all(folder: Path, copies: Iterator[tuple[str, Iterator[bytes]]]) -> list[str]:
    """A file for each person, named by her number, in a folder that is made for its owner alone."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    files = []
    for name, parts in copies:
        _write_privately(folder / name, parts)
        files.append(str(folder / name))
    return files


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


def _document(outline: "Outline") -> dict[str, Any]:
    from goodwill.web.answers import moment, said

    return {
        "person": outline.person,
        "known_as": [{"kind": kind, "value": value} for kind, value in outline.known_as],
        "profile": dict(outline.profile),
        "events": dict(outline.events),
        "first": moment(outline.first),
        "last": moment(outline.last),
        "allows": [
            {
                "purpose": name,
                "allowed": answer.allowed,
                "reason": answer.reason,
                "since": said(answer.since),
                "categories": _allowed(answer),
            }
            for name, answer in outline.allows
        ],
        "consent_rows": outline.consent_rows,
        "reads": outline.reads,
    }


def _lines(document: dict[str, Any], outline: "Outline", shop: "Shop") -> Iterator[RenderableType]:
    first, last = (out.when(at, shop.settings.zone) for at in (outline.first, outline.last))
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
        for name, answer in outline.allows
    )  # fmt: skip
    yield out.table(("purpose", "allowed", "because", "since", "data"), rows)


def _allowed(answer: "Answer") -> list[str]:
    return [str(line.category) for line in answer.categories if line.allowed]
