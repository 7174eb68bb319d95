"""Make a decision again, from its record and from what was true then; the same must come of it, byte for byte.

What is needed stands in the logs: her purchases up to the event that the decision saw, the plan up to its row, the
models as their total was. It is not made again where that would use what she, or anybody in the models, has taken back
since, whoever asks for it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import msgspec
import numpy as np
from numpy.typing import NDArray

from goodwill import consent, people
from goodwill.access import Door, SignedIn, View
from goodwill.access.view import COLUMNS, Happened, Log
from goodwill.basics.clock import Micros, day_of
from goodwill.basics.errors import QUARANTINED, Conflict, Refused
from goodwill.catalogue import store as catalogue
from goodwill.catalogue.products import Product
from goodwill.decide import record, store
from goodwill.decide.choose import Choosing, Rules, decided
from goodwill.decide.decision import Decision
from goodwill.decide.experiments import assign
from goodwill.decide.guardrails import tells_of_sensitive
from goodwill.decide.plan import USUAL_WAYS, Plan, Ways, plan_of
from goodwill.decide.shelf import Shelf
from goodwill.decide.situation import (
    PREFERENCES,
    Context,
    Situation,
    Wanted,
    look,
    look_ahead,
    offset_of,
    products_of,
    taste_in,
)
from goodwill.learn.library import Library, Models
from goodwill.people.gentle import ORDINARY
from goodwill.people.types import BOUGHT, BY_CODE, event_type
from goodwill.purposes import RECOMMENDATIONS, Category

_BOUGHT = BY_CODE[BOUGHT].name
_PURCHASES = Category("purchases")


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came of making a decision again.

    Attributes:
        same: byte for byte what was written down.
        cannot: why it was not made again; "" where it was.
        differs: which parts came out differently.
        written, made: the record, and what came of it now, as JSON.
    """

    same: bool
    cannot: str
    differs: tuple[str, ...]
    written: str
    made: str


@dataclass(frozen=True, eq=False)
class Then:
    """A decision with all that it was made from.

    Attributes:
        models: None where nothing that was learned was used.
    """

    decision: Decision
    seen: Situation
    plan: Plan
    shelf: Shelf
    models: Models | None
    show: Callable[[Sequence[int], Mapping[int, int]], dict[int, Product]]
    door: Door

    @cached_property
    def telling(self) -> NDArray[np.bool_]:
        """Items that give sensitive things away, one truth value per item."""
        if self.models is None:
            return np.zeros(self.shelf.items, bool)
        return tells_of_sensitive(self.models.together, self.shelf.hidden, self.models.people)

    def again(self, seen: Situation | None = None) -> Decision:
        """The decision that comes of the situation, or of another one."""
        entry = self.door.register[self.decision.purpose]
        made = decided(seen or self.seen, self.plan, self.shelf, self.models, self.telling, self.show, entry)
        return msgspec.structs.replace(made, id=self.decision.id)


def replay(door: Door, library: Library, shelf: Shelf, decision: Decision, written: str) -> Replayed:
    """Make a decision on products again, and compare it with what was written down."""
    return compared(written, lambda: then_of(door, library, shelf, decision).again())


def compared(written: str, again: Callable[[], Decision]) -> Replayed:
    """What was written down beside what comes of making it again, where it can be."""
    try:
        made = record.encoded(again())
    except (Conflict, Refused) as error:
        return Replayed(False, str(error), (), written, "")
    return Replayed(made == written, "", _differences(written, made), written, made)


def then_of(door: Door, library: Library, shelf: Shelf, decision: Decision, *, known: Models | None = None) -> Then:
    """All that a decision was made from.

    Args:
        known: the models of the same footing, if they were worked out a moment ago.

    Raises:
        Refused: it would use what she or somebody else has taken back since.
        Conflict: something that it rests on has changed: the catalogue, history, the models beyond going back.
    """
    check_allowed(door, decision)
    footing = decision.footing
    if decision.purpose != RECOMMENDATIONS:
        raise Conflict("Content and offers are made again otherwise (see `goodwill.decide.placed_again`).")
    if not decision.asked.count:
        raise Conflict("This decision was made by an older goodwill, which did not write down enough to make it again.")
    if is_at_a_word(decision):
        raise Conflict(
            "Something was left out here at the word of somebody who allows nothing, and nobody noted who it was."
        )
    if shelf.version != footing.shelf:
        raise Conflict("The catalogue has changed since: what models count, or what is sensitive, is not the same.")
    models = known
    if models is None and footing.models and footing.reach is not None:
        models = library.models_as_they_were(
            door, shelf, footing.models, footing.reach, weight=footing.weight, floored=footing.floored
        )
    plan = plan_of(store.rows(door.connection, footing.plan))
    seen = situation_of(door, plan, decision)
    check_told(decision, seen, shelf)
    return Then(decision, seen, plan, shelf, models, _shown(door, shelf, decision), door)


def check_told(decision: Decision, seen: Situation, shelf: Shelf) -> None:
    """See that her answer still stands that a decision used, and that the catalogue still knows its kinds.

    Raises:
        Refused: she took it away. Conflict: a kind is called otherwise now.
    """
    if PREFERENCES not in decision.used:
        return
    if seen.taste is None:
        raise Refused("She has taken away since what she had told us she likes.")
    if not set(seen.taste.kinds) <= set(shelf.kinds):
        raise Conflict("The catalogue has changed since: a kind of things that she named is not in it any more.")


