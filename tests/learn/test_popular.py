"""Everyone gets what is bought most, and never what only a few people bought."""

import numpy as np
from tests.learn.shoppers import ITEM_OF, ITEMS, baskets_of

from goodwill.learn.popular import LEAST, BoughtByMany, Popular

MANY = BoughtByMany(ITEM_OF, ITEMS)


def test_people_and_visits_are_counted_apart():
    sums = MANY.whole_of(baskets_of([(1, [0, 1]), (2, [0])], [(1, [0])], []))
    assert sums.array("buyers").tolist() == [2, 1, 0, 0, 0, 0]
    assert sums.array("visits").tolist() == [3, 1, 0, 0, 0, 0]
    assert sums.number("people") == 2


def test_most_visits_come_first_and_of_equals_more_people_then_the_lower_number():
    model = Popular(np.array([5, 6, 5, 5, 9]), np.array([7, 7, 8, 7, 7]), least=1)
    assert model.ranking.tolist() == [2, 4, 1, 0, 3]
    assert model.ranking_by_people.tolist() == [4, 1, 2, 0, 3]


def test_what_only_a_few_bought_is_shown_to_nobody():
    """Bruno's family buys item 0 every day; five people bought item 1 once."""
    few = [[(day, [0]) for day in range(50)]] * (LEAST - 1)
    model = MANY.fit(MANY.whole_of(baskets_of(*few, *[[(1, [1])]] * LEAST)))
    assert model.recommend(9) == [1]


def test_barred_items_make_room_for_the_next():
    model = Popular(np.full(4, 9), np.array([4, 3, 2, 1]), least=1)
    assert model.recommend(2, barred=np.array([False, True, False, False])) == [0, 2]
