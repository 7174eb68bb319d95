"""Take many messages in at once: whose they are, whether anything of them may be kept, and then all in one go.

Whoever is not known and allowed nothing leaves no trace: nobody is made for an event that is not kept.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeVar

from sqlalchemy import Connection

from goodwill import people
from goodwill.basics.clock import SECOND, Micros, day_of
from goodwill.basics.ids import PersonId, Position, ProductId
from goodwill.catalogue import store as catalogue
from goodwill.catalogue.products import Product
from goodwill.collect.live.orders import Back, told_by_systems
from goodwill.collect.live.reading import FACTS, TAKEN, Event, Given, Ids, Introduced, Outcome, Stand, text_of
from goodwill.collect.writing import Tools
from goodwill.people import keeping, log, repeats
from goodwill.people.columns import EventColumns
from goodwill.people.together import Id, Met, identify_rows, known_by
from goodwill.people.types import BY_CODE, REFUNDED
from goodwill.purposes import Category
from goodwill.storage import audit

# The traits that are kept, and the category each belongs to; what else a site knows of somebody stays there.
_FACTS: Final = dict(zip(FACTS, ("name", "first-name", "last-name"), strict=True))
_CONTACT: Final = Category("contact")
_CATEGORY: Final[Mapping[int, Category]] = {code: kind.category for code, kind in BY_CODE.items()}
_ONE_KEPT: Final = Outcome(kept=1)
_MINUTE: Final = 60 * SECOND
_MOST_KNOWN: Final = 100_000


T = TypeVar("T")


class Took(NamedTuple):
    """What became of some requests.

    Attributes:
        outcomes: of each message of each request.
        introduced: whom an ``identify`` told something new of, and by which key.
    """

    outcomes: list[list[Outcome]]
    introduced: tuple[tuple[str, PersonId], ...]


@dataclass
class Memory:
    """What was asked of the database a moment ago, as long as nothing that it depends on has changed.

    Attributes:
        stand: the last rows of the audit log and of the consent ledger, and the minute; of whom is known since this
            very stand need not be asked again (see `Whom`).
        products: the catalogue's numbers, by the shop's own ids.
    """

    stand: Stand = (-1, -1, -1, False)
    products: dict[str, ProductId] = field(default_factory=dict)

    def forget(self) -> None:
        """Nothing of it may be believed: what was seen in a transaction that failed may never have been."""
        self.at((-1, -1, -1, False))

    def at(self, stand: Stand) -> None:
        """Forget what may be out of date."""
        if stand != self.stand or len(self.products) > _MOST_KNOWN:
            self.products.clear()
            self.stand = stand


@dataclass(frozen=True)
class Taking:
    """Takes what was read in, for one shop; one group at a time.

    Attributes:
        purposes_of: which purposes a consent category of somebody else's banner speaks of; ``*`` any other one.
    """

    tools: Tools
    purposes_of: Mapping[str, frozenset[str]]
    memory: Memory = field(default_factory=Memory)

    def take(
        self, connection: Connection, given: Sequence[Given], *, now: Micros, reached: Position, trusts: bool
    ) -> Took:
        """Write what may be kept, in one transaction, and tell what became of each message.

        Args:
            reached: the last row of the consent ledger.
            trusts: whether the consent ledger may be believed; if not, only what needs no yes is kept.
        """
        self.memory.at((audit.last_position(connection), reached, now // _MINUTE, trusts))
        work = [_Request(one, list(one.said)) for one in given]
        introduced = self._introduce(connection, work, now)
        self._look_up(connection, work, now, trusts=trusts)
        kept = self._find_persons(connection, self._with_products(connection, self._allowed(work)), now)
        # What systems tell of comes first: from then on nobody else adds to these orders.
        lines, by_systems = self._not_told_yet(connection, kept, now, trusts=trusts)
        lines = self._of_whoever_ordered(connection, lines, by_systems, now, trusts=trusts)
        if fresh := _not_there_yet(connection, lines):
            log.append(connection, _columns(fresh))
        for one in work:
            one.tell()
        return Took([one.outcomes for one in work], introduced)

    def purposes(self, categories: Iterable[str]) -> frozenset[str]:
        """The purposes that some categories of a banner speak of; a category nobody knows speaks of all of them."""
        found: set[str] = set()
        for category in categories:
            found |= self.purposes_of.get(category.strip().lower()) or self.purposes_of["*"]
        return frozenset(found)

    # ---- who, and whether --------------------------------------------------------------------------------------------

    def _introduce(
        self, connection: Connection, work: Sequence["_Request"], now: Micros
    ) -> tuple[tuple[str, PersonId], ...]:
        """Let people be known by what `identify` says; tells which key told something new, and of whom."""
        said = [(one, introduced) for one in work for introduced in one.given.introduced]
        if not said:
            return ()
        met = self._met(connection, [one.ids for _, one in said], now)
        changed = {one.person for one in met.values() if one is not None and one.new}
        if told := _facts((one for _, one in said), met):
            written = people.set_profiles(connection, self.tools.cipher, told, now=now)
            changed |= {line.person for line in written.before}
        by: dict[PersonId, str] = {}
        for request, one in said:
            if (found := met[one.ids]) is None:
                request.outcomes[one.message] = _LEFT_ALONE
            elif found.person in changed:
                by.setdefault(found.person, request.given.sender.key)
        return tuple((key, person) for person, key in by.items())

    def _met(self, connection: Connection, named: Iterable[Ids], now: Micros) -> dict[Ids, Met | None]:
        different = list(dict.fromkeys(named))
        met = identify_rows(connection, self.tools.cipher, [_row(ids) for ids in different], now=now)
        return dict(zip(different, met, strict=True))

    def _look_up(self, connection: Connection, work: Sequence["_Request"], now: Micros, *, trusts: bool) -> None:
        """Find out whose the events are, and what may be kept of them."""
        stand = self.memory.stand
        asked = list({event.whom: None for one in work for event in one.given.events if event.whom.stand is not stand})
        if not asked:
            return
        persons = known_by(connection, self.tools.cipher, [_row(whom.ids) for whom in asked])
        register, day = self.tools.register, day_of(now, self.tools.zone)
        those = {person for person in persons if person is not None}
        cells = keeping.may_keep(connection, register, those, at=now, day=day, trusts=trusts)
        stranger = keeping.of_strangers(register, day=day)
        for whom, person in zip(asked, persons, strict=True):
            whom.person = person
            whom.cells = stranger if person is None else cells[person]
            whom.stand = None if person is None else stand  # a stranger may be known in a moment

    def _allowed(self, work: Sequence["_Request"]) -> Iterator[tuple["_Request", Event]]:
        """The events that may be kept."""
        for one in work:
            for event in one.given.events:
                cells, category = event.whom.cells, _CATEGORY[event.type]
                may = cells.categories if event.denied is None else cells.without(self.purposes(event.denied))
                if category in may:
                    yield one, event
                else:
                    one.dropped[event.message] = category

    # ---- writing -----------------------------------------------------------------------------------------------------

    def _with_products(
        self, connection: Connection, events: Iterable[tuple["_Request", Event]]
    ) -> list[tuple["_Request", Event, ProductId | None]]:
        """Those events whose product is known; what the shop's own server names is added to the catalogue."""
        pairs, known = list(events), self.memory.products
        if unknown := {name for _, event in pairs if (name := event.product) is not None and name not in known}:
            known.update(catalogue.ids_of(connection, unknown))
            fresh: dict[str, Product] = {}
            for _, event in pairs:
                if event.trusted and event.product is not None and event.product not in known:
                    fresh.setdefault(event.product, _product(event.product, event))
            if fresh:
                added = catalogue.upsert_many(connection, list(fresh.values()))
                known.update(zip(fresh, added.ids, strict=True))
        kept: list[tuple[_Request, Event, ProductId | None]] = []
        for one, event in pairs:
            name = event.product
            product = None if name is None else known.get(name)
            if product is not None or name is None:
                kept.append((one, event, product))
            else:
                detail = f"The catalogue has no product '{name[:60]}', and a key on pages adds none."
                one.outcomes[event.message] = Outcome("unknown-product", detail)
        return kept

    def _find_persons(
        self, connection: Connection, events: Sequence[tuple["_Request", Event, ProductId | None]], now: Micros
    ) -> list["_Line"]:
        """Whose each event is; whoever is new is made now, and a device that came with a user is noted as hers."""
        unsure = {event.whom: None for _, event, _ in events if event.whom.person is None or len(event.whom.ids) > 1}
        met = self._met(connection, [whom.ids for whom in unsure], now) if unsure else {}
        lines = []
        for one, event, product in events:
            person = event.whom.person
            if event.whom in unsure:
                found = met[event.whom.ids]
                person = None if found is None else found.person
            if person is None:
                one.outcomes[event.message] = _LEFT_ALONE
            else:
                one.kept[event.message] = one.kept.get(event.message, 0) + 1
                lines.append((person, event, product, one))
        return lines

    def _not_told_yet(
        self, connection: Connection, lines: Sequence["_Line"], now: Micros, *, trusts: bool
    ) -> tuple[Sequence["_Line"], Collection[int]]:
        """Those events that no connected system told of, and the orders that one tells of.

        What they add to an order of its is its customer's.
        """
        orders = {event.reference for _, event, _, _ in lines if event.reference is not None}
        told = told_by_systems(connection, orders) if orders else {}
        if not told:
            return lines, ()
        persons, day = {one.person for one in told.values()}, day_of(now, self.tools.zone)
        cells = keeping.may_keep(connection, self.tools.register, persons, at=now, day=day, trusts=trusts)
        fresh = []
        for line in lines:
            _, event, product, one = line
            order = told.get(event.reference) if event.reference is not None else None
            if order is None:
                fresh.append(line)
            elif event.type in order.types:
                one.tell_of_update(event)
            elif event.trusted and _CATEGORY[event.type] in cells[order.person].categories:
                fresh.append((order.person, event, product, one))
            elif not event.trusted and event.type != REFUNDED:
                fresh.append(line)  # of whoever it said: anybody may have that key, and name anybody's order
        return fresh, told

    def _of_whoever_ordered(
        self,
        connection: Connection,
        lines: Sequence["_Line"],
        by_systems: Collection[int],
        now: Micros,
        *,
        trusts: bool,
    ) -> Sequence["_Line"]:
        """Those events whose order is not somebody else's already; what the shop's server tells of money is hers."""
        orders = {event.reference for _, event, _, _ in lines if event.reference is not None} - set(by_systems)
        if not orders:
            return lines
        told = repeats.told_as_it_happened(connection, orders)
        owners = {reference: one.owner for reference, one in told.items() if one.owner is not None}
        fresh = []
        for line in lines:
            person, event, product, one = line
            if event.reference not in orders:
                fresh.append(line)
                continue
            owner = owners.get(event.reference, person)
            if event.type != REFUNDED:
                owners.setdefault(event.reference, person)
            if owner == person:
                fresh.append(line)
            elif event.type == REFUNDED and event.trusted and self._may(connection, owner, event, now, trusts=trusts):
                fresh.append((owner, event, product, one))
            else:
                one.stop(event, _ANOTHERS)
        return fresh

    def _may(self, connection: Connection, person: PersonId, event: Event, now: Micros, *, trusts: bool) -> bool:
        """Whether an event may be kept of somebody."""
        register, day = self.tools.register, day_of(now, self.tools.zone)
        cells = keeping.may_keep(connection, register, {person}, at=now, day=day, trusts=trusts)
        return _CATEGORY[event.type] in cells[person].categories


