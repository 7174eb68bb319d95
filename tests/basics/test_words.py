"""Numbers as people read them."""

import pytest

from goodwill.basics.money import Money
from goodwill.basics.words import ago, money, quantity


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (120_000, "EUR", "1,200.00 EUR"), (-5, "EUR", "-0.05 EUR"), (1_234_567, "JPY", "1,234,567 JPY"),
        (1_500, "KWD", "1.500 KWD"),
    ],
)  # fmt: skip
def test_an_amount_reads_alike_as_money_and_as_a_figure(minor, currency, text):
    amount = Money(minor, currency)
    assert money(amount) == text
    assert quantity(float(amount.amount), currency, currency) == text


@pytest.mark.parametrize(
    ("days", "text"),
    [
        (0, "0 days"), (1, "1 day"), (60, "60 days"), (61, "2 months"), (364, "11 months"),
        (730, "23 months"), (731, "2 years"), (2_451, "6 years"),
    ],
)  # fmt: skip
def test_long_ago_is_told_in_months_and_years(days, text):
    assert ago(days) == text
