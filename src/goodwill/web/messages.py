"""The shapes that go over the wire, as docs and as parsers; what is written here is a promise."""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

Id = Annotated[str, Meta(min_length=1, max_length=256, description="The shop's own id, as it writes it.")]
Name = Annotated[str, Meta(min_length=1, max_length=64)]
Moment = Annotated[
    str, Meta(description="In UTC, as in `2026-11-22T09:30:00Z`.", extra_json_schema={"format": "date-time"})
]
Share = Annotated[float, Meta(ge=0, le=1)]
Mark = Annotated[str, Meta(description="A demo shop says here that it is one; absent in a real shop.")]


# ---- what is asked -----------------------------------------------------------------------------------------------


class Person(Struct, forbid_unknown_fields=True, frozen=True):
    """How a caller names somebody: exactly one of the two."""

    user_id: Id | None = None
    anonymous_id: Id | None = None


class Basket(Struct, forbid_unknown_fields=True, frozen=True):
    """What is known about the moment."""

    basket: Annotated[list[Id], Meta(max_length=255, description="Product ids that are in the basket now.")] = []
    new: (
        Annotated[int, Meta(ge=0, le=100, description="How many of the suggestions shall be new to the person.")] | None
    ) = None


class DecideRequest(Struct, forbid_unknown_fields=True, frozen=True):
    """Whom to choose for, where, and how many; without a person it is what everyone gets."""

    person: Person | None = None
    slot: Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9-]{0,63}$", description="The place in the shop.")] = "home"
    count: Annotated[int, Meta(ge=1, le=100)] = 10
    context: Basket = Basket()


class CanRequest(Struct, forbid_unknown_fields=True, frozen=True):
    """About whom and what for; exactly one of the two ids."""

    purpose: Annotated[Name, Meta(description="A purpose of the register.")]
    user_id: Id | None = None
    anonymous_id: Id | None = None


class HowAsked(Struct, forbid_unknown_fields=True, frozen=True):
    """How the person was asked."""

    how: Annotated[Name, Meta(description="The channel: checkout, account page, phone, till …")] = "api"
    words: Annotated[str, Meta(min_length=1, max_length=2000, description="The words that were shown.")] | None = None
    language: Annotated[str, Meta(pattern="^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$", description="BCP 47.")] | None = None


class ConsentRequest(Struct, forbid_unknown_fields=True, frozen=True):
    """A person's answer about one purpose."""

    person: Person
    purpose: Annotated[Name, Meta(description="A purpose of the register that asks for a choice.")]
    yes: Annotated[bool, Meta(description="False withdraws what was allowed, or else records a refusal.")]
    categories: (
        Annotated[
            list[Name],
            Meta(min_length=1, max_length=64, description="Data categories; all of the purpose's without it."),
        ]
        | None
    ) = None
    notice: Annotated[str, Meta(min_length=1, max_length=256, description="The notice's id and version.")] | None = None
    asked: HowAsked = HowAsked()


class ConsentsRequest(Struct, forbid_unknown_fields=True, frozen=True):
    """Whose lines of the ledger."""

    id: Id


class DecisionsRequest(Struct, forbid_unknown_fields=True, frozen=True):
    """Whose decisions, and how many of the latest."""

    id: Id
    limit: Annotated[int, Meta(ge=1, le=100)] = 20


class WhyRequest(Struct, forbid_unknown_fields=True, frozen=True):
    """Which decision."""

    decision: Annotated[str, Meta(pattern="^[a-z2-7]{13}$", description="The decision's id.")]


# ---- what is answered --------------------------------------------------------------------------------------------


class Because(Struct, frozen=True):
    """One thing that spoke for an item, and the share of its evidence that it carries."""

    text: str
    share: Share


class Item(Struct, frozen=True):
    """One suggestion."""

    product: Annotated[str, Meta(description="The shop's own id of the product to show.")]
    name: str
    item: Annotated[str, Meta(description="What the models count: the product, its type or its category.")]
    kind: Annotated[str, Meta(description="`usual`, `new` or `everyone`.")]
    because: list[Because]
    covered: Annotated[Share, Meta(description="The share of the evidence that the reasons carry together.")]


class DecideAnswer(Struct, frozen=True):
    """What was chosen, from which data, and why."""

    decision: Annotated[str, Meta(description="The decision's id.")]
    personalised: Annotated[bool, Meta(description="False: this is what everyone gets, and `reason` says why.")]
    purpose: str
    used: Annotated[list[str], Meta(description="The data categories that the choice rests on.")]
    withheld: Annotated[list[str], Meta(description="Those that the person did not allow.")]
    items: list[Item]
    arm: Annotated[str, Meta(description="The experiment arm; `all` while no experiment runs.")]
    why_url: Annotated[str, Meta(description="Where this decision can be read again.")]
    slot: str
    at: Moment
    reason: (
        Annotated[str, Meta(description="Why it is not personalised: never-asked, refused, withdrawn …")] | UnsetType
    ) = UNSET
    watermark: Mark | UnsetType = UNSET
    notes: Annotated[list[str], Meta(description="What was noticed and not acted on.")] | UnsetType = UNSET


class Standing(Struct, frozen=True):
    """How a purpose stands for one data category."""

    category: str
    allowed: bool
    reason: Annotated[
        str, Meta(description="allowed, never-asked, refused, withdrawn, expired, objected, purpose-expired")
    ]
    since: Moment | None
    position: int
    until: Moment | None


class CanAnswer(Struct, frozen=True):
    """Whether a purpose is allowed for a person, and which row of the ledger says so."""

    allowed: bool
    basis: str
    reason: str
    since: Moment | None
    position: Annotated[int, Meta(ge=0, description="The row of the consent ledger; 0 if there is none.")]
    categories: list[Standing]
    watermark: Mark | UnsetType = UNSET


class Receipt(Struct, frozen=True):
    """What the ledger wrote down."""

    purpose: str
    categories: list[str]
    state: Annotated[str, Meta(description="`given`, `refused` or `withdrawn`")]
    positions: Annotated[list[int], Meta(description="The rows of the consent ledger, one per category.")]
    said_at: Moment
    recorded_at: Moment
    until: Moment | None
    notice: str | None
    watermark: Mark | UnsetType = UNSET


class Line(Struct, frozen=True):
    """One row of the consent ledger."""

    position: int
    purpose: str
    category: str
    state: str
    said_at: Moment
    recorded_at: Moment
    until: Moment | None
    evidence: Annotated[str, Meta(description="`proven`, `claimed` or `none`")]
    notice: str | None
    asked: dict[str, str]
    refers: Annotated[int, Meta(description="The row that this one takes back.")] | None


class Consents(Struct, frozen=True):
    """A person's rows of the consent ledger, oldest first."""

    consents: list[Line]
    watermark: Mark | UnsetType = UNSET


class Decisions(Struct, frozen=True):
    """A person's decisions, latest first."""

    decisions: list[DecideAnswer]
    watermark: Mark | UnsetType = UNSET


class Alive(Struct, frozen=True):
    """The process is there."""

    status: str
    version: str


class Ready(Struct, frozen=True):
    """Requests can be answered. What is missing otherwise stands in a problem document."""

    ready: bool
