"""What a shop's own pages may ask, on both databases: a browser's answer, and nothing about anybody with a name."""

import gzip
import json

import pytest
from litestar.testing import TestClient

from goodwill import people
from goodwill.app import create_shop
from goodwill.catalogue import store as catalogue
from goodwill.catalogue.products import Product
from goodwill.consent import Asked, Evidence
from goodwill.consent.notices import ON_PAGES, on_pages
from goodwill.people.identify import count_all
from goodwill.shop import Who
from goodwill.shop.collecting import Collecting
from goodwill.web.application import application
from goodwill.web.keys import close_key, create_key
from goodwill.web.pace import Pace
from goodwill.web.store import closed
from goodwill.web.storefront import FROM_ONE_PLACE

SITE = "https://shop.example"


class Front:
    """A shop and its pages; every test is another browser's."""

    def __init__(self, shop, client):
        self.shop = shop
        self.client = client
        with shop.database.transaction() as connection:
            now = shop.clock()
            things = [
                Product("bread", name="Bread", url="https://shop.example/bread", image="https://shop.example/b.png"),
                Product("wine", name="Wine", url="javascript:alert(1)", image="data:image/png,x"),
            ]
            catalogue.upsert_many(connection, things)
            self.key = create_key(connection, "pages", ["collect"], now=now, public=True, origins=[SITE]).text
            self.server = create_key(connection, "server", ["collect"], now=now).text
        self.furnish()

    def furnish(self):
        """Let a few people buy, so that there is something that many buy."""
        basket = {"order_id": "", "currency": "EUR", "products": [{"product_id": "bread"}, {"product_id": "wine"}]}
        for n in range(5):
            self.shop.grant(Who(user_id=f"c{n}"), "model-improvement", asked=Asked(how="test"))
        orders = [
            {"type": "track", "event": "Order Completed", "userId": f"c{n}", "messageId": f"o{n}",
             "properties": basket | {"order_id": f"o{n}"}} for n in range(5)
        ]  # fmt: skip
        sent = self.client.post("/v1/batch", json={"writeKey": self.server, "batch": orders})
        assert [one["status"] for one in sent.json()["results"]] == ["taken"] * 5
        self.shop.learn()

    def notice(self, **more):
        headers = {"origin": SITE} | more.pop("headers", {})
        return self.client.get(
            "/api/v1/pages/notice", params={"key": self.key, "language": "en"} | more, headers=headers
        )

    def post(self, what, body, **headers):
        headers = {"origin": SITE, "content-type": "text/plain;charset=UTF-8"} | headers
        return self.client.post(f"/api/v1/pages/{what}", content=json.dumps(body), headers=headers)

    def answer(self, device, yes=("recommendations",), how="accept", *, shown=None, **more):
        shown = shown or self.notice().json()
        answers = {
            one["purpose"]: {kind["category"]: one["purpose"] in yes for kind in one["categories"]}
            for one in shown["purposes"]
        }
        body = {"key": self.key, "device": device, "how": how, "snapshot": shown["snapshot"], "answers": answers}
        return self.post("answer", {name: said for name, said in (body | more).items() if said is not None})

    def slot(self, **who):
        return self.post("slot", {"key": self.key, "slot": "home", "count": 2, "language": "en", **who})

    def count(self):
        with self.shop.database.reading() as connection:
            return count_all(connection)

    def allows(self, purpose="recommendations", **who):
        return self.shop.can(Who(**who), purpose).allowed


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def front(request, tmp_path_factory):
    home = tmp_path_factory.mktemp("front") / "home"
    if request.param == "postgresql":
        with request.getfixturevalue("postgresql").database() as url:
            yield from _front(home, database=url)
    else:
        yield from _front(home)


def _front(home, **settings):
    with create_shop(home, columns="database", currency="EUR", base_url="https://gw.example", **settings) as shop:
        client = TestClient(application(shop))
        with client:
            yield Front(shop, client)


def device(name):
    return f"{name}-".ljust(32, "x")


# ---- the notice ------------------------------------------------------------------------------------------------------


def test_a_page_gets_the_words_without_what_needs_an_address_and_a_row_leads_to_just_these(front):
    before = front.count()
    answer = front.notice(language="de-AT", region="AT")
    assert answer.status_code == 200, answer.text
    assert answer.headers["access-control-allow-origin"] == SITE
    shown = answer.json()
    assert (shown["language"], shown["dir"], shown["labels"]["refuse"]) == ("de", "ltr", "Alles ablehnen")
    asked = [one["purpose"] for one in shown["purposes"]]
    assert "recommendations" in asked
    assert "email-marketing" not in asked
    assert shown["again"] == {"no": 183, "yes": 730, "signal": 365}
    assert shown["signal"] is False
    assert front.count() == before
    front.answer(device("exact"), shown=shown)
    row = next(row for row in front.shop.consents(Who(anonymous_id=device("exact"))) if row.state == "given")
    words = front.shop.notices.shown(row.notice)
    assert (words.notice, [one.purpose for one in words.purposes]) == (ON_PAGES, asked)


