"""Numbers as people read them, the same on every face."""

from math import isfinite

from goodwill.basics.money import Money, digits_of

_ONE = {"people": "person"}
_YEAR = 365.25
_MONTH = _YEAR / 12
_TWO_MONTHS, _TWO_YEARS = 61, 731


def number(value: float, unit: str = "") -> str:
    """``1234567`` → ``1,234,567``; of one thing the unit is named in the singular: ``1 row``."""
    text = f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"
    if value == 1 and isinstance(value, int):
        unit = _ONE.get(unit, unit.removesuffix("s"))
    return f"{text} {unit}".rstrip()


def about(count: int) -> str:
    """A number of people, by tens: two looks do not tell whether one came or went, save at a border."""
    return "fewer than 10" if 0 < count < 10 else f"about {count // 10 * 10:,}" if count else "0"


def money(amount: Money) -> str:
    """``120000 EUR`` in minor units → ``1,200.00 EUR``: as staff read it; customers read it in their own language."""
    return f"{amount.amount:,.{digits_of(amount.currency)}f} {amount.currency}"


def ago(days: int) -> str:
    """How long ago some days are: in days up to two months, in months up to two years, then in years."""
    if days < _TWO_MONTHS:
        return number(days, "days")
    if days < _TWO_YEARS:
        return number(int(days / _MONTH), "months")
    return number(int(days / _YEAR), "years")


def quantity(value: object, unit: str, currency: str) -> str:
    """A number of a figure: shares in percent, money with its coins, anything else with what it is.

    Args:
        value: None: withheld; an endless one has no bound; words stay what they are.
        currency: of the shop; amounts in it have their coins.
    """
    if value is None:
        return "withheld"
    if not isinstance(value, int | float) or isinstance(value, bool):
        return str(value)
    if isinstance(value, float) and not isfinite(value):
        return "no bound"
    if unit == "share":
        return f"{100 * value:,.1f} %"
    if unit == currency:
        return f"{value:,.{digits_of(currency)}f} {unit}"
    text = f"{value:,}" if isinstance(value, int) else f"{value:,.4g}" if abs(value) < 10_000 else f"{value:,.0f}"
    return f"{text} {unit}".rstrip()
