"""Which change an experiment could see is said before it starts, in money for a customer."""

import numpy as np
import pytest
from tests.conftest import ROOT

from goodwill import measure
from goodwill.basics.errors import BadInput

HILLSTROM = (0.65, (17.8, 11.6))  # what a customer brings in two weeks; how far it scatters with an e-mail and without


def test_five_thousand_customers_cannot_measure_a_spend_like_hillstroms():
    found = measure.minimum_detectable_effect(*HILLSTROM, 5_000)
    assert found.standard_error == pytest.approx(0.42, abs=0.006)
    assert found.value == pytest.approx(1.19, abs=0.005)  # (1.96 + .84) · .4249
    assert found.share > 1.8
    assert not found.measurable
    assert "cannot be measured in this window" in found.says
    assert "a change of 1.19 for a customer (183% of the 0.65 that a customer brings)" in found.says
    assert found.to_dict()["needed"] == found.needed


def test_the_docs_show_what_it_says():
    page = (ROOT / "docs" / "experiments-measured.md").read_text("utf-8")
    assert measure.minimum_detectable_effect(*HILLSTROM, 5_000).says in " ".join(page.replace("\n# ", "\n").split())


def test_so_many_customers_as_it_says_can():
    found = measure.minimum_detectable_effect(*HILLSTROM, 5_000, hoped=0.1)
    enough = measure.minimum_detectable_effect(*HILLSTROM, found.needed, hoped=0.1)
    assert enough.measurable
    assert "so it can be measured" in enough.says
    assert enough.value == pytest.approx(0.1, rel=1e-3)
    assert not measure.minimum_detectable_effect(*HILLSTROM, found.needed * 97 // 100, hoped=0.1).measurable


def test_a_change_of_that_size_is_found_as_often_as_it_says():
    dice = np.random.default_rng(1)
    least = measure.minimum_detectable_effect(10, 8, 400, treated_share=0.7).value
    found = [
        measure.difference(10 + least + dice.normal(0, 8, 280), dice.normal(10, 8, 120)).p < 0.05 for _ in range(500)
    ]
    assert np.mean(found) == pytest.approx(0.8, abs=0.054)  # 3 standard errors


def test_what_customers_did_before_says_how_many_are_needed():
    dice = np.random.default_rng(2)
    pre = dice.gamma(2, 10, 2_000)
    past = pre + dice.normal(0, pre.std(), 2_000)  # half of it is explained
    plain, better = (measure.minimum_detectable_effect_from(past, known) for known in (None, pre))
    by_hand = measure.minimum_detectable_effect(past.mean(), past.std(ddof=1), 2_000)
    assert (plain.value, plain.n) == (pytest.approx(by_hand.value), 2_000)
    assert better.value / plain.value == pytest.approx(0.5**0.5, abs=0.05)
    assert measure.minimum_detectable_effect_from(past, customers=8_000).value == pytest.approx(
        plain.value / 2, rel=0.01
    )
    assert measure.minimum_detectable_effect_from(past, past).value == pytest.approx(0, abs=1e-2)


def test_what_cannot_be_foreseen_is_refused():
    assert "fewer than two" in measure.minimum_detectable_effect(1, 2, 3).refused
    assert "fewer than two" in measure.minimum_detectable_effect_from([1.0]).refused
    assert "same outcome" in measure.minimum_detectable_effect_from([0.0, 0.0, 0.0, 0.0]).refused
    assert "Say which change" in measure.minimum_detectable_effect(0, 2, 300).refused
    found = measure.minimum_detectable_effect(-1, 2, 300, hoped=3)
    assert (found.share, found.measurable) == (None, True)


@pytest.mark.parametrize(
    ("given", "more", "says"),
    [
        ((float("nan"), 1, 100), {}, "'mean' is nan"),
        ((1, -1, 100), {}, "'standard_deviation' is -1"),
        ((1, 1, 10.5), {}, "whole"),
        ((1, 1, 100), {"treated_share": 1}, "below 1"),
        ((1, 1, 100), {"explained": 1}, "below 1"),
        ((1, 1, 100), {"hoped": 0}, "a number above 0"),
        ((1, 1, 100), {"power": 0.04}, "see nothing"),
        ((1, 1, 100), {"power": 80}, "between 0 and 1"),
    ],
)
def test_what_cannot_be_understood_is_said(given, more, says):
    with pytest.raises(BadInput, match=says):
        measure.minimum_detectable_effect(*given, **more)