_Line = tuple[PersonId, Event, ProductId | None, "_Request"]
_STANDS: Final = Outcome("order-stands", "This order stands already. Its changes come from the shop's own system.")
_ANOTHERS: Final = Outcome("anothers-order", "This order stands already, for somebody else of whom it was told first.")
_TOO_MUCH: Final = Outcome("refunded-already", "More would go back of this order than it came to.")
_LEFT_ALONE: Final = Outcome("left-alone", "Whoever this is was erased and asked to be left alone.")


@dataclass(slots=True)
class _Request:
    """One request while it is taken in.

    Attributes:
        kept: how many events each message became. dropped: the category of one of a message that nobody may keep.
    """

    given: Given
    outcomes: list[Outcome]
    kept: dict[int, int] = field(default_factory=dict)
    dropped: dict[int, Category] = field(default_factory=dict)

    def tell_of_update(self, event: Event) -> None:
        """Tell of an event that stands already, if it should have changed that."""
        if event.update:
            self.stop(event, _STANDS)

    def stop(self, event: Event, why: Outcome) -> None:
        """Tell why nothing is kept of the message of an event."""
        self.kept.pop(event.message, None)
        self.outcomes[event.message] = why

    def tell(self) -> None:
        """Tell of each message what became of it."""
        for message, category in self.dropped.items():
            if self.outcomes[message].rule == TAKEN:
                detail = f"Nobody may keep '{category}' of this person."
                self.outcomes[message] = Outcome("no-consent", detail)
        for message, kept in self.kept.items():
            self.outcomes[message] = _ONE_KEPT if kept == 1 else Outcome(kept=kept)


