"""Erasing customers from the command line, and the list of those who were."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import RenderableType

from goodwill.cli import out
from goodwill.cli.ends import Code
from goodwill.cli.named import LOST, who
from goodwill.cli.people import people
from goodwill.cli.shell import Shell, command, switch
from goodwill.cli.staff import signed_in

if TYPE_CHECKING:
    from goodwill.shop import Shop
    from goodwill.shop.certificate import Certificate

_PEOPLE = typer.Argument(
    metavar="PERSON...", help="The shop's own id, or an e-mail address; or user_id:…, email:…, id:… to say which."
)
_REASON = typer.Option("--reason", help="Why, for the audit log and the certificate.")
_FILE = typer.Option("--certificate", metavar="FILE", help="Write the certificate here, as JSON.")
_DRY = switch("--dry-run", help="Erase nothing; show what would go and what would stay.")
_APPROVAL = typer.Option("--approval", metavar="ID", help="Of somebody else, for several people at once, or in a day.")
_AS = typer.Option("--as", metavar="ADDRESS", help="Your own account, which asked for that approval.")
_MAY_COME = switch("--may-come-back", help="Keep no hashes of their ids: an old file may bring them in again.")
_FINISH = switch("--finish", help="First go on with erasures that were interrupted, or whose residue is pending.")


@command(people, "erase", lost=LOST)
def erase(
    shell: Shell,
    person: Annotated[list[str], _PEOPLE],
    reason: Annotated[str, _REASON] = "",
    certificate: Annotated[Path | None, _FILE] = None,
    dry_run: Annotated[bool, _DRY] = False,
    may_come_back: Annotated[bool, _MAY_COME] = False,
    approval: Annotated[str, _APPROVAL] = "",
    as_: Annotated[str | None, _AS] = None,
) -> int:
    """Erase all that is held about somebody, for good, and give a certificate.

    Several people at once need the approval of somebody else (goodwill approvals ask erase --help).

    Example: goodwill people erase chiara --reason "asked by mail" --certificate chiara.json
    """
    with shell.shop() as shop:
        named = [who(shop, one) for one in person]
        if dry_run:
            _preview(shell, shop, person)
            return int(Code.DONE)
        for one in named:
            shop.known(one)  # not found is said before anything is asked
        whom = f"'{person[0]}'" if len(person) == 1 else out.number(len(person), "people")
        shell.make_sure(f"Erase all that is held about {whom}? There is no way back.")
        with signed_in(shell, shop, as_) if as_ else nullcontext(shop) as acting, shell.working("Erasing"):
            done = acting.erasure.erase_all(named, reason=reason, leave_alone=not may_come_back, approval=approval)
        documents = [dict(one.document) for one in done]
        document = documents[0] if len(documents) == 1 else documents
        if certificate is not None:
            certificate.write_text(json.dumps(document, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        shell.answer(document, *_told(done), watermark=shop.settings.watermark)
        if any(one.status == "done, found again" for one in done):
            shell.note("Something that was known of them stands elsewhere too; look at 'looked for' above.")
        if any(one.status == "named in a log" for one in done):
            shell.note("A text in a log that can only grow names them; look at 'named in' above.")
    well = all(one.status == "done" and one.document["totals"]["proved"] is not False for one in done)
    return int(Code.DONE if well else Code.FAILED)


def _preview(shell: Shell, shop: "Shop", persons: Sequence[str]) -> None:
    would = [shop.erasure.preview(who(shop, one)) for one in persons]
    tables = sorted({name for one in would for name in (*one.goes, *one.stays)})
    lines = [
        (name, sum(one.goes.get(name, 0) for one in would), sum(one.stays.get(name, 0) for one in would))
        for name in tables
    ]
    document = [{"person": one.person, "goes": one.goes, "stays": one.stays} for one in would]
    shell.answer(document, out.table(("table", "goes#", "stays, by number#"), lines))


def _told(done: "Sequence[Certificate]") -> Iterator[RenderableType]:
    for one in done:
        document = one.document
        gone = ", ".join(f"{out.number(rows)} {name}" for name, rows in document["deleted"].items() if rows)
        found = (document["search"] or {}).get("found", [])
        unread = (document["search"] or {}).get("unread", [])
        searched = f"{document['search']['forms']} forms of what they were called" if document["search"] else "nothing"
        yield out.pairs(
            [
                ("person", f"id:{one.person}"),
                ("status", one.status),
                *(("pending", each) for each in one.pending),
                ("key destroyed", document["key_destroyed_at"]),
                ("gone", gone or "nothing"),
                ("stays", ", ".join(f"{out.number(each['rows'])} {each['table']}" for each in document["kept"])),
                ("looked for", f"{searched}: {', '.join(found) or 'none found'}"),
                *([("not looked into", ", ".join(unread))] if unread else []),
                *(("named in", each["where"]) for each in document["logs"]),
                ("totals", _verdict(document["totals"])),
                ("certificate", document["sha256"]),
            ]
        )
        yield ""


def _verdict(totals: Mapping[str, Any]) -> str:
    """Whether what was learned is without her, in a sentence; the hashes stand in the certificate."""
    if totals["proved"] is None:
        return "not built anew for a proof yet"
    if not totals["each"]:
        return "none is kept, so nothing had to leave one"
    if not totals["proved"]:
        wrong = ", ".join(one["name"] for one in totals["each"] if not one["equal"])
        return f"NOT PROVED: {wrong} differed from one that never had them; built anew since"
    return f"proved: {', '.join(one['name'] for one in totals['each'])} equal, bit for bit, what never had them"


@command(people, "erased")
def erased(shell: Shell, finish: Annotated[bool, _FINISH] = False) -> None:
    """List everybody who was erased, by number.

    Example: goodwill people erased --finish
    """
    with shell.shop() as shop:
        if finish:
            shop.erasure.finish()
        done = shop.erasure.erased()
        lines = [
            (f"id:{one.person}", one.status, one.document["asked_at"], one.document["key_destroyed_at"] or "–",
             one.document["reason"] or "–")
            for one in done
        ]  # fmt: skip
        document = [dict(one.document) for one in done]
        shell.answer(
            document, out.table(("person", "status", "asked", "key destroyed", "reason"), lines),
            watermark=shop.settings.watermark,
        )  # fmt: skip
