"""The snippet on a shop's own page: another site, a strict policy, a real browser, and a real goodwill behind it."""

import json
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Request
from tests.browser.conftest import _SERVE as SERVE
from tests.browser.conftest import Visitor
from tests.laws.servers import free_port
from tests.processes import loaded
from tests.small_shop import bakery

from goodwill.basics.clock import iso, system_clock
from goodwill.catalogue import store as catalogue
from goodwill.catalogue.products import Product
from goodwill.consent import published
from goodwill.consent.notices import ON_PAGES
from goodwill.consent.published import Signature
from goodwill.people.tables import events
from goodwill.people.types import BY_CODE
from goodwill.shop import Shop, Who
from goodwill.shop.collecting import Collecting
from goodwill.web.keys import create_key
from goodwill.web.store import closed

DAY = 86_400  # seconds
PAGE = """<!doctype html><html lang="{language}" dir="{direction}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>The bakery</title><link rel="stylesheet" href="/shop.css">
<script src="/shop.js"></script><script src="{goodwill}/goodwill.js" data-key="{key}" {more} defer></script></head>
<body><header><a href="#main" id="skip">Skip to the content</a></header>
<main id="main"><h1>Our breads</h1>
<p>Baked at four in the morning, every day but Sunday.</p>
<h2>You may like</h2>
<div data-goodwill-slot="home" data-count="3" id="slot"><p>The baker's own choice: rye bread.</p></div>
<p id="long">A long page.</p></main>
<footer><button type="button" data-goodwill-preferences id="again">Your choices</button></footer></body></html>"""
SHOP_JS = """window.goodwill = window.goodwill || function () { (goodwill.q = goodwill.q || []).push(arguments) }
goodwill('track', 'Product Viewed', { product_id: 'bread' })
window.shifts = 0
new PerformanceObserver((list) => {
  list.getEntries().forEach((one) => { window.shifts += one.hadRecentInput ? 0 : one.value })
}).observe({ type: 'layout-shift', buffered: true })
"""
SHOP_CSS = """body { margin: 0 auto; max-width: 60rem; padding: 1rem; font: 1rem/1.5 Georgia, serif }
body { color: #222; background: #fff }
#long { min-height: 120vh } #slot { min-height: 75rem }
@media (min-width: 40rem) { #slot { min-height: 26rem } }
@media (prefers-color-scheme: dark) { body { color: #eee; background: #111 } a { color: #9cf } }"""
STILL = """async () => {
  const roots = [document, ...[...document.querySelectorAll('[data-goodwill]')].map((one) => one.shadowRoot)];
  const moving = roots.flatMap((one) => (one ? one.getAnimations() : []));
  await Promise.all(moving.map((one) => one.finished.catch(() => null)));
  for (let n = 0; n < 3; n++) await new Promise((done) => requestAnimationFrame(done));
}"""
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060000000050001a5f64540"
    "0000000049454e44ae426082"
)


@dataclass
class Site:
    """The shop's own site before a served goodwill.

    Attributes:
        more: attributes of the tag; language, direction: of the page.
    """

    shop: Shop
    goodwill: str
    address: str
    key: str
    chromium: Browser
    more: str = ""
    language: str = "en"
    direction: str = "ltr"
    contexts: list[BrowserContext] = field(default_factory=list)

    def page(self) -> str:
        return PAGE.format(
            goodwill=self.goodwill, key=self.key, more=self.more, language=self.language, direction=self.direction
        )

    def customer(self, **wishes: Any) -> "Customer":
        context = self.chromium.new_context(**{"locale": "en-GB"} | wishes)
        context.set_default_timeout(20_000)
        self.contexts.append(context)
        return Customer(self, Visitor(context.new_page()))

    def held(self, device: str) -> list[tuple[str, str | None]]:
        """What is kept of a browser, each with its page."""
        with self.shop.database.transaction() as connection:
            person = self.shop.find_in(connection, Who(anonymous_id=device))
            rows = connection.execute(events.select().where(events.c.person == (person or -1)).order_by(events.c.id))
            told = [(BY_CODE[row.type].name, json.loads(row.detail or "{}").get("page")) for row in rows]
            return [one for one in told if one[0] != "decided"]