def _not_there_yet(connection: Connection, lines: Sequence[_Line]) -> Sequence[_Line]:
    """Those of orders that do not stand yet, of whatever day: a page of thanks may be looked at again tomorrow."""
    orders = [(person, event.reference) for person, event, _, _ in lines if event.reference is not None]
    if not orders:
        return lines
    stands, back = repeats.keys_of_orders(connection, orders), _MoneyBack(connection, lines)
    fresh: list[_Line] = []
    for line in lines:
        person, event, _, one = line
        place = person, event.reference, event.key
        if event.reference is None:
            fresh.append(line)
        elif place in stands:
            one.tell_of_update(event)
        elif event.type != REFUNDED or back.may(line, event.reference):
            stands.add(place)
            fresh.append(line)
            back.note(line, event.reference)
    return fresh


class _MoneyBack:
    """Which messages about money that went back may be kept: as a whole or not at all."""

    def __init__(self, connection: Connection, lines: Sequence[_Line]) -> None:
        self._back = Back(connection)
        self._events: dict[tuple[int, int], list[Event]] = {}
        self._told: dict[tuple[int, int], bool] = {}
        for _, event, _, one in lines:
            if event.type == REFUNDED and event.reference is not None:
                self._events.setdefault((id(one), event.message), []).append(event)
        self._concerned = {event.reference for some in self._events.values() for event in some}

    def may(self, line: _Line, reference: int) -> bool:
        """Whether the message of an event may be kept; if too much would go back, it is told so."""
        person, event, _, one = line
        message = id(one), event.message
        if message not in self._told:
            sums, these = self._back.of(person, reference), self._events[message]
            amounts: Counter[str] = Counter()
            for each in these:
                if each.amount is not None and each.currency is not None:
                    amounts[each.currency] += each.amount
            all_of_it = any(each.amount is None and each.product is None for each in these)
            allowed = sums.allows(amounts, all_of_it=all_of_it)
            if not allowed and not sums.by_system:
                one.stop(event, _TOO_MUCH)
            self._told[message] = allowed and not sums.by_system
        return self._told[message]

    def note(self, line: _Line, reference: int) -> None:
        """Note an event that is about to stand."""
        person, event, product, _ = line
        if reference in self._concerned:
            self._back.of(person, reference).add(event.type, product, event.amount, event.currency)


