"""Money in whole minor units with its currency; two currencies never add."""

from dataclasses import dataclass
from decimal import Decimal

# ISO 4217 minor units that are not 2 (the list of exceptions, 2024-06-25 edition).
_DIGITS = dict.fromkeys(
    ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"), 0
) | dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3)


def digits_of(currency: str) -> int:
    """How many decimals a currency has: EUR 2, JPY 0, KWD 3."""
    return _DIGITS.get(currency, 2)


def minor_units(amount: Decimal, currency: str) -> int:
    """``Decimal("3.40"), "EUR"`` → 340.

    Raises:
        ValueError: the amount is finer than the currency's smallest coin.
    """
    scaled = amount.scaleb(digits_of(currency))
    whole = scaled.to_integral_value()
    if whole != scaled:
        raise ValueError(f"{amount} {currency} is finer than the smallest coin")
    return int(whole)


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
