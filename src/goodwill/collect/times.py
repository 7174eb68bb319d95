"""When it happened: dates as people and programs write them, and the shop's own calendar.

"03/04/2026" is read only where the rest of the column shows which number is the day. A time without a zone is taken for
the shop's own, which the report says once.
"""

import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from enum import IntFlag, StrEnum
from zoneinfo import ZoneInfo

import numpy as np

from goodwill.basics.clock import DAY, SECOND, micros, moment
from goodwill.collect.columns import BAD, Numbers, Unreadable, runs
from goodwill.collect.values import NOTHING, read_text

_QUARTER = 900 * SECOND  # zones change their offset at quarters of an hour, wherever they do
_EARLIEST = micros(datetime(1990, 1, 1, tzinfo=UTC))


class Order(StrEnum):
    """Which number comes first in a date with slashes."""

    DAY_FIRST = "dmy"
    MONTH_FIRST = "mdy"
    UNKNOWN = ""


class Seen(IntFlag):
    """What one date tells about its column."""

    NOTHING = 0
    DAY_FIRST = 1
    MONTH_FIRST = 2
    EITHER = 4
    NO_ZONE = 8
    NO_TIME = 16
    NO_DATE = 32


class Calendar:
    """The shop's zone, for whole arrays of moments."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone
        self._offsets: dict[int, int] = {}
        self._local_offsets: dict[int, int] = {}

    def days(self, at: Numbers) -> Numbers:
        """The day on the shop's calendar of each moment: days since 1970, for microseconds since 1970 in UTC."""
        return (at + self._looked_up(at, self._offsets, self._offset)) // DAY

    def moments(self, wall: Numbers) -> Numbers:
        """The moments at which the shop's clock showed some times; of an hour that came twice, its first coming."""
        return wall - self._looked_up(wall, self._local_offsets, self._local_offset)

    def _looked_up(self, at: Numbers, known: dict[int, int], find: Callable[[int], int]) -> Numbers:
        quarters = at // _QUARTER
        starts, lengths = runs(quarters)
        heads = quarters[starts].tolist()
        for quarter in set(heads).difference(known):
            known[quarter] = find(quarter * _QUARTER)
        return np.repeat(np.fromiter(map(known.__getitem__, heads), np.int64, len(heads)), lengths)

    def _offset(self, at: int) -> int:
        return _micros(moment(at).astimezone(self.zone).utcoffset())

    def _local_offset(self, wall: int) -> int:
        return _micros(moment(wall).replace(tzinfo=self.zone).utcoffset())


def _micros(offset: timedelta | None) -> int:
    return (offset or timedelta()) // timedelta(microseconds=1)


def time_reader(zone: ZoneInfo, order: Order, now: int) -> Callable[[object], int | None]:
    """Reads times as microseconds since 1970 in UTC; a date alone is the beginning of that day in the zone."""

    def read(value: object) -> int | None:
        when = _quickly(value) if isinstance(value, str) else None
        if when is None:
            text = read_text(value)
            if text.casefold() in NOTHING:
                return None
            when = _parsed(text, order)
        at = micros(when.replace(tzinfo=zone) if when.tzinfo is None else when)
        check_range(at, now)
        return at

    return read


def check_range(at: int, now: int) -> None:
    """See that a moment is one at which a shop's program can have written something down."""
    if at < _EARLIEST:
        raise Unreadable("is before 1990, as an empty date often looks", "write the date, or leave the row out")
    if at > now + DAY:
        raise Unreadable("is in the future", "check the year, and which number is the day")


def wall_or_moment(values: Numbers, calendar: Calendar | None, now: int) -> Numbers:
    """Times of a typed column as moments, BAD where out of range; ``calendar`` for those of a wall clock."""
    near = (values > _EARLIEST - DAY) & (values < now + 2 * DAY)  # others are in no calendar of ours
    inside = np.where(near, values, now)
    at = calendar.moments(inside) if calendar is not None else inside
    return np.where(near & (at >= _EARLIEST) & (at <= now + DAY), at, BAD)


