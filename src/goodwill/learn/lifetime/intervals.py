"""How sure a figure about customers is: by the profile of the likelihood, or by drawing the customers anew.

A bootstrap of customers says how much the parameters might differ. What then happens differs once more, by chance, even
if they were known: a total of purchases or of money needs both, or its interval is too narrow. The chance is drawn from
a Gamma distribution with the mean and the variance that the total has, which is never below 0.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import exp, inf, sqrt
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from goodwill.basics.errors import BadInput, CannotTell
from goodwill.learn.lifetime.bgnbd import BgNbd
from goodwill.learn.lifetime.covariates import NbdTraits, ParetoNbdTraits, Traits
from goodwill.learn.lifetime.future import Future, ahead
from goodwill.learn.lifetime.gammagamma import Amounts, GammaGamma, spent
from goodwill.learn.lifetime.gammagamma import hill_of as hill_of_amounts
from goodwill.learn.lifetime.given import Floats, Numbers, checked
from goodwill.learn.lifetime.maximum import FAR, Hill, arrived, follow
from goodwill.learn.lifetime.nbd import Nbd
from goodwill.learn.lifetime.pareto import ParetoNbd
from goodwill.learn.lifetime.worth import worth_of

if TYPE_CHECKING:
    from goodwill.learn.lifetime.amounttraits import GammaGammaTraits

WithTraits: TypeAlias = ParetoNbdTraits | NbdTraits
Model: TypeAlias = ParetoNbd | BgNbd | Nbd | WithTraits

_LOST: Final = 0.05  # share of draws without a best fit from which on the rest say too little
_TOLERANCE: Final = 1e-4  # of a bound, in standard errors


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure and the range it is in, at a level.

    Attributes:
        value: the estimate; low, high: the range; a bound may be 0 or infinite where the data set none.
        level: how often such a range holds the truth; method: in a word or two.
        draws, seed: of a bootstrap; 0 for a profile.
        sure_low, sure_high: of a total, the narrower range of its expectation, without what chance adds.
        warnings: sentences that belong beside the figure.
    """

    value: float
    low: float
    high: float
    level: float
    method: str
    draws: int = 0
    seed: int = 0
    sure_low: float | None = None
    sure_high: float | None = None
    warnings: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """An open end is told as None: JSON has no infinity."""
        ends = {
            name: None if bound is None or abs(bound) == inf else bound
            for name, bound in (
                ("low", self.low), ("high", self.high), ("sure_low", self.sure_low), ("sure_high", self.sure_high)
            )
        }  # fmt: skip
        return {
            "value": self.value, **ends, "level": self.level, "method": self.method, "draws": self.draws,
            "seed": self.seed, "warnings": list(self.warnings),
        }  # fmt: skip


def _check_level(level: float) -> None:
    if not 0 < level < 1:
        raise BadInput(f"A level is between 0 and 1 (0.95 is 95 %), not {level:g}.")


# ---- a model and its customers ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _Case:
    """A fitted model beside the customers it was fitted to.

    Attributes:
        names: of the parameters; the first ``logs`` are told as e^θ, further ones as they are.
        hill: in parameters of the model's own (traits standardised); theta, covariance: its top there.
        raw: the matrix from there to parameters as told.
        weights: of the hill's rows, from how many customers each entry stands for.
        future: of all entries, under other parameters.
    """

    names: Sequence[str]
    hill: Hill
    theta: Floats
    covariance: Floats
    raw: Floats
    weights: Callable[[Floats], Floats]
    future: Callable[[Floats, float, float], Future]
    logs: int

    def told(self, theta: Floats) -> Floats:
        found = self.raw @ theta
        return np.concatenate([np.exp(found[: self.logs]), found[self.logs :]])


def _case(
    model: Model, x: ArrayLike, t_x: ArrayLike, T: ArrayLike, traits: Traits | None, weights: ArrayLike | None = None
) -> _Case:
    if isinstance(model, WithTraits):
        return _case_with_traits(model, x, t_x, T, traits or {}, weights)
    kind = type(model)
    rows = checked(x, t_x, T, weights)

    def future(theta: Floats, discount: float, horizon: float) -> Future:
        found = kind(None, *np.exp(theta).tolist()).future(rows.x, rows.t_x, rows.T, discount=discount, horizon=horizon)
        return found.of(rows.at)

    return _Case(
        model.names,
        kind.hill_of(rows),
        model.theta,
        model.covariance,
        np.eye(model.theta.size),
        rows.weights,
        future,
        model.theta.size,
    )


