"""What anybody can check: sign both logs, verify them, export them, prove a row, and hand out the verifier."""

import json
import sys
from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from goodwill.basics.clock import iso
from goodwill.cli import out
from goodwill.cli.consents import consent
from goodwill.cli.ends import Code
from goodwill.cli.shell import Shell, command, switch

if TYPE_CHECKING:
    from goodwill.consent.mending import Differing, Stood
    from goodwill.shop import Shop
    from goodwill.shop.mending import Mended
    from goodwill.shop.proofs import Consistency, Inclusion, Signed, Verdict
    from goodwill.storage.logs import Log

_OUT = typer.Option("--out", metavar="FILE", help="Write it here instead of printing it.")
_AUDIT = switch("--audit", help="Of the audit log instead of the consent ledger.")
Row = Annotated[int, typer.Argument(metavar="ROW", min=1, help="The row's number, as `consent show` prints it.")]


@command(consent, "checkpoint")
def checkpoint(shell: Shell) -> None:
    """Hash every row of the consent ledger and the audit log anew and sign what they lead to, outside the database.

    The notes are printed too: mail them to somebody whom both sides believe.

    Example: goodwill consent checkpoint | mail -s "Checkpoint" notary@example.org
    """
    with shell.shop() as shop:
        with shell.working("Hashing every row"):
            signed = shop.proofs.checkpoint()
        folder = shop.folder / "checkpoints"
    shell.answer({"checkpoints": [_signed(one) for one in signed]}, *(one.note for one in signed))
    shell.note(f"They lie in {folder} too. Keep that folder apart from backups of the database.")


def _signed(one: "Signed") -> dict[str, Any]:
    said = one.checkpoint
    return {"log": said.log, "origin": said.origin, "size": said.size, "root": _text(said.root), "note": one.note}


def _text(data: bytes) -> str:
    return b64encode(data).decode()


_MEND = switch("--mend", help="Let the answers that decisions go by follow from the ledger again first.")


@command(consent, "verify")
def verify(shell: Shell, mend: Annotated[bool, _MEND] = False) -> int:
    """Read the consent ledger and the audit log whole, and compare them with all that was signed outside.

    Ends with 1 where something differs, and names the rows. Mending allows nobody more: where an answer and the ledger
    differ, the narrower of the two counts. What would change is listed before anything is written.
    """
    with shell.shop() as shop:
        mended = _mended(shell, shop) if mend else None
        with shell.working("Hashing every row"):
            verdicts = shop.proofs.verify()
        quarantine = shop.proofs.quarantine
    holds = all(verdict.holds for verdict in verdicts) and quarantine is None
    document = {
        "holds": holds,
        "logs": [_verdict(verdict) for verdict in verdicts],
        "quarantine": None if quarantine is None else quarantine.says,
    }
    if mended is not None:
        document["mended"] = _mending(mended)
    rows = (
        (one.log, out.number(one.size), _text(one.root), out.number(one.checkpoints), "ok" if one.holds else "WRONG")
        for one in verdicts
    )
    findings = [sentence for verdict in verdicts for sentence in verdict.findings]
    table = out.table(("log", "rows#", "root", "checkpoints#", ""), rows)
    did = [] if mended is None else [_did(mended), ""]
    shell.answer(document, *did, table, *([""] if findings else []), *findings)
    for sentence in (remark for verdict in verdicts for remark in verdict.remarks):
        shell.note(sentence)
    if not all(verdict.checkpoints for verdict in verdicts):
        shell.note("A log without a checkpoint outside proves nothing yet. Make one: goodwill consent checkpoint")
    if quarantine is not None:
        shell.note(quarantine.help)
    return int(Code.DONE if holds else Code.FAILED)


def _mended(shell: Shell, shop: "Shop") -> "Mended":
    wrong = shop.proofs.wrong()
    for one in wrong.answers[:_SHOWN]:
        shell.note(f"id:{one.person} {one.purpose} {one.category}: {_stood(one.was)} → {_stood(_after(one))}")
    if len(wrong.answers) > _SHOWN:
        shell.note(f"… and {out.number(len(wrong.answers) - _SHOWN, 'more answers')}; all of them with --json")
    for line in wrong.doubtful:
        about = line.detail.get("purpose") or "every purpose"
        shell.note(f"id:{line.person} {about}: no yes counts on, for rows are gone of which line {line.position} tells")
    if wrong.noes:
        shell.note(f"{out.number(len(wrong.noes), 'answers')} that say no come back from outside the database")
    with shell.working("Mending"):
        return shop.proofs.mend()


