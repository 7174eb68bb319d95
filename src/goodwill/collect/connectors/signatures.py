"""Whether a webhook comes from whom it says: each system's signature, over the bytes as they came."""

import hmac
from base64 import b64encode
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final

from goodwill.basics.clock import SECOND, Micros


class System(StrEnum):
    """Who sends webhooks."""

    SHOPIFY = "shopify"
    WOOCOMMERCE = "woocommerce"
    SQUARE = "square"
    STRIPE = "stripe"


TOLERANCE: Final = 300 * SECOND  # Stripe's own libraries refuse what was signed longer ago
_MOST: Final = 10  # signatures that one header may hold: while a secret is renewed there are two

Headers = Mapping[str, str]  # by their names in small letters


def is_signed(system: System, secret: str, headers: Headers, body: bytes, *, url: str, now: Micros) -> bool:
    """Whether a request was signed with a secret; it is compared in constant time.

    Args:
        url: the address that the sender was told, which Square signs together with the body.
    """
    return _CHECKS[system](secret.encode(), headers, body, url.encode(), now)


def _shopify(secret: bytes, headers: Headers, body: bytes, _: bytes, __: Micros) -> bool:
    """https://shopify.dev/docs/apps/build/webhooks/subscribe/https: base64 of HMAC-SHA256 over the raw body."""
    return _is(headers.get("x-shopify-hmac-sha256", ""), _base64(secret, body))


def _woocommerce(secret: bytes, headers: Headers, body: bytes, _: bytes, __: Micros) -> bool:
    """WC_Webhook::generate_signature: base64 of HMAC-SHA256 over the raw body."""
    return _is(headers.get("x-wc-webhook-signature", ""), _base64(secret, body))


def _square(secret: bytes, headers: Headers, body: bytes, url: bytes, _: Micros) -> bool:
    """https://developer.squareup.com/docs/webhooks/step3validate: over the notification URL and the raw body."""
    return _is(headers.get("x-square-hmacsha256-signature", ""), _base64(secret, url + body))


def _stripe(secret: bytes, headers: Headers, body: bytes, _: bytes, now: Micros) -> bool:
    """https://docs.stripe.com/webhooks#verify-manually: hex of HMAC-SHA256 over time, a dot and the raw body."""
    pairs = [part.partition("=") for part in headers.get("stripe-signature", "").split(",")]
    times = [value for name, _, value in pairs if name.strip() == "t"]
    given = [value.strip() for name, _, value in pairs if name.strip() == "v1"][:_MOST]
    time = times[0] if len(times) == 1 and times[0].isascii() and times[0].isdigit() and len(times[0]) < 13 else "0"
    made = hmac.new(secret, time.encode() + b"." + body, "sha256").hexdigest()
    fits = [_is(one, made) for one in given]  # all of them, so that which one fits does not show
    return any(fits) and abs(now - int(time) * SECOND) <= TOLERANCE


_CHECKS: Final[Mapping[System, Callable[[bytes, Headers, bytes, bytes, Micros], bool]]] = {
    System.SHOPIFY: _shopify,
    System.WOOCOMMERCE: _woocommerce,
    System.SQUARE: _square,
    System.STRIPE: _stripe,
}


def _base64(secret: bytes, signed: bytes) -> str:
    return b64encode(hmac.digest(secret, signed, "sha256")).decode()


def _is(given: str, made: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), made.encode())
