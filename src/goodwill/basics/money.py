"""Money in whole minor units with its currency; two currencies never add."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

# ISO 4217 minor units that are not 2 (the list of exceptions, 2024-06-25 edition).
_DIGITS = {
    code: digits
    for digits, codes in (
        (0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"),
        (3, "BHD IQD JOD KWD LYD OMR TND"),
        (4, "CLF UYW"),
    )
    for code in codes.split()
}
# ISO 4217: what can be paid in (amendment 176, 2024; no metals, funds and test codes), and what could be since 2015.
_CODES = """
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF
CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD
HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD
MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN
PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY
TTD TWD TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG BYR CUC HRK LTL MRO
SLL STD VEF ZWL
"""
CURRENCIES: Final = frozenset(_CODES.split())
_LONGEST = 18  # digits of a whole number that surely fits into 64 bits


def digits_of(currency: str) -> int:
    """How many decimals a currency has: EUR 2, JPY 0, KWD 3."""
    return _DIGITS.get(currency.upper(), 2)


def minor_units(amount: Decimal, currency: str) -> int:
    """``Decimal("3.40"), "EUR"`` → 340.

    Raises:
        ValueError: the amount is finer than the currency's smallest coin, longer than eighteen digits, or no number.
    """
    if not amount.is_finite():
        raise ValueError(f"{amount} is not an amount of money")
    if not amount:
        return 0
    digits = digits_of(currency)
    if amount.adjusted() + digits >= _LONGEST:
        raise ValueError(f"{amount} {currency} is too large to be an amount of money")
    if amount.adjusted() + digits >= 0:
        above, below = amount.as_integer_ratio()  # exact, where scaling would round to 28 digits
        whole, rest = divmod(above * int(10**digits), below)
        if rest == 0:
            return whole
    raise ValueError(f"{amount} {currency} is finer than the smallest coin")


@dataclass(frozen=True, slots=True)
class Money:
    """An amount of one currency, in whole minor units."""

    minor: int
    currency: str

    def __add__(self, other: "Money") -> "Money":
        if other.currency != self.currency:
            raise ValueError(f"{self.currency} and {other.currency} do not add without a dated rate")
        return Money(self.minor + other.minor, self.currency)

    @property
    def amount(self) -> Decimal:
        return Decimal(self.minor).scaleb(-digits_of(self.currency))

    def __str__(self) -> str:
        return f"{self.amount:.{digits_of(self.currency)}f} {self.currency}"
