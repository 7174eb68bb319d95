"""What goes with buying more, or with staying longer: the models with traits of customers that do not change.

Fader and Hardie, "Incorporating time-invariant covariates into the Pareto/NBD and BG/NBD models" (2007): a customer's
rate of buying is e^(γ′z) times as high, and so is her rate of leaving with another γ, where z is what was known of her
at or before the start. A coefficient is an association: who consents may have been loyal before she was asked.

In the BG/NBD, traits that go with leaving move a and b together, and often the likelihood grows for ever with both:
there is no largest one to find. That is seen and refused.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf, isfinite
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from goodwill.basics.errors import BadInput, CannotTell
from goodwill.learn.lifetime import bgnbd, nbd, pareto
from goodwill.learn.lifetime.future import Future, ahead, customers, times
from goodwill.learn.lifetime.given import (
    Floats,
    Numbers,
    Rows,
    check_customers,
    checked,
    columns,
    latest_first,
    weights_of,
    worth_fitting,
)
from goodwill.learn.lifetime.maximum import Hill, Top, climb, inverted, sharpen
from goodwill.learn.lifetime.result import Fitted, OfFit, positive

Traits: TypeAlias = Mapping[str, ArrayLike]
OfRows: TypeAlias = Callable[..., tuple[Floats, Floats]]  # of rows and four parameters

ASSOCIATION: Final = "A coefficient says what goes together, not what a trait brings about."
_NO_BEST: Final = (
    "With these traits the BG/NBD has no best fit: its likelihood grows for ever as a and b do. "
    "Use the Pareto/NBD with traits, which has one."
)
STEEPEST: Final = 12.0  # a coefficient of a standardised trait that is no longer one: a factor of e^12


# ---- traits ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Standard:
    """Traits in units of their standard deviation from their mean.

    Attributes:
        names: of the traits; mean, spread: of each, over customers; shape (c,).
        z: standardised; shape (n, c).
    """

    names: tuple[str, ...]
    mean: Floats
    spread: Floats
    z: Floats

    def of(self, order: Numbers) -> "Standard":
        """The customers in another order."""
        return replace(self, z=self.z[order])


def standard(traits: Traits, weight: Floats) -> Standard:
    """Traits of customers, checked.

    Raises:
        BadInput: a trait is not a number for each customer.
        CannotTell: a trait is the same for everybody, or follows from others.
    """
    named = {name: trait_of(name, values, weight.size) for name, values in by_name(traits).items()}
    values = np.stack(list(named.values()), axis=1) if named else np.zeros((weight.size, 0))
    mean = weight @ values / weight.sum()
    spread = np.sqrt(weight @ (values - mean) ** 2 / weight.sum())
    for name, wide, middle in zip(named, spread, mean, strict=True):
        if wide <= 1e-9 * max(abs(middle), 1e-300):
            raise CannotTell(f"'{name}' is the same for everybody, so nothing can go with it. Leave it out.")
    z = (values - mean) / spread
    if named and np.linalg.matrix_rank((z * weight[:, None]).T @ z / weight.sum(), tol=1e-8) < len(named):
        raise CannotTell(f"One of {_listed(tuple(named))} follows from the others. Leave one out.")
    return Standard(tuple(named), mean, spread, z)


def by_name(traits: Traits) -> Traits:
    """Traits, if they have names.

    Raises:
        BadInput: they have none.
    """
    if not isinstance(traits, Mapping):
        raise BadInput(
            "Traits are given by name, such as {'consents': [1, 0, 1]}: a coefficient without a name says nothing."
        )
    return traits


def trait_of(name: str, values: ArrayLike, size: int) -> Floats:
    """A trait, checked; shape (n,).

    Raises:
        BadInput: it is not a number for each customer.
    """
    try:
        array = np.asarray(values, np.float64)
    except (TypeError, ValueError):
        raise BadInput(f"The trait '{name}' holds something that is not a number.") from None
    if array.shape != (size,):
        raise BadInput(f"The trait '{name}' must have one number for each of the {size} customers.")
    if not np.all(np.isfinite(array)):
        raise BadInput(f"The trait '{name}' is missing for customer {int(np.flatnonzero(~np.isfinite(array))[0])}.")
    return array


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(f"'{name}'" for name in names)


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Traits that scale one parameter: it is e^(−γ′z) times as large, or e^(γ′z) times.

    Attributes:
        name: of the coefficients; place: of the parameter, 0 to 3; sign: 1 where traits divide, −1 where they multiply.
    """

    name: str
    traits: Standard
    place: int
    sign: float


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """Customers with the traits that may go with what they do.

    Attributes:
        base: how many parameters the model has without traits, all of them logarithms.
    """

    rows: Rows
    blocks: tuple[Block, ...]
    base: int = 4

    @property
    def penalty(self) -> Floats:
        """Which parameters a penalty is on: the coefficients, not the rest."""
        coefficients = sum(len(block.traits.names) for block in self.blocks)
        return np.concatenate([np.zeros(self.base), np.ones(coefficients)])

    def names(self, own: Sequence[str]) -> tuple[str, ...]:
        """Of all parameters, in order: "gamma_rate.consent" is the coefficient of a trait."""
        return (*own, *(f"{block.name}.{trait}" for block in self.blocks for trait in block.traits.names))

    def split(self, theta: Floats) -> list[Floats]:
        """The coefficients of each block."""
        ends = np.cumsum([len(block.traits.names) for block in self.blocks])
        return np.split(theta[self.base :], ends[:-1])

    def of_each(self, theta: Floats) -> list[Any]:
        """The model's own parameters: those that traits scale for each customer, shape (n,), the others for all."""
        own: list[Any] = np.exp(theta[: self.base]).tolist()
        for block, some in zip(self.blocks, self.split(theta), strict=True):
            own[block.place] = own[block.place] * np.exp(-block.sign * (block.traits.z @ some))
        return own

    def told(self, theta: Floats) -> list[tuple[tuple[str, float], ...]]:
        """The coefficients of each block by trait."""
        return [
            tuple(zip(block.traits.names, some.tolist(), strict=True))
            for block, some in zip(self.blocks, self.split(theta), strict=True)
        ]

    def raw(self) -> Floats:
        """The matrix from parameters of standardised traits to those of traits as given.

        A scaled parameter moves to where all traits are 0, which is linear in logarithms.
        """
        found = np.eye(self.penalty.size)
        place = self.base
        for block in self.blocks:
            for mean, spread in zip(block.traits.mean, block.traits.spread, strict=True):
                found[place, place] = 1 / spread
                found[block.place, place] = block.sign * mean / spread
                place += 1
        return found


