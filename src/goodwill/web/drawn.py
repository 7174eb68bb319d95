"""Pictures of a measure's answer: what its figures and tables look like, each with the same in words and numbers."""

from collections.abc import Iterator, Mapping, Sequence
from math import isfinite
from time import monotonic
from typing import Any, Final

from goodwill.basics.words import quantity
from goodwill.measure.answer import Answer, Table
from goodwill.measure.figure import Figure
from goodwill.web.charts import PATIENCE, Chart, Pictures, Spec, across, grid, intervals, lines

_MOST_BARS: Final = 40


def drawn(answer: Answer, pictures: Pictures, currency: str) -> Iterator[Chart]:
    """The figures with their ranges, then each table; a table of which no picture would tell the truth has none."""
    late = monotonic() + PATIENCE  # for all of them, not for each
    for number, (unit, figures) in enumerate(_by_unit(answer)):
        yield _ranges(f"figures-{number}", figures, unit, pictures, currency, late)
    yield from table_charts(answer.tables, pictures, currency, late)


def table_charts(
    tables: Sequence[Table], pictures: Pictures, currency: str, late: float | None = None
) -> Iterator[Chart]:
    """Each table with its picture, where one tells the truth of it; pictures that are not there by then are missing."""
    late = monotonic() + PATIENCE if late is None else late
    for number, table in enumerate(tables):
        yield _table_chart(f"table-{number}", table, pictures, currency, late)


def _by_unit(answer: Answer) -> list[tuple[str, list[Figure]]]:
    """The figures that have a range, those of one unit together: two units have no scale in common."""
    found: dict[str, list[Figure]] = {}
    for one in (answer.headline, *answer.others):
        if one.value is not None and one.interval is not None and all(map(isfinite, (one.value, *one.interval))):
            found.setdefault(one.unit, []).append(one)
    return list(found.items())


def _ranges(name: str, figures: Sequence[Figure], unit: str, pictures: Pictures, currency: str, late: float) -> Chart:
    title = "Figures and their ranges" if len(figures) > 1 else "The figure and its range"
    level = f"{100 * figures[0].level:g} %"

    def told(value: float | None) -> str:
        return quantity(value, unit, currency)

    one = figures[0]
    name_of = f"{one.name[:1].upper()}{one.name[1:]}"
    says = (
        f"{name_of}: {told(one.value)}, in a range from {told(one.low)} to {told(one.high)}; of such ranges {level} "
        "hold the truth."
    )
    spec = intervals(
        [{"figure": one.name, "value": one.value, "low": one.low, "high": one.high} for one in figures],
        y="figure", x="value", low="low", high="high", unit=_axis(unit), share=unit == "share",
    )  # fmt: skip
    rows = tuple((one.name, told(one.value), told(one.low), told(one.high)) for one in figures)
    picture, missing = pictures.of(spec, name=name, title=title, says=says, patience=_left(late))
    return Chart(name, title, says, ("Figure", "Value", "From", "To"), rows, (1, 2, 3), picture, missing)


def _table_chart(name: str, table: Table, pictures: Pictures, currency: str, late: float) -> Chart:
    """A table with its picture, where one tells the truth of it."""
    title = table.name[:1].upper() + table.name[1:]
    columns = tuple(one.name for one in table.columns)
    rows = tuple(
        tuple(quantity(value, one.unit, currency) for value, one in zip(row, table.columns, strict=True))
        for row in table.rows
    )
    numbers = tuple(place for place in range(len(columns)) if _is_of_numbers(table, place))
    spec, picture, missing = _spec(table), "", ""
    if spec is not None:
        picture, missing = pictures.of(spec, name=name, title=title, says=table.says, patience=_left(late))
    return Chart(name, title, table.says, columns, rows, numbers, picture, missing)


def _spec(table: Table) -> Spec | None:
    """How a table is drawn, from what its columns are; None where no picture fits."""
    rows = [dict(zip(_names(table), row, strict=True)) for row in table.rows]
    names, numeric = _names(table), [_is_of_numbers(table, place) for place in range(len(table.columns))]
    if len(rows) < 2 or len(names) < 2:
        return None
    value = next((place for place in range(1, len(names)) if numeric[place] and table.columns[place].unit), 0)
    value = value or next((place for place in range(1, len(names)) if numeric[place]), 0)
    if not value:
        return None
    told = [row for row in rows if _is_finite(row[names[value]])]
    return _drawing(table, told, value, numeric) if told else None


def _drawing(table: Table, told: list[dict[str, Any]], value: int, numeric: Sequence[bool]) -> Spec | None:
    names, unit = _names(table), table.columns[value].unit
    first, share = names[0], unit == "share"
    if value == 2 and len({row[0] for row in table.rows}) < len(table.rows):
        if not numeric[1] and not unit:
            return None  # names of different things, each measured in its own way: one colour for all would lie
        return grid(told, y=first, x=names[1], value=names[value], title=names[value], share=share)
    if value != 1:
        return None
    if {"low", "high"} <= set(names) and not numeric[0]:
        bounded = [row for row in told if _is_finite(row["low"]) and _is_finite(row["high"])]
        if not bounded:
            return None
        return intervals(bounded, y=first, x=names[1], low="low", high="high", unit=_axis(unit), share=share)
    if numeric[0]:
        return lines(told, x=first, y=names[1], title=_axis(unit), share=share)
    if len(told) > _MOST_BARS:
        return None
    return across(told, y=first, x=names[1], title=_axis(unit) or names[1], share=share)


def _names(table: Table) -> list[str]:
    """The columns' names as a specification may have them: dots and brackets mean something there."""
    return [one.name.translate(_PLAIN) for one in table.columns]


_PLAIN: Final[Mapping[int, Any]] = str.maketrans({".": "", "[": "(", "]": ")", "\\": "", "'": "’"})


def _is_of_numbers(table: Table, place: int) -> bool:
    values = [row[place] for row in table.rows]
    numbers = [one for one in values if isinstance(one, int | float) and not isinstance(one, bool)]
    return bool(numbers) and len(numbers) == sum(one is not None for one in values)


def _left(late: float) -> float:
    return max(0.0, late - monotonic())


def _is_finite(value: Any) -> bool:
    return value is not None and isfinite(value)


def _axis(unit: str) -> str:
    return "" if unit == "share" else unit
