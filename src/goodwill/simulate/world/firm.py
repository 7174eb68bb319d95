"""What befalls the firm in the world with known truth: incidents with their losses, and offers with a planted bias."""

from dataclasses import dataclass

import numpy as np

from goodwill.basics.errors import BadInput
from goodwill.simulate.world.knobs import Knobs
from goodwill.simulate.world.noise import Bools, Doubles, Ints, Source, stream


@dataclass(frozen=True, eq=False)
class Incidents:
    """Incidents of some years; parallel arrays of k incidents.

    Attributes:
        years: how many firm-years.
        year: in which it happened, from 0, shape (k,).
        loss: major units, never above the cap, shape (k,).
    """

    years: int
    year: Ints
    loss: Doubles

    @property
    def annual(self) -> Doubles:
        """The loss of each year, shape (years,)."""
        return np.bincount(self.year, weights=self.loss, minlength=self.years).astype(np.float64)


def incidents(
    years: int,
    *,
    rate: float = 0.1,
    effectiveness: float = 0.0,
    median: float = 20_000.0,
    sigma: float = 1.5,
    cap: float = 2_000_000.0,
    seed: int = 0,
) -> Incidents:
    """Incidents, Poisson(ν (1 − e)) a year, each with a limited lognormal loss min(X, cap).

    A more effective control prevents some of the same incidents and changes no other: years are paired.

    Args:
        rate: ν, incidents a year without any control, 0 to 1,000.
        effectiveness: e, share of incidents that the control prevents, 0 to 1.
        median, sigma: of the lognormal loss, in major units and of its logarithm.

    Raises:
        BadInput: a figure outside its range.
    """
    if not (years >= 1 and 0 <= rate <= 1_000 and 0 <= effectiveness <= 1 and median > 0 and sigma >= 0 and cap > 0):
        raise BadInput(
            "Incidents need 1 year or more, a rate of 0 to 1,000, an effectiveness of 0 to 1, a median and a cap above "
            "0 and a sigma of at least 0."
        )
    rng = stream(seed, Source.INCIDENTS)
    year = np.repeat(np.arange(years), rng.poisson(rate, years))
    happens = rng.random(year.size) >= effectiveness
    loss = np.minimum(median * np.exp(sigma * rng.standard_normal(year.size)), cap)
    return Incidents(years, year[happens], loss[happens])


_SELDOM, _OFTEN = 0.2, 0.5  # offer rates of the two strata
_IN_OFTEN = 0.6  # share of group 0 in the second


@dataclass(frozen=True, eq=False)
class Offers:
    """Who was made an offer by an algorithm. Arrays of n people.

    Attributes:
        group: 0 or 1, as people declare it, shape (n,).
        stratum: 0 or 1, a legitimate reason to offer more or less often, shape (n,).
        offered: shape (n,).
        expected: the chance of an offer, shape (n,).
        marginal, conditional: the true ratio of group 1's offer rate to group 0's, over all and within a stratum.
    """

    group: Ints
    stratum: Ints
    offered: Bools
    expected: Doubles
    marginal: float
    conditional: float


def offers(knobs: Knobs, seed: int = 0) -> Offers:
    """Offers with the planted ratios of the knobs: by default group 1 gets 0.78 as many, and alike people get alike.

    Raises:
        BadInput: no share of group 1 in the strata gives both ratios.
    """
    n, alike = knobs.people, knobs.conditional_ratio
    share = _share_in_often(knobs)
    group = (stream(seed, Source.GROUPS).random(n) < 0.5).astype(np.int64)
    often = stream(seed, Source.STRATA).random(n) < np.where(group, share, _IN_OFTEN)
    expected = np.where(often, _OFTEN, _SELDOM) * np.where(group, alike, 1.0)
    offered = stream(seed, Source.OFFERS).random(n) < expected
    return Offers(group, often.astype(np.int64), offered, expected, knobs.offer_ratio, alike)


def _share_in_often(knobs: Knobs) -> float:
    """Of group 1 in the stratum that is offered much, so that its offer rate over all is what was asked for."""
    usual = _SELDOM + (_OFTEN - _SELDOM) * _IN_OFTEN
    share = (knobs.offer_ratio * usual / knobs.conditional_ratio - _SELDOM) / (_OFTEN - _SELDOM)
    if not 0 <= share <= 1:
        low, high = (knobs.conditional_ratio * rate / usual for rate in (_SELDOM, _OFTEN))
        raise BadInput(
            f"With a conditional_ratio of {knobs.conditional_ratio:g} the offer_ratio lies between {low:.2f} and "
            f"{high:.2f}; got {knobs.offer_ratio:g}."
        )
    return float(share)
