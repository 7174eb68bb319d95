"""What customers are still worth: by models of how often they buy, when they leave, and what they spend."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from goodwill.access import Total
from goodwill.basics.clock import Day, date_of
from goodwill.basics.errors import CannotTell
from goodwill.basics.money import digits_of
from goodwill.learn.lifetime import bgnbd, gammagamma, nbd, pareto
from goodwill.learn.lifetime.intervals import Interval, total_purchases, total_worth
from goodwill.learn.lifetime.worth import WEEKS_A_YEAR, discount_rate
from goodwill.measure.answer import Answer, Column, Table
from goodwill.measure.buying import Customers, HowOften, customers_of, plainly
from goodwill.measure.estimate import Estimate
from goodwill.measure.figure import SMALL, Figure, told_of
from goodwill.measure.period import Period
from goodwill.purposes import MEASUREMENT
from goodwill.shop.measures.measure import (
    Asked,
    Measure,
    Option,
    Options,
    days_of,
    is_of_few,
    left_out,
    length,
    margin_of,
    one_of,
    percent,
    total_of,
    whole,
)
from goodwill.sums import Sums

if TYPE_CHECKING:
    from goodwill.shop.shop import Shop

Model: TypeAlias = pareto.ParetoNbd | bgnbd.BgNbd
Worth: TypeAlias = Model | nbd.Nbd

MODELS: Final = {"pareto-nbd": "Pareto/NBD", "bg-nbd": "BG/NBD"}
_SEED: Final = 84
_CELLS: Final = "Times are whole weeks, amounts steps of 2 %."


def _clv(shop: "Shop", period: Period, options: Options) -> Answer:
    what = HowOften(until=period.end, currency=shop.settings.currency)
    total = total_of(shop, what)
    kinds = customers_of(total.sums, what)
    told = _Telling(shop, Asked("clv", period, options), total, kinds)
    try:
        name, model, noted = bought_as(kinds, options["model"])
    except CannotTell as why:
        return Answer(told.refused(plainly(why)))
    return told.answer(name, model, noted, _tried(shop, what, kinds, model, options["draws"]))


def bought_as(kinds: Customers, wanted: str) -> tuple[str, Worth, tuple[str, ...]]:
    """As `fitted`; where leaving cannot be told, the model in which nobody leaves."""
    try:
        if wanted != "nbd":
            return fitted(kinds, wanted)
    except CannotTell as why:
        if wanted != "auto":
            raise
        noted = "Whether customers leave cannot be told from these, so the model in which nobody does is used: "
        noted += plainly(why)
    else:
        noted = ""
    return "NBD", nbd.fit(kinds.x, kinds.t_x, kinds.T, kinds.many), (noted,) if noted else ()


def fitted(kinds: Customers, wanted: str) -> tuple[str, Model, tuple[str, ...]]:
    """The model that was asked for; BG/NBD where Pareto/NBD cannot tell, unless that was asked for by name."""
    if wanted == "bg-nbd":
        return MODELS[wanted], bgnbd.fit(kinds.x, kinds.t_x, kinds.T, kinds.many), ()
    try:
        return MODELS["pareto-nbd"], pareto.fit(kinds.x, kinds.t_x, kinds.T, kinds.many), ()
    except CannotTell as why:
        if wanted != "auto":
            raise
        name, model, _ = fitted(kinds, "bg-nbd")
        return name, model, (f"Pareto/NBD cannot tell: {plainly(why)}",)


# ---- tried on the past -----------------------------------------------------------------------------------------------

_LEAST_WEEKS: Final = 4  # of what came, to hold a forecast against


@dataclass(frozen=True, slots=True)
class Tried:
    """What the same model would have foretold of the last quarter of the time, and what came in it.

    Attributes:
        weeks: of that quarter. customers: who came before it, and of whom it is.
        foretold: their purchase days in it, by a model that knew nothing of it; None where ``why`` says why.
        came: how many there were.
    """

    weeks: int
    customers: int = 0
    foretold: Interval | None = None
    came: int = 0
    why: str = ""

    @property
    def is_off(self) -> bool:
        return self.foretold is not None and not self.foretold.low <= self.came <= self.foretold.high

    @property
    def warnings(self) -> tuple[str, ...]:
        """What to think of a figure by this model."""
        if self.foretold is None:
            return (f"Whether it foretells well could not be tried on the past: {self.why}",)
        if not self.is_off:
            return ()
        wrong = "high" if self.foretold.value > self.came else "low"
        said = (
            f"Tried on the past, it was off: of the last {self.weeks} weeks it would have foretold "
            f"{self.foretold.value:,.0f} purchase days ({self.foretold.low:,.0f} to {self.foretold.high:,.0f}), and "
            f"{self.came:,} came. So this figure is likely too {wrong}, by more than its interval says."
        )
        return (said,)


def last_quarter(kinds: Customers) -> int:
    """Whole weeks of the last quarter of the time in which somebody was a customer."""
    return int(kinds.T.max()) // 4 if kinds.T.size else 0


def tried(kinds: Customers, before: Customers, weeks: int, model: Worth, draws: int) -> Tried:
    """Fit the same kind of model to an earlier time, and hold what it foretells against what came.

    Args:
        kinds: customers as they are known now. before: as they were ``weeks`` earlier. model: fitted to ``kinds``.
    """
    were, are = int(before.many.sum()), int(kinds.many.sum())
    if weeks < _LEAST_WEEKS:
        return Tried(weeks, why=f"{4 * _LEAST_WEEKS} weeks of purchases are needed, the last quarter to try it on.")
    if is_of_few([were, are - were]) or not were:
        return Tried(weeks, why=f"fewer than {SMALL} customers came before the last {weeks} weeks, or in them.")
    there = weeks < kinds.T
    lately = there & (kinds.x > 0) & (kinds.T - kinds.t_x < weeks)
    if is_of_few(kinds.many[lately].sum()):
        return Tried(weeks, why=f"fewer than {SMALL} of them bought in the last {weeks} weeks.")
    came = kinds.x[there] @ kinds.many[there] - before.x @ before.many
    try:
        again = _FITS[type(model)](before.x, before.t_x, before.T, before.many)
        each = before.each()
        foretold = total_purchases(again, each.x, each.t_x, each.T, seed=_SEED, horizon=float(weeks), draws=draws)
    except CannotTell as why:
        return Tried(weeks, why=plainly(why))
    return Tried(weeks, were, foretold, int(came))


def _tried(shop: "Shop", what: HowOften, kinds: Customers, model: Worth, draws: int) -> Tried:
    """As `tried`, with what the shop knew at the end of the third quarter."""
    weeks = last_quarter(kinds)
    earlier = replace(what, until=what.until - 7 * weeks)
    return tried(kinds, customers_of(total_of(shop, earlier).sums, earlier), weeks, model, draws)


_FITS: Final[Mapping[type, Callable[..., Worth]]] = {
    pareto.ParetoNbd: pareto.fit, bgnbd.BgNbd: bgnbd.fit, nbd.Nbd: nbd.fit
}  # fmt: skip


def _past(tried: Tried, until: Day) -> tuple[Table, ...]:
    """What was foretold beside what came; nothing where it could not be tried.

    Args:
        until: the last day of the time that is looked back on.
    """
    if tried.foretold is None:
        return ()
    found = tried.foretold
    cut = date_of(until - 7 * tried.weeks)
    says = (
        f"The same model, fitted to what was known on {cut}, foretells the {tried.weeks} weeks after that; beside it "
        "what then came of those who were customers already."
    )
    days = "purchase days"
    columns = (Column("fitted up to"), Column("customers"), Column("foretold", days), Column("low", days),
               Column("high", days), Column("came", days))  # fmt: skip
    row = (str(cut), tried.customers, found.value, found.low, found.high, tried.came)
    return (Table("backtest", says, columns, (row,)),)


# ---- telling ---------------------------------------------------------------------------------------------------------

FOR_EVER: Final = "The BG/NBD takes who never came back for a customer for ever."
_TOO_MUCH: Final = f"{FOR_EVER} So this is rather too much, by more than the interval says."


class _Telling:
    """How the figures of one question about value are told."""

    def __init__(self, shop: "Shop", asked: Asked, total: Total, kinds: Customers) -> None:
        self.kinds = kinds
        self._asked, self._total = asked, total
        self._currency = shop.settings.currency
        self._one = 10 ** digits_of(self._currency)
        self._customers = int(kinds.many.sum())
        self._horizon: str = asked.options["horizon"]
        self._margin: float = asked.options["margin"]
        self._weeks = days_of(self._horizon) / 7
        self._discount = discount_rate(asked.options["discount"] / 100, WEEKS_A_YEAR)
        self._remarks = remarks(total.sums, kinds.spent, self._margin, self._currency)

    @property
    def _what(self) -> str:
        return "margin" if self._margin else "revenue"

    @property
    def _name(self) -> str:
        return f"{self._what} still to come from a customer in {self._horizon}"

    def refused(self, why: str) -> Figure:
        """The headline where there is none."""
        return self._figure(Estimate.refuse(why, n=self._customers), self._name, self._currency, "No model was fitted.")

    def answer(self, name: str, model: Worth, noted: tuple[str, ...], past: Tried) -> Answer:
        """What the fitted model says of the time to come, and how it did in the past."""
        backtest = _past(past, self._asked.period.end)
        each = self.kinds.each()
        try:
            amounts = gammagamma.fit(each.x, each.mean)
            worth = total_worth(
                model, amounts, each.x, each.t_x, each.T, each.mean, seed=_SEED, discount=self._discount,
                horizon=self._weeks, margin=self._margin / 100 or 1.0, draws=self._asked.options["draws"],
            )  # fmt: skip
        except CannotTell as why:
            purchases = self._purchases(name, model, each)
            return Answer(self.refused(plainly(why)), (purchases,), (parameters(name, model, None), *backtest))
        of_model = (_TOO_MUCH,) if isinstance(model, bgnbd.BgNbd) else ()
        warnings = (*past.warnings, *noted, *of_model, *model.warnings, *amounts.warnings, *self._remarks)
        method = f"{name} and Gamma–Gamma, discounted; interval by a bootstrap of customers, with what chance adds."
        method = f"{method} {_CELLS}"
        value = replace(each_of(worth, self._customers * self._one), warnings=(*warnings, *worth.warnings))
        together = replace(each_of(worth, self._one), n=self._customers)
        return Answer(
            self._figure(value, self._name, self._currency, method, seed=_SEED),
            (self._figure(together, f"{self._what} still to come from all of them in {self._horizon}", self._currency,
                          method, seed=_SEED),),
            (parameters(name, model, amounts), *backtest),
        )  # fmt: skip

    def _purchases(self, name: str, model: Worth, each: Customers) -> Figure:
        """How often they will buy: what is known where amounts tell nothing."""
        found = total_purchases(
            model, each.x, each.t_x, each.T, seed=_SEED, horizon=self._weeks, draws=self._asked.options["draws"]
        )
        return self._figure(
            each_of(found, self._customers), f"purchase days still to come from a customer in {self._horizon}",
            "purchase days", f"{name}; interval by a bootstrap of customers, with what chance adds. {_CELLS}",
            seed=_SEED,
        )  # fmt: skip

    def _figure(self, estimate: Estimate, name: str, unit: str, method: str, seed: int | None = None) -> Figure:
        estimate = replace(estimate, n=self._customers)
        why = left_out(MEASUREMENT)
        return self._asked.figure(
            estimate, self._total, counted=self._customers, name=name, unit=unit, method=method, why=why, seed=seed
        )


_ROUNDED: Final = 0.002  # a sum of amounts in steps that is so far from the exact one is told


def remarks(sums: Sums, spent: float, margin: float, currency: str) -> tuple[str, ...]:
    """What to keep in mind of the sums of `HowOften`; ``spent``: on all repeat days, as their cells have it."""
    said = []
    if not margin:
        said.append("No margin is known, so this is revenue and not what stays: give --margin, or set margin.")
    if foreign := sums.number("foreign"):
        said.append(f"{told_of(foreign, 'orders')} in another currency than {currency} are left out.")
    if free := sums.number("free"):
        said.append(f"{told_of(free, 'orders')} that came to nothing are left out.")
    if more := sums.number("more"):
        said.append(f"{told_of(more, 'customers')} bought on more than 255 days and count as 255.")
    exact = sums.number("spent")
    if exact and abs(spent / exact - 1) > _ROUNDED:
        off = 100 * (spent / exact - 1)
        said.append(f"Amounts in steps of 2 % make {off:+.2f} % of the exact sum of repeat purchases.")
    return tuple(said)


def each_of(total: Interval, of: int) -> Estimate:
    """A total's share, of so many."""
    return Estimate(
        value=total.value / of, low=total.low / of, high=total.high / of, level=total.level, n=of,
        warnings=total.warnings,
    )  # fmt: skip


