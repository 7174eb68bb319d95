"""Explanations over HTTP: a decision for the customer, for staff or an auditor; and whether the reasons are true."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType, field

from goodwill.basics.clock import iso
from goodwill.basics.errors import NotFound
from goodwill.decide.plan import NAME
from goodwill.measure.share import Share as Measured
from goodwill.shop import Shop
from goodwill.shop.explained import ForCustomer, Told
from goodwill.shop.explaining import ForStaff
from goodwill.shop.faithfulness import WANTED, Faithfulness
from goodwill.shop.other_ways import TARGETS, document
from goodwill.shop.telling import language_of
from goodwill.staff import Act
from goodwill.web import answers
from goodwill.web.desk import Call, endpoint
from goodwill.web.messages import DecideAnswer, Line, Mark, Moment, Share
from goodwill.web.problems import NOT_FOUND
from goodwill.web.store import Scope

For = Literal["customer", "staff", "auditor"]


class ExplanationRequest(Struct, forbid_unknown_fields=True, frozen=True):
    """Which decision, and for whom it is explained."""

    id: Annotated[
        str,
        Meta(
            pattern="^[a-z2-7]{13}$",
            description="The decision's id.",
            extra={"words": "the 13 small letters and digits of a decision's id"},
        ),
    ]
    whom: Annotated[For, Meta(description="Who reads it.")] = field(name="for", default="customer")
    language: Annotated[
        str, Meta(max_length=20, description="Of what a customer reads; else the shop's own.")
    ] = ""  # fmt: skip


class Spoke(Struct, frozen=True):
    """A reason in the customer's words, and the share of what spoke for the item."""

    text: str
    share: Share


class ToldItem(Struct, frozen=True):
    """One item as the customer is told of it."""

    product: str
    name: str
    kind: Annotated[
        str,
        Meta(description="`usual`, `new`, `companion`, `told`, `everyone`; of content and offers also `fitting`."),
    ]
    because: list[Spoke]
    against: Annotated[list[str], Meta(description="What counted against it.")]
    instead: Annotated[str, Meta(description="What would have made a difference; empty where nothing alone would.")]
    covered: Annotated[Share, Meta(description="The share of the evidence that the reasons carry together.")]
    untold: (
        Annotated[str, Meta(description="That the reasons are not all that spoke for it, where they are not.")]
        | UnsetType
    ) = UNSET
    rule: Annotated[str, Meta(description="Of an offer: who gets what, and until when.")] | UnsetType = UNSET
    prices: Annotated[list[str], Meta(description="What an offer makes of prices.")] | UnsetType = UNSET
    label: Annotated[str, Meta(description="What has to be said of a price that is not everybody's.")] | UnsetType = (
        UNSET
    )


class InWords(Struct, frozen=True):
    """A decision as the customer is told of it."""

    language: str
    text: Annotated[str, Meta(description="All of it in at most 40 words.")]
    items: list[ToldItem]
    rules: Annotated[list[str], Meta(description="What our rules did to it, in a sentence each.")]


class OnTheScales(Struct, frozen=True):
    """One thing that was weighed."""

    what: str
    weight: Annotated[float, Meta(description="Its summand of the score; below 0: it counted against.")]
    told: Annotated[bool, Meta(description="Whether a customer is told of it.")]


class WeighedItem(Struct, frozen=True):
    """All that was weighed for one item."""

    product: str
    kind: str
    score: float
    weighed: list[OnTheScales]
    covered: Share
    adds_up: Annotated[bool, Meta(description="Whether the summands give the score that was written down.")]


class Otherwise(Struct, frozen=True):
    """The fewest orders, or the answer, without which an item would not have been shown."""

    product: str
    without: Annotated[str, Meta(description="What they bought that carried it, or their answer to what they like.")]
    orders: Annotated[int, Meta(description="0 where it is that answer.")]
    latest: Annotated[bool, Meta(description="Only the latest orders of it; else all.")]
    seen: Annotated[str, Meta(description="What would have been shown in its place; empty where nothing would.")]


class Weighing(Struct, frozen=True):
    """A decision as staff see it."""

    decision: DecideAnswer
    consents: Annotated[list[Line], Meta(description="The rows of the ledger that allowed what was used.")]
    cannot: Annotated[str, Meta(description="Why it cannot be worked out any more; empty where it was.")]
    items: list[WeighedItem]
    instead: list[Otherwise]
    moved_at_most: Annotated[
        float | None, Meta(description="How far their data move the shared model; null where they are not in it.")
    ]


