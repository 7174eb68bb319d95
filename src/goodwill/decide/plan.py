"""What the shop decided about choosing: its slots, its experiments, and which models and initiatives may run.

Everything here stands in a journal that only grows; the last row about each name counts. So every decision can say by
which row it was made, and an auditor can see the plan as it was then.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from goodwill.basics.errors import BadInput, Conflict, NotFound

# A name goes into web addresses, decision records and reports.
NAME: Final = "^[a-z0-9][a-z0-9-]{0,63}$"
Name = Annotated[str, Meta(pattern=NAME)]
Percent = Annotated[int, Meta(ge=0, le=100)]

# What comes with goodwill and may choose: products, and among content and offers.
MODELS: Final = ("usual", "together", "popular", "companions", "moment", "cold", "arms")
_MOST_ARMS: Final = 10


class Status(StrEnum):
    """Whether a model or an initiative may choose."""

    APPROVED = "approved"
    SUSPENDED = "suspended"


class State(StrEnum):
    """Where an experiment stands."""

    DRAFT = "draft"
    RUNNING = "running"
    STOPPED = "stopped"


class Ways(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How products are chosen in a slot, or in an arm of an experiment; what is left open stays as it is otherwise.

    Attributes:
        new_in_ten: of ten places, how many are for something new.
        calibration: 0 to 100: how much a list is drawn towards the kinds that she buys, in their proportions.
        outside: percent of a list that lies outside the kind she buys most; 20 unless said otherwise.
        rests_after: on so many days something new is shown; if it is not taken, it rests. 0: nothing rests.
        rest_days: for so many days.
        personal: False: what everyone gets.
        companions_in_ten: of ten places of her own list, how many are for what goes with her basket, where she has one.
    """

    new_in_ten: Annotated[int, Meta(ge=0, le=10)] | None = None
    calibration: Percent | None = None
    outside: Percent | None = None
    rests_after: Annotated[int, Meta(ge=0, le=90)] | None = None
    rest_days: Annotated[int, Meta(ge=1, le=90)] | None = None
    personal: bool | None = None
    companions_in_ten: Annotated[int, Meta(ge=0, le=10)] | None = None

    def over(self, below: "Ways") -> "Ways":
        """These ways, with what they leave open taken from others."""
        pairs = {name: getattr(self, name) for name in self.__struct_fields__}
        return Ways(**{name: getattr(below, name) if said is None else said for name, said in pairs.items()})


USUAL_WAYS: Final = Ways(calibration=0, outside=20, rests_after=3, rest_days=14, personal=True, companions_in_ten=2)


