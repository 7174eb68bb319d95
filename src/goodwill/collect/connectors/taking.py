"""What webhooks say, written down: whose it is, whether any of it may be kept, and what of it is news.

An order is one order, whether a file, a program or a webhook told of it: it has the same number, and so have its lines.
A webhook tells how an order stands now, so what stands here of it and is no more so takes its leave.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
from sqlalchemy import Connection

from goodwill import people
from goodwill.basics.clock import DAY, Micros, day_of
from goodwill.basics.errors import BadInput
from goodwill.basics.ids import PersonId
from goodwill.catalogue import store as catalogue
from goodwill.catalogue.products import Product
from goodwill.collect import keys
from goodwill.collect.connectors import store
from goodwill.collect.connectors.acts import Gone, Ids, MoneyBack, Said, Sale, Shelf, Somebody
from goodwill.collect.connectors.store import Known
from goodwill.collect.live.commerce import detail_of
from goodwill.collect.live.orders import refund_key
from goodwill.collect.live.segment import Unread
from goodwill.collect.writing import Tools
from goodwill.people import keeping, merge, repeats
from goodwill.people.canonical import canonical
from goodwill.people.columns import NAMES
from goodwill.people.repeats import Place, Row
from goodwill.people.together import Id, Met, identify_rows, known_by
from goodwill.people.types import BOUGHT, ORDERED, REFUNDED
from goodwill.protect import Box
from goodwill.purposes import Category
from goodwill.storage.engine import EVENTS, one_at_a_time

_PURCHASES: Final = Category("purchases")
CONTACT: Final = Category("contact")
_SAID: Final = ("product", "quantity", "amount", "currency")


class Waits(Exception):
    """What this belongs to has not come yet."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a webhook, or of one act of it.

    Attributes:
        rule: that dropped it; "" where it was taken.
        person: whose it is; new: whether it told who she is.
    """

    rule: str = ""
    person: PersonId | None = None
    new: bool = False


@dataclass(frozen=True, slots=True)
class Correction:
    """An order of which something that stands is no more so.

    Attributes:
        rows: what is so now and does not stand. gone: the places of what stands and is not so.
        heard: people whom totals may count because of it; they must be held, and totals settle, before it is changed.
        then: writes down how new it is, once that is done.
    """

    rows: Sequence[Row]
    gone: Sequence[Place]
    heard: Sequence[PersonId]
    then: Callable[[], None]


Taken = tuple[Outcome, Correction | None]


@dataclass(slots=True)
class _Order:
    """What stands of one order, and how it should stand."""

    person: PersonId
    reference: int
    stands: Sequence[Row]
    at: Micros
    day: int
    wanted: list[Row] = field(default_factory=list)
    about: set[int] = field(default_factory=set)  # the types of events of which all that should stand is wanted

    def standing(self, kind: int) -> int:
        """What stands of one type, added up."""
        return sum(row["amount"] or 0 for row in self.stands if row["type"] == kind)

    @property
    def given_back(self) -> int:
        """What went back as this system, or a file of its, told; what programs told of it is the same money."""
        own = refund_key(self.reference)
        return sum(row["amount"] or 0 for row in self.stands if row["key"] == own)

    def want(self, kind: int, key: int, **more: Any) -> None:
        base = {"person": self.person, "at": self.at, "day": self.day, "reference": self.reference}
        self.wanted.append({**dict.fromkeys(NAMES), **base, "type": kind, "key": key, **more})

    def want_back(self, amount: int, currency: str) -> None:
        """Want a sum of money to have gone back; as in files it is one, and has the order's own day."""
        self.about.add(REFUNDED)
        if amount > 0:
            self.want(REFUNDED, refund_key(self.reference), amount=amount, currency=currency)

    def difference(self) -> tuple[list[Row], list[Place]]:
        """What is wanted and does not stand, and the places of what stands and is not wanted."""
        stands = {(row["day"], row["key"]): row for row in self.stands if row["type"] in self.about}
        rows, gone = [], []
        for row in self.wanted:
            was = stands.pop((row["day"], row["key"]), None)
            if was is not None and all(was[name] == row[name] for name in (*_SAID, "person")):
                continue
            rows.append(row)
            if was is not None:
                gone.append((row["day"], row["key"]))
        return rows, [*gone, *stands]


