"""Customers by when they came, and what became of them: one cell for each cohort and age, each with its interval.

Age counts from each customer's own first purchase. A cell counts only customers who were watched for all of that age,
and says so where some of the cohort were not yet.
"""

from dataclasses import dataclass
from math import sqrt
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from goodwill.basics.errors import BadInput
from goodwill.measure.estimate import LEVEL, Estimate, check_level
from goodwill.measure.given import LARGEST, Whole, count, equally_long, wholes
from goodwill.measure.rates import exact_dot
from goodwill.measure.share import share
from goodwill.sums import Sums

LEAST: Final = 20  # customers in a cell, below which it is not shown
_ANY = -LARGEST
_FEW_BUYERS: Final = "Few bought, or it would tell by the difference what few bought, so it is not shown."
_MOST = 1_000  # cohorts in a grid


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell(Estimate):
    """One cohort at one age.

    Attributes:
        value: the share that bought (Wilson), or the mean amount of a customer (Student's t).
        n: customers watched for all of this age; 0 where the cell is suppressed.
        start: the first day of the cohort. age: 0 is the period that begins with the first purchase.
        complete: whether all of the cohort were watched for all of this age.
        suppressed: whether it is withheld, because it would tell of few.
    """

    start: int = 0
    age: int = 0
    complete: bool = True
    suppressed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohorts:
    """A grid of cells.

    Attributes:
        cells: a row for each cohort, oldest first; a column for each age. Equally long rows.
        period: the length of cohorts and ages, in days. least: customers below which a cell is suppressed.
        unit: "share that bought", or "amount per customer".
    """

    cells: tuple[tuple[Cell, ...], ...]
    period: int
    least: int
    unit: str
    level: float = LEVEL
    warnings: tuple[str, ...] = ()
    refused: str = ""

    def to_dict(self) -> dict[str, Any]:
        return {
            "cells": [[cell.to_dict() for cell in row] for row in self.cells], "period": self.period,
            "least": self.least, "unit": self.unit, "level": self.level, "warnings": list(self.warnings),
            "refused": self.refused,
        }  # fmt: skip


def cohorts(
    customer: ArrayLike, day: ArrayLike, until: int, *, period: int = 30, amount: ArrayLike | None = None,
    start: int | None = None, least: int = LEAST, level: float = LEVEL,
) -> Cohorts:  # fmt: skip
    """The grid of purchases: acquisition period × age.

    Args:
        customer: whose purchase, whole numbers, shape (n,). day: on which day, whole numbers, shape (n,).
        until: the last day that the data hold.
        period: days in a cohort and in an age.
        amount: what each purchase brought, whole minor units, shape (n,); cells are amounts then, and else shares.
        start: the first day of the first cohort (default: the first purchase).
        least: customers in a cell, below which it is suppressed.

    Raises:
        BadInput: the lists are not equally long or no whole numbers; a purchase is before ``start`` or after ``until``.
        Overflow: squared amounts leave 64 bits.
    """
    days = wholes("day", day, least=_ANY)
    begin = int(days.min(initial=until) if start is None else start)
    sums = cohort_sums(customer, days, until, start=begin, period=period, amount=amount)
    return cohorts_of(sums, start=begin, period=period, amounts=amount is not None, least=least, level=level)


