"""Errors say what happened and what helps, in a sentence fit for a screen."""

import pytest

from goodwill.basics import errors
from goodwill.basics.errors import GoodwillError, NoConsent, Refused, TooFew


@pytest.mark.parametrize(
    "error", [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, Exception)]
)
def test_every_error_is_ours_and_says_what_it_is_for(error):
    assert issubclass(error, GoodwillError)
    assert error.__doc__


def test_no_consent_is_a_refusal_that_names_the_purpose_and_what_helps():
    error = NoConsent("recommendations", "withdrawn")
    assert isinstance(error, Refused)
    assert (error.purpose, error.reason) == ("recommendations", "withdrawn")
    assert "'recommendations'" in str(error)
    assert "withdrawn" in str(error)
    assert "what everyone gets" in str(error)


def test_too_few_people_are_told_how_many_would_do():
    error = TooFew(3, 10, "statistics")
    assert isinstance(error, Refused)
    assert (error.people, error.least) == (3, 10)
    assert "3 people" in str(error)
    assert "at least 10" in str(error)
