"""The API for who is who: pairs who are probably one, merging them, and taking it back."""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from goodwill.shop import Who
from goodwill.staff import Act
from goodwill.web.answers import mark
from goodwill.web.api import person_of
from goodwill.web.desk import Call, endpoint
from goodwill.web.messages import Mark, Person
from goodwill.web.problems import CONFLICT, NOT_FOUND, OTHER_REQUEST
from goodwill.web.store import Scope

Reason = Annotated[str, Meta(max_length=500, description="Why; it stands in the audit log.")]


class MergeRequest(Struct, forbid_unknown_fields=True, frozen=True):
    """Which two people are one."""

    keep: Annotated[Person, Meta(description="Whose number stays.")]
    other: Annotated[Person, Meta(description="Who turns out to be the same.")]
    reason: Reason = ""


class Merged(Struct, frozen=True):
    """What moved from the other to the one who stays."""

    merge: Annotated[int, Meta(description="By which it can be taken back for 90 days; 0 if they were one already.")]
    person: int
    other: int
    identities: int
    fields: int
    dropped: Annotated[list[str], Meta(description="Fields that both had; the other's is not used any more.")]
    events: int
    narrowed: Annotated[
        list[int], Meta(description="The rows of the ledger by which only what both allowed is allowed.")
    ]
    watermark: Mark | UnsetType = UNSET


class UnmergeRequest(Struct, forbid_unknown_fields=True, frozen=True):
    """Which merge is taken back."""

    merge: Annotated[int, Meta(ge=1)]
    reason: Reason = ""


class Unmerged(Struct, frozen=True):
    """What went back to the other."""

    merge: int
    person: int
    other: int
    identities: int
    fields: int
    events: int
    narrowed: Annotated[list[int], Meta(description="The rows of the ledger by which neither allows more than before.")]
    watermark: Mark | UnsetType = UNSET


class CandidatesRequest(Struct, forbid_unknown_fields=True, frozen=True):
    """Nothing needs to be said."""


class Pair(Struct, frozen=True):
    """Two people who have shown that the same address or id is theirs."""

    keep: int
    other: int
    kinds: list[str]
    sure: Annotated[bool, Meta(description="False: two systems may have given the same id to two people.")]
    because: str


class Pairs(Struct, frozen=True):
    """Pairs who are probably one, the surest first."""

    candidates: list[Pair]
    watermark: Mark | UnsetType = UNSET


@endpoint("GET", "/api/v1/candidates", Scope.PEOPLE, may=Act.WHO_IS_WHO, tag="People")
def candidates(call: Call[CandidatesRequest]) -> Pairs:
    """List pairs of people who share a verified id, with the reason.

    Names no value, and merges nobody: only ids that their owners have shown to be theirs are compared.
    """
    found = call.shop.identity.candidates()
    pairs = [Pair(one.keep, one.other, list(one.kinds), one.sure, one.because) for one in found]
    return Pairs(pairs, mark(call.shop))


@endpoint(
    "POST", "/api/v1/people/merge", Scope.PEOPLE,
    may=Act.WHO_IS_WHO,
    tag="People",
    problems=(NOT_FOUND, CONFLICT, OTHER_REQUEST),
    once=True,
    example={"keep": {"user_id": "amina"}, "other": {"user_id": "anna"}, "reason": "she told us at the till"},
)  # fmt: skip
def merge(call: Call[MergeRequest]) -> Merged:
    """Make one person of two.

    All that is known of the other becomes the first one's, who allows afterwards only what both allowed before. Asked
    again it changes nothing. It can be taken back for 90 days.
    """
    ask = call.ask
    keep, other = _named(ask.keep, "keep"), _named(ask.other, "other")
    done = call.shop.identity.merge(keep, other, ask.reason)
    return Merged(
        done.id, done.person, done.other, done.identities, done.fields, list(done.dropped), done.events,
        [int(row) for row in done.narrowed], mark(call.shop),
    )  # fmt: skip


@endpoint(
    "POST", "/api/v1/people/unmerge", Scope.PEOPLE,
    may=Act.WHO_IS_WHO,
    tag="People",
    problems=(NOT_FOUND, CONFLICT, OTHER_REQUEST),
    once=True,
    example={"merge": 3, "reason": "they are two after all"},
)  # fmt: skip
def unmerge(call: Call[UnmergeRequest]) -> Unmerged:
    """Take a merge back.

    What the other had before goes back, what came after stays. Neither allows more afterwards than before the merge,
    nor than the two allowed together until now: a withdrawal stays one for both.
    """
    done = call.shop.identity.unmerge(call.ask.merge, call.ask.reason)
    narrowed = [int(row) for row in done.narrowed]
    return Unmerged(
        done.id, done.person, done.other, done.identities, done.fields, done.events, narrowed, mark(call.shop)
    )  # fmt: skip


def _named(person: Person, where: str) -> Who:
    return person_of(person, pointer=f"#/{where}")


ENDPOINTS = (candidates, merge, unmerge)
