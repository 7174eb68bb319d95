"""Whom a programme helps: found where it helps some more than others, and found nowhere where it does not."""

from dataclasses import replace

import numpy as np
import pytest
from tests.measure.shoppers import UNTIL, Line, log_of

from goodwill.access import Frame
from goodwill.measure.helping import (
    FOLDS,
    HARMS_SOME,
    HELPS_MORE,
    NO_EVIDENCE,
    ByPast,
    Tried,
    forecast,
    helped,
    tried_of,
)
from goodwill.people.types import ORDERED

SINCE = 300


def world(seed: int, *, apart: float, people: int = 1_500) -> Tried:
    """Regulars buy so much more, and all others so much less, where they are treated; two thirds are."""
    chance = np.random.default_rng(seed)
    rate = chance.gamma(0.6, 1 / 0.6, people)
    days = chance.poisson(8 * rate)
    before = days * chance.gamma(2, 1_500, people)
    first = np.where(days > 0, chance.integers(10, 53, people), 52)
    last = np.where(days > 0, np.minimum(first, chance.exponential(52 / (days + 1)).astype(np.int64)), 52)
    treated = (chance.random(people) < 2 / 3).astype(np.int64)
    regular = np.where(days >= np.median(days), 1, -1)
    paid = chance.poisson(4 * rate * (1 + apart * treated * regular)) * chance.gamma(2, 1_500, people)
    known = np.column_stack([days > 0, first, last, np.log1p(days), np.log1p(before)]).astype(np.float64)
    return Tried(paid, treated, chance.integers(0, FOLDS, people), known)


def test_where_it_helps_all_alike_it_says_so_in_nearly_every_world() -> None:
    said = [helped(world(seed, apart=0.0), seed=seed).verdict for seed in range(40)]
    assert said.count(NO_EVIDENCE) >= 38


def test_where_it_helps_some_and_harms_others_that_is_found() -> None:
    found = [helped(world(seed, apart=0.6), seed=seed) for seed in range(10)]
    assert sum(one.qini.low > 0 for one in found if one.qini.low is not None) >= 9
    assert sum(one.verdict == HARMS_SOME for one in found) >= 3
    assert all(one.verdict in {NO_EVIDENCE, HELPS_MORE, HARMS_SOME} for one in found)
    for one in found:
        assert [cut.share for cut in one.best] == [0.1, 0.2, 0.5]
        assert one.best[-1].best.value is not None
        assert one.best[-1].rest.value is not None
        assert one.best[-1].best.value > one.best[-1].rest.value


def test_where_it_helps_everybody_but_some_more_nobody_is_to_be_left_out() -> None:
    of = world(3, apart=0.6, people=6_000)
    assert helped(of, seed=1).verdict == HARMS_SOME
    better = replace(of, paid=of.paid + 3_000 * of.treated)
    assert helped(better, seed=1).verdict == HELPS_MORE


def test_nobody_is_foretold_by_what_she_did_herself_or_by_who_comes_later() -> None:
    of = world(1, apart=0.6)
    first, places = of.fold == 0, forecast(of)
    assert np.isnan(places[first]).all()
    assert not np.isnan(places[~first]).any()
    for fold in range(1, FOLDS):
        later = np.where(of.fold >= fold, 7.0, of.paid)
        mine = of.fold == fold
        assert np.array_equal(forecast(replace(of, paid=later))[mine], places[mine])


def test_who_is_alike_stands_in_one_place() -> None:
    of = world(1, apart=0.6, people=400)
    rows = [*zip(of.fold.tolist(), map(tuple, of.known.tolist()), strict=True)]
    places = forecast(of)
    told: dict[object, set[float]] = {}
    for row, where in zip(rows, places.tolist(), strict=True):
        told.setdefault(row, set()).add(-1.0 if np.isnan(where) else where)
    assert all(len(some) == 1 for some in told.values())


def test_a_cut_that_would_tell_of_few_is_left_out() -> None:
    of = world(2, apart=0.6, people=400)
    shares = [one.share for one in helped(of, seed=1).best]
    assert shares == [0.2, 0.5], "of the best tenth of 320 a third is in the control, and too few of these bought"
    silent = replace(of, paid=np.where(np.arange(400) < 30, of.paid, 0.0))
    assert helped(silent, seed=1).best == ()


@pytest.mark.parametrize("people", [0, 1, 15])
def test_of_few_it_is_refused_in_words(people: int) -> None:
    of = world(2, apart=0.6)
    found = helped(of.where(np.arange(1_500) < people), seed=1)
    assert found.qini.refused
    assert found.qini.value is None
    assert (found.verdict, found.best) == ("", ())


def test_where_all_are_alike_before_nobody_is_ranked() -> None:
    of = world(2, apart=0.6)
    found = helped(replace(of, known=np.zeros_like(of.known)), seed=1)
    assert "all are alike" in found.qini.refused
    assert (found.verdict, found.best) == ("", ())


# ---- what is added up ------------------------------------------------------------------------------------------------


def contribution() -> ByPast:
    return ByPast(
        until=UNTIL,
        currency="EUR",
        since=SINCE,
        arm_of=lambda persons: persons % 4,
        fold_of=lambda persons: persons % 5,
    )


def test_what_is_known_of_her_lies_before_the_window_and_what_counts_in_it() -> None:
    amina = [
        Line(SINCE - 29, 1_000, order=1, type=ORDERED),
        Line(SINCE - 8, 2_000, order=2, type=ORDERED),
        Line(SINCE, 400, order=3, type=ORDERED),
    ]
    dev = [Line(SINCE + 5, 700, order=4, type=ORDERED)]
    what = contribution()
    groups = what.group_of(np.array([1, 5]))  # both treated
    person = np.repeat([0, 1], [len(amina), len(dev)])
    log = log_of([*amina, *dev])
    of = tried_of(what.whole(Frame(2, person, log, group=groups)))
    hers = int(np.argmax(of.known[:, 0]))
    assert of.known[hers, :4] == pytest.approx([1, 4, 1, np.log1p(2)])
    assert np.expm1(of.known[hers, 4]) == pytest.approx(3_000, rel=0.01)
    assert of.paid[hers] == pytest.approx(400, rel=0.01)
    assert of.known[1 - hers].tolist() == [0, 52, 52, 0, 0]
    assert of.paid[1 - hers] == pytest.approx(700, rel=0.01)
    assert of.treated.tolist() == [1, 1]


def test_who_is_in_neither_arm_adds_nothing() -> None:
    what = contribution()
    groups = what.group_of(np.array([2, 3]))
    person, log = np.array([0, 1]), log_of([Line(SINCE + 1, 500, order=1), Line(SINCE + 2, 500, order=2)])
    assert tried_of(what.whole(Frame(2, person, log, group=groups))).paid.size == 0
