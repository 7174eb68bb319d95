"""What goes with spending more each time: Gamma–Gamma with traits of customers that do not change.

The scale of how customers differ, v, is e^(γ′z) times as large, where z is what was known of a customer at or before
the start; so is what one of her purchases is worth. A coefficient is an association.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike

from goodwill.basics.errors import BadInput
from goodwill.learn.lifetime.covariates import (
    ASSOCIATION,
    STEEPEST,
    Standard,
    Traits,
    by_name,
    named_in,
    standard,
    trait_of,
)
from goodwill.learn.lifetime.gammagamma import (
    ENDLESS,
    NAMES,
    Amounts,
    Spent,
    amounts_of,
    of_rows,
    spent,
    starts_of,
    together,
    worth_fitting,
)
from goodwill.learn.lifetime.given import Floats
from goodwill.learn.lifetime.maximum import Hill, climb, inverted, ridge
from goodwill.learn.lifetime.result import Fitted, OfFit

BLOCK: Final = "gamma_amount"
_BASE: Final = len(NAMES)


@dataclass(frozen=True, slots=True, eq=False)
class GammaGammaTraits(OfFit):
    """A fitted Gamma–Gamma model with traits; amounts in the currency that it was fitted in.

    Attributes:
        p: shape of one customer's amounts; q, v: shape and scale of how customers differ, where all traits are 0.
        gamma_amount: of each trait, by how much the logarithm of an amount is larger for one more of it.
    """

    fitted: Fitted = field(compare=False)
    p: float
    q: float
    v: float
    gamma_amount: Mapping[str, float]

    @property
    def names(self) -> tuple[str, ...]:
        return (*NAMES, *(f"{BLOCK}.{trait}" for trait in self.gamma_amount))

    @property
    def theta(self) -> Floats:
        """Logarithms of the parameters, then the coefficients; shape (3 + c,)."""
        return self.fitted.theta

    @property
    def covariance(self) -> Floats:
        """Of `theta`; shape (3 + c, 3 + c)."""
        return self.fitted.covariance

    def hill(self, x: ArrayLike, mean_amount: ArrayLike, traits: Traits) -> Hill:
        """The likelihood of `theta` for those of these customers who came back."""
        rows = spent(x, mean_amount)
        return _hill(rows, self._table(traits, np.size(x))[np.asarray(x) > 0])

    def at(self, theta: Floats) -> "GammaGammaTraits":
        """The model with other parameters, such as drawn ones."""
        return GammaGammaTraits.of(self.fitted, tuple(self.gamma_amount), theta)

    @classmethod
    def of(cls, fitted: Fitted, traits: tuple[str, ...], theta: Floats) -> "GammaGammaTraits":
        p, q, v = np.exp(theta[:_BASE]).tolist()
        return cls(fitted, p, q, v, dict(zip(traits, theta[_BASE:].tolist(), strict=True)))

    def expected_amount(self, x: ArrayLike, mean_amount: ArrayLike, traits: Traits) -> Floats:
        """What one purchase of each customer is worth; above 0, shape (n,).

        Raises:
            BadInput: an amount is negative, or 0 where x is not; or a trait is missing.
            CannotTell: the expectation of somebody has no bound.
        """
        return self.amounts(x, mean_amount, traits).mean

    def amounts(self, x: ArrayLike, mean_amount: ArrayLike, traits: Traits) -> Amounts:
        """Mean and spread of each customer's amounts; arguments and errors as of `expected_amount`."""
        more = np.exp(self._table(traits, np.size(x)) @ np.array(list(self.gamma_amount.values())))
        return amounts_of(self.p, self.q, self.v * more, x, mean_amount)

    def _table(self, traits: Traits, size: int) -> Floats:
        """The traits that it was fitted with, in its order; shape (n, c)."""
        return np.stack([trait_of(name, named_in(traits, name), size) for name in self.gamma_amount], axis=1)

    def to_dict(self) -> dict[str, Any]:
        return {
            "model": "Gamma–Gamma with traits", "p": self.p, "q": self.q, "v": self.v,
            BLOCK: dict(self.gamma_amount), **self.fitted.told(),
        }  # fmt: skip


def fit(x: ArrayLike, mean_amount: ArrayLike, traits: Traits, weights: ArrayLike | None = None) -> GammaGammaTraits:
    """Maximum likelihood.

    Args:
        x: repeat purchases; who has none is left out. mean_amount: what one was worth on average, without the first;
            shape (n,), in any one currency.
        traits: by name, a number for each customer; shape (n,). weights: how many customers each entry stands for.

    Raises:
        BadInput: an amount is negative, or 0 where x is not; or a trait is not a number for each customer.
        CannotTell: the amounts do not tell the parameters, or a trait is the same for all who came back.
    """
    rows, came = spent(x, mean_amount, weights), np.asarray(x, np.float64) > 0
    worth_fitting(rows)
    known = {name: trait_of(name, values, came.size)[came] for name, values in by_name(traits).items()}
    if not known:
        raise BadInput("Name at least one trait, or fit the model without traits.")
    scaled = standard(known, rows.weight)
    names = (*NAMES, *(f"{BLOCK}.{trait}" for trait in scaled.names))
    none = np.zeros(len(scaled.names))
    top = climb(_hill(rows, scaled.z), [np.append(start, none) for start in starts_of(rows)], names)
    p, q, _ = np.exp(top.theta[:_BASE]).tolist()
    if max(p, q) > ENDLESS or float(np.max(np.abs(top.theta[_BASE:]), initial=0.0)) > STEEPEST:
        raise ridge(top, names)
    raw = _raw(scaled)
    fitted = Fitted.told_by(
        names, raw @ top.theta, raw @ inverted(top.information) @ raw.T, top.height, float(rows.weight.sum()),
        names[_BASE:],
    ).warned((*together(rows), ASSOCIATION))  # fmt: skip
    return GammaGammaTraits.of(fitted, scaled.names, fitted.theta)


def _hill(rows: Spent, z: Floats) -> Hill:
    """The likelihood of three logarithms and a coefficient for each column of z, shape (n, c)."""

    def likelihood(theta: Floats) -> tuple[Floats, Floats]:
        p, q, v = np.exp(theta[:_BASE]).tolist()
        each, slopes = of_rows(rows, p, q, v * np.exp(z @ theta[_BASE:]))
        return each, np.column_stack([slopes, slopes[:, -1:] * z])

    return Hill(likelihood, rows.weight, np.zeros(_BASE + z.shape[1]))


def _raw(scaled: Standard) -> Floats:
    """The matrix from parameters of standardised traits to those of traits as given; v moves to where all are 0."""
    found = np.eye(_BASE + len(scaled.names))
    for place, (mean, spread) in enumerate(zip(scaled.mean, scaled.spread, strict=True), _BASE):
        found[place, place] = 1 / spread
        found[_BASE - 1, place] = -mean / spread
    return found
