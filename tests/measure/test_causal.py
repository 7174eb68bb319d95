"""What opting in does is corrected for who opts in, and refused where it shows what it cannot have done."""

import math

import numpy as np
import pytest
from tests.conftest import examples

from goodwill.basics.errors import BadInput
from goodwill.measure.causal import aipw
from goodwill.measure.one_unit import placebo

TRUE = 4.0


def world(seed: int, n: int = 4_000, *, hidden: float = 0.0, effect: float = TRUE, push: float = 1.0):
    """Outcome, exposure, covariates, an outcome of before, and the true chances; confounded in a curved way."""
    random = np.random.default_rng(seed)
    known, unseen = random.normal(size=(n, 6)), random.normal(size=n)
    score = push * (0.6 * known[:, 0] + 0.5 * known[:, 1] + 0.3 * (known[:, 0] ** 2 - 1)) + hidden * unseen
    chances = 1 / (1 + np.exp(-score))
    exposed = random.random(n) < chances
    draws = 8 * known[:, 0] + 6 * known[:, 1] + 5 * (known[:, 0] ** 2 - 1) + 3 * known[:, 2] + 12 * hidden * unseen
    before = draws + random.normal(size=n, scale=9)
    outcome = draws + effect * exposed + random.normal(size=n, scale=16)
    return outcome, exposed, known, before, chances


@pytest.mark.longer
def test_the_plain_difference_is_three_times_the_truth_and_the_corrected_one_holds_it():
    trials = examples(8)
    found = [aipw(*world(seed)[:3], seed=seed) for seed in range(trials)]
    assert np.mean([one.naive for one in found]) > 2.5 * TRUE
    values = np.array([one.value for one in found], float)
    errors = np.array([one.standard_error for one in found], float)
    assert abs(values.mean() - TRUE) < 4 * errors.mean() / math.sqrt(trials)
    assert errors.mean() == pytest.approx(values.std(ddof=1), rel=0.35 if trials > 40 else 0.8)
    held = sum(one.low <= TRUE <= one.high for one in found if one.low is not None and one.high is not None)
    assert held >= trials * 0.95 - 3 * math.sqrt(trials * 0.95 * 0.05)


def test_known_chances_are_taken_as_they_are():
    outcome, exposed, known, before, chances = world(3)
    found = aipw(outcome, exposed, known[:, :1], propensity=chances, negative_control=before)
    assert found.low is not None
    assert found.high is not None
    assert found.low < TRUE < found.high
    assert found.overlap is not None
    assert (found.overlap.clipped, found.overlap.lowest) == (0, pytest.approx(chances.min()))


def test_a_hidden_difference_is_found_by_an_outcome_of_before():
    outcome, exposed, known, before, _ = world(5, hidden=0.9)
    found = aipw(outcome, exposed, known, negative_control={"orders before": before})
    assert not found.identified
    assert "cannot have been changed shows an effect (orders before +" in found.reason
    assert found.value is not None, "the number is shown, and what it is worth"
    assert found.controls["orders before"][1] > 0


@pytest.mark.longer
def test_without_a_hidden_difference_the_outcome_of_before_shows_nothing():
    trials = examples(4)
    passed = sum(
        aipw(outcome, exposed, known, negative_control=before, seed=seed).controls["negative control"][1] <= 0
        for seed in range(trials)
        for outcome, exposed, known, before, _ in [world(seed)]
    )
    assert passed >= trials * 0.95 - 3 * math.sqrt(trials * 0.95 * 0.05)


def test_an_effect_that_one_more_such_difference_would_explain_is_not_identified():
    outcome, exposed, known, _, _ = world(7, effect=0.3)
    found = aipw(outcome, exposed, known, names=["tenure", "visits", "c", "d", "e", "f"])
    assert found.sensitivity is not None
    assert found.sensitivity.strongest == "tenure"
    assert not found.identified
    assert "as strong as 'tenure'" in found.reason
    one, two, three = found.sensitivity.if_as_strong
    assert one > two > three


