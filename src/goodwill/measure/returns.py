"""One return on investment: every benefit once, every cost once, and how far it can be believed.

Benefits and costs are drawn together ten thousand times; each draw adds up to a return of its own, so what is told is
the middle and the ends of ten thousand returns and never a ratio of means. Nothing is counted twice: what trust or
larger orders bring is in the first benefit already, and an index is no money.

    ROI = (B1 + B2 + B3 + B4 + B5 − K) / K

B1 is the contribution margin that a programme caused inside the window, of everybody assigned; B2 what is left of it
afterwards; B3 is of customers who came because of it; B4 is saved cost; B5 avoided loss by law, no lost business.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import pi
from statistics import NormalDist
from typing import Any, Final, Self, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from goodwill.basics.errors import BadInput
from goodwill.measure.figure import Grade

Floats: TypeAlias = NDArray[np.float64]

DRAWS: Final = 10_000
LEVELS: Final = (0.80, 0.95)
_SWING: Final = (0.10, 0.90)  # the ends of a line in the tornado
# Which grades stand in each of the three lines that are told beside each other.
LINES: Final[Mapping[str, frozenset[Grade]]] = {
    "randomised only": frozenset({Grade.A}),
    "with what was worked out from it": frozenset({Grade.A, Grade.B, Grade.C}),
    "all": frozenset(Grade),
}


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One benefit, or one cost, in one currency.

    Attributes:
        drawn: values that it may have, such as those of a bootstrap; None where it was not measured.
        with_: lines of one name here come from the same draws (a bootstrap over customers), and are drawn together.
        why: of a line that was not measured, why not.
    """

    name: str
    grade: Grade
    currency: str
    drawn: Floats | None
    with_: str = ""
    why: str = ""

    @classmethod
    def of_draws(cls, name: str, grade: Grade, currency: str, drawn: ArrayLike, *, with_: str = "") -> Self:
        """A line whose distribution was drawn already.

        Raises:
            BadInput: no values, or one that is no number.
        """
        try:
            found = np.asarray(drawn, np.float64)
        except (TypeError, ValueError):
            raise BadInput(f"The draws of '{name}' hold something that is no number.") from None
        if found.ndim != 1 or not found.size or not np.all(np.isfinite(found)):
            raise BadInput(f"'{name}' needs a list of draws, each a number; this has the shape {found.shape}.")
        return cls(name, grade, currency, found, with_)

    @classmethod
    def of_normal(cls, name: str, grade: Grade, currency: str, value: float, standard_error: float) -> Self:
        """A line that is normal about a value: its quantiles, as many as are drawn by default.

        Raises:
            BadInput: a standard error below 0, or what is no number.
        """
        if not (np.isfinite(value) and np.isfinite(standard_error) and standard_error >= 0):
            raise BadInput(
                f"'{name}' needs a value and a standard error from 0 on; not {value:g} and {standard_error:g}."
            )
        if standard_error == 0:
            return cls.certain(name, grade, currency, value)
        normal = NormalDist(value, standard_error)
        places = (np.arange(DRAWS) + 0.5) / DRAWS
        return cls(name, grade, currency, np.array([normal.inv_cdf(place) for place in places]))

    @classmethod
    def certain(cls, name: str, grade: Grade, currency: str, value: float) -> Self:
        """A line that is known, such as an invoice."""
        return cls.of_draws(name, grade, currency, [value])

    @classmethod
    def not_measured(cls, name: str, currency: str, why: str) -> Self:
        """A line that nobody measured: it adds nothing, and that is said."""
        return cls(name, Grade.D, currency, None, why=why)


@dataclass(frozen=True, slots=True)
class Range:
    """The middle of what was drawn, and where most of it lies.

    Attributes:
        ends: the interval at each level.
    """

    median: float
    ends: Mapping[float, tuple[float, float]]

    @classmethod
    def of(cls, drawn: Floats) -> Self:
        ends = {}
        for level in LEVELS:
            # Hazen's places give back the quantiles of a distribution that was drawn evenly.
            low, high = np.quantile(drawn, ((1 - level) / 2, (1 + level) / 2), method="hazen")
            ends[level] = (float(low), float(high))
        return cls(float(np.median(drawn)), ends)

    def to_dict(self) -> Mapping[str, Any]:
        return {"median": self.median, "ends": {f"{level:g}": list(ends) for level, ends in self.ends.items()}}


@dataclass(frozen=True, slots=True)
class Swing:
    """What one line does to the result.

    Attributes:
        low, high: the net value with this line at its 10 % and 90 % quantile and all others at their median.
        variance_share: of the spread of the net value, with what it shares with lines drawn together; all add up to 1.
    """

    name: str
    grade: Grade
    low: float
    high: float
    variance_share: float

    @property
    def width(self) -> float:
        return abs(self.high - self.low)


