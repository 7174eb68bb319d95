"""The collector over HTTP: what is taken, dropped and refused, on both databases; an answer of 200 is on disk."""

import gzip
import json
import time
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor

import pytest
from litestar.testing import TestClient

from goodwill import people as people_of
from goodwill.app import create_shop
from goodwill.basics.errors import Busy
from goodwill.catalogue import store as catalogue
from goodwill.catalogue.products import Product
from goodwill.collect.live import store
from goodwill.consent import Asked
from goodwill.people.tables import events, people
from goodwill.people.types import BY_CODE
from goodwill.shop import Who
from goodwill.shop.collecting import Collecting
from goodwill.web.application import application
from goodwill.web.keys import close_key, create_key
from goodwill.web.store import closed


class Counter:
    """A shop and its collector; every test is another customer's."""

    def __init__(self, shop):
        self.shop = shop
        self.client = TestClient(application(shop))
        with shop.database.transaction() as connection:
            now = shop.clock()
            catalogue.upsert_many(connection, [Product(name) for name in ("bread", "wine")])
            self.server = create_key(connection, "server", ["collect"], now=now).text
            self.pages = create_key(
                connection, "pages", ["collect"], now=now, public=True, origins=["https://shop.example"]
            ).text

    def allow(self, **who):
        self.shop.grant(Who(**who), "recommendations", asked=Asked(how="test"))

    def send(self, call, body, key=None, **more):
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"authorization": "Basic " + b64encode(f"{key or self.server}:".encode()).decode()}
        return self.client.post(f"/v1/{call}", content=content, headers=headers | more)

    def held(self, **who):
        with self.shop.database.transaction() as connection:
            person = self.shop.find_in(connection, Who(**who))
            rows = connection.execute(events.select().where(events.c.person == (person or -1)).order_by(events.c.id))
            return list(rows)

    def kinds(self, **who):
        return [BY_CODE[row.type].name for row in self.held(**who)]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def counter(request, tmp_path_factory):
    home = tmp_path_factory.mktemp("counter") / "home"
    if request.param == "postgresql":
        with request.getfixturevalue("postgresql").database() as url:
            yield from _counter(home, database=url)
    else:
        yield from _counter(home)


def _counter(home, **settings):
    with create_shop(home, columns="database", currency="EUR", base_url="https://gw.example", **settings) as shop:
        made = Counter(shop)
        with made.client:
            yield made


def viewed(user, product="bread", number="1", **more):
    return {
        "type": "track", "event": "Product Viewed", "userId": user, "messageId": f"{user}-{number}",
        "timestamp": "2026-11-20T10:00:00Z", "properties": {"product_id": product}, **more,
    }  # fmt: skip


def outcomes(answer):
    assert answer.status_code == 200, answer.text
    return [(one["status"], one.get("rule", "")) for one in answer.json()["results"]]


# ---- what is kept ----------------------------------------------------------------------------------------------------


def test_what_nobody_allowed_is_dropped_and_leaves_no_person(counter):
    with counter.shop.database.reading() as connection:
        before = len(connection.execute(people.select()).all())
    answer = counter.send("batch", {"batch": [viewed("stranger"), viewed("stranger", number="2")]})
    assert outcomes(answer) == [("dropped", "no-consent")] * 2
    with counter.shop.database.reading() as connection:
        assert len(connection.execute(people.select()).all()) == before


def test_nothing_is_kept_for_a_purpose_that_nothing_uses(counter):
    """Clicks could be counted for `statistics` one day; nothing does yet. Pages that she allows are shaped by them."""
    clicked = {**viewed("clicker"), "event": "Product Clicked"}
    asked = Asked(how="test")
    assert outcomes(counter.send("track", clicked)) == [("dropped", "no-consent")]
    counter.shop.grant(Who(user_id="clicker"), "model-improvement", categories=["purchases"], asked=asked)
    assert outcomes(counter.send("track", {**clicked, "messageId": "2"})) == [("dropped", "no-consent")]
    assert counter.held(user_id="clicker") == []
    counter.shop.grant(Who(user_id="clicker"), "personal-content", asked=asked)
    assert outcomes(counter.send("track", {**clicked, "messageId": "3"})) == [("taken", "")]
    assert counter.kinds(user_id="clicker") == ["clicked"]


