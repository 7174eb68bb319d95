"""Costs add up exactly; two currencies only by a dated rate, which is named; what is wrong is said in words."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodwill.basics.clock import Day
from goodwill.basics.errors import BadInput
from goodwill.costs import Cost, Kind, Rate, believable, kind_of, rate_of, total

ECB = Rate(Day(100), "USD", "EUR", "0.9143", "ECB")


def cost(amount: int, currency: str = "EUR", day: int = 110, **more: str) -> Cost:
    return Cost(Day(day), Kind.MEDIA, amount, currency, **more)


@given(st.lists(st.integers(1, 10**12)))
def test_a_total_of_one_currency_is_the_sum_of_its_rows(amounts):
    found = total([cost(amount) for amount in amounts], "EUR")
    assert (found.minor, found.rows, found.converted, found.refused) == (sum(amounts), len(amounts), (), "")


@given(
    st.lists(st.tuples(st.integers(1, 10**9), st.sampled_from(["EUR", "USD", "JPY"]), st.integers(100, 130))),
    st.decimals("0.001", "900", places=4),
)
def test_a_total_of_several_is_their_rows_and_each_rate_is_rounded_once(rows, yen):
    rates = [ECB, Rate(Day(100), "JPY", "EUR", str(yen), "ECB"), Rate(Day(120), "USD", "EUR", "0.95", "ECB")]
    found = total([cost(*row) for row in rows], "EUR", rates)
    own = sum(amount for amount, code, _ in rows if code == "EUR")
    assert found.minor == own + sum(one.into.minor for one in found.converted)
    for one in found.converted:
        mine = [amount for amount, code, day in rows
                if code == one.rate.currency and rate_of(code, "EUR", Day(day), rates) == one.rate]  # fmt: skip
        digits = Fraction(100) if code_is_yen(one.rate) else Fraction(1)
        exact = sum(mine) * Fraction(Decimal(one.rate.rate)) * digits
        assert abs(one.into.minor - exact) <= Fraction(1, 2)
        assert one.amount.minor == sum(mine)


def code_is_yen(rate: Rate) -> bool:
    return rate.currency == "JPY"  # which has no hundredths


def test_a_total_names_every_rate_with_its_day():
    found = total([cost(5_000, "USD"), cost(100)], "EUR", [ECB])
    assert found.minor == 4_572 + 100  # 45.715, half to even
    assert str(found.converted[0]) == "50.00 USD = 45.72 EUR, at 1 USD = 0.9143 EUR (1970-04-11, ECB)"


def test_without_a_rate_of_its_day_or_before_nothing_is_added():
    found = total([cost(5_000, "USD", day=99), cost(100)], "EUR", [ECB])
    assert found.money is None
    assert "no rate from USD to EUR of 1970-04-10 or before" in found.refused
    with pytest.raises(BadInput, match="goodwill cost rate add USD RATE --day 1970-04-10"):
        _ = found.minor


def test_the_last_rate_before_a_cost_counts_and_of_one_day_the_last_word():
    rates = [Rate(Day(105), "USD", "EUR", "0.8", "bank"), ECB, Rate(Day(105), "USD", "EUR", "0.9", "bank, corrected"),
             Rate(Day(111), "USD", "EUR", "0.7", "bank")]  # fmt: skip
    assert total([cost(100, "USD", day=110)], "EUR", rates).minor == 90


def test_an_old_rate_is_used_and_that_is_said():
    found = total([cost(100, "USD", day=200)], "EUR", [ECB])
    assert found.warnings == (f"The rate {ECB} is 100 days older than a cost that it converts.",)


@pytest.mark.parametrize(
    ("amount", "more", "says"),
    [
        (0, {}, "above 0"),
        (-5, {}, "above 0"),
        (10**15, {}, "too large"),
        (5, {"note": "ask anna@example.org"}, "names nobody"),
        (5, {"channel": "+49 30 1234567"}, "names nobody"),
        (5, {"programme": "x" * 65}, "65 letters"),
    ],
)
def test_what_is_no_cost_is_refused_in_words(amount, more, says):
    with pytest.raises(BadInput, match=says):
        cost(amount, **more)


def test_what_a_shop_pays_at_once_has_a_bound_that_its_currency_decides():
    most = Cost(Day(1), Kind.MEDIA, 10**10, "EUR")
    assert believable(most) is most
    with pytest.raises(BadInput, match=r"more than a shop pays at once, which is 100,000,000\.00 EUR at most"):
        believable(Cost(Day(1), Kind.MEDIA, 10**10 + 1, "EUR"))
    believable(Cost(Day(1), Kind.MEDIA, 10**12, "VND"))
    with pytest.raises(BadInput, match="no currency of ISO 4217"):
        believable(Cost(Day(1), Kind.MEDIA, 1, "EUX"))


@pytest.mark.parametrize(
    "note", ["call Maria Rossi 06 5550 123", "(030) 123 45 67", "tel. 0171/2345678", "01 02 03 04 05"]
)
def test_a_number_as_it_is_dialled_at_home_is_not_written_down_and_what_stands_there_is_read(note):
    stands = Cost(Day(1), Kind.MEDIA, 1, "EUR", note=note)
    with pytest.raises(BadInput, match="holds a telephone number"):
        believable(stands)


@pytest.mark.parametrize(
    "note",
    [
        "until 01/02/2026",
        "01-02-2026 to 28-02-2026",
        "invoice 2026-0017-33",
        "from 08:00 on",
        "0.50 a click, 20 000",
        "05 06",
    ],
)
def test_a_day_an_invoice_or_a_price_is_no_telephone_number(note):
    believable(Cost(Day(1), Kind.MEDIA, 1, "EUR", note=note))


@pytest.mark.parametrize("rate", ["0", "-1", "abc", "nan", "1e99", ""])
def test_what_is_no_rate_is_refused_in_words(rate):
    with pytest.raises(BadInput, match="a decimal number above 0"):
        Rate(Day(1), "USD", "EUR", rate, "ECB")


def test_a_rate_has_a_source_and_two_currencies():
    with pytest.raises(BadInput, match="where the rate is from"):
        Rate(Day(1), "USD", "EUR", "0.9", " ")
    with pytest.raises(BadInput, match="to itself"):
        Rate(Day(1), "EUR", "EUR", "1", "ECB")


def test_kinds_are_known_by_usual_words():
    assert [kind_of(word) for word in ("Media", "labor", " ad  spend", "License")] == [
        Kind.MEDIA, Kind.LABOUR, Kind.MEDIA, Kind.LICENCE
    ]  # fmt: skip
    with pytest.raises(BadInput, match=r"Did you mean 'discount'\? There are: media, tools"):
        kind_of("discuont")
