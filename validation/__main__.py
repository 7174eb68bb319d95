"""Run all studies and write docs/validation.md; ``python -m validation NAME …`` runs some and only prints.

``--small`` takes few worlds and asks only whether what was found can be chance: the everyday tests do that.
"""

import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from validation.studies import STUDIES, several
from validation.study import Found, Result, Study, judged

_PAGE = Path(__file__).resolve().parent.parent / "docs" / "validation.md"
_CHUNKS = 16
_ABOUT = (
    "`make validate` lets invented people live through many worlds in which the truth is known ([the rules]"
    "(simulation.md)), asks each measure, and counts how often it was right. Nothing on this page is typed by hand."
)
_HOW = (
    "± is one standard error, by chance over the worlds. An interval of 95 % that is as it should be comes out beyond "
    "94 to 96 % about once in 25 times by chance, where 2,000 worlds are tried."
)
_ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


def main(names: Sequence[str]) -> int:
    """0 where every claim holds, else 1."""
    unknown = sorted(set(names) - {study.name for study in STUDIES})
    if unknown:
        print(f"There is no study '{unknown[0]}'; there are: {', '.join(study.name for study in STUDIES)}.")
        return 2
    for name in _ONE_THREAD:
        os.environ[name] = "1"  # before a worker loads numpy
    chosen = [study for study in STUDIES if not names or study.name in names]
    found, began = [], time.monotonic()
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        for study in chosen:
            started = time.monotonic()
            results = judged(study, _worlds(pool, study))
            found.append((study, results, time.monotonic() - started))
            for result in results:
                print(_line(study, result), flush=True)
    if not names:
        _PAGE.write_text(page(found, time.monotonic() - began))
        print(f"{_PAGE.name} was written.")
    return 0 if all(result.holds for _, results, _ in found for result in results) else 1


def _worlds(pool: ProcessPoolExecutor, study: Study) -> list[Found]:
    place, seeds = STUDIES.index(study), range(study.worlds)
    parts = [pool.submit(several, place, seeds[start::_CHUNKS]) for start in range(_CHUNKS)]
    return [one for part in parts for one in part.result()]


def _line(study: Study, result: Result) -> str:
    found = f"{told(result)} (wanted {wanted(result)}; {result.worlds:,} worlds)"
    return f"{study.name}: {result.claim.says}: {found}: {verdict(result)}"


def told(result: Result) -> str:
    return f"{_number(result, result.mean)} ± {_number(result, result.error)}"


def wanted(result: Result) -> str:
    return f"{_number(result, result.claim.low)} to {_number(result, result.claim.high)}"


def verdict(result: Result) -> str:
    return "holds" if result.holds else "**does not hold**"


def _number(result: Result, value: float) -> str:
    return f"{100 * value:.2f} %" if result.claim.percent else f"{value:.3f}"


def page(found: list[tuple[Study, list[Result], float]], seconds: float) -> str:
    """docs/validation.md."""
    held = sum(result.holds for _, results, _ in found for result in results)
    claims = sum(len(results) for _, results, _ in found)
    lines = [
        "# Do the measures tell the truth?",
        "",
        _ABOUT,
        "",
        f"{held} of {claims} claims hold; it took {seconds / 60:.1f} minutes on {os.cpu_count()} cores. {_HOW}",
        "",
    ]
    for study, results, took in found:
        most = max((result.worlds for result in results), default=0)
        lines += [
            f"## {study.name[0].upper()}{study.name[1:]}", "",
            f"{study.says[0].upper()}{study.says[1:]}; {most:,} worlds, {took:.0f} s.", "",
            "| what has to hold | found | wanted | worlds | |", "|---|---|---|---|---|",
            *(f"| {r.claim.says} | {told(r)} | {wanted(r)} | {r.worlds:,} | {verdict(r)} |" for r in results), "",
            *([study.note, ""] if study.note else []),
        ]  # fmt: skip
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
