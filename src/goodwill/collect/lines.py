"""Order lines: each becomes an event "bought", with its product, how much of it, and what it came to."""

from array import array
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection

from goodwill import catalogue
from goodwill.catalogue import Product
from goodwill.collect import keys, store
from goodwill.collect.columns import BAD, BLANK, Marks, Memo, Numbers, Reason, Unreadable
from goodwill.collect.events import add_events
from goodwill.collect.groups import Group
from goodwill.collect.plans import PartPlan
from goodwill.collect.sales import Sale, Sales
from goodwill.collect.tables import Chunk
from goodwill.collect.values import quantity_reader, read_id, read_text
from goodwill.collect.writing import Making, Prepared, Tools, Wrote, blank_rows, broken_rows, group_of
from goodwill.people.log import EventColumns
from goodwill.people.repeats import sent_otherwise, shared_orders
from goodwill.people.types import BOUGHT

_ONE = 1_000  # a quantity of one, in thousandths
_OVERFLOWS = 9e18
_EQUAL = Reason(
    "stands again in its order, with the same quantity and amount, so it counts as one more line",
    "if it is there by mistake, take the import back, delete the line and import again",
)


_SENT = Reason(
    "is an order of which a program sent other lines, and the new ones count beside them",
    "if they are the same lines under other numbers of products, take this import back, and say with --map product=… "
    "the column that holds the numbers which the program sends",
)


def _added_to(import_id: int) -> Reason:
    return Reason(
        f"is an order of which import {import_id} brought other lines, and the new ones count beside them",
        f"if they stand in their place, take that import back (goodwill import undo {import_id}) and import again",
    )