def test_the_law_of_a_place_says_when_to_ask_again(front):
    assert front.notice(region="US-CA").json()["again"]["no"] == 365


@pytest.mark.parametrize("language", ["", "xx-nonsense_", "tlh", "ar"])
def test_whatever_a_page_calls_its_language_it_gets_a_notice(front, language):
    assert front.notice(language=language).json()["language"] == "en"


def test_a_shop_s_own_banner_is_on_its_pages_once_it_is_published(front):
    shop = front.shop
    folder = shop.folder / "notices"
    folder.mkdir(exist_ok=True)
    (folder / "fr.toml").write_text(OWN, "utf-8")
    shop.notices.sign_off("banner", "en", "IE", by="Amina Winter")
    made = shop.notices.publish("banner", "en", "IE")
    shown = front.notice(region="IE").json()
    assert (shown["title"], [one["purpose"] for one in shown["purposes"]]) == ("May we?", ["recommendations"])
    twin = shop.notices.on_pages("en", "IE")
    assert twin.document == on_pages(made.document, shop.register)
    assert twin.origin == "shop"


OWN = """
key = "banner"
language = "en"
region = "IE"
title = "May we?"
text = ["The shop works the same if you say no."]
[labels]
accept = "Allow all"
refuse = "Refuse all"
choose = "Choose"
save = "Save my choice"
on = "On"
off = "Off"
[[purpose]]
name = "recommendations"
on = "We pick products for you."
off = "You see what all people see."
[[purpose]]
name = "email-marketing"
on = "You get our news by e-mail."
off = "You get no news from us."
"""


# ---- answers ---------------------------------------------------------------------------------------------------------


def test_a_yes_is_the_browser_s_own_and_proven_by_what_it_was_shown(front):
    answer = front.answer(device("yes"))
    assert answer.status_code == 200, answer.text
    rows = front.shop.consents(Who(anonymous_id=device("yes")))
    assert {row.evidence for row in rows} == {Evidence.PROVEN}
    assert {row.purpose for row in rows if row.state == "given"} == {"recommendations"}
    others = {"model-improvement", "measurement", "personal-content", "offers"}
    assert {row.purpose for row in rows if row.state == "refused"} == others
    assert json.loads(rows[0].asked)["how"] == "banner accept"
    assert front.allows(anonymous_id=device("yes"))
    again = front.answer(device("yes"), (), "preferences")
    assert again.status_code == 200
    assert not front.allows(anonymous_id=device("yes"))


def test_a_no_of_somebody_unknown_is_counted_and_leaves_nobody(front):
    before, counted = front.count(), sum_of(front, "banner: refuse")
    for body in (
        {"key": front.key, "how": "refuse"},
        {"how": "refuse", "device": device("nobody"), "answers": {"recommendations": {"purchases": False}}},
        {"key": "gw_nonsense", "how": "refuse"},
    ):
        assert front.post("answer", body).json() == {"off": [], "says": ""}
    assert front.count() == before
    assert sum_of(front, "banner: refuse") == counted + 3


def sum_of(front, name):
    collecting = Collecting(front.shop, closed)
    return sum(line.messages for line in collecting.counted() if line.event == name)


def test_a_no_needs_neither_key_nor_token(front):
    for n, more in enumerate(({"key": None}, {"snapshot": None}, {"snapshot": "too old"}, {"key": front.server})):
        front.answer(device(f"no{n}"))
        assert front.answer(device(f"no{n}"), (), "refuse", **more).status_code == 200
        assert not front.allows(anonymous_id=device(f"no{n}"))
    # What the register does not know, nobody does: a no to it is no fault.
    front.answer(device("odd"))
    odd = {"answers": {"no-such-purpose": {"x": False}, "recommendations": {"x": False, "browsing": False}}}
    assert front.answer(device("odd"), (), "refuse", **odd).status_code == 200
    lines = front.shop.can(Who(anonymous_id=device("odd")), "recommendations").categories
    assert {line.category for line in lines if not line.allowed} == {"browsing"}


