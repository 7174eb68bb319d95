"""What she likes, on her own page: asked without pressure, saved, changed and taken away with one press each."""

import re
from html import unescape
from typing import Any

import pytest
from tests.shop.test_tastes import with_kinds
from tests.small_shop import ASKED
from tests.web.centre.conftest import Browser, Street

IN = "/privacy"


@pytest.fixture(autouse=True)
def kinds(street: Street) -> None:
    with_kinds(street.shop)


def boxes(browser: Browser) -> dict[str, bool]:
    """Whether each box is marked, by its kind."""
    found = re.findall(r'<input type="checkbox" [^>]*value="([^"]+)"( checked)?>', browser.get(IN).text)
    return {unescape(kind): bool(marked) for kind, marked in found}


def marks(browser: Browser, *kinds: str, answer: str = "save") -> int:
    """Mark some boxes, press a button, and tell the status that came back."""
    sent: dict[str, Any] = {f"kind-{n}": kind for n, kind in enumerate(kinds)}
    return int(browser.press("/privacy/taste", answer=answer, **sent).status_code)


def test_she_answers_changes_and_takes_away_and_each_is_obeyed_and_said(street: Street):
    browser, shop = street.signed_in("dev"), street.shop
    assert set(boxes(browser)) == {"Pastry", "Drinks", "Bread", "Deli", "Wine"}
    assert not any(boxes(browser).values()), "nothing is marked before she did"
    assert marks(browser, "Deli", "Wine") == 303
    assert "after what you usually buy: Deli, Wine." in browser.see(IN)
    assert {kind for kind, marked in boxes(browser).items() if marked} == {"Deli", "Wine"}
    assert shop.decide("dev", count=4).items[0].kind == "told"
    marks(browser, "Bread")
    assert shop.decide("dev", count=4).items[0].product == "bread"
    marks(browser, answer="none")
    assert "You told us that you have no preference." in browser.see(IN)
    assert not shop.decide("dev", count=4).personalised
    marks(browser, answer="away")
    assert "Your answer is deleted." in browser.see(IN)
    assert shop.taste.hers(street.person("dev")).answer is None
    assert 'id="taste-away"' not in browser.get(IN).text


def test_what_is_empty_or_no_choice_saves_nothing(street: Street):
    browser = street.signed_in("dev")
    marks(browser)
    assert "Mark at least one kind" in browser.see(IN)
    assert marks(browser, "Smoke") == 422
    assert marks(browser, answer="perhaps") == 422
    assert street.shop.taste.hers(street.person("dev")).answer is None


def test_whoever_does_not_allow_it_is_told_what_it_would_need_and_nothing_is_kept(street: Street):
    browser = street.signed_in("bruno")
    assert boxes(browser) == {}
    page = browser.see(IN)
    assert "To use an answer we need your yes to “Suggest products you may like, from what you allow”" in page
    assert marks(browser, "Deli") == 403
    assert street.shop.taste.hers(street.person("bruno")).answer is None


def test_after_her_no_she_can_still_see_it_and_take_it_away(street: Street):
    shop, browser = street.shop, street.signed_in("dev")
    shop.taste.tell("dev", ["Deli"])
    shop.grant("dev", "recommendations", asked=ASKED, yes=False)
    assert "You told us that you like: Deli." in browser.see(IN)
    assert boxes(browser) == {}
    marks(browser, answer="away")
    assert "You told us that you like" not in browser.see(IN)


def test_after_switching_off_she_is_told_that_her_answer_waits(street: Street):
    browser, shop = street.signed_in("dev"), street.shop
    shop.planning.personal("dev", personal=False)
    assert "Your answer is kept, and counts when you switch that on again." in browser.see(IN)
    assert marks(browser, "Deli") == 303
    page = browser.see(IN)
    assert "Saved. It counts when you let us choose from your data again, above." in page
    assert "From the next choice on" not in page


def test_who_is_held_out_is_not_asked_and_can_take_away_what_she_said_before(street: Street):
    browser, shop = street.signed_in("dev"), street.shop
    shop.taste.tell("dev", ["Deli"])
    shop.planning.hold_out(100)
    page = browser.see(IN)
    assert "What you are shown is what everyone is shown, so your answer is not used." in page
    assert "we need your yes" not in page
    assert boxes(browser) == {}
    assert marks(browser, "Deli") == 403
    marks(browser, answer="away")
    assert "What would you like to see?" not in browser.see(IN)


@pytest.mark.parametrize("on", ["why", "decisions"])
def test_the_reason_that_she_told_us_can_be_called_wrong(street: Street, on: str):
    browser, shop = street.signed_in("dev"), street.shop
    shop.taste.tell("dev", ["Deli", "Wine"])
    made = shop.decide("dev", count=4)
    assert made.items[0].because[0].text == "you told us that you like Deli"
    address = shop.why.address(made.id)
    path = address[address.index("/why/") :] if on == "why" else f"/privacy/decisions/{made.id}"
    page = path if on == "why" else "/privacy/decisions"
    assert "Do not use this" in browser.see(page)
    if on == "why":
        assert 'href="/privacy#taste-title"' in browser.get(page).text
    sent: dict[str, Any] = {"product": made.items[0].product, "verdict": "wrong"}
    assert browser.press(path, on=page, **sent, reason="1").status_code == 404, "that many buy it is nobody's word"
    assert browser.press(path, on=page, **sent, reason="0").status_code == 303
    assert "“Deli” is no part of what you like any more" in browser.see(page)
    left = shop.taste.question("dev").answer
    assert left is not None
    assert left.kinds == ("Wine",)
    assert all("Deli" not in one.text for item in shop.decide("dev", count=4).items for one in item.because)
    wine = shop.decide("dev", count=4)
    assert shop.centre.judge(street.person("dev"), wine.id, wine.items[0].product, "wrong", reason=0) == wine.items[0]
    assert shop.taste.question("dev").answer is None, "none was left"


def test_it_speaks_german(street: Street):
    browser = street.signed_in("dev")
    assert "Was möchten Sie gern sehen?" in browser.see(f"{IN}?lang=de")


def test_nobody_answers_for_somebody_else(street: Street):
    browser = street.signed_in("dev")
    sent = {"kind-1": "Deli", "answer": "save", "csrf": "0" * 64}
    assert browser.ask("POST", "/privacy/taste", data=sent).status_code == 403
    assert street.shop.taste.hers(street.person("dev")).answer is None