class Explanation(Struct, frozen=True):
    """A decision, explained to one kind of reader; exactly one of the three last is there."""

    decision: str
    whom: For = field(name="for")
    customer: InWords | UnsetType = UNSET
    staff: Weighing | UnsetType = UNSET
    auditor: (
        Annotated[
            dict[str, Any],
            Meta(description="The record, the consents, what came of making it again, and what was weighed."),
        ]
        | UnsetType
    ) = UNSET
    watermark: Mark | UnsetType = UNSET


class ShareMeasured(Struct, frozen=True):
    """A share with its 95 % interval (Wilson)."""

    value: Annotated[Share | None, Meta(description="Null where nothing was tried.")]
    low: Share
    high: Share
    n: Annotated[int, Meta(ge=0, description="How many reasons were tried.")]
    true: Annotated[int, Meta(ge=0, description="How many of them were true.")]


class FaithfulnessRequest(Struct, forbid_unknown_fields=True, frozen=True):
    """The figure of the last night."""


class FaithfulnessAnswer(Struct, frozen=True):
    """How many of the reasons that were told are true: without what a reason cites, the item must fall."""

    measured: Moment
    decisions: Annotated[int, Meta(ge=0, description="Personalised lists of products of the day that were drawn.")]
    anew: Annotated[
        int, Meta(ge=0, description="Of these, asked anew of today's models, as their own are gone, and tried on that.")
    ]
    all: ShareMeasured
    kinds: Annotated[
        dict[str, ShareMeasured],
        Meta(description="`usual`, `new`, `companion`, `told` and `fitting` (content and offers) apart."),
    ]
    untried: Annotated[
        dict[str, int],
        Meta(
            description="Decisions that could not be tried: `taken-back`; `differs`: made again, it was another; "
            "`changed`: it cannot be made again from what was written down."
        ),
    ]  # fmt: skip
    wanted: Share
    enough: Annotated[
        bool | None,
        Meta(description="Null where fewer than 30 reasons were tried, or more than 20 % of the decisions were not."),
    ]
    seed: int
    watermark: Mark | UnsetType = UNSET


@endpoint(
    "GET",
    "/api/v1/decisions/{id}/explanation",
    Scope.READ,
    may=Act.READ,
    tag="Decide",
    problems=(NOT_FOUND,),
    within=30,
)
def explain(call: Call[ExplanationRequest]) -> Explanation:
    """Explain a decision: to the customer in at most 40 words, to staff in full, or to an auditor.

    `for=staff` has everything that was weighed, also what counted against, and the rows of the consent ledger.
    `for=auditor` makes the decision again and says whether it came out byte for byte. What she or somebody else took
    back since is not used for that: then it says so, and gives the record as it was written.
    """
    return explanation(call.shop, call.ask.id, call.ask.whom, call.ask.language)


@endpoint("GET", "/api/v1/measures/faithfulness", Scope.READ, may=Act.READ, tag="Measures", problems=(NOT_FOUND,))
def faithfulness(call: Call[FaithfulnessRequest]) -> FaithfulnessAnswer:
    """Read how many of the reasons that were told are true, as it was measured last; it is measured each night."""
    found = call.shop.faithful.latest()
    if found is None:
        raise NotFound("It was not measured yet. It is each night, or now with: goodwill explain faithfulness --now")
    return measured(call.shop, found)


class OtherWayRequest(Struct, forbid_unknown_fields=True, frozen=True):
    """Which slot, and which other way of drawing."""

    slot: Annotated[
        str,
        Meta(
            pattern=NAME,
            description="A slot for content or offers.",
            extra={"words": "a slot for content or offers, as goodwill slot list names it"},
        ),
    ]
    target: Annotated[str, Meta(max_length=80, description=f"One of: {TARGETS}.")] = "uniform"
    days: Annotated[int, Meta(ge=1, le=730, description="From decisions of so many days.")] = 90


class OtherWay(Struct, frozen=True):
    """An estimate of what a decision would have brought, in rewards, with its 95 % interval."""

    value: float
    low: float | None
    high: float | None
    error: float | None


