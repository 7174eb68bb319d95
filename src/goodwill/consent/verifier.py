"""Check what a goodwill shop says about consent, without believing it and without goodwill.

This file needs nothing but Python 3.10 or later and its standard library, and opens no connection. Read it: it is meant
to be read. The formats stand in goodwill's docs/proofs.md, so that anybody can write another one.

    python goodwill_verifier.py --key KEY --log LOG receipt RECEIPT
    python goodwill_verifier.py --key KEY --log LOG ledger EXPORT CHECKPOINTS_OR_RECEIPTS...
    python goodwill_verifier.py --key KEY --log LOG consistency EARLIER LATER PROOF
    python goodwill_verifier.py --key KEY --log LOG checkpoint CHECKPOINTS...

KEY is the shop's public key (base64 of 32 bytes) and LOG the id of its log (goodwill/…/consent). Get both from somebody
other than the shop if you can, such as from an older receipt: whoever may choose the key may sign anything.

Ends with 0 if all holds, 1 if something does not, 2 if it was called wrongly.
"""

import argparse
import base64
import binascii
import hashlib
import json
import re
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any, NamedTuple, NoReturn


class Unproven(Exception):
    """Something does not hold; the message says what."""


# ---- Ed25519 (RFC 8032, 5.1), verification only ----------------------------------------------------------------------

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, P - 2, P) % P
_SQRT_MINUS_1 = pow(2, (P - 1) // 4, P)
_Point = tuple[int, int, int, int]  # X, Y, Z, T with x = X/Z, y = Y/Z, xy = T/Z
_NEUTRAL: _Point = (0, 1, 1, 0)


def is_signed(public: bytes, signature: bytes, message: bytes) -> bool:
    """Whether a signature over a message was made with the key to a public one."""
    if len(public) != 32 or len(signature) != 64:
        return False
    key, s = _point(public), int.from_bytes(signature[32:], "little")
    if key is None or s >= ORDER:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % ORDER
    x, y, z, t = key
    found = _added(_times(s, _BASE), _times(h, (-x % P, y, z, -t % P)))
    return _encoded(found) == signature[:32]


def is_key(public: bytes) -> bool:
    """Whether 32 bytes are a public key that binds anybody: a point, and none of those that sign everything."""
    point = _point(public)
    return point is not None and _encoded(_times(8, point)) != _encoded(_NEUTRAL)


def _added(a: _Point, b: _Point) -> _Point:
    one, two = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    three, four = 2 * a[3] * b[3] * _D % P, 2 * a[2] * b[2] % P
    e, f, g, h = two - one, four - three, four + three, two + one
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def _times(number: int, point: _Point) -> _Point:
    found = _NEUTRAL
    while number > 0:
        if number & 1:
            found = _added(found, point)
        point = _added(point, point)
        number >>= 1
    return found


def _encoded(point: _Point) -> bytes:
    inverse = pow(point[2], P - 2, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def _point(encoded: bytes) -> _Point | None:
    """The point that 32 bytes name in the one way that there is; None if they name none."""
    number = int.from_bytes(encoded, "little")
    y, sign = number & ((1 << 255) - 1), number >> 255
    if y >= P:
        return None
    square = (y * y - 1) * pow(_D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * _SQRT_MINUS_1 % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return (x, y, 1, x * y % P)


def _base() -> _Point:
    found = _point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))
    if found is None:
        raise AssertionError("the base point of Ed25519 is a point")
    return found


_BASE = _base()

# ---- Merkle trees (RFC 9162, 2.1) ------------------------------------------------------------------------------------


def leaf_hash(line: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + line).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


class Growing:
    """The root of a log that is read line by line."""

    def __init__(self) -> None:
        self.size = 0
        self._full: list[bytes] = []

    def add(self, leaf: bytes) -> None:
        size, found = self.size, leaf
        while size & 1:
            found = node_hash(self._full.pop(), found)
            size >>= 1
        self._full.append(found)
        self.size += 1

    @property
    def root(self) -> bytes:
        if not self._full:
            return hashlib.sha256().digest()
        found = self._full[-1]
        for left in reversed(self._full[:-1]):
            found = node_hash(left, found)
        return found


def proves_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """RFC 9162, 2.1.3.2."""
    if not 0 <= index < size:
        return False
    place, last, found = index, size - 1, leaf
    for beside in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            found = node_hash(beside, found)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, beside)
        place, last = place >> 1, last >> 1
    return last == 0 and found == root


