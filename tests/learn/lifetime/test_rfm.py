"""From purchases to customers: a day is one purchase, the first starts the clock; as sums a person adds one cell."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import examples
from tests.learn.lifetime.crowd import END, cdnow_lines

from goodwill.basics.errors import BadInput, CannotTell
from goodwill.learn.lifetime import Window, pareto, rfm
from goodwill.sums import Cells, Running

# Amina bought on days 3, 3 and 17, Bruno on day 10, Chiara on days 12, 40 and 60, Dev on day 90.
PEOPLE = ["Amina", "Chiara", "Bruno", "Amina", "Chiara", "Amina", "Dev", "Chiara"]
DAYS = [17, 40, 10, 3, 12, 3, 90, 60]
AMOUNTS = [5.0, 8.0, 3.0, 2.0, 9.0, 1.0, 7.0, 4.0]


def test_a_day_is_one_purchase_and_the_first_starts_the_clock():
    found = rfm.reduce(PEOPLE, DAYS, 73, amounts=AMOUNTS, unit="day")
    assert found.people.tolist() == ["Amina", "Bruno", "Chiara"]  # Dev came after the end
    assert found.x.tolist() == [1, 0, 2]
    assert found.t_x.tolist() == [14, 0, 48]
    assert found.T.tolist() == [70, 63, 61]
    assert found.mean_amount.tolist() == [5, 0, 6]  # without the first purchase
    assert (found.customers, found.repeaters) == (3, 2)


def test_weeks_are_sevenths_and_can_be_rounded():
    found = rfm.reduce(PEOPLE, DAYS, 73, unit="week")
    assert found.T.tolist() == [10, 9, 61 / 7]
    rounded = found.rounded()
    assert (rounded.t_x.tolist(), rounded.T.tolist()) == ([2, 0, 7], [10, 9, 9])
    assert found.mean_amount is None


def test_dates_are_days():
    dates = np.datetime64("2026-01-01") + np.array(DAYS)
    found = rfm.reduce(PEOPLE, dates, np.datetime64("2026-01-01") + 73, unit="day")
    assert found.T.tolist() == rfm.reduce(PEOPLE, DAYS, 73, unit="day").T.tolist()


def test_only_a_cohort_is_looked_at_where_older_purchases_are_not_on_record():
    assert rfm.reduce(PEOPLE, DAYS, 73, cohort=(5, 11)).people.tolist() == ["Bruno"]


def test_rounding_to_weeks_makes_fewer_rows_and_much_the_same_model(cdnow):
    rounded = cdnow.seen.rounded()
    assert rounded.compressed().x.size < 0.7 * cdnow.seen.compressed().x.size
    exact = pareto.fit(cdnow.seen.x, cdnow.seen.t_x, cdnow.seen.T)
    close = pareto.fit(rounded.x, rounded.t_x, rounded.T)
    assert np.all(np.abs(close.theta - exact.theta) < np.sqrt(np.diag(exact.covariance)))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"days": [*DAYS[:-1], 1.5]}, "whole numbers or numpy dates"),
        ({"days": np.array(["NaT"] * 8, "datetime64[D]")}, "none missing"),
        ({"days": DAYS[:-1]}, "needs a person and a day"),
        ({"amounts": [*AMOUNTS[:-1], -4.0]}, "cannot be below 0; line 7 has -4"),
        ({"amounts": [*AMOUNTS[:-1], np.nan]}, "not a number"),
        ({"amounts": AMOUNTS[:-1]}, "needs an amount"),
        ({"unit": "month"}, "not 'month'"),
    ],
)
def test_what_is_no_purchase_is_named(arguments, says):
    given = {"people": PEOPLE, "days": DAYS, "end": 73, "amounts": AMOUNTS} | arguments
    with pytest.raises(BadInput, match=says):
        rfm.reduce(**given)


@pytest.mark.parametrize("end", [0, 2])
def test_nobody_is_nobody(end):
    with pytest.raises(CannotTell, match="Nobody became a customer"):
        rfm.reduce(PEOPLE, DAYS, end)
    with pytest.raises(CannotTell, match="Nobody became a customer"):
        rfm.reduce([], np.zeros(0, int), 73)


# ---- as sums ---------------------------------------------------------------------------------------------------------

histories = st.lists(st.lists(st.integers(-5, 95), max_size=12), min_size=1, max_size=8)
windows = st.builds(
    Window, st.integers(-2, 20), st.integers(40, 90), st.sampled_from([1, 7]), st.sampled_from([3, 255])
)


def lines_of(days_of):
    people = np.repeat(np.arange(len(days_of)), [len(days) for days in days_of])
    return people, np.array([day for days in days_of for day in days], np.int64)


@settings(max_examples=examples(100))
@given(histories, windows)
def test_many_people_are_the_sum_of_each_and_a_total_without_one_never_had_her(days_of, window):
    whole = rfm.whole(*lines_of(days_of), window)
    assert whole.shapes == window.shapes
    parts = [rfm.part(days, window) for days in days_of]
    total = Running(parts[0].zero())
    for part in parts:
        total.add(part)
    assert total.sums == whole
    total.subtract(parts[-1])
    assert total.hash == rfm.whole(*lines_of(days_of[:-1]), window).hash


@settings(max_examples=examples(100))
@given(histories, st.integers(40, 90))
def test_a_table_holds_what_the_reducer_finds(days_of, end):
    window = Window(-5, end, step=1)
    people, days = lines_of(days_of)
    if not np.any(days <= end):
        with pytest.raises(CannotTell):
            rfm.table(rfm.whole(people, days, window), window)
        return
    found = rfm.table(rfm.whole(people, days, window), window, unit="day")
    expected = rfm.reduce(people, days, end, unit="day").compressed()
    assert rows_of(found) == rows_of(expected)


def rows_of(found):
    return sorted(zip(found.x, found.t_x, found.T, found.weights, strict=True))


def test_a_part_is_a_few_whole_numbers():
    part = rfm.part([3, 3, 17], Window(0, 364))
    assert isinstance(part["customers"], Cells)
    assert part["customers"].values.tolist() == [1]
    assert np.unravel_index(part["customers"].at[0], part["customers"].shape) == (0, 2, 1)  # weeks 0 to 2, once more
    assert rfm.part([], Window(0, 364)) == part.zero()


def test_who_bought_on_more_days_than_are_told_apart_is_counted():
    window = Window(0, 90, step=1, most=2)
    found = rfm.table(rfm.whole([0] * 5 + [1], [1, 2, 3, 4, 5, 9], window), window, unit="day")
    assert found.x.tolist() == [2, 0]
    assert found.warnings == ("1 customers bought on more than 2 days and count as 2.",)


def test_a_model_from_whole_weeks_is_close_to_one_from_days(data_folder, cdnow):
    people, days, _ = cdnow_lines(data_folder)
    window = Window(int(days.min().astype(int)), int(END.astype(int)), step=7)
    sums = rfm.whole(people, days, window)
    found = rfm.table(sums, window)
    assert (found.customers, found.x @ found.weights) == (2_357, 2_457)
    close = pareto.fit(found.x, found.t_x, found.T, found.weights)
    exact = pareto.fit(cdnow.seen.x, cdnow.seen.t_x, cdnow.seen.T)
    assert np.all(np.abs(close.theta - exact.theta) < np.sqrt(np.diag(exact.covariance)))


@pytest.mark.parametrize("step", [1, 7, 10])
def test_who_came_on_any_day_of_a_step_is_seen_for_as_long_as_she_was_on_average(step):
    """However many days are told apart: from step to step alone it would be half a step less."""
    window = Window(0, 7 * step - 1, step=step)
    people = np.arange(3 * step)
    found = rfm.table(rfm.whole(people, people, window), window, unit="day")
    exact = rfm.reduce(people, people, window.end, unit="day")
    assert found.T @ found.weights == pytest.approx(exact.T.sum())


def test_sums_of_another_window_are_not_read():
    with pytest.raises(BadInput, match="another window"):
        rfm.table(rfm.part([3], Window(0, 70)), Window(0, 364))
    with pytest.raises(BadInput, match="an end not before its start"):
        Window(5, 4)


def test_two_purchases_in_one_step_stay_two_where_only_steps_are_known():
    coarse = rfm.reduce([1, 1, 2, 2], [100, 102, 90, 101], 103, unit="week").rounded(7)
    assert coarse.x.tolist() == [1, 1]
    assert coarse.t_x.tolist() == [0.5, 2.0], "half a step, since a purchase at the first would have no best fit"
    assert np.all(coarse.t_x <= coarse.T)
