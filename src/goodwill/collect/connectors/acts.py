"""What a webhook can mean, whoever sent it: a few values, and how all of them read times and amounts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Literal, TypeVar

import msgspec

from goodwill.basics.clock import Micros, micros
from goodwill.basics.money import digits_of
from goodwill.catalogue.products import Product
from goodwill.collect.live.commerce import amount_of, quantity_of, word_of
from goodwill.collect.live.segment import Unread

Word = str | int | float | bool | None
Ids = tuple[tuple[str, str], ...]  # kind and text, such as ("email", "amina@example.com")


@dataclass(frozen=True, slots=True)
class Somebody:
    """Whom something is about.

    Attributes:
        facts: by the names that profiles have: name, first-name, last-name.
    """

    ids: Ids
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of an order: what, how much of it in thousandths, and what it came to in minor units."""

    product: Product
    quantity: int
    amount: int


@dataclass(frozen=True, slots=True)
class Refund:
    """Money given back, in minor units; None: all that the order came to."""

    id: str
    amount: int | None


@dataclass(frozen=True, slots=True)
class Sale:
    """An order as it stands now.

    Attributes:
        number: by which files and programs know it too.
        said_at: when it was placed, by the sender.
        total: in minor units; None where this says nothing of it.
        part: the payment that the total is of, where several may pay for one order.
        lines: None where this sender says nothing of lines.
        refunds: all there are. given_back: what they come to, where none is named.
        count: the running number by which a missing order would show; None where the sender has none.
    """

    number: str
    who: Somebody
    said_at: Micros
    currency: str
    total: int | None = None
    part: str = ""
    lines: tuple[Line, ...] | None = None
    refunds: tuple[Refund, ...] = ()
    given_back: int | None = None
    coupon: str = ""
    count: int | None = None


@dataclass(frozen=True, slots=True)
class MoneyBack:
    """A refund that names its order, or the payment for it, by the sender's own id alone."""

    kind: str
    of: str
    refund: Refund
    currency: str


@dataclass(frozen=True, slots=True)
class Seen:
    """Somebody as the sender knows her now."""

    who: Somebody


@dataclass(frozen=True, slots=True)
class Answered:
    """What somebody is said to have answered.

    Attributes:
        said_at: None where the sender does not say when.
        confirmed: the address was confirmed at the sender, as it says.
        how: how it was asked, in the sender's words.
    """

    who: Somebody
    purpose: str
    yes: bool
    said_at: Micros | None
    confirmed: bool = False
    how: str = ""


@dataclass(frozen=True, slots=True)
class Shelf:
    """Products as they are now, under one id of the sender; others that were there before are gone."""

    products: tuple[Product, ...]


@dataclass(frozen=True, slots=True)
class Gone:
    """Something was deleted at the sender."""

    what: Literal["customer", "order", "product"]


@dataclass(frozen=True, slots=True)
class Asks:
    """A person's request by right that reached the sender."""

    right: Literal["access", "erase"]
    who: Somebody


@dataclass(frozen=True, slots=True)
class Closed:
    """The shop took the connection away."""


@dataclass(frozen=True, slots=True)
class AllGo:
    """The sender asks that everybody who came by this source be erased."""


Act = Sale | MoneyBack | Seen | Answered | Shelf | Gone | Asks | Closed | AllGo


@dataclass(frozen=True, slots=True)
class Said:
    """What one webhook says.

    Attributes:
        kind, id: the object at the sender that it is about; "" where there is none.
        changed_at: when that object was as it is told here; an older state never overwrites a newer one.
        acts: in their order; none where nothing of it is kept, for which ``rule`` says why.
    """

    kind: str
    id: str
    changed_at: Micros | None
    acts: tuple[Act, ...]
    rule: str = ""


def nothing(rule: str) -> Said:
    """A webhook of which nothing is kept."""
    return Said("", "", None, (), rule)


# ---- reading ---------------------------------------------------------------------------------------------------------

