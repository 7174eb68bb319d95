"""Judging one way of choosing from another's decisions, on real logs of both (Open Bandit Dataset, the small version).

In each campaign one policy chose at random and one by Thompson sampling, so each can be judged from the other's log and
compared with what it really brought there. The truth is a mean of 10,000 decisions with some forty clicks: uncertain
itself, so a difference is judged beside both errors together.
"""

import os
from pathlib import Path

import duckdb
import numpy as np

from benchmarks.rows import Figure, at_most
from goodwill.measure.offpolicy import Evaluation, Floats, Logged, evaluate

CAMPAIGNS = ("all", "men", "women")


def run() -> list[Figure]:
    """Clicks a thousand decisions; what is refused shows what its decisions are worth."""
    folder = _folder()
    figures = []
    for campaign in CAMPAIGNS:
        by_chance, sampled = _load(folder, "random", campaign), _load(folder, "bts", campaign)
        actions = int(max(by_chance.action.max(), sampled.action.max())) + 1
        rows = by_chance.action.size
        often = np.bincount(sampled.action, minlength=actions) / rows
        figures += _judged(f"{campaign}: Thompson sampling from the random log", by_chance, sampled, _each(often, rows))
        even = np.full(actions, 1 / actions)
        figures += _judged(
            f"{campaign}: at random from the log of Thompson sampling", sampled, by_chance, _each(even, rows)
        )
    return figures


def _folder() -> Path:
    """The folder of that data set: in GOODWILL_DATA, or in `shared/data` beside this repository or above it."""
    named = os.environ.get("GOODWILL_DATA")
    here = Path(__file__).resolve()
    places = [Path(named)] if named else [folder / "shared" / "data" for folder in here.parents]
    found = next((place / "open-bandit-small" for place in places if (place / "open-bandit-small").is_dir()), None)
    if found is None:
        raise FileNotFoundError("Set GOODWILL_DATA to the folder that holds open-bandit-small.")
    return found


def _each(chances: Floats, rows: int) -> Floats:
    return np.tile(chances, (rows, 1))


def _judged(name: str, logged: Logged, other: Logged, target: Floats) -> list[Figure]:
    found = evaluate(logged, target)
    truth = float(other.reward.mean())
    if found.refused:
        worth = f"(worth {found.ess:,.0f} decisions, {found.rewards:.0f} clicks)"
        return [Figure(f"{name}: refused {worth}; it really brought", truth * 1_000, "clicks/1,000")]
    error = float(other.reward.std()) / other.reward.size**0.5
    return [
        Figure(f"{name}; it really brought", truth * 1_000, f"± {error * 1_960:.1f} clicks/1,000"),
        *_estimates(found, truth, error),
    ]


def _estimates(found: Evaluation, truth: float, error: float) -> list[Figure]:
    figures = []
    for name, one in (("IPS", found.ips), ("SNIPS", found.snips), ("doubly robust", found.dr)):
        if one is not None:
            reach = f"({one.low * 1_000:.1f} to {one.high * 1_000:.1f})"
            figures.append(Figure(f"… {name} {reach}", one.value * 1_000, "clicks/1,000"))
            off = abs(one.value - truth) / (one.error**2 + error**2) ** 0.5
            figures.append(at_most(f"… {name}, off the truth, in standard errors of both", off, "", 1.96))
    return figures


def _load(folder: Path, policy: str, campaign: str) -> Logged:
    file = str(folder / f"{policy}_{campaign}.parquet")
    question = "SELECT item_id, click, propensity_score FROM read_parquet(?) ORDER BY column00"
    found = duckdb.execute(question, [file]).fetchnumpy()
    return Logged(
        found["item_id"].astype(np.int64), found["click"].astype(float), found["propensity_score"].astype(float),
        np.arange(found["click"].size),
    )  # fmt: skip
