"""What can be shown: the catalogue as models see it, held in memory and looked at again when it changes."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from goodwill.catalogue import store as catalogue
from goodwill.catalogue.products import Edition, Product
from goodwill.decide.guard import word_of
from goodwill.learn.likeness import NO_TAGS, Tags, tags_of

_UTC: Final = ZoneInfo("UTC")


@dataclass(frozen=True, eq=False)
class Shelf:
    """The items of a shop.

    Attributes:
        item_of: item of each product, int64, indexed by product id; −1 for none.
        names: of the items, by number.
        word: which of the shop's sensitive words names each item, int64; −1 for none.
        kind: the wider kind of each item, as a number from 0, int64; −1 where none is known.
        zone: of the shop's clock.
        tags: the words by which the catalogue knows the items, without those that are sensitive.
        kinds: what the wider kinds are called, by number.
    """

    level: str
    item_of: NDArray[np.int64]
    names: tuple[str, ...]
    word: NDArray[np.int64]
    kind: NDArray[np.int64]
    zone: ZoneInfo = _UTC
    tags: Tags = NO_TAGS
    kinds: tuple[str, ...] = ()

    @property
    def items(self) -> int:
        return len(self.names)

    @cached_property
    def hidden(self) -> NDArray[np.bool_]:
        """Which items are never suggested unasked, one truth value per item."""
        return self.word >= 0

    @cached_property
    def version(self) -> str:
        """Names what models count and what is never suggested: 12 hexadecimal digits."""
        found = hashlib.sha256(self.item_of.astype("<i8").tobytes())
        for part in (self.word, self.kind):
            found.update(part.astype("<i8").tobytes())
        found.update("\0".join((*self.names, str(self.zone), self.tags.version)).encode())
        return found.hexdigest()[:12]

    def items_of(self, products: NDArray[np.int64]) -> NDArray[np.int64]:
        """The items of some products; −1 where the catalogue does not know one."""
        if not products.size:
            return products
        known = (products >= 0) & (products < self.item_of.size)
        return np.where(known, self.item_of[np.where(known, products, 0)], -1)

    def called(self, product: int) -> str:
        """The name of a product's item; "" where the catalogue does not know it."""
        item = int(self.item_of[product]) if 0 <= product < self.item_of.size else -1
        return self.names[item] if item >= 0 else ""

    def asked_for(self, viewed: Sequence[int]) -> NDArray[np.bool_]:
        """The sensitive items of the same kind as some that are being looked at, one truth value per item."""
        words = self.word[[item for item in viewed if item >= 0]]
        return np.isin(self.word, words[words >= 0])


def shelf_of(connection: Connection, level: str, sensitive: Sequence[str], zone: ZoneInfo) -> Shelf:
    """The shelf as the catalogue stands."""
    names = catalogue.spoken_names(connection, level)
    words = catalogue.words_of_items(connection, level)
    kinds = catalogue.kinds_of_items(connection, level)
    numbers = {kind: number for number, kind in enumerate(sorted({kind for kind in kinds if kind}))}
    return Shelf(
        level,
        catalogue.items_of_products(connection),
        tuple(names),
        word_of(words, sensitive),
        np.array([numbers.get(kind, -1) for kind in kinds], np.int64),
        zone,
        _tags(connection, level, sensitive, len(names)),
        tuple(numbers),
    )


def _tags(connection: Connection, level: str, sensitive: Sequence[str], items: int) -> Tags:
    """What the catalogue says of the items; a sensitive word makes nothing alike."""
    said = catalogue.tags_of_items(connection, level)
    plain = word_of([word for _, _, word in said], sensitive) < 0
    return tags_of([one for one, may in zip(said, plain.tolist(), strict=True) if may], items)


@dataclass(frozen=True, slots=True, eq=False)
class AtHand:
    """What can be had of one edition of the catalogue, as far as anybody asked.

    Attributes:
        products: by product id; None for what cannot be had. instead: by item, the product to show for it.
    """

    edition: Edition | None = None
    products: dict[int, Product | None] = field(default_factory=dict)
    instead: dict[int, Product | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Stock:
    """What can be had, as one transaction sees it; each product is asked for once in an edition of the catalogue."""

    connection: Connection
    known: AtHand = field(default_factory=AtHand)

    def to_show(self, items: Sequence[int], preferred: Mapping[int, int]) -> dict[int, Product]:
        """A product that can be had for each item, where there is one: the preferred product, else another of its kind.

        Args:
            preferred: product id by item, such as the one that this person buys.
        """
        wanted, known = {item: preferred[item] for item in items if item in preferred}, self.known.products
        if unknown := [product for product in wanted.values() if product not in known]:
            had = catalogue.at_hand(self.connection, unknown)
            known.update((product, had.get(product)) for product in unknown)
        found = {item: one for item, product in wanted.items() if (one := known[product]) is not None}
        if missing := [item for item in items if item not in found]:
            found.update(self._instead(missing))
        return found

    def _instead(self, items: Sequence[int]) -> dict[int, Product]:
        known = self.known.instead
        if unknown := [item for item in items if item not in known]:
            shown = catalogue.shown(self.connection, unknown)
            known.update((item, shown.get(item)) for item in unknown)
        return {item: one for item in items if (one := known[item]) is not None}
