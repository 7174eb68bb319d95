"""What the shop sells: products, the kinds they belong to, prices and stock.

No personal data. Models count *items*: products themselves, or their types or categories where a shop's range is deep.
"""

from goodwill.catalogue.products import LEVELS, Product, Upserted
from goodwill.catalogue.store import (
    count,
    ids_of,
    item_names,
    items_of_products,
    of_ids,
    remove_unused_items,
    set_items,
    shown,
    upsert_many,
)

__all__ = [
    "LEVELS",
    "Product",
    "Upserted",
    "count",
    "ids_of",
    "item_names",
    "items_of_products",
    "of_ids",
    "remove_unused_items",
    "set_items",
    "shown",
    "upsert_many",
]