def _case_with_traits(
    model: WithTraits, x: ArrayLike, t_x: ArrayLike, T: ArrayLike, traits: Traits, weights: ArrayLike | None
) -> _Case:
    known = model.given(x, t_x, T, traits, weights)
    raw = known.raw()
    back = np.linalg.inv(raw)

    def future(theta: Floats, discount: float, horizon: float) -> Future:
        drawn = type(model).of(known, replace(model.fitted, theta=raw @ theta))
        return drawn.future(x, t_x, T, traits, discount=discount, horizon=horizon)

    return _Case(
        model.names, model.hill(known), back @ model.fitted.theta,
        back @ model.fitted.covariance @ back.T, raw, known.rows.weights, future, known.base,
    )  # fmt: skip


# ---- profile ---------------------------------------------------------------------------------------------------------


def profile(
    model: Model, name: str, x: ArrayLike, t_x: ArrayLike, T: ArrayLike, traits: Traits | None = None, *,
    weights: ArrayLike | None = None, level: float = 0.95,
) -> Interval:  # fmt: skip
    """The values of one parameter that the data do not contradict, whatever the others are.

    Venzon and Moolgavkar (1988): where twice the loss of log-likelihood is χ² with one degree of freedom.

    Args:
        model: as fitted to these customers; name: of the parameter, or of a coefficient ("gamma_rate.consent").
        traits: by name, where the model has some. weights: how many customers each entry stands for; without, one.

    Raises:
        BadInput: there is no such parameter, the level is none, or the model was not fitted.
    """
    _check_level(level)
    if name not in model.names:
        raise BadInput(f"There is no parameter '{name}' in this model; there are {', '.join(model.names)}.")
    case, place = _case(model, x, t_x, T, traits, weights), model.names.index(name)
    if place in {1, 3} and place < case.logs < len(model.names):
        raise BadInput(f"'{name}' moves with the traits' means; ask for the profile of a coefficient, r or s.")
    ends = (_Held(case, place).end(side, level) for side in (-1.0, 1.0))
    scale = case.raw[place, place]
    low, high = ((scale * end if place >= case.logs else exp(end) if end < inf else inf) for end in ends)
    value = float(case.told(case.theta)[place])
    return Interval(
        value, low, high, level, "profile likelihood", warnings=_open(low, high, 0.0 if place < case.logs else -inf)
    )


def _open(low: float, high: float, nothing: float) -> tuple[str, ...]:
    sides = [side for side, none in (("lower", low <= nothing), ("upper", high == inf)) if none]
    return tuple(f"These customers set no {side} bound." for side in sides)


class _Held:
    """The best height with one parameter held; the others follow along."""

    def __init__(self, case: _Case, place: int) -> None:
        self._hill, self._theta, self._place = case.hill, case.theta, place
        self._others = np.delete(np.arange(case.theta.size), place)
        self._error = sqrt(float(case.covariance[place, place]))
        self._along = case.covariance[:, place] / case.covariance[place, place]  # how the others move with it
        information = np.linalg.inv(case.covariance)
        self._inverse = np.linalg.inv(information[np.ix_(self._others, self._others)])
        self._top = case.hill.height(case.theta)[0]

    def end(self, side: float, level: float) -> float:
        """Where the root of twice the loss, nearly a straight line, has grown as far as the level wants it."""
        from scipy.special import ndtri

        reach = float(ndtri(0.5 + level / 2))
        near, far = 0.0, reach
        while self._drop(side * far) < reach:
            near, far = far, 2 * far
            if far * self._error > FAR:
                return side * inf
        while far - near > _TOLERANCE * reach:
            middle = 0.5 * (near + far)
            near, far = (middle, far) if self._drop(side * middle) < reach else (near, middle)
        return float(self._theta[self._place] + side * far * self._error)

    def _drop(self, errors: float) -> float:
        moved = self._theta + self._along * errors * self._error
        held = Hill(lambda free: self._rows(moved, free), self._hill.weight, self._hill.penalty[self._others])
        whole = moved.copy()
        whole[self._others] = follow(held, moved[self._others], self._inverse)[0]
        return sqrt(max(0.0, 2 * (self._top - self._hill.height(whole)[0])))

    def _rows(self, moved: Floats, free: Floats) -> tuple[Floats, Floats]:
        whole = moved.copy()
        whole[self._others] = free
        each, scores = self._hill.rows(whole)
        return each, scores[:, self._others]