@dataclass(frozen=True)
class Taking:
    """Takes what one source tells, inside the caller's transaction.

    Attributes:
        trusts: whether the consent ledger may be believed; if not, only what needs no yes is kept.
    """

    connection: Connection
    tools: Tools
    source: int
    box: Box
    now: Micros
    trusts: bool = True

    # ---- who, and whether --------------------------------------------------------------------------------------------

    def find(self, who: Somebody) -> PersonId | None:
        """Who somebody is; nobody is made."""
        return known_by(self.connection, self.tools.cipher, [self._rows(who.ids)])[0]

    def may(self, who: Somebody) -> frozenset[Category]:
        """What may be kept of somebody."""
        register, day = self.tools.register, day_of(self.now, self.tools.zone)
        person = self.find(who)
        if person is None:
            return keeping.of_strangers(register, day=day).categories
        cells = keeping.may_keep(self.connection, register, {person}, at=self.now, day=day, trusts=self.trusts)
        return cells[person].categories

    def met(self, who: Somebody) -> Met | None:
        """Who somebody is, made if she is new; None if she is left alone."""
        return identify_rows(self.connection, self.tools.cipher, [self._rows(who.ids)], now=self.now)[0]

    def _rows(self, ids: Ids) -> Mapping[str, Id]:
        found = {}
        for kind, text in ids:
            try:
                form = canonical(kind, text, region=self.tools.region)
            except BadInput:
                raise Unread("malformed", "An id in it cannot be read.") from None
            if form is not None:
                found[kind] = Id(text, form)
        if not found:
            raise Unread("no-id", "It names nobody.")
        return found

    # ---- how new it is -----------------------------------------------------------------------------------------------

    def known(self, kind: str, number: str) -> Known | None:
        """What is known of an object of this source; a person by the number that she has by now."""
        found = store.known(self.connection, self.source, kind, self.box.mark(self.source, kind, number))
        if found is None or found.person is None:
            return found
        return replace(found, person=merge.survivor(self.connection, PersonId(found.person)))

    def is_old(self, said: Said) -> bool:
        """Whether a newer state of the same object came before."""
        if said.changed_at is None or not said.kind:
            return False
        found = self.known(said.kind, said.id)
        return found is not None and found.changed_at is not None and found.changed_at > said.changed_at

    def keep(self, said: Said, *, person: int | None, reference: int | None = None, detail: Any = None) -> None:
        """Write down how new what is known of an object is now."""
        if not said.kind:
            return
        before = self.known(said.kind, said.id)
        changed = said.changed_at if said.changed_at is not None else before.changed_at if before else None
        self._note(said.kind, said.id, Known(person, reference, changed, detail))

    def _note(self, kind: str, number: str, what: Known) -> None:
        mark = self.box.mark(self.source, kind, number)
        store.keep(self.connection, self.source, kind, mark, what, now=self.now)

    # ---- orders ------------------------------------------------------------------------------------------------------

    def sale(self, said: Said, sale: Sale) -> Taken:
        """Take an order as it stands now; what must first leave the totals is given back as a correction."""
        if self.is_old(said):
            return Outcome("older"), None
        self._count(sale)
        if _PURCHASES not in self.may(sale.who):
            return Outcome("no-consent"), None
        met = self.met(sale.who)
        if met is None:
            return Outcome("left-alone"), None
        reference = keys.reference(self.tools.source, sale.number)
        self._products([line.product for line in sale.lines or ()])  # before the log is held, as whoever collects does
        order = self._order(said, met.person, reference, sale)
        self._plan(order, said, sale)

        def then() -> None:
            for refund in sale.refunds:
                self._note("refund", refund.id, Known(met.person, reference, None, None))
            detail = {"total": sale.total} if sale.part else None
            self.keep(said, person=met.person, reference=reference, detail=detail)

        return Outcome("", met.person, met.new), self._written(order, then)

    def back(self, said: Said, act: MoneyBack) -> Taken:
        """Take a refund that names its order by the source's id.

        Raises:
            Waits: that order has not come.
        """
        known = self.known(act.kind, act.of)
        if known is None or known.reference is None:
            raise Waits("unknown-order")
        if known.person is None:
            return Outcome("left-alone"), None
        person, reference = PersonId(known.person), known.reference
        if self.known("refund", act.refund.id) is not None:
            return Outcome("", person), None  # the order told of it already
        order = self._order(said, person, reference, None)
        order.want_back(order.given_back + (act.refund.amount or 0), act.currency)
        return Outcome("", person), self._written(
            order, lambda: self._note("refund", act.refund.id, Known(person, reference, None, None))
        )

    def undone(self, said: Said) -> Taken:
        """An order that is no more: what it came to went back."""
        if self.is_old(said):
            return Outcome("older"), None
        known = self.known(said.kind, said.id)
        if known is None or known.reference is None or known.person is None:
            return Outcome("not-paid"), None
        person, reference = PersonId(known.person), known.reference
        order = self._order(said, person, reference, None)
        currency = next((row["currency"] for row in order.stands if row["type"] == ORDERED), None)
        if currency is not None:
            order.want_back(order.standing(ORDERED), currency)
        return Outcome("", person), self._written(
            order, lambda: self.keep(said, person=person, reference=reference, detail=known.detail)
        )

    def _order(self, said: Said, person: PersonId, reference: int, sale: Sale | None) -> _Order:
        """What stands of an order, of whoever it was said to be; placed when it stands, if somebody else told of it."""
        one_at_a_time(self.connection, EVENTS)  # no program adds to it between the look and the rows
        before = self.known(said.kind, said.id)
        persons = {person} | ({PersonId(before.person)} if before is not None and before.person is not None else set())
        if sale is not None:
            persons |= self._who_else(reference, sale)
        stands = repeats.of_order(self.connection, persons, reference)
        first = next((row for row in stands if row["type"] in (ORDERED, BOUGHT)), None)
        at = min(sale.said_at, self.now) if sale is not None else self.now
        if first is not None and (sale is None or sale.lines is None or abs(first["at"] - at) <= DAY):
            return _Order(person, reference, stands, first["at"], first["day"])
        return _Order(person, reference, stands, Micros(at), day_of(at, self.tools.zone))

    def _who_else(self, reference: int, sale: Sale) -> set[PersonId]:
        """Whose a program said that an order is, such as a device's of which nobody knew yet whose that is."""
        key, day = int(keys.order_keys(_array(reference))[0]), day_of(min(sale.said_at, self.now), self.tools.zone)
        return repeats.whose(self.connection, [(day + n, key) for n in (-1, 0, 1)])

    def _plan(self, order: _Order, said: Said, sale: Sale) -> None:
        """How an order should stand."""
        detail = detail_of(coupon=sale.coupon or None)
        told = None if detail is None else json.dumps(detail, sort_keys=True)
        total = order.standing(ORDERED)
        if sale.total is not None:
            total = sale.total + self._other_parts(order.reference, said, sale)
            key = int(keys.order_keys(_array(order.reference))[0])
            order.want(ORDERED, key, amount=total, currency=sale.currency, detail=told)
            order.about.add(ORDERED)
        if sale.lines is not None:
            self._lines(order, sale, told)
        if sale.given_back is not None:
            order.want_back(sale.given_back, sale.currency)
        elif any(one.amount is None for one in sale.refunds):
            order.want_back(total, sale.currency)
        elif sale.refunds:
            order.want_back(sum(one.amount or 0 for one in sale.refunds), sale.currency)

    def _other_parts(self, reference: int, said: Said, sale: Sale) -> int:
        """What other payments for the same order came to."""
        if not sale.part:
            return 0
        mine = self.box.mark(self.source, said.kind, said.id)
        others = store.parts(self.connection, self.source, reference)
        return sum(detail.get("total") or 0 for mark, detail in others if mark != mine)

    def _lines(self, order: _Order, sale: Sale, told: str | None) -> None:
        lines = sale.lines or ()
        products = self._products([line.product for line in lines])
        seen: defaultdict[str, int] = defaultdict(int)
        order.about.add(BOUGHT)
        for line in lines:
            external = line.product.external
            word = _array(keys.product_word(external))
            key = keys.line_keys(_array(order.reference), word, _array(seen[external]))[0]
            seen[external] += 1
            order.want(
                BOUGHT, int(key), product=products[external], quantity=line.quantity, amount=line.amount,
                currency=sale.currency, detail=told,
            )  # fmt: skip

    def _products(self, wanted: Sequence[Product]) -> Mapping[str, int]:
        """The catalogue's numbers; what it does not know yet is added, what it knows is left as it is."""
        found: dict[str, int] = dict(catalogue.ids_of(self.connection, {one.external for one in wanted}))
        fresh = {one.external: one for one in wanted if one.external not in found}
        if fresh:
            added = catalogue.upsert_many(self.connection, list(fresh.values()))
            found.update(zip(fresh, added.ids, strict=True))
        return found

    def _written(self, order: _Order, then: Callable[[], None]) -> Correction | None:
        """Add what is news; where something must go first, tell what, and write nothing."""
        rows, gone = order.difference()
        if gone:
            return Correction(rows, gone, repeats.concerned(self.connection, gone), then)
        repeats.add(self.connection, rows)
        then()
        return None

    # ---- people and products -----------------------------------------------------------------------------------------

    def seen(self, said: Said, who: Somebody) -> Outcome:
        """Take somebody as the source knows her now."""
        if self.is_old(said):
            return Outcome("older")
        if CONTACT not in self.may(who):
            return Outcome("no-consent")
        met = self.met(who)
        if met is None:
            return Outcome("left-alone")
        told = {name: (CONTACT, text) for name, text in who.facts.items()}
        written = people.set_profile(self.connection, self.tools.cipher, met.person, told, now=self.now)
        self.keep(said, person=met.person)
        return Outcome("", met.person, met.new or written.changed > 0)

    def gone(self, said: Said, act: Gone) -> Outcome:
        """A customer or a product was deleted at the source."""
        known = self.known(said.kind, said.id)
        if act.what == "product":
            names = known.detail if known is not None and known.detail else ()
            self._take_off(names)
            self.keep(said, person=None, detail=names or None)
            return Outcome("" if names else "nobody")
        person = None if known is None or known.person is None else PersonId(known.person)
        if person is None:
            return Outcome("nobody")
        told = dict.fromkeys(("name", "first-name", "last-name"), (CONTACT, None))
        people.set_profile(self.connection, self.tools.cipher, person, told, now=self.now)
        return Outcome("", person, new=True)

    def shelf(self, said: Said, act: Shelf) -> Outcome:
        """Take the products under one id of the source as they are now."""
        if self.is_old(said):
            return Outcome("older")
        before = self.known(said.kind, said.id)
        names = [one.external for one in act.products]
        catalogue.upsert_many(self.connection, act.products, at=self.now)
        self._take_off([name for name in (before.detail or () if before is not None else ()) if name not in set(names)])
        self.keep(said, person=None, detail=names)
        return Outcome()

    def _take_off(self, names: Sequence[str]) -> None:
        """Products that cannot be had any more; they stay in the catalogue, for what was bought of them."""
        known = catalogue.ids_of(self.connection, names)
        gone = [Product(name, available=False) for name in names if name in known]
        catalogue.upsert_many(self.connection, gone, at=self.now)

    # ---- what never came ---------------------------------------------------------------------------------------------

    def _count(self, sale: Sale) -> None:
        """Notice running numbers that were left out."""
        if sale.count is None or not 0 < sale.count < 1 << 53:
            return
        source = store.source_of(self.connection, self.source)
        last, missing = source.last_count, dict(source.missing)
        missing.pop(str(sale.count), None)
        if last is not None:
            missing |= {str(number): self.now for number in range(last + 1, sale.count)[:_MOST_MISSING]}
        values = {
            "last_count": max(sale.count, last or 0),
            "missing": json.dumps(dict(list(missing.items())[-_MOST_MISSING:])),
        }
        store.change_source(self.connection, self.source, values)


_MOST_MISSING: Final = 100


def _array(number: int) -> Any:
    return np.array([number], np.int64)
