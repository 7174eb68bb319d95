"""Measures of selling: what came in, what an order comes to, how often people come, who comes back and who is lost."""

from dataclasses import replace
from math import ceil, floor
from typing import TYPE_CHECKING, Final

import numpy as np

from goodwill.access import Total
from goodwill.basics.clock import date_of
from goodwill.basics.errors import CannotTell
from goodwill.measure.answer import Answer, Column, Table
from goodwill.measure.apart import earlier
from goodwill.measure.buying import Customers, HowOften, customers_of, plainly
from goodwill.measure.estimate import LEVEL, Estimate, reach_of
from goodwill.measure.experiments.moments import Moments, of_group
from goodwill.measure.figure import SMALL, told_of
from goodwill.measure.given import Floats
from goodwill.measure.period import Period
from goodwill.measure.rates import rate_of
from goodwill.measure.share import proportion
from goodwill.measure.spending import Came, Paid, Silence, Stayed, compound, per_order
from goodwill.measure.staying import rmst_of, silent_of, survival_of
from goodwill.purposes import MEASUREMENT, STATISTICS
from goodwill.shop.measures.measure import (
    DAYS_SAID,
    LENGTHS,
    WEEKS,
    WEEKS_SAID,
    Asked,
    Measure,
    Option,
    Options,
    in_money,
    is_of_few,
    left_out,
    one_of,
    step,
    total_of,
    withhold_few,
)
from goodwill.shop.measures.value import FOR_EVER, MODELS, Model, fitted

if TYPE_CHECKING:
    from goodwill.shop.shop import Shop

_WEEKS: Final = 13  # that are usually looked at
_RULES: Final = (30, 60, 90, 180, 365)
_DRAWS: Final = 400
_SEED: Final = 84


# ---- money -----------------------------------------------------------------------------------------------------------


def _paid(shop: "Shop", period: Period, options: Options) -> tuple[Total, Moments, int]:
    """What was paid in the days that were asked for, or in the period; and from which day on."""
    days = options["days"] or period.days
    since, others = period.end - days + 1, earlier(days, period.days, LENGTHS)
    total = total_of(shop, Paid(until=period.end, currency=shop.settings.currency, since=since, others=others))
    withhold_few(total.sums, instead="that of the period")
    return total, of_group(total.sums, 0), since


def _noted(total: Total, currency: str) -> tuple[str, ...]:
    foreign = total.sums.number("foreign")
    return (f"{told_of(foreign, 'orders')} in another currency than {currency} are left out.",) if foreign else ()


def _revenue(shop: "Shop", period: Period, options: Options) -> Answer:
    total, paid, since = _paid(shop, period, options)
    currency, asked = shop.settings.currency, Asked("revenue", period, options)
    why = left_out(STATISTICS, bought=f"bought nothing from {date_of(since)} to {date_of(period.end)}")
    counted = replace(in_money(compound(paid), currency), warnings=_noted(total, currency))
    return Answer(
        asked.figure(
            counted, total, counted=paid.people, name=f"revenue from {date_of(since)} to {date_of(period.end)}",
            unit=currency, why=why,
            method="Counted: all orders less what was given back. The interval says how far chance moves such a sum "
            "where as many people come and pay as these do (compound Poisson).",
        ),
        (
            asked.figure(
                in_money(_mean(paid), currency), total, counted=paid.people, name="revenue of a customer who bought",
                unit=currency, method="Mean of a customer who bought in that time; Student's t.", why=why,
            ),
        ),
    )  # fmt: skip


def _mean(paid: Moments) -> Estimate:
    """What a customer paid on average."""
    once = Moments(paid.people, paid.bought, (paid.sums[0], paid.people), (paid.products[0], paid.sums[0], paid.people))
    return per_order(once)


