"""What the shop decided about choosing, for programs and staff: slots, experiments, content, offers, what may run."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from goodwill.basics.clock import iso
from goodwill.basics.errors import NotFound
from goodwill.decide.plan import Arm, Content, Experiment, Offer, Plan, Rewards, Slot, Ways
from goodwill.shop import Shop
from goodwill.shop.planning import gated
from goodwill.staff import Act
from goodwill.web.desk import Call, Endpoint, endpoint
from goodwill.web.problems import CONFLICT, NOT_FOUND, OTHER_REQUEST
from goodwill.web.staff_messages import NothingRequest
from goodwill.web.store import Scope

_Name = Annotated[
    str,
    Meta(
        pattern="^[a-z0-9][a-z0-9-]{0,63}$",
        description="1 to 64 small letters, digits and hyphens.",
        extra={"words": "1 to 64 small letters, digits and hyphens, such as product-page"},
    ),
]
_Minor = Annotated[int, Meta(ge=0, description="In minor units of the shop's currency.")]

# ---- what is asked ---------------------------------------------------------------------------------------------------


class SlotRequest(Struct, forbid_unknown_fields=True, frozen=True):
    """A slot as it shall be."""

    name: _Name
    slot: Slot


class ExperimentRequest(Struct, forbid_unknown_fields=True, frozen=True):
    """Two or more ways to be compared."""

    name: _Name
    question: Annotated[str, Meta(min_length=1, max_length=300, description="What it is to answer, in a sentence.")]
    arms: Annotated[list[Arm], Meta(max_length=10)]
    slots: Annotated[list[_Name], Meta(max_length=100, description="Where; everywhere if none is given.")] = []
    holdout: Annotated[int, Meta(ge=0, le=100, description="Percent who get what everyone gets.")] = 0


class ContentRequest(Struct, forbid_unknown_fields=True, frozen=True):
    """A text or a picture as it shall stand in a slot."""

    name: _Name
    content: Content


class OfferRequest(Struct, forbid_unknown_fields=True, frozen=True):
    """An offer as it shall be given."""

    name: _Name
    offer: Offer


class ClickRequest(Struct, forbid_unknown_fields=True, frozen=True):
    """What somebody followed."""

    decision: Annotated[str, Meta(min_length=1, max_length=64, description="The decision's id.")]
    product: Annotated[str, Meta(min_length=1, max_length=64, description="The content or offer, as it was answered.")]


class VerdictRequest(ClickRequest, frozen=True):
    """What somebody says of something that was chosen for her, or of a reason of it."""

    product: Annotated[str, Meta(min_length=1, max_length=200, description="The product, content or offer.")]
    verdict: Annotated[
        str,
        Meta(
            max_length=20,
            description="less, wrong, never; of content and offers also intrusive, complaint, unsubscribe; fine takes "
            "it back.",
        ),
    ]
    reason: (
        Annotated[
            int,
            Meta(
                ge=0,
                le=9,
                description="Which reason of it she means, from 0, with the verdict `wrong`: the purchase it names "
                "is left out, and is no ground for anything else, for twelve months.",
            ),
        ]
        | None
    ) = None


# ---- what is answered ------------------------------------------------------------------------------------------------


class SlotShown(Struct, frozen=True):
    """A slot that somebody described."""

    slot: str
    kind: Annotated[str, Meta(description="products, content or offers.")]
    count: int
    ways: Ways
    discreet: bool
    floor: Annotated[int, Meta(description="Percent of all chances that are given to everything alike.")]
    week: Annotated[int, Meta(description="On how many days of seven the same is shown to somebody.")]
    overall: Annotated[int, Meta(description="How many contents and offers in seven days, in all slots together.")]
    rewards: Annotated[Rewards, Meta(description="What counts as success of what is shown here.")]


class ExperimentShown(Struct, frozen=True):
    """An experiment."""

    experiment: str
    state: str
    approved: bool
    question: str
    slots: list[str]
    arms: list[Arm]
    holdout: int


class ContentShown(Struct, frozen=True):
    """A text or a picture."""

    content: str
    slot: str
    title: str
    text: str
    link: str
    image: str
    tags: list[str]
    about: list[str]
    language: str
    since: str
    until: str


class OfferShown(Struct, frozen=True):
    """An offer, with what is left of its budget."""

    offer: str
    state: str
    approved: bool
    title: str
    rule: Annotated[str, Meta(description="The published rule.")]
    percent: int | None
    off: int | None
    price: int | None
    products: list[str]
    kinds: list[str]
    slots: list[str]
    cost: _Minor
    budget: int | None
    set_aside: _Minor
    left: Annotated[int | None, Meta(description="Of its budget; null where there is no end.")]
    segment: str
    same_price: bool
    text: str
    link: str
    image: str
    tags: list[str]
    since: str
    until: str
    code: Annotated[str, Meta(description="With it whoever meets the rule gets it, whatever she allows; or empty.")]


class GateShown(Struct, frozen=True):
    """Whether a model or an initiative may run, and who said so."""

    name: str
    may_run: bool
    status: str
    reason: str
    by: str
    at: str | None


class Slots(Struct, frozen=True):
    """All slots that somebody described."""

    slots: list[SlotShown]


class Experiments(Struct, frozen=True):
    """All experiments, and the shop's own holdout in percent."""

    holdout: int
    experiments: list[ExperimentShown]


