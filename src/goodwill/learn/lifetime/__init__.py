"""What customers are still worth: how often they come back, whether they left, and what they spend.

A plain library on arrays: it knows neither a shop nor a person. Models are fitted to (x, t_x, T), how often each came
back, when last and for how long she was seen, by maximum likelihood; what the data do not tell is refused in a
sentence. Traits of customers and intervals come with it.
"""

from goodwill.learn.lifetime import bgnbd, covariates, gammagamma, intervals, nbd, pareto, rfm
from goodwill.learn.lifetime.bgnbd import BgNbd
from goodwill.learn.lifetime.covariates import ParetoNbdTraits
from goodwill.learn.lifetime.future import Future
from goodwill.learn.lifetime.gammagamma import Amounts, GammaGamma
from goodwill.learn.lifetime.intervals import Interval
from goodwill.learn.lifetime.nbd import Nbd
from goodwill.learn.lifetime.pareto import ParetoNbd
from goodwill.learn.lifetime.rfm import Rfm, Window
from goodwill.learn.lifetime.worth import Worth, discount_rate, worth_of

__all__ = [
    "Amounts",
    "BgNbd",
    "Future",
    "GammaGamma",
    "Interval",
    "Nbd",
    "ParetoNbd",
    "ParetoNbdTraits",
    "Rfm",
    "Window",
    "Worth",
    "bgnbd",
    "covariates",
    "discount_rate",
    "gammagamma",
    "intervals",
    "nbd",
    "pareto",
    "rfm",
    "worth_of",
]
