"""Keep the catalogue, and ask it."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import chain
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, Row, bindparam, delete, func, insert, select, update

from goodwill.basics.clock import DAY, Micros, system_clock
from goodwill.basics.errors import BadInput
from goodwill.basics.ids import ProductId
from goodwill.catalogue.products import LEVELS, Chosen, Edition, Product, Upserted, merged
from goodwill.catalogue.tables import items, product_changes, products
from goodwill.storage.engine import driver
from goodwill.storage.questions import Question

_BATCH = 5_000  # ids in one question; SQLite takes 32,766 values, PostgreSQL 65,535

_COLUMNS = (
    products.c.id, products.c.external, products.c.name, products.c.department, products.c.category, products.c.type,
    products.c.brand, products.c.price, products.c.currency, products.c.available, products.c.url, products.c.image,
    products.c.tags,
)  # fmt: skip


def upsert_many(
    connection: Connection, given: Sequence[Product], import_id: int | None = None, *, at: Micros | None = None
) -> Upserted:
    """Add products that are new and update those that say something new; what a product leaves open stays as it was.

    Args:
        at: now, unless given: until then the changed ones were what they were.
    """
    wanted = merged(given)
    stored = dict(_find(connection, list(wanted)))
    fresh = [product for external, product in wanted.items() if external not in stored]
    after = {external: wanted[external].over(old) for external, (_, old) in stored.items()}
    before = {key: old for external, (key, old) in stored.items() if after[external] != old}
    if fresh:
        connection.execute(insert(products), [{**_row(product), "import_id": import_id} for product in fresh])
    _rewrite(connection, {key: after[old.external] for key, old in before.items()})
    _note_before(connection, before, at)
    ids = {external: key for external, (key, _) in stored.items()}
    ids.update(ids_of(connection, [product.external for product in fresh]))
    return Upserted(
        ids=tuple(ids[product.external] for product in given),
        added=len(fresh),
        unchanged=len(given) - len(fresh) - len(before),
        before=before,
    )


def ids_of(connection: Connection, externals: Iterable[str]) -> dict[str, ProductId]:
    """The ids of those products that the catalogue knows, by the shop's own id."""
    asked = list(externals)
    if not asked:
        return {}
    return {external: ProductId(number) for external, number in _NUMBERS.ask(connection, externals=asked)}


_NUMBERS = Question(
    lambda lists: select(products.c.external, products.c.id).where(products.c.external.in_(lists.texts("externals")))
)


def of_ids(connection: Connection, ids: Iterable[int]) -> dict[ProductId, Product]:
    """The products behind some ids."""
    found: dict[ProductId, Product] = {}
    for some in _batches(list(ids)):
        rows = connection.execute(select(*_COLUMNS).where(products.c.id.in_(some)))
        found.update((ProductId(row.id), _product(row)) for row in rows)
    return found


def named(connection: Connection, externals: Iterable[str]) -> dict[str, Product]:
    """The products that the catalogue knows, by the shop's own id."""
    return {external: product for external, (_, product) in _find(connection, list(externals))}


def named_by(connection: Connection, words: Sequence[str]) -> dict[str, list[ProductId]]:
    """The products that each word names: by the shop's own id, or as their type, category or department."""
    found: dict[str, list[ProductId]] = {}
    for column in (products.c.external, products.c.type, products.c.category, products.c.department):
        for some in _batches(words):
            for word, number in connection.execute(select(column, products.c.id).where(column.in_(some))):
                found.setdefault(word, []).append(ProductId(number))
    return {word: sorted(set(numbers)) for word, numbers in found.items()}


def at_hand(connection: Connection, ids: Sequence[int]) -> dict[int, Product]:
    """Those products that can be had now, with no more than what names them."""
    if not ids:
        return {}
    # By the driver itself: a decision waits for this, and SQLAlchemy would take three times as long.
    listed = ", ".join(str(int(number)) for number in ids)
    question = f"SELECT id, external, name FROM products WHERE id IN ({listed}) AND available = 1"
    rows = driver(connection).execute(question).fetchall()
    return {number: Product(external, name) for number, external, name in rows}


def count(connection: Connection) -> int:
    """How many products there are."""
    return int(connection.execute(select(func.count()).select_from(products)).scalar_one())


KINDS: Final = ("type", "category", "department")  # from narrow to wide


