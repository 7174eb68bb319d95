"""The meter adds up over people, agrees with the raw figures, and finds need where there is some and none where not."""

from dataclasses import replace

import numpy as np
import pytest
from benchmarks.purchases import purchases
from hypothesis import given
from hypothesis import strategies as st
from tests.learn.shoppers import ITEM_OF, ITEMS, baskets_of, crowd, frame_of, regulars, total_of_parts

from goodwill.access import Frame, Log
from goodwill.basics.errors import BadInput
from goodwill.learn.affinity import BoughtTogether, inner
from goodwill.learn.baskets import HoldBack, learnt, of_frame, tried
from goodwill.learn.popular import BoughtByMany
from goodwill.learn.ranking import MILLION
from goodwill.learn.usual import BuysAgain
from goodwill.measure import minimisation as module
from goodwill.measure.holdout import accuracy
from goodwill.measure.minimisation import (
    LENGTHS,
    NEEDED,
    NOT_NEEDED,
    UNCLEAR,
    UNMEASURED,
    UNUSED,
    Effect,
    HowManyVisits,
    LessLearned,
    LessLooked,
    Recent,
    Suggests,
    effect,
    minimisation,
    minimisation_of,
    recent,
)
from goodwill.people.types import BOUGHT
from goodwill.sums import Running, Sums

LAST = (HoldBack.LAST_VISIT,)


def lines_of(baskets):
    """The plain arrays of some purchases: people, items, days, orders."""
    person = baskets.person[baskets.visit]
    return person, baskets.item, baskets.day[baskets.visit], baskets.visit


def learned(baskets, new=1):
    before = learnt(baskets, LAST)
    again, together, many = (
        kind(np.arange(ITEMS), ITEMS) for kind in (BuysAgain, BoughtTogether, BoughtByMany)
    )  # fmt: skip
    usual, popular = again.fit(again.whole_of(before)), many.fit(many.whole_of(before), least=1)
    return Suggests(usual, together_of(together.whole_of(before)), popular, new)


def together_of(sums):
    return inner(sums, 3.0)


MODELS = learned(regulars(people=12, items=ITEMS, visits=6, seed=4))
LESS = learned(regulars(people=5, items=ITEMS, visits=3, seed=9))
ABOUT = {"light": 2, "heavy": 4, "full": MODELS}
CONTRIBUTIONS = [
    HowManyVisits(ITEM_OF, ITEMS, LAST),
    *(Recent(ITEM_OF, ITEMS, LAST, what=BuysAgain(ITEM_OF, ITEMS), visits=visits) for visits in (None, 0, 2)),
    Recent(ITEM_OF, ITEMS, LAST, what=BoughtTogether(ITEM_OF, ITEMS), visits=1),
    LessLooked(ITEM_OF, ITEMS, LAST, lengths=(1, 3), **ABOUT),
    LessLearned(ITEM_OF, ITEMS, LAST, less=LESS, **ABOUT),
]
each = pytest.mark.parametrize("what", CONTRIBUTIONS, ids=lambda what: type(what).__name__)


# ---- exact sums ------------------------------------------------------------------------------------------------------


@each
@given(people=crowd)
def test_many_at_once_are_the_sum_of_each(what, people):
    total = total_of_parts(what, people)
    assert what.whole(frame_of(people)) == total
    assert what.whole(frame_of([])).shapes == what.shapes == total.shapes


@each
@given(people=crowd, who=st.integers(0, 5))
def test_somebody_can_leave_the_figures(what, people, who):
    others = [*people[:who], *people[who + 1 :]]
    running = Running(what.whole(frame_of(people)))
    if who < len(people):
        running.subtract(total_of_parts(what, [people[who]]))
    assert running.hash == what.whole(frame_of(others)).hash


@given(people=crowd, visits=st.integers(0, 9))
def test_the_last_visits_are_the_last_ones(people, visits):
    baskets = of_frame(frame_of(people), ITEM_OF, ITEMS)
    kept = recent(baskets, visits)
    assert np.array_equal(kept.visits, np.minimum(baskets.visits, visits))
    for person in range(baskets.people):
        own = baskets.day[baskets.starts[person] : baskets.starts[person + 1]]
        left = kept.day[kept.starts[person] : kept.starts[person + 1]]
        assert left.tolist() == own.tolist()[len(own) - len(left) :]
    assert recent(baskets, None) is baskets


# ---- effects ---------------------------------------------------------------------------------------------------------


def sums_of(full, less):
    each = np.stack([full, less], axis=1)
    return Sums(
        people=[len(full)], ndcg=[each.sum(axis=0)], ndcg_squared=[(each**2).sum(axis=0)],
        ndcg_by_full=[(each * each[:, :1]).sum(axis=0)],
    )  # fmt: skip


