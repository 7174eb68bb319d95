"""Shopify: orders, with their lines and customers in one file, and customers.

In the file of orders only the first row of an order says what the order has; further rows have its name and a line.
"""

from collections.abc import Mapping, Sequence

from goodwill.collect.columns import Marks
from goodwill.collect.views import Format, Heads, Piece, View, said, which

_ORDER = ("Id", "Name")
_CANCELLED, _VOIDED = "rows of cancelled orders", "rows of orders that were never paid"
_NO_TICK = "rows of orders at which the box for news was left empty"
_NEVER_PAID = frozenset(("voided", "expired"))


def _orders(_: Heads) -> Sequence[View]:
    """What a file of orders holds."""
    who = {"email": ("Email",), "phone": ("Phone",)}
    order = {"order": _ORDER, "currency": ("Currency",), "time": ("Created at",), **who}
    cells = {"Id": _number, "Name": _number}
    return (
        View(
            "customers",
            {**who, "name": ("Billing Name", "Shipping Name"), "country": ("Billing Country", "Shipping Country")},
            rows=_first_with_somebody,
            fills=True,
        ),
        View(
            "consents",
            {"answer": ("Accepts Marketing",), **who},
            {"purpose": "email-marketing", "asked-how": "Shopify checkout"},
            rows=_first_with_an_answer,
            passed=_left_empty,
        ),
        View(
            "orders",
            {
                **order,
                "total": ("Total",),
                "coupon": ("Discount Code",),
                "channel": ("Source",),
                "order-tags": ("Tags",),
            },
            rows=_first_with_a_total,
            cells=cells,
            passed=_passed,
        ),
        View(
            "refunds", {**order, "refunded": ("Refunded Amount",)}, rows=_refunded, cells=cells, passed=_passed
        ),
        View(
            "order-lines",
            {
                **order,
                "product": ("Lineitem sku",),
                "product-name": ("Lineitem name",),
                "quantity": ("Lineitem quantity",),
                "unit-price": ("Lineitem price",),
                "discount": ("Lineitem discount",),
                "occurrence": ("rejected occurrence",),
            },
            rows=_with_a_line,
            cells=cells,
            passed=_passed,
        ),
    )  # fmt: skip


def _number(piece: Piece) -> Sequence[str]:
    """The order's number on each of its rows: its id, as programs know it, or else its name."""
    return [one or name for one, name in zip(piece.filled("Id"), piece.cells("Name"), strict=True)]


def _first_with_somebody(piece: Piece) -> Marks:
    return piece.heads & (said(piece.cells("Email")) | said(piece.cells("Phone")))


def _first_with_an_answer(piece: Piece) -> Marks:
    return _first_with_somebody(piece) & said(piece.cells("Accepts Marketing"))


def _left_empty(piece: Piece) -> Mapping[str, Marks]:
    """A box that somebody left empty at an order is no yes; nor does it take back what she said elsewhere."""
    answers = piece.cells("Accepts Marketing")
    return {_NO_TICK: which(answers, lambda cell: cell.strip().casefold() in ("no", "false"))}


def _first_with_a_total(piece: Piece) -> Marks:
    """Mended rows may come in again alone: the first row of an order is the one that says its total."""
    return piece.heads & (said(piece.cells("Total")) | ~said(piece.cells("Lineitem name")))


def _refunded(piece: Piece) -> Marks:
    cells = piece.cells("Refunded Amount")
    return piece.heads & which(cells, lambda cell: any(digit in "123456789" for digit in cell))


def _with_a_line(piece: Piece) -> Marks:
    return said(piece.cells("Lineitem name")) | said(piece.cells("Lineitem sku"))


def _passed(piece: Piece) -> Mapping[str, Marks]:
    cancelled = said(piece.filled("Cancelled at"))
    status = piece.filled("Financial Status")
    voided = which(status, lambda cell: cell.strip().casefold() in _NEVER_PAID)
    return {_CANCELLED: cancelled, _VOIDED: voided & ~cancelled}


def _customers(heads: Heads) -> Sequence[View]:
    """What a file of customers holds, with the older and the newer headings."""
    if heads.first("Accepts Email Marketing", "Accepts Marketing") is None:
        return ()
    who = {"customer": ("Customer ID",), "email": ("Email",), "phone": ("Phone", "Default Address Phone")}
    return (
        View(
            "customers",
            {
                **who,
                "first-name": ("First Name",),
                "last-name": ("Last Name",),
                "company": ("Default Address Company", "Company"),
                "street": ("Default Address Address1", "Address1"),
                "city": ("Default Address City", "City"),
                "region": ("Default Address Province Code", "Province Code", "Province"),
                "country": ("Default Address Country Code", "Country Code", "Country"),
                "postcode": ("Default Address Zip", "Zip"),
            },
        ),
        View(
            "consents",
            {**who, "answer": ("Accepts Email Marketing", "Accepts Marketing")},
            {"purpose": "email-marketing", "asked-how": "Shopify"},
        ),
    )


_TEXTS = "free notes about people are not taken in"
_MONEY = "parts of the order's total; the total is taken in"
_ADDRESS = "of a bill the name and the country are taken in; addresses come with Shopify's export of customers"
_PARTS = ("street", "address1", "address2", "company", "city", "zip", "province", "province name", "phone")
_LEAVE = {
    "note": _TEXTS,
    "notes": _TEXTS,
    "note attributes": _TEXTS,
    "accepts sms marketing": "the register has no purpose for text messages",
    "accepts whatsapp marketing": "the register has no purpose for text messages",
}

FORMATS = (
    Format(
        "shopify-orders",
        "Shopify's export of orders",
        ("Name", "Created at", "Total", "Lineitem quantity", "Lineitem name", "Lineitem price"),
        _orders,
        {
            **_LEAVE,
            "billing": _ADDRESS,
            **{f"shipping {part}": _ADDRESS for part in _PARTS},
            "shipping method": "how it was sent is not taken in",
            **dict.fromkeys(("subtotal", "shipping", "taxes", "tax", "duties", "discount amount"), _MONEY),
            "payment": "how people pay is not taken in",
            "receipt number": "how people pay is not taken in",
            "employee": "who sold it is not taken in",
            "risk level": "how risky an order seemed is not taken in",
        },
        group="Name",
        filled=("Id", "Email", "Phone", "Created at", "Currency", "Financial Status", "Cancelled at"),
    ),
    Format(
        "shopify-customers",
        "Shopify's export of customers",
        ("First Name", "Last Name", "Email", "Total Spent", "Total Orders"),
        _customers,
        {
            **_LEAVE,
            "tags": "words of yours about people may hold anything, so they are not taken in",
            "total spent": "sums are worked out from orders: import Shopify's export of orders",
            "total orders": "sums are worked out from orders: import Shopify's export of orders",
        },
    ),
)  # fmt: skip
