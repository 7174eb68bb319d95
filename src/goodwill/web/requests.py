"""The API for customers' requests: a shop's own program enters them, and staff work on them."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from goodwill.basics.clock import iso
from goodwill.basics.errors import Conflict
from goodwill.shop import Who
from goodwill.shop.rights import Status
from goodwill.staff import Act
from goodwill.web.bodies import wrong
from goodwill.web.desk import Call, endpoint
from goodwill.web.messages import Id, Moment
from goodwill.web.problems import BAD_INPUT, CONFLICT, NOT_FOUND, REFUSED, TOO_MANY, Problem, Wrong
from goodwill.web.store import Scope

Right = Literal["access", "port", "rectify", "erase", "restrict", "object", "human-review"]
Number = Annotated[str, Meta(min_length=1, max_length=40, description="The request's number, as an answer gave it.")]
Short = Annotated[str, Meta(min_length=1, max_length=2_000)]
Date = Annotated[str, Meta(description="As in `2026-12-28`.", extra_json_schema={"format": "date"})]


class OpenRequest(Struct, forbid_unknown_fields=True, frozen=True):
    """What somebody wants; exactly one of user_id and email says who."""

    right: Right
    user_id: Id | None = None
    email: Annotated[str, Meta(min_length=3, max_length=320)] | None = None
    region: (
        Annotated[
            str,
            Meta(
                pattern="^[A-Za-z]{2}(-[A-Za-z0-9]{1,3})?$",
                description="Where the person lives; whose law counts.",
                extra={"words": "a country such as IT, or a part of one such as US-CA"},
            ),
        ]
        | None
    ) = None
    language: Annotated[str, Meta(min_length=2, max_length=20)] | None = None
    wanted: (
        Annotated[
            dict[str, str | None],
            Meta(
                max_length=20,
                description="For a correction the fields and what is right; `purpose` for an objection; `decision` and "
                "`words` for a review.",
            ),
        ]
        | None
    ) = None


class RequestsRequest(Struct, forbid_unknown_fields=True, frozen=True):
    """Which requests."""

    closed: Annotated[bool, Meta(description="Those that were answered, the latest first.")] = False
    limit: Annotated[int, Meta(ge=1, le=1000)] = 100


class RequestRequest(Struct, forbid_unknown_fields=True, frozen=True):
    """Which request."""

    id: Number


class ActRequest(Struct, forbid_unknown_fields=True, frozen=True):
    """What to do with which request.

    `verify` needs `code`; `pause`, `extend`, `refuse` and `clear-contact` need `reason`; `fulfil` takes `note`,
    `by_hand` and `changed`.
    """

    request: Number
    do: Literal["send-code", "verify", "pause", "resume", "extend", "clear-contact", "refuse", "fulfil"]
    code: Annotated[str, Meta(min_length=1, max_length=40)] | None = None
    reason: Short | None = None
    note: Short | None = None
    by_hand: bool = False
    changed: (
        Annotated[str, Meta(max_length=2_000, description="Of a review: what changed; it stands beside the decision.")]
        | None
    ) = None


class RequestState(Struct, frozen=True, omit_defaults=False):
    """How a request goes."""

    id: Number
    right: Right
    state: Annotated[str, Meta(description="In words, such as `identity unverified`, `paused` or `fulfilled`.")]
    is_open: bool
    regime: Annotated[str, Meta(description="The law whose clock runs.")]
    received_at: Moment
    due: Date
    days_left: Annotated[int, Meta(description="Until the last day; below 0 when it is overdue.")]
    extend_by: Date | None
    hold_until: Moment | None
    outcome: str | None
    reason: str
    regulator: str
    complaint_url: str
    ready_until: Annotated[Moment | None, Meta(description="Until when a copy that is ready can be fetched.")]
    blockers: list[str]
    decision: Annotated[str, Meta(description="The decision that a review is about; empty where none was named.")]


class RequestStates(Struct, frozen=True):
    """Requests, the most urgent first."""

    requests: list[RequestState]


class Law(Struct, frozen=True):
    """The law that counts."""

    regime: str
    name: str
    region: str
    source: str
    checked: Date
    answer: str
    regulator: str
    complaint: str


class StepDone(Struct, frozen=True):
    """One thing that was done."""

    at: Moment
    step: str
    by: str
    reason: str
    detail: dict[str, str | int | bool | None]


class LetterSent(Struct, frozen=True):
    """One letter: which, when, and what became of it; never to whom."""

    letter: str
    language: str
    at: Moment
    state: str
    done: Moment | None


class RequestEvidence(Struct, frozen=True):
    """Everything that was done with a request."""

    request: Number
    right: Right
    state: str
    origin: str
    person: int | None
    outcome: str | None
    reason: str
    received: Moment
    verified: Moment | None
    verified_how: str | None
    held_until: Moment | None
    closed: Moment | None
    due: Date
    paused_days: int
    extended: Moment | None
    law: Law
    steps: list[StepDone]
    letters: list[LetterSent]


@endpoint(
    "POST", "/api/v1/requests", Scope.REQUESTS, may=Act.REQUESTS,
    tag="Requests",
    problems=(NOT_FOUND, CONFLICT, BAD_INPUT),
    once=True,
    example={"right": "access", "email": "amina@example.com", "region": "IT"},
)  # fmt: skip
def open_request(call: Call[OpenRequest]) -> RequestState:
    """Enter what a customer asks for.

    A code goes to the address; nothing is handed out, changed or erased before it came back (`verify`). With `email`
    the answer is the same whether or not anybody is known by it. What cannot be taken back waits a day longer, and a
    notice with a link to stop it goes to every address that is known to be theirs.
    """
    ask = call.ask
    if (ask.user_id is None) == (ask.email is None):
        given = "both" if ask.user_id is not None else "neither"
        says = f"Name the person by exactly one of user_id and email, not {given}."
        raise wrong(Wrong(detail=says, pointer="#/email", expected="user_id or email", found=given))
    try:
        ticket = call.shop.rights.open(
            ask.right,
            address=ask.email,
            who=None if ask.user_id is None else Who(user_id=ask.user_id),
            origin="api",
            region=ask.region,
            language=ask.language,
            wanted=ask.wanted,
        )
    except Conflict as error:  # as many as may wait for codes at one address do
        raise Problem(TOO_MANY, str(error), headers={"Retry-After": "3600"}) from None
    return _state(call.shop.rights.show(ticket.id))


@endpoint("GET", "/api/v1/requests", Scope.REQUESTS, may=Act.REQUESTS, tag="Requests")
def list_requests(call: Call[RequestsRequest]) -> RequestStates:
    """List the open requests, the most urgent first."""
    return RequestStates([_state(one) for one in call.shop.rights.queue(closed=call.ask.closed, limit=call.ask.limit)])


@endpoint("GET", "/api/v1/requests/{id}", Scope.REQUESTS, may=Act.REQUESTS, tag="Requests", problems=(NOT_FOUND,))
def show_request(call: Call[RequestRequest]) -> RequestState:
    """Read how a request goes."""
    return _state(call.shop.rights.show(call.ask.id))


@endpoint(
    "GET", "/api/v1/requests/{id}/evidence", Scope.REQUESTS, may=Act.REQUESTS, tag="Requests", problems=(NOT_FOUND,)
)
def request_evidence(call: Call[RequestRequest]) -> RequestEvidence:
    """Read everything that was done with a request, for whoever audits it; no address, code or link is in it."""
    pack = call.shop.rights.evidence(call.ask.id)
    steps, letters, law = pack.pop("steps"), pack.pop("letters"), pack.pop("law")
    return RequestEvidence(
        **pack,
        law=Law(**law),
        steps=[StepDone(**step) for step in steps],
        letters=[LetterSent(**letter) for letter in letters],
    )


@endpoint(
    "POST", "/api/v1/requests/act", Scope.REQUESTS, may=Act.REQUESTS,
    tag="Requests",
    problems=(NOT_FOUND, CONFLICT, REFUSED, BAD_INPUT),
    example={"request": "d7f3kq2mabcde", "do": "verify", "code": "K7QM-2XPD"},
)  # fmt: skip
def act_on_request(call: Call[ActRequest]) -> RequestState:
    """Do something with a request: verify, pause, resume, extend, clear-contact, refuse or fulfil it.

    `fulfil` is refused until it was shown who asks and the hold is over, whoever asks for it. `pause` and `extend` are
    refused where the law that counts does not know them.
    """
    ask, rights = call.ask, call.shop.rights
    reason = ask.reason or ""
    match ask.do:
        case "send-code":
            rights.send_code_for(ask.request)
            return _state(rights.show(ask.request))
        case "verify":
            return _state(rights.verify_code(ask.request, ask.code or ""))
        case "pause":
            return _state(rights.pause(ask.request, reason))
        case "resume":
            return _state(rights.resume(ask.request))
        case "extend":
            return _state(rights.extend(ask.request, reason))
        case "clear-contact":
            return _state(rights.clear_contact(ask.request, reason))
        case "refuse":
            return _state(rights.refuse(ask.request, reason))
        case "fulfil":
            note, changed = ask.note or "", ask.changed or ""
            return _state(rights.fulfil(ask.request, note=note, by_hand=ask.by_hand, changed=changed))


def _state(status: Status) -> RequestState:
    return RequestState(
        id=status.id,
        right=status.right.value,
        state=status.state,
        is_open=status.is_open,
        regime=status.regime,
        received_at=iso(status.received_at),
        due=status.due,
        days_left=status.days_left,
        extend_by=status.extend_by,
        hold_until=None if status.hold_until is None else iso(status.hold_until),
        outcome=status.outcome,
        reason=status.reason,
        regulator=status.regulator,
        complaint_url=status.complaint_url,
        ready_until=None if status.ready_until is None else iso(status.ready_until),
        blockers=list(status.blockers),
        decision=status.decision,
    )


ENDPOINTS = (open_request, list_requests, show_request, request_evidence, act_on_request)
