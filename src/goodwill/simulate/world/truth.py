"""The true effects: what two worlds of one crowd differ by, person by person."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from goodwill.basics.errors import BadInput
from goodwill.simulate.world.crowd import Crowd
from goodwill.simulate.world.knobs import CHANNELS
from goodwill.simulate.world.noise import Doubles
from goodwill.simulate.world.weeks import Choice, World, live


@dataclass(frozen=True, eq=False)
class Truth:
    """What one world has more than another from the launch on. Arrays of n people, the same person in both.

    Attributes:
        orders: whole orders, shape (n,).
        spend: major units of the shop's currency, shape (n,).
        complaints: shape (n,).
        weeks: weeks in which the person had not left, shape (n,).
        ratio: all orders of the one world over all of the other; infinite where the other has none and this one some.
    """

    orders: NDArray[np.int64]
    spend: Doubles
    complaints: NDArray[np.int64]
    weeks: NDArray[np.int64]
    ratio: float


def true_difference(one: World, other: World) -> Truth:
    """What ``one`` has more than ``other``; exact, for both drew the same random numbers.

    Raises:
        BadInput: they are worlds of two crowds.
    """
    if one.crowd.rate is not other.crowd.rate:
        raise BadInput("Only two worlds of one crowd can be compared person by person; draw the crowd once.")
    launch = one.knobs.weeks_before
    orders = one.after - other.after
    complaints, weeks = (
        _after(mine, launch) - _after(theirs, launch)
        for mine, theirs in ((one.complaints, other.complaints), (one.present, other.present))
    )
    return Truth(orders, orders * one.crowd.spend, complaints, weeks, _ratio(one, other))


def effect_of_programme(crowd: Crowd, *, consent: Choice = None) -> Truth:
    """The programme for all against the programme for none."""
    return true_difference(live(crowd, programme=True, consent=consent), live(crowd, programme=False, consent=consent))


def effect_of_consent(crowd: Crowd, *, programme: Choice = None) -> Truth:
    """Everybody served as somebody who consents, against nobody, at the given mix of the programme."""
    return true_difference(
        live(crowd, programme=programme, consent=True), live(crowd, programme=programme, consent=False)
    )


def effect_of_channel(world: World, channel: str) -> Truth:
    """What the messages of one of `CHANNELS` caused: the world, less the same one in which they have no effect.

    Raises:
        BadInput: no such channel.
    """
    if channel not in CHANNELS:
        raise BadInput(f"There is no channel '{channel}' in this world; there are: {', '.join(CHANNELS)}.")
    without: dict[str, Any] = {channel: 0.0}
    silent = replace(world.crowd, knobs=replace(world.knobs, **without))
    return true_difference(world, live(silent, programme=world.programme, consent=world.consent))


def _after(happened: NDArray[np.bool_], launch: int) -> NDArray[np.int64]:
    total: NDArray[np.int64] = happened[:, launch:].sum(axis=1, dtype=np.int64)
    return total


def _ratio(one: World, other: World) -> float:
    mine, theirs = int(one.after.sum()), int(other.after.sum())
    return mine / theirs if theirs else (np.inf if mine else 1.0)
