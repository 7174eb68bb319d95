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


def test_a_large_share_is_marked_by_thousands_as_money_is():
    assert [quantity(share, "share", "EUR") for share in (0.0425, -1.516, 11.68, 728.83)] == [
        "4.2 %", "-151.6 %", "1,168.0 %", "72,883.0 %"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("days", "text"),
    [
        (0, "0 days"), (1, "1 day"), (60, "60 days"), (61, "2 months"), (364, "11 months"),
        (730, "23 months"), (731, "2 years"), (2_451, "6 years"),
    ],
)  # fmt: skip
def test_long_ago_is_told_in_months_and_years(days, text):
    assert ago(days) == text
