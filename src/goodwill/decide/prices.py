"""What an offer may say of prices: never above the public one, and a saving only where there is one.

The saving is counted from the lowest public price of the last 30 days (Directive 98/6/EC, art. 6a, as amended by
Directive (EU) 2019/2161).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from goodwill.catalogue.products import Product
from goodwill.decide.decision import Price
from goodwill.decide.plan import Offer

DAYS: Final = 30
SHOWN: Final = 12  # prices that one offer tells at most


def is_real(public: int, lowest: int, offered: int) -> bool:
    """Whether an offered price is a saving, in minor units.

    Args:
        public: the price that everybody pays without the offer. lowest: the lowest of it in the last 30 days.
    """
    return 0 <= offered < min(public, lowest)


@dataclass(frozen=True, slots=True)
class Reduced:
    """What an offer makes of the products that it is for.

    Attributes:
        prices: those with a real saving, at most twelve.
        items: numbers of all products with one.
        essential: how many are left out because everybody needs them.
        unreal: how many are left out because they would not really be cheaper, or have no price.
    """

    prices: tuple[Price, ...]
    items: frozenset[int]
    essential: int
    unreal: int


def reduced(
    offer: Offer, products: Mapping[int, Product], lowest: Mapping[int, int], essential: Sequence[str]
) -> Reduced:
    """The prices of an offer.

    Args:
        products: those that it is for, by number. lowest: of each, where it has a price.
        essential: parts of words that name what everybody needs; of that no price is for some alone.
    """
    prices: list[Price] = []
    real: set[int] = set()
    needed = unreal = 0
    for number, product in products.items():
        public = product.price
        if not offer.is_open and is_named(product, essential):
            needed += 1
        elif public is None or not is_real(public, lowest.get(number, public), offer.reduced(public)):
            unreal += 1
        else:
            real.add(number)
            prices.append(_price(product, public, lowest.get(number, public), offer.reduced(public)))
    return Reduced(tuple(prices[:SHOWN]), frozenset(real), needed, unreal)


def is_named(product: Product, words: Sequence[str]) -> bool:
    """Whether a part of a word occurs in what names a product."""
    named = (product.external, product.name, product.type, product.category, product.department)
    text = " ".join(word for word in named if word).casefold()
    return any(word.casefold() in text for word in words)


def _price(product: Product, public: int, lowest: int, offered: int) -> Price:
    return Price(product.external, product.name or product.external, public, lowest, offered, product.currency or "")
