"""The shapes that go over the wire, as docs and as parsers; what is written here is a promise."""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

from goodwill.basics.language import TAG

Id = Annotated[str, Meta(min_length=1, max_length=256, description="The shop's own id, as it writes it.")]
Name = Annotated[str, Meta(min_length=1, max_length=64)]
Moment = Annotated[
    str, Meta(description="In UTC, as in `2026-11-22T09:30:00Z`.", extra_json_schema={"format": "date-time"})
]
Cursor = Annotated[
    str, Meta(min_length=1, max_length=64, description="From the `Link` of the page before; its inside may change.")
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
    viewing: Annotated[list[Id], Meta(max_length=50, description="Product ids that the page shows just now.")] = []
    personal: Annotated[bool, Meta(description="False: this once nothing is chosen from the person's data.")] = True
    new: (
        Annotated[int, Meta(ge=0, le=100, description="How many of the suggestions shall be new to the person.")] | None
    ) = None
    region: Annotated[
        str,
        Meta(
            pattern="^([A-Z]{2}(-[A-Z0-9]{1,3})?)?$",
            description="Where the page is read, for what must be said of prices; the shop's own unless given.",
            extra={"words": "two capitals such as IT, or with a part of the country US-NY"},
        ),
    ] = ""
    language: Annotated[
        str,
        Meta(
            pattern=f"^({TAG})?$",
            description="Of the page, for content that is written in one language; the shop's own unless given.",
            extra={"words": "a language code such as de or en-GB"},
        ),
    ] = ""


class DecideRequest(Struct, forbid_unknown_fields=True, frozen=True):
    """Whom to choose for, where, and how many; without a person it is what everyone gets."""

    person: Person | None = None
    slot: Annotated[
        str,
        Meta(
            pattern="^[a-z0-9][a-z0-9-]{0,63}$",
            description="The place in the shop.",
            extra={"words": "1 to 64 small letters, digits and hyphens, such as product-page"},
        ),
    ] = "home"
    count: Annotated[int, Meta(ge=1, le=100, description="As the slot says unless given.")] | None = None
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
    language: (
        Annotated[
            str,
            Meta(
                pattern=f"^{TAG}$",
                description="BCP 47.",
                extra={"words": "a language code such as en or de-CH"},
            ),
        ]
        | None
    ) = None
    confirmed_at: (
        Annotated[
            str,
            Meta(
                pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)$",
                description="For news by mail: when the address was confirmed to your system (double opt-in).",
                extra={"words": "a moment with its zone, such as 2026-11-22T09:30:00Z"},
                extra_json_schema={"format": "date-time"},
            ),
        ]
        | None
    ) = None


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
    notice: (
        Annotated[
            str,
            Meta(
                min_length=1,
                max_length=256,
                description="One of the shop's, such as `banner@2`; another system's needs `asked.words` beside it.",
            ),
        ]
        | None
    ) = None
    asked: HowAsked = HowAsked()
    snapshot: (
        Annotated[
            str,
            Meta(
                min_length=1,
                max_length=2000,
                description="From GET /api/v1/notices/current: proves what was shown; `notice` is left out.",
            ),
        ]
        | None
    ) = None


class ConsentsRequest(Struct, forbid_unknown_fields=True, frozen=True, rename={"after": "cursor"}):
    """Whose lines of the ledger, and which page of them."""

    id: Id
    limit: Annotated[int, Meta(ge=1, le=1000, description="How many at once.")] = 100
    after: Cursor | None = None


class DecisionsRequest(Struct, forbid_unknown_fields=True, frozen=True, rename={"after": "cursor"}):
    """Whose decisions, and which page of them."""

    id: Id
    limit: Annotated[int, Meta(ge=1, le=100, description="How many at once.")] = 20
    after: Cursor | None = None


class ExportRequest(Struct, forbid_unknown_fields=True, frozen=True):
    """Whose own copy, and in which form."""

    id: Id
    format: Annotated[
        Literal["json", "csv", "pdf"],
        Meta(description="`json`, `csv` (a ZIP with a file per heading) or `pdf` (to read and print)."),
    ] = "json"
    approval: Annotated[str, Meta(max_length=40, description="Of staff, beyond a few people in 24 hours.")] = ""


class WhyRequest(Struct, forbid_unknown_fields=True, frozen=True):
    """Which decision."""

    decision: Annotated[
        str,
        Meta(
            pattern="^[a-z2-7]{13}$",
            description="The decision's id.",
            extra={"words": "the 13 small letters and digits of a decision's id"},
        ),
    ]


class KindRequest(Struct, forbid_unknown_fields=True, frozen=True):
    """Which kind of problem."""

    kind: Annotated[str, Meta(description="The last part of a problem's `type`.")]


# ---- what is answered --------------------------------------------------------------------------------------------


class Because(Struct, frozen=True):
    """One thing that spoke for an item, and the share of its evidence that it carries."""

    text: str
    share: Share


