"""What a fit tells: parameters by name, how well they are known, and what they rest on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any, ClassVar

import numpy as np

from goodwill.basics.errors import BadInput
from goodwill.learn.lifetime.given import Floats
from goodwill.learn.lifetime.maximum import Top, inverted

WIDE = 1.0  # a standard error of a logarithm: e times as much or as little


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """How a model was fitted.

    Attributes:
        log_likelihood: at the parameters, with all constants that hold a parameter, as in the papers.
        standard_errors: by name, from the curvature of the likelihood.
        theta, covariance: logarithms of the parameters (coefficients as they are) and how they vary; (k,), (k, k).
        customers: how many there were.
        warnings: sentences that belong beside the figures.
    """

    log_likelihood: float
    standard_errors: Mapping[str, float]
    theta: Floats
    covariance: Floats
    customers: float
    warnings: tuple[str, ...] = ()

    @classmethod
    def of(cls, names: Sequence[str], top: Top, customers: float) -> "Fitted":
        """From a top whose parameters are all logarithms."""
        return cls.told_by(names, top.theta, inverted(top.information), top.height, customers)

    def warned(self, more: tuple[str, ...]) -> "Fitted":
        """The same with more warnings."""
        return replace(self, warnings=self.warnings + more)

    @classmethod
    def told_by(
        cls,
        names: Sequence[str],
        theta: Floats,
        covariance: Floats,
        height: float,
        customers: float,
        coefficients: Sequence[str] = (),
    ) -> "Fitted":
        """From parameters and how they vary: logarithms first, then coefficients, which are as they are."""
        spread = np.sqrt(np.diag(covariance))
        logs = len(names) - len(coefficients)
        errors = np.concatenate([np.exp(theta[:logs]) * spread[:logs], spread[logs:]])
        wide = [name for name, width in zip(names[:logs], spread[:logs], strict=True) if width > WIDE]
        warnings = (
            f"{' and '.join(wide)}: hardly known from these customers (the standard error is larger than the figure)."
        )
        return cls(
            height, dict(zip(names, errors.tolist(), strict=True)), theta, covariance, customers,
            (warnings,) if wide else (),
        )  # fmt: skip

    def told(self) -> dict[str, Any]:
        """As plain numbers and sentences, for a JSON document."""
        return {
            "standard_errors": dict(self.standard_errors),
            "log_likelihood": self.log_likelihood,
            "customers": self.customers,
            "warnings": list(self.warnings),
        }


def positive(**parameters: float) -> None:
    """Refuse parameters that are none.

    Raises:
        BadInput: one is not a number above 0.
    """
    for name, value in parameters.items():
        if not (isfinite(value) and value > 0):
            raise BadInput(f"The parameter {name} must be above 0, not {value:g}.")


class OfFit:
    """What every model that was fitted tells of its fit."""

    __slots__ = ()
    fitted: Fitted

    @property
    def log_likelihood(self) -> float:
        return self.fitted.log_likelihood

    @property
    def standard_errors(self) -> Mapping[str, float]:
        return self.fitted.standard_errors

    @property
    def warnings(self) -> tuple[str, ...]:
        return self.fitted.warnings


class Parameters:
    """What all fitted models share: `names` of their parameters, and `fitted`."""

    __slots__ = ()
    names: ClassVar[tuple[str, ...]]
    fitted: Fitted | None

    def __post_init__(self) -> None:
        positive(**{name: getattr(self, name) for name in self.names})

    @property
    def theta(self) -> Floats:
        """Logarithms of the parameters; shape (k,)."""
        return np.log([getattr(self, name) for name in self.names])

    @property
    def covariance(self) -> Floats:
        """Of the logarithms; shape (k, k)."""
        return self._how().covariance

    @property
    def log_likelihood(self) -> float:
        return self._how().log_likelihood

    @property
    def standard_errors(self) -> Mapping[str, float]:
        return self._how().standard_errors

    @property
    def warnings(self) -> tuple[str, ...]:
        return self._how().warnings

    def _how(self) -> Fitted:
        if self.fitted is None:
            raise BadInput("These parameters were given, not fitted, so nothing is known of how sure they are.")
        return self.fitted

    def told(self) -> dict[str, Any]:
        """Parameters and fit as plain numbers and sentences, for a JSON document."""
        parameters = {name: getattr(self, name) for name in self.names}
        return {"parameters": parameters, **(self.fitted.told() if self.fitted else {})}
