"""Which channels the orders are credited to: by fixed rules, by an exact Markov chain, by Shapley's equal split.

A credit says how observed orders are shared out, and nothing of what a channel caused: a channel that reaches whoever
would have bought anyway collects much and causes nothing. Where a channel was held back from some people by lot, its
credit is put right by what the holdout found; without one it is no ground for spending money (evidence grade D).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, pairwise
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from goodwill.basics.errors import BadInput
from goodwill.measure.estimate import LEVEL, Estimate, check_level

Floats: TypeAlias = NDArray[np.float64]
Whole: TypeAlias = NDArray[np.int64]
Path: TypeAlias = Sequence[str]

RULES: Final = ("last", "first", "linear", "position", "time-decay")
_BOOTSTRAPS: Final = 200
_ENDS: Final = 0.4  # of a credit by position, for the first and the last touch each; the rest lies between
_HALF_LIFE: Final = 1.0  # of a credit by time, in touches before the last
_NO_CAUSE: Final = "Credits say how orders are shared out, not what a channel caused; a holdout tells that."


@dataclass(frozen=True, slots=True)
class Credit:
    """What one channel is credited with.

    Attributes:
        orders: of all observed orders; the credits of all channels add up to them.
        share: the same as a part of 1.
        removal: of the Markov chain alone: the share of orders that would not come if nobody passed the channel.
    """

    channel: str
    orders: Estimate
    share: float
    removal: Estimate | None = None

    def to_dict(self) -> Mapping[str, Any]:
        removal = None if self.removal is None else self.removal.to_dict()
        return {"channel": self.channel, "orders": self.orders.to_dict(), "share": self.share, "removal": removal}


@dataclass(frozen=True, slots=True)
class Credits:
    """What each channel is credited with, in one way of sharing out.

    Attributes:
        credits: in the order of channels by name; none where ``refused`` says why.
        orders: observed; paths: that ended in an order or in none.
        base: of the Markov chain alone: its chance that a path ends in an order, which is the observed share of them.
    """

    method: str
    credits: tuple[Credit, ...]
    orders: int
    paths: int
    base: float | None = None
    warnings: tuple[str, ...] = (_NO_CAUSE,)
    refused: str = ""

    def of(self, channel: str) -> Credit:
        """The credit of one channel.

        Raises:
            BadInput: no path passes it.
        """
        for one in self.credits:
            if one.channel == channel:
                return one
        raise BadInput(f"No path passes '{channel}'; channels are: {', '.join(one.channel for one in self.credits)}.")

    def to_dict(self) -> Mapping[str, Any]:
        return {
            "method": self.method, "orders": self.orders, "paths": self.paths, "base": self.base,
            "credits": [one.to_dict() for one in self.credits], "warnings": list(self.warnings),
            "refused": self.refused,
        }  # fmt: skip


# ---- the ways --------------------------------------------------------------------------------------------------------


def markov(
    paths: Sequence[Path],
    conversions: ArrayLike,
    nulls: ArrayLike | None = None,
    *,
    bootstraps: int = _BOOTSTRAPS,
    level: float = LEVEL,
    seed: int = 0,
) -> Credits:
    """Credit by removal effects in an order-1 Markov chain, computed exactly (Anderl et al., IJRM 33, 2016).

    The removal effect of a channel is the share of orders whose walk passes it: h·v / P, where h is the chance that a
    walk from the start ever reaches it, v the chance of an order from there, and P that from the start. Credits are
    the orders times each effect over the sum of all.

    Args:
        paths: the channels that somebody passed, in order; at least one each.
        conversions: how many times each path ended in an order; whole numbers, shape (paths,).
        nulls: how many times it ended in none; without them every walk ends in an order.
        bootstraps: samples of whole paths behind the intervals.

    Raises:
        BadInput: lengths that differ, an empty path, or a count that is negative or no whole number.
    """
    walked = _walked(paths, conversions, nulls)
    refused = walked.refusal
    if refused:
        return Credits("markov", (), walked.orders, walked.total, refused=refused)
    walks = _Walks(walked)
    effects, base = walks.effects(walked.counts)
    drawn = np.stack([walks.effects(counts)[0] for counts in _resampled(walked, bootstraps, seed)])
    sampled = walked.orders * drawn / drawn.sum(axis=1, keepdims=True)
    found = _credits(walked, walked.orders * effects / effects.sum(), sampled, level, effects, drawn)
    return Credits("markov", found, walked.orders, walked.total, base=base, warnings=_warned(walked))


def shapley(
    paths: Sequence[Path],
    conversions: ArrayLike,
    nulls: ArrayLike | None = None,
    *,
    bootstraps: int = _BOOTSTRAPS,
    level: float = LEVEL,
    seed: int = 0,
) -> Credits:
    """Credit by the Shapley value, where the worth of some channels is the orders whose path passes no other.

    In this game it is each order split equally among its distinct channels. Arguments and errors as for `markov`.
    """
    return _linear("shapley", _walked(paths, conversions, nulls), _equal_split, bootstraps, level, seed)


def rule_attribution(
    paths: Sequence[Path],
    conversions: ArrayLike,
    nulls: ArrayLike | None = None,
    *,
    rule: str = "last",
    half_life: float = _HALF_LIFE,
    bootstraps: int = _BOOTSTRAPS,
    level: float = LEVEL,
    seed: int = 0,
) -> Credits:
    """Credit by a fixed rule.

    Args:
        rule: last, first, linear, position (two fifths for the first and the last touch each, the rest between) or
            time-decay (a touch counts half as much as one that comes ``half_life`` touches later).
        paths, conversions, nulls, bootstraps, level, seed: as for `markov`.

    Raises:
        BadInput: no such rule, a half-life that is not above 0; else as for `markov`.
    """
    if rule not in RULES:
        raise BadInput(f"There is no rule '{rule}'; rules are: {', '.join(RULES)}.")
    if not half_life > 0:
        raise BadInput(f"A half-life is a number of touches above 0, not {half_life:g}.")
    touches: dict[str, Callable[[int], Floats]] = {
        "last": lambda n: np.eye(n)[-1], "first": lambda n: np.eye(n)[0], "linear": lambda n: np.full(n, 1 / n),
        "position": _by_position, "time-decay": lambda n: _decaying(n, half_life),
    }  # fmt: skip
    weigh = touches[rule]

    def shared(numbers: Whole, channels: int) -> Floats:
        return np.bincount(numbers, weights=weigh(numbers.size), minlength=channels).astype(np.float64)

    return _linear(rule, _walked(paths, conversions, nulls), shared, bootstraps, level, seed)


def _by_position(touches: int) -> Floats:
    if touches <= 2:
        return np.full(touches, 1 / touches)
    found = np.full(touches, (1 - 2 * _ENDS) / (touches - 2))
    found[[0, -1]] = _ENDS
    return found


def _decaying(touches: int, half_life: float) -> Floats:
    found = 0.5 ** (np.arange(touches)[::-1] / half_life)
    return np.asarray(found / found.sum())


def _equal_split(numbers: Whole, channels: int) -> Floats:
    found = np.zeros(channels)
    distinct = np.unique(numbers)
    found[distinct] = 1 / distinct.size
    return found


# ---- all beside each other -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Attribution:
    """Several ways of sharing out beside each other.

    Attributes:
        ways: by name.
        disagreement: of each channel, how far the ways are apart: (largest − smallest credit) / their mean.
        calibrated: orders by channel after holdouts: a tested channel has what its holdout found, and the others share
            what is left as the Markov chain has it. Empty where there is no holdout.
        tested: the channels with a holdout; the others have evidence grade D, and enter no return on investment.
        beyond: orders that no channel caused by the holdouts of all, where every channel has one.
    """

    ways: Mapping[str, Credits]
    disagreement: Mapping[str, float]
    calibrated: Mapping[str, float] = field(default_factory=dict)
    tested: tuple[str, ...] = ()
    beyond: float = 0.0
    warnings: tuple[str, ...] = ()
    refused: str = ""

    @property
    def index(self) -> float:
        """The largest disagreement of any channel."""
        return max(self.disagreement.values(), default=0.0)

    def to_dict(self) -> Mapping[str, Any]:
        return {
            "ways": {name: one.to_dict() for name, one in self.ways.items()}, "disagreement": dict(self.disagreement),
            "index": self.index, "calibrated": dict(self.calibrated), "tested": list(self.tested),
            "beyond": self.beyond, "warnings": list(self.warnings), "refused": self.refused,
        }  # fmt: skip


def attribution(
    paths: Sequence[Path],
    conversions: ArrayLike,
    nulls: ArrayLike | None = None,
    *,
    holdouts: Mapping[str, float] | None = None,
    bootstraps: int = _BOOTSTRAPS,
    level: float = LEVEL,
    seed: int = 0,
) -> Attribution:
    """Every way of sharing out, how far they are apart, and what holdouts make of it.

    Args:
        holdouts: the orders that each tested channel caused by its holdout, over the same time.
        paths, conversions, nulls, bootstraps, level, seed: as for `markov`.

    Raises:
        BadInput: a holdout of a channel that no path passes, or that found more orders than there are; else as for
            `markov`.
    """
    same: dict[str, Any] = {"bootstraps": bootstraps, "level": level, "seed": seed}
    ways = {rule: rule_attribution(paths, conversions, nulls, rule=rule, **same) for rule in RULES}
    ways |= {"markov": markov(paths, conversions, nulls, **same), "shapley": shapley(paths, conversions, nulls, **same)}
    chain_ = ways["markov"]
    if chain_.refused:
        return Attribution(ways, {}, refused=chain_.refused)
    channels = [one.channel for one in chain_.credits]
    by_way = {
        channel: [value for way in ways.values() if (value := way.of(channel).orders.value) is not None]
        for channel in channels
    }
    apart = {
        channel: (max(values) - min(values)) / mean if (mean := sum(values) / len(values)) > 0 else 0.0
        for channel, values in by_way.items()
    }
    found = {one.channel: one.orders.value or 0.0 for one in chain_.credits}
    calibrated, beyond = _calibrated(found, chain_.orders, holdouts or {})
    return Attribution(ways, apart, calibrated, tuple(sorted(holdouts or {})), beyond, chain_.warnings)


def _calibrated(
    found: Mapping[str, float], orders: int, holdouts: Mapping[str, float]
) -> tuple[Mapping[str, float], float]:
    if not holdouts:
        return {}, 0.0
    if unknown := sorted(holdouts.keys() - found.keys()):
        raise BadInput(f"No path passes '{unknown[0]}', so its holdout cannot be used; channels: {', '.join(found)}.")
    if not all(np.isfinite(caused) for caused in holdouts.values()) or sum(holdouts.values()) > orders:
        raise BadInput(f"Holdouts cannot have found more than the {orders} orders that were observed in the same time.")
    others = {channel: credit for channel, credit in found.items() if channel not in holdouts}
    left, credit = orders - sum(holdouts.values()), sum(others.values())
    shared = {channel: left * one / credit if credit else 0.0 for channel, one in others.items()}
    return {channel: holdouts.get(channel, shared.get(channel, 0.0)) for channel in found}, 0.0 if others else left


# ---- what was walked -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Walked:
    """Distinct paths with how often each ended in an order, and in none; counts add and subtract exactly.

    Attributes:
        channels: by name; numbers: the channels of each path.
        counts: shape (2 · paths,): orders of each path, then its walks without one.
    """

    channels: tuple[str, ...]
    numbers: tuple[Whole, ...]
    counts: Whole

    @property
    def orders(self) -> int:
        return int(self.counts[: len(self.numbers)].sum())

    @property
    def total(self) -> int:
        return int(self.counts.sum())

    @property
    def refusal(self) -> str:
        """Why nothing can be shared out; "" where it can."""
        if not self.total:
            return "Nobody passed any channel in this time, so there is nothing to share out."
        if not self.orders:
            return f"None of the {self.total} paths ended in an order, so there is nothing to share out."
        return ""


def _walked(paths: Sequence[Path], conversions: ArrayLike, nulls: ArrayLike | None) -> _Walked:
    came = _counts(conversions, len(paths), "conversions")
    left = np.zeros(len(paths), np.int64) if nulls is None else _counts(nulls, len(paths), "nulls")
    channels = tuple(sorted(set(chain.from_iterable(paths))))
    number = {channel: n for n, channel in enumerate(channels)}
    place: dict[tuple[int, ...], int] = {}
    distinct = np.empty(len(paths), np.int64)
    for n, path in enumerate(paths):
        if isinstance(path, str) or not len(path):
            raise BadInput(f"Path {n} is a list of at least one channel, such as ['mail', 'search']; this is {path!r}.")
        distinct[n] = place.setdefault(tuple(number[channel] for channel in path), len(place))
    counts = np.zeros((2, len(place)), np.int64)
    np.add.at(counts[0], distinct, came)
    np.add.at(counts[1], distinct, left)
    return _Walked(channels, tuple(np.array(one, np.int64) for one in place), counts.ravel())


def _counts(given: ArrayLike, paths: int, name: str) -> Whole:
    found = np.asarray(given)
    if found.shape != (paths,):
        raise BadInput(f"`{name}` is one number for each of the {paths} paths, not an array of shape {found.shape}.")
    if found.size and (not np.issubdtype(found.dtype, np.number) or not np.all(np.isfinite(found))):
        raise BadInput(f"`{name}` holds something that is no number.")
    if np.any(found < 0) or np.any(found != np.floor(found)):
        raise BadInput(f"`{name}` holds counts: whole numbers from 0 on.")
    return found.astype(np.int64)


def _warned(walked: _Walked) -> tuple[str, ...]:
    if walked.orders < walked.total:
        return (_NO_CAUSE,)
    alone = "Only paths that ended in an order were given: a chain cannot tell what a channel lost."
    return (_NO_CAUSE, alone)


# ---- the chain -------------------------------------------------------------------------------------------------------


class _Walks:
    """The steps of each path: a table of paths × transitions, built once, from which any sample of paths is counted.

    States: the start, then each channel; a step leads to a channel, to an order, or to nothing.
    """

    def __init__(self, walked: _Walked) -> None:
        self._channels = len(walked.channels)
        width = self._channels + 2
        rows, steps = [], []
        for end in (0, 1):  # an order; nothing
            for n, numbers in enumerate(walked.numbers):
                states = [0, *(numbers + 1).tolist()]
                walk = [one * width + other - 1 for one, other in pairwise(states)]
                walk.append(states[-1] * width + self._channels + end)
                rows += [end * len(walked.numbers) + n] * len(walk)
                steps += walk
        self._row, self._step = np.array(rows, np.int64), np.array(steps, np.int64)
        self._shape = (self._channels + 1, width)

    def effects(self, counts: Whole) -> tuple[Floats, float]:
        """The removal effect of each channel, and the chance of an order from the start.

        Args:
            counts: of each path that ended in an order, then of each that did not.
        """
        size = self._channels
        cells = np.bincount(self._step, weights=counts[self._row], minlength=self._shape[0] * self._shape[1])
        table = cells.reshape(self._shape)
        np.fill_diagonal(table[1:, :size], 0.0)  # who stays walks on in the end as if she had not: no effect changes
        left = table.sum(axis=1, keepdims=True)
        step = np.divide(table, left, out=np.zeros_like(table), where=left > 0)
        visits = np.linalg.inv(np.eye(size) - step[1:, :size])  # expected visits between channels (fundamental matrix)
        order = visits @ step[1:, size]
        from_start = step[0, :size] @ visits
        base = float(step[0, :size] @ order)
        if base <= 0:
            return np.zeros(size), 0.0
        return from_start / np.diagonal(visits) * order / base, base


# ---- intervals -------------------------------------------------------------------------------------------------------


def _linear(
    name: str,
    walked: _Walked,
    shared: Callable[[Whole, int], Floats],
    bootstraps: int,
    level: float,
    seed: int,
) -> Credits:
    if walked.refusal:
        return Credits(name, (), walked.orders, walked.total, refused=walked.refusal)
    each = np.stack([shared(numbers, len(walked.channels)) for numbers in walked.numbers])
    sampled = np.stack([counts[: len(walked.numbers)] @ each for counts in _resampled(walked, bootstraps, seed)])
    found = _credits(walked, walked.counts[: len(walked.numbers)] @ each, sampled, level)
    return Credits(name, found, walked.orders, walked.total)


def _resampled(walked: _Walked, bootstraps: int, seed: int) -> Whole:
    """Samples of whole paths with replacement, as counts; at least one order in each."""
    if bootstraps < 2:
        raise BadInput(f"An interval needs 2 samples at least, and better {_BOOTSTRAPS}; not {bootstraps}.")
    random = np.random.default_rng(seed)
    drawn = random.multinomial(walked.total, walked.counts / walked.total, size=bootstraps)
    drawn[drawn[:, : len(walked.numbers)].sum(axis=1) == 0] = walked.counts  # a sample without an order tells nothing
    return np.asarray(drawn, np.int64)


def _credits(
    walked: _Walked,
    orders: Floats,
    sampled: Floats,
    level: float,
    effects: Floats | None = None,
    drawn: Floats | None = None,
) -> tuple[Credit, ...]:
    edges = (1 - check_level(level)) / 2
    low, high = np.quantile(sampled, (edges, 1 - edges), axis=0, method="weibull")  # else too narrow, see intervals.py
    errors = sampled.std(axis=0, ddof=1)
    removal: list[Estimate | None] = [None] * orders.size
    if effects is not None and drawn is not None:
        below, above = np.quantile(drawn, (edges, 1 - edges), axis=0, method="weibull")
        spread = drawn.std(axis=0, ddof=1)
        removal = [
            Estimate(value=float(effects[n]), low=float(below[n]), high=float(above[n]), level=level,
                     standard_error=float(spread[n]), n=walked.total)
            for n in range(effects.size)
        ]  # fmt: skip
    return tuple(
        Credit(
            channel,
            Estimate(value=float(orders[n]), low=float(low[n]), high=float(high[n]), standard_error=float(errors[n]),
                     level=level, n=walked.total),
            float(orders[n] / walked.orders),
            removal[n],
        )
        for n, channel in enumerate(walked.channels)
    )  # fmt: skip
