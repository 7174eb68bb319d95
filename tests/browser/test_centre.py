"""The privacy centre before a real browser: with the keyboard alone, without scripts, small, large and dark."""

import re
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page
from tests.browser.conftest import Served, Visitor
from tests.shop.test_tastes import with_kinds

INSIDE = (
    "/privacy", "/privacy/data", "/privacy/decisions", "/privacy/receipts", "/privacy/requests", "/privacy/ask/rectify",
)  # fmt: skip
OUTSIDE = (
    "/privacy", "/privacy/out", "/privacy/link/none", "/privacy/data", "/privacy/ask", "/privacy/ask/erase",
    "/privacy/ask/human-review", "/privacy/confirm/aaaaaaaaaaaaa",
)  # fmt: skip


def standing(served: Served, name: str) -> dict[str, bool]:
    """How each choice stands on the server, by the id of its button."""
    return {
        f"button-{choice.entry.name}-{line.category}": line.allowed
        for choice in served.shop.centre.choices(served.bakery.person[name])
        for line in choice.lines
    }


def shown(page: Page) -> dict[str, bool]:
    """How each choice stands on the page: a button offers the contrary."""
    script = "buttons => Object.fromEntries(buttons.map(one => [one.id, one.value === 'no']))"
    found: dict[str, bool] = page.eval_on_selector_all("button[id^='button-']", script)
    return found


def heard(page: Page, words: str) -> None:
    """Wait for what a screen reader is told."""
    page.wait_for_function("words => document.getElementById('live').textContent.includes(words)", arg=words)


