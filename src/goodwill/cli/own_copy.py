"""A person's own copy of all that is held about her, as one document that people and programs can read."""

import json
from typing import TYPE_CHECKING, Any

from goodwill import catalogue
from goodwill.basics.clock import iso
from goodwill.basics.ids import ProductId, opaque
from goodwill.basics.money import Money
from goodwill.web.answers import moment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from goodwill.access import Everything
    from goodwill.access.view import Happened
    from goodwill.catalogue import Product
    from goodwill.consent import Row
    from goodwill.shop import Shop
    from goodwill.storage.kept import Read


def document_of(everything: "Everything", shop: "Shop") -> dict[str, Any]:
    """Everything about one person, in clear, with products by the shop's own ids and names."""
    wanted = {event.product for event in everything.events if event.product is not None}
    with shop.database.reading() as connection:
        products = catalogue.of_ids(connection, wanted)
    mark = {"watermark": shop.settings.watermark} if shop.settings.watermark else {}
    return {
        **mark,
        "shop": shop.settings.name,
        "made_at": iso(shop.clock()),
        "zone": str(shop.settings.zone),
        "person": everything.person,
        "known_as": [{"kind": kind, "value": value} for kind, value in everything.identities],
        "profile": dict(everything.profile),
        "events": [_event(event, products) for event in everything.events],
        "consents": [_row(row) for row in everything.consents],
        "reads": [_read(read) for read in everything.reads],
        "purposes": {entry.name: entry.sentence for entry in shop.register},
    }


def _event(event: "Happened", products: "Mapping[ProductId, Product]") -> dict[str, Any]:
    told: dict[str, Any] = {"what": event.type, "category": event.category, "at": iso(event.at)}
    if event.product is not None:
        known = products.get(ProductId(event.product))
        told["product"] = known.external if known else None
        told["name"] = known.name if known else None
    if event.quantity is not None:
        told["quantity"] = event.quantity / 1000
    if event.amount is not None and event.currency is not None:
        told["amount"], told["currency"] = str(Money(event.amount, event.currency).amount), event.currency
    if event.reference is not None:
        told["order"] = opaque(event.reference)
    if event.detail is not None:
        told["detail"] = json.loads(event.detail)
    return told


def _row(row: "Row") -> dict[str, Any]:
    return {
        "row": row.position,
        "purpose": row.purpose,
        "category": row.category,
        "said": row.state.value,
        "at": iso(row.said_at),
        "until": moment(row.until),
        "notice": row.notice,
        "asked": json.loads(row.asked),
        "evidence": row.evidence.value,
    }


def _read(read: "Read") -> dict[str, Any]:
    return {
        "purpose": read.purpose,
        "data": read.categories.split(),
        "by": read.verb,
        "times": read.times,
        "first": iso(read.first_at),
        "last": iso(read.last_at),
    }
