"""The numbers by which an event is known again."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from goodwill.collect import keys


def test_numbers_are_for_ever():
    """They stand in every database: a change here would make every old order new."""
    reference = keys.reference("shop", "1001")
    words = np.array([keys.product_word("P1"), keys.line_word("1")])
    assert reference == 6740689451721223674
    assert keys.line_keys(np.array([reference] * 2), words, np.array([0, 1])).tolist() == [
        1055097793262731938,
        1629348888766258435,
    ]
    assert keys.order_keys(np.array([reference])).tolist() == [6230406184237882691]


def test_mixed_numbers_are_63_bits_and_do_not_meet():
    first, second = np.repeat(np.arange(300), 300), np.tile(np.arange(300), 300)
    together = keys.mixed(first, second)
    assert together.min() >= 0
    assert np.unique(together).size == together.size


@given(st.lists(st.lists(st.integers(0, 9), max_size=30), max_size=8))
def test_equal_numbers_are_counted_over_all_chunks(chunks):
    counted, seen = keys.Counted(), []
    for chunk in chunks:
        numbers = np.array(chunk, np.int64)
        nth = keys.nth_of_equals(numbers) + counted.before(numbers)
        for place, number in enumerate(chunk):
            assert nth[place] == (seen + chunk[:place]).count(number)
        counted.add(numbers)
        seen += chunk
