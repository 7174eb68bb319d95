"""The Gamma–Gamma model under its usual name: ``from goodwill.learn import gamma_gamma``; the work is in `lifetime`."""

from goodwill.learn.lifetime.gammagamma import Amounts, GammaGamma, fit

__all__ = ["Amounts", "GammaGamma", "fit"]