def _given(
    x: ArrayLike,
    t_x: ArrayLike,
    T: ArrayLike,
    weights: ArrayLike | None,
    *wanted: tuple[str, Traits, int, float],
    base: int = 4,
) -> Given:
    """Customers and traits, checked; rows that are alike in all of it count as one with a weight.

    Raises:
        BadInput, CannotTell: as of `standard`, or an entry is no possible customer.
    """
    repeat, last, age = columns(x=x, t_x=t_x, T=T)
    check_customers(repeat, last, age)
    weight = weights_of(repeat, weights)
    if not any(by_name(traits) for _, traits, _, _ in wanted):
        raise BadInput("Name at least one trait, or fit the model without traits.")
    scaled = [(name, standard(traits, weight), place, sign) for name, traits, place, sign in wanted]
    table = np.column_stack([repeat, last, age, *(traits.z for _, traits, _, _ in scaled)])
    _, one, at = np.unique(table, axis=0, return_index=True, return_inverse=True)
    order, rank = latest_first(last[one], age[one])
    chosen, joined = one[order], np.bincount(at.reshape(-1), weights=weight).astype(np.float64, copy=False)
    kinds, kind = np.unique(repeat[chosen], return_inverse=True)
    rows = Rows(repeat[chosen], last[chosen], age[chosen], joined[order], kinds, kind, rank[at.reshape(-1)])
    worth_fitting(rows, base)
    blocks = (Block(name, traits.of(chosen), place, sign) for name, traits, place, sign in scaled)
    return Given(rows, tuple(blocks), base)


