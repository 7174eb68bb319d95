"""Those who opted in beside the others: what they pay, order and come; and what of that opting in caused, if it tells.

The comparison of today describes. The cause is told of who opted in lately beside who did not, corrected for what they
had bought before, and only where nothing shows the correction to be wrong.
"""

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from goodwill.access import HadSaid, Total
from goodwill.basics.clock import date_of, start_of
from goodwill.basics.errors import BadInput
from goodwill.basics.money import digits_of
from goodwill.measure.answer import Answer, Column, Table
from goodwill.measure.apart import earlier
from goodwill.measure.causal import Effect, aipw
from goodwill.measure.estimate import Estimate
from goodwill.measure.experiments.effect import difference_sums
from goodwill.measure.experiments.moments import Moments, of_group
from goodwill.measure.figure import SMALL, Figure, Grade, told_of
from goodwill.measure.joining import OptedIn
from goodwill.measure.opting import BeforeAndAfter, compared_of
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
    is_of_few,
    left_out,
    name,
    step,
    total_of,
    withhold_few,
)

if TYPE_CHECKING:
    from goodwill.shop.shop import Shop

_NO_CAUSE = "What opting in causes cannot be told from this"
_BY_LOT = "A comparison by lot tells more: goodwill measure holdout."
_DESCRIBED = "This describes those who opted in; it does not say what opting in causes."
_DAYS: Final = 91  # that are usually looked at
_SEED: Final = 86
_NO_PROOF = "Nothing showed the correction to be wrong; that is no proof that everything was measured."
_METHOD = (
    "Augmented inverse propensity weighting, cross-fitted, corrected for purchases of before; checked by overlap, two "
    "negative controls and sensitivity. Amounts in steps of 2 %."
)
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
    elif few := is_of_few([_of(arm, 0).bought for arm in (others, joined)]):
        found = Estimate.refuse(
            f"Fewer than {SMALL} of one side bought in {days} days, and no figure is about what so few paid.", n=counted
        )
    foreign = total.sums.number("foreign")
    said = (f"{told_of(foreign, 'orders')} in another currency than {currency} are left out.",) if foreign else ()
    why = left_out(STATISTICS)
    headline = asked.figure(
        replace(in_money(found, currency), warnings=(*found.warnings, _DESCRIBED, *said)), total, counted=counted,
        name=f"what a customer who opted in to '{word}' paid more in {days} days", unit=currency, why=why,
        method="Mean of those who allow it today less that of the others; Welch's t interval. A description.",
    )  # fmt: skip
    tables = (_described(total, period, options, currency),) if not few else ()
    cause, checks = _caused(shop, asked, word) if days == _DAYS else (_of_one_length(asked, total, word, currency), ())
    return Answer(headline, (cause,), (*tables, *checks))


# ---- what it caused --------------------------------------------------------------------------------------------------


def _caused(shop: "Shop", asked: Asked, word: Purpose) -> tuple[Figure, tuple[Table, ...]]:
    """What opting in caused, or why that cannot be told; with all that was tried to show it wrong."""
    days, zone = _DAYS, shop.settings.zone
    moments = tuple(start_of(asked.period.end + 1 - back, zone) for back in (2 * days, days))
    what = BeforeAndAfter(
        until=asked.period.end, currency=shop.settings.currency, said=HadSaid((word,), moments), days=days
    )
    total = total_of(shop, what)
    told = _Cause(asked, total, what)
    return told.figure(), told.checks()


def _of_one_length(asked: Asked, total: Total, word: Purpose, currency: str) -> Figure:
    """No cause: two lengths would have to be held against each other in all that is corrected for."""
    why = f"{_NO_CAUSE}: it is worked out of {_DAYS} days alone."
    return asked.figure(
        Estimate.refuse(why), total, counted=0, name=f"what opting in to '{word}' caused", unit=currency,
        why="nothing was counted", method="Not told.",
    )  # fmt: skip


