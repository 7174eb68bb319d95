"""Erasing over HTTP: for a shop's own system in which a customer has asked for it."""

from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

from goodwill.shop import Who
from goodwill.staff import Act
from goodwill.web.desk import Call, endpoint
from goodwill.web.problems import CONFLICT, NOT_FOUND
from goodwill.web.store import Scope


class EraseRequest(Struct, forbid_unknown_fields=True, frozen=True):
    """Why somebody is erased, and whether for good or only to see what would go."""

    reason: Annotated[str, Meta(min_length=1, max_length=500, description="For the audit log and the certificate.")]
    leave_alone: Annotated[
        bool,
        Meta(description="Keep hashes of the ids, so that nobody writes to them or brings them in again."),
    ] = True
    approval: Annotated[str, Meta(max_length=40, description="Of staff, beyond a few people in 24 hours.")] = ""
    dry_run: Annotated[bool, Meta(description="Erase nothing; say what would go and what would stay.")] = False


class Erased(Struct, frozen=True):
    """What was erased, or would be: by number, never by name."""

    person: Annotated[int, Meta(description="goodwill's own number for her.")]
    status: Annotated[
        str,
        Meta(description="`done`, `done, found again`, `named in a log`, `pending: residue`, `pending`, `dry run`."),
    ]
    pending: Annotated[list[str], Meta(description="What is not gone from the disk yet; the shop does it by itself.")]
    goes: Annotated[dict[str, int], Meta(description="Rows by table.")]
    certificate: (
        Annotated[dict[str, Any], Meta(description="The whole certificate, to be handed over.")] | UnsetType
    ) = UNSET


@endpoint(
    "POST", "/api/v1/people/{id}/erase", Scope.ERASE, may=Act.ERASE,
    tag="People",
    problems=(NOT_FOUND, CONFLICT),
    within=120,
    example={"reason": "she asked by mail", "dry_run": True},
)  # fmt: skip
def erase(call: Call[EraseRequest]) -> Erased:
    """Erase all that is held about a person, for good.

    Her keys are destroyed first; then what they locked, everything learned from her, and every other row go. What stays
    names a number: the consent ledger and other logs as proof, her sales as sums of nobody, and hashes by which the
    shop leaves her alone. The answer is the certificate. There is no way back; try it with `dry_run` first.
    """
    ask, who = call.ask, Who(user_id=str(call.letter.path["id"]))
    if ask.dry_run:
        would = call.shop.erasure.preview(who)
        return Erased(would.person, "dry run", [], would.goes)
    done = call.shop.erasure.erase(who, reason=ask.reason, leave_alone=ask.leave_alone, approval=ask.approval)
    return Erased(done.person, done.status, list(done.pending), done.document["deleted"], dict(done.document))


ENDPOINTS = (erase,)
