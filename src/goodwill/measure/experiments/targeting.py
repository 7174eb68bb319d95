"""Whether a score finds those whom a treatment moves: uplift and Qini curves, and what they are worth beside chance.

A shop that treats the "best" third by a score that says nothing only treats a third at random. So the verdict is the
interval's: where it holds 0, there is no evidence that targeting helps.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, inf, isnan, nan, sqrt
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from goodwill.basics.errors import BadInput
from goodwill.measure.estimate import LEVEL, Estimate, check_level, document
from goodwill.measure.experiments.arm import Floats, arm_of, numbers
from goodwill.measure.experiments.effect import Difference, compared
from goodwill.measure.experiments.quantiles import reach

Whole: TypeAlias = NDArray[np.int64]

RESAMPLES: Final = 200
LEAST_PEOPLE: Final = 20  # in each arm
LEAST_WORTH: Final = 10.0  # equal buyers in each arm; a curve of so few is made of chance
_STEPS: Final = 250
_CELLS: Final = 400_000  # of resamples × kinds that are worked on at once, to stay in the processor's cache

HELPS: Final = "Targeting by this score helps: those whom it ranks higher are moved more."
HARMS: Final = "Targeting by this score does worse than chance: those whom it ranks higher are moved less."
NO_EVIDENCE: Final = "There is no evidence that targeting by this score helps."

_NO_PERFECT: Final = "A perfect uplift curve exists for outcomes of 0 and 1 only; look at Qini."
_FLAT: Final = (
    "All customers have the same outcome, so no order of them is better than another. Wait until more has happened."
)
_ONE_SCORE: Final = "The score is the same for everybody, so it ranks nobody."


@dataclass(frozen=True, slots=True)
class UpliftAt:
    """The difference between the arms among those whom the score ranks highest.

    Attributes:
        k: the share of customers, or their number, as asked for. customers: how many that are, of both arms.
    """

    k: float
    customers: int
    uplift: Difference

    def to_dict(self) -> dict[str, Any]:
        """The same in plain values, for programs."""
        return document(self)


@dataclass(frozen=True, slots=True, eq=False)
class UpliftCurve:
    """How a score ranks those whom a treatment moves; each as scikit-uplift 0.5.1 defines it.

    Attributes:
        customers: of both arms from the highest score down, at each distinct score, from 0; shape (m,).
        uplift: (mean of the treated − mean of the control among them) × their number; shape (m,).
        gain: outcomes of the treated − those of the control × treated ÷ control: the Qini curve; shape (m,).
        qini, auuc: the area between the curve and chance beside the largest there could be: 1 is perfect, 0 is chance.
            auuc is refused where outcomes are not 0 and 1.
        at: uplift@k among all customers ("overall").
        verdict: HELPS, HARMS or NO_EVIDENCE; "" where it is refused.
    """

    customers: Floats
    uplift: Floats
    gain: Floats
    qini: Estimate
    auuc: Estimate
    at: tuple[UpliftAt, ...]
    verdict: str = ""
    warnings: tuple[str, ...] = ()
    refused: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The same in plain values, for programs."""
        return document(self)