class OfferPrice(Struct, frozen=True):
    """What a product costs in an offer, in minor units; the saving is counted from the lowest public price."""

    product: str
    name: str
    public: Annotated[int, Meta(ge=0, description="What it costs without the offer.")]
    lowest: Annotated[int, Meta(ge=0, description="The lowest public price of the last 30 days.")]
    price: Annotated[int, Meta(ge=0, description="With the offer; below both.")]
    currency: str


class PlacedThing(Struct, frozen=True):
    """What else is shown of a content or an offer."""

    text: str
    link: str
    image: str
    chance: Annotated[Share, Meta(description="With which it was drawn among what might stand in its place.")]
    propensity: Annotated[Share, Meta(description="The same, times the chance of the experiment's arm.")]
    rule: Annotated[str, Meta(description="Who gets the offer, as it is published.")] | UnsetType = UNSET
    until: Annotated[str, Meta(description="Its last day, such as `2026-12-24`.")] | UnsetType = UNSET
    code: (
        Annotated[str, Meta(description="With it whoever meets the rule gets it at the till, whatever she allows.")]
        | UnsetType
    ) = UNSET
    prices: list[OfferPrice] | UnsetType = UNSET
    label: Annotated[str, Meta(description="What has to stand beside a price that is not everybody's.")] | UnsetType = (
        UNSET
    )


class Item(Struct, frozen=True):
    """One suggestion: a product or, in other slots, a content or an offer."""

    product: Annotated[
        str, Meta(description="The shop's own id of the product to show; the name of a content or an offer.")
    ]
    name: str
    item: Annotated[str, Meta(description="What the models count: the product, its type or its category.")]
    kind: Annotated[
        str,
        Meta(
            description="`usual`, `new`, `companion`, `told` or `everyone`; of content and offers `fitting` or "
            "`everyone`."
        ),
    ]
    because: list[Because]
    covered: Annotated[Share, Meta(description="The share of the evidence that the reasons carry together.")]
    placed: PlacedThing | UnsetType = UNSET


class Guardrail(Struct, frozen=True):
    """What a rule did to this decision, and to how many items."""

    rule: Annotated[str, Meta(description="sensitive, tells-of-sensitive, unwanted, in-basket, resting, care …")]
    does: Annotated[str, Meta(description="`denied`, `limited` or `disclosed`.")]
    count: Annotated[int, Meta(ge=0)]


class DecideAnswer(Struct, frozen=True):
    """What was chosen, from which data, and why."""

    decision: Annotated[str, Meta(description="The decision's id.")]
    personalised: Annotated[bool, Meta(description="False: this is what everyone gets, and `reason` says why.")]
    purpose: str
    used: Annotated[list[str], Meta(description="The data categories that the choice rests on.")]
    withheld: Annotated[list[str], Meta(description="Those that the person did not allow.")]
    items: list[Item]
    arm: Annotated[
        str, Meta(description="The experiment arm; `all` while no experiment runs, `holdout` for who is left out.")
    ]
    why_url: Annotated[
        str,
        Meta(
            description="The customer's page of this decision, for whoever has the link: the reasons, and less, never, "
            "wrong, ask a human. It opens nothing after 90 days."
        ),
    ]
    slot: str
    at: Moment
    unused: Annotated[list[str], Meta(description="Categories that the person allows and the choice left alone.")]
    guardrails: Annotated[list[Guardrail], Meta(description="What rules kept back or disclosed, in their order.")]
    experiment: Annotated[str, Meta(description="The experiment that the arm belongs to.")] | UnsetType = UNSET
    propensity: (
        Annotated[float, Meta(ge=0, le=1, description="The chance with which somebody is in this arm.")] | UnsetType
    ) = UNSET
    reason: (
        Annotated[str, Meta(description="Why it is not personalised: never-asked, refused, withdrawn …")] | UnsetType
    ) = UNSET
    watermark: Mark | UnsetType = UNSET
    notes: Annotated[list[str], Meta(description="What else was noticed or done, such as a signal.")] | UnsetType = (
        UNSET
    )


