"""Senders of webhooks for tests: bodies as their makers document them, of invented people, signed as they sign."""

import hmac
import itertools
import json
import time
from base64 import b64encode

SECRET = "hush-hush-hush"
_COUNT = itertools.count(1)


def mac(secret, signed):
    return b64encode(hmac.digest(secret.encode(), signed, "sha256")).decode()


class Sender:
    """One system with one source."""

    def __init__(self, client, shop, system, name="main", secret=SECRET):
        self.client, self.shop, self.system, self.name, self.secret = client, shop, system, name, secret
        self.url = shop.webhooks.add(system, name, secret).url
        self.path = f"/webhooks/{system}/{name}"

    def send(self, topic, body, *, delivery=None, work=True, **more):
        """Send one webhook, and wait until it was worked on."""
        number = delivery or f"d-{next(_COUNT)}"
        if self.system in ("square", "stripe"):
            body = {"id" if self.system == "stripe" else "event_id": number, "type": topic, **body}
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        answer = self.client.post(self.path, content=raw, headers=self.signed(raw, topic, number) | more)
        if work:
            self.settle()
        return answer

    def signed(self, raw, topic, number):
        match self.system:
            case "shopify":
                return {
                    "x-shopify-hmac-sha256": mac(self.secret, raw), "x-shopify-topic": topic,
                    "x-shopify-webhook-id": number,
                }  # fmt: skip
            case "woocommerce":
                return {
                    "x-wc-webhook-signature": mac(self.secret, raw), "x-wc-webhook-topic": topic,
                    "x-wc-webhook-delivery-id": number,
                }  # fmt: skip
            case "square":
                return {"x-square-hmacsha256-signature": mac(self.secret, self.url.encode() + raw)}
            case _:
                at = str(self.shop.clock() // 1_000_000)
                made = hmac.new(self.secret.encode(), f"{at}.".encode() + raw, "sha256").hexdigest()
                return {"stripe-signature": f"t={at},v1={made}"}

    def settle(self):
        """Until the server's own worker, or this one, has worked on everything that is due."""
        for _ in range(2_500):
            self.shop.webhooks.work()
            waiting = [one for one in self.latest(200) if one.state in ("new", "working")]
            if not [one for one in waiting if one.state == "working" or one.due_at <= self.shop.clock()]:
                return
            time.sleep(0.002)
        raise AssertionError("the webhooks are not worked on")

    def latest(self, most=1):
        return self.shop.webhooks.deliveries(self.system, self.name, limit=most)

    def became(self):
        """State and rule of the last delivery."""
        [one] = self.latest()
        return one.state, one.reason


# ---- Shopify ---------------------------------------------------------------------------------------------------------


def shopify_order(number=1001, email="ines@example.com", customer=7001, *, at="2026-11-20T10:00:00-05:00", **more):
    return {
        "id": 820_000_000_000 + number, "name": f"#{number}", "order_number": number, "created_at": at,
        "updated_at": at, "cancelled_at": None, "currency": "EUR", "total_price": "21.50", "subtotal_price": "19.00",
        "total_tax": "0.00", "total_discounts": "0.00", "financial_status": "paid", "fulfillment_status": None,
        "test": False, "email": email, "phone": None, "source_name": "web", "landing_site": "/?ref=a@b.example",
        "discount_codes": [{"code": "SPRING", "amount": "1.00", "type": "fixed_amount"}],
        "customer": customer and {
            "id": customer, "email": email, "first_name": "Ines", "last_name": "Invented", "phone": None,
            "verified_email": True, "state": "enabled", "tags": "", "created_at": at, "updated_at": at,
        },
        "billing_address": {"address1": "1 Made-up Street", "city": "Nowhere", "zip": "00000"},
        "line_items": [
            {
                "id": 1, "product_id": 11, "variant_id": 111, "sku": "WINE-1", "title": "Wine",
                "variant_title": "Red", "name": "Wine - Red",
                "vendor": "Cellar", "quantity": 2, "price": "9.50", "total_discount": "0.00",
                "discount_allocations": [{"amount": "1.00"}],
            },
            {"id": 2, "product_id": 12, "variant_id": 112, "sku": "", "title": "Bread", "name": "Bread",
                "quantity": 1, "price": "2.00",
            },
        ],
        "refunds": [], **more,
    }  # fmt: skip


def shopify_refund(number=1001, refund=501, amount="9.50", at="2026-11-22T08:00:00Z"):
    return {
        "id": refund, "order_id": 820_000_000_000 + number, "created_at": at, "processed_at": at, "note": "broken",
        "refund_line_items": [{"quantity": 1, "line_item_id": 1, "subtotal": amount}],
        "transactions": [
            {"id": 1, "kind": "refund", "status": "success", "amount": amount, "currency": "EUR", "gateway": "x"},
            {"id": 2, "kind": "refund", "status": "failure", "amount": "99.00", "currency": "EUR", "gateway": "x"},
        ],
    }  # fmt: skip


def shopify_customer(number=7001, email="ines@example.com", *, at="2026-11-20T10:00:00Z", **more):
    return {
        "id": number, "email": email, "first_name": "Ines", "last_name": "Invented",
        "phone": f"+39021234{number:04}",  # her own: who shares a number with somebody erased is left alone as well
        "created_at": at, "updated_at": at, "orders_count": 0, "state": "enabled", "note": "likes red", "tags": "vip",
        "addresses": [{"address1": "1 Made-up Street"}], "email_marketing_consent": None,
        "sms_marketing_consent": None, **more,
    }  # fmt: skip


def consent(state, at="2026-11-19T09:00:00Z", level="confirmed_opt_in"):
    return {"state": state, "opt_in_level": level, "consent_updated_at": at}


def shopify_product(number=11, *, at="2026-11-20T10:00:00Z", **more):
    return {
        "id": number, "title": "Wine", "vendor": "Cellar", "product_type": "Drinks", "handle": "wine",
        "status": "active", "tags": "red, dry", "updated_at": at, "image": {"src": "https://shop.example/wine.png"},
        "variants": [
            {
                "id": 111, "sku": "WINE-1", "title": "Red", "price": "9.50", "inventory_quantity": 3,
                "inventory_management": "shopify", "inventory_policy": "deny",
            },
            {
                "id": 113, "sku": "WINE-2", "title": "White", "price": "8.00", "inventory_quantity": 0,
                "inventory_management": "shopify", "inventory_policy": "deny",
            },
        ], **more,
    }  # fmt: skip


def compliance(**more):
    return {"shop_id": 954889, "shop_domain": "invented.myshopify.com", **more}


def shopify_redact(number, email):
    customer = {"id": number, "email": email, "phone": None}
    return compliance(customer=customer, orders_to_redact=[1])


def shopify_data_request(number, email):
    customer = {"id": number, "email": email, "phone": None}
    return compliance(customer=customer, orders_requested=[1], data_request={"id": 9999})


# ---- WooCommerce -----------------------------------------------------------------------------------------------------


def woo_order(number=727, email="otto@example.com", customer=25, *, status="processing", **more):
    return {
        "id": number, "number": str(number), "status": status, "currency": "EUR", "customer_id": customer,
        "date_created": "2026-11-20T11:00:00", "date_created_gmt": "2026-11-20T10:00:00",
        "date_modified_gmt": "2026-11-20T10:00:00", "total": "29.35", "total_tax": "2.35", "discount_total": "0.00",
        "billing": {"first_name": "Otto", "last_name": "Invented", "email": email, "phone": "", "address_1": "x"},
        "shipping": {"first_name": "Otto"}, "coupon_lines": [{"id": 1, "code": "autumn"}], "refunds": [],
        "line_items": [
            {
                "id": 315, "name": "Tea", "product_id": 93, "variation_id": 0, "quantity": 2, "sku": "TEA",
                "subtotal": "6.00", "total": "6.00", "total_tax": "0.60", "price": 3,
            },
            {
                "id": 316, "name": "Pot", "product_id": 22, "variation_id": 23, "quantity": 1, "sku": "",
                "total": "20.00", "total_tax": "1.75",
            },
        ],
        "payment_method": "bacs", **more,
    }  # fmt: skip


def woo_customer(number=25, email="otto@example.com", **more):
    return {
        "id": number, "email": email, "first_name": "Otto", "last_name": "Invented", "username": "otto", "role": "x",
        "date_created_gmt": "2026-11-20T10:00:00", "date_modified_gmt": "2026-11-20T10:00:00",
        "billing": {"first_name": "Otto", "email": email, "phone": ""}, "meta_data": [], **more,
    }  # fmt: skip


def woo_product(number=93, **more):
    return {
        "id": number, "name": "Tea", "sku": "TEA", "status": "publish", "price": "3.30", "stock_status": "instock",
        "permalink": "https://shop.example/tea", "date_modified_gmt": "2026-11-20T10:00:00",
        "categories": [{"id": 9, "name": "Drinks"}], "tags": [{"id": 1, "name": "green"}],
        "images": [{"id": 1, "src": "https://shop.example/tea.png"}], "type": "simple", **more,
    }  # fmt: skip


# ---- Square ----------------------------------------------------------------------------------------------------------


def square(kind, number, body, **more):
    return {
        "merchant_id": "M", "created_at": "2026-11-20T10:00:00Z",
        "data": {"type": kind, "id": number, "object": {kind: body}, **more},
    }  # fmt: skip


def square_payment(number="pay-1", order="ord-1", amount=1250, *, status="COMPLETED", **more):
    return square(
        "payment", number,
        {
            "id": number, "order_id": order, "status": status, "amount_money": {"amount": amount, "currency": "EUR"},
            "total_money": {"amount": amount, "currency": "EUR"}, "customer_id": "CUS1",
            "buyer_email_address": "uma@example.com", "created_at": "2026-11-20T10:00:00.123Z",
            "updated_at": "2026-11-20T10:00:01Z", "card_details": {"card": {"last_4": "5858", "card_brand": "VISA"}},
            **more,
        },
    )  # fmt: skip


def square_refund(number="ref-1", payment="pay-1", amount=250, status="COMPLETED"):
    return square(
        "refund", number,
        {
            "id": number, "payment_id": payment, "order_id": "ord-of-refund", "status": status,
            "amount_money": {"amount": amount, "currency": "EUR"}, "created_at": "2026-11-21T10:00:00Z",
            "updated_at": "2026-11-21T10:00:00Z",
        },
    )  # fmt: skip


def square_customer(number="CUS1", email="uma@example.com", *, unsubscribed=False, **more):
    return square(
        "customer", number,
        {
            "id": number, "given_name": "Uma", "family_name": "Invented", "email_address": email,
            "created_at": "2026-11-20T10:00:00Z", "updated_at": "2026-11-20T10:00:00Z",
            "preferences": {"email_unsubscribed": unsubscribed}, **more,
        },
    )  # fmt: skip


# ---- Stripe ----------------------------------------------------------------------------------------------------------


def stripe(body, created=1_795_000_000):
    return {"object": "event", "api_version": "2026-01-01", "created": created, "data": {"object": body}}


def stripe_charge(number="ch_1", amount=1999, refunded=0, *, status="succeeded", **more):
    return {
        "id": number, "object": "charge", "amount": amount, "amount_captured": amount, "amount_refunded": refunded,
        "currency": "eur", "status": status, "captured": True, "paid": True, "created": 1_795_000_000,
        "customer": "cus_1", "receipt_email": None, "metadata": {}, "payment_intent": "pi_1",
        "billing_details": {"email": "vera@example.com", "name": "Vera Invented", "phone": None, "address": {}},
        "payment_method_details": {"type": "card", "card": {"last4": "4242", "fingerprint": "FINGER"}},
        "source": {"id": "card_1", "last4": "4242"}, **more,
    }  # fmt: skip


def stripe_customer(number="cus_1", email="vera@example.com", **more):
    return {
        "id": number, "object": "customer", "email": email, "name": "Vera Invented", "phone": None,
        "created": 1_795_000_000, "default_source": "card_1", **more,
    }  # fmt: skip


def stripe_session(promotions, email="vera@example.com"):
    return {
        "id": "cs_1", "object": "checkout.session", "customer": "cus_1", "created": 1_795_000_000,
        "amount_total": 1999, "currency": "eur", "payment_intent": "pi_1", "payment_status": "paid",
        "customer_details": {"email": email, "name": "Vera Invented", "phone": None},
        "consent": {"promotions": promotions, "terms_of_service": None},
    }  # fmt: skip