def set_items(connection: Connection, level: str) -> int:
    """Give every product its item at a level, and say how many items there are.

    A product without a type counts under its category, and without either as itself. Names that are new are numbered in
    alphabetical order after those that have a number: an item keeps its number, so totals keep their shape.

    Raises:
        BadInput: there is no such level.
    """
    if level not in LEVELS:
        raise BadInput(f"Items are counted by product, type or category, not by '{level}'.")
    name = _item_name(level)
    known = items.c.level == level
    missing = select(name).distinct().where(name.not_in(select(items.c.name).where(known)))
    start = 1 + int(connection.execute(select(func.coalesce(func.max(items.c.number), -1)).where(known)).scalar_one())
    fresh = sorted(connection.execute(missing).scalars())
    if fresh:
        rows = [{"level": level, "number": number, "name": word} for number, word in enumerate(fresh, start=start)]
        connection.execute(insert(items), rows)
    number = select(items.c.number).where(known, items.c.name == name).scalar_subquery()
    connection.execute(update(products).where(products.c.item.is_distinct_from(number)).values(item=number))
    return start + len(fresh)


def remove_unused_items(connection: Connection, level: str) -> int:
    """Take out the last items of a level that no product has any more, and tell how many.

    An item before one that is in use keeps its number. The caller sees to it that no kept total counts anything under
    the others: their numbers may be given out again.
    """
    set_items(connection, level)
    last = select(func.coalesce(func.max(products.c.item), -1)).scalar_subquery()
    return connection.execute(delete(items).where(items.c.level == level, items.c.number > last)).rowcount


def _item_name(level: str) -> ColumnElement[str]:
    itself = products.c.external
    if level == "product":
        return itself
    kinds = (products.c.type, products.c.category) if level == "type" else (products.c.category,)
    return func.coalesce(*kinds, itself)


def items_of_products(connection: Connection) -> NDArray[np.int64]:
    """The item of each product: an int64 array indexed by product id, −1 where a product has none or no id is used."""
    # By the driver itself: a deep catalogue has 100,000 rows, and SQLAlchemy would take several times as long.
    pairs = driver(connection).execute("SELECT id, item FROM products WHERE item IS NOT NULL").fetchall()
    table = np.fromiter(chain.from_iterable(pairs), np.int64, 2 * len(pairs)).reshape(-1, 2)
    answer = np.full(int(table[:, 0].max(initial=0)) + 1, -1, np.int64)
    answer[table[:, 0]] = table[:, 1]
    return answer


def item_names(connection: Connection, level: str) -> list[str]:
    """The names of a level's items, by number."""
    question = select(items.c.name).where(items.c.level == level).order_by(items.c.number)
    return list(connection.execute(question).scalars())


def spoken_names(connection: Connection, level: str) -> list[str]:
    """What a customer calls each item of the shop's level, by number: the product's name where items are products."""
    names = item_names(connection, level)
    if level == "product":
        spoken = select(products.c.item, products.c.name).where(products.c.item.is_not(None))
        for number, name in connection.execute(spoken):
            names[number] = name
    return names


def words_of_items(connection: Connection, level: str) -> list[str]:
    """All that names each item of the shop's level, by number: its name, its products' types and kinds."""
    words = [[name] for name in item_names(connection, level)]
    named = [products.c.department, products.c.category, products.c.type]
    if level == "product":
        named.append(products.c.name)
    kinds = select(products.c.item, *named).where(products.c.item.is_not(None)).distinct()
    for item, *some in connection.execute(kinds):
        words[item] += [word for word in some if word]
    return [" ".join(some) for some in words]


def kinds_of_items(connection: Connection, level: str) -> list[str]:
    """The next wider kind that each item of the shop's level belongs to, by number; "" where none is known."""
    department: ColumnElement[str] = products.c.department
    kind = department if level == "category" else func.coalesce(products.c.category, department)
    answer = [""] * len(item_names(connection, level))
    question = select(products.c.item, func.min(kind)).where(products.c.item.is_not(None), kind.is_not(None))
    for item, name in connection.execute(question.group_by(products.c.item)):
        answer[item] = name
    return answer


def products_by(connection: Connection, kind: str) -> tuple[list[str], NDArray[np.int64]]:
    """The names of the kinds of one width in alphabetical order, and the kind of each product.

    Args:
        kind: one of `KINDS`.

    Returns:
        kinds: an int64 array indexed by product id, −1 where a product has none or no id is used.
    """
    column = {"type": products.c.type, "category": products.c.category, "department": products.c.department}[kind]
    rows = connection.execute(select(products.c.id, column).where(column.is_not(None))).all()
    names = sorted({str(name) for _, name in rows})
    number = {name: place for place, name in enumerate(names)}
    answer = np.full(1 + max((product for product, _ in rows), default=-1), -1, np.int64)
    for product, name in rows:
        answer[product] = number[name]
    return names, answer