@dataclass
class Customer:
    """Somebody's own browser on the shop's page."""

    site: Site
    visitor: Visitor
    sent: list[tuple[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("request", self._note)

    @property
    def page(self) -> Page:
        return self.visitor.page

    def _note(self, request: Request) -> None:
        if request.url.startswith(self.site.goodwill):
            said = json.loads(request.post_data) if request.post_data else None
            self.sent.append((urlsplit(request.url).path.removeprefix("/api/v1/pages"), said))

    @property
    def calls(self) -> list[str]:
        """What was asked of goodwill, its own two files apart."""
        return [path for path, _ in self.sent if not path.startswith("/goodwill")]

    def come(self) -> "Customer":
        """Open the page, until the banner is there or there is no need for it."""
        self.page.goto(self.site.address + "/")
        there = "localStorage.goodwill || document.querySelector('[data-goodwill]:not([hidden])')"
        self.page.wait_for_function(f"() => {there}")
        return self

    def press(self, name: str) -> "Customer":
        self.page.get_by_role("button", name=name, exact=True).click()
        return self

    def scroll(self) -> None:
        self.page.mouse.wheel(0, 900)
        self.page.click("h1")

    def reopen(self) -> None:
        self.press("Your choices").page.wait_for_selector("[data-goodwill] fieldset")

    def tick(self, words: str) -> None:
        self.page.get_by_role("checkbox", name=words).first.click()

    @property
    def kept(self) -> dict[str, Any] | None:
        """All that is kept in the browser for this site: one entry, or nothing."""
        found = self.page.evaluate("[{...localStorage}, {...sessionStorage}, document.cookie]")
        local, session, cookies = found
        assert (session, cookies) == ({}, "")
        assert self.page.context.cookies() == []
        assert set(local) <= {"goodwill"}
        kept: dict[str, Any] | None = json.loads(local["goodwill"]) if local else None
        return kept

    def until(self, ready: Callable[[], bool]) -> None:
        """Wait for the page, and let what is routed go on meanwhile."""
        end = time.monotonic() + 15
        while not ready():
            assert time.monotonic() < end, "it did not come"
            self.page.wait_for_timeout(20)

    def still(self) -> None:
        """Until nothing moves any more, and what a script has begun has gone out."""
        self.page.evaluate(STILL)

    def later(self, milliseconds: int) -> None:
        """Let time go by on the page, whose clock is ours (`with_clock`), and everything happen that was due in it."""
        self.page.clock.run_for(milliseconds)
        self.still()

    def settled(self) -> dict[str, Any]:
        """The entry, once the choice has arrived."""
        self.until(lambda: self.kept is not None and "waits" not in self.kept)
        kept = self.kept
        assert kept is not None
        return kept

    def with_clock(self) -> "Customer":
        """The same, before a clock that we can put on."""
        self.page.clock.install()
        return self

    @property
    def asked(self) -> bool:
        """Whether the banner is there."""
        return self.page.locator("[data-goodwill] section").is_visible()

    def turn(self, days: int) -> None:
        """Come back later."""
        self.page.clock.set_fixed_time(time.time() + days * DAY)
        self.come()


@pytest.fixture(scope="module")
def on_sqlite(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path, chromium: Browser) -> Iterator[Site]:
    """One bakery for all these tests: every browser in them is a new one."""
    folder = tmp_path_factory.mktemp("site")
    file = folder / "shop.db"
    shutil.copyfile(migrated_file, file)
    yield from _bread(SimpleNamespace(url="", file=file), folder, chromium)


@pytest.fixture(scope="module")
def on_postgresql(tmp_path_factory: pytest.TempPathFactory, postgresql: Any, chromium: Browser) -> Iterator[Site]:
    """The same on PostgreSQL, for what the shop's own side has a part in."""
    with postgresql.database() as url:
        yield from _bread(SimpleNamespace(url=url), tmp_path_factory.mktemp("site"), chromium)


on_both = pytest.mark.parametrize("site", ["on_sqlite", "on_postgresql"], indirect=True)


def _bread(database: Any, folder: Path, chromium: Browser) -> Iterator[Site]:
    made = bakery(database, folder, system_clock, columns="database")
    there = Site(made.shop, "", "", "", chromium)
    with _site(there) as address:
        there.address = address
        _furnish(there)
        with loaded(SERVE, made.shop.folder, free_port()) as process:
            there.goodwill = process.stdout.readline().strip()
            try:
                yield there
            finally:
                process.terminate()
                process.wait(timeout=20)
    made.shop.close()


def _furnish(there: Site) -> None:
    shop = there.shop
    with shop.database.transaction() as connection:
        things = [
            Product("bread", url=f"{there.address}/bread", image=f"{there.address}/bread.png"),
            Product("cheese", url="javascript:alert(1)", image=f"{there.address}/bread.png"),
        ]
        catalogue.upsert_many(connection, things)
        made = create_key(connection, "pages", ["collect"], now=shop.clock(), public=True, origins=[there.address])
        there.key = made.text
    shop.learn()


class _Handler(BaseHTTPRequestHandler):
    there: Site

    def do_GET(self) -> None:
        goodwill = self.there.goodwill
        policy = (
            f"default-src 'none'; script-src 'self' {goodwill}; style-src 'self' {goodwill}; connect-src {goodwill}; "
            "img-src 'self'; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'"
        )
        files: dict[str, tuple[str | bytes, str]] = {
            "/shop.js": (SHOP_JS, "text/javascript"),
            "/shop.css": (SHOP_CSS, "text/css"),
            "/bread.png": (PIXEL, "image/png"),
        }
        body, media = files.get(self.path, (self.there.page(), "text/html"))
        raw = body if isinstance(body, bytes) else body.encode()
        self.send_response(200)
        self.send_header("Content-Type", media)
        self.send_header("Content-Length", str(len(raw)))
        self.send_header("Content-Security-Policy", policy)
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *_: object) -> None:
        pass


class _site:  # noqa: N801 - used as a verb
    def __init__(self, there: Site) -> None:
        handler = type("Handler", (_Handler,), {"there": there})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)

    def __enter__(self) -> str:
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return f"http://localhost:{self.server.server_port}"

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    """The same, as every test finds it."""
    bread: Site = request.getfixturevalue(getattr(request, "param", "on_sqlite"))
    yield bread
    for context in bread.contexts:
        context.close()
    bread.contexts.clear()
    bread.more, bread.language, bread.direction = "", "en", "ltr"


