"""Requests on the pages: in plain words, with an address alone or signed in; and nothing opens that is not hers."""

import io
import json
import re
import zipfile
from dataclasses import replace

from tests.reach.peer import Box, peer, plainly

from goodwill.rights.request import Right
from goodwill.shop import Who


def post(street):
    """What a real mail server gets of the letters that wait."""
    box = Box()
    with peer(box) as port:
        replace(street.shop, channel=plainly(port)).post.deliver()
    return box


def test_every_right_has_a_page_in_plain_words(street):
    browser = street.browser()
    page = browser.get("/privacy/ask").text
    for right in Right:
        assert f'href="/privacy/ask/{right}"' in page
        assert browser.get(f"/privacy/ask/{right}").status_code == 200
    assert browser.get("/privacy/ask/everything").status_code == 404


def test_with_an_address_alone_a_code_shows_that_it_is_hers(street):
    browser = street.browser()
    ask = "/privacy/ask/restrict"
    answer = browser.press(ask, on=ask, address="amina@example.org")
    page = answer.headers["location"]
    assert "Waiting for your code" in browser.see(page)
    assert not street.shop.identity.is_restricted("amina")
    box = post(street)
    code = re.search(r"\b[A-Z2-9]{4}-[A-Z2-9]{4}\b", box.texts[-1])[0]
    assert browser.press(page, on=page, code="AAAA-AAAA").status_code == 422
    assert not street.shop.identity.is_restricted("amina")
    assert browser.press(page, on=page, code=code).status_code == 303
    assert "Done" in browser.see(page)
    assert street.shop.identity.is_restricted("amina")


def test_the_answer_does_not_tell_whether_somebody_is_known(street):
    seen = []
    for address in ("amina@example.org", "nobody@example.org"):
        browser = street.browser()
        answer = browser.press("/privacy/ask/access", on="/privacy/ask/access", address=address)
        page = answer.headers["location"]
        text = re.sub(r"[a-z2-7]{13}", "…", browser.see(page)).replace(page, "")
        seen.append((answer.status_code, len(page), text))
    assert seen[0] == seen[1]


def test_what_is_no_address_and_what_is_not_confirmed_is_said(street):
    browser = street.browser()
    for right, fields in (
        ("access", {"address": "x\r\nBcc: y@z.example"}),
        ("erase", {"address": "amina@example.org"}),
    ):
        path = f"/privacy/ask/{right}"
        answer = browser.press(path, on=path, **{"confirm": "no", **fields})
        assert answer.status_code == 422
        assert 'role="alert"' in answer.text
    assert street.shop.rights.queue() == []


def test_signed_in_she_gets_her_copy_in_three_forms_once_a_day_passed(street, clock):
    browser = street.signed_in("amina")
    assert browser.get("/privacy/copy/json").status_code == 403
    page = browser.press("/privacy/ask/access", on="/privacy/ask/access").headers["location"]
    assert "Ready at" in browser.see(page)
    assert browser.get("/privacy/copy/json").status_code == 403
    clock.turn(days=1)
    street.shop.rights.advance()
    browser = street.signed_in("amina")
    assert "Your copy is ready" in browser.see(page)
    copy = browser.get("/privacy/copy/json")
    assert copy.headers["content-disposition"].startswith("attachment;")
    assert "amina@example.org" in json.dumps(json.loads(copy.content))
    tables = zipfile.ZipFile(io.BytesIO(browser.get("/privacy/copy/csv").content))
    assert tables.namelist()
    assert browser.get("/privacy/copy/pdf").content[:5] == b"%PDF-"
    assert browser.get("/privacy/copy/exe").status_code == 404
    for other in (street.browser(), street.signed_in("bruno")):
        assert other.get("/privacy/copy/json").status_code == 403
    assert "See all my data" in browser.see("/privacy/requests")
    assert "See all my data" not in street.signed_in("bruno").see("/privacy/requests")


def test_a_correction_and_a_question_to_a_human_wait_for_staff_with_what_she_wrote(street):
    street.shop.learn()
    made = street.shop.decide("amina", count=2)
    browser = street.signed_in("amina")
    ask = f"/privacy/ask/human-review?decision={made.id}"
    assert made.id in browser.get(ask).text
    path = "/privacy/ask/human-review"
    browser.press(path, on=ask, decision=made.id, words="<b>I never bought this</b>")
    browser.press("/privacy/ask/rectify", on="/privacy/ask/rectify", field="name", value="Amina B.")
    empty = browser.press("/privacy/ask/rectify", on="/privacy/ask/rectify", field="name", value=" ")
    assert empty.status_code == 422
    assert {status.right for status in street.shop.rights.queue()} == {Right.HUMAN_REVIEW, Right.RECTIFY}


def test_an_objection_counts_at_once_for_whoever_is_signed_in(street):
    browser = street.signed_in("amina")
    assert street.shop.can("amina", "recommendations").allowed
    browser.press("/privacy/ask/object", on="/privacy/ask/object", purpose="recommendations", person="bruno")
    assert not street.shop.can("amina", "recommendations").allowed


def test_a_link_from_a_letter_stops_a_request_by_a_press_and_not_by_a_look(street, everything_kept):
    browser = street.browser()
    ask = "/privacy/ask/erase"
    page = browser.press(ask, on=ask, address="amina@example.org", confirm="erase").headers["location"]
    code = re.search(r"\b[A-Z2-9]{4}-[A-Z2-9]{4}\b", post(street).texts[-1])[0]
    browser.press(page, on=page, code=code)
    assert "We wait a while" in browser.see(page)
    link = re.findall(r"https://shop.example(/privacy/requests/\S+/cancel)", "\n".join(post(street).texts))[0]
    before = everything_kept()
    for _ in range(2):
        assert street.browser().get(link).status_code == 200
    assert browser.get("/privacy/requests/" + "x" * 43).status_code == 404
    assert everything_kept() == before
    stranger = street.browser()
    assert stranger.press(link, on=link).status_code == 200
    assert "Stopped" in browser.see(page)
    assert street.shop.find(Who(email="amina@example.org")) is not None
    elsewhere = street.browser()
    assert elsewhere.press("/privacy/requests/" + "x" * 43 + "/cancel", on=link).status_code == 404


def test_somebody_can_stop_her_own_request_from_its_page(street):
    browser = street.signed_in("amina")
    ask = "/privacy/ask/human-review"
    page = browser.press(ask, on=ask, words="why").headers["location"]
    assert browser.press(f"{page}/stop", on=page).status_code == 303
    assert "Stopped" in browser.see(page)