worth = st.integers(0, MILLION)


@given(st.lists(st.tuples(worth, worth), min_size=10, max_size=80))
def test_the_effect_from_sums_is_that_of_the_raw_figures(pairs):
    full, less = (np.array(column, np.int64) for column in zip(*pairs, strict=True))
    found = effect(sums_of(full, less), 0, 1)
    if not full.any():
        assert np.isnan(found.relative)
        return
    f, d = full / MILLION, (less - full) / MILLION
    relative = d.sum() / f.sum()
    error = np.sqrt(((d - relative * f) ** 2).sum() / (f.size - 1) / f.size) / f.mean()
    assert found.people == f.size
    assert (found.full, found.ndcg) == pytest.approx((f.mean(), (f + d).mean()))
    assert (found.relative, found.low, found.high) == pytest.approx(
        (relative, relative - 1.959964 * error, relative + 1.959964 * error), abs=1e-9
    )


def test_the_interval_is_about_that_of_a_bootstrap_over_people():
    chance = np.random.default_rng(11)
    full = (chance.beta(2, 5, 400) * MILLION).astype(np.int64)
    less = (full * chance.uniform(0.6, 1.2, 400)).astype(np.int64).clip(0, MILLION)
    found = effect(sums_of(full, less), 0, 1)
    drawn = chance.integers(0, 400, (4_000, 400))
    again = less[drawn].sum(axis=1) / full[drawn].sum(axis=1) - 1
    assert (found.low, found.high) == pytest.approx(np.quantile(again, [0.025, 0.975]), abs=2e-3)


def test_a_hand_case():
    """Ten people at 0.5; five of them lose 0.1 with less data: −10 % on average."""
    full, less = np.full(10, 500_000), np.array([400_000] * 5 + [500_000] * 5)
    found = effect(sums_of(full, less), 0, 1)
    assert (found.full, found.ndcg, found.relative) == pytest.approx((0.5, 0.45, -0.1))
    assert found.high - found.low == pytest.approx(2 * 1.959964 * np.sqrt(10 * 0.05**2 / 9 / 10) / 0.5)


def test_of_fewer_than_ten_people_nothing_is_told():
    found = effect(sums_of(np.full(9, 500_000), np.full(9, 400_000)), 0, 1)
    assert found.people == 9
    assert all(np.isnan(value) for value in (found.full, found.ndcg, found.relative, found.low, found.high))
    assert found.verdict == UNCLEAR


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (-0.01, 0.01, NOT_NEEDED), (0.0, 0.0, NOT_NEEDED), (-0.0101, 0.001, UNCLEAR), (-0.2, -0.001, NEEDED),
        (-0.005, 0.02, UNCLEAR), (0.02, 0.05, UNCLEAR), (-0.009, -0.001, NOT_NEEDED),
    ],
)  # fmt: skip
def test_not_needed_is_what_lies_within_one_per_cent_as_a_whole(low, high, verdict):
    assert Effect(100, 0.3, 0.3, (low + high) / 2, low, high).verdict == verdict


def test_quarters_hold_a_quarter_of_the_people_or_just_more():
    people = np.zeros(40, np.int64)
    people[[1, 2, 5, 9, 30]] = 20, 20, 20, 20, 20
    assert module._quarters(people) == (2, 9)
    assert module._quarters(np.bincount([7] * 5, minlength=40)) == (7, 7)
    assert module._quarters(np.zeros(40, np.int64)) == (0, 0)


# ---- the whole -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def regular():
    return lines_of(regulars(people=240, items=30, visits=12, seed=2))


@pytest.fixture(scope="module")
def found(regular):
    return minimisation(*regular, least_visits=5)


def test_who_looks_at_everything_loses_nothing(found):
    """Nobody came more than twelve times: the last 20 and 50 visits are all there is."""
    for line in (*found.inference, *found.training):
        if line.visits > 12:
            assert (line.share, line.everyone.relative) == (1, 0)
            assert (line.everyone.low, line.everyone.high, line.everyone.verdict) == (0, 0, NOT_NEEDED)
    assert found.enough("inference") <= 20


def test_people_with_lasting_tastes_need_a_history(found):
    assert found.without_inference.everyone.verdict == NEEDED
    assert found.without_inference.share == 0
    shares = [line.share for line in found.inference]
    assert shares == sorted(shares)
    assert found.inference[0].everyone.ndcg < found.inference[-1].everyone.ndcg
    assert [line.visits for line in found.training] == [line.visits for line in found.inference] == list(LENGTHS)


