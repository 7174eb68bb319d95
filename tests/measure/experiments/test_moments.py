"""Exact sums give the answer of the raw rows, and give back what they took."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import examples

from goodwill import measure
from goodwill.basics.errors import BadInput, Overflow
from goodwill.measure import Moments
from goodwill.measure.experiments.moments import LARGEST, part
from goodwill.sums import Sums

cents = st.one_of(st.integers(-500, 50_000), st.integers(-(10**6), 10**9), st.integers(-(2**40), 2**40))
customers = st.lists(st.tuples(cents, cents, cents), min_size=2, max_size=40)
FIGURES = ("value", "low", "high", "standard_error", "p")


def same(one, other):
    """The figures of both, up to the rounding of floats; the sums' own are the exact ones."""
    assert (one.refused, one.warnings, one.n) == (other.refused, other.warnings, other.n)
    for name in FIGURES:
        a, b = getattr(one, name), getattr(other, name)
        assert (a is None) == (b is None)
        if a is not None:
            assert a == pytest.approx(b, rel=1e-6, abs=1e-6 * (one.standard_error or 1))


@settings(max_examples=examples(40))
@given(customers, customers, st.booleans(), st.integers(0, 1))
def test_sums_give_the_answer_of_the_raw_rows(treated, control, relative, known):
    rows = [np.array(some) for some in (treated, control)]
    pre = tuple(one[:, 1:] for one in rows) if known else None
    raw = measure.difference(rows[0][:, 0], rows[1][:, 0], pre, relative)
    if raw.explained is not None and raw.explained > 1 - 1e-9:
        return  # floats cannot tell what is left of chance; whole numbers can
    sums = [Moments.of_rows(one[:, 0], one[:, 1:] if known else None) for one in rows]
    same(measure.difference_sums(*sums, relative=relative), raw)


@settings(max_examples=examples(40))
@given(customers, customers)
def test_the_parts_of_customers_add_up_to_the_moments_of_all(some, others):
    total = sum((part(one[0], one[1:]) for one in some[1:]), start=part(some[0][0], some[0][1:]))
    rows, more = np.array(some), np.array(others)
    moments = Moments.of_sums(total)
    assert moments == Moments.of_rows(rows[:, 0], rows[:, 1:])
    both = np.concatenate([rows, more])
    with_others = moments + Moments.of_rows(more[:, 0], more[:, 1:])
    assert with_others == Moments.of_rows(both[:, 0], both[:, 1:])
    assert with_others - moments == Moments.of_rows(more[:, 0], more[:, 1:])


def test_chiara_leaves_and_the_total_is_the_one_that_never_had_her():
    amina, chiara, dev = part(1999, [500]), part(2**46, [-(2**45)]), part(0, [0])
    total = amina + chiara + dev
    assert (total - chiara).hash == (amina + dev).hash
    assert Moments.of_sums(total - chiara) == Moments.of_rows([1999, 0], [500, 0])


def test_squares_of_cents_may_exceed_64_bits():
    """Ten million euros a customer: the square is 10¹⁸, and twenty of them leave 64 bits."""
    spent = np.full(20, 10**9) + np.arange(20)
    square = sum(int(one) ** 2 for one in spent)
    assert square > 2**63
    assert Moments.of_rows(spent).products == (square,)
    total = Sums(people=0, bought=0, sum=[0], product_low=[0], product_high=[0])
    for one in spent.tolist():
        total = total + part(one)
    assert Moments.of_sums(total).products == (square,)
    arm = Moments.of_rows(spent).arm
    assert arm.variance[0, 0] == pytest.approx(35, rel=1e-15)  # of 0 … 19: nothing was lost beside 10¹⁸


def test_a_number_that_cannot_be_one_customers_is_refused():
    assert Moments.of_sums(part(LARGEST, [-LARGEST])).products == (2**94, -(2**94), 2**94)
    with pytest.raises(Overflow, match="look for a mistake"):
        part(LARGEST + 1)


def test_numbers_of_any_size_are_squared_exactly_in_rows():
    huge = [2**62, -(2**62) + 1, 3, 0]
    assert Moments.of_rows(huge, [1, 2, 3, 4]).products == (
        2**124 + (2**62 - 1) ** 2 + 9, 2**62 - 2 * (2**62 - 1) + 9, 1 + 4 + 9 + 16,
    )  # fmt: skip
    many = np.full(1_000, 2**30 + 1)
    assert Moments.of_rows(many).products == (1_000 * (2**30 + 1) ** 2,)  # some blocks of eight and less


@pytest.mark.parametrize(
    ("outcome", "pre", "says"),
    [
        ([3.4, 2.0], None, "whole minor units"),
        ([3, 2], [1], "1 rows of what was known before"),
        ([[3, 2]], None, "give one row"),
    ],
)
def test_what_is_no_whole_number_of_a_customer_is_refused(outcome, pre, says):
    with pytest.raises(BadInput, match=says):
        Moments.of_rows(outcome, pre)


def test_nobody_can_be_taken_out_who_was_not_in():
    with pytest.raises(BadInput, match="taken out who was not in"):
        Moments.of_rows([3]) - Moments.of_rows([1, 2])
    with pytest.raises(BadInput, match="do not add"):
        Moments.of_rows([3]) + Moments.of_rows([3], [4])
    with pytest.raises(BadInput, match="form them anew"):
        Moments(1, 1, (3, 4), (9,))
    with pytest.raises(BadInput, match="same things"):
        measure.difference_sums(Moments.of_rows([3, 4]), Moments.of_rows([3, 4], [4, 5]))


def test_sums_of_nobody_are_refused_in_words():
    nobody = Moments.of_rows(np.zeros(0, int))
    assert "no customers" in measure.difference_sums(nobody, Moments.of_rows([1, 2])).refused
    unknown = Moments.of_rows(np.zeros(0, int), np.zeros((0, 2), int))
    assert "no customers" in measure.difference_sums(unknown, unknown).refused
    assert unknown + Moments.of_rows([1], [[2, 3]]) == Moments.of_rows([1], [[2, 3]])