class Lines:
    """Reads and writes order lines."""

    def __init__(self, part: PartPlan, tools: Tools, making: Making, currency: str | None) -> None:
        self._part = part
        self._making = making
        self._sales = Sales(part, tools, making, currency)
        self._products = _Products(making)
        self._product_memo = Memo(self._products.number)
        self._quantity_memo = Memo(quantity_reader(part.survey.marks.get("quantity", "")))
        self._line_memo = Memo(_line_word)
        self._occurrence_memo = Memo(_occurrence)
        self._counted, self._equals = keys.Counted(), keys.Counted()

    def prepare(self, chunk: Chunk) -> Prepared:
        sale = self._sales.read(chunk)
        product = self._read_products(chunk, sale)
        quantity = self._read_quantities(chunk, sale)
        amount = self._read_amounts(chunk, sale, quantity)
        key = self._keys(chunk, sale, product)
        nth = key.nth.tolist()
        good = np.flatnonzero(sale.faults.none)
        skipped = blank_rows(self._part, chunk, ~sale.faults.none)
        sale.faults.which[skipped] = -1
        rejects = [*broken_rows(self._part, chunk), *sale.faults.rejects(nth)]
        day = self._sales.when.calendar.days(sale.at[good])
        paid = amount[good] if amount is not None else None
        details = self._sales.details(chunk, good)
        events = _Bought(good, sale.at[good], day, product[good], quantity[good], paid, key.key[good], details)
        remarks = self._remarks(chunk, sale, key, events)

        def write(connection: Connection) -> Wrote:
            return add_events(connection, self._part, chunk, good, self._events(connection, sale, events), nth)

        blank = int(np.count_nonzero(skipped))
        skips = {"blank rows": blank} if blank else {}
        return Prepared(chunk.rows + len(chunk.broken), rejects, write, skips, remarks)

    def remarks_at_end(self, connection: Connection) -> list[Group]:
        """What to know of orders that an earlier import had brought, to which this file added lines."""
        number = self._making.id
        if self._sales.says("occurrence"):
            return []  # mended rejects are added to their orders
        sent = self._sales.orders_of(sent_otherwise(connection, number), _SENT)
        found = [sent] if sent is not None else []
        if not store.has_other(connection, number, "order-lines"):
            return found
        by_import = defaultdict[int, list[int]](list)
        for reference, by in shared_orders(connection, number).items():
            by_import[by].append(reference)
        others = (self._sales.orders_of(references, _added_to(by)) for by, references in sorted(by_import.items()))
        return [*found, *(group for group in others if group is not None)]

    def _remarks(self, chunk: Chunk, sale: Sale, key: "_Keys", events: "_Bought") -> list[Group]:
        """What to know of lines that are kept: equal ones of one order, and amounts in another currency."""
        rows = events.rows
        paid = events.amount if events.amount is not None else np.full(rows.size, BLANK)
        content = keys.mixed(key.base[rows], keys.mixed(events.quantity, paid))
        equal = (self._equals.nth(content, sale.seen[rows]) > 0) & ~key.numbered[rows]
        if self._sales.says("occurrence"):
            equal[:] = False  # mended rejects tell by themselves which of several they are
        field = "product" if self._sales.says("product") else "product-name"
        found = group_of(self._part, chunk, rows[equal], field, _EQUAL)
        return [*found, *self._sales.foreign_money(chunk, sale, rows[paid != BLANK])]

    def _events(self, connection: Connection, sale: Sale, events: "_Bought") -> EventColumns:
        rows = events.rows
        return EventColumns(
            person=self._sales.persons(connection, sale, rows),
            type=np.full(rows.size, BOUGHT, np.int64),
            at=events.at,
            day=events.day,
            key=events.key,
            product=self._products.ids(connection, events.product),
            quantity=events.quantity,
            amount=_or_none(events.amount) if events.amount is not None else None,
            currency=self._sales.currencies_of(sale, rows) if events.amount is not None else None,
            reference=sale.reference[rows],
            import_id=self._making.id,
            detail=events.detail,
        )

    def _read_products(self, chunk: Chunk, sale: Sale) -> Numbers:
        """Each row's product, as an index into the file's products."""
        ids, names = (
            self._sales.column(chunk, field) if self._sales.says(field) else None
            for field in ("product", "product-name")
        )
        numbers = np.full(chunk.rows, BLANK, np.int64)
        if ids is not None:
            numbers = self._product_memo.of(ids)
            sale.faults.unreadable(numbers == BAD, "product", self._product_memo)
        if names is not None:
            open_rows = numbers == BLANK
            if open_rows.any():
                numbers[open_rows] = self._product_memo.of(names.some(open_rows))
                sale.faults.unreadable(numbers == BAD, "product-name", self._product_memo)
            self._products.name(numbers, names.texts() if ids is not None else None)
        field = "product" if ids is not None else "product-name"
        sale.faults.because(numbers == BLANK, field, "is empty", "write the product's number or name")
        return numbers

    def _read_quantities(self, chunk: Chunk, sale: Sale) -> Numbers:
        if not self._sales.says("quantity"):
            return np.full(chunk.rows, _ONE, np.int64)
        quantity = self._quantity_memo.of(self._sales.column(chunk, "quantity"))
        sale.faults.unreadable(quantity == BAD, "quantity", self._quantity_memo)
        sale.faults.because(quantity == BLANK, "quantity", "is empty", "write how many were bought, such as 1")
        return quantity

    def _read_amounts(self, chunk: Chunk, sale: Sale, quantity: Numbers) -> Numbers | None:
        """What each line came to; BLANK where nobody says. None where the file has no amounts at all."""
        if not self._sales.says("amount") and not self._sales.says("unit-price"):
            return None
        amount = np.full(chunk.rows, BLANK, np.int64)
        if self._sales.says("amount"):
            amount = self._sales.money(chunk, "amount", sale)
        if self._sales.says("unit-price") and (amount == BLANK).any():
            price = self._sales.money(chunk, "unit-price", sale)
            usable = (amount == BLANK) & (price > BAD) & (quantity > BAD)
            large = usable & (price.astype(float) * quantity >= _OVERFLOWS)
            sale.faults.because(large, "unit-price", "gives an amount that is too large", "check price and quantity")
            usable &= ~large
            # Tills round halves up; whole numbers, so nothing is lost on the way.
            amount[usable] = (price[usable] * quantity[usable] + _ONE // 2) // _ONE
            self._take_off(chunk, sale, amount, usable)
        return amount

    def _take_off(self, chunk: Chunk, sale: Sale, amount: Numbers, rows: Marks) -> None:
        """Take off what a line says was taken off its price."""
        if not self._sales.says("discount"):
            return
        off = self._sales.money(chunk, "discount", sale)
        given = rows & (off > BAD)
        too_much = given & (off > amount)
        sale.faults.because(too_much, "discount", "is more than the line came to", "check price, quantity and discount")
        given &= ~too_much
        amount[given] -= off[given]

    def _keys(self, chunk: Chunk, sale: Sale, product: Numbers) -> "_Keys":
        words, numbered = self._words(chunk, sale, product)
        base = keys.mixed(sale.reference, words)
        counts = (sale.place >= 0) & (words > BAD)
        nth = np.zeros(chunk.rows, np.int64)
        nth[counts] = self._counted.nth(base[counts], sale.seen[counts])
        twice = counts & numbered & (nth > 0)
        sale.faults.because(twice, "line", "stands twice in its order", "leave one out, or give it its own number")
        if self._sales.says("occurrence"):
            said = self._occurrence_memo.of(self._sales.column(chunk, "occurrence"))
            nth = np.where(said > BAD, said, nth)
        return _Keys(base, numbered, nth, keys.line_keys(sale.reference, words, nth))

    def _words(self, chunk: Chunk, sale: Sale, product: Numbers) -> tuple[Numbers, Marks]:
        """What tells each line from the others of its order: its own number if it has one, else its product."""
        words = self._products.words(product)
        if not self._sales.says("line"):
            return words, np.zeros(chunk.rows, bool)
        numbers = self._line_memo.of(self._sales.column(chunk, "line"))
        sale.faults.unreadable(numbers == BAD, "line", self._line_memo)
        return np.where(numbers > BAD, numbers, words), numbers > BAD


@dataclass(frozen=True, slots=True)
class _Keys:
    """By what the lines of a chunk are known again.

    Attributes:
        base: their order and what tells them from its other lines; numbered: that is a number of their own.
        nth: which of several of one base each is.
    """

    base: Numbers
    numbered: Marks
    nth: Numbers
    key: Numbers


@dataclass(frozen=True, slots=True)
class _Bought:
    """The lines of a chunk that are kept: which rows they are, and their columns."""

    rows: Numbers
    at: Numbers
    day: Numbers
    product: Numbers
    quantity: Numbers
    amount: Numbers | None
    key: Numbers
    detail: list[str | None] | None


class _Products:
    """The products that a file names; those that the catalogue does not know are added with what the file says."""

    def __init__(self, making: Making) -> None:
        self._making = making
        self._numbers: dict[str, int] = {}
        self._externals: list[str] = []
        self._words = array("q")
        self._names: dict[int, str] = {}
        self._ids = array("q")  # −1: not looked for yet

    def number(self, value: object) -> int | None:
        external = read_id(value)
        if external is None:
            return None
        given = self._numbers.setdefault(external, len(self._externals))
        if given == len(self._externals):
            self._externals.append(external)
            self._words.append(keys.product_word(external))
        return given

    def words(self, numbers: Numbers) -> Numbers:
        """What tells lines of different products apart; BLANK where there is no product."""
        if not self._words:
            return np.full(numbers.size, BLANK, np.int64)
        known = np.frombuffer(self._words, np.int64)
        return np.where(numbers > BAD, known[np.where(numbers > BAD, numbers, 0)], BLANK)

    def name(self, numbers: Numbers, names: list[str] | None) -> None:
        """Remember what a product is called where it is first met."""
        if names is None:
            return
        distinct, firsts = np.unique(numbers, return_index=True)
        for number, row in zip(distinct.tolist(), firsts.tolist(), strict=True):
            if number > BAD and number not in self._names and names[row].strip():
                self._names[number] = names[row]

    def ids(self, connection: Connection, numbers: Numbers) -> Numbers:
        """The catalogue's ids; products that it does not know yet are added."""
        self._ids.extend([-1] * (len(self._externals) - len(self._ids)))
        ids = np.frombuffer(self._ids, np.int64)
        fresh = {self._externals[number]: number for number in np.unique(numbers[ids[numbers] < 0]).tolist()}
        if fresh:
            self._find(connection, fresh, ids)
        return ids[numbers]

    def _find(self, connection: Connection, fresh: Mapping[str, int], ids: Numbers) -> None:
        known = catalogue.ids_of(connection, fresh)
        missing = [external for external in fresh if external not in known]
        if missing:
            made = catalogue.upsert_many(
                connection, [self._product(external, fresh[external]) for external in missing], self._making.id
            )
            known.update(zip(missing, made.ids, strict=True))
        ids[[fresh[external] for external in known]] = list(known.values())

    def _product(self, external: str, number: int) -> Product:
        try:
            return Product(external, name=read_text(self._names.get(number, "")) or None)
        except Unreadable:
            return Product(external)  # its name has broken letters: the line counts all the same


def _line_word(value: object) -> int | None:
    line = read_id(value)
    return keys.line_word(line) if line is not None else None


def _occurrence(value: object) -> int | None:
    word = read_id(value)
    return int(word) if word is not None and word.isdecimal() else None


def _or_none(amounts: Numbers) -> Numbers | list[int | None]:
    blank = amounts == BLANK
    if not blank.any():
        return amounts
    return [None if amount == BLANK else amount for amount in amounts.tolist()]
