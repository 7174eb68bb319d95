"""Measures of buying: who came back, and what became of those who came first in each cohort."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from goodwill.access import Total
from goodwill.basics.clock import date_of
from goodwill.basics.money import digits_of
from goodwill.measure.again import Again, repeat_purchase_of
from goodwill.measure.answer import Answer, Column, Table
from goodwill.measure.apart import earlier
from goodwill.measure.buying import CameBack, InCohort
from goodwill.measure.cohort import Cell, Cohorts, cohorts_of
from goodwill.measure.figure import SMALL, told_of
from goodwill.measure.period import Period
from goodwill.measure.share import proportion
from goodwill.purposes import STATISTICS
from goodwill.shop.measures.measure import (
    DAYS_SAID,
    LENGTHS,
    Asked,
    Measure,
    Option,
    Options,
    left_out,
    one_of,
    step,
    total_of,
    whole,
    withhold_few,
)

if TYPE_CHECKING:
    from goodwill.shop.shop import Shop

_WINDOW: Final = 91  # days, as it is usually told
_COHORT: Final = 28


def _repeat_purchase(shop: "Shop", period: Period, options: Options) -> Answer:
    window, others = options["window"], earlier(options["window"], _WINDOW, LENGTHS)
    total = total_of(shop, CameBack(until=period.end, currency=shop.settings.currency, window=window, others=others))
    withhold_few(total.sums, instead=f"{_WINDOW} days")
    found = repeat_purchase_of(total.sums)
    asked = Asked("repeat-purchase", period, options)
    rest = found.customers - found.n
    late = f"{told_of(rest, 'of the customers')} came too late to be watched so long."
    headline = asked.figure(
        replace(found, warnings=(f"{late} The figure beside it counts all.",) if rest else ()), total, counted=found.n,
        name="repeat purchase rate", unit="share",
        method=f"Customers with a second day of purchase within {window} days of the first, of those who could be "
        "watched for all of them; Wilson interval.",
        why=left_out(STATISTICS, bought=f"did not buy their first {window} days or more before the end"),
    )  # fmt: skip
    return Answer(headline, (_of_all(asked, found, total),))


def _of_all(asked: Asked, found: Again, total: Total) -> Any:
    """The same of all customers, also of those who came too late to be watched for the whole window."""
    if found.censored is None:
        raise ValueError("the repeat purchase rate comes with its curve")
    return asked.figure(
        found.censored, total, counted=found.customers, name="repeat purchase rate, of all customers", unit="share",
        method=f"Kaplan–Meier curve of the days to the second day of purchase, at {found.window} days; log-log "
        "interval of Greenwood's variance.",
        why=left_out(STATISTICS),
    )  # fmt: skip


# ---- cohorts ---------------------------------------------------------------------------------------------------------


def _cohorts(shop: "Shop", period: Period, options: Options) -> Answer:
    length_of, many, amounts = options["period"], options["cohorts"], options["of"] == "amount"
    start = period.end - many * length_of + 1
    currency = shop.settings.currency
    total = total_of(shop, InCohort(until=period.end, currency=currency, start=start, period=length_of))
    grid = cohorts_of(total.sums, start=start, period=length_of, amounts=amounts, buyers=SMALL)
    asked = Asked("cohorts", period, options)
    again, of = _back_in_the_first_age(grid, total)
    nobody = f"Too few customers were watched for {2 * length_of} days yet. Ask again later."
    headline = asked.figure(
        proportion(again, of, nobody=nobody), total, counted=of,
        name=f"bought again in days {length_of + 1} to {2 * length_of}", unit="share",
        method=f"Of customers of {many} cohorts of {length_of} days who were watched so long, those who bought in that "
        "time after their first purchase; cohorts that are withheld are left out; Wilson interval.",
        why=left_out(STATISTICS, bought=f"did not first buy between {date_of(start)} and {date_of(period.end)}"),
    )  # fmt: skip
    return Answer(headline, tables=(_grid(grid, total, currency, amounts=amounts),))


def _back_in_the_first_age(grid: Cohorts, total: Total) -> tuple[int, int]:
    """Who bought in the age after the first, and who was watched for it, in the cohorts of which that is shown.

    Of the others nothing goes in: what is withheld could be worked out from what is told otherwise.
    """
    shown = [cohort for cohort, row in enumerate(grid.cells) if len(row) > 1 and row[1].n]
    active, watched = (total.sums.array(name)[shown, 1] if shown else total.sums.array(name)[:0] for name in
                       ("active", "watched"))  # fmt: skip
    return int(active.sum()), int(watched.sum())


def _grid(grid: Cohorts, total: Total, currency: str, *, amounts: bool) -> Table:
    """A row for each cell: pages and spreadsheets make of it the grid that they like."""
    unit = currency if amounts else "share"
    one = 10 ** digits_of(currency) if amounts else 1
    columns = (
        Column("cohort from"), Column("age"), Column(grid.unit, unit), Column("low", unit), Column("high", unit),
        Column("customers"),
    )  # fmt: skip
    rows = tuple(_row(cell, one) for row in grid.cells for cell in row if not _is_yet_to_come(cell))
    foreign = total.sums.number("foreign")
    said = (
        f"Each row is a cohort, customers who first bought in the same {grid.period} days, at an age: age 0 is the "
        f"first {grid.period} days of each customer. Cells of fewer than {grid.least} customers are withheld, and "
        f"those in which somebody bought, but fewer than {SMALL}"
        f"{'; the smallest beside them too, or the sum of all would tell them' if amounts else ''}."
    )
    left = (
        f" {told_of(foreign, 'orders')} in another currency are left out of the amounts." if amounts and foreign else ""
    )
    return Table("cohorts", said + left, columns, rows)


def _is_yet_to_come(cell: Cell) -> bool:
    return not cell.n and not cell.suppressed


def _row(cell: Cell, one: int) -> tuple[Any, ...]:
    told = [None if value is None else value / one for value in (cell.value, cell.low, cell.high)]
    return (str(date_of(cell.start)), cell.age, *told, None if cell.suppressed else cell.n)


MEASURES = (
    Measure(
        "repeat-purchase",
        "which share of customers buys a second time",
        STATISTICS,
        (Option("window", f"within so many days of the first purchase, {DAYS_SAID}", _WINDOW,
                step("window", *LENGTHS)),),
        _repeat_purchase,
    ),
    Measure(
        "cohorts",
        "what becomes of customers, by when they first bought",
        STATISTICS,
        (
            Option("period", "days in a cohort and in an age; others would tell of few by the difference",
                   _COHORT, step("period", _COHORT)),
            Option("cohorts", "how many cohorts, the last one ending with the period", 12, whole("cohorts", 2, 60)),
            Option("of", "what a cell tells: share (that bought) or amount (of a customer)", "share",
                   one_of("of", "share", "amount")),
        ),
        _cohorts,
    ),
)  # fmt: skip
