"""Codes survive being typed; tokens are known by their shape."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from goodwill.basics import codes


def test_a_code_has_eight_letters_that_none_is_taken_for_another():
    made = [codes.new_code() for _ in range(200)]
    assert len(set(made)) == 200
    assert all(len(code) == 8 and set(code) <= set(codes.ALPHABET) for code in made)
    assert len(codes.ALPHABET) == len(set(codes.ALPHABET)) == 32
    assert not set("01OI") & set(codes.ALPHABET)


@pytest.mark.parametrize("how", [str, str.lower, codes.spaced, lambda code: f" {code[:4].lower()} - {code[4:]}\n"])
def test_a_code_is_the_same_however_it_is_typed(how):
    code = codes.new_code()
    assert codes.typed(how(code)) == code


@given(some.text(some.characters()))
def test_whatever_is_typed_can_be_hashed_and_compared(text):
    codes.typed(text).encode()
    codes.hashed(text)
    token = codes.token_from(text)
    assert token is None or len(token) == 43


def test_a_token_has_its_own_shape_and_nothing_else_has():
    token = codes.new_token()
    assert codes.token_from(token) == token
    for other in (None, "", token[:-1], token + "A", token + "\n", "é" + token[1:], f"{token[1:]}/"):
        assert codes.token_from(other) is None
