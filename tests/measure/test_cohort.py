"""Cohorts by age: each cell with its people and its interval, none about few, none that pretends to be complete."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import bootstrap, ttest_1samp

from goodwill.basics.errors import BadInput, Overflow
from goodwill.measure.cohort import cohort_sums, cohorts, cohorts_of
from goodwill.measure.share import share


def shop(people=60, seed=1):
    """Sixty come on day 0 and sixty on day 35; each buys again on some of the days that follow, to day 99."""
    dice = np.random.default_rng(seed)
    first = np.repeat([0, 35], people)
    who, day = np.arange(2 * people), first
    later = dice.integers(0, 2 * people, 400)
    then = first[later] + dice.integers(0, 100, 400)
    keep = then <= 99
    return np.r_[who, later[keep]], np.r_[day, then[keep]]


def by_hand(who, day, cohort, age, until=99, period=30):
    """The same with nothing but loops: n watched for all of that age, and how many of them bought."""
    watched, bought = 0, 0
    for one in np.unique(who):
        days = day[who == one]
        begun = days.min()
        if begun // period != cohort or begun + (age + 1) * period - 1 > until:
            continue
        watched += 1
        bought += any(begun + age * period <= then < begun + (age + 1) * period for then in days)
    return watched, bought


def test_each_cell_is_what_counting_by_hand_gives():
    who, day = shop()
    found = cohorts(who, day, 99, period=30)
    assert [len(row) for row in found.cells] == [4, 4, 4, 4]
    for cohort, row in enumerate(found.cells):
        for cell in row:
            watched, bought = by_hand(who, day, cohort, cell.age)
            if watched < 20:
                assert cell.refused
                continue
            expected = share(bought, watched)
            assert (cell.n, cell.value, cell.low, cell.high) == (watched, expected.value, expected.low, expected.high)
            assert (cell.start, cell.complete) == (30 * cohort, True)
    assert found.cells[0][0].value == 1  # age 0 begins with the first purchase
    assert "watched for so long yet" in found.cells[1][2].refused  # to day 124


def test_of_fewer_than_twenty_a_cell_tells_nothing_not_even_how_many():
    who, day = shop(people=19)
    found = cohorts(who, day, 99)
    cell = found.cells[0][0]
    assert (cell.suppressed, cell.value, cell.low, cell.n) == (True, None, None, 0)
    assert "19" not in str(cell.to_dict())
    assert "No cell has 20 customers" in found.refused
    assert cohorts(who, day, 99, least=19).cells[0][0].n == 19


def test_a_window_that_not_all_had_is_marked_and_counts_only_those_who_had():
    who = np.arange(50)
    day = np.repeat([0, 20], [30, 20])
    cell = cohorts(who, day, until=40).cells[0][0]  # the later twenty are watched for 21 of 30 days
    assert (cell.n, cell.complete) == (30, False)
    assert "Not all of the cohort" in cell.warnings[0]
    assert cohorts(who, day, until=49).cells[0][0].complete


def test_amounts_have_the_mean_and_students_interval():
    who = np.r_[np.arange(40), np.arange(40)]
    day, amount = np.repeat([0, 3], 40), np.random.default_rng(3).integers(100, 9_000, 80)
    cell = cohorts(who, day, until=29, amount=amount).cells[0][0]
    each = amount[:40] + amount[40:]
    theirs = ttest_1samp(each, 0).confidence_interval(0.95)
    assert (cell.value, cell.low, cell.high) == pytest.approx((each.mean(), theirs.low, theirs.high))
    resampled = bootstrap((each,), np.mean, rng=np.random.default_rng(1)).confidence_interval
    assert cell.low == pytest.approx(resampled.low, rel=0.05)


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 89), st.integers(0, 5_000)), min_size=1, max_size=50))
def test_parts_of_customers_add_up_to_the_grid_and_hers_can_be_taken_out(rows):
    who, day, amount = (np.array(column) for column in zip(*rows, strict=True))
    chiara = who == who[0]

    def part(some):
        return cohort_sums(who[some], day[some], 89, start=0, period=10, amount=amount[some])

    everybody = part(np.ones(len(rows), bool))
    assert part(chiara) + part(~chiara) == everybody
    assert everybody - part(chiara) == part(~chiara)
    grid = cohorts(who, day, 89, start=0, period=10, amount=amount, least=2)
    assert cohorts_of(everybody, start=0, period=10, amounts=True, least=2) == grid


def of_forty(later, amount):
    """Forty who come on day 0 and pay 5,000 and more; what some of them buy later."""
    who, day = np.r_[np.arange(40), later[0]], np.r_[np.zeros(40, int), later[1]]
    sums = cohort_sums(who, day, 149, start=0, period=30, amount=np.r_[5_000 + np.arange(40), amount])
    return [
        cohorts_of(sums, start=0, period=30, amounts=amounts, buyers=10).cells[0] for amounts in (False, True)
    ]  # fmt: skip


def test_what_the_one_of_forty_paid_who_came_back_is_not_told_and_follows_from_nothing():
    shares, amounts = of_forty(([7], [70]), [8_900])
    assert [cell.suppressed for cell in shares] == [False, False, True, False, False]
    assert (shares[2].value, shares[2].n, shares[1].value) == (None, 0, 0.0)
    # The first age goes too: all that was ever bought, less what these forty paid first, would be her 89.00.
    assert [cell.suppressed for cell in amounts] == [True, False, True, False, False]
    assert "8900" not in str([cell.to_dict() for cell in amounts])


def test_of_ten_who_came_back_it_is_told():
    shares, amounts = of_forty((np.arange(10), np.full(10, 70)), np.arange(100, 110))
    assert not any(cell.suppressed for cell in (*shares, *amounts))
    assert (shares[2].value, amounts[2].value) == (0.25, sum(range(100, 110)) / 40)


def test_who_bought_for_nothing_or_in_another_currency_hides_nobody():
    shares, amounts = of_forty((np.arange(10), np.full(10, 70)), [0] * 9 + [8_900])
    assert shares[2].value == 0.25
    assert amounts[2].suppressed
    assert amounts[2].value is None


def test_beside_a_cell_of_few_the_smallest_of_its_cohort_goes_and_no_other():
    twelve, one, twenty = np.arange(12), [3], np.arange(20)
    who, day = np.r_[twelve, one, twenty], np.repeat([40, 70, 100], [12, 1, 20])
    _, amounts = of_forty((who, day), np.arange(33) + 700)
    assert [cell.suppressed for cell in amounts] == [False, True, True, False, False]


@given(st.integers(0, 10_000), st.integers(1, 60))
def test_no_cell_and_no_rest_of_a_cohort_is_of_few_who_paid(seed, more):
    dice = np.random.default_rng(seed)
    who, day = np.arange(60), np.repeat([0, 35], 30)
    later = dice.integers(0, 60, more)
    who, day = np.r_[who, later], np.r_[day, np.minimum(day[later] + dice.integers(0, 120, more), 149)]
    amount = dice.integers(0, 3, who.size)
    sums = cohort_sums(who, day, 149, start=0, period=30, amount=amount)
    for row in cohorts_of(sums, start=0, period=30, amounts=True, buyers=10).cells[:2]:
        shown = [cell.age for cell in row if cell.n]
        payers = {age: who_paid(who, day, amount, row[0].start, age) for age in range(len(row))}
        assert all(not payers[age] or len(payers[age]) >= 10 for age in shown)
        hidden = set().union(*(payers[cell.age] for cell in row if cell.suppressed))
        assert not any(payers[age] for age in shown) or not hidden or len(hidden) >= 10


def who_paid(who, day, amount, start, age, period=30):
    """By loops: people of a cohort whose purchases at an age came to something."""
    found = set()
    for one in np.unique(who):
        begun = day[who == one].min()
        mine = (who == one) & (day >= begun + age * period) & (day < begun + (age + 1) * period)
        if start <= begun < start + period and amount[mine].sum():
            found.add(int(one))
    return found


def test_amounts_all_alike_and_amounts_beyond_measure_are_refused():
    cell = cohorts(np.arange(30), np.zeros(30), until=29, amount=np.full(30, 500)).cells[0][0]
    assert "All brought the same" in cell.refused
    with pytest.raises(Overflow):
        cohorts(np.arange(30), np.zeros(30), until=29, amount=np.full(30, 2**40))


def test_a_grid_of_nobody_is_refused_and_days_outside_are_a_mistake():
    assert "No cell" in cohorts([], [], until=99).refused
    with pytest.raises(BadInput, match="days 0 to 5, but the grid is of 0 to 3"):
        cohorts([1, 1], [0, 5], until=3)
    with pytest.raises(BadInput, match="not equally long"):
        cohorts([1, 1], [0], until=3)
    with pytest.raises(BadInput, match="before it starts"):
        cohorts([], [], until=3, start=9)
