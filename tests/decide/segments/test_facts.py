"""Birthdays come round each year, whoever knows the year or not."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodwill.decide.segments.facts import days_to_birthday, same


@pytest.mark.parametrize(
    ("text", "today", "days"),
    [
        ("1980-03-04", date(2026, 3, 4), 0),
        ("--03-04", date(2026, 3, 1), 3),
        ("03-04", date(2026, 3, 5), 364),
        ("1990-01-02", date(2026, 12, 30), 3),
        ("2000-02-29", date(2026, 2, 27), 1),  # on the 28th in a year without
        ("2000-02-29", date(2028, 2, 28), 1),
        ("2000-02-30", date(2026, 1, 1), None),
        ("4 March", date(2026, 1, 1), None),
        ("", date(2026, 1, 1), None),
    ],
)
def test_days_to_a_birthday(text, today, days):
    assert days_to_birthday(text, today) == days


@given(st.dates(date(1900, 1, 1), date(2020, 12, 31)), st.dates(date(2021, 1, 1), date(2090, 12, 31)))
def test_the_next_birthday_is_within_a_year(born, today):
    days = days_to_birthday(born.isoformat(), today)
    assert days is not None
    assert 0 <= days <= 365
    then = today + timedelta(days=days)
    assert (then.month, then.day) in ((born.month, born.day), (2, 28))


def test_texts_are_compared_without_capitals_and_spaces():
    assert same("  Bad   Ischl ") == same("bad ischl")
    assert same("Straße") == same("STRASSE")