class Contents(Struct, frozen=True):
    """All texts and pictures."""

    content: list[ContentShown]


class Offers(Struct, frozen=True):
    """All offers."""

    offers: list[OfferShown]


class PlanShown(Struct, frozen=True):
    """All that counts, as of a row of the journal."""

    upto: Annotated[int, Meta(description="The journal's last row; decisions name the one they were made by.")]
    holdout: int
    slots: list[SlotShown]
    experiments: list[ExperimentShown]
    content: list[ContentShown]
    offers: list[OfferShown]
    gates: list[GateShown]


class ClaimRequest(Struct, forbid_unknown_fields=True, frozen=True):
    """The code that somebody shows."""

    code: Annotated[str, Meta(min_length=1, max_length=40, description="As it was told; capitals do not matter.")]
    undo: Annotated[
        bool,
        Meta(description="Undo one claim, where the rule did not fit after all; its cost goes back to the budget."),
    ] = False


class Claimed(Struct, frozen=True):
    """What the till gives, to whom the rule says."""

    offer: str
    title: str
    rule: Annotated[str, Meta(description="Who gets it: look whether it fits, or take her word.")]
    percent: int | None
    off: int | None
    price: int | None
    products: list[str]
    kinds: list[str]


class Noted(Struct, frozen=True):
    """Whether anything was noted."""

    noted: Annotated[bool, Meta(description="False: it was nobody's in particular, or is not allowed to be noted.")]


# ---- operations ------------------------------------------------------------------------------------------------------


@endpoint("GET", "/api/v1/plan", Scope.READ, may=Act.PLAN, tag="Decide")
def plan(call: Call[NothingRequest]) -> PlanShown:
    """See all that the shop decided about choosing, and which models and initiatives may run."""
    found = call.shop.planning.plan()
    return PlanShown(
        found.upto, found.holdout.percent, slots_of(found), experiments_of(found), contents_of(found),
        offers_of(call.shop, found), gates_of(call.shop, found),
    )  # fmt: skip


@endpoint("GET", "/api/v1/slots", Scope.READ, Scope.DECIDE, may=Act.PLAN, tag="Decide")
def slots(call: Call[NothingRequest]) -> Slots:
    """List the slots that somebody described; every other name is an ordinary one for products."""
    return Slots(slots_of(call.shop.planning.plan()))


@endpoint("POST", "/api/v1/slots", may=Act.PLAN, tag="Decide",
          example={"name": "deals", "slot": {"kind": "offers", "count": 1}})  # fmt: skip
def set_slot(call: Call[SlotRequest]) -> SlotShown:
    """Describe a slot: what it is for, how many, how they are chosen."""
    made = call.shop.planning.set_slot(call.ask.name, call.ask.slot)
    return slot_of(call.ask.name, made, call.shop.planning.plan().rewards_of(call.ask.name))


@endpoint("GET", "/api/v1/experiments", Scope.READ, may=Act.PLAN, tag="Decide")
def experiments(call: Call[NothingRequest]) -> Experiments:
    """List all experiments."""
    found = call.shop.planning.plan()
    return Experiments(found.holdout.percent, experiments_of(found))