_SHOWN = 50


def _after(one: "Differing") -> "Stood | None":
    """The answer after the mending: the narrower of both."""
    if not one.kept:
        return one.would_be
    return one.was


def _stood(answer: "Stood | None") -> str:
    if answer is None:
        return "no answer"
    return f"{'yes' if answer.yes else 'no'} (row {answer.position})"


def _did(mended: "Mended") -> str:
    wrong = mended.wrong
    if not (wrong.answers or wrong.lost or wrong.noes or mended.aside):
        return "There was nothing to mend."
    kept = sum(one.kept for one in wrong.answers)
    return (
        f"Mended {out.number(len(wrong.answers), 'answers')}; {out.number(kept, 'of them')} stayed narrower than the "
        f"ledger was. Read back {out.number(len(wrong.noes), 'answers')} from outside. "
        f"Wrote {out.number(mended.rows, 'rows')}, none of which allows anybody more."
        + "".join(f" Put the list of noes aside as {file}, and wrote it anew." for file in mended.aside)
    )


def _mending(mended: "Mended") -> dict[str, Any]:
    return {
        "answers": [
            {
                "person": one.person, "purpose": one.purpose, "category": one.category,
                "was": _answer(one.was), "ledger": _answer(one.would_be), "kept": one.kept,
            }
            for one in mended.wrong.answers
        ],
        "lost": [
            {"line": line.position, "action": line.action, "person": line.person} for line in mended.wrong.lost
        ],
        "read_back": len(mended.wrong.noes),
        "rows": mended.rows,
        "put_aside": [str(file) for file in mended.aside],
    }  # fmt: skip


def _answer(stood: "Stood | None") -> dict[str, Any] | None:
    if stood is None:
        return None
    return {"yes": stood.yes, "row": stood.position, "said_at": iso(stood.said_at)}


def _verdict(one: "Verdict") -> dict[str, Any]:
    return {
        "log": one.log,
        "size": one.size,
        "root": _text(one.root),
        "checkpoints": one.checkpoints,
        "holds": one.holds,
        "changed": list(one.changed),
        "findings": list(one.findings),
        "remarks": list(one.remarks),
    }


_REASON = typer.Option("--reason", help="Why the rows cannot be had any more; it stands in the audit log.")


@command(consent, "accept-loss")
def accept_loss(shell: Shell, reason: Annotated[str, _REASON] = "") -> None:
    """Give up rows of the ledger that are lost for good, and end the quarantine.

    What was lost may have been a "no". So every yes from before is taken back, and everybody has to be asked again. If
    there is any backup with these rows, restore that instead.

    Example: goodwill consent accept-loss --reason "disk died, newest backup is of Sunday" --yes
    """
    with shell.shop() as shop:
        with shell.working("Hashing every row"):
            found = shop.proofs.loss()
        what = "what is in doubt" if found.missing is None else _rows(*found.missing)
        shell.make_sure(f"{found.says} Give up {what}, and take every earlier yes back?")
        with shell.working("Taking back, hashing every row"):
            loss = shop.proofs.accept_loss(reason)
    first, last = loss.quarantine.missing or (None, None)
    document = {
        "first": first,
        "last": last,
        "taken_back": loss.taken_back,
        "checkpoints": [_signed(one) for one in loss.signed],
    }
    told = f"Gave up {what}; wrote {out.number(loss.taken_back, 'rows')}, so that no earlier yes counts."
    shell.answer(document, told, "", *(one.note for one in loss.signed))
    shell.note("Learn anew with: goodwill learn")


def _rows(first: int, last: int) -> str:
    return f"row {first}" if first == last else f"rows {first} to {last}"