# ---- bootstrap -------------------------------------------------------------------------------------------------------


def bootstrap(
    model: Model, x: ArrayLike, t_x: ArrayLike, T: ArrayLike, traits: Traits | None = None, *,
    seed: int, draws: int = 500, level: float = 0.95,
) -> dict[str, Interval]:  # fmt: skip
    """Each parameter's range over models fitted to customers drawn anew, with replacement (Efron's percentiles).

    Args:
        model: as fitted to these customers.
        seed: of the draws; the same seed gives the same intervals.

    Raises:
        BadInput: the level or the number of draws is none.
        CannotTell: too many draws have no best fit.
    """
    _check(level, draws)
    case = _case(model, x, t_x, T, traits)
    drawn = list(_redrawn(case, np.size(x), seed, draws))
    lost = sum(not one.found for one in drawn)
    if lost > _LOST * draws:
        raise CannotTell(
            f"{lost} of {draws} draws of these customers have no best fit, so what the others say of parameters would "
            "be too sure. Observe for longer, or take more customers."
        )
    told, values = np.stack([case.told(one.theta) for one in drawn if one.found]), case.told(case.theta)
    warnings = (f"{lost} of {draws} draws have no best fit and were left out.",) if lost else ()
    return {
        name: replace(_ranged(float(values[place]), told[:, place], level, draws, seed), warnings=warnings)
        for place, name in enumerate(case.names)
    }


def total_purchases(
    model: Model, x: ArrayLike, t_x: ArrayLike, T: ArrayLike, traits: Traits | None = None, *,
    weights: ArrayLike | None = None, seed: int, discount: float = 0.0, horizon: float = inf, draws: int = 500,
    level: float = 0.95,
) -> Interval:  # fmt: skip
    """How many purchases these customers will make together, with what the parameters and chance may add or take.

    Args:
        model: as fitted to these customers. weights: how many customers each entry stands for; without, one.
        discount, horizon: as of `pareto.ParetoNbd.dert`; without a discount the count itself.

    Raises:
        BadInput, CannotTell: as of `bootstrap`, or neither discount nor horizon is given.
    """
    _check(level, draws)
    ahead(discount, horizon)
    many = None if weights is None else np.asarray(weights, np.int64)
    case = _case(model, x, t_x, T, traits, many)

    def total(theta: Floats) -> tuple[float, float]:
        found = case.future(theta, discount, horizon)
        return _all_of(found.mean, many), _all_of(found.variance, many)

    drawn = [total(one.theta) for one in _redrawn(case, np.size(x), seed, draws, many)]
    return _total(total(case.theta)[0], drawn, level, draws, seed)


def total_worth(
    model: Model, amounts: "GammaGamma | GammaGammaTraits", x: ArrayLike, t_x: ArrayLike, T: ArrayLike,
    mean_amount: ArrayLike, traits: Traits | None = None, *, weights: ArrayLike | None = None,
    seed: int, discount: float, horizon: float = inf, margin: float = 1.0, draws: int = 500, level: float = 0.95,
) -> Interval:  # fmt: skip
    """What these customers are still worth together; both models are fitted anew to the same draws of customers.

    Args:
        model, amounts: as fitted to these customers; mean_amount: as for `gammagamma.fit`, 0 where x is 0.
        weights: how many customers each entry stands for; without, one.

    Raises:
        BadInput, CannotTell: as of `total_purchases` and `worth_of`, or the spread of amounts has no bound.
    """
    _check(level, draws)
    ahead(discount, horizon)
    many = None if weights is None else np.asarray(weights, np.int64)
    case = _case(model, x, t_x, T, traits, many)
    spending = _Spending.of(amounts, x, mean_amount, traits)
    came = np.asarray(x) > 0

    def total(theta: Floats, of_amounts: Floats) -> tuple[float, float]:
        found = worth_of(case.future(theta, discount, horizon), spending.amounts(of_amounts), margin=margin)
        return _all_of(found.each, many), _all_of(found.variance, many)

    value, variance = total(case.theta, amounts.theta)
    if not variance < inf:
        raise CannotTell(
            f"With q = {amounts.q:.3g} the spread of amounts has no bound, so no interval can be told. Fit the amounts "
            "to more customers, or ask for the total of purchases."
        )
    drawn = []
    for one in _redrawn(case, np.size(x), seed, draws, many):
        hill = replace(spending.hill, weight=one.count[came])
        drawn.append(total(one.theta, follow(hill, amounts.theta, amounts.covariance)[0]))
    return _total(value, drawn, level, draws, seed)