def test_where_all_buy_alike_nobodys_history_is_needed():
    """Everybody takes the same three things every time: best sellers are as good as knowing somebody."""
    baskets = baskets_of(*([[(day * 7, [0, 1, 2]) for day in range(6)]] * 60), items=6)
    told = minimisation(*lines_of(baskets), least_visits=5, new=0)
    assert told.without_inference.everyone.verdict == NOT_NEEDED
    (need,) = told.needs("inference", ["purchases"], frozenset({"purchases"}))
    assert (need.verdict, need.line) == (NOT_NEEDED, told.without_inference)


def test_everything_is_what_the_accuracy_says(regular):
    """Two programs, one protocol: the same people, items, weight and lists."""
    baskets = regulars(people=240, items=30, visits=12, seed=2)
    person, item, day, visit = lines_of(baskets)
    nothing = np.zeros(person.size, np.int64)
    log = Log(np.arange(person.size), nothing + BOUGHT, np.arange(person.size), day, item, nothing, nothing, visit)
    frame = Frame(240, person, log)
    said = accuracy(frame, np.arange(30), 30, least_visits=5)
    told = minimisation_of(frame, np.arange(30), 30, least_visits=5)
    assert told.people == said.people
    assert told.inference[-1].everyone.full == pytest.approx(said.usual_new.ndcg.value, abs=1e-12)
    assert told == minimisation(*regular, least_visits=5), "by arrays as by a frame"


def test_a_category_that_nobody_reads_has_no_effect_by_construction(found):
    listed = ["purchases", "browsing", "feedback"]
    needs = found.needs("training", listed, frozenset({"purchases", "feedback"}))
    assert [(need.category, need.stage, need.verdict) for need in needs] == [
        ("purchases", "training", found.without_training.everyone.verdict),
        ("browsing", "training", UNUSED),
        ("feedback", "training", UNMEASURED),
    ]
    assert needs[1].line is None


def test_of_few_people_it_says_so_and_of_very_few_it_shows_nothing():
    few = minimisation(*lines_of(regulars(people=40, items=8, visits=6, seed=1)), least_visits=3)
    assert "fewer than 100" in few.warnings[0]
    none = minimisation(*lines_of(regulars(people=6, items=8, visits=6, seed=1)), least_visits=3)
    assert "of fewer than 10 no figure" in none.warnings[0]
    assert np.isnan(none.inference[0].everyone.ndcg)
    assert none.inference[0].light is None
    assert none.enough("inference") is None


def test_of_nobody_there_is_nothing_to_tell():
    nobody = minimisation([], [], [])
    assert (nobody.people, nobody.items) == (0, 0)


def test_arrays_of_different_lengths_are_refused():
    with pytest.raises(BadInput):
        minimisation([1, 2], [1], [1, 2])


def test_the_judged_visit_is_looked_at_by_nobody():
    """Whatever is bought last, what is suggested stays: only the judgement changes."""
    baskets = regulars(people=60, items=10, visits=6, seed=3)
    then = tried(baskets, LAST)
    other = replace(
        baskets, item=np.where(np.isin(baskets.visit, baskets.starts[1:] - 1), 9 - baskets.item, baskets.item)
    )
    order = np.lexsort((other.item, other.visit))
    other = replace(other, item=other.item[order])
    assert then.item.size == tried(other, LAST).item.size
    for what in (
        Recent(np.arange(10), 10, LAST, what=BuysAgain(np.arange(10), 10), visits=3),
        Recent(np.arange(10), 10, LAST, what=BoughtTogether(np.arange(10), 10), visits=None),
    ):
        assert what.whole_of(baskets) == what.whole_of(other)


# ---- real purchases --------------------------------------------------------------------------------------------------


@pytest.mark.soak
def test_on_real_purchases_the_last_visits_carry_most_and_heavy_customers_lose_more(data_folder):
    """Complete Journey, the 801 households that told about themselves, product categories; docs/minimisation.md."""
    assert (data_folder / "complete-journey").is_dir()
    told = minimisation_of(*purchases("category", full=False), lengths=(1, 5, 20))
    one, five, twenty = told.inference
    assert one.everyone.relative < five.everyone.relative < twenty.everyone.relative < 0.02
    assert five.everyone.verdict == NEEDED
    assert twenty.share < 0.5
    assert twenty.everyone.relative > -0.06
    assert five.heavy is not None
    assert five.light is not None
    assert five.heavy.relative < five.light.relative
    assert told.without_inference.everyone.verdict == NEEDED
    assert told.training[0].everyone.relative < told.training[-1].everyone.relative