T = TypeVar("T")


def decoded(body: bytes, decoder: msgspec.json.Decoder[T]) -> T:
    """What a body says.

    Raises:
        Unread: it is not JSON of this shape. The sentence repeats nothing of what stands in it.
    """
    try:
        return decoder.decode(body)
    except RecursionError:
        raise Unread("malformed", "The body is nested too deep.") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Unread("malformed", f"The body cannot be read: {str(error).rstrip('.')}.") from None


def moment(given: Word, *, utc: bool = False) -> Micros | None:
    """A time as senders write it: ISO 8601, or seconds since 1970.

    Args:
        utc: a time without a zone is UTC.
    """
    if given is None or isinstance(given, bool) or given == "":
        return None
    try:
        if isinstance(given, int | float):
            return micros(datetime.fromtimestamp(given, UTC))
        at = datetime.fromisoformat(given.strip())
        return micros(at.replace(tzinfo=UTC) if utc and at.tzinfo is None else at)
    except (ValueError, OverflowError, OSError):
        raise Unread("bad-time", "A time in it cannot be read; it looks like 2026-11-20T09:30:00Z.") from None


def when(*given: Word, utc: bool = False) -> Micros:
    """The first time that is said."""
    found = next((at for one in given if (at := moment(one, utc=utc)) is not None), None)
    if found is None:
        raise Unread("bad-time", "It does not say when it happened.")
    return found


def currency_of(given: Word) -> str:
    word = (word_of(given) or "").upper()
    if len(word) != _CURRENCY or not word.isascii() or not word.isalpha():
        raise Unread("bad-currency", "The currency is not three letters such as EUR.")
    return word


_CURRENCY: Final = 3


def money(given: Word, currency: str) -> int:
    """Minor units of an amount such as ``"12.50"``; nothing is 0."""
    return amount_of(given if not isinstance(given, bool) else None, currency) or 0


def stripe_minor(given: Word, currency: str) -> int | None:
    """Minor units of an amount that is in the sender's own smallest units, which are ours but for rare currencies."""
    if not isinstance(given, int) or isinstance(given, bool):
        return None
    # Stripe counts UGX and ISK in hundredths although they have none (https://docs.stripe.com/currencies).
    return given // 100 if currency in ("UGX", "ISK") and digits_of(currency) == 0 else given


def ids(**given: Any) -> Ids:
    """Those of some ids that are said."""
    return tuple((kind, word) for kind, text in given.items() if (word := word_of(text)) is not None)


def facts(**given: Any) -> dict[str, str]:
    """Those of some facts that are said, by the names that profiles have."""
    return {name.replace("_", "-"): word for name, text in given.items() if (word := word_of(text)) is not None}


def first_of(words: Iterable[Word]) -> str | None:
    """The first of some words that is said."""
    return next((word for one in words if (word := word_of(one)) is not None), None)


def number_of(given: Word, what: str, rule: str = "no-id") -> str:
    """The sender's number of what a webhook is about; without one nothing of it can be known again."""
    number = word_of(given)
    if number is None:
        raise Unread(rule, f"The {what} has no id.")
    return number


def named(*given: Word) -> str:
    """What files of this shop call a product: the surest that there is; 0 stands for none."""
    found = first_of(one for one in given if one != 0)
    if found is None:
        raise Unread("no-product", "A line names no product.")
    return found


def quantity(given: Word) -> int:
    """Thousandths; nothing is 0."""
    return quantity_of(given if not isinstance(given, bool) else None) or 0


class _Deleted(msgspec.Struct):
    id: Word


_DELETED: Final = msgspec.json.Decoder(_Deleted)


def deleted(body: bytes, what: Literal["customer", "order", "product"]) -> Said:
    """Something is no more at the sender, which tells of it by its number alone."""
    number = word_of(decoded(body, _DELETED).id)
    if number is None:
        raise Unread("malformed", "What was deleted has no id.")
    return Said(what, number, None, (Gone(what),))
