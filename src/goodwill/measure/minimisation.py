"""How much of people's data the suggestions really need: what their quality would be with less of it.

The last visit of each person is set aside, as in `goodwill.measure.holdout`, and the ten suggestions that the shop
would have made for it are judged by nDCG@10. Then the same is done with less: *at inference* the models stay, and only
the person's own last visits are looked at; *in training* the person's whole history is looked at, and the models are
learned from everybody's last visits only. The difference is taken person by person. Light and heavy customers are the
quarters with the fewest and the most visits: what is small on average may fall on few (Biega et al., SIGIR 2020).

All figures are exact sums over people: each one's nDCG is in millionths, so sums, squares and products are whole
numbers. What is lost is R = Σd / Σf, where f is a person's nDCG with everything and d what less adds to it (usually
below 0). Its interval is the paired normal one of a ratio: s.e.(R)² = Σ(d − R f)² / (n (n − 1) f̄²), at 95 %.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from goodwill.access import Frame
from goodwill.learn.affinity import Affinity, BoughtTogether, shown
from goodwill.learn.baskets import Baskets, HoldBack, Numbers, learnt, of_frame, tried
from goodwill.learn.habits import habits
from goodwill.learn.lines import read
from goodwill.learn.path import path
from goodwill.learn.popular import BoughtByMany, Popular
from goodwill.learn.purchases import OfPurchases
from goodwill.learn.ranking import MILLION, ndcg
from goodwill.learn.rows import Rows, rows
from goodwill.learn.usual import BuysAgain, Usual
from goodwill.measure.holdout import BEFORE, LEAST_VISITS, PLACES, Totals, common_items
from goodwill.measure.ranking import lists
from goodwill.sums import Sums

LENGTHS: Final = (1, 3, 5, 10, 20, 50)  # visits
SMALL: Final = 0.01  # an effect within ±1 % is none that anybody would notice
LEAST_PEOPLE: Final = 10  # of fewer no figure is shown
_FEW: Final = 100
_SURE = 1.959964  # of a normal distribution, 95 % lie within so many deviations
_LAST = (HoldBack.LAST_VISIT,)
_MOST = 2_000  # visits are told apart up to here
_GROUPS = ("everyone", "light", "heavy")

NEEDED, NOT_NEEDED, UNCLEAR, UNUSED, UNMEASURED = "needed", "not needed", "unclear", "not used", "not measured"


@dataclass(frozen=True, slots=True)
class Effect:
    """What less data does to the suggestions of some people.

    Attributes:
        people: judged.
        full: their nDCG@10 with everything; ndcg: with less; both 0 to 1. All is nan of fewer than ten people.
        relative: ndcg / full − 1; low, high: its 95 % interval, nan where it cannot be told.
    """

    people: int
    full: float
    ndcg: float
    relative: float
    low: float
    high: float

    @property
    def verdict(self) -> str:
        """Whether what was left out is needed: "not needed" where the whole interval lies within ±1 %."""
        if self.low >= -SMALL and self.high <= SMALL:
            return NOT_NEEDED
        return NEEDED if self.high < 0 else UNCLEAR


@dataclass(frozen=True, slots=True)
class Line:
    """One way of using less.

    Attributes:
        what: "last 5 visits", or the category that is left out.
        visits: how many of each person's last visits are used; 0 for none.
        share: of all bought lines before the judged visit, what is used.
        light, heavy: the quarters with the fewest and the most visits; None of fewer than ten people.
    """

    what: str
    visits: int
    share: float
    everyone: Effect
    light: Effect | None
    heavy: Effect | None


@dataclass(frozen=True, slots=True)
class Need:
    """Whether a category of data is needed.

    Attributes:
        category: of data. stage: "inference" or "training".
        verdict: needed · not needed · unclear · not used (no model reads it: no effect by construction) · not measured.
        line: what leaving it out does; None where nothing reads it.
    """

    category: str
    stage: str
    verdict: str
    line: Line | None = None


@dataclass(frozen=True, slots=True)
class Minimisation:
    """What the suggestions need.

    Attributes:
        people: judged; items: that count; places: length of the lists.
        light, heavy: at most, and at least, so many visits before the judged one.
        inference, training: by history length, shortest first.
        without_inference, without_training: with no purchases at all.
        warnings: what makes the figures doubtful.
    """

    people: int
    items: int
    places: int
    light: int
    heavy: int
    inference: tuple[Line, ...]
    training: tuple[Line, ...]
    without_inference: Line
    without_training: Line
    warnings: tuple[str, ...]

    def enough(self, stage: str) -> int | None:
        """The fewest last visits beside which the rest is not needed, for everyone together; None if none will do."""
        found = self.inference if stage == "inference" else self.training
        return next((line.visits for line in found if line.everyone.verdict == NOT_NEEDED), None)

    def needs(self, stage: str, listed: Sequence[str], used: frozenset[str]) -> tuple[Need, ...]:
        """Each category that a purpose lists, and whether it is needed.

        Args:
            listed: what the purpose may use; used: what models read.
        """
        purchases = self.without_inference if stage == "inference" else self.without_training
        return tuple(_need(category, stage, used, purchases) for category in listed)


def _need(category: str, stage: str, used: frozenset[str], purchases: Line) -> Need:
    if category not in used:
        return Need(category, stage, UNUSED)
    if category != "purchases":
        return Need(category, stage, UNMEASURED)
    return Need(category, stage, purchases.everyone.verdict, purchases)


# ---- from arrays, from a frame, through the door ---------------------------------------------------------------------


def minimisation(
    people: ArrayLike,
    items: ArrayLike,
    days: ArrayLike,
    orders: ArrayLike | None = None,
    *,
    new: int = 1,
    lengths: Sequence[int] = LENGTHS,
    least_visits: int = LEAST_VISITS,
) -> Minimisation:
    """What suggestions from some bought lines need.

    Args:
        people, items, days, orders: as for `goodwill.learn.usual.fit`, one entry a line.
        new: how many of the ten places go to something new.
        lengths: how many last visits to try, rising.
        least_visits: how often an item must have been bought to count.

    Raises:
        BadInput: arrays of different lengths.
    """
    baskets = read(people, items, days, orders).baskets()
    own = np.arange(baskets.items)
    return minimisation_by(
        _of(baskets.of_items), own, baskets.items,
        new=new, lengths=lengths, least_visits=least_visits,
    )  # fmt: skip


def minimisation_of(
    frame: Frame, item_of: Numbers, items: int, *, new: int = 1, lengths: Sequence[int] = LENGTHS,
    least_visits: int = LEAST_VISITS,
) -> Minimisation:  # fmt: skip
    """The same for the people of a frame; ``item_of`` and ``items`` as for `goodwill.measure.holdout.accuracy_by`."""
    totals = _of(lambda numbering, many: of_frame(frame, numbering, many))
    return minimisation_by(totals, item_of, items, new=new, lengths=lengths, least_visits=least_visits)


def _of(baskets: Callable[[Numbers, int], Baskets]) -> Totals:
    """Totals of purchases that are at hand; each numbering of items is read once."""
    seen: dict[int, Baskets] = {}

    def totals(wanted: Sequence[OfPurchases]) -> list[Sums]:
        numbering, many = wanted[0].item_of, wanted[0].items
        if id(numbering) not in seen:
            seen[id(numbering)] = baskets(numbering, many)
        return [what.whole_of(seen[id(numbering)]) for what in wanted]

    return totals


def minimisation_by(
    totals: Totals,
    item_of: Numbers,
    items: int,
    *,
    new: int = 1,
    lengths: Sequence[int] = LENGTHS,
    least_visits: int = LEAST_VISITS,
) -> Minimisation:
    """What suggestions need, from totals alone.

    Args:
        totals: gives some totals at once, see `goodwill.measure.holdout.through`.
    """
    item_of, items = common_items(totals, item_of, items, least_visits)
    lengths = tuple(sorted(lengths))
    (visits,) = totals([HowManyVisits(item_of, items, _LAST)])
    light, heavy = _quarters(visits.array("people"))
    weight = _weight(totals, item_of, items)
    full = _learned(totals, item_of, items, None, weight, new)
    (looked,) = totals([
        LessLooked(item_of, items, _LAST, lengths=lengths, light=light, heavy=heavy, full=full)
    ])  # fmt: skip
    inference, training = _lines(looked, lengths), []
    for line in inference:
        less = _learned(totals, item_of, items, line.visits, weight, new)
        (judged,) = totals([LessLearned(item_of, items, _LAST, less=less, light=light, heavy=heavy, full=full)])
        training.append(_line(judged, 0, line.what, line.visits, line.share))
    people = looked.array("people")
    return Minimisation(
        people=int(people[0]),
        items=items,
        places=PLACES,
        light=light,
        heavy=heavy,
        inference=tuple(inference[1:]),
        training=tuple(training[1:]),
        without_inference=inference[0],
        without_training=training[0],
        warnings=tuple(_warnings(int(people[0]))),
    )


def _warnings(people: int) -> list[str]:
    judged = f"Only {people} people could be judged"
    if people < LEAST_PEOPLE:
        return [f"{judged}; of fewer than {LEAST_PEOPLE} no figure is shown."]
    if people < _FEW:
        return [f"{judged}; of fewer than {_FEW} most intervals are too wide to tell anything."]
    return []


def _weight(totals: Totals, item_of: Numbers, items: int) -> float:
    """λ for all models alike, chosen as for the accuracy: on visits before those that are judged."""
    (early,) = totals([BoughtTogether(item_of, items, BEFORE, name="bought-together-early")])
    trial = path(early, item_of, BEFORE)
    return trial.fit(*totals([trial]))


def _learned(totals: Totals, item_of: Numbers, items: int, visits: int | None, weight: float, new: int) -> "Suggests":
    """The models from everybody's last visits before the judged one; all of them unless a number is given."""
    again, together, many = BuysAgain(item_of, items), BoughtTogether(item_of, items), BoughtByMany(item_of, items)
    each = [Recent(item_of, items, _LAST, name=what.name, what=what, visits=visits) for what in (again, together, many)]
    usual, pairs, popular = totals(each)
    return Suggests(again.fit(usual), shown(pairs, weight), many.fit(popular), new)


