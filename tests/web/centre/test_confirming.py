"""A yes to news is confirmed by typing the code of the letter, and by nothing less."""

import pytest
from tests.shop.test_notices import Remembering

from goodwill.shop import Who
from goodwill.shop.notices import Notices

EMAIL = Who(email="amina@example.org")


@pytest.fixture
def code(street):
    """The code in the letter that Amina was sent."""
    codes = Remembering()
    notices = Notices(street.shop, codes=codes)
    notices.answer(EMAIL, {("email-marketing", "contact"): True}, token=notices.current("en").token)
    return codes.made[0]


def page_of(code) -> str:
    return f"/privacy/confirm/{code.text.partition('-')[0]}"


def test_typing_the_code_confirms_and_looking_does_not(street, code):
    browser, page = street.browser(), page_of(code)
    assert "Type the code from our letter" in browser.see(page)
    assert not street.shop.can(EMAIL, "email-marketing").allowed
    answer = browser.press(page, on=page, code=f"{code.letters[:4]}-{code.letters[4:]}".upper())
    assert (answer.status_code, answer.headers["location"]) == (303, "/privacy/confirmed")
    assert "with one click" in browser.see("/privacy/confirmed")
    assert street.shop.can(EMAIL, "email-marketing").allowed


@pytest.mark.parametrize("typed", ["", "aaaa-aaaa", "\N{SNOWMAN}"])
def test_pressing_the_button_without_the_code_confirms_nothing(street, code, typed):
    page = page_of(code)
    answer = street.browser().press(page, on=page, code=typed)
    assert answer.status_code == 422
    assert not street.shop.can(EMAIL, "email-marketing").allowed


def test_a_form_from_elsewhere_confirms_nothing(street, code):
    page = page_of(code)
    headers = {"Sec-Fetch-Site": "cross-site", "Origin": "https://elsewhere.example"}
    assert street.browser().press(page, on=page, code=code.letters, headers=headers).status_code == 403
    assert not street.shop.can(EMAIL, "email-marketing").allowed


def test_a_number_without_anything_behind_it_looks_the_same(street, code):
    browser, nowhere = street.browser(), "/privacy/confirm/aaaaaaaaaaaaa"
    assert browser.see(nowhere) == browser.see(page_of(code))
    assert browser.press(nowhere, on=nowhere, code=code.letters).status_code == 422
