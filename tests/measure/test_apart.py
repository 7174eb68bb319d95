"""Who is told apart by two lengths of time: counted exactly, whichever of the two is held against the other."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.measure.shoppers import UNTIL, Line, crowd, whole_of

from goodwill.basics.errors import BadInput, CannotTell
from goodwill.measure.apart import apart, earlier
from goodwill.measure.experiments.moments import of_group
from goodwill.measure.spending import Paid
from goodwill.people.types import BOUGHT
from goodwill.shop.measures.measure import LENGTHS, WEEKS, step, withhold_few
from goodwill.sums import Sums

purchases = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 110)), max_size=30)


@given(purchases=purchases, length=st.sampled_from([7, 28, 91]), other=st.sampled_from([1, 7, 28, 91]))
def test_it_is_what_two_sets_of_people_say(purchases, length, other):
    person, day = (np.array([one[n] for one in purchases], np.int64) for n in (0, 1))
    found = apart(person, day, until=100, length=length, others=[other])
    short, long = sorted((length, other))
    inside = {who for who, when in purchases if 100 - short < when <= 100}
    ring = {who for who, when in purchases if 100 - long < when <= 100 - short}
    assert (found.array("beyond").tolist(), found.array("only").tolist()) == ([len(ring)], [len(ring - inside)])


@given(people=crowd, days=st.sampled_from([28, 91]))
def test_what_two_answers_differ_by_was_paid_by_as_many_as_are_counted(people, days):
    one, other = (whole_of(Paid(until=UNTIL, currency="EUR", since=UNTIL - n + 1, others=(7,)), people)
                  for n in (days, 7))  # fmt: skip
    more = of_group(one, 0).people - of_group(other, 0).people
    assert one.array("only").tolist() == [more]
    if of_group(one, 0) != of_group(other, 0):
        assert one.array("beyond")[0] >= max(1, more)
    else:
        assert not more


def test_amina_who_bought_in_both_is_told_apart_though_the_people_are_the_same():
    amina = [Line(UNTIL, order=1, type=BOUGHT), Line(UNTIL - 20, order=2, type=BOUGHT)]
    found = whole_of(Paid(until=UNTIL, currency="EUR", since=UNTIL - 27, others=(7,)), [amina])
    assert (found.array("beyond").tolist(), found.array("only").tolist()) == ([1], [0])


@pytest.mark.parametrize("usual", [1, 7, 30, 91])
def test_of_any_two_lengths_one_is_held_against_the_other_and_the_usual_one_against_none(usual):
    lengths = sorted({usual, *LENGTHS})
    held = {one: earlier(one, usual, LENGTHS) for one in lengths}
    assert held[usual] == ()
    assert all((one in held[other]) != (other in held[one]) for one, other in combinations(lengths, 2))


@pytest.mark.parametrize(("counts", "told"), [([0, 0], True), ([10, 0], True), ([1], False), ([40, 9], False)])
def test_one_to_nine_people_are_withheld_and_nobody_and_ten_are_told(counts, told):
    sums = Sums({"beyond": np.array(counts, np.int64)})
    if told:
        withhold_few(sums, instead="91 days")
    else:
        with pytest.raises(CannotTell, match=r"fewer than 10 people did\. Ask for 91 days"):
            withhold_few(sums, instead="91 days")


def test_a_length_that_is_no_step_is_refused_with_the_steps():
    assert step("weeks", *WEEKS)("13") == 13
    for text in ("14", "", "-7", "013", "7.0"):
        with pytest.raises(BadInput, match=f"'weeks' is 1, 4, 13, 26, 52 or 104, not '{text}'"):
            step("weeks", *WEEKS)(text)
