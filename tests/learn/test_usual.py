"""The usual is what was bought often, lately, and is due; every score says how it came about."""

import numpy as np
import pytest
from tests.learn.shoppers import ITEM_OF, ITEMS, baskets_of, frame_of, regulars

from goodwill.basics.errors import BadInput, NotFound
from goodwill.learn import usual
from goodwill.learn.baskets import learnt
from goodwill.learn.habits import habits
from goodwill.learn.usual import BuysAgain, History

COUNTING = BuysAgain(ITEM_OF, ITEMS)


@pytest.fixture(scope="module")
def model():
    return COUNTING.fit(COUNTING.whole_of(regulars(people=60, items=ITEMS, visits=40, seed=1)))


def test_what_amina_buys_always_comes_before_what_she_bought_once(model):
    amina = baskets_of([(day * 3, [2, 4] if day == 0 else [2]) for day in range(20)])
    assert [habit.item for habit in model.recommend(amina, 5)] == [2, 4]


def test_a_score_is_the_share_of_such_chances_that_were_taken():
    """With one item the table is all there is: of many alike chances half were taken, and so it says."""
    twice_as_often_as_not = baskets_of(*[[(1, [0]), (2, [0] if n % 2 else [1])] for n in range(4_000)], items=2)
    model = BuysAgain(ITEM_OF, 2).fit(BuysAgain(ITEM_OF, 2).whole_of(twice_as_often_as_not))
    (habit,) = model.recommend(baskets_of([(1, [0])], items=2), 1, today=2)
    assert habit.score == pytest.approx(0.5, abs=0.01)


def test_the_shares_of_a_habit_multiply_to_its_score(model):
    amina = baskets_of([(day * 2, [day % 3, 5]) for day in range(30)])
    for habit in model.recommend(amina, 10, today=70):
        assert np.exp(sum(share.weight for share in habit.shares)) == pytest.approx(habit.score, rel=1e-12)
        assert model.explain(amina, habit.item, today=70) == habit


def test_a_habit_tells_what_it_rests_on(model):
    amina = baskets_of([(10, [0, 1]), (13, [0]), (20, [2]), (24, [0])])
    habit = model.explain(amina, 0, today=31)
    told = (habit.times, habit.visits, habit.lately, habit.window, habit.since, habit.gap)
    assert told == (3, 4, 3, 4, 7, 7)


def test_an_item_that_everybody_buys_again_beats_its_equal_that_nobody_does():
    loyal = [[(day * 4, [0]) for day in range(9)] for _ in range(40)]
    fickle = [[(0, [1]), *((day * 4, [2]) for day in range(1, 9))] for _ in range(40)]
    model = COUNTING.fit(COUNTING.whole_of(baskets_of(*loyal, *fickle)))
    dev = baskets_of([(0, [0, 1])])
    assert [habit.item for habit in model.recommend(dev, 2, today=4)] == [0, 1]


def test_barred_items_are_left_out(model):
    amina = baskets_of([(day, [0, 1, 2]) for day in range(9)])
    barred = np.zeros(ITEMS, bool)
    barred[1] = True
    assert sorted(habit.item for habit in model.recommend(amina, 9, barred=barred)) == [0, 2]


def test_nobody_has_taught_it_anything_and_it_still_answers():
    model = COUNTING.fit(COUNTING.whole(frame_of([])))
    amina = baskets_of([(1, [0, 1]), (2, [0])])
    habits_told = model.recommend(amina, 5)
    assert sorted(habit.item for habit in habits_told) == [0, 1]
    assert all(
        0 < habit.score < 1 and np.isfinite([share.weight for share in habit.shares]).all() for habit in habits_told
    )


def test_who_bought_nothing_has_no_habits(model):
    assert model.recommend(baskets_of([]), 5) == []


def test_what_was_never_bought_is_no_habit(model):
    with pytest.raises(NotFound):
        model.explain(baskets_of([(1, [0])]), 3)


def test_a_suggestion_is_for_one_person(model):
    with pytest.raises(BadInput):
        model.recommend(baskets_of([(1, [0])], [(1, [0])]), 5)


def test_scores_are_likely_to_come_true():
    """Of chances given p, about p are taken: on visits that were not learned from, in tenths."""
    people = regulars(people=300, items=20, visits=40, seed=5)
    kept = np.full(people.people, 39)
    counting = BuysAgain(np.arange(20), 20)
    model = counting.fit(counting.whole_of(people.first(kept)))
    then = people.after(kept)
    found = habits(people.first(kept), then.day[then.starts[:-1]])
    came_true = np.isin(found.person * 20 + found.item, then.person[then.visit] * 20 + then.item)
    scores = model.scores(found)
    for low in np.arange(0, 0.8, 0.1):
        here = (scores >= low) & (scores < low + 0.1)
        if here.sum() >= 100:
            spread = 4 * (0.25 / here.sum()) ** 0.5
            assert came_true[here].mean() == pytest.approx(scores[here].mean(), abs=spread)


# ---- as a library ----------------------------------------------------------------------------------------------------

PEOPLE = ["amina", "amina", "amina", "chiara", "chiara", "bruno", "bruno"]
THINGS = ["bread", "milk", "bread", "tea", "tea", "bread", "milk"]
DAYS = np.array(
    ["2026-01-01", "2026-01-01", "2026-01-05", "2026-01-02", "2026-01-09", "2026-01-03", "2026-01-04"], "M8[D]"
)


def test_names_go_in_and_names_come_out():
    fitted = usual.fit(PEOPLE, THINGS, DAYS)
    history = History(["milk", "bread", "bread", "caviar"], ["2026-02-01", "2026-02-01", "2026-02-03", "2026-02-03"])
    history = History(history.items, np.array(history.days, "M8[D]"))
    told = fitted.recommend(history, 5)
    assert [habit.item for habit in told] == ["bread", "milk"]
    assert fitted.explain(history, "bread") == told[0]


def test_after_chiara_is_forgotten_it_is_the_model_that_never_met_her():
    fitted = usual.fit(PEOPLE, THINGS, DAYS)
    before = fitted.totals.hash
    fitted.forget("chiara")
    keep = np.array(PEOPLE) != "chiara"
    never = usual.fit(np.array(PEOPLE)[keep], np.array([*THINGS])[keep], DAYS[keep])
    history = History(["bread", "milk", "bread"], [1, 1, 5])
    assert fitted.totals.hash != before
    assert [habit.score for habit in fitted.recommend(history, 5)] == [
        habit.score for habit in never.recommend(history, 5)
    ]
    with pytest.raises(NotFound):
        fitted.forget("chiara")


def test_orders_of_one_day_are_visits_of_their_own():
    by_day = usual.fit(["amina"] * 2, ["bread", "bread"], [1, 1])
    by_order = usual.fit(["amina"] * 2, ["bread", "bread"], [1, 1], orders=["A", "B"])
    assert by_day.totals.array("cells").sum() == 0
    assert by_order.totals.array("cells").sum() == 1


def test_arrays_of_different_lengths_are_refused():
    with pytest.raises(BadInput, match="2 people, 1 items"):
        usual.fit(["amina", "dev"], ["bread"], [1])
    with pytest.raises(BadInput, match="dimensions"):
        usual.fit([["amina"]], ["bread"], [1])


def test_setting_nothing_aside_learns_from_all():
    people = regulars(people=3, items=4, visits=5, seed=2)
    assert learnt(people, ()) is people
