"""The peer's side of a comparison, run by the interpreter of its own venv: ``python peer_lifetimes.py IN.npz OUT.npz``.

Knows nothing of goodwill. Reads customers as (x, t_x, T); writes processor seconds and parameters of lifetimes' BG/NBD
and Pareto/NBD, as its manual fits them.
"""

import sys
import time
from pathlib import Path

import numpy as np
from lifetimes import BetaGeoFitter, ParetoNBDFitter

TIMES = 3


def main(given: Path, found: Path) -> None:
    with np.load(given) as file:
        customers = file["x"], file["t_x"], file["T"]
    out: dict[str, np.ndarray] = {}
    for name, kind in (("bg", BetaGeoFitter), ("pareto", ParetoNBDFitter)):
        seconds = []
        for _ in range(TIMES):
            model = kind(penalizer_coef=0.0)
            start = time.process_time()
            model.fit(*customers)
            seconds.append(time.process_time() - start)
        out |= {f"{name}_seconds": np.array(seconds), name: np.array(list(model.params_.values))}
    np.savez(found, **out)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
