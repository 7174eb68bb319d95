"""What a programme caused, from people whom chance left out of it: what was spent more, and what is left of it later.

Everybody assigned counts in her arm, whatever she did or allowed (intention to treat). What people spent in the time
before, which no programme can have changed, takes chance off the comparison (CUPED). What comes after the window is
foretold by one model of buying in which the arm is a trait, and drawn together with what was measured.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from math import inf
from statistics import NormalDist
from typing import Any, Final, TypeAlias

import numpy as np

from goodwill.access import Frame, View
from goodwill.basics.errors import CannotTell
from goodwill.learn.composed import beside, only
from goodwill.learn.lifetime import covariates, gammagamma, pareto
from goodwill.learn.lifetime.worth import WEEKS_A_YEAR, discount_rate
from goodwill.measure.bought import TYPES, Bought, Numbers, of_frame, of_view
from goodwill.measure.buying import Customers, HowOften, HowOftenSince, customers_of, first_days, plainly, with_traits
from goodwill.measure.experiments.effect import Difference, compared
from goodwill.measure.experiments.moments import Moments, of_group, parts
from goodwill.measure.experiments.sequence import for_every_look
from goodwill.measure.figure import SMALL, told_of
from goodwill.measure.given import Floats
from goodwill.measure.together import groups_of
from goodwill.people.types import TypeCode
from goodwill.purposes import STATISTICS, Category, Purpose
from goodwill.sums import Cells, Sums

Group: TypeAlias = Callable[[Numbers], Numbers]

ARMS: Final = ("treated", "left-out")  # 0 and 1, as a contribution's group says it
_STEP: Final = 0.1  # of a standard error, for slopes
_TRAIT: Final = "treated"
_ALL: Final = ((1.0, 1.0),)
_TWENTIETHS: Final = np.linspace(0.0, 1.0, 21)
BEFOREHAND: Final = np.array([1 / 4, *[1 / 76] * 19, 1 / 2])  # the chances of these shares to last, before any look
_GRANTED: Final = (
    "That people differ somewhat in how soon they leave is taken for granted in B2, for these cannot tell how much."
)
_OF_TEN: Final = (0.1, 0.9)  # 8 of 10 draws lie between
DISCOUNT: Final = 0.10  # a year, of what comes after the window


@dataclass(frozen=True, kw_only=True)
class ByArm:
    """What somebody spent before, early and late in a window, and how she bought, in her arm.

    Attributes:
        start: the window's first day; it is as long as what is looked at before it. until: its last day.
        arm: 0 for the treated, 1 for those left out, from people's numbers alone.
    """

    start: int
    until: int
    currency: str
    arm: Group
    name: str = "by-arm"
    purpose: Purpose = STATISTICS
    categories: frozenset[Category] = field(default=frozenset({Category("purchases")}))
    types: tuple[TypeCode, ...] = TYPES

    @property
    def days(self) -> int:
        return self.until - self.start + 1

    @property
    def buying(self) -> HowOften:
        """How the cells of customers are told apart: each clock starts with the first purchase in the window."""
        return HowOftenSince(until=self.until, currency=self.currency, since=self.start)

    def group_of(self, persons: Numbers) -> Numbers:
        return self.arm(persons)

    def part(self, view: View) -> Sums:
        return self.sums_of(of_view(view, self.until), self.arm(np.array([view.person], np.int64)))

    def whole(self, frame: Frame) -> Sums:
        return self.sums_of(of_frame(frame, self.until), groups_of(frame))

    def sums_of(self, bought: Bought, group: Numbers) -> Sums:
        """What some people's orders add up to; the group of each by the number that she has in the orders."""
        arms = {}
        arm_of_order = group[bought.person]
        for number, name in enumerate(ARMS):
            hers, mine = group == number, bought.where(arm_of_order == number)
            arms[name] = self._of_arm(mine, hers)
        return beside(arms)

    def _of_arm(self, bought: Bought, members: Numbers) -> Sums:
        """The sums of one arm.

        Args:
            members: of everybody, whether she is in it.
        """
        middle = self.start + self.days // 2
        before, window, early, late = (
            _spent(bought, members.size, first, last)
            for first, last in (
                (self.start - self.days, self.start - 1), (self.start, self.until), (self.start, middle - 1),
                (middle, self.until),
            )
        )  # fmt: skip
        first = first_days(bought)
        new = np.unique(bought.person[first >= self.start]).size
        one = np.zeros(int(members.sum()), np.int64)  # all in one group
        return beside({
            "window": parts(np.stack([window, before])[:, members], one, 1),
            "early": parts(np.stack([early, before])[:, members], one, 1),
            "late": parts(np.stack([late, before])[:, members], one, 1),
            "buying": self._cells(bought, window, before),
            "counts": Sums({"new": int(new), "foreign": int(bought.foreign.sum())}),
        })  # fmt: skip

    def _cells(self, bought: Bought, window: Numbers, before: Numbers) -> Sums:
        who, at = self.buying.placed(bought)
        shape = self.buying.shape
        return Sums({
            "customers": Cells.of(shape, at, np.ones(at.size, np.int64)),
            "window": Cells.of(shape, at, window[who]), "before": Cells.of(shape, at, before[who]),
        })  # fmt: skip


