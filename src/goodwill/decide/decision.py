"""What was chosen, for whom, from which data, and why: a value that explains itself."""

import msgspec
from msgspec import UNSET, UnsetType

from goodwill.basics.ids import PersonId
from goodwill.purposes import Category, Purpose
from goodwill.storage import AsOf


class Reason(msgspec.Struct, frozen=True, gc=False):
    """One thing that spoke for an item.

    Attributes:
        text: a sentence for the customer.
        share: the part of the item's positive evidence that this reason carries, 0 to 1.
    """

    text: str
    share: float


class Price(msgspec.Struct, frozen=True, gc=False):
    """What a product costs in an offer, in minor units.

    Attributes:
        product: the shop's own id. public: what it costs without the offer. lowest: the lowest public price of the last
            30 days, which the saving is counted from. price: with the offer; below both.
    """

    product: str
    name: str
    public: int
    lowest: int
    price: int
    currency: str = ""


class Placed(msgspec.Struct, frozen=True, gc=False):
    """What stands in a slot for content or offers, beside its title.

    Attributes:
        rule: of an offer: who gets what, as it was published. until: its last day; "" where there is none.
        code: by which whoever meets the rule gets it, whatever she allows; "" where there is none.
        set_aside: of the offer's budget, for this promise, in minor units.
        label: names what must be said of the price (see `goodwill.decide.labels`); "" where nothing must.
        chance: with which it was drawn among what might stand in its place, 0 to 1.
        propensity: the same, times the chance of the experiment's arm.
        subject: what it is about, in a word that reasons name. meant: for whom, where it is for a segment.
        coefficients: what was believed of each trait of hers (`goodwill.decide.traits`); none where nothing was asked.
    """

    text: str = ""
    link: str = ""
    image: str = ""
    rule: str = ""
    until: str = ""
    prices: tuple[Price, ...] = ()
    label: str = ""
    set_aside: int = 0
    chance: float = 1.0
    propensity: float = 1.0
    subject: str = ""
    meant: str = ""
    coefficients: tuple[float, ...] = ()
    code: str = ""


class Eligible(msgspec.Struct, frozen=True, gc=False):
    """A content or an offer that no rule kept back, as it went into the draw.

    Attributes:
        chance: of the first place. believed, spread: mean and standard deviation of the reward that was believed.
        traits: of her, beside it, in 1/256; none where what was learned was not asked.
        segment: for whom it is; looked_at: the categories of her data that say whether she is in it.
        own: whether its price is only for whom it is shown to.
    """

    name: str
    chance: float
    believed: float = 0.0
    spread: float = 0.0
    traits: tuple[int, ...] = ()
    segment: str = ""
    looked_at: tuple[Category, ...] = ()
    own: bool = False


class Draw(msgspec.Struct, frozen=True, gc=False):
    """All that a slot of content or offers was drawn from: enough to draw again, and to judge another way of drawing.

    Attributes:
        eligible: in the order of their names.
        floor: percent of all chances that everything has alike.
        places: how many were to be filled at most.
        left_out: items that they are about and that counted for nothing: they give away who buys something sensitive.
    """

    eligible: tuple[Eligible, ...]
    floor: int
    places: int = 0
    left_out: tuple[int, ...] = ()


class Choice(msgspec.Struct, frozen=True, gc=False):
    """One chosen item.

    Attributes:
        product: the shop's own id of the product to show; the name of a content or an offer.
        name: its name.
        item: the item that the models count (the product itself, its type or its category).
        kind: usual · new · companion · told · everyone; of content and offers fitting · everyone.
        because: the weightiest reasons, weightiest first.
        covered: the share of the positive evidence that the reasons carry together, 0 to 1.
        score: the model's own number, for staff and auditors.
        model: the model that proposed it, with its version.
        placed: what else is shown of a content or an offer; None of a product.
    """

    product: str
    name: str
    item: str
    kind: str
    because: tuple[Reason, ...]
    covered: float
    score: float
    model: str
    placed: Placed | None = None


class Intervention(msgspec.Struct, frozen=True, gc=False):
    """What a guardrail did to a decision.

    Attributes:
        rule: its name (see `goodwill.decide.guardrails`).
        does: denied · limited · disclosed.
        count: of how many items it kept something back, or put something in their place.
    """

    rule: str
    does: str
    count: int = 0


class Request(msgspec.Struct, frozen=True, gc=False):
    """What was asked for.

    Attributes:
        basket, viewing: the shop's ids of products.
        new: how many shall be new; None where the question did not say.
        new_in_ten: the shop's setting then.
    """

    count: int = 0
    basket: tuple[str, ...] = ()
    viewing: tuple[str, ...] = ()
    new: int | None = None
    personal: bool = True
    new_in_ten: int = 0


class Footing(msgspec.Struct, frozen=True, gc=False):
    """What a decision stands on beside the person: enough to make it again, or to see why it cannot be.

    Attributes:
        models: names the total that the models were fitted from; "" where none was used.
        reach: how far that total reached.
        weight: λ of what goes together, in people.
        floored: whether pairs that few people share were left out.
        plan: the last row of the journal of slots, experiments and gates.
        shelf: names the catalogue as the models counted it.
        missing: items that a model proposed and that could not be had.
    """

    models: str = ""
    reach: AsOf | None = None
    weight: float = 0.0
    floored: bool = False
    plan: int = 0
    shelf: str = ""
    missing: tuple[int, ...] = ()


class Decision(msgspec.Struct, frozen=True, gc=False):
    """What was chosen in one slot, for one person or for nobody in particular.

    Attributes:
        id: opaque word; `goodwill explain ID` shows it again.
        person: whose data may be used; None where nobody's may, so that nothing about her is written down.
        personalised: False: this is what everyone gets.
        reason: "" when it is; else why not: never-asked · refused · withdrawn · expired · held · unknown-person ·
            no-history · anonymous · quarantined · switched-off · holdout · not-approved · kept-back · nothing-there.
        used: the data categories that the choice rests on.
        withheld: those that the purpose could use and this person did not allow.
        as_of: how far in ledger and log the decision saw.
        arm: the experiment arm; "all" while no experiment runs.
        experiment: its name; "shop" where the arm is the shop's own holdout.
        propensity: the chance with which somebody is in this arm.
        unused: the data categories that she allows and the choice left alone.
        interventions: what guardrails did, in the order in which they spoke.
        asked: what was asked for; footing: what it stands on beside her.
        draw: of content and offers, what was drawn from.
    """

    id: str
    person: PersonId | None
    slot: str
    purpose: Purpose
    personalised: bool
    reason: str
    items: tuple[Choice, ...]
    used: tuple[Category, ...]
    withheld: tuple[Category, ...]
    as_of: AsOf
    at: int
    arm: str = "all"
    experiment: str = ""
    propensity: float = 1.0
    unused: tuple[Category, ...] = ()
    interventions: tuple[Intervention, ...] = ()
    asked: Request = Request()
    footing: Footing = Footing()
    draw: Draw | UnsetType = UNSET

    @property
    def because(self) -> tuple[Reason, ...]:
        """The weightiest reason of each item."""
        return tuple(choice.because[0] for choice in self.items if choice.because)
