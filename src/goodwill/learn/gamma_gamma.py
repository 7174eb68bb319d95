"""The Gamma–Gamma model under its usual name: ``from goodwill.learn import gamma_gamma``; the work is in `lifetime`."""

from numpy.typing import ArrayLike

from goodwill.learn.lifetime import amounttraits, gammagamma
from goodwill.learn.lifetime.amounttraits import GammaGammaTraits
from goodwill.learn.lifetime.covariates import Traits
from goodwill.learn.lifetime.gammagamma import Amounts, GammaGamma

__all__ = ["Amounts", "GammaGamma", "GammaGammaTraits", "fit"]


def fit(
    x: ArrayLike, mean_amount: ArrayLike, weights: ArrayLike | None = None, *, covariates: Traits | None = None
) -> GammaGamma | GammaGammaTraits:
    """Maximum likelihood; with ``covariates``, traits by name that may go with spending more each time.

    Arguments and errors as of `lifetime.gammagamma.fit` and `lifetime.amounttraits.fit`.
    """
    if covariates is None:
        return gammagamma.fit(x, mean_amount, weights)
    return amounttraits.fit(x, mean_amount, covariates, weights)