class _Cause:
    """How what opting in caused is told."""

    def __init__(self, asked: Asked, total: Total, what: BeforeAndAfter) -> None:
        self._asked, self._total, self._what = asked, total, what
        self._of = compared_of(total.sums, what)
        self._one = 10 ** digits_of(what.currency)
        self._name = f"what opting in to '{what.said.purposes[0]}' caused a customer to pay in {what.days} days"
        self._found = self._effect()

    def _effect(self) -> Effect | None:
        """None where either side is of so few that nothing may be said of it."""
        exposed = int(self._of.exposed.sum())
        if min(exposed, self._of.exposed.size - exposed) < SMALL or not self._of.covariates:
            return None
        return aipw(
            self._of.outcome / self._one, self._of.exposed, np.column_stack(list(self._of.covariates.values())),
            negative_control=self._of.controls, names=tuple(self._of.covariates), seed=_SEED,
        )  # fmt: skip

    def figure(self) -> Figure:
        """The effect, or why it cannot be told."""
        found = self._found
        if found is None:
            return self.refused(f"fewer than {SMALL} customers opted in lately, or fewer than {SMALL} of the others.")
        if not found.identified or found.value is None:
            return self.refused(found.reason[0].lower() + found.reason[1:])
        estimate = Estimate(
            value=found.value, low=found.low, high=found.high, standard_error=found.standard_error, level=found.level,
            n=found.n, warnings=(*found.warnings, *self._remarks(), _NO_PROOF),
        )  # fmt: skip
        return self._told(estimate, Grade.B, _METHOD)

    def refused(self, why: str) -> Figure:
        """No cause, and why."""
        estimate = Estimate.refuse(f"{_NO_CAUSE}: {why} {_BY_LOT}", n=self._of.exposed.size)
        return self._told(estimate, Grade.C, "Not told.")

    def _told(self, estimate: Estimate, grade: Grade, method: str) -> Figure:
        why = left_out(STATISTICS, bought=f"were no customers before {self._start}, or had opted in by then")
        return self._asked.figure(
            estimate, self._total, counted=self._of.exposed.size, name=self._name, unit=self._what.currency, why=why,
            method=method, grade=grade, seed=_SEED,
        )  # fmt: skip

    @property
    def _start(self) -> str:
        return str(date_of(self._what.asked))

    def _remarks(self) -> tuple[str, ...]:
        """What to keep in mind of who is compared."""
        asked = f"{self._start} to {date_of(self._what.outcome - 1)}"
        looked_at = f"by what they paid from {date_of(self._what.outcome)} on"
        said = [f"Compared are customers who opted in from {asked} and those who had not by then, {looked_at}."]
        if self._of.already:
            said.append(f"{told_of(self._of.already, 'customers')} who had opted in before are left out.")
        if foreign := self._total.sums.number("foreign"):
            said.append(f"{told_of(foreign, 'orders')} in another currency than {self._what.currency} are left out.")
        return tuple(said)

    def checks(self) -> tuple[Table, ...]:
        """What was tried to show the correction wrong."""
        found = self._found
        if found is None or found.overlap is None:
            return ()
        rows: list[tuple[Any, ...]] = [
            ("customers who opted in", found.exposed, "", ""),
            ("others", found.n - found.exposed, "", ""),
            ("share with hardly any like on the other side", found.overlap.outside, "", ""),
            ("people that the weighted ones are worth, of the smaller side", found.effective_sample, "", ""),
            *((f"no effect can be on: {name}", *ends) for name, ends in found.controls.items()),
        ]
        if (about := found.sensitivity) is not None:
            strongest = f"share of the rest that '{about.strongest}' explains"
            rows += [
                ("robustness value: share of the rest that something unmeasured would have to explain",
                 about.robustness, "", ""),
                (f"{strongest}: of who opts in", about.of_exposure, "", ""),
                (f"{strongest}: of what they pay", about.of_outcome, "", ""),
            ]  # fmt: skip
        says = (
            "What was tried to show the correction wrong; what cannot have been changed should show 0 within its ends."
        )
        return (Table("checks", says, tuple(map(Column, ("check", "value", "low", "high"))), tuple(rows)),)


# ---- what is described -----------------------------------------------------------------------------------------------


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
        _opted_in, "money", apart_by="purpose",
    ),
)  # fmt: skip