def hill_of(known: Given, of_rows: OfRows, penalty: Floats | None = None) -> Hill:
    """The likelihood of a model's own logarithms and the coefficients of standardised traits."""

    def likelihood(theta: Floats) -> tuple[Floats, Floats]:
        each, slopes = of_rows(known.rows, *known.of_each(theta))
        scores = [-block.sign * slopes[block.place][:, None] * block.traits.z for block in known.blocks]
        return each, np.concatenate([slopes.T, *scores], axis=1)

    return Hill(likelihood, known.rows.weight, np.zeros(known.penalty.size) if penalty is None else penalty)


def _fitted(known: Given, top: Top, own: Sequence[str], penalty: Floats | None = None) -> Fitted:
    """A top in terms of traits as they were given; the log-likelihood without the penalty."""
    matrix = known.raw()
    covariance = matrix @ inverted(top.information) @ matrix.T
    height = top.height + (0.0 if penalty is None else 0.5 * float(penalty @ top.theta**2))
    names = known.names(own)
    found = Fitted.told_by(names, matrix @ top.theta, covariance, height, known.rows.customers, names[known.base :])
    return found.warned((ASSOCIATION,))


# ---- Pareto/NBD ------------------------------------------------------------------------------------------------------


def given(
    x: ArrayLike, t_x: ArrayLike, T: ArrayLike, rate: Traits, dropout: Traits, weights: ArrayLike | None = None
) -> Given:
    """Customers with the traits of a Pareto/NBD; errors as of `fit`."""
    return _given(x, t_x, T, weights, ("gamma_rate", rate, 1, 1.0), ("gamma_dropout", dropout, 3, 1.0))


def fit(
    x: ArrayLike,
    t_x: ArrayLike,
    T: ArrayLike,
    rate: Traits,
    dropout: Traits | None = None,
    *,
    weights: ArrayLike | None = None,
    l2: float = 0.0,
    shape: float = 0.0,
) -> "ParetoNbdTraits":
    """Pareto/NBD with traits, by maximum likelihood: α_i = α e^(−γ_rate′z), β_i = β e^(−γ_dropout′z).

    Args:
        x, t_x, T: as for `pareto.fit`; shape (n,).
        rate: traits by name that may go with the rate of buying, as known at or before the start; shapes (n,).
        dropout: traits that may go with the rate of leaving; without, the same.
        weights: how many customers each entry stands for.
        l2: how strongly coefficients are drawn to 0: half of it times the sum of their squares, for traits in standard
            deviations, is taken off the log-likelihood. Standard errors are then of the penalised likelihood.
        shape: how strongly s, by which people differ in how soon they leave, is drawn to 1: half of it times the square
            of ln s is taken off as well. Where they hardly differ the likelihood has no top but a ridge without it; 1
            says that s is most likely between 1/7 and 7.

    Raises:
        BadInput: an entry is no possible customer, or a trait not a number for each.
        CannotTell: the customers do not tell the parameters, and why.
    """
    for name, strength in (("l2", l2), ("shape", shape)):
        if not (isfinite(strength) and strength >= 0):
            raise BadInput(f"{name} is 0 or more, not {strength:g}.")
    known = given(x, t_x, T, rate, rate if dropout is None else dropout, weights)
    penalty = _penalty(known, l2, shape)
    start = np.r_[_without_traits(x, t_x, T, weights, shape), np.zeros(known.penalty.size - 4)]
    top = sharpen(hill_of(known, pareto.rows_likelihood, penalty), start, known.names(pareto.NAMES))
    pareto.refuse_endless(known.rows, top)
    _refuse_steep(known, top)
    return ParetoNbdTraits.of(known, _fitted(known, top, pareto.NAMES, penalty), l2, shape)


def _without_traits(x: ArrayLike, t_x: ArrayLike, T: ArrayLike, weights: ArrayLike | None, shape: float) -> Floats:
    """Logarithms of the four parameters without traits; shape (4,)."""
    if not shape:
        return pareto.fit(x, t_x, T, weights).theta
    rows = checked(x, t_x, T, weights)
    hill = replace(pareto.hill_of(rows), penalty=shape * _OF_SHAPE)
    return climb(hill, pareto.starts(rows), pareto.NAMES).theta