def _spent(bought: Bought, people: int, first: int, last: int) -> Numbers:
    """What each person spent from one day to another; shape (people,)."""
    found, chosen = np.zeros(people, np.int64), (bought.day >= first) & (bought.day <= last)
    np.add.at(found, bought.person[chosen], bought.amount[chosen])
    return found


# ---- what is made of them --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Arm:
    """One arm, from its sums.

    Attributes:
        people: assigned. new: of them, who bought for the first time inside the window. foreign: orders left out.
        window, early, late: what they spent in it, and in each half of it, beside what they spent before.
        kinds: how they buy. spent, before: of each kind, all that its customers spent in the window and before it.
    """

    people: int
    new: int
    foreign: int
    window: Moments
    early: Moments
    late: Moments
    kinds: Customers
    spent: Floats
    before: Floats


def arms_of(sums: Sums, what: ByArm) -> tuple[Arm, Arm]:
    """The treated and those left out."""
    one, other = (_arm_of(only(sums, name), what) for name in ARMS)
    return one, other


def _arm_of(sums: Sums, what: ByArm) -> Arm:
    window, early, late, counts = (only(sums, name) for name in ("window", "early", "late", "counts"))
    buying = only(sums, "buying")
    cells = buying.cells("customers")
    spent, before = (_along(cells, buying.cells(name)) for name in ("window", "before"))
    return Arm(
        window.number("people"), counts.number("new"), counts.number("foreign"), of_group(window, 0),
        of_group(early, 0), of_group(late, 0), customers_of(buying, what.buying), spent, before,
    )  # fmt: skip


