"""Whom a programme helps: what each person adds, a forecast of what it does for her, and whether that forecast is true.

What was known of her before the window foretells what the programme does for her; the forecast is learned from other
people than those on whom it is tried. A forecast that says nothing ranks people at random, and then nobody should be
left out by it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from goodwill.access import Frame, View
from goodwill.access.view import GROUPS
from goodwill.measure.bought import Bought, Numbers, of_frame, of_view
from goodwill.measure.buying import EDGES, OfBought, days_bought
from goodwill.measure.estimate import Estimate
from goodwill.measure.experiments.arm import Floats, arm_of
from goodwill.measure.experiments.effect import Difference, compared
from goodwill.measure.experiments.targeting import HELPS, uplift_curve
from goodwill.measure.figure import SMALL
from goodwill.measure.opting import middle, steps_of
from goodwill.measure.together import groups_of
from goodwill.sums import Cells, Sums

FOLDS: Final = 5
NO_EVIDENCE: Final = "There is no evidence that targeting helps: leave nobody out by what is known of her past."
HELPS_MORE: Final = (
    "Whom it helps more can be foretold, but nothing shows that the others lose by it: leave nobody out, unless "
    "reaching somebody costs more than it brings."
)
HARMS_SOME: Final = (
    "Leaving people out would do better than everybody: the half whom it helps least lose by it. Try that by lot first."
)
TOO_FEW: Final = (
    "Too few are in an arm, or too few of them bought, to judge whom it helps more. Ask again when more time has "
    "passed, or leave more out: goodwill experiment holdout 20"
)

_ALIKE: Final = "By what was known of their past all are alike, so nobody can be told from the others by it."
_ARMS: Final = 3  # control, treated, and in neither
_PAST: Final = 364  # days before the window of which purchases are counted
_WEEKS: Final = 52  # since the first and the last purchase; more count as so many
_NEVER: Final = _WEEKS + 1  # bought nothing before
_DAYS: Final = 63  # with a purchase; more count as so many
_SHAPE: Final = (GROUPS, _NEVER + 1, _NEVER + 1, _DAYS + 1, EDGES.size + 1, EDGES.size + 1)
_CUTS: Final = (0.1, 0.2, 0.5)  # the best so many
_LARGEST: Final = 0.999  # what lies beyond is cut to it where a forecast is learned
_RIDGE: Final = 1.0  # people that the forecast "nothing goes with it" counts for


@dataclass(frozen=True, kw_only=True)
class ByPast(OfBought):
    """One cell of (arm and fold, first and last week, days and amount before, what she paid since), as exact counts.

    Everybody in an arm counts, with 0 where she bought nothing. Amounts are told apart in steps of 2 %.

    Attributes:
        since: first day of the window; what counts as known lies before it.
        arm_of: of each person 0 for the control, 1 for the treated, more for neither; fold_of: 0 to `FOLDS` − 1. Both
            are pure functions of ids.
    """

    name: str = "by-past"
    since: int
    arm_of: Callable[[Numbers], Numbers] = field(compare=False)
    fold_of: Callable[[Numbers], Numbers] = field(compare=False)

    def group_of(self, persons: Numbers) -> Numbers:
        return _ARMS * self.fold_of(persons) + np.minimum(self.arm_of(persons), _ARMS - 1)

    def part(self, view: View) -> Sums:
        return self._by_group(of_view(view, self.until), self.group_of(np.array([view.person], np.int64)))

    def whole(self, frame: Frame) -> Sums:
        return self._by_group(of_frame(frame, self.until), groups_of(frame))

    def _sums(self, bought: Bought) -> Sums:
        raise NotImplementedError("what somebody adds hangs on her arm")

    def _by_group(self, orders: Bought, group: Numbers) -> Sums:
        people = group.size
        past, since = orders.where(orders.day < self.since), orders.where(orders.day >= self.since)
        lately = past.where(past.day >= self.since - _PAST)
        days = np.bincount(days_bought(lately).person, minlength=people).astype(np.int64)
        told = (
            group, self._weeks(past.person[::-1], past.day[::-1], people), self._weeks(past.person, past.day, people),
            np.minimum(days, _DAYS), steps_of(lately, people), steps_of(since, people),
        )  # fmt: skip
        inside = group % _ARMS < _ARMS - 1
        at = np.ravel_multi_index(tuple(one[inside] for one in told), _SHAPE)
        cells = Cells.of(_SHAPE, at, np.ones(at.size, np.int64))
        return Sums({"customers": cells, "foreign": int((since.foreign & inside[since.person]).sum())})

    def _weeks(self, person: Numbers, day: Numbers, people: int) -> Numbers:
        """Since the day that stands last of each person, who has none: `_NEVER`."""
        found = np.full(people, -1)
        found[person] = day
        return np.where(found < 0, _NEVER, np.minimum((self.since - 1 - found) // 7, _WEEKS))


@dataclass(frozen=True, slots=True, eq=False)
class Tried:
    """People of both arms, one entry for each; shape (n,).

    Attributes:
        paid: since the window began, minor units, within 1 %. treated: 1, or 0 for the control. fold: 0 to `FOLDS` − 1.
        known: what was known of her before the window, see `KNOWN`; shape (n, 5).
    """

    paid: Floats
    treated: Numbers
    fold: Numbers
    known: Floats

    def where(self, chosen: NDArray[np.bool_]) -> "Tried":
        return Tried(self.paid[chosen], self.treated[chosen], self.fold[chosen], self.known[chosen])

    @property
    def people(self) -> Numbers:
        """In the control and among the treated."""
        return np.bincount(self.treated, minlength=2)

    @property
    def bought(self) -> Numbers:
        """How many of them bought since, in the same order."""
        return np.bincount(self.treated[self.paid != 0], minlength=2)


KNOWN: Final = (
    "whether she had bought before", "weeks since the first purchase", "weeks since the last purchase",
    "days with a purchase", "amount",
)  # fmt: skip


def tried_of(sums: Sums) -> Tried:
    """The people that the sums of `ByPast` hold, in an order that says nothing of them."""
    cells = sums.cells("customers")
    told = [np.repeat(one, cells.values) for one in np.unravel_index(cells.at, _SHAPE)]
    mixed = np.random.default_rng(0).permutation(told[0].size)  # of equal forecasts nobody stands first for her arm
    group, first, last, days, before, paid = (one[mixed].astype(np.float64) for one in told)
    fold, arm = np.divmod(group.astype(np.int64), _ARMS)
    weeks = (np.minimum(since, _WEEKS) for since in (first, last))
    known = ((first < _NEVER) * 1.0, *weeks, np.log1p(days), np.log1p(middle(before)))
    return Tried(middle(paid), arm, fold, np.column_stack(known))


# ---- the forecast ----------------------------------------------------------------------------------------------------


def forecast(of: Tried) -> Floats:
    """Where each stands in her fold by what the treatment is expected to bring her: 0 to 1, shape (n,).

    Each fold is foretold from the folds before it alone, and the first from none: NaN. So whoever is tried taught no
    forecast that is tried on others before her, and chance in one fold does not come back in another; where each fold
    is foretold from all others it does, and an interval is too sure (Wager, Sequential validation of treatment
    heterogeneity, 2024).
    """
    place: Floats = np.full(of.paid.size, np.nan)
    for fold in range(1, FOLDS):
        mine, before = of.fold == fold, of.fold < fold
        if mine.any() and before.any():
            brings = _learned(of.where(before))(of.known[mine])
            place[mine] = np.searchsorted(np.sort(brings), brings) / brings.size
    return place


def _learned(of: Tried) -> Callable[[Floats], Floats]:
    """What a treatment brings by what was known, minor units, from people of both arms.

    The residual-on-residual regression of Nie and Wager (Biometrika 108, 2021), linear in what was known, with the
    share of the treated as it is, since chance divided them.
    """
    centre, spread = of.known.mean(axis=0), of.known.std(axis=0)
    scale = np.where(spread > 0, spread, 1.0)

    def columns(rows: Floats) -> Floats:
        return np.column_stack([np.ones(len(rows)), (rows - centre) / scale])

    design, paid = columns(of.known), np.minimum(of.paid, float(np.quantile(of.paid, _LARGEST)))
    rest = paid - design @ _ridge(design, paid)
    moves = _ridge((of.treated - of.treated.mean())[:, None] * design, rest)
    return lambda rows: np.round(columns(rows) @ moves, 3)  # who is alike is so to the last digit


def _ridge(design: Floats, outcome: Floats) -> Floats:
    """Least squares, drawn a little towards nothing in all but the first column."""
    drawn = np.full(design.shape[1], _RIDGE)
    drawn[0] = 1e-9
    found = np.linalg.solve(design.T @ design + np.diag(drawn), design.T @ outcome)
    return np.asarray(found, np.float64)


# ---- whether it is true ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Best:
    """What the treatment brought those whom the forecast ranks highest, and all others.

    Attributes:
        share: of all, 0 to 1. best, rest: the difference of the arms among each, minor units.
    """

    share: float
    best: Difference
    rest: Difference


@dataclass(frozen=True, slots=True)
class Helped:
    """Whether the forecast finds whom the treatment helps.

    Attributes:
        qini: the area between the Qini curve and chance, of the largest there could be; see `targeting`.
        best: the best so many; a cut that would tell of few is left out.
        verdict: whether leaving people out would do better; "" where it is refused.
    """

    qini: Estimate
    best: tuple[Best, ...]
    verdict: str


def helped(of: Tried, *, seed: int) -> Helped:
    """Whether leaving people out by their past would do better than everybody.

    Args:
        seed: of the resamples of people behind the Qini interval.
    """
    place = forecast(of)
    tried = of.where(np.isfinite(place))
    score = place[np.isfinite(place)]
    curve = uplift_curve(score, tried.paid, tried.treated, at=(), seed=seed)
    if curve.refused:  # in other words: its own tell how many an arm has
        return Helped(Estimate.refuse(_ALIKE if score.size and np.ptp(score) == 0 else TOO_FEW), (), "")
    best = _best(tried, score)
    return Helped(curve.qini, best, _verdict(curve.verdict, best))


def _verdict(ranking: str, best: tuple[Best, ...]) -> str:
    """That it is worse than chance would only say that the forecast is none."""
    if ranking != HELPS:
        return NO_EVIDENCE
    half = next((one.rest for one in best if one.share == _CUTS[-1]), None)
    return HARMS_SOME if half is not None and half.high is not None and half.high < 0 else HELPS_MORE


def _best(of: Tried, score: Floats) -> tuple[Best, ...]:
    """Each cut beside the rest; the smallest ones go until no part between two cuts is of few."""
    order = np.argsort(-score, kind="stable")
    for first in range(len(_CUTS)):
        ends = [round(cut * score.size) for cut in _CUTS[first:]]
        if not any(_is_of_few(of, part) for part in np.split(order, ends)):
            return tuple(
                Best(cut, _difference(of, order[:end]), _difference(of, order[end:]))
                for cut, end in zip(_CUTS[first:], ends, strict=True)
            )
    return ()


def _is_of_few(of: Tried, some: Numbers) -> bool:
    """Whether in an arm fewer than ten are among some people, or 1 to 9 of them bought."""
    for arm in (0, 1):
        mine = of.paid[some[of.treated[some] == arm]]
        if mine.size < SMALL or 0 < np.count_nonzero(mine) < SMALL:
            return True
    return False


def _difference(of: Tried, some: Numbers) -> Difference:
    treated, paid = of.treated[some] == 1, of.paid[some]
    return compared(arm_of(paid[treated][:, None]), arm_of(paid[~treated][:, None]))
