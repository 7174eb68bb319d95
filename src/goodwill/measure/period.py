"""Periods that have closed: figures tell of these alone, so that no two of them lie around one person's withdrawal."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from goodwill.basics.clock import Day, date_of, day_number
from goodwill.basics.errors import BadInput

EVERY: Final = ("week", "month", "day")


@dataclass(frozen=True, slots=True)
class Period:
    """A day, a week from Monday to Sunday or a month of the shop's calendar that is over.

    Attributes:
        start, end: its first and last day.
        latest: whether none has closed since.
    """

    start: Day
    end: Day
    every: str
    latest: bool = True

    @classmethod
    def closed(cls, today: Day, every: str, at: date | None = None) -> "Period":
        """The period that closed last, or last by the end of a day.

        Args:
            today: on the shop's calendar; it is not over yet.

        Raises:
            BadInput: the day has not come yet.
        """
        newest = _up_to(date_of(today - 1), every)
        if at is None:
            return cls(*newest, every)
        if day_number(at) > today:
            raise BadInput(f"{at} has not come yet. Figures tell of what is over: give an earlier day as --at.")
        found = _up_to(min(at, date_of(today - 1)), every)
        return cls(*found, every, found == newest)

    @property
    def days(self) -> int:
        return self.end - self.start + 1

    def __str__(self) -> str:
        first, last = date_of(self.start), date_of(self.end)
        return f"{last}" if first == last else f"{first} to {last}"


def _up_to(day: date, every: str) -> tuple[Day, Day]:
    """The last period that was over by the end of a day."""
    if every == "day":
        return day_number(day), day_number(day)
    if every == "week":
        end = day_number(day) - (day.weekday() + 1) % 7
        return Day(end - 6), Day(end)
    if every == "month":
        last = day if (day + timedelta(days=1)).day == 1 else day.replace(day=1) - timedelta(days=1)
        return day_number(last.replace(day=1)), day_number(last)
    raise BadInput(f"Figures are made every {' or '.join(EVERY)}, not every '{every}'. Mend the setting figures_every.")
