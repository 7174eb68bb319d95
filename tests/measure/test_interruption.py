"""A change since a day: found where it is, a false alarm as seldom as it says, and refused where weeks are few."""

import numpy as np
import pytest
from numpy.typing import NDArray

from goodwill import measure
from goodwill.basics.errors import BadInput
from goodwill.measure.interruption import interrupted

Panel = NDArray[np.float64]


def panel(seed: int, lines: int = 6, before: int = 60, after: int = 4, *, kind: str = "even") -> Panel:
    chance = np.random.default_rng(seed)
    noise = chance.normal(0, 8, (lines, before + after))
    if kind == "grows":
        return 100 + 0.5 * np.arange(before + after) + noise
    if kind == "wanders":
        return np.maximum(1, 300 + np.cumsum(noise / 2, axis=1))
    return 100 + noise


def with_change(values: Panel, share: float, when: int = 60) -> Panel:
    changed = values.copy()
    changed[0, when:] += share * 100
    return changed


def test_a_change_beside_others_is_found_and_its_size_is_told() -> None:
    found = interrupted(with_change(panel(1), 0.4), 0, 60, 4)
    assert found.value is not None
    assert found.low is not None
    assert found.high is not None
    assert 0.15 < found.low < found.value < found.high < 0.6
    assert found.p == pytest.approx(1 / (6 * 15)), "it stands out most of six lines on fifteen dates"
    assert found.among == pytest.approx(1 / 6)
    assert found.placebos == 6 * 15 - 1
    assert found.level_before == pytest.approx(panel(1)[0, :60].mean())
    assert found.passed


def test_a_line_alone_is_held_against_its_own_past() -> None:
    found = interrupted(with_change(panel(2, lines=1, before=100), 0.4, 100), 0, 100, 4)
    assert found.low is not None
    assert found.low > 0
    assert found.p == pytest.approx(1 / 25)
    assert found.among is None
    assert "whatever else began on that day" in found.warnings[0]


@pytest.mark.parametrize("kind", ["even", "grows", "wanders"])
@pytest.mark.parametrize(("lines", "before"), [(1, 100), (6, 40)])
def test_without_a_change_it_calls_one_as_seldom_as_it_says(kind: str, lines: int, before: int) -> None:
    found = [interrupted(panel(seed, lines, before, kind=kind), 0, before, 4) for seed in range(120)]
    assert sum(one.p <= 0.05 for one in found if one.p is not None) <= 12
    holds = sum(one.low <= 0 <= one.high for one in found if one.low is not None and one.high is not None)
    assert holds >= 108
    assert all((one.p > 0.05) == (one.low <= 0 <= one.high)
               for one in found if one.p is not None and one.low is not None and one.high is not None)  # fmt: skip


def test_steady_growth_is_no_change() -> None:
    found = interrupted(panel(3, lines=1, before=100, kind="grows"), 0, 100, 4)
    assert found.value is not None
    assert abs(found.value) < 0.1
    assert found.low is not None
    assert found.low < 0


def test_what_had_moved_before_is_no_evidence() -> None:
    moved = with_change(panel(4), 0.4, when=56)
    found = interrupted(moved, 0, 60, 4)
    assert found.before is not None
    assert found.before <= 0.05
    assert not found.passed


def test_what_moves_every_year_is_no_evidence() -> None:
    values = panel(5, lines=1, before=108)
    values[0, 108:] += 40
    values[0, 56:60] += 40
    found = interrupted(values, 0, 108, 4)
    assert found.season is not None
    assert found.season <= 0.05
    assert not found.passed


def test_alone_and_without_a_year_before_nothing_passes() -> None:
    found = interrupted(with_change(panel(6, lines=1, before=48), 0.4, 48), 0, 48, 2)
    assert found.p is not None
    assert found.season is None
    assert not found.passed
    beside = interrupted(with_change(panel(6, lines=6, before=48), 0.4, 48), 0, 48, 4)
    assert beside.season is None
    assert beside.passed, "others that have the same season take it off"


def test_it_is_the_same_in_cents_and_in_any_order_of_the_others() -> None:
    values = with_change(panel(7), 0.1)
    one, other = interrupted(values, 0, 60, 4), interrupted(values[[0, 5, 3, 1, 2, 4]] * 100, 0, 60, 4)
    assert one.p == other.p
    assert (one.value, one.low, one.high) == pytest.approx((other.value, other.low, other.high))
    by_name = measure.interrupted({f"n{n}": line for n, line in enumerate(values)}, "n0", 60, 4)
    assert by_name == one


@pytest.mark.parametrize(
    ("lines", "before", "times", "said"),
    [
        (1, 40, 4, "40 weeks more before that day (80)"),
        (1, 40, 4, "2 more to hold it against"),
        (2, 40, 4, "1 more to hold it against"),
        (4, 16, 4, "4 weeks more before that day (20)"),
        (4, 16, 4, "1 more to hold it against"),
    ],
)
def test_with_too_few_placebos_it_says_how_many_are_lacking(lines: int, before: int, times: int, said: str) -> None:
    values = panel(8, lines, before, times)
    found = interrupted(values, 0, before, times)
    assert said in found.refused
    assert (found.value, found.p, found.passed) == (None, None, False)


@pytest.mark.parametrize(("lines", "before"), [(1, 80), (4, 20), (5, 16), (3, 40)])
def test_with_as_many_as_it_named_it_is_told(lines: int, before: int) -> None:
    found = interrupted(panel(9, lines, before), 0, before, 4)
    assert not found.refused
    assert found.low is not None
    assert np.isfinite(found.low)


def test_lines_in_which_nothing_moves_say_nothing_of_what_is_usual() -> None:
    still = np.full((3, 64), 50.0)
    assert "Nothing changed on any placebo date" in interrupted(still, 0, 60, 4).refused


def test_a_control_with_nothing_before_is_left_out_and_named_and_the_treated_one_refused() -> None:
    lines = np.asarray(panel(9, 4, 80))
    lines[2, :80] = 0
    found = interrupted(lines, 3, 80, 4)
    alone = interrupted(np.delete(lines, 2, axis=0), 2, 80, 4)
    assert (found.value, found.p, found.controls) == (alone.value, alone.p, 2)
    assert "rows, from 0: 2." in found.warnings[-1]
    assert "nothing before" in interrupted(lines, 2, 80, 4).refused


@pytest.mark.parametrize(("unit", "when", "times"), [(9, 60, 4), ("x", 60, 4), (0, 2, 4), (0, 62, 4), (0, 60, 0)])
def test_what_cannot_be_is_said(unit: int | str, when: int, times: int) -> None:
    with pytest.raises(BadInput):
        interrupted(panel(1), unit, when, times)
    with pytest.raises(BadInput, match="0 or more"):
        interrupted(-panel(1), 0, 60, 4)
