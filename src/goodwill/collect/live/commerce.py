"""What a message means for a shop: Segment's e-commerce events (version 2) and pages, as events of our log.

Only what is listed here is kept. An event of another name means nothing to the shop and is not kept at all.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from goodwill.basics.money import minor_units
from goodwill.collect.live.segment import Message, Unread
from goodwill.people.types import TypeCode, event_type

Amount = str | int | float | None
Word = str | int | float | bool | None


class Thing(Struct):
    """A product as an event names it."""

    product_id: Word = None
    productId: Word = None  # noqa: N815  (as some shops write it)
    id: Word = None
    sku: Word = None
    name: Word = None
    category: Word = None
    brand: Word = None
    price: Amount = None
    quantity: Amount = None
    variant: Word = None
    url: Word = None
    image_url: Word = None


class Properties(Thing):
    """The properties that mean something to us."""

    order_id: Word = None
    orderId: Word = None  # noqa: N815
    products: list[Thing] | None = None
    total: Amount = None
    revenue: Amount = None
    value: Amount = None
    currency: Word = None
    coupon: Word = None
    query: Word = None
    list_id: Word = None
    rating: Word = None
    promotion_id: Word = None
    path: Word = None
    affiliation: Word = None


class Meaning(Struct, frozen=True, gc=False):
    """One event of the log, before it is known whose it is.

    Attributes:
        product: the shop's own id; thing: what else the event says of it.
        quantity: in thousandths. amount: in minor units.
        order: the shop's own number of the order.
        nth: which of several equal lines of an order.
        detail: the rest, as JSON can hold it.
        update: it says how an order is now, not that there is one.
    """

    type: TypeCode
    product: str | None = None
    thing: Thing | None = None
    quantity: int | None = None
    amount: int | None = None
    currency: str | None = None
    order: str | None = None
    nth: int = 0
    detail: Mapping[str, str | int] | None = None
    update: bool = False


_PROPERTIES: Final = msgspec.json.Decoder(Properties | None)
_VIEWED, _SEARCHED, _CARTED, _ORDERED, _BOUGHT, _REFUNDED, _REVIEWED, _CLICKED, _SHOWN = (
    event_type(name).code
    for name in ("viewed", "searched", "carted", "ordered", "bought", "refunded", "reviewed", "clicked", "shown")
)
_ONE: Final = 1_000
_CURRENCY = re.compile(r"[A-Z]{3}")
_LONGEST_DETAIL: Final = 200
# What looks like an address, a telephone number or a code for somebody has no place in the log.
_PERSONAL = re.compile(r"@|\d{6,}|(?:\d[ /().+-]*){8,}")


def meanings(message: Message, currency: str) -> list[Meaning]:
    """What a message tells; nothing if it is about somebody rather than about what happened.

    Args:
        currency: of amounts that name none.

    Raises:
        Unread: it has no meaning here, or says something that cannot be read.
    """
    if message.kind in ("page", "screen"):
        return [Meaning(_VIEWED, detail=_page(message))]
    if message.kind != "track":
        return []
    tell = _TELL.get(message.event) or _TELL.get(message.event.lower())
    if tell is None:
        raise Unread(
            "unknown-event", f"'{message.event[:60]}' is no event of the e-commerce specification; it is not kept."
        )
    return tell(_read(message.properties), currency)


def _read(raw: Raw) -> Properties:
    try:
        return _PROPERTIES.decode(raw) or _NOTHING
    except RecursionError:
        raise Unread("malformed", "The properties are nested too deep.") from None
    except msgspec.DecodeError as error:
        raise Unread("malformed", f"The properties cannot be read: {str(error).rstrip('.')}.") from None


_NOTHING: Final = Properties()


def _page(message: Message) -> Mapping[str, str | int] | None:
    path = word_of(_read(message.properties).path)
    if path is None:
        return None
    return detail_of(page=path.partition("?")[0].partition("#")[0])


def _of_things(type_: TypeCode) -> Callable[[Properties, str], list[Meaning]]:
    """Events about one product, or about each of several."""

    def tell(said: Properties, currency: str) -> list[Meaning]:
        things: Sequence[Thing] = said.products or [said]
        return [_line(type_, thing, said, currency) for thing in things]

    return tell


def _of_basket(sign: int) -> Callable[[Properties, str], list[Meaning]]:
    def tell(said: Properties, currency: str) -> list[Meaning]:
        line = _line(_CARTED, said, said, currency)
        return [replace(line, quantity=sign * (line.quantity if line.quantity is not None else _ONE), amount=None)]

    return tell


def _completed(said: Properties, currency: str) -> list[Meaning]:
    """An order: what it came to, and a line for each product."""
    order, currency = _order(said), _currency(said, currency)
    total = next((amount for amount in (said.total, said.revenue, said.value) if amount is not None), None)
    lines = [_line(_BOUGHT, thing, said, currency, order) for thing in said.products or ()]
    head = Meaning(_ORDERED, amount=amount_of(total, currency), currency=currency, order=order, detail=_coupon(said))
    return [head, *_numbered(lines)] if total is not None else _numbered(lines) or [head]


def _updated(said: Properties, currency: str) -> list[Meaning]:
    """An order as it is now; where it stands already, a program cannot change it."""
    return [replace(one, update=True) for one in _completed(said, currency)]


def _refunded(said: Properties, currency: str) -> list[Meaning]:
    """Money given back: for some products, or for a whole order."""
    order, currency = _order(said), _currency(said, currency)
    if said.products:
        return _numbered([_line(_REFUNDED, thing, said, currency, order) for thing in said.products])
    total = next((amount for amount in (said.total, said.revenue, said.value) if amount is not None), None)
    return [Meaning(_REFUNDED, amount=amount_of(total, currency), currency=currency, order=order)]


def _numbered(lines: Sequence[Meaning]) -> list[Meaning]:
    """Lines of one order, each with how many equal ones come before it."""
    seen: dict[str | None, int] = {}
    numbered = []
    for line in lines:
        nth = seen.get(line.product, 0)
        seen[line.product] = nth + 1
        numbered.append(replace(line, nth=nth))
    return numbered


def _searched(said: Properties, _: str) -> list[Meaning]:
    query = word_of(said.query)
    return [Meaning(_SEARCHED, detail=detail_of(query=query))]


def _reviewed(said: Properties, currency: str) -> list[Meaning]:
    line = _line(_REVIEWED, said, said, currency)
    rating = word_of(said.rating)
    detail = detail_of(rating=rating) if rating is not None and re.fullmatch(r"\d{1,2}([.,]\d)?", rating) else None
    return [replace(line, quantity=None, amount=None, currency=None, detail=detail)]


def _promotion(type_: TypeCode) -> Callable[[Properties, str], list[Meaning]]:
    def tell(said: Properties, _: str) -> list[Meaning]:
        return [Meaning(type_, detail=detail_of(promotion=word_of(said.promotion_id) or word_of(said.id)))]

    return tell


def _step(step: str) -> Callable[[Properties, str], list[Meaning]]:
    def tell(said: Properties, _: str) -> list[Meaning]:
        return [Meaning(_VIEWED, detail=detail_of(step=step, list=word_of(said.list_id)))]

    return tell


# The specification's names, in small letters.
_SMALL: Final[Mapping[str, Callable[[Properties, str], list[Meaning]]]] = {
    "products searched": _searched,
    "product list viewed": _step("list"),
    "product list filtered": _step("list"),
    "promotion viewed": _promotion(_SHOWN),
    "promotion clicked": _promotion(_CLICKED),
    "product clicked": _of_things(_CLICKED),
    "product viewed": _of_things(_VIEWED),
    "product added": _of_basket(1),
    "product removed": _of_basket(-1),
    "cart viewed": _step("cart"),
    "checkout started": _step("checkout"),
    "checkout step viewed": _step("checkout"),
    "checkout step completed": _step("checkout"),
    "payment info entered": _step("payment"),
    "coupon entered": _step("coupon"),
    "coupon applied": _step("coupon"),
    "coupon denied": _step("coupon"),
    "coupon removed": _step("coupon"),
    "order completed": _completed,
    "order updated": _updated,
    "order refunded": _refunded,
    "order cancelled": _refunded,
    "product added to wishlist": _of_things(event_type("told").code),
    "product reviewed": _reviewed,
}
KNOWN: Final = frozenset(_SMALL)
_TELL: Final = {**_SMALL, **{name.title(): tell for name, tell in _SMALL.items()}}  # as nearly everybody writes them


def _line(type_: TypeCode, thing: Thing, said: Properties, currency: str, order: str | None = None) -> Meaning:
    product = word_of(thing.product_id) or word_of(thing.productId) or word_of(thing.sku) or word_of(thing.id)
    if product is None:
        raise Unread("no-product", "The event names no product: send 'product_id'.")
    quantity = None if thing.quantity is None else quantity_of(thing.quantity)
    if type_ not in (_BOUGHT, _REFUNDED):  # a price that was only looked at is the catalogue's business
        return Meaning(type_, product, thing, quantity)
    currency = _currency(said, currency)
    price = amount_of(thing.price, currency)
    amount = None if price is None else (price * (quantity if quantity is not None else _ONE) + _ONE // 2) // _ONE
    return Meaning(
        type_, product, thing, quantity, amount, currency if amount is not None else None, order,
        detail=_coupon(said) if type_ == _BOUGHT else None,
    )  # fmt: skip


def _order(said: Properties) -> str:
    order = word_of(said.order_id) or word_of(said.orderId)
    if order is None:
        raise Unread("no-order", "The event names no order: send 'order_id'.")
    return order


def _coupon(said: Properties) -> Mapping[str, str | int] | None:
    return detail_of(coupon=word_of(said.coupon))


def _currency(said: Properties, otherwise: str) -> str:
    word = word_of(said.currency)
    if word is None:
        return otherwise
    if not _CURRENCY.fullmatch(word.upper()):
        raise Unread("bad-currency", f"'{word[:20]}' is not a currency; use three letters such as EUR.")
    return word.upper()


def amount_of(given: Amount, currency: str) -> int | None:
    """Minor units; a price finer than a coin is rounded half up, as tills do."""
    if given is None or given == "":
        return None
    try:
        amount = Decimal(str(given).strip())
        if not amount.is_finite():
            raise InvalidOperation  # noqa: TRY301
        cent = Decimal(minor_units(Decimal(1), currency))
        return minor_units((amount * cent).quantize(Decimal(1), "ROUND_HALF_UP") / cent, currency)
    except (InvalidOperation, ValueError):
        raise Unread("bad-amount", f"'{str(given)[:30]}' is not an amount such as 12.50.") from None


def quantity_of(given: Amount) -> int | None:
    """Thousandths."""
    if given is None or given == "":
        return None
    try:
        thousandths = Decimal(str(given).strip()) * _ONE
        if not thousandths.is_finite() or not 0 <= thousandths <= 10**12:
            raise InvalidOperation  # noqa: TRY301
        return int(thousandths.quantize(Decimal(1), "ROUND_HALF_UP"))
    except InvalidOperation:
        raise Unread("bad-quantity", f"'{str(given)[:30]}' is not a quantity such as 2.") from None


def word_of(given: Any) -> str | None:
    """A text or number as a text; None where nothing is said."""
    if given is None or given.__class__ is bool:
        return None
    text = (given if given.__class__ is str else str(given)).strip()
    if "\0" in text:
        raise Unread("malformed", "A text contains NUL, which no text here may have.")
    return text[:500] or None


def detail_of(**words: str | None) -> Mapping[str, str | int] | None:
    """What is kept beside the columns: short, and nothing that looks like somebody's address or number."""
    kept = {
        name: word[:_LONGEST_DETAIL] for name, word in words.items() if word is not None and not _PERSONAL.search(word)
    }
    return kept or None
