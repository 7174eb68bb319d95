"""What files of orders and files of order lines have in common: which order, whose, when, in which currency.

All rows of one order must agree on these. A row that leaves the customer, the time or the currency open has those of
its order's first row, as shop systems write it.
"""

import json
from array import array
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from sqlalchemy import Connection

from goodwill.basics.clock import DAY
from goodwill.collect import keys
from goodwill.collect.columns import BAD, BLANK, MOST_REMEMBERED, Column, Marks, Memo, Numbers, Reason, runs
from goodwill.collect.groups import LINES, Group
from goodwill.collect.live.commerce import detail_of
from goodwill.collect.named import IDENTITIES, Reading, reading
from goodwill.collect.plans import PartPlan
from goodwill.collect.tables import Chunk
from goodwill.collect.values import money_reader, read_currency, read_id, read_text
from goodwill.collect.views import shared
from goodwill.collect.when import When
from goodwill.collect.writing import Faults, Making, Texts, Tools, foreign_money
from goodwill.people import suppress
from goodwill.people.together import Id, identify_rows

# What stands beside an order's sums, by the name under which programs send it too.
_BESIDE = {"coupon": "coupon", "channel": "channel", "order-tags": "tags"}
LEFT_ALONE = -2  # in place of a person's number: somebody of whom nothing may be kept


@dataclass
class Sale:
    """The common columns of a chunk, row by row.

    Attributes:
        reference: number of the order.
        at: microseconds since 1970 in UTC.
        customer: index into `Sales.customers`; BLANK: nobody.
        currency: index into `Sales.currencies`.
        seen: whether its order had rows in an earlier chunk.
        place: where its order stands in the file's list of orders; −1: nowhere.
    """

    faults: Faults
    reference: Numbers
    at: Numbers
    customer: Numbers
    currency: Numbers
    seen: Marks
    place: Numbers


