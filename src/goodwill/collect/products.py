"""Products: each row adds one to the catalogue, or says something new about one that is there."""

import re
from dataclasses import asdict

import numpy as np
from sqlalchemy import Connection

from goodwill import catalogue
from goodwill.catalogue import Product
from goodwill.collect import store, values
from goodwill.collect.columns import BAD, BLANK, Memo, Numbers
from goodwill.collect.plans import PartPlan
from goodwill.collect.tables import Chunk
from goodwill.collect.writing import (
    Faults,
    Making,
    Prepared,
    Texts,
    Tools,
    Wrote,
    blank_rows,
    broken_rows,
    foreign_money,
)

_KINDS = ("department", "category", "type", "brand", "url", "image")
_TAGS = re.compile(r"\s*[,;|]\s*")


class Products:
    """Reads and writes products."""

    def __init__(self, part: PartPlan, tools: Tools, making: Making, currency: str | None) -> None:
        self._part = part
        self._making = making
        self._own = tools.currency
        known = part.known
        self._currencies = [known.constants.get("currency") or known.currency or currency or tools.currency]
        self._ids = Texts()
        self._texts = Texts(values.read_text)
        self._currency_memo = Memo(self._currency)
        self._prices: dict[int, Memo] = {}
        self._available = Memo(values.read_available)
        self._stock = Memo(values.stock_reader(part.survey.marks.get("stock", "")))

    def prepare(self, chunk: Chunk) -> Prepared:
        faults = Faults(self._part, chunk)
        ids = self._ids.of(chunk.column(self._part.known.columns["product"]))
        remedy = "export again, and import the file without opening it in a spreadsheet"
        faults.because(_are(ids, None), "product", "cannot be read as an id", remedy)
        faults.because(_are(ids, ""), "product", "is empty", "write the product's number or SKU")
        texts = {name: self._read_texts(chunk, faults, name) for name in ("product-name", "size", "tags", *_KINDS)}
        currency, price = self._read_prices(chunk, faults)
        available = self._read_available(chunk, faults)
        good = np.flatnonzero(faults.none).tolist()
        skipped = blank_rows(self._part, chunk, ~faults.none)
        faults.which[skipped] = -1
        products = [
            Product(
                external=ids[row] or "",
                name=_name({field: column[row] for field, column in texts.items() if column}),
                price=price[row],
                currency=currency[row] if price[row] is not None else None,
                available=available[row],
                tags=tuple(_TAGS.split(texts["tags"][row])) if texts["tags"] and texts["tags"][row] else None,
                **{name: texts[name][row] or None for name in _KINDS if texts[name]},
            )
            for row in good
        ]

        def write(connection: Connection) -> Wrote:
            return self._write(connection, products)

        blank = int(np.count_nonzero(skipped))
        rejects = [*broken_rows(self._part, chunk), *faults.rejects()]
        skips = {"blank rows": blank} if blank else {}
        priced = [row for row in good if price[row] is not None]
        codes = [currency[row] for row in priced]
        remarks = foreign_money(self._part, chunk, np.array(priced, np.int64), codes, self._own) if priced else []
        return Prepared(chunk.rows + len(chunk.broken), rejects, write, skips, remarks)

    def _write(self, connection: Connection, products: list[Product]) -> Wrote:
        done = catalogue.upsert_many(connection, products, self._making.id, at=self._making.now)
        now = catalogue.of_ids(connection, done.before)
        rows = ((key, {"was": asdict(was), "became": asdict(now[key])}) for key, was in done.before.items())
        store.keep_before(connection, self._making.id, "product", rows)
        return Wrote(done.added + done.changed, done.unchanged)

    def _says(self, field: str) -> bool:
        return field in self._part.known.columns

    def _read_texts(self, chunk: Chunk, faults: Faults, field: str) -> list[str]:
        """A column of texts; empty where the file has none."""
        if not self._says(field):
            return []
        found = self._texts.of(chunk.column(self._part.known.columns[field]))
        remedy = "save the file as UTF-8 and correct the cell"
        faults.because(_are(found, None), field, "holds characters that are no letters", remedy)
        return [text or "" for text in found]

    def _currency(self, value: object) -> int | None:
        code = values.read_currency(value)
        if code is not None and code not in self._currencies:
            self._currencies.append(code)
        return self._currencies.index(code) if code is not None else None

    def _read_prices(self, chunk: Chunk, faults: Faults) -> tuple[list[str], list[int | None]]:
        numbers = np.zeros(chunk.rows, np.int64)
        if self._says("currency"):
            numbers = self._currency_memo.of(chunk.column(self._part.known.columns["currency"]))
            faults.unreadable(numbers == BAD, "currency", self._currency_memo)
            numbers = np.where(numbers > BAD, numbers, 0)
        price = np.full(chunk.rows, BLANK, np.int64)
        if self._says("price"):
            column = chunk.column(self._part.known.columns["price"])
            for number in np.unique(numbers).tolist():
                memo = self._price_memo(number)
                rows = numbers == number
                price[rows] = memo.of(column.some(rows))
                faults.unreadable(rows & (price == BAD), "price", memo)
        return [self._currencies[number] for number in numbers.tolist()], _or_none(price)

    def _price_memo(self, number: int) -> Memo:
        if number not in self._prices:
            mark = self._part.survey.marks.get("price", "")
            self._prices[number] = Memo(values.money_reader(self._currencies[number], mark))
        return self._prices[number]

    def _read_available(self, chunk: Chunk, faults: Faults) -> list[bool | None]:
        """Whether each can be had: as the file says, else by whether there are any."""
        answer = np.full(chunk.rows, BLANK, np.int64)
        for field, memo in (("available", self._available), ("stock", self._stock)):
            if self._says(field):
                found = memo.of(chunk.column(self._part.known.columns[field]))
                faults.unreadable(found == BAD, field, memo)
                answer = np.where(answer == BLANK, found, answer)
        return [None if number == BLANK else number == 1 for number in answer.tolist()]


def _name(texts: dict[str, str]) -> str | None:
    """What a product is called, with its size; where the file has no names, its kind and size."""
    name, size = texts.get("product-name", ""), texts.get("size", "")
    if "product-name" not in texts:
        name = texts.get("type") or texts.get("category") or ""
    if size and name and size.casefold() not in name.casefold():
        name = f"{name}, {size}"
    return name or None


def _are(texts: list[str | None], what: str | None) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return np.fromiter((text == what for text in texts), bool, len(texts))


def _or_none(numbers: Numbers) -> list[int | None]:
    return [None if number <= BAD else number for number in numbers.tolist()]
