"""What customers are still worth beside what was true of them at the start of a window: eCLTV, an association.

Traits are consent, coming back to change it, and the programme; they are frozen before the first purchase that counts.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from math import exp, inf
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from goodwill.access import HadSaid, Total
from goodwill.basics.clock import date_of, start_of
from goodwill.basics.errors import CannotTell
from goodwill.basics.money import digits_of
from goodwill.learn.lifetime import amounttraits, covariates, gammagamma
from goodwill.learn.lifetime.amounttraits import GammaGammaTraits
from goodwill.learn.lifetime.covariates import NbdTraits, ParetoNbdTraits, Traits
from goodwill.learn.lifetime.intervals import profile, total_purchases, total_worth
from goodwill.learn.lifetime.worth import WEEKS_A_YEAR, discount_rate, worth_of
from goodwill.measure.answer import Answer, Column, Table
from goodwill.measure.buying import plainly, with_traits
from goodwill.measure.estimate import Estimate
from goodwill.measure.figure import SMALL, Figure, told_of
from goodwill.measure.given import Floats
from goodwill.measure.period import Period
from goodwill.measure.traits import HowOftenByTraits, traits_of
from goodwill.purposes import STATISTICS, Basis
from goodwill.shop.measures import leftout
from goodwill.shop.measures.measure import Asked, Measure, Options, days_of, left_out, total_of
from goodwill.shop.measures.value import AHEAD, DRAWS, each_of, remarks, table_of_parameters

if TYPE_CHECKING:
    from goodwill.shop.shop import Shop

Numbers = NDArray[np.int64]
Model: TypeAlias = ParetoNbdTraits | NbdTraits
Amounts: TypeAlias = GammaGammaTraits | gammagamma.GammaGamma

_DAYS: Final = 364  # of the window; there is one alone, or two would have to be held against each other
_SEED: Final = 85
_SHOWN: Final = 20  # customers in a line of a table; of fewer it is withheld
_METHOD: Final = (
    "with traits and Gamma–Gamma, discounted; interval by a bootstrap of customers, with what chance adds. "
    "Times are whole weeks, amounts steps of 2 %."
)
_FACTOR: Final = "with traits: e^coefficient; interval by profile likelihood."
_NOBODY_LEAVES: Final = "Whether customers leave cannot be told from these, so the model in which nobody does is used"
_NO_CAUSE: Final = (
    "This says what goes together. Who consents may have been loyal before she was asked: it does not say what asking, "
    "or consent, brings about."
)
_NOBODY: Final = "Everybody is alike in what is asked of traits, so nothing can go with them."
_NORMAL: Final = NormalDist().inv_cdf(0.975)
_SPENDING: Final = {GammaGammaTraits: "Gamma–Gamma with traits", gammagamma.GammaGamma: "Gamma–Gamma"}
_OF: Final = {"gamma_rate": "the rate of buying", "gamma_dropout": "the rate of leaving"}
_SPENT: Final = "what is spent on a purchase day"
_BY_ERROR: Final = "Gamma–Gamma with traits: e^coefficient; interval by its standard error."
_ALIKE_AMOUNTS: Final = "That amounts go with traits is not taken into account"


def _ecltv(shop: "Shop", period: Period, options: Options) -> Answer:
    since = period.end - _DAYS + 1
    arm, noted = _programme(shop, period, since)
    said = HadSaid(_asked_about(shop), (start_of(since, shop.settings.zone),))
    what = HowOftenByTraits(
        until=period.end, currency=shop.settings.currency, since=since, said=said, arm=arm
    )  # fmt: skip
    total = total_of(shop, what)
    kinds = _Kinds.of(total, what, drawn=not noted)
    told = _Telling(shop, Asked("ecltv", period, options), total, kinds)
    try:
        traits, lacking = kinds.telling()
        model, of_model = _fitted(kinds, traits)
    except CannotTell as why:
        return Answer(told.refused(plainly(why)))
    return told.answer(model, traits, (*of_model, *noted, *lacking))


def _fitted(kinds: "_Kinds", traits: Traits) -> tuple[Model, tuple[str, ...]]:
    """Pareto/NBD with traits; where customers hardly differ in how they leave, with a little taken for granted of that.

    Where leaving cannot be told at all, the model in which nobody leaves.

    Raises:
        CannotTell: none can.
    """
    try:
        return with_traits(kinds.seen, traits, kinds.many)
    except CannotTell as why:
        found = covariates.fit_nbd(*kinds.seen, traits, weights=kinds.many)
        return found, (f"{_NOBODY_LEAVES}: {plainly(why)}",)


def _called(model: Model) -> str:
    return "Pareto/NBD" if isinstance(model, ParetoNbdTraits) else "NBD"


def _asked_about(shop: "Shop") -> tuple[Any, ...]:
    """The purposes that customers are asked for a yes to."""
    return tuple(one.name for one in shop.register.asked() if one.basis is Basis.CONSENT and not one.reserved)


def _programme(shop: "Shop", period: Period, since: int) -> tuple[Callable[[Numbers], Numbers], tuple[str, ...]]:
    """Who was left out by chance from before the window to its end, or that nobody was."""
    try:
        out = leftout.left_out(shop, period.end)
    except CannotTell as why:
        return np.zeros_like, (f"'{_PROGRAMME}' is no trait: {why}",)
    if out.since > since:
        why_not = f"people are left out by chance since {date_of(out.since)}, and the window began before."
        return np.zeros_like, (f"'{_PROGRAMME}' is no trait: {why_not}",)
    return out.arm, ()


_CONSENT, _RETURNS, _PROGRAMME = "consent rate", "came back to her choices", "in the programme"
_ONE_MORE: Final = {
    _CONSENT: "from a yes to nothing to a yes to all that is asked about",
    _RETURNS: "for each further day on which she said something (two or more count as two)",
    _PROGRAMME: "for who was not held out",
}


@dataclass(frozen=True, eq=False)
class _Kinds:
    """Kinds of customers beside their traits.

    Attributes:
        seen: repeat days, time of the last, age, in weeks; mean: of amounts; many: how many customers are so.
        spent: on all repeat days. since: first day of the window.
    """

    seen: tuple[Floats, Floats, Floats]
    mean: Floats
    many: Numbers
    spent: float
    traits: Mapping[str, Floats]
    since: date

    @classmethod
    def of(cls, total: Total, what: HowOftenByTraits, *, drawn: bool) -> "_Kinds":
        """What people contributed; ``drawn``: whether some were left out by chance."""
        found = traits_of(total.sums, what)
        of = found.customers
        traits = {_CONSENT: found.consent, _RETURNS: found.returns}
        traits |= {_PROGRAMME: found.programme} if drawn else {}
        return cls((of.x, of.t_x, of.T), of.mean, of.many, of.spent, traits, date_of(what.since))

    def telling(self) -> tuple[dict[str, Floats], tuple[str, ...]]:
        """The traits in which customers differ, and of the others that they do not.

        Raises:
            CannotTell: in none.
        """
        if not self.many.size:
            raise CannotTell(f"Nobody who bought since {self.since} was known before, so nothing was true of her then.")
        alike = {name: said for name, values in self.traits.items() if (said := self._alike(values))}
        lacking = tuple(f"'{name}' is no trait: {said}." for name, said in alike.items())
        if len(alike) == len(self.traits):
            raise CannotTell(" ".join((_NOBODY, *lacking)))
        return {name: values for name, values in self.traits.items() if name not in alike}, lacking

    def of_returned(self, traits: Mapping[str, Floats]) -> dict[str, Floats]:
        """The traits in which those who came back differ."""
        came = self.seen[0] > 0
        return {name: values for name, values in traits.items() if not self._alike(values[came], self.many[came])}

    def _alike(self, values: Floats, many: Numbers | None = None) -> str:
        """Why a trait tells nothing; "" where it does. A coefficient of few would be about these.

        Args:
            many: how many customers have each value; without, all of these kinds.
        """
        _, at = np.unique(values, return_inverse=True)
        counts = np.bincount(at.reshape(-1), weights=self.many if many is None else many)
        if counts.size < 2:
            return "it is the same for everybody"
        if counts.sum() - counts.max() < SMALL:
            return f"fewer than {SMALL} customers differ from all others in it"
        return ""


class _Telling:
    """How the figures of one question are told."""

    def __init__(self, shop: "Shop", asked: Asked, total: Total, kinds: _Kinds) -> None:
        self._asked, self._total, self._kinds = asked, total, kinds
        self._currency = shop.settings.currency
        self._one = 10 ** digits_of(self._currency)
        self._customers = int(kinds.many.sum())
        self._margin: float = asked.options["margin"]
        self._ahead: dict[str, float] = {
            "discount": discount_rate(asked.options["discount"] / 100, WEEKS_A_YEAR),
            "horizon": days_of(asked.options["horizon"]) / 7,
        }
        self._since = kinds.since
        self._name = (
            f"{'margin' if self._margin else 'revenue'} still to come from a customer in {asked.options['horizon']}, "
            "as it goes with her traits (an association)"
        )

    def refused(self, why: str) -> Figure:
        """The headline where there is none."""
        return self._figure(Estimate.refuse(why, n=self._customers), self._name, self._currency, "No model was fitted.")

    def answer(self, model: Model, traits: Mapping[str, Floats], noted: tuple[str, ...]) -> Answer:
        """What the fitted model says of the time to come, and what goes with each trait."""
        factors, method = tuple(self._factors(model, traits)), f"{_called(model)} {_METHOD}"
        coefficients = _table(tuple(_lines(model, factors)))
        draws = {**self._ahead, "weights": self._kinds.many, "seed": _SEED, "draws": self._asked.options["draws"]}
        of_model = (one for one in model.warnings if one != covariates.ASSOCIATION)  # said already
        said = (_NO_CAUSE, *noted, *of_model, *self._remarks())
        try:
            amounts, of_amounts = _amounts(self._kinds, traits)
            worth = total_worth(
                model, amounts, *self._kinds.seen, self._kinds.mean, traits, margin=self._margin / 100 or 1.0, **draws
            )
        except CannotTell as why:
            found = total_purchases(model, *self._kinds.seen, traits, **{**draws, "discount": 0.0})
            purchases = self._figure(
                each_of(found, self._customers), f"purchase days still to come in {self._asked.options['horizon']}",
                "purchase days", method, seed=_SEED,
            )  # fmt: skip
            return Answer(self.refused(plainly(why)), (purchases, *factors), (coefficients,))
        value = each_of(worth, self._customers * self._one)
        spending = (one for one in amounts.warnings if one != covariates.ASSOCIATION)
        headline = self._figure(
            replace(value, warnings=(*said, *of_amounts, *spending, *worth.warnings)), self._name, self._currency,
            method, seed=_SEED,
        )  # fmt: skip
        spent = tuple(self._spent(amounts))
        coefficients = _table((*_lines(model, factors), *_lines(amounts, spent)))
        tables = (coefficients, self._by_consent(model, amounts, traits), _parameters(model, amounts))
        return Answer(headline, (*factors, *spent), tables)

    def _factors(self, model: Model, traits: Mapping[str, Floats]) -> Iterator[Figure]:
        """By how much the rates of buying and of leaving are larger, for one more of each trait."""
        for name, coefficient in _each_coefficient(model):
            process, _, trait = name.partition(".")
            ends = profile(model, name, *self._kinds.seen, traits, weights=self._kinds.many)
            low, high = (exp(end) if abs(end) < inf else max(end, 0.0) for end in (ends.low, ends.high))
            found = Estimate(value=exp(coefficient), low=low, high=high, warnings=ends.warnings)
            yield self._figure(
                found, f"times {_OF[process]} that goes with '{trait}' (an association)", "times",
                f"{_called(model)} {_FACTOR}",
            )  # fmt: skip

    def _spent(self, amounts: Amounts) -> Iterator[Figure]:
        """By how much a purchase day comes to more, for one more of each trait."""
        for name, coefficient in _each_coefficient(amounts):
            reach = _NORMAL * amounts.standard_errors[name]
            found = Estimate(value=exp(coefficient), low=exp(coefficient - reach), high=exp(coefficient + reach))
            trait = name.partition(".")[2]
            yield self._figure(
                found, f"times {_SPENT} that goes with '{trait}' (an association)", "times", _BY_ERROR
            )  # fmt: skip

    def _by_consent(self, model: Model, amounts: Amounts, traits: Mapping[str, Floats]) -> Table:
        """What the model expects of customers with no, some and every yes at the start."""
        future = model.future(
            *self._kinds.seen, traits, discount=self._ahead["discount"], horizon=self._ahead["horizon"]
        )
        spent = _worth_each(amounts, self._kinds, traits)
        worth = worth_of(future, spent, margin=self._margin / 100 or 1.0)
        rate, many = self._kinds.traits[_CONSENT], self._kinds.many
        parts = (("none", rate == 0), ("some", (rate > 0) & (rate < 1)), ("all", rate == 1))
        people = {said: int(many[these].sum()) for said, these in parts}
        # Of one line the others and the total would tell the rest.
        few = any(0 < some < _SHOWN for some in people.values())
        rows = [
            (said, people[said], float(many[these] @ worth.each[these]) / people[said] / self._one)
            for said, these in parts if people[said] and not few
        ]  # fmt: skip
        says = f"What a customer still brings on average, by what she had said yes to before {self._since}; withheld "
        says += f"where one line is of fewer than {_SHOWN}. They differ in much besides consent."
        columns = (Column("yes to"), Column("customers"), Column("still to come", self._currency))
        return Table("by consent", says, columns, tuple(rows))

    def _remarks(self) -> Iterator[str]:
        """What to keep in mind of the sums."""
        yield f"Traits are as they stood before {self._since}; purchases are those since."
        if new := self._total.sums.number("new"):
            yield f"{told_of(new, 'customers')} who were not known before {self._since} are left out."
        yield from remarks(self._total.sums, self._kinds.spent, self._margin, self._currency)

    def _figure(self, estimate: Estimate, name: str, unit: str, method: str, seed: int | None = None) -> Figure:
        why = left_out(STATISTICS, bought=f"bought nothing since {self._since} or were not known before")
        return self._asked.figure(
            replace(estimate, n=self._customers), self._total, counted=self._customers, name=name, unit=unit,
            method=method, why=why, seed=seed,
        )  # fmt: skip


def _amounts(kinds: _Kinds, traits: Mapping[str, Floats]) -> tuple[Amounts, tuple[str, ...]]:
    """Gamma–Gamma with those traits in which who came back differs; without any where these tell nothing.

    Raises:
        CannotTell: not even without.
    """
    said = "those who came back hardly differ in any."
    if differing := kinds.of_returned(traits):
        try:
            return amounttraits.fit(kinds.seen[0], kinds.mean, differing, kinds.many), ()
        except CannotTell as why:
            said = plainly(why)
    return gammagamma.fit(kinds.seen[0], kinds.mean, kinds.many), (f"{_ALIKE_AMOUNTS}: {said}",)


def _worth_each(amounts: Amounts, kinds: _Kinds, traits: Mapping[str, Floats]) -> gammagamma.Amounts:
    """What purchases of each kind of customer are worth."""
    given = (kinds.seen[0], kinds.mean)
    return amounts.amounts(*given, traits) if isinstance(amounts, GammaGammaTraits) else amounts.amounts(*given)


def _each_coefficient(model: Model | Amounts) -> Iterator[tuple[str, float]]:
    """Of what is fitted, the coefficients by their names, such as "gamma_rate.consent rate"."""
    if model.fitted is None:  # only where parameters come from elsewhere
        return
    for name, value in zip(model.names, model.fitted.theta.tolist(), strict=True):
        if "." in name:
            yield name, value


def _lines(model: Model | Amounts, factors: tuple[Figure, ...]) -> Iterator[tuple[Any, ...]]:
    """A line of the table for each coefficient."""
    for (name, coefficient), factor in zip(_each_coefficient(model), factors, strict=True):
        process, _, trait = name.partition(".")
        error = model.standard_errors[name]
        of = _OF.get(process, _SPENT)
        yield trait, of, coefficient, error, factor.value, factor.low, factor.high, _ONE_MORE[trait]


def _table(rows: tuple[tuple[Any, ...], ...]) -> Table:
    says = "What goes with each trait: e^coefficient times as much. An association, no cause."
    columns = ("trait", "of", "coefficient", "standard error", "times", "low", "high", "for")
    return Table("traits", says, tuple(map(Column, columns)), rows)


def _parameters(model: Model, amounts: Amounts) -> Table:
    """The parameters of both models; coefficients stand in a table of their own."""
    rows = (*_own(model, f"{_called(model)} with traits"), *_own(amounts, _SPENDING[type(amounts)]))
    return table_of_parameters(rows)


def _own(model: Model | Amounts, called: str) -> Iterator[tuple[Any, ...]]:
    for one in model.names:
        if "." not in one:
            yield called, one, getattr(model, one), model.standard_errors[one]


MEASURES = (
    Measure(
        "ecltv",
        "what customers are still worth beside their consent, preferences and programme: an association, no cause",
        STATISTICS,
        (*AHEAD, DRAWS),
        _ecltv,
        unit="money",
    ),
)
