"""What webhooks say, written down: whose it is, whether any of it may be kept, and what of it is news.

An order is one order, whether a file, a program or a webhook told of it: it has the same number, and so have its lines.
A webhook tells how an order stands now, so what stands here of it and is no more so takes its leave.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
from sqlalchemy import Connection

from goodwill import people
from goodwill.basics.clock import DAY, Micros, day_of
from goodwill.basics.errors import BadInput
from goodwill.basics.ids import PersonId, hash64
from goodwill.catalogue import store as catalogue
from goodwill.catalogue.products import Product
from goodwill.collect import keys
from goodwill.collect.connectors import store
from goodwill.collect.connectors.acts import Gone, Ids, MoneyBack, Refund, Said, Sale, Shelf, Somebody
from goodwill.collect.connectors.store import Known
from goodwill.collect.live.commerce import detail_of
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
    """

    rows: Sequence[Row]
    gone: Sequence[Place]
    heard: Sequence[PersonId]


@dataclass(slots=True)
class _Order:
    """What stands of one order, and what is to be added and to go."""

    person: PersonId
    reference: int
    stands: Sequence[Row]
    rows: list[Row] = field(default_factory=list)
    gone: list[Place] = field(default_factory=list)

    def of(self, kind: int) -> list[Row]:
        return [row for row in self.stands if row["type"] == kind]

    @property
    def left(self) -> int:
        """What the order comes to after what was given back."""
        going = set(self.gone)
        rows = [row for row in self.stands if (row["day"], row["key"]) not in going] + self.rows
        ordered = [row["amount"] or 0 for row in rows if row["type"] == ORDERED]
        return sum(ordered) - self.given_back(rows)

    def given_back(self, rows: Sequence[Row] | None = None) -> int:
        these = [*self.stands, *self.rows] if rows is None else rows
        return sum(row["amount"] or 0 for row in these if row["type"] == REFUNDED)


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
        store.keep(
            self.connection, self.source, said.kind, self.box.mark(self.source, said.kind, said.id),
            Known(person, reference, changed, detail), now=self.now,
        )  # fmt: skip

    # ---- orders ------------------------------------------------------------------------------------------------------

    def sale(self, said: Said, sale: Sale) -> tuple[Outcome, Correction | None]:
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
        order = _Order(met.person, reference, self._standing(said, met.person, reference))
        self._plan(order, said, sale)
        correction = self._written(order)
        if correction is None:
            self.keep(said, person=met.person, reference=reference, detail={"total": sale.total} if sale.part else None)
        return Outcome("", met.person, met.new), correction

    def back(self, act: MoneyBack) -> Outcome:
        """Take a refund that names its order by the source's id.

        Raises:
            Waits: that order has not come.
        """
        known = self.known(act.kind, act.of)
        if known is None or known.reference is None:
            raise Waits("unknown-order")
        if known.person is None:
            return Outcome("left-alone")
        person = PersonId(known.person)
        order = _Order(person, known.reference, repeats.of_order(self.connection, [person], known.reference))
        self._plan_refunds(order, (act.refund,), act.currency)
        repeats.add(self.connection, order.rows)
        return Outcome("", person)

    def undone(self, said: Said) -> Outcome:
        """An order that is no more: what it came to went back."""
        if self.is_old(said):
            return Outcome("older")
        known = self.known(said.kind, said.id)
        if known is None or known.reference is None or known.person is None:
            return Outcome("not-paid")
        person = PersonId(known.person)
        order = _Order(person, known.reference, repeats.of_order(self.connection, [person], known.reference))
        ordered = order.of(ORDERED)
        if ordered:
            at = said.changed_at or self.now
            self._plan_refunds(order, (Refund("cancelled", at, None),), ordered[0]["currency"])
            repeats.add(self.connection, order.rows)
        self.keep(said, person=person, reference=known.reference, detail=known.detail)
        return Outcome("", person)

    def _standing(self, said: Said, person: PersonId, reference: int) -> list[Row]:
        """What stands of an order, of whoever it was said to be."""
        before = self.known(said.kind, said.id)
        persons = {person} | ({PersonId(before.person)} if before is not None and before.person is not None else set())
        return repeats.of_order(self.connection, persons, reference)

    def _plan(self, order: _Order, said: Said, sale: Sale) -> None:
        at, day = self._placed(order, sale)
        wanted: list[Row] = []
        base = {"person": order.person, "at": at, "day": day, "reference": order.reference}
        detail = detail_of(coupon=sale.coupon or None)
        told = None if detail is None else json.dumps(detail, sort_keys=True)
        about: set[int] = set()
        if sale.total is not None:
            key = int(keys.order_keys(_array(order.reference))[0])
            total = sale.total + self._other_parts(order.reference, said, sale)
            wanted.append(_row(base, ORDERED, key, amount=total, currency=sale.currency, detail=told))
            about.add(ORDERED)
        if sale.lines is not None:
            wanted += self._lines(base, sale, told)
            about.add(BOUGHT)
        stands = {(row["day"], row["key"]): row for row in order.stands if row["type"] in about}
        for row in wanted:
            was = stands.pop((row["day"], row["key"]), None)
            if was is None:
                order.rows.append(row)
            elif any(was[name] != row[name] for name in (*_SAID, "person")):
                order.rows.append(row)
                order.gone.append((row["day"], row["key"]))
        order.gone += stands
        self._plan_refunds(order, sale.refunds, sale.currency)
        if sale.given_back is not None and (more := sale.given_back - order.given_back()) > 0:
            back = Refund(f"up to {sale.given_back}", self.now, more)
            self._plan_refunds(order, (back,), sale.currency)

    def _placed(self, order: _Order, sale: Sale) -> tuple[Micros, int]:
        """When an order was placed: as it stands already, where somebody else told it a little differently."""
        at = min(sale.said_at, self.now)
        first = next((row for row in order.stands if row["type"] in (ORDERED, BOUGHT)), None)
        if first is not None and (sale.lines is None or abs(first["at"] - at) <= DAY):
            return Micros(first["at"]), first["day"]
        return Micros(at), day_of(at, self.tools.zone)

    def _other_parts(self, reference: int, said: Said, sale: Sale) -> int:
        """What other payments for the same order came to."""
        if not sale.part:
            return 0
        mine = self.box.mark(self.source, said.kind, said.id)
        others = store.parts(self.connection, self.source, reference)
        return sum(detail.get("total") or 0 for mark, detail in others if mark != mine)

    def _lines(self, base: Row, sale: Sale, told: str | None) -> list[Row]:
        lines = sale.lines or ()
        products = self._products([line.product for line in lines])
        seen: defaultdict[str, int] = defaultdict(int)
        rows = []
        for line in lines:
            external = line.product.external
            word = _array(keys.product_word(external))
            key = keys.line_keys(_array(base["reference"]), word, _array(seen[external]))[0]
            seen[external] += 1
            rows.append(
                _row(
                    base,
                    BOUGHT,
                    int(key),
                    product=products[external],
                    quantity=line.quantity,
                    amount=line.amount,
                    currency=sale.currency,
                    detail=told,
                )
            )
        return rows

    def _products(self, wanted: Sequence[Product]) -> Mapping[str, int]:
        """The catalogue's numbers; what it does not know yet is added, what it knows is left as it is."""
        found: dict[str, int] = dict(catalogue.ids_of(self.connection, {one.external for one in wanted}))
        fresh = {one.external: one for one in wanted if one.external not in found}
        if fresh:
            added = catalogue.upsert_many(self.connection, list(fresh.values()))
            found.update(zip(fresh, added.ids, strict=True))
        return found

    def _plan_refunds(self, order: _Order, refunds: Sequence[Refund], currency: str) -> None:
        stands = {row["key"] for row in order.of(REFUNDED)}
        for refund in refunds:
            key = hash64("refund", self.tools.source, order.reference, refund.id)
            amount = order.left if refund.amount is None else refund.amount
            if key in stands or amount <= 0:
                continue
            at = min(refund.at, self.now)
            base = {
                "person": order.person, "at": at, "day": day_of(at, self.tools.zone), "reference": order.reference,
            }  # fmt: skip
            order.rows.append(_row(base, REFUNDED, key, amount=amount, currency=currency))

    def _written(self, order: _Order) -> Correction | None:
        """Add what is news; where something must go first, tell what, and write nothing."""
        if not order.gone:
            repeats.add(self.connection, order.rows)
            return None
        return Correction(order.rows, order.gone, repeats.concerned(self.connection, order.gone))

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
        """Something was deleted at the source."""
        if act.what == "order":
            return self.undone(said)
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
        catalogue.upsert_many(self.connection, act.products)
        self._take_off([name for name in (before.detail or () if before is not None else ()) if name not in set(names)])
        self.keep(said, person=None, detail=names)
        return Outcome()

    def _take_off(self, names: Sequence[str]) -> None:
        """Products that cannot be had any more; they stay in the catalogue, for what was bought of them."""
        known = catalogue.ids_of(self.connection, names)
        catalogue.upsert_many(self.connection, [Product(name, available=False) for name in names if name in known])

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


def _row(base: Row, kind: int, key: int, **more: Any) -> Row:
    return {**dict.fromkeys(NAMES), **base, "type": kind, "key": key, **more}
