"""WooCommerce's webhooks: the bodies of its REST API, version 3 (https://woocommerce.github.io/woocommerce-rest-api-docs)."""

from collections.abc import Callable, Mapping
from typing import Final

import msgspec
from msgspec import Struct

from goodwill.catalogue.products import Product
from goodwill.collect.connectors.acts import (
    Gone,
    Line,
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
    money,
    named,
    nothing,
    number_of,
    quantity,
    when,
)
from goodwill.collect.live.commerce import word_of


class _Billing(Struct):
    first_name: Word = None
    last_name: Word = None
    email: Word = None
    phone: Word = None


class _Line(Struct):
    product_id: Word = None
    variation_id: Word = None
    name: Word = None
    sku: Word = None
    quantity: Word = None
    total: Word = None
    total_tax: Word = None


class _Refund(Struct):
    id: Word = None
    total: Word = None


class _Coupon(Struct):
    code: Word = None


class _Order(Struct):
    id: Word = None
    status: Word = None
    currency: Word = None
    date_created_gmt: Word = None
    date_modified_gmt: Word = None
    total: Word = None
    customer_id: Word = None
    billing: _Billing | None = None
    line_items: list[_Line] | None = None
    refunds: list[_Refund] | None = None
    coupon_lines: list[_Coupon] | None = None


class _Customer(Struct):
    id: Word = None
    email: Word = None
    first_name: Word = None
    last_name: Word = None
    date_created_gmt: Word = None
    date_modified_gmt: Word = None
    billing: _Billing | None = None


class _Name(Struct):
    name: Word = None


class _Image(Struct):
    src: Word = None


class _Product(Struct):
    id: Word = None
    name: Word = None
    sku: Word = None
    status: Word = None
    price: Word = None
    stock_status: Word = None
    permalink: Word = None
    date_modified_gmt: Word = None
    date_created_gmt: Word = None
    categories: list[_Name] | None = None
    tags: list[_Name] | None = None
    images: list[_Image] | None = None


_ORDER = msgspec.json.Decoder(_Order)
_CUSTOMER = msgspec.json.Decoder(_Customer)
_PRODUCT = msgspec.json.Decoder(_Product)
_NOT_BOUGHT: Final = frozenset({"pending", "on-hold", "checkout-draft", "auto-draft", "draft"})
_NO_MORE: Final = frozenset({"cancelled", "failed", "trash"})


def read(topic: str, body: bytes, currency: str) -> Said:
    """What a webhook says; raises as `shopify.read`."""
    tell = _TELL.get(topic)
    return nothing("unknown-topic") if tell is None else tell(body, currency)


def _order(body: bytes, _: str) -> Said:
    said = decoded(body, _ORDER)
    number = number_of(said.id, "order", "no-order")
    if said.status in _NOT_BOUGHT:
        return nothing("not-paid")
    changed = when(said.date_modified_gmt, said.date_created_gmt, utc=True)
    if said.status in _NO_MORE:  # what was never bought leaves nothing; of the rest the money went back
        return Said("order", number, changed, (Gone("order"),))
    currency = currency_of(said.currency)
    refunds = [Refund(word_of(one.id) or "", abs(money(one.total, currency))) for one in said.refunds or ()]
    coupon = first_of(one.code for one in said.coupon_lines or ()) or ""
    sale = Sale(
        number, _who(said), when(said.date_created_gmt, utc=True), currency, money(said.total, currency),
        lines=tuple(_line(one, currency) for one in said.line_items or ()),
        refunds=tuple(refunds), coupon=coupon,
    )  # fmt: skip
    return Said("order", number, changed, (sale,))


def _who(said: _Order) -> Somebody:
    billing = said.billing or _Billing()
    account = said.customer_id if said.customer_id not in (0, "0") else None  # 0: a guest
    return Somebody(
        ids(user_id=account, email=billing.email, phone=billing.phone),
        facts(first_name=billing.first_name, last_name=billing.last_name),
    )


def _line(said: _Line, currency: str) -> Line:
    product = Product(_named(said.sku, said.variation_id, said.product_id), name=word_of(said.name))
    return Line(product, quantity(said.quantity), money(said.total, currency) + money(said.total_tax, currency))


def _named(*given: Word) -> str:
    return named(*(one for one in given if one != "0"))


def _customer(body: bytes, _: str) -> Said:
    said = decoded(body, _CUSTOMER)
    number = number_of(said.id, "customer")
    billing = said.billing or _Billing()
    who = Somebody(
        ids(user_id=said.id, email=said.email or billing.email, phone=billing.phone),
        facts(
            first_name=said.first_name or billing.first_name,
            last_name=said.last_name or billing.last_name,
        ),
    )
    changed = when(said.date_modified_gmt, said.date_created_gmt, utc=True)
    return Said("customer", number, changed, (Seen(who),))


def _product(body: bytes, currency: str) -> Said:
    said = decoded(body, _PRODUCT)
    number = number_of(said.id, "product", "no-product")
    priced = word_of(said.price) is not None
    product = Product(
        _named(said.sku, said.id), name=word_of(said.name),
        category=first_of(one.name for one in said.categories or ()),
        price=money(said.price, currency) if priced else None, currency=currency if priced else None,
        available=said.status in (None, "publish") and said.stock_status != "outofstock",
        url=word_of(said.permalink),
        image=first_of(one.src for one in said.images or ()),
        tags=tuple(word for one in said.tags or () if (word := word_of(one.name))),
    )  # fmt: skip
    changed = when(said.date_modified_gmt, said.date_created_gmt, utc=True)
    return Said("product", number, changed, (Shelf((product,)),))


_TELL: Final[Mapping[str, Callable[[bytes, str], Said]]] = {
    **{f"order.{act}": _order for act in ("created", "updated", "restored")},
    **{f"customer.{act}": _customer for act in ("created", "updated", "restored")},
    **{f"product.{act}": _product for act in ("created", "updated", "restored")},
    "order.deleted": lambda body, _: deleted(body, "order"),
    "customer.deleted": lambda body, _: deleted(body, "customer"),
    "product.deleted": lambda body, _: deleted(body, "product"),
}
