"""Shopify's interface: orders, customers and products as objects, as its webhooks send them too."""

from decimal import Decimal, InvalidOperation

from goodwill.collect.records import Record, cell_of
from goodwill.collect.unrolled import JsonFormat, Unrolling, items, place

_NOBODY = frozenset(("redacted", "invalid"))  # states of an address, not answers of anybody


def added(*values: object) -> str:
    """Amounts added up, as text; what is no amount is given back as it is, so that its row is rejected."""
    total = Decimal(0)
    for value in values:
        try:
            total += Decimal(cell_of(value) or "0")
        except InvalidOperation:
            return cell_of(value)
    return str(total)


def _passed(order: Record) -> str:
    if order.get("test"):
        return "rows of test orders"
    if order.get("cancelled_at"):
        return "rows of cancelled orders"
    status = str(order.get("financial_status")).casefold()
    return "rows of orders that were never paid" if status in ("voided", "expired") else ""


def _refunded(order: Record, _: Record) -> str:
    """What went back by all refunds; where they name no payment, what their lines came to."""
    sums = []
    for refund in items(order, "refunds"):
        payments = [one for one in items(refund, "transactions") if one.get("kind", "refund") == "refund"]
        if payments:
            sums += [one.get("amount") for one in payments if one.get("status", "success") == "success"]
        else:
            sums += [one.get("subtotal") for one in items(refund, "refund_line_items")]
    return added(*sums)


def _repaid(order: Record) -> bool:
    return _refunded(order, order).strip("0.") != ""


def _ticked(order: Record) -> str:
    """A box left empty at an order is no yes, and takes none back."""
    return "" if order.get("buyer_accepts_marketing") else "rows of orders at which the box for news was left empty"


def _codes(order: Record, _: Record) -> str:
    return ", ".join(code for one in items(order, "discount_codes") if (code := cell_of(one.get("code"))))


_WHO = {
    "customer": ("customer.id",),
    "email": ("email", "contact_email", "customer.email"),
    "phone": ("phone", "customer.phone"),
}
_ORDER = {"order": ("id",), "currency": ("currency",), "time": ("created_at",), **_WHO}
_ORDERS = (
    Unrolling(
        "customers",
        {
            **_WHO,
            "first-name": ("customer.first_name", "billing_address.first_name"),
            "last-name": ("customer.last_name", "billing_address.last_name"),
            "country": ("billing_address.country_code", "shipping_address.country_code"),
            "language": ("customer_locale",),
        },
        only=lambda order: any(place(order, path) for paths in _WHO.values() for path in paths),
        fills=True,
    ),
    Unrolling(
        "consents",
        {**_WHO, "answer": ("buyer_accepts_marketing",)},
        constants={"purpose": "email-marketing", "asked-how": "Shopify checkout"},
        only=lambda order: order.get("buyer_accepts_marketing") is not None
        and any(place(order, path) for paths in _WHO.values() for path in paths),
        passed=_ticked,
    ),
    Unrolling(
        "orders",
        {
            **_ORDER,
            "total": ("total_price",),
            "coupon": ("discount_codes",),
            "channel": ("source_name",),
            "order-tags": ("tags",),
        },
        made={"coupon": _codes},
        passed=_passed,
    ),
    Unrolling(
        "refunds", {**_ORDER, "refunded": ("refunds",)}, made={"refunded": _refunded}, only=_repaid, passed=_passed
    ),
    Unrolling(
        "order-lines",
        {
            **_ORDER,
            "product": ("[].sku",),
            "product-name": ("[].name", "[].title"),
            "quantity": ("[].quantity",),
            "unit-price": ("[].price",),
            "discount": ("[].total_discount",),
        },
        each="line_items",
        passed=_passed,
    ),
)  # fmt: skip


def _state(customer: Record, _: Record) -> str:
    said = place(customer, "email_marketing_consent.state")
    if said is not None:
        return "" if str(said).casefold() in _NOBODY else str(said)
    return cell_of(customer.get("accepts_marketing"))


def _when(customer: Record, _: Record) -> str:
    return cell_of(
        place(customer, "email_marketing_consent.consent_updated_at") or customer.get("accepts_marketing_updated_at")
    )


def _confirmed(customer: Record, item: Record) -> str:
    """When the address was confirmed, if the yes came by a link in a letter."""
    level = place(customer, "email_marketing_consent.opt_in_level") or customer.get("marketing_opt_in_level")
    return _when(customer, item) if level == "confirmed_opt_in" else ""


_PERSON = {"customer": ("id",), "email": ("email",), "phone": ("phone",)}
_CUSTOMERS = (
    Unrolling(
        "customers",
        {
            **_PERSON,
            "first-name": ("first_name",),
            "last-name": ("last_name",),
            "company": ("default_address.company",),
            "street": ("default_address.address1",),
            "postcode": ("default_address.zip",),
            "city": ("default_address.city",),
            "region": ("default_address.province_code", "default_address.province"),
            "country": ("default_address.country_code", "default_address.country"),
            "language": ("locale",),
        },
    ),
    Unrolling(
        "consents",
        {
            **_PERSON,
            "answer": ("email_marketing_consent.state", "accepts_marketing"),
            "time": ("email_marketing_consent.consent_updated_at", "accepts_marketing_updated_at"),
            "confirmed": ("email_marketing_consent.opt_in_level", "marketing_opt_in_level"),
        },
        made={"answer": _state, "time": _when, "confirmed": _confirmed},
        constants={"purpose": "email-marketing", "asked-how": "Shopify"},
    ),
)


def _variant(product: Record, variant: Record) -> str:
    """What a line of an order calls it: the product, and the variant where there are several."""
    title, kind = cell_of(product.get("title")), cell_of(variant.get("title"))
    return title if kind in ("", "Default Title") else f"{title} - {kind}"


def _number(product: Record, variant: Record) -> str:
    """What the orders of a shop call it: its SKU, or else its name."""
    return cell_of(variant.get("sku")) or _variant(product, variant)


def _tags(product: Record, _: Record) -> str:
    tags = product.get("tags")
    return ", ".join(map(str, tags)) if isinstance(tags, list) else cell_of(tags)


_PRODUCTS = (
    Unrolling(
        "products",
        {
            "product": ("[].sku",),
            "product-name": ("title",),
            "brand": ("vendor",),
            "type": ("product_type",),
            "price": ("[].price",),
            "tags": ("tags",),
            "available": ("status",),
            "image": ("image.src", "images.0.src"),
        },
        each="variants",
        made={"product": _number, "product-name": _variant, "tags": _tags},
    ),
)

_TEXTS = "free notes about people are not taken in"
_LEAVE = {
    "note": _TEXTS,
    "note attributes": _TEXTS,
    "sms marketing consent": "the register has no purpose for text messages",
    "browser ip": "addresses of machines are not taken in",
    "client details": "addresses of machines are not taken in",
    "payment": "how people pay is not taken in",
}

FORMATS = (
    JsonFormat(
        "shopify-orders-json",
        "orders from Shopify's interface",
        lambda one: "line_items" in one and ("financial_status" in one or "total_price" in one),
        _ORDERS,
        _LEAVE,
    ),
    JsonFormat(
        "shopify-customers-json",
        "customers from Shopify's interface",
        lambda one: "email_marketing_consent" in one or ("accepts_marketing" in one and "verified_email" in one),
        _CUSTOMERS,
        {**_LEAVE, "tags": "words of yours about people may hold anything, so they are not taken in"},
    ),
    JsonFormat(
        "shopify-products-json",
        "products from Shopify's interface",
        lambda one: "variants" in one and "title" in one,
        _PRODUCTS,
    ),
)