# ---- the paths a customer can take ---------------------------------------------------------------------------------

STEPS: dict[str, Callable[[Customer], object]] = {
    "come": lambda who: who.come(),
    "scroll": lambda who: who.scroll(),
    "accept": lambda who: who.press("Allow all").settled(),
    "refuse": lambda who: who.press("Refuse all").settled(),
    "choose": lambda who: who.press("Choose"),
    "tick": lambda who: who.tick("Suggest products"),
    "untick browsing": lambda who: who.tick("Pages and products"),
    "save": lambda who: who.press("Save my choice").settled(),
    "shut": lambda who: who.page.click("[data-goodwill] .close"),
    "escape": lambda who: who.page.keyboard.press("Escape"),
    "reopen": lambda who: who.reopen(),
    "179 days": lambda who: who.turn(179),
    "184 days": lambda who: who.turn(184),
    "366 days": lambda who: who.turn(366),
    "731 days": lambda who: who.turn(731),
    "fine": lambda who: who.press("All right"),
}
ALL = {"recommendations", "personal-content", "offers", "model-improvement", "measurement"}
SOME = {"recommendations"}
# Each path: what is done, whether the browser objects by Global Privacy Control, whether the banner is there at the
# end, what is kept then (None: nothing; "no": that it was refused; else the purposes allowed), and what was sent.
PATHS = {
    "comes for the first time": ("come", False, True, None, "notice"),
    "ignores it and comes back": ("come scroll come", False, True, None, "notice notice"),
    "allows all": ("come accept", False, False, ALL, "notice answer"),
    "allows all and comes back": ("come accept come", False, False, ALL, "notice answer"),
    "allows all, until it ends": ("come accept 731days", False, True, None, "notice answer notice"),
    "refuses": ("come refuse", False, False, "no", "notice answer"),
    "refuses and comes back": ("come refuse 179days", False, False, "no", "notice answer"),
    "refuses and is asked half a year later": ("come refuse 184days", False, True, None, "notice answer notice"),
    "closes it": ("come shut", False, False, "no", "notice answer"),
    "presses escape": ("come escape", False, False, "no", "notice answer"),
    "chooses nothing": ("come choose save", False, False, "no", "notice answer"),
    "chooses one": ("come choose tick save", False, False, SOME, "notice answer"),
    "changes her mind": ("come accept reopen refuse", False, False, "no", "notice answer notice answer"),
    "looks and leaves it": ("come accept reopen escape", False, False, ALL, "notice answer notice"),
    "refuses, then allows": ("come refuse reopen accept", False, False, ALL, "notice answer notice answer"),
    "objects by her browser": ("come", True, True, None, "notice"),
    "objects and says fine": ("come fine", True, False, "no", "notice answer"),
    "objects and is left alone": ("come fine 184days", True, False, "no", "notice answer"),
    "objects, and is asked nothing even later": ("come fine 366days", True, True, None, "notice answer notice"),
    "objects and clicks all the same": ("come choose tick save", True, False, SOME, "notice answer"),
}
TURNS = {"179days": "179 days", "184days": "184 days", "366days": "366 days", "731days": "731 days"}