class Sales:
    """Reads the common columns, and remembers the customers, currencies and orders of the file.

    Attributes:
        when: reads the times.
        customers: whom the file names.
        currencies: codes; the first is that of amounts that name none.
    """

    def __init__(self, part: PartPlan, tools: Tools, making: Making, currency: str | None) -> None:
        known = part.known
        self.part = part
        self.when = When(part, tools, making)
        self.customers: Customers = shared(
            part.table, ("customers", tools.region), partial(Customers, part, tools.region)
        )
        self.currencies = [known.constants.get("currency") or known.currency or currency or tools.currency]
        self._tools = tools
        self._making = making
        self._orders = _Orders()
        self._order_memo: Memo = shared(part.table, ("order", tools.source), partial(Memo, _references(tools.source)))
        self._currency_memo = Memo(self._currency)
        self._money: dict[tuple[str, int], Memo] = {}
        self._beside_sums = {field: name for field, name in _BESIDE.items() if self.says(field)}
        self._texts, self._details = Texts(read_text), dict[tuple[str | None, ...], str | None]()
        # Other ids that stand beside a customer's; of use only where somebody is left alone.
        self._watches = tools.cipher.keys.leaves_anybody_alone()
        self._beside: dict[int, set[int]] = {}

    def read(self, chunk: Chunk) -> Sale:
        """The common columns of a chunk; rows with faults in them are marked."""
        faults = Faults(self.part, chunk)
        reference = self._order_memo.of(self.column(chunk, "order"))
        faults.because(reference == BLANK, "order", "is empty", "write the order's number; its lines belong together")
        faults.unreadable(reference == BAD, "order", self._order_memo)
        at = self.when.read(chunk, faults)
        currency = self._read_currencies(chunk, faults)
        customer = self._read_customers(chunk, faults)
        usable = (reference > BAD) & (at > BAD)
        place, seen = self._orders.places(reference, usable, chunk.lines)
        sale = Sale(faults, reference, at, customer, currency, seen, place)
        self._orders.learn(sale)
        self._agree(sale, chunk)
        faults.because(sale.at == BLANK, "time", "is empty", "write when it was bought, like 2026-01-31 14:30")
        return sale

    def says(self, field: str) -> bool:
        """Whether a column of the file says a field."""
        return field in self.part.known.columns

    def column(self, chunk: Chunk, field: str) -> Column:
        """The column that says a field."""
        return chunk.column(self.part.known.columns[field])

    def money(self, chunk: Chunk, field: str, sale: Sale) -> Numbers:
        """A column of amounts in minor units of each row's currency; BLANK where nothing is said."""
        column = self.column(chunk, field)
        amounts = np.full(len(column), BLANK, np.int64)
        for number in np.unique(sale.currency).tolist():
            memo = self._money_memo(field, number)
            rows = sale.currency == number
            amounts[rows] = memo.of(column.some(rows))
            sale.faults.unreadable(rows & (amounts == BAD), field, memo)
        return amounts

    def apart(self, chunk: Chunk, field: str) -> tuple[Numbers, Numbers]:
        """The currencies and amounts of rows that are only counted."""
        faults = Faults(self.part, chunk)
        currency = np.maximum(self._read_currencies(chunk, faults), 0)
        nothing = np.full(chunk.rows, BLANK, np.int64)
        sale = Sale(faults, nothing, nothing, nothing, currency, np.zeros(chunk.rows, bool), nothing)
        return currency, self.money(chunk, field, sale)

    def persons(self, connection: Connection, sale: Sale, rows: Numbers) -> Numbers:
        """The people behind some rows, −1 for nobody, `LEFT_ALONE` for whoever must be; whoever is new is made."""
        customer = np.where(sale.customer[rows] > BAD, sale.customer[rows], -1)
        person = np.full(len(self.customers.ids) + 1, -1, np.int64)  # one more, for −1: nobody
        here = np.zeros(person.size, bool)
        here[customer] = True
        numbers = np.flatnonzero(here[:-1]).tolist()
        beside = self._beside_left_alone(numbers) if self._watches else {}
        # Nobody is made of an id that stands beside one of somebody who is left alone.
        named = [dict((self.customers.ids[number], *beside.get(number, ()))) for number in numbers]
        met = identify_rows(
            connection, self._tools.cipher, named, now=self._making.now, import_id=self._making.id,
            region=self._tools.region,
        )  # fmt: skip
        person[numbers] = [one.person if one is not None else LEFT_ALONE for one in met]
        return person[customer]

    def details(self, chunk: Chunk, rows: Numbers) -> list[str | None] | None:
        """What some rows say beside their sums (a discount code, where it was sold, tags), as JSON."""
        if not self._beside_sums:
            return None
        columns = [self._texts.of(self.column(chunk, field)) for field in self._beside_sums]
        told = list(zip(*columns, strict=True))
        return [self._detail(told[row]) for row in rows.tolist()]

    def _detail(self, words: tuple[str | None, ...]) -> str | None:
        """The same words are read once; what looks like somebody's address or number stays behind."""
        if len(self._details) > MOST_REMEMBERED:
            self._details.clear()
        if words not in self._details:
            named = zip(self._beside_sums.values(), words, strict=True)
            kept = detail_of(**{name: word or None for name, word in named})
            self._details[words] = json.dumps(kept, sort_keys=True) if kept is not None else None
        return self._details[words]

    def currencies_of(self, sale: Sale, rows: Numbers) -> str | list[str]:
        """The currency of some rows: one for all, or one each."""
        numbers = sale.currency[rows]
        if not numbers.size or (numbers == numbers[0]).all():
            return self.currencies[int(numbers[0]) if numbers.size else 0]
        return [self.currencies[number] for number in numbers.tolist()]

    def foreign_money(self, chunk: Chunk, sale: Sale, rows: Numbers) -> list[Group]:
        """What to know of the amounts of some rows that are not in the shop's currency."""
        if not sale.currency[rows].any() and self.currencies[0] == self._tools.currency:
            return []
        codes = [self.currencies[number] for number in sale.currency[rows].tolist()]
        return foreign_money(self.part, chunk, rows, codes, self._tools.currency)

    def other_totals(self, sale: Sale, total: Numbers) -> Marks:
        """Rows of an order whose total differs from the one that its first row gave."""
        first = self._orders.learn_total(sale, total)
        other: Marks = (first > BAD) & (total > BAD) & (first != total)
        return other

    def other_times(self, sale: Sale) -> Marks:
        """Rows of an order whose time differs from the one that its first row gave."""
        first = self._orders.of(self._orders.at, sale.place)
        other: Marks = (first > BAD) & (sale.at > BAD) & (first != sale.at)
        return other

    def line_of(self, place: int) -> int:
        """The line on which an order begins."""
        return self._orders.line[place]

    def orders_of(self, references: Collection[int], reason: Reason) -> Group | None:
        """The same word about some orders, each where it begins in the file; None if the file has none of them."""
        lines = sorted(self._orders.lines_of(references))
        if not lines:
            return None
        named = (text for text, number in self._order_memo.items() if number == lines[0][1])
        first = tuple(line for line, _ in lines[:LINES])
        return Group(self.part.name, self.part.known.columns["order"], *reason, str(next(named, "")), first, len(lines))

    def _money_memo(self, field: str, number: int) -> Memo:
        if (field, number) not in self._money:
            mark = self.part.survey.marks.get(field, "")
            self._money[field, number] = Memo(money_reader(self.currencies[number], mark))
        return self._money[field, number]

    def _currency(self, value: object) -> int | None:
        code = read_currency(value)
        if code is None:
            return None
        if code not in self.currencies:
            self.currencies.append(code)
        return self.currencies.index(code)

    def _read_currencies(self, chunk: Chunk, faults: Faults) -> Numbers:
        if not self.says("currency"):
            return np.zeros(chunk.rows, np.int64)
        found = self._currency_memo.of(self.column(chunk, "currency"))
        faults.unreadable(found == BAD, "currency", self._currency_memo)
        return found

    def _read_customers(self, chunk: Chunk, faults: Faults) -> Numbers:
        """The surest thing that each row says about its customer: a number of the shop's, else e-mail, else phone."""
        customer = np.full(chunk.rows, BLANK, np.int64)
        for field, memo in self.customers.memos.items():
            if self.says(field) and (customer == BLANK).any():
                found = memo.of(self.column(chunk, field))
                faults.unreadable(found == BAD, field, memo)
                customer = np.where(customer == BLANK, found, customer)
        if self._watches:
            self._note_beside(chunk, customer)
        return customer

    def _note_beside(self, chunk: Chunk, customer: Numbers) -> None:
        """Remember which other ids the rows of a customer name."""
        for field, memo in self.customers.memos.items():
            if self.says(field):
                found = memo.of(self.column(chunk, field))
                here = (found > BAD) & (customer > BAD) & (found != customer)
                for one, other in set(zip(customer[here].tolist(), found[here].tolist(), strict=True)):
                    self._beside.setdefault(one, set()).add(other)

    def _beside_left_alone(self, numbers: Iterable[int]) -> dict[int, list[tuple[str, Id]]]:
        """Those of some customers beside whom an id of somebody stands who is left alone, and what stands there."""
        asked = {number: others for number in numbers if (others := self._beside.get(number))}
        named = {other: self.customers.ids[other] for others in asked.values() for other in others}
        alone: set[int] = set()
        for _, kind in IDENTITIES:
            forms = {other: one.form for other, (its, one) in named.items() if its == kind}
            barred = suppress.barred(self._tools.cipher, kind, list(forms.values()), region=self._tools.region)
            alone.update(other for other, form in forms.items() if form in barred)
        return {number: [named[other] for other in others & alone] for number, others in asked.items()}

    def _agree(self, sale: Sale, chunk: Chunk) -> None:
        """Fill what a row leaves open from its order, and see that the rest agrees with it."""
        orders, faults, place = self._orders, sale.faults, sale.place
        having = place >= 0
        first_at, first_customer, first_currency = (
            orders.of(column, place) for column in (orders.at, orders.customer, orders.currency)
        )
        sale.at = np.where(having & (sale.at == BLANK), first_at, sale.at)
        sale.customer = np.where(having & (sale.customer == BLANK), first_customer, sale.customer)
        sale.currency = np.where(sale.currency == BLANK, first_currency, sale.currency)
        other = having & (sale.customer > BAD) & (first_customer > BAD) & (sale.customer != first_customer)
        faults.mark(other, self.contradiction(chunk, sale, "customer", "names another customer than"))
        other = having & (sale.currency > BAD) & (first_currency > BAD) & (sale.currency != first_currency)
        faults.mark(other, self.contradiction(chunk, sale, "currency", "is another currency than"))
        other = having & (sale.at > BAD) & (np.abs(sale.at - first_at) > DAY)
        faults.mark(other, self.contradiction(chunk, sale, "time", "is more than a day from what"))
        sale.currency = np.where(sale.currency <= BAD, 0, sale.currency)

    def contradiction(self, chunk: Chunk, sale: Sale, field: str, how: str) -> Callable[[int], tuple[str, str, Reason]]:
        """Why a row cannot belong to its order."""

        def why(row: int) -> tuple[str, str, Reason]:
            order = self.column(chunk, "order").text(row)
            said = next((name for name in (field, "email", "phone") if self.says(name)), "order")
            problem = f"{how} order '{order}' has on line {self.line_of(int(sale.place[row]))}"
            remedy = "correct the row; if numbers begin again every day, map a column that is unique to each order"
            return self.part.known.columns[said], self.column(chunk, said).text(row), Reason(problem, remedy)

        return why


