"""Measures of what doing something caused: an experiment's arms, the shop's own holdout, what could be seen at all."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from goodwill.access import Total
from goodwill.basics.clock import date_of
from goodwill.basics.errors import CannotTell
from goodwill.basics.money import digits_of
from goodwill.measure.answer import Answer, Column, Table
from goodwill.measure.apart import earlier
from goodwill.measure.estimate import Estimate
from goodwill.measure.experiments.detectable import minimum_detectable_effect_sums
from goodwill.measure.experiments.effect import Difference, difference_sums
from goodwill.measure.experiments.guardrail import guardrail_sums
from goodwill.measure.experiments.moments import Moments, of_group
from goodwill.measure.experiments.sequence import for_every_look
from goodwill.measure.experiments.several import holm
from goodwill.measure.experiments.split import SampleRatio, sample_ratio
from goodwill.measure.figure import SMALL, Figure, Grade, told_of
from goodwill.measure.period import Period
from goodwill.measure.trials import InArm, tail_of, under
from goodwill.purposes import STATISTICS
from goodwill.shop.measures.divided import Trial, holdout_of, trial_of
from goodwill.shop.measures.measure import (
    WEEKS,
    WEEKS_SAID,
    Asked,
    Measure,
    Option,
    Options,
    in_money,
    is_of_few,
    left_out,
    margin_of,
    name,
    percent,
    step,
    total_of,
    whole,
    withhold_few,
)

if TYPE_CHECKING:
    from goodwill.shop.shop import Shop

_UNDEFINED: Final = "not defined"  # of the arm that the others are held against, and where nothing is left to chance
_WEEKS: Final = 4  # for which it is usually asked
_REFUNDS: Final = 0.01  # of customers: so many more who give something back would matter


# ---- what it changed -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Seen:
    """What was counted of a trial, beside the same with the tail cut off."""

    trial: Trial
    total: Total
    clipped: Total
    currency: str
    times: float  # what stays of an amount

    @property
    def ratio(self) -> SampleRatio:
        """Whether people were divided as planned, as often as anybody looks."""
        counts = [self.people(arm) for arm in range(len(self.trial.shares))]
        return sample_ratio([[0] * len(counts), counts], list(self.trial.shares.values()))

    def people(self, arm: int) -> int:
        return int(self.total.sums.array("spent_people")[arm])

    @property
    def few_bought(self) -> bool:
        """Whether in an arm 1 to 9 people bought. Then no mean is told: those of the others and a total tell hers."""
        return is_of_few(under(self.total.sums, "spent_").array("bought"))

    def spent(self, arm: int, *, clipped: bool = False) -> Moments:
        return of_group(under((self.clipped if clipped else self.total).sums, "spent_"), arm)

    def back(self, arm: int) -> Moments:
        return of_group(under(self.total.sums, "back_"), arm)

    def money(self, found: Any) -> Any:
        return found if found.relative else in_money(found, self.currency, self.times)


def _seen(shop: "Shop", trial: Trial, times: float = 1.0) -> _Seen:
    what = InArm(
        until=trial.until, currency=shop.settings.currency, since=trial.since,
        # As long as it ran, always: who might choose would find the length that tells most.
        before=trial.until - trial.since + 1,
        arms=len(trial.shares), arm_of=trial.arm_of,
    )  # fmt: skip
    total = total_of(shop, what)
    clipped = total_of(shop, replace(what, most=tail_of(total.sums)))
    return _Seen(trial, total, clipped, shop.settings.currency, times)


def _experiment(shop: "Shop", period: Period, options: Options) -> Answer:
    trial = trial_of(shop, options["experiment"], period)
    seen = _seen(shop, trial)
    asked = Asked("experiment", period, options)
    treated = min(1, len(trial.shares) - 1)
    arm = list(trial.shares)[treated]
    called = f"'{arm}' beside '{trial.control}': what a customer paid more from {trial.days}"
    return _told(asked, seen, treated, called, "revenue")


def _holdout(shop: "Shop", period: Period, options: Options) -> Answer:
    trial = holdout_of(shop, period)
    margin = options["margin"]
    seen = _seen(shop, trial, margin / 100 or 1.0)
    what = "margin" if margin else "revenue"
    asked = Asked("holdout", period, options)
    found = _told(asked, seen, 1, f"extra {what} of a customer from {trial.days}", what)
    return replace(found, others=(*_of_all(asked, seen, what), *found.others))


def _told(asked: Asked, seen: _Seen, treated: int, called: str, what: str) -> Answer:
    """The difference that two arms come to, and what to hold it against."""
    one, other = seen.spent(treated), seen.spent(0)
    counted, blocks = one.people + other.people, seen.ratio.blocks
    if min(one.people, other.people) < SMALL:
        blocks = f"An arm has fewer than {SMALL} people who allow '{STATISTICS}', and no figure is about so few."
    elif not blocks and seen.few_bought:
        since = date_of(seen.trial.since)
        blocks = f"In an arm fewer than {SMALL} people bought since {since}; no figure is about what so few paid."

    def figure(found: Any, name: str, unit: str, method: str, warnings: tuple[str, ...] = ()) -> Figure:
        found = Estimate.refuse(blocks, n=counted) if blocks else replace(found, warnings=found.warnings + warnings)
        return asked.figure(
            found, seen.total, counted=counted, name=name, unit=unit, method=method, grade=Grade.A,
            why=left_out(STATISTICS, bought="are in no arm that is compared here"),
        )  # fmt: skip

    past = "; the past taken off by CUPED" if any(other.sums[1:]) else ""
    itt = (
        f"Intention to treat: everybody in an arm counts, with 0 where she bought nothing. {what.capitalize()} of each"
    )
    headline = figure(
        seen.money(difference_sums(one, other)), called, seen.currency,
        f"{itt}, Welch's t interval{past}.", _noted(seen, what),
    )  # fmt: skip
    others = (
        figure(difference_sums(one, other, relative=True), "the same as a share of the control's mean", "share",
               "Delta method."),
        figure(seen.money(difference_sums(_alone(one), _alone(other))), "the same without the past", seen.currency,
               "Welch's t interval (1947)."),
        figure(seen.money(difference_sums(seen.spent(treated, clipped=True), seen.spent(0, clipped=True))),
               "the same with the largest in a thousand cut to size", seen.currency, "Winsorised at .999, within 2 %."),
        figure(_anytime(seen, one, other), "the same for who looks every week", seen.currency,
               "Asymptotic confidence sequence. It takes each customer's outcome as complete, so while people still "
               "buy it is a guide and no proof."),
        _refunds(figure, seen, treated),
    )  # fmt: skip
    return Answer(headline, others, () if blocks and not seen.ratio.blocks else (_arms(seen, what),))


def _noted(seen: _Seen, what: str) -> tuple[str, ...]:
    foreign = seen.total.sums.number("foreign")
    said = [f"{told_of(foreign, 'orders')} in another currency than {seen.currency} are left out."] if foreign else []
    if what == "revenue":
        said.append("This is revenue, not what stays of it.")
    return (*said, *seen.ratio.warnings)


def _alone(arm: Moments) -> Moments:
    """An arm without its past."""
    return Moments(arm.people, arm.bought, arm.sums[:1], arm.products[:1])


def _anytime(seen: _Seen, one: Moments, other: Moments) -> Any:
    return seen.money(for_every_look(one, other))


def _refunds(figure: Callable[..., Figure], seen: _Seen, treated: int) -> Figure:
    """Whether more people give something back: what must not get worse."""
    found = guardrail_sums(seen.back(treated), seen.back(0), _REFUNDS)
    said = (found.says,) if found.says else ()
    return figure(
        found, "guardrail: more customers who gave something back", "share",
        f"One-sided non-inferiority with a margin of {100 * _REFUNDS:g} percentage point.", said,
    )  # fmt: skip


def _of_all(asked: Asked, seen: _Seen, what: str) -> tuple[Figure, ...]:
    """What the others brought together beyond what they would have; the difference times how many they are."""
    one, other = seen.spent(1), seen.spent(0)
    found: Difference = difference_sums(one, other)
    if found.refused or seen.ratio.blocks or seen.few_bought or min(one.people, other.people) < SMALL:
        return ()
    value, low, high = (None if end is None else end * one.people for end in (found.value, found.low, found.high))
    together = in_money(Estimate(value=value, low=low, high=high, n=found.n), seen.currency, seen.times)
    return (
        asked.figure(
            together, seen.total, counted=one.people + other.people, name=f"extra {what} of all of them",
            unit=seen.currency, method="The extra of a customer times the customers who are not held out.",
            grade=Grade.A, why=left_out(STATISTICS, bought="are in no arm"),
        ),
    )  # fmt: skip


def _arms(seen: _Seen, what: str) -> Table:
    """Each arm by itself, against the first."""
    one = 10 ** digits_of(seen.currency)
    arms = list(seen.trial.shares.items())
    found = {n: difference_sums(seen.spent(n), seen.spent(0)) for n in range(1, len(arms))}
    known = [n for n, each in found.items() if each.p is not None]
    adjusted = dict(zip(known, holm([found[n].p or 0.0 for n in known]).p, strict=True))
    rows = []
    for n, (called, share) in enumerate(arms):
        people = seen.people(n)
        shown = people >= SMALL
        mean = seen.spent(n).sums[0] / people * seen.times / one if shown and not seen.few_bought else None
        may = shown and seen.people(0) >= SMALL and not seen.ratio.blocks and not seen.few_bought
        p = (adjusted.get(n, _UNDEFINED) if may else None) if n else _UNDEFINED
        rows.append((called, people if shown else None, share, mean, p))
    says = (
        f"Each arm: how many people are in it, which share was planned, the {what} of one on average, and the p of its "
        f"difference from '{seen.trial.control}', for so many arms (Holm)."
    )
    columns = (Column("arm"), Column("people"), Column("planned", "share"), Column("mean", seen.currency), Column("p"))
    return Table("arms", says, columns, tuple(rows))


# ---- before it starts ------------------------------------------------------------------------------------------------


def _detectable(shop: "Shop", period: Period, options: Options) -> Answer:
    days, currency = 7 * options["weeks"], shop.settings.currency
    one = 10 ** digits_of(currency)
    what = InArm(
        until=period.end, currency=currency, since=period.end - days + 1,
        before=7 * options["before"] or days, arms=1, arm_of=lambda persons: np.zeros(persons.size, np.int64),
        others=tuple(7 * one for one in earlier(options["weeks"], _WEEKS, WEEKS)),
    )  # fmt: skip
    total = total_of(shop, what)
    withhold_few(total.sums, instead=f"{_WEEKS} weeks")
    past = of_group(under(total.sums, "spent_"), 0)
    if is_of_few(past.bought):
        raise CannotTell(f"Fewer than {SMALL} people bought in {options['weeks']} weeks; no figure is about so few.")
    hoped = options["hoped"]
    found = minimum_detectable_effect_sums(
        past, customers=options["customers"] or None, treated_share=options["treated"] / 100,
        hoped=hoped * one if hoped else None,
    )  # fmt: skip
    asked = Asked("detectable", period, options)
    told = in_money(found, currency)
    verdict = _verdict(found, one, currency, options["weeks"])
    headline = asked.figure(
        replace(told, warnings=(*told.warnings, *((verdict,) if verdict else ()))), total, counted=past.people,
        name=f"least change that would be seen in {options['weeks']} weeks, for a customer", unit=currency,
        method=f"From what people who allow it paid in the {days} days up to the end, and how much the time before "
        "explains of it: as for a two-sided t test with 80 % power (Bloom 1995).",
        why=left_out(STATISTICS, bought="cannot be counted"),
    )  # fmt: skip
    return Answer(headline)


def _verdict(found: Any, one: int, currency: str, weeks: int) -> str:
    """Whether it can be measured, in money that people know."""
    if found.refused:
        return ""
    least, aim = found.value / one, found.hoped / one
    seen = f"{found.n:,} customers show a change of {least:,.2f} {currency} for a customer in {weeks} weeks"
    if found.measurable:
        return f"{seen}; {aim:,.2f} {currency} is looked for, so it can be measured."
    return (
        f"This cannot be measured in this window: {seen}, and {aim:,.2f} {currency} is looked for. It takes about "
        f"{found.needed:,} customers, or a longer window."
    )


_BEFORE = Option(
    "before",
    f"weeks before the start that are held against it, {WEEKS_SAID}; 0: as long as it runs",
    0,
    step("before", 0, *WEEKS),
)
MEASURES = (
    Measure(
        "experiment", "what an arm of an experiment changed, in money for a customer", STATISTICS,
        (Option("experiment", "its name: goodwill experiment list", None, name("an experiment"), needed=True),),
        _experiment, "money",
    ),
    Measure(
        "holdout", "what everything personal brings, beside those who are held out", STATISTICS,
        (Option("margin", "percent of an amount that stays; 0: not known, revenue is told", margin_of,
                percent("margin")),),
        _holdout, "money",
    ),
    Measure(
        "detectable", "before an experiment starts: which change it could show at all", STATISTICS,
        (
            Option("weeks", f"for which it would run, {WEEKS_SAID}", _WEEKS, step("weeks", *WEEKS)),
            Option("customers", "who would be in it; 0: as many as allow it", 0, whole("customers", 0, 100_000_000)),
            Option("treated", "percent of them who would get something else", 50.0, percent("treated")),
            Option("hoped", "the change for a customer that would be worth it, in whole money; 0: half of what one "
                   "brings", 0, whole("hoped", 0, 1_000_000)),
            _BEFORE,
        ),
        _detectable, "money",
    ),
)  # fmt: skip
