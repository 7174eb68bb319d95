"""Square's webhooks (https://developer.squareup.com/reference/square/webhooks): what each event type means.

Its order events carry nothing but the order's id, so an order is known by its payments.
"""

from typing import Final

import msgspec
from msgspec import Struct

from goodwill.collect.connectors.acts import (
    Act,
    Answered,
    Gone,
    MoneyBack,
    Refund,
    Said,
    Sale,
    Seen,
    Somebody,
    Word,
    currency_of,
    decoded,
    facts,
    ids,
    moment,
    nothing,
    number_of,
    when,
)
from goodwill.collect.live.commerce import word_of
from goodwill.collect.live.segment import Unread
from goodwill.purposes import EMAIL_MARKETING


class _Money(Struct):
    amount: int = 0
    currency: Word = None


class _Payment(Struct):
    id: Word = None
    order_id: Word = None
    status: Word = None
    total_money: _Money | None = None
    amount_money: _Money | None = None
    customer_id: Word = None
    buyer_email_address: Word = None
    created_at: Word = None
    updated_at: Word = None


class _Refund(Struct):
    id: Word = None
    status: Word = None
    payment_id: Word = None
    amount_money: _Money | None = None


class _Wishes(Struct):
    email_unsubscribed: Word = None


class _Customer(Struct):
    id: Word = None
    given_name: Word = None
    family_name: Word = None
    email_address: Word = None
    phone_number: Word = None
    created_at: Word = None
    updated_at: Word = None
    preferences: _Wishes | None = None


class _Object(Struct):
    payment: _Payment | None = None
    refund: _Refund | None = None
    customer: _Customer | None = None


class _Data(Struct):
    id: Word = None
    object: _Object | None = None


class _Event(Struct):
    type: Word = None
    created_at: Word = None
    data: _Data | None = None


_EVENT: Final = msgspec.json.Decoder(_Event)


def read(topic: str, body: bytes, _: str) -> Said:
    """What a webhook says; raises as `shopify.read`."""
    event = decoded(body, _EVENT)
    data = event.data or _Data()
    told = data.object or _Object()
    match topic:
        case "payment.created" | "payment.updated" if told.payment is not None:
            return _payment(told.payment)
        case "refund.created" | "refund.updated" if told.refund is not None:
            return _refund(told.refund)
        case "customer.created" | "customer.updated" if told.customer is not None:
            return _customer(told.customer)
        case "customer.deleted" if (number := word_of(data.id)) is not None:
            return Said("customer", number, None, (Gone("customer"),))
        case _ if topic.startswith("order."):
            return nothing("ids-only")
        case "payment.created" | "payment.updated" | "refund.created" | "refund.updated":
            raise Unread("malformed", "The event holds no payment or refund.")
        case _:
            return nothing("unknown-topic")


def _payment(said: _Payment) -> Said:
    number, order = number_of(said.id, "payment", "no-order"), word_of(said.order_id)
    if said.status != "COMPLETED":
        return nothing("not-paid")
    paid = said.total_money or said.amount_money or _Money()
    who = Somebody(ids(user_id=said.customer_id, email=said.buyer_email_address))
    sale = Sale(
        order or number, who, when(said.created_at), currency_of(paid.currency), paid.amount, part=number
    )  # fmt: skip
    return Said("payment", number, when(said.updated_at, said.created_at), (sale,))


def _refund(said: _Refund) -> Said:
    number, payment = word_of(said.id), word_of(said.payment_id)
    if number is None or payment is None:
        raise Unread("no-order", "The refund names no payment.")
    if said.status != "COMPLETED":
        return nothing("not-paid")
    back = said.amount_money or _Money()
    refund = Refund(number, back.amount)
    return Said("refund", number, None, (MoneyBack("payment", payment, refund, currency_of(back.currency)),))


def _customer(said: _Customer) -> Said:
    number = number_of(said.id, "customer")
    who = Somebody(
        ids(user_id=said.id, email=said.email_address, phone=said.phone_number),
        facts(first_name=said.given_name, last_name=said.family_name),
    )
    acts: list[Act] = [Seen(who)]
    if said.preferences is not None and said.preferences.email_unsubscribed is True:  # "false" is a blank, and no yes
        acts.append(Answered(who, EMAIL_MARKETING, yes=False, said_at=moment(said.updated_at), how="square"))
    return Said("customer", number, when(said.updated_at, said.created_at), tuple(acts))