@command(consent, "receipt", lost="goodwill consent show PERSON")
def receipt(shell: Shell, row: Row, to: Annotated[Path | None, _OUT] = None) -> None:
    """Make the signed receipt for one row, for the person whose answer it is.

    Anybody can check it with the program that `goodwill consent verifier` writes.

    Example: goodwill consent receipt 61 --out amina.receipt.json
    """
    with shell.shop() as shop:
        made = shop.proofs.receipt(row)
    document = {"document": made.document, "jws": made.jws}
    if to is None:
        out.write_json(document)
        return
    to.touch(mode=0o600)
    to.write_text(json.dumps(document, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    shell.answer({"file": str(to)}, str(to))


@command(consent, "verifier")
def verifier(shell: Shell, to: Annotated[Path | None, _OUT] = None) -> None:
    """Write the program with which a stranger checks receipts and logs: one file that needs Python and nothing else.

    Example: goodwill consent verifier --out goodwill_verifier.py
    """
    from goodwill.shop.proofs import verifier as program

    if to is None:
        sys.stdout.write(program())
        return
    to.write_text(program(), encoding="utf-8")
    shell.answer({"file": str(to)}, str(to))
    with shell.shop() as shop:
        card = shop.proofs.card()
    shell.note("Hand it out together with what it is told to trust:")
    for one in card.logs:
        shell.note(f"python {to.name} --key {card.key} --log {one.id} …")


@command(consent, "key")
def key(shell: Shell) -> None:
    """Print the public key and the ids of the logs, with which receipts and checkpoints are checked."""
    with shell.shop() as shop:
        card = shop.proofs.card()
    document = {
        "key": card.key,
        "logs": [{"name": one.name, "id": one.id, "verifier_key": one.verifier_key} for one in card.logs],
    }
    shell.answer(document, out.pairs([("key", card.key), *((one.name, one.id) for one in card.logs)]))


@command(consent, "export")
def export(shell: Shell, audit: Annotated[bool, _AUDIT] = False, to: Annotated[Path | None, _OUT] = None) -> None:
    """Print the bytes of every row, a line each: what the separate verifier checks against checkpoints.

    Example: goodwill consent export --out consent.ndjson
    """
    with shell.shop() as shop:
        rows = shop.proofs.export(_log(audit))
        if to is None:
            sys.stdout.flush()
            for line in rows:
                sys.stdout.buffer.write(line + b"\n")
            sys.stdout.buffer.flush()
            return
        to.touch(mode=0o600)
        count = 0
        with to.open("wb") as file:
            for line in rows:
                file.write(line + b"\n")
                count += 1
    shell.answer({"file": str(to), "rows": count}, f"{to}: {out.number(count, 'rows')}")


def _log(audit: bool) -> "Log":
    from goodwill.shop.proofs import AUDIT, CONSENT

    return AUDIT if audit else CONSENT


_SIZE = typer.Option("--size", min=1, help="The log's size that the proof is for; the one signed last unless given.")
_FROM = typer.Option("--from", min=1, help="Prove that the log begins with its first N rows, instead of one row.")


@command(consent, "proof")
def proof(
    shell: Shell,
    row: Annotated[int | None, typer.Argument(metavar="ROW", min=1, help="The row's number.")] = None,
    size: Annotated[int | None, _SIZE] = None,
    from_: Annotated[int | None, _FROM] = None,
    audit: Annotated[bool, _AUDIT] = False,
) -> None:
    """Prove that a row stands in the log, or that the log begins with an earlier one (RFC 9162).

    Example: goodwill consent proof 61
    """
    from goodwill.basics.errors import BadInput

    if (row is None) == (from_ is None):
        raise BadInput("Name a row, or with --from the size of an earlier log.")
    with shell.shop() as shop:
        if row is not None:
            document = inclusion_document(shop.proofs.inclusion(row, size, _log(audit)))
        else:
            document = consistency_document(shop.proofs.consistency(from_ or 0, size, _log(audit)))
    shell.answer(document, out.pairs((name, _shown(value)) for name, value in document.items()))


def _shown(value: object) -> str:
    return "\n".join(value) if isinstance(value, list) else str(value)


def inclusion_document(found: "Inclusion") -> dict[str, Any]:
    return {
        "log": found.log, "index": found.index, "size": found.size, "root": _text(found.root),
        "row": found.line.decode(), "proof": [_text(one) for one in found.proof],
    }  # fmt: skip


def consistency_document(found: "Consistency") -> dict[str, Any]:
    return {
        "log": found.log, "first": found.first, "second": found.second, "first_root": _text(found.first_root),
        "second_root": _text(found.second_root), "proof": [_text(one) for one in found.proof],
    }  # fmt: skip
