"""The peers' side of a comparison, run by the interpreter of their own venv: ``python peers.py IN.npz OUT.npz``.

Knows nothing of goodwill. Reads a matrix of people × items in CSR form; writes seconds and each person's ten best items
that are not in her row, for implicit's cosine and RecTools' EASE as their manuals set them up.
"""

import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
from implicit.nearest_neighbours import CosineRecommender
from rectools import Columns
from rectools.dataset import Dataset
from rectools.models import EASEModel
from scipy import sparse

TIMES = 3


def main(given: Path, found: Path) -> None:
    with np.load(given) as file:
        item, starts, shape, weight = file["item"], file["starts"], tuple(file["shape"]), float(file["weight"])
    matrix = sparse.csr_matrix((np.ones(item.size, np.float32), item, starts), shape=shape)
    out: dict[str, np.ndarray] = {}
    seconds, best = [], None
    for _ in range(TIMES):
        cosine = CosineRecommender()
        start = time.perf_counter()
        cosine.fit(matrix, show_progress=False)
        seconds.append(time.perf_counter() - start)
    best, _ = cosine.recommend(np.arange(shape[0]), matrix, N=10, filter_already_liked_items=True)
    out |= {"cosine_seconds": np.array(seconds), "cosine": best}
    person = np.repeat(np.arange(shape[0]), np.diff(starts))
    when = pd.Timestamp(2017, 1, 1)
    table = pd.DataFrame({Columns.User: person, Columns.Item: item, Columns.Weight: 1.0, Columns.Datetime: when})
    dataset = Dataset.construct(table)
    for name, chosen in (("ease", weight), ("ease_default", 500.0)):
        seconds = []
        for _ in range(TIMES):
            model = EASEModel(regularization=chosen)
            start = time.perf_counter()
            model.fit(dataset)
            seconds.append(time.perf_counter() - start)
        told = model.recommend(np.unique(person), dataset, k=10, filter_viewed=True)
        best = np.full((shape[0], 10), -1)
        best[told[Columns.User], told[Columns.Rank] - 1] = told[Columns.Item]
        out |= {f"{name}_seconds": np.array(seconds), name: best}
    np.savez(found, **out)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
