"""A visit is an order, or a day where there is none; an item counts once in it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.learn.shoppers import ITEM_OF, ITEMS, VIEWED, Line, baskets_of, crowd, frame_of, person, view_of

from goodwill.learn.baskets import HoldBack, learnt, of_frame, of_view, tried


def visits_of(baskets):
    """Day and items of each visit of the only person."""
    assert baskets.people == 1
    return [(int(day), baskets.item[baskets.visit == n].tolist()) for n, day in enumerate(baskets.day)]


def read(*lines):
    return visits_of(of_view(view_of(list(lines)), ITEM_OF, ITEMS))


def test_two_orders_on_one_day_are_two_visits():
    assert read(Line(3, product=2, order=8), Line(3, product=3, order=9)) == [(3, [1]), (3, [2])]


def test_lines_without_an_order_belong_to_their_day():
    assert read(Line(3, product=2), Line(3, product=3), Line(4, product=2)) == [(3, [1, 2]), (4, [1])]


def test_an_order_whose_lines_lie_apart_is_one_visit_on_its_first_day():
    assert read(Line(3, 2, order=8), Line(3, 3, order=9), Line(5, 4, order=8)) == [(3, [1, 3]), (3, [2])]


def test_a_day_before_1970_is_no_order():
    assert read(Line(-9, 2), Line(-9, 3, order=7), Line(-9, 4)) == [(-9, [1, 3]), (-9, [2])]


def test_an_item_counts_once_in_a_visit_however_many_products_of_it():
    assert read(Line(3, product=0), Line(3, product=1), Line(3, product=0)) == [(3, [0])]


def test_a_visit_without_a_known_product_is_still_a_visit():
    assert read(Line(3, product=-1), Line(4, product=5), Line(5, product=99)) == [(3, []), (4, []), (5, [])]


def test_only_purchases_count():
    assert read(Line(3, product=2, type=VIEWED), Line(3, product=3)) == [(3, [2])]


@given(people=crowd)
def test_many_people_are_read_as_each_alone(people):
    together = of_frame(frame_of(people), ITEM_OF, ITEMS)
    assert together.people == len(people)
    for n, some in enumerate(people):
        alone = of_view(view_of(some), ITEM_OF, ITEMS)
        first, last = together.starts[n], together.starts[n + 1]
        own = (together.visit >= first) & (together.visit < last)
        assert together.day[first:last].tolist() == alone.day.tolist()
        assert (together.visit[own] - first).tolist() == alone.visit.tolist()
        assert together.item[own].tolist() == alone.item.tolist()


@given(some=person, rule=st.sampled_from(HoldBack))
def test_what_is_set_aside_follows_what_is_learnt_and_nothing_is_lost(some, rule):
    everything = of_view(view_of(some), ITEM_OF, ITEMS)
    before, then = learnt(everything, (rule,)), tried(everything, (rule,))
    assert visits_of(before) + visits_of(then) == visits_of(everything)
    assert bool(visits_of(then)) == (len(visits_of(everything)) > 1)


@pytest.mark.parametrize(
    ("visits", "last", "fifth"), [(0, 0, 0), (1, 0, 0), (2, 1, 1), (9, 1, 1), (10, 1, 2), (99, 1, 19)]
)
def test_how_much_is_set_aside(visits, last, fifth):
    count = np.array([visits])
    assert visits - HoldBack.LAST_VISIT.kept(count)[0] == last
    assert visits - HoldBack.LAST_FIFTH.kept(count)[0] == fifth


def test_rules_are_applied_one_after_another():
    ten = baskets_of([(day, [0]) for day in range(10)])
    rules = (HoldBack.LAST_FIFTH, HoldBack.LAST_VISIT)
    assert learnt(ten, rules).day.tolist() == list(range(7))
    assert tried(ten, rules).day.tolist() == [7]


def test_items_numbered_anew_keep_visits_and_leave_others_out():
    two = baskets_of([(1, [0, 2]), (2, [1])])
    assert visits_of(two.of_items(np.array([-1, 0, 1, -1, -1, -1]), 2)) == [(1, [1]), (2, [0])]
