"""When it happened, in several ways of writing it."""

from zoneinfo import ZoneInfo

import numpy as np
import pytest

from goodwill.basics.clock import DAY, SECOND, day_of, iso
from goodwill.collect import times
from goodwill.collect.columns import BAD, Unreadable
from goodwill.collect.times import Calendar, Order, Seen, seen_in, time_reader

BERLIN = ZoneInfo("Europe/Berlin")
NOW = 1_795_338_000 * SECOND  # 22 November 2026


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2026-03-02 08:15:00", "2026-03-02T07:15:00Z"),
        ("2026-03-02T08:15:00Z", "2026-03-02T08:15:00Z"),
        ("2026-03-02 08:15:00 +0100", "2026-03-02T07:15:00Z"),
        ("2026-03-02 08:15:00 UTC", "2026-03-02T08:15:00Z"),
        ("2026-03-02", "2026-03-01T23:00:00Z"),
        ("20260302", "2026-03-01T23:00:00Z"),
        ("2026/3/2", "2026-03-01T23:00:00Z"),
        ("02.03.2026 08:15", "2026-03-02T07:15:00Z"),
        ("2.3.26", "2026-03-01T23:00:00Z"),
        ("13/04/2026", "2026-04-12T22:00:00Z"),
        ("04/13/2026 3:04 PM", "2026-04-13T13:04:00Z"),
        ("04/13/2026 12:04 AM", "2026-04-12T22:04:00Z"),
        ("5. März 2026", "2026-03-04T23:00:00Z"),
        ("Mar 5, 2026", "2026-03-04T23:00:00Z"),
        ("5 janv. 2026 10:30", "2026-01-05T09:30:00Z"),
        ("12 juillet 2025", "2025-07-11T22:00:00Z"),
        ("5 de enero de 2026", "2026-01-04T23:00:00Z"),
        ("Mon, 5 Jan 2026 10:00:00 +0000", "2026-01-05T10:00:00Z"),
        ("1483271606", "2017-01-01T11:53:26Z"),
        ("1483271606000", "2017-01-01T11:53:26Z"),
        ("2026-10-25 02:30", "2026-10-25T00:30:00Z"),  # an hour that came twice: its first coming
    ],
)
def test_times_are_read_in_the_shops_zone_unless_they_carry_one(written, moment):
    at = time_reader(BERLIN, Order.UNKNOWN, NOW)(written)
    assert iso(at) == moment


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("03/04/2026", "could be two dates"),
        ("31/02/2026", "not a date"),
        ("2026-02-30", "not a date"),
        ("soon", "not a date"),
        ("42736", "bare number"),
        ("1900-01-00", "not a date"),
        ("1899-12-30", "before 1990"),
        ("2027-11-23", "in the future"),
        ("2026-01", "not a whole date"),
        ("13:45", "not a date"),
    ],
)
def test_what_is_no_clear_date_is_given_back(written, problem):
    with pytest.raises(Unreadable) as refused:
        time_reader(BERLIN, Order.UNKNOWN, NOW)(written)
    assert problem in refused.value.reason.problem


def test_the_column_decides_which_number_is_the_day():
    assert iso(time_reader(BERLIN, Order.DAY_FIRST, NOW)("03/04/2026")) == "2026-04-02T22:00:00Z"
    assert iso(time_reader(BERLIN, Order.MONTH_FIRST, NOW)("03/04/2026")) == "2026-03-03T23:00:00Z"
    assert iso(time_reader(BERLIN, Order.MONTH_FIRST, NOW)("13/04/2026")) == "2026-04-12T22:00:00Z"


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        ("13/04/2026", Seen.DAY_FIRST | Seen.NO_ZONE | Seen.NO_TIME),
        ("04/13/2026 10:00", Seen.MONTH_FIRST | Seen.NO_ZONE),
        ("03/04/2026 10:00", Seen.EITHER | Seen.NO_ZONE),
        ("2026-03-02", Seen.NO_ZONE | Seen.NO_TIME),
        ("2026-03-02 10:00", Seen.NO_ZONE),
        ("2026-03-02T10:00Z", Seen.NOTHING),
        ("", Seen.NOTHING),
        ("hello", Seen.NO_DATE),
    ],
)
def test_what_one_date_tells_about_its_column(written, seen):
    assert seen_in(written) == seen


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "UTC"])
def test_whole_columns_give_what_single_moments_give(zone):
    calendar = Calendar(ZoneInfo(zone))
    at = np.random.default_rng(8).integers(946_684_800 * SECOND, NOW, 3_000)
    assert calendar.days(at).tolist() == [day_of(one, calendar.zone) for one in at.tolist()]
    read = time_reader(calendar.zone, Order.UNKNOWN, NOW)
    walls = [str(np.datetime64(one, "us")).replace("T", " ") for one in at.tolist()]
    assert calendar.moments(at).tolist() == [read(wall) for wall in walls]


def test_typed_times_out_of_range_are_bad():
    values = np.array([0, NOW, NOW + 3 * DAY, 2**62, -(2**62), 2**63 - 1, -(2**63)])
    for calendar in (None, Calendar(ZoneInfo("UTC"))):
        assert times.wall_or_moment(values, calendar, NOW).tolist() == [BAD, NOW, BAD, BAD, BAD, BAD, BAD]
