"""Money is whole minor units with its currency; two currencies never add."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodwill.basics.money import Money, digits_of, minor_units

currencies = st.sampled_from(["EUR", "USD", "JPY", "KWD", "CLF"])


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("3.40", "EUR", 340),
        ("-0.05", "EUR", -5),
        ("1200", "JPY", 1200),
        ("1.234", "KWD", 1234),
        ("1.2345", "CLF", 12345),
        ("1E+3", "EUR", 100_000),
        ("0", "EUR", 0),
        ("-0", "EUR", 0),
        ("0E+9999999", "EUR", 0),
        ("3.4000000000000000000000000000000000000", "EUR", 340),
        ("9999999999999999.99", "EUR", 999_999_999_999_999_999),
    ],
)
def test_an_amount_is_whole_minor_units(amount, currency, minor):
    assert minor_units(Decimal(amount), currency) == minor


@pytest.mark.parametrize(
    ("amount", "currency"),
    [
        ("3.405", "EUR"),
        ("0.5", "JPY"),
        ("1E-400000", "EUR"),
        ("1.0000000000000000000000000000000000001", "EUR"),  # scaling would round it to 28 digits
    ],
)
def test_an_amount_finer_than_the_smallest_coin_is_refused(amount, currency):
    with pytest.raises(ValueError, match="finer than the smallest coin"):
        minor_units(Decimal(amount), currency)


@pytest.mark.parametrize("amount", ["10000000000000000", "123456789012345678901234567890.01", "1E+5000000"])
def test_an_amount_that_no_sum_could_hold_is_refused(amount):
    with pytest.raises(ValueError, match="too large"):
        minor_units(Decimal(amount), "EUR")


@pytest.mark.parametrize("amount", ["NaN", "sNaN", "Infinity", "-Infinity"])
def test_what_is_no_number_is_no_money(amount):
    with pytest.raises(ValueError, match="not an amount of money"):
        minor_units(Decimal(amount), "EUR")


@given(st.integers(-(10**17), 10**17), currencies)
def test_an_amount_comes_back_from_its_minor_units(minor, currency):
    assert minor_units(Money(minor, currency).amount, currency) == minor


def test_a_currency_in_small_letters_has_the_same_coins():
    assert digits_of("jpy") == digits_of("JPY") == 0
    assert digits_of("kwd") == 3


def test_two_currencies_never_add():
    assert Money(340, "EUR") + Money(60, "EUR") == Money(400, "EUR")
    with pytest.raises(ValueError, match="do not add"):
        Money(340, "EUR") + Money(340, "USD")


def test_money_is_written_with_its_decimals():
    assert [str(Money(1005, currency)) for currency in ("EUR", "JPY", "KWD")] == ["10.05 EUR", "1005 JPY", "1.005 KWD"]
