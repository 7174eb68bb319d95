"""Things are alike by the words of the catalogue; a new thing finds those who buy what is like it."""

import numpy as np
import pytest
from tests.learn.shoppers import baskets_of

from goodwill.learn.likeness import NO_TAGS, POWERS, Likeness, LikeThings, tags_of

# 0 … 2 are pastry, 0 and 1 of one mill; 3 and 4 are drinks; 5 has no word of its own; all are food.
SAID = [
    (0, "category", "Pastry"), (1, "category", "Pastry"), (2, "category", "Pastry"), (0, "brand", "Mill"),
    (1, "brand", "Mill"), (3, "category", "Drinks"), (4, "category", "Drinks"),
    *((item, "department", "Food") for item in range(6)),
]  # fmt: skip
TAGS = tags_of(SAID, 6)
NOBODY = np.zeros(6, bool)


def likeness(power: int, *cold: int, tags=TAGS) -> Likeness:
    mask = np.zeros(6, bool)
    mask[list(cold)] = True
    return Likeness(tags, power, mask)


def test_the_rarer_the_word_the_more_alike_and_what_all_share_tells_nothing():
    alike = TAGS.alike(np.arange(6))
    assert (alike == alike.T).all()
    assert alike[0, 1] == 256, "two things with the same words"
    assert 0 < alike[0, 2] < 256
    assert alike[0, 3] == alike[0, 0] == alike[5].sum() == 0
    assert TAGS.known.tolist() == [True] * 5 + [False]
    assert TAGS.shared(0, 1) == ("brand", "Mill")
    assert TAGS.shared(0, 2) == ("category", "Pastry")
    assert TAGS.shared(3, 5) == ("department", "Food")


def test_the_same_words_in_another_order_are_the_same_catalogue():
    assert tags_of(SAID[::-1], 6).version == TAGS.version
    assert tags_of(SAID[1:], 6).version != TAGS.version


def test_a_new_thing_is_proposed_to_whoever_buys_its_like_with_grounds_that_add_up():
    model = likeness(2, 0, 4)
    ((item, score),) = model.recommend(np.array([1, 2]), 3, barred=NOBODY)
    assert item == 0
    grounds = model.explain(np.array([1, 2]), 0)
    assert [ground.item for ground in grounds] == [1, 2]
    assert sum(ground.weight for ground in grounds) == pytest.approx(score)
    assert score == pytest.approx(1), "she buys all that is like it"
    assert grounds[0].shared == ("brand", "Mill")


def test_what_is_known_barred_or_like_nothing_of_hers_is_not_proposed():
    assert likeness(2).recommend(np.array([1]), 3, barred=NOBODY) == []
    assert likeness(2, 0).recommend(np.array([1]), 3, barred=~NOBODY) == []
    assert likeness(2, 0, 5).recommend(np.array([3]), 3, barred=NOBODY) == []
    assert likeness(2, 0).recommend(np.zeros(0, np.int64), 3, barred=NOBODY) == []
    assert likeness(0, 0).recommend(np.array([1]), 3, barred=NOBODY) == [], (
        "where words tell nothing nothing is proposed"
    )


def test_how_much_the_nearest_weigh_is_tried_out_and_words_that_tell_nothing_are_not_used():
    """Thirty things of ten kinds; each of a hundred people buys of two kinds alone, or of any."""
    chance = np.random.default_rng(5)
    said = [(item, "category", f"kind {item % 10}") for item in range(30)]
    tags, products = tags_of(said, 30), np.arange(30)

    def people(kinds: int):
        for _ in range(100):
            mine = chance.permutation(10)[:kinds]
            yield [(1, [item for item in range(30) if item % 10 in mine and chance.random() < 0.8])]

    what = LikeThings(products, 30, tags=tags)
    loyal = what.whole_of(baskets_of(*people(2), items=30))
    assert what.fit(loyal, np.zeros(30, np.int64)).power in POWERS
    assert loyal.array("ndcg")[:-1].max() > 1.5 * loyal.array("ndcg")[-1]
    assert what.hidden.size == 10
    none = what.whole_of(baskets_of(items=30))
    assert what.fit(none, np.zeros(30, np.int64)).power == 0, "nobody has tried it"


def test_what_five_people_bought_is_not_new_any_more():
    what = LikeThings(np.arange(6), 6, tags=TAGS)
    model = what.fit(what.whole_of(baskets_of()), np.array([0, 4, 5, 6, 0, 9]))
    assert model.cold.tolist() == [True, True, False, False, True, False]


def test_a_catalogue_without_words_has_nothing_on_trial():
    what = LikeThings(np.arange(6), 6, tags=tags_of((), 6))
    assert what.hidden.size == 0
    assert what.whole_of(baskets_of([(1, [0, 1])])).number("people") == 0
    assert NO_TAGS.items == 0