def test_a_strong_effect_outlasts_a_difference_as_strong_as_any_that_was_measured():
    outcome, exposed, known, before, _ = world(8, effect=25.0, push=0.4)
    found = aipw(outcome, exposed, known, negative_control=before)
    assert found.identified, found.reason
    assert found.sensitivity is not None
    assert found.sensitivity.if_as_strong[0] > 0
    assert found.sensitivity.to_insignificance < found.sensitivity.robustness


def test_where_nobody_has_a_like_it_refuses():
    outcome, _, known, _, _ = world(1)
    found = aipw(outcome, known[:, 0] > 0, known)
    assert found.value is None
    assert found.refused.startswith("Too few of one side have their like on the other")
    assert found.overlap is not None
    assert found.overlap.outside > 0.8
    assert found.to_dict()["value"] is None


@pytest.mark.parametrize("many", [0, 20, 3_990, 4_000])
def test_a_side_that_is_nearly_empty_is_refused(many):
    outcome, _, known, _, _ = world(1)
    found = aipw(outcome, np.arange(4_000) < many, known)
    assert "50 are needed on each" in found.refused


def test_a_trust_score_measured_with_error_is_put_right_by_its_reliability():
    random = np.random.default_rng(11)
    n = 10_000
    trust, other = random.normal(size=n), random.normal(size=n)
    exposed = random.random(n) < 1 / (1 + np.exp(-trust))
    outcome = TRUE * exposed + 6 * trust + other + random.normal(size=n)
    score = trust + random.normal(size=n, scale=math.sqrt(0.5 / 0.5))  # ω = .5
    table = np.column_stack([score, other])
    plain = aipw(outcome, exposed, table, names=["trust", "other"])
    better = aipw(outcome, exposed, table, names=["trust", "other"], reliability={"trust": 0.5})
    assert plain.value is not None
    assert better.value is not None
    assert any("takes ω as known" in one for one in better.warnings)
    # Calibrating rescales one covariate: a linear model finds the same with it, so the effect is no nearer to the truth
    # by that alone; what it changes is how strong the covariate is taken to be, and so what a hidden one could do.
    assert abs(better.value - TRUE) <= abs(plain.value - TRUE) + 0.05


def test_bounds_without_assumptions_hold_the_truth_and_are_as_wide_as_the_limits():
    outcome, exposed, known, _, _ = world(2)
    found = aipw(outcome, exposed, known, limits=(-200.0, 200.0))
    assert found.bounds is not None
    low, high = found.bounds
    assert low < TRUE < high
    assert high - low == pytest.approx(400)


def test_an_outcome_that_never_varies_has_no_effect_and_no_warning():
    _, exposed, known, _, _ = world(2)
    found = aipw(np.ones(4_000), exposed, known)
    assert found.value == pytest.approx(0)
    assert found.sensitivity is None


@pytest.mark.parametrize(("change", "says"), [
    ({"outcome": [1.0, math.nan]}, "without gaps"), ({"exposed": [0, 2]}, "true or false"),
    ({"covariates": [[1.0]]}, "2 rows"), ({"propensity": [0.5, 1.0]}, "above 0 and below 1"),
    ({"names": ["a", "b"]}, "1 covariates and 2 names"), ({"reliability": {"b": 0.5}}, "no covariate 'b'"),
    ({"names": ["a"], "reliability": {"a": 1.5}}, "at most at 1"), ({"outcome": ["x", "y"]}, "no number"),
    ({"limits": (0, 0.5)}, "hold every outcome"), ({"level": 95}, "between 0 and 1"),
    ({"negative_control": [1.0]}, "list of 2 numbers"),
])  # fmt: skip
def test_bad_input_is_told_with_its_place(change, says):
    given = {"outcome": [1.0, 2.0], "exposed": [0, 1], "covariates": [[1.0], [2.0]], **change}
    with pytest.raises(BadInput, match=says):
        aipw(**given)


