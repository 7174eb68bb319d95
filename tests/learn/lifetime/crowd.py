"""Customers for the tests: invented ones with known truth, and the CDNOW sample as the literature reduces it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from goodwill.learn.lifetime import rfm

END = np.datetime64("1997-09-30")  # of the first 39 weeks; 39 more follow
HOLDOUT = 39.0


@dataclass(frozen=True, eq=False)
class Crowd:
    """Invented customers: what was seen of them, their traits, and what they bought in the ``after`` that followed."""

    x: np.ndarray
    t_x: np.ndarray
    T: np.ndarray
    traits: dict[str, np.ndarray]
    later: np.ndarray


def pareto_crowd(
    seed,
    n,
    *,
    r=0.6,
    alpha=10.0,
    s=0.8,
    beta=12.0,
    longest=52.0,
    shortest=26.0,
    after=26.0,
    rate=(),
    dropout=(),
    binary=False,
):
    """Buyers as the Pareto/NBD has them; ``rate`` and ``dropout``: coefficients of traits, the same traits for both.

    Traits are shares and yes-or-no by turns; ``binary``: all yes-or-no.
    """
    dice = np.random.default_rng(seed)
    traits = {
        f"trait{k}": 1.0 * (dice.random(n) < 0.5) if binary or k % 2 else dice.random(n) for k in range(len(rate))
    }
    z = np.stack(list(traits.values()), axis=1) if traits else np.zeros((n, 0))
    buys = dice.gamma(r, 1 / alpha, n) * np.exp(z @ np.array(rate, float))
    leaving = np.maximum(dice.gamma(s, 1 / beta, n), 1e-300) * np.exp(z @ np.array(dropout, float))
    leaves = dice.exponential(1 / leaving)
    T = dice.uniform(shortest, longest, n)
    seen = np.minimum(T, leaves)
    x = dice.poisson(buys * seen)
    t_x = np.where(x > 0, seen * dice.random(n) ** (1 / np.maximum(x, 1)), 0.0)
    later = dice.poisson(buys * np.clip(leaves - T, 0, after))
    return Crowd(x, t_x, T, traits, later)


def bg_crowd(seed, n, *, r=0.6, alpha=6.0, a=0.9, b=3.0, longest=52.0, shortest=26.0):
    """Buyers as the BG/NBD has them, purchase by purchase."""
    dice = np.random.default_rng(seed)
    buys, leaves = dice.gamma(r, 1 / alpha, n), dice.beta(a, b, n)
    T = dice.uniform(shortest, longest, n)
    x, t_x, at, there = np.zeros(n, int), np.zeros(n), np.zeros(n), np.ones(n, bool)
    while there.any():
        at = at + dice.exponential(1 / buys)
        there &= at <= T
        x, t_x = x + there, np.where(there, at, t_x)
        there &= dice.random(n) >= leaves
    return Crowd(x, t_x, T, {}, np.zeros(n))


def amounts_crowd(seed, x, *, p=6.0, q=4.0, v=15.0):
    """Mean amounts as Gamma–Gamma has them; 0 for who never came back."""
    dice = np.random.default_rng(seed)
    scale = dice.gamma(q, 1 / v, x.size)
    return np.where(x > 0, dice.gamma(p * np.maximum(x, 1), 1 / scale) / np.maximum(x, 1), 0.0)


def cdnow_lines(folder: Path):
    """Person, day and amount of each line of the 1/10 sample."""
    lines = [line.split() for line in (folder / "cdnow" / "CDNOW_sample.txt").read_text("ascii").splitlines()]
    days = np.array([f"{day[:4]}-{day[4:6]}-{day[6:]}" for _, _, day, _, _ in lines], "datetime64[D]")
    return np.array([int(line[1]) for line in lines]), days, np.array([float(line[4]) for line in lines])


@dataclass(frozen=True, eq=False)
class Cdnow:
    """The first 39 weeks in weeks, and how often each came in the 39 after."""

    seen: rfm.Rfm
    later: np.ndarray


def cdnow_of(folder: Path) -> Cdnow:
    people, days, amounts = cdnow_lines(folder)
    seen = rfm.reduce(people, days, END, amounts=amounts, unit="week")
    assert seen.people is not None
    after = np.unique(np.stack([people[days > END], days[days > END].astype(np.int64)]), axis=1)[0]
    return Cdnow(seen, np.array([np.count_nonzero(after == one) for one in seen.people]))