# ---- what is added up over people ------------------------------------------------------------------------------------


def recent(baskets: Baskets, visits: int | None) -> Baskets:
    """Each person's last so many visits; all of them if no number is given."""
    return baskets if visits is None else baskets.after(np.maximum(baskets.visits - visits, 0))


@dataclass(frozen=True, eq=False)
class Recent(OfPurchases):
    """What another contribution makes of each person's last visits only.

    Attributes:
        what: it; nothing is set aside by itself.
        visits: how many of them; None for all.
    """

    what: OfPurchases = field(kw_only=True)
    visits: int | None = field(kw_only=True)

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        return self.what.shapes

    def part_of(self, baskets: Baskets) -> Sums:
        return self.what.part_of(recent(learnt(baskets, self.hold_back), self.visits))

    def whole_of(self, baskets: Baskets) -> Sums:
        return self.what.whole_of(recent(learnt(baskets, self.hold_back), self.visits))


@dataclass(frozen=True, eq=False)
class HowManyVisits(OfPurchases):
    """How many people made how many visits before the one that is judged."""

    name: str = "how-many-visits"

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        return {"people": (_MOST + 1,)}

    def whole_of(self, baskets: Baskets) -> Sums:
        before = learnt(baskets, self.hold_back)
        counted = _judged(before, tried(baskets, self.hold_back))
        return Sums(people=np.bincount(np.minimum(before.visits[counted], _MOST), minlength=_MOST + 1))