AT_THE_SHOP = ("allows all", "refuses", "chooses one", "changes her mind", "objects and clicks all the same")


@pytest.mark.parametrize(
    ("site", "path"),
    [("on_sqlite", path) for path in PATHS] + [("on_postgresql", path) for path in AT_THE_SHOP], indirect=["site"],
)  # fmt: skip
def test_every_path_through_the_banner(site, path):
    steps, objects, asked, kept, sent = PATHS[path]
    who = site.customer()
    if objects:
        who.page.add_init_script("Object.defineProperty(navigator, 'globalPrivacyControl', { value: true })")
    for step in steps.split():
        STEPS[TURNS.get(step, step)](who)
    who.still()
    asking = [call for call in who.calls if call in ("/notice", "/answer")]
    assert asking == [f"/{word}" for word in sent.split()]
    assert who.asked is asked
    now = who.kept
    if kept is None:
        assert now is None
    elif kept == "no":
        assert now is not None
        assert now["refused"] is True
        assert set(now) <= {"refused", "until", "signal"}
        assert set(who.calls) <= {"/notice", "/answer", "/v1/b", "/slot"}
    else:
        assert now is not None
        assert set(now["yes"]) == kept
        can = {p for p in ALL if site.shop.can(Who(anonymous_id=now["device"]), p).allowed}
        assert can == kept  # what the browser believes is what the ledger says
    if objects and asked:
        assert "We obey" in who.page.locator("[data-goodwill] .signal").inner_text()
        assert not who.page.get_by_role("button", name="Allow all").is_visible()
    assert who.visitor.faults == []


@on_both
def test_nothing_is_kept_or_sent_before_a_choice_and_nothing_but_it_after_a_no(site):
    who = site.customer().with_clock().come()
    assert [path for path, _ in who.sent] == ["/goodwill.js", "/notice", "/goodwill.css"]
    assert who.kept is None
    who.page.evaluate("goodwill('track', 'Product Viewed', { product_id: 'croissant' })")
    who.later(1300)
    assert len(who.sent) == 3
    who.press("Refuse all")
    who.settled()
    _, said = who.sent[3]
    assert set(said) == {"key", "language", "how", "region", "signal"}
    assert "waits" not in who.kept
    who.page.evaluate("goodwill('track', 'Product Viewed', { product_id: 'croissant' })")
    who.later(1300)
    who.come()
    who.later(300)
    assert [path for path, _ in who.sent[4:]] == ["/goodwill.js"]
    assert who.page.inner_text("#slot") == "The baker's own choice: rye bread."
    assert {urlsplit(url).netloc for url in who.visitor.asked} == {
        urlsplit(site.goodwill).netloc, urlsplit(site.address).netloc,
    }  # fmt: skip


