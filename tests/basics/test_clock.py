"""Time is counted in whole microseconds of UTC, and days on the shop's own calendar."""

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodwill.basics.clock import DAY, SECOND, date_of, day_number, day_of, iso, micros, moment, system_clock

ROME = ZoneInfo("Europe/Rome")

moments = st.datetimes(
    min_value=datetime(1, 1, 2),  # noqa: DTZ001  # the strategy wants its ends without a zone
    max_value=datetime(9999, 12, 30),  # noqa: DTZ001
    timezones=st.just(UTC) | st.timezones(),
)


@given(moments)
def test_a_moment_comes_back_to_the_microsecond(at):
    # Python calls no moment of a doubled or skipped hour equal to one in another zone, so both are told in UTC.
    assert moment(micros(at)) == at.astimezone(UTC)


def test_a_moment_without_a_zone_is_refused_because_nobody_knows_when_it_was():
    with pytest.raises(ValueError, match="no time zone"):
        micros(datetime(2026, 11, 22, 9, 30))  # noqa: DTZ001  # that is the point


def test_microseconds_before_1970_are_counted_downwards():
    assert micros(datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)) == -1
    assert moment(-1) == datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)


def test_the_system_clock_tells_now_to_the_microsecond():
    before = datetime.now(UTC)
    told = moment(system_clock())
    assert before <= told <= datetime.now(UTC)


def test_the_shops_day_begins_at_its_own_midnight():
    late = micros(datetime(2026, 11, 21, 23, 30, tzinfo=UTC))
    assert date_of(day_of(late, ZoneInfo("UTC"))) == date(2026, 11, 21)
    assert date_of(day_of(late, ROME)) == date(2026, 11, 22)
    assert date_of(day_of(late, ZoneInfo("Pacific/Kiritimati"))) == date(2026, 11, 22)
    assert date_of(day_of(late, ZoneInfo("Pacific/Pago_Pago"))) == date(2026, 11, 21)


@pytest.mark.parametrize(
    ("first", "last", "hours"),
    [
        # In Rome the clock went forward on 29 March 2026 and back on 25 October: days of 23 and 25 hours.
        (datetime(2026, 3, 28, 23, tzinfo=UTC), datetime(2026, 3, 29, 21, 59, tzinfo=UTC), 23),
        (datetime(2026, 10, 24, 22, tzinfo=UTC), datetime(2026, 10, 25, 22, 59, tzinfo=UTC), 25),
    ],
)
def test_a_day_of_a_changed_clock_is_still_one_day(first, last, hours):
    start, end = micros(first), micros(last)
    day = day_of(start, ROME)
    assert day_of(end, ROME) == day
    assert day_of(start - 1, ROME) == day - 1
    assert day_of(start + hours * 3600 * SECOND, ROME) == day + 1


@given(st.dates())
def test_a_date_comes_back_from_its_day_number(on):
    assert date_of(day_number(on)) == on


def test_day_zero_is_the_first_of_january_1970():
    assert day_number(date(1970, 1, 1)) == 0
    assert timedelta(days=1) // timedelta(microseconds=1) == DAY


def test_time_is_written_in_utc_as_people_and_machines_read_it():
    at = micros(datetime(2026, 11, 22, 10, 30, 0, 999_999, tzinfo=timezone(timedelta(hours=1))))
    assert iso(at) == "2026-11-22T09:30:00Z"
