"""What customers are still worth: coefficients of traits, totals to come, and who comes first."""

from dataclasses import dataclass

import numpy as np

from goodwill.learn import pareto_nbd
from goodwill.learn.lifetime.covariates import ParetoNbdTraits
from goodwill.learn.lifetime.intervals import total_purchases
from goodwill.simulate.world import live
from validation import worlds
from validation.study import Claim, Found, Study

_R, _ALPHA, _S, _BETA = 0.8, 10.0, 0.7, 20.0
_RATE, _DROPOUT = 0.4, -0.5  # of somebody who consents, on the logarithms
_WEEKS, _AHEAD = 52, 52.0
_DRAWS = 60
_REACH = 1.96  # of a normal interval, 95 %


def with_a_trait(seed: int) -> Found:
    """3,000 customers, half of whom consented before they first bought."""
    random = np.random.default_rng(seed)
    consents = random.random(3_000) < 0.5
    lived = _Lives.of(random, np.exp(_RATE * consents), np.exp(_DROPOUT * consents))
    model = pareto_nbd.fit(lived.x, lived.t_x, lived.T, covariates={"consents": consents})
    assert isinstance(model, ParetoNbdTraits)
    errors = model.standard_errors
    return {
        "rate": abs(model.gamma_rate["consents"] - _RATE) <= _REACH * errors["gamma_rate.consents"],
        "dropout": abs(model.gamma_dropout["consents"] - _DROPOUT) <= _REACH * errors["gamma_dropout.consents"],
    }


def to_come(seed: int) -> Found:
    """1,500 customers without traits, and what they buy in the next year."""
    alike = np.ones(1_500)
    lived = _Lives.of(np.random.default_rng([seed, 1]), alike, alike)
    model = pareto_nbd.fit(lived.x, lived.t_x, lived.T)
    total = total_purchases(model, lived.x, lived.t_x, lived.T, seed=seed, horizon=_AHEAD, draws=_DRAWS)
    assert total.sure_low is not None
    assert total.sure_high is not None
    return {
        "total": total.low <= lived.later <= total.high,
        "parameters": total.sure_low <= lived.later <= total.sure_high,
    }


@dataclass(frozen=True, eq=False)
class _Lives:
    """Customers who buy and leave as the Pareto/NBD has it: what is seen of them, and all they buy later."""

    x: worlds.Floats
    t_x: worlds.Floats
    T: worlds.Floats
    later: int

    @classmethod
    def of(cls, random: np.random.Generator, buys: worlds.Floats, leaves: worlds.Floats) -> "_Lives":
        """Args: how many times as fast as others each buys, and leaves; shape (n,)."""
        n = buys.size
        rate = random.gamma(_R, 1 / _ALPHA, n) * buys
        gone = random.exponential(1 / np.maximum(random.gamma(_S, 1 / _BETA, n) * leaves, 1e-12))
        T = random.integers(_WEEKS // 2, _WEEKS, n).astype(np.float64)
        x, t_x = _bought(random, rate, np.minimum(gone, T))
        later = int(random.poisson(rate * np.clip(gone - T, 0, _AHEAD)).sum())
        return cls(x, t_x, T, later)


def _bought(
    random: np.random.Generator, rate: worlds.Floats, until: worlds.Floats
) -> tuple[worlds.Floats, worlds.Floats]:
    """Purchases after the first, and when the last of them was: of n at random, the largest of n uniform times."""
    x = random.poisson(rate * until).astype(np.float64)
    latest = until * random.random(x.size) ** (1 / np.maximum(x, 1))
    return x, np.where(x > 0, latest, 0.0)


def as_the_world_has_it(seed: int) -> Found:
    """8,000 people of the invented world, whose rules are not the model's; all are customers from the first day."""
    world = live(worlds.crowd_of(seed, 8_000, weeks_before=1, weeks_after=155))
    bought, later = world.orders[:, 1:53] > 0, (world.orders[:, 53:] > 0).sum(axis=1)
    x, T = bought.sum(axis=1), np.full(len(bought), 52.0)
    t_x = np.where(x > 0, 52.0 - bought[:, ::-1].argmax(axis=1), 0.0)
    traits = {"consents": world.consent}
    model = pareto_nbd.fit(x, t_x, T, covariates=traits)
    assert isinstance(model, ParetoNbdTraits)
    expected = model.expected_purchases(103.0, x, t_x, T, traits)
    predicted, true = expected * world.crowd.spend, later * world.crowd.spend
    tenths = np.array_split(np.argsort(predicted), 10)
    means = np.array([[predicted[some].mean(), true[some].mean()] for some in tenths])
    return {
        "rank": float(np.corrcoef(_ranks(predicted), _ranks(true))[0, 1]),
        "slope": float(np.polyfit(means[:, 0], means[:, 1], 1)[0]),
        "total": float(predicted.sum() / true.sum()),
    }


def _ranks(values: worlds.Floats) -> worlds.Floats:
    """Places from 0; those alike share the middle of theirs."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - (counts + 1) / 2
    return np.asarray(middle[place])


STUDIES = (
    Study("traits", "3,000 customers who buy and leave as the Pareto/NBD with a trait has it", with_a_trait, (
        Claim("rate", "the 95 % interval of γ for buying holds the true one", 0.93, 0.97),
        Claim("dropout", "that of γ for leaving does", 0.93, 0.97),
    ), 500, 4),
    Study("still to come", "1,500 customers of the Pareto/NBD, and the next year", to_come, (
        Claim("total", "the interval of all purchases to come holds them (bootstrap and chance)", 0.93, 0.97),
        Claim("parameters", "the narrower one, of parameters alone (to compare)", 0.5, 0.95),
    ), 300, 2),
    Study("still worth", "8,000 people; a year is seen, two are to come", as_the_world_has_it, (
        Claim("rank", "rank correlation of predicted and true worth", 0.5, 1.0, percent=False),
        Claim("slope", "slope of the true worth over the predicted, in tenths", 0.9, 1.1, percent=False),
        Claim("total", "all predicted beside all true", 0.85, 1.15, percent=False),
    ), 60, 2),
)  # fmt: skip