def _judged(before: Baskets, then: Baskets) -> NDArray[np.bool_]:
    """Who bought something that counts before the judged visit and on it; shape (people,)."""
    return (rows(before, None).sizes > 0) & (rows(then, None).sizes > 0)


def _quarters(people: Numbers) -> tuple[int, int]:
    """At most so many visits makes a light customer, at least so many a heavy one: a quarter of all, or just more."""
    all_, upto = int(people.sum()), np.cumsum(people)
    if not all_:
        return 0, 0
    light = int(np.searchsorted(upto, all_ / 4))
    heavy = int(np.flatnonzero(all_ - np.append(0, upto[:-1]) >= all_ / 4)[-1])
    return light, heavy


@dataclass(frozen=True, slots=True, eq=False)
class Suggests:
    """What a shop suggests from what it learned: the usual, and something new on the last places.

    Attributes:
        new: how many of the ten places go to something new.
    """

    usual: Usual
    affinity: Affinity
    popular: Popular
    new: int

    def lists(self, history: Baskets, today: Numbers, people: Numbers) -> Numbers:
        """The ten suggestions for some people on a day of each; shape (people, places), −1 where there are no more."""
        found = habits(history, today)
        best = self.popular.ranking
        usual = lists(found.person, found.item, self.usual.scores(found), history.people, PLACES)
        row, had = rows(history), rows(history, None)
        out = np.full((people.size, PLACES), -1)
        for line, person in zip(out, people.tolist(), strict=True):
            chosen = self._chosen(usual[person], row.of(person), had.of(person), best)
            line[: chosen.size] = chosen
        return out

    def _chosen(self, usual: Numbers, row: Numbers, had: Numbers, best: Numbers) -> Numbers:
        usual = usual[usual >= 0][: PLACES - self.new]
        barred = np.zeros(self.affinity.items, bool)
        barred[had] = True
        fresh = [found.item for found in self.affinity.recommend(row, PLACES - usual.size, barred=barred)]
        line = np.append(usual, fresh).astype(np.int64)[:PLACES]
        more = best[~np.isin(best, np.append(had, line))]
        return np.append(line, more[: PLACES - line.size])

    def to_everyone(self, people: int) -> Numbers:
        """The ten best sellers, which is what somebody gets of whom nothing is known; shape (people, places)."""
        best = self.popular.ranking[:PLACES]
        return np.tile(np.append(best, np.full(PLACES - best.size, -1)), (people, 1))


