"""What the shop sells: products, the kinds they belong to, prices and stock.

No personal data. Models count *items*: products themselves, or their types or categories where a shop's range is deep.
"""

from goodwill.catalogue.products import LEVELS, Product, Upserted
from goodwill.catalogue.store import (
    KINDS,
    count,
    ids_of,
    item_names,
    items_of_products,
    of_ids,
    products_by,
    remove_unused_items,
    set_items,
    shown,
    upsert_many,
)

__all__ = [
    "KINDS",
    "LEVELS",
    "Product",
    "Upserted",
    "count",
    "ids_of",
    "item_names",
    "items_of_products",
    "of_ids",
    "products_by",
    "remove_unused_items",
    "set_items",
    "shown",
    "upsert_many",
]