def _penalty(known: Given, l2: float, shape: float) -> Floats:
    return l2 * known.penalty + shape * np.pad(_OF_SHAPE, (0, known.penalty.size - 4))


_OF_SHAPE: Final = np.array([0.0, 0.0, 1.0, 0.0])  # of r, α, s, β


def _refuse_steep(known: Given, top: Top) -> None:
    for name, steep in zip(known.names(()), np.abs(top.theta[known.base :]), strict=True):
        if steep > STEEPEST:
            trait = name.partition(".")[2]
            raise CannotTell(f"'{trait}' tells apart too well who stays, so its coefficient has no end. Leave it out.")


@dataclass(frozen=True, slots=True)
class ParetoNbdTraits(OfFit):
    """A fitted Pareto/NBD with traits; times in the unit that it was fitted in.

    Attributes:
        fitted: likelihood (without penalty), standard errors by name ("gamma_rate.consent"), and what they rest on.
        r, alpha, s, beta: as of `pareto.ParetoNbd`, of somebody whose traits are all 0.
        rate, dropout: (trait, coefficient): e^coefficient times the rate, for one more of the trait.
        l2, shape: strengths of the penalties that it was fitted with.
    """

    fitted: Fitted
    r: float
    alpha: float
    s: float
    beta: float
    rate: tuple[tuple[str, float], ...]
    dropout: tuple[tuple[str, float], ...]
    l2: float = 0.0
    shape: float = 0.0

    def __post_init__(self) -> None:
        positive(r=self.r, alpha=self.alpha, s=self.s, beta=self.beta)

    @classmethod
    def of(cls, known: Given, fitted: Fitted, l2: float = 0.0, shape: float = 0.0) -> "ParetoNbdTraits":
        """From a fit in terms of traits as given."""
        r, alpha, s, beta = np.exp(fitted.theta[:4]).tolist()
        rate, dropout = known.told(fitted.theta)
        return cls(fitted, r, alpha, s, beta, rate, dropout, l2, shape)

    @property
    def names(self) -> tuple[str, ...]:
        """Of all parameters, in the order of `fitted.theta`."""
        rate, dropout = (
            tuple(f"{name}.{trait}" for trait, _ in of)
            for name, of in (("gamma_rate", self.rate), ("gamma_dropout", self.dropout))
        )
        return (*pareto.NAMES, *rate, *dropout)

    def given(
        self, x: ArrayLike, t_x: ArrayLike, T: ArrayLike, traits: Traits, weights: ArrayLike | None = None
    ) -> Given:
        """Customers with the traits of this model, chosen by name from ``traits``.

        Raises:
            BadInput: one is missing, or an entry is no possible customer.
        """
        rate, dropout = ({name: named_in(traits, name) for name, _ in of} for of in (self.rate, self.dropout))
        return given(x, t_x, T, rate, dropout, weights)

    def hill(self, known: Given) -> Hill:
        """The likelihood of customers with its traits, and with the penalties that it was fitted with."""
        return hill_of(known, pareto.rows_likelihood, _penalty(known, self.l2, self.shape))

    @property
    def gamma_rate(self) -> dict[str, float]:
        return dict(self.rate)

    @property
    def gamma_dropout(self) -> dict[str, float]:
        return dict(self.dropout)

    def outlook(self, x: ArrayLike, t_x: ArrayLike, T: ArrayLike, traits: Traits) -> pareto.Outlook:
        """Customers with the parameters that hold for each.

        Args:
            traits: by name, as for `fit`; all that it was fitted with.

        Raises:
            BadInput: an entry is no possible customer, or a trait is missing.
        """
        repeat, last, age = customers(x, t_x, T)
        alpha, beta = (
            scale * np.exp(-_slope(of, traits, repeat.size))
            for scale, of in ((self.alpha, self.rate), (self.beta, self.dropout))
        )
        return pareto.Outlook(self.r, alpha, self.s, beta, repeat, last, age)

    def p_alive(self, x: ArrayLike, t_x: ArrayLike, T: ArrayLike, traits: Traits) -> Floats:
        """The chance that each customer has not left for good; 0 to 1, shape (n,)."""
        return self.outlook(x, t_x, T, traits).p_alive()

    def expected_purchases(self, t: ArrayLike, x: ArrayLike, t_x: ArrayLike, T: ArrayLike, traits: Traits) -> Floats:
        """Purchases to expect from each customer in the next ``t``; 0 or more, shape (n,)."""
        return self.outlook(x, t_x, T, traits).expected(times(t))

    def future(
        self, x: ArrayLike, t_x: ArrayLike, T: ArrayLike, traits: Traits, *,
        discount: float = 0.0, horizon: float = inf,
    ) -> Future:  # fmt: skip
        """Mean and spread of the purchases to come; as of `pareto.ParetoNbd.future`."""
        return self.outlook(x, t_x, T, traits).future(discount, horizon)

    def dert(
        self, x: ArrayLike, t_x: ArrayLike, T: ArrayLike, traits: Traits, *, discount: float, horizon: float = inf
    ) -> Floats:
        """Discounted expected residual transactions; as of `pareto.ParetoNbd.dert`."""
        return self.future(x, t_x, T, traits, discount=discount, horizon=horizon).mean

    def to_dict(self) -> dict[str, Any]:
        return {
            "model": "Pareto/NBD with traits",
            "parameters": {"r": self.r, "alpha": self.alpha, "s": self.s, "beta": self.beta},
            "gamma_rate": self.gamma_rate,
            "gamma_dropout": self.gamma_dropout,
            "l2": self.l2,
            "shape": self.shape,
            **self.fitted.told(),
        }