def parameters(name: str, model: Worth | gammagamma.GammaGamma, amounts: gammagamma.GammaGamma | None) -> Table:
    rows: list[tuple[Any, ...]] = []
    for called, fitted in ((name, model), ("Gamma–Gamma", amounts)):
        if fitted is not None:
            errors = fitted.standard_errors
            rows += [(called, one, getattr(fitted, one), errors.get(one)) for one in fitted.names]
    return table_of_parameters(tuple(rows))


def table_of_parameters(rows: tuple[tuple[Any, ...], ...]) -> Table:
    """Of rows of (model, parameter, value, standard error)."""
    says = "The numbers that each model was fitted with, times in weeks and amounts in minor units, and their errors."
    return Table("parameters", says, tuple(map(Column, ("model", "parameter", "value", "standard error"))), rows)


AHEAD: Final = (
    Option("horizon", "how far to look ahead", "12 months", length("horizon", 3_653)),
    Option("margin", "percent of an amount that stays; 0: not known, revenue is told", margin_of, percent("margin")),
    Option("discount", "percent a year by which what comes later is worth less", 10.0, percent("discount")),
)
DRAWS: Final = Option("draws", "how often customers are drawn anew for the interval", 200, whole("draws", 50, 2_000))

MEASURES = (
    Measure(
        "clv",
        "what customers are still worth: customer lifetime value to come",
        MEASUREMENT,
        (
            *AHEAD,
            Option("model", "of buying: pareto-nbd, bg-nbd, nbd (nobody leaves), or auto (the first that can tell)",
                   "auto", one_of("model", "auto", *MODELS, "nbd")),
            DRAWS,
        ),
        _clv,
        unit="money",
    ),
)  # fmt: skip
