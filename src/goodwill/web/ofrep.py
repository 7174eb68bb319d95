"""Slots as flags, for every OpenFeature library: the OpenFeature Remote Evaluation Protocol (OFREP 0.2).

A slot's flag has the same answer as a decision: what was chosen, `personal` or `everyone` as its variant, and why in
its metadata. What a library knows of its user beyond the words below is passed over and kept nowhere.
"""

import hashlib
import re
from collections.abc import Sequence
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from goodwill.decide.choose import Context
from goodwill.decide.decision import Decision
from goodwill.shop import Who
from goodwill.shop.deciding import Question
from goodwill.staff import Act
from goodwill.web import answers
from goodwill.web.api import honour
from goodwill.web.desk import Call, Unchanged, decided, endpoint
from goodwill.web.messages import Id, Item
from goodwill.web.problems import MALFORMED, NOT_FOUND, Problem
from goodwill.web.store import Scope
from goodwill.web.together import Asking

_SLOT: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_SLOTS: Final = 20


class Moment(Struct, frozen=True, rename="camel"):
    """What OpenFeature calls the evaluation context; other words in it are passed over."""

    targeting_key: Annotated[Id, Meta(description="Your own id of the user; without it nobody is named.")] | None = None
    anonymous: Annotated[bool, Meta(description="The targeting key is a device's id.")] = False
    basket: Annotated[list[Id], Meta(max_length=255, description="Product ids that are in the basket now.")] = []
    viewing: Annotated[list[Id], Meta(max_length=50, description="Product ids that the page shows just now.")] = []
    personal: Annotated[bool, Meta(description="False: this once nothing is chosen from the person's data.")] = True
    count: Annotated[int, Meta(ge=1, le=100, description="As the slot says unless given.")] | None = None
    region: Annotated[str, Meta(max_length=6, description="Where the page is read, such as IT or US-NY.")] = ""
    language: Annotated[str, Meta(max_length=35, description="Of the page.")] = ""
    slots: Annotated[
        tuple[str, ...], Meta(max_length=_SLOTS, description="Which slots, where all flags are asked for at once.")
    ] = ("home",)


class EvaluateRequest(Struct, frozen=True):
    """Whom to choose for, and what is known of the moment."""

    context: Moment = Moment()


class Chosen(Struct, frozen=True):
    """The value of a flag."""

    items: list[Item]


class Why(Struct, frozen=True):
    """What stands beside a flag; each is a text or a truth value."""

    decision: Annotated[str, Meta(description="The decision's id.")]
    consent: Annotated[str, Meta(description="allowed; or why nothing personal was chosen: never-asked, refused …")]
    purpose: str
    used: Annotated[str, Meta(description="The data categories that it rests on, with blanks between.")]
    why_url: str
    arm: str


class Flag(Struct, frozen=True):
    """A slot, evaluated."""

    key: str
    value: Chosen
    variant: Annotated[str, Meta(description="personal, or everyone.")]
    reason: Annotated[str, Meta(description="TARGETING_MATCH where it is personal, else DEFAULT.")]
    metadata: Why


class Flags(Struct, frozen=True):
    """Several slots, evaluated."""

    flags: list[Flag]


def _one_slot(call: Call[EvaluateRequest]) -> Asking:
    slot = str(call.letter.path["key"])
    if not _SLOT.fullmatch(slot):
        said = f"'{slot[:64]}' is no name of a slot: 1 to 64 small letters, digits and hyphens, such as product-page."
        raise Problem(NOT_FOUND, said, more=_failed(slot[:64], "FLAG_NOT_FOUND", said))
    who = _who(call.ask.context)
    honour(call, who)
    return Asking([_question(call, who, slot)], lambda decisions: _flag(call, slot, decisions[0]))


@endpoint(
    "POST", "/ofrep/v1/evaluate/flags/{key}", Scope.DECIDE, may=Act.SUGGEST,
    tag="Decide", problems=(NOT_FOUND,), within=5, asking=_one_slot,
    fault=lambda letter, problem: _unread(problem, str(letter.path["key"])),
    example={"context": {"targetingKey": "amina", "count": 4, "basket": ["P1"]}},
)  # fmt: skip
def evaluate_slot(call: Call[EvaluateRequest]) -> Flag:
    """Evaluate a slot as an OpenFeature flag.

    Any OpenFeature library with an OFREP provider reads a slot this way: the value is an object with `items`, as in
    POST /api/v1/decide. Where the person allows nothing, or nobody is named, it is what everyone gets: the reason is
    `DEFAULT`, and `metadata.consent` says why. A key that is no name of a slot is `FLAG_NOT_FOUND`.
    """
    return decided(call, _one_slot(call), Flag)