@on_both
def test_what_happens_is_sent_together_once_it_may_be_and_stops_with_a_no(site):
    who = site.customer().with_clock().come()
    who.press("Allow all")
    device = who.settled()["device"]
    who.page.evaluate(
        """() => { goodwill('track', 'Product Viewed', { product_id: 'croissant' })
        goodwill('track', 'Product Added', { product_id: 'croissant', quantity: 2 }) }"""
    )
    who.later(1000)
    who.until(lambda: len(site.held(device)) >= 3)
    assert sorted(site.held(device), key=str) == [("carted", None), ("viewed", "/"), ("viewed", None)]
    batches = [said for path, said in who.sent if path == "/v1/b"]
    assert sum(len(one["batch"]) for one in batches) == 3
    assert len(batches) <= 2
    # Leaving the page sends what is left.
    who.page.evaluate("goodwill('track', 'Product Viewed', { product_id: 'olives' })")
    who.page.goto("about:blank")
    who.until(lambda: len(site.held(device)) == 4)
    who.come()
    who.later(1000)
    who.until(lambda: len(site.held(device)) == 6)  # this page, and what its script told before ours was there
    who.reopen()
    assert who.page.get_by_role("checkbox", name="Suggest products").is_checked()
    who.press("Refuse all")
    who.settled()
    assert not site.shop.can(Who(anonymous_id=device), "recommendations").allowed
    who.page.evaluate("goodwill('track', 'Product Viewed', { product_id: 'olives' })")
    who.later(1300)
    assert len(site.held(device)) == 6
    assert who.visitor.faults == []


@on_both
def test_a_choice_that_could_not_be_sent_waits_and_holds(site):
    who = site.customer().come()
    who.page.context.route("**/api/v1/pages/answer", lambda route: route.abort())
    who.press("Allow all")
    who.until(lambda: "/answer" in who.calls)
    who.still()
    device = who.kept["device"]
    assert "waits" in who.kept
    assert who.calls == ["/notice", "/answer"]  # nobody at the shop knows of a yes, so nothing is sent under it
    who.page.context.unroute("**/api/v1/pages/answer")
    who.come()
    who.settled()
    assert site.shop.can(Who(anonymous_id=device), "recommendations").allowed
    # The same with a no: it holds here at once, and comes in as soon as it can.
    who.page.context.route("**/api/v1/pages/answer", lambda route: route.abort())
    who.reopen()
    who.press("Refuse all")
    who.still()
    assert who.kept["refused"] is True
    who.page.context.unroute("**/api/v1/pages/answer")
    who.come()
    assert set(who.settled()) == {"refused", "until"}
    assert not site.shop.can(Who(anonymous_id=device), "recommendations").allowed


@on_both
def test_words_that_lay_open_too_long_are_asked_anew(site):
    who = site.customer().come()
    who.page.context.route(
        "**/api/v1/pages/answer",
        lambda route: route.continue_(post_data=json.dumps(json.loads(route.request.post_data) | {"snapshot": "old"})),
    )
    who.press("Allow all")
    who.until(lambda: who.calls.count("/notice") == 2)
    who.page.get_by_role("button", name="Allow all").wait_for()
    assert who.kept is None


@on_both
def test_a_signal_that_comes_later_is_obeyed_and_said(site):
    who = site.customer().come()
    who.press("Allow all")
    device = who.settled()["device"]
    who.page.add_init_script("Object.defineProperty(navigator, 'globalPrivacyControl', { value: true })")
    who.come()
    who.until(lambda: bool(who.kept.get("signal")))
    who.page.locator("[data-goodwill] [role=status]").filter(has_text="We obey").wait_for()
    assert site.shop.notices.signalled(Who(anonymous_id=device)) is not None
    assert site.shop.can(Who(anonymous_id=device), "recommendations").allowed  # an own click says more


def test_another_tab_hears_of_the_choice(site):
    one = site.customer().come()
    other = Customer(site, Visitor(one.page.context.new_page())).come()
    assert other.asked
    one.press("Refuse all")
    other.until(lambda: not other.asked)


# ---- slots -----------------------------------------------------------------------------------------------------------


