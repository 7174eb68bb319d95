"""One return on investment: what the programme caused, held against what it cost.

What it caused comes from people whom chance left out (grade A), and what is left of it afterwards from a model of their
buying (C). What is known of people is kept as it was told first; costs and the margin count as they are written now.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from goodwill.access import Total
from goodwill.basics.clock import Day, date_of
from goodwill.basics.errors import CannotTell, TooFew
from goodwill.basics.money import digits_of
from goodwill.costs import Cost, Kind
from goodwill.costs import Total as Spent
from goodwill.measure.answer import Answer, Column, Table
from goodwill.measure.caused import ByArm, Seen, arms_of, caused
from goodwill.measure.estimate import Estimate
from goodwill.measure.experiments.sequence import LEAST_BOUGHT
from goodwill.measure.figure import SMALL, Coverage, Figure, Grade, Plain
from goodwill.measure.period import Period
from goodwill.measure.returns import DRAWS, LINES, Line, Range, Return, roi
from goodwill.purposes import STATISTICS
from goodwill.shop.measures.facts import Facts, Wanted, facts
from goodwill.shop.measures.leftout import LeftOut, left_out
from goodwill.shop.measures.measure import (
    Asked,
    Measure,
    Option,
    Options,
    costs_table,
    is_of_few,
    margin_of,
    percent,
    whole,
)
from goodwill.shop.report import DID_NOT, TOO_EARLY, WORKED

if TYPE_CHECKING:
    from goodwill.shop.shop import Shop

B1: Final = "B1 margin in the window"
B2: Final = "B2 margin after the window"
B3: Final = "B3 customers who came because of it"
B4: Final = "B4 saved operating cost"
B5: Final = "B5 avoided loss by law"
_NO_B3: Final = "that shows only where places or times go without the programme, and none do"
_NO_B4: Final = "what a complaint, a request or an unsubscribe costs was not written down"
NOT_MEASURED: Final = "B5 not measured"
_WHO: Final = "everybody assigned counts, whatever she allowed; the others objected, or are held"
_POWER: Final = 2.80  # standard errors: 1.96 for the interval, 0.84 for a chance of 80 % to see it
_RANDOMISED: Final = next(iter(LINES))
_LONGEST: Final = 730  # days; who would have to wait longer is told that it cannot be measured so


def belongs(programme: str) -> Callable[[Cost], bool]:
    """Which costs are costs of a programme, or of all of them where none is named; see docs/return.md."""

    def of(cost: Cost) -> bool:
        if cost.kind is Kind.DISCOUNT:
            return False
        if not cost.programme:
            return cost.kind is Kind.LICENCE
        return not programme or cost.programme.casefold() == programme.casefold()

    return of


@dataclass(frozen=True)
class Told:
    """The return of a shop, and what it was worked out from.

    Attributes:
        since, until: first and last day of the window.
        again_and_again: the net value's range for who looks at every report.
        again: in how many days to look again, at the earliest; None where it is known, or would take too long.
        seen: of people. spent: K.
    """

    since: Day
    until: Day
    seen: Seen
    spent: Spent
    found: Return
    again: int | None
    again_and_again: tuple[float, float]
    facts: Facts

    @property
    def sure(self) -> Range:
        """The net value by what was randomised alone; the verdict stands on this."""
        return self.found.by_line[_RANDOMISED][0]

    @property
    def verdict(self) -> str:
        """Worked, did not, or too early to say: also for who looks at every report."""
        (low, high), again = self.sure.ends[0.95], self.again_and_again
        return WORKED if min(low, again[0]) > 0 else DID_NOT if max(high, again[1]) < 0 else TOO_EARLY


@dataclass(frozen=True, slots=True)
class Extra:
    """What the programme brought more, before its cost, from the same facts as the return.

    Attributes:
        since, until: first and last day of the window.
        told: of all treated, in the shop's currency; refused where nothing can be told. often: its range for who looks
            again and again, the rule of the report's verdict too. early: why there is none yet.
    """

    since: Day
    until: Day
    told: Estimate
    often: tuple[float, float] | None = None
    early: str = ""


def extra(shop: "Shop", period: Period, margin: float) -> Extra:
    """What people whom it was for spent more than those left out, and how sure that is.

    Args:
        margin: percent of it that stays; 0: told as sales.

    Raises:
        CannotTell: nothing can be told; the sentence says why.
    """
    held = left_out(shop, period.end)
    if held.since > period.end:
        raise CannotTell(_too_early(held, period))
    try:
        seen = Seen.read(facts(shop, period, by_arm(shop, period, held)).told)
    except TooFew as few:
        raise CannotTell(few_of(few)) from None
    times = seen.treated * (margin / 100 or 1.0) / 10 ** digits_of(shop.settings.currency)
    low, high = seen.again_and_again()
    told = Estimate(value=seen.each * times, low=seen.low * times, high=seen.high * times, n=seen.treated + seen.held)
    often = None if seen.often is None else (low * times, high * times)
    return Extra(held.since, period.end, told, often, "" if seen.often else seen.early)


def few_of(few: TooFew) -> str:
    """The same without the number of people, which would tell of them."""
    return f"Fewer than {few.least} people may be counted, and no figure is about so few."


def _too_early(held: LeftOut, period: Period) -> str:
    return (
        f"Too early: people are left out since {date_of(held.since)}, and figures reach to {date_of(period.end)}. "
        f"Look again in {held.since + 7 - period.end} days."
    )


def returned(shop: "Shop", period: Period, options: Options) -> Told:
    """Work the return out.

    Raises:
        CannotTell: something is missing; the sentence says what, and what to do.
    """
    margin = options["margin"]
    if not margin:
        raise CannotTell(
            "No margin is known, so what people bought more is not what stayed. Set margin in goodwill.toml (percent "
            "of an amount that stays, such as margin = 40), or give --margin."
        )
    held = left_out(shop, period.end)
    if held.since > period.end:
        raise CannotTell(_too_early(held, period))
    spent = shop.costs.total(since=held.since, until=period.end, of=belongs(options["programme"]))
    if spent.money is None:
        raise CannotTell(spent.refused)
    known = facts(shop, period, by_arm(shop, period, held))
    seen = Seen.read(known.told)
    currency, one = shop.settings.currency, 10 ** digits_of(shop.settings.currency)
    found = _roi(seen, margin / 100, spent, currency, one, options)
    low, high = ((end * seen.treated * margin / 100 - spent.minor) / one for end in seen.again_and_again())
    again = _again(found.by_line[_RANDOMISED][0], found, seen, margin / 100, one)
    return Told(held.since, period.end, seen, spent, found, again, (low, high), known)


def by_arm(shop: "Shop", period: Period, held: LeftOut) -> Wanted:
    """What the treated and those left out spent."""
    what = ByArm(start=held.since, until=period.end, currency=shop.settings.currency, arm=held.arm)

    def made(total: Total) -> Mapping[str, Any]:
        arms = arms_of(total.sums, what)
        if min(arm.people for arm in arms) < SMALL:
            raise CannotTell(
                f"Fewer than {SMALL} people are left out by chance, or get it; no figure is about so few. Leave more "
                "out: goodwill experiment holdout 20"
            )
        if is_of_few([arm.window.bought for arm in arms]):
            raise CannotTell(
                f"Too early: of those left out by chance, or of all others, fewer than {SMALL} bought since "
                f"{date_of(held.since)}, and no figure is about what so few paid. Look again when more have."
            )
        return caused(arms, held.share, what.days, exist=total.exist).to_dict()

    return Wanted("roi/people", {"since": held.since, "left_out": held.share}, what, made)


def _roi(seen: Seen, margin: float, spent: Spent, currency: str, one: int, options: Options) -> Return:
    inside, after = seen.draws(DRAWS, options["seed"])
    benefits = [
        Line.of_draws(B1, Grade.A, currency, margin * inside / one, with_="customers"),
        Line.not_measured(B2, currency, seen.why) if after is None
        else Line.of_draws(B2, Grade.C, currency, margin * after / one, with_="customers"),
        Line.not_measured(B3, currency, _NO_B3), Line.not_measured(B4, currency, _NO_B4),
        Line.not_measured(B5, currency, NOT_MEASURED),
    ]  # fmt: skip
    # What was written down is known; hours and invoices have no distribution.
    cost = Line.certain("K cost", Grade.A, currency, spent.minor / one)
    return roi(benefits, [cost], DRAWS, seed=options["seed"], hurdle=options["hurdle"] / 100)


def _again(sure: Range, found: Return, seen: Seen, margin: float, one: int) -> int | None:
    """In how many days the answer should be clear, if what is seen now is so; None where it is, or never will be.

    Where too few bought yet, when enough will have, if as many buy each day. Else: the error of a sum of days grows
    with the root of their number, an effect with the number itself.
    """
    low, high = sure.ends[0.95]
    if seen.often is None:
        whole = ceil(seen.days * LEAST_BOUGHT / seen.bought) if seen.bought else 0
        return whole - seen.days if 0 < whole - seen.days <= _LONGEST else None
    if not low <= 0 <= high:
        return None
    error = seen.each_error * seen.treated * margin / one
    far = [abs(sure.median), abs(float(np.median(found.drawn["K cost"])))]
    days = [ceil(seen.days * (_POWER * error / away) ** 2) for away in far if away > 0]
    later = sorted(one for one in days if one > seen.days)
    return later[0] - seen.days if later and later[0] - seen.days <= _LONGEST else None


# ---- telling ---------------------------------------------------------------------------------------------------------


def _answer(shop: "Shop", period: Period, options: Options) -> Answer:
    return answer_of(shop, period, options, returned(shop, period, options))


def answer_of(shop: "Shop", period: Period, options: Options, told: Told) -> Answer:
    """The figures and tables of a return."""
    telling = _Telling(shop, Asked("roi", period, options), told)
    return Answer(
        telling.headline(), tuple(telling.others()),
        (telling.lines(), telling.parts(), telling.tornado(), telling.costs()),
    )  # fmt: skip


class _Telling:
    """How the figures of one return are told."""

    def __init__(self, shop: "Shop", asked: Asked, told: Told) -> None:
        self._asked, self._told, self._found = asked, told, told.found
        self._currency, self._one = shop.settings.currency, 10 ** digits_of(shop.settings.currency)
        self._seed = int(asked.options["seed"])

    def headline(self) -> Figure:
        found, seen = self._found, self._told.seen
        method = (
            f"(B1 + B2 − cost) / cost in {DRAWS:,} draws; {seen.treated:,} people with it and "
            f"{seen.held:,} left out by chance, {date_of(self._told.since)} to {date_of(self._told.until)}."
        )
        if found.roi is None:
            why = "No cost was written down, so there is no return on it; see the net value." if not (
                self._told.spent.rows) else found.refused  # fmt: skip
            return self._figure(Estimate.refuse(why), "return on investment", "share", method, found.grade)
        return self._figure(self._range(found.roi), "return on investment", "share", method, found.grade)

    def others(self) -> list[Figure]:
        found, seen = self._found, self._told.seen
        each = Estimate(value=seen.each / self._one, low=seen.low / self._one, high=seen.high / self._one,
                        standard_error=seen.each_error / self._one, p=seen.p, n=seen.treated + seen.held)  # fmt: skip
        gained = sum((found.drawn[name] for name in (B1, B2) if name not in found.not_measured), np.zeros(DRAWS))
        chance = Estimate(value=found.above_zero, n=seen.treated + seen.held)
        return [
            self._figure(self._range(found.net), "net value", self._currency, "Benefits less costs, in each draw.",
                         found.grade),
            self._figure(self._range(Range.of(gained)), "extra margin", self._currency, "B1 and B2 together.",
                         found.grade),
            self._figure(each, "extra sales of a customer", self._currency, seen.method, Grade.A),
            self._figure(chance, "chance that it pays", "share", "Share of draws with a net value above 0.",
                         found.grade),
        ]  # fmt: skip

    def lines(self) -> Table:
        """The three lines beside each other."""
        rows: list[tuple[Plain, ...]] = []
        for name, (net, ratio) in self._found.by_line.items():
            grades = ", ".join(sorted(grade.name for grade in LINES[name]))
            ends = (None, None, None) if ratio is None else (ratio.median, *ratio.ends[0.95])
            rows.append((f"{name} ({grades})", net.median, *net.ends[0.95], *ends))
        says = "The return by evidence: what was randomised alone, with what was worked out from it, and all."
        columns = (
            Column("evidence"), Column("net", self._currency), Column("low", self._currency),
            Column("high", self._currency), Column("return", "share"), Column("from", "share"), Column("to", "share"),
        )  # fmt: skip
        return Table("lines", says, columns, tuple(rows))

    def parts(self) -> Table:
        """Every line of the sum, also those that nobody measured."""
        found = self._found
        grades = {swing.name: swing.grade.name for swing in found.tornado}
        rows: list[tuple[Plain, ...]] = []
        for name in (B1, B2, B3, B4, B5, "K cost"):
            if name in found.not_measured:
                why = found.not_measured[name]
                rows.append((name, "not measured", "", "", "–", "" if why == NOT_MEASURED else why))
                continue
            told = Range.of(found.drawn[name])
            rows.append((name, told.median, *told.ends[0.95], grades[name], "measured" if name != B2 else "by a model"))
        says = (
            "What is added up. Every benefit counts once; the parts are the whole in each draw (largest difference "
            f"{found.identity:.1e})."
        )
        money = self._currency
        columns = (Column("part"), Column("middle", money), Column("low", money), Column("high", money),
                   Column("grade"), Column("how"))  # fmt: skip
        return Table("parts", says, columns, tuple(rows))

    def tornado(self) -> Table:
        """What each line does to the net value."""
        rows = tuple(
            (one.name, one.grade.name, one.low, one.high, one.variance_share) for one in self._found.tornado
        )  # fmt: skip
        says = "The net value with each line at its 10 % and 90 % quantile and the others at their middle."
        if self._found.break_even is not None:
            name, factor = self._found.break_even
            says += f" Nothing is gained where {name} is {factor:.2f} times what it is taken to be."
        money = self._currency
        columns = (Column("part"), Column("grade"), Column("at 10 %", money), Column("at 90 %", money),
                   Column("of the spread", "share"))  # fmt: skip
        return Table("tornado", says, columns, rows)

    def costs(self) -> Table:
        """What K is made of, with every rate that was used."""
        return costs_table(self._told.spent, "What it cost", self._currency)

    def _range(self, found: Range) -> Estimate:
        low, high = found.ends[0.95]
        return Estimate(value=found.median, low=low, high=high, n=self._told.seen.treated + self._told.seen.held)

    def _figure(self, found: Estimate, name: str, unit: str, method: str, grade: Grade) -> Figure:
        seen = self._told.seen
        warnings = (*seen.warnings, *self._told.spent.warnings) if name == "return on investment" else ()
        told = Estimate(value=found.value, low=found.low, high=found.high, n=found.n, refused=found.refused,
                        standard_error=found.standard_error, p=found.p, warnings=warnings)  # fmt: skip
        people = seen.treated + seen.held
        return Figure.of(
            told, name=name, unit=unit, method=method, grade=grade, coverage=Coverage(people, seen.exist, _WHO),
            as_of=self._told.facts.as_of, reproduce=self._asked.reproduce, seed=self._seed,
        )  # fmt: skip


def _any(text: str) -> Plain:
    return " ".join(text.split())


MEASURES = (
    Measure(
        "roi",
        "what the programme returned on what it cost",
        STATISTICS,
        (
            Option("margin", "percent of an amount that stays", margin_of, percent("margin")),
            Option("programme", "count the costs of this one alone; usually those of all", "", _any),
            Option("hurdle", "percent that the money would have brought elsewhere", 0.0, percent("hurdle")),
            Option("seed", "of chance; the same gives the same", 0, whole("seed", 0, 10**9 - 1)),
        ),
        _answer,
        is_kept=False,
    ),
)  # fmt: skip
