"""What people add to figures about buying: exact, the same from each and from all, and nothing of who has gone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.measure.shoppers import UNTIL, Line, crowd, frame_of, total_of_parts, view_of

from goodwill.access import Contribution, Priced
from goodwill.learn.lifetime.rfm import reduce
from goodwill.measure.again import repeat_purchase, repeat_purchase_of, waiting
from goodwill.measure.bought import Bought, of_view
from goodwill.measure.buying import EDGES, CameBack, HowOften, InCohort, customers_of
from goodwill.people.types import BOUGHT, ORDERED, REFUNDED
from goodwill.purposes import shipped
from goodwill.sums import Running

CONTRIBUTIONS = [
    CameBack(until=UNTIL, currency="EUR", window=90),
    InCohort(until=UNTIL, currency="EUR", start=UNTIL - 7 * 28 + 1, period=28),
    HowOften(until=UNTIL, currency="EUR"),
]
each = pytest.mark.parametrize("what", CONTRIBUTIONS, ids=[what.name for what in CONTRIBUTIONS])


@each
@given(people=crowd)
def test_many_at_once_are_the_sum_of_each(what, people):
    assert what.whole(frame_of(people)) == total_of_parts(what, people)


@each
@given(people=crowd, who=st.integers(0, 5))
def test_a_total_without_chiara_is_the_total_that_never_had_her(what, people, who):
    chiara = people[who] if who < len(people) else []
    others = [*people[:who], *people[who + 1 :]]
    total, part, never = (
        what.whole(frame_of([*others, chiara])),
        what.part(view_of(chiara)),
        what.whole(frame_of(others)),
    )
    assert total - part == never
    if what.name != "how-often":  # its cells are far too many to be laid out
        running = Running(total)
        running.subtract(part)
        assert running.hash == never.hash


@each
def test_it_is_what_the_door_asks_for(what):
    assert isinstance(what, Contribution)
    assert isinstance(what, Priced)
    assert what.categories <= frozenset(shipped()[what.purpose].categories)


# ---- what counts as an order -----------------------------------------------------------------------------------------


def orders(*some):
    found = of_view(view_of(some), UNTIL)
    return list(zip(found.day.tolist(), found.amount.tolist(), found.foreign.tolist(), strict=True))


def test_lines_of_one_order_are_one_purchase_and_its_total_counts_where_it_is_known():
    lines = [Line(3, 200, order=1), Line(3, 300, order=1)]
    assert orders(*lines) == [(3, 500, False)]
    assert orders(*lines, Line(3, 450, order=1, type=ORDERED)) == [(3, 450, False)]


def test_lines_without_an_order_are_one_purchase_a_day():
    assert orders(Line(3, 200), Line(3, 300), Line(4, 100)) == [(3, 500, False), (4, 100, False)]


def test_what_was_given_back_is_taken_off_and_what_came_back_whole_was_not_bought():
    bought = Line(3, 500, order=1, type=ORDERED)
    assert orders(bought, Line(9, 200, order=1, type=REFUNDED)) == [(3, 300, False)]
    assert orders(bought, Line(9, 500, order=1, type=REFUNDED)) == []
    assert orders(bought, Line(9, 200, order=-1, type=REFUNDED)) == [(3, 500, False)], "of nobody knows what"


def test_an_order_in_another_currency_was_bought_and_its_amount_is_left_out():
    assert orders(Line(3, 500, order=1, foreign=1), Line(4, 100, order=2)) == [(3, 0, True), (4, 100, False)]


def test_what_comes_after_the_last_day_did_not_happen_yet():
    assert orders(Line(UNTIL + 1, 500, order=1), Line(UNTIL, 100, order=2)) == [(UNTIL, 100, False)]


# ---- the figures of raw rows -----------------------------------------------------------------------------------------


def shoppers(seed=4, people=200):
    chance = np.random.default_rng(seed)
    return [
        [Line(int(day), int(amount), order=n, type=ORDERED) for n, (day, amount) in enumerate(
            zip(np.unique(chance.integers(0, UNTIL + 1, chance.integers(1, 9))), chance.integers(1, 9_000, 9),
                strict=False))]
        for _ in range(people)
    ]  # fmt: skip


def test_the_repeat_purchase_rate_of_sums_is_that_of_the_purchases():
    people = shoppers()
    what = CONTRIBUTIONS[0]
    rows = [(n, line.day) for n, some in enumerate(people) for line in some]
    who, day = (np.array(column) for column in zip(*rows, strict=True))
    found = waiting(who, day, UNTIL)
    raw = repeat_purchase(found.duration, found.observed, found.followed, 90)
    assert repeat_purchase_of(what.whole(frame_of(people))) == raw


def test_cells_hold_what_models_of_value_are_fitted_to_and_amounts_within_one_percent():
    people = shoppers()
    what = HowOften(until=UNTIL, currency="EUR")
    sums = what.whole(frame_of(people))
    kinds = customers_of(sums, what)
    rows = [(n, line.day, line.amount) for n, some in enumerate(people) for line in some]
    who, day, amount = (np.array(column) for column in zip(*rows, strict=True))
    raw = reduce(who, day, UNTIL, amounts=amount, unit="day")
    assert kinds.many.sum() == raw.customers
    assert sorted(np.repeat(kinds.x, kinds.many)) == sorted(raw.x)
    assert abs(np.sort(np.repeat(kinds.T, kinds.many)) * 7 - np.sort(raw.T)).max() < 7
    exact = sums.number("spent")
    assert exact == round(float(raw.x @ raw.mean_amount))
    assert abs(kinds.spent / exact - 1) < 0.005
    means = np.sort(np.repeat(kinds.mean, kinds.many))
    assert abs(means / np.maximum(np.sort(raw.mean_amount), 1e-9) - 1)[means > 0].max() < 0.02


def test_small_amounts_are_told_apart_exactly():
    assert EDGES[:50].tolist() == list(range(1, 51))
    assert (EDGES[1:] / EDGES[:-1])[60:].max() <= 1.0201


def test_bought_lines_and_orders_together_are_counted_once():
    some = [Line(3, 200, order=1, type=BOUGHT), Line(3, 200, order=1, type=ORDERED)]
    assert HowOften(until=UNTIL, currency="EUR").part(view_of(some)).number("spent") == 0
    assert orders(*some) == [(3, 200, False)]


def test_who_bought_twice_in_the_last_week_has_times_that_a_model_can_take():
    what = HowOften(until=7_000, currency="EUR")
    days, paid = np.array([6_998, 7_000]), np.array([1_000, 2_000])
    sums = what._sums(Bought(np.zeros(2, np.int64), days, paid, np.zeros(2, bool)))
    (x,), (t_x,), (T,) = (getattr(customers_of(sums, what), name) for name in ("x", "t_x", "T"))
    assert (x, t_x, T) == (1, 0.5, 0.5)