def _row(ids: Ids) -> dict[str, Id]:
    return {kind: Id(form, form) for kind, form in ids}


def _facts(
    said: Iterable[Introduced], met: Mapping[Ids, Met | None]
) -> dict[PersonId, dict[str, tuple[Category, str | None]]]:
    told: dict[PersonId, dict[str, tuple[Category, str | None]]] = {}
    for one in said:
        if one.facts and (found := met[one.ids]) is not None:
            facts = {_FACTS[name]: (_CONTACT, text) for name, text in one.facts.items()}
            told.setdefault(found.person, {}).update(facts)
    return told


def _columns(lines: Sequence[_Line]) -> EventColumns:
    events = [event for _, event, _, _ in lines]
    return EventColumns(
        person=[person for person, _, _, _ in lines],
        type=[event.type for event in events],
        at=[event.at for event in events],
        day=[event.day for event in events],
        product=[product for _, _, product, _ in lines],
        quantity=_some([event.quantity for event in events]),
        amount=_some([event.amount for event in events]),
        currency=_some([event.currency for event in events]),
        reference=_some([event.reference for event in events]),
        key=[event.key for event in events],
        detail=_some([event.detail for event in events]),
    )


def _some(column: list[T]) -> list[T] | None:
    """A column in which something stands."""
    return None if column.count(None) == len(column) else column  # type: ignore[arg-type]


def _product(external: str, event: Event) -> Product:
    thing = event.thing
    if thing is None:
        return Product(external)
    return Product(
        external, name=text_of(thing.name), category=text_of(thing.category), brand=text_of(thing.brand),
        url=text_of(thing.url), image=text_of(thing.image_url),
    )  # fmt: skip
