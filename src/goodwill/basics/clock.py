"""Time: whole microseconds since 1970 in UTC, and calendar days in the shop's own zone.

A clock is an argument everywhere, so that a test can hold it still.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import NewType
from zoneinfo import ZoneInfo

Micros = NewType("Micros", int)  # microseconds since 1970-01-01T00:00Z
Day = NewType("Day", int)  # days since 1970-01-01 on the shop's calendar
Clock = Callable[[], Micros]

SECOND = 1_000_000
DAY = 86_400 * SECOND
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(1970, 1, 1)


def system_clock() -> Micros:
    """Now, by this machine."""
    return micros(datetime.now(UTC))


def micros(moment: datetime) -> Micros:
    """Whole microseconds of a moment that carries its zone.

    Raises:
        ValueError: the moment has no zone, so nobody can know when it was.
    """
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone")
    since = moment - _EPOCH
    return Micros(since.days * DAY + since.seconds * SECOND + since.microseconds)


def moment(at: int) -> datetime:
    """The moment, in UTC, of a number of microseconds."""
    return _EPOCH + timedelta(microseconds=at)


def day_of(at: int, zone: ZoneInfo) -> Day:
    """The day on the shop's calendar."""
    return Day((moment(at).astimezone(zone).date() - _EPOCH_DAY).days)


def start_of(day: int, zone: ZoneInfo) -> Micros:
    """The moment at which a day begins on the shop's calendar."""
    return micros(datetime.combine(date_of(day), time(), tzinfo=zone))


def date_of(day: int) -> date:
    """The calendar date of a day number."""
    return _EPOCH_DAY + timedelta(days=day)


def day_number(on: date) -> Day:
    """The day number of a calendar date."""
    return Day((on - _EPOCH_DAY).days)


def iso(at: int) -> str:
    """``2026-11-22T09:30:00Z``: as people and machines read it."""
    return moment(at).isoformat(timespec="seconds").replace("+00:00", "Z")
