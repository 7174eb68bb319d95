"""The API of proofs: receipts, checkpoints, and the proofs that connect them; the key is open to everybody."""

from base64 import b64encode
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta, Struct

from goodwill.basics.errors import NotFound
from goodwill.shop import Shop, Who
from goodwill.shop.proofs import AUDIT, CONSENT
from goodwill.staff.roles import Act
from goodwill.storage.logs import Log
from goodwill.web.desk import Call, Endpoint, Operation, endpoint
from goodwill.web.messages import Id
from goodwill.web.problems import NOT_FOUND
from goodwill.web.store import Scope

if TYPE_CHECKING:
    from collections.abc import Callable

Position = Annotated[int, Meta(ge=1, le=2**53, description="A row of the log, from 1.")]
Size = Annotated[int, Meta(ge=1, le=2**53, description="How many rows the log has.")]
Hash = Annotated[str, Meta(description="32 bytes, in base64.")]


class ReceiptRequest(Struct, forbid_unknown_fields=True, frozen=True):
    """Whose receipt, and for which row of the ledger."""

    id: Id
    position: Position


class SignedReceipt(Struct, frozen=True):
    """A receipt to take home: what it says, and the same signed."""

    document: Annotated[dict[str, Any], Meta(description="ISO/IEC TS 27560 fields as JSON-LD, with a Kantara view.")]
    jws: Annotated[str, Meta(description="A compact JWS (EdDSA) whose payload is the document.")]


class NothingAsked(Struct, forbid_unknown_fields=True, frozen=True):
    """Nothing."""


class SignedCheckpoint(Struct, frozen=True):
    """How long the log is and what it leads to, signed."""

    origin: str
    size: Size
    root: Hash
    note: Annotated[str, Meta(description="The signed note (C2SP tlog-checkpoint).")]


class InclusionRequest(Struct, forbid_unknown_fields=True, frozen=True):
    """Which row, and in the log of which size; the one signed last unless given."""

    position: Position
    size: Size | None = None


class InclusionProof(Struct, frozen=True):
    """That a row stands in the log of a size (RFC 9162, 2.1.3). The row itself stays here; its hash is told."""

    index: Annotated[int, Meta(ge=0, description="The row's place, from 0.")]
    size: Size
    leaf: Hash
    root: Hash
    proof: list[Hash]


class ConsistencyRequest(Struct, forbid_unknown_fields=True, frozen=True):
    """From which size to which; the one signed last unless given."""

    first: Size
    second: Size | None = None


class ConsistencyProof(Struct, frozen=True):
    """That the later log begins with the earlier one (RFC 9162, 2.1.4)."""

    first: Size
    second: Size
    first_root: Hash
    second_root: Hash
    proof: list[Hash]


class LogKey(Struct, frozen=True):
    """How one log is checked."""

    name: str
    id: str
    form: str
    verifier_key: Annotated[str, Meta(description="The key as tools for signed notes take it.")]
    checkpoint: Annotated[str, Meta(description="The note signed last; empty where nothing was signed yet.")]


class LogKeys(Struct, frozen=True):
    """What a stranger needs to check receipts and logs of this shop."""

    shop: str
    key: Annotated[str, Meta(description="Ed25519, 32 bytes in base64.")]
    logs: list[LogKey]


@endpoint(
    "GET",
    "/api/v1/people/{id}/receipts/{position}",
    Scope.CONSENT,
    Scope.READ,
    may=Act.READ_CONSENT,
    tag="People",
    problems=(NOT_FOUND,),
)
def person_receipt(call: Call[ReceiptRequest]) -> SignedReceipt:
    """Fetch the signed receipt for one row of a person's answers.

    Hand it to that person. It can be checked without this shop, with the key from `/.well-known/goodwill-log.json` and
    the program that `goodwill consent verifier` writes.
    """
    ask = call.ask
    rows = call.shop.consents(Who(user_id=ask.id))
    if ask.position not in {row.position for row in rows}:
        raise NotFound(f"Row {ask.position} of the ledger is not one of this person's.")
    made = call.shop.proofs.receipt(ask.position)
    return SignedReceipt(made.document, made.jws)


def _of_log(log: Log, of: str, *scopes: Scope, may: Act, tag: str) -> tuple[Endpoint, ...]:
    """The operations by which anybody who may read a log can check it."""

    def checkpoint(call: Call[NothingAsked]) -> SignedCheckpoint:
        latest = call.shop.proofs.latest(log)
        if latest is None:
            raise NotFound(
                "Nothing was signed yet; `goodwill serve` signs every hour, `goodwill consent checkpoint` now."
            )
        said = latest.checkpoint
        return SignedCheckpoint(said.origin, said.size, _text(said.root), latest.note)

    def inclusion(call: Call[InclusionRequest]) -> InclusionProof:
        found = call.shop.proofs.inclusion(call.ask.position, call.ask.size, log)
        hashes = list(map(_text, found.proof))
        return InclusionProof(found.index, found.size, _text(found.leaf), _text(found.root), hashes)

    def consistency(call: Call[ConsistencyRequest]) -> ConsistencyProof:
        step = call.shop.proofs.consistency(call.ask.first, call.ask.second, log)
        hashes = list(map(_text, step.proof))
        return ConsistencyProof(step.first, step.second, _text(step.first_root), _text(step.second_root), hashes)

    says: dict[Callable[[Call[Any]], Struct], str] = {
        checkpoint: f"Read the checkpoint of the {of} that was signed last.",
        inclusion: f"Prove that a row stands in the {of} of some size.",
        consistency: f"Prove that the {of} of some size begins with an earlier one: nothing was changed or taken out.",
    }
    made = []
    for do, sentence in says.items():
        path = f"/api/v1/{log.name}/{do.__name__}"
        do.__doc__, do.__name__ = sentence, do.__name__ if log is CONSENT else f"{log.name}_{do.__name__}"
        made.append(endpoint("GET", path, *scopes, may=may, tag=tag, problems=(NOT_FOUND,))(do))
    return tuple(made)


ENDPOINTS = (
    person_receipt,
    *_of_log(CONSENT, "consent ledger", Scope.CONSENT, Scope.READ, may=Act.READ_CONSENT, tag="Consent"),
    *_of_log(AUDIT, "audit log", may=Act.AUDIT, tag="Staff"),
)

KEYS = Operation(
    "GET", "/.well-known/goodwill-log.json", "log_keys", "The key and the logs that receipts are checked with",
    "Open to everybody: a receipt and this are all that is needed to check the receipt. Keep a copy: whoever gets the "
    "key only from the shop believes the shop.",
    "Consent", gives=LogKeys,
)  # fmt: skip


def keys(shop: Shop) -> LogKeys:
    """What stands at the address that is open to everybody."""
    card = shop.proofs.card()
    logs = [LogKey(one.name, one.id, one.form, one.verifier_key, one.note) for one in card.logs]
    return LogKeys(card.shop, card.key, logs)


def _text(data: bytes) -> str:
    return b64encode(data).decode()