def test_an_order_is_kept_for_the_books_and_what_is_looked_at_is_not(counter):
    order = {
        "type": "track", "event": "Order Completed", "userId": "buyer", "messageId": "o", "properties": {
            "order_id": 17, "total": "21,00".replace(",", "."), "currency": "eur", "coupon": "SPRING", "products": [
                {"product_id": "wine", "price": 9.5, "quantity": 2}, {"sku": "new thing", "name": "New", "price": 2},
            ],
        },
    }  # fmt: skip
    assert outcomes(counter.send("batch", {"batch": [order, viewed("buyer")]})) == [
        ("taken", ""), ("dropped", "no-consent"),
    ]  # fmt: skip
    rows = counter.held(user_id="buyer")
    assert [(BY_CODE[row.type].name, row.quantity, row.amount, row.currency) for row in rows] == [
        ("ordered", None, 2100, "EUR"), ("bought", 2000, 1900, "EUR"), ("bought", None, 200, "EUR"),
    ]  # fmt: skip
    assert len({row.reference for row in rows}) == 1
    assert json.loads(rows[0].detail) == {"coupon": "SPRING"}
    # The same order by another message, as when page and server both tell it, is the same order.
    again = {**order, "messageId": "another"}
    assert outcomes(counter.send("track", again)) == [("taken", "")]
    assert len(counter.held(user_id="buyer")) == 3


def test_the_time_is_corrected_by_the_senders_own_clock_and_the_day_is_hers(counter):
    counter.allow(user_id="late clock")
    counter.send("batch", {"sentAt": "2020-01-02T00:00:10Z", "batch": [
        viewed("late clock", timestamp="2020-01-01T23:59:50Z")]})  # fmt: skip
    (row,) = counter.held(user_id="late clock")
    assert abs(counter.shop.clock() - 20_000_000 - row.at) < 5_000_000
    assert row.day == 18_262


@pytest.mark.parametrize("consent", [
    {"consent": {"categoryPreferences": {"recommendations": False}}},
    {"consentManagement": {"allowedConsentIds": [], "deniedConsentIds": ["C0003"], "provider": "custom"}},
    {"consent": {"categoryPreferences": {"nobody knows this one": False}}},
])  # fmt: skip
def test_a_no_in_the_message_itself_counts_for_it(counter, consent):
    user = f"denies {min(consent)} {len(str(consent))}"
    counter.allow(user_id=user)
    assert outcomes(counter.send("track", viewed(user, context=consent))) == [("dropped", "no-consent")]
    assert outcomes(counter.send("track", viewed(user, number="2"))) == [("taken", "")]


def test_a_banner_of_another_make_says_no_at_once_and_yes_from_then_on(counter):
    change = {"type": "track", "event": "Segment Consent Preference Updated", "anonymousId": "tab", "messageId": "c1"}
    look = {"type": "track", "event": "Product Viewed", "anonymousId": "tab", "properties": {"product_id": "bread"}}
    yes = {**change, "context": {"consent": {"categoryPreferences": {"experience": True}}}}
    no = {**change, "messageId": "c2", "context": {"consent": {"categoryPreferences": {"experience": False}}}}
    batch = [{**look, "messageId": "a"}, yes, {**look, "messageId": "b"}, no, {**look, "messageId": "c"}]
    told = counter.send("batch", {"batch": batch}, counter.pages)
    assert outcomes(told) == [("taken", "")] * 5  # whoever reads the key on a page learns nothing of what she said
    assert counter.kinds(anonymous_id="tab") == ["viewed"]
    (row,) = counter.shop.consents(Who(anonymous_id="tab"))[:1]
    assert (row.state, row.evidence) == ("given", "claimed")
    before = len(counter.shop.consents(Who(anonymous_id="tab")))
    counter.send("batch", {"batch": [no]}, counter.pages)
    assert len(counter.shop.consents(Who(anonymous_id="tab"))) == before


