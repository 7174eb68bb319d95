"""Measure everything and write docs/benchmarks.md; ``python -m benchmarks NAME …`` measures some and only prints.

Run it on a machine that does nothing else: figures are ratios and medians, and still a busy neighbour shows.
"""

import json
import os
import platform
import sys
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

from benchmarks.rows import Figure

MODULES = {
    "accuracy": "How good the suggestions are",
    "offpolicy": "Judging a way of choosing from another's decisions",
    "measures": "Measures on a million rows",
    "arms": "Learning which of a few to show",
    "trials": "Measuring experiments",
    "lifetime": "What customers are still worth",
    "import": "Bringing a shop in",
    "affinity": "Learning and forgetting",
    "decide": "Deciding",
    "collect": "Taking in what happens",
    "consent": "Asking and answering",
    "door": "While somebody guesses passwords",
    "erase": "Erasing, and renewing keys",
    "copies": "A person's own copy",
    "totals": "Totals over many people",
    "office": "Pages of the office",
    "segments": "Counting a segment while its rule is written",
    "report": "Reporting the return",
    "ledger": "Proving what people said",
    "attribution": "Crediting channels",
    "causal": "Correcting for who opts in",
    "world": "Inventing a world with known truth",
    "cli": "Starting",
}
_TABLE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"
_KEPT = Path(__file__).resolve().parent / "figures.json"


def main(names: list[str]) -> None:
    """Measure the modules of these names, or all; keep what was measured and write the table from all that is kept."""
    kept = json.loads(_KEPT.read_text()) if _KEPT.exists() else {}
    for name in names or MODULES:
        rows = [_figure(row) for row in import_module(f"benchmarks.bench_{name}").run()]
        kept[name] = {"when": datetime.now(UTC).date().isoformat(), "machine": _machine(), "rows": rows}
        for row in rows:
            print(_line(row), flush=True)
        _KEPT.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")
    _TABLE.write_text(_page(kept))


def _figure(row: "Figure | dict[str, object]") -> dict[str, object]:
    if isinstance(row, Figure):
        return {"name": row.name, "value": row.value, "unit": row.unit, "target": row.target, "met": row.met}
    return row


def _machine() -> str:
    gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores, {gib:.0f} GiB, {platform.system()}, Python {platform.python_version()}"


def _line(row: dict[str, object]) -> str:
    met = {True: "reached", False: "**not reached**", None: ""}[row.get("met")]  # type: ignore[index]
    return f"| {row['name']} | {_number(row['value'])} {row['unit']} | {row.get('target') or ''} | {met} |"


def _number(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.3f}" if abs(value) < 10 else f"{value:,.1f}" if abs(value) < 1_000 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _page(kept: dict[str, dict[str, object]]) -> str:
    lines = [
        "# Figures",
        "",
        "What goodwill promises, measured with `make bench`. Ratios are to a floor or a peer in the same run; seconds",
        "depend on the machine. Figures without a target stand for comparison.",
    ]
    for name, title in MODULES.items():
        if name in kept:
            found = kept[name]
            lines += ["", f"## {title}", "", f"{found['when']}, {found['machine']}", ""]
            lines += ["| figure | measured | target | |", "|---|---:|---|---|"]
            lines += [_line(row) for row in found["rows"]]  # type: ignore[attr-defined]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main(sys.argv[1:])