def proves_consistency(first: int, second: int, proof: Sequence[bytes], first_root: bytes, second_root: bytes) -> bool:
    """RFC 9162, 2.1.4.2; of two logs of one size the roots must be equal, and the proof is empty."""
    if not 0 < first <= second:
        return False
    if first == second:
        return not proof and first_root == second_root
    path = list(proof)
    if first & (first - 1) == 0:
        path.insert(0, first_root)
    if not path:
        return False
    place, last = first - 1, second - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old = new = path[0]
    for beside in path[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            old, new = node_hash(beside, old), node_hash(beside, new)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            new = node_hash(new, beside)
        place, last = place >> 1, last >> 1
    return last == 0 and old == first_root and new == second_root


# ---- texts that can be read in one way only --------------------------------------------------------------------------


def _unbase64(text: Any, *, length: int | None = None, url: bool = False) -> bytes:
    if not isinstance(text, str):
        raise Unproven("base64 is missing where it should stand")
    padded = text + "=" * (-len(text) % 4) if url else text
    try:
        found = base64.b64decode(padded, altchars=b"-_" if url else None, validate=True)
    except (binascii.Error, ValueError):
        raise Unproven(f"this is not base64: {text[:60]}") from None
    again = base64.urlsafe_b64encode(found).decode().rstrip("=") if url else base64.b64encode(found).decode()
    if again != text or (length is not None and len(found) != length):
        raise Unproven(f"this base64 is not written as it should be: {text[:60]}")
    return found


def _unjson(text: bytes) -> Any:
    """JSON without doubled names, odd numbers or broken Unicode."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            raise Unproven("an object has a name twice")
        return found

    def never(word: str) -> NoReturn:
        raise Unproven(f"{word} is no number that may stand here")

    try:
        return json.loads(text.decode("utf-8"), object_pairs_hook=once, parse_constant=never, parse_float=never)
    except (ValueError, RecursionError) as error:
        raise Unproven(f"this is not JSON: {error}") from None


def _canonical(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode("utf-8", "replace")


class Trusted(NamedTuple):
    """What the caller pinned."""

    key: bytes
    log: str


# ---- checkpoints -----------------------------------------------------------------------------------------------------


class Checkpoint(NamedTuple):
    """A signed size and root."""

    generation: int
    size: int
    root: bytes
    more: tuple[str, ...]

    @property
    def agrees(self) -> int | None:
        """Where a loss was accepted: up to where the log is still the one before."""
        words = [line[7:] for line in self.more if line.startswith("agrees ")]
        return int(words[0]) if words and re.fullmatch("0|[1-9][0-9]{0,18}", words[0]) else None


_DASH = "\u2014 "
_NUMBER = "0|[1-9][0-9]{0,18}"


def read_checkpoint(note: str, trusted: Trusted) -> Checkpoint:
    """The checkpoint in a signed note (C2SP signed-note and tlog-checkpoint)."""
    text, blank, signatures = note.partition("\n\n")
    lines = text.split("\n")
    if not blank or len(lines) < 3 or "" in lines or not signatures.endswith("\n"):
        raise Unproven("this is no whole signed note")
    log, _, generation = lines[0].rpartition("/")
    if log != trusted.log:
        raise Unproven(f"the checkpoint is of the log {log}, not of {trusted.log}")
    if not re.fullmatch("[1-9][0-9]{0,8}", generation) or not re.fullmatch(_NUMBER, lines[1]):
        raise Unproven("the checkpoint has no generation, or no size")
    name = hashlib.sha256(log.encode() + b"\n\x01" + trusted.key).digest()[:4]
    begins = f"{_DASH}{log} "
    found = [_unbase64(line[len(begins) :]) for line in signatures.splitlines() if line.startswith(begins)]
    signed = [one[4:] for one in found if one[:4] == name]
    if len(signed) != 1 or not is_signed(trusted.key, signed[0], (text + "\n").encode()):
        raise Unproven("the checkpoint is not signed with this key")
    return Checkpoint(int(generation), int(lines[1]), _unbase64(lines[2], length=32), tuple(lines[3:]))


def notes_in(text: str) -> Iterator[str]:
    """The notes in a file, one after the other; one that was cut short while it was written says so."""
    for part in re.split(r"\n{3,}", text.replace("\r\n", "\n")):
        lines: list[str] = []
        for line in part.strip("\n").split("\n"):
            if lines and lines[-1].startswith(_DASH) and not line.startswith(_DASH):
                yield "".join(f"{one}\n" for one in lines)
                lines = []
            if lines or line:
                lines.append(line)
        if lines and not lines[-1].endswith("(cut short)"):
            yield "".join(f"{one}\n" for one in lines)


def checkpoints_in(file: str, trusted: Trusted) -> list[Checkpoint]:
    """All checkpoints of the pinned log in a file; notes of other logs may stand between them."""
    notes = list(notes_in(_read(file).decode("utf-8", "replace")))
    mine = [note for note in notes if note.partition("\n")[0].rpartition("/")[0] == trusted.log]
    if not mine:
        raise Unproven(f"{file} holds no checkpoint of the log {trusted.log}")
    return [read_checkpoint(note, trusted) for note in mine]


# ---- rows ------------------------------------------------------------------------------------------------------------


def read_row(line: bytes, trusted: Trusted) -> dict[str, Any]:
    """A row of the pinned log, from its bytes."""
    row = _unjson(line)
    if not isinstance(row, dict) or _canonical(row) != line:
        raise Unproven("a row is not written in its canonical form")
    if row.get("log") != trusted.log:
        raise Unproven(f"a row is of the log {row.get('log')}, not of {trusted.log}")
    if not all(value is None or isinstance(value, str) for value in row.values()):
        raise Unproven("a row holds something that is neither text nor nothing")
    if not re.fullmatch("[1-9][0-9]{0,18}", row.get("position") or ""):
        raise Unproven("a row has no position")
    return row


# ---- receipts --------------------------------------------------------------------------------------------------------


class Receipt(NamedTuple):
    """A receipt that was checked."""

    row: dict[str, Any]
    line: bytes
    checkpoint: Checkpoint


def read_receipt(content: bytes, trusted: Trusted) -> Receipt:
    """A receipt: a compact JWS, or a JSON document with one under ``jws``."""
    document = None
    text = content.strip()
    if text.startswith(b"{"):
        outer = _unjson(text)
        document, token = outer.get("document"), outer.get("jws")
        if not isinstance(token, str):
            raise Unproven("the receipt has no signature (jws)")
    else:
        token = text.decode("ascii", "replace")
    payload = _signed_payload(token, trusted)
    if document is not None and document != payload:
        raise Unproven("the document beside the signature is not the one that was signed")
    return _checked(payload, trusted)


def _signed_payload(token: str, trusted: Trusted) -> dict[str, Any]:
    parts = token.split(".")
    if len(parts) != 3:
        raise Unproven("this is no compact JWS")
    header = _unjson(_unbase64(parts[0], url=True))
    kid = base64.urlsafe_b64encode(trusted.key).decode().rstrip("=")
    if header != {"alg": "EdDSA", "kid": kid, "typ": "consent-receipt+jws"}:
        raise Unproven("the receipt is of another kind, or signed with another key")
    signed = f"{parts[0]}.{parts[1]}".encode()
    if not is_signed(trusted.key, _unbase64(parts[2], length=64, url=True), signed):
        raise Unproven("the signature of the receipt does not fit")
    payload = _unjson(_unbase64(parts[1], url=True))
    if not isinstance(payload, dict):
        raise Unproven("the receipt is no document")
    return payload


def _checked(payload: dict[str, Any], trusted: Trusted) -> Receipt:
    try:
        ledger, record = payload["ledger"], payload["record"]
        line, index, size = ledger["row"].encode(), ledger["index"], ledger["size"]
        root, proof = _unbase64(ledger["root"], length=32), [_unbase64(one, length=32) for one in ledger["proof"]]
        checkpoint = read_checkpoint(ledger["checkpoint"], trusted)
        row = read_row(line, trusted)
        (processing,), (event,) = record["processing"], record["events"]
        said = {
            "person": record["pii_principal_id"],
            "purpose": processing["purpose"].partition(":")[0],
            "category": processing["pii_information"][0]["pii_type"].partition(":")[0],
            "state": event["event_state"],
            "said_at": event["event_time"],
        }
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise Unproven(f"the receipt lacks what makes it one ({type(error).__name__}: {error})") from None
    if type(index) is not int or type(size) is not int:
        raise Unproven("the receipt's place in the log is no number")
    if ledger["log"] != trusted.log or (size, root) != (checkpoint.size, checkpoint.root):
        raise Unproven("the receipt speaks of another log than its checkpoint")
    if int(row["position"]) != index + 1:
        raise Unproven("the row in the receipt is of another place")
    if not proves_inclusion(leaf_hash(line), index, size, proof, root):
        raise Unproven("the row in the receipt is not in the log of its checkpoint")
    if differing := [name for name, words in said.items() if words != _as_receipts_say(name, row[name])]:
        raise Unproven(f"the receipt says something other than the row: {', '.join(differing)}")
    return Receipt(row, line, checkpoint)


_STATES = {
    "requested": "dpv:ConsentRequested",
    "given": "dpv:ConsentGiven",
    "renewed": "dpv:RenewedConsentGiven",
    "refused": "dpv:ConsentRefused",
    "withdrawn": "dpv:ConsentWithdrawn",
    "invalidated": "dpv:ConsentInvalidated",
}


def _as_receipts_say(name: str, value: str) -> str:
    if name == "state":
        return _STATES.get(value, "dpv:ConsentUnknown")
    if name == "said_at":
        return "not stated" if value == "0" else _moment(value)
    return value


def _moment(micros: str) -> str:
    """Microseconds since 1970, in UTC, to the second."""
    try:
        at = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(microseconds=int(micros))  # noqa: UP017 - runs on 3.10
    except (OverflowError, ValueError):
        raise Unproven("a row was said at a time that is none") from None
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


# ---- what can be asked -----------------------------------------------------------------------------------------------


def check_receipt(file: str, trusted: Trusted) -> str:
    receipt = read_receipt(_read(file), trusted)
    row = receipt.row
    when = "at a time that is not on record" if row["said_at"] == "0" else f"on {_moment(row['said_at'])}"
    return (
        f"The receipt holds: person {row['person']}, {row['purpose']}, {row['category']}: {row['state']} {when}.\n"
        f"It is row {row['position']} of the log of {receipt.checkpoint.size} rows that the shop signed."
    )


def check_ledger(export: str, files: Sequence[str], trusted: Trusted) -> str:
    """Read an exported log whole and compare it with checkpoints, and with rows in receipts."""
    receipts, known = [], []
    for file in files:
        content = _read(file)
        if content.lstrip().startswith((b"{", b"eyJ")):
            receipts.append(_receipt_in(file, content, trusted))
            known.append(receipts[-1].checkpoint)
        else:
            known += checkpoints_in(file, trusted)
    bound = _still_bound(known)
    wanted, rows = {one.size for one in bound}, {receipt.row["position"]: receipt.line for receipt in receipts}
    growing, roots = Growing(), {}
    with open(export, "rb") as lines:  # noqa: PTH123
        for number, ended in enumerate(lines, start=1):
            line = ended[:-1] if ended.endswith(b"\n") else ended
            row = read_row(line, trusted)
            if int(row["position"]) != number:
                raise Unproven(f"where row {number} should stand, the export has row {row['position']}")
            if rows.get(row["position"], line) != line:
                raise Unproven(f"row {number} is not the one in a receipt")
            growing.add(leaf_hash(line))
            if growing.size in wanted:
                roots[growing.size] = growing.root
    holds = 0
    for one in bound:
        if one.size > growing.size:
            raise Unproven(f"rows {growing.size + 1} to {one.size} are missing, which were signed for")
        if one.size and roots[one.size] != one.root:
            raise Unproven(f"between rows {holds + 1} and {one.size} the log is not the one that was signed")
        holds = one.size
    given_up = f"; {len(known) - len(bound)} of a log that was given up are left out" if len(bound) < len(known) else ""
    beyond = f" {growing.size - holds} rows after them are not signed for yet." if growing.size > holds else ""
    return (
        f"The log of {growing.size} rows holds: it leads to {len(bound)} signed checkpoints{given_up}, the longest of "
        f"{holds} rows.{beyond}"
    )


def _receipt_in(file: str, content: bytes, trusted: Trusted) -> Receipt:
    try:
        return read_receipt(content, trusted)
    except Unproven as error:
        raise Unproven(f"{file} is no receipt that holds: {error}") from None


def _still_bound(known: Sequence[Checkpoint]) -> list[Checkpoint]:
    """What the log must still lead to: of a generation that was given up, what both it and the next agree on."""
    bound, agreed, later = [], None, None
    for one in sorted(known, key=lambda one: (one.generation, one.size), reverse=True):
        if later is not None and one.generation < later.generation and later.agrees is not None:
            agreed = later.agrees if agreed is None else min(agreed, later.agrees)
        later = one
        if agreed is None or one.size <= agreed:
            bound.append(one)
    return sorted(bound, key=lambda one: one.size)


def check_consistency(earlier: str, later: str, proof: str, trusted: Trusted) -> str:
    first, second = checkpoints_in(earlier, trusted)[-1], checkpoints_in(later, trusted)[-1]
    if first.generation != second.generation:
        raise Unproven("a loss was accepted between the two: they are not of one log; compare each with an export")
    found = _unjson(_read(proof))
    path = found.get("proof") if isinstance(found, dict) else found
    if not isinstance(path, list):
        raise Unproven(f"{proof} holds no proof")
    hashes = [_unbase64(one, length=32) for one in path]
    if not proves_consistency(first.size, second.size, hashes, first.root, second.root):
        raise Unproven(f"the log of {second.size} rows does not begin with the one of {first.size} that was signed")
    return f"The log of {second.size} rows begins with the log of {first.size} rows; both were signed."


def check_checkpoints(files: Sequence[str], trusted: Trusted) -> str:
    known = [one for file in files for one in checkpoints_in(file, trusted)]
    lines = [f"{one.size} rows, {base64.b64encode(one.root).decode()}, {'; '.join(one.more)}" for one in known]
    return "Signed by this key:\n" + "\n".join(lines)


def _read(file: str) -> bytes:
    if file == "-":
        return sys.stdin.buffer.read()
    with open(file, "rb") as opened:  # noqa: PTH123
        return opened.read()


def _pinned(key: str, log: str) -> Trusted:
    trusted = Trusted(_unbase64(key, length=32), log)
    if not is_key(trusted.key):
        raise Unproven("what was given with --key is no key")
    return trusted


def main(words: Sequence[str] | None = None) -> int:
    """Do what the command line says; the exit code."""
    listen = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0], epilog="Files: - is the input.")
    listen.add_argument("--key", required=True, help="the shop's public key, base64 of 32 bytes")
    listen.add_argument("--log", required=True, help="the id of the log, such as goodwill/…/consent")
    verbs = listen.add_subparsers(dest="verb", required=True)
    verbs.add_parser("receipt", help="check one receipt").add_argument("receipt")
    ledger = verbs.add_parser("ledger", help="check an exported log against checkpoints and receipts")
    ledger.add_argument("export")
    ledger.add_argument("known", nargs="+")
    consistency = verbs.add_parser("consistency", help="check that a later log begins with an earlier one")
    for name in ("earlier", "later", "proof"):
        consistency.add_argument(name)
    verbs.add_parser("checkpoint", help="check signatures of checkpoints").add_argument("known", nargs="+")
    asked = listen.parse_args(words)
    try:
        trusted = _pinned(asked.key, asked.log)
        if asked.verb == "receipt":
            says = check_receipt(asked.receipt, trusted)
        elif asked.verb == "ledger":
            says = check_ledger(asked.export, asked.known, trusted)
        elif asked.verb == "consistency":
            says = check_consistency(asked.earlier, asked.later, asked.proof, trusted)
        else:
            says = check_checkpoints(asked.known, trusted)
    except Unproven as error:
        sys.stderr.write(f"NOT PROVEN: {error}.\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(f"{says}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
