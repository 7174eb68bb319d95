"""What another way of drawing content or offers would have brought, judged from the shop's own decisions.

Each decision on content or offers says what it was drawn from and with which chances. Once the days of its reward are
over, what came of it is reckoned exactly as it is learned from; of nobody but those who allow that today.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from msgspec import UnsetType

from goodwill import people
from goodwill.access import Door, View
from goodwill.basics.clock import Micros, day_of
from goodwill.basics.errors import BadInput, NotFound
from goodwill.basics.ids import PersonId
from goodwill.decide import record
from goodwill.decide.decision import Decision, Eligible
from goodwill.decide.drawing import chances_of
from goodwill.decide.plan import Plan, Rewards
from goodwill.decide.reward import Place, Reckoning
from goodwill.decide.situation import PURPOSES, SWITCHED_OFF
from goodwill.learn.arms import UNIT
from goodwill.measure.offpolicy import Evaluation, Logged, evaluate
from goodwill.purposes import Category
from goodwill.shop.segments import SMALLEST

if TYPE_CHECKING:
    from goodwill.shop.shop import Shop

TARGETS: Final = "uniform, best, as-it-was, floor=PERCENT, always=NAME"
_NEEDED: Final = frozenset({Category("engagement"), Category("purchases")})
_NOT_ITS: Final = ("holdout", SWITCHED_OFF)  # whose choices the way of drawing has no part in
_AT_ONCE: Final = 100
_MOST_DAYS: Final = 730

Way = Callable[[Sequence[Eligible]], Sequence[float]]


@dataclass(frozen=True, slots=True)
class Judged:
    """Another way of drawing in a slot, judged.

    Attributes:
        found: in rewards; a reward of 1 is `one` minor units. brought: what the decisions really brought, on average.
        people: whose decisions; left_out: to how many others it was shown who do not allow today that it is learned.
        since, until: first day of the decisions, and the first that is not among them.
    """

    slot: str
    target: str
    found: Evaluation
    brought: float | None
    people: int
    left_out: int
    one: int
    since: int
    until: int


@dataclass(frozen=True, slots=True)
class _Row:
    """One decision, and what came of it."""

    person: int
    eligible: tuple[Eligible, ...]
    name: str
    reward: float


def judge(shop: "Shop", slot: str, target: str, *, days: int = 90) -> Judged:
    """Judge another way of drawing from the decisions of some days whose rewards are known by now.

    Of each person the first decision of a day counts, and of that what stood in the first place: so what is counted
    does not hang on what was drawn.

    Args:
        target: uniform (all alike), best (always what is believed to bring most), floor=PERCENT (what was learned, with
            another floor), always=NAME (where it was eligible, else as it was), as-it-was.

    Raises:
        NotFound: there is no slot for content or offers of that name. BadInput: this is no way.
    """
    plan, today = shop.planning.plan(), day_of(shop.clock(), shop.settings.zone)
    if plan.slot(slot).kind == "products":
        raise NotFound(f"There is no slot for content or offers called '{slot[:64]}'. See: goodwill slot list")
    if not 1 <= days <= _MOST_DAYS:
        raise BadInput(f"Look at 1 to {_MOST_DAYS} days, not {days}.")
    way, rewards = way_of(target, plan, slot), plan.rewards_of(slot)
    until = today - rewards.days
    rows, left_out = _rows(shop, plan, slot, since=until - days, until=until)
    return _judged(slot, target, way, rewards, rows, left_out, since=until - days, until=until)


def way_of(target: str, plan: Plan, slot: str) -> Way:
    """Another way of drawing, by its name.

    Raises:
        BadInput: there is none of that name.
    """
    named, _, value = target.partition("=")
    if named == "always" and value in plan.placed_in(slot):
        return lambda some: _always(some, value)
    if named == "always":
        raise BadInput(f"Nothing called '{value[:64]}' may stand in '{slot}'. See: goodwill offer list")
    if named == "floor" and value.isdecimal() and int(value) <= 100:
        return lambda some: chances_of(some, int(value)).tolist()
    plain: Mapping[str, Way] = {"uniform": _uniform, "best": _best, "as-it-was": _as_it_was}
    if target not in plain:
        raise BadInput(f"'{target[:64]}' is no way of drawing. There are: {TARGETS}; a percent is 0 to 100.")
    return plain[target]


def _uniform(some: Sequence[Eligible]) -> Sequence[float]:
    return [1 / len(some)] * len(some)


def _as_it_was(some: Sequence[Eligible]) -> Sequence[float]:
    return [one.chance for one in some]


def _best(some: Sequence[Eligible]) -> Sequence[float]:
    most = max(one.believed for one in some)
    best = [one.believed == most for one in some]
    return [is_it / sum(best) for is_it in best]


def _always(some: Sequence[Eligible], name: str) -> Sequence[float]:
    return [float(one.name == name) for one in some] if name in {one.name for one in some} else _as_it_was(some)


# ---- reading ---------------------------------------------------------------------------------------------------------


def _rows(shop: "Shop", plan: Plan, slot: str, *, since: int, until: int) -> tuple[list[_Row], int]:
    """All decisions that count, and to how many people it was shown who do not allow that they do."""
    # Also what stands there no more: to leave it out would hang on what was drawn.
    names = sorted({row.name for row in shop.planning.journal() if row.kind in ("content", "offer")})
    numbers, purpose = [people.gentle.number_of(slot, name) for name in names], PURPOSES[plan.slot(slot).kind]
    rows, left_out, weights = list[_Row](), 0, plan.rewards_of(slot)
    nothing = np.zeros(0, bool)
    reckoning = Reckoning([Place(slot, name, weights, nothing, until) for name in names])
    with shop.at_the_door() as door:
        persons = people.log.shown_to(door.connection, numbers, since=since, until=until)
        for begin in range(0, len(persons), _AT_ONCE):
            some = persons[begin : begin + _AT_ONCE]
            views = door.ones(some, purpose=purpose)
            for person in some:
                view = views[person]
                if not isinstance(view, View) or not view.used >= _NEEDED:
                    left_out += 1
                    continue
                made = _decisions(door, person, slot, since=since, until=until)
                rows += _outcomes(door, view, made, reckoning)
    return rows, left_out


def _decisions(door: Door, person: PersonId, slot: str, *, since: int, until: int) -> list[Decision]:
    """The first decision of each day for somebody in a slot, where the way of drawing had a part in it."""
    first: dict[int, Decision] = {}
    for one in reversed(record.of_person(door, person, _EVERY)):
        day = day_of(Micros(one.at), door.zone)
        if one.slot == slot and since <= day < until and one.reason not in _NOT_ITS:
            first.setdefault(day, one)
    return [one for one in first.values() if one.items and "engagement" not in one.withheld]


_EVERY: Final = 1 << 31


def _outcomes(door: Door, view: View, made: Sequence[Decision], reckoning: Reckoning) -> Iterator[_Row]:
    """What came of the first place of each decision."""
    at_place = {place.name: n for n, place in enumerate(reckoning.places)}
    some = [one for one in made if not isinstance(one.draw, UnsetType) and one.items[0].product in at_place]
    if not some:
        return
    place = np.array([at_place[one.items[0].product] for one in some], np.int64)
    at = np.array([one.at for one in some], np.int64)
    day = np.array([day_of(Micros(one.at), door.zone) for one in some], np.int64)
    rewards = reckoning.rewards(view.events, place, at, day) / UNIT
    for one, reward in zip(some, rewards.tolist(), strict=True):
        if not isinstance(one.draw, UnsetType):
            yield _Row(int(view.person), one.draw.eligible, one.items[0].product, reward)


# ---- judging ---------------------------------------------------------------------------------------------------------


def _judged(
    slot: str, target: str, way: Way, rewards: Rewards, rows: Sequence[_Row], left_out: int, *, since: int, until: int
) -> Judged:
    names = {name: n for n, name in enumerate(sorted({one.name for row in rows for one in row.eligible}))}
    chances = np.zeros((len(rows), len(names)))
    propensity = np.ones(len(rows))
    for n, row in enumerate(rows):
        for one, chance in zip(row.eligible, way(row.eligible), strict=True):
            chances[n, names[one.name]] = chance
            if one.name == row.name:
                propensity[n] = one.chance
    logged = Logged(
        np.array([names[row.name] for row in rows], np.int64),
        np.array([row.reward for row in rows], np.float64),
        propensity,
        np.array([row.person for row in rows], np.int64),
    )
    found, counted = evaluate(logged, chances), len({row.person for row in rows})
    brought: float | None = float(logged.reward.mean()) if rows else None
    if counted < SMALLEST:
        few = f"These are decisions of {counted} people; of fewer than {SMALLEST} no figure is told. Wait for more."
        found, brought = replace(found, ips=None, snips=None, dr=None, refused=few), None
    return Judged(slot, target, found, brought, counted, left_out, rewards.one, since, until)


_TOLD: Final = ("value", "low", "high", "error")


def document(told: Judged) -> Mapping[str, Any]:
    """The same in plain values, for programs; what cannot be told is null."""
    found = told.found
    estimates = {name: getattr(found, name) for name in ("snips", "dr", "ips")}
    return {
        "slot": told.slot,
        "target": told.target,
        "refused": found.refused,
        "brought": _number(told.brought),
        **{
            name: None if one is None else {key: _number(getattr(one, key)) for key in _TOLD}
            for name, one in estimates.items()
        },
        "one": told.one,
        "decisions": found.decisions,
        "people": told.people,
        "left_out": told.left_out,
        "ess": round(found.ess, 1),
        "rewards_worth": round(found.rewards, 1),
        "mean_weight": round(found.mean_weight, 4),
        "largest": round(found.largest, 4),
    }  # fmt: skip


def _number(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else round(value, 6)
