"""The Pareto/NBD under its usual name: ``from goodwill.learn import pareto_nbd``; the work is in `lifetime`."""

from numpy.typing import ArrayLike

from goodwill.learn.lifetime import covariates as traits
from goodwill.learn.lifetime import pareto
from goodwill.learn.lifetime.covariates import ParetoNbdTraits, Traits
from goodwill.learn.lifetime.pareto import ParetoNbd


def fit(
    x: ArrayLike, t_x: ArrayLike, T: ArrayLike, covariates: Traits | None = None, weights: ArrayLike | None = None
) -> ParetoNbd | ParetoNbdTraits:
    """Maximum likelihood; with ``covariates``, traits by name that may go with buying and with leaving.

    Arguments and errors as of `lifetime.pareto.fit` and `lifetime.covariates.fit`.
    """
    if covariates is None:
        return pareto.fit(x, t_x, T, weights)
    return traits.fit(x, t_x, T, covariates, weights=weights)
