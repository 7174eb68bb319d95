"""Those who opted in beside the others: what they pay, order and come. It describes, and does not show a cause."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from goodwill.access import Total
from goodwill.basics.clock import date_of
from goodwill.basics.errors import BadInput
from goodwill.basics.money import digits_of
from goodwill.measure.answer import Answer, Column, Table
from goodwill.measure.apart import earlier
from goodwill.measure.estimate import Estimate
from goodwill.measure.experiments.effect import difference_sums
from goodwill.measure.experiments.moments import Moments, of_group
from goodwill.measure.figure import SMALL, told_of
from goodwill.measure.joining import OptedIn
from goodwill.measure.period import Period
from goodwill.measure.spending import per_order
from goodwill.purposes import RECOMMENDATIONS, STATISTICS, Basis, Purpose
from goodwill.shop.measures.measure import (
    DAYS_SAID,
    LENGTHS,
    Asked,
    Measure,
    Option,
    Options,
    in_money,
    left_out,
    name,
    step,
    total_of,
    withhold_few,
)

if TYPE_CHECKING:
    from goodwill.shop.shop import Shop

_NO_CAUSE = (
    "What opting in causes cannot be told from this: whoever trusts the shop more both opts in and buys more. It takes "
    "a comparison by lot (goodwill measure holdout), or what was known of each before she was asked "
    "(goodwill.measure.aipw, docs/opted-in.md)."
)
_DESCRIBED = "This describes those who opted in; it does not say what opting in causes."
_DAYS: Final = 91  # that are usually looked at
_WHO = ("others", "opted in")


def _opted_in(shop: "Shop", period: Period, options: Options) -> Answer:
    word = Purpose(options["purpose"])
    if shop.register[word].basis is not Basis.CONSENT:
        basis = shop.register[word].basis
        raise BadInput(f"Nobody opts in to '{word}': it rests on {basis}. Name a purpose that asks for a yes.")
    days, currency = options["days"], shop.settings.currency
    total = total_of(
        shop, OptedIn(until=period.end, currency=currency, word=word, days=days, others=earlier(days, _DAYS, LENGTHS))
    )
    withhold_few(total.sums, instead=f"{_DAYS} days")
    asked = Asked("opted-in", period, options)
    others, joined = (of_group(total.sums, group) for group in (0, 1))
    counted = others.people + joined.people
    few = min(others.people, joined.people) < SMALL
    found: Any = difference_sums(_of(joined, 0), _of(others, 0))
    if few:
        found = Estimate.refuse(f"Fewer than {SMALL} customers opted in, or fewer than {SMALL} did not.", n=counted)
    foreign = total.sums.number("foreign")
    said = (f"{told_of(foreign, 'orders')} in another currency than {currency} are left out.",) if foreign else ()
    why = left_out(STATISTICS)
    headline = asked.figure(
        replace(in_money(found, currency), warnings=(*found.warnings, _DESCRIBED, *said)), total, counted=counted,
        name=f"what a customer who opted in to '{word}' paid more in {days} days", unit=currency, why=why,
        method="Mean of those who allow it today less that of the others; Welch's t interval. A description.",
    )  # fmt: skip
    cause = asked.figure(
        Estimate.refuse(_NO_CAUSE, n=counted), total, counted=counted, name="what opting in causes", unit=currency,
        why=why, method="Not worked out.",
    )  # fmt: skip
    return Answer(headline, (cause,), (_described(total, period, options, currency),) if not few else ())


def _of(arm: Moments, place: int) -> Moments:
    """One of the things that are known of each customer, alone."""
    wide = len(arm.sums)
    square = sum(wide - earlier for earlier in range(place))
    return Moments(arm.people, arm.bought if place == 0 else arm.people, (arm.sums[place],), (arm.products[square],))


def _mean(arm: Moments, place: int) -> Estimate:
    """Of a customer, with Student's t interval."""
    alone = _of(arm, place)
    return per_order(Moments(arm.people, arm.people, (alone.sums[0], arm.people),
                             (alone.products[0], alone.sums[0], arm.people)))  # fmt: skip


def _described(total: Total, period: Period, options: Options, currency: str) -> Table:
    one = 10 ** digits_of(currency)
    rows = []
    for group in (1, 0):
        arm = of_group(total.sums, group)
        for place, (what, scale) in enumerate((("paid", one), ("orders", 1), ("days with a purchase", 1))):
            found = _mean(arm, place)
            ends = [None if end is None else end / scale for end in (found.value, found.low, found.high)]
            rows.append((_WHO[group], f"{what}, {currency}" if scale > 1 else what, *ends, arm.people))
    since = date_of(period.end - options["days"] + 1)
    says = f"Of each group: what a customer paid, ordered and came from {since} to {date_of(period.end)}, on average."
    columns = tuple(map(Column, ("who", "what", "of a customer", "low", "high", "customers")))
    return Table("opted in and others", says, columns, tuple(rows))


MEASURES = (
    Measure(
        "opted-in", "what customers who opted in pay and how often they come, beside the others", STATISTICS,
        (
            Option("purpose", "that they opted in to", str(RECOMMENDATIONS), name("a purpose")),
            Option("days", f"of so many days up to the end of the period, {DAYS_SAID}", _DAYS, step("days", *LENGTHS)),
        ),
        _opted_in, "money",
    ),
)  # fmt: skip
