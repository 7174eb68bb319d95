"""Choose: look once, let models propose, let guardrails take away, tell the reasons."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from goodwill.access import Door
from goodwill.basics.errors import BadInput, Conflict
from goodwill.basics.ids import PersonId, Reference, new_reference, opaque
from goodwill.catalogue import store as catalogue
from goodwill.decide import store
from goodwill.decide.candidates import Candidates, as_its_segment, candidates
from goodwill.decide.decision import Decision, Footing
from goodwill.decide.eligible import IsDiscreet, IsIn, in_none, is_plain, once
from goodwill.decide.guardrails import interventions, tells_of_sensitive
from goodwill.decide.history import History, histories_of
from goodwill.decide.holding_back import Asked, Held
from goodwill.decide.labels import but_not
from goodwill.decide.lessons import WORKS
from goodwill.decide.pick import Picked, Picking, ToShow, off_the_shelf
from goodwill.decide.placing import Placing, is_on
from goodwill.decide.plan import Plan, plan_of
from goodwill.decide.prices import DAYS, is_named
from goodwill.decide.shelf import AtHand, Shelf, Stock, shelf_of
from goodwill.decide.situation import PURPOSES, Ahead, Context, Situation, Wanted, look, look_ahead
from goodwill.decide.taste import kinds_to_ask
from goodwill.learn.library import Library, Models
from goodwill.purposes import RECOMMENDATIONS, Category, Entry
from goodwill.storage.engine import is_sqlite

__all__ = ["Choosing", "Context", "Rules", "Wanted", "choose_many"]


@dataclass(frozen=True, slots=True)
class Rules:
    """The shop's settings that a choice follows.

    Attributes:
        level: what models count: product, type or category.
        sensitive: parts of words that name kinds of things which are never suggested unasked.
        new_in_ten: of ten suggestions, how many are new to the person.
        zone: of the shop's clock.
        essential: parts of words that name what everybody needs; of that nobody gets a price of her own.
        place: where the shop is (IT, US-NY), for what must be said of prices. language: of its pages.
    """

    level: str
    sensitive: Sequence[str]
    new_in_ten: int
    zone: ZoneInfo
    essential: Sequence[str] = ()
    place: str = ""
    language: str = "en"


@dataclass(eq=False)
class Choosing:
    """What choosing keeps between two decisions: the shelf, looked at again when models are, and the plan."""

    _shelf: Shelf | None = None
    _plan: Plan = field(default_factory=Plan)
    _candidates: Candidates = field(default_factory=Candidates)
    _at_hand: AtHand = field(default_factory=AtHand)
    _telling: tuple[str, str, NDArray[np.bool_]] | None = None
    _to_ask: tuple[str, str, tuple[str, ...]] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def is_ready(self) -> bool:
        """Whether the catalogue was looked at; the first look numbers its items, and so writes."""
        return self._shelf is not None

    @property
    def shelf(self) -> Shelf:
        if self._shelf is None:
            raise Conflict("The catalogue was not looked at yet; run: goodwill learn")
        return self._shelf

    def refresh(self, connection: Connection, rules: Rules) -> Shelf:
        """Look at the catalogue again."""
        with self._lock:
            catalogue.set_items(connection, rules.level)
            self._shelf = shelf_of(connection, rules.level, rules.sensitive, rules.zone)
            return self._shelf

    def ready(self, connection: Connection, rules: Rules) -> Shelf:
        """The shelf as it was last looked at."""
        shelf = self._shelf
        return shelf if shelf is not None else self.refresh(connection, rules)

    def plan(self, connection: Connection) -> Plan:
        """The plan as it stands in this transaction."""
        plan = self._plan
        last = store.last_row(connection)
        if plan.upto != last:
            plan = self._plan = plan_of(store.rows(connection, last))
        return plan

    def candidates(
        self,
        connection: Connection,
        plan: Plan,
        shelf: Shelf,
        rules: Rules,
        models: Models | None,
        *,
        at: int,
        day: int,
    ) -> Candidates:
        """All content and offers, looked up once for each plan, catalogue, shelf, day and models."""
        version = "" if models is None else models.version
        telling = np.zeros(shelf.items, bool) if models is None else self.telling(models, shelf)
        edition = catalogue.edition(connection)
        found = self._candidates
        if found.of != (plan.upto, edition, shelf.version, day, version):
            found = self._candidates = candidates(
                connection,
                plan,
                at=at,
                day=day,
                edition=edition,
                shelf=shelf,
                sensitive=rules.sensitive,
                essential=rules.essential,
                telling=telling,
                models=version,
            )
        return found

    def stock(self, connection: Connection) -> Stock:
        """What can be had, as this transaction sees it."""
        if not is_sqlite(connection):  # where whoever changes the catalogue later may be committed earlier
            return Stock(connection)
        edition, known = catalogue.edition(connection), self._at_hand
        if known.edition != edition:
            known = self._at_hand = AtHand(edition)
        return Stock(connection, known)

    def telling(self, models: Models, shelf: Shelf) -> NDArray[np.bool_]:
        """What gives sensitive things away, worked out once for each total and shelf."""
        kept = self._telling
        if kept is None or kept[:2] != (models.version, shelf.version):
            found = tells_of_sensitive(models.together, shelf.hidden, models.people)
            kept = self._telling = (models.version, shelf.version, found)
        return kept[2]

    def kinds_to_ask(self, models: Models, shelf: Shelf) -> tuple[str, ...]:
        """The kinds of things that people can say they like, worked out once for each total and shelf."""
        kept = self._to_ask
        if kept is None or kept[:2] != (models.version, shelf.version):
            found = kinds_to_ask(shelf, models, self.telling(models, shelf))
            kept = self._to_ask = (models.version, shelf.version, found)
        return kept[2]


def choose_many(
    door: Door,
    library: Library,
    choosing: Choosing,
    wanted: Sequence[Wanted],
    *,
    rules: Rules,
    is_in: IsIn = in_none,
    is_discreet: IsDiscreet = is_plain,
) -> list[Decision | BadInput]:
    """Choose for several people, each with what she allows for what the slot is for and nothing else.

    What is asked wrongly is told in its place: more shall be new than there are.

    Args:
        is_in: says who meets the rule of an offer that is for a segment.
        is_discreet: says whether that rule names what the shop keeps discreet; then the offer is for nobody.
    """
    shelf, plan = choosing.ready(door.connection, rules), choosing.plan(door.connection)
    ahead = look_ahead(door, plan, wanted, choosing.stock(door.connection))
    group = _Group(door, library, choosing, shelf, plan, rules, is_in, is_discreet)
    seen = [_looked(door, plan, one, ahead, rules) for one in wanted]
    known = group.known([one for one in seen if isinstance(one, Situation)])
    found = list[Decision | BadInput]()
    for one in seen:
        if isinstance(one, BadInput):
            found.append(one)
        elif one.slot.kind != "products":
            found.append(group.placed(one))
        else:
            found.append(group.chosen(one, ahead.stock.to_show, known.get(one.person)))
    return found


def _looked(door: Door, plan: Plan, wanted: Wanted, ahead: Ahead, rules: Rules) -> Situation | BadInput:
    seen, new = look(door, plan, wanted, ahead, new_in_ten=rules.new_in_ten), wanted.context.new
    if new is not None and not 0 <= new <= seen.count:
        return BadInput(f"Of {seen.count} suggestions 0 to {seen.count} can be new, not {new}.")
    return seen


@dataclass(frozen=True, slots=True, eq=False)
class _Group:
    """What some choices in one transaction share."""

    door: Door
    library: Library
    choosing: Choosing
    shelf: Shelf
    plan: Plan
    rules: Rules
    is_in: IsIn
    is_discreet: IsDiscreet

    def known(self, seen: Sequence[Situation]) -> dict[PersonId | None, History]:
        """What each of them bought whose purchases will be weighed, worked out for all at once."""
        views = {one.view.person: one.view for one in seen if one.view is not None and _is_weighed(one)}
        models = self.models(seen[0]) if views else None
        if models is None:
            return {}
        found = histories_of(list(views.values()), self.shelf, models.usual, seen[0].day)
        return dict(zip(views, found, strict=True))

    def models(self, seen: Situation) -> Models | None:
        """The models; None where nothing that was learned may be used."""
        return None if seen.is_quarantined else self.library.ready(self.door, self.shelf, seen.as_of)

    def chosen(self, seen: Situation, show: ToShow, known: History | None) -> Decision:
        """Products for somebody, or for everybody."""
        models = self.models(seen)
        telling = None if models is None else self.choosing.telling(models, self.shelf)
        return decided(seen, self.plan, self.shelf, models, telling, show, self.door.register[RECOMMENDATIONS], known)

    def placed(self, seen: Situation) -> Decision:
        """Content or offers."""
        return _placed(
            self.door, self.library, self.choosing, seen, self.shelf, self.rules, self.is_in, self.is_discreet,
            self.models(seen),
        )  # fmt: skip


def _is_weighed(seen: Situation) -> bool:
    return seen.slot.kind == "products" and seen.may_be_personal and not seen.is_quarantined


def decided(
    seen: Situation,
    plan: Plan,
    shelf: Shelf,
    models: Models | None,
    telling: NDArray[np.bool_] | None,
    show: ToShow,
    entry: Entry,
    known: History | None = None,
) -> Decision:
    """What comes of a situation; the same of the same, but for the decision's id.

    Args:
        models: None where nothing that was learned may be used.
        telling: items that give sensitive things away, of the same models.
        known: what she bought, where that was worked out before.
    """
    if models is None or telling is None:
        picked = off_the_shelf(seen, shelf, show)
        return _decision(seen, picked, entry, Footing(plan=plan.upto, shelf=shelf.version, missing=picked.missing))
    picked = Picking(seen, models, shelf, plan, show, telling, known).picked()
    if not picked.choices and not plan.may("popular"):
        kept = off_the_shelf(seen, shelf, show)
        picked = Picked(kept.choices, False, picked.reason, (*picked.counts, *kept.counts), kept.missing)
    footing = Footing(
        models.version, models.as_of, models.together.weight, models.floored, plan.upto, shelf.version, picked.missing
    )
    return _decision(seen, picked, entry, footing)


def _placed(
    door: Door,
    library: Library,
    choosing: Choosing,
    seen: Situation,
    shelf: Shelf,
    rules: Rules,
    is_in: IsIn,
    is_discreet: IsDiscreet,
    models: Models | None,
) -> Decision:
    """Content or offers, from the same look."""
    plan = choosing.plan(door.connection)
    found = choosing.candidates(door.connection, plan, shelf, rules, models, at=seen.at, day=seen.day)
    language, reference = seen.context.language or rules.language, new_reference()
    here = [one for one in found.slots.get(seen.slot_name, ()) if is_on(one, seen.day, language)]
    among = [as_its_segment(one, is_discreet) for one in here]
    personal = seen.may_be_personal and not seen.is_quarantined
    believed = library.model(WORKS[seen.slot.kind], door, shelf, seen.as_of) if personal and among else None
    spent: dict[str, int] = {}
    basket: tuple[Held, ...] = ()
    if seen.slot.kind == "offers" and among:
        spent, basket = store.spent(door.connection, today=seen.day), _basket(door, seen, rules.essential)
    asked = Asked(seen, plan, personal, spent, once(is_in, seen.view), basket)
    picked = Placing(
        asked, among, believed, opaque(reference), seen.context.region or rules.place,
        but_not(rules.language) if rules.essential else "",
    ).picked()  # fmt: skip
    footing = Footing(models=believed.version if believed is not None else "", plan=plan.upto, shelf=shelf.version)
    as_picked = Picked(picked.choices, not picked.reason, picked.reason, picked.counts)
    entry = door.register[PURPOSES[seen.slot.kind]]
    made = _decision(seen, as_picked, entry, footing, used=picked.used, reference=reference)
    return msgspec.structs.replace(made, draw=picked.draw)


def _basket(door: Door, seen: Situation, essential: Sequence[str]) -> tuple[Held, ...]:
    """What is in the basket and has a price."""
    numbers = seen.basket.tolist()
    if not numbers:
        return ()
    lowest = catalogue.lowest_prices(door.connection, numbers, at=seen.at, days=DAYS)
    known = catalogue.of_ids(door.connection, numbers)
    return tuple(
        Held(one.price, lowest[key], is_named(one, essential)) for key, one in known.items() if one.price is not None
    )


def _decision(
    seen: Situation,
    picked: Picked,
    entry: Entry,
    footing: Footing,
    *,
    used: tuple[Category, ...] | None = None,
    reference: Reference | None = None,
) -> Decision:
    view = seen.view
    used = (picked.used if used is None else used) if picked.personal else ()
    allowed = view.used if view is not None else frozenset[Category]()
    # What everyone gets is nobody's, and nothing is kept of whoever allowed nothing, not even her arm.
    arm = seen.assigned if view is not None else None
    return Decision(
        id=opaque(reference if reference is not None else new_reference()),
        person=seen.person if view is not None else None,
        slot=seen.slot_name,
        purpose=entry.name,
        personalised=picked.personal,
        reason="" if picked.personal else picked.reason,
        items=picked.choices,
        used=used,
        withheld=tuple(category for category in entry.categories if category not in allowed),
        as_of=seen.as_of,
        at=seen.at,
        arm=arm.arm if arm is not None else "all",
        experiment=arm.experiment if arm is not None else "",
        propensity=arm.propensity if arm is not None else 1.0,
        unused=tuple(category for category in entry.categories if category in allowed and category not in used),
        interventions=interventions(picked.counts),
        asked=seen.asked,
        footing=footing,
    )