def seen_in(value: str) -> Seen:
    """What a text tells about the order of day and month, and whether it carries a zone and a time."""
    if _ZONED_ISO.match(value):  # most columns, and quick to see
        return Seen.NOTHING
    try:
        text = read_text(value)
    except Unreadable:
        return Seen.NO_DATE
    if text.casefold() in NOTHING:
        return Seen.NOTHING
    if _PLAIN_ISO.match(text):
        return Seen.NO_ZONE | Seen.NO_TIME if len(text) == 10 else Seen.NO_ZONE
    if _ZONED_ISO.match(text):
        return Seen.NOTHING
    order = _order_seen(text)
    try:
        when = _parsed(text, Order.DAY_FIRST if order is not Seen.MONTH_FIRST else Order.MONTH_FIRST)
    except Unreadable:
        return Seen.NO_DATE
    no_zone = Seen.NO_ZONE if when.tzinfo is None else Seen.NOTHING
    no_time = Seen.NOTHING if _HAS_TIME.search(text) or (text.isdigit() and len(text) > 8) else Seen.NO_TIME
    return order | no_zone | no_time


_ZONED_ISO = re.compile(r"^(\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d+)?) ?([+-]\d\d:?\d\d|Z)$")
_PLAIN_ISO = re.compile(r"^\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?$")
_HAS_TIME = re.compile(r"\d[:h]\d|\d ?[ap]\.?m", re.IGNORECASE)
_NUMBERS = re.compile(r"^(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d{2})(?=$|[ T,])")
_ISO_LIKE = re.compile(r"^(\d{4})([./-])(\d{1,2})\2(\d{1,2})(?=$|[ T])")
_NAMED_DAY = re.compile(
    r"^(?:[^\W\d]+\.?,? )?(\d{1,2})\.?(?:st|nd|rd|th)?[ -](?:de )?([^\W\d]{3,})\.?,?[ -](?:de )?(\d{4})"
)
_NAMED_MONTH = re.compile(r"^(?:[^\W\d]+\.?,? )?([^\W\d]{3,})\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{4})")
_CLOCK = re.compile(
    r"^(?:[ T,]+(?:at |um |a las |alle )?)(\d{1,2})[:h](\d{2})(?::(\d{2})(?:[.,]\d+)?)?(?: ?([ap])\.?m\.?)?(?: uhr)?"
    r" ?(z|utc|gmt|[+-]\d{2}:?\d{2})?$",
    re.IGNORECASE,
)
_ISO_ZONE = re.compile(r" (?:UTC|GMT|Z)$| (?=[+-]\d{2}:?\d{2}$)", re.IGNORECASE)
_MONTHS = {
    "jan": 1, "ene": 1, "gen": 1, "feb": 2, "fev": 2, "mar": 3, "mrz": 3, "maa": 3, "mae": 3, "apr": 4, "abr": 4,
    "avr": 4, "mai": 5, "may": 5, "mag": 5, "mei": 5, "maj": 5, "jun": 6, "giu": 6, "jul": 7, "lug": 7, "aug": 8,
    "aou": 8, "ago": 8, "sep": 9, "set": 9, "oct": 10, "okt": 10, "ott": 10, "out": 10, "nov": 11, "dec": 12,
    "dez": 12, "dic": 12,
}  # fmt: skip


def _quickly(text: str) -> datetime | None:
    """What a program wrote; None where more has to be thought about it."""
    try:
        if _PLAIN_ISO.match(text):
            return datetime.fromisoformat(text)
        zoned = _ZONED_ISO.match(text)
        return datetime.fromisoformat(zoned[1] + zoned[2]) if zoned else None
    except ValueError:
        return None


def _order_seen(text: str) -> Seen:
    found = _NUMBERS.match(text)
    if found is None or found[2] == ".":  # dots are written where the day comes first
        return Seen.NOTHING
    first, second = int(found[1]), int(found[3])
    if first == second:
        return Seen.NOTHING
    if first > 12:
        return Seen.DAY_FIRST
    return Seen.MONTH_FIRST if second > 12 else Seen.EITHER


