"""Printing: results on stdout, everything else on stderr; numbers with units, times with zone, money with currency."""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Protocol, TextIO
from zoneinfo import ZoneInfo

from rich.box import Box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, JustifyMethod, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from goodwill.basics import words
from goodwill.basics.clock import date_of, moment
from goodwill.basics.money import Money

# A line under the names of the columns and nothing else: reads well, and `cut` and `awk` get along with it.
_RULED = Box("    \n    \n -- \n    \n    \n    \n    \n    \n", ascii=True)
_GAP = 3  # between columns
_PIPED_WIDTH = 10_000  # nobody wraps what another program reads

number = words.number


class Reached(Protocol):
    """Tells how far something got."""

    def __call__(self, done: int, total: int | None = None) -> None: ...


def console(stream: TextIO) -> Console:
    """Where people read: wrapped and coloured on a terminal only, and data is never taken for markup."""
    width = None if stream.isatty() else _PIPED_WIDTH
    return Console(file=stream, width=width, markup=False, highlight=False, emoji=False, soft_wrap=False)


def write_json(document: object) -> None:
    """The one document of ``--json``."""
    ascii_only = (sys.stdout.encoding or "").lower().replace("-", "") != "utf8"
    sys.stdout.write(json.dumps(document, ensure_ascii=ascii_only, indent=2, default=_plainly) + "\n")
    sys.stdout.flush()  # a server may follow, and whoever reads us waits


def _plainly(value: object) -> Any:
    """What JSON has no word for: the shapes that also go over HTTP, dates, paths."""
    from msgspec import Struct, to_builtins

    return to_builtins(value) if isinstance(value, Struct) else str(value)


def plain(value: object) -> str:
    """Text as it may go to a terminal: what came in with a file cannot move the cursor or change colours."""
    return "".join(sign if sign.isprintable() or sign == "\n" else "\N{REPLACEMENT CHARACTER}" for sign in str(value))


class Rows:
    """Aligned columns; where a terminal is too narrow to keep words whole, each row as a small list of its own."""

    def __init__(self, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        self._names = [name.removesuffix("#") for name in columns]
        self._numeric = [name.endswith("#") for name in columns]
        self._rows = [[plain(cell) for cell in row] for row in rows]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        lengths = [_lengths(cells) for cells in zip(self._names, *self._rows, strict=True)]
        # A number or a name that is cut cannot be typed again.
        least = [full if self._whole(place) else word for place, (word, full) in enumerate(lengths)]
        spare = options.max_width - _GAP * (len(least) - 1) - sum(least)
        if spare < 0 and self._rows:
            yield from self._one_by_one()
        else:
            yield self._side_by_side(_shared_out(spare, least, [full for _, full in lengths]))

    def _whole(self, place: int) -> bool:
        return self._numeric[place] or place == 0

    def _side_by_side(self, widths: Sequence[int]) -> Table:
        made = Table(box=_RULED, show_edge=False, pad_edge=False, header_style="bold")
        for place, (name, width) in enumerate(zip(self._names, widths, strict=True)):
            justify: JustifyMethod = "right" if self._numeric[place] else "left"
            made.add_column(name, justify=justify, overflow="fold", no_wrap=self._whole(place), width=width)
        for row in self._rows:
            made.add_row(*map(Text, row))
        return made

    def _one_by_one(self) -> Iterator[RenderableType]:
        for number, row in enumerate(self._rows):
            if number:
                yield ""
            yield Text(f"{self._names[0]} {row[0]}".lstrip(), style="bold")
            yield Padding(pairs(zip(self._names[1:], row[1:], strict=True)), (0, 0, 0, 2))


def _lengths(cells: Iterable[str]) -> tuple[int, int]:
    """Of a column: its longest word, and its longest line."""
    lines = [line for cell in cells for line in cell.split("\n")]
    words = max((cell_len(word) for line in lines for word in line.split()), default=0)
    return words, max(map(cell_len, lines), default=0)


def _shared_out(spare: int, least: Sequence[int], full: Sequence[int]) -> list[int]:
    """The width of each column: what it needs at least, and its share of what is left over."""
    wishes = [most - width for most, width in zip(full, least, strict=True)]
    part = min(1.0, spare / sum(wishes)) if sum(wishes) else 0.0
    return [width + int(wish * part) for width, wish in zip(least, wishes, strict=True)]


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Rows:
    """Aligned columns; those whose name ends in ``#`` hold numbers and stand to the right."""
    return Rows(columns, rows)


def pairs(rows: Iterable[tuple[str, object]]) -> Table:
    """A name and its value per line."""
    made = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    made.add_column(style="bold", no_wrap=True)
    made.add_column(overflow="fold")
    for name, value in rows:
        made.add_row(Text(name), Text(plain(value)))
    return made


def share(value: float) -> str:
    """``0.413`` → ``41 %``; a dash for nothing at all, and never "0 %" for a little."""
    if value <= 0:
        return "–"
    percent = f"{100 * value:.0f} %"
    return percent if percent != "0 %" else "under 1 %"


def when(at: int | None, zone: ZoneInfo) -> str:
    """A moment in the shop's zone, which is named; a dash for never."""
    return "–" if at is None else _with_zone(moment(at).astimezone(zone))


def said(at: int | None, zone: ZoneInfo) -> str:
    """When somebody said something; a yes from a file without times is kept with the time 0."""
    return "time not given" if at == 0 else when(at, zone)


def _with_zone(local: datetime) -> str:
    return f"{local:%Y-%m-%d %H:%M} {local.tzname()}"


def day(number: int) -> str:
    """A day of the shop's calendar."""
    return date_of(number).isoformat()


def money(minor: int | None, currency: str | None) -> str:
    """An amount with its currency; a dash for none."""
    return "–" if minor is None or currency is None else words.money(Money(minor, currency))


@contextmanager
def progress(stream: TextIO, label: str, *, unit: str, shown: bool) -> Iterator[Reached]:
    """A bar with count, rate and time left, on a terminal only."""
    if not (shown and stream.isatty()):
        yield _silent
        return
    from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, TextColumn, TimeRemainingColumn

    class Rate(ProgressColumn):
        def render(self, task: Any) -> Text:
            return Text(f"{task.speed:,.0f} {unit}/s" if task.speed else f"– {unit}/s")

    class Count(ProgressColumn):
        def render(self, task: Any) -> Text:
            of = f" of {task.total:,.0f}" if task.total else ""
            return Text(f"{task.completed:,.0f}{of} {unit}")

    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), Count(), Rate(), TimeRemainingColumn())
    with Progress(*columns, console=Console(file=stream), transient=True) as bar:
        task = bar.add_task(label, total=None)

        def reached(done: int, total: int | None = None) -> None:
            bar.update(task, completed=done, total=total)

        yield reached


@contextmanager
def working(stream: TextIO, on: str, *, shown: bool) -> Iterator[None]:
    """A turning sign, on a terminal only."""
    if shown and stream.isatty():
        with Console(file=stream).status(f"{on} …"):
            yield
    else:
        yield


def _silent(done: int, total: int | None = None) -> None:
    """Nobody watches."""
