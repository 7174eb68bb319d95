"""What can be shown: the catalogue as models see it, held in memory and looked at again when it changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from goodwill.catalogue import store as catalogue
from goodwill.catalogue.products import Product
from goodwill.decide.guard import discreet


@dataclass(frozen=True, slots=True, eq=False)
class Shelf:
    """The items of a shop.

    Attributes:
        item_of: item of each product, int64, indexed by product id; −1 for none.
        names: of the items, by number.
        hidden: which items are never suggested unasked, one truth value per item.
    """

    level: str
    item_of: NDArray[np.int64]
    names: tuple[str, ...]
    hidden: NDArray[np.bool_]

    @property
    def items(self) -> int:
        return len(self.names)

    def items_of(self, products: NDArray[np.int64]) -> NDArray[np.int64]:
        """The items of some products; −1 where the catalogue does not know one."""
        known = (products >= 0) & (products < self.item_of.size)
        return np.where(known, self.item_of[np.where(known, products, 0)], -1)


def shelf_of(connection: Connection, level: str, sensitive: Sequence[str]) -> Shelf:
    """The shelf as the catalogue stands."""
    names = catalogue.spoken_names(connection, level)
    words = catalogue.words_of_items(connection, level)
    return Shelf(level, catalogue.items_of_products(connection), tuple(names), discreet(words, sensitive))


def to_show(connection: Connection, items: Sequence[int], preferred: Mapping[int, int]) -> dict[int, Product]:
    """A product that can be had for each item, where there is one: the preferred product, else another of its kind.

    Args:
        preferred: product id by item, such as the one that this person buys.
    """
    wanted = {item: preferred[item] for item in items if item in preferred}
    had = catalogue.at_hand(connection, list(wanted.values()))
    found = {item: had[product] for item, product in wanted.items() if product in had}
    missing = [item for item in items if item not in found]
    found.update(catalogue.shown(connection, missing) if missing else {})
    return found
