"""The certificate of an erasure: what went, what stays and why, and what was searched; by number, never by name."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from goodwill.basics.clock import Micros, iso
from goodwill.basics.ids import PersonId
from goodwill.people.erasures import Erasure, State

if TYPE_CHECKING:
    from goodwill.shop.shop import Shop

FORM = "goodwill erasure certificate, version 1"
KIND = "goodwill-erasure+json"  # the `typ` of its signature
_BOOKS = (
    "What was bought on which day and for how much, as sums of nobody, because a shop must be able to prove its "
    "takings for years (purpose 'bookkeeping'). They carry no person, no order, no time of day, no number of an event."
)
_LEFT_ALONE = (
    "Your ids as hashes under a secret that serves no other use, so that this shop does not write to you or take you "
    "in again from an old file. Only your own new word takes them off."
)
_LOGS = (
    "A text that somebody wrote there names the person, and stays: rows of this log can only be added, so that it "
    "proves what was done."
)
_BACKUPS = (
    "Your name and addresses can be read in no backup of the data from now on, and by no copy of the shop's keys once "
    "their epoch ends, within {hours} hours. Older backups of the data, and archives of a database server's log, still "
    "hold the rows that were not sealed, by number, until the shop lets them go."
)


@dataclass(frozen=True, slots=True)
class Certificate:
    """What can be said of an erasure.

    Attributes:
        status: "done"; "named in a log" where rows that may never change name her; "done, found again" where the
            search found something known of her that does not name her; "pending: residue" while something is left
            that can be taken away; "pending" while rows are.
        pending: what is not done yet, and why.
        document: all of it, with its hash and the shop's signature (the one of receipts), to be handed over.
    """

    person: PersonId
    status: str
    pending: tuple[str, ...]
    document: Mapping[str, Any]


def certificate_of(shop: "Shop", one: Erasure) -> Certificate:
    """The certificate of an erasure, as far as it got."""
    notes = one.notes
    pending = tuple(notes.get("pending", ())) if one.state is State.ERASED else ()
    status = _status(one)
    document: dict[str, Any] = {
        "form": FORM,
        "shop": shop.settings.shop_id,
        "person": one.person,
        "numbers": list(one.numbers),
        "reason": one.reason,
        "status": status,
        "pending": list(pending),
        "asked_at": iso(one.asked_at),
        "key_destroyed_at": _moment(one.key_destroyed_at),
        "erased_at": _moment(one.erased_at),
        "finished_at": _moment(one.finished_at),
        "deleted": _added(notes.get("unnamed", {}), notes.get("deleted", {})),
        "files": notes.get("files", {"rows blanked": {}, "removed": []}),
        "kept": _kept(notes, leave_alone=one.leave_alone),
        "totals": _totals(notes),
        "search": notes.get("search"),
        "logs": [{"where": where, "why": _LOGS} for where in notes.get("logs", ())],
        "backups": _BACKUPS.format(hours=shop.settings.epoch_hours),
    }
    payload = payload_of(document)
    document["sha256"] = hashlib.sha256(payload).hexdigest()
    document["jws"] = shop.proofs.place().signer.jws(payload, KIND)
    return Certificate(one.person, status, pending, document)


def payload_of(document: Mapping[str, Any]) -> bytes:
    """What of a certificate is hashed and signed: all but its hash and signature; JSON with sorted names, in UTF-8."""
    plain = {name: value for name, value in document.items() if name not in ("sha256", "jws")}
    return json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _status(one: Erasure) -> str:
    if one.state in (State.MARKED, State.UNNAMED):
        return "pending"
    if one.state is State.ERASED:
        return "pending: residue"
    if one.notes.get("logs"):
        return "named in a log"
    return "done, found again" if (one.notes.get("search") or {}).get("found") else "done"


def _totals(notes: Mapping[str, Any]) -> dict[str, Any]:
    """The hashes of every total, and the one verdict: None where nothing was proved, as before there were proofs."""
    proof = notes.get("proof")
    return {
        "proved": None if proof is None else all(one["equal"] for one in proof),
        "each": proof or [],
        "before": notes.get("totals before", {}),
        "after": notes.get("totals after", {}),
    }


def _kept(notes: Mapping[str, Any], *, leave_alone: bool) -> list[dict[str, Any]]:
    kept = [{"table": name, "rows": rows, "why": why} for name, (rows, why) in sorted(notes.get("kept", {}).items())]
    if sales := notes.get("sales", 0):
        kept.append({"table": "books", "rows": sales, "why": _BOOKS})
    if leave_alone:
        kept.append({"table": "left_alone", "rows": notes.get("left alone", 0), "why": _LEFT_ALONE})
    return kept


def _added(*counts: Mapping[str, int]) -> dict[str, int]:
    names = sorted({name for one in counts for name in one})
    return {name: sum(one.get(name, 0) for one in counts) for name in names}


def _moment(at: Micros | None) -> str | None:
    return iso(at) if at is not None else None
