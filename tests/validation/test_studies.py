"""A small version of `make validate`: few worlds, and what they find is possible by chance where a claim holds."""

import pytest
from validation.__main__ import page
from validation.studies import STUDIES, several
from validation.study import Claim, Result, Study, judged

from validation import worlds


@pytest.fixture(autouse=True)
def _one_crowd_is_the_truth(monkeypatch: pytest.MonkeyPatch):
    """A smaller crowd than `make validate` takes; its error is far below that of so few worlds."""
    monkeypatch.setattr(worlds, "CROWDS", range(1_000_000, 1_000_001))
    monkeypatch.setattr(worlds, "MANY", 60_000)


@pytest.mark.parametrize("study", STUDIES, ids=[study.name for study in STUDIES])
def test_what_a_few_worlds_find_fits_what_has_to_hold(study: Study):
    results = judged(study, several(STUDIES.index(study), range(study.small)))
    assert {result.claim.name for result in results} == {claim.name for claim in study.claims}
    assert all(result.worlds for result in results), "something was found of each"
    assert [result for result in results if not result.may_hold] == []


def test_a_measure_that_is_wrong_is_noticed():
    claim = Claim("covers", "the interval holds the truth", 0.94, 0.96)
    study = Study("too narrow", "intervals of 80 %", lambda seed: {"covers": seed % 5 > 0}, (claim,), 400, 400)
    (result,) = judged(study, [study.trial(seed) for seed in range(400)])
    assert (result.mean, result.holds, result.may_hold) == (0.8, False, False)


def test_an_error_is_told_in_the_mean_of_its_standard_errors():
    """One that goes together with its standard error is off by nothing here, though the mean of ratios is 0.25."""
    claim = Claim("error", "error", -0.05, 0.05, percent=False, over="standard error")
    found = [{"error": 1.0, "standard error": 1.0}, {"error": -1.0, "standard error": 2.0}]
    (result,) = judged(Study("two", "", lambda _: {}, (claim,), 2, 2), found)
    assert result.mean == 0
    assert result.error == pytest.approx(1 / 1.5)


def test_what_was_refused_counts_nowhere():
    claim = Claim("covers", "the interval holds the truth", 0.94, 0.96)
    study = Study("often refused", "", lambda seed: {"covers": True} if seed % 2 else {}, (claim,), 10, 10)
    (result,) = judged(study, [study.trial(seed) for seed in range(10)])
    assert (result.worlds, result.mean) == (5, 1.0)


def test_the_page_says_which_claims_hold_and_which_do_not():
    holds, fails = (Claim(name, f"says {name}", 0.9, 1.0) for name in ("a", "b"))
    study = Study("two", "in two worlds", lambda _: {}, (holds, fails), 2, 2)
    told = page([(study, [Result(holds, 0.95, 0.01, 2), Result(fails, 0.5, 0.01, 2)], 1.0)], 60.0)
    assert "1 of 2 claims hold" in told
    assert "| says a | 95.00 % ± 1.00 % | 90.00 % to 100.00 % | 2 | holds |" in told
    assert "| says b | 50.00 % ± 1.00 % | 90.00 % to 100.00 % | 2 | **does not hold** |" in told
