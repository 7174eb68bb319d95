"""What customers are still worth: fits on the CDNOW sample beside lifetimes, a million customers, traits, a bootstrap.

Seconds are of the processor, in one process; the peer's parameters are compared too, so that both did the same work.
"""

import os
import resource
import subprocess
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time

import numpy as np

from benchmarks.rows import Figure, at_least, at_most
from goodwill.learn.lifetime import BgNbd, ParetoNbd, Rfm, bgnbd, covariates, intervals, pareto, rfm

Customers = tuple[np.ndarray, np.ndarray, np.ndarray]

TRIES = 15
MILLION = 1_000_000


def run() -> list[Figure]:
    """Medians of some tries; the last three once."""
    seen = _cdnow()
    customers = (seen.x, seen.t_x, seen.T)
    bg, bg_seconds = _fitted(lambda: bgnbd.fit(*customers))
    pn, pn_seconds = _fitted(lambda: pareto.fit(*customers))
    return [
        at_most("CDNOW, BG/NBD with standard errors", bg_seconds * 1_000, "ms CPU", 15),
        at_most("CDNOW, Pareto/NBD with standard errors", pn_seconds * 1_000, "ms CPU", 40),
        *_beside(customers, bg, bg_seconds, pn, pn_seconds),
        _bootstrapped(pn, customers),
        _with_traits(),
        *_million(),
    ]


def _fitted(fit: Callable[[], "BgNbd | ParetoNbd"]) -> tuple["BgNbd | ParetoNbd", float]:
    """A model and the median of what it took; once before, so that nothing is loaded meanwhile."""
    model, took = fit(), []
    for _ in range(TRIES):
        start = process_time()
        fit()
        took.append(process_time() - start)
    return model, float(np.median(took))


def _cdnow() -> Rfm:
    """The 1/10 sample's first 39 weeks: from GOODWILL_DATA, or `shared/data` beside this repository or above it."""
    named = os.environ.get("GOODWILL_DATA")
    here = Path(__file__).resolve()
    places = [Path(named)] if named else [folder / "shared" / "data" for folder in here.parents]
    file = next((found for place in places if (found := place / "cdnow" / "CDNOW_sample.txt").is_file()), None)
    if file is None:
        raise FileNotFoundError("Set GOODWILL_DATA to the folder that holds cdnow.")
    lines = [line.split() for line in file.read_text("ascii").splitlines()]
    days = np.array([f"{day[:4]}-{day[4:6]}-{day[6:]}" for _, _, day, _, _ in lines], "datetime64[D]")
    return rfm.reduce([int(line[1]) for line in lines], days, np.datetime64("1997-09-30"))


def _beside(
    customers: Customers, bg: "BgNbd | ParetoNbd", bg_seconds: float, pn: "BgNbd | ParetoNbd", pn_seconds: float
) -> list[Figure]:
    """lifetimes, if the environment names an interpreter that has it in GOODWILL_PEERS (`make bench` does)."""
    found = _peer(customers)
    if found is None:
        return []
    figures = []
    for name, key, model, ours in (("BG/NBD", "bg", bg, bg_seconds), ("Pareto/NBD", "pareto", pn, pn_seconds)):
        theirs = float(np.median(found[f"{key}_seconds"]))
        parameters = [getattr(model, one) for one in model.names]
        off = float(np.max(np.abs(found[key] / parameters - 1)))
        figures += [
            Figure(f"… lifetimes 0.11.3, {name}, without standard errors", theirs * 1_000, "ms CPU"),
            at_least(f"… {name}, lifetimes' time to ours", theirs / ours, "×", 1.0),
            at_most(f"… {name}, parameters apart", off, "of their value", 0.01),
        ]
    return figures


def _peer(customers: Customers) -> Mapping[str, np.ndarray] | None:
    python = os.environ.get("GOODWILL_PEERS")
    if not python:
        return None
    with TemporaryDirectory() as folder:
        given, found = Path(folder) / "rows.npz", Path(folder) / "found.npz"
        np.savez(given, **dict(zip(("x", "t_x", "T"), customers, strict=True)))
        script = Path(__file__).with_name("peer_lifetimes.py")
        subprocess.run([python, str(script), str(given), str(found)], check=True, stdout=subprocess.DEVNULL)
        with np.load(found) as file:
            return dict(file)


def _bootstrapped(model: "BgNbd | ParetoNbd", customers: Customers) -> Figure:
    start = process_time()
    intervals.bootstrap(model, *customers, seed=1, draws=500)
    return at_most("CDNOW, 500 bootstraps of the Pareto/NBD", process_time() - start, "s CPU", 15)


def _with_traits() -> Figure:
    dice = np.random.default_rng(1)
    traits = {"consent": dice.random(3_000), "programme": 1.0 * (dice.random(3_000) < 0.4)}
    z = np.stack(list(traits.values()), axis=1)
    customers = _crowd(dice, 3_000, np.exp(z @ [0.4, -0.3]), np.exp(z @ [-0.5, 0.3]))
    _, seconds = _fitted(lambda: covariates.fit(*customers, traits))  # type: ignore[arg-type, return-value]
    return at_most("Pareto/NBD with 2 + 2 traits and standard errors, 3,000 customers", seconds, "s CPU", 0.4)


def _crowd(dice: np.random.Generator, n: int, buys: "np.ndarray | float", leaves: "np.ndarray | float") -> Customers:
    """Buyers as the Pareto/NBD has them, seen for half a year to a year, in weeks to the day."""
    rate = dice.gamma(0.6, 1 / 10, n) * buys
    life = dice.exponential(1 / (dice.gamma(0.6, 1 / 12, n) * leaves))
    T = dice.integers(26 * 7, 52 * 7, n) / 7
    seen = np.minimum(T, life)
    x = dice.poisson(rate * seen)
    t_x = np.where(x > 0, np.ceil(7 * seen * dice.random(n) ** (1 / np.maximum(x, 1))) / 7, 0.0)
    return x.astype(np.float64), np.minimum(t_x, T), T


def _million() -> list[Figure]:
    """In a process of its own, whose memory is the fit's."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        rows, bg_seconds, pn_seconds, gigabytes = pool.submit(_fit_a_million).result()
    return [
        Figure("1,000,000 customers, dates to the day: different rows", rows, ""),
        Figure("… BG/NBD with standard errors", bg_seconds, "s CPU"),
        at_most("… Pareto/NBD with standard errors", pn_seconds, "s CPU", 12),
        at_most("… memory at most", gigabytes, "GB", 1.5),
    ]


def _fit_a_million() -> tuple[int, float, float, float]:
    customers = _crowd(np.random.default_rng(5), MILLION, 1.0, 1.0)
    seconds = []
    for fit in (bgnbd.fit, pareto.fit):
        start = process_time()
        fit(*customers)
        seconds.append(process_time() - start)
    rows = int(np.unique(np.stack(customers), axis=1).shape[1])
    return rows, *seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9  # type: ignore[return-value]
