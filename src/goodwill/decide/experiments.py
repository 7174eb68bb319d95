"""Who is in which arm: a person's number and the experiment's salt decide it, and nothing else ever does.

So she stays in her arm whatever she allows, takes back or buys; and whoever evaluates an experiment later can work out
the arm of everybody, also of those for whom nothing was ever chosen (intention to treat).
"""

import hashlib
from dataclasses import dataclass, field
from typing import Final

from goodwill.basics.ids import PersonId
from goodwill.decide.plan import HOLDOUT, Arm, Experiment, Holdout, Plan, Ways

EVERYBODY: Final = "all"  # the arm while nothing runs
_SHOP: Final = "shop"  # the experiment that the shop's own holdout is


@dataclass(frozen=True, slots=True)
class Assigned:
    """The arm of one person in one slot.

    Attributes:
        experiment: its name; "shop" for the shop's own holdout; "" where none is.
        propensity: the chance with which somebody is in this arm of this slot, 0 to 1.
    """

    experiment: str = ""
    arm: str = EVERYBODY
    propensity: float = 1.0
    ways: Ways = field(default_factory=Ways)

    @property
    def is_held_out(self) -> bool:
        return self.arm == HOLDOUT


_NOBODY: Final = Assigned()
_HELD_OUT: Final = Ways(personal=False)


def assign(plan: Plan, slot: str, person: PersonId | None) -> Assigned:
    """The arm of a person in a slot; nobody in particular is in none."""
    if person is None:
        return _NOBODY
    share = plan.holdout.percent / 100
    if is_held_out(plan.holdout, person):
        return Assigned(_SHOP, HOLDOUT, share, _HELD_OUT)
    found = plan.running(slot)
    if found is None:
        return Assigned("", EVERYBODY, 1 - share) if share else _NOBODY
    name, experiment = found
    return _drawn(name, experiment, place(experiment.salt, person), 1 - share)


def _drawn(name: str, experiment: Experiment, at: float, left: float) -> Assigned:
    out = experiment.holdout / 100
    if at < out:
        return Assigned(name, HOLDOUT, left * out, _HELD_OUT)
    arm, share = arm_at(experiment, (at - out) / (1 - out))
    return Assigned(name, arm.name, left * (1 - out) * share, arm.ways)


def arms_of(experiment: Experiment) -> dict[str, float]:
    """Each arm's share of the people whom the shop's own holdout leaves; a holdout of the experiment comes last."""
    out = experiment.holdout / 100
    whole = sum(arm.weight for arm in experiment.arms)
    found = {arm.name: (1 - out) * arm.weight / whole for arm in experiment.arms}
    return {**found, HOLDOUT: out} if out else found


def number_of_arm(experiment: Experiment, holdout: Holdout, person: int) -> int:
    """The place of a person's arm among `arms_of`; their number, for whom the shop's own holdout keeps out."""
    arms = list(arms_of(experiment))
    if is_held_out(holdout, person):
        return len(arms)
    return arms.index(_drawn("", experiment, place(experiment.salt, PersonId(person)), 1.0).arm)


def is_held_out(holdout: Holdout, person: int) -> bool:
    """Whether somebody is in the shop's own holdout."""
    return bool(holdout.percent) and place(holdout.salt, PersonId(person)) < holdout.percent / 100


def arm_at(experiment: Experiment, at: float) -> tuple[Arm, float]:
    """The arm at a place from 0 to 1 among those that are no holdout, and its share of them."""
    whole, passed = sum(arm.weight for arm in experiment.arms), 0
    for arm in experiment.arms:
        passed += arm.weight
        if at * whole < passed:
            return arm, arm.weight / whole
    return experiment.arms[-1], experiment.arms[-1].weight / whole


def place(salt: str, person: PersonId) -> float:
    """Where a salt puts a person, evenly from 0 to below 1: the first 53 bits of SHA-256 of both.

    Frozen: other programs may work it out as well.
    """
    digest = hashlib.sha256(f"{salt}|{person}".encode()).digest()
    return (int.from_bytes(digest[:8], "big") >> 11) / (1 << 53)