# What of the focused element a sighted user of the keyboard sees; None where the page itself has the focus.
FOCUS = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  const box = one.getBoundingClientRect(), style = getComputedStyle(one);
  const x = Math.min(Math.max(box.x + box.width / 2, 0), innerWidth - 1);
  const y = Math.min(Math.max(box.y + Math.min(box.height / 2, 10), 0), innerHeight - 1);
  const top = document.elementFromPoint(x, y);
  return {id: one.id, what: one.tagName, text: one.textContent.trim().slice(0, 40),
    ring: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
    seen: !!top && (one.contains(top) || top.contains(one)), width: box.width, height: box.height};
}"""


def test_with_the_keyboard_alone_and_what_a_page_shows_is_what_the_server_has(served):
    visitor = served.visitor()
    page, keys = visitor.page, visitor.page.keyboard
    # In: an address, a letter, its link in the browser that asked for it, and one press.
    page.goto("/privacy")
    page.focus("#address")
    keys.type("amina@example.org")
    keys.press("Enter")
    page.wait_for_url("**/privacy/code")
    links = re.findall(rf"{served.address}/privacy/link/\S+", served.letter())
    page.goto(links[0])
    page.focus("main")
    keys.press("Tab")
    keys.press("Enter")
    page.wait_for_url("**/privacy")

    # Both answers to everything within three presses of Tab.
    page.goto("/privacy")
    keys.press("Tab")
    assert page.evaluate(FOCUS)["text"] == "Skip to the content"
    keys.press("Enter")
    keys.press("Tab")
    assert page.evaluate(FOCUS)["id"] == "refuse-all"
    keys.press("Enter")
    heard(page, "You refused everything")
    assert page.evaluate(FOCUS)["id"] == "refuse-all"  # the focus stays where it was
    assert set(standing(served, "amina").values()) == {False}
    assert shown(page) == standing(served, "amina")
    keys.press("Tab")
    assert page.evaluate(FOCUS)["id"] == "allow-all"
    keys.press("Space")
    heard(page, "You allow everything")
    assert set(standing(served, "amina").values()) == {True}

    # One choice, and the same page again from the server.
    page.focus("#button-recommendations-browsing")
    keys.press("Enter")
    heard(page, "We stopped using “Pages and products you looked at here”")
    now = standing(served, "amina")
    assert (sum(not allowed for allowed in now.values()), shown(page)) == (1, now)
    page.reload()
    assert shown(page) == now == standing(served, "amina")
    page.focus("#pause-30")
    keys.press("Enter")
    heard(page, "No news and offers before")
    page.focus("#pause-0")

    # Every page from its first to its last stop: each is seen, each shows that it has the focus.
    for path in INSIDE:
        page.goto(path)
        stops = 0
        while True:
            keys.press("Tab")
            focus = page.evaluate(FOCUS)
            if focus is None:
                break
            stops += 1
            assert focus["ring"], (path, focus)
            assert focus["seen"], (path, focus)
            assert min(focus["width"], focus["height"]) >= 24, (path, focus)
            assert stops < 200
        assert stops >= 9, path
    page.focus("button.plain")
    keys.press("Enter")
    page.wait_for_url("**/privacy/out")
    assert visitor.faults == []
    assert all(address.startswith(served.address) for address in visitor.asked)


def contrast(page: Page, selector: str) -> dict[str, Any]:
    """What makes one answer easier than another: its place, size, colours and weight."""
    found: dict[str, Any] = page.eval_on_selector(
        selector,
        """one => {
          const box = one.getBoundingClientRect(), style = getComputedStyle(one);
          const look = ['color', 'backgroundColor', 'borderColor', 'borderWidth', 'fontSize', 'fontWeight', 'opacity',
                        'padding', 'boxShadow', 'textDecorationLine'];
          const shape = {width: Math.round(box.width), height: box.height, top: box.top};
          return {...shape, ...Object.fromEntries(look.map(n => [n, style[n]]))};
        }""",
    )
    return found


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_for_every_eye_and_screen(served):
    axe = Axe()
    inside = served.visitor()
    served.sign_in(inside, "amina")
    served.shop.rights.open("access", who="amina", signed_in=True)
    asked = served.shop.rights.open("erase", address="dev@example.org")
    inside.page.goto("/privacy/receipts")
    kept = inside.page.context.storage_state()
    letter = served.shop.sign_in.ask("dev@example.org", language="en").letter

    def look(visitor: Visitor, paths: tuple[str, ...], *, light_or_dark: bool = True) -> None:
        for path in paths:
            visitor.page.goto(path)
            assert visitor.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
            if light_or_dark:
                found = axe.run(visitor.page)
                assert found.violations_count == 0, f"{path}: {found.generate_report()}"

    for scheme in ("light", "dark"):
        wishes = {"color_scheme": scheme, "locale": "de-DE" if scheme == "dark" else "en-GB"}
        guest = served.visitor(**wishes)
        why = served.shop.why.address(served.shop.decisions("amina")[0].id).partition("/why/")[2]
        look(guest, (*OUTSIDE, "/privacy/link/" + letter.link.rpartition("/")[2], f"/privacy/requests/{asked.token}"))
        look(guest, (f"/why/{why}",))
        guest.page.goto("/privacy")
        guest.page.fill("#address", "no address")
        guest.page.press("#address", "Enter")
        guest.page.wait_for_selector(".fault")
        assert axe.run(guest.page).violations_count == 0
        guest.page.fill("#address", "bruno@example.org")
        guest.page.press("#address", "Enter")
        guest.page.wait_for_url("**/privacy/code")
        assert axe.run(guest.page).violations_count == 0
        customer = served.visitor(**wishes, storage_state=kept)
        look(customer, INSIDE)
        # Refusing is as easy as allowing: the same row, size, colours and weight; one press each.
        customer.page.goto("/privacy")
        assert contrast(customer.page, "#refuse-all") == contrast(customer.page, "#allow-all")
        one, other = (f"#button-{place}" for place in ("recommendations-purchases", "offers-purchases"))
        values = {customer.page.get_attribute(button, "value") for button in (one, other)}
        assert values == {"no", "yes"}
        stop, allow = contrast(customer.page, one), contrast(customer.page, other)
        assert {name: stop[name] for name in stop if name != "top"} == {n: allow[n] for n in allow if n != "top"}
        assert guest.faults + customer.faults == []

    for width, height, scale in ((320, 640, 1), (640, 400, 2)):  # a telephone; 1280 pixels at 200 %
        small = served.visitor(
            viewport={"width": width, "height": height}, device_scale_factor=scale, storage_state=kept, locale="de-DE"
        )
        look(small, (*INSIDE, f"/why/{why}"), light_or_dark=width == 320)

    # Without scripts the same buttons do the same, and say so beside themselves.
    plain = served.visitor(java_script_enabled=False, storage_state=kept)
    plain.page.goto("/privacy")
    plain.page.click("#button-offers-purchases")
    assert plain.page.url.endswith("/privacy#row-offers-purchases")
    assert "We use “What you bought" in plain.page.inner_text("#row-offers-purchases .said")
    assert standing(served, "amina")["button-offers-purchases"]
    plain.page.goto("/privacy/decisions")
    plain.page.click("button[value=less] >> nth=0")
    assert "out from now on" in plain.page.inner_text(".said")

    # The browser's own signal, in its header or only told to scripts.
    signalled = served.visitor(extra_http_headers={"Sec-GPC": "1"}, java_script_enabled=False)
    signalled.page.goto("/privacy")
    assert signalled.page.is_visible("[data-signal]")
    told = served.visitor()
    told.page.add_init_script("Object.defineProperty(navigator, 'globalPrivacyControl', {value: true})")
    told.page.goto("/privacy")
    assert told.page.is_visible("[data-signal]")

    # The first look costs little, and calls nobody else.
    fresh = served.visitor(storage_state=kept)
    sizes: list[int] = []
    fresh.page.on("response", lambda answer: sizes.append(len(answer.body())))
    fresh.page.goto("/privacy", wait_until="networkidle")
    assert 10_000 < sum(sizes) < 100_000
    assert all(address.startswith(served.address) for address in fresh.asked)


def test_the_page_of_one_decision_works_without_scripts_and_with_the_keyboard_alone(served):
    made = served.shop.decisions("amina")[0]
    link = "/why/" + served.shop.why.address(made.id).partition("/why/")[2]
    visitor = served.visitor(java_script_enabled=False)
    page = visitor.page
    page.goto(link)
    assert "We chose this from what you bought." in page.inner_text("main .lead")
    never = page.locator("#item-1 button[value=never]")
    never.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{link}#item-1")
    assert f"We never choose {made.items[0].name} for you again" in page.inner_text("#item-1")
    assert made.items[0].item not in {one.item for one in served.shop.decide("amina", count=4).items}
    page.fill("#words", "I never liked it.")
    page.click("#human button")
    page.wait_for_url(f"**{link}#human")
    assert "You get an answer by" in page.inner_text("#human")
    assert served.shop.rights.queue()[0].decision == made.id
    assert visitor.faults == []
    assert all(address.startswith(served.address) for address in visitor.asked)


def test_the_two_switches_need_one_press_each_and_the_page_says_what_counts(served):
    visitor = served.visitor()
    served.sign_in(visitor, "amina")
    page, centre, amina = visitor.page, served.shop.centre, served.bakery.person["amina"]
    page.click("#personal-button")
    heard(page, "From now on we choose nothing from your data.")
    assert not centre.manner(amina).personal
    assert page.get_attribute("#personal-button", "value") == "yes"
    page.click("#gentle-button")
    heard(page, "For 90 days we urge nothing new on you.")
    assert centre.manner(amina).gentle_until is not None
    assert visitor.faults == []


@pytest.mark.parametrize("scripts", [True, False])
def test_what_she_likes_is_saved_and_taken_away_with_the_keyboard_alone(served, scripts):
    with_kinds(served.shop)
    visitor = served.visitor(java_script_enabled=scripts)
    served.sign_in(visitor, "dev")
    page, dev = visitor.page, served.bakery.person["dev"]
    first = page.get_attribute("#kind-1", "value")
    page.focus("#kind-1")
    page.keyboard.press("Space")
    page.focus("#taste-save")
    page.keyboard.press("Enter")
    page.wait_for_selector("#taste .said")
    assert f"after what you usually buy: {first}." in page.inner_text("#taste .said")
    assert served.shop.taste.hers(dev).answer.kinds == (first,)
    assert page.is_checked("#kind-1")
    assert not page.is_checked("#kind-2")
    if scripts:
        assert Axe().run(page).violations_count == 0
    page.focus("#taste-away")
    page.keyboard.press("Enter")
    page.wait_for_selector("#taste-away", state="detached")
    assert served.shop.taste.hers(dev).answer is None
    assert visitor.faults == []
