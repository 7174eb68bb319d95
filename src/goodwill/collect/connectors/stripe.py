"""Stripe's webhooks (https://docs.stripe.com/api/events/types): what each type means; of cards nothing is read."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec import Struct

from goodwill.collect.connectors.acts import (
    Act,
    Answered,
    Gone,
    Said,
    Sale,
    Seen,
    Somebody,
    Word,
    currency_of,
    decoded,
    facts,
    first_of,
    ids,
    moment,
    nothing,
    number_of,
    stripe_minor,
    when,
)
from goodwill.collect.live.commerce import word_of
from goodwill.purposes import EMAIL_MARKETING

# Who pays here is often a customer of another system too, which has numbers of its own.
ID: Final = "stripe_id"


class _Contact(Struct):
    email: Word = None
    name: Word = None
    phone: Word = None


class _Promotions(Struct):
    promotions: Word = None


class _Object(Struct):
    id: Word = None
    object: Word = None
    amount: Word = None
    amount_refunded: Word = None
    currency: Word = None
    status: Word = None
    captured: Word = None
    created: Word = None
    customer: Any = None
    receipt_email: Word = None
    billing_details: _Contact | None = None
    customer_details: _Contact | None = None
    metadata: Mapping[str, Any] | None = None
    consent: _Promotions | None = None
    email: Word = None
    name: Word = None
    phone: Word = None


class _Data(Struct):
    object: _Object


class _Event(Struct):
    created: Word
    data: _Data


_EVENT: Final = msgspec.json.Decoder(_Event)
_ORDERS: Final = ("order_id", "order_number")  # what shop systems write into a payment's metadata


def read(topic: str, body: bytes, _: str) -> Said:
    """What a webhook says; raises as `shopify.read`."""
    if not topic.startswith(("charge.", "customer.", "checkout.session.completed")):
        return nothing("unknown-topic")
    event = decoded(body, _EVENT)
    said, changed = event.data.object, moment(event.created)
    match said.object:
        case "charge":
            return _charge(said, changed)
        case "customer":
            return _customer(topic, said, changed)
        case "checkout.session":
            return _session(said, changed)
        case _:  # disputes, subscriptions, cards
            return nothing("unknown-topic")


def _charge(said: _Object, changed: Any) -> Said:
    number = number_of(said.id, "charge", "no-order")
    if said.status != "succeeded" or said.captured is False:
        return nothing("not-paid")
    currency = currency_of(said.currency)
    order = first_of((said.metadata or {}).get(name) for name in _ORDERS)
    contact = said.billing_details or _Contact()
    who = Somebody(
        ids(**{ID: _customer_id(said.customer)}, email=contact.email or said.receipt_email, phone=contact.phone),
        facts(name=contact.name),
    )
    sale = Sale(
        order or number, who, when(said.created), currency, stripe_minor(said.amount, currency), part=number,
        given_back=stripe_minor(said.amount_refunded, currency),
    )  # fmt: skip
    return Said("charge", number, changed, (sale,))


def _customer_id(given: Any) -> Word:
    """The customer's id, where she was not told whole."""
    found = given.get("id") if isinstance(given, dict) else given
    return found if isinstance(found, str) else None


def _customer(topic: str, said: _Object, changed: Any) -> Said:
    number = number_of(said.id, "customer")
    if topic == "customer.deleted":
        return Said("customer", number, None, (Gone("customer"),))
    who = Somebody(ids(**{ID: number}, email=said.email, phone=said.phone), facts(name=said.name))
    return Said("customer", number, changed, (Seen(who),))


def _session(said: _Object, changed: Any) -> Said:
    contact = said.customer_details or _Contact()
    who = Somebody(
        ids(**{ID: _customer_id(said.customer)}, email=contact.email, phone=contact.phone), facts(name=contact.name)
    )
    if not who.ids:
        return nothing("no-id")
    acts: list[Act] = [Seen(who)]
    promotions = said.consent.promotions if said.consent is not None else None
    if promotions in ("opt_in", "opt_out"):
        acts.append(
            Answered(who, EMAIL_MARKETING, promotions == "opt_in", changed, how="stripe checkout")
        )  # fmt: skip
    return Said("session", word_of(said.id) or "", changed, tuple(acts))
