"""Etsy: sold orders and sold order items. They hold no addresses, so nobody in them can ever be written to."""

import re
from collections.abc import Mapping, Sequence

from goodwill.collect.columns import Marks
from goodwill.collect.views import Cells, Format, Heads, Piece, View, which

_AMERICAN = re.compile(r"^(\d{1,2})/(\d{1,2})/(\d{2}|\d{4})$")
_IN_BRACKETS = re.compile(r"\(([^()]+)\)\s*$")


def _date(text: str) -> str:
    """A date as Etsy writes it everywhere: month, day, year."""
    found = _AMERICAN.match(text.strip())
    if found is None:
        return text
    return f"{found[3] if len(found[3]) == 4 else '20' + found[3]}-{int(found[1]):02}-{int(found[2]):02}"


def _dates(piece: Piece) -> Sequence[str]:
    return [_date(cell) for cell in piece.cells("Sale Date")]


def _orders(piece: Piece) -> Sequence[str]:
    return [f"etsy:{cell.strip()}" if cell.strip() else "" for cell in piece.cells("Order ID")]


def _buyers(*headings: str) -> Cells:
    """Names of accounts at Etsy, told apart from a shop's own numbers: "Amina Example (amina1)" is "etsy:amina1"."""

    def cells(piece: Piece) -> Sequence[str]:
        found = (_IN_BRACKETS.search(cell) for cell in piece.cells(*headings))
        accounts = [
            match[1] if match else cell.strip() for match, cell in zip(found, piece.cells(*headings), strict=True)
        ]
        return [f"etsy:{account.strip()}" if account.strip() else "" for account in accounts]

    return cells


def _passed(piece: Piece) -> Mapping[str, Marks]:
    gone = which(piece.cells("Status"), lambda cell: cell.strip().casefold() in ("canceled", "cancelled"))
    return {"rows of cancelled orders": gone}


_CELLS: Mapping[str, Cells] = {
    "Sale Date": _dates,
    "Order ID": _orders,
    "Buyer User ID": _buyers("Buyer User ID"),
    "Buyer": _buyers("Buyer"),
}
_ORDER = {
    "order": ("Order ID",), "time": ("Sale Date",), "currency": ("Currency",), "customer": ("Buyer User ID", "Buyer"),
}  # fmt: skip


def _sold_orders(_: Heads) -> Sequence[View]:
    says = {**_ORDER, "total": ("Order Total",), "coupon": ("Coupon Code",)}
    return (View("orders", says, cells=_CELLS, passed=_passed),)


def _sold_items(_: Heads) -> Sequence[View]:
    says = {
        **_ORDER,
        "line": ("Transaction ID",),
        "product": ("SKU", "Listing ID"),
        "product-name": ("Item Name",),
        "quantity": ("Quantity",),
        "unit-price": ("Price",),
    }
    return (View("order-lines", says, cells=_CELLS),)


_NAME = "without an address it could only be mistaken for somebody else's"
_LEAVE = {
    **dict.fromkeys(("full name", "first name", "last name", "ship", "street", "buyer"), _NAME),
    "card processing fees": "fees are not taken in",
    "payment": "how people pay is not taken in",
}
_NOTES = ("Etsy gives no addresses: what was bought counts in figures, and nobody in the file can be written to.",)

FORMATS = (
    Format(
        "etsy-items",
        "Etsy's export of sold items",
        ("Sale Date", "Item Name", "Quantity", "Price", "Listing ID", "Order ID"),
        _sold_items,
        _LEAVE,
        notes=_NOTES,
    ),
    Format(
        "etsy-orders",
        "Etsy's export of sold orders",
        ("Sale Date", "Order ID", "Order Value", "Order Total"),
        _sold_orders,
        _LEAVE,
        reads=("Status",),
        notes=_NOTES,
    ),
)