def _order_value(shop: "Shop", period: Period, options: Options) -> Answer:
    total, paid, since = _paid(shop, period, options)
    currency, asked = shop.settings.currency, Asked("order-value", period, options)
    found = replace(in_money(per_order(paid), currency), warnings=_noted(total, currency))
    return Answer(
        asked.figure(
            found, total, counted=paid.people, name=f"order value from {date_of(since)} to {date_of(period.end)}",
            unit=currency, why=left_out(STATISTICS, bought="bought nothing in that time"),
            method=f"All amounts by all {paid.sums[1]:,} orders, less what was given back; the interval takes each "
            "customer's orders together (linearised ratio, Student's t).",
        )
    )  # fmt: skip


# ---- coming, staying, leaving ----------------------------------------------------------------------------------------


def _visit_frequency(shop: "Shop", period: Period, options: Options) -> Answer:
    weeks, others = options["weeks"], earlier(options["weeks"], _WEEKS, WEEKS)
    total = total_of(shop, Came(until=period.end, currency=shop.settings.currency, weeks=weeks, others=others))
    withhold_few(total.sums, instead=f"{_WEEKS} weeks")
    found = rate_of(total.sums)
    asked = Asked("visit-frequency", period, options)
    return Answer(
        asked.figure(
            found, total, counted=found.n, name="visits in an active week", unit="visits",
            method=f"Days with a purchase after the first one, in the last {weeks} weeks, by the whole weeks of "
            "them in which each was a customer already; interval of a negative binomial distribution (people differ).",
            why=left_out(STATISTICS, bought="first bought less than a week before the end"),
        )
    )  # fmt: skip


def _retention(shop: "Shop", period: Period, options: Options) -> Answer:
    days = options["window"]
    total = total_of(shop, Stayed(until=period.end, currency=shop.settings.currency, days=days))
    curve, back = survival_of(total.sums), int(total.sums.array("left").sum())
    asked = Asked("retention", period, options)
    first, last = date_of(period.end - 2 * days + 1), date_of(period.end - days)
    why = left_out(STATISTICS, bought=f"did not buy from {first} to {last}")
    share, mean = proportion(back, curve.n, nobody=f"Nobody bought from {first} to {last}."), rmst_of(curve, days)
    if is_of_few(back):  # the mean times the customers tells on which days so few came back
        few = f"Fewer than {SMALL} of them bought again, and no figure is about what so few did. Take a longer window."
        share, mean = type(share).refuse(few), type(mean).refuse(few)
    headline = asked.figure(
        share, total, counted=curve.n, name=f"bought again within {days} days", unit="share", why=why,
        method=f"Of customers who bought from {first} to {last}, those who bought again in the {days} days after that; "
        "all could be watched for all of them. Wilson interval.",
    )  # fmt: skip
    waited = asked.figure(
        mean, total, counted=curve.n, name=f"days until they bought again, at most {days}", unit="days",
        method=f"Area under the Kaplan–Meier curve up to {days} days (restricted mean); who did not come back counts "
        f"with {days}.",
        why=why,
    )  # fmt: skip
    return Answer(headline, (waited,))


def _churn(shop: "Shop", period: Period, options: Options) -> Answer:
    currency, asked = shop.settings.currency, Asked("churn", period, options)
    what = HowOften(until=period.end, currency=currency)
    total = total_of(shop, what)
    silence = total_of(shop, Silence(until=period.end, currency=currency, rules=_RULES, purpose=MEASUREMENT))
    kinds = customers_of(total.sums, what)
    customers = int(kinds.many.sum())
    try:
        name, model, noted = fitted(kinds, options["model"])
        estimate = lost(kinds, model)
        if noted:  # it had to be the BG/NBD, which nobody asked for
            why = f"{noted[0]} {FOR_EVER} So what it says of leaving is not told; see the rules of silence."
            estimate = Estimate.refuse(why, n=customers)
        estimate = replace(estimate, warnings=model.warnings)
        method = (
            f"One less the mean of P(alive) by {name}; interval by drawing its numbers from how sure they are, and "
            "chance for each customer, as wide in logits on either side."
        )
    except CannotTell as why:
        estimate, method = Estimate.refuse(plainly(why), n=customers), "No model was fitted."
    headline = asked.figure(
        estimate, total, counted=customers, name="customers who have left for good", unit="share", method=method,
        why=left_out(MEASUREMENT), seed=_SEED,
    )  # fmt: skip
    return Answer(headline, tables=(_silence(silence),))