@endpoint("POST", "/api/v1/experiments", may=Act.PLAN, tag="Decide", problems=(CONFLICT,),
          example={"name": "more-new", "question": "Do three new things sell more?", "holdout": 10, "slots": ["home"],
                   "arms": [{"name": "as-is"}, {"name": "three", "ways": {"new_in_ten": 3}}]})  # fmt: skip
def new_experiment(call: Call[ExperimentRequest]) -> ExperimentShown:
    """Describe an experiment, which begins when it was approved and started, and is never changed."""
    ask = call.ask
    made = call.shop.planning.new_experiment(ask.name, ask.question, ask.arms, slots=ask.slots, holdout=ask.holdout)
    return experiment_of(call.shop.planning.plan(), ask.name, made)


@endpoint("GET", "/api/v1/content", Scope.READ, may=Act.PLAN, tag="Decide")
def contents(call: Call[NothingRequest]) -> Contents:
    """List all texts and pictures that may stand in slots."""
    return Contents(contents_of(call.shop.planning.plan()))


@endpoint("POST", "/api/v1/content", may=Act.PLAN, tag="Decide", problems=(CONFLICT,),
          example={"name": "new-bread", "content": {"slot": "banner", "title": "Rye, from today", "about": ["Bread"]}}
          )  # fmt: skip
def add_content(call: Call[ContentRequest]) -> ContentShown:
    """Let a text or a picture stand in a slot; one of the same name is replaced."""
    return content_of(call.ask.name, call.shop.planning.add_content(call.ask.name, call.ask.content))


@endpoint("GET", "/api/v1/offers", Scope.READ, may=Act.PLAN, tag="Decide")
def offers(call: Call[NothingRequest]) -> Offers:
    """List all offers, with what is left of their budgets."""
    return Offers(offers_of(call.shop, call.shop.planning.plan()))


@endpoint("POST", "/api/v1/offers", may=Act.PLAN, tag="Decide", problems=(CONFLICT,),
          example={"name": "bread-ten", "offer": {"title": "Ten off bread", "percent": 10, "kinds": ["Bread"],
                                                  "rule": "Ten percent off all bread for everybody."}})  # fmt: skip
def new_offer(call: Call[OfferRequest]) -> OfferShown:
    """Describe an offer, which is given when it was approved and started, and is never changed."""
    call.shop.planning.new_offer(call.ask.name, call.ask.offer)
    return offer_of(call.shop, call.ask.name)


@endpoint("POST", "/api/v1/clicks", Scope.DECIDE, Scope.COLLECT, may=Act.SUGGEST, tag="Decide", problems=(NOT_FOUND,),
          within=5, example={"decision": "cwekd3ivkasqa", "product": "bread-ten"})  # fmt: skip
def click(call: Call[ClickRequest]) -> Noted:
    """Tell that somebody followed a content or an offer.

    It is noted only for whoever allows `engagement` for what the choice was made for; of others nothing is kept.
    """
    return Noted(call.shop.placed.click(call.ask.decision, call.ask.product))


@endpoint("POST", "/api/v1/redemptions", Scope.DECIDE, may=Act.SUGGEST, tag="Decide", problems=(NOT_FOUND,),
          within=5, example={"decision": "cwekd3ivkasqa", "product": "bread-ten"})  # fmt: skip
def redemption(call: Call[ClickRequest]) -> Noted:
    """Tell that an offer was redeemed, so that what was set aside for it stays spent.

    What was promised to somebody who is known and not redeemed is given back to the offer's budget after two weeks.
    Told twice it counts once.
    """
    return Noted(call.shop.placed.redeem(call.ask.decision, call.ask.product))


@endpoint("POST", "/api/v1/claims", Scope.DECIDE, may=Act.SUGGEST, tag="Decide", once=True,
          problems=(NOT_FOUND, CONFLICT, OTHER_REQUEST), within=5, example={"code": "BREAD10"})  # fmt: skip
def claim(call: Call[ClaimRequest]) -> Claimed:
    """Give an offer by its code to whoever meets its rule: asks for nobody, reads nothing of anybody, keeps nobody.

    What it costs is taken of the offer's budget. Send an `Idempotency-Key`, so that a claim told twice counts once.
    With `undo` one claim is taken back, and nothing that is promised to others.
    """
    planning = call.shop.planning
    name, one = (planning.take_back_claim if call.ask.undo else planning.claim)(call.ask.code)
    return Claimed(name, one.title, one.rule, one.percent, one.off, one.price, list(one.products), list(one.kinds))


