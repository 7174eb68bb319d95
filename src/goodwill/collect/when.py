"""When each row of a chunk happened, as its file says it: a typed column, a text, or a date and a time of day apart."""

from zoneinfo import ZoneInfo

import numpy as np

from goodwill.basics.errors import BadInput
from goodwill.collect import times
from goodwill.collect.columns import BAD, BLANK, Column, Held, Marks, Memo, Numbers
from goodwill.collect.plans import PartPlan
from goodwill.collect.tables import Chunk
from goodwill.collect.views import shared
from goodwill.collect.writing import Faults, Making, Tools


class When:
    """Reads the column "time" of one kind of file, or another one that says when."""

    def __init__(self, part: PartPlan, tools: Tools, making: Making, field: str = "time") -> None:
        self._field = field
        self.calendar = times.Calendar(tools.zone)
        self._columns = part.known.columns
        self._constant = part.known.constants.get(field, "")
        self._now = making.now
        self._utc = field in part.known.utc
        zone = ZoneInfo("UTC") if self._utc else tools.zone
        order, now = part.survey.order, making.now
        read = times.time_reader(zone, order, now)
        self._memo: Memo = shared(part.table, ("time", zone.key, order, now), lambda: Memo(read))

    def read(self, chunk: Chunk, faults: Faults, *, excused: Marks | None = None) -> Numbers:
        """Microseconds since 1970 in UTC; BLANK where nothing is said, BAD (and a fault) where it cannot be read.

        Args:
            excused: rows that are good without a time that can be read.
        """
        blamed = np.ones(chunk.rows, bool) if excused is None else ~excused
        if self._field not in self._columns:
            said = self._memo[self._constant] if self._constant else BLANK
            if said == BAD:
                raise BadInput(f"--map {self._field}=={self._constant}: it {self._memo.why(self._constant).problem}.")
            return np.full(chunk.rows, said, np.int64)
        column = chunk.column(self._columns[self._field])
        if column.held in (Held.WALL, Held.MOMENT):
            return self._typed(column, faults, blamed)
        if self._field != "time" or "clock" not in self._columns:
            at = self._memo.of(column)
            faults.unreadable((at == BAD) & blamed, self._field, self._memo)
            return at
        clock = chunk.column(self._columns["clock"])
        both = [f"{column.text(row)} {clock.text(row)}".strip() for row in range(len(column))]
        at = self._memo.of(Column(Held.TEXT, both))
        problem = "is not a date with a time of day"
        faults.because((at == BAD) & blamed, "time", problem, "write it like 2026-01-31 and 14:30")
        return at

    def _typed(self, column: Column, faults: Faults, blamed: Marks) -> Numbers:
        of_the_shop = column.held is Held.WALL and not self._utc
        at = times.wall_or_moment(np.asarray(column.values), self.calendar if of_the_shop else None, self._now)
        if column.blank is not None:
            at[column.blank] = BLANK
        problem = "is before 1990 or in the future"
        faults.because((at == BAD) & blamed, self._field, problem, "write the date, or leave the row out")
        return at
