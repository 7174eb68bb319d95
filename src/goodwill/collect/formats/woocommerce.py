"""WooCommerce: objects of its interface (version 3, as its webhooks send them too), and what its screens export."""

from collections.abc import Mapping, Sequence

from goodwill.collect.columns import Marks
from goodwill.collect.formats.shopify_json import added
from goodwill.collect.records import Record, cell_of
from goodwill.collect.unrolled import JsonFormat, Unrolling, items, place
from goodwill.collect.views import Format, Heads, Piece, View, which

# Where mail plug-ins note that somebody asked for news; WooCommerce itself has no place for it.
_OPT_INS = ("mailchimp_woocommerce_is_subscribed", "_mc4wp_optin")
_CANCELLED = frozenset(("cancelled", "trash"))
_UNPAID = frozenset(("failed", "pending", "on-hold", "checkout-draft", "auto-draft", "draft"))


def why_passed(status: str) -> str:
    """Why an order of a state is left out; "" if it is not."""
    word = status.strip().casefold().removeprefix("wc-").replace(" ", "-").replace("pending-payment", "pending")
    if word in _CANCELLED:
        return "rows of cancelled orders"
    return "rows of orders that were never paid" if word in _UNPAID else ""


def _passed(order: Record) -> str:
    return why_passed(cell_of(order.get("status")))


def _in_utc(record: Record, _: Record) -> str:
    """WooCommerce gives its times twice: as the shop's clock shows them, and in UTC without saying so."""
    said = cell_of(record.get("date_created_gmt"))
    return f"{said}Z" if said and not said.endswith("Z") else said or cell_of(record.get("date_created"))


def _paid(_: Record, line: Record) -> str:
    """What a line came to: WooCommerce keeps its tax apart."""
    return added(line.get("total"), line.get("total_tax"))


def _product(_: Record, line: Record) -> str:
    """What it is known by: its SKU, else the number of the variation, else that of the product."""
    return cell_of(line.get("sku")) or cell_of(line.get("variation_id") or "") or cell_of(line.get("product_id"))


def _refunded(order: Record, _: Record) -> str:
    return added(*(cell_of(one.get("total")).lstrip("-") for one in items(order, "refunds")))


def _opt_in(record: Record, _: Record) -> str:
    """What a plug-in noted; "1" is a yes, and what it does not say nobody said."""
    for meta in items(record, "meta_data"):
        if meta.get("key") in _OPT_INS:
            return cell_of(meta.get("value"))
    return ""


def _ticked(order: Record) -> str:
    return "rows of orders at which the box for news was left empty" if _opt_in(order, order) in ("0", "no") else ""


def _has_somebody(order: Record) -> bool:
    return bool(order.get("customer_id") or place(order, "billing.email") or place(order, "billing.phone"))


def _coupons(order: Record, _: Record) -> str:
    return ", ".join(code for one in items(order, "coupon_lines") if (code := cell_of(one.get("code"))))


_WHO = {"customer": ("customer_id",), "email": ("billing.email",), "phone": ("billing.phone",)}
_ORDER = {"order": ("id",), "currency": ("currency",), "time": ("date_created_gmt",), **_WHO}
_MADE = {"time": _in_utc}
_ORDERS = (
    Unrolling(
        "customers",
        {
            **_WHO,
            "first-name": ("billing.first_name",),
            "last-name": ("billing.last_name",),
            "country": ("billing.country",),
        },
        only=_has_somebody,
        fills=True,
    ),
    Unrolling(
        "consents",
        {**_WHO, "answer": ("meta_data",)},
        made={"answer": _opt_in},
        constants={"purpose": "email-marketing", "asked-how": "WooCommerce checkout"},
        only=lambda order: _has_somebody(order) and _opt_in(order, order) != "",
        passed=_ticked,
    ),
    Unrolling(
        "orders",
        {**_ORDER, "total": ("total",), "coupon": ("coupon_lines",), "channel": ("created_via",)},
        made={**_MADE, "coupon": _coupons},
        passed=_passed,
    ),
    Unrolling(
        "refunds",
        {**_ORDER, "refunded": ("refunds",)},
        made={**_MADE, "refunded": _refunded},
        only=lambda order: _refunded(order, order).strip("0.") != "",
        passed=_passed,
    ),
    Unrolling(
        "order-lines",
        {
            **_ORDER,
            "product": ("[].sku",),
            "product-name": ("[].name",),
            "quantity": ("[].quantity",),
            "amount": ("[].total",),
        },
        each="line_items",
        made={**_MADE, "product": _product, "amount": _paid},
        passed=_passed,
    ),
)
_PERSON = {"customer": ("id",), "email": ("email", "billing.email"), "phone": ("billing.phone",)}
_CUSTOMERS = (
    Unrolling(
        "customers",
        {
            **_PERSON,
            "first-name": ("first_name", "billing.first_name"),
            "last-name": ("last_name", "billing.last_name"),
            "company": ("billing.company",),
            "street": ("billing.address_1",),
            "postcode": ("billing.postcode",),
            "city": ("billing.city",),
            "region": ("billing.state",),
            "country": ("billing.country",),
        },
    ),
    Unrolling(
        "consents",
        {**_PERSON, "answer": ("meta_data",)},
        made={"answer": _opt_in},
        constants={"purpose": "email-marketing", "asked-how": "WooCommerce"},
        only=lambda customer: _opt_in(customer, customer) != "",
    ),
)


