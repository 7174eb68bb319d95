"""When a law's time is up: whole months with their odd ends, calendar days, and days on which people work.

A month from 31 January ends on the last day of February (Regulation (EEC, Euratom) 1182/71, art. 3(2)(c)). Days are
dates; which of them are closed is asked of the `holidays` package, for a country or a part of one.
"""

import re
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache

Open = Callable[[date], bool]  # whether people work on a day

_SPAN = re.compile(r"([1-9][0-9]{0,2}) (month|day|business day)s?")
_SATURDAY = 5


class Unit(StrEnum):
    """What a law counts in."""

    MONTH = "month"
    DAY = "day"
    BUSINESS_DAY = "business day"


@dataclass(frozen=True, slots=True)
class Span:
    """How long a law gives: ``1 month``, ``45 days``, ``10 business days``."""

    count: int
    unit: Unit

    @classmethod
    def read(cls, text: str) -> "Span":
        """A span from its words.

        Raises:
            ValueError: they are not a span.
        """
        found = _SPAN.fullmatch(text)
        if found is None:
            raise ValueError(f"'{text}' is not a span of time such as '1 month', '45 days' or '10 business days'")
        return cls(int(found[1]), Unit(found[2]))

    def __str__(self) -> str:
        return f"{self.count} {self.unit}{'' if self.count == 1 else 's'}"

    def after(self, day: date, is_open: Open) -> date:
        """The last day of the span, if it runs from ``day``; that day itself is not counted."""
        if self.unit is Unit.MONTH:
            return months_after(day, self.count)
        if self.unit is Unit.DAY:
            return day + timedelta(days=self.count)
        for _ in range(self.count):
            day = next_open(day + timedelta(days=1), is_open)
        return day


def months_after(day: date, count: int) -> date:
    """The same day of a later month, or that month's last day where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + count, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def next_open(day: date, is_open: Open) -> date:
    """The day itself if people work on it, else the next one on which they do."""
    while not is_open(day):
        day += timedelta(days=1)
    return day


@lru_cache(maxsize=64)
def open_days(region: str) -> Open:
    """Whether people work on a day in a country (``IT``) or in a part of one (``DE-BY``, ``US-CA``).

    Where no holidays are known for the part, the country's count; for no known country, Saturday and Sunday alone.
    """
    import holidays

    country, _, part = region.partition("-")
    if country in _calendars(holidays.list_supported_countries):
        known = holidays.list_supported_countries()[country]
        closed = holidays.country_holidays(country, subdiv=part if part in known else None)
        return closed.is_working_day
    return lambda day: day.weekday() < _SATURDAY


@lru_cache(maxsize=1)
def _calendars(listed: Callable[[], dict[str, list[str]]]) -> frozenset[str]:
    return frozenset(listed())