def _slope(coefficients: tuple[tuple[str, float], ...], traits: Traits, size: int) -> Floats:
    found = np.zeros(size)
    for name, coefficient in coefficients:
        found += coefficient * trait_of(name, named_in(traits, name), size)
    return found


def named_in(traits: Traits, name: str) -> ArrayLike:
    """A trait by its name.

    Raises:
        BadInput: it is not given.
    """
    if name not in traits:
        raise BadInput(f"The model was fitted with the trait '{name}'; give it for these customers too.")
    return traits[name]


# ---- NBD -------------------------------------------------------------------------------------------------------------


def fit_nbd(
    x: ArrayLike, t_x: ArrayLike, T: ArrayLike, rate: Traits, *, weights: ArrayLike | None = None
) -> "NbdTraits":
    """NBD with traits: α_i = α e^(−γ_rate′z), and nobody leaves; for customers of whom leaving cannot be told.

    It is the negative binomial regression of the repeat purchases on traits, with the time as exposure.

    Arguments as of `fit`.

    Raises:
        BadInput, CannotTell: as of `fit`.
    """
    known = _given(x, t_x, T, weights, ("gamma_rate", rate, 1, 1.0), base=2)
    start = np.r_[nbd.fit(x, t_x, T, weights).theta, np.zeros(known.penalty.size - 2)]
    top = sharpen(hill_of(known, nbd.rows_likelihood), start, known.names(nbd.NAMES))
    nbd.refuse_endless(known.rows, top)
    _refuse_steep(known, top)
    return NbdTraits.of(known, _fitted(known, top, nbd.NAMES).warned((nbd.STAYS,)))


