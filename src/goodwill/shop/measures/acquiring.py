"""What it costs to win a customer, and how soon she has brought that back."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from goodwill.access import Total
from goodwill.basics.clock import Day, date_of
from goodwill.basics.errors import CannotTell
from goodwill.basics.money import digits_of
from goodwill.costs import Cost, Kind
from goodwill.costs import Total as Spent
from goodwill.measure.acquisition import cac, customers_caused
from goodwill.measure.answer import Answer, Column, Table
from goodwill.measure.apart import earlier
from goodwill.measure.came import MONTH, Came, all_treated
from goodwill.measure.estimate import Estimate
from goodwill.measure.figure import NOTHING, SMALL, Coverage, Figure, Grade, told_of
from goodwill.measure.period import Period
from goodwill.purposes import STATISTICS
from goodwill.shop.measures.facts import Wanted, facts
from goodwill.shop.measures.leftout import LeftOut, left_out
from goodwill.shop.measures.measure import (
    DAYS_SAID,
    LENGTHS,
    Asked,
    Measure,
    Option,
    Options,
    costs_table,
    is_of_few,
    margin_of,
    percent,
    step,
    sum_of,
    whole,
    withhold_few,
)
from goodwill.sums import Sums

if TYPE_CHECKING:
    from goodwill.shop.shop import Shop

WINNING: Final = frozenset({Kind.MEDIA, Kind.TOOLS, Kind.LABOUR, Kind.INCENTIVE})
_WHO: Final = "the others objected, or are held; of them nothing is counted"
_DAYS: Final = 91  # that are usually told
_FEW: Final = 20  # customers of a month, below which it is not told


def wins(cost: Cost) -> bool:
    """Whether a cost is one of winning customers; what names a programme is a cost of that programme."""
    return cost.kind is Kind.DISCOUNT or (cost.kind in WINNING and not cost.programme)


def _is_media(cost: Cost) -> bool:
    return cost.kind is Kind.MEDIA and wins(cost)


def _cac(shop: "Shop", period: Period, options: Options) -> Answer:
    start = begin(period, options)
    spent = shop.costs.total(since=start, until=period.end, of=wins)
    if spent.money is None:
        raise CannotTell(spent.refused)
    if not spent.rows:
        raise CannotTell(
            f"No cost of winning customers was written down for {date_of(start)} to {date_of(period.end)}. Do: "
            "goodwill cost add, or import a file of costs."
        )
    media = shop.costs.total(since=start, until=period.end, of=_is_media)
    return _Telling(shop, period, options, start, spent, media).answer()


def begin(period: Period, options: Options) -> Day:
    """The first day of costs and new customers."""
    return Day(period.end - options["days"] + 1)


class _Telling:
    """How the figures of one question about the cost of customers are told."""

    def __init__(
        self, shop: "Shop", period: Period, options: Options, start: Day, spent: Spent, media: Spent
    ) -> None:  # fmt: skip
        self._options, self._spent, self._media = options, spent, media
        self._asked, self._start = Asked("cac", period, options), start
        self._currency, self._one = shop.settings.currency, 10 ** digits_of(shop.settings.currency)
        self._left_out = _left_out_or_none(shop, period.end)
        self._facts = facts(shop, period, came(shop, period, start, self._left_out))
        told = self._facts.told
        self._people, self._exist, self._new = int(told["allow"]), int(told["exist"]), sum(told["new"])

    def answer(self) -> Answer:
        found = cac(self._spent.minor / self._one, self._new)
        kept = Estimate(
            value=found.value, low=found.low, high=found.high, standard_error=found.standard_error, n=found.n,
            level=found.level, refused=found.refused, warnings=self._warnings(),
        )  # fmt: skip
        # Of fewer than ten no number is told, here neither.
        people = f"{self._new:,} people" if self._new >= SMALL else "the people"
        method = (
            f"All cost of winning customers, {sum_of(self._spent)}, divided by {people} who first bought from "
            f"{date_of(self._start)} to {date_of(self._asked.period.end)}; Poisson interval of their number."
        )
        headline = self._figure(kept, "cost of a new customer", method, self._new)
        return Answer(
            headline, (self._paid(), self._incremental(), self._payback(kept)), (self._costs(), self._months())
        )

    def _paid(self) -> Figure:
        new, media = self._options["paid-new"], self._media.money
        if not new or media is None:
            why = (
                "No order says which paid channel it came by. Give the number that your advertisers count as "
                "--paid-new, and mind that they count generously."
            )
            return self._figure(Estimate.refuse(why), "cost of a new customer by paid channels", NOTHING, 0)
        found = cac(media.minor / self._one, min(new, self._new))
        method = f"Cost of media, {media}, divided by {min(new, self._new):,} new customers that were claimed for it."
        return self._figure(_plain(found), "cost of a new customer by paid channels", method, new, Grade.D)

    def _incremental(self) -> Figure:
        name = "cost of a customer who came because of it"
        told = self._facts.told
        if self._left_out is None:
            why = "Nobody is left out by chance, so who would have come anyway is not known."
            return self._figure(Estimate.refuse(why), name, NOTHING, 0)
        if self._left_out.since > self._start:
            why = (
                f"People are left out since {date_of(self._left_out.since)} only; ask again when they were for "
                f"{self._options['days']} days, or for fewer days."
            )
            return self._figure(Estimate.refuse(why), name, NOTHING, 0)
        (new, held_new), (people, held) = told["new"], told["people"]
        if min(new, held_new) < SMALL or told["few"]:
            why = (
                f"Fewer than {SMALL} new customers are among those left out, or the others, or so few came in between "
                "this and another length of time; no figure is about so few."
            )
            return self._figure(Estimate.refuse(why), name, NOTHING, 0)
        caused = customers_caused(new, people, held_new, held)
        found = cac(self._spent.minor / self._one, self._new, caused=caused).incremental
        if found is None:
            raise ValueError("what was caused was given, so its cost is told")
        method = (
            f"The same cost, divided by the customers beyond the rate of those left out ({held:,} of "
            f"{people + held:,} people); two Poisson intervals joined (MOVER)."
        )
        return self._figure(found, name, method, new + held_new, Grade.A)

    def _payback(self, cost: Estimate) -> Figure:
        name, margin = "months until a new customer has brought that back", self._options["margin"]
        if not margin:
            why = "No margin is known, so what a customer brings is not: give --margin, or set margin."
            return self._figure(Estimate.refuse(why), name, NOTHING, 0, unit="months")
        brought = [one * margin / 100 for one in self._each_month()]
        if not brought:
            why = (
                f"No month can be told yet: fewer than {_FEW} customers were watched for it, or it would tell what "
                f"fewer than {SMALL} people bought."
            )
            return self._figure(Estimate.refuse(why), name, NOTHING, 0, unit="months")
        ends = [_reached(brought, end) for end in (cost.value, cost.low, cost.high)]
        method = (
            f"Margin of {margin:g} % of what customers bought in each {MONTH} days since their first purchase, of "
            "those who were watched for all of them; the interval is that of the cost alone."
        )
        if ends[0] is None:
            why = (
                f"In the {len(brought)} months that enough customers were watched for, one brings {sum(brought):,.2f} "
                f"of {cost.value or 0:,.2f} {self._currency}."
            )
            return self._figure(Estimate.refuse(why), name, method, 0, unit="months")
        low, high = ends[1], float("inf") if ends[2] is None else ends[2]
        found = Estimate(value=ends[0], low=low, high=high, n=int(self._facts.told["watched"][0]))
        return self._figure(found, name, method, found.n, unit="months")

    def _each_month(self) -> list[float]:
        """What a customer spent on average in each month since she came, as far as enough were watched."""
        told = self._facts.told
        if "paid" not in told:  # kept by a version that did not count who paid: not told until the next period
            return []
        shown = months_shown(told["watched"], told["paid"])
        each = zip(told["watched"][:shown], told["amount"][:shown], strict=True)
        return [spent / many / self._one for many, spent in each]

    def _costs(self) -> Table:
        return costs_table(self._spent, "What was spent on winning customers", self._currency)

    def _months(self) -> Table:
        rows = tuple((n, one) for n, one in enumerate(self._each_month(), start=1))
        says = (
            f"What a customer buys on average in each {MONTH} days since the first purchase, before margin; of {_FEW} "
            f"customers or more, and as far as no month tells what fewer than {SMALL} bought."
        )
        return Table("months", says, (Column("month"), Column("a customer", self._currency)), rows)

    def _warnings(self) -> tuple[str, ...]:
        foreign = self._facts.told["foreign"]
        said = [*self._spent.warnings, *(f"Converted: {one}." for one in self._spent.converted)]
        if foreign:
            said.append(
                f"{told_of(foreign, 'orders')} in another currency count as orders, and their amounts are left out."
            )
        return tuple(said)

    def _figure(
        self, found: Estimate, name: str, method: str, counted: int, grade: Grade = Grade.C, *, unit: str = ""
    ) -> Figure:  # fmt: skip
        least = 0 if found.refused else SMALL
        return Figure.of(
            found, name=name, unit=unit or self._currency, method=method, grade=grade,
            coverage=Coverage(min(counted, self._exist), self._exist, _WHO), as_of=self._facts.as_of, least=least,
            reproduce=self._asked.reproduce,
        )  # fmt: skip


def months_shown(watched: Sequence[int], paid: Sequence[int]) -> int:
    """How many months are told: up to the first in which few bought.

    Of those that follow, ten people at least must have bought in one: else the sum of all purchases, less what is told,
    is what few paid.
    """
    shown = 0
    while shown < len(paid) and watched[shown] >= _FEW and not is_of_few(paid[shown]):
        shown += 1
    while shown and is_of_few(max(paid[shown:], default=0)):
        shown -= 1
    return shown


def _plain(found: Any) -> Estimate:
    return Estimate(value=found.value, low=found.low, high=found.high, n=found.n, level=found.level,
                    refused=found.refused, warnings=found.warnings)  # fmt: skip


def _left_out_or_none(shop: "Shop", until: Day) -> LeftOut | None:
    try:
        return left_out(shop, until)
    except CannotTell:
        return None


def came(shop: "Shop", period: Period, start: Day, held: LeftOut | None) -> Wanted:
    """Who came new in a window."""

    def made(total: Total) -> Mapping[str, Any]:
        withhold_few(_of_both_arms(total.sums), instead=f"{_DAYS} days")
        arrays = {name: total.sums.array(name).tolist() for name in ("people", "new", "watched", "amount", "paid")}
        few = "beyond" in total.sums and is_of_few(total.sums.array("beyond"))
        foreign = total.sums.number("foreign")
        return {**arrays, "few": few, "foreign": foreign, "allow": total.people, "exist": total.exist}

    others = earlier(period.end - start + 1, _DAYS, LENGTHS)
    arm = all_treated if held is None else held.arm
    what = Came(start=start, until=period.end, currency=shop.settings.currency, arm=arm, others=others)
    asked = {"start": start, "left_out": None if held is None else held.share, "others": others}
    return Wanted("cac/people", asked, what, made)


def _of_both_arms(sums: Sums) -> Sums:
    return Sums({"beyond": sums.array("beyond").sum(axis=0)} if "beyond" in sums else {})


def _reached(brought: list[float], wanted: float | None) -> float | None:
    """After how many months so much was brought; None where it was not."""
    total = 0.0
    for month, one in enumerate(brought):
        if wanted is not None and one > 0 and total + one >= wanted:
            return month + (wanted - total) / one
        total += one
    return None


MEASURES = (
    Measure(
        "cac",
        "what it costs to win a customer",
        STATISTICS,
        (
            Option("days", f"of costs and new customers of so many days, up to the period's end, {DAYS_SAID}", _DAYS,
                   step("days", *LENGTHS)),
            Option("margin", "percent of an amount that stays; 0: not known, no payback is told", margin_of,
                   percent("margin")),
            Option("paid-new", "how many of the new customers paid channels claim; 0: not known", 0,
                   whole("paid-new", 0, 10**9 - 1)),
        ),
        _cac,
        unit="money",
        is_kept=False,
    ),
)  # fmt: skip