class Slot(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A place where something is chosen.

    Attributes:
        kind: products, content or offers.
        count: how many, where the question does not say.
        discreet: False: something of a sensitive kind may be shown here, to whoever is looking at its like just now.
        floor: percent of all chances that are given to everything alike, whatever was learned, so that learning goes
            on; of slots for content and offers.
        week: on how many days out of seven the same content or offer is shown to somebody.
        overall: how many contents and offers are shown to somebody in seven days, here and in all other slots together;
            the same one on the same day is one.
    """

    kind: Annotated[str, Meta(pattern="^(products|content|offers)$")] = "products"
    count: Annotated[int, Meta(ge=1, le=100)] = 10
    ways: Ways = Ways()
    discreet: bool = True
    floor: Percent = 10
    week: Annotated[int, Meta(ge=1, le=7)] = 5
    overall: Annotated[int, Meta(ge=1, le=1000)] = 20


class Arm(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One way that an experiment compares.

    Attributes:
        weight: its share, in relation to the other arms.
    """

    name: Name
    weight: Annotated[int, Meta(ge=1, le=1000)] = 1
    ways: Ways = Ways()


class Experiment(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Two or more ways beside each other, each person always in the same.

    Attributes:
        question: what it is to answer, in a sentence.
        slots: where; none: everywhere.
        holdout: percent of people who get what everyone gets as long as it runs.
        salt: random, so that two experiments do not divide people alike.
    """

    question: Annotated[str, Meta(min_length=1, max_length=300)]
    arms: tuple[Arm, ...]
    salt: str
    slots: tuple[Name, ...] = ()
    holdout: Percent = 0
    state: State = State.DRAFT

    def checked(self) -> "Experiment":
        """The same.

        Raises:
            BadInput: no arm, too many, or two of one name.
        """
        names = [arm.name for arm in self.arms]
        if not 1 <= len(names) <= _MOST_ARMS or len(set(names)) != len(names) or HOLDOUT in names:
            raise BadInput(
                f"An experiment has 1 to {_MOST_ARMS} arms, each with a name of its own that is not '{HOLDOUT}'."
            )
        if len(names) == 1 and not self.holdout:
            raise BadInput("One arm alone compares nothing. Give another, or a holdout.")
        return self

    def meets(self, other: "Experiment") -> bool:
        """Whether both would choose in one place."""
        return not self.slots or not other.slots or bool(set(self.slots) & set(other.slots))


class Gate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was said about whether something may choose."""

    status: Status
    reason: Annotated[str, Meta(max_length=300)] = ""


class Holdout(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """People who get what everyone gets for as long as this stands, whatever runs: the shop's yardstick.

    Attributes:
        percent: of all people. salt: random, made once, so that the same people stay in it.
    """

    percent: Percent
    salt: str


# ---- what may stand in slots for content and offers -----------------------------------------------------------------

Money = Annotated[int, Meta(ge=0, le=10**12)]  # minor units of the shop's currency
Text = Annotated[str, Meta(max_length=2000)]
Line = Annotated[str, Meta(min_length=1, max_length=200)]
Word = Annotated[str, Meta(min_length=1, max_length=200)]
Address = Annotated[str, Meta(pattern="^(https?://[^\\s]+|/[^\\s]*)?$", max_length=2000)]
Language = Annotated[str, Meta(pattern="^([a-z]{2,3}(-[A-Za-z0-9]{2,8})*)?$")]
Date = Annotated[str, Meta(pattern="^([0-9]{4}-[0-9]{2}-[0-9]{2})?$")]
Tag = Annotated[str, Meta(pattern="^(urgent|credit|upsell|sensitive)$")]


class Content(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A text or a picture that may stand in a slot.

    Attributes:
        slot: where it may stand.
        tags: what care is asked for: urgent, credit, upsell, sensitive.
        about: kinds (type, category or department) or the shop's ids of products that it is about.
        language: of the text; nothing: for everybody.
        since, until: first and last day on which it is shown, such as 2026-12-24; nothing: no end.
    """

    slot: Name
    title: Line
    text: Text = ""
    link: Address = ""
    image: Address = ""
    tags: tuple[Tag, ...] = ()
    about: tuple[Word, ...] = ()
    language: Language = ""
    since: Date = ""
    until: Date = ""

    def checked(self) -> "Content":
        """The same. Raises BadInput: a day is none, or the last comes before the first."""
        _check_days(self.since, self.until)
        return self

    def is_on(self, day: str) -> bool:
        return _is_within(self.since, self.until, day)


PROMISED_FOR: Final = 14  # days; what was not redeemed by then is set aside no more


class Offer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A reduction by a rule that is published. It never makes anything dearer.

    Attributes:
        rule: the published rule, in a sentence: who gets what.
        percent, off, price: one of them: percent off, an amount off, or a fixed price below the public one.
        products, kinds: what it is for; neither: the whole basket.
        cost: what the shop sets aside for it each time it is promised.
        budget: how much may be set aside altogether; None: no end.
        segment: who is eligible, by the name of a segment; "": everybody.
        same_price: whoever meets the rule gets this price, asked or not.
        code: by which whoever meets the rule gets it at the till, whatever she allows; "": there is none.
    """

    title: Line
    rule: Annotated[str, Meta(min_length=1, max_length=500)]
    percent: Annotated[int, Meta(ge=1, le=100)] | None = None
    off: Annotated[int, Meta(ge=1, le=10**9)] | None = None
    price: Annotated[int, Meta(ge=0, le=10**9)] | None = None
    products: tuple[Word, ...] = ()
    kinds: tuple[Word, ...] = ()
    slots: tuple[Name, ...] = ()
    cost: Money = 0
    budget: Money | None = None
    segment: Annotated[str, Meta(max_length=80)] = ""
    same_price: bool = True
    text: Text = ""
    link: Address = ""
    image: Address = ""
    tags: tuple[Tag, ...] = ()
    since: Date = ""
    until: Date = ""
    state: State = State.DRAFT
    code: Annotated[str, Meta(pattern="^([A-Z0-9][A-Z0-9-]{2,19})?$")] = ""

    @property
    def about(self) -> tuple[str, ...]:
        """What it is for, by kinds and the shop's ids of products; nothing: the whole basket."""
        return (*self.products, *self.kinds)

    @property
    def is_open(self) -> bool:
        """Whether everybody gets it who asks: nobody's data decide about the price."""
        return self.same_price and not self.segment

    def checked(self) -> "Offer":
        """The same.

        Raises:
            BadInput: not one reduction, a fixed price for a basket, a budget without a cost, or days that do not fit.
        """
        if sum(one is not None for one in (self.percent, self.off, self.price)) != 1:
            raise BadInput("An offer is one of: percent off, an amount off, or a fixed price.")
        if self.price is not None and not self.about:
            raise BadInput("A fixed price is for products or kinds; name them.")
        if self.code and not self.same_price:
            raise BadInput("A code is for a price that all who meet the rule get. Leave it out, or --own-price.")
        if self.budget is not None and not self.cost:
            raise BadInput("A budget needs a cost: what the shop sets aside for each time that the offer is promised.")
        _check_days(self.since, self.until)
        return self

    def is_on(self, day: str) -> bool:
        return self.state is State.RUNNING and _is_within(self.since, self.until, day)

    def reduced(self, public: int) -> int:
        """The price of something whose public price is given; never above it, never below nothing."""
        if self.percent is not None:
            wanted = public * (100 - self.percent) // 100
        else:
            wanted = public - self.off if self.off is not None else self.price or 0
        return max(0, min(public, wanted))


class Rewards(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What counts as success of what was shown in a slot, in minor units of the shop's currency.

    Attributes:
        days: for how long after it was shown; only then is it learned from.
        margin: percent of what she buys meanwhile, less what she gets back of it.
        visit: for each further day on which she comes back. click: for a click.
        less, never, wrong, intrusive, complaint, unsubscribe: what such a word costs.
        one: how much is a reward of 1; rewards reach from −64 to 64 of it.
    """

    days: Annotated[int, Meta(ge=1, le=90)] = 14
    margin: Percent = 30
    visit: Money = 100
    click: Money = 20
    less: Money = 200
    never: Money = 500
    wrong: Money = 200
    intrusive: Money = 1000
    complaint: Money = 2000
    unsubscribe: Money = 2000
    one: Annotated[int, Meta(ge=1, le=10**9)] = 1000

    def cost_of(self, word: str) -> int:
        """What it costs that somebody says so."""
        return int(getattr(self, word))


USUAL_REWARDS: Final = Rewards()
COSTLY: Final = ("less", "never", "wrong", "intrusive", "complaint", "unsubscribe")


def _is_within(since: str, until: str, day: str) -> bool:
    return (not since or since <= day) and (not until or day <= until)


def _check_days(since: str, until: str) -> None:
    for day in (since, until):
        try:
            if day:
                date.fromisoformat(day)
        except ValueError:
            raise BadInput(f"'{day}' is no day; write it as 2026-12-24.") from None
    if since and until and until < since:
        raise BadInput(f"It ends on {until}, before it begins on {since}.")


HOLDOUT: Final = "holdout"
NO_HOLDOUT: Final = Holdout(0, "")

Body = Slot | Experiment | Gate | Holdout | Content | Offer | Rewards
KINDS: Final[Mapping[str, type[Any]]] = MappingProxyType({
    "slot": Slot, "experiment": Experiment, "gate": Gate, "holdout": Holdout, "content": Content, "offer": Offer,
    "rewards": Rewards,
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the journal: what was decided about a name, by whom and when.

    Attributes:
        body: None where the name was taken out.
    """

    id: int
    kind: str
    name: str
    body: Any
    actor: str
    at: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What counts, as of a row of the journal.

    Attributes:
        upto: the row's number; 0 while there is none.
    """

    upto: int = 0
    slots: Mapping[str, Slot] = field(default_factory=dict)
    experiments: Mapping[str, Experiment] = field(default_factory=dict)
    gates: Mapping[str, Gate] = field(default_factory=dict)
    holdout: Holdout = NO_HOLDOUT
    content: Mapping[str, Content] = field(default_factory=dict)
    offers: Mapping[str, Offer] = field(default_factory=dict)
    rewards: Mapping[str, Rewards] = field(default_factory=dict)

    def may(self, name: str) -> bool:
        """Whether a model or an initiative may choose: it was approved, and not suspended since."""
        gate = self.gates.get(name)
        return gate is not None and gate.status is Status.APPROVED

    def slot(self, name: str) -> Slot:
        """A slot; one that nobody described is an ordinary one for products."""
        return self.slots.get(name, _ORDINARY)

    def placed_in(self, slot: str) -> Mapping[str, "Content | Offer"]:
        """All that may ever stand in a slot for content or for offers, by name."""
        if self.slot(slot).kind == "content":
            return {name: one for name, one in self.content.items() if one.slot == slot}
        return {name: one for name, one in self.offers.items() if not one.slots or slot in one.slots}

    def rewards_of(self, slot: str) -> Rewards:
        """What counts as success in a slot."""
        return self.rewards.get(slot, USUAL_REWARDS)

    def offer(self, name: str) -> Offer:
        """An offer by its name.

        Raises:
            NotFound: there is none.
        """
        if name not in self.offers:
            raise NotFound(f"There is no offer '{name}'. See: goodwill offer list")
        return self.offers[name]

    def running(self, slot: str) -> tuple[str, Experiment] | None:
        """The experiment that chooses in a slot, if one does and may."""
        for name, one in self.experiments.items():
            if one.state is State.RUNNING and (not one.slots or slot in one.slots) and self.may(f"experiment-{name}"):
                return name, one
        return None

    def experiment(self, name: str) -> Experiment:
        """An experiment by its name.

        Raises:
            NotFound: there is none.
        """
        if name not in self.experiments:
            raise NotFound(f"There is no experiment '{name}'. See: goodwill experiment list")
        return self.experiments[name]

    def can_start(self, name: str) -> None:
        """Nothing stands in the way of an experiment.

        Raises:
            Conflict: another runs in a slot of its.
        """
        mine = self.experiment(name)
        for other, one in self.experiments.items():
            if other != name and one.state is State.RUNNING and one.meets(mine):
                raise Conflict(f"Experiment '{other}' runs there already. Stop it first, or choose other slots.")


_ORDINARY: Final = Slot()


def plan_of(rows: "list[Row]") -> Plan:
    """The plan that some rows of the journal, in their order, come to."""
    last: dict[tuple[str, str], Any] = {(row.kind, row.name): row.body for row in rows}

    def all_of(kind: str) -> dict[str, Any]:
        return {name: body for (of, name), body in sorted(last.items()) if of == kind and body is not None}

    return Plan(
        upto=rows[-1].id if rows else 0,
        slots=all_of("slot"),
        experiments=all_of("experiment"),
        gates=all_of("gate"),
        holdout=last.get(("holdout", ""), NO_HOLDOUT),
        content=all_of("content"),
        offers=all_of("offer"),
        rewards=all_of("rewards"),
    )