@on_both
def test_a_slot_is_filled_where_it_may_be_with_the_reason_one_click_away(site):
    who = site.customer().come()
    assert who.page.inner_text("#slot") == "The baker's own choice: rye bread."
    who.press("Allow all")
    who.page.wait_for_selector("#slot .goodwill-items li")
    items = who.page.locator("#slot li")
    assert items.count() == 3
    links = who.page.eval_on_selector_all("#slot a", "links => links.map((one) => one.href)")
    assert links == [f"{site.address}/bread"]  # what is no link of the web is none
    first = items.first
    first.locator("summary").click()
    assert "many people here buy it" in first.inner_text()
    assert "Nothing about you was used" in first.inner_text()
    first.get_by_role("button", name="Change your choice").click()
    who.page.wait_for_selector("[data-goodwill] fieldset")
    who.press("Refuse all")
    who.settled()
    assert who.page.inner_text("#slot") == "The baker's own choice: rye bread."
    assert who.visitor.faults == []


@pytest.mark.parametrize("trouble", ["offline", "slow", "broken"])
def test_the_shop_s_own_content_stays_where_nothing_better_comes_in_time(site, trouble):
    who, waiting, ended = site.customer().with_clock().come(), [], []
    who.page.on("requestfailed", lambda request: ended.append(request.url))  # given up by the page, too
    who.page.on("response", lambda response: ended.append(response.url))
    answers = {
        "offline": lambda route: route.abort(),
        "slow": lambda route: waiting.append(route),  # noqa: PLW0108 - Playwright takes no built-in
        "broken": lambda route: route.fulfill(status=503, body="{}"),
    }
    who.page.context.route("**/api/v1/pages/slot", answers[trouble])
    who.press("Allow all")
    who.until(lambda: "/slot" in who.calls)
    who.later(1500)
    who.until(lambda: any("/slot" in url for url in ended))
    who.still()
    assert who.page.inner_text("#slot") == "The baker's own choice: rye bread."


def test_a_shop_whose_goodwill_is_away_is_a_shop(site):
    who = site.customer()
    who.page.context.route(f"{site.goodwill}/**", lambda route: route.abort())
    who.page.goto(site.address + "/", wait_until="networkidle")
    assert not who.asked
    assert who.page.inner_text("#slot") == "The baker's own choice: rye bread."
    assert who.kept is None


@on_both
def test_a_customer_whom_the_shop_s_server_signed_answers_and_is_shown_as_herself(site):
    signature = Collecting(site.shop, closed).signature("bruno")
    site.more = f'data-user="bruno" data-signature="{signature}"'
    who = site.customer().come()
    who.press("Allow all")
    device = who.settled()["device"]
    assert site.shop.can("bruno", "recommendations").allowed
    who.page.wait_for_selector("#slot .goodwill-items li")
    why = who.page.locator("#slot details").first
    why.locator("summary").click()
    assert "Chosen for you from: What you bought" in why.inner_text()
    assert "you bought" in why.inner_text()
    who.until(lambda: "/v1/b" in who.calls)
    batch = next(said["batch"] for path, said in who.sent if path == "/v1/b")
    assert {(one["userId"], one.get("anonymousId")) for one in batch} == {("bruno", None)}
    assert site.shop.find(Who(anonymous_id=device)) is None  # a browser is not made one with a person
    who.reopen()
    who.press("Refuse all").settled()
    assert not site.shop.can("bruno", "recommendations").allowed


def test_a_signal_that_is_only_in_the_header_is_honoured_too(site):
    who = site.customer(extra_http_headers={"Sec-GPC": "1"}).come()
    assert who.page.get_by_role("heading", name="We honour your privacy signal").is_visible()
    assert not who.page.get_by_role("button", name="Allow all").is_visible()


# ---- for every eye, hand and screen ----------------------------------------------------------------------------------

