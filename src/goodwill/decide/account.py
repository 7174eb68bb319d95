"""Give account of a decision: all that spoke for and against each item, and what she could have done to see another.

Worked out when somebody asks, from the decision made again. Contributions are exact: those of an item add up to its
score (of a habit: their logarithms). The counterfactual is found by choosing again without a thing that she bought.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from goodwill.access import View
from goodwill.access.view import Log
from goodwill.catalogue import store as catalogue
from goodwill.decide.again import Then
from goodwill.decide.because import is_told
from goodwill.decide.companions import Companions
from goodwill.decide.decision import Choice, Decision
from goodwill.decide.history import History, history_of
from goodwill.decide.situation import Situation
from goodwill.decide.taste import HERS, KIND, Told
from goodwill.learn.library import Models
from goodwill.learn.moved import influence
from goodwill.people.types import BOUGHT

_TRIED = 8  # things that are left out in turn to find one that makes the difference
_EXPLAINED = 3  # items for which that is looked for
_ONE_BY_ONE = 60  # latest orders of a usual thing that are left out in turn; beyond, in steps of a tenth
HER_ANSWER = "what she told us she likes"
OFTEN_BOUGHT = "bought by many"  # of what goes with a basket, the part that is no thing in it
_SAME = 2e-9  # scores are written down to nine decimals


@dataclass(frozen=True, slots=True)
class Weighed:
    """One thing on the scales.

    Attributes:
        what: a thing that she bought or holds; of a habit a factor (average, often, since, lately, item); of what goes
            with a basket also how often it is bought, and so of what she told us she likes beside that answer.
        weight: its summand of the score, of a habit the logarithm of its factor; negative: it counted against.
        told: whether it may be told: no sensitive thing, and none that few people share.
    """

    what: str
    weight: float
    told: bool


@dataclass(frozen=True, slots=True)
class Scales:
    """Everything that was weighed for one item, weightiest first.

    Attributes:
        adds_up: whether the summands give the score that was written down, to nine decimals.
    """

    product: str
    kind: str
    score: float
    weighed: tuple[Weighed, ...]
    covered: float
    adds_up: bool

    @property
    def against(self) -> tuple[Weighed, ...]:
        """What counted against it, weightiest first."""
        return tuple(sorted((one for one in self.weighed if one.weight < 0), key=lambda one: one.weight))


@dataclass(frozen=True, slots=True)
class Instead:
    """The nearest thing that would have made a difference, among those in her hands.

    Of a usual thing: the fewest of her latest orders of it. Of something new: the thing with the fewest orders, among
    the eight that carried it most. Of what she told us she likes: that answer, and no order at all.

    Attributes:
        product: the name of what was shown. without: what she bought that carried it, or `HER_ANSWER`. orders: how many
            of her orders; 0 where it is her answer.
        latest: whether only her latest orders of it would have to be missing, not all.
        seen: the item that would have been shown in its place; "" where the place would stay empty, or be taken by that
            very thing as something new.
    """

    product: str
    without: str
    orders: int
    latest: bool
    seen: str


@dataclass(frozen=True, slots=True)
class Account:
    """The account of one decision.

    Attributes:
        moved_at_most: how far her data move the shared model: the largest change of what one item says about another;
            None where she is not in it.
    """

    decision: Decision
    scales: tuple[Scales, ...]
    instead: tuple[Instead, ...]
    moved_at_most: float | None


def account_of(then: Then, shared: View | None) -> Account:
    """The account of a decision.

    Args:
        shared: what the shared model sees of her; None where it sees nothing.
    """
    weighing = weighing_of(then)
    beside = [] if weighing is not None else [*of_told(then), *of_companions(then)]
    told = tuple(instead_of_told(then))
    moved = None
    if then.models is not None and shared is not None:
        hers = history_of(shared, then.shelf, then.models.usual, then.seen.day)
        moved = influence(then.models.exact, hers.row)
    if weighing is None:
        return Account(then.decision, tuple(beside), told, moved)
    return Account(then.decision, tuple(weighing.scales()), (*weighing.instead(), *told), moved)


def weighing_of(then: Then) -> "Weighing | None":
    """A decision with what her data said in it; None where they said nothing."""
    view, models = then.seen.view, then.models
    if models is None or view is None or not then.seen.may_be_personal:
        return None
    history = history_of(view, then.shelf, models.usual, then.seen.day)
    if not history.items.size:
        return None
    history = history.but_not(then.shelf.items_of(then.seen.wrong))
    row = history.row
    return Weighing(then, models, view, history, row[~(then.shelf.hidden | then.telling)[row]])


@dataclass(frozen=True, eq=False)
class Weighing:
    """A decision that her data carried, weighed again.

    Attributes:
        row: the items of hers that carry something new: nothing that is sensitive or gives it away.
    """

    then: Then
    models: Models
    view: View
    history: History
    row: NDArray[np.int64]

    @cached_property
    def items(self) -> dict[str, int]:
        """The item of each product that was shown."""
        return _items(self.then)

    @property
    def carried(self) -> list[Choice]:
        """What her data carried."""
        return [choice for choice in self.then.decision.items if choice.kind in ("usual", "new")]

    # ---- the scales --------------------------------------------------------------------------------------------------

    def scales(self) -> Iterator[Scales]:
        """What was weighed for each item that her data, her answer or her basket carried."""
        beside = {scales.product: scales for scales in (*of_told(self.then), *of_companions(self.then))}
        for choice in self.then.decision.items:
            item = self.items[choice.product]
            if choice.product in beside:
                yield beside[choice.product]
            elif choice.kind == "usual":
                yield self._of_habit(choice, item)
            elif choice.kind == "new":
                cold = bool(self.models.likeness.cold[item])
                yield (self._of_likeness if cold else self._of_grounds)(choice, item)

    def _of_habit(self, choice: Choice, item: int) -> Scales:
        habit = self.history.habits.of(item)
        weighed = [Weighed(share.name, share.weight, is_told(share, habit)) for share in habit.shares]
        total = float(np.exp(sum(one.weight for one in weighed)))
        return _scales(choice, sorted(weighed, key=lambda one: -one.weight), total)

    def _of_grounds(self, choice: Choice, item: int) -> Scales:
        together, names = self.models.together, self.then.shelf.names
        grounds = together.explain(self.row, item)
        weighed = [Weighed(names[one.item], one.weight, one.people >= together.least) for one in grounds]
        return _scales(choice, weighed, sum(one.weight for one in grounds))

    def _of_likeness(self, choice: Choice, item: int) -> Scales:
        names = self.then.shelf.names
        weighed = [Weighed(names[one.item], one.weight, True) for one in self.models.likeness.explain(self.row, item)]
        return _scales(choice, weighed, sum(one.weight for one in weighed))

    # ---- what would have made a difference ---------------------------------------------------------------------------

    def instead(self) -> Iterator[Instead]:
        """For the first items that her data carried: the fewest of her orders without which each would not be there."""
        carried = self.carried
        firsts = [next((one for one in carried if one.kind == kind), None) for kind in ("new", "usual")]
        wanted = dict.fromkeys([*(one for one in firsts if one is not None), *carried])
        for choice in list(wanted)[:_EXPLAINED]:
            found = self.nearest(choice)
            if found is not None:
                yield found

    def nearest(self, choice: Choice) -> Instead | None:
        """The nearest counterfactual for one item, by choosing again; None where nothing alone made it."""
        item = self.items[choice.product]
        if choice.kind == "usual":
            return self._fewest(choice, item)
        found = (
            self._instead(choice, thing, self._times.get(thing, 0), latest=False) for thing in self._carrying(item)
        )
        return next((one for one in found if one is not None), None)

    def _fewest(self, choice: Choice, item: int) -> Instead | None:
        """The fewest of her latest orders of a usual thing without which it would not be there.

        More orders less need not be worse for it, so each smaller number is tried, and nothing is taken from its
        neighbours.
        """
        count, tried = self._times.get(item, 0), set[int]()
        for orders in steps(count):
            if (found := self._instead(choice, item, orders, latest=orders < count)) is not None:
                left = (n for n in range(1, orders) if n not in tried)
                fewer = (self._instead(choice, item, n, latest=True) for n in left)
                return next((one for one in fewer if one is not None), found)
            tried.add(orders)
        return None

    def _instead(self, choice: Choice, thing: int, orders: int, *, latest: bool) -> Instead | None:
        """What would have been there without some orders of a thing; None where the item stays."""
        made = self.then.again(self.without(thing, orders))
        if choice.item in {one.item for one in made.items}:
            return None
        name = self.then.shelf.names[thing]
        before = {*(one.item for one in self.then.decision.items), name}
        fresh = next((one.item for one in made.items if one.item not in before), "")
        return Instead(choice.name, name, orders, latest, fresh)

    def _carrying(self, item: int) -> list[int]:
        """Her things that carried something new most, those with the fewest orders first."""
        if self.models.likeness.cold[item]:
            carrying = [like.item for like in self.models.likeness.explain(self.row, item)[:_TRIED]]
        else:
            carrying = [ground.item for ground in self.models.together.reasons(self.row, item)[:_TRIED]]
        return sorted(carrying, key=lambda thing: self._times.get(thing, 0))

    @cached_property
    def _times(self) -> dict[int, int]:
        """On how many visits she bought each item."""
        found, counts = np.unique(self.history.bought, return_counts=True)
        return dict(zip(found.tolist(), counts.tolist(), strict=True))

    def without(self, item: int, orders: int | None = None) -> Situation:
        """The situation as it would be without her latest so many orders of a thing; without all where none is said."""
        events = self.view.events
        bought = (self.then.shelf.items_of(events.product) == item) & (events.type == BOUGHT)
        visits = _visits(events)
        gone = np.unique(visits[bought])
        gone = gone if orders is None else gone[max(0, gone.size - orders) :]
        kept = ~(bought & np.isin(visits, gone))
        return replace(self.then.seen, view=replace(self.view, events=events.where(kept)))


def steps(count: int) -> Iterator[int]:
    """Numbers of orders to leave out in turn: each up to sixty, then a tenth more each time; at last all of them."""
    orders = 1
    while orders < count:
        yield orders
        orders += 1 if orders < _ONE_BY_ONE else max(1, orders // 10)
    if count:
        yield count


def of_companions(then: Then) -> Iterator[Scales]:
    """What was weighed for each item that goes with the basket, whoever holds it."""
    if then.models is None:
        return
    companions, items = Companions(then.seen, then.models, then.shelf, then.telling), _items(then)
    for choice in then.decision.items:
        if choice.kind == "companion":
            grounds, often = companions.grounds(items[choice.product]), companions.often(items[choice.product])
            weighed = [
                Weighed(then.shelf.names[one.item], one.weight, one.people >= then.models.together.least)
                for one in grounds
            ]
            weighed = sorted([*weighed, Weighed(OFTEN_BOUGHT, often, False)], key=lambda one: -one.weight)
            yield _scales(choice, weighed, sum(one.weight for one in grounds) + often)


def of_told(then: Then) -> Iterator[Scales]:
    """What was weighed for each item that her answer carried: the answer, and how much is bought of the item."""
    told = [choice for choice in then.decision.items if choice.kind == KIND]
    if not told or then.models is None or then.seen.taste is None:
        return
    hers, items = Told(then.seen.taste, then.shelf, then.models.popular), _items(then)
    for choice in told:
        share = hers.share(items[choice.product])
        weighed = [Weighed(choice.because[0].text, HERS, told=True), Weighed(OFTEN_BOUGHT, share, told=True)]
        yield _scales(choice, weighed, HERS + share)


def instead_of_told(then: Then) -> Iterator[Instead]:
    """For the first items that her answer carried and that would not be there without it: what would."""
    told = [choice for choice in then.decision.items if choice.kind == KIND]
    if not told:
        return
    without = then.again(replace(then.seen, taste=None)).items
    stays, before = {one.item for one in without}, {one.item for one in then.decision.items}
    fresh = iter([one.item for one in without if one.item not in before])
    for choice in [choice for choice in told if choice.item not in stays][:_EXPLAINED]:
        yield Instead(choice.name, HER_ANSWER, 0, latest=False, seen=next(fresh, ""))


def _items(then: Then) -> dict[str, int]:
    """The item of each product that was shown."""
    ids = catalogue.ids_of(then.door.connection, [choice.product for choice in then.decision.items])
    numbers = then.shelf.items_of(np.array(list(ids.values()), np.int64)).tolist()
    return dict(zip(ids, numbers, strict=True))


def _scales(choice: Choice, weighed: Sequence[Weighed], total: float) -> Scales:
    same = abs(total - choice.score) < _SAME
    return Scales(choice.product, choice.kind, choice.score, tuple(weighed), choice.covered, same)


def _visits(events: Log) -> NDArray[np.int64]:
    """The visit of each event, rising with its day."""
    pairs = np.stack([events.day, events.reference], axis=1)
    return np.asarray(np.unique(pairs, axis=0, return_inverse=True)[1], np.int64).reshape(-1)