def test_words_that_look_like_somebodys_address_are_not_kept(counter):
    counter.allow(user_id="searcher")
    for n, query in enumerate(("rye bread", "amina@example.org", "0171 2345678")):
        said = {"event": "Products Searched", "messageId": f"q{n}", "properties": {"query": query}}
        counter.send("track", {"userId": "searcher", **said})
    counter.send("page", {"userId": "searcher", "messageId": "p", "properties": {"path": "/bread?email=a@b.example#x"}})
    details = [json.loads(row.detail) if row.detail else None for row in counter.held(user_id="searcher")]
    assert details == [{"query": "rye bread"}, None, None, {"page": "/bread"}]


# ---- who may say what ------------------------------------------------------------------------------------------------


def test_a_key_on_pages_speaks_for_a_device_or_for_a_user_whom_the_shop_signed(counter):
    counter.allow(user_id="signed user")
    look = viewed("signed user", anonymousId=None)
    assert outcomes(counter.send("track", look, counter.pages)) == [("refused", "unsigned-user")]
    signature = Collecting(counter.shop, closed).signature("signed user")
    good = viewed("signed user", context={"userSignature": signature})
    assert outcomes(counter.send("track", good, counter.pages)) == [("taken", "")]
    changed = signature[:-1] + ("1" if signature.endswith("0") else "0")
    other = viewed("signed user", number="3", context={"userSignature": changed})
    assert outcomes(counter.send("track", other, counter.pages)) == [("refused", "unsigned-user")]
    assert counter.kinds(user_id="signed user") == ["viewed"]
    said = {"userId": "signed user", "messageId": "i", "anonymousId": "tab 3", "traits": {"email": "x@example.org"}}
    assert outcomes(counter.send("identify", said, counter.pages)) == [("refused", "unsigned-user")]
    alias = {"userId": "signed user", "previousId": "tab 3", "messageId": "al"}
    assert outcomes(counter.send("alias", alias, counter.pages)) == [("refused", "unsigned-user")]


def test_a_merge_makes_one_person_of_several_names_and_only_for_the_shop_s_server(counter):
    counter.allow(user_id="merged")
    counter.allow(email="merged@example.org")
    others = [{"type": "email", "value": "Merged@example.org"}, {"type": "mobile", "value": "+49 30 901820"}]
    said = {"userId": "merged", "messageId": "mg", "mergeProperties": others}
    assert outcomes(counter.send("merge", said, counter.pages)) == [("refused", "unsigned-user")]
    assert outcomes(counter.send("merge", said)) == [("taken", "")]
    assert outcomes(counter.send("batch", {"batch": [{**said, "type": "merge"}]})) == [("taken", "")]  # once more
    with counter.shop.database.reading() as connection:
        found = {
            people_of.find(connection, counter.shop.cipher, kind, value)
            for kind, value in (("user_id", "merged"), ("email", "merged@example.org"), ("phone", "+4930901820"))
        }
    assert len(found) == 1
    assert None not in found


def test_a_merge_that_names_nobody_or_by_an_id_that_nobody_has_is_refused(counter):
    alone = {"userId": "alone", "messageId": "m1"}
    assert outcomes(counter.send("merge", alone)) == [("refused", "no-id")]
    fax = {**alone, "mergeProperties": [{"type": "fax", "value": "12"}]}
    assert outcomes(counter.send("merge", fax)) == [("refused", "no-id")]
    nobody = {"messageId": "m2", "mergeProperties": [{"type": "email", "value": "a@example.org"}]}
    assert outcomes(counter.send("merge", nobody)) == [("refused", "no-id")]


