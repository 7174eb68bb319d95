"""Look at a whole table before a row of it is taken in: how many rows, how numbers and dates are written.

Evidence from the last row counts as much as from the first; and a file that turns out damaged is refused while nothing
of it is in the database yet.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from goodwill.basics.errors import BadInput
from goodwill.collect import times, values
from goodwill.collect.columns import BAD, BLANK, Column, Held, Memo
from goodwill.collect.kinds import Shape
from goodwill.collect.parquet import Parquet
from goodwill.collect.recognise import Recognised
from goodwill.collect.tables import Chunk, Table, rows_of
from goodwill.collect.views import Viewed


@dataclass(frozen=True)
class Survey:
    """What a whole table tells.

    Attributes:
        rows: all of them, the broken ones included.
        marks: per field with numbers, the mark ("." or ",") that begins the decimals; "" where nothing tells.
        order: which number of a date with slashes is the day.
        no_zone: some times carry no zone.
        may_say_no: some answer is a no, or cannot be read.
        notes: what the owner should know or decide.
    """

    rows: int
    marks: Mapping[str, str]
    order: times.Order
    no_zone: bool
    notes: tuple[str, ...] = ()
    may_say_no: bool = False


@dataclass
class _Evidence:
    """What has been seen so far, per field, as bits."""

    numbers: dict[str, int] = field(default_factory=dict)
    dates: int = 0
    rows: int = 0
    may_say_no: bool = False


def survey(parts: Sequence[tuple[Table, Recognised]], answers: Mapping[str, str]) -> list[Survey]:
    """Read a table once, from the first row to the last: by itself, or as all of its views at the same time.

    Args:
        answers: what the owner said about how the file is written: ``decimal`` and ``dates``.

    Raises:
        BadInput: the file turns out damaged, or an answer is none.
    """
    looks = [
        _Look(table, _fields(known, Shape.NUMBER, Shape.MONEY), _fields(known, Shape.TIME), _answers(known))
        for table, known in parts
    ]
    _gather(looks)
    decimal, dates = _answer(answers, "decimal", (".", ",")), _answer(answers, "dates", ("dmy", "mdy"))
    return [_told(look, known, decimal, dates) for look, (_, known) in zip(looks, parts, strict=True)]


def _told(look: "_Look", known: Recognised, decimal: str, dates: str) -> Survey:
    marks, notes = _marks(look.seen.numbers, look.numbers, decimal or known.mark)
    order, question = _order(look.seen.dates, look.dates, dates)
    no_zone = bool(look.seen.dates & times.Seen.NO_ZONE) and not known.utc
    return Survey(look.seen.rows, marks, order, no_zone, (*notes, *question), look.seen.may_say_no)


@dataclass
class _Look:
    """One view of a table while it is surveyed: the headings of its numbers and dates, and what they told so far."""

    table: Table
    numbers: Mapping[str, str]
    dates: Mapping[str, str]
    answer: str | None = None
    seen: _Evidence = field(default_factory=_Evidence)

    def __post_init__(self) -> None:
        self._number_memo = {name: Memo(lambda text: int(values.seen_in(text))) for name in self.numbers}
        self._date_memo = Memo(lambda text: int(times.seen_in(text)))
        self._answer_memo = Memo(values.read_answer)

    def at(self, chunk: Chunk) -> None:
        """Look at a piece."""
        self.seen.rows += rows_of(chunk)
        for name, column in self.numbers.items():
            bits = _bits(self._number_memo[name], chunk.column(column))
            self.seen.numbers[name] = self.seen.numbers.get(name, 0) | bits
        for column in self.dates.values():
            self.seen.dates |= _bits(self._date_memo, chunk.column(column))
        if self.answer is not None and not self.seen.may_say_no:
            said = self._answer_memo.of(chunk.column(self.answer))
            self.seen.may_say_no = bool(((said == BAD) | (said == 0)).any())


def _answers(known: Recognised) -> str | None:
    """The column with what people answered, in a table of consents."""
    return known.columns.get("answer") if known.kind.name == "consents" else None


def _fields(known: Recognised, *shapes: Shape) -> dict[str, str]:
    return {name: column for name, column in known.columns.items() if known.kind.fields[name].shape in shapes}


def _answer(answers: Mapping[str, str], name: str, possible: tuple[str, ...]) -> str:
    said = answers.get(name, "").removeprefix("=")
    if said and said not in possible:
        raise BadInput(f"--map {name}={said}: say {' or '.join(possible)}.")
    return said


def _gather(looks: Sequence[_Look]) -> None:
    views = [(look, look.table) for look in looks if isinstance(look.table, Viewed)]
    if views:
        for piece in views[0][1].known.pieces():
            for look, view in views:
                look.at(view.look(piece))
        return
    look = looks[0]
    wanted = [*look.numbers.values(), *look.dates.values(), *([look.answer] if look.answer is not None else [])]
    if (
        isinstance(look.table, Parquet)
        and look.answer is None
        and not any(_is_text(look.table, column) for column in wanted)
    ):
        # Typed columns need no interpretation, and the file itself says how many rows it has.
        look.seen.rows = look.table.rows
        walls = (look.table.held[look.table.headings.index(column)] is Held.WALL for column in look.dates.values())
        look.seen.dates = times.Seen.NO_ZONE if any(walls) else times.Seen.NOTHING
        return
    for chunk in look.table.chunks(wanted):
        look.at(chunk)


def _is_text(table: Parquet, column: str) -> bool:
    return table.held[table.headings.index(column)] is Held.TEXT


def _bits(memo: Memo, column: Column) -> int:
    if column.held is Held.WALL:
        return int(times.Seen.NO_ZONE)
    if column.held is not Held.TEXT or not len(column):
        return 0
    found = memo.of(column)
    return int(np.bitwise_or.reduce(found[(found != BAD) & (found != BLANK)], initial=0))


def _marks(seen: Mapping[str, int], numbers: Mapping[str, str], said: str) -> tuple[dict[str, str], list[str]]:
    """The decimal mark of each field: from its own column, else from the other columns of the same file."""
    both = values.Seen.POINT | values.Seen.COMMA
    whole = 0
    for bits in seen.values():
        whole |= bits & both
    marks: dict[str, str] = {}
    notes = []
    for name, column in numbers.items():
        own = seen.get(name, 0) & both
        marks[name] = said or {values.Seen.POINT: ".", values.Seen.COMMA: ","}.get(values.Seen(own or whole), "")
        if seen.get(name, 0) & values.Seen.EITHER and not marks[name]:
            why = "both ways occur in the file" if (own or whole) == both else "no other number tells"
            notes.append(
                f"Numbers such as 1.234 in '{column}' can be read in two ways ({why}), so those rows are rejected. "
                "Say what begins the decimals: --map decimal=. or --map decimal=,"
            )
    return marks, notes


def _order(seen: int, dates: Mapping[str, str], said: str) -> tuple[times.Order, list[str]]:
    both = times.Seen.DAY_FIRST | times.Seen.MONTH_FIRST
    if said:
        return times.Order(said), []
    told = {times.Seen.DAY_FIRST: times.Order.DAY_FIRST, times.Seen.MONTH_FIRST: times.Order.MONTH_FIRST}
    order = told.get(times.Seen(seen & both), times.Order.UNKNOWN)
    if not seen & times.Seen.EITHER or order:
        return order, []
    why = "both orders occur in the file" if seen & both else "no date in the file tells"
    columns = ", ".join(f"'{column}'" for column in dates.values())
    question = (
        f"Dates such as 03/04/2026 in {columns} could be two days ({why}), so those rows are rejected. "
        "Say which number comes first: --map dates=dmy or --map dates=mdy"
    )
    return order, [question]