class Standing(Struct, frozen=True):
    """How a purpose stands for one data category."""

    category: str
    allowed: bool
    reason: Annotated[
        str, Meta(description="allowed, never-asked, requested, refused, withdrawn, expired, objected, purpose-expired")
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
    notes: (
        Annotated[
            list[str], Meta(description="Why, in a sentence; what else was done, such as a signal that was honoured.")
        ]
        | UnsetType
    ) = UNSET


class Receipt(Struct, frozen=True):
    """What the ledger wrote down."""

    purpose: str
    categories: list[str]
    state: Annotated[
        str,
        Meta(description="`given`, `renewed`, `refused`, `withdrawn`, or `requested`: to be confirmed by mail"),
    ]
    positions: Annotated[list[int], Meta(description="The rows of the consent ledger, one per category.")]
    said_at: Moment
    recorded_at: Moment
    until: Moment | None
    notice: str | None
    watermark: Mark | UnsetType = UNSET
    notes: (
        Annotated[list[str], Meta(description="What else was done, such as a signal that was honoured.")] | UnsetType
    ) = UNSET


class Line(Struct, frozen=True):
    """One row of the consent ledger."""

    position: int
    purpose: str
    category: str
    state: str
    said_at: Annotated[Moment, Meta(description="Null where it came from a file that gave no time.")] | None
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


class KnownAs(Struct, frozen=True):
    """One way in which the shop knows somebody, in clear."""

    kind: str
    value: str


class Event(Struct, frozen=True):
    """One thing that happened."""

    what: str
    category: Annotated[str, Meta(description="The data category that it belongs to.")]
    at: Moment
    product: Annotated[str, Meta(description="The shop's own id of the product.")] | UnsetType = UNSET
    name: str | UnsetType | None = UNSET
    quantity: float | UnsetType = UNSET
    amount: Annotated[str, Meta(description="In the currency's main unit: `3.40`.")] | UnsetType = UNSET
    currency: str | UnsetType = UNSET
    order_code: (
        Annotated[str, Meta(description="The same for all lines of an order; goodwill's own, not the shop's number.")]
        | UnsetType
    ) = UNSET
    decision: Annotated[str, Meta(description="The decision's id.")] | UnsetType = UNSET
    detail: Annotated[Any, Meta(description="The rest, such as a whole decision.")] | UnsetType = UNSET
    by_import: Annotated[int, Meta(description="The number of the import that brought it.")] | UnsetType = UNSET


class Holding(Struct, frozen=True):
    """How much one table holds, since when, and how long it is kept."""

    what: str
    rows: int
    since: Moment | None
    until: Moment | None
    kept: str


class Look(Struct, frozen=True):
    """On one day, one purpose read this person's data so many times."""

    purpose: str
    data: list[str]
    by: Annotated[str, Meta(description="`one`, `each`, `own`: how it was read.")]
    times: int
    first: Moment
    last: Moment
    position: Annotated[int, Meta(description="The last row of the consent ledger by then.")]


class StaffLook(Struct, frozen=True):
    """What staff, or a program of the shop's, did about this person on one day."""

    day: Annotated[str, Meta(extra_json_schema={"format": "date"})]
    who: Annotated[str, Meta(description="A role, `command line` or `program`; never a name.")]
    what: Annotated[str, Meta(description="Such as `person.reveal`: looked at names and addresses in clear.")]
    times: int


class FileRead(Struct, frozen=True):
    """A file of the shop's that told something about her, or changed it."""

    import_: Annotated[int, Meta(description="The number of the import.")] = field(name="import")
    file: str
    at: Moment
    taken_back: Annotated[bool, Meta(description="Whether the import was undone since.")]
    brought: Annotated[dict[str, int], Meta(description="How many events by category, and rows by table.")]


class TotalOfMany(Struct, frozen=True):
    """A total over many people that counts her."""

    total: str
    purpose: str
    people_at_least: Annotated[int, Meta(description="How many people it counts at least; a multiple of ten.")]
    you_since_at_the_earliest: (
        Annotated[str, Meta(description="From when on it can have counted her: yes noted, something happened.")] | None
    )
    something_of_yours_in_it: Annotated[bool, Meta(description="Whether anything that happened went into it yet.")]
    as_of: Moment


class OwnCopy(Struct, frozen=True):
    """A person's own copy: all that is held about her, in clear."""

    shop: str
    made_at: Moment
    zone: str
    person: Annotated[int, Meta(description="goodwill's own number for her.")]
    known_as: list[KnownAs]
    profile: dict[str, str]
    held: Annotated[list[Holding], Meta(description="How much is held, under which heading.")]
    events: Annotated[list[Event], Meta(description="What happened, in the order in which it was written down.")]
    consents: list[Line]
    reads: Annotated[list[Look], Meta(description="Who looked, and what for.")]
    staff: Annotated[list[StaffLook], Meta(description="What staff did about this person, by day.")]
    files: Annotated[list[FileRead], Meta(description="The files of the shop's that told of her or changed her.")]
    totals: Annotated[list[TotalOfMany], Meta(description="The totals that count her.")]
    more: Annotated[
        dict[str, list[dict[str, str | int | float | bool]]], Meta(description="All else, by heading: a line per row.")
    ]
    purposes: Annotated[dict[str, str], Meta(description="What each purpose is for, in a sentence.")]
    notes: list[str] | UnsetType = UNSET
    watermark: Mark | UnsetType = UNSET


class Alive(Struct, frozen=True):
    """The process is there."""

    status: str
    version: str


class Ready(Struct, frozen=True):
    """Requests can be answered. What is missing otherwise stands in a problem document."""

    ready: bool
    quarantine: (
        Annotated[str, Meta(description="Why the consent ledger is not believed; absent while it is.")] | UnsetType
    ) = UNSET
