"""A cost, a rate, and what costs of several currencies come to: exact, with every rate that was used."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from enum import StrEnum
from fractions import Fraction
from typing import Final

from goodwill.basics.clock import Day, Micros, date_of
from goodwill.basics.errors import BadInput
from goodwill.basics.money import CURRENCIES, Money, digits_of, minor_units
from goodwill.basics.words import money

OLD: Final = 31  # days that a rate may lie before the cost without a word about it
_SHORT, _LONG = 64, 200  # letters of a channel or programme, and of a note
_CODE: Final = re.compile(r"[A-Z]{3}")
_WRITTEN: Final = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,4})?")
_MOST, _MOST_WEAK = 10**8, 10**12  # of one cost, in whole units; of a currency of which it takes thousands for a coffee
_LITTLE: Final = "COP GNF IDR IRR KHR KRW LAK LBP MGA MMK MWK NGN PYG RWF SYP TZS UGX UZS VND ZWL"
_WEAK: Final = frozenset(_LITTLE.split())
_PERSONAL: Final = re.compile(r"\S+@\S+|\+\d[\d ()./-]{7,}")  # an address, a telephone number


# The same as it is dialled at home: from a 0 on, in groups. No day, such as 01/02/2026 or 01-02-2026.
_AT_HOME: Final = re.compile(r"(?<![\w.,/-])\(?0\d{1,5}\)?(?:[ /-]+\d{2,9})+(?![.,]?\d)")
_A_DAY: Final = re.compile(r"(?:0?[1-9]|[12]\d|3[01])[ /-]+(?:0?[1-9]|[12]\d|3[01])[ /-]+(?:19|20)\d\d")
_DIGITS: Final = 8  # in it, at least


class Kind(StrEnum):
    """What money was spent on."""

    MEDIA = "media"  # advertising that is paid for
    TOOLS = "tools"  # programs and services for winning or keeping customers
    LABOUR = "labour"
    DISCOUNT = "discount"  # welcome discounts and the like: what customers paid less
    INCENTIVE = "incentive"  # what is given for coming or for answering, such as a voucher
    LICENCE = "licence"
    OTHER = "other"


_ALSO: Final = {
    "ads": Kind.MEDIA, "advertising": Kind.MEDIA, "ad spend": Kind.MEDIA, "werbung": Kind.MEDIA, "tool": Kind.TOOLS,
    "software": Kind.TOOLS, "labor": Kind.LABOUR, "salaries": Kind.LABOUR, "salary": Kind.LABOUR,
    "wages": Kind.LABOUR, "discounts": Kind.DISCOUNT, "incentives": Kind.INCENTIVE, "license": Kind.LICENCE,
    "licences": Kind.LICENCE, "licenses": Kind.LICENCE,
}  # fmt: skip


def kind_of(text: str) -> Kind:
    """The kind that a word means.

    Raises:
        BadInput: none.
    """
    word = " ".join(text.casefold().split())
    if word in _ALSO:
        return _ALSO[word]
    if word in set(Kind):
        return Kind(word)
    near = get_close_matches(word, [*Kind, *_ALSO], n=1)
    meant = f" Did you mean '{near[0]}'?" if near else ""
    raise BadInput(f"'{text}' is no kind of cost.{meant} There are: {', '.join(Kind)}.")


def code_of(text: str) -> str:
    """A currency's three letters.

    Raises:
        BadInput: it is none.
    """
    code = text.strip().upper()
    if not _CODE.fullmatch(code):
        raise BadInput(f"A currency has three letters, such as EUR or USD; '{text}' has not.")
    if code not in CURRENCIES:
        raise BadInput(f"'{code}' is no currency of ISO 4217. Write its code, such as EUR or USD.")
    return code


def amount_of(text: str, currency: str) -> int:
    """What a person wrote as an amount, in minor units.

    Raises:
        BadInput: it is none: no plain number, or finer than the smallest coin.
    """
    try:
        if _WRITTEN.fullmatch(text.strip()):
            return minor_units(Decimal(text.strip()), currency)
    except ValueError:
        pass
    like = f"{120:.{digits_of(currency)}f}"
    raise BadInput(
        f"'{text[:40]}' is no amount of {currency}. Write it like {like}, without signs between the digits, with its "
        "decimals at most."
    )


@dataclass(frozen=True, slots=True)
class Cost:
    """What was spent on one day.

    Attributes:
        amount: minor units of ``currency``, above 0.
        channel, programme: what it was spent on, and for which initiative; "" where that is not meant.

    Raises:
        BadInput: an amount of 0 or less, a text that is too long, or a note that names somebody.
    """

    day: Day
    kind: Kind
    amount: int
    currency: str
    channel: str = ""
    programme: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        if self.amount <= 0:
            raise BadInput(
                f"A cost is above 0; {money(self.money)} is not. Take back the cost that it corrects, "
                "and write what was really paid."
            )
        if self.amount >= 10**15:
            raise BadInput(f"{money(self.money)} is too large to be one cost.")
        for name, most in (("channel", _SHORT), ("programme", _SHORT), ("note", _LONG)):
            words = " ".join(getattr(self, name).split())
            if len(words) > most:
                raise BadInput(f"The {name} has {len(words)} letters; {most} at most.")
            if _PERSONAL.search(words):
                raise BadInput(f"The {name} '{words}' holds an address or a telephone number. A cost names nobody.")
            object.__setattr__(self, name, words)

    @property
    def key(self) -> str:
        """The same for two costs that say the same."""
        words = (self.day, self.kind, self.amount, self.currency, self.channel, self.programme, self.note)
        return hashlib.sha256("\x1f".join(map(str, words)).encode()).hexdigest()[:32]

    @property
    def money(self) -> Money:
        return Money(self.amount, self.currency)


def believable(cost: Cost) -> Cost:
    """The same, where it may be meant as it is written; asked of what is written down, not of what stands there.

    Raises:
        BadInput: its currency is none, it is larger than what a shop pays at once, or it holds a telephone number.
    """
    code_of(cost.currency)
    for name in ("channel", "programme", "note"):
        if _has_number(getattr(cost, name)):
            raise BadInput(f"The {name} '{getattr(cost, name)}' holds a telephone number. A cost names nobody.")
    most = Money((_MOST_WEAK if cost.currency in _WEAK else _MOST) * 10 ** digits_of(cost.currency), cost.currency)
    if cost.amount > most.minor:
        raise BadInput(
            f"{money(cost.money)} is more than a shop pays at once, which is {money(most)} at most. Was it meant "
            "without its decimals? Write what is really larger as several costs."
        )
    return cost


def _has_number(text: str) -> bool:
    """Whether it holds what is dialled. Asked of what is written now alone, so that what stands there can be read."""
    found = (one[0] for one in _AT_HOME.finditer(text))
    return any(sum(map(str.isdigit, one)) >= _DIGITS and not _A_DAY.fullmatch(one) for one in found)


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the ledger.

    Attributes:
        import_id: of the file that brought it; None where somebody wrote it.
        undone_at: since when it does not count; None where it counts.
    """

    id: int
    cost: Cost
    at: Micros
    import_id: int | None = None
    undone_at: Micros | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Rate:
    """What one of a currency was worth in another on one day.

    Attributes:
        rate: a decimal number as it was written, such as "0.9143".
    """

    day: Day
    currency: str
    into: str
    rate: str
    source: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "source", " ".join(self.source.split()))
        if self.currency == self.into:
            raise BadInput(f"A rate leads from one currency to another; this one from {self.into} to itself.")
        if not self.source or len(self.source) > _SHORT:
            raise BadInput(f"Say where the rate is from in 1 to {_SHORT} letters, such as: ECB.")
        _decimal(self.rate)

    def __str__(self) -> str:
        return f"1 {self.currency} = {self.rate} {self.into} ({date_of(self.day).isoformat()}, {self.source})"


