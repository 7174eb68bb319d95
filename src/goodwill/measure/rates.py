"""How often something happens: counts of it over time, mails or people reached, where people differ from each other.

The sums of everybody's counts, exposures and their products are all that is needed; a person's part can be taken out.
"""

from dataclasses import dataclass
from math import inf, sqrt

import numpy as np
from numpy.typing import ArrayLike

from goodwill.basics.errors import BadInput
from goodwill.measure.estimate import LEVEL, Estimate, check_level, reach_of
from goodwill.measure.given import Whole, count, equally_long, number, wholes
from goodwill.sums import Sums

_FEW = 10  # people, below which their spread is hardly known
_NOBODY = "There was nobody to count."
_ONE = "Only one was counted, and one does not tell how others differ."
NOT_KNOWN_APART = (
    "Only totals were given, so the interval takes every count as independent of the others; it is too narrow where "
    "they come in bursts. Give one entry for each."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate(Estimate):
    """How often, per unit of exposure.

    Attributes:
        counted: how often it happened in all. exposure: over how much.
        shape: k of the NBD, by moments: the smaller, the more people differ; ∞ where they differ only by chance.
    """

    counted: int = 0
    exposure: float = 0.0
    shape: float = inf


def poisson_interval(counted: float, level: float = LEVEL) -> tuple[float, float]:
    """The exact interval of a Poisson mean (Garwood, Biometrika 28, 1936): 300 → 267.0 to 335.9."""
    from scipy.special import gammaincinv

    tail = (1 - check_level(level)) / 2
    low = float(gammaincinv(counted, tail)) if counted > 0 else 0.0
    return low, float(gammaincinv(counted + 1, 1 - tail))


def rate_sums(counted: ArrayLike, exposure: ArrayLike, *, names: tuple[str, str] = ("counted", "exposure")) -> Sums:
    """The sums that a rate or a share is worked out from; sums of several groups add up, a person's can be subtracted.

    Args:
        counted: how often with each person; whole numbers of 0 or more, shape (n,).
        exposure: how much of it there was to happen in (weeks, mails, people reached); whole numbers, shape (n,).
            Who had none is left out.
        names: what the two are called in sentences.

    Raises:
        BadInput: they are no such numbers, or something happened where there was no exposure.
        Overflow: the products leave 64 bits.
    """
    counts, over = wholes(names[0], counted), wholes(names[1], exposure)
    equally_long(**{names[0]: counts, names[1]: over})
    if np.any(counts[over == 0]):
        at = int(np.flatnonzero((over == 0) & (counts > 0))[0])
        raise BadInput(f"At place {at} '{names[0]}' is above 0, but '{names[1]}' is 0. Give what it happened in.")
    return Sums({
        "people": int((over > 0).sum()), "counted": exact_dot(counts, 1), "exposure": exact_dot(over, 1),
        "products": [exact_dot(counts, counts), exact_dot(counts, over), exact_dot(over, over)],
    })  # fmt: skip


def rate_of(sums: Sums, level: float = LEVEL, *, per: float = 1) -> Rate:
    """The rate, with the interval of a negative binomial distribution (people differ, and each varies by chance).

    The variance of the counts is μw + μ²w²/k; k is taken by moments, so that it is no less than their spread. The
    interval is Garwood's for as many independent counts as that variance leaves (after Fay and Feuer, Stat. Med. 16,
    1997), widened as Student's t is wider than the normal, since the variance is known from so many people only.

    Args:
        per: the rate is told for so much exposure; 1,000 for people reached.
    """
    people, counted, over = (sums.number(name) for name in ("people", "counted", "exposure"))
    if people < 2:
        return Rate.refuse(_ONE if people else _NOBODY, n=people, level=level, counted=counted, exposure=float(over))
    value, spread = counted / over, _spread(sums)
    worth = counted**2 / max(counted, spread) * _known(people, level) if counted else 0.0
    low, high = poisson_interval(worth, level)
    scale = per * (value / worth if worth else 1 / over)
    extra = (spread - counted) / (value**2 * int(sums.array("products")[2])) if counted else 0.0
    return Rate(
        value=per * value, low=scale * low, high=scale * high, standard_error=per * sqrt(max(counted, spread)) / over,
        n=people, level=level, counted=counted, exposure=float(over), shape=1 / extra if extra > 0 else inf,
        warnings=_few(people),
    )  # fmt: skip


def share_of(sums: Sums, level: float = LEVEL) -> Rate:
    """The share of tries that came out well, where the tries of one person hang together: mails with a click, of all.

    The exact binomial interval (Clopper and Pearson 1934) for as many independent tries as the spread between people
    leaves, at most as many as there were, less what is not known of that spread (Korn and Graubard, Surv. Methodol. 24,
    1998).
    """
    from scipy.special import betaincinv

    people, hits, tries = (sums.number(name) for name in ("people", "counted", "exposure"))
    if hits > tries:
        raise BadInput(f"{hits} of {tries} tries came out well; give for each person no more than she had.")
    if people < 2:
        return Rate.refuse(_ONE if people else _NOBODY, n=people, level=level, counted=hits, exposure=float(tries))
    value, spread = hits / tries, _spread(sums)
    # With no hit, or nothing but hits, the spread is 0 by chance: then each person counts once.
    worth = (min(tries, value * (1 - value) * tries**2 / spread) if spread > 0 else people) * _known(people, level)
    well, badly, tail = value * worth, (1 - value) * worth, (1 - level) / 2
    low = float(betaincinv(well, badly + 1, tail)) if hits else 0.0
    high = float(betaincinv(well + 1, badly, 1 - tail)) if hits < tries else 1.0
    error = sqrt(spread) / tries if spread > 0 else None
    return Rate(
        value=value, low=low, high=high, standard_error=error, n=people, level=level, counted=hits,
        exposure=float(tries), warnings=_few(people),
    )  # fmt: skip


def plain_rate(
    counted: ArrayLike, exposure: ArrayLike, level: float = LEVEL, *, per: float = 1,
    names: tuple[str, str] = ("counted", "exposure"),
) -> Rate:  # fmt: skip
    """The rate of a count over a known exposure, with the exact interval of Poisson.

    Args:
        counted: a whole number of 0 or more. exposure: above 0, or the rate is refused.
    """
    times, over = count(names[0], counted), number(names[1], exposure, least=0)
    if not over:
        return Rate.refuse("Nothing was there for it to happen in.", level=level, counted=times)
    low, high = poisson_interval(times, level)
    return Rate(
        value=per * times / over, low=per * low / over, high=per * high / over,
        standard_error=per * sqrt(times) / over, n=times, level=level, counted=times, exposure=over,
    )  # fmt: skip


def _spread(sums: Sums) -> float:
    """Σ (count − rate × exposure)², times n / (n − 1); exact up to the division."""
    people, counted, over = (sums.number(name) for name in ("people", "counted", "exposure"))
    squares, mixed, exposures = (int(number) for number in sums.array("products"))
    around = squares * over**2 - 2 * counted * mixed * over + counted**2 * exposures
    return around / over**2 * people / (people - 1)


def _known(people: int, level: float) -> float:
    """Which part of the answers is left when their variance itself was learnt from so many people; (z / t)²."""
    from scipy.special import stdtrit

    return float((reach_of(level) / stdtrit(people - 1, (1 + level) / 2)) ** 2)


def _few(people: int) -> tuple[str, ...]:
    if people >= _FEW:
        return ()
    return (f"Only {people} were counted, so how much they differ is hardly known; the interval may be too narrow.",)


def exact_dot(one: Whole, other: Whole | int) -> int:
    """Σ one × other without loss, whatever its size; `Sums` says so where it does not fit."""
    largest = float(np.abs(one).max(initial=0)) * float(np.abs(other).max(initial=0))
    if largest * one.size < 2.0**62:
        return int((one * other).sum())
    return int((one.astype(object) * other).sum())