def test_a_yes_needs_a_key_for_pages_a_token_and_the_key_s_own_site(front):
    shown, name = front.notice().json(), device("bad")
    with front.shop.database.transaction() as connection:
        gone = create_key(connection, "gone", ["collect"], now=front.shop.clock(), public=True)
    assert front.answer(name, shown=shown, key=gone.text).status_code == 200
    close_key(front.shop, gone.key.id)
    assert front.answer(name, shown=shown, key=gone.text).status_code == 401
    assert front.answer(device("bad2"), shown=shown, key=front.server).status_code == 401
    keyless = front.answer(device("bad2"), shown=shown, key=None)
    assert (keyless.status_code, "`key`" in keyless.json()["help"]) == (401, True)  # no header: pages send none
    assert front.answer(device("bad2"), shown=shown, snapshot=None).status_code == 422
    stale = front.answer(device("bad2"), shown=shown, snapshot=shown["snapshot"][:-1])
    assert (stale.status_code, stale.headers["access-control-allow-origin"]) == (422, SITE)
    assert stale.json()["errors"][0]["found"] == "changed"
    elsewhere = {"origin": "https://evil.example"}
    body = {"key": front.key, "device": device("bad2"), "how": "accept", "snapshot": shown["snapshot"]}
    yes = {"answers": {"recommendations": {"browsing": True}}}
    assert front.post("answer", body | yes, **elsewhere).status_code == 403
    other = front.notice(headers=elsewhere)
    assert (other.status_code, "sites that it was made for" in other.json()["help"]) == (403, True)
    mail = {"answers": {"email-marketing": {"contact": True}}}
    assert front.post("answer", body | mail).status_code == 422
    assert front.shop.find(Who(anonymous_id=device("bad2"))) is None


def test_names_that_can_be_guessed_are_no_browsers(front):
    for name in ("device-7", "amina@example.org", "x" * 65, "a b c d e f g h i j k l m"):
        assert front.answer(name).status_code == 422


# ---- people with a name ----------------------------------------------------------------------------------------------


def named(front, user, browser):
    """Somebody with a name whose browser the shop's own server knows; she says yes, on a page of the shop's own."""
    with front.shop.database.transaction() as connection:
        ids = {"user_id": user, "anonymous_id": browser}
        people.identify(connection, front.shop.cipher, ids, now=front.shop.clock())
    front.shop.grant(Who(user_id=user), "recommendations", asked=Asked(how="test"))


def test_a_browser_says_no_yes_and_nothing_for_somebody_with_a_name_unless_her_shop_signs(front):
    named(front, "amina", device("hers"))
    front.shop.grant(Who(user_id="amina"), "recommendations", asked=Asked(how="test"), yes=False)
    told = front.answer(device("hers"))
    assert (told.status_code, told.json()) == (200, front.answer(device("stranger")).json())
    assert not front.allows(user_id="amina")
    # Less is always taken.
    front.shop.grant(Who(user_id="amina"), "recommendations", asked=Asked(how="test"))
    front.answer(device("hers"), (), "refuse")
    assert not front.allows(user_id="amina")
    # A signature of the shop's own server, and not somebody else's.
    good = Collecting(front.shop, closed).signature("amina")
    front.answer(None, user="amina", signature=good[:-1] + ("0" if good[-1] != "0" else "1"))
    assert not front.allows(user_id="amina")
    front.answer(None, user="amina", signature=good)
    assert front.allows(user_id="amina")


def test_a_slot_shows_of_somebody_with_a_name_what_everybody_sees(front):
    named(front, "bruna", device("bruna"))
    collecting = Collecting(front.shop, closed)
    a, b = (front.slot(device=one).json() for one in (device("bruna"), device("unknown")))
    assert a == b
    assert a["personalised"] is False
    # Nothing was decided for her: no decision stands in her own log.
    assert list(front.shop.decisions(Who(user_id="bruna"), 5)) == []
    assert front.slot(user="bruna", signature=collecting.signature("bruna")).status_code == 200
    assert len(front.shop.decisions(Who(user_id="bruna"), 5)) == 1
    assert front.slot(user="bruna", signature="é" * 8).json() == b


def test_a_slot_gives_names_reasons_and_only_links_that_are_links(front):
    front.answer(device("slot"))
    given = front.slot(device=device("slot"), language="de").json()
    things = {item["product"]: item for item in given["items"]}
    assert things["bread"]["url"] == "https://shop.example/bread"
    assert (things["wine"]["url"], things["wine"]["image"]) == ("", "")
    assert given["words"]["why"] == "Warum das?"
    assert things["bread"]["why"] == ["viele kaufen es hier"]
    assert given["why_url"] == "", "what everybody sees has no page of anybody's"
    assert "reason" not in given