@dataclass(frozen=True, eq=False)
class _Judging(OfPurchases):
    """Figures of several ways for the same people, by group; the first way is the one with everything.

    Attributes:
        light, heavy: so many visits at most, and at least.
        full: learned from everything but the judged visit.
    """

    light: int = field(kw_only=True)
    heavy: int = field(kw_only=True)
    full: Suggests = field(kw_only=True)

    @property
    def ways(self) -> int:
        """How many ways of using less are judged."""
        raise NotImplementedError

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        figures = dict.fromkeys(("ndcg", "ndcg_squared", "ndcg_by_full"), (len(_GROUPS), self.ways + 1))
        return {"people": (len(_GROUPS),), "lines": (self.ways + 1,), **figures}

    def tallied(self, before: Baskets, then: Baskets, found: Sequence[Numbers], lines: Sequence[int]) -> Sums:
        """Sums over the judged people.

        Args:
            found: the lists of each way, shape (judged, places).
            lines: bought lines that each way looks at, over all people.
        """
        counted = np.flatnonzero(_judged(before, then))
        each = np.stack([_worth(one, rows(then, None), counted) for one in found], axis=1)
        visits = before.visits[counted]
        groups = np.stack([np.ones(counted.size, bool), visits <= self.light, visits >= self.heavy]).astype(np.int64)
        return Sums(
            people=groups.sum(axis=1),
            lines=np.array(lines),
            ndcg=groups @ each,
            ndcg_squared=groups @ each**2,
            ndcg_by_full=groups @ (each * each[:, :1]),
        )


