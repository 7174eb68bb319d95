"""Shopify's webhooks (https://shopify.dev/docs/api/webhooks): what each topic means."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
from msgspec import Struct

from goodwill.catalogue.products import Product
from goodwill.collect.connectors.acts import (
    Act,
    AllGo,
    Answered,
    Asks,
    Closed,
    Line,
    MoneyBack,
    Refund,
    Said,
    Sale,
    Seen,
    Shelf,
    Somebody,
    Word,
    currency_of,
    decoded,
    deleted,
    facts,
    first_of,
    ids,
    moment,
    money,
    named,
    nothing,
    number_of,
    quantity,
    when,
)
from goodwill.collect.live.commerce import word_of
from goodwill.collect.live.segment import Unread
from goodwill.purposes import EMAIL_MARKETING

SMS: Final = "sms-marketing"  # kept where the shop's register has such a purpose
COMPLIANCE: Final = frozenset({"customers/data_request", "customers/redact", "shop/redact"})


class _Consent(Struct):
    state: Word = None
    opt_in_level: Word = None
    consent_updated_at: Word = None


class _Customer(Struct):
    id: Word = None
    email: Word = None
    phone: Word = None
    first_name: Word = None
    last_name: Word = None
    updated_at: Word = None
    created_at: Word = None
    email_marketing_consent: _Consent | None = None
    sms_marketing_consent: _Consent | None = None


class _Line(Struct):
    product_id: Word = None
    variant_id: Word = None
    sku: Word = None
    name: Word = None
    title: Word = None
    vendor: Word = None
    quantity: Word = None
    price: Word = None
    total_discount: Word = None


class _Transaction(Struct):
    kind: Word = None
    status: Word = None
    amount: Word = None


class _Returned(Struct):
    subtotal: Word = None


class _Refund(Struct):
    id: Word = None
    order_id: Word = None
    created_at: Word = None
    processed_at: Word = None
    transactions: list[_Transaction] | None = None
    currency: Word = None
    refund_line_items: list[_Returned] | None = None


class _Coupon(Struct):
    code: Word = None


class _Order(Struct):
    id: Word = None
    order_number: Word = None
    created_at: Word = None
    updated_at: Word = None
    cancelled_at: Word = None
    currency: Word = None
    total_price: Word = None
    email: Word = None
    phone: Word = None
    test: Word = None
    customer: _Customer | None = None
    line_items: list[_Line] | None = None
    refunds: list[_Refund] | None = None
    discount_codes: list[_Coupon] | None = None


class _Variant(Struct):
    id: Word = None
    sku: Word = None
    title: Word = None
    price: Word = None
    inventory_quantity: Word = None
    inventory_management: Word = None
    inventory_policy: Word = None


class _Image(Struct):
    src: Word = None


class _Product(Struct):
    id: Word = None
    title: Word = None
    vendor: Word = None
    product_type: Word = None
    status: Word = None
    tags: Any = None
    updated_at: Word = None
    image: _Image | None = None
    variants: list[_Variant] | None = None


class _Answer(Struct):
    customer_id: Word = None
    email_address: Word = None
    phone: Word = None
    email_marketing_consent: _Consent | None = None
    sms_marketing_consent: _Consent | None = None


class _Compliance(Struct):
    """All that tells a compliance webhook from another body with the same signature: the topic itself is not signed."""

    shop_domain: str
    shop_id: Word


class _AboutCustomer(_Compliance):
    customer: _Customer


class _DataRequest(_AboutCustomer):
    orders_requested: list[Word]


class _Redact(_AboutCustomer):
    orders_to_redact: list[Word]


class _Shop(Struct):
    """A whole shop, as `app/uninstalled` sends it."""

    id: Word
    myshopify_domain: str


_ORDER = msgspec.json.Decoder(_Order)
_CUSTOMER = msgspec.json.Decoder(_Customer)
_REFUND = msgspec.json.Decoder(_Refund)
_PRODUCT = msgspec.json.Decoder(_Product)
_ANSWER = msgspec.json.Decoder(_Answer)
_DATA_REQUEST = msgspec.json.Decoder(_DataRequest)
_REDACT = msgspec.json.Decoder(_Redact)
_ALL_GO = msgspec.json.Decoder(_Compliance)
_SHOP = msgspec.json.Decoder(_Shop)


def read(topic: str, body: bytes, currency: str) -> Said:
    """What a webhook says.

    Args:
        currency: the shop's own, for prices of products.

    Raises:
        Unread: it cannot be read.
    """
    tell = _TELL.get(topic)
    return nothing("unknown-topic") if tell is None else tell(body, currency)


def _order(body: bytes, _: str) -> Said:
    said = decoded(body, _ORDER)
    if said.test is True:
        return nothing("test-order")
    order = number_of(said.id, "order", "no-order")
    currency = currency_of(said.currency)
    refunds = [_refund(one, currency) for one in said.refunds or ()]
    changed = when(said.updated_at, said.created_at)
    if moment(said.cancelled_at) is not None:
        refunds.append(Refund("cancelled", None))
    coupon = first_of(one.code for one in said.discount_codes or ()) or ""
    sale = Sale(
        order, _who(said), when(said.created_at), currency, money(said.total_price, currency),
        lines=tuple(_line(one, currency) for one in said.line_items or ()),
        refunds=tuple(refunds), coupon=coupon,
        count=said.order_number if isinstance(said.order_number, int) else None,
    )  # fmt: skip
    return Said("order", order, changed, (sale,))


def _who(said: _Order) -> Somebody:
    customer = said.customer or _Customer()
    return Somebody(
        ids(user_id=customer.id, email=said.email or customer.email, phone=said.phone or customer.phone),
        facts(first_name=customer.first_name, last_name=customer.last_name),
    )


def _line(said: _Line, currency: str) -> Line:
    name = word_of(said.name) or word_of(said.title)
    product = Product(named(said.sku, name, said.variant_id, said.product_id), name=name, brand=word_of(said.vendor))
    many = quantity(said.quantity)
    # As files have it: less what was taken off this line; what was taken off the whole order shows in its total.
    amount = (money(said.price, currency) * many + 500) // 1_000 - money(said.total_discount, currency)
    return Line(product, many, amount)


def _refund(said: _Refund, currency: str) -> Refund:
    paid = [
        money(one.amount, currency)
        for one in said.transactions or ()
        if one.kind == "refund" and one.status in (None, "success")
    ]
    if not said.transactions:
        paid = [money(one.subtotal, currency) for one in said.refund_line_items or ()]
    return Refund(word_of(said.id) or "", sum(paid))


def _refunded(body: bytes, currency: str) -> Said:
    said = decoded(body, _REFUND)
    order, number = word_of(said.order_id), word_of(said.id)
    if order is None or number is None:
        raise Unread("no-order", "The refund names no order.")
    spent = currency_of(said.currency) if said.currency is not None else currency
    return Said("refund", number, None, (MoneyBack("order", order, _refund(said, spent), spent),))


def _customer(body: bytes, _: str) -> Said:
    said = decoded(body, _CUSTOMER)
    number = number_of(said.id, "customer")
    who = Somebody(
        ids(user_id=said.id, email=said.email, phone=said.phone),
        facts(first_name=said.first_name, last_name=said.last_name),
    )
    return Said("customer", number, when(said.updated_at, said.created_at), (Seen(who), *_answers(who, said)))


def _answers(who: Somebody, said: _Customer | _Answer) -> tuple[Act, ...]:
    """What she is said to have answered; only "subscribed" is a yes, and only "unsubscribed" a no."""
    found = []
    consents = ((EMAIL_MARKETING, said.email_marketing_consent), (SMS, said.sms_marketing_consent))
    for purpose, consent in consents:
        if consent is None or consent.state not in ("subscribed", "unsubscribed"):
            continue
        level = word_of(consent.opt_in_level)
        found.append(
            Answered(
                who,
                purpose,
                consent.state == "subscribed",
                moment(consent.consent_updated_at),
                confirmed=level == "confirmed_opt_in",
                how=f"shopify, {level}" if level in _LEVELS else "shopify",
            )
        )
    return tuple(found)


_LEVELS: Final = ("single_opt_in", "confirmed_opt_in", "unknown")


def _answered(body: bytes, _: str) -> Said:
    said = decoded(body, _ANSWER)
    who = Somebody(ids(user_id=said.customer_id, email=said.email_address, phone=said.phone))
    if not who.ids:
        raise Unread("no-id", "The answer names nobody.")
    return Said("", "", None, _answers(who, said))


def _product(body: bytes, currency: str) -> Said:
    said = decoded(body, _PRODUCT)
    number = number_of(said.id, "product", "no-product")
    tags = said.tags.split(",") if isinstance(said.tags, str) else said.tags if isinstance(said.tags, list) else []
    words = tuple(word for one in tags if (word := word_of(one)))
    products = [_variant(said, one, currency, words) for one in said.variants or ()]
    return Said("product", number, when(said.updated_at), (Shelf(tuple(products)),))


def _variant(said: _Product, one: _Variant, currency: str, tags: tuple[str, ...]) -> Product:
    title, variant = word_of(said.title), word_of(one.title)
    name = f"{title} - {variant}" if title and variant and variant != _ONLY else title  # as lines and files name it
    there = isinstance(one.inventory_quantity, int) and one.inventory_quantity > 0
    sold = one.inventory_management is None or one.inventory_policy == "continue" or there
    return Product(
        named(one.sku, name, one.id), name=name, type=word_of(said.product_type), brand=word_of(said.vendor),
        price=money(one.price, currency) if one.price is not None else None,
        currency=currency if one.price is not None else None,
        available=said.status in (None, "active") and sold, tags=tags,
        image=word_of(said.image.src) if said.image is not None else None,
    )  # fmt: skip


_ONLY: Final = "Default Title"  # of a product that comes in one form only


def _data_request(body: bytes, _: str) -> Said:
    return Said("", "", None, (Asks("access", _of(decoded(body, _DATA_REQUEST).customer)),))


def _redact(body: bytes, _: str) -> Said:
    return Said("", "", None, (Asks("erase", _of(decoded(body, _REDACT).customer)),))


def _of(customer: _Customer) -> Somebody:
    who = Somebody(ids(user_id=customer.id, email=customer.email, phone=customer.phone))
    if not who.ids:
        raise Unread("no-id", "The request names nobody.")
    return who


def _all_go(body: bytes, _: str) -> Said:
    decoded(body, _ALL_GO)
    return Said("", "", None, (AllGo(),))


def _uninstalled(body: bytes, _: str) -> Said:
    decoded(body, _SHOP)
    return Said("", "", None, (Closed(),))


_TELL: Final[Mapping[str, Callable[[bytes, str], Said]]] = {
    "orders/create": _order,
    "orders/updated": _order,
    "orders/paid": _order,
    "orders/cancelled": _order,
    "refunds/create": _refunded,
    "customers/create": _customer,
    "customers/update": _customer,
    "customers/delete": lambda body, _: deleted(body, "customer"),
    "customers_marketing_consent/update": _answered,
    "customers_email_marketing_consent/update": _answered,
    "products/create": _product,
    "products/update": _product,
    "products/delete": lambda body, _: deleted(body, "product"),
    "app/uninstalled": _uninstalled,
    "customers/data_request": _data_request,
    "customers/redact": _redact,
    "shop/redact": _all_go,
}
