"""Everything about one person, put into words: what all forms of a copy share, and the form for programs, JSON."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from goodwill.access import Everything
from goodwill.access.view import Happened
from goodwill.basics.clock import Micros, date_of, iso
from goodwill.basics.ids import ProductId, opaque
from goodwill.basics.money import Money
from goodwill.catalogue import Product
from goodwill.consent import Row
from goodwill.people.registry import Held
from goodwill.shop.traces import Counted, FromFile, Traces
from goodwill.storage.kept import Read

if TYPE_CHECKING:
    from goodwill.shop.looks import StaffLook
    from goodwill.shop.shop import Shop
    from goodwill.shop.telling import Telling

Json = dict[str, Any]

_OF_A_DECISION = ("decided", "explained")  # their reference names a decision, no order
_ORDER_CODES = (
    "order_code is the same for all lines of one order. It is goodwill's own: the shop's order number is not kept."
)
_LEFT_OUT = (
    "{} events are not shown: they came by a device that somebody else uses too, since that was noticed, and may be "
    "that person's."
)


@dataclass(frozen=True, slots=True)
class Copy:
    """Everything about one person, with what it takes to put it into words.

    Attributes:
        person: everything that is held.
        products: those that her events speak of.
        staff: who looked, by day and role.
        traces: the files that told of her, and the totals that count her.
        made: when. made_at: as people and machines read it.
        telling: the words of her language, for what is made to be read.
    """

    shop: "Shop"
    person: Everything
    products: Mapping[ProductId, Product]
    staff: "tuple[StaffLook, ...]"
    traces: Traces
    made: Micros
    telling: "Telling"

    @property
    def made_at(self) -> str:
        return iso(self.made)

    @property
    def has_orders(self) -> bool:
        """Whether codes of orders stand in it."""
        return any(event.reference is not None and event.type not in _OF_A_DECISION for event in self.person.events)

    @property
    def notes(self) -> list[str]:
        left_out = [_LEFT_OUT.format(self.person.left_out)] if self.person.left_out else []
        return [*([_ORDER_CODES] if self.has_orders else []), *left_out]

    def product(self, number: int | None) -> Product | None:
        return self.products.get(ProductId(number)) if number is not None else None


def encoded(copy: Copy) -> Iterator[bytes]:
    """One JSON document, in pieces."""
    before = "{"
    for name, part in _document(copy):
        yield f"{before}\n  {_text(name)}: ".encode()
        before = ","
        if isinstance(part, Iterator):
            yield from _listed(part)
        else:
            yield _text(part).encode()
    yield b"\n}\n"


def _document(copy: Copy) -> Iterator[tuple[str, Any]]:
    """The parts of the document in their order; those that may be long are iterators."""
    shop, person = copy.shop, copy.person
    yield "shop", shop.settings.name
    yield "made_at", copy.made_at
    yield "zone", str(shop.settings.zone)
    yield "person", person.person
    yield "known_as", [{"kind": kind, "value": value} for kind, value in person.identities]
    yield "profile", dict(person.profile)
    yield "held", [_held(one) for one in person.held]
    yield "events", (_event(copy, event) for event in person.events)
    yield "consents", (_consent(row) for row in person.consents)
    yield "reads", (_read(read) for read in person.reads)
    yield "staff", [_look(look) for look in copy.staff]
    yield "files", [_file(one) for one in copy.traces.files]
    yield "totals", [_total(one) for one in copy.traces.totals]
    yield "more", {section.under: [in_words(row) for row in section.rows] for section in person.more}
    yield "purposes", {str(entry.name): entry.sentence for entry in shop.register}
    if copy.notes:
        yield "notes", copy.notes
    if shop.settings.watermark:
        yield "watermark", shop.settings.watermark


def _listed(part: Iterator[Any]) -> Iterator[bytes]:
    yield b"["
    before = "\n    "
    for one in part:
        yield f"{before}{_text(one)}".encode()
        before = ",\n    "
    yield b"\n  ]" if before.startswith(",") else b"]"


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _event(copy: Copy, event: Happened) -> Json:
    product = copy.product(event.product)
    money = Money(event.amount, event.currency) if event.amount is not None and event.currency else None
    code = opaque(event.reference) if event.reference is not None else None
    said = {
        "what": event.type,
        "category": str(event.category),
        "at": iso(event.at),
        "product": product.external if product else None,
        "name": product.name if product else None,
        "quantity": event.quantity / 1000 if event.quantity is not None else None,
        "amount": str(money.amount) if money else None,
        "currency": money.currency if money else None,
        "decision" if event.type in _OF_A_DECISION else "order_code": code,
        "detail": json.loads(event.detail) if event.detail is not None else None,
        "by_import": event.import_id,
    }
    return {name: value for name, value in said.items() if value is not None}


def _consent(row: Row) -> Json:
    return {
        "position": row.position,
        "purpose": str(row.purpose),
        "category": str(row.category),
        "state": row.state.value,
        "said_at": said(row.said_at),
        "recorded_at": iso(row.recorded_at),
        "until": iso(row.until) if row.until is not None else None,
        "evidence": row.evidence.value,
        "notice": row.notice,
        "asked": json.loads(row.asked),
        "refers": row.refers,
    }


def _read(read: Read) -> Json:
    return {
        "purpose": read.purpose,
        "data": read.categories.split(),
        "by": read.verb,
        "times": read.times,
        "first": iso(read.first_at),
        "last": iso(read.last_at),
        "position": read.position,
    }


def _look(look: "StaffLook") -> Json:
    return {"day": date_of(look.day).isoformat(), "who": look.who, "what": look.action, "times": look.times}


def _file(one: FromFile) -> Json:
    happened = {f"{category} events": many for category, many in one.happened.items()}
    return {
        "import": one.number,
        "file": one.file,
        "at": iso(one.at),
        "taken_back": one.taken_back,
        "brought": happened | dict(one.brought),
    }


def _total(one: Counted) -> Json:
    return {
        "total": one.name,
        "purpose": one.purpose,
        "people_at_least": one.people,
        "you_since_at_the_earliest": said(one.since),
        "something_of_yours_in_it": one.with_something,
        "as_of": iso(one.as_of),
    }


def _held(held: Held) -> Json:
    return {
        "what": held.under,
        "rows": held.rows,
        "since": iso(held.since) if held.since is not None else None,
        "until": iso(held.until) if held.until is not None else None,
        "kept": held.kept,
    }


def said(at: int | None) -> str | None:
    """A moment at which something was said; a yes from a file without times stands at 0."""
    return None if not at else iso(at)


def in_words(row: Mapping[str, object]) -> Json:
    """A row of any table, times and days as people read them; what is empty is left out."""
    return {
        ("value" if name == "sealed" else name): _in_words(name, value)
        for name, value in row.items()
        if value is not None
    }


def _in_words(name: str, value: object) -> object:
    if isinstance(value, int) and (name in ("at", "until") or name.endswith("_at")):
        return said(value)
    if isinstance(value, int) and (name == "day" or name.endswith("_day")):
        return date_of(value).isoformat()
    return value if isinstance(value, str | int | float | bool) else str(value)
