"""Signatures of webhooks, against vectors that were made with another tool:

printf '%s' "$BODY" | openssl dgst -sha256 -hmac "$SECRET" -binary | base64
"""

import pytest

from goodwill.basics.clock import SECOND, Micros
from goodwill.collect.connectors.signatures import System, is_signed

BODY = b'{"id":820982911946154508,"name":"#1001"}'
SECRET = "hush-hush-hush"
PLAIN = "1/aVbY1sfMiUiu92QJIKgZSTDGLpzVFVsUrg2g3euoc="
WITH_URL = "waoDoesSI86lsqAEeloTk5QV0xf50FhR/BuOjKXb2EU="
AT_00, AT_59 = (
    "561cfad1138656298c7daf5355411278cfb8975dbb56ea6d923f2de7e78adf75",
    "0acbc02ededfd80f1a8ccc50c6bef611a13b53e4f2638d10931b8bacfedf29c8",
)
URL = "https://gw.example/webhooks/square/till"
NOW = Micros(1_795_338_000 * SECOND)
GOOD = {
    System.SHOPIFY: {"x-shopify-hmac-sha256": PLAIN},
    System.WOOCOMMERCE: {"x-wc-webhook-signature": PLAIN},
    System.SQUARE: {"x-square-hmacsha256-signature": WITH_URL},
    System.STRIPE: {"stripe-signature": f"t=1795338000,v1={AT_00}"},
}


def signed(system, headers=None, body=BODY, secret=None, url=URL, now=NOW):
    secret = secret or ("whsec_hush" if system is System.STRIPE else SECRET)
    return is_signed(system, secret, GOOD[system] if headers is None else headers, body, url=url, now=now)


@pytest.mark.parametrize("system", System)
def test_a_good_signature_fits_and_no_other_body_secret_or_header_does(system):
    assert signed(system)
    assert not signed(system, body=BODY + b" ")
    assert not signed(system, secret="another-secret")
    assert not signed(system, headers={})
    [(name, value)] = GOOD[system].items()
    assert not signed(system, headers={name: value[:-2]})
    assert not signed(system, headers={name: ""})
    assert not signed(system, headers={name: "ü€" + value})


def test_square_signs_the_address_too_byte_for_byte():
    assert not signed(System.SQUARE, url=URL + "/")
    assert not signed(System.SQUARE, url=URL.replace("https", "http"))
    assert not signed(System.SQUARE, headers={"x-square-hmacsha256-signature": PLAIN})


@pytest.mark.parametrize(
    ("header", "fits"),
    [
        (f"t=1795338000,v1={'0' * 64},v1={AT_00}", True),  # while a secret is renewed there are two
        (f"t=1795338000, v1={AT_00}, v0=x", True),
        (f"t=1795337999,v1={AT_59}", True),
        (f"t=1795337999,v1={AT_00}", False),  # the time is signed too
        (f"t=1795338000,t=1795337999,v1={AT_00}", False),
        (f"v1={AT_00}", False),
        ("t=1795338000", False),
        (f"t=x,v1={AT_00}", False),
        (f"t=1795338000,v0={AT_00}", False),
        (f"t=1795338000{',v1=' + '0' * 64:s}" * 20, False),
    ],
)
def test_stripe_s_header_may_hold_several_signatures_and_one_time(header, fits):
    assert signed(System.STRIPE, headers={"stripe-signature": header}) is fits


@pytest.mark.parametrize(("seconds", "fits"), [(300, True), (301, False), (-300, True), (-301, False)])
def test_what_stripe_signed_is_good_for_five_minutes(seconds, fits):
    assert signed(System.STRIPE, now=Micros(NOW + seconds * SECOND)) is fits
