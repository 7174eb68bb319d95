"""The way to pymc-marketing and back."""

import numpy as np
import pytest
from tests.learn.lifetime.crowd import pareto_crowd

from goodwill.basics.errors import BadInput
from goodwill.learn.lifetime import pareto, rfm
from goodwill.learn.lifetime.bridge import from_posterior, to_pymc_marketing

PARETO = {"r": 0.55, "alpha": 10.6, "s": 0.61, "beta": 11.7}


def test_customers_go_out_as_columns_one_entry_a_customer():
    seen = rfm.reduce(["amina", "dev", "amina"], [10, 3, 31], 45, amounts=[5.0, 2.0, 8.0])
    assert to_pymc_marketing(seen) == {
        "customer_id": ["amina", "dev"], "frequency": [1.0, 0.0], "recency": [3.0, 0.0], "T": [5.0, 6.0],
        "monetary_value": [8.0, 0.0],
    }  # fmt: skip
    assert "monetary_value" not in to_pymc_marketing(rfm.reduce([1, 1], [0, 7], 14))


def test_kinds_of_customers_do_not_go_out_as_customers():
    with pytest.raises(BadInput, match="one by one"):
        to_pymc_marketing(rfm.reduce([1, 2], [0, 0], 14).compressed())


def test_draws_all_alike_say_what_the_model_says():
    told = from_posterior({name: np.full((2, 5), value) for name, value in PARETO.items()})
    assert told.mean == pytest.approx(PARETO)
    crowd = pareto_crowd(1, 50)
    customers = crowd.x, crowd.t_x, crowd.T
    expected = told.expected_purchases(26, *customers)
    assert expected.mean == pytest.approx(pareto.ParetoNbd.of(**PARETO).expected_purchases(26, *customers))
    assert expected.high == pytest.approx(expected.low)


def test_draws_that_differ_give_a_range():
    random = np.random.default_rng(3)
    middle = {"r": 0.24, "alpha": 4.4, "a": 0.79, "b": 2.4}
    wide = {name: value * np.exp(0.1 * random.standard_normal(400)) for name, value in middle.items()}
    expected = from_posterior(wide).expected_purchases(26, [2, 0], [20.0, 0.0], [30.0, 30.0], level=0.8)
    assert np.all(expected.low < expected.mean)
    assert np.all(expected.mean < expected.high)


@pytest.mark.parametrize(
    ("posterior", "says"),
    [
        ({"r": [1.0], "alpha": [1.0], "s": [1.0]}, "lack 'beta'"),
        ({"r": [1.0], "alpha": [1.0]}, "lack 'a'"),
        ({"r": [1.0, 2.0], "alpha": [1.0], "s": [1.0], "beta": [1.0]}, "as many draws as the others"),
        ({"r": [-1.0], "alpha": [1.0], "s": [1.0], "beta": [1.0]}, "a number above 0"),
        ({"r": [np.nan], "alpha": [1.0], "s": [1.0], "beta": [1.0]}, "a number above 0"),
    ],
)
def test_draws_of_something_else_are_refused_in_a_sentence(posterior, says):
    with pytest.raises(BadInput, match=says):
        from_posterior(posterior)
