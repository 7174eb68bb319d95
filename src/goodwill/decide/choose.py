"""The choice itself: nine usual and one new, guarded, with the reasons that carried them; else what everyone gets."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from goodwill import people
from goodwill.access import Door, View
from goodwill.access.rows import as_of_now
from goodwill.basics.clock import day_of
from goodwill.basics.errors import QUARANTINED, Conflict, NoConsent
from goodwill.basics.ids import PersonId, new_reference, opaque
from goodwill.catalogue import store as catalogue
from goodwill.catalogue.products import Product
from goodwill.decide.because import because_many, because_together, because_usual
from goodwill.decide.decision import Choice, Decision, Reason
from goodwill.decide.shelf import Shelf, shelf_of, to_show
from goodwill.learn.baskets import Baskets, of_view
from goodwill.learn.habits import SINCE
from goodwill.learn.library import Library, Models
from goodwill.learn.rows import rows
from goodwill.people.types import BOUGHT
from goodwill.purposes import RECOMMENDATIONS, Category

_PURCHASES = Category("purchases")
_SPARE = 3  # proposals for each place, as some cannot be had


@dataclass(frozen=True, slots=True)
class Context:
    """What is known of the moment, from the caller and not from the person's history.

    Attributes:
        basket: the shop's ids of products that are in the basket now; they are not suggested.
        new: how many suggestions shall be new to the person; the shop's setting unless given.
    """

    basket: tuple[str, ...] = ()
    new: int | None = None


@dataclass(eq=False)
class Choosing:
    """What choosing keeps between two decisions: the shelf, looked at again when models are."""

    _shelf: Shelf | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def shelf(self) -> Shelf:
        if self._shelf is None:
            raise Conflict("The catalogue was not looked at yet; run: goodwill learn")
        return self._shelf

    def refresh(self, connection: Connection, level: str, sensitive: Sequence[str]) -> Shelf:
        """Look at the catalogue again."""
        with self._lock:
            catalogue.set_items(connection, level)
            self._shelf = shelf_of(connection, level, sensitive)
            return self._shelf

    def ready(self, connection: Connection, level: str, sensitive: Sequence[str]) -> Shelf:
        """The shelf as it was last looked at."""
        shelf = self._shelf
        return shelf if shelf is not None else self.refresh(connection, level, sensitive)


def choose(
    door: Door,
    library: Library,
    choosing: Choosing,
    *,
    person: PersonId | None,
    named: bool,
    slot: str,
    count: int,
    context: Context,
    level: str,
    sensitive: Sequence[str],
    new_in_ten: int,
) -> Decision:
    """Choose for one person, with what she allows for recommendations and nothing else."""
    shelf = choosing.ready(door.connection, level, sensitive)
    view, reason = _view(door, person, named=named)
    at = door.clock()
    as_of = view.as_of if view is not None else as_of_now(door.connection, at)
    left_out = set(shelf.items_of(_products(door.connection, context.basket)).tolist())
    choices: list[Choice] = []
    personalised = False
    if reason == QUARANTINED or not door.trusts(as_of.consent):
        view, reason = None, QUARANTINED
        choices = _off_the_shelf(door.connection, shelf, count, left_out)
    else:
        models = library.ready(door, shelf, as_of)
        if view is not None:  # what everyone gets is chosen without a look at anybody's words
            unwanted = people.verdicts.left_out(door.connection, view.person, at=at)
            left_out |= set(shelf.items_of(np.array(unwanted, dtype=np.int64)).tolist())
        new = context.new if context.new is not None else _share_of_new(count, new_in_ten)
        history = _history(view, shelf, day_of(at, door.zone)) if view is not None else None
        if history is not None and history.items.size:
            choices = _personal(door.connection, models, shelf, history, count, new, left_out)
        elif view is not None:
            reason = "no-history"
        personalised = bool(choices)
        if len(choices) < count:
            choices += _for_everyone(door.connection, models, shelf, count - len(choices), left_out, choices)
    entry = door.register[RECOMMENDATIONS]
    used = (_PURCHASES,) if personalised else ()
    allowed = view.used if view is not None else frozenset[Category]()
    return Decision(
        id=opaque(new_reference()),
        person=person if view is not None else None,  # what everyone gets is nobody's, and is not kept as hers
        slot=slot,
        purpose=entry.name,
        personalised=personalised,
        reason="" if personalised else reason,
        items=tuple(choices),
        used=used,
        withheld=tuple(category for category in entry.categories if category not in allowed),
        as_of=as_of,
        at=at,
    )


def _view(door: Door, person: PersonId | None, *, named: bool) -> tuple[View | None, str]:
    """What may be seen of the person for recommendations, or why nothing may."""
    if person is None:
        return None, "unknown-person" if named else "anonymous"
    try:
        return door.one(person, purpose=RECOMMENDATIONS), ""
    except NoConsent as refusal:
        return None, refusal.reason


def _share_of_new(count: int, new_in_ten: int) -> int:
    """How many of ``count`` places go to something new: at least one of three or more, if the shop wants any."""
    if new_in_ten == 0 or count < 3:
        return 0
    return min(count, max(1, round(count * new_in_ten / 10)))


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """What a person bought, as the models count it.

    Attributes:
        baskets: visit by visit.
        items: everything she ever bought, rising.
        product: for each item, the product she took last.
        today: the day that a visit now would be on; None where her last visit is so long ago that the time since then
            tells nothing, and the next visit is taken to follow the last.
    """

    baskets: Baskets
    items: NDArray[np.int64]
    product: Mapping[int, int]
    today: int | None


def _history(view: View, shelf: Shelf, day: int) -> History:
    baskets = of_view(view, shelf.item_of, shelf.items)
    bought = view.events.where(view.events.type == BOUGHT)
    items = shelf.items_of(bought.product)
    known = items >= 0
    product = dict(zip(items[known].tolist(), bought.product[known].tolist(), strict=True))
    last = int(baskets.day[-1]) if baskets.day.size else day
    return History(baskets, np.unique(baskets.item), product, day if day - last <= SINCE[-1] else None)


def _products(connection: Connection, externals: Sequence[str]) -> NDArray[np.int64]:
    found = catalogue.ids_of(connection, externals) if externals else {}
    return np.array(list(found.values()), dtype=np.int64)


# ---- personal --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Proposal:
    """An item that a model proposes, before anybody knows whether it can be had.

    Attributes:
        because: tells the reasons and the share that they cover; asked only for what is chosen.
    """

    item: int
    kind: str
    score: float
    because: Callable[[], tuple[tuple[Reason, ...], float]]


def _personal(
    connection: Connection, models: Models, shelf: Shelf, history: History, count: int, new: int, left_out: set[int]
) -> list[Choice]:
    barred = shelf.hidden.copy()
    barred[[item for item in left_out if item >= 0]] = True
    usual = _usual(models, shelf, history, barred, count + _SPARE)
    fresh = _new(models, shelf, history, barred, max(new, count - len(usual)) + _SPARE)
    products = to_show(connection, [p.item for p in (*usual, *fresh)], {**models.faces, **history.product})
    usual = [proposal for proposal in usual if proposal.item in products]
    # Something new for which no reason can be told is not suggested: only discreet things would stand behind it.
    tellable = (proposal for proposal in fresh if proposal.item in products and proposal.because()[0])
    fresh = list(islice(tellable, max(new, count - len(usual))))
    places = max(0, count - min(new, len(fresh)))
    chosen = [*usual[:places], *fresh][:count]
    return [_choice(shelf, models, proposal, products[proposal.item]) for proposal in chosen]


def _usual(models: Models, shelf: Shelf, history: History, barred: NDArray[np.bool_], count: int) -> list[Proposal]:
    habits = models.usual.recommend(history.baskets, count, today=history.today, barred=barred)
    return [
        Proposal(habit.item, "usual", habit.score, partial(because_usual, habit, shelf.names[habit.item]))
        for habit in habits
    ]


def _new(models: Models, shelf: Shelf, history: History, barred: NDArray[np.bool_], count: int) -> list[Proposal]:
    had = barred.copy()
    had[history.items] = True
    row = rows(history.baskets).of(0)

    @cache
    def because(item: int) -> tuple[tuple[Reason, ...], float]:
        return because_together(models.together.explain(row, item), shelf.names, shelf.hidden)

    found = models.together.recommend(row, count, barred=had)
    return [Proposal(liked.item, "new", liked.score, partial(because, liked.item)) for liked in found]


def _choice(shelf: Shelf, models: Models, proposal: Proposal, product: Product) -> Choice:
    reasons, covered = proposal.because()
    return Choice(
        product=product.external,
        name=product.name or product.external,
        item=shelf.names[proposal.item],
        kind=proposal.kind,
        because=reasons,
        covered=covered,
        score=proposal.score,
        model=models.version,
    )


# ---- for everyone ----------------------------------------------------------------------------------------------------


def _for_everyone(
    connection: Connection, models: Models, shelf: Shelf, count: int, left_out: set[int], already: Sequence[Choice]
) -> list[Choice]:
    """What many people buy, without what is left out or chosen already."""
    barred = shelf.hidden.copy()
    barred[[item for item in left_out if item >= 0]] = True
    taken = {choice.item for choice in already}
    found = models.popular.recommend(count + len(taken) + _SPARE, barred=barred)
    ranked = [item for item in found if shelf.names[item] not in taken]
    products = to_show(connection, ranked, models.faces)
    proposals = [
        Proposal(item, "everyone", float(models.popular.visits[item]), because_many)
        for item in ranked
        if item in products
    ]
    return [_choice(shelf, models, proposal, products[proposal.item]) for proposal in proposals[:count]]


def _off_the_shelf(connection: Connection, shelf: Shelf, count: int, basket: set[int]) -> list[Choice]:
    """What stands first in the catalogue: nothing that was learned of anybody stands behind it.

    What was learned may hold people whose "no" the ledger has lost.
    """
    open_ = [int(item) for item in np.flatnonzero(~shelf.hidden) if int(item) not in basket]
    products = to_show(connection, open_[: 10 * count], {})
    chosen = [item for item in open_ if item in products][:count]
    return [
        Choice(products[item].external, products[item].name or products[item].external, shelf.names[item], "everyone",
               (Reason("it is in our range", 1.0),), 1.0, 0.0, "none")
        for item in chosen
    ]  # fmt: skip
