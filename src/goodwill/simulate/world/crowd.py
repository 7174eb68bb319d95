"""The people of the world with known truth: who they are, before anything happens to them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from goodwill.basics.errors import BadInput
from goodwill.simulate.world.knobs import Knobs
from goodwill.simulate.world.noise import Bools, Doubles, Ints, Source, stream

_SHAPE, _SCALE = 0.6, 1 / 9  # of the order rate's gamma distribution


@dataclass(frozen=True, eq=False)
class Crowd:
    """People as they are drawn; every world in which they live has the same ones. Arrays of n people.

    Attributes:
        x: what the shop can measure, standard normal, shape (n, 3).
        trust: baseline trust θ₀, to which trust returns; mean 0, standard deviation 1.003, shape (n,).
        rate: orders a week at trust 0 and without any message, shape (n,).
        spend: major units of the shop's currency an order, shape (n,).
        would_consent: chance of a yes when asked, shape (n,).
        consents: what they answer when asked, shape (n,).
        assigned: whether they are drawn for the programme, shape (n,).
        entry: week in which they enter the programme or its control and are asked for consent, shape (n,).
        friend: whose referral reaches each, nobody's own, shape (n,).
        foreign: whether they pay in the foreign currency, shape (n,).
    """

    knobs: Knobs
    seed: int
    x: Doubles
    trust: Doubles
    rate: Doubles
    spend: Doubles
    would_consent: Doubles
    consents: Bools
    assigned: Bools
    entry: Ints
    friend: Ints
    foreign: Bools

    def __len__(self) -> int:
        return self.rate.size

    @property
    def covariates(self) -> Doubles:
        """What the shop may adjust for: X, and baseline trust unless it is hidden; shape (n, 3) or (n, 4)."""
        return self.x if self.knobs.hidden_trust else np.column_stack([self.x, self.trust])


def draw(knobs: Knobs, seed: int = 0) -> Crowd:
    """The people of a world. The same knobs and seed give the same people.

    Raises:
        BadInput: a negative seed.
    """
    if seed < 0:
        raise BadInput(f"The seed of a world is a whole number from 0 on; got {seed}.")
    n = knobs.people
    x = stream(seed, Source.COVARIATES).standard_normal((n, 3))
    trust = 0.4 * x[:, 0] + 0.92 * stream(seed, Source.BASELINE).standard_normal(n)
    gamma = stream(seed, Source.RATE).standard_gamma(_SHAPE, n) * _SCALE
    would = _logistic(_log_odds(knobs, x, trust))
    return Crowd(
        knobs=knobs,
        seed=seed,
        x=x,
        trust=trust,
        rate=gamma * np.exp(0.35 * x[:, 0] + 0.25 * x[:, 1]),
        spend=40.0 * np.exp(0.2 * x[:, 2] + 0.3 * stream(seed, Source.SPEND).standard_normal(n)),
        would_consent=would,
        consents=stream(seed, Source.CONSENT).random(n) < would,
        assigned=stream(seed, Source.ARM).random(n) < knobs.treated,
        entry=knobs.weeks_before + (stream(seed, Source.WAVE).random(n) * knobs.waves).astype(np.int64),
        friend=_friends(seed, n),
        foreign=stream(seed, Source.PAYS).random(n) < knobs.foreign,
    )


def _log_odds(knobs: Knobs, x: Doubles, trust: Doubles) -> Doubles:
    """Of consent, as designed or moved until the expected share is the one that was asked for."""
    slope = knobs.confounding * (0.9 * trust + 0.4 * x[:, 1]) + (1 / knobs.overlap - 1) * x[:, 2]
    if knobs.consent_share is None:
        return 0.1 + slope
    low, high = -200.0, 200.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _logistic(middle + slope).mean() < knobs.consent_share else (low, middle)
    return low + slope


def _friends(seed: int, n: int) -> Ints:
    """A ring in random order: everybody has one friend and is the friend of one."""
    order = stream(seed, Source.FRIEND).permutation(n)
    friend = np.empty(n, dtype=np.int64)
    friend[order] = np.roll(order, 1)
    return friend


def _logistic(log_odds: Doubles) -> NDArray[np.float64]:
    return 0.5 * (1 + np.tanh(log_odds / 2))  # without the overflow of exp