def _several_slots(call: Call[EvaluateRequest]) -> Asking:
    slots = list(dict.fromkeys(call.ask.context.slots))
    if wrong := [slot for slot in slots if not _SLOT.fullmatch(slot)]:
        said = f"'{wrong[0][:64]}' in `slots` is no name of a slot: 1 to 64 small letters, digits and hyphens."
        raise Problem(MALFORMED, said, more=_failed(wrong[0][:64], "INVALID_CONTEXT", said))
    who = _who(call.ask.context)
    honour(call, who)

    def tell(decisions: Sequence[Decision]) -> Flags:
        flags = Flags([_flag(call, slot, decision) for slot, decision in zip(slots, decisions, strict=True)])
        tag = f'"{_tag(flags)}"'
        call.letter.notes.headers["ETag"] = tag
        if call.letter.header(b"if-none-match") == tag:
            raise Unchanged
        return flags

    return Asking([_question(call, who, slot) for slot in slots], tell)


@endpoint(
    "POST", "/ofrep/v1/evaluate/flags", Scope.DECIDE, may=Act.SUGGEST,
    tag="Decide", within=10, asking=_several_slots, fault=lambda _, problem: _unread(problem),
    example={"context": {"targetingKey": "amina", "slots": ["home", "product-page"]}},
)  # fmt: skip
def evaluate_slots(call: Call[EvaluateRequest]) -> Flags:
    """Evaluate several slots as OpenFeature flags at once.

    Those that the context names in `slots`; `home` where it names none. The answer has an `ETag`; where the next one
    would say the same, and the request shows it as `If-None-Match`, 304 says so. Each look is a decision all the same.
    """
    return decided(call, _several_slots(call), Flags)


def _question(call: Call[EvaluateRequest], who: Who | None, slot: str) -> Question:
    moment = call.ask.context
    context = Context(
        tuple(moment.basket), tuple(moment.viewing), None, moment.personal, moment.region, moment.language
    )
    return Question(who, slot, moment.count, context)


def _who(moment: Moment) -> Who | None:
    if not moment.targeting_key:
        return None
    return Who(anonymous_id=moment.targeting_key) if moment.anonymous else Who(user_id=moment.targeting_key)


def _flag(call: Call[Any], slot: str, decision: Decision) -> Flag:
    call.metrics.note_decision(personalised=decision.personalised, reason=decision.reason)
    shown = answers.decision(call.shop, decision, language=call.ask.context.language)
    why = Why(
        shown.decision, decision.reason or "allowed", shown.purpose, " ".join(shown.used), shown.why_url, shown.arm
    )
    variant, reason = ("personal", "TARGETING_MATCH") if decision.personalised else ("everyone", "DEFAULT")
    return Flag(slot, Chosen(shown.items), variant, reason, why)


def _tag(flags: Flags) -> str:
    """Of what is shown and why; not of the number that each decision has."""
    shown = [(one.key, one.value, one.variant, one.metadata.consent, one.metadata.used) for one in flags.flags]
    return hashlib.sha256(msgspec.json.encode(shown)).hexdigest()[:32]


def _unread(problem: Problem, key: str = "") -> Problem:
    """What was sent and cannot be read, as the protocol tells it: always 400, with its own code."""
    code = "PARSE_ERROR" if problem.kind is MALFORMED else "INVALID_CONTEXT"
    details = "; ".join(one.detail for one in problem.errors) or problem.detail
    more = {**({"key": key[:64]} if key else {}), "errorCode": code, "errorDetails": details}
    return Problem(MALFORMED, problem.detail, errors=problem.errors, more=more)


def _failed(key: str, code: str, details: str) -> dict[str, str]:
    return {"key": key, "errorCode": code, "errorDetails": details}


ENDPOINTS = (evaluate_slot, evaluate_slots)
