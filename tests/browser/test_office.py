"""The office before a real browser: with the keyboard alone, without scripts, small, large, dark, and on paper."""

import os
import re
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from tests.browser.conftest import Served, Visitor
from tests.staff.working import hired

from goodwill.web.rooms import ROOMS

FIRST_LOAD = 100_000  # bytes, everything that a page fetches
ALSO = ("/office/keys", "/office/measures/repeat-purchase")


@pytest.fixture
def owner(served: Served) -> dict[str, Any]:
    """What the owner's browser keeps."""
    member = hired(served.shop, "owner")
    cookie = {"name": "goodwill", "value": member.token, "url": served.address, "httpOnly": True, "sameSite": "Lax"}
    return {"cookies": [cookie]}


def at_work(served: Served, owner: dict[str, Any], **wishes: Any) -> Visitor:
    visitor = served.visitor(**wishes)
    visitor.page.context.add_cookies(owner["cookies"])
    return visitor


def done(visitor: Visitor, path: str) -> None:
    """Go to a page, and wait until what it shows is worked out."""
    visitor.page.goto(path)
    visitor.page.wait_for_function("() => !document.querySelector('progress[aria-label]')", timeout=60_000)


def paths(served: Served) -> list[str]:
    person = int(served.bakery.person["amina"])
    return [*(room.path for room in ROOMS), *ALSO, f"/office/people/{person}"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_for_every_eye_and_fetches_little_and_only_from_here(served, owner, scheme):
    visitor = at_work(served, owner, color_scheme=scheme)
    page = visitor.page
    for path in paths(served):
        done(visitor, path)
        found = Axe().run(page)
        assert found.violations_count == 0, f"{path}: {found.generate_report()}"
        if kept_in := os.environ.get("GOODWILL_PICTURES"):
            page.screenshot(path=f"{kept_in}/office{path.replace('/', '-')}-{scheme}.png", full_page=True)
        for width, zoom in ((320, 1), (640, 2)):  # a narrow screen, and a wide one at 200 %
            page.set_viewport_size({"width": width * zoom, "height": 900})
            page.evaluate("zoom => document.documentElement.style.zoom = zoom", zoom)
            fits = "zoom => document.documentElement.scrollWidth <= innerWidth + 1"
            assert page.evaluate(fits, zoom), f"{path} at {width} px, {zoom * 100} %"
        page.set_viewport_size({"width": 1180, "height": 900})
    assert visitor.faults == []
    assert all(address.startswith(served.address) for address in visitor.asked)


def test_a_first_load_is_small(served, owner):
    visitor = at_work(served, owner)
    answers: list[Any] = []
    visitor.page.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108 - playwright needs a function of Python
    visitor.page.goto("/")
    visitor.page.wait_for_load_state("networkidle")
    size = sum(len(one.body()) for one in answers)
    assert 0 < size < FIRST_LOAD


def test_the_keys_lead_to_every_page_find_somebody_and_can_be_switched_off(served, owner):
    visitor = at_work(served, owner)
    page, keys = visitor.page, visitor.page.keyboard
    page.goto("/")
    for room in ROOMS[1:]:
        keys.press("g")
        keys.press(room.key)
        page.wait_for_url(f"**{room.path}*")
    page.goto("/office/keys")
    keys.press("/")
    assert page.evaluate("document.activeElement.id") == "search"
    keys.type("g p?")  # a field is filled in: these are letters
    assert page.input_value("#search") == "g p?"
    keys.press("Escape")
    assert page.evaluate("document.activeElement.id") != "search"
    keys.press("?")
    assert page.is_visible("#keys")
    keys.press("Escape")
    assert page.is_hidden("#keys")
    page.wait_for_function("document.activeElement.id === 'show-keys'")  # where the focus goes once it is closed
    keys.press("?")
    page.uncheck("#keys-on")
    page.click("#keys button")
    keys.press("g")
    keys.press("p")
    keys.press("/")
    page.wait_for_timeout(300)
    assert page.url.endswith("/office/keys")
    assert page.evaluate("document.activeElement.id") != "search"
    page.reload()
    keys.press("?")
    assert page.is_hidden("#keys")  # it stays off
    page.click("#show-keys")
    page.check("#keys-on")
    page.click("#keys button")
    keys.press("/")
    keys.type("amina@example.org")
    keys.press("Enter")
    page.wait_for_url(re.compile(r"/office/people/\d+$"))
    assert "amina@example.org" not in page.content()
    assert not [address for address in visitor.asked if "amina" in address]
    assert visitor.faults == []


def test_the_first_press_of_tab_skips_to_the_content_and_focus_is_seen(served, owner):
    visitor = at_work(served, owner)
    page, keys = visitor.page, visitor.page.keyboard
    page.goto("/office/people")
    keys.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    assert page.evaluate("document.activeElement.getBoundingClientRect().x") >= 0
    keys.press("Enter")
    keys.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")
    style = "getComputedStyle(document.activeElement)"
    assert page.evaluate(f"parseFloat({style}.outlineWidth) >= 2 && {style}.outlineStyle !== 'none'")


def test_without_scripts_every_page_works_and_the_keys_are_a_page(served, owner):
    visitor = at_work(served, owner, java_script_enabled=False)
    page = visitor.page
    page.goto("/")
    page.click("#show-keys")
    assert page.url.endswith("/office/keys")
    page.fill("#search", "amina")
    page.click(".find button")
    page.wait_for_url(re.compile(r"/office/people/\d+$"))
    page.uncheck("input[name=orders]")
    page.click(".checks button")
    assert "orders" not in page.url
    assert page.locator("li.consent").count() > 0
    assert page.locator("li.orders").count() == 0


def test_on_paper_the_ways_around_are_left_out(served, owner):
    visitor = at_work(served, owner)
    page = visitor.page
    done(visitor, "/office/return")
    page.emulate_media(media="print")
    for gone in ("header nav", ".find", ".crumbs", "footer", "form.choose"):
        assert page.locator(gone).first.is_hidden(), gone
    assert page.locator(".printed").is_visible()
    assert "printed 20" in page.inner_text(".printed")
