"""An estimate is a number with its interval, or refused in words."""

from math import inf, nan

import pytest

from goodwill.basics.errors import BadInput
from goodwill.measure.estimate import Estimate, check_level


def test_an_estimate_is_never_a_number_that_is_none() -> None:
    with pytest.raises(ValueError, match="refused with a reason"):
        Estimate(value=nan)


@pytest.mark.parametrize("given", [{}, {"value": 1.0, "refused": "too few"}])
def test_it_has_a_value_or_a_reason_why_not(given: dict[str, float | str]) -> None:
    with pytest.raises(ValueError, match="a value, or a reason"):
        Estimate(**given)  # type: ignore[arg-type]


def test_a_refusal_says_why_in_plain_values_too() -> None:
    told = Estimate.refuse("Nobody bought anything.", n=3).to_dict()
    assert (told["value"], told["refused"], told["n"]) == (None, "Nobody bought anything.", 3)


def test_an_end_that_nothing_bounds_is_named() -> None:
    told = Estimate(value=40.0, low=31.0, high=inf).to_dict()
    assert (told["low"], told["high"], told["unbounded"]) == (31.0, None, ["high"])


@pytest.mark.parametrize("level", [0, 1, -0.5, 95])
def test_a_level_lies_between_0_and_1(level: float) -> None:
    with pytest.raises(BadInput, match="between 0 and 1"):
        check_level(level)
