"""Real purchases for the benchmarks of models: Complete Journey 2.0 (84.51°, CC0), as the extra `demo` brings it."""

import duckdb
import numpy as np
from numpy.typing import NDArray

from goodwill.access import Frame, Log
from goodwill.people.types import BOUGHT
from goodwill.simulate.journey import data_folder

LEVELS = {"product": "product_id", "type": "product_type", "category": "product_category"}


def purchases(level: str, *, full: bool = True) -> tuple[Frame, NDArray[np.int64], int]:
    """Households as the door would hand them over, the item of each product, and how many items there are.

    Args:
        level: what an item is: product, type or category.
        full: all 2,469 households; otherwise the 801 who told their demographics.
    """
    folder, connection = data_folder(), duckdb.connect()
    for name in ("transactions", "products", "demographics"):
        connection.execute(f"CREATE VIEW {name} AS FROM read_parquet('{folder / f'{name}.parquet'}')")
    connection.execute(
        "CREATE VIEW places AS SELECT product_id, row_number() OVER (ORDER BY product_id) - 1 AS product FROM products"
    )
    lines = connection.execute(f"""
        SELECT dense_rank() OVER (ORDER BY household_id) - 1 AS person, basket_id AS reference, product,
               datediff('day', DATE '1970-01-01', CAST(transaction_timestamp AS DATE)) AS day,
               epoch_us(transaction_timestamp) AS moment
        FROM transactions JOIN places USING (product_id) {"" if full else "SEMI JOIN demographics USING (household_id)"}
        ORDER BY person, moment, basket_id
    """).fetchnumpy()
    words = connection.execute(f"SELECT {LEVELS[level]} AS word FROM products ORDER BY product_id").fetchnumpy()["word"]
    connection.close()
    person, reference, day, at, product = (
        np.asarray(lines[name]).astype(np.int64) for name in ("person", "reference", "day", "moment", "product")
    )
    known = ~np.ma.getmaskarray(words)
    names, number = np.unique(np.asarray(words)[known].astype(str), return_inverse=True)
    item_of = np.full(known.size, -1)
    item_of[known] = number
    nothing = np.zeros(person.size, np.int64)
    log = Log(np.arange(person.size), nothing + BOUGHT, at, day, product, nothing, nothing, reference)
    return Frame(int(person[-1]) + 1, person, log), item_of, names.size


def head(frame: Frame, item_of: NDArray[np.int64], items: int, size: int) -> NDArray[np.int64]:
    """Items of products again, only the ``size`` items that most people bought, the rest −1."""
    item = item_of[frame.events.product]
    pairs = np.unique(frame.person[item >= 0] * items + item[item >= 0]) % items
    best = np.argsort(-np.bincount(pairs, minlength=items), kind="stable")[:size]
    number = np.full(items + 1, -1)
    number[best] = np.arange(size)
    return number[item_of]


def said_of(item_of: NDArray[np.int64]) -> list[tuple[int, str, str]]:
    """What the catalogue says of types, as the shop reads it: (item, field, word)."""
    fields = {"department": "department", "brand": "brand", "product_category": "category"}
    rows = _products(*fields)
    return [
        (item, name, word)
        for item, words in zip(item_of.tolist(), rows, strict=True) if item >= 0
        for name, word in zip(fields.values(), words, strict=True) if word
    ]  # fmt: skip


def words_of(item_of: NDArray[np.int64], items: int, field: str) -> list[str | None]:
    """The first word that a field of the catalogue has for each item."""
    found: list[str | None] = [None] * items
    for item, (word,) in zip(item_of.tolist(), _products(field), strict=True):
        if item >= 0 and (found[item] is None or (word and word < found[item])):
            found[item] = word
    return found


def _products(*fields: str) -> list[tuple[str | None, ...]]:
    listed = ", ".join(fields)
    file = data_folder() / "products.parquet"
    return duckdb.connect().execute(f"SELECT {listed} FROM read_parquet('{file}') ORDER BY product_id").fetchall()