FOCUS = """() => {
  let one = document.activeElement;
  while (one && one.shadowRoot && one.shadowRoot.activeElement) one = one.shadowRoot.activeElement;
  if (!one || one === document.body) return null;
  const box = one.getBoundingClientRect(), style = getComputedStyle(one);
  return {text: (one.textContent || one.value || '').trim().slice(0, 40), tag: one.tagName, id: one.id,
    ring: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
    bottom: box.bottom, width: box.width, height: box.height};
}"""
LOOK = """one => {
  const box = one.getBoundingClientRect(), style = getComputedStyle(one);
  const look = ['color', 'backgroundColor', 'borderColor', 'borderWidth', 'fontSize', 'fontWeight', 'opacity',
                'padding', 'boxShadow', 'textDecorationLine'];
  const size = {width: Math.round(box.width), height: Math.round(box.height)};
  return {...size, ...Object.fromEntries(look.map(n => [n, style[n]]))};
}"""


def test_with_the_keyboard_alone(site):
    who = site.customer().come()
    keys = who.page.keyboard

    def tab(back: bool = False) -> Any:
        keys.press("Shift+Tab" if back else "Tab")
        found = who.page.evaluate(FOCUS)
        if found and not found["id"]:
            assert found["ring"], found
            assert min(found["width"], found["height"]) >= 20, found
        return found

    # First in the order: a link to more, the three answers side by side, then the way out; after them the page.
    assert [tab()["text"] for _ in range(5)] == ["Your privacy", "Allow all", "Refuse all", "Choose", "×"]
    assert tab()["id"] == "skip"
    for _ in range(2):
        tab(back=True)
    assert who.page.evaluate(FOCUS)["text"] == "Choose"
    keys.press("Enter")
    assert who.page.evaluate(FOCUS)["tag"] == "INPUT"
    keys.press("Space")  # all kinds of data for suggestions
    tab()
    tab()
    keys.press("Space")  # but not what was looked at
    while tab()["text"] != "Save my choice":
        pass
    keys.press("Enter")
    kept = who.settled()
    assert set(kept["yes"]) == {"recommendations"}
    assert "browsing" not in kept["yes"]["recommendations"]
    # Open it again from the page, look, and be back where one was.
    who.page.focus("#again")
    keys.press("Enter")
    who.page.wait_for_selector("[data-goodwill] fieldset")
    who.until(lambda: (who.page.evaluate(FOCUS) or {}).get("id") == "title")
    states = who.page.eval_on_selector_all(
        "[data-goodwill] fieldset legend input", "all => all.map((one) => [one.checked, one.indeterminate])"
    )
    assert states == [[False, True], *([[False, False]] * 4)]
    keys.press("Escape")
    assert who.page.evaluate(FOCUS)["id"] == "again"
    assert who.kept == kept
    # What has the focus is never behind the banner.
    other = site.customer(viewport={"width": 900, "height": 600}).come()
    other.page.focus("#again")
    other.still()
    top = other.page.locator("[data-goodwill] section").bounding_box()["y"]
    assert other.page.evaluate(FOCUS)["bottom"] <= top


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_reads_well_and_refusing_looks_like_allowing(site, scheme):
    axe = Axe()
    who = site.customer(color_scheme=scheme).come()
    who.still()

    def check() -> None:
        found = axe.run(who.page)
        assert found.violations_count == 0, found.generate_report()

    check()
    names = ("Allow all", "Refuse all", "Choose")
    looks = [who.page.get_by_role("button", name=name, exact=True).evaluate(LOOK) for name in names]
    assert looks[0] == looks[1] == looks[2]
    who.press("Choose")
    who.page.mouse.move(5, 5)
    who.still()
    check()
    assert who.page.locator("[data-goodwill] input:checked").count() == 0
    names = ("Allow all", "Refuse all", "Save my choice")
    looks = [who.page.get_by_role("button", name=name, exact=True).evaluate(LOOK) for name in names]
    assert looks[0] == looks[1] == looks[2]
    who.press("Allow all")
    who.page.wait_for_selector("#slot li")
    who.still()
    check()
    told = site.customer(color_scheme=scheme)
    told.page.add_init_script("Object.defineProperty(navigator, 'globalPrivacyControl', { value: true })")
    told.come().still()
    found = axe.run(told.page)
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize(
    ("width", "height", "scale"), [(320, 640, 1), (640, 400, 2), (320, 256, 4), (1280, 800, 1)],
    ids=["telephone", "200 percent", "400 percent", "desk"],
)  # fmt: skip
def test_it_fits_and_moves_nothing(site, width, height, scale):
    who = site.customer(viewport={"width": width, "height": height}, device_scale_factor=scale).come()
    who.still()
    places = "['h1', '#slot', '#long'].map((one) => document.querySelector(one).getBoundingClientRect().y)"
    was = who.page.evaluate(places)
    for step in ("", "choose"):
        if step:
            STEPS[step](who)
        inside = who.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert inside
        for name in ("Allow all", "Refuse all"):
            box = who.page.get_by_role("button", name=name, exact=True).bounding_box()
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width
            assert box["y"] >= 0
            assert box["y"] + box["height"] <= height
    who.press("Allow all")
    who.page.wait_for_selector("#slot li")
    who.still()
    assert who.page.evaluate("window.shifts") == 0
    assert who.page.evaluate(places) == was