@endpoint("POST", "/api/v1/verdicts", Scope.CONSENT, may=Act.WRITE_CONSENT, tag="Decide", problems=(NOT_FOUND,),
          example={"decision": "cwekd3ivkasqa", "product": "bread-ten", "verdict": "intrusive"})  # fmt: skip
def verdict(call: Call[VerdictRequest]) -> Noted:
    """Tell what somebody says of something that was chosen for her, or of a reason of it; the next decision obeys.

    Such a word only ever takes something away. Of content and offers it costs what the slot's rewards say.
    """
    ask, person = call.ask, call.shop.why.whose(call.ask.decision)
    if person is None:
        raise NotFound("This was shown to nobody in particular, so nobody can be meant; or there is no such decision.")
    call.shop.centre.judge(person, ask.decision, ask.product, ask.verdict, reason=ask.reason)
    return Noted(noted=True)


ENDPOINTS: tuple[Endpoint, ...] = (
    plan, slots, set_slot, experiments, new_experiment, contents, add_content, offers, new_offer, click,
    redemption, claim, verdict,
)  # fmt: skip


# ---- shapes, for every face ------------------------------------------------------------------------------------------


def slot_of(name: str, one: Slot, rewards: Rewards) -> SlotShown:
    return SlotShown(name, one.kind, one.count, one.ways, one.discreet, one.floor, one.week, one.overall, rewards)


def slots_of(plan: Plan) -> list[SlotShown]:
    return [slot_of(name, one, plan.rewards_of(name)) for name, one in plan.slots.items()]


def experiment_of(plan: Plan, name: str, one: Experiment) -> ExperimentShown:
    approved = plan.may(f"experiment-{name}")
    return ExperimentShown(name, str(one.state), approved, one.question, list(one.slots), list(one.arms), one.holdout)


def experiments_of(plan: Plan) -> list[ExperimentShown]:
    return [experiment_of(plan, name, one) for name, one in plan.experiments.items()]


def content_of(name: str, one: Content) -> ContentShown:
    return ContentShown(
        name, one.slot, one.title, one.text, one.link, one.image, list(one.tags), list(one.about), one.language,
        one.since, one.until,
    )  # fmt: skip


def contents_of(plan: Plan) -> list[ContentShown]:
    return [content_of(name, one) for name, one in plan.content.items()]


def offer_of(shop: Shop, name: str) -> OfferShown:
    """One offer as it stands.

    Raises:
        NotFound: there is none.
    """
    plan = shop.planning.plan()
    plan.offer(name)
    return next(one for one in offers_of(shop, plan) if one.offer == name)


def offers_of(shop: Shop, plan: Plan) -> list[OfferShown]:
    aside = shop.planning.set_aside()
    return [_offer(plan, name, one, aside.get(name, 0)) for name, one in plan.offers.items()]


def _offer(plan: Plan, name: str, one: Offer, aside: int) -> OfferShown:
    told: dict[str, Any] = {field: getattr(one, field) for field in one.__struct_fields__ if field != "state"}
    told |= {field: list(value) for field, value in told.items() if isinstance(value, tuple)}
    return OfferShown(
        offer=name,
        state=str(one.state),
        approved=plan.may(f"offer-{name}"),
        set_aside=aside,
        left=None if one.budget is None else one.budget - aside,
        **told,
    )


def gates_of(shop: Shop, plan: Plan) -> list[GateShown]:
    last = {row.name: row for row in shop.planning.journal() if row.kind == "gate" and row.id <= plan.upto}
    return [_gate(plan, name, last.get(name)) for name in gated(plan)]


def _gate(plan: Plan, name: str, row: Any) -> GateShown:
    gate = plan.gates.get(name)
    if gate is None or row is None:
        return GateShown(name, may_run=False, status="not approved", reason="", by="", at=None)
    return GateShown(name, plan.may(name), str(gate.status), gate.reason, row.actor, iso(row.at))


def as_document(one: Struct) -> dict[str, Any]:
    """A shape as a plain document, for scripts."""
    found: dict[str, Any] = msgspec.to_builtins(one)
    return found
