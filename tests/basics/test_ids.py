"""Ids are small whole numbers inside and opaque words outside, one word for each number."""

import subprocess
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from goodwill.basics.ids import from_opaque, hash64, hash64_after, new_reference, opaque

references = st.integers(0, 2**63 - 1)
words = st.lists(st.text(st.characters() | st.sampled_from("\x1e\x1f01")) | st.integers(), min_size=1, max_size=4)


@pytest.fixture(autouse=True)
def _chance():
    """Here chance itself is looked at, so nothing stands in for it."""


@given(references)
@example(0)
@example(2**63 - 1)
def test_an_opaque_word_leads_back_to_its_number(reference):
    word = opaque(reference)
    assert len(word) == 13
    assert word.isalnum()
    assert word == word.lower()
    assert from_opaque(word) == from_opaque(word.upper()) == reference


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz234567", min_size=13, max_size=13))
def test_no_two_words_mean_one_number(word):
    try:
        reference = from_opaque(word)
    except ValueError:
        return
    assert opaque(reference) == word


@pytest.mark.parametrize(
    "word",
    [
        "",
        "aaaaaaaaaaaa",
        "aaaaaaaaaaaaaa",
        "aaaaaaaaaaaab",
        "aaaaaaaaaaaa1",
        "aaaaaaaaaa===",
        "777777777777a",
        "é" * 13,
    ],
)
def test_a_word_that_is_not_ours_is_refused(word):
    with pytest.raises(ValueError, match="not an id of goodwill"):
        from_opaque(word)


def test_a_long_wrong_word_is_not_repeated_whole():
    with pytest.raises(ValueError) as refused:
        from_opaque("x" * 100_000)
    assert len(str(refused.value)) < 200


def test_new_references_fit_into_a_database_and_do_not_repeat():
    made = {new_reference() for _ in range(1000)}
    assert len(made) == 1000
    assert all(0 <= reference < 2**63 for reference in made)


def test_a_hash_is_the_same_on_every_machine():
    assert hash64("order", 4711) == 4212415858629528469 == hash64("order", "4711")


def test_a_hash_is_the_same_in_every_run():
    question = "from goodwill.basics.ids import hash64; print(hash64('Chiara', 7))"
    run = subprocess.run(
        [sys.executable, "-c", question], env={"PYTHONHASHSEED": "1"}, capture_output=True, text=True, check=True
    )
    assert int(run.stdout) == hash64("Chiara", 7)


@given(words, words)
@example(["a\x1fb"], ["a", "b"])
@example(["a\x1e1b"], ["a\x1fb"])
@example(["\x1e"], ["\x1e0"])
def test_different_words_have_different_hashes(some, others):
    same = [str(word) for word in some] == [str(word) for word in others]
    assert (hash64(*some) == hash64(*others)) == same


@given(words)
def test_a_hash_fits_into_a_database(some):
    assert 0 <= hash64(*some) < 2**63


@given(words, st.text(st.characters() | st.sampled_from("\x1e\x1f01")), st.integers())
@example(["message", "shop"], "a\x1f0", 1)
def test_numbers_of_words_that_begin_alike_are_those_of_the_whole_words(first, word, n):
    assert hash64_after(*first)(word, n) == hash64(*first, word, n)
