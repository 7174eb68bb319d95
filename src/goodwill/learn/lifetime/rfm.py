"""From purchases to what models of customers are fitted to: how often each came back, when last, and for how long seen.

What somebody buys on one day is one purchase. The first one makes her a customer and starts her clock; only what comes
after counts. As sums: a person adds 1 to one cell of a table of (first, last, times), which stays true while time
passes, and adds and subtracts exactly; ages are worked out when it is read.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from goodwill.basics.errors import BadInput, CannotTell
from goodwill.learn.lifetime.given import Floats, Numbers, columns
from goodwill.sums import Cells, Sums

UNITS: Final = {"day": 1, "week": 7}  # days in a unit of time


@dataclass(frozen=True, slots=True, eq=False)
class Rfm:
    """Customers, or kinds of customers, as models take them.

    Attributes:
        people: name or number of each, rising; None where rows are kinds of customers. Shape (n,).
        x: repeat purchase days; t_x: from the first to the last; T: from the first to the end; in units; shape (n,).
        mean_amount: of a repeat purchase day, 0 where x is 0; None where no amounts were given.
        weights: how many customers each row stands for; int64.
        unit: "day" or "week".
        warnings: sentences that belong beside what is made of it.
    """

    people: NDArray[Any] | None
    x: Floats
    t_x: Floats
    T: Floats
    mean_amount: Floats | None
    weights: Numbers
    unit: str
    warnings: tuple[str, ...] = ()

    @property
    def customers(self) -> int:
        return int(self.weights.sum())

    @property
    def repeaters(self) -> int:
        """Customers who bought again."""
        return int(self.weights[self.x > 0].sum())

    def compressed(self) -> "Rfm":
        """Each different (x, t_x, T) once, with how many customers are so; amounts are left behind."""
        rows = np.stack([self.x, self.t_x, self.T])
        kinds, at = np.unique(rows, axis=1, return_inverse=True)
        weights = np.bincount(at.reshape(-1), weights=self.weights).astype(np.int64)
        x, t_x, T = kinds
        return Rfm(None, x, t_x, T, None, weights, self.unit, self.warnings)

    def rounded(self, days: int = 7) -> "Rfm":
        """Times rounded to whole steps of so many days: fewer different rows; x stays a number of days.

        Raises:
            BadInput: the step is not a whole number of days above 0.
        """
        if days != int(days) or days < 1:
            raise BadInput(f"Times are rounded to whole days, 1 or more, not {days}.")
        step = days / UNITS[self.unit]
        t_x, T = (np.rint(part / step) * step for part in (self.t_x, self.T))
        t_x, T = apart(self.x, t_x, T, step)
        return Rfm(self.people, self.x, t_x, T, self.mean_amount, self.weights, self.unit, self.warnings)

    def to_dict(self) -> dict[str, Any]:
        """What it holds, without the customers."""
        return {
            "customers": self.customers, "repeat_buyers": self.repeaters, "unit": self.unit,
            "warnings": list(self.warnings),
        }  # fmt: skip


# ---- from bought lines -----------------------------------------------------------------------------------------------


def reduce(
    people: ArrayLike,
    days: ArrayLike,
    end: int | np.datetime64,
    *,
    amounts: ArrayLike | None = None,
    cohort: tuple[int | np.datetime64, int | np.datetime64] | None = None,
    unit: str = "week",
) -> Rfm:
    """Customers from bought lines, in any order.

    Args:
        people: names or numbers, one entry a line; shape (lines,).
        days: calendar day of each line, as a whole number or a numpy date.
        end: the last day observed; later lines are left out.
        amounts: what each line was worth; lines of one day are added up.
        cohort: first and last day on which somebody may have become a customer; others are left out. Give it where
            older purchases are not on record: who bought before looks new otherwise.
        unit: of the times: "day" or "week" (with sevenths).

    Raises:
        BadInput: lists of different lengths, days that are none, or an amount below 0 or no number.
        CannotTell: nobody became a customer in that time.
    """
    if unit not in UNITS:
        raise BadInput(f"Times are in days or weeks: 'day' or 'week', not '{unit}'.")
    person, day, amount = _lines(people, days, amounts)
    names, person = np.unique(person, return_inverse=True)
    last_day = _day(end)
    kept = day <= last_day
    person, day, amount = person[kept], day[kept], amount[kept]
    visits, at = _visits(person, day)
    spent = np.bincount(at, weights=amount, minlength=visits[0].size).astype(np.float64, copy=False)
    table = _customers(visits, spent, last_day, cohort)
    if not table.who.size:
        raise CannotTell("Nobody became a customer in that time. Choose another end, or another cohort.")
    scale = UNITS[unit]
    return Rfm(
        names[table.who], table.x.astype(np.float64), (table.last - table.first) / scale,
        (last_day - table.first) / scale, None if amounts is None else table.mean_amount,
        np.ones(table.who.size, np.int64), unit,
    )  # fmt: skip


def _lines(people: ArrayLike, days: ArrayLike, amounts: ArrayLike | None) -> tuple[NDArray[Any], Numbers, Floats]:
    person, day = np.asarray(people), np.asarray(days)
    if person.ndim != 1 or day.shape != person.shape:
        raise BadInput(f"Each line needs a person and a day; there are {person.size} and {day.size}.")
    if amounts is None:
        return person, _whole_days(day), np.zeros(person.size)
    (amount,) = columns(amounts=amounts)
    if amount.size != person.size:
        raise BadInput(f"Each line needs an amount; there are {amount.size} for {person.size} lines.")
    if np.any(amount < 0):
        at = int(np.flatnonzero(amount < 0)[0])
        raise BadInput(f"An amount cannot be below 0; line {at} has {amount[at]:g}. Leave returns out.")
    return person, _whole_days(day), amount


def _whole_days(days: NDArray[Any]) -> Numbers:
    if days.dtype.kind == "M" and not np.any(np.isnat(days)):
        return days.astype("datetime64[D]").astype(np.int64)
    if days.dtype.kind in "iu":
        return days.astype(np.int64)
    raise BadInput("Days are whole numbers or numpy dates, none missing.")


def _day(day: int | np.datetime64) -> int:
    return int(_whole_days(np.asarray(day).reshape(1))[0])


def _visits(person: Numbers, day: Numbers) -> tuple[tuple[Numbers, Numbers], Numbers]:
    """The different pairs of person and day, in order, and the place of each line among them."""
    if not person.size:
        return (person, day), np.zeros(0, np.int64)
    first = int(day.min())
    span = int(day.max()) - first + 1
    code, at = np.unique(person * span + (day - first), return_inverse=True)
    return (code // span, code % span + first), at


@dataclass(frozen=True, slots=True, eq=False)
class _Customers:
    """Customers by number, with first and last day, repeat days, and what one of those was worth."""

    who: Numbers
    first: Numbers
    last: Numbers
    x: Numbers
    mean_amount: Floats


def _customers(
    visits: tuple[Numbers, Numbers],
    amount: Floats,
    end: int,
    cohort: tuple[int | np.datetime64, int | np.datetime64] | None,
) -> _Customers:
    person, day = visits
    starts = np.flatnonzero(np.r_[True, person[1:] != person[:-1]]) if person.size else person
    ends = np.r_[starts[1:], person.size] if person.size else person
    first, x = day[starts], ends - starts - 1
    spent = np.add.reduceat(amount, starts) - amount[starts] if person.size else amount
    found = _Customers(person[starts], first, day[ends - 1], x, spent / np.maximum(x, 1))
    since, until = (_day(edge) for edge in cohort) if cohort else (-(2**62), end)
    return _where(found, (first >= since) & (first <= until))


def _where(found: _Customers, chosen: NDArray[np.bool_]) -> _Customers:
    who, first, last, x = (part[chosen] for part in (found.who, found.first, found.last, found.x))
    return _Customers(who, first, last, x, found.mean_amount[chosen])


# ---- as sums ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Window:
    """The days that a table of customers is about, and how finely it tells them apart.

    Attributes:
        start, end: first and last day, as whole numbers; purchases on other days count for nothing.
        step: days that are told apart; 7: only the week is known.
        most: repeat purchase days that are told apart; who bought on more counts as this many, and is counted.
    """

    start: int
    end: int
    step: int = 7
    most: int = 255

    def __post_init__(self) -> None:
        if self.end < self.start or self.step < 1 or self.most < 1:
            raise BadInput("A window has an end not before its start, and a step and a most of 1 or more.")

    @property
    def steps(self) -> int:
        return (self.end - self.start) // self.step + 1

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Of the sums: ``customers`` by (first step, last step, repeat days), and who bought on ``more`` days."""
        return {"customers": (self.steps, self.steps, self.most + 1), "more": (1,)}