def test_what_was_chosen_for_her_links_the_page_of_that_choice(front):
    front.shop.grant(Who(user_id="c4"), "recommendations", asked=Asked(how="test"))
    given = front.slot(user="c4", signature=Collecting(front.shop, closed).signature("c4")).json()
    assert given["personalised"] is True
    page = front.client.get(given["why_url"].removeprefix("https://gw.example"))
    assert page.status_code == 200
    assert given["items"][0]["name"] in page.text


# ---- Global Privacy Control ------------------------------------------------------------------------------------------


def test_a_signal_is_said_to_be_honoured_and_noted_only_of_whom_is_known(front):
    assert front.notice(headers={"sec-gpc": "1"}).json()["signal"] is True
    before = front.count()
    told = front.post("answer", {"how": "signal", "device": device("gpc"), "signal": True, "language": "en"})
    assert "We obey" in told.json()["says"]
    assert front.count() == before
    # By the header as by the script; a click still counts, and stands beside the signal.
    name = device("gpc2")
    shown = front.notice().json()
    answers = {"recommendations": {"browsing": True}}
    body = {"key": front.key, "device": name, "how": "choose", "snapshot": shown["snapshot"], "answers": answers}
    assert front.post("answer", body, **{"sec-gpc": "1"}).status_code == 200
    assert front.shop.notices.signalled(Who(anonymous_id=name)) is not None
    assert front.allows(anonymous_id=name)
    row = next(row for row in front.shop.consents(Who(anonymous_id=name)) if row.state == "given")
    assert json.loads(row.asked)["despite"] == "gpc"
    front.answer(device("gpc3"))
    front.post("slot", {"key": front.key, "device": device("gpc3")}, **{"sec-gpc": "1"})
    assert front.shop.notices.signalled(Who(anonymous_id=device("gpc3"))) is not None


# ---- how fast, how large ---------------------------------------------------------------------------------------------


def test_one_place_may_ask_so_often_and_no_more(tmp_path, clock):
    body = b"{}"  # asks nothing that can be answered, and counts all the same
    with (
        create_shop(tmp_path / "home", clock=clock, columns="database") as shop,
        TestClient(application(shop)) as client,
    ):
        found = [client.post("/api/v1/pages/answer", content=body).status_code for _ in range(FROM_ONE_PLACE)]
        assert set(found) == {422}
        late = client.post("/api/v1/pages/answer", content=body, headers={"origin": SITE})
        assert (late.status_code, late.headers["access-control-allow-origin"]) == (429, SITE)
        assert int(late.headers["retry-after"]) >= 1
        clock.turn(seconds=61)
        assert client.post("/api/v1/pages/answer", content=body).status_code == 422


def test_places_that_are_rested_are_forgotten(clock):
    pace = Pace(60, 60, clock)
    for number in range(50_000):
        pace.take(str(number))
    clock.turn(seconds=61)
    pace.take("one more")
    assert len(pace._full_at) == 1


def test_bad_questions_are_told_to_the_page_that_asked(front):
    for body in (b"", b"{", b'{"how":"perhaps"}', b'{"how":"refuse","more":1}', b"\xff"):
        answer = front.client.post("/api/v1/pages/answer", content=body, headers={"origin": SITE})
        assert answer.status_code in (400, 422)
        assert answer.headers["access-control-allow-origin"] == SITE
    large = front.client.post("/api/v1/pages/answer", content=b" " * 40_000)
    assert large.status_code == 413
    asked = front.client.options("/api/v1/pages/answer", headers={"origin": SITE})
    assert asked.headers["access-control-allow-headers"] == "content-type"


def test_the_two_files_are_small_plain_and_may_stand_on_any_page(front):
    sizes = {}
    for path, media in (("/goodwill.js", "text/javascript"), ("/goodwill.css", "text/css")):
        answer = front.client.get(path)
        assert answer.headers["content-type"].startswith(media)
        assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
        assert answer.headers["content-encoding"] == "gzip"
        assert front.client.get(path, headers={"accept-encoding": "identity"}).text == answer.text
        sizes[path] = len(gzip.compress(answer.content, 9, mtime=0))
        for word in ("eval(", "innerHTML", "insertAdjacentHTML", "document.write", "new Function", "cookie", "http://"):
            assert word not in answer.text
    assert sizes["/goodwill.js"] <= 6 * 1024
    assert sizes["/goodwill.css"] <= 3 * 1024