def _parsed(text: str, order: Order) -> datetime:
    """A date and time, with its zone if it names one.

    Raises:
        Unreadable: it is no date, or its day and month could be either number.
    """
    try:
        if text.isascii() and text.isdigit():
            return _digits(text)
        if text[:4].isdigit():
            return _iso(text)
        return _written_out(text, order)
    except (ValueError, OverflowError):
        raise Unreadable("is not a date", "write it like 2026-01-31 or 2026-01-31 14:30") from None


def _digits(text: str) -> datetime:
    """Digits alone: a compact date, or the seconds, milliseconds or microseconds of a program's clock."""
    if len(text) == 8:
        return datetime.strptime(text, "%Y%m%d")  # noqa: DTZ007  the zone comes later
    if len(text) == 14:
        return datetime.strptime(text, "%Y%m%d%H%M%S")  # noqa: DTZ007
    scale = {10: SECOND, 13: 1_000, 16: 1}.get(len(text))
    if scale is None:
        raise Unreadable("is a bare number, not a date", "format the column as a date and export it again")
    return moment(int(text) * scale)


def _iso(text: str) -> datetime:
    if _PLAIN_ISO.match(text):
        return datetime.fromisoformat(text)
    if zoned := _ZONED_ISO.match(text):
        return datetime.fromisoformat(zoned[1] + zoned[2])
    year_first = _ISO_LIKE.match(text)
    if year_first:
        year, month, day = (int(year_first[number]) for number in (1, 3, 4))
        text = f"{year:04}-{month:02}-{day:02}{text[year_first.end() :]}"
    bare = _ISO_ZONE.sub(lambda found: "" if found.group().strip() == "" else "+00:00", text)
    if len(bare) < 10:
        raise Unreadable("is not a whole date", "write year, month and day, like 2026-01-31")
    return datetime.fromisoformat(bare)


def _written_out(text: str, order: Order) -> datetime:
    numbers = _NUMBERS.match(text)
    if numbers:
        return _with_clock(_from_numbers(numbers, order), text[numbers.end() :])
    named = _NAMED_DAY.match(text)
    if named:
        day, month, year = int(named[1]), _month(named[2]), int(named[3])
    else:
        named = _NAMED_MONTH.match(text)
        if named is None:
            raise ValueError(text)
        day, month, year = int(named[2]), _month(named[1]), int(named[3])
    return _with_clock(date(year, month, day), text[named.end() :])


def _from_numbers(found: re.Match[str], order: Order) -> date:
    first, second, year = int(found[1]), int(found[3]), int(found[4])
    seen = _order_seen(found.group())
    if seen is Seen.EITHER and order is Order.UNKNOWN:
        raise Unreadable("could be two dates", "say which number comes first: --map dates=dmy or --map dates=mdy")
    month_first = seen is Seen.MONTH_FIRST or (seen is Seen.EITHER and order is Order.MONTH_FIRST)
    day, month = (second, first) if month_first else (first, second)
    return date(year + 2000 if year < 100 else year, month, day)


def _month(name: str) -> int:
    letters = unicodedata.normalize("NFKD", name.casefold())
    bare = "".join(letter for letter in letters if letter.isalpha())
    if bare.startswith("jui"):
        return 7 if bare.startswith("juil") else 6
    month = _MONTHS.get(bare[:3])
    if month is None:
        raise ValueError(name)
    return month


def _with_clock(day: date, rest: str) -> datetime:
    if not rest.strip():
        return datetime(day.year, day.month, day.day)  # noqa: DTZ001  the zone comes later
    found = _CLOCK.match(rest)
    if found is None:
        raise ValueError(rest)
    hour, minute, second = int(found[1]), int(found[2]), int(found[3] or 0)
    if found[4]:
        if not 1 <= hour <= 12:
            raise ValueError(rest)
        hour = hour % 12 + (12 if found[4].lower() == "p" else 0)
    zone = "+00:00" if (found[5] or "").lower() in ("z", "utc", "gmt") else found[5] or ""
    return datetime.fromisoformat(f"{day.isoformat()}T{hour:02}:{minute:02}:{second:02}{zone}")
