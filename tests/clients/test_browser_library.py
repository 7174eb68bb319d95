"""Segment's and RudderStack's libraries for browsers, unmodified, on a page of another site, in a real browser."""

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright
from tests.browser.conftest import _ALONE as ALONE
from tests.clients.conftest import Place

from goodwill.shop import Who

_MODULES = Path(__file__).parent / "node" / "node_modules"
LIBRARY = _MODULES / "@segment" / "analytics-next" / "dist" / "umd" / "index.js"
RUDDER = _MODULES / "@rudderstack" / "analytics-js" / "dist" / "npm" / "modern" / "bundled" / "umd" / "index.js"
PAGE = """<!doctype html><title>A shop</title><script src="index.js"></script><script>
const at = new URLSearchParams(location.search)
const own = at.get('to') ? { 'Segment.io': { apiHost: `${at.get('to')}/v1`, protocol: 'http' } } : {}
window.ready = AnalyticsNext.AnalyticsBrowser.load(
  { writeKey: at.get('key'), cdnURL: at.get('at') }, { integrations: own })
</script>"""

RUDDER_PAGE = """<!doctype html><title>A shop</title><script src="rudder.js"></script><script>
const at = new URLSearchParams(location.search)
window.ready = new Promise(done => {
  const made = new rudderanalytics.RudderAnalytics()
  made.load(at.get('key'), at.get('at'), { configUrl: at.get('at'), onLoaded: () => done(made) })
})
</script>"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a page of another site with the library on it."""
    if not LIBRARY.exists() or not RUDDER.exists():
        pytest.skip("needs the libraries that `sh scripts/test_services.sh` installs")
    folder = tmp_path_factory.mktemp("site")
    shutil.copy(LIBRARY, folder / "index.js")
    (folder / "index.html").write_text(PAGE)
    shutil.copy(RUDDER, folder / "rudder.js")
    (folder / "rudder.html").write_text(RUDDER_PAGE)
    handler = partial(_Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def page() -> Iterator[Page]:
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("Chromium is not installed; on Debian: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ALONE)
        yield browser.new_page()
        browser.close()


def test_a_page_sends_what_happens_on_a_device_and_cannot_speak_for_a_user(place: Place, site: str, page: Page):
    place.agrees(Who(anonymous_id="tab-1"))
    place.agrees(Who(user_id="a victim"))
    place.wire.seen.clear()
    place.wire.answers.clear()
    place.wire.fail = [(503, {})]
    page.goto(f"{site}/?key={place.pages_key}&at={place.wire.address}&to={place.wire.address.removeprefix('http://')}")
    page.evaluate(
        """async () => {
            const [analytics] = await window.ready
            analytics.setAnonymousId('tab-1')
            await analytics.page('breads')
            await analytics.track('Product Viewed', { product_id: 'bread', price: 3.4 })
            await analytics.track('Product Viewed', { product_id: 'made up' })
            await analytics.identify('a victim', { email: 'victim@example.org' })
            await analytics.track('Product Added', { product_id: 'wine' })
        }"""
    )
    until(lambda: len(place.wire.answers) == 5)
    assert sorted(place.held(Who(anonymous_id="tab-1")), key=str) == [
        ("carted", "wine"), ("viewed", "bread"), ("viewed", None),
    ]  # fmt: skip
    assert place.held(Who(user_id="a victim")) == []
    assert {path for method, path, _ in place.wire.seen if method == "POST"} == {"/v1/p", "/v1/t", "/v1/i"}
    assert any(headers.get("content-type", "").startswith("text/plain") for _, _, headers in place.wire.seen)
    said = b"".join(body for _, body in place.wire.answers)
    assert b"unsigned-user" in said
    assert b"unknown-product" in said


def test_the_settings_lead_to_where_the_shop_is_reached(place: Place, site: str, page: Page):
    place.agrees(Who(anonymous_id="tab-2"), "measurement")
    page.goto(f"{site}/?key={place.pages_key}&at={place.wire.address}")
    with page.expect_response(lambda answer: answer.url == f"{place.wire.server}/v1/t") as told:
        page.evaluate(
            """async () => {
                const [analytics] = await window.ready
                analytics.setAnonymousId('tab-2')
                await analytics.track('Product Clicked', { product_id: 'olives' })
            }"""
        )
    assert told.value.status == 200
    assert place.held(Who(anonymous_id="tab-2")) == [("clicked", "olives")]


def test_rudderstack_asks_for_its_source_and_sends_to_the_shop_alone(place: Place, site: str, page: Page):
    place.agrees(Who(anonymous_id="tab-3"))
    place.wire.seen.clear()
    place.wire.answers.clear()
    place.wire.fail = [(503, {})]  # it comes back by itself
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{site}/rudder.html?key={place.pages_key}&at={place.wire.address}")
    page.evaluate(
        """async () => {
            const rudder = await window.ready
            rudder.setAnonymousId('tab-3')
            rudder.page('breads')
            rudder.track('Product Viewed', { product_id: 'bread', price: 3.4 })
            rudder.track('Product Added', { product_id: 'made up' })
            rudder.identify('a victim', { email: 'victim@example.org' })
        }"""
    )
    until(lambda: len(place.wire.answers) == 4)
    assert [path.partition("?")[0] for method, path, _ in place.wire.seen if method == "GET"] == ["/sourceConfig/"]
    assert {status for status, _ in place.wire.answers} == {200}
    assert sorted(place.held(Who(anonymous_id="tab-3")), key=str) == [("viewed", "bread"), ("viewed", None)]
    assert place.held(Who(user_id="a victim")) == []
    said = b"".join(body for _, body in place.wire.answers)
    assert b"unknown-product" in said
    assert b"unsigned-user" in said
    assert {url.split("/")[2] for url in asked} == {site.split("/")[2], place.wire.address.split("/")[2]}


def until(ready: Callable[[], bool]) -> None:
    """Wait as long as the library takes to try again after a refusal."""
    end = time.monotonic() + 30
    while not ready():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.05)
