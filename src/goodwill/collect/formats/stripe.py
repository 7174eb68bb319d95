"""Stripe: payments and customers. Nothing of a card is taken in."""

from collections.abc import Mapping, Sequence

from goodwill.collect.columns import Marks
from goodwill.collect.views import Format, Heads, Piece, View, said, which

_PAID = frozenset(("paid", "succeeded", "refunded", "partially refunded", "partial refund", "disputed"))


def _payments(_: Heads) -> Sequence[View]:
    who = {"customer": ("Customer ID",), "email": ("Customer Email",)}
    order = {"order": ("id",), "time": ("Created (UTC)", "Created date (UTC)"), "currency": ("Currency",), **who}
    return (
        View("customers", who, rows=_with_somebody, fills=True),
        View("orders", {**order, "total": ("Amount",)}, passed=_passed),
        View("refunds", {**order, "refunded": ("Amount Refunded",)}, rows=_refunded, passed=_passed),
    )


def _with_somebody(piece: Piece) -> Marks:
    return said(piece.cells("Customer Email"))


def _refunded(piece: Piece) -> Marks:
    return which(piece.cells("Amount Refunded"), lambda cell: any(digit in "123456789" for digit in cell))


def _passed(piece: Piece) -> Mapping[str, Marks]:
    test = which(piece.cells("Mode"), lambda cell: cell.strip().casefold() == "test")
    unpaid = which(piece.cells("Status"), lambda cell: cell.strip().casefold().replace("_", " ") not in _PAID)
    return {"rows of test payments": test, "rows of payments that never came": unpaid & ~test}


def _customers(_: Heads) -> Sequence[View]:
    says = {"customer": ("id",), "email": ("Email",), "name": ("Name",)}
    return (View("customers", says),)


_CARD = "payment cards are not taken in"
_LEAVE = {
    "card": _CARD,
    "description": "free notes about people are not taken in",
    "customer description": "free notes about people are not taken in",
    "delinquent": "what people owe is not taken in",
    "total spend": "sums are worked out from orders",
    "payment count": "sums are worked out from orders",
}

FORMATS = (
    Format(
        "stripe-payments",
        "Stripe's export of payments",
        ("id", "Amount", "Amount Refunded", "Currency", "Status"),
        _payments,
        _LEAVE,
        reads=("Status", "Mode"),
        notes=("A payment counts as an order: take in either these payments or the shop's own orders, not both.",),
    ),
    Format("stripe-customers", "Stripe's export of customers", ("id", "Email", "Delinquent"), _customers, _LEAVE),
)
