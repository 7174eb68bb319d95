"""What is bought at a time of the week: counted by the shop's clock, used only where it is better than all times."""

from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodwill.access import Frame, Log
from goodwill.basics.clock import DAY, SECOND, Micros, micros, moment
from goodwill.learn.moment import CELLS, PULLS, BoughtByMoment, Moments, cell_at, offsets
from goodwill.learn.popular import BoughtByMany
from goodwill.people.types import BOUGHT

HOUR = 3_600 * SECOND
MONDAY = 4 * DAY  # 5 January 1970
UTC, NEW_YORK = ZoneInfo("UTC"), ZoneInfo("America/New_York")
PRODUCTS = np.arange(3)


def frame(*visits: tuple[int, int, list[int]]) -> Frame:
    """Visits as (person, at, items), in order; each an order of its own."""
    lines = [(person, at, item, n) for n, (person, at, items) in enumerate(visits) for item in items]
    person, at, product, order = (np.array(column, np.int64) for column in zip(*lines, strict=True))
    nothing = np.zeros(person.size, np.int64)
    log = Log(np.arange(person.size), nothing + BOUGHT, at, at // DAY, product, nothing, nothing, order)
    return Frame(int(person.max()) + 1, person, log)


@pytest.mark.parametrize(
    ("hour", "part"), [(4, 3), (5, 0), (10, 0), (11, 1), (15, 1), (16, 2), (20, 2), (21, 3), (23, 3), (0, 3)]
)
def test_a_day_has_four_parts_and_the_weekend_its_own(hour: int, part: int):
    assert cell_at(Micros(MONDAY + hour * HOUR), 0) == 2 * part
    assert cell_at(Micros(MONDAY + 4 * DAY + hour * HOUR), 0) == 2 * part
    assert cell_at(Micros(MONDAY + 5 * DAY + hour * HOUR), 0) == 2 * part + 1


def test_the_shops_own_clock_counts():
    assert cell_at(Micros(MONDAY + HOUR), -5 * HOUR) == 2 * 2 + 1, "it is still Sunday evening there"
    sums = BoughtByMoment(PRODUCTS, 3, NEW_YORK).whole(frame((0, MONDAY + HOUR, [1])))
    assert sums.array("early_visits").tolist() == [0, 0, 0, 0, 0, 1, 0, 0]
    assert sums.array("early")[5].tolist() == [0, 1, 0]


@given(st.lists(st.integers(0, 60 * 365 * DAY), max_size=30))
def test_offsets_are_those_of_each_moment(moments: list[int]):
    found = offsets(np.array(moments, np.int64), NEW_YORK)
    local = [moment(at).astimezone(NEW_YORK).replace(tzinfo=UTC) for at in moments]
    assert found.tolist() == [micros(there) - at for there, at in zip(local, moments, strict=True)]


def test_the_latest_fifth_is_counted_apart_and_people_once():
    visits = [(0, MONDAY + week * 7 * DAY + 9 * HOUR, [0, week % 2 + 1]) for week in range(5)]
    sums = BoughtByMoment(PRODUCTS, 3, UTC).whole(frame(*visits, (1, MONDAY + 9 * HOUR, [0])))
    assert sums.array("early")[0].tolist() == [5, 2, 2]
    assert sums.array("late")[0].tolist() == [1, 1, 0]
    assert sums.array("people")[0].tolist() == [2, 1, 1]
    assert (sums.array("early_visits")[0], sums.array("late_visits")[0], sums.number("visits")) == (5, 1, 6)


@pytest.mark.parametrize("hour", [0, 12])
def test_a_file_that_knows_the_day_alone_counts_for_no_time_of_it(hour: int):
    sums = BoughtByMoment(PRODUCTS, 3, UTC).whole(frame((0, MONDAY + hour * HOUR, [1])))
    assert (sums.array("early").sum(), sums.array("early_visits").sum(), sums.number("visits")) == (0, 0, 1)
    sums = BoughtByMoment(PRODUCTS, 3, UTC).whole(frame((0, MONDAY + hour * HOUR + SECOND, [1])))
    assert sums.array("early_visits").sum() == 1


def shop(people: int, weeks: int, buys) -> Moments:
    """A shop whose people come on Mondays at nine and at eighteen, and buy what ``buys`` says of person and hour."""
    visits = [
        (person, MONDAY + week * 7 * DAY + hour * HOUR, buys(person, hour))
        for person in range(people) for week in range(weeks) for hour in (9, 18)
    ]  # fmt: skip
    found = frame(*visits)
    many = BoughtByMany(PRODUCTS, 3)
    counted = BoughtByMoment(PRODUCTS, 3, UTC)
    return counted.fit(counted.whole(found), many.fit(many.whole(found)))


def test_where_mornings_differ_they_have_a_list_of_their_own():
    moments = shop(10, 10, lambda person, hour: [0] if hour == 9 else [1, 2][: 1 + person % 2])
    assert moments.ranking(0)[0] == 0
    assert moments.ranking(4)[0] == 1
    assert moments.better[[0, 4]].any()
    assert (moments.raised(0, 0), moments.raised(0, 1), moments.raised(4, 1)) == (True, False, True)
    assert moments.shares.shape == (CELLS, 3)


def test_where_all_times_are_alike_all_times_are_used():
    moments = shop(10, 10, lambda person, _: [0, 1, 2][: 1 + person % 3])
    assert not moments.better.any()
    assert not any(moments.raised(cell, item) for cell in range(CELLS) for item in range(3))


def test_what_fewer_than_five_people_buy_at_a_time_is_no_reason():
    moments = shop(8, 10, lambda person, hour: [0] if (hour == 9) == (person < 4) else [1])
    assert moments.people[0].tolist() == [4, 4, 0]
    assert not moments.raised(0, 0)
    assert not moments.raised(0, 2), "nobody bought it at all"


def test_a_shop_that_knows_nothing_has_no_better_times():
    many, counted = BoughtByMany(PRODUCTS, 3), BoughtByMoment(PRODUCTS, 3, UTC)
    nothing = np.zeros(0, np.int64)
    empty = Frame(0, nothing, Log(*(nothing for _ in range(8))))
    moments = counted.fit(counted.whole(empty), many.fit(many.whole(empty)))
    assert not moments.better.any()
    assert moments.pull in PULLS
    assert np.isfinite(moments.shares).all()
    assert moments.ranking(0).size == 0