def _decimal(text: str) -> Decimal:
    try:
        found = Decimal(text)
    except InvalidOperation:
        found = Decimal("nan")
    if not found.is_finite() or not Decimal("1e-9") <= found <= Decimal("1e9") or len(text) > 30:
        raise BadInput(f"A rate is a decimal number above 0, such as 0.9143; '{text}' is not.")
    return found


@dataclass(frozen=True, slots=True)
class Converted:
    """Costs of one currency, by one rate."""

    amount: Money
    rate: Rate
    into: Money

    def __str__(self) -> str:
        return f"{money(self.amount)} = {money(self.into)}, at {self.rate}"


@dataclass(frozen=True, slots=True)
class Total:
    """What some costs come to.

    Attributes:
        money: in the shop's currency; None where ``refused`` says which rate is missing.
        rows: how many costs. by_currency: as they were spent. converted: what was converted, a line for each rate.
    """

    money: Money | None
    rows: int
    by_currency: tuple[Money, ...] = ()
    converted: tuple[Converted, ...] = ()
    warnings: tuple[str, ...] = ()
    refused: str = ""

    @property
    def minor(self) -> int:
        """The total in minor units.

        Raises:
            BadInput: a rate is missing.
        """
        if self.money is None:
            raise BadInput(self.refused)
        return self.money.minor