def cohort_sums(
    customer: ArrayLike, day: ArrayLike, until: int, *, start: int, period: int, amount: ArrayLike | None = None
) -> Sums:
    """The sums behind a grid; parts of different customers for the same days add, and can be subtracted."""
    who, when = wholes("customer", customer, least=_ANY), wholes("day", day, least=_ANY)
    spent = np.zeros(who.size, np.int64) if amount is None else wholes("amount", amount, least=_ANY)
    equally_long(customer=who, day=when, amount=spent)
    length = count("period", period, least=1, most=LARGEST / 10)
    _check_days(when, start, until, length)
    ages = (until - start) // length + 1
    _, place = np.unique(who, return_inverse=True)
    people = int(place.max(initial=-1)) + 1
    first = np.full(people, until, np.int64)
    np.minimum.at(first, place, when)
    cohort, watched = (first - start) // length, (until - first + 1) // length  # whole ages that each was watched for
    age = (when - first[place]) // length
    counted = age < watched[place]
    at, row = np.unique(place[counted] * ages + age[counted], return_inverse=True)
    brought = _summed(row, spent[counted], at.size)
    cell = cohort[at // ages] * ages + at % ages
    follow = np.zeros((ages, ages + 1), np.int64)
    np.add.at(follow, (cohort, watched), 1)
    squares, paid = _squares(cell, brought, ages * ages), np.bincount(cell[brought != 0], minlength=ages * ages)
    return Sums(
        members=follow.sum(axis=1), watched=follow[:, ::-1].cumsum(axis=1)[:, ::-1][:, 1:],
        active=np.bincount(cell, minlength=ages * ages).reshape(ages, ages), paid=paid.reshape(ages, ages),
        amount=_summed(cell, brought, ages * ages).reshape(ages, ages), squares=squares.reshape(ages, ages),
    )  # fmt: skip


def cohorts_of(
    sums: Sums, *, start: int, period: int, amounts: bool = False, least: int = LEAST, buyers: int = 0,
    level: float = LEVEL,
) -> Cohorts:  # fmt: skip
    """The grid of such sums, as `cohorts` gives it.

    Args:
        buyers: a cell in which somebody bought, but fewer than so many, is suppressed: its mean times its customers is
            what they paid. The smallest cell beside it goes too, or the sum of all purchases would tell the same.
    """
    check_level(level)
    members, watched = sums.array("members"), sums.array("watched")
    few = _of_few(sums, amounts=amounts, least=least, buyers=buyers)
    rows = []
    for cohort, size in enumerate(members.tolist()):
        row = []
        for age, n in enumerate(watched[cohort].tolist()):
            where: dict[str, Any] = {
                "start": start + cohort * period,
                "age": age,
                "complete": n == size,
                "level": level,
            }
            if few[cohort, age]:
                row.append(Cell.refuse(_FEW_BUYERS, suppressed=True, **where))
                continue
            row.append(_cell(sums, cohort, age, n, amounts=amounts, least=least, where=where))
        rows.append(tuple(row))
    shown = any(not cell.refused for row in rows for cell in row)
    return Cohorts(
        cells=tuple(rows), period=period, least=least, level=level, warnings=_warnings(rows),
        unit="amount per customer" if amounts else "share that bought",
        refused="" if shown else _none_shown(least, buyers if few.any() else 0),
    )  # fmt: skip


def _none_shown(least: int, buyers: int) -> str:
    if buyers:
        return f"No cell can be shown without telling of fewer than {buyers} who bought."
    return f"No cell has {least} customers who were watched for all of its age."


def _of_few(sums: Sums, *, amounts: bool, least: int, buyers: int) -> NDArray[np.bool_]:
    """Which cells would tell what few did; shape (cohorts, ages)."""
    bought, watched = sums.array("active"), sums.array("watched")
    few = (bought > 0) & (bought < buyers)
    if not amounts:
        return few & (watched >= least)
    paid = sums.array("paid")  # whose orders came to nothing, or were in another currency, hide nobody
    few = (few | ((paid > 0) & (paid < buyers))) & (watched > 0)
    for row in range(len(few)):
        shown = (watched[row] >= least) & ~few[row]
        hidden = int(paid[row][(watched[row] > 0) & ~shown].max(initial=0))  # so many people at least
        others = np.flatnonzero(shown & (paid[row] > 0))
        if 0 < hidden < buyers and others.size:
            few[row, others[paid[row, others].argmin()]] = True
    return few & (watched >= least)


def _cell(sums: Sums, cohort: int, age: int, n: int, *, amounts: bool, least: int, where: dict[str, Any]) -> Cell:
    if not n:
        return Cell.refuse("Nobody of this cohort was watched for so long yet.", **where)
    if n < least:
        return Cell.refuse(f"Fewer than {least} customers, so it is not shown.", suppressed=True, **where)
    said = () if where["complete"] else ("Not all of the cohort were watched for so long yet.",)
    if not amounts:
        found = share(int(sums.array("active")[cohort, age]), n, where["level"])
        return Cell(value=found.value, low=found.low, high=found.high, n=n, warnings=said, **where)
    total, squares = (int(sums.array(name)[cohort, age]) for name in ("amount", "squares"))
    return _mean(total, squares, n, said, where)


def _mean(total: int, squares: int, n: int, said: tuple[str, ...], where: dict[str, Any]) -> Cell:
    from scipy.special import stdtrit

    around = n * squares - total**2  # exact: whole numbers without end
    if n < 2 or not around:
        return Cell.refuse("All brought the same, which does not tell how amounts vary.", n=n, **where)
    error = sqrt(around / (n - 1)) / n
    reach = float(stdtrit(n - 1, (1 + where["level"]) / 2)) * error
    mean = total / n
    return Cell(value=mean, low=mean - reach, high=mean + reach, standard_error=error, n=n, warnings=said, **where)


def _check_days(when: Whole, start: int, until: int, period: int) -> None:
    first, last = count("start", start, least=_ANY), count("until", until, least=_ANY)
    if (last - first) // period >= _MOST:
        raise BadInput(f"The grid would have more than {_MOST} cohorts of {period} days. Choose a longer period.")
    if when.size and not start <= int(when.min()) <= int(when.max()) <= until:
        raise BadInput(
            f"Purchases are of days {int(when.min())} to {int(when.max())}, but the grid is of {start} to {until}. "
            "Give all purchases of the customers that it counts, and no others."
        )
    if until < start:
        raise BadInput(f"The grid would end with day {until}, before it starts with day {start}.")


def _summed(place: Whole, values: Whole, places: int) -> Whole:
    """What stands at each place, added up in whole numbers (`bincount` would add as floats)."""
    out = np.zeros(places, np.int64)
    np.add.at(out, place, values)
    return out


def _squares(cell: Whole, brought: Whole, cells: int) -> Whole:
    """Squares of what each customer brought, by cell; refused by `Sums` where they leave 64 bits."""
    if exact_dot(brought, brought) < 2**63:
        return _summed(cell, brought * brought, cells)
    out = np.zeros(cells, object)
    np.add.at(out, cell, brought.astype(object) ** 2)
    return out


def _warnings(rows: list[tuple[Cell, ...]]) -> tuple[str, ...]:
    cells = [cell for row in rows for cell in row]
    hidden, part = sum(cell.suppressed for cell in cells), sum(bool(cell.n) and not cell.complete for cell in cells)
    said = []
    if hidden:
        said.append(f"{hidden} cells are not shown, because too few customers are in them, or bought.")
    if part:
        said.append(f"{part} cells count only those of the cohort who were watched for so long already.")
    return tuple(said)