def _along(cells: Cells, others: Cells) -> Floats:
    """What stands in the places of some cells."""
    found = np.zeros(cells.at.size)
    found[np.searchsorted(cells.at, others.at)] = others.values
    return found


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen of a programme: sales, in minor units, before any margin; figures of many, about nobody.

    Attributes:
        treated, held: people with it and left out; exist: that there are.
        each, each_error, low, high, p: what a customer spent more in the window of so many ``days``.
        after: of what a treated customer will spend more in as many days after the window, if all of the effect lasts:
            mean, variance (of the customers and of the model's parameters), and covariance with what she spent more
            inside; several where they were drawn with parameters, which older answers are. Empty where ``why`` says
            why it is not measured.
        decay: how much of the effect lasts, 0 to 1, on the mean of the draws.
        lasting: each share that may last, and its chance; older answers have it in ``after``.
        often: the range of ``each`` for who looks at every figure; None where ``early`` says why there is none yet.
        bought: customers of the arm in which fewer bought inside the window; 0 where that is not told.
    """

    treated: int
    held: int
    exist: int
    days: int
    each: float
    each_error: float
    low: float
    high: float
    p: float | None
    method: str
    after: tuple[tuple[float, float, float], ...]
    decay: float
    why: str = ""
    warnings: tuple[str, ...] = ()
    often: tuple[float, float] | None = None
    early: str = (
        "Too early: what was kept of these days has no range for who looks again and again; that of the next has."
    )
    bought: int = 0
    lasting: tuple[tuple[float, float], ...] = _ALL

    def to_dict(self) -> dict[str, Any]:
        """In plain values; `read` gives it back."""
        return asdict(self)

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> "Seen":
        """What `to_dict` made a document of."""
        after = tuple((one[0], one[1], one[2]) for one in document["after"])
        often = document.get("often")
        ends = None if often is None else (often[0], often[1])
        lasting = tuple((one[0], one[1]) for one in document.get("lasting", _ALL))
        same = {"after": after, "warnings": tuple(document["warnings"]), "often": ends, "lasting": lasting}
        return cls(**{**document, **same})

    def again_and_again(self) -> tuple[float, float]:
        """The range of ``each`` for who looks at every report; without end where it is too early for one."""
        return self.often or (-inf, inf)

    def draws(self, many: int, seed: int) -> tuple[Floats, Floats | None]:
        """Sales beyond those of the left out, of all treated together: inside the window and after it, shape (many,).

        Both come from the same customers, so they are drawn with the covariance that these give them, by what each
        adds to the means and to the model's parameters (stacked influence functions, the limit of a bootstrap).
        """
        random = np.random.default_rng(seed)
        error, inside = self._evenly(many, random), self.each_error**2
        first = self.each + error
        if not self.after:
            return self.treated * first, None
        found = np.empty((many, 2))
        found[:, 0] = first
        for number, (mean, variance, common) in enumerate(self.after):
            mine = slice(number, many, len(self.after))
            slope = common / inside if inside > 0 else 0.0
            rest = max(0.0, variance - slope * common)
            found[mine, 1] = mean + slope * error[mine] + rest**0.5 * random.standard_normal(error[mine].size)
        if self.lasting != _ALL:
            found[:, 1] *= self._shares(many, random)
        found *= self.treated
        return found[:, 0], found[:, 1]

    def _shares(self, many: int, random: np.random.Generator) -> Floats:
        """How much lasts in each draw: every share as often as its chance has it, in random order."""
        shares, chances = np.array(self.lasting).T
        places = (np.arange(many) + 0.5) / many
        return random.permutation(shares[np.minimum(np.searchsorted(np.cumsum(chances), places), shares.size - 1)])

    def _evenly(self, many: int, random: np.random.Generator) -> Floats:
        """How far from ``each`` it may be: evenly spread quantiles in random order, with the interval's own ends.

        So what is told of the draws is what is told of the comparison itself, to the last digit.
        """
        normal = NormalDist()
        places = (np.arange(many) + 0.5) / many
        reach = (self.high - self.low) / 2 / normal.inv_cdf(0.975)  # Student's t where its end is; hardly else
        return random.permutation(reach * np.array([normal.inv_cdf(place) for place in places]))


def caused(arms: tuple[Arm, Arm], share: float, days: int, *, exist: int) -> Seen:
    """What the arms tell.

    Args:
        arms: the treated, and those left out. share: of all people, who were meant to be left out; 0 to 1.
        days: length of the window. exist: people that there are.

    Raises:
        CannotTell: the arms cannot be compared; the sentence says why.
    """
    treated, control = arms
    each = compared(treated.window.arm, control.window.arm, planned=(1 - share, share))
    if each.value is None or each.low is None or each.high is None:
        raise CannotTell(each.refused)
    lasting, of_lasting = _lasting(arms, each)
    after: tuple[tuple[float, float, float], ...] = ()
    said: tuple[str, ...] = ()
    why = ""
    try:
        left, granted = _after(arms, days)
        after, said = (left,), (of_lasting, *((_GRANTED,) if granted else ()))
    except CannotTell as cannot:
        why = plainly(cannot)
    often, bought = for_every_look(treated.window, control.window), min(treated.window.bought, control.window.bought)
    foreign = treated.foreign + control.foreign
    other = (f"{told_of(foreign, 'orders')} in another currency are left out.",) if foreign else ()
    return Seen(
        treated.people, control.people, exist, days, each.value, each.standard_error or 0.0, each.low, each.high,
        each.p, each.method, after, _mean(lasting), why, (*each.warnings, *said, *other),
        often=None if often.low is None or often.high is None else (often.low, often.high),
        early=_early(bought, often.refused), bought=bought if bought >= SMALL else 0,
        lasting=lasting,
    )  # fmt: skip


def _early(bought: int, refused: str) -> str:
    """Why there is no range for who looks again and again; of fewer than ten people no number is told."""
    return refused if bought >= SMALL else refused.replace(f" {bought} ", f" fewer than {SMALL} ", 1)


def _lasting(arms: tuple[Arm, Arm], each: Difference) -> tuple[tuple[tuple[float, float], ...], str]:
    """Which shares of the effect may last as long again, each with its chance; and that in words.

    Before any look half of all chance has it that all of it lasts, a quarter that none does, a quarter anything
    between. How the effect of the window's second half stands beside that of its first then moves these chances
    (Bayes). All of a loss counts: that it fades would have to be shown.
    """
    if each.value is None or each.value <= 0:
        return _ALL, "Of a loss all counts in B2, as if it lasted: that it fades cannot be told from one window."
    early, late = compared(arms[0].early.arm, arms[1].early.arm), compared(arms[0].late.arm, arms[1].late.arm)
    chances = BEFOREHAND * _likely(early, late, each)
    chances = chances / chances.sum()
    low, high = (_TWENTIETHS[np.searchsorted(np.cumsum(chances), end)] for end in _OF_TEN)
    found = tuple((float(share), float(chance)) for share, chance in zip(_TWENTIETHS, chances, strict=True))
    counts = f"{100 * _mean(found):.0f} % of it counts in B2"
    if low == high:
        return found, f"By what the window's halves say, the gain lasts after it as follows: {counts}."
    return found, (
        f"How much of the gain lasts after the window is known roughly: {counts}, between {100 * low:.0f} and "
        f"{100 * high:.0f} % in 8 of 10 draws, by what the window's halves say."
    )


def _likely(early: Difference, late: Difference, both: Difference) -> Floats:
    """How well each share of the first half's effect, left in the second, goes with what was seen; 1 for the best.

    That is by the likelihood where the first half's effect is what suits the share best (profile likelihood). The
    effects of both halves are normal, and hang together as their sum tells. All of it lasts also where it grew, and
    nothing where it turned round.
    """
    if early.value is None or late.value is None:
        return np.ones(_TWENTIETHS.size)
    one, other, sum_ = (found.standard_error or 0.0 for found in (early, late, both))
    common = (sum_**2 - one**2 - other**2) / 2
    first, second = (early.value, one), (late.value, other)
    off = _off(first, second, common, _TWENTIETHS)
    off[0] = _off(first, second, common, -_TWENTIETHS).min()
    off[-1] = _off(second, first, common, np.append(-_TWENTIETHS, _TWENTIETHS)).min()
    return np.asarray(np.exp((off.min() - off) / 2))


def _off(one: tuple[float, float], other: tuple[float, float], common: float, shares: Floats) -> Floats:
    """How far, in squared standard errors, one effect times each share is from another; each with its own error."""
    variance = other[1] ** 2 - 2 * shares * common + (shares * one[1]) ** 2
    return np.asarray((other[0] - shares * one[0]) ** 2 / np.maximum(variance, 1e-12))


def _mean(lasting: tuple[tuple[float, float], ...]) -> float:
    return sum(share * chance for share, chance in lasting)


def _after(arms: tuple[Arm, Arm], days: int) -> tuple[tuple[float, float, float], tuple[str, ...]]:
    """Mean, variance and covariance as `Seen.after` has them; and what was taken for granted.

    Raises:
        CannotTell: the model cannot be fitted; the sentence says why.
    """
    slope = _slope(arms)
    worth, granted = _residuals(arms, days)
    after, spread, common = 0.0, 0.0, 0.0
    for sign, arm, (each, moved) in zip((1, -1), arms, worth, strict=True):
        after += sign * float(arm.kinds.many @ each) / arm.people
        variance, with_inside = _of_worth(arm, each + sign * arm.people * moved, slope)
        spread += variance / arm.people
        common += with_inside / arm.people
    return (after, spread, common), granted


def _residuals(arms: tuple[Arm, Arm], days: int) -> tuple[list[tuple[Floats, Floats]], tuple[str, ...]]:
    """Of each arm's kinds of customers, what one will still spend, and what one moves of the arms' difference.

    Beside that stands what was taken for granted.

    She moves it because the model is fitted to her too: by her score, times how sure the parameters are, times how the
    difference goes with them (her influence function). So what is not known of them goes with what was seen inside.

    Raises:
        CannotTell: the model cannot be fitted; the sentence says why.
    """
    kinds = [arm.kinds for arm in arms]
    if not all(one.x.size for one in kinds):
        raise CannotTell("in one arm nobody bought anything yet")
    x, t_x, age, mean, many = (
        np.concatenate([getattr(one, name) for one in kinds]) for name in ("x", "t_x", "T", "mean", "many")
    )
    sizes = [one.x.size for one in kinds]
    trait = np.repeat([1.0, 0.0], sizes)
    model, granted = with_traits((x, t_x, age), {_TRAIT: trait}, many)
    amounts = gammagamma.fit(x, mean, many).expected_amount(x, mean)
    rows, place = np.unique(np.stack([x, t_x, age, trait]), axis=1, return_inverse=True)
    place = np.asarray(place).reshape(-1)
    ahead = _Ahead(model, rows, days / 7)
    share = many * np.repeat([1 / arms[0].people, -1 / arms[1].people], sizes)

    def worth(theta: Floats) -> Floats:
        return amounts * ahead.purchases(theta)[place]

    slopes = _slopes(lambda theta: float(share @ worth(theta)), model)
    moved = (ahead.influence() @ slopes)[place]
    first = slice(sizes[0])
    rest = slice(sizes[0], None)
    each = worth(model.fitted.theta)
    return [(each[some], moved[some]) for some in (first, rest)], granted


@dataclass(frozen=True, slots=True, eq=False)
class _Ahead:
    """Different customers, and a model of them with the arm as a trait.

    Attributes:
        rows: x, t_x, T and the trait; shape (4, n). weeks: how far to look.
    """

    model: covariates.ParetoNbdTraits
    rows: Floats
    weeks: float

    @property
    def _given(self) -> tuple[Floats, Floats, Floats, dict[str, Floats]]:
        x, t_x, age, trait = self.rows
        return x, t_x, age, {_TRAIT: trait}

    def purchases(self, theta: Floats) -> Floats:
        """To come from each under some parameters, discounted; shape (n,)."""
        drawn = covariates.ParetoNbdTraits.of(self.model.given(*self._given), replace(self.model.fitted, theta=theta))
        return drawn.future(*self._given, discount=discount_rate(DISCOUNT, WEEKS_A_YEAR), horizon=self.weeks).mean

    def influence(self) -> Floats:
        """How far each moves the parameters; shape (n, k)."""
        known, fitted = self.model.given(*self._given), self.model.fitted
        back = np.linalg.inv(known.raw())
        scores = covariates.hill_of(known, pareto.rows_likelihood).rows(back @ fitted.theta)[1][known.rows.at]
        return np.asarray(scores @ back @ fitted.covariance)


def _slopes(figure: Callable[[Floats], float], model: covariates.ParetoNbdTraits) -> Floats:
    """How a figure goes with each parameter of a model, by differences; shape (k,)."""
    theta = model.fitted.theta
    steps = _STEP * np.sqrt(np.diag(model.fitted.covariance))
    moves = np.diag(steps)
    return np.array([figure(theta + one) - figure(theta - one) for one in moves]) / (2 * steps)


def _slope(arms: tuple[Arm, Arm]) -> float:
    """How spending in the window goes with that before it, one line for both arms."""
    scatter = arms[0].window.arm.scatter + arms[1].window.arm.scatter
    return float(scatter[0, 1] / scatter[1, 1]) if scatter[1, 1] > 0 else 0.0


def _of_worth(arm: Arm, worth: Floats, slope: float) -> tuple[float, float]:
    """Variance over everybody in an arm, and the covariance with what they spent beyond their past."""
    n, many = arm.people, arm.kinds.many
    mean = float(many @ worth) / n
    inside = arm.window.sums[0] / n - slope * arm.window.sums[1] / n
    common = float((arm.spent - slope * arm.before) @ worth) / n - inside * mean
    return float(many @ worth**2) / n - mean**2, common