@dataclass
class _Sum:
    """The costs that one rate converts."""

    rate: Rate
    amount: int = 0
    latest: int = field(default=0)


def total(costs: Iterable[Cost], currency: str, rates: Sequence[Rate] = ()) -> Total:
    """What costs come to in one currency. Others are converted by the last rate on or before their own day.

    Costs of one currency and one rate are added first and rounded once, half to even.

    Args:
        rates: in the order in which they were written: of one pair and day the last counts.
    """
    given = list(costs)
    by_currency: dict[str, int] = {}
    sums: dict[Rate, _Sum] = {}
    lacking: dict[str, Day] = {}
    for cost in given:
        by_currency[cost.currency] = by_currency.get(cost.currency, 0) + cost.amount
        if cost.currency == currency:
            continue
        rate = rate_of(cost.currency, currency, cost.day, rates)
        if rate is None:
            lacking[cost.currency] = min(cost.day, lacking.get(cost.currency, cost.day))
            continue
        found = sums.setdefault(rate, _Sum(rate))
        found.amount, found.latest = found.amount + cost.amount, max(found.latest, cost.day)
    told = tuple(Money(amount, code) for code, amount in sorted(by_currency.items()))
    if lacking:
        return Total(None, len(given), told, refused=" ".join(_lacks(c, currency, day) for c, day in lacking.items()))
    done = tuple(
        Converted(Money(one.amount, rate.currency), rate, _by(rate, one.amount))
        for rate, one in sorted(sums.items(), key=lambda pair: (pair[0].currency, pair[0].day))
    )
    minor = by_currency.get(currency, 0) + sum(one.into.minor for one in done)
    old = tuple(
        f"The rate {rate} is {one.latest - rate.day} days older than a cost that it converts."
        for rate, one in sums.items()
        if one.latest - rate.day > OLD
    )
    return Total(Money(minor, currency), len(given), told, done, old)


def rate_of(currency: str, into: str, day: Day, rates: Sequence[Rate]) -> Rate | None:
    """The last rate on or before a day; None where there is none."""
    fitting = [(one.day, n) for n, one in enumerate(rates)
               if one.currency == currency and one.into == into and one.day <= day]  # fmt: skip
    return rates[max(fitting)[1]] if fitting else None


def _by(rate: Rate, amount: int) -> Money:
    scale = Fraction(10) ** (digits_of(rate.into) - digits_of(rate.currency))
    return Money(round(amount * Fraction(_decimal(rate.rate)) * scale), rate.into)


def _lacks(currency: str, into: str, day: Day) -> str:
    on = date_of(day).isoformat()
    return (
        f"There is no rate from {currency} to {into} of {on} or before, and without one two currencies are not added. "
        f"Do: goodwill cost rate add {currency} RATE --day {on} --source WHERE"
    )