def _worth(found: Numbers, wanted: Rows, people: Numbers) -> Numbers:
    """nDCG@10 of each list, in millionths, shape (people,)."""
    hits = np.zeros(found.shape, bool)
    sizes = np.zeros(people.size, np.int64)
    for n, person in enumerate(people.tolist()):
        own = wanted.of(person)
        hits[n], sizes[n] = np.isin(found[n], own), own.size
    return ndcg(hits, sizes) if people.size else np.zeros(0, np.int64)


@dataclass(frozen=True, eq=False)
class LessLooked(_Judging):
    """The same models; of the person only nothing, or her last visits, is looked at."""

    name: str = "less-looked-at"
    lengths: tuple[int, ...] = field(kw_only=True)

    @property
    def ways(self) -> int:
        return len(self.lengths) + 1

    def whole_of(self, baskets: Baskets) -> Sums:
        before, then = learnt(baskets, self.hold_back), tried(baskets, self.hold_back)
        counted, today = np.flatnonzero(_judged(before, then)), _days(then)
        histories = [before, *(recent(before, visits) for visits in self.lengths)]
        found = [self.full.lists(history, today, counted) for history in histories]
        found.insert(1, self.full.to_everyone(counted.size))
        lines = [history.item.size for history in histories]
        return self.tallied(before, then, found, [lines[0], 0, *lines[1:]])


@dataclass(frozen=True, eq=False)
class LessLearned(_Judging):
    """The person's whole history; the models are learned from less.

    Attributes:
        less: those models.
    """

    name: str = "less-learned-from"
    less: Suggests = field(kw_only=True)

    @property
    def ways(self) -> int:
        return 1

    def whole_of(self, baskets: Baskets) -> Sums:
        before, then = learnt(baskets, self.hold_back), tried(baskets, self.hold_back)
        counted, today = np.flatnonzero(_judged(before, then)), _days(then)
        found = [models.lists(before, today, counted) for models in (self.full, self.less)]
        return self.tallied(before, then, found, [before.item.size, 0])


def _days(then: Baskets) -> Numbers:
    """The day of each person's judged visit; 0 where there is none."""
    today = np.zeros(then.people, np.int64)
    came = then.visits > 0
    today[came] = then.day[then.starts[:-1][came]]
    return today


# ---- from sums to figures --------------------------------------------------------------------------------------------


def _lines(looked: Sums, lengths: tuple[int, ...]) -> list[Line]:
    used = looked.array("lines")
    everything = max(1, int(used[0]))
    return [
        _line(looked, way, _said(visits), visits, int(used[way + 1]) / everything)
        for way, visits in enumerate((0, *lengths))
    ]


def _said(visits: int) -> str:
    return "no purchases" if not visits else f"last {visits} visit{'s' if visits > 1 else ''}"


def _line(sums: Sums, way: int, what: str, visits: int, share: float) -> Line:
    everyone, light, heavy = (effect(sums, group, way + 1) for group in range(len(_GROUPS)))
    return Line(what, visits, share, everyone, _or_none(light), _or_none(heavy))


def _or_none(some: Effect) -> Effect | None:
    return some if some.people >= LEAST_PEOPLE else None


def effect(sums: Sums, group: int, way: int) -> Effect:
    """The effect of one way on one group, from whole numbers alone (see the module's text)."""
    n = int(sums.array("people")[group])
    f, v = (int(sums.array("ndcg")[group, at]) for at in (0, way))
    ff, vv = (int(sums.array("ndcg_squared")[group, at]) for at in (0, way))
    vf = int(sums.array("ndcg_by_full")[group, way])
    if n < LEAST_PEOPLE or not f:
        return Effect(n, *[float("nan")] * 5)
    d, dd, df = v - f, vv - 2 * vf + ff, vf - ff
    spread = dd * f * f - 2 * d * f * df + d * d * ff  # Σ(d − R f)² · f², in whole numbers: nothing cancels
    relative, error = d / f, (spread * n / (n - 1)) ** 0.5 / (f * f)
    return Effect(
        n, f / n / MILLION, v / n / MILLION, relative, relative - _SURE * error, relative + _SURE * error
    )  # fmt: skip