@dataclass(frozen=True, slots=True)
class Return:
    """What the programme was worth.

    Attributes:
        roi: (B − K) / K over all draws; None where ``refused`` says why: then the net value is told.
        net: B − K; by_line: the same three times, and the ROI where there is one, for the grades of `LINES`.
        above_zero, above_hurdle: the share of draws in which the net value, and the ROI, lies above 0 and the hurdle.
        grade: the worst of what went in; by_grade: the share of the median benefit on each.
        tornado: the widest first.
        break_even: of the widest line that is no measurement of a randomised comparison, the factor at which nothing
            is gained; None where no factor from 0 on does that.
        not_measured: lines that nobody measured, with why.
        identity: the largest difference between the sum of the parts and the total in any draw, as a part of the total.
    """

    currency: str
    draws: int
    seed: int
    roi: Range | None
    net: Range
    by_line: Mapping[str, tuple[Range, Range | None]]
    above_zero: float
    above_hurdle: float | None
    hurdle: float
    grade: Grade
    by_grade: Mapping[Grade, float]
    tornado: tuple[Swing, ...]
    break_even: tuple[str, float] | None
    not_measured: Mapping[str, str]
    identity: float
    warnings: tuple[str, ...] = ()
    refused: str = ""
    drawn: Mapping[str, Floats] = field(default_factory=dict, compare=False, repr=False)

    def to_dict(self) -> Mapping[str, Any]:
        return {
            "currency": self.currency, "draws": self.draws, "seed": self.seed,
            "roi": None if self.roi is None else self.roi.to_dict(), "net": self.net.to_dict(),
            "by_line": {
                name: {"net": net.to_dict(), "roi": None if ratio is None else ratio.to_dict()}
                for name, (net, ratio) in self.by_line.items()
            },
            "above_zero": self.above_zero, "above_hurdle": self.above_hurdle, "hurdle": self.hurdle,
            "grade": self.grade.name, "by_grade": {grade.name: share for grade, share in self.by_grade.items()},
            "tornado": [
                {"name": one.name, "grade": one.grade.name, "low": one.low, "high": one.high,
                 "variance_share": one.variance_share}
                for one in self.tornado
            ],
            "break_even": None if self.break_even is None else {
                "name": self.break_even[0], "factor": self.break_even[1]
            },
            "not_measured": dict(self.not_measured), "identity": self.identity, "warnings": list(self.warnings),
            "refused": self.refused,
        }  # fmt: skip


def roi(
    benefits: Sequence[Line],
    costs: Sequence[Line],
    draws: int = DRAWS,
    *,
    seed: int = 0,
    hurdle: float = 0.0,
    correlations: Mapping[tuple[str, str], float] | None = None,
) -> Return:
    """The return on investment of a programme, from its benefits and costs at present value.

    Args:
        benefits: B1 to B5, each of people or money that no other counts.
        costs: licences, labour, incentives. The margin forgone with those who do not consent is inside B1 where the
            holdout was drawn by lot, and then no cost.
        hurdle: a return that would have been had elsewhere.
        correlations: Spearman's, stated for pairs of lines that are not drawn together.

    Raises:
        BadInput: no cost, names that repeat, currencies that differ, or correlations that cannot be.
    """
    lines = [*benefits, *costs]
    currency = _checked(benefits, costs, lines, draws)
    measured = [one for one in lines if one.drawn is not None]
    drawn = _drawn(measured, draws, seed, correlations or {})
    gained = {one.name: drawn[one.name] for one in benefits if one.drawn is not None}
    spent = {one.name: drawn[one.name] for one in costs if one.drawn is not None}
    cost = sum(spent.values(), np.zeros(draws))
    benefit = sum(gained.values(), np.zeros(draws))
    net = benefit - cost
    may = bool(np.all(cost > 0))
    signed = {name: (one if name in gained else -one) for name, one in drawn.items()}
    by_line = {}
    for name, grades in LINES.items():
        some = [gained[one.name] for one in benefits if one.name in gained and one.grade in grades]
        total = sum(some, np.zeros(draws))
        by_line[name] = (Range.of(total - cost), Range.of((total - cost) / cost) if may else None)
    tornado = _tornado(measured, signed, net)
    warned = tuple(f"{one.name} was not measured: {one.why or 'nobody said why'}" for one in lines if one.drawn is None)
    return Return(
        currency=currency, draws=draws, seed=seed, roi=Range.of(net / cost) if may else None, net=Range.of(net),
        by_line=by_line, above_zero=float(np.mean(net > 0)),
        above_hurdle=float(np.mean(net / cost > hurdle)) if may else None, hurdle=hurdle,
        grade=Grade.worst(one.grade for one in measured if one.name in gained) if gained else Grade.D,
        by_grade=_by_grade(benefits, gained), tornado=tornado, break_even=_break_even(tornado, signed, net),
        not_measured={one.name: one.why for one in lines if one.drawn is None}, identity=_identity(signed, net),
        warnings=warned,
        refused="" if may else "Costs may be 0 or less, so a return on them has no meaning; see the net value.",
        drawn={**drawn, "net": net},
    )  # fmt: skip


