"""What is no number, or not the right kind of one, is named with its place and how to mend it."""

from math import inf, nan

import numpy as np
import pytest

from goodwill.basics.errors import BadInput
from goodwill.measure.given import count, equally_long, listed, number, numbers, truths, wholes


@pytest.mark.parametrize(
    ("check", "words"),
    [
        (lambda: numbers("cost", [1, nan]), r"'cost' has nan at place 1; give numbers from -1e\+15 to 1e\+15"),
        (lambda: numbers("cost", [1, inf]), "has inf at place 1"),
        (lambda: numbers("cost", [1, -2], least=0), r"has -2 at place 1; give numbers from 0 to 1e\+15"),
        (lambda: numbers("cost", [1, 1e20]), "has 1e\\+20 at place 1"),
        (lambda: listed("cost", [[1], [1, 2]]), "neither a number nor a plain list"),
        (lambda: numbers("cost", ["a"]), "not a number"),
        (lambda: numbers("cost", [[1.0]]), "2 axes; give a plain list"),
        (lambda: numbers("cost", [[1], [1, 2]]), "not a number"),
        (lambda: wholes("new", [1, 2.5]), r"has 2.5 at place 1; give whole numbers from 0 to 1e\+15"),
        (lambda: wholes("score", [11], most=10), "give numbers from 0 to 10"),
        (lambda: truths("observed", [0, 2]), "has 2 at place 1; give yes or no"),
        (lambda: number("tau", 0, above=0), "'tau' is 0; give a number above 0"),
        (lambda: number("tau", nan), "'tau' is nan"),
        (lambda: number("tau", "x"), "'tau' is 'x'"),
        (lambda: count("asked", -1), r"'asked' is -1; give one of the whole numbers from 0 to 1e\+15"),
        (lambda: count("asked", 1.5), "'asked' is 1.5"),
        (lambda: equally_long(one=np.zeros(2), two=np.zeros(3)), "'one' has 2, 'two' has 3"),
    ],
)
def test_a_wrong_number_is_named(check, words):
    with pytest.raises(BadInput, match=words):
        check()


def test_whole_numbers_may_come_as_floats_and_answers_as_booleans():
    assert wholes("new", [1.0, 2.0]).tolist() == [1, 2]
    assert truths("observed", [True, 0, 1.0]).tolist() == [True, False, True]
    assert count("asked", np.int64(3)) == 3
