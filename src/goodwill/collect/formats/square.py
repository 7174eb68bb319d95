"""Square: what was sold, item by item, and the payments. Date, time and zone stand in columns of their own."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from goodwill.collect.columns import Marks
from goodwill.collect.views import Format, Heads, Piece, View, said, which

# Square writes zones as people read them. Where the clock is an American one, so are the dates: the month comes first.
_AMERICAN = {
    "eastern time": "America/New_York", "central time": "America/Chicago", "mountain time": "America/Denver",
    "pacific time": "America/Los_Angeles", "arizona": "America/Phoenix", "alaska": "America/Juneau",
    "hawaii": "Pacific/Honolulu", "indiana (east)": "America/Indiana/Indianapolis",
}  # fmt: skip
_ELSEWHERE = {
    "atlantic time": "America/Halifax", "newfoundland": "America/St_Johns", "saskatchewan": "America/Regina",
    "london": "Europe/London", "edinburgh": "Europe/London", "dublin": "Europe/Dublin", "paris": "Europe/Paris",
    "madrid": "Europe/Madrid", "berlin": "Europe/Berlin", "sydney": "Australia/Sydney", "melbourne":
    "Australia/Melbourne", "brisbane": "Australia/Brisbane", "perth": "Australia/Perth", "adelaide":
    "Australia/Adelaide", "hobart": "Australia/Hobart", "canberra": "Australia/Sydney", "darwin": "Australia/Darwin",
    "tokyo": "Asia/Tokyo", "osaka": "Asia/Tokyo",
}  # fmt: skip
_DATES = {True: ("%Y-%m-%d", "%m/%d/%y", "%m/%d/%Y"), False: ("%Y-%m-%d", "%d/%m/%y", "%d/%m/%Y", "%d.%m.%Y")}
_CLOCKS = ("%H:%M:%S", "%I:%M:%S %p", "%H:%M", "%I:%M %p")


@cache
def _zone(name: str) -> tuple[ZoneInfo | None, bool]:
    """The zone of a name, and whether its dates begin with the month; none where nobody knows it."""
    word = name.strip().casefold().removesuffix(" (us & canada)").removesuffix(" (canada)")
    american = word in _AMERICAN or name.startswith("US/")
    found = _AMERICAN.get(word) or _ELSEWHERE.get(word) or name.strip()
    try:
        return (ZoneInfo(found) if found else None), american
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None, american


@cache
def _day(text: str, *, american: bool) -> datetime | None:
    return _read(text, _DATES[american])


def _read(text: str, forms: Sequence[str]) -> datetime | None:
    for form in forms:
        try:
            return datetime.strptime(text.strip(), form)  # noqa: DTZ007  the zone stands in a column of its own
        except ValueError:
            continue
    return None


def _times(piece: Piece) -> Sequence[str]:
    """Date, time and zone put together; where the zone is not known, the shop's own counts."""
    return [
        _time(*row)
        for row in zip(piece.cells("Date"), piece.cells("Time"), piece.cells("Time Zone"), strict=True)
    ]  # fmt: skip


def _time(date: str, clock: str, name: str) -> str:
    zone, american = _zone(name)
    day, at = _day(date, american=american), _read(clock, _CLOCKS)
    if zone is None or day is None or at is None:
        return f"{date} {clock}".strip()
    return datetime.combine(day, at.time(), zone).isoformat()


def _orders(piece: Piece) -> Sequence[str]:
    """Numbers of a till; they must not be taken for those of a web shop."""
    return [f"square:{one.strip()}" if one.strip() else "" for one in piece.cells("Transaction ID", "Payment ID")]


def _customers(piece: Piece) -> Sequence[str]:
    """The shop's own number of a customer where Square was told it, else Square's."""
    return [
        own if own.strip() else theirs
        for own, theirs in zip(piece.cells("Customer Reference ID"), piece.cells("Customer ID"), strict=True)
    ]


def _names(piece: Piece) -> Sequence[str]:
    """What was sold, with its price point where there are several."""
    pairs = zip(piece.cells("Item"), piece.cells("Price Point Name"), strict=True)
    return [f"{item} - {kind}" if kind.strip() not in ("", "Regular") else item for item, kind in pairs]


def _back(piece: Piece) -> Marks:
    return which(piece.cells("Event Type"), lambda cell: cell.strip().casefold() == "refund")


def _given_back(piece: Piece) -> Sequence[str]:
    """What was given back, as a sum above zero: Square writes -$6.20 or ($6.20)."""
    return [cell.strip().strip("()").replace("-", "") for cell in piece.cells("Total Collected")]


def _pass_refunds(piece: Piece) -> Mapping[str, Marks]:
    return {"rows of refunds": _back(piece)}


def _with_somebody(piece: Piece) -> Marks:
    return said(piece.cells("Customer ID")) | said(piece.cells("Customer Reference ID"))


_CELLS = {
    "Date": _times, "Transaction ID": _orders, "Payment ID": _orders, "Customer ID": _customers, "Item": _names,
}  # fmt: skip
_WHO = {"customer": ("Customer ID",)}
_ORDER = {"order": ("Transaction ID", "Payment ID"), "time": ("Date",), **_WHO}
_PEOPLE = View("customers", {**_WHO, "name": ("Customer Name",)}, rows=_with_somebody, cells=_CELLS, fills=True)


def _items(_: Heads) -> Sequence[View]:
    says = {
        **_ORDER,
        "product": ("SKU",),
        "product-name": ("Item",),
        "quantity": ("Qty",),
        "amount": ("Net Sales",),
        "occurrence": ("rejected occurrence",),
    }
    return _PEOPLE, View("order-lines", says, cells=_CELLS, passed=_pass_refunds)


def _transactions(heads: Heads) -> Sequence[View]:
    says = {**_ORDER, "total": ("Total Collected",), "channel": ("Source",)}
    orders = View("orders", says, cells=_CELLS, passed=_pass_refunds)
    if not heads.has("Event Type"):
        return _PEOPLE, orders
    cells = {**_CELLS, "Total Collected": _given_back}
    return _PEOPLE, orders, View("refunds", {**_ORDER, "refunded": ("Total Collected",)}, rows=_back, cells=cells)


_CARD, _STAFF = "payment cards are not taken in", "who sold it is not taken in"
_PART = "a part of the total; the total is taken in"
_LEAVE = {
    "pan suffix": _CARD,
    "card": _CARD,
    "staff": _STAFF,
    "team member": _STAFF,
    "employee": _STAFF,
    "device": "which till it was is not taken in",
    "notes": "free notes about people are not taken in",
    "details": "links into Square are not taken in",
    **dict.fromkeys(("gross sales", "discounts", "tax", "tip", "fees", "net total", "net sales"), _PART),
}
_READS = ("Time", "Time Zone", "Event Type", "Customer Reference ID")

FORMATS = (
    Format(
        "square-items",
        "Square's export of items",
        ("Date", "Time", "Time Zone", "Item", "Qty", "Net Sales", "Transaction ID"),
        _items,
        _LEAVE,
        reads=(*_READS, "Price Point Name"),
    ),
    Format(
        "square-transactions",
        "Square's export of transactions",
        ("Date", "Time", "Time Zone", "Total Collected", "Transaction ID"),
        _transactions,
        {**_LEAVE, "partial refunds": "refunds are taken in from rows of their own"},
        reads=_READS,
    ),
)
