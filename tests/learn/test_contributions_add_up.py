"""What many contribute at once is the sum of what each contributes, bit for bit, and each can leave again."""

from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.learn.shoppers import ITEM_OF, ITEMS, crowd, frame_of, regulars, total_of_parts, view_of

from goodwill.access import Contribution
from goodwill.basics.errors import BadInput
from goodwill.learn import rows as module
from goodwill.learn.affinity import BoughtTogether
from goodwill.learn.baskets import HoldBack
from goodwill.learn.growth import grown
from goodwill.learn.likeness import LikeThings, tags_of
from goodwill.learn.moment import BoughtByMoment
from goodwill.learn.path import path
from goodwill.learn.popular import BoughtByMany
from goodwill.learn.usual import BuysAgain
from goodwill.purposes import shipped
from goodwill.sums import Running

TAGS = tags_of([(0, "category", "a"), (1, "category", "a"), (2, "category", "b"), (3, "category", "a"),
                (3, "brand", "b"), (4, "brand", "b"), (5, "tag", "c")], ITEMS)  # fmt: skip
RULES = [(), (HoldBack.LAST_VISIT,), (HoldBack.LAST_FIFTH,), (HoldBack.LAST_FIFTH, HoldBack.LAST_FIFTH)]


def _trial(rule):
    """A path that was made from other people than those it is tried on."""
    others = regulars(people=12, items=ITEMS, visits=6, seed=4)
    return path(BoughtTogether(ITEM_OF, ITEMS, rule).whole_of(others), ITEM_OF, rule)


CONTRIBUTIONS = [
    *(BuysAgain(ITEM_OF, ITEMS, rule) for rule in RULES),
    *(BoughtTogether(ITEM_OF, ITEMS, rule) for rule in RULES),
    BoughtTogether(ITEM_OF, ITEMS, cap=2),
    *(BoughtByMany(ITEM_OF, ITEMS, rule) for rule in RULES),
    *(_trial(rule) for rule in RULES[1:]),
    BoughtByMoment(ITEM_OF, ITEMS, ZoneInfo("America/New_York")),
    LikeThings(ITEM_OF, ITEMS, tags=TAGS),
    LikeThings(ITEM_OF, ITEMS, tags=tags_of((), ITEMS)),
]
each = pytest.mark.parametrize("what", CONTRIBUTIONS, ids=[f"{n}-{what.name}" for n, what in enumerate(CONTRIBUTIONS)])


@each
@given(people=crowd)
def test_many_at_once_are_the_sum_of_each(what, people):
    total = total_of_parts(what, people)
    assert what.whole(frame_of(people)) == total
    assert what.whole(frame_of(people)).hash == total.hash


@each
@given(people=crowd, who=st.integers(0, 5))
def test_a_total_without_chiara_is_the_total_that_never_had_her(what, people, who):
    chiara = people[who] if who < len(people) else []
    others = [*people[:who], *people[who + 1 :]]
    running = Running(what.whole(frame_of([*others, chiara])))
    running.subtract(what.part(view_of(chiara)))
    assert running.hash == what.whole(frame_of(others)).hash


@each
def test_the_shapes_of_a_total_are_told_beforehand(what):
    assert what.whole(frame_of([])).shapes == what.shapes


@each
def test_it_is_what_the_door_asks_for(what):
    assert isinstance(what, Contribution)
    assert what.categories <= frozenset(shipped()[what.purpose].categories)


@pytest.mark.parametrize("kind", [BuysAgain, BoughtTogether, BoughtByMany])
@given(people=crowd)
def test_totals_grow_with_the_catalogue_as_if_new_items_had_always_been_there(kind, people):
    small, large = kind(ITEM_OF, ITEMS), kind(ITEM_OF, ITEMS + 3)
    frame = frame_of(people)
    assert grown(small.whole(frame), large.shapes) == large.whole(frame)
    for some in people:
        assert grown(small.part(view_of(some)), large.shapes) == large.part(view_of(some))


def test_a_total_does_not_shrink():
    large = BoughtByMany(ITEM_OF, ITEMS + 3)
    with pytest.raises(BadInput, match="Learn anew"):
        grown(large.whole(frame_of([])), BoughtByMany(ITEM_OF, ITEMS).shapes)
    with pytest.raises(BadInput, match="Learn anew"):
        grown(large.whole(frame_of([])), BoughtTogether(ITEM_OF, ITEMS).shapes)


def test_dense_and_sparse_multiplication_count_alike():
    chance = np.random.default_rng(3)
    rows = [np.unique(chance.integers(0, 40, size)) for size in chance.integers(0, 30, 50)]
    of = module.Rows(np.cumsum([0, *map(len, rows)]), np.concatenate(rows), 40)
    x = np.zeros((50, 40), np.int64)
    for line, row in zip(x, rows, strict=True):
        line[row] = 1
    assert np.array_equal(module._dense_pairs(of), np.triu(x.T @ x))
    assert np.array_equal(module._sparse_pairs(of), np.triu(x.T @ x))
