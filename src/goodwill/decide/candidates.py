"""What may stand in the slots for content and offers at all: looked up once for each plan, catalogue and day."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from goodwill.catalogue import store as catalogue
from goodwill.catalogue.products import Edition, Product
from goodwill.decide.eligible import IsDiscreet
from goodwill.decide.lessons import mask
from goodwill.decide.plan import Content, Offer, Plan
from goodwill.decide.prices import DAYS, Reduced, is_named, reduced
from goodwill.decide.shelf import Shelf
from goodwill.people.gentle import number_of

_NOTHING: Final = Reduced((), frozenset(), 0, 0)


@dataclass(frozen=True, eq=False)
class Candidate:
    """A content or an offer that might stand in a slot.

    Attributes:
        number: by which the log knows it there.
        about: which products it is about, one truth value for each number; empty: none in particular.
        subject: what it is about, in a word that a customer knows; "" where it is about nothing in particular.
        sensitive: whether it is about, calls itself, or is for a segment that names, what is never shown unasked.
        tells: whether it is about nothing but what gives away who buys such a thing.
        left_out: items that it is about, and that count for nothing because they give that away.
        reduced: of an offer, what it makes of prices.
    """

    name: str
    body: Content | Offer
    number: int
    about: NDArray[np.bool_]
    subject: str
    sensitive: bool
    reduced: Reduced = _NOTHING
    tells: bool = False
    left_out: tuple[int, ...] = ()

    @property
    def offer(self) -> Offer | None:
        return self.body if isinstance(self.body, Offer) else None

    @property
    def essential_only(self) -> bool:
        """Whether nothing is left of an offer but what everybody needs."""
        return bool(self.reduced.essential) and not self.reduced.items

    @property
    def saves_nothing(self) -> bool:
        """Whether an offer for some products makes none of them really cheaper."""
        return self.offer is not None and bool(self.offer.about) and not self.reduced.items


def as_its_segment(one: Candidate, is_discreet: IsDiscreet) -> Candidate:
    """The same; sensitive where the segment that it is for names what the shop keeps discreet, as its rule does too."""
    segment = one.offer.segment if one.offer is not None else ""
    return replace(one, sensitive=True) if segment and not one.sensitive and is_discreet(segment) else one


@dataclass(frozen=True, eq=False)
class Candidates:
    """All of them, by slot.

    Attributes:
        of: what they are of: plan, catalogue, shelf, day, and the models that say what gives sensitive things away.
        products: what the catalogue says of those that offers are for, by number.
    """

    of: tuple[int, Edition, str, int, str] = (-1, Edition(), "", 0, "")
    slots: Mapping[str, tuple[Candidate, ...]] = field(default_factory=dict)


def candidates(
    connection: Connection,
    plan: Plan,
    *,
    at: int,
    day: int,
    edition: Edition,
    shelf: Shelf,
    sensitive: Sequence[str],
    essential: Sequence[str],
    telling: NDArray[np.bool_],
    models: str,
) -> Candidates:
    """Look all of them up. The lowest prices are those of this moment; later on the day they can only have risen.

    Args:
        telling: items that give away who buys something sensitive, one truth value per item, as some models say.
    """
    all_: list[Content | Offer] = [*plan.content.values(), *plan.offers.values()]
    words = {word for one in all_ for word in one.about}
    numbers = catalogue.named_by(connection, sorted(words))
    known: dict[int, Product] = {
        int(number): product
        for number, product in catalogue.of_ids(connection, {one for some in numbers.values() for one in some}).items()
    }
    lowest = catalogue.lowest_prices(connection, list(known), at=at, days=DAYS)
    made = _Making(numbers, known, lowest, shelf, sensitive, essential, telling)
    found = {
        slot: tuple(made.of(slot, name, body) for name, body in sorted(plan.placed_in(slot).items()))
        for slot, described in plan.slots.items()
        if described.kind != "products"
    }
    return Candidates((plan.upto, edition, shelf.version, day, models), found)


@dataclass(frozen=True, slots=True)
class _Making:
    numbers: Mapping[str, Sequence[int]]
    known: Mapping[int, Product]
    lowest: Mapping[int, int]
    shelf: Shelf
    sensitive: Sequence[str]
    essential: Sequence[str]
    telling: NDArray[np.bool_]

    def of(self, slot: str, name: str, body: Content | Offer) -> Candidate:
        about = {number: self.known[number] for word in body.about for number in self.numbers.get(word, ())}
        # What is sensitive is no part of it; a kind of which nothing else is left is sensitive itself.
        shown = {number: one for number, one in about.items() if not is_named(one, self.sensitive)}
        hidden = "sensitive" in body.tags or (bool(about) and not shown)
        made = reduced(body, shown, self.lowest, self.essential) if isinstance(body, Offer) else _NOTHING
        telling = {number for number in shown if self._tells(number)}
        subject = next((self._called(word) for word in body.about if self._is_told(word, shown.keys() - telling)), "")
        items = self.shelf.items_of(np.array(sorted(telling), np.int64)).tolist()
        return Candidate(
            name, body, number_of(slot, name), mask(sorted(about.keys() - telling), self.shelf), subject, hidden, made,
            bool(telling) and not shown.keys() - telling, tuple(sorted(set(items))),
        )  # fmt: skip

    def _tells(self, number: int) -> bool:
        item = int(self.shelf.items_of(np.array([number], np.int64))[0])
        return 0 <= item < self.telling.size and bool(self.telling[item])

    def _is_told(self, word: str, told: AbstractSet[int]) -> bool:
        """Whether a word names anything that may be told; also what the catalogue does not know names nothing bad."""
        named = self.numbers.get(word, ())
        return not named or any(number in told for number in named)

    def _called(self, word: str) -> str:
        named = next((self.known[number] for number in self.numbers.get(word, ()) if number in self.known), None)
        return named.name or word if named is not None and named.external == word else word