class OtherWayAnswer(Struct, frozen=True):
    """What another way of drawing would have brought; the estimates are null where a reason speaks against them."""

    slot: str
    target: str
    refused: str
    brought: Annotated[float | None, Meta(description="What a decision really brought, on average, in rewards.")]
    snips: OtherWay | None
    dr: OtherWay | None
    ips: OtherWay | None
    one: Annotated[int, Meta(description="What a reward of 1 is, in minor units.")]
    decisions: Annotated[int, Meta(ge=0)]
    people: Annotated[int, Meta(ge=0)]
    left_out: Annotated[int, Meta(ge=0, description="People who do not allow today that it is learned from.")]
    ess: Annotated[float, Meta(ge=0, description="How many decisions the weighted ones are worth.")]
    rewards_worth: Annotated[float, Meta(ge=0, description="How many rewards the weighted ones are worth.")]
    mean_weight: Annotated[float, Meta(ge=0, description="Near 1 where the chances that were written down are true.")]
    largest: Annotated[Share, Meta(description="The share of all weight that the heaviest decision has.")]
    watermark: Mark | UnsetType = UNSET


@endpoint(
    "GET", "/api/v1/measures/offpolicy", Scope.READ, may=Act.PLAN, tag="Measures", problems=(NOT_FOUND,), within=120
)
def offpolicy(call: Call[OtherWayRequest]) -> OtherWayAnswer:
    """Judge another way of drawing content or offers from the shop's own decisions, before anybody meets it."""
    told = document(call.shop.other_way(call.ask.slot, call.ask.target, days=call.ask.days))
    mark = answers.mark(call.shop)
    return msgspec.structs.replace(msgspec.convert(told, OtherWayAnswer), watermark=mark)


def explanation(shop: Shop, decision: str, whom: For, language: str = "") -> Explanation:
    """A decision for one kind of reader. Raises NotFound: there is none of that name."""
    mark = answers.mark(shop)
    match whom:
        case "customer":
            spoken = language_of(shop.settings.language, language)
            told = shop.explaining.for_customer(shop.explain(decision), spoken)
            return Explanation(decision, whom, customer=_in_words(told), watermark=mark)
        case "staff":
            return Explanation(
                decision, whom, staff=_weighing(shop, shop.explaining.for_staff(decision)), watermark=mark
            )
        case "auditor":
            return Explanation(decision, whom, auditor=shop.explaining.for_auditor(decision), watermark=mark)


def _in_words(told: ForCustomer) -> InWords:
    return InWords(told.language, told.text, [_item(one) for one in told.items], list(told.rules))


def _item(one: Told) -> ToldItem:
    because = [Spoke(text, round(share, 4)) for text, share in one.reasons]
    return ToldItem(one.product, one.name, one.kind, because, list(one.against), one.instead, round(one.covered, 4),
                    one.untold or UNSET, one.rule or UNSET, list(one.prices) or UNSET, one.label or UNSET)  # fmt: skip


def _weighing(shop: Shop, seen: ForStaff) -> Weighing:
    account = seen.account
    return Weighing(
        decision=answers.decision(shop, seen.made),
        consents=[answers.line(row) for row in seen.consents],
        cannot=seen.cannot,
        items=msgspec.convert(account.scales if account else (), list[WeighedItem], from_attributes=True),
        instead=msgspec.convert(account.instead if account else (), list[Otherwise], from_attributes=True),
        moved_at_most=account.moved_at_most if account else None,
    )


def measured(shop: Shop, found: Faithfulness) -> FaithfulnessAnswer:
    """What came of the last time, as it goes over the wire."""
    return FaithfulnessAnswer(
        measured=iso(found.at),
        decisions=found.decisions,
        anew=found.anew,
        all=_share(found.all),
        kinds={kind: _share(one) for kind, one in found.kinds.items()},
        untried=found.untried,
        wanted=WANTED,
        enough=found.enough,
        seed=found.seed,
        watermark=answers.mark(shop),
    )


def _share(one: Measured) -> ShareMeasured:
    return ShareMeasured(
        round(one.value, 4) if one.of else None, round(one.low, 4), round(one.high, 4), one.of, one.hits
    )


ENDPOINTS = (explain, faithfulness, offpolicy)