def chosen(
    connection: Connection,
    *,
    externals: Sequence[str] = (),
    categories: Sequence[str] = (),
    types: Sequence[str] = (),
    tags: Sequence[str] = (),
) -> Chosen:
    """The products that any of these names: by the shop's own id, or by group or tag without regard to capitals."""
    kinds = ((products.c.category, categories), (products.c.type, types))
    spelled = [(column, _spelled(connection, column, wanted)) for column, wanted in kinds if wanted]
    conditions = [column.in_([name for names in found.values() for name in names]) for column, found in spelled]
    if externals:
        conditions.append(products.c.external.in_(externals))
    tagged = _tagged(connection, tags) if tags else {}
    conditions += [products.c.id.in_(some) for some in _batches(sorted({n for ids in tagged.values() for n in ids}))]
    rows = [row for one in conditions for row in connection.execute(select(*_COLUMNS).where(one))]
    known = {row.external for row in rows}
    unknown = [name for name in externals if name not in known]
    for found in [found for _, found in spelled]:
        unknown += [name for name, spellings in found.items() if not spellings]
    unknown += [name for name, numbers in tagged.items() if not numbers]
    return Chosen({row.id: _all_words(row) for row in rows}, tuple(unknown))


def group_names(connection: Connection) -> list[str]:
    """The names of all categories and types."""
    columns = (products.c.category, products.c.type)
    return sorted(
        {str(name) for one in columns for name in connection.execute(select(one).distinct()).scalars() if name}
    )


def names(connection: Connection) -> list[str]:
    """All words by which something can be named: the shop's own ids, and types, categories and departments."""
    columns = (products.c.external, products.c.type, products.c.category, products.c.department)
    return sorted(
        {str(name) for one in columns for name in connection.execute(select(one).distinct()).scalars() if name}
    )


def _spelled(connection: Connection, column: ColumnElement[str], wanted: Sequence[str]) -> dict[str, list[str]]:
    """How the catalogue writes some names."""
    there = [str(name) for name in connection.execute(select(column).distinct()).scalars() if name]
    return {name: [known for known in there if known.casefold() == name.casefold()] for name in wanted}


def _tagged(connection: Connection, wanted: Sequence[str]) -> dict[str, list[int]]:
    """The numbers of the products with each of some tags."""
    found: dict[str, list[int]] = {name: [] for name in wanted}
    for number, written in connection.execute(
        select(products.c.id, products.c.tags).where(products.c.tags.is_not(None))
    ):
        has = {tag.casefold() for tag in json.loads(written)}
        for name in wanted:
            if name.casefold() in has:
                found[name].append(number)
    return found


def _all_words(row: Row[Any, *tuple[Any, ...]]) -> str:
    tags = json.loads(row.tags) if row.tags is not None else []
    return " ".join(word for word in (row.name, row.department, row.category, row.type, *tags) if word)


def tags_of_items(connection: Connection, level: str) -> list[tuple[int, str, str]]:
    """What the catalogue says of each item of the shop's level beside its own name, as (item, field, word)."""
    wider = LEVELS[LEVELS.index(level) + 1 :]
    fields = [getattr(products.c, name) for name in ("department", "brand", *wider)]
    said: set[tuple[int, str, str]] = set()
    for item, tags, *words in connection.execute(
        select(products.c.item, products.c.tags, *fields).where(products.c.item.is_not(None)).distinct()
    ):
        said |= {(item, column.name, word) for column, word in zip(fields, words, strict=True) if word}
        said |= {(item, "tag", word) for word in (json.loads(tags) if tags else ()) if word}
    return sorted(said)


def shown(connection: Connection, numbers: Iterable[int]) -> dict[int, Product]:
    """A product to show for each item at the shop's level: one that can be had, the first that the catalogue learned.

    An item of which nothing can be had is left out.
    """
    first = (
        select(products.c.item, func.min(products.c.id).label("id"))
        .where(products.c.available == 1)
        .group_by(products.c.item)
    )
    found: dict[int, Product] = {}
    for some in _batches(list(numbers)):
        chosen = first.where(products.c.item.in_(some)).subquery()
        rows = connection.execute(select(chosen.c.item, *_COLUMNS).join(chosen, chosen.c.id == products.c.id))
        found.update((row.item, _product(row)) for row in rows)
    return found


def added_by(connection: Connection, imports: Iterable[int]) -> list[ProductId]:
    """The products that some imports brought."""
    question = select(products.c.id).where(products.c.import_id.in_(list(imports))).order_by(products.c.id)
    return [ProductId(key) for key in connection.execute(question).scalars()]


