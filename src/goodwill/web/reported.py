"""The return report as a page shows it: the same words and numbers as on paper, ready for a template."""

from collections.abc import Mapping, Sequence
from typing import Any

from goodwill.measure.answer import Table
from goodwill.measure.figure import Figure
from goodwill.shop.report import Report, cells_of, range_of, value_of


def context_of(report: Report) -> Mapping[str, Any]:
    """What `office/report.html` is rendered with, as ``report``."""
    currency = report.currency
    return {
        "shop": report.shop, "since": report.since, "until": report.until, "made": report.made, "zone": report.zone,
        "currency": currency, "watermark": report.watermark, "verdict": report.verdict, "sentence": report.sentence,
        "again": report.again, "figures": _figures(report.figures, currency),
        "scorecard": _figures(report.scorecard, currency), "tables": [_table(one, currency) for one in report.tables],
        "method": report.method, "left_out": report.left_out, "warnings": report.warnings,
        "coverage": report.coverage, "stands_on": report.stands_on, "query": report.query,
    }  # fmt: skip


def _figures(figures: Sequence[Figure], currency: str) -> list[Mapping[str, Any]]:
    return [
        {
            "name": one.name, "value": value_of(one, currency), "range": range_of(one, currency),
            "grade": one.grade.name, "means": one.grade.value, "told": one.value is not None,
        }
        for one in figures
    ]  # fmt: skip


def _table(table: Table, currency: str) -> Mapping[str, Any]:
    return {
        "name": table.name, "says": table.says, "columns": [one.name for one in table.columns],
        "numeric": [bool(one.unit) for one in table.columns], "rows": cells_of(table, currency),
    }  # fmt: skip
