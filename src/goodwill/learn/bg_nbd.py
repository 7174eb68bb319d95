"""The BG/NBD under its usual name: ``from goodwill.learn import bg_nbd``; the work is in `lifetime`."""

from goodwill.learn.lifetime.bgnbd import BgNbd, fit, log_likelihood

__all__ = ["BgNbd", "fit", "log_likelihood"]