def test_whoever_wants_no_motion_gets_none(site):
    name = (
        "getComputedStyle(document.querySelector('[data-goodwill]').shadowRoot.querySelector('section')).animationName"
    )
    assert site.customer(reduced_motion="reduce").come().page.evaluate(name) == "none"
    assert site.customer(reduced_motion="no-preference").come().page.evaluate(name) == "goodwill-rise"


def test_from_right_to_left(site):
    shop = site.shop
    shop.notices.sign_off("banner", "en", by="a test")
    shop.notices.publish("banner", "en")
    with shop.database.transaction() as connection:
        for key in ("banner", ON_PAGES):
            document = {**ARABIC, "notice": key}
            if not [one for one in published.versions_of(connection, key) if one.language == "ar"]:
                signed = Signature("", "a test", shop.clock())
                published.publish(connection, document, signed, by="a test", now=shop.clock())
    site.language, site.direction = "ar", "rtl"
    who = site.customer(viewport={"width": 900, "height": 700}).come()
    section = who.page.locator("[data-goodwill] section")
    assert (section.get_attribute("dir"), section.get_attribute("lang")) == ("rtl", "ar")
    close, whole = who.page.locator("[data-goodwill] .close").bounding_box(), section.bounding_box()
    assert close["x"] - whole["x"] < 30  # the way out stands where a line ends
    assert who.page.locator("[data-goodwill] .close").get_attribute("aria-label") == "إغلاق: لا تسمح بشيء"
    assert Axe().run(who.page).violations_count == 0
    who.press("السماح للكل")
    who.settled()


ARABIC = {
    "form": 1, "notice": "banner", "language": "ar", "region": "", "title": "هل يمكننا استخدام بياناتك؟",
    "text": ["يعمل المتجر بالطريقة نفسها إذا قلت لا."],
    "labels": {
        "accept": "السماح للكل", "refuse": "رفض الكل", "choose": "اختيار", "save": "حفظ اختياري", "on": "مفعّل",
        "off": "متوقف",
    },
    "purposes": [{
        "purpose": "recommendations", "basis": "consent", "sentence": "اقتراح منتجات قد تعجبك",
        "on": "نختار لك منتجات.", "off": "ترى ما يراه الجميع.", "ticked": False,
        "categories": [{"category": "browsing", "sentence": "الصفحات التي شاهدتها هنا"}],
    }],
}  # fmt: skip


def test_the_shop_sets_the_colours(site):
    site.more = 'data-theme="dark"'
    who = site.customer(color_scheme="light").come()
    section = "document.querySelector('[data-goodwill]').shadowRoot.querySelector('section')"
    script = f"getComputedStyle({section}).backgroundColor"
    assert who.page.evaluate(script) == "rgb(26, 32, 29)"
    who.page.evaluate("document.documentElement.style.setProperty('--goodwill-dark-paper', 'rgb(10, 20, 30)')")
    assert who.page.evaluate(script) == "rgb(10, 20, 30)"


@on_both
def test_times_that_are_sent_are_of_this_world(site):
    """What the browser believes to be the time does not reach the ledger."""
    who = site.customer()
    who.page.clock.set_fixed_time(946_684_800)
    who.come()
    who.press("Allow all")
    device = who.settled()["device"]
    assert all(iso(row.said_at) > "2026" for row in site.shop.consents(Who(anonymous_id=device)))
