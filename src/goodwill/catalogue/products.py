"""Products as a shop knows them: what each is called, where it belongs, what it costs, whether it can be had."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from operator import attrgetter

from goodwill.basics.ids import ProductId

# What the models may count: each product by itself, or the kinds it belongs to where a range is deep.
LEVELS = ("product", "type", "category")


@dataclass(frozen=True, slots=True)
class Product:
    """One product of the shop.

    Attributes:
        external: the shop's own id or SKU; what a file or a page calls it.
        name: what a customer reads; None where the source does not say (the catalogue then shows the id).
        type: the narrow kind ("Croissants"); `category` the wider one ("Pastry"); `department` the widest.
        price: minor units of `currency`.
        available: whether it can be had; None where the source does not say (then it can).
        tags: None where the source does not say.

    A field that is None says nothing, so it never wipes what the catalogue knows already.
    """

    external: str
    name: str | None = None
    department: str | None = None
    category: str | None = None
    type: str | None = None
    brand: str | None = None
    price: int | None = None
    currency: str | None = None
    available: bool | None = None
    url: str | None = None
    image: str | None = None
    tags: tuple[str, ...] | None = None

    def over(self, before: "Product") -> "Product":
        """This product, with what it leaves open taken from what was known before."""
        pairs = zip(_all_of(self), _all_of(before), strict=True)
        return Product(*(said if said is not None else known for said, known in pairs))


_all_of = attrgetter(*(field.name for field in fields(Product)))


@dataclass(frozen=True, slots=True)
class Edition:
    """Names a catalogue as it stood.

    Attributes:
        change: the last row of the journal of what products were before they changed; 0 while there is none.
        product: the last number that a product has; 0 while there is none.
    """

    change: int = 0
    product: int = 0


@dataclass(frozen=True, slots=True)
class Upserted:
    """What an upsert did.

    Attributes:
        ids: the product ids, in the order in which the products were given.
        added: how many were new.
        unchanged: how many said nothing new.
        before: what the changed ones were before, by id.
    """

    ids: tuple[ProductId, ...]
    added: int
    unchanged: int
    before: Mapping[ProductId, Product]

    @property
    def changed(self) -> int:
        return len(self.before)


@dataclass(frozen=True, slots=True)
class Chosen:
    """Products that some names stand for.

    Attributes:
        words: of each, by its number, all that names it.
        unknown: the names that the catalogue does not know.
    """

    words: Mapping[int, str]
    unknown: tuple[str, ...]


def merged(products: Sequence[Product]) -> dict[str, Product]:
    """One product per external id, in the order of first mention; later words count, open fields keep earlier ones."""
    together: dict[str, Product] = {}
    for product in products:
        earlier = together.get(product.external)
        together[product.external] = product.over(earlier) if earlier is not None else product
    return together
