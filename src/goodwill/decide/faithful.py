"""Is the reason that was told true? Take away what it rests on, choose again: then the item must fall.

Tried on the decision made again, from exactly what it was made from. A reason that only sounds likely does not pass.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random

import numpy as np
from numpy.typing import NDArray

from goodwill.basics.errors import Conflict
from goodwill.decide import record
from goodwill.decide.account import Weighing, weighing_of
from goodwill.decide.again import Then
from goodwill.decide.because import cited
from goodwill.decide.decision import Choice, Decision
from goodwill.decide.situation import Situation
from goodwill.decide.taste import KIND as TOLD

FITTING = "fitting"  # content and offers, by what they are chosen for
KINDS = ("usual", "new", "companion", TOLD, FITTING)


@dataclass(frozen=True, slots=True)
class Trial:
    """One reason that was tried.

    Attributes:
        kind: of the item: usual, new, companion or told.
        fell: whether the item fell without what the reason cites.
    """

    kind: str
    fell: bool


def trials(then: Then, written: str, dice: Random) -> Iterator[Trial]:
    """Try the weightiest reason of one item of each kind in a decision, by lot.

    The kinds are: usual, new, what goes with the basket, and what she told us she likes.

    Args:
        written: the decision as it was written down.

    Raises:
        Conflict: made again, it does not come out as it was written down, so nothing can be said.
    """
    if record.encoded(then.again()) != written:
        raise Conflict("Made again, this decision does not come out as it was written down.")
    weighing = weighing_of(then)
    for kind in KINDS[:-1]:  # of what is fitting, the record of the draw tells
        told = [choice for choice in then.decision.items if choice.kind == kind and choice.because]
        if not told:
            continue
        if kind == "companion":
            yield Trial(kind, falls_beside(then, dice.choice(told)))
        elif kind == TOLD:
            yield Trial(kind, falls_untold(then, dice.choice(told)))
        elif weighing is not None:
            yield Trial(kind, falls(weighing, dice.choice(told)))


def falls(weighing: Weighing, choice: Choice) -> bool:
    """Whether an item falls without the thing that its weightiest reason cites; False where she never bought that."""
    without = _without(weighing, cited(choice.because[0].text))
    return without is not None and fell(weighing.then.decision, weighing.then.again(without), choice)


def falls_beside(then: Then, choice: Choice) -> bool:
    """Whether what goes with the basket falls without the thing in it, or looked at, that its reason cites."""
    name = cited(choice.because[0].text)

    def left(products: NDArray[np.int64]) -> NDArray[np.int64]:
        items = then.shelf.items_of(products).tolist()
        return products[[item < 0 or then.shelf.names[item] != name for item in items]] if items else products

    seen = replace(then.seen, basket=left(then.seen.basket), viewing=left(then.seen.viewing))
    gone = then.seen.basket.size + then.seen.viewing.size - seen.basket.size - seen.viewing.size
    return gone > 0 and fell(then.decision, then.again(seen), choice)


def falls_untold(then: Then, choice: Choice) -> bool:
    """Whether an item falls without the answer that its reason cites."""
    return fell(then.decision, then.again(replace(then.seen, taste=None)), choice)


def fell(before: Decision, after: Decision, choice: Choice) -> bool:
    """Whether an item is gone, is shown as another kind of thing, or is weaker and stands no higher than before."""
    place = [one.product for one in before.items].index(choice.product)
    for rank, one in enumerate(after.items):
        if one.item == choice.item:
            return one.kind != choice.kind or (one.score < choice.score and rank >= place)
    return True


def _without(weighing: Weighing, name: str) -> Situation | None:
    """The situation without all things of a name that she bought; None where she bought none."""
    names, seen = weighing.then.shelf.names, None
    for item in weighing.history.items.tolist():
        if names[item] == name:
            seen = weighing.without(item)
            weighing = replace(weighing, view=seen.view or weighing.view)
    return seen
