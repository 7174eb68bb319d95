"""What a week brought more since a day, in a shop that left nobody out: held against its own past, and other goods.

Weeks go from Monday to Sunday, whatever a period is, and none is looked at in which few bought: so any two days that
somebody asks about are worked out of the same sums, each of ten people or more.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from goodwill import catalogue
from goodwill.access import Total
from goodwill.basics.clock import date_of, day_number
from goodwill.basics.errors import BadInput, CannotTell, NotFound
from goodwill.measure.answer import Answer, Column, Table
from goodwill.measure.bought import Numbers
from goodwill.measure.estimate import Estimate
from goodwill.measure.figure import SMALL, Figure, Grade, Plain, told_of
from goodwill.measure.given import Truths
from goodwill.measure.interruption import Interrupted, interrupted
from goodwill.measure.period import Period
from goodwill.measure.weekly import ByWeek, Lines, lines_of
from goodwill.purposes import STATISTICS
from goodwill.shop.measures.measure import (
    Asked,
    Measure,
    Option,
    Options,
    day,
    in_money,
    left_out,
    step,
    total_of,
)

if TYPE_CHECKING:
    from goodwill.shop.shop import Shop

_WEEKS: Final = 208  # that are looked at: four years
_AFTER: Final = (1, 4, 13)  # weeks since the day; a year is a whole number of each
_ALL: Final = "all sales"
_NO_RETURN: Final = "No return is worked out from it: a return counts what a lot has shown."
_METHOD: Final = (
    "Mean of the weeks since, less that of as many before, as a share of the usual week"
    "{beside}, beyond what the same sum shows on placebo dates; each divided by how far its line scatters. "
    "Randomisation inference over all of these."
)


def _before_after(shop: "Shop", period: Period, options: Options) -> Answer:
    goods = _goods(shop, options["treated"])
    what = ByWeek(
        until=period.end - (date_of(period.end).weekday() + 1) % 7, currency=shop.settings.currency, weeks=_WEEKS,
        kind_of=goods.kind_of, kinds=len(goods.names),
    )  # fmt: skip
    window = _window(what, day_number(date.fromisoformat(options["since"])), options["weeks"])
    total = total_of(shop, what)
    lines = lines_of(total.sums, goods.names, goods.treated, window.when, window.weeks)
    if lines is None:
        raise CannotTell(
            f"In a week since {options['since']}, or just before, fewer than {SMALL} people bought of "
            f"'{goods.names[goods.treated]}'. No figure is about so few; ask of all sales, or of a wider kind."
        )
    found = interrupted(lines.amount, 0, window.when - lines.first, options["weeks"])
    told = _Told(Asked("before-after", period, options), window, total, lines, found)
    return told.answer(shop.settings.currency)


# ---- of what, and when -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Goods:
    """Kinds of goods whose weeks are looked at.

    Attributes:
        treated: the number of the kind in which something was changed. kind_of: as `ByWeek` has it.
    """

    names: tuple[str, ...]
    treated: int
    kind_of: Numbers | None


def _goods(shop: "Shop", wanted: str | None) -> _Goods:
    """All sales as one, or the kinds of one width.

    Raises:
        NotFound: the catalogue has no such kind.
    """
    if not wanted:
        return _Goods((_ALL,), 0, None)
    width, _, name = wanted.partition("=")
    with shop.database.reading() as connection:
        names, kind_of = catalogue.products_by(connection, width)
    found = next((n for n, one in enumerate(names) if one.casefold() == name.casefold()), None)
    if found is None:
        near = get_close_matches(name, names, 1)
        helps = f"Did you mean '{near[0]}'?" if near else f"The catalogue has: {', '.join(names) or 'none'}."
        raise NotFound(f"There is no {width} '{name}'. {helps}")
    return _Goods(tuple(names), found, kind_of)


@dataclass(frozen=True, eq=False)
class _Window:
    """Which weeks are looked at.

    Attributes:
        weeks: of those of the sums, up to the last one that counts; the week in which the day lies is left out, unless
            it begins with it. when: the first since the day, among these. start: first day of each of these.
    """

    weeks: Truths
    when: int
    start: Numbers


def _window(what: ByWeek, since: int, after: int) -> _Window:
    """The weeks before a day, and so many since.

    Raises:
        CannotTell: too few have passed since, or it lies too far back.
    """
    start = what.start + 7 * np.arange(what.weeks)
    first = since + (what.start - since) % 7  # Monday on or after the day
    last = first + 7 * after - 1
    if last > what.until:
        raise CannotTell(
            f"Too early: {after} whole weeks since {date_of(since)} are looked at, and they end on {date_of(last)}. "
            "Ask again when that period has closed, or for fewer --weeks."
        )
    if since < what.start + 7 * after:
        raise CannotTell(f"{date_of(since)} lies too far back: weeks are looked at from {date_of(what.start)} on.")
    weeks = (start + 6 < since) | ((start >= first) & (start <= last))
    return _Window(weeks, int((start + 6 < since).sum()), start[weeks])


# ---- how it is told --------------------------------------------------------------------------------------------------


class _Told:
    """How the change since a day is told."""

    def __init__(self, asked: Asked, window: _Window, total: Total, lines: Lines, found: Interrupted) -> None:
        self._asked, self._window, self._total, self._lines, self._found = asked, window, total, lines, found
        self._treated = next(iter(lines.amount))
        self._begins, self._after = str(date_of(int(window.start[window.when]))), asked.options["weeks"]

    def answer(self, currency: str) -> Answer:
        found = self._found
        of_week = f"what a week of {self._treated} brought more from {self._begins} on, for {self._weeks(self._after)}"
        if found.refused:
            return Answer(self._figure(Estimate.refuse(found.refused), of_week, currency))
        money = in_money(found, currency, found.level_before)
        if found.controls:  # exact, the sales of all kinds told and all sales would tell those of a kind that is not
            money = _about(money)
        headline = replace(money, warnings=(*self._said(currency), *found.warnings, _NO_RETURN))
        p = Estimate(value=found.p, n=found.placebos + 1)
        others = (
            self._figure(replace(found, warnings=()), "the same as a share of a week before", "share"),
            self._figure(p, f"placebo p: the share of {found.placebos + 1} changes that stand out as far", "share"),
        )
        return Answer(self._figure(headline, of_week, currency), others, (self._checks(), self._dates()))

    def _weeks(self, many: int) -> str:
        return f"{many} week{'s' if many > 1 else ''}"

    def _said(self, currency: str) -> tuple[str, ...]:
        found = self._found
        changes = found.placebos + 1
        many, shown = round((found.p or 0) * changes), (found.p or 0) <= 1 - found.level
        stand_out = (
            f"Placebo p {found.p:.3f}: of {changes} changes, this one and {found.placebos} where nothing was changed, "
            f"{many} stand{'s' if many == 1 else ''} out as far{'' if shown else ', so no change is shown'}."
        )
        said = [stand_out, self._verdict()]
        if foreign := self._total.sums.number("foreign"):
            of = "lines of orders" if self._asked.options["treated"] else "orders"
            said.append(f"{told_of(foreign, of)} in another currency than {currency} are left out.")
        if found.controls:
            said.append("Money is told with two digits, so that the kinds that are told do not tell of the others.")
        if left := self._lines.left_out:
            said.append(f"Left out as controls: {left}, of which in some week fewer than {SMALL} people bought.")
        return tuple(said)

    def _verdict(self) -> str:
        """Whether the placebo dates speak for it, in words."""
        found, lost = self._found, 1 - self._found.level
        if found.before is None:
            return "No placebo date could be tried: there are too few weeks before. So it is no evidence of a cause."
        if found.before <= lost:
            return "It had moved away just before that day: what came after may be more of that, and no cause is shown."
        if found.season is not None and found.season <= lost:
            return "A year before the same weeks moved as well: this may be the season, and no cause is shown."
        if not found.passed:
            return (
                "Less than a year before is known and nothing else is looked at: it may be the season, and no cause is "
                "shown."
            )
        return "Nothing moved on the placebo dates; that is no proof that nothing else began on that day."

    def _figure(self, estimate: Estimate, what: str, unit: str) -> Figure:
        controls = len(self._lines.amount) - 1
        beside = f", beside {controls} other kinds of goods" if controls else ""
        return self._asked.figure(
            estimate, self._total, counted=self._total.sums.number("customers"), name=what, unit=unit,
            method=_METHOD.format(beside=beside), grade=Grade.B if self._found.passed else Grade.D,
            why=left_out(STATISTICS, bought="bought nothing in these weeks"),
        )  # fmt: skip

    def _checks(self) -> Table:
        """What was tried to show it wrong."""
        found, none = self._found, "could not be tried"
        rows: list[tuple[Any, ...]] = [
            ("this change, among all placebos", found.p),
            ("this change, among the other goods in the same weeks", none if found.among is None else found.among),
            (f"placebo date {self._weeks(self._after)} before", none if found.before is None else found.before),
            ("placebo date a year before", none if found.season is None else found.season),
        ]
        says = "How many of all changes stand out as far: small for this one, and large for dates on which nothing was."
        return Table("placebos", says, (Column("change"), Column("p")), tuple(rows))

    def _dates(self) -> Table:
        """The change at each date, this one first."""
        start, at = self._window.start, self._window.when
        rows = tuple(
            (str(date_of(int(start[at - back * self._after]))), change)
            for back, change in enumerate(self._found.changes)
        )
        says = f"How far {self._treated} changed from each of these days on, as a share of the usual week."
        return Table("changes", says, (Column("from"), Column("change", "share")), rows)


def _about(found: Interrupted) -> Interrupted:
    """The same with two digits."""
    value, low, high = (None if end is None else float(f"{end:.2g}") for end in (found.value, found.low, found.high))
    return replace(found, value=value, low=low, high=high)


def _of_goods(text: str) -> Plain:
    """Which goods, such as "category=Pastry"."""
    width, _, name = (one.strip() for one in text.partition("="))
    if width in catalogue.KINDS and name:
        return f"{width}={name}"
    raise BadInput(f"'treated' is {', '.join(catalogue.KINDS)} with a name, such as category=Pastry, not '{text}'.")


_SINCE: Callable[[str], Plain] = day("since")
MEASURES = (
    Measure(
        "before-after", "what changed since a day, where nobody was left out by lot; judged by placebo dates",
        STATISTICS,
        (
            Option("since", "the day on which it began, such as 2026-09-07", None, _SINCE, needed=True, named=True,
                   metavar="DATE"),
            Option("treated", "goods in which it began, such as category=Pastry, held against all others of that kind; "
                   "without, all sales against their own past", None, _of_goods, metavar="KIND=NAME"),
            Option("weeks", "since that day that are looked at: 1, 4 or 13", 4, step("weeks", *_AFTER)),
        ),
        _before_after, "money",
    ),
)  # fmt: skip