def test_a_picture_s_address_is_a_message_and_the_picture_comes_anyhow(counter):
    counter.allow(anonymous_id="amp-1")
    page = f"/pixel/v1/page?writeKey={counter.pages}&anonymousId=%22amp-1%22&properties.path=/bread"
    track = (
        f"/pixel/v1/track?writeKey={counter.pages}&anonymousId=amp-1&event=Product%20Viewed&properties.product_id=wine"
    )
    for address in (page, track):
        answer = counter.client.get(address)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/gif")
        assert answer.content.startswith(b"GIF89a")
        assert answer.headers["cache-control"] == "no-store"
    held = counter.held(anonymous_id="amp-1")
    assert [(BY_CODE[row.type].name, row.detail and json.loads(row.detail)) for row in held] == [
        ("viewed", {"page": "/bread"}), ("viewed", None),
    ]  # fmt: skip
    for refused in (
        page.replace(counter.pages, counter.server), page.replace(counter.pages, "gw_none"), "/pixel/v1/page",
        page + "".join(f"&properties.a{n}=1" for n in range(200)),
    ):  # fmt: skip
        assert counter.client.get(refused).content.startswith(b"GIF89a")
    assert len(counter.held(anonymous_id="amp-1")) == 2


def test_a_key_in_the_body_does_and_the_credentials_win(counter):
    counter.allow(user_id="two keys")
    body = {**viewed("two keys"), "writeKey": counter.server}
    assert outcomes(counter.client.post("/v1/t", content=json.dumps(body))) == [("taken", "")]
    wrong = {**viewed("two keys", number="2"), "writeKey": counter.server}
    assert counter.send("t", wrong, "gw_wrong").status_code == 401
    assert counter.client.post("/v1/t", content=json.dumps(viewed("two keys"))).status_code == 401


def test_a_key_that_was_closed_writes_nothing_more_from_that_moment_on(counter):
    counter.allow(user_id="closed")
    with counter.shop.database.transaction() as connection:
        made = create_key(connection, "short", ["collect"], now=counter.shop.clock())
    assert outcomes(counter.send("track", viewed("closed"), made.text)) == [("taken", "")]
    close_key(counter.shop, made.key.id)
    answer = counter.send("track", viewed("closed", number="2"), made.text)
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_key")
    assert len(counter.held(user_id="closed")) == 1


def test_a_key_for_something_else_and_a_page_of_another_site_are_refused(counter):
    with counter.shop.database.transaction() as connection:
        other = create_key(connection, "read", ["read"], now=counter.shop.clock()).text
    assert counter.send("track", viewed("x"), other).json()["code"] == "key_scope"
    answer = counter.send("track", {"anonymousId": "d"}, counter.pages, origin="https://elsewhere.example")
    assert (answer.status_code, answer.json()["code"]) == (403, "origin")
    first = counter.client.options("/v1/t", headers={"origin": "https://shop.example"})
    assert first.status_code == 200
    assert first.headers["access-control-allow-origin"] == "https://shop.example"
    assert "authorization" in first.headers["access-control-allow-headers"]


def test_the_settings_of_a_browser_library_name_this_shop_and_no_secret_key(counter):
    told = counter.client.get(f"/v1/projects/{counter.pages}/settings").json()["integrations"]["Segment.io"]
    assert (told["apiKey"], told["apiHost"], told["protocol"]) == (counter.pages, "gw.example/v1", "https")
    assert counter.client.get(f"/v1/projects/{counter.server}/settings").status_code == 401


def test_the_source_of_rudderstack_s_library_is_open_to_keys_of_pages_and_leads_to_nobody_else(counter):
    at = "/sourceConfig/?p=npm&v=3.34.1&writeKey="
    answer = counter.client.get(at + counter.pages, headers={"origin": "https://shop.example"})
    source = answer.json()["source"]
    assert (source["writeKey"], source["enabled"], source["destinations"]) == (counter.pages, True, [])
    assert source["config"]["statsCollection"] == {"errors": {"enabled": False}, "metrics": {"enabled": False}}
    assert {one["url"] for each in source["dataplanes"].values() for one in each} == {"https://gw.example"}
    assert answer.headers["access-control-allow-origin"] == "https://shop.example"
    asked = counter.client.options(at + counter.pages, headers={"origin": "https://shop.example"})
    assert {"authorization", "anonymousid", "sentat"} <= set(asked.headers["access-control-allow-headers"].split(", "))
    for key in (counter.server, "gw_none", ""):
        assert counter.client.get(at + key).status_code == 401
    elsewhere = counter.client.get(at + counter.pages, headers={"origin": "https://other.example"})
    assert elsewhere.status_code == 403
    assert "source" not in elsewhere.json()


