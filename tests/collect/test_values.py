"""What a cell says, in several countries' ways of writing it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodwill.collect.columns import Unreadable
from goodwill.collect.values import (
    money_reader,
    quantity_reader,
    read_answer,
    read_available,
    read_currency,
    read_id,
    read_text,
    stock_reader,
)


@pytest.mark.parametrize(
    ("written", "cents"),
    [
        ("1.234,56 €", 123456),
        ("€ 1.234,56", 123456),
        ("1,234.56", 123456),
        ("EUR 12.50", 1250),
        ("12,5", 1250),
        ("1 234,56", 123456),
        ("1\u202f234,56\xa0€", 123456),
        ("1'234.50", 123450),
        ("1.234.567", 123456700),
        ("7", 700),
        (".5", 50),
        ("+3.00", 300),
        ("  5.00  ", 500),
        ("0,00", 0),
        (3.4, 340),
        (0.1 + 0.2, 30),
        (12, 1200),
    ],
)
def test_money_is_read_to_the_cent(written, cents):
    assert money_reader("EUR", "")(written) == cents


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("1.234", "two ways"),
        ("12,345", "two ways"),
        ("0.123", "finer"),
        ("1234.567", "finer"),
        (1.005, "finer"),
        ("$5.00", "not in EUR"),
        ("5 USD", "not in EUR"),
        ("-3,00", "below zero"),
        ("(3.00)", "below zero"),
        ("3.00-", "below zero"),
        (-1.5, "below zero"),
        ("1e3", "not a number"),
        ("1,23,456.00", "not a number"),
        ("12.34.56", "not a number"),
        ("free", "not a number"),
        ("9" * 40, "larger"),
    ],
)
def test_money_that_is_not_clear_is_given_back(written, problem):
    with pytest.raises(Unreadable) as refused:
        money_reader("EUR", "")(written)
    assert problem in refused.value.reason.problem
    assert refused.value.reason.remedy


def test_the_column_decides_what_one_value_cannot():
    assert money_reader("EUR", ",")("1.234") == 123400
    assert money_reader("EUR", ".")("1,234") == 123400
    with pytest.raises(Unreadable, match="finer"):
        money_reader("EUR", ".")("1.234")


def test_a_currency_without_decimals_reads_groups():
    assert money_reader("JPY", "")("1,234") == 1234
    assert money_reader("JPY", "")("¥1,234,567") == 1234567
    assert money_reader("KWD", ".")("1.234") == 1234


@given(st.integers(0, 10**12), st.sampled_from([".", ","]), st.booleans(), st.sampled_from(["", " €", "EUR "]))
def test_every_amount_comes_back_however_it_is_written(cents, mark, grouped, sign):
    whole = f"{cents // 100:,}" if grouped else str(cents // 100)
    text = f"{whole}.{cents % 100:02d}"
    if mark == ",":
        text = text.translate(str.maketrans(",.", ".,"))
    written = f"{sign}{text}" if sign == "EUR " else f"{text}{sign}"
    assert money_reader("EUR", "")(written) == cents


@pytest.mark.parametrize(
    ("written", "thousandths"), [("1", 1000), ("1,5", 1500), ("0.350", 350), (2, 2000), (0.35, 350), ("3x", 3000)]
)
def test_quantities_are_thousandths(written, thousandths):
    assert quantity_reader("")(written) == thousandths


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("0", "can be bought"),
        ("-1", "can be bought"),
        (0, "can be bought"),
        ("2 kg", "unit"),
        ("0.0001", "finer"),
        ("many", "not a number"),
    ],
)
def test_quantities_of_zero_or_below_are_given_back(written, problem):
    with pytest.raises(Unreadable, match=problem):
        quantity_reader("")(written)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("'00123", "00123"),
        ('="007"', "007"),
        (" A-1 ", "A-1"),
        ("\ufeffA1", "A1"),
        (900.0, "900"),
        (31198570044, "31198570044"),
        ("null", None),
        ("", None),
        ("N/A", None),
    ],
)
def test_ids_lose_what_spreadsheets_put_around_them(written, read):
    assert read_id(written) == read


def test_an_id_that_a_spreadsheet_rounded_is_given_back():
    with pytest.raises(Unreadable, match="rounded by a spreadsheet"):
        read_id("3.12E+10")


def test_a_name_keeps_its_apostrophe_and_a_formula_loses_its_mark():
    assert read_text("'t Hooft") == "'t Hooft"
    assert read_text("'=cmd") == "=cmd"
    assert read_text("'+49 30 1") == "+49 30 1"


def test_broken_letters_are_given_back():
    with pytest.raises(Unreadable, match="no letters"):
        read_text("M\udcfcller")


@pytest.mark.parametrize(("written", "code"), [("eur", "EUR"), ("€", "EUR"), ("£", "GBP"), ("CHF", "CHF"), ("", None)])
def test_currencies(written, code):
    assert read_currency(written) == code


@pytest.mark.parametrize("written", ["$", "kr", "Euro", "12"])
def test_a_sign_of_several_currencies_is_none(written):
    with pytest.raises(Unreadable):
        read_currency(written)


@pytest.mark.parametrize("word", ["yes", "Y", "TRUE", "1", "ja", "oui", "sí", "Opted in", "subscribed", "given", 1])
def test_words_that_mean_yes(word):
    assert read_answer(word) == 1


@pytest.mark.parametrize(
    "word",
    ["no", "N", "false", "0", "nein", "nee", "non", "unsubscribed", "opted_out", "withdrawn", "refused",
     "not subscribed", "NEVER_SUBSCRIBED", "never", "cleaned", "bounced", "not given", "no longer", "blocked",
     "do not contact",
     "abgemeldet", "abbestellt", "nicht angemeldet", "gesperrt", "widerrufen"],
)  # fmt: skip
def test_words_that_mean_no(word):
    assert read_answer(word) == 0


@pytest.mark.parametrize("word", ["", "  ", "null", "pending", "unconfirmed", "not specified", "n/a"])
def test_words_that_say_that_nobody_answered(word):
    assert read_answer(word) is None


@pytest.mark.parametrize("word", ["x", "ok", "tak", "active", "maybe", "2", "checked", "customer", "12.50", "paid"])
def test_no_other_word_is_ever_a_yes(word):
    with pytest.raises(Unreadable, match="neither a yes nor a no"):
        read_answer(word)


def test_what_can_be_had():
    assert read_available("active") == 1
    assert read_available("sold out") == 0
    assert read_available("no") == 0
    assert stock_reader("")("12") == 1
    assert stock_reader("")("0") == 0
    assert stock_reader("")("-3") == 0