@dataclass(frozen=True, slots=True)
class NbdTraits(OfFit):
    """A fitted NBD with traits; attributes as of `ParetoNbdTraits`, of those who never leave."""

    fitted: Fitted
    r: float
    alpha: float
    rate: tuple[tuple[str, float], ...]

    def __post_init__(self) -> None:
        positive(r=self.r, alpha=self.alpha)

    @classmethod
    def of(cls, known: Given, fitted: Fitted) -> "NbdTraits":
        """From a fit in terms of traits as given."""
        r, alpha = np.exp(fitted.theta[:2]).tolist()
        (rate,) = known.told(fitted.theta)
        return cls(fitted, r, alpha, rate)

    @property
    def names(self) -> tuple[str, ...]:
        """Of all parameters, in the order of `fitted.theta`."""
        return (*nbd.NAMES, *(f"gamma_rate.{trait}" for trait, _ in self.rate))

    @property
    def gamma_rate(self) -> dict[str, float]:
        return dict(self.rate)

    def hill(self, known: Given) -> Hill:
        """The likelihood of customers with its traits."""
        return hill_of(known, nbd.rows_likelihood)

    def given(
        self, x: ArrayLike, t_x: ArrayLike, T: ArrayLike, traits: Traits, weights: ArrayLike | None = None
    ) -> Given:
        """Customers with the traits of this model, as of `ParetoNbdTraits.given`."""
        named = {name: named_in(traits, name) for name, _ in self.rate}
        return _given(x, t_x, T, weights, ("gamma_rate", named, 1, 1.0), base=2)

    def future(
        self, x: ArrayLike, t_x: ArrayLike, T: ArrayLike, traits: Traits, *, discount: float = 0.0, horizon: float = inf
    ) -> Future:
        """Mean and spread of the purchases to come; as of `nbd.Nbd.future`."""
        ahead(discount, horizon)
        repeat, _, age = customers(x, t_x, T)
        alpha = self.alpha * np.exp(-_slope(self.rate, traits, repeat.size))
        return nbd.future_of(self.r + repeat, alpha + age, discount, horizon)


# ---- BG/NBD ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BgNbdTraits:
    """A fitted BG/NBD with traits, where one exists; to look ahead use the Pareto/NBD, which has no such ridge.

    Attributes:
        fitted: likelihood, standard errors by name, and what they rest on.
        r, alpha, a, b: of somebody whose traits are all 0.
        rate, of_a, of_b: (trait, coefficient): e^coefficient times the rate, a and b.
    """

    fitted: Fitted
    r: float
    alpha: float
    a: float
    b: float
    rate: tuple[tuple[str, float], ...]
    of_a: tuple[tuple[str, float], ...]
    of_b: tuple[tuple[str, float], ...]

    def to_dict(self) -> dict[str, Any]:
        return {
            "model": "BG/NBD with traits",
            "parameters": {"r": self.r, "alpha": self.alpha, "a": self.a, "b": self.b},
            "gamma_rate": dict(self.rate),
            "gamma_a": dict(self.of_a),
            "gamma_b": dict(self.of_b),
            **self.fitted.told(),
        }


def fit_bg_nbd(
    x: ArrayLike,
    t_x: ArrayLike,
    T: ArrayLike,
    rate: Traits,
    dropout: Traits | None = None,
    *,
    weights: ArrayLike | None = None,
) -> BgNbdTraits:
    """BG/NBD with traits: α_i = α e^(−γ_rate′z), a_i = a e^(γ_a′z), b_i = b e^(γ_b′z).

    Arguments as of `fit`.

    Raises:
        BadInput: an entry is no possible customer, or a trait not a number for each.
        CannotTell: the likelihood has no largest value (a and b run off together), as it often does.
    """
    leaving = rate if dropout is None else dropout
    traits = (("gamma_rate", rate, 1, 1.0), ("gamma_a", leaving, 2, -1.0), ("gamma_b", leaving, 3, -1.0))
    known = _given(x, t_x, T, weights, *traits)
    start = np.r_[bgnbd.fit(x, t_x, T, weights).theta, np.zeros(known.penalty.size - 4)]
    try:
        top = sharpen(hill_of(known, bgnbd.rows_likelihood), start, known.names(bgnbd.NAMES))
    except CannotTell:
        raise CannotTell(_NO_BEST) from None
    _, alpha, a, b = known.of_each(top.theta)
    if float(np.max(a + b)) > bgnbd.ENDLESS or float(np.max(alpha)) > bgnbd.ENDLESS * known.rows.mean_age:
        raise CannotTell(_NO_BEST)
    found = _fitted(known, top, bgnbd.NAMES)
    return BgNbdTraits(found, *np.exp(found.theta[:4]).tolist(), *known.told(found.theta))
