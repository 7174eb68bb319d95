"""To pymc-marketing and back: the same customers as its models take them, and what its posteriors say of them.

Where there are few customers a prior helps, and pymc-marketing has priors. goodwill does not need it: tables go out
as plain columns, and draws come in as plain arrays, from a posterior of xarray or from anything that holds names.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike

from goodwill.basics.errors import BadInput
from goodwill.learn.lifetime.bgnbd import BgNbd
from goodwill.learn.lifetime.given import Floats
from goodwill.learn.lifetime.pareto import ParetoNbd
from goodwill.learn.lifetime.rfm import Rfm

_PARETO: Final = ("r", "alpha", "s", "beta")
_BG: Final = ("r", "alpha", "a", "b")


def to_pymc_marketing(seen: Rfm) -> dict[str, list[Any]]:
    """Customers as columns: ``pandas.DataFrame(to_pymc_marketing(seen))`` is what its models are given.

    Returns:
        customer_id, frequency (x), recency (t_x), T and, where amounts are known, monetary_value; an entry a customer.

    Raises:
        BadInput: rows are kinds of customers; its models want each by itself.
    """
    if seen.people is None or np.any(seen.weights != 1):
        raise BadInput("These rows are kinds of customers. Give the customers one by one, before they are compressed.")
    columns = {"customer_id": seen.people, "frequency": seen.x, "recency": seen.t_x, "T": seen.T}
    if seen.mean_amount is not None:
        columns["monetary_value"] = seen.mean_amount
    return {name: values.tolist() for name, values in columns.items()}


@dataclass(frozen=True, slots=True, eq=False)
class Expected:
    """What is expected of each customer over all draws; shape (n,).

    Attributes:
        mean: over draws. low, high: of the same at ``level``, by draws of the parameters alone, without chance.
    """

    mean: Floats
    low: Floats
    high: Floats
    level: float


@dataclass(frozen=True, slots=True, eq=False)
class Posterior:
    """Parameters as somebody drew them; each draw is a model of ours.

    Attributes:
        names: of the parameters; values: shape (draws, 4).
    """

    names: tuple[str, ...]
    values: Floats

    @property
    def mean(self) -> dict[str, float]:
        """Of each parameter."""
        return dict(zip(self.names, self.values.mean(axis=0).tolist(), strict=True))

    def models(self, most: int = 200) -> list[ParetoNbd | BgNbd]:
        """Models of draws, evenly chosen where there are more than ``most``."""
        chosen = np.unique(np.linspace(0, len(self.values) - 1, min(most, len(self.values))).astype(np.int64))
        of = ParetoNbd.of if self.names == _PARETO else BgNbd.of
        return [of(**dict(zip(self.names, self.values[one].tolist(), strict=True))) for one in chosen]

    def expected_purchases(
        self, t: float, x: ArrayLike, t_x: ArrayLike, T: ArrayLike, *, level: float = 0.95, most: int = 200
    ) -> Expected:
        """Purchases of each customer in the next ``t``, as of `pareto.ParetoNbd.expected_purchases`.

        Raises:
            BadInput: the level is none, or somebody is no possible customer.
        """
        if not 0 < level < 1:
            raise BadInput(f"A level is between 0 and 1 (0.95 is 95 %), not {level:g}.")
        each = np.stack([model.expected_purchases(t, x, t_x, T) for model in self.models(most)])
        low, high = np.quantile(each, [0.5 - level / 2, 0.5 + level / 2], axis=0)
        return Expected(each.mean(axis=0), low, high, level)


def from_posterior(posterior: Mapping[str, Any]) -> Posterior:
    """Draws of a Pareto/NBD (r, alpha, s, beta) or a BG/NBD (r, alpha, a, b) without traits.

    Args:
        posterior: parameters by name, such as ``model.idata.posterior``; each in any shape, such as (chains, draws).

    Raises:
        BadInput: a parameter is missing, or its draws are not above 0, or not as many as the others'.
    """
    names = _PARETO if "s" in posterior else _BG
    if missing := [name for name in names if name not in posterior]:
        raise BadInput(
            f"The draws lack '{missing[0]}'. A Pareto/NBD has {', '.join(_PARETO)}; a BG/NBD has {', '.join(_BG)}."
        )
    values = [np.asarray(posterior[name], np.float64).reshape(-1) for name in names]
    if len({one.size for one in values}) > 1 or not values[0].size:
        raise BadInput("Each parameter needs as many draws as the others, and one at least.")
    table = np.stack(values, axis=1)
    if not np.all(np.isfinite(table) & (table > 0)):
        raise BadInput("A parameter of these models is a number above 0; some draws are none.")
    return Posterior(names, table)