@dataclass(frozen=True, slots=True, eq=False)
class _Spending:
    """A fitted model of amounts beside the customers it was fitted to.

    Attributes:
        hill: of those who came back. amounts: of all entries, under other parameters.
    """

    hill: Hill
    amounts: Callable[[Floats], Amounts]

    @classmethod
    def of(
        cls, model: "GammaGamma | GammaGammaTraits", x: ArrayLike, mean_amount: ArrayLike, traits: Traits | None
    ) -> "_Spending":
        if isinstance(model, GammaGamma):
            return cls(
                hill_of_amounts(spent(x, mean_amount)),
                lambda theta: GammaGamma(None, *np.exp(theta).tolist()).amounts(x, mean_amount),
            )
        known = traits or {}
        return cls(
            model.hill(x, mean_amount, known), lambda theta: model.at(theta).amounts(x, mean_amount, known)
        )  # fmt: skip


def _check(level: float, draws: int) -> None:
    _check_level(level)
    if draws < 20:
        raise BadInput(f"An interval takes some draws; {draws} are too few, 200 or more are usual.")


@dataclass(frozen=True, slots=True, eq=False)
class _Drawn:
    """The best fit to customers drawn anew.

    Attributes:
        theta: parameters; found: False where they ran off along a ridge. There they say nothing of themselves, but the
            totals that they mean have long stood still.
        count: how often a customer of each entry was drawn.
    """

    theta: Floats
    found: bool
    count: Floats


def _all_of(each: Floats, many: Numbers | None) -> float:
    """A sum over customers, of whom each entry stands for so many."""
    return float(each.sum() if many is None else many @ each)


def _redrawn(case: _Case, entries: int, seed: int, draws: int, many: Numbers | None = None) -> Iterator[_Drawn]:
    dice = np.random.default_rng(seed)
    for _ in range(draws):
        if many is None:
            count = np.bincount(dice.integers(0, entries, entries), minlength=entries).astype(np.float64)
        else:
            count = dice.multinomial(many.sum(), many / many.sum()).astype(np.float64)
        hill = replace(case.hill, weight=case.weights(count))
        theta, _, slope = follow(hill, case.theta, case.covariance)
        yield _Drawn(theta, arrived(theta, slope, case.theta, case.covariance), count)


def _total(value: float, drawn: list[tuple[float, float]], level: float, draws: int, seed: int) -> Interval:
    """Parameters as they were drawn, and for each what chance makes of the total."""
    mean, variance = np.array(drawn).T
    bounded = (mean > 0) & (variance > 0) & np.isfinite(variance)
    happens = mean.copy()
    chance = np.random.default_rng([seed, 1])  # not the dice of the draws
    happens[bounded] = chance.gamma(mean[bounded] ** 2 / variance[bounded], variance[bounded] / mean[bounded])
    sure, whole = (_ranged(value, some, level, draws, seed) for some in (mean, happens))
    return replace(whole, method="bootstrap and chance", sure_low=sure.low, sure_high=sure.high)


def _ranged(value: float, drawn: Floats, level: float, draws: int, seed: int) -> Interval:
    # Weibull's places: one more draw lies below the k-th of n in k of n + 1 cases. Numpy's usual ones hold 92 % of what
    # happens where 60 are drawn and 95 % are meant.
    low, high = np.quantile(drawn, [0.5 - level / 2, 0.5 + level / 2], method="weibull").tolist()
    return Interval(value, low, high, level, "bootstrap of customers", draws, seed)