# ---- one treated unit ------------------------------------------------------------------------------------------------


def panel(units: int = 25, times: int = 20, rise: float = 0.0, seed: int = 0):
    random = np.random.default_rng(seed)
    found = random.normal(size=(units, 1)) + np.linspace(0, 3, times) + random.normal(size=(units, times), scale=0.5)
    found[0, 12:] += rise
    return found


def test_a_treated_unit_that_rose_stands_out_among_all():
    found = placebo(panel(rise=2.0), 0, 12)
    assert found.value == pytest.approx(2.0, abs=0.6)
    assert found.p == pytest.approx(1 / 25)
    assert found.low > 0
    assert found.before is not None
    assert found.before[1] > 0.05


def test_without_an_effect_every_rank_is_as_likely_as_any_other():
    found = [placebo(panel(seed=seed), 0, 12).p for seed in range(200)]
    assert 0.35 < np.mean(found) < 0.68
    assert np.mean(np.array(found) <= 0.05) < 0.11


def test_with_few_units_no_p_value_can_be_small_and_no_interval_is_told():
    found = placebo(panel(units=6, rise=50.0), 0, 12)
    assert found.p == pytest.approx(1 / 6)
    assert (found.low, found.high) == (-math.inf, math.inf)
    assert "cannot fall below 0.167" in found.warnings[0]


def test_a_unit_that_moved_away_before_is_told():
    values = panel(seed=4)
    values[0] += np.linspace(0, 8, 20)
    found = placebo(values, 0, 12)
    assert any("moved away from the others before" in one for one in found.warnings)


def test_units_may_have_names():
    named = {f"town {n}": row for n, row in enumerate(panel(rise=2.0))}
    assert placebo(named, "town 0", 12) == placebo(panel(rise=2.0), 0, 12)
    with pytest.raises(BadInput, match="no unit 'Rome'"):
        placebo(named, "Rome", 12)


@pytest.mark.parametrize(("given", "unit", "when", "says"), [
    (np.zeros((2, 5)), 0, 2, "two other units"), (np.zeros((5, 5)), 5, 2, "0 to 4"),
    (np.zeros((5, 5)), 0, 0, "before it"),
    (np.zeros((5, 5)), 0, 5, "from 1 to 4"), ([[1.0], [1.0, 2.0]], 0, 1, "equally long"),
])  # fmt: skip
def test_a_panel_that_cannot_be_read_is_told(given, unit, when, says):
    with pytest.raises(BadInput, match=says):
        placebo(given, unit, when)


def test_a_control_that_is_too_uncertain_to_show_anything_does_not_make_an_effect_identified():
    random = np.random.default_rng(5)
    n = 4_000
    measured, hidden = random.standard_normal((n, 2)), random.standard_normal(n)
    exposed = random.random(n) < 1 / (1 + np.exp(-0.4 * hidden))
    outcome = 2 * hidden + 10 * random.standard_normal(n)  # exposure itself does nothing
    before = 0.1 * hidden + 10 * random.standard_normal(n)  # hardly anything of it is seen before
    found = aipw(outcome, exposed, measured, negative_control=before)
    assert found.low > 0, "and still an effect is seen"
    low, high = found.controls["negative control"][1:]
    assert low < 0 < high, "and the control shows none"
    assert not found.identified
    assert "so uncertain that it may hide an effect" in found.reason


def test_a_control_that_would_have_shown_it_leaves_an_effect_identified():
    random = np.random.default_rng(6)
    n = 4_000
    measured = random.standard_normal((n, 2))
    exposed = random.random(n) < 1 / (1 + np.exp(-0.4 * measured[:, 0]))
    outcome = 5.0 * exposed + 0.5 * measured[:, 0] + 5 * random.standard_normal(n)
    before = 0.5 * measured[:, 0] + 5 * random.standard_normal(n)
    found = aipw(outcome, exposed, measured, negative_control=before)
    assert (found.identified, found.reason) == (True, "")