# ---- what cannot be read ---------------------------------------------------------------------------------------------


def test_each_message_is_judged_by_itself(counter):
    counter.allow(user_id="mixed")
    batch = [
        viewed("mixed"), 7, {"type": "dance"}, viewed("mixed", messageId=None),
        viewed("mixed", number="3", timestamp="?"), viewed("guest"), viewed("mixed", number="4", properties={}),
        viewed("mixed", number="5", event="Recipe Saved"),
        {**viewed("mixed", number="6"), "type": "group"}, viewed("mixed", number="7", padding="x" * 40_000),
        viewed("mixed", number="8", properties=[1]), viewed("mixed", number="9", properties={"product_id": "bread",
        "quantity": "many"}),
    ]  # fmt: skip
    assert [rule for _, rule in outcomes(counter.send("batch", {"batch": batch}))] == [
        "", "malformed", "unknown-type", "no-message-id", "bad-time", "no-id", "no-product", "unknown-event",
        "not-kept", "too-large", "malformed", "bad-quantity",
    ]  # fmt: skip
    assert counter.kinds(user_id="mixed") == ["viewed"]


DEEP = b'{"batch":' + b"[" * 100_000 + b"]" * 100_000 + b"}"


@pytest.mark.parametrize(("body", "status"), [
    (b"", 400), (b"{", 400), (b"[]", 400), (b'{"batch": 1}', 400), (DEEP, 400),
    (b'{"batch": [], "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", 400),
    (json.dumps({"batch": [{}] * 501}).encode(), 400),
    (b"x" * (512 * 1024 + 1), 413),
    (gzip.compress(b"0" * 100_000_000), 413),
    (gzip.compress(b'{"batch":[' + b"{}," * 1_700_000 + b"{}]}"), 400),
    (gzip.compress(b'{"batch":[]}') * 2, 400),
    (gzip.compress(b'{"batch":[]}')[:-4], 400),
    (b"\x1f\x8b\x08\x00broken", 400),
], ids=range(13))  # fmt: skip
def test_bombs_and_broken_bodies_are_refused_at_once_in_json(counter, body, status):
    begun = time.monotonic()
    answer = counter.send("batch", body)
    assert (answer.status_code, set(answer.json())) == (status, {"code", "message"})
    assert time.monotonic() - begun < 5


def test_what_is_no_address_of_the_collectors_says_so_in_its_own_words(counter):
    answer = counter.client.get("/v1/nothing")
    assert (answer.status_code, answer.json()["code"], answer.json()["message"]) == (
        404, "not_found", answer.json()["detail"],
    )  # fmt: skip


@pytest.mark.parametrize("path", ["/v1/import", "/beacon/v1/batch"])
def test_rudderstacks_other_addresses_for_batches_are_known(counter, path):
    counter.allow(user_id=f"by {path}")
    body = {"batch": [viewed(f"by {path}")], "writeKey": counter.server}
    answer = counter.client.post(path, json=body)
    assert [one["status"] for one in answer.json()["results"]] == ["taken"]


def test_an_order_that_is_told_again_another_day_is_one_order_and_no_program_changes_it(counter):
    counter.allow(user_id="thankful")
    order = {"order_id": "O-95", "total": 10, "currency": "EUR", "products": [{"product_id": "bread", "price": 10}]}
    days = [f"2026-11-{day}T10:00:00Z" for day in (18, 19, 19)]
    told = [
        {"type": "track", "event": "Order Completed", "userId": "thankful", "messageId": f"o{n}", "timestamp": at,
         "properties": order} for n, at in enumerate(days)
    ]  # fmt: skip
    assert outcomes(counter.send("batch", {"batch": told[:2]})) == [("taken", "")] * 2
    assert outcomes(counter.send("batch", {"batch": told[2:]})) == [("taken", "")]
    assert sorted(counter.kinds(user_id="thankful")) == ["bought", "ordered"]
    changed = {**told[0], "event": "Order Updated", "messageId": "o9", "properties": {**order, "total": 25}}
    assert outcomes(counter.send("batch", {"batch": [changed]})) == [("dropped", "order-stands")]
    other = {**changed, "messageId": "o10", "properties": {**order, "order_id": "O-96"}}
    assert outcomes(counter.send("batch", {"batch": [other]})) == [("taken", "")]
    assert sorted(counter.kinds(user_id="thankful")) == ["bought", "bought", "ordered", "ordered"]


def ordered(user, number, message, event="Order Completed", day=18, **properties):
    return {
        "type": "track", "event": event, "userId": user, "messageId": f"{user}-{message}",
        "timestamp": f"2026-11-{day}T10:00:00Z", "properties": {"order_id": number, "currency": "EUR", **properties},
    }  # fmt: skip


def test_an_order_told_for_somebody_else_stays_with_whoever_it_was_told_of_first(counter):
    for user in ("first", "second"):
        counter.allow(user_id=user)
    told = [ordered("first", "O-200", 1, total=10), ordered("second", "O-200", 1, day=20, total=10)]
    assert outcomes(counter.send("batch", {"batch": told[:1]})) == [("taken", "")]
    assert outcomes(counter.send("batch", {"batch": told[1:]})) == [("dropped", "anothers-order")]
    both = [ordered("first", "O-201", 2, total=10), ordered("second", "O-201", 2, total=10)]  # in one group as well
    assert outcomes(counter.send("batch", {"batch": both})) == [("taken", ""), ("dropped", "anothers-order")]
    assert counter.kinds(user_id="second") == []
    # Money that goes back of it is hers, whoever the shop's server names.
    back = ordered("second", "O-200", 3, "Order Refunded", total=4)
    assert outcomes(counter.send("batch", {"batch": [back]})) == [("taken", "")]
    assert (counter.kinds(user_id="first").count("refunded"), counter.kinds(user_id="second")) == (1, [])


def test_a_key_on_pages_does_not_learn_that_an_order_is_somebody_s(counter):
    counter.allow(user_id="owner")
    counter.allow(anonymous_id="prying")
    assert outcomes(counter.send("batch", {"batch": [ordered("owner", "O-210", 1, total=10)]})) == [("taken", "")]
    pry = {**ordered("", "O-210", "p", total=10, day=20), "userId": None, "anonymousId": "prying"}
    assert outcomes(counter.send("batch", {"batch": [pry]}, counter.pages)) == [("taken", "")]
    assert counter.kinds(anonymous_id="prying") == []


def test_no_more_goes_back_of_an_order_than_it_came_to(counter):
    counter.allow(user_id="returner")
    lines = [{"product_id": "bread", "price": 6}, {"product_id": "wine", "price": 4}]
    sent = [
        ordered("returner", "O-220", 1, total=10, products=lines),
        ordered("returner", "O-220", 2, "Order Refunded", total=7),
        ordered("returner", "O-220", 3, "Order Refunded", total=7),  # the page of thanks told of it as well
        ordered("returner", "O-220", 4, "Order Refunded", products=lines[1:]),
        ordered("returner", "O-220", 5, "Order Refunded"),
        ordered("returner", "O-220", 6, "Order Refunded", total=3),
    ]
    want = [("taken", "")] * 2 + [("refused", "refunded-already")] * 3 + [("taken", "")]
    assert [each for one in sent for each in outcomes(counter.send("batch", {"batch": [one]}))] == want
    assert [row.amount for row in counter.held(user_id="returner") if BY_CODE[row.type].name == "refunded"] == [
        700,
        300,
    ]
    at_once = [{**one, "messageId": f"g{n}", "properties": {**one["properties"], "order_id": "O-221"}}
               for n, one in enumerate(sent)]  # fmt: skip
    assert outcomes(counter.send("batch", {"batch": at_once})) == want
    assert outcomes(counter.send("batch", {"batch": at_once})) == want  # the libraries come back


def test_an_order_that_went_back_as_a_whole_does_so_once_and_an_unknown_one_as_told(counter):
    counter.allow(user_id="whole")
    sent = [
        ordered("whole", "O-230", 1, total=10), ordered("whole", "O-230", 2, "Order Cancelled"),
        ordered("whole", "O-230", 3, "Order Refunded", total=1),
        ordered("whole", "O-231", 4, "Order Refunded", total=9),
    ]  # fmt: skip
    want = [("taken", ""), ("taken", ""), ("refused", "refunded-already"), ("taken", "")]
    assert outcomes(counter.send("batch", {"batch": sent})) == want


def test_what_was_seen_in_a_write_that_failed_is_not_believed(counter, monkeypatch):
    counter.allow(user_id="unlucky")
    note = store.note_many

    def fail(*_, **__):
        monkeypatch.setattr(store, "note_many", note)
        raise Busy("the disk is full")

    monkeypatch.setattr(store, "note_many", fail)
    ghost = viewed("unlucky", number="g", properties={"product_id": "ghost"})
    assert counter.send("track", ghost).status_code == 503
    other = viewed("unlucky", number="r", properties={"product_id": "real"})  # it gets the number that ghost had
    assert outcomes(counter.send("track", other)) == [("taken", "")]
    assert outcomes(counter.send("track", ghost)) == [("taken", "")]
    with counter.shop.database.reading() as connection:
        ids = catalogue.ids_of(connection, {"ghost", "real"})
    assert {row.product for row in counter.held(user_id="unlucky")} == set(ids.values())
    assert len(ids) == 2


def test_gzip_is_read_whatever_the_headers_call_it(counter):
    counter.allow(user_id="zipped")
    body = gzip.compress(json.dumps({"batch": [viewed("zipped")]}).encode())
    kind = {"content-type": "application/x-www-form-urlencoded"}
    assert outcomes(counter.send("batch", body, **kind)) == [("taken", "")]
    again = {"content-type": "text/plain", "content-encoding": "gzip"}
    assert outcomes(counter.send("b", body, **again)) == [("taken", "")]
    assert counter.kinds(user_id="zipped") == ["viewed"]


# ---- repeats ---------------------------------------------------------------------------------------------------------


def test_what_is_replayed_reordered_split_and_sent_at_once_counts_once_by_source_and_message(counter):
    counter.allow(user_id="repeater")
    messages = [viewed("repeater", number=str(n)) for n in range(30)]
    parts = [messages, messages[::-1], messages[:7], messages[5:20], *([one] for one in messages[::3])]
    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(lambda part: counter.send("batch", {"batch": part}), parts * 2))
    assert {pair for answer in answers for pair in outcomes(answer)} == {("taken", "")}
    assert len(counter.held(user_id="repeater")) == 30
    with counter.shop.database.transaction() as connection:  # another source may use the same numbers
        other = create_key(connection, "another source", ["collect"], now=counter.shop.clock()).text
    counter.send("batch", {"batch": messages[:2]}, other)
    assert len(counter.held(user_id="repeater")) == 32


# ---- what came in ----------------------------------------------------------------------------------------------------


def test_what_came_in_is_counted_by_key_event_and_rule_and_names_nobody(counter):
    with counter.shop.database.transaction() as connection:
        made = create_key(connection, "watched", ["collect"], now=counter.shop.clock(), public=True)
    look = {"anonymousId": "some device", "properties": {"product_id": "bread"}}
    for n, event in enumerate(("Product Viewed", "Product Viewed", "amina@example.org")):
        counter.send("track", {**look, "event": event, "messageId": str(n)}, made.text)
    collecting = Collecting(counter.shop, closed)
    mine = [(one.event, one.rule, one.messages) for one in collecting.counted() if one.sender == made.key.id]
    assert sorted(mine) == [("(another name)", "unknown-event", 1), ("Product Viewed", "no-consent", 2)]
    latest = [came for _, _, came in collecting.latest() if came.sender == made.key.id]
    assert [(one.event, one.rule) for one in latest] == [
        ("(another name)", "unknown-event"), ("Product Viewed", "no-consent"), ("Product Viewed", "no-consent"),
    ]  # fmt: skip
