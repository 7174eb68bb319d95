"""What goes together: exact reasons, a floor under what is shown, and forgetting without a trace."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.learn.shoppers import ITEM_OF, baskets_of, regulars

from goodwill.basics.errors import BadInput, NotFound
from goodwill.learn import affinity
from goodwill.learn import inverse as module
from goodwill.learn.affinity import LEAST, BoughtTogether, Following, inner, part_of_row, shown, weight_by
from goodwill.learn.inverse import floored, inverse, mirror, without
from goodwill.learn.rows import rows
from goodwill.sums import Running, Sums

N = 12
few_rows = st.lists(st.sets(st.integers(0, N - 1), max_size=6), max_size=30)


def matrix_of(people):
    x = np.zeros((len(people), N), np.int64)
    for line, row in zip(x, people, strict=True):
        line[sorted(row)] = 1
    return x


def sums_of(people):
    x = matrix_of(people)
    return Sums(pairs=np.triu(x.T @ x), people=int(x.any(axis=1).sum()))


def row(*items):
    return np.array(items, np.int64)


# ---- the model -------------------------------------------------------------------------------------------------------


@given(people=few_rows, mine=st.sets(st.integers(0, N - 1)), weight=st.floats(0.5, 1000))
def test_scores_are_those_of_the_paper(people, mine, weight):
    """Steck 2019, equation 8: B = I − P · diagMat(1 ⊘ diag(P)), scores = x · B."""
    x = matrix_of(people)
    p = np.linalg.inv(x.T @ x + weight * np.eye(N))
    b = np.eye(N) - p / np.diag(p)
    model = inner(sums_of(people), weight)
    assert model.scores(row(*sorted(mine))) == pytest.approx(b[sorted(mine)].sum(axis=0), abs=1e-10)


@given(people=few_rows, mine=st.sets(st.integers(0, N - 1)), item=st.integers(0, N - 1))
def test_what_each_thing_says_adds_up_to_the_score(people, mine, item):
    model = inner(sums_of(people), 7.0)
    mine = row(*sorted(mine))
    grounds = model.explain(mine, item)
    assert sorted(ground.item for ground in grounds) == sorted(set(mine.tolist()) - {item})
    assert sum(ground.weight for ground in grounds) == pytest.approx(model.scores(mine)[item], abs=1e-13)
    assert [ground.weight for ground in grounds] == sorted((ground.weight for ground in grounds), reverse=True)


def test_what_counts_against_shows_as_well():
    """Milk goes with tea and with coffee; whoever takes coffee takes no scones with it."""
    milk, tea, coffee, scones = 0, 1, 2, 3
    people = [{milk, tea, scones}] * 20 + [{milk, coffee}] * 20
    model = inner(sums_of(people), 5.0)
    for_scones = {ground.item: ground.weight for ground in model.explain(row(milk, tea, coffee), scones)}
    assert for_scones[tea] > for_scones[milk] > 0 > for_scones[coffee]


@given(people=few_rows, mine=st.sets(st.integers(0, N - 1)), count=st.integers(1, N + 2))
def test_suggestions_are_new_the_best_first_and_stood_by(people, mine, count):
    model = inner(sums_of(people), 3.0, least=2)
    mine = row(*sorted(mine))
    scores = model.scores(mine)
    candidates = [item for item in range(N) if item not in mine and model.stood_by(mine, row(item))[0]]
    expected = sorted(candidates, key=lambda item: (-round(float(scores[item]), 10), item))[:count]
    assert [found.item for found in model.recommend(mine, count)] == expected


def test_barred_items_are_not_suggested():
    model = inner(sums_of([{0, 1, 2}] * 9), 1.0)
    barred = np.zeros(N, bool)
    barred[1] = True
    assert [found.item for found in model.recommend(row(0), 5, barred=barred)] == [2]


# ---- the floor under what is shown -----------------------------------------------------------------------------------


@pytest.mark.parametrize("fit", [inner, shown])
@given(people=few_rows, mine=st.sets(st.integers(0, N - 1)), least=st.integers(1, LEAST))
def test_a_pair_that_too_few_people_share_is_never_a_reason_nor_the_only_ground(fit, people, mine, least):
    model = fit(sums_of(people), 2.0, least=least)
    mine = row(*sorted(mine))
    for found in model.recommend(mine, N):
        reasons = model.reasons(mine, found.item)
        assert reasons
        for reason in reasons:
            assert sum({reason.item, found.item} <= person for person in people) >= least


def test_a_rare_pair_weighs_nothing_by_itself_in_what_is_shown():
    """Four people share the two of a pair, and nobody anything else with either: no trace of it is left."""
    people = [{0, 1}] * (LEAST - 1) + [{2, 3}] * 30
    assert inner(sums_of(people), 1.0).scores(row(0))[1] > 0
    assert shown(sums_of(people), 1.0).scores(row(0))[1] == pytest.approx(0, abs=1e-12)
    assert shown(sums_of(people), 1.0).scores(row(2))[3] == pytest.approx(inner(sums_of(people), 1.0).scores(row(2))[3])


@given(people=few_rows, least=st.integers(1, 9))
def test_a_floored_matrix_has_no_rare_pair_and_is_still_a_gram_matrix(people, least):
    pairs = sums_of(people).array("pairs")
    kept = floored(pairs, least)
    apart = ~np.eye(N, dtype=bool)
    assert np.array_equal(kept[apart], np.where(pairs >= least, pairs, 0)[apart])
    both = [np.triu(some) + np.triu(some, 1).T for some in (pairs, kept)]
    assert np.array_equal(both[0].sum(axis=0), both[1].sum(axis=0))
    assert np.linalg.eigvalsh(both[1]).min() > -1e-9


@given(people=few_rows)
def test_a_floor_of_one_changes_nothing(people):
    pairs = sums_of(people).array("pairs")
    assert np.array_equal(floored(pairs, 1), pairs)


# ---- the inverse -----------------------------------------------------------------------------------------------------


@given(size=st.integers(0, 9), tile=st.integers(1, 5))
def test_mirroring_copies_the_upper_triangle(size, tile):
    matrix = np.arange(size * size, dtype=np.float64).reshape(size, size)
    expected = np.triu(matrix) + np.triu(matrix, 1).T
    before, module._TILE = module._TILE, tile
    try:
        mirror(matrix)
    finally:
        module._TILE = before
    assert np.array_equal(matrix, expected)


@pytest.mark.parametrize("weight", [0.0, -1.0])
def test_a_weight_of_nothing_is_refused(weight):
    with pytest.raises(BadInput, match="above 0"):
        inverse(np.zeros((2, 2), np.int64), weight)


def test_totals_that_no_people_have_are_refused():
    with pytest.raises(BadInput, match="no sums of people's rows"):
        inverse(np.array([[1, 9], [0, 1]]), 1.0)


def test_no_items_are_no_trouble():
    assert inverse(np.zeros((0, 0), np.int64), 1.0).shape == (0, 0)
    assert floored(np.zeros((0, 0), np.int64), LEAST).shape == (0, 0)


# ---- forgetting ------------------------------------------------------------------------------------------------------


def whole(model):
    """P of all items: of those that nobody bought it is 1/λ on the diagonal."""
    p = np.eye(model.items) / model.weight
    p[np.ix_(model.known, model.known)] = model.inverse
    return p


def test_what_nobody_bought_takes_no_room_and_scores_as_if_it_did():
    people = [{0, 1}, {0, 1, 5}, {1, 5}]
    model, p = inner(sums_of(people), 4.0), inverse(sums_of(people).array("pairs"), 4.0)
    assert model.known.tolist() == [0, 1, 5]
    assert model.inverse.shape == (3, 3)
    assert whole(model) == pytest.approx(p, abs=1e-15)
    x = np.zeros(N)
    x[[0, 3]] = 1
    assert model.scores(row(0, 3)) == pytest.approx(x - x @ p / np.diagonal(p), abs=1e-15)
    assert [(one.item, one.weight) for one in model.explain(row(0, 3), 5)] == [
        (0, pytest.approx(-p[0, 5] / p[5, 5])),
        (3, 0.0),
    ]
    assert model.explain(row(0, 3), 2)[0].weight == 0
    assert model.stood_by(row(3), row(0, 1, 2)).tolist() == [False, False, False]


@given(people=few_rows, order=st.randoms(use_true_random=False), stay=st.integers(0, 10))
def test_whoever_leaves_in_whatever_order_leaves_the_model_of_the_others(people, order, stay):
    following = Following(Running(sums_of(people)), 4.0)
    leaving = list(people[stay:])
    order.shuffle(leaving)
    for person in leaving:
        following.forget(row(*sorted(person)))
    others = sums_of(people[:stay])
    assert following.totals.hash == others.hash
    assert whole(following.model) == pytest.approx(whole(inner(others, 4.0)), abs=1e-12)
    assert np.array_equal(following.model.inverse, following.model.inverse.T)


@given(people=few_rows, newcomer=st.sets(st.integers(0, N - 1)))
def test_who_joins_and_leaves_changes_nothing(people, newcomer):
    following = Following(Running(sums_of(people)), 4.0)
    before = following.totals.hash
    following.join(row(*sorted(newcomer)))
    assert whole(following.model) == pytest.approx(whole(inner(sums_of([*people, newcomer]), 4.0)), abs=1e-12)
    following.forget(row(*sorted(newcomer)))
    assert following.totals.hash == before
    assert whole(following.model) == pytest.approx(whole(inner(sums_of(people), 4.0)), abs=1e-12)


def test_forgetting_nothing_does_nothing():
    p = inverse(sums_of([{0, 1}]).array("pairs"), 1.0)
    kept = p.copy()
    without(p, row())
    assert np.array_equal(p, kept)


# ---- rows ------------------------------------------------------------------------------------------------------------


def test_very_long_rows_keep_the_latest_items():
    amina = baskets_of([(1, [0, 1]), (2, [2]), (3, [0, 3])], [(1, [5])])
    assert rows(amina, cap=3).of(0).tolist() == [0, 2, 3]
    assert rows(amina, cap=2).of(0).tolist() == [0, 3]
    assert rows(amina, cap=1).of(0).tolist() == [0]
    assert rows(amina, cap=None).of(0).tolist() == [0, 1, 2, 3]
    assert rows(amina, cap=1).of(1).tolist() == [5]


def test_a_part_is_one_for_each_pair_of_distinct_items():
    part = part_of_row(row(1, 3), 4)
    assert np.argwhere(part.array("pairs")).tolist() == [[1, 1], [1, 3], [3, 3]]
    assert part.number("people") == 1
    assert part_of_row(row(), 4).number("people") == 0


# ---- as a library ----------------------------------------------------------------------------------------------------


@pytest.fixture
def shop():
    """Twelve take tea with scones, twelve coffee with cake, and Chiara has all."""
    lines = [(f"{n}", thing) for n in range(12) for thing in ("tea", "scones")]
    lines += [(f"{n}", thing) for n in range(12, 24) for thing in ("coffee", "cake")]
    return lines + [("chiara", thing) for thing in ("tea", "cake", "scones", "coffee")]


def test_names_go_in_and_names_come_out(shop):
    fitted = affinity.fit(*zip(*shop, strict=True), weight=3.0)
    (first, *_) = fitted.recommend(["tea"], 2)
    assert first.item == "scones"
    (reason,) = fitted.explain(["tea", "caviar"], "scones")
    assert (reason.item, reason.people) == ("tea", 13)
    assert reason.weight == pytest.approx(first.score, abs=1e-14)


def test_after_chiara_is_forgotten_it_is_the_model_that_never_met_her(shop):
    fitted = affinity.fit(*zip(*shop, strict=True), weight=3.0)
    fitted.forget("chiara")
    never = affinity.fit(*zip(*[line for line in shop if line[0] != "chiara"], strict=True), weight=3.0)
    assert fitted.totals.hash == never.totals.hash
    assert whole(fitted.model) == pytest.approx(whole(never.model), abs=1e-13)
    assert [found.item for found in fitted.recommend(["tea"], 3)] == [
        found.item for found in never.recommend(["tea"], 3)
    ]
    with pytest.raises(NotFound):
        fitted.forget("chiara")


def test_an_item_that_nobody_bought_cannot_be_explained(shop):
    with pytest.raises(NotFound, match="caviar"):
        affinity.fit(*zip(*shop, strict=True), weight=3.0).explain(["tea"], "caviar")


def test_the_weight_is_chosen_on_visits_that_were_set_aside():
    people = regulars(people=80, items=15, visits=10, seed=8)
    who, day = people.person[people.visit], people.day[people.visit]
    fitted = affinity.fit(who, people.item, day)
    chosen = weight_by(lambda what: what.whole_of(people), ITEM_OF, 15)
    assert fitted.model.weight == chosen
    assert fitted.totals.sums == BoughtTogether(ITEM_OF, 15).whole_of(people)