def _tags(product: Record, _: Record) -> str:
    return ", ".join(cell_of(tag.get("name")) for tag in items(product, "tags"))


_PRODUCTS = (
    Unrolling(
        "products",
        {
            "product": ("sku",),
            "product-name": ("name",),
            "price": ("price", "regular_price"),
            "category": ("categories.0.name",),
            "brand": ("brands.0.name",),
            "available": ("stock_status",),
            "tags": ("tags",),
            "url": ("permalink",),
            "image": ("images.0.src",),
        },
        made={"product": lambda one, _: cell_of(one.get("sku")) or cell_of(one.get("id")), "tags": _tags},
    ),
)
_LEAVE = {
    "customer note": "free notes about people are not taken in",
    "customer ip address": "addresses of machines are not taken in",
    "customer user agent": "addresses of machines are not taken in",
    "payment": "how people pay is not taken in",
    "transaction id": "how people pay is not taken in",
}
JSON_FORMATS = (
    JsonFormat(
        "woocommerce-orders-json",
        "orders from WooCommerce's interface",
        lambda one: "line_items" in one and "billing" in one and "status" in one,
        _ORDERS,
        _LEAVE,
    ),
    JsonFormat(
        "woocommerce-customers-json",
        "customers from WooCommerce's interface",
        lambda one: "billing" in one and "username" in one,
        _CUSTOMERS,
        _LEAVE,
    ),
    JsonFormat(
        "woocommerce-products-json",
        "products from WooCommerce's interface",
        lambda one: "stock_status" in one and "regular_price" in one,
        _PRODUCTS,
    ),
)


# ---- what its screens and plug-ins export ----------------------------------------------------------------------------


def _pass_by_status(piece: Piece) -> Mapping[str, Marks]:
    status = piece.cells("status", "order_status")
    whys = {word: why_passed(word) for word in set(status)}
    return {
        why: which(status, lambda cell, why=why: whys[cell] == why)  # type: ignore[misc]  # mypy knows no default here
        for why in dict.fromkeys(whys.values())
        if why
    }


def _analytics_orders(_: Heads) -> Sequence[View]:
    """Its orders say a name and no address, so nobody becomes known by them."""
    says = {
        "order": ("Order #",),
        "time": ("Date",),
        "total": ("N. Revenue (formatted)", "N. Revenue", "Net Sales"),
        "coupon": ("Coupon(s)",),
    }
    return (View("orders", says, passed=_pass_by_status),)


def _analytics_customers(_: Heads) -> Sequence[View]:
    says = {
        "email": ("Email",),
        "name": ("Name",),
        "country": ("Country / Region",),
        "city": ("City",),
        "region": ("Region",),
        "postcode": ("Postal Code",),
    }
    return (View("customers", says, fills=True),)


def _plug_in(_: Heads) -> Sequence[View]:
    """One row an order; what was bought is packed into one cell for each line, and stays behind."""
    who = {"customer": ("customer_id",), "email": ("customer_email", "billing_email"), "phone": ("billing_phone",)}
    order = {
        "order": ("order_id", "order_number"),
        "currency": ("order_currency",),
        "time": ("order_date", "date"),
        **who,
    }
    facts = {
        "first-name": ("billing_first_name",),
        "last-name": ("billing_last_name",),
        "country": ("billing_country",),
    }
    return (
        View("customers", {**who, **facts}, rows=_somebody, fills=True),
        View("orders", {**order, "total": ("order_total",)}, passed=_pass_by_status),
    )


def _somebody(piece: Piece) -> Marks:
    address = which(piece.cells("customer_email", "billing_email"), lambda cell: "@" in cell)
    return address | which(piece.cells("customer_id"), lambda cell: cell.strip() not in ("", "0"))


_PACKED = "products packed into one cell cannot be told apart: WooCommerce's interface (JSON) gives each line"

FORMATS = (
    Format(
        "woocommerce-orders",
        "WooCommerce's own export of its orders report",
        ("Date", "Order #", "Status", "Customer", "Product(s)"),
        _analytics_orders,
        {
            "product s": _PACKED,
            "customer": "it is a name without an address, by which nobody can be known again",
            "net sales": "the total is taken in",
            "attribution": "where people came from is not taken in",
        },
        reads=("Status",),
        notes=(
            "This report of WooCommerce has no addresses, and its money is text: only orders and totals come in.",
            "For customers and what they bought, take WooCommerce's interface (JSON) or an export plug-in instead.",
            "It names no currency; amounts are taken for the shop's own unless you say --currency.",
        ),
    ),
    Format(
        "woocommerce-customers",
        "WooCommerce's own export of its customers report",
        ("Name", "Username", "Last Active", "Sign Up", "Email", "Total Spend", "AOV"),
        _analytics_customers,
        {
            "username": "customers are known by their address here",
            **dict.fromkeys(("orders", "total spend", "aov"), "sums are worked out from orders"),
        },
    ),
    Format(
        "woocommerce-plug-in",
        "an order export plug-in's file of WooCommerce",
        ("order_id", "order_date", "status", "order_total", "order_currency"),
        _plug_in,
        {
            "line item": _PACKED,
            "customer note": "free notes about people are not taken in",
            "payment method": "how people pay is not taken in",
            **dict.fromkeys(
                ("shipping total", "tax total", "discount total", "order subtotal"), "a part of the order's total"
            ),
        },
        reads=("status",),
    ),
)
