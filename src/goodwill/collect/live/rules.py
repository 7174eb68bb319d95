"""The rules that drop or refuse a message, in words for whoever looks at what came in."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

# What is dropped was well said, and is not kept; everything else is refused, and can be mended by its sender.
DROPPED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "no-consent": "no purpose that this person allows may use it",
        "left-alone": "the person was erased and asked to be left alone",
        "unknown-event": "its name is no event of the e-commerce specification",
        "not-kept": "goodwill keeps nothing of this kind",
        "unknown-topic": "goodwill makes nothing of this topic",
        "older": "a newer state of it came before",
        "test-order": "it is a test order",
        "not-paid": "nothing was bought yet, or no more",
        "ids-only": "it holds nothing but ids",
        "unknown-order": "its order has not come",
        "order-stands": "its order stands already, and is changed by the shop's own system alone",
        "anothers-order": "its order stands already, for somebody else of whom it was told first",
        "nobody": "it is about nobody who is known here",
    }
)
REFUSED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "malformed": "it cannot be read",
        "too-large": "it is larger than 32 KB",
        "unknown-type": "it is of no type that the interface knows",
        "no-message-id": "it has no messageId, so a repeat could not be told from news",
        "bad-time": "its time cannot be read",
        "no-id": "it names nobody",
        "unsigned-user": "a key that stands on pages may speak for a device alone",
        "no-product": "it names no product",
        "unknown-product": "the catalogue has no such product, and a key on pages adds none",
        "no-order": "it names no order",
        "bad-currency": "its currency is no currency",
        "bad-amount": "an amount cannot be read",
        "bad-quantity": "a quantity cannot be read",
        "no-address": "whoever asks has no address on file to answer to",
        "refunded-already": "more would go back of its order than it came to",
        "not-merged": "two people could not be made one",
    }
)
# What a key that stands on pages must not learn: whether somebody is known, and what she said.
SECRET: Final = frozenset({"no-consent", "left-alone", "anothers-order", "refunded-already"})


def status_of(rule: str) -> str:
    """What became of a message by the rule that stopped it; "" stopped none."""
    return "taken" if not rule else "dropped" if rule in DROPPED else "refused"


def words_of(rule: str) -> str:
    """The rule in words."""
    return DROPPED.get(rule) or REFUSED.get(rule, "")