def _checked(benefits: Sequence[Line], costs: Sequence[Line], lines: Sequence[Line], draws: int) -> str:
    if draws < 100:
        raise BadInput(f"Draw at least 100 times, and better {DRAWS:,}; not {draws}.")
    if not benefits or not any(one.drawn is not None for one in costs):
        raise BadInput("A return needs at least one benefit, and one cost that is known.")
    names = [one.name for one in lines]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise BadInput(f"'{twice[0]}' stands there twice; nothing may be counted twice.")
    currencies = sorted({one.currency for one in lines})
    if len(currencies) > 1:
        raise BadInput(f"{' and '.join(currencies)} cannot be added. Convert all lines at a dated rate first.")
    return currencies[0]


# ---- draws -----------------------------------------------------------------------------------------------------------


def _drawn(
    lines: Sequence[Line], draws: int, seed: int, correlations: Mapping[tuple[str, str], float]
) -> Mapping[str, Floats]:
    """Each line drawn: rows of one bootstrap together, all others by themselves or as they are said to go together."""
    random = np.random.default_rng(seed)
    together: dict[str, Floats] = {}
    rows: dict[str, NDArray[np.int64]] = {}
    alone = []
    for one in lines:
        values = _values(one)
        if not one.with_:
            alone.append(one)
            continue
        picked = rows.setdefault(one.with_, _picked(values.size, draws, random))
        if picked.max() >= values.size or len({_values(o).size for o in lines if o.with_ == one.with_}) > 1:
            raise BadInput(f"Lines that are drawn together ('{one.with_}') have equally many draws.")
        together[one.name] = values[picked]
    ranks = _ranks([one.name for one in alone], draws, random, correlations)
    for one, rank in zip(alone, ranks.T, strict=True):
        together[one.name] = np.quantile(_values(one), rank, method="hazen")
    return {one.name: together[one.name] for one in lines}


def _picked(size: int, draws: int, random: np.random.Generator) -> NDArray[np.int64]:
    """Rows by chance; each once where there are as many as draws."""
    return random.permutation(size) if size == draws else random.integers(0, size, draws)


def _values(one: Line) -> Floats:
    return one.drawn if one.drawn is not None else np.zeros(1)


def _ranks(
    names: Sequence[str], draws: int, random: np.random.Generator, correlations: Mapping[tuple[str, str], float]
) -> Floats:
    """Places in each line's own distribution, 0 to 1, with the rank correlations that are stated (Gaussian copula)."""
    table = np.eye(len(names))
    for (one, other), rho in correlations.items():
        if one not in names or other not in names or one == other:
            raise BadInput(f"A correlation is of two lines that are drawn by themselves; not of '{one}' and '{other}'.")
        if not -1 < rho < 1:
            raise BadInput(f"A correlation lies between -1 and 1; that of '{one}' and '{other}' is {rho:g}.")
        first, second = names.index(one), names.index(other)
        table[first, second] = table[second, first] = 2 * np.sin(pi * rho / 6)  # Pearson's under Spearman's
    try:
        root = np.linalg.cholesky(table)
    except np.linalg.LinAlgError:
        raise BadInput("These correlations cannot all be at once; state fewer, or weaker ones.") from None
    normal = random.standard_normal((draws, len(names))) @ root.T
    # Each column's own ranks: exactly uniform, whatever was drawn.
    return np.asarray((normal.argsort(axis=0).argsort(axis=0) + 0.5) / draws)


# ---- what is told of it ----------------------------------------------------------------------------------------------


def _tornado(lines: Sequence[Line], signed: Mapping[str, Floats], net: Floats) -> tuple[Swing, ...]:
    middle = {name: float(np.median(one)) for name, one in signed.items()}
    rest = sum(middle.values())
    spread = float(net.var())
    found = []
    for one in lines:
        mine = signed[one.name]
        low, high = (rest - middle[one.name] + float(end) for end in np.quantile(mine, _SWING))
        share = float(np.mean((mine - mine.mean()) * (net - net.mean()))) / spread if spread > 0 else 0.0
        found.append(Swing(one.name, one.grade, low, high, share))
    return tuple(sorted(found, key=lambda swing: (-swing.width, swing.name)))


def _break_even(tornado: Sequence[Swing], signed: Mapping[str, Floats], net: Floats) -> tuple[str, float] | None:
    """The factor on the widest assumption at which the median net value is 0."""
    assumed = next((one.name for one in tornado if one.grade is not Grade.A), None)
    if assumed is None:
        return None
    mine, others = float(np.median(signed[assumed])), float(np.median(net - signed[assumed]))
    factor = -others / mine if mine else -1.0
    return (assumed, factor) if factor >= 0 else None


def _by_grade(benefits: Sequence[Line], gained: Mapping[str, Floats]) -> Mapping[Grade, float]:
    """Of the median benefits above 0, the share on each grade of evidence."""
    middle = {one.name: max(0.0, float(np.median(gained[one.name]))) for one in benefits if one.name in gained}
    total = sum(middle.values())
    if not total:
        return {}
    return {
        grade: share
        for grade in Grade
        if (share := sum(middle.get(one.name, 0.0) for one in benefits if one.grade is grade) / total) > 0
    }


def _identity(signed: Mapping[str, Floats], net: Floats) -> float:
    """Whether the parts are the whole, draw by draw."""
    apart = np.abs(np.sum(list(signed.values()), axis=0) - net)
    return float(np.max(apart / np.maximum(1.0, np.abs(net))))
