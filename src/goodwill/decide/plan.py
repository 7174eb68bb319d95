"""What the shop decided about choosing: its slots, its experiments, and which models and initiatives may run.

Everything here stands in a journal that only grows; the last row about each name counts. So every decision can say by
which row it was made, and an auditor can see the plan as it was then.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
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

# What comes with goodwill and may choose products.
MODELS: Final = ("usual", "together", "popular", "companions", "moment", "cold")
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
    """

    kind: Annotated[str, Meta(pattern="^(products|content|offers)$")] = "products"
    count: Annotated[int, Meta(ge=1, le=100)] = 10
    ways: Ways = Ways()
    discreet: bool = True


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


HOLDOUT: Final = "holdout"
NO_HOLDOUT: Final = Holdout(0, "")

Body = Slot | Experiment | Gate | Holdout
KINDS: Final[Mapping[str, type[Any]]] = MappingProxyType(
    {"slot": Slot, "experiment": Experiment, "gate": Gate, "holdout": Holdout}
)


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

    def may(self, name: str) -> bool:
        """Whether a model or an initiative may choose: it was approved, and not suspended since."""
        gate = self.gates.get(name)
        return gate is not None and gate.status is Status.APPROVED

    def slot(self, name: str) -> Slot:
        """A slot; one that nobody described is an ordinary one for products."""
        return self.slots.get(name, _ORDINARY)

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
    )