def part(days: ArrayLike, window: Window) -> Sums:
    """What one person contributes: 1 in one cell, from the days on which she bought; nothing if on none in the window.

    Returns:
        Sums of shapes `Window.shapes`; whole numbers, so that a total without her is bit for bit one she was never in.

    Raises:
        BadInput: a day is not a whole number or a numpy date.
    """
    day = np.asarray(days).reshape(-1)
    return whole(np.zeros(day.size, np.int64), day if day.size else np.zeros(0, np.int64), window)


def whole(people: ArrayLike, days: ArrayLike, window: Window) -> Sums:
    """What many people contribute together: bit for bit the sum of their parts.

    Args:
        people: a whole number for each line; days: the day of each line; shape (lines,).

    Raises:
        BadInput: lists of different lengths, or days that are none.
    """
    person, day, _ = _lines(people, days, None)
    kept = (day >= window.start) & (day <= window.end)
    person, day = np.unique(person[kept], return_inverse=True)[1], day[kept]
    visits, _ = _visits(person, day)
    found = _customers(visits, np.zeros(visits[0].size), window.end, None)
    first, last = ((part - window.start) // window.step for part in (found.first, found.last))
    shape = window.shapes["customers"]
    at = (first * shape[1] + last) * shape[2] + np.minimum(found.x, window.most)
    return Sums({
        "customers": Cells.of(shape, at, np.ones(at.size, np.int64)),
        "more": int(np.count_nonzero(found.x > window.most)),
    })  # fmt: skip


def table(sums: Sums, window: Window, *, unit: str = "week") -> Rfm:
    """The kinds of customers that some sums of `part` mean, ages as of the end of the window.

    Raises:
        BadInput: the sums are not of this window.
        CannotTell: they are of nobody.
    """
    if sums.shapes != window.shapes or unit not in UNITS:
        raise BadInput("These sums are of another window, or the unit is neither 'day' nor 'week'.")
    cells = sums.cells("customers")
    if not cells.at.size:
        raise CannotTell("Nobody became a customer in that time. Choose another window.")
    first, last, x = (np.asarray(part, np.float64) for part in np.unravel_index(cells.at, cells.shape))
    scale = window.step / UNITS[unit]
    more = sums.number("more")
    warnings = (f"{more} customers bought on more than {window.most} days and count as {window.most}.",) if more else ()
    t_x, T = apart(x, (last - first) * scale, seen(first, window) * scale, scale)
    return Rfm(None, x, t_x, T, None, cells.values, unit, warnings)


def seen(first: Floats, window: Window) -> Floats:
    """How many steps somebody was seen who first bought in a step: from the middle of its days to the window's end.

    From step to step it would be nearly half a step less for everybody, as if nobody had been silent in that time.
    """
    days = window.end - window.start - window.step * first - (window.step - 1) / 2
    return np.asarray(np.maximum(days, 0.0) / window.step)


def apart(x: Floats, t_x: Floats, T: Floats, step: float) -> tuple[Floats, Floats]:
    """Times known to a step only, where two purchases within one step stay two: half a step lies between them."""
    t_x = np.where((x > 0) & (t_x == 0), step / 2, t_x)
    return t_x, np.maximum(T, t_x)
