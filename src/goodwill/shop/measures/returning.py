"""One return on investment: what the programme caused, held against what it cost.

What it caused comes from people whom chance left out (grade A), and what is left of it afterwards from a model of their
buying (C). What is known of people is kept as it was told first; costs and the margin count as they are written now.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import ceil
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from goodwill.access import Total
from goodwill.basics.clock import Day, date_of
from goodwill.basics.errors import CannotTell, NotFound, TooFew
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
from goodwill.shop.measures.leftout import LeftOut, changed_after, left_out
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
_WHO: Final = "everybody assigned counts, whatever she allowed"
_POWER: Final = 2.80  # standard errors: 1.96 for the interval, 0.84 for a chance of 80 % to see it
_RANDOMISED: Final = next(iter(LINES))
_SURELY: Final = LEAST_BOUGHT + 30  # who are expected to buy, so that in 97 of 100 draws of lots 200 do
_ANEW: Final = " (which begins a new window)"
_MOST_OUT: Final = 50  # percent, as `experiment holdout` takes it
_ROUNDING: Final = 1e-9  # of a whole: nothing but how computers add
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
        again: in how many days to look again, at the earliest; None where it is known, or would take too long, or these
            days do not go on. small: why an arm never will have enough who buy, and what to do; "" where it may.
        changed: that another share is left out since, so that a new window begins; "" where none does.
        seen: of people. spent: K.
    """

    since: Day
    until: Day
    seen: Seen
    spent: Spent
    found: Return
    again: int | None
    small: str
    changed: str
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
    so = f"Too early: people are left out since {date_of(held.since)}, and figures reach to {date_of(period.end)}."
    # Who asks for a period of long ago has nothing to wait for.
    later = f"Look again in {held.since + 7 - period.end} days." if period.latest else "Ask for a later day."
    return f"{so} {later}"


def returned(shop: "Shop", period: Period, options: Options) -> Told:
    """Work the return out.

    Raises:
        CannotTell: something is missing; the sentence says what, and what to do.
        NotFound: no cost names the programme.
    """
    _known(shop, options["programme"])
    margin = options["margin"]
    if not margin:
        raise CannotTell(
            "No margin is known, so what people bought more is not what stayed. Set margin in goodwill.toml (percent "
            "of an amount that stays, such as margin = 40), or give --margin."
        )
    held = left_out(shop, period.end)
    if held.since > period.end:
        raise CannotTell(_too_early(held, period))
    _alone(shop, options["programme"], held.since, period.end)
    spent = shop.costs.total(since=held.since, until=period.end, of=belongs(options["programme"]))
    if spent.money is None:
        raise CannotTell(spent.refused)
    known = facts(shop, period, by_arm(shop, period, held))
    seen = Seen.read(known.told)
    currency, one = shop.settings.currency, 10 ** digits_of(shop.settings.currency)
    found = _roi(seen, margin / 100, spent, currency, one, options)
    low, high = ((end * seen.treated * margin / 100 - spent.minor) / one for end in seen.again_and_again())
    later = changed_after(shop, period.end)
    again = None if later else _again(found.by_line[_RANDOMISED][0], found, seen, margin / 100, one)
    small = "" if later else _small(seen)
    return Told(held.since, period.end, seen, spent, found, again, small, str(later or ""), (low, high), known)


def _programmes(shop: "Shop", since: Day | None = None, until: Day | None = None) -> dict[str, str]:
    """What costs call the programmes, by the same in small letters."""
    costs = [entry.cost for entry in shop.costs.entries(since=since, until=until)]
    return {one.programme.casefold(): one.programme for one in costs if one.programme and one.kind is not Kind.DISCOUNT}


def _known(shop: "Shop", programme: str) -> None:
    """Raise NotFound where no cost names a programme, so that a slip of the pen is not told a return without cost."""
    known = _programmes(shop)
    if programme and programme.casefold() not in known:
        there = f"There are: {', '.join(sorted(known.values()))}." if known else "No cost names one."
        raise NotFound(f"No cost names a programme '{programme}'. {there} See them with: goodwill cost list")


def _alone(shop: "Shop", programme: str, since: Day, until: Day) -> None:
    """Raise CannotTell where a programme was one of several: B1 is of all together, and would count once for each."""
    others = _programmes(shop, since, until)
    others.pop(programme.casefold(), None)
    if not programme or not others:
        return
    by_lot = (
        f"What experiment '{programme}' changed: goodwill measure experiment {programme}"
        if programme in shop.planning.plan().experiments
        else "An experiment of it alone would show it: goodwill experiment new --help"
    )
    raise CannotTell(
        f"From {date_of(since)} to {date_of(until)} costs name {', '.join(sorted(others.values()))} too. Those "
        "left out get none of the programmes, so what they show is of all together, and none of it of "
        f"'{programme}' alone. Ask without a programme for the return of all. {by_lot}"
    )


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


