"""Figures on a screen: the number first, how sure it is and of whom, then tables; every reason for doubt in words."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import RenderableType

from goodwill.basics.words import quantity
from goodwill.cli import out

if TYPE_CHECKING:
    from goodwill.measure.answer import Answer, Table
    from goodwill.measure.figure import Figure


def told(answer: "Answer", currency: str) -> Iterator[RenderableType]:
    """An answer for somebody who never saw one."""
    head = answer.headline
    if head.refused:
        yield f"No figure for {head.name}: {head.refused}"
    else:
        yield f"{head.name}: {_value(head, currency)}"
    yield ""
    yield out.pairs(list(_behind(head, currency)))
    for warning in head.warnings:
        yield f"Mind: {warning}"
    if answer.others:
        yield ""
        yield out.table(
            ("beside it", "figure#", "interval#", "of people#", "grade"),
            [_line(one, currency) for one in answer.others],
        )
        yield from _doubts(answer)
    for table in answer.tables:
        if not table.rows:
            continue
        yield ""
        yield table.says
        yield _table(table, currency)
    yield ""
    yield f"Again: {answer.query}"


def _behind(head: "Figure", currency: str) -> Iterator[tuple[str, object]]:
    if head.interval:
        yield f"{100 * head.level:g} % interval", _between(head, currency)
    if head.refused and head.suppressed:
        return  # nothing was worked out, so there is nothing more to say of it
    if head.coverage.counted is not None:
        yield "of", str(head.coverage)
    yield "method", head.method
    yield "grade", f"{head.grade.name}: {head.grade.value}"


def _doubts(answer: "Answer") -> Iterator[str]:
    for one in answer.others:
        for warning in one.warnings:
            yield f"Mind, {one.name}: {warning}"
        if one.refused:
            yield f"No figure for {one.name}: {one.refused}"


def _line(one: "Figure", currency: str) -> tuple[object, ...]:
    people = "–" if one.coverage.counted is None else out.number(one.coverage.counted)
    value = "–" if one.value is None else _value(one, currency)
    return one.name, value, _between(one, currency) if one.interval else "–", people, one.grade.name


def _value(one: "Figure", currency: str) -> str:
    return quantity(one.value, one.unit, currency)


def _between(one: "Figure", currency: str) -> str:
    low, high = (quantity(end, one.unit, currency) for end in (one.low, one.high))
    return f"{low} to {high}"


def _table(table: "Table", currency: str) -> RenderableType:
    numeric = [
        bool(table.rows) and all(isinstance(row[n], int | float) or row[n] is None for row in table.rows)
        for n in range(len(table.columns))
    ]
    names = [f"{one.name}{'#' if right else ''}" for one, right in zip(table.columns, numeric, strict=True)]
    rows = [
        tuple(quantity(value, one.unit, currency) for value, one in zip(row, table.columns, strict=True))
        for row in table.rows
    ]
    return out.table(names, rows)
