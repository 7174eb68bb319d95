"""The return is of ten thousand sums, each of which is its parts; what nobody measured is said, and adds nothing."""

import numpy as np
import pytest

from goodwill.basics.errors import BadInput
from goodwill.measure.figure import Grade
from goodwill.measure.returns import Line, roi

RANDOM = np.random.default_rng(1)
MARGINS = RANDOM.normal(9_000, 2_000, 4_000)
B1 = Line.of_draws("B1 margin in the window", Grade.A, "EUR", MARGINS, with_="customers")
B2 = Line.of_draws("B2 residual value", Grade.C, "EUR", MARGINS / 2, with_="customers")
B4 = Line.of_normal("B4 saved cost", Grade.B, "EUR", 600, 100)
B5 = Line.not_measured("B5 compliance", "EUR", "the loss engine comes later")
K = [Line.certain("licences", Grade.A, "EUR", 3_000), Line.of_normal("labour", Grade.A, "EUR", 4_000, 400)]


def test_the_parts_are_the_whole_in_every_draw():
    found = roi([B1, B2, B4, B5], K, seed=3)
    assert found.identity < 1e-12
    parts = sum(found.drawn[one.name] for one in (B1, B2, B4)) - sum(found.drawn[one.name] for one in K)
    assert np.allclose(parts, found.drawn["net"])
    assert sum(one.variance_share for one in found.tornado) == pytest.approx(1)


def test_lines_of_one_bootstrap_are_drawn_together():
    found = roi([B1, B2], K)
    assert np.allclose(found.drawn[B2.name], found.drawn[B1.name] / 2)
    apart = Line.of_draws("B2 apart", Grade.C, "EUR", MARGINS / 2)
    assert roi([B1, B2], K).net.ends[0.95][0] < roi([B1, apart], K).net.ends[0.95][0]


def test_the_return_is_a_ratio_of_draws_and_its_middle_is_where_the_money_says():
    found = roi([B1, B2, B4], K, seed=3)
    assert found.roi is not None
    assert found.roi.median == pytest.approx((9_000 * 1.5 + 600 - 7_000) / 7_000, abs=0.05)
    low, high = found.roi.ends[0.95]
    assert low < found.roi.ends[0.80][0] < found.roi.median < found.roi.ends[0.80][1] < high
    assert found.above_zero == pytest.approx(np.mean(found.drawn["net"] > 0))
    assert found.above_hurdle == found.above_zero
    assert roi([B1, B2, B4], K, seed=3, hurdle=1.5).above_hurdle < 0.2


def test_each_of_three_lines_takes_in_a_worse_grade():
    found = roi([B1, B2, B4, Line.certain("guess", Grade.D, "EUR", 1_000)], K)
    middles = [net.median for net, _ in found.by_line.values()]
    assert middles == pytest.approx([2_000, 2_000 + 4_500 + 600, 8_100], rel=0.05)
    assert found.grade is Grade.D
    assert found.by_grade[Grade.A] == pytest.approx(9_000 / 15_100, abs=0.02)
    assert sum(found.by_grade.values()) == pytest.approx(1)


def test_what_was_not_measured_is_said_and_adds_nothing():
    found = roi([B1, B5], K)
    assert found.net == roi([B1], K).net
    assert found.not_measured == {"B5 compliance": "the loss engine comes later"}
    assert "B5 compliance was not measured" in found.warnings[0]
    assert found.to_dict()["not_measured"]


def test_where_costs_may_be_nothing_there_is_a_net_value_and_no_ratio():
    found = roi([B1], [Line.of_normal("labour", Grade.A, "EUR", 100, 100)])
    assert (found.roi, found.above_hurdle) == (None, None)
    assert "no meaning" in found.refused
    assert all(ratio is None for _, ratio in found.by_line.values())
    assert found.net.median > 0


def test_the_tornado_has_the_widest_line_first_and_tells_where_an_assumption_breaks_even():
    found = roi([B1, B2, B4], K)
    assert [one.name for one in found.tornado][:2] == [B1.name, B2.name]
    assert found.break_even is None, "what was randomised pays for it all"
    only = roi([Line.certain("B2", Grade.C, "EUR", 10_000)], K).break_even
    assert only == ("B2", pytest.approx(0.7, abs=0.01))


def test_stated_rank_correlations_are_reached():
    one, other = (Line.of_normal(name, Grade.D, "EUR", 1_000, 300) for name in ("B3", "B5"))
    found = roi([one, other], K, correlations={("B3", "B5"): 0.6}, seed=2)
    ranks = [found.drawn[name].argsort().argsort() for name in ("B3", "B5")]
    assert np.corrcoef(*ranks)[0, 1] == pytest.approx(0.6, abs=0.03)
    for name in ("B3", "B5"):
        assert found.drawn[name].mean() == pytest.approx(1_000, abs=3), "its own distribution stays"


def test_the_same_seed_gives_the_same_return():
    assert roi([B1, B2], K, seed=5) == roi([B1, B2], K, seed=5)
    assert roi([B1, B2], K, seed=5) != roi([B1, B2], K, seed=6)


@pytest.mark.parametrize(("benefits", "costs", "more", "says"), [
    ([B1], [], {}, "one cost"), ([], K, {}, "one benefit"), ([B1, B1], K, {}, "counted twice"),
    ([Line.certain("B1", Grade.A, "USD", 1)], K, {}, "EUR and USD cannot be added"),
    ([B1], K, {"draws": 10}, "100 times"),
    ([B1, B4], K, {"correlations": {(B1.name, B4.name): 0.5}}, "drawn by themselves"),
    ([B4], K, {"correlations": {(B4.name, "labour"): 1.5}}, "between -1 and 1"),
    ([B1, Line.of_draws("B2", Grade.C, "EUR", [1, 2], with_="customers")], K, {}, "equally many"),
])  # fmt: skip
def test_what_cannot_be_is_refused(benefits, costs, more, says):
    with pytest.raises(BadInput, match=says):
        roi(benefits, costs, **more)


@pytest.mark.parametrize("drawn", [[], [1, float("nan")], [[1, 2]], ["x"]])
def test_a_line_is_of_numbers(drawn):
    with pytest.raises(BadInput, match=r"draws|number"):
        Line.of_draws("B1", Grade.A, "EUR", drawn)
    with pytest.raises(BadInput, match="standard error"):
        Line.of_normal("B1", Grade.A, "EUR", 1, -1)