def _short(why: str) -> str:
    """The reason without what only somebody who fits models reads; `measure clv` has that."""
    return why.partition(" In detail: ")[0]


def _roi(seen: Seen, margin: float, spent: Spent, currency: str, one: int, options: Options) -> Return:
    inside, after = seen.draws(DRAWS, options["seed"])
    benefits = [
        Line.of_draws(B1, Grade.A, currency, margin * inside / one, with_="customers"),
        Line.not_measured(B2, currency, _short(seen.why)) if after is None
        else Line.of_draws(B2, Grade.C, currency, margin * after / one, with_="customers"),
        Line.not_measured(B3, currency, _NO_B3), Line.not_measured(B4, currency, _NO_B4),
        Line.not_measured(B5, currency, NOT_MEASURED),
    ]  # fmt: skip
    # What was written down is known; hours and invoices have no distribution.
    cost = Line.certain("K cost", Grade.A, currency, spent.minor / one)
    return roi(benefits, [cost], DRAWS, seed=options["seed"], hurdle=options["hurdle"] / 100)


def _again(sure: Range, found: Return, seen: Seen, margin: float, one: int) -> int | None:
    """In how many days the answer should be clear, if what is seen now is so; None where it is, or never will be.

    Where too few bought yet, when enough will have, if as many buy each day; never where an arm has not so many people.
    Else: the error of a sum of days grows with the root of their number, an effect with the number itself.
    """
    low, high = sure.ends[0.95]
    if _small(seen):
        return None
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


def _small(seen: Seen) -> str:
    """Why an arm never will have enough who buy while it stays as it is, and what to do; "" where it may."""
    people, everybody = min(seen.treated, seen.held), seen.treated + seen.held
    if seen.often is not None or people >= LEAST_BOUGHT:
        return ""
    if everybody < 2 * LEAST_BOUGHT:
        return (
            f"{LEAST_BOUGHT} have to buy among those left out and as many among all others, and there are "
            f"{everybody} people: it stays too early until more come."
        )
    if seen.treated < seen.held:
        return f"{people} people get it, and {LEAST_BOUGHT} of them have to buy: it stays too early until more get it."
    out = (
        f"{people} people are left out, and {LEAST_BOUGHT} of them have to buy: it stays too early until more are. If "
        "as many of them buy as so far, "
    )
    share = ceil(100 * _SURELY * people / ((seen.bought or people) * everybody))
    if share > _MOST_OUT:
        return f"{out}even {_MOST_OUT} % need more time: goodwill experiment holdout {_MOST_OUT}{_ANEW}."
    return f"{out}{share} % are enough: goodwill experiment holdout {share}{_ANEW}."


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
            none = Estimate.refuse(self._no_ratio(), n=seen.treated + seen.held)
            return self._figure(none, "return on investment", "share", method, found.grade)
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
            *self._above(),
        ]  # fmt: skip

    def _above(self) -> list[Figure]:
        """What is held against a hurdle, where somebody gives one."""
        found, hurdle = self._found, float(self._asked.options["hurdle"])
        if not hurdle:
            return []
        people = self._told.seen.treated + self._told.seen.held
        if found.roi is None or found.above_hurdle is None:
            chance = narrow = Estimate.refuse(self._no_ratio(), n=people)
        else:
            low, high = found.roi.ends[0.80]
            chance = Estimate(value=found.above_hurdle, n=people)
            narrow = Estimate(value=found.roi.median, low=low, high=high, level=0.80, n=people)
        return [
            self._figure(chance, f"chance that it returns more than {hurdle:g} %", "share",
                         "Share of draws with a return above that.", found.grade),
            self._figure(narrow, "return on investment, 80 % interval", "share",
                         "The same draws, between their 10 % and 90 % quantiles.", found.grade),
        ]  # fmt: skip

    def _no_ratio(self) -> str:
        if not self._told.spent.rows:
            return "No cost was written down, so there is no return on it; see the net value."
        return self._found.refused

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
        apart = "" if found.identity < _ROUNDING else f", but for {found.identity:.1e} of it at most"
        says = f"What is added up. Every benefit counts once; the parts are the whole in each draw{apart}."
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
        told = replace(found, warnings=warnings)
        people = seen.treated + seen.held
        who = f"{_WHO}; the others objected, or are held" if people < seen.exist else _WHO
        return Figure.of(
            told, name=name, unit=unit, method=method, grade=grade, coverage=Coverage(people, seen.exist, who),
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
            Option("programme", "the costs of this one, where it was the only one; usually those of all", "", _any),
            Option("hurdle", "percent that the money would have brought elsewhere", 0.0, percent("hurdle")),
            Option("seed", "of chance; the same gives the same", 0, whole("seed", 0, 10**9 - 1)),
        ),
        _answer,
        is_kept=False,
    ),
)  # fmt: skip