class Customers:
    """Those whom a file names, numbered as they come: each by one id.

    Attributes:
        ids: what names each: its kind, and the id.
        memos: reads the fields that name customers as their numbers.
    """

    def __init__(self, part: PartPlan, region: str | None) -> None:
        self.ids: list[tuple[str, Id]] = []
        self.memos = {field: Memo(self._numbers(reading(part, kind, region))) for field, kind in IDENTITIES}

    def _numbers(self, reading: Reading) -> Callable[[object], int | None]:
        numbers: dict[str, int] = {}

        def number(value: object) -> int | None:
            word = reading.read(value)
            if word is None:
                return None
            given = numbers.setdefault(word, len(self.ids))
            if given == len(self.ids):
                self.ids.append((reading.kind, reading.ids[word]))
            return given

        return number


def _references(source: str) -> Callable[[object], int | None]:
    """Reads the numbers of orders of one source."""

    def reference(value: object) -> int | None:
        order = read_id(value)
        return keys.reference(source, order) if order is not None else None

    return reference


class _Orders:
    """The orders of a file: of each the time, customer, currency, total and line that its first rows gave."""

    def __init__(self) -> None:
        self._places: dict[int, int] = {}
        self.at = array("q")
        self.customer = array("q")
        self.currency = array("q")
        self.total = array("q")
        self.line = array("q")

    def places(self, references: Numbers, usable: Marks, lines: Sequence[int]) -> tuple[Numbers, Marks]:
        """Where each row's order stands (−1: nowhere), and whether it had rows before this chunk.

        Args:
            usable: rows that can begin an order: its number and time are readable.
        """
        start = len(self.line)
        rows = np.flatnonzero(usable)
        heads, _ = runs(references[rows])
        for reference, row in zip(references[rows[heads]].tolist(), rows[heads].tolist(), strict=True):
            if reference not in self._places:
                self._places[reference] = len(self.line)
                self.line.append(lines[row])
        for column in (self.at, self.customer, self.currency, self.total):
            column.extend([BLANK] * (len(self.line) - start))
        heads, lengths = runs(references)
        found = [self._places.get(reference, -1) for reference in references[heads].tolist()]
        place = np.repeat(np.array(found, np.int64), lengths)
        return place, (place >= 0) & (place < start)

    def lines_of(self, references: Collection[int]) -> list[tuple[int, int]]:
        """Where those of some orders begin that the file has: the line, and the order's reference."""
        return [(self.line[self._places[one]], one) for one in references if one in self._places]

    def learn(self, sale: Sale) -> None:
        """Take what is not known of an order yet from its first row in this chunk that says it."""
        self._learn(self.at, sale.place, sale.at)
        self._learn(self.customer, sale.place, sale.customer)
        self._learn(self.currency, sale.place, sale.currency)

    def learn_total(self, sale: Sale, total: Numbers) -> Numbers:
        """The total that each row's order has by its first row."""
        self._learn(self.total, sale.place, total)
        return self.of(self.total, sale.place)

    def _learn(self, column: "array[int]", place: Numbers, values: Numbers) -> None:
        rows = np.flatnonzero((place >= 0) & (values > BAD))
        rows = rows[self.of(column, place[rows]) == BLANK][
            ::-1
        ]  # of equal places the last written counts: the first row
        if rows.size:
            np.frombuffer(column, np.int64)[place[rows]] = values[rows]

    def of(self, column: "array[int]", place: Numbers) -> Numbers:
        """What is known of some orders; BLANK where nothing is, and for place −1."""
        if not len(column):
            return np.full(place.size, BLANK, np.int64)
        return np.where(place >= 0, np.frombuffer(column, np.int64)[place], BLANK)
