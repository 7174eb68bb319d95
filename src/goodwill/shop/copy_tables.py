"""The own copy as tables: a ZIP with a CSV file for each heading, written as it is read.

``customers.csv``, ``order-lines.csv`` and ``consents.csv`` are headed so that an import reads them; a copy of what was
imported from them is the same again. An order is named by its day and its place in that day, because the shop's own
order number is not kept.
"""

import csv
import io
import json
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from goodwill.basics.cells import safe_cell
from goodwill.basics.clock import date_of, iso
from goodwill.basics.money import Money
from goodwill.consent import State
from goodwill.shop.copy_json import Copy, in_words, said

Rows = Iterable[Sequence[object]]
_ANSWERS = {State.GIVEN: "yes", State.RENEWED: "yes", State.REFUSED: "no", State.WITHDRAWN: "withdrawn"}
_PIECE = 1 << 16


def zipped(copy: Copy) -> Iterator[bytes]:
    """The ZIP, piece by piece; nothing is written to a disk."""
    out = _Pieces()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, headings, rows in _tables(copy):
            with archive.open(name, "w") as file:
                for text in _lines(headings, rows):
                    file.write(text.encode())
                    yield from out.given()
            yield from out.given()
    yield from out.given(everything=True)


class _Pieces(io.RawIOBase):
    """Takes what an archive writes and gives it on; it cannot go back, which ZIP does not need."""

    def __init__(self) -> None:
        super().__init__()
        self._held = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._held += data
        return len(data)

    def given(self, *, everything: bool = False) -> Iterator[bytes]:
        if self._held and (everything or len(self._held) >= _PIECE):
            yield bytes(self._held)
            self._held.clear()


def _lines(headings: Sequence[str], rows: Rows) -> Iterator[str]:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(headings)
    for row in rows:
        writer.writerow([safe_cell(cell) for cell in row])
        if text.tell() >= _PIECE:
            yield text.getvalue()
            text.seek(0)
            text.truncate()
    yield text.getvalue()


def _tables(copy: Copy) -> Iterator[tuple[str, Sequence[str], Rows]]:
    """Each file: its name, its headings, its rows."""
    person = copy.person
    yield (
        "read-me.csv",
        ("about",),
        (
            [line]
            for line in (
                f"Everything that {copy.shop.settings.name} holds about you, as of {copy.made_at}. Times are in UTC.",
                *copy.notes,
            )
        ),
    )
    yield "customers.csv", *_customers(copy)
    yield "order-lines.csv", _ORDER, _order_lines(copy)
    yield "consents.csv", _CONSENT, _consents(copy)
    yield "what-happened.csv", _HAPPENED, _happened(copy)
    yield (
        "who-read-your-data.csv",
        _READ,
        (
            (read.purpose, read.categories, read.verb, read.times, iso(read.first_at), iso(read.last_at), read.position)
            for read in person.reads
        ),
    )
    yield (
        "staff-who-looked.csv",
        ("day", "who", "what", "times"),
        ((date_of(look.day).isoformat(), look.who, look.action, look.times) for look in copy.staff),
    )
    yield (
        "how-much-is-held.csv",
        ("what", "rows", "since", "until", "kept"),
        ((held.under, held.rows, said(held.since), said(held.until), held.kept) for held in person.held),
    )
    yield (
        "from-which-files.csv",
        ("import", "file", "read at", "taken back", "what", "rows"),
        (
            (one.number, one.file, iso(one.at), "yes" if one.taken_back else "no", what, many)
            for one in copy.traces.files
            for what, many in (*((f"{name} events", many) for name, many in one.happened.items()), *one.brought.items())
        ),
    )
    yield (
        "totals-that-count-you.csv",
        ("total", "purpose", "people at least", "you since at the earliest", "as of"),
        ((one.name, one.purpose, one.people, said(one.since), iso(one.as_of)) for one in copy.traces.totals),
    )
    for section in person.more:
        lines = [in_words(row) for row in section.rows]
        names = list(dict.fromkeys(name for line in lines for name in line))
        yield f"{_file_name(section.under)}.csv", names, ([line.get(name) for name in names] for line in lines)