def uplift_curve(
    score: ArrayLike,
    outcome: ArrayLike,
    treated: ArrayLike,
    *,
    at: Sequence[float] = (0.1, 0.3, 0.5),
    level: float = LEVEL,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> UpliftCurve:
    """Judge a score by an experiment from whose customers it was not learned.

    Args:
        score: higher for whom more is expected; shape (n,).
        outcome: 0 and 1, or amounts; shape (n,).
        treated: 1 for the treated, 0 for the control, as chance divided them; shape (n,).
        at: for uplift@k: shares between 0 and 1, or whole numbers of customers from 1 to n − 1.
        resamples: of customers, for the intervals of qini and auuc (percentile bootstrap, widened where few bought:
            Hesterberg, Am. Stat. 69, 2015); at least 50.
        seed: the same seed gives the same intervals.

    Returns:
        refused where an arm has fewer than 20 customers or is worth fewer than 10 equal buyers, and where all scores or
        all outcomes are the same.

    Raises:
        BadInput: lengths differ, something is not a number, or `at` asks for more than there is.
    """
    lines = _lines(score, outcome, treated)
    n = lines[0].size
    sizes = [_size(k, n) for k in at]
    check_level(level)
    if resamples < 50:
        raise BadInput(f"An interval of {resamples} resamples says little; take 50 or more, 200 are usual.")
    if why := _untold(*lines):
        nothing = Estimate.refuse(why, n=n, level=level)
        return UpliftCurve(np.zeros(1), np.zeros(1), np.zeros(1), nothing, nothing, (), refused=why)
    sample = _Sample.of(*lines)
    walk = sample.as_ranked.walk(sample.times[None], sample.outcome)
    auuc, qini = _with_intervals(sample, *lines, level, resamples, seed)
    best, cut = _top(*lines, sizes, level)
    return UpliftCurve(
        walk.customers[0], walk.uplift[0], walk.gain[0], qini, auuc,
        at=tuple(UpliftAt(k, size, one) for k, size, one in zip(at, sizes, best, strict=True)),
        verdict=_verdict(qini),
        warnings=cut,
    )  # fmt: skip


def _lines(score: ArrayLike, outcome: ArrayLike, treated: ArrayLike) -> tuple[Floats, Floats, Floats]:
    scores, outcomes = numbers(score, "Scores"), numbers(outcome, "Outcomes")
    marks = numbers(treated, "Marks of who was treated")
    if not scores.size == outcomes.size == marks.size:
        raise BadInput(
            f"There are {scores.size} scores, {outcomes.size} outcomes and {marks.size} marks of who was treated; each "
            "customer has one of each."
        )
    if not np.all((marks == 0) | (marks == 1)):
        raise BadInput("Who was treated is marked by 1, who was not by 0, and nothing else.")
    return scores, outcomes, marks


def _size(k: float, n: int) -> int:
    size = ceil(n * k) if 0 < k < 1 else int(k)
    if k <= 0 or (k >= 1 and (size != k or size >= n)):
        raise BadInput(f"uplift@k is of a share between 0 and 1, or of 1 to {n - 1} customers; not of {k:g}.")
    return size


def _untold(score: Floats, outcome: Floats, treated: Floats) -> str:
    fewest = int(min(treated.sum(), treated.size - treated.sum()))
    if fewest < LEAST_PEOPLE:
        return (
            f"An arm has {fewest} customers; a ranking is judged from {LEAST_PEOPLE} on. Wait until more are assigned."
        )
    if np.ptp(outcome) == 0:
        return _FLAT
    if np.ptp(score) == 0:
        return _ONE_SCORE
    worth = _worth(outcome, treated)
    if worth < LEAST_WORTH:
        return (
            f"The outcomes of an arm are worth {worth:.0f} equal buyers; a ranking is judged from {LEAST_WORTH:.0f} "
            "on. Wait until more bought."
        )
    return ""


def _worth(outcome: Floats, treated: Floats) -> float:
    """How many equal buyers the smaller arm's outcomes are worth, (Σ|y|)² ÷ Σy² (Kish 1965)."""
    arms = [outcome[treated == one] for one in (0, 1)]
    return min(float(np.abs(arm).sum() ** 2 / (arm @ arm)) if np.any(arm) else 0.0 for arm in arms)


def _top(
    score: Floats, outcome: Floats, treated: Floats, sizes: Sequence[int], level: float
) -> tuple[list[Difference], tuple[str, ...]]:
    """The difference among the best so many, and whether who they are is arbitrary."""
    order = np.argsort(score, kind="stable")[::-1]  # ties in reverse, as scikit-uplift has them
    found = []
    for size in sizes:
        best = order[:size]
        mine = treated[best] == 1
        arms = (arm_of(outcome[best][some][:, None]) for some in (mine, ~mine))
        found.append(compared(*arms, level=level))
    tied = [f"{size:,}" for size in sizes if score[order[size - 1]] == score[order[size]]]
    says = f"Some customers have the same score, so which are the best {' or '.join(tied)} is arbitrary."
    return found, (says,) if tied else ()


def _verdict(qini: Estimate) -> str:
    if qini.low is None or qini.high is None:
        return ""
    return HELPS if qini.low > 0 else HARMS if qini.high < 0 else NO_EVIDENCE


# ---- the curves ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _Walk:
    """Both curves after each group of customers, from nobody to all; each of shape (times it was walked, m)."""

    customers: Floats
    uplift: Floats
    gain: Floats

    def area(self, line: Floats) -> Floats:
        """Between a curve and chance, which is a straight line to its end."""
        below: Floats = np.sum(np.diff(self.customers) * (line[:, 1:] + line[:, :-1]), axis=1)
        return (below - line[:, -1] * self.customers[:, -1]) / 2


@dataclass(frozen=True, slots=True, eq=False)
class _Order:
    """Customers by groups, the first group first, and by arm within a group.

    Attributes:
        place: who stands where, shape (n,). starts: where each group's arm begins that has anybody.
        cell: twice that group's number, and one more for the treated; shape as starts.
    """

    place: Whole
    starts: Whole
    cell: Whole
    groups: int

    @classmethod
    def by(cls, score: Floats, treated: Floats) -> "_Order":
        distinct, group = np.unique(-score, return_inverse=True)
        cell = 2 * group + treated.astype(np.int64)
        place = np.argsort(cell, kind="stable")
        cells, starts = np.unique(cell[place], return_index=True)
        return cls(place, starts, cells, distinct.size)

    def walk(self, times: Floats, outcome: Floats) -> _Walk:
        """The curves where each customer counts so many times; times: shape (walks, n)."""
        counted = times[:, self.place]
        people, brought = self._by_group(counted), self._by_group(counted * outcome[self.place])
        mean = np.divide(brought, people, out=np.zeros_like(people), where=people > 0)
        both = people.sum(axis=2)
        apart = mean[:, :, 1] - mean[:, :, 0]
        return _Walk(both, apart * both, brought[:, :, 1] - mean[:, :, 0] * people[:, :, 1])

    def _by_group(self, counted: Floats) -> Floats:
        """Sums up to each group, of control and treated: shape (walks, groups + 1, 2)."""
        found = np.zeros((len(counted), 2 * self.groups + 2))
        found[:, 2 + self.cell] = np.add.reduceat(counted, self.starts, axis=1)
        return found.reshape(len(counted), -1, 2).cumsum(axis=1)


@dataclass(frozen=True, slots=True, eq=False)
class _Sample:
    """Kinds of customers, in the order of the score and in the best orders there could be.

    Attributes:
        outcome, times: of each kind, and how many there are; shape (kinds,).
        for_uplift: None where outcomes are not 0 and 1.
    """

    outcome: Floats
    times: Floats
    as_ranked: _Order
    for_uplift: _Order | None
    for_gain: _Order

    @classmethod
    def of(cls, score: Floats, outcome: Floats, treated: Floats, times: Floats | None = None) -> "_Sample":
        count = np.ones(outcome.size) if times is None else times
        return cls(
            outcome,
            count,
            _Order.by(score, treated),
            _best_for_uplift(outcome, treated, count),
            _Order.by(outcome * (2 * treated - 1), treated),
        )

    def shares(self, times: Floats) -> Floats:
        """AUUC and Qini where kinds occur so often; NaN where no order is better than chance.

        Args:
            times: shape (walks, kinds).

        Returns:
            shape (walks, 2).
        """
        mine, best = self.as_ranked.walk(times, self.outcome), self.for_gain.walk(times, self.outcome)
        qini = _part(mine.area(mine.gain), best.area(best.gain))
        if self.for_uplift is None:
            return np.stack([np.full_like(qini, nan), qini], axis=1)
        best = self.for_uplift.walk(times, self.outcome)
        return np.stack([_part(mine.area(mine.uplift), best.area(best.uplift)), qini], axis=1)


def _part(area: Floats, largest: Floats) -> Floats:
    return np.divide(area, largest, out=np.full_like(area, nan), where=largest > 0)


def _best_for_uplift(outcome: Floats, treated: Floats, times: Floats) -> _Order | None:
    if not np.all((outcome == 0) | (outcome == 1)):
        return None
    of_control = times @ ((outcome == 1) & (treated == 0))
    not_of_treated = times @ ((outcome == 0) & (treated == 1))
    return _Order.by(2.0 * (outcome == treated) + (outcome if of_control > not_of_treated else treated), treated)


# ---- and how far chance reaches --------------------------------------------------------------------------------------


def _with_intervals(
    sample: _Sample, score: Floats, outcome: Floats, treated: Floats, level: float, resamples: int, seed: int
) -> tuple[Estimate, Estimate]:
    """AUUC and Qini of the customers as they are, with how they differ among customers drawn anew."""
    n, dice, kinds = outcome.size, np.random.default_rng(seed), _kinds(score, outcome, treated)
    found, near = sample.shares(sample.times[None])[0], kinds.shares(kinds.times[None])[0]
    at_once = max(1, _CELLS // kinds.times.size)
    drawn = np.concatenate([
        kinds.shares(dice.multinomial(n, kinds.times / n, min(at_once, resamples - done)).astype(np.float64))
        for done in range(0, resamples, at_once)
    ])  # fmt: skip
    worth, whys = _worth(outcome, treated), (_NO_PERFECT, _FLAT)
    auuc, qini = (_estimate(float(found[i]), (drawn - near)[:, i], level, n, worth, whys[i]) for i in (0, 1))
    return auuc, qini


def _kinds(score: Floats, outcome: Floats, treated: Floats) -> _Sample:
    """Customers of neighbouring scores, the same arm and outcome as one kind: a few hundred steps draw a curve well."""
    _, group, sizes = np.unique(-score, return_inverse=True, return_counts=True)
    step = ((sizes.cumsum() - sizes) * _STEPS // score.size)[group] if sizes.size > _STEPS else group
    amounts, amount = np.unique(outcome, return_inverse=True)
    kind = (2 * step + treated.astype(np.int64)) * amounts.size + amount
    _, first, times = np.unique(kind, return_index=True, return_counts=True)
    return _Sample.of(-step[first].astype(np.float64), outcome[first], treated[first], times.astype(np.float64))


def _estimate(found: float, moved: Floats, level: float, n: int, worth: float, why: str) -> Estimate:
    """The percentile interval, wider by as much as Student's t of so many buyers is than the normal distribution."""
    told = moved[np.isfinite(moved)]
    if isnan(found) or not told.size:
        return Estimate.refuse(why, n=n, level=level)
    wider = reach(level, worth - 1) / reach(level, inf) * sqrt(worth / (worth - 1))
    low, high = np.quantile(told, [(1 - level) / 2, (1 + level) / 2]) * wider
    return Estimate(
        value=found,
        low=found + float(low),
        high=found + float(high),
        standard_error=float(told.std()),
        level=level,
        n=n,
    )