def lost(kinds: Customers, model: Model) -> Estimate:
    """The share that has left, by how likely each is still there."""
    many = int(kinds.many.sum())
    dice = np.random.default_rng(_SEED)
    drawn = [model, *_redrawn(model, dice)]
    alive = np.array([one.p_alive(kinds.x, kinds.t_x, kinds.T) for one in drawn])
    gone, spread = 1 - alive @ kinds.many / many, (alive * (1 - alive)) @ kinds.many
    happens = gone + dice.standard_normal(gone.size) * np.sqrt(spread) / many
    low, high = _about(float(gone[0]), happens[1:], many)
    return Estimate(value=float(gone[0]), low=low, high=high, n=many)


def _about(share: float, happens: Floats, many: int) -> tuple[float, float]:
    """A range about a share, as wide in logits as that of what may happen, in whole customers.

    What is drawn leans to one side, for the share bends where the parameters do not; the share that was estimated does
    not lean. Ends taken from the draws themselves missed three times as often above as below.
    """
    from scipy.special import expit, logit

    least = 0.5 / many  # half a customer: none and all have no logit
    ends = np.quantile(happens, [0.5 - LEVEL / 2, 0.5 + LEVEL / 2], method="weibull")  # as `intervals` has it
    below, above = logit(np.clip(ends, least, 1 - least))
    low, high = expit(logit(np.clip(share, least, 1 - least)) + np.array([-0.5, 0.5]) * (above - below))
    return floor(low * many) / many, ceil(high * many) / many


def _redrawn(model: Model, dice: np.random.Generator) -> list[Model]:
    """The same model with numbers that fit the data as well; no further than where the likelihood is known to bend."""
    theta, covariance = model.theta, model.covariance
    reach = 2 * reach_of(LEVEL) * np.sqrt(np.diag(covariance))
    drawn = np.clip(dice.multivariate_normal(theta, covariance, _DRAWS), theta - reach, theta + reach)
    return [type(model)(None, *np.exp(one).tolist()) for one in drawn]


def _silence(total: Total) -> Table:
    found = silent_of(total.sums, _RULES)
    told = zip(found.days, found.shares, strict=True) if found.n >= SMALL else ()
    rows = tuple((days, one.value, one.low, one.high) for days, one in told)
    says = "Customers leave a shop without a word: how many would count as lost by several rules of silence."
    columns = (Column("silent for more than", "days"), Column("share", "share"), Column("low", "share"),
               Column("high", "share"))  # fmt: skip
    return Table("silence", says, columns, rows)


_DAYS = Option("days", f"of so many days up to the end of the period, {DAYS_SAID}; 0: of the period", 0,
               step("days", 0, *LENGTHS))  # fmt: skip
MEASURES = (
    Measure("revenue", "what came in, and how far such a sum moves by chance", STATISTICS, (_DAYS,), _revenue, "money"),
    Measure("order-value", "what an order comes to on average", STATISTICS, (_DAYS,), _order_value, "money"),
    Measure("visit-frequency", "how often customers come in a week", STATISTICS,
            (Option("weeks", f"the last weeks that are looked at, {WEEKS_SAID}", _WEEKS, step("weeks", *WEEKS)),),
            _visit_frequency, "visits"),
    Measure("retention", "which share of those who bought in a time bought again in the next", STATISTICS,
            (Option("window", f"days of each of the two times, {DAYS_SAID}", 91, step("window", *LENGTHS)),),
            _retention),
    Measure("churn", "which share of customers has left for good, by a model and by rules of silence", MEASUREMENT,
            (Option("model", "pareto-nbd, bg-nbd, or auto (the first that can tell)", "auto",
                    one_of("model", "auto", *MODELS)),), _churn),
)  # fmt: skip
