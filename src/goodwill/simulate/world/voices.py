"""What people say in the world with known truth: their answers to a survey, and their mentions of the shop."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from goodwill.basics.errors import BadInput
from goodwill.simulate.world.noise import Bools, Doubles, Ints, Source, poisson, stream
from goodwill.simulate.world.weeks import World

TRUST_SD = 1.065  # of trust after the first weeks: (0.4² + 0.92² + 0.15² / (1 − 0.92²) · (1 − 0.92²⁶))^½
_AUDITED = 200  # mentions with a label by hand
_ETHICAL = 0.3  # share of mentions about the shop's ethics
_SAYS = np.array([-1, 0, 1], dtype=np.int8)
CONFUSION = np.array([[0.75, 0.20, 0.05], [0.15, 0.70, 0.15], [0.10, 0.25, 0.65]])
"""Chance that the classifier says −1, 0, 1 (columns) of a mention that is −1, 0, 1 (rows); each row adds up to 1."""


@dataclass(frozen=True, eq=False)
class Survey:
    """One wave of the trust survey. Everybody's answers are known here; the shop knows those of who ``answered``.

    Attributes:
        week: when people were asked.
        asked: who could be: whoever has not left, shape (n,).
        answered: who did, by logit(−1.5 + 0.5 θ + 0.3 |θ|), shape (n,).
        items: loading · θ + noise; the mean of the items has the reliability that the knob says, shape (n, k).
        likert: the items as whole answers of 1 to 7, which cost a little reliability, shape (n, k).
        recommend: would you recommend us, 0 to 10, shape (n,).
        trust: the truth behind it, shape (n,).
    """

    week: int
    asked: Bools
    answered: Bools
    items: Doubles
    likert: NDArray[np.int8]
    recommend: NDArray[np.int8]
    trust: Doubles


def survey(world: World, week: int | None = None, *, items: int = 4) -> Survey:
    """Ask everybody at the end of a week, the last unless another is named.

    The reliability of the mean of k parallel items is k ρ / (1 + (k − 1) ρ) (Spearman and Brown), ρ that of one item.

    Raises:
        BadInput: no such week, or fewer than 2 items.
    """
    week = world.knobs.weeks - 1 if week is None else week
    if not 0 <= week < world.knobs.weeks or items < 2:
        raise BadInput(
            f"A survey has 2 items or more, in a week from 0 to {world.knobs.weeks - 1}; got {items}, {week}."
        )
    seed, n, trust = world.crowd.seed, len(world.crowd), world.trust[:, week].astype(np.float64)
    whole = world.knobs.reliability
    one = whole / (items - (items - 1) * whole)
    noise = stream(seed, Source.ITEMS, week).standard_normal((n, items))
    scores = one**0.5 * trust[:, None] + (1 - one) ** 0.5 * TRUST_SD * noise
    asked = world.present[:, week].copy()
    willing = 1 / (1 + np.exp(1.5 - 0.5 * trust - 0.3 * np.abs(trust)))
    return Survey(
        week=week,
        asked=asked,
        answered=asked & (stream(seed, Source.RESPONDS, week).random(n) < willing),
        items=scores,
        likert=np.clip(np.rint(4 + 1.2 * scores), 1, 7).astype(np.int8),
        recommend=_recommend(trust, stream(seed, Source.NPS, week).standard_normal(n)),
        trust=trust,
    )


def _recommend(trust: Doubles, noise: Doubles) -> NDArray[np.int8]:
    return np.clip(np.rint(7.7 + 1.6 * trust + noise), 0, 10).astype(np.int8)


@dataclass(frozen=True, eq=False)
class Mentions:
    """What people wrote about the shop in public; parallel arrays of m mentions, by week and person.

    Attributes:
        person: who wrote, shape (m,).
        week: when, shape (m,).
        ethical: whether it is about the shop's ethics, shape (m,).
        polarity: what it says, −1, 0 or 1, shape (m,).
        classified: what the classifier takes it for; it errs as `CONFUSION` says, shape (m,).
        audited: whether it is among the ethical ones of which somebody read and labelled a random few, shape (m,).
    """

    person: Ints
    week: Ints
    ethical: Bools
    polarity: NDArray[np.int8]
    classified: NDArray[np.int8]
    audited: Bools

    def __len__(self) -> int:
        return self.person.size


def mentions(world: World, *, rate: float = 0.01, audit: int = _AUDITED) -> Mentions:
    """All mentions: a person writes ``rate`` · exp(0.8 |θ|) times a week, so those of strong feelings write most.

    Args:
        rate: mentions a week at trust 0, at least 0.
        audit: how many ethical mentions are labelled by hand, drawn at random; all where there are fewer.

    Raises:
        BadInput: a negative rate or audit.
    """
    if rate < 0 or audit < 0:
        raise BadInput(f"The rate of mentions and the size of the audit are at least 0; got {rate} and {audit}.")
    rows = [_of_week(world, week, rate) for week in range(world.knobs.weeks)]
    person, week, ethical, polarity, classified = (np.concatenate(column) for column in zip(*rows, strict=True))
    about = np.flatnonzero(ethical)
    drawn = stream(world.crowd.seed, Source.AUDIT).permutation(about)[:audit]
    audited = np.zeros(person.size, dtype=np.bool_)
    audited[drawn] = True
    return Mentions(person, week, ethical, polarity, classified, audited)


def _of_week(world: World, week: int, rate: float) -> tuple[Ints, Ints, Bools, NDArray[np.int8], NDArray[np.int8]]:
    seed, trust = world.crowd.seed, world.trust[:, week].astype(np.float64)
    expected = np.where(world.present[:, week], rate * np.exp(0.8 * np.abs(trust)), 0.0)
    counts = poisson(expected, stream(seed, Source.MENTIONS, week).random(len(world.crowd)))
    person = np.repeat(np.arange(len(world.crowd)), counts)
    m = person.size
    felt = trust[person] + 0.7 * stream(seed, Source.POLARITY, week).standard_normal(m)
    polarity = (felt > 0.4).astype(np.int8) - (felt < -0.4).astype(np.int8)
    level = np.cumsum(CONFUSION, axis=1)[polarity + 1]
    place = (stream(seed, Source.CLASSIFIER, week).random(m)[:, None] >= level[:, :2]).sum(axis=1)
    ethical = stream(seed, Source.TOPIC, week).random(m) < _ETHICAL
    return person, np.full(m, week), ethical, polarity, _SAYS[place]