def _file_name(heading: str) -> str:
    """The name of a file, for every system alike: the heading's first words, small and joined."""
    first = re.split(r"[,(]", heading)[0]
    return "-".join(re.findall(r"[a-z0-9]+", first.lower().replace("'", "")))


_READ = ("purpose", "data", "how", "times", "first", "last", "row of the consent ledger")
_HAPPENED = ("what", "category", "at", "product", "name", "quantity", "amount", "currency", "code", "detail", "import")


def _happened(copy: Copy) -> Rows:
    for event in copy.person.events:
        product = copy.product(event.product)
        yield (
            event.type, event.category, iso(event.at),
            product.external if product else None, product.name if product else None,
            _quantity(event.quantity), _amount(event.amount, event.currency), event.currency,
            event.reference, event.detail, event.import_id,
        )  # fmt: skip


# ---- what an import reads again --------------------------------------------------------------------------------------

_ORDER = (
    "order_id",
    "customer_id",
    "email",
    "ordered_at",
    "product_id",
    "product_name",
    "quantity",
    "amount",
    "currency",
)
_CONSENT = (
    "customer_id", "email", "purpose", "data category", "answer", "said at", "notice", "words", "how", "language",
)  # fmt: skip


def _named(copy: Copy) -> tuple[str, str]:
    """The customer's own id and her address, the first of each, by which rows of a file name her."""
    first: dict[str, str] = {}
    for kind, value in copy.person.identities:
        first.setdefault(kind, value)
    customer = first.get("user_id", "")
    return customer, "" if customer else first.get("email", "")


def _customers(copy: Copy) -> tuple[Sequence[str], Rows]:
    """A row with her ids and facts, and one more for each further address or telephone number."""
    facts: Mapping[str, str] = copy.person.profile
    emails, phones = (
        [value for kind, value in copy.person.identities if kind == wanted] for wanted in ("email", "phone")
    )
    customer = next((value for kind, value in copy.person.identities if kind == "user_id"), "")
    rows = [
        (
            customer,
            emails[n] if n < len(emails) else "",
            phones[n] if n < len(phones) else "",
            *(facts.values() if n == 0 else [""] * len(facts)),
        )
        for n in range(max(1, len(emails), len(phones)))
    ]
    return ("customer_id", "email", "phone", *facts), rows


def _order_lines(copy: Copy) -> Rows:
    customer, email = _named(copy)
    orders: dict[int, str] = {}
    of_day: dict[str, int] = {}
    bought = [event for event in copy.person.events if event.type == "bought" and event.reference is not None]
    # Named by what an import keeps, so that the same lines bear the same names in the next copy.
    for event in sorted(bought, key=lambda event: (event.at // 1_000_000, _external(copy, event.product))):
        if event.reference not in orders and event.reference is not None:
            day = iso(event.at)[:10]
            of_day[day] = of_day.get(day, 0) + 1
            orders[event.reference] = f"{day}-{of_day[day]}"
    for event in bought:
        product = copy.product(event.product)
        yield (
            orders[event.reference or 0], customer, email, iso(event.at),
            product.external if product else "", product.name if product else "",
            _quantity(event.quantity), _amount(event.amount, event.currency), event.currency,
        )  # fmt: skip


def _external(copy: Copy, product: int | None) -> str:
    found = copy.product(product)
    return found.external if found else ""


def _consents(copy: Copy) -> Rows:
    """Her answers as they stand; what was taken back as never valid is no answer."""
    customer, email = _named(copy)
    taken_back = {row.refers for row in copy.person.consents}
    for row in copy.person.consents:
        if row.state in _ANSWERS and row.position not in taken_back:
            asked = _asked(row.asked)
            yield (
                customer, email, row.purpose, row.category, _ANSWERS[row.state], said(row.said_at), row.notice,
                asked.get("words"), asked.get("how"), asked.get("language"),
            )  # fmt: skip


def _asked(text: str) -> Mapping[str, str]:
    found: Mapping[str, str] = json.loads(text)
    return found


def _quantity(thousandths: int | None) -> str | None:
    if thousandths is None:
        return None
    return f"{thousandths / 1000:.3f}".rstrip("0").rstrip(".")


def _amount(minor: int | None, currency: str | None) -> str | None:
    return str(Money(minor, currency).amount) if minor is not None and currency else None