def asked_now(door: Door, library: Library, choosing: Choosing, rules: Rules, decision: Decision) -> Then:
    """The question of an earlier decision asked now, of today's models; it is written down nowhere.

    For a decision that cannot be made again as it was, so that what it would be told today can be tried instead.

    Raises:
        Refused: nothing may be chosen for her now.
    """
    asked, connection = decision.asked, door.connection
    shelf, plan = choosing.ready(connection, rules), choosing.plan(connection)
    stock = choosing.stock(connection)
    context = Context(asked.basket, asked.viewing, asked.new, asked.personal)
    wanted = Wanted(decision.person, True, decision.slot, asked.count or None, context)
    seen = look(door, plan, wanted, look_ahead(door, plan, [wanted], stock), new_in_ten=rules.new_in_ten)
    if seen.view is None or seen.is_quarantined:
        raise Refused("Nothing may be chosen for her now.")
    models = library.ready(door, shelf, seen.as_of)
    telling, entry = choosing.telling(models, shelf), door.register[decision.purpose]
    made = decided(seen, plan, shelf, models, telling, stock.to_show, entry)
    return Then(made, seen, plan, shelf, models, stock.to_show, door)


def is_at_a_word(decision: Decision) -> bool:
    """Whether a list that is nobody's lacks what somebody wants no more of."""
    return decision.person is None and any(one.rule == "unwanted" for one in decision.interventions)


def check_allowed(door: Door, decision: Decision) -> None:
    """See that she still allows what a decision read of her, before it is made again from her data, for whomever.

    Raises:
        Refused: she took it back.
    """
    if decision.person is None:
        return
    connection, at = door.connection, door.clock()
    person = people.merge.survivor(connection, decision.person)
    if person is None or people.holds.reasons(connection, [person]):
        raise Refused("Her data rest for the time being, or are gone.")
    said = consent.standing(connection, person, door.register[decision.purpose], at=at, day=day_of(at, door.zone))
    read = {*decision.used, *({_PURCHASES} - set(decision.withheld))}
    if not read <= {line.category for line in said if line.allowed}:
        raise Refused("She has taken back since what this was chosen from.")


def situation_of(door: Door, plan: Plan, decision: Decision) -> Situation:
    """The situation in which a decision was made, from the logs."""
    asked, person, connection = decision.asked, decision.person, door.connection
    slot, at = plan.slot(decision.slot), Micros(decision.at)
    assigned = assign(plan, decision.slot, person)
    ways = assigned.ways.over(slot.ways).over(USUAL_WAYS).over(Ways(new_in_ten=asked.new_in_ten))
    day, upto = day_of(at, door.zone), decision.as_of.events
    gentle, resting = ORDINARY, dict[int, int]()
    view, taste = None, None
    if person is not None:
        view = _view(door, decision)
        words = people.gentle.words_of(connection, [person], upto=upto)[person]
        gentle, taste = people.gentle.gentle_by(words, at=at), taste_in(words, slot, view)
        if ways.rests_after:
            resting = people.gentle.proposed_by(words, since=day - (ways.rest_days or 0))
    reason = QUARANTINED if not decision.footing.models else "" if view is not None else decision.reason
    return Situation(
        decision.slot, slot, asked.count, Context(asked.basket, asked.viewing, asked.new, asked.personal), person, view,
        reason, decision.as_of, at, day, offset_of(at, door.zone), assigned, ways, asked.new_in_ten, gentle, resting,
        products_of(connection, asked.basket), products_of(connection, asked.viewing),
        taste=taste,
    )  # fmt: skip


def _view(door: Door, decision: Decision) -> View:
    """What the decision saw of her; whoever asks for it has seen before that she still allows it (`check_allowed`)."""
    if decision.person is None:
        raise Conflict("This decision was about nobody in particular.")
    own = door.own(SignedIn(decision.person, by=f"replay {decision.id}"), types={_BOUGHT})
    entry = door.register[decision.purpose]
    used = frozenset(entry.categories) - frozenset(decision.withheld)
    bought = [one for one in own.events if one.id <= decision.as_of.events] if "purchases" in used else []
    return View(decision.person, entry.name, decision.as_of, used, frozenset(decision.withheld), log_of(bought))


def log_of(happened: Sequence[Happened]) -> Log:
    """What happened, as the door hands it out to models."""
    none = {"product": -1, "quantity": -1, "amount": 0, "reference": -1}

    def value(one: Happened, name: str) -> int:
        if name == "type":
            return event_type(one.type).code
        found = getattr(one, name)
        return none[name] if found is None else int(found)

    ordered = sorted(happened, key=lambda one: (one.day, one.at, one.id))
    return Log(*(np.array([value(one, name) for one in ordered], np.int64) for name in COLUMNS))


def _shown(
    door: Door, shelf: Shelf, decision: Decision
) -> Callable[[Sequence[int], Mapping[int, int]], dict[int, Product]]:
    """What could be had then, from the record: what is shown as it was, what was missing not, all else somehow."""
    numbers = catalogue.ids_of(door.connection, [choice.product for choice in decision.items])
    if len(numbers) < len({choice.product for choice in decision.items}):
        raise Conflict("The catalogue has changed since: a product that was shown is not in it any more.")
    shown: dict[int, Product] = {}
    for choice in decision.items:
        item = int(shelf.items_of(np.array([numbers[choice.product]], np.int64))[0])
        shown[item] = Product(choice.product, choice.name)
    missing = frozenset(decision.footing.missing)

    def show(items: Sequence[int], _: Mapping[int, int]) -> dict[int, Product]:
        return {item: shown.get(item, Product("?", "?")) for item in items if item not in missing}

    return show


def _differences(written: str, made: str) -> tuple[str, ...]:
    one, other = msgspec.json.decode(written), msgspec.json.decode(made)
    return tuple(name for name in sorted({*one, *other}) if one.get(name) != other.get(name))