def put_back(connection: Connection, before: Mapping[ProductId, Product], *, at: Micros | None = None) -> None:
    """Make products what they were before an import changed them."""
    now = of_ids(connection, before)
    _note_before(connection, {key: was for key, was in now.items() if was != before[key]}, at)
    _rewrite(connection, before)


def remove(connection: Connection, ids: Iterable[int], *, at: Micros | None = None) -> None:
    """Take products out; for their items see `remove_unused_items`."""
    for some in _batches(list(ids)):
        _note_before(connection, of_ids(connection, some), at)
        connection.execute(delete(products).where(products.c.id.in_(some)))


# ---- what was before -----------------------------------------------------------------------------------------------


def edition(connection: Connection) -> Edition:
    """Which catalogue this is: the last row of the journal of changes, and the last number that a product got."""
    changed, last = _EDITION.ask(connection)[0]
    return Edition(int(changed), int(last))


_EDITION = Question(
    lambda _: select(
        select(func.coalesce(func.max(product_changes.c.id), 0)).scalar_subquery(),
        select(func.coalesce(func.max(products.c.id), 0)).scalar_subquery(),
    )
)


def changes_since(connection: Connection, row: int) -> list[tuple[ProductId, Product]]:
    """What products were before each change after a row of the journal, the oldest first."""
    question = select(product_changes.c.product, product_changes.c.body).where(product_changes.c.id > row)
    rows = connection.execute(question.order_by(product_changes.c.id))
    return [(ProductId(number), _was(json.loads(body))) for number, body in rows]


def lowest_prices(connection: Connection, ids: Sequence[int], *, at: int, days: int = 30) -> dict[int, int]:
    """The lowest public price of each product in some days until a moment, in minor units; none where it has no price.

    A price counts that held at any time of them, the present one too (Directive 98/6/EC, art. 6a; of a product that is
    sold for a shorter time, all of it).
    """
    found: dict[int, int] = {}
    for some in _batches(list(ids)):
        now = select(products.c.id, products.c.price).where(products.c.id.in_(some), products.c.price.is_not(None))
        before = select(product_changes.c.product, func.min(product_changes.c.price)).where(
            product_changes.c.product.in_(some),
            product_changes.c.price.is_not(None),
            product_changes.c.at > at - days * DAY,
            product_changes.c.at <= at,
        )
        present = {row.id: row.price for row in connection.execute(now)}
        lowest = {row[0]: row[1] for row in connection.execute(before.group_by(product_changes.c.product))}
        found.update((key, min(price, lowest.get(key, price))) for key, price in present.items())
    return found


def lowest_price(connection: Connection, product: int, *, at: int, days: int = 30) -> int | None:
    """The lowest public price of a product in some days until a moment; None where none is known."""
    return lowest_prices(connection, [product], at=at, days=days).get(product)


def _note_before(connection: Connection, before: Mapping[ProductId, Product], at: Micros | None) -> None:
    if not before:
        return
    until = system_clock() if at is None else at
    rows = [
        {"product": key, "at": until, "price": was.price, "body": json.dumps(asdict(was), ensure_ascii=False)}
        for key, was in before.items()
    ]
    connection.execute(insert(product_changes), rows)


def _was(said: Mapping[str, Any]) -> Product:
    tags = said.get("tags")
    return Product(**{**said, "tags": None if tags is None else tuple(tags)})


def _find(connection: Connection, externals: Sequence[str]) -> Iterator[tuple[str, tuple[ProductId, Product]]]:
    for some in _batches(externals):
        for row in connection.execute(select(*_COLUMNS).where(products.c.external.in_(some))):
            yield row.external, (ProductId(row.id), _product(row))


def _rewrite(connection: Connection, rows: Mapping[ProductId, Product]) -> None:
    if rows:
        statement = update(products).where(products.c.id == bindparam("this"))
        connection.execute(statement, [{"this": key, **_row(product)} for key, product in rows.items()])


def _row(product: Product) -> dict[str, object]:
    return {
        "external": product.external,
        "name": product.name or product.external,
        "department": product.department,
        "category": product.category,
        "type": product.type,
        "brand": product.brand,
        "price": product.price,
        "currency": product.currency,
        "available": 1 if product.available in (None, True) else 0,
        "url": product.url,
        "image": product.image,
        "tags": json.dumps(product.tags, ensure_ascii=False) if product.tags is not None else None,
    }


def _product(row: Row[Any, *tuple[Any, ...]]) -> Product:
    return Product(
        row.external, row.name, row.department, row.category, row.type, row.brand, row.price, row.currency,
        row.available == 1, row.url, row.image, tuple(json.loads(row.tags)) if row.tags is not None else None,
    )  # fmt: skip


def _batches(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(values), _BATCH):
        yield values[start : start + _BATCH]
