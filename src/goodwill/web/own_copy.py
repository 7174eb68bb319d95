"""A person's own copy of all that is held about her, as one document that people and programs can read."""

import json
from collections.abc import Mapping

from msgspec import UNSET

from goodwill import catalogue
from goodwill.access import Everything
from goodwill.access.view import Happened
from goodwill.basics.clock import date_of, iso
from goodwill.basics.ids import ProductId, opaque
from goodwill.basics.money import Money
from goodwill.catalogue import Product
from goodwill.shop import Shop
from goodwill.storage.kept import Read
from goodwill.web import messages
from goodwill.web.answers import line, mark

_ORDER_CODES = (
    "order_code is the same for all lines of one order. It is goodwill's own: the shop's order number is not kept."
)


def own_copy(shop: Shop, everything: Everything) -> messages.OwnCopy:
    """Everything about one person, in clear, with products by the shop's own ids and names."""
    wanted = {event.product for event in everything.events if event.product is not None}
    with shop.database.reading() as connection:
        products = catalogue.of_ids(connection, wanted)
    events = [_event(event, products) for event in everything.events]
    return messages.OwnCopy(
        shop=shop.settings.name,
        made_at=iso(shop.clock()),
        zone=str(shop.settings.zone),
        person=everything.person,
        known_as=[messages.KnownAs(kind, value) for kind, value in everything.identities],
        profile=dict(everything.profile),
        events=events,
        consents=[line(row) for row in everything.consents],
        reads=[_read(read) for read in everything.reads],
        staff=[
            messages.StaffLook(date_of(look.day).isoformat(), look.who, look.action, look.times)
            for look in shop.looks.by_staff(everything.person)
        ],
        purposes={str(entry.name): entry.sentence for entry in shop.register},
        notes=[_ORDER_CODES] if any(event.order_code is not UNSET for event in events) else UNSET,
        watermark=mark(shop),
    )


def _event(event: Happened, products: Mapping[ProductId, Product]) -> messages.Event:
    product = products.get(ProductId(event.product)) if event.product is not None else None
    code = opaque(event.reference) if event.reference is not None else UNSET
    is_decision = event.type == "decided"
    money = Money(event.amount, event.currency) if event.amount is not None and event.currency else None
    return messages.Event(
        what=event.type,
        category=str(event.category),
        at=iso(event.at),
        product=product.external if product else UNSET,
        name=product.name if product else UNSET,
        quantity=event.quantity / 1000 if event.quantity is not None else UNSET,
        amount=str(money.amount) if money else UNSET,
        currency=money.currency if money else UNSET,
        order_code=UNSET if is_decision else code,
        decision=code if is_decision else UNSET,
        detail=json.loads(event.detail) if event.detail is not None else UNSET,
    )


def _read(read: Read) -> messages.Look:
    return messages.Look(
        read.purpose, read.categories.split(), read.verb, read.times, iso(read.first_at), iso(read.last_at)
    )
