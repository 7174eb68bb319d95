"""The garbage collector looks less often while work is done in bulk, and as before after it."""

import gc

import pytest

from goodwill.basics.garbage import collected_rarely


def test_within_the_block_it_looks_less_often_and_afterwards_as_before():
    before = gc.get_threshold()
    with collected_rarely():
        assert gc.get_threshold()[0] > before[0]
        with collected_rarely():
            pass
        assert gc.get_threshold()[0] > before[0], "the inner block ended it for the outer one"
    assert gc.get_threshold() == before


def test_a_block_that_fails_ends_it_too():
    before = gc.get_threshold()
    with pytest.raises(ZeroDivisionError), collected_rarely():
        raise ZeroDivisionError
    assert gc.get_threshold() == before
